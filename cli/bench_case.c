/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "bench_case.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"
#include "core/error.h"
#include "half.h"
#include "random.h"

enum { SEED = 1, RUNS_AT_LEAST = 5, RUNS_AT_MOST = 10000 };

/* ---- layers ---------------------------------------------------------------------------------------------- */

static w4a16_status fill(struct bench_layer *b, const struct bench_kind *kind, w4a16_error *error) {
    w4a16_layer *l = &b->layer;
    size_t words = (size_t)((l->K + 7) / 8 * l->N), entries = (size_t)(w4a16_layer_groups(l) * l->N);
    b->q = malloc(words * sizeof *b->q);
    b->scale = malloc(entries * sizeof *b->scale);
    b->zero = malloc(entries);
    b->perm = malloc((size_t)l->K * sizeof *b->perm);
    FAIL_IF(!b->q || !b->scale || !b->zero || !b->perm, error, W4A16_OUT_OF_MEMORY,
            "bench: out of memory for a layer");
    for (size_t n = 0; n < words; n++) b->q[n] = (uint32_t)random_at(SEED, n);
    for (size_t n = 0; n < entries; n++) {
        b->scale[n] = (uint16_t)(0x1c00 + (random_at(SEED + 1, n) & 0x3ff)); /* fp16, 1/256 to 1/128 */
        b->zero[n] = (uint8_t)(random_at(SEED + 2, n) % 17);
    }
    for (int64_t k = 0; k < l->K; k++) { /* a shuffle */
        int64_t other = (int64_t)(random_at(SEED + 3, (uint64_t)k) % (uint64_t)(k + 1));
        b->perm[k] = b->perm[other];
        b->perm[other] = (int32_t)k;
    }
    l->q = b->q, l->scale = b->scale;
    if (kind->asymmetric) l->zero = b->zero;
    if (kind->act_order) l->perm = b->perm;
    return W4A16_OK;
}

/* Copies of the packed bytes, packed once more into host memory. */
static w4a16_status copy(struct bench_layer *b, size_t cold, w4a16_error *error) {
    b->bytes = w4a16_weights_bytes(b->weights);
    b->count = cold / b->bytes + 1 > 2 ? cold / b->bytes + 1 : 2;
    b->copies = calloc(b->count, sizeof *b->copies);
    void *packed = malloc(b->bytes);
    w4a16_status status = b->copies && packed ? w4a16_pack(b->device, &b->layer, packed, b->bytes, error)
                                              : w4a16_fail(error, W4A16_OUT_OF_MEMORY,
                                                           "bench: out of memory for copies of a layer");
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
    *b = (struct bench_layer){.device = device};
    w4a16_layer_init(&b->layer, sizeof b->layer);
    b->layer.N = N, b->layer.K = K, b->layer.scale_type = W4A16_F16;
    b->layer.group_size = kind->group_size < 0 || kind->group_size > K ? K : kind->group_size;
    TRY(fill(b, kind, error));
    TRY(w4a16_weights_create(device, &b->layer, &b->weights, error));
    return copy(b, cold, error);
}

void bench_layer_free(struct bench_layer *b) {
    for (size_t n = 0; b->copies && n < b->count; n++) w4a16_buffer_free(b->device, b->copies[n], NULL);
    w4a16_weights_free(b->weights);
    free(b->copies);
    free(b->q), free(b->scale), free(b->zero), free(b->perm);
}

/* ---- times ----------------------------------------------------------------------------------------------- */

struct bench_run {
    const struct bench_layer *layer;
    w4a16_dtype act;
    int64_t M;
    w4a16_plan *plan;
    w4a16_run_args args;
    uint16_t *a, *out; /* on the host */
    double *y, *mass;  /* of a row */
    double *seconds;   /* [RUNS_AT_MOST] */
};

