/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* How fast products are: verified first, then timed with weights that no cache holds. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_case.h"
#include "bench_machine.h"
#include "bench_models.h"
#include "bench_plot.h"
#include "bench_sim.h"
#include "cli.h"
#include "clock.h"
#include "core/output_error.h"
#include "cpu/levels.h"
#include "device.h"
#include "output.h"
#include "progress.h"
#include "report.h"

static const char *const devices[] = {"cpu", "sim", NULL};
static const char *const types[] = {"both", "fp16", "bf16", NULL};

struct bench {
    const char *model;
    const struct bench_shape *shapes;
    int64_t shape_count, layers;
    struct int_list ms;
    int type; /* of types */
    int64_t milliseconds, threads;
    int processor_time;
    struct bench_kind kind;
    w4a16_device *device;
    struct bench_machine machine;
    struct report report;
    struct bench_series series[BENCH_SERIES];
    FILE *csv; /* or null */
    struct progress progress;
    size_t done, all; /* cases */
};

/* ---- a row ----------------------------------------------------------------------------------------------- */

static const struct report_column columns[] = {
    {"layer", "layer", -8, NULL, 0},
    {"n", "N", 6, NULL, 1},
    {"k", "K", 6, NULL, 1},
    {"m", "M", 5, NULL, 0},
    {"type", "type", -4, NULL, 0},
    {"least_us", "min us", 8, "%.1f", 0},
    {"median_us", "median us", 9, "%.1f", 0},
    {"gb_per_s", "GB/s", 5, "%.1f", 0},
    {"stream_percent", "stream", 6, "%.0f %%", 0},
    {"gflops", "GFLOPS", 6, "%.0f", 0},
    {"peak_percent", "peak", 5, "%.0f %%", 0},
    {"kernel", "kernel", -10, "cpu_linear_", 0},
    {"relative_error", "error", 8, "%.2e", 1},
    {"worst_excess", "worst", 6, "%.3f", 1},
    {"runs", "runs", 6, NULL, 1},
};

/* A share in percent; null if the whole is unknown. */
static json_t *percent(double part, double whole) {
    return whole > 0 ? json_real(100 * part / whole) : json_null();
}

static void add_row(struct bench *b, const struct bench_shape *shape, int64_t M, w4a16_dtype act,
                    const struct bench_times *t) {
    double operations = 2.0 * (double)t->rows * (double)shape->N * (double)shape->K;
    double speed = t->bytes / t->least, rate = operations / t->least;
    double peak = bench_machine_peak(&b->machine, t->kernel);
    report_row(&b->report,
               doc_pack("{s:s, s:I, s:I, s:I, s:s, s:f, s:f, s:f, s:o, s:f, s:o, s:s, s:f, s:f, s:I}",
                        "layer", shape->name, "n", (json_int_t)shape->N, "k", (json_int_t)shape->K, "m",
                        (json_int_t)M, "type", w4a16_dtype_name(act), "least_us", 1e6 * t->least, "median_us",
                        1e6 * t->median, "gb_per_s", speed / 1e9, "stream_percent",
                        percent(speed, b->machine.stream), "gflops", rate / 1e9, "peak_percent",
                        percent(rate, peak), "kernel", t->kernel, "relative_error", t->relative_error,
                        "worst_excess", t->accuracy.worst_excess, "runs", (json_int_t)t->runs));
    if (b->csv)
        fprintf(b->csv, "%s,%s,%" PRId64 ",%" PRId64 ",%" PRId64 ",%s,%.3f,%.3f,%.4f,%.4f,%.3f,%.3f,%s\n",
                b->model, shape->name, shape->N, shape->K, M, w4a16_dtype_name(act), 1e6 * t->least,
                1e6 * t->median, speed / 1e9, b->machine.stream / 1e9, rate / 1e9, peak / 1e9, t->kernel);
    struct bench_series *s = &b->series[act == W4A16_BF16];
    struct bench_point *p = s->points;
    while (p < s->points + s->count && p->M != M) p++;
    if (p == s->points + s->count) s->count++, p->M = M;
    p->seconds += t->least, p->operations += operations, p->bytes += t->bytes;
    if (peak > s->peak) s->peak = peak;
}

