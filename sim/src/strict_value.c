/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which bits of a result are undefined, given those of the operands. Two rules:
 *
 * - Operations that move or combine bits (and, shifts, permutations, integer sums, selections) are tried: the
 *   instruction itself is executed several times with different bits where they are undefined, and what
 * differs in the result is undefined. So masks, packed halves, lane permutations and register halves come out
 * right without a second description of every operation.
 * - For all others (comparisons, floating point, products of matrices) a result depends on all of its
 * operands.
 *
 * Undefined bits may be moved about freely. What they must not reach is an address, a branch, EXEC, or a
 * store to global memory.
 */
#include <string.h>

#include "strict.h"

/* The portable level is always there; see lanes.h. */
const uint32_t *source_general_portable(const struct wave *w, const struct inst *i, unsigned n, uint32_t *t);
uint32_t dpp_writes_portable(const struct wave *w, const struct inst *i);

/* clang-format off */
static const bool moves_bits[OP_COUNT] = {
#define MOVES(name) [OP_##name] = true,
    MOVES(s_add_u32) MOVES(s_sub_u32) MOVES(s_add_i32) MOVES(s_sub_i32) MOVES(s_addc_u32) MOVES(s_subb_u32)
    MOVES(s_lshl_b32) MOVES(s_lshl_b64) MOVES(s_lshr_b32) MOVES(s_lshr_b64) MOVES(s_ashr_i32)
    MOVES(s_ashr_i64) MOVES(s_lshl1_add_u32) MOVES(s_lshl2_add_u32) MOVES(s_lshl3_add_u32)
    MOVES(s_lshl4_add_u32) MOVES(s_and_b32) MOVES(s_and_b64) MOVES(s_or_b32) MOVES(s_or_b64)
    MOVES(s_xor_b32) MOVES(s_xor_b64) MOVES(s_nand_b32) MOVES(s_nand_b64) MOVES(s_nor_b32) MOVES(s_nor_b64)
    MOVES(s_xnor_b32) MOVES(s_xnor_b64) MOVES(s_and_not1_b32) MOVES(s_and_not1_b64) MOVES(s_or_not1_b32)
    MOVES(s_or_not1_b64) MOVES(s_bfe_u32) MOVES(s_bfe_i32) MOVES(s_bfe_u64) MOVES(s_bfe_i64)
    MOVES(s_bfm_b32) MOVES(s_bfm_b64) MOVES(s_mul_i32) MOVES(s_cselect_b32) MOVES(s_cselect_b64)
    MOVES(s_pack_ll_b32_b16) MOVES(s_pack_lh_b32_b16) MOVES(s_pack_hh_b32_b16) MOVES(s_pack_hl_b32_b16)
    MOVES(s_mov_b32) MOVES(s_mov_b64) MOVES(s_cmov_b32) MOVES(s_cmov_b64) MOVES(s_brev_b32)
    MOVES(s_brev_b64) MOVES(s_sext_i32_i8) MOVES(s_sext_i32_i16) MOVES(s_bitset0_b32) MOVES(s_bitset0_b64)
    MOVES(s_bitset1_b32) MOVES(s_bitset1_b64) MOVES(s_bitreplicate_b64_b32) MOVES(s_not_b32)
    MOVES(s_not_b64) MOVES(s_quadmask_b32) MOVES(s_quadmask_b64) MOVES(s_wqm_b32) MOVES(s_wqm_b64)
    MOVES(s_and_saveexec_b32) MOVES(s_and_saveexec_b64) MOVES(s_or_saveexec_b32) MOVES(s_or_saveexec_b64)
    MOVES(s_xor_saveexec_b32) MOVES(s_xor_saveexec_b64) MOVES(s_nand_saveexec_b32)
    MOVES(s_nand_saveexec_b64) MOVES(s_nor_saveexec_b32) MOVES(s_nor_saveexec_b64)
    MOVES(s_xnor_saveexec_b32) MOVES(s_xnor_saveexec_b64) MOVES(s_and_not0_saveexec_b32)
    MOVES(s_and_not0_saveexec_b64) MOVES(s_or_not0_saveexec_b32) MOVES(s_or_not0_saveexec_b64)
    MOVES(s_and_not1_saveexec_b32) MOVES(s_and_not1_saveexec_b64) MOVES(s_or_not1_saveexec_b32)
    MOVES(s_or_not1_saveexec_b64) MOVES(s_and_not0_wrexec_b32) MOVES(s_and_not0_wrexec_b64)
    MOVES(s_and_not1_wrexec_b32) MOVES(s_and_not1_wrexec_b64) MOVES(s_movk_i32) MOVES(s_cmovk_i32)
    MOVES(s_addk_i32) MOVES(s_mulk_i32) MOVES(s_bitcmp0_b32) MOVES(s_bitcmp1_b32) MOVES(s_bitcmp0_b64)
    MOVES(s_bitcmp1_b64)
    MOVES(v_cndmask_b32) MOVES(v_cndmask_b16) MOVES(v_mov_b32) MOVES(v_mov_b16) MOVES(v_swap_b32)
    MOVES(v_swap_b16) MOVES(v_readfirstlane_b32) MOVES(v_readlane_b32) MOVES(v_writelane_b32)
    MOVES(v_permlane16_b32) MOVES(v_permlanex16_b32) MOVES(v_permlane64_b32) MOVES(ds_permute_b32)
    MOVES(ds_bpermute_b32) MOVES(ds_swizzle_b32) MOVES(v_lshlrev_b32) MOVES(v_lshrrev_b32)
    MOVES(v_ashrrev_i32) MOVES(v_lshlrev_b16) MOVES(v_lshrrev_b16) MOVES(v_ashrrev_i16) MOVES(v_lshlrev_b64)
    MOVES(v_lshrrev_b64) MOVES(v_ashrrev_i64) MOVES(v_and_b32) MOVES(v_or_b32) MOVES(v_xor_b32)
    MOVES(v_xnor_b32) MOVES(v_not_b32) MOVES(v_not_b16) MOVES(v_and_b16) MOVES(v_or_b16) MOVES(v_xor_b16)
    MOVES(v_bfrev_b32) MOVES(v_bfe_u32) MOVES(v_bfe_i32) MOVES(v_bfi_b32) MOVES(v_bfm_b32)
    MOVES(v_alignbit_b32) MOVES(v_alignbyte_b32) MOVES(v_perm_b32) MOVES(v_xor3_b32) MOVES(v_or3_b32)
    MOVES(v_and_or_b32) MOVES(v_lshl_or_b32) MOVES(v_lshl_add_u32) MOVES(v_add_lshl_u32) MOVES(v_add3_u32)
    MOVES(v_xad_u32) MOVES(v_add_nc_u32) MOVES(v_sub_nc_u32) MOVES(v_subrev_nc_u32) MOVES(v_add_nc_i32)
    MOVES(v_sub_nc_i32) MOVES(v_add_co_u32) MOVES(v_sub_co_u32) MOVES(v_subrev_co_u32)
    MOVES(v_add_co_ci_u32) MOVES(v_sub_co_ci_u32) MOVES(v_subrev_co_ci_u32) MOVES(v_mul_lo_u32)
    MOVES(v_mul_u32_u24) MOVES(v_mul_i32_i24) MOVES(v_mad_u32_u24) MOVES(v_mad_i32_i24)
    MOVES(v_mad_u64_u32) MOVES(v_mad_i64_i32) MOVES(v_pack_b32_f16) MOVES(v_pk_lshlrev_b16)
    MOVES(v_pk_lshrrev_b16) MOVES(v_pk_ashrrev_i16) MOVES(v_pk_add_u16) MOVES(v_pk_sub_u16)
    MOVES(v_pk_add_i16) MOVES(v_pk_sub_i16) MOVES(v_pk_mul_lo_u16) MOVES(v_mbcnt_lo_u32_b32)
    MOVES(v_mbcnt_hi_u32_b32) MOVES(v_cvt_u32_u16) MOVES(v_cvt_i32_i16) MOVES(v_cvt_f32_ubyte0)
    MOVES(v_cvt_f32_ubyte1) MOVES(v_cvt_f32_ubyte2) MOVES(v_cvt_f32_ubyte3)
#undef MOVES
};

