/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Vector comparisons. v_cmp writes a lane mask (0 for inactive lanes), v_cmpx writes EXEC.
 * Every relation exists for several types, so the rows are relation x type.
 */
#include "executors.h"
#include "lanes.h"

static void write_mask(struct wave *w, const struct inst *i, uint32_t mask, bool to_exec) {
    mask &= written_lanes(w, i);
    if (to_exec)
        w->s[SREG_EXEC + w->half] = mask;
    else
        mask_write(w, &i->sdst, mask);
}

/* ---- how a type fetches its lanes into p and q -------------------------------------------------------- */

#define FETCH_f16                                                                                            \
    lanesf p, q;                                                                                             \
    source_f16(w, i, 0, p);                                                                                  \
    source_f16(w, i, 1, q);
#define FETCH_f32                                                                                            \
    u32v t[2];                                                                                               \
    bool plain = plain_f32(w, i);                                                                            \
    const float *p = (const float *)source_f32(w, i, 0, (uint32_t *)&t[0], plain);                           \
    const float *q = (const float *)source_f32(w, i, 1, (uint32_t *)&t[1], plain);
#define FETCH_f64                                                                                            \
    lanesd p, q;                                                                                             \
    source_f64(w, i, 0, p);                                                                                  \
    source_f64(w, i, 1, q);
#define FETCH_16(type)                                                                                       \
    lanes16 x, y;                                                                                            \
    source16(w, i, 0, x);                                                                                    \
    source16(w, i, 1, y);                                                                                    \
    const type *p = (const type *)x, *q = (const type *)y;
#define FETCH_32(type)                                                                                       \
    u32v t[2];                                                                                               \
    const type *p = (const type *)source32(w, i, 0, (uint32_t *)&t[0]);                                      \
    const type *q = (const type *)source32(w, i, 1, (uint32_t *)&t[1]);
#define FETCH_64(type)                                                                                       \
    lanes64 x, y;                                                                                            \
    source64(w, i, 0, x);                                                                                    \
    source64(w, i, 1, y);                                                                                    \
    const type *p = (const type *)x, *q = (const type *)y;
#define FETCH_i16 FETCH_16(int16_t)
#define FETCH_u16 FETCH_16(uint16_t)
#define FETCH_i32 FETCH_32(int32_t)
#define FETCH_u32 FETCH_32(uint32_t)
#define FETCH_i64 FETCH_64(int64_t)
#define FETCH_u64 FETCH_64(uint64_t)

/* ---- relations ---------------------------------------------------------------------------------------- */

#define INTEGER(X, type)                                                                                     \
    X(lt, type, a < b)                                                                                       \
    X(eq, type, a == b)                                                                                      \
    X(le, type, a <= b)                                                                                      \
    X(gt, type, a > b)                                                                                       \
    X(ne, type, a != b)                                                                                      \
    X(ge, type, a >= b)

#define CONSTANT(X, type)                                                                                    \
    X(f, type, ((void)a, (void)b, false))                                                                    \
    X(t, type, ((void)a, (void)b, true))

/* With an unordered pair every relation is false; the negated ones are true. */
#define FLOAT(X, type)                                                                                       \
    CONSTANT(X, type)                                                                                        \
    X(lt, type, a < b)                                                                                       \
    X(eq, type, a == b)                                                                                      \
    X(le, type, a <= b)                                                                                      \
    X(gt, type, a > b)                                                                                       \
    X(lg, type, a<b || a> b)                                                                                 \
    X(ge, type, a >= b)                                                                                      \
    X(o, type, a == a && b == b)                                                                             \
    X(u, type, a != a || b != b)                                                                             \
    X(nge, type, !(a >= b))                                                                                  \
    X(nlg, type, !(a < b || a > b))                                                                          \
    X(ngt, type, !(a > b))                                                                                   \
    X(nle, type, !(a <= b))                                                                                  \
    X(neq, type, !(a == b))                                                                                  \
    X(nlt, type, !(a < b))

#define ALL(X)                                                                                               \
    FLOAT(X, f16)                                                                                            \
    FLOAT(X, f32)                                                                                            \
    FLOAT(X, f64)                                                                                            \
    INTEGER(X, i16)                                                                                          \
    INTEGER(X, u16)                                                                                          \
    INTEGER(X, i32)                                                                                          \
    CONSTANT(X, i32)                                                                                         \
    INTEGER(X, u32)                                                                                          \
    CONSTANT(X, u32)                                                                                         \
    INTEGER(X, i64)                                                                                          \
    CONSTANT(X, i64)                                                                                         \
    INTEGER(X, u64)                                                                                          \
    CONSTANT(X, u64)

