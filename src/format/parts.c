/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/parts.h"

#include <inttypes.h>
#include <stddef.h>
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

w4a16_dtype source_type(const struct source *s, int part) {
    enum st_dtype dtype = s->parts[part].tensor->dtype;
    return dtype == ST_F16 ? W4A16_F16 : dtype == ST_BF16 ? W4A16_BF16 : W4A16_F32;
}

w4a16_status source_check_scales(const struct source *s, int part, const uint16_t *scale, int64_t columns,
                                 w4a16_error *error) {
    unsigned exponent = source_type(s, part) == W4A16_F16 ? 0x7c00 : 0x7f80;
    for (int64_t i = 0; i < s->groups * s->N; i++)
        FAIL_IF((scale[i] & exponent) == exponent, error, W4A16_BAD_FILE,
                "%s: tensor %s: [%" PRId64 ", %" PRId64 "] is 0x%04x (Inf or NaN); expected a finite scale",
                safetensors_path(s->parts[part].file), s->parts[part].tensor->name, i / columns, i % columns,
                scale[i]);
    return W4A16_OK;
}

/* next: [groups], scratch. */
static w4a16_status order(const struct source *s, int part, const int32_t *g_idx, int32_t *perm,
                          int64_t *next, int *act_order, w4a16_error *error) {
    const char *path = safetensors_path(s->parts[part].file), *name = s->parts[part].tensor->name;
    *act_order = 0;
    for (int64_t k = 0; k < s->K; k++) {
        FAIL_IF(g_idx[k] < 0 || g_idx[k] >= s->groups, error, W4A16_BAD_FILE,
                "%s: tensor %s: group of k = %" PRId64 " is %" PRId32 "; accepted is 0..%" PRId64, path, name,
                k, g_idx[k], s->groups - 1);
        next[g_idx[k]]++;
        *act_order |= g_idx[k] != k / s->group_size;
    }
    for (int64_t g = 0; g < s->groups; g++) {
        int64_t first = g * s->group_size;
        int64_t members = g < s->groups - 1 ? s->group_size : s->K - first;
        if (next[g] != members) {
            int64_t last = s->K;
            while (last-- > 0 && g_idx[last] != g) {
            }
            return w4a16_fail(error, W4A16_BAD_FILE,
                              "%s: tensor %s: group %" PRId64 " has %" PRId64
                              " members (the last is k = %" PRId64 "); expected %" PRId64,
                              path, name, g, next[g], last, members);
        }
        next[g] = first;
    }
    for (int64_t k = 0; k < s->K; k++) perm[next[g_idx[k]]++] = (int32_t)k;
    return W4A16_OK;
}

w4a16_status source_order(const struct source *s, int part, const int32_t *g_idx, int32_t *perm,
                          int *act_order, w4a16_error *error) {
    int64_t *next = calloc((size_t)s->groups, sizeof *next);
    FAIL_IF(!next, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", store_path(s->store));
    w4a16_status status = order(s, part, g_idx, perm, next, act_order, error);
    free(next);
    return status;
}

/* The layer with room for all its arrays behind it, in descending order of alignment. */
struct block {
    w4a16_layer layer;
    max_align_t data[];
};

static w4a16_status begin(const struct source *s, int with_weights, struct building *b, w4a16_error *error) {
    size_t N = (size_t)s->N, K = (size_t)s->K, cells = (size_t)s->groups * N;
    size_t q_bytes = with_weights ? (K + 7) / 8 * N * 4 : 0;
    struct block *block = calloc(1, sizeof *block + q_bytes + 4 * K + 4 * N + 3 * cells);
    FAIL_IF(!block, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", store_path(s->store));
    b->layer = &block->layer;
    b->q = with_weights ? (uint32_t *)(void *)block->data : NULL;
    b->perm = (int32_t *)(void *)((char *)block->data + q_bytes);
    b->bias = b->perm + K;
    b->scale = (uint16_t *)b->bias + 2 * N;
    b->zero = (uint8_t *)(b->scale + cells);
    w4a16_layer_init(b->layer);
    return W4A16_OK;
}

w4a16_status building_read(const struct source *s, const struct quant_config *config, int scales, int bias,
                           int64_t words, building_fill *fill, w4a16_layer_info *info, w4a16_layer **out,
                           w4a16_error *error) {
    struct building b;
    info->N = s->N, info->K = s->K, info->group_size = s->group_size;
    info->scale_type = source_type(s, scales);
    info->has_bias = s->parts[bias].tensor != NULL;
    TRY(begin(s, out != NULL, &b, error));
    uint32_t *scratch = malloc((size_t)words * sizeof *scratch);
    w4a16_status status =
        scratch ? fill(s, config, info, &b, scratch, error)
                : w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", store_path(s->store));
    if (status == W4A16_OK && info->has_bias) status = source_read(s, bias, b.bias, error);
    free(scratch);
    if (status != W4A16_OK || !out) {
        free(b.layer);
        return status;
    }
    w4a16_layer *l = *out = b.layer;
    l->N = s->N, l->K = s->K, l->group_size = s->group_size;
    l->q = b.q;
    l->scale_type = info->scale_type;
    l->scale = b.scale;
    l->zero = info->symmetric ? NULL : b.zero;
    l->perm = info->act_order ? b.perm : NULL;
    if (info->has_bias) l->bias = b.bias, l->bias_type = source_type(s, bias);
    return W4A16_OK;
}
