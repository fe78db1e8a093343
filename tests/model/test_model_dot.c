/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which terms the two-term float dot products add: encodings with every modifier that the ISA guide defines,
 * constants, halves, EXEC, wave32 and wave64, drawn as machine code and compared over all registers. The sum
 * itself is the rule of dot2_rule.h.
 */
#include "dot2_rule.h"
#include "isa/generation.h"
#include "scalar_code.h"

enum { ROUNDS = 1500, FIELD_VGPR = 256 };

/* What an inline constant is for the packed operands. */
enum constant_rule {
    AS_F32,       /* its 32 bits, of which op_sel takes halves */
    UPPER_OF_F32, /* the upper half of an f32, twice */
    HALF_TWICE    /* its 16-bit form, twice */
};

static const struct row {
    enum op op;
    enum inst_format format;
    unsigned opcode;
    const struct kind *kind;
    enum result to;
    enum constant_rule constants;
} rows[] = {
    {OP_v_dot2_f32_f16, FMT_VOP3P, 0x13, &f16, TO_F32, AS_F32},
    {OP_v_dot2_f32_bf16, FMT_VOP3P, 0x1a, &bf16, TO_F32, UPPER_OF_F32},
    {OP_v_dot2_f16_f16, FMT_VOP3, 0x266, &f16, TO_F16, HALF_TWICE},
    {OP_v_dot2_bf16_bf16, FMT_VOP3, 0x267, &bf16, TO_BF16, HALF_TWICE},
    {OP_v_dot2acc_f32_f16, FMT_VOP2, 0x2, &f16, TO_F32, HALF_TWICE},
    {OP_v_dot2acc_f32_f16, FMT_VOPD, 0xc, &f16, TO_F32, HALF_TWICE},
    {OP_v_dot2acc_f32_bf16, FMT_VOPD, 0xd, &bf16, TO_F32, HALF_TWICE},
};

struct fields {
    unsigned src[3], vdst;
    unsigned neg, neg_hi, op_sel, op_sel_hi, abs;
    bool clamp;
    uint32_t literal;
};

/* ---- drawing ------------------------------------------------------------------------------------------- */

/* Exponents near the middle most often, so that terms meet; or any bits. */
static uint32_t draw_term(const struct row *row) {
    static const uint32_t edges[] = {0x0000, 0x8000, 0x0001, 0x7c00, 0xfc00, 0x7e01, 0x7f80, 0xff80, 0x7fc1};
    uint64_t r = draw();
    uint32_t any = (uint32_t)(r >> 32), middle = (1u << (row->kind->exponent_bits - 1)) - 4;
    if (r % 8 == 0) return any & 0xffff;
    if (r % 32 == 1) return edges[(r >> 8) % (sizeof edges / sizeof *edges)];
    uint32_t fraction = any & ((1u << row->kind->fraction_bits) - 1);
    return (any & 0x8000) | (middle + (uint32_t)(r >> 8) % 8) << row->kind->fraction_bits | fraction;
}
static uint32_t draw_terms(const struct row *row) { return draw_term(row) | draw_term(row) << 16; }

static void draw_operands(const struct row *row, struct machine *m) {
    draw_machine(m);
    for (unsigned reg = 0; reg < 2 * VGPRS; reg++)
        for (unsigned l = 0; l < LANES; l++)
            m->v[reg][l] = draw() & 1 && row->to == TO_F32
                               ? (draw_bits() & 0x80ffffff) | (uint32_t)(60 + draw() % 8) << 24
                               : draw_terms(row);
    if (row->format == FMT_VOPD) m->w.wave_size = 32;
}

static unsigned draw_field(const struct row *row) {
    uint64_t r = draw();
    bool integers = row->constants != UPPER_OF_F32; /* those have no upper half to speak of */
    switch (r % 8) {
    case 0: return (r >> 8) % 106;
    case 1: return 240 + (r >> 8) % 9;
    case 2: return r >> 8 & 1 && integers ? 128 + (r >> 16) % 81 : FIELD_LITERAL;
    default: return FIELD_VGPR + (r >> 8) % VGPRS;
    }
}

