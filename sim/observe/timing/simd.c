/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Waves and time of a SIMD. */
#include "simd.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"

struct simd *simd_create(const struct simd_config *config, struct cu *cu,
                         const struct surroundings *surroundings, void *context) {
    struct simd *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->config = config;
    s->cu = cu;
    s->around = surroundings;
    s->context = context;
    s->banks.config = config;
    return s;
}

void simd_destroy(struct simd *simd) { free(simd); }

static void leave(struct simd *s, struct wave *w, cycle t) {
    unsigned at = 0;
    while (s->order[at] != w->slot) at++;
    memmove(&s->order[at], &s->order[at + 1], (--s->waves - at) * sizeof s->order[0]);
    w->state = WAVE_NONE;
    s->around->end(s->context, w->name, t);
}

/* The wave's next instruction that takes time. */
static void advance_wave(struct simd *s, struct wave *w) {
    w->delayed = false;
    do {
        if (!s->around->next(s->context, w->name, &w->step) || w->step.op >= w->table->count ||
            w->table->rows[w->step.op].kind == ROW_NONE) {
            leave(s, w, w->previous ? w->issued : w->first);
            return;
        }
        w->row = &w->table->rows[w->step.op];
        w->delayed |= w->row->kind == ROW_DELAY;
    } while (w->row->kind == ROW_DELAY);
    if (w->previous)
        w->fetched =
            s->around->fetch(s->context, w->name, w->previous->pc, w->row->pc, w->previous_taken, w->issued);
    issue_plan(s, w);
}

bool simd_start(struct simd *simd, unsigned slot, const struct table *table, void *wave, cycle first) {
    if (slot >= SIMD_WAVES || simd->wave[slot].state != WAVE_NONE) return false;
    struct wave *w = &simd->wave[slot];
    *w = (struct wave){.slot = (uint8_t)slot, .name = wave, .table = table, .first = first};
    simd->order[simd->waves++] = slot;
    simd->disturbed = true;
    advance_wave(simd, w);
    return true;
}

static void issue(struct simd *s, struct wave *w, cycle t) {
    const struct row *row = w->row;
    cycle best = w->previous ? w->issued + 1 : w->first, x = execute(s, w, t);
    if (s->around->issued)
        s->around->issued(s->context, w->name, &w->step, t, x, t > w->earliest ? w->port_rule : w->rule,
                          t - best);
    w->previous = row;
    w->previous_taken = w->step.taken;
    w->issued = t;
    if (row->kind == ROW_END) {
        leave(s, w, t);
    } else if (row->kind == ROW_BARRIER) {
        w->state = WAVE_AT_BARRIER;
        s->around->arrive(s->context, w->name, t);
    } else {
        advance_wave(s, w);
    }
}

static cycle try_wave(struct simd *s, struct wave *w, cycle now) {
    if (w->state != WAVE_READY) return LATER;
    cycle at = later(w->earliest, now);
    return issue_port(s, w, at, &w->port_rule);
}

static cycle next_cycle(struct simd *s, cycle now) {
    cycle soonest = LATER;
    for (unsigned n = 0; n < s->waves; n++) {
        cycle at = try_wave(s, &s->wave[s->order[n]], now);
        if (at < soonest) soonest = at;
    }
    return soonest;
}

cycle simd_advance(struct simd *simd, cycle now) {
    cycle soonest = LATER;
    unsigned ages[SIMD_WAVES], count = simd->waves;
    memcpy(ages, simd->order, count * sizeof ages[0]); /* waves may end meanwhile */
    simd->disturbed = false;
    for (unsigned n = 0; n < count; n++) {
        struct wave *w = &simd->wave[ages[n]];
        cycle at = try_wave(simd, w, now);
        if (at <= now) {
            issue(simd, w, now);
            at = try_wave(simd, w, now);
        }
        if (at < soonest) soonest = at;
    }
    return simd->disturbed ? next_cycle(simd, now) : soonest;
}

cycle simd_wake(struct simd *simd, cycle now) {
    for (unsigned n = 0; n < simd->waves; n++) {
        struct wave *w = &simd->wave[simd->order[n]];
        if (w->state == WAVE_BLOCKED) issue_plan(simd, w);
    }
    return next_cycle(simd, now);
}

cycle simd_release(struct simd *simd, unsigned slot, cycle last_arrival) {
    struct wave *w = &simd->wave[slot];
    w->released = last_arrival;
    advance_wave(simd, w);
    simd->disturbed = true;
    return try_wave(simd, w, last_arrival);
}
