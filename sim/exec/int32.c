/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Vector instructions on 32-bit integers and bits, and the additions with carry. */
#include "executors.h"
#include "lanes.h"

#define S(x)          ((int32_t)(x))
#define MIN(x, y)     ((x) < (y) ? (x) : (y))
#define MAX(x, y)     ((x) > (y) ? (x) : (y))
#define MED3(x, y, z) MAX(MIN(x, y), MIN(MAX(x, y), z))

static inline int64_t s24(uint32_t x) { return (int32_t)(x << 8) >> 8; }
static inline uint64_t u24(uint32_t x) { return x & 0xffffff; }

static inline uint32_t bfe_u32(uint32_t x, uint32_t offset, uint32_t width) {
    return x >> (offset & 31) & ((1u << (width & 31)) - 1);
}
static inline uint32_t bfe_i32(uint32_t x, uint32_t offset, uint32_t width) {
    uint32_t o = offset & 31, n = width & 31;
    if (!n) return 0;
    return o + n >= 32 ? (uint32_t)(S(x) >> o) : (uint32_t)(S(x << (32 - o - n)) >> (32 - n));
}
static inline uint32_t reverse_bits(uint32_t x) {
    x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
    x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
    x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(x);
}
static inline uint32_t count_bits(uint32_t x) {
    x -= x >> 1 & 0x55555555;
    x = (x & 0x33333333) + (x >> 2 & 0x33333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f;
    return x * 0x01010101 >> 24;
}
static inline uint32_t leading_zeros(uint32_t x) { return x ? (uint32_t)__builtin_clz(x) : UINT32_MAX; }
static inline uint32_t leading_signs(uint32_t x) { return leading_zeros(S(x) < 0 ? ~x : x); }

/* Selector bytes: 0-3 of b, 4-7 of a, 8-11 the sign of a half, 12 zeros, above ones. */
static inline uint32_t perm_byte(uint32_t a, uint32_t b, uint32_t s) {
    uint64_t both = (uint64_t)a << 32 | b;
    uint32_t byte = both >> 8 * (s & 7) & 0xff, sign = both >> (16 * (s & 3) + 15) & 1 ? 0xff : 0;
    return s < 8 ? byte : s < 12 ? sign : s == 12 ? 0 : 0xff;
}
static inline uint32_t perm_b32(uint32_t a, uint32_t b, uint32_t s) {
    return perm_byte(a, b, s & 0xff) | perm_byte(a, b, s >> 8 & 0xff) << 8 |
           perm_byte(a, b, s >> 16 & 0xff) << 16 | perm_byte(a, b, s >> 24) << 24;
}

static inline uint32_t sad_u16(uint32_t a, uint32_t b) {
    uint32_t x = a & 0xffff, y = b & 0xffff, z = a >> 16, v = b >> 16;
    return (x > y ? x - y : y - x) + (z > v ? z - v : v - z);
}
static inline uint32_t lerp_u8(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t r = 0;
    for (unsigned n = 0; n < 32; n += 8) r |= ((a >> n & 0xff) + (b >> n & 0xff) + (c >> n & 1)) >> 1 << n;
    return r;
}

/* name, sources, result from the sources' lanes a, b, c */
#define OPERATIONS(X)                                                                                        \
    X(v_mov_b32, 1, a)                                                                                       \
    X(v_not_b32, 1, ~a)                                                                                      \
    X(v_bfrev_b32, 1, reverse_bits(a))                                                                       \
    X(v_clz_i32_u32, 1, leading_zeros(a))                                                                    \
    X(v_ctz_i32_b32, 1, a ? (uint32_t)__builtin_ctz(a) : UINT32_MAX)                                         \
    X(v_cls_i32, 1, leading_signs(a))                                                                        \
    X(v_and_b32, 2, a &b)                                                                                    \
    X(v_or_b32, 2, a | b)                                                                                    \
    X(v_xor_b32, 2, a ^ b)                                                                                   \
    X(v_xnor_b32, 2, ~(a ^ b))                                                                               \
    X(v_lshlrev_b32, 2, b << (a & 31))                                                                       \
    X(v_lshrrev_b32, 2, b >> (a & 31))                                                                       \
    X(v_ashrrev_i32, 2, (uint32_t)(S(b) >> (a & 31)))                                                        \
    X(v_min_i32, 2, (uint32_t)MIN(S(a), S(b)))                                                               \
    X(v_max_i32, 2, (uint32_t)MAX(S(a), S(b)))                                                               \
    X(v_min_u32, 2, MIN(a, b))                                                                               \
    X(v_max_u32, 2, MAX(a, b))                                                                               \
    X(v_mul_hi_i32_i24, 2, (uint32_t)(s24(a) * s24(b) >> 32))                                                \
    X(v_mul_hi_u32_u24, 2, (uint32_t)(u24(a) * u24(b) >> 32))                                                \
    X(v_mul_lo_u32, 2, a *b)                                                                                 \
    X(v_mul_hi_u32, 2, (uint32_t)((uint64_t)a * b >> 32))                                                    \
    X(v_mul_hi_i32, 2, (uint32_t)((int64_t)S(a) * S(b) >> 32))                                               \
    X(v_bfm_b32, 2, ((1u << (a & 31)) - 1) << (b & 31))                                                      \
    X(v_bcnt_u32_b32, 2, count_bits(a) + b)                                                                  \
    X(v_bfe_u32, 3, bfe_u32(a, b, c))                                                                        \
    X(v_bfe_i32, 3, bfe_i32(a, b, c))                                                                        \
    X(v_bfi_b32, 3, (a & b) | (~a & c))                                                                      \
    X(v_alignbit_b32, 3, (uint32_t)(((uint64_t)a << 32 | b) >> (UPPER(2, c) & 31)))                          \
    X(v_alignbyte_b32, 3, (uint32_t)(((uint64_t)a << 32 | b) >> 8 * (UPPER(2, c) & 3)))                      \
    X(v_lerp_u8, 3, lerp_u8(a, b, c))                                                                        \
    X(v_min3_i32, 3, (uint32_t)MIN(MIN(S(a), S(b)), S(c)))                                                   \
    X(v_max3_i32, 3, (uint32_t)MAX(MAX(S(a), S(b)), S(c)))                                                   \
    X(v_min3_u32, 3, MIN(MIN(a, b), c))                                                                      \
    X(v_max3_u32, 3, MAX(MAX(a, b), c))                                                                      \
    X(v_med3_i32, 3, (uint32_t)MED3(S(a), S(b), S(c)))                                                       \
    X(v_med3_u32, 3, MED3(a, b, c))                                                                          \
    X(v_maxmin_i32, 3, (uint32_t)MIN(MAX(S(a), S(b)), S(c)))                                                 \
    X(v_minmax_i32, 3, (uint32_t)MAX(MIN(S(a), S(b)), S(c)))                                                 \
    X(v_maxmin_u32, 3, MIN(MAX(a, b), c))                                                                    \
    X(v_minmax_u32, 3, MAX(MIN(a, b), c))                                                                    \
    X(v_lshl_add_u32, 3, (a << (b & 31)) + c)                                                                \
    X(v_add_lshl_u32, 3, (a + b) << (c & 31))                                                                \
    X(v_lshl_or_b32, 3, a << (b & 31) | c)                                                                   \
    X(v_and_or_b32, 3, (a & b) | c)                                                                          \
    X(v_or3_b32, 3, a | b | c)                                                                               \
    X(v_xor3_b32, 3, a ^ b ^ c)                                                                              \
    X(v_xad_u32, 3, (a ^ b) + c)                                                                             \
    X(v_add3_u32, 3, a + b + c)

/* The shift of v_alignbit and v_alignbyte is a 16-bit operand, in either half of its register. */
#define UPPER(n, x) ((x) >> (i->src[n].hi ? 16 : 0))

#define DEFINE(name, n, expression)                                                                          \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        u32v t[3];                                                                                           \
        const uint32_t *p = source32(w, i, 0, (uint32_t *)&t[0]);                                            \
        const uint32_t *q = n > 1 ? source32(w, i, 1, (uint32_t *)&t[1]) : p;                                \
        const uint32_t *s = n > 2 ? source32(w, i, 2, (uint32_t *)&t[2]) : p;                                \
        lanes32 r;                                                                                           \
        FOR_LANES(l) {                                                                                       \
            uint32_t a = p[l], b = q[l], c = s[l];                                                           \
            (void)b, (void)c;                                                                                \
            r[l] = expression;                                                                               \
        }                                                                                                    \
        write32(w, i, r);                                                                                    \
    }
