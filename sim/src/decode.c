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

#include "decoder.h"

/* ---- opcode tables ------------------------------------------------------------------------------------- */

struct entry {
    uint16_t op;       /* enum op + 1; 0: no such opcode */
    uint16_t features; /* enum target_feature: what a target must have */
    uint16_t optional; /* enum optional: which bits and DPP kinds the encoding has */
};

enum { SALU_FLOAT = FEATURE_SALU_FLOAT };

/* One flat list; formats have at most 1024 opcodes. */
static const struct entry entries[T_COUNT][1024] = {
#define ENC(format, opcode, name, features, optional)                                                        \
    [T_##format][opcode] = {OP_##name + 1, features, optional},
#include "isa/encodings.def"
#undef ENC
};

const struct op_info *decoder_find_op(struct decoder *d, enum table table, unsigned opcode, struct inst *i) {
    const struct entry *e = &entries[table][opcode];
    if (!e->op) {
        refuse(d, "no instruction has this opcode");
        return NULL;
    }
    i->op = (uint16_t)(e->op - 1);
    d->optional = e->optional;
    const struct op_info *info = op_info(i->op);
    if (e->features & ~d->target->features)
        refuse(d, "an instruction of gfx1150 and its family, which the target does not have");
    return info;
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

/* ---- legality of operands --------------------------------------------------------------------------------
 */

static void check_place(struct decoder *d, const struct operand *o, unsigned places) {
    if (!places || o->kind == OPND_NONE) return;
    unsigned kinds = places & (PLACES_A | PLACES_K);
    if (!(kinds >> o->kind & 1))
        refuse(d, kinds == PLACES_V   ? "an operand must be in VGPRs"
                  : kinds == PLACES_S ? "an operand must be in scalar registers"
                  : kinds == PLACES_K ? "an operand must be in VGPRs or a constant"
                                      : "an operand must be scalar");
    else if (o->kind == OPND_SGPR && ((places & PLACES_NOT_M0 && o->reg == SREG_M0) ||
                                      (places & PLACES_NOT_EXEC && o->reg >= SREG_EXEC)))
        refuse(d, "the instruction cannot write M0 or EXEC");
}

/* What remains, addresses and masks of memory instructions and of carries, the formats give in one kind only.
 */
static void check_places(struct decoder *d, const struct inst *i) {
    const struct op_info *info = op_info(i->op);
    check_place(d, &i->dst, info->dst_places);
    for (unsigned n = 0; n < 3; n++) check_place(d, &i->src[n], info->src_places[n]);
}

unsigned decode(const struct target *target, const uint32_t *code, unsigned available, struct inst_pair *out,
                const char **illegal_reason) {
    struct decoder d = {.code = code, .available = available, .target = target};
    memset(out, 0, sizeof *out);
    uint32_t w = next_dword(&d);
    if (!d.reason) decode_any(&d, out, w);
    if (d.has_literal && out->x.dpp) refuse(&d, "a literal beside DPP");
    if (!d.reason) check_places(&d, &out->x);
    if (!d.reason && out->x.dual) check_places(&d, &out->y);
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
