/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a compiler makes of ordinary C must run and give the host's results: kernels/body.h at four levels of
 * optimisation, as wave32 and wave64, at every SIMD level. Usage: test_sim_compiled CODE_OBJECT...
 */
#include "support.h"

typedef uint8_t u8;
typedef int16_t i16;
typedef int32_t i32;
typedef uint32_t u32;
typedef int64_t i64;
typedef uint64_t u64;

static u32 float_bits(float x) {
    u32 bits;
    memcpy(&bits, &x, 4);
    return bits;
}
static u64 double_bits(double x) {
    u64 bits;
    memcpy(&bits, &x, 8);
    return bits;
}
#define FLOAT_BITS  float_bits
#define DOUBLE_BITS double_bits
#include "kernels/body.h"

#define ITEMS 1000
#define BLOCK 64

static char **objects;
static int object_count;

/* Numbers of every magnitude. */
static u32 input(u64 *state) {
    u64 next = *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (u32)(next >> 32) >> (next >> 20) % 32;
}

static void run_at(rdnasim_simd simd, const char *path) {
    static u32 in[2 * ITEMS], out[2 * ITEMS];
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.simd = simd;
    rdnasim *sim;
    rdnasim_report report;
    if (rdnasim_create(&options, &sim, &report) != RDNASIM_OK) {
        if (simd == RDNASIM_SIMD_PORTABLE || report.status != RDNASIM_INVALID_ARGUMENT)
            fail_msg("level %d: %s", simd, report.text);
        print_message("level %d is not there: %s\n", simd, report.text);
        return;
    }
    struct file file = read_file(path);
    struct {
        uint64_t in, out;
    } arguments = {0};
    u64 state = 1;
    for (int i = 0; i < 2 * ITEMS; i++) in[i] = input(&state);
    memset(out, 0xa5, sizeof out);
    rdnasim_object *object;
    rdnasim_launch launch = launch_of(ITEMS, BLOCK, &arguments, sizeof arguments);
    if (rdnasim_bind(sim, in, sizeof in, RDNASIM_READ, "in", &arguments.in, &report) ||
        rdnasim_bind(sim, out, sizeof out, RDNASIM_WRITE, "out", &arguments.out, &report) ||
        rdnasim_load(sim, file.data, file.bytes, &object, &report) ||
        rdnasim_run(sim, rdnasim_find_kernel(object, "compiled"), &launch, NULL, &report))
        fail_msg("%s: %s", path, report.text);
    for (int i = 0; i < ITEMS; i++) {
        u32 x = in[2 * i], y = in[2 * i + 1];
        if (out[2 * i] != integers(x, y) || out[2 * i + 1] != reals(x, y))
            fail_msg("%s, level %d: of 0x%x and 0x%x: 0x%x and 0x%x, expected 0x%x and 0x%x", path, simd, x,
                     y, out[2 * i], out[2 * i + 1], integers(x, y), reals(x, y));
    }
    free(file.data);
    rdnasim_destroy(sim);
}

static void ordinary_c(void **state) {
    (void)state;
    assert_true(object_count > 0);
    for (int n = 0; n < object_count; n++)
        for (int simd = RDNASIM_SIMD_PORTABLE; simd <= RDNASIM_SIMD_AVX512; simd++)
            run_at((rdnasim_simd)simd, objects[n]);
}

int main(int argc, char **argv) {
    objects = argv + 1;
    object_count = argc - 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(ordinary_c)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
