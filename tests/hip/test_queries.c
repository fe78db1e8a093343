/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What programs ask and set beyond memory and launches: devices, functions, pointers, streams, preferences; and the
 * calls that are others by another name. test_queries LIBRARY OBJECT, with two cards.
 */
#include <stdbool.h>

#include "compiled.h"

struct launch_attribute {
    int id;
    char value[64] __attribute__((aligned(8)));
};
struct driver_launch {
    dim3 grid, block;
    unsigned lds_bytes;
    void *stream;
    const struct launch_attribute *attributes;
    unsigned count;
};
struct launch_config {
    dim3 grid, block;
    size_t lds_bytes;
    void *stream;
    const struct launch_attribute *attributes;
    unsigned count;
};

#define MORE_CALLS(X)                                                                                        \
    X(int, hipDrvGetErrorName, (int, const char **))                                                         \
    X(int, hipDrvGetErrorString, (int, const char **))                                                       \
    X(int, hipExtGetLastError, (void))                                                                       \
    X(int, hipDeviceGetUuid, (void *, int))                                                                  \
    X(int, hipDeviceComputeCapability, (int *, int *, int))                                                  \
    X(int, hipDeviceGetLimit, (size_t *, int))                                                               \
    X(int, hipDeviceSetCacheConfig, (int))                                                                   \
    X(int, hipDeviceGetCacheConfig, (int *))                                                                 \
    X(int, hipDeviceSetSharedMemConfig, (int))                                                               \
    X(int, hipDeviceGetSharedMemConfig, (int *))                                                             \
    X(int, hipGetDeviceFlags, (unsigned *))                                                                  \
    X(int, hipSetDeviceFlags, (unsigned))                                                                    \
    X(int, hipDeviceEnablePeerAccess, (int, unsigned))                                                       \
    X(int, hipDeviceDisablePeerAccess, (int))                                                                \
    X(int, hipDeviceGetStreamPriorityRange, (int *, int *))                                                  \
    X(int, hipStreamGetFlags, (void *, unsigned *))                                                          \
    X(int, hipStreamGetPriority, (void *, int *))                                                            \
    X(int, hipStreamGetDevice, (void *, int *))                                                              \
    X(int, hipEventRecordWithFlags, (void *, void *, unsigned))                                              \
    X(int, hipPointerGetAttribute, (void *, int, void *))                                                    \
    X(int, hipPointerGetAttributes, (void *, const void *))                                                  \
    X(int, hipDrvPointerGetAttributes, (unsigned, int *, void **, void *))                                   \
    X(int, hipMemPtrGetInfo, (void *, size_t *))                                                             \
    X(int, hipHostGetFlags, (unsigned *, void *))                                                            \
    X(int, hipHostAlloc, (void **, size_t, unsigned))                                                        \
    X(int, hipMallocHost, (void **, size_t))                                                                 \
    X(int, hipFreeHost, (void *))                                                                            \
    X(int, hipExtMallocWithFlags, (void **, size_t, unsigned))                                               \
    X(int, hipMallocManaged, (void **, size_t, unsigned))                                                    \
    X(int, hipMemAdvise, (const void *, size_t, int, int))                                                   \
    X(int, hipMemsetD8Async, (void *, unsigned char, size_t, void *))                                        \
    X(int, hipMemsetD16Async, (void *, unsigned short, size_t, void *))                                      \
    X(int, hipMemset2DAsync, (void *, size_t, int, size_t, size_t, void *))                                  \
    X(int, hipMemcpy2DAsync, (void *, size_t, const void *, size_t, size_t, size_t, int, void *))            \
    X(int, hipMemcpyPeerAsync, (void *, int, const void *, int, size_t, void *))                             \
    X(int, hipMemcpyToSymbolAsync, (const void *, const void *, size_t, size_t, int, void *))                \
    X(int, hipMemcpyFromSymbolAsync, (void *, const void *, size_t, size_t, int, void *))                    \
    X(int, hipGetFuncBySymbol, (void **, const void *))                                                      \
    X(int, hipFuncSetAttribute, (const void *, int, int))                                                    \
    X(int, hipFuncSetCacheConfig, (const void *, int))                                                       \
    X(int, hipFuncSetSharedMemConfig, (const void *, int))                                                   \
    X(int, hipOccupancyMaxActiveBlocksPerMultiprocessorWithFlags,                                            \
      (int *, const void *, int, size_t, unsigned))                                                          \
    X(int, hipModuleOccupancyMaxActiveBlocksPerMultiprocessor, (int *, void *, int, size_t))                 \
    X(int, hipModuleOccupancyMaxActiveBlocksPerMultiprocessorWithFlags,                                      \
      (int *, void *, int, size_t, unsigned))                                                                \
    X(int, hipModuleOccupancyMaxPotentialBlockSize, (int *, int *, void *, size_t, int))                     \
    X(int, hipModuleLaunchCooperativeKernel,                                                                 \
      (void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **))       \
    X(int, hipDrvLaunchKernelEx, (const struct driver_launch *, void *, void **, void **))                   \
    X(int, hipLaunchKernelExC, (const struct launch_config *, const void *, void **))                        \
    X(int, hipExtLaunchKernel, (const void *, dim3, dim3, void **, size_t, void *, void *, void *, int))
