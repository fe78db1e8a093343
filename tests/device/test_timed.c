/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What a run on a modelled card says of time, memory and launches; bits are those of a run that is not timed. */
#include "laid.h"

enum { N = 512, K = 1024, PLAIN_BYTES = N * K / 2 };

struct timed {
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_run_args args;
    int launches;
};

static struct timed prepare(const char *card, int warm, int act_order) {
    struct timed t;
    w4a16_device_options options;
    w4a16_problem problem;
    w4a16_error error;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = W4A16_DEVICE_SIM;
    options.threads = 1;
    options.timing_card = card;
    options.timing_warm = warm;
    must(w4a16_device_open(&options, &t.device, &error), &error);
    const struct layer_shape shape = {N, K, 128, 1, act_order, 0};
    struct owned_layer o = make_layer(&shape, 3);
    must(w4a16_weights_create(t.device, &o.layer, &t.weights, &error), &error);
    free_layer(&o);
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, t.weights);
    problem.shape.M = M;
    must(w4a16_plan_create(t.device, t.weights, &problem, &t.plan, &error), &error);
    t.launches = (int)w4a16_plan_launches(t.plan);
    uint16_t *a = calloc(M * K, 2);
    for (int i = 0; i < M * K; i++) a[i] = float_to_f16(random_normal(random_at(9, (uint64_t)i)));
    t.args = (w4a16_run_args){.struct_size = sizeof t.args, .a = upload(t.device, a, 2 * M * K)};
    must(w4a16_buffer_alloc(t.device, 2 * M * N, &t.args.out, &error), &error);
    must(w4a16_buffer_alloc(t.device, w4a16_plan_workspace(t.plan), &t.args.workspace, &error), &error);
    free(a);
    return t;
}

static w4a16_run_stats run(const struct timed *t) {
    w4a16_run_stats stats;
    w4a16_error error;
    must(w4a16_run(t->plan, &t->args, &stats, &error), &error);
    return stats;
}

static void release(struct timed *t) {
    w4a16_buffer_free(t->device, t->args.a, NULL);
    w4a16_buffer_free(t->device, t->args.out, NULL);
    w4a16_buffer_free(t->device, t->args.workspace, NULL);
    w4a16_plan_free(t->plan);
    w4a16_weights_free(t->weights);
    w4a16_device_close(t->device);
}

/* Weights come from memory, in whole lines and once, at no more than what the card has. */
static void test_cold(void **state) {
    (void)state;
    enum { CARD_GB_S = 960 };
    for (int act_order = 0; act_order < 2; act_order++) {
        struct timed t = prepare("7900 XTX", 0, act_order);
        w4a16_run_stats first = run(&t), second = run(&t);
        assert_int_equal(first.modelled_launches, t.launches);
        assert_int_equal(first.sampled_launches, 0);
        assert_true(first.memory_bytes >= PLAIN_BYTES && first.memory_bytes < 3 * PLAIN_BYTES / 2);
        assert_true(first.modelled_seconds > PLAIN_BYTES / (CARD_GB_S * 1e9) &&
                    first.modelled_seconds < 1e-4);
        /* A launch takes the shader's cycles and what lies around them. */
        assert_true(first.modelled_seconds > (double)first.modelled_cycles / 3e9 &&
                    first.modelled_seconds < (double)first.modelled_cycles / 2e9 + 5e-6 * t.launches);
        assert_int_equal(second.modelled_cycles, first.modelled_cycles); /* cold again */
        assert_int_equal(second.memory_bytes, first.memory_bytes);
        release(&t);
    }
}

/* What the run before has left is not read again. */
static void test_warm(void **state) {
    (void)state;
    struct timed t = prepare("7900 XTX", 1, 0);
    w4a16_run_stats first = run(&t), second = run(&t);
    assert_true(first.memory_bytes >= PLAIN_BYTES && second.memory_bytes < PLAIN_BYTES / 8);
    assert_true(second.modelled_seconds < first.modelled_seconds);
    release(&t);
}

static void test_untimed(void **state) {
    (void)state;
    struct timed with = prepare("7900 XTX", 0, 0), without = prepare(NULL, 0, 0);
    uint16_t timed[M * N], plain[M * N];
    w4a16_error error;
    w4a16_run_stats times = run(&with), stats = run(&without);
    assert_true(stats.modelled_launches == 0 && stats.modelled_seconds == 0 && stats.modelled_cycles == 0 &&
                stats.memory_bytes == 0 && stats.sampled_launches == 0);
    assert_int_equal(times.wave_instructions, stats.wave_instructions);
    must(w4a16_copy_from_device(with.device, timed, with.args.out, sizeof timed, &error), &error);
    must(w4a16_copy_from_device(without.device, plain, without.args.out, sizeof plain, &error), &error);
    assert_memory_equal(timed, plain, sizeof plain);
    release(&with);
    release(&without);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cold), cmocka_unit_test(test_warm),
                                       cmocka_unit_test(test_untimed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