static w4a16_status prepare(struct bench_run *r, w4a16_error *error) {
    const w4a16_layer *l = &r->layer->layer;
    w4a16_device *device = r->layer->device;
    size_t a_bytes = (size_t)(r->M * l->K) * 2, out_bytes = (size_t)(r->M * l->N) * 2;
    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, r->layer->weights);
    problem.shape.M = r->M, problem.act = r->act;
    r->a = malloc(a_bytes);
    r->out = malloc(out_bytes);
    r->y = malloc((size_t)l->N * sizeof *r->y);
    r->mass = malloc((size_t)l->N * sizeof *r->mass);
    r->seconds = malloc(RUNS_AT_MOST * sizeof *r->seconds);
    FAIL_IF(!r->a || !r->out || !r->y || !r->mass || !r->seconds, error, W4A16_OUT_OF_MEMORY,
            "bench: out of memory");
    activations_random(SEED, "bench", r->act, r->M, l->K, r->a);
    memset(r->out, 0xff, out_bytes); /* NaN */
    r->args.struct_size = sizeof r->args;
    TRY(w4a16_plan_create(device, r->layer->weights, &problem, &r->plan, error));
    TRY(w4a16_buffer_alloc(device, a_bytes, &r->args.a, error));
    TRY(w4a16_copy_to_device(device, r->args.a, r->a, a_bytes, error));
    TRY(w4a16_buffer_alloc(device, out_bytes, &r->args.out, error));
    TRY(w4a16_copy_to_device(device, r->args.out, r->out, out_bytes, error));
    return w4a16_buffer_alloc(device, w4a16_plan_workspace(r->plan), &r->args.workspace, error);
}

static void release(struct bench_run *r) {
    const w4a16_address buffers[] = {r->args.a, r->args.out, r->args.workspace};
    for (size_t n = 0; n < sizeof buffers / sizeof buffers[0]; n++)
        w4a16_buffer_free(r->layer->device, buffers[n], NULL);
    w4a16_plan_free(r->plan);
    free(r->a), free(r->out), free(r->y), free(r->mass), free(r->seconds);
}

static w4a16_status run(struct bench_run *r, size_t copy, w4a16_run_stats *stats, w4a16_error *error) {
    r->args.weights = r->layer->copies[copy % r->layer->count];
    return w4a16_run(r->plan, &r->args, stats, error);
}

/* Adds squares: of the errors and of the exact results. */
static void add_squares(const struct bench_run *r, const uint16_t *out, double sums[2]) {
    for (int64_t n = 0; n < r->layer->layer.N; n++) {
        double value = r->act == W4A16_F16 ? f16_to_float(out[n]) : bf16_to_float(out[n]);
        sums[0] += (value - r->y[n]) * (value - r->y[n]);
        sums[1] += r->y[n] * r->y[n];
    }
}

/* The last copy, so that all of them were right when they were made. */
static w4a16_status verify(struct bench_run *r, int threads, struct bench_times *times, w4a16_error *error) {
    const w4a16_layer *l = &r->layer->layer;
    double squares[2] = {0};
    w4a16_order order;
    w4a16_plan_order(r->plan, &order);
    TRY(run(r, r->layer->count - 1, &times->stats, error));
    TRY(w4a16_copy_from_device(r->layer->device, r->out, r->args.out, (size_t)(r->M * l->N) * 2, error));
    for (int64_t row = 0; row < r->M; row += r->M > 1 ? r->M - 1 : 1) {
        const uint16_t *out = r->out + row * l->N;
        TRY(w4a16_reference(l, r->act, 1, r->a + row * l->K, l->K, r->y, r->mass, threads, error));
        TRY(w4a16_compare(r->act, 1, l->N, out, l->N, r->y, r->mass, &order, &times->accuracy, error));
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
    w4a16_launch_info launch;
    w4a16_status status = prepare(&r, error);
    if (status == W4A16_OK) status = verify(&r, clock->threads, times, error);
    if (status == W4A16_OK && clock->now) status = measure(&r, clock, times, error);
    if (status == W4A16_OK) status = w4a16_plan_launch(r.plan, 0, &launch, error);
    if (status == W4A16_OK) snprintf(times->kernel, sizeof times->kernel, "%s", launch.kernel);
    release(&r);
    return status;
}
