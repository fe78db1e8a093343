/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A whole launch in the timing model. *input*: the figure is a row of card.def in disguise, and the test says that it
 * arrives where it should; *emergent*: nothing was set to make it so.
 */
#include "launches.h"

/* ---- streams ---------------------------------------------------------------------------------------------- */

/* Work-groups of 256 that read all of a buffer. */
static struct bench reader(unsigned groups, int pieces) {
    struct bench b = begin("read_pieces");
    buffer(&b, 0, (size_t)groups * (size_t)pieces * 4096);
    buffer(&b, 1, (size_t)groups * 1024);
    number(&b, pieces);
    number(&b, 256);
    number(&b, 256 * pieces);
    return b;
}

/* *emergent*: enough work-groups keep memory busy; its best rate is *input*. */
static void streams_reach_memory_rate(void **state) {
    (void)state;
    struct bench b = reader(384, 16);
    rdnasim_time_result r = run(&b, 384, 256);
    double bytes = 384 * 16 * 4096.0;
    assert_between(bytes / r.microseconds / 1e3, 0.93 * 952, 952);
    assert_int_equal(r.levels[RDNASIM_LEVEL_L0].requests, bytes / 128);
    assert_between(r.levels[RDNASIM_LEVEL_DRAM].bytes, bytes, 1.01 * bytes);
    assert_string_equal(r.stalls[0].rule, "wait_load");
    assert_between(r.stalls[0].share, 0.9, 1);
    finish(&b);
}

/* *emergent*: a second launch finds in the Infinity Cache what it holds, and is faster by no more than that is. */
static void second_launches_find_data(void **state) {
    (void)state;
    struct bench b = reader(384, 16);
    rdnasim_timing *timing = card(&b);
    rdnasim_time_result cold = run_on(&b, timing, 384, 256), warm = run_on(&b, timing, 384, 256);
    assert_true(warm.levels[RDNASIM_LEVEL_DRAM].requests <= 2); /* arguments lie elsewhere */
    assert_between(cold.microseconds / warm.microseconds, 1.5, 2300. / 952);
    rdnasim_timing_cool(timing);
    rdnasim_time_result again = run_on(&b, timing, 384, 256);
    assert_int_equal(again.cycles, cold.cycles);
    rdnasim_timing_destroy(timing);
    finish(&b);
}

/* *emergent*: pieces of 512 B whose distance is a multiple of all channels meet few of them, unless addresses are folded. */
static void strides_meet_few_channels(void **state) {
    (void)state;
    enum { GROUPS = 192, PIECES = 8, STRIDE = 24 * 256 * 16 };
    double us[2];
    for (unsigned plain = 0; plain < 2; plain++) {
        struct bench b = begin("read_pieces");
        buffer(&b, 0, (size_t)GROUPS * PIECES * STRIDE);
        buffer(&b, 1, GROUPS * 1024);
        number(&b, PIECES);
        number(&b, STRIDE / 16);
        number(&b, PIECES * STRIDE / 16);
        b.options.axes = plain ? 1u << 5 : 0;
        us[plain] = run(&b, GROUPS, 32).microseconds;
        finish(&b);
    }
    assert_string_equal(rdnasim_timing_axis(5)->text, "channels by plain modulo");
    assert_true(us[1] > 2 * us[0]);
}

/* ---- latencies --------------------------------------------------------------------------------------------- */

/* Cycles of one step of a chain over lines of 128 bytes that lie `stride` lines apart, once they have all been read. */
static double step_of(const char *kernel, unsigned lines, unsigned stride, unsigned axes) {
    struct bench b = begin(kernel);
    unsigned words = stride * 32, *chain = buffer(&b, 0, (size_t)lines * words * 4 + 4096);
    for (unsigned n = 0; n < lines; n++)
        for (unsigned l = 0; l < 32; l++) chain[n * words + l] = (n + 1) % lines * words + l;
    buffer(&b, 1, 128);
    b.options.axes = axes;
    double cycles[2];
    for (int half = 0; half < 2; half++) {
        b.bytes = 16;
        number(&b, (int)lines * (1 + half));
        cycles[half] = (double)run(&b, 1, 32).cycles;
    }
    finish(&b);
    return (cycles[1] - cycles[0]) / lines;
}

