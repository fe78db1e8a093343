/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a HIP compiler's output calls: registered code objects (plain, bundled, compressed, damaged), kernels by
 * the address of a stub, variables; cooperative launches; calls by name; several cards.
 * test_compiled LIBRARY OBJECT [strict | devices]
 */
#include <zstd.h>

#include "compiled.h"

#define MORE_CALLS(X)                                                                                        \
    X(void, __hipRegisterManagedVar, (void **, void **, void *, const char *, size_t, unsigned))             \
    X(int, __hipPushCallConfiguration, (dim3, dim3, size_t, void *))                                         \
    X(int, __hipPopCallConfiguration, (dim3 *, dim3 *, size_t *, void **))                                   \
    X(int, hipLaunchKernel, (const void *, dim3, dim3, void **, size_t, void *))                             \
    X(int, hipLaunchCooperativeKernel, (const void *, dim3, dim3, void **, unsigned, void *))                \
    X(int, hipMemcpyToSymbol, (const void *, const void *, size_t, size_t, int))                             \
    X(int, hipMemcpyFromSymbol, (void *, const void *, size_t, size_t, int))                                 \
    X(int, hipGetSymbolAddress, (void **, const void *))                                                     \
    X(int, hipGetSymbolSize, (size_t *, const void *))                                                       \
    X(int, hipModuleGetGlobal, (void **, size_t *, void *, const char *))                                    \
    X(int, hipGetProcAddress, (const char *, void **, int, uint64_t, int *))                                 \
    X(int, hipFuncGetAttributes, (void *, const void *))                                                     \
    X(int, hipOccupancyMaxActiveBlocksPerMultiprocessor, (int *, const void *, int, size_t))                 \
    X(int, hipOccupancyMaxPotentialBlockSize, (int *, int *, const void *, size_t, int))                     \
    X(int, hipPointerGetAttributes, (void *, const void *))                                                  \
    X(int, hipPointerGetAttribute, (void *, int, void *))                                                    \
    X(int, hipMemGetAddressRange, (void **, size_t *, void *))                                               \
    X(int, hipMallocManaged, (void **, size_t, unsigned))                                                    \
    X(int, hipMemPrefetchAsync, (const void *, size_t, int, void *))                                         \
    X(int, hipMallocPitch, (void **, size_t *, size_t, size_t))                                              \
    X(int, hipMemcpy2D, (void *, size_t, const void *, size_t, size_t, size_t, int))                         \
    X(int, hipMemset2D, (void *, size_t, int, size_t, size_t))                                               \
    X(int, hipMemcpyPeer, (void *, int, const void *, int, size_t))                                          \
    X(int, hipLaunchHostFunc, (void *, void (*)(void *), void *))                                            \
    X(int, hipStreamGetPriority, (void *, int *))                                                            \
    X(int, hipDeviceCanAccessPeer, (int *, int, int))                                                        \
    X(int, hipDeviceEnablePeerAccess, (int, unsigned))                                                       \
    X(int, hipDeviceGetPCIBusId, (char *, int, int))                                                         \
    X(int, hipDeviceGetByPCIBusId, (int *, const char *))                                                    \
    X(int, hipDeviceGetLimit, (size_t *, int))                                                               \
    X(int, hipIpcGetMemHandle, (void))
#define HIP_POINTER(result, name, parameters) static result(*name) parameters;
MORE_CALLS(HIP_POINTER)
#undef HIP_POINTER

static unsigned char *object;
static size_t object_bytes;

/* ---- images --------------------------------------------------------------------------------------------- */

struct image {
    unsigned char *bytes;
    size_t size;
};

static void put(struct image *i, const void *bytes, size_t size) {
    i->bytes = realloc(i->bytes, i->size + size);
    assert_non_null(i->bytes);
    memcpy(i->bytes + i->size, bytes, size);
    i->size += size;
}
static void put_number(struct image *i, uint64_t value, size_t size) { put(i, &value, size); }

