/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The list of targets by its public calls, and occupancy against figures worked out by hand. */
#include "support.h"

static void list(void **state) {
    (void)state;
    size_t count = 0;
    for (const rdnasim_target *t; (t = rdnasim_target_at(count)); count++) {
        assert_ptr_equal(rdnasim_find_target(t->name), t);
        assert_int_equal(strncmp(t->name, t->generation, strlen(t->generation)), 0);
        for (size_t n = 0; n < count; n++) assert_int_not_equal(rdnasim_target_at(n)->mach, t->mach);
        rdnasim_options options;
        rdnasim_report report;
        rdnasim *sim;
        rdnasim_options_init(&options, sizeof options);
        options.target = t->name;
        options.threads = 1;
        assert_int_equal(rdnasim_create(&options, &sim, &report), RDNASIM_OK);
        rdnasim_destroy(sim);
    }
    assert_true(count >= 8);
    assert_null(rdnasim_target_at(SIZE_MAX));
    assert_null(rdnasim_find_target("gfx906"));
    assert_string_equal(rdnasim_find_target(NULL)->name, "gfx1100");
}

static void occupancy(void **state) {
    (void)state;
    static const struct {
        const char *target;
        uint32_t wave_size, vgprs, lds, items, waves;
    } cases[] = {
        {"gfx1100", 32, 0, 0, 32, 16},     /* as many as there are */
        {"gfx1100", 32, 96, 0, 32, 16},    /* 1536 / 96 */
        {"gfx1100", 32, 97, 0, 32, 12},    /* units of 24: 120 */
        {"gfx1102", 32, 97, 0, 32, 9},     /* 1024, units of 16: 112 */
        {"gfx1100", 64, 96, 0, 64, 8},     /* each takes two */
        {"gfx1151", 32, 256, 0, 32, 5},    /* 264 */
        {"gfx1100", 32, 24, 65536, 32, 0}, /* two work-groups of one wave on four SIMDs */
        {"gfx1100", 32, 24, 65536, 256, 4},
        {"gfx1100", 32, 24, 32769, 256, 6}, /* 33 KiB: three work-groups of eight */
        {"gfx1100", 32, 256, 0, 1024, 0},   /* 20 waves fit, the work-group has 32 */
        {"gfx1100", 32, 200, 0, 3 * 32, 6}, /* 7 waves on each SIMD: nine work-groups of three */
        {"gfx1100", 32, 24, 0, 1, 16},
    };
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        rdnasim_kernel_info kernel = {.wave_size = cases[n].wave_size, .vgprs = cases[n].vgprs};
        uint32_t waves =
            rdnasim_occupancy(rdnasim_find_target(cases[n].target), &kernel, cases[n].lds, cases[n].items);
        if (waves != cases[n].waves) fail_msg("case %zu: %u waves, expected %u", n, waves, cases[n].waves);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(list), cmocka_unit_test(occupancy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
