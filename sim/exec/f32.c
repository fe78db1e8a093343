/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Vector instructions on f32, and the steps of f32 division. */
#include "executors.h"
#include "lanes.h"

static inline bool signalling_f32(uint32_t u) { return nan_f32(u) & (~u >> 22 & 1); }

/*
 * IEEE minNum/maxNum with -0 < +0. Of two quiet NaNs the first; in IEEE mode a signalling one wins, quieted.
 */
static inline float choose_f32(bool first, float a, float b, bool ieee) {
    uint32_t x = float_bits(a), y = float_bits(b);
    uint32_t r = select32((b != b) | ((a == a) & first), x, y);
    r = select32(ieee & signalling_f32(y), y | 0x400000, r);
    return bits_float(select32(ieee & signalling_f32(x), x | 0x400000, r));
}
static inline float min_f32(float a, float b, bool ieee) {
    return choose_f32((a < b) | ((a == b) & (float_bits(a) >> 31)), a, b, ieee);
}
static inline float max_f32(float a, float b, bool ieee) {
    return choose_f32((a > b) | ((a == b) & !(float_bits(a) >> 31)), a, b, ieee);
}
/* The greater one of those but the greatest, to which zeros are equal; with a NaN among them the least. */
static inline float med3_f32(float a, float b, float c, bool ieee) {
    float least = min_f32(min_f32(a, b, ieee), c, ieee), top = max_f32(max_f32(a, b, ieee), c, ieee);
    float x = bits_float(select32(top == a, float_bits(b), float_bits(a)));
    float y = bits_float(select32((top == a) | (top == b), float_bits(c), float_bits(b)));
    float middle = max_f32(x, y, ieee);
    return bits_float(select32((a != a) | (b != b) | (c != c), float_bits(least), float_bits(middle)));
}

/* Zero times anything is zero. */
static inline float mul_dx9(const struct rounding *m, float a, float b) {
    return a == 0 || b == 0 ? 0.0f : product_f32(m, a, b);
}
/* The specular term of fixed-function lighting. */
static inline float mullit(const struct rounding *m, float a, float b, float c) {
    return b > -0x1.fffffep127f && c > 0 ? product_f32(m, a, b) : -0x1.fffffep127f;
}

static inline float fract_f32(const struct rounding *m, float x) {
    float f = sum_f32(m, x, -floorf(x));
    return f < 1 ? f : f == f ? bits_float(0x3f7fffff) : f;
}

/*
 * x * 2^n with one rounding: two exact steps unless the result is subnormal, then one rounding in the last.
 */
static inline float ldexp_f32(float x, int32_t n) {
    n = n < -300 ? -300 : n > 300 ? 300 : n;
    return (float)((double)x * as_f64((uint64_t)(1023 + n) << 52));
}
static inline uint32_t frexp_exponent(float x) {
    uint32_t u = float_bits(x), e = u >> 23 & 255;
    if (e == 255 || x == 0) return 0;
    return e ? e - 126 : (float_bits((float)(u & 0x7fffff)) >> 23 & 255) - 126 - 149;
}
static inline float frexp_mantissa(float x) {
    uint32_t u = float_bits(x), e = u >> 23 & 255;
    if (e == 255 || x == 0) return x;
    if (!e) u = float_bits((float)(u & 0x7fffff)) | (u & 0x80000000);
    return bits_float((u & 0x807fffff) | 0x3f000000);
}

/* Cube map face selection: 0/1 +-x, 2/3 +-y, 4/5 +-z; ties go to z, then y. */
static inline int cube_axis(float x, float y, float z) {
    float ax = fabsf(x), ay = fabsf(y), az = fabsf(z);
    return az >= ax && az >= ay ? 2 : ay >= ax ? 1 : 0;
}
static inline float cube_id(float x, float y, float z) {
    int axis = cube_axis(x, y, z);
    float major = axis == 2 ? z : axis == 1 ? y : x;
    return (float)(2 * axis + (major < 0));
}
static inline float cube_sc(float x, float y, float z) {
    int axis = cube_axis(x, y, z);
    return axis == 2 ? (z < 0 ? -x : x) : axis == 1 ? x : x < 0 ? z : -z;
}
static inline float cube_tc(float x, float y, float z) {
    return cube_axis(x, y, z) == 1 ? (y < 0 ? -z : z) : -y;
}
static inline float cube_ma(const struct rounding *m, float x, float y, float z) {
    int axis = cube_axis(x, y, z);
    return product_f32(m, 2, axis == 2 ? z : axis == 1 ? y : x);
}

