/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

/* "[a, b]" for messages; text holds 64. */
static const char *shape_text(char *text, int dims, const int64_t *shape) {
    if (dims == 1)
        snprintf(text, 64, "[%" PRId64 "]", shape[0]);
    else
        snprintf(text, 64, "[%" PRId64 ", %" PRId64 "]", shape[0], shape[1]);
    return text;
}

/* "layer.scales", or "layer_scale" in the flat spelling. */
static char *part_name(const struct layer_place *place, const char *part) {
    static const char weight[] = "weight_";
    char *full;
    if (place->flat && strncmp(part, weight, sizeof weight - 1) == 0) part += sizeof weight - 1;
    return asprintf(&full, "%s%c%s", place->stem, place->flat ? '_' : '.', part) < 0 ? NULL : full;
}

static w4a16_status check_part(struct source *s, const struct part_rule *rule, int p, w4a16_error *error) {
    const struct st_tensor *t = s->parts[p].tensor;
    const char *path = safetensors_path(s->parts[p].file);
    s->stacked[p] = s->place->expert >= 0 && !(rule->whole && t->dims == rule->dims);
    int known = 0, dims = rule->dims + s->stacked[p];
    TRY(store_check(s->store, s->parts[p], error));
    for (int i = 0; i < 3; i++) known |= t->dtype != ST_OTHER && t->dtype == rule->dtypes[i];
    FAIL_IF(!known, error, W4A16_BAD_FILE, "%s: tensor %s: type is %s; accepted: %s", path, t->name,
            t->dtype_name, rule->dtype_names);
    FAIL_IF(t->dims != dims, error, W4A16_BAD_FILE, "%s: tensor %s: has %d dimensions; expected %d", path,
            t->name, t->dims, dims);
    FAIL_IF(s->stacked[p] && t->shape[0] != s->parts[0].tensor->shape[0], error, W4A16_BAD_FILE,
            "%s: tensor %s: has %" PRId64 " experts; %s has %" PRId64, path, t->name, t->shape[0],
            s->parts[0].tensor->name, s->parts[0].tensor->shape[0]);
    return W4A16_OK;
}

