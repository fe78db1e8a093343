/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The hip device on the simulated runtime, end to end through the public API: the same bits as the sim
 * device, captured and replayed, from two threads at once, and with every call of the runtime failing in its
 * turn. test_hip_w4a16 LIBRARY
 */
#include <pthread.h>

#include "front.h"
#include "random.h"
#include "w4a16/linear.h"

enum { N_MAX = 80, K_MAX = 256, M_MAX = 40 };

struct format {
    const char *name;
    int64_t N, K, group;
    w4a16_dtype act, scale;
    int zeros, perm, bias;
};
static const struct format formats[] = {
    {"symmetric, fp16", 64, 256, 128, W4A16_F16, W4A16_F16, 0, 0, 0},
    {"zeros, bf16", 64, 256, 64, W4A16_BF16, W4A16_BF16, 1, 0, 0},
    {"act-order and bias, fp16", 80, 128, 32, W4A16_F16, W4A16_F16, 1, 1, 1},
    {"odd sizes, bf16", 40, 64, 32, W4A16_BF16, W4A16_BF16, 0, 1, 1},
};
enum { FORMATS = sizeof formats / sizeof formats[0] };
static const int64_t rows[] = {1, 3, 16, 40};
enum { ROWS = sizeof rows / sizeof rows[0] };

/* About 2^-6 to 2^-3 in either type, of either sign. */
static uint16_t small_number(w4a16_dtype type, uint64_t bits) {
    unsigned exponent = (unsigned)(bits >> 32 & 3), sign = (unsigned)(bits >> 40 & 1);
    return type == W4A16_F16 ? (uint16_t)(sign << 15 | (9 + exponent) << 10 | (bits & 0x3ff))
                             : (uint16_t)(sign << 15 | (121 + exponent) << 7 | (bits & 0x7f));
}

struct data {
    uint32_t q[K_MAX / 8 * N_MAX];
    uint16_t scale[K_MAX / 32 * N_MAX], bias[N_MAX], a[M_MAX * K_MAX];
    uint8_t zero[K_MAX / 32 * N_MAX];
    int32_t perm[K_MAX];
};

static void make_data(struct data *d, const struct format *f, uint64_t seed) {
    for (size_t i = 0; i < sizeof d->q / 4; i++) d->q[i] = (uint32_t)random_at(seed, i);
    for (size_t i = 0; i < sizeof d->scale / 2; i++)
        d->scale[i] = small_number(f->scale, random_at(seed + 1, i));
    for (size_t i = 0; i < sizeof d->zero; i++) d->zero[i] = (uint8_t)(random_at(seed + 2, i) % 17);
    for (size_t i = 0; i < N_MAX; i++) d->bias[i] = small_number(f->act, random_at(seed + 3, i));
    for (size_t i = 0; i < sizeof d->a / 2; i++) d->a[i] = small_number(f->act, random_at(seed + 4, i));
    for (int32_t k = 0; k < f->K; k++) d->perm[k] = (int32_t)((k * 37 + 11) % f->K);
}

/* ---- one product -------------------------------------------------------------------------------------- */

struct product {
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_run_args args;
    size_t out_bytes;
};

static w4a16_status open_device(w4a16_device_kind kind, w4a16_device **out, w4a16_error *error) {
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = kind;
    return w4a16_device_open(&options, out, error);
}

