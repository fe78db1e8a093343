/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Runs the conformance list; shows what failed and a total per pool of cases. */
#include <stdio.h>
#include <string.h>

#include "check/conformance.h"
#include "cli.h"
#include "clock.h"
#include "device.h"
#include "parallel.h"
#include "progress.h"
#include "report.h"

#define POOLS_MAX 64

struct pool_total {
    const char *name; /* null: the cases of which only the hard bound is asked */
    size_t cases, failed;
    w4a16_accuracy accuracy;
};

struct session {
    w4a16_device *device;
    int threads, all;
    struct report report;
    struct progress progress;
    struct pool_total pools[POOLS_MAX];
    size_t pool_count;
    struct pool_total adders[W4A16_ADDERS]; /* by what added the products */
};

static struct pool_total *pool_of(struct session *s, const char *name) {
    for (size_t i = 0; i < s->pool_count; i++) {
        const char *known = s->pools[i].name;
        if (known == name || (known && name && strcmp(known, name) == 0)) return &s->pools[i];
    }
    if (s->pool_count == POOLS_MAX) return &s->pools[POOLS_MAX - 1];
    s->pools[s->pool_count].name = name;
    return &s->pools[s->pool_count++];
}

static json_t *row_of(const char *name, size_t cases, const w4a16_accuracy *a, json_t *same_bits, int ok) {
    double share =
        100.0 * (double)a->within_1ulp / (double)a->outputs; /* NaN, shown as "-", without outputs */
    return doc_pack("{s:s, s:I, s:I, s:f, s:f, s:f, s:I, s:I, s:o, s:s}", "case", name, "cases",
                    (json_int_t)cases, "outputs", (json_int_t)a->outputs, "within_1ulp_percent", share,
                    "worst_ulp", a->worst_ulp, "worst_excess", a->worst_excess, "violations",
                    (json_int_t)a->violations, "overflows", (json_int_t)a->overflows, "same_bits", same_bits,
                    "verdict", ok ? "ok" : "FAILED");
}

/* A case that fails is a row; only without memory there is no going on. */
static w4a16_status run_case(struct session *s, size_t index, w4a16_error *error) {
    struct conformance_result result = {0};
    const char *name = conformance_name(index);
    w4a16_status status = conformance_run(s->device, index, s->threads, &result, error);
    if (status == W4A16_OUT_OF_MEMORY) return status;
    struct pool_total *pool = pool_of(s, conformance_pool(index));
    pool->cases++;
    pool->failed += status != W4A16_OK;
    w4a16_accuracy_add(&pool->accuracy, &result.accuracy);
    struct pool_total *adder = &s->adders[result.order.adder];
    adder->cases += result.accuracy.outputs != 0;
    adder->failed += result.accuracy.violations != 0;
    w4a16_accuracy_add(&adder->accuracy, &result.accuracy);
    if (status == W4A16_OK && !s->all) return W4A16_OK;
    progress_clear(&s->progress);
    int ran = status == W4A16_OK || status == W4A16_MISMATCH;
    report_row(&s->report, row_of(name, 1, &result.accuracy,
                                  ran ? json_boolean(result.same_bits) : json_null(), status == W4A16_OK));
    if (status != W4A16_OK)
        report_note(&s->report, "%s: %s: %s", name, w4a16_status_name(status), error->message);
    return W4A16_OK;
}

/*
 * Returns the number of pools that failed. Of each adder, worst excess is the worst error over the proven
 * bound.
 */
static size_t show_pools(struct session *s) {
    size_t failed = 0;
    for (size_t i = 0; i < s->pool_count; i++) {
        const struct pool_total *pool = &s->pools[i];
        int ok = !pool->failed && w4a16_accuracy_ok(&pool->accuracy, pool->name != NULL);
        failed += !ok;
        report_total(&s->report, row_of(pool->name ? pool->name : "all adversarial", pool->cases,
                                        &pool->accuracy, json_null(), ok));
    }
    for (int adder = 0; adder < W4A16_ADDERS; adder++) {
        struct pool_total *of = &s->adders[adder];
        char name[32];
        snprintf(name, sizeof name, "bound of %s", w4a16_adder_name((w4a16_adder)adder));
        if (of->cases)
            report_total(&s->report, row_of(name, of->cases, &of->accuracy, json_null(), !of->failed));
    }
    return failed;
}

static int run_all(struct session *s, const char *filter) {
    double start = now_seconds();
    size_t count = conformance_count(), run = 0, failed = 0;
    for (size_t i = 0; i < count; i++) {
        if (filter && !strstr(conformance_name(i), filter)) continue;
        progress_show(&s->progress, conformance_name(i), i, count);
        w4a16_error error;
        if (run_case(s, i, &error) != W4A16_OK) {
            progress_clear(&s->progress);
            report_drop(&s->report);
            return report_error("check", &error);
        }
        run++;
    }
    progress_clear(&s->progress);
    for (size_t i = 0; i < s->pool_count; i++) failed += s->pools[i].failed;
    size_t failed_pools = show_pools(s);
    report_note(&s->report, "%zu of %zu cases run in %.1f s, %zu failed", run, count, now_seconds() - start,
                failed);
    int printed = report_end(&s->report) == 0;
    return printed && !failed_pools ? EXIT_OK : EXIT_FAILED;
}

