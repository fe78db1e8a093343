/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * OpenCL C and HIP as clang renders them at -O0 and -O3 in both wave sizes: stacks, calls, recursion,
 * function pointers, hidden arguments, local memory, buffer descriptors, contended atomics, lane exchanges,
 * dot and matrix products. Every result against the host's, with and without strict mode.
 *
 *     test_sim_foreign OBJECT...    each kernel is run from whichever objects have it
 */
#include <math.h>

#include "half.h"
#include "random.h"
#include "support.h"

enum { ITEMS = 1024, BLOCK = 256, INPUT = 4096, SORTED = 24 };

static uint32_t in[INPUT], out[ITEMS], expected[ITEMS];
static char **objects;
static int object_count;

/* ---- what the kernels compute --------------------------------------------------------------------- */

static uint32_t sorted(uint32_t id) {
    uint32_t values[SORTED], sum = 0;
    for (uint32_t n = 0; n < SORTED; n++) values[n] = in[(id * 7 + n * 13) % 4096];
    for (uint32_t n = 1; n < SORTED; n++)
        for (uint32_t k = n; k && values[k - 1] > values[k]; k--) {
            uint32_t kept = values[k];
            values[k] = values[k - 1];
            values[k - 1] = kept;
        }
    for (uint32_t n = 0; n < SORTED; n++) sum = sum * 31 + values[n];
    return sum;
}

static uint32_t sizes(uint32_t id) {
    (void)id;
    return ITEMS * 1000 + BLOCK + 100;
}

static uint32_t reduced(uint32_t id) {
    uint32_t sum = 0;
    for (uint32_t n = 0; n < BLOCK; n++) sum += in[id / BLOCK * BLOCK + n];
    return sum ^ id % BLOCK;
}

static uint32_t numbers(uint32_t id) {
    uint32_t a = in[id], b = in[id + 1] | 1;
    uint64_t wide = ((uint64_t)a << 32 | b) / (b | 0x10000u), rest = ((uint64_t)b << 32 | a) % (a | 3u), bits;
    double quotient = (double)a / (double)b, scaled = (double)(int32_t)b * 0.37, d = quotient + scaled;
    uint16_t quarter = float_to_f16(f16_to_float(float_to_f16((float)(a % 1000))) * 0.25f);
    uint16_t h = float_to_f16(f16_to_float(quarter) + 3.0f);
    const uint32_t v = (a * 3) ^ (b * 5) ^ ((a ^ b) * 7) ^ ((a + b) * 11);
    const uint32_t chosen[] = {a / 7, a * 7, a - 7, a << 3, a >> 3, ~a, a ^ 0x5555, 0 - a, 17};
    memcpy(&bits, &d, 8);
    return (uint32_t)wide ^ (uint32_t)(rest >> 3) ^ (uint32_t)bits ^ (uint32_t)(bits >> 32) ^ h ^ v ^
           chosen[a % 9];
}

struct pair {
    uint32_t a;
    uint64_t b;
    uint8_t c[5];
};
static struct pair turned(struct pair p) {
    return (struct pair){
        (uint32_t)p.b, p.a + ((uint64_t)p.c[4] << 40), {p.c[4], p.c[3], p.c[2], p.c[1], p.c[0]}};
}
static uint32_t structures(uint32_t id) {
    uint32_t a = in[id];
    struct pair p = {a,
                     (uint64_t)a * UINT64_C(0x123456789),
                     {(uint8_t)a, (uint8_t)(a >> 8), (uint8_t)(a >> 16), (uint8_t)(a >> 24), 9}};
    struct pair q = turned(turned(turned(p)));
    return q.a ^ (uint32_t)q.b ^ (uint32_t)(q.b >> 32) ^ (uint32_t)q.c[0] << 8 ^ q.c[3];
}

static uint32_t paths(uint32_t right, uint32_t down) {
    return !right || !down ? 1 : paths(right - 1, down) + paths(right, down - 1);
}
static uint32_t recursive(uint32_t id) { return paths(in[id] % 5, in[id] / 5 % 4); }

static uint32_t indirect(uint32_t id) {
    uint32_t a = in[id];
    return a % 3 == 0 ? 2 * a : a % 3 == 1 ? a * a : ~a;
}

/* Of the sums in out[0..11], which start at 0. */
static uint32_t contended(uint32_t place) {
    uint32_t sum = 0, most = 0;
    float total = 0;
    if (place >= 12) return 0;
    for (uint32_t id = 0; id < ITEMS; id++) {
        if (in[id] % 4 != place % 4) continue;
        sum += id;
        total += (float)(id % 64);
        most = id;
    }
    return place < 4 ? sum : place < 8 ? float_bits(total) : most;
}

