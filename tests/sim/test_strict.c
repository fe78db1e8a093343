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
    {"kept", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "lane 0 stores", "global_store_b32", WRITTEN},
    {"other_half", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v41", "global_store_b16", WRITTEN},
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
    {"load_half", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "reads v40", "global_store_d16_hi_b16", WRITTEN},
    {"add_half", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "reads v40", "v_add_f16", WRITTEN},
    {"store_halves", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "reads v40", "global_store_b32", WRITTEN},
    {"overwrite", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "overwrites v40", "v_mov_b32", WRITTEN},
    {"lgkmcnt", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "lgkmcnt is missing", "global_store_b32", WRITTEN},
    {"counters", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "vmcnt is missing", "global_store_b32", WRITTEN},
    {"smem", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "reads s40", "s_add_u32", WRITTEN},
    {"flat", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "lgkmcnt is missing", "v_add_nc_u32", WRITTEN},
    {"matrix_wait", RDNASIM_STRICT, RDNASIM_CHECK_WAIT, "reads v40", "v_dual_mov_b32", WRITTEN},
    {"barrier_missing", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "4 bytes of LDS", "ds_", WRITTEN},
    {"read_then_write", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "LDS", "ds_", WRITTEN},
    {"unwaited_store", RDNASIM_STRICT, RDNASIM_CHECK_LDS_ORDER, "LDS", "ds_", WRITTEN},
    {"unwaited_second", RDNASIM_STRICT, RDNASIM_CHECK_LDS_ORDER, "LDS", "ds_", WRITTEN},
    {"same_word", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "wave 0 has", "ds_store_b32", WRITTEN},
    {"lds_last", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "no barrier or atomic", "ds_", WRITTEN},
    {"bytes", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "LDS", "ds_", WRITTEN},
    {"groups", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_store_b32", WRITTEN},
    {"groups_read", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_", WRITTEN},
    {"groups_atomic", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_", WRITTEN},
    {"groups_cas", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_", WRITTEN},
    {"groups_far", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_load_b32", WRITTEN},
    {"groups_near", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_load_b32", WRITTEN},
    {"lds_cas", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "LDS", "ds_", WRITTEN},
    {"store_atomic", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "LDS", "ds_add_u32", WRITTEN},
    {"store_update", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "wave 0 has", "ds_", WRITTEN},
    {"last_group", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_", WRITTEN},
    {"released", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "no atomic orders", "global_load_b32", WRITTEN},
    {"marked", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "VCC", "s_cbranch_vccz", UNWRITTEN},
    {"groups_apart", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "work-group 0", "global_", WRITTEN},
    {"groups_flag", RDNASIM_STRICT, RDNASIM_CHECK_RACE, "no atomic orders", "global_", WRITTEN},
    {"hazard", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "matrix A", "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"hazard_b", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "matrix B", "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"hazard_edge", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "takes v63", "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"matrix_part", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "part of matrix A, which begins at v40",
     "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"matrix_part_b", RDNASIM_STRICT, RDNASIM_CHECK_HAZARD, "part of matrix B, which begins at v56",
     "v_wmma_f32_16x16x16_f16", WRITTEN},
    {"matrix_row", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v56", "global_store_b32", WRITTEN},
    {"matrix_sum", RDNASIM_STRICT, RDNASIM_CHECK_UNDEFINED, "v59", "global_store_b32", WRITTEN},
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

/* threads: 0 for all */
static rdnasim *strict_machine(uint64_t seed, unsigned checks, int threads) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.checks = checks;
    options.quota = 10000;
    options.threads = threads;
    options.schedule_seed = seed;
    return create(&options);
}

enum { FINDS = 16 };

/* What a launch that goes on has found, and what it has left in `out`. */
struct finds {
    unsigned count, most; /* most: 0 stops nothing */
    rdnasim_report reports[FINDS];
    uint32_t out[ITEMS];
};

static int keep_find(void *context, const rdnasim_report *report) {
    struct finds *finds = context;
    if (finds->count < FINDS) finds->reports[finds->count] = *report;
    return ++finds->count != finds->most;
}

/* finds: null to stop at the first; else on one thread, for what races leave depends on who is first. */
static rdnasim_status run(const struct fault *f, const char *suffix, uint64_t seed, unsigned checks,
                          struct finds *finds, rdnasim_report *report) {
    char name[64];
    snprintf(name, sizeof name, "%s%s", f->name, suffix);
    rdnasim *sim = strict_machine(seed, checks, finds ? 1 : 0);
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
    launch.on_find = finds ? keep_find : NULL;
    launch.find_context = finds;
    rdnasim_status status = rdnasim_run(sim, kernel, &launch, NULL, report);
    if (finds) memcpy(finds->out, out, sizeof out);
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
            rdnasim_status status = run(f, "_bad", seed, RDNASIM_CHECK_ALL, NULL, &report);
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
            if (run(&faults[n], "_good", seed, RDNASIM_CHECK_ALL, NULL, &report)) fail_msg("%s", report.text);
        }
}

/* A check that is off finds nothing, even where all others are on. */
static void checks_are_separate(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof faults / sizeof faults[0]; n++) {
        if (faults[n].status != RDNASIM_STRICT) continue;
        rdnasim_report report;
        unsigned others = RDNASIM_CHECK_ALL & ~(unsigned)faults[n].check;
        if (run(&faults[n], "_bad", 0, others, NULL, &report)) fail_msg("%s", report.text);
    }
}

/* The launch ends well and leaves what it leaves without strict mode; each instruction is blamed once by a check. */
static void launches_may_go_on(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof faults / sizeof faults[0]; n++) {
        const struct fault *f = &faults[n];
        if (f->status != RDNASIM_STRICT) continue;
        struct finds finds = {0}, unchecked = {0}, first = {.most = 1};
        rdnasim_report report;
        if (run(f, "_bad", 0, RDNASIM_CHECK_ALL, &finds, &report))
            fail_msg("%s_bad: %s", f->name, report.text);
        assert_in_range(finds.count, 1, FINDS);
        if (strcmp(f->name, "last_group") == 0) assert_int_equal(finds.count, 2); /* of its two loads */
        const rdnasim_report *found = &finds.reports[0];
        if (found->status != RDNASIM_STRICT || found->check != f->check || !strstr(found->text, f->says) ||
            !strstr(found->instruction, f->at))
            fail_msg("%s_bad: %s", f->name, found->text);
        for (unsigned a = 0; a < finds.count; a++)
            for (unsigned b = 0; b < a; b++)
                if (finds.reports[a].pc == finds.reports[b].pc &&
                    finds.reports[a].check == finds.reports[b].check)
                    fail_msg("%s_bad twice: %s", f->name, finds.reports[a].text);
        assert_ok(run(f, "_bad", 0, 0, &unchecked, &report), report);
        assert_int_equal(unchecked.count, 0);
        if (memcmp(finds.out, unchecked.out, sizeof finds.out) != 0)
            fail_msg("%s_bad leaves something else than without checks", f->name);
        assert_int_equal(run(f, "_bad", 0, RDNASIM_CHECK_ALL, &first, &report), RDNASIM_STRICT);
        assert_int_equal(first.count, 1);
        assert_string_equal(report.text, found->text);
    }
}

/* What is undefined is followed back to the register or the load that brought it. */
static void origins_are_told(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum memory memory;
        rdnasim_origin origin;
        uint32_t reg;
        const char *says;
    } rows[] = {
        {"store", WRITTEN, RDNASIM_ORIGIN_REGISTER, 40, "it comes from v40, which nobody has written"},
        {"mask", WRITTEN, RDNASIM_ORIGIN_REGISTER, 40, "it comes from v40"},
        {"permuted", WRITTEN, RDNASIM_ORIGIN_REGISTER, 40, "it comes from v40"},
        {"pair", WRITTEN, RDNASIM_ORIGIN_REGISTER, 40, "it comes from v40"},
        {"scalar_address", WRITTEN, RDNASIM_ORIGIN_REGISTER, 256 + 40, "it comes from s40"},
        {"branch", WRITTEN, RDNASIM_ORIGIN_REGISTER, 256 + 40, "it comes from s40"},
        {"vcc", WRITTEN, RDNASIM_ORIGIN_REGISTER, 40, "it comes from v40"},
        {"exec", WRITTEN, RDNASIM_ORIGIN_REGISTER, 40, "it comes from v40"},
        {"lane", WRITTEN, RDNASIM_ORIGIN_REGISTER, 40, "it comes from v40"},
        {"matrix_row", WRITTEN, RDNASIM_ORIGIN_REGISTER, 64, "it comes from v64"},
        {"matrix_sum", WRITTEN, RDNASIM_ORIGIN_REGISTER, 67, "it comes from v67"},
        {"from_lds", WRITTEN, RDNASIM_ORIGIN_LOAD, 0, "that the instruction at pc 0x"},
        {"through_lds", WRITTEN, RDNASIM_ORIGIN_LOAD, 0, "that the instruction at pc 0x"},
        {"from_memory", UNWRITTEN, RDNASIM_ORIGIN_LOAD, 0, "that the instruction at pc 0x"},
        {"scalar_memory", UNWRITTEN, RDNASIM_ORIGIN_LOAD, 0, "that the instruction at pc 0x"},
        {"scratch", WRITTEN, RDNASIM_ORIGIN_LOAD, 0, "that the instruction at pc 0x"},
    };
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        const struct fault f = {.name = rows[n].name, .memory = rows[n].memory};
        rdnasim_report report;
        assert_int_equal(run(&f, "_bad", 0, RDNASIM_CHECK_ALL, NULL, &report), RDNASIM_STRICT);
        if (report.origin != rows[n].origin || !strstr(report.text, rows[n].says) ||
            (rows[n].reg && report.origin_register != rows[n].reg))
            fail_msg("%s_bad: %s", f.name, report.text);
        if (report.origin == RDNASIM_ORIGIN_LOAD) assert_true(report.origin_pc < report.pc);
    }
}

static void reports_are_json(void **state) {
    (void)state;
    rdnasim_report report = {.status = RDNASIM_STRICT,
                             .check = RDNASIM_CHECK_WAIT,
                             .text = "a \"quoted\" text",
                             .kernel = "k\\",
                             .instruction = "v_mov_b32",
                             .pc = 16,
                             .workgroup = {1, 2, 3},
                             .bytes = 4,
                             .address = 256,
                             .origin = RDNASIM_ORIGIN_REGISTER,
                             .origin_register = 256 + 7};
    static const char whole[] =
        "{\"status\": \"strict\", \"check\": \"wait\", \"cleared_by\": \"an s_waitcnt on that counter in "
        "between\", \"text\": \"a \\\"quoted\\\" text\", \"kernel\": \"k\\\\\", \"pc\": 16, \"instruction\": "
        "\"v_mov_b32\", \"workgroup\": [1, 2, 3], \"wave\": 0, \"lane\": 0, \"address\": 256, \"bytes\": 4, "
        "\"origin\": {\"unwritten_register\": \"s7\"}}";
    char text[RDNASIM_REPORT_JSON_BYTES];
    assert_int_equal(rdnasim_report_json(&report, text, sizeof text), sizeof whole - 1);
    assert_string_equal(text, whole);
    assert_int_equal(rdnasim_report_json(&report, text, 10), sizeof whole - 1);
    assert_string_equal(text, "{\"status\"");
    assert_int_equal(rdnasim_report_json(&report, NULL, 0), sizeof whole - 1);
    memcpy(text, "old", 4);
    assert_int_equal(rdnasim_report_json(NULL, text, sizeof text), 0);
    assert_string_equal(text, "");
    /* The longest: every character of every text needs a backslash. */
    memset(report.text, '"', sizeof report.text - 1);
    memset(report.kernel, '"', sizeof report.kernel - 1);
    memset(report.instruction, '"', sizeof report.instruction - 1);
    report.pc = report.address = UINT64_MAX;
    assert_true(rdnasim_report_json(&report, text, sizeof text) < sizeof text);
}

static void freed_buffers_are_named(void **state) {
    (void)state;
    rdnasim *sim = strict_machine(0, RDNASIM_CHECK_ALL, 0);
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
    rdnasim *sim = strict_machine(0, RDNASIM_CHECK_ALL, 0);
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
    rdnasim *sim = strict_machine(0, checks, 0);
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

/* A group knows those whom it has met in atomics, and whom they had met; nobody else. */
static void order_is_of_those_who_were_met(void **state) {
    (void)state;
    static const char *const names[] = {"met_good", "met_bad"};
    for (int bad = 0; bad < 2; bad++) {
        rdnasim *sim = strict_machine(0, RDNASIM_CHECK_ALL, 0);
        const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, STRICT_OBJECT), names[bad]);
        assert_non_null(kernel);
        uint32_t in[1] = {0}, out[1] = {0};
        struct {
            uint64_t in, out;
        } args = {bind(sim, in, sizeof in, RDNASIM_READ | RDNASIM_WRITE, "in"),
                  bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out")};
        rdnasim_launch launch = launch_of(3, 1, &args, sizeof args);
        rdnasim_report report;
        rdnasim_status status = rdnasim_run(sim, kernel, &launch, NULL, &report);
        if (status != (bad ? RDNASIM_STRICT : RDNASIM_OK)) fail_msg("%s: %s", names[bad], report.text);
        if (bad) assert_non_null(strstr(report.text, "which work-group 0"));
        rdnasim_destroy(sim);
    }
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
        cmocka_unit_test(faults_are_found),
        cmocka_unit_test(near_faults_are_silent),
        cmocka_unit_test(checks_are_separate),
        cmocka_unit_test(freed_buffers_are_named),
        cmocka_unit_test(marks_stay_inside_buffers),
        cmocka_unit_test(unknown_checks_are_refused),
        cmocka_unit_test(loads_may_pass_the_end),
        cmocka_unit_test(atomics_reach_the_last_dword),
        cmocka_unit_test(checks_have_names),
        cmocka_unit_test(launches_may_go_on),
        cmocka_unit_test(origins_are_told),
        cmocka_unit_test(reports_are_json),
        cmocka_unit_test(order_is_of_those_who_were_met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
