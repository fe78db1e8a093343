/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "bench_sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_plot.h"
#include "modelled.h"
#include "parallel.h"
#include "progress.h"
#include "rdnasim.h"
#include "report.h"

/*
 * A variant is a device whose model has other figures: 0 is the central one, the next ones have one axis each at its other
 * end, the last one all that take longer.
 */
enum { VARIANTS_MOST = 18, TYPES = 2, CENTRAL = 0 };

struct times {
    double seconds[VARIANTS_MOST];
    struct bench_times central;
};

struct sums { /* of all shapes, for a number of rows and a type */
    double seconds, gaps, operations, bytes, roofline, least, most;
};

struct bench {
    const struct bench_sim *asked;
    double peak_bytes, peak_operations; /* per second */
    double gap;                         /* seconds between a launch and one that depends on it */
    unsigned variants;
    struct report report;
    struct progress progress;
    struct sums sums[LIST_MAX][TYPES];
    size_t done, all;
};

static const struct report_column columns[] = {
    {"layer", "layer", -8, NULL, 0},
    {"n", "N", 6, NULL, 1},
    {"k", "K", 6, NULL, 1},
    {"m", "M", 5, NULL, 0},
    {"type", "type", -4, NULL, 0},
    {"modelled_us", "sim us", 7, "%.2f", 0},
    {"launches", "launches", 8, NULL, 0},
    {"modelled_us_with_gaps", "with gaps", 9, "%.2f", 0},
    {"modelled_gb_per_s", "sim GB/s", 8, "%.0f", 0},
    {"modelled_tflops", "sim TFLOPS", 10, "%.1f", 0},
    {"roofline_percent", "roofline", 8, "%.0f %%", 0},
    {"range_us", "range us", -11, NULL, 0},
    {"kernel", "kernel", -14, "w4a16_", 0},
    {"modelled_cycles", "cycles", 8, NULL, 1},
    {"memory_bytes", "memory B", 9, NULL, 1},
    {"sim_wave_instructions", "instructions", 12, NULL, 1},
    {"relative_error", "error", 8, "%.2e", 1},
    {"worst_excess", "worst", 6, "%.3f", 1},
};

/* ---- figures of the card --------------------------------------------------------------------------------- */

static double figure(const rdnasim_timing *timing, const char *name) {
    rdnasim_figure f;
    for (size_t n = 0; rdnasim_timing_figure(timing, n, &f); n++)
        if (strcmp(f.name, name) == 0) return (double)f.value;
    return 0;
}

/* What the roofline assumes: the best measured rate of reads, and 512 operations per compute unit and cycle. */
static int assume_peaks(struct bench *b) {
    enum { OPERATIONS = 512 };
    rdnasim_timing_options options;
    rdnasim_timing *timing;
    rdnasim_report report;
    rdnasim_timing_options_init(&options, sizeof options);
    options.card = b->asked->card;
    options.threads = 1;
    rdnasim_status status = rdnasim_timing_create(&options, &timing, &report);
    if (status == RDNASIM_OUT_OF_MEMORY) return report_no_memory("bench");
    if (status != RDNASIM_OK) return usage_error("bench", "--card: %s", report.text);
    b->peak_bytes = 1e6 * figure(timing, "dram_read_mb_s");
    b->gap = 1e-9 * figure(timing, "gap_ns");
    b->peak_operations = 1e6 * figure(timing, "shader_mhz") * figure(timing, "compute_units") * OPERATIONS;
    rdnasim_timing_destroy(timing);
    return EXIT_OK;
}

static uint32_t axes_of(const struct bench *b, unsigned variant) {
    if (variant == CENTRAL) return 0;
    if (variant + 1 < b->variants) return UINT32_C(1) << (variant - 1);
    uint32_t worst = 0;
    for (unsigned n = 0; rdnasim_timing_axis(n); n++)
        if (rdnasim_timing_axis(n)->slower) worst |= UINT32_C(1) << n;
    return worst;
}

/* ---- rows ------------------------------------------------------------------------------------------------ */

static void span(const struct bench *b, const double seconds[VARIANTS_MOST], double *least, double *most) {
    *least = *most = seconds[CENTRAL];
    for (unsigned v = 1; v < b->variants; v++) {
        if (seconds[v] < *least) *least = seconds[v];
        if (seconds[v] > *most) *most = seconds[v];
    }
}

