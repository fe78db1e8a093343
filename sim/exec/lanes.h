/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the bodies of vector instructions are written with: sources as arrays of 32 lanes, results written
 * under EXEC, and exact scalar arithmetic that compilers turn into vector code.
 *
 * A body is a plain loop over the lanes, and the same source is compiled once per SIMD level. The bits may
 * not depend on the level, so nothing here uses what hosts do differently: no NaN that the host chose reaches
 * a register (fix_nan_*), no libm function that is not correctly rounded, no contraction.
 *
 * Every fetch has two ways: an inline one for instructions without modifiers ("plain", decided once, when the
 * executor is selected) and an out-of-line one in lanes.c that knows everything.
 */
#ifndef RDNASIM_LANES_H
#define RDNASIM_LANES_H

#include <math.h>
#include <string.h>

#include "half.h"
#include "round.h"
#include "scalar.h"
#include "wave.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define LANES_ALIGNED __attribute__((aligned(4 * LANES)))
typedef uint16_t lanes16[LANES] __attribute__((aligned(2 * LANES)));
typedef uint32_t lanes32[LANES] LANES_ALIGNED;
typedef uint64_t lanes64[LANES] LANES_ALIGNED;
typedef float lanesf[LANES] LANES_ALIGNED;
typedef double lanesd[LANES] LANES_ALIGNED;

#define FOR_LANES(l) for (unsigned l = 0; l < LANES; l++)

/* A lane's bit in EXEC and other masks: a table, because not every host shifts lanes by different amounts. */
static const uint32_t lane_bit[LANES] LANES_ALIGNED = {
    1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
    1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
    1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
    1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31};

/* ---- bits of floating-point numbers -------------------------------------------------------------------- */

static inline double as_f64(uint64_t u) {
    double f;
    memcpy(&f, &u, 8);
    return f;
}
static inline uint64_t bits_f64(double f) {
    uint64_t u;
    memcpy(&u, &f, 8);
    return u;
}

#define DEFAULT_NAN_16 0xfe00
#define DEFAULT_NAN_32 UINT32_C(0xffc00000)
#define DEFAULT_NAN_64 UINT64_C(0xfff8000000000000)

static inline bool nan_f32(uint32_t u) { return (u & 0x7fffffff) > 0x7f800000; }
static inline bool nan_f64(uint64_t u) { return (u & INT64_MAX) > UINT64_C(0x7ff0000000000000); }

/* A choice without a branch, so that loops stay straight lines that compilers can turn into vector code. */
static inline uint32_t select32(bool first, uint32_t a, uint32_t b) {
    uint32_t mask = -(uint32_t)first;
    return (a & mask) | (b & ~mask);
}

/* The f32 neighbour of an inexact sum that is odd: rounding it again to fewer bits rounds only once. */
static inline float round_to_odd_f32(float sum, float error) {
    uint32_t u = float_bits(sum);
    bool away = (error > 0) == (sum > 0);
    bool adjust = (error > 0 || error < 0) && !(u & 1);
    return bits_float(adjust ? (away ? u + 1 : u - 1) : u);
}
static inline double round_to_odd_f64(double sum, double error) {
    uint64_t u = bits_f64(sum);
    bool away = (error > 0) == (sum > 0);
    bool adjust = (error > 0 || error < 0) && !(u & 1);
    return as_f64(adjust ? (away ? u + 1 : u - 1) : u);
}

/* a * b + c of floats, rounded to odd: the product is exact, and rounding this once more rounds once. */
static inline double fma_odd_f64(float a, float b, float c) {
    double p = (double)a * b, q = c, sum = p + q, t = sum - p;
    return round_to_odd_f64(sum, (p - (sum - t)) + (q - t));
}

/* Fused multiply-add with one rounding. Hosts without the instruction get it from an exact double product. */
static inline float fma_f32(float a, float b, float c) {
#ifdef __FMA__
    return __builtin_fmaf(a, b, c);
#else
    return (float)fma_odd_f64(a, b, c);
#endif
}

/* The same for a result in f16: float_to_f16() of this rounds once. */
static inline float fma_odd_f32(float a, float b, float c) {
    double odd = fma_odd_f64(a, b, c);
    float f = (float)odd;
    return round_to_odd_f32(f, (float)(odd - (double)f));
}

