/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "formats.h"

#include <string.h>

#include "valu_float.h"

/* The families in the order of their numbers; AMD's names tell the highest bits first. */
static const struct {
    const char *kinds;
    uint8_t bits[COMPONENTS];
} families[] = {{"usUSiI", {8}},
                {"usUSiIf", {16}},
                {"usUSiI", {8, 8}},
                {"iIf", {32}},
                {"usUSiIf", {16, 16}},
                {"f", {11, 11, 10}},
                {"f", {10, 11, 11}},
                {"usiI", {2, 10, 10, 10}},
                {"usUSiI", {10, 10, 10, 2}},
                {"usUSiI", {8, 8, 8, 8}},
                {"iIf", {32, 32}},
                {"usUSiIf", {16, 16, 16, 16}},
                {"iIf", {32, 32, 32}},
                {"iIf", {32, 32, 32, 32}}};

struct format_info model_format(unsigned number) {
    struct format_info f = {0};
    unsigned next = 1, bits = 0;
    for (unsigned n = 0; n < sizeof families / sizeof *families; n++) {
        unsigned count = (unsigned)strlen(families[n].kinds);
        if (number >= next && number < next + count) {
            f.kind = families[n].kinds[number - next];
            for (unsigned c = 0; c < COMPONENTS; c++) bits += f.bits[c] = families[n].bits[c];
        }
        next += count;
    }
    f.bytes = bits / 8;
    return f;
}

static unsigned first_bit(const struct format_info *f, unsigned n) {
    unsigned bit = 0;
    while (n) bit += f->bits[--n];
    return bit;
}
static uint32_t get_bits(const struct format_info *f, const unsigned char *element, unsigned n) {
    uint32_t value = 0;
    for (unsigned bit = 0, first = first_bit(f, n); bit < f->bits[n]; bit++)
        value |= (uint32_t)(element[(first + bit) / 8] >> (first + bit) % 8 & 1) << bit;
    return value;
}
static void put_bits(const struct format_info *f, unsigned char *element, unsigned n, uint32_t value) {
    for (unsigned bit = 0, first = first_bit(f, n); bit < f->bits[n]; bit++) {
        unsigned char one = (unsigned char)(1 << (first + bit) % 8);
        element[(first + bit) / 8] &= (unsigned char)~one;
        if (value >> bit & 1) element[(first + bit) / 8] |= one;
    }
}

static bool is_signed(char kind) { return kind == 's' || kind == 'S' || kind == 'I'; }
static bool is_integer(char kind) { return kind == 'i' || kind == 'I'; }
static int64_t extend(uint32_t value, unsigned bits, bool sign) {
    return sign && value >> (bits - 1) & 1 ? (int64_t)value - (INT64_C(1) << bits) : (int64_t)value;
}
static int64_t largest(unsigned bits, bool sign) { return (INT64_C(1) << (bits - sign)) - 1; }

/* The bits of a halved or quartered half, of 11 or 10 bits without a sign, as a half's. */
static uint32_t as_half(uint32_t value, unsigned bits) { return value << (15 - bits); }

static uint32_t load_32(const struct format_info *f, uint32_t raw, unsigned bits) {
    int64_t value = extend(raw, bits, is_signed(f->kind));
    mpfr_t number, rounded;
    if (f->kind == 'f') {
        if (bits == 32) return raw;
        if (bits < 16) raw = as_half(raw, bits);
        if (exact_is_nan(TYPE_F16, raw)) return (uint32_t)float_convert_nan(TYPE_F16, TYPE_F32, raw);
        exact_load(number, TYPE_F16, raw);
    } else {
        mpfr_init2(number, 64);
        mpfr_set_sj(number, value, MPFR_RNDN);
    }
    exact_init(rounded, TYPE_F32);
    int ternary;
    if (f->kind == 'u' || f->kind == 's') {
        ternary = mpfr_div_ui(rounded, number, (unsigned long)largest(bits, is_signed(f->kind)), MPFR_RNDN);
        if (mpfr_cmp_si(rounded, -1) < 0) ternary = mpfr_set_si(rounded, -1, MPFR_RNDN);
    } else
        ternary = mpfr_set(rounded, number, MPFR_RNDN);
    uint32_t d = (uint32_t)exact_store(rounded, ternary, TYPE_F32, TO_NEAREST_EVEN, true);
    mpfr_clears(number, rounded, (mpfr_ptr)NULL);
    return d;
}

