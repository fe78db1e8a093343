/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Vector memory and LDS operations against their second model, drawn as machine code: every form of address,
 * lanes that meet and lanes that are off, whose addresses lead nowhere. All memory and all registers are
 * compared.
 */
#include "isa/generation.h"
#include "memory.h"
#include "scalar_code.h"

#include <inttypes.h>

enum {
    ROUNDS = 100,
    LDS_BYTES = 32768,
    GLOBAL_BYTES = 8192,
    SCRATCH_BYTES = 256, /* per lane */
    SLOT = 3,
    REG_SADDR = 20
};

struct bytes {
    unsigned char lds[LDS_BYTES], global[GLOBAL_BYTES], scratch[64 * SCRATCH_BYTES];
};

static struct bytes begin, wanted, given;
static struct machine start, want, got;
static struct memory *memory;
static struct group group;

static int set_up(void **state) {
    memory = calloc(1, sizeof *memory);
    if (!memory) return -1;
    memory->slots[SLOT] = (struct binding){.host = given.global,
                                           .base = (uint64_t)SLOT << SLOT_SHIFT,
                                           .bytes = GLOBAL_BYTES,
                                           .access = RDNASIM_READ | RDNASIM_WRITE,
                                           .name = "data"};
    group = (struct group){.lds = given.lds, .lds_bytes = LDS_BYTES, .memory = memory};
    return bind_all_levels(state);
}

static int tear_down(void **state) {
    (void)state;
    free(memory);
    return 0;
}

static bool is_ds(enum op op) { return starts_with(op_info(op)->name, "ds_"); }
static bool is_addtid(enum op op) { return strstr(op_info(op)->name, "addtid") != NULL; }
static bool is_segment(enum op op) {
    const char *name = op_info(op)->name;
    return starts_with(name, "flat_") || starts_with(name, "global_") || starts_with(name, "scratch_");
}

/* ---- drawing ------------------------------------------------------------------------------------------- */

struct drawn {
    const struct access_row *row;
    uint32_t code[2];
    unsigned d; /* destination register */
    bool returns;
    enum { IN_LDS, IN_GLOBAL, IN_SCRATCH } space[64];
    uint32_t at[64][2]; /* byte of the space that a lane's addresses point at */
};

/* Words that are floats of every class, and as upper halves doubles of every class. */
static uint32_t draw_float_word(void) {
    static const uint32_t edges[] = {0,          0x80000000, 1,          0x80000001, 0x007fffff, 0x00800000,
                                     0x80800000, 0x3f800000, 0xbf800000, 0x7f7fffff, 0x7f800000, 0xff800000,
                                     0x7fc00001, 0x7f800001, 0xffc12345, 0xff812345, 0x7ff00000, 0xfff00000,
                                     0x7ff80000, 0x000fffff, 0x00100000, 0x800fffff, 0x7ff00001, 0xfff80001};
    uint64_t r = draw();
    if (r & 3) return edges[(r >> 8) % (sizeof edges / sizeof *edges)];
    return ((uint32_t)(r >> 32) & 0x807fffff) | (uint32_t)(r >> 8 & 1 ? 1 : 120 + (r >> 16) % 30) << 23;
}

static void draw_memory(bool floats) {
    uint32_t *words = (uint32_t *)(void *)&begin;
    for (unsigned n = 0; n < sizeof begin / 4; n++) words[n] = floats ? draw_float_word() : draw_bits();
    draw_machine(&start);
    for (unsigned lane = 0; floats && lane < 64; lane++)
        for (unsigned n = 0; n < 4; n++) {
            set_lane(&start, REG_B + n, lane, draw_float_word());
            set_lane(&start, REG_C + n, lane, draw_float_word());
        }
    if (floats) start.w.mode &= ~((uint32_t)draw() & (MODE_DENORM_32 | MODE_DENORM_16_64));
    if (start.w.wave_size == 32) start.w.s[SREG_EXEC + 1] = 0;
    start.w.group = &group;
    start.w.scratch = given.scratch;
    start.w.scratch_bytes = SCRATCH_BYTES;
}

