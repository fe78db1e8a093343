/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The scalar unit, one instruction at a time: every operation of the scalar ALU against results worked out by
 * hand from AMD's description (its own examples where it has some), EXEC updates, branches and scalar loads.
 */
#include "exec/executors.h"
#include "exec/scalar.h"
#include "support.h"

static exec_fn *table[OP_COUNT];

enum { DST = 10, A = 20, B = 30 }; /* where operands are put: s[10:11], s[20:21], s[30:31] */

/* Results that must stay as they were are checked too: `d` covers 64 bits, the upper 32 of narrow ones are
 * old. */
struct alu_case {
    uint16_t op;
    unsigned dbits;
    uint64_t a, b, old;
    uint32_t scc;
    uint64_t d;
    uint32_t scc_after;
};

#define MIN32  0x80000000u
#define NEG(n) (0xffffffffu - (n) + 1)
#define ONES   UINT64_MAX

/* clang-format off */
static const struct alu_case alu_cases[] = {
    {OP_s_add_u32, 32, 0xffffffff, 2, 0, 0, 1, 1},            {OP_s_add_u32, 32, 5, 6, 0, 1, 11, 0},
    {OP_s_sub_u32, 32, 1, 2, 0, 0, 0xffffffff, 1},            {OP_s_sub_u32, 32, 7, 7, 0, 1, 0, 0},
    {OP_s_add_i32, 32, 0x7fffffff, 1, 0, 0, MIN32, 1},        {OP_s_add_i32, 32, MIN32, 0xffffffff, 0, 0, 0x7fffffff, 1},
    {OP_s_add_i32, 32, NEG(10), 20, 0, 1, 10, 0},             {OP_s_sub_i32, 32, MIN32, 1, 0, 0, 0x7fffffff, 1},
    {OP_s_sub_i32, 32, 3, 5, 0, 1, NEG(2), 0},                {OP_s_sub_i32, 32, 0, MIN32, 0, 0, MIN32, 1},
    {OP_s_addc_u32, 32, 0xffffffff, 0, 0, 1, 0, 1},           {OP_s_addc_u32, 32, 0xffffffff, 0xffffffff, 0, 1, 0xffffffff, 1},
    {OP_s_addc_u32, 32, 1, 2, 0, 1, 4, 0},                    {OP_s_subb_u32, 32, 0, 0, 0, 1, 0xffffffff, 1},
    {OP_s_subb_u32, 32, 5, 0xffffffff, 0, 1, 5, 1},           {OP_s_subb_u32, 32, 5, 2, 0, 1, 2, 0},
    {OP_s_absdiff_i32, 32, 2, 5, 0, 0, 3, 1},                 {OP_s_absdiff_i32, 32, 0xffffffff, 0, 0, 0, 1, 1},
    {OP_s_absdiff_i32, 32, MIN32, 0, 0, 0, MIN32, 1},         {OP_s_absdiff_i32, 32, MIN32, 1, 0, 0, 0x7fffffff, 1},
    {OP_s_absdiff_i32, 32, MIN32, 0xfffffff0, 0, 0, 0x7ffffff0, 1}, {OP_s_absdiff_i32, 32, 9, 9, 0, 1, 0, 0},
    {OP_s_lshl_b32, 32, 3, 33, 0, 0, 6, 1},                   {OP_s_lshl_b32, 32, 2, 31, 0, 1, 0, 0},
    {OP_s_lshl_b64, 64, 3, 63, 0, 0, UINT64_C(1) << 63, 1},   {OP_s_lshl_b64, 64, 5, 64, 0, 0, 5, 1},
    {OP_s_lshr_b32, 32, MIN32, 31, 0, 0, 1, 1},               {OP_s_lshr_b32, 32, 1, 1, 0, 1, 0, 0},
    {OP_s_lshr_b64, 64, ONES, 60, 0, 0, 15, 1},               {OP_s_ashr_i32, 32, MIN32, 31, 0, 0, 0xffffffff, 1},
    {OP_s_ashr_i32, 32, 0x40000000, 30, 0, 0, 1, 1},          {OP_s_ashr_i64, 64, UINT64_C(1) << 63, 62, 0, 0, ONES - 1, 1},
    {OP_s_lshl1_add_u32, 32, MIN32, 5, 0, 0, 5, 1},           {OP_s_lshl2_add_u32, 32, 3, 5, 0, 1, 17, 0},
    {OP_s_lshl3_add_u32, 32, 0x1fffffff, 8, 0, 0, 0, 1},      {OP_s_lshl4_add_u32, 32, 1, 0xfffffff0, 0, 0, 0, 1},
    {OP_s_min_i32, 32, NEG(1), 1, 0, 0, NEG(1), 1},           {OP_s_min_i32, 32, 4, 4, 0, 1, 4, 0},
    {OP_s_min_u32, 32, NEG(1), 1, 0, 1, 1, 0},                {OP_s_max_i32, 32, NEG(1), 1, 0, 1, 1, 0},
    {OP_s_max_i32, 32, 4, 4, 0, 0, 4, 1},                     {OP_s_max_u32, 32, NEG(1), 1, 0, 0, NEG(1), 1},
    {OP_s_and_b32, 32, 12, 10, 0, 0, 8, 1},                   {OP_s_and_b32, 32, 1, 2, 0, 1, 0, 0},
    {OP_s_and_b64, 64, ONES, UINT64_C(1) << 40, 0, 0, UINT64_C(1) << 40, 1},
    {OP_s_or_b32, 32, 12, 10, 0, 0, 14, 1},                   {OP_s_or_b64, 64, 0, 0, ONES, 1, 0, 0},
    {OP_s_xor_b32, 32, 12, 10, 0, 0, 6, 1},                   {OP_s_xor_b64, 64, ONES, ONES, 0, 1, 0, 0},
    {OP_s_nand_b32, 32, 12, 10, 0, 0, ~8u, 1},                {OP_s_nand_b64, 64, ONES, ONES, 0, 1, 0, 0},
    {OP_s_nor_b32, 32, 12, 10, 0, 0, ~14u, 1},                {OP_s_nor_b64, 64, 0, 0, 0, 0, ONES, 1},
    {OP_s_xnor_b32, 32, 12, 10, 0, 0, ~6u, 1},                {OP_s_xnor_b64, 64, 5, 5, 0, 0, ONES, 1},
    {OP_s_and_not1_b32, 32, 12, 10, 0, 0, 4, 1},              {OP_s_and_not1_b64, 64, ONES, 1, 0, 0, ONES - 1, 1},
    {OP_s_or_not1_b32, 32, 12, ~1u, 0, 0, 13, 1},             {OP_s_or_not1_b64, 64, 0, ONES, 0, 1, 0, 0},
    {OP_s_bfe_u32, 32, 0x12345678, 8 << 16 | 4, 0, 0, 0x67, 1}, {OP_s_bfe_u32, 32, 0xffffffff, 0 << 16 | 4, 0, 1, 0, 0},
    {OP_s_bfe_u32, 32, 0xf0000000, 32 << 16 | 28, 0, 0, 15, 1}, {OP_s_bfe_u32, 32, 0xdeadbeef, 127 << 16, 0, 0, 0xdeadbeef, 1},
    {OP_s_bfe_i32, 32, 0x00000f80, 4 << 16 | 8, 0, 0, 0xffffffff, 1}, {OP_s_bfe_i32, 32, 0x00000780, 4 << 16 | 8, 0, 0, 7, 1},
    {OP_s_bfe_i32, 32, MIN32, 8 << 16 | 28, 0, 0, 0xfffffff8, 1}, {OP_s_bfe_i32, 32, 0xffffffff, 3, 0, 1, 0, 0},
    {OP_s_bfe_u64, 64, ONES, 40 << 16 | 32, 0, 0, 0xffffffff, 1}, {OP_s_bfe_i64, 64, 0xff, 8 << 16, 0, 0, ONES, 1},
    {OP_s_bfe_i64, 64, UINT64_C(0x7f) << 32, 8 << 16 | 32, 0, 0, 0x7f, 1},
    {OP_s_bfm_b32, 32, 8, 4, 0, 1, 0xff0, 1},                 {OP_s_bfm_b32, 32, 32, 4, 0, 0, 0, 0},
    {OP_s_bfm_b64, 64, 40, 20, 0, 0, 0x0ffffffffff00000, 0},
    {OP_s_mul_i32, 32, NEG(3), 5, 0, 1, NEG(15), 1},          {OP_s_mul_hi_u32, 32, 0xffffffff, 0xffffffff, 0, 0, 0xfffffffe, 0},
    {OP_s_mul_hi_i32, 32, MIN32, 2, 0, 1, 0xffffffff, 1},     {OP_s_mul_hi_i32, 32, MIN32, MIN32, 0, 0, 0x40000000, 0},
    {OP_s_cselect_b32, 32, 1, 2, 0, 1, 1, 1},                 {OP_s_cselect_b32, 32, 1, 2, 0, 0, 2, 0},
    {OP_s_cselect_b64, 64, ONES, 2, 0, 1, ONES, 1},
    {OP_s_pack_ll_b32_b16, 32, 0x11112222, 0x33334444, 0, 1, 0x44442222, 1},
    {OP_s_pack_lh_b32_b16, 32, 0x11112222, 0x33334444, 0, 0, 0x33332222, 0},
    {OP_s_pack_hh_b32_b16, 32, 0x11112222, 0x33334444, 0, 0, 0x33331111, 0},
    {OP_s_pack_hl_b32_b16, 32, 0x11112222, 0x33334444, 0, 0, 0x44441111, 0},

    {OP_s_mov_b32, 32, 77, 0, 0, 1, 77, 1},                   {OP_s_mov_b64, 64, ONES - 5, 0, 0, 0, ONES - 5, 0},
    {OP_s_cmov_b32, 32, 77, 0, 5, 0, 5, 0},                   {OP_s_cmov_b32, 32, 77, 0, 5, 1, 77, 1},
    {OP_s_cmov_b64, 64, 77, 0, ONES, 0, ONES, 0},
    {OP_s_brev_b32, 32, 3, 0, 0, 0, 0xc0000000, 0},           {OP_s_brev_b64, 64, 3, 0, 0, 1, UINT64_C(3) << 62, 1},
    {OP_s_ctz_i32_b32, 32, 0xaaaaaaaa, 0, 0, 0, 1, 0},        {OP_s_ctz_i32_b32, 32, 0, 0, 0, 0, 0xffffffff, 0},
    {OP_s_ctz_i32_b32, 32, 0x00010000, 0, 0, 0, 16, 0},       {OP_s_ctz_i32_b64, 32, UINT64_C(1) << 40, 0, 0, 0, 40, 0},
    {OP_s_clz_i32_u32, 32, 0x0000cccc, 0, 0, 0, 16, 0},       {OP_s_clz_i32_u32, 32, 0, 0, 0, 0, 0xffffffff, 0},
    {OP_s_clz_i32_u64, 32, 1, 0, 0, 1, 63, 1},                {OP_s_clz_i32_u64, 32, 0, 0, 0, 1, 0xffffffff, 1},
    {OP_s_cls_i32, 32, 0, 0, 0, 0, 0xffffffff, 0},            {OP_s_cls_i32, 32, 0x0000cccc, 0, 0, 0, 16, 0},
    {OP_s_cls_i32, 32, 0xffff3333, 0, 0, 0, 16, 0},           {OP_s_cls_i32, 32, 0x7fffffff, 0, 0, 0, 1, 0},
    {OP_s_cls_i32, 32, MIN32, 0, 0, 0, 1, 0},                 {OP_s_cls_i32, 32, 0xffffffff, 0, 0, 0, 0xffffffff, 0},
    {OP_s_cls_i32_i64, 32, UINT64_C(1) << 63, 0, 0, 0, 1, 0}, {OP_s_cls_i32_i64, 32, 1, 0, 0, 0, 63, 0},
    {OP_s_sext_i32_i8, 32, 0x1280, 0, 0, 0, 0xffffff80, 0},   {OP_s_sext_i32_i16, 32, 0x17fff, 0, 0, 0, 0x7fff, 0},
    {OP_s_bitset0_b32, 32, 33, 0, 0xf, 0, 0xd, 0},            {OP_s_bitset0_b64, 64, 40, 0, ONES, 1, ~(UINT64_C(1) << 40), 1},
    {OP_s_bitset1_b32, 32, 63, 0, 0, 0, MIN32, 0},            {OP_s_bitset1_b64, 64, 63, 0, 1, 0, UINT64_C(1) << 63 | 1, 0},
    {OP_s_bitreplicate_b64_b32, 64, 0x80000005, 0, 0, 0, UINT64_C(3) << 62 | 0x33, 0},
    {OP_s_abs_i32, 32, MIN32, 0, 0, 0, MIN32, 1},             {OP_s_abs_i32, 32, 0xffffffff, 0, 0, 0, 1, 1},
    {OP_s_abs_i32, 32, 0, 0, 0, 1, 0, 0},
    {OP_s_bcnt0_i32_b32, 32, 0xcccccccc, 0, 0, 0, 16, 1},     {OP_s_bcnt0_i32_b32, 32, 0xffffffff, 0, 0, 1, 0, 0},
    {OP_s_bcnt0_i32_b64, 32, 1, 0, 0, 0, 63, 1},              {OP_s_bcnt1_i32_b32, 32, 0xcccccccc, 0, 0, 0, 16, 1},
    {OP_s_bcnt1_i32_b64, 32, ONES, 0, 0, 0, 64, 1},
    {OP_s_quadmask_b32, 32, 0x80010002, 0, 0, 0, 0x91, 1},    {OP_s_quadmask_b64, 64, UINT64_C(1) << 60, 0, 0, 0, 0x8000, 1},
    {OP_s_wqm_b32, 32, 0x80010002, 0, 0, 0, 0xf00f000f, 1},   {OP_s_wqm_b32, 32, 0, 0, 0, 1, 0, 0},
    {OP_s_wqm_b64, 64, UINT64_C(1) << 60, 0, 0, 0, UINT64_C(15) << 60, 1},
    {OP_s_not_b32, 32, 0xffffffff, 0, 0, 1, 0, 0},            {OP_s_not_b64, 64, 1, 0, 0, 0, ONES - 1, 1},
};

