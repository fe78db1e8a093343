/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The reader. jansson's own drops bytes of a text when memory runs out and calls other lost allocations bad
 * syntax, knows no NaN, and forgets that a key was given twice; so texts are read here, into jansson's
 * values.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "text.h"

enum { DEPTH_MAX = 1000, REPLACEMENT = 0xfffd };

/*
 * What jansson takes for values and members, about, beside their characters: a text of 90 MB can hold 30
 * million objects, and they gigabytes. The descriptions of 400,000 tensors fit.
 */
enum { OBJECT_BYTES = 256, LIST_BYTES = 128, MEMBER_BYTES = 96, TEXT_BYTES = 64, NUMBER_BYTES = 32 };
#define VALUES_MAX ((size_t)512 << 20)

struct reader {
    const char *start, *at, *end;
    enum doc_rules rules;
    const char *const *once;
    char *scratch; /* as long as the text: no decoded text is longer than its source */
    size_t bytes;  /* of the values so far */
    locale_t c;
    struct doc_problem *problem;
};

/* ---- failures ------------------------------------------------------------------------------------------ */

static json_t *no_memory(struct reader *r) {
    *r->problem = (struct doc_problem){.out_of_memory = true, .text = "out of memory"};
    return NULL;
}

/* Where the reader is: "line 3, column 14". */
static void locate(const struct reader *r, const char *at, char *text, size_t size) {
    size_t line = 1;
    const char *begin = r->start;
    for (const char *p = r->start; p < at; p++)
        if (*p == '\n') line++, begin = p + 1;
    text_format(text, size, "line %zu, column %zu", line, (size_t)(at - begin) + 1);
}

static json_t *expected(struct reader *r, const char *what) {
    char where[64], found[24] = "the end of the text";
    uint32_t code;
    size_t length = text_character(r->at, (size_t)(r->end - r->at), &code);
    locate(r, r->at, where, sizeof where);
    if (length)
        text_format(found, sizeof found, "'%.*s'", (int)length, r->at);
    else if (r->at < r->end)
        text_format(found, sizeof found, "byte 0x%02x, no UTF-8", (unsigned char)*r->at);
    r->problem->out_of_memory = false;
    text_format(r->problem->text, sizeof r->problem->text, "no valid JSON: found %s; expected %s (%s)", found,
                what, where);
    return NULL;
}

/* A key whose second value differs, or (STRICT) that is there twice. */
static json_t *given_twice(struct reader *r, const char *key, const json_t *first, const json_t *second,
                           const char *at) {
    char where[64], one[80], two[80];
    locate(r, at, where, sizeof where);
    r->problem->out_of_memory = false;
    text_format(r->problem->text, sizeof r->problem->text,
                "\"%.80s\" is given twice, as %s and as %s (%s); accepted is one value", key,
                doc_show(first, one, sizeof one), doc_show(second, two, sizeof two), where);
    return NULL;
}

/* ---- tokens -------------------------------------------------------------------------------------------- */

static bool is_digit(const struct reader *r) { return r->at < r->end && *r->at >= '0' && *r->at <= '9'; }

static bool accept(struct reader *r, char c) {
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool accept_word(struct reader *r, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length) != 0) return false;
    r->at += length;
    return true;
}

static void skip_space(struct reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

static bool read_hex(struct reader *r, uint32_t *value) {
    *value = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char c = r->at < r->end ? *r->at : 0;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0) return expected(r, "four hexadecimal digits after \\u") != NULL;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

static size_t encode(uint32_t code, char *to) {
    if (code < 0x80) return to[0] = (char)code, 1;
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; code >>= 6) to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)(lead[length] | code);
    return length;
}

/* What follows \u, a second half of a pair included. */
static bool read_unicode(struct reader *r, uint32_t *code) {
    if (!read_hex(r, code)) return false;
    if (*code >= 0xd800 && *code < 0xdc00) {
        const char *before = r->at;
        uint32_t low;
        if (accept_word(r, "\\u")) {
            if (!read_hex(r, &low)) return false;
            if (low >= 0xdc00 && low < 0xe000) {
                *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
                return true;
            }
        }
        r->at = before;
    }
    bool half = *code >= 0xd800 && *code < 0xe000;
    if ((half || *code == 0) && r->rules == DOC_STRICT) {
        r->at -= 6;
        return expected(r, half ? "both halves of a surrogate pair" : "a text without NUL") != NULL;
    }
    if (half || *code == 0) *code = REPLACEMENT;
    return true;
}

