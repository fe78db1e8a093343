/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The program rdnasim: code objects on the simulator, from the command line. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "output.h"
#include "pending.h"
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
    {"validate", cmd_validate, "compare the timing model with thread traces of cards"},
    {"time", cmd_time, "time kernels on modelled cards, beside the times that were published of them"},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static char failure[1400];            /* the last one */
static rdnasim_report failure_report; /* if it is one of the simulator's */

int fail(int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_vformat(failure, sizeof failure, format, arguments);
    va_end(arguments);
    fprintf(stderr, "rdnasim: %s\n", failure);
    return code;
}

/* The texts are clean: no control characters. */
static void print_quoted(const char *text) {
    putchar('"');
    for (; *text; text++) printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    putchar('"');
}

/* Where --json was asked for, a failure is one object; without memory, since that may be what failed. */
static void answer_in_json(int argc, char **argv, const char *verb, int code) {
    bool asked = false;
    for (int n = 0; n < argc; n++) asked |= strcmp(argv[n], "--json") == 0;
    if (!asked || !code || !failure[0]) return;
    static const char *const statuses[] = {"", "failed", "wrong usage", "bad file"};
    printf("{\"schema_version\": %d, \"verb\": ", SCHEMA_VERSION);
    print_quoted(verb);
    printf(", \"error\": {\"status\": \"%s\", \"message\": ", statuses[code & 3]);
    print_quoted(failure);
    if (failure_report.status) {
        char text[RDNASIM_REPORT_JSON_BYTES];
        rdnasim_report_json(&failure_report, text, sizeof text);
        printf(", \"report\": %s", text);
    }
    printf("}, \"exit_code\": %d}\n", code);
}

static void print_version(void) { printf("rdnasim %s\n", rdnasim_version()); }

static bool memory_ran_out;

int fail_memory(const char *what) {
    memory_ran_out = true;
    return fail(EXIT_FAULT, "%s: out of memory", what);
}

int fail_sim(int code, const char *what, const rdnasim_report *report) {
    memory_ran_out |= report->status == RDNASIM_OUT_OF_MEMORY;
    failure_report = *report;
    return fail(code, "%s%s%s", what ? what : "", what ? ": " : "", report->text);
}

int fail_output(const char *path, const struct output *output) {
    if (output->code == ENOMEM) return fail_memory(path);
    return fail(EXIT_FILE, "%s: cannot %s: %s", path, output->step, strerror(output->code));
}

json_t *report_document(const rdnasim_report *report) {
    char text[RDNASIM_REPORT_JSON_BYTES];
    rdnasim_report_json(report, text, sizeof text);
    return json_loads(text, 0, NULL);
}

int print_document(json_t *document) {
    char *text = doc_print(document, JSON_INDENT(1) | JSON_REAL_PRECISION(9), NULL);
    json_decref(document);
    if (!text) return fail_memory("stdout");
    puts(text);
    free(text);
    failure[0] = 0; /* what failed before is told in it */
    return EXIT_OK;
}

static void print_verbs(FILE *to) {
    fputs("Usage: rdnasim VERB [arguments]\n\nRuns gfx11 (RDNA3) code objects without a GPU.\n\nVerbs:\n",
          to);
    for (size_t n = 0; n < VERBS; n++) fprintf(to, "  %-8s %s\n", verbs[n].name, verbs[n].summary);
    fputs(
        "\nrdnasim VERB --help explains one; rdnasim --version names this version.\n"
        "Exit codes: 0 success, 1 the kernel failed or memory ran out, 2 wrong usage, 3 a file that cannot\n"
        "be used.\n",
        to);
}

int main(int argc, char **argv) {
    pending_remove_on_signals();
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        print_version();
        return EXIT_OK;
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        print_verbs(stdout);
        return EXIT_OK;
    }
    for (size_t n = 0; argc > 1 && n < VERBS; n++)
        if (strcmp(argv[1], verbs[n].name) == 0) {
            if (argc > 2 && strcmp(argv[2], "--version") == 0) {
                print_version();
                return EXIT_OK;
            }
            int code = verbs[n].run(argc - 1, argv + 1);
            if (memory_ran_out) code = EXIT_FAULT;
            answer_in_json(argc, argv, verbs[n].name, code);
            return code;
        }
    if (argc > 1) {
        char verb[256];
        text_format(verb, sizeof verb, "%s", argv[1]);
        int code = fail(EXIT_USAGE, "unknown verb %s; rdnasim --help lists them", verb);
        answer_in_json(argc, argv, verb, code);
        return code;
    }
    print_verbs(stderr);
    return EXIT_USAGE;
}
