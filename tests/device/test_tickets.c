/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Parts of K: the last work-group of a tile adds them up, whichever it is. The workspace is whatever the caller has: no
 * content of it, no order of work-groups and no number of host threads changes a bit, and neither does what a run or
 * another plan has left in it.
 */
#include <stdio.h>

#include "product.h"

enum { THREADS = 3, SCHEDULES = 6, RUNS = 3 };

static const struct tiles {
    struct layer_shape shape;
    w4a16_dtype act;
    int64_t M;
    const char *mask, *kernel;
} cases[] = {
    {{200, 1024, 128, 1, 0, 1}, W4A16_F16, 130, "w4a16_strip*,w4a16_matrix_f16_64*", "f16_128x128_g32_sym"},
    {{136, 768, 64, 0, 1, 0}, W4A16_BF16, 65, "w4a16_strip*", "bf16_64x128_g32_asym"},
    {{72, 400, 48, 0, 0, 1}, W4A16_F16, 70, "w4a16_strip*", "f16_64x128_g16_asym"},
};

struct tiled {
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_run_args args;
    size_t elements, space;
};

static struct tiled prepare(const struct tiles *c, w4a16_device *device) {
    struct tiled t = {.device = device, .elements = (size_t)(c->M * c->shape.N)};
    struct owned_layer layer = make_layer(&c->shape, 7);
    w4a16_problem problem;
    w4a16_launch_info launch;
    w4a16_error error;
    must(w4a16_weights_create(device, &layer.layer, &t.weights, &error), &error);
    free_layer(&layer);
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, t.weights);
    problem.shape.M = c->M, problem.act = c->act;
    must(w4a16_plan_create(device, t.weights, &problem, &t.plan, &error), &error);
    size_t last = w4a16_plan_launches(t.plan) - 1;
    must(w4a16_plan_launch(t.plan, last, &launch, &error), &error);
    if (!strstr(launch.kernel, c->kernel)) fail_msg("%s is not %s", launch.kernel, c->kernel);
    assert_true(launch.grid[2] > 1);
    t.space = w4a16_plan_workspace(t.plan);
    uint16_t *a = random_activations(c->act, c->M * c->shape.K, 3);
    t.args = (w4a16_run_args){.struct_size = sizeof t.args};
    t.args.a = upload(device, a, (size_t)(c->M * c->shape.K) * 2);
    must(w4a16_buffer_alloc(device, t.elements * 2, &t.args.out, &error), &error);
    must(w4a16_buffer_alloc(device, t.space, &t.args.workspace, &error), &error);
    free(a);
    return t;
}

/* All but the device. */
static void finish(struct tiled *t) {
    const w4a16_address used[] = {t->args.a, t->args.out, t->args.workspace};
    for (size_t n = 0; n < 3; n++) w4a16_buffer_free(t->device, used[n], NULL);
    w4a16_plan_free(t->plan);
    w4a16_weights_free(t->weights);
}

/* Runs; out is poisoned first. */
static void run(struct tiled *t, uint16_t *out) {
    w4a16_error error;
    memset(out, 0x5a, t->elements * 2);
    must(w4a16_copy_to_device(t->device, t->args.out, out, t->elements * 2, &error), &error);
    must(w4a16_run(t->plan, &t->args, NULL, &error), &error);
    must(w4a16_copy_from_device(t->device, out, t->args.out, t->elements * 2, &error), &error);
}

static void run_same(struct tiled *t, const uint16_t *first, const char *what) {
    uint16_t *out = malloc(t->elements * 2);
    for (int n = 0; n < RUNS; n++) {
        run(t, out);
        if (memcmp(out, first, t->elements * 2) != 0) fail_msg("other bits in run %d, %s", n, what);
    }
    free(out);
}

/* What a workspace may hold before the first run. */
enum content { ZEROS, ONES, SMALL, RANDOM, CONTENTS };
static void fill(struct tiled *t, enum content content) {
    uint64_t *words = malloc(t->space);
    w4a16_error error;
    for (size_t n = 0; n < t->space / 8; n++)
        words[n] = content == ZEROS   ? 0
                   : content == ONES  ? UINT64_MAX
                   : content == SMALL ? n % 9
                                      : random_at(9, n);
    must(w4a16_copy_to_device(t->device, t->args.workspace, words, t->space, &error), &error);
    free(words);
}

