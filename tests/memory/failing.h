/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Allocations that fail on demand: malloc and its kin, mmap and pthread_create of the whole process. */
#ifndef TESTS_MEMORY_FAILING_H
#define TESTS_MEMORY_FAILING_H

#include <stdint.h>

enum { PLACES_MAX = 1 << 20 };

/* Shared with the child processes, so that a count survives them. */
struct failing {
    long count;   /* of calls so far; they are counted from 1 */
    long at;      /* the call that fails; 0: none */
    int for_ever; /* and all that follow */
    int show;     /* where it was called, on stderr */
    /* While none fails: a hash of where each call came from, the same in every process. */
    uint64_t places[PLACES_MAX];
};

enum failing_kind { FAILING_MEMORY, FAILING_THREADS };

/* What is watched, or null. Set before the first thread is there. */
extern struct failing *failing;
extern enum failing_kind failing_kind;

#endif
