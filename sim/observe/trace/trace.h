/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A trace as an observer: one line per instruction, with work-group, wave, pc and EXEC. */
#ifndef RDNASIM_TRACE_H
#define RDNASIM_TRACE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "rdnasim.h"

struct trace {
    FILE *to;
    const char *target;
    _Atomic int64_t left; /* lines */
    pthread_mutex_t lock; /* work-groups run on several threads */
};

rdnasim_observer trace_observer(struct trace *trace);

#endif
