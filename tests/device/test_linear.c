/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The public calls of linear.h: what they refuse, memory, and that one problem has the same bits under every
 * schedule, thread count and beside other runs. What the products are worth, the conformance list says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "half.h"
#include "random.h"
#include "w4a16/linear.h"

enum {
    M = 5,
    N = 136,
    K = 520 /* ends inside a block: staged */,
    GROUP = 64,
    GROUPS = (K + GROUP - 1) / GROUP
};

static const w4a16_device_kind kinds[] = {W4A16_DEVICE_SIM, W4A16_DEVICE_CPU};
#define KINDS (sizeof kinds / sizeof kinds[0])

static uint32_t q[K / 8 * N];
static uint16_t scale[GROUPS * N], activations[M * K];
static uint8_t zero[GROUPS * N];
static int32_t perm[K];

static int make_data(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof q / sizeof q[0]; i++) q[i] = (uint32_t)random_at(1, i);
    for (size_t i = 0; i < GROUPS * N; i++) {
        scale[i] = float_to_f16(0.01f + 0.001f * random_normal(random_at(2, i)));
        zero[i] = (uint8_t)(random_at(3, i) % 17);
    }
    for (size_t i = 0; i < M * K; i++) activations[i] = float_to_f16(random_normal(random_at(4, i)));
    for (int k = 0; k < K; k++) perm[k] = (k * 7 + 3) % K; /* 7 and 520 have no common factor */
    return 0;
}

static w4a16_layer make_layer(void) {
    w4a16_layer l;
    w4a16_layer_init(&l, sizeof l);
    l.N = N, l.K = K, l.group_size = GROUP, l.scale_type = W4A16_F16;
    l.q = q, l.scale = scale, l.zero = zero, l.perm = perm;
    return l;
}

static void must(w4a16_status status, const w4a16_error *error) {
    if (status != W4A16_OK) fail_msg("%s", error->message);
}

static w4a16_device *open_device(w4a16_device_kind kind, int threads, uint64_t seed) {
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_error error;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = kind;
    options.threads = threads;
    options.schedule_seed = seed;
    must(w4a16_device_open(&options, &device, &error), &error);
    return device;
}

/* A plan with its memory on a device. */
struct product {
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_run_args args;
};

static w4a16_status prepare(struct product *p, w4a16_device *device, int64_t rows, w4a16_error *error) {
    w4a16_layer layer = make_layer();
    w4a16_problem problem;
    *p = (struct product){.device = device, .args = {.struct_size = sizeof p->args}};
    w4a16_status status = w4a16_weights_create(device, &layer, &p->weights, error);
    if (status != W4A16_OK) return status;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, p->weights);
    problem.shape.M = rows;
    status = w4a16_plan_create(device, p->weights, &problem, &p->plan, error);
    if (status == W4A16_OK) status = w4a16_buffer_alloc(device, M * K * 2, &p->args.a, error);
    if (status == W4A16_OK) status = w4a16_buffer_alloc(device, M * N * 2, &p->args.out, error);
    if (status == W4A16_OK)
        status = w4a16_buffer_alloc(device, w4a16_plan_workspace(p->plan), &p->args.workspace, error);
    if (status == W4A16_OK) status = w4a16_copy_to_device(device, p->args.a, activations, M * K * 2, error);
    return status;
}

static void end(struct product *p) {
    w4a16_buffer_free(p->device, p->args.a, NULL);
    w4a16_buffer_free(p->device, p->args.out, NULL);
    w4a16_buffer_free(p->device, p->args.workspace, NULL);
    w4a16_plan_free(p->plan);
    w4a16_weights_free(p->weights);
}

/* Runs over poisoned output and fetches it. */
static w4a16_status run(const struct product *p, uint16_t out[M * N], w4a16_error *error) {
    memset(out, 0xff, M * N * 2);
    w4a16_status status = w4a16_copy_to_device(p->device, p->args.out, out, M * N * 2, error);
    if (status == W4A16_OK) status = w4a16_run(p->plan, &p->args, NULL, error);
    if (status == W4A16_OK) status = w4a16_copy_from_device(p->device, out, p->args.out, M * N * 2, error);
    return status;
}

