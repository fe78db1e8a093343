/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A libamdhip64.so that computes nothing: it records the calls, keeps count of what is allocated and fails
 * where it is told to. Its prototypes are those of HIP's documentation, written without src/device/hip_api.h.
 * FAKE_HIP_WITHOUT_MALLOC makes a library that lacks a function.
 */
#include "fake_hip.h"

#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))
/* clang-format off */
API struct fake_hip *fake_hip_state(void);
API int hipInit(unsigned flags);
API int hipGetDeviceCount(int *count);
API int hipGetDevice(int *device);
API int hipSetDevice(int device);
API int hipGetDevicePropertiesR0600(void *properties, int device);
API int hipRuntimeGetVersion(int *version);
API int hipModuleLoadData(void **module, const void *image);
API int hipModuleUnload(void *module);
API int hipModuleGetFunction(void **function, void *module, const char *name);
API int hipModuleLaunchKernel(void *function, unsigned gridDimX, unsigned gridDimY, unsigned gridDimZ,
                              unsigned blockDimX, unsigned blockDimY, unsigned blockDimZ,
                              unsigned sharedMemBytes, void *stream, void **kernelParams, void **extra);
API int hipMalloc(void **pointer, size_t bytes);
API int hipFree(void *pointer);
API int hipMemcpy(void *to, const void *from, size_t bytes, int kind);
API const char *hipGetErrorName(int error);
/* clang-format on */

#define INVALID_VALUE 1
#define KERNELS_MAX   16

static struct fake_hip fake;
static char functions[KERNELS_MAX][64]; /* handles of functions point to their names */

struct fake_hip *fake_hip_state(void) { return &fake; }

static int enter(const char *call) {
    fake.calls++;
    return fake.fail_call && strcmp(fake.fail_call, call) == 0 ? fake.fail_code : 0;
}
#define ENTER()                                                                                              \
    do {                                                                                                     \
        int code_ = enter(__func__);                                                                         \
        if (code_) return code_;                                                                             \
    } while (0)

int hipInit(unsigned flags) {
    ENTER();
    return flags ? INVALID_VALUE : 0;
}

int hipGetDeviceCount(int *count) {
    ENTER();
    *count = fake.device_count;
    return 0;
}

int hipGetDevice(int *device) {
    ENTER();
    *device = fake.current;
    return 0;
}

int hipSetDevice(int device) {
    ENTER();
    if (device < 0 || device >= fake.device_count) return INVALID_VALUE;
    fake.current = device;
    return 0;
}

/* hipDeviceProp_tR0600 of HIP 6 and 7: 1472 bytes, char name[256] first, char gcnArchName[256] at 1160. */
int hipGetDevicePropertiesR0600(void *properties, int device) {
    ENTER();
    if (device < 0 || device >= fake.device_count) return INVALID_VALUE;
    memset(properties, 0x7f, 1472);
    strcpy(properties, "A card that is not there");
    strcpy((char *)properties + 1160, fake.arch);
    return 0;
}

int hipRuntimeGetVersion(int *version) {
    ENTER();
    *version = 70152802;
    return 0;
}

int hipModuleLoadData(void **module, const void *image) {
    ENTER();
    fake.image = image;
    fake.modules++;
    *module = malloc(1);
    return 0;
}

int hipModuleUnload(void *module) {
    ENTER();
    free(module);
    fake.modules--;
    return 0;
}

int hipModuleGetFunction(void **function, void *module, const char *name) {
    ENTER();
    if (!module) return INVALID_VALUE;
    for (int n = 0; n < KERNELS_MAX; n++) {
        if (!functions[n][0]) strncpy(functions[n], name, sizeof functions[n] - 1);
        if (strcmp(functions[n], name) != 0) continue;
        *function = functions[n];
        return 0;
    }
    return INVALID_VALUE;
}

/* extra is (void *)1, buffer, (void *)2, pointer to its size, (void *)3. */
int hipModuleLaunchKernel(void *function, unsigned gridDimX, unsigned gridDimY, unsigned gridDimZ,
                          unsigned blockDimX, unsigned blockDimY, unsigned blockDimZ, unsigned sharedMemBytes,
                          void *stream, void **kernelParams, void **extra) {
    ENTER();
    if (!extra || extra[0] != (void *)1 || extra[2] != (void *)2 || extra[4] != (void *)3)
        return INVALID_VALUE;
    struct fake_hip_launch *l = &fake.launches[fake.launch_count++ % 8];
    *l = (struct fake_hip_launch){.kernel = function,
                                  .grid = {gridDimX, gridDimY, gridDimZ},
                                  .block = {blockDimX, blockDimY, blockDimZ},
                                  .lds_bytes = sharedMemBytes,
                                  .stream = stream,
                                  .params = (void *)kernelParams,
                                  .device = fake.current};
    memcpy(&l->kernarg_bytes, extra[3], sizeof l->kernarg_bytes);
    if (l->kernarg_bytes > sizeof l->kernarg) return INVALID_VALUE;
    memcpy(l->kernarg, extra[1], l->kernarg_bytes);
    return 0;
}

#ifndef FAKE_HIP_WITHOUT_MALLOC
int hipMalloc(void **pointer, size_t bytes) {
    ENTER();
    *pointer = fake.last_memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    fake.memory++;
    return 0;
}
#endif

int hipFree(void *pointer) {
    ENTER();
    free(pointer);
    fake.memory--;
    return 0;
}

int hipMemcpy(void *to, const void *from, size_t bytes, int kind) {
    ENTER();
    if (kind != 1 && kind != 2) return INVALID_VALUE; /* host to device, device to host */
    *(kind == 1 ? &fake.copies_to : &fake.copies_from) += 1;
    memcpy(to, from, bytes);
    return 0;
}

const char *hipGetErrorName(int error) {
    return error == INVALID_VALUE                  ? "hipErrorInvalidValue"
           : error == FAKE_HIP_OUT_OF_MEMORY       ? "hipErrorOutOfMemory"
           : error == FAKE_HIP_NO_DEVICE           ? "hipErrorNoDevice"
           : error == FAKE_HIP_CAPTURE_UNSUPPORTED ? "hipErrorStreamCaptureUnsupported"
                                                   : "hipErrorUnknown";
}
