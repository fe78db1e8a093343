/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The scalar ALU's operations as AMD's pseudocode defines them, one row each. */
#include "salu.h"

/* ---- words of the pseudocode -------------------------------------------------------------------------- */

__extension__ typedef __int128 integer;

static bool bit(uint64_t v, unsigned n) { return v >> n & 1; }

/* Bits high..low. */
static uint64_t field(uint64_t v, unsigned high, unsigned low) {
    uint64_t result = 0;
    for (unsigned n = low; n <= high; n++) result |= (uint64_t)bit(v, n) << (n - low);
    return result;
}
/* v's lowest `width` bits as a signed number; all of them from 64 on. */
static int64_t signed_from(uint64_t v, unsigned width) {
    integer value = 0;
    if (width > 64) width = 64;
    for (unsigned n = 0; n < width; n++) value += (integer)bit(v, n) << n;
    if (width && bit(v, width - 1)) value -= (integer)1 << width;
    return (int64_t)value;
}
static int64_t i32(uint64_t v) { return signed_from(v, 32); }
static int64_t i64(uint64_t v) { return signed_from(v, 64); }
static int64_t i16(uint64_t v) { return signed_from(v, 16); }

/* Floor of v / 2^n. */
static int64_t shift_right_signed(int64_t v, unsigned n) {
    integer divisor = (integer)1 << n, quotient = v / divisor;
    return (int64_t)(quotient - (v % divisor < 0));
}

static uint64_t reversed(uint64_t v, unsigned width) {
    uint64_t result = 0;
    for (unsigned n = 0; n < width; n++) result |= (uint64_t)bit(v, n) << (width - 1 - n);
    return result;
}
static uint64_t count(uint64_t v, unsigned width, bool wanted) {
    uint64_t result = 0;
    for (unsigned n = 0; n < width; n++) result += bit(v, n) == wanted;
    return result;
}
/* Position of the lowest one; UINT64_MAX if there is none. */
static uint64_t first_one(uint64_t v, unsigned width) {
    for (unsigned n = 0; n < width; n++)
        if (bit(v, n)) return n;
    return UINT64_MAX;
}
/* How many bits at the top equal the topmost one; UINT64_MAX if all do. */
static uint64_t sign_run(uint64_t v, unsigned width) {
    for (unsigned n = 1; n < width; n++)
        if (bit(v, width - 1 - n) != bit(v, width - 1)) return n;
    return UINT64_MAX;
}
static uint64_t twice_each(uint64_t v) {
    uint64_t result = 0;
    for (unsigned n = 0; n < 32; n++) result |= (uint64_t)bit(v, n) * 3 << 2 * n;
    return result;
}
/* A bit per quad that is not empty. */
static uint64_t quads(uint64_t v, unsigned width) {
    uint64_t result = 0;
    for (unsigned n = 0; n < width / 4; n++) result |= (uint64_t)(field(v, 4 * n + 3, 4 * n) != 0) << n;
    return result;
}
/* Every quad that is not empty, filled. */
static uint64_t whole_quads(uint64_t v, unsigned width) {
    uint64_t result = 0;
    for (unsigned n = 0; n < width; n++) result |= (uint64_t)(field(v, (n & 60) + 3, n & 60) != 0) << n;
    return result;
}
static uint64_t with_bit(uint64_t v, uint64_t n, bool value) {
    uint64_t one = UINT64_C(1) << n;
    return value ? v | one : v & ~one;
}
static uint64_t ones(uint64_t count) { return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1; }

/* ---- the rows ----------------------------------------------------------------------------------------- */

