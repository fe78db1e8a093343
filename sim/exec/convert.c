/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Vector conversions between formats. Floats become integers by saturation; NaN becomes 0. */
#include "executors.h"
#include "lanes.h"

static inline uint32_t to_u32(double x) { return x > 0 ? x < 4294967296.0 ? (uint32_t)x : UINT32_MAX : 0; }
static inline uint32_t to_i32(double x) {
    if (x != x) return 0;
    return (uint32_t)(x <= -2147483648.0 ? INT32_MIN : x >= 2147483647.0 ? INT32_MAX : (int32_t)x);
}
static inline uint16_t to_u16(float x) { return x > 0 ? x < 65535 ? (uint16_t)(int32_t)x : 65535 : 0; }
static inline uint16_t to_i16(float x) {
    return (uint16_t)(x != x ? 0 : x <= -32768 ? INT16_MIN : x >= 32767 ? INT16_MAX : (int16_t)x);
}
/* Towards zero: what rounding to nearest went past is taken back. */
static inline uint16_t float_to_half_rtz(float x) {
    uint16_t h = float_to_f16(x);
    bool past = fabsf(f16_to_float(h)) > fabsf(x);
    return past ? h - 1 : h;
}
/* Normalised integers: round to nearest even of x times the largest magnitude. */
static inline uint16_t to_snorm16(float x) {
    float y = x != x ? 0 : x < -1 ? -1 : x > 1 ? 1 : x;
    return (uint16_t)(int16_t)rint((double)y * 32767);
}
static inline uint16_t to_unorm16(float x) {
    float y = x > 0 ? x > 1 ? 1 : x : 0;
    return (uint16_t)(int32_t)rint((double)y * 65535);
}
static inline uint32_t saturate_u16(uint32_t x) { return x > 65535 ? 65535 : x; }
static inline uint32_t saturate_i16(uint32_t x) {
    int32_t y = (int32_t)x;
    return (uint16_t)(y < -32768 ? -32768 : y > 32767 ? 32767 : y);
}
static inline uint32_t replace_byte(uint32_t old, uint32_t byte, uint32_t position) {
    uint32_t shift = 8 * (position & 3);
    return (old & ~(UINT32_C(255) << shift)) | byte << shift;
}

/* ---- f32 -> 32 bits: name, result from the source's lane a -------------------------------------------- */

#define FROM_F32(X)                                                                                          \
    X(v_cvt_u32_f32, to_u32(a))                                                                              \
    X(v_cvt_i32_f32, to_i32(a))                                                                              \
    X(v_cvt_nearest_i32_f32, to_i32(floor((double)a + 0.5)))                                                 \
    X(v_cvt_floor_i32_f32, to_i32(floorf(a)))

#define DEFINE_FROM_F32(name, expression)                                                                    \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanes32 t, r;                                                                                        \
        const uint32_t *p = source_f32(w, i, 0, t, plain_f32(w, i));                                         \
        FOR_LANES(l) {                                                                                       \
            float a = bits_float(p[l]);                                                                      \
            r[l] = expression;                                                                               \
        }                                                                                                    \
        write32(w, i, r);                                                                                    \
    }
FROM_F32(DEFINE_FROM_F32)

/* ---- integers -> f32: output modifiers apply ---------------------------------------------------------- */

#define TO_F32(X)                                                                                            \
    X(v_cvt_f32_u32, a)                                                                                      \
    X(v_cvt_f32_i32, (int32_t)a)                                                                             \
    X(v_cvt_f32_ubyte0, a & 255)                                                                             \
    X(v_cvt_f32_ubyte1, a >> 8 & 255)                                                                        \
    X(v_cvt_f32_ubyte2, a >> 16 & 255)                                                                       \
    X(v_cvt_f32_ubyte3, a >> 24)                                                                             \
    X(v_cvt_off_f32_i4, (float)((int32_t)(a << 28) >> 28) * 0.0625f)

