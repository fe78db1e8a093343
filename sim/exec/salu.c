/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The scalar ALU: SOP2, SOP1, SOPC and the arithmetic part of SOPK. One row per operation: its widths, its
 * value and what becomes of SCC, in terms of a and b (sources), d (result), old (destination before) and scc
 * (before).
 */
#include "executors.h"
#include "scalar.h"

static uint64_t low_bits(unsigned count) { return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1; }

/* field: offset in the low bits, width in bits 22:16, as s_bfe takes it */
static uint64_t extract(uint64_t value, uint32_t field, unsigned bits) {
    return value >> (field & (bits - 1)) & low_bits(field >> 16 & 127) & low_bits(bits);
}

static uint64_t extract_signed(uint64_t value, uint32_t field, unsigned bits) {
    unsigned width = field >> 16 & 127;
    if (width == 0) return 0;
    if (width > bits) width = bits;
    uint64_t sign = UINT64_C(1) << (width - 1);
    /* bits beyond the top of the source repeat its sign, as the shift is arithmetic */
    uint64_t wide = bits == 32 ? (uint64_t)(int64_t)(int32_t)value : value;
    uint64_t shifted = (uint64_t)((int64_t)wide >> (field & (bits - 1))) & low_bits(width);
    return (shifted ^ sign) - sign;
}

static uint64_t reverse(uint64_t value, unsigned bits) {
    uint64_t result = 0;
    for (unsigned n = 0; n < bits; n++) result |= (value >> n & 1) << (bits - 1 - n);
    return result;
}

static uint64_t replicate_bits(uint32_t value) {
    uint64_t result = 0;
    for (unsigned n = 0; n < 32; n++) result |= (uint64_t)(value >> n & 1) * 3 << 2 * n;
    return result;
}

/* One bit per group of four: set if any of the four is. */
static uint64_t quad_mask(uint64_t value) {
    uint64_t result = 0;
    for (unsigned n = 0; n < 16; n++) result |= (uint64_t)((value >> 4 * n & 15) != 0) << n;
    return result;
}

static uint64_t whole_quads(uint64_t value) {
    uint64_t result = 0;
    for (unsigned n = 0; n < 16; n++)
        if (value >> 4 * n & 15) result |= UINT64_C(15) << 4 * n;
    return result;
}

/* How many bits from the top on are like the sign, which is counted too; -1 if all are. */
static uint32_t count_sign(uint64_t value, unsigned bits) {
    uint64_t flipped = value >> (bits - 1) & 1 ? ~value & low_bits(bits) : value;
    return flipped ? (uint32_t)__builtin_clzll(flipped) - (64 - bits) : UINT32_MAX;
}

/* ---- two sources: X(name, bits of d, of a, of b, value, SCC afterwards) ------------------------------- */

