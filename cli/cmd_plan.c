/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "device.h"
#include "report.h"

enum { ROWS_MAX = 512 };

static const char *const types[] = {"fp16", "bf16", NULL};

struct choices {
    size_t count;
    w4a16_choice rows[ROWS_MAX];
};

/* Why the chosen row is chosen: it is the cheapest of those that could. */
static void praise(const struct choices *choices, char *text, size_t size) {
    size_t others = 0;
    double next = 0;
    for (size_t n = 0; n < choices->count; n++) {
        const w4a16_choice *c = &choices->rows[n];
        if (c->chosen || !c->takes) continue;
        others++;
        if (c->cost > 0 && (next == 0 || c->cost < next)) next = c->cost;
    }
    if (!others)
        snprintf(text, size, "no other could");
    else if (next > 0)
        snprintf(text, size, "cheapest of %zu; the next %.2f", others + 1, next);
    else
        snprintf(text, size, "first of %zu that could", others + 1);
}

/* One line per M and kernel: the chosen one, and with `all` the others and why they are not. */
static void show(struct report *report, const w4a16_problem *problem, const struct choices *choices,
                 int all) {
    for (size_t n = 0; n < choices->count; n++) {
        const w4a16_choice *c = &choices->rows[n];
        if (!c->chosen && !all) continue;
        char why[64];
        praise(choices, why, sizeof why);
        json_t *cost = c->cost > 0 ? json_real(c->cost) : json_null();
        report_row(report, doc_pack("{s:I, s:s, s:s, s:o, s:s}", "m", (json_int_t)problem->shape.M, "kernel",
                                    c->kernel, "verdict",
                                    c->chosen  ? "chosen"
                                    : c->takes ? "could"
                                               : "no",
                                    "cost", cost, "reason", c->chosen && !c->reason[0] ? why : c->reason));
    }
}

static int explain_all(const w4a16_device *device, const char *mask, w4a16_problem *problem,
                       const struct int_list *ms, int all, int json) {
    static const struct report_column columns[] = {{"m", "M", 6, NULL, 0},
                                                   {"kernel", "kernel", -37, NULL, 0},
                                                   {"verdict", "verdict", -7, NULL, 0},
                                                   {"cost", "cost", 6, "%.2f", 0},
                                                   {"reason", "reason", -29, NULL, 0}};
    struct choices *choices = malloc(sizeof *choices);
    if (!choices) return report_no_memory("plan");
    w4a16_device_info info;
    w4a16_device_get_info(device, &info);
    const char *target = info.target[0] ? info.target : "cpu";
    struct report report;
    report_begin(&report, "plan", columns, sizeof columns / sizeof columns[0], 0, json,
                 doc_pack("{s:s, s:s, s:I, s:I, s:I}", "device", device_names[info.kind - 1], "target",
                          info.target, "n", (json_int_t)problem->shape.N, "k", (json_int_t)problem->shape.K,
                          "group_size", (json_int_t)problem->shape.group_size));
    int failed = 0;
    for (int n = 0; n < ms->count; n++) {
        w4a16_error error = {.status = W4A16_OK};
        problem->shape.M = ms->values[n];
        choices->count = w4a16_explain(target, mask, problem, choices->rows, ROWS_MAX, &error);
        if (error.status == W4A16_OK) w4a16_supports(target, mask, problem, &error);
        if (error.status == W4A16_OUT_OF_MEMORY) {
            free(choices);
            report_drop(&report);
            return report_error("plan", &error);
        }
        show(&report, problem, choices, all);
        if (error.status != W4A16_OK) {
            report_note(&report, "M = %" PRId64 ": %s", problem->shape.M, error.message);
            failed = 1;
        }
    }
    report_note(&report,
                "cost: estimated time relative to the chosen kernel's; it has not been compared with a card");
    free(choices);
    return report_end(&report) == 0 && !failed ? EXIT_OK : EXIT_FAILED;
}

