/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Layers joined along N, and parts of layers along N and K. */
#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "layer/new_layer.h"
#include "layer/values.h"
#include "w4a16/layer.h"

static struct layer_shape shape_of(const w4a16_layer *l) {
    return (struct layer_shape){.N = l->N,
                                .K = l->K,
                                .padded_K = w4a16_layer_padded_K(l),
                                .group_size = l->group_size,
                                .scale_type = l->scale_type,
                                .zeros = l->zero != NULL,
                                .perm = l->perm != NULL,
                                .bias_type = l->bias ? W4A16_F32 : 0};
}

/* Group `from` of columns first.. of a layer becomes group `to` of columns at.. of the new one. */
static void copy_group(struct new_layer *m, int64_t to, int64_t at, const w4a16_layer *l, int64_t from,
                       int64_t first, int64_t columns) {
    memcpy(m->scale + to * m->layer->N + at, l->scale + from * l->N + first, (size_t)columns * 2);
    if (l->zero)
        memcpy(m->zero + to * m->layer->N + at, l->zero + from * l->N + first, (size_t)columns);
    else
        memset(m->zero + to * m->layer->N + at, 8, (size_t)columns);
}

/* Columns first.. of a layer, all of K, to columns at.. of a new one of the same K and groups. */
static void copy_columns(struct new_layer *m, int64_t at, const w4a16_layer *l, int64_t first,
                         int64_t columns) {
    for (int64_t r = 0; r < (l->K + 7) / 8; r++)
        memcpy(m->q + r * m->layer->N + at, l->q + r * l->N + first, (size_t)columns * 4);
    for (int64_t g = 0; g < w4a16_layer_groups(l); g++) copy_group(m, g, at, l, g, first, columns);
    for (int64_t n = 0; n < columns; n++) m->bias[at + n] = bias_of(l, first + n);
    if (l->perm) memcpy(m->perm, l->perm, (size_t)w4a16_layer_padded_K(l) * 4);
}

/* ---- along N ------------------------------------------------------------------------------------------ */

/* What keeps a layer from standing beside the first, or null. */
static const char *difference(const w4a16_layer *l, const w4a16_layer *first) {
    if (l->K != first->K) return "K";
    if (l->group_size != first->group_size) return "group_size";
    if (l->scale_type != first->scale_type) return "scale_type";
    if (!l->perm != !first->perm || w4a16_layer_padded_K(l) != w4a16_layer_padded_K(first) ||
        (l->perm && memcmp(l->perm, first->perm, (size_t)w4a16_layer_padded_K(l) * 4) != 0))
        return "its act-order";
    return NULL;
}

w4a16_status w4a16_layer_concat(const w4a16_layer *const *layers, size_t count, w4a16_layer **out,
                                w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(
        !layers || !count || !out, error, W4A16_INVALID_ARGUMENT,
        "w4a16_layer_concat: %zu layers at %p to %p; expected at least one layer and a place for the result",
        count, (const void *)layers, (void *)out);
    *out = NULL;
    struct layer_shape shape = {0};
    for (size_t i = 0; i < count; i++) {
        const w4a16_layer *l = layers[i];
        TRY(w4a16_layer_check(l, error));
        const char *what = difference(l, layers[0]);
        FAIL_IF(what, error, W4A16_INVALID_ARGUMENT,
                "w4a16_layer_concat: layer %zu differs from layer 0 in %s; joined layers must agree in it", i,
                what);
        struct layer_shape own = shape_of(l);
        own.N += shape.N, own.zeros |= shape.zeros, own.bias_type |= shape.bias_type;
        shape = own;
    }
    struct new_layer m = {0};
    TRY(new_layer_make(&shape, &m, error));
    int64_t at = 0;
    for (size_t i = 0; i < count; at += layers[i++]->N) copy_columns(&m, at, layers[i], 0, layers[i]->N);
    *out = m.layer;
    return W4A16_OK;
}

static w4a16_status check_part(const w4a16_layer *l, const char *function, int64_t first, int64_t count,
                               int64_t size, w4a16_layer **out, w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!out, error, W4A16_INVALID_ARGUMENT, "%s: out is null", function);
    *out = NULL;
    TRY(w4a16_layer_check(l, error));
    FAIL_IF(first < 0 || count < 1 || first >= size || count > size - first, error, W4A16_INVALID_ARGUMENT,
            "%s: %" PRId64 " from %" PRId64 " on; the layer has %" PRId64, function, count, first, size);
    return W4A16_OK;
}

