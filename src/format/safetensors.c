/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The safetensors reader: 8 bytes little-endian header length, JSON header, data.
 *
 * The header is untrusted. Once it is open every tensor is known to lie inside the file, to have the size
 * that its shape and type give, and to share no byte with another. Data is read with pread: a file that
 * shrinks meanwhile is an error here and a SIGBUS with mmap.
 */
#include "format/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/input_error.h"
#include "format/field.h"

#define LENGTH_BYTES 8
#define HEADER_MAX   100000000 /* the reference reader's limit */

struct safetensors {
    char *path;
    struct input_file file; /* fd is -1 without one */
    uint64_t data_start;
    json_t *header; /* owns all names */
    size_t count;
    struct st_tensor *tensors;        /* by begin */
    const struct st_tensor **by_name; /* the same */
};

/* ST_OTHER: types whose size can be checked but which nothing here reads. */
static const struct {
    const char *name;
    enum st_dtype dtype;
    unsigned bits;
} dtypes[] = {
    {"BOOL", ST_BOOL, 8},
    {"U8", ST_U8, 8},
    {"I8", ST_I8, 8},
    {"I16", ST_I16, 16},
    {"U16", ST_U16, 16},
    {"F16", ST_F16, 16},
    {"BF16", ST_BF16, 16},
    {"I32", ST_I32, 32},
    {"U32", ST_U32, 32},
    {"F32", ST_F32, 32},
    {"F64", ST_F64, 64},
    {"I64", ST_I64, 64},
    {"U64", ST_U64, 64},
    {"F4", ST_OTHER, 4},
    {"F6_E2M3", ST_OTHER, 6},
    {"F6_E3M2", ST_OTHER, 6},
    {"F8_E5M2", ST_OTHER, 8},
    {"F8_E4M3", ST_OTHER, 8},
    {"F8_E8M0", ST_OTHER, 8},
    {"F8_E5M2FNUZ", ST_OTHER, 8},
    {"F8_E4M3FNUZ", ST_OTHER, 8},
    {"C64", ST_OTHER, 64},
};
#define DTYPE_COUNT (sizeof dtypes / sizeof dtypes[0])

size_t st_dtype_size(enum st_dtype dtype) {
    for (size_t i = 0; i < DTYPE_COUNT; i++)
        if (dtype != ST_OTHER && dtypes[i].dtype == dtype) return dtypes[i].bits / 8;
    return 0;
}

const char *st_dtype_name(enum st_dtype dtype) {
    for (size_t i = 0; i < DTYPE_COUNT; i++)
        if (dtype != ST_OTHER && dtypes[i].dtype == dtype) return dtypes[i].name;
    return "unknown";
}

/* The size of one element, 0 for a type that is not in the table. */
static unsigned dtype_bits(struct st_tensor *t) {
    t->dtype = ST_OTHER;
    for (size_t i = 0; i < DTYPE_COUNT; i++)
        if (strcmp(dtypes[i].name, t->dtype_name) == 0) {
            t->dtype = dtypes[i].dtype;
            return dtypes[i].bits;
        }
    return 0;
}

static w4a16_status read_shape(const char *path, struct st_tensor *t, const json_t *shape,
                               w4a16_error *error) {
    FAIL_IF(!json_is_array(shape), error, W4A16_BAD_FILE,
            "%s: tensor %s: shape is missing or no list; accepted is a list of integers >= 0", path, t->name);
    FAIL_IF(json_array_size(shape) > ST_MAX_DIMS, error, W4A16_UNSUPPORTED,
            "%s: tensor %s: shape has %zu dimensions; accepted are up to %d", path, t->name,
            json_array_size(shape), ST_MAX_DIMS);
    t->dims = (int)json_array_size(shape);
    for (int i = 0; i < t->dims; i++) {
        const json_t *size = json_array_get(shape, (size_t)i);
        FAIL_IF(!json_is_integer(size) || json_integer_value(size) < 0, error, W4A16_BAD_FILE,
                "%s: tensor %s: shape[%d] is no integer >= 0", path, t->name, i);
        t->shape[i] = json_integer_value(size);
    }
    return W4A16_OK;
}

static w4a16_status read_offsets(const char *path, struct st_tensor *t, const json_t *offsets,
                                 w4a16_error *error) {
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    FAIL_IF(json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
                json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin),
            error, W4A16_BAD_FILE,
            "%s: tensor %s: data_offsets are missing or wrong; accepted are two integers 0 <= begin <= end",
            path, t->name);
    t->begin = (uint64_t)json_integer_value(begin);
    t->end = (uint64_t)json_integer_value(end);
    return W4A16_OK;
}

