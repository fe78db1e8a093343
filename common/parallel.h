/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A small pool of host threads for loops whose iterations are independent. */
#ifndef COMMON_PARALLEL_H
#define COMMON_PARALLEL_H

#include <stdint.h>

struct pool;

#define POOL_THREADS_MAX 1024 /* that the public calls accept */

/* threads includes the caller's; 0 = as many as the process may run on. Null if memory or threads run out. */
struct pool *pool_create(int threads);
void pool_destroy(struct pool *pool); /* null is accepted */
int pool_threads(const struct pool *pool);
/* As the process's affinity and its container's quota of processor time allow. */
int pool_available_threads(void);

/*
 * Calls body(context, index, thread) once for each index in [0, count), thread in [0, pool_threads). Indices
 * are handed out one by one in ascending order; returns when all have finished. One pool_run at a time per
 * pool (a second caller waits). body must not call pool_run on the same pool. A thread that comes too late, because it was
 * asleep or its core busy, is not waited for. Threads look out for the next loop for 50 us before they sleep, unless there
 * are more of them than processors.
 *
 * A pool lives on in a forked child, where its threads are started anew at the first loop; a loop that
 * another thread of the parent was in ends there unfinished.
 */
typedef void pool_body(void *context, int64_t index, int thread);
void pool_run(struct pool *pool, int64_t count, pool_body *body, void *context);

/*
 * The same, but each thread begins with a share of its own, ascending indices that follow each other: the n-th of as many
 * shares as there are threads. Who has finished takes from the others' shares. So what one loop writes first another loop
 * over it reads by the same threads, from their own node of memory.
 */
void pool_run_shares(struct pool *pool, int64_t count, pool_body *body, void *context);

/*
 * A pool without threads of its own: run(team, count, member, loop) calls member(loop, n) once for each n in [0, count),
 * on whatever threads and in whatever order, also one after the other, and returns when all calls have. The members share
 * the indices of a loop; n is what body gets as thread, below `threads`. Loops of several callers go side by side. What
 * members leave out, because there were too few calls, the caller of pool_run does.
 */
typedef void pool_member(void *loop, int n);
typedef void pool_team(void *team, int count, pool_member *member, void *loop);
struct pool *pool_create_on(pool_team *run, void *team, int threads);

#endif