/* To a half, or with fewer bits to a smaller one without a sign, whose negative numbers are 0. */
static uint32_t narrow(uint32_t value, unsigned type, unsigned bits, enum direction direction) {
    mpfr_rnd_t rnd = exact_direction(direction);
    bool small = bits < 16;
    if (exact_is_nan(type, value)) {
        uint32_t nan = (uint32_t)float_convert_nan(type, TYPE_F16, value);
        return small ? (nan & 0x7fff) >> (15 - bits) : nan;
    }
    if (small && value & exact_sign_bit(type)) return 0;
    mpfr_t number, rounded;
    exact_load(number, type, value);
    unsigned fraction = small ? bits - 5 : 10;
    mpfr_init2(rounded, fraction + 1);
    int ternary = mpfr_set(rounded, number, rnd);
    mpfr_exp_t emin = mpfr_get_emin(), emax = mpfr_get_emax();
    mpfr_set_emin(-13 - (int)fraction); /* of the least subnormal number */
    mpfr_set_emax(16);
    ternary = mpfr_check_range(rounded, ternary, rnd);
    mpfr_subnormalize(rounded, ternary, rnd);
    mpfr_set_emin(emin);
    mpfr_set_emax(emax);
    uint32_t half = (uint32_t)exact_store(rounded, 0, TYPE_F16, TO_NEAREST_EVEN, true);
    mpfr_clears(number, rounded, (mpfr_ptr)NULL);
    return small ? half >> (15 - bits) : half;
}

/* Forms of 16 bits give what those of 32 read; f32 is truncated, all else rounded once more. */
uint32_t model_format_load(const struct format_info *f, const unsigned char *element, unsigned n, bool d16) {
    unsigned bits = f->bits[n];
    uint32_t raw = get_bits(f, element, n);
    if (is_integer(f->kind)) {
        uint32_t value = (uint32_t)extend(raw, bits, is_signed(f->kind));
        return d16 ? value & 0xffff : value;
    }
    uint32_t value = load_32(f, raw, bits);
    return d16 ? narrow(value, TYPE_F32, 16, bits == 32 ? TO_ZERO : TO_NEAREST_EVEN) : value;
}

uint32_t model_format_constant(const struct format_info *f, bool one, bool d16) {
    return !one ? 0 : is_integer(f->kind) ? 1 : d16 ? 0x3c00 : 0x3f800000;
}

static uint32_t limited(mpfr_srcptr number, int64_t low, int64_t high) {
    return (uint32_t)(mpfr_cmp_si(number, low) < 0    ? low
                      : mpfr_cmp_si(number, high) > 0 ? high
                                                      : mpfr_get_sj(number, MPFR_RNDN)); /* to nearest even */
}

void model_format_store(const struct format_info *f, unsigned char *element, unsigned n, uint32_t value,
                        bool d16) {
    unsigned bits = f->bits[n], type = d16 ? TYPE_F16 : TYPE_F32;
    bool sign = is_signed(f->kind);
    int64_t high = largest(bits, sign), low = !sign ? 0 : f->kind == 's' ? -high : -high - 1;
    mpfr_t number;
    if (is_integer(f->kind)) {
        int64_t integer = extend(value, d16 ? 16 : 32, sign);
        put_bits(f, element, n, (uint32_t)(integer < low ? low : integer > high ? high : integer));
        return;
    }
    if (f->kind == 'f') {
        if (bits == 32 && d16) {
            struct format_info half = {.kind = 'f'};
            value = load_32(&half, value, 16);
        } else if (bits < 32)
            value = narrow(value, type, bits, TO_NEAREST_EVEN);
        put_bits(f, element, n, value);
        return;
    }
    if (exact_is_nan(type, value)) {
        put_bits(f, element, n, 0);
        return;
    }
    exact_load(number, type, value);
    mpfr_t scaled;
    mpfr_init2(scaled, 200);
    mpfr_mul_ui(scaled, number, f->kind == 'u' || f->kind == 's' ? (unsigned long)high : 1, MPFR_RNDN);
    put_bits(f, element, n, limited(scaled, low, high));
    mpfr_clears(number, scaled, (mpfr_ptr)NULL);
}