/* Of three halves: the product is exact in f32, the sum is rounded to odd, and so float_to_f16() rounds
 * once. */
static inline float fma_f16(float a, float b, float c) {
    float p = a * b, sum = p + c, t = sum - p;
    return round_to_odd_f32(sum, (p - (sum - t)) + (c - t));
}

/*
 * Operations that follow MODE. direction is null for nearest even, where hosts round (f16: where the
 * conversion at the end does); else the result comes from round.c. Constant, so that loops have one way or
 * the other.
 */
static inline float sum_f32(const struct rounding *direction, float a, float b) {
    return direction ? (float)rounded_sum(direction, (double)a, (double)b) : a + b;
}
static inline float product_f32(const struct rounding *direction, float a, float b) {
    return direction ? (float)rounded_product(direction, (double)a, (double)b) : a * b;
}
static inline float fused_f32(const struct rounding *direction, float a, float b, float c) {
    return direction ? (float)rounded_fma(direction, (double)a, (double)b, (double)c) : fma_f32(a, b, c);
}
static inline float fused_f16(const struct rounding *direction, float a, float b, float c) {
    return direction ? (float)rounded_fma(direction, (double)a, (double)b, (double)c) : fma_f16(a, b, c);
}
static inline float fused_f32_to_f16(const struct rounding *direction, float a, float b, float c) {
    return direction ? (float)rounded_fma(direction, (double)a, (double)b, (double)c) : fma_odd_f32(a, b, c);
}

static inline enum round_direction direction_32(const struct wave *w) {
    return (enum round_direction)(w->mode & 3);
}
static inline enum round_direction direction_16_64(const struct wave *w) {
    return (enum round_direction)(w->mode >> 2 & 3);
}
/* Whether subnormal results become zero. */
static inline bool flushes_32(const struct wave *w) { return !(w->mode & 2 << 4); }
static inline bool flushes_16_64(const struct wave *w) { return !(w->mode & 2 << 6); }

static inline struct rounding rounding_f32(const struct wave *w) {
    return ROUNDING_F32(direction_32(w), flushes_32(w));
}
static inline struct rounding rounding_f16(const struct wave *w) {
    return ROUNDING_F16(direction_16_64(w), flushes_16_64(w), w->mode & MODE_FP16_OVFL);
}
static inline struct rounding rounding_f64(const struct wave *w) {
    return ROUNDING_F64(direction_16_64(w), flushes_16_64(w));
}

/* Whether MODE asks for what hosts do not do. */
static inline bool directed_f32(const struct wave *w) { return w->mode & MODE_ROUND_32; }
static inline bool unlike_host_f16(const struct wave *w) {
    return w->mode & (MODE_ROUND_16_64 | MODE_FP16_OVFL) || flushes_16_64(w);
}
static inline bool unlike_host_f64(const struct wave *w) {
    return w->mode & MODE_ROUND_16_64 || flushes_16_64(w);
}
/* f32 with flushed results is common: only a result of the least normal number may have been less. */
static inline bool may_be_tiny_f32(const struct wave *w, const uint32_t *r) {
    uint32_t any = 0;
    FOR_LANES(l) any |= (r[l] & 0x7fffffff) == 0x00800000;
    return any && flushes_32(w);
}

/*
 * minNum and maxNum of halves with -0 < +0, as bits. Of two quiet NaNs the first; in IEEE mode a signalling
 * one wins, quieted.
 */
static inline int ordered_f16(uint16_t u) { return (int16_t)(u & 0x8000 ? u ^ 0x7fff : u); }
static inline bool nan_f16(uint16_t u) { return (u & 0x7fff) > 0x7c00; }
static inline bool signalling_f16(uint16_t u) { return nan_f16(u) && !(u & 0x200); }
static inline uint16_t choose_f16(bool first, uint16_t a, uint16_t b, bool ieee) {
    uint16_t r = nan_f16(b) || (!nan_f16(a) && first) ? a : b;
    if (ieee && signalling_f16(b)) r = b | 0x200;
    return ieee && signalling_f16(a) ? a | 0x200 : r;
}
static inline uint16_t min_f16(uint16_t a, uint16_t b, bool ieee) {
    return choose_f16(ordered_f16(a) < ordered_f16(b), a, b, ieee);
}
static inline uint16_t max_f16(uint16_t a, uint16_t b, bool ieee) {
    return choose_f16(ordered_f16(a) > ordered_f16(b), a, b, ieee);
}

