/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The header is a Python literal: {'descr': '<f2', 'fortran_order': False, 'shape': (3, 4096), } */
#include "npy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/input_error.h"
#include "core/output_error.h"

static const struct {
    const char *descr;
    w4a16_dtype type;
} types[] = {
    {"<f2", W4A16_F16}, {"<f4", W4A16_F32}, {"<u2", W4A16_BF16}, {"<V2", W4A16_BF16}, {"|V2", W4A16_BF16}};

enum { NPY_HEAD = 65536 }; /* bytes in which the header must end; real ones have about 128 */

struct cursor {
    const char *at, *end;
};

static void skip_spaces(struct cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n')) c->at++;
}

/* Takes a character, with any spaces before it. */
static int take(struct cursor *c, char wanted) {
    skip_spaces(c);
    if (c->at == c->end || *c->at != wanted) return 0;
    c->at++;
    return 1;
}

static int take_word(struct cursor *c, const char *word) {
    skip_spaces(c);
    size_t length = strlen(word);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return 0;
    c->at += length;
    return 1;
}

static int take_string(struct cursor *c, char *text, size_t size) {
    skip_spaces(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return 0;
    char quote = *c->at++;
    size_t length = 0;
    while (c->at < c->end && *c->at != quote && length + 1 < size) text[length++] = *c->at++;
    text[length] = 0;
    return c->at < c->end && *c->at++ == quote;
}

static int take_size(struct cursor *c, int64_t *value) {
    skip_spaces(c);
    const char *start = c->at;
    for (*value = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, *c->at - '0', value))
            return 0;
    return c->at > start;
}

struct fields {
    char descr[16];
    int fortran, dims;
    int64_t shape[2];
    int seen_descr, seen_order, seen_shape;
};

static int take_shape(struct cursor *c, struct fields *f) {
    if (!take(c, '(')) return 0;
    for (f->dims = 0; !take(c, ')'); f->dims++) {
        int64_t size;
        if (!take_size(c, &size)) return 0;
        if (f->dims < 2) f->shape[f->dims] = size;
        if (!take(c, ',')) {
            f->dims++;
            return take(c, ')');
        }
    }
    return 1;
}

static int take_fields(struct cursor *c, struct fields *f) {
    if (!take(c, '{')) return 0;
    while (!take(c, '}')) {
        char key[16];
        if (!take_string(c, key, sizeof key) || !take(c, ':')) return 0;
        if (strcmp(key, "descr") == 0 && !f->seen_descr++) {
            if (!take_string(c, f->descr, sizeof f->descr)) return 0;
        } else if (strcmp(key, "fortran_order") == 0 && !f->seen_order++) {
            f->fortran = take_word(c, "True");
            if (!f->fortran && !take_word(c, "False")) return 0;
        } else if (strcmp(key, "shape") == 0 && !f->seen_shape++) {
            if (!take_shape(c, f)) return 0;
        } else
            return 0;
        if (!take(c, ',')) {
            if (!take(c, '}')) return 0;
            break;
        }
    }
    skip_spaces(c);
    return c->at == c->end && f->seen_descr && f->seen_order && f->seen_shape;
}