/* ---- the same bits ------------------------------------------------------------------------------------- */

static void outputs_of(w4a16_device_kind kind, int threads, uint64_t seed, uint16_t out[M * N]) {
    w4a16_device *device = open_device(kind, threads, seed);
    struct product p;
    w4a16_error error;
    must(prepare(&p, device, M, &error), &error);
    must(run(&p, out, &error), &error);
    end(&p);
    w4a16_device_close(device);
}

static void test_schedules(void **state) {
    (void)state;
    static uint16_t expected[M * N], got[M * N];
    for (size_t kind = 0; kind < KINDS; kind++) {
        outputs_of(kinds[kind], 1, 0, expected);
        for (int i = 0; i < M * N; i++) assert_int_not_equal(expected[i], 0xffff);
        for (int threads = 1; threads <= 5; threads += 2)
            for (uint64_t seed = 0; seed < 6; seed++) {
                outputs_of(kinds[kind], threads, seed * 0x9e3779b97f4a7c15u, got);
                assert_memory_equal(got, expected, sizeof got);
            }
    }
}

struct runner {
    const struct product *product;
    const uint16_t *expected;
    int wrong;
};

static void *run_often(void *context) {
    struct runner *r = context;
    uint16_t out[M * N];
    for (int i = 0; i < 10; i++)
        r->wrong |= run(r->product, out, NULL) != W4A16_OK || memcmp(out, r->expected, sizeof out) != 0;
    return NULL;
}

/* Two plans of one device from two threads, and two devices at once. */
static void test_concurrent_runs(void **state) {
    (void)state;
    static uint16_t expected[KINDS][M * N];
    struct product products[2 * KINDS];
    struct runner runners[2 * KINDS];
    pthread_t threads[2 * KINDS];
    w4a16_device *devices[KINDS];
    w4a16_error error;
    for (size_t n = 0; n < 2 * KINDS; n++) {
        size_t kind = n / 2;
        if (n % 2 == 0) devices[kind] = open_device(kinds[kind], 2, 0);
        must(prepare(&products[n], devices[kind], M, &error), &error);
        if (n % 2 == 0) must(run(&products[n], expected[kind], &error), &error);
        runners[n] = (struct runner){&products[n], expected[kind], 0};
    }
    for (size_t n = 0; n < 2 * KINDS; n++)
        assert_int_equal(pthread_create(&threads[n], NULL, run_often, &runners[n]), 0);
    for (size_t n = 0; n < 2 * KINDS; n++) {
        pthread_join(threads[n], NULL);
        assert_false(runners[n].wrong);
        end(&products[n]);
    }
    for (size_t kind = 0; kind < KINDS; kind++) w4a16_device_close(devices[kind]);
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static void test_buffers(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 255, 256, 257, 1 << 20};
    static unsigned char there[1 << 20], back[1 << 20];
    w4a16_error error;
    for (size_t i = 0; i < sizeof there; i++) there[i] = (unsigned char)random_at(9, i);
    for (size_t kind = 0; kind < KINDS; kind++) {
        w4a16_device *device = open_device(kinds[kind], 1, 0);
        for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
            w4a16_address address;
            must(w4a16_buffer_alloc(device, sizes[n], &address, &error), &error);
            assert_true(address && address % 256 == 0);
            memset(back, 0, sizeof back);
            must(w4a16_copy_to_device(device, address, there, sizes[n], &error), &error);
            must(w4a16_copy_from_device(device, back, address, sizes[n], &error), &error);
            assert_memory_equal(back, there, sizes[n]);
            must(w4a16_buffer_free(device, address, &error), &error);
        }
        must(w4a16_buffer_free(device, 0, &error), &error);
        w4a16_address address;
        assert_int_equal(w4a16_buffer_alloc(device, SIZE_MAX, &address, &error), W4A16_OUT_OF_MEMORY);
        w4a16_device_close(device);
    }
}

