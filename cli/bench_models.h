/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Shapes of the linear layers of known models, as engines join them: q|k|v and gate|up are one each. */
#ifndef CLI_BENCH_MODELS_H
#define CLI_BENCH_MODELS_H

#include <stdint.h>

enum { BENCH_SHAPES = 4 };

struct bench_model {
    const char *name;
    int64_t layers; /* decoder blocks, each with every shape once */
    struct bench_shape {
        const char *name;
        int64_t N, K;
    } shapes[BENCH_SHAPES];
};

extern const struct bench_model bench_models[]; /* of no name behind the last */

#endif
