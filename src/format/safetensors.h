/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The safetensors container: a validated reader and a writer. Knows nothing of what the tensors mean. */
#ifndef W4A16_FORMAT_SAFETENSORS_H
#define W4A16_FORMAT_SAFETENSORS_H

#include "w4a16/base.h"

#define ST_MAX_DIMS 8

enum st_dtype {
    ST_OTHER,
    ST_BOOL,
    ST_U8,
    ST_I8,
    ST_I16,
    ST_U16,
    ST_F16,
    ST_BF16,
    ST_I32,
    ST_U32,
    ST_F32,
    ST_F64,
    ST_I64,
    ST_U64
};

struct st_tensor {
    const char *name;
    enum st_dtype dtype;
    const char *dtype_name; /* as in the file; the only hint when dtype is ST_OTHER */
    int dims;
    int64_t shape[ST_MAX_DIMS];
    uint64_t begin, end; /* bytes, relative to the start of the data */
};

struct safetensors; /* immutable; readable from several threads */

/* Opens, and checks everything that the header promises against the file. */
w4a16_status safetensors_open(const char *path, struct safetensors **out, w4a16_error *error);
void safetensors_close(struct safetensors *st);
const char *safetensors_path(const struct safetensors *st);
size_t safetensors_count(const struct safetensors *st);
const struct st_tensor *safetensors_at(const struct safetensors *st, size_t index); /* in order of begin */
const struct st_tensor *safetensors_find(const struct safetensors *st, const char *name); /* or null */
/* Reads all end - begin bytes of a tensor. */
w4a16_status safetensors_read(const struct safetensors *st, const struct st_tensor *tensor, void *to,
                              w4a16_error *error);
/* Reads so many of them, from byte `first` on; the caller has checked that they are there. */
w4a16_status safetensors_read_part(const struct safetensors *st, const struct st_tensor *tensor,
                                   uint64_t first, uint64_t bytes, void *to, w4a16_error *error);

/*
 * Checks a header alone (for the opener and the fuzzer): json[0..bytes) describes data of data_bytes bytes.
 * label names the file in errors. The result has no file behind it: safetensors_read fails.
 */
w4a16_status safetensors_parse(const char *label, const char *json, size_t bytes, uint64_t data_bytes,
                               struct safetensors **out, w4a16_error *error);

/* What a writer needs to know of one tensor. */
struct st_source {
    const char *name;
    enum st_dtype dtype;
    int dims;
    int64_t shape[ST_MAX_DIMS];
    const void *data; /* safetensors_write only: the bytes of the whole tensor */
    const char
        *other_name; /* ST_OTHER only: the type's name and the tensor's size, to copy what we cannot read */
    uint64_t other_bytes;
};

/*
 * The writer (safetensors_write.c). Everything goes to a temporary file beside path, renamed by finish, so
 * that an error leaves an old file as it was. Data is appended in the order of the tensors, in pieces of any
 * size; append and finish fail if the sum is not what the tensors promise. Either finish or abandon frees the
 * writer.
 */
struct safetensors_writer;
w4a16_status safetensors_create(const char *path, const struct st_source *tensors, size_t count,
                                struct safetensors_writer **out, w4a16_error *error);
w4a16_status safetensors_append(struct safetensors_writer *writer, const void *data, size_t bytes,
                                w4a16_error *error);
w4a16_status safetensors_finish(struct safetensors_writer *writer, w4a16_error *error);
void safetensors_abandon(struct safetensors_writer *writer); /* null is accepted */

/* All of it at once. */
w4a16_status safetensors_write(const char *path, const struct st_source *tensors, size_t count,
                               w4a16_error *error);

size_t st_dtype_size(enum st_dtype dtype); /* bytes per element; 0 for ST_OTHER */
const char *st_dtype_name(enum st_dtype dtype);

#endif
