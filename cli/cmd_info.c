/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "device.h"
#include "rdnasim.h"
#include "report.h"

struct candidate {
    w4a16_device_kind kind; /* 0: there is none */
    const char *target;
};

/* Every target of the simulator, then the host and its card. */
static struct candidate candidate_at(size_t index) {
    size_t targets = 0;
    for (const rdnasim_target *t; (t = rdnasim_target_at(targets)); targets++)
        if (targets == index) return (struct candidate){W4A16_DEVICE_SIM, t->name};
    return (struct candidate){index == targets       ? W4A16_DEVICE_CPU
                              : index == targets + 1 ? W4A16_DEVICE_HIP
                                                     : (w4a16_device_kind)0,
                              NULL};
}

/* What is known of the devices that run one class of kernels. */
struct usable {
    const char *kernels; /* w4a16_kernel_info.device */
    char on[256];        /* the devices that opened */
    char why_not[1024];  /* of the first that did not */
};

static void note_device(struct usable *u, const struct candidate *c, w4a16_status status,
                        const w4a16_error *error) {
    size_t length = strlen(u->on);
    if (status == W4A16_OK)
        snprintf(u->on + length, sizeof u->on - length, "%s%s%s%s", length ? ", " : "",
                 device_names[c->kind - 1], c->target ? " " : "", c->target ? c->target : "");
    else if (!u->why_not[0])
        snprintf(u->why_not, sizeof u->why_not, "%s", error->message);
}

/* Adds a row, and a note why the device cannot be used. What fails is memory alone. */
static w4a16_status add_device(struct report *report, const struct candidate *c, struct usable *usable,
                               w4a16_error *error) {
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = c->kind;
    options.target = c->target;
    w4a16_device *device = NULL;
    w4a16_device_info info = {.kind = c->kind};
    const char *name = device_names[c->kind - 1], *target = c->target ? c->target : "";
    w4a16_status status = w4a16_device_open(&options, &device, error);
    if (status == W4A16_OUT_OF_MEMORY) return status;
    note_device(usable, c, status, error);
    if (status == W4A16_OK) {
        w4a16_device_get_info(device, &info);
        w4a16_device_close(device);
        report_row(report, doc_pack("{s:s, s:s, s:b, s:s, s:s, s:n}", "device", name, "target", info.target,
                                    "available", 1, "name", info.name, "runtime", info.runtime, "reason"));
        return W4A16_OK;
    }
    report_row(report, doc_pack("{s:s, s:s, s:b, s:n, s:n, s:s}", "device", name, "target", target,
                                "available", 0, "name", "runtime", "reason", error->message));
    report_note(report, "%s", error->message);
    return W4A16_OK;
}

static json_t *kernel_row(const w4a16_kernel_info *kernel, const struct usable *usable) {
    int available = usable->on[0] != 0;
    return doc_pack("{s:s, s:s, s:s, s:b, s:s}", "kernel", kernel->name, "class", kernel->device, "limits",
                    kernel->limits, "available", available, "detail",
                    available ? usable->on : usable->why_not);
}

