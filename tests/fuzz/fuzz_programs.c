/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Random programs on the simulator: every encoding of the tables, with operands that are mostly legal and now
 * and then are not, in wave32 and wave64, with few and with many VGPRs.
 *
 *     fuzz_programs [--seed N] [--first N] [--programs N] [--seconds N] [--show 1]
 *
 * Each runs on every SIMD level that the host has and in strict mode. Whatever it does, it ends in a verdict,
 * and the levels agree in it, in the memory and in the registers; so does strict mode where it finds nothing.
 * Memory errors are the sanitizers' to find; the number of the program that was running is printed last, and
 * --first N
 * --programs 1 --show 1 runs that one again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "../sim/carrier.h"
#include "fuzz.h"

/* What ends within the quota ends in strict mode too, where a pair of undefined operands costs up to 650 in
 * wave64. */
enum { QUOTA = 600, STRICT_QUOTA = 650 * QUOTA, INSTRUCTIONS = 12, LEVELS = 3 };

/* ---- random numbers ------------------------------------------------------------------------------------ */

static uint64_t random_state;

static uint32_t random32(void) { /* splitmix64 */
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}
static unsigned below(unsigned count) { return random32() % count; }
static bool one_in(unsigned count) { return below(count) == 0; }

/* ---- encodings ----------------------------------------------------------------------------------------- */

struct form {
    uint32_t base; /* the fixed bits of the first dword */
    unsigned opcode_at;
};
static const struct form forms[FMT_COUNT] = {
    [FMT_SOP2] = {0x80000000, 23},
    [FMT_SOPK] = {0xb0000000, 23},
    [FMT_SOP1] = {0xbe800000, 8},
    [FMT_SOPC] = {0xbf000000, 16},
    [FMT_SOPP] = {0xbf800000, 16},
    [FMT_SMEM] = {0xf4000000, 18},
    [FMT_VOP2] = {0, 25},
    [FMT_VOP1] = {0x7e000000, 9},
    [FMT_VOPC] = {0x7c000000, 17},
    [FMT_VOP3] = {0xd4000000, 16},
    [FMT_VOP3P] = {0xcc000000, 16},
    [FMT_VINTERP] = {0xcd000000, 16},
    [FMT_LDSDIR] = {0xce000000, 20},
    [FMT_VOPD] = {0xc8000000, 22},
    [FMT_DS] = {0xd8000000, 18},
    [FMT_FLAT] = {0xdc000000, 18},
    [FMT_SCRATCH] = {0xdc010000, 18},
    [FMT_GLOBAL] = {0xdc020000, 18},
    [FMT_MUBUF] = {0xe0000000, 18},
    [FMT_MTBUF] = {0xe8000000, 15},
    [FMT_MIMG] = {0xf0000000, 18},
    [FMT_EXP] = {0xf8000000, 31},
};

struct row {
    uint8_t format;
    uint16_t opcode, op;
};
static const struct row rows[] = {
#define ENC(format, opcode, name, features, optional) {FMT_##format, opcode, OP_##name},
#include "isa/gfx11/encodings.def"
#undef ENC
};
enum { ROWS = sizeof rows / sizeof rows[0] };

/* Any row, or one of any format: formats with few operations have their turn too. */
static const struct row *draw_row(void) {
    const struct row *r = &rows[below(ROWS)];
    if (one_in(2)) return r;
    for (unsigned format = below(FMT_COUNT), n = 0; n < 2000; n++) {
        r = &rows[below(ROWS)];
        if (r->format == format) break;
    }
    return r;
}

/* ---- operands ------------------------------------------------------------------------------------------ */

static unsigned vgprs; /* of the program */

static void set(uint32_t *word, unsigned low, unsigned bits, uint32_t value) {
    uint32_t mask = ((1u << bits) - 1) << low;
    *word = (*word & ~mask) | (value << low & mask);
}

static unsigned draw_vgpr(void) { return one_in(24) ? below(256) : one_in(3) ? below(vgprs) : below(9); }

