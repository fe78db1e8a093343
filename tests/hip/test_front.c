/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A HIP program that knows nothing of the simulator, on libamdhip64: every call, and every error.
 * test_front LIBRARY OBJECT OTHER_OBJECT: the last is of a target that the device is not.
 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "sums.h"

/* ---- the device --------------------------------------------------------------------------------------- */

static void test_device(void **state) {
    (void)state;
    struct {
        _Alignas(16) char bytes[1472];
        char guard[16];
    } p;
    int value = -1;
    size_t memory;
    char name[64];
    memset(&p, 0x5a, sizeof p);
    OK(hipInit(0));
    GIVES("hipErrorInvalidValue", hipInit(1));
    OK(hipGetDeviceCount(&value));
    assert_int_equal(value, 1);
    OK(hipSetDevice(0));
    OK(hipGetDevice(&value));
    assert_int_equal(value, 0);
    OK(hipDeviceGet(&value, 0));
    GIVES("hipErrorInvalidDevice", hipDeviceGet(&value, 1));
    GIVES("hipErrorInvalidDevice", hipSetDevice(1));
    GIVES("hipErrorInvalidDevice", hipSetDevice(-1));
    GIVES("hipErrorInvalidDevice", hipGetDevicePropertiesR0600(&p, 1));
    GIVES("hipErrorInvalidValue", hipGetDevicePropertiesR0600(NULL, 0));
    OK(hipGetDevicePropertiesR0600(&p, 0));
    assert_string_equal(p.bytes + 1160, "gfx1100");
    assert_string_equal(p.bytes, "AMD Radeon RX 7900 XTX (simulated)");
    for (size_t n = 0; n < sizeof p.guard; n++) assert_int_equal(p.guard[n], 0x5a);
    memcpy(&memory, p.bytes + 288, sizeof memory);
    assert_int_equal(memory, (size_t)24 << 30);
    OK(hipDeviceTotalMem(&memory, 0));
    assert_int_equal(memory, (size_t)24 << 30);
    OK(hipDeviceGetName(name, 12, 0));
    assert_string_equal(name, "AMD Radeon ");
    OK(hipRuntimeGetVersion(&value));
    assert_int_equal(value / 10000000, 7);
    OK(hipDriverGetVersion(&value));
    GIVES("hipErrorInvalidValue", hipDriverGetVersion(NULL));
    OK(hipDeviceSynchronize());
}

static void test_attributes(void **state) {
    (void)state;
    static const struct {
        int attribute, value;
    } rows[] = {{5, 2500000},  {19, 6 << 20}, {23, 11},    {26, 1024},     {56, 1024},       {59, 384},
                {60, 1250000}, {61, 0},       {63, 48},    {74, 65536},    {84, 2147483647}, {87, 32},
                {57, 2048},    {16, 0},       {10015, 48}, {10017, 100000}};
    int value;
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        OK(hipDeviceGetAttribute(&value, rows[n].attribute, 0));
        assert_int_equal(value, rows[n].value);
    }
    GIVES("hipErrorInvalidValue", hipDeviceGetAttribute(&value, 12345, 0));
    GIVES("hipErrorInvalidValue", hipDeviceGetAttribute(NULL, 87, 0));
    GIVES("hipErrorInvalidDevice", hipDeviceGetAttribute(&value, 87, 1));
}

static void *other_thread(void *seen) {
    *(int *)seen = hipPeekAtLastError();
    return NULL;
}

static void test_errors(void **state) {
    (void)state;
    assert_string_equal(hipGetErrorName(0), "hipSuccess");
    assert_string_equal(hipGetErrorName(700), "hipErrorIllegalAddress");
    assert_string_equal(hipGetErrorName(4711), "hipErrorUnknown");
    assert_true(strlen(hipGetErrorString(2)) > 8);
    assert_int_equal(hipSetDevice(7), 101);
    int seen = -1;
    pthread_t thread;
    pthread_create(&thread, NULL, other_thread, &seen);
    pthread_join(thread, NULL);
    assert_int_equal(seen, 0);
    int value;
    OK(hipGetDevice(&value)); /* a success leaves the last error as it is */
    assert_int_equal(hipPeekAtLastError(), 101);
    assert_int_equal(hipGetLastError(), 101);
    assert_int_equal(hipGetLastError(), 0);
}

/* ---- memory ------------------------------------------------------------------------------------------- */

