/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Strict mode's races between stores: the same bytes are none, another byte is one, for every instruction that
 * stores; and random sequences of stores and loads against a model that knows every byte's writers.
 */
#include <stdbool.h>

#include "random.h"
#include "support.h"

enum { PARTIES = 3, LANES = 32, ITEMS = PARTIES * LANES, STEPS = 8, PLACES = 8 };

static uint64_t draws;
static uint32_t draw(uint32_t below) { return (uint32_t)(random_at(21, draws++) >> 32) % below; }

static rdnasim *strict_machine(uint64_t seed) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.checks = RDNASIM_CHECK_ALL;
    options.schedule_seed = seed;
    return create(&options);
}

/* ---- every instruction that stores -------------------------------------------------------------------- */

static const struct {
    const char *kernel;
    unsigned stored; /* which of a work-item's 16 bytes */
} rows[] = {{"lds_b8", 1},          {"lds_b8_hi", 4},      {"lds_b16", 3},        {"lds_b16_hi", 0xc},
            {"lds_b32", 0xf},       {"lds_b64", 0xff},     {"lds_b96", 0xfff},    {"lds_b128", 0xffff},
            {"lds_2_b32", 0xff},    {"lds_2_b64", 0xffff}, {"lds_far_b32", 0xff}, {"lds_side", 1},
            {"global_side", 1},     {"global_b8", 1},      {"global_b8_hi", 4},   {"global_b16", 3},
            {"global_b16_hi", 0xc}, {"global_b32", 0xf},   {"global_b64", 0xff},  {"global_b96", 0xfff},
            {"global_b128", 0xffff}};

static void check_row(unsigned row, uint64_t seed) {
    const char *name = rows[row].kernel;
    bool lds = strncmp(name, "lds", 3) == 0;
    static unsigned char in[PARTIES][LANES][16], out[LANES][16];
    rdnasim *sim = strict_machine(seed);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, RACE_OBJECT), name);
    assert_non_null(kernel);
    struct {
        uint64_t in, out;
    } args = {bind(sim, in, sizeof in, RDNASIM_READ, "in"),
              bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out")};
    rdnasim_launch launch = launch_of(ITEMS, lds ? ITEMS : LANES, &args, sizeof args);
    for (unsigned lane = 0; lane < LANES; lane++)
        for (unsigned n = 0; n < 16; n++)
            for (unsigned p = 0; p < PARTIES; p++)
                in[p][lane][n] = p ? in[0][lane][n] : (unsigned char)draw(256);
    rdnasim_report report;
    assert_ok(rdnasim_run(sim, kernel, &launch, NULL, &report), report);
    for (unsigned odd = 0; odd < PARTIES; odd++)
        for (unsigned n = 0; n < 16; n++) {
            unsigned lane = draw(LANES), bit = 1u << draw(8);
            in[odd][lane][n] ^= (unsigned char)bit;
            rdnasim_status status = rdnasim_run(sim, kernel, &launch, NULL, &report);
            in[odd][lane][n] ^= (unsigned char)bit;
            bool race = rows[row].stored >> n & 1;
            if (status != (race ? RDNASIM_STRICT : RDNASIM_OK))
                fail_msg("%s, byte %u of party %u: status %d: %s", name, n, odd, status, report.text);
            if (!race) continue;
            assert_int_equal(report.check, RDNASIM_CHECK_RACE);
            assert_int_equal(report.lane, lane);
            const char *with = odd == 2 ? "several" : lds ? "wave 0 has" : "work-group 0";
            if (!seed && !strstr(report.text, with)) fail_msg("%s does not say '%s'", report.text, with);
        }
    rdnasim_destroy(sim);
}

static void same_bytes_are_no_race(void **state) {
    (void)state;
    for (unsigned row = 0; row < sizeof rows / sizeof rows[0]; row++)
        for (uint64_t seed = 0; seed < 3; seed++) check_row(row, seed);
}

