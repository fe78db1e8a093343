/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Products with random data on a device, for tests that compare bits with bits. */
#ifndef TESTS_DEVICE_PRODUCT_H
#define TESTS_DEVICE_PRODUCT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "half.h"
#include "random.h"
#include "w4a16/linear.h"

/* A layer with data of its own; the same seed gives the same layer. */
struct owned_layer {
    w4a16_layer layer;
    uint32_t *q;
    uint16_t *scale, *bias;
    uint8_t *zero;
    int32_t *perm;
};

struct layer_shape {
    int64_t N, K, group_size;
    int symmetric, act_order, has_bias;
};

static inline uint16_t half_of(w4a16_dtype type, float f) {
    return type == W4A16_F16 ? float_to_f16(f) : float_to_bf16(f);
}

static inline struct owned_layer make_layer(const struct layer_shape *s, uint64_t seed) {
    struct owned_layer o;
    size_t words = (size_t)((s->K + 7) / 8 * s->N);
    size_t entries = (size_t)((s->K + s->group_size - 1) / s->group_size * s->N);
    o.q = malloc(words * 4);
    o.scale = malloc(entries * 2);
    o.zero = malloc(entries);
    o.bias = malloc((size_t)s->N * 2);
    o.perm = malloc((size_t)s->K * 4);
    for (size_t i = 0; i < words; i++) o.q[i] = (uint32_t)random_at(seed + 1, i);
    for (size_t i = 0; i < entries; i++) {
        float size = 0.01f + 0.001f * random_normal(random_at(seed + 2, i));
        o.scale[i] = float_to_f16(random_at(seed + 5, i) & 1 ? -size : size);
        o.zero[i] = (uint8_t)(random_at(seed + 3, i) % 17);
    }
    for (int64_t n = 0; n < s->N; n++)
        o.bias[n] = float_to_f16(random_normal(random_at(seed + 4, (uint64_t)n)));
    for (int64_t k = 0; k < s->K; k++) o.perm[k] = (int32_t)(s->K - 1 - (k + (int64_t)(seed % 7)) % s->K);
    w4a16_layer_init(&o.layer, sizeof o.layer);
    o.layer.N = s->N, o.layer.K = s->K, o.layer.group_size = s->group_size;
    o.layer.scale_type = o.layer.bias_type = W4A16_F16;
    o.layer.q = o.q, o.layer.scale = o.scale;
    if (!s->symmetric) o.layer.zero = o.zero;
    if (s->act_order) o.layer.perm = o.perm;
    if (s->has_bias) o.layer.bias = o.bias;
    return o;
}

static inline void free_layer(struct owned_layer *o) {
    free(o->q), free(o->scale), free(o->zero), free(o->bias), free(o->perm);
}

static inline void must(w4a16_status status, const w4a16_error *error) {
    if (status != W4A16_OK) fail_msg("%s", error->message);
}

static inline w4a16_device *open_device(w4a16_device_kind kind, int threads, uint64_t schedule_seed,
                                        const char *kernel_mask) {
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_error error;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = kind;
    options.threads = threads;
    options.schedule_seed = schedule_seed;
    options.kernel_mask = kernel_mask;
    must(w4a16_device_open(&options, &device, &error), &error);
    return device;
}

static inline w4a16_device *open_sim(int threads, uint64_t schedule_seed, const char *kernel_mask) {
    return open_device(W4A16_DEVICE_SIM, threads, schedule_seed, kernel_mask);
}

static inline w4a16_address upload(w4a16_device *device, const void *from, size_t bytes) {
    w4a16_address address;
    w4a16_error error;
    must(w4a16_buffer_alloc(device, bytes, &address, &error), &error);
    must(w4a16_copy_to_device(device, address, from, bytes, &error), &error);
    return address;
}

/* What a run is given besides its weights and problem: host data, ids and gates null for dense problems. */
struct inputs {
    const uint16_t *a;
    size_t a_elements;
    const int32_t *ids;
    const float *gates;
    size_t slots;
    w4a16_address weights, bias; /* in device memory, for weights that have none of their own */
};

/* Plans and runs; args may hold addresses besides those of `in`. out ([elements]) is poisoned first, and so
 * is the workspace. Returns the product's kernel. */
static inline const char *run_product_with(w4a16_device *device, const w4a16_weights *weights,
                                           const w4a16_problem *problem, const struct inputs *in,
                                           w4a16_run_args args, uint16_t *out, size_t elements) {
    w4a16_plan *plan;
    w4a16_error error;
    must(w4a16_plan_create(device, weights, problem, &plan, &error), &error);
    size_t space = w4a16_plan_workspace(plan);
    unsigned char *dirt = malloc(space + 1);
    memset(dirt, 0xa5, space + 1);
    memset(out, 0x5a, elements * 2);
    args.struct_size = sizeof args, args.weights = in->weights, args.bias = in->bias;
    args.a = upload(device, in->a, in->a_elements * 2);
    args.out = upload(device, out, elements * 2);
    args.workspace = upload(device, dirt, space);
    if (in->ids) args.expert_ids = upload(device, in->ids, in->slots * 4);
    if (in->gates) args.gates = upload(device, in->gates, in->slots * 4);
    must(w4a16_run(plan, &args, NULL, &error), &error);
    must(w4a16_copy_from_device(device, out, args.out, elements * 2, &error), &error);
    const w4a16_address used[] = {args.a, args.out, args.workspace, in->ids ? args.expert_ids : 0,
                                  in->gates ? args.gates : 0};
    for (size_t n = 0; n < sizeof used / sizeof used[0]; n++) w4a16_buffer_free(device, used[n], NULL);
    const char *kernel = "";
    w4a16_launch_info launch;
    for (size_t n = 0; w4a16_plan_launch(plan, n, &launch, NULL) == W4A16_OK; n++) {
        const char *name = launch.kernel;
        if (!strstr(name, "stage") && !strstr(name, "route") && !strstr(name, "unsort") &&
            !strstr(name, "combine"))
            kernel = name;
    }
    w4a16_plan_free(plan);
    free(dirt);
    return kernel;
}

static inline const char *run_product(w4a16_device *device, const w4a16_weights *weights,
                                      const w4a16_problem *problem, const struct inputs *in, uint16_t *out,
                                      size_t elements) {
    return run_product_with(device, weights, problem, in, (w4a16_run_args){0}, out, elements);
}

/* [elements] random activations. */
static inline uint16_t *random_activations(w4a16_dtype type, size_t elements, uint64_t seed) {
    uint16_t *a = malloc(elements * 2);
    for (size_t i = 0; i < elements; i++) a[i] = half_of(type, random_normal(random_at(seed, i)));
    return a;
}

#endif