/* ---- other arithmetic that several files need ---------------------------------------------------------- */

/* Sum of absolute differences of bytes; masked: only where b's byte is not zero. */
static inline uint32_t sad_u8(uint32_t a, uint32_t b, bool masked) {
    uint32_t sum = 0;
    for (unsigned n = 0; n < 32; n += 8) {
        uint32_t x = a >> n & 0xff, y = b >> n & 0xff;
        sum += masked && !y ? 0 : x > y ? x - y : y - x;
    }
    return sum;
}
/* ---- sources ------------------------------------------------------------------------------------------- */

/* The lane mask of an operand for the half being executed (carry-in, condition). Masks lie in SGPRs. */
static inline uint32_t mask_source(const struct wave *w, const struct operand *o) {
    return w->s[o->reg == SREG_NULL ? SREG_NULL : o->reg + w->half];
}
static inline void mask_write(struct wave *w, const struct operand *o, uint32_t mask) {
    if (o->reg != SREG_NULL) w->s[o->reg + w->half] = mask;
}

const uint32_t *SIMD_NAME(source_general)(const struct wave *w, const struct inst *i, unsigned n,
                                          uint32_t *t);

/* 32-bit lanes of source n, without modifiers; t is used if they are not a register as it stands. */
static inline const uint32_t *source32(const struct wave *w, const struct inst *i, unsigned n, uint32_t *t) {
    const struct operand *o = &i->src[n];
    if (likely(o->kind == OPND_VGPR && (n || !i->dpp))) return (const uint32_t *)&w->v[o->reg];
    return SIMD_NAME(source_general)(w, i, n, t);
}

/* The half that the operand names, in 16-bit lanes. */
static inline void source16(const struct wave *w, const struct inst *i, unsigned n, uint16_t *r) {
    lanes32 t;
    const uint32_t *x = source32(w, i, n, t);
    unsigned shift = i->src[n].hi ? 16 : 0;
    FOR_LANES(l) r[l] = (uint16_t)(x[l] >> shift);
}

void SIMD_NAME(source64)(const struct wave *w, const struct inst *i, unsigned n, uint64_t *r);
#define source64 SIMD_NAME(source64)

/* Whether subnormal sources stay. */
static inline bool keeps_sources_32(const struct wave *w) { return w->mode & 1 << 4; }
static inline bool keeps_sources_16_64(const struct wave *w) { return w->mode & 1 << 6; }

/* Floating-point sources with abs and neg: source_* flush as MODE says, modified_* as the caller does. */
const uint32_t *SIMD_NAME(modified_f32)(const struct operand *o, const uint32_t *x, bool flush, uint32_t *t);
void SIMD_NAME(modified_f64)(const struct wave *w, const struct inst *i, unsigned n, bool flush, double *r);
#define modified_f64 SIMD_NAME(modified_f64)
void SIMD_NAME(source_f16)(const struct wave *w, const struct inst *i, unsigned n, float *r);
void SIMD_NAME(source_halves)(const struct wave *w, const struct inst *i, unsigned n, uint16_t *r);
#define source_halves SIMD_NAME(source_halves)
#define source_f16    SIMD_NAME(source_f16)
static inline void source_f64(const struct wave *w, const struct inst *i, unsigned n, double *r) {
    modified_f64(w, i, n, !keeps_sources_16_64(w), r);
}

const uint32_t *SIMD_NAME(packed_general)(const struct inst *i, unsigned n, const uint32_t *x, uint32_t *t);

/* Packed pairs of source n with the op_sel and neg bits of VOP3P. */
static inline const uint32_t *source_packed(const struct wave *w, const struct inst *i, unsigned n,
                                            uint32_t *t) {
    const uint32_t *x = source32(w, i, n, t);
    return likely(i->plain) || i->format != FMT_VOP3P ? x : SIMD_NAME(packed_general)(i, n, x, t);
}

