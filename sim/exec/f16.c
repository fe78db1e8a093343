/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Vector instructions on f16 that are not packed. They compute in f32, which holds every sum, product and
 * quotient of halves closely enough that rounding it to f16 is the only rounding that shows.
 */
#include "executors.h"
#include "lanes.h"

/* Zeros are equal, but not to min_f16() and max_f16(). */
static inline bool equal_f16(uint16_t a, uint16_t b) { return a == b || !((a | b) & 0x7fff); }
static inline uint16_t med3_f16(uint16_t a, uint16_t b, uint16_t c, bool ieee) {
    if (nan_f16(a) || nan_f16(b) || nan_f16(c)) return min_f16(min_f16(a, b, ieee), c, ieee);
    uint16_t top = max_f16(max_f16(a, b, ieee), c, ieee);
    if (equal_f16(top, a)) return max_f16(b, c, ieee);
    return max_f16(a, equal_f16(top, b) ? c : b, ieee);
}
static inline float fract_f16(const struct rounding *m, float x) {
    float f = sum_f32(m, x, -floorf(x));
    return f < bits_float(0x3f7ff000) ? f
           : f == f                   ? bits_float(0x3f7fe000)
                                      : f; /* below one after rounding to f16 */
}
static inline float frexp_mantissa(float x) { /* every half is a normal f32 */
    uint32_t u = float_bits(x);
    return (u >> 23 & 255) == 255 || x == 0 ? x : bits_float((u & 0x807fffff) | 0x3f000000);
}

/* name, sources, which NaN, result in f32 from the sources' lanes, rounded as m says; if null, after it */
#define OPERATIONS(X)                                                                                        \
    X(v_add_f16, 2, NAN_FIRST, sum_f32(m, a, b))                                                             \
    X(v_sub_f16, 2, NAN_FIRST, sum_f32(m, a, -b))                                                            \
    X(v_subrev_f16, 2, NAN_FIRST, sum_f32(m, b, -a))                                                         \
    X(v_mul_f16, 2, NAN_FIRST, product_f32(m, a, b))                                                         \
    X(v_fma_f16, 3, NAN_FUSED, fused_f16(m, a, b, c))                                                        \
    X(v_fmac_f16, 3, NAN_FUSED, fused_f16(m, a, b, c))                                                       \
    X(v_fmamk_f16, 3, NAN_FUSED, fused_f16(m, a, b, c))                                                      \
    X(v_fmaak_f16, 3, NAN_FUSED, fused_f16(m, a, b, c))                                                      \
    X(v_fract_f16, 1, NAN_FIRST, fract_f16(m, a))                                                            \
    X(v_trunc_f16, 1, NAN_FIRST, truncf(a))                                                                  \
    X(v_ceil_f16, 1, NAN_FIRST, ceilf(a))                                                                    \
    X(v_rndne_f16, 1, NAN_FIRST, rintf(a))                                                                   \
    X(v_floor_f16, 1, NAN_FIRST, floorf(a))                                                                  \
    X(v_frexp_mant_f16, 1, NAN_QUIET, frexp_mantissa(a))

#define EVALUATE(n, expression, direction)                                                                   \
    {                                                                                                        \
        const struct rounding *const m = direction;                                                          \
        (void)m;                                                                                             \
        FOR_LANES(l) {                                                                                       \
            float a = p[l], b = n > 1 ? q[l] : a, c = n > 2 ? s[l] : a;                                      \
            (void)b, (void)c;                                                                                \
            r[l] = float_bits(expression);                                                                   \
        }                                                                                                    \
    }
#define DEFINE(name, n, nan, expression)                                                                     \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        bool plain = plain_f16(w, i);                                                                        \
        lanesf p, q, s;                                                                                      \
        source_f16(w, i, 0, p);                                                                              \
        if (n > 1) source_f16(w, i, 1, q);                                                                   \
        if (n > 2) source_f16(w, i, 2, s);                                                                   \
        lanes32 r;                                                                                           \
        if (unlikely(!plain && unlike_host_f16(w))) {                                                        \
            struct rounding format = rounding_f16(w);                                                        \
            EVALUATE(n, expression, &format)                                                                 \
        } else {                                                                                             \
            EVALUATE(n, expression, NULL)                                                                    \
        }                                                                                                    \
        lanes16 h;                                                                                           \
        floats_to_halves((const float *)r, h, LANES);                                                        \
        if (unlikely(any_nan_f32(r))) fix_nan_f16(w, i, n, nan, p, n > 1 ? q : p, h);                        \
        if (unlikely(!plain)) finish_f16(w, i, h);                                                           \
        write16(w, i, h);                                                                                    \
    }