/* name, sources, which NaN, result from the sources' lanes, rounded as m says: null is nearest even */
#define ROUNDED(X)                                                                                           \
    X(v_add_f32, 2, NAN_FIRST, sum_f32(m, a, b))                                                             \
    X(v_sub_f32, 2, NAN_FIRST, sum_f32(m, a, -b))                                                            \
    X(v_subrev_f32, 2, NAN_FIRST, sum_f32(m, b, -a))                                                         \
    X(v_mul_f32, 2, NAN_FIRST, product_f32(m, a, b))                                                         \
    X(v_mul_dx9_zero_f32, 2, NAN_FIRST, mul_dx9(m, a, b))                                                    \
    X(v_fma_f32, 3, NAN_FUSED, fused_f32(m, a, b, c))                                                        \
    X(v_fmac_f32, 3, NAN_FUSED, fused_f32(m, a, b, c))                                                       \
    X(v_fmamk_f32, 3, NAN_FUSED, fused_f32(m, a, b, c))                                                      \
    X(v_fmaak_f32, 3, NAN_FUSED, fused_f32(m, a, b, c))                                                      \
    X(v_fract_f32, 1, NAN_FIRST, fract_f32(m, a))                                                            \
    X(v_mullit_f32, 3, NAN_FIRST, mullit(m, a, b, c))                                                        \
    X(v_cubema_f32, 3, NAN_FIRST, cube_ma(m, a, b, c))

/* The same, but there is nothing to round, or one way to do it. */
#define EXACT(X)                                                                                             \
    X(v_trunc_f32, 1, NAN_FIRST, truncf(a))                                                                  \
    X(v_ceil_f32, 1, NAN_FIRST, ceilf(a))                                                                    \
    X(v_rndne_f32, 1, NAN_FIRST, rintf(a))                                                                   \
    X(v_floor_f32, 1, NAN_FIRST, floorf(a))                                                                  \
    X(v_frexp_mant_f32, 1, NAN_QUIET, frexp_mantissa(a))                                                     \
    X(v_cubeid_f32, 3, NAN_FIRST, cube_id(a, b, c))                                                          \
    X(v_cubesc_f32, 3, NAN_FIRST, cube_sc(a, b, c))                                                          \
    X(v_cubetc_f32, 3, NAN_FIRST, cube_tc(a, b, c))

/* The same, but the expression has chosen its NaN; ieee = MODE.IEEE. */
#define CHOICE(X)                                                                                            \
    X(v_min_f32, 2, NAN_CHOSEN, min_f32(a, b, ieee))                                                         \
    X(v_max_f32, 2, NAN_CHOSEN, max_f32(a, b, ieee))                                                         \
    X(v_min3_f32, 3, NAN_CHOSEN, min_f32(min_f32(a, b, ieee), c, ieee))                                      \
    X(v_max3_f32, 3, NAN_CHOSEN, max_f32(max_f32(a, b, ieee), c, ieee))                                      \
    X(v_med3_f32, 3, NAN_CHOSEN, med3_f32(a, b, c, ieee))                                                    \
    X(v_maxmin_f32, 3, NAN_CHOSEN, min_f32(max_f32(a, b, ieee), c, ieee))                                    \
    X(v_minmax_f32, 3, NAN_CHOSEN, max_f32(min_f32(a, b, ieee), c, ieee))

#define EVALUATE(expression, direction)                                                                      \
    {                                                                                                        \
        const struct rounding *const m = direction;                                                          \
        (void)m;                                                                                             \
        FOR_LANES(l) {                                                                                       \
            float a = bits_float(p[l]), b = bits_float(q[l]), c = bits_float(s[l]);                          \
            (void)b, (void)c;                                                                                \
            r[l] = float_bits(expression);                                                                   \
        }                                                                                                    \
    }
#define DEFINE(name, n, nan, expression, rounds)                                                             \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        bool plain = plain_f32(w, i), ieee = w->mode & MODE_IEEE;                                            \
        (void)ieee;                                                                                          \
        u32v t[3];                                                                                           \
        const uint32_t *p = source_f32(w, i, 0, (uint32_t *)&t[0], plain);                                   \
        const uint32_t *q = n > 1 ? source_f32(w, i, 1, (uint32_t *)&t[1], plain) : p;                       \
        const uint32_t *s = n > 2 ? source_f32(w, i, 2, (uint32_t *)&t[2], plain) : p;                       \
        lanes32 r;                                                                                           \
        bool directed = rounds && unlikely(!plain) && directed_f32(w);                                       \
        if (likely(!directed)) EVALUATE(expression, NULL)                                                    \
        if (rounds && unlikely(!plain) && (directed || may_be_tiny_f32(w, r))) {                             \
            struct rounding format = rounding_f32(w);                                                        \
            EVALUATE(expression, &format)                                                                    \
        }                                                                                                    \
        if (nan != NAN_CHOSEN && unlikely(any_nan_f32(r))) fix_nan_f32(w, nan, r, p, q, s);                  \
        if (unlikely(!plain)) (nan == NAN_CHOSEN ? finish_choice_f32 : finish_f32)(w, i, r);                 \
        write32(w, i, r);                                                                                    \
    }