/* Comparisons: a, b and what SCC must be. */
static const struct { uint16_t op; uint64_t a, b; uint32_t scc; } compare_cases[] = {
    {OP_s_cmp_eq_i32, 5, 5, 1},        {OP_s_cmp_eq_i32, 5, 6, 0},        {OP_s_cmp_lg_i32, 5, 6, 1},
    {OP_s_cmp_gt_i32, 1, NEG(1), 1},   {OP_s_cmp_gt_i32, 1, 1, 0},        {OP_s_cmp_ge_i32, 1, 1, 1},
    {OP_s_cmp_ge_i32, NEG(1), 1, 0},   {OP_s_cmp_lt_i32, NEG(1), 1, 1},   {OP_s_cmp_le_i32, NEG(1), NEG(1), 1},
    {OP_s_cmp_eq_u32, 5, 5, 1},        {OP_s_cmp_lg_u32, 5, 5, 0},        {OP_s_cmp_gt_u32, 1, NEG(1), 0},
    {OP_s_cmp_ge_u32, NEG(1), 1, 1},   {OP_s_cmp_lt_u32, 1, NEG(1), 1},   {OP_s_cmp_le_u32, NEG(1), 1, 0},
    {OP_s_bitcmp0_b32, 4, 34, 0},      {OP_s_bitcmp0_b32, 4, 1, 1},       {OP_s_bitcmp1_b32, 4, 34, 1},
    {OP_s_bitcmp0_b64, UINT64_C(1) << 40, 40, 0}, {OP_s_bitcmp1_b64, UINT64_C(1) << 40, 40, 1},
    {OP_s_cmp_eq_u64, ONES, ONES, 1},  {OP_s_cmp_eq_u64, ONES, 0xffffffff, 0}, {OP_s_cmp_lg_u64, 1, ONES << 32 | 1, 1},
};

