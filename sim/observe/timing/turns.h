/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Turns: a work-group learns from an atomic that returns something who has come before it, and what it does then may
 * depend on that ("the last one adds up"). So the model keeps the order in which the simulator ran them: the answer
 * waits until all work-groups have come to that place that had come there when it was recorded. Simulated, those of such
 * kernels run one after the other in the order of the grid, on one host thread; so whoever is waited for was started
 * before, and the last one of all takes its turn when the others have had theirs, as on a card, but for which it is.
 */
#ifndef TIMING_TURNS_H
#define TIMING_TURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of an atomic of one wave whose lanes have one address. */
struct turn {
    uint32_t place; /* a number of the address, from 1 on; 0: there is no turn to be kept */
    uint32_t rank;  /* work-groups that have come there before */
    bool first;     /* its work-group comes there for the first time */
};

struct place {
    uint64_t address, group; /* the one that came last */
    uint32_t groups;
};

struct turns {
    struct place *places; /* [count], by number - 1 */
    uint32_t *slots;      /* a hash table of numbers, 0: free */
    size_t count, capacity, slot_count;
};

/* False: out of memory. */
bool turns_take(struct turns *turns, uint64_t address, uint64_t group, struct turn *turn);
void turns_free(struct turns *turns);

#endif
