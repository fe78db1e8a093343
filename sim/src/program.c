/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "program.h"

#include <stdlib.h>

#include "executors.h"

/* Decoded instructions lie together in the order of their first execution: what runs together is close. */
enum { CHUNK_INSTS = 256 };
struct chunk {
    struct chunk *next;
    unsigned used;
    struct decoded insts[CHUNK_INSTS];
};

struct program *program_create(const gfx11sim_object *object, uint32_t entry, unsigned vgpr_count) {
    struct program *p = calloc(1, sizeof *p + object->code_dwords * sizeof p->at[0]);
    if (!p) return NULL;
    p->object = object;
    p->entry = entry;
    p->vgpr_count = vgpr_count;
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void program_destroy(struct program *p) {
    if (!p) return;
    while (p->chunks) {
        struct chunk *next = p->chunks->next;
        free(p->chunks);
        p->chunks = next;
    }
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint32_t program_entry(const struct program *p) { return p->entry; }

/* ---- instructions that stop the wave
 * ------------------------------------------------------------------------ */

/* Why the instruction at w->pc cannot be executed is found out again: nobody needs it faster. */
static void exec_illegal(struct wave *w, const struct inst *i) {
    (void)i;
    const gfx11sim_object *o = w->group->program->object;
    struct inst_pair pair;
    const char *reason = NULL;
    decode(o->sim->target_mask, o->code + w->pc, o->code_dwords - w->pc, &pair, &reason);
    wave_fault(w, GFX11SIM_ILLEGAL, 0, 0, 0, "not an instruction of %s: %s", o->sim->target,
               reason ? reason : "reserved registers");
}

static void exec_beyond_registers(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(w, GFX11SIM_ILLEGAL, 0, 0, 0, "uses VGPRs beyond the %u that the kernel has reserved",
               w->group->program->vgpr_count);
}

static void exec_unbound(struct wave *w, const struct inst *i) {
    const struct inst *missing = i->dual && i->exec_x ? i->dual : i;
    wave_fault(w, GFX11SIM_UNSUPPORTED, 0, 0, 0, "%s is not modelled", op_info(missing->op)->name);
}

static void exec_outside(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(w, GFX11SIM_ILLEGAL, 0, 0, 0, "execution has left the code object");
}

static void exec_out_of_memory(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(w, GFX11SIM_OUT_OF_MEMORY, 0, 0, 0, "no memory for the decoded instruction");
}

static struct decoded outside = {.inst.exec = exec_outside},
                      out_of_memory = {.inst.exec = exec_out_of_memory};

/* ---- decoding
 * ------------------------------------------------------------------------------------------------ */

static struct decoded *allocate(struct program *p, unsigned count) {
    if (!p->chunks || p->chunks->used + count > CHUNK_INSTS) {
        struct chunk *c = malloc(sizeof *c);
        if (!c) return NULL;
        c->next = p->chunks;
        c->used = 0;
        p->chunks = c;
    }
    struct decoded *d = &p->chunks->insts[p->chunks->used];
    p->chunks->used += count;
    return d;
}

/* What the wave must be stopped for before it executes the instruction; null if nothing. */
static exec_fn *objection(const struct program *p, const struct inst *i) {
    const struct operand *operands[] = {&i->dst, &i->sdst, &i->src[0], &i->src[1], &i->src[2], &i->src[3]};
    for (unsigned n = 0; n < sizeof operands / sizeof operands[0]; n++) {
        const struct operand *o = operands[n];
        unsigned end = o->reg + (o->dwords ? o->dwords : 1u);
        if (o->kind == OPND_VGPR && end > p->vgpr_count) return exec_beyond_registers;
        if (o->kind == OPND_SGPR && end > SREG_COUNT) return exec_illegal;
    }
    return NULL;
}

static struct decoded *decode_at(struct program *p, uint32_t pc) {
    const gfx11sim_object *o = p->object;
    struct inst_pair pair;
    const char *reason;
    unsigned dwords = decode(o->sim->target_mask, o->code + pc, o->code_dwords - pc, &pair, &reason);
    if (!dwords) pair.x = (struct inst){.exec = exec_illegal, .dwords = 1};
    struct decoded *d = allocate(p, pair.x.dual ? 2 : 1);
    if (!d) return &out_of_memory;
    if (dwords) {
        executors_select(o->sim->executors, &pair);
        exec_fn *bad = objection(p, &pair.x);
        if (!bad && pair.x.dual) bad = objection(p, &pair.y);
        if (bad) pair.x.exec = bad;
        if (!pair.x.exec) pair.x.exec = exec_unbound;
    }
    d->inst = pair.x;
    atomic_init(&d->successor, NULL);
    if (pair.x.dual) {
        d[1].inst = pair.y;
        d->inst.dual = &d[1].inst;
    }
    return d;
}

struct decoded *program_decode(struct program *p, uint32_t pc) {
    if (pc >= p->object->code_dwords) return &outside;
    pthread_mutex_lock(&p->lock);
    struct decoded *d = atomic_load_explicit(&p->at[pc], memory_order_relaxed);
    if (!d) {
        d = decode_at(p, pc);
        atomic_store_explicit(&p->at[pc], d, memory_order_release);
    }
    pthread_mutex_unlock(&p->lock);
    return d;
}
