/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A launch while it runs: made and taken down by launch.c, its work-groups executed by groups.c. */
#ifndef RDNASIM_LAUNCH_H
#define RDNASIM_LAUNCH_H

#include "watcher.h"

enum { MAX_BLOCK = 1024, MAX_WAVES = MAX_BLOCK / LANES };

/* A buffer that the launch makes for the kernel. */
struct segment {
    unsigned char *host;
    uint64_t address;
};

/* What one work-group at a time needs: of a host thread, or of a place for a resident one. */
struct worker {
    struct wave *waves;
    u32v *registers;
    unsigned char *lds, *scratch;
    struct op_counts counts;
    uint64_t wave_count, group_count;
    rdnasim_report report;
};

/* What the waves of a work-group have used of their quotas. */
struct usage {
    uint64_t wave[MAX_WAVES], group;
};

/* A work-group between its first and its last instruction. */
struct resident {
    struct group group;
    struct usage usage;
    uint32_t order[MAX_WAVES]; /* in which its waves take turns */
    uint64_t random;           /* state of a random schedule */
    int64_t turn;              /* of the work-group: 0 has the first one */
    unsigned running;          /* waves that could go on after the last turns */
    bool live;
};

struct launch_run {
    rdnasim *sim;
    const rdnasim_kernel *kernel;
    const rdnasim_launch *launch;
    const rdnasim_observer *observer; /* the launch's, of this version; or null */
    uint32_t groups[3];
    uint64_t group_count;
    uint32_t *order; /* of the groups under a random schedule, else null */
    unsigned max_waves;
    uint32_t lds_bytes, scratch_bytes;
    struct segment kernarg, packet, queue;
    struct watchers watchers;
    int worker_count;
    struct worker *workers;
    struct resident *residents; /* [worker_count] of work-groups that are resident together, else null */
    pthread_mutex_t fault_lock;
    _Atomic int64_t fault_at; /* turn of the faulting work-group; later ones need not finish */
    rdnasim_report fault;
};

/* splitmix64 */
uint64_t random_next(uint64_t *state);
/* items[count] becomes a random order of 0 .. count - 1. */
void random_order(uint32_t *items, uint64_t count, uint64_t *state);

/* The work-group whose turn it is, from its first to its last instruction: an item of the pool. */
void run_group(void *run, int64_t turn, int thread);
/* All of them, with worker_count resident together: the only item of the pool. */
void run_residents(void *run, int64_t item, int thread);

#endif