OPERATIONS(DEFINE)

/* Compilers give a constant selector of source bytes: then a byte is two shifts that are the same in all
 * lanes. */
static void v_perm_b32(struct wave *w, const struct inst *i) {
    u32v t[3];
    const uint32_t *p = source32(w, i, 0, (uint32_t *)&t[0]), *q = source32(w, i, 1, (uint32_t *)&t[1]),
                   *s = source32(w, i, 2, (uint32_t *)&t[2]);
    uint32_t selector = s[0], other = selector & 0xf8f8f8f8;
    lanes32 r = {0};
    FOR_LANES(l) other |= s[l] ^ selector;
    if (likely(!other))
        for (unsigned n = 0; n < 32; n += 8) {
            unsigned byte = selector >> n & 7, shift = byte % 4 * 8;
            const uint32_t *from = byte < 4 ? q : p;
            FOR_LANES(l) r[l] |= (from[l] >> shift & 0xff) << n;
        }
    else
        FOR_LANES(l) r[l] = perm_b32(p[l], q[l], s[l]);
    write32(w, i, r);
}

/* name, sources, exact result in 64 bits, smallest and largest value that the clamp bit allows */
#define SATURATING(X)                                                                                        \
    X(v_add_nc_u32, 2, (int64_t)a + b, 0, UINT32_MAX)                                                        \
    X(v_sub_nc_u32, 2, (int64_t)a - b, 0, UINT32_MAX)                                                        \
    X(v_subrev_nc_u32, 2, (int64_t)b - a, 0, UINT32_MAX)                                                     \
    X(v_add_nc_i32, 2, (int64_t)S(a) + S(b), INT32_MIN, INT32_MAX)                                           \
    X(v_sub_nc_i32, 2, (int64_t)S(a) - S(b), INT32_MIN, INT32_MAX)                                           \
    X(v_mul_i32_i24, 2, s24(a) * s24(b), INT32_MIN, INT32_MAX)                                               \
    X(v_mul_u32_u24, 2, (int64_t)(u24(a) * u24(b)), 0, UINT32_MAX)                                           \
    X(v_mad_i32_i24, 3, s24(a) * s24(b) + S(c), INT32_MIN, INT32_MAX)                                        \
    X(v_mad_u32_u24, 3, (int64_t)(u24(a) * u24(b) + c), 0, UINT32_MAX)                                       \
    X(v_sad_u8, 3, (int64_t)sad_u8(a, b, false) + c, 0, UINT32_MAX)                                          \
    X(v_sad_hi_u8, 3, ((int64_t)sad_u8(a, b, false) << 16) + c, 0, UINT32_MAX)                               \
    X(v_msad_u8, 3, (int64_t)sad_u8(a, b, true) + c, 0, UINT32_MAX)                                          \
    X(v_sad_u16, 3, (int64_t)sad_u16(a, b) + c, 0, UINT32_MAX)                                               \
    X(v_sad_u32, 3, (int64_t)(a > b ? a - b : b - a) + c, 0, UINT32_MAX)