/* *input*: each level answers in its time; the core adds what lies between a load and the next. */
static void levels_have_their_latencies(void **state) {
    (void)state;
    enum { BETWEEN_LEAST = 5, BETWEEN_MOST = 75 }; /* wait, address, branch */
    static const struct {
        const char *kernel;
        unsigned bytes;
        double cycles;
    } rows[] = {{"chase", 16 << 10, 120},        {"chase", 128 << 10, 180},
                {"chase", 1 << 20, 300},         {"chase_scalar", 8 << 10, 40},
                {"chase_scalar", 64 << 10, 130}, {"chase_scalar", 1 << 20, 250}};
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        double step = step_of(rows[n].kernel, rows[n].bytes / 128, 1, 0);
        if (step < rows[n].cycles + BETWEEN_LEAST || step > rows[n].cycles + BETWEEN_MOST)
            fail_msg("%s over %u bytes: %g cycles a step, expected some more than %g", rows[n].kernel,
                     rows[n].bytes, step, rows[n].cycles);
    }
}

/* *emergent*: 64 lines that choose one set of L0 push each other out, though all would fit; not where it has but one set. */
static void strides_meet_few_sets(void **state) {
    (void)state;
    enum { SETS = 8, ASSOCIATIVE = 8 };
    assert_string_equal(rdnasim_timing_axis(ASSOCIATIVE)->text, "L0 and scalar caches fully associative");
    double dense = step_of("chase", 64, 1, 0), apart = step_of("chase", 64, SETS, 0);
    assert_between(apart - dense, 180 - 120 - 5, 180 - 120 + 5);
    assert_between(step_of("chase", 64, SETS, 1u << ASSOCIATIVE) - dense, -5, 5);
}

/* *input*: the acknowledgement of stores; 325 to 328 cycles were recorded. */
static void waves_end_after_their_stores(void **state) {
    (void)state;
    struct bench b = begin("store_and_end");
    buffer(&b, 0, 128);
    rdnasim_timing *timing = card(&b);
    run_on(&b, timing, 1, 32);
    rdnasim_time_result r = run_on(&b, timing, 1, 32);
    double share = 0;
    for (int n = 0; n < RDNASIM_STALLS && r.stalls[n].rule; n++)
        if (strcmp(r.stalls[n].rule, "end_stores") == 0) share = r.stalls[n].share;
    assert_between(share * (double)r.cycles, 315, 335);
    rdnasim_timing_destroy(timing);
    finish(&b);
}

/* ---- dispatch ------------------------------------------------------------------------------------------------ */

/* LDS lets two work-groups live on a processor: one more than the card holds takes a second round. */
static void work_groups_wait_for_lds(void **state) {
    (void)state;
    struct bench b = begin("spins");
    buffer(&b, 0, 200 * 128);
    number(&b, 200);
    b.launch.dynamic_lds_bytes = 65536;
    double some = (double)run(&b, 96, 32).cycles, more = (double)run(&b, 97, 32).cycles;
    assert_between(more / some, 1.7, 2.1);
    b.launch.dynamic_lds_bytes = 0;
    some = (double)run(&b, 96, 32).cycles, more = (double)run(&b, 97, 32).cycles;
    assert_between(more / some, 0.99, 1.02);
    finish(&b);
}

/* *emergent*: 32 waves of 32 on each of 192 SIMDs would be two rounds of 16. */
static void slots_are_limited(void **state) {
    (void)state;
    struct bench b = begin("spins");
    buffer(&b, 0, 3073 * 128);
    number(&b, 60);
    double some = (double)run(&b, 3072, 32).cycles, more = (double)run(&b, 3073, 32).cycles;
    assert_between(more / some, 1.08, 2);
    finish(&b);
}

/* ---- the same on every host ----------------------------------------------------------------------------------- */

/* *emergent*: a wave that ends lets those go on that wait for it, and these end after it. */
static void waves_that_end_open_barriers(void **state) {
    (void)state;
    enum { GROUPS = 3, WAVES = 8 };
    rdnasim_time_result r[2];
    for (int n = 0; n < 2; n++) {
        struct bench b = begin("leaves");
        float *out = buffer(&b, 0, GROUPS * 1024);
        memset(out, 0xff, GROUPS * 1024);
        number(&b, n ? 1500 : 500);
        r[n] = run(&b, GROUPS, 32 * WAVES);
        for (unsigned i = 32; i < GROUPS * 256; i++)
            if (i % 256 >= 32) assert_true(out[i] == (float)(i % 256));
        finish(&b);
    }
    assert_true(r[0].instructions > 500 * GROUPS);
    assert_between((double)(r[1].cycles - r[0].cycles), 1000 * 5, 1000 * 60); /* all waited for the first */
}

