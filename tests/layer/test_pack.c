/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Packing: every nibble, scale, zero and bias of random layers is where the drawing in layout.h says, read
 * back here by an address computation of the test's own; tails and padding are as promised.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "layer/pack.h"
#include "random.h"

#define POISON 0xa5

static struct pool *pool;

/* A random layer with all of its arrays. */
struct sample {
    w4a16_layer layer;
    uint32_t *q;
    uint16_t *scale;
    uint8_t *zero;
    int32_t *perm;
    void *bias;
    float *bias_value; /* what bias means */
};

static void *filled(uint64_t seed, size_t bytes) {
    unsigned char *to = malloc(bytes);
    assert_non_null(to);
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)random_at(seed, i);
    return to;
}

/* 1 + n/8 for n in 0..7: both half types and their values are plain to write down. */
static void make_bias(struct sample *s, w4a16_dtype type, uint64_t seed) {
    int64_t N = s->layer.N;
    s->bias = malloc((size_t)N * 4);
    s->bias_value = malloc((size_t)N * sizeof(float));
    assert_true(s->bias && s->bias_value);
    for (int64_t n = 0; n < N; n++) {
        unsigned eighths = (unsigned)random_at(seed, (uint64_t)n) % 8;
        float value = 1 + (float)eighths / 8;
        uint16_t half = (uint16_t)(type == W4A16_F16 ? 0x3c00 + eighths * 0x80 : 0x3f80 + eighths * 0x10);
        s->bias_value[n] = value;
        if (type == W4A16_F32)
            memcpy((char *)s->bias + 4 * n, &value, 4);
        else
            memcpy((char *)s->bias + 2 * n, &half, 2);
    }
    s->layer.bias = s->bias;
    s->layer.bias_type = type;
}

static void make_perm(struct sample *s, uint64_t seed) {
    int64_t K = s->layer.K;
    s->perm = malloc((size_t)K * sizeof *s->perm);
    assert_non_null(s->perm);
    for (int64_t k = 0; k < K; k++) {
        int64_t other = (int64_t)(random_at(seed, (uint64_t)k) % (uint64_t)(k + 1));
        s->perm[k] = s->perm[other];
        s->perm[other] = (int32_t)k;
    }
    s->layer.perm = s->perm;
}

static struct sample make(int64_t N, int64_t K, int64_t group, int asymmetric, int act_order,
                          w4a16_dtype bias_type, uint64_t seed) {
    struct sample s = {0};
    w4a16_layer_init(&s.layer, sizeof s.layer);
    s.layer.N = N, s.layer.K = K, s.layer.group_size = group;
    s.layer.scale_type = W4A16_BF16;
    size_t entries = (size_t)(w4a16_layer_groups(&s.layer) * N);
    s.layer.q = s.q = filled(seed, (size_t)((K + 7) / 8 * N) * 4);
    s.layer.scale = s.scale = filled(seed + 1, entries * 2);
    for (size_t i = 0; i < entries; i++) s.scale[i] &= 0xbfff; /* finite, of either sign */
    if (asymmetric) {
        s.layer.zero = s.zero = filled(seed + 2, entries);
        for (size_t i = 0; i < entries; i++) s.zero[i] %= 17;
    }
    if (act_order) make_perm(&s, seed + 3);
    if (bias_type) make_bias(&s, bias_type, seed + 4);
    w4a16_error error;
    if (w4a16_layer_check(&s.layer, &error) != W4A16_OK) fail_msg("%s", error.message);
    return s;
}

static void discard(struct sample *s) {
    free(s->q);
    free(s->scale);
    free(s->zero);
    free(s->perm);
    free(s->bias);
    free(s->bias_value);
}

static unsigned char *pack(const w4a16_layer *layer, struct packed_layout *layout, struct pool *with) {
    *layout = packed_layout_of(layer, 0);
    unsigned char *packed = malloc(layout->bytes);
    assert_non_null(packed);
    memset(packed, POISON, layout->bytes);
    pack_layer(layer, layout, packed, with);
    return packed;
}