/* That the shape takes exactly the bytes which the offsets give. A type we do not know cannot be checked. */
static w4a16_status check_bytes(const char *path, const struct st_tensor *t, unsigned bits,
                                w4a16_error *error) {
    if (!bits) return W4A16_OK;
    uint64_t total = bits;
    for (int i = 0; i < t->dims; i++)
        FAIL_IF(__builtin_mul_overflow(total, (uint64_t)t->shape[i], &total), error, W4A16_BAD_FILE,
                "%s: tensor %s: the product of its shape overflows 64 bits", path, t->name);
    FAIL_IF(total % 8, error, W4A16_BAD_FILE,
            "%s: tensor %s: shape and type %s give %" PRIu64 " bits; accepted are whole bytes", path, t->name,
            t->dtype_name, total);
    FAIL_IF(t->end - t->begin != total / 8, error, W4A16_BAD_FILE,
            "%s: tensor %s: data_offsets give %" PRIu64 " bytes; expected %" PRIu64 " from shape and type %s",
            path, t->name, t->end - t->begin, total / 8, t->dtype_name);
    return W4A16_OK;
}

static w4a16_status read_tensor(const char *path, const char *name, json_t *json, struct st_tensor *t,
                                w4a16_error *error) {
    t->name = name;
    FAIL_IF(!json_is_object(json), error, W4A16_BAD_FILE,
            "%s: tensor %s: its description is no JSON object; accepted is {dtype, shape, data_offsets}",
            path, name);
    t->dtype_name = json_string_value(json_object_get(json, "dtype"));
    FAIL_IF(!t->dtype_name, error, W4A16_BAD_FILE, "%s: tensor %s: dtype is missing or no string", path,
            name);
    TRY(read_shape(path, t, json_object_get(json, "shape"), error));
    TRY(read_offsets(path, t, json_object_get(json, "data_offsets"), error));
    return check_bytes(path, t, dtype_bits(t), error);
}

static w4a16_status check_metadata(const char *path, json_t *metadata, w4a16_error *error) {
    FAIL_IF(!json_is_object(metadata), error, W4A16_BAD_FILE,
            "%s: __metadata__ is no JSON object; accepted is an object of strings", path);
    const char *key;
    json_t *value;
    json_object_foreach(metadata, key, value)
        FAIL_IF(!json_is_string(value), error, W4A16_BAD_FILE,
                "%s: __metadata__: the value of \"%s\" is no string; accepted are strings only", path, key);
    return W4A16_OK;
}

static int compare_begin(const void *a, const void *b) {
    const struct st_tensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end) return x->end < y->end ? -1 : 1; /* empty tensors come first */
    return strcmp(x->name, y->name);
}