static unsigned draw_sgpr(void) {
    static const uint8_t special[] = {104, 105, 106, 107, 108, 123, 124, 125, 126, 127};
    return one_in(16) ? below(128) : one_in(8) ? special[below(sizeof special)] : 4 + below(28);
}

static unsigned draw_scalar(void) {
    static const uint8_t special[] = {235, 236, 237, 238, 239, 253, 255};
    return one_in(24)  ? below(256)
           : one_in(8) ? special[below(sizeof special)]
           : one_in(3) ? 128 + below(65)
           : one_in(4) ? 240 + below(9)
                       : draw_sgpr();
}

static unsigned draw_source(void) { return below(4) ? 256 + draw_vgpr() : draw_scalar(); }

/* Source 0 of the short forms, of which DPP is a kind with a dword of its own. */
static unsigned draw_source0(uint32_t *w) {
    static const uint8_t kinds[] = {250, 233, 234};
    if (below(8)) return draw_source();
    unsigned kind = below(3), control = one_in(2) ? below(256) : 0x100 + below(0x70);
    w[1] = random32();
    if (!kind) w[1] = control << 8 | (one_in(2) ? 0xff000000 : random32() & 0xff000000) | below(4) << 18;
    set(&w[1], 0, 8, draw_vgpr());
    return kinds[kind];
}

static void draw_vop3(const struct row *r, uint32_t *w) {
    const struct op_info *info = op_info(r->op);
    set(&w[0], 0, 8, info->dst == TYPE_MASK || info->dst_places & PLACES_S ? draw_sgpr() : draw_vgpr());
    if (r->format == FMT_VOP3P) {
        if (below(3)) set(&w[0], 8, 8, 0x40), set(&w[1], 27, 5, 3);
    } else if (below(3)) {
        set(&w[0], 8, 8, 0), set(&w[1], 27, 5, 0);
    } else { /* a single modifier: most have few */
        uint64_t bit = UINT64_C(1) << below(13);
        set(&w[0], 8, 8, (uint32_t)bit & 0xff), set(&w[1], 27, 5, (uint32_t)(bit >> 8));
    }
    if (info->flags & OP_MASK_RESULT) set(&w[0], 8, 7, draw_sgpr());
    for (unsigned n = 0; n < 3; n++) {
        unsigned places = info->src_places[n];
        bool scalar = places && !(places & PLACES_V), vector = places == PLACES_V || places == PLACES_K;
        set(&w[1], 9 * n, 9,
            one_in(16)           ? draw_source()
            : !places            ? 0
            : places == PLACES_S ? draw_sgpr()
            : scalar             ? draw_scalar()
            : vector             ? 256 + draw_vgpr()
                                 : draw_source());
    }
    if (r->format != FMT_VINTERP && one_in(12)) {
        set(&w[1], 0, 9, one_in(2) ? 250 : 233);
        w[2] = random32();
        set(&w[2], 0, 8, draw_vgpr());
    }
}

static unsigned draw_offset(void) { return one_in(12) ? below(64) : 8 * below(8); }
static unsigned used(enum value_type type, unsigned value) { return type == TYPE_NONE ? 0 : value; }

