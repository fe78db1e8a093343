/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the decoders of all formats share: the position in the code, the reason of a refusal, and how register
 * and constant numbers become operands.
 */
#ifndef RDNASIM_DECODER_H
#define RDNASIM_DECODER_H

#include "generation.h"

/* Numbers in source fields that are no registers. */
enum { SRC_LITERAL = 255, SRC_DPP8 = 233, SRC_DPP8_FI = 234, SRC_DPP16 = 250, SRC_VGPR = 256 };

/* ---- the decoder's state ------------------------------------------------------------------------------- */

struct decoder {
    const uint32_t *code;
    unsigned available;
    const struct target *target;
    unsigned used;    /* dwords so far */
    bool has_literal; /* the literal has been read; it is shared by all operands */
    uint32_t literal;
    unsigned optional;  /* enum optional of the encoding */
    const char *reason; /* set: illegal */
};

/* Bits of encodings.def's last column: n stands for one optional bit of VOP3 and VOP3P, or for a DPP kind. */
enum optional { OPTIONAL_OP_SEL = 7 << 3, OPTIONAL_DPP16 = 1 << 13, OPTIONAL_DPP8 = 1 << 14 };

static const char unused_field[] = "a field that the instruction does not use is not zero";

static inline void refuse(struct decoder *d, const char *reason) {
    if (!d->reason) d->reason = reason;
}

static inline uint32_t next_dword(struct decoder *d) {
    if (d->used >= d->available) {
        refuse(d, "the instruction is cut off by the end of the code");
        return 0;
    }
    return d->code[d->used++];
}

static inline uint32_t literal(struct decoder *d) {
    if (!d->has_literal) {
        d->literal = next_dword(d);
        d->has_literal = true;
    }
    return d->literal;
}

/* The row of an operation, or null after refusing: then the instruction is illegal. */
const struct op_info *decoder_find_op(struct decoder *d, enum inst_format format, unsigned opcode,
                                      struct inst *i);

/* ---- operands ------------------------------------------------------------------------------------------ */

/* The inline constants 240..248, as fp16, bf16, fp32 and the upper half of fp64. */
static const uint16_t inline_f16[] = {0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400, 0x3118};
static const uint32_t inline_f32[] = {0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
                                      0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983};
static const uint64_t inline_f64[] = {
    UINT64_C(0x3fe0000000000000), UINT64_C(0xbfe0000000000000), UINT64_C(0x3ff0000000000000),
    UINT64_C(0xbff0000000000000), UINT64_C(0x4000000000000000), UINT64_C(0xc000000000000000),
    UINT64_C(0x4010000000000000), UINT64_C(0xc010000000000000), UINT64_C(0x3fc45f306dc9c882)};

static inline uint64_t inline_float(unsigned n, enum value_type type) {
    switch (type_infos[type].constant) {
    case CONSTANT_F16:
    case CONSTANT_I16: return inline_f16[n];
    case CONSTANT_BF16: return inline_f32[n] >> 16;
    case CONSTANT_32: return inline_f32[n];
    default: return inline_f64[n];
    }
}

static inline void set_constant(struct operand *o, uint64_t value) {
    o->kind = OPND_CONST;
    o->value = value;
}

static inline void set_register(struct operand *o, enum operand_kind kind, unsigned reg) {
    o->kind = (uint8_t)kind;
    o->reg = (uint16_t)reg;
}

static inline void typed(struct operand *o, enum value_type type) {
    o->type = (uint8_t)type;
    o->dwords = (uint8_t)type_dwords(type);
}

static inline void set_vgpr(struct decoder *d, struct operand *o, enum value_type type, unsigned reg) {
    typed(o, type);
    set_register(o, OPND_VGPR, reg);
    if (reg + o->dwords > 256) refuse(d, "a register range goes beyond v255");
}

/*
 * Ranges of SGPRs begin at even numbers, those of four and more at multiples of four: lower bits are ignored.
 */
static inline void set_sgpr(struct decoder *d, struct operand *o, unsigned reg) {
    unsigned first = o->dwords >= 4 ? reg & ~3u : o->dwords == 2 ? reg & ~1u : reg, end = first + o->dwords;
    bool plain = end <= (o->dwords >= 4 ? 104 : SREG_VCC) || (first >= SREG_VCC + 2 && end <= SREG_NULL);
    if (o->dwords > 1 && !plain && (o->dwords > 2 || first != reg))
        refuse(d, "no such range of scalar registers");
    set_register(o, OPND_SGPR, first);
}

