/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Stored values of a canonical layer as floats: exact. */
#ifndef W4A16_LAYER_VALUES_H
#define W4A16_LAYER_VALUES_H

#include <string.h>

#include "half.h"
#include "w4a16/layer.h"

/* A 16-bit float of either type. */
static inline float float_of_16(w4a16_dtype type, uint16_t bits) {
    return type == W4A16_F16 ? f16_to_float(bits) : bf16_to_float(bits);
}

/* Sums of less in magnitude than this stay in the range of fp32, however they are rounded on their way. */
#define SUM_IN_RANGE 0x1p127

/* Element n of the bias; 0 if the layer has none. */
static inline float bias_of(const w4a16_layer *l, int64_t n) {
    if (!l->bias) return 0;
    if (l->bias_type == W4A16_F32) {
        float value;
        memcpy(&value, (const char *)l->bias + 4 * n, 4);
        return value;
    }
    uint16_t half;
    memcpy(&half, (const char *)l->bias + 2 * n, 2);
    return float_of_16(l->bias_type, half);
}

#endif
