/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The case list and its runner.
 *
 * The list is the full cross of type, M, group size and zeros for the two random fills, and of type, group
 * size and zeros for each adversarial one; shapes, strides, scale types, act-order and bias turn with the
 * case number, at periods that have no common factor with the cross's, so that every pair of values meets.
 */
#include "device/conformance.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "half.h"
#include "random.h"

enum fill {
    GAUSSIAN,
    HEAVY,
    MAX_NIBBLES,
    EXTREME_ZEROS,
    SUBNORMAL_SCALES,
    SUBNORMAL_ACTIVATIONS,
    NON_FINITE,
    CANCELLING,
    FILLS
};
static const struct {
    const char *name;
    int random; /* the share within 1 ulp is asked of it */
} fills[FILLS] = {{"gaussian", 1},       {"heavy-tailed", 1},     {"max nibbles", 0},
                  {"zeros 0 and 16", 0}, {"subnormal scales", 0}, {"subnormal activations", 0},
                  {"Inf and NaN", 0},    {"cancelling sums", 0}};

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

struct test_case {
    w4a16_dtype act, scale_type;
    int64_t M, N, K, group_size, lda, ldo;
    int symmetric, act_order, has_bias;
    enum fill fill;
    char name[112], pool[32];
};

#define RANDOM_CASES      (2 * 2 * MS * GROUPS * 2)
#define ADVERSARIAL_CASES ((FILLS - 2) * 2 * GROUPS * 2 * 3)
#define CASES             (RANDOM_CASES + ADVERSARIAL_CASES)

static struct test_case cases[CASES];
static pthread_once_t cases_made = PTHREAD_ONCE_INIT;

static void make_case(size_t index, enum fill fill, int type, int m, int group, int symmetric) {
    struct test_case *c = &cases[index];
    size_t shape = index % (sizeof shapes / sizeof shapes[0]);
    c->fill = fill;
    c->act = acts[type];
    c->scale_type = acts[index / 3 % 2];
    c->M = ms[m];
    c->N = shapes[shape].N;
    c->K = shapes[shape].K;
    c->group_size = groups[group] < 0 || groups[group] > c->K ? c->K : groups[group];
    c->lda = c->K + (int64_t)(index % 5 == 1) + 2 * (int64_t)(index % 5 == 3);
    c->ldo = c->N + (int64_t)(index % 3);
    c->symmetric = symmetric;
    c->act_order = index / 5 % 2;
    c->has_bias = index / 11 % 2;
    if (fill == EXTREME_ZEROS) c->symmetric = 0;
    snprintf(c->name, sizeof c->name, "%s m%d n%d k%d g%d %s %s-scales%s%s %s", w4a16_dtype_name(c->act),
             (int)c->M, (int)c->N, (int)c->K, (int)c->group_size, c->symmetric ? "sym" : "asym",
             w4a16_dtype_name(c->scale_type), c->act_order ? " perm" : "", c->has_bias ? " bias" : "",
             fills[fill].name);
    snprintf(c->pool, sizeof c->pool, "%s %s", w4a16_dtype_name(c->act), fills[fill].name);
}

