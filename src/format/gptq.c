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
 * Whether a layer is symmetric or act-ordered is decided by its data: the flags are often wrong. So of the
 * settings per module that `dynamic` has, only bits and group_size count.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* "+:" and an expression, or that alone: what its layers have instead. "-:" and one: they are not quantised.
 */
static w4a16_status read_rule(const char *label, const char *key, const json_t *values,
                              const struct quant_config *config, struct layer_scheme *rule,
                              w4a16_error *error) {
    int prefix = strncmp(key, "+:", 2) == 0 || strncmp(key, "-:", 2) == 0;
    FAIL_IF(!json_is_object(values), error, W4A16_BAD_FILE, "%s: dynamic: \"%.80s\" has no JSON object",
            label, key);
    rule->targets = calloc(1, sizeof *rule->targets);
    FAIL_IF(!rule->targets, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    rule->target_count = 1;
    TRY(target_create(label, "dynamic", key, key + 2 * prefix, rule->targets, error));
    rule->group_size = config->group_size;
    if (json_object_get(values, "group_size"))
        TRY(config_group_size(label, values, NULL, &rule->group_size, error));
    const json_t *bits = json_object_get(values, "bits");
    int written = 0;
    if (key[0] == '-' && prefix)
        written =
            asprintf(&rule->problem, "%s: dynamic: \"%.80s\" says that it is not quantised", label, key);
    else if (bits && json_integer_value(bits) != 4)
        written = asprintf(&rule->problem, "%s: dynamic: \"%.80s\": bits is %lld; accepted is 4", label, key,
                           (long long)json_integer_value(bits));
    if (written < 0) rule->problem = NULL;
    FAIL_IF(written < 0, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    return W4A16_OK;
}

static w4a16_status read_rules(const char *label, const json_t *json, struct quant_config *config,
                               w4a16_error *error) {
    json_t *rules = json_object_get(json, "dynamic"), *values;
    const char *key;
    if (!rules || json_is_null(rules) || json_is_false(rules)) return W4A16_OK;
    FAIL_IF(!json_is_object(rules), error, W4A16_BAD_FILE, "%s: dynamic is no JSON object", label);
    config->schemes = calloc(json_object_size(rules) + 1, sizeof *config->schemes);
    FAIL_IF(!config->schemes, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    json_object_foreach(rules, key, values)
        TRY(read_rule(label, key, values, config, &config->schemes[config->scheme_count++], error));
    return W4A16_OK;
}

static w4a16_status configure(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error) {
    static const char *const formats[] = {"gptq", "gptq_v2", NULL}, *const packs[] = {"int32", NULL};
    int format, pack;
    TRY(config_word(label, json, "checkpoint_format", "format", formats, &format, error));
    TRY(config_word(label, json, "pack_dtype", NULL, packs, &pack, error));
    config->version = format + 1;
    FAIL_IF(json_is_true(json_object_get(json, "is_marlin_format")), error, W4A16_UNSUPPORTED,
            "%s: is_marlin_format is true; weights in Marlin's order are not supported", label);
    TRY(config_sizes(label, json, NULL, NULL, &config->group_size, error));
    return read_rules(label, json, config, error);
}

/* The first rule that matches the layer holds; without one the layer has the checkpoint's group size. */
static w4a16_status find_group_size(const struct quant_config *config, const char *layer, int64_t *group_size,
                                    w4a16_error *error) {
    int rank = TARGET_NO_MATCH;
    *group_size = config->group_size;
    for (size_t i = 0; i < config->scheme_count && rank == TARGET_NO_MATCH; i++) {
        const struct layer_scheme *rule = &config->schemes[i];
        TRY(target_match(rule->targets, layer, &rank, error));
        if (rank == TARGET_NO_MATCH) continue;
        FAIL_IF(rule->problem, error, W4A16_UNSUPPORTED, "layer %s: %s", layer, rule->problem);
        *group_size = rule->group_size;
    }
    return W4A16_OK;
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
    int64_t group_size;
    TRY(find_group_size(config, name, &group_size, error));
    TRY(source_find(&s, name, rules, PARTS, error));
    TRY(check_shapes(&s, group_size, error));
    int64_t zero_words = s.groups * s.N / 8;
    return building_read(&s, config, SCALES, BIAS, s.K > zero_words ? s.K : zero_words, fill, info, out,
                         error);
}

const struct format gptq_format = {.method = "gptq",
                                   .file = "quantize_config.json",
                                   .suffix = ".qweight",
                                   .configure = configure,
                                   .read = read_layer};
