/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The part of the HIP runtime that the hip device calls: our own prototypes (HIP 6 and 7 agree on them),
 * found at run time, so that neither building nor loading this library needs ROCm.
 */
#ifndef W4A16_DEVICE_HIP_API_H
#define W4A16_DEVICE_HIP_API_H

#include <stddef.h>

#include "w4a16/base.h"

typedef int hip_error; /* 0 = success */
typedef void *hip_module, *hip_function, *hip_stream;

/* hipDeviceProp_tR0600: only the name and the architecture are read. */
#define HIP_PROPERTIES_BYTES  1472
#define HIP_PROPERTIES_NAME   0
#define HIP_PROPERTIES_ARCH   1160
#define HIP_PROPERTIES_STRING 256

#define HIP_FUNCTIONS(X)                                                                                     \
    X(hipInit, hip_error, (unsigned flags))                                                                  \
    X(hipGetDeviceCount, hip_error, (int *count))                                                            \
    X(hipGetDevice, hip_error, (int *device))                                                                \
    X(hipSetDevice, hip_error, (int device))                                                                 \
    X(hipGetDevicePropertiesR0600, hip_error, (void *properties, int device))                                \
    X(hipRuntimeGetVersion, hip_error, (int *version))                                                       \
    X(hipModuleLoadData, hip_error, (hip_module * module, const void *image))                                \
    X(hipModuleUnload, hip_error, (hip_module module))                                                       \
    X(hipModuleGetFunction, hip_error, (hip_function * function, hip_module module, const char *name))       \
    X(hipModuleLaunchKernel, hip_error,                                                                      \
      (hip_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,           \
       unsigned block_y, unsigned block_z, unsigned lds_bytes, hip_stream stream, void **params,             \
       void **extra))                                                                                        \
    X(hipMalloc, hip_error, (void **pointer, size_t bytes))                                                  \
    X(hipFree, hip_error, (void *pointer))                                                                   \
    X(hipMemcpy, hip_error, (void *to, const void *from, size_t bytes, int kind))                            \
    X(hipGetErrorName, const char *, (hip_error error))

enum { HIP_MEMCPY_HOST_TO_DEVICE = 1, HIP_MEMCPY_DEVICE_TO_HOST = 2 };

/* hipModuleLaunchKernel's `extra`: these words in this order. */
#define HIP_LAUNCH_BUFFER_POINTER ((void *)1)
#define HIP_LAUNCH_BUFFER_SIZE    ((void *)2)
#define HIP_LAUNCH_END            ((void *)3)

struct hip_api {
    void *library;
    char path[256]; /* of the library that was found */
#define HIP_MEMBER(name, result, parameters) result(*name) parameters;
    HIP_FUNCTIONS(HIP_MEMBER)
#undef HIP_MEMBER
};

/*
 * Finds the runtime: first a copy that is already in the process (a second one beside PyTorch's would break
 * both), then the file that W4A16_HIP_LIBRARY names, then libamdhip64.so.7, .6 and unversioned, then
 * /opt/rocm. NO_DEVICE says what was looked for.
 */
w4a16_status hip_api_open(struct hip_api *api, w4a16_error *error);
void hip_api_close(struct hip_api *api);

#endif
