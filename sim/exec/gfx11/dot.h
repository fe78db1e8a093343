/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The silicon's two-term dot product c + a0*b0 + a1*b1, which v_dot2_* execute and WMMA is built of. It is no
 * chain of IEEE operations:
 *
 *  - products are exact integers; bf16 and accumulator subnormals count as zero, f16 subnormals do not;
 *  - the three terms are cut off (truncated in magnitude) below one common grid, whose unit is the larger of
 *    2^-24 of the largest product by its factors' exponents, and 2^-26 of the accumulator's leading bit;
 *  - a term whose sign differs from the accumulator's is added as ones' complement, one unit too low;
 *  - the sum is rounded once to nearest even, and subnormal results become +0.
 *
 * In units of the grid all terms are below 2^27, so 32-bit integers hold every sum.
 */
#ifndef RDNASIM_DOT_H
#define RDNASIM_DOT_H

#include "exec/lanes.h"

enum dot_input { DOT_F16, DOT_BF16 };
/*
 * The result, and the accumulator in the form of an f32: rounded to f16, or truncated to bf16, at every step.
 */
enum dot_output { DOT_TO_F32, DOT_TO_F16, DOT_TO_BF16 };

/* One factor: integer mantissa, biased exponent. */
static inline uint32_t dot_exponent(enum dot_input in, uint32_t h) {
    return in == DOT_F16 ? h >> 10 & 31 : h >> 7 & 255;
}
static inline uint32_t dot_mantissa(enum dot_input in, uint32_t h) {
    uint32_t e = dot_exponent(in, h);
    if (in == DOT_F16) return (h & 0x3ff) | (uint32_t)(e != 0) << 10;
    return select32(e != 0, (h & 0x7f) | 0x80, 0);
}
static inline int32_t dot_weight(enum dot_input in, uint32_t h) {
    uint32_t e = dot_exponent(in, h);
    return (int32_t)(in == DOT_F16 ? e + (e == 0) : e);
}
static inline uint32_t dot_is_special(enum dot_input in, uint32_t h) {
    return dot_exponent(in, h) == (in == DOT_F16 ? 31 : 255);
}

/* Exponents are on one scale: the f32 exponent field of a number whose 2^-26 is the unit of the grid. */
enum { DOT_BELOW_ALL = 4096 }; /* taken off the exponents of zeros, so that they set no grid */
/* ... of a product, less the sum of its factors' exponent fields: E - 24 = (field - 127) - 26 */
static inline int32_t dot_bias(enum dot_input in) { return 127 + 26 - 24 - 2 * (in == DOT_F16 ? 15 : 127); }
/* Left shift that brings a product of mantissas to the grid set by its own exponent. */
static inline unsigned dot_scale(enum dot_input in) { return in == DOT_F16 ? 24 - 20 : 24 - 14; }

static inline uint32_t dot_align(uint32_t magnitude, int32_t shift) {
    return magnitude >> (shift < 31 ? shift : 31);
}

/* An f32 rounded to the values of f16, subnormals kept: adding a number of the right size rounds at its last
 * bit. */
static inline uint32_t dot_round_f16(uint32_t u) {
    uint32_t sign = u & 0x80000000, e = u >> 23 & 255, unit = e > 113 ? e : 113;
    float magic = bits_float((unit + 13) << 23 | 0x400000);
    uint32_t r = float_bits((bits_float(u) + magic) - magic) | sign;
    return select32((r & 0x7fffffff) >= 0x47800000, sign | 0x7f800000, r);
}

/*
 * One step with finite inputs. p0, p1: products of mantissas; e0, e1: sums of the factors' exponents; bit 31
 * of s0, s1: the products' signs; c: accumulator as f32 bits.
 */
