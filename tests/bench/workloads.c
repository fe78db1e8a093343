/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The workloads of the benchmark: operands, launches, and the results that the host expects. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "bench.h"
#include "dot2_rule.h"
#include "half.h"
#include "random.h"

enum { LANES = 32, BLOCK = 128, WAVES = BLOCK / LANES };

/* ---- launches ------------------------------------------------------------------------------------------ */

static void *add_buffer(struct launch *launch, const char *name, size_t bytes, size_t argument) {
    void *data = aligned_alloc(256, (bytes + 255) / 256 * 256);
    if (!data) die("no memory for %zu bytes", bytes);
    launch->buffers[launch->buffer_count++] = (struct buffer){name, data, bytes, argument};
    return data;
}

void launch_free(struct launch *launch) {
    for (unsigned n = 0; n < launch->buffer_count; n++) free(launch->buffers[n].data);
}

static void set_arguments(struct launch *launch, const void *args, size_t bytes) {
    memcpy(launch->kernarg, args, bytes);
    launch->kernarg_bytes = bytes;
}

static uint16_t random_half(struct kind kind, uint64_t seed, uint64_t n) {
    float x = random_normal(random_at(seed, n));
    return kind.flushes ? float_to_bf16(x) : float_to_f16(x);
}

/* ---- fma_loop ------------------------------------------------------------------------------------------ */

enum { CHAINS = 16, FMA_STEPS = 4 }; /* of each chain in one iteration */
struct loop_args {
    uint64_t in, out;
    uint32_t iterations;
};

static void prepare_fma(const struct workload *w, enum size size, struct launch *launch) {
    (void)w;
    struct loop_args args = {.iterations = size == SIZE_TIMED ? 1500 : 3};
    launch->groups[0] = size == SIZE_TIMED ? 32 : 2;
    launch->block = BLOCK;
    float *in = add_buffer(launch, "in", sizeof(float[2 * LANES]), offsetof(struct loop_args, in));
    add_buffer(launch, "out", sizeof(float) * launch->groups[0] * BLOCK * CHAINS,
               offsetof(struct loop_args, out));
    for (unsigned l = 0; l < LANES; l++) {
        in[l] = (float)(random_at(1, l) % 1000) * 0x1p-10f; /* below 1: the sums converge */
        in[LANES + l] = random_normal(random_at(2, l));
    }
    set_arguments(launch, &args, sizeof args);
}

static void expect_fma(const struct workload *w, const struct launch *launch, void *out) {
    (void)w;
    const float *in = launch->buffers[0].data;
    struct loop_args args;
    memcpy(&args, launch->kernarg, sizeof args);
    for (unsigned item = 0; item < launch->groups[0] * BLOCK; item++)
        for (unsigned n = 0; n < CHAINS; n++) {
            float x = (float)n, a = in[item % LANES], b = in[LANES + item % LANES];
            for (unsigned i = 0; i < args.iterations * FMA_STEPS; i++) x = fmaf(x, a, b);
            ((float *)out)[item * CHAINS + n] = x;
        }
}

/* ---- loops of one matrix instruction ------------------------------------------------------------------- */

struct form {
    const struct kind *kind; /* null: integers */
    enum result to;
    unsigned bits; /* of an element of A and B */
};
enum { OPERANDS = 24, SUMS = 4, INNER = 16 };

static void prepare_wmma(const struct workload *w, enum size size, struct launch *launch) {
    bool slow = w->form->kind && !w->approximate; /* all launches take some hundredths of a second */
    struct loop_args args = {.iterations = size == SIZE_CHECKED ? 2 : slow ? 64 : 256};
    uint32_t waves = size == SIZE_TIMED ? 64 : 8;
    launch->groups[0] = waves / WAVES;
    launch->block = BLOCK;
    uint32_t *in = add_buffer(launch, "in", 4 * waves * OPERANDS * LANES, offsetof(struct loop_args, in));
    add_buffer(launch, "out", 4 * waves * SUMS * 8 * LANES, offsetof(struct loop_args, out));
    for (unsigned n = 0; n < waves * OPERANDS * LANES; n++) {
        unsigned reg = n / LANES % OPERANDS;
        uint64_t at = reg < 16 ? n - n % LANES + n % 16 : n; /* A and B are the same in both half-waves */
        if (!w->form->kind)
            in[n] = (uint32_t)random_at(3, at);
        else if (reg >= 16 && w->form->to == TO_F32)
            in[n] = float_bits(random_normal(random_at(4, at)));
        else
            in[n] = random_half(*w->form->kind, 5, 2 * at) |
                    (uint32_t)random_half(*w->form->kind, 5, 2 * at + 1) << 16;
    }
    set_arguments(launch, &args, sizeof args);
}

