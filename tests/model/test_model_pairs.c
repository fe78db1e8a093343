/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Dual issue: every pair of operations does what its two operations do, both on the registers as they were.
 * Pairs are drawn as machine code, with few registers, so that one half often reads what the other writes;
 * the single operations are put together here, so that the decoder's halves are checked as well.
 */
#include "scalar_code.h"

enum { ROUNDS = 60, REGISTERS = 12, FIELD_VGPR = 256, OPCODES_X = 14 };

/* Operations by opcode, as the ISA guide lists them; X takes the first 14, Y all. */
static const struct {
    unsigned opcode;
    enum op op;
} ops[] = {
    {0, OP_v_fmac_f32},         {1, OP_v_fmaak_f32},         {2, OP_v_fmamk_f32},
    {3, OP_v_mul_f32},          {4, OP_v_add_f32},           {5, OP_v_sub_f32},
    {6, OP_v_subrev_f32},       {7, OP_v_mul_dx9_zero_f32},  {8, OP_v_mov_b32},
    {9, OP_v_cndmask_b32},      {10, OP_v_max_f32},          {11, OP_v_min_f32},
    {12, OP_v_dot2acc_f32_f16}, {13, OP_v_dot2acc_f32_bf16}, {16, OP_v_add_nc_u32},
    {17, OP_v_lshlrev_b32},     {18, OP_v_and_b32},
};
enum { OPS = sizeof ops / sizeof *ops };

/* One half's fields. */
struct half {
    enum op op;
    unsigned opcode, src0, vsrc1, vdst;
};

/* ---- drawing ------------------------------------------------------------------------------------------- */

static bool is_dot(enum op op) { return op == OP_v_dot2acc_f32_f16 || op == OP_v_dot2acc_f32_bf16; }

/* A register of another bank, of four, than the other half's. */
static unsigned draw_vgpr(unsigned other) {
    unsigned reg;
    do reg = draw() % REGISTERS;
    while (reg % 4 == other % 4);
    return reg;
}

/* Inline constants of dot products are left to test_model_dot.c. */
static unsigned draw_src0(enum op op, unsigned other) {
    uint64_t r = draw();
    switch (r % 8) {
    case 0: return (r >> 8) % 106;
    case 1: return is_dot(op) ? SREG_VCC : 128 + (r >> 8) % 81;
    case 2: return is_dot(op) ? (r >> 8) % 106 : 240 + (r >> 8) % 9;
    case 3: return FIELD_LITERAL;
    default: return FIELD_VGPR + draw_vgpr(other);
    }
}

static bool is_scalar(unsigned field) { return field < 128 || field == FIELD_LITERAL; }
static bool reads_literal(const struct half *h) {
    return h->op == OP_v_fmaak_f32 || h->op == OP_v_fmamk_f32 || h->src0 == FIELD_LITERAL;
}

/* The register that goes through the third read port, of which operations that use it have one each. */
static bool uses_port2(const struct half *h) {
    return h->op == OP_v_fmamk_f32 || h->op == OP_v_fmac_f32 || is_dot(h->op);
}
static unsigned port2(const struct half *h) { return h->op == OP_v_fmamk_f32 ? h->vsrc1 : h->vdst; }

/*
 * A pair may read two scalar values: registers, VCC, the literal; and one port 2 of even, one of odd number.
 */
static bool is_legal(const struct half *x, const struct half *y) {
    bool vcc =
        x->op == OP_v_cndmask_b32 || y->op == OP_v_cndmask_b32 || x->src0 == SREG_VCC || y->src0 == SREG_VCC;
    unsigned scalars = vcc + (reads_literal(x) || reads_literal(y));
    bool sx = is_scalar(x->src0) && x->src0 != SREG_VCC && x->src0 != FIELD_LITERAL;
    bool sy = is_scalar(y->src0) && y->src0 != SREG_VCC && y->src0 != FIELD_LITERAL;
    if (uses_port2(x) && uses_port2(y) && port2(x) % 2 == port2(y) % 2) return false;
    return scalars + sx + (sy && (!sx || x->src0 != y->src0)) <= 2;
}

static void draw_pair(struct half *x, struct half *y) {
    do {
        x->src0 = draw_src0(x->op, REGISTERS - 1);
        y->src0 = draw_src0(y->op, x->src0);
        x->vsrc1 = draw() % REGISTERS;
        y->vsrc1 = draw_vgpr(x->vsrc1);
        x->vdst = draw() % REGISTERS;
        y->vdst = (draw() % REGISTERS & ~1ull) | !(x->vdst & 1);
        if (x->op == OP_v_mov_b32) x->vsrc1 = 0;
        if (y->op == OP_v_mov_b32) y->vsrc1 = 0;
    } while (!is_legal(x, y));
}

static void encode(const struct half *x, const struct half *y, uint32_t code[3]) {
    code[0] = 0x32u << 26 | x->opcode << 22 | y->opcode << 17 | x->vsrc1 << 9 | x->src0;
    code[1] = x->vdst << 24 | y->vdst >> 1 << 17 | y->vsrc1 << 9 | y->src0;
    code[2] = draw_bits();
}

