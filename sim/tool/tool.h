/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the verbs of the program rdnasim share. */
#ifndef RDNASIM_TOOL_H
#define RDNASIM_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "observe/trace/trace.h"
#include "rdnasim.h"

struct json_t;

enum { SCHEMA_VERSION = 2 }; /* of --json: docs/json.md */
enum { EXIT_OK = 0, EXIT_FAULT = 1, EXIT_USAGE = 2, EXIT_FILE = 3 };

int cmd_run(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_disasm(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_cases(int argc, char **argv);
int cmd_validate(int argc, char **argv);
int cmd_time(int argc, char **argv);

/* "rdnasim: " and the sentence to stderr; returns the exit code. */
int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for want of memory, with which the program ends with EXIT_FAULT whatever the verb returns. */
int fail_memory(const char *what);
/* A failure of the simulator; what: the file, or null. */
int fail_sim(int code, const char *what, const rdnasim_report *report);
/* A report of the simulator; null without memory. */
struct json_t *report_document(const rdnasim_report *report);
/* Prints a document (taken over; null: memory ran out) to stdout. Returns an exit code. */
int print_document(struct json_t *document);

struct output;
/* The same for an output that could not be written; returns EXIT_FILE. */
int fail_output(const char *path, const struct output *output);

/* ---- array.c: contents of buffers, and .npy files ------------------------------------------------- */

enum { DIMENSIONS_MAX = 8 };

struct array {
    const struct element *element; /* null: bytes of unknown type, without a shape */
    size_t count, bytes;
    unsigned dimensions; /* of an .npy file a scalar has none */
    size_t extents[DIMENSIONS_MAX];
    unsigned char *data;
};
struct element {
    const char *name, *npy; /* "f32", "<f4" */
    size_t bytes;
};

const struct element *element_find(const char *name, size_t length);
/* The whole file; an .npy file gives its elements, any other its bytes. False: reported. */
bool array_read(const char *path, struct array *out);
bool array_write(const char *path, const struct array *array);
/* The first elements, at most `most`, on one line. */
void array_print(const char *name, const struct array *array, size_t most);
/*
 * The root mean square of what `got` differs from `expected` by, over that of `expected`: NaN or infinite where numbers are.
 * False: they have not equally many numbers, or none.
 */
bool array_error(const struct array *got, const struct array *expected, double *error);
/* The whole file, if it has at most `most` bytes; a 0 follows. False: reported. */
bool file_read(const char *path, uint64_t most, unsigned char **data, size_t *bytes);
#define OBJECT_MAX (UINT64_C(1) << 30) /* bytes of a code object; what it loads is limited further */

/* ---- arguments.c: --arg --------------------------------------------------------------------------- */

enum { ARGUMENTS_MAX = 64 };

struct argument {
    bool is_buffer,
        is_null;    /* null: a pointer to no buffer; neither: a value, or the bytes of a struct in `array` */
    bool undefined; /* nobody has written it, for strict mode */
    uint64_t value; /* by value; of a buffer, its simulated address */
    size_t bytes;   /* of the value */
    struct array array;
    const char *dump; /* where the buffer goes after the run, or null */
};

extern const char arguments_help[];
/* Returns an exit code. */
int argument_parse(const char *text, struct argument *out);

/* ---- session.c: options and one launch ------------------------------------------------------------ */

struct session {
    const char *file, *kernel_name, *trace;
    rdnasim_options options;
    rdnasim_launch launch;
    bool json, profile, go_on, has_grid, has_block;
    struct json_t *finds; /* what strict mode has found, with --go-on and --json */
    unsigned find_count;
    int64_t trace_limit;
    struct trace_choice trace_choice;
    size_t printed; /* elements of each buffer that are printed after the run */
    struct {
        const char *card; /* null: not timed */
        bool range, warm, explain;
        uint32_t shader_mhz; /* 0: the card's */
        uint64_t in_l2;      /* a bit per argument: a buffer that L2 holds as the launch begins */
    } timing;
    struct argument arguments[ARGUMENTS_MAX];
    size_t argument_count;
    rdnasim *sim;
    rdnasim_object *object;
    const rdnasim_kernel *kernel;
    rdnasim_kernel_info info;
    unsigned char kernarg[4096];
};

extern const char session_help[];
/* Reads options, loads the code object, binds the buffers. Returns an exit code, EXIT_OK to go on; or -1:
 * help shown. */
int session_open(struct session *s, const char *verb, const char *summary, int argc, char **argv);
/* Runs, and writes them. */
int session_run(struct session *s, rdnasim_counts *counts);
/* The exit code of a verb that has come so far: with finds it is EXIT_FAULT. */
int session_end(const struct session *s, int status);
/* Writes the buffers that are to be kept. */
int session_write(struct session *s);
void session_close(struct session *s);

/* ---- time.c: run --timing, and time ------------------------------------------------------------------ */

/* Runs and times the launch, prints what is asked for. *json: what to print instead, with --json; else null. */
int time_launch(struct session *s, rdnasim_counts *counts, struct json_t **json);

/* A session that is timed, and with --range the least and the most of its variants; else they are the central one. */
struct timed {
    rdnasim_time_result central;
    rdnasim_counts counts;
    double least, most; /* microseconds */
    double error;       /* of the result, where one is expected; else negative */
};
int time_case(struct session *s, struct timed *out);

extern const char *const port_names[RDNASIM_PORTS];

#endif
