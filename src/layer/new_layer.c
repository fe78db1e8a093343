/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* new_layer.h */
#include "layer/new_layer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/error.h"

w4a16_status new_layer_make(const struct layer_shape *s, struct new_layer *out, w4a16_error *error) {
    FAIL_IF(s->N > W4A16_SIZE_MAX || s->padded_K > W4A16_SIZE_MAX, error, W4A16_INVALID_ARGUMENT,
            "layer: the new one would have N = %" PRId64 " and %" PRId64 " places; accepted are up to %d",
            s->N, s->padded_K, W4A16_SIZE_MAX);
    size_t N = (size_t)s->N, words = s->no_weights ? 0 : (size_t)((s->K + 7) / 8) * N;
    size_t cells = (size_t)((s->padded_K + s->group_size - 1) / s->group_size) * N;
    char *block = calloc(1, sizeof(w4a16_layer) + 4 * words + 4 * (size_t)s->padded_K + 4 * N + 3 * cells);
    FAIL_IF(!block, error, W4A16_OUT_OF_MEMORY,
            "layer: out of memory for one of N = %" PRId64 ", K = %" PRId64, s->N, s->K);
    w4a16_layer *l = out->layer = (w4a16_layer *)(void *)block;
    out->q = (uint32_t *)(void *)(block + sizeof(w4a16_layer));
    out->perm = (int32_t *)out->q + words;
    out->bias = (float *)(out->perm + s->padded_K);
    out->scale = (uint16_t *)(out->bias + N);
    out->zero = (uint8_t *)(out->scale + cells);
    w4a16_layer_init(l, sizeof *l);
    l->N = s->N, l->K = s->K, l->group_size = s->group_size, l->scale_type = s->scale_type;
    l->q = s->no_weights ? NULL : out->q, l->scale = out->scale;
    if (s->zeros) l->zero = out->zero;
    if (s->perm) l->perm = out->perm;
    if (s->padded_K > s->K) l->padded_K = s->padded_K;
    if (s->bias_type) l->bias = out->bias, l->bias_type = s->bias_type;
    return W4A16_OK;
}
