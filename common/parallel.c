/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A loop is open while workers may join it. Its caller takes indices as well; when none are left it closes the loop and
 * waits for those who are in it, but not for workers that have not come yet: they may be asleep, or their cores busy with
 * the caller's own threads.
 *
 * The indices lie in one share, or in as many as there are threads. Then each thread begins with its own and goes on to
 * the next ones, so that nothing waits for a thread that comes late.
 *
 * Workers look out for the next loop for SPIN_NS and then go to sleep, for waking them takes longer than many loops. So
 * does the caller that waits for the last ones.
 */
#include "parallel.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "after_fork.h"
#include "cpu_quota.h"

enum { SPIN_NS = 50000, LOOKS_PER_CLOCK = 32 };

/* state: the loop's number, how many workers are in it, and whether it is open. */
#define OPEN       UINT64_C(1)
#define ONE_INSIDE UINT64_C(2)
#define INSIDE     UINT64_C(0xfffe)
#define ONE_LOOP   UINT64_C(0x10000)
static_assert(POOL_THREADS_MAX * ONE_INSIDE <= INSIDE, "state counts all workers");

/* More threads than that begin several in one share: neighbours, which as a rule lie on one memory node. */
enum { SHARES = 64, CACHE_LINE = 64 };

struct loop {
    pool_body *body;
    void *context;
    int64_t count;
    int shares, threads;
    struct share {
        _Atomic int64_t next;
        char apart[CACHE_LINE - sizeof(int64_t)];
    } share[SHARES];
};

struct pool {
    pool_team *team; /* or null; else only that, its argument and `threads` are used */
    void *team_argument;
    pthread_mutex_t run_lock; /* held by the caller of pool_run */
    pthread_mutex_t lock;     /* for sleeping */
    pthread_cond_t work, done;
    _Atomic uint64_t state;
    _Atomic int sleepers; /* workers */
    _Atomic bool caller_sleeps, stop;
    struct loop loop;
    int threads;
    int started; /* of them, the caller's included; 1 in a forked child until it runs a loop */
    bool spins;  /* there is a core for each */
    struct after_fork after_fork;
    struct worker {
        struct pool *pool;
        pthread_t thread;
        int index;
        uint64_t seen; /* number of the last loop */
    } workers[];
};

static uint64_t loop_of(uint64_t state) { return state / ONE_LOOP; }