/* What the kernel keeps addresses in, so that many accesses reach memory. */
static void draw_memory(const struct row *r, uint32_t *w) {
    const struct op_info *info = op_info(r->op);
    switch (r->format) {
    case FMT_SMEM:
        set(&w[0], 6, 7, draw_sgpr());
        set(&w[0], 0, 6, one_in(8) ? below(64) : strstr(info->name, "buffer") ? 4 : 2);
        w[1] = (one_in(4) ? draw_sgpr() : SREG_NULL) << 25 | below(512);
        break;
    case FMT_DS:
        set(&w[0], 16, 2, one_in(32) ? below(4) : 0);
        set(&w[0], 0, 16, one_in(16) ? random32() : draw_offset());
        w[1] = used(info->src[0], one_in(8) ? draw_vgpr() : 6) | used(info->src[1], draw_vgpr()) << 8 |
               used(info->src[2], draw_vgpr()) << 16 | used(info->dst, draw_vgpr()) << 24;
        break;
    case FMT_MUBUF:
    case FMT_MTBUF:
        set(&w[0], 0, 12, one_in(16) ? random32() : draw_offset());
        if (r->format == FMT_MTBUF) set(&w[0], 19, 7, one_in(16) ? below(128) : below(64));
        set(&w[1], 0, 8, one_in(8) ? draw_vgpr() : 6);
        set(&w[1], 8, 8, draw_vgpr());
        set(&w[1], 16, 5, one_in(8) ? below(32) : 2);
        set(&w[1], 21, 3, one_in(16) ? below(8) : 2 * below(4));
        set(&w[1], 24, 8, one_in(4) ? draw_scalar() : 128);
        break;
    default: { /* FLAT and its kin */
        bool global = r->format == FMT_GLOBAL, off = one_in(2);
        set(&w[0], 0, 13, one_in(16) ? random32() : draw_offset());
        if (r->format == FMT_SCRATCH) set(&w[1], 23, 1, one_in(8));
        set(&w[1], 16, 7,
            one_in(16)                     ? draw_sgpr()
            : off || r->format == FMT_FLAT ? SREG_NULL
            : global                       ? 4
                                           : 6);
        set(&w[1], 0, 8,
            one_in(16)              ? draw_vgpr()
            : off && global         ? 2
            : r->format == FMT_FLAT ? 2 + 2 * below(2)
                                    : 6);
        set(&w[1], 8, 8, draw_vgpr());
        set(&w[1], 24, 8, draw_vgpr());
    }
    }
}

/* An instruction as compilers might write it, but for a slip now and then. */
static void draw_fields(const struct row *r, uint32_t *w) {
    switch (r->format) {
    case FMT_SOP2:
    case FMT_SOPC:
        if (r->format == FMT_SOP2) set(&w[0], 16, 7, draw_sgpr());
        set(&w[0], 0, 8, draw_scalar());
        set(&w[0], 8, 8, draw_scalar());
        break;
    case FMT_SOP1: set(&w[0], 0, 8, draw_scalar()); /* fall through */
    case FMT_SOPK: set(&w[0], 16, 7, draw_sgpr()); break;
    case FMT_SOPP: set(&w[0], 0, 16, one_in(4) ? random32() : below(8) - 2); break;
    case FMT_VOP1:
    case FMT_VOP2:
    case FMT_VOPC:
        if (r->format != FMT_VOPC) set(&w[0], 17, 8, draw_vgpr());
        if (r->format != FMT_VOP1) set(&w[0], 9, 8, draw_vgpr());
        set(&w[0], 0, 9, draw_source0(w));
        break;
    case FMT_VOPD:
        set(&w[0], 17, 5, rows[below(ROWS)].opcode);
        set(&w[0], 0, 9, draw_source()), set(&w[0], 9, 8, draw_vgpr());
        set(&w[1], 0, 9, draw_source()), set(&w[1], 9, 8, draw_vgpr());
        set(&w[1], 17, 7, draw_vgpr() / 2), set(&w[1], 24, 8, draw_vgpr());
        break;
    case FMT_VOP3:
    case FMT_VOP3P:
    case FMT_VINTERP: draw_vop3(r, w); break;
    case FMT_LDSDIR:
    case FMT_MIMG:
    case FMT_EXP: break;
    default: draw_memory(r, w);
    }
}

/* Stops every program at once: beyond the reserved registers, or graphics. Mostly not wanted. */
static bool is_end(const struct inst *i) {
    if (i->format == FMT_MIMG || i->format == FMT_EXP || i->format == FMT_LDSDIR) return true;
    const struct operand *operands[] = {&i->dst, &i->src[0], &i->src[1], &i->src[2]};
    for (unsigned n = 0; n < 4; n++)
        if (operands[n]->kind == OPND_VGPR && operands[n]->reg + operands[n]->dwords > vgprs) return true;
    return i->dual && is_end(i->dual);
}

