/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The fp64 reference against the layer's formula written out plainly, on every kind of layer. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "half.h"
#include "w4a16/layer.h"

static uint32_t random_state = 12345;
static uint32_t random_bits(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

struct shape {
    int64_t M, N, K, group_size, lda;
    w4a16_dtype act, scale_type;
    int asymmetric, act_order;
    w4a16_dtype bias; /* 0: none */
};

struct data {
    w4a16_layer layer;
    uint32_t *q;
    uint16_t *scale, *a;
    uint8_t *zero;
    int32_t *perm;
    void *bias;
};

static uint16_t small_half(w4a16_dtype type) { /* about -1..1, all bits of the significand in use */
    float f = ((int)(random_bits() & 0xffff) - 32768) / 32768.0f;
    return type == W4A16_F16 ? float_to_f16(f) : float_to_bf16(f);
}

static struct data make(const struct shape *s) {
    struct data d;
    int64_t groups = (s->K + s->group_size - 1) / s->group_size, words = (s->K + 7) / 8;
    d.q = malloc((size_t)(words * s->N) * 4);
    d.scale = malloc((size_t)(groups * s->N) * 2);
    d.zero = malloc((size_t)(groups * s->N));
    d.perm = malloc((size_t)s->K * 4);
    d.bias = malloc((size_t)s->N * 4);
    d.a = malloc((size_t)(s->M * s->lda) * 2);
    for (int64_t i = 0; i < words * s->N; i++) d.q[i] = random_bits() << 12 ^ random_bits();
    for (int64_t i = 0; i < groups * s->N; i++) d.scale[i] = small_half(s->scale_type);
    for (int64_t i = 0; i < groups * s->N; i++) d.zero[i] = (uint8_t)(random_bits() % 17);
    for (int64_t i = 0; i < s->M * s->lda; i++) d.a[i] = small_half(s->act);
    for (int64_t i = 0; i < s->K; i++) d.perm[i] = (int32_t)i;
    for (int64_t i = s->K - 1; i > 0; i--) {
        int64_t j = random_bits() % (uint32_t)(i + 1);
        int32_t swap = d.perm[i];
        d.perm[i] = d.perm[j], d.perm[j] = swap;
    }
    for (int64_t i = 0; i < s->N; i++) {
        float f = (float)random_bits() / 65536.0f;
        uint16_t half = s->bias == W4A16_F16 ? float_to_f16(f) : float_to_bf16(f);
        if (s->bias == W4A16_F32)
            memcpy((char *)d.bias + 4 * i, &f, 4);
        else
            memcpy((char *)d.bias + 2 * i, &half, 2);
    }
    w4a16_layer_init(&d.layer, sizeof d.layer);
    d.layer.N = s->N, d.layer.K = s->K, d.layer.group_size = s->group_size;
    d.layer.q = d.q, d.layer.scale = d.scale, d.layer.scale_type = s->scale_type;
    d.layer.zero = s->asymmetric ? d.zero : NULL;
    d.layer.perm = s->act_order ? d.perm : NULL;
    d.layer.bias = s->bias ? d.bias : NULL;
    d.layer.bias_type = s->bias;
    return d;
}

static void drop(struct data *d) {
    free(d->q), free(d->scale), free(d->zero), free(d->perm), free(d->bias), free(d->a);
}

static double value(w4a16_dtype type, const void *data, int64_t i) {
    if (type == W4A16_F32) return ((const float *)data)[i];
    uint16_t half = ((const uint16_t *)data)[i];
    return type == W4A16_F16 ? f16_to_float(half) : bf16_to_float(half);
}

/* w[k,n] straight from the definition in layer.h. */
static double weight(const struct data *d, int64_t k, int64_t n) {
    const w4a16_layer *l = &d->layer;
    int64_t place = k;
    if (l->perm)
        for (place = 0; l->perm[place] != k;) place++;
    int64_t at = place / l->group_size * l->N + n;
    int q = (int)(l->q[k / 8 * l->N + n] >> 4 * (k % 8) & 15);
    return value(l->scale_type, l->scale, at) * (q - (l->zero ? l->zero[at] : 8));
}

static void check(const struct shape *s, int threads) {
    struct data d = make(s);
    double *y = malloc((size_t)(s->M * s->N) * 8), *mass = malloc((size_t)(s->M * s->N) * 8);
    memset(y, 0xff, (size_t)(s->M * s->N) * 8);
    memset(mass, 0xff, (size_t)(s->M * s->N) * 8);
    assert_int_equal(w4a16_layer_check(&d.layer, NULL), W4A16_OK);
    assert_int_equal(w4a16_reference(&d.layer, s->act, s->M, d.a, s->lda, y, mass, threads, NULL), W4A16_OK);
    for (int64_t m = 0; m < s->M; m++)
        for (int64_t n = 0; n < s->N; n++) {
            double sum = 0, magnitude = 0x1p-122, least = s->act == W4A16_F16 ? 0x1p-14 : 0x1p-102;
            for (int64_t k = 0; k < s->K; k++) {
                double a = value(s->act, d.a, m * s->lda + k), w = weight(&d, k, n);
                sum += a * w;
                magnitude += (a == 0 ? 0 : fmax(fabs(a), least)) * fabs(w);
            }
            double bias = s->bias ? value(s->bias, d.bias, n) : 0;
            sum += bias;
            magnitude += fabs(bias);
            assert_true(fabs(y[m * s->N + n] - sum) <= 1e-13 * (magnitude + fabs(sum)));
            assert_true(fabs(mass[m * s->N + n] - magnitude) <= 1e-13 * magnitude);
        }
    double *again = malloc((size_t)(s->M * s->N) * 8);
    assert_int_equal(w4a16_reference(&d.layer, s->act, s->M, d.a, s->lda, again, NULL, 3, NULL), W4A16_OK);
    assert_memory_equal(y, again, (size_t)(s->M * s->N) * 8);
    free(y), free(mass), free(again);
    drop(&d);
}

static void test_formula(void **state) {
    (void)state;
    /* clang-format off */
    static const struct shape shapes[] = {
        /* M   N    K   group lda  act         scales     asym perm bias */
        {  1,  1,   8,    8,   8,  W4A16_F16,  W4A16_F16,  0,  0, 0},
        {  3, 64, 256,  128, 256,  W4A16_F16,  W4A16_F16,  0,  0, 0},
        { 16, 65, 256,   64, 261,  W4A16_BF16, W4A16_BF16, 1,  0, W4A16_F32},
        { 17, 63, 100,   32, 100,  W4A16_F16,  W4A16_BF16, 1,  1, W4A16_F16},
        { 33,  7,  13,    5,  40,  W4A16_BF16, W4A16_F16,  0,  1, W4A16_BF16},
        {  2, 130, 96,   96,  96,  W4A16_F16,  W4A16_F16,  1,  0, W4A16_F16},
        {  5, 10,  24,    1,  24,  W4A16_BF16, W4A16_BF16, 1,  1, 0},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        check(&shapes[i], 1);
        check(&shapes[i], 2);
    }
}

/* One row, one column, K = 8: activations a, weights q - 8 with scale 1. */
static double one(w4a16_dtype act, const uint16_t a[8], uint32_t q, double *mass) {
    static const uint16_t f16_one = 0x3c00;
    double y;
    w4a16_layer l;
    w4a16_layer_init(&l, sizeof l);
    l.N = 1, l.K = 8, l.group_size = 8, l.q = &q, l.scale = &f16_one, l.scale_type = W4A16_F16;
    assert_int_equal(w4a16_reference(&l, act, 1, a, 8, &y, mass, 1, NULL), W4A16_OK);
    return y;
}

static void test_by_hand(void **state) {
    (void)state;
    double mass;
    /* q = 0..7 from k = 0, so the weights are -8..-1; activations 1, 2, -4, 0.5, 0, 0, 0, 1 in fp16 */
    const uint16_t a[8] = {0x3c00, 0x4000, 0xc400, 0x3800, 0, 0, 0, 0x3c00};
    assert_true(one(W4A16_F16, a, 0x76543210u, &mass) == -8 - 14 + 24 - 2.5 - 1);
    assert_true(mass == 8 + 14 + 24 + 2.5 + 1);
}

static void test_special_activations(void **state) {
    (void)state;
    double mass;
    const uint16_t subnormal[8] = {0x0001, 0x8001};
    assert_true(one(W4A16_F16, subnormal, 0x8888886fu, &mass) == 7 * 0x1p-24 + 2 * 0x1p-24);
    assert_true(one(W4A16_BF16, subnormal, 0x8888886fu, &mass) == 0);
    assert_true(mass == 0x1p-122);
    /* each subnormal of fp16 counts as 2^-14 */
    one(W4A16_F16, subnormal, 0x8888886fu, &mass);
    assert_true(mass == 9 * 0x1p-14 + 0x1p-122);
    const uint16_t smallest_normal[8] = {0x0080}; /* bf16 2^-126 is kept */
    assert_true(one(W4A16_BF16, smallest_normal, 0x8888888fu, &mass) == 7 * 0x1p-126);
    assert_true(mass == 7 * 0x1p-102 + 0x1p-122);

    /* sums of groups that could reach 2^127 before they are scaled */
    const uint16_t large[9] = {0x7d00, 0, 0xfc80}; /* 2^123 and -2^122 */
    assert_true(one(W4A16_BF16, large, 0x88888888u, &mass) == 0);
    assert_true(mass == 0x1p127);
    one(W4A16_BF16, large + 1, 0x88888888u, &mass);
    assert_true(mass == 0x1p-122);

    const uint16_t inf[8] = {0x7c00};
    assert_true(one(W4A16_F16, inf, 0x88888889u, &mass) == INFINITY);
    assert_true(one(W4A16_F16, inf, 0x88888887u, &mass) == -INFINITY);
    assert_true(isnan(one(W4A16_F16, inf, 0x88888888u, &mass))); /* Inf * 0 */
    const uint16_t both[8] = {0x7c00, 0xfc00};
    assert_true(isnan(one(W4A16_F16, both, 0x88888899u, &mass)));
    assert_true(one(W4A16_F16, both, 0x88888879u, &mass) == INFINITY);
    const uint16_t nan[8] = {0, 0, 0x7fc0};
    assert_true(isnan(one(W4A16_BF16, nan, 0x88888888u, &mass)));
}

static void test_arguments(void **state) {
    (void)state;
    struct shape s = {1, 1, 8, 8, 8, W4A16_F16, W4A16_F16, 0, 0, 0};
    struct data d = make(&s);
    double y = 42;
    w4a16_error error;
    assert_int_equal(w4a16_reference(&d.layer, W4A16_F32, 1, d.a, 8, &y, NULL, 1, &error),
                     W4A16_INVALID_ARGUMENT);
    assert_string_equal(error.message, "reference: act is 3; accepted are 1 (fp16) and 2 (bf16)");
    assert_int_equal(w4a16_reference(&d.layer, W4A16_F16, 1, d.a, 7, &y, NULL, 1, &error),
                     W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_reference(&d.layer, W4A16_F16, -1, d.a, 8, &y, NULL, 1, NULL),
                     W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_reference(&d.layer, W4A16_F16, 1, d.a, 8, &y, NULL, 0, NULL),
                     W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_reference(&d.layer, W4A16_F16, 0, NULL, 8, &y, NULL, 1, NULL), W4A16_OK);
    assert_true(y == 42);
    drop(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formula), cmocka_unit_test(test_by_hand),
                                       cmocka_unit_test(test_special_activations),
                                       cmocka_unit_test(test_arguments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
