/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What atomics compute, for LDS and for memory: m is the value in memory, d the operand, e the second one.
 * 32-bit values come zero-extended.
 */
#include "access.h"

#define S32(x) ((int32_t)(x))
#define S64(x) ((int64_t)(x))

/* The bits of a float format; the names of atomics end in the number of its bits. */
struct float_bits {
    uint64_t sign, infinity, quiet;
};
static const struct float_bits f32 = {0x80000000, 0x7f800000, 0x00400000};
static const struct float_bits f64 = {UINT64_C(1) << 63, UINT64_C(0x7ff) << 52, UINT64_C(1) << 51};

/* Of the two bits that MODE has for each format: whether sources, and whether results keep denormals. */
enum { SOURCES = 1, RESULTS = 2, F32 = 4, F64 = 6 };
static bool keeps(uint32_t mode, unsigned format, unsigned which) { return mode >> format & which; }

static uint64_t flush(uint64_t x, const struct float_bits *f, bool keep) {
    return keep || x & f->infinity ? x : x & f->sign;
}
static bool is_nan(uint64_t x, const struct float_bits *f) { return (x & ~f->sign) > f->infinity; }
static bool is_signalling(uint64_t x, const struct float_bits *f) { return is_nan(x, f) && !(x & f->quiet); }

/* Integers in the order of the numbers; -0 is less than +0. */
static int64_t order(uint64_t x, const struct float_bits *f) {
    int64_t magnitude = (int64_t)(x & ~f->sign);
    return x & f->sign ? ~magnitude : magnitude;
}

/* A signalling NaN wins and becomes quiet, a quiet one loses. Denormals are flushed only to be compared. */
static uint64_t minmax(uint64_t m, uint64_t d, const struct float_bits *f, bool keep, bool min) {
    if (is_signalling(m, f)) return m | f->quiet;
    if (is_signalling(d, f)) return d | f->quiet;
    if (is_nan(m, f)) return is_nan(d, f) ? m : d;
    if (is_nan(d, f)) return m;
    int64_t a = order(flush(m, f, keep), f), b = order(flush(d, f, keep), f);
    return (min ? b < a : b > a) ? d : m;
}

static uint64_t compare_swap(uint64_t m, uint64_t d, uint64_t e, const struct float_bits *f, bool keep) {
    uint64_t a = flush(m, f, keep), b = flush(e, f, keep);
    if (is_nan(a, f) || (a != b && (a | b) & ~f->sign)) return m;
    return flush(d, f, keep);
}

static uint64_t sum_f32(uint64_t m, uint64_t d, bool keep_sources, bool keep_result) {
    if (is_nan(m, &f32)) return m | f32.quiet;
    if (is_nan(d, &f32)) return d | f32.quiet;
    uint32_t a = (uint32_t)flush(m, &f32, keep_sources), b = (uint32_t)flush(d, &f32, keep_sources);
    float x, y;
    memcpy(&x, &a, 4);
    memcpy(&y, &b, 4);
    x += y;
    memcpy(&a, &x, 4);
    return is_nan(a, &f32) ? 0xffc00000 : flush(a, &f32, keep_result);
}

/* A dword is replaced, without its highest bit, if that is set in the operand. */
static uint64_t exchanged(uint64_t m, uint64_t d, unsigned shift) {
    uint32_t memory = (uint32_t)(m >> shift), data = (uint32_t)(d >> shift);
    return data >> 31 ? data & 0x7fffffff : memory;
}

#define ATOMIC(name, width, expression)                                                                      \
    static uint64_t new_##name(uint64_t m, uint64_t d, uint64_t e, uint32_t mode) {                          \
        (void)m, (void)d, (void)e, (void)mode;                                                               \
        return expression;                                                                                   \
    }                                                                                                        \
    const struct atomic atomic_##name = {new_##name, width};

ATOMIC(swap_b32, 32, d)
ATOMIC(cmpswap_b32, 32, m == e ? d : m)
ATOMIC(cmpswap_f32, 32, compare_swap(m, d, e, &f32, keeps(mode, F32, SOURCES)))
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
ATOMIC(min_f32, 32, minmax(m, d, &f32, keeps(mode, F32, SOURCES), true))
ATOMIC(max_f32, 32, minmax(m, d, &f32, keeps(mode, F32, SOURCES), false))
ATOMIC(add_f32, 32, sum_f32(m, d, false, false)) /* whatever MODE says */
ATOMIC(lds_add_f32, 32, sum_f32(m, d, keeps(mode, F32, SOURCES), keeps(mode, F32, RESULTS)))
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
ATOMIC(cmpswap_f64, 64, compare_swap(m, d, e, &f64, keeps(mode, F64, SOURCES)))
ATOMIC(min_f64, 64, minmax(m, d, &f64, keeps(mode, F64, SOURCES), true))
ATOMIC(max_f64, 64, minmax(m, d, &f64, keeps(mode, F64, SOURCES), false))
ATOMIC(condxchg32_b64, 64, exchanged(m, d, 0) | exchanged(m, d, 32) << 32)
