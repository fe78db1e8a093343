/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Programs of ordinary C as clang renders them at four levels of optimisation in both wave sizes (kernels/ordinary.c): the host's
 * results, and not a word from strict mode, which is asked for all but alignment, in order and in a random one.
 *
 *     test_sim_ordinary OBJECT...
 */
#include "half.h"
#include "random.h"
#include "support.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef int16_t i16;
typedef int32_t i32;
typedef uint32_t u32;
typedef int64_t i64;
typedef uint64_t u64;
#define GLOBAL
#include "kernels/ordinary.h"

enum { BLOCK = 128, ITEMS = 512 };

static u32 in[INPUT], out[ITEMS], expected[ITEMS];
static char **objects;
static int object_count;

/* ---- what the kernels compute, for all work-items at once ----------------------------------------------------- */

static void lds_sum(u32 wave) {
    (void)wave;
    for (u32 i = 0; i < ITEMS; i++) {
        u32 first = i / BLOCK * BLOCK;
        expected[i] = i % BLOCK;
        for (u32 n = 0; n < BLOCK; n++) expected[i] += in[first + n];
    }
}

static void lds_scan(u32 wave) {
    (void)wave;
    for (u32 i = 0; i < ITEMS; i++) expected[i] = in[i] + (i % BLOCK ? expected[i - 1] : 0);
}

static void lds_tile(u32 wave) {
    (void)wave;
    for (u32 i = 0; i < ITEMS; i++) {
        u32 row = i % 16, column = i % BLOCK / 16, n = i / BLOCK * 256 + row * 16 + column;
        expected[i] = (in[n % INPUT] & 0xffff) | in[(n + 8) % INPUT] << 16;
    }
}

static void lds_octets(u32 wave) {
    (void)wave;
    for (u32 i = 0; i < ITEMS; i++) expected[i] = in[i / BLOCK * BLOCK + BLOCK - 1 - i % BLOCK] & 0xffffff;
}

static void lds_histogram(u32 wave) {
    (void)wave;
    for (u32 i = 0; i < ITEMS; i++) {
        u32 *words = expected + i / BLOCK * BLOCK;
        words[in[i] % 32]++;
        words[32 + in[i] % 8] = i;
    }
}

static void atomics32(u32 wave) {
    (void)wave;
    float sums[4] = {0};
    for (u32 i = 0; i < ITEMS; i++) {
        u32 x = in[i], *e = expected;
        e[0] += x;
        e[1] -= x;
        e[2] |= x;
        e[3] ^= x;
        e[4] = x > e[4] ? x : e[4];
        e[5] = (i32)x > (i32)e[5] ? x : e[5];
        e[6] = (i32)x < (i32)e[6] ? x : e[6];
        e[7] &= x;
        sums[x % 4] += (float)(i % 64);
    }
    memcpy(expected + 8, sums, sizeof sums);
}

static void atomics64(u32 wave) {
    (void)wave;
    u64 e[5] = {0};
    double sum = 0;
    for (u32 i = 0; i < ITEMS; i++) {
        u64 x = (u64)in[i] << 20 | in[i + 1], y = x << 12;
        e[0] += x;
        e[1] ^= x;
        e[2] = x > e[2] ? x : e[2];
        e[3] = (i64)y < (i64)e[3] ? y : e[3];
        sum += i;
    }
    memcpy(e + 4, &sum, 8);
    memcpy(expected, e, sizeof e);
}

static void atomics16(u32 wave) {
    (void)wave;
    u8 *octets = (u8 *)expected;
    u16 *words = (u16 *)expected;
    float halves_sum[3] = {0}, brain[2] = {0};
    for (u32 i = 0; i < ITEMS; i++) {
        u32 x = in[i];
        octets[x % 5] = (u8)(octets[x % 5] + (x >> 8));
        words[4 + x % 5] = (u16)(words[4 + x % 5] + (x >> 7));
        octets[20 + x % 7] ^= (u8)x;
        words[16 + x % 3] = (u16)x > words[16 + x % 3] ? (u16)x : words[16 + x % 3];
        halves_sum[x % 3] += (float)(i % 4);
        if (brain[x % 2] < 256) brain[x % 2] += 1; /* where a bf16 stays if 1 is added */
    }
    for (u32 n = 0; n < 3; n++) words[20 + n] = float_to_f16(halves_sum[n]);
    for (u32 n = 0; n < 2; n++) words[30 + n] = float_to_bf16(brain[n]);
}

static void swapped(u32 wave) {
    (void)wave;
    for (u32 i = 0; i < ITEMS; i++) {
        u32 *count = expected + in[i] % 4;
        *count += *count * 2 < 1000 ? 1 : 3;
    }
}

static void last_group(u32 wave) {
    (void)wave;
    u32 total = 0;
    for (u32 g = 0; g < ITEMS / BLOCK; g++) {
        u32 sum = 0;
        for (u32 n = 0; n < BLOCK; n++) sum ^= in[g * BLOCK + n] * (n | 1);
        expected[BLOCK + g] = sum;
        total += sum;
    }
    expected[0] = ITEMS / BLOCK;
    for (u32 n = BLOCK / 2; n < BLOCK; n++) expected[n] = total;
}

