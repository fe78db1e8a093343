/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * From dwords to a decoded instruction.
 *
 * The first dword's upper bits choose the format; the format's opcode field indexes a table made from
 * isa/encodings.def; the operation's row in isa/ops.def gives the types of its operands. What is left here is
 * the place of each field.
 */
#include <string.h>

#include "inst.h"

#define BITS(word, low, count) ((word) >> (low) & ((1u << (count)) - 1))

enum {
    SRC_LITERAL = 255,
    SRC_DPP8 = 233,
    SRC_DPP8_FI = 234,
    SRC_DPP16 = 250,
    SRC_VGPR = 256,
    SREG_VCC_ = 106,
    SREG_NULL_ = 124,
    SREG_EXEC_ = 126
};

/* ---- opcode tables ------------------------------------------------------------------------------------- */

struct entry {
    uint16_t op; /* enum op + 1; 0: no such opcode */
    uint16_t targets;
    uint16_t optional; /* enum optional: which bits and DPP kinds the encoding has */
};

#define ALL    TARGETS_ALL
#define RDNA35 TARGETS_RDNA35

enum table {
    T_SOP2,
    T_SOPK,
    T_SOP1,
    T_SOPC,
    T_SOPP,
    T_SMEM,
    T_VOP2,
    T_VOP1,
    T_VOPC,
    T_VOP3,
    T_VOP3P,
    T_VOPD,
    T_VINTERP,
    T_LDSDIR,
    T_DS,
    T_FLAT,
    T_SCRATCH,
    T_GLOBAL,
    T_MUBUF,
    T_MTBUF,
    T_MIMG,
    T_EXP,
    T_COUNT
};

