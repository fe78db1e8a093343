/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A trace as an observer: one line per instruction, with work-group, wave, pc and EXEC, of those that are chosen. */
#ifndef RDNASIM_TRACE_H
#define RDNASIM_TRACE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "rdnasim.h"

struct trace_choice { /* of zeros: everything, without registers */
    bool one_group, one_wave;
    uint32_t group[3], wave;
    uint64_t first_pc, end_pc; /* end_pc 0: to the end */
    bool registers;            /* those that the instruction has written, with what is in them */
};

struct trace {
    FILE *to;
    const char *target;
    struct trace_choice choice;
    _Atomic int64_t left; /* lines */
    pthread_mutex_t lock; /* work-groups run on several threads */
};

rdnasim_observer trace_observer(struct trace *trace);

#endif