#define HIP_POINTER(result, name, parameters) static result(*name) parameters;
MORE_CALLS(HIP_POINTER)
#undef HIP_POINTER

static char scale, meet, factors, unknown; /* addresses of the host, as stubs and shadows of variables are */

/* ---- devices -------------------------------------------------------------------------------------------- */

static void test_devices(void **state) {
    (void)state;
    char first[16], second[16];
    int major, minor;
    OK(hipDeviceGetUuid(first, 0));
    OK(hipDeviceGetUuid(second, 1));
    assert_memory_not_equal(first, second, sizeof first);
    GIVES("hipErrorInvalidDevice", hipDeviceGetUuid(first, 2));
    GIVES("hipErrorInvalidValue", hipDeviceGetUuid(NULL, 0));
    OK(hipDeviceComputeCapability(&major, &minor, 1));
    assert_true(major == 11 && minor == 0);
    GIVES("hipErrorInvalidDevice", hipDeviceComputeCapability(&major, &minor, -1));
    GIVES("hipErrorInvalidValue", hipDeviceComputeCapability(NULL, &minor, 0));
    GIVES("hipErrorInvalidValue", hipDeviceComputeCapability(&major, NULL, 0));
    size_t bytes;
    OK(hipDeviceGetLimit(&bytes, 0));
    assert_int_equal(bytes, 1024);
    GIVES("hipErrorNotSupported", hipDeviceGetLimit(&bytes, 1));
    GIVES("hipErrorNotSupported", hipDeviceGetLimit(&bytes, 2));
    GIVES("hipErrorUnsupportedLimit", hipDeviceGetLimit(&bytes, 3));
    GIVES("hipErrorUnsupportedLimit", hipDeviceGetLimit(&bytes, -1));
    GIVES("hipErrorInvalidValue", hipDeviceGetLimit(NULL, 0));
}

static void test_peers(void **state) {
    (void)state;
    GIVES("hipErrorPeerAccessNotEnabled", hipDeviceDisablePeerAccess(1));
    OK(hipDeviceEnablePeerAccess(1, 0));
    OK(hipDeviceDisablePeerAccess(1));
    GIVES("hipErrorPeerAccessNotEnabled", hipDeviceDisablePeerAccess(1));
    GIVES("hipErrorInvalidValue", hipDeviceEnablePeerAccess(1, 1));
    GIVES("hipErrorInvalidDevice", hipDeviceEnablePeerAccess(0, 0)); /* itself */
    GIVES("hipErrorInvalidDevice", hipDeviceDisablePeerAccess(2));
    OK(hipDeviceEnablePeerAccess(1, 0));
    OK(hipDeviceReset());
    GIVES("hipErrorPeerAccessNotEnabled", hipDeviceDisablePeerAccess(1));
}

static void test_preferences(void **state) {
    (void)state;
    int which = 5;
    unsigned flags = 7;
    for (int n = 0; n < 4; n++) OK(hipDeviceSetCacheConfig(n));
    for (int n = 0; n < 3; n++) OK(hipDeviceSetSharedMemConfig(n));
    GIVES("hipErrorInvalidValue", hipDeviceSetCacheConfig(4));
    GIVES("hipErrorInvalidValue", hipDeviceSetCacheConfig(-1));
    GIVES("hipErrorInvalidValue", hipDeviceSetSharedMemConfig(3));
    OK(hipDeviceGetCacheConfig(&which));
    assert_int_equal(which, 0);
    which = 5;
    OK(hipDeviceGetSharedMemConfig(&which));
    assert_int_equal(which, 0);
    GIVES("hipErrorInvalidValue", hipDeviceGetCacheConfig(NULL));
    OK(hipGetDeviceFlags(&flags));
    assert_int_equal(flags, 0);
    OK(hipSetDeviceFlags(0x1f));
    GIVES("hipErrorInvalidValue", hipSetDeviceFlags(0x20));
    OK(hipGetDeviceFlags(&flags));
    assert_int_equal(flags, 0x1f);
    OK(hipSetDevice(1)); /* each card has flags of its own */
    OK(hipGetDeviceFlags(&flags));
    assert_int_equal(flags, 0);
    OK(hipSetDevice(0));
    OK(hipDeviceReset());
    OK(hipGetDeviceFlags(&flags));
    assert_int_equal(flags, 0);
    GIVES("hipErrorInvalidValue", hipGetDeviceFlags(NULL));
}