/* A bundle with an empty entry of the host, one of another target and ours. */
static struct image bundle(void) {
    static const char *const names[] = {"host-x86_64-unknown-linux-gnu-", "hipv4-amdgcn-amd-amdhsa--gfx1030",
                                        "hipv4-amdgcn-amd-amdhsa--gfx1100"};
    struct image i = {0};
    put(&i, "__CLANG_OFFLOAD_BUNDLE__", 24);
    put_number(&i, 3, 8);
    for (int n = 0; n < 3; n++) {
        put_number(&i, 4096, 8);
        put_number(&i, n == 2 ? object_bytes : 0, 8);
        put_number(&i, strlen(names[n]), 8);
        put(&i, names[n], strlen(names[n]));
    }
    while (i.size < 4096) put_number(&i, 0, 1);
    put(&i, object, object_bytes);
    return i;
}

static struct image compressed(unsigned version) {
    struct image plain = bundle(), i = {0};
    size_t most = ZSTD_compressBound(plain.size), field = version == 3 ? 8 : 4;
    unsigned char *frame = malloc(most);
    size_t bytes = ZSTD_compress(frame, most, plain.bytes, plain.size, 3);
    put(&i, "CCOB", 4);
    put_number(&i, version, 2);
    put_number(&i, 1, 2);
    if (version > 1) put_number(&i, 8 + 2 * field + 8 + bytes, field);
    put_number(&i, plain.size, field);
    put_number(&i, 0, 8); /* a hash that nobody checks */
    put(&i, frame, bytes);
    free(frame);
    free(plain.bytes);
    return i;
}

/* ---- a compiled program ----------------------------------------------------------------------------------- */

/* Addresses of the host, as stubs and shadows of variables are. */
static char scale, bump, meet, missing, counter, factors;
static uint32_t *shared_word, shared_start = 7;

static void **register_all(const void *image) {
    wrapper.image = image;
    void **binary = __hipRegisterFatBinary(&wrapper);
    assert_non_null(binary);
    static const struct {
        void *host;
        char *name;
    } kernels[] = {{&scale, "scale"}, {&bump, "bump"}, {&meet, "meet"}, {&missing, "not_there"}};
    for (int n = 0; n < 4; n++)
        __hipRegisterFunction(binary, kernels[n].host, kernels[n].name, kernels[n].name, -1u, NULL, NULL,
                              NULL, NULL, NULL);
    __hipRegisterVar(binary, &counter, "counter", "counter", 0, 4, 0, 0);
    __hipRegisterVar(binary, &factors, "factors", "factors", 0, 16, 1, 0);
    __hipRegisterManagedVar(binary, (void **)&shared_word, &shared_start, "shared_word", 4, 4);
    return binary;
}

enum { N = 200 };

static int launch_scale(void *in, void *out) {
    uint32_t n = N;
    void *params[] = {&in, &out, &n};
    dim3 grid, block;
    size_t lds;
    void *stream;
    OK(__hipPushCallConfiguration((dim3){4, 1, 1}, (dim3){64, 1, 1}, 0, NULL));
    OK(__hipPopCallConfiguration(&grid, &block, &lds, &stream));
    return hipLaunchKernel(&scale, grid, block, params, lds, stream);
}

static void run_scale(const uint32_t factor[4], uint32_t counted) {
    uint32_t in[N], out[N], count;
    void *device_in, *device_out;
    for (uint32_t n = 0; n < N; n++) in[n] = n * n + 1;
    OK(hipMalloc(&device_in, sizeof in));
    OK(hipMalloc(&device_out, sizeof out));
    OK(hipMemcpy(device_in, in, sizeof in, TO_DEVICE));
    OK(launch_scale(device_in, device_out));
    OK(hipMemcpy(out, device_out, sizeof out, FROM_DEVICE));
    for (uint32_t n = 0; n < N; n++) assert_int_equal(out[n], in[n] * factor[n % 4]);
    OK(hipMemcpyFromSymbol(&count, &counter, 4, 0, FROM_DEVICE));
    assert_int_equal(count, counted);
    OK(hipFree(device_in));
    OK(hipFree(device_out));
}

static const uint32_t first_factors[4] = {1, 2, 3, 4};

