/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A new layer in one block of memory, with room for all its arrays. */
#ifndef W4A16_LAYER_NEW_LAYER_H
#define W4A16_LAYER_NEW_LAYER_H

#include "w4a16/layer.h"

enum { PLACES_GROUP = 32 }; /* groups of a layer with empty places: what every kernel takes */

/* Its arrays, writable; the layer's own pointers are those that are in use. */
struct new_layer {
    w4a16_layer *layer;
    uint32_t *q;
    int32_t *perm;
    float *bias; /* [N], of any type */
    uint16_t *scale;
    uint8_t *zero;
};

struct layer_shape {
    int64_t N, K, padded_K, group_size; /* places: K, or more */
    w4a16_dtype scale_type, bias_type;  /* bias_type 0: none */
    int no_weights, zeros, perm;
};

/* As w4a16_layer_free expects; q is zero. */
w4a16_status new_layer_make(const struct layer_shape *shape, struct new_layer *out, w4a16_error *error);

#endif