static void test_error_names(void **state) {
    (void)state;
    const char *text = NULL;
    OK(hipDrvGetErrorName(2, &text));
    assert_string_equal(text, "hipErrorOutOfMemory");
    OK(hipDrvGetErrorString(2, &text));
    assert_string_equal(text, hipGetErrorString(2));
    GIVES("hipErrorInvalidValue", hipDrvGetErrorName(2, NULL));
    GIVES("hipErrorInvalidValue", hipDrvGetErrorString(2, NULL));
    hipGetLastError();
    GIVES("hipErrorInvalidDevice", hipSetDevice(9));
    GIVES("hipErrorInvalidDevice", hipExtGetLastError());
    OK(hipExtGetLastError());
}

/* ---- streams -------------------------------------------------------------------------------------------- */

static void test_streams(void **state) {
    (void)state;
    int least, greatest, value;
    unsigned flags;
    void *stream, *event;
    OK(hipDeviceGetStreamPriorityRange(&least, &greatest));
    assert_true(least > greatest); /* the lower the number, the sooner */
    OK(hipDeviceGetStreamPriorityRange(NULL, NULL));
    OK(hipSetDevice(1));
    OK(hipStreamCreateWithPriority(&stream, 1, greatest));
    OK(hipSetDevice(0));
    OK(hipStreamGetFlags(stream, &flags));
    OK(hipStreamGetPriority(stream, &value));
    assert_true(flags == 1 && value == greatest);
    OK(hipStreamGetDevice(stream, &value));
    assert_int_equal(value, 1);
    OK(hipStreamGetDevice(NULL, &value));
    assert_int_equal(value, 0);
    GIVES("hipErrorInvalidValue", hipStreamGetDevice(stream, NULL));
    GIVES("hipErrorContextIsDestroyed", hipStreamGetFlags(&scale, &flags)); /* as HIP says */
    OK(hipEventCreate(&event));
    OK(hipEventRecordWithFlags(event, stream, 1));
    OK(hipEventSynchronize(event));
    GIVES("hipErrorInvalidValue", hipEventRecordWithFlags(event, stream, 2));
    OK(hipEventDestroy(event));
    OK(hipStreamDestroy(stream));
}

/* ---- memory --------------------------------------------------------------------------------------------- */

