/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The C interface abused: null pointers, structs and numbers of any kind, addresses that overlap or end too
 * soon, forked processes. Whatever is wrong is said, and nothing is done; what is right works.
 */
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "product.h"
#include "w4a16/w4a16.h"

static const w4a16_device_kind kinds[] = {W4A16_DEVICE_SIM, W4A16_DEVICE_CPU};
static const struct layer_shape dense = {64, 64, 32, 0, 1, 1};
enum { M = 3 };

static void says(w4a16_status status, const w4a16_error *error, const char *part) {
    assert_int_equal(status, W4A16_INVALID_ARGUMENT);
    assert_int_equal(error->status, status);
    if (!strstr(error->message, part)) fail_msg("\"%s\" has no \"%s\"", error->message, part);
}

/* ---- null pointers ------------------------------------------------------------------------------------- */

static void test_null(void **state) {
    (void)state;
    struct owned_layer o = make_layer(&dense, 1);
    const w4a16_layer *const layers[] = {&o.layer}, *const none[] = {NULL};
    w4a16_device *device = open_device(W4A16_DEVICE_CPU, 1, 0, NULL);
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    w4a16_problem problem;
    const w4a16_problem *const parts[] = {NULL, NULL};
    const void *const packed[] = {NULL, NULL};
    w4a16_checkpoint *checkpoint;
    w4a16_quantize_options quantize;
    w4a16_quantize_init(&quantize, sizeof quantize);
    w4a16_quantize_options no_list = quantize, no_name = quantize;
    const char *const no_names[] = {NULL};
    no_list.ignore_count = no_name.ignore_count = 1;
    no_name.ignore = no_names;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_layer *part;
    w4a16_device *opened;
    w4a16_address address;
    w4a16_choice choice;
    w4a16_launch_info launch;
    w4a16_kernel_resources resources;
    w4a16_run_args args = {.struct_size = sizeof args};
    w4a16_error error;
    size_t bytes;
    char byte = 0;
    uint32_t word = 0;
    double y = 0;
    w4a16_problem_init(&problem, sizeof problem);
    must(w4a16_weights_create(device, &o.layer, &weights, &error), &error);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = M;
    must(w4a16_plan_create(device, weights, &problem, &plan, &error), &error);
/* Refused, and because something is null. */
#define NULLS(call)                                                                                          \
    ((call) == W4A16_INVALID_ARGUMENT && strstr(error.message, "null") ? W4A16_INVALID_ARGUMENT : W4A16_OK)
    const w4a16_status refused[] = {
        NULLS(w4a16_device_open(NULL, &opened, &error)),
        NULLS(w4a16_device_open(&options, NULL, &error)),
        w4a16_detect_gpu(NULL, 0, NULL, &error),
        w4a16_detect_visible_gpu(NULL, 0, NULL, &error),
        NULLS(w4a16_buffer_alloc(NULL, 1, &address, &error)),
        NULLS(w4a16_buffer_alloc(device, 1, NULL, &error)),
        w4a16_buffer_free(NULL, 0, &error),
        NULLS(w4a16_copy_to_device(NULL, 1, &byte, 1, &error)),
        NULLS(w4a16_copy_to_device(device, 0, &byte, 1, &error)),
        NULLS(w4a16_copy_to_device(device, 1, NULL, 1, &error)),
        NULLS(w4a16_copy_from_device(NULL, &byte, 1, 1, &error)),
        NULLS(w4a16_copy_from_device(device, NULL, 1, 1, &error)),
        NULLS(w4a16_copy_from_device(device, &byte, 0, 1, &error)),
        NULLS(w4a16_weights_create(NULL, &o.layer, &weights, &error)),
        NULLS(w4a16_weights_create(device, NULL, &weights, &error)),
        NULLS(w4a16_weights_create(device, &o.layer, NULL, &error)),
        NULLS(w4a16_experts_create(NULL, layers, 1, &weights, &error)),
        NULLS(w4a16_experts_create(device, NULL, 1, &weights, &error)),
        w4a16_experts_create(device, none, 1, &weights, &error),
        NULLS(w4a16_experts_create(device, layers, 1, NULL, &error)),
        w4a16_experts_create(device, layers, 0, &weights, &error),
        w4a16_experts_create(device, layers, SIZE_MAX, &weights, &error),
        NULLS(w4a16_packed_bytes(NULL, &bytes, &error)),
        NULLS(w4a16_packed_bytes(&problem, NULL, &error)),
        NULLS(w4a16_pack(NULL, &o.layer, &byte, 1, &error)),
        NULLS(w4a16_pack(device, NULL, &byte, 1, &error)),
        NULLS(w4a16_pack(device, &o.layer, NULL, SIZE_MAX, &error)),
        NULLS(w4a16_pack_experts(NULL, layers, 1, &byte, 1, &error)),
        NULLS(w4a16_pack_experts(device, NULL, 1, &byte, 1, &error)),
        w4a16_pack_experts(device, none, 1, &byte, 1, &error),
        NULLS(w4a16_pack_experts(device, layers, 1, NULL, SIZE_MAX, &error)),
        NULLS(w4a16_weights_wrap(NULL, &problem, 0, &weights, &error)),
        NULLS(w4a16_weights_wrap(device, NULL, 0, &weights, &error)),
        NULLS(w4a16_weights_wrap(device, &problem, 0, NULL, &error)),
        NULLS(w4a16_packed_concat(NULL, packed, 1, &problem, NULL, 0, &error)),
        NULLS(w4a16_packed_concat(parts, NULL, 1, &problem, NULL, 0, &error)),
        NULLS(w4a16_packed_concat(parts, packed, 1, NULL, NULL, 0, &error)),
        w4a16_packed_concat(parts, packed, 2, &problem, NULL, 0, &error),
        NULLS(w4a16_pack_nibbles(NULL, &word, NULL, 32, 32, &byte, 512, &error)),
        NULLS(w4a16_pack_nibbles(device, NULL, NULL, 32, 32, &byte, 512, &error)),
        NULLS(w4a16_pack_nibbles(device, &word, NULL, 32, 32, NULL, 512, &error)),
        NULLS(w4a16_supports(NULL, NULL, &problem, &error)),
        NULLS(w4a16_supports("gfx1100", NULL, NULL, &error)),
        NULLS(w4a16_plan_create(NULL, weights, &problem, &plan, &error)),
        NULLS(w4a16_plan_create(device, NULL, &problem, &plan, &error)),
        NULLS(w4a16_plan_create(device, weights, NULL, &plan, &error)),
        NULLS(w4a16_plan_create(device, weights, &problem, NULL, &error)),
        NULLS(w4a16_plan_launch(NULL, 0, &launch, &error)),
        NULLS(w4a16_plan_launch(plan, 0, NULL, &error)),
        NULLS(w4a16_run(NULL, &args, NULL, &error)),
        NULLS(w4a16_run(plan, NULL, NULL, &error)),
        NULLS(w4a16_kernel(0, NULL, &error)),
        NULLS(w4a16_layer_check(NULL, &error)),
        w4a16_layer_concat(NULL, 1, &part, &error),
        w4a16_layer_concat(none, 1, &part, &error),
        w4a16_layer_concat(layers, 0, &part, &error),
        w4a16_layer_concat(layers, 1, NULL, &error),
        NULLS(w4a16_layer_part_n(NULL, 0, 8, &part, &error)),
        NULLS(w4a16_layer_part_n(&o.layer, 0, 8, NULL, &error)),
        NULLS(w4a16_layer_part_k(NULL, 0, 8, &part, &error)),
        NULLS(w4a16_layer_part_k(&o.layer, 0, 8, NULL, &error)),
        NULLS(w4a16_reference(NULL, W4A16_F16, 1, &word, 64, &y, NULL, 1, &error)),
        NULLS(w4a16_reference(&o.layer, W4A16_F16, 1, NULL, 64, &y, NULL, 1, &error)),
        NULLS(w4a16_reference(&o.layer, W4A16_F16, 1, &word, 64, NULL, NULL, 1, &error)),
        NULLS(w4a16_checkpoint_open(NULL, &checkpoint, &error)),
        NULLS(w4a16_checkpoint_open("none", NULL, &error)),
        NULLS(w4a16_checkpoint_read_layer(NULL, 0, &part, &error)),
        NULLS(w4a16_quantize_file(NULL, "none", &quantize, NULL, NULL, &error)),
        NULLS(w4a16_quantize_file("none", NULL, &quantize, NULL, NULL, &error)),
        NULLS(w4a16_quantize_file("none", "none", NULL, NULL, NULL, &error)),
        w4a16_quantize_file("none", "none", &no_list, NULL, NULL, &error),
        w4a16_quantize_file("none", "none", &no_name, NULL, NULL, &error),
        NULLS(w4a16_make_model(NULL, 1, "none", &error)),
        NULLS(w4a16_make_model(w4a16_model_name(0), 1, NULL, &error)),
    };
#undef NULLS
    for (size_t n = 0; n < sizeof refused / sizeof refused[0]; n++)
        if (refused[n] != W4A16_INVALID_ARGUMENT) fail_msg("call %zu gave %d", n, refused[n]);
    assert_int_equal(w4a16_explain(NULL, NULL, &problem, &choice, 1, &error), 0);
    assert_int_equal(w4a16_explain("gfx1100", NULL, NULL, &choice, 1, &error), 0);
    assert_int_equal(w4a16_explain("gfx1100", NULL, &problem, NULL, 1, &error), 0);
    assert_int_equal(w4a16_target_resources(NULL, &resources, 1, &error), 0);
    assert_int_equal(w4a16_target_resources("gfx1100", NULL, 1, &error), 0);
    assert_true(w4a16_explain("gfx1100", NULL, &problem, NULL, 0, NULL) > 0);
    assert_int_equal(w4a16_reference(&o.layer, W4A16_F16, 0, NULL, 64, NULL, NULL, 1, NULL), W4A16_OK);
    assert_int_equal(w4a16_copy_to_device(device, 0, NULL, 0, NULL), W4A16_OK);
    /* Without a status: nothing happens. */
    w4a16_device_options_init(NULL, 0);
    w4a16_problem_init(NULL, 0);
    w4a16_problem_from_weights(NULL, weights);
    w4a16_problem_from_weights(&problem, NULL);
    assert_true(problem.shape.N == 64 && problem.shape.M == M);
    w4a16_device_get_info(device, NULL);
    w4a16_device_info info;
    memset(&info, 0xa5, sizeof info);
    w4a16_device_get_info(NULL, &info);
    assert_true(info.kind == 0 && !info.name[0] && !info.runtime[0]);
    assert_true(w4a16_weights_bytes(NULL) == 0 && w4a16_plan_workspace(NULL) == 0 &&
                w4a16_plan_launches(NULL) == 0);
    w4a16_order order = {.chunk = 7};
    w4a16_plan_order(NULL, &order);
    w4a16_plan_order(NULL, NULL);
    assert_int_equal(order.chunk, 0);
    w4a16_quantize_init(NULL, 0);
    w4a16_checkpoint_close(NULL);
    assert_true(w4a16_checkpoint_layers(NULL) == 0 && !w4a16_checkpoint_layer(NULL, 0) &&
                w4a16_checkpoint_find(NULL, "l") == -1 && w4a16_checkpoint_notes(NULL) == 0 &&
                !w4a16_checkpoint_note(NULL, 0) && !w4a16_model_name(SIZE_MAX));
    w4a16_layer_init(NULL, 0);
    assert_true(w4a16_layer_padded_K(NULL) == 0 && w4a16_layer_groups(NULL) == 0);
    w4a16_weights_free(NULL), w4a16_plan_free(NULL), w4a16_device_close(NULL), w4a16_layer_free(NULL);
    w4a16_plan_free(plan);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    free_layer(&o);
}

