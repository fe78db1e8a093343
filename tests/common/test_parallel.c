/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The pool: every index once, for every thread count, also when several threads use one pool, on
 * threads of the caller's own, and in forked children; and who begins where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parallel.h"

enum { INDICES = 1000, ROUNDS = 200, CALLERS = 4, SEATS = 70 /* more than a loop has shares */ };

struct loop {
    int threads;
    int calls[INDICES]; /* each index is one thread's: no race unless the pool errs */
    int wrong_thread;   /* set atomically */
};

static void count_call(void *context, int64_t index, int thread) {
    struct loop *loop = context;
    __atomic_fetch_add(&loop->calls[index], 1, __ATOMIC_RELAXED);
    if (thread < 0 || thread >= loop->threads) __atomic_store_n(&loop->wrong_thread, 1, __ATOMIC_RELAXED);
}

static int each_once(const struct loop *loop, int64_t count) {
    for (int64_t i = 0; i < INDICES; i++)
        if (loop->calls[i] != (i < count)) return 0;
    return !loop->wrong_thread;
}

typedef void run_fn(struct pool *pool, int64_t count, pool_body *body, void *context);
static run_fn *const runs[] = {pool_run, pool_run_shares};

static void test_each_index_once(void **state) {
    (void)state;
    static const int64_t counts[] = {0, 1, 2, 3, 7, INDICES - 1, INDICES};
    for (int threads = 1; threads <= 9; threads++) {
        struct pool *pool = pool_create(threads);
        assert_non_null(pool);
        assert_int_equal(pool_threads(pool), threads);
        for (int round = 0; round < ROUNDS; round++) {
            struct loop loop = {.threads = threads};
            int64_t count = counts[(size_t)round % (sizeof counts / sizeof counts[0])];
            runs[round % 2](pool, count, count_call, &loop);
            assert_true(each_once(&loop, count)); /* nothing is still running, nothing was left out */
        }
        pool_destroy(pool);
    }
}

/* ---- shares -------------------------------------------------------------------------------------------- */

/* Threads that wait for each other after their first index, so that nobody is late and none takes another's share. */
struct shares {
    int threads;
    _Atomic int begun;
    int thread_of[SEATS];
};
static void note_thread(void *context, int64_t index, int thread) {
    struct shares *s = context;
    s->thread_of[index] = thread;
    atomic_fetch_add(&s->begun, 1);
    while (atomic_load(&s->begun) < s->threads) sched_yield();
}

/* One index for each thread: it is that of its place. */
static void test_shares(void **state) {
    (void)state;
    static const int some[] = {1, 2, 3, 8, 64};
    for (size_t n = 0; n < sizeof some / sizeof some[0]; n++) {
        struct pool *pool = pool_create(some[n]);
        assert_non_null(pool);
        for (int round = 0; round < 20; round++) {
            struct shares s = {.threads = some[n]};
            pool_run_shares(pool, some[n], note_thread, &s);
            for (int i = 0; i < some[n]; i++) assert_int_equal(s.thread_of[i], i);
        }
        pool_destroy(pool);
    }
}

static void test_more_threads_than_shares(void **state) {
    (void)state;
    struct pool *pool = pool_create(SEATS);
    assert_non_null(pool);
    for (int64_t count = 1; count < 2 * SEATS; count += 23) {
        struct loop loop = {.threads = SEATS};
        pool_run_shares(pool, count, count_call, &loop);
        assert_true(each_once(&loop, count));
    }
    pool_destroy(pool);
}

/* A thread alone takes its own share, and then the others' in turn. */
static void append(void *context, int64_t index, int thread) {
    struct shares *s = context;
    (void)thread;
    s->thread_of[atomic_fetch_add(&s->begun, 1)] = (int)index;
}
static void run_third(void *unused, int count, pool_member *member, void *loop) {
    (void)unused;
    if (count == 4) member(loop, 2);
}
static void test_other_shares_follow(void **state) {
    (void)state;
    struct pool *pool = pool_create_on(run_third, NULL, 4);
    struct shares s = {0};
    assert_non_null(pool);
    pool_run_shares(pool, 10, append, &s); /* shares 0 1 2, 3 4 5, 6 7, 8 9 */
    static const int order[] = {6, 7, 8, 9, 0, 1, 2, 3, 4, 5};
    for (int i = 0; i < 10; i++) assert_int_equal(s.thread_of[i], order[i]);
    s.begun = 0;
    pool_run(pool, 10, append, &s);
    for (int i = 0; i < 10; i++) assert_int_equal(s.thread_of[i], i);
    pool_destroy(pool);
}

static void test_all_available(void **state) {
    (void)state;
    struct pool *pool = pool_create(0);
    assert_non_null(pool);
    assert_int_equal(pool_threads(pool), pool_available_threads());
    assert_true(pool_available_threads() >= 1);
    pool_destroy(pool);
    pool_destroy(NULL);
}

static void *call_often(void *shared) {
    struct pool *pool = shared;
    for (int round = 0; round < ROUNDS; round++) {
        struct loop loop = {.threads = pool_threads(pool)};
        runs[round % 2](pool, INDICES, count_call, &loop);
        if (!each_once(&loop, INDICES)) return shared;
    }
    return NULL;
}

static void test_several_callers(void **state) {
    (void)state;
    struct pool *pool = pool_create(3);
    pthread_t callers[CALLERS];
    assert_non_null(pool);
    for (int n = 0; n < CALLERS; n++)
        assert_int_equal(pthread_create(&callers[n], NULL, call_often, pool), 0);
    for (int n = 0; n < CALLERS; n++) {
        void *wrong;
        pthread_join(callers[n], &wrong);
        assert_null(wrong);
    }
    pool_destroy(pool);
}

