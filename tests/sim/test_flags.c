/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Strict mode on waves that talk through LDS without barriers (kernels/flags.c), as clang renders them: programs that are right
 * pass under every schedule and leave what they leave without it; the others are found.
 *
 *     test_sim_flags OBJECT...
 */
#include "random.h"
#include "support.h"

enum { BLOCK = 128, ITEMS = 2 * BLOCK, INPUT = 1024, SEEDS = 4 };

static uint32_t in[INPUT];
static char **objects;
static int object_count;

static rdnasim_status run(const char *path, const char *name, unsigned checks, uint64_t seed, uint32_t *out,
                          rdnasim_report *report) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.checks = checks;
    options.schedule_seed = seed;
    rdnasim *sim = create(&options);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, path), name);
    if (!kernel) fail_msg("%s: no kernel %s", path, name);
    memset(out, 0, ITEMS * sizeof *out);
    const uint64_t args[] = {bind(sim, in, sizeof in, RDNASIM_READ, "in"),
                             bind(sim, out, ITEMS * sizeof *out, RDNASIM_READ | RDNASIM_WRITE, "out")};
    rdnasim_launch launch = launch_of(ITEMS, BLOCK, args, sizeof args);
    rdnasim_status status = rdnasim_run(sim, kernel, &launch, NULL, report);
    rdnasim_destroy(sim);
    return status;
}

static void good(void **state) {
    enum { CHECKS = RDNASIM_CHECK_ALL & ~RDNASIM_CHECK_ALIGNMENT };
    static uint32_t expected[ITEMS], out[ITEMS];
    rdnasim_report report;
    for (int n = 0; n < object_count; n++) {
        assert_ok(run(objects[n], *state, 0, 0, expected, &report), report);
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            if (run(objects[n], *state, CHECKS, seed, out, &report))
                fail_msg("%s: %s", objects[n], report.text);
            assert_memory_equal(out, expected, sizeof out);
        }
    }
}

/* Found under some schedule, by that check. */
static void found(const char *name, rdnasim_check check) {
    static uint32_t out[ITEMS];
    for (int n = 0; n < object_count; n++) {
        unsigned count = 0;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            rdnasim_report report;
            rdnasim_status status = run(objects[n], name, (unsigned)check, seed, out, &report);
            if (status && (status != RDNASIM_STRICT || report.check != check))
                fail_msg("%s: %s", objects[n], report.text);
            count += status != RDNASIM_OK;
        }
        if (!count) fail_msg("%s: nothing found in %s", objects[n], name);
    }
}
static void bad(void **state) { found(*state, RDNASIM_CHECK_RACE); }
static void unwritten(void **state) { found(*state, RDNASIM_CHECK_UNDEFINED); }

int main(int argc, char **argv) {
    objects = argv + 1;
    object_count = argc - 1;
    if (!object_count) return 2;
    for (uint64_t n = 0; n < INPUT; n++) in[n] = (uint32_t)random_at(23, n);
#define ROW(kind, name)                                                                                      \
    {                                                                                                        \
        #kind "_" #name, kind, NULL, NULL, (char[]) { #kind "_" #name }                                      \
    }
    const struct CMUnitTest tests[] = {
        ROW(good, flag),
        ROW(good, relaxed),
        ROW(good, generic),
        ROW(good, broadcast),
        ROW(good, turns),
        ROW(good, ring),
        ROW(good, counted_barrier),
        ROW(good, lock),
        ROW(good, relaxed_lock),
        ROW(good, looking_lock),
        ROW(good, swapped_lock),
        ROW(good, ticket),
        ROW(good, mixed),
        ROW(good, far),
        ROW(good, table),
        ROW(bad, early),
        ROW(bad, late),
        ROW(bad, other_flag),
        ROW(bad, broadcast),
        ROW(bad, unlocked),
        ROW(bad, zero),
        ROW(bad, zero_half),
        ROW(bad, sum),
        ROW(bad, search),
        ROW(bad, fences),
        ROW(good, half),
        ROW(good, alone),
        ROW(good, maximum),
        ROW(unwritten, half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
