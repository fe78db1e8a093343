/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Runs layers of a checkpoint on a device and verifies every result.
 *
 * Per layer and type the reference is computed once, for the largest M: row m of the activations is the same
 * for every M. That also shows whether a row's bits depend on how many rows it was computed with.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activations.h"
#include "cli.h"
#include "clock.h"
#include "core/error.h"
#include "device.h"
#include "modelled.h"
#include "parallel.h"
#include "progress.h"
#include "report.h"
#include "w4a16/w4a16.h"

#define REPEAT_MAX    8
#define M_MAX         65536
/* The contract's share within 1 ulp is a statement about at least so many outputs. */
#define SHARE_OUTPUTS 100000

static const w4a16_dtype types[] = {W4A16_F16, W4A16_BF16};
static const char *const act_names[] = {"fp16", "bf16", "both", NULL};
enum { ACT_BOTH = 2 };

struct options {
    const char *layer, *target, *input, *output, *kernel_mask, *card;
    int device, act, strict, json, wide, quiet;
    struct int_list m;
    int64_t seed, threads, schedule_seed, repeat;
};

struct total {
    w4a16_accuracy accuracy;
    w4a16_run_stats stats;
    size_t rows, failed;
};

enum { SENTENCES = 8 };

struct session {
    const struct options *options;
    w4a16_checkpoint *checkpoint;
    size_t *selected, selected_count;  /* layers */
    w4a16_device *devices[REPEAT_MAX]; /* the first computes, the others repeat on other schedules */
    w4a16_device_info info;
    int host_threads;
    struct npy input;
    void *input_data; /* null: seeded activations */
    struct report report;
    struct progress progress;
    size_t done, count; /* rows of the table */
    struct total totals[2];
    w4a16_error said[SENTENCES]; /* the first reasons why layers could not be run */
    size_t said_count, unsaid;   /* ... and for how many more layers one of these holds */
};

/* One layer with one type of activations, for all M. */
struct subject {
    const char *name;
    const w4a16_layer *layer;
    w4a16_weights *const *weights; /* per device */
    int type;                      /* index into types */
    int64_t m_max;
    uint16_t *a, *out, *again; /* [m_max][K], [m_max][N] */
    uint16_t *known;           /* [m_max][N]: rows already computed with another M ... */
    int64_t known_rows;        /* ... and how many */
    double *y, *mass;
};

/* ---- one row of the table ---- */

struct verdict {
    w4a16_accuracy accuracy;
    struct product product;
    int repeated, same_bits;
    int compared, rows_equal;
    const char *text; /* "ok", "overflow", "FAILED", "unsupported", "error" */
    int ran;
    w4a16_error error;
};

/* Activations from a file need not be random, so only the hard bound is asked of them. */
static int accurate(const struct session *s, const w4a16_accuracy *a) {
    return w4a16_accuracy_ok(a, !s->input_data && a->outputs >= SHARE_OUTPUTS);
}

/* Rounding to Inf is right, and sums may leave the range of fp32, but what was computed is lost. */
static const char *verdict_of(int ok, const w4a16_accuracy *a) {
    return !ok ? "FAILED" : a->overflows ? "overflow" : "ok";
}

static w4a16_status compute(struct session *s, struct subject *u, int64_t M, struct verdict *v) {
    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, u->weights[0]);
    problem.shape.M = M;
    problem.act = types[u->type];
    size_t bytes = (size_t)(M * u->layer->N) * sizeof *u->out;
    v->product.out = u->out;
    w4a16_status status = product_run(s->devices[0], u->weights[0], &problem, u->a, &v->product, &v->error);
    v->same_bits = 1;
    for (int r = 1; r < s->options->repeat && status == W4A16_OK; r++) {
        struct product again = {.out = u->again};
        status = product_run(s->devices[r], u->weights[r], &problem, u->a, &again, &v->error);
        v->repeated = 1;
        v->same_bits &= status == W4A16_OK && memcmp(u->out, u->again, bytes) == 0;
    }
    return status;
}