/* clang-format off */
#define ROW(name, value) case OP_##name: x->d = (value); return true
/* ... whose SCC says whether the result is not zero */
#define ROW_32(name, value) case OP_##name: x->d = (uint32_t)(value); x->scc = x->d != 0; return true
#define ROW_64(name, value) case OP_##name: x->d = (uint64_t)(value); x->scc = x->d != 0; return true
#define ROW_BOTH(name, value) ROW_32(name##_b32, value); ROW_64(name##_b64, value)
/* ... whose SCC is a rule of its own */
#define ROW_SCC(name, value, rule) case OP_##name: x->d = (value); x->scc = (rule); return true
#define COMPARE(name, rule) case OP_##name: x->scc = (rule); return true
/* clang-format on */

static bool arithmetic(enum op op, struct scalar *x) {
    const uint64_t a = x->a, b = x->b, carry = UINT64_C(1) << 32;
    const int64_t sa = i32(a), sb = i32(b);
    const bool scc = x->scc;
    switch ((unsigned)op) {
        ROW_SCC(s_add_u32, a + b, a + b >= carry);
        ROW_SCC(s_sub_u32, a - b, b > a);
        ROW_SCC(s_add_i32, a + b, sa + sb != i32(a + b));
        ROW_SCC(s_sub_i32, a - b, sa - sb != i32(a - b));
        ROW_SCC(s_addc_u32, a + b + scc, a + b + scc >= carry);
        ROW_SCC(s_subb_u32, a - b - scc, b + scc > a);
        ROW_SCC(s_lshl1_add_u32, 2 * a + b, 2 * a + b >= carry);
        ROW_SCC(s_lshl2_add_u32, 4 * a + b, 4 * a + b >= carry);
        ROW_SCC(s_lshl3_add_u32, 8 * a + b, 8 * a + b >= carry);
        ROW_SCC(s_lshl4_add_u32, 16 * a + b, 16 * a + b >= carry);
        ROW_SCC(s_min_i32, sa < sb ? a : b, sa < sb);
        ROW_SCC(s_min_u32, a < b ? a : b, a < b);
        ROW_SCC(s_max_i32, sa >= sb ? a : b, sa >= sb);
        ROW_SCC(s_max_u32, a >= b ? a : b, a >= b);
        ROW_32(s_absdiff_i32, i32(a - b) < 0 ? b - a : a - b);
        ROW_32(s_abs_i32, sa < 0 ? -a : a);
        ROW(s_mul_i32, a * b);
        ROW(s_mul_hi_u32, a * b >> 32);
        ROW(s_mul_hi_i32, (uint64_t)shift_right_signed(sa * sb, 32));
    }
    return false;
}

static bool shifts_and_fields(enum op op, struct scalar *x) {
    const uint64_t a = x->a, b = x->b, by32 = field(b, 4, 0), by64 = field(b, 5, 0);
    const unsigned width = (unsigned)field(b, 22, 16);
    switch ((unsigned)op) {
        ROW_32(s_lshl_b32, a << by32);
        ROW_64(s_lshl_b64, a << by64);
        ROW_32(s_lshr_b32, a >> by32);
        ROW_64(s_lshr_b64, a >> by64);
        ROW_32(s_ashr_i32, shift_right_signed(i32(a), (unsigned)by32));
        ROW_64(s_ashr_i64, shift_right_signed(i64(a), (unsigned)by64));
        ROW_32(s_bfe_u32, a >> by32 & ones(width));
        ROW_64(s_bfe_u64, a >> by64 & ones(width));
        ROW_32(s_bfe_i32, signed_from((uint64_t)shift_right_signed(i32(a), (unsigned)by32), width));
        ROW_64(s_bfe_i64, signed_from((uint64_t)shift_right_signed(i64(a), (unsigned)by64), width));
        ROW(s_bfm_b32, ones(field(a, 4, 0)) << by32);
        ROW(s_bfm_b64, ones(field(a, 5, 0)) << by64);
        ROW(s_pack_ll_b32_b16, field(b, 15, 0) << 16 | field(a, 15, 0));
        ROW(s_pack_lh_b32_b16, field(b, 31, 16) << 16 | field(a, 15, 0));
        ROW(s_pack_hh_b32_b16, field(b, 31, 16) << 16 | field(a, 31, 16));
        ROW(s_pack_hl_b32_b16, field(b, 15, 0) << 16 | field(a, 31, 16));
        ROW(s_sext_i32_i8, (uint64_t)signed_from(a, 8));
        ROW(s_sext_i32_i16, (uint64_t)i16(a));
    }
    return false;
}

