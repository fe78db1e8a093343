/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Mixtures of experts: an expert's rows have the bits of a dense plan with the same kernel, in every family
 * of kernels; slots without an expert; what is refused. What the products are worth, the conformance list
 * says.
 */
#include <math.h>

#include "product.h"

enum { EXPERTS = 5, TOP_K = 2, N = 72, K = 200 };

static const struct layer_shape shape = {N, K, 64, 0, 1, 1};

/* Slots of all experts but the last; `none` of them has an id that is no expert's. */
static void fill_ids(int32_t *ids, size_t slots, size_t none, int32_t id) {
    for (size_t i = 0; i < slots; i++) ids[i] = (int32_t)((i * 7 + i / TOP_K) % (EXPERTS - 1));
    if (none < slots) ids[none] = id;
}

static void compare_with_dense(const char *mask, int64_t tokens, w4a16_dtype type, size_t none, int32_t id,
                               const char *expected) {
    size_t slots = (size_t)tokens * TOP_K;
    struct owned_layer owned[EXPERTS];
    const w4a16_layer *layers[EXPERTS];
    for (int e = 0; e < EXPERTS; e++)
        owned[e] = make_layer(&shape, 100 + (uint64_t)e), layers[e] = &owned[e].layer;
    int32_t *ids = malloc(slots * 4);
    fill_ids(ids, slots, none, id);
    uint16_t *a = random_activations(type, (size_t)tokens * K, 9), *out = malloc(slots * N * 2),
             *dense = malloc(slots * N * 2), *gathered = malloc(slots * K * 2);
    w4a16_device *device = open_sim(2, 0, mask);
    w4a16_weights *weights;
    w4a16_error error;
    must(w4a16_experts_create(device, layers, EXPERTS, &weights, &error), &error);
    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    assert_int_equal(problem.mixture.experts, EXPERTS);
    problem.shape.M = tokens, problem.act = type, problem.mixture.top_k = TOP_K;
    struct inputs in = {a, (size_t)tokens * K, ids, NULL, slots, 0, 0};
    const char *kernel = run_product(device, weights, &problem, &in, out, slots * N);
    w4a16_weights_free(weights);
    if (!strstr(kernel, expected)) fail_msg("%s, expected one of %s", kernel, expected);

    for (int e = 0; e < EXPERTS; e++) {
        size_t rows = 0;
        for (size_t i = 0; i < slots; i++)
            if (ids[i] == e) memcpy(gathered + rows++ * K, a + i / TOP_K * K, K * 2);
        if (rows == 0) continue;
        must(w4a16_weights_create(device, layers[e], &weights, &error), &error);
        w4a16_problem_from_weights(&problem, weights);
        problem.shape.M = (int64_t)rows, problem.mixture.top_k = 0;
        struct inputs plain = {gathered, rows * K, NULL, NULL, 0, 0, 0};
        const char *alone = run_product(device, weights, &problem, &plain, dense, rows * N);
        if (!strstr(alone, expected)) fail_msg("%s, expected one of %s", alone, expected);
        w4a16_weights_free(weights);
        rows = 0;
        for (size_t i = 0; i < slots; i++)
            if (ids[i] == e && memcmp(out + i * N, dense + rows++ * N, N * 2) != 0)
                fail_msg("%s: slot %zu differs from row %zu of its expert alone", kernel, i, rows - 1);
    }
    for (size_t n = 0; none < slots && n < N; n++)
        assert_int_equal(out[none * N + n], 0x5a5a); /* it has no expert */
    w4a16_device_close(device);
    for (int e = 0; e < EXPERTS; e++) free_layer(&owned[e]);
    free(ids), free(a), free(out), free(dense), free(gathered);
}