static struct fields draw_fields(const struct row *row) {
    uint64_t r = draw();
    struct fields x = {.vdst = r % VGPRS, .literal = draw_terms(row)};
    for (unsigned n = 0; n < 3; n++) x.src[n] = draw_field(row);
    if (x.src[1] < FIELD_VGPR && x.src[1] != x.src[0]) x.src[1] = FIELD_VGPR + (r >> 8) % VGPRS;
    if (x.src[2] < FIELD_VGPR && x.src[2] != x.src[0]) x.src[2] = FIELD_VGPR + (r >> 16) % VGPRS;
    switch ((unsigned)row->format) {
    case FMT_VOP3P:
        x.neg = r >> 24 & 7;
        x.neg_hi = r >> 27 & 3; /* the accumulator has no upper half */
        x.op_sel = r >> 30 & 3;
        x.op_sel_hi = r >> 33 & 3;
        x.clamp = r >> 36 & 1;
        break;
    case FMT_VOP3:
        x.op_sel = (r >> 30 & 3) << 2;
        x.neg = r >> 24 & 4; /* of packed operands: not defined */
        x.abs = r >> 27 & 4;
        break;
    default: x.src[1] = FIELD_VGPR + (r >> 8) % VGPRS; x.src[2] = FIELD_VGPR + x.vdst;
    }
    return x;
}

/* The other half of a dual-issue pair clears the register next to the result. */
static void assemble(const struct row *row, const struct fields *x, uint32_t code[3]) {
    code[1] = x->neg << 29 | (x->op_sel_hi & 3) << 27 | x->src[2] << 18 | x->src[1] << 9 | x->src[0];
    code[2] = x->literal;
    switch ((unsigned)row->format) {
    case FMT_VOP3P:
        code[0] = 0xccu << 24 | row->opcode << 16 | (uint32_t)x->clamp << 15 | 1u << 14 | x->op_sel << 11 |
                  x->neg_hi << 8 | x->vdst;
        break;
    case FMT_VOP3: code[0] = 0x35u << 26 | row->opcode << 16 | x->op_sel << 11 | x->abs << 8 | x->vdst; break;
    case FMT_VOP2:
        code[0] = row->opcode << 25 | x->vdst << 17 | (x->src[1] - FIELD_VGPR) << 9 | x->src[0];
        code[1] = x->literal;
        break;
    case FMT_VOPD:
        code[0] = 0x32u << 26 | row->opcode << 22 | 8u << 17 | (x->src[1] - FIELD_VGPR) << 9 | x->src[0];
        code[1] = x->vdst << 24 | x->vdst >> 1 << 17 | 128;
        break;
    }
}

/* ---- the model ----------------------------------------------------------------------------------------- */

static const uint16_t halves[] = {0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400, 0x3118};

/* The 32 bits that a source field delivers. */
static uint32_t delivered(const struct row *row, const struct machine *m, const struct fields *x, unsigned n,
                          unsigned half, unsigned l) {
    unsigned field = x->src[n];
    if (field >= FIELD_VGPR) return m->v[half * VGPRS + field - FIELD_VGPR][l];
    uint32_t value = (uint32_t)source_value(&m->w, field, TYPE_B32, x->literal);
    if (field < SREG_COUNT || field == FIELD_LITERAL) return value;
    uint32_t short_form = field < 240          ? value & 0xffff
                          : row->kind == &bf16 ? value >> 16
                                               : halves[field - 240];
    if (n == 2) return row->to == TO_F32 || field < 240 ? value : short_form; /* above, zero */
    if (row->constants == AS_F32) return value;
    return short_form * 0x10001;
}

/* The pair of 16-bit terms of source n. */
static uint32_t terms(const struct row *row, const struct fields *x, unsigned n, uint32_t value) {
    if (row->format != FMT_VOP3P) return value;
    bool constant = x->src[n] >= 240 && x->src[n] < 249 && row->constants == UPPER_OF_F32;
    uint32_t low = (x->op_sel >> n & 1 && !constant ? value >> 16 : value) & 0xffff;
    uint32_t high = (x->op_sel_hi >> n & 1 || constant ? value >> 16 : value) & 0xffff;
    return (low ^ (x->neg >> n & 1) << 15) | (high ^ (x->neg_hi >> n & 1) << 15) << 16;
}