static void test_memory(void **state) {
    (void)state;
    size_t before = free_memory();
    void *p = device_memory(1000), *q = device_memory(1000), *big;
    assert_int_equal((uintptr_t)p % 256, 0);
    assert_true(free_memory() < before);
    unsigned char there[1000], back[1000];
    for (int i = 0; i < 1000; i++) there[i] = (unsigned char)(i * 7);
    OK(hipMemcpy(p, there, 1000, TO_DEVICE));
    OK(hipMemcpy(q, p, 1000, ON_DEVICE));
    OK(hipMemcpy(back, q, 1000, DEFAULT));
    assert_memory_equal(there, back, 1000);
    OK(hipMemcpyHtoD((char *)p + 10, there, 20));
    OK(hipMemcpyDtoD(q, p, 40));
    OK(hipMemcpyDtoH(back, q, 40));
    assert_memory_equal(back + 10, there, 20);
    OK(hipMemset(p, 0x11, 1000));
    OK(hipMemsetD16((char *)p + 2, 0x2345, 3));
    OK(hipMemsetD32((char *)p + 100, 0x01020304, 2));
    OK(hipMemsetD8((char *)p + 200, 9, 1));
    OK(hipMemcpy(back, p, 1000, FROM_DEVICE));
    static const unsigned char halves[] = {0x11, 0x11, 0x45, 0x23, 0x45, 0x23, 0x45, 0x23, 0x11},
                               words[] = {4, 3, 2, 1, 4, 3, 2, 1, 0x11};
    assert_memory_equal(back, halves, sizeof halves);
    assert_memory_equal(back + 100, words, sizeof words);
    assert_true(back[200] == 9 && back[201] == 0x11);
    OK(hipMemcpyAsync(p, there, 1000, TO_DEVICE, NULL));
    OK(hipMemcpyHtoDAsync(p, there, 10, NULL));
    OK(hipMemcpyDtoDAsync(q, p, 1000, NULL));
    OK(hipMemcpyDtoHAsync(back, q, 1000, NULL));
    assert_memory_equal(there, back, 1000);
    OK(hipMemcpyWithStream(back, p, 1000, FROM_DEVICE, NULL));
    OK(hipMemsetAsync(p, 1, 8, NULL));
    OK(hipMemsetD32Async(p, -1, 1, NULL));
    OK(hipMemcpy(back, p, 8, FROM_DEVICE));
    assert_true(back[3] == 0xff && back[4] == 1);
    OK(hipMallocAsync(&big, 64, NULL));
    OK(hipFreeAsync(big, NULL));

    OK(hipMalloc(&big, 0));
    assert_null(big);
    OK(hipFree(NULL));
    OK(hipMemcpy(NULL, NULL, 0, TO_DEVICE));
    GIVES("hipErrorInvalidValue", hipMalloc(NULL, 8));
    GIVES("hipErrorOutOfMemory", hipMalloc(&big, ((size_t)24 << 30) + 1));
    GIVES("hipErrorOutOfMemory", hipMalloc(&big, (size_t)24 << 30)); /* some of it is taken */
    GIVES("hipErrorOutOfMemory", hipMalloc(&big, SIZE_MAX));
    GIVES("hipErrorInvalidValue", hipMemcpy(p, there, 1001, TO_DEVICE));
    GIVES("hipErrorInvalidValue", hipMemcpy((char *)p + 999, there, 2, TO_DEVICE));
    GIVES("hipErrorInvalidValue", hipMemcpy(back, (char *)p + 999, 2, FROM_DEVICE));
    GIVES("hipErrorInvalidValue", hipMemcpy(there, there, 2, TO_DEVICE));
    GIVES("hipErrorInvalidValue", hipMemcpy(NULL, there, 2, DEFAULT));
    GIVES("hipErrorInvalidMemcpyDirection", hipMemcpy(p, there, 2, 5));
    GIVES("hipErrorInvalidValue", hipMemset(there, 0, 4));
    GIVES("hipErrorInvalidValue", hipMemset(p, 0, 1001));
    GIVES("hipErrorInvalidValue", hipFree((char *)p + 1));
    GIVES("hipErrorInvalidValue", hipFree(there));
    OK(hipFree(p));
    GIVES("hipErrorInvalidValue", hipFree(p));
    GIVES("hipErrorInvalidValue", hipMemcpy(back, p, 4, FROM_DEVICE)); /* freed */
    OK(hipFree(q));
    assert_int_equal(free_memory(), before);
}