/* Scalar operations that leave SCC alone; all others write it with their result. */
static const bool keeps_scc[OP_COUNT] = {
#define KEEPS(name) [OP_##name] = true,
    KEEPS(s_bfm_b32) KEEPS(s_bfm_b64) KEEPS(s_mul_i32) KEEPS(s_mul_hi_u32) KEEPS(s_mul_hi_i32)
    KEEPS(s_cselect_b32) KEEPS(s_cselect_b64) KEEPS(s_pack_ll_b32_b16) KEEPS(s_pack_lh_b32_b16)
    KEEPS(s_pack_hh_b32_b16) KEEPS(s_pack_hl_b32_b16) KEEPS(s_add_f32) KEEPS(s_sub_f32) KEEPS(s_min_f32)
    KEEPS(s_max_f32) KEEPS(s_mul_f32) KEEPS(s_fmaak_f32) KEEPS(s_fmamk_f32) KEEPS(s_fmac_f32)
    KEEPS(s_cvt_pk_rtz_f16_f32) KEEPS(s_add_f16) KEEPS(s_sub_f16) KEEPS(s_min_f16) KEEPS(s_max_f16)
    KEEPS(s_mul_f16) KEEPS(s_fmac_f16) KEEPS(s_movk_i32) KEEPS(s_cmovk_i32) KEEPS(s_mulk_i32)
    KEEPS(s_getreg_b32) KEEPS(s_setreg_b32) KEEPS(s_setreg_imm32_b32) KEEPS(s_call_b64) KEEPS(s_mov_b32)
    KEEPS(s_mov_b64) KEEPS(s_cmov_b32) KEEPS(s_cmov_b64) KEEPS(s_brev_b32) KEEPS(s_brev_b64)
    KEEPS(s_ctz_i32_b32) KEEPS(s_ctz_i32_b64) KEEPS(s_clz_i32_u32) KEEPS(s_clz_i32_u64) KEEPS(s_cls_i32)
    KEEPS(s_cls_i32_i64) KEEPS(s_sext_i32_i8) KEEPS(s_sext_i32_i16) KEEPS(s_bitset0_b32)
    KEEPS(s_bitset0_b64) KEEPS(s_bitset1_b32) KEEPS(s_bitset1_b64) KEEPS(s_bitreplicate_b64_b32)
    KEEPS(s_movrels_b32) KEEPS(s_movrels_b64) KEEPS(s_movreld_b32) KEEPS(s_movreld_b64)
    KEEPS(s_movrelsd_2_b32) KEEPS(s_getpc_b64) KEEPS(s_setpc_b64) KEEPS(s_swappc_b64)
    KEEPS(s_sendmsg_rtn_b32) KEEPS(s_sendmsg_rtn_b64) KEEPS(s_ceil_f32) KEEPS(s_floor_f32)
    KEEPS(s_trunc_f32) KEEPS(s_rndne_f32) KEEPS(s_cvt_f32_i32) KEEPS(s_cvt_f32_u32) KEEPS(s_cvt_i32_f32)
    KEEPS(s_cvt_u32_f32) KEEPS(s_cvt_f16_f32) KEEPS(s_cvt_f32_f16) KEEPS(s_cvt_hi_f32_f16)
    KEEPS(s_ceil_f16) KEEPS(s_floor_f16) KEEPS(s_trunc_f16) KEEPS(s_rndne_f16)
#undef KEEPS
};
/* clang-format on */

