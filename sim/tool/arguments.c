/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* --arg: a kernel argument in words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "tool.h"

const char arguments_help[] =
    "Arguments, one --arg for each, in the kernel's order:\n"
    "  i32:-5 u32:7 i64: u64: f32:1.5 f64: i16: u16: i8: u8:   a value\n"
    "  bytes:0a00000000000040               a struct by value: its bytes in hexadecimal\n"
    "  file:IN.npy[=OUT.npy]                a buffer with a file's contents (.npy, or a file's bytes)\n"
    "  zeros:f32[1024][=OUT.npy]            a buffer of zeros\n"
    "  random:f16[64,128][:SEED][=OUT.npy]  random numbers: floats in -1..1, any integers\n"
    "  new:f32[1024]=OUT.npy                a buffer that nobody has written (--strict knows)\n"
    "  Types of elements: f16 f32 f64 bf16 i8 i16 i32 i64 u8 u16 u32 u64.\n"
    "  null                                 a null pointer in place of a buffer\n"
    "  =OUT.npy keeps the buffer after the run.\n";

static const struct scalar {
    const char *name;
    size_t bytes;
    enum { SIGNED, UNSIGNED, REAL } kind;
} scalars[] = {{"i8", 1, SIGNED},   {"i16", 2, SIGNED},   {"i32", 4, SIGNED},   {"i64", 8, SIGNED},
               {"u8", 1, UNSIGNED}, {"u16", 2, UNSIGNED}, {"u32", 4, UNSIGNED}, {"u64", 8, UNSIGNED},
               {"f32", 4, REAL},    {"f64", 8, REAL}};

static int parse_scalar(const struct scalar *type, const char *text, struct argument *out) {
    char *end;
    errno = 0;
    if (type->kind == REAL) {
        double value = strtod(text, &end);
        float narrow = (float)value;
        if (type->bytes == 8)
            memcpy(&out->value, &value, 8);
        else
            memcpy(&out->value, &narrow, 4);
    } else if (type->kind == SIGNED) {
        int64_t value = strtoll(text, &end, 0), most = INT64_MAX >> (64 - 8 * type->bytes);
        if (value > most || value < -most - 1) errno = ERANGE;
        out->value = (uint64_t)value;
    } else {
        out->value = strtoull(text, &end, 0);
        if (out->value > UINT64_MAX >> (64 - 8 * type->bytes) || *text == '-') errno = ERANGE;
    }
    if (end == text || *end || errno)
        return fail(EXIT_USAGE, "--arg %s:%s is no value of that type", type->name, text);
    out->bytes = type->bytes;
    return EXIT_OK;
}

static void fill_random(struct array *a, uint64_t seed) {
    for (size_t n = 0; n < a->count; n++) {
        uint64_t bits = random_at(seed, n);
        double real = (double)(int64_t)bits * 0x1p-63;
        float f = (float)real;
        unsigned char *at = a->data + n * a->element->bytes;
        uint32_t word;
        memcpy(&word, &f, 4);
        if (strcmp(a->element->name, "f64") == 0) {
            memcpy(at, &real, 8);
        } else if (strcmp(a->element->name, "f32") == 0) {
            memcpy(at, &f, 4);
        } else if (strcmp(a->element->name, "bf16") == 0) {
            memcpy(at, (char *)&word + 2, 2);
        } else if (strcmp(a->element->name, "f16") == 0) { /* a sign, exponents -15..-1, ten random bits */
            uint16_t half = (uint16_t)((bits & 0x83ff) | (bits >> 32) % 15 << 10);
            memcpy(at, &half, 2);
        } else {
            memcpy(at, &bits, a->element->bytes);
        }
    }
}

