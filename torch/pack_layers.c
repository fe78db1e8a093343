/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* pack.h */
#include <inttypes.h>

#include "cache.h"
#include "core/error.h"
#include "pack.h"
#include "register.h"
#include "shape.h"

w4a16_status w4a16_torch_packed_sizes(const w4a16_problem *problem, int64_t sizes[3], w4a16_error *error) {
    return shape_of(problem, sizes, error);
}

static int takes_type(const struct tensor *t, enum pack_type type) {
    w4a16_dtype found = tensor_type(t);
    if (type == PACK_HALF) return found == W4A16_F16 || found == W4A16_BF16;
    if (type == PACK_FLOAT) return found != 0;
    return t->dtype == (type == PACK_UINT8 ? torch_constants.u8 : torch_constants.i32);
}

w4a16_status pack_check(struct frame *f, const struct tensor *t, const char *name, enum pack_type type,
                        int64_t dims, const int64_t *sizes) {
    static const char *const types[] = {"int32", "uint8", "float16 or bfloat16",
                                        "float16, bfloat16 or float32"};
    FAIL_IF(!takes_type(t, type) || t->dim != dims, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: %s is %s; accepted are %" PRId64 " dimensions of %s", f->name, name, TEXT_OF(t), dims,
            types[type]);
    for (int64_t d = 0; d < dims; d++)
        FAIL_IF(sizes[d] >= 0 && t->sizes[d] != sizes[d], &f->error, W4A16_INVALID_ARGUMENT,
                "%s: size %" PRId64 " of %s is %" PRId64 "; accepted is %" PRId64, f->name, d, name,
                t->sizes[d], sizes[d]);
    return W4A16_OK;
}

w4a16_status pack_on_host(struct frame *f, struct tensor *t) {
    if (!t->numel || (t->contiguous && t->device_type == torch_constants.cpu)) return W4A16_OK;
    return frame_copy(f, t, NULL, t);
}

const void *pack_slice(const struct tensor *t, int64_t experts, int64_t expert, size_t size) {
    return t->numel ? (const char *)t->data + (size_t)(expert * (t->numel / experts)) * size : NULL;
}

w4a16_status pack_layers(struct frame *f, const w4a16_layer *const *layers, int64_t experts,
                         const struct tensor *like, shim_value *result) {
    const w4a16_layer *l = layers[0];
    int host = like->device_type == torch_constants.cpu;
    int kind = host ? (int)cache_host_kind() : W4A16_DEVICE_HIP;
    w4a16_problem problem;
    w4a16_device *device;
    struct tensor out;
    int64_t sizes[1 + SHAPE_DIMS] = {experts};
    TRY(w4a16_layer_check(l, &f->error));
    w4a16_problem_init(&problem, sizeof problem);
    problem.shape = (w4a16_shape){.N = l->N, .K = l->K, .padded_K = l->padded_K, .group_size = l->group_size};
    problem.weights.scale_type = l->scale_type;
    problem.weights.zeros = l->zero ? W4A16_ZEROS_STORED : W4A16_ZEROS_NONE;
    problem.weights.act_order = l->perm != NULL;
    problem.epilogue.has_bias = l->bias != NULL, problem.mixture.experts = experts;
    TRY(shape_of(&problem, sizes + 1, &f->error));
    TRY(cache_device((w4a16_device_kind)kind, host ? 0 : like->device_index, &device, &f->error));
    TRY(frame_empty(f, SHAPE_DIMS + !!experts, sizes + !experts, torch_constants.u8, NULL, &out));
    if (experts)
        TRY(w4a16_pack_experts(device, layers, (size_t)experts, out.data, (size_t)out.numel, &f->error));
    else
        TRY(w4a16_pack(device, l, out.data, (size_t)out.numel, &f->error));
    if (!host) TRY(frame_copy(f, &out, like, &out));
    *result = frame_release(f, &out);
    return W4A16_OK;
}
