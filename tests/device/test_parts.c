/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Joined and parted layers: the parts' products are those of the whole, on the reference exactly enough to be
 * sure and on devices within the contract; also when an act-order scatters each group over the parts.
 */
#include <math.h>
#include <stdio.h>

#include "product.h"

enum { N = 72, K = 400, M = 3 };

/* Members of a group all over K, as sorting by activation energy leaves them. */
static void scatter(struct owned_layer *o) {
    int32_t K = (int32_t)o->layer.K;
    for (int32_t k = 0; k < K; k++) o->perm[k] = k;
    for (int32_t k = K - 1; k > 0; k--) {
        int32_t other = (int32_t)(random_at(31, (uint64_t)k) % (uint64_t)(k + 1)), kept = o->perm[k];
        o->perm[k] = o->perm[other];
        o->perm[other] = kept;
    }
}

static void reference(const w4a16_layer *l, const uint16_t *a, int64_t lda, double *y, double *bound) {
    w4a16_error error;
    must(w4a16_reference(l, W4A16_F16, M, a, lda, y, bound, 1, &error), &error);
}

static w4a16_order order_of(w4a16_device *device, const w4a16_weights *weights,
                            const w4a16_problem *problem) {
    w4a16_plan *plan;
    w4a16_error error;
    must(w4a16_plan_create(device, weights, problem, &plan, &error), &error);
    w4a16_order order;
    w4a16_plan_order(plan, &order);
    w4a16_plan_free(plan);
    return order;
}

/* What the device makes of the layer, against the reference. */
static void check_on(w4a16_device_kind kind, const w4a16_layer *l, const uint16_t *a, int64_t lda) {
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_problem problem;
    w4a16_error error;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = kind;
    options.strict = kind == W4A16_DEVICE_SIM;
    must(w4a16_device_open(&options, &device, &error), &error);
    must(w4a16_weights_create(device, l, &weights, &error), &error);
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = M, problem.shape.lda = lda;
    uint16_t *out = malloc((size_t)(M * l->N) * 2);
    double *y = malloc((size_t)(M * l->N) * 8), *bound = malloc((size_t)(M * l->N) * 8);
    struct inputs in = {a, (size_t)((M - 1) * lda + l->K), NULL, NULL, 0, 0, 0};
    run_product(device, weights, &problem, &in, out, (size_t)(M * l->N));
    reference(l, a, lda, y, bound);
    w4a16_accuracy accuracy = {0};
    w4a16_order order = order_of(device, weights, &problem);
    must(w4a16_compare(W4A16_F16, M, l->N, out, l->N, y, bound, &order, &accuracy, &error), &error);
    if (accuracy.violations) fail_msg("%d outputs beyond the bound", (int)accuracy.violations);
    assert_true(accuracy.outputs == M * l->N && accuracy.within_1ulp == accuracy.outputs);
    free(out), free(y), free(bound);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
}

/* cuts: where the parts begin, and where the last ends. */
static void check_parts_of_k(const struct layer_shape *shape, const int64_t *cuts, size_t count, int on_sim) {
    struct owned_layer whole = make_layer(shape, 3);
    if (shape->act_order) scatter(&whole);
    int64_t K = shape->K, outputs = M * shape->N;
    uint16_t *a = random_activations(W4A16_F16, M * K, 4);
    double y[M * N], bound[M * N], sum[M * N] = {0}, part_y[M * N], part_bound[M * N];
    reference(&whole.layer, a, K, y, bound);
    for (size_t i = 0; i < count; i++) {
        w4a16_layer *part;
        w4a16_error error;
        must(w4a16_layer_part_k(&whole.layer, cuts[i], cuts[i + 1] - cuts[i], &part, &error), &error);
        must(w4a16_layer_check(part, &error), &error);
        assert_int_equal(part->bias != NULL, shape->has_bias && i == 0);
        reference(part, a + cuts[i], K, part_y, part_bound);
        for (int n = 0; n < outputs; n++) sum[n] += part_y[n];
        check_on(W4A16_DEVICE_CPU, part, a + cuts[i], K);
        if (on_sim) check_on(W4A16_DEVICE_SIM, part, a + cuts[i], K);
        w4a16_layer_free(part);
    }
    for (int n = 0; n < outputs; n++)
        if (fabs(sum[n] - y[n]) > 1e-12 * bound[n] + 1e-300)
            fail_msg("output %d: the parts add up to %.17g, the whole is %.17g", n, sum[n], y[n]);
    free(a);
    free_layer(&whole);
}