static void model_lane(const struct row *row, const struct fields *x, const struct machine *from,
                       struct machine *to, unsigned half, unsigned l) {
    uint32_t a = terms(row, x, 0, delivered(row, from, x, 0, half, l));
    uint32_t b = terms(row, x, 1, delivered(row, from, x, 1, half, l));
    uint32_t c = delivered(row, from, x, 2, half, l), top = row->to == TO_F32 ? 0x80000000 : 0x8000;
    if (row->to != TO_F32) c = (x->op_sel & 4 ? c >> 16 : c) & 0xffff;
    if (x->abs & 4) c &= ~top;
    if (x->neg & 4) c ^= top;
    uint32_t sum = dot2_by_the_rule(*row->kind, row->to, a, b, c);
    u32v *d = &to->v[half * VGPRS + x->vdst];
    if (row->format == FMT_VOPD) to->v[x->vdst ^ 1][l] = 0;
    if (row->to == TO_F32)
        (*d)[l] = sum;
    else if (x->op_sel & 8)
        (*d)[l] = ((*d)[l] & 0xffff) | sum << 16;
    else
        (*d)[l] = ((*d)[l] & 0xffff0000) | sum;
}

static void model(const struct row *row, const struct fields *x, const struct machine *from,
                  struct machine *to) {
    for (unsigned half = 0; half < from->w.wave_size / 32; half++)
        for (unsigned l = 0; l < LANES; l++)
            if (from->w.s[SREG_EXEC + half] >> l & 1) model_lane(row, x, from, to, half, l);
}

/* ---- the tests ----------------------------------------------------------------------------------------- */

static void explain(const struct machine *from, const struct machine *want, const struct machine *got,
                    const uint32_t code[3], const struct inst *i, const char *level) {
    char text[160];
    disassemble(&gfx11, 32, i, text, sizeof text);
    print_error("%s (%08x %08x %08x) at %s, wave%u:", text, code[0], code[1], code[2], level,
                from->w.wave_size);
    for (unsigned reg = 0; reg < 2 * VGPRS; reg++)
        for (unsigned l = 0; l < LANES; l++)
            if (want->v[reg][l] != got->v[reg][l]) {
                print_error(" v[%u] lane %u is %08x, not %08x\n", reg % VGPRS, l, got->v[reg][l],
                            want->v[reg][l]);
                return;
            }
    print_error(" other registers differ\n");
}

static void run(exec_fn *const *level, struct machine *m, struct inst_pair pair) {
    if (pair.x.dual) pair.x.dual = &pair.y;
    executors_select(level, &pair);
    assert_non_null(pair.x.exec);
    for (m->w.half = 0; m->w.half < m->w.wave_size / 32; m->w.half++) {
        m->w.v = m->v + m->w.half * VGPRS;
        pair.x.exec(&m->w, &pair.x);
    }
    m->w.half = 0;
}

static bool row_agrees(const struct row *row) {
    static struct machine start, want, got;
    for (unsigned round = 0; round < ROUNDS; round++) {
        draw_operands(row, &start);
        struct fields x = draw_fields(row);
        uint32_t code[3];
        assemble(row, &x, code);
        struct inst_pair pair;
        const char *reason;
        if (!decode(&targets[TARGET_gfx1100], code, 3, &pair, &reason))
            fail_msg("%08x %08x %08x: %s", code[0], code[1], code[2], reason);
        assert_int_equal(pair.x.op, row->op);
        want = start;
        model(row, &x, &start, &want);
        for (unsigned n = 0; n < level_count; n++) {
            got = start;
            run(table[n], &got, pair);
            if (same_registers(&want, &got)) continue;
            explain(&start, &want, &got, code, &pair.x, levels[n].name);
            return false;
        }
    }
    return true;
}

static void every_row_agrees(void **state) {
    (void)state;
    unsigned wrong = 0;
    for (unsigned n = 0; n < sizeof rows / sizeof *rows; n++) wrong += !row_agrees(&rows[n]);
    assert_int_equal(wrong, 0);
}

static void every_dot_product_has_a_row(void **state) {
    (void)state;
    for (unsigned n = 0; n < sizeof encodings / sizeof *encodings; n++) {
        const struct encoding *e = &encodings[n];
        if (!starts_with(op_info(e->op)->name, "v_dot2")) continue;
        unsigned row = 0;
        while (row < sizeof rows / sizeof *rows && (rows[row].op != e->op || rows[row].format != e->format))
            row++;
        if (row == sizeof rows / sizeof *rows) fail_msg("%s has no row", op_info(e->op)->name);
        assert_int_equal(rows[row].opcode, e->opcode);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_dot_product_has_a_row),
                                       cmocka_unit_test(every_row_agrees)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