/* No modifiers, and MODE asks for what hosts do: nearest even, subnormals kept. */
static inline bool plain_f32(const struct wave *w, const struct inst *i) {
    return i->plain && (w->mode & (MODE_ROUND_32 | MODE_DENORM_32)) == MODE_DENORM_32;
}
static inline bool plain_f16(const struct wave *w, const struct inst *i) {
    return i->plain &&
           (w->mode & (MODE_ROUND_16_64 | MODE_DENORM_16_64 | MODE_FP16_OVFL)) == MODE_DENORM_16_64;
}

static inline const uint32_t *source_f32(const struct wave *w, const struct inst *i, unsigned n, uint32_t *t,
                                         bool plain) {
    const uint32_t *x = source32(w, i, n, t);
    return likely(plain) ? x : SIMD_NAME(modified_f32)(&i->src[n], x, !keeps_sources_32(w), t);
}

/* ---- results ------------------------------------------------------------------------------------------- */

uint32_t SIMD_NAME(dpp_writes)(const struct wave *w, const struct inst *i);

/* Lanes that the instruction writes: EXEC, less what DPP disables. */
static inline uint32_t written_lanes(const struct wave *w, const struct inst *i) {
    return likely(!i->dpp) ? exec_mask(w) : exec_mask(w) & SIMD_NAME(dpp_writes)(w, i);
}

static inline void write_lanes(uint32_t *restrict d, const uint32_t *restrict r, uint32_t mask) {
    FOR_LANES(l) d[l] = mask & lane_bit[l] ? r[l] : d[l];
}
static inline void write32(struct wave *w, const struct inst *i, const uint32_t *r) {
    write_lanes((uint32_t *)&w->v[i->dst.reg], r, written_lanes(w, i));
}
/* Only the half that the destination names changes. */
static inline void write16(struct wave *w, const struct inst *i, const uint16_t *r) {
    lanes32 merged;
    const uint32_t *d = (const uint32_t *)&w->v[i->dst.reg];
    unsigned shift = i->dst.hi ? 16 : 0;
    uint32_t keep = UINT32_C(0xffff0000) >> shift;
    FOR_LANES(l) merged[l] = (d[l] & keep) | (uint32_t)r[l] << shift;
    write32(w, i, merged);
}
static inline void write64(struct wave *w, const struct inst *i, const uint64_t *r) {
    lanes32 low, high;
    FOR_LANES(l) low[l] = (uint32_t)r[l];
    FOR_LANES(l) high[l] = (uint32_t)(r[l] >> 32);
    uint32_t mask = written_lanes(w, i);
    write_lanes((uint32_t *)&w->v[i->dst.reg], low, mask);
    write_lanes((uint32_t *)&w->v[i->dst.reg + 1], high, mask);
}

/*
 * Which NaN a result becomes, as hosts differ: the first NaN among the operands, else the default one.
 * MODE.IEEE makes it quiet. The fused operations look at their product first: zero times infinity is the
 * default one.
 */
enum nan_rule {
    NAN_CHOSEN /* the result has it already */,
    NAN_FIRST,
    NAN_FUSED,
    NAN_QUIET /* IEEE or not */
};

static inline bool quiets(const struct wave *w, enum nan_rule rule) {
    return w->mode & MODE_IEEE || rule == NAN_QUIET;
}
static inline bool invalid_product(double a, double b) {
    return (a == 0 && isinf(b)) || (isinf(a) && b == 0);
}
static inline uint16_t first_nan_f16(bool quiet, uint16_t a, uint16_t b, uint16_t c) {
    uint16_t nan = (a & 0x7fff) > 0x7c00   ? a
                   : (b & 0x7fff) > 0x7c00 ? b
                   : (c & 0x7fff) > 0x7c00 ? c
                                           : DEFAULT_NAN_16;
    return quiet ? nan | 0x200 : nan;
}

/* Of f32 operands, and of n halves with their values as floats. */
void SIMD_NAME(fix_nan_f32)(const struct wave *w, enum nan_rule rule, uint32_t *r, const uint32_t *a,
                            const uint32_t *b, const uint32_t *c);
void SIMD_NAME(fix_nan_f16)(const struct wave *w, const struct inst *i, unsigned n, enum nan_rule rule,
                            const float *a, const float *b, uint16_t *h);
#define fix_nan_f16 SIMD_NAME(fix_nan_f16)

/* To 0..1; a NaN becomes 0 if MODE.DX10_CLAMP is set, else stays. */
void SIMD_NAME(clamp_f32)(const struct wave *w, uint32_t *r);
#define clamp_f32 SIMD_NAME(clamp_f32)