static unsigned natural(unsigned bytes) { return bytes >= 8 ? 8 : bytes; }

/* Bytes of a space of at least 4 KiB, one per lane: of stores each lane's own, of others also the same. */
static void draw_places(struct drawn *x, unsigned align) {
    uint64_t r = draw();
    unsigned turn = r & 63, base = (r >> 8) % 128 * 16, slot = x->row->addresses == 2 ? x->row->bytes : 32;
    bool meet = x->row->kind != STORE && x->row->addresses == 1 && r >> 6 & 1;
    if (x->row->addresses == 2) base = 0;
    for (unsigned lane = 0; lane < 64; lane++) {
        unsigned within = x->row->addresses == 2 ? 0 : draw() % 17 / align * align;
        x->at[lane][0] = base + (meet ? draw() % 4 * slot : (lane ^ turn) * slot + within);
    }
}

static unsigned draw_destination(void) {
    static const unsigned registers[] = {REG_D, REG_A, REG_B};
    return registers[draw() % 3];
}

static void draw_ds(enum op op, struct drawn *x) {
    uint64_t r = draw();
    unsigned offset[2] = {(r >> 8) % 4096, 0}, field = offset[0];
    draw_places(x, x->row->kind == ATOMIC ? natural(x->row->bytes)
                   : r & 1                ? x->row->bytes == 12 ? 4 : x->row->bytes
                                          : natural(x->row->bytes));
    if (x->row->addresses == 2) {
        offset[0] = (r >> 8) % 64;
        offset[1] =
            x->row->stride < 256 ? offset[0] + 64 + (r >> 16) % 64 : (offset[0] + 1 + (r >> 16) % 62) % 64;
        field = offset[0] | offset[1] << 8;
    }
    if (x->row->kind == ATOMIC && x->row->addresses == 1) field = offset[0] = offset[0] / 8 * 8;
    unsigned dropped = op == OP_ds_condxchg32_rtn_b64 ? r >> 40 & 7 : 0; /* lowest bits of the address */
    if (is_addtid(op)) field = offset[0] = offset[0] / 4 * 4;
    if (is_addtid(op)) start.w.s[SREG_M0] = 64 | (uint32_t)draw() << 16;
    for (unsigned lane = 0; lane < 64; lane++) {
        unsigned place = x->at[lane][0];
        if (is_addtid(op)) place = 64 + lane * 4;
        if (wave_exec(&start) >> lane & 1 && !is_addtid(op)) set_lane(&start, REG_A, lane, place + dropped);
        for (unsigned n = 0; n < x->row->addresses; n++) x->at[lane][n] = place + offset[n] * x->row->stride;
        x->space[lane] = IN_LDS;
    }
    const struct op_info *info = op_info(op);
    x->returns = info->dst != TYPE_NONE;
    x->code[0] = 0x36u << 26 | encoding_of(op)->opcode << 18 | field;
    x->code[1] = (info->src[0] == TYPE_NONE ? 0 : REG_A) | (info->src[1] == TYPE_NONE ? 0 : REG_B << 8) |
                 (info->src[2] == TYPE_NONE ? 0 : REG_C << 16) | (x->returns ? x->d << 24 : 0);
}

