/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "bench_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"
#include "core/error.h"
#include "device.h"
#include "half.h"
#include "random.h"

enum { SEED = 1, RUNS_AT_LEAST = 5, RUNS_AT_MOST = 10000 };

/* ---- layers ---------------------------------------------------------------------------------------------- */

static int64_t layers_of(const struct bench_layer *b) { return b->kind.experts ? b->kind.experts : 1; }

/* All layers share what they are made of; the scales of each begin one further. */
static w4a16_status fill(struct bench_layer *b, const w4a16_layer *shape, w4a16_error *error) {
    const int64_t K = shape->K, count = layers_of(b);
    size_t words = (size_t)((K + 7) / 8 * shape->N), entries = (size_t)(w4a16_layer_groups(shape) * shape->N);
    b->layers = malloc((size_t)count * sizeof *b->layers);
    b->q = malloc(words * sizeof *b->q);
    b->scale = malloc((entries + (size_t)count) * sizeof *b->scale);
    b->zero = malloc(entries);
    b->perm = malloc((size_t)K * sizeof *b->perm);
    FAIL_IF(!b->layers || !b->q || !b->scale || !b->zero || !b->perm, error, W4A16_OUT_OF_MEMORY,
            "bench: out of memory for a layer");
    for (size_t n = 0; n < words; n++) b->q[n] = (uint32_t)random_at(SEED, n);
    for (size_t n = 0; n < entries; n++) b->zero[n] = (uint8_t)(random_at(SEED + 2, n) % 17);
    for (size_t n = 0; n < entries + (size_t)count; n++)
        b->scale[n] = (uint16_t)(0x1c00 + (random_at(SEED + 1, n) & 0x3ff)); /* fp16, 1/256 to 1/128 */
    for (int64_t k = 0; k < K; k++) {                                        /* a shuffle */
        int64_t other = (int64_t)(random_at(SEED + 3, (uint64_t)k) % (uint64_t)(k + 1));
        b->perm[k] = b->perm[other];
        b->perm[other] = (int32_t)k;
    }
    for (int64_t e = 0; e < count; e++) {
        w4a16_layer *l = &b->layers[e];
        *l = *shape;
        l->q = b->q, l->scale = b->scale + e;
        if (b->kind.asymmetric) l->zero = b->zero;
        if (b->kind.act_order) l->perm = b->perm;
    }
    return W4A16_OK;
}

/* The weights, and copies of their packed bytes, packed once more into host memory. */
static w4a16_status pack(struct bench_layer *b, size_t cold, const w4a16_layer **experts,
                         w4a16_error *error) {
    const size_t count = (size_t)b->kind.experts;
    for (size_t e = 0; e < count; e++) experts[e] = &b->layers[e];
    TRY(count ? w4a16_experts_create(b->device, experts, count, &b->weights, error)
              : w4a16_weights_create(b->device, b->layers, &b->weights, error));
    b->bytes = w4a16_weights_bytes(b->weights);
    b->count = cold / b->bytes + 1 > 2 ? cold / b->bytes + 1 : 2;
    b->copies = calloc(b->count, sizeof *b->copies);
    void *packed = malloc(b->bytes);
    w4a16_status status = !b->copies || !packed ? w4a16_fail(error, W4A16_OUT_OF_MEMORY,
                                                             "bench: out of memory for copies of a layer")
                          : count ? w4a16_pack_experts(b->device, experts, count, packed, b->bytes, error)
                                  : w4a16_pack(b->device, b->layers, packed, b->bytes, error);
    for (size_t n = 0; n < b->count && status == W4A16_OK; n++) {
        status = w4a16_buffer_alloc(b->device, b->bytes, &b->copies[n], error);
        if (status == W4A16_OK)
            status = w4a16_copy_to_device(b->device, b->copies[n], packed, b->bytes, error);
    }
    free(packed);
    return status;
}

w4a16_status bench_layer_make(struct bench_layer *b, w4a16_device *device, int64_t N, int64_t K,
                              const struct bench_kind *kind, size_t cold, w4a16_error *error) {
    *b = (struct bench_layer){.device = device, .kind = *kind};
    w4a16_layer shape;
    w4a16_layer_init(&shape, sizeof shape);
    shape.N = N, shape.K = K, shape.scale_type = W4A16_F16;
    shape.group_size = kind->group_size < 0 || kind->group_size > K ? K : kind->group_size;
    TRY(fill(b, &shape, error));
    const w4a16_layer **experts = malloc((size_t)layers_of(b) * sizeof *experts);
    w4a16_status status = experts ? pack(b, cold, experts, error)
                                  : w4a16_fail(error, W4A16_OUT_OF_MEMORY, "bench: out of memory");
    free(experts);
    return status;
}

