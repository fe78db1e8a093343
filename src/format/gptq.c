/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * One GPTQ layer to the canonical form. The dialects differ in less than their flags say:
 *
 *     qweight I32 [K/8, N]   nibble i of word [r, n] is q[8r+i, n]: the canonical layer's own order
 *     qzeros  I32 [G, N/8]   nibble i of word [g, c] is the zero of column 8c+i, minus one in version 1
 *     scales  F16|BF16 [G, N]
 *     g_idx   I32 [K]        group of each input feature; optional
 *     bias    F16|BF16|F32 [N]; optional
 *
 * Whether a layer is symmetric or act-ordered is decided by its data: the flags are often wrong.
 */
#include "format/gptq.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

#define DIM_MAX ((int64_t)1 << 24) /* as the canonical layer; keeps products of two far from overflow */

enum part { QWEIGHT, QZEROS, SCALES, G_IDX, BIAS, PARTS };

static const struct part_rule {
    const char *name;
    int optional, dims;
    enum st_dtype dtypes[3]; /* accepted; unused ones are ST_OTHER */
    const char *dtype_names;
} rules[PARTS] = {
    [QWEIGHT] = {"qweight", 0, 2, {ST_I32}, "I32"},
    [QZEROS] = {"qzeros", 0, 2, {ST_I32}, "I32"},
    [SCALES] = {"scales", 0, 2, {ST_F16, ST_BF16}, "F16 and BF16"},
    [G_IDX] = {"g_idx", 1, 1, {ST_I32}, "I32"},
    [BIAS] = {"bias", 1, 1, {ST_F16, ST_BF16, ST_F32}, "F16, BF16 and F32"},
};

struct source {
    const struct safetensors *st;
    const struct st_tensor *parts[PARTS]; /* null if optional and absent */
    int64_t N, K, group_size, groups;
};

static w4a16_dtype element_type(enum st_dtype dtype) {
    return dtype == ST_F16 ? W4A16_F16 : dtype == ST_BF16 ? W4A16_BF16 : W4A16_F32;
}

/* "[a, b]" for messages; text holds 64. */
static const char *shape_text(char *text, int dims, const int64_t *shape) {
    if (dims == 1)
        snprintf(text, 64, "[%" PRId64 "]", shape[0]);
    else
        snprintf(text, 64, "[%" PRId64 ", %" PRId64 "]", shape[0], shape[1]);
    return text;
}

static w4a16_status find_part(struct source *s, const char *name, enum part p, w4a16_error *error) {
    const struct part_rule *rule = &rules[p];
    char *full;
    FAIL_IF(asprintf(&full, "%s.%s", name, rule->name) < 0, error, W4A16_OUT_OF_MEMORY, "%s: out of memory",
            name);
    const struct st_tensor *t = safetensors_find(s->st, full);
    free(full);
    s->parts[p] = t;
    const char *path = safetensors_path(s->st);
    if (!t && rule->optional) return W4A16_OK;
    FAIL_IF(!t, error, W4A16_BAD_FILE, "%s: tensor %s.%s is missing; %s.qweight needs it", path, name,
            rule->name, name);
    int known = 0;
    for (int i = 0; i < 3; i++) known |= t->dtype != ST_OTHER && t->dtype == rule->dtypes[i];
    FAIL_IF(!known, error, W4A16_BAD_FILE, "%s: tensor %s: type is %s; accepted: %s", path, t->name,
            t->dtype_name, rule->dtype_names);
    FAIL_IF(t->dims != rule->dims, error, W4A16_BAD_FILE, "%s: tensor %s: has %d dimensions; expected %d",
            path, t->name, t->dims, rule->dims);
    return W4A16_OK;
}

static w4a16_status check_shapes(struct source *s, const struct gptq_config *config, w4a16_error *error) {
    const char *path = safetensors_path(s->st);
    const struct st_tensor *t = s->parts[QWEIGHT];
    char found[64], expected[64];
    FAIL_IF(t->shape[0] < 1 || t->shape[0] > DIM_MAX / 8 || t->shape[1] < 8 || t->shape[1] > DIM_MAX ||
                t->shape[1] % 8,
            error, W4A16_BAD_FILE,
            "%s: tensor %s: shape is %s; expected [K/8, N] with K up to %" PRId64
            " and N a multiple of 8 up to it",
            path, t->name, shape_text(found, 2, t->shape), DIM_MAX);
    s->K = 8 * t->shape[0];
    s->N = t->shape[1];
    s->group_size = config->group_size < 0 || config->group_size > s->K ? s->K : config->group_size;
    s->groups = (s->K + s->group_size - 1) / s->group_size;
    const int64_t shapes[PARTS][2] = {[QWEIGHT] = {t->shape[0], s->N},
                                      [QZEROS] = {s->groups, s->N / 8},
                                      [SCALES] = {s->groups, s->N},
                                      [G_IDX] = {s->K},
                                      [BIAS] = {s->N}};
    for (int p = 0; p < PARTS; p++) {
        t = s->parts[p];
        if (!t) continue;
        FAIL_IF(memcmp(t->shape, shapes[p], (size_t)t->dims * sizeof t->shape[0]) != 0, error, W4A16_BAD_FILE,
                "%s: tensor %s: shape is %s; expected %s for K = %" PRId64 ", N = %" PRId64
                " (from qweight) and group_size %" PRId64 " (from the configuration)",
                path, t->name, shape_text(found, t->dims, t->shape), shape_text(expected, t->dims, shapes[p]),
                s->K, s->N, config->group_size);
    }
    return W4A16_OK;
}