static void test_pinned_memory(void **state) {
    (void)state;
    void *host, *in, *out;
    uint32_t sums[GROUPS];
    OK(hipHostMalloc(&host, BYTES, 0));
    OK(hipHostGetDevicePointer(&in, host, 0));
    GIVES("hipErrorInvalidValue", hipHostGetDevicePointer(&in, sums, 0));
    fill_input(host, 5);
    out = device_memory(sizeof sums);
    OK(launch_sums(in, out, NULL));
    OK(hipMemcpy(sums, out, sizeof sums, FROM_DEVICE));
    check_sums(sums, 5);
    GIVES("hipErrorInvalidValue", hipFree(host));
    OK(hipHostFree(host));

    uint32_t own[ITEMS];
    OK(hipHostRegister(own, sizeof own, 0));
    GIVES("hipErrorHostMemoryAlreadyRegistered", hipHostRegister(own + 1, 4, 0));
    GIVES("hipErrorInvalidValue", hipHostRegister(NULL, 4, 0));
    OK(hipHostGetDevicePointer(&in, own, 0));
    fill_input(own, 9);
    OK(launch_sums(in, out, NULL));
    OK(hipMemcpy(sums, out, sizeof sums, FROM_DEVICE));
    check_sums(sums, 9);
    GIVES("hipErrorInvalidValue", hipHostFree(own));
    GIVES("hipErrorHostMemoryNotRegistered", hipHostUnregister(own + 1));
    OK(hipHostUnregister(own));
    GIVES("hipErrorHostMemoryNotRegistered", hipHostUnregister(own));
    OK(hipFree(out));
}

/* ---- modules and launches ----------------------------------------------------------------------------- */

static void test_modules(void **state) {
    (void)state;
    size_t bytes, other_bytes;
    unsigned char *data = read_all(object_path, &bytes), *other = read_all(other_path, &other_bytes);
    void *m, *f;
    int value;
    OK(hipModuleLoadData(&m, data));
    OK(hipModuleUnload(m));
    OK(hipModuleLoadDataEx(&m, data, 0, NULL, NULL));
    OK(hipModuleGetFunction(&f, m, "ids"));
    OK(hipFuncGetAttribute(&value, 0, f));
    assert_int_equal(value, 1024);
    /* Work-items, LDS, constants, scratch, registers, versions (twice), a cache's mode, LDS left, a carveout. */
    static const int attributes[] = {1024, 1024, 0, 0, -1, 110, 110, 0, 65536 - 1024, 0};
    for (int n = 0; n < 10; n++) {
        OK(hipFuncGetAttribute(&value, n, group_sum));
        if (attributes[n] < 0)
            assert_in_range(value, 1, 256);
        else
            assert_int_equal(value, attributes[n]);
    }
    GIVES("hipErrorInvalidValue", hipFuncGetAttribute(&value, 10, f));
    GIVES("hipErrorInvalidValue", hipFuncGetAttribute(&value, 99, f));
    GIVES("hipErrorNotFound", hipModuleGetFunction(&f, m, "ids.kd"));
    GIVES("hipErrorInvalidValue", hipModuleGetFunction(&f, m, NULL));
    OK(hipModuleUnload(m));
    GIVES("hipErrorNotFound", hipModuleUnload(m));
    GIVES("hipErrorNotFound", hipModuleGetFunction(&f, m, "ids"));
    GIVES("hipErrorInvalidHandle", hipFuncGetAttribute(&value, 0, m));
    GIVES("hipErrorInvalidValue", hipModuleLoadData(&m, NULL));
    GIVES("hipErrorFileNotFound", hipModuleLoad(&m, "/nowhere/object.hsaco"));
    GIVES("hipErrorInvalidImage", hipModuleLoadData(&m, "neither of the kinds of code object"));
    GIVES("hipErrorNoBinaryForGpu", hipModuleLoadData(&m, other));
    GIVES("hipErrorNoBinaryForGpu", hipModuleLoad(&m, other_path));
    memset(data + 32, 0xff, 8); /* the program headers lie nowhere */
    GIVES("hipErrorInvalidImage", hipModuleLoadData(&m, data));
    free(data);
    free(other);
}

/* An offload bundle as the compiler writes it: an entry whose name goes on, one of another target, one of
 * this. */
