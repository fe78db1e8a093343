/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Making and passing on errors: a check costs one line. */
#ifndef W4A16_CORE_ERROR_H
#define W4A16_CORE_ERROR_H

#include "w4a16/base.h"

/* Stores status and sentence (error may be null) and returns status. */
w4a16_status w4a16_fail(w4a16_error *error, w4a16_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Empties the message; for the start of a public call. Returns W4A16_OK. */
w4a16_status w4a16_succeed(w4a16_error *error);

#define FAIL_IF(condition, error, status, ...)                                                               \
    do {                                                                                                     \
        if (condition) return w4a16_fail(error, status, __VA_ARGS__);                                        \
    } while (0)

/* Returns from the caller if the call failed; the callee has filled the error. */
#define TRY(call)                                                                                            \
    do {                                                                                                     \
        w4a16_status status_ = (call);                                                                       \
        if (status_ != W4A16_OK) return status_;                                                             \
    } while (0)

#endif
