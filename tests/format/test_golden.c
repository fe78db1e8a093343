/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Every golden checkpoint (tests/golden/make_golden.py) read by the C reader: each weight and bias must be
 * the double that the generator computed, bit for bit. And what quantisers wrote (make_auto_round.py,
 * make_quark.py): each weight, rounded to 16 bits, must be the one that the quantiser multiplies by.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "half.h"
#include "w4a16/checkpoint.h"

static double scale_at(const w4a16_layer *l, int64_t i) {
    return l->scale_type == W4A16_F16 ? f16_to_float(l->scale[i]) : bf16_to_float(l->scale[i]);
}

/* w[k,n] by the formula of w4a16/layer.h. */
static double weight(const w4a16_layer *l, int64_t k, int64_t n) {
    int64_t place = k;
    if (l->perm)
        for (place = 0; l->perm[place] != k;) place++;
    int64_t at = place / l->group_size * l->N + n;
    int q = (int)(l->q[k / 8 * l->N + n] >> 4 * (k % 8) & 15);
    return scale_at(l, at) * (q - (l->zero ? l->zero[at] : 8));
}

static double bias_at(const w4a16_layer *l, int64_t n) {
    const uint16_t *bias = l->bias;
    return l->bias_type == W4A16_F16 ? f16_to_float(bias[n]) : bf16_to_float(bias[n]);
}

static double next_number(FILE *file) {
    double value;
    assert_int_equal(fscanf(file, "%la", &value), 1);
    return value;
}

static void check_layer(FILE *expected, const w4a16_layer *l) {
    for (int64_t k = 0; k < l->K; k++)
        for (int64_t n = 0; n < l->N; n++) {
            double number = next_number(expected), read = weight(l, k, n);
            if (read != number) fail_msg("w[%d,%d] is %a, expected %a", (int)k, (int)n, read, number);
        }
    char word[64];
    assert_int_equal(fscanf(expected, " bias %1[n]", word), l->bias ? 0 : 1);
    if (!l->bias) {
        assert_int_equal(fscanf(expected, "%7s", word), 1);
        assert_string_equal(word, "one");
        return;
    }
    for (int64_t n = 0; n < l->N; n++) assert_true(bias_at(l, n) == next_number(expected));
}

static const char *format_of(const char *name) {
    return strncmp(name, "v1", 2) == 0    ? "gptq"
           : strncmp(name, "v2", 2) == 0  ? "gptq_v2"
           : strncmp(name, "awq", 3) == 0 ? "awq"
                                          : "compressed-tensors";
}

/* The checkpoint, and what another program says is in it. */
static FILE *open_golden(const char *name, w4a16_checkpoint **checkpoint) {
    char path[512];
    w4a16_error error;
    snprintf(path, sizeof path, "%s/%s", GOLDEN, name);
    if (w4a16_checkpoint_open(path, checkpoint, &error) != W4A16_OK) fail_msg("%s", error.message);
    snprintf(path, sizeof path, "%s/%s/expected.txt", GOLDEN, name);
    FILE *expected = fopen(path, "r");
    assert_non_null(expected);
    return expected;
}

static void reads(void **state) {
    const char *name = *state;
    char layer_name[128];
    w4a16_error error;
    w4a16_checkpoint *checkpoint;
    FILE *expected = open_golden(name, &checkpoint);
    size_t layers = 0;
    long K, N;
    while (fscanf(expected, "%127s %ld %ld", layer_name, &K, &N) == 3) {
        int64_t index = w4a16_checkpoint_find(checkpoint, layer_name);
        assert_true(index >= 0);
        const w4a16_layer_info *info = w4a16_checkpoint_layer(checkpoint, (size_t)index);
        assert_null(w4a16_checkpoint_layer(checkpoint, w4a16_checkpoint_layers(checkpoint)));
        assert_null(info->problem);
        assert_string_equal(info->format, format_of(name));
        assert_int_equal(info->symmetric, strstr(name, "asym") == NULL);
        assert_int_equal(info->act_order, strstr(name, "actorder") != NULL);
        w4a16_layer *layer = NULL;
        if (w4a16_checkpoint_read_layer(checkpoint, (size_t)index, &layer, &error) != W4A16_OK)
            fail_msg("%s", error.message);
        assert_int_equal(w4a16_layer_check(layer, &error), W4A16_OK);
        assert_int_equal(layer->K, K);
        assert_int_equal(layer->N, N);
        assert_int_equal(layer->zero == NULL, info->symmetric);
        check_layer(expected, layer);
        w4a16_layer_free(layer);
        layers++;
    }
    assert_true(feof(expected));
    assert_true(layers > 0);
    assert_int_equal(layers, w4a16_checkpoint_layers(checkpoint));
    fclose(expected);
    w4a16_checkpoint_close(checkpoint);
}

