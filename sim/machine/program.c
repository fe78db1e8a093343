/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "program.h"

#include <stdlib.h>

#include "exec/executors.h"
#include "isa/generation.h"

/* Decoded instructions lie together in the order of their first execution: what runs together is close. */
enum { CHUNK_INSTS = 256 };
struct chunk {
    struct chunk *next;
    unsigned used;
    struct decoded insts[CHUNK_INSTS];
};

struct program *program_create(const rdnasim_object *object, uint32_t entry, unsigned vgpr_count,
                               unsigned wave_size) {
    struct program *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->object = object;
    p->entry = entry;
    p->vgpr_count = vgpr_count;
    p->wave_size = wave_size;
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

void program_destroy(struct program *p) {
    if (!p) return;
    while (p->chunks) {
        struct chunk *next = p->chunks->next;
        for (unsigned n = 0; n < p->chunks->used; n++) free(p->chunks->insts[n].described);
        free(p->chunks);
        p->chunks = next;
    }
    pthread_mutex_destroy(&p->lock);
    free(p->at);
    free(p);
}

bool program_prepare(struct program *p) {
    if (!p->at) p->at = calloc(p->object->code_dwords, sizeof p->at[0]);
    return p->at != NULL;
}

uint32_t program_entry(const struct program *p) { return p->entry; }

/* ---- instructions that stop the wave ------------------------------------------------------------------ */

/* Why the instruction at w->pc cannot be executed is found out again: nobody needs it faster. */
static void exec_illegal(struct wave *w, const struct inst *i) {
    (void)i;
    const rdnasim_object *o = w->group->program->object;
    struct inst_pair pair;
    const char *reason = NULL;
    decode(o->sim->target, o->code + w->pc, o->code_dwords - w->pc, &pair, &reason);
    wave_fault(w, RDNASIM_ILLEGAL, 0, 0, 0, "not an instruction of %s: %s", o->sim->target->facts.name,
               reason);
}

static void exec_beyond_registers(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(w, RDNASIM_ILLEGAL, 0, 0, 0, "uses VGPRs beyond the %u that the kernel has reserved",
               w->group->program->vgpr_count);
}

static void exec_reserved_sgprs(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(w, RDNASIM_ILLEGAL, 0, 0, 0, "an operand reaches beyond the scalar registers");
}

static void exec_trap_temporary(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(w, RDNASIM_ILLEGAL, 0, 0, 0, "writes ttmp registers, which only a trap handler can");
}

static void exec_unpairable(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(
        w, RDNASIM_ILLEGAL, 0, 0, 0,
        "dual issue needs wave32, first and second sources in different ones of four register banks and, "
        "of addends, one in an even register");
}

static void exec_unbound(struct wave *w, const struct inst *i) {
    const struct inst *missing = i->dual && i->exec_x ? i->dual : i;
    wave_fault(w, RDNASIM_UNSUPPORTED, 0, 0, 0, "%s is not modelled", op_info(missing->op)->name);
}

static void exec_outside(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(w, RDNASIM_ILLEGAL, 0, 0, 0, "execution has left the code object");
}

static void exec_out_of_memory(struct wave *w, const struct inst *i) {
    (void)i;
    wave_fault(w, RDNASIM_OUT_OF_MEMORY, 0, 0, 0, "out of memory for the decoded instruction");
}

static struct decoded outside = {.inst = {.exec = exec_outside, .refused = true}},
                      out_of_memory = {.inst = {.exec = exec_out_of_memory, .refused = true}};

/* ---- decoding ----------------------------------------------------------------------------------------- */

static struct decoded *allocate(struct program *p, unsigned count) {
    if (!p->chunks || p->chunks->used + count > CHUNK_INSTS) {
        struct chunk *c = malloc(sizeof *c);
        if (!c) return NULL;
        c->next = p->chunks;
        c->used = 0;
        p->chunks = c;
    }
    struct decoded *d = &p->chunks->insts[p->chunks->used];
    for (unsigned n = 0; n < count; n++) atomic_init(&d[n].described, NULL);
    p->chunks->used += count;
    return d;
}

/* A lane mask of a wave64 takes a pair of registers, of whose number the lowest bit is ignored as of other
 * pairs. */
static void widen_mask(struct operand *o) {
    if (o->type != TYPE_MASK) return;
    o->dwords = 2;
    if (o->reg < SREG_VCC) o->reg &= (uint16_t)~1;
}

/* Registers that lie together: s0-s105, VCC, TTMP, EXEC; NULL and M0 stand alone, but NULL reads as any
 * width. */
static bool are_sgprs(unsigned reg, unsigned dwords) {
    static const uint8_t ends[] = {SREG_VCC, SREG_TTMP0, SREG_NULL, SREG_M0, SREG_EXEC, SREG_COUNT};
    const uint8_t *end = ends;
    while (reg >= *end) end++;
    return reg == SREG_NULL || reg + dwords <= *end;
}

/* What the wave must be stopped for before it executes the instruction; null if nothing. */
static exec_fn *objection(const struct program *p, const struct inst *i) {
    const struct operand *operands[] = {&i->dst, &i->sdst, &i->src[0], &i->src[1], &i->src[2], &i->src[3]};
    for (unsigned n = 0; n < sizeof operands / sizeof operands[0]; n++) {
        const struct operand *o = operands[n];
        unsigned dwords = o->dwords;
        if (o->kind == OPND_VGPR && o->reg + dwords > p->vgpr_count) return exec_beyond_registers;
        if (o->kind != OPND_SGPR) continue;
        if (!are_sgprs(o->reg, dwords)) return exec_reserved_sgprs;
        if (n < 2 && o->reg < SREG_NULL && o->reg + dwords > SREG_TTMP0) return exec_trap_temporary;
    }
    return NULL;
}

/* A pair has one port per source and bank; what happens when both halves want it is not defined. */
static exec_fn *pair_objection(const struct program *p, const struct inst_pair *pair) {
    static const unsigned banks[] = {4, 4, 2}; /* by source */
    if (p->wave_size == 64) return exec_unpairable;
    for (unsigned n = 0; n < 3; n++) {
        const struct operand *x = &pair->x.src[n], *y = &pair->y.src[n];
        if (x->kind == OPND_VGPR && y->kind == OPND_VGPR && x->reg != y->reg &&
            x->reg % banks[n] == y->reg % banks[n])
            return exec_unpairable;
    }
    return objection(p, &pair->y);
}

/*
 * How long the host takes over an instruction, roughly, in steps of 4 to 14 ns; see RDNASIM_DEFAULT_QUOTA.
 */
static uint16_t host_cost(const struct inst *i) {
    switch (op_info(i->op)->port) {
    case RDNASIM_PORT_WMMA: return 256;
    case RDNASIM_PORT_TRANS:
    case RDNASIM_PORT_VMEM:
    case RDNASIM_PORT_LDS: return 8;
    case RDNASIM_PORT_VALU:
        if (i->format == FMT_VINTERP) return 64;
        if (i->dst.dwords > 2) return 32;
        return i->dst.dwords == 2 || i->dpp ? 8 : 2;
    default: return 1;
    }
}

static struct decoded *decode_at(struct program *p, uint32_t pc) {
    const rdnasim_object *o = p->object;
    struct inst_pair pair;
    const char *reason;
    unsigned dwords = decode(o->sim->target, o->code + pc, o->code_dwords - pc, &pair, &reason);
    if (!dwords) pair.x = (struct inst){.exec = exec_illegal, .refused = true, .dwords = 1};
    struct decoded *d = allocate(p, pair.x.dual ? 2 : 1);
    if (!d) return &out_of_memory;
    if (dwords) {
        if (p->wave_size == 64 && op_info(pair.x.op)->port == RDNASIM_PORT_WMMA) {
            const struct generation *generation = o->sim->target->generation;
            pair.x.dst.dwords = (uint8_t)generation->matrix_registers(64, pair.x.dst.dwords);
            pair.x.src[2].dwords = (uint8_t)generation->matrix_registers(64, pair.x.src[2].dwords);
        }
        if (p->wave_size == 64) {
            widen_mask(&pair.x.sdst);
            for (unsigned n = 0; n < 4; n++) widen_mask(&pair.x.src[n]);
        }
        executors_select(o->sim->executors, &pair);
        exec_fn *bad = objection(p, &pair.x);
        if (!bad && pair.x.dual) bad = pair_objection(p, &pair);
        if (bad)
            pair.x = (struct inst){.exec = bad, .refused = true, .op = pair.x.op, .dwords = pair.x.dwords};
        if (!pair.x.exec) pair.x.exec = exec_unbound, pair.x.refused = true;
    }
    d->inst = pair.x;
    d->cost = host_cost(&pair.x);
    atomic_init(&d->successor, NULL);
    atomic_init(&d->role, 0);
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
