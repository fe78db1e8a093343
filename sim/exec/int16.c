/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Vector instructions on 16-bit integers: sources are halves of registers, only the written half changes. */
#include "executors.h"
#include "lanes.h"

#define S(x)          ((int16_t)(x))
#define MIN(x, y)     ((x) < (y) ? (x) : (y))
#define MAX(x, y)     ((x) > (y) ? (x) : (y))
#define MED3(x, y, z) MAX(MIN(x, y), MIN(MAX(x, y), z))

/* name, sources, exact result in 32 bits, smallest and largest value that the clamp bit allows */
#define OPERATIONS(X)                                                                                        \
    X(v_mov_b16, 1, a, 0, 0xffff)                                                                            \
    X(v_not_b16, 1, ~a & 0xffff, 0, 0xffff)                                                                  \
    X(v_and_b16, 2, a &b, 0, 0xffff)                                                                         \
    X(v_or_b16, 2, a | b, 0, 0xffff)                                                                         \
    X(v_xor_b16, 2, a ^ b, 0, 0xffff)                                                                        \
    X(v_lshlrev_b16, 2, (b << (a & 15)) & 0xffff, 0, 0xffff)                                                 \
    X(v_lshrrev_b16, 2, b >> (a & 15), 0, 0xffff)                                                            \
    X(v_ashrrev_i16, 2, S(b) >> (a & 15), INT16_MIN, INT16_MAX)                                              \
    X(v_add_nc_u16, 2, a + b, 0, 0xffff)                                                                     \
    X(v_sub_nc_u16, 2, a - b, 0, 0xffff)                                                                     \
    X(v_add_nc_i16, 2, S(a) + S(b), INT16_MIN, INT16_MAX)                                                    \
    X(v_sub_nc_i16, 2, S(a) - S(b), INT16_MIN, INT16_MAX)                                                    \
    X(v_mul_lo_u16, 2, (int64_t)a *b, 0, 0xffff)                                                             \
    X(v_min_u16, 2, MIN(a, b), 0, 0xffff)                                                                    \
    X(v_max_u16, 2, MAX(a, b), 0, 0xffff)                                                                    \
    X(v_min_i16, 2, MIN(S(a), S(b)), INT16_MIN, INT16_MAX)                                                   \
    X(v_max_i16, 2, MAX(S(a), S(b)), INT16_MIN, INT16_MAX)                                                   \
    X(v_mad_u16, 3, (int64_t)a *b + c, 0, 0xffff)                                                            \
    X(v_mad_i16, 3, (int64_t)S(a) * S(b) + S(c), INT16_MIN, INT16_MAX)                                       \
    X(v_min3_u16, 3, MIN(MIN(a, b), c), 0, 0xffff)                                                           \
    X(v_max3_u16, 3, MAX(MAX(a, b), c), 0, 0xffff)                                                           \
    X(v_med3_u16, 3, MED3(a, b, c), 0, 0xffff)                                                               \
    X(v_min3_i16, 3, MIN(MIN(S(a), S(b)), S(c)), INT16_MIN, INT16_MAX)                                       \
    X(v_max3_i16, 3, MAX(MAX(S(a), S(b)), S(c)), INT16_MIN, INT16_MAX)                                       \
    X(v_med3_i16, 3, MED3(S(a), S(b), S(c)), INT16_MIN, INT16_MAX)

#define DEFINE(name, n, wide, low, high)                                                                     \
    static inline int64_t name##_wide(int32_t a, int32_t b, int32_t c) { return (void)b, (void)c, (wide); }  \
    static inline uint16_t name##_clamped(int32_t a, int32_t b, int32_t c) {                                 \
        int64_t x = name##_wide(a, b, c);                                                                    \
        return (uint16_t)(x<(low) ? (low) : x>(high) ? (high) : x);                                          \
    }                                                                                                        \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanes16 p, q, s, r;                                                                                  \
        source16(w, i, 0, p);                                                                                \
        source16(w, i, n > 1 ? 1 : 0, q);                                                                    \
        source16(w, i, n > 2 ? 2 : 0, s);                                                                    \
        if (unlikely(i->clamp))                                                                              \
            FOR_LANES(l) r[l] = name##_clamped(p[l], q[l], s[l]);                                            \
        else                                                                                                 \
            FOR_LANES(l) r[l] = (uint16_t)name##_wide(p[l], q[l], s[l]);                                     \
        write16(w, i, r);                                                                                    \
    }
OPERATIONS(DEFINE)

static void v_cndmask_b16(struct wave *w, const struct inst *i) {
    const struct operand *x = &i->src[0], *y = &i->src[1];
    uint32_t mask = mask_source(w, &i->src[2]);
    uint16_t keep_x = x->abs ? 0x7fff : 0xffff, sign_x = x->neg ? 0x8000 : 0;
    uint16_t keep_y = y->abs ? 0x7fff : 0xffff, sign_y = y->neg ? 0x8000 : 0;
    lanes16 p, q, r;
    source16(w, i, 0, p);
    source16(w, i, 1, q);
    FOR_LANES(l) r[l] = mask & lane_bit[l] ? (q[l] & keep_y) ^ sign_y : (p[l] & keep_x) ^ sign_x;
    write16(w, i, r);
}

static void v_pack_b32_f16(struct wave *w, const struct inst *i) {
    lanes16 half[2];
    lanes32 r;
    for (unsigned n = 0; n < 2; n++) {
        const struct operand *o = &i->src[n];
        source16(w, i, n, half[n]);
        FOR_LANES(l) half[n][l] = (half[n][l] & (o->abs ? 0x7fff : 0xffff)) ^ (o->neg ? 0x8000 : 0);
    }
    FOR_LANES(l) r[l] = half[0][l] | (uint32_t)half[1][l] << 16;
    write32(w, i, r);
}

/* Two 16-bit factors, a 32-bit addend. */
#define MIXED(X)                                                                                             \
    X(v_mad_u32_u16, (int64_t)a *b + c, 0, UINT32_MAX)                                                       \
    X(v_mad_i32_i16, (int64_t)S(a) * S(b) + (int32_t)c, INT32_MIN, INT32_MAX)

#define DEFINE_MIXED(name, wide, low, high)                                                                  \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanes16 p, q;                                                                                        \
        lanes32 t, r;                                                                                        \
        source16(w, i, 0, p);                                                                                \
        source16(w, i, 1, q);                                                                                \
        const uint32_t *s = source32(w, i, 2, t);                                                            \
        FOR_LANES(l) {                                                                                       \
            uint32_t a = p[l], b = q[l], c = s[l];                                                           \
            int64_t x = wide, least = low, most = high;                                                      \
            r[l] = (uint32_t)(!i->clamp ? x : x < least ? least : x > most ? most : x);                      \
        }                                                                                                    \
        write32(w, i, r);                                                                                    \
    }
MIXED(DEFINE_MIXED)

/* Two signed 16-bit values of a register, saturated to bytes. */
static void v_sat_pk_u8_i16(struct wave *w, const struct inst *i) {
    lanes32 t;
    lanes16 r;
    const uint32_t *x = source32(w, i, 0, t);
    FOR_LANES(l) {
        int32_t low = S(x[l]), high = S(x[l] >> 16);
        r[l] = (uint16_t)(MAX(0, MIN(255, low)) | MAX(0, MIN(255, high)) << 8);
    }
    write16(w, i, r);
}

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_int16)(exec_fn **table) {
    OPERATIONS(BIND_ROW)
    MIXED(BIND_ROW)
    BIND(v_cndmask_b16)
    BIND(v_pack_b32_f16)
    BIND(v_sat_pk_u8_i16)
}