/* VGPR of a 32-bit encoding: bit 7 of the number selects the half of a 16-bit operand. */
static inline void set_short_vgpr(struct decoder *d, struct operand *o, enum value_type type, unsigned reg) {
    set_vgpr(d, o, type, reg);
    if (type_is_16(type)) {
        o->hi = reg >> 7;
        o->reg = reg & 0x7f;
    }
}

/* An 8-bit scalar source or the lower half of a 9-bit one. */
static inline void scalar_source(struct decoder *d, struct operand *o, enum value_type type, unsigned code) {
    typed(o, type);
    if (code < 128)
        set_sgpr(d, o, code);
    else if (code <= 192)
        set_constant(o, code - 128);
    else if (code <= 208) {
        int64_t value = -(int64_t)(code - 192);
        set_constant(o, o->dwords == 2 ? (uint64_t)value : (uint32_t)value);
    } else if (code >= 240 && code <= 248)
        set_constant(o, inline_float(code - 240, type));
    else if (code == SRC_LITERAL) {
        uint32_t value = literal(d);
        set_constant(o, type == TYPE_F64   ? (uint64_t)value << 32
                        : type == TYPE_I64 ? (uint64_t)(int64_t)(int32_t)value
                                           : value);
    } else if (((code >= 235 && code <= 238) || code == 253) && o->dwords <= 2)
        set_register(o, OPND_SPECIAL, code);
    else
        refuse(d, "a source operand has a reserved number");
}

static inline void source9(struct decoder *d, struct operand *o, enum value_type type, unsigned code) {
    if (code >= SRC_VGPR)
        set_vgpr(d, o, type, code - SRC_VGPR);
    else
        scalar_source(d, o, type, code);
}

static inline void short_source9(struct decoder *d, struct operand *o, enum value_type type, unsigned code) {
    if (code >= SRC_VGPR)
        set_short_vgpr(d, o, type, code - SRC_VGPR);
    else
        scalar_source(d, o, type, code);
}

static inline void scalar_destination(struct decoder *d, struct operand *o, enum value_type type,
                                      unsigned code) {
    typed(o, type);
    if (code >= 128)
        refuse(d, "a scalar destination has a reserved number");
    else if (code == SREG_NULL) /* of any width */
        set_register(o, OPND_SGPR, code);
    else
        set_sgpr(d, o, code);
}

/* A VGPR field of a memory instruction; a field without a use must be zero. */
static inline void data_operand(struct decoder *d, struct operand *o, enum value_type type, unsigned reg) {
    if (type != TYPE_NONE)
        set_vgpr(d, o, type, reg);
    else if (reg)
        refuse(d, unused_field);
}

static inline void mask_operand(struct operand *o, unsigned reg) {
    typed(o, TYPE_MASK);
    set_register(o, OPND_SGPR, reg);
}

/* The literal of fmaak is the third source; of fmamk the second, which then is the third. */
static inline void place_literal(struct decoder *d, struct inst *i, const struct op_info *info) {
    if (!(info->flags & (OP_ADDS_LITERAL | OP_SCALES_LITERAL))) return;
    bool adds = info->flags & OP_ADDS_LITERAL;
    struct operand k = {0};
    typed(&k, info->dst);
    set_constant(&k, literal(d));
    i->src[2] = adds ? k : i->src[1];
    if (!adds) i->src[1] = k;
}

static inline void count_sources(struct inst *i) {
    for (i->src_count = 4; i->src_count && i->src[i->src_count - 1].kind == OPND_NONE;) i->src_count--;
}

/* ---- one function per format that generations share: w is the first dword ------------------------------ */

void decode_sop2(struct decoder *d, struct inst *i, uint32_t w);
void decode_sop1(struct decoder *d, struct inst *i, uint32_t w);
void decode_sopc(struct decoder *d, struct inst *i, uint32_t w);
void decode_sopp(struct decoder *d, struct inst *i, uint32_t w);
void decode_sopk(struct decoder *d, struct inst *i, uint32_t w);
void decode_vop1(struct decoder *d, struct inst *i, uint32_t w);
void decode_vop2(struct decoder *d, struct inst *i, uint32_t w);
void decode_vopc(struct decoder *d, struct inst *i, uint32_t w);
void decode_vop3(struct decoder *d, struct inst *i, uint32_t w);
void decode_vop3p(struct decoder *d, struct inst *i, uint32_t w);
void decode_vopd(struct decoder *d, struct inst_pair *pair, uint32_t w);
void decode_vinterp(struct decoder *d, struct inst *i, uint32_t w);
void decode_ds(struct decoder *d, struct inst *i, uint32_t w);
void decode_lds_direct(struct decoder *d, struct inst *i, uint32_t w);
void decode_named(struct decoder *d, struct inst *i, enum inst_format format, unsigned opcode,
                  unsigned dwords);

#endif