static void judge(struct session *s, struct subject *u, int64_t M, struct verdict *v) {
    int64_t N = u->layer->N;
    if (w4a16_compare(types[u->type], M, N, u->out, N, u->y, u->mass, &v->product.order, &v->accuracy,
                      &v->error) != W4A16_OK)
        return; /* with the verdict "error" */
    int64_t common = M < u->known_rows ? M : u->known_rows;
    v->compared = common > 0;
    v->rows_equal = memcmp(u->out, u->known, (size_t)(common * N) * sizeof *u->out) == 0;
    if (M > u->known_rows) {
        memcpy(u->known, u->out, (size_t)(M * N) * sizeof *u->out);
        u->known_rows = M;
    }
    v->ran = 1;
    v->text = verdict_of(accurate(s, &v->accuracy) && v->same_bits, &v->accuracy);
}

static json_t *flag(int known, int value) { return known ? json_boolean(value) : json_null(); }

/* The figures that a row and a total have in common. */
static void set_figures(json_t **row, const w4a16_accuracy *a, const w4a16_run_stats *stats) {
    double share = 100.0 * (double)a->within_1ulp / (double)a->outputs;
    doc_update(row, doc_pack("{s:I, s:f, s:f, s:f, s:I, s:I, s:I}", "outputs", (json_int_t)a->outputs,
                             "within_1ulp_percent", share, "worst_ulp", a->worst_ulp, "worst_excess",
                             a->worst_excess, "violations", (json_int_t)a->violations, "non_finite",
                             (json_int_t)a->non_finite, "overflows", (json_int_t)a->overflows));
    if (stats->modelled_launches)
        doc_update(row, doc_pack("{s:f, s:I, s:I}", "modelled_us", 1e6 * stats->modelled_seconds, "launches",
                                 (json_int_t)stats->modelled_launches, "modelled_cycles",
                                 (json_int_t)stats->modelled_cycles));
    if (!stats->wave_instructions) return;
    double millions = (double)stats->wave_instructions * 1e-6;
    doc_update(row, doc_pack("{s:I, s:f, s:f}", "sim_wave_instructions", (json_int_t)stats->wave_instructions,
                             "sim_host_s", stats->seconds, "sim_mega_wave_instructions_per_host_s",
                             millions / stats->seconds));
}

static void show(struct session *s, const struct subject *u, int64_t M, const struct verdict *v) {
    const w4a16_layer *l = u->layer;
    json_t *row = doc_pack("{s:s, s:I, s:I, s:I, s:s, s:I, s:s, s:o, s:o, s:s, s:o}", "layer", u->name, "n",
                           (json_int_t)l->N, "k", (json_int_t)l->K, "group_size", (json_int_t)l->group_size,
                           "act", act_names[u->type], "m", (json_int_t)M, "kernel", v->product.kernels,
                           "same_bits", flag(v->ran && v->repeated, v->same_bits), "rows_equal",
                           flag(v->ran && v->compared, v->rows_equal), "verdict", v->text, "reason",
                           v->ran ? json_null() : doc_string(v->error.message));
    if (v->ran) set_figures(&row, &v->accuracy, &v->product.stats);
    progress_clear(&s->progress);
    report_row(&s->report, row);
    if (!v->ran)
        report_note(&s->report, "%s, %s, M = %" PRId64 ": %s", u->name, act_names[u->type], M,
                    v->error.message);
    if (v->accuracy.overflows)
        report_note(&s->report,
                    "%s, %s, M = %" PRId64 ": %" PRId64 " of %" PRId64
                    " outputs are Inf or NaN although their exact values are finite: %s",
                    u->name, act_names[u->type], M, v->accuracy.overflows, v->accuracy.outputs,
                    types[u->type] == W4A16_F16 ? "fp16 ends at 65504; bf16 holds them (--act bf16)"
                                                : "sums left the range of fp32 and bf16");
}

/* A product that fails is a row; only without memory there is no going on. */
static w4a16_status run_row(struct session *s, struct subject *u, int64_t M, w4a16_error *error) {
    progress_show(&s->progress, u->name, s->done++, s->count);
    struct verdict v = {.text = "error"};
    w4a16_status status = compute(s, u, M, &v);
    if (status == W4A16_OUT_OF_MEMORY) return w4a16_fail(error, status, "%s", v.error.message);
    if (status == W4A16_OK)
        judge(s, u, M, &v);
    else if (status == W4A16_UNSUPPORTED)
        v.text = "unsupported";
    show(s, u, M, &v);
    struct total *total = &s->totals[u->type];
    total->rows++;
    total->failed += strcmp(v.text, "ok") != 0 && strcmp(v.text, "overflow") != 0;
    w4a16_accuracy_add(&total->accuracy, &v.accuracy);
    total->stats.wave_instructions += v.product.stats.wave_instructions;
    total->stats.seconds += v.product.stats.seconds;
    total->stats.modelled_seconds += v.product.stats.modelled_seconds;
    total->stats.modelled_cycles += v.product.stats.modelled_cycles;
    total->stats.modelled_launches += v.product.stats.modelled_launches;
    return W4A16_OK;
}

