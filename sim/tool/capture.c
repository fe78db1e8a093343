/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "capture.h"

#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "text.h"

/* What is believed of a file; recorded ones have a tenth of it at most. */
enum {
    FILE_MAX = 64 << 20,
    PROGRAM_MAX = 1 << 18,
    WAVES_MAX = 1 << 14,
    EXECUTED_MAX = 1 << 22,
};
enum { GROUP_WAVES_MAX = 64, CODE_END = 0xbf9f0000u };
#define TIME_MAX   (INT64_C(1) << 48)
#define CLOCK_JUMP (INT64_C(1) << 33) /* a defect of some captures: the clock jumps by as much */

struct reader {
    struct capture *out;
    struct doc_problem problem;
    bool *known;       /* of each dword: an instruction begins there */
    int64_t processor; /* work-group processor of the waves */
    int64_t lanes;     /* of a wave */
};

static bool refuse(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(struct reader *r, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_vformat(r->problem.text, sizeof r->problem.text, format, arguments);
    va_end(arguments);
    return false;
}

static bool no_memory(struct reader *r) {
    r->problem.out_of_memory = true;
    return false;
}

static bool number(struct reader *r, const json_t *object, const char *key, int64_t most, int64_t *value) {
    return doc_integer(object, key, 0, most, value, &r->problem);
}

/* A list of an object; null if it is absent. */
static bool list(struct reader *r, const json_t *object, const char *key, json_t **value) {
    *value = NULL;
    return doc_field(object, key, DOC_LIST, value, &r->problem);
}

/* ---- the program --------------------------------------------------------------------------------------- */

/* Words are written as the disassembler prints them: eight digits each, the most significant first. */
static size_t count_words(const char *text) {
    size_t digits = 0;
    for (; *text; text++) digits += *text != ' ';
    return (digits + 7) / 8;
}

static bool read_words(struct reader *r, size_t at, const char *text) {
    for (const char *from = text; *from;) {
        char word[9] = {0};
        for (unsigned n = 0; n < 8 && from[n]; n++) word[n] = from[n];
        if (strspn(word, "0123456789abcdefABCDEF") != 8)
            return refuse(r, "program: \"%.40s\" is no list of words of 8 hexadecimal digits", text);
        r->out->code[at++] = (uint32_t)strtoul(word, NULL, 16);
        from += 8;
        while (*from == ' ') from++;
    }
    return true;
}

static bool program_entry(struct reader *r, const json_t *entry, int64_t *pc, const char **words) {
    if (!json_is_array(entry) || json_array_size(entry) < 2 || !json_is_integer(json_array_get(entry, 0)) ||
        !json_is_string(json_array_get(entry, 1)))
        return refuse(r, "program: an entry is no list [pc, words, text]");
    *pc = json_integer_value(json_array_get(entry, 0));
    *words = json_string_value(json_array_get(entry, 1));
    if (!count_words(*words)) return refuse(r, "program: an entry has no words");
    if (*pc < 0 || *pc % 4 || *pc / 4 >= PROGRAM_MAX)
        return refuse(r, "program: pc %lld; accepted are multiples of 4 below %d", (long long)*pc,
                      4 * PROGRAM_MAX);
    return true;
}

static bool add_stand_ins(struct reader *r);

static bool read_program(struct reader *r, const json_t *file) {
    struct capture *c = r->out;
    json_t *program, *entry;
    const char *words;
    size_t n;
    int64_t pc;
    if (!list(r, file, "program", &program)) return false;
    json_array_foreach(program, n, entry) {
        if (!program_entry(r, entry, &pc, &words)) return false;
        size_t end = (size_t)pc / 4 + count_words(words);
        if (end > PROGRAM_MAX) return refuse(r, "program: more than %d words", PROGRAM_MAX);
        if (end > c->dwords) c->dwords = end;
    }
    if (!c->dwords) return refuse(r, "program: is missing or empty");
    c->code = malloc(c->dwords * sizeof c->code[0]);
    r->known = calloc(c->dwords, sizeof r->known[0]);
    if (!c->code || !r->known) return no_memory(r);
    for (n = 0; n < c->dwords; n++) c->code[n] = CODE_END;
    json_array_foreach(program, n, entry) {
        if (!program_entry(r, entry, &pc, &words) || !read_words(r, (size_t)pc / 4, words)) return false;
        r->known[pc / 4] = true;
    }
    c->table = table_create(c->target, c->code, c->dwords, (unsigned)r->lanes);
    return c->table ? add_stand_ins(r) : no_memory(r);
}

/* ---- stand-ins ----------------------------------------------------------------------------------------- */

/*
 * Packets tell the unit of an instruction. Where the decoder knows none at the recorded place, or one of another unit (some
 * captures run encodings that are not legal, at which places slip), it is modelled by its packet alone: without registers.
 */
static const struct packet {
    const char *prefix;
    uint8_t kind, port;
    bool store;
} packets[] = {{"VALU", ROW_VALU, PORT_VALU, false},          {"SALU", ROW_SALU, PORT_SCALAR, false},
               {"SMEM_RD", ROW_SMEM, PORT_SCALAR, false},     {"SGMEM_WR", ROW_VMEM, PORT_VMEM, true},
               {"SGMEM_RD", ROW_VMEM, PORT_VMEM, false},      {"LDS_WR", ROW_LDS, PORT_LDS, true},
               {"LDS_RD", ROW_LDS, PORT_LDS, false},          {"JUMP", ROW_BRANCH, PORT_BRANCH, false},
               {"CALL", ROW_BRANCH, PORT_BRANCH, false},      {"BARRIER", ROW_BARRIER, PORT_BARRIER, false},
               {"IMMEDIATE", ROW_IMMEDIATE, PORT_NONE, false}};
enum { PACKETS = sizeof packets / sizeof packets[0], DIGITS = 8 }; /* what follows the prefix: registers */

static bool add_stand_ins(struct reader *r) {
    struct capture *c = r->out;
    size_t count = c->table->count;
    struct table *more = realloc(c->table, sizeof *more + (count + PACKETS * DIGITS) * sizeof more->rows[0]);
    if (!more) return no_memory(r);
    c->table = more;
    more->count = count + PACKETS * DIGITS;
    for (unsigned n = 0; n < PACKETS * DIGITS; n++) {
        const struct packet *p = &packets[n / DIGITS];
        struct row *row = &more->rows[count + n];
        *row = (struct row){.bytes = 4, .kind = p->kind, .port = p->port, .store = p->store};
        for (unsigned k = 0; k < RDNASIM_COUNTERS; k++) row->waits[k] = RDNASIM_NO_WAIT;
        unsigned digit = n % DIGITS ? n % DIGITS : 1;
        row->registers = (uint8_t)digit;
        row->dwords = (uint8_t)(p->kind == ROW_LDS && digit > 1 ? digit - 1 : 1);
        row->hold = row->behind = 1;
        row->result = 5;
        if (p->kind == ROW_LDS || p->kind == ROW_SMEM) row->counters = 1u << RDNASIM_COUNTER_LGKM;
        if (p->kind == ROW_VMEM) row->counters = 1u << (p->store ? RDNASIM_COUNTER_VS : RDNASIM_COUNTER_VM);
    }
    return true;
}

static bool same_unit(const struct row *row, const struct packet *p) {
    return row->kind == p->kind || (p->kind == ROW_SALU && row->kind == ROW_MODE) || p->kind == ROW_IMMEDIATE;
}

/* The row of an instruction whose packet is of the class `op` (null: unknown). Null: nothing is known of it. */
static bool choose_row(struct reader *r, struct executed *e, const char *op) {
    struct capture *c = r->out;
    bool placed = e->pc / 4 < c->dwords && r->known[e->pc / 4];
    bool known = placed && c->table->rows[e->pc / 4].kind != ROW_NONE;
    e->op = e->pc / 4;
    if (!op && placed && !known) op = "IMMEDIATE";
    for (unsigned n = 0; op && n < PACKETS; n++) {
        size_t length = strlen(packets[n].prefix);
        if (strncmp(op, packets[n].prefix, length) != 0) continue;
        if (known && same_unit(&c->table->rows[e->op], &packets[n])) return true;
        unsigned digit = op[length] == '_' && op[length + 1] > '0' && op[length + 1] < '0' + DIGITS
                             ? (unsigned)(op[length + 1] - '0')
                             : 0;
        if (packets[n].kind == ROW_VALU) digit = 0;
        e->op = (uint32_t)(c->dwords + n * DIGITS + digit);
        c->stand_ins++;
        return true;
    }
    return known;
}

/* ---- waves --------------------------------------------------------------------------------------------- */

/* A recorded cycle, or NO_TIME. */
static bool read_time(struct reader *r, const json_t *object, const char *key, uint64_t *out) {
    int64_t value = -1;
    if (!number(r, object, key, TIME_MAX, &value)) return false;
    *out = value < 0 ? NO_TIME : (uint64_t)value;
    return true;
}

static bool read_executed(struct reader *r, const json_t *one, const struct recorded_wave *w,
                          uint64_t *jumped, uint64_t *last) {
    struct capture *c = r->out;
    int64_t pc = -1, aligned = -1;
    const char *op = NULL;
    struct executed *e = &c->executed[c->executed_count];
    *e = (struct executed){0};
    if (!json_is_object(one)) return refuse(r, "waves: an instruction is no object");
    if (!number(r, one, "pc", 4 * (int64_t)PROGRAM_MAX, &pc) ||
        !number(r, one, "pc_aligned", 4 * (int64_t)PROGRAM_MAX, &aligned) ||
        !read_time(r, one, "t", &e->time) || !read_time(r, one, "exec", &e->execute) ||
        !doc_text(one, "op", &op, &r->problem))
        return false;
    if (aligned >= 0) pc = aligned;
    if (pc < 0 || pc % 4 || pc / 4 >= PROGRAM_MAX)
        return refuse(r, "waves: an instruction's pc is missing, or no multiple of 4");
    e->pc = (uint32_t)pc;
    if (!choose_row(r, e, op))
        return refuse(r, "waves: at pc %lld the program has no instruction of %s", (long long)pc, c->target);
    if (e->time != NO_TIME) {
        e->jumped = *last && e->time >= *jumped + *last + CLOCK_JUMP / 2;
        if (e->jumped) *jumped += CLOCK_JUMP;
        if (e->time < *jumped + *last) {
            e->time = NO_TIME; /* it cannot be in front of the one before */
            c->left_out++;
        } else {
            e->time -= *jumped;
            *last = e->time;
        }
    }
    if (e->time == NO_TIME || e->execute == NO_TIME || e->execute < e->time + *jumped)
        e->execute = NO_TIME;
    else
        e->execute -= *jumped;
    /* A wave begins with its first recorded issue. */
    if (e->time != NO_TIME || c->executed_count > w->first) c->executed_count++;
    return true;
}

static bool read_wave(struct reader *r, const json_t *one, size_t *capacity) {
    struct capture *c = r->out;
    json_t *insts, *inst;
    size_t n;
    struct recorded_wave *w = &c->waves[c->wave_count];
    *w = (struct recorded_wave){.first = c->executed_count};
    if (!json_is_object(one)) return refuse(r, "waves: one is no object");
    if (!read_time(r, one, "start", &w->start) || !list(r, one, "insts", &insts) ||
        !number(r, one, "wgp_sel", INT64_MAX, &r->processor))
        return false;
    size_t count = json_array_size(insts);
    if (!count) return true; /* nothing is known of it */
    if (c->executed_count + count > EXECUTED_MAX)
        return refuse(r, "waves: more than %d instructions", EXECUTED_MAX);
    if (c->executed_count + count > *capacity) {
        *capacity = 2 * (c->executed_count + count);
        struct executed *more = realloc(c->executed, *capacity * sizeof more[0]);
        if (!more) return no_memory(r);
        c->executed = more;
    }
    uint64_t jumped = 0, last = w->start == NO_TIME ? 0 : w->start;
    json_array_foreach(insts, n, inst) if (!read_executed(r, inst, w, &jumped, &last)) return false;
    w->count = c->executed_count - w->first;
    w->end = last;
    w->jumped = jumped != 0;
    if (!w->count) return true;
    if (w->start == NO_TIME) w->start = c->executed[w->first].time;
    c->wave_count++;
    return true;
}

static int by_start(const void *a, const void *b) {
    const struct recorded_wave *x = a, *y = b;
    if (x->start != y->start) return x->start < y->start ? -1 : 1;
    return x->first < y->first ? -1 : 1;
}

static bool read_waves(struct reader *r, const json_t *file) {
    struct capture *c = r->out;
    json_t *waves, *one;
    size_t n, capacity = 0;
    if (!list(r, file, "waves", &waves)) return false;
    if (json_array_size(waves) > WAVES_MAX) return refuse(r, "waves: more than %d", WAVES_MAX);
    c->waves = calloc(json_array_size(waves) + 1, sizeof c->waves[0]);
    if (!c->waves) return no_memory(r);
    json_array_foreach(waves, n, one) if (!read_wave(r, one, &capacity)) return false;
    if (!c->wave_count) return refuse(r, "waves: none has instructions");
    qsort(c->waves, c->wave_count, sizeof c->waves[0], by_start);
    return true;
}

/* ---- work-groups --------------------------------------------------------------------------------------- */

/*
 * Which waves form a work-group is not recorded: those that start one behind the other on the two SIMDs of a compute
 * unit (all captures are of CU mode) do, as many as the block has.
 */
struct start {
    uint64_t time;
    size_t wave; /* of the capture; SIZE_MAX: on the other SIMD */
};

static int by_time(const void *a, const void *b) {
    const struct start *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return x->wave < y->wave ? -1 : x->wave > y->wave;
}

static bool block_waves(struct reader *r, const json_t *file, unsigned *out) {
    static const char *const keys[] = {"COMPUTE_NUM_THREAD_X", "COMPUTE_NUM_THREAD_Y",
                                       "COMPUTE_NUM_THREAD_Z"};
    json_t *registers = NULL;
    int64_t items = 1;
    if (!doc_field(file, "launch_regs", DOC_OBJECT, &registers, &r->problem)) return false;
    for (unsigned n = 0; n < 3; n++) {
        int64_t extent = 1;
        if (registers && !number(r, registers, keys[n], 0xffff, &extent)) return false;
        extent &= 0xffff;
        items = extent && items < r->lanes * GROUP_WAVES_MAX ? items * extent : items;
    }
    int64_t waves = (items + r->lanes - 1) / r->lanes;
    *out = (unsigned)(waves < GROUP_WAVES_MAX ? waves : GROUP_WAVES_MAX);
    return true;
}

static bool read_groups(struct reader *r, const json_t *file) {
    struct capture *c = r->out;
    json_t *others, *one;
    size_t n, count = 0;
    unsigned per_group;
    int64_t simd = 0;
    if (!block_waves(r, file, &per_group) || !list(r, file, "other_waves", &others) ||
        !number(r, file, "simd", 3, &simd))
        return false;
    struct start *starts = calloc(c->wave_count + json_array_size(others) + 1, sizeof starts[0]);
    c->group_unseen = calloc(c->wave_count + json_array_size(others) + 1, sizeof c->group_unseen[0]);
    if (!starts || !c->group_unseen) {
        free(starts);
        return no_memory(r);
    }
    for (n = 0; n < c->wave_count; n++) starts[count++] = (struct start){c->waves[n].start, n};
    json_array_foreach(others, n, one) {
        int64_t on = -1, processor = -1;
        uint64_t time;
        if (!json_is_object(one) || !number(r, one, "simd", 3, &on) ||
            !number(r, one, "wgp_sel", INT64_MAX, &processor) || !read_time(r, one, "start", &time)) {
            free(starts);
            return r->problem.text[0] ? false : refuse(r, "other_waves: one is no object");
        }
        if (on == (simd ^ 2) && processor == r->processor && time != NO_TIME)
            starts[count++] = (struct start){time, SIZE_MAX};
    }
    qsort(starts, count, sizeof starts[0], by_time);
    for (n = 0; n < count; n++) {
        size_t group = n / per_group;
        c->group_count = group + 1;
        if (starts[n].wave == SIZE_MAX)
            c->group_unseen[group] = true;
        else
            c->waves[starts[n].wave].group = group;
    }
    free(starts);
    return true;
}

/* ---- what the neighbour does with the LDS unit ---------------------------------------------------------- */

static bool read_neighbours(struct reader *r, const json_t *file) {
    struct capture *c = r->out;
    json_t *list_, *one;
    size_t n;
    if (!list(r, file, "other_simd_mem_ops", &list_)) return false;
    c->neighbours = calloc(json_array_size(list_) + 1, sizeof c->neighbours[0]);
    if (!c->neighbours) return no_memory(r);
    json_array_foreach(list_, n, one) {
        const char *name = json_string_value(json_array_get(one, 1));
        json_int_t time = json_integer_value(json_array_get(one, 0));
        static const char lds[] = "OTHER_LDS_";
        if (!name || time < 0 || strncmp(name, lds, sizeof lds - 1) != 0) continue;
        unsigned cycles = (unsigned)(name[sizeof lds - 1] - '0');
        if (cycles > 9 || (c->neighbour_count && (uint64_t)time < c->neighbours[c->neighbour_count - 1].time))
            continue;
        c->neighbours[c->neighbour_count++] = (struct neighbour){(uint64_t)time, cycles};
    }
    return true;
}

/* ---- the file ------------------------------------------------------------------------------------------ */

static bool read_head(struct reader *r, const json_t *file) {
    struct capture *c = r->out;
    const char *target = NULL, *kernel = NULL;
    json_t *about = NULL;
    if (!doc_text(file, "target", &target, &r->problem) ||
        !doc_field(file, "kernel", DOC_OBJECT, &about, &r->problem) ||
        (about && !doc_text(about, "name", &kernel, &r->problem)) ||
        (about && !number(r, about, "wavefront_size", 64, &r->lanes)))
        return false;
    r->lanes = r->lanes == 64 ? 64 : 32;
    if (!target) return refuse(r, "target: is missing; it names the card's, as \"gfx1100\"");
    const rdnasim_target *known = rdnasim_find_target(target);
    if (!known || strcmp(known->generation, "gfx11") != 0)
        return refuse(r, "target %.20s is not modelled: the timing model knows gfx11", target);
    text_format(c->target, sizeof c->target, "%s", target);
    text_format(c->kernel, sizeof c->kernel, "%s", kernel ? kernel : "(no name)");
    c->clock_hz = json_number_value(json_object_get(file, "shader_clock_hz"));
    return true;
}

bool capture_parse(const char *text, size_t bytes, struct capture *out, struct doc_problem *problem) {
    *out = (struct capture){0};
    *problem = (struct doc_problem){0};
    struct reader r = {.out = out};
    json_t *file = doc_read(text, bytes, DOC_AS_PYTHON, NULL, &r.problem);
    bool ok = file && doc_is(file, DOC_OBJECT, "the trace", &r.problem) && read_head(&r, file) &&
              read_program(&r, file) && read_waves(&r, file) && read_groups(&r, file) &&
              read_neighbours(&r, file);
    json_decref(file);
    free(r.known);
    if (ok) return true;
    *problem = r.problem;
    capture_free(out);
    return false;
}

void capture_free(struct capture *capture) {
    table_destroy(capture->table);
    free(capture->code);
    free(capture->waves);
    free(capture->executed);
    free(capture->neighbours);
    free(capture->group_unseen);
    *capture = (struct capture){0};
}