/* clang-format off */
#define SOP2(X)                                                                                                \
    X(s_add_u32,         32, 32, 32, a + b,                                 d < a)                             \
    X(s_sub_u32,         32, 32, 32, a - b,                                 b > a)                             \
    X(s_add_i32,         32, 32, 32, a + b,                                 (~(a ^ b) & (a ^ d)) >> 31)        \
    X(s_sub_i32,         32, 32, 32, a - b,                                 ((a ^ b) & (a ^ d)) >> 31)         \
    X(s_addc_u32,        32, 32, 32, a + b + scc,                           (uint64_t)a + b + scc > UINT32_MAX)\
    X(s_subb_u32,        32, 32, 32, a - b - scc,                           (uint64_t)b + scc > a)             \
    X(s_absdiff_i32,     32, 32, 32, (int32_t)(a - b) < 0 ? b - a : a - b,  d != 0)                            \
    X(s_lshl_b32,        32, 32, 32, a << (b & 31),                         d != 0)                            \
    X(s_lshl_b64,        64, 64, 32, a << (b & 63),                         d != 0)                            \
    X(s_lshr_b32,        32, 32, 32, a >> (b & 31),                         d != 0)                            \
    X(s_lshr_b64,        64, 64, 32, a >> (b & 63),                         d != 0)                            \
    X(s_ashr_i32,        32, 32, 32, (uint32_t)((int32_t)a >> (b & 31)),    d != 0)                            \
    X(s_ashr_i64,        64, 64, 32, (uint64_t)((int64_t)a >> (b & 63)),    d != 0)                            \
    X(s_lshl1_add_u32,   32, 32, 32, (a << 1) + b,                          ((uint64_t)a << 1) + b > UINT32_MAX) \
    X(s_lshl2_add_u32,   32, 32, 32, (a << 2) + b,                          ((uint64_t)a << 2) + b > UINT32_MAX) \
    X(s_lshl3_add_u32,   32, 32, 32, (a << 3) + b,                          ((uint64_t)a << 3) + b > UINT32_MAX) \
    X(s_lshl4_add_u32,   32, 32, 32, (a << 4) + b,                          ((uint64_t)a << 4) + b > UINT32_MAX) \
    X(s_min_i32,         32, 32, 32, (int32_t)a < (int32_t)b ? a : b,       (int32_t)a < (int32_t)b)           \
    X(s_min_u32,         32, 32, 32, a < b ? a : b,                         a < b)                             \
    X(s_max_i32,         32, 32, 32, (int32_t)a >= (int32_t)b ? a : b,      (int32_t)a >= (int32_t)b)          \
    X(s_max_u32,         32, 32, 32, a >= b ? a : b,                        a >= b)                            \
    X(s_and_b32,         32, 32, 32, a & b,                                 d != 0)                            \
    X(s_and_b64,         64, 64, 64, a & b,                                 d != 0)                            \
    X(s_or_b32,          32, 32, 32, a | b,                                 d != 0)                            \
    X(s_or_b64,          64, 64, 64, a | b,                                 d != 0)                            \
    X(s_xor_b32,         32, 32, 32, a ^ b,                                 d != 0)                            \
    X(s_xor_b64,         64, 64, 64, a ^ b,                                 d != 0)                            \
    X(s_nand_b32,        32, 32, 32, ~(a & b),                              d != 0)                            \
    X(s_nand_b64,        64, 64, 64, ~(a & b),                              d != 0)                            \
    X(s_nor_b32,         32, 32, 32, ~(a | b),                              d != 0)                            \
    X(s_nor_b64,         64, 64, 64, ~(a | b),                              d != 0)                            \
    X(s_xnor_b32,        32, 32, 32, ~(a ^ b),                              d != 0)                            \
    X(s_xnor_b64,        64, 64, 64, ~(a ^ b),                              d != 0)                            \
    X(s_and_not1_b32,    32, 32, 32, a & ~b,                                d != 0)                            \
    X(s_and_not1_b64,    64, 64, 64, a & ~b,                                d != 0)                            \
    X(s_or_not1_b32,     32, 32, 32, a | ~b,                                d != 0)                            \
    X(s_or_not1_b64,     64, 64, 64, a | ~b,                                d != 0)                            \
    X(s_bfe_u32,         32, 32, 32, (uint32_t)extract(a, b, 32),           d != 0)                            \
    X(s_bfe_i32,         32, 32, 32, (uint32_t)extract_signed(a, b, 32),    d != 0)                            \
    X(s_bfe_u64,         64, 64, 32, extract(a, b, 64),                     d != 0)                            \
    X(s_bfe_i64,         64, 64, 32, extract_signed(a, b, 64),              d != 0)                            \
    X(s_bfm_b32,         32, 32, 32, (uint32_t)low_bits(a & 31) << (b & 31), scc)                              \
    X(s_bfm_b64,         64, 32, 32, low_bits(a & 63) << (b & 63),          scc)                               \
    X(s_mul_i32,         32, 32, 32, a * b,                                 scc)                               \
    X(s_mul_hi_u32,      32, 32, 32, (uint32_t)((uint64_t)a * b >> 32),     scc)                               \
    X(s_mul_hi_i32,      32, 32, 32,                                                                           \
      (uint32_t)((uint64_t)((int64_t)(int32_t)a * (int32_t)b) >> 32),       scc)                               \
    X(s_cselect_b32,     32, 32, 32, scc ? a : b,                           scc)                               \
    X(s_cselect_b64,     64, 64, 64, scc ? a : b,                           scc)                               \
    X(s_pack_ll_b32_b16, 32, 32, 32, (a & 0xffff) | b << 16,                scc)                               \
    X(s_pack_lh_b32_b16, 32, 32, 32, (a & 0xffff) | (b & 0xffff0000),       scc)                               \
    X(s_pack_hh_b32_b16, 32, 32, 32, a >> 16 | (b & 0xffff0000),            scc)                               \
    X(s_pack_hl_b32_b16, 32, 32, 32, a >> 16 | b << 16,                     scc)

