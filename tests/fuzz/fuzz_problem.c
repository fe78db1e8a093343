/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Problems whose sizes lie at the edges of what numbers and launches hold. Input: a byte per field, an index
 * into a table of values, and one of flags. Whatever is asked about them, there is an answer or a sentence;
 * what is planned can be launched.
 */
#include <string.h>

#include "fuzz.h"
#include "shape.h"

static const int64_t values[] = {0,
                                 1,
                                 2,
                                 3,
                                 7,
                                 8,
                                 16,
                                 17,
                                 31,
                                 32,
                                 33,
                                 48,
                                 64,
                                 96,
                                 128,
                                 256,
                                 1000,
                                 1023,
                                 1024,
                                 1025,
                                 4096,
                                 65504,
                                 65535,
                                 65536,
                                 65537,
                                 INT64_C(1) << 20,
                                 (INT64_C(1) << 24) - 32,
                                 (INT64_C(1) << 24) - 1,
                                 INT64_C(1) << 24,
                                 (INT64_C(1) << 24) + 1,
                                 INT64_C(1) << 27,
                                 (INT64_C(1) << 27) + 1,
                                 (INT64_C(1) << 30) + 32,
                                 INT32_MAX,
                                 INT64_C(1) << 31,
                                 (INT64_C(1) << 31) + 1,
                                 UINT32_MAX,
                                 INT64_C(1) << 32,
                                 (INT64_C(1) << 32) + 1,
                                 INT64_C(1) << 40,
                                 INT64_C(1) << 59,
                                 (INT64_C(1) << 62) - 1,
                                 INT64_C(1) << 62,
                                 INT64_MAX - 31,
                                 INT64_MAX - 1,
                                 INT64_MAX,
                                 -1,
                                 -2,
                                 -32,
                                 INT32_MIN,
                                 -(INT64_C(1) << 32),
                                 -(INT64_C(1) << 62),
                                 INT64_MIN + 1,
                                 INT64_MIN};
enum { VALUES = sizeof values / sizeof values[0], PARTS_MAX = 8 /* of K, in the grid of a product */ };

struct input {
    const uint8_t *data;
    size_t size;
};

/* Bytes beyond the end are 0. */
static uint8_t next(struct input *in) {
    if (!in->size) return 0;
    in->size--;
    return *in->data++;
}

static int64_t draw(struct input *in) { return values[next(in) % VALUES]; }

static w4a16_problem draw_problem(struct input *in) {
    w4a16_problem p;
    w4a16_problem_init(&p, sizeof p);
    unsigned flags = next(in);
    p.weights.zeros = flags & 1 ? W4A16_ZEROS_NONE : W4A16_ZEROS_STORED;
    p.weights.act_order = flags >> 1 & 1, p.epilogue.has_bias = flags >> 2 & 1,
    p.weights.packing = (w4a16_packing)(flags >> 3 & 1);
    p.batch_invariant = flags >> 4 & 1;
    p.act = flags >> 5 & 1 ? W4A16_BF16 : W4A16_F16;
    p.weights.scale_type = flags >> 6 & 1 ? W4A16_BF16 : W4A16_F16;
    p.shape.M = draw(in), p.shape.N = draw(in), p.shape.K = draw(in);
    p.shape.group_size = flags >> 7 & 1 ? p.shape.K : draw(in);
    p.mixture.experts = draw(in), p.mixture.top_k = draw(in), p.epilogue.combine = (w4a16_combine)draw(in);
    p.shape.padded_K = draw(in), p.shape.lda = draw(in), p.shape.ldo = draw(in);
    p.mixture.sorted_block = draw(in), p.mixture.sorted_count = draw(in);
    int64_t zeros = draw(in); /* 1: of GPTQ's first format */
    if (zeros) p.weights.zeros = zeros == 1 ? W4A16_ZEROS_LESS_ONE : (w4a16_zero_mode)zeros;
    uint8_t odd = next(in);
    if (odd & 1) p.act = (w4a16_dtype)draw(in);
    if (odd & 2) p.weights.scale_type = (w4a16_dtype)draw(in);
    if (odd & 4) p.struct_size = (size_t)draw(in);
    return p;
}

static void check_said(w4a16_status status, const w4a16_error *error) {
    CHECK(status == W4A16_OK || status == W4A16_INVALID_ARGUMENT || status == W4A16_UNSUPPORTED);
    CHECK(error->status == status && memchr(error->message, 0, sizeof error->message));
    CHECK((status == W4A16_OK) == (error->message[0] == 0));
}

