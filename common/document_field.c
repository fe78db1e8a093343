/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Fields of JSON objects, of the type that they must have. */
#include <inttypes.h>
#include <string.h>

#include "document.h"
#include "text.h"

static const char *const names[] = {[DOC_ANY] = "a value",        [DOC_BOOL] = "true or false",
                                    [DOC_INTEGER] = "an integer", [DOC_TEXT] = "a text in quotes",
                                    [DOC_LIST] = "a list",        [DOC_OBJECT] = "an object {...}"};

/* Whether a text may have been a number that no json_t holds, which the reader keeps as one. */
static bool may_be_number(const char *text) {
    size_t digits = strspn(text, "0123456789");
    return digits >= 19 && !text[digits];
}

const char *doc_show(const json_t *value, char *text, size_t size) {
    if (json_is_string(value))
        text_format(text, size,
                    may_be_number(json_string_value(value)) ? "%.40s, more than 64 bits hold"
                                                            : "\"%.40s\", a text",
                    json_string_value(value));
    else if (json_is_integer(value))
        text_format(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        text_format(text, size, "%.17g, a real", json_real_value(value));
    else if (json_is_array(value))
        text_format(text, size, "a list of %zu", json_array_size(value));
    else if (json_is_object(value))
        text_format(text, size, "an object of %zu", json_object_size(value));
    else
        text_format(text, size, "%s", json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
    return text;
}

static bool has_type(const json_t *value, enum doc_type type) {
    switch (type) {
    case DOC_ANY: return value != NULL;
    case DOC_BOOL: return json_is_boolean(value);
    case DOC_INTEGER: return json_is_integer(value);
    case DOC_TEXT: return json_is_string(value);
    case DOC_LIST: return json_is_array(value);
    case DOC_OBJECT: return json_is_object(value);
    }
    return false;
}

bool doc_is(const json_t *value, enum doc_type type, const char *name, struct doc_problem *problem) {
    if (has_type(value, type)) return true;
    char found[80];
    problem->out_of_memory = false;
    text_format(problem->text, sizeof problem->text, "%s is %s; accepted is %s", name,
                value ? doc_show(value, found, sizeof found) : "missing", names[type]);
    return false;
}

bool doc_field(const json_t *object, const char *key, enum doc_type type, json_t **value,
               struct doc_problem *problem) {
    json_t *found = json_object_get(object, key);
    if (!found || json_is_null(found)) return true;
    if (!doc_is(found, type, key, problem)) return false;
    *value = found;
    return true;
}

bool doc_bool(const json_t *object, const char *key, int *value, struct doc_problem *problem) {
    json_t *found = NULL;
    if (!doc_field(object, key, DOC_BOOL, &found, problem)) return false;
    if (found) *value = json_is_true(found);
    return true;
}

bool doc_integer(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *value,
                 struct doc_problem *problem) {
    json_t *found = NULL;
    if (!doc_field(object, key, DOC_INTEGER, &found, problem)) return false;
    if (!found) return true;
    json_int_t integer = json_integer_value(found);
    if (integer < min || integer > max) {
        problem->out_of_memory = false;
        text_format(problem->text, sizeof problem->text,
                    "%s is %" JSON_INTEGER_FORMAT "; accepted is an integer in %" PRId64 "..%" PRId64, key,
                    integer, min, max);
        return false;
    }
    *value = integer;
    return true;
}

bool doc_text(const json_t *object, const char *key, const char **value, struct doc_problem *problem) {
    json_t *found = NULL;
    if (!doc_field(object, key, DOC_TEXT, &found, problem)) return false;
    if (found) *value = json_string_value(found);
    return true;
}