/* ---- one layer ---- */

static int64_t largest(const struct int_list *list) {
    int64_t max = 0;
    for (int i = 0; i < list->count; i++) max = list->values[i] > max ? list->values[i] : max;
    return max;
}

static w4a16_status fill_activations(const struct session *s, struct subject *u, w4a16_error *error) {
    if (s->input_data)
        return activations_convert(s->options->input, &s->input, s->input_data, types[u->type], u->a, error);
    activations_random((uint64_t)s->options->seed, u->name, types[u->type], u->m_max, u->layer->K, u->a);
    return W4A16_OK;
}

static w4a16_status write_output(const struct session *s, const struct subject *u, w4a16_error *error) {
    if (!s->options->output) return W4A16_OK;
    return npy_write(s->options->output, types[u->type], u->known_rows, u->layer->N, u->known, error);
}

static w4a16_status run_rows(struct session *s, struct subject *u, w4a16_error *error) {
    w4a16_status status = fill_activations(s, u, error);
    if (status == W4A16_OK)
        status = w4a16_reference(u->layer, types[u->type], u->m_max, u->a, u->layer->K, u->y, u->mass,
                                 s->host_threads, error);
    for (int i = 0; i < s->options->m.count && status == W4A16_OK; i++)
        status = run_row(s, u, s->options->m.values[i], error);
    return status == W4A16_OK ? write_output(s, u, error) : status;
}

static w4a16_status run_type(struct session *s, const char *name, const w4a16_layer *layer,
                             w4a16_weights *const *weights, int type, w4a16_error *error) {
    int64_t rows = largest(&s->options->m);
    if (s->input_data && s->input.rows > rows) rows = s->input.rows; /* the whole file is converted */
    size_t outputs = (size_t)(rows * layer->N);
    struct subject u = {.name = name,
                        .layer = layer,
                        .weights = weights,
                        .type = type,
                        .m_max = rows,
                        .a = malloc((size_t)(rows * layer->K) * sizeof *u.a),
                        .out = malloc(outputs * sizeof *u.out),
                        .again = malloc(outputs * sizeof *u.again),
                        .known = malloc(outputs * sizeof *u.known),
                        .y = malloc(outputs * sizeof *u.y),
                        .mass = malloc(outputs * sizeof *u.mass)};
    w4a16_status status = W4A16_OUT_OF_MEMORY;
    if (u.a && u.out && u.again && u.known && u.y && u.mass)
        status = run_rows(s, &u, error);
    else
        w4a16_fail(error, status, "%s: out of memory", name);
    free(u.a);
    free(u.out);
    free(u.again);
    free(u.known);
    free(u.y);
    free(u.mass);
    return error->status = status;
}

static w4a16_status run_layer(struct session *s, size_t index, w4a16_error *error) {
    const char *name = w4a16_checkpoint_layer(s->checkpoint, index)->name;
    w4a16_layer *layer;
    w4a16_status status = w4a16_checkpoint_read_layer(s->checkpoint, index, &layer, error);
    if (status != W4A16_OK) return status;
    if (s->input_data && s->input.columns != layer->K) {
        status = w4a16_fail(error, W4A16_INVALID_ARGUMENT,
                            "%s: rows of %" PRId64 " elements; layer %s has %" PRId64 " input features",
                            s->options->input, s->input.columns, name, layer->K);
    }
    w4a16_weights *weights[REPEAT_MAX] = {0};
    for (int r = 0; r < s->options->repeat && status == W4A16_OK; r++)
        status = w4a16_weights_create(s->devices[r], layer, &weights[r], error);
    for (int t = 0; t < 2 && status == W4A16_OK; t++)
        if (s->options->act == t || s->options->act == ACT_BOTH)
            status = run_type(s, name, layer, weights, t, error);
    for (int r = 0; r < s->options->repeat; r++) w4a16_weights_free(weights[r]);
    w4a16_layer_free(layer);
    return status;
}

