/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The report of a device: the conformance list with the bits of every case, and a short timing, in one file
 * that the owner of a card can attach. The same command on the simulator gives the bits that a card is
 * expected to give.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/conformance.h"
#include "cli.h"
#include "clock.h"
#include "core/output_error.h"
#include "device.h"
#include "parallel.h"
#include "progress.h"
#include "random.h"
#include "report.h"
#include "report_host.h"

enum { TIMED_N = 4096, TIMED_K = 4096, TIMED_GROUP = 128, WARM_UPS = 3, TIMED_RUNS = 20 };

/* ---- conformance ---------------------------------------------------------------------------------- */

/* A failed case is a row; but memory that ran out (lacking) ends the report. */
static json_t *case_row(w4a16_device *device, size_t index, int threads, size_t *failed,
                        w4a16_error *lacking) {
    struct conformance_result result = {0};
    w4a16_error error = {.status = W4A16_OK};
    w4a16_status status = conformance_run(device, index, threads, &result, &error);
    char bits[24];
    snprintf(bits, sizeof bits, "%016" PRIx64, result.bits);
    *failed += status != W4A16_OK;
    if (status == W4A16_OUT_OF_MEMORY) *lacking = error;
    return doc_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:f, s:s}", "case", conformance_name(index),
                    "verdict", status == W4A16_OK ? "ok" : w4a16_status_name(status), "bits", bits,
                    "same_bits", result.same_bits, "outputs", (json_int_t)result.accuracy.outputs,
                    "within_1ulp", (json_int_t)result.accuracy.within_1ulp, "overflows",
                    (json_int_t)result.accuracy.overflows, "worst_excess", result.accuracy.worst_excess,
                    "error", status == W4A16_OK ? "" : error.message);
}

static json_t *conformance(w4a16_device *device, int64_t every, int threads, struct progress *progress,
                           size_t *failed, w4a16_error *lacking) {
    json_t *rows = json_array();
    for (size_t n = 0; n < conformance_count(); n += (size_t)every) {
        progress_show(progress, conformance_name(n), n, conformance_count());
        doc_append(&rows, case_row(device, n, threads, failed, lacking));
    }
    progress_clear(progress);
    return rows;
}

/* ---- timing --------------------------------------------------------------------------------------- */

/* A symmetric layer of random nibbles. */
static w4a16_status timed_weights(w4a16_device *device, w4a16_weights **out, w4a16_error *error) {
    size_t words = (size_t)TIMED_N * TIMED_K / 8, scales = (size_t)TIMED_N * (TIMED_K / TIMED_GROUP);
    uint32_t *q = malloc(4 * words);
    uint16_t *scale = malloc(2 * scales);
    w4a16_status status = W4A16_OUT_OF_MEMORY;
    for (size_t n = 0; q && n < words; n++) q[n] = (uint32_t)random_at(1, n);
    for (size_t n = 0; scale && n < scales; n++) scale[n] = (uint16_t)(0x1c00 + (random_at(2, n) & 0x3ff));
    if (q && scale) {
        w4a16_layer layer;
        w4a16_layer_init(&layer, sizeof layer);
        layer.N = TIMED_N, layer.K = TIMED_K, layer.group_size = TIMED_GROUP;
        layer.q = q;
        layer.scale = scale;
        layer.scale_type = W4A16_F16;
        status = w4a16_weights_create(device, &layer, out, error);
    }
    free(q);
    free(scale);
    return status;
}