/* Element k of a row of A or column of B. */
static uint32_t element(const uint32_t *registers, unsigned bits, unsigned lane, unsigned k) {
    return registers[k * bits / 32 * LANES + lane] >> k * bits % 32 & (UINT32_MAX >> (32 - bits));
}

static float to_float(struct kind kind, uint32_t half) {
    return kind.flushes ? bf16_to_float((uint16_t)half) : f16_to_float((uint16_t)half);
}

/* c + row * column; sign: flips the column's signs. */
static uint32_t wmma_element(const struct form *f, bool approximate, const uint32_t *a, const uint32_t *b,
                             unsigned row, unsigned column, uint32_t sign, uint32_t c) {
    if (!f->kind) {
        for (unsigned k = 0; k < INNER; k++)
            c += element(a, f->bits, row, k) * element(b, f->bits, column, k);
        return c;
    }
    uint32_t low = f->to == TO_F32 ? c : c & 0xffff, high = f->to == TO_F32 ? 0 : c & 0xffff0000;
    if (approximate) {
        float sum = f->to == TO_F32 ? bits_float(low) : to_float(*f->kind, low);
        for (unsigned k = 0; k < INNER; k++)
            sum += to_float(*f->kind, element(a, 16, row, k)) *
                   to_float(*f->kind, element(b, 16, column, k) ^ (sign & 0x8000));
        return f->to == TO_F32   ? float_bits(sum)
               : f->to == TO_F16 ? high | float_to_f16(sum)
                                 : high | float_bits(sum) >> 16;
    }
    for (unsigned k = 0; k < INNER / 2; k++)
        low = dot2_by_the_rule(*f->kind, f->to, a[k * LANES + row], b[k * LANES + column] ^ sign, low);
    return high | low;
}

static void expect_wmma(const struct workload *w, const struct launch *launch, void *out) {
    struct loop_args args;
    memcpy(&args, launch->kernarg, sizeof args);
    for (unsigned wave = 0; wave < launch->groups[0] * WAVES; wave++) {
        const uint32_t *a = (const uint32_t *)launch->buffers[0].data + wave * OPERANDS * LANES;
        const uint32_t *b = a + 8 * LANES, *c = a + 16 * LANES;
        for (unsigned n = 0; n < SUMS * 8 * LANES; n++) {
            unsigned sum = n / (8 * LANES), r = n / LANES % 8, lane = n % LANES;
            uint32_t d = c[(r + sum) % 8 * LANES + lane];
            for (unsigned i = 0; i < 2 * args.iterations; i++)
                d = wmma_element(w->form, w->approximate, a, b, 2 * r + lane / 16, lane % 16,
                                 i % 2 ? 0x80008000 : 0, d);
            ((uint32_t *)out)[wave * SUMS * 8 * LANES + n] = d;
        }
    }
}

/* ---- matrix -------------------------------------------------------------------------------------------- */

enum { TILE = 64 };
struct bench_matrix_args {
    uint64_t a, b, out;
    uint32_t N, K;
};

