/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * pack(q, scales, zeros, perm, group_size) and pack_experts(q, scales, zeros, bias, group_size): the
 * canonical layer of include/w4a16/layer.h as tensors, or those of all experts with one more dimension in
 * front, to one packed tensor on the same device. Empty zeros mean 8 everywhere, an empty perm the identity.
 * Done once per layer, on the host.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cache.h"
#include "core/error.h"
#include "ops.h"
#include "register.h"
#include "shape.h"

enum part { Q, SCALES, ZEROS, LAST, PARTS, GROUP_SIZE = PARTS };

/* The two operators: what the last part of each is. */
static const struct kind {
    const char *last, *last_types;
} kinds[] = {{"perm", "int32"}, {"bias", "float16, bfloat16 or float32"}};

struct source {
    const struct kind *kind;
    int lead; /* 1: dimension 0 is that of experts */
    int64_t experts;
    struct tensor parts[PARTS];
    w4a16_layer layer; /* its sizes and types; pointers are those of the first expert */
};

w4a16_status w4a16_torch_packed_sizes(const w4a16_problem *problem, int64_t sizes[3], w4a16_error *error) {
    return shape_of(problem, sizes, error);
}

static int takes_type(const struct source *s, enum part part) {
    const struct tensor *t = &s->parts[part];
    w4a16_dtype type = tensor_type(t);
    if (part == SCALES) return type == W4A16_F16 || type == W4A16_BF16;
    if (part == LAST && s->lead) return type != 0;
    return t->dtype == (part == ZEROS ? torch_constants.u8 : torch_constants.i32);
}

/* dims and sizes (null: any) without the experts'. */
static w4a16_status check_part(struct frame *f, const struct source *s, enum part part, int64_t dims,
                               const int64_t *sizes) {
    const char *names[PARTS] = {"q", "scales", "zeros", s->kind->last};
    const char *types[PARTS] = {"int32", "float16 or bfloat16", "uint8", s->kind->last_types};
    const struct tensor *t = &s->parts[part];
    FAIL_IF(!takes_type(s, part) || t->dim != dims + s->lead, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: %s is %s; accepted are %" PRId64 " dimensions of %s", f->name, names[part], TEXT_OF(t),
            dims + s->lead, types[part]);
    for (int64_t d = 0; d < t->dim; d++) {
        int64_t wanted = d < s->lead ? s->parts[Q].sizes[0] : sizes ? sizes[d - s->lead] : t->sizes[d];
        FAIL_IF(t->sizes[d] != wanted, &f->error, W4A16_INVALID_ARGUMENT,
                "%s: size %" PRId64 " of %s is %" PRId64 "; accepted is %" PRId64, f->name, d, names[part],
                t->sizes[d], wanted);
    }
    return W4A16_OK;
}

static w4a16_status check_parts(struct frame *f, struct source *s) {
    w4a16_layer *l = &s->layer;
    TRY(check_part(f, s, Q, 2, NULL));
    const int64_t *q = s->parts[Q].sizes + s->lead, *last = s->parts[LAST].sizes;
    FAIL_IF(q[0] > W4A16_SIZE_MAX / 8 || q[1] > W4A16_SIZE_MAX, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: q has sizes for K / 8 = %" PRId64 " and N = %" PRId64 "; accepted are up to %d and %d",
            f->name, q[0], q[1], W4A16_SIZE_MAX / 8, W4A16_SIZE_MAX);
    l->K = 8 * q[0], l->N = q[1];
    s->experts = s->lead ? s->parts[Q].sizes[0] : 1;
    if (s->parts[LAST].numel) TRY(check_part(f, s, LAST, 1, s->lead ? &l->N : NULL));
    if (s->parts[LAST].numel && !s->lead) l->places = last[0] == l->K ? 0 : last[0];
    if (l->group_size == -1) l->group_size = w4a16_layer_places(l);
    FAIL_IF(l->group_size < 1, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: group_size is %" PRId64 "; accepted are -1 (one group) and 1 to K = %" PRId64, f->name,
            l->group_size, l->K);
    const int64_t groups[] = {w4a16_layer_groups(l), l->N};
    TRY(check_part(f, s, SCALES, 2, groups));
    if (s->parts[ZEROS].numel) TRY(check_part(f, s, ZEROS, 2, groups));
    l->scale_type = tensor_type(&s->parts[SCALES]);
    return W4A16_OK;
}