/* ---- the whole run ---- */

static int ends_with_part(const char *name, const char *part) {
    size_t length = strlen(name), part_length = strlen(part);
    return length > part_length && name[length - part_length - 1] == '.' &&
           strcmp(name + length - part_length, part) == 0;
}

static w4a16_status select_layers(struct session *s, w4a16_error *error) {
    const char *wanted = s->options->layer;
    size_t count = w4a16_checkpoint_layers(s->checkpoint);
    s->selected = calloc(count + 1, sizeof *s->selected);
    for (size_t i = 0; s->selected && i < count; i++) {
        const char *name = w4a16_checkpoint_layer(s->checkpoint, i)->name;
        if (strcmp(wanted, "all") == 0 || strcmp(wanted, name) == 0 || ends_with_part(name, wanted))
            s->selected[s->selected_count++] = i;
    }
    if (s->selected_count) return W4A16_OK;
    FAIL_IF(!s->selected, error, W4A16_OUT_OF_MEMORY, "out of memory");
    return w4a16_fail(
        error, W4A16_INVALID_ARGUMENT,
        "no layer is called %s or ends in .%s; `w4a16 inspect` lists the %zu layers of the checkpoint",
        wanted, wanted, count);
}

static w4a16_status open_devices(struct session *s, w4a16_error *error) {
    const struct options *o = s->options;
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = (w4a16_device_kind)(o->device + 1);
    options.target = o->target;
    options.kernel_mask = o->kernel_mask;
    options.strict = o->strict;
    options.timing_card = o->card;
    for (int r = 0; r < o->repeat; r++) {
        /* A repetition runs in another order and alternates between one host thread and several. */
        int several = s->host_threads > 1 ? s->host_threads : 2, first = s->host_threads;
        options.threads = r % 2 == 0 ? first : first > 1 ? 1 : several;
        options.schedule_seed = r == 0 ? (uint64_t)o->schedule_seed : (uint64_t)(o->schedule_seed + 1000 + r);
        w4a16_status status = w4a16_device_open(&options, &s->devices[r], error);
        if (status != W4A16_OK) return status;
        if (r == 0) w4a16_device_get_info(s->devices[0], &s->info);
        if (o->card) options.target = s->info.target; /* the card's; one run is timed */
        options.timing_card = NULL;
    }
    return W4A16_OK;
}

static void begin_report(struct session *s) {
    static const struct report_column columns[] = {
        {"layer", "layer", -10, NULL, 0},
        {"act", "type", -4, NULL, 0},
        {"m", "M", 3, NULL, 0},
        {"kernel", "kernel", -27, "w4a16_", 0},
        {"within_1ulp_percent", "<= 1 ulp %", 10, "%.4f", 1},
        {"worst_ulp", "worst ulp", 9, "%.0f", 1},
        {"worst_excess", "worst excess", 12, "%.4f", 0},
        {"sim_wave_instructions", "sim wave-inst", 13, NULL, 1},
        {"sim_mega_wave_instructions_per_host_s", "sim M wave-inst/s", 17, "%.1f", 1},
        {"overflows", "overflows", 9, NULL, 1},
        {"same_bits", "same bits", -9, NULL, 1},
        {"rows_equal", "rows equal", -10, NULL, 1},
        {"verdict", "verdict", -8, NULL, 0},
        {"modelled_us", "sim us", 7, "%.2f", 0}, /* the last one: with --timing */
    };
    size_t count = sizeof columns / sizeof columns[0] - !s->options->card;
    int width = 0;
    for (size_t i = 0; i < s->selected_count; i++) {
        int length = (int)strlen(w4a16_checkpoint_layer(s->checkpoint, s->selected[i])->name);
        if (length > width) width = length;
    }
    int simulated = s->info.kind == W4A16_DEVICE_SIM;
    if (!s->options->json)
        printf("%s; %s%s\n\n", s->info.name, s->info.runtime,
               simulated ? "; rates are the simulator's, not a card's" : "");
    report_begin(&s->report, "run", columns, count, width, report_form_of(s->options->json, s->options->wide),
                 doc_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I}", "device",
                          device_names[s->options->device], "name", s->info.name, "target", s->info.target,
                          "runtime", s->info.runtime, "simulated", simulated, "seed",
                          (json_int_t)s->options->seed, "schedule_seed",
                          (json_int_t)s->options->schedule_seed, "repeat", (json_int_t)s->options->repeat));
}

