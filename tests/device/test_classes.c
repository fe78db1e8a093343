/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a row costs in every class of M, on the simulated gfx1100. As the plan chooses: no class may take more
 * wave instructions per row than the next smaller one, and one row more than a decode class holds must not
 * take more than twice the class. Between the tiles of the matrix kernels there is no cliff: in fp16 from 16,
 * in bf16 from 32 rows on a row in the next larger one is cheaper by at most 1.3, in cycles (16 rows are too
 * few to share the dequantising to bf16). docs/kernels.md has the figures (--print).
 */
#include <stdio.h>

#include "product.h"

enum { GROUP = 128 };
static const int64_t full[] = {1, 2, 4, 8, 16, 32, 64, 128, 512};
enum { CLASSES = sizeof full / sizeof full[0], DECODE_CLASSES = 5 };

/* Instructions for M rows; *kernel names the one chosen. */
static double instructions(w4a16_device *device, const w4a16_weights *weights, w4a16_dtype act, int64_t M,
                           const char **kernel) {
    w4a16_problem problem;
    w4a16_plan *plan;
    w4a16_error error;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    int64_t N = problem.shape.N, K = problem.shape.K;
    problem.shape.M = M, problem.act = act;
    must(w4a16_plan_create(device, weights, &problem, &plan, &error), &error);
    uint16_t *a = random_activations(act, (size_t)(M * K), 2);
    w4a16_run_args args = {.struct_size = sizeof args, .a = upload(device, a, (size_t)(M * K) * 2)};
    must(w4a16_buffer_alloc(device, (size_t)(M * N) * 2, &args.out, &error), &error);
    size_t space = w4a16_plan_workspace(plan);
    if (space) must(w4a16_buffer_alloc(device, space, &args.workspace, &error), &error);
    w4a16_run_stats stats;
    must(w4a16_run(plan, &args, &stats, &error), &error);
    w4a16_launch_info launch;
    must(w4a16_plan_launch(plan, 0, &launch, &error), &error);
    *kernel = launch.kernel;
    w4a16_plan_free(plan);
    w4a16_buffer_free(device, args.a, NULL);
    w4a16_buffer_free(device, args.out, NULL);
    w4a16_buffer_free(device, args.workspace, NULL);
    free(a);
    return (double)stats.wave_instructions;
}

/* A layer of N x K on a simulated device that leaves the masked kernels out. */
struct setup {
    w4a16_device *device;
    w4a16_weights *weights;
    struct owned_layer owned;
};

static struct setup set_up(int64_t N, int64_t K, const char *kernel_mask) {
    const struct layer_shape shape = {N, K, GROUP, 1, 0, 0};
    struct setup s = {.device = open_sim(2, 0, kernel_mask), .owned = make_layer(&shape, 1)};
    w4a16_error error;
    must(w4a16_weights_create(s.device, &s.owned.layer, &s.weights, &error), &error);
    return s;
}

static void tear_down(struct setup *s) {
    w4a16_weights_free(s->weights);
    w4a16_device_close(s->device);
    free_layer(&s->owned);
}

static void test_plan_classes(void **state) {
    int print = *state != NULL;
    struct setup s = set_up(4096, print ? 4096 : 256, NULL);
    for (w4a16_dtype act = W4A16_F16; act <= W4A16_BF16; act++) {
        double before = 0;
        for (int c = 0; c < CLASSES; c++) {
            const char *kernel, *other;
            double all = instructions(s.device, s.weights, act, full[c], &kernel),
                   per_row = all / (double)full[c];
            if (print)
                printf("| %4d | %-34s | %9.0f | %9.0f | %5.2f |\n", (int)full[c], kernel, all, per_row,
                       before > 0 ? before / per_row : 1);
            if (before > 0 && per_row > before)
                fail_msg("%s: %.0f instructions per row at M = %d, %.0f in the class before", kernel, per_row,
                         (int)full[c], before);
            before = per_row;
            if (c >= DECODE_CLASSES) continue;
            double more = instructions(s.device, s.weights, act, full[c] + 1, &other);
            if (more > 2 * all)
                fail_msg("%s: %.0f instructions at M = %d, %.0f at %d", other, more, (int)full[c] + 1, all,
                         (int)full[c]);
        }
    }
    tear_down(&s);
}

/* The matrix kernels by rows of their tile. An instruction issues for one cycle, one of the matrix units
 * for 32. */
static const struct {
    int64_t m;
    const char *name, *others;
} tiles[] = {
    {16, "strip m16", "w4a16_decode*,w4a16_matrix*"},
    {32, "strip m32", "w4a16_matrix*,w4a16_strip_f16_m16*,w4a16_strip_bf16_m16*"},
    {64, "matrix 64x128", "w4a16_strip*,w4a16_matrix_f16_128*,w4a16_matrix_bf16_128*"},
    {128, "matrix 128x128", "w4a16_strip*,w4a16_matrix_f16_64*,w4a16_matrix_bf16_64*"},
};
enum { WMMA_CYCLES = 32 };

static void test_matrix_tiles(void **state) {
    int print = *state != NULL;
    for (w4a16_dtype act = W4A16_F16; act <= W4A16_BF16; act++) {
        double before = 0;
        for (size_t t = 0; t < sizeof tiles / sizeof tiles[0]; t++) {
            int64_t N = 128, K = 4096, m = tiles[t].m;
            struct setup s = set_up(N, K, tiles[t].others);
            const char *kernel;
            double all = instructions(s.device, s.weights, act, m, &kernel);
            double products = (double)m / 16 * (double)(N / 16) * (double)(K / 16);
            double per_row = (all + (WMMA_CYCLES - 1) * products) / (double)m;
            if (print)
                printf("| %4d | %-34s | %9.0f | %9.0f | %5.2f |\n", (int)m, kernel, all / (double)m, per_row,
                       before > 0 ? before / per_row : 1);
            if (t > 1 && before > 1.3 * per_row)
                fail_msg("%s: %.0f cycles per row, and %.0f with the next smaller tile", kernel, per_row,
                         before);
            before = per_row;
            tear_down(&s);
        }
    }
}

int main(int argc, char **argv) {
    static int print = 1;
    void *state = argc > 1 && strcmp(argv[1], "--print") == 0 ? &print : NULL;
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test_plan_classes, state),
                                       cmocka_unit_test_prestate(test_matrix_tiles, state)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
