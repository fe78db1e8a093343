/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* w4a16_layer_check: a good layer passes, and each fault is found and named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "w4a16/layer.h"

enum { N = 3, K = 12, GROUP = 5, GROUPS = 3 }; /* K is a multiple of neither 8 nor the group size */

static uint32_t q[2 * N];
static uint16_t scale[GROUPS * N];
static uint8_t zero[GROUPS * N];
static int32_t perm[K];
static float bias[N];

static w4a16_layer good(void) {
    w4a16_layer l;
    w4a16_layer_init(&l, sizeof l);
    l.N = N, l.K = K, l.group_size = GROUP;
    l.q = q, l.scale = scale, l.zero = zero, l.perm = perm, l.bias = bias;
    l.scale_type = W4A16_F16, l.bias_type = W4A16_F32;
    for (int i = 0; i < GROUPS * N; i++) scale[i] = 0x3c00, zero[i] = 16;
    for (int i = 0; i < K; i++) perm[i] = (i * 5 + 3) % K;
    return l;
}

static void accepts(const w4a16_layer *l) {
    w4a16_error error = {.message = "poison"};
    assert_int_equal(w4a16_layer_check(l, &error), W4A16_OK);
    assert_string_equal(error.message, "");
    assert_int_equal(w4a16_layer_check(l, NULL), W4A16_OK);
}

static void refuses(const w4a16_layer *l, const char *message) {
    w4a16_error error = {0};
    assert_int_equal(w4a16_layer_check(l, &error), W4A16_INVALID_ARGUMENT);
    assert_int_equal(error.status, W4A16_INVALID_ARGUMENT);
    assert_string_equal(error.message, message);
    assert_int_equal(w4a16_layer_check(l, NULL), W4A16_INVALID_ARGUMENT);
}

static void test_good(void **state) {
    (void)state;
    w4a16_layer l = good();
    accepts(&l);
    assert_int_equal(w4a16_layer_groups(&l), GROUPS);
    l.zero = NULL, l.perm = NULL, l.bias = NULL, l.bias_type = 0;
    accepts(&l);
    l.group_size = K;
    accepts(&l);
    assert_int_equal(w4a16_layer_groups(&l), 1);
    scale[0] = 0x7bff, scale[1] = 0x8001; /* largest, and negative subnormal */
    accepts(&l);
    l.scale_type = W4A16_BF16;
    scale[0] = 0x7f7f; /* the largest bf16 */
    accepts(&l);
}

static void test_sizes(void **state) {
    (void)state;
    w4a16_layer l = good();
    l.N = 0;
    refuses(&l, "layer: N is 0; accepted is 1..16777216");
    l = good(), l.K = INT64_MAX;
    refuses(&l, "layer: K is 9223372036854775807; accepted is 1..16777216");
    l = good(), l.group_size = -1;
    refuses(&l, "layer: group_size is -1; accepted is 1..12");
    l = good(), l.group_size = K + 1;
    refuses(&l, "layer: group_size is 13; accepted is 1..12");
    l = good(), l.struct_size -= 8;
    w4a16_error error;
    assert_int_equal(w4a16_layer_check(&l, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "w4a16_layer_init"));
    refuses(NULL, "layer: null pointer");
}

static void test_fields(void **state) {
    (void)state;
    w4a16_layer l = good();
    l.q = NULL;
    refuses(&l, "layer: q is a null pointer");
    l = good(), l.scale = NULL;
    refuses(&l, "layer: scale is a null pointer");
    l = good(), l.scale_type = W4A16_F32;
    refuses(&l, "layer: scale_type is 3; accepted are 1 (fp16) and 2 (bf16)");
    l = good(), l.bias_type = 9;
    refuses(&l, "layer: bias_type is 9; accepted are 1 (fp16), 2 (bf16) and 3 (fp32)");
}

static void test_contents(void **state) {
    (void)state;
    w4a16_layer l = good();
    scale[7] = 0xfc00;
    refuses(&l, "layer: scale of group 2, column 1 is 0xfc00 (fp16 Inf or NaN); accepted are finite scales");
    l = good(), l.scale_type = W4A16_BF16, scale[8] = 0x7f81;
    refuses(&l, "layer: scale of group 2, column 2 is 0x7f81 (bf16 Inf or NaN); accepted are finite scales");
    l = good(), zero[3] = 17;
    refuses(&l, "layer: zero of group 1, column 0 is 17; accepted is 0..16");
    l = good(), perm[4] = perm[2];
    refuses(&l, "layer: perm[4] is 1, which came before; accepted is each of 0..11 once");
    l = good(), perm[11] = K;
    refuses(&l, "layer: perm[11] is 12; accepted is each of 0..11 once");
    l = good(), perm[0] = -1;
    refuses(&l, "layer: perm[0] is -1; accepted is each of 0..11 once");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_sizes),
                                       cmocka_unit_test(test_fields), cmocka_unit_test(test_contents)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
