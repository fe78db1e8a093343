/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Every matrix instruction with the operands and modifiers that it is tested with: kernels/wmma.c makes a
 * kernel of each case, test_wmma.c a row of its table.
 *
 * WMMA_CASES(X): X(form, c, high, n0, n1, n2, h0, h1, h2, clamp): the form; what C is (other registers, D's
 * own, or an inline constant); which half op_sel takes of C and D; bits 0-2 of neg_lo and of neg_hi; clamp.
 */
/* clang-format off */
#define WMMA_NAME(form, c, high, n0, n1, n2, h0, h1, h2, clamp) \
    form##_##c##_##high##_##n0##n1##n2##_##h0##h1##h2##_##clamp

#define WMMA_SIGNED_CASES(X, form, c, high) \
    X(form, c, high, 0, 0, 0, 0, 0, 0, 0) X(form, c, high, 1, 0, 0, 0, 0, 0, 0) \
    X(form, c, high, 0, 1, 0, 0, 0, 0, 0) X(form, c, high, 0, 0, 0, 1, 0, 0, 0) \
    X(form, c, high, 0, 0, 0, 0, 1, 0, 0) X(form, c, high, 0, 0, 1, 0, 0, 0, 0) \
    X(form, c, high, 0, 0, 0, 0, 0, 1, 0) X(form, c, high, 0, 0, 1, 0, 0, 1, 0) \
    X(form, c, high, 1, 1, 0, 1, 1, 0, 0) X(form, c, high, 1, 0, 1, 0, 1, 1, 0)
#define WMMA_PLAIN_CASES(X, form, c, high) \
    X(form, c, high, 0, 0, 0, 0, 0, 0, 0) X(form, c, high, 0, 1, 0, 1, 0, 0, 0)
#define WMMA_FLOAT_CASES(X, form, high) \
    WMMA_SIGNED_CASES(X, form, registers, high) WMMA_PLAIN_CASES(X, form, result, high) \
    WMMA_PLAIN_CASES(X, form, zero, high) WMMA_PLAIN_CASES(X, form, one, high) \
    WMMA_PLAIN_CASES(X, form, minus_four, high) WMMA_PLAIN_CASES(X, form, integer, high)

#define WMMA_INTEGER_CASES_OF(X, form, c) /* neg_lo: the matrix is signed */ \
    X(form, c, 0, 0, 0, 0, 0, 0, 0, 0) X(form, c, 0, 1, 0, 0, 0, 0, 0, 0) \
    X(form, c, 0, 0, 1, 0, 0, 0, 0, 0) X(form, c, 0, 1, 1, 0, 0, 0, 0, 0) \
    X(form, c, 0, 0, 0, 0, 0, 0, 0, 1) X(form, c, 0, 1, 0, 0, 0, 0, 0, 1) \
    X(form, c, 0, 0, 1, 0, 0, 0, 0, 1) X(form, c, 0, 1, 1, 0, 0, 0, 0, 1)
#define WMMA_INTEGER_CASES(X, form) \
    WMMA_INTEGER_CASES_OF(X, form, registers) WMMA_INTEGER_CASES_OF(X, form, result) \
    WMMA_INTEGER_CASES_OF(X, form, zero) WMMA_INTEGER_CASES_OF(X, form, one) \
    WMMA_INTEGER_CASES_OF(X, form, minus_four) WMMA_INTEGER_CASES_OF(X, form, integer)

#define WMMA_CASES(X) \
    WMMA_FLOAT_CASES(X, f32_16x16x16_f16, 0) WMMA_FLOAT_CASES(X, f32_16x16x16_bf16, 0) \
    WMMA_FLOAT_CASES(X, f16_16x16x16_f16, 0) WMMA_FLOAT_CASES(X, f16_16x16x16_f16, 1) \
    WMMA_FLOAT_CASES(X, bf16_16x16x16_bf16, 0) WMMA_FLOAT_CASES(X, bf16_16x16x16_bf16, 1) \
    WMMA_INTEGER_CASES(X, i32_16x16x16_iu8) WMMA_INTEGER_CASES(X, i32_16x16x16_iu4)
/* clang-format on */
