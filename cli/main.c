/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The program `w4a16`: a table of verbs. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "pending.h"

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} verbs[] = {
    {"info", cmd_info, "which devices and kernels there are and, for each, why not"},
    {"inspect", cmd_inspect, "layers, format and problems of a checkpoint"},
    {"quantize", cmd_quantize, "make a GPTQ checkpoint from 16- or 32-bit weights"},
    {"make-model", cmd_make_model, "write seeded weights in the shapes of a named model"},
    {"plan", cmd_plan, "which kernel a product gets and why, and why the others do not"},
    {"run", cmd_run, "multiply layers of a checkpoint on a device and verify the result"},
    {"report", cmd_report, "conformance, bits and times of a device in one file, to attach"},
    {"bench", cmd_bench, "time the layers of a model, verified, beside what the machine can do"},
    {"check", cmd_check, "run the conformance list on a device"},
};
#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

static void print_verbs(FILE *to) {
    fprintf(to,
            "Usage: w4a16 VERB [arguments]\n\n"
            "4-bit weights x 16-bit activations on AMD RDNA3 GPUs, and on a simulator of them.\n\nVerbs:\n");
    for (size_t i = 0; i < VERB_COUNT; i++) fprintf(to, "  %-12s %s\n", verbs[i].name, verbs[i].summary);
    fprintf(to, "\nw4a16 VERB --help explains one; w4a16 --version names this version.\n"
                "Exit codes: 0 success, 1 failure, 2 wrong usage, 77 device missing.\n");
}

int main(int argc, char **argv) {
    pending_remove_on_signals();
    if (argc < 2) {
        print_verbs(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_verbs(stdout);
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return EXIT_OK;
    }
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(argv[1], verbs[i].name) == 0) return verbs[i].run(argc - 1, argv + 1);
    return unknown_verb(argc, argv);
}
