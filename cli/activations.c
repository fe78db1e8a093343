/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "activations.h"

#include <string.h>

#include "core/error.h"
#include "half.h"
#include "random.h"

#define OUTLIER_CHANNELS 200 /* one in so many */
#define OUTLIER_SIZE     60

static uint16_t activation_from_float(w4a16_dtype type, float value) {
    return type == W4A16_F16 ? float_to_f16(value) : float_to_bf16(value);
}

void activations_random(uint64_t seed, const char *name, w4a16_dtype type, int64_t rows, int64_t K,
                        uint16_t *a) {
    uint64_t stream = random_stream(seed, name);
    for (int64_t m = 0; m < rows; m++)
        for (int64_t k = 0; k < K; k++) {
            float value = random_normal(random_at(stream, (uint64_t)(m * K + k)));
            if (random_at(~stream, (uint64_t)k) % OUTLIER_CHANNELS == 0) value *= OUTLIER_SIZE;
            a[m * K + k] = activation_from_float(type, value);
        }
}

w4a16_status activations_convert(const char *label, const struct npy *npy, const void *data, w4a16_dtype type,
                                 uint16_t *a, w4a16_error *error) {
    FAIL_IF(npy->type != type && npy->type != W4A16_F32, error, W4A16_UNSUPPORTED,
            "%s: holds %s; a run with --act %s accepts %s and fp32", label, w4a16_dtype_name(npy->type),
            w4a16_dtype_name(type), w4a16_dtype_name(type));
    size_t count = (size_t)(npy->rows * npy->columns);
    if (npy->type == type) {
        memcpy(a, data, count * sizeof *a);
        return W4A16_OK;
    }
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, (const char *)data + 4 * i, 4);
        a[i] = activation_from_float(type, value);
    }
    return W4A16_OK;
}
