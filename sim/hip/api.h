/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The part of the HIP API that this library exports, with HIP's own names and the C ABI of HIP 6 and 7.
 * Written from HIP's documentation; no header of ROCm is needed. Handles are opaque pointers, enumerations
 * are ints.
 */
#ifndef SIM_HIP_API_H
#define SIM_HIP_API_H

#include <stddef.h>
#include <stdint.h>

typedef int hipError_t;
enum {
    hipSuccess = 0,
#define ERROR(name, number, sentence) hipError##name = number,
#include "errors.def"
#undef ERROR
};

typedef void *hipModule_t, *hipFunction_t, *hipStream_t, *hipEvent_t, *hipGraph_t, *hipGraphExec_t;

enum {
    hipMemcpyHostToHost,
    hipMemcpyHostToDevice,
    hipMemcpyDeviceToHost,
    hipMemcpyDeviceToDevice,
    hipMemcpyDefault
};
enum { hipStreamDefault = 0, hipStreamNonBlocking = 1 };
enum { hipEventDefault = 0, hipEventDisableTiming = 2 };
enum { hipStreamCaptureModeGlobal, hipStreamCaptureModeThreadLocal, hipStreamCaptureModeRelaxed };
enum { hipStreamCaptureStatusNone, hipStreamCaptureStatusActive, hipStreamCaptureStatusInvalidated };
#define HIP_LAUNCH_PARAM_BUFFER_POINTER ((void *)1)
#define HIP_LAUNCH_PARAM_BUFFER_SIZE    ((void *)2)
#define HIP_LAUNCH_PARAM_END            ((void *)3)

#define HIP_API __attribute__((visibility("default")))

/* errors.c */
HIP_API const char *hipGetErrorName(hipError_t error);
HIP_API const char *hipGetErrorString(hipError_t error);
HIP_API hipError_t hipGetLastError(void);
HIP_API hipError_t hipPeekAtLastError(void);

/* device.c */
HIP_API hipError_t hipInit(unsigned flags);
HIP_API hipError_t hipDriverGetVersion(int *version);
HIP_API hipError_t hipRuntimeGetVersion(int *version);
HIP_API hipError_t hipGetDeviceCount(int *count);
HIP_API hipError_t hipGetDevice(int *device);
HIP_API hipError_t hipSetDevice(int device);
HIP_API hipError_t hipDeviceGet(int *device, int ordinal);
HIP_API hipError_t hipDeviceGetName(char *name, int bytes, int device);
HIP_API hipError_t hipDeviceTotalMem(size_t *bytes, int device);
HIP_API hipError_t hipDeviceGetAttribute(int *value, int attribute, int device);
HIP_API hipError_t hipGetDevicePropertiesR0600(void *properties, int device); /* 1472 bytes */
HIP_API hipError_t hipDeviceSynchronize(void);
HIP_API hipError_t hipDeviceReset(void);

/* memory.c */
HIP_API hipError_t hipMalloc(void **pointer, size_t bytes);
HIP_API hipError_t hipFree(void *pointer);
HIP_API hipError_t hipMallocAsync(void **pointer, size_t bytes, hipStream_t stream);
HIP_API hipError_t hipFreeAsync(void *pointer, hipStream_t stream);
HIP_API hipError_t hipHostMalloc(void **pointer, size_t bytes, unsigned flags);
HIP_API hipError_t hipHostFree(void *pointer);
HIP_API hipError_t hipHostRegister(void *host, size_t bytes, unsigned flags);
HIP_API hipError_t hipHostUnregister(void *host);
HIP_API hipError_t hipHostGetDevicePointer(void **device, void *host, unsigned flags);
HIP_API hipError_t hipMemGetInfo(size_t *free_bytes, size_t *total);
HIP_API hipError_t hipMemcpy(void *to, const void *from, size_t bytes, int kind);
HIP_API hipError_t hipMemcpyHtoD(void *to, const void *from, size_t bytes);
HIP_API hipError_t hipMemcpyDtoH(void *to, const void *from, size_t bytes);
HIP_API hipError_t hipMemcpyDtoD(void *to, const void *from, size_t bytes);
HIP_API hipError_t hipMemcpyWithStream(void *to, const void *from, size_t bytes, int kind,
                                       hipStream_t stream);
