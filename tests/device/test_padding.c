/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Blocks of 32 K that end behind the last group: what lies in memory behind its scales is no scale. Here it
 * is the bias, whose bits are NaN as a half and 2 as a float, nearly; all else are integers, so that the
 * results are exact.
 */
#include "product.h"

enum { M = 20, N = 128 /* the scales end where the bias begins */, K = 40, GROUP = 16 };
#define BIAS_BITS 0x3fffffffu
#define BIAS      0x1.fffffep0f

static void check(w4a16_dtype type, const char *mask, const char *expected) {
    static const struct layer_shape shape = {N, K, GROUP, 1, 0, 0};
    static uint16_t a[M * K], out[M * N];
    static uint32_t bias[N];
    struct owned_layer owned = make_layer(&shape, 1);
    for (int i = 0; i < (K + GROUP - 1) / GROUP * N; i++) owned.scale[i] = float_to_f16(1);
    for (int i = 0; i < K / 8 * N; i++) owned.q[i] |= 0x88888888; /* sums of one sign are exact */
    for (int n = 0; n < N; n++) bias[n] = BIAS_BITS;
    owned.layer.bias = bias, owned.layer.bias_type = W4A16_F32;
    for (int i = 0; i < M * K; i++) a[i] = half_of(type, (float)(random_at(2, (uint64_t)i) % 8 / 7));

    w4a16_device *device = open_sim(1, 0, mask);
    w4a16_weights *weights;
    w4a16_error error;
    must(w4a16_weights_create(device, &owned.layer, &weights, &error), &error);
    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = M, problem.act = type;
    struct inputs in = {a, M * K, NULL, NULL, 0, 0, 0};
    const char *kernel = run_product(device, weights, &problem, &in, out, M * N);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    if (!strstr(kernel, expected)) fail_msg("%s, expected %s", kernel, expected);

    for (int i = 0; i < M * N; i++) {
        float sum = 0;
        for (int k = 0; k < K; k++) {
            uint16_t bits = a[i / N * K + k];
            float x = type == W4A16_F16 ? f16_to_float(bits) : bf16_to_float(bits);
            sum += x * ((float)(owned.q[k / 8 * N + i % N] >> 4 * (k % 8) & 15) - 8);
        }
        sum += BIAS;
        if (out[i] != half_of(type, sum))
            fail_msg("%s, row %d, column %d: %#x, not %#x", kernel, i / N, i % N, out[i], half_of(type, sum));
    }
    free_layer(&owned);
}

static void test_padding(void **state) {
    (void)state;
    static const w4a16_dtype types[] = {W4A16_F16, W4A16_BF16};
    for (int turn = 0; turn < 2; turn++) {
        check(types[turn], "w4a16_matrix*", "strip");
        check(types[turn], "w4a16_strip*,w4a16_matrix_f16_64*,w4a16_matrix_bf16_64*", "128x128_g16");
        check(types[turn], "w4a16_strip*,w4a16_matrix_f16_128*,w4a16_matrix_bf16_128*", "64x128_g16");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_padding)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