static void lock(u32 wave) {
    for (u32 i = 0; i < ITEMS; i += wave) {
        expected[1] += in[i / BLOCK];
        expected[2]++;
    }
}

static void shuffled(u32 wave) {
    (void)wave; /* all of these move lanes within 32 */
    for (u32 i = 0; i < ITEMS; i++) {
        u32 lane = i % 32, first = i - lane, row = i / 16 * 16, pushed = 0;
        for (u32 n = 0; n < 32; n++)
            if ((n * 5 + 3) % 32 == lane) pushed = in[first + n];
        u32 turned = in[row + (UINT64_C(0x0123456789abcdef) >> 4 * (i % 16) & 15)];
        u32 crossed = in[(row ^ 16) + (UINT64_C(0xfedcba9876543210) >> 4 * (i % 16) & 15)];
        u32 moved = i % 16 ? in[i - 1] : 7;
        expected[i] = in[first + (in[i] >> 3) % 32] ^ pushed << 1 ^ turned << 2 ^ crossed << 3 ^
                      in[i ^ 4] << 4 ^ moved << 5;
    }
}

static void voted(u32 wave) {
    for (u32 i = 0; i < ITEMS; i++) {
        u32 first = i / wave * wave, sum = 0;
        for (u32 n = 0; n < in[i] % 5; n++) {
            u32 votes = 0;
            for (u32 k = first; k < first + 16; k++) votes += in[k] % 5 > n && (in[k] >> n & 1);
            sum = sum * 3 + votes;
        }
        expected[i] = sum + in[first + 17] + in[first];
    }
}

static void brain_floats(u32 wave) {
    (void)wave;
    for (u32 i = 0; i < ITEMS; i++) {
        float x = bf16_to_float((u16)(in[i] & 0x1ff) | 0x3f00),
              y = bf16_to_float((u16)(in[i + 1] & 0x1ff) | 0x3f00);
        float product = bf16_to_float(float_to_bf16(x * y)), sum = bf16_to_float(float_to_bf16(product + x));
        float rest = bf16_to_float(float_to_bf16(sum - y));
        expected[i] = float_to_bf16(rest * 3.0f) | (u32)(product < sum) << 16;
    }
}

static const struct row {
    const char *name;
    u32 (*each)(inputs in, u32 i); /* or */
    void (*all)(u32 wave);         /* into expected[], which is what out[] was before: zeros */
} rows[] = {
#define ALONE(name)    {#name, name, NULL},
#define TOGETHER(name) {#name, NULL, name},
    ORDINARY_PROGRAMS(ALONE) TOGETHER(lds_sum) TOGETHER(lds_scan) TOGETHER(lds_tile) TOGETHER(lds_octets)
        TOGETHER(lds_histogram) TOGETHER(atomics32) TOGETHER(atomics64) TOGETHER(atomics16) TOGETHER(swapped)
            TOGETHER(last_group) TOGETHER(lock) TOGETHER(shuffled) TOGETHER(voted) TOGETHER(brain_floats)};

/* ---- runs ------------------------------------------------------------------------------------------------- */

static void run(const struct row *row, const char *path, unsigned checks, u64 seed) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.checks = checks;
    options.schedule_seed = seed;
    rdnasim *sim = create(&options);
    char name[64];
    snprintf(name, sizeof name, "kernel_%s", row->name);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, path), name);
    if (!kernel) fail_msg("%s: no kernel %s", path, name);
    memset(out, 0, sizeof out);
    memset(expected, 0, sizeof expected);
    const u64 args[] = {bind(sim, in, sizeof in, RDNASIM_READ, "in"),
                        bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out")};
    rdnasim_launch launch = launch_of(ITEMS, BLOCK, args, sizeof args);
    rdnasim_report report;
    if (rdnasim_run(sim, kernel, &launch, NULL, &report)) fail_msg("%s: %s", path, report.text);
    if (row->all) row->all(rdnasim_get_kernel_info(kernel)->wave_size);
    for (u32 i = 0; i < ITEMS; i++) {
        if (row->each) expected[i] = row->each(in, i);
        if (out[i] != expected[i])
            fail_msg("%s, %s: word %u is 0x%x, expected 0x%x", path, row->name, i, out[i], expected[i]);
    }
    rdnasim_destroy(sim);
}

static void test_row(void **state) {
    for (int n = 0; n < object_count; n++)
        for (u64 seed = 0; seed < 2; seed++)
            run(*state, objects[n], RDNASIM_CHECK_ALL & ~RDNASIM_CHECK_ALIGNMENT, seed);
}

int main(int argc, char **argv) {
    objects = argv + 1;
    object_count = argc - 1;
    if (!object_count) return 2;
    for (u64 n = 0; n < INPUT; n++) in[n] = (u32)random_at(21, n) >> random_at(22, n) % 32;
    struct CMUnitTest tests[sizeof rows / sizeof rows[0]];
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++)
        tests[n] = (struct CMUnitTest){rows[n].name, test_row, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