/* ---- structs and numbers ------------------------------------------------------------------------------- */

static const size_t wrong_sizes[] = {0, 1, SIZE_MAX, SIZE_MAX / 2};

static void test_struct_sizes(void **state) {
    (void)state;
    struct owned_layer o = make_layer(&dense, 1);
    w4a16_device *device = open_device(W4A16_DEVICE_CPU, 1, 0, NULL), *opened;
    w4a16_weights *weights, *again;
    w4a16_plan *plan;
    w4a16_error error;
    size_t bytes;
    must(w4a16_weights_create(device, &o.layer, &weights, &error), &error);
    for (size_t n = 0; n < sizeof wrong_sizes / sizeof wrong_sizes[0]; n++) {
        w4a16_device_options options;
        w4a16_device_options_init(&options, sizeof options);
        options.struct_size = wrong_sizes[n];
        says(w4a16_device_open(&options, &opened, &error), &error, "struct_size");
        w4a16_problem problem;
        w4a16_problem_init(&problem, sizeof problem);
        w4a16_problem_from_weights(&problem, weights);
        problem.shape.M = M;
        must(w4a16_plan_create(device, weights, &problem, &plan, &error), &error);
        w4a16_run_args args = {.struct_size = wrong_sizes[n]};
        says(w4a16_run(plan, &args, NULL, &error), &error, "struct_size");
        w4a16_plan_free(plan);
        problem.struct_size = wrong_sizes[n];
        says(w4a16_supports("gfx1100", NULL, &problem, &error), &error, "struct_size");
        says(w4a16_packed_bytes(&problem, &bytes, &error), &error, "struct_size");
        says(w4a16_weights_wrap(device, &problem, 0, &again, &error), &error, "struct_size");
        says(w4a16_plan_create(device, weights, &problem, &plan, &error), &error, "struct_size");
        w4a16_layer layer = o.layer;
        layer.struct_size = wrong_sizes[n];
        says(w4a16_weights_create(device, &layer, &again, &error), &error, "struct_size");
    }
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    free_layer(&o);
}

