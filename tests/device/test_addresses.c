/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Addresses of a run that overlap, end too soon or are another's memory: said, and nothing is done; and those that are
 * right work.
 */
#include <inttypes.h>
#include <stdio.h>

#include "laid.h"

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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_overlaps),
                                       cmocka_unit_test(test_overlaps_of_all), cmocka_unit_test(test_wrap),
                                       cmocka_unit_test(test_in_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
