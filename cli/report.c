/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *report_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

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
    *r = (struct report){columns, count, first_width, json, NULL};
    r->document = json_pack("{s:i, s:s}", "schema_version", SCHEMA_VERSION, "verb", verb);
    json_object_update_missing(r->document, facts);
    json_decref(facts);
    json_object_set_new(r->document, "rows", json_array());
    if (!json) print_header(r);
}

static void format_cell(const struct report_column *column, const json_t *value, char *text, size_t size) {
    if (json_is_string(value))
        snprintf(text, size, "%s", json_string_value(value));
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

/* The array of that name in the document. */
static json_t *list(struct report *r, const char *name) {
    if (!json_object_get(r->document, name)) json_object_set_new(r->document, name, json_array());
    return json_object_get(r->document, name);
}

void report_row(struct report *r, json_t *row) {
    if (!r->json) print_row(r, row);
    json_array_append_new(list(r, "rows"), row);
}

void report_total(struct report *r, json_t *row) {
    if (!r->json) print_row(r, row);
    json_array_append_new(list(r, "totals"), row);
}

void report_note(struct report *r, const char *format, ...) {
    char text[1400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_array_append_new(list(r, "notes"), json_string(text));
}

int report_end(struct report *r) {
    if (r->json) {
        json_dumpf(r->document, stdout, JSON_INDENT(1));
        putchar('\n');
    } else {
        size_t i;
        json_t *note;
        json_array_foreach(json_object_get(r->document, "notes"), i, note) {
            printf("%s%s\n", i ? "" : "\n", json_string_value(note));
        }
    }
    json_decref(r->document);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1;
}