#define DEFINE_ROUNDED(name, n, nan, expression) DEFINE(name, n, nan, expression, true)
#define DEFINE_EXACT(name, n, nan, expression)   DEFINE(name, n, nan, expression, false)
ROUNDED(DEFINE_ROUNDED)
EXACT(DEFINE_EXACT)
CHOICE(DEFINE_EXACT)

/* A zero factor makes the product +0. Subnormal operands and results are flushed whatever MODE says. */
static void v_fma_dx9_zero_f32(struct wave *w, const struct inst *i) {
    lanes32 x[3], r;
    for (unsigned n = 0; n < 3; n++) {
        const uint32_t *p = source_f32(w, i, n, x[n], false);
        FOR_LANES(l) x[n][l] = p[l] & 0x7f800000 ? p[l] : p[l] & 0x80000000;
    }
    struct rounding format = ROUNDING_F32(direction_32(w), true);
    FOR_LANES(l) {
        bool zero = !(x[0][l] & 0x7fffffff) || !(x[1][l] & 0x7fffffff);
        if (zero) x[0][l] = x[1][l] = 0;
        r[l] = float_bits(fused_f32(&format, bits_float(x[0][l]), bits_float(x[1][l]), bits_float(x[2][l])));
    }
    if (any_nan_f32(r)) fix_nan_f32(w, NAN_FUSED, r, x[0], x[1], x[2]);
    modify_f32(w, i, true, direction_32(w), r);
    write32(w, i, r);
}

static void v_ldexp_f32(struct wave *w, const struct inst *i) {
    bool plain = plain_f32(w, i);
    u32v t[2];
    const uint32_t *p = source_f32(w, i, 0, (uint32_t *)&t[0], plain);
    const uint32_t *n = source32(w, i, 1, (uint32_t *)&t[1]);
    lanes32 r;
    if (!plain && (directed_f32(w) || flushes_32(w))) {
        struct rounding format = rounding_f32(w);
        FOR_LANES(l)
        r[l] = float_bits((float)rounded_scale(&format, (double)bits_float(p[l]), (int32_t)n[l]));
    } else {
        FOR_LANES(l) r[l] = float_bits(ldexp_f32(bits_float(p[l]), (int32_t)n[l]));
    }
    if (any_nan_f32(r)) fix_nan_f32(w, NAN_FIRST, r, p, p, p);
    if (!plain) finish_f32(w, i, r);
    write32(w, i, r);
}

static void v_frexp_exp_i32_f32(struct wave *w, const struct inst *i) {
    lanes32 t, r;
    const uint32_t *p = source_f32(w, i, 0, t, plain_f32(w, i));
    FOR_LANES(l) r[l] = frexp_exponent(bits_float(p[l]));
    write32(w, i, r);
}

/* ---- division ------------------------------------------------------------------------------------------ */

/* v_div_scale brings operands into range, v_div_fmas undoes it, v_div_fixup handles specials. */
static inline int exponent_f32(uint32_t u) { return (int)(u >> 23 & 255); }

/* src 0 is the numerator c or the denominator b, whichever is to be scaled. Sets VCC where v_div_fmas must
 * scale. */
static void v_div_scale_f32(struct wave *w, const struct inst *i) {
    bool plain = plain_f32(w, i);
    u32v t[3];
    const uint32_t *p = source_f32(w, i, 0, (uint32_t *)&t[0], plain);
    const uint32_t *q = source_f32(w, i, 1, (uint32_t *)&t[1], plain);
    const uint32_t *s = source_f32(w, i, 2, (uint32_t *)&t[2], plain);
    lanes32 r;
    uint32_t scaled = 0;
    FOR_LANES(l) {
        float a = bits_float(p[l]), denominator = bits_float(q[l]), numerator = bits_float(s[l]);
        int ed = exponent_f32(q[l]), en = exponent_f32(s[l]);
        float quotient = numerator / denominator, inverse = 1 / denominator;
        bool finite = isfinite(denominator);
        bool tiny_quotient = finite && fabsf(quotient) < 0x1p-126f;
        bool tiny_inverse = finite && fabsf(inverse) < 0x1p-126f;
        bool flag = false;
        float x = a;
        if (denominator == 0 || numerator == 0) {
            flag = true;
            x = bits_float(DEFAULT_NAN_32 & INT32_MAX);
        } else if (en - ed >= 96) {
            flag = true;
            if (p[l] == q[l]) x = a * 0x1p64f;
        } else if (ed == 0) {
            x = a * 0x1p64f;
        } else if (tiny_inverse && tiny_quotient) {
            flag = true;
            if (p[l] == q[l]) x = a * 0x1p-64f;
        } else if (tiny_inverse) {
            x = a * 0x1p-64f;
        } else if (tiny_quotient) {
            flag = true;
            if (p[l] == s[l]) x = a * 0x1p64f;
        } else if (en <= 23) {
            x = a * 0x1p64f;
        }
        scaled |= flag ? lane_bit[l] : 0;
        r[l] = nan_f32(p[l]) ? p[l] | (w->mode & MODE_IEEE ? 0x400000 : 0) : float_bits(x);
    }
    if (!plain) finish_f32(w, i, r);
    write32(w, i, r);
    mask_write(w, &i->sdst, scaled & exec_mask(w));
}

