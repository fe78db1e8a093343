/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Minima, maxima and what else chooses among its operands, and the helpers of division, of AMD's pseudocode.
 */
#include "valu_float.h"

static bool is_negative(unsigned type, uint64_t bits) { return bits & exact_sign_bit(type); }
static uint64_t magnitude(unsigned type, uint64_t bits) { return bits & ~exact_sign_bit(type); }

/* Numbers that are no NaNs as integers in their order; -0 is less than +0. */
static int64_t ordered(unsigned type, uint64_t bits) {
    int64_t size = (int64_t)magnitude(type, bits);
    return is_negative(type, bits) ? -size - 1 : size;
}

/* As IEEE has it: zeros of either sign are equal. */
static bool equal(unsigned type, uint64_t a, uint64_t b) { return a == b || !magnitude(type, a | b); }

/* ---- minima and maxima --------------------------------------------------------------------------------- */

static uint64_t extreme(const struct float_lane *x, unsigned type, uint64_t a, uint64_t b, bool greater) {
    if (x->mode->ieee) {
        if (float_is_signalling(type, a)) return float_quiet(type, a);
        if (float_is_signalling(type, b)) return float_quiet(type, b);
    }
    if (exact_is_nan(type, b)) return a;
    if (exact_is_nan(type, a)) return b;
    return (ordered(type, a) > ordered(type, b)) == greater ? a : b;
}
static uint64_t least(const struct float_lane *x, unsigned type, uint64_t a, uint64_t b) {
    return extreme(x, type, a, b, false);
}
static uint64_t greatest(const struct float_lane *x, unsigned type, uint64_t a, uint64_t b) {
    return extreme(x, type, a, b, true);
}
static uint64_t greatest_of(const struct float_lane *x, unsigned type) {
    return greatest(x, type, greatest(x, type, x->a, x->b), x->c);
}
static uint64_t least_of(const struct float_lane *x, unsigned type) {
    return least(x, type, least(x, type, x->a, x->b), x->c);
}
static uint64_t median(const struct float_lane *x, unsigned type) {
    if (exact_is_nan(type, x->a) || exact_is_nan(type, x->b) || exact_is_nan(type, x->c))
        return least_of(x, type);
    uint64_t top = greatest_of(x, type);
    if (equal(type, top, x->a)) return greatest(x, type, x->b, x->c);
    if (equal(type, top, x->b)) return greatest(x, type, x->a, x->c);
    return greatest(x, type, x->a, x->b);
}

static void select(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->dst;
    uint64_t d = 0;
    x->a = float_flush(x, type, x->a), x->b = float_flush(x, type, x->b), x->c = float_flush(x, type, x->c);
    switch ((unsigned)op) {
    case OP_v_min_f16:
    case OP_v_min_f32:
    case OP_v_min_f64: d = least(x, type, x->a, x->b); break;
    case OP_v_max_f16:
    case OP_v_max_f32:
    case OP_v_max_f64: d = greatest(x, type, x->a, x->b); break;
    case OP_v_min3_f16:
    case OP_v_min3_f32: d = least_of(x, type); break;
    case OP_v_max3_f16:
    case OP_v_max3_f32: d = greatest_of(x, type); break;
    case OP_v_med3_f16:
    case OP_v_med3_f32: d = median(x, type); break;
    case OP_v_minmax_f16:
    case OP_v_minmax_f32: d = greatest(x, type, least(x, type, x->a, x->b), x->c); break;
    case OP_v_maxmin_f16:
    case OP_v_maxmin_f32: d = least(x, type, greatest(x, type, x->a, x->b), x->c); break;
    }
    x->d = float_modify(x, type, d, false); /* a denormal that is kept among the operands stays */
}

/* ---- bits that pass ------------------------------------------------------------------------------------ */

static void choose(enum op op, struct float_lane *x) {
    (void)op;
    x->d = x->bit ? x->b : x->a;
}
static void pack(enum op op, struct float_lane *x) {
    (void)op;
    x->d = x->b << 16 | x->a;
}

