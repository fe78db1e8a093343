/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * One SIMD of the timing model: when the instructions of up to 16 waves issue and execute (docs/timing.md). It knows
 * issue rules, queues, operand banks and counters; what surrounds it (the executed instructions of the waves, memory,
 * instruction fetch, barriers) answers through `struct surroundings`: the chip of a launch, or a recorded trace.
 *
 * Time is in cycles of the shader clock. Not thread-safe; different SIMDs share nothing but a `struct cu`. Nothing is
 * allocated after simd_create.
 */
#ifndef TIMING_SIMD_H
#define TIMING_SIMD_H

#include <stdbool.h>
#include <stdint.h>

#include "rules.h"

typedef uint64_t cycle;
#define LATER UINT64_MAX /* not known yet, or never */

enum { SIMD_WAVES = 16 };

/* What an executed memory instruction asks for, reduced from its addresses when it was recorded. */
enum access_kind { ACCESS_NONE, ACCESS_LOAD, ACCESS_STORE, ACCESS_ATOMIC, ACCESS_SCALAR, ACCESS_LDS };
struct access {
    enum access_kind kind;
    bool returns;   /* something into registers: loads, and atomics that do */
    uint16_t bytes; /* per lane */
    uint16_t
        passes; /* LDS: cycles of the CU's LDS unit, conflicts included (lds_passes); 0: without conflicts */
    const struct turn *turn; /* of an atomic that returns something: turns.h. Null: none */
    uint16_t line_count;   /* distinct lines of 128 bytes, in the order of the first lane that touches each */
    const uint64_t *lines; /* their addresses / 128; valid until the wave's next step is asked for */
};

/* One executed instruction. */
struct step {
    uint32_t op;    /* row of the kernel's table: pc / 4 */
    bool taken;     /* a branch that went elsewhere */
    bool exec_zero; /* no lane was active */
    struct access access;
};

struct simd;
struct cu;    /* what the SIMDs of a compute unit share: the LDS unit */
struct table; /* what is known of each instruction of a kernel: table.h */

struct surroundings {
    /* The wave's next executed instruction. False: it has none, and ends. */
    bool (*next)(void *context, void *wave, struct step *step);
    /* The earliest cycle at which an instruction at `pc` can issue that follows one at `previous`: instruction cache. */
    cycle (*fetch)(void *context, void *wave, uint64_t previous, uint64_t pc, bool taken, cycle now);
    /*
     * A vector or scalar memory instruction can send its addresses at cycle x. Returns the cycle at which they are
     * taken, x or later. *done: when its counter may fall, now or later (LATER until the surroundings have written it
     * and called simd_wake). The pointer is valid until then.
     */
    cycle (*request)(void *context, void *wave, const struct step *step, cycle x, cycle *done);
    /* The wave arrives at a barrier at t; the surroundings answer by simd_release when all have. */
    void (*arrive)(void *context, void *wave, cycle t);
    /* The wave has issued s_endpgm at t (all its stores are acknowledged: `done` of each was <= t). */
    void (*end)(void *context, void *wave, cycle t);
    /* Null, or told of each instruction but s_delay_alu: its issue and execute cycles (the latter 0 for those that have
     * none), and the rule that held it longest, for `held` cycles since it could have issued at best. */
    void (*issued)(void *context, void *wave, const struct step *step, cycle issue, cycle execute,
                   unsigned rule, cycle held);
};

struct cu *cu_create(const struct simd_config *config); /* null: no memory */
void cu_destroy(struct cu *cu);

/* The configuration, the surroundings and the cu must outlive it. Null: no memory. */
struct simd *simd_create(const struct simd_config *config, struct cu *cu,
                         const struct surroundings *surroundings, void *context);
void simd_destroy(struct simd *simd);
/*
 * A wave starts in a free slot; its first instruction may issue at `first`. `wave` is the surroundings' name for it.
 * Older is what was started earlier. False: the slot is taken.
 */
bool simd_start(struct simd *simd, unsigned slot, const struct table *table, void *wave, cycle first);
/*
 * Issues what can issue at cycle `now`, which never decreases; returns the next cycle at which something may (LATER: it
 * waits for the surroundings, or has no waves). The surroundings may call simd_start and simd_release meanwhile.
 */
cycle simd_advance(struct simd *simd, cycle now);
/* Something that a wave of this SIMD waits for is known now: the next cycle at which something may issue. */
cycle simd_wake(struct simd *simd, cycle now);
/* All waves have arrived at the barrier of this one. Returns the next cycle at which it may issue, or LATER. */
cycle simd_release(struct simd *simd, unsigned slot, cycle last_arrival);

#endif
