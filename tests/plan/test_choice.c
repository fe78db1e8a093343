/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which kernel a plan takes: what the costs say, what the mask leaves (it walks the ladder of kernels), what the host
 * has; and the table that it chooses from.
 */
#include "requests.h"

/* ---- costs --------------------------------------------------------------------------------------------- */

static double cost_of(const struct plan_request *r) {
    struct plan plan = build(r);
    const struct kernel_row *row = product_of(&plan)->kernel;
    return row->family->cost(row, &r->problem);
}

/*
 * In cycles of 2.5 GHz, against what the card of the table can do at best: 952 GB/s of memory; 96 compute units of 512 fp16
 * operations of their matrix units per cycle. A few rows take what bringing the weights takes, and up to 3 us for start and
 * end; many rows what computing takes; nothing is faster than the card and nothing much slower.
 */
static void test_cost(void **state) {
    (void)state;
    enum { START = 7500 };
    static const int64_t shapes[][2] = {{4096, 4096}, {11008, 4096}, {4096, 14336}, {28672, 8192}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        double weights = (double)(shapes[s][0] * shapes[s][1]), bring = weights / 2 / (952 / 2.5);
        for (int64_t M = 1; M <= 2; M++) {
            struct plan_request r = request(M, shapes[s][0], shapes[s][1], 128);
            double cost = cost_of(&r);
            if (cost < bring || cost > 1.1 * bring + START)
                fail_msg("M %d: %g cycles, %g for memory", (int)M, cost, bring);
        }
        struct plan_request r = request(4096, shapes[s][0], shapes[s][1], 128);
        double times = cost_of(&r) / (2 * 4096 * weights / (96 * 512));
        if (times < 1 || times > 2) fail_msg("%g times what computing takes", times);
        /* Between the two, more rows never cost less, but for steps between tiles. */
        for (int64_t M = 1, last = 0; M <= 4096; M *= 2) {
            r.problem.shape.M = M;
            int64_t cost = (int64_t)cost_of(&r);
            if ((double)cost < 0.95 * (double)last || (double)cost < bring) fail_msg("M %d", (int)M);
            last = cost;
        }
    }
    /* Experts: the weights of those that are used are brought, whole; of one token, of all its slots. */
    struct plan_request r = request(1, 1536, 2048, 128);
    r.problem.mixture.experts = 128, r.problem.mixture.top_k = 8;
    double bring = 8 * 1536 * 2048 / 2 / (952 / 2.5), token = cost_of(&r);
    if (token < bring || token > 1.1 * bring + START) fail_msg("a token: %g of %g cycles", token, bring);
    r.problem.shape.M = 64;
    double all = cost_of(&r);
    if (all < 16 * bring || all > 2 * 16 * bring) fail_msg("64 tokens: %g times", all / (16 * bring));
}

/* Every product is modelled, and takes longer with more of K and of N. */
static void test_costs_grow(void **state) {
    (void)state;
    for (size_t n = 0; n < kernel_row_count(); n++) {
        const struct kernel_row *row = kernel_row_at(n);
        if (row->family->role != ROLE_LINEAR || strcmp(row->arch, "gfx11") != 0) continue;
        double last = 0;
        for (int64_t N = 256; N <= 65536; N += 256) {
            struct plan_request r = request(row->m_tile, N, 4096, 128),
                                longer = request(row->m_tile, N, 8192, 128);
            double cost = row->family->cost(row, &r.problem);
            if (!(cost < 1e9)) fail_msg("%s is not modelled: scripts/plan-cost.py", row->name);
            if (cost < 0.9 * last || row->family->cost(row, &longer.problem) <= cost)
                fail_msg("%s: %g cycles at N = %d, %g before", row->name, cost, (int)N, last);
            last = cost;
        }
    }
}

/* ---- the mask ------------------------------------------------------------------------------------------ */

/* Masking the chosen kernel again and again walks the ladder down to a refusal; no rung comes twice. */
static void test_ladder(void **state) {
    (void)state;
    char mask[2048] = "";
    struct plan_request r = request(1, 4096, 4096, 128);
    size_t rungs = 0;
    for (; plan_supports(&r, NULL) == W4A16_OK; rungs++) {
        struct plan plan = build(&r);
        const char *name = plan.steps[0].kernel->name;
        assert_null(strstr(mask, name));
        if (rungs) strcat(mask, ",");
        assert_true(strlen(mask) + strlen(name) + 2 < sizeof mask);
        strcat(mask, name);
        r.kernel_mask = mask;
    }
    /*
     * Decode for 1, 2, 4 rows in chunks of 128, 64, 32; a strip and two tiles in granules of 32 and 16.
     */
    assert_int_equal(rungs, 3 * 3 + 3 * 2);
}

static void test_mask(void **state) {
    (void)state;
    struct plan_request r = request(3, 4096, 4096, 128);
    assert_string_equal(build(&r).steps[0].kernel->name, "w4a16_decode_f16_m4_g128_sym");
    r.kernel_mask = "w4a16_decode_f16_m4*";
    assert_string_equal(build(&r).steps[0].kernel->name, "w4a16_strip_f16_m16_g32_sym");
    r.kernel_mask = "w4a16_decode_f16_m4"; /* no prefix without the star */
    assert_string_equal(build(&r).steps[0].kernel->name, "w4a16_decode_f16_m4_g128_sym");
    r.kernel_mask = "other,w4a16_*";
    refuses(&r, W4A16_UNSUPPORTED,
            "every kernel of this device is masked off (kernel_mask \"other,w4a16_*\")");
    r.kernel_mask = "w4a16_stage";
    assert_int_equal(build(&r).step_count, 1);
    r.problem.weights.act_order = 1;
    refuses(
        &r, W4A16_UNSUPPORTED,
        "act-order, odd row strides and K that is no multiple of 32 need w4a16_stage, which is masked off");
}

