/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Vector instructions on f64. rcp, rsq and sqrt are rounded to nearest whatever MODE says, closer than the
 * hardware's estimates.
 */
#include "executors.h"
#include "lanes.h"

static inline double quiet_f64(double x) { return as_f64(bits_f64(x) | UINT64_C(1) << 51); }
static inline bool signalling_f64(double x) { return x != x && !(bits_f64(x) >> 51 & 1); }

static inline double min_f64(double a, double b, bool ieee) {
    if (ieee && signalling_f64(a)) return quiet_f64(a);
    if (ieee && signalling_f64(b)) return quiet_f64(b);
    return b != b ? a : a != a ? b : a < b || (a == b && bits_f64(a) >> 63) ? a : b;
}
static inline double max_f64(double a, double b, bool ieee) {
    if (ieee && signalling_f64(a)) return quiet_f64(a);
    if (ieee && signalling_f64(b)) return quiet_f64(b);
    return b != b ? a : a != a ? b : a > b || (a == b && !(bits_f64(a) >> 63)) ? a : b;
}

/* These round as m says; null is nearest even. */
static inline double sum_f64(const struct rounding *m, double a, double b) {
    return m ? rounded_sum(m, a, b) : a + b;
}
static inline double product_f64(const struct rounding *m, double a, double b) {
    return m ? rounded_product(m, a, b) : a * b;
}
static inline double fused_f64(const struct rounding *m, double a, double b, double c) {
    return m ? rounded_fma(m, a, b, c) : fma(a, b, c);
}

static inline double fract_f64(const struct rounding *m, double x) {
    double f = sum_f64(m, x, -floor(x));
    return f < 1 ? f : f == f ? as_f64(UINT64_C(0x3fefffffffffffff)) : f;
}
static inline int exponent_f64(double x) { return (int)(bits_f64(x) >> 52 & 2047); }

/* x * 2^n: the last factor is the only one that can round. */
static inline double ldexp_f64(double x, int32_t n) {
    if (n > 2200) n = 2200;
    if (n < -2200) n = -2200;
    for (; n > 1000; n -= 1000) x *= 0x1p1000;
    if (n < -1022) { /* bring the mantissa up first, so that only one step rounds */
        double tiny = exponent_f64(x) ? x : x * 0x1p64;
        int extra = exponent_f64(x) ? 0 : 64, e = exponent_f64(tiny) - extra;
        if (e == 2047) return x;
        if (e + n < -60) return x * 0;
        double up = as_f64((bits_f64(tiny) & ~(UINT64_C(2047) << 52)) | UINT64_C(1023) << 52);
        return up * 0x1p-1000 * as_f64((uint64_t)(e + n + 1000) << 52);
    }
    return x * as_f64((uint64_t)(1023 + n) << 52);
}
static inline double frexp_mantissa(double x) {
    if (x == 0 || exponent_f64(x) == 2047) return x;
    if (!exponent_f64(x)) x *= 0x1p64;
    return as_f64((bits_f64(x) & ~(UINT64_C(2047) << 52)) | UINT64_C(1022) << 52);
}
static inline int32_t frexp_exponent(double x) {
    if (x == 0 || exponent_f64(x) == 2047) return 0;
    return exponent_f64(x) ? exponent_f64(x) - 1022 : exponent_f64(x * 0x1p64) - 1022 - 64;
}

/* a: the approximate quotient, b: the denominator, c: the numerator. */
static inline double div_fixup(double a, double b, double c) {
    uint64_t sign = (bits_f64(b) ^ bits_f64(c)) & UINT64_C(1) << 63, infinity = UINT64_C(2047) << 52;
    if (c != c) return quiet_f64(c);
    if (b != b) return quiet_f64(b);
    if ((b == 0 && c == 0) || (isinf(b) && isinf(c))) return as_f64(DEFAULT_NAN_64 & INT64_MAX);
    if (b == 0 || isinf(c)) return as_f64(sign | infinity);
    if (isinf(b) || c == 0 || exponent_f64(c) - exponent_f64(b) < -1075) return as_f64(sign);
    return as_f64(a != a ? sign | infinity : (bits_f64(a) & INT64_MAX) | sign);
}

