/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The numerics contract's measure, on cases computed by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "half.h"
#include "w4a16/layer.h"

static const w4a16_order fp32_chain = {W4A16_ADDER_FP32, 128, 1, 1, 0};

/* One output with a mass of 0, so that only the ulp counts. */
static w4a16_accuracy one(w4a16_dtype type, uint16_t out, double y) {
    double mass = 0;
    w4a16_accuracy accuracy = {0};
    assert_int_equal(w4a16_compare(type, 1, 1, &out, 1, &y, &mass, &fp32_chain, &accuracy, NULL), W4A16_OK);
    assert_int_equal(accuracy.outputs, 1);
    return accuracy;
}

/*
 * Inf and NaN where sums may have left the range of fp32: lost, and no violation; finite outputs are judged.
 */
static void test_lost_sums(void **state) {
    (void)state;
    static const struct {
        uint16_t out;
        double mass;
        int overflows, violations;
    } cases[] = {{0x7f80, 0x1p127, 1, 0},   {0xff80, 0x1p127, 1, 0},   {0x7fc0, 0x1p127, 1, 0},
                 {0x3f80, 0x1p127, 0, 0},   {0x7fc0, 0x1.8p127, 1, 0}, {0x7f80, 0x1.fp126, 1, 1},
                 {0x7fc0, 0x1.fp126, 1, 1}, {0x7f7f, 0x1p127, 0, 1}};
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        w4a16_accuracy accuracy = {0};
        double y = 1;
        assert_int_equal(w4a16_compare(W4A16_BF16, 1, 1, &cases[n].out, 1, &y, &cases[n].mass, &fp32_chain,
                                       &accuracy, NULL),
                         W4A16_OK);
        assert_int_equal(accuracy.overflows, cases[n].overflows);
        assert_int_equal(accuracy.violations, cases[n].violations);
    }
}