static void test_images(void **state) {
    (void)state;
    struct image images[] = {{object, object_bytes}, bundle(), compressed(1), compressed(2), compressed(3)};
    for (int n = 0; n < 5; n++) {
        void **binary = register_all(images[n].bytes);
        run_scale(first_factors, 5 + N);
        run_scale(first_factors, 5 + 2 * N);
        __hipUnregisterFatBinary(binary);
        OK(hipFree(shared_word));
        if (n) free(images[n].bytes);
    }
    GIVES("hipErrorInvalidDeviceFunction", launch_scale(NULL, NULL)); /* registered no more */
    __hipUnregisterFatBinary(NULL);
    assert_null(__hipRegisterFatBinary(NULL) ? NULL : "no handle");
}

/* Every image that is cut or changed is refused, and none is read beyond what it claims. */
static void test_damaged(void **state) {
    (void)state;
    struct image i = compressed(2);
    static const struct {
        size_t at;
        uint64_t value;
        unsigned bytes;
    } changes[] = {{4, 9, 2},  /* version */
                   {6, 0, 2},  /* zlib */
                   {8, 3, 4},  /* the whole is smaller than its header */
                   {8, 40, 4}, /* ... than its frame */
                   {12, 0, 4}, /* unpacked size */
                   {12, 17, 4},        {12, UINT32_MAX, 4}, {24, 0, 4}, /* the frame's magic */
                   {40, UINT64_MAX, 8}};                                /* its data */
    for (size_t n = 0; n < sizeof changes / sizeof changes[0]; n++) {
        unsigned char before[8];
        memcpy(before, i.bytes + changes[n].at, 8);
        memcpy(i.bytes + changes[n].at, &changes[n].value, changes[n].bytes);
        void *module;
        GIVES("hipErrorInvalidImage", hipModuleLoadData(&module, i.bytes));
        memcpy(i.bytes + changes[n].at, before, 8);
    }
    void *module;
    OK(hipModuleLoadData(&module, i.bytes));
    OK(hipModuleUnload(module));
    free(i.bytes);
}

static void test_errors(void **state) {
    (void)state;
    void **binary = register_all(object), *address;
    dim3 one = {1, 1, 1};
    uint32_t word;
    size_t bytes;
    GIVES("hipErrorInvalidDeviceFunction", hipLaunchKernel(&missing, one, one, NULL, 0, NULL));
    GIVES("hipErrorInvalidDeviceFunction", hipLaunchKernel(&counter, one, one, NULL, 0, NULL));
    GIVES("hipErrorInvalidSymbol", hipGetSymbolAddress(&address, &scale));
    GIVES("hipErrorInvalidValue", hipGetSymbolAddress(NULL, &counter));
    GIVES("hipErrorInvalidValue", hipMemcpyFromSymbol(&word, &counter, 4, 1, FROM_DEVICE));
    GIVES("hipErrorInvalidValue", hipMemcpyFromSymbol(&word, &counter, 4, SIZE_MAX, FROM_DEVICE));
    GIVES("hipErrorInvalidMemcpyDirection", hipMemcpyFromSymbol(&word, &counter, 4, 0, TO_DEVICE));
    GIVES("hipErrorMissingConfiguration", __hipPopCallConfiguration(NULL, NULL, NULL, NULL));
    GIVES("hipErrorInvalidValue", hipLaunchKernel(&scale, (dim3){0, 1, 1}, one, NULL, 0, NULL));
    OK(hipGetSymbolSize(&bytes, &factors));
    assert_int_equal(bytes, 16);
    OK(hipFree(shared_word));
    __hipUnregisterFatBinary(binary);
}

