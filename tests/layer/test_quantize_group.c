/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The scale search against plain min-max and against brute force. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "format/quantize_group.h"
#include "half.h"
#include "random.h"

enum { GROUP = 128, GROUPS = 2000 };

static double error_of(const float *x, int count, const struct group_grid *g) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
        int level = group_level(x[i], g);
        assert_in_range(level, 0, 15);
        double d = x[i] - (double)g->scale * (level - g->zero);
        sum += d * d;
    }
    return sum;
}

/* All values count alike. */
static int choose(const float *x, int64_t count, const struct group_rules *rules, struct group_grid *grid) {
    float importance[GROUP];
    for (int i = 0; i < GROUP; i++) importance[i] = 1;
    return group_choose(x, importance, count, rules, grid);
}

static int is_exact(float scale, w4a16_dtype type) {
    return scale ==
           (type == W4A16_F16 ? f16_to_float(float_to_f16(scale)) : bf16_to_float(float_to_bf16(scale)));
}

/* Normal weights, or normal ones of sizes spread like those of a t-distribution with 4 degrees of freedom. */
static void fill(float *x, int heavy, uint64_t group) {
    for (int i = 0; i < GROUP; i++) {
        uint64_t at = (group * GROUP + (uint64_t)i) * 5;
        float chi2 = 0;
        for (int j = 1; j < 5; j++) {
            float part = random_normal(random_at(7, at + (uint64_t)j));
            chi2 += part * part;
        }
        x[i] = 0.02f * random_normal(random_at(7, at)) * (heavy ? sqrtf(4 / chi2) : 1);
    }
}

static void test_beats_min_max(void **state) {
    (void)state;
    /* clang-format off */
    static const struct { int heavy, symmetric, zero_min; w4a16_dtype type; double ratio; } cases[] = {
        /* the squared error must be at most this part of min-max's: a tenth, and a seventh if symmetric */
        {0, 1, 1, W4A16_F16,  0.86}, {0, 1, 1, W4A16_BF16, 0.86}, {1, 1, 1, W4A16_F16,  0.86}, {1, 1, 0, W4A16_BF16, 0.86},
        {0, 0, 1, W4A16_F16,  0.91}, {0, 0, 0, W4A16_BF16, 0.91}, {1, 0, 1, W4A16_BF16, 0.91}, {1, 0, 0, W4A16_F16,  0.91},
    };
    /* clang-format on */
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct group_rules rules = {cases[c].symmetric, cases[c].zero_min, cases[c].type, 0};
        double plain = 0, searched = 0;
        for (uint64_t group = 0; group < GROUPS; group++) {
            float x[GROUP];
            struct group_grid grid;
            fill(x, cases[c].heavy, group);
            rules.search = 0;
            assert_true(choose(x, GROUP, &rules, &grid));
            double before = error_of(x, GROUP, &grid);
            rules.search = 1;
            assert_true(choose(x, GROUP, &rules, &grid));
            double after = error_of(x, GROUP, &grid);
            assert_true(after <= before);
            assert_true(is_exact(grid.scale, rules.scale_type));
            assert_in_range(grid.zero, cases[c].symmetric ? 8 : cases[c].zero_min,
                            cases[c].symmetric ? 8 : 15);
            plain += before;
            searched += after;
        }
        print_message("heavy %d, symmetric %d, %s: %.3f of min-max's squared error\n", cases[c].heavy,
                      cases[c].symmetric, w4a16_dtype_name(cases[c].type), searched / plain);
        assert_true(searched <= cases[c].ratio * plain);
    }
}

/* The best of 2000 scales with every zero. */
static double brute_force(const float *x, const struct group_rules *rules, float largest) {
    double best = INFINITY;
    for (int i = 1; i <= 2000; i++) {
        float scale = f16_to_float(float_to_f16(largest * (float)i / 2000 / 5));
        for (int zero = rules->zero_min; zero <= 15; zero++) {
            struct group_grid grid = {scale, zero};
            if (rules->symmetric && zero != 8) continue;
            double error = error_of(x, GROUP, &grid);
            if (error < best) best = error;
        }
    }
    return best;
}

static void test_near_the_optimum(void **state) {
    (void)state;
    for (int symmetric = 0; symmetric < 2; symmetric++) {
        struct group_rules rules = {symmetric, 1, W4A16_F16, 1};
        double searched = 0, best = 0;
        for (uint64_t group = 0; group < 12; group++) {
            float x[GROUP], largest = 0;
            struct group_grid grid;
            fill(x, 1, group);
            for (int i = 0; i < GROUP; i++) largest = fmaxf(largest, fabsf(x[i]));
            assert_true(choose(x, GROUP, &rules, &grid));
            searched += error_of(x, GROUP, &grid);
            best += brute_force(x, &rules, largest);
        }
        print_message("symmetric %d: %.4f of the least squared error\n", symmetric, searched / best);
        assert_true(searched <= 1.001 * best);
    }
}

