/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Layers from GPTQ's, AWQ's and compressed-tensors' arrays: what a random layer becomes when it is written in
 * each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "w4a16/convert.h"

enum { MOST = 128 }; /* of N and K */

/* A layer, value by value; g is the group of each feature. */
static struct {
    int64_t N, K, groups;
    unsigned q[MOST][MOST], zero[MOST][MOST];
    uint16_t scale[MOST][MOST];
    int32_t g[MOST];
} value;

/* It, as a checkpoint has it. */
static uint32_t weights[MOST * MOST], zeros[MOST * MOST];
static uint16_t scales[MOST * MOST];
static float bias[MOST];
static w4a16_stored stored;
static w4a16_layer *layer;
static w4a16_error error;

static unsigned draw(unsigned below) {
    static uint32_t state = 12345;
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

static void draw_value(int64_t N, int64_t K, int64_t groups, int64_t group_size) {
    value.N = N, value.K = K, value.groups = groups;
    for (int64_t k = 0; k < K; k++) {
        value.g[k] = (int32_t)(k / group_size);
        for (int64_t n = 0; n < N; n++) value.q[k][n] = draw(16);
    }
    for (int64_t g = 0; g < groups; g++)
        for (int64_t n = 0; n < N; n++) {
            value.zero[g][n] = 1 + draw(15);
            value.scale[g][n] = (uint16_t)draw(0x7c00);
        }
    for (int64_t n = 0; n < N; n++) bias[n] = (float)n;
}

static void shuffle_features(void) {
    for (int64_t k = value.K - 1; k > 0; k--) {
        int64_t with = draw((unsigned)k + 1);
        int32_t g = value.g[k];
        value.g[k] = value.g[with], value.g[with] = g;
    }
}

static void put(uint32_t *words, int64_t word, int nibble, unsigned x) { words[word] |= x << 4 * nibble; }

/* Nibbles that belong to no element are set. */
static void put_filling(uint32_t *words, int64_t word, int from) {
    for (int i = from; i < 8; i++) put(words, word, i, 15);
}

static void begin(int64_t group_size) {
    memset(weights, 0, sizeof weights), memset(zeros, 0, sizeof zeros);
    w4a16_stored_init(&stored, sizeof stored);
    stored.N = value.N, stored.K = value.K, stored.group_size = group_size;
    stored.weights = weights, stored.zeros = zeros, stored.scales = scales;
    stored.scale_type = W4A16_F16, stored.bias_type = W4A16_F32, stored.bias = bias;
}

static void write_gptq(int64_t group_size, int version) {
    int64_t N = value.N, N8 = (N + 7) / 8;
    begin(group_size);
    stored.version = version;
    for (int64_t k = 0; k < value.K; k++)
        for (int64_t n = 0; n < N; n++) put(weights, k / 8 * N + n, (int)(k % 8), value.q[k][n]);
    for (int64_t g = 0; g < value.groups; g++) {
        for (int64_t n = 0; n < N; n++) {
            put(zeros, g * N8 + n / 8, (int)(n % 8), value.zero[g][n] - (version == 1));
            scales[g * N + n] = value.scale[g][n];
        }
        if (N % 8) put_filling(zeros, g * N8 + N / 8, (int)(N % 8));
    }
}

/* AWQ's packers put columns 0 2 4 6 1 3 5 7 of eight into a word, lowest nibble first. */
static void put_awq_row(uint32_t *words, const unsigned *row, unsigned flip) {
    static const int columns[8] = {0, 2, 4, 6, 1, 3, 5, 7};
    for (int64_t n0 = 0; n0 < value.N; n0 += 8)
        for (int i = 0; i < 8; i++)
            put(words, n0 / 8, i, n0 + columns[i] < value.N ? row[n0 + columns[i]] ^ flip : 15);
}

static void write_awq(int64_t group_size, int twos_complement) {
    int64_t N = value.N, N8 = (N + 7) / 8;
    begin(group_size);
    stored.twos_complement = twos_complement;
    for (int64_t k = 0; k < value.K; k++) put_awq_row(weights + k * N8, value.q[k], twos_complement ? 8 : 0);
    for (int64_t g = 0; g < value.groups; g++) {
        put_awq_row(zeros + g * N8, value.zero[g], twos_complement ? 8 : 0);
        for (int64_t n = 0; n < N; n++) scales[g * N + n] = value.scale[g][n];
    }
}

static void write_ct(int64_t group_size) {
    int64_t K8 = (value.K + 7) / 8, G = value.groups;
    begin(group_size);
    for (int64_t n = 0; n < value.N; n++) {
        for (int64_t k = 0; k < value.K; k++) put(weights, n * K8 + k / 8, (int)(k % 8), value.q[k][n]);
        for (int64_t g = 0; g < G; g++) {
            put(zeros, n / 8 * G + g, (int)(n % 8), value.zero[g][n]);
            scales[n * G + g] = value.scale[g][n];
        }
    }
    for (int64_t g = 0; g < G && value.N % 8; g++)
        put_filling(zeros, value.N / 8 * G + g, (int)(value.N % 8));
}

/*
 * The layer that was made says of each weight what the value does, and orders features by group, then number.
 */
static void check_layer(void) {
    assert_int_equal(w4a16_layer_check(layer, &error), W4A16_OK);
    assert_true(layer->N == value.N && layer->K == value.K);
    int64_t seen = 0, last = -1;
    for (int64_t p = 0; p < w4a16_layer_padded_K(layer); p++) {
        int64_t k = layer->perm ? layer->perm[p] : p, group = p / layer->group_size;
        if (k < 0) continue;
        int64_t rank = value.g[k] * MOST + k;
        assert_true(rank > last);
        last = rank, seen++;
        for (int64_t n = 0; n < layer->N; n++) {
            unsigned zero = layer->zero ? layer->zero[group * layer->N + n] : 8;
            assert_int_equal(layer->q[k / 8 * layer->N + n] >> 4 * (k % 8) & 15, value.q[k][n]);
            assert_int_equal(layer->scale[group * layer->N + n], value.scale[value.g[k]][n]);
            assert_int_equal(zero, value.zero[value.g[k]][n]);
        }
    }
    assert_int_equal(seen, value.K);
    assert_memory_equal(layer->bias, bias, (size_t)value.N * sizeof *bias);
    w4a16_layer_free(layer);
    layer = NULL;
}

typedef w4a16_status convert(const w4a16_stored *, w4a16_layer **, w4a16_error *);

static void accepts(convert *from) {
    w4a16_status status = from(&stored, &layer, &error);
    if (status != W4A16_OK) fail_msg("%s", error.message);
    assert_string_equal(error.message, "");
}

static void refuses(convert *from, const char *words) {
    w4a16_layer *const before = layer;
    assert_int_equal(from(&stored, &layer, &error), W4A16_INVALID_ARGUMENT);
    if (!strstr(error.message, words)) fail_msg("\"%s\" lacks \"%s\"", error.message, words);
    assert_ptr_equal(layer, before);
    assert_int_equal(from(&stored, &layer, NULL), W4A16_INVALID_ARGUMENT);
}

static void test_forms(void **state) {
    static const struct {
        int64_t N, K, group_size;
    } sizes[] = {{8, 64, 32}, {5, 32, 16}, {1, 8, 8}, {37, 72, 32}, {128, 128, 128}, {16, 40, 64}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int order = 0; order < 2; order++) {
            int64_t N = sizes[i].N, K = sizes[i].K, size = sizes[i].group_size;
            draw_value(N, K, (K + size - 1) / size, size);
            if (!order) {
                write_awq(size, 0), accepts(w4a16_layer_from_awq), check_layer();
                write_awq(size, 1), accepts(w4a16_layer_from_awq), check_layer();
            } else {
                shuffle_features();
            }
            for (int version = 1; version <= 2; version++) {
                write_gptq(size, version);
                if (order) stored.g_idx = value.g;
                accepts(w4a16_layer_from_gptq), check_layer();
            }
            write_ct(size);
            stored.g_idx = value.g;
            accepts(w4a16_layer_from_ct), check_layer();
        }
    draw_value(3, 13, 2, 8); /* K may end inside a word here */
    write_ct(8), accepts(w4a16_layer_from_ct), check_layer();
}

static void test_without_weights(void **state) {
    (void)state;
    draw_value(8, 64, 2, 32);
    write_gptq(32, 1);
    stored.weights = NULL;
    accepts(w4a16_layer_from_gptq);
    assert_null(layer->q);
    assert_int_equal(layer->zero[9], value.zero[1][1]);
    w4a16_layer_free(layer);
    layer = NULL;
}

/* What all zeros stored alike mean; 0: refused. */
static void test_symmetry(void **state) {
    static const struct {
        convert *from;
        int version, twos_complement;
        w4a16_symmetry symmetry;
        unsigned stored;
        int zero;
    } rows[] = {
        {w4a16_layer_from_gptq, 1, 0, W4A16_SYMMETRY_NO, 8, 9},
        {w4a16_layer_from_gptq, 1, 0, W4A16_SYMMETRY_NO, 7, 8},
        {w4a16_layer_from_gptq, 2, 0, W4A16_SYMMETRY_NO, 7, 7},
        {w4a16_layer_from_gptq, 1, 0, W4A16_SYMMETRY_YES, 8, 8},
        {w4a16_layer_from_gptq, 2, 0, W4A16_SYMMETRY_YES, 7, 8},
        {w4a16_layer_from_gptq, 1, 0, W4A16_SYMMETRY_YES, 9, 0},
        {w4a16_layer_from_gptq, 1, 0, W4A16_SYMMETRY_LOST, 8, 8},
        {w4a16_layer_from_gptq, 2, 0, W4A16_SYMMETRY_LOST, 7, 8},
        {w4a16_layer_from_gptq, 1, 0, W4A16_SYMMETRY_LOST, 9, 10},
        {w4a16_layer_from_gptq, 2, 0, W4A16_SYMMETRY_LOST, 9, 9},
        {w4a16_layer_from_gptq, 1, 0, W4A16_SYMMETRY_NO, 15, 16},
        {w4a16_layer_from_awq, 1, 0, W4A16_SYMMETRY_NO, 7, 7},
        {w4a16_layer_from_awq, 1, 0, W4A16_SYMMETRY_YES, 8, 8},
        {w4a16_layer_from_awq, 1, 0, W4A16_SYMMETRY_YES, 7, 0},
        {w4a16_layer_from_awq, 1, 1, W4A16_SYMMETRY_YES, 0, 8},
        {w4a16_layer_from_ct, 1, 0, W4A16_SYMMETRY_NO, 7, 7},
        {w4a16_layer_from_ct, 1, 0, W4A16_SYMMETRY_YES, 8, 8},
        {w4a16_layer_from_ct, 1, 0, W4A16_SYMMETRY_YES, 7, 0},
    };
    (void)state;
    draw_value(16, 64, 2, 32);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_gptq(32, 2);
        memset(zeros, (int)(rows[i].stored * 17), sizeof zeros);
        stored.version = rows[i].version, stored.symmetry = rows[i].symmetry;
        stored.twos_complement = rows[i].twos_complement;
        if (!rows[i].zero) {
            refuses(rows[i].from, "zeros: zero [0, 0] is ");
            continue;
        }
        accepts(rows[i].from);
        assert_int_equal(!layer->zero, rows[i].zero == 8);
        for (int n = 0; layer->zero && n < 32; n++) assert_int_equal(layer->zero[n], rows[i].zero);
        w4a16_layer_free(layer);
        layer = NULL;
    }
    /* One that differs makes what is lost asymmetric. */
    write_gptq(32, 2);
    memset(zeros, 0x88, sizeof zeros);
    zeros[3] ^= 0xf0000000;
    stored.version = 1, stored.symmetry = W4A16_SYMMETRY_YES, stored.zeros_name = "f: tensor l.qzeros";
    refuses(w4a16_layer_from_gptq,
            "f: tensor l.qzeros: zero [1, 15] is 7, but the configuration says sym: true");
    stored.symmetry = W4A16_SYMMETRY_LOST;
    accepts(w4a16_layer_from_gptq);
    assert_int_equal(layer->zero[0], 9), assert_int_equal(layer->zero[31], 8);
    w4a16_layer_free(layer);
    layer = NULL;
}