static bool logic(enum op op, struct scalar *x) {
    const uint64_t a = x->a, b = x->b;
    switch ((unsigned)op) {
        ROW_BOTH(s_and, a & b);
        ROW_BOTH(s_or, a | b);
        ROW_BOTH(s_xor, a ^ b);
        ROW_BOTH(s_nand, ~(a & b));
        ROW_BOTH(s_nor, ~(a | b));
        ROW_BOTH(s_xnor, ~(a ^ b));
        ROW_BOTH(s_and_not1, a & ~b);
        ROW_BOTH(s_or_not1, a | ~b);
        ROW_BOTH(s_not, ~a);
        ROW_32(s_quadmask_b32, quads(a, 32));
        ROW_64(s_quadmask_b64, quads(a, 64));
        ROW_32(s_wqm_b32, whole_quads(a, 32));
        ROW_64(s_wqm_b64, whole_quads(a, 64));
        ROW_32(s_bcnt0_i32_b32, count(a, 32, 0));
        ROW_32(s_bcnt0_i32_b64, count(a, 64, 0));
        ROW_32(s_bcnt1_i32_b32, count(a, 32, 1));
        ROW_32(s_bcnt1_i32_b64, count(a, 64, 1));
        ROW(s_brev_b32, reversed(a, 32));
        ROW(s_brev_b64, reversed(a, 64));
        ROW(s_ctz_i32_b32, first_one(a, 32));
        ROW(s_ctz_i32_b64, first_one(a, 64));
        ROW(s_clz_i32_u32, first_one(reversed(a, 32), 32));
        ROW(s_clz_i32_u64, first_one(reversed(a, 64), 64));
        ROW(s_cls_i32, sign_run(a, 32));
        ROW(s_cls_i32_i64, sign_run(a, 64));
        ROW(s_bitset0_b32, with_bit(x->d, field(a, 4, 0), 0));
        ROW(s_bitset0_b64, with_bit(x->d, field(a, 5, 0), 0));
        ROW(s_bitset1_b32, with_bit(x->d, field(a, 4, 0), 1));
        ROW(s_bitset1_b64, with_bit(x->d, field(a, 5, 0), 1));
        ROW(s_bitreplicate_b64_b32, twice_each(a));
    }
    return false;
}

static bool moves_and_constants(enum op op, struct scalar *x) {
    const uint64_t a = x->a, b = x->b, d = x->d, k = (uint64_t)i16(x->k);
    const bool scc = x->scc;
    switch ((unsigned)op) {
        ROW(s_mov_b32, a);
        ROW(s_mov_b64, a);
        ROW(s_cmov_b32, scc ? a : d);
        ROW(s_cmov_b64, scc ? a : d);
        ROW(s_cselect_b32, scc ? a : b);
        ROW(s_cselect_b64, scc ? a : b);
        ROW(s_movk_i32, k);
        ROW(s_cmovk_i32, scc ? k : d);
        ROW_SCC(s_addk_i32, d + k, i32(d) + i16(k) != i32(d + k));
        ROW(s_mulk_i32, d * k);
    }
    return false;
}

