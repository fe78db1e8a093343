/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "clock.h"
#include "core/error.h"
#include "half.h"
#include "npy.h"
#include "parallel.h"
#include "progress.h"
#include "report.h"
#include "w4a16/checkpoint.h"

/* Tensors of one kind that fared alike. */
struct fate {
    char *kind, *reason, *type;
    int64_t tensors, layers, group_size;
    uint64_t bytes;
};

struct seen {
    struct progress progress;
    size_t count;
    struct fate *fates;
    uint64_t bytes, quantized_bytes;
    int64_t tensors, layers;
    int64_t anew; /* layers of what was quantised before */
    int64_t calibrated;
    int out_of_memory;
};

static int same_text(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

static struct fate *find_fate(struct seen *seen, const w4a16_quantize_step *step) {
    for (size_t i = 0; i < seen->count; i++) {
        struct fate *f = &seen->fates[i];
        if (strcmp(f->kind, step->kind) == 0 && same_text(f->reason, step->reason) &&
            strcmp(f->type, step->type) == 0 && f->group_size == step->group_size)
            return f;
    }
    struct fate *fates = realloc(seen->fates, (seen->count + 1) * sizeof *fates);
    if (!fates) return NULL;
    seen->fates = fates;
    struct fate *f = &fates[seen->count];
    *f = (struct fate){.kind = strdup(step->kind),
                       .reason = step->reason ? strdup(step->reason) : NULL,
                       .type = strdup(step->type),
                       .group_size = step->group_size};
    seen->count++;
    return f->kind && f->type && (f->reason || !step->reason) ? f : NULL;
}

static void on_tensor(void *context, const w4a16_quantize_step *step) {
    struct seen *seen = context;
    progress_show(&seen->progress, step->tensor, step->done, step->total);
    struct fate *f = seen->out_of_memory ? NULL : find_fate(seen, step);
    if (!f) {
        seen->out_of_memory = 1;
        return;
    }
    f->tensors++;
    f->layers += step->layers;
    f->bytes += step->bytes;
    seen->tensors++;
    seen->layers += step->layers;
    seen->bytes += step->bytes;
    if (step->layers) seen->quantized_bytes += step->bytes;
    if (step->quantized_before) seen->anew += step->layers;
    seen->calibrated += step->calibrated;
}

static void forget(struct seen *seen) {
    for (size_t i = 0; i < seen->count; i++) {
        free(seen->fates[i].kind);
        free(seen->fates[i].reason);
        free(seen->fates[i].type);
    }
    free(seen->fates);
}

static double percent(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* What became of what, kind by kind. */
static int print_seen(const struct seen *seen, const char *out_dir, const char *calibration, double seconds,
                      enum report_form form) {
    const struct report_column columns[] = {
        {"tensor", "tensors", -10, NULL, 0}, {"type", "type", -4, NULL, seen->anew == 0},
        {"tensors", "number", 6, NULL, 1},   {"layers", "layers", 6, NULL, 0},
        {"group_size", "group", 6, NULL, 0}, {"bytes_percent", "bytes %", 7, "%.2f", 0},
        {"fate", "became", -9, NULL, 0},     {"reason", "because", -22, NULL, 0},
    };
    int width = 0;
    for (size_t i = 0; i < seen->count; i++)
        if ((int)strlen(seen->fates[i].kind) > width) width = (int)strlen(seen->fates[i].kind);
    struct report report;
    report_begin(&report, "quantize", columns, sizeof columns / sizeof columns[0], width, form,
                 doc_pack("{s:s, s:I, s:I, s:I, s:I, s:f, s:f}", "checkpoint", out_dir, "tensors",
                          (json_int_t)seen->tensors, "layers", (json_int_t)seen->layers, "bytes",
                          (json_int_t)seen->bytes, "quantized_bytes", (json_int_t)seen->quantized_bytes,
                          "quantized_percent", percent(seen->quantized_bytes, seen->bytes), "elapsed_s",
                          seconds));
    for (size_t i = 0; i < seen->count; i++) {
        const struct fate *f = &seen->fates[i];
        report_row(&report,
                   doc_pack("{s:s, s:s, s:I, s:o, s:o, s:I, s:f, s:s, s:s}", "tensor", f->kind, "type",
                            f->type, "tensors", (json_int_t)f->tensors, "layers",
                            f->layers ? json_integer((json_int_t)f->layers) : json_null(), "group_size",
                            f->layers ? json_integer((json_int_t)f->group_size) : json_null(), "bytes",
                            (json_int_t)f->bytes, "bytes_percent", percent(f->bytes, seen->bytes), "fate",
                            f->layers ? "quantised" : "kept", "reason", f->reason));
    }
    report_note(&report, "%s: %" PRId64 " layers quantised, %.2f %% of %" PRIu64 " bytes, in %.1f s", out_dir,
                seen->layers, percent(seen->quantized_bytes, seen->bytes), seen->bytes, seconds);
    if (seen->anew)
        report_note(&report,
                    "%" PRId64 " of the layers were quantised before: they are made anew of those values, "
                    "with the errors of both",
                    seen->anew);
    if (calibration)
        report_note(&report, "%" PRId64 " of the layers by the statistics of %s", seen->calibrated,
                    calibration);
    return report_end(&report);
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
    const char *activations = NULL, *calibration = NULL;
    struct text_list ignore = {0};
    int act_order = 0, format = 0, type = 0, asymmetric = 0, search = 0, json = 0, wide = 0, quiet = 0, first;
    int no_defaults = 0, force = 0;
    const struct option_row rows[] = {
        {"group-size", OPTION_INT, &group_size, "N", "inputs that share a scale; -1 = all (default 128)", -1,
         1 << 24, NULL},
        ROW_FLAG("asymmetric", &asymmetric, "a zero for each group; default: 8 for all"),
        {"format", OPTION_CHOICE, &format, "NAME", "gptq (default) or gptq_v2", 0, 0, formats},
        {"scale-type", OPTION_CHOICE, &type, "TYPE", "fp16 (default) or bf16", 0, 0, types},
        ROW_FLAG("search", &search, "scales of least squared error; default: plain rounding"),
        ROW_FLAG("act-order", &act_order, "groups of like inputs instead of neighbours (desc_act)"),
        {"activations", OPTION_TEXT, &activations, "FILE",
         "with --act-order: .npy [rows, K] whose energy sorts the "
         "inputs\n                             of layers with that K; others: by the norm of their weights",
         0, 0, NULL},
        {"calibration", OPTION_TEXT, &calibration, "FILE",
         "statistics of the layers' inputs, by `python -m w4a16 calibrate`:\n"
         "                             weights make up for each other's errors (GPTQ), by --search",
         0, 0, NULL},
        {"ignore", OPTION_TEXTS, &ignore, "PATTERN",
         "keep modules in 16 bits: a name (its last parts are enough), or a\n"
         "                             regular expression; may be given again",
         0, 0, NULL},
        ROW_FLAG("no-defaults", &no_defaults,
                 "only --ignore: not also embeddings, heads, routers, towers, MTP"),
        ROW_FLAG("force", &force, "replace the model that OUT_DIR holds; other files stay"),
        ROW_THREADS(&threads),
        ROW_JSON(&json),
        ROW_WIDE(&wide),
        ROW_NO_PROGRESS(&quiet),
    };
    const struct usage usage = {
        "quantize",
        "[options] IN OUT_DIR",
        "Quantises the linear layers of IN, fp32, fp16 or bf16, a .safetensors file or a directory with\n"
        "one or with an index, to a GPTQ model in OUT_DIR: weights, config.json with quantization_config,\n"
        "and what else a model's directory has. Of a .gguf file (llama, gemma3) the values are quantised,\n"
        "and configuration and tokenizer made. Embeddings, output heads, routers, towers for images and\n"
        "sound and heads for further tokens stay in 16 bits, and so does what does not fit; the table says\n"
        "what and why.",
        2,
        2,
        rows,
        sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;
    if (group_size == 0) return usage_error("quantize", "--group-size 0: accepted are -1 and sizes >= 1");

    w4a16_quantize_options options;
    w4a16_quantize_init(&options, sizeof options);
    options.group_size = group_size;
    options.symmetric = !asymmetric;
    options.version = format + 1;
    options.scale_type = type ? W4A16_BF16 : W4A16_F16;
    options.search = search;
    options.threads = threads ? (int)threads : pool_available_threads();
    w4a16_error error;
    double *energy = NULL;
    options.act_order = act_order;
    if (activations && !act_order) return usage_error("quantize", "--activations is for --act-order");
    if (activations && read_energy(activations, &energy, &options.energy_count, &error) != W4A16_OK)
        return report_error("quantize", &error);
    options.energy = energy;
    if (calibration && act_order) return usage_error("quantize", "--calibration is not for --act-order");
    options.calibration = calibration;
    options.ignore = ignore.values;
    options.ignore_count = ignore.count;
    options.keep_usual = !no_defaults;
    options.replace = force;
    const char *out_dir = argv[first + 1];
    struct seen seen = {.count = 0};
    progress_begin(&seen.progress, !quiet);
    double start = now_seconds();
    w4a16_status status = w4a16_quantize_file(argv[first], out_dir, &options, on_tensor, &seen, &error);
    progress_clear(&seen.progress);
    free(energy);
    double seconds = now_seconds() - start;
    if (status == W4A16_OK && seen.out_of_memory) {
        w4a16_fail(&error, W4A16_OUT_OF_MEMORY, "%s is complete; out of memory for the table of it", out_dir);
        status = error.status;
    }
    int printed =
        status == W4A16_OK ? print_seen(&seen, out_dir, calibration, seconds, report_form_of(json, wide)) : 0;
    forget(&seen);
    if (status != W4A16_OK) return report_error("quantize", &error);
    return printed == 0 ? EXIT_OK : EXIT_FAILED;
}
