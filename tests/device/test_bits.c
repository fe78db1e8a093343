/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Same bits always: every family of kernels under 20 schedules, on one and two host threads, twice each;
 * every row at every M up to 16, by decode kernels and strips, gathered and staged; and, with batch_invariant, every
 * row at every M.
 */
#include "product.h"

enum { SCHEDULES = 20, EXPERTS = 4, TOP_K = 2, M_MAX = 200 };

static const struct rung {
    struct layer_shape shape;
    w4a16_dtype act;
    int64_t M;
    int experts;
    w4a16_combine combine;
    const char *mask;   /* leaves the family that is meant */
    const char *kernel; /* a part of the name of what is meant */
} rungs[] = {
    {{72, 512, 128, 1, 0, 0}, W4A16_F16, 1, 0, 0, NULL, "decode_f16_m1_g128"},
    {{72, 520, 64, 0, 1, 1}, W4A16_BF16, 3, 0, 0, "w4a16_strip*", "decode_bf16_m4_g32"},
    {{72, 544, 32, 0, 1, 1}, W4A16_BF16, 2, 0, 0, NULL, "decode_bf16_m2_g32_asym_gather"},
    {{3104, 256, 32, 1, 0, 1}, W4A16_F16, 4, 0, 0, "w4a16_strip*", "decode_f16_m4_g32"},
    {{72, 384, 16, 0, 0, 0}, W4A16_F16, 3, 0, 0, NULL, "strip_f16"},
    {{136, 512, 128, 1, 0, 0}, W4A16_BF16, 40, 0, 0, "w4a16_matrix*", "strip_bf16"},
    {{300, 256, 64, 0, 0, 1}, W4A16_F16, 200, 0, 0, "w4a16_strip*,w4a16_matrix_f16_64*", "128x128_g32_asym"},
    {{150, 200, 48, 0, 1, 1}, W4A16_BF16, 140, 0, 0, "w4a16_strip*", "matrix_bf16"},
    {{136, 256, 32, 0, 1, 1}, W4A16_F16, 2, EXPERTS, 1, "w4a16_strip*", "decode"},
    {{136, 256, 32, 1, 0, 0}, W4A16_BF16, 90, EXPERTS, 0, "w4a16_decode*,w4a16_matrix*", "strip"},
    {{136, 256, 32, 1, 0, 0}, W4A16_BF16, 90, EXPERTS, 1, "w4a16_decode*,w4a16_strip*", "matrix"},
};

struct run {
    const struct rung *rung;
    uint16_t *a, *out, *first;
    size_t a_elements, out_elements;
    int32_t ids[M_MAX * TOP_K];
    float gates[M_MAX * TOP_K];
};

static const char *run_on(w4a16_device *device, struct run *r, uint16_t *out) {
    const struct rung *g = r->rung;
    struct owned_layer owned[EXPERTS];
    const w4a16_layer *layers[EXPERTS];
    w4a16_weights *weights;
    w4a16_error error;
    int count = g->experts ? g->experts : 1;
    for (int e = 0; e < count; e++)
        owned[e] = make_layer(&g->shape, 50 + (uint64_t)e), layers[e] = &owned[e].layer;
    must(g->experts ? w4a16_experts_create(device, layers, (size_t)count, &weights, &error)
                    : w4a16_weights_create(device, layers[0], &weights, &error),
         &error);
    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = g->M, problem.act = g->act, problem.epilogue.combine = g->combine;
    problem.mixture.top_k = g->experts ? TOP_K : 0;
    struct inputs in = {r->a,
                        r->a_elements,
                        g->experts ? r->ids : NULL,
                        g->combine ? r->gates : NULL,
                        (size_t)g->M * TOP_K,
                        0,
                        0};
    const char *kernel = run_product(device, weights, &problem, &in, out, r->out_elements);
    w4a16_weights_free(weights);
    for (int e = 0; e < count; e++) free_layer(&owned[e]);
    return kernel;
}

