/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Conversions between types, and what takes numbers apart: integer and fraction, exponent and mantissa. */
#include <string.h>

#include "valu_float.h"

/* ---- between floats ------------------------------------------------------------------------------------ */

static uint64_t convert(const struct float_lane *x, unsigned from, unsigned to, uint64_t bits,
                        enum direction direction) {
    mpfr_t number, rounded;
    bits = float_flush(x, from, bits);
    if (exact_is_nan(from, bits)) return float_convert_nan(from, to, bits);
    bool infinite = (bits & ~exact_sign_bit(from)) == exact_infinity(from);
    exact_load(number, from, bits);
    exact_init(rounded, to);
    int ternary = mpfr_set(rounded, number, exact_direction(direction));
    uint64_t d = exact_store(rounded, ternary, to, direction, float_denormals(x, to).keep_results);
    mpfr_clears(number, rounded, (mpfr_ptr)NULL);
    return infinite ? d : float_overflow(x, to, d);
}

static void convert_float(enum op op, struct float_lane *x) {
    unsigned from = op_info(op)->src[0], to = op_info(op)->dst;
    /* The direction is that of halves and doubles, if one of the two is one. */
    enum direction direction = from == TYPE_F32 && to == TYPE_F32 ? x->mode->round_32 : x->mode->round_16_64;
    x->d = float_modify_rounded(x, to, convert(x, from, to, x->a, direction), false, direction);
}

static void pack_halves(enum op op, struct float_lane *x) {
    (void)op;
    x->d =
        convert(x, TYPE_F32, TYPE_F16, x->b, TO_ZERO) << 16 | convert(x, TYPE_F32, TYPE_F16, x->a, TO_ZERO);
}

/* ---- from integers ------------------------------------------------------------------------------------- */

static uint64_t of_integer(const struct float_lane *x, int64_t value, unsigned to) {
    mpfr_t rounded;
    enum direction direction = float_direction(x, to);
    exact_init(rounded, to);
    int ternary = mpfr_set_sj(rounded, value, exact_direction(direction));
    uint64_t d = exact_store(rounded, ternary, to, direction, true);
    mpfr_clear(rounded);
    return float_overflow(x, to, d);
}

static void convert_integer(enum op op, struct float_lane *x) {
    unsigned from = op_info(op)->src[0], to = op_info(op)->dst;
    int64_t value = from == TYPE_I32   ? (int32_t)x->a
                    : from == TYPE_I16 ? (int16_t)x->a
                    : from == TYPE_U16 ? (uint16_t)x->a
                                       : (int64_t)(uint32_t)x->a;
    x->d = float_modify(x, to, of_integer(x, value, to), false);
}

static void convert_byte(enum op op, struct float_lane *x) {
    unsigned byte = (unsigned)op - OP_v_cvt_f32_ubyte0;
    x->d = float_modify(x, TYPE_F32, of_integer(x, (int64_t)(x->a >> 8 * byte & 255), TYPE_F32), false);
}

/* Four signed bits as sixteenths. */
static void convert_offset(enum op op, struct float_lane *x) {
    (void)op;
    mpfr_t sixteenths;
    exact_init(sixteenths, TYPE_F32);
    mpfr_set_si_2exp(sixteenths, (int)(x->a & 7) - (int)(x->a & 8), -4, MPFR_RNDN);
    x->d = float_modify(x, TYPE_F32, exact_store(sixteenths, 0, TYPE_F32, TO_NEAREST_EVEN, true), false);
    mpfr_clear(sixteenths);
}

/* ---- to integers --------------------------------------------------------------------------------------- */

typedef int to_whole(mpfr_ptr to, mpfr_srcptr from);