static void relax(void) {
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Looks until it is ready, for a while; returns whether it is. */
static bool spin(bool (*ready)(void *of), void *of, bool spins) {
    if (ready(of)) return true;
    for (int64_t end = spins ? now_ns() + SPIN_NS : 0; spins && now_ns() < end;)
        for (int look = 0; look < LOOKS_PER_CLOCK; look++) {
            if (ready(of)) return true;
            relax();
        }
    return false;
}

/* The first index of a share; that of share `shares` is count. */
static int64_t first_of(const struct loop *l, int share) {
    int64_t each = l->count / l->shares, more = l->count % l->shares; /* the first ones have one more */
    return each * share + (share < more ? share : more);
}

static void begin_loop(struct loop *l, int shares, int threads, int64_t count, pool_body *body,
                       void *context) {
    l->body = body;
    l->context = context;
    l->count = count;
    l->threads = threads;
    l->shares = shares < SHARES ? shares : SHARES;
    for (int s = 0; s < l->shares; s++)
        atomic_store_explicit(&l->share[s].next, first_of(l, s), memory_order_relaxed);
}

static void take_indices(void *loop, int thread) {
    struct loop *l = loop;
    int own = (int)((int64_t)thread * l->shares / l->threads);
    for (int n = 0; n < l->shares; n++) {
        int s = (own + n) % l->shares;
        int64_t index, end = first_of(l, s + 1);
        while ((index = atomic_fetch_add(&l->share[s].next, 1)) < end) l->body(l->context, index, thread);
    }
}

/* ---- workers -------------------------------------------------------------------------------------------- */

static bool worker_is_wanted(void *of) {
    const struct worker *w = of;
    return loop_of(atomic_load(&w->pool->state)) != w->seen || atomic_load(&w->pool->stop);
}

/* Unless the loop is over already. */
static bool join_loop(struct worker *w) {
    struct pool *p = w->pool;
    uint64_t state = atomic_load(&p->state);
    while (state & OPEN)
        if (atomic_compare_exchange_weak(&p->state, &state, state + ONE_INSIDE)) break;
    w->seen = loop_of(state);
    return state & OPEN;
}

static void leave_loop(struct pool *p) {
    uint64_t before = atomic_fetch_sub(&p->state, ONE_INSIDE);
    if ((before & INSIDE) != ONE_INSIDE || !atomic_load(&p->caller_sleeps)) return;
    pthread_mutex_lock(&p->lock);
    pthread_cond_signal(&p->done);
    pthread_mutex_unlock(&p->lock);
}

static void *worker_main(void *argument) {
    struct worker *w = argument;
    struct pool *p = w->pool;
    for (;;) {
        if (!spin(worker_is_wanted, w, p->spins)) {
            pthread_mutex_lock(&p->lock);
            atomic_fetch_add(&p->sleepers,
                             1); /* before it looks again: who opens a loop looks at this after it */
            while (!worker_is_wanted(w)) pthread_cond_wait(&p->work, &p->lock);
            atomic_fetch_sub(&p->sleepers, 1);
            pthread_mutex_unlock(&p->lock);
        }
        if (atomic_load(&p->stop)) return NULL;
        if (!join_loop(w)) continue;
        take_indices(&p->loop, w->index);
        leave_loop(p);
    }
}

int pool_available_threads(void) {
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    int quota = cpu_quota("/proc/self/cgroup", "/sys/fs/cgroup");
    if (quota && quota < count) count = quota;
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
        *w = (struct worker){.pool = p, .index = p->started, .seen = loop_of(p->state)};
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
    p->state &= ~(INSIDE | OPEN);
    p->sleepers = 0;
    p->caller_sleeps = false;
}

static struct pool *new_pool(int threads) {
    if (threads <= 0) threads = pool_available_threads();
    struct pool *p = calloc(1, sizeof *p + (size_t)threads * sizeof p->workers[0]);
    if (p) p->threads = threads;
    return p;
}

struct pool *pool_create_on(pool_team *run, void *team, int threads) {
    struct pool *p = new_pool(threads);
    if (p) p->team = run, p->team_argument = team;
    return p;
}

struct pool *pool_create(int threads) {
    struct pool *p = new_pool(threads);
    if (!p) return NULL;
    init_locks(p);
    p->spins = p->threads <= pool_available_threads();
    p->started = 1;
    after_fork_add(&p->after_fork, forget_workers, p);
    if (start_workers(p)) return p;
    pool_destroy(p);
    return NULL;
}

static void stop_workers(struct pool *p) {
    after_fork_remove(&p->after_fork);
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->stop, true);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 1; i < p->started; i++) pthread_join(p->workers[i].thread, NULL);
    pthread_cond_destroy(&p->done);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->run_lock);
}

void pool_destroy(struct pool *p) {
    if (p && !p->team) stop_workers(p);
    free(p);
}

int pool_threads(const struct pool *p) { return p->threads; }

static bool nobody_is_inside(void *of) { return !(atomic_load(&((struct pool *)of)->state) & INSIDE); }

static void run_on_team(struct pool *p, int shares, int64_t count, pool_body *body, void *context) {
    struct loop loop;
    begin_loop(&loop, shares, p->threads, count, body, context);
    p->team(p->team_argument, count < p->threads ? (int)count : p->threads, take_indices, &loop);
    take_indices(&loop, 0);
}

static void run_on_workers(struct pool *p, int shares, int64_t count, pool_body *body, void *context) {
    pthread_mutex_lock(&p->run_lock);
    start_workers(p); /* in a forked child; with fewer it takes longer */
    begin_loop(&p->loop, shares, p->threads, count, body, context);
    atomic_fetch_add(&p->state, ONE_LOOP | OPEN);
    if (count > 1 && atomic_load(&p->sleepers)) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_broadcast(&p->work);
        pthread_mutex_unlock(&p->lock);
    }
    take_indices(&p->loop, 0);
    atomic_fetch_sub(&p->state, OPEN);
    if (!spin(nobody_is_inside, p, p->spins)) {
        pthread_mutex_lock(&p->lock);
        atomic_store(&p->caller_sleeps, true);
        while (!nobody_is_inside(p)) pthread_cond_wait(&p->done, &p->lock);
        atomic_store(&p->caller_sleeps, false);
        pthread_mutex_unlock(&p->lock);
    }
    pthread_mutex_unlock(&p->run_lock);
}

static void run(struct pool *p, int shares, int64_t count, pool_body *body, void *context) {
    if (count > 0) (p->team ? run_on_team : run_on_workers)(p, shares, count, body, context);
}

void pool_run(struct pool *p, int64_t count, pool_body *body, void *context) {
    run(p, 1, count, body, context);
}

void pool_run_shares(struct pool *p, int64_t count, pool_body *body, void *context) {
    run(p, p->threads, count, body, context);
}