static uint64_t times_two_to(const struct float_lane *x, unsigned type, uint64_t bits, int power,
                             enum direction direction) {
    mpfr_t number, scaled;
    if (exact_is_nan(type, bits)) return x->mode->ieee ? float_quiet(type, bits) : bits;
    exact_load(number, type, bits);
    exact_init(scaled, type);
    int ternary = mpfr_mul_2si(scaled, number, power, exact_direction(direction));
    uint64_t result = exact_store(scaled, ternary, type, direction, float_denormals(x, type).keep_results);
    mpfr_clears(number, scaled, (mpfr_ptr)NULL);
    return result;
}

/* ---- faces of a cube ----------------------------------------------------------------------------------- */

static uint64_t negated(uint64_t bits) { return bits ^ 0x80000000; }
static uint64_t of_small(int number) {
    static const uint64_t numbers[] = {0, 0x3f800000, 0x40000000, 0x40400000, 0x40800000, 0x40a00000};
    return numbers[number];
}

/* The axis of the greatest coordinate: 0, 1 or 2; comparisons with a NaN are false. */
static int major_axis(const struct float_lane *x) {
    uint64_t a = magnitude(TYPE_F32, x->a), b = magnitude(TYPE_F32, x->b), c = magnitude(TYPE_F32, x->c);
    bool nan_a = exact_is_nan(TYPE_F32, a), nan_b = exact_is_nan(TYPE_F32, b),
         nan_c = exact_is_nan(TYPE_F32, c);
    if (!nan_a && !nan_b && !nan_c && c >= a && c >= b) return 2;
    return !nan_a && !nan_b && b >= a ? 1 : 0;
}
static bool below_zero(uint64_t bits) {
    return is_negative(TYPE_F32, bits) && magnitude(TYPE_F32, bits) && !exact_is_nan(TYPE_F32, bits);
}

static void cube(enum op op, struct float_lane *x) {
    x->a = float_flush(x, TYPE_F32, x->a), x->b = float_flush(x, TYPE_F32, x->b);
    x->c = float_flush(x, TYPE_F32, x->c);
    int axis = major_axis(x);
    uint64_t on_axis = axis == 2 ? x->c : axis == 1 ? x->b : x->a, d;
    bool below = below_zero(on_axis);
    if (op == OP_v_cubeid_f32)
        d = of_small(2 * axis + below);
    else if (op == OP_v_cubema_f32)
        d = times_two_to(x, TYPE_F32, on_axis, 1, float_direction(x, TYPE_F32));
    else if (op == OP_v_cubesc_f32)
        d = axis == 2 ? (below ? negated(x->a) : x->a) : axis == 1 ? x->a : below ? x->c : negated(x->c);
    else
        d = axis == 1 ? (below ? negated(x->c) : x->c) : negated(x->b);
    /* A result that is a NaN is the first among the operands, as arithmetic's. */
    if (exact_is_nan(TYPE_F32, d)) float_nan_of(x, TYPE_F32, (const uint64_t[]){x->a, x->b, x->c}, 3, &d);
    x->d = float_modify(x, TYPE_F32, float_flush_result(x, TYPE_F32, d), false);
}

/* ---- division ------------------------------------------------------------------------------------------ */

static int exponent(unsigned type, uint64_t bits) {
    return (int)(magnitude(type, bits) >> (exact_precision(type) - 1));
}
static bool is_zero(unsigned type, uint64_t bits) { return !magnitude(type, bits); }
static bool is_infinite(unsigned type, uint64_t bits) {
    return magnitude(type, bits) == exact_infinity(type);
}

/* A finite number beyond the type's range, rounded. */
static uint64_t too_large(const struct float_lane *x, unsigned type, uint64_t sign) {
    mpfr_t number;
    exact_init(number, type);
    mpfr_set_si_2exp(number, sign ? -1 : 1, 5000, MPFR_RNDN);
    uint64_t d = exact_store(number, 0, type, float_direction(x, type), true);
    mpfr_clear(number);
    return float_overflow(x, type, d);
}

