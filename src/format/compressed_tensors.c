/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * compressed-tensors, format pack-quantized. Signed values, stored plus 8:
 *
 *     weight_packed     I32 [N, ceil(K/8)]   nibble i of word [n, r] is q[n, 8r+i]: our words, transposed
 *     weight_scale      F16|BF16 [N, G]
 *     weight_zero_point I32 [ceil(N/8), G]   packed along N; asymmetric only
 *     weight_shape      I64 [2] = (N, K)
 *     weight_g_idx      I32 [K]              actorder "group" only
 *     bias              F16|BF16|F32 [N]; optional
 *
 * Experts in one parameter have these with one more dimension in front, under names like gate_up_proj_packed,
 * and a shape of three.
 *
 * Both offsets of 8 cancel: w = scale * (stored value - stored zero), and a symmetric layer's zero is 8.
 *
 * config_groups say which layers have which scheme. A layer that is ignored has no weight_packed, so the list
 * of ignored ones need not be read.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/format.h"
#include "format/parts.h"

enum { PACKED, SCALE, SHAPE, ZERO, G_IDX, BIAS, PARTS };
_Static_assert(PARTS <= PARTS_MAX, "PARTS_MAX holds every format's tensors");

static const struct part_rule rules[PARTS] = {
    [PACKED] = {"weight_packed", 0, 2, {ST_I32}, "I32", 0},
    [SCALE] = {"weight_scale", 0, 2, {ST_F16, ST_BF16}, "F16 and BF16", 0},
    [SHAPE] = {"weight_shape", 0, 1, {ST_I64}, "I64", 1},
    [ZERO] = {"weight_zero_point", 1, 2, {ST_I32}, "I32", 0},
    [G_IDX] = {"weight_g_idx", 1, 1, {ST_I32}, "I32", 0},
    [BIAS] = {"bias", 1, 1, {ST_F16, ST_BF16, ST_F32}, "F16, BF16 and F32", 0},
};

/* ---- the configuration -------------------------------------------------------------------------------- */

/* Why layers of a scheme cannot be read: words of the answer, or an empty text. */
static w4a16_status find_problem(const char *label, const json_t *group, const json_t *weights, char *problem,
                                 size_t bytes, w4a16_error *error) {
    const char *type = NULL, *strategy = NULL, *format = NULL;
    json_t *inputs = NULL;
    TRY(field_text(label, weights, "type", &type, error));
    TRY(field_text(label, weights, "strategy", &strategy, error));
    TRY(field_text(label, group, "format", &format, error));
    TRY(field_get(label, group, "input_activations", DOC_OBJECT, &inputs, error));
    problem[0] = 0;
    if (type && strcmp(type, "int") != 0)
        snprintf(problem, bytes, "type is \"%.40s\"; accepted is \"int\"", type);
    if (strategy && strcmp(strategy, "group") != 0 && strcmp(strategy, "channel") != 0)
        snprintf(problem, bytes, "strategy is \"%.40s\"; accepted are \"group\" and \"channel\"", strategy);
    if (inputs) snprintf(problem, bytes, "input_activations are quantised; accepted is null");
    if (format && strcmp(format, "pack-quantized") != 0)
        snprintf(problem, bytes, "format is \"%.40s\"; accepted is \"pack-quantized\"", format);
    return W4A16_OK;
}

static w4a16_status read_strategy(const char *label, const json_t *weights, struct layer_scheme *scheme,
                                  w4a16_error *error) {
    const char *strategy = NULL;
    int symmetric = 1;
    TRY(field_text(label, weights, "strategy", &strategy, error));
    TRY(field_bool(label, weights, "symmetric", &symmetric, error));
    scheme->symmetric = symmetric ? SYMMETRY_YES : SYMMETRY_NO;
    if (strategy && strcmp(strategy, "channel") == 0) return W4A16_OK;
    return config_group_size(label, weights, NULL, &scheme->group_size, error);
}