OPERATIONS(DEFINE)

/* name, sources, result from the sources' halves; ieee = MODE.IEEE */
#define CHOICE(X)                                                                                            \
    X(v_min_f16, 2, min_f16(a, b, ieee))                                                                     \
    X(v_max_f16, 2, max_f16(a, b, ieee))                                                                     \
    X(v_min3_f16, 3, min_f16(min_f16(a, b, ieee), c, ieee))                                                  \
    X(v_max3_f16, 3, max_f16(max_f16(a, b, ieee), c, ieee))                                                  \
    X(v_med3_f16, 3, med3_f16(a, b, c, ieee))                                                                \
    X(v_maxmin_f16, 3, min_f16(max_f16(a, b, ieee), c, ieee))                                                \
    X(v_minmax_f16, 3, max_f16(min_f16(a, b, ieee), c, ieee))

#define DEFINE_CHOICE(name, n, expression)                                                                   \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        const bool ieee = w->mode & MODE_IEEE;                                                               \
        lanes16 p, q, s, h;                                                                                  \
        source_halves(w, i, 0, p);                                                                           \
        source_halves(w, i, 1, q);                                                                           \
        if (n > 2) source_halves(w, i, 2, s);                                                                \
        FOR_LANES(l) {                                                                                       \
            uint16_t a = p[l], b = q[l], c = n > 2 ? s[l] : a;                                               \
            (void)c;                                                                                         \
            h[l] = expression;                                                                               \
        }                                                                                                    \
        finish_choice_f16(w, i, h);                                                                          \
        write16(w, i, h);                                                                                    \
    }
CHOICE(DEFINE_CHOICE)

static void v_ldexp_f16(struct wave *w, const struct inst *i) {
    lanesf p;
    lanes16 n, h;
    source_f16(w, i, 0, p);
    source16(w, i, 1, n);
    FOR_LANES(l) { /* exact in f32 */
        int32_t e = (int16_t)n[l];
        e = e < -60 ? -60 : e > 60 ? 60 : e;
        p[l] *= bits_float((uint32_t)(127 + e) << 23);
    }
    narrow_f16(w, p, h);
    if (any_nan_f32((const uint32_t *)p)) fix_nan_f16(w, i, 1, NAN_FIRST, p, p, h);
    finish_f16(w, i, h);
    write16(w, i, h);
}

static void v_frexp_exp_i16_f16(struct wave *w, const struct inst *i) {
    lanesf p;
    lanes16 r;
    source_f16(w, i, 0, p);
    FOR_LANES(l) {
        uint32_t e = float_bits(p[l]) >> 23 & 255;
        r[l] = e == 255 || p[l] == 0 ? 0 : (uint16_t)(e - 126);
    }
    write16(w, i, r);
}

/*
 * a: the approximate quotient, b: the denominator, c: the numerator. A quotient of finite numbers that is not
 * one is too large, and rounds as such.
 */
static void v_div_fixup_f16(struct wave *w, const struct inst *i) {
    lanesf p, q, s;
    lanes16 h;
    source_f16(w, i, 0, p);
    source_f16(w, i, 1, q);
    source_f16(w, i, 2, s);
    struct rounding format = rounding_f16(w);
    FOR_LANES(l) {
        float a = p[l], b = q[l], c = s[l];
        bool negative = (float_bits(b) ^ float_bits(c)) >> 31;
        float x = isfinite(a) ? fabsf(a) : (float)rounded_scale(&format, negative ? -65504 : 65504, 1);
        if (c != c)
            x = c;
        else if (b != b)
            x = b;
        else if ((b == 0 && c == 0) || (isinf(b) && isinf(c)))
            x = bits_float(DEFAULT_NAN_32);
        else if (b == 0 || isinf(c))
            x = INFINITY;
        else if (isinf(b) || c == 0)
            x = 0;
        p[l] = x != x ? x : copysignf(x, negative ? -1 : 1);
    }
    floats_to_halves(p, h, LANES);
    finish_f16(w, i, h);
    write16(w, i, h);
}

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_f16)(exec_fn **table) {
    OPERATIONS(BIND_ROW)
    CHOICE(BIND_ROW)
    BIND(v_ldexp_f16)
    BIND(v_frexp_exp_i16_f16)
    BIND(v_div_fixup_f16)
}
