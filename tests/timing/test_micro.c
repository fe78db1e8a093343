/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What others have measured or recorded of a card by small kernels, beside what the model says of such kernels. *input*: a
 * figure of the model is that measurement; *emergent*: it follows from others. docs/timing.md has the table.
 */
#include "launches.h"

/* Prints what the table has, and holds it. */
static void compare(const char *what, const char *unit, double modelled, double least, double most) {
    printf("%-36s %8.1f %s\n", what, modelled, unit);
    if (modelled < least || modelled > most)
        fail_msg("%s: %g %s, not in %g..%g", what, modelled, unit, least, most);
}

/* Cycles that a kernel takes for each of `more` rounds beyond the first `rounds`. */
static double cycles_of_round(const char *kernel, unsigned waves, int rounds, int more, unsigned axes) {
    double cycles[2];
    for (int half = 0; half < 2; half++) {
        struct bench b = begin(kernel);
        buffer(&b, 0, 4096);
        if (strcmp(kernel, "multiplies") != 0) buffer(&b, 1, 4096);
        number(&b, rounds + half * more);
        b.options.axes = axes;
        cycles[half] = (double)run(&b, 1, 32 * waves).cycles;
        finish(&b);
    }
    return (cycles[1] - cycles[0]) / more;
}

/* *emergent*: 1536 work-groups of two waves that read 1 KB at a time. */
static void small_pieces(void **state) {
    (void)state;
    enum { GROUPS = 1536, PIECES = 16 };
    struct bench b = begin("read_pieces");
    buffer(&b, 0, GROUPS * PIECES * 1024);
    buffer(&b, 1, GROUPS * 1024);
    number(&b, PIECES);
    number(&b, GROUPS * 64);
    number(&b, 64);
    double us = run(&b, GROUPS, 64).microseconds;
    compare("pieces of 1 KB", "GB/s", GROUPS * PIECES * 1024 / us / 1e3, 0.93 * 856, 1.07 * 856);
    finish(&b);
}

/* *input*: waves on all SIMDs that find the same lines in L0, 16 bytes a lane: cycles of a SIMD from load to load. */
static void loads_come_back_in_turn(void **state) {
    (void)state;
    enum { WAVES = 16, SIMDS = 4, LOADS = 4 };
    double round = cycles_of_round("reads_again", WAVES, 100, 100, 0);
    compare("b128 from L0, both SIMDs of a CU", "cycles", round / LOADS / (WAVES / SIMDS), 15.5, 16.5);
}

/* *input*: matrix products without end, and what that would be on all SIMDs. */
static void products_stream(void **state) {
    (void)state;
    enum { PRODUCTS = 8, OPERATIONS = 2 * 16 * 16 * 16, SIMDS = 192, MHZ = 2500 };
    double slow = cycles_of_round("multiplies", 4, 50, 50, 0) / PRODUCTS;
    double fast = cycles_of_round("multiplies", 4, 50, 50, 1u << 0) / PRODUCTS;
    compare("WMMA", "cycles", slow, 33.9, 34.2);
    compare("WMMA, stream", "TFLOPS", OPERATIONS / slow * SIMDS * MHZ / 1e6, 115, 116);
    assert_string_equal(rdnasim_timing_axis(0)->text, "WMMA 32 cycles");
    compare("WMMA, stream, axis of 32 cycles", "TFLOPS", OPERATIONS / fast * SIMDS * MHZ / 1e6, 122, 123);
}

/* *emergent*: steps of a chain that only the Infinity Cache holds; between what was measured with fabric awake and idle. */
static void chains_in_the_infinity_cache(void **state) {
    (void)state;
    enum { LINES = 1 << 17, APART = 7919, STEPS = 4000 };
    double cycles[2];
    for (int half = 0; half < 2; half++) {
        struct bench b = begin("chase");
        unsigned *chain = buffer(&b, 0, (size_t)LINES * 128);
        for (unsigned n = 0; n < LINES; n++)
            for (unsigned l = 0; l < 32; l++) chain[n * 32 + l] = (n + APART) % LINES * 32 + l;
        buffer(&b, 1, 128);
        number(&b, LINES + half * STEPS);
        cycles[half] = (double)run(&b, 1, 32).cycles;
        finish(&b);
    }
    compare("chain in the Infinity Cache", "ns", (cycles[1] - cycles[0]) / STEPS / 2.5, 150, 199);
}

/*
 * *input*: work-groups of one wave; of 170 for each engine the last was recorded to start 338 cycles behind the first. Here 170
 * more for each engine end so much later.
 */
static void launches_take_their_time(void **state) {
    (void)state;
    enum { ENGINES = 6, GROUPS = 170 };
    double cycles[2];
    for (int many = 0; many < 2; many++) {
        struct bench b = begin("ends");
        rdnasim_timing *timing = card(&b);
        unsigned groups = ENGINES * GROUPS * (many ? 2 : 1);
        run_on(&b, timing, groups, 32);
        cycles[many] = (double)run_on(&b, timing, groups, 32).cycles; /* code is there now */
        rdnasim_timing_destroy(timing);
        finish(&b);
    }
    compare("launch of 170 waves an engine", "cycles", cycles[1] - cycles[0], 0.95 * 338, 1.05 * 338);
}

/* *input*: what of a copy reaches memory takes what reads and writes take there. For the night: 400 MB. */
static void copies(void **state) {
    (void)state;
    enum { GROUPS = 384, PIECES = 128 };
    struct bench b = begin("copy_pieces");
    double bytes = (double)GROUPS * PIECES * 4096;
    buffer(&b, 0, (size_t)bytes);
    buffer(&b, 1, (size_t)bytes);
    number(&b, PIECES);
    number(&b, 256 * PIECES);
    rdnasim_time_result r = run(&b, GROUPS, 256);
    double read = (double)r.levels[RDNASIM_LEVEL_DRAM].hits * 128;
    double written = (double)r.levels[RDNASIM_LEVEL_DRAM].bytes - read;
    double bound = read / 952e3 + written / 555e3;
    compare("copy, of what memory takes for it", "%", 100 * r.microseconds / bound, 100, 106);
    compare("copy without end", "GB/s", 2 * bytes / (bytes / 952 + bytes / 555) * bound / r.microseconds, 650,
            701.5);
    finish(&b);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_pieces),
        cmocka_unit_test(loads_come_back_in_turn),
        cmocka_unit_test(products_stream),
        cmocka_unit_test(chains_in_the_infinity_cache),
        cmocka_unit_test(launches_take_their_time),
    };
    const struct CMUnitTest long_tests[] = {cmocka_unit_test(copies)};
    if (argc > 1 && strcmp(argv[1], "copies") == 0) return cmocka_run_group_tests(long_tests, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