static uint32_t u32_at(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The nibble at place k (in group order) of column n. */
static unsigned nibble(const unsigned char *weights, int64_t blocks, int64_t n, int64_t k) {
    int64_t in_block = k % 32, i = in_block / 8, j = in_block % 8 / 2;
    uint32_t word = u32_at(weights + ((n / 32 * blocks + k / 32) * 32 + n % 32) * 16 + 4 * i);
    return word >> (4 * j + 16 * (in_block % 2)) & 15;
}

static void check_weights(const struct sample *s, const struct packed_layout *p, const unsigned char *at) {
    const w4a16_layer *l = &s->layer;
    for (int64_t n = 0; n < l->N; n++)
        for (int64_t k = 0; k < l->K; k++) {
            int64_t from = s->perm ? s->perm[k] : k;
            unsigned expected = s->q[from / 8 * l->N + n] >> 4 * (from % 8) & 15;
            if (nibble(at + p->weights, p->blocks, n, k) != expected)
                fail_msg("N %d K %d: nibble of column %d, place %d", (int)l->N, (int)l->K, (int)n, (int)k);
        }
}

static void check_groups(const struct sample *s, const struct packed_layout *p, const unsigned char *at) {
    const w4a16_layer *l = &s->layer;
    for (int64_t n = 0; n < p->strips * 32; n++)
        for (int64_t g = 0; g < p->groups; g++) {
            int64_t to = (n / 32 * p->groups + g) * 32 + n % 32, from = g * l->N + n;
            const unsigned char *scale = at + p->scales + 2 * to;
            assert_int_equal(scale[0] | scale[1] << 8, n < l->N ? s->scale[from] : 0);
            if (s->zero) assert_int_equal(at[p->zeros + (size_t)to], n < l->N ? s->zero[from] : 0);
        }
}

static void check_bias_and_perm(const struct sample *s, const struct packed_layout *p,
                                const unsigned char *at) {
    for (int64_t n = 0; s->bias && n < p->strips * 32; n++) {
        float value;
        memcpy(&value, at + p->bias + 4 * n, 4);
        assert_true(value == (n < s->layer.N ? s->bias_value[n] : 0));
    }
    for (int64_t k = 0; s->perm && k < s->layer.K; k++)
        assert_int_equal((int32_t)u32_at(at + p->perm + 4 * k), s->perm[k]);
}

/* The sections follow one another without overlap, and what lies between them is untouched. */
static void check_sections(const struct sample *s, const struct packed_layout *p, const unsigned char *at) {
    size_t entries = (size_t)(p->strips * 32 * p->groups);
    const struct {
        size_t begin, bytes;
    } sections[] = {{p->weights, (size_t)(p->strips * p->blocks) * 512},
                    {p->scales, entries * 2},
                    {p->zeros, s->zero ? entries : 0},
                    {p->bias, s->bias ? (size_t)p->strips * 128 : 0},
                    {p->perm, s->perm ? (size_t)p->K * 4 : 0}};
    size_t end = 0;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        assert_int_equal(sections[i].begin % 256, 0);
        assert_true(sections[i].begin >= end && sections[i].begin - end < 256);
        for (; end < sections[i].begin; end++) assert_int_equal(at[end], POISON);
        end += sections[i].bytes;
    }
    assert_true(p->bytes >= end && p->bytes - end < 256 && p->bytes % 256 == 0);
    for (; end < p->bytes; end++) assert_int_equal(at[end], POISON);
}

static void test_places(void **state) {
    (void)state;
    static const int64_t shapes[][3] = {/* N, K, group_size */
                                        {32, 32, 32},  {64, 256, 128}, {1, 8, 8},    {33, 96, 32},
                                        {31, 40, 16},  {70, 100, 48},  {5, 1, 1},    {96, 513, 64},
                                        {128, 96, 96}, {257, 320, 32}, {40, 39, 39}, {3, 1000, 128}};
    static const w4a16_dtype bias_types[] = {0, W4A16_F16, W4A16_BF16, W4A16_F32};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (unsigned options = 0; options < 16; options++) {
            struct sample s = make(shapes[i][0], shapes[i][1], shapes[i][2], options & 1, options >> 1 & 1,
                                   bias_types[options >> 2], 100 * i + options);
            struct packed_layout p;
            unsigned char *packed = pack(&s.layer, &p, pool);
            check_sections(&s, &p, packed);
            check_weights(&s, &p, packed);
            check_groups(&s, &p, packed);
            check_bias_and_perm(&s, &p, packed);
            free(packed);
            discard(&s);
        }
}

