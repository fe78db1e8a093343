/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The case list and its runner.
 *
 * The list is the full cross of type, M, group size, zeros, act-order and bias for the two random fills, and
 * of type, group size and zeros for each difficult one; shapes, strides, scale types and the rest turn with
 * the case number, at periods that have no common factor with the cross's, so that every pair of values
 * meets.
 */
#include "check/conformance.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/conformance_data.h"
#include "core/error.h"
#include "random.h"

static const struct {
    const char *name;
    int random; /* the share within 1 ulp is asked of it */
    int shapes; /* of the search: how many of `searched` */
} fills[FILLS] = {{"gaussian", 1, 0},
                  {"heavy-tailed", 1, 0},
                  {"max nibbles", 0, 0},
                  {"zeros 0 and 16", 0, 0},
                  {"subnormal scales", 0, 0},
                  {"subnormal activations", 0, 0},
                  {"Inf and NaN", 0, 0},
                  {"cancelling sums", 0, 0},
                  {"adversarial: cancelled by the next fold", 0, 10},
                  {"adversarial: lost in folds", 0, 9},
                  {"adversarial: cancelled in a chunk", 0, 7},
                  {"adversarial: lost in waves", 0, 7},
                  {"adversarial: alternating", 0, 7},
                  {"adversarial: randomly lost", 0, 7},
                  {"adversarial: growing", 0, 7}};

/* Both sides of every edge where the plan changes kernels or a kernel adds a tile. */
static const int64_t ms[] = {0,  1,  2,  3,  4,  5,  7,  8,  9,   11,  12,  15,
                             16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 512};
static const int64_t groups[] = {16, 32, 48, 64, 96, 128, 256, -1};
enum { MS = sizeof ms / sizeof ms[0], GROUPS = sizeof groups / sizeof groups[0] };
static const w4a16_dtype acts[] = {W4A16_F16, W4A16_BF16};
/* With and without tails of the 32-column strips and 32-K blocks; K that ends inside a group. */
static const struct {
    int64_t N, K;
} shapes[] = {{352, 512}, {200, 1024}, {33, 576}, {520, 640}, {1, 256}, {296, 1000}, {416, 1056}};

/*
 * For the search of adversary.c: few and many rows, chunks of every length, few and many folds, one wave and
 * 16. Group size -1: one group.
 */
static const struct {
    int64_t M, N, K, group_size;
} searched[] = {{1, 64, 256, 128},   {8, 64, 2048, 128},   {16, 64, 1024, -1}, {127, 64, 256, 128},
                {1, 64, 512, 32},    {17, 64, 768, 48},    {8, 64, 1920, 64},  {1, 32, 65536, 32},
                {17, 32, 16384, 16}, {1024, 352, 256, 128}};

#define RANDOM_CASES    (2 * 2 * MS * GROUPS * 2 * 4)
#define DIFFICULT_CASES ((ADVERSARIAL - 2) * 2 * GROUPS * 2 * 3)
#define EXPERT_CASES    (2 * 2 * 2 * 9 * 2)
#define SEARCH_CASES    (2 * 2 * (10 + 9 + 5 * 7))
#define CASES           (RANDOM_CASES + DIFFICULT_CASES + EXPERT_CASES + SEARCH_CASES)

static struct test_case cases[CASES];
static pthread_once_t cases_made = PTHREAD_ONCE_INIT;

/*
 * Experts: the cross of type, zeros, combining and the number of tokens, from lists where experts have one
 * row to lists that fill the largest tiles; the rest turns.
 */
static const struct {
    int64_t experts, top_k;
} mixtures[] = {{8, 2}, {4, 1}, {16, 4}, {3, 3}, {1, 1}};
static const int64_t tokens[] = {0, 1, 2, 5, 16, 17, 40, 130, 300};
enum { MIXTURES = sizeof mixtures / sizeof mixtures[0], TOKENS = sizeof tokens / sizeof tokens[0] };

static void name_case(struct test_case *c) {
    snprintf(c->name, sizeof c->name, "%s m%d n%d k%d g%d %s %s-scales%s%s %s", w4a16_dtype_name(c->p.act),
             (int)c->p.shape.M, (int)c->p.shape.N, (int)c->p.shape.K, (int)c->p.shape.group_size,
             c->p.weights.zeros ? "asym" : "sym", w4a16_dtype_name(c->p.weights.scale_type),
             c->p.weights.act_order ? " perm" : "", c->p.epilogue.has_bias ? " bias" : "",
             fills[c->fill].name);
}