/* "f32[64,128]" and what follows it. */
static int parse_shape(const char *text, struct argument *out, const char **rest) {
    const char *bracket = strchr(text, '[');
    const struct element *element = bracket ? element_find(text, (size_t)(bracket - text)) : NULL;
    if (!element) return fail(EXIT_USAGE, "'%s' should begin like f32[1024]; --help lists the types", text);
    struct array array = {.element = element};
    size_t count = 1;
    const char *at = bracket;
    do {
        char *end;
        errno = 0;
        unsigned long long extent = strtoull(at + 1, &end, 10);
        if (end == at + 1 || errno || (*end != ',' && *end != ']') ||
            __builtin_mul_overflow(count, (size_t)extent, &count) || count > SIZE_MAX / 16 ||
            array.dimensions == DIMENSIONS_MAX)
            return fail(EXIT_USAGE, "'%s' is no shape of at most %d dimensions", bracket, DIMENSIONS_MAX);
        array.extents[array.dimensions++] = (size_t)extent;
        at = end;
    } while (*at == ',');
    array.count = count;
    array.bytes = count * element->bytes;
    out->array = array;
    out->array.data = calloc(out->array.bytes ? out->array.bytes : 1, 1);
    if (!out->array.data) return fail_memory("--arg");
    *rest = at + 1;
    return EXIT_OK;
}

/* "bytes:" and hexadecimal digits: a struct, as it lies in memory. */
static int parse_bytes(const char *digits, struct argument *out) {
    size_t length = strlen(digits);
    if (!length || length % 2 || strspn(digits, "0123456789abcdefABCDEF") != length)
        return fail(EXIT_USAGE, "--arg bytes:%s: expected two hexadecimal digits for each byte", digits);
    out->bytes = out->array.bytes = length / 2;
    out->array.data = malloc(out->bytes);
    if (!out->array.data) return fail_memory("--arg");
    for (size_t n = 0; n < out->bytes; n++) {
        char pair[3] = {digits[2 * n], digits[2 * n + 1], 0};
        out->array.data[n] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return EXIT_OK;
}

int argument_parse(const char *text, struct argument *out) {
    *out = (struct argument){0};
    if (strcmp(text, "null") == 0) {
        out->is_buffer = out->is_null = true;
        out->bytes = 8;
        return EXIT_OK;
    }
    if (strncmp(text, "bytes:", 6) == 0) return parse_bytes(text + 6, out);
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    for (size_t n = 0; n < sizeof scalars / sizeof scalars[0]; n++)
        if (strlen(scalars[n].name) == length && strncmp(text, scalars[n].name, length) == 0)
            return parse_scalar(&scalars[n], colon + 1, out);
    static const char *const kinds[] = {"file", "zeros", "random", "new"};
    size_t kind = 0;
    while (kind < 4 && !(strlen(kinds[kind]) == length && strncmp(text, kinds[kind], length) == 0)) kind++;
    if (!colon || kind == 4)
        return fail(EXIT_USAGE,
                    "--arg %s: expected TYPE:VALUE, bytes:, file:, zeros:, random:, new: or null; see --help",
                    text);
    out->is_buffer = true;
    out->bytes = 8;
    const char *equals = strchr(colon, '=');
    if (equals) out->dump = equals + 1;
    if (kind == 0) {
        char *path = strndup(colon + 1, equals ? (size_t)(equals - colon - 1) : strlen(colon + 1));
        if (!path) return fail_memory("--arg");
        bool ok = array_read(path, &out->array);
        free(path);
        return ok ? EXIT_OK : EXIT_FILE;
    }
    const char *rest = "";
    int status = parse_shape(colon + 1, out, &rest);
    if (status) return status;
    uint64_t seed = 1;
    if (kind == 2 && *rest == ':') {
        char *end;
        seed = strtoull(rest + 1, &end, 0);
        rest = end;
    }
    if (*rest && *rest != '=') return fail(EXIT_USAGE, "--arg %s: '%s' is not understood", text, rest);
    if (kind == 2) fill_random(&out->array, seed);
    out->undefined = kind == 3;
    return EXIT_OK;
}