#define DEFINE_SATURATING(name, n, wide, low, high)                                                          \
    static inline int64_t name##_wide(uint32_t a, uint32_t b, uint32_t c) { return (void)c, (wide); }        \
    static inline uint32_t name##_clamped(uint32_t a, uint32_t b, uint32_t c) {                              \
        int64_t x = name##_wide(a, b, c), least = low, most = high;                                          \
        return (uint32_t)(x < least ? least : x > most ? most : x);                                          \
    }                                                                                                        \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        u32v t[3];                                                                                           \
        const uint32_t *p = source32(w, i, 0, (uint32_t *)&t[0]);                                            \
        const uint32_t *q = source32(w, i, 1, (uint32_t *)&t[1]);                                            \
        const uint32_t *s = n > 2 ? source32(w, i, 2, (uint32_t *)&t[2]) : p;                                \
        lanes32 r;                                                                                           \
        if (unlikely(i->clamp))                                                                              \
            FOR_LANES(l) r[l] = name##_clamped(p[l], q[l], s[l]);                                            \
        else                                                                                                 \
            FOR_LANES(l) r[l] = (uint32_t)name##_wide(p[l], q[l], s[l]);                                     \
        write32(w, i, r);                                                                                    \
    }
SATURATING(DEFINE_SATURATING)

