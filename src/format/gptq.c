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
 * Whether a layer is act-ordered is decided by its data, for desc_act is often wrong; and so is whether it is
 * symmetric, unless the configuration says sym: true.
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
    [QWEIGHT] = {"qweight", 0, 2, {ST_I32}, "I32", 0},
    [QZEROS] = {"qzeros", 0, 2, {ST_I32}, "I32", 0},
    [SCALES] = {"scales", 0, 2, {ST_F16, ST_BF16}, "F16 and BF16", 0},
    [G_IDX] = {"g_idx", 1, 1, {ST_I32}, "I32", 0},
    [BIAS] = {"bias", 1, 1, {ST_F16, ST_BF16, ST_F32}, "F16, BF16 and F32", 0},
};

/*
 * "+:" and an expression, or that alone: what its layers have instead. "-:" and one: they are not quantised.
 */
static w4a16_status make_selector(const char *label, const char *key, struct selector_work *work,
                                  struct layer_scheme *rule, w4a16_error *error) {
    int prefix = strncmp(key, "+:", 2) == 0 || strncmp(key, "-:", 2) == 0;
    TRY(selector_create(label, "dynamic", key, key + 2 * prefix, work, rule->selectors, error));
    if (!prefix || key[0] == '+') return W4A16_OK;
    return config_problem(label, rule, error, "%s: dynamic: \"%.80s\" says that it is not quantised", label,
                          key);
}

static w4a16_status configure(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error) {
    static const char *const formats[] = {"gptq", "gptq_v2", NULL}, *const packs[] = {"int32", NULL};
    int format, pack, marlin = 0;
    TRY(config_word(label, json, "checkpoint_format", "format", formats, &format, error));
    TRY(config_word(label, json, "pack_dtype", NULL, packs, &pack, error));
    config->version = format + 1;
    TRY(field_bool(label, json, "is_marlin_format", &marlin, error));
    FAIL_IF(marlin, error, W4A16_UNSUPPORTED,
            "%s: is_marlin_format is true; weights in Marlin's order are not supported", label);
    TRY(config_sizes(label, json, NULL, NULL, &config->rest, error));
    return config_rules(label, json, "dynamic", make_selector, config, error);
}

static w4a16_status check_shapes(struct source *s, int64_t group_size, w4a16_error *error) {
    const int64_t *shape = source_shape(s, QWEIGHT);
    FAIL_IF(shape[0] < 1 || shape[0] > FORMAT_DIM_MAX / 8 || shape[1] < 8 || shape[1] > FORMAT_DIM_MAX ||
                shape[1] % 8,
            error, W4A16_BAD_FILE,
            "%s: tensor %s: shape is [%" PRId64 ", %" PRId64 "]; expected [K/8, N] with K up to %" PRId64
            " and N a multiple of 8 up to it",
            safetensors_path(s->parts[QWEIGHT].file), s->parts[QWEIGHT].tensor->name, shape[0], shape[1],
            FORMAT_DIM_MAX);
    s->K = 8 * shape[0];
    s->N = shape[1];
    source_set_groups(s, group_size);
    const int64_t shapes[PARTS][2] = {[QWEIGHT] = {shape[0], s->N},
                                      [QZEROS] = {s->groups, s->N / 8},
                                      [SCALES] = {s->groups, s->N},
                                      [G_IDX] = {s->K},
                                      [BIAS] = {s->N}};
    for (int p = 0; p < PARTS; p++) TRY(source_check_shape(s, p, shapes[p], "qweight", error));
    return W4A16_OK;
}

static w4a16_status read_layer(const struct store *store, const struct quant_config *config,
                               const struct layer_place *place, w4a16_layer_info *info, w4a16_layer **out,
                               w4a16_error *error) {
    struct source s = {.store = store, .place = place};
    info->format = config->version == 1 ? "gptq" : "gptq_v2";
    TRY(source_find(&s, &gptq_format, error));
    TRY(check_shapes(&s, place->scheme->group_size, error));
    static const struct part_roles roles = {
        .weights = QWEIGHT, .zeros = QZEROS, .scales = SCALES, .g_idx = G_IDX, .bias = BIAS};
    w4a16_stored stored;
    w4a16_stored_init(&stored, sizeof stored);
    stored.version = config->version;
    return source_layer(&s, &roles, w4a16_layer_from_gptq, &stored, info, out, error);
}

const struct format gptq_format = {.methods = {"gptq"},
                                   .files = {"quantize_config.json", "quantization_config.json"},
                                   .rules = rules,
                                   .parts = PARTS,
                                   .configure = configure,
                                   .read = read_layer};