static void prepare_matrix(const struct workload *w, enum size size, struct launch *launch) {
    (void)w;
    struct bench_matrix_args args = {.N = size == SIZE_TIMED ? 512 : 128, .K = size == SIZE_TIMED ? 512 : 64};
    uint32_t M = args.N;
    launch->groups[0] = args.N / TILE;
    launch->groups[1] = M / TILE;
    launch->block = BLOCK;
    uint16_t *a = add_buffer(launch, "a", 2ul * M * args.K, offsetof(struct bench_matrix_args, a));
    uint16_t *b = add_buffer(launch, "b", 2ul * args.N * args.K, offsetof(struct bench_matrix_args, b));
    add_buffer(launch, "out", 4ul * M * args.N, offsetof(struct bench_matrix_args, out));
    for (size_t n = 0; n < (size_t)M * args.K; n++) a[n] = random_half(f16, 6, n);
    for (size_t n = 0; n < (size_t)args.N * args.K; n++) b[n] = random_half(f16, 7, n);
    set_arguments(launch, &args, sizeof args);
}

static void expect_matrix(const struct workload *w, const struct launch *launch, void *out) {
    (void)w;
    struct bench_matrix_args args;
    memcpy(&args, launch->kernarg, sizeof args);
    const uint32_t *a = launch->buffers[0].data, *b = launch->buffers[1].data; /* as pairs */
    uint32_t pairs = args.K / 2;
    for (size_t m = 0; m < launch->groups[1] * TILE; m++)
        for (size_t n = 0; n < args.N; n++) {
            uint32_t sum = 0;
            for (size_t k = 0; k < pairs; k++)
                sum = dot2_by_the_rule(f16, TO_F32, a[m * pairs + k], b[n * pairs + k], sum);
            ((uint32_t *)out)[m * args.N + n] = sum;
        }
}

/* ---- the library's decode kernel for one row, in groups of 128 ----------------------------------------- */

enum { GROUP = 128, WORDS = GROUP / 8 };
static_assert(sizeof(struct decode_args) <= sizeof((struct launch *)0)->kernarg,
              "a launch has room for its arguments");

static void prepare_decode(const struct workload *w, enum size size, struct launch *launch) {
    (void)w;
    uint32_t N = size == SIZE_TIMED ? 4096 : 64, K = size == SIZE_TIMED ? 4096 : 1024;
    struct decode_args args = {.M = 1,
                               .N = N,
                               .blocks = K / 32,
                               .groups = K / GROUP,
                               .group_divisor = UINT32_C(1) << 31,
                               .lda_bytes = 2 * K,
                               .features = K,
                               .ldo = N,
                               .waves = 8,
                               .grid = {.strip_stride = K / GROUP * LANES, .group_stride = LANES}};
    launch->groups[0] = N / LANES;
    launch->block = args.waves * LANES;
    launch->lds_bytes = args.waves * LANES * 4;
    size_t words = (size_t)N * K / 8;
    uint32_t *weights = add_buffer(launch, "weights", 4 * words, offsetof(struct decode_args, weights));
    uint16_t *scales =
        add_buffer(launch, "scales", 2ul * N * args.groups, offsetof(struct decode_args, scales));
    uint16_t *a = add_buffer(launch, "a", 2ul * K, offsetof(struct decode_args, a));
    add_buffer(launch, "out", 2ul * N, offsetof(struct decode_args, out));
    for (size_t n = 0; n < words; n++) weights[n] = (uint32_t)random_at(8, n);
    for (size_t n = 0; n < (size_t)N * args.groups; n++)
        scales[n] = float_to_f16((float)(1 + random_at(9, n) % 100) * 0x1p-12f);
    for (size_t k = 0; k < K; k++) a[k] = random_half(f16, 10, k);
    set_arguments(launch, &args, sizeof args);
}

/* The f16 bits of q - 8. */
static uint32_t weight_f16(uint32_t q) { return float_to_f16((float)(int)(q & 15) - 8); }

