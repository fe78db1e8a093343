/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What vector memory and LDS instructions have in common: how data widths map to registers, and what atomics
 * compute. Addresses have been turned into checked host pointers before anything here is called.
 */
#ifndef GFX11SIM_ACCESS_H
#define GFX11SIM_ACCESS_H

#include <string.h>

#include "machine.h"

/* How a loaded value fills its register, or a stored one leaves it. */
enum width {
    WIDTH_U8,
    WIDTH_I8,
    WIDTH_U16,
    WIDTH_I16, /* extended to 32 bits */
    WIDTH_D16_U8,
    WIDTH_D16_I8,
    WIDTH_D16, /* to the lower half, keeping the upper one */
    WIDTH_HI_U8,
    WIDTH_HI_I8,
    WIDTH_HI, /* to (from) the upper half, keeping the lower one */
    WIDTH_32,
    WIDTH_64,
    WIDTH_96,
    WIDTH_128
};

static inline uint32_t width_bytes(enum width width) {
    static const uint8_t bytes[] = {1, 1, 2, 2, 1, 1, 2, 1, 1, 2, 4, 8, 12, 16};
    return bytes[width];
}

static inline uint32_t *vgpr(struct wave *w, unsigned reg) { return (uint32_t *)&w->v[reg]; }

/* One lane's value from memory to registers dst, dst + 1, ... */
static inline void load_lane(struct wave *w, unsigned dst, unsigned lane, const unsigned char *p,
                             enum width width) {
    uint32_t *r = vgpr(w, dst);
    uint16_t half = 0;
    if (width_bytes(width) == 2) memcpy(&half, p, 2);
    switch (width) {
    case WIDTH_U8: r[lane] = *p; break;
    case WIDTH_I8: r[lane] = (uint32_t)(int32_t)(int8_t)*p; break;
    case WIDTH_U16: r[lane] = half; break;
    case WIDTH_I16: r[lane] = (uint32_t)(int32_t)(int16_t)half; break;
    case WIDTH_D16_U8: r[lane] = (r[lane] & 0xffff0000) | *p; break;
    case WIDTH_D16_I8: r[lane] = (r[lane] & 0xffff0000) | (uint16_t)(int8_t)*p; break;
    case WIDTH_D16: r[lane] = (r[lane] & 0xffff0000) | half; break;
    case WIDTH_HI_U8: r[lane] = (r[lane] & 0xffff) | (uint32_t)*p << 16; break;
    case WIDTH_HI_I8: r[lane] = (r[lane] & 0xffff) | (uint32_t)(uint16_t)(int8_t)*p << 16; break;
    case WIDTH_HI: r[lane] = (r[lane] & 0xffff) | (uint32_t)half << 16; break;
    default:
        for (unsigned n = 0; n < width_bytes(width) / 4; n++) memcpy(&vgpr(w, dst + n)[lane], p + 4 * n, 4);
    }
}

static inline void store_lane(struct wave *w, unsigned src, unsigned lane, unsigned char *p,
                              enum width width) {
    uint32_t value = vgpr(w, src)[lane];
    if (width == WIDTH_HI_U8 || width == WIDTH_HI) value >>= 16;
    switch (width_bytes(width)) {
    case 1: *p = (unsigned char)value; break;
    case 2: {
        uint16_t half = (uint16_t)value;
        memcpy(p, &half, 2);
        break;
    }
    default:
        for (unsigned n = 0; n < width_bytes(width) / 4; n++) memcpy(p + 4 * n, &vgpr(w, src + n)[lane], 4);
    }
}

/* ---- atomics ------------------------------------------------------------------------------------------- */

/* The new value from the one in memory and one or two operands (data2: compared value, mask, bound). */
typedef uint64_t atomic_fn(uint64_t memory, uint64_t data, uint64_t data2);

/*
 * ATOMICS(X): X(suffix, bits, expression of m, d, e). 32-bit values are zero-extended; signed and float ones
 * are converted by the expression. Host atomics make each read-modify-write indivisible, because work-groups
 * run on several host threads.
 */