static double (*clock_of(const struct bench *b))(void) {
    return b->processor_time ? thread_seconds : now_seconds;
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

static w4a16_status time_shape(struct bench *b, const struct bench_shape *shape, w4a16_error *error) {
    size_t cold = 2 * b->machine.cache_bytes;
    const struct bench_clock clock = {clock_of(b), 1e-3 * (double)b->milliseconds, (int)b->threads};
    struct bench_layer layer;
    w4a16_status status = bench_layer_make(&layer, b->device, shape->N, shape->K, &b->kind, cold, error);
    for (int n = 0; n < b->ms.count && status == W4A16_OK; n++)
        for (int type = 0; type < BENCH_SERIES && status == W4A16_OK; type++) {
            if (b->type && b->type != type + 1) continue;
            w4a16_dtype act = type ? W4A16_BF16 : W4A16_F16;
            struct bench_times times;
            char what[96];
            snprintf(what, sizeof what, "%s, M = %" PRId64 ", %s", shape->name, b->ms.values[n],
                     w4a16_dtype_name(act));
            progress_show(&b->progress, what, b->done++, b->all);
            status = bench_time(&layer, act, b->ms.values[n], &clock, &times, error);
            progress_clear(&b->progress);
            if (status == W4A16_OK) add_row(b, shape, b->ms.values[n], act, &times);
        }
    bench_layer_free(&layer);
    return status;
}

/* What a whole model's linear layers come to. */
static void project(struct bench *b) {
    for (int s = 0; s < BENCH_SERIES; s++)
        for (size_t n = 0; n < b->series[s].count; n++) {
            const struct bench_point *p = &b->series[s].points[n];
            double seconds = p->seconds * (double)b->layers, rate = p->operations / p->seconds;
            report_total(&b->report,
                         doc_pack("{s:s, s:I, s:s, s:f, s:n, s:f, s:o, s:f, s:o, s:s, s:f, s:I}", "layer",
                                  "all", "m", (json_int_t)p->M, "type", b->series[s].name, "least_us",
                                  1e6 * p->seconds, "median_us", "gb_per_s", p->bytes / p->seconds / 1e9,
                                  "stream_percent", percent(p->bytes / p->seconds, b->machine.stream),
                                  "gflops", rate / 1e9, "peak_percent", percent(rate, b->series[s].peak),
                                  "kernel", "", "tokens_per_s", (double)p->M / seconds, "layers",
                                  (json_int_t)b->layers));
        }
    for (int s = 0; s < BENCH_SERIES; s++)
        for (size_t n = 0; n < b->series[s].count; n++) {
            const struct bench_point *p = &b->series[s].points[n];
            double seconds = p->seconds * (double)b->layers;
            report_note(&b->report,
                        "%s, %s, M = %" PRId64 ": %.4g ms for the linear layers of %" PRId64
                        " blocks, so %.4g tokens/s at most",
                        b->model, b->series[s].name, p->M, 1e3 * seconds, b->layers, (double)p->M / seconds);
        }
}

static void describe(struct bench *b) {
    const struct bench_machine *m = &b->machine;
    report_note(&b->report,
                "rates are of the least %s; stream: of %.1f GB/s read by %" PRId64
                " thread%s; peak: of the kernel's, FMA %.0f (AVX2) and %.0f (AVX-512), BF16 dots %.0f GFLOPS",
                b->processor_time ? "processor time" : "time", m->stream / 1e9, b->threads,
                b->threads == 1 ? "" : "s", m->fma_256 / 1e9, m->fma_512 / 1e9, m->dots / 1e9);
}

static json_t *facts(const struct bench *b) {
    const struct bench_machine *m = &b->machine;
    return doc_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:b, s:I, s:I, s:b, s:b, s:{s:I, s:f, s:f, s:f, s:f}}", "device",
        "cpu", "level", cpu_highest_level(), "model", b->model, "layers", (json_int_t)b->layers, "threads",
        (json_int_t)b->threads, "group_size", (json_int_t)b->kind.group_size, "asymmetric",
        b->kind.asymmetric, "act_order", b->kind.act_order, "experts", (json_int_t)b->kind.experts, "top_k",
        (json_int_t)b->kind.top_k, "skewed", b->kind.skewed, "processor_time", b->processor_time, "machine",
        "cache_bytes", (json_int_t)m->cache_bytes, "stream_gb_per_s", m->stream / 1e9, "fma_256_gflops",
        m->fma_256 / 1e9, "fma_512_gflops", m->fma_512 / 1e9, "bf16_dots_gflops", m->dots / 1e9);
}

/* A file that is asked for: opened before the work; null: none. */
static w4a16_status open_file(struct output *file, const char *path, FILE **stream, w4a16_error *error) {
    *stream = NULL;
    if (!path) return W4A16_OK;
    if (output_open(file, path) == 0) *stream = output_stream(file);
    return *stream ? W4A16_OK : output_error(path, file, error);
}

static w4a16_status close_file(struct output *file, const char *path, w4a16_status so_far,
                               w4a16_error *error) {
    if (!path) return so_far;
    if (so_far != W4A16_OK) {
        output_abandon(file);
        return so_far;
    }
    return output_commit(file) == 0 ? W4A16_OK : output_error(path, file, error);
}