/* Plain min-max clips nothing, also where version 1 cannot store the zero that it would choose. */
static void test_min_max_reaches_both_ends(void **state) {
    (void)state;
    for (int zero_min = 0; zero_min < 2; zero_min++)
        for (int sign = -1; sign <= 1; sign += 2) {
            struct group_rules rules = {0, zero_min, W4A16_F16, 0};
            struct group_grid grid;
            float x[GROUP];
            for (int i = 0; i < GROUP; i++) x[i] = (float)sign * (5 + 9 * (float)i / (GROUP - 1));
            assert_true(choose(x, GROUP, &rules, &grid));
            assert_in_range(grid.zero, zero_min, 15);
            for (int i = 0; i < GROUP; i++)
                assert_true(fabsf(x[i] - grid.scale * (float)(group_level(x[i], &grid) - grid.zero)) <=
                            0.501f * grid.scale);
        }
}

/* The squared errors times the importance of each are fewer than with the grid that counts all alike. */
static void test_importance(void **state) {
    (void)state;
    for (int symmetric = 0; symmetric < 2; symmetric++) {
        struct group_rules rules = {symmetric, 1, W4A16_F16, 1};
        double weighted = 0, alike = 0;
        for (uint64_t group = 0; group < 200; group++) {
            float x[GROUP], importance[GROUP];
            struct group_grid own, other;
            fill(x, 1, group);
            for (int i = 0; i < GROUP; i++) importance[i] = i % 8 ? 0.01f : 10;
            assert_true(group_choose(x, importance, GROUP, &rules, &own));
            assert_true(choose(x, GROUP, &rules, &other));
            for (int i = 0; i < GROUP; i++) {
                double d = x[i] - (double)own.scale * (group_level(x[i], &own) - own.zero);
                double e = x[i] - (double)other.scale * (group_level(x[i], &other) - other.zero);
                weighted += (double)importance[i] * d * d;
                alike += (double)importance[i] * e * e;
            }
        }
        print_message("symmetric %d: %.3f of the error that counts\n", symmetric, weighted / alike);
        assert_true(weighted < 0.6 * alike);
    }
}

/* What the grid can represent is kept exactly, whatever the search thinks. */
static void test_exact(void **state) {
    (void)state;
    for (int zero = 1; zero < 16; zero++) {
        float x[16];
        struct group_grid grid;
        for (int i = 0; i < 16; i++) x[i] = 0.03125f * (float)(i - zero);
        struct group_rules rules = {0, 1, W4A16_F16, 1};
        assert_true(choose(x, 16, &rules, &grid));
        assert_true(error_of(x, 16, &grid) == 0);
        assert_int_equal(grid.zero, zero);
    }
}

static void test_extremes(void **state) {
    (void)state;
    struct group_grid grid;
    float x[GROUP] = {0};
    for (int symmetric = 0; symmetric < 2; symmetric++)
        for (int zero_min = 0; zero_min < 2; zero_min++) {
            struct group_rules rules = {symmetric, zero_min, W4A16_F16, 1};
            for (int i = 0; i < GROUP; i++) x[i] = 0;
            assert_true(choose(x, GROUP, &rules, &grid)); /* all zero */
            assert_true(error_of(x, GROUP, &grid) == 0);
            x[5] = 3;
            assert_true(choose(x, GROUP, &rules, &grid)); /* one spike, of either sign */
            assert_true(error_of(x, GROUP, &grid) < 1e-5);
            x[5] = -3;
            assert_true(choose(x, GROUP, &rules, &grid));
            assert_true(error_of(x, GROUP, &grid) < 1e-5);
            for (int i = 0; i < GROUP; i++) x[i] = 1 + (float)i / GROUP; /* all of one sign */
            assert_true(choose(x, GROUP, &rules, &grid));
            assert_true(error_of(x, GROUP, &grid) <
                        1.2 * GROUP * 2.0 * 2.0 / (symmetric ? 49 : 14 * 14) / 12);
            for (int i = 0; i < GROUP; i++) x[i] = 1e-9f * (float)i; /* below every fp16 scale */
            assert_true(choose(x, GROUP, &rules, &grid));
            assert_true(grid.scale == 0);
            for (int i = 0; i < GROUP; i++) x[i] = 1e-40f * (float)i; /* subnormal */
            rules.scale_type = W4A16_BF16;
            assert_true(choose(x, GROUP, &rules, &grid));
            x[0] = 1e6f; /* a scale of 133,333 or 66,666: too much for fp16 */
            assert_true(choose(x, GROUP, &rules, &grid));
            rules.scale_type = W4A16_F16;
            assert_false(choose(x, GROUP, &rules, &grid));
            x[0] = 3.4e38f, x[1] = -3.4e38f;
            assert_false(choose(x, GROUP, &rules, &grid));
            rules.scale_type = W4A16_BF16;
            assert_true(choose(x, GROUP, &rules, &grid));
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beats_min_max), cmocka_unit_test(test_near_the_optimum),
        cmocka_unit_test(test_importance),    cmocka_unit_test(test_min_max_reaches_both_ends),
        cmocka_unit_test(test_exact),         cmocka_unit_test(test_extremes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
