/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * JSON, checked: every document that the library and the programs read or write goes through these functions.
 * jansson holds the values. What fails here fails with a reason: no memory is never "no valid JSON", and
 * never a document that lacks something.
 */
#ifndef COMMON_DOCUMENT_H
#define COMMON_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a call failed: the rest of a sentence that begins with the name of the file or object. */
struct doc_problem {
    bool out_of_memory;
    char text[400];
};

/* ---- reading (document_read.c) --------------------------------------------------------------------------
 *
 * Values that would take more than 512 MiB are refused.
 *
 * DOC_STRICT is RFC 8259, each key of an object once, no NUL in a text, integers of 64 bits.
 *
 * DOC_AS_PYTHON also takes what Python's json module reads and writes: NaN, Infinity and -Infinity, numbers
 * of any size (kept as text where no json_t holds them), half of a surrogate pair and NUL (replaced by
 * U+FFFD), and a key that is given again, whose last value counts. But what decides about the weights must
 * not be given twice with different values: `once` lists the keys, up to null, for which this holds, and for
 * everything below them; null: it holds for all.
 */
enum doc_rules { DOC_STRICT, DOC_AS_PYTHON };

/* The value of a text; json_decref it. Null: problem says why. */
json_t *doc_read(const char *text, size_t bytes, enum doc_rules rules, const char *const *once,
                 struct doc_problem *problem);

/* ---- typed fields (document_field.c) ---------------------------------------------------------------------
 *
 * A key that is absent, or whose value is JSON null, leaves *value as it is: the caller's default, or "none".
 * A value of another type makes them return false; the problem names key, value and what is accepted.
 */
enum doc_type { DOC_ANY, DOC_BOOL, DOC_INTEGER, DOC_TEXT, DOC_LIST, DOC_OBJECT };

bool doc_field(const json_t *object, const char *key, enum doc_type type, json_t **value,
               struct doc_problem *problem);
bool doc_bool(const json_t *object, const char *key, int *value, struct doc_problem *problem);
bool doc_integer(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *value,
                 struct doc_problem *problem);
bool doc_text(const json_t *object, const char *key, const char **value, struct doc_problem *problem);

/* That a value (not null) is of a type; name stands for it in the problem, "shape[2]". */
bool doc_is(const json_t *value, enum doc_type type, const char *name, struct doc_problem *problem);
/* A value as a message shows it: "128", a string; a list of 3. Returns text. */
const char *doc_show(const json_t *value, char *text, size_t size);

/* ---- writing (document_write.c) ------------------------------------------------------------------------ */

/*
 * A new value after json_pack's language: {} [] s i I b f o n; null if memory ran out. It differs from
 * json_pack in what it makes of values: bytes that are no UTF-8 are escaped (text_clean), a null text and a
 * real that is not finite become JSON null, and what is taken over (o, null if memory ran out) is released
 * if it fails.
 */
json_t *doc_pack(const char *format, ...);
json_t *doc_string(const char *text);

/*
 * These take value over. If memory runs out, or has run out before (a null value), *to is released and
 * becomes null and stays so: only the finished document need be looked at.
 */
void doc_set(json_t **to, const char *key, json_t *value);
void doc_append(json_t **to, json_t *value);
void doc_update(json_t **to, json_t *value); /* with the members of another object */

/* The text of a document; free it. flags are jansson's. Null: out of memory. */
char *doc_print(const json_t *document, size_t flags, size_t *bytes);

#endif
