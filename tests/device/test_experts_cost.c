/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What mixtures of experts cost, in wave instructions of the simulated gfx1100, in the shapes of
 * Qwen3-30B-A3B's experts: a token's slots cost what dense layers of the same weights cost, but for routing;
 * and a prompt's slots cost what a dense prompt of as many rows per expert costs. docs/kernels.md has the
 * figures (--print).
 */
#include <stdio.h>

#include "product.h"

enum { TOP_K = 8, TOKENS_MAX = 256 };
static int experts = 16;

static const struct part {
    const char *name;
    struct layer_shape shape;
    w4a16_combine combine;
} parts[] = {{"w1|w3", {1536, 2048, 128, 1, 0, 0}, 0}, {"w2", {2048, 768, 128, 1, 0, 0}, 1}};

static double run(w4a16_device *device, const w4a16_weights *weights, const w4a16_problem *problem,
                  const char **product) {
    static int32_t ids[TOKENS_MAX * TOP_K];
    static float gates[TOKENS_MAX * TOP_K];
    w4a16_plan *plan;
    w4a16_error error;
    w4a16_run_stats stats;
    int64_t slots = problem->mixture.experts ? problem->shape.M * problem->mixture.top_k : problem->shape.M,
            rows = problem->epilogue.combine ? slots : problem->shape.M;
    must(w4a16_plan_create(device, weights, problem, &plan, &error), &error);
    uint16_t *a = random_activations(problem->act, (size_t)(rows * problem->shape.K), 2);
    w4a16_run_args args = {.struct_size = sizeof args,
                           .a = upload(device, a, (size_t)(rows * problem->shape.K) * 2)};
    must(w4a16_buffer_alloc(device, (size_t)(slots * problem->shape.N) * 2, &args.out, &error), &error);
    must(w4a16_buffer_alloc(device, w4a16_plan_workspace(plan) + 1, &args.workspace, &error), &error);
    for (int64_t i = 0; i < slots; i++) ids[i] = (int32_t)((i * 5 + i / TOP_K) % experts), gates[i] = 1;
    if (problem->mixture.experts) {
        args.expert_ids = upload(device, ids, (size_t)slots * 4);
        args.gates = upload(device, gates, (size_t)slots * 4);
    }
    must(w4a16_run(plan, &args, &stats, &error), &error);
    w4a16_launch_info launch;
    for (size_t n = 0; w4a16_plan_launch(plan, n, &launch, NULL) == W4A16_OK; n++)
        if (!strstr(launch.kernel, "route") && !strstr(launch.kernel, "combine")) *product = launch.kernel;
    const w4a16_address used[] = {args.a, args.out, args.workspace, args.expert_ids, args.gates};
    for (size_t n = 0; n < sizeof used / sizeof used[0]; n++) w4a16_buffer_free(device, used[n], NULL);
    w4a16_plan_free(plan);
    free(a);
    return (double)stats.wave_instructions;
}

static void compare(const struct part *part, int print) {
    w4a16_device *device = open_sim(2, 0, NULL);
    struct owned_layer owned = make_layer(&part->shape, 1);
    const w4a16_layer **layers = malloc((size_t)experts * sizeof *layers);
    for (int e = 0; e < experts; e++) layers[e] = &owned.layer; /* what they hold does not matter */
    w4a16_weights *dense, *mixture;
    w4a16_error error;
    must(w4a16_weights_create(device, &owned.layer, &dense, &error), &error);
    must(w4a16_experts_create(device, layers, (size_t)experts, &mixture, &error), &error);
    static const int64_t tokens[] = {1, TOKENS_MAX};
    for (int turn = 0; turn < 4; turn++) {
        const char *product, *dense_product;
        w4a16_problem problem;
        w4a16_problem_init(&problem, sizeof problem);
        w4a16_problem_from_weights(&problem, mixture);
        problem.act = turn % 2 ? W4A16_BF16 : W4A16_F16;
        problem.shape.M = tokens[turn / 2], problem.mixture.top_k = TOP_K,
        problem.epilogue.combine = part->combine;
        double all = run(device, mixture, &problem, &product);
        int64_t slots = problem.shape.M * TOP_K, used = slots < experts ? slots : experts;
        w4a16_problem_from_weights(&problem, dense);
        problem.shape.M = slots / used, problem.mixture.top_k = 0,
        problem.epilogue.combine = W4A16_COMBINE_NONE;
        double one = run(device, dense, &problem, &dense_product), ratio = all / (one * (double)used);
        if (print)
            printf("| %-5s | %3d | %-32s | %8.0f | %-32s | %8.0f | %.2f |\n", part->name,
                   (int)tokens[turn / 2], product, all / (double)slots, dense_product,
                   one / (double)problem.shape.M, ratio);
        if (ratio > (tokens[turn / 2] == 1 ? 1.1 : 1.2))
            fail_msg("%s, %d tokens: %s takes %.2f of what %d dense layers take", part->name,
                     (int)tokens[turn / 2], product, ratio, (int)used);
    }
    w4a16_weights_free(dense);
    w4a16_weights_free(mixture);
    w4a16_device_close(device);
    free_layer(&owned);
    free(layers);
}

static void test_cost(void **state) {
    int print = *state != NULL;
    if (print) experts = 128;
    for (size_t n = 0; n < sizeof parts / sizeof parts[0]; n++) compare(&parts[n], print);
}

int main(int argc, char **argv) {
    static int print = 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_cost, argc > 1 && strcmp(argv[1], "--print") == 0 ? &print : NULL)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
