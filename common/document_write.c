/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Building and printing documents. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "text.h"

/* ---- values -------------------------------------------------------------------------------------------- */

json_t *doc_string(const char *text) {
    if (!text) return json_null();
    size_t size = 4 * strlen(text) + 1;
    char *clean = malloc(size);
    if (!clean) return NULL;
    text_clean(clean, size, text, TEXT_KEPT);
    json_t *value = json_string_nocheck(clean);
    free(clean);
    return value;
}

static void keep_if(json_t **to, bool ok) {
    if (ok) return;
    json_decref(*to);
    *to = NULL;
}

void doc_set(json_t **to, const char *key, json_t *value) {
    keep_if(to, json_object_set_new_nocheck(*to, key, value) == 0);
}

void doc_append(json_t **to, json_t *value) { keep_if(to, json_array_append_new(*to, value) == 0); }

void doc_update(json_t **to, json_t *value) {
    keep_if(to, value && json_object_update(*to, value) == 0);
    json_decref(value);
}

/* ---- doc_pack ------------------------------------------------------------------------------------------ */

struct packing {
    const char *at;
    va_list arguments;
};

/* The next character that says something. */
static char next_word(struct packing *p) {
    while (*p->at == ' ' || *p->at == ',' || *p->at == ':') p->at++;
    return *p->at ? *p->at++ : 0;
}

static json_t *pack_value(struct packing *p, char word);

/* Every argument is taken, also after a failure: values that are taken over must be released. */
static json_t *pack_object(struct packing *p) {
    json_t *object = json_object();
    while (next_word(p) == 's') {
        const char *key = va_arg(p->arguments, const char *);
        doc_set(&object, key, pack_value(p, next_word(p)));
    }
    return object;
}

static json_t *pack_list(struct packing *p) {
    json_t *list = json_array();
    for (char word; (word = next_word(p)) && word != ']';) doc_append(&list, pack_value(p, word));
    return list;
}

static json_t *pack_real(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *pack_value(struct packing *p, char word) {
    switch (word) {
    case '{': return pack_object(p);
    case '[': return pack_list(p);
    case 's': return doc_string(va_arg(p->arguments, const char *));
    case 'i': return json_integer(va_arg(p->arguments, int));
    case 'I': return json_integer(va_arg(p->arguments, json_int_t));
    case 'b': return json_boolean(va_arg(p->arguments, int));
    case 'f': return pack_real(va_arg(p->arguments, double));
    case 'o': return va_arg(p->arguments, json_t *);
    default: return json_null(); /* n */
    }
}

json_t *doc_pack(const char *format, ...) {
    struct packing p = {.at = format};
    va_start(p.arguments, format);
    json_t *value = pack_value(&p, next_word(&p));
    va_end(p.arguments);
    return value;
}

/* ---- printing ------------------------------------------------------------------------------------------ */

char *doc_print(const json_t *document, size_t flags, size_t *bytes) {
    size_t needed = json_dumpb(document, NULL, 0, flags);
    char *text = needed ? malloc(needed + 1) : NULL;
    if (text && json_dumpb(document, text, needed, flags) != needed) {
        free(text);
        return NULL;
    }
    if (!text) return NULL;
    text[needed] = 0;
    if (bytes) *bytes = needed;
    return text;
}
