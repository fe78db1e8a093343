/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Status codes, errors and element types that every other header uses.
 *
 * Errors are values. A function that can fail returns a w4a16_status and, if the caller handed it a
 * w4a16_error, fills in one sentence: what went wrong, where, and what would be accepted. What it would have
 * made is null then. The library never prints, aborts, exits or changes global state.
 *
 * A library may be newer than the header that its user was compiled with, within a soname; never older.
 * Structs that the caller fills begin with struct_size, which their init function is told; shorter ones, of an
 * older header, are taken, and fields that they lack count as 0. Where the library fills the caller's memory,
 * `reserved` is 0 and makes room for later fields. Structs that the library owns may grow at their end. Those
 * without any of this (w4a16_error, w4a16_order, the parts of w4a16_problem) stay as they are.
 */
#ifndef W4A16_BASE_H
#define W4A16_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(W4A16_BUILDING)
#define W4A16_API __attribute__((visibility("default")))
#else
#define W4A16_API
#endif

#define W4A16_VERSION_MAJOR  0
#define W4A16_VERSION_MINOR  1
#define W4A16_VERSION_PATCH  0
#define W4A16_VERSION_STRING "0.1.0"

/* Values are frozen: new ones are only appended. */
typedef enum w4a16_status {
    W4A16_OK = 0,
    W4A16_INVALID_ARGUMENT = -1, /* the call itself is wrong: null pointer, negative size, wrong device */
    W4A16_BAD_FILE = -2,         /* a file's content is damaged or contradicts itself */
    W4A16_UNSUPPORTED = -3,      /* legal, but no reader, kernel or device here takes it */
    W4A16_NO_DEVICE = -4,        /* the device or its runtime is not there */
    W4A16_OUT_OF_MEMORY = -5,
    W4A16_IO = -6,           /* the operating system refused: open, read, write */
    W4A16_DEVICE_FAULT = -7, /* a kernel did something illegal, or the device's runtime failed */
    W4A16_MISMATCH = -8      /* a result was verified and is wrong */
} w4a16_status;

/* Owned by the caller, one per thread; a null pointer is accepted everywhere and only drops the message. */
typedef struct w4a16_error {
    w4a16_status status;
    char message[1024]; /* one sentence, UTF-8, always terminated; empty after success */
} w4a16_error;

/*
 * The largest size of a layer or a product: N, K, padded_K, M and M * top_k; and the largest row stride in
 * elements. Calls that are given sizes check them first, so that no product of two overflows behind that.
 */
#define W4A16_SIZE_MAX   16777216
#define W4A16_STRIDE_MAX 134217728

typedef enum w4a16_dtype {
    W4A16_F16 = 1,  /* IEEE binary16 */
    W4A16_BF16 = 2, /* the upper half of IEEE binary32 */
    W4A16_F32 = 3
} w4a16_dtype;

/* The library's own, which may be newer than the header that a program was compiled with: "0.1.0". */
W4A16_API const char *w4a16_version(void);
W4A16_API const char *w4a16_status_name(w4a16_status status); /* "bad file"; never null */
W4A16_API const char *w4a16_dtype_name(w4a16_dtype type);     /* "fp16", "bf16", "fp32"; never null */
W4A16_API size_t w4a16_dtype_size(w4a16_dtype type);          /* bytes; 0 for an unknown type */

#ifdef __cplusplus
}
#endif
#endif
