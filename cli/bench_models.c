/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "bench_models.h"

#include <stddef.h>

#define MODEL(name, layers, hidden, query, key_value, intermediate)                                          \
    {                                                                                                        \
        name, layers, {                                                                                      \
            {"qkv", query + 2 * key_value, hidden}, {"o", hidden, query},                                    \
                {"gate_up", 2 * intermediate, hidden}, {                                                     \
                "down", hidden, intermediate                                                                 \
            }                                                                                                \
        }                                                                                                    \
    }

const struct bench_model bench_models[] = {
    MODEL("llama-3.1-8b", 32, 4096, 4096, 1024, 14336),
    MODEL("qwen3-4b", 36, 2560, 4096, 1024, 9728),
    MODEL("smollm2-135m", 30, 576, 576, 192, 1536),
    MODEL("tiny", 1, 256, 256, 128, 512),
    {NULL, 0, {{NULL, 0, 0}}},
};
