/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include <inttypes.h>
#include <search.h>
#include <string.h>

#include "cli.h"
#include "report.h"
#include "w4a16/checkpoint.h"

static json_t *row_of(const w4a16_layer_info *l) {
    return doc_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:b, s:b, s:I, s:s, s:o}", "layer", l->name,
                    "format", l->format, "n", (json_int_t)l->N, "k", (json_int_t)l->K, "group_size",
                    (json_int_t)l->group_size, "scale_type", w4a16_dtype_name(l->scale_type), "zeros",
                    l->symmetric ? "symmetric" : "asymmetric", "act_order", l->act_order, "bias", l->has_bias,
                    "wrapped_zeros", (json_int_t)l->wrapped_zeros, "verdict", l->problem ? "PROBLEM" : "ok",
                    "problem", l->problem ? doc_string(l->problem) : json_null());
}

/* A layer with a problem may not know the rest of itself. */
static json_t *row_of_problem(const w4a16_layer_info *l) {
    return doc_pack("{s:s, s:s, s:s}", "layer", l->name, "verdict", "PROBLEM", "problem", l->problem);
}

static int compare_text(const void *a, const void *b) { return strcmp(a, b); }
static void keep(void *text) { (void)text; }

int cmd_inspect(int argc, char **argv) {
    int json = 0, wide = 0, first;
    const struct option_row rows[] = {ROW_JSON(&json), ROW_WIDE(&wide)};
    const struct usage usage = {
        "inspect",
        "[options] CHECKPOINT",
        "Lists the quantised layers of a checkpoint (a directory, its .safetensors file, or a\n"
        ".gguf file) and what is wrong with them. Exit code 1 if a layer cannot be read.",
        1,
        1,
        rows,
        sizeof rows / sizeof rows[0]};
    int result = options_parse(&usage, argc, argv, &first);
    if (result >= 0) return result;
    w4a16_checkpoint *checkpoint;
    w4a16_error error;
    if (w4a16_checkpoint_open(argv[first], &checkpoint, &error) != W4A16_OK)
        return report_error("inspect", &error);

    size_t count = w4a16_checkpoint_layers(checkpoint), problems = 0;
    void *said = NULL; /* problems, which layers of one stack or type share: a tsearch tree */
    int width = 0;
    for (size_t i = 0; i < count; i++) {
        int length = (int)strlen(w4a16_checkpoint_layer(checkpoint, i)->name);
        if (length > width) width = length;
    }
    static const struct report_column columns[] = {
        {"layer", "layer", -10, NULL, 0},
        {"format", "format", -18, NULL, 1},
        {"n", "N", 6, NULL, 0},
        {"k", "K", 6, NULL, 0},
        {"group_size", "group", 6, NULL, 0},
        {"scale_type", "scales", -6, NULL, 1},
        {"zeros", "zeros", -10, NULL, 0},
        {"act_order", "act-order", -9, NULL, 0},
        {"bias", "bias", -4, NULL, 1},
        {"verdict", "verdict", -7, NULL, 0},
    };
    struct report report;
    report_begin(&report, "inspect", columns, sizeof columns / sizeof columns[0], width,
                 report_form_of(json, wide), doc_pack("{s:s}", "checkpoint", argv[first]));
    for (size_t i = 0; i < count; i++) {
        const w4a16_layer_info *l = w4a16_checkpoint_layer(checkpoint, i);
        report_row(&report, l->problem ? row_of_problem(l) : row_of(l));
        if (l->problem) {
            problems++;
            if (!tfind(l->problem, &said, compare_text)) report_note(&report, "%s", l->problem);
            tsearch(l->problem, &said, compare_text); /* without memory for it, it is said again */
        }
        if (l->wrapped_zeros)
            report_note(&report,
                        "%s: %" PRId64
                        " zeros are stored as 15 and read as 16 here; some readers take them as 0",
                        l->name, l->wrapped_zeros);
    }
    for (size_t i = 0; i < w4a16_checkpoint_notes(checkpoint); i++)
        report_note(&report, "%s", w4a16_checkpoint_note(checkpoint, i));
    tdestroy(said, keep);
    w4a16_checkpoint_close(checkpoint);
    return report_end(&report) == 0 && problems == 0 ? EXIT_OK : EXIT_FAILED;
}