static w4a16_status measure(struct bench *b, int json, int wide, w4a16_error *error) {
    struct pool *pool = pool_create((int)b->threads);
    if (!pool) return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "bench: out of memory or threads");
    b->threads = pool_threads(pool);
    double seconds = 1e-3 * (double)b->milliseconds;
    bench_machine_measure(&b->machine, pool, clock_of(b), seconds < 0.3 ? seconds : 0.3);
    pool_destroy(pool);
    report_begin(&b->report, "bench", columns, sizeof columns / sizeof columns[0], 0,
                 report_form_of(json, wide), facts(b));
    w4a16_status status = W4A16_OK;
    for (int64_t n = 0; n < b->shape_count && status == W4A16_OK; n++)
        status = time_shape(b, &b->shapes[n], error);
    return status;
}

static int bench(struct bench *b, const w4a16_device_options *options, const char *csv, const char *plot,
                 int json, int wide) {
    struct output csv_file = {0}, plot_file = {0};
    FILE *picture = NULL;
    w4a16_error error;
    int begun = 0;
    w4a16_status status = w4a16_device_open(options, &b->device, &error);
    if (status == W4A16_OK) status = open_file(&csv_file, csv, &b->csv, &error);
    if (status == W4A16_OK) status = open_file(&plot_file, plot, &picture, &error);
    if (b->csv && status == W4A16_OK)
        fprintf(
            b->csv,
            "model,layer,n,k,m,type,least_us,median_us,gb_per_s,stream_gb_per_s,gflops,peak_gflops,kernel\n");
    if (status == W4A16_OK) {
        begun = 1;
        status = measure(b, json, wide, &error);
    }
    if (picture && status == W4A16_OK) {
        char title[128];
        snprintf(title, sizeof title, "%s, %" PRId64 " threads, groups of %" PRId64, b->model, b->threads,
                 b->kind.group_size);
        bench_plot(picture, title, b->series, b->machine.stream);
    }
    status = close_file(&csv_file, csv, status, &error);
    status = close_file(&plot_file, plot, status, &error);
    w4a16_device_close(b->device);
    if (status != W4A16_OK) {
        if (begun) report_drop(&b->report);
        return report_error("bench", &error);
    }
    if (b->shape_count > 1) project(b);
    describe(b);
    return report_end(&b->report) == 0 ? EXIT_OK : EXIT_FAILED;
}

static int simulate(struct bench_sim *asked, const char *csv, const char *plot) {
    struct output csv_file = {0}, plot_file = {0};
    w4a16_error error;
    w4a16_status status = open_file(&csv_file, csv, &asked->csv, &error);
    if (status == W4A16_OK) status = open_file(&plot_file, plot, &asked->plot, &error);
    int code = status == W4A16_OK ? bench_sim(asked) : EXIT_OK;
    w4a16_status kept = code == EXIT_OK ? status : W4A16_DEVICE_FAULT; /* what failed has been told */
    kept = close_file(&csv_file, csv, kept, &error);
    kept = close_file(&plot_file, plot, kept, &error);
    return code != EXIT_OK ? code : kept == W4A16_OK ? EXIT_OK : report_error("bench", &error);
}

static const struct bench_model *model_of(const char *name) {
    for (const struct bench_model *m = bench_models; m->name; m++)
        if (strcmp(m->name, name) == 0) return m;
    return NULL;
}

