/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The pool and runs of the cpu device under ThreadSanitizer: loops long and short, threads asleep and awake, several
 * callers, and whole products, dense ones and mixtures. Built of the pool and the portable kernel alone, all of it
 * instrumented.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include "cpu/linear.h"
#include "half.h"
#include "random.h"

enum { THREADS = 3, CALLERS = 3, LOOPS = 60, N = 100, K = 256, M = 40, EXPERTS = 4, TOP_K = 2, GROUP = 64 };
enum { STRIPS = (N + PACK_STRIP - 1) / PACK_STRIP, BLOCKS = K / PACK_BLOCK, GROUPS = K / GROUP };

static struct pool *pool;

static void add_index(void *sum, int64_t index, int thread) {
    (void)thread;
    ((int64_t *)sum)[index] += index; /* each index is one thread's */
}

static void *loops(void *wrong) {
    for (int round = 0; round < LOOPS; round++) {
        int64_t sums[40] = {0}, count = 1 + round % 40;
        pool_run(pool, count, add_index, sums);
        for (int64_t i = 0; i < count; i++)
            if (sums[i] != i) return wrong;
        if (round % 8 == 0) usleep(300); /* until the threads are asleep */
    }
    return NULL;
}

static void test_loops(void **state) {
    (void)state;
    pthread_t callers[CALLERS];
    int wrong;
    for (int n = 0; n < CALLERS; n++) assert_int_equal(pthread_create(&callers[n], NULL, loops, &wrong), 0);
    for (int n = 0; n < CALLERS; n++) {
        void *result;
        pthread_join(callers[n], &result);
        assert_null(result);
    }
}

/* ---- products -------------------------------------------------------------------------------------------- */

static unsigned char weights[EXPERTS * STRIPS * BLOCKS * PACK_BLOCK_BYTES];
static uint16_t scales[EXPERTS * STRIPS * GROUPS * PACK_STRIP], a[M * K], out[2][M * TOP_K * N];
static int32_t ids[M * TOP_K], slots[M * TOP_K], starts[EXPERTS + 1];
static float prepared[M * TOP_K * K], results[M * TOP_K * STRIPS * PACK_STRIP];

static uint64_t address(const void *of) { return (uint64_t)(uintptr_t)of; }

/* On all threads, and on one: the same bits. */
static void run_both(struct cpu_linear_args args, size_t elements) {
    struct pool *one = pool_create(1);
    for (int which = 0; which < 2; which++) {
        memset(prepared, 0xff, sizeof prepared);
        memset(out[which], 0x55, sizeof out[which]);
        args.out = address(out[which]);
        cpu_linear_portable(&args, which ? one : pool);
    }
    pool_destroy(one);
    assert_memory_equal(out[0], out[1], elements * 2);
}

static void test_products(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof weights; i++) weights[i] = (unsigned char)random_at(1, i);
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) scales[i] = float_to_f16(0.01f);
    for (size_t i = 0; i < sizeof a / sizeof *a; i++) a[i] = float_to_bf16(random_normal(random_at(2, i)));
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) ids[i] = (int32_t)(random_at(3, i) % EXPERTS);
    struct cpu_linear_args args = {.weights = address(weights),
                                   .scales = address(scales),
                                   .a = address(a),
                                   .M = M,
                                   .N = N,
                                   .K = K,
                                   .padded_K = K,
                                   .group_size = GROUP,
                                   .blocks = BLOCKS,
                                   .groups = GROUPS,
                                   .lda = K,
                                   .ldo = N,
                                   .act_bf16 = 1,
                                   .grid = {.strip_stride = GROUPS * PACK_STRIP, .group_stride = PACK_STRIP},
                                   .prepared = address(prepared),
                                   .slots = address(slots),
                                   .starts = address(starts),
                                   .results = address(results)};
    run_both(args, M * N);
    args.experts = EXPERTS, args.top_k = TOP_K, args.ids = address(ids);
    run_both(args, M * TOP_K * N);
    args.M = M / TOP_K, args.weighs = args.adds = 1;
    run_both(args, M / TOP_K * N);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_loops), cmocka_unit_test(test_products)};
    pool = pool_create(THREADS);
    if (!pool) return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pool_destroy(pool);
    return failed;
}
