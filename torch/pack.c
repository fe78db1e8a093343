/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * pack(q, scales, zeros, perm, group_size): the canonical layer of include/w4a16/layer.h as tensors, to one
 * packed tensor on the same device. Empty zeros mean 8 everywhere, an empty perm the identity. Done once per
 * layer, on the host.
 */
#include <inttypes.h>

#include "cache.h"
#include "core/error.h"
#include "ops.h"
#include "register.h"
#include "shape.h"

enum part { Q, SCALES, ZEROS, PERM, PARTS, GROUP_SIZE = PARTS };
static const char *const names[PARTS] = {"q", "scales", "zeros", "perm"};

w4a16_status w4a16_torch_packed_sizes(const w4a16_problem *problem, int64_t sizes[3], w4a16_error *error) {
    return shape_of(problem, sizes, error);
}

static w4a16_status check_part(struct frame *f, const struct tensor *t, enum part part, int64_t dims,
                               const int64_t *sizes) {
    const int32_t types[PARTS] = {torch_constants.i32, t->dtype, torch_constants.u8, torch_constants.i32};
    static const char *const type_names[PARTS] = {"int32", "float16 or bfloat16", "uint8", "int32"};
    int halves = part != SCALES || tensor_type(t) == W4A16_F16 || tensor_type(t) == W4A16_BF16;
    FAIL_IF(t->dtype != types[part] || !halves || t->dim != dims, &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::pack: %s has %" PRId64 " dimensions or another type; accepted are %" PRId64 " of %s",
            names[part], t->dim, dims, type_names[part]);
    for (int64_t d = 0; sizes && d < dims; d++)
        FAIL_IF(t->sizes[d] != sizes[d], &f->error, W4A16_INVALID_ARGUMENT,
                "w4a16::pack: size %" PRId64 " of %s is %" PRId64 "; accepted is %" PRId64, d, names[part],
                t->sizes[d], sizes[d]);
    return W4A16_OK;
}

static w4a16_status check_parts(struct frame *f, const struct tensor parts[PARTS], w4a16_layer *l) {
    TRY(check_part(f, &parts[Q], Q, 2, NULL));
    l->K = 8 * parts[Q].sizes[0], l->N = parts[Q].sizes[1];
    if (parts[PERM].numel) {
        TRY(check_part(f, &parts[PERM], PERM, 1, NULL));
        l->places = parts[PERM].sizes[0] == l->K ? 0 : parts[PERM].sizes[0];
    }
    if (l->group_size == -1) l->group_size = w4a16_layer_places(l);
    FAIL_IF(l->group_size < 1, &f->error, W4A16_INVALID_ARGUMENT,
            "w4a16::pack: group_size is %" PRId64 "; accepted are -1 (one group) and 1 to K = %" PRId64,
            l->group_size, l->K);
    const int64_t groups[] = {w4a16_layer_groups(l), l->N};
    TRY(check_part(f, &parts[SCALES], SCALES, 2, groups));
    if (parts[ZEROS].numel) TRY(check_part(f, &parts[ZEROS], ZEROS, 2, groups));
    l->scale_type = tensor_type(&parts[SCALES]);
    return W4A16_OK;
}

/* Contiguous and in host memory. */
static w4a16_status on_host(struct frame *f, struct tensor *t) {
    if (t->contiguous && t->device_type == torch_constants.cpu) return W4A16_OK;
    return frame_copy(f, t, NULL, t);
}

static w4a16_status pack_to(struct frame *f, const w4a16_layer *l, int kind, int index, struct tensor *out) {
    w4a16_problem problem;
    w4a16_device *device;
    int64_t sizes[SHAPE_DIMS];
    w4a16_problem_init(&problem);
    problem.N = l->N, problem.K = l->K, problem.places = l->places, problem.group_size = l->group_size;
    problem.scale_type = l->scale_type, problem.symmetric = !l->zero, problem.act_order = l->perm != NULL;
    TRY(w4a16_layer_check(l, &f->error));
    TRY(shape_of(&problem, sizes, &f->error));
    TRY(cache_device((w4a16_device_kind)kind, index, &device, &f->error));
    TRY(frame_empty(f, SHAPE_DIMS, sizes, torch_constants.u8, NULL, out));
    return w4a16_pack(device, l, out->data, (size_t)out->numel, &f->error);
}

w4a16_status pack_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct tensor parts[PARTS], packed;
    w4a16_layer layer;
    w4a16_layer_init(&layer);
    w4a16_status status = W4A16_OK;
    for (int n = 0; n < PARTS; n++) {
        w4a16_status taken = frame_argument(f, arguments[n], &parts[n]);
        if (status == W4A16_OK) status = taken;
    }
    TRY(status);
    layer.group_size = (int64_t)arguments[GROUP_SIZE];
    TRY(check_parts(f, parts, &layer));
    const struct tensor q = parts[Q];
    int host = q.device_type == torch_constants.cpu;
    for (int n = 0; n < PARTS; n++) TRY(on_host(f, &parts[n]));
    layer.q = parts[Q].data, layer.scale = parts[SCALES].data;
    layer.zero = parts[ZEROS].numel ? parts[ZEROS].data : NULL;
    layer.perm = parts[PERM].numel ? parts[PERM].data : NULL;
    TRY(pack_to(f, &layer, host ? (int)cache_host_kind() : W4A16_DEVICE_HIP, host ? 0 : q.device_index,
                &packed));
    if (!host) TRY(frame_copy(f, &packed, &q, &packed));
    *result = frame_release(f, &packed);
    return W4A16_OK;
}
