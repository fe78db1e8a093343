/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Problems that get no plan: each has its sentence, at the edge of what is accepted and one beyond. */
#include "requests.h"

static void test_unsupported(void **state) {
    (void)state;
    struct plan_request r = request(1, 4096, 4096, 24);
    refuses(&r, W4A16_UNSUPPORTED,
            "no kernel takes this problem; the closest, w4a16_matrix_f16_64x128_g16_sym, refuses it: "
            "group_size is 24; accepted are multiples of 16 and one group over K");
}

/* ---- sizes --------------------------------------------------------------------------------------------- */

enum { SIZE = W4A16_SIZE_MAX };
static const int64_t max64 = INT64_MAX, min64 = INT64_MIN, two32 = INT64_C(1) << 32;

/* Each number has its own sentence, which says what is accepted; nothing is computed from one too large. */
static void test_numbers(void **state) {
    (void)state;
    static const struct {
        size_t field;
        const char *name;
        int64_t min, max;
    } rows[] = {
#define ROW(name, min, max) {offsetof(w4a16_problem, name), #name, min, max}
        ROW(shape.M, 0, SIZE),
        ROW(shape.N, 1, SIZE),
        ROW(shape.K, 1, SIZE),
        ROW(shape.padded_K, 0, SIZE),
        ROW(shape.group_size, 1, SIZE),
        ROW(shape.lda, 0, W4A16_STRIDE_MAX),
        ROW(shape.ldo, 0, W4A16_STRIDE_MAX),
        ROW(mixture.experts, 0, 1024),
        ROW(mixture.top_k, 0, 1024),
        ROW(mixture.sorted_block, 0, INT32_MAX),
        ROW(mixture.sorted_count, 0, INT32_MAX)
#undef ROW
    };
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        const int64_t wrong[] = {rows[n].min - 1, rows[n].max + 1, two32, two32 + 1, max64, min64};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            struct plan_request r = request(1, 64, 64, 32);
            char expected[128];
            memcpy((char *)&r.problem + rows[n].field, &wrong[i], sizeof wrong[i]);
            snprintf(expected, sizeof expected, "problem.%s is %lld: expected %lld to %lld", rows[n].name,
                     (long long)wrong[i], (long long)rows[n].min, (long long)rows[n].max);
            refuses(&r, W4A16_INVALID_ARGUMENT, expected);
            r.arch = "cpu";
            refuses(&r, W4A16_INVALID_ARGUMENT, expected);
        }
    }
    struct plan_request r = request(SIZE / 8 + 1, 64, 64, 32);
    r.problem.mixture.experts = r.problem.mixture.top_k = 8;
    refuses(&r, W4A16_INVALID_ARGUMENT,
            "problem.shape.M is 2097153 and top_k 8: expected up to 16777216 uses of experts");
}

/* The sentence of the only kernel that is left. */
static void refuses_by(struct plan_request r, const char *others, const char *kernel, const char *reason) {
    char expected[512];
    r.kernel_mask = others;
    snprintf(expected, sizeof expected, "no kernel takes this problem; the closest, %s, refuses it: %s",
             kernel, reason);
    refuses(&r, W4A16_UNSUPPORTED, expected);
}

#define NOT_STRIPS   "w4a16_decode*,w4a16_matrix*,w4a16_strip_f16_m16*"
#define NOT_MATRICES "w4a16_decode*,w4a16_strip*,w4a16_matrix_f16_128*"
#define NOT_DECODE   "w4a16_matrix*,w4a16_strip*"
#define A_LAUNCH     "a launch holds up to 65535 along y and 2^32 - 1 work-items"