/* Words of one instruction; returns how many it has. */
static unsigned draw_instruction(const struct target *target, uint32_t w[4]) {
    unsigned length = 0;
    bool any = one_in(12); /* of all other bits */
    for (unsigned attempt = 0; !length && attempt < 24; attempt++) {
        const struct row *r = draw_row();
        const struct form *f = &forms[r->format];
        for (unsigned n = 0; n < 4; n++) w[n] = random32();
        if (!any) draw_fields(r, w);
        uint32_t fixed = ~((1u << f->opcode_at) - 1);
        if (r->format == FMT_SOP1) fixed = 0xff80ff00;
        if (r->format == FMT_VOP1) fixed = 0xfe01fe00;
        if (r->format == FMT_VOPD) fixed = 0xffc00000;
        if (r->format == FMT_SCRATCH || r->format == FMT_GLOBAL || r->format == FMT_FLAT) fixed |= 3 << 16;
        if (r->format == FMT_MTBUF) fixed = 0xfc078000;
        if (f->opcode_at == 31) fixed = 0xfc000000;
        w[0] = (w[0] & ~fixed) |
               ((f->base | (f->opcode_at < 31 ? (uint32_t)r->opcode << f->opcode_at : 0)) & fixed);
        struct inst_pair pair;
        const char *reason;
        length = decode(target, w, 4, &pair, &reason);
        if (!length && one_in(60)) return 2; /* an illegal one */
        if (length && is_end(&pair.x) && !one_in(20)) length = 0;
    }
    return length;
}

struct code {
    unsigned wave64, items, count;
    uint32_t words[ROW];
    uint32_t memory[BUFFER_BYTES / 4];
};

static uint32_t draw_value(void) {
    static const uint32_t values[] = {0,          1,          0xffffffff, 0x80000000, 0x7fffffff,
                                      0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
                                      0x7f800001, 1u << 23,   0x00400000, 0x3c003c00, 0x7c00fc00,
                                      0x7e017c01, 0x00010001, 0x80018001, 0xffff0000, 0x7fefffff};
    return one_in(2) ? values[below(sizeof values / sizeof values[0])] : one_in(2) ? below(256) : random32();
}

/* The contents of the buffer, from which the kernel fills its registers, see kernels/programs.c. */
static void draw_memory_image(struct code *c, uint64_t address) {
    static const uint64_t apertures[] = {APERTURE_SHARED, APERTURE_PRIVATE};
    for (unsigned n = 0; n < BUFFER_BYTES / 4; n++) c->memory[n] = draw_value();
    uint32_t selects = one_in(2) ? 4 | 5 << 3 | 6 << 6 | 7 << 9 : below(1 << 12);
    c->memory[0] = (uint32_t)address + 8 * below(32);
    c->memory[1] =
        (uint32_t)(address >> 32) | (one_in(2) ? below(64) << 16 : 0) | (one_in(8) ? below(4) << 30 : 0);
    c->memory[2] = one_in(4) ? below(128) : 2048;
    c->memory[3] = selects | below(64) << 12 | (one_in(4) ? below(16) << 20 : 0) | below(4) << 28;
    c->memory[15] = one_in(8) ? random32() : below(16); /* M0 */
    bool wild = one_in(6), aperture = one_in(3);
    for (unsigned item = 0; item < 64; item++) {
        uint32_t *v = &c->memory[64 + 8 * item]; /* v2... */
        uint64_t places[] = {address + 8 * below(128),
                             aperture ? apertures[item % 2] + 8 * below(6) : address + 512};
        if (!wild) memcpy(v, places, sizeof places);
        v[4] = wild && one_in(32) ? random32() : 8 * below(100);
    }
}