static void draw_segment(enum op op, struct drawn *x) {
    const struct op_info *info = op_info(op);
    bool flat = starts_with(info->name, "flat"), scratch = starts_with(info->name, "scratch");
    uint64_t r = draw();
    int offset = (int)(r >> 8 & 0x1fff) - 4096;
    if (flat || r & 4) offset &= 0xfff;
    bool saddr = !flat && (is_addtid(op) || r & 1), vaddr = !is_addtid(op) && (!scratch || r & 2);
    bool glc = x->row->kind == ATOMIC && (r >> 32 & 1 || op == OP_global_atomic_csub_u32);
    uint32_t above = vaddr ? (uint32_t)(r >> 40) % 1024 : 0; /* what vaddr adds to saddr's address */
    draw_places(x, x->row->kind == ATOMIC || r >> 33 & 1 ? natural(x->row->bytes) : 1);
    uint64_t base = (uint64_t)SLOT << SLOT_SHIFT;
    uint64_t scalar =
        scratch ? (vaddr ? above : 64 - (uint32_t)offset) : base + 2048 - above - (uint32_t)offset;
    if (!scratch) scalar = base + 2048 - above - (uint64_t)(int64_t)offset;
    if (saddr) {
        start.w.s[REG_SADDR] = (uint32_t)scalar;
        if (!scratch) start.w.s[REG_SADDR + 1] = (uint32_t)(scalar >> 32);
    }
    for (unsigned lane = 0; lane < 64; lane++) {
        uint64_t address;
        x->space[lane] = scratch ? IN_SCRATCH : IN_GLOBAL;
        if (flat && draw() % 4 == 0) x->space[lane] = draw() & 1 ? IN_LDS : IN_SCRATCH;
        if (x->space[lane] == IN_SCRATCH)
            x->at[lane][0] = (uint32_t)(draw() % (SCRATCH_BYTES - 16)) / 16 * 16 + x->at[lane][0] % 8;
        if (is_addtid(op)) x->at[lane][0] = 2048 + lane * 4;
        switch (x->space[lane]) {
        case IN_LDS: address = APERTURE_SHARED; break;
        case IN_SCRATCH: address = scratch ? 0 : APERTURE_PRIVATE; break;
        default: address = base;
        }
        if (!vaddr) {
            if (scratch) x->at[lane][0] = saddr ? 64 : (uint32_t)(offset & 0xe8);
            continue;
        }
        address += x->at[lane][0] - (uint64_t)(int64_t)offset;
        if (saddr && !scratch) {
            x->at[lane][0] = 2048 + x->at[lane][0] % 4096;
            address = x->at[lane][0] - 2048 + above;
        } else if (saddr) {
            address -= scalar;
        }
        if (!(wave_exec(&start) >> lane & 1)) continue;
        set_lane(&start, REG_A, lane, (uint32_t)address);
        if (!saddr && !scratch) set_lane(&start, REG_A + 1, lane, (uint32_t)(address >> 32));
    }
    if (scratch && !vaddr && !saddr) offset &= 0xe8;
    if (flat && r >> 50 & 1) offset |= 0x1000; /* of FLAT, the highest bit is ignored */
    x->returns = x->row->kind == LOAD || glc;
    x->code[0] = 0x37u << 26 | encoding_of(op)->opcode << 18 |
                 (flat      ? 0
                  : scratch ? 1u
                            : 2u)
                     << 16 |
                 (uint32_t)glc << 14 | ((uint32_t)offset & 0x1fff);
    x->code[1] = (vaddr ? REG_A : 0) | (x->row->kind == LOAD ? 0 : REG_B << 8) |
                 (saddr ? REG_SADDR : SREG_NULL) << 16 | (scratch && vaddr ? 1u << 23 : 0) |
                 (x->returns ? x->d << 24 : 0);
}

/* ---- comparing ----------------------------------------------------------------------------------------- */

static void model_wave(enum op op, const struct drawn *x) {
    const struct access_row *row = x->row;
    unsigned dwords = (row->bytes + 3) / 4, keep = start.w.mode >> (row->bytes == 8 ? 6 : 4);
    for (unsigned lane = 0; lane < 64; lane++) {
        if (!(wave_exec(&start) >> lane & 1)) continue;
        uint32_t data[4], data2[4], result[4];
        for (unsigned n = 0; n < 4; n++) {
            data[n] = get_lane(&start, REG_B + n, lane);
            data2[n] = get_lane(&start, (is_ds(op) ? REG_C : REG_B + dwords) + n, lane);
            result[n] = get_lane(&start, x->d + n, lane);
        }
        unsigned char *at[2];
        for (unsigned n = 0; n < 2; n++)
            at[n] = (x->space[lane] == IN_LDS      ? wanted.lds
                     : x->space[lane] == IN_GLOBAL ? wanted.global
                                                   : wanted.scratch + lane * SCRATCH_BYTES) +
                    x->at[lane][n];
        struct denormals denormals = {keep & 1, keep & 2};
        if (!is_ds(op) && row->float_atomic == model_add_f32) denormals = (struct denormals){false, false};
        model_access(row, at, data, data2, denormals, result);
        for (unsigned n = 0; n < 4 && x->returns; n++) set_lane(&want, x->d + n, lane, result[n]);
    }
}

