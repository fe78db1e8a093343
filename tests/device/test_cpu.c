/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The cpu device's levels of instructions against portable C on one thread, bit for bit: every level that
 * this host has, on one, two and three threads, for ordinary, tiny, huge and non-finite activations; every
 * row at every M against the row alone; whatever floating-point modes the caller has set; on
 * threads of the caller's; and single sums at both ends of
 * what prepare.c takes for ordinary activations.
 */
#include <stdio.h>

#include "product.h"

#if defined __x86_64__
#include <immintrin.h>
#endif

enum { LEVELS = 4, M_MAX = 40, EXPERTS = 4, TOP_K = 2 };
static const char *const levels[LEVELS] = {"cpu_linear_portable", "cpu_linear_avx2", "cpu_linear_avx512",
                                           "cpu_linear_avx512bf16"};

/* Masks off all levels but one. */
static const char *only(int level, char mask[256]) {
    size_t used = 0;
    for (int n = 0; n < LEVELS; n++)
        if (n != level) used += (size_t)snprintf(mask + used, 256 - used, "%s,", levels[n]);
    return mask;
}

/* Whether the host has it, and it takes such activations. */
static int level_takes(int level, const w4a16_problem *p) {
    char mask[256];
    return w4a16_supports("cpu", only(level, mask), p, NULL) == W4A16_OK;
}

/* ---- activations --------------------------------------------------------------------------------------- */

enum fill { ORDINARY, TINY, HUGE_ONES, SUBNORMAL, NON_FINITE, FILLS };

/* Exponents (of bf16) that a fill is drawn from: sums of tiny ones fall below 2^-126, products of huge ones
 * overflow. */
static uint16_t activation(enum fill fill, w4a16_dtype type, uint64_t draw) {
    static const struct {
        uint16_t first, count;
    } exponents[FILLS] = {{120, 12}, {1, 9}, {248, 7}, {0, 3}, {126, 2}};
    uint16_t sign_and_bits = (uint16_t)((draw & 0x8000) | (draw & 0x7f));
    if (fill == NON_FINITE && (draw >> 20) % 64 == 0) return type == W4A16_BF16 ? 0xff80 : 0xfc00;
    if (fill == NON_FINITE && (draw >> 20) % 64 == 1) return type == W4A16_BF16 ? 0x7fa5 : 0x7d23;
    if (type == W4A16_BF16)
        return (uint16_t)(sign_and_bits | (exponents[fill].first + (draw >> 32) % exponents[fill].count)
                                              << 7);
    uint16_t f16 = (uint16_t)(draw & 0x83ff);
    uint64_t exponent = fill == TINY || fill == SUBNORMAL ? (draw >> 32) % 3 : 8 + (draw >> 32) % 12;
    return (uint16_t)(f16 | (fill == HUGE_ONES ? 29 : exponent) << 10);
}

/* ---- dense products ------------------------------------------------------------------------------------ */

static const struct layer_shape shapes[] = {
    {96, 512, 128, 1, 0, 0}, {200, 640, 64, 0, 1, 1}, {33, 576, 32, 0, 0, 0},
    {65, 200, 48, 1, 1, 0},  {40, 384, 16, 0, 0, 1},  {72, 333, 333, 1, 0, 0},
    {64, 256, 7, 0, 1, 0},   {32, 128, 1, 1, 0, 0},   {136, 1056, 1056, 0, 0, 0}};

struct dense {
    const struct layer_shape *shape;
    struct owned_layer owned;
    w4a16_problem problem;
    uint16_t *a, *out, *expected;
    size_t elements;
};

static void run_dense(struct dense *d, int level, int threads, uint16_t *out) {
    char mask[256];
    w4a16_device *device = open_device(W4A16_DEVICE_CPU, threads, 0, only(level, mask));
    w4a16_weights *weights;
    w4a16_error error;
    must(w4a16_weights_create(device, &d->owned.layer, &weights, &error), &error);
    struct inputs in = {d->a, (size_t)(d->problem.shape.M * d->shape->K), NULL, NULL, 0, 0, 0};
    const char *kernel = run_product(device, weights, &d->problem, &in, out, d->elements);
    assert_string_equal(kernel, levels[level]);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
}

