/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Capture and replay on libamdhip64: what a graph repeats, what each mode forbids, how captures become
 * invalid. test_capture LIBRARY OBJECT
 */
#include <pthread.h>

#include "front.h"

enum { BLOCK = 256 };

static const char *object_path;
static void *module, *group_sum, *stream, *in, *out;

static int set_up(void **state) {
    (void)state;
    OK(hipModuleLoad(&module, object_path));
    OK(hipModuleGetFunction(&group_sum, module, "group_sum"));
    OK(hipStreamCreate(&stream));
    OK(hipMalloc(&in, 4 * BLOCK));
    OK(hipMalloc(&out, 4));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    size_t left, total;
    OK(hipStreamDestroy(stream));
    OK(hipFree(in));
    OK(hipFree(out));
    OK(hipModuleUnload(module));
    OK(hipMemGetInfo(&left, &total));
    assert_int_equal(left, total);
    return 0;
}

static int launch(void *on) {
    void *params[] = {&in, &out};
    return hipModuleLaunchKernel(group_sum, 1, 1, 1, BLOCK, 1, 1, 0, on, params, NULL);
}

static int status_of(void *s) {
    int status = -1;
    OK(hipStreamIsCapturing(s, &status));
    return status;
}

static void begin(int mode) { OK(hipStreamBeginCapture(stream, mode)); }

static void *end(void) {
    void *graph = NULL;
    OK(hipStreamEndCapture(stream, &graph));
    assert_non_null(graph);
    return graph;
}

static void end_invalid(void) {
    void *graph = stream;
    assert_int_equal(status_of(stream), 2);
    GIVES("hipErrorStreamCaptureInvalidated", launch(stream));
    GIVES("hipErrorStreamCaptureInvalidated", hipStreamEndCapture(stream, &graph));
    assert_null(graph);
    assert_int_equal(status_of(stream), 0);
}

static void end_valid(void) {
    assert_int_equal(status_of(stream), 1);
    OK(hipGraphDestroy(end()));
}

/* Memory that a graph allocates: through it goes a sum; freed by the graph, or by the program. */
static void test_memory(void **state) {
    (void)state;
    enum { FREE_ON_LAUNCH = 1 };
    uint32_t ones[BLOCK], sum = 0, seen = 0;
    void *words, *kept, *exec, *anew;
    size_t before, after, total;
    OK(hipMemGetInfo(&before, &total));
    for (int i = 0; i < BLOCK; i++) ones[i] = 1;
    begin(GLOBAL_MODE);
    OK(hipMallocAsync(&words, sizeof ones, stream));
    OK(hipMemcpyAsync(&seen, words, 4, FROM_DEVICE, stream));
    OK(hipMemcpyAsync(words, ones, sizeof ones, TO_DEVICE, stream));
    void *params[] = {&words, &out};
    OK(hipModuleLaunchKernel(group_sum, 1, 1, 1, BLOCK, 1, 1, 0, stream, params, NULL));
    OK(hipFreeAsync(words, stream));
    OK(hipMallocAsync(&kept, 4, stream));
    OK(hipMemcpyAsync(kept, out, 4, ON_DEVICE, stream));
    void *graph = end();
    GIVES("hipErrorInvalidValue", hipFree(words)); /* it is the graph's */
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphInstantiateWithFlags(&anew, graph, FREE_ON_LAUNCH));
    OK(hipGraphDestroy(graph));
    for (uint32_t n = 1; n < 3; n++) {
        seen = 0;
        OK(hipGraphLaunch(exec, stream));
        assert_int_equal(seen, 0xffffffff); /* nothing is left of the last time */
        OK(hipMemcpy(&sum, kept, 4, FROM_DEVICE));
        assert_int_equal(sum, n * BLOCK);
        GIVES("hipErrorInvalidValue", hipGraphLaunch(exec, stream)); /* `kept` is still there */
        OK(hipFreeAsync(kept, stream));
        GIVES("hipErrorInvalidValue", hipFree(kept));
        for (int i = 0; i < BLOCK; i++) ones[i] = n + 1;
    }
    OK(hipGraphLaunch(anew, stream));
    OK(hipGraphLaunch(anew, stream));
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphExecDestroy(anew));
    OK(hipMemcpy(&sum, kept, 4, FROM_DEVICE)); /* the program has not freed it yet */
    assert_int_equal(sum, 3 * BLOCK);
    OK(hipFree(kept));
    GIVES("hipErrorInvalidValue", hipFree(words));
    OK(hipMemGetInfo(&after, &total));
    assert_int_equal(after, before);

    /* What was allocated elsewhere is not a graph's to free; a capture that fails leaves nothing. */
    OK(hipMalloc(&words, 4));
    begin(RELAXED_MODE);
    OK(hipMallocAsync(&kept, 4, stream));
    GIVES("hipErrorStreamCaptureUnsupported", hipFreeAsync(words, stream));
    GIVES("hipErrorStreamCaptureInvalidated", hipMallocAsync(&kept, 4, stream));
    end_invalid();
    OK(hipFree(words));
}

