/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The hip device against fake_hip.c: what it asks of the runtime, in which order and with which bytes; that
 * it leaves the caller's device alone; and that every call of the runtime may fail without a leak.
 * test_hip FAKE AS_LOADED WITHOUT_MALLOC: paths of the three builds of the fake.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "args.h"
#include "fake_hip.h"
#include "plan/plan.h"
#include "w4a16/linear.h"

enum { M = 3, N = 40, K = 64, GROUP = 32, OTHER_DEVICE = 1 };

static const char *fake_path, *loaded_path, *lacking_path;
static struct fake_hip *fake;

static struct fake_hip *state_of(void *library) {
    void *symbol = dlsym(library, "fake_hip_state");
    fake_hip_state_function *function;
    assert_non_null(symbol);
    memcpy(&function, &symbol, sizeof function);
    return function();
}

/* A runtime with two cards, of which the caller uses the second and the tests the first. */
static void reset(struct fake_hip *f) {
    *f = (struct fake_hip){.device_count = 2, .current = OTHER_DEVICE, .arch = "gfx1100:sramecc-:xnack-"};
}
static int fresh(void **state) {
    (void)state;
    reset(fake);
    return setenv("W4A16_HIP_LIBRARY", fake_path, 1);
}

static int nothing_left(void **state) {
    (void)state;
    return fake->memory || fake->modules || fake->current != OTHER_DEVICE;
}

/* ---- one life of a device ------------------------------------------------------------------------------ */

struct life {
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_run_args args;
};

static w4a16_device_options options(void) {
    w4a16_device_options o;
    w4a16_device_options_init(&o, sizeof o);
    o.kind = W4A16_DEVICE_HIP;
    o.threads = 1;
    o.kernel_mask = "w4a16_strip*"; /* what is looked at is decode's launch */
    return o;
}

static w4a16_status make_weights(struct life *l, w4a16_error *error) {
    static uint32_t q[K / 8 * N];
    static uint16_t scale[K / GROUP * N];
    static int32_t perm[K];
    w4a16_layer layer;
    w4a16_layer_init(&layer, sizeof layer);
    for (int k = 0; k < K; k++) perm[k] = K - 1 - k;
    layer.N = N, layer.K = K, layer.group_size = GROUP, layer.scale_type = W4A16_F16;
    layer.q = q, layer.scale = scale, layer.perm = perm;
    return w4a16_weights_create(l->device, &layer, &l->weights, error);
}

static w4a16_status make_plan(struct life *l, w4a16_error *error) {
    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, l->weights);
    problem.shape.M = M;
    return w4a16_plan_create(l->device, l->weights, &problem, &l->plan, error);
}

/* Everything a program does, up to the first call that fails. */
static w4a16_status live(struct life *l, w4a16_error *error) {
    w4a16_device_options o = options();
    uint16_t a[M * K] = {0}, out[M * N];
    *l = (struct life){.args = {.struct_size = sizeof l->args, .stream = &o}};
    w4a16_status status = w4a16_device_open(&o, &l->device, error);
    if (status == W4A16_OK) status = make_weights(l, error);
    if (status == W4A16_OK) status = make_plan(l, error);
    if (status == W4A16_OK) status = w4a16_buffer_alloc(l->device, sizeof a, &l->args.a, error);
    if (status == W4A16_OK) status = w4a16_buffer_alloc(l->device, sizeof out, &l->args.out, error);
    if (status == W4A16_OK)
        status = w4a16_buffer_alloc(l->device, w4a16_plan_workspace(l->plan), &l->args.workspace, error);
    if (status == W4A16_OK) status = w4a16_copy_to_device(l->device, l->args.a, a, sizeof a, error);
    if (status == W4A16_OK) status = w4a16_run(l->plan, &l->args, NULL, error);
    if (status == W4A16_OK) status = w4a16_copy_from_device(l->device, out, l->args.out, sizeof out, error);
    if (status == W4A16_OK) status = w4a16_buffer_free(l->device, l->args.workspace, error);
    if (status == W4A16_OK) l->args.workspace = 0;
    return status;
}

static void end(struct life *l) {
    if (l->device) {
        w4a16_buffer_free(l->device, l->args.a, NULL);
        w4a16_buffer_free(l->device, l->args.out, NULL);
        w4a16_buffer_free(l->device, l->args.workspace, NULL);
    }
    w4a16_plan_free(l->plan);
    w4a16_weights_free(l->weights);
    w4a16_device_close(l->device);
}

/* ---- what is asked of the runtime ---------------------------------------------------------------------- */

