/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What atomics compute, for LDS and for memory: m is the value in memory, d the operand, e the second one.
 * 32-bit values come zero-extended.
 */
#include "access.h"

#define S32(x) ((int32_t)(x))
#define S64(x) ((int64_t)(x))

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

static double lane_double(uint64_t bits) {
    double f;
    memcpy(&f, &bits, 8);
    return f;
}
static bool equal_f64(uint64_t m, uint64_t e) { return lane_double(m) == lane_double(e); }

/* A NaN loses, and -0 is less than +0. */
static uint64_t minmax_f64(uint64_t m, uint64_t d, bool min) {
    double a = lane_double(m), b = lane_double(d);
    if (a != a || b != b) return a != a ? d : m;
    if (a == b) return min == (m >> 63) ? m : d;
    return (a < b) == min ? m : d;
}

/* A dword is replaced, without its highest bit, if that is set in the operand. */
static uint64_t exchanged(uint64_t m, uint64_t d, unsigned shift) {
    uint32_t memory = (uint32_t)(m >> shift), data = (uint32_t)(d >> shift);
    return data >> 31 ? data & 0x7fffffff : memory;
}

#define ATOMIC(name, width, expression)                                                                      \
    static uint64_t new_##name(uint64_t m, uint64_t d, uint64_t e) {                                         \
        (void)m, (void)d, (void)e;                                                                           \
        return expression;                                                                                   \
    }                                                                                                        \
    const struct atomic atomic_##name = {new_##name, width};

ATOMIC(swap_b32, 32, d)
ATOMIC(cmpswap_b32, 32, m == e ? d : m)
ATOMIC(cmpswap_f32, 32, equal_f32(m, e) ? d : m)
ATOMIC(add_u32, 32, (uint32_t)(m + d))
ATOMIC(sub_u32, 32, (uint32_t)(m - d))
ATOMIC(rsub_u32, 32, (uint32_t)(d - m))
ATOMIC(csub_u32, 32, m >= d ? m - d : 0)
ATOMIC(min_i32, 32, S32(d) < S32(m) ? d : m)
ATOMIC(min_u32, 32, d < m ? d : m)
ATOMIC(max_i32, 32, S32(d) > S32(m) ? d : m)
ATOMIC(max_u32, 32, d > m ? d : m)
ATOMIC(and_b32, 32, m &d)
ATOMIC(or_b32, 32, m | d)
ATOMIC(xor_b32, 32, m ^ d)
ATOMIC(mskor_b32, 32, (m & ~d) | e)
ATOMIC(inc_u32, 32, m >= d ? 0 : m + 1)
ATOMIC(dec_u32, 32, m == 0 || m > d ? d : m - 1)
ATOMIC(wrap_b32, 32, (uint32_t)(m >= d ? m - d : m + e))
ATOMIC(min_f32, 32, minmax_f32(m, d, true))
ATOMIC(max_f32, 32, minmax_f32(m, d, false))
ATOMIC(add_f32, 32, sum_f32(m, d))
ATOMIC(swap_b64, 64, d)
ATOMIC(cmpswap_b64, 64, m == e ? d : m)
ATOMIC(add_u64, 64, m + d)
ATOMIC(sub_u64, 64, m - d)
ATOMIC(rsub_u64, 64, d - m)
ATOMIC(min_i64, 64, S64(d) < S64(m) ? d : m)
ATOMIC(min_u64, 64, d < m ? d : m)
ATOMIC(max_i64, 64, S64(d) > S64(m) ? d : m)
ATOMIC(max_u64, 64, d > m ? d : m)
ATOMIC(and_b64, 64, m &d)
ATOMIC(or_b64, 64, m | d)
ATOMIC(xor_b64, 64, m ^ d)
ATOMIC(mskor_b64, 64, (m & ~d) | e)
ATOMIC(inc_u64, 64, m >= d ? 0 : m + 1)
ATOMIC(dec_u64, 64, m == 0 || m > d ? d : m - 1)
ATOMIC(cmpswap_f64, 64, equal_f64(m, e) ? d : m)
ATOMIC(min_f64, 64, minmax_f64(m, d, true))
ATOMIC(max_f64, 64, minmax_f64(m, d, false))
ATOMIC(condxchg32_b64, 64, exchanged(m, d, 0) | exchanged(m, d, 32) << 32)