/* Host memory is read when the graph runs, kernel arguments when the launch is captured. */
static void test_replay(void **state) {
    (void)state;
    uint32_t ones[BLOCK], sum = 7;
    void *exec, *second;
    OK(hipMemset(out, 0, 4));
    for (int i = 0; i < BLOCK; i++) ones[i] = 1;
    begin(GLOBAL_MODE);
    OK(hipMemsetAsync(out, 0xff, 4, stream));
    OK(hipMemcpyAsync(in, ones, sizeof ones, TO_DEVICE, stream));
    OK(launch(stream));
    OK(hipMemcpyAsync(&sum, out, 4, FROM_DEVICE, stream));
    unsigned long long id = 0;
    int status = -1;
    void *graph, *none = stream;
    size_t count = 9;
    OK(hipStreamGetCaptureInfo(stream, &status, &id));
    assert_true(status == 1 && id != 0);
    OK(hipStreamGetCaptureInfo_v2(stream, &status, &id, &none, NULL, &count));
    assert_true(status == 1 && !none && !count);
    graph = end();
    assert_int_equal(sum, 7); /* nothing has run */
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphInstantiateWithFlags(&second, graph, 0));
    OK(hipGraphDestroy(graph));
    OK(hipGraphLaunch(exec, stream));
    OK(hipStreamSynchronize(stream));
    assert_int_equal(sum, BLOCK);
    for (int i = 0; i < BLOCK; i++) ones[i] = 3;
    OK(hipGraphLaunch(exec, NULL));
    assert_int_equal(sum, 3 * BLOCK);

    /* A graph within a capture becomes part of it. */
    sum = 0;
    begin(GLOBAL_MODE);
    OK(hipGraphLaunch(exec, stream));
    graph = end();
    assert_int_equal(sum, 0);
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphDestroy(graph));
    OK(hipGraphLaunch(exec, stream));
    assert_int_equal(sum, 3 * BLOCK);
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphExecDestroy(second));
    GIVES("hipErrorInvalidValue", hipGraphLaunch(exec, stream));
    GIVES("hipErrorInvalidValue", hipGraphExecDestroy(exec));
    GIVES("hipErrorInvalidValue", hipGraphDestroy(graph));
    GIVES("hipErrorInvalidValue", hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
}

static int do_malloc(void) {
    void *p = NULL;
    int code = hipMalloc(&p, 16);
    if (!code) OK(hipFree(p));
    return code;
}
static int do_free(void) {
    void *p;
    int relaxed = RELAXED_MODE, code;
    OK(hipThreadExchangeStreamCaptureMode(&relaxed));
    OK(hipMalloc(&p, 16));
    OK(hipThreadExchangeStreamCaptureMode(&relaxed));
    code = hipFree(p);
    if (!code) return 0;
    relaxed = RELAXED_MODE;
    OK(hipThreadExchangeStreamCaptureMode(&relaxed));
    OK(hipFree(p));
    OK(hipThreadExchangeStreamCaptureMode(&relaxed));
    return code;
}
static int do_host_malloc(void) {
    void *p = NULL;
    int code = hipHostMalloc(&p, 16, 0);
    if (!code) OK(hipHostFree(p));
    return code;
}
static int do_register(void) {
    uint32_t word;
    int code = hipHostRegister(&word, 4, 0);
    if (!code) OK(hipHostUnregister(&word));
    return code;
}
static int do_load(void) {
    void *m = NULL;
    int code = hipModuleLoad(&m, object_path);
    if (!code) OK(hipModuleUnload(m));
    return code;
}
static int do_copy(void) {
    uint32_t word = 0;
    return hipMemcpy(out, &word, 4, TO_DEVICE);
}
static int do_fill(void) { return hipMemset(out, 0, 4); }
static int do_device_sync(void) { return hipDeviceSynchronize(); }
static int do_stream_sync(void) { return hipStreamSynchronize(stream); }
static int do_query(void) { return hipStreamQuery(stream); }