static json_t *range_text(const struct bench *b, double least, double most) {
    char text[48];
    if (b->variants == 1) return json_null();
    snprintf(text, sizeof text, "%.2f-%.2f", 1e6 * least, 1e6 * most);
    return json_string(text);
}

static json_t *variants_json(const struct bench *b, const struct times *t) {
    json_t *list = json_array();
    for (unsigned v = 1; v < b->variants; v++) {
        const rdnasim_axis *axis = v + 1 < b->variants ? rdnasim_timing_axis(v - 1) : NULL;
        doc_append(&list, doc_pack("{s:s, s:f}", "axis", axis ? axis->text : "all that take longer",
                                   "modelled_us", 1e6 * t->seconds[v]));
    }
    return list;
}

static void add_row(struct bench *b, const struct bench_shape *shape, int m, int type,
                    const struct times *t) {
    int64_t M = b->asked->ms->values[m];
    const w4a16_run_stats *stats = &t->central.stats;
    double gaps = stats->modelled_launches > 1 ? (stats->modelled_launches - 1) * b->gap : 0;
    double seconds = t->seconds[CENTRAL], with_gaps = seconds + gaps, least, most;
    double operations = 2.0 * (double)t->central.rows * (double)shape->N * (double)shape->K;
    double bytes =
        t->central.bytes + 2.0 * ((double)M * (double)shape->K + (double)t->central.rows * (double)shape->N);
    double by_bytes = bytes / b->peak_bytes, by_operations = operations / b->peak_operations;
    double roofline = by_bytes > by_operations ? by_bytes : by_operations;
    span(b, t->seconds, &least, &most);
    report_row(&b->report,
               doc_pack("{s:s, s:I, s:I, s:I, s:s, s:f, s:I, s:f, s:f, s:f, s:f, s:o, s:o, s:s, s:I, s:I, "
                        "s:I, s:b, s:f, s:f}",
                        "layer", shape->name, "n", (json_int_t)shape->N, "k", (json_int_t)shape->K, "m",
                        (json_int_t)M, "type", type ? "bf16" : "fp16", "modelled_us", 1e6 * seconds,
                        "launches", (json_int_t)stats->modelled_launches, "modelled_us_with_gaps",
                        1e6 * with_gaps, "modelled_gb_per_s", t->central.bytes / seconds / 1e9,
                        "modelled_tflops", operations / seconds / 1e12, "roofline_percent",
                        100 * roofline / seconds, "range_us", range_text(b, least, most), "variants",
                        variants_json(b, t), "kernel", t->central.kernel, "modelled_cycles",
                        (json_int_t)stats->modelled_cycles, "memory_bytes", (json_int_t)stats->memory_bytes,
                        "sim_wave_instructions", (json_int_t)stats->wave_instructions, "sampled",
                        stats->sampled_launches != 0, "relative_error", t->central.relative_error,
                        "worst_excess", t->central.accuracy.worst_excess));
    if (b->asked->csv)
        fprintf(b->asked->csv,
                "%s,%s,%s,%" PRId64 ",%" PRId64 ",%" PRId64 ",%s,%.3f,%.3f,%.3f,%" PRIu32
                ",%.3f,%.1f,%.2f,%.1f,%s\n",
                b->asked->card, b->asked->model, shape->name, shape->N, shape->K, M, type ? "bf16" : "fp16",
                1e6 * seconds, 1e6 * least, 1e6 * most, stats->modelled_launches, 1e6 * with_gaps,
                t->central.bytes / seconds / 1e9, operations / seconds / 1e12, 100 * roofline / seconds,
                t->central.kernel);
    struct sums *s = &b->sums[m][type];
    s->seconds += seconds, s->gaps += gaps, s->roofline += roofline;
    s->operations += operations, s->bytes += t->central.bytes, s->least += least, s->most += most;
}

/* ---- all of them ----------------------------------------------------------------------------------------- */

