/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A small product of either kind of device, for the tests of addresses and of forks. */
#ifndef TESTS_DEVICE_LAID_H
#define TESTS_DEVICE_LAID_H

#include "product.h"
#include "w4a16/w4a16.h"

static const w4a16_device_kind kinds[] = {W4A16_DEVICE_SIM, W4A16_DEVICE_CPU};
static const struct layer_shape dense = {64, 64, 32, 0, 1, 1};
enum { M = 3 };

static inline void says(w4a16_status status, const w4a16_error *error, const char *part) {
    assert_int_equal(status, W4A16_INVALID_ARGUMENT);
    assert_int_equal(error->status, status);
    if (!strstr(error->message, part)) fail_msg("\"%s\" has no \"%s\"", error->message, part);
}

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

static inline struct laid lay(w4a16_device_kind kind) {
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

static inline void lift(struct laid *l) {
    w4a16_buffer_free(l->device, l->memory, NULL);
    w4a16_plan_free(l->plan);
    w4a16_weights_free(l->weights);
    w4a16_device_close(l->device);
}

#endif
