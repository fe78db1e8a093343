/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Instructions that compilers seldom choose, in both wave sizes, with and without strict mode. */
#include <math.h>

#include "random.h"
#include "support.h"

enum { ITEMS = 64, ROWS = 8 };

static uint64_t in[2 * ITEMS], out64[ROWS * ITEMS];
static uint32_t *const out = (uint32_t *)out64;

static void run(unsigned wave, const char *name, int with_input) {
    for (unsigned strict = 0; strict < 2; strict++) {
        rdnasim_options options;
        rdnasim_options_init(&options, sizeof options);
        options.threads = 1;
        options.checks = strict ? RDNASIM_CHECK_ALL : 0;
        rdnasim *sim = create(&options);
        const rdnasim_kernel *kernel =
            rdnasim_find_kernel(load(sim, wave == 64 ? RARE_WAVE64_OBJECT : RARE_OBJECT), name);
        if (!kernel) fail_msg("no kernel %s", name);
        memset(out64, 0x5a, sizeof out64);
        uint64_t args[2] = {0}, result = bind(sim, out64, sizeof out64, RDNASIM_READ | RDNASIM_WRITE, "out");
        args[0] = with_input ? bind(sim, in, sizeof in, RDNASIM_READ, "in") : result;
        args[1] = result;
        rdnasim_launch launch = launch_of(ITEMS, ITEMS, args, sizeof args);
        rdnasim_report report;
        assert_ok(rdnasim_run(sim, kernel, &launch, NULL, &report), report);
        rdnasim_destroy(sim);
    }
}

static void counters(void **state) {
    (void)state;
    for (unsigned wave = 32; wave <= 64; wave += 32) {
        run(wave, "counters", 0);
        uint32_t active = 0, lower = 0;
        for (unsigned id = 0; id < ITEMS; id++) active += id % 3 != 0, lower += id < 32 && id % 3;
        for (unsigned id = 0; id < ITEMS; id++) {
            uint32_t before = wave == 32 && id >= 32 ? lower : 0;
            assert_int_equal(out[id], id % 3 ? 1000 + before : 0x5a5a5a5a);
            assert_int_equal(out[ITEMS + id], id % 3 ? 2000 - before : 0x5a5a5a5a);
            assert_int_equal(out[2 * ITEMS + id], id % 2 ? 2000 - active : 1000 + active);
        }
    }
}

static void lane_order(void **state) {
    (void)state;
    for (unsigned wave = 32; wave <= 64; wave += 32) {
        run(wave, "lane_order", 0);
        for (unsigned id = 0; id < ITEMS; id++) {
            assert_int_equal(out[id], id + 7);
            assert_int_equal(out[ITEMS + id], id + 7);
        }
    }
}

static void fft(void **state) {
    (void)state;
    static const unsigned masks[] = {0, 1, 3, 16, 31};
    for (unsigned wave = 32; wave <= 64; wave += 32) {
        run(wave, "fft", 0);
        for (unsigned row = 0; row < 5; row++)
            for (unsigned id = 0; id < ITEMS; id++) {
                unsigned lane = id % 32, reversed = 0, count = 0;
                for (unsigned b = 0; b < 5; b++) {
                    if (lane >> b & 1) reversed += 16u >> b;
                    count += masks[row] >> b & 1;
                }
                unsigned from = masks[row] == 31 ? lane : reversed >> count | (lane & masks[row]);
                assert_int_equal(out[row * ITEMS + id], id - lane + from);
            }
    }
}

static uint64_t bits(double d) {
    uint64_t u;
    memcpy(&u, &d, 8);
    return u;
}

static void doubles(void **state) {
    (void)state;
    static const double special[] = {0.0, -0.0, 1.5, -1.5, 1e300, -1e-310, INFINITY, -INFINITY, 3.0, 2.0};
    for (unsigned id = 0; id < ITEMS; id++) {
        in[id] = bits(special[random_at(1, id) % 10]);
        in[ITEMS + id] = bits(id % 4 ? special[random_at(2, id) % 10] : (double)id);
    }
    in[5] = bits(NAN);
    in[ITEMS + 9] = bits(NAN);
    for (unsigned wave = 32; wave <= 64; wave += 32) {
        run(wave, "doubles", 1);
        for (unsigned id = 0; id < ITEMS; id++) {
            double a, b;
            memcpy(&a, &in[id], 8);
            memcpy(&b, &in[ITEMS + id], 8);
            if (a == a && b == b && a != b) {
                assert_true(out64[id] == bits(a < b ? a : b) && out64[ITEMS + id] == bits(a > b ? a : b));
            } else if (a != a || b != b) { /* the number wins */
                assert_true(out64[id] == (a != a ? bits(b) : bits(a)));
                assert_true(out64[ITEMS + id] == (a != a ? bits(b) : bits(a)));
            } else { /* equal: -0 is the smaller zero */
                assert_true(out64[id] == (in[id] | in[ITEMS + id]));
                assert_true(out64[ITEMS + id] == (in[id] & in[ITEMS + id]));
            }
            assert_true(out64[2 * ITEMS + id] == in[id]);
            int same = out64[3 * ITEMS + id] == in[id],
                swapped = out64[3 * ITEMS + id] == bits(1.5) || out64[3 * ITEMS + id] == in[ITEMS + id];
            assert_true(same || swapped);
            if (a == b && in[id] != bits(1.5)) assert_true(out64[3 * ITEMS + id] == bits(1.5));
            if (a != b) assert_true(same);
        }
    }
}

static void exchange(void **state) {
    (void)state;
    for (unsigned id = 0; id < 2 * ITEMS; id++) in[id] = random_at(3, id);
    for (unsigned wave = 32; wave <= 64; wave += 32) {
        run(wave, "exchange", 1);
        for (unsigned id = 0; id < ITEMS; id++) {
            uint64_t data = in[ITEMS + id], wanted = in[id];
            if (data >> 31 & 1) wanted = (wanted & ~UINT64_C(0xffffffff)) | (data & 0x7fffffff);
            if (data >> 63) wanted = (wanted & 0xffffffff) | (data >> 32 & 0x7fffffff) << 32;
            assert_true(out64[id] == in[id] && out64[ITEMS + id] == wanted);
        }
    }
}

static void clocks(void **state) {
    (void)state;
    for (unsigned wave = 32; wave <= 64; wave += 32) {
        run(wave, "clocks", 0);
        for (unsigned id = 0; id < 2 * ITEMS; id++) assert_int_equal(out[id], 1);
    }
}

static void subvectors(void **state) {
    (void)state;
    run(64, "subvectors", 0);
    for (unsigned id = 0; id < ITEMS; id++) {
        assert_int_equal(out[id], 2);
        assert_int_equal(out[ITEMS + id], id < 32 ? 1 : 2); /* the lower half goes first */
        assert_int_equal(out[2 * ITEMS + id], 64);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters),   cmocka_unit_test(lane_order), cmocka_unit_test(fft),
        cmocka_unit_test(doubles),    cmocka_unit_test(exchange),   cmocka_unit_test(clocks),
        cmocka_unit_test(subvectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
