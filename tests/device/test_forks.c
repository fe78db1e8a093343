/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Processes that fork, idle or in the middle of a run: parent and child go on. */
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "laid.h"

/* Products of a device that was opened before the fork, and of one of its own; then frees everything. */
static int works_in_child(struct laid *l, const uint16_t *expected) {
    uint16_t out[M * LDO];
    w4a16_error error;
    alarm(20);
    if (w4a16_run(l->plan, &l->args, NULL, &error) != W4A16_OK) return 1;
    if (w4a16_copy_from_device(l->device, out, l->args.out, l->out_bytes, &error) != W4A16_OK) return 2;
    if (memcmp(out, expected, l->out_bytes) != 0) return 3;
    w4a16_device_info info;
    w4a16_device_get_info(l->device, &info);
    struct laid own = lay(info.kind);
    if (w4a16_run(own.plan, &own.args, NULL, &error) != W4A16_OK) return 4;
    lift(&own);
    lift(l);
    return 0;
}

static void test_fork(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct laid l = lay(kinds[k]);
        struct owned_layer o = make_layer(&dense, 1);
        uint16_t *a = random_activations(W4A16_F16, M * LDA, 2), out[M * LDO];
        w4a16_error error;
        w4a16_device *threads = open_device(kinds[k], 4, 0, NULL); /* so that there is something to lose */
        must(w4a16_copy_to_device(l.device, l.args.a, a, l.a_bytes, &error), &error);
        must(w4a16_run(l.plan, &l.args, NULL, &error), &error);
        must(w4a16_copy_from_device(l.device, out, l.args.out, l.out_bytes, &error), &error);
        pid_t child = fork();
        assert_true(child >= 0);
        if (!child) {
            int wrong = works_in_child(&l, out);
            w4a16_weights *weights;
            if (!wrong && w4a16_weights_create(threads, &o.layer, &weights, NULL) != W4A16_OK) wrong = 5;
            if (!wrong) w4a16_weights_free(weights);
            w4a16_device_close(threads);
            _exit(wrong);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        must(w4a16_run(l.plan, &l.args, NULL, &error), &error);
        w4a16_device_close(threads);
        lift(&l);
        free_layer(&o);
        free(a);
    }
}

struct busy {
    const struct laid *laid;
    int stop, runs; /* atomic */
};

static void *run_until_told(void *shared) {
    struct busy *busy = shared;
    while (!__atomic_load_n(&busy->stop, __ATOMIC_RELAXED)) {
        w4a16_run(busy->laid->plan, &busy->laid->args, NULL, NULL);
        __atomic_fetch_add(&busy->runs, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Another thread is in a run, with the locks that belong to it, when the process forks. */
static void test_fork_while_running(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct laid l = lay(kinds[k]);
        struct busy busy = {.laid = &l};
        uint16_t out[M * LDO];
        pthread_t thread;
        w4a16_error error;
        must(w4a16_run(l.plan, &l.args, NULL, &error), &error);
        must(w4a16_copy_from_device(l.device, out, l.args.out, l.out_bytes, &error), &error);
        assert_int_equal(pthread_create(&thread, NULL, run_until_told, &busy), 0);
        while (!__atomic_load_n(&busy.runs, __ATOMIC_RELAXED)) sched_yield();
        for (int n = 0; n < 10; n++) {
            pid_t child = fork();
            assert_true(child >= 0);
            if (!child) _exit(works_in_child(&l, out));
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_int_equal(status, 0);
        }
        __atomic_store_n(&busy.stop, 1, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
        lift(&l);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fork),
                                       cmocka_unit_test(test_fork_while_running)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