static void test_info(void **state) {
    (void)state;
    w4a16_device_options o = options();
    w4a16_device *device;
    w4a16_device_info info;
    w4a16_error error;
    o.target = "gfx1100";
    if (w4a16_device_open(&o, &device, &error) != W4A16_OK) fail_msg("%s", error.message);
    w4a16_device_get_info(device, &info);
    assert_int_equal(info.kind, W4A16_DEVICE_HIP);
    assert_string_equal(info.name, "A card that is not there");
    assert_string_equal(info.target, "gfx1100");
    char expected[96];
    snprintf(expected, sizeof expected, "HIP 7.1.52802 (%.60s)", fake_path);
    assert_string_equal(info.runtime, expected);
    w4a16_device_close(device);
}

static void test_launches(void **state) {
    (void)state;
    struct life l;
    w4a16_error error;
    if (live(&l, &error) != W4A16_OK) fail_msg("%s", error.message);
    assert_int_equal(fake->launch_count, 2);
    assert_int_equal(fake->modules, 2);
    const struct fake_hip_launch *stage = &fake->launches[0], *decode = &fake->launches[1];
    static const unsigned stage_grid[] = {M, 1, 1}, stage_block[] = {256, 1, 1}, decode_grid[] = {2, 1, 1},
                          decode_block[] = {64, 1, 1};
    assert_string_equal(stage->kernel, "w4a16_stage");
    assert_string_equal(decode->kernel, "w4a16_decode_f16_m4_g32_sym");
    assert_memory_equal(stage->grid, stage_grid, sizeof stage_grid);
    assert_memory_equal(stage->block, stage_block, sizeof stage_block);
    assert_memory_equal(decode->grid, decode_grid, sizeof decode_grid);
    assert_memory_equal(decode->block, decode_block, sizeof decode_block);
    assert_int_equal(stage->lds_bytes, 0);
    assert_int_equal(decode->lds_bytes, 2 * 4 * 32 * 4); /* waves, rows, lanes, fp32 */
    assert_ptr_equal(stage->stream, l.args.stream);
    assert_ptr_equal(decode->stream, l.args.stream);
    assert_true(!stage->params && !decode->params);
    end(&l);
}

static void test_kernarg(void **state) {
    (void)state;
    struct life l = {0};
    w4a16_device_options o = options();
    w4a16_error error;
    assert_int_equal(w4a16_device_open(&o, &l.device, &error), W4A16_OK);
    assert_int_equal(make_weights(&l, &error), W4A16_OK);
    uint64_t weights = (uint64_t)(uintptr_t)fake->last_memory;
    assert_int_equal(make_plan(&l, &error), W4A16_OK);
    w4a16_run_args args = {
        .struct_size = sizeof args, .a = 0x10000, .out = 0x20002, .workspace = 0x30000, .stream = &o};
    size_t calls = fake->calls;
    assert_int_equal(w4a16_run(l.plan, &args, NULL, &error), W4A16_OK);
    assert_int_equal(fake->calls - calls, 2); /* two launches, and nothing that allocates or waits */

    /* The default stream is that of the plan's device, not of the one that the caller has chosen. */
    int chosen = fake->current;
    args.stream = NULL;
    assert_int_not_equal(chosen, o.index);
    assert_int_equal(w4a16_run(l.plan, &args, NULL, &error), W4A16_OK);
    for (int n = 2; n < 4; n++) {
        assert_null(fake->launches[n].stream);
        assert_int_equal(fake->launches[n].device, o.index);
    }
    assert_int_equal(fake->current, chosen);

    struct stage_args stage;
    struct decode_args decode;
    assert_int_equal(fake->launches[0].kernarg_bytes, sizeof stage);
    memcpy(&stage, fake->launches[0].kernarg, sizeof stage);
    assert_true(stage.a == 0x10000 && stage.staged == 0x30000 && stage.lda == K && stage.padded_K == K);
    assert_in_range(stage.perm, weights + 1, weights + w4a16_weights_bytes(l.weights) - 1);
    assert_int_equal(fake->launches[1].kernarg_bytes, sizeof decode);
    memcpy(&decode, fake->launches[1].kernarg, sizeof decode);
    assert_true(decode.a == 0x30000 && decode.out == 0x20002 && decode.weights == weights);
    assert_true(decode.zeros == 0 && decode.bias == 0 && decode.scales > weights);
    assert_true(decode.M == M && decode.N == N && decode.ldo == N && decode.lda_bytes == 2 * K);
    end(&l);
}

