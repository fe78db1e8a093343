/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Branches and calls of whole kernels, under every condition and in both wave sizes. */
#include <stdbool.h>

#include "support.h"

enum { CONDITIONS = 32 }; /* SCC, VCC_LO, VCC_HI, EXEC_LO, EXEC_HI, each zero or not */

static uint32_t expected(uint32_t group, bool wave64) {
    bool scc = group & 1, vcc = group & (wave64 ? 2 | 4 : 2), exec = group & (wave64 ? 8 | 16 : 8);
    const bool taken[] = {!scc, scc, !vcc, vcc, !exec, exec, true};
    uint32_t bits = 1 << 8 | 1 << 9 | 1 << 16 | 1 << 17 | 5 << 20; /* calls, returns, the loop */
    for (unsigned n = 0; n < sizeof taken / sizeof *taken; n++) bits |= (uint32_t)taken[n] << n;
    return bits;
}

static void branches_go_where_they_should(void **state) {
    (void)state;
    for (unsigned wave64 = 0; wave64 < 2; wave64++) {
        rdnasim_options options;
        rdnasim_options_init(&options, sizeof options);
        options.threads = 1;
        rdnasim *sim = create(&options);
        const rdnasim_kernel *kernel =
            rdnasim_find_kernel(load(sim, wave64 ? BRANCHES_WAVE64_OBJECT : BRANCHES_OBJECT), "branches");
        assert_non_null(kernel);
        uint32_t out[CONDITIONS] = {0};
        uint64_t address = bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out");
        rdnasim_launch launch = launch_of(CONDITIONS * 64, 64, &address, sizeof address);
        rdnasim_report report;
        assert_ok(rdnasim_run(sim, kernel, &launch, NULL, &report), report);
        for (uint32_t group = 0; group < CONDITIONS; group++)
            if (out[group] != expected(group, wave64))
                fail_msg("wave%u, conditions %u: %x, not %x", wave64 ? 64 : 32, group, out[group],
                         expected(group, wave64));
        rdnasim_destroy(sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(branches_go_where_they_should)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