/* A part along K of an act-ordered layer of 4 groups of 32, cut out of 128 features. */
static void check_part(int64_t first, int64_t count, int64_t group_size, int64_t places, int order) {
    value.K = count;
    memmove(value.g, value.g + first, (size_t)count * sizeof value.g[0]);
    memmove(value.q, value.q + first, (size_t)count * sizeof value.q[0]);
    write_gptq(32, 1);
    stored.g_idx = value.g, stored.groups = 4;
    accepts(w4a16_layer_from_gptq);
    assert_int_equal(layer->group_size, group_size);
    assert_int_equal(w4a16_layer_padded_K(layer), places);
    assert_int_equal(layer->perm != NULL, order);
    check_layer();
}

static void test_parts(void **state) {
    (void)state;
    draw_value(8, 128, 4, 32),
        check_part(64, 64, 32, 64, 0); /* whole groups, in order, but not the first ones */
    draw_value(8, 128, 4, 32), check_part(40, 24, 24, 24, 0); /* inside one group */
    draw_value(8, 128, 4, 32), check_part(48, 64, 32, 96, 1);
    draw_value(8, 128, 4, 32);
    for (int k = 0; k < 128; k++) value.g[k] = 3 - k / 32;
    check_part(32, 64, 32, 64, 1); /* whole groups, in another order */
    for (int i = 0; i < 20; i++) {
        draw_value(8, 128, 4, 32), shuffle_features();
        int64_t members[4] = {0}, places = 0, even = 1;
        for (int k = 64; k < 128; k++) members[value.g[k]]++;
        for (int g = 0; g < 4; g++) places += (members[g] + 31) / 32 * 32, even &= members[g] % 32 == 0;
        if (!even) check_part(64, 64, 32, places, 1);
    }
}