static inline uint32_t dot_step(enum dot_input in, enum dot_output out, uint32_t p0, int32_t e0, uint32_t s0,
                                uint32_t p1, int32_t e1, uint32_t s1, uint32_t c) {
    int32_t ec = (int32_t)(c >> 23 & 255);
    uint32_t mc = select32(ec != 0, (c & 0x7fffff) | 0x800000, 0);
    int32_t x0 = e0 + dot_bias(in) - (p0 == 0) * DOT_BELOW_ALL,
            x1 = e1 + dot_bias(in) - (p1 == 0) * DOT_BELOW_ALL;
    int32_t xc = ec - (ec == 0) * DOT_BELOW_ALL;
    /* an f16 accumulator's leading bit counts as at least 2^-14 */
    int32_t least = out == DOT_TO_F16 ? 113 - (ec == 0) * DOT_BELOW_ALL : -DOT_BELOW_ALL;
    int32_t grid = x0 > x1 ? x0 : x1;
    grid = grid > xc ? grid : xc;
    grid = grid > least ? grid : least;
    uint32_t t0 = dot_align(p0 << dot_scale(in), grid - x0), t1 = dot_align(p1 << dot_scale(in), grid - x1);
    uint32_t d0 = (uint32_t)((int32_t)(s0 ^ c) >> 31), d1 = (uint32_t)((int32_t)(s1 ^ c) >> 31);
    uint32_t total = dot_align(mc << 3, grid - xc) + (t0 ^ d0) + (t1 ^ d1); /* in the frame of c's sign */
    uint32_t frame = (uint32_t)((int32_t)c >> 31);
    total = (total ^ frame) - frame;
    /* of large sums f32 would round the last 4 bits away: they become one, odd bit */
    if (out == DOT_TO_F16) {
        bool large = (total ^ (uint32_t)((int32_t)total >> 31)) >> 24 != 0;
        uint32_t odd = (total & ~UINT32_C(15)) | (uint32_t)((total & 15) != 0) << 4;
        total = select32(large, odd, total);
    }
    uint32_t r = float_bits((float)(int32_t)total);
    int32_t e = (int32_t)(r >> 23 & 255) + grid - 153;
    uint32_t scaled = r + (uint32_t)(grid - 153) * (1u << 23), infinity = (r & 0x80000000) | 0x7f800000;
    r = select32((total != 0) & (e > 0), select32(e >= 255, infinity, scaled), 0);
    if (out == DOT_TO_F16) return dot_round_f16(r);
    return out == DOT_TO_BF16 ? r & 0xffff0000 : r;
}

/* One step that has an Inf or NaN among its inputs; a and b are packed pairs. */
static inline uint32_t dot_step_special(enum dot_input in, uint32_t a, uint32_t b, uint32_t c) {
    uint32_t inf = in == DOT_F16 ? 0x7c00 : 0x7f80, least = in == DOT_F16 ? 1 : 0x80;
    bool positive = false, negative = false, invalid = false;
    for (unsigned shift = 0; shift < 32; shift += 16) {
        uint32_t x = a >> shift & 0xffff, y = b >> shift & 0xffff, mx = x & 0x7fff, my = y & 0x7fff;
        if (mx > inf || my > inf) return 0xffc00a3d;
        if (mx != inf && my != inf) continue;
        if (mx < least || my < least)
            invalid = true;
        else if ((x ^ y) & 0x8000)
            negative = true;
        else
            positive = true;
    }
    /* the second factor pair may still hold a NaN, so this comes after the loop */
    if (invalid || (positive && negative)) return DEFAULT_NAN_32;
    if (nan_f32(c)) return c | 0x400000;
    if ((c & 0x7fffffff) == 0x7f800000) {
        if (c >> 31 ? positive : negative) return DEFAULT_NAN_32;
        return c;
    }
    return positive ? 0x7f800000 : 0xff800000;
}

/* Any inputs, one lane: what the vector loops fall back to. */
static inline uint32_t dot_step_any(enum dot_input in, enum dot_output out, uint32_t a, uint32_t b,
                                    uint32_t c) {
    uint32_t a0 = a & 0xffff, a1 = a >> 16, b0 = b & 0xffff, b1 = b >> 16;
    if (dot_is_special(in, a0) || dot_is_special(in, a1) || dot_is_special(in, b0) ||
        dot_is_special(in, b1) || (c >> 23 & 255) == 255) {
        uint32_t r = dot_step_special(in, a, b, c);
        return out == DOT_TO_F32 ? r : out == DOT_TO_BF16 ? r & 0xffff0000 : r & 0xffffe000;
    }
    return dot_step(in, out, dot_mantissa(in, a0) * dot_mantissa(in, b0),
                    dot_weight(in, a0) + dot_weight(in, b0), (a ^ b) << 16,
                    dot_mantissa(in, a1) * dot_mantissa(in, b1), dot_weight(in, a1) + dot_weight(in, b1),
                    a ^ b, c);
}

#endif
