/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the verbs share: exit codes, options from tables, error output. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stddef.h>
#include <stdint.h>

#include "w4a16/base.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_DEVICE = 77 };

int cmd_bench(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_make_model(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_quantize(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_run(int argc, char **argv);

#define LIST_MAX 64

struct int_list {
    int count;
    int64_t values[LIST_MAX];
};

struct text_list {
    size_t count;
    const char *values[LIST_MAX];
};

enum option_kind {
    OPTION_FLAG,   /* int: set to 1 */
    OPTION_INT,    /* int64_t within min..max */
    OPTION_LIST,   /* struct int_list, each within min..max */
    OPTION_TEXT,   /* const char * */
    OPTION_TEXTS,  /* struct text_list: the option may be given again */
    OPTION_CHOICE, /* int: index into choices */
};

struct option_row {
    const char *name; /* without the dashes */
    enum option_kind kind;
    void *target;      /* holds the default on entry */
    const char *value; /* what stands for the value in the help; null for flags */
    const char *help;
    int64_t min, max;
    const char *const *choices; /* null-terminated */
};

struct usage {
    const char *verb;
    const char *arguments; /* "CHECKPOINT [options]" */
    const char *summary;   /* a sentence or more, lines of at most 100 columns */
    int min_arguments, max_arguments;
    const struct option_row *rows;
    size_t count;
};

/*
 * Parses options in any place. Returns -1 to go on, with the arguments at argv[*first] ..., else an exit
 * code: help was printed, or a usage error reported.
 */
int options_parse(const struct usage *usage, int argc, char **argv, int *first);

/* Reports a usage error that only the verb can see; returns EXIT_USAGE. */
int usage_error(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * A verb that ends with an error instead of a result: prints it to stderr and, where --json was given, as the
 * one object on stdout (docs/json.md). Returns the exit code that the error means.
 */
int report_error(const char *verb, const w4a16_error *error);
int report_no_memory(const char *verb);
/* The same for a verb, argv[1], that there is not; returns EXIT_USAGE. */
int unknown_verb(int argc, char **argv);
/* An error that does not end the verb: stderr alone. */
void show_error(const char *verb, const w4a16_error *error);

void print_version(void);

#define ROW_FLAG(name, target, help) {name, OPTION_FLAG, target, NULL, help, 0, 0, NULL}
/* Rows that most verbs have. */
#define ROW_JSON(target)             ROW_FLAG("json", target, "print JSON instead of a table")
#define ROW_WIDE(target)             ROW_FLAG("wide", target, "all columns, in full")
#define ROW_NO_PROGRESS(target)      ROW_FLAG("no-progress", target, "no progress on stderr")
#define ROW_THREADS(target)                                                                                  \
    {"threads", OPTION_INT, target, "N", "host threads; 0 = all available (default 0)", 0, 1024, NULL}

#endif
