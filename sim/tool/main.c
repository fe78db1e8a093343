/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The program gfx11sim: code objects on the simulator, from the command line. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "output.h"
#include "text.h"
#include "tool.h"

static const struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} verbs[] = {
    {"run", cmd_run, "run a kernel on buffers from files or generators, and keep its results"},
    {"stats", cmd_stats, "the same, and count: instructions, memory, bank conflicts, divergence"},
    {"disasm", cmd_disasm, "print a code object's instructions"},
    {"info", cmd_info, "kernels, arguments, registers, LDS and occupancy of a code object"},
    {"cases", cmd_cases, "run recorded instruction cases and say which are right"},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

int fail(int code, const char *format, ...) {
    char text[1400];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "gfx11sim: %s\n", text);
    return code;
}

int fail_output(const char *path, const struct output *output) {
    return fail(EXIT_FILE, "%s: cannot %s: %s", path, output->step, strerror(output->code));
}

int print_document(json_t *document) {
    char *text = doc_print(document, JSON_INDENT(1) | JSON_REAL_PRECISION(9), NULL);
    json_decref(document);
    if (!text) return fail(EXIT_FILE, "out of memory");
    puts(text);
    free(text);
    return EXIT_OK;
}

static void print_verbs(FILE *to) {
    fputs("Usage: gfx11sim VERB [arguments]\n\nRuns gfx11 (RDNA3) code objects without a GPU.\n\nVerbs:\n",
          to);
    for (size_t n = 0; n < VERBS; n++) fprintf(to, "  %-8s %s\n", verbs[n].name, verbs[n].summary);
    fputs("\ngfx11sim VERB --help explains one. Exit codes: 0 success, 1 the kernel failed, 2 wrong usage, 3 "
          "a file that\n"
          "cannot be used.\n",
          to);
}

int main(int argc, char **argv) {
    output_remove_on_signals();
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_verbs(stdout);
        return EXIT_OK;
    }
    for (size_t n = 0; argc > 1 && n < VERBS; n++)
        if (strcmp(argv[1], verbs[n].name) == 0) return verbs[n].run(argc - 1, argv + 1);
    if (argc > 1) return fail(EXIT_USAGE, "unknown verb %s; gfx11sim --help lists them", argv[1]);
    print_verbs(stderr);
    return EXIT_USAGE;
}
