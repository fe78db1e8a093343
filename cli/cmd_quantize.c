/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "clock.h"
#include "core/error.h"
#include "half.h"
#include "npy.h"
#include "parallel.h"
#include "progress.h"
#include "report.h"
#include "w4a16/checkpoint.h"

struct seen {
    struct progress progress;
    size_t tensors;
};

static void on_tensor(void *context, const char *tensor, size_t done, size_t total) {
    struct seen *seen = context;
    seen->tensors = done;
    progress_show(&seen->progress, tensor, done, total);
}

/* Sums of squares of the columns of an .npy file of activations, [rows, K]; free *energy. */
static w4a16_status read_energy(const char *path, double **energy, int64_t *count, w4a16_error *error) {
    struct npy npy;
    void *data;
    w4a16_status status = npy_read(path, &npy, &data, error);
    if (status != W4A16_OK) return status;
    double *sums = calloc((size_t)npy.columns + 1, sizeof *sums);
    for (int64_t i = 0; sums && i < npy.rows * npy.columns; i++) {
        double value = npy.type == W4A16_F32   ? ((const float *)data)[i]
                       : npy.type == W4A16_F16 ? f16_to_float(((const uint16_t *)data)[i])
                                               : bf16_to_float(((const uint16_t *)data)[i]);
        sums[i % npy.columns] += value * value;
    }
    free(data);
    *energy = sums;
    *count = npy.columns;
    return sums ? W4A16_OK : w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
}

int cmd_quantize(int argc, char **argv) {
    static const char *const formats[] = {"gptq", "gptq_v2", NULL};
    static const char *const types[] = {"fp16", "bf16", NULL};
    int64_t group_size = 128, threads = 0;
    const char *activations = NULL;
    int act_order = 0, format = 0, type = 0, asymmetric = 0, plain = 0, json = 0, quiet = 0, first;
    const struct option_row rows[] = {
        {"group-size", OPTION_INT, &group_size, "N", "inputs that share a scale; -1 = all (default 128)", -1,
         1 << 24, NULL},
        {"asymmetric", OPTION_FLAG, &asymmetric, NULL, "a zero for each group; default: 8 for all", 0, 0,
         NULL},
        {"format", OPTION_CHOICE, &format, "NAME", "gptq (default) or gptq_v2", 0, 0, formats},
        {"scale-type", OPTION_CHOICE, &type, "TYPE", "fp16 (default) or bf16", 0, 0, types},
        {"min-max", OPTION_FLAG, &plain, NULL, "plain min-max scales; default: least squared error", 0, 0,
         NULL},
        {"act-order", OPTION_FLAG, &act_order, NULL, "groups of like inputs instead of neighbours (desc_act)",
         0, 0, NULL},
        {"activations", OPTION_TEXT, &activations, "FILE",
         "with --act-order: .npy [rows, K] whose energy sorts the "
         "inputs\n                             of layers with that K; others: by the norm of their weights",
         0, 0, NULL},
        ROW_THREADS(&threads),
        ROW_JSON(&json),
        ROW_NO_PROGRESS(&quiet),
    };
    const struct usage usage = {
        "quantize",
        "[options] IN OUT_DIR",
        "Quantises every linear layer (2-D *.weight of type fp32, fp16 or bf16; embeddings and lm_head\n"
        "excepted) of IN, a .safetensors file or a directory with one or with an index, to a GPTQ\n"
        "checkpoint: OUT_DIR/model.safetensors and OUT_DIR/quantize_config.json. Other tensors are copied.",
        2,
        2,
        rows,
        sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;
    if (group_size == 0) return usage_error("quantize", "--group-size 0: accepted are -1 and sizes >= 1");

    w4a16_quantize_options options;
    w4a16_quantize_init(&options);
    options.group_size = group_size;
    options.symmetric = !asymmetric;
    options.version = format + 1;
    options.scale_type = type ? W4A16_BF16 : W4A16_F16;
    options.search = !plain;
    options.threads = threads ? (int)threads : pool_available_threads();
    w4a16_error error;
    double *energy = NULL;
    options.act_order = act_order;
    if (activations && !act_order) return usage_error("quantize", "--activations is for --act-order");
    if (activations && read_energy(activations, &energy, &options.energy_count, &error) != W4A16_OK)
        return report_error("quantize", &error);
    options.energy = energy;
    struct seen seen = {.tensors = 0};
    progress_begin(&seen.progress, !quiet);
    double start = now_seconds();
    w4a16_status status =
        w4a16_quantize_file(argv[first], argv[first + 1], &options, on_tensor, &seen, &error);
    progress_clear(&seen.progress);
    free(energy);
    if (status != W4A16_OK) return report_error("quantize", &error);
    double seconds = now_seconds() - start;
    if (json)
        printf("{\"schema_version\": %d, \"verb\": \"quantize\", \"tensors\": %zu, \"elapsed_s\": %.3f}\n",
               SCHEMA_VERSION, seen.tensors, seconds);
    else
        printf("%s/model.safetensors: %zu tensors quantised or copied in %.1f s\n", argv[first + 1],
               seen.tensors, seconds);
    return EXIT_OK;
}