static void test_bundle(void **state) {
    (void)state;
    static const char *const names[] = {"hipv4-amdgcn-amd-amdhsa--gfx11000",
                                        "hipv4-amdgcn-amd-amdhsa--gfx1101",
                                        "hipv4-amdgcn-amd-amdhsa--gfx1100"};
    size_t sizes[3] = {0};
    unsigned char *parts[3] = {NULL, read_all(other_path, &sizes[1]), read_all(object_path, &sizes[2])};
    unsigned char *bundle = calloc(1, 8192 + sizes[1] + sizes[2]);
    void *m, *f;
    for (uint64_t count = 3; count >= 2; count--) {
        uint64_t at = 24, offset = 4096;
        memcpy(bundle, "__CLANG_OFFLOAD_BUNDLE__", 24);
        memcpy(bundle + at, &count, 8), at += 8;
        for (size_t n = 0; n < count; n++) {
            uint64_t entry[3] = {offset, sizes[n], strlen(names[n])};
            memcpy(bundle + at, entry, sizeof entry), at += sizeof entry;
            memcpy(bundle + at, names[n], entry[2]), at += entry[2];
            if (parts[n]) memcpy(bundle + offset, parts[n], sizes[n]);
            offset += sizes[n];
        }
        if (count == 2) break;
        OK(hipModuleLoadData(&m, bundle));
        OK(hipModuleGetFunction(&f, m, "group_sum"));
        OK(hipModuleUnload(m));
    }
    GIVES("hipErrorNoBinaryForGpu", hipModuleLoadData(&m, bundle));
    free(bundle), free(parts[1]), free(parts[2]);
}

static void test_launch(void **state) {
    (void)state;
    uint32_t host[ITEMS], sums[GROUPS];
    void *in = device_memory(BYTES), *out = device_memory(64), *dead;
    fill_input(host, 1);
    OK(hipMemcpy(in, host, BYTES, TO_DEVICE));
    OK(launch_sums(in, out, NULL));
    OK(hipMemcpy(sums, out, sizeof sums, FROM_DEVICE));
    check_sums(sums, 1);

    struct {
        void *in, *out;
    } arguments = {in, out};
    size_t bytes = sizeof arguments, few = 8;
    void *extra[] = {(void *)1, &arguments, (void *)2, &bytes, (void *)3};
    void *params[] = {&in, &out};
    OK(hipMemset(out, 0, sizeof sums));
    OK(hipModuleLaunchKernel(group_sum, GROUPS, 1, 1, BLOCK, 1, 1, 0, NULL, NULL, extra));
    OK(hipMemcpy(sums, out, sizeof sums, FROM_DEVICE));
    check_sums(sums, 1);
    OK(hipMemset(out, 0, sizeof sums));
    OK(hipExtModuleLaunchKernel(group_sum, ITEMS, 1, 1, BLOCK, 1, 1, 0, NULL, params, NULL, NULL, NULL, 0));
    OK(hipMemcpy(sums, out, sizeof sums, FROM_DEVICE));
    check_sums(sums, 1);

#define LAUNCH(f, gx, gy, bx, by, lds, stream, p, e)                                                         \
    hipModuleLaunchKernel(f, gx, gy, 1, bx, by, 1, lds, stream, p, e)
    void *hidden;
    OK(hipModuleGetFunction(&hidden, module, "hidden"));
    OK(LAUNCH(hidden, 1, 65535, 1, 1, 0, NULL, &params[1], NULL));
    GIVES("hipErrorInvalidValue", LAUNCH(hidden, 1, 65536, 1, 1, 0, NULL, &params[1], NULL));
    GIVES("hipErrorInvalidValue",
          hipModuleLaunchKernel(hidden, 1, 1, 65536, 1, 1, 1, 0, NULL, &params[1], NULL));
    GIVES("hipErrorInvalidValue",
          hipExtModuleLaunchKernel(hidden, 1, 1 << 17, 1, 1, 1, 1, 0, NULL, &params[1], NULL, NULL, NULL, 0));
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 1, 1, BLOCK, 1, 0, NULL, params, extra));
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 1, 1, BLOCK, 1, 0, NULL, NULL, NULL));
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 0, 1, BLOCK, 1, 0, NULL, params, NULL));
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 1, 1, 0, 1, 0, NULL, params, NULL));
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 1, 1, 1025, 1, 0, NULL, params, NULL));
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 1, 1, 64, 32, 0, NULL, params, NULL));
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 1u << 31, 1, BLOCK, 1, 0, NULL, params, NULL));
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 1, 1, BLOCK, 1, 65536, NULL, params, NULL));
    GIVES("hipErrorInvalidHandle", LAUNCH(NULL, 1, 1, BLOCK, 1, 0, NULL, params, NULL));
    GIVES("hipErrorInvalidHandle", LAUNCH(module, 1, 1, BLOCK, 1, 0, NULL, params, NULL));
    GIVES("hipErrorContextIsDestroyed", LAUNCH(group_sum, 1, 1, BLOCK, 1, 0, module, params, NULL));
    GIVES("hipErrorInvalidValue",
          hipExtModuleLaunchKernel(group_sum, 300, 1, 1, BLOCK, 1, 1, 0, NULL, params, NULL, NULL, NULL, 0));
    extra[3] = &few;
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 1, 1, BLOCK, 1, 0, NULL, NULL, extra));
    extra[3] = &bytes, extra[0] = (void *)2, extra[2] = (void *)1;
    GIVES("hipErrorInvalidValue", LAUNCH(group_sum, 1, 1, BLOCK, 1, 0, NULL, NULL, extra));

    void *second;
    OK(hipModuleLoad(&second, object_path));
    OK(hipModuleGetFunction(&dead, second, "group_sum"));
    OK(hipModuleUnload(second));
    GIVES("hipErrorInvalidHandle", LAUNCH(dead, 1, 1, BLOCK, 1, 0, NULL, params, NULL));
    OK(hipFree(in));
    OK(hipFree(out));
}

