/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Threads work on eight columns (output features) each: that is one word of qzeros per group, so no two
 * threads write the same word.
 */
#include "format/quantize_layer.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/quantize_group.h"
#include "half.h"

enum { COLUMNS = 8 }; /* that a thread works on at a time */

/* An input feature, and what it is sorted by. */
struct feature {
    int64_t k;
    double key;
};

/* One linear layer while it is being quantised. */
struct work {
    const struct planned *t;
    int64_t groups;
    struct group_rules rules;
    const unsigned char *weights;    /* of the first element, as in the file */
    int64_t output_step, input_step; /* elements from one output or input to the next */
    struct quantized_layer out;
    struct feature *order;               /* [K]: which feature is at a place; groups are runs of places */
    struct input_statistics statistics;  /* or nulls; not owned */
    float *scratch;                      /* scratch_size(w) for each thread */
    struct group_grid (*grids)[COLUMNS]; /* [groups] for each thread, for feedback */
    int64_t padded;
    int zero_bias;             /* what version 1 subtracts from zeros before it stores them */
    _Atomic int64_t bad;       /* the first weight that cannot be quantised, or INT64_MAX */
    _Atomic int64_t unbounded; /* the first that feedback makes infinite, or INT64_MAX */
};

/* The padded values of a group, their energy and, for feedback, the columns. */
static int64_t scratch_size(const struct work *w) {
    return 2 * w->padded + (w->statistics.feedback ? COLUMNS * w->t->K : 0);
}

static float load_weight(const struct work *w, int64_t n, int64_t k) {
    int64_t index = n * w->output_step + k * w->input_step;
    enum st_dtype dtype = w->t->in.tensor->dtype;
    if (dtype == ST_F32) {
        float f;
        memcpy(&f, w->weights + 4 * index, 4);
        return f;
    }
    uint16_t half;
    memcpy(&half, w->weights + 2 * index, 2);
    return dtype == ST_F16 ? f16_to_float(half) : bf16_to_float(half);
}

static void report(_Atomic int64_t *first, int64_t index) {
    int64_t seen = atomic_load(first);
    while (index < seen && !atomic_compare_exchange_weak(first, &seen, index)) {
    }
}

static const struct feature *members_of(const struct work *w, int64_t g) {
    return w->order + g * w->t->group_size;
}

/* Chooses and writes the scale and zero of the group at x, which their energy follows. False if it is reported. */
static int write_grid(struct work *w, int64_t n, int64_t g, const float *x, struct group_grid *grid) {
    const struct planned *t = w->t;
    const struct feature *members = members_of(w, g);
    for (int64_t i = 0; i < t->group_size; i++)
        if (!isfinite(x[i])) {
            report(&w->bad, n * t->K + members[i].k);
            return 0;
        }
    if (!group_choose(x, x + w->padded, w->padded, &w->rules, grid)) {
        report(&w->bad, n * t->K + members[0].k);
        return 0;
    }
    w->out.scales[g * t->N + n] =
        w->rules.scale_type == W4A16_F16 ? float_to_f16(grid->scale) : float_to_bf16(grid->scale);
    w->out.qzeros[g * (t->N / 8) + n / 8] |= (uint32_t)(grid->zero - w->zero_bias) << 4 * (n % 8);
    return 1;
}

static void write_level(struct work *w, int64_t n, int64_t k, int level) {
    w->out.qweight[k / 8 * w->t->N + n] |= (uint32_t)level << 4 * (k % 8);
}

static void quantize_group(struct work *w, int64_t n, int64_t g, float *x) {
    const struct feature *members = members_of(w, g);
    for (int64_t i = 0; i < w->t->group_size; i++) x[i] = load_weight(w, n, members[i].k);
    struct group_grid grid;
    if (!write_grid(w, n, g, x, &grid)) return;
    for (int64_t i = 0; i < w->t->group_size; i++) write_level(w, n, members[i].k, group_level(x[i], &grid));
}

/* What rounding the weights of the input at place p has missed is taken over by the weights behind it. */
static void feed_back(const struct work *w, int64_t p, const float *missed, float (*columns)[COLUMNS]) {
    const float *feedback = w->statistics.feedback + p * w->t->K;
    for (int64_t q = p + 1; q < w->t->K; q++)
        for (int c = 0; c < COLUMNS; c++) columns[q][c] -= missed[c] * feedback[q];
}

/* As GPTQ, but grids are those of the weights as they came, and inputs take turns by their energy: errors of the
 * largest are made up for by all others. */
static void quantize_with_feedback(struct work *w, int64_t n, float *x, struct group_grid (*grids)[COLUMNS]) {
    int64_t size = w->t->group_size;
    float (*columns)[COLUMNS] = (float (*)[COLUMNS])(x + 2 * w->padded);
    for (int64_t g = 0; g < w->groups; g++) {
        memcpy(x + w->padded, w->statistics.energy + g * size, (size_t)size * sizeof *x);
        for (int c = 0; c < COLUMNS; c++) {
            for (int64_t i = 0; i < size; i++) x[i] = load_weight(w, n + c, g * size + i);
            if (!write_grid(w, n + c, g, x, &grids[g][c])) return;
        }
    }
    for (int64_t p = 0; p < w->t->K; p++)
        for (int c = 0; c < COLUMNS; c++) columns[p][c] = load_weight(w, n + c, w->statistics.order[p]);
    for (int64_t p = 0; p < w->t->K; p++) {
        int64_t k = w->statistics.order[p];
        float missed[COLUMNS];
        for (int c = 0; c < COLUMNS; c++) {
            const struct group_grid *grid = &grids[k / size][c];
            if (!isfinite(columns[p][c])) {
                report(&w->unbounded, (n + c) * w->t->K + k);
                return;
            }
            int level = group_level(columns[p][c], grid);
            missed[c] = columns[p][c] - grid->scale * (float)(level - grid->zero);
            write_level(w, n + c, k, level);
        }
        feed_back(w, p, missed, columns);
    }
}