/* Says why a layer could not be run, each reason once: in a GGUF file hundreds may be of one type that no kernel takes. */
static void say_failure(struct session *s, const w4a16_error *error) {
    for (size_t i = 0; i < s->said_count; i++)
        if (strcmp(s->said[i].message, error->message) == 0) {
            s->unsaid++;
            return;
        }
    if (s->said_count < SENTENCES) s->said[s->said_count++] = *error;
    if (s->options->json) report_note(&s->report, "%s", error->message);
    show_error("run", error);
}

/* One more row per type that sums up, judged over all outputs. failed counts layers that could not be run. */
static int end_report(struct session *s, double seconds, size_t failed) {
    size_t rows = 0;
    int64_t overflows = 0;
    for (int t = 0; t < 2; t++) {
        struct total *total = &s->totals[t];
        if (!total->rows) continue;
        int ok = total->failed == 0 && accurate(s, &total->accuracy);
        failed += total->failed + !ok;
        overflows += total->accuracy.overflows;
        rows += total->rows;
        json_t *row =
            doc_pack("{s:s, s:s, s:I, s:s, s:s}", "layer", "all", "act", act_names[t], "rows",
                     (json_int_t)total->rows, "kernel", "", "verdict", verdict_of(ok, &total->accuracy));
        if (total->accuracy.outputs) set_figures(&row, &total->accuracy, &total->stats);
        report_total(&s->report, row);
    }
    report_note(&s->report, "%zu row%s in %.1f s, reference included: %s", rows, rows == 1 ? "" : "s",
                seconds,
                failed      ? "NOT all verified"
                : overflows ? "all verified, but outputs overflow"
                            : "all verified");
    if (s->options->card)
        report_note(&s->report, "sim us: modelled, not measured, on a %s, weights cold; " A_REAL_CARD,
                    s->options->card);
    return report_end(&s->report) == 0 && !failed && !overflows ? EXIT_OK : EXIT_FAILED;
}

static w4a16_status read_input(struct session *s, struct options *o, w4a16_error *error) {
    if (!o->input) return W4A16_OK;
    w4a16_status status = npy_read(o->input, &s->input, &s->input_data, error);
    if (status != W4A16_OK) return status;
    if (o->act < 0 && s->input.type != W4A16_F32) o->act = s->input.type == W4A16_BF16;
    if (o->m.count == 0 && s->input.rows <= M_MAX) o->m = (struct int_list){1, {s->input.rows}};
    int64_t most = largest(&o->m);
    if (most >= 1 && most <= s->input.rows) return W4A16_OK;
    return w4a16_fail(error, W4A16_INVALID_ARGUMENT, "%s: has %" PRId64 " rows; the run needs %s%" PRId64,
                      o->input, s->input.rows, most < 1 ? "1 to " : "", most < 1 ? (int64_t)M_MAX : most);
}

static int run(struct session *s, struct options *o, const char *path, w4a16_error *error) {
    double start = now_seconds();
    if (read_input(s, o, error) != W4A16_OK) return report_error("run", error);
    if (o->act < 0) o->act = ACT_BOTH;
    if (o->m.count == 0) o->m = (struct int_list){1, {1}};
    if (w4a16_checkpoint_open(path, &s->checkpoint, error) != W4A16_OK || select_layers(s, error) != W4A16_OK)
        return report_error("run", error);
    if (o->output && (s->selected_count != 1 || o->act == ACT_BOTH))
        return usage_error(
            "run", "--output takes the result of one layer and one type; choose them by --layer and --act");
    if (open_devices(s, error) != W4A16_OK) return report_error("run", error);
    s->count = s->selected_count * (o->act == ACT_BOTH ? 2 : 1) * (size_t)o->m.count;
    begin_report(s);
    size_t failed = 0;
    for (size_t i = 0; i < s->selected_count; i++)
        if (run_layer(s, s->selected[i], error) != W4A16_OK) {
            progress_clear(&s->progress);
            if (error->status == W4A16_OUT_OF_MEMORY) {
                report_drop(&s->report);
                return report_error("run", error);
            }
            say_failure(s, error);
            failed++;
        }
    progress_clear(&s->progress);
    if (s->unsaid)
        report_note(&s->report, "%zu more layer%s could not be run, for a reason that is given once",
                    s->unsaid, s->unsaid == 1 ? "" : "s");
    for (size_t i = 0; i < w4a16_checkpoint_notes(s->checkpoint); i++)
        report_note(&s->report, "%s", w4a16_checkpoint_note(s->checkpoint, i));
    return end_report(s, now_seconds() - start, failed);
}

