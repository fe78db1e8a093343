/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a row costs in every class of M, in wave instructions of the simulated gfx1100: no class may cost more
 * per row than the next smaller one, and one row more than a class holds must not cost more than twice the
 * class. docs/kernels.md has the figures (--print).
 */
#include <stdio.h>

#include "product.h"

enum { N = 4096, GROUP = 128 };
static int64_t K = 256;
static const int64_t full[] = {1, 2, 4, 8, 16, 32, 64, 128, 512};
enum { CLASSES = sizeof full / sizeof full[0], DECODE_CLASSES = 5 };

/* Instructions for M rows; *kernel names the one chosen. */
static double instructions(w4a16_device *device, const w4a16_weights *weights, w4a16_dtype act, int64_t M,
                           const char **kernel) {
    w4a16_problem problem;
    w4a16_plan *plan;
    w4a16_error error;
    w4a16_problem_init(&problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.M = M, problem.act = act;
    must(w4a16_plan_create(device, weights, &problem, &plan, &error), &error);
    uint16_t *a = random_activations(act, (size_t)(M * K), 2);
    w4a16_run_args args = {.struct_size = sizeof args, .a = upload(device, a, (size_t)(M * K) * 2)};
    must(w4a16_buffer_alloc(device, (size_t)(M * N) * 2, &args.out, &error), &error);
    w4a16_run_stats stats;
    must(w4a16_run(plan, &args, &stats, &error), &error);
    *kernel = w4a16_plan_launch(plan, 0).kernel;
    w4a16_plan_free(plan);
    w4a16_buffer_free(device, args.a, NULL);
    w4a16_buffer_free(device, args.out, NULL);
    free(a);
    return (double)stats.wave_instructions;
}

static void test_classes(void **state) {
    int print = *state != NULL;
    if (print) K = 1024;
    const struct layer_shape shape = {N, K, GROUP, 1, 0, 0};
    struct owned_layer owned = make_layer(&shape, 1);
    w4a16_device *device = open_sim(2, 0, NULL);
    w4a16_weights *weights;
    w4a16_error error;
    must(w4a16_weights_create(device, &owned.layer, &weights, &error), &error);
    for (w4a16_dtype act = W4A16_F16; act <= W4A16_BF16; act++) {
        double before = 0;
        for (int c = 0; c < CLASSES; c++) {
            const char *kernel, *other;
            double all = instructions(device, weights, act, full[c], &kernel),
                   per_row = all / (double)full[c];
            if (print)
                printf("| %4d | %-34s | %9.0f | %9.0f | %5.2f |\n", (int)full[c], kernel, all, per_row,
                       before > 0 ? before / per_row : 1);
            if (before > 0 && per_row > before)
                fail_msg("%s: %.0f instructions per row at M = %d, %.0f in the class before", kernel, per_row,
                         (int)full[c], before);
            before = per_row;
            if (c >= DECODE_CLASSES) continue;
            double more = instructions(device, weights, act, full[c] + 1, &other);
            if (more > 2 * all)
                fail_msg("%s: %.0f instructions at M = %d, %.0f at %d", other, more, (int)full[c] + 1, all,
                         (int)full[c]);
        }
    }
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    free_layer(&owned);
}

int main(int argc, char **argv) {
    static int print = 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_classes, argc > 1 && strcmp(argv[1], "--print") == 0 ? &print : NULL)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