/* Nothing is bound at these addresses, so a run ends at its first access: but it was launched. */
static void check_run(const w4a16_plan *plan) {
    const uint64_t apart = UINT64_C(0x1380) << 48; /* more than any range is long */
    w4a16_run_args args = {.struct_size = sizeof args,
                           .a = apart,
                           .out = 2 * apart,
                           .workspace = 3 * apart,
                           .expert_ids = 4 * apart,
                           .gates = 5 * apart,
                           .weights = 6 * apart,
                           .bias = 7 * apart,
                           .scales = 8 * apart,
                           .zeros = 9 * apart,
                           .order = 10 * apart,
                           .sorted_slots = 11 * apart,
                           .sorted_used = 12 * apart};
    w4a16_error error;
    CHECK(w4a16_run(plan, &args, NULL, &error) == W4A16_DEVICE_FAULT);
    CHECK(strstr(error.message, " bytes at 0x"));
}

static void check_plan(const w4a16_plan *plan, int runs) {
    w4a16_launch_info launch;
    size_t count = w4a16_plan_launches(plan);
    uint64_t groups = 0;
    CHECK(w4a16_plan_workspace(plan) < (size_t)1 << 60);
    for (size_t n = 0; n < count; n++) {
        CHECK(w4a16_plan_launch(plan, n, &launch, NULL) == W4A16_OK);
        uint64_t all = (uint64_t)launch.grid[0] * launch.grid[1] * launch.grid[2];
        CHECK(all && launch.grid[1] <= 65535 && launch.grid[2] && launch.grid[2] <= PARTS_MAX &&
              launch.block[0] <= 1024);
        CHECK(all * launch.block[0] <= UINT32_MAX);
        groups += all;
    }
    CHECK(w4a16_plan_launch(plan, count, &launch, NULL) == W4A16_INVALID_ARGUMENT);
    if (runs && count && groups < 1 << 16) check_run(plan);
}

static void ask(w4a16_device *device, const char *target, const w4a16_problem *p, int runs) {
    static const uint32_t word;
    static unsigned char byte;
    w4a16_choice rows[4];
    w4a16_error error;
    w4a16_weights *weights;
    w4a16_plan *plan;
    size_t bytes;
    w4a16_status supported = w4a16_supports(target, NULL, p, &error);
    check_said(supported, &error);
    size_t explained = w4a16_explain(target, NULL, p, rows, 4, &error);
    CHECK((explained > 0) == (error.status == W4A16_OK) && (explained || supported != W4A16_OK));
    w4a16_status packed = w4a16_packed_bytes(p, &bytes, &error);
    check_said(packed, &error);
    if (packed == W4A16_OK) CHECK(bytes && bytes < (size_t)1 << 60);
    CHECK(w4a16_pack_nibbles(device, &word, NULL, p->shape.N, p->shape.K, &byte, 0, &error) != W4A16_OK);
    w4a16_status wrapped = w4a16_weights_wrap(device, p, 0, &weights, &error);
    CHECK(wrapped == packed && (packed == W4A16_OK || supported != W4A16_OK));
    if (wrapped != W4A16_OK) return;
    w4a16_status planned = w4a16_plan_create(device, weights, p, &plan, &error);
    check_said(planned, &error);
    CHECK(planned == supported);
    if (planned == W4A16_OK) {
        check_plan(plan, runs);
        w4a16_plan_free(plan);
    }
    w4a16_weights_free(weights);
}

static void join(const w4a16_problem *p) {
    static const unsigned char none;
    const w4a16_problem *parts[] = {p, p, p};
    const void *packed[] = {&none, &none, &none};
    w4a16_problem joined;
    w4a16_error error;
    if (p->weights.act_order) return; /* it would be compared */
    w4a16_status status = w4a16_packed_concat(parts, packed, 3, &joined, NULL, 0, &error);
    check_said(status, &error);
    if (status == W4A16_OK) CHECK(joined.shape.N == 3 * p->shape.N);
}

static w4a16_device *open_device(w4a16_device_kind kind) {
    w4a16_device_options options;
    w4a16_device *device;
    w4a16_device_options_init(&options, sizeof options);
    options.kind = kind;
    options.threads = 1;
    CHECK(w4a16_device_open(&options, &device, NULL) == W4A16_OK);
    return device;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static w4a16_device *sim, *cpu;
    if (!sim) sim = open_device(W4A16_DEVICE_SIM), cpu = open_device(W4A16_DEVICE_CPU);
    struct input in = {data, size};
    w4a16_problem p = draw_problem(&in);
    ask(sim, "gfx1100", &p, 1);
    ask(cpu, "cpu", &p, 0);
    join(&p);
    w4a16_error error;
    int64_t sizes[SHAPE_DIMS];
    for (int d = 0; d < SHAPE_DIMS; d++) sizes[d] = draw(&in);
    check_said(shape_read(sizes, p.shape.K, p.mixture.experts, &p, &error), &error);
    return 0;
}
