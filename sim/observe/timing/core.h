/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The state of a SIMD, shared by simd.c (waves and time), issue.c (when an instruction may issue), execute.c (when it executes). */
#ifndef TIMING_CORE_H
#define TIMING_CORE_H

#include "banks.h"
#include "lds.h"
#include "simd.h"
#include "table.h"

/* Of a ring's last entries; a power of two. */
enum { RING = 64, FREEZES = 16, COUNTED_MAX = 63, DELAY_DEPTH = 4 };

/* The last cycles of something, the newest at [count - 1]. */
struct ring {
    cycle at[RING];
    uint64_t count;
};
static inline void ring_add(struct ring *r, cycle at) { r->at[r->count++ % RING] = at; }
/* The n-th last (n from 1); 0 if there were not so many. */
static inline cycle ring_last(const struct ring *r, unsigned n) {
    return n && n <= RING && n <= r->count ? r->at[(r->count - n) % RING] : 0;
}

/* Operations that a counter of a wave counts, the oldest first. They leave in order. */
struct pending {
    cycle done[RING]; /* written by the surroundings, if not known yet */
    uint8_t rule[RING];
    unsigned first, count;
    cycle left; /* when the last one that has left did */
};

enum wave_state { WAVE_NONE, WAVE_READY, WAVE_BLOCKED /* by what is not known yet */, WAVE_AT_BARRIER };

struct wave {
    uint8_t state, slot;
    void *name;
    const struct table *table;
    struct step step;
    const struct row *row;      /* of the step */
    const struct row *previous; /* the last that issued; null at the start */
    bool previous_taken, delayed /* s_delay_alu stands between the two */;
    cycle first, issued, fetched, released;
    /* When the instruction may issue as far as its own wave is concerned, and which rule says so. */
    cycle earliest;
    unsigned rule;
    unsigned port_rule; /* what else held it */
    /* What has been issued before, and executes at ... */
    bool reads_begun; /* a VALU instruction has read a VGPR */
    cycle valu_issue[DELAY_DEPTH], trans_issue[DELAY_DEPTH], salu_issue; /* newest first */
    uint8_t valu_hold[DELAY_DEPTH];
    cycle valu, salu, vmem, lds; /* executes; 0: none */
    cycle mask_last;             /* the last VALU instruction with a scalar result */
    unsigned mask_count;         /* ... that are pending */
    cycle vgpr[256];             /* when a reader of it may start */
    struct {
        cycle valu;         /* executes the VALU instruction that writes it, or reads it late */
        cycle valu_written; /* executes what writes it */
        cycle valu_read;    /* issued the VALU instruction that reads it; 0: none */
        cycle salu;         /* executes the SALU instruction that writes it */
        cycle salu_issue;
        cycle touched; /* by the scalar unit */
    } scalar[SCALARS];
    struct pending pending[RDNASIM_COUNTERS];
};

struct simd {
    const struct simd_config *config;
    struct cu *cu;
    const struct surroundings *around;
    void *context;
    struct banks banks;
    cycle reads_begun; /* the last instruction has begun to read its operands */
    cycle port_free[PORTS];
    uint8_t port_rule[PORTS]; /* why not before */
    struct ring valu_start, masks, salu, vmem, lds, barriers;
    struct ring products; /* of each VALU instruction: when it ends, if it is a matrix product, else 0 */
    cycle trans_free, trans_last; /* the next transcendental one issues, the last one executes */
    cycle valu_next;              /* execution may start */
    bool last_wmma;
    cycle wmma_last;
    cycle salu_next, vmem_next, lds_last;
    bool lds_paired; /* with the one before: see execute_lds */
    struct {
        cycle from, until;
    } freeze[FREEZES]; /* of VALU issue: rule I13 */
    unsigned freeze_first, freeze_count;
    unsigned order[SIMD_WAVES], waves; /* slots, the oldest first */
    bool disturbed;                    /* by simd_start or simd_release, since simd_advance has begun */
    struct wave wave[SIMD_WAVES];
};

static inline cycle later(cycle a, cycle b) { return a > b ? a : b; }

/* issue.c: sets the wave's earliest, rule and, if that is not known, state. */
void issue_plan(struct simd *s, struct wave *w);
/* The first cycle from `from` on in which the SIMD takes the wave's instruction; *rule: what holds it, if later. */
cycle issue_port(const struct simd *s, const struct wave *w, cycle from, unsigned *rule);

/* execute.c: what follows from issuing the wave's instruction at t. Returns when it executes; 0: it does not. */
cycle execute(struct simd *s, struct wave *w, cycle t);

#endif