/* ---- one source: X(name, bits of d, of a, value, SCC afterwards) -------------------------------------------- */

#define SOP1(X)                                                                                                \
    X(s_mov_b32,              32, 32, a,                                              scc)                     \
    X(s_mov_b64,              64, 64, a,                                              scc)                     \
    X(s_cmov_b32,             32, 32, scc ? a : old,                                  scc)                     \
    X(s_cmov_b64,             64, 64, scc ? a : old,                                  scc)                     \
    X(s_brev_b32,             32, 32, (uint32_t)reverse(a, 32),                       scc)                     \
    X(s_brev_b64,             64, 64, reverse(a, 64),                                 scc)                     \
    X(s_ctz_i32_b32,          32, 32, a ? (uint32_t)__builtin_ctz(a) : UINT32_MAX,    scc)                     \
    X(s_ctz_i32_b64,          32, 64, a ? (uint32_t)__builtin_ctzll(a) : UINT32_MAX,  scc)                     \
    X(s_clz_i32_u32,          32, 32, a ? (uint32_t)__builtin_clz(a) : UINT32_MAX,    scc)                     \
    X(s_clz_i32_u64,          32, 64, a ? (uint32_t)__builtin_clzll(a) : UINT32_MAX,  scc)                     \
    X(s_cls_i32,              32, 32, count_sign(a, 32),                              scc)                     \
    X(s_cls_i32_i64,          32, 64, count_sign(a, 64),                              scc)                     \
    X(s_sext_i32_i8,          32, 32, (uint32_t)(int32_t)(int8_t)a,                   scc)                     \
    X(s_sext_i32_i16,         32, 32, (uint32_t)(int32_t)(int16_t)a,                  scc)                     \
    X(s_bitset0_b32,          32, 32, old & ~(UINT32_C(1) << (a & 31)),               scc)                     \
    X(s_bitset0_b64,          64, 32, old & ~(UINT64_C(1) << (a & 63)),               scc)                     \
    X(s_bitset1_b32,          32, 32, old | UINT32_C(1) << (a & 31),                  scc)                     \
    X(s_bitset1_b64,          64, 32, old | UINT64_C(1) << (a & 63),                  scc)                     \
    X(s_bitreplicate_b64_b32, 64, 32, replicate_bits(a),                              scc)                     \
    X(s_abs_i32,              32, 32, (int32_t)a < 0 ? 0 - a : a,                     d != 0)                  \
    X(s_bcnt0_i32_b32,        32, 32, 32 - (uint32_t)__builtin_popcount(a),           d != 0)                  \
    X(s_bcnt0_i32_b64,        32, 64, 64 - (uint32_t)__builtin_popcountll(a),         d != 0)                  \
    X(s_bcnt1_i32_b32,        32, 32, (uint32_t)__builtin_popcount(a),                d != 0)                  \
    X(s_bcnt1_i32_b64,        32, 64, (uint32_t)__builtin_popcountll(a),              d != 0)                  \
    X(s_quadmask_b32,         32, 32, (uint32_t)quad_mask(a),                         d != 0)                  \
    X(s_quadmask_b64,         64, 64, quad_mask(a),                                   d != 0)                  \
    X(s_wqm_b32,              32, 32, (uint32_t)whole_quads(a),                       d != 0)                  \
    X(s_wqm_b64,              64, 64, whole_quads(a),                                 d != 0)                  \
    X(s_not_b32,              32, 32, ~a,                                             d != 0)                  \
    X(s_not_b64,              64, 64, ~a,                                             d != 0)