/* The registers, LDS and occupancy of a target's kernels. */
static int show_resources(const char *target, int json) {
    static const struct report_column columns[] = {
        {"kernel", "kernel", -33, NULL, 0},       {"vgprs", "VGPRs", 5, NULL, 0},
        {"sgprs", "SGPRs", 5, NULL, 0},           {"spilled", "spilled", 7, NULL, 0},
        {"scratch_bytes", "scratch", 7, NULL, 0}, {"lds_bytes", "LDS", 5, NULL, 0},
        {"waves", "waves", 5, NULL, 0},           {"occupancy", "per SIMD", 8, NULL, 0}};
    enum { ROWS_MAX = 512 };
    static w4a16_kernel_resources rows[ROWS_MAX];
    w4a16_error error;
    size_t count = w4a16_target_resources(target, rows, ROWS_MAX, &error);
    if (count == 0) return report_error("info", &error);
    struct report report;
    report_begin(&report, "info", columns, sizeof columns / sizeof columns[0], 0, json,
                 doc_pack("{s:s, s:s}", "version", w4a16_version(), "target", target));
    for (size_t n = 0; n < count && n < ROWS_MAX; n++)
        report_row(&report,
                   doc_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "kernel", rows[n].kernel, "vgprs",
                            (int)rows[n].vgprs, "sgprs", (int)rows[n].sgprs, "spilled", (int)rows[n].spilled,
                            "scratch_bytes", (int)rows[n].scratch_bytes, "lds_bytes", (int)rows[n].lds_bytes,
                            "waves", (int)rows[n].waves, "occupancy", (int)rows[n].occupancy));
    report_note(&report, "%s; LDS and waves of the largest work-group; of 16 waves that a SIMD can hold",
                target);
    return report_end(&report) == 0 ? EXIT_OK : EXIT_FAILED;
}

static json_t *gpus(void) {
    json_t *list = json_array();
    char target[16];
    for (int n = 0; w4a16_detect_gpu(NULL, n, target, NULL) == W4A16_OK; n++)
        doc_append(&list, doc_string(target));
    return list;
}

/* The kernels' table of the library, for those who read JSON. */
static json_t *kernels(const struct usable classes[2]) {
    json_t *list = json_array();
    w4a16_kernel_info kernel;
    for (size_t n = 0; w4a16_kernel(n, &kernel, NULL) == W4A16_OK; n++)
        doc_append(&list, kernel_row(&kernel, &classes[strcmp(kernel.device, "cpu") == 0]));
    return list;
}

static int show_devices(int json) {
    static const struct report_column columns[] = {{"device", "device", -6, NULL, 0},
                                                   {"target", "target", -8, NULL, 0},
                                                   {"available", "available", -9, NULL, 0},
                                                   {"runtime", "runtime", -40, NULL, 0}};
    struct usable classes[] = {{.kernels = "gfx11"}, {.kernels = "cpu"}};
    json_t *found = gpus();
    size_t count = json_array_size(found);
    if (!json) printf("w4a16 %s; %zu AMD GPU%s in sysfs\n\n", w4a16_version(), count, count == 1 ? "" : "s");
    struct report report;
    report_begin(&report, "info", columns, sizeof columns / sizeof columns[0], 0, json,
                 doc_pack("{s:s, s:o}", "version", w4a16_version(), "gpus", found));
    report.note_width = 80;
    struct candidate candidate;
    for (size_t n = 0; (candidate = candidate_at(n)).kind; n++) {
        w4a16_error error;
        if (add_device(&report, &candidate, &classes[candidate.kind == W4A16_DEVICE_CPU], &error) !=
            W4A16_OK) {
            report_drop(&report);
            return report_error("info", &error);
        }
    }
    json_t *list = kernels(classes);
    report_note(&report, "%zu kernels; w4a16 info --kernels shows what they take of a card",
                json_array_size(list));
    report_fact(&report, "kernels", list);
    return report_end(&report) == 0 ? EXIT_OK : EXIT_FAILED;
}

int cmd_info(int argc, char **argv) {
    int json = 0, resources = 0, first;
    const char *target = "gfx1100";
    const struct option_row rows[] = {
        ROW_FLAG("kernels", &resources, "registers, LDS and occupancy of each kernel"),
        {"target", OPTION_TEXT, &target, "GFX", "whose kernels (default gfx1100)", 0, 0, NULL},
        ROW_JSON(&json)};
    const struct usage usage = {
        "info",
        "[options]",
        "Tells which devices there are and, for each that cannot be used, why not; or, with --kernels,\n"
        "what the kernels of a target take of a card.",
        0,
        0,
        rows,
        sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;
    return resources ? show_resources(target, json) : show_devices(json);
}
