/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include <inttypes.h>

#include "exact.h"

static const struct format {
    unsigned bits, fraction;
} formats[TYPE_COUNT] = {
    [TYPE_F16] = {16, 10}, [TYPE_BF16] = {16, 7}, [TYPE_F32] = {32, 23}, [TYPE_F64] = {64, 52}};

static int bias(struct format f) { return (1 << (f.bits - f.fraction - 2)) - 1; }
static uint64_t ones(unsigned count) { return (UINT64_C(1) << count) - 1; }

unsigned exact_precision(unsigned type) { return formats[type].fraction + 1; }
uint64_t exact_sign_bit(unsigned type) { return UINT64_C(1) << (formats[type].bits - 1); }
uint64_t exact_infinity(unsigned type) {
    struct format f = formats[type];
    return ones(f.bits - 1) & ~ones(f.fraction);
}
bool exact_is_nan(unsigned type, uint64_t bits) {
    return (bits & ~exact_sign_bit(type)) > exact_infinity(type);
}
bool exact_is_denormal(unsigned type, uint64_t bits) {
    uint64_t magnitude = bits & ~exact_sign_bit(type);
    return magnitude && magnitude <= ones(formats[type].fraction);
}

void exact_load(mpfr_ptr number, unsigned type, uint64_t bits) {
    struct format f = formats[type];
    uint64_t magnitude = bits & ~exact_sign_bit(type), fraction = magnitude & ones(f.fraction);
    int exponent = (int)(magnitude >> f.fraction), sign = bits & exact_sign_bit(type) ? -1 : 1;
    mpfr_init2(number, 64);
    if (exact_is_nan(type, bits))
        mpfr_set_nan(number);
    else if (magnitude == exact_infinity(type))
        mpfr_set_inf(number, sign);
    else if (!magnitude)
        mpfr_set_zero(number, sign);
    else {
        if (exponent) fraction |= ones(f.fraction) + 1;
        mpfr_set_uj_2exp(number, fraction, (exponent ? exponent : 1) - bias(f) - (int)f.fraction, MPFR_RNDN);
        if (sign < 0) mpfr_neg(number, number, MPFR_RNDN);
    }
}

void exact_init(mpfr_ptr number, unsigned type) { mpfr_init2(number, exact_precision(type)); }

mpfr_rnd_t exact_direction(enum direction direction) {
    static const mpfr_rnd_t directions[] = {MPFR_RNDN, MPFR_RNDU, MPFR_RNDD, MPFR_RNDZ};
    return directions[direction];
}

/* MPFR's exponents: a number is 0.1xxx * 2^e. */
uint64_t exact_store(mpfr_ptr number, int ternary, unsigned type, enum direction direction,
                     bool keep_denormals) {
    struct format f = formats[type];
    uint64_t sign = mpfr_signbit(number) ? exact_sign_bit(type) : 0;
    if (mpfr_nan_p(number)) return exact_infinity(type) | (ones(f.fraction) + 1) >> 1;
    if (mpfr_inf_p(number)) return sign | exact_infinity(type);
    if (mpfr_zero_p(number)) return sign;
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    int smallest_normal = 2 - bias(f);
    if (!keep_denormals && mpfr_get_exp(number) < smallest_normal) return sign;
    mpfr_rnd_t rnd = exact_direction(direction);
    mpfr_set_emin(smallest_normal - (int)f.fraction);
    mpfr_set_emax(bias(f) + 1);
    ternary = mpfr_check_range(number, ternary, rnd);
    mpfr_subnormalize(number, ternary, rnd);
    mpfr_set_emin(emin);
    mpfr_set_emax(emax);
    if (mpfr_inf_p(number)) return sign | exact_infinity(type);
    if (mpfr_zero_p(number)) return sign;
    int exponent = (int)mpfr_get_exp(number), unit = exponent < smallest_normal ? smallest_normal : exponent;
    mpfr_t scaled;
    mpfr_init2(scaled, 64);
    mpfr_mul_2si(scaled, number, (int)f.fraction + 1 - unit, MPFR_RNDN);
    mpfr_abs(scaled, scaled, MPFR_RNDN);
    uint64_t significand = mpfr_get_uj(scaled, MPFR_RNDN);
    mpfr_clear(scaled);
    uint64_t biased = (uint64_t)(unit - smallest_normal); /* the significand's leading bit adds one */
    return sign | ((biased << f.fraction) + significand);
}