static void quantize_columns(void *context, int64_t index, int thread) {
    struct work *w = context;
    float *x = w->scratch + thread * scratch_size(w);
    int64_t n = COLUMNS * index;
    if (w->statistics.feedback) {
        quantize_with_feedback(w, n, x, w->grids + thread * w->groups);
        return;
    }
    for (int64_t i = 0; i < w->t->group_size; i++) x[w->padded + i] = 1;
    for (int c = 0; c < COLUMNS; c++)
        for (int64_t g = 0; g < w->groups; g++) quantize_group(w, n + c, g, x);
}

static w4a16_status check_work(const struct quantizer *q, const struct work *w, w4a16_error *error) {
    int64_t index = w->bad < INT64_MAX ? w->bad : w->unbounded;
    if (index == INT64_MAX) return W4A16_OK;
    const char *path = q->path, *name = w->t->in.tensor->name;
    int64_t n = index / w->t->K, k = index % w->t->K;
    FAIL_IF(!isfinite(load_weight(w, n, k)), error, W4A16_BAD_FILE,
            "%s: tensor %s: element [%" PRId64 ", %" PRId64 "] is %f; accepted are finite weights", path,
            name, n, k, (double)load_weight(w, n, k));
    FAIL_IF(w->bad == INT64_MAX, error, W4A16_BAD_FILE,
            "%s: feedback to element [%" PRId64 ", %" PRId64
            "] of tensor %s grows beyond all numbers; accepted are statistics of real inputs",
            q->options->calibration, n, k, name);
    return w4a16_fail(error, W4A16_UNSUPPORTED,
                      "%s: tensor %s: the group from element [%" PRId64 ", %" PRId64
                      "] on needs a scale too large for %s; bf16 scales reach further",
                      path, name, n, k, w4a16_dtype_name(w->rules.scale_type));
}

static int larger_first(const void *a, const void *b) {
    const struct feature *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? 1 : -1;
    return (x->k > y->k) - (x->k < y->k);
}

/* Fills order and g_idx. Weights that are no numbers are left out of the keys: they are reported later. */
static void order_features(const w4a16_quantize_options *o, struct work *w) {
    const struct planned *t = w->t;
    for (int64_t k = 0; k < t->K; k++) w->order[k] = (struct feature){.k = k};
    if (o->act_order) {
        int given = o->energy && o->energy_count == t->K;
        for (int64_t n = 0; n < (given ? 1 : t->N); n++)
            for (int64_t k = 0; k < t->K; k++) {
                double weight = given ? 0 : load_weight(w, n, k);
                w->order[k].key += given ? o->energy[k] : isfinite(weight) ? weight * weight : 0;
            }
        qsort(w->order, (size_t)t->K, sizeof *w->order, larger_first);
    }
    for (int64_t p = 0; p < t->K; p++) w->out.g_idx[w->order[p].k] = (int32_t)(p / t->group_size);
}

w4a16_status quantize_layer(const struct quantizer *q, const struct planned *t, int64_t half,
                            const char *weights, const struct input_statistics *statistics,
                            struct quantized_layer *out, w4a16_error *error) {
    const w4a16_quantize_options *o = q->options;
    size_t N = (size_t)t->N, K = (size_t)t->K, groups = (size_t)plan_groups(t);
    int search = o->search || statistics->feedback; /* docs/formats.md measures feedback with either */
    int64_t output_step = t->transposed ? 1 : t->K, input_step = t->transposed ? t->halves * t->N : 1;
    struct work w = {.t = t,
                     .groups = plan_groups(t),
                     .rules = {o->symmetric, o->version == 1, o->scale_type, search},
                     .weights = (const unsigned char *)weights +
                                half * t->N * output_step * (int64_t)st_dtype_size(t->in.tensor->dtype),
                     .output_step = output_step,
                     .input_step = input_step,
                     .out = {.qweight = calloc(K / 8 * N, 4),
                             .qzeros = calloc(groups * (N / 8), 4),
                             .scales = calloc(groups * N, 2),
                             .g_idx = calloc(K, sizeof *w.out.g_idx)},
                     .order = calloc(K, sizeof *w.order),
                     .statistics = *statistics,
                     .padded = (t->group_size + GROUP_LANES - 1) / GROUP_LANES * GROUP_LANES,
                     .zero_bias = o->version == 1,
                     .bad = INT64_MAX,
                     .unbounded = INT64_MAX};
    size_t threads = (size_t)pool_threads(q->pool);
    w.scratch = calloc(threads * (size_t)scratch_size(&w), sizeof *w.scratch);
    w.grids = calloc(statistics->feedback ? threads * groups : 1, sizeof *w.grids);
    w4a16_status status;
    if (!w.out.qweight || !w.out.qzeros || !w.out.scales || !w.out.g_idx || !w.order || !w.scratch ||
        !w.grids)
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
    else {
        order_features(o, &w);
        pool_run(q->pool, t->N / 8, quantize_columns, &w);
        status = check_work(q, &w, error);
    }
    free(w.order);
    free(w.scratch);
    free(w.grids);
    *out = w.out;
    if (status != W4A16_OK) quantized_layer_free(out);
    return status;
}

void quantized_layer_free(struct quantized_layer *layer) {
    free(layer->qweight);
    free(layer->qzeros);
    free(layer->scales);
    free(layer->g_idx);
    *layer = (struct quantized_layer){0};
}
