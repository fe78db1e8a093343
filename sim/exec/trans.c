/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Transcendental instructions. The hardware's exact bits are not documented, only their error (1 ulp in f32,
 * 0.51 in f16): these are computed in f64 by range reduction and a polynomial with an error below 1e-13, then
 * rounded once to nearest, whatever MODE says, and so are within 0.5001 ulp. The f32 forms but sin and cos
 * flush subnormals in and out in every mode.
 */
#include "executors.h"
#include "lanes.h"

static inline float flush(float x) {
    uint32_t u = float_bits(x);
    return bits_float(u & 0x7f800000 ? u : u & 0x80000000);
}

/* sin(2 pi t) for |t| <= 1/4: Taylor, next term below 5e-14. */
static inline double sin_quarter(double t) {
    double x = t * 6.283185307179586476925, y = x * x;
    double p = 1.0 / 355687428096000.0;
    p = p * y - 1.0 / 1307674368000.0;
    p = p * y + 1.0 / 6227020800.0;
    p = p * y - 1.0 / 39916800.0;
    p = p * y + 1.0 / 362880.0;
    p = p * y - 1.0 / 5040.0;
    p = p * y + 1.0 / 120.0;
    p = p * y - 1.0 / 6.0;
    return x == 0 ? x : x + x * (p * y); /* -0 stays */
}
/* The argument is in turns, and x - rint(x) is exact, but would lose the sign of -0. */
static inline double sin_turns(double x) {
    double t = fabs(x) < 0.5 ? x : x - rint(x);
    t = t > 0.25 ? 0.5 - t : t < -0.25 ? -0.5 - t : t;
    return sin_quarter(t);
}
static inline double cos_turns(double x) { return sin_quarter(0.25 - fabs(x - rint(x))); }

/* 2^x for an x that came from a float. */
static inline double exp2_any(double x) {
    double clamped = x > -400 ? x < 400 ? x : 400 : -400, n = rint(clamped);
    double y = (clamped - n) * 0.69314718055994530942, p = 1.0 / 479001600.0;
    p = p * y + 1.0 / 39916800.0;
    p = p * y + 1.0 / 3628800.0;
    p = p * y + 1.0 / 362880.0;
    p = p * y + 1.0 / 40320.0;
    p = p * y + 1.0 / 5040.0;
    p = p * y + 1.0 / 720.0;
    p = p * y + 1.0 / 120.0;
    p = p * y + 1.0 / 24.0;
    p = p * y + 1.0 / 6.0;
    p = p * y + 0.5;
    p = p * y + 1.0;
    double scale = as_f64((uint64_t)(1023 + (int32_t)n) << 52);
    return x != x ? x : (p * y + 1.0) * scale;
}

/* log2 of an x that came from a float: x = m * 2^e with m in [sqrt 1/2, sqrt 2), log m = 2
 * artanh((m-1)/(m+1)). */
static inline double log2_any(double x) {
    uint64_t u = bits_f64(x), up = u - UINT64_C(0x3fe6a09e667f3bcd);
    int64_t e = (int64_t)(int32_t)(up >> 32) >> 20;
    double m = as_f64(u - ((uint64_t)e << 52)), z = (m - 1) / (m + 1), y = z * z;
    double p = 1.0 / 19;
    p = p * y + 1.0 / 17;
    p = p * y + 1.0 / 15;
    p = p * y + 1.0 / 13;
    p = p * y + 1.0 / 11;
    p = p * y + 1.0 / 9;
    p = p * y + 1.0 / 7;
    p = p * y + 1.0 / 5;
    p = p * y + 1.0 / 3;
    double r = (double)e + 2.8853900817779268147 * (z + z * (y * p));
    return x > 0 ? x < (double)INFINITY ? r : x : x == 0 ? -(double)INFINITY : (double)NAN;
}

/* name, whether subnormals are flushed whatever MODE says, result in f64 from the source's lane a */
#define OPERATIONS_F32(X)                                                                                    \
    X(v_exp_f32, true, exp2_any(a))                                                                          \
    X(v_log_f32, true, log2_any(a))                                                                          \
    X(v_rcp_f32, true, 1 / a)                                                                                \
    X(v_rcp_iflag_f32, true, 1 / a)                                                                          \
    X(v_rsq_f32, true, 1 / sqrt(a))                                                                          \
    X(v_sqrt_f32, true, sqrt(a))                                                                             \
    X(v_sin_f32, false, sin_turns(a))                                                                        \
    X(v_cos_f32, false, cos_turns(a))

#define OPERATIONS_F16(X)                                                                                    \
    X(v_exp_f16, exp2_any(a))                                                                                \
    X(v_log_f16, log2_any(a))                                                                                \
    X(v_rcp_f16, 1 / a)                                                                                      \
    X(v_rsq_f16, 1 / sqrt(a))                                                                                \
    X(v_sqrt_f16, sqrt(a))                                                                                   \
    X(v_sin_f16, sin_turns(a))                                                                               \
    X(v_cos_f16, cos_turns(a))

#define DEFINE_F32(name, flushes, expression)                                                                \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        bool plain = plain_f32(w, i);                                                                        \
        lanes32 t, r;                                                                                        \
        const uint32_t *p = source_f32(w, i, 0, t, plain);                                                   \
        FOR_LANES(l) {                                                                                       \
            float x = bits_float(p[l]);                                                                      \
            double a = (double)(flushes ? flush(x) : x);                                                     \
            float y = (float)(expression);                                                                   \
            r[l] = float_bits(flushes ? flush(y) : y);                                                       \
        }                                                                                                    \
        if (any_nan_f32(r)) fix_nan_f32(w, NAN_FIRST, r, p, p, p);                                           \
        bool scales = i->omod && !(w->mode & MODE_IEEE); /* and flushes */                                   \
        if (!plain) modify_f32(w, i, flushes || scales || flushes_32(w), ROUND_NEAREST, r);                  \
        write32(w, i, r);                                                                                    \
    }
OPERATIONS_F32(DEFINE_F32)

/* What became infinite (in f16) from a finite source, poles included, becomes the largest half. */
static void saturate_f16(const float *p, uint32_t *r) {
    FOR_LANES(l) {
        float x = bits_float(r[l]);
        if (!isinf(p[l]) && fabsf(x) > 65504) r[l] = float_bits(copysignf(65504, x));
    }
}

#define DEFINE_F16(name, expression)                                                                         \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanesf p;                                                                                            \
        lanes32 r;                                                                                           \
        lanes16 h;                                                                                           \
        source_f16(w, i, 0, p);                                                                              \
        FOR_LANES(l) {                                                                                       \
            double a = (double)p[l];                                                                         \
            double x = expression;                                                                           \
            r[l] = float_bits(round_to_odd_f32((float)x, (float)(x - (double)(float)x)));                    \
        }                                                                                                    \
        if (w->mode & MODE_FP16_OVFL) saturate_f16(p, r);                                                    \
        floats_to_halves((const float *)r, h, LANES);                                                        \
        if (any_nan_f32(r)) fix_nan_f16(w, i, 1, NAN_FIRST, p, p, h);                                        \
        if (!plain_f16(w, i)) finish_f16(w, i, h);                                                           \
        write16(w, i, h);                                                                                    \
    }
OPERATIONS_F16(DEFINE_F16)

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_trans)(exec_fn **table) {
    OPERATIONS_F32(BIND_ROW)
    OPERATIONS_F16(BIND_ROW)
}
