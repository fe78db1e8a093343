/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What a HIP compiler's output hands to the runtime: code objects in a wrapper, kernels by the address of a stub. */
#ifndef TESTS_HIP_COMPILED_H
#define TESTS_HIP_COMPILED_H

#include "front.h"

typedef struct {
    uint32_t x, y, z;
} dim3;

#define REGISTER_CALLS(X)                                                                                    \
    X(void **, __hipRegisterFatBinary, (const void *))                                                       \
    X(void, __hipUnregisterFatBinary, (void **))                                                             \
    X(void, __hipRegisterFunction,                                                                           \
      (void **, const void *, char *, const char *, unsigned, void *, void *, void *, void *, int *))        \
    X(void, __hipRegisterVar, (void **, void *, char *, char *, int, size_t, int, int))
#define HIP_POINTER(result, name, parameters) static result(*name) parameters;
REGISTER_CALLS(HIP_POINTER)
#undef HIP_POINTER

static struct {
    uint32_t magic, version;
    const void *image, *unused;
} wrapper = {0x48495046, 1, NULL, NULL};

#endif
