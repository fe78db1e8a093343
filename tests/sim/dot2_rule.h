/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * One step of the silicon's two-term dot product for one lane, straight from the rule's text (docs of the
 * rule: sim/exec/gfx11/dot.h) in wide integers: what the simulator's own arithmetic is compared with.
 */
#ifndef DOT2_RULE_H
#define DOT2_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct kind { /* of the factors */
    int fraction_bits, exponent_bits;
    bool flushes;
};
static const struct kind f16 = {10, 5, false}, bf16 = {7, 8, true};
enum result { TO_F32, TO_F16, TO_BF16 };

struct number { /* mantissa * 2^scale; exponent is the one the exponent field stands for */
    bool negative, inf, nan;
    __int128 mantissa;
    int scale, exponent;
};

static inline struct number parse(uint32_t bits, int fraction_bits, int exponent_bits, bool flushes) {
    struct number x = {0};
    int bias = (1 << (exponent_bits - 1)) - 1,
        field = (int)(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    uint32_t fraction = bits & ((1u << fraction_bits) - 1);
    x.negative = bits >> (fraction_bits + exponent_bits) & 1;
    if (field == (1 << exponent_bits) - 1) {
        x.inf = fraction == 0;
        x.nan = fraction != 0;
        return x;
    }
    x.exponent = field ? field - bias : 1 - bias;
    x.scale = x.exponent - fraction_bits;
    x.mantissa = field ? fraction + (1u << fraction_bits) : flushes ? 0 : fraction;
    return x;
}

static inline int leading_bit(__int128 m) {
    int n = -1;
    for (; m; m >>= 1) n++;
    return n;
}

/* Truncated to the grid, then as ones' complement where the sign is not the frame's. */
static inline __int128 on_grid(__int128 mantissa, int scale, int grid, bool opposes) {
    int shift = scale - grid;
    __int128 m = !mantissa || shift < -120 ? 0 : shift >= 0 ? mantissa << shift : mantissa >> -shift;
    return opposes ? -m - 1 : m;
}

/* |total| * 2^grid to nearest even with the given precision, least exponent and largest exponent. */
static inline uint32_t encode(__int128 total, int grid, int fraction_bits, int exponent_bits,
                              bool keeps_subnormals) {
    int bias = (1 << (exponent_bits - 1)) - 1, least = 1 - bias;
    uint32_t sign = 0;
    if (total < 0) {
        sign = 1u << (fraction_bits + exponent_bits);
        total = -total;
    }
    if (!total) return 0;
    int exponent = leading_bit(total) + grid;
    bool subnormal = keeps_subnormals && exponent < least;
    int unit = (subnormal ? least : exponent) - fraction_bits, drop = unit - grid;
    __int128 m = total;
    if (drop > 0) {
        __int128 rest = drop > 100 ? total : total & (((__int128)1 << drop) - 1),
                 half = (__int128)1 << (drop > 100 ? 100 : drop - 1);
        m = drop > 100 ? 0 : total >> drop;
        if (rest > half || (rest == half && (m & 1))) m++;
    } else {
        m <<= -drop;
    }
    if (leading_bit(m) > fraction_bits) {
        m >>= 1;
        exponent++;
    }
    if (subnormal) return sign | (uint32_t)m; /* a carry into the exponent field is right as it is */
    if (exponent < least) return 0;
    if (exponent > bias) return sign | ((1u << exponent_bits) - 1) << fraction_bits;
    return sign | (uint32_t)(exponent + bias) << fraction_bits | ((uint32_t)m & ((1u << fraction_bits) - 1));
}

/* c and the result are f32 bits for TO_F32, f16 bits for TO_F16, bf16 bits for TO_BF16. */
static inline uint32_t dot2_by_the_rule(struct kind kind, enum result to, uint32_t a, uint32_t b,
                                        uint32_t c) {
    struct number p[2],
        z = to == TO_F16 ? parse(c, 10, 5, false) : parse(to == TO_BF16 ? c << 16 : c, 23, 8, true);
    bool any_nan = false, zero_times_inf = false;
    for (int n = 0; n < 2; n++) {
        struct number x = parse(a >> 16 * n & 0xffff, kind.fraction_bits, kind.exponent_bits, kind.flushes);
        struct number y = parse(b >> 16 * n & 0xffff, kind.fraction_bits, kind.exponent_bits, kind.flushes);
        any_nan |= x.nan || y.nan;
        p[n] = (struct number){.negative = x.negative != y.negative, .inf = x.inf || y.inf};
        zero_times_inf |= (x.inf && !y.inf && !y.mantissa) || (y.inf && !x.inf && !x.mantissa);
        p[n].mantissa = x.mantissa * y.mantissa;
        p[n].scale = x.scale + y.scale;
        p[n].exponent = x.exponent + y.exponent;
    }
    uint32_t special = 0;
    if (any_nan)
        special = 0xffc00a3d;
    else if (zero_times_inf || (p[0].inf && p[1].inf && p[0].negative != p[1].negative))
        special = 0xffc00000;
    else if (z.nan)
        return to == TO_F32 ? c | 0x400000 : to == TO_F16 ? c | 0x200 : c | 0x40;
    else
        for (int n = 0; n < 2; n++)
            if (p[n].inf)
                special = z.inf && z.negative != p[n].negative ? 0xffc00000
                          : p[n].negative                      ? 0xff800000
                                                               : 0x7f800000;
    if (!special && z.inf) return c;
    if (special)
        return to == TO_F32            ? special
               : to == TO_BF16         ? special >> 16
               : special == 0x7f800000 ? 0x7c00
               : special == 0xff800000 ? 0xfc00
                                       : 0xfe00;

    if (!z.mantissa && !p[0].mantissa && !p[1].mantissa) return 0;
    int grid = -100000, top = -100000;
    for (int n = 0; n < 2; n++) {
        if (!p[n].mantissa) continue;
        if (p[n].exponent - 24 > grid) grid = p[n].exponent - 24;
        if (leading_bit(p[n].mantissa) + p[n].scale > top) top = leading_bit(p[n].mantissa) + p[n].scale;
    }
    if (z.mantissa) {
        int lead = leading_bit(z.mantissa) + z.scale;
        if (to == TO_F16 && lead < -14) lead = -14;
        if (lead > top) top = lead;
    }
    if (top - 26 > grid) grid = top - 26;
    __int128 total = on_grid(z.mantissa, z.scale, grid, false);
    for (int n = 0; n < 2; n++)
        total += on_grid(p[n].mantissa, p[n].scale, grid, p[n].negative != z.negative);
    if (z.negative) total = -total;
    if (to == TO_F16) return encode(total, grid, 10, 5, true);
    uint32_t r = encode(total, grid, 23, 8, false);
    return to == TO_BF16 ? r >> 16 : r;
}

#endif