/* Registers that M0 shifts are not followed: what they deliver counts as defined. */
static bool indexes_registers(unsigned op) {
    return op == OP_v_movreld_b32 || op == OP_v_movrels_b32 || op == OP_v_movrelsd_b32 ||
           op == OP_v_movrelsd_2_b32 || op == OP_v_swaprel_b32 || op == OP_s_movrels_b32 ||
           op == OP_s_movrels_b64 || op == OP_s_movreld_b32 || op == OP_s_movreld_b64 ||
           op == OP_s_movrelsd_2_b32;
}

/* ---- operands ------------------------------------------------------------------------------------- */

static uint32_t lanes_with(const u32v *undefined, uint32_t used) {
    const uint32_t *bits = (const uint32_t *)undefined;
    uint32_t lanes = 0;
    for (unsigned l = 0; l < LANES; l++) lanes |= (uint32_t)((bits[l] & used) != 0) << l;
    return lanes;
}

uint32_t strict_undefined_lanes(const struct wave *w, const struct operand *o) {
    const struct shadow *sh = w->shadow;
    uint32_t lanes = 0;
    if (o->kind == OPND_VGPR) {
        uint32_t used = !type_is_16(o->type) ? UINT32_MAX : o->hi ? 0xffff0000u : 0xffffu;
        for (unsigned n = 0; n < o->dwords; n++)
            if (v_states(w)[o->reg + n] & REG_UNDEFINED)
                lanes |= lanes_with(&v_undefined(w)[o->reg + n], used);
    } else if (o->type == TYPE_MASK) {
        return s_count(o) ? sh->s[o->reg + w->half] & exec_mask(w) : 0;
    } else {
        for (unsigned n = 0; n < s_count(o); n++)
            if (sh->s[o->reg + n]) lanes = UINT32_MAX;
    }
    return lanes & exec_mask(w);
}

