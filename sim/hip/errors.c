/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Names and sentences of the error codes; the thread's last error. */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

static const struct {
    hipError_t code;
    const char *name, *sentence;
} errors[] = {
    {hipSuccess, "hipSuccess", "no error"},
#define ERROR(name, number, sentence) {number, "hipError" #name, sentence},
#include "errors.def"
#undef ERROR
};
enum { ERROR_COUNT = sizeof errors / sizeof errors[0] };

static size_t find(hipError_t code) {
    for (size_t n = 0; n < ERROR_COUNT; n++)
        if (errors[n].code == code) return n;
    return ERROR_COUNT - 1; /* unknown */
}

hipError_t error_from_name(const char *name, size_t length) {
    for (size_t n = 0; n < ERROR_COUNT; n++)
        if (strlen(errors[n].name) == length && !memcmp(errors[n].name, name, length)) return errors[n].code;
    char *end;
    long number = strtol(name, &end, 10);
    return end == name + length && length && number > 0 && number < 10000 ? (hipError_t)number : -1;
}

const char *hipGetErrorName(hipError_t error) { return errors[find(error)].name; }
const char *hipGetErrorString(hipError_t error) { return errors[find(error)].sentence; }
static hipError_t put(const char **out, const char *text) {
    if (!out) return hipErrorInvalidValue;
    *out = text;
    return hipSuccess;
}
hipError_t hipDrvGetErrorName(hipError_t error, const char **name) {
    return put(name, hipGetErrorName(error));
}
hipError_t hipDrvGetErrorString(hipError_t error, const char **text) {
    return put(text, hipGetErrorString(error));
}
hipError_t hipGetLastError(void) { return last_error_take(true); }
hipError_t hipExtGetLastError(void) { return last_error_take(true); }
hipError_t hipPeekAtLastError(void) { return last_error_take(false); }