/* ---- EXEC updates: X(name, bits, new EXEC from a and exec); the destination gets the old EXEC ---------------- */

#define SAVEEXEC(X)                                                                                            \
    X(s_and_saveexec_b32,      32, a & exec)  X(s_and_saveexec_b64,      64, a & exec)                         \
    X(s_or_saveexec_b32,       32, a | exec)  X(s_or_saveexec_b64,       64, a | exec)                         \
    X(s_xor_saveexec_b32,      32, a ^ exec)  X(s_xor_saveexec_b64,      64, a ^ exec)                         \
    X(s_nand_saveexec_b32,     32, ~(a & exec)) X(s_nand_saveexec_b64,   64, ~(a & exec))                      \
    X(s_nor_saveexec_b32,      32, ~(a | exec)) X(s_nor_saveexec_b64,    64, ~(a | exec))                      \
    X(s_xnor_saveexec_b32,     32, ~(a ^ exec)) X(s_xnor_saveexec_b64,   64, ~(a ^ exec))                      \
    X(s_and_not0_saveexec_b32, 32, ~a & exec) X(s_and_not0_saveexec_b64, 64, ~a & exec)                        \
    X(s_or_not0_saveexec_b32,  32, ~a | exec) X(s_or_not0_saveexec_b64,  64, ~a | exec)                        \
    X(s_and_not1_saveexec_b32, 32, a & ~exec) X(s_and_not1_saveexec_b64, 64, a & ~exec)                        \
    X(s_or_not1_saveexec_b32,  32, a | ~exec) X(s_or_not1_saveexec_b64,  64, a | ~exec)

/* ... and here the destination gets the new EXEC as well. */
#define WREXEC(X)                                                                                              \
    X(s_and_not0_wrexec_b32, 32, ~a & exec) X(s_and_not0_wrexec_b64, 64, ~a & exec)                            \
    X(s_and_not1_wrexec_b32, 32, a & ~exec) X(s_and_not1_wrexec_b64, 64, a & ~exec)

/* ---- comparisons: X(name, bits of a, of b, SCC) --------------------------------------------------------------- */

#define SOPC(X)                                                                                                \
    X(s_cmp_eq_i32,  32, 32, a == b)                                                                           \
    X(s_cmp_lg_i32,  32, 32, a != b)                                                                           \
    X(s_cmp_gt_i32,  32, 32, (int32_t)a > (int32_t)b)                                                          \
    X(s_cmp_ge_i32,  32, 32, (int32_t)a >= (int32_t)b)                                                         \
    X(s_cmp_lt_i32,  32, 32, (int32_t)a < (int32_t)b)                                                          \
    X(s_cmp_le_i32,  32, 32, (int32_t)a <= (int32_t)b)                                                         \
    X(s_cmp_eq_u32,  32, 32, a == b)                                                                           \
    X(s_cmp_lg_u32,  32, 32, a != b)                                                                           \
    X(s_cmp_gt_u32,  32, 32, a > b)                                                                            \
    X(s_cmp_ge_u32,  32, 32, a >= b)                                                                           \
    X(s_cmp_lt_u32,  32, 32, a < b)                                                                            \
    X(s_cmp_le_u32,  32, 32, a <= b)                                                                           \
    X(s_bitcmp0_b32, 32, 32, (a >> (b & 31) & 1) == 0)                                                         \
    X(s_bitcmp1_b32, 32, 32, (a >> (b & 31) & 1) == 1)                                                         \
    X(s_bitcmp0_b64, 64, 32, (a >> (b & 63) & 1) == 0)                                                         \
    X(s_bitcmp1_b64, 64, 32, (a >> (b & 63) & 1) == 1)                                                         \
    X(s_cmp_eq_u64,  64, 64, a == b)                                                                           \
    X(s_cmp_lg_u64,  64, 64, a != b)

