/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Dot products of packed pairs (dot.h), whose clamp bit does nothing, of four bytes and of eight nibbles. */
#include "dot.h"
#include "exec/executors.h"

static inline __attribute__((always_inline)) void dot2(enum dot_input in, enum dot_output out,
                                                       const uint32_t *a, const uint32_t *b,
                                                       const uint32_t *c, uint32_t *r) {
    lanes32 special;
    FOR_LANES(l) {
        uint32_t x = a[l], y = b[l], z = c[l], a0 = x & 0xffff, a1 = x >> 16, b0 = y & 0xffff, b1 = y >> 16;
        r[l] = dot_step(in, out, dot_mantissa(in, a0) * dot_mantissa(in, b0),
                        dot_weight(in, a0) + dot_weight(in, b0), (x ^ y) << 16,
                        dot_mantissa(in, a1) * dot_mantissa(in, b1), dot_weight(in, a1) + dot_weight(in, b1),
                        x ^ y, z);
        special[l] = dot_is_special(in, a0) | dot_is_special(in, a1) | dot_is_special(in, b0) |
                     dot_is_special(in, b1) | ((z & 0x7f800000) == 0x7f800000);
    }
    if (unlikely(any_lane(special)))
        FOR_LANES(l) r[l] = special[l] ? dot_step_any(in, out, a[l], b[l], c[l]) : r[l];
}

/* An f32 addend of a packed instruction: neg_hi means abs, neg_lo means neg. MODE does not matter. */
static const uint32_t *f32_addend(const struct wave *w, const struct inst *i, uint32_t *t) {
    const uint32_t *c = source32(w, i, 2, t);
    if (likely(i->plain)) return c;
    uint32_t magnitude = i->src[2].abs || i->neg_hi & 4 ? 0x7fffffff : 0xffffffff;
    uint32_t sign = i->src[2].neg || i->neg_lo & 4 ? 0x80000000 : 0;
    FOR_LANES(l) t[l] = (c[l] & magnitude) ^ sign;
    return t;
}

/*
 * VOP3 and DPP forms accept neg and abs on packed factors; which halves those would reach is not documented.
 */
static bool plain_factors(struct wave *w, const struct inst *i) {
    if (!(i->src[0].neg | i->src[0].abs | i->src[1].neg | i->src[1].abs)) return true;
    wave_fault(w, RDNASIM_UNSUPPORTED, 0, 0, 0,
               "neg and abs on the packed factors of a dot product are not modelled");
    return false;
}

static inline __attribute__((always_inline)) void dot2_to_f32(struct wave *w, const struct inst *i,
                                                              enum dot_input in) {
    if (unlikely(i->dpp) && !plain_factors(w, i)) return;
    u32v t[3];
    lanes32 r;
    const uint32_t *a = source_packed(w, i, 0, (uint32_t *)&t[0]),
                   *b = source_packed(w, i, 1, (uint32_t *)&t[1]);
    dot2(in, DOT_TO_F32, a, b, f32_addend(w, i, (uint32_t *)&t[2]), r);
    write32(w, i, r);
}
static void v_dot2_f32_f16(struct wave *w, const struct inst *i) { dot2_to_f32(w, i, DOT_F16); }
static void v_dot2_f32_bf16(struct wave *w, const struct inst *i) { dot2_to_f32(w, i, DOT_BF16); }

static void v_dot2_f16_f16(struct wave *w, const struct inst *i) {
    if (unlikely(!plain_factors(w, i))) return;
    u32v t[2];
    lanes32 r;
    lanes16 h;
    lanesf c;
    const uint32_t *a = source_packed(w, i, 0, (uint32_t *)&t[0]),
                   *b = source_packed(w, i, 1, (uint32_t *)&t[1]);
    source16(w, i, 2, h);
    uint16_t magnitude = i->src[2].abs ? 0x7fff : 0xffff, sign = i->src[2].neg ? 0x8000 : 0;
    FOR_LANES(l) h[l] = (h[l] & magnitude) ^ sign;
    halves_to_floats(h, c, LANES);
    dot2(DOT_F16, DOT_TO_F16, a, b, (const uint32_t *)c, r);
    floats_to_halves((const float *)r, h, LANES);
    write16(w, i, h);
}