/* Source 0 as DPP permutes it: the lanes that receive something undefined. */
static uint32_t undefined_source(struct wave *w, const struct inst *i, unsigned n) {
    if (n || !i->dpp) return strict_undefined_lanes(w, &i->src[n]);
    u32v permuted, *registers = w->v;
    w->v = v_undefined(w);
    const uint32_t *bits = source_general_portable(w, i, 0, (uint32_t *)&permuted);
    uint32_t used = !type_is_16(i->src[0].type) ? UINT32_MAX
                    : i->src[0].hi              ? 0xffff0000u
                                                : 0xffffu,
             lanes = 0;
    for (unsigned l = 0; l < LANES; l++) lanes |= (uint32_t)((bits[l] & used) != 0) << l;
    w->v = registers;
    return lanes & exec_mask(w);
}

/* ---- results -------------------------------------------------------------------------------------- */

/* Bits of a register become undefined in some of the lanes that the instruction writes, and defined in
 * others. */
static void set_lanes(struct wave *w, unsigned reg, uint32_t bits, uint32_t written, uint32_t undefined) {
    if (!undefined && !(v_states(w)[reg] & REG_UNDEFINED)) return;
    uint32_t *u = (uint32_t *)&v_undefined(w)[reg];
    if (written == UINT32_MAX && !undefined) {
        for (unsigned l = 0; l < LANES; l++) u[l] &= ~bits;
    } else {
        for (unsigned l = 0; l < LANES; l++)
            if (written >> l & 1) u[l] = (u[l] & ~bits) | (undefined >> l & 1 ? bits : 0);
    }
    v_settle(w, reg);
}

static bool exec_is_undefined(struct wave *w) {
    struct shadow *sh = w->shadow;
    if (!sh->s[SREG_EXEC] && !sh->s[SREG_EXEC + 1]) return false;
    strict_fault(w, GFX11SIM_CHECK_UNDEFINED, 0, "an undefined value decides which lanes are active");
    return true;
}

/* Bits of the destination register that the operation writes. */
static uint32_t written_bits(const struct inst *i) {
    if (i->op == OP_v_fma_mixlo_f16) return 0xffff;
    if (i->op == OP_v_fma_mixhi_f16) return 0xffff0000;
    return !type_is_16(i->dst.type) ? UINT32_MAX : i->dst.hi ? 0xffff0000u : 0xffffu;
}