#define DEFINE(relation, type, expression)                                                                   \
    static uint32_t relation##_##type(const struct wave *w, const struct inst *i) {                          \
        FETCH_##type;                                                                                        \
        uint32_t mask = 0;                                                                                   \
        FOR_LANES(l) {                                                                                       \
            __typeof__(p[0] + 0) a = p[l], b = q[l];                                                         \
            mask |= (expression) ? lane_bit[l] : 0;                                                          \
        }                                                                                                    \
        return mask;                                                                                         \
    }                                                                                                        \
    static void v_cmp_##relation##_##type(struct wave *w, const struct inst *i) {                            \
        write_mask(w, i, relation##_##type(w, i), false);                                                    \
    }                                                                                                        \
    static void v_cmpx_##relation##_##type(struct wave *w, const struct inst *i) {                           \
        write_mask(w, i, relation##_##type(w, i), true);                                                     \
    }
ALL(DEFINE)

/* ---- class tests ------------------------------------------------------------------------------------- */

/* Bits: 0 sNaN, 1 qNaN, 2 -Inf, 3 -normal, 4 -subnormal, 5 -0, 6 +0, 7 +subnormal, 8 +normal, 9 +Inf. */

static inline uint32_t class_bit(bool negative, bool zero, bool subnormal, bool infinite, bool nan,
                                 bool quiet) {
    uint32_t distance = zero ? 0 : subnormal ? 1 : infinite ? 3 : 2; /* from zero, outwards */
    return nan ? 1u << quiet : negative ? 32u >> distance : 64u << distance;
}

/* Modifiers apply to the bits; subnormals are recognised whatever MODE says. */
static uint32_t class_f16(const struct wave *w, const struct inst *i) {
    lanes16 x, y;
    uint32_t mask = 0, magnitude = i->src[0].abs ? 0x7fff : 0xffff, sign = i->src[0].neg ? 0x8000 : 0;
    source16(w, i, 0, x);
    source16(w, i, 1, y);
    FOR_LANES(l) {
        uint32_t u = (x[l] & magnitude) ^ sign, m = u & 0x7fff;
        uint32_t c = class_bit(u >> 15, !m, m < 0x400, m == 0x7c00, m > 0x7c00, m >> 9 & 1);
        mask |= c & y[l] ? lane_bit[l] : 0;
    }
    return mask;
}
static uint32_t class_f32(const struct wave *w, const struct inst *i) {
    u32v t[2];
    uint32_t mask = 0, magnitude = i->src[0].abs ? 0x7fffffff : 0xffffffff,
             sign = i->src[0].neg ? 0x80000000 : 0;
    const uint32_t *x = source32(w, i, 0, (uint32_t *)&t[0]), *y = source32(w, i, 1, (uint32_t *)&t[1]);
    FOR_LANES(l) {
        uint32_t u = (x[l] & magnitude) ^ sign, m = u & 0x7fffffff;
        uint32_t c = class_bit(u >> 31, !m, m < 0x800000, m == 0x7f800000, m > 0x7f800000, m >> 22 & 1);
        mask |= c & y[l] ? lane_bit[l] : 0;
    }
    return mask;
}
static uint32_t class_f64(const struct wave *w, const struct inst *i) {
    lanes64 x;
    lanes32 t;
    uint64_t magnitude = i->src[0].abs ? INT64_MAX : UINT64_MAX, sign = i->src[0].neg ? UINT64_C(1) << 63 : 0;
    uint64_t infinity = UINT64_C(2047) << 52;
    uint32_t mask = 0;
    source64(w, i, 0, x);
    const uint32_t *y = source32(w, i, 1, t);
    FOR_LANES(l) {
        uint64_t u = (x[l] & magnitude) ^ sign, m = u & INT64_MAX;
        uint32_t c = class_bit(u >> 63, !m, m<UINT64_C(1) << 52, m == infinity, m> infinity, m >> 51 & 1);
        mask |= c & y[l] ? lane_bit[l] : 0;
    }
    return mask;
}

#define CLASSES(X) X(class_f16) X(class_f32) X(class_f64)
#define DEFINE_CLASS(name)                                                                                   \
    static void v_cmp_##name(struct wave *w, const struct inst *i) { write_mask(w, i, name(w, i), false); }  \
    static void v_cmpx_##name(struct wave *w, const struct inst *i) { write_mask(w, i, name(w, i), true); }
CLASSES(DEFINE_CLASS)

#define BIND_RELATION(relation, type, expression)                                                            \
    BIND(v_cmp_##relation##_##type) BIND(v_cmpx_##relation##_##type)
#define BIND_CLASS(name) BIND(v_cmp_##name) BIND(v_cmpx_##name)
void SIMD_NAME(bind_compare)(exec_fn **table) {
    ALL(BIND_RELATION)
    CLASSES(BIND_CLASS)
}