static void test_refusals(void **state) {
    (void)state;
    draw_value(8, 64, 2, 32), write_gptq(32, 1);
    int32_t g_idx[64];
    memcpy(g_idx, value.g, sizeof g_idx);
    stored.g_idx = g_idx;
    g_idx[63] = 0;
    refuses(w4a16_layer_from_gptq, "g_idx: group 0 has 33 members (the last is k = 63); expected 32");
    g_idx[63] = 2;
    refuses(w4a16_layer_from_gptq, "g_idx: group of k = 63 is 2; accepted is 0..1");
    g_idx[63] = -1;
    stored.g_idx_name = "x";
    refuses(w4a16_layer_from_ct, "x: group of k = 63 is -1; accepted is 0..1");
    refuses(w4a16_layer_from_awq, "w4a16_layer_from_awq: g_idx is given");
    stored.g_idx = NULL, stored.groups = 2;
    refuses(w4a16_layer_from_gptq, "groups is 2 without g_idx");
    stored.groups = 0, scales[9] = 0x7c00;
    refuses(w4a16_layer_from_gptq, "scales: [1, 1] is 0x7c00 (Inf or NaN)");
    refuses(w4a16_layer_from_ct, "scales: [4, 1] is 0x7c00 (Inf or NaN)");
    scales[9] = 0x7bff, stored.version = 3;
    refuses(w4a16_layer_from_gptq, "version is 3; accepted are 1 and 2");
    stored.version = 1, stored.symmetry = (w4a16_symmetry)3;
    refuses(w4a16_layer_from_gptq, "symmetry is 3; accepted are 0 to 2");
    stored.symmetry = W4A16_SYMMETRY_NO, stored.K = 60;
    refuses(w4a16_layer_from_gptq, "K is 60; accepted are multiples of 8");
    stored.K = 64, stored.group_size = 0;
    refuses(w4a16_layer_from_awq, "group_size = 0");
    stored.group_size = 32, stored.N = (int64_t)1 << 40;
    refuses(w4a16_layer_from_awq, "N = 1099511627776");
    stored.N = 8, stored.scale_type = W4A16_F32;
    refuses(w4a16_layer_from_awq, "scales are fp32");
    stored.scales = NULL;
    refuses(w4a16_layer_from_awq, "scales are null");
    assert_int_equal(w4a16_layer_from_ct(NULL, &layer, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_layer_from_ct(&stored, NULL, &error), W4A16_INVALID_ARGUMENT);
    w4a16_stored_init(NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_forms), cmocka_unit_test(test_without_weights),
                                       cmocka_unit_test(test_symmetry), cmocka_unit_test(test_parts),
                                       cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