/* number * scale made whole, within low..high; a NaN is 0. */
static uint64_t to_integer(const struct float_lane *x, unsigned from, uint64_t bits, int64_t scale,
                           to_whole *whole, int64_t low, int64_t high) {
    mpfr_t number;
    bits = float_flush(x, from, bits);
    if (exact_is_nan(from, bits)) return 0;
    exact_load(number, from, bits);
    mpfr_t product;
    mpfr_init2(product, 128);
    mpfr_mul_si(product, number, scale, MPFR_RNDN); /* exact */
    whole(product, product);
    int64_t value = mpfr_cmp_si(product, low) < 0    ? low
                    : mpfr_cmp_si(product, high) > 0 ? high
                                                     : mpfr_get_sj(product, MPFR_RNDZ);
    mpfr_clears(number, product, (mpfr_ptr)NULL);
    return (uint64_t)value;
}

static int nearest_up(mpfr_ptr to, mpfr_srcptr from) {
    mpfr_t sum;
    mpfr_init2(sum, 300);
    mpfr_add_d(sum, from, 0.5, MPFR_RNDN);
    int ternary = mpfr_floor(to, sum);
    mpfr_clear(sum);
    return ternary;
}

static void convert_to_integer(enum op op, struct float_lane *x) {
    static const struct {
        unsigned type;
        int64_t low, high;
    } ranges[] = {{TYPE_I16, INT16_MIN, INT16_MAX},
                  {TYPE_U16, 0, UINT16_MAX},
                  {TYPE_I32, INT32_MIN, INT32_MAX},
                  {TYPE_U32, 0, UINT32_MAX}};
    to_whole *whole = op == OP_v_cvt_floor_i32_f32     ? mpfr_floor
                      : op == OP_v_cvt_nearest_i32_f32 ? nearest_up
                                                       : mpfr_trunc;
    for (unsigned n = 0; n < 4; n++)
        if (ranges[n].type == op_info(op)->dst)
            x->d = to_integer(x, op_info(op)->src[0], x->a, 1, whole, ranges[n].low, ranges[n].high);
}

/* Of both operands, the second above the first. */
static void pack_integers(enum op op, struct float_lane *x) {
    bool is_signed = op == OP_v_cvt_pk_i16_f32;
    int64_t low = is_signed ? INT16_MIN : 0, high = is_signed ? INT16_MAX : UINT16_MAX;
    uint64_t a = to_integer(x, TYPE_F32, x->a, 1, mpfr_trunc, low, high);
    uint64_t b = to_integer(x, TYPE_F32, x->b, 1, mpfr_trunc, low, high);
    x->d = (b & 0xffff) << 16 | (a & 0xffff);
}

/* -1..1 or 0..1 in steps of the largest integer, to nearest even. */
static uint64_t normalised(const struct float_lane *x, unsigned from, uint64_t bits, bool is_signed) {
    int64_t high = is_signed ? INT16_MAX : UINT16_MAX;
    return to_integer(x, from, bits, high, mpfr_roundeven, is_signed ? -high : 0, high) & 0xffff;
}
static bool is_signed_norm(enum op op) { return strstr(op_info(op)->name, "norm_i16") != NULL; }
static void normalise(enum op op, struct float_lane *x) {
    x->d = normalised(x, TYPE_F16, x->a, is_signed_norm(op));
}
static void pack_normalised(enum op op, struct float_lane *x) {
    unsigned from = op_info(op)->src[0];
    x->d =
        normalised(x, from, x->b, is_signed_norm(op)) << 16 | normalised(x, from, x->a, is_signed_norm(op));
}

/* Puts a byte into the third operand, rounded as MODE says. */
static void pack_byte(enum op op, struct float_lane *x) {
    static to_whole *const wholes[] = {mpfr_roundeven, mpfr_ceil, mpfr_floor, mpfr_trunc};
    (void)op;
    unsigned shift = 8 * (x->b & 3);
    uint64_t byte = to_integer(x, TYPE_F32, x->a, 1, wholes[x->mode->round_32], 0, 255);
    x->d = (x->c & ~(UINT64_C(255) << shift)) | byte << shift;
}

/* ---- parts of numbers ---------------------------------------------------------------------------------- */