/* Puts what division by Newton's steps gets wrong right: a is the quotient, b the denominator, c the
 * numerator. */
static void fix_up(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->dst;
    uint64_t q = float_flush(x, type, x->a), b = float_flush(x, type, x->b), c = float_flush(x, type, x->c),
             d;
    uint64_t sign = (b ^ c) & exact_sign_bit(type);
    int apart = exponent(type, c) - exponent(type, b);
    if (exact_is_nan(type, c))
        d = float_quiet(type, c);
    else if (exact_is_nan(type, b))
        d = float_quiet(type, b);
    else if ((is_zero(type, b) && is_zero(type, c)) || (is_infinite(type, b) && is_infinite(type, c)))
        d = float_default_nan(type) & ~(type == TYPE_F16 ? 0 : exact_sign_bit(type)); /* recorded: positive */
    else if (is_zero(type, b) || is_infinite(type, c))
        d = sign | exact_infinity(type);
    else if (is_infinite(type, b) || is_zero(type, c))
        d = sign;
    else if ((type == TYPE_F32 && apart < -150) || (type == TYPE_F64 && apart < -1075))
        d = sign;                   /* beyond underflow */
    else if (exact_is_nan(type, q)) /* recorded: the steps overflowed */
        d = sign | exact_infinity(type);
    else
        d = sign | magnitude(type, q);
    if (type == TYPE_F16 && !is_infinite(type, c) && !is_zero(type, b) && is_infinite(type, d))
        d = too_large(x, type, sign);
    x->d = float_modify(x, type, float_flush_result(x, type, d), false);
}

/* Is c / b, or 1 / b without c, smaller than the normal numbers? One that rounds to zero is, but none that is
 * zero. */
static bool quotient_is_denormal(unsigned type, const uint64_t *c, uint64_t b) {
    mpfr_t n, d, q;
    if (is_infinite(type, b)) return false;
    if (c)
        exact_load(n, type, *c);
    else
        mpfr_init_set_ui(n, 1, MPFR_RNDN);
    exact_load(d, type, b);
    exact_init(q, type);
    int ternary = mpfr_div(q, n, d, MPFR_RNDN);
    uint64_t quotient = exact_store(q, ternary, type, TO_NEAREST_EVEN, true);
    bool denormal = exact_is_denormal(type, quotient) || is_zero(type, quotient);
    mpfr_clears(n, d, q, (mpfr_ptr)NULL);
    return denormal;
}

/* Scales a, which is numerator c or denominator b, so that Newton's steps stay in range. */
static void scale_for_division(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->dst;
    const int up = type == TYPE_F32 ? 64 : 128, far = type == TYPE_F32 ? 96 : 768,
              tiny = type == TYPE_F32 ? 23 : 53;
    uint64_t a = float_flush(x, type, x->a), b = float_flush(x, type, x->b), c = float_flush(x, type, x->c),
             d = a;
    bool is_b = a == b, is_c = a == c;
    x->mask = false;
    if (is_zero(type, b) ||
        is_zero(type, c)) { /* AMD's text leaves the mask clear; cards are said to set it */
        x->mask = true;
        d = float_default_nan(type) & ~exact_sign_bit(type);
    } else if (exponent(type, c) - exponent(type, b) >= far) {
        x->mask = true;
        if (is_b) d = times_two_to(x, type, a, up, TO_NEAREST_EVEN);
    } else if (exact_is_denormal(type, b))
        d = times_two_to(x, type, a, up, TO_NEAREST_EVEN);
    else if (quotient_is_denormal(type, NULL, b) && quotient_is_denormal(type, &c, b)) {
        x->mask = true;
        if (is_b)
            d = times_two_to(x, type, a, -up,
                             TO_NEAREST_EVEN); /* AMD's text has up, which would make an infinity */
    } else if (quotient_is_denormal(type, NULL, b))
        d = times_two_to(x, type, a, -up, TO_NEAREST_EVEN);
    else if (quotient_is_denormal(type, &c, b)) {
        x->mask = true;
        if (is_c) d = times_two_to(x, type, a, up, TO_NEAREST_EVEN);
    } else if (exponent(type, c) <= tiny)
        d = times_two_to(x, type, a, up, TO_NEAREST_EVEN);
    float_nan_of(x, type, &a, 1, &d);
    x->d = float_modify(x, type, float_flush_result(x, type, d), false);
}

