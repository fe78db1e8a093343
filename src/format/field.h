/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* common/document.h with the library's errors: "FILE: bits is "4", a text; accepted is an integer". */
#ifndef W4A16_FORMAT_FIELD_H
#define W4A16_FORMAT_FIELD_H

#include "document.h"
#include "w4a16/base.h"

/* label names the file, and the part of it, in errors. What fails is BAD_FILE or OUT_OF_MEMORY. */
w4a16_status field_failed(const char *label, const struct doc_problem *problem, w4a16_error *error);

/* As doc_read; json_decref *root. */
w4a16_status field_read(const char *label, const char *text, size_t bytes, enum doc_rules rules,
                        const char *const *once, json_t **root, w4a16_error *error);

/* As doc_field and its kin: a key that is absent, or null, leaves *value as it is. */
w4a16_status field_get(const char *label, const json_t *object, const char *key, enum doc_type type,
                       json_t **value, w4a16_error *error);
w4a16_status field_bool(const char *label, const json_t *object, const char *key, int *value,
                        w4a16_error *error);
w4a16_status field_integer(const char *label, const json_t *object, const char *key, int64_t min, int64_t max,
                           int64_t *value, w4a16_error *error);
w4a16_status field_text(const char *label, const json_t *object, const char *key, const char **value,
                        w4a16_error *error);
/* As doc_is. */
w4a16_status field_is(const char *label, const json_t *value, enum doc_type type, const char *name,
                      w4a16_error *error);

#endif