#define DEFINE_TO_F32(name, expression)                                                                      \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanes32 t, r;                                                                                        \
        const uint32_t *p = source32(w, i, 0, t);                                                            \
        if (unlikely(directed_f32(w))) {                                                                     \
            struct rounding format = rounding_f32(w);                                                        \
            FOR_LANES(l) {                                                                                   \
                uint32_t a = p[l];                                                                           \
                r[l] = float_bits((float)rounded_scale(&format, (double)(expression), 0));                   \
            }                                                                                                \
        } else {                                                                                             \
            FOR_LANES(l) {                                                                                   \
                uint32_t a = p[l];                                                                           \
                r[l] = float_bits((float)(expression));                                                      \
            }                                                                                                \
        }                                                                                                    \
        if (unlikely(!i->plain)) finish_f32(w, i, r);                                                        \
        write32(w, i, r);                                                                                    \
    }
TO_F32(DEFINE_TO_F32)

/* ---- halves ------------------------------------------------------------------------------------------- */

static void v_cvt_f32_f16(struct wave *w, const struct inst *i) {
    lanesf r;
    source_f16(w, i, 0, r);
    if (unlikely(!plain_f32(w, i))) finish_f32(w, i, (uint32_t *)r);
    write32(w, i, (const uint32_t *)r);
}

static void v_cvt_f16_f32(struct wave *w, const struct inst *i) {
    bool plain = plain_f32(w, i) && plain_f16(w, i);
    lanes32 t;
    lanes16 h;
    const float *f = (const float *)source_f32(w, i, 0, t, plain);
    if (likely(plain))
        floats_to_halves(f, h, LANES);
    else
        narrow_f16(w, f, h);
    if (unlikely(!plain)) finish_f16(w, i, h);
    write16(w, i, h);
}

/* name, result from a half (as f32) */
#define FROM_F16(X)                                                                                          \
    X(v_cvt_u16_f16, to_u16(a))                                                                              \
    X(v_cvt_i16_f16, to_i16(a))                                                                              \
    X(v_cvt_norm_i16_f16, to_snorm16(a))                                                                     \
    X(v_cvt_norm_u16_f16, to_unorm16(a))

#define DEFINE_FROM_F16(name, expression)                                                                    \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanesf p;                                                                                            \
        lanes16 r;                                                                                           \
        source_f16(w, i, 0, p);                                                                              \
        FOR_LANES(l) {                                                                                       \
            float a = p[l];                                                                                  \
            r[l] = expression;                                                                               \
        }                                                                                                    \
        write16(w, i, r);                                                                                    \
    }
FROM_F16(DEFINE_FROM_F16)

#define TO_F16(X)                                                                                            \
    X(v_cvt_f16_u16, (float)a)                                                                               \
    X(v_cvt_f16_i16, (float)(int16_t)a)

#define DEFINE_TO_F16(name, expression)                                                                      \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanes16 p, h;                                                                                        \
        lanesf f;                                                                                            \
        source16(w, i, 0, p);                                                                                \
        FOR_LANES(l) {                                                                                       \
            uint16_t a = p[l];                                                                               \
            f[l] = expression;                                                                               \
        }                                                                                                    \
        narrow_f16(w, f, h);                                                                                 \
        if (unlikely(!i->plain)) finish_f16(w, i, h);                                                        \
        write16(w, i, h);                                                                                    \
    }
TO_F16(DEFINE_TO_F16)

#define EXTEND(X)                                                                                            \
    X(v_cvt_i32_i16, (uint32_t)(int16_t)a)                                                                   \
    X(v_cvt_u32_u16, a)

#define DEFINE_EXTEND(name, expression)                                                                      \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanes16 p;                                                                                           \
        lanes32 r;                                                                                           \
        source16(w, i, 0, p);                                                                                \
        FOR_LANES(l) {                                                                                       \
            uint16_t a = p[l];                                                                               \
            r[l] = expression;                                                                               \
        }                                                                                                    \
        write32(w, i, r);                                                                                    \
    }
