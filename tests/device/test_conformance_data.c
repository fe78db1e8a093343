/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Whether the conformance list is as hard as its names say: each kind of data is really difficult, and each meets the
 * kinds of layers. A product that is right on data that are easy by mistake would say nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "check/conformance.h"
#include "check/conformance_data.h"
#include "half.h"

enum { M = 3, N = 64, CHUNK = 32, FOLDS = 8, TURNS = 6 };

/* Data of a kind for an order of `waves` waves; data_free() them. */
static struct test_case made_case;
static struct data make(enum fill fill, w4a16_dtype type, int zeros, int waves, int turn) {
    struct test_case *c = &made_case;
    *c = (struct test_case){.fill = fill, .turn = turn};
    w4a16_problem_init(&c->p, sizeof c->p);
    c->p.act = c->p.weights.scale_type = type;
    c->p.weights.zeros = zeros ? W4A16_ZEROS_STORED : W4A16_ZEROS_NONE;
    c->p.shape.M = M, c->p.shape.N = c->p.shape.ldo = N, c->p.shape.group_size = CHUNK;
    c->p.shape.K = c->p.shape.lda = (int64_t)CHUNK * FOLDS * waves;
    const w4a16_order order = {W4A16_ADDER_WMMA, CHUNK, FOLDS, waves, 0};
    struct data d;
    assert_true(data_make(&d, c, &order, (uint64_t)turn));
    return d;
}

static float value_of(w4a16_dtype type, uint16_t bits) {
    return type == W4A16_F16 ? f16_to_float(bits) : bf16_to_float(bits);
}

/* ---- sums that cancel ---------------------------------------------------------------------------------- */

static int64_t lost; /* outputs in which small numbers are left when the large ones have cancelled */

static void check_cancelling(enum fill fill, w4a16_dtype type, int zeros, int waves, int turn) {
    struct data d = make(fill, type, zeros, waves, turn);
    w4a16_error error;
    if (data_reference(&d, 1, &error) != W4A16_OK) fail_msg("%s", error.message);
    for (int i = 0; i < M * N; i++) {
        lost += d.y[i] != 0;
        if (fabs(d.y[i]) > 0x1p-16 * d.mass[i])
            fail_msg("fill %d, %d waves, turn %d: output %d is %g of %g", fill, waves, turn, i, d.y[i],
                     d.mass[i]);
    }
    data_free(&d);
}

/* Of large numbers that cancel exactly nothing is left; only what was added to them. */
static void large_numbers_cancel(void **state) {
    (void)state;
    for (enum fill fill = CANCELLING; fill < FILLS; fill++) {
        lost = 0;
        for (int waves = fill == LOST_IN_WAVES ? 2 : 1; waves <= 5; waves++)
            for (int turn = 0; turn < TURNS; turn++)
                for (int options = 0; options < 4; options++)
                    check_cancelling(fill, options & 1 ? W4A16_BF16 : W4A16_F16, options >> 1, waves, turn);
        int small_ones = fill != CANCELLING && fill != GROWING;
        if ((lost != 0) != small_ones) fail_msg("fill %d leaves something in %d outputs", fill, (int)lost);
    }
}

/* ---- numbers at the ends ------------------------------------------------------------------------------- */

/* How many of the numbers are Inf, NaN, subnormal and not zero. */
struct kinds {
    int64_t infinite, undefined, subnormal, others;
};
static struct kinds kinds_of(w4a16_dtype type, const uint16_t *bits, size_t count) {
    struct kinds k = {0};
    for (size_t i = 0; i < count; i++) {
        float f = value_of(type, bits[i]);
        float least = type == W4A16_F16 ? 0x1p-14f : 0x1p-126f;
        if (isnan(f))
            k.undefined++;
        else if (isinf(f))
            k.infinite++;
        else if (f != 0 && fabsf(f) < least)
            k.subnormal++;
        else
            k.others += f != 0;
    }
    return k;
}

static void numbers_are_extreme(void **state) {
    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        w4a16_dtype type = turn ? W4A16_BF16 : W4A16_F16;
        struct data d = make(NON_FINITE, type, 1, 2, 0);
        struct kinds k = kinds_of(type, d.a, d.a_elements);
        assert_true(k.infinite > 0 && k.undefined > 0 && k.others > 0);
        data_free(&d);

        d = make(SUBNORMAL_ACTIVATIONS, type, 1, 2, 0);
        k = kinds_of(type, d.a, d.a_elements);
        assert_true(k.subnormal > 0 && !k.infinite && !k.undefined);
        data_free(&d);

        d = make(SUBNORMAL_SCALES, type, 1, 2, 0);
        size_t groups = (size_t)(made_case.p.shape.K / CHUNK) * N;
        k = kinds_of(type, d.scale, groups);
        assert_int_equal(k.subnormal, groups);
        data_free(&d);

        d = make(EXTREME_ZEROS, type, 1, 2, 0);
        int64_t upper = 0;
        for (size_t i = 0; i < groups; i++) {
            assert_true(d.zero[i] == 0 || d.zero[i] == 16);
            upper += d.zero[i] == 16;
        }
        assert_in_range(upper, groups / 4, groups * 3 / 4);
        data_free(&d);

        d = make(MAX_NIBBLES, type, 1, 2, 0);
        int64_t words = made_case.p.shape.K / 8 * N, largest = 0;
        for (int64_t i = 0; i < 8 * words; i++) {
            unsigned nibble = d.q[i / 8] >> i % 8 * 4 & 15;
            assert_true(nibble == 0 || nibble == 15);
            largest += nibble == 15;
        }
        assert_in_range(largest, words * 6, words * 8 - 1);
        data_free(&d);
    }
}

/* ---- the list ------------------------------------------------------------------------------------------ */

static int count(const char *kind, const char *word, const char *other) {
    int found = 0;
    for (size_t i = 0; i < conformance_count(); i++) {
        const char *name = conformance_name(i);
        found += strstr(name, kind) && strstr(name, word) && (!other || strstr(name, other));
    }
    return found;
}

/* Every kind of data meets fp16 and bf16, and symmetric as often as asymmetric layers, if it can have both. */
static void every_kind_meets_every_layer(void **state) {
    (void)state;
    static const char *const kinds[] = {
        "gaussian",       "heavy-tailed",         "max nibbles",
        "zeros 0 and 16", "subnormal scales",     "subnormal activations",
        "Inf and NaN",    "cancelling sums",      "cancelled by the next fold",
        "lost in folds",  "cancelled in a chunk", "lost in waves",
        "alternating",    "randomly lost",        "growing"};
    assert_int_equal(sizeof kinds / sizeof kinds[0], FILLS);
    int all = 0;
    for (size_t n = 0; n < FILLS; n++) {
        int of_kind = count(kinds[n], " ", NULL), asymmetric = count(kinds[n], " asym ", NULL);
        all += of_kind;
        assert_int_equal(asymmetric, n == EXTREME_ZEROS ? of_kind : of_kind / 2);
        assert_int_equal(count(kinds[n], "bf16 m", NULL), of_kind / 2);
        assert_true(count(kinds[n], "bf16-scales", "fp16 m") > 0 &&
                    count(kinds[n], "fp16-scales", "bf16 m") > 0);
        if (n >= ADVERSARIAL) continue;
        assert_true(count(kinds[n], " perm", " bias") > 0 && count(kinds[n], " perm", NULL) < of_kind);
    }
    assert_int_equal(all, conformance_count());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_numbers_cancel),
        cmocka_unit_test(numbers_are_extreme),
        cmocka_unit_test(every_kind_meets_every_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