/* After a fault every call that needs the device tells of it, until the device is reset. */
static void test_faults(void **state) {
    (void)state;
    void *out = device_memory(256), *stream;
    uint64_t far = 1 << 20;
    void *params[] = {&out, &far};
    uint32_t word;
    OK(hipStreamCreate(&stream));
    OK(hipModuleLaunchKernel(store_at, 1, 1, 1, 32, 1, 1, 0, stream, params, NULL));
    GIVES("hipErrorIllegalAddress", hipStreamSynchronize(stream));
    GIVES("hipErrorIllegalAddress", hipDeviceSynchronize());
    GIVES("hipErrorIllegalAddress", hipMemcpy(&word, out, 4, FROM_DEVICE));
    GIVES("hipErrorIllegalAddress", hipMalloc(&out, 8));
    GIVES("hipErrorIllegalAddress", launch_sums(out, out, NULL));
    GIVES("hipErrorIllegalAddress", hipGetLastError());
    GIVES("hipErrorIllegalAddress", hipStreamDestroy(stream));
    OK(hipDeviceReset());
    OK(hipDeviceSynchronize());
    set_up(NULL);
    OK(hipModuleLaunchKernel(trap_kernel, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, NULL));
    GIVES("hipErrorLaunchFailure", hipDeviceSynchronize());
    OK(hipDeviceReset());
    set_up(NULL);

    /* memory that was freed */
    out = device_memory(256);
    far = 0;
    OK(hipFree(out));
    OK(hipModuleLaunchKernel(store_at, 1, 1, 1, 32, 1, 1, 0, NULL, params, NULL));
    GIVES("hipErrorIllegalAddress", hipDeviceSynchronize());
    OK(hipDeviceReset());
    set_up(NULL);
}

/* ---- streams and events ------------------------------------------------------------------------------- */

static void test_streams(void **state) {
    (void)state;
    void *s, *start, *stop, *untimed;
    float milliseconds = -1;
    OK(hipStreamCreateWithFlags(&s, 1));
    GIVES("hipErrorInvalidValue", hipStreamCreateWithFlags(&s, 2));
    GIVES("hipErrorInvalidValue", hipStreamCreate(NULL));
    OK(hipEventCreate(&start));
    OK(hipEventCreateWithFlags(&stop, 0));
    OK(hipEventCreateWithFlags(&untimed, 2));
    GIVES("hipErrorInvalidHandle", hipEventElapsedTime(&milliseconds, start, stop)); /* not recorded */
    uint32_t host[ITEMS];
    void *in = device_memory(BYTES), *out = device_memory(4 * GROUPS);
    fill_input(host, 3);
    OK(hipEventRecord(start, s));
    OK(hipMemcpyAsync(in, host, BYTES, TO_DEVICE, s));
    OK(launch_sums(in, out, s));
    OK(hipMemcpyAsync(host, out, 4 * GROUPS, FROM_DEVICE, s));
    OK(hipEventRecord(stop, s));
    OK(hipEventRecord(untimed, s));
    OK(hipStreamWaitEvent(NULL, stop, 0));
    OK(hipStreamQuery(s));
    OK(hipStreamSynchronize(s));
    OK(hipEventQuery(stop));
    OK(hipEventSynchronize(stop));
    check_sums(host, 3);
    OK(hipEventElapsedTime(&milliseconds, start, stop));
    assert_true(milliseconds > 0 && milliseconds < 60000);
    GIVES("hipErrorInvalidHandle", hipEventElapsedTime(&milliseconds, start, untimed));
    GIVES("hipErrorInvalidValue", hipEventElapsedTime(NULL, start, stop));
    OK(hipEventDestroy(start));
    GIVES("hipErrorInvalidHandle", hipEventDestroy(start));
    GIVES("hipErrorInvalidHandle", hipEventRecord(start, s));
    GIVES("hipErrorInvalidHandle", hipStreamWaitEvent(s, start, 0));
    OK(hipEventDestroy(stop));
    OK(hipEventDestroy(untimed));
    OK(hipStreamDestroy(s));
    GIVES("hipErrorContextIsDestroyed", hipStreamSynchronize(s));
    GIVES("hipErrorContextIsDestroyed", hipMemcpyAsync(in, host, 4, TO_DEVICE, s));
    GIVES("hipErrorContextIsDestroyed", hipStreamDestroy(s));
    GIVES("hipErrorInvalidHandle", hipStreamDestroy(NULL));
    OK(hipStreamCreateWithPriority(&s, 0, -1));
    OK(hipStreamDestroy(s));
    OK(hipFree(in));
    OK(hipFree(out));
}

