/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Decoding LDS instructions; graphics is only recognised, so that it can be refused by name. */
#include "decoder.h"

/* These name a VGPR of data where others name their address; M0 and the offset say which resource is meant. */
static bool gws_has_data(unsigned op) {
    return op == OP_ds_gws_init || op == OP_ds_gws_sema_br || op == OP_ds_gws_barrier;
}

static bool is_gws(unsigned op) {
    return gws_has_data(op) || op == OP_ds_gws_sema_release_all || op == OP_ds_gws_sema_v ||
           op == OP_ds_gws_sema_p;
}

/* The hardware ignores the destination of what returns nothing, and VGPRs that a GWS instruction does not have. */
void decode_ds(struct decoder *d, struct inst *i, uint32_t w) {
    uint32_t w1 = next_dword(d);
    const struct op_info *info = decoder_find_op(d, FMT_DS, BITS(w, 18, 8), i);
    if (!info) return;
    i->format = FMT_DS;
    i->offset = (int32_t)BITS(w, 0, 16);
    if (info->immediate == IMMEDIATE_0 && i->offset) refuse(d, unused_field);
    i->gds = BITS(w, 17, 1);
    if (info->flags & OP_GDS && !i->gds)
        refuse(d, "an instruction of the global data share without its gds bit");
    if (is_gws(i->op)) {
        if (gws_has_data(i->op)) set_vgpr(d, &i->src[0], TYPE_B32, BITS(w1, 0, 8));
        return;
    }
    data_operand(d, &i->src[0], info->src[0], BITS(w1, 0, 8));
    data_operand(d, &i->src[1], info->src[1], BITS(w1, 8, 8));
    data_operand(d, &i->src[2], info->src[2], BITS(w1, 16, 8));
    if (info->dst != TYPE_NONE) set_vgpr(d, &i->dst, info->dst, BITS(w1, 24, 8));
}

void decode_lds_direct(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, FMT_LDSDIR, BITS(w, 20, 2), i);
    if (!info) return;
    i->format = FMT_LDSDIR;
    if (BITS(w, 22, 2)) refuse(d, unused_field);
    set_vgpr(d, &i->dst, info->dst, BITS(w, 0, 8));
}

/* Graphics: recognised, so that it can be refused by name. */
void decode_named(struct decoder *d, struct inst *i, enum inst_format format, unsigned opcode,
                  unsigned dwords) {
    i->format = (uint8_t)format;
    while (d->used < dwords && !d->reason) next_dword(d);
    decoder_find_op(d, format, opcode, i);
}