/* Subnormal sources stay whatever MODE says. */
static void v_div_fmas_f32(struct wave *w, const struct inst *i) {
    bool plain = plain_f32(w, i);
    u32v t[3];
    const uint32_t *x[3];
    for (unsigned n = 0; n < 3; n++) {
        x[n] = source32(w, i, n, (uint32_t *)&t[n]);
        if (!plain) x[n] = SIMD_NAME(modified_f32)(&i->src[n], x[n], false, (uint32_t *)&t[n]);
    }
    const uint32_t *p = x[0], *q = x[1], *s = x[2];
    uint32_t vcc = w->s[SREG_VCC + w->half];
    lanes32 r;
    FOR_LANES(l) r[l] = float_bits(fma_f32(bits_float(p[l]), bits_float(q[l]), bits_float(s[l])));
    bool all = !plain && (directed_f32(w) || flushes_32(w));
    struct rounding format = rounding_f32(w);
    if (unlikely(vcc || all)) FOR_LANES(l) {
            bool scaled = vcc & lane_bit[l];
            if (!all && !scaled) continue;
            /* The scale is chosen so that the result comes back to the side it left; one rounding follows. */
            int n = !scaled ? 0 : exponent_f32(s[l]) > 127 ? 64 : -64;
            r[l] = float_bits((float)rounded_fma_scale(
                &format, (double)bits_float(p[l]), (double)bits_float(q[l]), (double)bits_float(s[l]), n));
        }
    if (any_nan_f32(r)) fix_nan_f32(w, NAN_FUSED, r, p, q, s);
    if (!plain) finish_f32(w, i, r);
    write32(w, i, r);
}

/* a: the approximate quotient, b: the denominator, c: the numerator. */
static inline uint32_t div_fixup(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t sign = (b ^ c) & 0x80000000, mb = b & 0x7fffffff, mc = c & 0x7fffffff;
    if (nan_f32(c)) return c | 0x400000;
    if (nan_f32(b)) return b | 0x400000;
    if ((!mb && !mc) || (mb == 0x7f800000 && mc == 0x7f800000)) return 0x7fc00000; /* recorded: positive */
    if (!mb || mc == 0x7f800000) return sign | 0x7f800000;
    if (mb == 0x7f800000 || !mc) return sign;
    if (exponent_f32(c) - exponent_f32(b) < -150) return sign;
    if (exponent_f32(b) == 255) return sign | 0x7f800000;
    return nan_f32(a) ? sign | 0x7f800000 /* the iteration overflowed */ : (a & 0x7fffffff) | sign;
}
static void v_div_fixup_f32(struct wave *w, const struct inst *i) {
    bool plain = plain_f32(w, i);
    u32v t[3];
    const uint32_t *p = source_f32(w, i, 0, (uint32_t *)&t[0], plain);
    const uint32_t *q = source_f32(w, i, 1, (uint32_t *)&t[1], plain);
    const uint32_t *s = source_f32(w, i, 2, (uint32_t *)&t[2], plain);
    lanes32 r;
    FOR_LANES(l) r[l] = div_fixup(p[l], q[l], s[l]);
    if (!plain) finish_f32(w, i, r);
    write32(w, i, r);
}

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_f32)(exec_fn **table) {
    ROUNDED(BIND_ROW)
    EXACT(BIND_ROW)
    CHOICE(BIND_ROW)
    BIND(v_fma_dx9_zero_f32)
    table[OP_v_fmac_dx9_zero_f32] = v_fma_dx9_zero_f32;
    BIND(v_ldexp_f32)
    BIND(v_frexp_exp_i32_f32)
    BIND(v_div_scale_f32)
    BIND(v_div_fmas_f32)
    BIND(v_div_fixup_f32)
}