static void test_variables(void **state) {
    (void)state;
    void **binary = register_all(object), *module, *address;
    uint32_t zero = 0, factor[4] = {9, 9, 9, 9}, by = 4;
    size_t bytes;
    OK(hipMemcpyToSymbol(&counter, &zero, 4, 0, TO_DEVICE));
    OK(hipMemcpyToSymbol(&factors, &factor[1], 8, 4, TO_DEVICE));
    run_scale((uint32_t[]){1, 9, 9, 4}, N);
    assert_int_equal(*shared_word, 7);
    void *params[] = {&by};
    OK(hipLaunchKernel(&bump, (dim3){1, 1, 1}, (dim3){64, 1, 1}, params, 0, NULL));
    OK(hipDeviceSynchronize());
    assert_int_equal(*shared_word, 11); /* host and kernel have the same word */
    OK(hipGetSymbolAddress(&address, &shared_word));
    assert_ptr_equal(address, shared_word);
    /* Another module of the same object has its own. */
    OK(hipModuleLoadData(&module, object));
    OK(hipModuleGetGlobal(&address, &bytes, module, "counter"));
    assert_int_equal(bytes, 4);
    uint32_t word;
    OK(hipMemcpy(&word, address, 4, FROM_DEVICE));
    assert_int_equal(word, 5);
    GIVES("hipErrorNotFound", hipModuleGetGlobal(&address, &bytes, module, "scale"));
    GIVES("hipErrorNotFound", hipModuleGetGlobal(&address, &bytes, module, "scale.kd"));
    OK(hipModuleUnload(module));
    GIVES("hipErrorInvalidValue", hipMemcpy(&word, address, 4, FROM_DEVICE));
    /* A reset forgets what variables were set to. */
    OK(hipDeviceReset());
    run_scale(first_factors, 5 + N);
    __hipUnregisterFatBinary(binary);
}

static void test_cooperative(void **state) {
    (void)state;
    void **binary = register_all(object), *arrived;
    uint32_t groups = 40, count;
    OK(hipMalloc(&arrived, 4));
    OK(hipMemset(arrived, 0, 4));
    void *params[] = {&arrived, &groups};
    dim3 grid = {groups, 1, 1}, block = {64, 1, 1};
    OK(hipLaunchCooperativeKernel(&meet, grid, block, params, 0, NULL));
    OK(hipDeviceSynchronize());
    OK(hipMemcpy(&count, arrived, 4, FROM_DEVICE));
    assert_int_equal(count, groups);
    GIVES("hipErrorCooperativeLaunchTooLarge",
          hipLaunchCooperativeKernel(&meet, (dim3){100000, 1, 1}, block, params, 0, NULL));
    OK(hipFree(arrived));
    OK(hipFree(shared_word));
    __hipUnregisterFatBinary(binary);
}

static void test_occupancy(void **state) {
    (void)state;
    void **binary = register_all(object);
    int groups, grid, block;
    struct {
        int binary_version, cache_mode;
        size_t constant_bytes, scratch_bytes;
        int dynamic_lds_max, block_max, registers, carveout, ptx_version;
        size_t lds_bytes;
    } a;
    OK(hipFuncGetAttributes(&a, &scale));
    assert_int_equal(a.dynamic_lds_max, 65536);
    assert_int_equal(a.lds_bytes, 0);
    assert_true(a.registers > 0 && a.block_max == 1024);
    /* Few registers: 16 waves on each of 4 SIMDs, or what 128 KiB of LDS hold. */
    OK(hipOccupancyMaxActiveBlocksPerMultiprocessor(&groups, &scale, 64, 0));
    assert_int_equal(groups, 32);
    OK(hipOccupancyMaxActiveBlocksPerMultiprocessor(&groups, &scale, 96, 0));
    assert_int_equal(groups, 21);
    OK(hipOccupancyMaxActiveBlocksPerMultiprocessor(&groups, &scale, 64, 65536));
    assert_int_equal(groups, 2);
    GIVES("hipErrorInvalidValue", hipOccupancyMaxActiveBlocksPerMultiprocessor(&groups, &scale, 0, 0));
    OK(hipOccupancyMaxPotentialBlockSize(&grid, &block, &scale, 0, 0));
    assert_int_equal(block, 1024);
    assert_int_equal(grid, 2 * 48);
    OK(hipOccupancyMaxPotentialBlockSize(&grid, &block, &scale, 0, 100));
    assert_int_equal(block, 64); /* 32 groups of 2 waves; of 3 only 21 fit */
    OK(hipFree(shared_word));
    __hipUnregisterFatBinary(binary);
}

/* ---- memory ----------------------------------------------------------------------------------------------- */

struct pointer_attributes {
    int type, device;
    void *device_pointer, *host_pointer;
    int managed;
    unsigned flags;
};