static void test_numbers(void **state) {
    (void)state;
    static const int64_t numbers[] = {INT64_MIN, INT64_MIN + 1,  -1,
                                      INT64_MAX, INT64_MAX - 31, INT64_C(1) << 32};
    static const int enums[] = {INT_MIN, -1, 0, 4, 77, INT_MAX};
    struct owned_layer o = make_layer(&dense, 1);
    w4a16_device *device = open_device(W4A16_DEVICE_CPU, 1, 0, NULL), *opened;
    w4a16_layer *part;
    w4a16_error error;
    unsigned char memory[64];
    uint16_t a[64] = {0};
    double y[64];
    w4a16_address address;
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
        const int64_t wrong = numbers[n];
        says(w4a16_layer_part_n(&o.layer, wrong, 8, &part, &error), &error, "part_n");
        says(w4a16_layer_part_n(&o.layer, 8, wrong, &part, &error), &error, "part_n");
        says(w4a16_layer_part_k(&o.layer, wrong, 8, &part, &error), &error, "part_k");
        says(w4a16_layer_part_k(&o.layer, 8, wrong, &part, &error), &error, "part_k");
        says(w4a16_reference(&o.layer, W4A16_F16, wrong, a, 64, y, NULL, 1, &error), &error, "0 to 16777216");
        says(w4a16_reference(&o.layer, W4A16_F16, 1, a, wrong, y, NULL, 1, &error), &error, "134217728");
        assert_int_not_equal(w4a16_pack_nibbles(device, o.q, NULL, wrong, 32, memory, 64, &error), W4A16_OK);
        assert_int_not_equal(w4a16_pack_nibbles(device, o.q, NULL, 32, wrong, memory, 64, &error), W4A16_OK);
        w4a16_layer l = o.layer;
        l.N = wrong;
        says(w4a16_layer_check(&l, &error), &error, "N is");
        l = o.layer, l.K = wrong;
        says(w4a16_layer_check(&l, &error), &error, "K is");
        l = o.layer, l.padded_K = wrong;
        says(w4a16_layer_check(&l, &error), &error, "padded_K is");
        l = o.layer, l.group_size = wrong;
        says(w4a16_layer_check(&l, &error), &error, "group_size is");
        assert_true(w4a16_layer_groups(&l) == (wrong < 0 ? 0 : 1));
    }
    for (size_t n = 0; n < sizeof enums / sizeof enums[0]; n++) {
        w4a16_device_options options;
        w4a16_device_options_init(&options, sizeof options);
        options.kind = (w4a16_device_kind)enums[n];
        says(w4a16_device_open(&options, &opened, &error), &error, "kind is");
        says(w4a16_reference(&o.layer, (w4a16_dtype)enums[n], 1, a, 64, y, NULL, 1, &error), &error,
             "act is");
        if (enums[n] == 4) continue;
        assert_string_equal(w4a16_dtype_name((w4a16_dtype)enums[n]), "unknown type");
        assert_string_equal(w4a16_status_name((w4a16_status)(enums[n] ? enums[n] : 1)),
                            enums[n] == -1 ? "invalid argument" : "unknown status");
    }
    static const int threads[] = {INT_MIN, -1, 0, 1025, INT_MAX};
    for (size_t n = 0; n < sizeof threads / sizeof threads[0]; n++)
        says(w4a16_reference(&o.layer, W4A16_F16, 1, a, 64, y, NULL, threads[n], &error), &error,
             "threads is");
    assert_int_equal(w4a16_buffer_alloc(device, SIZE_MAX, &address, &error), W4A16_OUT_OF_MEMORY);
    assert_int_equal(w4a16_buffer_alloc(device, SIZE_MAX / 2, &address, &error), W4A16_OUT_OF_MEMORY);
    w4a16_device_close(device);
    free_layer(&o);
}

