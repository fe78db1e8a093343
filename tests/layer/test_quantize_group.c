/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Plain rounding, and the search against it and against brute force. */
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

static void test_beats_plain(void **state) {
    (void)state;
    /* clang-format off */
    static const struct { int heavy, symmetric, zero_min; w4a16_dtype type; double ratio; } cases[] = {
        /* the squared error must be at most this part of plain rounding's */
        {0, 1, 1, W4A16_F16,  0.89}, {0, 1, 1, W4A16_BF16, 0.89}, {1, 1, 1, W4A16_F16,  0.87}, {1, 1, 0, W4A16_BF16, 0.87},
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
        print_message("heavy %d, symmetric %d, %s: %.3f of plain rounding's squared error\n", cases[c].heavy,
                      cases[c].symmetric, w4a16_dtype_name(cases[c].type), searched / plain);
        assert_true(searched <= cases[c].ratio * plain);
    }
}

/* The best of 2000 scales with every zero or, symmetric, with either sign. */
static double brute_force(const float *x, const struct group_rules *rules, float largest) {
    double best = INFINITY;
    for (int i = 1; i <= 2000; i++) {
        float scale = f16_to_float(float_to_f16(largest * (float)i / 2000 / 5));
        for (int zero = rules->zero_min; zero <= 15; zero++) {
            struct group_grid grid = {scale, zero};
            if (rules->symmetric && zero != 8) continue;
            best = fmin(best, error_of(x, GROUP, &grid));
            grid.scale = -scale;
            if (rules->symmetric) best = fmin(best, error_of(x, GROUP, &grid));
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

/*
 * Plain symmetric rounding puts the weight of the largest size at -8, level 0, so the scale has the other sign; of two
 * as large the negative one, wherever they are.
 */
static void test_largest_at_minus_8(void **state) {
    (void)state;
    static const w4a16_dtype types[] = {W4A16_F16, W4A16_BF16};
    for (int t = 0; t < 2; t++)
        for (uint64_t group = 0; group < 200; group++)
            for (int ends = 1; ends < 4; ends++) { /* the largest is positive, negative, both */
                struct group_rules rules = {1, 1, types[t], 0};
                struct group_grid grid;
                float x[GROUP], largest = 0;
                fill(x, 1, group);
                for (int i = 0; i < GROUP; i++) largest = fmaxf(largest, 1.01f * fabsf(x[i]));
                int one = (int)(group % GROUP), other = (int)(group * 7 % GROUP ^ 1);
                if (one == other) other ^= 2;
                if (ends & 1) x[one] = largest;
                if (ends & 2) x[other] = -largest;
                assert_true(choose(x, GROUP, &rules, &grid));
                assert_int_equal(grid.zero, 8);
                assert_true(is_exact(grid.scale, types[t]));
                assert_true(ends & 2 ? grid.scale > 0 : grid.scale < 0);
                assert_true(fabsf(fabsf(grid.scale) * 8 - largest) <=
                            largest * (types[t] == W4A16_F16 ? 0x1p-11f : 0x1p-8f));
                assert_int_equal(group_level(ends & 2 ? -largest : largest, &grid), 0);
                if (ends == 3) assert_int_equal(group_level(largest, &grid), 15);
            }
}

/* A symmetric group whose largest weight needs a scale too small, or nearly too large, for its type. */
static void test_ends_of_scales(void **state) {
    (void)state;
    static const struct {
        w4a16_dtype type;
        float largest; /* its size */
        float scale;   /* its size; Inf: refused */
    } rows[] = {
        {W4A16_F16, 0, 0},
        {W4A16_F16, 0x1p-22f, 0},            /* an eighth is half of the least: rounded to even */
        {W4A16_F16, 0x1.8p-22f, 0x1p-24f},   /* subnormal */
        {W4A16_F16, 0x1.8p-20f, 0x1.8p-23f}, /* subnormal, exact */
        {W4A16_F16, 65504 * 8.0f, 65504},    /* the largest */
        {W4A16_F16, 65519 * 8.0f, 65504},    /* rounded down to it */
        {W4A16_F16, 65520 * 8.0f, INFINITY}, /* rounded up */
        {W4A16_BF16, 0x1p-124f, 0},          /* an eighth is subnormal in fp32 */
        {W4A16_BF16, 0x1p-123f, 0x1p-126f},  /* an eighth is the least normal number */
        {W4A16_BF16, 0x1p-149f, 0},          /* subnormal itself */
        {W4A16_BF16, 0x1.fep127f, 0x1.fep124f},
        {W4A16_BF16, 0x1.fffffep127f, 0x1p125f},
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        for (int search = 0; search < 2; search++)
            for (int sign = -1; sign <= 1; sign += 2) {
                struct group_rules rules = {1, 1, rows[r].type, search};
                struct group_grid grid;
                float x[8] = {0};
                x[3] = (float)sign * rows[r].largest;
                int chosen = choose(x, 8, &rules, &grid);
                assert_int_equal(chosen, isfinite(rows[r].scale));
                if (!chosen) continue;
                assert_int_equal(grid.zero, 8);
                assert_true(error_of(x, 8, &grid) <= (double)rows[r].largest * (double)rows[r].largest);
                if (search) continue;
                assert_true(grid.scale == (float)-sign * rows[r].scale);
                if (rows[r].scale == 0) assert_int_equal(signbit(grid.scale), 0);
            }
}

/* Plain asymmetric rounding clips nothing, also where version 1 cannot store the zero that it would choose. */
static void test_reaches_both_ends(void **state) {
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

/* The search lets go of the largest weight's sign where that weight counts next to nothing. */
static void test_either_sign(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        float x[24] = {0}, importance[24];
        struct group_grid grid;
        for (int i = 0; i < 24; i++) importance[i] = i == 16 ? 1e-6f : 1;
        for (int i = 0; i < 16; i++) x[i] = (float)sign * 0.03125f * (float)(i - 8);
        x[16] = (float)sign * 0.26f;
        struct group_rules rules = {1, 1, W4A16_F16, 0};
        assert_true(group_choose(x, importance, 24, &rules, &grid));
        assert_true(grid.scale * (float)sign < 0);
        rules.search = 1;
        assert_true(group_choose(x, importance, 24, &rules, &grid));
        assert_true(grid.scale == (float)sign * 0.03125f);
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
    for (int sign = -1; sign <= 1; sign += 2)
        for (int search = 0; search < 2; search++) {
            float x[16];
            struct group_grid grid;
            for (int i = 0; i < 16; i++) x[i] = (float)sign * 0.03125f * (float)(i - 8);
            struct group_rules rules = {1, 1, W4A16_F16, search};
            assert_true(choose(x, 16, &rules, &grid));
            assert_true(error_of(x, 16, &grid) == 0);
            assert_true(grid.scale == (float)sign * 0.03125f);
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
                        1.2 * GROUP * 2.0 * 2.0 / (symmetric ? 8 * 8 : 14 * 14) / 12);
            for (int i = 0; i < GROUP; i++) x[i] = 1e-9f * (float)i; /* below every fp16 scale */
            assert_true(choose(x, GROUP, &rules, &grid));
            assert_true(grid.scale == 0);
            for (int i = 0; i < GROUP; i++) x[i] = 1e-40f * (float)i; /* subnormal */
            rules.scale_type = W4A16_BF16;
            assert_true(choose(x, GROUP, &rules, &grid));
            x[0] = 1e6f; /* a scale of 125,000 or 66,666: too much for fp16 */
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
        cmocka_unit_test(test_beats_plain),    cmocka_unit_test(test_near_the_optimum),
        cmocka_unit_test(test_importance),     cmocka_unit_test(test_largest_at_minus_8),
        cmocka_unit_test(test_ends_of_scales), cmocka_unit_test(test_reaches_both_ends),
        cmocka_unit_test(test_either_sign),    cmocka_unit_test(test_exact),
        cmocka_unit_test(test_extremes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