static void test_table(void **state) {
    (void)state;
    /* clang-format off */
    static const struct {
        w4a16_dtype type; uint16_t out; double y, ulp, excess;
    } cases[] = {
        /* exact, then off by 1, 2, 3; the contract allows 1 ulp from the unrounded value */
        {W4A16_F16, 0x3c00, 1, 0, 0},
        {W4A16_F16, 0x3c01, 1, 1, 1},
        {W4A16_F16, 0x3c02, 1, 2, 2},
        {W4A16_F16, 0x3c03, 1, 3, 3},
        {W4A16_BF16, 0x3f81, 1, 1, 1},
        {W4A16_BF16, 0x3f83, 1, 3, 3},
        /* below a power of two the numbers are twice as dense, but the ulp is the reference's */
        {W4A16_F16, 0x3bff, 1, 1, 0.5},
        {W4A16_F16, 0x3c00, 1 - 0x1p-11, 1, 1},
        /* ties go to even: 1 + ulp/2 down to 1, 1 + 3 ulp/2 up to 1 + 2 ulp */
        {W4A16_F16, 0x3c00, 1 + 0x1p-11, 0, 0.5},
        {W4A16_F16, 0x3c01, 1 + 0x1p-11, 1, 0.5},
        {W4A16_F16, 0x3c02, 1 + 3 * 0x1p-11, 0, 0.5},
        {W4A16_F16, 0x3c01, 1 + 3 * 0x1p-11, 1, 0.5},
        {W4A16_BF16, 0x3f80, 1 + 0x1p-8, 0, 0.5},
        /* rounded once: through fp32 this would tie and go down to 1 */
        {W4A16_F16, 0x3c01, 1 + 0x1p-11 + 0x1p-40, 0, 0.5 * (1 - 0x1p-29)},
        {W4A16_BF16, 0x3f81, 1 + 0x1p-8 + 0x1p-40, 0, 0.5 * (1 - 0x1p-32)},
        /* signs and zeros */
        {W4A16_F16, 0xbc01, -1, 1, 1},
        {W4A16_F16, 0x8000, 0, 0, 0},
        {W4A16_F16, 0x0000, -0.0, 0, 0},
        {W4A16_F16, 0x8001, 0x1p-24, 2, 2},
        {W4A16_F16, 0xbc00, 1, 2 * 0x3c00, 2048},
        /* subnormals: the spacing is constant below the smallest normal */
        {W4A16_F16, 0x0001, 0x1p-24, 0, 0},
        {W4A16_F16, 0x0003, 0x1p-24, 2, 2},
        {W4A16_F16, 0x0000, 0x1p-25, 0, 0.5},
        {W4A16_F16, 0x0001, 0x1p-60, 1, 1 - 0x1p-36},
        {W4A16_F16, 0x0400, 0x3ff * 0x1p-24, 1, 1},
        {W4A16_F16, 0x0000, 1e-300, 0, 0},
        {W4A16_BF16, 0x0001, 0x1p-133, 0, 0},
        {W4A16_BF16, 0x0080, 0x7e * 0x1p-133, 2, 2},
        {W4A16_BF16, 0x0000, 0x1.8p-126, 0xc0, 192},
        /* overflow edge of fp16: 65504 is the largest, 65520 rounds to Inf, ulp 32 */
        {W4A16_F16, 0x7bff, 65504, 0, 0},
        {W4A16_F16, 0x7bff, 65519, 0, 15 / 32.0},
        {W4A16_F16, 0x7c00, 65519, 1, 17 / 32.0},
        {W4A16_F16, 0x7c00, 65520, 0, 0},
        {W4A16_F16, 0x7bff, 65520, 1, 0.5},
        {W4A16_F16, 0x7c00, 1e9, 0, 0},
        {W4A16_F16, 0xfc00, -1e9, 0, 0},
        {W4A16_F16, 0x7bff, 1e6, 1, (1e6 - 65504) / 32}, /* saturation is not rounding */
        {W4A16_F16, 0x7c00, 65408, 4, 4},
        {W4A16_F16, 0xfc00, 1e9, 2 * 0x7c00, (1e9 + 65536) / 32},
        {W4A16_BF16, 0x7f80, 0x1.ffp127, 0, 0},
        {W4A16_BF16, 0x7f7f, 0x1.feffffp127, 0, 0.5 * (1 - 0x1p-16)},
        {W4A16_BF16, 0x7f80, 1e300, 0, 0},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w4a16_accuracy got = one(cases[i].type, cases[i].out, cases[i].y);
        if (got.worst_ulp != cases[i].ulp ||
            fabs(got.worst_excess - cases[i].excess) > 1e-7 * cases[i].excess + 1e-99)
            fail_msg("row %zu: out 0x%04x, reference %a: %g ulp, excess %.9g; expected %g and %.9g", i,
                     cases[i].out, cases[i].y, got.worst_ulp, got.worst_excess, cases[i].ulp,
                     cases[i].excess);
        assert_int_equal(got.within_1ulp, cases[i].ulp <= 1);
        assert_int_equal(got.violations, cases[i].excess > 1);
        assert_int_equal(got.non_finite, 0);
    }
}

