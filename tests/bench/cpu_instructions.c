/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* One product on one thread of the cpu device, for instructions.sh to count: cpu_instructions M fp16|bf16. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "half.h"
#include "random.h"
#include "w4a16/linear.h"

enum { N = 512, K = 1024, GROUP = 128, M_MAX = 64 };

static w4a16_status run(int64_t M, w4a16_dtype act, w4a16_error *error) {
    static uint32_t q[K / 8 * N];
    static uint16_t scale[K / GROUP * N], a[M_MAX * K], out[M_MAX * N];
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_weights *weights;
    w4a16_plan *plan;
    w4a16_layer layer;
    w4a16_problem problem;
    w4a16_run_args args = {.struct_size = sizeof args};
    for (size_t n = 0; n < sizeof q / sizeof *q; n++) q[n] = (uint32_t)random_at(1, n);
    for (size_t n = 0; n < sizeof scale / sizeof *scale; n++) scale[n] = float_to_f16(0.01f);
    for (size_t n = 0; n < sizeof a / sizeof *a; n++) {
        float value = random_normal(random_at(2, n));
        a[n] = act == W4A16_F16 ? float_to_f16(value) : float_to_bf16(value);
    }
    w4a16_device_options_init(&options, sizeof options);
    options.kind = W4A16_DEVICE_CPU, options.threads = 1;
    w4a16_layer_init(&layer, sizeof layer);
    layer.N = N, layer.K = K, layer.group_size = GROUP, layer.q = q, layer.scale = scale;
    layer.scale_type = W4A16_F16;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_status status = w4a16_device_open(&options, &device, error);
    if (status == W4A16_OK) status = w4a16_weights_create(device, &layer, &weights, error);
    if (status != W4A16_OK) return status;
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = M, problem.act = act;
    status = w4a16_plan_create(device, weights, &problem, &plan, error);
    if (status == W4A16_OK)
        status = w4a16_buffer_alloc(device, w4a16_plan_workspace(plan), &args.workspace, error);
    args.a = (w4a16_address)(uintptr_t)a, args.out = (w4a16_address)(uintptr_t)out;
    if (status == W4A16_OK) status = w4a16_run(plan, &args, NULL, error);
    w4a16_buffer_free(device, args.workspace, NULL);
    w4a16_plan_free(plan);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    return status;
}

int main(int argc, char **argv) {
    w4a16_error error;
    int64_t M = argc == 3 ? atoi(argv[1]) : 0;
    if (M < 1 || M > M_MAX) return 2;
    if (run(M, strcmp(argv[2], "bf16") == 0 ? W4A16_BF16 : W4A16_F16, &error) == W4A16_OK) return 0;
    fprintf(stderr, "%s\n", error.message);
    return 1;
}
