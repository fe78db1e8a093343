/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * From dwords to a decoded instruction.
 *
 * The generation chooses the format by the first dword's upper bits; the format's opcode field indexes a table made
 * from the generation's encodings.def; the operation's row in ops.def gives the types of its operands. What is left is
 * the place of each field: one function per format, here for those that all generations share.
 */
#include <string.h>

#include "decoder.h"

/* ---- opcodes ------------------------------------------------------------------------------------------- */

const struct op_info *decoder_find_op(struct decoder *d, enum inst_format format, unsigned opcode,
                                      struct inst *i) {
    const struct opcode *e = &d->target->generation->opcodes[format][opcode];
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

/* ---- legality of operands ------------------------------------------------------------------------------ */

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

/*
 * What remains, addresses and masks of memory instructions and of carries, the formats give in one kind only.
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
    if (!d.reason) target->generation->decode(&d, out, w);
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

int waits_for(const struct generation *generation, const struct inst *i, unsigned counter) {
    const struct op_info *info = op_info(i->op);
    if (!(info->flags & OP_WAITS) || !(info->counter & counter)) return RDNASIM_NO_WAIT;
    uint32_t immediate = (uint32_t)i->offset & 0xffff; /* zero where there is none: s_wait_idle */
    if (info->immediate != IMMEDIATE_WAITCNT) return (int)(immediate & 63);
    for (unsigned n = 0; n < generation->wait_field_count; n++) {
        const struct wait_field *f = &generation->wait_fields[n];
        if (f->counter == counter) return (int)BITS(immediate, f->shift, f->bits);
    }
    return RDNASIM_NO_WAIT;
}