static void prepare(struct run *r, const struct rung *g) {
    *r = (struct run){.rung = g};
    int64_t slots = g->experts ? g->M * TOP_K : g->M;
    r->a_elements = (size_t)((g->combine ? slots : g->M) * g->shape.K);
    r->out_elements = (size_t)((g->combine ? g->M : slots) * g->shape.N);
    r->a = random_activations(g->act, r->a_elements, 77);
    r->out = malloc(r->out_elements * 2);
    r->first = malloc(r->out_elements * 2);
    for (int64_t i = 0; i < slots; i++) {
        r->ids[i] = (int32_t)(random_at(78, (uint64_t)i) % EXPERTS);
        r->gates[i] = 0.1f + (float)(random_at(79, (uint64_t)i) % 1000) / 1000;
    }
}

static void test_schedules(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof rungs / sizeof rungs[0]; n++) {
        struct run r;
        prepare(&r, &rungs[n]);
        for (uint64_t seed = 0; seed < SCHEDULES; seed++) {
            w4a16_device *device = open_sim(1 + (int)(seed % 2), seed, rungs[n].mask);
            const char *kernel = run_on(device, &r, seed ? r.out : r.first);
            if (!strstr(kernel, rungs[n].kernel)) fail_msg("%s, expected %s", kernel, rungs[n].kernel);
            if (!seed) run_on(device, &r, r.out); /* and again on the same device */
            if (memcmp(r.out, r.first, r.out_elements * 2) != 0)
                fail_msg("%s: other bits under schedule %d", kernel, (int)seed);
            w4a16_device_close(device);
        }
        free(r.a), free(r.out), free(r.first);
    }
}

static void test_every_batch(void **state) {
    (void)state;
    enum { N = 72, K = 512 };
    static const int64_t ms[] = {1, 2, 15, 16, 17, 33, 64, 65, 129, M_MAX};
    static const struct layer_shape shapes[] = {{N, K, 128, 1, 0, 0}, {N, K, 16, 0, 1, 1}};
    for (int turn = 0; turn < 4; turn++) {
        w4a16_dtype act = turn % 2 ? W4A16_BF16 : W4A16_F16;
        struct owned_layer owned = make_layer(&shapes[turn / 2], 5);
        uint16_t *a = random_activations(act, (size_t)M_MAX * K, 6), *all = malloc(M_MAX * N * 2),
                 *some = malloc(M_MAX * N * 2);
        w4a16_device *device = open_sim(2, 0, NULL);
        w4a16_weights *weights;
        w4a16_error error;
        must(w4a16_weights_create(device, &owned.layer, &weights, &error), &error);
        w4a16_problem problem;
        w4a16_problem_init(&problem, sizeof problem);
        w4a16_problem_from_weights(&problem, weights);
        problem.act = act, problem.batch_invariant = 1, problem.shape.M = M_MAX;
        struct inputs in = {a, (size_t)M_MAX * K, NULL, NULL, 0, 0, 0};
        run_product(device, weights, &problem, &in, all, M_MAX * N);
        for (size_t n = 0; n < sizeof ms / sizeof ms[0]; n++) {
            problem.shape.M = ms[n];
            /* The last rows rather than the first: they have other places in their tiles. */
            in.a = a + (M_MAX - ms[n]) * K;
            in.a_elements = (size_t)ms[n] * K;
            const char *kernel = run_product(device, weights, &problem, &in, some, (size_t)ms[n] * N);
            if (memcmp(some, all + (M_MAX - ms[n]) * N, (size_t)ms[n] * N * 2) != 0)
                fail_msg("%s: rows at M = %d differ from those at %d", kernel, (int)ms[n], M_MAX);
        }
        w4a16_weights_free(weights);
        w4a16_device_close(device);
        free_layer(&owned);
        free(a), free(all), free(some);
    }
}