static void make_dense(struct dense *d, const struct layer_shape *shape, w4a16_dtype act, int64_t M,
                       enum fill fill) {
    *d = (struct dense){.shape = shape, .owned = make_layer(shape, 3), .elements = (size_t)(M * shape->N)};
    w4a16_problem_init(&d->problem, sizeof d->problem);
    d->problem.shape = (w4a16_shape){.M = M, .N = shape->N, .K = shape->K, .group_size = shape->group_size};
    d->problem.weights.zeros = shape->symmetric ? W4A16_ZEROS_NONE : W4A16_ZEROS_STORED;
    d->problem.act = act, d->problem.weights.act_order = shape->act_order;
    d->problem.epilogue.has_bias = shape->has_bias;
    d->a = malloc((size_t)(M * shape->K) * 2);
    d->out = malloc(d->elements * 2);
    d->expected = malloc(d->elements * 2);
    for (int64_t i = 0; i < M * shape->K; i++)
        d->a[i] = activation(fill, act, random_at(11 + fill, (uint64_t)i));
}

static void free_dense(struct dense *d) {
    free_layer(&d->owned);
    free(d->a), free(d->out), free(d->expected);
}

static void test_levels(void **state) {
    (void)state;
    static const int64_t ms[] = {1, 2, 3, 5, 8, 13, 17, M_MAX};
    int ran[LEVELS] = {0}, turn = 0;
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (size_t m = 0; m < sizeof ms / sizeof ms[0]; m++)
            for (int fill = 0; fill < FILLS; fill++, turn++) {
                struct dense d;
                make_dense(&d, &shapes[s], turn % 3 ? W4A16_BF16 : W4A16_F16, ms[m], (enum fill)fill);
                run_dense(&d, 0, 1, d.expected);
                for (int level = 0; level < LEVELS; level++) {
                    if (!level_takes(level, &d.problem)) continue;
                    int threads = 1 + (turn + level) % 3;
                    run_dense(&d, level, threads, d.out);
                    ran[level]++;
                    for (size_t i = 0; i < d.elements; i++)
                        if (d.out[i] != d.expected[i])
                            fail_msg(
                                "%s, %d threads, shape %d, M = %d, fill %d, %s: output %d is %04x, not %04x",
                                levels[level], threads, (int)s, (int)ms[m], fill,
                                w4a16_dtype_name(d.problem.act), (int)i, d.out[i], d.expected[i]);
                }
                free_dense(&d);
            }
    for (int level = 0; level < LEVELS; level++)
        print_message("%s: %d products%s\n", levels[level], ran[level],
                      ran[level] ? "" : " (not on this host)");
}

/* A row has the bits that it has alone, whatever the batch. */
static void test_every_batch(void **state) {
    (void)state;
    for (int turn = 0; turn < 4; turn++)
        for (int level = 0; level < LEVELS; level++) {
            const struct layer_shape *shape = &shapes[turn];
            struct dense d;
            make_dense(&d, shape, turn % 2 ? W4A16_F16 : W4A16_BF16, M_MAX, ORDINARY);
            if (level_takes(level, &d.problem)) {
                run_dense(&d, level, 2, d.expected);
                struct dense some = d;
                for (int64_t M = 1; M < M_MAX; M += 1 + M / 4) {
                    some.a = d.a + (M_MAX - M) * shape->K;
                    some.problem.shape.M = M, some.elements = (size_t)(M * shape->N);
                    run_dense(&some, level, 2, some.out);
                    assert_memory_equal(some.out, d.expected + (M_MAX - M) * shape->N, some.elements * 2);
                }
            }
            free_dense(&d);
        }
}

