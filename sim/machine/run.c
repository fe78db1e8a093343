/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The loop that executes a wave. One body, compiled once for each combination of what it must care about, so
 * that wave32 without watchers pays for neither.
 */
#include "watcher.h"

static bool may_execute(struct wave *w, const struct inst *i) {
    FOR_WATCHERS(p, w->group->watchers->before_half) if (!p->kind->before_half(w, i)) return false;
    return true;
}

static inline __attribute__((always_inline)) void step(struct wave *w, const struct inst *i, bool watched) {
    if (watched && !may_execute(w, i)) return;
    i->exec(w, i);
    if (watched && w->state != WAVE_FAULTED)
        FOR_WATCHERS(p, w->group->watchers->after_half) p->kind->after_half(w, i);
}

static void execute_wave64(struct wave *w, const struct inst *i, bool watched) {
    if (!op_runs_per_half(i->op)) {
        step(w, i, watched);
        return;
    }
    /* A mask result may overlap a scalar source: the lower half's word appears once the upper half has read. */
    uint32_t *mask = i->sdst.kind == OPND_SGPR ? &w->s[i->sdst.reg] : NULL, before = mask ? *mask : 0;
    step(w, i, watched);
    if (w->state == WAVE_FAULTED) return;
    uint32_t lower = mask ? *mask : 0;
    if (mask) *mask = before;
    u32v *registers = w->v;
    w->v = registers + w->vgpr_count;
    w->half = 1;
    step(w, i, watched);
    w->v = registers;
    w->half = 0;
    if (mask) *mask = lower;
}

static bool may_begin(struct wave *w, struct decoded *d) {
    w->note.space = RDNASIM_SPACE_NONE;
    FOR_WATCHERS(p, w->group->watchers->before) if (!p->kind->before(p, w, d)) return false;
    return true;
}

/*
 * The next instruction follows from the present one unless w->next says otherwise afterwards: that is only
 * tested, so that the host can predict it and need not wait for w->next to come back from memory.
 */
static inline __attribute__((always_inline)) uint64_t run(struct wave *w, struct program *program,
                                                          struct op_counts *counts, int64_t share,
                                                          bool wave64, bool watched) {
    int64_t left = share;
    uint32_t pc = w->next;
    struct decoded *d = program_at(program, pc);
    while (left > 0) {
        const struct inst *i = &d->inst;
        uint32_t next = pc + i->dwords;
        w->pc = pc;
        w->next = next;
        if (watched && !may_begin(w, d)) break;
        if (wave64)
            execute_wave64(w, i, watched);
        else
            step(w, i, watched);
        if (__builtin_expect(w->state == WAVE_FAULTED, 0)) break;
        counts->of[i->op]++;
        if (i->dual) counts->second[i->dual->op]++;
        left -= d->cost;
        if (watched) {
            left -= w->watch_cost;
            w->watch_cost = 0;
            FOR_WATCHERS(p, w->group->watchers->after) p->kind->after(p, w, d);
        }
        if (__builtin_expect(w->state != WAVE_RUNNING, 0)) break;
        if (__builtin_expect(w->next == next, 1)) {
            pc = next;
            d = program_after(program, d, pc);
        } else {
            pc = w->next;
            d = program_at(program, pc);
        }
    }
    return (uint64_t)(share - left);
}

uint64_t run_wave(struct wave *w, struct program *program, struct op_counts *counts, uint64_t share) {
    if (w->wave_size == 64) return run(w, program, counts, (int64_t)share, true, w->observed);
    if (w->observed) return run(w, program, counts, (int64_t)share, false, true);
    return run(w, program, counts, (int64_t)share, false, false);
}
