/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "core/error.h"

#include <stdarg.h>

#include "text.h"

w4a16_status w4a16_fail(w4a16_error *error, w4a16_status status, const char *format, ...) {
    if (error) {
        error->status = status;
        va_list arguments;
        va_start(arguments, format);
        text_vformat(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

w4a16_status w4a16_succeed(w4a16_error *error) {
    if (error) {
        error->status = W4A16_OK;
        error->message[0] = 0;
    }
    return W4A16_OK;
}
