/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Problems for the tests of src/plan, and what becomes of them: a plan, or a refusal. */
#ifndef TESTS_PLAN_REQUESTS_H
#define TESTS_PLAN_REQUESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "plan/family.h"

static inline struct plan_request request(int64_t M, int64_t N, int64_t K, int64_t group_size) {
    struct plan_request r = {.arch = "gfx11"};
    w4a16_problem_init(&r.problem, sizeof r.problem);
    r.problem.shape.M = M, r.problem.shape.N = N, r.problem.shape.K = K,
    r.problem.shape.group_size = group_size;
    return r;
}

static inline struct packed_layout layout_of(const w4a16_problem *p) {
    static const uint8_t zero;
    static const int32_t perm;
    static const float bias;
    w4a16_layer l;
    w4a16_layer_init(&l, sizeof l);
    l.N = p->shape.N, l.K = p->shape.K, l.group_size = p->shape.group_size,
    l.scale_type = p->weights.scale_type;
    l.zero = p->weights.zeros ? &zero : NULL; /* only their presence counts */
    l.perm = p->weights.act_order ? &perm : NULL;
    l.bias = p->epilogue.has_bias ? &bias : NULL;
    return packed_layout_of(&l, p->mixture.experts);
}

static inline struct plan build(const struct plan_request *r) {
    struct packed_layout layout = layout_of(&r->problem);
    struct plan plan = {0};
    w4a16_error error;
    if (plan_supports(r, &error) != W4A16_OK || plan_build(r, &layout, &plan, &error) != W4A16_OK)
        fail_msg("%s", error.message);
    return plan;
}

/* The launch of a plan that is the product itself. */
static inline const struct plan_step *product_of(const struct plan *plan) {
    const struct plan_step *s = plan->steps;
    while (s->kernel->family->role != ROLE_LINEAR) assert_true(++s < plan->steps + plan->step_count);
    return s;
}

/* And the sentence of the refusal, to the letter. */
static inline void refuses(const struct plan_request *r, w4a16_status status, const char *message) {
    w4a16_error error = {0};
    assert_int_equal(plan_supports(r, &error), status);
    assert_string_equal(error.message, message);
    struct packed_layout layout = {0};
    struct plan plan;
    assert_int_equal(plan_build(r, &layout, &plan, &error), status);
}

#endif
