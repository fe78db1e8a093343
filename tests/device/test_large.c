/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Products whose weights or results have more than 2^31 elements, on the simulated gfx1100: every family of
 * kernels, outputs compared with the reference at the beginning, around the 2^31st element and at the end.
 * Takes some 8 GB of memory and a minute or two, so scripts/large.sh runs it and not the test command.
 */
#include <inttypes.h>
#include <stdio.h>

#include "product.h"

enum { COLUMNS = 96, ROWS = 5 };

/* Rows first_m.. and columns first_n.. of out on the device, against the reference; adds to *accuracy. */
static void compare_corner(w4a16_device *device, const w4a16_layer *layer, const uint16_t *a,
                           w4a16_address out, int64_t first_m, int64_t first_n, const w4a16_order *order,
                           w4a16_accuracy *accuracy) {
    w4a16_layer *part;
    w4a16_error error;
    double y[ROWS * COLUMNS], bound[ROWS * COLUMNS];
    uint16_t got[ROWS * COLUMNS];
    must(w4a16_layer_part_n(layer, first_n, COLUMNS, &part, &error), &error);
    must(w4a16_reference(part, W4A16_F16, ROWS, a + first_m * layer->K, layer->K, y, bound, 1, &error),
         &error);
    for (int64_t m = 0; m < ROWS; m++)
        must(w4a16_copy_from_device(device, got + m * COLUMNS,
                                    out + 2 * (uint64_t)((first_m + m) * layer->N + first_n), COLUMNS * 2,
                                    &error),
             &error);
    must(w4a16_compare(W4A16_F16, ROWS, COLUMNS, got, COLUMNS, y, bound, order, accuracy, &error), &error);
    if (accuracy->violations)
        fail_msg("from row %" PRId64 ", column %" PRId64 " on: %d of %d outputs are wrong", first_m, first_n,
                 (int)accuracy->violations, ROWS * COLUMNS);
    w4a16_layer_free(part);
}

static void run_large(int64_t M, int64_t N, int64_t K, const char *mask, const char *expected) {
    struct layer_shape shape = {N, K, K, 0, 0, 0};
    struct owned_layer owned = make_layer(&shape, 1);
    uint16_t *a = random_activations(W4A16_F16, (size_t)(M * K), 2);
    w4a16_device *device = open_sim(2, 0, mask);
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_error error;
    must(w4a16_weights_create(device, &owned.layer, &weights, &error), &error);
    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = M;
    must(w4a16_plan_create(device, weights, &problem, &plan, &error), &error);
    w4a16_launch_info launch;
    must(w4a16_plan_launch(plan, 0, &launch, &error), &error);
    print_message("M = %" PRId64 ", N = %" PRId64 ", K = %" PRId64 ": %s\n", M, N, K, launch.kernel);
    if (!strstr(launch.kernel, expected)) fail_msg("expected %s", expected);
    w4a16_run_args args = {.struct_size = sizeof args, .a = upload(device, a, (size_t)(M * K) * 2)};
    must(w4a16_buffer_alloc(device, (size_t)(M * N) * 2, &args.out, &error), &error);
    must(w4a16_run(plan, &args, NULL, &error), &error);
    int64_t middle_m = (INT64_C(1) << 31) / N, last_m = M - ROWS;
    if (middle_m > last_m) middle_m = last_m;
    int64_t middle_n = (INT64_C(1) << 31) / K / 32 * 32, last_n = N - COLUMNS;
    if (middle_n > last_n) middle_n = last_n / 2 / 32 * 32;
    w4a16_accuracy accuracy = {0};
    w4a16_order order;
    w4a16_plan_order(plan, &order);
    const int64_t rows[] = {0, middle_m, last_m}, columns[] = {0, middle_n, last_n};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            compare_corner(device, &owned.layer, a, args.out, rows[i], columns[j], &order, &accuracy);
    if (!w4a16_accuracy_ok(&accuracy, 1))
        fail_msg("%d of %d outputs within 1 ulp", (int)accuracy.within_1ulp, (int)accuracy.outputs);
    w4a16_plan_free(plan);
    w4a16_weights_free(weights);
    w4a16_buffer_free(device, args.a, NULL);
    w4a16_buffer_free(device, args.out, NULL);
    w4a16_device_close(device);
    free_layer(&owned);
    free(a);
}

enum { WIDE_N = 65312, WIDE_K = 32896 }; /* together just above 2^31 */

static void test_weights_decode(void **state) {
    (void)state;
    run_large(ROWS, WIDE_N, WIDE_K, NULL, "decode");
}

static void test_weights_strip(void **state) {
    (void)state;
    run_large(ROWS, WIDE_N, WIDE_K, "w4a16_decode*,w4a16_matrix*", "strip");
}

static void test_weights_matrix(void **state) {
    (void)state;
    run_large(ROWS, WIDE_N, WIDE_K, "w4a16_decode*,w4a16_strip*", "matrix");
}

static void test_results_strip(void **state) {
    (void)state;
    run_large(65600, 32768, 64, "w4a16_matrix*", "strip");
}

static void test_results_matrix(void **state) {
    (void)state;
    run_large(65600, 32768, 64, "w4a16_strip*", "matrix");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_decode), cmocka_unit_test(test_weights_strip),
        cmocka_unit_test(test_weights_matrix), cmocka_unit_test(test_results_strip),
        cmocka_unit_test(test_results_matrix)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
