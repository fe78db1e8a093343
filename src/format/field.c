/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/field.h"

#include "core/error.h"

w4a16_status field_failed(const char *label, const struct doc_problem *problem, w4a16_error *error) {
    return w4a16_fail(error, problem->out_of_memory ? W4A16_OUT_OF_MEMORY : W4A16_BAD_FILE, "%s: %s", label,
                      problem->text);
}

w4a16_status field_read(const char *label, const char *text, size_t bytes, enum doc_rules rules,
                        const char *const *once, json_t **root, w4a16_error *error) {
    struct doc_problem problem;
    *root = doc_read(text, bytes, rules, once, &problem);
    return *root ? W4A16_OK : field_failed(label, &problem, error);
}

w4a16_status field_get(const char *label, const json_t *object, const char *key, enum doc_type type,
                       json_t **value, w4a16_error *error) {
    struct doc_problem problem;
    return doc_field(object, key, type, value, &problem) ? W4A16_OK : field_failed(label, &problem, error);
}

w4a16_status field_bool(const char *label, const json_t *object, const char *key, int *value,
                        w4a16_error *error) {
    struct doc_problem problem;
    return doc_bool(object, key, value, &problem) ? W4A16_OK : field_failed(label, &problem, error);
}

w4a16_status field_integer(const char *label, const json_t *object, const char *key, int64_t min, int64_t max,
                           int64_t *value, w4a16_error *error) {
    struct doc_problem problem;
    return doc_integer(object, key, min, max, value, &problem) ? W4A16_OK
                                                               : field_failed(label, &problem, error);
}

w4a16_status field_text(const char *label, const json_t *object, const char *key, const char **value,
                        w4a16_error *error) {
    struct doc_problem problem;
    return doc_text(object, key, value, &problem) ? W4A16_OK : field_failed(label, &problem, error);
}

w4a16_status field_is(const char *label, const json_t *value, enum doc_type type, const char *name,
                      w4a16_error *error) {
    struct doc_problem problem;
    return doc_is(value, type, name, &problem) ? W4A16_OK : field_failed(label, &problem, error);
}