static w4a16_status read_selectors(const char *label, const json_t *group, struct selector_work *work,
                                   struct layer_scheme *scheme, w4a16_error *error) {
    json_t *targets = NULL;
    const json_t *value;
    TRY(field_get(label, group, "targets", DOC_LIST, &targets, error));
    size_t index, count = json_array_size(targets);
    FAIL_IF(!count, error, W4A16_BAD_FILE, "%s: targets is missing or empty; accepted is a list of names",
            label);
    scheme->selectors = calloc(count, sizeof *scheme->selectors);
    FAIL_IF(!scheme->selectors, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    json_array_foreach(targets, index, value) {
        TRY(field_is(label, value, DOC_TEXT, "one of targets", error));
        const char *text = json_string_value(value),
                   *expression = strncmp(text, "re:", 3) == 0 ? text + 3 : NULL;
        TRY(selector_create(label, "targets", text, expression, work,
                            &scheme->selectors[scheme->selector_count++], error));
    }
    return W4A16_OK;
}

static w4a16_status read_scheme(const char *label, const char *name, const json_t *group,
                                struct selector_work *work, struct layer_scheme *scheme, w4a16_error *error) {
    char full[512], problem[160];
    snprintf(full, sizeof full, "%.300s: config_groups.%.100s", label, name);
    TRY(field_is(full, group, DOC_OBJECT, "its value", error));
    const json_t *weights = json_object_get(group, "weights");
    TRY(field_is(full, weights, DOC_OBJECT, "weights", error));
    TRY(read_selectors(full, group, work, scheme, error));
    scheme->group_size = -1;
    TRY(config_bits(full, weights, "num_bits", NULL, scheme, error));
    if (scheme->problem || scheme->bits != 4) return W4A16_OK;
    TRY(find_problem(full, group, weights, problem, sizeof problem, error));
    if (!problem[0]) return read_strategy(full, weights, scheme, error);
    return config_problem(label, scheme, error, "%s: %s", full, problem);
}

static w4a16_status configure(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error) {
    static const char *const formats[] = {"pack-quantized", "mixed-precision", NULL};
    int format;
    TRY(config_word(label, json, "format", NULL, formats, &format, error));
    json_t *sparsity = NULL, *groups = NULL, *transforms = NULL, *group;
    const char *sparse = "dense";
    TRY(field_get(label, json, "sparsity_config", DOC_OBJECT, &sparsity, error));
    TRY(field_text(label, sparsity, "format", &sparse, error));
    FAIL_IF(strcmp(sparse, "dense") != 0, error, W4A16_UNSUPPORTED,
            "%s: sparsity_config.format is \"%s\"; accepted is \"dense\"", label, sparse);
    TRY(field_get(label, json, "transform_config", DOC_OBJECT, &transforms, error));
    config->transforms = json_object_size(transforms) != 0;
    TRY(field_get(label, json, "config_groups", DOC_OBJECT, &groups, error));
    FAIL_IF(!json_object_size(groups), error, W4A16_BAD_FILE, "%s: config_groups is missing or empty", label);
    config->schemes = calloc(json_object_size(groups), sizeof *config->schemes);
    FAIL_IF(!config->schemes, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    const char *name;
    json_object_foreach(groups, name, group)
        TRY(read_scheme(label, name, group, config->work, &config->schemes[config->scheme_count++], error));
    return W4A16_OK;
}

/* ---- a layer ------------------------------------------------------------------------------------------ */

/* N and K. A stack has them per expert, or once with the number of experts before them. */
static w4a16_status read_sizes(const struct source *s, int64_t sizes[2], w4a16_error *error) {
    const struct st_tensor *t = s->parts[SHAPE].tensor;
    const char *path = safetensors_path(s->parts[SHAPE].file);
    int64_t stored[3] = {0}, expected = s->place->expert >= 0 && !s->stacked[SHAPE] ? 3 : 2;
    int64_t count = source_shape(s, SHAPE)[0];
    FAIL_IF(count != expected, error, W4A16_BAD_FILE,
            "%s: tensor %s: has %" PRId64 " elements; expected %" PRId64 ", %sN and K", path, t->name, count,
            expected, expected == 3 ? "experts, " : "");
    TRY(source_read(s, SHAPE, stored, error));
    FAIL_IF(expected == 3 && stored[0] != s->parts[PACKED].tensor->shape[0], error, W4A16_BAD_FILE,
            "%s: tensor %s: says %" PRId64 " experts; %s has %" PRId64, path, t->name, stored[0],
            s->parts[PACKED].tensor->name, s->parts[PACKED].tensor->shape[0]);
    memcpy(sizes, stored + expected - 2, 2 * sizeof *sizes);
    FAIL_IF(sizes[0] < 1 || sizes[0] > FORMAT_DIM_MAX || sizes[1] < 1 || sizes[1] > FORMAT_DIM_MAX, error,
            W4A16_BAD_FILE,
            "%s: tensor %s: is [%" PRId64 ", %" PRId64 "]; accepted are N and K of 1..%" PRId64, path,
            t->name, sizes[0], sizes[1], FORMAT_DIM_MAX);
    return W4A16_OK;
}

static w4a16_status check_shapes(struct source *s, w4a16_error *error) {
    const struct layer_scheme *scheme = s->place->scheme;
    const struct stored *packed = &s->parts[PACKED];
    int64_t sizes[2];
    TRY(read_sizes(s, sizes, error));
    s->N = sizes[0];
    s->K = sizes[1];
    source_set_groups(s, scheme->group_size);
    FAIL_IF(!s->parts[ZERO].tensor && scheme->symmetric == SYMMETRY_NO, error, W4A16_BAD_FILE,
            "%s: tensor %s: its scheme is asymmetric; weight_zero_point is missing",
            safetensors_path(packed->file), packed->tensor->name);
    const int64_t shapes[PARTS][2] = {[PACKED] = {s->N, (s->K + 7) / 8},
                                      [SCALE] = {s->N, s->groups},
                                      [ZERO] = {(s->N + 7) / 8, s->groups},
                                      [G_IDX] = {s->K},
                                      [BIAS] = {s->N}};
    for (int p = 0; p < PARTS; p++)
        if (p != SHAPE) TRY(source_check_shape(s, p, shapes[p], "weight_shape", error));
    return W4A16_OK;
}

static w4a16_status read_layer(const struct store *store, const struct quant_config *config,
                               const struct layer_place *place, w4a16_layer_info *info, w4a16_layer **out,
                               w4a16_error *error) {
    (void)config;
    struct source s = {.store = store, .place = place};
    TRY(source_find(&s, &compressed_tensors_format, error));
    TRY(check_shapes(&s, error));
    static const struct part_roles roles = {
        .weights = PACKED, .zeros = ZERO, .scales = SCALE, .g_idx = G_IDX, .bias = BIAS};
    w4a16_stored stored;
    w4a16_stored_init(&stored, sizeof stored);
    return source_layer(&s, &roles, w4a16_layer_from_ct, &stored, info, out, error);
}

const struct format compressed_tensors_format = {.methods = {"compressed-tensors"},
                                                 .rules = rules,
                                                 .parts = PARTS,
                                                 .configure = configure,
                                                 .read = read_layer};