static void test_non_finite(void **state) {
    (void)state;
    static const struct {
        uint16_t out;
        double y;
        int agree, non_finite, overflow;
    } cases[] = {
        {0x7c00, INFINITY, 1, 1, 0}, {0xfc00, -INFINITY, 1, 1, 0}, {0x7e00, NAN, 1, 1, 0},
        {0xfe01, NAN, 1, 1, 0},      {0x7c01, NAN, 1, 1, 0},       {0xfc00, INFINITY, 0, 1, 0},
        {0x7bff, INFINITY, 0, 1, 0}, {0x7e00, INFINITY, 0, 1, 0},  {0x7c00, NAN, 0, 1, 0},
        {0x0000, NAN, 0, 1, 0},      {0x7e00, 1.0, 0, 0, 1},       {0x7e00, 1e9, 0, 0, 1},
        {0x7c00, 1e9, 1, 0, 1},      {0xfc00, -65520, 1, 0, 1},    {0x7bff, 65504, 1, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w4a16_accuracy got = one(W4A16_F16, cases[i].out, cases[i].y);
        assert_int_equal(got.violations, !cases[i].agree);
        assert_int_equal(got.within_1ulp, cases[i].agree);
        assert_int_equal(got.non_finite, cases[i].non_finite);
        assert_int_equal(got.overflows, cases[i].overflow);
        assert_int_equal(w4a16_accuracy_ok(&got, 0), cases[i].agree);
    }
}

/*
 * Every finite number of the type is its own rounding, and the midpoint to the next one goes to the even one.
 */
static void test_all_numbers(void **state) {
    (void)state;
    for (int t = 0; t < 2; t++) {
        w4a16_dtype type = t ? W4A16_BF16 : W4A16_F16;
        for (unsigned bits = 0; bits < (t ? 0x7f80u : 0x7c00u); bits++) {
            double x = t ? bf16_to_float((uint16_t)bits) : f16_to_float((uint16_t)bits);
            double next = t ? bf16_to_float((uint16_t)(bits + 1)) : f16_to_float((uint16_t)(bits + 1));
            if (isinf(next)) next = ldexp(1, t ? 128 : 16);
            double middle = (x + next) / 2;
            assert_true(one(type, (uint16_t)bits, x).worst_ulp == 0);
            assert_true(one(type, (uint16_t)(bits | 0x8000), -x).worst_ulp == 0);
            assert_true(one(type, (uint16_t)(bits + (bits & 1)), middle).worst_ulp == 0);
            assert_true(one(type, (uint16_t)(bits + 1), nextafter(middle, INFINITY)).worst_ulp == 0);
            assert_true(one(type, (uint16_t)bits, nextafter(middle, 0)).worst_ulp == 0);
        }
    }
}

/* Of a chain of 128 additions, a fold, a wave and a bias: (127 + 2) * 2^-24 and the last rounding's share. */
static void test_orders(void **state) {
    (void)state;
    static const struct {
        w4a16_order order;
        double roundings;
    } cases[] = {
        {{W4A16_ADDER_FP32, 128, 1, 1, 0}, 127 + 2},       {{W4A16_ADDER_FP32, 16, 1, 1, 0}, 15 + 2},
        {{W4A16_ADDER_DOT2, 128, 1, 1, 0}, 99 + 2},        {{W4A16_ADDER_WMMA, 128, 1, 1, 0}, 99 + 2},
        {{W4A16_ADDER_DOT2, 32, 1, 1, 0}, 27 + 2},         {{W4A16_ADDER_WMMA, 16, 1, 1, 0}, 15 + 2},
        {{W4A16_ADDER_DOT2, 128, 512, 16, 0}, 99 + 528},   {{W4A16_ADDER_WMMA, 128, 1, 1, 8}, 99 + 2 + 8},
        {{W4A16_ADDER_WMMA, 16, 65536, 1, 0}, 15 + 65537},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        /* k roundings, one after the other, of a sum that all of them raise */
        double worst = 1;
        for (int n = 0; n < cases[i].roundings; n++) worst *= 1 + 0x1p-24;
        double c = w4a16_order_error(&cases[i].order), least = (worst - 1) * (1 + 0x1p-8);
        if (!(c >= least * (1 - 1e-6) && c <= least * (1 + 1e-6)))
            fail_msg("row %zu: c is %g, expected %g", i, c, least);
    }
    assert_string_equal(w4a16_adder_name(W4A16_ADDER_DOT2), "dot2");
    assert_string_equal(w4a16_adder_name((w4a16_adder)99), "unknown");
}

static void test_bound_and_strides(void **state) {
    (void)state;
    /* cancellation: 5 ulp off is fine when c * mass, with c = 7.7191e-6, covers the other 4 = 3.90625e-3 */
    uint16_t out[2][3] = {{0x3c05, 0x3c00, 0x7e00}, {0x3c00, 0x3c05, 0x7e00}}; /* ldo = 3, N = 2 */
    double y[4] = {1, 1, 1, 1}, mass[4] = {507, 0, 0, 505};
    w4a16_accuracy accuracy = {0};
    assert_int_equal(w4a16_compare(W4A16_F16, 2, 2, out, 3, y, mass, &fp32_chain, &accuracy, NULL), W4A16_OK);
    assert_int_equal(accuracy.outputs, 4);
    assert_int_equal(accuracy.within_1ulp, 2);
    assert_int_equal(accuracy.violations, 1); /* allowed are 3.9136e-3, then 3.8981e-3 */
    assert_true(accuracy.worst_ulp == 5);
    assert_int_equal(w4a16_compare(W4A16_F16, 1, 1, out, 3, y, mass, &fp32_chain, &accuracy, NULL), W4A16_OK);
    assert_int_equal(accuracy.outputs, 5); /* adds up */

    float f = 1 + 0x1p-22f;
    double one_ = 1, none = 0;
    accuracy = (w4a16_accuracy){0};
    assert_int_equal(w4a16_compare(W4A16_F32, 1, 1, &f, 1, &one_, &none, &fp32_chain, &accuracy, NULL),
                     W4A16_OK);
    assert_true(accuracy.worst_ulp == 2 && accuracy.worst_excess == 2 && accuracy.violations == 1);
}

static void test_verdict(void **state) {
    (void)state;
    w4a16_accuracy a = {.outputs = 2000, .within_1ulp = 1998, .worst_excess = 0.9};
    assert_true(w4a16_accuracy_ok(&a, 1));
    a.within_1ulp = 1997;
    assert_false(w4a16_accuracy_ok(&a, 1));
    assert_true(w4a16_accuracy_ok(&a, 0));
    a.violations = 1;
    assert_false(w4a16_accuracy_ok(&a, 0));

    w4a16_accuracy sum = {.outputs = 1, .non_finite = 2, .overflows = 4, .worst_ulp = 3, .worst_excess = 0.5};
    w4a16_accuracy_add(&sum, &a);
    assert_true(sum.outputs == 2001 && sum.within_1ulp == 1997 && sum.non_finite == 2 && sum.violations == 1);
    assert_true(sum.overflows == 4);
    assert_true(sum.worst_ulp == 3 && sum.worst_excess == 0.9);
}

/* Nothing is counted when nothing can be compared. */
static void test_refusals(void **state) {
    (void)state;
    static const int64_t sizes[][3] = {{-1, 1, 1},
                                       {1, -1, 1},
                                       {1, 2, 1},
                                       {INT64_MAX, 1, 1},
                                       {1, INT64_MAX, INT64_MAX},
                                       {1, 1, INT64_MAX},
                                       {INT64_MIN, 1, 1},
                                       {1, 1, INT64_MIN},
                                       {W4A16_SIZE_MAX + 1, 1, 1}};
    const uint16_t out = 0;
    const double y = 0;
    w4a16_accuracy accuracy = {0}, none = {0};
    w4a16_order strange = fp32_chain;
    w4a16_error error;
#define REFUSED W4A16_INVALID_ARGUMENT
    for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++)
        assert_int_equal(w4a16_compare(W4A16_F16, sizes[n][0], sizes[n][1], &out, sizes[n][2], &y, &y,
                                       &fp32_chain, &accuracy, &error),
                         REFUSED);
    assert_non_null(strstr(error.message, "16777216"));
    for (int type = -1; type < 6; type += type ? 5 : 1)
        assert_int_equal(
            w4a16_compare((w4a16_dtype)type, 1, 1, &out, 1, &y, &y, &fp32_chain, &accuracy, NULL), REFUSED);
    strange.adder = (w4a16_adder)77;
    assert_int_equal(w4a16_compare(W4A16_F16, 1, 1, &out, 1, &y, &y, &strange, &accuracy, NULL), REFUSED);
    assert_true(w4a16_order_error(&strange) == 0);
    assert_int_equal(w4a16_compare(W4A16_F16, 1, 1, NULL, 1, &y, &y, &fp32_chain, &accuracy, NULL), REFUSED);
    assert_int_equal(w4a16_compare(W4A16_F16, 1, 1, &out, 1, NULL, &y, &fp32_chain, &accuracy, NULL),
                     REFUSED);
    assert_int_equal(w4a16_compare(W4A16_F16, 1, 1, &out, 1, &y, NULL, &fp32_chain, &accuracy, NULL),
                     REFUSED);
    assert_int_equal(w4a16_compare(W4A16_F16, 1, 1, &out, 1, &y, &y, NULL, &accuracy, NULL), REFUSED);
    assert_int_equal(w4a16_compare(W4A16_F16, 1, 1, &out, 1, &y, &y, &fp32_chain, NULL, NULL), REFUSED);
    assert_memory_equal(&accuracy, &none, sizeof none);
    assert_true(w4a16_order_error(NULL) == 0 && !w4a16_accuracy_ok(NULL, 0));
    w4a16_accuracy_add(NULL, &none);
    w4a16_accuracy_add(&accuracy, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),       cmocka_unit_test(test_lost_sums),
        cmocka_unit_test(test_orders),      cmocka_unit_test(test_non_finite),
        cmocka_unit_test(test_all_numbers), cmocka_unit_test(test_bound_and_strides),
        cmocka_unit_test(test_verdict),     cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
