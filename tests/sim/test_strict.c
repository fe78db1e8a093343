/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Strict mode: every kernel of kernels/strict.c that commits a fault is caught at it, with the right check,
 * and the one beside it that nearly does is not. Two work-groups of two waves.
 */
#include "support.h"

enum { ITEMS = 128, BLOCK = 64, BYTES = 4 * ITEMS };

enum memory { WRITTEN, UNWRITTEN, WRITTEN_WAVE64 /* and the kernels are for waves of 64 */ };

static const struct fault {
    const char *name; /* of the kernels, without _bad and _good */
    rdnasim_status status;
    rdnasim_check check;
    const char *says;   /* part of the report */
    const char *at;     /* part of the instruction that is blamed */
    enum memory memory; /* of `in` */
} faults[] = {
    {"store", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "undefined value from v40", "global_store_b32",
     WRITTEN},
    {"lanes", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "lane 8 stores", "global_store_b32", WRITTEN},
    {"half", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v40", "global_store_b32", WRITTEN},
    {"mask", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v41", "global_store_b32", WRITTEN},
    {"select", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "lane 4 stores", "global_store_b32", WRITTEN},
    {"sum", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v41", "global_store_b16", WRITTEN},
    {"packed", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v41", "global_store_b32", WRITTEN},
    {"permuted", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v41", "global_store_b32", WRITTEN},
    {"pair", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v43", "global_store_b32", WRITTEN},
    {"address", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "used as an address", "global_load_b32", WRITTEN},
    {"scalar_address", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "s40", "s_load_b32", WRITTEN},
    {"lds_address", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v40", "ds_load_b32", WRITTEN},
    {"branch", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "SCC", "s_cbranch_scc1", WRITTEN},
    {"vcc", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "VCC", "s_cbranch_vccz", WRITTEN},
    {"exec", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "which lanes are active", "exec_lo", WRITTEN},
    {"scalar", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v41", "global_store_b32", WRITTEN},
    {"lane", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v41", "global_store_b32", WRITTEN},
    {"from_lds", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v40", "global_store_b32", WRITTEN},
    {"through_lds", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v40", "global_store_b32", WRITTEN},
    {"from_memory", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v40", "global_store_b32", UNWRITTEN},
    {"scalar_memory", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v40", "global_store_b32", UNWRITTEN},
    {"scratch", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "stores an undefined value", "global_store_b32",
     WRITTEN},
    {"vmcnt", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "reads v41", "global_store_b32", WRITTEN},
    {"overwrite", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "overwrites v40", "v_mov_b32", WRITTEN},
    {"lgkmcnt", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "lgkmcnt is missing", "global_store_b32", WRITTEN},
    {"counters", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "vmcnt is missing", "global_store_b32", WRITTEN},
    {"smem", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "reads s40", "s_add_u32", WRITTEN},
    {"flat", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "lgkmcnt is missing", "v_add_nc_u32", WRITTEN},
    {"matrix_wait", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "reads v40", "v_dual_mov_b32", WRITTEN},
    {"barrier_missing", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "4 bytes of LDS", "ds_", WRITTEN},
    {"read_then_write", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "LDS", "ds_", WRITTEN},
    {"unwaited_store", RDNASIM_STRICT, RDNASIM_CHECK_LDS_ORDER, "LDS", "ds_", WRITTEN},
    {"same_word", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "wave 0 has", "ds_store_b32", WRITTEN},
    {"bytes", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "LDS", "ds_", WRITTEN},
    {"groups", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_store_b32", WRITTEN},
    {"groups_read", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_", WRITTEN},
    {"groups_atomic", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_", WRITTEN},
    {"groups_cas", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "several work-groups", "global_", WRITTEN},
    {"lds_cas", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "LDS", "ds_", WRITTEN},
    {"store_atomic", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "LDS", "ds_add_u32", WRITTEN},
    {"store_update", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "wave 0 has", "ds_", WRITTEN},
    {"last_group", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_", WRITTEN},
    {"hazard", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "matrix A", "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"hazard_b", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "matrix B", "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"hazard_edge", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "takes v63", "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"matrix_part", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "part of matrix A, which begins at v40",
     "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"matrix_part_b", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "part of matrix B, which begins at v56",
     "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"matrix_row", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v56", "global_store_b32", WRITTEN},
    {"alignment", RDNASIM_STRICT, RDNASIM_CHECK_ALIGNMENT, "not a multiple of 4", "global_load_b64", WRITTEN},
    {"lds_alignment", RDNASIM_STRICT, RDNASIM_CHECK_ALIGNMENT, "not a multiple of 16", "ds_load_b128",
     WRITTEN},
    {"lds_alignment_96", RDNASIM_STRICT, RDNASIM_CHECK_ALIGNMENT, "12 bytes at 0x18", "ds_load_b96", WRITTEN},
    {"lds_alignment_64", RDNASIM_STRICT, RDNASIM_CHECK_ALIGNMENT, "not a multiple of 8", "ds_load_b64",
     WRITTEN},
    {"alignment_96", RDNASIM_STRICT, RDNASIM_CHECK_ALIGNMENT, "not a multiple of 4", "global_load_b96",
     WRITTEN},
    {"bounds", RDNASIM_MEMORY_FAULT, 0, "0 bytes past the end of buffer 'out'", "global_store_b32", WRITTEN},
    {"lds_bounds", RDNASIM_MEMORY_FAULT, 0, "2048 bytes of LDS", "ds_store_b32", WRITTEN},
    {"barrier", RDNASIM_STRICT, RDNASIM_CHECK_BARRIER, "wave 1 has ended", "s_barrier", WRITTEN},
    {"barriers", RDNASIM_STRICT, RDNASIM_CHECK_BARRIER, "different ways", "s_barrier", WRITTEN},
    {"endless", RDNASIM_TIMEOUT, 0, "quota", "s_", WRITTEN},
    {"endless_trial", RDNASIM_TIMEOUT, 0, "quota", "", WRITTEN},
    {"endless_access", RDNASIM_TIMEOUT, 0, "quota", "", WRITTEN},
    {"upper_lane", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v41", "global_store_b32", WRITTEN_WAVE64},
};

static rdnasim *strict_machine(uint64_t seed, unsigned checks) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.checks = checks;
    options.quota = 10000;
    options.schedule_seed = seed;
    return create(&options);
}

static rdnasim_status run(const struct fault *f, const char *suffix, uint64_t seed, unsigned checks,
                          rdnasim_report *report) {
    char name[64];
    snprintf(name, sizeof name, "%s%s", f->name, suffix);
    rdnasim *sim = strict_machine(seed, checks);
    const char *object = f->memory == WRITTEN_WAVE64 ? STRICT_WAVE64_OBJECT : STRICT_OBJECT;
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, object), name);
    if (!kernel) fail_msg("no kernel %s", name);
    uint32_t in[ITEMS] = {0}, out[ITEMS];
    memset(out, 0x5a, sizeof out);
    struct {
        uint64_t in, out;
    } args = {bind(sim, in, sizeof in, RDNASIM_READ | RDNASIM_WRITE, "in"),
              bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out")};
    if (f->memory == UNWRITTEN) assert_ok(rdnasim_mark(sim, args.in, sizeof in, 0, report), *report);
    rdnasim_launch launch = launch_of(ITEMS, BLOCK, &args, sizeof args);
    rdnasim_status status = rdnasim_run(sim, kernel, &launch, NULL, report);
    rdnasim_destroy(sim);
    return status;
}

/* In order, and under random schedules. */
static void faults_are_found(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof faults / sizeof faults[0]; n++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            const struct fault *f = &faults[n];
            rdnasim_report report;
            rdnasim_status status = run(f, "_bad", seed, RDNASIM_CHECK_ALL, &report);
            if (status != f->status || report.check != f->check || !strstr(report.instruction, f->at))
                fail_msg("%s_bad: status %d, check %d: %s", f->name, status, (int)report.check, report.text);
            if (!seed && !strstr(report.text, f->says))
                fail_msg("%s_bad does not say '%s': %s", f->name, f->says, report.text);
        }
}

static void near_faults_are_silent(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof faults / sizeof faults[0]; n++)
        for (uint64_t seed = 0; seed < 5; seed++) {
            rdnasim_report report;
            if (run(&faults[n], "_good", seed, RDNASIM_CHECK_ALL, &report)) fail_msg("%s", report.text);
        }
}

/* A check that is off finds nothing, even where all others are on. */
static void checks_are_separate(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof faults / sizeof faults[0]; n++) {
        if (faults[n].status != RDNASIM_STRICT) continue;
        rdnasim_report report;
        unsigned others = RDNASIM_CHECK_ALL & ~(unsigned)faults[n].check;
        if (run(&faults[n], "_bad", 0, others, &report)) fail_msg("%s", report.text);
    }
}

static void freed_buffers_are_named(void **state) {
    (void)state;
    rdnasim *sim = strict_machine(0, RDNASIM_CHECK_ALL);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, STRICT_OBJECT), "store_good");
    uint32_t in[ITEMS] = {0}, out[ITEMS], other[ITEMS];
    struct {
        uint64_t in, out;
    } args = {bind(sim, in, sizeof in, RDNASIM_READ, "in"),
              bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "results")};
    rdnasim_report report;
    assert_ok(rdnasim_unbind(sim, args.out, &report), report);
    uint64_t next = bind(sim, other, sizeof other, RDNASIM_READ | RDNASIM_WRITE, "next");
    assert_true(next != args.out);
    rdnasim_launch launch = launch_of(32, 32, &args, sizeof args);
    assert_int_equal(rdnasim_run(sim, kernel, &launch, NULL, &report), RDNASIM_MEMORY_FAULT);
    assert_non_null(strstr(report.text, "in the buffer 'results', which has been freed"));
    rdnasim_destroy(sim);
}

static void marks_stay_inside_buffers(void **state) {
    (void)state;
    rdnasim *sim = strict_machine(0, RDNASIM_CHECK_ALL);
    unsigned char memory[64];
    uint64_t address = bind(sim, memory, sizeof memory, RDNASIM_READ, "memory");
    rdnasim_report report;
    assert_ok(rdnasim_mark(sim, address, sizeof memory, 0, &report), report);
    assert_ok(rdnasim_mark(sim, address + 60, 4, 1, &report), report);
    assert_int_equal(rdnasim_mark(sim, address + 60, 5, 1, &report), RDNASIM_INVALID_ARGUMENT);
    assert_int_equal(rdnasim_mark(sim, address - 1, 1, 0, &report), RDNASIM_INVALID_ARGUMENT);
    rdnasim_destroy(sim);
}

/* One wave of one lane, with `bytes` of in. */
static rdnasim_status run_small(const char *name, void *in, size_t bytes, uint32_t *out, unsigned checks,
                                rdnasim_report *report) {
    rdnasim *sim = strict_machine(0, checks);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, STRICT_OBJECT), name);
    assert_non_null(kernel);
    struct {
        uint64_t in, out;
    } args = {bind(sim, in, bytes, RDNASIM_READ | RDNASIM_WRITE, "in"),
              bind(sim, out, 8, RDNASIM_READ | RDNASIM_WRITE, "out")};
    rdnasim_launch launch = launch_of(1, 1, &args, sizeof args);
    rdnasim_status status = rdnasim_run(sim, kernel, &launch, NULL, report);
    rdnasim_destroy(sim);
    return status;
}

/* Behind a buffer there is memory, which a load may read if it is aligned, and whose value nobody knows. */
static void loads_may_pass_the_end(void **state) {
    (void)state;
    uint32_t *in = malloc(12), out[2] = {0}; /* of the heap: a sanitizer sees who reads too far */
    memcpy(in, (uint32_t[]){100, 20, 3}, 12);
    rdnasim_report report;
    for (unsigned checks = 0; checks <= RDNASIM_CHECK_ALL; checks += RDNASIM_CHECK_ALL) {
        assert_ok(run_small("past_end", in, 12, out, checks, &report), report);
        assert_int_equal(out[0], 103);
        assert_int_equal(out[1], 3);
    }
    assert_ok(run_small("past_end_used", in, 12, out, 0, &report), report);
    assert_int_equal(out[0], 0xfff3fff3);
    assert_int_equal(run_small("past_end_used", in, 12, out, RDNASIM_CHECK_ALL, &report), RDNASIM_STRICT);
    assert_int_equal(report.check, RDNASIM_CHECK_UNDEFINED);
    assert_int_equal(run_small("past_end_unaligned", in, 12, out, 0, &report), RDNASIM_MEMORY_FAULT);
    free(in);
}

static void atomics_reach_the_last_dword(void **state) {
    (void)state;
    for (unsigned checks = 0; checks <= RDNASIM_CHECK_ALL; checks += RDNASIM_CHECK_ALL) {
        uint16_t *in = malloc(2);
        uint32_t out[2] = {0};
        *in = 7;
        rdnasim_report report;
        assert_ok(run_small("last_dword", in, 2, out, checks, &report), report);
        assert_int_equal(*in, 8);
        assert_int_equal(out[0], 8);
        free(in);
    }
}

static void checks_have_names(void **state) {
    (void)state;
    static const struct {
        const char *list;
        unsigned checks;
    } rows[] = {{"all", RDNASIM_CHECK_ALL},
                {"race,wait", RDNASIM_CHECK_RACE | RDNASIM_CHECK_WAIT},
                {"all,-lds-order", RDNASIM_CHECK_ALL & ~RDNASIM_CHECK_LDS_ORDER},
                {"-undefined", RDNASIM_CHECK_DEFAULT & ~RDNASIM_CHECK_UNDEFINED}};
    rdnasim_report report;
    unsigned checks = 99;
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        assert_ok(rdnasim_parse_checks(rows[n].list, &checks, &report), report);
        assert_int_equal(checks, rows[n].checks);
    }
    static const char *const wrong[] = {"", "races", "all,", ",all", "race wait", "--race"};
    for (size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++) {
        checks = 99;
        assert_int_equal(rdnasim_parse_checks(wrong[n], &checks, &report), RDNASIM_INVALID_ARGUMENT);
        assert_non_null(strstr(report.text, "is no check; accepted are"));
        assert_int_equal(checks, 99);
    }
    assert_string_equal(rdnasim_check_name(RDNASIM_CHECK_LDS_ORDER), "lds-order");
    assert_string_equal(rdnasim_check_name(RDNASIM_CHECK_ALL), "");
}

static void unknown_checks_are_refused(void **state) {
    (void)state;
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.checks = RDNASIM_CHECK_ALL + 1;
    rdnasim *sim;
    rdnasim_report report;
    assert_int_equal(rdnasim_create(&options, &sim, &report), RDNASIM_INVALID_ARGUMENT);
    assert_null(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_are_found),          cmocka_unit_test(near_faults_are_silent),
        cmocka_unit_test(checks_are_separate),       cmocka_unit_test(freed_buffers_are_named),
        cmocka_unit_test(marks_stay_inside_buffers), cmocka_unit_test(unknown_checks_are_refused),
        cmocka_unit_test(loads_may_pass_the_end),    cmocka_unit_test(atomics_reach_the_last_dword),
        cmocka_unit_test(checks_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