static void draw_code(struct code *c, uint64_t number, uint64_t seed, const struct target *target,
                      uint64_t address) {
    static const uint16_t sizes[] = {9, 10, 12, 16, 24, 64, 256};
    random_state = seed * UINT64_C(0xd1342543de82ef95) + number;
    c->wave64 = below(2);
    vgprs = sizes[below(sizeof sizes / sizeof sizes[0])];
    unsigned full = c->wave64 ? 64 : 32;
    c->items = one_in(4) ? 1 + below(full + 8) : full;
    c->count = 0;
    for (unsigned n = 1 + below(INSTRUCTIONS); n && c->count + 5 <= ROW; n--) {
        c->count += draw_instruction(target, c->words + c->count);
        if (below(4)) c->words[c->count++] = 0xbf890000; /* s_waitcnt 0: strict mode shall get further */
    }
    draw_memory_image(c, address);
}

/* ---- machines ------------------------------------------------------------------------------------------ */

struct machine {
    rdnasim *sim;
    struct carrier carriers[2]; /* wave32, wave64 */
    uint64_t address;
    uint32_t memory[BUFFER_BYTES / 4];
    unsigned slot; /* the next free one: all machines shall give out the same addresses */
    rdnasim_report report;
};
static struct machine machines[LEVELS][2]; /* [][strict] */
static unsigned level_count;

static unsigned char *read_object(const char *path, size_t *bytes) {
    unsigned char *elf = malloc(1 << 20);
    FILE *f = fopen(path, "rb");
    CHECK(elf && f);
    *bytes = fread(elf, 1, 1 << 20, f);
    fclose(f);
    return elf;
}

static bool open_machine(struct machine *m, rdnasim_simd level, bool strict) {
    static const char *const paths[] = {PROGRAMS_WAVE32, PROGRAMS_WAVE64};
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.threads = 1;
    options.quota = strict ? STRICT_QUOTA : QUOTA;
    options.simd = level;
    options.checks = strict ? RDNASIM_CHECK_ALL : 0;
    if (rdnasim_create(&options, &m->sim, &m->report)) return false;
    for (unsigned n = 0; n < 2; n++) {
        size_t bytes;
        unsigned char *elf = read_object(paths[n], &bytes);
        rdnasim_object *object;
        CHECK(!rdnasim_load(m->sim, elf, bytes, &object, &m->report));
        free(elf);
        m->carriers[n] = find_carrier(object);
        CHECK(m->carriers[n].kernel && m->carriers[n].row);
    }
    CHECK(!rdnasim_bind(m->sim, m->memory, sizeof m->memory, RDNASIM_READ | RDNASIM_WRITE, "buffer",
                        &m->address, &m->report));
    m->sim->target = &targets[TARGET_gfx1150]; /* scalar floats too */
    m->slot = m->sim->memory.next_slot;
    return true;
}

static rdnasim_status run(struct machine *m, const struct code *c) {
    struct carrier *carrier = &m->carriers[c->wave64];
    CHECK(put_program(carrier, c->words, c->count, vgprs));
    memcpy(m->memory, c->memory, sizeof m->memory);
    m->sim->memory.next_slot = m->slot;
    rdnasim_launch launch;
    rdnasim_launch_init(&launch, sizeof launch);
    launch.grid[0] = launch.block[0] = c->items;
    launch.kernarg = &m->address;
    launch.kernarg_bytes = sizeof m->address;
    rdnasim_status status = rdnasim_run(m->sim, carrier->kernel, &launch, NULL, &m->report);
    CHECK(m->report.status == status);
    CHECK(!status || (m->report.text[0] && memchr(m->report.text, 0, sizeof m->report.text)));
    return status;
}

/* ---- what is compared ---------------------------------------------------------------------------------- */

static uint64_t number, seed = 1;

static void show(const struct code *c) {
    printf("program %" PRIu64 " of seed %" PRIu64 ": wave%u, %u items, %u VGPRs\n", number, seed,
           c->wave64 ? 64 : 32, c->items, vgprs);
    for (unsigned at = 0, length; at < c->count; at += length ? length : 1) {
        char text[256];
        length = rdnasim_disassemble("gfx1150", c->words + at, c->count - at, text, sizeof text);
        printf("    %08x  %s\n", c->words[at], length ? text : "(illegal)");
    }
}