static const struct {
    const char *name;
    int (*call)(void);
    int relaxed_allows;
    int other_threads_too; /* in thread-local mode */
} forbidden[] = {{"hipMalloc", do_malloc, 1, 0},
                 {"hipFree", do_free, 1, 0},
                 {"hipHostMalloc", do_host_malloc, 1, 0},
                 {"hipHostRegister", do_register, 1, 0},
                 {"hipModuleLoad", do_load, 1, 0},
                 {"hipMemcpy", do_copy, 0, 1},
                 {"hipMemset", do_fill, 0, 1},
                 {"hipDeviceSynchronize", do_device_sync, 0, 1},
                 {"hipStreamSynchronize", do_stream_sync, 0, 1},
                 {"hipStreamQuery", do_query, 0, 1}};
enum { FORBIDDEN = sizeof forbidden / sizeof forbidden[0] };

struct attempt {
    int (*call)(void);
    int code;
};
static void *attempt(void *argument) {
    struct attempt *a = argument;
    a->code = a->call();
    return NULL;
}

static void test_forbidden(void **state) {
    (void)state;
    for (int mode = GLOBAL_MODE; mode <= RELAXED_MODE; mode++)
        for (int n = 0; n < FORBIDDEN; n++)
            for (int other = 0; other < 2; other++) {
                int allowed = (mode == RELAXED_MODE && forbidden[n].relaxed_allows) ||
                              (mode == THREAD_MODE && other && !forbidden[n].other_threads_too);
                struct attempt a = {forbidden[n].call, -1};
                begin(mode);
                OK(launch(stream));
                if (other) {
                    pthread_t thread;
                    assert_int_equal(pthread_create(&thread, NULL, attempt, &a), 0);
                    pthread_join(thread, NULL);
                } else {
                    attempt(&a);
                }
                if (a.code != (allowed ? 0 : 900))
                    fail_msg("%s in mode %d, thread %d: %s", forbidden[n].name, mode, other,
                             hipGetErrorName(a.code));
                if (allowed)
                    end_valid();
                else
                    end_invalid();
                OK(forbidden[n].call()); /* it is over */
            }
}

static void test_thread_mode(void **state) {
    (void)state;
    int mode = RELAXED_MODE;
    OK(hipThreadExchangeStreamCaptureMode(&mode));
    assert_int_equal(mode, GLOBAL_MODE);
    begin(GLOBAL_MODE);
    OK(do_malloc());
    end_valid();
    OK(hipThreadExchangeStreamCaptureMode(&mode));
    assert_int_equal(mode, RELAXED_MODE);
    mode = 3;
    GIVES("hipErrorInvalidValue", hipThreadExchangeStreamCaptureMode(&mode));
}

static void *end_elsewhere(void *code) {
    void *graph;
    *(int *)code = hipStreamEndCapture(stream, &graph);
    if (!*(int *)code) OK(hipGraphDestroy(graph));
    return NULL;
}

static void test_begin_and_end(void **state) {
    (void)state;
    void *graph;
    int code;
    pthread_t thread;
    GIVES("hipErrorStreamCaptureUnsupported", hipStreamBeginCapture(NULL, GLOBAL_MODE));
    GIVES("hipErrorInvalidValue", hipStreamBeginCapture(stream, 3));
    GIVES("hipErrorIllegalState", hipStreamEndCapture(stream, &graph));
    GIVES("hipErrorContextIsDestroyed", hipStreamBeginCapture(module, GLOBAL_MODE));
    begin(GLOBAL_MODE);
    GIVES("hipErrorIllegalState", hipStreamBeginCapture(stream, GLOBAL_MODE));
    GIVES("hipErrorInvalidValue", hipStreamEndCapture(stream, NULL));
    pthread_create(&thread, NULL, end_elsewhere, &code);
    pthread_join(thread, NULL);
    assert_int_equal(code, 908);
    end_valid();
    begin(RELAXED_MODE);
    pthread_create(&thread, NULL, end_elsewhere, &code);
    pthread_join(thread, NULL);
    assert_int_equal(code, 0);

    void *short_lived;
    OK(hipStreamCreate(&short_lived));
    OK(hipStreamBeginCapture(short_lived, GLOBAL_MODE));
    OK(launch(short_lived));
    OK(hipStreamDestroy(short_lived));
    OK(do_malloc()); /* its capture went with it */
}

/* The null stream would wait for a capture in every stream but those that are declared not to. */
static void test_null_stream(void **state) {
    (void)state;
    int status;
    begin(RELAXED_MODE);
    GIVES("hipErrorStreamCaptureImplicit", hipStreamIsCapturing(NULL, &status));
    GIVES("hipErrorStreamCaptureImplicit", launch(NULL));
    end_invalid();
    void *own, *graph;
    OK(hipStreamCreateWithFlags(&own, 1));
    OK(hipStreamBeginCapture(own, RELAXED_MODE));
    OK(launch(NULL));
    OK(hipStreamIsCapturing(NULL, &status));
    assert_int_equal(status, 0);
    OK(hipStreamEndCapture(own, &graph));
    OK(hipGraphDestroy(graph));
    OK(hipStreamDestroy(own));
}