/* ---- 16-bit constants, k sign-extended: X(name, value of the destination, SCC afterwards) --------------------- */

#define SOPK(X)                                                                                                \
    X(s_movk_i32,  (uint32_t)k,                 scc)                                                           \
    X(s_cmovk_i32, scc ? (uint32_t)k : old,     scc)                                                           \
    X(s_addk_i32,  old + (uint32_t)k,           (~(old ^ (uint32_t)k) & (old ^ d)) >> 31)                      \
    X(s_mulk_i32,  old * (uint32_t)k,           scc)

/* X(name, SCC); u is the constant zero-extended */
#define SOPK_COMPARE(X)                                                                                        \
    X(s_cmpk_eq_i32, (int32_t)a == k)                                                                          \
    X(s_cmpk_lg_i32, (int32_t)a != k)                                                                          \
    X(s_cmpk_gt_i32, (int32_t)a > k)                                                                           \
    X(s_cmpk_ge_i32, (int32_t)a >= k)                                                                          \
    X(s_cmpk_lt_i32, (int32_t)a < k)                                                                           \
    X(s_cmpk_le_i32, (int32_t)a <= k)                                                                          \
    X(s_cmpk_eq_u32, a == u)                                                                                   \
    X(s_cmpk_lg_u32, a != u)                                                                                   \
    X(s_cmpk_gt_u32, a > u)                                                                                    \
    X(s_cmpk_ge_u32, a >= u)                                                                                   \
    X(s_cmpk_lt_u32, a < u)                                                                                    \
    X(s_cmpk_le_u32, a <= u)
/* clang-format on */

#define DEFINE_SOP2(name, dbits, abits, bbits, value, scc_after)                                             \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        uint##abits##_t a = scalar_read##abits(w, &i->src[0]);                                               \
        uint##bbits##_t b = scalar_read##bbits(w, &i->src[1]);                                               \
        uint32_t scc = w->scc;                                                                               \
        uint##dbits##_t d = value;                                                                           \
        (void)scc;                                                                                           \
        w->scc = scc_after;                                                                                  \
        scalar_write##dbits(w, &i->dst, d);                                                                  \
    }

#define DEFINE_SOP1(name, dbits, abits, value, scc_after)                                                    \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        uint##abits##_t a = scalar_read##abits(w, &i->src[0]);                                               \
        uint##dbits##_t old = scalar_read##dbits(w, &i->dst);                                                \
        uint32_t scc = w->scc;                                                                               \
        uint##dbits##_t d = value;                                                                           \
        (void)old, (void)scc;                                                                                \
        w->scc = scc_after;                                                                                  \
        scalar_write##dbits(w, &i->dst, d);                                                                  \
    }

#define DEFINE_EXEC_UPDATE(name, bits, value, destination)                                                   \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        static const struct operand exec_operand = {.kind = OPND_SGPR, .reg = SREG_EXEC};                    \
        uint##bits##_t a = scalar_read##bits(w, &i->src[0]);                                                 \
        uint##bits##_t exec = scalar_read##bits(w, &exec_operand);                                           \
        uint##bits##_t d = value;                                                                            \
        scalar_write##bits(w, &exec_operand, d);                                                             \
        scalar_write##bits(w, &i->dst, destination);                                                         \
        w->scc = d != 0;                                                                                     \
    }
#define DEFINE_SAVEEXEC(name, bits, value) DEFINE_EXEC_UPDATE(name, bits, value, exec)
#define DEFINE_WREXEC(name, bits, value)   DEFINE_EXEC_UPDATE(name, bits, value, d)

#define DEFINE_SOPC(name, abits, bbits, condition)                                                           \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        uint##abits##_t a = scalar_read##abits(w, &i->src[0]);                                               \
        uint##bbits##_t b = scalar_read##bbits(w, &i->src[1]);                                               \
        w->scc = condition;                                                                                  \
    }