/* Seconds per run, waiting for all of them at the end; and the kernel's name. */
static w4a16_status time_one(w4a16_device *device, const w4a16_weights *weights, int64_t M, w4a16_dtype act,
                             int runs, double *seconds, char *kernel, size_t kernel_bytes,
                             w4a16_error *error) {
    w4a16_problem problem;
    w4a16_plan *plan = NULL;
    w4a16_run_args args = {.struct_size = sizeof args};
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = M;
    problem.act = act;
    size_t a_bytes = (size_t)M * TIMED_K * 2;
    uint16_t *a = calloc(1, a_bytes), sink;
    w4a16_status status =
        a ? w4a16_plan_create(device, weights, &problem, &plan, error) : W4A16_OUT_OF_MEMORY;
    if (status == W4A16_OK) status = w4a16_buffer_alloc(device, a_bytes, &args.a, error);
    if (status == W4A16_OK) status = w4a16_copy_to_device(device, args.a, a, a_bytes, error);
    if (status == W4A16_OK) status = w4a16_buffer_alloc(device, (size_t)M * TIMED_N * 2, &args.out, error);
    if (status == W4A16_OK && w4a16_plan_workspace(plan))
        status = w4a16_buffer_alloc(device, w4a16_plan_workspace(plan), &args.workspace, error);
    double start = 0;
    for (int n = -(runs > 1 ? WARM_UPS : 0); status == W4A16_OK && n < runs; n++) {
        if (n == 0) {
            status = w4a16_copy_from_device(device, &sink, args.out, 2 * (runs > 1), error);
            start = now_seconds();
        }
        if (status == W4A16_OK) status = w4a16_run(plan, &args, NULL, error);
    }
    if (status == W4A16_OK) status = w4a16_copy_from_device(device, &sink, args.out, sizeof sink, error);
    *seconds = (now_seconds() - start) / runs;
    w4a16_launch_info last;
    if (status == W4A16_OK) status = w4a16_plan_launch(plan, w4a16_plan_launches(plan) - 1, &last, error);
    if (status == W4A16_OK) snprintf(kernel, kernel_bytes, "%s", last.kernel);
    const w4a16_address buffers[] = {args.a, args.out, args.workspace};
    for (size_t n = 0; n < 3; n++)
        if (buffers[n]) w4a16_buffer_free(device, buffers[n], NULL);
    w4a16_plan_free(plan);
    free(a);
    return status;
}

static json_t *timing(w4a16_device *device, int simulated, size_t *failed, w4a16_error *lacking) {
    static const int64_t ms[] = {1, 4, 16, 64, 512, 2048};
    json_t *rows = json_array();
    w4a16_weights *weights = NULL;
    w4a16_error error = {.status = W4A16_OK};
    w4a16_status status = timed_weights(device, &weights, &error);
    for (size_t n = 0; status == W4A16_OK && n < sizeof ms / sizeof ms[0]; n++)
        for (int act = W4A16_F16; status == W4A16_OK && act <= W4A16_BF16; act++) {
            if (simulated && ms[n] > 64) continue; /* its time is the host's, and long */
            double seconds;
            char kernel[96];
            status = time_one(device, weights, ms[n], (w4a16_dtype)act, simulated ? 1 : TIMED_RUNS, &seconds,
                              kernel, sizeof kernel, &error);
            if (status == W4A16_OK)
                doc_append(&rows,
                           doc_pack("{s:I, s:i, s:i, s:s, s:s, s:f}", "m", (json_int_t)ms[n], "n", TIMED_N,
                                    "k", TIMED_K, "type", w4a16_dtype_name((w4a16_dtype)act), "kernel",
                                    kernel, simulated ? "host_microseconds" : "microseconds", 1e6 * seconds));
        }
    w4a16_weights_free(weights);
    if (status != W4A16_OK) {
        if (status == W4A16_OUT_OF_MEMORY) w4a16_fail(lacking, status, "report: out of memory");
        doc_append(&rows, doc_pack("{s:s}", "error", error.message));
        ++*failed;
    }
    return rows;
}

/* ---- the verb ------------------------------------------------------------------------------------- */

static int show_summary(const char *output, size_t cases, size_t failed) {
    struct report report;
    report_begin(&report, "report", NULL, 0, 0, 1,
                 doc_pack("{s:s, s:I, s:I}", "output", output, "cases", (json_int_t)cases, "failed",
                          (json_int_t)failed));
    return report_end(&report) == 0 && !failed ? EXIT_OK : EXIT_FAILED;
}