static void make_case(size_t index, enum fill fill, int type, int m, int group, int layer) {
    struct test_case *c = &cases[index];
    size_t shape = index % (sizeof shapes / sizeof shapes[0]);
    w4a16_problem_init(&c->p, sizeof c->p);
    c->fill = fill;
    c->p.act = acts[type];
    c->p.weights.scale_type = acts[index / 3 % 2];
    c->p.shape.M = ms[m];
    c->p.shape.N = shapes[shape].N;
    c->p.shape.K = shapes[shape].K;
    c->p.shape.group_size = groups[group] < 0 || groups[group] > c->p.shape.K ? c->p.shape.K : groups[group];
    c->p.shape.lda = c->p.shape.K + (int64_t)(index % 5 == 1) + 2 * (int64_t)(index % 5 == 3);
    c->p.shape.ldo = c->p.shape.N + (int64_t)(index % 3);
    c->p.weights.zeros = layer & 1 ? W4A16_ZEROS_NONE : W4A16_ZEROS_STORED;
    c->p.weights.act_order = layer >> 1 & 1;
    c->p.epilogue.has_bias = layer >> 2 & 1;
    if (fill == EXTREME_ZEROS) c->p.weights.zeros = W4A16_ZEROS_STORED;
    name_case(c);
    snprintf(c->pool, sizeof c->pool, "%s %s", w4a16_dtype_name(c->p.act), fills[fill].name);
}

/* Turns an ordinary case into one with experts. */
static void add_experts(size_t index, int token, int combine) {
    struct test_case *c = &cases[index];
    size_t mixture = index % MIXTURES;
    c->p.shape.M = tokens[token];
    c->p.mixture.experts = mixtures[mixture].experts;
    c->p.mixture.top_k = mixtures[mixture].top_k;
    c->p.epilogue.combine = (w4a16_combine)combine;
    snprintf(c->name, sizeof c->name, "%s m%d n%d k%d g%d %s %s-scales%s%s experts %d of %d%s %s",
             w4a16_dtype_name(c->p.act), (int)c->p.shape.M, (int)c->p.shape.N, (int)c->p.shape.K,
             (int)c->p.shape.group_size, c->p.weights.zeros ? "asym" : "sym",
             w4a16_dtype_name(c->p.weights.scale_type), c->p.weights.act_order ? " perm" : "",
             c->p.epilogue.has_bias ? " bias" : "", (int)c->p.mixture.top_k, (int)c->p.mixture.experts,
             c->p.epilogue.combine ? " combined" : "", fills[c->fill].name);
}

/* Turns an ordinary case into one of the search. */
static void search(size_t index, int shape) {
    struct test_case *c = &cases[index];
    c->turn = (int64_t)index;
    c->p.shape.M = searched[shape].M, c->p.shape.N = c->p.shape.ldo = searched[shape].N,
    c->p.shape.K = c->p.shape.lda = searched[shape].K;
    c->p.shape.group_size = searched[shape].group_size < 0 ? c->p.shape.K : searched[shape].group_size;
    name_case(c);
}

static void make_cases(void) {
    size_t index = 0;
    for (int fill = GAUSSIAN; fill <= HEAVY; fill++)
        for (int type = 0; type < 2; type++)
            for (int m = 0; m < MS; m++)
                for (int group = 0; group < GROUPS; group++)
                    for (int layer = 0; layer < 8; layer++, index++)
                        make_case(index, fill, type, m, group, layer);
    for (int fill = MAX_NIBBLES; fill < ADVERSARIAL; fill++)
        for (int type = 0; type < 2; type++)
            for (int group = 0; group < GROUPS; group++)
                for (int turn = 0; turn < 6; turn++, index++)
                    make_case(index, fill, type, (int)(index % MS), group,
                              (int)(turn % 2 + index / 5 % 4 * 2));
    for (int fill = GAUSSIAN; fill <= HEAVY; fill++)
        for (int type = 0; type < 2; type++)
            for (int token = 0; token < TOKENS; token++)
                for (int turn = 0; turn < 4; turn++, index++) {
                    make_case(index, fill, type, 0, (int)(index / 2 % GROUPS),
                              (int)(turn % 2 + index / 5 % 4 * 2));
                    add_experts(index, token, turn / 2);
                }
    for (int fill = ADVERSARIAL; fill < FILLS; fill++)
        for (int shape = 0; shape < fills[fill].shapes; shape++)
            for (int turn = 0; turn < 4; turn++, index++) {
                make_case(index, fill, turn / 2, 0, 0, turn % 2);
                search(index, shape);
            }
}

