/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A program that was compiled with an older header and runs with this library: it computes a layer and a kernel, and
 * what lies behind each of its structs stays as it was.
 *
 *     client CODE_OBJECT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rdnasim.h"
#include "w4a16/w4a16.h"

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "client: line %d: %s (%s%s)\n", __LINE__, #condition, error.message,             \
                    report.text);                                                                            \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

/* A struct with a guard behind it. */
#define GUARDED(type)                                                                                        \
    struct {                                                                                                 \
        type it;                                                                                             \
        unsigned char guard[256];                                                                            \
    }
#define GUARD(x)  memset(&(x), 0xa5, sizeof(x))
#define INTACT(x) intact((x).guard)

static w4a16_error error;
static rdnasim_report report;

static int intact(const unsigned char *guard) {
    for (int i = 0; i < 256; i++)
        if (guard[i] != 0xa5) return 0;
    return 1;
}

enum { M = 2, N = 64, K = 128 };

static void layer(void) {
    static uint32_t q[K / 8 * N];
    static uint16_t scale[N], a[M * K], out[M * N];
    memset(q, 0x99, sizeof q);
    for (int n = 0; n < N; n++) scale[n] = 0x3800;
    for (int i = 0; i < M * K; i++) a[i] = 0x3c00;

    GUARDED(w4a16_device_options) options;
    GUARD(options);
    w4a16_device_options_init(&options.it, sizeof options.it);
    CHECK(INTACT(options) && options.it.struct_size == sizeof options.it);
    options.it.kind = W4A16_DEVICE_CPU;
    w4a16_device *device;
    CHECK(w4a16_device_open(&options.it, &device, &error) == W4A16_OK);
    GUARDED(w4a16_device_info) info;
    GUARD(info);
    w4a16_device_get_info(device, &info.it);
    CHECK(INTACT(info) && info.it.kind == W4A16_DEVICE_CPU && strcmp(info.it.name, "cpu") == 0);

    GUARDED(w4a16_stored) stored;
    GUARD(stored);
    w4a16_stored_init(&stored.it, sizeof stored.it);
    CHECK(INTACT(stored));
    stored.it.N = N, stored.it.K = K, stored.it.group_size = K;
    stored.it.weights = q, stored.it.scales = scale, stored.it.scale_type = W4A16_F16;
    w4a16_layer *converted;
    CHECK(w4a16_layer_from_ct(&stored.it, &converted, &error) == W4A16_OK);

    GUARDED(w4a16_layer) given;
    GUARD(given);
    w4a16_layer_init(&given.it, sizeof given.it);
    CHECK(INTACT(given) && given.it.padded_K == 0);
    given.it.N = N, given.it.K = K, given.it.group_size = K;
    given.it.q = q, given.it.scale = scale, given.it.scale_type = W4A16_F16;
    w4a16_weights *weights;
    CHECK(w4a16_weights_create(device, &given.it, &weights, &error) == W4A16_OK);

    GUARDED(w4a16_problem) problem;
    GUARD(problem);
    w4a16_problem_init(&problem.it, sizeof problem.it);
    w4a16_problem_from_weights(&problem.it, weights);
    CHECK(INTACT(problem) && problem.it.shape.N == N);
    problem.it.shape.M = M;
    w4a16_plan *plan;
    CHECK(w4a16_plan_create(device, weights, &problem.it, &plan, &error) == W4A16_OK);
    CHECK(w4a16_supports("gfx1100", NULL, &problem.it, &error) == W4A16_OK);
    GUARDED(w4a16_launch_info) launch;
    GUARD(launch);
    CHECK(w4a16_plan_launch(plan, 0, &launch.it, &error) == W4A16_OK && INTACT(launch));
    GUARDED(w4a16_order) order;
    GUARD(order);
    w4a16_plan_order(plan, &order.it);
    CHECK(INTACT(order) && order.it.chunk > 0);

    GUARDED(w4a16_run_args) args;
    GUARD(args);
    memset(&args.it, 0, sizeof args.it);
    args.it.struct_size = sizeof args.it;
    args.it.a = (uintptr_t)a, args.it.out = (uintptr_t)out;
    CHECK(w4a16_buffer_alloc(device, w4a16_plan_workspace(plan) + 1, &args.it.workspace, &error) == W4A16_OK);
    GUARDED(w4a16_run_stats) stats;
    GUARD(stats);
    CHECK(w4a16_run(plan, &args.it, &stats.it, &error) == W4A16_OK && INTACT(stats) && INTACT(args));
    for (int i = 0; i < M * N; i++) CHECK(out[i] == 0x5400);

    GUARDED(w4a16_quantize_options) quantize;
    GUARD(quantize);
    w4a16_quantize_init(&quantize.it, sizeof quantize.it);
    CHECK(INTACT(quantize) && quantize.it.group_size == 128);
    quantize.it.struct_size = 12; /* none of any version */
    CHECK(w4a16_quantize_file("in", "out", &quantize.it, NULL, NULL, &error) == W4A16_INVALID_ARGUMENT);
    CHECK(strstr(error.message, "struct_size"));

    w4a16_buffer_free(device, args.it.workspace, NULL);
    w4a16_plan_free(plan);
    w4a16_weights_free(weights);
    w4a16_layer_free(converted);
    w4a16_device_close(device);
}

