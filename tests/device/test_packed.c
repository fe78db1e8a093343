/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Packed weights in the caller's memory, and a bias that is given to each run: the same bits as weights that
 * the library holds, on cpu and sim; and what is refused.
 */
#include "product.h"

enum { ROWS = 3 };

static w4a16_device *open_kind(w4a16_device_kind kind) {
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_error error;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = kind;
    must(w4a16_device_open(&options, &device, &error), &error);
    return device;
}

/* What w4a16_problem_from_weights says of the layer, without weights. */
static w4a16_problem problem_of(const w4a16_layer *l) {
    w4a16_problem p;
    w4a16_problem_init(&p, sizeof p);
    p.shape.M = ROWS, p.shape.N = l->N, p.shape.K = l->K, p.shape.group_size = l->group_size,
    p.weights.scale_type = l->scale_type;
    if (l->zero) p.weights.zeros = W4A16_ZEROS_STORED;
    p.weights.act_order = l->perm != NULL;
    return p;
}

static w4a16_address upload_packed(w4a16_device *device, const w4a16_layer *layer) {
    w4a16_problem p = problem_of(layer);
    w4a16_error error;
    size_t bytes;
    must(w4a16_packed_bytes(&p, &bytes, &error), &error);
    void *packed = malloc(bytes);
    assert_int_equal(w4a16_pack(device, layer, packed, bytes - 1, &error), W4A16_INVALID_ARGUMENT);
    must(w4a16_pack(device, layer, packed, bytes, &error), &error);
    w4a16_address at = upload(device, packed, bytes);
    free(packed);
    return at;
}

static w4a16_address upload_bias(w4a16_device *device, const struct owned_layer *o) {
    size_t count = (size_t)(o->layer.N + 31) / 32 * 32;
    float *bias = calloc(count, sizeof *bias);
    for (int64_t n = 0; n < o->layer.N; n++) bias[n] = f16_to_float(o->bias[n]);
    w4a16_address at = upload(device, bias, count * sizeof *bias);
    free(bias);
    return at;
}

static void compare_with_held(w4a16_device *device, const struct layer_shape *shape) {
    struct owned_layer o = make_layer(shape, 7), other = make_layer(shape, 8);
    size_t elements = (size_t)(ROWS * shape->N);
    uint16_t *a = random_activations(W4A16_F16, (size_t)(ROWS * shape->K), 9);
    uint16_t *expected = malloc(elements * 2), *out = malloc(elements * 2);
    struct inputs in = {.a = a, .a_elements = (size_t)(ROWS * shape->K)};
    w4a16_weights *held, *wrapped, *nowhere;
    w4a16_error error;

    w4a16_problem p;
    w4a16_problem_init(&p, sizeof p);
    must(w4a16_weights_create(device, &o.layer, &held, &error), &error);
    w4a16_problem_from_weights(&p, held);
    p.shape.M = ROWS;
    run_product(device, held, &p, &in, expected, elements);

    const void *bias = o.layer.bias;
    o.layer.bias = other.layer.bias = NULL;
    w4a16_address here = upload_packed(device, &o.layer), there = upload_packed(device, &other.layer);
    if (bias) in.bias = upload_bias(device, &o);
    w4a16_problem without = problem_of(&o.layer);
    must(w4a16_weights_wrap(device, &without, here, &wrapped, &error), &error);
    must(w4a16_weights_wrap(device, &without, there, &nowhere, &error), &error);
    assert_int_equal(w4a16_weights_bytes(wrapped) + (bias ? 256 : 0), w4a16_weights_bytes(held));
    run_product(device, wrapped, &p, &in, out, elements);
    assert_memory_equal(out, expected, elements * 2);
    in.weights = here;
    run_product(device, nowhere, &p, &in, out, elements);
    assert_memory_equal(out, expected, elements * 2);

    w4a16_weights_free(held), w4a16_weights_free(wrapped), w4a16_weights_free(nowhere);
    w4a16_buffer_free(device, here, NULL), w4a16_buffer_free(device, there, NULL);
    w4a16_buffer_free(device, in.bias, NULL);
    free(a), free(expected), free(out);
    free_layer(&o), free_layer(&other);
}

static void test_same_bits(void **state) {
    (void)state;
    static const struct layer_shape shapes[] = {
        {64, 128, 32, 1, 0, 0}, {40, 128, 128, 0, 0, 1}, {33, 64, 64, 1, 1, 1}, {64, 96, 32, 0, 1, 0}};
    for (int kind = W4A16_DEVICE_SIM; kind <= W4A16_DEVICE_CPU; kind++) {
        w4a16_device *device = open_kind((w4a16_device_kind)kind);
        for (size_t n = 0; n < sizeof shapes / sizeof shapes[0]; n++) compare_with_held(device, &shapes[n]);
        w4a16_device_close(device);
    }
}

static void test_refusals(void **state) {
    (void)state;
    w4a16_device *device = open_kind(W4A16_DEVICE_CPU);
    w4a16_problem p;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_error error;
    size_t bytes;
    w4a16_problem_init(&p, sizeof p);
    assert_int_equal(w4a16_packed_bytes(&p, &bytes, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(w4a16_weights_wrap(device, &p, 0, &weights, &error), W4A16_INVALID_ARGUMENT);
    p.shape.M = 1, p.shape.N = 32, p.shape.K = 64, p.shape.group_size = 32;
    must(w4a16_weights_wrap(device, &p, 0, &weights, &error), &error);
    p.epilogue.has_bias = 1;
    must(w4a16_plan_create(device, weights, &p, &plan, &error), &error);
    static _Alignas(16) unsigned char memory[4096];
    w4a16_address at = (w4a16_address)(uintptr_t)memory;
    static _Alignas(256) unsigned char workspace[4096];
    assert_true(w4a16_plan_workspace(plan) <= sizeof workspace);
    w4a16_run_args args = {.struct_size = sizeof args,
                           .a = at,
                           .out = at + 2048,
                           .workspace = (w4a16_address)(uintptr_t)workspace,
                           .bias = at};
    assert_int_equal(w4a16_run(plan, &args, NULL, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "args.weights"));
    args.weights = at + 8;
    assert_int_equal(w4a16_run(plan, &args, NULL, &error), W4A16_INVALID_ARGUMENT);
    args.weights = at, args.bias = 0;
    assert_int_equal(w4a16_run(plan, &args, NULL, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "args.bias"));
    args.bias = at;
    must(w4a16_run(plan, &args, NULL, &error), &error);
    w4a16_plan_free(plan), w4a16_weights_free(weights);
    w4a16_device_close(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bits), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
