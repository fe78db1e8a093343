/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "text.h"

/* As printf takes it: negative is to the left. */
static int width_of(const struct report *r, size_t i) {
    const struct report_column *column = &r->columns[i];
    int width = abs(column->width), title = (int)strlen(column->title);
    if (width < title) width = title;
    if (i == 0 && width < r->first_width) width = r->first_width;
    return column->width < 0 ? -width : width;
}

static void print_header(const struct report *r) {
    for (size_t i = 0; i < r->count; i++)
        if (r->columns[i].title) printf("| %*s ", width_of(r, i), r->columns[i].title);
    printf("|\n");
    for (size_t i = 0; i < r->count; i++) {
        if (!r->columns[i].title) continue;
        int width = width_of(r, i);
        printf("| ");
        for (int j = 1; j < abs(width); j++) putchar('-');
        printf(width < 0 ? "- " : ": ");
    }
    printf("|\n");
    fflush(stdout);
}

void report_begin(struct report *r, const char *verb, const struct report_column *columns, size_t count,
                  int first_width, int json, json_t *facts) {
    *r = (struct report){.columns = columns,
                         .count = count,
                         .first_width = first_width,
                         .json = json,
                         .verb = verb,
                         .facts = doc_pack("{s:i, s:s}", "schema_version", SCHEMA_VERSION, "verb", verb),
                         .rows = json_array(),
                         .totals = json_array(),
                         .notes = json_array()};
    doc_update(&r->facts, facts);
    if (!json) print_header(r);
}

static void format_cell(const struct report_column *column, const json_t *value, char *text, size_t size) {
    if (json_is_string(value))
        text_clean(text, size, json_string_value(value), TEXT_SHOWN);
    else if (json_is_integer(value))
        snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value)) {
        /* the table's own constant formats, each for one double */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, size, column->format ? column->format : "%g", json_real_value(value));
#pragma GCC diagnostic pop
    } else
        snprintf(text, size, "%s", json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-");
}

static void print_row(const struct report *r, const json_t *row) {
    for (size_t i = 0; i < r->count; i++) {
        if (!r->columns[i].title) continue;
        char text[1100];
        format_cell(&r->columns[i], json_object_get(row, r->columns[i].key), text, sizeof text);
        printf("| %*s ", width_of(r, i), text);
    }
    printf("|\n");
    fflush(stdout);
}

void report_row(struct report *r, json_t *row) {
    if (!r->json) print_row(r, row);
    doc_append(&r->rows, row);
}

void report_total(struct report *r, json_t *row) {
    if (!r->json) print_row(r, row);
    doc_append(&r->totals, row);
}

void report_note(struct report *r, const char *format, ...) {
    char text[1400];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    doc_append(&r->notes, doc_string(text));
}

void report_fact(struct report *r, const char *key, json_t *value) { doc_set(&r->facts, key, value); }

/* Breaks at spaces; words that are longer stay whole. */
static void print_broken(const char *text, int width) {
    int column = 0;
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (column && width && column + 1 + length > width) {
            printf("\n  ");
            column = 2;
        } else if (column)
            column += printf(" ");
        column += printf("%.*s", length, text);
        text += length;
        text += *text == ' ';
    }
    printf("\n");
}

static void print_notes(const struct report *r) {
    size_t i;
    json_t *note;
    json_array_foreach(r->notes, i, note) {
        if (i == 0) printf("\n");
        print_broken(json_string_value(note), r->note_width);
    }
}

/* The whole as one object; lists without a member are left out, but for the rows. */
static char *print_document(struct report *r) {
    doc_set(&r->facts, "rows", json_incref(r->rows));
    if (json_array_size(r->totals)) doc_set(&r->facts, "totals", json_incref(r->totals));
    if (json_array_size(r->notes)) doc_set(&r->facts, "notes", json_incref(r->notes));
    return doc_print(r->facts, JSON_INDENT(1), NULL);
}

void report_drop(struct report *r) {
    json_decref(r->facts);
    json_decref(r->rows);
    json_decref(r->totals);
    json_decref(r->notes);
}

int report_end(struct report *r) {
    int complete = r->facts && r->rows && r->totals && r->notes;
    char *document = complete && r->json ? print_document(r) : NULL;
    complete = complete && (document || !r->json);
    if (document)
        puts(document);
    else if (complete)
        print_notes(r);
    free(document);
    report_drop(r);
    if (!complete) return report_no_memory(r->verb), -1;
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    fprintf(stderr, "w4a16 %s: cannot write to stdout\n", r->verb);
    return -1;
}
