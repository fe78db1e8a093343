/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Decoding the scalar unit: SOP1, SOP2, SOPC, SOPK, SOPP and SMEM. */
#include "decoder.h"

void decode_sop2(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, T_SOP2, BITS(w, 23, 7), i);
    if (!info) return;
    i->format = FMT_SOP2;
    scalar_destination(d, &i->dst, info->dst, BITS(w, 16, 7));
    scalar_source(d, &i->src[0], info->src[0], BITS(w, 0, 8));
    scalar_source(d, &i->src[1], info->src[1], BITS(w, 8, 8));
    if (i->op == OP_s_fmaak_f32 || i->op == OP_s_fmamk_f32) {
        struct operand k = {0};
        typed(&k, TYPE_F32);
        set_constant(&k, literal(d));
        i->src[2] = i->op == OP_s_fmaak_f32 ? k : i->src[1];
        if (i->op == OP_s_fmamk_f32) i->src[1] = k;
    }
    if (i->op == OP_s_fmac_f32 || i->op == OP_s_fmac_f16) i->src[2] = i->dst;
}

void decode_sop1(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, T_SOP1, BITS(w, 8, 8), i);
    if (!info) return;
    i->format = FMT_SOP1;
    if (info->dst != TYPE_NONE) scalar_destination(d, &i->dst, info->dst, BITS(w, 16, 7));
    if (info->src[0] == TYPE_MSG) {
        typed(&i->src[0], TYPE_MSG);
        set_constant(&i->src[0], BITS(w, 0, 8));
    } else if (info->src[0] != TYPE_NONE)
        scalar_source(d, &i->src[0], info->src[0], BITS(w, 0, 8));
}

void decode_sopc(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, T_SOPC, BITS(w, 16, 7), i);
    if (!info) return;
    i->format = FMT_SOPC;
    scalar_source(d, &i->src[0], info->src[0], BITS(w, 0, 8));
    scalar_source(d, &i->src[1], info->src[1], BITS(w, 8, 8));
}

void decode_sopp(struct decoder *d, struct inst *i, uint32_t w) {
    if (!decoder_find_op(d, T_SOPP, BITS(w, 16, 7), i)) return;
    i->format = FMT_SOPP;
    i->offset = (int16_t)w;
    static const uint16_t without_immediate[] = {
        OP_s_wait_idle, OP_s_code_end,   OP_s_endpgm_saved, OP_s_endpgm_ordered_ps_done,
        OP_s_wakeup,    OP_s_ttracedata, OP_s_icache_inv,   OP_s_barrier};
    for (unsigned n = 0; n < sizeof without_immediate / sizeof without_immediate[0]; n++)
        if (i->op == without_immediate[n] && i->offset) refuse(d, unused_field);
}

void decode_sopk(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, T_SOPK, BITS(w, 23, 5), i);
    if (!info) return;
    i->format = FMT_SOPK;
    i->offset = (int16_t)w;
    unsigned reg = BITS(w, 16, 7);
    if (info->dst != TYPE_NONE)
        scalar_destination(d, &i->dst, info->dst, reg);
    else if (info->src[0] != TYPE_NONE)
        scalar_destination(d, &i->src[0], info->src[0], reg); /* only read */
    if (i->op == OP_s_setreg_imm32_b32) {
        typed(&i->src[0], TYPE_B32);
        set_constant(&i->src[0], literal(d));
    }
}

void decode_smem(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, T_SMEM, BITS(w, 18, 8), i);
    uint32_t w1 = next_dword(d);
    if (!info) return;
    i->format = FMT_SMEM;
    i->cache = (uint8_t)(BITS(w, 14, 1) | BITS(w, 13, 1) << 2);
    i->offset = (int32_t)(w1 << 11) >> 11;
    bool probe = i->op == OP_s_atc_probe || i->op == OP_s_atc_probe_buffer;
    if (info->dst == TYPE_NONE && !probe) {
        if (i->cache) refuse(d, unused_field);
        return;
    }
    if (probe && i->cache) refuse(d, unused_field);
    bool buffer =
        i->op == OP_s_atc_probe_buffer || (i->op >= OP_s_buffer_load_b32 && i->op <= OP_s_buffer_load_b512);
    if (!probe) scalar_destination(d, &i->dst, info->dst, BITS(w, 6, 7));
    typed(&i->src[0], buffer ? TYPE_B128 : TYPE_B64);
    set_sgpr(d, &i->src[0], BITS(w, 0, 6) * 2);
    unsigned soffset = BITS(w1, 25, 7);
    if (soffset != SREG_NULL) {
        typed(&i->src[1], TYPE_B32);
        set_register(&i->src[1], OPND_SGPR, soffset);
    }
}
