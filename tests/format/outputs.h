/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* How near a quantised layer's outputs are to those of the weights it was made of; and the folder that a test works in. */
#ifndef TESTS_FORMAT_OUTPUTS_H
#define TESTS_FORMAT_OUTPUTS_H

#include <stdlib.h>
#include <unistd.h>

#include "half.h"
#include "w4a16/checkpoint.h"

static inline void must(w4a16_status status, const w4a16_error *error) {
    if (status != W4A16_OK) fail_msg("%s", error->message);
}

/* A folder of the template's name, for a group's set-up. Returns 0, or -1. */
static inline int enter_folder(char *template, void **state) {
    if (!mkdtemp(template) || chdir(template) != 0) return -1;
    *state = template;
    return 0;
}

static inline int remove_folder(void **state) {
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", (const char *)*state);
    return chdir("/") != 0 || system(command) != 0 ? -1 : 0;
}

/* Mean square distance in fp64: of the first layer of the checkpoint in dir, for fp16 activations [M][K], weights [N][K]. */
static inline double outputs_distance(const char *dir, const uint16_t *activations, const float *weights,
                                      int M, int N, int K) {
    w4a16_error error;
    w4a16_checkpoint *checkpoint;
    w4a16_layer *layer;
    double *y = malloc(sizeof *y * (size_t)(M * N)), sum = 0;
    assert_non_null(y);
    must(w4a16_checkpoint_open(dir, &checkpoint, &error), &error);
    must(w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error), &error);
    must(w4a16_reference(layer, W4A16_F16, M, activations, K, y, NULL, 1, &error), &error);
    w4a16_layer_free(layer);
    w4a16_checkpoint_close(checkpoint);
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            double exact = 0;
            for (int k = 0; k < K; k++)
                exact += (double)f16_to_float(activations[m * K + k]) * weights[n * K + k];
            sum += (y[m * N + n] - exact) * (y[m * N + n] - exact);
        }
    free(y);
    return sum / (M * N);
}

#endif