/* Up to 16 rows, by decode kernels and by strips, a row has the bits that it has alone. */
static void test_few_rows(void **state) {
    (void)state;
    enum { ROWS = 16 };
    static const struct layer_shape shapes[] = {
        {72, 1024, 128, 1, 0, 0}, {72, 1000, 32, 0, 0, 1}, {3104, 512, 64, 0, 1, 0}, {72, 960, 960, 1, 0, 0}};
    static const char *const masks[] = {NULL, "w4a16_decode*",
                                        "w4a16_decode_f16_m1_*,w4a16_decode_f16_m2_*,w4a16_decode_bf16_m1_*"};
    for (int turn = 0; turn < 8; turn++) {
        const struct layer_shape shape = shapes[turn % 4];
        w4a16_dtype act = turn / 4 ? W4A16_BF16 : W4A16_F16;
        struct owned_layer owned = make_layer(&shape, 5);
        size_t elements = (size_t)(ROWS * shape.N);
        uint16_t *a = random_activations(act, (size_t)(ROWS * shape.K), 6), *alone = malloc(elements * 2),
                 *some = malloc(elements * 2);
        for (size_t n = 0; n < sizeof masks / sizeof masks[0]; n++) {
            w4a16_device *device = open_sim(2, 0, masks[n]);
            w4a16_weights *weights;
            w4a16_error error;
            must(w4a16_weights_create(device, &owned.layer, &weights, &error), &error);
            w4a16_problem problem;
            w4a16_problem_init(&problem, sizeof problem);
            w4a16_problem_from_weights(&problem, weights);
            problem.act = act;
            for (int64_t row = 0; !n && row < ROWS; row++) {
                problem.shape.M = 1;
                struct inputs in = {a + row * shape.K, (size_t)shape.K, NULL, NULL, 0, 0, 0};
                run_product(device, weights, &problem, &in, alone + row * shape.N, (size_t)shape.N);
            }
            for (problem.shape.M = 1; problem.shape.M <= ROWS; problem.shape.M++) {
                struct inputs in = {a, (size_t)(problem.shape.M * shape.K), NULL, NULL, 0, 0, 0};
                const char *kernel =
                    run_product(device, weights, &problem, &in, some, (size_t)(problem.shape.M * shape.N));
                if (memcmp(some, alone, (size_t)(problem.shape.M * shape.N) * 2) != 0)
                    fail_msg("%s: rows at M = %d differ from those alone", kernel, (int)problem.shape.M);
            }
            w4a16_weights_free(weights);
            w4a16_device_close(device);
        }
        free_layer(&owned);
        free(a), free(alone), free(some);
    }
}

/* One or two rows of a layer with act-order have the same bits gathered and staged, empty places included. */
static void test_gathered(void **state) {
    (void)state;
    enum { N = 72, PLACES = 1024, FEATURES = 1000 };
    static const char *const masks[] = {
        NULL, "w4a16_decode_f16_m1_*,w4a16_decode_f16_m2_*,w4a16_decode_bf16_m1_*,w4a16_decode_bf16_m2_*"};
    static uint16_t out[2][2 * N];
    for (int turn = 0; turn < 12; turn++) {
        const int64_t M = turn / 6 + 1, group = 128 >> turn % 3;
        const struct layer_shape shape = {N, PLACES, group, turn % 2, 1, 0};
        w4a16_dtype act = turn % 6 / 3 ? W4A16_BF16 : W4A16_F16;
        struct owned_layer owned = make_layer(&shape, 7);
        owned.layer.K = FEATURES, owned.layer.padded_K = PLACES;
        for (int k = 0; k < PLACES; k++)
            if (owned.perm[k] >= FEATURES) owned.perm[k] = -1;
        uint16_t *a = random_activations(act, (size_t)(M * FEATURES), 8);
        for (int way = 0; way < 2; way++) {
            w4a16_device *device = open_sim(2, 0, masks[way]);
            w4a16_weights *weights;
            w4a16_problem problem;
            w4a16_error error;
            must(w4a16_weights_create(device, &owned.layer, &weights, &error), &error);
            w4a16_problem_init(&problem, sizeof problem);
            w4a16_problem_from_weights(&problem, weights);
            problem.act = act, problem.shape.M = M;
            struct inputs in = {a, (size_t)(M * FEATURES), NULL, NULL, 0, 0, 0};
            const char *kernel = run_product(device, weights, &problem, &in, out[way], (size_t)(M * N));
            assert_int_equal(!strstr(kernel, "_gather"), way);
            w4a16_weights_free(weights);
            w4a16_device_close(device);
        }
        assert_memory_equal(out[0], out[1], (size_t)(M * N) * 2);
        free_layer(&owned);
        free(a);
    }
}