int cmd_plan(int argc, char **argv) {
    const char *kernel_mask = NULL, *target = NULL;
    struct int_list ms = {.count = 5, .values = {1, 16, 17, 128, 2048}};
    int64_t N = 4096, K = 4096, group_size = 128;
    int64_t experts = 0, top_k = 0;
    int combine = 0, device_index = 0, act = 0, scale = 0, asymmetric = 0, act_order = 0, invariant = 0,
        all = 0, json = 0, first;
    const struct option_row rows[] = {
        {"device", OPTION_CHOICE, &device_index, "NAME", "sim (default), cpu or hip", 0, 0, device_names},
        {"target", OPTION_TEXT, &target, "GFX", "what sim simulates (default gfx1100)", 0, 0, NULL},
        {"m", OPTION_LIST, &ms, "LIST", "rows of activations (default 1,16,17,128,2048)", 0, INT64_MAX, NULL},
        {"n", OPTION_INT, &N, "N", "columns (default 4096)", 1, INT64_MAX, NULL},
        {"k", OPTION_INT, &K, "K", "inner size (default 4096)", 1, INT64_MAX, NULL},
        {"group-size", OPTION_INT, &group_size, "G", "K per scale (default 128); -1 = one group", -1,
         INT64_MAX, NULL},
        {"act", OPTION_CHOICE, &act, "TYPE", "fp16 (default) or bf16 activations", 0, 0, types},
        {"scales", OPTION_CHOICE, &scale, "TYPE", "fp16 (default) or bf16 scales", 0, 0, types},
        ROW_FLAG("asymmetric", &asymmetric, "zeros of their own for each group"),
        ROW_FLAG("act-order", &act_order, "groups are not contiguous in K"),
        {"experts", OPTION_INT, &experts, "E", "a mixture of so many experts (default 0: dense)", 0,
         INT64_MAX, NULL},
        {"top-k", OPTION_INT, &top_k, "J", "experts that each row uses", 0, INT64_MAX, NULL},
        ROW_FLAG("combine", &combine, "add the experts of a row"),
        ROW_FLAG("batch-invariant", &invariant, "the same bits for a row at every M"),
        {"kernel-mask", OPTION_TEXT, &kernel_mask, "LIST", "kernels to leave out: names, or prefixes with *",
         0, 0, NULL},
        ROW_FLAG("all", &all, "the kernels that are not chosen too, and why"),
        ROW_JSON(&json),
    };
    const struct usage usage = {"plan",
                                "[options]",
                                "Tells which kernel a product of these sizes gets and why.",
                                0,
                                0,
                                rows,
                                sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;
    if ((result = check_kernel_mask("plan", kernel_mask)) >= 0) return result;
    if (!group_size) return usage_error("plan", "--group-size 0: expected -1 or 1 and more");

    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = (w4a16_device_kind)(device_index + 1);
    options.kernel_mask = kernel_mask;
    options.target = target;
    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    problem.shape.N = N;
    problem.shape.K = K;
    problem.shape.group_size = group_size < 0 || group_size > K ? K : group_size;
    problem.act = act ? W4A16_BF16 : W4A16_F16;
    problem.weights.scale_type = scale ? W4A16_BF16 : W4A16_F16;
    problem.weights.zeros = asymmetric ? W4A16_ZEROS_STORED : W4A16_ZEROS_NONE;
    problem.weights.act_order = act_order;
    problem.batch_invariant = invariant;
    problem.mixture.experts = experts;
    problem.mixture.top_k = top_k;
    problem.epilogue.combine = combine ? W4A16_COMBINE_ADD : W4A16_COMBINE_NONE;
    w4a16_device *device;
    w4a16_error error;
    if (w4a16_device_open(&options, &device, &error) != W4A16_OK) return report_error("plan", &error);
    result = explain_all(device, kernel_mask, &problem, &ms, all, json);
    w4a16_device_close(device);
    return result;
}