/* name, sources, which NaN, result from the sources' lanes, rounded as m says: null is nearest even */
#define ARITHMETIC(X)                                                                                        \
    X(v_add_f64, 2, NAN_FIRST, sum_f64(m, a, b))                                                             \
    X(v_mul_f64, 2, NAN_FIRST, product_f64(m, a, b))                                                         \
    X(v_fma_f64, 3, NAN_FUSED, fused_f64(m, a, b, c))                                                        \
    X(v_fract_f64, 1, NAN_FIRST, fract_f64(m, a))                                                            \
    X(v_trunc_f64, 1, NAN_FIRST, trunc(a))                                                                   \
    X(v_ceil_f64, 1, NAN_FIRST, ceil(a))                                                                     \
    X(v_rndne_f64, 1, NAN_FIRST, rint(a))                                                                    \
    X(v_floor_f64, 1, NAN_FIRST, floor(a))                                                                   \
    X(v_frexp_mant_f64, 1, NAN_QUIET, frexp_mantissa(a))                                                     \
    X(v_rcp_f64, 1, NAN_FIRST, 1 / a)                                                                        \
    X(v_rsq_f64, 1, NAN_FIRST, 1 / sqrt(a))                                                                  \
    X(v_sqrt_f64, 1, NAN_FIRST, sqrt(a))

/* The same, but the expression has chosen its NaN; ieee = MODE.IEEE. */
#define CHOICE(X)                                                                                            \
    X(v_min_f64, 2, NAN_CHOSEN, min_f64(a, b, ieee))                                                         \
    X(v_max_f64, 2, NAN_CHOSEN, max_f64(a, b, ieee))

static uint64_t first_nan_f64(const struct wave *w, enum nan_rule rule, double a, double b, double c) {
    double nan = a != a ? a : b != b ? b : c;
    if (nan == nan || (rule == NAN_FUSED && invalid_product(a, b))) return DEFAULT_NAN_64;
    return bits_f64(quiets(w, rule) ? quiet_f64(nan) : nan);
}

#define DEFINE(name, n, nan, expression, finish)                                                             \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        const bool ieee = w->mode & MODE_IEEE;                                                               \
        const struct rounding format = rounding_f64(w), *m = unlike_host_f64(w) ? &format : NULL;            \
        (void)ieee, (void)m;                                                                                 \
        lanesd p, q, s;                                                                                      \
        source_f64(w, i, 0, p);                                                                              \
        if (n > 1) source_f64(w, i, 1, q);                                                                   \
        if (n > 2) source_f64(w, i, 2, s);                                                                   \
        lanes64 r;                                                                                           \
        FOR_LANES(l) {                                                                                       \
            double a = p[l], b = n > 1 ? q[l] : a, c = n > 2 ? s[l] : a, x = expression;                     \
            r[l] = nan != NAN_CHOSEN && x != x ? first_nan_f64(w, nan, a, b, c) : bits_f64(x);               \
        }                                                                                                    \
        finish(w, i, r);                                                                                     \
        write64(w, i, r);                                                                                    \
    }
#define DEFINE_ARITHMETIC(name, n, nan, expression) DEFINE(name, n, nan, expression, finish_f64)
#define DEFINE_CHOICE(name, n, nan, expression)     DEFINE(name, n, nan, expression, finish_choice_f64)
ARITHMETIC(DEFINE_ARITHMETIC)
CHOICE(DEFINE_CHOICE)
DEFINE_ARITHMETIC(v_div_fixup_f64, 3, NAN_CHOSEN, div_fixup(a, b, c))

static void v_ldexp_f64(struct wave *w, const struct inst *i) {
    lanesd p;
    lanes64 r;
    lanes32 t;
    source_f64(w, i, 0, p);
    const uint32_t *n = source32(w, i, 1, t);
    struct rounding format = rounding_f64(w);
    bool directed = unlike_host_f64(w);
    FOR_LANES(l) {
        int32_t e = (int32_t)n[l];
        double x = directed ? rounded_scale(&format, p[l], e) : ldexp_f64(p[l], e);
        r[l] = p[l] != p[l] ? first_nan_f64(w, NAN_FIRST, p[l], p[l], p[l]) : bits_f64(x);
    }
    finish_f64(w, i, r);
    write64(w, i, r);
}

static void v_frexp_exp_i32_f64(struct wave *w, const struct inst *i) {
    lanesd p;
    lanes32 r;
    source_f64(w, i, 0, p);
    FOR_LANES(l) r[l] = (uint32_t)frexp_exponent(p[l]);
    write32(w, i, r);
}

