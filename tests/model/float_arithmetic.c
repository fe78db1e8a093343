/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Sums, products and fused products, rounded once by MPFR in the direction that MODE gives. */
#include "valu_float.h"

enum operation { ADD, SUBTRACT, SUBTRACT_FROM, MULTIPLY, FUSE };

/* What is to be computed, and how its result is stored. */
struct work {
    enum operation operation;
    uint64_t operands[3];
    unsigned types[3], count, result;
    bool flushes;   /* operands and results, in every MODE */
    bool keeps;     /* operands, in every MODE */
    bool converts;  /* halves pass through f32 */
    bool truncates; /* rounds towards zero, in every MODE */
    int power;      /* of two, which the sum is multiplied by before it is rounded */
};

static bool is_zero(unsigned type, uint64_t bits) { return !(bits & ~exact_sign_bit(type)); }
static bool is_infinite(unsigned type, uint64_t bits) {
    return (bits & ~exact_sign_bit(type)) == exact_infinity(type);
}

/* The NaN that the operands make, if they do. */
static bool find_nan(const struct float_lane *x, const struct work *w, uint64_t *nan) {
    const uint64_t *o = w->operands;
    bool product_invalid =
        w->operation == FUSE && ((is_zero(w->types[0], o[0]) && is_infinite(w->types[1], o[1])) ||
                                 (is_infinite(w->types[0], o[0]) && is_zero(w->types[1], o[1])));
    if (product_invalid) {
        *nan = float_default_nan(w->result);
        return true;
    }
    for (unsigned n = 0; n < w->count; n++)
        if (exact_is_nan(w->types[n], o[n])) {
            if (w->converts && (w->types[n] == TYPE_F16 || w->result == TYPE_F16))
                *nan = float_convert_nan(w->types[n], w->result, o[n]);
            else
                *nan = x->mode->ieee ? float_quiet(w->result, o[n]) : o[n];
            return true;
        }
    return false;
}

static int evaluate(const struct work *w, mpfr_t result, mpfr_t o[3], mpfr_rnd_t rnd) {
    switch (w->operation) {
    case ADD: return mpfr_add(result, o[0], o[1], rnd);
    case SUBTRACT: return mpfr_sub(result, o[0], o[1], rnd);
    case SUBTRACT_FROM: return mpfr_sub(result, o[1], o[0], rnd);
    case MULTIPLY: return mpfr_mul(result, o[0], o[1], rnd);
    case FUSE: return mpfr_fma(result, o[0], o[1], o[2], rnd);
    }
    return 0;
}

static uint64_t compute(const struct float_lane *x, struct work w) {
    uint64_t nan, result;
    bool infinite = false;
    for (unsigned n = 0; n < w.count; n++) {
        if (!w.keeps) w.operands[n] = float_flush(x, w.types[n], w.operands[n]);
        if (w.flushes && exact_is_denormal(w.types[n], w.operands[n]))
            w.operands[n] &= exact_sign_bit(w.types[n]);
        infinite |= is_infinite(w.types[n], w.operands[n]);
    }
    if (find_nan(x, &w, &nan)) return nan;
    mpfr_t o[3], rounded;
    for (unsigned n = 0; n < w.count; n++) exact_load(o[n], w.types[n], w.operands[n]);
    exact_init(rounded, w.result);
    enum direction direction = w.truncates ? TO_ZERO : float_direction(x, w.result);
    /* Scaling only moves the range, which MPFR's numbers do not have: one rounding. */
    int ternary = evaluate(&w, rounded, o, exact_direction(direction));
    mpfr_mul_2si(rounded, rounded, w.power, MPFR_RNDN);
    if (mpfr_nan_p(rounded))
        result = float_default_nan(w.result);
    else
        result = exact_store(rounded, ternary, w.result, direction,
                             float_denormals(x, w.result).keep_results && !w.flushes);
    for (unsigned n = 0; n < w.count; n++) mpfr_clear(o[n]);
    mpfr_clear(rounded);
    return infinite ? result : float_overflow(x, w.result, result);
}

static struct work work(enum op op, const struct float_lane *x, enum operation operation) {
    unsigned type = op_info(op)->dst;
    return (struct work){.operation = operation,
                         .operands = {x->a, x->b, x->c},
                         .types = {type, type, type},
                         .count = operation == FUSE ? 3 : 2,
                         .result = type};
}

static void finish(enum op op, struct float_lane *x, struct work w) {
    x->d = float_modify(x, op_info(op)->dst, compute(x, w), w.flushes);
}

static void add(enum op op, struct float_lane *x) { finish(op, x, work(op, x, ADD)); }
static void subtract(enum op op, struct float_lane *x) { finish(op, x, work(op, x, SUBTRACT)); }
static void subtract_from(enum op op, struct float_lane *x) { finish(op, x, work(op, x, SUBTRACT_FROM)); }
static void multiply(enum op op, struct float_lane *x) { finish(op, x, work(op, x, MULTIPLY)); }
static void fuse(enum op op, struct float_lane *x) { finish(op, x, work(op, x, FUSE)); }

