/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "symbols.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "machine/simulator.h"

Elf_Data *section_data(struct section_budget *budget, Elf_Scn *section) {
    GElf_Shdr header;
    if (!section || !gelf_getshdr(section, &header) || header.sh_size > budget->left) return NULL;
    budget->left -= header.sh_size;
    return elf_getdata(section, NULL);
}

static int compare(const void *a, const void *b) {
    return strcmp(((const struct symbol *)a)->name, ((const struct symbol *)b)->name);
}

static struct symbol *find(const struct symbols *s, const char *name) {
    const struct symbol wanted = {.name = name};
    return bsearch(&wanted, s->rows, s->count, sizeof *s->rows, compare);
}

/* Every name once, in order. */
static void sort(struct symbols *s) {
    size_t kept = 0;
    qsort(s->rows, s->count, sizeof *s->rows, compare);
    for (size_t n = 0; n < s->count; n++)
        if (!kept || strcmp(s->rows[kept - 1].name, s->rows[n].name) != 0) s->rows[kept++] = s->rows[n];
    s->count = kept;
}

/* The string at an offset, if it ends in the table and is no longer than a kernel's name can be. */
static const char *string_at(const Elf_Data *strings, uint64_t offset) {
    if (!strings || offset >= strings->d_size) return NULL;
    const char *text = (const char *)strings->d_buf + offset;
    size_t left = strings->d_size - offset,
           most = left < METADATA_NAME_MAX + 1 ? left : METADATA_NAME_MAX + 1;
    return memchr(text, 0, most) ? text : NULL;
}

static void read_table(struct symbols *s, const Elf_Data *data, const Elf_Data *strings) {
    size_t count = data->d_size / sizeof(Elf64_Sym);
    for (size_t n = 0; n < count; n++) {
        GElf_Sym symbol;
        if (!gelf_getsym((Elf_Data *)data, (int)n, &symbol) || symbol.st_shndx == SHN_UNDEF) continue;
        const char *name = string_at(strings, symbol.st_name);
        struct symbol *row = name ? find(s, name) : NULL;
        if (!row || row->found) continue; /* the first of a name counts */
        row->found = true;
        row->value = symbol.st_value;
        row->size = symbol.st_size;
    }
}

rdnasim_status symbols_read(struct symbols *s, Elf *elf, const struct metadata *metadata,
                            struct section_budget *budget, rdnasim_report *report) {
    s->count = 0;
    s->rows = calloc(2 * metadata->kernel_count + 1, sizeof *s->rows);
    REPORT_IF(!s->rows, report, RDNASIM_OUT_OF_MEMORY, "out of memory for the symbols of %zu kernels",
              metadata->kernel_count);
    for (size_t n = 0; n < metadata->kernel_count; n++) {
        s->rows[s->count++].name = metadata->kernels[n].info.name;
        s->rows[s->count++].name = metadata->kernels[n].symbol;
    }
    sort(s);
    for (Elf_Scn *section = elf_nextscn(elf, NULL); section; section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || (header.sh_type != SHT_DYNSYM && header.sh_type != SHT_SYMTAB))
            continue;
        const Elf_Data *data = section_data(budget, section),
                       *strings = data ? elf_getdata(elf_getscn(elf, header.sh_link), NULL) : NULL;
        if (strings) read_table(s, data, strings);
    }
    return RDNASIM_OK;
}

const struct symbol *symbols_find(const struct symbols *s, const char *name) {
    const struct symbol *row = find(s, name);
    return row && row->found ? row : NULL;
}

void symbols_free(struct symbols *s) { free(s->rows); }

/* ---- variables ------------------------------------------------------------------------------------------ */

static bool is_variable(const GElf_Sym *symbol, const char *name) {
    unsigned type = GELF_ST_TYPE(symbol->st_info);
    if (symbol->st_shndx == SHN_UNDEF || type != STT_OBJECT || !name || !*name) return false;
    size_t length = strlen(name);
    return length < 3 || strcmp(name + length - 3, ".kd") != 0;
}

static bool add_variables(struct variables *v, const Elf_Data *data, const Elf_Data *strings) {
    size_t count = data->d_size / sizeof(Elf64_Sym);
    if (count > INT32_MAX) count = INT32_MAX;
    struct symbol *rows = realloc(v->rows, (v->count + count + 1) * sizeof *rows);
    if (!rows) return false;
    v->rows = rows;
    for (size_t n = 0; n < count; n++) {
        GElf_Sym symbol;
        if (!gelf_getsym((Elf_Data *)data, (int)n, &symbol)) continue;
        const char *name = string_at(strings, symbol.st_name);
        if (!is_variable(&symbol, name)) continue;
        struct symbol row = {strdup(name), true, symbol.st_value, symbol.st_size};
        if (!row.name) return false;
        v->rows[v->count++] = row;
    }
    return true;
}

rdnasim_status variables_read(struct variables *v, Elf *elf, struct section_budget *budget,
                              rdnasim_report *report) {
    for (Elf_Scn *section = elf_nextscn(elf, NULL); section; section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM) continue;
        const Elf_Data *data = section_data(budget, section),
                       *strings = data ? elf_getdata(elf_getscn(elf, header.sh_link), NULL) : NULL;
        REPORT_IF(strings && !add_variables(v, data, strings), report, RDNASIM_OUT_OF_MEMORY,
                  "out of memory for a code object's variables");
    }
    if (v->count) qsort(v->rows, v->count, sizeof *v->rows, compare);
    return RDNASIM_OK;
}

const struct symbol *variables_find(const struct variables *v, const char *name) {
    const struct symbol wanted = {.name = name};
    return v->count ? bsearch(&wanted, v->rows, v->count, sizeof *v->rows, compare) : NULL;
}

void variables_free(struct variables *v) {
    for (size_t n = 0; n < v->count; n++) free((char *)v->rows[n].name);
    free(v->rows);
}