static void set_mask(struct wave *w, const struct operand *o, uint32_t undefined) {
    if (s_count(o)) s_define(w, o->reg + w->half, undefined);
}

/* ---- operations that depend on all of their operands ---------------------------------------------- */

static bool is_packed(unsigned type) {
    return type == TYPE_PK_F16 || type == TYPE_PK_BF16 || type == TYPE_PK_I16 || type == TYPE_PK_U16;
}

/* Halves are computed apart: half h of the result from the halves that op_sel names. */
static void packed(struct wave *w, const struct inst *i) {
    for (unsigned h = 0; h < 2; h++) {
        uint32_t lanes = 0;
        for (unsigned n = 0; n < i->src_count; n++) {
            struct operand o = i->src[n];
            unsigned half = (h ? i->op_sel_hi : i->op_sel) >> n & 1;
            if (i->format != FMT_VOP3P) half = h;
            if (o.kind != OPND_VGPR) {
                lanes |= strict_undefined_lanes(w, &o);
            } else if (v_states(w)[o.reg] & REG_UNDEFINED) {
                lanes |= lanes_with(&v_undefined(w)[o.reg], half ? 0xffff0000u : 0xffffu);
            }
        }
        set_lanes(w, i->dst.reg, h ? 0xffff0000u : 0xffffu, exec_mask(w), lanes & exec_mask(w));
    }
}

static void vector_all(struct wave *w, const struct inst *i) {
    if (i->format == FMT_VOP3P && is_packed(i->dst.type)) {
        packed(w, i);
        return;
    }
    uint32_t lanes = 0, written = exec_mask(w);
    for (unsigned n = 0; n < i->src_count; n++) lanes |= undefined_source(w, i, n);
    if (i->dpp) written &= dpp_writes_portable(w, i);
    if (i->dst.kind == OPND_VGPR)
        for (unsigned n = 0; n < i->dst.dwords; n++)
            set_lanes(w, i->dst.reg + n, written_bits(i), written, lanes);
    else
        set_mask(w, &i->dst, lanes);
    set_mask(w, &i->sdst, lanes);
}

/* Row i of A and column j of B make element (i, j): lanes hold columns, registers pairs of rows. */
static void matrix(struct wave *w, const struct inst *i) {
    uint32_t rows = 0, columns = 0;
    for (unsigned l = 0; l < LANES; l++) {
        uint32_t a = 0, b = 0;
        for (unsigned n = 0; n < i->src[0].dwords && i->src[0].kind == OPND_VGPR; n++)
            a |= ((const uint32_t *)&v_undefined(w)[i->src[0].reg + n])[l];
        for (unsigned n = 0; n < i->src[1].dwords && i->src[1].kind == OPND_VGPR; n++)
            b |= ((const uint32_t *)&v_undefined(w)[i->src[1].reg + n])[l];
        rows |= (uint32_t)(a != 0) << l % 16;
        columns |= (uint32_t)(b != 0) << l % 16;
    }
    bool halves = i->dst.type == TYPE_V16_F16 || i->dst.type == TYPE_V16_BF16;
    uint32_t bits = !halves ? UINT32_MAX : i->op_sel & 4 ? 0xffff0000u : 0xffffu;
    for (unsigned n = 0; n < i->dst.dwords; n++) {
        const struct operand *c = &i->src[2];
        const uint32_t *added = c->kind == OPND_VGPR ? (const uint32_t *)&v_undefined(w)[c->reg + n] : NULL;
        uint32_t *u = (uint32_t *)&v_undefined(w)[i->dst.reg + n];
        for (unsigned l = 0; l < LANES; l++) {
            unsigned row = w->wave_size == 64 ? 4 * n + 2 * w->half + l / 16 : 2 * n + l / 16,
                     column = l % 16;
            bool undefined = rows >> row & 1 || columns >> column & 1 || (added && added[l] & bits);
            u[l] = (u[l] & ~bits) | (undefined ? bits : 0);
        }
        v_settle(w, i->dst.reg + n);
    }
}