static void test_callers_modes(void **state) {
    (void)state;
#if defined __x86_64__
    for (int level = 0; level < LEVELS; level++)
        for (int threads = 1; threads <= 2; threads++) {
            struct dense d;
            make_dense(&d, &shapes[1], W4A16_BF16, 9, TINY);
            if (level_takes(level, &d.problem)) {
                run_dense(&d, level, threads, d.expected);
                unsigned before = _mm_getcsr();
                _mm_setcsr(0xffc0); /* round towards zero, flush to zero */
                run_dense(&d, level, threads, d.out);
                assert_int_equal(_mm_getcsr() & 0xffc0, 0xffc0);
                _mm_setcsr(before);
                assert_memory_equal(d.out, d.expected, d.elements * 2);
            }
            free_dense(&d);
        }
#endif
}

/* On the caller's threads a device has the bits that it has on its own, in whatever order it is called. */
static void run_backwards(void *calls, int count, void (*body)(void *loop, int n), void *loop) {
    ++*(int *)calls;
    for (int n = count; n-- > 0;) body(loop, n);
}

static void test_callers_threads(void **state) {
    (void)state;
    static const struct layer_shape shape = {200, 640, 64, 0, 1, 1};
    struct dense d;
    int calls = 0;
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_error error;
    w4a16_device_info info;
    make_dense(&d, &shape, W4A16_BF16, M_MAX, ORDINARY);
    run_dense(&d, 0, 1, d.expected);
    w4a16_device_options_init(&options, sizeof options);
    options.kind = W4A16_DEVICE_CPU, options.threads = 3;
    options.parallel_for = run_backwards, options.parallel_state = &calls;
    must(w4a16_device_open(&options, &device, &error), &error);
    w4a16_device_get_info(device, &info);
    assert_non_null(strstr(info.runtime, "3 threads of the caller's"));
    must(w4a16_weights_create(device, &d.owned.layer, &weights, &error), &error);
    assert_int_equal(calls, 1); /* packing is such a loop, too */
    struct inputs in = {d.a, (size_t)(M_MAX * shape.K), NULL, NULL, 0, 0, 0};
    run_product(device, weights, &d.problem, &in, d.out, d.elements);
    assert_int_equal(calls, 2); /* one of the few activations is not */
    assert_memory_equal(d.out, d.expected, d.elements * 2);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    options.kind = W4A16_DEVICE_SIM;
    assert_int_equal(w4a16_device_open(&options, &device, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "options.parallel_for"));
    free_dense(&d);
}

/* Two activations, a and -a but for what `bits` adds to the odd one, by nibbles 0 and 1 of every column. */
static void make_pair(struct dense *d, int exponent, uint16_t bits, uint32_t word, uint8_t zero,
                      uint16_t scale) {
    static const struct layer_shape shape = {32, 128, 128, 0, 0, 0};
    enum { M = 3 };
    make_dense(d, &shape, W4A16_BF16, M, ORDINARY);
    for (int64_t i = 0; i < shape.K / 8 * shape.N; i++) d->owned.q[i] = word;
    for (int64_t n = 0; n < shape.N; n++) d->owned.zero[n] = zero, d->owned.scale[n] = scale;
    memset(d->a, 0, (size_t)(M * shape.K) * 2);
    for (int64_t m = 0; m < M; m++) {
        d->a[m * shape.K] = (uint16_t)(0x8000 | exponent << 7);
        d->a[m * shape.K + 1] = (uint16_t)(exponent << 7 | bits);
    }
}

static void assert_pair(struct dense *d, int exponent, uint16_t expected) {
    for (int level = 0; level < LEVELS; level++)
        for (int64_t M = 1; M <= 3; M += 2) {
            d->problem.shape.M = M, d->elements = (size_t)(M * d->shape->N);
            if (!level_takes(level, &d->problem)) continue;
            run_dense(d, level, 1, d->out);
            for (size_t i = 0; i < d->elements; i++)
                if (d->out[i] != expected)
                    fail_msg("%s, M = %d, exponent %d: output %d is %04x, not %04x", levels[level], (int)M,
                             exponent, (int)i, d->out[i], expected);
        }
}