/* SOPK: register, constant, SCC before; register and SCC after. */
static const struct { uint16_t op; uint32_t old; int32_t k; uint32_t scc, d, scc_after; } constant_cases[] = {
    {OP_s_movk_i32, 9, -2, 1, NEG(2), 1},          {OP_s_cmovk_i32, 9, -2, 0, 9, 0},
    {OP_s_cmovk_i32, 9, -2, 1, NEG(2), 1},         {OP_s_addk_i32, 0x7fffffff, 1, 0, MIN32, 1},
    {OP_s_addk_i32, 5, -6, 1, NEG(1), 0},          {OP_s_addk_i32, MIN32, -1, 0, 0x7fffffff, 1},
    {OP_s_mulk_i32, 7, -3, 1, NEG(21), 1},
};

static const struct { uint16_t op; uint32_t a; int32_t k; uint32_t scc; } constant_compares[] = {
    {OP_s_cmpk_eq_i32, NEG(1), -1, 1}, {OP_s_cmpk_lg_i32, NEG(1), -1, 0}, {OP_s_cmpk_gt_i32, 1, -1, 1},
    {OP_s_cmpk_ge_i32, NEG(2), -1, 0}, {OP_s_cmpk_lt_i32, NEG(2), -1, 1}, {OP_s_cmpk_le_i32, 1, -1, 0},
    {OP_s_cmpk_eq_u32, 0xffff, -1, 1}, {OP_s_cmpk_lg_u32, NEG(1), -1, 1}, {OP_s_cmpk_gt_u32, 0x10000, -1, 1},
    {OP_s_cmpk_ge_u32, 0xffff, -1, 1}, {OP_s_cmpk_lt_u32, 0xffff, -1, 0}, {OP_s_cmpk_le_u32, 0xfffe, -1, 1},
};

