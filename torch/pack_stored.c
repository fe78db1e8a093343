/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A layer's tensors as checkpoints store them (include/w4a16/convert.h) to one packed tensor on the same
 * device:
 *
 *     pack_gptq(qweight, scales, qzeros, g_idx, group_size, version, symmetry, part)
 *     pack_awq(qweight, scales, qzeros, group_size)
 *     pack_ct(weight_packed, weight_scale, weight_zero_point, weight_g_idx, group_size, part)
 *     pack_ct_experts(weight_packed, weight_scale, weight_zero_point, bias, group_size)
 *
 * Tensors without elements are not there. N is what scales have: the last word of eight columns may be filled
 * up. part: a part along K of an act-ordered layer, with any number of groups. Of whether zeros are 8
 * everywhere depends what comes out, so these are for eager mode, at load.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "ops.h"
#include "pack.h"
#include "w4a16/convert.h"

enum part { WEIGHTS, SCALES, ZEROS, LAST, PARTS };

/* Sizes of a layer's tensors by name: of N and K, and how many words they take. */
enum size { SIZE_N, SIZE_N8, SIZE_K, SIZE_K8, SIZE_G, SIZES };

static const struct form {
    w4a16_status (*convert)(const w4a16_stored *, w4a16_layer **, w4a16_error *);
    const char *names[PARTS];
    enum size sizes[ZEROS + 1][2];
    int tensors;
} gptq = {w4a16_layer_from_gptq,
          {"qweight", "scales", "qzeros", "g_idx"},
          {{SIZE_K8, SIZE_N}, {SIZE_G, SIZE_N}, {SIZE_G, SIZE_N8}},
          4},
  awq = {w4a16_layer_from_awq,
         {"qweight", "scales", "qzeros", NULL},
         {{SIZE_K, SIZE_N8}, {SIZE_G, SIZE_N}, {SIZE_G, SIZE_N8}},
         3},
  ct = {w4a16_layer_from_ct,
        {"weight_packed", "weight_scale", "weight_zero_point", "weight_g_idx"},
        {{SIZE_N, SIZE_K8}, {SIZE_N, SIZE_G}, {SIZE_N8, SIZE_G}},
        4},
  ct_experts = {w4a16_layer_from_ct,
                {"weight_packed", "weight_scale", "weight_zero_point", "bias"},
                {{SIZE_N, SIZE_K8}, {SIZE_N, SIZE_G}, {SIZE_N8, SIZE_G}},
                4};

struct stored_tensors {
    const struct form *form;
    int lead, part; /* lead: dimension 0 is that of experts */
    int64_t experts, sizes[SIZES];
    struct tensor parts[PARTS];
    w4a16_stored stored; /* what does not depend on the expert */
};

static w4a16_status check_part(struct frame *f, const struct stored_tensors *s, enum part part,
                               enum pack_type type) {
    const enum size *own = s->form->sizes[part];
    const int64_t sizes[] = {s->experts, s->sizes[own[0]], s->sizes[own[1]]};
    return pack_check(f, &s->parts[part], s->form->names[part], type, 2 + s->lead, sizes + !s->lead);
}

/* The size of a tensor along one that it has. */
static int64_t size_of(const struct stored_tensors *s, enum part part, enum size size) {
    return s->parts[part].sizes[s->lead + (s->form->sizes[part][1] == size)];
}

/* Takes N from the scales and K from the weights. */
static w4a16_status find_sizes(struct frame *f, struct stored_tensors *s) {
    s->experts = -1;
    for (int n = 0; n < SIZES; n++) s->sizes[n] = -1;
    TRY(check_part(f, s, WEIGHTS, PACK_INT32));
    if (s->lead) s->experts = s->parts[WEIGHTS].sizes[0];
    TRY(check_part(f, s, SCALES, PACK_HALF));
    int64_t N = size_of(s, SCALES, SIZE_N), group_size = s->stored.group_size;
    int64_t K = s->form == &awq ? size_of(s, WEIGHTS, SIZE_K) : size_of(s, WEIGHTS, SIZE_K8);
    int64_t most = s->form == &awq ? W4A16_SIZE_MAX : W4A16_SIZE_MAX / 8;
    FAIL_IF(N < 1 || N > W4A16_SIZE_MAX || K < 1 || K > most || s->experts == 0, &f->error,
            W4A16_INVALID_ARGUMENT, "%s: %s is %s and %s %s; accepted are N and K of 1 to %d", f->name,
            s->form->names[WEIGHTS], TEXT_OF(&s->parts[WEIGHTS]), s->form->names[SCALES],
            TEXT_OF(&s->parts[SCALES]), W4A16_SIZE_MAX);
    if (s->form != &awq) K *= 8;
    FAIL_IF(group_size < 1 && group_size != -1, &f->error, W4A16_INVALID_ARGUMENT,
            "%s: group_size is %" PRId64 "; accepted are -1 (one group) and 1 to K = %" PRId64, f->name,
            group_size, K);
    if (group_size == -1 || group_size > K) group_size = K;
    s->stored.N = N, s->stored.K = K, s->stored.group_size = group_size;
    s->sizes[SIZE_N] = N, s->sizes[SIZE_N8] = (N + 7) / 8;
    s->sizes[SIZE_K] = K, s->sizes[SIZE_K8] = K / 8;
    s->part = s->part && s->parts[LAST].numel;
    s->sizes[SIZE_G] = s->part ? size_of(s, SCALES, SIZE_G) : (K + group_size - 1) / group_size;
    if (s->part) s->stored.groups = s->sizes[SIZE_G];
    return W4A16_OK;
}