static void test_ends(void **state) {
    (void)state;
    struct dense d;
    /* The sum is the last bit of the larger one: zero if that is below 2^-126. */
    for (int exponent = 1; exponent <= 12; exponent++) {
        make_pair(&d, exponent, 1, 0x99999999, 8, 0x3c00);
        assert_pair(&d, exponent, (uint16_t)(exponent < 8 ? 0 : (exponent - 7) << 7));
        free_dense(&d);
    }
    /* -8 a + 16 a, of which the last product may not be finite. The scale is 2^-8. */
    for (int exponent = 246; exponent <= 251; exponent++) {
        make_pair(&d, exponent, 0, 0x00000080, 16, 0x1c00);
        assert_pair(&d, exponent, (uint16_t)((exponent + 3 - 8) << 7));
        free_dense(&d);
    }
}

/* ---- experts ------------------------------------------------------------------------------------------- */

static void run_experts(const struct layer_shape *shape, w4a16_problem problem, const struct inputs *in,
                        int level, int threads, uint16_t *out, size_t elements) {
    char mask[256];
    struct owned_layer owned[EXPERTS];
    const w4a16_layer *layers[EXPERTS];
    w4a16_device *device = open_device(W4A16_DEVICE_CPU, threads, 0, only(level, mask));
    w4a16_weights *weights;
    w4a16_error error;
    for (int e = 0; e < EXPERTS; e++)
        owned[e] = make_layer(shape, 50 + (uint64_t)e), layers[e] = &owned[e].layer;
    must(w4a16_experts_create(device, layers, EXPERTS, &weights, &error), &error);
    run_product(device, weights, &problem, in, out, elements);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    for (int e = 0; e < EXPERTS; e++) free_layer(&owned[e]);
}

static void test_experts(void **state) {
    (void)state;
    static const struct layer_shape shape = {72, 256, 32, 0, 1, 1};
    static const int64_t ms[] = {1, 7, M_MAX, 300};
    int32_t ids[300 * TOP_K];
    float gates[300 * TOP_K];
    for (uint64_t i = 0; i < 300 * TOP_K; i++)
        ids[i] = (int32_t)(random_at(81, i) % (EXPERTS + 1)) - 1,
        gates[i] = (float)(random_at(82, i) % 100) / 64;
    for (int turn = 0; turn < 12; turn++) {
        w4a16_problem p;
        w4a16_problem_init(&p, sizeof p);
        p.shape =
            (w4a16_shape){.M = ms[turn % 4], .N = shape.N, .K = shape.K, .group_size = shape.group_size};
        p.weights.zeros = W4A16_ZEROS_STORED, p.weights.act_order = 1, p.epilogue.has_bias = 1;
        p.mixture.experts = EXPERTS, p.mixture.top_k = TOP_K;
        p.act = turn % 2 ? W4A16_F16 : W4A16_BF16, p.epilogue.combine = (w4a16_combine)(turn / 4);
        size_t rows = (size_t)(p.epilogue.combine == W4A16_COMBINE_ADD ? p.shape.M * TOP_K : p.shape.M);
        size_t elements = (size_t)(p.epilogue.combine == W4A16_COMBINE_ADD ? p.shape.M : p.shape.M * TOP_K) *
                          (size_t)shape.N;
        uint16_t *a = random_activations(p.act, rows * (size_t)shape.K, 6), *expected = malloc(elements * 2),
                 *out = malloc(elements * 2);
        struct inputs in = {
            a, rows * (size_t)shape.K, ids, p.epilogue.combine ? gates : NULL, (size_t)p.shape.M * TOP_K, 0,
            0};
        run_experts(&shape, p, &in, 0, 1, expected, elements);
        for (int level = 0; level < LEVELS; level++) {
            if (!level_takes(level, &p)) continue;
            run_experts(&shape, p, &in, level, 1 + turn % 3, out, elements);
            assert_memory_equal(out, expected, elements * 2);
        }
        free(a), free(expected), free(out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),        cmocka_unit_test(test_every_batch),
        cmocka_unit_test(test_callers_modes), cmocka_unit_test(test_callers_threads),
        cmocka_unit_test(test_ends),          cmocka_unit_test(test_experts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