static void explain(enum op op, const struct inst_pair *pair) {
    char text[128];
    disassemble(&gfx11, 32, &pair->x, text, sizeof text);
    print_error("%s: %s, wave%u, EXEC %016" PRIx64 ", M0 %08x; %s\n", op_info(op)->name, text,
                start.w.wave_size, wave_exec(&start), start.w.s[SREG_M0], got.report.text);
    for (unsigned reg = 0; reg < VGPRS; reg++)
        for (unsigned lane = 0; lane < 64; lane++)
            if (get_lane(&want, reg, lane) != get_lane(&got, reg, lane)) {
                print_error("v%u of lane %u: %08x, not %08x\n", reg, lane, get_lane(&got, reg, lane),
                            get_lane(&want, reg, lane));
                lane = 64, reg = VGPRS;
            }
    const unsigned char *a = (const unsigned char *)&wanted, *b = (const unsigned char *)&given;
    for (unsigned n = 0; n < sizeof wanted; n++)
        if (a[n] != b[n]) {
            print_error("byte %u: %02x, not %02x\n", n, b[n], a[n]);
            break;
        }
}

/* As the run loop does it, which knows of these operations by their port. */
static void execute_halves(const struct inst *i) {
    bool once = i->op == OP_ds_append || i->op == OP_ds_consume;
    for (unsigned half = 0; half < (once ? 1 : got.w.wave_size / LANES); half++) {
        got.w.half = half;
        got.w.v = got.v + (size_t)half * VGPRS;
        execute(table[0], &got, i);
    }
    got.w.half = 0;
}

/* Runs the simulator on the drawn state and compares it with the model's. */
static bool agrees(enum op op, const uint32_t code[2]) {
    struct inst_pair pair = decoded(code, op);
    got = start;
    got.w.fault = &got.report;
    given = begin;
    execute_halves(&pair.x);
    bool same =
        same_registers(&want, &got) && !memcmp(&wanted, &given, sizeof given) && got.w.state == WAVE_RUNNING;
    if (!same) explain(op, &pair);
    return same;
}

static void every_access_agrees(void **state) {
    (void)state;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        struct drawn x = {.row = is_ds(op) || is_segment(op) ? model_access_row(op_info(op)->name) : NULL};
        bool right = true;
        if (!x.row) continue;
        for (unsigned round = 0; round < ROUNDS && right; round++) {
            draw_memory(x.row->float_atomic);
            x.d = draw_destination();
            (is_ds(op) ? draw_ds : draw_segment)(op, &x);
            want = start;
            wanted = begin;
            model_wave(op, &x);
            right = agrees(op, x.code);
        }
        wrong += !right;
    }
    assert_int_equal(wrong, 0);
}

/* ---- lanes that read each other, counters -------------------------------------------------------------- */

/* DS_PERMUTE, DS_BPERMUTE and DS_SWIZZLE work on each 32 lanes; a lane that is off gives 0. */
static void model_exchange(enum op op, unsigned offset, unsigned d) {
    uint64_t exec = wave_exec(&start);
    uint32_t result[64] = {0};
    for (unsigned lane = 0; lane < 64; lane++) {
        unsigned half = lane & 32;
        unsigned index = half | ((get_lane(&start, REG_A, lane) + offset) / 4 % 32);
        if (op == OP_ds_permute_b32) {
            if (exec >> lane & 1) result[index] = get_lane(&start, REG_B, lane);
            continue;
        }
        if (op == OP_ds_swizzle_b32) index = half | model_swizzle_source(offset, lane & 31);
        unsigned source = op == OP_ds_swizzle_b32 ? REG_A : REG_B;
        if (exec >> index & 1) result[lane] = get_lane(&start, source, index);
    }
    for (unsigned lane = 0; lane < 64; lane++)
        if (exec >> lane & 1) set_lane(&want, d, lane, result[lane]);
}