EXTEND(DEFINE_EXTEND)

/* ---- two sources into the halves of one register: name, how each becomes 16 bits ---------------------- */

#define PACK_F32(X)                                                                                          \
    X(v_cvt_pk_norm_i16_f32, to_snorm16)                                                                     \
    X(v_cvt_pk_norm_u16_f32, to_unorm16)                                                                     \
    X(v_cvt_pk_i16_f32, to_i16)                                                                              \
    X(v_cvt_pk_u16_f32, to_u16)

#define DEFINE_PACK_F32(name, convert)                                                                       \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        bool plain = plain_f32(w, i);                                                                        \
        u32v t[2];                                                                                           \
        const uint32_t *p = source_f32(w, i, 0, (uint32_t *)&t[0], plain);                                   \
        const uint32_t *q = source_f32(w, i, 1, (uint32_t *)&t[1], plain);                                   \
        lanes32 r;                                                                                           \
        FOR_LANES(l) r[l] = convert(bits_float(p[l])) | (uint32_t)convert(bits_float(q[l])) << 16;           \
        write32(w, i, r);                                                                                    \
    }
PACK_F32(DEFINE_PACK_F32)

static void v_cvt_pk_rtz_f16_f32(struct wave *w, const struct inst *i) {
    bool plain = plain_f32(w, i);
    u32v t[2];
    const uint32_t *p = source_f32(w, i, 0, (uint32_t *)&t[0], plain);
    const uint32_t *q = source_f32(w, i, 1, (uint32_t *)&t[1], plain);
    lanes32 r;
    FOR_LANES(l)
    r[l] = float_to_half_rtz(bits_float(p[l])) | (uint32_t)float_to_half_rtz(bits_float(q[l])) << 16;
    if (flushes_16_64(w)) FOR_LANES(l) {
            if (!(r[l] & 0x7c00)) r[l] &= 0xffff8000;
            if (!(r[l] & 0x7c000000)) r[l] &= 0x8000ffff;
        }
    write32(w, i, r);
}

#define PACK_F16(X)                                                                                          \
    X(v_cvt_pk_norm_i16_f16, to_snorm16)                                                                     \
    X(v_cvt_pk_norm_u16_f16, to_unorm16)

#define DEFINE_PACK_F16(name, convert)                                                                       \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanesf p, q;                                                                                         \
        lanes32 r;                                                                                           \
        source_f16(w, i, 0, p);                                                                              \
        source_f16(w, i, 1, q);                                                                              \
        FOR_LANES(l) r[l] = convert(p[l]) | (uint32_t)convert(q[l]) << 16;                                   \
        write32(w, i, r);                                                                                    \
    }
PACK_F16(DEFINE_PACK_F16)

#define PACK_INT(X)                                                                                          \
    X(v_cvt_pk_u16_u32, saturate_u16)                                                                        \
    X(v_cvt_pk_i16_i32, saturate_i16)

#define DEFINE_PACK_INT(name, convert)                                                                       \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        u32v t[2];                                                                                           \
        const uint32_t *p = source32(w, i, 0, (uint32_t *)&t[0]);                                            \
        const uint32_t *q = source32(w, i, 1, (uint32_t *)&t[1]);                                            \
        lanes32 r;                                                                                           \
        FOR_LANES(l) r[l] = convert(p[l]) | convert(q[l]) << 16;                                             \
        write32(w, i, r);                                                                                    \
    }
PACK_INT(DEFINE_PACK_INT)

