/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What is known of layers' inputs from a text that the model has read: a safetensors file that
 * `python -m w4a16 calibrate` writes. Layers that read the same inputs, as q, k and v do, share them.
 *
 *     MODULE.inputs       I32 [1]    the number i of the layer's inputs
 *     inputs.i.importance F32 [K]    what an error of a weight of input k costs when the weights behind it can
 *                                    still make up for it, relative to the others
 *     inputs.i.feedback   F16 [K, K] row k: how much of the error at k each weight behind k has to take over,
 *                                    per unit of it; what stands up to k is not looked at
 *
 * Both are of the Cholesky factor U (upper) of the inverse of the inputs' second moments, as GPTQ has them:
 * 1 / U[k][k]^2, and U[k][j] / U[k][k].
 */
#ifndef W4A16_FORMAT_CALIBRATION_H
#define W4A16_FORMAT_CALIBRATION_H

#include "format/safetensors.h"

struct input_statistics {
    float *importance; /* [K], finite, >= 0 */
    float *feedback;   /* [K][K], finite */
};

/* Reads those of a module with K inputs; nulls if the file has none. Free with statistics_free. */
w4a16_status statistics_read(const struct safetensors *file, const char *module, int64_t K,
                             struct input_statistics *out, w4a16_error *error);
void statistics_free(struct input_statistics *statistics);

#endif