/* Another target than the gfx1100 that the fake runtime shows at first; null if this build has no other. */
static const char *another_target(void) {
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (strcmp(kernel_object_at(n).target, "gfx1100") != 0) return kernel_object_at(n).target;
    return NULL;
}

/* The module is the embedded object of the card's own target; a second plan loads nothing again. */
static void test_modules(void **state) {
    (void)state;
    const char *target = another_target();
    if (!target) {
        print_message("this build has kernels for one target only\n");
        skip();
    }
    struct kernel_object object;
    struct life l = {0};
    w4a16_device_options o = options();
    w4a16_plan *second;
    strcpy(fake->arch, target);
    assert_int_equal(w4a16_device_open(&o, &l.device, NULL), W4A16_OK);
    assert_int_equal(make_weights(&l, NULL), W4A16_OK);
    assert_int_equal(make_plan(&l, NULL), W4A16_OK);
    assert_true(kernel_object_find(target, "decode", &object));
    assert_ptr_equal(fake->image, object.bytes);
    second = l.plan;
    assert_int_equal(make_plan(&l, NULL), W4A16_OK);
    assert_int_equal(fake->modules, 2);
    w4a16_plan_free(second);
    end(&l);
}

static void test_copies(void **state) {
    (void)state;
    struct life l;
    assert_int_equal(live(&l, NULL), W4A16_OK);
    char there[100], back[100];
    int to = fake->copies_to, from = fake->copies_from;
    for (int i = 0; i < 100; i++) there[i] = (char)i;
    assert_int_equal(w4a16_copy_to_device(l.device, l.args.a, there, 100, NULL), W4A16_OK);
    assert_int_equal(w4a16_copy_from_device(l.device, back, l.args.a, 100, NULL), W4A16_OK);
    assert_memory_equal(there, back, 100);
    assert_int_equal(fake->copies_to, to + 1);
    assert_int_equal(fake->copies_from, from + 1);
    assert_int_equal(w4a16_copy_to_device(l.device, l.args.a, there, 0, NULL), W4A16_OK);
    assert_int_equal(fake->copies_to, to + 1);
    end(&l);
}

/* ---- failures ------------------------------------------------------------------------------------------ */

static void test_every_call_fails(void **state) {
    (void)state;
    static const char *const calls[] = {"hipInit",
                                        "hipGetDeviceCount",
                                        "hipGetDevicePropertiesR0600",
                                        "hipRuntimeGetVersion",
                                        "hipGetDevice",
                                        "hipSetDevice",
                                        "hipMalloc",
                                        "hipMemcpy",
                                        "hipModuleLoadData",
                                        "hipModuleGetFunction",
                                        "hipModuleLaunchKernel",
                                        "hipFree"};
    static const struct {
        int code;
        w4a16_status status;
        const char *text;
    } codes[] = {{999, W4A16_DEVICE_FAULT, "hipErrorUnknown (999)"},
                 {FAKE_HIP_OUT_OF_MEMORY, W4A16_OUT_OF_MEMORY, "hipErrorOutOfMemory (2)"},
                 {FAKE_HIP_NO_DEVICE, W4A16_NO_DEVICE, "hipErrorNoDevice (100)"},
                 {FAKE_HIP_CAPTURE_UNSUPPORTED, W4A16_DEVICE_FAULT,
                  "hipErrorStreamCaptureUnsupported (900): a stream is being captured; allocate, pack and "
                  "plan before the capture begins"}};
    for (size_t c = 0; c < sizeof calls / sizeof calls[0]; c++)
        for (size_t n = 0; n < sizeof codes / sizeof codes[0]; n++) {
            struct life l;
            w4a16_error error;
            char expected[256];
            reset(fake);
            fake->fail_call = calls[c];
            fake->fail_code = codes[n].code;
            assert_int_equal(live(&l, &error), codes[n].status);
            snprintf(expected, sizeof expected, "hip: %s failed with %s", calls[c], codes[n].text);
            assert_string_equal(error.message, expected);
            assert_int_equal(fake->current, OTHER_DEVICE);
            fake->fail_call = NULL;
            end(&l);
            if (nothing_left(NULL)) fail_msg("%s left something behind", calls[c]);
        }
}

static void refuses(const w4a16_device_options *o, w4a16_status status, const char *message) {
    w4a16_device *device;
    w4a16_error error;
    assert_int_equal(w4a16_device_open(o, &device, &error), status);
    assert_string_equal(error.message, message);
}