static void v_dot2_bf16_bf16(struct wave *w, const struct inst *i) {
    if (unlikely(!plain_factors(w, i))) return;
    u32v t[2];
    lanes32 c, r;
    lanes16 h;
    const uint32_t *a = source_packed(w, i, 0, (uint32_t *)&t[0]),
                   *b = source_packed(w, i, 1, (uint32_t *)&t[1]);
    source16(w, i, 2, h);
    uint16_t magnitude = i->src[2].abs ? 0x7fff : 0xffff, sign = i->src[2].neg ? 0x8000 : 0;
    FOR_LANES(l) c[l] = (uint32_t)((h[l] & magnitude) ^ sign) << 16;
    dot2(DOT_BF16, DOT_TO_BF16, a, b, c, r);
    FOR_LANES(l) h[l] = (uint16_t)(r[l] >> 16);
    write16(w, i, h);
}

/* ---- integers: exact, then wrapped or clamped; bits 0 and 1 of neg_lo say which factors are signed ---- */

/* Element n of x; sign: the weight of its sign bit, or 0. */
static inline int32_t element(uint32_t x, unsigned bits, unsigned n, uint32_t sign) {
    uint32_t e = x >> bits * n & ((1u << bits) - 1);
    return (int32_t)((e ^ sign) - sign);
}

static inline __attribute__((always_inline)) void dot_integer(struct wave *w, const struct inst *i,
                                                              unsigned bits, bool signed_a, bool signed_b,
                                                              bool signed_result) {
    u32v t[3];
    lanes32 r;
    const uint32_t *a = source32(w, i, 0, (uint32_t *)&t[0]), *b = source32(w, i, 1, (uint32_t *)&t[1]);
    const uint32_t *c = source32(w, i, 2, (uint32_t *)&t[2]);
    uint32_t sign_a = signed_a ? 1u << (bits - 1) : 0, sign_b = signed_b ? 1u << (bits - 1) : 0;
    int32_t product[LANES] LANES_ALIGNED; /* at most 4 * 255 * 255 */
    FOR_LANES(l) {
        product[l] = 0;
        for (unsigned n = 0; n < 32 / bits; n++)
            product[l] += element(a[l], bits, n, sign_a) * element(b[l], bits, n, sign_b);
    }
    if (likely(!i->clamp))
        FOR_LANES(l) r[l] = c[l] + (uint32_t)product[l];
    else
        FOR_LANES(l) {
            int64_t sum = (signed_result ? (int64_t)(int32_t)c[l] : (int64_t)c[l]) + product[l];
            int64_t least = signed_result ? INT32_MIN : 0, most = signed_result ? INT32_MAX : UINT32_MAX;
            r[l] = (uint32_t)(sum < least ? least : sum > most ? most : sum);
        }
    write32(w, i, r);
}
static void v_dot4_i32_iu8(struct wave *w, const struct inst *i) {
    dot_integer(w, i, 8, i->neg_lo & 1, i->neg_lo & 2, true);
}
static void v_dot8_i32_iu4(struct wave *w, const struct inst *i) {
    dot_integer(w, i, 4, i->neg_lo & 1, i->neg_lo & 2, true);
}
static void v_dot4_u32_u8(struct wave *w, const struct inst *i) { dot_integer(w, i, 8, false, false, false); }
static void v_dot8_u32_u4(struct wave *w, const struct inst *i) { dot_integer(w, i, 4, false, false, false); }

void SIMD_NAME(bind_dot)(exec_fn **table) {
    BIND(v_dot2_f32_f16)
    BIND(v_dot2_f32_bf16)
    table[OP_v_dot2acc_f32_f16] = v_dot2_f32_f16;
    table[OP_v_dot2acc_f32_bf16] = v_dot2_f32_bf16;
    BIND(v_dot2_f16_f16)
    BIND(v_dot2_bf16_bf16)
    BIND(v_dot4_i32_iu8)
    BIND(v_dot8_i32_iu4)
    BIND(v_dot4_u32_u8)
    BIND(v_dot8_u32_u4)
}