static void test_parts_of_k(void **state) {
    (void)state;
    static const int64_t halves[] = {0, 200, 400}, thirds[] = {0, 128, 256, 400}, eighth[] = {0, 8, 16, 400},
                         ragged[] = {0, 40, 304, 400};
    static const struct layer_shape in_order = {N, K, 64, 0, 0, 1}, one_group = {N, K, K, 1, 0, 0},
                                    scattered = {N, K, 64, 0, 1, 1}, symmetric = {N, K, 80, 1, 1, 0};
    check_parts_of_k(&in_order, thirds, 3, 1);
    check_parts_of_k(&in_order, halves, 2, 1); /* cuts a group into 8 and 56 */
    check_parts_of_k(&in_order, eighth, 3, 1);
    check_parts_of_k(&in_order, ragged, 3, 1);
    check_parts_of_k(&one_group, halves, 2, 1);
    check_parts_of_k(&scattered, halves, 2, 1);
    check_parts_of_k(&scattered, eighth, 3, 1);
    check_parts_of_k(&symmetric, thirds, 3, 1);
}

/* Widths of models whose parts cut groups, in equal parts. */
static void test_widths(void **state) {
    (void)state;
    static const int64_t widths[] = {29568, 18944, 13696, 4864, 896}, group_sizes[] = {32, 64, 128};
    for (int w = 0; w < 5; w++)
        for (int g = 0; g < 3; g++)
            for (int64_t parts = 2; parts <= 8; parts *= 2) {
                const struct layer_shape shape = {8, widths[w], group_sizes[g], g == 1, 0, g == 2};
                int64_t cuts[9];
                for (int64_t i = 0; i <= parts; i++) cuts[i] = i * (widths[w] / parts);
                check_parts_of_k(&shape, cuts, (size_t)parts, widths[w] == 896);
            }
}

static int64_t part_group_size(int64_t group_size, int64_t first, int64_t count) {
    const struct layer_shape shape = {8, 896, group_size, 1, 0, 0};
    struct owned_layer whole = make_layer(&shape, 5);
    w4a16_layer *part;
    w4a16_error error;
    must(w4a16_layer_part_k(&whole.layer, first, count, &part, &error), &error);
    int64_t size = part->perm ? -part->group_size : part->group_size;
    w4a16_layer_free(part);
    free_layer(&whole);
    return size;
}

/*
 * Groups are as large as the cut allows, and in order where kernels take them; a negative size has an order.
 */
static void test_group_sizes(void **state) {
    (void)state;
    assert_int_equal(part_group_size(128, 448, 448), 64);
    assert_int_equal(part_group_size(128, 112, 112), 16);
    assert_int_equal(part_group_size(128, 0, 448), 128);
    assert_int_equal(part_group_size(128, 256, 640), 128);
    assert_int_equal(part_group_size(128, 40, 80), 80);
    assert_int_equal(part_group_size(96, 48, 96), 48);
    assert_int_equal(part_group_size(128, 8, 448), -32);
    assert_int_equal(part_group_size(40, 32, 120), -32);
    assert_int_equal(part_group_size(8, 32, 120), 8);
}

static void test_columns(void **state) {
    (void)state;
    static const struct layer_shape shapes[] = {{N, K, 64, 0, 1, 1}, {N, K, 32, 1, 0, 0}};
    for (int turn = 0; turn < 2; turn++) {
        struct owned_layer whole = make_layer(&shapes[turn], 5);
        w4a16_layer *left, *right, *joined;
        w4a16_error error;
        must(w4a16_layer_part_n(&whole.layer, 0, 31, &left, &error), &error);
        must(w4a16_layer_part_n(&whole.layer, 31, N - 31, &right, &error), &error);
        const w4a16_layer *both[] = {left, right};
        must(w4a16_layer_concat(both, 2, &joined, &error), &error);
        must(w4a16_layer_check(joined, &error), &error);
        size_t cells = (size_t)w4a16_layer_groups(joined) * N;
        assert_memory_equal(joined->q, whole.q, K / 8 * N * 4);
        assert_memory_equal(joined->scale, whole.scale, cells * 2);
        assert_int_equal(!joined->zero, !whole.layer.zero);
        if (joined->zero) assert_memory_equal(joined->zero, whole.zero, cells);
        if (joined->perm) assert_memory_equal(joined->perm, whole.perm, K * 4);
        for (int n = 0; joined->bias && n < N; n++)
            assert_true(((const float *)joined->bias)[n] == f16_to_float(whole.bias[n]));
        w4a16_layer_free(left), w4a16_layer_free(right), w4a16_layer_free(joined);
        free_layer(&whole);
    }
}

