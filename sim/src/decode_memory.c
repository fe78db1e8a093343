/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Decoding vector memory and LDS instructions; graphics is only recognised, so that it can be refused by
 * name. */
#include "decoder.h"

/* A VGPR field of a memory instruction; a field without a use must be zero. */
static void data_operand(struct decoder *d, struct operand *o, enum value_type type, unsigned reg) {
    if (type != TYPE_NONE)
        set_vgpr(d, o, type, reg);
    else if (reg)
        refuse(d, unused_field);
}

void decode_ds(struct decoder *d, struct inst *i, uint32_t w) {
    uint32_t w1 = next_dword(d);
    const struct op_info *info = decoder_find_op(d, T_DS, BITS(w, 18, 8), i);
    if (!info) return;
    i->format = FMT_DS;
    i->offset = (int32_t)BITS(w, 0, 16);
    if (info->immediate == IMMEDIATE_0 && i->offset) refuse(d, unused_field);
    i->gds = BITS(w, 17, 1);
    if (info->flags & OP_GDS && !i->gds)
        refuse(d, "an instruction of the global data share without its gds bit");
    data_operand(d, &i->src[0], info->src[0], BITS(w1, 0, 8));
    data_operand(d, &i->src[1], info->src[1], BITS(w1, 8, 8));
    data_operand(d, &i->src[2], info->src[2], BITS(w1, 16, 8));
    data_operand(d, &i->dst, info->dst, BITS(w1, 24, 8));
}

void decode_flat(struct decoder *d, struct inst *i, uint32_t w) {
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
    const struct op_info *info = decoder_find_op(d, segments[segment].table, BITS(w, 18, 7), i);
    if (!info) return;
    i->format = segments[segment].format;
    i->offset = segment ? (int32_t)(w << 19) >> 19 : (int32_t)BITS(w, 0, 13); /* FLAT: never negative */
    i->cache = (uint8_t)(BITS(w, 14, 1) | BITS(w, 15, 1) << 1 | BITS(w, 13, 1) << 2);
    bool has_saddr = segment && saddr != SREG_NULL, scratch = segment == 1;
    bool addresses = info->src[0] != TYPE_NONE; /* not: the lane's number */
    if (has_saddr && addresses && saddr >= (scratch ? SREG_EXEC + 1 : SREG_EXEC))
        refuse(d, "EXEC is no address");
    if (has_saddr) {
        typed(&i->src[2], scratch ? TYPE_B32 : TYPE_B64);
        set_sgpr(d, &i->src[2], saddr);
    }
    bool has_vaddr = scratch ? BITS(w1, 23, 1) : addresses; /* scratch: the sv bit */
    if (has_vaddr) set_vgpr(d, &i->src[0], has_saddr || scratch ? TYPE_B32 : TYPE_B64, BITS(w1, 0, 8));
    if (info->src[1] != TYPE_NONE) data_operand(d, &i->src[1], info->src[1], BITS(w1, 8, 8));
    if (info->dst != TYPE_NONE && (!op_is_atomic(info) || i->cache & 1))
        data_operand(d, &i->dst, info->dst, BITS(w1, 24, 8));
}

void decode_buffer(struct decoder *d, struct inst *i, uint32_t w, enum table table) {
    uint32_t w1 = next_dword(d);
    bool typed_buffer = table == T_MTBUF;
    const struct op_info *info = decoder_find_op(d, table, typed_buffer ? BITS(w, 15, 4) : BITS(w, 18, 8), i);
    if (!info) return;
    i->format = typed_buffer ? FMT_MTBUF : FMT_MUBUF;
    i->offset = (int32_t)BITS(w, 0, 12);
    i->cache = (uint8_t)(BITS(w, 14, 1) | BITS(w, 12, 1) << 1 | BITS(w, 13, 1) << 2);
    if (typed_buffer) i->mtbuf_format = BITS(w, 19, 7);
    if (info->src[0] == TYPE_NONE) { /* invalidations */
        if ((i->cache & 5) || BITS(w1, 21, 3)) refuse(d, unused_field);
        return;
    }
    i->tfe = BITS(w1, 21, 1);
    if (i->tfe && (typed_buffer || op_is_atomic(info))) refuse(d, "the instruction has no tfe bit");
    i->offen = BITS(w1, 22, 1);
    i->idxen = BITS(w1, 23, 1);
    if (i->offen || i->idxen)
        set_vgpr(d, &i->src[0], i->offen && i->idxen ? TYPE_B64 : TYPE_B32, BITS(w1, 0, 8));
    if (info->src[1] != TYPE_NONE) data_operand(d, &i->src[1], info->src[1], BITS(w1, 8, 8));
    if (info->dst != TYPE_NONE && (!op_is_atomic(info) || i->cache & 1))
        data_operand(d, &i->dst, info->dst, BITS(w1, 8, 8));
    typed(&i->src[2], TYPE_B128);
    set_sgpr(d, &i->src[2], BITS(w1, 16, 5) * 4);
    scalar_source(d, &i->src[3], TYPE_B32, BITS(w1, 24, 8));
}

void decode_lds_direct(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, T_LDSDIR, BITS(w, 20, 2), i);
    if (!info) return;
    i->format = FMT_LDSDIR;
    if (BITS(w, 22, 2)) refuse(d, unused_field);
    set_vgpr(d, &i->dst, info->dst, BITS(w, 0, 8));
}

/* Graphics: recognised, so that it can be refused by name. */
void decode_named(struct decoder *d, struct inst *i, enum table table, unsigned opcode,
                  enum inst_format format, unsigned dwords) {
    i->format = (uint8_t)format;
    while (d->used < dwords && !d->reason) next_dword(d);
    decoder_find_op(d, table, opcode, i);
}