/* ---- the caller's threads ------------------------------------------------------------------------------ */

static void run_backwards(void *calls, int count, pool_member *member, void *loop) {
    ++*(int *)calls;
    for (int n = count; n-- > 0;) member(loop, n);
}
static void run_nothing(void *calls, int count, pool_member *member, void *loop) {
    (void)count, (void)member, (void)loop;
    ++*(int *)calls;
}

struct seat {
    pool_member *member;
    void *loop;
    int n;
};
static void *sit(void *seat) {
    const struct seat *s = seat;
    s->member(s->loop, s->n);
    return NULL;
}
static void run_on_threads(void *calls, int count, pool_member *member, void *loop) {
    __atomic_fetch_add((int *)calls, 1, __ATOMIC_RELAXED);
    pthread_t threads[8];
    struct seat seats[8];
    for (int n = 0; n < count; n++) {
        seats[n] = (struct seat){member, loop, n};
        pthread_create(&threads[n], NULL, sit, &seats[n]);
    }
    for (int n = 0; n < count; n++) pthread_join(threads[n], NULL);
}

static void test_teams(void **state) {
    (void)state;
    pool_team *const teams[] = {run_backwards, run_nothing, run_on_threads};
    for (size_t t = 0; t < sizeof teams / sizeof teams[0]; t++)
        for (int threads = 1; threads <= 8; threads += 3) {
            int calls = 0;
            struct pool *pool = pool_create_on(teams[t], &calls, threads);
            assert_non_null(pool);
            assert_int_equal(pool_threads(pool), threads);
            for (int64_t count = 0; count < 20; count++) {
                struct loop loop = {.threads = count < threads ? (int)count : threads};
                runs[count % 2](pool, count, count_call, &loop);
                assert_true(each_once(&loop, count));
            }
            assert_int_equal(calls, 19); /* a loop of nothing is none */
            pool_destroy(pool);
        }
}

static void test_several_callers_on_a_team(void **state) {
    (void)state;
    int calls = 0;
    struct pool *pool = pool_create_on(run_on_threads, &calls, 3);
    pthread_t callers[CALLERS];
    assert_non_null(pool);
    for (int n = 0; n < CALLERS; n++)
        assert_int_equal(pthread_create(&callers[n], NULL, call_often, pool), 0);
    for (int n = 0; n < CALLERS; n++) {
        void *wrong;
        pthread_join(callers[n], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(calls, CALLERS * ROUNDS);
    pool_destroy(pool);
}

/* ---- forks --------------------------------------------------------------------------------------------- */

static int loop_in_child(struct pool *pool) {
    for (int round = 0; round < 5; round++) {
        struct loop loop = {.threads = pool_threads(pool)};
        pool_run(pool, INDICES, count_call, &loop);
        if (!each_once(&loop, INDICES)) return 1;
    }
    return 0;
}

/* The child's verdict; a child that hangs is killed. */
static void must_go_on_in_child(struct pool *pool) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        alarm(20);
        int wrong = loop_in_child(pool);
        pool_destroy(pool);
        _exit(wrong);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Before the first loop, after it, and in a child of a child. */
static void test_fork(void **state) {
    (void)state;
    struct pool *pool = pool_create(4);
    assert_non_null(pool);
    must_go_on_in_child(pool);
    assert_int_equal(loop_in_child(pool), 0);
    must_go_on_in_child(pool);
    pid_t child = fork();
    if (!child) {
        alarm(20);
        struct pool *own = pool_create(2);
        must_go_on_in_child(pool);
        int wrong = loop_in_child(pool) || loop_in_child(own);
        must_go_on_in_child(pool);
        pool_destroy(own);
        _exit(wrong);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(loop_in_child(pool), 0); /* the parent noticed nothing */
    pool_destroy(pool);
}

struct busy {
    struct pool *pool;
    int stop, loops; /* atomic */
};

static void *loop_until_told(void *shared) {
    struct busy *busy = shared;
    while (!__atomic_load_n(&busy->stop, __ATOMIC_RELAXED)) {
        struct loop loop = {.threads = pool_threads(busy->pool)};
        pool_run(busy->pool, INDICES, count_call, &loop);
        __atomic_fetch_add(&busy->loops, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Another thread is in a loop, and holds whatever it holds, when the process forks. */
static void test_fork_while_busy(void **state) {
    (void)state;
    struct busy busy = {.pool = pool_create(3)};
    pthread_t thread;
    assert_non_null(busy.pool);
    assert_int_equal(pthread_create(&thread, NULL, loop_until_told, &busy), 0);
    while (!__atomic_load_n(&busy.loops, __ATOMIC_RELAXED)) sched_yield();
    for (int n = 0; n < 20; n++) must_go_on_in_child(busy.pool);
    __atomic_store_n(&busy.stop, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    pool_destroy(busy.pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_index_once),
                                       cmocka_unit_test(test_shares),
                                       cmocka_unit_test(test_more_threads_than_shares),
                                       cmocka_unit_test(test_other_shares_follow),
                                       cmocka_unit_test(test_all_available),
                                       cmocka_unit_test(test_several_callers),
                                       cmocka_unit_test(test_teams),
                                       cmocka_unit_test(test_several_callers_on_a_team),
                                       cmocka_unit_test(test_fork),
                                       cmocka_unit_test(test_fork_while_busy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