static w4a16_status prepare(struct product *p, w4a16_device *device, const struct format *f, int64_t M,
                            const struct data *d, w4a16_error *error) {
    w4a16_layer layer;
    w4a16_problem problem;
    *p = (struct product){
        .device = device, .args = {.struct_size = sizeof p->args}, .out_bytes = (size_t)(2 * M * f->N)};
    w4a16_layer_init(&layer, sizeof layer);
    layer.N = f->N, layer.K = f->K, layer.group_size = f->group, layer.scale_type = f->scale;
    layer.q = d->q, layer.scale = d->scale;
    if (f->zeros) layer.zero = d->zero;
    if (f->perm) layer.perm = d->perm;
    if (f->bias) layer.bias = d->bias, layer.bias_type = f->act;
    w4a16_status status = w4a16_weights_create(device, &layer, &p->weights, error);
    if (status == W4A16_OK) {
        w4a16_problem_init(&problem, sizeof problem);
        w4a16_problem_from_weights(&problem, p->weights);
        problem.shape.M = M, problem.act = f->act;
        status = w4a16_plan_create(device, p->weights, &problem, &p->plan, error);
    }
    size_t a_bytes = (size_t)(2 * M * f->K);
    if (status == W4A16_OK) status = w4a16_buffer_alloc(device, a_bytes, &p->args.a, error);
    if (status == W4A16_OK) status = w4a16_buffer_alloc(device, p->out_bytes, &p->args.out, error);
    if (status == W4A16_OK && w4a16_plan_workspace(p->plan))
        status = w4a16_buffer_alloc(device, w4a16_plan_workspace(p->plan), &p->args.workspace, error);
    if (status == W4A16_OK) status = w4a16_copy_to_device(device, p->args.a, d->a, a_bytes, error);
    return status;
}

static w4a16_status run(struct product *p, void *out, w4a16_error *error) {
    w4a16_status status = w4a16_run(p->plan, &p->args, NULL, error);
    if (status == W4A16_OK) status = w4a16_copy_from_device(p->device, out, p->args.out, p->out_bytes, error);
    return status;
}

static void end(struct product *p) {
    if (p->device) {
        w4a16_buffer_free(p->device, p->args.a, NULL);
        w4a16_buffer_free(p->device, p->args.out, NULL);
        w4a16_buffer_free(p->device, p->args.workspace, NULL);
    }
    w4a16_plan_free(p->plan);
    w4a16_weights_free(p->weights);
}

