/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A verb's result: rows of named values, printed either as an aligned Markdown table, row by row as they
 * come, or as one JSON document at the end. Keys never change their meaning within one schema_version and
 * carry their unit.
 *
 * A table keeps to 100 columns: some of its columns are shown on request only, names in the first lose their
 * beginning, and sentences in the last go on in rows of their own. A wide table shows everything, one row a
 * line.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stddef.h>

#include "document.h"

#define SCHEMA_VERSION 2

struct report_column {
    const char *key;    /* of the row object */
    const char *title;  /* null: JSON only */
    int width;          /* at least that of the title is used; negative: to the left */
    const char *format; /* of reals, "%.3f"; of texts, a beginning that only wide tables show */
    int wide;           /* in wide tables only */
};

enum report_form { REPORT_TABLE, REPORT_JSON, REPORT_WIDE };

static inline enum report_form report_form_of(int json, int wide) {
    return json ? REPORT_JSON : wide ? REPORT_WIDE : REPORT_TABLE;
}

struct report {
    const struct report_column *columns;
    size_t count;
    int first_width; /* of the first column, whose longest text only the verb knows */
    enum report_form form;
    const char *verb;
    int note_width;                        /* where notes are broken, 0: nowhere */
    json_t *facts, *rows, *totals, *notes; /* null: memory ran out */
};

/*
 * columns must outlive the report. The first is at least first_width wide. facts (an object, taken over)
 * appear beside the rows in JSON only.
 */
void report_begin(struct report *report, const char *verb, const struct report_column *columns, size_t count,
                  int first_width, enum report_form form, json_t *facts);
/* row (an object, taken over). A null value is shown as "-". */
void report_row(struct report *report, json_t *row);
/* The same for a row that sums others up: "totals" in JSON. */
void report_total(struct report *report, json_t *row);
/* A sentence after the table; "notes" in JSON. */
void report_note(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A value beside the rows that only the end knows (taken over); JSON only. */
void report_fact(struct report *report, const char *key, json_t *value);
/* Prints what is left. Returns 0 if stdout took it all; else the error has been reported. */
int report_end(struct report *report);
/* Ends it without a result: the verb answers with an error. */
void report_drop(struct report *report);

#endif
