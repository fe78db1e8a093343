/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The part of the HIP API that this library exports, with HIP's own names and the C ABI of HIP 6 and 7.
 * Written from HIP's documentation; no header of ROCm is needed. Handles are opaque pointers, enumerations
 * are ints. calls.def lists the same calls, and those that are refused.
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
    hipMemcpyDefault,
    hipMemcpyDeviceToDeviceNoCU = 1024
};
enum { hipLaunchAttributeCooperative = 2 };

typedef struct dim3 {
    uint32_t x, y, z;
} dim3;

/* hipLaunchAttribute, HIP_LAUNCH_CONFIG and hipLaunchConfig_t */
struct launch_attribute {
    int id;
    char value[64] __attribute__((aligned(8)));
};
struct driver_launch {
    dim3 grid, block;
    unsigned lds_bytes;
    hipStream_t stream;
    const struct launch_attribute *attributes;
    unsigned attribute_count;
};
struct launch_config {
    dim3 grid, block;
    size_t lds_bytes;
    hipStream_t stream;
    const struct launch_attribute *attributes;
    unsigned attribute_count;
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
HIP_API hipError_t hipExtGetLastError(void);
HIP_API hipError_t hipPeekAtLastError(void);
HIP_API hipError_t hipDrvGetErrorName(hipError_t error, const char **name);
HIP_API hipError_t hipDrvGetErrorString(hipError_t error, const char **text);

/* procs.c; and the refused calls, which take whatever they are given */
HIP_API hipError_t hipGetProcAddress(const char *name, void **call, int version, uint64_t flags, int *status);
#define WHOLE(name, clients)
#define PARTLY(name, clients, note)
#define REFUSED(name, clients, reason) HIP_API hipError_t name(void);
#include "calls.def"
#undef WHOLE
#undef PARTLY
#undef REFUSED

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

/* pool.c: properties are hipMemPoolProps, lists of hipMemAccessDesc, a location a hipMemLocation */
HIP_API hipError_t hipDeviceGetDefaultMemPool(void **pool, int device);
HIP_API hipError_t hipDeviceGetMemPool(void **pool, int device);
HIP_API hipError_t hipDeviceSetMemPool(int device, void *pool);
HIP_API hipError_t hipMemPoolCreate(void **pool, const void *properties);
HIP_API hipError_t hipMemPoolDestroy(void *pool);
HIP_API hipError_t hipMemPoolGetAttribute(void *pool, int attribute, void *value);
HIP_API hipError_t hipMemPoolSetAttribute(void *pool, int attribute, void *value);
HIP_API hipError_t hipMemPoolSetAccess(void *pool, const void *list, size_t count);
HIP_API hipError_t hipMemPoolGetAccess(int *flags, void *pool, const void *location);
HIP_API hipError_t hipMemPoolTrimTo(void *pool, size_t least);

/* memory.c */
HIP_API hipError_t hipMalloc(void **pointer, size_t bytes);
HIP_API hipError_t hipFree(void *pointer);
HIP_API hipError_t hipMallocAsync(void **pointer, size_t bytes, hipStream_t stream);
HIP_API hipError_t hipFreeAsync(void *pointer, hipStream_t stream);
HIP_API hipError_t hipMallocFromPoolAsync(void **pointer, size_t bytes, void *pool, hipStream_t stream);
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

/* settings.c */
HIP_API hipError_t hipDeviceCanAccessPeer(int *can, int device, int peer);
HIP_API hipError_t hipDeviceEnablePeerAccess(int peer, unsigned flags);
HIP_API hipError_t hipDeviceDisablePeerAccess(int peer);
HIP_API hipError_t hipDeviceGetPCIBusId(char *name, int bytes, int device);
HIP_API hipError_t hipDeviceGetByPCIBusId(int *device, const char *name);
HIP_API hipError_t hipDeviceGetUuid(void *uuid, int device);
HIP_API hipError_t hipDeviceComputeCapability(int *major, int *minor, int device);
HIP_API hipError_t hipDeviceGetLimit(size_t *value, int which);
HIP_API hipError_t hipDeviceSetCacheConfig(int preference);
HIP_API hipError_t hipDeviceGetCacheConfig(int *preference);
HIP_API hipError_t hipDeviceSetSharedMemConfig(int preference);
HIP_API hipError_t hipDeviceGetSharedMemConfig(int *preference);
HIP_API hipError_t hipGetDeviceFlags(unsigned *flags);
HIP_API hipError_t hipSetDeviceFlags(unsigned flags);

/* memory.c */
HIP_API hipError_t hipHostAlloc(void **pointer, size_t bytes, unsigned flags);
HIP_API hipError_t hipMallocHost(void **pointer, size_t bytes);
HIP_API hipError_t hipFreeHost(void *pointer);
HIP_API hipError_t hipExtMallocWithFlags(void **pointer, size_t bytes, unsigned flags);
HIP_API hipError_t hipMallocManaged(void **pointer, size_t bytes, unsigned flags);
HIP_API hipError_t hipMemPrefetchAsync(const void *pointer, size_t bytes, int device, hipStream_t stream);
HIP_API hipError_t hipMemAdvise(const void *pointer, size_t bytes, int advice, int device);
HIP_API hipError_t hipMallocPitch(void **pointer, size_t *pitch, size_t width, size_t height);

/* copy.c */
HIP_API hipError_t hipMemsetD8Async(void *to, unsigned char value, size_t count, hipStream_t stream);
HIP_API hipError_t hipMemsetD16Async(void *to, unsigned short value, size_t count, hipStream_t stream);
HIP_API hipError_t hipMemset2D(void *to, size_t pitch, int value, size_t width, size_t rows);
HIP_API hipError_t hipMemset2DAsync(void *to, size_t pitch, int value, size_t width, size_t rows,
                                    hipStream_t stream);
HIP_API hipError_t hipMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width,
                               size_t rows, int kind);