static void make_whole(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->dst;
    const char *name = op_info(op)->name;
    uint64_t a = float_flush(x, type, x->a), d;
    if (!float_nan_of(x, type, &a, 1, &d)) {
        mpfr_t number, whole;
        exact_load(number, type, a);
        exact_init(whole, type);
        if (strstr(name, "trunc"))
            mpfr_trunc(whole, number);
        else if (strstr(name, "ceil"))
            mpfr_ceil(whole, number);
        else if (strstr(name, "floor"))
            mpfr_floor(whole, number);
        else
            mpfr_roundeven(whole, number);
        d = exact_store(whole, 0, type, TO_NEAREST_EVEN, true);
        mpfr_clears(number, whole, (mpfr_ptr)NULL);
    }
    x->d = float_modify(x, type, d, false);
}

/* x - floor(x), rounded, but less than 1. */
static void take_fraction(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->dst;
    uint64_t a = float_flush(x, type, x->a), d;
    bool infinite = (a & ~exact_sign_bit(type)) == exact_infinity(type);
    uint64_t one = (exact_infinity(type) >> 1) & ~((UINT64_C(1) << (exact_precision(type) - 1)) - 1);
    if (infinite)
        d = float_default_nan(type);
    else if (!float_nan_of(x, type, &a, 1, &d)) {
        mpfr_t number, whole, difference;
        exact_load(number, type, a);
        mpfr_init2(whole, 64);
        mpfr_floor(whole, number);
        exact_init(difference, type);
        enum direction direction = float_direction(x, type);
        int ternary = mpfr_sub(difference, number, whole, exact_direction(direction));
        d = exact_store(difference, ternary, type, direction, float_denormals(x, type).keep_results);
        mpfr_clears(number, whole, difference, (mpfr_ptr)NULL);
        if (d == one) d--;
    }
    x->d = float_modify(x, type, d, false);
}

static void scale_by_power(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->dst;
    int power = type == TYPE_F16 ? (int16_t)x->b : (int32_t)x->b;
    uint64_t a = float_flush(x, type, x->a), d;
    if (!float_nan_of(x, type, &a, 1, &d)) {
        bool infinite = (a & ~exact_sign_bit(type)) == exact_infinity(type);
        mpfr_t number, scaled;
        exact_load(number, type, a);
        exact_init(scaled, type);
        enum direction direction = float_direction(x, type);
        int ternary = mpfr_mul_2si(scaled, number, power, exact_direction(direction));
        d = exact_store(scaled, ternary, type, direction, float_denormals(x, type).keep_results);
        mpfr_clears(number, scaled, (mpfr_ptr)NULL);
        if (!infinite) d = float_overflow(x, type, d);
    }
    x->d = float_modify(x, type, d, false);
}

/* mantissa * 2^exponent with a mantissa of 0.5 or more and less than 1; denormals are normalised. */
static bool take_apart(unsigned type, uint64_t bits, uint64_t *mantissa, int *exponent) {
    uint64_t magnitude = bits & ~exact_sign_bit(type);
    *mantissa = bits, *exponent = 0;
    if (!magnitude || magnitude >= exact_infinity(type)) return false;
    mpfr_t number, half;
    exact_load(number, type, bits);
    *exponent = (int)mpfr_get_exp(number);
    exact_init(half, type);
    mpfr_mul_2si(half, number, -*exponent, MPFR_RNDN);
    *mantissa = exact_store(half, 0, type, TO_NEAREST_EVEN, true);
    mpfr_clears(number, half, (mpfr_ptr)NULL);
    return true;
}
static void take_mantissa(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->dst;
    uint64_t d;
    int exponent;
    take_apart(type, float_flush(x, type, x->a), &d, &exponent);
    if (exact_is_nan(type, d)) d = float_quiet(type, d);
    x->d = float_modify(x, type, d, false);
}
static void take_exponent(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->src[0];
    uint64_t mantissa;
    int exponent;
    take_apart(type, float_flush(x, type, x->a), &mantissa, &exponent);
    x->d = (uint32_t)exponent;
}