static void test_pointers(void **state) {
    (void)state;
    void *device, *pinned, *managed, *base;
    struct pointer_attributes a;
    size_t bytes;
    uint64_t address;
    OK(hipMalloc(&device, 1000));
    OK(hipHostMalloc(&pinned, 1000, 2));
    OK(hipMallocManaged(&managed, 1000, 1));
    GIVES("hipErrorInvalidValue", hipMallocManaged(&base, 1000, 0));
    OK(hipPointerGetAttributes(&a, (char *)device + 8));
    assert_true(a.type == 2 && a.device == 0 && a.device_pointer == (char *)device + 8 && !a.host_pointer);
    OK(hipPointerGetAttributes(&a, (char *)pinned + 999));
    assert_true(a.type == 1 && a.host_pointer == (char *)pinned + 999 && a.device_pointer == a.host_pointer);
    assert_int_equal(a.flags, 2);
    OK(hipPointerGetAttributes(&a, managed));
    assert_true(a.type == 3 && a.managed == 1 && a.host_pointer == managed && a.device_pointer == managed);
    OK(hipPointerGetAttributes(&a, &a));
    assert_int_equal(a.type, 0);
    OK(hipPointerGetAttribute(&address, 3, (char *)device + 4));
    assert_int_equal(address, (uintptr_t)device + 4);
    GIVES("hipErrorInvalidValue", hipPointerGetAttribute(&address, 3, &a));
    GIVES("hipErrorInvalidValue", hipPointerGetAttribute(&address, 4, device));
    GIVES("hipErrorNotSupported", hipPointerGetAttribute(&address, 5, device));
    OK(hipMemGetAddressRange(&base, &bytes, (char *)device + 999));
    assert_true(base == device && bytes == 1000);
    GIVES("hipErrorNotFound", hipMemGetAddressRange(&base, &bytes, (char *)device + 1000));
    OK(hipMemPrefetchAsync(managed, 1000, 0, NULL));
    OK(hipMemPrefetchAsync(managed, 1000, -1, NULL)); /* the host */
    GIVES("hipErrorInvalidDevice", hipMemPrefetchAsync(managed, 1000, -2, NULL));
    GIVES("hipErrorInvalidValue", hipMemPrefetchAsync(device, 1000, 0, NULL));
    GIVES("hipErrorInvalidValue", hipMemPrefetchAsync(managed, 1001, 0, NULL));
    OK(hipFree(device));
    OK(hipFree(managed));
    GIVES("hipErrorInvalidValue", hipFree(pinned));
    OK(hipHostFree(pinned));
}

/* A kernel takes pinned and managed memory by the host's own pointers. */
static void test_same_address(void **state) {
    (void)state;
    void **binary = register_all(object);
    uint32_t *in, *out;
    OK(hipHostMalloc((void **)&in, 4 * N, 0));
    OK(hipMallocManaged((void **)&out, 4 * N, 1));
    for (uint32_t n = 0; n < N; n++) in[n] = n;
    OK(launch_scale(in, out));
    OK(hipDeviceSynchronize());
    for (uint32_t n = 0; n < N; n++) assert_int_equal(out[n], n * first_factors[n % 4]);
    OK(hipHostFree(in));
    OK(hipFree(out));
    OK(hipFree(shared_word));
    __hipUnregisterFatBinary(binary);
}

static void test_rows(void **state) {
    (void)state;
    unsigned char from[5][7], to[5][11];
    void *device;
    size_t pitch;
    for (int n = 0; n < 35; n++) from[n / 7][n % 7] = (unsigned char)(3 * n + 1);
    OK(hipMallocPitch(&device, &pitch, 7, 5));
    assert_true(pitch >= 7);
    OK(hipMemset2D(device, pitch, 0xee, pitch, 5));
    OK(hipMemcpy2D(device, pitch, from, 7, 6, 5, TO_DEVICE));
    memset(to, 0x11, sizeof to);
    OK(hipMemcpy2D(to, 11, device, pitch, 8, 5, FROM_DEVICE));
    for (int row = 0; row < 5; row++)
        for (int n = 0; n < 11; n++) assert_int_equal(to[row][n], n < 6 ? from[row][n] : n < 8 ? 0xee : 0x11);
    GIVES("hipErrorInvalidPitchValue", hipMemcpy2D(to, 5, device, pitch, 8, 5, FROM_DEVICE));
    GIVES("hipErrorInvalidValue", hipMemcpy2D(to, 11, device, pitch, 8, 6, FROM_DEVICE));
    GIVES("hipErrorInvalidValue", hipMemcpy2D(device, SIZE_MAX / 2, from, 7, 6, 5, TO_DEVICE));
    GIVES("hipErrorInvalidValue", hipMemset2D(device, pitch, 0, pitch, 6));
    OK(hipFree(device));
}

