/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "lines.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* ---- reading bytes ------------------------------------------------------------------------------------- */

struct bytes { /* that are left; reading beyond them gives zeros, and none are left then */
    const unsigned char *at, *end;
};

static size_t left(const struct bytes *b) { return (size_t)(b->end - b->at); }

static void skip(struct bytes *b, uint64_t count) { b->at += count < left(b) ? count : left(b); }

static uint64_t read_number(struct bytes *b, unsigned size) {
    uint64_t value = 0;
    if (size > left(b)) {
        b->at = b->end;
        return 0;
    }
    memcpy(&value, b->at, size);
    b->at += size;
    return value;
}

/* LEB128; bits beyond 64 are lost. */
static uint64_t read_leb(struct bytes *b, bool is_signed) {
    uint64_t value = 0;
    unsigned shift = 0;
    while (b->at < b->end) {
        unsigned char byte = *b->at++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (byte & 0x80) continue;
        if (is_signed && byte & 0x40 && shift < 64) value |= ~UINT64_C(0) << shift;
        break;
    }
    return value;
}

/* Null if it does not end. */
static const char *read_text(struct bytes *b) {
    const char *text = left(b) ? (const char *)b->at : NULL;
    const unsigned char *end = text ? memchr(b->at, 0, left(b)) : NULL;
    b->at = end ? end + 1 : b->end;
    return end ? text : NULL;
}

/* ---- names of files --------------------------------------------------------------------------------------- */

enum section { LINE, LINE_STR, STR, SECTIONS };

enum { /* of DWARF 5 */
       DW_LNCT_path = 1,
       DW_FORM_data2 = 0x05,
       DW_FORM_data4 = 0x06,
       DW_FORM_data8 = 0x07,
       DW_FORM_string = 0x08,
       DW_FORM_block = 0x09,
       DW_FORM_data1 = 0x0b,
       DW_FORM_strp = 0x0e,
       DW_FORM_udata = 0x0f,
       DW_FORM_data16 = 0x1e,
       DW_FORM_line_strp = 0x1f
};

struct reader {
    struct lines *lines;
    struct bytes sections[SECTIONS];
    uint64_t code, code_bytes;
    size_t room, most;  /* for rows, and how many are kept */
    const char **files; /* of the unit that is being read, by number */
    size_t file_count, file_room;
    unsigned offset_bytes; /* 4 or 8, of the unit */
    bool no_memory;
};

/* Makes room for one more element; false without memory. */
static bool grow(struct reader *r, void **array, size_t count, size_t *room, size_t size) {
    if (count < *room) return true;
    size_t more = *room ? 2 * *room : 64;
    void *larger = realloc(*array, more * size);
    if (!larger) {
        r->no_memory = true;
        return false;
    }
    *array = larger;
    *room = more;
    return true;
}

static void add_file(struct reader *r, const char *name) {
    if (!grow(r, (void **)&r->files, r->file_count, &r->file_room, sizeof *r->files)) return;
    r->files[r->file_count++] = name;
}

/* One field of an entry, and its text if it is one; false: of a form that is not known, or nothing is left. */
static bool read_form(const struct reader *r, struct bytes *b, uint64_t form, const char **text) {
    *text = NULL;
    if (!left(b)) return false;
    switch (form) {
    case DW_FORM_string: *text = read_text(b); return true;
    case DW_FORM_strp:
    case DW_FORM_line_strp: {
        struct bytes strings = r->sections[form == DW_FORM_strp ? STR : LINE_STR];
        skip(&strings, read_number(b, r->offset_bytes));
        *text = (const char *)strings.at; /* its end is not looked for: many may share one long name */
        return true;
    }
    case DW_FORM_udata: read_leb(b, false); return true;
    case DW_FORM_data1: skip(b, 1); return true;
    case DW_FORM_data2: skip(b, 2); return true;
    case DW_FORM_data4: skip(b, 4); return true;
    case DW_FORM_data8: skip(b, 8); return true;
    case DW_FORM_data16: skip(b, 16); return true;
    case DW_FORM_block: skip(b, read_leb(b, false)); return true;
    default: return false;
    }
}

/* A table of DWARF 5: of folders, which are not kept, or of files. */
static bool read_entries(struct reader *r, struct bytes *b, bool files) {
    uint64_t kinds[255], forms[255], count;
    unsigned fields = (unsigned)read_number(b, 1);
    for (unsigned n = 0; n < fields; n++) {
        kinds[n] = read_leb(b, false);
        forms[n] = read_leb(b, false);
    }
    count = read_leb(b, false);
    if (count && !fields) return false; /* they would take no bytes */
    for (uint64_t entry = 0; entry < count; entry++) {
        const char *name = NULL, *text;
        for (unsigned n = 0; n < fields; n++) {
            if (!read_form(r, b, forms[n], &text)) return false;
            if (kinds[n] == DW_LNCT_path) name = text;
        }
        if (files) add_file(r, name);
        if (r->no_memory) return false;
    }
    return true;
}