/*
 * Output modifiers and flushing of MODE. finish_choice_* is for minima and maxima: their subnormal results
 * stay, unless output scaling makes them zeros. modify_f32 is for results that are flushed, or rounded,
 * otherwise than MODE says of f32.
 */
void SIMD_NAME(finish_f32)(const struct wave *w, const struct inst *i, uint32_t *r);
void SIMD_NAME(modify_f32)(const struct wave *w, const struct inst *i, bool flush,
                           enum round_direction direction, uint32_t *r);
void SIMD_NAME(finish_f16)(const struct wave *w, const struct inst *i, uint16_t *r);
void SIMD_NAME(finish_f64)(const struct wave *w, const struct inst *i, uint64_t *r);
void SIMD_NAME(finish_choice_f32)(const struct wave *w, const struct inst *i, uint32_t *r);
void SIMD_NAME(finish_choice_f16)(const struct wave *w, const struct inst *i, uint16_t *r);
void SIMD_NAME(finish_choice_f64)(const struct wave *w, const struct inst *i, uint64_t *r);
#define fix_nan_f32       SIMD_NAME(fix_nan_f32)
#define finish_f32        SIMD_NAME(finish_f32)
#define modify_f32        SIMD_NAME(modify_f32)
#define finish_f16        SIMD_NAME(finish_f16)
#define finish_f64        SIMD_NAME(finish_f64)
#define finish_choice_f32 SIMD_NAME(finish_choice_f32)
#define finish_choice_f16 SIMD_NAME(finish_choice_f16)
#define finish_choice_f64 SIMD_NAME(finish_choice_f64)

/* Floats as MODE rounds them to halves; NaNs as float_to_f16() makes them. */
void SIMD_NAME(narrow_f16)(const struct wave *w, const float *f, uint16_t *h);
#define narrow_f16 SIMD_NAME(narrow_f16)

/* ---- host vector instructions that loops do not reach -------------------------------------------------- */

#if defined(__AVX2__)
#include <immintrin.h>
#endif

static inline bool any_nan_f32(const uint32_t *r) {
#if defined(__AVX512F__)
    __m512 a = _mm512_load_ps(r), b = _mm512_load_ps(r + 16);
    return _mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) != 0;
#else
    uint32_t any = 0;
    FOR_LANES(l) any |= UINT32_C(0x7f800000) - (r[l] & 0x7fffffff);
    return any >> 31;
#endif
}

static inline bool any_lane(const uint32_t *r) {
#if defined(__AVX512F__)
    __m512i a = _mm512_load_si512(r), b = _mm512_load_si512(r + 16);
    return _mm512_test_epi32_mask(_mm512_or_si512(a, b), _mm512_or_si512(a, b)) != 0;
#else
    uint32_t any = 0;
    FOR_LANES(l) any |= r[l];
    return any != 0;
#endif
}

/* count is a multiple of 16 */
static inline void halves_to_floats(const uint16_t *h, float *f, unsigned count) {
#if defined(__AVX512F__)
    for (unsigned n = 0; n < count; n += 16)
        _mm512_storeu_ps(f + n, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(h + n))));
#elif defined(__F16C__)
    for (unsigned n = 0; n < count; n += 8)
        _mm256_storeu_ps(f + n, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(h + n))));
#else
    for (unsigned n = 0; n < count; n++) f[n] = f16_to_float(h[n]);
#endif
}
static inline void floats_to_halves(const float *f, uint16_t *h, unsigned count) {
#if defined(__AVX512F__)
    for (unsigned n = 0; n < count; n += 16)
        _mm256_storeu_si256((__m256i *)(h + n),
                            _mm512_cvtps_ph(_mm512_loadu_ps(f + n), _MM_FROUND_TO_NEAREST_INT));
#elif defined(__F16C__)
    for (unsigned n = 0; n < count; n += 8)
        _mm_storeu_si128((__m128i *)(h + n),
                         _mm256_cvtps_ph(_mm256_loadu_ps(f + n), _MM_FROUND_TO_NEAREST_INT));
#else
    for (unsigned n = 0; n < count; n++) h[n] = float_to_f16(f[n]);
#endif
}

#define BIND(name) table[OP_##name] = name;

#endif