static void test_cards_refused(void **state) {
    (void)state;
    w4a16_device_options o = options();
    o.target = "gfx1101";
    refuses(&o, W4A16_NO_DEVICE, "hip: device 0 is gfx1100, not the gfx1101 that was asked for");
    o.target = NULL;
    o.index = 2;
    refuses(&o, W4A16_NO_DEVICE, "hip: device 2 does not exist; the runtime shows 2");
    o.index = -1;
    refuses(&o, W4A16_NO_DEVICE, "hip: device -1 does not exist; the runtime shows 2");
    o.index = 0;
    strcpy(fake->arch, "gfx90a:sramecc+:xnack-");
    char targets[128], message[256];
    kernel_targets(targets, sizeof targets);
    snprintf(message, sizeof message, "hip: device 0 is gfx90a; there are kernels for %s", targets);
    refuses(&o, W4A16_UNSUPPORTED, message);
}

/* ---- finding the library ------------------------------------------------------------------------------- */

static void test_no_such_library(void **state) {
    (void)state;
    w4a16_device_options o = options();
    w4a16_device *device;
    w4a16_error error;
    setenv("W4A16_HIP_LIBRARY", "/nowhere/libfake.so", 1);
    assert_int_equal(w4a16_device_open(&o, &device, &error), W4A16_NO_DEVICE);
    assert_non_null(strstr(error.message, "W4A16_HIP_LIBRARY names /nowhere/libfake.so"));
}

static void test_missing_function(void **state) {
    (void)state;
    w4a16_device_options o = options();
    char expected[600];
    setenv("W4A16_HIP_LIBRARY", lacking_path, 1);
    snprintf(expected, sizeof expected, "hip: %.255s has no function hipMalloc; HIP 6 and 7 do",
             lacking_path);
    refuses(&o, W4A16_NO_DEVICE, expected);
}

/* A runtime that is in the process is taken, whatever else is named: two of them would not get along. */
static void test_reuses_loaded(void **state) {
    (void)state;
    void *library = dlopen(loaded_path, RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    struct fake_hip *loaded = state_of(library);
    reset(loaded);
    struct life l;
    w4a16_error error;
    if (live(&l, &error) != W4A16_OK) fail_msg("%s", error.message);
    assert_int_equal(loaded->launch_count, 2);
    assert_int_equal(fake->calls, 0);
    end(&l);
    assert_true(!loaded->memory && !loaded->modules);
    dlclose(library);
}

/* What is opened before a fork cannot be used in the child, which says so; it can be freed. */
static void test_fork(void **state) {
    (void)state;
    struct life l;
    w4a16_error error;
    if (live(&l, &error) != W4A16_OK) fail_msg("%s", error.message);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        alarm(20);
        size_t calls = fake->calls;
        w4a16_status lost = W4A16_NO_DEVICE;
        uint16_t byte = 0;
        w4a16_address address;
        w4a16_plan *plan;
        w4a16_problem problem;
        w4a16_run_args other = l.args;
        other.workspace = 4096;
        w4a16_problem_init(&problem, sizeof problem);
        w4a16_problem_from_weights(&problem, l.weights);
        problem.shape.M = 1;
        int right = w4a16_run(l.plan, &other, NULL, &error) == lost && strstr(error.message, "forked");
        other.stream = NULL;
        right = right && w4a16_run(l.plan, &other, NULL, &error) == lost;
        right = right && w4a16_buffer_alloc(l.device, 1, &address, &error) == lost;
        right = right && w4a16_buffer_free(l.device, l.args.a, &error) == lost;
        right = right && w4a16_copy_to_device(l.device, l.args.a, &byte, 2, &error) == lost;
        right = right && w4a16_copy_from_device(l.device, &byte, l.args.a, 2, &error) == lost;
        right = right && w4a16_plan_create(l.device, l.weights, &problem, &plan, &error) == lost;
        end(&l);
        _exit(!right || fake->calls != calls);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    end(&l);
}

#define ON_FAKE(test) cmocka_unit_test_setup_teardown(test, fresh, nothing_left)

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    fake_path = argv[1], loaded_path = argv[2], lacking_path = argv[3];
    void *library = dlopen(fake_path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    fake = state_of(library);
    const struct CMUnitTest tests[] = {
        ON_FAKE(test_info),          ON_FAKE(test_launches),        ON_FAKE(test_kernarg),
        ON_FAKE(test_modules),       ON_FAKE(test_copies),          ON_FAKE(test_every_call_fails),
        ON_FAKE(test_cards_refused), ON_FAKE(test_no_such_library), ON_FAKE(test_missing_function),
        ON_FAKE(test_fork),          ON_FAKE(test_reuses_loaded)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dlclose(library);
    return failed;
}