static void test_threads(void **state) {
    (void)state;
    struct sample s = make(333, 515, 64, 1, 1, W4A16_F32, 7);
    struct packed_layout p;
    unsigned char *expected = pack(&s.layer, &p, pool);
    for (int threads = 1; threads <= 5; threads += 2) {
        struct pool *with = pool_create(threads);
        assert_non_null(with);
        unsigned char *packed = pack(&s.layer, &p, with);
        assert_memory_equal(packed, expected, p.bytes);
        free(packed);
        pool_destroy(with);
    }
    free(expected);
    discard(&s);
}

/* One copy of the weights: within 3 % of nibbles, scales and a byte per zero, N rounded up to 32. */
/* With its rests cleared, no byte of a packed layer depends on what was there. */
static void test_every_byte(void **state) {
    (void)state;
    for (int turn = 0; turn < 8; turn++) {
        struct sample s = make(33 + 31 * turn, 100, 48, turn & 1, turn >> 1 & 1,
                               turn >> 2 ? W4A16_F16 : (w4a16_dtype)0, 60 + (uint64_t)turn);
        struct packed_layout layout = packed_layout_of(&s.layer, 0);
        unsigned char *packed[2];
        for (int n = 0; n < 2; n++) {
            packed[n] = malloc(layout.bytes);
            assert_non_null(packed[n]);
            memset(packed[n], n ? 0x5a : POISON, layout.bytes);
            pack_layer(&s.layer, &layout, packed[n], pool);
            pack_clear_rests(&layout, packed[n]);
        }
        assert_memory_equal(packed[0], packed[1], layout.bytes);
        free(packed[0]), free(packed[1]);
        discard(&s);
    }
}

static void test_size(void **state) {
    (void)state;
    static const int64_t sizes[][2] = {{4096, 4096},   {14336, 4096}, {4096, 14336}, {1024, 4096},
                                       {151936, 2560}, {2050, 4000},  {96, 2048}};
    static const int64_t groups[] = {16, 32, 64, 128, -1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
            for (int symmetric = 0; symmetric < 2; symmetric++) {
                static const uint8_t some;
                w4a16_layer l;
                w4a16_layer_init(&l, sizeof l);
                l.N = sizes[i][0], l.K = sizes[i][1], l.group_size = groups[g] < 0 ? l.K : groups[g];
                l.zero = symmetric ? NULL : &some; /* only whether it is there counts */
                const struct packed_layout p = packed_layout_of(&l, 0);
                double columns = (double)((l.N + 31) / 32 * 32),
                       entries = columns * (double)w4a16_layer_groups(&l);
                double least = columns * (double)l.K / 2 + entries * (symmetric ? 2 : 3);
                assert_true((double)p.bytes >= least && (double)p.bytes <= 1.03 * least);
            }
}

/* The largest layers that a check lets through: sections lie one behind the other, far from any overflow. */
static void test_largest(void **state) {
    (void)state;
    static const uint8_t some;
    w4a16_layer l;
    w4a16_layer_init(&l, sizeof l);
    l.N = l.K = W4A16_SIZE_MAX, l.group_size = 1, l.scale_type = W4A16_F16;
    l.zero = &some, l.perm = (const void *)&some, l.bias = &some;
    const struct packed_layout p = packed_layout_of(&l, 1024);
    const size_t n = W4A16_SIZE_MAX, experts = 1024;
    assert_true(p.weights == 0 && p.scales == experts * n * n / 2 &&
                p.zeros == p.scales + experts * n * n * 2);
    assert_true(p.bias == p.zeros + experts * n * n && p.perm == p.bias + experts * n * 4);
    assert_true(p.bytes == p.perm + experts * n * 4 && p.bytes < (size_t)1 << 60);
}

int main(void) {
    pool = pool_create(2);
    if (!pool) return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places), cmocka_unit_test(test_threads),
                                       cmocka_unit_test(test_every_byte), cmocka_unit_test(test_size),
                                       cmocka_unit_test(test_largest)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pool_destroy(pool);
    return failed;
}
