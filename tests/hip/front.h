/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The HIP runtime as a program without ROCm's headers sees it: its own prototypes, found in the library by
 * name.
 */
#ifndef TESTS_HIP_FRONT_H
#define TESTS_HIP_FRONT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dlfcn.h>

enum { TO_DEVICE = 1, FROM_DEVICE = 2, ON_DEVICE = 3, DEFAULT = 4 };
enum { GLOBAL_MODE, THREAD_MODE, RELAXED_MODE };

#define HIP_CALLS(X)                                                                                         \
    X(const char *, hipGetErrorName, (int))                                                                  \
    X(const char *, hipGetErrorString, (int))                                                                \
    X(int, hipGetLastError, (void))                                                                          \
    X(int, hipPeekAtLastError, (void))                                                                       \
    X(int, hipInit, (unsigned))                                                                              \
    X(int, hipDriverGetVersion, (int *))                                                                     \
    X(int, hipRuntimeGetVersion, (int *))                                                                    \
    X(int, hipGetDeviceCount, (int *))                                                                       \
    X(int, hipGetDevice, (int *))                                                                            \
    X(int, hipSetDevice, (int))                                                                              \
    X(int, hipDeviceGet, (int *, int))                                                                       \
    X(int, hipDeviceGetName, (char *, int, int))                                                             \
    X(int, hipDeviceTotalMem, (size_t *, int))                                                               \
    X(int, hipDeviceGetAttribute, (int *, int, int))                                                         \
    X(int, hipGetDevicePropertiesR0600, (void *, int))                                                       \
    X(int, hipDeviceSynchronize, (void))                                                                     \
    X(int, hipDeviceReset, (void))                                                                           \
    X(int, hipMalloc, (void **, size_t))                                                                     \
    X(int, hipFree, (void *))                                                                                \
    X(int, hipMallocAsync, (void **, size_t, void *))                                                        \
    X(int, hipFreeAsync, (void *, void *))                                                                   \
    X(int, hipHostMalloc, (void **, size_t, unsigned))                                                       \
    X(int, hipHostFree, (void *))                                                                            \
    X(int, hipHostRegister, (void *, size_t, unsigned))                                                      \
    X(int, hipHostUnregister, (void *))                                                                      \
    X(int, hipHostGetDevicePointer, (void **, void *, unsigned))                                             \
    X(int, hipMemGetInfo, (size_t *, size_t *))                                                              \
    X(int, hipMemcpy, (void *, const void *, size_t, int))                                                   \
    X(int, hipMemcpyHtoD, (void *, const void *, size_t))                                                    \
    X(int, hipMemcpyDtoH, (void *, const void *, size_t))                                                    \
    X(int, hipMemcpyDtoD, (void *, const void *, size_t))                                                    \
    X(int, hipMemcpyWithStream, (void *, const void *, size_t, int, void *))                                 \
    X(int, hipMemcpyAsync, (void *, const void *, size_t, int, void *))                                      \
    X(int, hipMemcpyHtoDAsync, (void *, const void *, size_t, void *))                                       \
    X(int, hipMemcpyDtoHAsync, (void *, const void *, size_t, void *))                                       \
    X(int, hipMemcpyDtoDAsync, (void *, const void *, size_t, void *))                                       \
    X(int, hipMemset, (void *, int, size_t))                                                                 \
    X(int, hipMemsetD8, (void *, unsigned char, size_t))                                                     \
    X(int, hipMemsetD16, (void *, unsigned short, size_t))                                                   \
    X(int, hipMemsetD32, (void *, int, size_t))                                                              \
    X(int, hipMemsetAsync, (void *, int, size_t, void *))                                                    \
    X(int, hipMemsetD32Async, (void *, int, size_t, void *))                                                 \
    X(int, hipModuleLoad, (void **, const char *))                                                           \
    X(int, hipModuleLoadData, (void **, const void *))                                                       \
    X(int, hipModuleLoadDataEx, (void **, const void *, unsigned, int *, void **))                           \
    X(int, hipModuleUnload, (void *))                                                                        \
    X(int, hipModuleGetFunction, (void **, void *, const char *))                                            \
    X(int, hipFuncGetAttribute, (int *, int, void *))                                                        \
    X(int, hipModuleLaunchKernel,                                                                            \
      (void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **,        \
       void **))                                                                                             \
    X(int, hipExtModuleLaunchKernel,                                                                         \
      (void *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, size_t, void *, void **, void **, \
       void *, void *, uint32_t))                                                                            \
    X(int, hipStreamCreate, (void **))                                                                       \
    X(int, hipStreamCreateWithFlags, (void **, unsigned))                                                    \
    X(int, hipStreamCreateWithPriority, (void **, unsigned, int))                                            \
    X(int, hipStreamDestroy, (void *))                                                                       \
    X(int, hipStreamSynchronize, (void *))                                                                   \
    X(int, hipStreamQuery, (void *))                                                                         \
    X(int, hipStreamWaitEvent, (void *, void *, unsigned))                                                   \
    X(int, hipEventCreate, (void **))                                                                        \
    X(int, hipEventCreateWithFlags, (void **, unsigned))                                                     \
    X(int, hipEventRecord, (void *, void *))                                                                 \
    X(int, hipEventSynchronize, (void *))                                                                    \
    X(int, hipEventQuery, (void *))                                                                          \
    X(int, hipEventElapsedTime, (float *, void *, void *))                                                   \
    X(int, hipEventDestroy, (void *))                                                                        \
    X(int, hipStreamBeginCapture, (void *, int))                                                             \
    X(int, hipStreamEndCapture, (void *, void **))                                                           \
    X(int, hipStreamIsCapturing, (void *, int *))                                                            \
    X(int, hipStreamGetCaptureInfo, (void *, int *, unsigned long long *))                                   \
    X(int, hipStreamGetCaptureInfo_v2,                                                                       \
      (void *, int *, unsigned long long *, void **, const void ***, size_t *))                              \
    X(int, hipThreadExchangeStreamCaptureMode, (int *))                                                      \
    X(int, hipGraphInstantiate, (void **, void *, void **, char *, size_t))                                  \
    X(int, hipGraphInstantiateWithFlags, (void **, void *, unsigned long long))                              \
    X(int, hipGraphLaunch, (void *, void *))                                                                 \
    X(int, hipGraphExecDestroy, (void *))                                                                    \
    X(int, hipGraphDestroy, (void *))

#define HIP_POINTER(result, name, parameters) static result(*name) parameters;
HIP_CALLS(HIP_POINTER)
#undef HIP_POINTER

static inline void find_call(void *library, const char *name, void *pointer) {
    void *symbol = dlsym(library, name);
    if (!symbol) {
        fprintf(stderr, "no %s\n", name);
        exit(1);
    }
    memcpy(pointer, &symbol, sizeof symbol);
}

static inline void open_front(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
#define HIP_FIND(result, name, parameters) find_call(library, #name, &name);
    HIP_CALLS(HIP_FIND)
#undef HIP_FIND
}

/* A call that must end with the error of this name, without "hipError". */
#define GIVES(name, call)                                                                                    \
    do {                                                                                                     \
        int code_ = (call);                                                                                  \
        if (strcmp(hipGetErrorName(code_), name) != 0)                                                       \
            fail_msg("%s gives %s, not %s", #call, hipGetErrorName(code_), name);                            \
    } while (0)
#define OK(call) GIVES("hipSuccess", call)

static inline size_t free_memory(void) {
    size_t left, total;
    OK(hipMemGetInfo(&left, &total));
    return left;
}

#endif