static const struct float_row rows[] = {
    {OP_v_cvt_f16_f32, convert_float, 0},
    {OP_v_cvt_f32_f16, convert_float, 0},
    {OP_v_cvt_f32_f64, convert_float, 0},
    {OP_v_cvt_f64_f32, convert_float, 0},
    {OP_v_cvt_pk_rtz_f16_f32, pack_halves, 0},
    {OP_v_cvt_f64_i32, convert_integer, 0},
    {OP_v_cvt_f64_u32, convert_integer, 0},
    {OP_v_cvt_f32_i32, convert_integer, 0},
    {OP_v_cvt_f32_u32, convert_integer, 0},
    {OP_v_cvt_f16_i16, convert_integer, 0},
    {OP_v_cvt_f16_u16, convert_integer, 0},
    {OP_v_cvt_f32_ubyte0, convert_byte, 0},
    {OP_v_cvt_f32_ubyte1, convert_byte, 0},
    {OP_v_cvt_f32_ubyte2, convert_byte, 0},
    {OP_v_cvt_f32_ubyte3, convert_byte, 0},
    {OP_v_cvt_off_f32_i4, convert_offset, 0},
    {OP_v_cvt_i32_f64, convert_to_integer, 0},
    {OP_v_cvt_u32_f64, convert_to_integer, 0},
    {OP_v_cvt_i32_f32, convert_to_integer, 0},
    {OP_v_cvt_u32_f32, convert_to_integer, 0},
    {OP_v_cvt_i16_f16, convert_to_integer, 0},
    {OP_v_cvt_u16_f16, convert_to_integer, 0},
    {OP_v_cvt_nearest_i32_f32, convert_to_integer, 0},
    {OP_v_cvt_floor_i32_f32, convert_to_integer, 0},
    {OP_v_cvt_pk_i16_f32, pack_integers, 0},
    {OP_v_cvt_pk_u16_f32, pack_integers, 0},
    {OP_v_cvt_norm_i16_f16, normalise, 0},
    {OP_v_cvt_norm_u16_f16, normalise, 0},
    {OP_v_cvt_pk_norm_i16_f16, pack_normalised, 0},
    {OP_v_cvt_pk_norm_u16_f16, pack_normalised, 0},
    {OP_v_cvt_pk_norm_i16_f32, pack_normalised, 0},
    {OP_v_cvt_pk_norm_u16_f32, pack_normalised, 0},
    {OP_v_cvt_pk_u8_f32, pack_byte, 0},
    {OP_v_trunc_f16, make_whole, 0},
    {OP_v_trunc_f32, make_whole, 0},
    {OP_v_trunc_f64, make_whole, 0},
    {OP_v_ceil_f16, make_whole, 0},
    {OP_v_ceil_f32, make_whole, 0},
    {OP_v_ceil_f64, make_whole, 0},
    {OP_v_floor_f16, make_whole, 0},
    {OP_v_floor_f32, make_whole, 0},
    {OP_v_floor_f64, make_whole, 0},
    {OP_v_rndne_f16, make_whole, 0},
    {OP_v_rndne_f32, make_whole, 0},
    {OP_v_rndne_f64, make_whole, 0},
    {OP_v_fract_f16, take_fraction, 0},
    {OP_v_fract_f32, take_fraction, 0},
    {OP_v_fract_f64, take_fraction, 0},
    {OP_v_ldexp_f16, scale_by_power, 0},
    {OP_v_ldexp_f32, scale_by_power, 0},
    {OP_v_ldexp_f64, scale_by_power, 0},
    {OP_v_frexp_mant_f16, take_mantissa, 0},
    {OP_v_frexp_mant_f32, take_mantissa, 0},
    {OP_v_frexp_mant_f64, take_mantissa, 0},
    {OP_v_frexp_exp_i16_f16, take_exponent, 0},
    {OP_v_frexp_exp_i32_f32, take_exponent, 0},
    {OP_v_frexp_exp_i32_f64, take_exponent, 0},
};
const struct float_table float_conversions = {rows, sizeof rows / sizeof *rows};
