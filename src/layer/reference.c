/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The fp64 reference. A weight (11-bit scale times 5-bit integer) and its product with an activation are
 * exact in a double; only the additions round, 2^-53 each, far below anything that is compared with the
 * result.
 *
 * Work is cut into tiles of 64 columns, and a tile into blocks of 16 rows whose sums stay in the first-level
 * cache; weights are decoded eight K (one word per column) at a time.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "layer/values.h"
#include "parallel.h"
#include "w4a16/layer.h"

#define TILE 64
#define ROWS 16

struct job {
    const w4a16_layer *layer;
    int64_t M;
    const float *a;       /* [M][K] */
    const int32_t *group; /* [K]: the group of each k, in original order; null without act-order */
    double least;         /* what an activation that is not 0 counts as in the mass, at least */
    double *y, *mass;     /* [M][N]; mass may be null */
};

/*
 * The dot units align fp16 subnormals as numbers of 2^-14, and lose bf16 sums below 2^-126; an error of a sum
 * is counted as 2^-24 of its terms (docs/numerics.md).
 */
#define LEAST_F16  0x1p-14
#define LEAST_BF16 0x1p-102
/* fp32 sums below 2^-126, in up to 16 waves. */
#define LEAST_MASS 0x1p-122

/*
 * Whether a group's sum, which is formed before it is scaled, could leave the range of fp32: q - zero is 16
 * at most.
 */
static int may_overflow(const float *row, int64_t K) {
    double sum = 0;
    for (int64_t k = 0; k < K; k++) sum += __builtin_fabs((double)row[k]);
    return 16 * sum >= SUM_IN_RANGE;
}

/* A group's scales and zeros for the columns of a tile. */
struct tile_group {
    int64_t index;
    double scale[TILE], zero[TILE];
};

static void load_group(const w4a16_layer *l, int64_t n0, int64_t columns, int64_t index,
                       struct tile_group *g) {
    g->index = index;
    for (int64_t c = 0; c < columns; c++) {
        int64_t at = index * l->N + n0 + c;
        g->scale[c] = float_of_16(l->scale_type, l->scale[at]);
        g->zero[c] = l->zero ? l->zero[at] : 8;
    }
}

/* w[i][c] = the weight of k = 8 * word + i and column n0 + c; zero beyond K and N. */
static void decode(const struct job *job, int64_t word, int64_t n0, int64_t columns, struct tile_group *g,
                   double w[8][TILE]) {
    const w4a16_layer *l = job->layer;
    const uint32_t *q = l->q + word * l->N + n0;
    for (int i = 0; i < 8; i++) {
        int64_t k = 8 * word + i;
        if (k >= l->K) {
            memset(w[i], 0, sizeof w[i]);
            continue;
        }
        int64_t index = job->group ? job->group[k] : k / l->group_size;
        if (index != g->index) load_group(l, n0, columns, index, g);
        for (int64_t c = 0; c < columns; c++)
            w[i][c] = g->scale[c] * ((int)(q[c] >> 4 * i & 15) - g->zero[c]);
    }
}

static void accumulate(const double a[8], double least, double w[8][TILE], double *y, double *mass) {
    double counted[8];
    for (int i = 0; i < 8; i++) {
        double magnitude = __builtin_fabs(a[i]);
        counted[i] = magnitude > 0 && magnitude < least ? least : magnitude;
    }
    for (int c = 0; c < TILE; c++) {
        double sum = y[c], magnitude = mass[c];
        for (int i = 0; i < 8; i++) {
            sum += a[i] * w[i][c];
            magnitude += counted[i] * __builtin_fabs(w[i][c]);
        }
        y[c] = sum;
        mass[c] = magnitude;
    }
}