#define S32(x) ((int32_t)(x))
#define S64(x) ((int64_t)(x))
#define ATOMICS(X)                                                                                           \
    X(swap_b32, 32, d)                                                                                       \
    X(cmpswap_b32, 32, m == e ? d : m)                                                                       \
    X(cmpswap_f32, 32, equal_f32(m, e) ? d : m)                                                              \
    X(add_u32, 32, (uint32_t)(m + d))                                                                        \
    X(sub_u32, 32, (uint32_t)(m - d))                                                                        \
    X(rsub_u32, 32, (uint32_t)(d - m))                                                                       \
    X(csub_u32, 32, m >= d ? m - d : 0)                                                                      \
    X(min_i32, 32, S32(d) < S32(m) ? d : m)                                                                  \
    X(min_u32, 32, d < m ? d : m)                                                                            \
    X(max_i32, 32, S32(d) > S32(m) ? d : m)                                                                  \
    X(max_u32, 32, d > m ? d : m)                                                                            \
    X(and_b32, 32, m &d)                                                                                     \
    X(or_b32, 32, m | d)                                                                                     \
    X(xor_b32, 32, m ^ d)                                                                                    \
    X(mskor_b32, 32, (m & ~d) | e)                                                                           \
    X(inc_u32, 32, m >= d ? 0 : m + 1)                                                                       \
    X(dec_u32, 32, m == 0 || m > d ? d : m - 1)                                                              \
    X(wrap_b32, 32, (uint32_t)(m >= d ? m - d : m + e))                                                      \
    X(min_f32, 32, minmax_f32(m, d, true))                                                                   \
    X(max_f32, 32, minmax_f32(m, d, false))                                                                  \
    X(add_f32, 32, sum_f32(m, d))                                                                            \
    X(swap_b64, 64, d)                                                                                       \
    X(cmpswap_b64, 64, m == e ? d : m)                                                                       \
    X(add_u64, 64, m + d)                                                                                    \
    X(sub_u64, 64, m - d)                                                                                    \
    X(rsub_u64, 64, d - m)                                                                                   \
    X(min_i64, 64, S64(d) < S64(m) ? d : m)                                                                  \
    X(min_u64, 64, d < m ? d : m)                                                                            \
    X(max_i64, 64, S64(d) > S64(m) ? d : m)                                                                  \
    X(max_u64, 64, d > m ? d : m)                                                                            \
    X(and_b64, 64, m &d)                                                                                     \
    X(or_b64, 64, m | d)                                                                                     \
    X(xor_b64, 64, m ^ d)                                                                                    \
    X(mskor_b64, 64, (m & ~d) | e)                                                                           \
    X(inc_u64, 64, m >= d ? 0 : m + 1)                                                                       \
    X(dec_u64, 64, m == 0 || m > d ? d : m - 1)

static inline float lane_float(uint64_t bits) {
    uint32_t u = (uint32_t)bits;
    float f;
    memcpy(&f, &u, 4);
    return f;
}
/* Atomic float units flush subnormal inputs, whatever MODE says. */
static inline uint64_t flush_f32(uint64_t bits) { return bits & 0x7f800000 ? bits : bits & 0x80000000; }
static inline bool nan_bits(uint64_t bits) { return (bits & 0x7fffffff) > 0x7f800000; }
static inline bool equal_f32(uint64_t a, uint64_t b) {
    return lane_float(flush_f32(a)) == lane_float(flush_f32(b));
}
static inline uint64_t minmax_f32(uint64_t m, uint64_t d, bool min) {
    if (nan_bits(m)) return nan_bits(d) ? m | 0x400000 : d;
    if (nan_bits(d)) return m;
    return (min ? lane_float(d) < lane_float(m) : lane_float(d) > lane_float(m)) ? d : m;
}
static inline uint64_t sum_f32(uint64_t m, uint64_t d) {
    if (nan_bits(m)) return m | 0x400000;
    if (nan_bits(d)) return d | 0x400000;
    float sum = lane_float(flush_f32(m)) + lane_float(flush_f32(d));
    uint32_t bits;
    memcpy(&bits, &sum, 4);
    return nan_bits(bits) ? 0xffc00000 : flush_f32(bits);
}

/* Applies fn to the aligned value at p and returns the old one. */
static inline uint64_t atomic_apply(unsigned char *p, unsigned bits, atomic_fn *fn, uint64_t data,
                                    uint64_t data2) {
    if (bits == 64) {
        uint64_t *q = (uint64_t *)(void *)p, old = __atomic_load_n(q, __ATOMIC_RELAXED), new;
        do new = fn(old, data, data2);
        while (!__atomic_compare_exchange_n(q, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
        return old;
    }
    uint32_t *q = (uint32_t *)(void *)p, old = __atomic_load_n(q, __ATOMIC_RELAXED), new;
    do new = (uint32_t)fn(old, data, data2);
    while (!__atomic_compare_exchange_n(q, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return old;
}

/* 32 or 64 bits of a lane. */
static inline uint64_t lane_data(struct wave *w, unsigned reg, unsigned lane, unsigned bits) {
    uint64_t low = vgpr(w, reg)[lane];
    return bits == 64 ? low | (uint64_t)vgpr(w, reg + 1)[lane] << 32 : low;
}
static inline void lane_result(struct wave *w, unsigned reg, unsigned lane, unsigned bits, uint64_t value) {
    vgpr(w, reg)[lane] = (uint32_t)value;
    if (bits == 64) vgpr(w, reg + 1)[lane] = (uint32_t)(value >> 32);
}

#define FOR_ACTIVE(lane, mask)                                                                               \
    for (unsigned lane = 0; lane < LANES; lane++)                                                            \
        if ((mask) >> lane & 1)

#endif
