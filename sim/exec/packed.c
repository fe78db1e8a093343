/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Packed instructions on two 16-bit values per lane, and the mixed-precision multiply-adds. */
#include "executors.h"
#include "lanes.h"

enum { HALVES = 2 * LANES };
typedef uint16_t halves[HALVES] LANES_ALIGNED;
typedef float floats[HALVES] LANES_ALIGNED;

#define S(x)      ((int16_t)(x))
#define MIN(x, y) ((x) < (y) ? (x) : (y))
#define MAX(x, y) ((x) > (y) ? (x) : (y))

/* All 64 halves of a source, in memory order; those of `flushed` where source subnormals are flushed. */
static inline const uint16_t *source_pk_halves(const struct wave *w, const struct inst *i, unsigned n,
                                               uint32_t *t, uint16_t *flushed) {
    const uint16_t *h = (const uint16_t *)source_packed(w, i, n, t);
    if (likely(keeps_sources_16_64(w))) return h;
    for (unsigned l = 0; l < HALVES; l++) flushed[l] = h[l] & 0x7c00 ? h[l] : h[l] & 0x8000;
    return flushed;
}

/* The same as f32. */
static inline void source_pk_f16(const struct wave *w, const struct inst *i, unsigned n, float *f) {
    lanes32 t;
    halves flushed;
    halves_to_floats(source_pk_halves(w, i, n, t, flushed), f, HALVES);
}

/* The two halves of every lane, finished like single ones. */
typedef void finish_halves(const struct wave *w, const struct inst *i, uint16_t *r);
static void finish_pk_f16(const struct wave *w, const struct inst *i, finish_halves *finish, uint16_t *h) {
    for (unsigned part = 0; part < 2; part++) {
        lanes16 x;
        FOR_LANES(l) x[l] = h[2 * l + part];
        finish(w, i, x);
        FOR_LANES(l) h[2 * l + part] = x[l];
    }
}

/* As fix_nan_f16(). */
static void fix_nan_pk(const struct wave *w, const struct inst *i, unsigned n, enum nan_rule rule,
                       const float *a, const float *b, uint16_t *h) {
    u32v t[3];
    const uint16_t *x[3];
    for (unsigned k = 0; k < 3; k++)
        x[k] = (const uint16_t *)source_packed(w, i, k < n ? k : 0, (uint32_t *)&t[k]);
    for (unsigned l = 0; l < HALVES; l++) {
        if ((h[l] & 0x7fff) <= 0x7c00) continue;
        bool invalid = rule == NAN_FUSED && invalid_product((double)a[l], (double)b[l]);
        h[l] = invalid ? DEFAULT_NAN_16 : first_nan_f16(quiets(w, rule), x[0][l], x[1][l], x[2][l]);
    }
}

/* name, sources, which NaN, result in f32 from the sources' halves, rounded as m says; if null, after it */
#define FLOAT(X)                                                                                             \
    X(v_pk_add_f16, 2, NAN_FIRST, sum_f32(m, a, b))                                                          \
    X(v_pk_mul_f16, 2, NAN_FIRST, product_f32(m, a, b))                                                      \
    X(v_pk_fma_f16, 3, NAN_FUSED, fused_f16(m, a, b, c))                                                     \
    X(v_pk_fmac_f16, 3, NAN_FUSED, fused_f16(m, a, b, c))

#define EVALUATE(n, expression, direction)                                                                   \
    {                                                                                                        \
        const struct rounding *const m = direction;                                                          \
        (void)m;                                                                                             \
        for (unsigned l = 0; l < HALVES; l++) {                                                              \
            float a = p[l], b = q[l], c = n > 2 ? s[l] : a;                                                  \
            (void)c;                                                                                         \
            r[l] = float_bits(expression);                                                                   \
        }                                                                                                    \
    }
#define DEFINE_FLOAT(name, n, nan, expression)                                                               \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        bool plain = plain_f16(w, i);                                                                        \
        floats p, q, s;                                                                                      \
        uint32_t r[HALVES] LANES_ALIGNED;                                                                    \
        source_pk_f16(w, i, 0, p);                                                                           \
        source_pk_f16(w, i, 1, q);                                                                           \
        if (n > 2) source_pk_f16(w, i, 2, s);                                                                \
        if (unlikely(!plain && unlike_host_f16(w))) {                                                        \
            struct rounding format = rounding_f16(w);                                                        \
            EVALUATE(n, expression, &format)                                                                 \
        } else {                                                                                             \
            EVALUATE(n, expression, NULL)                                                                    \
        }                                                                                                    \
        halves h;                                                                                            \
        floats_to_halves((const float *)r, h, HALVES);                                                       \
        if (unlikely(any_nan_f32(r) || any_nan_f32(r + LANES))) fix_nan_pk(w, i, n, nan, p, q, h);           \
        if (unlikely(!plain)) finish_pk_f16(w, i, finish_f16, h);                                            \
        write32(w, i, (const uint32_t *)h);                                                                  \
    }