/* The tables of DWARF 2 to 4, in which files count from 1. */
static bool read_old_tables(struct reader *r, struct bytes *b) {
    const char *name;
    while ((name = read_text(b)) && *name) {
    }
    add_file(r, NULL);
    while ((name = read_text(b)) && *name && !r->no_memory) {
        for (unsigned n = 0; n < 3; n++) read_leb(b, false); /* folder, time, length */
        add_file(r, name);
    }
    return name && !r->no_memory;
}

/* ---- line programs ---------------------------------------------------------------------------------------- */

enum {
    DW_LNS_copy = 1,
    DW_LNS_advance_pc,
    DW_LNS_advance_line,
    DW_LNS_set_file,
    DW_LNS_const_add_pc = 8,
    DW_LNS_fixed_advance_pc,
    DW_LNE_end_sequence = 1,
    DW_LNE_set_address
};

struct unit {
    unsigned step; /* bytes of the smallest instruction */
    int line_base;
    unsigned line_range, opcode_base;
    unsigned char operands[256]; /* of the standard opcodes */
};

struct state {
    uint64_t address, file;
    uint32_t line;
};
static const struct state start = {.file = 1, .line = 1};

static void add_row(struct reader *r, const struct state *s, bool end) {
    struct lines *l = r->lines;
    if (s->address < r->code || s->address - r->code > r->code_bytes) return;
    if (l->count == r->most || !grow(r, (void **)&l->rows, l->count, &r->room, sizeof *l->rows)) return;
    const char *file = !end && s->file < r->file_count ? r->files[s->file] : NULL;
    l->rows[l->count] = (struct line){.at = (uint32_t)(s->address - r->code),
                                      .order = (uint32_t)l->count,
                                      .number = file ? s->line : 0,
                                      .file = file};
    l->count++;
}

static void run_extended(struct reader *r, struct bytes *b, struct state *s) {
    uint64_t length = read_leb(b, false);
    struct bytes inside = {b->at, b->at};
    skip(b, length);
    inside.end = b->at;
    switch (read_number(&inside, 1)) {
    case DW_LNE_end_sequence:
        add_row(r, s, true);
        *s = start;
        break;
    case DW_LNE_set_address: s->address = read_number(&inside, left(&inside) < 8 ? 4 : 8); break;
    default: break;
    }
}

static void run_standard(struct reader *r, struct bytes *b, const struct unit *u, unsigned opcode,
                         struct state *s) {
    switch (opcode) {
    case DW_LNS_copy: add_row(r, s, false); break;
    case DW_LNS_advance_pc: s->address += read_leb(b, false) * u->step; break;
    case DW_LNS_advance_line: s->line += (uint32_t)read_leb(b, true); break;
    case DW_LNS_set_file: s->file = read_leb(b, false); break;
    case DW_LNS_const_add_pc:
        s->address += (uint64_t)((255 - u->opcode_base) / u->line_range) * u->step;
        break;
    case DW_LNS_fixed_advance_pc: s->address += read_number(b, 2); break;
    default: /* columns, beginnings of statements and the like, and what later versions may add */
        for (unsigned n = 0; n < u->operands[opcode]; n++) read_leb(b, false);
        break;
    }
}

static void run_program(struct reader *r, struct bytes *b, const struct unit *u) {
    struct state s = start;
    while (left(b) && !r->no_memory) {
        unsigned opcode = (unsigned)read_number(b, 1);
        if (opcode == 0) {
            run_extended(r, b, &s);
        } else if (opcode < u->opcode_base) {
            run_standard(r, b, u, opcode, &s);
        } else {
            unsigned special = opcode - u->opcode_base;
            s.address += (uint64_t)(special / u->line_range) * u->step;
            s.line += (uint32_t)(u->line_base + (int)(special % u->line_range));
            add_row(r, &s, false);
        }
    }
}

