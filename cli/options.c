/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Options from tables: parsing, help and usage errors. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "core/error.h"
#include "report.h"
#include "text.h"

#define ROWS_MAX 32

static int json_asked; /* --json is among the arguments: a failure is answered on stdout, too */

/* Without memory of its own, since that may be what failed. The texts are clean: no control characters. */
static void print_quoted(const char *text) {
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

/* Options take any place, and a failure may come before they are parsed. */
static void look_for_json(int argc, char **argv) {
    for (int i = 0; i < argc; i++) json_asked |= strcmp(argv[i], "--json") == 0;
}

static void answer_in_json(const char *verb, const char *status, const char *message, int exit_code) {
    if (!json_asked) return;
    printf("{\"schema_version\": %d, \"verb\": ", SCHEMA_VERSION);
    print_quoted(verb);
    printf(", \"error\": {\"status\": \"%s\", \"message\": ", status);
    print_quoted(message);
    printf("}, \"exit_code\": %d}\n", exit_code);
    fflush(stdout);
}

int usage_error(const char *verb, const char *format, ...) {
    char text[1400];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "w4a16 %s: %s\nTry: w4a16 %s --help\n", verb, text, verb);
    answer_in_json(verb, "wrong usage", text, EXIT_USAGE);
    return EXIT_USAGE;
}

int unknown_verb(int argc, char **argv) {
    char verb[256], text[400];
    text_format(verb, sizeof verb, "%s", argv[1]);
    snprintf(text, sizeof text, "unknown verb %s; w4a16 --help lists them", verb);
    fprintf(stderr, "w4a16: %s\n", text);
    look_for_json(argc, argv);
    answer_in_json(verb, "wrong usage", text, EXIT_USAGE);
    return EXIT_USAGE;
}

void show_error(const char *verb, const w4a16_error *error) {
    fprintf(stderr, "w4a16 %s: %s: %s\n", verb, w4a16_status_name(error->status), error->message);
}

int report_error(const char *verb, const w4a16_error *error) {
    int exit_code = error->status == W4A16_NO_DEVICE ? EXIT_NO_DEVICE : EXIT_FAILED;
    show_error(verb, error);
    answer_in_json(verb, w4a16_status_name(error->status), error->message, exit_code);
    return exit_code;
}

int report_no_memory(const char *verb) {
    w4a16_error error;
    w4a16_fail(&error, W4A16_OUT_OF_MEMORY, "out of memory");
    return report_error(verb, &error);
}

void print_version(void) { printf("w4a16 %s\n", w4a16_version()); }

static void print_help(const struct usage *u) {
    printf("Usage: w4a16 %s %s\n\n%s\n\nOptions:\n", u->verb, u->arguments, u->summary);
    for (size_t i = 0; i < u->count + 2; i++) {
        static const struct option_row general[] = {{.name = "help", .help = "print this"},
                                                    {.name = "version", .help = "name this version"}};
        const struct option_row *row = i < u->count ? &u->rows[i] : &general[i - u->count];
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", row->name, row->value ? " " : "",
                 row->value ? row->value : "");
        printf("  %-26s %s\n", left, row->help);
    }
}

/* One integer from *text up to a comma or the end; advances *text past it. */
static int parse_int(const char **text, const struct option_row *row, int64_t *value) {
    char *end;
    errno = 0;
    long long parsed = strtoll(*text, &end, 10);
    if (end == *text || errno || (*end && *end != ',') || parsed < row->min || parsed > row->max) return 0;
    *value = parsed;
    *text = end;
    return 1;
}

static int parse_list(const char *text, const struct option_row *row, struct int_list *list) {
    list->count = 0;
    while (list->count < LIST_MAX && parse_int(&text, row, &list->values[list->count])) {
        list->count++;
        if (*text == 0) return 1;
        text++;
    }
    return 0;
}

static int parse_choice(const char *text, const struct option_row *row, int *index) {
    for (*index = 0; row->choices[*index]; ++*index)
        if (strcmp(text, row->choices[*index]) == 0) return 1;
    return 0;
}

static int store(const struct usage *u, const struct option_row *row, const char *text) {
    const char *rest = text;
    switch (row->kind) {
    case OPTION_FLAG: *(int *)row->target = 1; return -1;
    case OPTION_TEXT: *(const char **)row->target = text; return -1;
    case OPTION_TEXTS: {
        struct text_list *list = row->target;
        if (list->count == LIST_MAX)
            return usage_error(u->verb, "--%s %s: accepted are up to %d of them", row->name, text, LIST_MAX);
        list->values[list->count++] = text;
        return -1;
    }
    case OPTION_INT:
        if (parse_int(&rest, row, row->target) && *rest == 0) return -1;
        return usage_error(u->verb, "--%s %s: accepted is an integer in %" PRId64 "..%" PRId64, row->name,
                           text, row->min, row->max);
    case OPTION_LIST:
        if (parse_list(text, row, row->target)) return -1;
        return usage_error(u->verb,
                           "--%s %s: accepted are up to %d integers in %" PRId64 "..%" PRId64
                           ", separated by commas",
                           row->name, text, LIST_MAX, row->min, row->max);
    case OPTION_CHOICE: {
        if (parse_choice(text, row, row->target)) return -1;
        char accepted[256] = "";
        for (int i = 0; row->choices[i]; i++) {
            size_t length = strlen(accepted);
            snprintf(accepted + length, sizeof accepted - length, "%s%s", i ? ", " : "", row->choices[i]);
        }
        return usage_error(u->verb, "--%s %s: accepted are %s", row->name, text, accepted);
    }
    }
    return EXIT_USAGE;
}

int options_parse(const struct usage *u, int argc, char **argv, int *first) {
    struct option options[ROWS_MAX + 3] = {{0}};
    int given[ROWS_MAX] = {0};
    const int help = (int)u->count, version = help + 1;
    for (int i = 0; i < help; i++)
        options[i] = (struct option){
            u->rows[i].name, u->rows[i].kind == OPTION_FLAG ? no_argument : required_argument, NULL, i};
    options[help] = (struct option){"help", no_argument, NULL, help};
    options[version] = (struct option){"version", no_argument, NULL, version};
    look_for_json(argc, argv);
    opterr = 0;
    optind = 1;
    for (int index; (index = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (index == help || index == 'h') {
            print_help(u);
            return EXIT_OK;
        }
        if (index == version) {
            print_version();
            return EXIT_OK;
        }
        if (index == ':') return usage_error(u->verb, "%s needs a value", argv[optind - 1]);
        if (index == '?') return usage_error(u->verb, "unknown option %s", argv[optind - 1]);
        enum option_kind kind = u->rows[index].kind;
        if (given[index]++ && kind != OPTION_FLAG && kind != OPTION_TEXTS)
            return usage_error(u->verb, "--%s is given twice; accepted is once", u->rows[index].name);
        int result = store(u, &u->rows[index], optarg);
        if (result >= 0) return result;
    }
    int count = argc - optind;
    if (count < u->min_arguments || count > u->max_arguments)
        return usage_error(u->verb, "%d argument%s given; the usage is: w4a16 %s %s", count,
                           count == 1 ? "" : "s", u->verb, u->arguments);
    *first = optind;
    return -1;
}
