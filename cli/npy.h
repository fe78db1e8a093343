/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * NumPy's .npy files, as far as activations and outputs need them: versions 1.0 and 2.0, C order, one or two
 * dimensions, little-endian float16 ('<f2'), float32 ('<f4') and bfloat16. NumPy has no bfloat16: it is read
 * from and written as the raw bits, '<u2' (a.view('uint16')); what ml_dtypes saves ('<V2', '|V2') is read
 * too.
 */
#ifndef CLI_NPY_H
#define CLI_NPY_H

#include <stddef.h>
#include <stdint.h>

#include "w4a16/base.h"

struct npy {
    w4a16_dtype type;
    int64_t rows, columns; /* one dimension is one row */
    size_t data_offset;    /* of the file */
    size_t data_bytes;
};

/*
 * Checks a file of `size` bytes, of which the first `available` are at bytes; label names it in errors.
 * BAD_FILE or UNSUPPORTED.
 */
w4a16_status npy_parse(const char *label, const unsigned char *bytes, size_t available, uint64_t size,
                       struct npy *out, w4a16_error *error);

/* Reads a file; free *data. */
w4a16_status npy_read(const char *path, struct npy *out, void **data, w4a16_error *error);

w4a16_status npy_write(const char *path, w4a16_dtype type, int64_t rows, int64_t columns, const void *data,
                       w4a16_error *error);

#endif
