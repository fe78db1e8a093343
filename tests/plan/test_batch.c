/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Batch invariance: a row has the same bits whatever it is computed together with. Rows 0..M-1 of one matrix
 * are computed for every M from 1 to 16, with every chunk size, and compared with the rows computed alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "half.h"
#include "random.h"
#include "w4a16/linear.h"

enum { ROWS = 16, N = 72 /* the last strip has a tail */, K = 1024 };

static uint32_t q[K / 8 * N];
static uint16_t scale[K / 32 * N], activations[ROWS * K];
static uint8_t zero[K / 32 * N];
static float bias[N];

static void make_data(w4a16_dtype act) {
    for (size_t i = 0; i < sizeof q / sizeof q[0]; i++) q[i] = (uint32_t)random_at(1, i);
    for (size_t i = 0; i < sizeof scale / sizeof scale[0]; i++) {
        scale[i] = float_to_f16(0.01f + 0.001f * random_normal(random_at(2, i)));
        zero[i] = (uint8_t)(random_at(3, i) % 17);
    }
    for (size_t i = 0; i < ROWS * K; i++) {
        float value = random_normal(random_at(4, i));
        activations[i] = act == W4A16_F16 ? float_to_f16(value) : float_to_bf16(value);
    }
    for (size_t n = 0; n < N; n++) bias[n] = random_normal(random_at(5, n));
}

static void must(w4a16_status status, const w4a16_error *error) {
    if (status != W4A16_OK) fail_msg("%s", error->message);
}

/* out[m] for rows first..first+M-1. */
static void multiply(w4a16_device *device, const w4a16_weights *weights, w4a16_dtype act, int first, int M,
                     uint16_t *out) {
    w4a16_error error;
    w4a16_problem problem;
    w4a16_plan *plan;
    w4a16_run_args args = {.struct_size = sizeof args};
    size_t bytes = (size_t)M * N * 2;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = M;
    problem.act = act;
    must(w4a16_plan_create(device, weights, &problem, &plan, &error), &error);
    assert_int_equal(w4a16_plan_workspace(plan), 0);
    must(w4a16_buffer_alloc(device, (size_t)M * K * 2, &args.a, &error), &error);
    must(w4a16_buffer_alloc(device, bytes, &args.out, &error), &error);
    must(w4a16_copy_to_device(device, args.a, activations + first * K, (size_t)M * K * 2, &error), &error);
    memset(out, 0xff, bytes);
    must(w4a16_copy_to_device(device, args.out, out, bytes, &error), &error);
    must(w4a16_run(plan, &args, NULL, &error), &error);
    must(w4a16_copy_from_device(device, out, args.out, bytes, &error), &error);
    must(w4a16_buffer_free(device, args.a, &error), &error);
    must(w4a16_buffer_free(device, args.out, &error), &error);
    w4a16_plan_free(plan);
}

static void check_layer(w4a16_device *device, w4a16_dtype act, int64_t group_size, int symmetric) {
    w4a16_layer layer;
    w4a16_weights *weights;
    w4a16_error error;
    w4a16_layer_init(&layer, sizeof layer);
    layer.N = N, layer.K = K, layer.group_size = group_size;
    layer.q = q, layer.scale_type = W4A16_F16, layer.scale = scale, layer.zero = symmetric ? NULL : zero;
    layer.bias = bias, layer.bias_type = W4A16_F32;
    must(w4a16_weights_create(device, &layer, &weights, &error), &error);
    uint16_t alone[ROWS * N], together[ROWS * N];
    for (int m = 0; m < ROWS; m++) multiply(device, weights, act, m, 1, alone + m * N);
    for (int M = 2; M <= ROWS; M++) {
        multiply(device, weights, act, 0, M, together);
        for (int i = 0; i < M * N; i++)
            if (together[i] != alone[i])
                fail_msg("%s, groups of %d, M = %d: row %d, column %d", w4a16_dtype_name(act),
                         (int)group_size, M, i / N, i % N);
    }
    w4a16_weights_free(weights);
}

static void test_rows(void **state) {
    (void)state;
    static const int64_t groups[] = {32, 64, 128, K};
    static const w4a16_dtype acts[] = {W4A16_F16, W4A16_BF16};
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_error error;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = W4A16_DEVICE_SIM;
    must(w4a16_device_open(&options, &device, &error), &error);
    for (int a = 0; a < 2; a++) {
        make_data(acts[a]);
        for (int g = 0; g < 4; g++)
            for (int symmetric = 0; symmetric < 2; symmetric++)
                check_layer(device, acts[a], groups[g], symmetric);
    }
    w4a16_device_close(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
