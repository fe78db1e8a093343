/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A layer in an engine of one's own: packed once, planned once, run as often as one likes.
 *
 *     layer [cpu|sim]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "w4a16/w4a16.h"

enum { M = 2, N = 64, K = 128 };

static void must(w4a16_status status, const w4a16_error *error) {
    if (status == W4A16_OK) return;
    fprintf(stderr, "layer: %s\n", error->message);
    exit(1);
}

int main(int argc, char **argv) {
    /* Every weight is 0.5 * (9 - 8); activations of row m are 1 and 2. 0x3c00 is 1 in fp16, 0x4000 is 2. */
    static uint32_t q[K / 8 * N];
    static uint16_t scale[N], a[M * K], out[M * N];
    for (int i = 0; i < K / 8 * N; i++) q[i] = 0x99999999u;
    for (int n = 0; n < N; n++) scale[n] = 0x3800;
    for (int i = 0; i < M * K; i++) a[i] = i < K ? 0x3c00 : 0x4000;

    w4a16_error error;
    w4a16_device_options options;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = argc > 1 && strcmp(argv[1], "sim") == 0 ? W4A16_DEVICE_SIM : W4A16_DEVICE_CPU;
    w4a16_device *device;
    must(w4a16_device_open(&options, &device, &error), &error);

    w4a16_layer layer;
    w4a16_layer_init(&layer, sizeof layer);
    layer.N = N, layer.K = K, layer.group_size = K;
    layer.q = q, layer.scale = scale, layer.scale_type = W4A16_F16;
    w4a16_weights *weights;
    must(w4a16_weights_create(device, &layer, &weights, &error), &error);

    w4a16_problem problem;
    w4a16_problem_init(&problem, sizeof problem);
    w4a16_problem_from_weights(&problem, weights);
    problem.shape.M = M;
    w4a16_plan *plan;
    must(w4a16_plan_create(device, weights, &problem, &plan, &error), &error);

    w4a16_run_args args;
    memset(&args, 0, sizeof args);
    args.struct_size = sizeof args;
    must(w4a16_buffer_alloc(device, sizeof a, &args.a, &error), &error);
    must(w4a16_buffer_alloc(device, sizeof out, &args.out, &error), &error);
    if (w4a16_plan_workspace(plan))
        must(w4a16_buffer_alloc(device, w4a16_plan_workspace(plan), &args.workspace, &error), &error);
    must(w4a16_copy_to_device(device, args.a, a, sizeof a, &error), &error);
    must(w4a16_run(plan, &args, NULL, &error), &error);
    must(w4a16_copy_from_device(device, out, args.out, sizeof out, &error), &error);

    int right = 0; /* 64 and 128 in fp16 */
    for (int i = 0; i < M * N; i++) right += out[i] == (i < N ? 0x5400 : 0x5800);
    printf("w4a16 %s: %d of %d right\n", w4a16_version(), right, M * N);

    w4a16_buffer_free(device, args.a, NULL);
    w4a16_buffer_free(device, args.out, NULL);
    w4a16_buffer_free(device, args.workspace, NULL);
    w4a16_plan_free(plan);
    w4a16_weights_free(weights);
    w4a16_device_close(device);
    return right == M * N ? 0 : 1;
}