static void scalar_all(struct wave *w, const struct inst *i) {
    bool undefined = false;
    for (unsigned n = 0; n < i->src_count; n++) {
        const struct operand *o = &i->src[n];
        for (unsigned k = 0; k < s_count(o); k++) undefined |= w->shadow->s[o->reg + k] != 0;
    }
    for (unsigned k = 0; k < s_count(&i->dst); k++) s_define(w, i->dst.reg + k, undefined ? UINT32_MAX : 0);
    if (op_info(i->op)->unit == GFX11SIM_UNIT_SALU && !keeps_scc[i->op]) w->shadow->scc = undefined;
}

/* ---- operations that move bits: they are tried ---------------------------------------------------- */

enum { TRIALS = 8, TRIED_VGPRS = 24 };

struct trial {
    unsigned count;
    u32v *value[TRIED_VGPRS], *undefined[TRIED_VGPRS];
    u32v before[TRIED_VGPRS], first[TRIED_VGPRS], differs[TRIED_VGPRS];
};

static void add_registers(struct trial *t, u32v *values, u32v *undefined, const struct operand *o) {
    if (o->kind != OPND_VGPR) return;
    for (unsigned n = 0; n < o->dwords; n++) {
        unsigned k = 0;
        while (k < t->count && t->value[k] != &values[o->reg + n]) k++;
        if (k < t->count || t->count == TRIED_VGPRS) continue;
        t->value[t->count] = &values[o->reg + n];
        t->undefined[t->count] = &undefined[o->reg + n];
        t->before[t->count] = values[o->reg + n];
        t->differs[t->count] = (u32v){0};
        t->count++;
    }
}

static uint32_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

static void tried(struct wave *w, const struct inst *i, exec_fn *execute) {
    struct shadow *sh = w->shadow;
    struct trial t = {0};
    const struct operand *operands[] = {&i->dst, &i->src[0], &i->src[1], &i->src[2], &i->src[3]};
    for (unsigned n = 0; n < sizeof operands / sizeof operands[0]; n++) {
        add_registers(&t, w->v, v_undefined(w), operands[n]);
        if (w->wave_size == 64 && !op_runs_per_half(i->op) && op_info(i->op)->unit != GFX11SIM_UNIT_LDS)
            add_registers(&t, w->v + w->vgpr_count, sh->v + w->vgpr_count, operands[n]);
    }
    uint32_t s[SREG_COUNT], s_first[SREG_COUNT] = {0}, s_differs[SREG_COUNT] = {0}, scc = w->scc,
                            scc_first = 0;
    bool scc_differs = false;
    memcpy(s, w->s, sizeof s);
    uint64_t random = 1;
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        /* The second trial inverts the first: what nobody touches differs for certain, and stays undefined.
         */
        uint32_t inverted = trial == 1 ? UINT32_MAX : 0;
        if (trial == 1) random = 1;
        for (unsigned k = 0; k < t.count; k++)
            for (unsigned l = 0; l < LANES; l++) {
                uint32_t undefined = (*t.undefined[k])[l];
                if (undefined) undefined &= next_random(&random) ^ inverted;
                (*t.value[k])[l] = t.before[k][l] ^ undefined;
            }
        for (unsigned r = 0; r < SREG_COUNT; r++)
            w->s[r] = sh->s[r] ? s[r] ^ (sh->s[r] & (next_random(&random) ^ inverted)) : s[r];
        w->scc = sh->scc ? (next_random(&random) ^ inverted) & 1 : scc;
        execute(w, i);
        for (unsigned k = 0; k < t.count; k++) {
            if (!trial) t.first[k] = *t.value[k];
            t.differs[k] |= t.first[k] ^ *t.value[k];
        }
        for (unsigned r = 0; r < SREG_COUNT; r++) {
            if (!trial) s_first[r] = w->s[r];
            s_differs[r] |= s_first[r] ^ w->s[r];
        }
        if (!trial) scc_first = w->scc;
        scc_differs |= w->scc != scc_first;
    }
    uint32_t any_scalar = 0;
    for (unsigned r = 0; r < SREG_COUNT; r++) {
        w->s[r] = s[r];
        if (sh->s[r] != s_differs[r]) s_define(w, r, s_differs[r]);
    }
    for (unsigned n = 0; n < s_count(&i->dst); n++) any_scalar |= s_differs[i->dst.reg + n];
    w->scc = scc;
    if (op_info(i->op)->unit == GFX11SIM_UNIT_SALU && !keeps_scc[i->op])
        sh->scc = any_scalar || (i->dst.kind == OPND_NONE && scc_differs);
    for (unsigned k = 0; k < t.count; k++) {
        *t.value[k] = t.before[k];
        *t.undefined[k] = t.differs[k];
        uint8_t *state = &sh->v_state[t.undefined[k] - sh->v];
        uint32_t any = 0;
        for (unsigned l = 0; l < LANES; l++) any |= t.differs[k][l];
        *state = any ? *state | REG_UNDEFINED : *state & ~REG_UNDEFINED;
    }
}