void bench_layer_free(struct bench_layer *b) {
    for (size_t n = 0; b->copies && n < b->count; n++) w4a16_buffer_free(b->device, b->copies[n], NULL);
    w4a16_weights_free(b->weights);
    free(b->copies);
    free(b->layers), free(b->q), free(b->scale), free(b->zero), free(b->perm);
}

/* ---- times ----------------------------------------------------------------------------------------------- */

struct bench_run {
    const struct bench_layer *layer;
    w4a16_dtype act;
    int64_t M, rows;
    w4a16_plan *plan;
    w4a16_run_args args;
    uint16_t *a, *out; /* on the host */
    int32_t *ids;      /* of rows: their experts */
    double *y, *mass;  /* of a row */
    double *seconds;   /* [RUNS_AT_MOST] */
};

/* An expert, by a number of 53 bits. */
static int32_t draw_expert(const struct bench_kind *kind, double at) {
    double total = 0, below = 0;
    if (!kind->skewed) return (int32_t)(at * (double)kind->experts);
    for (int64_t e = 0; e < kind->experts; e++) total += 1.0 / (double)(e + 1);
    for (int64_t e = 0; e < kind->experts; e++)
        if ((below += 1.0 / (double)(e + 1) / total) > at) return (int32_t)e;
    return (int32_t)(kind->experts - 1);
}

static int is_among(const int32_t *ids, int64_t count, int32_t id) {
    for (int64_t n = 0; n < count; n++)
        if (ids[n] == id) return 1;
    return 0;
}

/* Different experts for the uses of each row of activations; returns how many of all experts are used. */
static int64_t draw_experts(struct bench_run *r) {
    const struct bench_kind *kind = &r->layer->kind;
    uint64_t draws = 0;
    int64_t used = 0;
    for (int64_t row = 0; row < r->rows; row++) {
        const int32_t *own = r->ids + row / kind->top_k * kind->top_k;
        int32_t id;
        do {
            id = draw_expert(kind, (double)(random_at(SEED + 4, draws++) >> 11) * 0x1p-53);
        } while (is_among(own, row % kind->top_k, id));
        used += !is_among(r->ids, row, id);
        r->ids[row] = id;
    }
    return used;
}

static w4a16_status prepare(struct bench_run *r, struct bench_times *times, w4a16_error *error) {
    const w4a16_layer *l = r->layer->layers;
    const struct bench_kind *kind = &r->layer->kind;
    w4a16_device *device = r->layer->device;
    r->rows = r->M * (kind->experts ? kind->top_k : 1);
    size_t a_bytes = (size_t)(r->M * l->K) * 2, out_bytes = (size_t)(r->rows * l->N) * 2;
    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, r->layer->weights);
    problem.shape.M = r->M, problem.act = r->act;
    problem.mixture.top_k = kind->experts ? kind->top_k : 0;
    r->a = malloc(a_bytes);
    r->out = malloc(out_bytes);
    r->ids = calloc((size_t)r->rows, sizeof *r->ids);
    r->y = malloc((size_t)l->N * sizeof *r->y);
    r->mass = malloc((size_t)l->N * sizeof *r->mass);
    r->seconds = malloc(RUNS_AT_MOST * sizeof *r->seconds);
    FAIL_IF(!r->a || !r->out || !r->ids || !r->y || !r->mass || !r->seconds, error, W4A16_OUT_OF_MEMORY,
            "bench: out of memory");
    activations_random(SEED, "bench", r->act, r->M, l->K, r->a);
    memset(r->out, 0xff, out_bytes); /* NaN */
    r->args.struct_size = sizeof r->args;
    times->rows = r->rows;
    times->bytes = (double)r->layer->bytes;
    TRY(w4a16_plan_create(device, r->layer->weights, &problem, &r->plan, error));
    TRY(device_upload(device, r->a, a_bytes, &r->args.a, error));
    TRY(device_upload(device, r->out, out_bytes, &r->args.out, error));
    if (kind->experts) {
        times->bytes *= (double)draw_experts(r) / (double)kind->experts;
        TRY(device_upload(device, r->ids, (size_t)r->rows * sizeof *r->ids, &r->args.expert_ids, error));
    }
    return w4a16_buffer_alloc(device, w4a16_plan_workspace(r->plan), &r->args.workspace, error);
}