/* ---- pi ------------------------------------------------------------------------------------------------ */

/* 53 of the 1201 bits of 2 / pi, for the reduction of large arguments. */
static void reduction_bits(enum op op, struct float_lane *x) {
    (void)op;
    int e = exponent(TYPE_F64, x->a), shift = (int)(x->b & 31) * 53;
    if (e > 1077) shift += e - 1077;
    /* AMD's text shifts by so much within 1201 bits and means the 53 that come to the top. */
    mpfr_t bits, whole, result;
    mpfr_inits2(3000, bits, whole, (mpfr_ptr)NULL);
    exact_init(result, TYPE_F64);
    mpfr_const_pi(bits, MPFR_RNDN);
    mpfr_ui_div(bits, 2, bits, MPFR_RNDN);
    mpfr_mul_2si(bits, bits, 1201, MPFR_RNDN);
    mpfr_trunc(bits, bits); /* the number of 1201 bits */
    mpfr_mul_2si(whole, bits, shift + 53 - 1201, MPFR_RNDN);
    mpfr_trunc(whole, whole);
    mpfr_t modulus;
    mpfr_init2(modulus, 64);
    mpfr_set_ui_2exp(modulus, 1, 53, MPFR_RNDN);
    mpfr_fmod(whole, whole, modulus, MPFR_RNDN);
    mpfr_mul_2si(result, whole, -53 - shift + (e >= 1968 ? 128 : 0), MPFR_RNDN);
    uint64_t d = exact_store(result, 0, TYPE_F64, TO_NEAREST_EVEN, true);
    mpfr_clears(bits, whole, result, modulus, (mpfr_ptr)NULL);
    x->d = float_modify(x, TYPE_F64, float_flush_result(x, TYPE_F64, d), false);
}

static const struct float_row rows[] = {
    {OP_v_min_f16, select, 0},
    {OP_v_min_f32, select, 0},
    {OP_v_min_f64, select, 0},
    {OP_v_max_f16, select, 0},
    {OP_v_max_f32, select, 0},
    {OP_v_max_f64, select, 0},
    {OP_v_min3_f16, select, 0},
    {OP_v_min3_f32, select, 0},
    {OP_v_max3_f16, select, 0},
    {OP_v_max3_f32, select, 0},
    {OP_v_med3_f16, select, 0},
    {OP_v_med3_f32, select, 0},
    {OP_v_minmax_f16, select, 0},
    {OP_v_minmax_f32, select, 0},
    {OP_v_maxmin_f16, select, 0},
    {OP_v_maxmin_f32, select, 0},
    {OP_v_cndmask_b16, choose, 0},
    {OP_v_cndmask_b32, choose, 0},
    {OP_v_pack_b32_f16, pack, 0},
    {OP_v_cubema_f32, cube, 0},
    {OP_v_cubeid_f32, cube, 0},
    {OP_v_cubesc_f32, cube, 0},
    {OP_v_cubetc_f32, cube, 0},
    {OP_v_div_fixup_f16, fix_up, 0},
    {OP_v_div_fixup_f32, fix_up, 0},
    {OP_v_div_fixup_f64, fix_up, 0},
    {OP_v_div_scale_f32, scale_for_division, 0},
    {OP_v_div_scale_f64, scale_for_division, 0},
    {OP_v_trig_preop_f64, reduction_bits, 0},
};
const struct float_table float_selections = {rows, sizeof rows / sizeof *rows};