/* A part with act-order gets groups of 32 places: few members in many groups make more of them than fit. */
static void test_parts_too_large(void **state) {
    (void)state;
    enum { K = 1 << 20, FEW = K / 2 + 8 };
    const struct layer_shape shape = {1, K, 1, 1, 1, 0};
    struct owned_layer o = make_layer(&shape, 1);
    w4a16_layer *part;
    w4a16_error error;
    says(w4a16_layer_part_k(&o.layer, 0, FEW, &part, &error), &error, "places; accepted are up to 16777216");
    must(w4a16_layer_part_k(&o.layer, 0, FEW - 16, &part, &error), &error);
    w4a16_layer_free(part);
    free_layer(&o);
}

/*
 * What is planned is launched, however large: nothing is at the addresses, so the first access ends the run,
 * but no launch is refused. (What is not planned any more: tests/plan.)
 */
static void test_largest(void **state) {
    (void)state;
    static const struct {
        int64_t M, N, K;
        const char *mask, *kernel;
    } rows[] = {{65535 * 128, 32, 31, NULL, "w4a16_stage"},
                {65535 * 128, 32, 32, "w4a16_strip*", "w4a16_matrix_f16_128x128_g32_sym"},
                {65535 * 32, 32, 32, "w4a16_matrix*,w4a16_strip_f16_m16*", "w4a16_strip_f16_m32_g32_sym"},
                {1, W4A16_SIZE_MAX, 32, NULL, "w4a16_decode_f16_m1_g32_sym"},
                {(1 << 20) - 1, 32, 4095, NULL, "w4a16_stage"}};
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        w4a16_device *device = open_sim(2, 0, rows[n].mask);
        w4a16_problem p;
        w4a16_weights *weights;
        w4a16_plan *plan;
        w4a16_launch_info launch;
        w4a16_error error;
        w4a16_problem_init(&p, sizeof p);
        p.shape.M = rows[n].M, p.shape.N = rows[n].N, p.shape.K = p.shape.group_size = rows[n].K;
        must(w4a16_weights_wrap(device, &p, UINT64_C(1) << 56, &weights, &error), &error);
        must(w4a16_plan_create(device, weights, &p, &plan, &error), &error);
        must(w4a16_plan_launch(plan, 0, &launch, &error), &error);
        assert_string_equal(launch.kernel, rows[n].kernel);
        w4a16_run_args args = {.struct_size = sizeof args,
                               .a = UINT64_C(2) << 56,
                               .out = UINT64_C(3) << 56,
                               .workspace = UINT64_C(4) << 56};
        assert_int_equal(w4a16_run(plan, &args, NULL, &error), W4A16_DEVICE_FAULT);
        if (!strstr(error.message, " bytes at 0x")) fail_msg("%s", error.message);
        w4a16_plan_free(plan);
        w4a16_weights_free(weights);
        w4a16_device_close(device);
    }
}