/* Zero times anything is zero, infinities and NaNs included. */
static bool has_zero_factor(const struct float_lane *x, bool flushes) {
    uint64_t a = float_flush(x, TYPE_F32, x->a), b = float_flush(x, TYPE_F32, x->b);
    return is_zero(TYPE_F32, a) || is_zero(TYPE_F32, b) ||
           (flushes && (exact_is_denormal(TYPE_F32, a) || exact_is_denormal(TYPE_F32, b)));
}
static void multiply_dx9(enum op op, struct float_lane *x) {
    if (has_zero_factor(x, false))
        x->d = float_modify(x, TYPE_F32, 0, false);
    else
        multiply(op, x);
}
/* The addend then passes through an addition of zero. */
static void fuse_dx9(enum op op, struct float_lane *x) {
    struct work w = work(op, x, FUSE);
    w.flushes = true;
    if (has_zero_factor(x, true)) w.operands[0] = w.operands[1] = 0;
    finish(op, x, w);
}

static void multiply_lighting(enum op op, struct float_lane *x) {
    const uint64_t lowest = 0xff7fffff, minus_infinity = 0xff800000;
    uint64_t b = float_flush(x, TYPE_F32, x->b), c = float_flush(x, TYPE_F32, x->c);
    bool not_positive = exact_is_nan(TYPE_F32, c) || c & exact_sign_bit(TYPE_F32) || !c;
    if (b == lowest || b == minus_infinity || exact_is_nan(TYPE_F32, b) || not_positive)
        x->d = float_modify(x, TYPE_F32, lowest, false);
    else
        multiply(op, x);
}

static void fuse_mixed(enum op op, struct float_lane *x) {
    unsigned result = op == OP_v_fma_mix_f32 ? TYPE_F32 : TYPE_F16;
    struct work w = work(op, x, FUSE);
    w.result = result, w.converts = true;
    for (unsigned n = 0; n < 3; n++) w.types[n] = x->wide[n] ? TYPE_F32 : TYPE_F16;
    x->d = float_modify(x, result, compute(x, w), false);
}

/*
 * The last step of a division: operands are not flushed, and the sum is scaled back by where the addend lies.
 * AMD's text has 2^32 and one direction.
 */
static void fuse_for_division(enum op op, struct float_lane *x) {
    struct work w = work(op, x, FUSE);
    unsigned type = w.result, fraction = exact_precision(type) - 1;
    uint64_t exponent = (x->c & ~exact_sign_bit(type)) >> fraction;
    w.keeps = true;
    int up = type == TYPE_F32 ? 64 : 128;
    if (x->bit) w.power = exponent > (exact_infinity(type) >> fraction) / 2 ? up : -up;
    finish(op, x, w);
}

/* Parameters of triangles: a and c may come from other lanes of the quad. */
static void interpolate(enum op op, struct float_lane *x) {
    const struct op_info *info = op_info(op);
    struct work w = work(op, x, FUSE);
    for (unsigned n = 0; n < 3; n++) w.types[n] = info->src[n];
    w.keeps = w.converts = true;
    w.truncates = op == OP_v_interp_p10_rtz_f16_f32 || op == OP_v_interp_p2_rtz_f16_f32;
    finish(op, x, w);
}

static const struct float_row rows[] = {
    {OP_v_add_f16, add, 0},
    {OP_v_add_f32, add, 0},
    {OP_v_add_f64, add, 0},
    {OP_v_sub_f16, subtract, 0},
    {OP_v_sub_f32, subtract, 0},
    {OP_v_subrev_f16, subtract_from, 0},
    {OP_v_subrev_f32, subtract_from, 0},
    {OP_v_mul_f16, multiply, 0},
    {OP_v_mul_f32, multiply, 0},
    {OP_v_mul_f64, multiply, 0},
    {OP_v_fma_f16, fuse, 0},
    {OP_v_fma_f32, fuse, 0},
    {OP_v_fma_f64, fuse, 0},
    {OP_v_fmac_f16, fuse, 0},
    {OP_v_fmac_f32, fuse, 0},
    {OP_v_fmamk_f16, fuse, 0},
    {OP_v_fmamk_f32, fuse, 0},
    {OP_v_fmaak_f16, fuse, 0},
    {OP_v_fmaak_f32, fuse, 0},
    {OP_v_mul_dx9_zero_f32, multiply_dx9, 0},
    {OP_v_fma_dx9_zero_f32, fuse_dx9, 0},
    {OP_v_fmac_dx9_zero_f32, fuse_dx9, 0},
    {OP_v_mullit_f32, multiply_lighting, 0},
    {OP_v_div_fmas_f32, fuse_for_division, 0},
    {OP_v_div_fmas_f64, fuse_for_division, 0},
    {OP_v_interp_p10_f32, interpolate, 0},
    {OP_v_interp_p2_f32, interpolate, 0},
    {OP_v_interp_p10_f16_f32, interpolate, 0},
    {OP_v_interp_p2_f16_f32, interpolate, 0},
    {OP_v_interp_p10_rtz_f16_f32, interpolate, 0},
    {OP_v_interp_p2_rtz_f16_f32, interpolate, 0},
    {OP_v_fma_mix_f32, fuse_mixed, 0},
    {OP_v_fma_mixlo_f16, fuse_mixed, 0},
    {OP_v_fma_mixhi_f16, fuse_mixed, 0},
};
const struct float_table float_arithmetic = {rows, sizeof rows / sizeof *rows};
