/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Loads write their registers some time after they were issued. The hardware counts those that are under way
 * (vmcnt: vector memory; lgkmcnt: LDS, scalar memory, messages), and a kernel must have waited before it
 * reads or overwrites such a register. Loads of one counter finish in order, FLAT ones in both of theirs, so
 * a wait for n leaves the last n open; scalar loads are overtaken, so only a wait for zero is sure.
 *
 * The halves of a register are apart, as in LLVM's code for these targets: who stores the lower one need not wait for a load
 * into the upper one.
 */
#include "isa/generation.h"
#include "strict.h"

static void count(struct counter *c, bool unordered) {
    c->issued++;
    if (unordered) c->unordered = c->issued;
}

static void wait(struct counter *c, uint32_t left) {
    uint32_t open = c->issued - c->done;
    if (left >= open) return;
    if (left == 0)
        c->done = c->issued;
    else if (c->unordered <= c->done)
        c->done = c->issued - left;
}

void strict_wait(struct wave *w, const struct inst *i) {
    struct shadow *sh = w->shadow;
    const struct generation *generation = sh->strict->sim->target->generation;
    int vm = waits_for(generation, i, COUNTER_VM), lgkm = waits_for(generation, i, COUNTER_LGKM);
    if (vm != RDNASIM_NO_WAIT) wait(&sh->vm, (uint32_t)vm);
    if (lgkm != RDNASIM_NO_WAIT) wait(&sh->lgkm, (uint32_t)lgkm);
    if (waits_for(generation, i, COUNTER_VS) == 0) sh->stores_open = false;
}

/* The counters of what it loads, as states of the registers. */
static uint8_t counted(const struct op_info *info) {
    return (info->counter & COUNTER_VM ? REG_VMEM : 0) | (info->counter & COUNTER_LGKM ? REG_LGKM : 0);
}

/* Bit 0: the operand is, or has, the lower halves of its registers; bit 1: the upper ones. */
static unsigned halves_of(const struct inst *i, const struct operand *o) {
    const struct op_info *info = op_info(i->op);
    bool marked = o == &i->dst || (info->bits == BITS_MEMORY && o == &i->src[1]);
    if (marked && info->flags & OP_LOWER_HALF) return 1;
    if (marked && info->flags & OP_UPPER_HALF) return 2;
    return !type_is_16(o->type) ? 3 : o->hi ? 2 : 1;
}

static void pend_vgprs(struct wave *w, const struct inst *i, uint8_t state) {
    struct shadow *sh = w->shadow;
    const struct operand *o = &i->dst;
    if (o->kind != OPND_VGPR) return;
    unsigned halves = halves_of(i, o);
    for (unsigned n = 0; n < o->dwords; n++) {
        unsigned reg = w->half * w->vgpr_count + o->reg + n;
        sh->v_state[reg] |= state;
        for (unsigned h = 0; h < 2; h++) {
            if (!(halves >> h & 1)) continue;
            if (state & REG_VMEM) sh->v_event[reg].vm[h] = sh->vm.issued;
            if (state & REG_LGKM) sh->v_event[reg].lgkm[h] = sh->lgkm.issued;
        }
    }
}

static void pend_sgprs(struct wave *w, const struct operand *o) {
    struct shadow *sh = w->shadow;
    for (unsigned n = 0; n < s_count(o); n++) {
        sh->s_state[o->reg + n] |= REG_LGKM;
        sh->s_event[o->reg + n] = sh->lgkm.issued;
    }
}

void strict_issue(struct wave *w, const struct inst *i) {
    struct shadow *sh = w->shadow;
    const struct op_info *info = op_info(i->op);
    if (w->half == 0) { /* one instruction, one event */
        if (info->counter & COUNTER_VM && i->dst.kind == OPND_VGPR) count(&sh->vm, false);
        if (info->counter & COUNTER_LGKM) count(&sh->lgkm, !info->lanes); /* scalar loads and messages */
    }
    pend_vgprs(w, i, counted(info));
    pend_sgprs(w, &i->dst);
}

/* ---- operands ------------------------------------------------------------------------------------- */

static bool is_open(const uint32_t events[2], unsigned halves, uint32_t done) {
    return (halves & 1 && events[0] > done) || (halves & 2 && events[1] > done);
}

/* An event that has been waited for is forgotten when somebody asks. Returns the states that still stand. */
static uint8_t open_vgpr(struct wave *w, unsigned reg, unsigned halves) {
    struct shadow *sh = w->shadow;
    unsigned at = w->half * w->vgpr_count + reg;
    const struct events *events = &sh->v_event[at];
    uint8_t *state = &sh->v_state[at], open = 0;
    if (!is_open(events->vm, 3, sh->vm.done)) *state &= ~REG_VMEM;
    if (!is_open(events->lgkm, 3, sh->lgkm.done)) *state &= ~REG_LGKM;
    if (is_open(events->vm, halves, sh->vm.done)) open |= REG_VMEM;
    if (is_open(events->lgkm, halves, sh->lgkm.done)) open |= REG_LGKM;
    return *state & open;
}

static uint8_t open_sgpr(struct wave *w, unsigned reg) {
    struct shadow *sh = w->shadow;
    uint8_t *state = &sh->s_state[reg];
    if (*state & REG_LGKM && sh->s_event[reg] <= sh->lgkm.done) *state &= ~REG_LGKM;
    return *state & REG_LGKM;
}

/* allowed: states that do not matter, because this instruction writes the register in the same order. */
static bool check(struct wave *w, const struct inst *i, const struct operand *o, uint8_t allowed,
                  const char *verb) {
    bool vector = o->kind == OPND_VGPR;
    unsigned dwords = vector ? o->dwords : s_count(o), halves = halves_of(i, o);
    for (unsigned n = 0; n < dwords; n++) {
        unsigned reg = o->reg + n;
        uint8_t open = (vector ? open_vgpr(w, reg, halves) : open_sgpr(w, reg)) & ~allowed;
        if (!open) continue;
        const char *counter = open == (REG_VMEM | REG_LGKM) ? "vmcnt and lgkmcnt"
                              : open == REG_VMEM            ? "vmcnt"
                                                            : "lgkmcnt";
        if (!strict_found(
                w, (struct find){.check = RDNASIM_CHECK_WAIT},
                "%s %c%u, but the load into it has not been waited for: an s_waitcnt on %s is missing", verb,
                vector ? 'v' : 's', reg, counter))
            return false;
        uint8_t *state = vector ? &v_states(w)[reg] : &w->shadow->s_state[reg];
        *state &= ~(REG_VMEM | REG_LGKM);
    }
    return true;
}

bool strict_check_waits(struct wave *w, const struct inst *i) {
    if (!(w->shadow->strict->checks & RDNASIM_CHECK_WAIT)) return true;
    for (unsigned n = 0; n < i->src_count; n++)
        if (!check(w, i, &i->src[n], 0, "reads")) return false;
    uint8_t same =
        counted(op_info(i->op)); /* its counter finishes in order, but for FLAT's two and scalar loads */
    uint8_t allowed = i->dst.kind == OPND_VGPR && same != (REG_VMEM | REG_LGKM) ? same : 0;
    return check(w, i, &i->dst, allowed, "overwrites") && check(w, i, &i->sdst, 0, "overwrites");
}