/* The simulated device knows its buffers: what is not in one is refused, or faults. */
static void test_stray_addresses(void **state) {
    (void)state;
    w4a16_device *device = open_device(W4A16_DEVICE_SIM, 1, 0);
    struct product p;
    w4a16_error error;
    char bytes[16] = {0};
    w4a16_address address;
    must(w4a16_buffer_alloc(device, 8, &address, &error), &error);
    assert_int_equal(w4a16_copy_to_device(device, address, bytes, 9, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_copy_from_device(device, bytes, address + 8, 1, &error), W4A16_INVALID_ARGUMENT);
    must(w4a16_buffer_free(device, address, &error), &error);
    assert_int_not_equal(w4a16_buffer_free(device, address, &error), W4A16_OK); /* once is enough */
    must(prepare(&p, device, M, &error), &error);
    w4a16_run_args args = p.args;
    args.out = 0x1000;
    assert_int_equal(w4a16_run(p.plan, &args, NULL, &error), W4A16_DEVICE_FAULT);
    w4a16_launch_info last;
    size_t launches = w4a16_plan_launches(p.plan);
    assert_int_equal(w4a16_plan_launch(p.plan, launches - 1, &last, NULL), W4A16_OK);
    assert_non_null(strstr(error.message, last.kernel)); /* says which kernel */
    uint16_t out[M * N];
    must(run(&p, out, &error), &error); /* a fault spoils nothing for the next run */
    end(&p);
    w4a16_device_close(device);
}

/* ---- refusals ------------------------------------------------------------------------------------------ */

static void test_open_refuses(void **state) {
    (void)state;
    w4a16_device_options good, bad;
    w4a16_device *device;
    w4a16_error error;
    w4a16_device_options_init(&good, sizeof good);
    assert_int_equal(w4a16_device_open(NULL, &device, &error), W4A16_INVALID_ARGUMENT);
    assert_string_equal(error.message, "w4a16_device_open: options is null");
    assert_int_equal(w4a16_device_open(&good, NULL, &error), W4A16_INVALID_ARGUMENT);
    bad = good, bad.struct_size = 8;
    assert_int_equal(w4a16_device_open(&bad, &device, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "start from w4a16_device_options_init"));
    bad = good, bad.threads = -1;
    assert_int_equal(w4a16_device_open(&bad, &device, &error), W4A16_INVALID_ARGUMENT);
    bad = good, bad.kind = (w4a16_device_kind)9;
    assert_int_equal(w4a16_device_open(&bad, &device, &error), W4A16_INVALID_ARGUMENT);
    bad = good, bad.target = "gfx906";
    assert_int_equal(w4a16_device_open(&bad, &device, &error), W4A16_UNSUPPORTED);
    assert_non_null(
        strstr(error.message, "sim: no kernels for target \"gfx906\"; there are kernels for gfx1100"));
    w4a16_device_close(NULL);
}

static void test_create_refuses(void **state) {
    (void)state;
    w4a16_device *device = open_device(W4A16_DEVICE_SIM, 1, 0), *other = open_device(W4A16_DEVICE_CPU, 1, 0);
    w4a16_layer layer = make_layer();
    w4a16_problem problem;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_error error;
    assert_int_equal(w4a16_weights_create(NULL, &layer, &weights, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_weights_create(device, NULL, &weights, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_weights_create(device, &layer, NULL, &error), W4A16_INVALID_ARGUMENT);
    layer.q = NULL;
    assert_int_not_equal(w4a16_weights_create(device, &layer, &weights, &error), W4A16_OK);
    layer.q = q;
    must(w4a16_weights_create(device, &layer, &weights, &error), &error);
    assert_true(w4a16_weights_bytes(weights) >= (size_t)N * K / 2);
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = 1;
    assert_int_equal(w4a16_plan_create(NULL, weights, &problem, &plan, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_plan_create(device, NULL, &problem, &plan, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_plan_create(device, weights, NULL, &plan, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_plan_create(device, weights, &problem, NULL, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_plan_create(other, weights, &problem, &plan, &error), W4A16_INVALID_ARGUMENT);
    assert_string_equal(error.message, "w4a16_plan_create: the weights were packed for another device");
    problem.shape.group_size = 24;
    assert_int_equal(w4a16_supports("gfx1100", NULL, &problem, &error), W4A16_UNSUPPORTED);
    assert_int_equal(w4a16_plan_create(device, weights, &problem, &plan, NULL), W4A16_UNSUPPORTED);
    assert_int_equal(w4a16_supports("cpu", NULL, &problem, &error), W4A16_OK);
    assert_int_equal(w4a16_supports(NULL, NULL, &problem, &error), W4A16_INVALID_ARGUMENT);
    w4a16_weights_free(weights);
    w4a16_weights_free(NULL);
    w4a16_plan_free(NULL);
    w4a16_device_close(device);
    w4a16_device_close(other);
}

static void test_run_refuses(void **state) {
    (void)state;
    w4a16_device *device = open_device(W4A16_DEVICE_SIM, 1, 0);
    struct product p;
    w4a16_error error;
    must(prepare(&p, device, M, &error), &error);
    const w4a16_run_args good = p.args;
#define RUN(size, a_, out_, space)                                                                           \
    {                                                                                                        \
        .struct_size = size, .a = a_, .out = out_, .workspace = space                                        \
    }
    const struct {
        w4a16_run_args args;
        const char *word; /* of the message */
    } bad[] = {{RUN(0, good.a, good.out, good.workspace), "struct_size"},
               {RUN(good.struct_size, 0, good.out, good.workspace), "args.a is 0x0"},
               {RUN(good.struct_size, good.a + 2, good.out, good.workspace), "a multiple of 4"},
               {RUN(good.struct_size, good.a, 0, good.workspace), "args.out is 0x0"},
               {RUN(good.struct_size, good.a, good.out + 1, good.workspace), "of 2"},
               {RUN(good.struct_size, good.a, good.out, 0), "args.workspace is 0x0"},
               {RUN(good.struct_size, good.a, good.out, good.workspace + 4), "a multiple of 256"}};
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
        assert_int_equal(w4a16_run(p.plan, &bad[n].args, NULL, &error), W4A16_INVALID_ARGUMENT);
        if (!strstr(error.message, bad[n].word)) fail_msg("%s", error.message);
    }
    assert_int_equal(w4a16_run(NULL, &good, NULL, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_run(p.plan, NULL, NULL, &error), W4A16_INVALID_ARGUMENT);
    end(&p);
    w4a16_device_close(device);
}

static void test_no_rows(void **state) {
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        w4a16_device *device = open_device(kinds[kind], 1, 0);
        struct product p;
        w4a16_error error;
        must(prepare(&p, device, 0, &error), &error);
        assert_true(w4a16_plan_launches(p.plan) == 0 && w4a16_plan_workspace(p.plan) == 0);
        w4a16_run_args nothing = {.struct_size = sizeof nothing};
        must(w4a16_run(p.plan, &nothing, NULL, &error), &error);
        end(&p);
        w4a16_device_close(device);
    }
}

static void test_stats(void **state) {
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        w4a16_device *device = open_device(kinds[kind], 1, 0);
        struct product p;
        w4a16_error error;
        w4a16_run_stats stats = {.wave_instructions = 12345, .seconds = 1e9}, again;
        must(prepare(&p, device, M, &error), &error);
        must(w4a16_run(p.plan, &p.args, &stats, &error), &error);
        must(w4a16_run(p.plan, &p.args, &again, &error), &error);
        assert_int_equal(again.wave_instructions, stats.wave_instructions); /* of one run, not of all */
        assert_true(stats.seconds < 1e9);
        assert_true((stats.wave_instructions > 0) == (kinds[kind] == W4A16_DEVICE_SIM));
        end(&p);
        w4a16_device_close(device);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules),    cmocka_unit_test(test_concurrent_runs),
        cmocka_unit_test(test_buffers),      cmocka_unit_test(test_stray_addresses),
        cmocka_unit_test(test_open_refuses), cmocka_unit_test(test_create_refuses),
        cmocka_unit_test(test_run_refuses),  cmocka_unit_test(test_no_rows),
        cmocka_unit_test(test_stats)};
    return cmocka_run_group_tests(tests, make_data, NULL);
}