static void tile(void *context, int64_t index, int thread) {
    (void)thread;
    const struct job *job = context;
    const w4a16_layer *l = job->layer;
    int64_t n0 = index * TILE, columns = l->N - n0 < TILE ? l->N - n0 : TILE;
    double w[8][TILE] = {{0}}, y[ROWS][TILE], mass[ROWS][TILE];
    for (int64_t m0 = 0; m0 < job->M; m0 += ROWS) {
        int64_t rows = job->M - m0 < ROWS ? job->M - m0 : ROWS;
        struct tile_group g = {.index = -1};
        memset(y, 0, sizeof y);
        memset(mass, 0, sizeof mass);
        for (int64_t word = 0; 8 * word < l->K; word++) {
            decode(job, word, n0, columns, &g, w);
            for (int64_t m = 0; m < rows; m++) {
                const float *row = job->a + (m0 + m) * l->K;
                double a[8] = {0};
                for (int i = 0; i < 8 && 8 * word + i < l->K; i++) a[i] = row[8 * word + i];
                accumulate(a, job->least, w, y[m], mass[m]);
            }
        }
        for (int64_t m = 0; m < rows; m++) {
            double least = may_overflow(job->a + (m0 + m) * l->K, l->K) ? SUM_IN_RANGE : 0;
            for (int64_t c = 0; c < columns; c++) {
                int64_t at = (m0 + m) * l->N + n0 + c;
                double bias = bias_of(l, n0 + c);
                job->y[at] = y[m][c] + bias;
                if (job->mass) job->mass[at] = fmax(mass[m][c] + __builtin_fabs(bias) + LEAST_MASS, least);
            }
        }
    }
}

/* Exact; bf16 subnormals become zeros of their sign. */
static float activation(w4a16_dtype type, uint16_t bits) {
    if (type == W4A16_F16) return f16_to_float(bits);
    return bf16_to_float(bits & 0x7f80 ? bits : bits & 0x8000);
}

/* The group of each k of an act-order layer. */
static void find_groups(const w4a16_layer *l, int32_t *group) {
    for (int64_t p = 0; p < w4a16_layer_padded_K(l); p++)
        if (l->perm[p] >= 0) group[l->perm[p]] = (int32_t)(p / l->group_size);
}

w4a16_status w4a16_reference(const w4a16_layer *layer, w4a16_dtype act, int64_t M, const void *a, int64_t lda,
                             double *y, double *mass, int threads, w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!layer || (M && (!a || !y)), error, W4A16_INVALID_ARGUMENT, "reference: %s is null",
            !layer ? "layer"
            : !a   ? "a"
                   : "y");
    FAIL_IF(act != W4A16_F16 && act != W4A16_BF16, error, W4A16_INVALID_ARGUMENT,
            "reference: act is %d; accepted are %d (fp16) and %d (bf16)", (int)act, W4A16_F16, W4A16_BF16);
    FAIL_IF(M < 0 || M > W4A16_SIZE_MAX || lda < layer->K || lda > W4A16_STRIDE_MAX, error,
            W4A16_INVALID_ARGUMENT,
            "reference: M is %" PRId64 " and lda %" PRId64 "; accepted are M of 0 to %d, lda of K = %" PRId64
            " to %d",
            M, lda, W4A16_SIZE_MAX, layer->K, W4A16_STRIDE_MAX);
    FAIL_IF(threads < 1 || threads > POOL_THREADS_MAX, error, W4A16_INVALID_ARGUMENT,
            "reference: threads is %d; accepted are 1 to %d", threads, POOL_THREADS_MAX);
    if (M == 0) return W4A16_OK;
    struct pool *pool = pool_create(threads);
    float *floats = calloc((size_t)M, (size_t)layer->K * sizeof *floats);
    int32_t *group = layer->perm ? malloc((size_t)layer->K * sizeof *group) : NULL;
    w4a16_status status = W4A16_OK;
    if (!pool || !floats || (layer->perm && !group))
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "reference: out of memory or threads");
    else {
        const unsigned char *bytes = a;
        for (int64_t m = 0; m < M; m++)
            for (int64_t k = 0; k < layer->K; k++) {
                uint16_t bits;
                memcpy(&bits, bytes + 2 * (m * lda + k), 2);
                floats[m * layer->K + k] = activation(act, bits);
            }
        if (group) find_groups(layer, group);
        struct job job = {layer, M, floats, group, act == W4A16_F16 ? LEAST_F16 : LEAST_BF16, y, mass};
        pool_run(pool, (layer->N + TILE - 1) / TILE, tile, &job);
    }
    free(group);
    free(floats);
    pool_destroy(pool);
    return status;
}