/* Handles are found in less time than it takes to look at all of them. */
static void test_many_handles(void **state) {
    (void)state;
    enum { HANDLES = 200000, LIMIT = 5 }; /* seconds; as a list they take a minute */
    void **events = malloc(HANDLES * sizeof *events);
    clock_t start = clock();
    for (int n = 0; n < HANDLES; n++) OK(hipEventCreateWithFlags(&events[n], 2));
    for (int n = 0; n < HANDLES; n++) OK(hipEventDestroy(events[n]));
    assert_true(clock() - start < LIMIT * CLOCKS_PER_SEC);
    GIVES("hipErrorInvalidHandle", hipEventDestroy(events[HANDLES / 2]));
    free(events);
}

/* One stream of its own for each of two threads, at once. */
static void *stream_of_thread(void *argument) {
    uint32_t first = *(uint32_t *)argument, host[ITEMS], sums[GROUPS];
    void *s, *in = device_memory(BYTES), *out = device_memory(sizeof sums);
    OK(hipStreamCreateWithFlags(&s, 1));
    for (uint32_t round = 0; round < 30; round++) {
        fill_input(host, first + round);
        OK(hipMemcpyAsync(in, host, BYTES, TO_DEVICE, s));
        OK(launch_sums(in, out, s));
        OK(hipMemcpyAsync(sums, out, sizeof sums, FROM_DEVICE, s));
        OK(hipStreamSynchronize(s));
        check_sums(sums, first + round);
    }
    OK(hipStreamDestroy(s));
    OK(hipFree(in));
    OK(hipFree(out));
    return NULL;
}

static void test_two_threads(void **state) {
    (void)state;
    uint32_t firsts[2] = {1, 70000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stream_of_thread, &firsts[0]), 0);
    stream_of_thread(&firsts[1]);
    pthread_join(thread, NULL);
}

/* ---- failures that are ordered ------------------------------------------------------------------------ */

static void test_ordered_failures(void **state) {
    (void)state;
    void *p, *q;
    setenv("RDNASIM_HIP_FAIL", "hipMalloc:2=hipErrorOutOfMemory, hipFree=719,nonsense,hipInit=hipErrorNone",
           1);
    OK(hipMalloc(&p, 8));
    GIVES("hipErrorOutOfMemory", hipMalloc(&q, 8));
    OK(hipMalloc(&q, 8));
    GIVES("hipErrorLaunchFailure", hipFree(p));
    GIVES("hipErrorLaunchFailure", hipFree(p));
    OK(hipInit(0));
    OK(hipDeviceSynchronize()); /* not sticky */
    unsetenv("RDNASIM_HIP_FAIL");
    OK(hipFree(p));
    OK(hipFree(q));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    open_front(argv[1]);
    object_path = argv[2], other_path = argv[3];
    const struct CMUnitTest tests[] = {
        TEST(test_device),          TEST(test_attributes), TEST(test_errors),       TEST(test_memory),
        TEST(test_pinned_memory),   TEST(test_modules),    TEST(test_bundle),       TEST(test_launch),
        TEST(test_faults),          TEST(test_streams),    TEST(test_many_handles), TEST(test_two_threads),
        TEST(test_ordered_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