/* Decodes the text behind an opening quote into the scratch. */
static bool read_text(struct reader *r, size_t *length) {
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    *length = 0;
    while (!accept(r, '"')) {
        uint32_t code;
        size_t bytes = text_character(r->at, (size_t)(r->end - r->at), &code);
        if (!bytes || code < 0x20)
            return expected(r, "a text of UTF-8 without control characters, and \"") != NULL;
        if (*r->at != '\\') {
            memcpy(r->scratch + *length, r->at, bytes);
            *length += bytes;
            r->at += bytes;
            continue;
        }
        r->at++;
        const char *escape = r->at < r->end && *r->at ? strchr(escapes, *r->at) : NULL;
        if (escape) {
            r->scratch[(*length)++] = meanings[escape - escapes];
            r->at++;
        } else if (accept(r, 'u')) {
            if (!read_unicode(r, &code)) return false;
            *length += encode(code, r->scratch + *length);
        } else
            return expected(r, "one of \"\\/bfnrtu after a backslash") != NULL;
    }
    r->scratch[*length] = 0;
    return true;
}

/* ---- memory -------------------------------------------------------------------------------------------- */

/* Counts what comes next; false: it is too much. */
static bool count(struct reader *r, size_t bytes) {
    r->bytes += bytes;
    if (r->bytes <= VALUES_MAX) return true;
    char where[64];
    locate(r, r->at, where, sizeof where);
    r->problem->out_of_memory = false;
    text_format(r->problem->text, sizeof r->problem->text,
                "has too many values (%s); accepted are those that %zu MiB of memory hold", where,
                VALUES_MAX >> 20);
    return false;
}

/* ---- values -------------------------------------------------------------------------------------------- */

static json_t *made(struct reader *r, json_t *value) { return value ? value : no_memory(r); }

static json_t *read_string(struct reader *r) {
    size_t length;
    if (!read_text(r, &length) || !count(r, TEXT_BYTES + length)) return NULL;
    return made(r, json_stringn_nocheck(r->scratch, length));
}

/* A number that no json_t holds stays a text. */
static json_t *beyond(struct reader *r, const char *from) {
    if (r->rules == DOC_STRICT) {
        r->at = from;
        return expected(r, "a number of 64 bits");
    }
    return made(r, json_stringn_nocheck(from, (size_t)(r->at - from)));
}

static json_t *read_number(struct reader *r) {
    if (!count(r, NUMBER_BYTES)) return NULL;
    const char *from = r->at;
    bool real = false;
    accept(r, '-');
    if (!is_digit(r)) return expected(r, "a digit");
    if (!accept(r, '0'))
        while (is_digit(r)) r->at++;
    if (accept(r, '.')) {
        real = true;
        if (!is_digit(r)) return expected(r, "a digit");
        while (is_digit(r)) r->at++;
    }
    if (accept(r, 'e') || accept(r, 'E')) {
        real = true;
        if (!accept(r, '-')) accept(r, '+');
        if (!is_digit(r)) return expected(r, "a digit");
        while (is_digit(r)) r->at++;
    }
    if (!real) {
        json_int_t value = 0; /* built downwards: the least integer has no positive counterpart */
        bool negative = *from == '-';
        for (const char *p = from + negative; p < r->at; p++)
            if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, *p - '0', &value))
                return beyond(r, from);
        if (!negative && __builtin_sub_overflow(0, value, &value)) return beyond(r, from);
        return made(r, json_integer(value));
    }
    memcpy(r->scratch, from, (size_t)(r->at - from)); /* for its NUL */
    r->scratch[r->at - from] = 0;
    double value = strtod_l(r->scratch, NULL, r->c);
    if (value - value != 0) return beyond(r, from);
    return made(r, json_real(value));
}

static json_t *read_value(struct reader *r, int depth, bool once);

