/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/calibration.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "half.h"

/* Reads a tensor of this type whose `dims` dimensions all have this size; free *out. */
static w4a16_status read_tensor(const struct safetensors *file, const struct st_tensor *t, enum st_dtype type,
                                int dims, int64_t size, void **out, w4a16_error *error) {
    int fits = t->dtype == type && t->dims == dims;
    for (int d = 0; d < dims && fits; d++) fits = t->shape[d] == size;
    FAIL_IF(!fits, error, W4A16_BAD_FILE,
            "%s: tensor %s is %s of %d dimensions; accepted is %s of %d, each %" PRId64 " long",
            safetensors_path(file), t->name, t->dtype_name, t->dims, st_dtype_name(type), dims, size);
    *out = malloc((size_t)(t->end - t->begin) + 1);
    FAIL_IF(!*out, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", safetensors_path(file));
    return safetensors_read(file, t, *out, error);
}

/* Reads the tensor `inputs.NUMBER.part`. */
static w4a16_status read_part(const struct safetensors *file, int32_t number, const char *part,
                              enum st_dtype type, int dims, int64_t K, void **out, w4a16_error *error) {
    char name[48];
    snprintf(name, sizeof name, "inputs.%" PRId32 ".%s", number, part);
    const struct st_tensor *t = safetensors_find(file, name);
    FAIL_IF(!t, error, W4A16_BAD_FILE, "%s: there is no tensor %s", safetensors_path(file), name);
    return read_tensor(file, t, type, dims, K, out, error);
}

static w4a16_status check_values(const struct safetensors *file, const char *module, int64_t K,
                                 const struct input_statistics *s, w4a16_error *error) {
    for (int64_t k = 0; k < K; k++)
        FAIL_IF(!(s->energy[k] >= 0 && isfinite(s->energy[k])), error, W4A16_BAD_FILE,
                "%s: energy of input %" PRId64 " of module %s is %g; accepted are finite numbers >= 0",
                safetensors_path(file), k, module, (double)s->energy[k]);
    for (int64_t i = 0; i < K * K; i++)
        FAIL_IF(!isfinite(s->feedback[i]), error, W4A16_BAD_FILE,
                "%s: feedback from place %" PRId64 " to %" PRId64
                " of module %s is %g; accepted are finite numbers",
                safetensors_path(file), i / K, i % K, module, (double)s->feedback[i]);
    return W4A16_OK;
}

/* fp16 [count] to floats. */
static float *widen(const uint16_t *halves, int64_t count) {
    float *wide = malloc((size_t)count * sizeof *wide);
    for (int64_t i = 0; wide && i < count; i++) wide[i] = f16_to_float(halves[i]);
    return wide;
}

struct ranked {
    int64_t k;
    float energy;
};

static int larger_first(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->energy != y->energy) return x->energy < y->energy ? 1 : -1;
    return (x->k > y->k) - (x->k < y->k);
}

static int64_t *order_of(const float *energy, int64_t K) {
    struct ranked *ranks = malloc(((size_t)K + 1) * sizeof *ranks);
    int64_t *order = malloc(((size_t)K + 1) * sizeof *order);
    for (int64_t k = 0; ranks && order && k < K; k++) ranks[k] = (struct ranked){k, energy[k]};
    if (ranks && order) qsort(ranks, (size_t)K, sizeof *ranks, larger_first);
    for (int64_t p = 0; ranks && order && p < K; p++) order[p] = ranks[p].k;
    if (!ranks) {
        free(order);
        order = NULL;
    }
    free(ranks);
    return order;
}

w4a16_status statistics_read(const struct safetensors *file, const char *module, int64_t K,
                             struct input_statistics *out, w4a16_error *error) {
    *out = (struct input_statistics){0};
    char *name;
    FAIL_IF(asprintf(&name, "%s.inputs", module) < 0, error, W4A16_OUT_OF_MEMORY, "%s: out of memory",
            safetensors_path(file));
    const struct st_tensor *inputs = safetensors_find(file, name);
    free(name);
    if (!inputs) return W4A16_OK;
    void *number = NULL, *floats = NULL, *halves = NULL;
    w4a16_status status = read_tensor(file, inputs, ST_I32, 1, 1, &number, error);
    int32_t i = 0;
    if (status == W4A16_OK) memcpy(&i, number, sizeof i);
    if (status == W4A16_OK) status = read_part(file, i, "energy", ST_F32, 1, K, &floats, error);
    out->energy = floats;
    if (status == W4A16_OK) status = read_part(file, i, "feedback", ST_F16, 2, K, &halves, error);
    if (status == W4A16_OK && !(out->feedback = widen(halves, K * K)))
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", safetensors_path(file));
    free(number);
    free(halves);
    if (status == W4A16_OK) status = check_values(file, module, K, out, error);
    if (status == W4A16_OK && !(out->order = order_of(out->energy, K)))
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", safetensors_path(file));
    if (status != W4A16_OK) statistics_free(out);
    return status;
}

void statistics_free(struct input_statistics *statistics) {
    free(statistics->energy);
    free(statistics->order);
    free(statistics->feedback);
    *statistics = (struct input_statistics){0};
}