static void threads_change_nothing(void **state) {
    (void)state;
    static const char *const kernels[] = {"read_pieces", "meets"};
    for (int k = 0; k < 2; k++) {
        rdnasim_time_result first = {0};
        for (int threads = 1; threads <= 3; threads++) {
            struct bench b = k ? begin(kernels[k]) : reader(100, 8);
            if (k) {
                buffer(&b, 0, 200 * 1024);
                number(&b, 20);
            }
            b.options.threads = threads;
            rdnasim_time_result r = run(&b, k ? 200 : 100, 256);
            if (threads == 1) first = r;
            assert_memory_equal(&r, &first, sizeof r);
            finish(&b);
        }
    }
}

/* ---- sampling -------------------------------------------------------------------------------------------------- */

static void samples_are_near_the_whole(void **state) {
    (void)state;
    enum { ROUNDS = 8 };
    struct bench b = reader(ROUNDS * 384, 4);
    b.options.sample_above = 0;
    rdnasim_time_result whole = run(&b, ROUNDS * 384, 256);
    b.options.sample_above = 1;
    rdnasim_time_result part = run(&b, ROUNDS * 384, 256);
    assert_int_equal(whole.modelled_workgroups, whole.workgroups);
    assert_true(part.modelled_workgroups <= part.workgroups * 2 / 3);
    assert_int_equal(part.workgroups, whole.workgroups);
    assert_between((double)part.cycles / (double)whole.cycles, 0.98, 1.02);
    finish(&b);
}

/* ---- what cannot be timed ----------------------------------------------------------------------------------------- */

static void assert_refused(struct bench *b, rdnasim_timing *timing, rdnasim_status expected,
                           const char *part) {
    rdnasim_time_result result;
    rdnasim_report report;
    assert_int_equal(try_time(b, timing, 1, 32, &result, &report), expected);
    if (!strstr(report.text, part)) fail_msg("\"%s\" does not say \"%s\"", report.text, part);
}

/*
 * What a work-group does because it is the last to come begins when all others have come, though it was another one that
 * was last when it was recorded; the same on several host threads.
 */
static void atomics_keep_their_turns(void **state) {
    (void)state;
    enum { TIMES = 2000 };
    uint64_t cycles
        [4]; /* one alone, busy twice; without the first time, which the others take no part in; two, on 1 and 3 threads */
    for (unsigned n = 0; n < 4; n++) {
        struct bench b = begin("comes_last");
        buffer(&b, 0, 64);
        buffer(&b, 1, 128);
        number(&b, n == 0 ? 1 : n == 1 ? 9 : 4);
        number(&b, TIMES);
        b.options.threads = n == 3 ? 3 : 1;
        cycles[n] = run(&b, n < 2 ? 1 : 4, 32).cycles;
        finish(&b);
    }
    assert_true(cycles[1] > 4 * TIMES && cycles[0] > 1.8 * (double)cycles[1]);
    assert_between((double)cycles[2], (double)cycles[0], 1.1 * (double)cycles[0]);
    assert_int_equal(cycles[3], cycles[2]);
}

static void refusals_say_why(void **state) {
    (void)state;
    struct bench b = begin("reads_clock");
    unsigned *out = buffer(&b, 0, 128);
    rdnasim_timing *timing = card(&b);
    assert_refused(&b, timing, RDNASIM_UNSUPPORTED, "SHADER_CYCLES");
    assert_int_equal(out[0], 0);
    b.kernel = rdnasim_find_kernel(b.object, "adds");
    b.launch.resident = 2;
    assert_refused(&b, timing, RDNASIM_INVALID_ARGUMENT, "resident");
    b.launch.resident = 0;
    b.kernarg[7] = 0x40; /* nobody's address: the launch fails in the middle, and the next one works */
    assert_refused(&b, timing, RDNASIM_MEMORY_FAULT, "adds");
    b.kernarg[7] = 0;
    assert_true(run_on(&b, timing, 1, 32).cycles > 300);
    rdnasim_timing_destroy(timing);
    b.options.card = "7600";
    timing = card(&b);
    assert_refused(&b, timing, RDNASIM_INVALID_ARGUMENT, "gfx1102");
    rdnasim_timing_destroy(timing);
    rdnasim_report report;
    b.options.card = "RX 9070";
    assert_int_equal(rdnasim_timing_create(&b.options, &timing, &report), RDNASIM_INVALID_ARGUMENT);
    assert_non_null(strstr(report.text, "7900 GRE"));
    finish(&b);
}