/* ---- the rest --------------------------------------------------------------------------------------------- */

static int call_code;
static void host_function(void *data) {
    *(int *)data += 1;
    call_code = hipDeviceSynchronize();
}

static void test_host_function(void **state) {
    (void)state;
    int runs = 0, priority;
    void *stream, *graph, *exec;
    OK(hipStreamCreateWithPriority(&stream, 1, -7));
    OK(hipStreamGetPriority(stream, &priority));
    assert_int_equal(priority, -1);
    OK(hipLaunchHostFunc(stream, host_function, &runs));
    assert_int_equal(runs, 1);
    GIVES("hipErrorNotSupported", call_code); /* a function of the host may not call HIP */
    OK(hipStreamBeginCapture(stream, GLOBAL_MODE));
    OK(hipLaunchHostFunc(stream, host_function, &runs));
    OK(hipStreamEndCapture(stream, &graph));
    assert_int_equal(runs, 1);
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphLaunch(exec, stream));
    OK(hipGraphLaunch(exec, stream));
    assert_int_equal(runs, 3);
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
    OK(hipStreamDestroy(stream));
}

static void test_names(void **state) {
    (void)state;
    void *call;
    int status;
    size_t limit;
    OK(hipGetProcAddress("hipMalloc", &call, 70100000, 0, &status));
    assert_true(!memcmp(&call, &hipMalloc, sizeof call) && status == 0);
    OK(hipGetProcAddress("hipGetDeviceProperties", &call, 70100000, 0, NULL));
    assert_memory_equal(&call, &hipGetDevicePropertiesR0600, sizeof call);
    GIVES("hipErrorNotFound", hipGetProcAddress("hipNothing", &call, 70100000, 0, &status));
    assert_true(!call && status == 1);
    GIVES("hipErrorInvalidValue", hipGetProcAddress("", &call, 0, 0, NULL));
    GIVES("hipErrorNotSupported", hipIpcGetMemHandle());
    GIVES("hipErrorUnsupportedLimit", hipDeviceGetLimit(&limit, 3));
    /* All of HIP 7.1, of which a sample; and a number that is none. */
    assert_string_equal(hipGetErrorName(98), "hipErrorInvalidDeviceFunction");
    assert_string_equal(hipGetErrorName(720), "hipErrorCooperativeLaunchTooLarge");
    assert_string_equal(hipGetErrorName(1053), "hipErrorRuntimeOther");
    assert_string_equal(hipGetErrorName(4242), "hipErrorUnknown");
}

/* ---- in processes of their own ---------------------------------------------------------------------------- */

static void test_strict(void **state) {
    (void)state;
    void **binary = register_all(object), *arrived;
    uint32_t groups = 2;
    int value;
    OK(hipMalloc(&arrived, 4));
    OK(hipMemset(arrived, 0, 4));
    void *params[] = {&arrived, &groups};
    GIVES("hipErrorNotSupported",
          hipLaunchCooperativeKernel(&meet, (dim3){2, 1, 1}, (dim3){64, 1, 1}, params, 0, NULL));
    OK(hipDeviceGetAttribute(&value, 10, 0));
    assert_int_equal(value, 0);
    run_scale(first_factors, 5 + N);
    __hipUnregisterFatBinary(binary);
}

/*
 * RDNASIM_DEVICES=4, ROCR_VISIBLE_DEVICES=3,0,1, HIP_VISIBLE_DEVICES=1,0,1: cards 0 and 3, for a list ends where a
 * card comes twice; gfx1100 by override.
 */
