/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Statistics: what a kernel author wants to count, as an observer. All figures follow from addresses and masks, not
 * from time.
 *
 *   locality    bytes that lanes asked for, and distinct 128-byte lines at four scopes: summed over instructions, waves
 *               and work-groups, and of the launch. What shrinks from one scope to the next is reuse that a cache of
 *               that scope could serve.
 *   LDS         cycles that the banks need (32 of 4 bytes in each half of the pair of compute units) over those that
 *               the same bytes need without conflicts
 *   divergence  active lanes of vector instructions
 */
#ifndef RDNASIM_STATS_H
#define RDNASIM_STATS_H

#include <stdbool.h>

#include "rdnasim.h"

enum { STATS_LINE = 128, STATS_WAVES = 32 };

/* A set of line numbers. */
struct lines {
    uint64_t *keys; /* line + 1; 0: free */
    size_t capacity, used;
};

/* All zero at first. */
struct stats {
    uint64_t bytes[2], instructions[2];                    /* loads, stores */
    uint64_t by_instruction, by_wave, by_group, by_launch; /* lines */
    uint64_t lds_cycles, lds_ideal, lds_instructions;
    uint64_t vector, partial, lanes, lane_slots, dual;
    uint64_t scalar_loads;
    bool failed;                                   /* no memory: the figures are too small */
    struct lines wave[STATS_WAVES], group, launch; /* what has been seen */
};

/* Counts a launch whose rdnasim_launch.resident is 1: the figures are shared by all work-groups. */
rdnasim_observer stats_observer(struct stats *stats);
/* Frees what it has seen; the figures stay. */
void stats_release(struct stats *stats);

#endif