static void test_rows_are_those_of_dense_plans(void **state) {
    (void)state;
    static const struct {
        const char *mask; /* leaves one family, and of the matrix kernels one tile */
        int64_t tokens;
        const char *expected;
    } rungs[] = {
        {NULL, 1, "decode"},
        {"w4a16_strip*,w4a16_matrix*", 2, "decode"},
        {"w4a16_decode*,w4a16_matrix*", 50, "strip"},
        {"w4a16_decode*,w4a16_strip*,w4a16_matrix_f16_64*,w4a16_matrix_bf16_64*", 130, "128x128"},
        {"w4a16_decode*,w4a16_strip*,w4a16_matrix_f16_128*,w4a16_matrix_bf16_128*", 130, "64x128"},
    };
    for (size_t n = 0; n < sizeof rungs / sizeof rungs[0]; n++) {
        compare_with_dense(rungs[n].mask, rungs[n].tokens, W4A16_F16, 3, -1, rungs[n].expected);
        compare_with_dense(rungs[n].mask, rungs[n].tokens, W4A16_BF16, 3, -1, rungs[n].expected);
    }
}

/* The slots of one token are taken as they come, unsorted. */
static void test_ids_of_one_token(void **state) {
    (void)state;
    static const int32_t ids[] = {-1, EXPERTS, EXPERTS + 1, INT32_MAX, INT32_MIN};
    for (size_t n = 0; n < sizeof ids / sizeof ids[0]; n++)
        for (size_t none = 0; none < TOP_K; none++)
            compare_with_dense(NULL, 1, W4A16_F16, none, ids[n], "decode_f16_m1");
}

/* ---- the order in which a token's slots are added ------------------------------------------------- */

enum { SLOTS = 10 }; /* more than are asked for at once */
enum { ADDED_N = 300, ADDED_K = 32, TOKENS = 24, USED = 12 };

/* Fused multiply-adds in the order of slots, of gates of which the large ones swallow small ones and then go
 * away: the products are the same small integers for all experts, so nothing else can differ. */
static void test_slots_are_added_in_order(void **state) {
    (void)state;
    static const float gates_of_token[SLOTS] = {0x1p26f, -0x1p26f, 0x1p26f, -0x1p26f, 1,
                                                0.5f,    -3,       0.125f,  5,        7};
    static const struct layer_shape added = {ADDED_N, ADDED_K, ADDED_K, 1, 0, 0};
    struct owned_layer owned = make_layer(&added, 3);
    const w4a16_layer *layers[USED];
    for (int e = 0; e < USED; e++) layers[e] = &owned.layer;
    for (int n = 0; n < ADDED_N; n++) owned.scale[n] = float_to_f16(1);
    for (int i = 0; i < ADDED_K / 8 * ADDED_N; i++)
        owned.q[i] |= 0x88888888; /* dot products of one sign are exact */
    static int32_t ids[TOKENS * SLOTS];
    static float gates[TOKENS * SLOTS];
    for (int t = 0; t < TOKENS; t++) {
        float *token = gates + t * SLOTS;
        memcpy(token, gates_of_token, sizeof gates_of_token);
        for (int j = SLOTS - 1; j > 0; j--) { /* shuffled */
            int other = (int)(random_at(11, (uint64_t)(t * SLOTS + j)) % (uint64_t)(j + 1));
            float gate = token[j];
            token[j] = token[other], token[other] = gate;
        }
        for (int j = 0; j < SLOTS; j++)
            ids[t * SLOTS + j] =
                t % 2 && token[j] == 5 ? -1 : (t + 5 * j) % USED; /* 5: a slot without an expert */
    }
    for (int turn = 0; turn < 2; turn++) {
        w4a16_dtype type = turn ? W4A16_BF16 : W4A16_F16;
        static uint16_t a[TOKENS * SLOTS * ADDED_K], out[TOKENS * ADDED_N];
        for (int slot = 0; slot < TOKENS * SLOTS; slot++) a[slot * ADDED_K] = half_of(type, 1);
        w4a16_device *device = open_sim(2, 0, NULL);
        w4a16_weights *weights;
        w4a16_error error;
        must(w4a16_experts_create(device, layers, USED, &weights, &error), &error);
        w4a16_problem problem;
        w4a16_problem_init(&problem, sizeof problem);
        w4a16_problem_from_weights(&problem, weights);
        problem.shape.M = TOKENS, problem.act = type, problem.mixture.top_k = SLOTS,
        problem.epilogue.combine = W4A16_COMBINE_ADD;
        struct inputs in = {a, TOKENS * SLOTS * ADDED_K, ids, gates, TOKENS * SLOTS, 0, 0};
        run_product(device, weights, &problem, &in, out, TOKENS * ADDED_N);
        w4a16_weights_free(weights);
        w4a16_device_close(device);
        for (int i = 0; i < TOKENS * ADDED_N; i++) {
            int t = i / ADDED_N, n = i % ADDED_N;
            float product = (float)(owned.q[n] & 15) - 8, sum = 0;
            for (int j = t * SLOTS; j < (t + 1) * SLOTS; j++)
                if (ids[j] >= 0) sum = fmaf(gates[j], product, sum);
            if (out[i] != half_of(type, sum))
                fail_msg("%s, token %d, column %d: %#x, not %#x", w4a16_dtype_name(type), t, n, out[i],
                         half_of(type, sum));
        }
    }
    free_layer(&owned);
}

