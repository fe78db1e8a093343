/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Decoding the scalar unit: SOP1, SOP2, SOPC, SOPK and SOPP. */
#include "decoder.h"

void decode_sop2(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, FMT_SOP2, BITS(w, 23, 7), i);
    if (!info) return;
    i->format = FMT_SOP2;
    scalar_destination(d, &i->dst, info->dst, BITS(w, 16, 7));
    scalar_source(d, &i->src[0], info->src[0], BITS(w, 0, 8));
    scalar_source(d, &i->src[1], info->src[1], BITS(w, 8, 8));
    place_literal(d, i, info);
    if (info->flags & OP_ACCUMULATES) i->src[2] = i->dst;
}

void decode_sop1(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, FMT_SOP1, BITS(w, 8, 8), i);
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
    const struct op_info *info = decoder_find_op(d, FMT_SOPC, BITS(w, 16, 7), i);
    if (!info) return;
    i->format = FMT_SOPC;
    scalar_source(d, &i->src[0], info->src[0], BITS(w, 0, 8));
    scalar_source(d, &i->src[1], info->src[1], BITS(w, 8, 8));
}

void decode_sopp(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, FMT_SOPP, BITS(w, 16, 7), i);
    if (!info) return;
    i->format = FMT_SOPP;
    i->offset = (int16_t)w;
    if (info->immediate == IMMEDIATE_0 && i->offset) refuse(d, unused_field);
}

void decode_sopk(struct decoder *d, struct inst *i, uint32_t w) {
    const struct op_info *info = decoder_find_op(d, FMT_SOPK, BITS(w, 23, 5), i);
    if (!info) return;
    i->format = FMT_SOPK;
    i->offset = (int16_t)w;
    unsigned reg = BITS(w, 16, 7);
    if (info->dst != TYPE_NONE)
        scalar_destination(d, &i->dst, info->dst, reg);
    else if (info->src_places[0] == PLACES_S)
        scalar_destination(d, &i->src[0], info->src[0], reg); /* only read */
    else if (info->src[0] != TYPE_NONE) {
        typed(&i->src[0], info->src[0]);
        set_constant(&i->src[0], literal(d));
    }
}
