/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Decoding the vector ALU: VOP1, VOP2, VOPC, VOP3, VOP3P, dual issue and interpolation. */
#include "decoder.h"

static bool takes_sign(enum value_type type) {
    return type == TYPE_F16 || type == TYPE_BF16 || type == TYPE_F32 || type == TYPE_F64 ||
           type == TYPE_PK_F16 || type == TYPE_PK_BF16;
}

/* Source 0 of VOP1, VOP2, VOPC and VOP3 may be the sign that a DPP dword follows; it holds the real one. */
static void take_dpp(struct decoder *d, struct inst *i, unsigned *src0) {
    if (*src0 != SRC_DPP16 && *src0 != SRC_DPP8 && *src0 != SRC_DPP8_FI) return;
    if (!(d->optional & (*src0 == SRC_DPP16 ? OPTIONAL_DPP16 : OPTIONAL_DPP8))) {
        refuse(d, "the instruction has no DPP form");
        return;
    }
    uint32_t w = next_dword(d);
    if (*src0 == SRC_DPP16) {
        i->dpp = DPP_16;
        i->dpp_ctrl = BITS(w, 8, 9);
        static const uint16_t shifts =
            1 << 0 | 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6; /* row_shl, shr, ror, share, xmask */
        unsigned kind = i->dpp_ctrl >> 4 & 15, amount = i->dpp_ctrl & 15;
        if (i->dpp_ctrl >= 0x100 && !(kind == 4 && amount < 2) &&
            !(shifts >> kind & 1 && (amount || kind >= 5)))
            refuse(d, "a reserved DPP control");
        i->fi = BITS(w, 18, 1);
        i->bound_ctrl = BITS(w, 19, 1);
        /* The 64-bit encodings have sign bits of their own, and these are ignored. */
        bool own_signs = i->format == FMT_VOP3 || i->format == FMT_VOP3P;
        for (unsigned n = 0; n < 2 && !own_signs; n++) {
            enum value_type type = op_info(i->op)->src[n];
            if (takes_sign(type)) {
                i->src[n].neg = BITS(w, 20 + 2 * n, 1);
                i->src[n].abs = BITS(w, 21 + 2 * n, 1);
            } else if (BITS(w, 20 + 2 * n, 2) && !type_is_16(type)) {
                refuse(d, "a sign modifier on an integer");
            }
        }
        i->bank_mask = BITS(w, 24, 4);
        i->row_mask = BITS(w, 28, 4);
    } else {
        i->dpp = DPP_8;
        i->fi = *src0 == SRC_DPP8_FI;
        i->dpp8_select = w >> 8;
        i->row_mask = i->bank_mask = 15;
    }
    *src0 = SRC_VGPR + BITS(w, 0, 8);
}

/* What the 32-bit encodings and dual issue do not name: masks lie in VCC, a third source may be the
 * destination. */
static void implied_sources(struct inst *i, const struct op_info *info) {
    if (info->src[2] == TYPE_MASK) mask_operand(&i->src[2], SREG_VCC);
    if (info->flags & OP_ACCUMULATES) i->src[2] = i->dst;
}

/* Where a comparison's result goes. */
static unsigned compared(const struct op_info *info, unsigned named) {
    return info->exec & STATE_W ? SREG_EXEC : named;
}

void decode_vop1(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, FMT_VOP1, BITS(w, 9, 8), i);
    if (!info) return;
    i->format = FMT_VOP1;
    if (info->dst == TYPE_NONE) {
        if (BITS(w, 17, 8)) refuse(d, unused_field);
        return;
    }
    unsigned src0 = BITS(w, 0, 9);
    take_dpp(d, i, &src0);
    if (info->dst_places == PLACES_R)
        scalar_destination(d, &i->dst, info->dst, BITS(w, 17, 8));
    else
        set_short_vgpr(d, &i->dst, info->dst, BITS(w, 17, 8));
    short_source9(d, &i->src[0], info->src[0], src0);
}

/* An inline constant as a packed factor of a dot product; elsewhere op_sel must spread it. */
static void fill_dot_factor(struct inst *i, unsigned n, unsigned code) {
    struct operand *o = &i->src[n];
    if (o->kind != OPND_CONST || code == SRC_LITERAL || n > 1) return;
    unsigned flags = op_info(i->op)->flags;
    if (flags & OP_F32_CONSTANTS && code >= 240) o->value = inline_f32[code - 240]; /* op_sel takes halves */
    if (flags & OP_FILLS_HALVES) o->value = (o->value & 0xffff) * 0x10001;
}

