/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which bits a problem gets: the kernel and the order of additions of plans, of every M up to MOST and of some beyond, are
 * those of orders.golden, which `test_orders --print` writes. Another kernel or order there is a change of bits
 * that users see.
 */
#include <inttypes.h>

#include "golden.h"
#include "requests.h"

enum { MOST = 640 };
static const int64_t beyond[] = {1024, 1536, 2048, 4096};

static const struct layer {
    int64_t N, K, group_size;
    w4a16_dtype act;
    int experts, batch_invariant;
} layers[] = {
    {4096, 4096, 128, W4A16_F16, 0, 0},   {4096, 4096, 128, W4A16_BF16, 0, 0},
    {4096, 4096, 32, W4A16_F16, 0, 0},    {4096, 4096, 16, W4A16_BF16, 0, 0},
    {4096, 4096, 4096, W4A16_F16, 0, 0},  {4096, 4096, 128, W4A16_F16, 0, 1},
    {512, 4096, 128, W4A16_F16, 0, 0},    {1024, 4096, 128, W4A16_BF16, 0, 0},
    {1024, 4096, 64, W4A16_F16, 0, 1},    {6144, 2560, 128, W4A16_F16, 0, 0},
    {2560, 9728, 128, W4A16_BF16, 0, 0},  {4096, 14336, 128, W4A16_F16, 0, 0},
    {28672, 4096, 128, W4A16_BF16, 0, 0}, {5120, 12800, 64, W4A16_F16, 0, 0},
    {576, 1536, 32, W4A16_BF16, 0, 0},    {40, 208, 16, W4A16_F16, 0, 0},
    {1536, 2048, 128, W4A16_F16, 128, 0}, {2048, 768, 128, W4A16_BF16, 128, 0},
    {28672, 4096, 128, W4A16_BF16, 8, 0},
};

/* Kernel and order of a plan in words; `to` is as large as a line. */
static void describe(const struct layer *l, int64_t M, char *to, size_t size) {
    struct plan_request r = request(M, l->N, l->K, l->group_size);
    r.problem.act = l->act;
    r.problem.batch_invariant = l->batch_invariant;
    r.problem.mixture.experts = l->experts, r.problem.mixture.top_k = l->experts ? 2 : 0;
    struct plan plan = build(&r);
    const w4a16_order *o = &plan.additions;
    snprintf(to, size, "%s, chunks of %" PRId64 ", %" PRId64 " x %" PRId64, product_of(&plan)->kernel->name,
             o->chunk, o->folds, o->waves);
}

static void print_orders(FILE *to) {
    fprintf(to, "# written by test_orders --print: rows, kernel, chunk of K, chunks of a wave or part x "
                "waves or parts\n");
    for (size_t n = 0; n < sizeof layers / sizeof *layers; n++) {
        const struct layer *l = &layers[n];
        fprintf(to, "\n%" PRId64 " x %" PRId64 ", groups of %" PRId64 ", %s", l->N, l->K, l->group_size,
                w4a16_dtype_name(l->act));
        if (l->experts) fprintf(to, ", %d experts, 2 of a token", l->experts);
        fprintf(to, l->batch_invariant ? ", batch invariant\n" : "\n");
        char before[160] = "", now[160];
        int64_t from = 1;
        for (int64_t M = 1; M <= MOST + 1; M++) {
            if (M <= MOST) describe(l, M, now, sizeof now);
            if (M > MOST || (M > 1 && strcmp(before, now) != 0)) {
                fprintf(to, "  %4" PRId64 " .. %4" PRId64 ": %s\n", from, M - 1, before);
                from = M;
            }
            memcpy(before, now, sizeof before);
        }
        for (size_t b = 0; b < sizeof beyond / sizeof *beyond; b++) {
            describe(l, beyond[b], now, sizeof now);
            fprintf(to, "  %4" PRId64 "        : %s\n", beyond[b], now);
        }
    }
}

static void test_orders(void **state) {
    (void)state;
    same_as_golden(ORDERS_GOLDEN, print_orders);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        print_orders(stdout);
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_orders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