/* ---- one instruction ------------------------------------------------------------------------------ */

/* Not every lane that is active is written, or not only those are. */
static bool keeps_lanes(unsigned op) {
    return op == OP_v_writelane_b32 || op == OP_v_swap_b32 || op == OP_v_swap_b16 ||
           op == OP_v_permlane64_b32 || op == OP_v_permlane16_b32 || op == OP_v_permlanex16_b32;
}

/* Then so are the results, and there is nothing to try. */
static bool sources_are_defined(const struct wave *w, const struct inst *i) {
    for (unsigned n = 0; n < i->src_count; n++) {
        const struct operand *o = &i->src[n];
        if (o->kind == OPND_VGPR)
            for (unsigned k = 0; k < o->dwords; k++)
                if (v_states(w)[o->reg + k] & REG_UNDEFINED) return false;
        for (unsigned k = 0; k < s_count(o); k++)
            if (w->shadow->s[o->reg + k]) return false;
    }
    return !w->shadow->scc || op_info(i->op)->unit != GFX11SIM_UNIT_SALU;
}

static void one(struct wave *w, const struct inst *i, exec_fn *execute) {
    gfx11sim_unit unit = op_info(i->op)->unit;
    if (indexes_registers(i->op)) {
        if (i->dst.kind == OPND_VGPR) set_lanes(w, i->dst.reg, UINT32_MAX, UINT32_MAX, 0);
        for (unsigned n = 0; n < s_count(&i->dst); n++) s_define(w, i->dst.reg + n, 0);
    } else if (moves_bits[i->op] && (keeps_lanes(i->op) || !sources_are_defined(w, i))) {
        tried(w, i, execute);
    } else if (i->dst.kind == OPND_SGPR && i->dst.type != TYPE_MASK) {
        scalar_all(w, i);
    } else if (unit == GFX11SIM_UNIT_WMMA) {
        matrix(w, i);
    } else if (unit == GFX11SIM_UNIT_SALU || unit == GFX11SIM_UNIT_BRANCH ||
               unit == GFX11SIM_UNIT_IMMEDIATE) {
        scalar_all(w, i);
    } else {
        vector_all(w, i);
    }
}

bool strict_propagate(struct wave *w, const struct inst *i) {
    if (!i->dual) {
        one(w, i, i->exec);
    } else { /* both halves read before either writes, and they write different registers */
        unsigned reg = i->dst.reg;
        u32v before = v_undefined(w)[reg];
        one(w, i, i->exec_x);
        u32v after = v_undefined(w)[reg];
        v_undefined(w)[reg] = before;
        v_settle(w, reg);
        one(w, i->dual, i->dual->exec);
        v_undefined(w)[reg] = after;
        v_settle(w, reg);
    }
    return !exec_is_undefined(w);
}