/* EXEC updates with s0 = 12 and EXEC = 10 (and all ones above, for the 64-bit forms): new EXEC, low half. */
static const struct { uint16_t op, op64; bool writes_new; uint32_t exec; } exec_cases[] = {
    {OP_s_and_saveexec_b32, OP_s_and_saveexec_b64, false, 8},
    {OP_s_or_saveexec_b32, OP_s_or_saveexec_b64, false, 14},
    {OP_s_xor_saveexec_b32, OP_s_xor_saveexec_b64, false, 6},
    {OP_s_nand_saveexec_b32, OP_s_nand_saveexec_b64, false, ~8u},
    {OP_s_nor_saveexec_b32, OP_s_nor_saveexec_b64, false, ~14u},
    {OP_s_xnor_saveexec_b32, OP_s_xnor_saveexec_b64, false, ~6u},
    {OP_s_and_not0_saveexec_b32, OP_s_and_not0_saveexec_b64, false, 2},
    {OP_s_or_not0_saveexec_b32, OP_s_or_not0_saveexec_b64, false, ~4u},
    {OP_s_and_not1_saveexec_b32, OP_s_and_not1_saveexec_b64, false, 4},
    {OP_s_or_not1_saveexec_b32, OP_s_or_not1_saveexec_b64, false, ~2u},
    {OP_s_and_not0_wrexec_b32, OP_s_and_not0_wrexec_b64, true, 2},
    {OP_s_and_not1_wrexec_b32, OP_s_and_not1_wrexec_b64, true, 4},
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct operand sgpr(unsigned reg) {
    return (struct operand){.kind = OPND_SGPR, .reg = (uint16_t)reg, .dwords = 1};
}

static struct inst instruction(uint16_t op) {
    return (struct inst){.op = op, .src_count = 2, .dst = sgpr(DST), .src = {sgpr(A), sgpr(B)}};
}

static void put(struct wave *w, unsigned reg, uint64_t value) { sgpr_write64(w, reg, value); }

static void alu(void **state) {
    (void)state;
    for (size_t n = 0; n < COUNT(alu_cases); n++) {
        const struct alu_case *c = &alu_cases[n];
        struct wave w = {.scc = c->scc};
        uint64_t upper = c->dbits == 32 ? UINT64_C(0xabcdef) << 32 : 0;
        put(&w, DST, c->old | upper);
        put(&w, A, c->a);
        put(&w, B, c->b);
        struct inst i = instruction(c->op);
        assert_non_null(table[c->op]);
        table[c->op](&w, &i);
        if (sgpr_read64(&w, DST) != (c->d | upper) || w.scc != c->scc_after)
            fail_msg("case %zu, operation %u: got %llx, SCC %u", n, c->op,
                     (unsigned long long)sgpr_read64(&w, DST), w.scc);
        /* into NULL: only SCC changes */
        w.scc = c->scc;
        i.dst = sgpr(SREG_NULL);
        w.s[SREG_NULL + 1] = 99;
        table[c->op](&w, &i);
        assert_int_equal(w.s[SREG_NULL], 0);
        assert_int_equal(w.s[SREG_NULL + 1], 99);
    }
}

static void comparisons(void **state) {
    (void)state;
    for (size_t n = 0; n < COUNT(compare_cases); n++) {
        struct wave w = {.scc = !compare_cases[n].scc};
        put(&w, A, compare_cases[n].a);
        put(&w, B, compare_cases[n].b);
        struct inst i = instruction(compare_cases[n].op);
        table[i.op](&w, &i);
        if (w.scc != compare_cases[n].scc) fail_msg("case %zu, operation %u", n, i.op);
    }
}

static void constants(void **state) {
    (void)state;
    for (size_t n = 0; n < COUNT(constant_cases); n++) {
        struct wave w = {.scc = constant_cases[n].scc};
        w.s[DST] = constant_cases[n].old;
        struct inst i = instruction(constant_cases[n].op);
        i.offset = constant_cases[n].k;
        table[i.op](&w, &i);
        if (w.s[DST] != constant_cases[n].d || w.scc != constant_cases[n].scc_after)
            fail_msg("case %zu, operation %u: got %x, SCC %u", n, i.op, w.s[DST], w.scc);
    }
    for (size_t n = 0; n < COUNT(constant_compares); n++) {
        struct wave w = {.scc = !constant_compares[n].scc};
        w.s[A] = constant_compares[n].a;
        struct inst i = instruction(constant_compares[n].op);
        i.offset = constant_compares[n].k;
        table[i.op](&w, &i);
        if (w.scc != constant_compares[n].scc) fail_msg("comparison %zu, operation %u", n, i.op);
    }
}

static void exec_updates(void **state) {
    (void)state;
    for (size_t n = 0; n < COUNT(exec_cases); n++) {
        for (int wide = 0; wide < 2; wide++) {
            struct wave w = {0};
            put(&w, SREG_EXEC, ONES << 32 | 10);
            put(&w, A, 12);
            struct inst i = instruction(wide ? exec_cases[n].op64 : exec_cases[n].op);
            table[i.op](&w, &i);
            assert_int_equal(w.s[SREG_EXEC], exec_cases[n].exec);
            assert_int_equal(w.s[DST], exec_cases[n].writes_new ? exec_cases[n].exec : 10);
            assert_int_equal(w.scc, 1);
            assert_int_equal(w.s[DST + 1],
                             wide ? (exec_cases[n].writes_new ? w.s[SREG_EXEC + 1] : UINT32_MAX) : 0);
            if (!wide) assert_int_equal(w.s[SREG_EXEC + 1], UINT32_MAX);
        }
    }
}

/* What the tables above leave out would go untested: they must name every operation that the file binds. */
static void every_operation_has_a_case(void **state) {
    (void)state;
    static exec_fn *bound[OP_COUNT];
    static bool tested[OP_COUNT];
    bind_salu(bound);
    for (size_t n = 0; n < COUNT(alu_cases); n++) tested[alu_cases[n].op] = true;
    for (size_t n = 0; n < COUNT(compare_cases); n++) tested[compare_cases[n].op] = true;
    for (size_t n = 0; n < COUNT(constant_cases); n++) tested[constant_cases[n].op] = true;
    for (size_t n = 0; n < COUNT(constant_compares); n++) tested[constant_compares[n].op] = true;
    for (size_t n = 0; n < COUNT(exec_cases); n++)
        tested[exec_cases[n].op] = tested[exec_cases[n].op64] = true;
    static const uint16_t relative[] = {OP_s_movrels_b32, OP_s_movrels_b64, OP_s_movreld_b32,
                                        OP_s_movreld_b64, OP_s_movrelsd_2_b32};
    for (size_t n = 0; n < COUNT(relative); n++) tested[relative[n]] = true;
    for (unsigned op = 0; op < OP_COUNT; op++)
        if (bound[op] && !tested[op]) fail_msg("operation %s has no case", op_info((enum op)op)->name);
}

static void relative_registers(void **state) {
    (void)state;
    rdnasim_report report = {0};
    struct wave w = {.fault = &report};
    for (unsigned n = 0; n < 64; n++) w.s[n] = 1000 + n;
    w.s[SREG_M0] = 7;
    struct inst i = instruction(OP_s_movrels_b32);
    table[i.op](&w, &i);
    assert_int_equal(w.s[DST], 1000 + A + 7);
    i = instruction(OP_s_movreld_b64);
    table[i.op](&w, &i);
    assert_int_equal(w.s[DST + 6], 1000 + A); /* pairs are even */
    assert_int_equal(w.s[DST + 7], 1000 + A + 1);
    w.s[SREG_M0] = 20 << 16 | 10;
    i = instruction(OP_s_movrelsd_2_b32);
    table[i.op](&w, &i);
    assert_int_equal(w.s[DST + 20], 1000 + A + 10);
    w.s[SREG_M0] = 88; /* VCC is s[106:107] */
    i = instruction(OP_s_movrels_b32);
    table[i.op](&w, &i);
    assert_int_equal(w.state, WAVE_FAULTED);
    assert_non_null(strstr(report.text, "addresses s108 through M0; s0 to s105 and VCC can be"));
}

static void sources(void **state) {
    (void)state;
    struct wave w = {.scc = 1};
    struct operand o = {.kind = OPND_SPECIAL, .reg = SPECIAL_SHARED_BASE};
    assert_true(scalar_read64(&w, &o) == APERTURE_SHARED);
    assert_int_equal(scalar_read32(&w, &o), 0);
    o.reg = SPECIAL_PRIVATE_LIMIT;
    assert_true(scalar_read64(&w, &o) == (APERTURE_PRIVATE | UINT32_MAX));
    o.reg = SPECIAL_SCC;
    assert_int_equal(scalar_read32(&w, &o), 1);
    o = (struct operand){.kind = OPND_CONST, .value = ONES - 4};
    assert_true(scalar_read64(&w, &o) == ONES - 4);
    w.s[SREG_M0] = 5; /* the register behind NULL must not become its upper half */
    o = sgpr(SREG_NULL);
    assert_true(scalar_read64(&w, &o) == 0);
}

static void branches(void **state) {
    (void)state;
    static const struct {
        uint16_t op;
        unsigned wave_size;
        uint32_t scc;
        uint64_t vcc, exec;
        bool taken;
    } cases[] = {
        {OP_s_branch, 32, 0, 0, 0, true},
        {OP_s_cbranch_scc0, 32, 0, 0, 0, true},
        {OP_s_cbranch_scc0, 32, 1, 0, 0, false},
        {OP_s_cbranch_scc1, 32, 1, 0, 0, true},
        {OP_s_cbranch_vccz, 32, 0, ONES << 32, 1, true},
        {OP_s_cbranch_vccz, 64, 0, ONES << 32, 1, false},
        {OP_s_cbranch_vccnz, 32, 0, 4, 1, true},
        {OP_s_cbranch_vccnz, 32, 0, ONES << 32, 1, false},
        {OP_s_cbranch_vccnz, 64, 0, ONES << 32, 1, true},
        {OP_s_cbranch_execz, 32, 0, 1, ONES << 32, true},
        {OP_s_cbranch_execz, 64, 0, 1, ONES << 32, false},
        {OP_s_cbranch_execnz, 32, 0, 0, 8, true},
        {OP_s_cbranch_execnz, 32, 0, 0, 0, false},
    };
    for (size_t n = 0; n < COUNT(cases); n++) {
        struct wave w = {.scc = cases[n].scc, .wave_size = cases[n].wave_size, .pc = 100, .next = 101};
        put(&w, SREG_VCC, cases[n].vcc);
        put(&w, SREG_EXEC, cases[n].exec);
        struct inst i = {.op = cases[n].op, .offset = n % 2 ? -50 : 0x7fff};
        table[i.op](&w, &i);
        uint32_t target = n % 2 ? 51 : 101 + 0x7fff;
        if (w.next != (cases[n].taken ? target : 101)) fail_msg("case %zu: next is %u", n, w.next);
    }
}

static void calls(void **state) {
    (void)state;
    rdnasim_report report;
    struct wave w = {
        .pc = 7, .next = 8, .code_address = UINT64_C(0x400001000), .code_dwords = 100, .fault = &report};
    struct inst i = instruction(OP_s_getpc_b64);
    table[i.op](&w, &i);
    assert_true(sgpr_read64(&w, DST) == UINT64_C(0x400001020));
    put(&w, A, UINT64_C(0x400001000) + 4 * 40);
    i = instruction(OP_s_swappc_b64);
    table[i.op](&w, &i);
    assert_int_equal(w.next, 40);
    assert_true(sgpr_read64(&w, DST) == UINT64_C(0x400001020));
    put(&w, A, sgpr_read64(&w, DST));
    i = instruction(OP_s_setpc_b64);
    table[i.op](&w, &i);
    assert_int_equal(w.next, 8);
    i = instruction(OP_s_call_b64);
    i.offset = -3;
    table[i.op](&w, &i);
    assert_int_equal(w.next, 5);
    static const uint64_t wild[] = {
        0, 1, UINT64_C(0x400001002), UINT64_C(0x400001000) + 400, UINT64_C(0x400000ffc), ONES};
    for (size_t n = 0; n < COUNT(wild); n++) {
        w.state = WAVE_RUNNING;
        put(&w, A, wild[n]);
        i = instruction(OP_s_setpc_b64);
        table[i.op](&w, &i);
        assert_int_equal(w.state, WAVE_FAULTED);
        assert_int_equal(report.status, RDNASIM_ILLEGAL);
    }
}

static void mode(void **state) {
    (void)state;
    rdnasim_report report;
    struct wave w = {.mode = 0x3f0, .fault = &report};
    struct inst i = {.op = OP_s_round_mode, .offset = 0x9};
    table[i.op](&w, &i);
    assert_int_equal(w.mode, 0x3f9);
    i = (struct inst){.op = OP_s_denorm_mode, .offset = 0x4};
    table[i.op](&w, &i);
    assert_int_equal(w.mode, 0x349);
    i = instruction(OP_s_setreg_b32); /* hwreg(MODE, 4, 2) */
    i.offset = (2 - 1) << 11 | 4 << 6 | 1;
    w.s[A] = 0xff;
    table[i.op](&w, &i);
    assert_int_equal(w.mode, 0x379);
    i = instruction(OP_s_getreg_b32);
    i.offset = (int16_t)((32 - 1) << 11 | 4 << 6 | 1);
    table[i.op](&w, &i);
    assert_int_equal(w.s[DST], 0x37);
    i.offset = 20; /* FLAT_SCR_LO */
    table[i.op](&w, &i);
    assert_int_equal(report.status, RDNASIM_UNSUPPORTED);
}

/* What a wave is told of itself, whole and by fields: 24 VGPRs, 1000 bytes of LDS, second of two waves. */
static void hardware_registers(void **state) {
    (void)state;
    static const struct {
        unsigned id, offset, size;
        uint32_t value;
    } rows[] = {
        {2, 0, 32,
         1 | 1 << 9 | 1 << 11 | 1 << 16 | 1u << 29}, /* STATUS: SCC, EXECZ, in a group, valid, scratch */
        {2, 10, 1, 0},                               /* ... VCCZ */
        {3, 0, 32, 0},                               /* TRAPSTS */
        {5, 0, 32, 2 << 12},                         /* GPR_ALLOC: blocks of 8 VGPRs, less one */
        {5, 12, 8, 2},                               /* ... VGPR_SIZE alone */
        {6, 0, 32, 2 << 12},                         /* LDS_ALLOC: blocks of 128 dwords */
        {6, 12, 9, 2},
        {7, 0, 32, 0},   /* IB_STS */
        {15, 0, 16, 2},  /* SH_MEM_BASES: upper halves of the apertures of scratch ... */
        {15, 16, 16, 1}, /* ... and of LDS */
        {23, 0, 32, 1},  /* HW_ID1: the wave's number */
        {24, 0, 32, 0},  /* HW_ID2 */
        {29, 0, 20, 64}, /* SHADER_CYCLES advance with every reading */
        {29, 0, 20, 128},
    };
    struct group group = {.lds_bytes = 1000, .wave_count = 2};
    struct wave w = {
        .wave_size = 32, .vgpr_count = 24, .index = 1, .scc = 1, .scratch_bytes = 4, .group = &group};
    w.s[SREG_VCC] = 1;
    struct inst i = instruction(OP_s_getreg_b32);
    for (size_t n = 0; n < COUNT(rows); n++) {
        i.offset = (int16_t)((rows[n].size - 1) << 11 | rows[n].offset << 6 | rows[n].id);
        table[i.op](&w, &i);
        if (w.s[DST] != rows[n].value) fail_msg("row %zu: %#x, not %#x", n, w.s[DST], rows[n].value);
    }
}

static void scalar_loads(void **state) {
    (void)state;
    uint32_t data[20];
    for (unsigned n = 0; n < 20; n++) data[n] = 500 + n;
    rdnasim_report report;
    struct memory *memory = calloc(1, sizeof *memory);
    assert_non_null(memory);
    memory->slots[1] = (struct binding){
        (unsigned char *)data, UINT64_C(1) << SLOT_SHIFT, sizeof data, RDNASIM_READ, NULL, NULL, "data"};
    struct group group = {.memory = memory};
    struct wave w = {.group = &group, .fault = &report};
    put(&w, A, memory->slots[1].base + 8);
    w.s[B] = 5; /* the two lowest bits of the sum are ignored */
    struct inst i = {.op = OP_s_load_b128, .dst = sgpr(40), .src = {sgpr(A), sgpr(B)}, .offset = -1};
    i.dst.dwords = 4;
    table[i.op](&w, &i);
    for (unsigned n = 0; n < 4; n++) assert_int_equal(w.s[40 + n], 503 + n);
    i.op = OP_s_load_b512;
    i.dst.dwords = 16;
    i.offset = 4 * 3 - 5;
    w.s[B] = 0;
    table[i.op](&w, &i); /* dwords 3..18 */
    assert_int_equal(w.state, WAVE_RUNNING);
    assert_int_equal(w.s[55], 518);
    i.offset = 4 * 4;
    table[i.op](&w, &i); /* dwords 6..21: past the end */
    assert_int_equal(w.state, WAVE_FAULTED);
    assert_int_equal(report.status, RDNASIM_MEMORY_FAULT);
    assert_non_null(strstr(report.text, "'data'"));
    assert_int_equal(w.s[55], 518);

    w.state = WAVE_RUNNING; /* a buffer of 10 dwords: beyond it, zeros and no fault */
    put(&w, A, memory->slots[1].base);
    w.s[A + 2] = 40;
    i = (struct inst){
        .op = OP_s_buffer_load_b128, .dst = sgpr(40), .src = {sgpr(A), {.kind = OPND_NONE}}, .offset = 32};
    i.dst.dwords = 4;
    table[i.op](&w, &i);
    assert_int_equal(w.state, WAVE_RUNNING);
    assert_int_equal(w.s[40], 508);
    assert_int_equal(w.s[41], 509);
    assert_int_equal(w.s[42], 0);
    assert_int_equal(w.s[43], 0);
    free(memory);
}

int main(void) {
    bind_salu(table);
    bind_smem(table);
    bind_flow(table);
    bind_hwreg(table);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alu),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(constants),
        cmocka_unit_test(exec_updates),
        cmocka_unit_test(every_operation_has_a_case),
        cmocka_unit_test(relative_registers),
        cmocka_unit_test(sources),
        cmocka_unit_test(branches),
        cmocka_unit_test(calls),
        cmocka_unit_test(mode),
        cmocka_unit_test(hardware_registers),
        cmocka_unit_test(scalar_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