static bool comparisons(enum op op, struct scalar *x) {
    const uint64_t a = x->a, b = x->b, k = field(x->k, 15, 0);
    const int64_t sa = i32(a), sb = i32(b), sk = i16(x->k);
    switch ((unsigned)op) {
        COMPARE(s_cmp_eq_i32, sa == sb);
        COMPARE(s_cmp_lg_i32, sa != sb);
        COMPARE(s_cmp_gt_i32, sa > sb);
        COMPARE(s_cmp_ge_i32, sa >= sb);
        COMPARE(s_cmp_lt_i32, sa < sb);
        COMPARE(s_cmp_le_i32, sa <= sb);
        COMPARE(s_cmp_eq_u32, a == b);
        COMPARE(s_cmp_lg_u32, a != b);
        COMPARE(s_cmp_gt_u32, a > b);
        COMPARE(s_cmp_ge_u32, a >= b);
        COMPARE(s_cmp_lt_u32, a < b);
        COMPARE(s_cmp_le_u32, a <= b);
        COMPARE(s_cmp_eq_u64, a == b);
        COMPARE(s_cmp_lg_u64, a != b);
        COMPARE(s_bitcmp0_b32, !bit(a, (unsigned)field(b, 4, 0)));
        COMPARE(s_bitcmp1_b32, bit(a, (unsigned)field(b, 4, 0)));
        COMPARE(s_bitcmp0_b64, !bit(a, (unsigned)field(b, 5, 0)));
        COMPARE(s_bitcmp1_b64, bit(a, (unsigned)field(b, 5, 0)));
        COMPARE(s_cmpk_eq_i32, sa == sk);
        COMPARE(s_cmpk_lg_i32, sa != sk);
        COMPARE(s_cmpk_gt_i32, sa > sk);
        COMPARE(s_cmpk_ge_i32, sa >= sk);
        COMPARE(s_cmpk_lt_i32, sa < sk);
        COMPARE(s_cmpk_le_i32, sa <= sk);
        COMPARE(s_cmpk_eq_u32, a == k);
        COMPARE(s_cmpk_lg_u32, a != k);
        COMPARE(s_cmpk_gt_u32, a > k);
        COMPARE(s_cmpk_ge_u32, a >= k);
        COMPARE(s_cmpk_lt_u32, a < k);
        COMPARE(s_cmpk_le_u32, a <= k);
    }
    return false;
}

/* EXEC's 32-bit forms leave its upper half alone, in wave64 too. */
static bool write_exec(struct scalar *x, uint64_t value, unsigned bits, bool save) {
    uint64_t before = x->exec;
    x->exec = (before & ~ones(bits)) | (value & ones(bits));
    x->d = save ? before : x->exec;
    x->scc = (x->exec & ones(bits)) != 0;
    return true;
}

/* clang-format off */
#define EXEC(name, value, save)                                                                              \
    case OP_##name##_b32: return write_exec(x, value, 32, save);                                             \
    case OP_##name##_b64: return write_exec(x, value, 64, save)
/* clang-format on */

static bool exec_updates(enum op op, struct scalar *x) {
    const uint64_t a = x->a, exec = x->exec;
    switch ((unsigned)op) {
        EXEC(s_and_saveexec, a & exec, true);
        EXEC(s_or_saveexec, a | exec, true);
        EXEC(s_xor_saveexec, a ^ exec, true);
        EXEC(s_nand_saveexec, ~(a & exec), true);
        EXEC(s_nor_saveexec, ~(a | exec), true);
        EXEC(s_xnor_saveexec, ~(a ^ exec), true);
        EXEC(s_and_not0_saveexec, ~a & exec, true);
        EXEC(s_or_not0_saveexec, ~a | exec, true);
        EXEC(s_and_not1_saveexec, a & ~exec, true);
        EXEC(s_or_not1_saveexec, a | ~exec, true);
        EXEC(s_and_not0_wrexec, ~a & exec, false);
        EXEC(s_and_not1_wrexec, a & ~exec, false);
    }
    return false;
}

bool model_scalar(enum op op, struct scalar *x) {
    return arithmetic(op, x) || shifts_and_fields(op, x) || logic(op, x) || moves_and_constants(op, x) ||
           comparisons(op, x) || exec_updates(op, x);
}