/* Whatever the simulator happens to execute: with the order of the grid some of these would never wait, others for ever. */
static void data_that_depend_on_time_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *kernel, *reason;
    } rows[] = {{"reads_clock", "SHADER_CYCLES"},      {"asks_where", "HW_ID"},
                {"waits_for_flag", "waits in a loop"}, {"finds_flag", "waits in a loop"},
                {"locks", "waits in a loop"},          {"locks_by_compare", "waits in a loop"},
                {"waits_in_lds", "waits in a loop"},   {"takes_from_queue", "two tickets"}};
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        struct bench b = begin(rows[n].kernel);
        buffer(&b, 0, 4096);
        if (strcmp(rows[n].kernel, "takes_from_queue") == 0) buffer(&b, 1, 4096);
        number(&b, 3);
        rdnasim_timing *timing = card(&b);
        rdnasim_time_result result;
        rdnasim_report report;
        rdnasim_status status = try_time(&b, timing, 4, 32, &result, &report);
        if (status != RDNASIM_UNSUPPORTED || !strstr(report.text, rows[n].reason))
            fail_msg("%s: status %d, \"%s\"", rows[n].kernel, status, report.text);
        rdnasim_timing_destroy(timing);
        finish(&b);
    }
}

/* Who comes last is the last of the grid on every host; loops around compare and swap, and loops that only look, are timed. */
static void tickets_are_timed_in_the_order_of_the_grid(void **state) {
    (void)state;
    enum { GROUPS = 200 };
    rdnasim_time_result first = {0};
    for (int threads = 1; threads <= 3; threads++) {
        struct bench b = begin("adds_last");
        buffer(&b, 0, 128);
        float *parts = buffer(&b, 1, (GROUPS + 1) * 128);
        number(&b, GROUPS);
        b.options.threads = threads;
        rdnasim_time_result r = run(&b, GROUPS, 32);
        assert_true(parts[GROUPS * 32] == GROUPS);
        if (threads == 1) first = r;
        assert_memory_equal(&r, &first, sizeof r);
        finish(&b);
    }
    struct bench b = begin("swaps");
    int *sum = buffer(&b, 0, 4096);
    assert_true(run(&b, 4, 32).cycles > 300);
    assert_int_equal(*sum, 0x43000000); /* 128 lanes */
    finish(&b);
    b = begin("jumps_back");
    int *seen = buffer(&b, 0, 4096);
    *seen = 5;
    assert_true(run(&b, 1, 32).cycles > 100 && seen[32] == 5);
    finish(&b);
    b = begin("looks_often");
    buffer(&b, 0, 4096);
    number(&b, 10);
    assert_true(run(&b, 1, 32).cycles > 10 * 120);
    finish(&b);
}

/* Each figure of each card has a value and a source; only what a card lacks is 0. */
static void figures_have_sources(void **state) {
    (void)state;
    unsigned cards = 0;
    for (; rdnasim_timing_card(cards); cards++) {
        rdnasim_timing_options options;
        rdnasim_timing_options_init(&options, sizeof options);
        options.card = rdnasim_timing_card(cards);
        options.threads = 1;
        rdnasim_timing *timing;
        rdnasim_report report;
        assert_ok(rdnasim_timing_create(&options, &timing, &report), report);
        rdnasim_figure f;
        for (size_t n = 0; rdnasim_timing_figure(timing, n, &f); n++) {
            if (!f.source) fail_msg("%s: %s has no source", options.card, f.name);
            if (!strchr("HML", f.confidence[0])) fail_msg("%s: %s", options.card, f.name);
        }
        rdnasim_timing_destroy(timing);
    }
    assert_int_equal(cards, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_reach_memory_rate),
        cmocka_unit_test(second_launches_find_data),
        cmocka_unit_test(strides_meet_few_channels),
        cmocka_unit_test(levels_have_their_latencies),
        cmocka_unit_test(strides_meet_few_sets),
        cmocka_unit_test(waves_end_after_their_stores),
        cmocka_unit_test(work_groups_wait_for_lds),
        cmocka_unit_test(slots_are_limited),
        cmocka_unit_test(waves_that_end_open_barriers),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(samples_are_near_the_whole),
        cmocka_unit_test(refusals_say_why),
        cmocka_unit_test(atomics_keep_their_turns),
        cmocka_unit_test(figures_have_sources),
        cmocka_unit_test(data_that_depend_on_time_are_refused),
        cmocka_unit_test(tickets_are_timed_in_the_order_of_the_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