static w4a16_status find_part(struct source *s, const struct part_rule *rules, int p, w4a16_error *error) {
    char *full = part_name(s->place, rules[p].name);
    FAIL_IF(!full, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", s->place->layer);
    s->parts[p] = store_find(s->store, full);
    w4a16_status status = W4A16_OK;
    if (s->parts[p].tensor)
        status = check_part(s, &rules[p], p, error);
    else if (!rules[p].optional)
        status = w4a16_fail(error, W4A16_BAD_FILE, "%s: tensor %s is missing; %s needs it",
                            store_path(s->store), full, p ? s->parts[0].tensor->name : s->place->layer);
    free(full);
    return status;
}

w4a16_status source_find(struct source *s, const struct format *format, w4a16_error *error) {
    for (int p = 0; p < format->parts; p++) TRY(find_part(s, format->rules, p, error));
    return W4A16_OK;
}

const int64_t *source_shape(const struct source *s, int part) {
    return s->parts[part].tensor->shape + s->stacked[part];
}

void source_set_groups(struct source *s, int64_t configured) {
    s->group_size = configured < 0 || configured > s->K ? s->K : configured;
    s->groups = (s->K + s->group_size - 1) / s->group_size;
}

w4a16_status source_check_shape(const struct source *s, int part, const int64_t *shape, const char *where,
                                w4a16_error *error) {
    const struct st_tensor *t = s->parts[part].tensor;
    char found[64], expected[64];
    if (!t) return W4A16_OK;
    const int64_t *own = source_shape(s, part);
    int dims = t->dims - s->stacked[part];
    FAIL_IF(memcmp(own, shape, (size_t)dims * sizeof *own) != 0, error, W4A16_BAD_FILE,
            "%s: tensor %s: shape is %s%s; expected %s for K = %" PRId64 ", N = %" PRId64
            " (from %s) and group_size %" PRId64 " (from the configuration)",
            safetensors_path(s->parts[part].file), t->name, s->stacked[part] ? "for each expert " : "",
            shape_text(found, dims, own), shape_text(expected, dims, shape), s->K, s->N, where,
            s->group_size);
    return W4A16_OK;
}

w4a16_status source_read(const struct source *s, int part, void *to, w4a16_error *error) {
    const struct st_tensor *t = s->parts[part].tensor;
    uint64_t bytes = t->end - t->begin, first = 0;
    if (s->stacked[part]) bytes /= (uint64_t)t->shape[0], first = (uint64_t)s->place->expert * bytes;
    return safetensors_read_part(s->parts[part].file, t, first, bytes, to, error);
}

static w4a16_dtype type_of(const struct source *s, int part) {
    enum st_dtype dtype = s->parts[part].tensor->dtype;
    return dtype == ST_F16 ? W4A16_F16 : dtype == ST_BF16 ? W4A16_BF16 : W4A16_F32;
}

/* ---- the layer ---------------------------------------------------------------------------------------- */

/* What a conversion takes, in memory. */
struct arrays {
    void *data[PARTS_MAX];  /* null: absent, or not wanted */
    char *names[PARTS_MAX]; /* "file: tensor name" */
};

static void *data_of(const struct arrays *a, int part) { return part < 0 ? NULL : a->data[part]; }
static const char *name_of(const struct arrays *a, int part) { return part < 0 ? NULL : a->names[part]; }

static void free_arrays(struct arrays *a) {
    for (int p = 0; p < PARTS_MAX; p++) free(a->data[p]), free(a->names[p]);
}

static w4a16_status read_array(const struct source *s, int part, struct arrays *a, w4a16_error *error) {
    if (part < 0 || !s->parts[part].tensor) return W4A16_OK;
    const struct st_tensor *t = s->parts[part].tensor;
    uint64_t bytes = (t->end - t->begin) / (uint64_t)(s->stacked[part] ? t->shape[0] : 1);
    a->data[part] = malloc((size_t)bytes);
    int named = asprintf(&a->names[part], "%s: tensor %s", safetensors_path(s->parts[part].file), t->name);
    if (named < 0) a->names[part] = NULL;
    FAIL_IF(!a->data[part] || named < 0, error, W4A16_OUT_OF_MEMORY, "%s: out of memory",
            store_path(s->store));
    return source_read(s, part, a->data[part], error);
}

static w4a16_status read_arrays(const struct source *s, const struct part_roles *r, int with_weights,
                                struct arrays *a, w4a16_error *error) {
    TRY(read_array(s, r->scales, a, error));
    TRY(read_array(s, r->zeros, a, error));
    TRY(read_array(s, r->g_idx, a, error));
    TRY(read_array(s, r->bias, a, error));
    return with_weights ? read_array(s, r->weights, a, error) : W4A16_OK;
}

static void set_stored(const struct source *s, const struct part_roles *r, const struct arrays *a,
                       w4a16_stored *stored) {
    stored->N = s->N, stored->K = s->K, stored->group_size = s->group_size;
    stored->weights = data_of(a, r->weights);
    stored->zeros = data_of(a, r->zeros), stored->zeros_name = name_of(a, r->zeros);
    stored->scales = data_of(a, r->scales), stored->scales_name = name_of(a, r->scales);
    stored->g_idx = data_of(a, r->g_idx), stored->g_idx_name = name_of(a, r->g_idx);
    stored->scale_type = type_of(s, r->scales);
    stored->bias = data_of(a, r->bias);
    if (stored->bias) stored->bias_type = type_of(s, r->bias);
    stored->symmetry = s->place->scheme->symmetric == SYMMETRY_YES ? W4A16_SYMMETRY_YES : W4A16_SYMMETRY_NO;
}

static void set_info(const w4a16_layer *l, w4a16_layer_info *info) {
    info->N = l->N, info->K = l->K, info->group_size = l->group_size;
    info->scale_type = l->scale_type;
    info->symmetric = !l->zero, info->act_order = l->perm != NULL, info->has_bias = l->bias != NULL;
    info->wrapped_zeros = 0;
    for (int64_t i = 0; l->zero && i < w4a16_layer_groups(l) * l->N; i++)
        info->wrapped_zeros += l->zero[i] == 16;
}

/* What is wrong with the arrays is wrong with the file. */
static w4a16_status blame_file(w4a16_status status, w4a16_error *error) {
    if (status != W4A16_INVALID_ARGUMENT) return status;
    if (error) error->status = W4A16_BAD_FILE;
    return W4A16_BAD_FILE;
}

w4a16_status source_convert_layer(source_convert *convert, const w4a16_stored *stored, w4a16_layer_info *info,
                                  w4a16_layer **out, w4a16_error *error) {
    w4a16_layer *layer = NULL;
    TRY(blame_file(convert(stored, &layer, error), error));
    set_info(layer, info);
    if (out)
        *out = layer;
    else
        w4a16_layer_free(layer);
    return W4A16_OK;
}

w4a16_status source_layer(const struct source *s, const struct part_roles *roles, source_convert *convert,
                          w4a16_stored *stored, w4a16_layer_info *info, w4a16_layer **out,
                          w4a16_error *error) {
    struct arrays a = {{0}, {0}};
    w4a16_status status = read_arrays(s, roles, out != NULL, &a, error);
    set_stored(s, roles, &a, stored);
    if (status == W4A16_OK) status = source_convert_layer(convert, stored, info, out, error);
    free_arrays(&a);
    return status;
}
