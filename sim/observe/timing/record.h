/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the waves of a launch execute, recorded while the simulator runs it and taken by the model one work-group after the
 * other, in the order of the grid. A wave's stream has 4 bytes per instruction, and 8 for each line that an access to memory
 * touches: of 128 bytes, or of 64 if it is scalar. Whoever records too far ahead of the model waits for it.
 */
#ifndef TIMING_RECORD_H
#define TIMING_RECORD_H

#include <pthread.h>
#include <stdbool.h>

#include "rdnasim.h"
#include "simd.h"
#include "table.h"
#include "turns.h"

/* A step of a stream: bits. */
enum {
    STEP_OP_BITS = 20,
    STEP_TAKEN = 1 << 20,
    STEP_EXEC_ZERO = 1 << 21,
    STEP_COUNT_SHIFT = 22,
    STEP_COUNT_MAX = 1023
};

struct stream {
    uint32_t *steps; /* op, bits, and how many lines or LDS passes */
    uint64_t *lines;
    struct turn *turns; /* of atomics that return something */
    size_t step_count, line_count, turn_count, step_capacity, line_capacity, turn_capacity;
    uint64_t ticket; /* address of the last one, while it is recorded; 0: none */
};

struct recorded_group {
    uint64_t index;
    unsigned wave_count;
    size_t bytes;
    struct stream waves[]; /* RECORD_WAVES of them */
};

/* The one reason why a launch is not timed that is not the kernel's. */
extern const char timing_no_memory[];

/* Flags of an op. */
enum {
    OP_PAST = 1, /* a load that L0 and GL1 must not answer */
    OP_ATOMIC = 2,
    OP_TURN = 4 /* an atomic of global memory that returns something */
};

enum { RECORD_WAVES = 32, RECORD_AHEAD = 2048 /* work-groups */ };

struct recorder {
    rdnasim_observer observer; /* of the launch */
    const struct table *table;
    const uint8_t *flags; /* OP_*, by op */
    struct turns turns;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct recorded_group *ready[RECORD_AHEAD]; /* whole ones, by index % RECORD_AHEAD */
    uint64_t next;                              /* the work-group that the model takes next */
    size_t held, most; /* bytes of streams that exist; beyond `most` only work-group `next` is recorded */
    uint64_t instructions, groups; /* of the work-groups that were recorded whole */
    bool over;                     /* the launch has ended, or the model wants no more */
    rdnasim_status status;         /* of the launch, when it is over */
    const char *refusal;           /* why it cannot be timed, or null */
};

/* False: out of memory. Table and flags must outlive it. */
bool recorder_create(struct recorder *r, const struct table *table, const uint8_t *flags, size_t most);
void recorder_destroy(struct recorder *r);
/* The next work-group, whole; null: the launch has failed, or the recorder. It is the caller's until recorder_release. */
struct recorded_group *recorder_take(struct recorder *r);
void recorder_release(struct recorder *r, struct recorded_group *group);
/* The model goes on with this work-group: those before it are run, but not kept. */
void recorder_skip(struct recorder *r, uint64_t next);
/* The model takes no more: nobody waits for it any longer. */
void recorder_stop(struct recorder *r);

#endif