HIP_API hipError_t hipMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                                    size_t width, size_t rows, int kind, hipStream_t stream);
HIP_API hipError_t hipMemcpyPeer(void *to, int to_device, const void *from, int from_device, size_t bytes);
HIP_API hipError_t hipMemcpyPeerAsync(void *to, int to_device, const void *from, int from_device,
                                      size_t bytes, hipStream_t stream);

/* pointer.c */
HIP_API hipError_t hipPointerGetAttributes(void *attributes, const void *pointer);
HIP_API hipError_t hipPointerGetAttribute(void *data, int attribute, void *pointer);
HIP_API hipError_t hipDrvPointerGetAttributes(unsigned count, int *attributes, void **data, void *pointer);
HIP_API hipError_t hipMemGetAddressRange(void **base, size_t *bytes, void *pointer);
HIP_API hipError_t hipMemPtrGetInfo(void *pointer, size_t *bytes);
HIP_API hipError_t hipHostGetFlags(unsigned *flags, void *host);

/* function.c */
HIP_API hipError_t hipFuncGetAttributes(void *attributes, const void *host);
HIP_API hipError_t hipFuncSetAttribute(const void *host, int attribute, int value);
HIP_API hipError_t hipFuncSetCacheConfig(const void *host, int preference);
HIP_API hipError_t hipFuncSetSharedMemConfig(const void *host, int preference);
HIP_API hipError_t hipOccupancyMaxActiveBlocksPerMultiprocessor(int *groups, const void *host, int items,
                                                                size_t lds_bytes);
HIP_API hipError_t hipOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *groups, const void *host,
                                                                         int items, size_t lds_bytes,
                                                                         unsigned flags);
HIP_API hipError_t hipOccupancyMaxPotentialBlockSize(int *grid, int *block, const void *host,
                                                     size_t lds_bytes, int limit);
HIP_API hipError_t hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(int *groups, hipFunction_t function,
                                                                      int items, size_t lds_bytes);
HIP_API hipError_t hipModuleOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *groups,
                                                                               hipFunction_t function,
                                                                               int items, size_t lds_bytes,
                                                                               unsigned flags);