static void test_pointers(void **state) {
    (void)state;
    enum { TYPE = 2, DEVICE_POINTER, HOST_POINTER, BUFFER = 7, MANAGED, ORDINAL, START = 11, SIZE, MAPPED };
    char *device, *pinned, *managed, *other;
    OK(hipMalloc((void **)&device, 1000));
    OK(hipHostAlloc((void **)&pinned, 500, 2));
    OK(hipMallocManaged((void **)&managed, 64, 1));
    OK(hipSetDevice(1));
    OK(hipExtMallocWithFlags((void **)&other, 96, 0));
    OK(hipSetDevice(0));
    unsigned first, second, flags;
    int type, ordinal;
    void *start, *host;
    size_t size;
    bool yes;
    OK(hipPointerGetAttribute(&type, TYPE, device + 5));
    assert_int_equal(type, 2);
    OK(hipPointerGetAttribute(&type, TYPE, pinned + 5));
    assert_int_equal(type, 1);
    OK(hipPointerGetAttribute(&type, TYPE, managed));
    assert_int_equal(type, 3);
    OK(hipPointerGetAttribute(&start, DEVICE_POINTER, device + 5));
    assert_ptr_equal(start, device + 5);
    OK(hipPointerGetAttribute(&host, HOST_POINTER, pinned + 5));
    assert_ptr_equal(host, pinned + 5);
    GIVES("hipErrorInvalidValue", hipPointerGetAttribute(&host, HOST_POINTER, device));
    OK(hipPointerGetAttribute(&first, BUFFER, device));
    OK(hipPointerGetAttribute(&second, BUFFER, other));
    assert_int_not_equal(first, second);
    OK(hipPointerGetAttribute(&yes, MANAGED, device));
    assert_false(yes);
    OK(hipPointerGetAttribute(&yes, MANAGED, managed));
    assert_true(yes);
    OK(hipPointerGetAttribute(&ordinal, ORDINAL, device));
    assert_int_equal(ordinal, 0);
    OK(hipPointerGetAttribute(&ordinal, ORDINAL, other));
    assert_int_equal(ordinal, 1);
    struct {
        int type, device;
        void *device_pointer, *host_pointer;
        int managed;
        unsigned flags;
    } all;
    OK(hipPointerGetAttributes(&all, other + 9));
    assert_true(all.type == 2 && all.device == 1 && all.device_pointer == other + 9);
    int asked[] = {START, SIZE, MAPPED};
    void *answers[] = {&start, &size, &yes};
    yes = false;
    OK(hipDrvPointerGetAttributes(3, asked, answers, device + 999));
    assert_true(start == device && size == 1000 && yes);
    GIVES("hipErrorInvalidValue", hipDrvPointerGetAttributes(0, asked, answers, device));
    GIVES("hipErrorInvalidValue", hipDrvPointerGetAttributes(3, NULL, answers, device));
    GIVES("hipErrorInvalidValue", hipDrvPointerGetAttributes(3, asked, NULL, device));
    GIVES("hipErrorNotSupported", hipPointerGetAttribute(&size, 99, device));
    GIVES("hipErrorInvalidValue", hipPointerGetAttribute(NULL, SIZE, device));
    GIVES("hipErrorInvalidValue", hipPointerGetAttribute(&size, SIZE, &size));
    OK(hipMemPtrGetInfo(pinned + 8, &size));
    assert_int_equal(size, 500);
    GIVES("hipErrorInvalidValue", hipMemPtrGetInfo(pinned, NULL));
    GIVES("hipErrorNotFound", hipMemPtrGetInfo(&size, &size));
    OK(hipHostGetFlags(&flags, pinned));
    assert_int_equal(flags, 2);
    GIVES("hipErrorInvalidValue", hipHostGetFlags(&flags, device));
    GIVES("hipErrorInvalidValue", hipHostGetFlags(NULL, pinned));
    OK(hipMemAdvise(managed, 64, 1, 0));
    OK(hipMemAdvise(managed, 64, 101, -1));
    GIVES("hipErrorInvalidValue", hipMemAdvise(managed, 65, 1, 0));
    GIVES("hipErrorInvalidValue", hipMemAdvise(managed, 64, 0, 0));
    GIVES("hipErrorInvalidValue", hipMemAdvise(managed, 64, 7, 0));
    GIVES("hipErrorInvalidDevice", hipMemAdvise(managed, 64, 1, 2));
    GIVES("hipErrorInvalidValue", hipMemAdvise(device, 64, 1, 0));
    OK(hipFree(device));
    OK(hipFree(managed));
    OK(hipFree(other));
    OK(hipFreeHost(pinned));
    OK(hipMallocHost((void **)&pinned, 16));
    OK(hipFreeHost(pinned));
}

static void test_copies(void **state) {
    (void)state;
    enum { ROWS = 3, WIDTH = 5, PITCH = 8 };
    unsigned char *a, *b, *c, host[ROWS * PITCH];
    uint16_t halves[4];
    void *stream;
    OK(hipStreamCreate(&stream));
    OK(hipMalloc((void **)&a, sizeof host));
    OK(hipMalloc((void **)&b, sizeof host));
    OK(hipSetDevice(1));
    OK(hipMalloc((void **)&c, sizeof host));
    OK(hipSetDevice(0));
    OK(hipMemsetD8Async(a, 0x11, sizeof host, stream));
    OK(hipMemset2DAsync(a, PITCH, 0x22, WIDTH, ROWS, stream));
    OK(hipMemsetD8Async(b, 0x33, sizeof host, stream));
    OK(hipMemcpy2DAsync(b, PITCH, a + 3, PITCH, WIDTH, ROWS - 1, ON_DEVICE, stream));
    OK(hipMemcpyPeerAsync(c, 1, b, 0, sizeof host, stream));
    OK(hipMemcpyAsync(host, c, sizeof host, FROM_DEVICE, stream));
    OK(hipStreamSynchronize(stream));
    for (int row = 0; row < ROWS; row++)
        for (int x = 0; x < PITCH; x++)
            assert_int_equal(host[row * PITCH + x], row == ROWS - 1 || x >= WIDTH ? 0x33
                                                    : x + 3 < WIDTH               ? 0x22
                                                                                  : 0x11);
    OK(hipMemsetD16Async(a, 0x4567, 4, stream));
    OK(hipMemcpy(halves, a, sizeof halves, FROM_DEVICE));
    for (int n = 0; n < 4; n++) assert_int_equal(halves[n], 0x4567);
    GIVES("hipErrorInvalidDevice", hipMemcpyPeerAsync(c, 2, b, 0, sizeof host, stream));
    OK(hipFree(a));
    OK(hipFree(b));
    OK(hipFree(c));
    OK(hipStreamDestroy(stream));
}