/* The only conversion to integers that rounds as MODE says. */
static inline float to_integral(float x, enum round_direction direction) {
    return direction == ROUND_NEAREST ? rintf(x)
           : direction == ROUND_UP    ? ceilf(x)
           : direction == ROUND_DOWN  ? floorf(x)
                                      : truncf(x);
}
static void v_cvt_pk_u8_f32(struct wave *w, const struct inst *i) {
    u32v t[3];
    const uint32_t *p = source_f32(w, i, 0, (uint32_t *)&t[0], plain_f32(w, i));
    const uint32_t *position = source32(w, i, 1, (uint32_t *)&t[1]),
                   *old = source32(w, i, 2, (uint32_t *)&t[2]);
    enum round_direction direction = direction_32(w);
    lanes32 r;
    FOR_LANES(l) {
        float x = to_integral(bits_float(p[l]), direction);
        r[l] = replace_byte(old[l], x > 0 ? x < 255 ? (uint32_t)x : 255 : 0, position[l]);
    }
    write32(w, i, r);
}

/* ---- f64 ---------------------------------------------------------------------------------------------- */

static void v_cvt_f64_f32(struct wave *w, const struct inst *i) {
    lanes32 t;
    lanes64 r;
    const uint32_t *p = source_f32(w, i, 0, t, plain_f32(w, i));
    FOR_LANES(l) r[l] = bits_f64((double)bits_float(p[l]));
    finish_f64(w, i, r);
    write64(w, i, r);
}
static void v_cvt_f64_i32(struct wave *w, const struct inst *i) {
    lanes32 t;
    lanes64 r;
    const uint32_t *p = source32(w, i, 0, t);
    FOR_LANES(l) r[l] = bits_f64((double)(int32_t)p[l]);
    finish_f64(w, i, r);
    write64(w, i, r);
}
static void v_cvt_f64_u32(struct wave *w, const struct inst *i) {
    lanes32 t;
    lanes64 r;
    const uint32_t *p = source32(w, i, 0, t);
    FOR_LANES(l) r[l] = bits_f64((double)p[l]);
    finish_f64(w, i, r);
    write64(w, i, r);
}
/* The source's type chooses the rounding, the result's the flushing. */
static void v_cvt_f32_f64(struct wave *w, const struct inst *i) {
    lanesd p;
    lanes32 r;
    source_f64(w, i, 0, p);
    struct rounding format = ROUNDING_F32(direction_16_64(w), flushes_32(w));
    if (direction_16_64(w) != ROUND_NEAREST || flushes_32(w))
        FOR_LANES(l) r[l] = float_bits((float)(p[l] != p[l] ? p[l] : rounded_scale(&format, p[l], 0)));
    else
        FOR_LANES(l) r[l] = float_bits((float)p[l]);
    modify_f32(w, i, flushes_32(w), direction_16_64(w), r);
    write32(w, i, r);
}
static void v_cvt_i32_f64(struct wave *w, const struct inst *i) {
    lanesd p;
    lanes32 r;
    source_f64(w, i, 0, p);
    FOR_LANES(l) r[l] = to_i32(p[l]);
    write32(w, i, r);
}
static void v_cvt_u32_f64(struct wave *w, const struct inst *i) {
    lanesd p;
    lanes32 r;
    source_f64(w, i, 0, p);
    FOR_LANES(l) r[l] = to_u32(p[l]);
    write32(w, i, r);
}

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_convert)(exec_fn **table) {
    FROM_F32(BIND_ROW)
    TO_F32(BIND_ROW)
    FROM_F16(BIND_ROW)
    TO_F16(BIND_ROW)
    EXTEND(BIND_ROW)
    PACK_F32(BIND_ROW)
    BIND(v_cvt_pk_rtz_f16_f32)
    PACK_F16(BIND_ROW)
    PACK_INT(BIND_ROW)
    BIND(v_cvt_f32_f16)
    BIND(v_cvt_f16_f32)
    BIND(v_cvt_pk_u8_f32)
    BIND(v_cvt_f64_f32)
    BIND(v_cvt_f64_i32)
    BIND(v_cvt_f64_u32)
    BIND(v_cvt_f32_f64)
    BIND(v_cvt_i32_f64)
    BIND(v_cvt_u32_f64)
}