/* All rows and types of a shape on one variant. */
static w4a16_status time_variant(struct bench *b, const struct bench_shape *shape, unsigned variant,
                                 struct times (*times)[TYPES], w4a16_error *error) {
    const struct bench_sim *asked = b->asked;
    const struct bench_clock clock = {.threads =
                                          asked->threads ? (int)asked->threads : pool_available_threads()};
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.threads = (int)asked->threads;
    options.kernel_mask = asked->kernel_mask;
    options.timing_card = asked->card;
    options.timing_axes = axes_of(b, variant);
    options.timing_warm = asked->warm;
    options.timing_whole = asked->whole;
    w4a16_device *device;
    struct bench_layer layer;
    w4a16_status status = w4a16_device_open(&options, &device, error);
    if (status != W4A16_OK) return status;
    status = bench_layer_make(&layer, device, shape->N, shape->K, &asked->kind, 0, error);
    for (int m = 0; m < asked->ms->count && status == W4A16_OK; m++)
        for (int type = 0; type < TYPES && status == W4A16_OK; type++) {
            if (asked->type && asked->type != type + 1) continue;
            struct bench_times one;
            char what[96];
            snprintf(what, sizeof what, "%s, M = %" PRId64 ", %s", shape->name, asked->ms->values[m],
                     type ? "bf16" : "fp16");
            progress_show(&b->progress, what, b->done++, b->all);
            for (int run = 0; run <= asked->warm && status == W4A16_OK; run++)
                status = bench_time(&layer, type ? W4A16_BF16 : W4A16_F16, asked->ms->values[m], &clock, &one,
                                    error);
            progress_clear(&b->progress);
            times[m][type].seconds[variant] = one.stats.modelled_seconds;
            if (variant == CENTRAL) times[m][type].central = one;
        }
    bench_layer_free(&layer);
    w4a16_device_close(device);
    return status;
}

static w4a16_status time_shape(struct bench *b, const struct bench_shape *shape, w4a16_error *error) {
    struct times(*times)[TYPES] = calloc(LIST_MAX, sizeof *times);
    if (!times) {
        *error = (w4a16_error){.status = W4A16_OUT_OF_MEMORY, .message = "bench: out of memory"};
        return W4A16_OUT_OF_MEMORY;
    }
    w4a16_status status = W4A16_OK;
    for (unsigned v = 0; v < b->variants && status == W4A16_OK; v++)
        status = time_variant(b, shape, v, times, error);
    for (int m = 0; m < b->asked->ms->count && status == W4A16_OK; m++)
        for (int type = 0; type < TYPES; type++)
            if (!b->asked->type || b->asked->type == type + 1) add_row(b, shape, m, type, &times[m][type]);
    free(times);
    return status;
}

/* What a whole model's linear layers come to. */
static void project(struct bench *b) {
    const struct bench_sim *asked = b->asked;
    for (int type = 0; type < TYPES; type++)
        for (int m = 0; m < asked->ms->count; m++) {
            const struct sums *s = &b->sums[m][type];
            if (s->seconds <= 0) continue;
            int64_t M = asked->ms->values[m];
            double layers = (double)asked->layers, seconds = s->seconds * layers;
            /* Each product of a model depends on the one before it. */
            double with_gaps = (s->seconds + s->gaps + (double)asked->shape_count * b->gap) * layers;
            report_total(
                &b->report,
                doc_pack("{s:s, s:I, s:s, s:f, s:n, s:f, s:f, s:f, s:f, s:o, s:s, s:f, s:f}", "layer", "all",
                         "m", (json_int_t)M, "type", type ? "bf16" : "fp16", "modelled_us", 1e6 * s->seconds,
                         "launches", "modelled_us_with_gaps", 1e6 * (s->seconds + s->gaps),
                         "modelled_gb_per_s", s->bytes / s->seconds / 1e9, "modelled_tflops",
                         s->operations / s->seconds / 1e12, "roofline_percent",
                         100 * s->roofline / s->seconds, "range_us", range_text(b, s->least, s->most),
                         "kernel", "", "modelled_tokens_per_s", (double)M / seconds,
                         "modelled_tokens_per_s_with_gaps", (double)M / with_gaps));
            report_note(
                &b->report,
                "%s, %s, M = %" PRId64 ": %.4g ms modelled for the linear layers of %" PRId64
                " blocks, so %.4g tokens/s at most; with gaps before all launches %.4g ms, %.4g tokens/s",
                asked->model, type ? "bf16" : "fp16", M, 1e3 * seconds, asked->layers, (double)M / seconds,
                1e3 * with_gaps, (double)M / with_gaps);
        }
}