static void make_cases(void) {
    size_t index = 0;
    for (int fill = GAUSSIAN; fill <= HEAVY; fill++)
        for (int type = 0; type < 2; type++)
            for (int m = 0; m < MS; m++)
                for (int group = 0; group < GROUPS; group++)
                    for (int symmetric = 0; symmetric < 2; symmetric++, index++)
                        make_case(index, fill, type, m, group, symmetric);
    for (int fill = MAX_NIBBLES; fill < FILLS; fill++)
        for (int type = 0; type < 2; type++)
            for (int group = 0; group < GROUPS; group++)
                for (int turn = 0; turn < 6; turn++, index++)
                    make_case(index, fill, type, (int)(index % MS), group, turn % 2);
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

/* ---- data --------------------------------------------------------------------------------------------- */

/* Everything a case needs on the host, in one place so that it is freed in one place. */
struct data {
    const struct test_case *c;
    uint64_t seed;
    w4a16_layer layer;
    uint32_t *q;
    uint16_t *scale, *bias, *a, *out, *again;
    uint8_t *zero;
    int32_t *perm;
    double *y, *bound;
    size_t a_elements, out_elements;
};

static uint64_t draw(const struct data *d, uint64_t stream, uint64_t i) {
    return random_at(d->seed + stream, i);
}
static float normal(const struct data *d, uint64_t stream, uint64_t i) {
    return random_normal(draw(d, stream, i));
}
static uint16_t to_16(w4a16_dtype type, float f) {
    return type == W4A16_F16 ? float_to_f16(f) : float_to_bf16(f);
}

static unsigned nibble(const struct data *d, uint64_t i) {
    switch (d->c->fill) {
    case MAX_NIBBLES: return draw(d, 1, i) % 8 ? 15 : 0;
    case HEAVY: { /* most weights near the zero point, a few at the ends */
        float x = 8 + 2 * normal(d, 1, i) * (draw(d, 2, i) % 16 ? 1 : 4);
        return x < 0 ? 0 : x > 15 ? 15 : (unsigned)x;
    }
    case CANCELLING:
        return (unsigned)(draw(d, 1, i / 2) & 15); /* neighbours in K are equal, see activation() */
    default: return (unsigned)(draw(d, 1, i) & 15);
    }
}

static uint16_t scale_bits(const struct data *d, uint64_t i) {
    uint64_t r = draw(d, 3, i);
    if (d->c->fill == SUBNORMAL_SCALES) /* below the smallest normal number of the scale's type */
        return (uint16_t)(1 + r % (d->c->scale_type == W4A16_F16 ? 0x3ff : 0x7f));
    float scale = 0.004f + 0.012f * (float)(r & 0xffff) / 65536;
    if (d->c->fill == HEAVY) scale *= (float)(1 << (r >> 16 & 7)) / 8;
    return to_16(d->c->scale_type, scale);
}

static uint8_t zero_point(const struct data *d, uint64_t i) {
    uint64_t r = draw(d, 4, i);
    return (uint8_t)(d->c->fill == EXTREME_ZEROS ? 16 * (r & 1) : r % 17);
}

static uint16_t activation(const struct data *d, int64_t m, int64_t k) {
    uint64_t i = (uint64_t)(m * d->c->K + k), r = draw(d, 5, i);
    w4a16_dtype type = d->c->act;
    switch (d->c->fill) {
    case HEAVY:
        return to_16(type, normal(d, 5, i) * (draw(d, 6, (uint64_t)k) % 200 ? 1 : 60)); /* outlier channels */
    case MAX_NIBBLES: return to_16(type, (r & 1 ? -1.0f : 1.0f) * 240);
    case SUBNORMAL_ACTIVATIONS: /* subnormals and the smallest normal numbers among ordinary ones */
        if (r >> 40 & 1) return to_16(type, normal(d, 5, i));
        return (uint16_t)((r & 0x8000) | (r >> 16) % (type == W4A16_F16 ? 0x800 : 0x100));
    case NON_FINITE: { /* every other row has some */
        static const float special[] = {1.0f / 0.0f, -1.0f / 0.0f, 0.0f / 0.0f};
        return to_16(type, m % 2 == 0 && r % 400 == 0 ? special[r / 400 % (m % 4 ? 3 : 2)] : normal(d, 5, i));
    }
    case CANCELLING: {
        float pair = normal(d, 5, (uint64_t)(m * d->c->K + k / 2)) * 1000;
        return to_16(type, k % 2 ? -pair : pair);
    }
    default: return to_16(type, normal(d, 5, i));
    }
}

static void shuffle(struct data *d) {
    for (int32_t k = 0; k < d->c->K; k++) d->perm[k] = k;
    for (int64_t k = d->c->K - 1; k > 0; k--) {
        int64_t other = (int64_t)(draw(d, 7, (uint64_t)k) % (uint64_t)(k + 1));
        int32_t kept = d->perm[k];
        d->perm[k] = d->perm[other];
        d->perm[other] = kept;
    }
}

static void fill_layer(struct data *d) {
    const struct test_case *c = d->c;
    w4a16_layer *l = &d->layer;
    w4a16_layer_init(l);
    l->N = c->N, l->K = c->K, l->group_size = c->group_size;
    for (int64_t k = 0; k < c->K; k++)
        for (int64_t n = 0; n < c->N; n++)
            d->q[k / 8 * c->N + n] |= (uint32_t)nibble(d, (uint64_t)(n * c->K + k)) << 4 * (k % 8);
    uint64_t entries = (uint64_t)(w4a16_layer_groups(l) * c->N);
    for (uint64_t i = 0; i < entries; i++) d->scale[i] = scale_bits(d, i);
    for (uint64_t i = 0; i < entries; i++) d->zero[i] = zero_point(d, i);
    for (int64_t n = 0; n < c->N; n++) d->bias[n] = to_16(c->scale_type, normal(d, 8, (uint64_t)n));
    l->q = d->q;
    l->scale = d->scale;
    l->scale_type = l->bias_type = c->scale_type;
    if (!c->symmetric) l->zero = d->zero;
    if (c->has_bias) l->bias = d->bias;
    if (c->act_order) {
        shuffle(d);
        l->perm = d->perm;
    }
}

static void free_data(struct data *d) {
    free(d->q), free(d->scale), free(d->bias), free(d->a), free(d->out), free(d->again), free(d->zero),
        free(d->perm);
    free(d->y), free(d->bound);
}

static int make_data(struct data *d, size_t index) {
    const struct test_case *c = d->c = case_at(index);
    size_t columns = (size_t)c->N, entries = columns * (size_t)((c->K + c->group_size - 1) / c->group_size);
    d->seed = random_at(0x77346131, index);
    d->a_elements = (size_t)(c->M * c->lda);
    d->out_elements = (size_t)((c->M + 1) * c->ldo); /* one row more, that nobody may touch */
    d->q = calloc((size_t)((c->K + 7) / 8), columns * 4);
    d->scale = calloc(entries, 2);
    d->zero = calloc(entries, 1);
    d->bias = calloc(columns, 2);
    d->perm = calloc((size_t)c->K, 4);
    d->a = calloc(d->a_elements, 2);
    d->out = calloc(d->out_elements, 2);
    d->again = calloc(d->out_elements, 2);
    d->y = calloc((size_t)c->M * columns, sizeof(double));
    d->bound = calloc((size_t)c->M * columns, sizeof(double));
    if (!d->q || !d->scale || !d->zero || !d->bias || !d->perm || !d->a || !d->out || !d->again || !d->y ||
        !d->bound)
        return 0;
    fill_layer(d);
    memset(d->a, 0xff, d->a_elements * 2); /* between rows: NaN, which must not be read as a value */
    for (int64_t m = 0; m < c->M; m++)
        for (int64_t k = 0; k < c->K; k++) d->a[m * c->lda + k] = activation(d, m, k);
    return 1;
}

/* ---- running ------------------------------------------------------------------------------------------ */

struct buffers {
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_address a, out, workspace;
};

static w4a16_status prepare(w4a16_device *device, const struct data *d, struct buffers *b,
                            w4a16_error *error) {
    w4a16_problem problem;
    TRY(w4a16_weights_create(device, &d->layer, &b->weights, error));
    w4a16_problem_init(&problem);
    w4a16_problem_from_weights(&problem, b->weights);
    problem.M = d->c->M;
    problem.act = d->c->act;
    problem.lda = d->c->lda;
    problem.ldo = d->c->ldo;
    TRY(w4a16_plan_create(device, b->weights, &problem, &b->plan, error));
    TRY(w4a16_buffer_alloc(device, d->a_elements * 2, &b->a, error));
    TRY(w4a16_buffer_alloc(device, d->out_elements * 2, &b->out, error));
    TRY(w4a16_buffer_alloc(device, w4a16_plan_workspace(b->plan), &b->workspace, error));
    return w4a16_copy_to_device(device, b->a, d->a, d->a_elements * 2, error);
}

/* Poisons output and workspace with `poison`, runs, and fetches the output. */
static w4a16_status run_once(w4a16_device *device, const struct data *d, const struct buffers *b, int poison,
                             uint16_t *out, w4a16_error *error) {
    size_t workspace = w4a16_plan_workspace(b->plan);
    unsigned char *dirt = malloc(workspace + 1);
    FAIL_IF(!dirt, error, W4A16_OUT_OF_MEMORY, "conformance: out of memory");
    memset(dirt, poison, workspace + 1);
    memset(out, poison, d->out_elements * 2);
    w4a16_run_args args = {sizeof args, b->a, b->out, b->workspace, NULL};
    w4a16_status status = w4a16_copy_to_device(device, b->workspace, dirt, workspace, error);
    if (status == W4A16_OK) status = w4a16_copy_to_device(device, b->out, out, d->out_elements * 2, error);
    if (status == W4A16_OK) status = w4a16_run(b->plan, &args, NULL, error);
    if (status == W4A16_OK) status = w4a16_copy_from_device(device, out, b->out, d->out_elements * 2, error);
    free(dirt);
    return status;
}

/* Whether every element outside [M][N] still holds the poison. */
static int untouched(const struct data *d, const uint16_t *out, int poison) {
    for (size_t i = 0; i < d->out_elements; i++) {
        int inside = (int64_t)i / d->c->ldo < d->c->M && (int64_t)i % d->c->ldo < d->c->N;
        if (!inside && out[i] != poison * 0x101) return 0;
    }
    return 1;
}

static int same_bits(const struct data *d) {
    for (int64_t m = 0; m < d->c->M; m++)
        if (memcmp(d->out + m * d->c->ldo, d->again + m * d->c->ldo, (size_t)d->c->N * 2) != 0) return 0;
    return 1;
}

/* FNV-1a over the outputs, row by row. */
static uint64_t hash_bits(const struct data *d) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int64_t m = 0; m < d->c->M; m++)
        for (int64_t n = 0; n < d->c->N; n++)
            hash = (hash ^ d->out[m * d->c->ldo + n]) * UINT64_C(0x100000001b3);
    return hash;
}

static w4a16_status judge(const struct data *d, int threads, struct conformance_result *result,
                          w4a16_error *error) {
    const struct test_case *c = d->c;
    TRY(w4a16_reference(&d->layer, c->act, c->M, d->a, c->lda, d->y, d->bound, threads, error));
    w4a16_compare(c->act, c->M, c->N, d->out, c->ldo, d->y, d->bound, &result->accuracy);
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
    w4a16_status status = W4A16_OK;
    if (!make_data(&d, index)) status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "conformance: out of memory");
    if (status == W4A16_OK) status = prepare(device, &d, &b, error);
    if (status == W4A16_OK) status = run_once(device, &d, &b, 0xa5, d.out, error);
    if (status == W4A16_OK) status = run_once(device, &d, &b, 0x5a, d.again, error);
    if (status == W4A16_OK) status = judge(&d, threads, result, error);
    w4a16_buffer_free(device, b.workspace, NULL);
    w4a16_buffer_free(device, b.out, NULL);
    w4a16_buffer_free(device, b.a, NULL);
    w4a16_plan_free(b.plan);
    w4a16_weights_free(b.weights);
    free_data(&d);
    return status;
}
