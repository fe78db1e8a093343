/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Vector instructions on 64-bit integers: shifts, wide multiply-add, sums of absolute differences of quads.
 */
#include "executors.h"
#include "lanes.h"

#define SHIFTS(X)                                                                                            \
    X(v_lshlrev_b64, b << (a & 63))                                                                          \
    X(v_lshrrev_b64, b >> (a & 63))                                                                          \
    X(v_ashrrev_i64, (uint64_t)((int64_t)b >> (a & 63)))

#define DEFINE_SHIFT(name, expression)                                                                       \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        lanes32 t;                                                                                           \
        lanes64 q, r;                                                                                        \
        const uint32_t *p = source32(w, i, 0, t);                                                            \
        source64(w, i, 1, q);                                                                                \
        FOR_LANES(l) {                                                                                       \
            uint64_t a = p[l], b = q[l];                                                                     \
            r[l] = expression;                                                                               \
        }                                                                                                    \
        write64(w, i, r);                                                                                    \
    }
SHIFTS(DEFINE_SHIFT)

/* The carry out is that of the 65-bit sum; for the signed form it is the sum's overflow into bit 64. */
static void mad64(struct wave *w, const struct inst *i, bool is_signed) {
    u32v t[2];
    lanes64 s, r;
    const uint32_t *p = source32(w, i, 0, (uint32_t *)&t[0]), *q = source32(w, i, 1, (uint32_t *)&t[1]);
    source64(w, i, 2, s);
    uint32_t carry = 0;
    FOR_LANES(l) {
        uint64_t product =
            is_signed ? (uint64_t)((int64_t)(int32_t)p[l] * (int32_t)q[l]) : (uint64_t)p[l] * q[l];
        uint64_t sum = product + s[l], extension = is_signed ? (product >> 63) + (s[l] >> 63) : 0;
        bool out = ((sum < product) + extension) & 1;
        carry |= out ? lane_bit[l] : 0;
        bool over = is_signed ? ((product ^ sum) & (s[l] ^ sum)) >> 63 : out;
        uint64_t limit = !is_signed ? UINT64_MAX : s[l] >> 63 ? UINT64_C(1) << 63 : INT64_MAX;
        r[l] = i->clamp && over ? limit : sum;
    }
    write64(w, i, r);
    mask_write(w, &i->sdst, carry & exec_mask(w));
}
static void v_mad_u64_u32(struct wave *w, const struct inst *i) { mad64(w, i, false); }
static void v_mad_i64_i32(struct wave *w, const struct inst *i) { mad64(w, i, true); }

/* Four sums, of the dwords that start at bytes 0..3 of a, added to the four 16-bit accumulators in c. */
static void quad_sad_u16(struct wave *w, const struct inst *i, bool masked) {
    lanes32 t;
    lanes64 a, c, r;
    source64(w, i, 0, a);
    const uint32_t *b = source32(w, i, 1, t);
    source64(w, i, 2, c);
    FOR_LANES(l) {
        r[l] = 0;
        for (unsigned n = 0; n < 4; n++) {
            uint32_t sum =
                sad_u8((uint32_t)(a[l] >> 8 * n), b[l], masked) + (uint32_t)(c[l] >> 16 * n & 0xffff);
            if (i->clamp && sum > 0xffff) sum = 0xffff;
            r[l] |= (uint64_t)(sum & 0xffff) << 16 * n;
        }
    }
    write64(w, i, r);
}
static void v_qsad_pk_u16_u8(struct wave *w, const struct inst *i) { quad_sad_u16(w, i, false); }
static void v_mqsad_pk_u16_u8(struct wave *w, const struct inst *i) { quad_sad_u16(w, i, true); }

/* The same with four 32-bit accumulators in four registers. */
static void v_mqsad_u32_u8(struct wave *w, const struct inst *i) {
    lanes32 t, r[4];
    lanes64 a;
    const struct operand *o = &i->src[2];
    source64(w, i, 0, a);
    const uint32_t *b = source32(w, i, 1, t);
    for (unsigned n = 0; n < 4; n++) FOR_LANES(l) {
            uint32_t c = o->kind == OPND_VGPR   ? w->v[o->reg + n][l]
                         : o->kind == OPND_SGPR ? w->s[o->reg + n]
                         : n                    ? 0
                                                : (uint32_t)o->value;
            uint64_t sum = (uint64_t)sad_u8((uint32_t)(a[l] >> 8 * n), b[l], true) + c;
            r[n][l] = i->clamp && sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
        }
    for (unsigned n = 0; n < 4; n++)
        write_lanes((uint32_t *)&w->v[i->dst.reg + n], r[n], written_lanes(w, i));
}

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_int64)(exec_fn **table) {
    SHIFTS(BIND_ROW)
    BIND(v_mad_u64_u32)
    BIND(v_mad_i64_i32)
    BIND(v_qsad_pk_u16_u8)
    BIND(v_mqsad_pk_u16_u8)
    BIND(v_mqsad_u32_u8)
}
