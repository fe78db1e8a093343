/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What is known of layers' inputs from a text that the model has read: a safetensors file that
 * `python -m w4a16 calibrate` writes. Layers that read the same inputs, as q, k and v do, share them.
 *
 *     MODULE.inputs     I32 [1]    the number i of the layer's inputs
 *     inputs.i.energy   F32 [K]    the mean square of each input, relative to the others
 *     inputs.i.feedback F16 [K, K] row p, of the input that has the p-th largest energy (of equal ones the first
 *                                  in the layer comes first): how much of the error at its weight the weights of
 *                                  the inputs behind it in this order have to take over, per unit of it; what
 *                                  stands up to p is not looked at
 *
 * The feedback is GPTQ's, U[p][q] / U[p][p], of the Cholesky factor U (upper) of the inverse of the inputs'
 * second moments in this order.
 */
#ifndef W4A16_FORMAT_CALIBRATION_H
#define W4A16_FORMAT_CALIBRATION_H

#include "format/safetensors.h"

struct input_statistics {
    float *energy;   /* [K], finite, >= 0 */
    int64_t *order;  /* [K]: the inputs, those of larger energy first */
    float *feedback; /* [K][K] in this order, finite */
};

/* Reads those of a module with K inputs; nulls if the file has none. Free with statistics_free. */
w4a16_status statistics_read(const struct safetensors *file, const char *module, int64_t K,
                             struct input_statistics *out, w4a16_error *error);
void statistics_free(struct input_statistics *statistics);

#endif