/* ---- functions ------------------------------------------------------------------------------------------ */

static void test_functions(void **state) {
    (void)state;
    int groups, again, grid, block;
    void *function, *wrong = &groups;
    OK(hipGetFuncBySymbol(&function, &scale));
    GIVES("hipErrorInvalidDeviceFunction", hipGetFuncBySymbol(&wrong, &unknown));
    GIVES("hipErrorInvalidValue", hipGetFuncBySymbol(NULL, &scale));
    OK(hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(&groups, function, 96, 0));
    assert_int_equal(groups, 21);
    OK(hipModuleOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&again, function, 64, 65536, 1));
    assert_int_equal(again, 2);
    OK(hipOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(&again, &scale, 96, 0, 0));
    assert_int_equal(again, groups);
    OK(hipModuleOccupancyMaxPotentialBlockSize(&grid, &block, function, 0, 100));
    assert_true(block == 64 && grid > 0);
    GIVES("hipErrorInvalidHandle", hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(&groups, wrong, 96, 0));
    GIVES("hipErrorInvalidHandle", hipModuleOccupancyMaxPotentialBlockSize(&grid, &block, wrong, 0, 0));
    enum { DYNAMIC_LDS = 8, CARVEOUT = 9 };
    OK(hipFuncSetAttribute(&scale, DYNAMIC_LDS, 65536));
    GIVES("hipErrorInvalidValue", hipFuncSetAttribute(&scale, DYNAMIC_LDS, 65537));
    GIVES("hipErrorInvalidValue", hipFuncSetAttribute(&scale, DYNAMIC_LDS, -1));
    OK(hipFuncSetAttribute(&scale, CARVEOUT, -1));
    OK(hipFuncSetAttribute(&scale, CARVEOUT, 100));
    GIVES("hipErrorInvalidValue", hipFuncSetAttribute(&scale, CARVEOUT, 101));
    GIVES("hipErrorInvalidDeviceFunction", hipFuncSetAttribute(&unknown, CARVEOUT, 0));
    OK(hipFuncSetCacheConfig(&scale, 3));
    GIVES("hipErrorInvalidValue", hipFuncSetCacheConfig(&scale, 4));
    OK(hipFuncSetSharedMemConfig(&scale, 2));
    GIVES("hipErrorInvalidValue", hipFuncSetSharedMemConfig(&scale, 3));
}

enum { ITEMS = 100, BLOCK = 64, GROUPS = 2 };

static void check_scaled(uint32_t *out, const uint32_t factor[4]) {
    uint32_t host[ITEMS];
    OK(hipMemcpy(host, out, sizeof host, FROM_DEVICE));
    for (uint32_t n = 0; n < ITEMS; n++) assert_int_equal(host[n], (n + 1) * factor[n % 4]);
    OK(hipMemset(out, 0, sizeof host));
}

