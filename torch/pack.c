/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * pack(q, scales, zeros, perm, group_size) and pack_experts(q, scales, zeros, bias, group_size): the
 * canonical layer of include/w4a16/layer.h as tensors, or those of all experts with one more dimension in
 * front, to one packed tensor on the same device. Empty zeros mean 8 everywhere, an empty perm the identity.
 * Done once per layer, on the host.
 */
#include "pack.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/error.h"
#include "ops.h"

enum part { Q, SCALES, ZEROS, LAST, PARTS, GROUP_SIZE = PARTS };

struct layer_tensors {
    int lead; /* 1: dimension 0 is that of experts */
    int64_t experts;
    struct tensor parts[PARTS];
    w4a16_layer layer; /* its sizes and types */
};

static w4a16_status check_part(struct frame *f, const struct layer_tensors *s, enum part part,
                               enum pack_type type, int64_t dims, int64_t first, int64_t second) {
    const char *names[PARTS] = {"q", "scales", "zeros", s->lead ? "bias" : "perm"};
    const int64_t sizes[] = {part == Q ? -1 : s->experts, first, second};
    return pack_check(f, &s->parts[part], names[part], type, dims + s->lead, sizes + !s->lead);
}

static w4a16_status check_parts(struct frame *f, struct layer_tensors *s) {
    w4a16_layer *l = &s->layer;
    TRY(check_part(f, s, Q, PACK_INT32, 2, -1, -1));
    const int64_t *q = s->parts[Q].sizes + s->lead, *last = s->parts[LAST].sizes;
    FAIL_IF(q[0] > W4A16_SIZE_MAX / 8 || q[1] > W4A16_SIZE_MAX, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: q has sizes for K / 8 = %" PRId64 " and N = %" PRId64 "; accepted are up to %d and %d",
            f->name, q[0], q[1], W4A16_SIZE_MAX / 8, W4A16_SIZE_MAX);
    l->K = 8 * q[0], l->N = q[1];
    s->experts = s->lead ? s->parts[Q].sizes[0] : 1;
    if (s->parts[LAST].numel)
        TRY(s->lead ? check_part(f, s, LAST, PACK_FLOAT, 1, l->N, 0)
                    : check_part(f, s, LAST, PACK_INT32, 1, -1, 0));
    if (s->parts[LAST].numel && !s->lead) l->padded_K = last[0] == l->K ? 0 : last[0];
    if (l->group_size == -1) l->group_size = w4a16_layer_padded_K(l);
    FAIL_IF(l->group_size < 1, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: group_size is %" PRId64 "; accepted are -1 (one group) and 1 to K = %" PRId64, f->name,
            l->group_size, l->K);
    TRY(check_part(f, s, SCALES, PACK_HALF, 2, w4a16_layer_groups(l), l->N));
    if (s->parts[ZEROS].numel) TRY(check_part(f, s, ZEROS, PACK_UINT8, 2, w4a16_layer_groups(l), l->N));
    l->scale_type = tensor_type(&s->parts[SCALES]);
    return W4A16_OK;
}

static w4a16_layer layer_of(const struct layer_tensors *s, int64_t expert) {
    const struct tensor *last = &s->parts[LAST];
    w4a16_layer l = s->layer;
    l.q = pack_slice(&s->parts[Q], s->experts, expert, 4);
    l.scale = pack_slice(&s->parts[SCALES], s->experts, expert, 2);
    l.zero = pack_slice(&s->parts[ZEROS], s->experts, expert, 1);
    if (s->lead) {
        l.bias_type = tensor_type(last);
        l.bias = pack_slice(last, s->experts, expert, w4a16_dtype_size(l.bias_type));
    } else {
        l.perm = pack_slice(last, s->experts, expert, 4);
    }
    return l;
}

static w4a16_status pack_tensors(struct frame *f, const struct layer_tensors *s, const struct tensor *like,
                                 shim_value *result) {
    size_t count = s->lead ? (size_t)s->experts : 1;
    w4a16_layer *layers = calloc(count, sizeof *layers);
    const w4a16_layer **pointers = calloc(count, sizeof *pointers);
    w4a16_status status = W4A16_OUT_OF_MEMORY;
    if (layers && pointers) {
        for (size_t n = 0; n < count; n++) layers[n] = layer_of(s, (int64_t)n), pointers[n] = &layers[n];
        status = pack_layers(f, pointers, s->lead ? s->experts : 0, like, result);
    } else {
        w4a16_fail(&f->error, status, "%s: out of memory", f->name);
    }
    free(layers), free(pointers);
    return status;
}

static w4a16_status call(struct frame *f, const shim_value *arguments, int lead, shim_value *result) {
    struct layer_tensors s = {.lead = lead};
    w4a16_status status = W4A16_OK;
    w4a16_layer_init(&s.layer, sizeof s.layer);
    for (int n = 0; n < PARTS; n++) {
        w4a16_status taken = frame_argument(f, arguments[n], &s.parts[n]);
        if (status == W4A16_OK) status = taken;
    }
    TRY(status);
    s.layer.group_size = (int64_t)arguments[GROUP_SIZE];
    TRY(check_parts(f, &s));
    const struct tensor q = s.parts[Q];
    for (int n = 0; n < PARTS; n++) TRY(pack_on_host(f, &s.parts[n]));
    return pack_tensors(f, &s, &q, result);
}

w4a16_status pack_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    return call(f, arguments, 0, result);
}

w4a16_status pack_experts_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    return call(f, arguments, 1, result);
}