static json_t *read_list(struct reader *r, int depth, bool once) {
    if (!count(r, LIST_BYTES)) return NULL;
    json_t *list = json_array();
    if (!list) return no_memory(r);
    skip_space(r);
    if (accept(r, ']')) return list;
    for (;;) {
        json_t *value = read_value(r, depth, once);
        if (!value) break;
        if (json_array_append_new(list, value) != 0) {
            no_memory(r);
            break;
        }
        skip_space(r);
        if (accept(r, ']')) return list;
        if (!accept(r, ',')) {
            expected(r, "',' or ']'");
            break;
        }
    }
    json_decref(list);
    return NULL;
}

/* The key of a member, to be freed. */
static char *read_key(struct reader *r) {
    size_t length;
    skip_space(r);
    if (!accept(r, '"')) {
        expected(r, "'\"' and a key");
        return NULL;
    }
    if (!read_text(r, &length) || !count(r, MEMBER_BYTES + length)) return NULL;
    char *key = strdup(r->scratch);
    if (!key) no_memory(r);
    skip_space(r);
    if (key && !accept(r, ':')) {
        expected(r, "':'");
        free(key);
        return NULL;
    }
    return key;
}

static bool is_listed(const struct reader *r, const char *key) {
    for (size_t i = 0; r->once && r->once[i]; i++)
        if (strcmp(r->once[i], key) == 0) return true;
    return false;
}

static bool read_member(struct reader *r, json_t *object, int depth, bool once) {
    skip_space(r);
    const char *from = r->at;
    char *key = read_key(r);
    if (!key) return false;
    once |= is_listed(r, key);
    json_t *value = read_value(r, depth, once);
    const json_t *before = json_object_get(object, key);
    bool twice = value && before && once && (r->rules == DOC_STRICT || !json_equal(before, value));
    if (twice) given_twice(r, key, before, value, from);
    bool ok = value && !twice;
    if (ok && json_object_set_nocheck(object, key, value) != 0) ok = no_memory(r) != NULL;
    json_decref(value);
    free(key);
    return ok;
}

static json_t *read_object(struct reader *r, int depth, bool once) {
    if (!count(r, OBJECT_BYTES)) return NULL;
    json_t *object = json_object();
    if (!object) return no_memory(r);
    skip_space(r);
    if (accept(r, '}')) return object;
    while (read_member(r, object, depth, once)) {
        skip_space(r);
        if (accept(r, '}')) return object;
        if (!accept(r, ',')) {
            expected(r, "',' or '}'");
            break;
        }
    }
    json_decref(object);
    return NULL;
}

static json_t *read_value(struct reader *r, int depth, bool once) {
    static const char *const not_finite[] = {"NaN", "Infinity", "-Infinity"};
    skip_space(r);
    if (depth == DEPTH_MAX) return expected(r, "no deeper nesting");
    if (accept(r, '{')) return read_object(r, depth + 1, once);
    if (accept(r, '[')) return read_list(r, depth + 1, once);
    if (accept(r, '"')) return read_string(r);
    if (accept_word(r, "true")) return json_true();
    if (accept_word(r, "false")) return json_false();
    if (accept_word(r, "null")) return json_null();
    for (int i = 0; i < 3 && r->rules == DOC_AS_PYTHON; i++)
        if (accept_word(r, not_finite[i])) return made(r, json_string_nocheck(not_finite[i]));
    if (is_digit(r) || (r->at < r->end && *r->at == '-')) return read_number(r);
    return expected(r, "a value");
}

json_t *doc_read(const char *text, size_t bytes, enum doc_rules rules, const char *const *once,
                 struct doc_problem *problem) {
    struct reader r = {.start = text,
                       .at = text,
                       .end = text + bytes,
                       .rules = rules,
                       .once = once,
                       .scratch = malloc(bytes + 1),
                       .c = newlocale(LC_ALL_MASK, "C", (locale_t)0),
                       .problem = problem};
    json_t *root = r.scratch && r.c ? read_value(&r, 0, rules == DOC_STRICT || !once) : no_memory(&r);
    skip_space(&r);
    if (root && r.at < r.end) {
        expected(&r, "the end of the text");
        json_decref(root);
        root = NULL;
    }
    free(r.scratch);
    if (r.c) freelocale(r.c);
    return root;
}