static w4a16_status check_parts(struct frame *f, struct stored_tensors *s) {
    TRY(find_sizes(f, s));
    TRY(check_part(f, s, WEIGHTS, PACK_INT32));
    TRY(check_part(f, s, SCALES, PACK_HALF));
    if (s->parts[ZEROS].numel) TRY(check_part(f, s, ZEROS, PACK_INT32));
    if (!s->parts[LAST].numel) return W4A16_OK;
    const char *name = s->form->names[LAST];
    return s->lead ? pack_check(f, &s->parts[LAST], name, PACK_FLOAT, 2,
                                (const int64_t[]){s->experts, s->stored.N})
                   : pack_check(f, &s->parts[LAST], name, PACK_INT32, 1, &s->sizes[SIZE_K]);
}

/* Zeros for symmetric layers among others: a mixture's have them all or none. */
static w4a16_status level_zeros(struct frame *f, w4a16_layer *const *layers, int64_t count) {
    int64_t with = 0;
    for (int64_t n = 0; n < count; n++) with += layers[n]->zero != NULL;
    if (!with || with == count) return W4A16_OK;
    int64_t size = w4a16_layer_groups(layers[0]) * layers[0]->N;
    struct tensor eights;
    TRY(frame_empty(f, 1, &size, torch_constants.u8, NULL, &eights));
    memset(eights.data, 8, (size_t)size);
    for (int64_t n = 0; n < count; n++)
        if (!layers[n]->zero) layers[n]->zero = eights.data;
    return W4A16_OK;
}

static w4a16_status convert(struct frame *f, const struct stored_tensors *s, int64_t expert,
                            w4a16_layer **out) {
    int64_t count = s->lead ? s->experts : 1;
    w4a16_stored stored = s->stored;
    w4a16_error why;
    stored.weights = pack_slice(&s->parts[WEIGHTS], count, expert, 4);
    stored.scales = pack_slice(&s->parts[SCALES], count, expert, 2);
    stored.zeros = pack_slice(&s->parts[ZEROS], count, expert, 4);
    if (s->lead) {
        stored.bias_type = tensor_type(&s->parts[LAST]);
        stored.bias = pack_slice(&s->parts[LAST], count, expert, w4a16_dtype_size(stored.bias_type));
    } else {
        stored.g_idx = pack_slice(&s->parts[LAST], count, expert, 4);
    }
    w4a16_status status = s->form->convert(&stored, out, &why);
    FAIL_IF(status != W4A16_OK, &f->error, status, "%s: %s", f->name, why.message);
    return W4A16_OK;
}

static w4a16_status pack_tensors(struct frame *f, const struct stored_tensors *s, const struct tensor *like,
                                 shim_value *result) {
    int64_t count = s->lead ? s->experts : 1;
    w4a16_layer **layers = calloc((size_t)count, sizeof *layers);
    FAIL_IF(!layers, &f->error, W4A16_OUT_OF_MEMORY, "%s: out of memory", f->name);
    w4a16_status status = W4A16_OK;
    for (int64_t n = 0; n < count && status == W4A16_OK; n++) status = convert(f, s, n, &layers[n]);
    if (status == W4A16_OK) status = level_zeros(f, layers, count);
    if (status == W4A16_OK)
        status = pack_layers(f, (const w4a16_layer *const *)layers, s->lead ? s->experts : 0, like, result);
    for (int64_t n = 0; n < count; n++) w4a16_layer_free(layers[n]);
    free(layers);
    return status;
}

/* The arguments after the tensors are the caller's. */
static w4a16_status call(struct frame *f, const shim_value *arguments, struct stored_tensors *s,
                         shim_value *result) {
    w4a16_status status = W4A16_OK;
    for (int n = 0; n < s->form->tensors; n++) {
        w4a16_status taken = frame_argument(f, arguments[n], &s->parts[n]);
        if (status == W4A16_OK) status = taken;
    }
    TRY(status);
    s->stored.group_size = (int64_t)arguments[s->form->tensors];
    s->stored.scales_name = s->form->names[SCALES], s->stored.zeros_name = s->form->names[ZEROS];
    s->stored.g_idx_name = s->form->names[LAST];
    TRY(check_parts(f, s));
    s->stored.scale_type = tensor_type(&s->parts[SCALES]);
    const struct tensor like = s->parts[WEIGHTS];
    for (int n = 0; n < PARTS; n++) TRY(pack_on_host(f, &s->parts[n]));
    return pack_tensors(f, s, &like, result);
}

static struct stored_tensors tensors_of(const struct form *form) {
    struct stored_tensors s = {.form = form, .lead = form == &ct_experts};
    w4a16_stored_init(&s.stored, sizeof s.stored);
    return s;
}

/* One of the few values that a number may have; 9 is none of anything's. */
static int small(shim_value value) { return value > 9 ? 9 : (int)value; }

w4a16_status pack_gptq_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct stored_tensors s = tensors_of(&gptq);
    s.stored.version = small(arguments[5]);
    s.stored.symmetry = (w4a16_symmetry)small(arguments[6]);
    s.part = arguments[7] & 1;
    return call(f, arguments, &s, result);
}

w4a16_status pack_awq_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct stored_tensors s = tensors_of(&awq);
    return call(f, arguments, &s, result);
}

w4a16_status pack_ct_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct stored_tensors s = tensors_of(&ct);
    s.part = arguments[5] & 1;
    return call(f, arguments, &s, result);
}

w4a16_status pack_ct_experts_call(struct frame *f, const shim_value *arguments, shim_value *result) {
    struct stored_tensors s = tensors_of(&ct_experts);
    return call(f, arguments, &s, result);
}