/* The ways to launch: each does the same. */
static void test_launches(void **state) {
    (void)state;
    uint32_t numbers[ITEMS], n = ITEMS, *in, *out, factor[4] = {9, 8, 7, 6}, read[4];
    void *function, *start, *stop;
    for (uint32_t i = 0; i < ITEMS; i++) numbers[i] = i + 1;
    OK(hipMalloc((void **)&in, sizeof numbers));
    OK(hipMalloc((void **)&out, sizeof numbers));
    OK(hipMemcpy(in, numbers, sizeof numbers, TO_DEVICE));
    OK(hipMemcpyToSymbolAsync(&factors, factor, 16, 0, TO_DEVICE, NULL));
    OK(hipMemcpyFromSymbolAsync(read, &factors, 12, 4, FROM_DEVICE, NULL));
    OK(hipDeviceSynchronize());
    assert_memory_equal(read, factor + 1, 12);
    void *params[] = {&in, &out, &n};
    const dim3 grid = {GROUPS, 1, 1}, block = {BLOCK, 1, 1};
    OK(hipGetFuncBySymbol(&function, &scale));
    OK(hipEventCreate(&start));
    OK(hipEventCreate(&stop));
    OK(hipExtLaunchKernel(&scale, grid, block, params, 0, NULL, start, stop, 0));
    OK(hipEventSynchronize(stop));
    check_scaled(out, factor);
    const struct driver_launch driver = {grid, block, 0, NULL, NULL, 0};
    OK(hipDrvLaunchKernelEx(&driver, function, params, NULL));
    check_scaled(out, factor);
    const struct launch_config host = {grid, block, 0, NULL, NULL, 0};
    OK(hipLaunchKernelExC(&host, &scale, params));
    check_scaled(out, factor);
    OK(hipModuleLaunchCooperativeKernel(function, GROUPS, 1, 1, BLOCK, 1, 1, 0, NULL, params));
    check_scaled(out, factor);
    GIVES("hipErrorInvalidValue", hipDrvLaunchKernelEx(NULL, function, params, NULL));
    GIVES("hipErrorInvalidValue", hipLaunchKernelExC(NULL, &scale, params));
    const struct driver_launch no_list = {grid, block, 0, NULL, NULL, 1};
    GIVES("hipErrorInvalidValue", hipDrvLaunchKernelEx(&no_list, function, params, NULL));
    OK(hipEventDestroy(start));
    OK(hipEventDestroy(stop));
    OK(hipFree(in));
    OK(hipFree(out));
}

/* Work-groups that wait for each other end only where all are resident: the attribute says so. */
static void test_cooperative_attribute(void **state) {
    (void)state;
    uint32_t groups = 40, *arrived, count;
    void *function, *params[] = {&arrived, &groups};
    struct launch_attribute attributes[] = {{.id = 1}, {.id = 2}};
    const int on = 1;
    memcpy(attributes[1].value, &on, sizeof on);
    OK(hipMalloc((void **)&arrived, 4));
    OK(hipGetFuncBySymbol(&function, &meet));
    const struct driver_launch driver = {{groups, 1, 1}, {32, 1, 1}, 0, NULL, attributes, 2};
    const struct launch_config host = {{groups, 1, 1}, {32, 1, 1}, 0, NULL, attributes, 2};
    for (int way = 0; way < 2; way++) {
        OK(hipMemset(arrived, 0, 4));
        OK(way ? hipDrvLaunchKernelEx(&driver, function, params, NULL)
               : hipLaunchKernelExC(&host, &meet, params));
        OK(hipMemcpy(&count, arrived, 4, FROM_DEVICE));
        assert_int_equal(count, groups);
    }
    const struct launch_config too_many = {{1 << 20, 1, 1}, {32, 1, 1}, 0, NULL, attributes, 2};
    GIVES("hipErrorCooperativeLaunchTooLarge", hipLaunchKernelExC(&too_many, &meet, params));
    OK(hipFree(arrived));
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    open_front(argv[1]);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
#define HIP_FIND(result, name, parameters) find_call(library, #name, &name);
    REGISTER_CALLS(HIP_FIND)
    MORE_CALLS(HIP_FIND)
#undef HIP_FIND
    static unsigned char object[1 << 20];
    FILE *file = fopen(argv[2], "rb");
    if (!file || fread(object, 1, sizeof object, file) == sizeof object) return 2;
    fclose(file);
    wrapper.image = object;
    void **binary = __hipRegisterFatBinary(&wrapper);
    __hipRegisterFunction(binary, &scale, "scale", "scale", -1u, NULL, NULL, NULL, NULL, NULL);
    __hipRegisterFunction(binary, &meet, "meet", "meet", -1u, NULL, NULL, NULL, NULL, NULL);
    __hipRegisterVar(binary, &factors, "factors", "factors", 0, 16, 1, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devices),     cmocka_unit_test(test_peers),
        cmocka_unit_test(test_preferences), cmocka_unit_test(test_error_names),
        cmocka_unit_test(test_streams),     cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_copies),      cmocka_unit_test(test_functions),
        cmocka_unit_test(test_launches),    cmocka_unit_test(test_cooperative_attribute)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    __hipUnregisterFatBinary(binary);
    return failed;
}