static uint32_t buffered(uint32_t id) {
    uint32_t word = id < 64 ? in[id] : 0;
    uint8_t byte = 0;
    if (id < 256) memcpy(&byte, (const char *)in + id, 1);
    return word + byte;
}

static uint32_t lanes(uint32_t id) {
    uint32_t row = id & ~15u, lane = id % 16;
    uint32_t mirrored = in[row + 15 - lane], shifted = lane ? in[id - 1] : 5;
    uint32_t swapped = in[id ^ 1], pulled = in[(id & ~31u) + (id ^ 3) % 32];
    return in[id] ^ mirrored << 1 ^ shifted << 2 ^ swapped << 3 ^ pulled << 4;
}

static uint32_t dots(uint32_t id) {
    uint32_t a = (in[id] & 0x03ff03ff) | 0x3c003c00, b = (in[id + 1] & 0x3c003c00) | 0x38003800;
    double sum = 1; /* exact: few bits, near each other */
    for (unsigned n = 0; n < 32; n += 16)
        sum += (double)f16_to_float((uint16_t)(a >> n)) * f16_to_float((uint16_t)(b >> n));
    int32_t dot = 7;
    for (unsigned n = 0; n < 32; n += 8) dot += (int8_t)(in[id] >> n) * (int8_t)(in[id + 1] >> n);
    return float_bits((float)sum) ^ (uint32_t)dot;
}

/* Row m of A times column n of B; lanes sum what they hold, each register with its weight. */
static uint32_t matrices_of(uint32_t id, unsigned wave) {
    uint32_t lane = id % wave, column = lane % 16, sum = 0, registers = wave == 64 ? 4 : 8;
    for (uint32_t r = 0; r < registers; r++) {
        uint32_t m = wave == 64 ? 4 * r + lane / 16 : 2 * r + lane / 16, value = 0;
        for (uint32_t k = 0; k < 16; k++) value += (in[m * 16 + k] % 16) * (in[256 + column * 16 + k] % 16);
        sum += value * (r + 1);
    }
    return sum;
}
static uint32_t matrices32(uint32_t id) { return matrices_of(id, 32); }
static uint32_t matrices64(uint32_t id) { return matrices_of(id, 64); }

static const struct row {
    const char *name;
    uint32_t (*expected)(uint32_t id), (*expected64)(uint32_t id); /* the latter if wave64 differs */
    unsigned allowed; /* strict checks that the kernel's own ways trip over, with the reason beside it */
} rows[] = {
    {"sorted", sorted, NULL, 0},
    {"sizes", sizes, NULL, 0},
    {"reduced", reduced, NULL, 0},
    {"numbers", numbers, NULL, 0},
    {"structures", structures, NULL, RDNASIM_CHECK_ALIGNMENT}, /* bytes are copied in pairs */
    {"recursive", recursive, NULL, 0},
    {"indirect", indirect, NULL, 0},
    {"contended", contended, NULL, 0},
    {"buffered", buffered, NULL, 0},
    {"lanes", lanes, NULL, 0},
    {"dots", dots, NULL, 0},
    {"matrices", matrices32, matrices64, 0},
};

/* ---- runs ----------------------------------------------------------------------------------------- */

static unsigned run(const struct row *row, const char *path, unsigned checks) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.checks = checks;
    rdnasim *sim = create(&options);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, path), row->name);
    if (kernel) {
        memset(out, 0, sizeof out);
        const uint64_t args[] = {bind(sim, in, sizeof in, RDNASIM_READ, "in"),
                                 bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out")};
        rdnasim_launch launch = launch_of(ITEMS, BLOCK, args, sizeof args);
        rdnasim_report report;
        if (rdnasim_run(sim, kernel, &launch, NULL, &report)) fail_msg("%s: %s", path, report.text);
        int wave64 = rdnasim_get_kernel_info(kernel)->wave_size == 64;
        for (uint32_t id = 0; id < ITEMS; id++) {
            expected[id] = (wave64 && row->expected64 ? row->expected64 : row->expected)(id);
            if (out[id] != expected[id])
                fail_msg("%s, %s: work-item %u has 0x%x, expected 0x%x", path, row->name, id, out[id],
                         expected[id]);
        }
    }
    rdnasim_destroy(sim);
    return kernel != NULL;
}

static void test_row(void **state) {
    const struct row *row = *state;
    unsigned ran = 0;
    for (int n = 0; n < object_count; n++) {
        ran += run(row, objects[n], 0);
        run(row, objects[n], RDNASIM_CHECK_ALL & ~row->allowed);
    }
    assert_int_equal(ran, 4); /* two levels, two wave sizes */
}

int main(int argc, char **argv) {
    objects = argv + 1;
    object_count = argc - 1;
    for (uint64_t n = 0; n < INPUT; n++) in[n] = (uint32_t)random_at(11, n);
    struct CMUnitTest tests[sizeof rows / sizeof rows[0]];
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