static int compare_names(const void *a, const void *b) {
    const struct st_tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* Neither hole nor overlap: a hole can hide data, an overlap can hide a tensor. */
static w4a16_status check_tiling(const struct safetensors *st, uint64_t data_bytes, w4a16_error *error) {
    uint64_t end = 0;
    for (size_t i = 0; i < st->count; i++) {
        const struct st_tensor *t = &st->tensors[i];
        FAIL_IF(t->begin != end, error, W4A16_BAD_FILE,
                "%s: tensor %s: data begins at %" PRIu64 "; expected %" PRIu64
                ", where the tensor before ends (%s)",
                st->path, t->name, t->begin, end, t->begin < end ? "overlap" : "hole");
        end = t->end;
    }
    FAIL_IF(end != data_bytes, error, W4A16_BAD_FILE,
            "%s: the tensors need %" PRIu64 " bytes of data; found %" PRIu64 " (%s)", st->path, end,
            data_bytes, end > data_bytes ? "truncated file" : "bytes that belong to no tensor");
    return W4A16_OK;
}

static w4a16_status read_header(struct safetensors *st, uint64_t data_bytes, w4a16_error *error) {
    size_t entries = json_object_size(st->header);
    st->tensors = calloc(entries + 1, sizeof *st->tensors);
    st->by_name = calloc(entries + 1, sizeof *st->by_name);
    FAIL_IF(!st->tensors || !st->by_name, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", st->path);
    const char *name;
    json_t *json;
    json_object_foreach(st->header, name, json) {
        if (strcmp(name, "__metadata__") == 0)
            TRY(check_metadata(st->path, json, error));
        else
            TRY(read_tensor(st->path, name, json, &st->tensors[st->count++], error));
    }
    qsort(st->tensors, st->count, sizeof *st->tensors, compare_begin);
    for (size_t i = 0; i < st->count; i++) st->by_name[i] = &st->tensors[i];
    qsort(st->by_name, st->count, sizeof *st->by_name, compare_names);
    return check_tiling(st, data_bytes, error);
}

w4a16_status safetensors_parse(const char *label, const char *json, size_t bytes, uint64_t data_bytes,
                               struct safetensors **out, w4a16_error *error) {
    struct safetensors *st = calloc(1, sizeof *st);
    FAIL_IF(!st, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    st->file.fd = -1;
    st->path = strdup(label);
    w4a16_status status = st->path ? field_read(label, json, bytes, DOC_STRICT, NULL, &st->header, error)
                                   : w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    if (status == W4A16_OK) status = field_is(label, st->header, DOC_OBJECT, "its header", error);
    if (status == W4A16_OK) status = read_header(st, data_bytes, error);
    if (status != W4A16_OK)
        safetensors_close(st);
    else
        *out = st;
    return status;
}

static w4a16_status open_header(struct input_file *file, const char *path, struct safetensors **out,
                                w4a16_error *error) {
    uint64_t size = file->bytes, length = 0;
    FAIL_IF(size < LENGTH_BYTES, error, W4A16_BAD_FILE,
            "%s: has %" PRIu64 " bytes; a safetensors file has at least %d", path, size, LENGTH_BYTES);
    unsigned char raw[LENGTH_BYTES];
    TRY(w4a16_input_status(input_read(file, raw, sizeof raw, 0), path, file, error));
    for (int i = LENGTH_BYTES; i-- > 0;) length = length << 8 | raw[i];
    FAIL_IF(length > HEADER_MAX, error, W4A16_BAD_FILE,
            "%s: header length is %" PRIu64 "; accepted is at most %d", path, length, HEADER_MAX);
    FAIL_IF(length > size - LENGTH_BYTES, error, W4A16_BAD_FILE,
            "%s: header length is %" PRIu64 " but only %" PRIu64 " bytes follow (truncated file)", path,
            length, size - LENGTH_BYTES);
    char *json = malloc(length + 1);
    FAIL_IF(!json, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    w4a16_status status = w4a16_input_status(input_read(file, json, length, LENGTH_BYTES), path, file, error);
    if (status == W4A16_OK)
        status = safetensors_parse(path, json, length, size - LENGTH_BYTES - length, out, error);
    free(json);
    if (status == W4A16_OK) {
        (*out)->file = *file;
        (*out)->data_start = LENGTH_BYTES + length;
    }
    return status;
}

w4a16_status safetensors_open(const char *path, struct safetensors **out, w4a16_error *error) {
    *out = NULL;
    struct input_file file;
    TRY(w4a16_input_status(input_open(&file, path, INT64_MAX), path, &file, error));
    w4a16_status status = open_header(&file, path, out, error);
    if (status != W4A16_OK) input_close(&file);
    return status;
}

void safetensors_close(struct safetensors *st) {
    if (!st) return;
    input_close(&st->file);
    json_decref(st->header);
    free(st->tensors);
    free(st->by_name);
    free(st->path);
    free(st);
}

const char *safetensors_path(const struct safetensors *st) { return st->path; }

size_t safetensors_count(const struct safetensors *st) { return st->count; }

const struct st_tensor *safetensors_at(const struct safetensors *st, size_t index) {
    return &st->tensors[index];
}

const struct st_tensor *safetensors_find(const struct safetensors *st, const char *name) {
    const struct st_tensor wanted = {.name = name}, *key = &wanted;
    const struct st_tensor **found = bsearch(&key, st->by_name, st->count, sizeof *found, compare_names);
    return found ? *found : NULL;
}

w4a16_status safetensors_read_part(const struct safetensors *st, const struct st_tensor *tensor,
                                   uint64_t first, uint64_t bytes, void *to, w4a16_error *error) {
    FAIL_IF(st->file.fd < 0, error, W4A16_INVALID_ARGUMENT, "%s: tensor %s: only the header was given",
            st->path, tensor->name);
    struct input_file file = st->file; /* a copy: threads share st */
    enum input_status status = input_read(&file, to, bytes, st->data_start + tensor->begin + first);
    return w4a16_input_status(status, st->path, &file, error);
}

w4a16_status safetensors_read(const struct safetensors *st, const struct st_tensor *tensor, void *to,
                              w4a16_error *error) {
    return safetensors_read_part(st, tensor, 0, tensor->end - tensor->begin, to, error);
}