static void test_fork_and_join(void **state) {
    (void)state;
    void *other, *fork, *join, *graph, *exec;
    float milliseconds;
    uint32_t sum = 0, ones[BLOCK];
    for (int i = 0; i < BLOCK; i++) ones[i] = 1;
    OK(hipStreamCreate(&other));
    OK(hipEventCreate(&fork));
    OK(hipEventCreate(&join));
    begin(GLOBAL_MODE);
    OK(hipMemcpyAsync(in, ones, sizeof ones, TO_DEVICE, stream));
    OK(hipEventRecord(fork, stream));
    OK(hipStreamWaitEvent(other, fork, 0));
    assert_int_equal(status_of(other), 1);
    OK(launch(other));
    GIVES("hipErrorCapturedEvent", hipEventQuery(fork));
    GIVES("hipErrorCapturedEvent", hipEventSynchronize(fork));
    GIVES("hipErrorStreamCaptureUnmatched", hipStreamEndCapture(other, &graph));
    OK(hipEventRecord(join, other));
    OK(hipStreamWaitEvent(stream, join, 0));
    OK(hipMemcpyAsync(&sum, out, 4, FROM_DEVICE, stream));
    graph = end();
    assert_int_equal(status_of(other), 0);
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphLaunch(exec, other));
    assert_int_equal(sum, BLOCK);
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
    GIVES("hipErrorInvalidHandle", hipEventElapsedTime(&milliseconds, fork, join)); /* were never recorded */

    begin(GLOBAL_MODE); /* work after the join */
    OK(hipEventRecord(fork, stream));
    OK(hipStreamWaitEvent(other, fork, 0));
    OK(hipEventRecord(join, other));
    OK(hipStreamWaitEvent(stream, join, 0));
    OK(launch(other));
    GIVES("hipErrorStreamCaptureUnjoined", hipStreamEndCapture(stream, &graph));
    assert_int_equal(status_of(stream) | status_of(other), 0);

    OK(hipEventRecord(fork, other)); /* an event from outside */
    begin(GLOBAL_MODE);
    GIVES("hipErrorStreamCaptureIsolation", hipStreamWaitEvent(stream, fork, 0));
    end_invalid();

    begin(RELAXED_MODE); /* two captures */
    OK(hipEventRecord(fork, stream));
    OK(hipStreamBeginCapture(other, RELAXED_MODE));
    GIVES("hipErrorStreamCaptureMerge", hipStreamWaitEvent(other, fork, 0));
    GIVES("hipErrorStreamCaptureInvalidated", hipStreamEndCapture(other, &graph));
    end_invalid();
    OK(hipEventDestroy(fork));
    OK(hipEventDestroy(join));
    OK(hipStreamDestroy(other));
}

/* A launch that cannot be is refused when it is captured, and does the capture no harm. */
static void test_refused_launches(void **state) {
    (void)state;
    void *params[] = {&in, &out};
    begin(GLOBAL_MODE);
    GIVES("hipErrorInvalidValue",
          hipModuleLaunchKernel(group_sum, 1, 1, 1, 1024, 2, 1, 0, stream, params, NULL));
    GIVES("hipErrorInvalidValue",
          hipModuleLaunchKernel(group_sum, 1, 1, 1, BLOCK, 1, 1, 65536 - 1023, stream, params, NULL));
    OK(hipModuleLaunchKernel(group_sum, 1, 1, 1, BLOCK, 1, 1, 65536 - 1024, stream, params, NULL));
    GIVES("hipErrorInvalidValue", hipMemcpyAsync(out, params, 5, TO_DEVICE, stream));
    end_valid();
}

/* A graph outlives what it refers to; its launch then says so. */
static void test_stale_graph(void **state) {
    (void)state;
    void *graph, *exec, *second;
    OK(hipModuleLoad(&second, object_path));
    void *function = group_sum;
    OK(hipModuleGetFunction(&group_sum, second, "group_sum"));
    begin(GLOBAL_MODE);
    OK(launch(stream));
    group_sum = function;
    graph = end();
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphLaunch(exec, stream));
    OK(hipModuleUnload(second));
    GIVES("hipErrorInvalidHandle", hipGraphLaunch(exec, stream));
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    open_front(argv[1]);
    object_path = argv[2];
    const struct CMUnitTest tests[] = {
        TEST(test_replay),        TEST(test_memory),        TEST(test_forbidden),
        TEST(test_thread_mode),   TEST(test_begin_and_end), TEST(test_null_stream),
        TEST(test_fork_and_join), TEST(test_stale_graph),   TEST(test_refused_launches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