w4a16_status npy_parse(const char *label, const unsigned char *bytes, size_t available, uint64_t size,
                       struct npy *out, w4a16_error *error) {
    FAIL_IF(available < 10 || memcmp(bytes, "\x93NUMPY", 6) != 0, error, W4A16_BAD_FILE,
            "%s: no .npy file: it does not start with \\x93NUMPY and a version", label);
    FAIL_IF(bytes[6] != 1 && bytes[6] != 2, error, W4A16_UNSUPPORTED,
            "%s: .npy version %d.%d; accepted are 1.0 and 2.0", label, bytes[6], bytes[7]);
    size_t prefix = bytes[6] == 1 ? 10 : 12, length = 0;
    for (size_t i = 8; i < prefix && i < available; i++) length |= (size_t)bytes[i] << 8 * (i - 8);
    FAIL_IF(size < prefix || length > size - prefix, error, W4A16_BAD_FILE,
            "%s: a header of %zu bytes does not fit the file of %" PRIu64 " bytes", label, length, size);
    FAIL_IF(available < prefix || length > available - prefix, error, W4A16_BAD_FILE,
            "%s: a header of %zu bytes; accepted are at most %zu", label, length, (size_t)NPY_HEAD - prefix);
    struct cursor c = {(const char *)bytes + prefix, (const char *)bytes + prefix + length};
    struct fields f = {0};
    FAIL_IF(!take_fields(&c, &f), error, W4A16_BAD_FILE,
            "%s: the header is not a dictionary of just descr, fortran_order and shape", label);
    *out = (struct npy){.data_offset = prefix + length, .data_bytes = size - prefix - length};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(f.descr, types[i].descr) == 0) out->type = types[i].type;
    FAIL_IF(
        !out->type, error, W4A16_UNSUPPORTED,
        "%s: elements are '%s'; accepted are '<f2', '<f4' and, as bits of bfloat16, '<u2', '<V2' and '|V2'",
        label, f.descr);
    FAIL_IF(f.fortran, error, W4A16_UNSUPPORTED, "%s: the array is in Fortran order; accepted is C order",
            label);
    FAIL_IF(f.dims != 1 && f.dims != 2, error, W4A16_UNSUPPORTED,
            "%s: the array has %d dimensions; accepted are 1 "
            "and 2",
            label, f.dims);
    out->rows = f.dims == 2 ? f.shape[0] : 1;
    out->columns = f.shape[f.dims - 1];
    int64_t expected;
    FAIL_IF(__builtin_mul_overflow(out->rows, out->columns, &expected) ||
                __builtin_mul_overflow(expected, (int64_t)w4a16_dtype_size(out->type), &expected) ||
                (uint64_t)expected != out->data_bytes,
            error, W4A16_BAD_FILE,
            "%s: %zu bytes of data for %" PRId64 " x %" PRId64 " elements of %zu bytes", label,
            out->data_bytes, out->rows, out->columns, w4a16_dtype_size(out->type));
    return W4A16_OK;
}

static w4a16_status read_open(struct input_file *file, const char *path, struct npy *out, void **data,
                              w4a16_error *error) {
    unsigned char head[NPY_HEAD];
    size_t available = file->bytes < NPY_HEAD ? (size_t)file->bytes : NPY_HEAD;
    TRY(w4a16_input_status(input_read(file, head, available, 0), path, file, error));
    TRY(npy_parse(path, head, available, file->bytes, out, error));
    *data = malloc(out->data_bytes + 1);
    FAIL_IF(!*data, error, W4A16_OUT_OF_MEMORY, "%s: out of memory for %zu bytes", path, out->data_bytes);
    w4a16_status status =
        w4a16_input_status(input_read(file, *data, out->data_bytes, out->data_offset), path, file, error);
    if (status != W4A16_OK) free(*data);
    return status;
}

w4a16_status npy_read(const char *path, struct npy *out, void **data, w4a16_error *error) {
    struct input_file file;
    TRY(w4a16_input_status(input_open(&file, path, INT64_MAX), path, &file, error));
    w4a16_status status = read_open(&file, path, out, data, error);
    input_close(&file);
    return status;
}

w4a16_status npy_write(const char *path, w4a16_dtype type, int64_t rows, int64_t columns, const void *data,
                       w4a16_error *error) {
    enum { HEADER = 128 }; /* a multiple of 64, as the format asks; magic, version and length are 10 of it */
    const char *descr = type == W4A16_F16 ? "<f2" : type == W4A16_F32 ? "<f4" : "<u2";
    char header[HEADER + 1];
    int length = snprintf(header, sizeof header,
                          "\x93NUMPY%c%c%c%c{'descr': '%s', 'fortran_order': False, 'shape': (%" PRId64
                          ", %" PRId64 "), }",
                          1, 1, 1, 1, descr, rows, columns);
    memset(header + length, ' ', (size_t)(HEADER - length));
    header[HEADER - 1] = '\n';
    header[7] = 0;
    header[8] = HEADER - 10;
    header[9] = 0;
    struct output output;
    output_open(&output, path);
    output_write(&output, header, HEADER);
    output_write(&output, data, w4a16_dtype_size(type) * (size_t)(rows * columns));
    return output_commit(&output) == 0 ? W4A16_OK : output_error(path, &output, error);
}