static size_t count_cases(const char *filter, int show) {
    size_t count = 0;
    for (size_t i = 0; i < conformance_count(); i++) {
        if (filter && !strstr(conformance_name(i), filter)) continue;
        if (show) puts(conformance_name(i));
        count++;
    }
    return count;
}

static int list_cases(const char *filter, int json) {
    if (!json) return count_cases(filter, 1), EXIT_OK;
    static const struct report_column columns[] = {{"case", "case", -50, NULL, 0}};
    struct report report;
    report_begin(&report, "check", columns, 1, 0, 1, doc_pack("{}"));
    for (size_t i = 0; i < conformance_count(); i++)
        if (!filter || strstr(conformance_name(i), filter))
            report_row(&report, doc_pack("{s:s}", "case", conformance_name(i)));
    return report_end(&report) == 0 ? EXIT_OK : EXIT_FAILED;
}

static void begin_report(struct session *s, enum report_form form) {
    static const struct report_column columns[] = {
        {"case", "case", -50, NULL, 0},           {"cases", "cases", 5, NULL, 0},
        {"outputs", "outputs", 9, NULL, 0},       {"within_1ulp_percent", "<= 1 ulp %", 10, "%.4f", 1},
        {"worst_ulp", "worst ulp", 9, "%.0f", 1}, {"worst_excess", "worst excess", 12, "%.4f", 0},
        {"overflows", "overflows", 9, NULL, 1},   {"same_bits", "same bits", -9, NULL, 1},
        {"verdict", "verdict", -7, NULL, 0},
    };
    w4a16_device_info info;
    w4a16_device_get_info(s->device, &info);
    if (form != REPORT_JSON) printf("%s; %s\n\n", info.name, info.runtime);
    report_begin(&s->report, "check", columns, sizeof columns / sizeof columns[0], 0, form,
                 doc_pack("{s:s, s:s, s:s, s:s}", "device", device_names[info.kind - 1], "name", info.name,
                          "target", info.target, "runtime", info.runtime));
}

int cmd_check(int argc, char **argv) {
    const char *target = NULL, *filter = NULL, *kernel_mask = NULL;
    int device = 0, list = 0, all = 0, strict = 0, json = 0, wide = 0, quiet = 0, first;
    int64_t threads = 0, schedule_seed = 0;
    const struct option_row rows[] = {
        {"device", OPTION_CHOICE, &device, "NAME", "sim (default), cpu or hip", 0, 0, device_names},
        {"target", OPTION_TEXT, &target, "GFX", "what sim simulates (default gfx1100)", 0, 0, NULL},
        {"filter", OPTION_TEXT, &filter, "TEXT", "only cases with this in their name", 0, 0, NULL},
        ROW_FLAG("list", &list, "print the names of the cases and stop"),
        ROW_FLAG("all", &all, "show every case, not only those that failed"),
        {"schedule-seed", OPTION_INT, &schedule_seed, "N", "sim: order of waves; 0 = in order (default 0)", 0,
         INT32_MAX, NULL},
        ROW_FLAG("strict", &strict, "sim: stop at undefined values, missing waits, races, ..."),
        {"kernel-mask", OPTION_TEXT, &kernel_mask, "LIST", "kernels to leave out: names, or prefixes with *",
         0, 0, NULL},
        ROW_THREADS(&threads),
        ROW_JSON(&json),
        ROW_WIDE(&wide),
        ROW_NO_PROGRESS(&quiet),
    };
    const struct usage usage = {
        "check",
        "[options]",
        "Runs the conformance list on a device: every case against the fp64 reference, twice. "
        "Cases with\nrandom values are also pooled, and 99.9 % of a pool's outputs must be "
        "within 1 ulp. The rows at the\nend show, for each unit that adds products, the worst error found "
        "over the proven bound\n(docs/numerics.md); --filter adversarial runs the search for it alone.",
        0,
        0,
        rows,
        sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;
    if ((result = check_kernel_mask("check", kernel_mask)) >= 0) return result;
    if (!count_cases(filter, 0))
        return usage_error("check", "--filter %s: no case has this in its name; --list shows all", filter);
    if (list) return list_cases(filter, json);

    struct session s = {.threads = threads ? (int)threads : pool_available_threads(), .all = all};
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = (w4a16_device_kind)(device + 1);
    options.target = target;
    options.threads = (int)threads;
    options.schedule_seed = (uint64_t)schedule_seed;
    options.strict = strict;
    options.kernel_mask = kernel_mask;
    w4a16_error error;
    if (w4a16_device_open(&options, &s.device, &error) != W4A16_OK) return report_error("check", &error);
    progress_begin(&s.progress, !quiet);
    begin_report(&s, report_form_of(json, wide));
    result = run_all(&s, filter);
    w4a16_device_close(s.device);
    return result;
}