static const struct test_case *case_at(size_t index) {
    pthread_once(&cases_made, make_cases);
    return &cases[index];
}

size_t conformance_count(void) { return CASES; }
const char *conformance_name(size_t index) { return case_at(index)->name; }
const char *conformance_pool(size_t index) {
    const struct test_case *c = case_at(index);
    return fills[c->fill].random ? c->pool : NULL;
}
/* ---- running ------------------------------------------------------------------------------------------ */

struct buffers {
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_address a, out, workspace, ids, gates;
};

static w4a16_status create_weights(w4a16_device *device, const struct data *d, w4a16_weights **out,
                                   w4a16_error *error) {
    if (!d->c->p.mixture.experts) return w4a16_weights_create(device, d->layers, out, error);
    const w4a16_layer *layers[64];
    for (size_t n = 0; n < d->layer_count; n++) layers[n] = &d->layers[n];
    return w4a16_experts_create(device, layers, d->layer_count, out, error);
}

/* A device buffer with the host's contents. */
static w4a16_status upload(w4a16_device *device, const void *from, size_t bytes, w4a16_address *out,
                           w4a16_error *error) {
    TRY(w4a16_buffer_alloc(device, bytes, out, error));
    return w4a16_copy_to_device(device, *out, from, bytes, error);
}

/* The order of additions, which adversarial data are made for: a plan for weights that are not there yet. */
static w4a16_status find_order(w4a16_device *device, const struct test_case *c, w4a16_order *order,
                               w4a16_error *error) {
    w4a16_weights *weights;
    w4a16_plan *plan;
    TRY(w4a16_weights_wrap(device, &c->p, 0, &weights, error));
    w4a16_status status = w4a16_plan_create(device, weights, &c->p, &plan, error);
    if (status == W4A16_OK) {
        w4a16_plan_order(plan, order);
        w4a16_plan_free(plan);
    }
    w4a16_weights_free(weights);
    return status;
}

static w4a16_status prepare(w4a16_device *device, const struct data *d, struct buffers *b,
                            w4a16_error *error) {
    TRY(create_weights(device, d, &b->weights, error));
    TRY(w4a16_plan_create(device, b->weights, &d->c->p, &b->plan, error));
    TRY(upload(device, d->a, d->a_elements * 2, &b->a, error));
    TRY(upload(device, d->ids, (size_t)d->slots * 4, &b->ids, error));
    TRY(upload(device, d->gates, (size_t)d->slots * 4, &b->gates, error));
    TRY(w4a16_buffer_alloc(device, d->out_elements * 2, &b->out, error));
    return w4a16_buffer_alloc(device, w4a16_plan_workspace(b->plan), &b->workspace, error);
}

/* Poisons output and workspace with `poison`, runs, and fetches the output. */
static w4a16_status run_once(w4a16_device *device, const struct data *d, const struct buffers *b, int poison,
                             uint16_t *out, w4a16_error *error) {
    size_t workspace = w4a16_plan_workspace(b->plan);
    unsigned char *dirt = malloc(workspace + 1);
    FAIL_IF(!dirt, error, W4A16_OUT_OF_MEMORY, "conformance: out of memory");
    memset(dirt, poison, workspace + 1);
    memset(out, poison, d->out_elements * 2);
    w4a16_run_args args = {.struct_size = sizeof args,
                           .a = b->a,
                           .out = b->out,
                           .workspace = b->workspace,
                           .expert_ids = d->c->p.mixture.experts ? b->ids : 0,
                           .gates = d->c->p.epilogue.combine ? b->gates : 0};
    w4a16_status status = w4a16_copy_to_device(device, b->workspace, dirt, workspace, error);
    if (status == W4A16_OK) status = w4a16_copy_to_device(device, b->out, out, d->out_elements * 2, error);
    if (status == W4A16_OK) status = w4a16_run(b->plan, &args, NULL, error);
    if (status == W4A16_OK) status = w4a16_copy_from_device(device, out, b->out, d->out_elements * 2, error);
    free(dirt);
    return status;
}