static void test_beyond_the_last(void **state) {
    (void)state;
    w4a16_kernel_info kernel;
    w4a16_error error;
    for (size_t n = 0; n < w4a16_kernels(); n++) {
        must(w4a16_kernel(n, &kernel, &error), &error);
        assert_true(kernel.name && kernel.device && kernel.limits);
    }
    says(w4a16_kernel(w4a16_kernels(), &kernel, &error), &error, "there are");
    says(w4a16_kernel(SIZE_MAX, &kernel, &error), &error, "there are");
}

/* ---- addresses ----------------------------------------------------------------------------------------- */

/* A product in one buffer, so that anything can be laid over anything. */
struct laid {
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_address memory;
    w4a16_run_args args;
    size_t a_bytes, out_bytes;
};
enum { LDA = 80, LDO = 70, PLACE = 1 << 16 };

static struct laid lay(w4a16_device_kind kind) {
    struct laid l = {.device = open_device(kind, 1, 0, NULL)};
    struct owned_layer o = make_layer(&dense, 1);
    w4a16_problem problem;
    w4a16_error error;
    must(w4a16_weights_create(l.device, &o.layer, &l.weights, &error), &error);
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, l.weights);
    problem.shape.M = M, problem.shape.lda = LDA, problem.shape.ldo = LDO;
    must(w4a16_plan_create(l.device, l.weights, &problem, &l.plan, &error), &error);
    uint16_t *zeros = calloc(PLACE, 4);
    l.memory = upload(l.device, zeros, 4 * (size_t)PLACE);
    free(zeros);
    l.args = (w4a16_run_args){.struct_size = sizeof l.args,
                              .a = l.memory + PLACE,
                              .out = l.memory + 2 * PLACE,
                              .workspace = l.memory + 3 * PLACE};
    l.a_bytes = 2 * ((M - 1) * LDA + 64), l.out_bytes = 2 * ((M - 1) * LDO + 64);
    free_layer(&o);
    return l;
}

