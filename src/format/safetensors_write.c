/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The safetensors writer: header first, then the tensors' bytes as they come. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/output_error.h"
#include "document.h"
#include "format/safetensors.h"
#include "text.h"

struct safetensors_writer {
    char *path;
    struct output output;
    uint64_t written, promised; /* bytes of data */
};

/* Bytes of a tensor; false if a dimension is negative or the product does not fit. */
static int source_bytes(const struct st_source *t, uint64_t *bytes) {
    if (t->dtype == ST_OTHER) {
        *bytes = t->other_bytes;
        return 1;
    }
    *bytes = st_dtype_size(t->dtype);
    for (int d = 0; d < t->dims; d++)
        if (t->shape[d] < 0 || __builtin_mul_overflow(*bytes, (uint64_t)t->shape[d], bytes)) return 0;
    return 1;
}

/* Adds one tensor to the header and its size to *offset. */
static w4a16_status describe(const char *path, json_t **header, const struct st_source *t, uint64_t *offset,
                             w4a16_error *error) {
    uint64_t bytes, end;
    FAIL_IF(!source_bytes(t, &bytes) || __builtin_add_overflow(*offset, bytes, &end) || end > INT64_MAX,
            error, W4A16_INVALID_ARGUMENT,
            "%s: tensor %s: accepted are dimensions >= 0 and a file of less than 2^63 bytes", path, t->name);
    FAIL_IF(json_object_get(*header, t->name), error, W4A16_INVALID_ARGUMENT,
            "%s: two tensors would be called %s", path, t->name);
    for (const char *p = t->name; *p;) {
        size_t length = text_character(p, strlen(p), NULL);
        FAIL_IF(!length, error, W4A16_INVALID_ARGUMENT, "%s: tensor name \"%s\" is no valid UTF-8", path,
                t->name);
        p += length;
    }
    json_t *shape = json_array();
    for (int d = 0; d < t->dims; d++) doc_append(&shape, json_integer(t->shape[d]));
    const char *dtype = t->dtype == ST_OTHER ? t->other_name : st_dtype_name(t->dtype);
    doc_set(header, t->name,
            doc_pack("{s:s,s:o,s:[I,I]}", "dtype", dtype, "shape", shape, "data_offsets", (json_int_t)*offset,
                     (json_int_t)end));
    FAIL_IF(!*header, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    *offset = end;
    return W4A16_OK;
}

/* The header as text, padded with spaces so that the data begins at a multiple of 8 bytes. */
static w4a16_status compose(const char *path, const struct st_source *tensors, size_t count, char **text,
                            uint64_t *data_bytes, w4a16_error *error) {
    json_t *header = doc_pack("{s:{s:s}}", "__metadata__", "format", "pt");
    w4a16_status status =
        header ? W4A16_OK : w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    *data_bytes = 0;
    for (size_t i = 0; i < count && status == W4A16_OK; i++)
        status = describe(path, &header, &tensors[i], data_bytes, error);
    *text = NULL;
    if (status == W4A16_OK) {
        size_t bytes = 0, padded;
        char *printed = doc_print(header, JSON_COMPACT, &bytes);
        padded = (bytes + 7) / 8 * 8;
        *text = printed ? realloc(printed, padded + 1) : NULL;
        if (*text) {
            memset(*text + bytes, ' ', padded - bytes);
            (*text)[padded] = 0;
        } else {
            free(printed);
            status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
        }
    }
    json_decref(header);
    return status;
}

w4a16_status safetensors_create(const char *path, const struct st_source *tensors, size_t count,
                                struct safetensors_writer **out, w4a16_error *error) {
    *out = NULL;
    char *header;
    uint64_t promised;
    TRY(compose(path, tensors, count, &header, &promised, error));
    struct safetensors_writer *w = calloc(1, sizeof *w);
    if (!w || !(w->path = strdup(path))) {
        free(w);
        free(header);
        return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    }
    w->promised = promised;
    size_t length = strlen(header);
    unsigned char prefix[8];
    for (int i = 0; i < 8; i++) prefix[i] = (unsigned char)((uint64_t)length >> 8 * i);
    output_open(&w->output, path);
    output_write(&w->output, prefix, sizeof prefix);
    w4a16_status status = W4A16_OK;
    if (output_write(&w->output, header, length) != 0) status = output_error(path, &w->output, error);
    free(header);
    if (status == W4A16_OK)
        *out = w;
    else
        safetensors_abandon(w);
    return status;
}

w4a16_status safetensors_append(struct safetensors_writer *w, const void *data, size_t bytes,
                                w4a16_error *error) {
    FAIL_IF(bytes > w->promised - w->written, error, W4A16_INVALID_ARGUMENT,
            "%s: more data than the tensors of the header hold (%" PRIu64 " bytes)", w->path, w->promised);
    if (output_write(&w->output, data, bytes) != 0) return output_error(w->path, &w->output, error);
    w->written += bytes;
    return W4A16_OK;
}

void safetensors_abandon(struct safetensors_writer *w) {
    if (!w) return;
    output_abandon(&w->output);
    free(w->path);
    free(w);
}

w4a16_status safetensors_finish(struct safetensors_writer *w, w4a16_error *error) {
    w4a16_status status = W4A16_OK;
    if (w->written != w->promised) {
        status = w4a16_fail(error, W4A16_INVALID_ARGUMENT,
                            "%s: %" PRIu64 " bytes of data were written, the header promises %" PRIu64,
                            w->path, w->written, w->promised);
        output_abandon(&w->output);
    } else if (output_commit(&w->output) != 0)
        status = output_error(w->path, &w->output, error);
    free(w->path);
    free(w);
    return status;
}

w4a16_status safetensors_write(const char *path, const struct st_source *tensors, size_t count,
                               w4a16_error *error) {
    struct safetensors_writer *w;
    TRY(safetensors_create(path, tensors, count, &w, error));
    for (size_t i = 0; i < count; i++) {
        uint64_t bytes = 0;
        source_bytes(&tensors[i], &bytes); /* create has checked it */
        w4a16_status status = safetensors_append(w, tensors[i].data, bytes, error);
        if (status != W4A16_OK) {
            safetensors_abandon(w);
            return status;
        }
    }
    return safetensors_finish(w, error);
}