/* A symmetric layer without bias beside an asymmetric one with. */
static void test_mixed(void **state) {
    (void)state;
    static const struct layer_shape shapes[] = {{N, K, 64, 0, 0, 1}, {N, K, 64, 1, 0, 0}};
    struct owned_layer first = make_layer(&shapes[0], 6), second = make_layer(&shapes[1], 7);
    const w4a16_layer *both[] = {&first.layer, &second.layer};
    w4a16_layer *joined;
    w4a16_error error;
    must(w4a16_layer_concat(both, 2, &joined, &error), &error);
    uint16_t *a = random_activations(W4A16_F16, M * K, 8);
    double y[M * 2 * N], bound[M * 2 * N], one[M * N], one_bound[M * N];
    reference(joined, a, K, y, bound);
    for (int part = 0; part < 2; part++) {
        reference(both[part], a, K, one, one_bound);
        for (int m = 0; m < M; m++)
            for (int n = 0; n < N; n++) assert_true(y[m * 2 * N + part * N + n] == one[m * N + n]);
    }
    w4a16_layer_free(joined);
    free(a);
    free_layer(&first), free_layer(&second);
}

static void expect(w4a16_status status, const w4a16_error *error, const char *words) {
    assert_int_equal(status, W4A16_INVALID_ARGUMENT);
    if (!strstr(error->message, words)) fail_msg("\"%s\" does not say \"%s\"", error->message, words);
}

static void test_refusals(void **state) {
    (void)state;
    static const struct layer_shape shapes[] = {{N, K, 64, 0, 0, 1}, {N, K, 64, 0, 1, 0}};
    struct owned_layer plain = make_layer(&shapes[0], 6), ordered = make_layer(&shapes[1], 7);
    const w4a16_layer *both[] = {&plain.layer, &ordered.layer};
    w4a16_layer *out;
    w4a16_error error;
    expect(w4a16_layer_concat(both, 2, &out, &error), &error,
           "layer 1 differs from layer 0 in its act-order");
    expect(w4a16_layer_concat(both, 0, &out, &error), &error, "at least one layer");
    expect(w4a16_layer_part_n(&plain.layer, 70, 3, &out, &error), &error, "the layer has 72");
    expect(w4a16_layer_part_n(&plain.layer, INT64_MAX, 1, &out, &error), &error, "the layer has 72");
    expect(w4a16_layer_part_k(&plain.layer, 4, 8, &out, &error), &error, "multiples of 8");
    expect(w4a16_layer_part_k(&ordered.layer, 4, 8, &out, &error), &error, "multiples of 8");
    ordered.layer.padded_K = K + 1; /* perm has no empty place for it */
    ordered.perm = realloc(ordered.perm, (K + 1) * 4);
    ordered.layer.perm = ordered.perm;
    ordered.perm[K] = 0;
    expect(w4a16_layer_check(&ordered.layer, &error), &error, "which came before");
    ordered.perm[K] = -1;
    must(w4a16_layer_check(&ordered.layer, &error), &error);
    ordered.perm[0] = -1;
    expect(w4a16_layer_check(&ordered.layer, &error), &error, "perm[400] is -1");
    plain.layer.padded_K = K + 1;
    expect(w4a16_layer_check(&plain.layer, &error), &error, "accepted is 0, or with perm");
    free_layer(&plain), free_layer(&ordered);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts_of_k),  cmocka_unit_test(test_widths),
                                       cmocka_unit_test(test_group_sizes), cmocka_unit_test(test_columns),
                                       cmocka_unit_test(test_mixed),       cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