static void lanes_read_each_other(void **state) {
    (void)state;
    static const enum op ops[] = {OP_ds_permute_b32, OP_ds_bpermute_b32, OP_ds_swizzle_b32};
    for (unsigned n = 0; n < 3; n++)
        for (unsigned round = 0; round < 20 * ROUNDS; round++) {
            uint64_t r = draw();
            bool swizzle = ops[n] == OP_ds_swizzle_b32;
            unsigned offset = (r & 0xffff) | (swizzle && r >> 16 & 1 ? 0xc000 : 0), d = draw_destination();
            draw_memory(false);
            want = start;
            wanted = begin;
            model_exchange(ops[n], offset, d);
            uint32_t code[] = {0x36u << 26 | encoding_of(ops[n])->opcode << 18 | offset,
                               REG_A | (swizzle ? 0 : REG_B << 8) | d << 24};
            assert_true(agrees(ops[n], code));
        }
}

/* Every active lane gets what the counter at M0 + offset was before all of them were added or taken away. */
static void counters_count_the_wave(void **state) {
    (void)state;
    for (unsigned round = 0; round < 10 * ROUNDS; round++) {
        uint64_t r = draw(), exec;
        unsigned offset = (r >> 8) % 4096 * 4, base = (r >> 32) % 2048 * 4, d = draw_destination();
        enum op op = r & 1 ? OP_ds_append : OP_ds_consume;
        draw_memory(false);
        start.w.s[SREG_M0] = base;
        want = start;
        wanted = begin;
        exec = wave_exec(&start);
        uint32_t before, after, lanes = (uint32_t)__builtin_popcountll(exec);
        memcpy(&before, wanted.lds + base + offset, 4);
        after = op == OP_ds_append ? before + lanes : before - lanes;
        memcpy(wanted.lds + base + offset, &after, 4);
        for (unsigned lane = 0; lane < 64; lane++)
            if (exec >> lane & 1) set_lane(&want, d, lane, before);
        uint32_t code[] = {0x36u << 26 | encoding_of(op)->opcode << 18 | offset, d << 24};
        assert_true(agrees(op, code));
    }
}

/* ---- completeness -------------------------------------------------------------------------------------- */

static void every_operation_has_a_place(void **state) {
    (void)state;
    static const struct {
        const char *part, *why;
    } exceptions[] = {
        {"image_", "graphics, not modelled"},
        {"exp", "graphics, not modelled"},
        {"lds_", "pixel parameters and their direct load: no address per lane"},
        {"ds_nop", "does nothing"},
        {"ds_gws_", "global data share, not modelled"},
        {"ds_ordered_count", "global data share, not modelled"},
        {"ds_add_gs_reg_rtn", "global data share, not modelled"},
        {"ds_sub_gs_reg_rtn", "global data share, not modelled"},
        {"ds_bvh_stack_rtn_b32", "ray tracing, not modelled"},
        {"ds_permute_b32", "above"},
        {"ds_bpermute_b32", "above"},
        {"ds_swizzle_b32", "above"},
        {"ds_append", "above"},
        {"ds_consume", "above"},
        {"buffer_", "test_model_buffer.c"},
        {"tbuffer_", "conversions of formats"},
    };
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info(op);
        if (info->port != RDNASIM_PORT_LDS && info->port != RDNASIM_PORT_VMEM) continue;
        bool known = model_access_row(info->name) != NULL;
        for (unsigned n = 0; n < sizeof exceptions / sizeof *exceptions; n++)
            known |= starts_with(info->name, exceptions[n].part);
        if (!known) fail_msg("%s has no place", info->name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_has_a_place), cmocka_unit_test(every_access_agrees),
        cmocka_unit_test(lanes_read_each_other), cmocka_unit_test(counters_count_the_wave)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
