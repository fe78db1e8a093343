/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The canonical layer's checks. A layer is one block of memory that starts with the struct. */
#include "w4a16/layer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/error.h"
#include "layer/pack.h"
#include "struct_size.h"

void w4a16_layer_init(w4a16_layer *layer, size_t struct_size) {
    const w4a16_layer ours = {0};
    struct_give(layer, struct_size, &ours, sizeof ours);
}

int64_t w4a16_layer_padded_K(const w4a16_layer *layer) {
    return !layer ? 0 : layer->padded_K ? layer->padded_K : layer->K;
}

int64_t w4a16_layer_groups(const w4a16_layer *layer) {
    int64_t padded_K = w4a16_layer_padded_K(layer);
    return padded_K < 1 || layer->group_size < 1 ? 0 : (padded_K - 1) / layer->group_size + 1;
}

void w4a16_layer_free(w4a16_layer *layer) { free(layer); }

static w4a16_status check_size(const char *name, int64_t size, int64_t max, w4a16_error *error) {
    FAIL_IF(size < 1 || size > max, error, W4A16_INVALID_ARGUMENT,
            "layer: %s is %" PRId64 "; accepted is 1..%" PRId64, name, size, max);
    return W4A16_OK;
}

static w4a16_status check_sizes(const w4a16_layer *l, w4a16_error *error) {
    TRY(check_size("N", l->N, W4A16_SIZE_MAX, error));
    TRY(check_size("K", l->K, W4A16_SIZE_MAX, error));
    FAIL_IF(l->padded_K && (!l->perm || l->padded_K < l->K || l->padded_K > W4A16_SIZE_MAX), error,
            W4A16_INVALID_ARGUMENT,
            "layer: padded_K is %" PRId64 "; accepted is 0, or with perm K = %" PRId64 " to %d", l->padded_K,
            l->K, W4A16_SIZE_MAX);
    return check_size("group_size", l->group_size, w4a16_layer_padded_K(l), error);
}

static w4a16_status check_scales(const w4a16_layer *l, w4a16_error *error) {
    unsigned exponent = l->scale_type == W4A16_F16 ? 0x7c00 : 0x7f80;
    int64_t count = w4a16_layer_groups(l) * l->N;
    for (int64_t i = 0; i < count; i++)
        FAIL_IF((l->scale[i] & exponent) == exponent, error, W4A16_INVALID_ARGUMENT,
                "layer: scale of group %" PRId64 ", column %" PRId64
                " is 0x%04x (%s Inf or NaN); accepted are "
                "finite scales",
                i / l->N, i % l->N, l->scale[i], w4a16_dtype_name(l->scale_type));
    return W4A16_OK;
}

static w4a16_status check_zeros(const w4a16_layer *l, w4a16_error *error) {
    if (!l->zero) return W4A16_OK;
    int64_t count = w4a16_layer_groups(l) * l->N;
    for (int64_t i = 0; i < count; i++)
        FAIL_IF(l->zero[i] > 16, error, W4A16_INVALID_ARGUMENT,
                "layer: zero of group %" PRId64 ", column %" PRId64 " is %d; accepted is 0..16", i / l->N,
                i % l->N, l->zero[i]);
    return W4A16_OK;
}

w4a16_status layer_check_perm(const w4a16_layer *l, w4a16_error *error) {
    if (!l->perm) return W4A16_OK;
    unsigned char *seen = calloc((size_t)l->K, 1);
    FAIL_IF(!seen, error, W4A16_OUT_OF_MEMORY, "layer: out of memory while checking perm");
    w4a16_status status = W4A16_OK;
    int64_t empty = 0, padded_K = w4a16_layer_padded_K(l);
    for (int64_t p = 0; p < padded_K && status == W4A16_OK; p++) {
        int32_t k = l->perm[p];
        if (k == -1 && empty < padded_K - l->K)
            empty++;
        else if (k < 0 || k >= l->K || seen[k])
            status = w4a16_fail(error, W4A16_INVALID_ARGUMENT,
                                "layer: perm[%" PRId64 "] is %" PRId32 "%s; accepted is each of 0..%" PRId64
                                " once",
                                p, k, k >= 0 && k < l->K ? ", which came before" : "", l->K - 1);
        else
            seen[k] = 1;
    }
    free(seen);
    return status;
}

w4a16_status w4a16_layer_check(const w4a16_layer *layer, w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!layer, error, W4A16_INVALID_ARGUMENT, "layer: null pointer");
    FAIL_IF(!struct_size_ok(layer->struct_size, STRUCT_LEAST(w4a16_layer, bias), sizeof *layer), error,
            W4A16_INVALID_ARGUMENT, "layer: struct_size is %zu; accepted is %zu, as w4a16_layer_init sets it",
            layer->struct_size, sizeof *layer);
    TRY(check_sizes(layer, error));
    FAIL_IF(!layer->q || !layer->scale, error, W4A16_INVALID_ARGUMENT, "layer: %s is a null pointer",
            layer->q ? "scale" : "q");
    FAIL_IF(layer->scale_type != W4A16_F16 && layer->scale_type != W4A16_BF16, error, W4A16_INVALID_ARGUMENT,
            "layer: scale_type is %d; accepted are %d (fp16) and %d (bf16)", (int)layer->scale_type,
            W4A16_F16, W4A16_BF16);
    FAIL_IF(layer->bias && !w4a16_dtype_size(layer->bias_type), error, W4A16_INVALID_ARGUMENT,
            "layer: bias_type is %d; accepted are %d (fp16), %d (bf16) and %d (fp32)", (int)layer->bias_type,
            W4A16_F16, W4A16_BF16, W4A16_F32);
    TRY(check_scales(layer, error));
    TRY(check_zeros(layer, error));
    return layer_check_perm(layer, error);
}
