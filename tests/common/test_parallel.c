/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The pool: every index once, for every thread count, also when several threads use one pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "parallel.h"

enum { INDICES = 1000, ROUNDS = 200, CALLERS = 4 };

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

static void test_each_index_once(void **state) {
    (void)state;
    static const int64_t counts[] = {0, 1, 2, 3, 7, INDICES};
    for (int threads = 1; threads <= 9; threads++) {
        struct pool *pool = pool_create(threads);
        assert_non_null(pool);
        assert_int_equal(pool_threads(pool), threads);
        for (int round = 0; round < ROUNDS; round++) {
            struct loop loop = {.threads = threads};
            int64_t count = counts[(size_t)round % (sizeof counts / sizeof counts[0])];
            pool_run(pool, count, count_call, &loop);
            assert_true(each_once(&loop, count)); /* nothing is still running, nothing was left out */
        }
        pool_destroy(pool);
    }
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
        pool_run(pool, INDICES, count_call, &loop);
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_index_once),
                                       cmocka_unit_test(test_all_available),
                                       cmocka_unit_test(test_several_callers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