/* The same for tokens of a mixture, whatever others its experts have to serve. */
static void test_every_batch_of_experts(void **state) {
    (void)state;
    enum { N = 72, K = 256, TOKENS = 90 };
    static const int64_t ms[] = {1, 3, 16, 40, TOKENS};
    const struct layer_shape shape = {N, K, 64, 0, 0, 1};
    struct owned_layer owned[EXPERTS];
    const w4a16_layer *layers[EXPERTS];
    for (int e = 0; e < EXPERTS; e++)
        owned[e] = make_layer(&shape, 50 + (uint64_t)e), layers[e] = &owned[e].layer;
    w4a16_device *device = open_sim(2, 0, NULL);
    w4a16_weights *weights;
    w4a16_error error;
    must(w4a16_experts_create(device, layers, EXPERTS, &weights, &error), &error);
    int32_t ids[TOKENS * TOP_K];
    float gates[TOKENS * TOP_K];
    for (uint64_t i = 0; i < TOKENS * TOP_K; i++)
        ids[i] = (int32_t)(random_at(81, i) % EXPERTS), gates[i] = (float)(random_at(82, i) % 100) / 64;
    for (int turn = 0; turn < 4; turn++) {
        w4a16_problem problem;
        w4a16_problem_init(&problem, sizeof problem);
        w4a16_problem_from_weights(&problem, weights);
        problem.act = turn % 2 ? W4A16_BF16 : W4A16_F16;
        problem.mixture.top_k = TOP_K, problem.epilogue.combine = (w4a16_combine)(turn / 2),
        problem.batch_invariant = 1;
        int64_t rows = problem.epilogue.combine ? TOP_K : 1, results = problem.epilogue.combine ? 1 : TOP_K;
        uint16_t *a = random_activations(problem.act, (size_t)(TOKENS * rows * K), 6);
        static uint16_t all[TOKENS * TOP_K * N], some[TOKENS * TOP_K * N];
        for (size_t n = sizeof ms / sizeof ms[0]; n-- > 0;) {
            int64_t M = problem.shape.M = ms[n], skipped = TOKENS - M;
            struct inputs in = {a + skipped * rows * K,
                                (size_t)(M * rows * K),
                                ids + skipped * TOP_K,
                                gates + skipped * TOP_K,
                                (size_t)(M * TOP_K),
                                0,
                                0};
            size_t elements = (size_t)(M * results * N);
            const char *kernel =
                run_product(device, weights, &problem, &in, M == TOKENS ? all : some, elements);
            if (M < TOKENS && memcmp(some, all + skipped * results * N, elements * 2) != 0)
                fail_msg("%s: tokens at M = %d differ from those at %d", kernel, (int)M, TOKENS);
        }
        free(a);
    }
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    for (int e = 0; e < EXPERTS; e++) free_layer(&owned[e]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_schedules), cmocka_unit_test(test_few_rows),
                                       cmocka_unit_test(test_gathered), cmocka_unit_test(test_every_batch),
                                       cmocka_unit_test(test_every_batch_of_experts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
