/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The C interface abused: null pointers, structs and numbers of any kind. Whatever is wrong is said, and nothing
 * is done; what is right works.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "laid.h"

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
    w4a16_weights *weights, *made;
    w4a16_plan *plan, *unplanned;
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
        NULLS(w4a16_weights_create(NULL, &o.layer, &made, &error)),
        NULLS(w4a16_weights_create(device, NULL, &made, &error)),
        NULLS(w4a16_weights_create(device, &o.layer, NULL, &error)),
        NULLS(w4a16_experts_create(NULL, layers, 1, &made, &error)),
        NULLS(w4a16_experts_create(device, NULL, 1, &made, &error)),
        w4a16_experts_create(device, none, 1, &made, &error),
        NULLS(w4a16_experts_create(device, layers, 1, NULL, &error)),
        w4a16_experts_create(device, layers, 0, &made, &error),
        w4a16_experts_create(device, layers, SIZE_MAX, &made, &error),
        NULLS(w4a16_packed_bytes(NULL, &bytes, &error)),
        NULLS(w4a16_packed_bytes(&problem, NULL, &error)),
        NULLS(w4a16_pack(NULL, &o.layer, &byte, 1, &error)),
        NULLS(w4a16_pack(device, NULL, &byte, 1, &error)),
        NULLS(w4a16_pack(device, &o.layer, NULL, SIZE_MAX, &error)),
        NULLS(w4a16_pack_experts(NULL, layers, 1, &byte, 1, &error)),
        NULLS(w4a16_pack_experts(device, NULL, 1, &byte, 1, &error)),
        w4a16_pack_experts(device, none, 1, &byte, 1, &error),
        NULLS(w4a16_pack_experts(device, layers, 1, NULL, SIZE_MAX, &error)),
        NULLS(w4a16_weights_wrap(NULL, &problem, 0, &made, &error)),
        NULLS(w4a16_weights_wrap(device, NULL, 0, &made, &error)),
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
        NULLS(w4a16_plan_create(NULL, weights, &problem, &unplanned, &error)),
        NULLS(w4a16_plan_create(device, NULL, &problem, &unplanned, &error)),
        NULLS(w4a16_plan_create(device, weights, NULL, &unplanned, &error)),
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

/* What a call would have made is null where it fails. */
static void test_nothing_made(void **state) {
    (void)state;
    struct owned_layer o = make_layer(&dense, 1);
    const w4a16_layer *const layers[] = {&o.layer}, *const none[] = {NULL};
    w4a16_device *device = open_device(W4A16_DEVICE_CPU, 1, 0, NULL), *opened;
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.struct_size = 1;
    w4a16_weights *made, *weights;
    w4a16_problem problem;
    w4a16_plan *plan;
    w4a16_layer *part, empty = o.layer;
    w4a16_checkpoint *checkpoint;
    w4a16_stored stored;
    w4a16_error error;
    w4a16_stored_init(&stored, sizeof stored);
    empty.N = 0;
    must(w4a16_weights_create(device, &o.layer, &weights, &error), &error);
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = -1;
#define MAKES_NOTHING(out, call)                                                                             \
    do {                                                                                                     \
        (out) = (void *)&(out); /* poison */                                                                 \
        assert_int_not_equal(call, W4A16_OK);                                                                \
        assert_null(out);                                                                                    \
    } while (0)
    MAKES_NOTHING(opened, w4a16_device_open(&options, &opened, &error));
    MAKES_NOTHING(made, w4a16_weights_create(device, &empty, &made, &error));
    MAKES_NOTHING(made, w4a16_experts_create(device, layers, 0, &made, &error));
    MAKES_NOTHING(made, w4a16_weights_wrap(device, &problem, 1, &made, &error));
    MAKES_NOTHING(plan, w4a16_plan_create(device, weights, &problem, &plan, &error));
    MAKES_NOTHING(part, w4a16_layer_concat(none, 1, &part, &error));
    MAKES_NOTHING(part, w4a16_layer_part_n(&o.layer, -8, 8, &part, &error));
    MAKES_NOTHING(part, w4a16_layer_part_k(&o.layer, -8, 8, &part, &error));
    MAKES_NOTHING(part, w4a16_layer_from_gptq(&stored, &part, &error));
    MAKES_NOTHING(checkpoint, w4a16_checkpoint_open("none", &checkpoint, &error));
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    free_layer(&o);
}

/* An error says nothing after a success. */
static void test_success_clears(void **state) {
    (void)state;
    struct owned_layer o = make_layer(&dense, 1);
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = W4A16_DEVICE_CPU;
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_problem problem;
    w4a16_plan *plan;
    w4a16_address buffer;
    w4a16_launch_info launch;
    w4a16_error error;
    size_t bytes;
    char byte = 0;
#define CLEARS(call)                                                                                         \
    do {                                                                                                     \
        memset(&error, 0xa5, sizeof error);                                                                  \
        assert_int_equal(call, W4A16_OK);                                                                    \
        assert_true(error.status == W4A16_OK && !error.message[0]);                                          \
    } while (0)
    CLEARS(w4a16_device_open(&options, &device, &error));
    CLEARS(w4a16_weights_create(device, &o.layer, &weights, &error));
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = M;
    CLEARS(w4a16_packed_bytes(&problem, &bytes, &error));
    CLEARS(w4a16_supports("gfx1100", NULL, &problem, &error));
    CLEARS(w4a16_plan_create(device, weights, &problem, &plan, &error));
    CLEARS(w4a16_plan_launch(plan, 0, &launch, &error));
    CLEARS(w4a16_buffer_alloc(device, 1, &buffer, &error));
    CLEARS(w4a16_copy_to_device(device, buffer, &byte, 1, &error));
    CLEARS(w4a16_copy_from_device(device, &byte, buffer, 1, &error));
    CLEARS(w4a16_buffer_free(device, buffer, &error));
    CLEARS(w4a16_layer_check(&o.layer, &error));
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_null),           cmocka_unit_test(test_nothing_made),
        cmocka_unit_test(test_success_clears), cmocka_unit_test(test_struct_sizes),
        cmocka_unit_test(test_numbers),        cmocka_unit_test(test_parts_too_large),
        cmocka_unit_test(test_largest),        cmocka_unit_test(test_beyond_the_last)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