/* FNV-1a over the bytes of the 16-bit weights, [K][N]. */
static uint64_t hash_weights(const w4a16_layer *l) {
    uint64_t hash = 0xcbf29ce484222325;
    for (int64_t k = 0; k < l->K; k++)
        for (int64_t n = 0; n < l->N; n++) {
            /* Zero is +0, as in the sum of a product, also under a negative scale. */
            float w = (float)weight(l, k, n) + 0.0f;
            uint16_t half = l->scale_type == W4A16_F16 ? float_to_f16(w) : float_to_bf16(w);
            for (int byte = 0; byte < 2; byte++) hash = (hash ^ (half >> 8 * byte & 255)) * 0x100000001b3;
        }
    return hash;
}

static void reads_quantised(void **state) {
    const char *name = *state;
    char layer_name[128];
    w4a16_error error;
    w4a16_checkpoint *checkpoint;
    FILE *expected = open_golden(name, &checkpoint);
    size_t layers = 0;
    long K, N;
    unsigned long long hash;
    while (fscanf(expected, "%127s %ld %ld %llx", layer_name, &K, &N, &hash) == 4) {
        int64_t index = w4a16_checkpoint_find(checkpoint, layer_name);
        assert_true(index >= 0);
        w4a16_layer *layer = NULL;
        if (w4a16_checkpoint_read_layer(checkpoint, (size_t)index, &layer, &error) != W4A16_OK)
            fail_msg("%s", error.message);
        assert_int_equal(layer->K, K);
        assert_int_equal(layer->N, N);
        assert_int_equal(layer->group_size, strstr(layer_name, "k_proj") ? 16 : 32);
        assert_int_equal(layer->zero == NULL, strstr(name, "asym") == NULL);
        if (hash_weights(layer) != hash) fail_msg("%s has other weights than its quantiser", layer_name);
        w4a16_layer_free(layer);
        layers++;
    }
    assert_true(feof(expected));
    assert_int_equal(layers, w4a16_checkpoint_layers(checkpoint));
    assert_int_equal(w4a16_checkpoint_notes(checkpoint),
                     strstr(name, "auto_round") && !strstr(name, "awq") ? 1 : 0); /* a layer of 8 bits */
    fclose(expected);
    w4a16_checkpoint_close(checkpoint);
}

#define QUANTISED(name) {name, reads_quantised, NULL, NULL, name}
#define DIALECT(name)   {name, reads, NULL, NULL, name}

int main(void) {
    const struct CMUnitTest tests[] = {
        DIALECT("v1_sym_g32"),
        DIALECT("v1_asym_g32_bias"),
        DIALECT("v2_sym_g64_bf16"),
        DIALECT("v2_asym_g32_actorder"),
        DIALECT("v1_sym_one_group"),
        DIALECT("v1_asym_g64_actorder_bias"),
        DIALECT("v1_sym_two_layers"),
        DIALECT("v2_asym_short_last_group"),
        DIALECT("v1_asym_three_shards"),
        DIALECT("awq_asym_g32"),
        DIALECT("awq_asym_g64_bias"),
        DIALECT("awq_asym_two_shards_bf16"),
        DIALECT("ct_sym_g32"),
        DIALECT("ct_asym_g32_bias"),
        DIALECT("ct_sym_channel"),
        DIALECT("ct_asym_g32_actorder"),
        QUANTISED("auto_round_sym"),
        QUANTISED("auto_round_asym"),
        QUANTISED("auto_round_gptq_asym"),
        QUANTISED("auto_round_awq_asym"),
        QUANTISED("quark_sym_bf16"),
        QUANTISED("quark_asym_fp16"),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