/* Times of all layers, gaps between the launches of a product included. */
static void plot(const struct bench *b) {
    const struct bench_sim *asked = b->asked;
    struct bench_series series[TYPES] = {{.name = "fp16"}, {.name = "bf16"}};
    char title[160];
    for (int type = 0; type < TYPES; type++) {
        series[type].peak = b->peak_operations;
        for (int m = 0; m < asked->ms->count; m++) {
            const struct sums *s = &b->sums[m][type];
            if (s->seconds > 0)
                series[type].points[series[type].count++] =
                    (struct bench_point){asked->ms->values[m], s->seconds + s->gaps, s->operations, s->bytes};
        }
    }
    snprintf(title, sizeof title, "%s on a %s: modelled, not measured; groups of %" PRId64, asked->model,
             asked->card, asked->kind.group_size);
    bench_plot(asked->plot, title, series, b->peak_bytes);
}

static void describe(struct bench *b) {
    report_note(&b->report, "all times are modelled, not measured, on a %s, %s; " A_REAL_CARD, b->asked->card,
                b->asked->warm ? "caches as the run before left them" : "caches cold");
    report_note(
        &b->report,
        "roofline: of %.0f GB/s for weights, activations and outputs, or of %.1f TFLOPS, whichever takes "
        "longer; GB/s: of the packed weights",
        b->peak_bytes / 1e9, b->peak_operations / 1e12);
    if (b->variants > 1)
        report_note(&b->report, "range: from the fastest to the slowest of %u variants of the model",
                    b->variants - 1);
}

int bench_sim(const struct bench_sim *asked) {
    struct bench *b = calloc(1, sizeof *b);
    if (!b) return report_no_memory("bench");
    b->asked = asked;
    b->variants = 1;
    if (asked->range)
        for (b->variants = 2; rdnasim_timing_axis(b->variants - 2);) b->variants++;
    b->all = (size_t)(asked->shape_count * asked->ms->count * (asked->type ? 1 : TYPES)) * b->variants;
    int code = assume_peaks(b);
    if (code) {
        free(b);
        return code;
    }
    if (asked->csv)
        fputs("card,model,layer,n,k,m,type,modelled_us,least_us,most_us,launches,modelled_us_with_gaps,"
              "modelled_gb_per_s,modelled_tflops,roofline_percent,kernel\n",
              asked->csv);
    progress_begin(&b->progress, !asked->quiet);
    report_begin(&b->report, "bench", columns, sizeof columns / sizeof columns[0], 0,
                 report_form_of(asked->json, asked->wide),
                 doc_pack("{s:s, s:b, s:b, s:s, s:s, s:I, s:I, s:b, s:b, s:I, s:I, s:b, s:b, s:f, s:f}",
                          "device", "sim", "simulated", 1, "modelled", 1, "card", asked->card, "model",
                          asked->model, "layers", (json_int_t)asked->layers, "group_size",
                          (json_int_t)asked->kind.group_size, "asymmetric", asked->kind.asymmetric,
                          "act_order", asked->kind.act_order, "experts", (json_int_t)asked->kind.experts,
                          "top_k", (json_int_t)asked->kind.top_k, "skewed", asked->kind.skewed, "warm",
                          asked->warm, "assumed_gb_per_s", b->peak_bytes / 1e9, "assumed_tflops",
                          b->peak_operations / 1e12));
    w4a16_error error;
    w4a16_status status = W4A16_OK;
    for (int64_t n = 0; n < asked->shape_count && status == W4A16_OK; n++)
        status = time_shape(b, &asked->shapes[n], &error);
    if (status != W4A16_OK) {
        report_drop(&b->report);
        free(b);
        return report_error("bench", &error);
    }
    if (asked->plot) plot(b);
    if (asked->shape_count > 1) project(b);
    describe(b);
    code = report_end(&b->report) == 0 ? EXIT_OK : EXIT_FAILED;
    free(b);
    return code;
}