/* Contiguous and in host memory. */
static w4a16_status on_host(struct frame *f, struct tensor *t) {
    if (!t->numel || (t->contiguous && t->device_type == torch_constants.cpu)) return W4A16_OK;
    return frame_copy(f, t, NULL, t);
}

static const void *slice(const struct source *s, enum part part, int64_t expert, size_t size) {
    const struct tensor *t = &s->parts[part];
    return t->numel ? (const char *)t->data + (size_t)(expert * (t->numel / s->experts)) * size : NULL;
}

static w4a16_layer layer_of(const struct source *s, int64_t expert) {
    w4a16_layer l = s->layer;
    l.q = slice(s, Q, expert, 4);
    l.scale = slice(s, SCALES, expert, 2);
    l.zero = slice(s, ZEROS, expert, 1);
    if (s->lead) {
        l.bias_type = tensor_type(&s->parts[LAST]);
        l.bias = slice(s, LAST, expert, w4a16_dtype_size(l.bias_type));
    } else {
        l.perm = slice(s, LAST, expert, 4);
    }
    return l;
}

static w4a16_status pack_layers(struct frame *f, const struct source *s, w4a16_device *device,
                                const struct tensor *out) {
    if (!s->lead) return w4a16_pack(device, &s->layer, out->data, (size_t)out->numel, &f->error);
    size_t count = (size_t)s->experts;
    w4a16_layer *layers = calloc(count, sizeof *layers);
    const w4a16_layer **pointers = calloc(count, sizeof *pointers);
    w4a16_status status = W4A16_OUT_OF_MEMORY;
    if (layers && pointers) {
        for (size_t n = 0; n < count; n++) layers[n] = layer_of(s, (int64_t)n), pointers[n] = &layers[n];
        status = w4a16_pack_experts(device, pointers, count, out->data, (size_t)out->numel, &f->error);
    } else {
        w4a16_fail(&f->error, status, "%s: out of memory", f->name);
    }
    free(layers), free(pointers);
    return status;
}

/* In host memory. */
static w4a16_status pack_source(struct frame *f, struct source *s, int kind, int index, struct tensor *out) {
    w4a16_problem problem;
    w4a16_device *device;
    int64_t sizes[1 + SHAPE_DIMS] = {s->experts};
    s->layer = layer_of(s, 0);
    const w4a16_layer *l = &s->layer;
    w4a16_problem_init(&problem);
    problem.N = l->N, problem.K = l->K, problem.places = l->places, problem.group_size = l->group_size;
    problem.scale_type = l->scale_type, problem.symmetric = !l->zero, problem.act_order = l->perm != NULL;
    problem.has_bias = l->bias != NULL, problem.experts = s->lead ? s->experts : 0;
    TRY(w4a16_layer_check(l, &f->error));
    TRY(shape_of(&problem, sizes + 1, &f->error));
    TRY(cache_device((w4a16_device_kind)kind, index, &device, &f->error));
    TRY(frame_empty(f, SHAPE_DIMS + s->lead, sizes + !s->lead, torch_constants.u8, NULL, out));
    return pack_layers(f, s, device, out);
}

static w4a16_status call(struct frame *f, const shim_value *arguments, int lead, shim_value *result) {
    struct source s = {.kind = &kinds[lead], .lead = lead};
    struct tensor packed;
    w4a16_status status = W4A16_OK;
    w4a16_layer_init(&s.layer);
    for (int n = 0; n < PARTS; n++) {
        w4a16_status taken = frame_argument(f, arguments[n], &s.parts[n]);
        if (status == W4A16_OK) status = taken;
    }
    TRY(status);
    s.layer.group_size = (int64_t)arguments[GROUP_SIZE];
    TRY(check_parts(f, &s));
    const struct tensor q = s.parts[Q];
    int host = q.device_type == torch_constants.cpu;
    for (int n = 0; n < PARTS; n++) TRY(on_host(f, &s.parts[n]));
    TRY(pack_source(f, &s, host ? (int)cache_host_kind() : W4A16_DEVICE_HIP, host ? 0 : q.device_index,
                    &packed));
    if (!host) TRY(frame_copy(f, &packed, &q, &packed));
    *result = frame_release(f, &packed);
    return W4A16_OK;
}

w4a16_status pack_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    return call(f, arguments, 0, result);
}

w4a16_status pack_experts_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    return call(f, arguments, 1, result);
}