static void release(struct bench_run *r) {
    const w4a16_address buffers[] = {r->args.a, r->args.out, r->args.expert_ids, r->args.workspace};
    for (size_t n = 0; n < sizeof buffers / sizeof buffers[0]; n++)
        w4a16_buffer_free(r->layer->device, buffers[n], NULL);
    w4a16_plan_free(r->plan);
    free(r->a), free(r->out), free(r->ids), free(r->y), free(r->mass), free(r->seconds);
}

static w4a16_status run(struct bench_run *r, size_t copy, w4a16_run_stats *stats, w4a16_error *error) {
    r->args.weights = r->layer->copies[copy % r->layer->count];
    return w4a16_run(r->plan, &r->args, stats, error);
}

/* Adds squares: of the errors and of the exact results. */
static void add_squares(const struct bench_run *r, const uint16_t *out, double sums[2]) {
    for (int64_t n = 0; n < r->layer->layers->N; n++) {
        double value = r->act == W4A16_F16 ? f16_to_float(out[n]) : bf16_to_float(out[n]);
        sums[0] += (value - r->y[n]) * (value - r->y[n]);
        sums[1] += r->y[n] * r->y[n];
    }
}

/* The last copy, so that all of them were right when they were made. */
static w4a16_status verify(struct bench_run *r, int threads, struct bench_times *times, w4a16_error *error) {
    const w4a16_layer *layers = r->layer->layers;
    const int64_t N = layers->N, K = layers->K, uses = r->rows / r->M;
    double squares[2] = {0};
    w4a16_order order;
    w4a16_plan_order(r->plan, &order);
    TRY(run(r, r->layer->count - 1, &times->stats, error));
    TRY(w4a16_copy_from_device(r->layer->device, r->out, r->args.out, (size_t)(r->rows * N) * 2, error));
    for (int64_t row = 0; row < r->rows; row += r->rows > 1 ? r->rows - 1 : 1) {
        const uint16_t *out = r->out + row * N;
        TRY(w4a16_reference(&layers[r->ids[row]], r->act, 1, r->a + row / uses * K, K, r->y, r->mass, threads,
                            error));
        TRY(w4a16_compare(r->act, 1, N, out, N, r->y, r->mass, &order, &times->accuracy, error));
        add_squares(r, out, squares);
    }
    times->relative_error = sqrt(squares[0] / squares[1]);
    FAIL_IF(!w4a16_accuracy_ok(&times->accuracy, 1), error, W4A16_MISMATCH,
            "bench: outputs are wrong, the worst by %.3g of the bound: nothing was timed",
            times->accuracy.worst_excess);
    return W4A16_OK;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static w4a16_status measure(struct bench_run *r, const struct bench_clock *clock, struct bench_times *times,
                            w4a16_error *error) {
    int64_t runs = 0;
    for (double begin = clock->now(), start = begin;
         runs < RUNS_AT_MOST && (runs < RUNS_AT_LEAST || start - begin < clock->seconds); runs++) {
        start = clock->now();
        TRY(run(r, (size_t)runs, NULL, error));
        r->seconds[runs] = clock->now() - start;
    }
    qsort(r->seconds, (size_t)runs, sizeof *r->seconds, by_size);
    times->runs = runs;
    times->least = r->seconds[0];
    times->median = r->seconds[runs / 2];
    return W4A16_OK;
}

w4a16_status bench_time(const struct bench_layer *layer, w4a16_dtype act, int64_t M,
                        const struct bench_clock *clock, struct bench_times *times, w4a16_error *error) {
    struct bench_run r = {.layer = layer, .act = act, .M = M};
    *times = (struct bench_times){.runs = 0};
    w4a16_status status = prepare(&r, times, error);
    if (status == W4A16_OK) status = verify(&r, clock->threads, times, error);
    if (status == W4A16_OK && clock->now) status = measure(&r, clock, times, error);
    if (status == W4A16_OK) name_kernels(r.plan, times->kernel, sizeof times->kernel);
    release(&r);
    return status;
}
