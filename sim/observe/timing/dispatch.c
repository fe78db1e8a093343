/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Work-groups to work-group processors: in the grid's order; over engines, and in an engine over its processors, in turn.
 * An engine starts one wave per cycle. Work-groups are placed between quanta, but start when what they need was free: their
 * first instructions come later than a quantum lasts.
 */
#include <stdlib.h>

#include "chip.h"

enum { GROUP_CYCLES = 2 /* between starts of work-groups of one wave */ };

/* Which SIMDs the waves of a work-group may have, as bits. */
static unsigned mates(const struct chip_kernel *k, unsigned unit) {
    return k->processor_mode ? 15 : unit ? 10 : 5; /* SIMDs 0 and 2, or 1 and 3, are a compute unit's */
}

/* The SIMD with the fewest waves, or -1: none has room. Ties: 0, 2, 1, 3. */
static int place_wave(const struct chip *c, const struct chip_engine *e, unsigned first, unsigned may,
                      const uint8_t taken[PROCESSOR_SIMDS]) {
    static const unsigned order[PROCESSOR_SIMDS] = {0, 2, 1, 3};
    int best = -1, most = 0;
    for (unsigned n = 0; n < PROCESSOR_SIMDS; n++) {
        unsigned simd = order[n];
        int slots = (int)e->slots[first + simd] - taken[simd];
        if (!(may >> simd & 1) || slots <= most) continue;
        if (e->vgprs[first + simd] < c->kernel->vgprs * (taken[simd] + 1u)) continue;
        best = (int)simd;
        most = slots;
    }
    return best;
}

/* The SIMDs of a processor for all waves; false: there is no room. */
static bool place(const struct chip *c, const struct chip_engine *e, unsigned processor, unsigned unit,
                  unsigned waves, uint8_t simd_of[RECORD_WAVES]) {
    const struct chip_kernel *k = c->kernel;
    if (e->lds[processor * PROCESSOR_CUS + unit] < k->lds) return false;
    uint8_t taken[PROCESSOR_SIMDS] = {0};
    for (unsigned n = 0; n < waves; n++) {
        int simd = place_wave(c, e, processor * PROCESSOR_SIMDS, mates(k, unit), taken);
        if (simd < 0) return false;
        taken[simd]++;
        simd_of[n] = (uint8_t)simd;
    }
    return true;
}

/* Waves of a compute unit, which has two SIMDs. */
static unsigned load_of(const struct chip_engine *e, unsigned processor, unsigned unit) {
    unsigned first = processor * PROCESSOR_SIMDS + unit;
    return 2 * SIMD_WAVES - e->slots[first] - e->slots[first + PROCESSOR_CUS];
}

static bool start_wave(struct chip *c, struct chip_engine *e, struct chip_group *g, unsigned n, unsigned simd,
                       cycle start) {
    unsigned slot = 0;
    struct chip_wave *slots = &e->waves[simd * SIMD_WAVES], *w;
    while (slot < SIMD_WAVES && slots[slot].stream) slot++;
    if (slot == SIMD_WAVES) return false;
    w = &slots[slot];
    *w = (struct chip_wave){.stream = &g->recorded->waves[n],
                            .group = g,
                            .simd = (uint16_t)simd,
                            .slot = (uint16_t)slot,
                            .start = start};
    g->waves[n] = w;
    e->slots[simd]--;
    e->vgprs[simd] -= c->kernel->vgprs;
    e->alive++;
    uint64_t pc =
        w->stream->step_count ? (w->stream->steps[0] & ((1u << STEP_OP_BITS) - 1)) * UINT64_C(4) : 0;
    cycle first = start + card_get(&c->card, CARD_wave_start);
    first = fetch_request(&e->memory, g->processor, pc, pc, first);
    if (!simd_start(e->simds[simd], slot, c->kernel->table, w, first)) return false;
    cycle next = simd_wake(e->simds[simd], c->border);
    if (next < e->next[simd]) e->next[simd] = next;
    return true;
}

static bool start_group(struct chip *c, struct chip_engine *e, unsigned processor, unsigned unit,
                        struct recorded_group *recorded, const uint8_t simd_of[RECORD_WAVES]) {
    struct chip_group *g = calloc(1, sizeof *g);
    if (!g) return false;
    unsigned waves = recorded->wave_count;
    cycle start = e->start_after, earliest = c->border - QUANTUM;
    if (start < e->processor_after[processor]) start = e->processor_after[processor];
    if (start < e->freed[processor]) start = e->freed[processor];
    if (start < earliest) start = earliest;
    e->start_after = start + (waves > GROUP_CYCLES ? waves : GROUP_CYCLES);
    e->processor_after[processor] = start + waves - 1 + card_get(&c->card, CARD_same_processor);
    e->lds[processor * PROCESSOR_CUS + unit] -= c->kernel->lds;
    *g = (struct chip_group){.recorded = recorded, .processor = processor, .unit = unit, .alive = waves};
    for (unsigned n = 0; n < waves; n++)
        if (!start_wave(c, e, g, n, processor * PROCESSOR_SIMDS + simd_of[n], start + n)) return false;
    return true;
}

/* A place in an engine, at the processor whose turn it is or one behind it. */
static bool find_place(struct chip *c, struct chip_engine *e, unsigned waves, unsigned *processor,
                       unsigned *unit, uint8_t simd_of[RECORD_WAVES]) {
    unsigned count = e->memory.processor_count;
    for (unsigned n = 0; n < count; n++) {
        unsigned p = (e->turn + n) % count;
        unsigned first = !c->kernel->processor_mode && load_of(e, p, 1) < load_of(e, p, 0);
        for (unsigned u = 0; u < (c->kernel->processor_mode ? 1 : PROCESSOR_CUS); u++) {
            *unit = first ^ u;
            if (!place(c, e, p, *unit, waves, simd_of)) continue;
            *processor = p;
            e->turn = (p + 1) % count;
            return true;
        }
    }
    return false;
}

bool dispatch(struct chip *c) {
    while (c->waiting || c->recorder->next < c->kernel->groups) {
        if (!c->waiting && !(c->waiting = recorder_take(c->recorder))) return false;
        unsigned engine = 0, processor = 0, unit = 0;
        uint8_t simd_of[RECORD_WAVES];
        bool found = false;
        for (unsigned n = 0; n < c->engine_count && !found; n++) {
            engine = (c->engine_turn + n) % c->engine_count;
            found = find_place(c, &c->engines[engine], c->waiting->wave_count, &processor, &unit, simd_of);
        }
        if (!found) return true;
        c->engine_turn = (engine + 1) % c->engine_count;
        if (!start_group(c, &c->engines[engine], processor, unit, c->waiting, simd_of)) {
            c->failure = timing_no_memory;
            return false;
        }
        c->waiting = NULL;
        c->dispatched++;
    }
    return true;
}

void dispatch_ended(struct chip *c, struct chip_engine *e, struct chip_group *group) {
    e->lds[group->processor * PROCESSOR_CUS + group->unit] += c->kernel->lds;
    recorder_release(c->recorder, group->recorded);
    free(group);
    c->ended++;
}