/* What a launch and the kernels' 32-bit numbers hold, at the edge and one beyond. */
static void test_edges(void **state) {
    (void)state;
    struct plan_request r = request(65535 * 32, 32, 32, 32);
    r.kernel_mask = NOT_STRIPS;
    assert_int_equal(build(&r).steps[0].grid[1], 65535);
    r.problem.shape.M++;
    refuses_by(r, NOT_STRIPS, "w4a16_strip_f16_m32_g16_sym",
               "it needs 1 x 65536 work-groups of 32 work-items; " A_LAUNCH);
    r.problem.shape.M = 65535 * 64, r.kernel_mask = NOT_MATRICES;
    assert_int_equal(build(&r).steps[0].grid[1], 65535);
    r.problem.shape.M = SIZE;
    refuses_by(r, NOT_MATRICES, "w4a16_matrix_f16_64x128_g16_sym",
               "it needs 1 x 262144 work-groups of 128 work-items; " A_LAUNCH);

    r = request(4096, SIZE, 32, 32); /* 64 x 131072 work-groups of 128: 2^30 work-items */
    r.kernel_mask = NOT_MATRICES;
    assert_int_equal(build(&r).steps[0].grid[0], SIZE / 128);
    r.problem.shape.M = 4 * 4096 - 64;
    build(&r);
    r.problem.shape.M = 4 * 4096;
    refuses_by(r, NOT_MATRICES, "w4a16_matrix_f16_64x128_g16_sym",
               "it needs 131072 x 256 work-groups of 128 work-items; " A_LAUNCH);

    r = request(1, 32, SIZE / 2, 64); /* (2 * 2^17 + 1) * 1 chunks of 64 ... */
    build(&r);
    r = request(1, 32, SIZE, 128 * 8191); /* (2 * 2^17 + 1) * 8191 < 2^31 */
    r.kernel_mask = "w4a16_matrix*,w4a16_strip*";
    build(&r);
    r.problem.shape.group_size = 128 * 8192;
    refuses_by(r, NOT_DECODE, "w4a16_decode_f16_m4_g32_sym",
               "group_size is 1048576; with K = 16777216 it counts groups of up to 65504, or one");
    r.problem.shape.group_size = SIZE;
    build(&r);
    r.problem.shape.group_size = 16, r.problem.shape.N = 4096;
    r.problem.batch_invariant = 1;
    build(&(struct plan_request){.arch = "gfx11", .problem = r.problem});
    r.problem.shape.N = 4097;
    r.kernel_mask = NULL;
    refuses_by(r, "w4a16_decode*,w4a16_matrix*", "w4a16_strip_f16_m32_g16_sym",
               "N = 4097 columns have 1048576 groups each; accepted are up to 2^32 together");

    r = request(1, SIZE / 4, 32, 32);
    r.problem.mixture.experts = 1024, r.problem.mixture.top_k = 1;
    build(&r);
    r.problem.shape.N++;
    refuses_by(r, "w4a16_decode*,w4a16_matrix*", "w4a16_strip_f16_m16_g16_sym",
               "1024 experts have N = 4194305 columns each; accepted are up to 2^32 together");

    r = request(2048, 32, 32, 32);
    r.problem.mixture.experts = 1024, r.problem.mixture.top_k = 1, r.problem.shape.lda = (1 << 20);
    r.kernel_mask = NOT_DECODE;
    build(&r);
    r.problem.shape.lda += 2;
    refuses_by(
        r, NOT_DECODE, "w4a16_decode_f16_m4_g32_sym",
        "the activations of 2048 uses of experts are 2097156 bytes apart; accepted are up to 2^32 bytes "
        "together");
    r = request(32, 32, 32, 32);
    r.problem.shape.lda = (1 << 26);
    r.kernel_mask = NOT_STRIPS;
    build(&r);
    r.problem.shape.lda += 2;
    refuses_by(r, NOT_STRIPS, "w4a16_strip_f16_m32_g16_sym",
               "the activations of 32 rows of a tile are 134217732 bytes apart; accepted are up to 2^32 "
               "bytes together");
}

#define STAGED "act-order, odd row strides and K that is no multiple of 32 need w4a16_stage with "
#define FEWER  " work-items; " A_LAUNCH ": take fewer rows at a time"

/* The launches before and after the product. */
static void test_edges_of_helpers(void **state) {
    (void)state;
    struct plan_request r = request(65535 * 128, 32, 31, 31);
    assert_int_equal(build(&r).steps[0].grid[0], 65535 * 128);
    r = request((1 << 20) - 1, 32, 4095, 4095); /* 2^32 - 4096 work-items */
    build(&r);
    r.problem.shape.M++;
    refuses(&r, W4A16_UNSUPPORTED, STAGED "1048576 x 16 work-groups of 256" FEWER);
    r = request(1, 32, 65535 * 256, 65535 * 256);
    r.problem.weights.act_order = 1;
    assert_int_equal(build(&r).steps[0].grid[1], 65535);
    r.problem.shape.K++, r.problem.shape.group_size++;
    refuses(&r, W4A16_UNSUPPORTED, STAGED "1 x 65536 work-groups of 256" FEWER);
    r = request(1, 65535 * 256, 32, 32);
    r.problem.mixture.experts = r.problem.mixture.top_k = 1, r.problem.epilogue.combine = W4A16_COMBINE_ADD;
    assert_int_equal(build(&r).steps[1].grid[1], 65535);
    r.problem.shape.N++;
    refuses(&r, W4A16_UNSUPPORTED,
            "adding experts needs w4a16_combine_f16 with 1 x 65536 work-groups of 64" FEWER);
}

/* ---- wrong problems ------------------------------------------------------------------------------------ */

static void test_invalid(void **state) {
    (void)state;
    struct plan_request r = request(-1, 32, 32, 32);
    refuses(&r, W4A16_INVALID_ARGUMENT, "problem.shape.M is -1: expected 0 to 16777216");
    r = request(1, 32, 32, 33);
    refuses(&r, W4A16_INVALID_ARGUMENT, "problem.shape.group_size is 33: expected 1 to K = 32");
    r = request(1, 32, 32, 32);
    r.problem.shape.lda = 31;
    refuses(&r, W4A16_INVALID_ARGUMENT,
            "problem.shape.lda is 31 and ldo 0: expected 0 or at least K = 32 and N = 32");
    r.problem.shape.lda = 0;
    r.problem.act = W4A16_F32;
    w4a16_error error;
    assert_int_equal(plan_supports(&r, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "expected W4A16_F16 or W4A16_BF16"));
    r.problem.struct_size--;
    assert_int_equal(w4a16_supports("gfx1100", NULL, &r.problem, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "start from w4a16_problem_init"));
}

static void test_other_weights(void **state) {
    (void)state;
    struct plan_request r = request(1, 64, 256, 64);
    struct packed_layout layout = layout_of(&r.problem);
    struct plan plan;
    w4a16_error error;
    r.problem.epilogue.has_bias = 1; /* which the weights have not: run is given it */
    assert_int_equal(plan_build(&r, &layout, &plan, &error), W4A16_OK);
    assert_true(plan.bias);
    layout = layout_of(&r.problem);
    assert_int_equal(plan_build(&r, &layout, &plan, &error), W4A16_OK);
    assert_false(plan.bias);
    r.problem.epilogue.has_bias = 0;
    assert_int_equal(plan_build(&r, &layout, &plan, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "is not that of the weights"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unsupported), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_edges),       cmocka_unit_test(test_edges_of_helpers),
        cmocka_unit_test(test_invalid),     cmocka_unit_test(test_other_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