static void expect_decode(const struct workload *w, const struct launch *launch, void *out) {
    (void)w;
    struct decode_args args;
    memcpy(&args, launch->kernarg, sizeof args);
    const uint32_t *weights = launch->buffers[0].data, *a = launch->buffers[2].data; /* a: as pairs */
    const uint16_t *scales = launch->buffers[1].data;
    for (uint32_t n = 0; n < args.N; n++) {
        uint32_t strip = n / LANES, lane = n % LANES;
        float sum = 0;
        for (uint32_t wave = 0; wave < args.waves; wave++) {
            float partial = 0;
            for (uint32_t g = wave; g < args.groups; g += args.waves) {
                uint32_t dot = 0;
                for (uint32_t pair = 0; pair < 4 * WORDS; pair++) {
                    uint32_t word = pair / 4, block = g * (GROUP / 32) + word / 4;
                    uint32_t q = weights[((strip * args.blocks + block) * LANES + lane) * 4 + word % 4] >>
                                 4 * (pair % 4);
                    dot = dot2_by_the_rule(f16, TO_F32, weight_f16(q) | weight_f16(q >> 16) << 16,
                                           a[g * 4 * WORDS + pair], dot);
                }
                float scale = f16_to_float(scales[(strip * args.groups + g) * LANES + lane]);
                partial = fmaf(scale, bits_float(dot), partial);
            }
            sum += partial;
        }
        ((uint16_t *)out)[n] = float_to_f16(sum);
    }
}

/* ---- all of them --------------------------------------------------------------------------------------- */

#define INSTRUCTION_LOOP(rate, lowered, label, instruction, ...)                                             \
    {.name = label,                                                                                          \
     .kernel = #instruction "_loop",                                                                         \
     .counted = COUNT_WMMA,                                                                                  \
     .approximate = lowered,                                                                                 \
     .bar = rate,                                                                                            \
     .form = &(const struct form){__VA_ARGS__},                                                              \
     .prepare = prepare_wmma,                                                                                \
     .expect = expect_wmma}

const struct workload workloads[] = {
    {.name = "FMA loop",
     .kernel = "fma_loop",
     .counted = COUNT_INSTRUCTIONS,
     .bar = 50,
     .portable_bar = 5,
     .prepare = prepare_fma,
     .expect = expect_fma},
    {.name = "decode kernel, fp16, M = 1",
     .kernel = "w4a16_decode_f16_m1_g128_sym",
     .counted = COUNT_INSTRUCTIONS,
     .code_object = "decode",
     .strict = true,
     .bar = 20,
     .prepare = prepare_decode,
     .expect = expect_decode},
    {.name = "matrix kernel, f32 <- f16",
     .kernel = "matrix",
     .counted = COUNT_WMMA,
     .strict = true,
     .bar = 0.4,
     .prepare = prepare_matrix,
     .expect = expect_matrix},
    INSTRUCTION_LOOP(0.4, false, "WMMA f32 <- f16", f32_16x16x16_f16, &f16, TO_F32, 16),
    INSTRUCTION_LOOP(0.4, false, "WMMA f32 <- bf16", f32_16x16x16_bf16, &bf16, TO_F32, 16),
    INSTRUCTION_LOOP(0.4, false, "WMMA f16 <- f16", f16_16x16x16_f16, &f16, TO_F16, 16),
    INSTRUCTION_LOOP(0.4, false, "WMMA bf16 <- bf16", bf16_16x16x16_bf16, &bf16, TO_BF16, 16),
    INSTRUCTION_LOOP(0.4, false, "WMMA i32 <- iu8", i32_16x16x16_iu8, NULL, TO_F32, 8),
    INSTRUCTION_LOOP(0.4, false, "WMMA i32 <- iu4", i32_16x16x16_iu4, NULL, TO_F32, 4),
    INSTRUCTION_LOOP(2, true, "approximate f32 <- f16", f32_16x16x16_f16, &f16, TO_F32, 16),
    INSTRUCTION_LOOP(2, true, "approximate f32 <- bf16", f32_16x16x16_bf16, &bf16, TO_F32, 16),
    INSTRUCTION_LOOP(0, true, "approximate f16 <- f16", f16_16x16x16_f16, &f16, TO_F16, 16),
    INSTRUCTION_LOOP(0, true, "approximate bf16 <- bf16", bf16_16x16x16_bf16, &bf16, TO_BF16, 16),
};
const unsigned workload_count = sizeof workloads / sizeof workloads[0];
