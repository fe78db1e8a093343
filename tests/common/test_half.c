/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Conversions of 16-bit floats against definitions that share nothing with the code: ldexp and the compiler.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "half.h"
#include "random.h"

#define RANDOM_FLOATS 4000000

/* The value of a format with `mantissa` bits behind the point and the given bias, by its definition. */
static double value_of(uint16_t bits, int mantissa, int bias) {
    int exponent = (bits & 0x7fff) >> mantissa, fraction = bits & ((1 << mantissa) - 1);
    double magnitude = exponent ? ldexp((1 << mantissa) + fraction, exponent - bias - mantissa)
                                : ldexp(fraction, 1 - bias - mantissa);
    return bits & 0x8000 ? -magnitude : magnitude;
}

static int is_special(uint16_t bits, uint16_t exponents) { return (bits & exponents) == exponents; }

static void test_every_half(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 65536; bits++) {
        uint16_t h = (uint16_t)bits;
        float f16 = f16_to_float(h), bf16 = bf16_to_float(h);
        if (is_special(h, 0x7c00)) {
            assert_true(h & 0x3ff ? isnan(f16) : isinf(f16));
        } else {
            assert_true((double)f16 == value_of(h, 10, 15));
        }
        if (is_special(h, 0x7f80)) {
            assert_true(h & 0x7f ? isnan(bf16) : isinf(bf16));
        } else {
            assert_true((double)bf16 == value_of(h, 7, 127));
        }
        assert_true(!signbit(f16) == !(h & 0x8000) && !signbit(bf16) == !(h & 0x8000));
        uint16_t again = float_to_f16(f16), bf16_again = float_to_bf16(bf16);
        assert_int_equal(again, isnan(f16) ? h | 0x200 : h); /* a NaN becomes quiet */
        assert_int_equal(bf16_again, isnan(bf16) ? h | 0x40 : h);
    }
}

/* Nearest, ties to even: decided among the two neighbours in the format, in exact double arithmetic. */
static void check_nearest(float f, uint16_t got, int mantissa, int bias, uint16_t exponents) {
    uint16_t sign = signbit(f) ? 0x8000 : 0;
    assert_int_equal(got & 0x8000, sign);
    uint16_t magnitude = got & 0x7fff;
    double x = fabs((double)f);
    if (magnitude > exponents) fail_msg("%a became a NaN", (double)f);
    /* The format's infinity takes the place of the number that would follow the largest. */
    double here = value_of(magnitude, mantissa, bias);
    double below = magnitude ? value_of((uint16_t)(magnitude - 1), mantissa, bias) : -1;
    double above = magnitude == exponents ? INFINITY : value_of((uint16_t)(magnitude + 1), mantissa, bias);
    int even = !(magnitude & 1);
    double low = (below + here) / 2, high = (here + above) / 2;
    int right = (magnitude == 0 || x > low || (x == low && even)) &&
                (magnitude == exponents || x < high || (x == high && even));
    if (!right) fail_msg("%a became 0x%04x", (double)f, got);
}

static void check_float(float f) {
    uint16_t f16 = float_to_f16(f), bf16 = float_to_bf16(f);
    if (isnan(f)) {
        assert_true((f16 & 0x7fff) > 0x7c00 && (bf16 & 0x7fff) > 0x7f80);
        return;
    }
    check_nearest(f, f16, 10, 15, 0x7c00);
    check_nearest(f, bf16, 7, 127, 0x7f80);
#ifdef __FLT16_MAX__
    _Float16 compiled = (_Float16)f;
    uint16_t bits;
    memcpy(&bits, &compiled, sizeof bits);
    if (bits != f16) fail_msg("%a: 0x%04x, the compiler says 0x%04x", (double)f, f16, bits);
#endif
}

static void test_random_floats(void **state) {
    (void)state;
    for (uint64_t i = 0; i < RANDOM_FLOATS; i++) {
        uint64_t r = random_at(1, i);
        check_float(bits_float((uint32_t)r));
        /* in the range of fp16 and its subnormals */
        check_float(bits_float((uint32_t)(r >> 32 & 0x80000000u) | (uint32_t)(100 + r % 46) << 23 |
                               (uint32_t)(r >> 20 & 0x7fffff)));
    }
}

/* Every number of both formats, every midpoint, and the floats next to them. */
static void test_edges(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 65536; bits++) {
        uint16_t h = (uint16_t)bits;
        float edges[4];
        int count = 0;
        if ((h & 0x7c00) != 0x7c00) {
            edges[count++] = f16_to_float(h);
            edges[count++] = (float)((value_of(h, 10, 15) + value_of((uint16_t)(h + 1), 10, 15)) / 2);
        }
        if ((h & 0x7f80) != 0x7f80) {
            edges[count++] = bf16_to_float(h);
            edges[count++] = bits_float((uint32_t)h << 16 | 0x8000);
        }
        for (int n = 0; n < count; n++) {
            check_float(edges[n]);
            check_float(nextafterf(edges[n], INFINITY));
            check_float(nextafterf(edges[n], -INFINITY));
        }
    }
    check_float(INFINITY);
    check_float(-INFINITY);
    check_float(NAN);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_half),
                                       cmocka_unit_test(test_random_floats), cmocka_unit_test(test_edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