/* One unit without its length: its header, the tables of names, the program. */
static void read_unit(struct reader *r, struct bytes b) {
    struct unit u = {0};
    unsigned version = (unsigned)read_number(&b, 2);
    if (version < 2 || version > 5) return;
    if (version == 5) skip(&b, 2); /* sizes of addresses and of segment selectors */
    uint64_t header = read_number(&b, r->offset_bytes);
    struct bytes program = b;
    skip(&program, header);
    b.end = program.at;
    u.step = (unsigned)read_number(&b, 1);
    if (version > 3) skip(&b, 1); /* operations of an instruction: one */
    skip(&b, 1);                  /* whether rows begin statements */
    u.line_base = (signed char)read_number(&b, 1);
    u.line_range = (unsigned)read_number(&b, 1);
    u.opcode_base = (unsigned)read_number(&b, 1);
    if (!u.line_range || !u.opcode_base) return;
    for (unsigned n = 1; n < u.opcode_base; n++) u.operands[n] = (unsigned char)read_number(&b, 1);
    r->file_count = 0;
    bool named =
        version < 5 ? read_old_tables(r, &b) : read_entries(r, &b, false) && read_entries(r, &b, true);
    if (named) run_program(r, &program, &u);
}

static void read_units(struct reader *r) {
    struct bytes all = r->sections[LINE];
    while (left(&all) && !r->no_memory) {
        uint64_t length = read_number(&all, 4);
        r->offset_bytes = length == UINT32_MAX ? 8 : 4;
        if (r->offset_bytes == 8) length = read_number(&all, 8);
        struct bytes unit = {all.at, all.at};
        skip(&all, length);
        unit.end = all.at;
        read_unit(r, unit);
    }
}

/* ---- sections --------------------------------------------------------------------------------------------- */

/* Copies the sections, which the ELF takes with it when it is closed. */
static bool copy_sections(struct reader *r, Elf *elf, struct section_budget *budget) {
    static const char *const names[SECTIONS] = {".debug_line", ".debug_line_str", ".debug_str"};
    const Elf_Data *found[SECTIONS] = {0};
    size_t strings, total = 0;
    if (elf_getshdrstrndx(elf, &strings) != 0) return false;
    for (Elf_Scn *section = elf_nextscn(elf, NULL); section; section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_PROGBITS ||
            header.sh_flags & (SHF_ALLOC | SHF_COMPRESSED))
            continue;
        const char *name = elf_strptr(elf, strings, header.sh_name);
        for (unsigned n = 0; name && n < SECTIONS; n++)
            if (!found[n] && strcmp(name, names[n]) == 0) found[n] = section_data(budget, section);
    }
    if (!found[LINE]) return false;
    for (unsigned n = 0; n < SECTIONS; n++) total += found[n] && found[n]->d_buf ? found[n]->d_size : 0;
    unsigned char *to = r->lines->bytes = malloc(total + 1);
    r->no_memory = !to;
    if (to) to[total] = 0;
    for (unsigned n = 0; to && n < SECTIONS; n++) {
        size_t size = found[n] && found[n]->d_buf ? found[n]->d_size : 0;
        if (size) memcpy(to, found[n]->d_buf, size);
        r->sections[n] = (struct bytes){to, to + size};
        to += size;
    }
    return to != NULL;
}

/* At one place the end of a sequence comes first, for another may begin there; then as they were. */
static int compare(const void *a, const void *b) {
    const struct line *x = a, *y = b;
    if (x->at != y->at) return x->at > y->at ? 1 : -1;
    if (!x->file != !y->file) return x->file ? 1 : -1;
    return x->order > y->order ? 1 : -1;
}

struct lines *lines_read(Elf *elf, uint64_t code, uint64_t code_bytes, struct section_budget *budget) {
    struct lines *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    /* Four for an instruction are more than compilers write. */
    struct reader r = {.lines = l, .code = code, .code_bytes = code_bytes, .most = code_bytes + 1024};
    if (copy_sections(&r, elf, budget)) read_units(&r);
    free(r.files);
    if (r.no_memory) {
        lines_free(l);
        return NULL;
    }
    if (l->count) qsort(l->rows, l->count, sizeof *l->rows, compare);
    return l;
}

const struct line *lines_find(const struct lines *l, uint64_t at) {
    size_t first = 0, end = l->count; /* the last row that does not begin behind it is among these */
    while (end - first > 1) {
        size_t middle = first + (end - first) / 2;
        if (l->rows[middle].at <= at)
            first = middle;
        else
            end = middle;
    }
    if (!l->count || l->rows[first].at > at || !l->rows[first].number) return NULL;
    return &l->rows[first];
}

const char *lines_file(const struct line *line, char *name, size_t size) {
    enum { LIMIT = 4096 };
    char path[LIMIT];
    size_t length = strnlen(line->file, LIMIT - 1);
    memcpy(path, line->file, length);
    path[length] = 0;
    const char *folder = strrchr(path, '/');
    text_clean(name, size, folder ? folder + 1 : path, TEXT_SHOWN);
    return name;
}

void lines_free(struct lines *l) {
    if (!l) return;
    free(l->rows);
    free(l->bytes);
    free(l);
}