static void check(const struct tiles *c, const struct tiled *t, const uint16_t *out) {
    struct owned_layer layer = make_layer(&c->shape, 7);
    uint16_t *a = random_activations(c->act, c->M * c->shape.K, 3);
    double *y = malloc(t->elements * 8), *bound = malloc(t->elements * 8);
    w4a16_accuracy accuracy = {0};
    w4a16_order order;
    w4a16_error error;
    w4a16_plan_order(t->plan, &order);
    must(w4a16_reference(&layer.layer, c->act, c->M, a, c->shape.K, y, bound, 1, &error), &error);
    must(w4a16_compare(c->act, c->M, c->shape.N, out, c->shape.N, y, bound, &order, &accuracy, &error),
         &error);
    assert_int_equal(accuracy.violations, 0);
    free(a), free(y), free(bound);
    free_layer(&layer);
}

static uint16_t *first_bits(const struct tiles *c) {
    struct tiled t = prepare(c, open_sim(1, 0, c->mask));
    uint16_t *out = malloc(t.elements * 2);
    run(&t, out);
    check(c, &t, out);
    run_same(&t, out, "as the run before left it");
    finish(&t);
    w4a16_device_close(t.device);
    return out;
}

static void test_contents(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        uint16_t *first = first_bits(&cases[n]);
        for (int threads = 1; threads <= THREADS; threads += THREADS - 1) {
            struct tiled t = prepare(&cases[n], open_sim(threads, 0, cases[n].mask));
            for (int content = 0; content < CONTENTS; content++) {
                char what[64];
                snprintf(what, sizeof what, "content %d, %d threads", content, threads);
                fill(&t, (enum content)content);
                run_same(&t, first, what);
            }
            finish(&t);
            w4a16_device_close(t.device);
        }
        free(first);
    }
}

/* Other work-groups are the last to come. */
static void test_schedules(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        uint16_t *first = first_bits(&cases[n]);
        for (uint64_t seed = 1; seed <= SCHEDULES; seed++) {
            struct tiled t = prepare(&cases[n], open_sim(1 + (int)seed % 2, seed, cases[n].mask));
            run_same(&t, first, "under another schedule");
            finish(&t);
            w4a16_device_close(t.device);
        }
        free(first);
    }
}

/* Two plans in one workspace, in turns: what one leaves lies where the other has its tickets. */
static void test_leftovers(void **state) {
    (void)state;
    enum { PLANS = 2 };
    w4a16_device *device = open_sim(2, 0, "w4a16_strip*");
    struct tiled t[PLANS];
    uint16_t *first[PLANS];
    for (int n = 0; n < PLANS; n++) {
        t[n] = prepare(&cases[1 + n], device);
        first[n] = malloc(t[n].elements * 2);
        run(&t[n], first[n]);
        check(&cases[1 + n], &t[n], first[n]);
    }
    const struct tiled *larger = &t[t[1].space > t[0].space];
    for (int turn = 0; turn < 6; turn++) {
        struct tiled shared = t[turn % PLANS];
        shared.args.workspace = larger->args.workspace;
        run_same(&shared, first[turn % PLANS], "behind another plan");
    }
    for (int n = 0; n < PLANS; n++) free(first[n]), finish(&t[n]);
    w4a16_device_close(device);
}

/* A workspace that nobody has written is nothing that strict mode reports. */
static void test_strict(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        w4a16_device_options options;
        w4a16_device *device;
        w4a16_error error;
        w4a16_device_options_init(&options, sizeof options);
        options.kernel_mask = cases[n].mask, options.strict = 1, options.schedule_seed = n;
        must(w4a16_device_open(&options, &device, &error), &error);
        struct tiled t = prepare(&cases[n], device);
        uint16_t *first = first_bits(&cases[n]);
        run_same(&t, first, "strict");
        free(first);
        finish(&t);
        w4a16_device_close(t.device);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_contents), cmocka_unit_test(test_schedules),
                                       cmocka_unit_test(test_leftovers), cmocka_unit_test(test_strict)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