int cmd_report(int argc, char **argv) {
    const char *target = NULL, *output = "w4a16-report.json";
    int device_index = 2, no_timing = 0, compare = 0, json = 0, quiet = 0, first;
    int64_t threads = 0, every = 1;
    const struct option_row rows[] = {
        {"device", OPTION_CHOICE, &device_index, "NAME", "hip (default), sim or cpu", 0, 0, device_names},
        {"target", OPTION_TEXT, &target, "GFX", "what sim simulates (default gfx1100)", 0, 0, NULL},
        {"output", OPTION_TEXT, &output, "FILE", "where to write (default w4a16-report.json)", 0, 0, NULL},
        {"every", OPTION_INT, &every, "N", "only every Nth case of the conformance list (default 1)", 1,
         10000, NULL},
        ROW_FLAG("no-timing", &no_timing, "the conformance list alone"),
        ROW_FLAG("compare", &compare, "compare the bits of two reports instead: --compare A B"),
        ROW_THREADS(&threads),
        ROW_JSON(&json),
        ROW_NO_PROGRESS(&quiet),
    };
    const struct usage usage = {
        "report",
        "[options] [A B]",
        "Runs the conformance list and a short timing on a device and writes one file: what ran,\n"
        "on what, which bits came out, and how long it took. Attach it where a card's behaviour\n"
        "is in question; the same on sim gives the bits that are expected.",
        0,
        2,
        rows,
        sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;
    if (argc - first != 2 * compare)
        return usage_error("report", "%d files given; accepted are two with --compare, else none",
                           argc - first);
    if (compare) return report_compare(argv[first], argv[first + 1], json);

    w4a16_error error;
    struct output file;
    if (output_open(&file, output) != 0) { /* before the work, not after it */
        output_error(output, &file, &error);
        output_abandon(&file);
        return report_error("report", &error);
    }
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = (w4a16_device_kind)(device_index + 1);
    options.target = target;
    options.threads = (int)threads;
    w4a16_device *device;
    if (w4a16_device_open(&options, &device, &error) != W4A16_OK) {
        output_abandon(&file);
        return report_error("report", &error);
    }
    w4a16_device_info info;
    w4a16_device_get_info(device, &info);
    int simulated = info.kind == W4A16_DEVICE_SIM || strstr(info.name, "simulated") != NULL;
    struct progress progress;
    progress_begin(&progress, !quiet);
    size_t failed = 0;
    w4a16_error lacking = {.status = W4A16_OK};
    json_t *cases = conformance(device, every, threads ? (int)threads : pool_available_threads(), &progress,
                                &failed, &lacking);
    json_t *times = no_timing ? json_array() : timing(device, simulated, &failed, &lacking);
    w4a16_device_close(device);
    json_t *document =
        doc_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:o, s:o}", "schema_version", SCHEMA_VERSION,
                 "verb", "report", "version", w4a16_version(), "device", device_names[device_index], "name",
                 info.name, "target", info.target, "runtime", info.runtime, "simulated", simulated, "failed",
                 (json_int_t)failed, "conformance", cases, "timing", times);
    doc_update(&document, report_host(info.target));
    if (lacking.status == W4A16_OUT_OF_MEMORY) {
        json_decref(document);
        output_abandon(&file);
        return report_error("report", &lacking);
    }
    size_t count = json_array_size(cases);
    char *text = doc_print(document, JSON_INDENT(1), NULL);
    json_decref(document);
    w4a16_status status = W4A16_OK;
    if (!text) {
        status = w4a16_fail(&error, W4A16_OUT_OF_MEMORY, "%s: out of memory", output);
        output_abandon(&file);
    } else {
        output_write(&file, text, strlen(text));
        if (output_commit(&file) != 0) status = output_error(output, &file, &error);
    }
    free(text);
    if (status != W4A16_OK) return report_error("report", &error);
    if (json) return show_summary(output, count, failed);
    printf("%s (%s): %zu cases, %zu failed; written to %s\n", info.name, info.runtime, count, failed, output);
    return failed ? EXIT_FAILED : EXIT_OK;
}