FLOAT(DEFINE_FLOAT)

#define CHOICE(X)                                                                                            \
    X(v_pk_min_f16, min_f16)                                                                                 \
    X(v_pk_max_f16, max_f16)

#define DEFINE_CHOICE(name, choose)                                                                          \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        const bool ieee = w->mode & MODE_IEEE;                                                               \
        u32v t[2];                                                                                           \
        halves flushed[2], h;                                                                                \
        const uint16_t *p = source_pk_halves(w, i, 0, (uint32_t *)&t[0], flushed[0]);                        \
        const uint16_t *q = source_pk_halves(w, i, 1, (uint32_t *)&t[1], flushed[1]);                        \
        for (unsigned l = 0; l < HALVES; l++) h[l] = choose(p[l], q[l], ieee);                               \
        finish_pk_f16(w, i, finish_choice_f16, h);                                                           \
        write32(w, i, (const uint32_t *)h);                                                                  \
    }
CHOICE(DEFINE_CHOICE)

/* name, sources, exact result in 64 bits, smallest and largest value that the clamp bit allows */
#define INTEGER(X)                                                                                           \
    X(v_pk_add_u16, 2, a + b, 0, 0xffff)                                                                     \
    X(v_pk_sub_u16, 2, a - b, 0, 0xffff)                                                                     \
    X(v_pk_add_i16, 2, S(a) + S(b), INT16_MIN, INT16_MAX)                                                    \
    X(v_pk_sub_i16, 2, S(a) - S(b), INT16_MIN, INT16_MAX)                                                    \
    X(v_pk_mul_lo_u16, 2, (int64_t)a *b, 0, 0xffff)                                                          \
    X(v_pk_mad_u16, 3, (int64_t)a *b + c, 0, 0xffff)                                                         \
    X(v_pk_mad_i16, 3, (int64_t)S(a) * S(b) + S(c), INT16_MIN, INT16_MAX)                                    \
    X(v_pk_min_u16, 2, MIN(a, b), 0, 0xffff)                                                                 \
    X(v_pk_max_u16, 2, MAX(a, b), 0, 0xffff)                                                                 \
    X(v_pk_min_i16, 2, MIN(S(a), S(b)), INT16_MIN, INT16_MAX)                                                \
    X(v_pk_max_i16, 2, MAX(S(a), S(b)), INT16_MIN, INT16_MAX)                                                \
    X(v_pk_lshlrev_b16, 2, (b << (a & 15)) & 0xffff, 0, 0xffff)                                              \
    X(v_pk_lshrrev_b16, 2, b >> (a & 15), 0, 0xffff)                                                         \
    X(v_pk_ashrrev_i16, 2, S(b) >> (a & 15), INT16_MIN, INT16_MAX)

#define DEFINE_INTEGER(name, n, wide, low, high)                                                             \
    static inline int64_t name##_wide(int32_t a, int32_t b, int32_t c) { return (void)c, (wide); }           \
    static inline uint16_t name##_clamped(int32_t a, int32_t b, int32_t c) {                                 \
        int64_t x = name##_wide(a, b, c);                                                                    \
        return (uint16_t)(x<(low) ? (low) : x>(high) ? (high) : x);                                          \
    }                                                                                                        \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        u32v t[3];                                                                                           \
        const uint16_t *p = (const uint16_t *)source_packed(w, i, 0, (uint32_t *)&t[0]);                     \
        const uint16_t *q = (const uint16_t *)source_packed(w, i, 1, (uint32_t *)&t[1]);                     \
        const uint16_t *s = n > 2 ? (const uint16_t *)source_packed(w, i, 2, (uint32_t *)&t[2]) : p;         \
        halves r;                                                                                            \
        if (unlikely(i->clamp))                                                                              \
            for (unsigned l = 0; l < HALVES; l++) r[l] = name##_clamped(p[l], q[l], s[l]);                   \
        else                                                                                                 \
            for (unsigned l = 0; l < HALVES; l++) r[l] = (uint16_t)name##_wide(p[l], q[l], s[l]);            \
        write32(w, i, (const uint32_t *)r);                                                                  \
    }
