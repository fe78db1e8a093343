/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "after_fork.h"

struct pool {
    pthread_mutex_t run_lock; /* held by the caller of pool_run */
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    uint64_t generation; /* of the current loop; workers wait for it to change */
    int busy;            /* workers still in the current loop */
    bool stop;
    pool_body *body;
    void *context;
    int64_t count;
    _Atomic int64_t next;
    int threads;
    int started; /* of them, the caller's included; 1 in a forked child until it runs a loop */
    struct after_fork after_fork;
    struct worker {
        struct pool *pool;
        pthread_t thread;
        int index;
        uint64_t seen; /* generation */
    } workers[];
};

static void take_indices(struct pool *p, int thread) {
    int64_t index;
    while ((index = atomic_fetch_add(&p->next, 1)) < p->count) p->body(p->context, index, thread);
}

static void *worker_main(void *argument) {
    struct worker *w = argument;
    struct pool *p = w->pool;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->generation == w->seen && !p->stop) pthread_cond_wait(&p->work, &p->lock);
        if (p->stop) break;
        w->seen = p->generation;
        pthread_mutex_unlock(&p->lock);
        take_indices(p, w->index);
        pthread_mutex_lock(&p->lock);
        if (--p->busy == 0) pthread_cond_signal(&p->done);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int pool_available_threads(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

static void init_locks(struct pool *p) {
    pthread_mutex_init(&p->run_lock, NULL);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->done, NULL);
}

/* The workers that are missing; false if not all can be had. Nobody is in a loop. */
static bool start_workers(struct pool *p) {
    if (p->started == p->threads) return true;
    sigset_t all, before; /* signals are the caller's: workers inherit that they are blocked */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool failed = false;
    while (p->started < p->threads && !failed) {
        struct worker *w = &p->workers[p->started];
        *w = (struct worker){.pool = p, .index = p->started, .seen = p->generation};
        failed = pthread_create(&w->thread, NULL, worker_main, w) != 0;
        p->started += !failed;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !failed;
}

/* The workers are gone, whatever they were doing. */
static void forget_workers(void *pool) {
    struct pool *p = pool;
    init_locks(p);
    p->started = 1;
    p->busy = 0;
}

struct pool *pool_create(int threads) {
    if (threads <= 0) threads = pool_available_threads();
    struct pool *p = calloc(1, sizeof *p + (size_t)threads * sizeof p->workers[0]);
    if (!p) return NULL;
    init_locks(p);
    p->threads = threads;
    p->started = 1;
    after_fork_add(&p->after_fork, forget_workers, p);
    if (start_workers(p)) return p;
    pool_destroy(p);
    return NULL;
}

void pool_destroy(struct pool *p) {
    if (!p) return;
    after_fork_remove(&p->after_fork);
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 1; i < p->started; i++) pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->run_lock);
    free(p);
}

int pool_threads(const struct pool *p) { return p->threads; }

void pool_run(struct pool *p, int64_t count, pool_body *body, void *context) {
    if (count <= 0) return;
    pthread_mutex_lock(&p->run_lock);
    start_workers(p); /* in a forked child; with fewer it takes longer */
    p->body = body;
    p->context = context;
    p->count = count;
    atomic_store(&p->next, 0);
    pthread_mutex_lock(&p->lock);
    p->busy = p->started - 1;
    p->generation++;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    take_indices(p, 0);
    pthread_mutex_lock(&p->lock);
    while (p->busy) pthread_cond_wait(&p->done, &p->lock);
    pthread_mutex_unlock(&p->lock);
    pthread_mutex_unlock(&p->run_lock);
}