static void test_devices(void **state) {
    (void)state;
    int value;
    char name[16], properties[1472];
    size_t all = free_memory();
    OK(hipGetDeviceCount(&value));
    assert_int_equal(value, 2);
    OK(hipDeviceGetPCIBusId(name, sizeof name, 0));
    assert_string_equal(name, "0000:01:00.0");
    OK(hipDeviceGetPCIBusId(name, sizeof name, 1));
    assert_string_equal(name, "0000:04:00.0");
    OK(hipDeviceGetByPCIBusId(&value, "0000:04:00.0"));
    assert_int_equal(value, 1);
    GIVES("hipErrorInvalidValue", hipDeviceGetByPCIBusId(&value, "0000:02:00.0"));
    GIVES("hipErrorInvalidDevice", hipSetDevice(2));
    OK(hipGetDevicePropertiesR0600(properties, 1));
    assert_string_equal(properties + 1160, "gfx1100");
    assert_string_equal(properties, "AMD Radeon 780M (simulated)");
    /* Each has memory and variables of its own. */
    void **binary = register_all(object), *first, *second;
    OK(hipFree(shared_word));
    run_scale(first_factors, 5 + N);
    OK(hipMalloc(&first, 1 << 20));
    OK(hipMemset(first, 0x77, 1 << 20));
    OK(hipSetDevice(1));
    assert_int_equal(free_memory(), all);
    run_scale(first_factors, 5 + N);
    OK(hipMalloc(&second, 1 << 20));
    OK(hipDeviceCanAccessPeer(&value, 1, 0));
    assert_int_equal(value, 1);
    GIVES("hipErrorInvalidDevice", hipDeviceCanAccessPeer(&value, 1, 4));
    GIVES("hipErrorInvalidDevice", hipDeviceCanAccessPeer(&value, -1, 0));
    GIVES("hipErrorInvalidDevice", hipDeviceEnablePeerAccess(4, 0));
    OK(hipDeviceEnablePeerAccess(0, 0));
    GIVES("hipErrorPeerAccessAlreadyEnabled", hipDeviceEnablePeerAccess(0, 0));
    OK(hipMemcpyPeer(second, 1, first, 0, 1 << 20));
    OK(hipMemcpy(name, second, sizeof name, FROM_DEVICE));
    assert_int_equal(name[15], 0x77);
    OK(hipGetDevice(&value));
    assert_int_equal(value, 1);
    OK(hipFree(first));
    OK(hipFree(second));
    __hipUnregisterFatBinary(binary);
    assert_int_equal(free_memory(), all);
    OK(hipSetDevice(0));
    assert_int_equal(free_memory(), all);
}

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    open_front(argv[1]);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
#define HIP_FIND(result, name, parameters) find_call(library, #name, &name);
    REGISTER_CALLS(HIP_FIND)
    MORE_CALLS(HIP_FIND)
#undef HIP_FIND
    FILE *file = fopen(argv[2], "rb");
    if (!file) return 2;
    fseek(file, 0, SEEK_END);
    object_bytes = (size_t)ftell(file);
    rewind(file);
    object = malloc(object_bytes);
    if (!object || fread(object, 1, object_bytes, file) != object_bytes) return 2;
    fclose(file);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),      cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_errors),      cmocka_unit_test(test_variables),
        cmocka_unit_test(test_cooperative), cmocka_unit_test(test_occupancy),
        cmocka_unit_test(test_pointers),    cmocka_unit_test(test_same_address),
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_host_function),
        cmocka_unit_test(test_names),
    };
    const struct CMUnitTest strict[] = {cmocka_unit_test(test_strict)},
                            devices[] = {cmocka_unit_test(test_devices)};
    int failed;
    if (argc == 3)
        failed = cmocka_run_group_tests(tests, NULL, NULL);
    else if (!strcmp(argv[3], "strict"))
        failed = cmocka_run_group_tests(strict, NULL, NULL);
    else
        failed = cmocka_run_group_tests(devices, NULL, NULL);
    free(object);
    return failed;
}
