/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* One linear layer quantised in memory. */
#ifndef W4A16_FORMAT_QUANTIZE_LAYER_H
#define W4A16_FORMAT_QUANTIZE_LAYER_H

#include "format/calibration.h"
#include "format/quantize_plan.h"
#include "parallel.h"

/* What all layers of a model are quantised with. */
struct quantizer {
    const w4a16_quantize_options *options;
    const char *path; /* of the model, for messages */
    struct pool *pool;
};

/* As GPTQ stores it. */
struct quantized_layer {
    uint32_t *qweight; /* [K / 8][N] */
    uint32_t *qzeros;  /* [groups][N / 8] */
    uint16_t *scales;  /* [groups][N] */
    int32_t *g_idx;    /* [K] */
};

/*
 * Quantises the values of a tensor that is planned to be; half: which part of its outputs the layer has;
 * statistics: of the layer's inputs, or nulls. Free *out with quantized_layer_free; nothing is to be freed after
 * a failure.
 */
w4a16_status quantize_layer(const struct quantizer *q, const struct planned *t, int64_t half,
                            const char *weights, const struct input_statistics *statistics,
                            struct quantized_layer *out, w4a16_error *error);
void quantized_layer_free(struct quantized_layer *layer);

#endif
