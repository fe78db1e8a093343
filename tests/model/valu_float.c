/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "valu_float.h"

enum direction float_direction(const struct float_lane *x, unsigned type) {
    return type == TYPE_F32 ? x->mode->round_32 : x->mode->round_16_64;
}

struct denormals float_denormals(const struct float_lane *x, unsigned type) {
    return type == TYPE_F32 ? x->mode->denormals_32 : x->mode->denormals_16_64;
}

static uint64_t without_denormals(unsigned type, uint64_t bits, bool keep) {
    return exact_is_denormal(type, bits) && !keep ? bits & exact_sign_bit(type) : bits;
}

uint64_t float_flush(const struct float_lane *x, unsigned type, uint64_t bits) {
    return without_denormals(type, bits, float_denormals(x, type).keep_inputs);
}

uint64_t float_flush_result(const struct float_lane *x, unsigned type, uint64_t bits) {
    return without_denormals(type, bits, float_denormals(x, type).keep_results);
}

static uint64_t quiet_bit(unsigned type) { return UINT64_C(1) << (exact_precision(type) - 2); }

bool float_is_signalling(unsigned type, uint64_t bits) {
    return exact_is_nan(type, bits) && !(bits & quiet_bit(type));
}

uint64_t float_quiet(unsigned type, uint64_t bits) { return bits | quiet_bit(type); }

uint64_t float_default_nan(unsigned type) {
    return exact_sign_bit(type) | exact_infinity(type) | quiet_bit(type);
}

uint64_t float_convert_nan(unsigned from, unsigned to, uint64_t bits) {
    uint64_t sign = bits & exact_sign_bit(from) ? exact_sign_bit(to) : 0;
    uint64_t payload = bits & ~exact_sign_bit(from) & ~exact_infinity(from);
    int shift = (int)exact_precision(to) - (int)exact_precision(from);
    return sign | exact_infinity(to) | float_quiet(to, shift > 0 ? payload << shift : payload >> -shift);
}

bool float_nan_of(const struct float_lane *x, unsigned type, const uint64_t *operands, unsigned count,
                  uint64_t *nan) {
    for (unsigned n = 0; n < count; n++)
        if (exact_is_nan(type, operands[n])) {
            *nan = x->mode->ieee ? float_quiet(type, operands[n]) : operands[n];
            return true;
        }
    return false;
}

uint64_t float_overflow(const struct float_lane *x, unsigned type, uint64_t bits) {
    bool infinite = (bits & ~exact_sign_bit(type)) == exact_infinity(type);
    return infinite && type == TYPE_F16 && x->mode->fp16_ovfl ? bits - 1 : bits;
}

/*
 * Times 2, 4 or a half; MODE decides whether there is such a thing, and where there is, denormals are zeros.
 */
static uint64_t scale(const struct float_lane *x, unsigned type, uint64_t bits, bool flushes,
                      enum direction direction) {
    static const int exponents[] = {0, 1, 2, -1};
    if (!x->omod || x->mode->ieee || (float_denormals(x, type).keep_results && !flushes)) return bits;
    uint64_t magnitude = bits & ~exact_sign_bit(type);
    if (!magnitude || exact_is_denormal(type, bits)) return 0;
    if (magnitude >= exact_infinity(type)) return bits;
    mpfr_t number, scaled;
    exact_load(number, type, bits);
    exact_init(scaled, type);
    int ternary = mpfr_mul_2si(scaled, number, exponents[x->omod], exact_direction(direction));
    uint64_t result = float_overflow(x, type, exact_store(scaled, ternary, type, direction, false));
    mpfr_clears(number, scaled, (mpfr_ptr)NULL);
    return result;
}

/* To 0..1. */
static uint64_t clamp(const struct float_lane *x, unsigned type, uint64_t bits) {
    uint64_t one = (exact_infinity(type) >> 1) & ~(2 * quiet_bit(type) - 1); /* half the largest exponent */
    if (!x->clamp) return bits;
    if (exact_is_nan(type, bits)) return x->mode->dx10_clamp ? 0 : bits;
    if (bits & exact_sign_bit(type)) return 0;
    return bits > one ? one : bits;
}

uint64_t float_modify_rounded(const struct float_lane *x, unsigned type, uint64_t bits, bool flushes,
                              enum direction direction) {
    return clamp(x, type, scale(x, type, bits, flushes, direction));
}

uint64_t float_modify(const struct float_lane *x, unsigned type, uint64_t bits, bool flushes) {
    return float_modify_rounded(x, type, bits, flushes, float_direction(x, type));
}