HIP_API hipError_t hipMemcpyAsync(void *to, const void *from, size_t bytes, int kind, hipStream_t stream);
HIP_API hipError_t hipMemcpyHtoDAsync(void *to, const void *from, size_t bytes, hipStream_t stream);
HIP_API hipError_t hipMemcpyDtoHAsync(void *to, const void *from, size_t bytes, hipStream_t stream);
HIP_API hipError_t hipMemcpyDtoDAsync(void *to, const void *from, size_t bytes, hipStream_t stream);
HIP_API hipError_t hipMemset(void *to, int value, size_t bytes);
HIP_API hipError_t hipMemsetD8(void *to, unsigned char value, size_t count);
HIP_API hipError_t hipMemsetD16(void *to, unsigned short value, size_t count);
HIP_API hipError_t hipMemsetD32(void *to, int value, size_t count);
HIP_API hipError_t hipMemsetAsync(void *to, int value, size_t bytes, hipStream_t stream);
HIP_API hipError_t hipMemsetD32Async(void *to, int value, size_t count, hipStream_t stream);

/* module.c */
HIP_API hipError_t hipModuleLoad(hipModule_t *module, const char *path);
HIP_API hipError_t hipModuleLoadData(hipModule_t *module, const void *image);
HIP_API hipError_t hipModuleLoadDataEx(hipModule_t *module, const void *image, unsigned options, int *names,
                                       void **values);
HIP_API hipError_t hipModuleUnload(hipModule_t module);
HIP_API hipError_t hipModuleGetFunction(hipFunction_t *function, hipModule_t module, const char *name);
HIP_API hipError_t hipFuncGetAttribute(int *value, int attribute, hipFunction_t function);

/* launch.c */
HIP_API hipError_t hipModuleLaunchKernel(hipFunction_t function, unsigned grid_x, unsigned grid_y,
                                         unsigned grid_z, unsigned block_x, unsigned block_y,
                                         unsigned block_z, unsigned lds_bytes, hipStream_t stream,
                                         void **params, void **extra);
HIP_API hipError_t hipExtModuleLaunchKernel(hipFunction_t function, uint32_t items_x, uint32_t items_y,
                                            uint32_t items_z, uint32_t block_x, uint32_t block_y,
                                            uint32_t block_z, size_t lds_bytes, hipStream_t stream,
                                            void **params, void **extra, hipEvent_t start, hipEvent_t stop,
                                            uint32_t flags);

/* stream.c */
HIP_API hipError_t hipStreamCreate(hipStream_t *stream);
HIP_API hipError_t hipStreamCreateWithFlags(hipStream_t *stream, unsigned flags);
HIP_API hipError_t hipStreamCreateWithPriority(hipStream_t *stream, unsigned flags, int priority);
HIP_API hipError_t hipStreamDestroy(hipStream_t stream);
HIP_API hipError_t hipStreamSynchronize(hipStream_t stream);
HIP_API hipError_t hipStreamQuery(hipStream_t stream);
HIP_API hipError_t hipStreamWaitEvent(hipStream_t stream, hipEvent_t event, unsigned flags);
HIP_API hipError_t hipEventCreate(hipEvent_t *event);
HIP_API hipError_t hipEventCreateWithFlags(hipEvent_t *event, unsigned flags);
HIP_API hipError_t hipEventRecord(hipEvent_t event, hipStream_t stream);
HIP_API hipError_t hipEventSynchronize(hipEvent_t event);
HIP_API hipError_t hipEventQuery(hipEvent_t event);
HIP_API hipError_t hipEventElapsedTime(float *milliseconds, hipEvent_t start, hipEvent_t stop);
HIP_API hipError_t hipEventDestroy(hipEvent_t event);

/* capture.c */
HIP_API hipError_t hipStreamBeginCapture(hipStream_t stream, int mode);
HIP_API hipError_t hipStreamEndCapture(hipStream_t stream, hipGraph_t *graph);
HIP_API hipError_t hipStreamIsCapturing(hipStream_t stream, int *status);
HIP_API hipError_t hipStreamGetCaptureInfo(hipStream_t stream, int *status, unsigned long long *id);
HIP_API hipError_t hipStreamGetCaptureInfo_v2(hipStream_t stream, int *status, unsigned long long *id,
                                              hipGraph_t *graph, const void ***dependencies, size_t *count);
HIP_API hipError_t hipThreadExchangeStreamCaptureMode(int *mode);
HIP_API hipError_t hipGraphInstantiate(hipGraphExec_t *exec, hipGraph_t graph, void **node, char *log,
                                       size_t bytes);
HIP_API hipError_t hipGraphInstantiateWithFlags(hipGraphExec_t *exec, hipGraph_t graph,
                                                unsigned long long flags);
HIP_API hipError_t hipGraphLaunch(hipGraphExec_t exec, hipStream_t stream);
HIP_API hipError_t hipGraphExecDestroy(hipGraphExec_t exec);
HIP_API hipError_t hipGraphDestroy(hipGraph_t graph);

#endif
