/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "text.h"

enum { LINE_WIDTH = 100, FIRST_MIN = 16, TEXT_MAX = 1100 };

static int is_shown(const struct report *r, size_t i) {
    return r->columns[i].title && (!r->columns[i].wide || r->form == REPORT_WIDE);
}

static int own_width(const struct report_column *column) {
    int width = abs(column->width), title = (int)strlen(column->title);
    return width < title ? title : width;
}

/* Of the first column: what its texts take, and, where lines are limited, what the others leave. */
static int width_of_first(const struct report *r) {
    int width = own_width(&r->columns[0]), left = LINE_WIDTH - (int)strlen("|  |");
    if (width < r->first_width) width = r->first_width;
    for (size_t i = 1; i < r->count; i++)
        if (is_shown(r, i)) left -= own_width(&r->columns[i]) + (int)strlen(" | ");
    if (left < FIRST_MIN) left = FIRST_MIN;
    return r->form == REPORT_TABLE && width > left ? left : width;
}

/* As printf takes it: negative is to the left. */
static int width_of(const struct report *r, size_t i) {
    int width = i == 0 ? width_of_first(r) : own_width(&r->columns[i]);
    return r->columns[i].width < 0 ? -width : width;
}

static void print_header(const struct report *r) {
    for (size_t i = 0; i < r->count; i++)
        if (is_shown(r, i)) printf("| %*s ", width_of(r, i), r->columns[i].title);
    printf("|\n");
    for (size_t i = 0; i < r->count; i++) {
        if (!is_shown(r, i)) continue;
        int width = width_of(r, i);
        printf("| ");
        for (int j = 1; j < abs(width); j++) putchar('-');
        printf(width < 0 ? "- " : ": ");
    }
    printf("|\n");
    fflush(stdout);
}

void report_begin(struct report *r, const char *verb, const struct report_column *columns, size_t count,
                  int first_width, enum report_form form, json_t *facts) {
    *r = (struct report){.columns = columns,
                         .count = count,
                         .first_width = first_width,
                         .form = form,
                         .verb = verb,
                         .facts = doc_pack("{s:i, s:s}", "schema_version", SCHEMA_VERSION, "verb", verb),
                         .rows = json_array(),
                         .totals = json_array(),
                         .notes = json_array()};
    doc_update(&r->facts, facts);
    if (form != REPORT_JSON) print_header(r);
}

static void format_cell(const struct report_column *column, enum report_form form, const json_t *value,
                        char *text, size_t size) {
    if (json_is_string(value)) {
        const char *from = json_string_value(value);
        size_t left_out = column->format && form == REPORT_TABLE ? strlen(column->format) : 0;
        if (left_out && strncmp(from, column->format, left_out) == 0) from += left_out;
        text_clean(text, size, from, TEXT_SHOWN);
    } else if (json_is_integer(value))
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

/* How much of a text its line takes: all, as many words as fit, or a part of one. */
static int part_that_fits(const char *text, int width) {
    int length = (int)strlen(text);
    if (length <= width) return length;
    for (int end = width; end > 0; end--)
        if (text[end] == ' ') return end;
    return width;
}

/* Prints a row but for its last column, of which it goes on with what is left of its text. */
static void print_rest(const struct report *r, size_t last, const char *text) {
    int width = abs(width_of(r, last));
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        for (size_t i = 0; i < last; i++)
            if (is_shown(r, i)) printf("| %*s ", width_of(r, i), "");
        int part = part_that_fits(text, width);
        printf("| %-*.*s |\n", width, part, text);
        text += part;
    }
}

static void print_row(const struct report *r, const json_t *row) {
    char text[TEXT_MAX], *rest = text;
    size_t last = r->count - 1;
    while (last > 0 && !is_shown(r, last)) last--;
    for (size_t i = 0; i <= last; i++) {
        if (!is_shown(r, i)) continue;
        int width = width_of(r, i);
        format_cell(&r->columns[i], r->form, json_object_get(row, r->columns[i].key), text, sizeof text);
        int length = (int)strlen(text), shown = length;
        if (i == 0 && r->form == REPORT_TABLE && length > abs(width))
            memcpy(memmove(text, text + length - abs(width), (size_t)abs(width) + 1), "..", 2);
        else if (i == last && r->form == REPORT_TABLE && width < 0)
            shown = part_that_fits(text, -width);
        printf("| %*.*s ", width, shown, text);
        rest = text + (shown < length && i == last ? shown : (int)strlen(text));
    }
    printf("|\n");
    print_rest(r, last, rest);
    fflush(stdout);
}

void report_row(struct report *r, json_t *row) {
    if (r->form != REPORT_JSON) print_row(r, row);
    doc_append(&r->rows, row);
}

void report_total(struct report *r, json_t *row) {
    if (r->form != REPORT_JSON) print_row(r, row);
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
    char *document = complete && r->form == REPORT_JSON ? print_document(r) : NULL;
    complete = complete && (document || r->form != REPORT_JSON);
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
