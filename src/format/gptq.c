/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * GPTQ, versions 1 and 2. The dialects differ in less than their flags say:
 *
 *     qweight I32 [K/8, N]   nibble i of word [r, n] is q[8r+i, n]: the canonical layer's own order
 *     qzeros  I32 [G, N/8]   nibble i of word [g, c] is the zero of column 8c+i, minus one in version 1
 *     scales  F16|BF16 [G, N]
 *     g_idx   I32 [K]        group of each input feature; optional
 *     bias    F16|BF16|F32 [N]; optional
 *
 * Whether a layer is symmetric or act-ordered is decided by its data: the flags are often wrong.
 */
#include <inttypes.h>

#include "core/error.h"
#include "format/format.h"
#include "format/parts.h"

enum { QWEIGHT, QZEROS, SCALES, G_IDX, BIAS, PARTS };

static const struct part_rule rules[PARTS] = {
    [QWEIGHT] = {"qweight", 0, 2, {ST_I32}, "I32"},
    [QZEROS] = {"qzeros", 0, 2, {ST_I32}, "I32"},
    [SCALES] = {"scales", 0, 2, {ST_F16, ST_BF16}, "F16 and BF16"},
    [G_IDX] = {"g_idx", 1, 1, {ST_I32}, "I32"},
    [BIAS] = {"bias", 1, 1, {ST_F16, ST_BF16, ST_F32}, "F16, BF16 and F32"},
};

static w4a16_status configure(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error) {
    static const char *const formats[] = {"gptq", "gptq_v2", NULL}, *const packs[] = {"int32", NULL};
    int format, pack;
    TRY(config_word(label, json, "checkpoint_format", "format", formats, &format, error));
    TRY(config_word(label, json, "pack_dtype", NULL, packs, &pack, error));
    config->version = format + 1;
    FAIL_IF(json_is_true(json_object_get(json, "is_marlin_format")), error, W4A16_UNSUPPORTED,
            "%s: is_marlin_format is true; weights in Marlin's order are not supported", label);
    const json_t *dynamic = json_object_get(json, "dynamic");
    FAIL_IF(json_is_object(dynamic) && json_object_size(dynamic), error, W4A16_UNSUPPORTED,
            "%s: dynamic has %zu rules; settings per module are not supported", label,
            json_object_size(dynamic));
    FAIL_IF(dynamic && !json_is_object(dynamic) && !json_is_null(dynamic) && !json_is_false(dynamic), error,
            W4A16_BAD_FILE, "%s: dynamic is no JSON object", label);
    return config_sizes(label, json, NULL, NULL, &config->group_size, error);
}

static w4a16_status check_shapes(struct source *s, int64_t group_size, w4a16_error *error) {
    const struct st_tensor *t = s->parts[QWEIGHT].tensor;
    FAIL_IF(t->shape[0] < 1 || t->shape[0] > FORMAT_DIM_MAX / 8 || t->shape[1] < 8 ||
                t->shape[1] > FORMAT_DIM_MAX || t->shape[1] % 8,
            error, W4A16_BAD_FILE,
            "%s: tensor %s: shape is [%" PRId64 ", %" PRId64 "]; expected [K/8, N] with K up to %" PRId64
            " and N a multiple of 8 up to it",
            safetensors_path(s->parts[QWEIGHT].file), t->name, t->shape[0], t->shape[1], FORMAT_DIM_MAX);
    s->K = 8 * t->shape[0];
    s->N = t->shape[1];
    source_set_groups(s, group_size);
    const int64_t shapes[PARTS][2] = {[QWEIGHT] = {t->shape[0], s->N},
                                      [QZEROS] = {s->groups, s->N / 8},
                                      [SCALES] = {s->groups, s->N},
                                      [G_IDX] = {s->K},
                                      [BIAS] = {s->N}};
    for (int p = 0; p < PARTS; p++) TRY(source_check_shape(s, p, shapes[p], "qweight", error));
    return W4A16_OK;
}

/* Unpacks zeros. Version 1 reads stored 15 as 16, as its packers meant it; others wrap to 0, so it is
 * counted. */
static void unpack_zeros(const struct source *s, int version, const uint32_t *words, uint8_t *zero,
                         w4a16_layer_info *info) {
    info->symmetric = 1;
    info->wrapped_zeros = 0;
    for (int64_t i = 0; i < s->groups * s->N; i++) {
        unsigned stored = words[i / 8] >> 4 * (i % 8) & 15;
        zero[i] = (uint8_t)(version == 1 ? stored + 1 : stored);
        info->wrapped_zeros += zero[i] == 16;
        info->symmetric &= zero[i] == 8;
    }
}

/* words: scratch, [max(K, G * N / 8)]. */
static w4a16_status fill(const struct source *s, const struct quant_config *config, w4a16_layer_info *info,
                         const struct building *b, uint32_t *words, w4a16_error *error) {
    TRY(source_read(s, SCALES, b->scale, error));
    TRY(source_check_scales(s, SCALES, b->scale, s->N, error));
    TRY(source_read(s, QZEROS, words, error));
    unpack_zeros(s, config->version, words, b->zero, info);
    if (s->parts[G_IDX].tensor) {
        TRY(source_read(s, G_IDX, words, error));
        TRY(source_order(s, G_IDX, (const int32_t *)words, b->perm, &info->act_order, error));
    }
    return b->q ? source_read(s, QWEIGHT, b->q, error) : W4A16_OK;
}

static w4a16_status read_layer(const struct store *store, const struct quant_config *config, const char *name,
                               w4a16_layer_info *info, w4a16_layer **out, w4a16_error *error) {
    struct source s = {.store = store};
    info->format = config->version == 1 ? "gptq" : "gptq_v2";
    TRY(source_find(&s, name, rules, PARTS, error));
    TRY(check_shapes(&s, config->group_size, error));
    int64_t zero_words = s.groups * s.N / 8;
    return building_read(&s, config, SCALES, BIAS, s.K > zero_words ? s.K : zero_words, fill, info, out,
                         error);
}

const struct format gptq_format = {.method = "gptq",
                                   .file = "quantize_config.json",
                                   .suffix = ".qweight",
                                   .configure = configure,
                                   .read = read_layer};
