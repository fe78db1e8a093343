/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Decoding memory instructions, scalar and vector. */
#include "gfx11.h"

#include "isa/decoder.h"

void gfx11_decode_smem(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, FMT_SMEM, BITS(w, 18, 8), i);
    uint32_t w1 = next_dword(d);
    if (!info) return;
    i->format = FMT_SMEM;
    i->cache = (uint8_t)(BITS(w, 14, 1) | BITS(w, 13, 1) << 2);
    i->offset = (int32_t)(w1 << 11) >> 11;
    if (info->dst == TYPE_NONE && i->cache) refuse(d, unused_field);
    if (info->src[0] == TYPE_NONE) return; /* invalidations */
    if (info->dst != TYPE_NONE) scalar_destination(d, &i->dst, info->dst, BITS(w, 6, 7));
    typed(&i->src[0], info->src[0]);
    set_sgpr(d, &i->src[0], BITS(w, 0, 6) * 2);
    unsigned soffset = BITS(w1, 25, 7);
    if (soffset != SREG_NULL) {
        typed(&i->src[1], TYPE_B32);
        set_register(&i->src[1], OPND_SGPR, soffset);
    }
}

void gfx11_decode_flat(struct decoder *d, struct inst *i, uint32_t w) {
    static const enum inst_format segments[] = {FMT_FLAT, FMT_SCRATCH, FMT_GLOBAL};
    uint32_t w1 = next_dword(d);
    unsigned segment = BITS(w, 16, 2), saddr = BITS(w1, 16, 7);
    if (segment > 2) {
        refuse(d, "no instruction has this segment");
        return;
    }
    const struct op_info *info = decoder_find_op(d, segments[segment], BITS(w, 18, 7), i);
    if (!info) return;
    i->format = (uint8_t)segments[segment];
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

void gfx11_decode_buffer(struct decoder *d, struct inst *i, uint32_t w, enum inst_format format) {
    uint32_t w1 = next_dword(d);
    bool typed_buffer = format == FMT_MTBUF;
    const struct op_info *info =
        decoder_find_op(d, format, typed_buffer ? BITS(w, 15, 4) : BITS(w, 18, 8), i);
    if (!info) return;
    i->format = (uint8_t)format;
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