void decode_vop2(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, FMT_VOP2, BITS(w, 25, 6), i);
    if (!info) return;
    i->format = FMT_VOP2;
    unsigned src0 = BITS(w, 0, 9);
    take_dpp(d, i, &src0);
    set_short_vgpr(d, &i->dst, info->dst, BITS(w, 17, 8));
    short_source9(d, &i->src[0], info->src[0], src0);
    fill_dot_factor(i, 0, src0);
    set_short_vgpr(d, &i->src[1], info->src[1], BITS(w, 9, 8));
    implied_sources(i, info);
    if (info->flags & OP_MASK_RESULT) mask_operand(&i->sdst, SREG_VCC);
    place_literal(d, i, info);
}

void decode_vopc(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, FMT_VOPC, BITS(w, 17, 8), i);
    if (!info) return;
    i->format = FMT_VOPC;
    unsigned src0 = BITS(w, 0, 9);
    take_dpp(d, i, &src0);
    mask_operand(&i->sdst, compared(info, SREG_VCC));
    short_source9(d, &i->src[0], info->src[0], src0);
    set_short_vgpr(d, &i->src[1], info->src[1], BITS(w, 9, 8));
}

/* Modifier bits 8-15 of the first dword and 27-31 of the second, in the order of encodings.def. */
static unsigned modifier_bits(uint32_t w, uint32_t w1) { return BITS(w, 8, 8) | w1 >> 27 << 8; }

void decode_vop3(struct decoder *d, struct inst *i, uint32_t w) {
    unsigned opcode = BITS(w, 16, 10);
    uint32_t w1 = next_dword(d);
    const struct op_info *info = decoder_find_op(d, FMT_VOP3, opcode, i);
    if (!info) return;
    i->format = FMT_VOP3;
    if (info->dst == TYPE_NONE && BITS(w, 0, 8)) refuse(d, unused_field);
    bool has_sdst = info->flags & OP_MASK_RESULT; /* in place of abs and op_sel */
    if (modifier_bits(w, w1) & ~(d->optional | (has_sdst ? 0x7fu : 0)))
        refuse(d, "a modifier that the instruction does not have");
    i->clamp = BITS(w, 15, 1);
    i->omod = BITS(w1, 27, 2);
    unsigned code[3] = {BITS(w1, 0, 9), BITS(w1, 9, 9), BITS(w1, 18, 9)};
    take_dpp(d, i, &code[0]);
    for (int n = 0; n < 3; n++) {
        enum value_type type = info->src[n];
        if (type == TYPE_NONE || (n == 2 && info->flags & OP_ACCUMULATES)) continue;
        if (type == TYPE_MASK) {
            if (code[n] >= 128) refuse(d, "an operand must be in scalar registers");
            mask_operand(&i->src[n], code[n]);
            continue;
        }
        source9(d, &i->src[n], type, code[n]);
        fill_dot_factor(i, (unsigned)n, code[n]);
        if (type_is_16(type) && !takes_sign(type) &&
            (BITS(w1, 29 + n, 1) || (!has_sdst && BITS(w, 8 + n, 1))))
            refuse(d, "a sign modifier on an integer");
        if (BITS(w1, 29 + n, 1) && takes_sign(type)) i->src[n].neg = true;
    }
    if (has_sdst) {
        i->format = FMT_VOP3SD;
        mask_operand(&i->sdst, BITS(w, 8, 7));
    } else {
        for (int n = 0; n < 3; n++) {
            if (BITS(w, 8 + n, 1) && takes_sign(info->src[n])) i->src[n].abs = true;
            if (type_is_16(i->src[n].type)) i->src[n].hi = BITS(w, 11 + n, 1);
        }
        bool selects = type_is_16(info->dst) || info->flags & OP_OWN_OP_SEL;
        for (int n = 0; n < 3; n++) selects |= type_is_16(info->src[n]);
        if (selects) i->op_sel = BITS(w, 11, 4);
        for (int n = 1; n < 3; n++)
            if (info->src[n] == TYPE_NONE && i->op_sel >> n & 1)
                refuse(d, "op_sel of a source that is not there");
        if (type_is_16(info->dst)) i->dst.hi = BITS(w, 14, 1);
    }
    if (info->dst == TYPE_MASK) {
        if (BITS(w, 7, 1) && !(info->exec & STATE_W)) refuse(d, "a scalar destination has a reserved number");
        mask_operand(&i->sdst, compared(info, BITS(w, 0, 7)));
    } else if (info->dst_places == PLACES_R)
        scalar_destination(d, &i->dst, info->dst, BITS(w, 0, 8));
    else if (info->dst != TYPE_NONE) {
        bool hi = i->dst.hi;
        set_vgpr(d, &i->dst, info->dst, BITS(w, 0, 8));
        i->dst.hi = hi;
    }
    if (info->flags & OP_READS_VCC) mask_operand(&i->src[3], SREG_VCC);
    if (info->flags & OP_ACCUMULATES) {
        i->src[2] = i->dst;
        i->src[2].neg = i->src[2].abs = false;
    }
}