/* Whether every element that is not to be written still holds the poison. */
static int untouched(const struct data *d, const uint16_t *out, int poison) {
    for (size_t i = 0; i < d->out_elements; i++) {
        int64_t row = (int64_t)i / d->c->p.shape.ldo;
        int inside = row < d->out_rows && (int64_t)i % d->c->p.shape.ldo < d->c->p.shape.N &&
                     data_row_is_written(d, row);
        if (!inside && out[i] != poison * 0x101) return 0;
    }
    return 1;
}

static int same_bits(const struct data *d) {
    for (int64_t m = 0; m < d->out_rows; m++)
        if (data_row_is_written(d, m) &&
            memcmp(d->out + m * d->c->p.shape.ldo, d->again + m * d->c->p.shape.ldo,
                   (size_t)d->c->p.shape.N * 2) != 0)
            return 0;
    return 1;
}

/* FNV-1a over the outputs, row by row. */
static uint64_t hash_bits(const struct data *d) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int64_t m = 0; m < d->out_rows; m++)
        for (int64_t n = 0; n < d->c->p.shape.N && data_row_is_written(d, m); n++)
            hash = (hash ^ d->out[m * d->c->p.shape.ldo + n]) * UINT64_C(0x100000001b3);
    return hash;
}

static w4a16_status judge(struct data *d, int threads, struct conformance_result *result,
                          w4a16_error *error) {
    const struct test_case *c = d->c;
    TRY(data_reference(d, threads, error));
    for (int64_t m = 0; m < d->out_rows; m++)
        if (data_row_is_written(d, m))
            TRY(w4a16_compare(c->p.act, 1, c->p.shape.N, d->out + m * c->p.shape.ldo, c->p.shape.ldo,
                              d->y + m * c->p.shape.N, d->mass + m * c->p.shape.N, &d->order,
                              &result->accuracy, error));
    result->same_bits = same_bits(d);
    result->bits = hash_bits(d);
    FAIL_IF(!untouched(d, d->out, 0xa5) || !untouched(d, d->again, 0x5a), error, W4A16_MISMATCH,
            "memory between rows of the output or behind it was written");
    FAIL_IF(!result->same_bits, error, W4A16_MISMATCH, "a second run gave other bits");
    FAIL_IF(
        result->accuracy.violations, error, W4A16_MISMATCH,
        "%lld of %lld outputs are beyond the bound of the numerics contract, the worst by a factor of %.3g",
        (long long)result->accuracy.violations, (long long)result->accuracy.outputs,
        result->accuracy.worst_excess);
    return W4A16_OK;
}

w4a16_status conformance_run(w4a16_device *device, size_t index, int threads,
                             struct conformance_result *result, w4a16_error *error) {
    struct data d = {0};
    struct buffers b = {0};
    *result = (struct conformance_result){0};
    const struct test_case *c = case_at(index);
    w4a16_status status = find_order(device, c, &result->order, error);
    if (status == W4A16_OK && !data_make(&d, c, &result->order, random_at(0x77346131, index)))
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "conformance: out of memory");
    if (status == W4A16_OK) status = prepare(device, &d, &b, error);
    if (status == W4A16_OK) status = run_once(device, &d, &b, 0xa5, d.out, error);
    if (status == W4A16_OK) status = run_once(device, &d, &b, 0x5a, d.again, error);
    if (status == W4A16_OK) status = judge(&d, threads, result, error);
    w4a16_buffer_free(device, b.workspace, NULL);
    w4a16_buffer_free(device, b.gates, NULL);
    w4a16_buffer_free(device, b.ids, NULL);
    w4a16_buffer_free(device, b.out, NULL);
    w4a16_buffer_free(device, b.a, NULL);
    w4a16_plan_free(b.plan);
    w4a16_weights_free(b.weights);
    data_free(&d);
    return status;
}
