/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Two reports side by side: which cases have other bits, which code objects differ. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "core/error.h"
#include "core/input_error.h"
#include "report.h"
#include "report_host.h"

enum { REPORT_MAX = 64 << 20 };

/* A report's document, with its lists known to be lists. */
static json_t *open_report(const char *path, w4a16_error *error) {
    struct input_file file;
    unsigned char *text;
    struct doc_problem problem = {0};
    json_t *cases = NULL, *objects = NULL, *document;
    if (w4a16_input_status(input_read_all(&file, path, REPORT_MAX, &text), path, &file, error) != W4A16_OK)
        return NULL;
    document = doc_read((char *)text, (size_t)file.bytes, DOC_STRICT, NULL, &problem);
    free(text);
    if (document && doc_is(document, DOC_OBJECT, "its content", &problem) &&
        doc_is(json_object_get(document, "conformance"), DOC_LIST, "conformance", &problem) &&
        doc_field(document, "conformance", DOC_LIST, &cases, &problem) &&
        doc_field(document, "code_objects", DOC_LIST, &objects, &problem))
        return document;
    json_decref(document);
    w4a16_fail(error, problem.out_of_memory ? W4A16_OUT_OF_MEMORY : W4A16_BAD_FILE, "%s: %s; is it a report?",
               path, problem.text);
    return NULL;
}

static const char *text_of(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

/* The members of a report's list by one of their texts. */
static json_t *by_name(const json_t *list, const char *key) {
    json_t *names = json_object(), *row;
    size_t n;
    json_array_foreach(list, n, row) doc_set(&names, text_of(row, key), json_incref(row));
    return names;
}

struct comparison {
    size_t same, different, alone;
};

/* A row for every member that differs or that only one of the reports has. */
static int compare_lists(struct report *report, const json_t *one, const json_t *two, const char *list,
                         const char *key, const char *value, struct comparison *found) {
    json_t *a = by_name(json_object_get(one, list), key), *b = by_name(json_object_get(two, list), key), *row;
    const char *name;
    int complete = a && b;
    *found = (struct comparison){0, 0, 0};
    json_object_foreach(a, name, row) {
        const json_t *other = json_object_get(b, name);
        int same = other && strcmp(text_of(row, value), text_of(other, value)) == 0;
        found->same += same != 0;
        found->different += other && !same;
        found->alone += !other;
        if (!same)
            report_row(report, doc_pack("{s:s, s:s, s:s, s:s}", "list", list, "name", name, "a",
                                        text_of(row, value), "b", other ? text_of(other, value) : "-"));
    }
    json_object_foreach(b, name, row) {
        if (json_object_get(a, name)) continue;
        found->alone++;
        report_row(report, doc_pack("{s:s, s:s, s:s, s:s}", "list", list, "name", name, "a", "-", "b",
                                    text_of(row, value)));
    }
    json_decref(a);
    json_decref(b);
    return complete;
}

static int compare(const json_t *one, const json_t *two, const char *paths[2], int json) {
    static const struct report_column columns[] = {{"list", "list", -12, NULL, 0},
                                                   {"name", "name", -44, NULL, 0},
                                                   {"a", "A", -16, NULL, 0},
                                                   {"b", "B", -16, NULL, 0}};
    struct report report;
    struct comparison cases, objects;
    report_begin(&report, "report", columns, sizeof columns / sizeof columns[0], 0, json,
                 doc_pack("{s:[s,s]}", "compared", paths[0], paths[1]));
    int complete = compare_lists(&report, one, two, "conformance", "case", "bits", &cases);
    complete &= compare_lists(&report, one, two, "code_objects", "object", "hash", &objects);
    const json_t *reports[] = {one, two};
    for (int n = 0; n < 2; n++)
        report_note(&report, "%s: %s, %s, version %s, %s", n ? "B" : "A", text_of(reports[n], "name"),
                    text_of(reports[n], "runtime"), text_of(reports[n], "version"),
                    text_of(reports[n], "date"));
    report_note(&report, "code objects: %zu the same, %zu different, %zu in one report only", objects.same,
                objects.different, objects.alone);
    report_note(&report, "cases: %zu with the same bits, %zu with others, %zu in one report only", cases.same,
                cases.different, cases.alone);
    if (!complete) {
        report_drop(&report);
        return report_no_memory("report");
    }
    return report_end(&report) == 0 && cases.same && !cases.different ? EXIT_OK : EXIT_FAILED;
}

int report_compare(const char *one, const char *two, int json) {
    w4a16_error error;
    const char *paths[] = {one, two};
    json_t *a = open_report(one, &error), *b = a ? open_report(two, &error) : NULL;
    int code = b ? compare(a, b, paths, json) : report_error("report", &error);
    json_decref(a);
    json_decref(b);
    return code;
}