HIP_API hipError_t hipModuleOccupancyMaxPotentialBlockSize(int *grid, int *block, hipFunction_t function,
                                                           size_t lds_bytes, int limit);

/* register.c */
HIP_API void **__hipRegisterFatBinary(const void *wrapper);
HIP_API void __hipRegisterFunction(void **binary, const void *host, char *device, const char *name,
                                   unsigned threads, void *thread_index, void *block_index, void *block,
                                   void *grid, int *wave_size);
HIP_API void __hipRegisterVar(void **binary, void *host, char *host_name, char *name, int external,
                              size_t bytes, int constant, int global);
HIP_API void __hipRegisterManagedVar(void **binary, void **pointer, void *init, const char *name,
                                     size_t bytes, unsigned alignment);
HIP_API void __hipUnregisterFatBinary(void **handle);
HIP_API hipError_t __hipPushCallConfiguration(dim3 grid, dim3 block, size_t lds_bytes, hipStream_t stream);
HIP_API hipError_t __hipPopCallConfiguration(dim3 *grid, dim3 *block, size_t *lds_bytes, hipStream_t *stream);
HIP_API hipError_t hipGetSymbolAddress(void **address, const void *host);
HIP_API hipError_t hipGetSymbolSize(size_t *bytes, const void *host);
HIP_API hipError_t hipMemcpyToSymbol(const void *host, const void *from, size_t bytes, size_t offset,
                                     int kind);
HIP_API hipError_t hipMemcpyToSymbolAsync(const void *host, const void *from, size_t bytes, size_t offset,
                                          int kind, hipStream_t stream);
HIP_API hipError_t hipMemcpyFromSymbol(void *to, const void *host, size_t bytes, size_t offset, int kind);
HIP_API hipError_t hipMemcpyFromSymbolAsync(void *to, const void *host, size_t bytes, size_t offset, int kind,
                                            hipStream_t stream);
HIP_API hipError_t hipGetFuncBySymbol(hipFunction_t *function, const void *host);

/* launch.c */
HIP_API hipError_t hipModuleLaunchCooperativeKernel(hipFunction_t function, unsigned grid_x, unsigned grid_y,
                                                    unsigned grid_z, unsigned block_x, unsigned block_y,
                                                    unsigned block_z, unsigned lds_bytes, hipStream_t stream,
                                                    void **params);
HIP_API hipError_t hipDrvLaunchKernelEx(const struct driver_launch *config, hipFunction_t function,
                                        void **params, void **extra);
HIP_API hipError_t hipLaunchKernelExC(const struct launch_config *config, const void *host, void **params);
HIP_API hipError_t hipLaunchKernel(const void *host, dim3 grid, dim3 block, void **params, size_t lds_bytes,
                                   hipStream_t stream);
HIP_API hipError_t hipLaunchCooperativeKernel(const void *host, dim3 grid, dim3 block, void **params,
                                              unsigned lds_bytes, hipStream_t stream);
HIP_API hipError_t hipExtLaunchKernel(const void *host, dim3 grid, dim3 block, void **params,
                                      size_t lds_bytes, hipStream_t stream, hipEvent_t start, hipEvent_t stop,
                                      int flags);

/* stream.c */
HIP_API hipError_t hipStreamGetFlags(hipStream_t stream, unsigned *flags);
HIP_API hipError_t hipStreamGetPriority(hipStream_t stream, int *priority);
HIP_API hipError_t hipStreamGetDevice(hipStream_t stream, int *device);
HIP_API hipError_t hipDeviceGetStreamPriorityRange(int *least, int *greatest);
HIP_API hipError_t hipLaunchHostFunc(hipStream_t stream, void (*function)(void *), void *data);
HIP_API hipError_t hipEventRecordWithFlags(hipEvent_t event, hipStream_t stream, unsigned flags);

/* module.c */
HIP_API hipError_t hipModuleGetGlobal(void **address, size_t *bytes, hipModule_t module, const char *name);

#endif
