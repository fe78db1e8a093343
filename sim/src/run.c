/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The loop that executes a wave. One body, compiled once for each combination of what it must care about, so
 * that wave32 without an observer pays for neither.
 */
#include <string.h>

#include "program.h"
#include "strict.h"

static inline __attribute__((always_inline)) void step(struct wave *w, const struct inst *i, bool strict) {
    if (strict && !strict_before(w, i)) return;
    i->exec(w, i);
    if (strict && w->state != WAVE_FAULTED) strict_after(w, i);
}

static void execute_wave64(struct wave *w, const struct inst *i, bool strict) {
    if (!op_runs_per_half(i->op)) {
        step(w, i, strict);
        return;
    }
    /* A mask result may overlap a scalar source: the lower half's word appears once the upper half has read.
     */
    uint32_t *mask = i->sdst.kind == OPND_SGPR ? &w->s[i->sdst.reg] : NULL, before = mask ? *mask : 0;
    step(w, i, strict);
    if (w->state == WAVE_FAULTED) return;
    uint32_t lower = mask ? *mask : 0;
    if (mask) *mask = before;
    u32v *registers = w->v;
    w->v = registers + w->vgpr_count;
    w->half = 1;
    step(w, i, strict);
    w->v = registers;
    w->half = 0;
    if (mask) *mask = lower;
}

static void notify(struct wave *w, const struct inst *i, uint64_t exec, const gfx11sim_kernel *kernel,
                   const gfx11sim_observer *observer) {
    const struct op_info *info = op_info(i->op);
    gfx11sim_event event = {
        .kernel = kernel,
        .wave = w->index,
        .wave_size = w->wave_size,
        .pc = ((uint64_t)w->pc - w->group->program->entry) * 4,
        .opcode = info->name,
        .dual_opcode = i->dual ? op_info(i->dual->op)->name : NULL,
        .unit = info->unit,
        .exec = exec,
        .space = w->note.space,
        .store = w->note.store,
        .atomic = w->note.atomic,
        .bytes = w->note.bytes,
        .addresses = w->note.space == GFX11SIM_SPACE_NONE ? NULL : w->note.addresses[0],
        .addresses2 = w->note.count == 2 ? w->note.addresses[1] : NULL,
    };
    memcpy(event.workgroup, w->group->id, sizeof event.workgroup);
    observer->issue(observer->context, &event);
}

/*
 * The next instruction follows from the present one unless w->next says otherwise afterwards: that is only
 * tested, so that the host can predict it and need not wait for w->next to come back from memory.
 */
static inline __attribute__((always_inline)) uint64_t run(struct wave *w, const gfx11sim_kernel *kernel,
                                                          struct op_counts *counts, int64_t share,
                                                          const gfx11sim_observer *observer, bool wave64,
                                                          bool strict) {
    struct program *program = kernel->program;
    int64_t left = share;
    uint32_t pc = w->next;
    struct decoded *d = program_at(program, pc);
    while (left > 0) {
        const struct inst *i = &d->inst;
        uint32_t next = pc + i->dwords;
        w->pc = pc;
        w->next = next;
        uint64_t exec = 0;
        if (observer) {
            exec = w->s[SREG_EXEC] | (wave64 ? (uint64_t)w->s[SREG_EXEC + 1] << 32 : 0);
            w->note.space = GFX11SIM_SPACE_NONE;
            w->note.store = w->note.atomic = false;
            w->note.count = 0;
            w->note.bytes = 0;
        }
        if (wave64)
            execute_wave64(w, i, strict);
        else
            step(w, i, strict);
        if (__builtin_expect(w->state == WAVE_FAULTED, 0)) break;
        counts->of[i->op]++;
        if (i->dual) counts->second[i->dual->op]++;
        left -= d->cost;
        if (strict) left -= strict_cost(w);
        if (observer) notify(w, i, exec, kernel, observer);
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

uint64_t run_wave(struct wave *w, const gfx11sim_kernel *kernel, struct op_counts *counts, uint64_t share,
                  const gfx11sim_observer *observer) {
    bool strict = w->shadow != NULL;
    if (w->wave_size == 64) return run(w, kernel, counts, (int64_t)share, observer, true, strict);
    if (observer || strict) return run(w, kernel, counts, (int64_t)share, observer, false, strict);
    return run(w, kernel, counts, (int64_t)share, NULL, false, false);
}