INTEGER(DEFINE_INTEGER)

/* ---- v_fma_mix: every source is f32, or the half that op_sel names where op_sel_hi is set ------------- */

static const uint32_t *source_mix(const struct wave *w, const struct inst *i, unsigned n, uint32_t *r) {
    const uint32_t *x = source32(w, i, n, r);
    /* neg_hi is the absolute value here, neg_lo the sign */
    uint32_t magnitude = i->src[n].abs || i->neg_hi >> n & 1 ? 0x7fffffff : 0xffffffff;
    uint32_t sign = i->src[n].neg || i->neg_lo >> n & 1 ? 0x80000000 : 0;
    bool half = i->op_sel_hi >> n & 1, changes = sign || ~magnitude;
    if (half) {
        unsigned shift = i->op_sel >> n & 1 ? 16 : 0;
        lanes16 h;
        FOR_LANES(l) h[l] = (uint16_t)(x[l] >> shift);
        if (unlikely(!keeps_sources_16_64(w))) FOR_LANES(l) h[l] = h[l] & 0x7c00 ? h[l] : h[l] & 0x8000;
        halves_to_floats(h, (float *)r, LANES);
        x = r;
    }
    bool flush = !half && !keeps_sources_32(w);
    if (likely(!changes && !flush)) return x;
    FOR_LANES(l) {
        uint32_t u = (x[l] & magnitude) ^ sign;
        r[l] = !flush || u & 0x7f800000 ? u : u & 0x80000000;
    }
    return r;
}
struct mix {
    lanes32 t[3];
    const uint32_t *a, *b, *c;
};
static void source_mixes(const struct wave *w, const struct inst *i, struct mix *x) {
    x->a = source_mix(w, i, 0, x->t[0]);
    x->b = source_mix(w, i, 1, x->t[1]);
    x->c = source_mix(w, i, 2, x->t[2]);
}
#define MIX(function, m)                                                                                     \
    FOR_LANES(l) r[l] = float_bits(function(m, bits_float(x.a[l]), bits_float(x.b[l]), bits_float(x.c[l])))

static void v_fma_mix_f32(struct wave *w, const struct inst *i) {
    struct mix x;
    lanes32 r;
    source_mixes(w, i, &x);
    bool directed = directed_f32(w);
    if (likely(!directed)) MIX(fused_f32, NULL);
    if (unlikely(directed || may_be_tiny_f32(w, r))) {
        struct rounding format = rounding_f32(w);
        MIX(fused_f32, &format);
    }
    if (unlikely(any_nan_f32(r))) fix_nan_f32(w, NAN_FUSED, r, x.a, x.b, x.c);
    if (unlikely(i->clamp || !plain_f32(w, i))) finish_f32(w, i, r);
    write32(w, i, r);
}
/* The f16 forms round once, from the exact sum to f16, and write one half. */
static void fma_mix_half(struct wave *w, const struct inst *i, unsigned shift) {
    struct mix x;
    lanes32 r, merged;
    lanes16 h;
    source_mixes(w, i, &x);
    if (unlikely(unlike_host_f16(w))) {
        struct rounding format = rounding_f16(w);
        MIX(fused_f32_to_f16, &format);
    } else {
        MIX(fused_f32_to_f16, NULL);
    }
    if (unlikely(any_nan_f32(r))) fix_nan_f32(w, NAN_FUSED, r, x.a, x.b, x.c);
    floats_to_halves((const float *)r, h, LANES);
    if (unlikely(i->clamp || !plain_f16(w, i))) finish_f16(w, i, h);
    const uint32_t *d = (const uint32_t *)&w->v[i->dst.reg];
    FOR_LANES(l) merged[l] = (d[l] & UINT32_C(0xffff0000) >> shift) | (uint32_t)h[l] << shift;
    write32(w, i, merged);
}
static void v_fma_mixlo_f16(struct wave *w, const struct inst *i) { fma_mix_half(w, i, 0); }
static void v_fma_mixhi_f16(struct wave *w, const struct inst *i) { fma_mix_half(w, i, 16); }

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_packed)(exec_fn **table) {
    FLOAT(BIND_ROW)
    CHOICE(BIND_ROW)
    INTEGER(BIND_ROW)
    BIND(v_fma_mix_f32)
    BIND(v_fma_mixlo_f16)
    BIND(v_fma_mixhi_f16)
}