static void lift(struct laid *l) {
    w4a16_buffer_free(l->device, l->memory, NULL);
    w4a16_plan_free(l->plan);
    w4a16_weights_free(l->weights);
    w4a16_device_close(l->device);
}

static void overlap(const struct laid *l, w4a16_run_args args, const char *what) {
    w4a16_error error;
    says(w4a16_run(l->plan, &args, NULL, &error), &error, what);
    assert_non_null(strstr(error.message, "must lie apart"));
}

static void apart(const struct laid *l, w4a16_run_args args) {
    w4a16_error error;
    must(w4a16_run(l->plan, &args, NULL, &error), &error);
}

static void test_overlaps(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct laid l = lay(kinds[k]);
        w4a16_run_args args = l.args;
        size_t workspace = w4a16_plan_workspace(l.plan);
        apart(&l, args);
        args.out = args.a;
        overlap(&l, args, "args.out, 408 bytes at");
        args.out = args.a + l.a_bytes - 2; /* the last element of the last row */
        overlap(&l, args, "overlaps a, 448 bytes at");
        args.out = args.a + l.a_bytes;
        apart(&l, args);
        args.out = args.a - l.out_bytes + 2;
        overlap(&l, args, "overlaps a");
        args.out = args.a - l.out_bytes;
        apart(&l, args);
        args.out = args.a + 2 * 64; /* between rows */
        overlap(&l, args, "overlaps a");
        args = l.args;
        if (kinds[k] == W4A16_DEVICE_SIM) {
            assert_true(workspace >= 256);
            args.workspace = args.out + l.out_bytes - l.out_bytes % 256;
            overlap(&l, args, "overlaps workspace");
            args.workspace = l.args.a;
            overlap(&l, args, "args.workspace");
            args = l.args;
        }
        /* Weights of the caller's: their first byte and their last. */
        size_t bytes = w4a16_weights_bytes(l.weights);
        args.weights = args.out + (l.out_bytes - 1) / 16 * 16;
        overlap(&l, args, "overlaps weights");
        args.weights = l.memory + 2 * PLACE - bytes + 256, args.a = l.memory;
        args.out = args.weights + bytes - 2;
        overlap(&l, args, "overlaps weights");
        lift(&l);
    }
}