/* Atomics in LDS hand on what a wave knows. */
static void waves_know_what_they_hear(void **state) {
    (void)state;
    static const uint32_t in[1] = {5};
    for (uint64_t seed = 0; seed < 8; seed++) {
        uint32_t out[1] = {0};
        rdnasim *sim = strict_machine(seed);
        const rdnasim_object *object = load(sim, RACE_OBJECT);
        struct {
            uint64_t in, out;
        } args = {bind(sim, (void *)in, sizeof in, RDNASIM_READ, "in"),
                  bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out")};
        rdnasim_launch launch = launch_of(ITEMS, ITEMS, &args, sizeof args);
        rdnasim_report report;
        assert_ok(rdnasim_run(sim, rdnasim_find_kernel(object, "heard"), &launch, NULL, &report), report);
        assert_int_equal(out[0], 5);
        assert_int_equal(rdnasim_run(sim, rdnasim_find_kernel(object, "unheard"), &launch, NULL, &report),
                         RDNASIM_STRICT);
        assert_int_equal(report.check, RDNASIM_CHECK_RACE);
        rdnasim_destroy(sim);
    }
}

/* ---- sequences ---------------------------------------------------------------------------------------- */

struct step {
    uint32_t who, bytes, offset, value; /* 0 bytes: a load of the dword */
};

/* Every byte's value, and who has stored and loaded it: sets of parties. */
struct model {
    struct {
        uint32_t stored_by, loaded_by;
        unsigned char value;
    } bytes[PLACES];
};

static bool races(struct model *m, const struct step *s) {
    uint32_t others = ~(1u << s->who);
    for (uint32_t n = 0; n < (s->bytes ? s->bytes : 4); n++) {
        unsigned char value = (unsigned char)(s->value >> 8 * n), had = m->bytes[s->offset + n].value;
        bool met = m->bytes[s->offset + n].stored_by & others;
        if (s->bytes ? (met && value != had) || m->bytes[s->offset + n].loaded_by & others : met) return true;
    }
    for (uint32_t n = 0; n < (s->bytes ? s->bytes : 4); n++) {
        if (!s->bytes) {
            m->bytes[s->offset + n].loaded_by |= ~others;
            continue;
        }
        m->bytes[s->offset + n].stored_by |= ~others;
        m->bytes[s->offset + n].value = (unsigned char)(s->value >> 8 * n);
    }
    return false;
}

/* Values that mostly agree. In global memory the parties, work-groups, run one after the other. */
static void draw_steps(struct step *steps, bool lds, uint32_t narrowest) {
    for (uint32_t n = 0; n < STEPS; n++) {
        uint32_t bytes = draw(30) ? narrowest << draw(narrowest == 1 ? 3 : 2) : 0, whole = bytes ? bytes : 4;
        uint32_t offset = draw(PLACES / whole) * whole;
        uint32_t other = draw(12) ? 0 : 1u << draw(8 * whole);
        steps[n] =
            (struct step){lds ? draw(PARTIES) : n * PARTIES / STEPS, bytes, offset, 0x5a5a5a5a ^ other};
    }
}

/* A dword's record holds two writers: they suffice for halves of it; of single bytes a race may be missed. */
static unsigned sequences(const char *name, uint32_t narrowest, unsigned *found) {
    bool lds = strcmp(name, "steps_lds") == 0;
    static struct step steps[STEPS];
    static uint32_t out[PLACES / 4];
    rdnasim *sim = strict_machine(0);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, RACE_OBJECT), name);
    assert_non_null(kernel);
    struct {
        uint64_t steps, out;
        uint32_t count;
    } args = {bind(sim, steps, sizeof steps, RDNASIM_READ, "steps"),
              bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out"), STEPS};
    rdnasim_launch launch = launch_of(lds ? ITEMS : PARTIES, lds ? ITEMS : 1, &args, sizeof args);
    unsigned missed = 0;
    for (unsigned n = 0; n < 400; n++) {
        draw_steps(steps, lds, narrowest);
        struct model m = {0};
        unsigned at = 0;
        while (at < STEPS && !races(&m, &steps[at])) at++;
        rdnasim_report report;
        rdnasim_status status = rdnasim_run(sim, kernel, &launch, NULL, &report);
        if (status == RDNASIM_OK && at < STEPS) {
            missed++;
            continue;
        }
        *found += status != RDNASIM_OK;
        if (status == RDNASIM_OK && at == STEPS) continue;
        if (status != RDNASIM_STRICT || report.check != RDNASIM_CHECK_RACE || at == STEPS)
            fail_msg("%s, sequence %u: status %d, the model says step %u: %s", name, n, status, at,
                     report.text);
        uint32_t who = lds ? report.wave : report.workgroup[0];
        if (narrowest > 1 && who != steps[at].who)
            fail_msg("%s, sequence %u: the model says step %u, by %u: %s", name, n, at, steps[at].who,
                     report.text);
    }
    rdnasim_destroy(sim);
    return missed;
}

static void sequences_are_judged_by_bytes(void **state) {
    (void)state;
    static const char *const names[] = {"steps_lds", "steps_global"};
    for (unsigned n = 0; n < 2; n++) {
        unsigned found = 0;
        assert_int_equal(sequences(names[n], 2, &found), 0);
        assert_in_range(found, 100, 300); /* the test tests both */
        found = 0;
        unsigned missed = sequences(names[n], 1, &found);
        if (missed > found / 10) fail_msg("%s: %u races of bytes missed, %u found", names[n], missed, found);
    }
}

static int count_find(void *context, const rdnasim_report *report) {
    (void)report;
    ++*(unsigned *)context;
    return 1;
}

/* What is reported has happened all the same: the third wave meets the second one's store. */
static void what_was_found_counts(void **state) {
    (void)state;
    static struct step steps[] = {{0, 4, 0, 1}, {1, 4, 0, 2}, {2, 0, 0, 0}};
    uint32_t turn[1] = {0};
    rdnasim *sim = strict_machine(0);
    struct {
        uint64_t steps, turn;
        uint32_t count;
    } args = {bind(sim, steps, sizeof steps, RDNASIM_READ, "steps"),
              bind(sim, turn, sizeof turn, RDNASIM_READ | RDNASIM_WRITE, "turn"), 3};
    unsigned found = 0;
    rdnasim_launch launch = launch_of(ITEMS, ITEMS, &args, sizeof args);
    launch.on_find = count_find;
    launch.find_context = &found;
    rdnasim_report report;
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, RACE_OBJECT), "steps_lds");
    assert_ok(rdnasim_run(sim, kernel, &launch, NULL, &report), report);
    assert_int_equal(found, 2);
    rdnasim_destroy(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_are_no_race), cmocka_unit_test(waves_know_what_they_hear),
        cmocka_unit_test(sequences_are_judged_by_bytes), cmocka_unit_test(what_was_found_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