static void announce(void) { fprintf(stderr, "in program %" PRIu64 " of seed %" PRIu64 "\n", number, seed); }

/* Whether both came to the same end; says where not. */
static bool agree(const struct code *c, const struct machine *a, const struct machine *b) {
    bool same = a->report.status == b->report.status && !strcmp(a->report.text, b->report.text);
    unsigned at = 0;
    while (same && at < BUFFER_BYTES / 4 && a->memory[at] == b->memory[at]) at++;
    if (same && at == BUFFER_BYTES / 4) return true;
    show(c);
    if (same)
        printf("%s: 0x%08x at byte %u of the buffer\n%s: 0x%08x\n", rdnasim_simd_name(a->sim), a->memory[at],
               4 * at, rdnasim_simd_name(b->sim), b->memory[at]);
    else
        printf("%s: %s\n%s: %s\n", rdnasim_simd_name(a->sim), a->report.status ? a->report.text : "ok",
               rdnasim_simd_name(b->sim), b->report.status ? b->report.text : "ok");
    return false;
}

int main(int argc, char **argv) {
    uint64_t first = 0, programs = UINT64_MAX, seconds = UINT64_MAX, shown = 0, failures = 0, ended = 0,
             strict_ok = 0;
    struct {
        const char *name;
        uint64_t *value;
    } options[] = {{"--seed", &seed},
                   {"--first", &first},
                   {"--programs", &programs},
                   {"--seconds", &seconds},
                   {"--show", &shown}};
    for (int n = 1; n < argc; n += 2) {
        unsigned k = 0;
        while (k < 5 && strcmp(argv[n], options[k].name)) k++;
        if (k == 5 || n + 1 == argc) {
            fprintf(stderr, "usage: %s [--seed N] [--first N] [--programs N] [--seconds N] [--show 1]\n",
                    argv[0]);
            return 2;
        }
        *options[k].value = strtoull(argv[n + 1], NULL, 0);
    }
    void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(announce);
    static const rdnasim_simd levels[] = {RDNASIM_SIMD_PORTABLE, RDNASIM_SIMD_AVX2, RDNASIM_SIMD_AVX512};
    for (unsigned n = 0; n < LEVELS; n++)
        if (open_machine(&machines[level_count][0], levels[n], false)) {
            CHECK(open_machine(&machines[level_count][1], levels[n], true));
            level_count++;
        }
    static struct code code;
    time_t start = time(NULL);
    for (number = first; number - first < programs && failures < 10; number++) {
        if (number % 256 == 0 && (uint64_t)(time(NULL) - start) >= seconds) break;
        draw_code(&code, number, seed, &targets[TARGET_gfx1150], machines[0][0].address);
        if (shown) show(&code);
        rdnasim_status status = run(&machines[0][0], &code);
        if (shown) printf("%s\n", status ? machines[0][0].report.text : "ok");
        ended += !status;
        for (unsigned n = 1; n < level_count; n++) {
            run(&machines[n][0], &code);
            failures += !agree(&code, &machines[0][0], &machines[n][0]);
        }
        struct machine *strict = &machines[number % level_count][1];
        if (run(strict, &code) == RDNASIM_STRICT || status == RDNASIM_TIMEOUT) continue;
        if (shown) printf("strict: %s\n", strict->report.status ? strict->report.text : "ok");
        failures += !agree(&code, &machines[0][0], strict);
        strict_ok += !strict->report.status;
    }
    printf("%" PRIu64 " programs of seed %" PRIu64 " at %u SIMD levels: %" PRIu64
           " ran to their end, %" PRIu64 " of them in strict mode; %" PRIu64 " disagree\n",
           number - first, seed, level_count, ended, strict_ok, failures);
    return failures != 0;
}