/* ---- the two operations, one at a time ----------------------------------------------------------------- */

static struct operand constant(uint32_t value) {
    return (struct operand){.kind = OPND_CONST, .dwords = 1, .value = value};
}
static struct operand source(const struct machine *m, unsigned field, uint32_t literal) {
    if (field >= FIELD_VGPR) return vgpr(field - FIELD_VGPR);
    if (field < SREG_COUNT) return (struct operand){.kind = OPND_SGPR, .reg = (uint16_t)field, .dwords = 1};
    return constant((uint32_t)source_value(&m->w, field, TYPE_B32, literal));
}

static struct inst single(const struct half *h, const struct machine *m, uint32_t literal) {
    struct inst i = instruction(h->op, FMT_VOP2, 2);
    i.dst = vgpr(h->vdst);
    i.src[0] = source(m, h->src0, literal);
    i.src[1] = vgpr(h->vsrc1);
    i.src[2] = (struct operand){0};
    switch ((unsigned)h->op) {
    case OP_v_mov_b32: i.src_count = 1, i.src[1] = (struct operand){0}; break;
    case OP_v_fmac_f32:
    case OP_v_dot2acc_f32_f16:
    case OP_v_dot2acc_f32_bf16: i.src_count = 3, i.src[2] = i.dst; break;
    case OP_v_fmaak_f32: i.src_count = 3, i.src[2] = constant(literal); break;
    case OP_v_fmamk_f32: i.src_count = 3, i.src[2] = i.src[1], i.src[1] = constant(literal); break;
    case OP_v_cndmask_b32: i.src_count = 3, i.src[2].kind = OPND_SGPR, i.src[2].reg = SREG_VCC; break;
    }
    i.dst.type = op_info(h->op)->dst;
    for (unsigned n = 0; n < i.src_count; n++) i.src[n].type = op_info(h->op)->src[n];
    return i;
}

static void run_single(exec_fn *const *level, struct machine *m, const struct half *h, uint32_t literal) {
    struct inst i = single(h, m, literal);
    execute_wave(level, m, &i);
}

static void run_pair(exec_fn *const *level, struct machine *m, const uint32_t code[3]) {
    struct inst_pair pair;
    const char *reason;
    if (!decode(&targets[TARGET_gfx1100], code, 3, &pair, &reason))
        fail_msg("%08x %08x %08x: %s", code[0], code[1], code[2], reason);
    executors_select(level, &pair);
    assert_non_null(pair.x.exec);
    m->w.v = m->v;
    pair.x.exec(&m->w, &pair.x);
}

static void explain(const struct half *x, const struct half *y, const uint32_t code[3], const char *level) {
    print_error("%s and %s at %s: %08x %08x %08x differs from its halves\n", op_info(x->op)->name,
                op_info(y->op)->name, level, code[0], code[1], code[2]);
}

static void pair_agrees(struct half x, struct half y, unsigned *wrong) {
    static struct machine start, only_x, want, got;
    for (unsigned round = 0; round < ROUNDS; round++) {
        draw_machine(&start);
        start.w.wave_size = 32;
        start.w.mode ^= (uint32_t)draw() & (MODE_ROUND_32 | MODE_DENORM_32 | MODE_DENORM_16_64 | MODE_IEEE);
        draw_pair(&x, &y);
        uint32_t code[3];
        encode(&x, &y, code);
        for (unsigned n = 0; n < level_count; n++) {
            only_x = want = got = start;
            run_single(table[n], &only_x, &x, code[2]);
            run_single(table[n], &want, &y, code[2]);
            memcpy(&want.v[x.vdst], &only_x.v[x.vdst], sizeof want.v[0]);
            run_pair(table[n], &got, code);
            if (same_registers(&want, &got)) continue;
            explain(&x, &y, code, levels[n].name);
            ++*wrong;
            return;
        }
    }
}

static void every_pair_is_its_halves(void **state) {
    (void)state;
    unsigned wrong = 0;
    for (unsigned x = 0; x < OPCODES_X; x++)
        for (unsigned y = 0; y < OPS; y++)
            pair_agrees((struct half){.op = ops[x].op, .opcode = ops[x].opcode},
                        (struct half){.op = ops[y].op, .opcode = ops[y].opcode}, &wrong);
    assert_int_equal(wrong, 0);
}

static void every_opcode_is_listed(void **state) {
    (void)state;
    unsigned listed = 0;
    for (unsigned n = 0; n < sizeof encodings / sizeof *encodings; n++) {
        if (encodings[n].format != FMT_VOPD) continue;
        unsigned row = 0;
        while (row < OPS && ops[row].opcode != encodings[n].opcode) row++;
        if (row == OPS || ops[row].op != encodings[n].op)
            fail_msg("opcode %u, %s, is not listed", encodings[n].opcode, op_info(encodings[n].op)->name);
        listed++;
    }
    assert_int_equal(listed, OPS);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_opcode_is_listed),
                                       cmocka_unit_test(every_pair_is_its_halves)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
