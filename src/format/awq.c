/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * AWQ, version gemm. Packed along N, in an order of its own:
 *
 *     qweight I32 [K, N/8]   nibble i of word [k, c] is q[k, 8c + column_of[i]]
 *     qzeros  I32 [G, N/8]   the same order; zeros as they are
 *     scales  F16|BF16 [G, N]
 *     bias    F16|BF16|F32 [N]; optional
 *
 * Layers that modules_to_not_convert names have no qweight, so the list need not be read.
 */
#include <inttypes.h>

#include "core/error.h"
#include "format/format.h"
#include "format/parts.h"

enum { QWEIGHT, QZEROS, SCALES, BIAS, PARTS };

static const struct part_rule rules[PARTS] = {
    [QWEIGHT] = {"qweight", 0, 2, {ST_I32}, "I32"},
    [QZEROS] = {"qzeros", 0, 2, {ST_I32}, "I32"},
    [SCALES] = {"scales", 0, 2, {ST_F16, ST_BF16}, "F16 and BF16"},
    [BIAS] = {"bias", 1, 1, {ST_F16, ST_BF16, ST_F32}, "F16, BF16 and F32"},
};

static const int column_of[8] = {0, 2, 4, 6, 1, 3, 5, 7};

static w4a16_status configure(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error) {
    static const char *const versions[] = {"gemm", NULL};
    int version;
    TRY(config_word(label, json, "version", NULL, versions, &version, error));
    return config_sizes(label, json, "w_bit", "q_group_size", &config->group_size, error);
}

static w4a16_status check_shapes(struct source *s, int64_t group_size, w4a16_error *error) {
    const struct st_tensor *t = s->parts[QWEIGHT].tensor;
    FAIL_IF(t->shape[0] < 1 || t->shape[0] > FORMAT_DIM_MAX || t->shape[1] < 1 ||
                t->shape[1] > FORMAT_DIM_MAX / 8,
            error, W4A16_BAD_FILE,
            "%s: tensor %s: shape is [%" PRId64 ", %" PRId64
            "]; expected [K, N/8] with K and N up to %" PRId64,
            safetensors_path(s->parts[QWEIGHT].file), t->name, t->shape[0], t->shape[1], FORMAT_DIM_MAX);
    s->K = t->shape[0];
    s->N = 8 * t->shape[1];
    source_set_groups(s, group_size);
    const int64_t shapes[PARTS][2] = {[QWEIGHT] = {s->K, s->N / 8},
                                      [QZEROS] = {s->groups, s->N / 8},
                                      [SCALES] = {s->groups, s->N},
                                      [BIAS] = {s->N}};
    for (int p = 0; p < PARTS; p++) TRY(source_check_shape(s, p, shapes[p], "qweight", error));
    return W4A16_OK;
}

static void unpack_zeros(const struct source *s, const uint32_t *words, uint8_t *zero,
                         w4a16_layer_info *info) {
    info->symmetric = 1;
    for (int64_t w = 0; w < s->groups * s->N / 8; w++)
        for (int i = 0; i < 8; i++) {
            zero[8 * w + column_of[i]] = (uint8_t)(words[w] >> 4 * i & 15);
            info->symmetric &= (words[w] >> 4 * i & 15) == 8;
        }
}

/* One row of K: nibbles along N become nibbles along K. q is zero at first. */
static void unpack_row(const struct source *s, const uint32_t *words, int64_t k, uint32_t *q) {
    uint32_t *row = q + k / 8 * s->N;
    int to = (int)(4 * (k % 8));
    for (int64_t c = 0; c < s->N / 8; c++)
        for (int i = 0; i < 8; i++) row[8 * c + column_of[i]] |= (words[c] >> 4 * i & 15) << to;
}

static w4a16_status fill(const struct source *s, const struct quant_config *config, w4a16_layer_info *info,
                         const struct building *b, uint32_t *words, w4a16_error *error) {
    (void)config;
    TRY(source_read(s, SCALES, b->scale, error));
    TRY(source_check_scales(s, SCALES, b->scale, s->N, error));
    TRY(source_read(s, QZEROS, words, error));
    unpack_zeros(s, words, b->zero, info);
    if (!b->q) return W4A16_OK;
    TRY(source_read(s, QWEIGHT, words, error));
    for (int64_t k = 0; k < s->K; k++) unpack_row(s, words + k * (s->N / 8), k, b->q);
    return W4A16_OK;
}

static w4a16_status read_layer(const struct store *store, const struct quant_config *config, const char *name,
                               w4a16_layer_info *info, w4a16_layer **out, w4a16_error *error) {
    struct source s = {.store = store};
    info->format = "awq";
    TRY(source_find(&s, name, rules, PARTS, error));
    TRY(check_shapes(&s, config->group_size, error));
    /* There are at least as many words of weights as of zeros. */
    int64_t words = (out ? s.K : s.groups) * (s.N / 8);
    return building_read(&s, config, SCALES, BIAS, words, fill, info, out, error);
}

const struct format awq_format = {.method = "awq",
                                  .file = "quant_config.json",
                                  .suffix = ".qweight",
                                  .configure = configure,
                                  .read = read_layer};