#define DEFINE_SOPK(name, value, scc_after)                                                                  \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        int32_t k = (int16_t)i->offset;                                                                      \
        uint32_t old = scalar_read32(w, &i->dst), scc = w->scc;                                              \
        uint32_t d = value;                                                                                  \
        (void)old, (void)scc;                                                                                \
        w->scc = scc_after;                                                                                  \
        scalar_write32(w, &i->dst, d);                                                                       \
    }

#define DEFINE_SOPK_COMPARE(name, condition)                                                                 \
    static void name(struct wave *w, const struct inst *i) {                                                 \
        uint32_t a = scalar_read32(w, &i->src[0]), u = (uint16_t)i->offset;                                  \
        int32_t k = (int16_t)u;                                                                              \
        (void)k;                                                                                             \
        w->scc = condition;                                                                                  \
    }

SOP2(DEFINE_SOP2)
SOP1(DEFINE_SOP1)
SAVEEXEC(DEFINE_SAVEEXEC)
WREXEC(DEFINE_WREXEC)
SOPC(DEFINE_SOPC)
SOPK(DEFINE_SOPK)
SOPK_COMPARE(DEFINE_SOPK_COMPARE)

/* ---- registers addressed through M0 ------------------------------------------------------------------- */

/*
 * The register `distance` after the one named, VCC being the last; the index of a pair loses its lowest bit.
 * SREG_COUNT, with a fault, if that leads elsewhere.
 */
static unsigned relative(struct wave *w, unsigned reg, uint32_t distance, unsigned dwords) {
    uint64_t to = ((uint64_t)reg + distance) & ~(uint64_t)(dwords - 1);
    if (to + dwords <= SREG_TTMP0) return (unsigned)to;
    wave_fault(w, RDNASIM_ILLEGAL, 0, 0, 0, "addresses s%llu through M0; s0 to s%d and VCC can be",
               (unsigned long long)to, SREG_VCC - 1);
    return SREG_COUNT;
}

static void s_movrels_b32(struct wave *w, const struct inst *i) {
    unsigned from = relative(w, i->src[0].reg, w->s[SREG_M0], 1);
    if (from < SREG_COUNT) scalar_write32(w, &i->dst, w->s[from]);
}

static void s_movrels_b64(struct wave *w, const struct inst *i) {
    unsigned from = relative(w, i->src[0].reg, w->s[SREG_M0], 2);
    if (from < SREG_COUNT) scalar_write64(w, &i->dst, sgpr_read64(w, from));
}

static void s_movreld_b32(struct wave *w, const struct inst *i) {
    unsigned to = relative(w, i->dst.reg, w->s[SREG_M0], 1);
    if (to < SREG_COUNT) sgpr_write(w, to, scalar_read32(w, &i->src[0]));
}

static void s_movreld_b64(struct wave *w, const struct inst *i) {
    unsigned to = relative(w, i->dst.reg, w->s[SREG_M0], 2);
    if (to < SREG_COUNT) sgpr_write64(w, to, scalar_read64(w, &i->src[0]));
}

static void s_movrelsd_2_b32(struct wave *w, const struct inst *i) {
    uint32_t m0 = w->s[SREG_M0];
    unsigned from = relative(w, i->src[0].reg, m0 & 0x3ff, 1),
             to = relative(w, i->dst.reg, m0 >> 16 & 0x3ff, 1);
    if (from < SREG_COUNT && to < SREG_COUNT) w->s[to] = w->s[from];
}

void bind_salu(exec_fn **table) {
#define BIND(name, ...) table[OP_##name] = name;
    SOP2(BIND)
    SOP1(BIND)
    SAVEEXEC(BIND)
    WREXEC(BIND)
    SOPC(BIND)
    SOPK(BIND)
    SOPK_COMPARE(BIND)
    BIND(s_movrels_b32)
    BIND(s_movrels_b64)
    BIND(s_movreld_b32)
    BIND(s_movreld_b64)
    BIND(s_movrelsd_2_b32)
#undef BIND
}