static _Atomic uint64_t seen; /* work-groups run on several threads */

static void after(void *context, const rdnasim_event *event) {
    (void)context, (void)event;
    seen++;
}

static void kernel(const char *path) {
    static unsigned char elf[1 << 20];
    static float x[1000], y[1000];
    FILE *file = fopen(path, "rb");
    CHECK(file);
    size_t bytes = fread(elf, 1, sizeof elf, file);
    fclose(file);
    for (int i = 0; i < 1000; i++) x[i] = (float)i, y[i] = 1;

    GUARDED(rdnasim_options) options;
    GUARD(options);
    rdnasim_options_init(&options.it, sizeof options.it);
    CHECK(INTACT(options));
    rdnasim *sim;
    rdnasim_object *object;
    CHECK(rdnasim_create(&options.it, &sim, &report) == RDNASIM_OK);
    CHECK(rdnasim_load(sim, elf, bytes, &object, &report) == RDNASIM_OK);
    const rdnasim_kernel *axpy = rdnasim_find_kernel(object, "axpy");
    CHECK(axpy && rdnasim_get_kernel_info(axpy)->explicit_bytes == 24);

    struct {
        uint64_t x, y;
        float a;
        uint32_t n;
    } arguments = {.a = 2, .n = 1000};
    CHECK(rdnasim_bind(sim, x, sizeof x, RDNASIM_READ, "x", &arguments.x, &report) == RDNASIM_OK);
    CHECK(rdnasim_bind(sim, y, sizeof y, RDNASIM_READ | RDNASIM_WRITE, "y", &arguments.y, &report) ==
          RDNASIM_OK);
    GUARDED(rdnasim_launch) launch;
    GUARD(launch);
    rdnasim_launch_init(&launch.it, sizeof launch.it);
    CHECK(INTACT(launch) && launch.it.grid[2] == 1);
    launch.it.grid[0] = 1024, launch.it.block[0] = 256;
    launch.it.kernarg = &arguments, launch.it.kernarg_bytes = sizeof arguments;
    GUARDED(rdnasim_observer) observer;
    GUARD(observer);
    memset(&observer.it, 0, sizeof observer.it);
    observer.it.struct_size = sizeof observer.it, observer.it.after = after;
    launch.it.observer = &observer.it;
    GUARDED(rdnasim_counts) counts;
    GUARD(counts);
    CHECK(rdnasim_run(sim, axpy, &launch.it, &counts.it, &report) == RDNASIM_OK && INTACT(counts));
    for (int i = 0; i < 1000; i++) CHECK(y[i] == (float)(2 * i + 1));
    CHECK(counts.it.instructions > 0 && seen == counts.it.instructions);
    rdnasim_destroy(sim);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    layer();
    kernel(argv[1]);
    puts("the older client runs");
    return 0;
}