w4a16_status w4a16_layer_part_n(const w4a16_layer *layer, int64_t first, int64_t count, w4a16_layer **out,
                                w4a16_error *error) {
    TRY(check_part(layer, "w4a16_layer_part_n", first, count, layer ? layer->N : 0, out, error));
    struct layer_shape shape = shape_of(layer);
    struct new_layer m = {0};
    shape.N = count;
    TRY(new_layer_make(&shape, &m, error));
    copy_columns(&m, 0, layer, first, count);
    *out = m.layer;
    return W4A16_OK;
}

/* ---- along K ------------------------------------------------------------------------------------------ */

enum { GROUP_MULTIPLE = 16 }; /* the smallest groups that kernels take, and what they count in */

static void copy_features(struct new_layer *m, const w4a16_layer *l, int64_t first, int64_t count) {
    memcpy(m->q, l->q + first / 8 * l->N, (size_t)((count + 7) / 8 * l->N) * 4);
    for (int64_t n = 0; n < l->N; n++) m->bias[n] = bias_of(l, n);
}

/* The largest groups that lie inside the layer's and begin with the part: all groups of the layer's size, or
 * what divides it and the place where the part begins. A part of one group is one. */
static int64_t cut_group(const w4a16_layer *l, int64_t first, int64_t count) {
    int64_t inside = first % l->group_size, size = l->group_size;
    if (inside + count <= size) return count;
    for (int64_t rest = inside; rest;) {
        int64_t next = size % rest;
        size = rest, rest = next;
    }
    return size;
}

static w4a16_status part_in_order(const w4a16_layer *l, struct layer_shape shape, int64_t first,
                                  struct new_layer *m, w4a16_error *error) {
    shape.group_size = cut_group(l, first, shape.K);
    shape.padded_K = shape.K;
    TRY(new_layer_make(&shape, m, error));
    for (int64_t g = 0; g < w4a16_layer_groups(m->layer); g++)
        copy_group(m, g, 0, l, (first + g * shape.group_size) / l->group_size, 0, l->N);
    return W4A16_OK;
}

/* The feature at a place of the layer's order. */
static int64_t feature_at(const w4a16_layer *l, int64_t place) { return l->perm ? l->perm[place] : place; }

/*
 * Members that the part has of each group, in the layer's order, at places from multiples of PLACES_GROUP on.
 */
static w4a16_status part_with_places(const w4a16_layer *l, struct layer_shape shape, int64_t first,
                                     struct new_layer *m, w4a16_error *error) {
    int64_t places = w4a16_layer_padded_K(l), end = first + shape.K, used = 0, place = 0;
    for (int64_t p = 0; p < places; p++) {
        if (p % l->group_size == 0) used = (used + PLACES_GROUP - 1) / PLACES_GROUP * PLACES_GROUP;
        used += feature_at(l, p) >= first && feature_at(l, p) < end;
    }
    shape.padded_K = used > PLACES_GROUP ? (used + PLACES_GROUP - 1) / PLACES_GROUP * PLACES_GROUP : used;
    shape.group_size = used < PLACES_GROUP ? used : PLACES_GROUP;
    shape.perm = 1;
    TRY(new_layer_make(&shape, m, error));
    for (int64_t p = 0; p < shape.padded_K; p++) m->perm[p] = -1;
    for (int64_t p = 0; p < places; p++) {
        int64_t k = feature_at(l, p);
        if (p % l->group_size == 0) place = (place + PLACES_GROUP - 1) / PLACES_GROUP * PLACES_GROUP;
        if (k < first || k >= end) continue;
        if (place % PLACES_GROUP == 0) copy_group(m, place / PLACES_GROUP, 0, l, p / l->group_size, 0, l->N);
        m->perm[place++] = (int32_t)(k - first);
    }
    return W4A16_OK;
}

/* Smaller groups cost less than empty places, which need an order; but kernels do not take groups of any
 * size. */
static int needs_places(const w4a16_layer *l, int64_t first, int64_t count) {
    int64_t group_size = cut_group(l, first, count);
    return l->perm || (group_size < count && group_size < l->group_size && group_size % GROUP_MULTIPLE);
}

w4a16_status w4a16_layer_part_k(const w4a16_layer *layer, int64_t first, int64_t count, w4a16_layer **out,
                                w4a16_error *error) {
    TRY(check_part(layer, "w4a16_layer_part_k", first, count, layer ? layer->K : 0, out, error));
    FAIL_IF(first % 8, error, W4A16_INVALID_ARGUMENT,
            "w4a16_layer_part_k: first is %" PRId64 "; accepted are multiples of 8", first);
    struct layer_shape shape = shape_of(layer);
    struct new_layer m = {0};
    shape.K = count;
    if (first) shape.bias_type = 0;
    TRY((needs_places(layer, first, count) ? part_with_places : part_in_order)(layer, shape, first, &m,
                                                                               error));
    copy_features(&m, layer, first, count);
    *out = m.layer;
    return W4A16_OK;
}
