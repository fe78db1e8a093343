/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "describe.h"

#include <stdlib.h>

#include "isa/generation.h"

_Static_assert((int)OPND_NONE == RDNASIM_OPERAND_NONE && (int)OPND_VGPR == RDNASIM_OPERAND_VGPR &&
                   (int)OPND_SGPR == RDNASIM_OPERAND_SGPR && (int)OPND_CONST == RDNASIM_OPERAND_CONSTANT &&
                   (int)OPND_SPECIAL == RDNASIM_OPERAND_SPECIAL,
               "operands have the same kinds inside and outside");

static rdnasim_operand operand(const struct operand *o) {
    return (rdnasim_operand){.kind = (rdnasim_operand_kind)o->kind,
                             .reg = o->reg,
                             .dwords = o->dwords,
                             .upper = o->hi,
                             .negated = o->neg,
                             .absolute = o->abs,
                             .value = o->value};
}

static rdnasim_instruction instruction(const struct generation *generation, const struct inst *i,
                                       uint64_t pc) {
    const struct op_info *info = op_info(i->op);
    rdnasim_instruction out = {.opcode = info->name,
                               .pc = pc,
                               .bytes = 4u * i->dwords,
                               .encoding = i->words,
                               .port = info->port,
                               .latency = (rdnasim_latency)info->latency,
                               .idle = !!(info->flags & OP_IDLE),
                               .branch =
                                   info->port == RDNASIM_PORT_BRANCH || info->immediate == IMMEDIATE_LABEL,
                               .reads_scc = !!(info->scc & STATE_R),
                               .writes_scc = !!(info->scc & STATE_W),
                               .immediate = i->offset,
                               .cache = i->cache,
                               .destination = operand(&i->dst),
                               .mask_destination = operand(&i->sdst)};
    if (!(info->flags & OP_WAITS)) out.counters = info->counter;
    if (op_is_atomic(info)) out.counters &= ~(i->dst.kind == OPND_NONE ? COUNTER_VM : COUNTER_VS);
    for (unsigned n = 0; n < RDNASIM_COUNTERS; n++) out.waits[n] = waits_for(generation, i, 1u << n);
    for (unsigned n = 0; n < 4; n++) out.sources[n] = operand(&i->src[n]);
    return out;
}

static rdnasim_instruction *make(const struct program *program, const struct decoded *d, uint32_t dword) {
    const struct inst *i = &d->inst;
    const struct generation *generation = program->object->sim->target->generation;
    uint64_t pc = ((uint64_t)dword - program->entry) * 4;
    rdnasim_instruction *made = malloc((i->dual ? 2 : 1) * sizeof *made);
    if (!made) return NULL;
    made[0] = instruction(generation, i, pc);
    if (i->dual) {
        made[1] = instruction(generation, i->dual, pc);
        made[0].dual = &made[1];
    }
    return made;
}

const rdnasim_instruction *describe(struct program *program, struct decoded *d, uint32_t pc) {
    rdnasim_instruction *known = atomic_load_explicit(&d->described, memory_order_acquire);
    if (__builtin_expect(known != NULL, 1)) return known;
    pthread_mutex_lock(&program->lock);
    known = atomic_load_explicit(&d->described, memory_order_relaxed);
    if (!known) {
        known = make(program, d, pc);
        atomic_store_explicit(&d->described, known, memory_order_release);
    }
    pthread_mutex_unlock(&program->lock);
    return known;
}

uint32_t rdnasim_decode(const char *target, const uint32_t *code, size_t dwords, uint64_t pc,
                        rdnasim_instruction out[2]) {
    const struct target *known = target_from_name(target);
    struct inst_pair pair;
    const char *reason;
    uint32_t length =
        known && dwords ? decode(known, code, dwords < 4 ? (unsigned)dwords : 4, &pair, &reason) : 0;
    if (!length) return 0;
    out[0] = instruction(known->generation, &pair.x, pc);
    out[0].encoding = code;
    if (pair.x.dual) {
        out[1] = instruction(known->generation, &pair.y, pc);
        out[1].encoding = code;
        out[0].dual = &out[1];
    }
    return length;
}