static w4a16_status check_scales(const struct source *s, const uint16_t *scale, w4a16_error *error) {
    const struct st_tensor *t = s->parts[SCALES];
    unsigned exponent = t->dtype == ST_F16 ? 0x7c00 : 0x7f80;
    for (int64_t i = 0; i < s->groups * s->N; i++)
        FAIL_IF((scale[i] & exponent) == exponent, error, W4A16_BAD_FILE,
                "%s: tensor %s: [%" PRId64 ", %" PRId64 "] is 0x%04x (Inf or NaN); expected a finite scale",
                safetensors_path(s->st), t->name, i / s->N, i % s->N, scale[i]);
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

/* The stable order by group, which is the identity if every feature is in the group of its place. */
static w4a16_status order_groups(const struct source *s, const int32_t *g_idx, int32_t *perm, int64_t *next,
                                 int *act_order, w4a16_error *error) {
    const char *path = safetensors_path(s->st), *name = s->parts[G_IDX]->name;
    *act_order = 0;
    for (int64_t g = 0; g < s->groups; g++) next[g] = 0;
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

/* The layer with room for all its arrays behind it, in descending order of alignment. */
struct block {
    w4a16_layer layer;
    max_align_t data[];
};

static w4a16_layer *allocate(const struct source *s, int with_weights, uint32_t **q, int32_t **perm,
                             void **bias, uint16_t **scale, uint8_t **zero) {
    size_t N = (size_t)s->N, K = (size_t)s->K, cells = (size_t)s->groups * N;
    struct block *block = malloc(sizeof *block + (with_weights ? K / 2 * N : 0) + 4 * K + 4 * N + 3 * cells);
    if (!block) return NULL;
    *q = (uint32_t *)(void *)block->data;
    *perm = (int32_t *)(void *)((char *)block->data + (with_weights ? K / 2 * N : 0));
    *bias = *perm + K;
    *scale = (uint16_t *)*bias + 2 * N;
    *zero = (uint8_t *)(*scale + cells);
    w4a16_layer_init(&block->layer);
    return &block->layer;
}

/* Reads everything into the block. words and next are scratch: [max(K, G * N / 8)] and [G]. */
static w4a16_status fill(const struct source *s, int version, w4a16_layer_info *info, uint32_t *q,
                         int32_t *perm, void *bias, uint16_t *scale, uint8_t *zero, uint32_t *words,
                         int64_t *next, w4a16_error *error) {
    TRY(safetensors_read(s->st, s->parts[SCALES], scale, error));
    TRY(check_scales(s, scale, error));
    TRY(safetensors_read(s->st, s->parts[QZEROS], words, error));
    unpack_zeros(s, version, words, zero, info);
    if (s->parts[G_IDX]) {
        TRY(safetensors_read(s->st, s->parts[G_IDX], words, error));
        TRY(order_groups(s, (const int32_t *)words, perm, next, &info->act_order, error));
    }
    if (s->parts[BIAS]) TRY(safetensors_read(s->st, s->parts[BIAS], bias, error));
    return q ? safetensors_read(s->st, s->parts[QWEIGHT], q, error) : W4A16_OK;
}

w4a16_status gptq_read(const struct safetensors *st, const struct gptq_config *config, const char *name,
                       w4a16_layer_info *info, w4a16_layer **out, w4a16_error *error) {
    struct source s = {.st = st};
    info->format = config->version == 1 ? "gptq" : "gptq_v2";
    for (int p = 0; p < PARTS; p++) TRY(find_part(&s, name, (enum part)p, error));
    TRY(check_shapes(&s, config, error));
    info->N = s.N, info->K = s.K, info->group_size = s.group_size;
    info->scale_type = element_type(s.parts[SCALES]->dtype);
    info->has_bias = s.parts[BIAS] != NULL;

    uint32_t *q = NULL;
    int32_t *perm = NULL;
    void *bias = NULL;
    uint16_t *scale = NULL;
    uint8_t *zero = NULL;
    int64_t zero_words = s.groups * s.N / 8;
    w4a16_layer *layer = allocate(&s, out != NULL, &q, &perm, &bias, &scale, &zero);
    uint32_t *words = malloc((size_t)(s.K > zero_words ? s.K : zero_words) * sizeof *words);
    int64_t *next = malloc((size_t)s.groups * sizeof *next);
    w4a16_status status = W4A16_OK;
    if (!layer || !words || !next)
        status =
            w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: layer %s: out of memory", safetensors_path(st), name);
    else
        status = fill(&s, config->version, info, out ? q : NULL, perm, bias, scale, zero, words, next, error);
    free(words);
    free(next);
    if (status != W4A16_OK || !out) {
        free(layer);
        return status;
    }
    layer->N = s.N, layer->K = s.K, layer->group_size = s.group_size;
    layer->q = q;
    layer->scale_type = info->scale_type;
    layer->scale = scale;
    layer->zero = info->symmetric ? NULL : zero;
    layer->perm = info->act_order ? perm : NULL;
    if (s.parts[BIAS]) layer->bias = bias, layer->bias_type = element_type(s.parts[BIAS]->dtype);
    *out = layer;
    return W4A16_OK;
}