/* One flat list; formats have at most 1024 opcodes. */
static const struct entry entries[T_COUNT][1024] = {
#define ENC(format, opcode, name, targets, optional)                                                         \
    [T_##format][opcode] = {OP_##name + 1, targets, optional},
#include "isa/encodings.def"
#undef ENC
};

/* ---- the decoder's state ------------------------------------------------------------------------------- */

struct decoder {
    const uint32_t *code;
    unsigned available, target_mask;
    unsigned used;    /* dwords so far */
    bool has_literal; /* the literal has been read; it is shared by all operands */
    uint32_t literal;
    unsigned optional;  /* enum optional of the encoding */
    const char *reason; /* set: illegal */
};

/* Bits of encodings.def's last column: n stands for one optional bit of VOP3 and VOP3P, or for a DPP kind. */
enum optional { OPTIONAL_OP_SEL = 7 << 3, OPTIONAL_DPP16 = 1 << 13, OPTIONAL_DPP8 = 1 << 14 };

static const char unused_field[] = "a field that the instruction does not use is not zero";

static void refuse(struct decoder *d, const char *reason) {
    if (!d->reason) d->reason = reason;
}

static uint32_t next_dword(struct decoder *d) {
    if (d->used >= d->available) {
        refuse(d, "the instruction is cut off by the end of the code");
        return 0;
    }
    return d->code[d->used++];
}

static uint32_t literal(struct decoder *d) {
    if (!d->has_literal) {
        d->literal = next_dword(d);
        d->has_literal = true;
    }
    return d->literal;
}

static const struct op_info *find_op(struct decoder *d, enum table table, unsigned opcode, struct inst *i) {
    const struct entry *e = &entries[table][opcode];
    if (!e->op) {
        refuse(d, "no instruction has this opcode");
        return NULL;
    }
    i->op = (uint16_t)(e->op - 1);
    d->optional = e->optional;
    const struct op_info *info = op_info(i->op);
    if (!(e->targets & d->target_mask))
        refuse(d, "an instruction of gfx1150 and its family, which the target does not have");
    return info;
}

/* ---- operands ------------------------------------------------------------------------------------------ */

/* The inline constants 240..248, as fp16, bf16, fp32 and the upper half of fp64. */
static const uint16_t inline_f16[] = {0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400, 0x3118};
static const uint32_t inline_f32[] = {0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
                                      0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983};
static const uint64_t inline_f64[] = {
    UINT64_C(0x3fe0000000000000), UINT64_C(0xbfe0000000000000), UINT64_C(0x3ff0000000000000),
    UINT64_C(0xbff0000000000000), UINT64_C(0x4000000000000000), UINT64_C(0xc000000000000000),
    UINT64_C(0x4010000000000000), UINT64_C(0xc010000000000000), UINT64_C(0x3fc45f306dc9c882)};

static uint64_t inline_float(unsigned n, enum value_type type) {
    switch (type_infos[type].constant) {
    case CONSTANT_F16:
    case CONSTANT_I16: return inline_f16[n];
    case CONSTANT_BF16: return inline_f32[n] >> 16;
    case CONSTANT_32: return inline_f32[n];
    default: return inline_f64[n];
    }
}

static void set_constant(struct operand *o, uint64_t value) {
    o->kind = OPND_CONST;
    o->value = value;
}

static void set_register(struct operand *o, enum operand_kind kind, unsigned reg) {
    o->kind = (uint8_t)kind;
    o->reg = (uint16_t)reg;
}

static void typed(struct operand *o, enum value_type type) {
    o->type = (uint8_t)type;
    o->dwords = (uint8_t)type_dwords(type);
}

static void set_vgpr(struct decoder *d, struct operand *o, enum value_type type, unsigned reg) {
    typed(o, type);
    set_register(o, OPND_VGPR, reg);
    if (reg + o->dwords > 256) refuse(d, "a register range goes beyond v255");
}

/* Ranges of SGPRs begin at even numbers, those of four and more at multiples of four: lower bits are ignored.
 */
static void set_sgpr(struct decoder *d, struct operand *o, unsigned reg) {
    unsigned first = o->dwords >= 4 ? reg & ~3u : o->dwords == 2 ? reg & ~1u : reg, end = first + o->dwords;
    bool plain = end <= (o->dwords >= 4 ? 104 : SREG_VCC_) || (first >= SREG_VCC_ + 2 && end <= SREG_NULL_);
    if (o->dwords > 1 && !plain && (o->dwords > 2 || first != reg))
        refuse(d, "no such range of scalar registers");
    set_register(o, OPND_SGPR, first);
}

/* VGPR of a 32-bit encoding: bit 7 of the number selects the half of a 16-bit operand. */
static void set_short_vgpr(struct decoder *d, struct operand *o, enum value_type type, unsigned reg) {
    set_vgpr(d, o, type, reg);
    if (type_is_16(type)) {
        o->hi = reg >> 7;
        o->reg = reg & 0x7f;
    }
}

/* An 8-bit scalar source or the lower half of a 9-bit one. */
static void scalar_source(struct decoder *d, struct operand *o, enum value_type type, unsigned code) {
    typed(o, type);
    if (code < 128)
        set_sgpr(d, o, code);
    else if (code <= 192)
        set_constant(o, code - 128);
    else if (code <= 208) {
        int64_t value = -(int64_t)(code - 192);
        set_constant(o, o->dwords == 2 ? (uint64_t)value : (uint32_t)value);
        if (type == TYPE_MASK) o->value = (uint64_t)value;
        if (type_is_16(type)) o->value &= 0xffff;
    } else if (code >= 240 && code <= 248)
        set_constant(o, inline_float(code - 240, type));
    else if (code == SRC_LITERAL) {
        uint32_t value = literal(d);
        set_constant(o, type == TYPE_F64   ? (uint64_t)value << 32
                        : type == TYPE_I64 ? (uint64_t)(int64_t)(int32_t)value
                        : type_is_16(type) ? value & 0xffff
                                           : value);
    } else if (((code >= 235 && code <= 238) || code == 253) && o->dwords <= 2)
        set_register(o, OPND_SPECIAL, code);
    else
        refuse(d, "a source operand has a reserved number");
}

static void source9(struct decoder *d, struct operand *o, enum value_type type, unsigned code) {
    if (code >= SRC_VGPR)
        set_vgpr(d, o, type, code - SRC_VGPR);
    else
        scalar_source(d, o, type, code);
}

static void short_source9(struct decoder *d, struct operand *o, enum value_type type, unsigned code) {
    if (code >= SRC_VGPR)
        set_short_vgpr(d, o, type, code - SRC_VGPR);
    else
        scalar_source(d, o, type, code);
}

static void scalar_destination(struct decoder *d, struct operand *o, enum value_type type, unsigned code) {
    typed(o, type);
    if (code >= 128)
        refuse(d, "a scalar destination has a reserved number");
    else
        set_sgpr(d, o, code);
}

static void mask_operand(struct operand *o, unsigned reg) {
    typed(o, TYPE_MASK);
    set_register(o, OPND_SGPR, reg);
}

static void count_sources(struct inst *i) {
    for (i->src_count = 4; i->src_count && i->src[i->src_count - 1].kind == OPND_NONE;) i->src_count--;
}

/* ---- scalar formats ------------------------------------------------------------------------------------ */

static void decode_sop2(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = find_op(d, T_SOP2, BITS(w, 23, 7), i);
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

static void decode_sop1(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = find_op(d, T_SOP1, BITS(w, 8, 8), i);
    if (!info) return;
    i->format = FMT_SOP1;
    if (info->dst != TYPE_NONE) scalar_destination(d, &i->dst, info->dst, BITS(w, 16, 7));
    if (info->src[0] == TYPE_MSG) {
        typed(&i->src[0], TYPE_MSG);
        set_constant(&i->src[0], BITS(w, 0, 8));
    } else if (info->src[0] != TYPE_NONE)
        scalar_source(d, &i->src[0], info->src[0], BITS(w, 0, 8));
}

static void decode_sopc(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = find_op(d, T_SOPC, BITS(w, 16, 7), i);
    if (!info) return;
    i->format = FMT_SOPC;
    scalar_source(d, &i->src[0], info->src[0], BITS(w, 0, 8));
    scalar_source(d, &i->src[1], info->src[1], BITS(w, 8, 8));
}

static void decode_sopp(struct decoder *d, struct inst *i, uint32_t w) {
    if (!find_op(d, T_SOPP, BITS(w, 16, 7), i)) return;
    i->format = FMT_SOPP;
    i->offset = (int16_t)w;
    static const uint16_t without_immediate[] = {
        OP_s_wait_idle, OP_s_code_end,   OP_s_endpgm_saved, OP_s_endpgm_ordered_ps_done,
        OP_s_wakeup,    OP_s_ttracedata, OP_s_icache_inv,   OP_s_barrier};
    for (unsigned n = 0; n < sizeof without_immediate / sizeof without_immediate[0]; n++)
        if (i->op == without_immediate[n] && i->offset) refuse(d, unused_field);
}

static void decode_sopk(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = find_op(d, T_SOPK, BITS(w, 23, 5), i);
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

static void decode_smem(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = find_op(d, T_SMEM, BITS(w, 18, 8), i);
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
    if (soffset != SREG_NULL_) {
        typed(&i->src[1], TYPE_B32);
        set_register(&i->src[1], OPND_SGPR, soffset);
    }
}

/* ---- vector ALU ---------------------------------------------------------------------------------------- */

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

static bool writes_exec(enum op op) { return strncmp(op_info(op)->name, "v_cmpx", 6) == 0; }
static bool has_carry_in(enum op op) {
    return op == OP_v_add_co_ci_u32 || op == OP_v_sub_co_ci_u32 || op == OP_v_subrev_co_ci_u32;
}
static bool accumulates(enum op op) { return op_info(op)->flags & OP_ACCUMULATES; }

static void decode_vop1(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = find_op(d, T_VOP1, BITS(w, 9, 8), i);
    if (!info) return;
    i->format = FMT_VOP1;
    if (info->dst == TYPE_NONE) {
        if (BITS(w, 17, 8)) refuse(d, unused_field);
        return;
    }
    unsigned src0 = BITS(w, 0, 9);
    take_dpp(d, i, &src0);
    if (i->op == OP_v_readfirstlane_b32)
        scalar_destination(d, &i->dst, TYPE_B32, BITS(w, 17, 8));
    else
        set_short_vgpr(d, &i->dst, info->dst, BITS(w, 17, 8));
    short_source9(d, &i->src[0], info->src[0], src0);
}

static void decode_vop2(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = find_op(d, T_VOP2, BITS(w, 25, 6), i);
    if (!info) return;
    i->format = FMT_VOP2;
    unsigned src0 = BITS(w, 0, 9);
    take_dpp(d, i, &src0);
    set_short_vgpr(d, &i->dst, info->dst, BITS(w, 17, 8));
    short_source9(d, &i->src[0], info->src[0], src0);
    set_short_vgpr(d, &i->src[1], info->src[1], BITS(w, 9, 8));
    if (i->op == OP_v_cndmask_b32) mask_operand(&i->src[2], SREG_VCC_);
    if (has_carry_in(i->op)) {
        mask_operand(&i->src[2], SREG_VCC_);
        mask_operand(&i->sdst, SREG_VCC_);
    }
    if (accumulates(i->op)) i->src[2] = i->dst;
    bool ak = i->op == OP_v_fmaak_f32 || i->op == OP_v_fmaak_f16,
         mk = i->op == OP_v_fmamk_f32 || i->op == OP_v_fmamk_f16;
    if (ak || mk) {
        struct operand k = {0};
        typed(&k, info->dst);
        set_constant(&k, literal(d));
        i->src[2] = ak ? k : i->src[1];
        if (mk) i->src[1] = k;
    }
}

static void decode_vopc(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = find_op(d, T_VOPC, BITS(w, 17, 8), i);
    if (!info) return;
    i->format = FMT_VOPC;
    unsigned src0 = BITS(w, 0, 9);
    take_dpp(d, i, &src0);
    mask_operand(&i->sdst, writes_exec(i->op) ? SREG_EXEC_ : SREG_VCC_);
    short_source9(d, &i->src[0], info->src[0], src0);
    set_short_vgpr(d, &i->src[1], info->src[1], BITS(w, 9, 8));
}

/* Modifier bits 8-15 of the first dword and 27-31 of the second, in the order of encodings.def. */
static unsigned modifier_bits(uint32_t w, uint32_t w1) { return BITS(w, 8, 8) | w1 >> 27 << 8; }

static void decode_vop3(struct decoder *d, struct inst *i, uint32_t w) {
    unsigned opcode = BITS(w, 16, 10);
    uint32_t w1 = next_dword(d);
    const struct op_info *info = find_op(d, T_VOP3, opcode, i);
    if (!info) return;
    i->format = FMT_VOP3;
    if (info->dst == TYPE_NONE && (w1 || BITS(w, 0, 8))) refuse(d, unused_field);
    bool has_sdst = info->flags & OP_MASK_RESULT; /* in place of abs and op_sel */
    if (modifier_bits(w, w1) & ~(d->optional | (has_sdst ? 0x7fu : 0)))
        refuse(d, "a modifier that the instruction does not have");
    i->clamp = BITS(w, 15, 1);
    i->omod = BITS(w1, 27, 2);
    unsigned code[3] = {BITS(w1, 0, 9), BITS(w1, 9, 9), BITS(w1, 18, 9)};
    take_dpp(d, i, &code[0]);
    for (int n = 0; n < 3; n++) {
        enum value_type type = info->src[n];
        if (type == TYPE_NONE || (n == 2 && accumulates(i->op))) continue;
        if (type == TYPE_MASK) {
            if (code[n] >= 128) refuse(d, "a lane mask must be in scalar registers");
            mask_operand(&i->src[n], code[n]);
            continue;
        }
        source9(d, &i->src[n], type, code[n]);
        if (type_is_16(type) && !takes_sign(type) &&
            (BITS(w1, 29 + n, 1) || (!has_sdst && BITS(w, 8 + n, 1))))
            refuse(d, "a sign modifier on an integer");
        if (BITS(w1, 29 + n, 1) && takes_sign(type)) i->src[n].neg = true;
    }
    if (has_sdst) {
        i->format = FMT_VOP3SD;
        mask_operand(&i->sdst, BITS(w, 8, 7));
        if (has_carry_in(i->op)) mask_operand(&i->src[2], code[2]);
    } else {
        for (int n = 0; n < 3; n++) {
            if (BITS(w, 8 + n, 1) && takes_sign(info->src[n])) i->src[n].abs = true;
            if (type_is_16(i->src[n].type)) i->src[n].hi = BITS(w, 11 + n, 1);
        }
        bool selects = type_is_16(info->dst) || i->op == OP_v_permlane16_b32 || i->op == OP_v_permlanex16_b32;
        for (int n = 0; n < 3; n++) selects |= type_is_16(info->src[n]);
        if (selects) i->op_sel = BITS(w, 11, 4);
        for (int n = 1; n < 3; n++)
            if (info->src[n] == TYPE_NONE && i->op_sel >> n & 1)
                refuse(d, "op_sel of a source that is not there");
        if (type_is_16(info->dst)) i->dst.hi = BITS(w, 14, 1);
    }
    if (info->dst == TYPE_MASK) {
        if (BITS(w, 7, 1) && !writes_exec(i->op)) refuse(d, "a scalar destination has a reserved number");
        mask_operand(&i->sdst, writes_exec(i->op) ? SREG_EXEC_ : BITS(w, 0, 7));
    } else if (i->op == OP_v_readlane_b32 || i->op == OP_v_readfirstlane_b32)
        scalar_destination(d, &i->dst, TYPE_B32, BITS(w, 0, 8));
    else if (info->dst != TYPE_NONE) {
        bool hi = i->dst.hi;
        set_vgpr(d, &i->dst, info->dst, BITS(w, 0, 8));
        i->dst.hi = hi;
    }
    if (i->op == OP_v_div_fmas_f32 || i->op == OP_v_div_fmas_f64) mask_operand(&i->src[3], SREG_VCC_);
    if (accumulates(i->op)) {
        i->src[2] = i->dst;
        i->src[2].neg = i->src[2].abs = false;
    }
}

static void decode_vop3p(struct decoder *d, struct inst *i, uint32_t w) {
    uint32_t w1 = next_dword(d);
    const struct op_info *info = find_op(d, T_VOP3P, BITS(w, 16, 7), i);
    if (!info) return;
    i->format = FMT_VOP3P;
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
    bool mix = i->op == OP_v_fma_mix_f32 || i->op == OP_v_fma_mixlo_f16 || i->op == OP_v_fma_mixhi_f16;
    for (int n = 0; n < 3; n++) {
        enum value_type type = info->src[n];
        if (type == TYPE_NONE) continue;
        if (mix && i->op_sel_hi >> n & 1) type = TYPE_F16;
        source9(d, &i->src[n], type, code[n]);
        bool fragment = type_infos[type].dwords > 1 || type_infos[info->dst].dwords > 1;
        if (fragment && i->src[n].kind != OPND_VGPR && !(n == 2 && i->src[n].kind == OPND_CONST))
            refuse(d, "a matrix fragment must be in VGPRs");
    }
}

/* One half of a dual-issue pair. */
static void decode_half(struct decoder *d, struct inst *i, unsigned opcode, unsigned src0, unsigned vsrc1,
                        unsigned vdst) {
    const struct op_info *info = find_op(d, T_VOPD, opcode, i);
    if (!info) return;
    i->format = FMT_VOPD;
    set_vgpr(d, &i->dst, info->dst, vdst);
    source9(d, &i->src[0], info->src[0], src0);
    if (info->src[1] == TYPE_NONE) {
        if (vsrc1) refuse(d, unused_field);
        return;
    }
    set_vgpr(d, &i->src[1], info->src[1], vsrc1);
    if (i->op == OP_v_cndmask_b32) mask_operand(&i->src[2], SREG_VCC_);
    if (accumulates(i->op)) i->src[2] = i->dst;
    if (i->op == OP_v_fmaak_f32 || i->op == OP_v_fmamk_f32) {
        struct operand k = {0};
        typed(&k, TYPE_F32);
        set_constant(&k, literal(d));
        i->src[2] = i->op == OP_v_fmaak_f32 ? k : i->src[1];
        if (i->op == OP_v_fmamk_f32) i->src[1] = k;
    }
}

static void decode_vopd(struct decoder *d, struct inst_pair *pair, uint32_t w) {
    uint32_t w1 = next_dword(d);
    if (BITS(w, 22, 4) > 13) refuse(d, "no instruction has this opcode");
    unsigned vdstx = BITS(w1, 24, 8), vdsty = BITS(w1, 17, 7) << 1 | !(vdstx & 1);
    decode_half(d, &pair->x, BITS(w, 22, 4), BITS(w, 0, 9), BITS(w, 9, 8), vdstx);
    decode_half(d, &pair->y, BITS(w, 17, 5), BITS(w1, 0, 9), BITS(w1, 9, 8), vdsty);
    count_sources(&pair->y);
    pair->x.dual = &pair->y;
}

static void decode_vinterp(struct decoder *d, struct inst *i, uint32_t w) {
    uint32_t w1 = next_dword(d);
    const struct op_info *info = find_op(d, T_VINTERP, BITS(w, 16, 7), i);
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

/* ---- memory -------------------------------------------------------------------------------------------- */

/* A VGPR field of a memory instruction; a field without a use must be zero. */
static void data_operand(struct decoder *d, struct operand *o, enum value_type type, unsigned reg) {
    if (type != TYPE_NONE)
        set_vgpr(d, o, type, reg);
    else if (reg)
        refuse(d, unused_field);
}

static void decode_ds(struct decoder *d, struct inst *i, uint32_t w) {
    uint32_t w1 = next_dword(d);
    const struct op_info *info = find_op(d, T_DS, BITS(w, 18, 8), i);
    if (!info) return;
    i->format = FMT_DS;
    if (i->op == OP_ds_nop && (BITS(w, 0, 16) || w1)) refuse(d, unused_field);
    i->offset = (int32_t)BITS(w, 0, 16);
    i->gds = BITS(w, 17, 1);
    bool only_gds =
        strstr(info->name, "_gws_") || strstr(info->name, "_gs_reg") || i->op == OP_ds_ordered_count;
    if (only_gds && !i->gds) refuse(d, "an instruction of the global data share without its gds bit");
    data_operand(d, &i->src[0], info->src[0], BITS(w1, 0, 8));
    data_operand(d, &i->src[1], info->src[1], BITS(w1, 8, 8));
    data_operand(d, &i->src[2], info->src[2], BITS(w1, 16, 8));
    data_operand(d, &i->dst, info->dst, BITS(w1, 24, 8));
}

static void decode_flat(struct decoder *d, struct inst *i, uint32_t w) {
    static const struct {
        enum table table;
        enum inst_format format;
    } segments[] = {{T_FLAT, FMT_FLAT}, {T_SCRATCH, FMT_SCRATCH}, {T_GLOBAL, FMT_GLOBAL}};
    uint32_t w1 = next_dword(d);
    unsigned segment = BITS(w, 16, 2), saddr = BITS(w1, 16, 7);
    if (segment > 2) {
        refuse(d, "no instruction has this segment");
        return;
    }
    const struct op_info *info = find_op(d, segments[segment].table, BITS(w, 18, 7), i);
    if (!info) return;
    i->format = segments[segment].format;
    i->offset = segment ? (int32_t)(w << 19) >> 19 : (int32_t)BITS(w, 0, 13); /* FLAT: never negative */
    i->cache = (uint8_t)(BITS(w, 14, 1) | BITS(w, 15, 1) << 1 | BITS(w, 13, 1) << 2);
    bool has_saddr = segment && saddr != SREG_NULL_, scratch = segment == 1;
    bool addtid = i->op == OP_global_load_addtid_b32 || i->op == OP_global_store_addtid_b32;
    if (has_saddr) {
        typed(&i->src[2], scratch ? TYPE_B32 : TYPE_B64);
        set_sgpr(d, &i->src[2], saddr);
    }
    bool has_vaddr = scratch ? BITS(w1, 23, 1) : !addtid; /* scratch: the sv bit */
    if (has_vaddr) set_vgpr(d, &i->src[0], has_saddr || scratch ? TYPE_B32 : TYPE_B64, BITS(w1, 0, 8));
    if (info->src[1] != TYPE_NONE) data_operand(d, &i->src[1], info->src[1], BITS(w1, 8, 8));
    bool atomic = strstr(info->name, "atomic") != NULL;
    if (info->dst != TYPE_NONE && (!atomic || i->cache & 1))
        data_operand(d, &i->dst, info->dst, BITS(w1, 24, 8));
}

static void decode_buffer(struct decoder *d, struct inst *i, uint32_t w, enum table table) {
    uint32_t w1 = next_dword(d);
    bool typed_buffer = table == T_MTBUF;
    const struct op_info *info = find_op(d, table, typed_buffer ? BITS(w, 15, 4) : BITS(w, 18, 8), i);
    if (!info) return;
    i->format = typed_buffer ? FMT_MTBUF : FMT_MUBUF;
    i->offset = (int32_t)BITS(w, 0, 12);
    i->cache = (uint8_t)(BITS(w, 14, 1) | BITS(w, 12, 1) << 1 | BITS(w, 13, 1) << 2);
    if (typed_buffer) i->mtbuf_format = BITS(w, 19, 7);
    if (info->dst == TYPE_NONE && info->src[1] == TYPE_NONE &&
        !strstr(info->name, "lds")) { /* invalidations */
        if ((i->cache & 5) || BITS(w1, 21, 3)) refuse(d, unused_field);
        return;
    }
    i->tfe = BITS(w1, 21, 1);
    if (i->tfe && (typed_buffer || strstr(info->name, "atomic"))) refuse(d, "the instruction has no tfe bit");
    i->offen = BITS(w1, 22, 1);
    i->idxen = BITS(w1, 23, 1);
    if (i->offen || i->idxen)
        set_vgpr(d, &i->src[0], i->offen && i->idxen ? TYPE_B64 : TYPE_B32, BITS(w1, 0, 8));
    bool atomic = strstr(info->name, "atomic") != NULL;
    if (info->src[1] != TYPE_NONE) data_operand(d, &i->src[1], info->src[1], BITS(w1, 8, 8));
    if (info->dst != TYPE_NONE && (!atomic || i->cache & 1))
        data_operand(d, &i->dst, info->dst, BITS(w1, 8, 8));
    typed(&i->src[2], TYPE_B128);
    set_sgpr(d, &i->src[2], BITS(w1, 16, 5) * 4);
    scalar_source(d, &i->src[3], TYPE_B32, BITS(w1, 24, 8));
}

static void decode_lds_direct(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = find_op(d, T_LDSDIR, BITS(w, 20, 2), i);
    if (!info) return;
    i->format = FMT_LDSDIR;
    if (BITS(w, 22, 2)) refuse(d, unused_field);
    set_vgpr(d, &i->dst, info->dst, BITS(w, 0, 8));
}

/* Graphics: recognised, so that it can be refused by name. */
static void decode_named(struct decoder *d, struct inst *i, enum table table, unsigned opcode,
                         enum inst_format format, unsigned dwords) {
    i->format = (uint8_t)format;
    while (d->used < dwords && !d->reason) next_dword(d);
    find_op(d, table, opcode, i);
}

/* ---- the format from the first dword ---------------------------------------------------------------------
 */

static void decode_any(struct decoder *d, struct inst_pair *pair, uint32_t w) {
    struct inst *i = &pair->x;
    if (!(w >> 31)) {
        if (w >> 25 == 0x3f)
            decode_vop1(d, i, w);
        else if (w >> 25 == 0x3e)
            decode_vopc(d, i, w);
        else
            decode_vop2(d, i, w);
    } else if (w >> 30 == 2) {
        if (w >> 23 == 0x17d)
            decode_sop1(d, i, w);
        else if (w >> 23 == 0x17e)
            decode_sopc(d, i, w);
        else if (w >> 23 == 0x17f)
            decode_sopp(d, i, w);
        else if (w >> 28 == 0xb)
            decode_sopk(d, i, w);
        else
            decode_sop2(d, i, w);
    } else {
        switch (w >> 26) {
        case 0x32: decode_vopd(d, pair, w); break;
        case 0x33:
            if (w >> 24 == 0xcc)
                decode_vop3p(d, i, w);
            else if (w >> 24 == 0xcd)
                decode_vinterp(d, i, w);
            else if (w >> 24 == 0xce)
                decode_lds_direct(d, i, w);
            else
                refuse(d, "no instruction begins like this");
            break;
        case 0x35: decode_vop3(d, i, w); break;
        case 0x36: decode_ds(d, i, w); break;
        case 0x37: decode_flat(d, i, w); break;
        case 0x38: decode_buffer(d, i, w, T_MUBUF); break;
        case 0x3a: decode_buffer(d, i, w, T_MTBUF); break;
        case 0x3c: decode_named(d, i, T_MIMG, BITS(w, 18, 8), FMT_MIMG, BITS(w, 0, 1) ? 3 : 2); break;
        case 0x3d: decode_smem(d, i, w); break;
        case 0x3e: decode_named(d, i, T_EXP, 0, FMT_EXP, 2); break;
        default: refuse(d, "no instruction begins like this");
        }
    }
}

unsigned decode(unsigned target_mask, const uint32_t *code, unsigned available, struct inst_pair *out,
                const char **illegal_reason) {
    struct decoder d = {.code = code, .available = available, .target_mask = target_mask};
    memset(out, 0, sizeof *out);
    uint32_t w = next_dword(&d);
    if (!d.reason) decode_any(&d, out, w);
    if (d.reason) {
        *illegal_reason = d.reason;
        return 0;
    }
    count_sources(&out->x);
    out->x.dwords = out->y.dwords = (uint8_t)d.used;
    memcpy(out->x.words, code, d.used * sizeof code[0]);
    memcpy(out->y.words, code, d.used * sizeof code[0]);
    return d.used;
}