/* Experts of nibbles only in sorted slots, combined: nothing else is given more to lie over. */
static void test_overlaps_of_all(void **state) {
    (void)state;
    const uint64_t step = 1 << 20;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        w4a16_device *device = open_device(kinds[k], 1, 0, NULL);
        w4a16_problem p;
        w4a16_weights *weights;
        w4a16_plan *plan;
        w4a16_error error;
        w4a16_problem_init(&p, sizeof p);
        p.shape.M = 5, p.shape.N = p.shape.K = 64, p.shape.group_size = 32, p.mixture.experts = 4,
        p.mixture.top_k = 2, p.epilogue.combine = W4A16_COMBINE_ADD;
        p.weights.packing = W4A16_PACKED_NIBBLES, p.weights.zeros = W4A16_ZEROS_STORED;
        p.epilogue.has_bias = 1, p.mixture.sorted_block = 8, p.mixture.sorted_count = 40;
        must(w4a16_weights_wrap(device, &p, 0, &weights, &error), &error);
        must(w4a16_plan_create(device, weights, &p, &plan, &error), &error);
        const w4a16_run_args good = {.struct_size = sizeof good,
                                     .a = 10 * step,
                                     .out = 11 * step,
                                     .workspace = 12 * step,
                                     .expert_ids = 13 * step,
                                     .gates = 14 * step,
                                     .weights = 15 * step,
                                     .bias = 16 * step,
                                     .scales = 17 * step,
                                     .zeros = 18 * step,
                                     .sorted_slots = 19 * step,
                                     .sorted_used = 20 * step};
        static const struct {
            const char *name;
            size_t field, bytes;
        } rows[] = {
#define ROW(name, bytes) {#name, offsetof(w4a16_run_args, name), bytes}
            ROW(a, 10 * 64 * 2),        ROW(expert_ids, 5 * 4),
            ROW(gates, 10 * 4),         ROW(weights, 4 * 64 * 64 / 2),
            ROW(bias, 4 * 64 * 4),      ROW(scales, 4 * 2 * 64 * 2),
            ROW(zeros, 4 * 2 * 64 / 2), ROW(sorted_slots, 40 * 4),
            ROW(sorted_used, 4)
#undef ROW
        };
        for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
            w4a16_run_args args = good;
            char expected[64];
            w4a16_address at, missing = 0, wrapped = UINT64_MAX - 15;
            memcpy(&at, (const char *)&good + rows[n].field, sizeof at);
            snprintf(expected, sizeof expected,
                     "args.out, 640 bytes at 0x%" PRIx64 ", overlaps %s, %zu bytes", at + rows[n].bytes - 4,
                     rows[n].name, rows[n].bytes);
            args.out = at + rows[n].bytes - 4;
            says(w4a16_run(plan, &args, NULL, &error), &error, expected);
            snprintf(expected, sizeof expected, "args.%s is 0x", rows[n].name);
            args = good;
            memcpy((char *)&args + rows[n].field, &wrapped, sizeof wrapped);
            if (rows[n].bytes > 16) says(w4a16_run(plan, &args, NULL, &error), &error, expected);
            memcpy((char *)&args + rows[n].field, &missing, sizeof missing);
            if (strcmp(rows[n].name, "gates") != 0)
                says(w4a16_run(plan, &args, NULL, &error), &error, expected);
            at |= 1;
            memcpy((char *)&args + rows[n].field, &at, sizeof at);
            says(w4a16_run(plan, &args, NULL, &error), &error, expected);
        }
        w4a16_plan_free(plan);
        w4a16_weights_free(weights);
        w4a16_device_close(device);
    }
}

static void test_wrap(void **state) {
    (void)state;
    w4a16_device *device = open_device(W4A16_DEVICE_CPU, 1, 0, NULL);
    w4a16_problem p;
    w4a16_weights *weights;
    w4a16_error error;
    w4a16_problem_init(&p, sizeof p);
    p.shape.N = p.shape.K = p.shape.group_size = 64;
    static const w4a16_address wrong[] = {1, 8, 4097, 0x7ffffffffff8, UINT64_MAX, UINT64_MAX - 15};
    for (size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++)
        says(w4a16_weights_wrap(device, &p, wrong[n], &weights, &error), &error, "multiple of 16");
    must(w4a16_weights_wrap(device, &p, 16, &weights, &error), &error);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
}

/* Packed bytes lie apart from what they are made of. */
static void test_in_place(void **state) {
    (void)state;
    w4a16_device *device = open_device(W4A16_DEVICE_CPU, 1, 0, NULL);
    struct owned_layer o = make_layer(&dense, 1);
    unsigned char *memory = malloc(1 << 16);
    w4a16_error error;
    w4a16_problem p, joined;
    w4a16_layer l = o.layer;
    l.q = memcpy(memory + 1024, o.q, 64 * 8 * 4);
    says(w4a16_pack(device, &l, memory, 1028, &error), &error, "the layer needs");
    says(w4a16_pack(device, &l, memory, 1 << 15, &error), &error, "overlaps the layer's q");
    l = o.layer, l.perm = memcpy(memory + 8192, o.perm, 64 * 4);
    const w4a16_layer *const moved[] = {&l};
    says(w4a16_pack_experts(device, moved, 1, memory, 1 << 15, &error), &error, "overlaps the layer's perm");
    must(w4a16_pack(device, &o.layer, memory, 1 << 15, &error), &error);
    says(w4a16_pack_nibbles(device, (uint32_t *)(void *)memory, NULL, 64, 64, memory, 64 * 32, &error),
         &error, "overlaps the layer's q");
    w4a16_problem_init(&p, sizeof p);
    p.shape.N = p.shape.K = 64, p.shape.group_size = 32, p.weights.zeros = W4A16_ZEROS_STORED;
    p.weights.act_order = p.epilogue.has_bias = 1;
    const w4a16_problem *const parts[] = {&p, &p};
    const void *const packed[] = {memory, memory};
    says(w4a16_packed_concat(parts, packed, 2, &joined, memory + 256, 1 << 15, &error), &error,
         "overlaps part 0");
    must(w4a16_packed_concat(parts, packed, 2, &joined, memory + (1 << 15), 1 << 15, &error), &error);
    must(w4a16_packed_concat(parts, packed, 2, &p, NULL, 0, &error), &error); /* joined may be a part */
    assert_int_equal(p.shape.N, 128);
    free(memory);
    free_layer(&o);
    w4a16_device_close(device);
}