#define MUST(call)                                                                                           \
    do {                                                                                                     \
        if ((call) != W4A16_OK) fail_msg("%s: %s", #call, error.message);                                    \
    } while (0)

static struct data data;

static void product_on(w4a16_device_kind kind, const struct format *f, int64_t M, const struct data *d,
                       void *out) {
    w4a16_error error;
    w4a16_device *device;
    struct product p;
    MUST(open_device(kind, &device, &error));
    MUST(prepare(&p, device, f, M, d, &error));
    MUST(run(&p, out, &error));
    end(&p);
    w4a16_device_close(device);
}

static int nothing_left(void **state) {
    (void)state;
    unsetenv("RDNASIM_HIP_FAIL");
    size_t left, total;
    OK(hipMemGetInfo(&left, &total));
    return left != total;
}

/* ---- tests -------------------------------------------------------------------------------------------- */

static void test_info(void **state) {
    (void)state;
    w4a16_error error;
    w4a16_device *device;
    w4a16_device_info info;
    MUST(open_device(W4A16_DEVICE_HIP, &device, &error));
    w4a16_device_get_info(device, &info);
    const char *target = getenv("RDNASIM_TARGET");
    assert_string_equal(info.target, target ? target : "gfx1100");
    assert_non_null(strstr(info.name, "(simulated)"));
    assert_memory_equal(info.runtime, "HIP 7.", 6);
    w4a16_device_close(device);
}

static void test_same_bits(void **state) {
    (void)state;
    static uint16_t sim[M_MAX * N_MAX], hip[M_MAX * N_MAX];
    for (int f = 0; f < FORMATS; f++)
        for (int m = 0; m < ROWS; m++) {
            size_t count = (size_t)(rows[m] * formats[f].N);
            make_data(&data, &formats[f], (uint64_t)f);
            product_on(W4A16_DEVICE_SIM, &formats[f], rows[m], &data, sim);
            product_on(W4A16_DEVICE_HIP, &formats[f], rows[m], &data, hip);
            uint32_t some = 0;
            for (size_t i = 0; i < count; i++) {
                some |= sim[i];
                if (sim[i] != hip[i])
                    fail_msg("%s, %d rows, output %zu: %04x on sim, %04x on hip", formats[f].name,
                             (int)rows[m], i, sim[i], hip[i]);
            }
            assert_int_not_equal(some, 0);
        }
}

static void test_capture(void **state) {
    (void)state;
    static uint16_t direct[M_MAX * N_MAX], replayed[M_MAX * N_MAX];
    const struct format *f = &formats[2]; /* two launches, the second of which needs the first */
    w4a16_error error;
    w4a16_device *device;
    struct product p;
    void *stream, *graph, *exec;
    make_data(&data, f, 5);
    MUST(open_device(W4A16_DEVICE_HIP, &device, &error));
    MUST(prepare(&p, device, f, 3, &data, &error));
    assert_true(w4a16_plan_launches(p.plan) > 1);
    MUST(run(&p, direct, &error));
    OK(hipStreamCreateWithFlags(&stream, 1));
    p.args.stream = stream;
    OK(hipStreamBeginCapture(stream, GLOBAL_MODE));
    MUST(w4a16_run(p.plan, &p.args, NULL, &error));
    OK(hipStreamEndCapture(stream, &graph));
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    for (int round = 0; round < 2; round++) {
        OK(hipMemset((void *)(uintptr_t)p.args.out, 0, p.out_bytes));
        OK(hipGraphLaunch(exec, stream));
        OK(hipStreamSynchronize(stream));
        MUST(w4a16_copy_from_device(device, replayed, p.args.out, p.out_bytes, &error));
        assert_memory_equal(direct, replayed, p.out_bytes);
    }

    /* Whatever allocates is refused while a stream is captured, in a sentence that says what to do. */
    w4a16_address buffer;
    OK(hipStreamBeginCapture(stream, GLOBAL_MODE));
    assert_int_equal(w4a16_buffer_alloc(device, 16, &buffer, &error), W4A16_DEVICE_FAULT);
    assert_non_null(strstr(error.message, "before the capture begins"));
    GIVES("hipErrorStreamCaptureInvalidated", hipStreamEndCapture(stream, &graph));
    OK(hipGraphExecDestroy(exec));
    OK(hipStreamDestroy(stream));
    end(&p);
    w4a16_device_close(device);
}

struct worker {
    w4a16_device *device;
    const struct format *format;
    const struct data *data;
    const uint16_t *expected;
    int wrong;
};

static void *work(void *argument) {
    struct worker *w = argument;
    w4a16_error error;
    struct product p;
    uint16_t out[16 * N_MAX];
    void *stream = NULL;
    w->wrong = prepare(&p, w->device, w->format, 16, w->data, &error) != W4A16_OK ||
               hipStreamCreateWithFlags(&stream, 1) != 0;
    p.args.stream = stream;
    for (int round = 0; round < 4 && !w->wrong; round++) {
        memset(out, 0, sizeof out);
        w->wrong = w4a16_run(p.plan, &p.args, NULL, &error) != W4A16_OK || hipStreamSynchronize(stream) ||
                   w4a16_copy_from_device(w->device, out, p.args.out, p.out_bytes, &error) != W4A16_OK ||
                   memcmp(out, w->expected, p.out_bytes);
    }
    if (stream) hipStreamDestroy(stream);
    end(&p);
    return NULL;
}

/* Two plans of one device on two streams of two threads. */
static void test_two_streams(void **state) {
    (void)state;
    static uint16_t expected[2][16 * N_MAX];
    static struct data own[2];
    struct worker workers[2];
    pthread_t thread;
    w4a16_error error;
    w4a16_device *device;
    MUST(open_device(W4A16_DEVICE_HIP, &device, &error));
    for (int n = 0; n < 2; n++) {
        make_data(&own[n], &formats[2 * n], 9);
        product_on(W4A16_DEVICE_SIM, &formats[2 * n], 16, &own[n], expected[n]);
        workers[n] = (struct worker){device, &formats[2 * n], &own[n], expected[n], 1};
    }
    assert_int_equal(pthread_create(&thread, NULL, work, &workers[0]), 0);
    work(&workers[1]);
    pthread_join(thread, NULL);
    w4a16_device_close(device);
    assert_false(workers[0].wrong || workers[1].wrong);
}

/* Every call of a device's life, the first time, the second, ..., until none is left to fail. */
static void test_injected_failures(void **state) {
    (void)state;
    static const struct {
        const char *call;
        int at_least; /* times it is called */
    } calls[] = {{"hipInit", 1},
                 {"hipGetDeviceCount", 1},
                 {"hipGetDevicePropertiesR0600", 1},
                 {"hipRuntimeGetVersion", 1},
                 {"hipGetDevice", 8},
                 {"hipMalloc", 3},
                 {"hipMemcpy", 3},
                 {"hipModuleLoadData", 2},
                 {"hipModuleGetFunction", 2},
                 {"hipModuleLaunchKernel", 2}};
    const struct format *f = &formats[2];
    static uint16_t out[M_MAX * N_MAX];
    make_data(&data, f, 2);
    for (size_t c = 0; c < sizeof calls / sizeof calls[0]; c++) {
        int failed = 0;
        for (w4a16_status status = W4A16_DEVICE_FAULT; status != W4A16_OK;) {
            char order[96], name[64];
            w4a16_error error;
            w4a16_device *device = NULL;
            struct product p = {0};
            snprintf(order, sizeof order, "%s:%d=hipErrorUnknown", calls[c].call, failed + 1);
            snprintf(name, sizeof name, "%s failed with hipErrorUnknown (999)", calls[c].call);
            setenv("RDNASIM_HIP_FAIL", order, 1);
            status = open_device(W4A16_DEVICE_HIP, &device, &error);
            if (status == W4A16_OK) status = prepare(&p, device, f, 3, &data, &error);
            if (status == W4A16_OK) status = run(&p, out, &error);
            unsetenv("RDNASIM_HIP_FAIL");
            if (status != W4A16_OK && !strstr(error.message, name)) fail_msg("%s: %s", order, error.message);
            end(&p);
            w4a16_device_close(device);
            if (nothing_left(NULL)) fail_msg("%s leaves memory behind", order);
            failed += status != W4A16_OK;
            assert_true(failed < 1000);
        }
        if (failed < calls[c].at_least) fail_msg("%s could fail %d times only", calls[c].call, failed);
    }
}

/* A fault of a kernel shows at the next call that waits for it, and stays. */
static void test_fault(void **state) {
    (void)state;
    static uint16_t out[M_MAX * N_MAX];
    w4a16_error error;
    w4a16_device *device;
    struct product p;
    make_data(&data, &formats[0], 3);
    MUST(open_device(W4A16_DEVICE_HIP, &device, &error));
    MUST(prepare(&p, device, &formats[0], 1, &data, &error));
    w4a16_address good = p.args.a;
    p.args.a = (w4a16_address)1 << 46;
    assert_int_equal(run(&p, out, &error), W4A16_DEVICE_FAULT);
    assert_non_null(strstr(error.message, "hipErrorIllegalAddress (700)"));
    assert_int_equal(w4a16_buffer_alloc(device, 16, &p.args.workspace, &error), W4A16_DEVICE_FAULT);
    p.args.a = good;
    end(&p);
    w4a16_device_close(device);
    OK(hipDeviceReset());
}

#define TEST(test) cmocka_unit_test_teardown(test, nothing_left)

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    setenv("W4A16_HIP_LIBRARY", argv[1], 1);
    open_front(argv[1]);
    const struct CMUnitTest tests[] = {
        TEST(test_info),        TEST(test_same_bits),         TEST(test_capture),
        TEST(test_two_streams), TEST(test_injected_failures), TEST(test_fault)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