int cmd_bench(int argc, char **argv) {
    struct bench b = {.model = "llama-3.1-8b",
                      .ms = {.count = 4, .values = {1, 2, 8, 128}},
                      .milliseconds = 300,
                      .kind = {.group_size = 128},
                      .series = {{.name = "fp16"}, {.name = "bf16"}}};
    struct bench_shape one = {"layer", 0, 0};
    const char *csv = NULL, *plot = NULL, *kernel_mask = NULL, *card = "7900 XTX";
    int device = 0, warm = 0, whole = 0, range = 0, json = 0, wide = 0, quiet = 0, first;
    const struct option_row rows[] = {
        {"device", OPTION_CHOICE, &device, "NAME", "cpu (default): measured; sim: a card's times, modelled",
         0, 0, devices},
        {"card", OPTION_TEXT, &card, "NAME", "sim: the card (default 7900 XTX)", 0, 0, NULL},
        ROW_FLAG("warm", &warm, "sim: with caches as the same product left them"),
        ROW_FLAG("whole", &whole, "sim: long launches are modelled whole, not in part"),
        ROW_FLAG("range", &range, "sim: also with figures of the model at their other end"),
        {"model", OPTION_TEXT, &b.model, "NAME",
         "whose layers: llama-3.1-8b (default), qwen3-4b, smollm2-135m or tiny", 0, 0, NULL},
        {"n", OPTION_INT, &one.N, "N", "a layer of N columns instead", 1, W4A16_SIZE_MAX, NULL},
        {"k", OPTION_INT, &one.K, "K", "and of K features", 1, W4A16_SIZE_MAX, NULL},
        {"m", OPTION_LIST, &b.ms, "LIST", "rows of activations (default 1,2,8,128)", 1, 65536, NULL},
        {"act", OPTION_CHOICE, &b.type, "TYPE", "both (default), fp16 or bf16 activations", 0, 0, types},
        {"group-size", OPTION_INT, &b.kind.group_size, "G", "K per scale (default 128); -1 = one group", -1,
         W4A16_SIZE_MAX, NULL},
        ROW_FLAG("asymmetric", &b.kind.asymmetric, "zeros of their own for each group"),
        ROW_FLAG("act-order", &b.kind.act_order, "groups are not contiguous in K"),
        {"experts", OPTION_INT, &b.kind.experts, "E", "with --n and --k: a mixture of E experts", 1, 1024,
         NULL},
        {"top-k", OPTION_INT, &b.kind.top_k, "J", "experts that each row uses", 1, 1024, NULL},
        ROW_FLAG("skewed", &b.kind.skewed, "expert e is drawn as 1 / (e + 1), not all alike"),
        {"time", OPTION_INT, &b.milliseconds, "MS", "milliseconds for each row of the table (default 300)", 1,
         3600000, NULL},
        ROW_FLAG("processor-time", &b.processor_time, "with --threads 1: without what other programs take"),
        {"kernel-mask", OPTION_TEXT, &kernel_mask, "LIST", "kernels to leave out: names, or prefixes with *",
         0, 0, NULL},
        {"csv", OPTION_TEXT, &csv, "FILE", "write the rows there too", 0, 0, NULL},
        {"plot", OPTION_TEXT, &plot, "FILE", "draw time, speed and roofline there, as SVG", 0, 0, NULL},
        ROW_THREADS(&b.threads),
        ROW_JSON(&json),
        ROW_WIDE(&wide),
        ROW_NO_PROGRESS(&quiet),
    };
    const struct usage usage = {
        "bench",
        "[options]",
        "Times products of the layers of a model. Of each, the first and the last row are verified\n"
        "against the fp64 reference; then it runs with copies of the weights in turn, which no\n"
        "cache holds together. Beside the times stand the machine's own: how fast it reads memory\n"
        "and multiplies, measured in the same run.",
        0,
        0,
        rows,
        sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;
    if ((result = check_kernel_mask("bench", kernel_mask)) >= 0) return result;
    const struct bench_model *model = model_of(b.model);
    if (!model)
        return usage_error("bench", "--model %s: known are llama-3.1-8b, qwen3-4b, smollm2-135m and tiny",
                           b.model);
    if (!b.kind.group_size) return usage_error("bench", "--group-size 0: expected -1 or 1 and more");
    if (b.processor_time && b.threads != 1)
        return usage_error("bench", "--processor-time: accepted with --threads 1, whose time it is");
    if (!one.N != !one.K) return usage_error("bench", "--n and --k: expected both or neither");
    if (!b.kind.experts != !b.kind.top_k || b.kind.top_k > b.kind.experts)
        return usage_error("bench",
                           "--experts and --top-k: expected both or neither, the first at least the second");
    if (b.kind.experts && !one.N) return usage_error("bench", "--experts: accepted with --n and --k");
    if (b.kind.skewed && !b.kind.experts) return usage_error("bench", "--skewed: accepted with --experts");
    b.shapes = model->shapes, b.shape_count = BENCH_SHAPES, b.layers = model->layers;
    if (one.N) b.model = "one layer", b.shapes = &one, b.shape_count = b.layers = 1;
    if (device == 1) {
        if (b.processor_time) return usage_error("bench", "--processor-time: accepted with --device cpu");
        struct bench_sim asked = {
            .card = card,
            .model = b.model,
            .kernel_mask = kernel_mask,
            .shapes = b.shapes,
            .shape_count = b.shape_count,
            .layers = b.layers,
            .threads = b.threads,
            .ms = &b.ms,
            .type = b.type,
            .kind = b.kind,
            .warm = warm,
            .whole = whole,
            .range = range,
            .json = json,
            .wide = wide,
            .quiet = quiet,
        };
        return simulate(&asked, csv, plot);
    }
    if (warm || whole || range || strcmp(card, "7900 XTX") != 0)
        return usage_error("bench", "--card, --warm, --whole and --range: accepted with --device sim");
    b.all = (size_t)(b.shape_count * b.ms.count * (b.type ? 1 : 2));
    progress_begin(&b.progress, !quiet);
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = W4A16_DEVICE_CPU, options.threads = (int)b.threads, options.kernel_mask = kernel_mask;
    return bench(&b, &options, csv, plot, json, wide);
}