/* ---- other families than the library's ----------------------------------------------------------------- */

static int nowhere(void) { return 0; }
static int anywhere(void) { return 1; }
static const struct host_level missing = {"AVX-1024", nowhere}, there = {"AVX-2", anywhere};
static double cost_of_tile(const struct kernel_row *row, const w4a16_problem *p) {
    return (double)row->m_tile * (double)p->shape.M;
}

static const struct family uncosted, costed;
#define ROW(kernel, of, needs, tile)                                                                         \
    {.name = kernel,                                                                                         \
     .arch = "cpu",                                                                                          \
     .family = &of,                                                                                          \
     .level = needs,                                                                                         \
     .m_max = 64,                                                                                            \
     .m_tile = tile,                                                                                         \
     .k_chunk = 1,                                                                                           \
     .symmetric = -1}
static const struct kernel_row uncosted_rows[] = {
    ROW("wide", uncosted, &missing, 8), ROW("first", uncosted, &there, 8), ROW("second", uncosted, NULL, 8)};
static const struct kernel_row costed_rows[] = {ROW("dear", costed, NULL, 3), ROW("cheap", costed, NULL, 2),
                                                ROW("equal", costed, NULL, 2)};
static const struct family uncosted = {.name = "uncosted", .role = ROLE_LINEAR, ROWS(uncosted_rows)};
static const struct family costed = {
    .name = "costed", .role = ROLE_LINEAR, ROWS(costed_rows), .cost = cost_of_tile};

/* What is said of each row, in order: "kernel: why not", "kernel!" of the chosen one. */
static void says(const struct family *const *families, const char *mask, const char *const *expected) {
    struct plan_request r = request(4, 64, 64, 32);
    w4a16_choice rows[8];
    w4a16_error error;
    r.arch = "cpu", r.families = families, r.kernel_mask = mask;
    size_t count = plan_explain(&r, rows, 8, &error);
    for (size_t n = 0; n < count; n++) {
        char text[512];
        assert_true(rows[n].takes || !rows[n].chosen);
        snprintf(text, sizeof text, "%s%s%s", rows[n].kernel, rows[n].chosen ? "!" : ": ", rows[n].reason);
        assert_string_equal(text, expected[n]);
    }
    assert_null(expected[count]);
    assert_int_equal(plan_supports(&r, &error), W4A16_OK);
}

/* Rows that nothing estimates are taken in order, those that the host cannot run are refused. */
static void test_choice(void **state) {
    (void)state;
    const struct family *alone[] = {&uncosted, NULL}, *by_cost[] = {&costed, NULL};
    const struct family *both[] = {&costed, &uncosted, NULL};
    says(alone, NULL,
         (const char *[]){"wide: this host has no AVX-1024", "first!",
                          "second: first comes first: in the order of the table", NULL});
    says(alone, "first",
         (const char *[]){"wide: this host has no AVX-1024", "first: masked off", "second!", NULL});
    says(by_cost, NULL,
         (const char *[]){"dear: estimated to take 1.50 times as long as the chosen one", "cheap!",
                          "equal: estimated to take 1.00 times as long as the chosen one", NULL});
    says(both, NULL,
         (const char *[]){"dear: estimated to take 1.50 times as long as the chosen one", "cheap!",
                          "equal: estimated to take 1.00 times as long as the chosen one",
                          "wide: this host has no AVX-1024",
                          "first: cheap comes first: in the order of the table",
                          "second: cheap comes first: in the order of the table", NULL});

    struct plan_request r = request(65, 64, 64, 32);
    r.arch = "cpu", r.families = alone;
    refuses(
        &r, W4A16_UNSUPPORTED,
        "no kernel takes this problem; the closest, second, refuses it: M is 65; accepted are up to 64 rows");
    r.kernel_mask = "first,second";
    refuses(&r, W4A16_UNSUPPORTED,
            "no kernel takes this problem; the closest, wide, refuses it: this host has no AVX-1024");
}

/* Every row is one of its family's, and an architecture has each helper that its products need. */
static void test_table(void **state) {
    (void)state;
    for (size_t n = 0; n < kernel_row_count(); n++) {
        const struct kernel_row *row = kernel_row_at(n);
        const struct family *f = row->family;
        assert_true(row >= f->rows && row < f->rows + f->row_count);
        assert_true(f->grid && f->add && (f->largest || row->host) && row->limits);
        assert_true(f->role == ROLE_LINEAR ? !f->needed : f->needed && f->who_needs);
        for (int role = 0; role < ROLES && f->helped; role++)
            for (int act = W4A16_F16; act <= W4A16_BF16 && role != ROLE_LINEAR; act++)
                assert_non_null(plan_helper(row->arch, (enum kernel_role)role, (w4a16_dtype)act));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost), cmocka_unit_test(test_costs_grow), cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_mask), cmocka_unit_test(test_choice),     cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