/* ---- carry --------------------------------------------------------------------------------------------- */

/*
 * name, with carry-in c, sum in 64 bits (bit 32 is the carry or borrow out), what clamp makes of an overflow
 */
#define CARRYING(X)                                                                                          \
    X(v_add_co_u32, false, (uint64_t)a + b, UINT32_MAX)                                                      \
    X(v_sub_co_u32, false, (uint64_t)a - b, 0)                                                               \
    X(v_subrev_co_u32, false, (uint64_t)b - a, 0)                                                            \
    X(v_add_co_ci_u32, true, (uint64_t)a + b + c, UINT32_MAX)                                                \
    X(v_sub_co_ci_u32, true, (uint64_t)a - b - c, 0)                                                         \
    X(v_subrev_co_ci_u32, true, (uint64_t)b - a - c, 0)

#define DEFINE_CARRYING(name, carries_in, sum, limit)                                                        \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        u32v t[2];                                                                                           \
        const uint32_t *p = source32(w, i, 0, (uint32_t *)&t[0]);                                            \
        const uint32_t *q = source32(w, i, 1, (uint32_t *)&t[1]);                                            \
        uint32_t carry = carries_in ? mask_source(w, &i->src[2]) : 0, out = 0;                               \
        lanes32 r;                                                                                           \
        FOR_LANES(l) {                                                                                       \
            uint32_t a = p[l], b = q[l], c = carry & lane_bit[l] ? 1 : 0;                                    \
            (void)c;                                                                                         \
            uint64_t x = sum;                                                                                \
            out |= x >> 32 ? lane_bit[l] : 0;                                                                \
            r[l] = i->clamp && x >> 32 ? limit : (uint32_t)x;                                                \
        }                                                                                                    \
        write32(w, i, r);                                                                                    \
        mask_write(w, &i->sdst, out & written_lanes(w, i));                                                  \
    }
CARRYING(DEFINE_CARRYING)

/* Float modifiers apply to the bits, without flushing. */
static void v_cndmask_b32(struct wave *w, const struct inst *i) {
    u32v t[2];
    const uint32_t *p = source32(w, i, 0, (uint32_t *)&t[0]), *q = source32(w, i, 1, (uint32_t *)&t[1]);
    const struct operand *x = &i->src[0], *y = &i->src[1];
    uint32_t mask = mask_source(w, &i->src[2]);
    uint32_t keep_x = x->abs ? 0x7fffffff : 0xffffffff, sign_x = x->neg ? 0x80000000 : 0;
    uint32_t keep_y = y->abs ? 0x7fffffff : 0xffffffff, sign_y = y->neg ? 0x80000000 : 0;
    lanes32 r;
    FOR_LANES(l) r[l] = mask & lane_bit[l] ? (q[l] & keep_y) ^ sign_y : (p[l] & keep_x) ^ sign_x;
    write32(w, i, r);
}

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_int32)(exec_fn **table) {
    OPERATIONS(BIND_ROW)
    SATURATING(BIND_ROW)
    CARRYING(BIND_ROW)
    BIND(v_perm_b32)
    BIND(v_cndmask_b32)
}