/* ---- forks --------------------------------------------------------------------------------------------- */

/* Products of a device that was opened before the fork, and of one of its own; then frees everything. */
static int works_in_child(struct laid *l, const uint16_t *expected) {
    uint16_t out[M * LDO];
    w4a16_error error;
    alarm(20);
    if (w4a16_run(l->plan, &l->args, NULL, &error) != W4A16_OK) return 1;
    if (w4a16_copy_from_device(l->device, out, l->args.out, l->out_bytes, &error) != W4A16_OK) return 2;
    if (memcmp(out, expected, l->out_bytes) != 0) return 3;
    w4a16_device_info info;
    w4a16_device_get_info(l->device, &info);
    struct laid own = lay(info.kind);
    if (w4a16_run(own.plan, &own.args, NULL, &error) != W4A16_OK) return 4;
    lift(&own);
    lift(l);
    return 0;
}

static void test_fork(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct laid l = lay(kinds[k]);
        struct owned_layer o = make_layer(&dense, 1);
        uint16_t *a = random_activations(W4A16_F16, M * LDA, 2), out[M * LDO];
        w4a16_error error;
        w4a16_device *threads = open_device(kinds[k], 4, 0, NULL); /* so that there is something to lose */
        must(w4a16_copy_to_device(l.device, l.args.a, a, l.a_bytes, &error), &error);
        must(w4a16_run(l.plan, &l.args, NULL, &error), &error);
        must(w4a16_copy_from_device(l.device, out, l.args.out, l.out_bytes, &error), &error);
        pid_t child = fork();
        assert_true(child >= 0);
        if (!child) {
            int wrong = works_in_child(&l, out);
            w4a16_weights *weights;
            if (!wrong && w4a16_weights_create(threads, &o.layer, &weights, NULL) != W4A16_OK) wrong = 5;
            if (!wrong) w4a16_weights_free(weights);
            w4a16_device_close(threads);
            _exit(wrong);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        must(w4a16_run(l.plan, &l.args, NULL, &error), &error);
        w4a16_device_close(threads);
        lift(&l);
        free_layer(&o);
        free(a);
    }
}

struct busy {
    const struct laid *laid;
    int stop, runs; /* atomic */
};

static void *run_until_told(void *shared) {
    struct busy *busy = shared;
    while (!__atomic_load_n(&busy->stop, __ATOMIC_RELAXED)) {
        w4a16_run(busy->laid->plan, &busy->laid->args, NULL, NULL);
        __atomic_fetch_add(&busy->runs, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* Another thread is in a run, with the locks that belong to it, when the process forks. */
static void test_fork_while_running(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        struct laid l = lay(kinds[k]);
        struct busy busy = {.laid = &l};
        uint16_t out[M * LDO];
        pthread_t thread;
        w4a16_error error;
        must(w4a16_run(l.plan, &l.args, NULL, &error), &error);
        must(w4a16_copy_from_device(l.device, out, l.args.out, l.out_bytes, &error), &error);
        assert_int_equal(pthread_create(&thread, NULL, run_until_told, &busy), 0);
        while (!__atomic_load_n(&busy.runs, __ATOMIC_RELAXED)) sched_yield();
        for (int n = 0; n < 10; n++) {
            pid_t child = fork();
            assert_true(child >= 0);
            if (!child) _exit(works_in_child(&l, out));
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_int_equal(status, 0);
        }
        __atomic_store_n(&busy.stop, 1, __ATOMIC_RELAXED);
        pthread_join(thread, NULL);
        lift(&l);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null),     cmocka_unit_test(test_struct_sizes),
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_parts_too_large),
        cmocka_unit_test(test_largest),  cmocka_unit_test(test_beyond_the_last),
        cmocka_unit_test(test_overlaps), cmocka_unit_test(test_overlaps_of_all),
        cmocka_unit_test(test_wrap),     cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_fork),     cmocka_unit_test(test_fork_while_running)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