/* As v_div_scale_f32, with f64's ranges and a scale of 2^128. */
static void v_div_scale_f64(struct wave *w, const struct inst *i) {
    lanesd p, q, s;
    lanes64 r;
    uint32_t scaled = 0;
    source_f64(w, i, 0, p);
    source_f64(w, i, 1, q);
    source_f64(w, i, 2, s);
    FOR_LANES(l) {
        double x = p[l], denominator = q[l], numerator = s[l];
        bool is_denominator = bits_f64(x) == bits_f64(denominator),
             is_numerator = bits_f64(x) == bits_f64(numerator);
        bool finite = isfinite(denominator);
        bool tiny_quotient = finite && fabs(numerator / denominator) < 0x1p-1022,
             tiny_inverse = finite && fabs(1 / denominator) < 0x1p-1022;
        bool flag = false;
        if (denominator == 0 || numerator == 0) {
            flag = true;
            x = as_f64(DEFAULT_NAN_64 & INT64_MAX);
        } else if (exponent_f64(numerator) - exponent_f64(denominator) >= 768) {
            flag = true;
            if (is_denominator) x *= 0x1p128;
        } else if (exponent_f64(denominator) == 0) {
            x *= 0x1p128;
        } else if (tiny_inverse && tiny_quotient) {
            flag = true;
            if (is_denominator) x *= 0x1p-128;
        } else if (tiny_inverse) {
            x *= 0x1p-128;
        } else if (tiny_quotient) {
            flag = true;
            if (is_numerator) x *= 0x1p128;
        } else if (exponent_f64(numerator) <= 53) {
            x *= 0x1p128;
        }
        scaled |= flag ? lane_bit[l] : 0;
        r[l] = p[l] != p[l] ? first_nan_f64(w, NAN_FIRST, p[l], p[l], p[l]) : bits_f64(x);
    }
    finish_f64(w, i, r);
    write64(w, i, r);
    mask_write(w, &i->sdst, scaled & exec_mask(w));
}

/* Subnormal sources stay whatever MODE says. */
static void v_div_fmas_f64(struct wave *w, const struct inst *i) {
    lanesd p, q, s;
    lanes64 r;
    uint32_t vcc = w->s[SREG_VCC + w->half];
    modified_f64(w, i, 0, false, p);
    modified_f64(w, i, 1, false, q);
    modified_f64(w, i, 2, false, s);
    struct rounding format = rounding_f64(w);
    bool all = unlike_host_f64(w);
    FOR_LANES(l) {
        bool scaled = vcc & lane_bit[l];
        int n = !scaled ? 0 : exponent_f64(s[l]) > 1023 ? 128 : -128; /* one rounding follows */
        double x = all || scaled ? rounded_fma_scale(&format, p[l], q[l], s[l], n) : fma(p[l], q[l], s[l]);
        r[l] = x != x ? first_nan_f64(w, NAN_FUSED, p[l], q[l], s[l]) : bits_f64(x);
    }
    finish_f64(w, i, r);
    write64(w, i, r);
}

/* src 1 selects which 53 bits of 2/pi are wanted for the range reduction of large arguments. */
static const uint64_t two_over_pi[] = {UINT64_C(0xa2f9836e4e441529), UINT64_C(0xfc2757d1f534ddc0),
                                       UINT64_C(0xdb6295993c439041), UINT64_C(0xfe5163abdebbc561),
                                       UINT64_C(0xb7246e3a424dd2e0), UINT64_C(0x06492eea09d1921c),
                                       UINT64_C(0xfe1deb1cb129a73e), UINT64_C(0xe88235f52ebb4484),
                                       UINT64_C(0xe99c7026b45f7e41), UINT64_C(0x3991d639835339f4),
                                       UINT64_C(0x9c845f8bbdf9283b), UINT64_C(0x1ff897ffde05980f),
                                       UINT64_C(0xef2f118b5a0a6d1f), UINT64_C(0x6d367ecf27cb09b7),
                                       UINT64_C(0x4f463f669e5fea2d), UINT64_C(0x7527bac7ebe5f17b),
                                       UINT64_C(0x3d0739f78a5292ea), UINT64_C(0x6bfb5fb11f8d5d08),
                                       UINT64_C(0x56033046fc7b0000), 0};
static void v_trig_preop_f64(struct wave *w, const struct inst *i) {
    lanesd p;
    lanes32 t;
    lanes64 r;
    source_f64(w, i, 0, p);
    const uint32_t *n = source32(w, i, 1, t);
    FOR_LANES(l) {
        unsigned shift = (n[l] & 31) * 53, e = (unsigned)exponent_f64(p[l]);
        if (e > 1077) shift += e - 1077;
        int scale = -53 - (int)shift + (e >= 1968 ? 128 : 0);
        uint64_t bits = 0;
        if (shift < 19 * 64) {
            unsigned word = shift / 64, bit = shift % 64;
            bits = two_over_pi[word] << bit | (bit ? two_over_pi[word + 1] >> (64 - bit) : 0);
        }
        r[l] = bits_f64(ldexp_f64((double)(bits >> 11), scale));
    }
    finish_f64(w, i, r);
    write64(w, i, r);
}

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_f64)(exec_fn **table) {
    ARITHMETIC(BIND_ROW)
    CHOICE(BIND_ROW)
    BIND(v_ldexp_f64)
    BIND(v_frexp_exp_i32_f64)
    BIND(v_div_scale_f64)
    BIND(v_div_fmas_f64)
    BIND(v_div_fixup_f64)
    BIND(v_trig_preop_f64)
}