/* Matrix products with results of 16 bits: their clamp bit does nothing. */
static bool ignores_clamp(const struct op_info *info) {
    return info->dst == TYPE_V16_F16 || info->dst == TYPE_V16_BF16;
}

void decode_vop3p(struct decoder *d, struct inst *i, uint32_t w) {
    uint32_t w1 = next_dword(d);
    const struct op_info *info = decoder_find_op(d, FMT_VOP3P, BITS(w, 16, 7), i);
    if (!info) return;
    i->format = FMT_VOP3P;
    if (ignores_clamp(info)) w &= ~(UINT32_C(1) << 15);
    if ((modifier_bits(w, w1) ^ 0x340) & ~d->optional & ~0x340u)
        refuse(d, "a modifier that the instruction does not have");
    i->clamp = BITS(w, 15, 1);
    i->neg_hi = BITS(w, 8, 3);
    i->op_sel = BITS(w, 11, 3);
    i->op_sel_hi = (uint8_t)(BITS(w1, 27, 2) | BITS(w, 14, 1) << 2);
    i->neg_lo = BITS(w1, 29, 3);
    set_vgpr(d, &i->dst, info->dst, BITS(w, 0, 8));
    unsigned code[3] = {BITS(w1, 0, 9), BITS(w1, 9, 9), BITS(w1, 18, 9)};
    take_dpp(d, i, &code[0]);
    for (int n = 0; n < 3; n++) {
        enum value_type type = info->src[n];
        if (type == TYPE_NONE) continue;
        if (type == TYPE_MIX && i->op_sel_hi >> n & 1) type = TYPE_F16;
        source9(d, &i->src[n], type, code[n]);
        fill_dot_factor(i, (unsigned)n, code[n]);
    }
}

/* One half of a dual-issue pair. */
static void decode_half(struct decoder *d, struct inst *i, unsigned opcode, unsigned src0, unsigned vsrc1,
                        unsigned vdst) {
    const struct op_info *info = decoder_find_op(d, FMT_VOPD, opcode, i);
    if (!info) return;
    i->format = FMT_VOPD;
    set_vgpr(d, &i->dst, info->dst, vdst);
    source9(d, &i->src[0], info->src[0], src0);
    fill_dot_factor(i, 0, src0);
    if (info->src[1] == TYPE_NONE) return; /* of a move the hardware ignores vsrc1 */
    set_vgpr(d, &i->src[1], info->src[1], vsrc1);
    implied_sources(i, info);
    place_literal(d, i, info);
}

void decode_vopd(struct decoder *d, struct inst_pair *pair, uint32_t w) {
    uint32_t w1 = next_dword(d);
    if (BITS(w, 22, 4) > 13) refuse(d, "no instruction has this opcode");
    unsigned vdstx = BITS(w1, 24, 8), vdsty = BITS(w1, 17, 7) << 1 | !(vdstx & 1);
    decode_half(d, &pair->x, BITS(w, 22, 4), BITS(w, 0, 9), BITS(w, 9, 8), vdstx);
    decode_half(d, &pair->y, BITS(w, 17, 5), BITS(w1, 0, 9), BITS(w1, 9, 8), vdsty);
    count_sources(&pair->y);
    pair->x.dual = &pair->y;
}

void decode_vinterp(struct decoder *d, struct inst *i, uint32_t w) {
    uint32_t w1 = next_dword(d);
    const struct op_info *info = decoder_find_op(d, FMT_VINTERP, BITS(w, 16, 7), i);
    if (!info) return;
    i->format = FMT_VINTERP;
    i->clamp = BITS(w, 15, 1);
    if (type_is_16(info->src[0])) i->op_sel = BITS(w, 11, 4);
    set_vgpr(d, &i->dst, info->dst, BITS(w, 0, 8));
    i->dst.hi = type_is_16(info->dst) && i->op_sel >> 3;
    for (int n = 0; n < 3; n++) {
        /* The hardware takes scalars here too, which LLVM prints as invalid. */
        source9(d, &i->src[n], info->src[n], BITS(w1, 9 * n, 9));
        i->src[n].hi = type_is_16(info->src[n]) && i->op_sel >> n & 1;
        i->src[n].neg = BITS(w1, 29 + n, 1);
    }
}