int cmd_run(int argc, char **argv) {
    struct options o = {.layer = "all", .act = -1, .seed = 1, .repeat = 1};
    int first;
    const struct option_row rows[] = {
        {"layer", OPTION_TEXT, &o.layer, "NAME", "a layer, or the last parts of its name (default: all)", 0,
         0, NULL},
        {"device", OPTION_CHOICE, &o.device, "NAME", "sim (default), cpu or hip", 0, 0, device_names},
        {"target", OPTION_TEXT, &o.target, "GFX", "what sim simulates (default gfx1100)", 0, 0, NULL},
        {"act", OPTION_CHOICE, &o.act, "TYPE", "fp16, bf16 or both (default: the input's, else both)", 0, 0,
         act_names},
        {"m", OPTION_LIST, &o.m, "LIST", "numbers of rows, as 1,2,16 (default: the input's, else 1)", 1,
         M_MAX, NULL},
        {"input", OPTION_TEXT, &o.input, "X.npy",
         "activations [M,K]: float16, float32, or bfloat16 as uint16", 0, 0, NULL},
        {"output", OPTION_TEXT, &o.output, "Y.npy", "where to write the result (bfloat16 as uint16)", 0, 0,
         NULL},
        {"seed", OPTION_INT, &o.seed, "N", "of the activations, if there is no input (default 1)", 0,
         INT64_MAX, NULL},
        {"repeat", OPTION_INT, &o.repeat, "N",
         "run N times, other schedules and threads; compare bits (default 1)", 1, REPEAT_MAX, NULL},
        {"schedule-seed", OPTION_INT, &o.schedule_seed, "N", "sim: order of waves; 0 = in order (default 0)",
         0, INT32_MAX, NULL},
        ROW_FLAG("strict", &o.strict, "sim: stop at undefined values, missing waits, races, ..."),
        {"timing", OPTION_TEXT, &o.card, "CARD",
         "sim: how long a card such as '7900 XTX' would take, modelled", 0, 0, NULL},
        {"kernel-mask", OPTION_TEXT, &o.kernel_mask, "LIST",
         "kernels to leave out: names, or prefixes with *", 0, 0, NULL},
        ROW_THREADS(&o.threads),
        ROW_JSON(&o.json),
        ROW_WIDE(&o.wide),
        ROW_NO_PROGRESS(&o.quiet),
    };
    const struct usage usage = {
        "run",
        "[options] CHECKPOINT",
        "Multiplies layers of a checkpoint with activations and compares every output with an fp64\n"
        "reference of the checkpoint's own bytes. A row fails where an output is beyond the proven bound,\n"
        "1 ulp + c * sum|a||w| (docs/numerics.md), with different bits in a repetition, or (from 100,000\n"
        "outputs on) with less than 99.9 % within 1 ulp. Outputs that are Inf or NaN although their exact\n"
        "values are finite are counted; a row that has some, rounded rightly or because fp32 sums left\n"
        "their range, is called overflow. Exit code 1: a row failed, or outputs overflow.",
        1,
        1,
        rows,
        sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;

    if ((result = check_kernel_mask("run", o.kernel_mask)) >= 0) return result;
    if (o.card && (o.device || o.schedule_seed))
        return usage_error("run", "--timing: accepted with --device sim, and without --schedule-seed");
    struct session *s = calloc(1, sizeof *s);
    if (!s) return report_no_memory("run");
    s->options = &o;
    s->host_threads = o.threads ? (int)o.threads : pool_available_threads();
    progress_begin(&s->progress, !o.quiet);
    w4a16_error error = {.status = W4A16_OK};
    result = run(s, &o, argv[first], &error);
    for (int r = 0; r < REPEAT_MAX; r++) w4a16_device_close(s->devices[r]);
    w4a16_checkpoint_close(s->checkpoint);
    free(s->selected);
    free(s->input_data);
    free(s);
    return result;
}
