/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "report.h"
#include "w4a16/checkpoint.h"

#define MODELS_MAX 16

int cmd_make_model(int argc, char **argv) {
    const char *names[MODELS_MAX + 1] = {0};
    for (size_t i = 0; i < MODELS_MAX && w4a16_model_name(i); i++) names[i] = w4a16_model_name(i);
    int model = 0, json = 0, first;
    int64_t seed = 1;
    const struct option_row rows[] = {
        {"model", OPTION_CHOICE, &model, "NAME", "qwen3-4b (default), llama-3.1-8b or tiny", 0, 0, names},
        {"seed", OPTION_INT, &seed, "N", "same seed, same bytes (default 1)", 0, INT64_MAX, NULL},
        ROW_FLAG("json", &json, "print JSON"),
    };
    const struct usage usage = {
        "make-model",
        "[options] OUT.safetensors",
        "Writes one decoder block of seeded, LLM-like bf16 weights in the shapes of a named "
        "model:\nq, k, v, o, gate, up, down projections and two norms.",
        1,
        1,
        rows,
        sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;
    w4a16_error error;
    if (w4a16_make_model(names[model], (uint64_t)seed, argv[first], &error) != W4A16_OK)
        return report_error("make-model", &error);
    if (json)
        printf("{\"schema_version\": %d, \"verb\": \"make-model\", \"model\": \"%s\", \"seed\": %" PRId64
               "}\n",
               SCHEMA_VERSION, names[model], seed);
    else
        printf("%s: %s, seed %" PRId64 "\n", argv[first], names[model], seed);
    return EXIT_OK;
}