static void expect(w4a16_status status, const w4a16_error *error, const char *words) {
    assert_int_not_equal(status, W4A16_OK);
    if (!strstr(error->message, words)) fail_msg("\"%s\" does not say \"%s\"", error->message, words);
}

static void test_refusals(void **state) {
    (void)state;
    w4a16_device *device = open_sim(1, 0, NULL);
    struct owned_layer first = make_layer(&shape, 1), second = make_layer(&shape, 2);
    const w4a16_layer *layers[] = {&first.layer, &second.layer};
    w4a16_weights *weights;
    w4a16_error error;
    expect(w4a16_experts_create(device, layers, 0, &weights, &error), &error, "accepted are 1 to 1024");
    second.layer.bias = NULL;
    expect(w4a16_experts_create(device, layers, 2, &weights, &error), &error,
           "expert 1 differs from expert 0 in the presence of a bias");
    second.layer.bias = second.bias;
    second.layer.group_size = K;
    expect(w4a16_experts_create(device, layers, 2, &weights, &error), &error, "in group_size");
    second.layer.group_size = shape.group_size;
    layers[1] = NULL;
    expect(w4a16_experts_create(device, layers, 2, &weights, &error), &error, "expert 1 is null");
    layers[1] = &second.layer;
    must(w4a16_experts_create(device, layers, 2, &weights, &error), &error);

    w4a16_problem problem;
    w4a16_plan *plan;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = 4;
    expect(w4a16_plan_create(device, weights, &problem, &plan, &error), &error, "top_k 0");
    problem.mixture.top_k = 3;
    expect(w4a16_plan_create(device, weights, &problem, &plan, &error), &error, "top_k 3");
    problem.mixture.top_k = 1;
    problem.mixture.experts = 0;
    expect(w4a16_supports("gfx1100", NULL, &problem, &error), &error, "expected 0, 0 and 0");
    problem.mixture.experts = 3;
    expect(w4a16_plan_create(device, weights, &problem, &plan, &error), &error, "is not that of the weights");
    problem.mixture.experts = 2;
    expect(w4a16_supports("gfx1100", "w4a16_route", &problem, &error), &error, "masked off");
    problem.epilogue.combine = W4A16_COMBINE_ADD;
    must(w4a16_plan_create(device, weights, &problem, &plan, &error), &error);
    w4a16_run_args args = {
        .struct_size = sizeof args, .a = 0x1000, .out = 0x1000, .workspace = 0x1000, .gates = 0x1000};
    expect(w4a16_run(plan, &args, NULL, &error), &error, "expert_ids is 0x0");
    args.expert_ids = 0x1000;
    args.gates = 0x1001;
    expect(w4a16_run(plan, &args, NULL, &error), &error, "gates is 0x1001");
    w4a16_plan_free(plan);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    free_layer(&first), free_layer(&second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_those_of_dense_plans), cmocka_unit_test(test_ids_of_one_token),
        cmocka_unit_test(test_slots_are_added_in_order), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
