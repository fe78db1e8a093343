/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Launches of real code objects: what waves start with, barriers, schedules, and what stops a run.
 */
#include <elf.h>

#include "support.h"

enum { UNTOUCHED = 0x5a5a5a5a };

struct machine {
    rdnasim *sim;
    rdnasim_object *object;
};

static struct machine machine(const char *path, int threads, uint64_t seed, uint64_t quota) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.threads = threads;
    options.schedule_seed = seed;
    options.quota = quota;
    struct machine m = {.sim = create(&options)};
    m.object = load(m.sim, path);
    return m;
}

static rdnasim_status run(const struct machine *m, const char *kernel, const rdnasim_launch *launch,
                          rdnasim_counts *counts, rdnasim_report *report) {
    const rdnasim_kernel *k = rdnasim_find_kernel(m->object, kernel);
    if (!k) fail_msg("no kernel %s", kernel);
    return rdnasim_run(m->sim, k, launch, counts, report);
}

static uint32_t *words(size_t count) {
    uint32_t *w = malloc(4 * count);
    assert_non_null(w);
    for (size_t n = 0; n < count; n++) w[n] = UNTOUCHED;
    return w;
}

/* ---- what a wave starts with -------------------------------------------------------------------------- */

static void check_ids(const char *path) {
    static const struct {
        uint32_t grid[3], block[3];
    } shapes[] = {
        {{1, 1, 1}, {1, 1, 1}},    {{64, 1, 1}, {64, 1, 1}}, {{100, 1, 1}, {64, 1, 1}},
        {{70, 3, 2}, {32, 2, 1}},  {{33, 5, 3}, {8, 4, 2}},  {{5, 7, 9}, {5, 7, 3}},
        {{3, 130, 1}, {2, 64, 1}}, {{1, 1, 65}, {1, 1, 64}}, {{2000, 1, 1}, {1024, 1, 1}},
    };
    struct machine m = machine(path, 0, 0, 0);
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const uint32_t *grid = shapes[s].grid, *block = shapes[s].block;
        size_t items = (size_t)grid[0] * grid[1] * grid[2];
        uint32_t *out = words(4 * items);
        struct {
            uint64_t out;
            uint32_t size_x, size_y, block[3];
        } args = {bind(m.sim, out, 16 * items, RDNASIM_WRITE, "out"),
                  grid[0],
                  grid[1],
                  {block[0], block[1], block[2]}};
        rdnasim_launch launch = launch_of(1, 1, &args, sizeof args);
        memcpy(launch.grid, grid, sizeof launch.grid);
        memcpy(launch.block, block, sizeof launch.block);
        rdnasim_report report;
        rdnasim_counts counts;
        assert_ok(run(&m, "ids", &launch, &counts, &report), report);
        uint64_t groups = 1;
        for (unsigned d = 0; d < 3; d++) groups *= (grid[d] + block[d] - 1) / block[d];
        assert_true(counts.workgroups == groups);
        for (uint32_t z = 0, n = 0; z < grid[2]; z++)
            for (uint32_t y = 0; y < grid[1]; y++)
                for (uint32_t x = 0; x < grid[0]; x++, n++) {
                    uint32_t id = x % block[0] | y % block[1] << 10 | z % block[2] << 20;
                    if (out[4 * n] != id || out[4 * n + 1] != x / block[0] ||
                        out[4 * n + 2] != y / block[1] || out[4 * n + 3] != z / block[2])
                        fail_msg("shape %zu, work-item %u: %x (%u,%u,%u)", s, n, out[4 * n], out[4 * n + 1],
                                 out[4 * n + 2], out[4 * n + 3]);
                }
        assert_ok(rdnasim_unbind(m.sim, args.out, &report), report);
        free(out);
    }
    rdnasim_destroy(m.sim);
}

static void ids_wave32(void **state) {
    (void)state;
    check_ids(LAUNCH_OBJECT);
}

static void ids_wave64(void **state) {
    (void)state;
    check_ids(LAUNCH_WAVE64_OBJECT);
}

static void hidden_arguments(void **state) {
    (void)state;
    struct machine m = machine(LAUNCH_OBJECT, 1, 0, 0);
    uint32_t *out = words(10);
    uint64_t args = bind(m.sim, out, 40, RDNASIM_WRITE, "out");
    rdnasim_launch launch = launch_of(100, 32, &args, sizeof args);
    launch.grid[1] = 7;
    launch.block[1] = 4;
    rdnasim_report report;
    assert_ok(run(&m, "hidden", &launch, NULL, &report), report);
    static const uint32_t expected[] = {3, 1, 1, 32, 4, 1, 4, 3, 0, 2};
    for (unsigned n = 0; n < 10; n++)
        if (out[n] != expected[n]) fail_msg("hidden argument %u is %u, expected %u", n, out[n], expected[n]);
    free(out);
    rdnasim_destroy(m.sim);
}

/* What printf, malloc and the like need is refused by name, when it is used. */
static void services_are_refused_by_name(void **state) {
    (void)state;
    static const struct {
        uint32_t offset; /* of the hidden argument, in code objects of version 5 */
        const char *text;
    } services[] = {{80, "hostcall, by which a kernel's printf and assert reach the host"},
                    {96, "the heap of a kernel's malloc"},
                    {104, "the queue of kernels that launch kernels"},
                    {0, NULL}};
    for (unsigned n = 0; n < sizeof services / sizeof services[0]; n++) {
        struct machine m = machine(LAUNCH_OBJECT, 1, 0, 0);
        uint32_t out[2] = {0};
        struct {
            uint64_t out;
            uint32_t wanted;
        } args = {bind(m.sim, out, sizeof out, RDNASIM_WRITE, "out"), services[n].offset};
        rdnasim_launch launch = launch_of(32, 32, &args, 12);
        rdnasim_report report;
        rdnasim_status status = run(&m, "service", &launch, NULL, &report);
        assert_int_equal(out[0], 5);
        assert_int_equal(status, services[n].text ? RDNASIM_UNSUPPORTED : RDNASIM_OK);
        if (status && !strstr(report.text, services[n].text)) fail_msg("%s", report.text);
        rdnasim_destroy(m.sim);
    }
}

static void environment(void **state) {
    (void)state;
    struct machine m = machine(LAUNCH_OBJECT, 1, 0, 0);
    uint32_t *out = words(6);
    struct {
        uint64_t out;
        uint32_t which;
    } args = {bind(m.sim, out, 24, RDNASIM_WRITE, "out"), 0};
    rdnasim_launch launch = launch_of(48, 48, &args, 12);
    launch.dynamic_lds_bytes = 4 * 48;
    for (uint32_t n = 0; n < 2; n++) {
        args.which = n;
        rdnasim_report report;
        assert_ok(run(&m, "environment", &launch, NULL, &report), report);
        const uint32_t expected[] = {48, 48, 192, n ? 21 : 11, 6 + n, 100};
        for (unsigned k = 0; k < 6; k++)
            if (out[k] != expected[k])
                fail_msg("launch %u: out[%u] is %u, expected %u", n, k, out[k], expected[k]);
    }
    launch.dynamic_lds_bytes = 4 * 47;
    rdnasim_report report;
    assert_int_equal(run(&m, "environment", &launch, NULL, &report), RDNASIM_MEMORY_FAULT);
    free(out);
    rdnasim_destroy(m.sim);
}

/* ---- barriers and schedules --------------------------------------------------------------------------- */

static void check_sums(const char *path, int threads, uint64_t seed) {
    enum { GROUPS = 23, ITEMS = 256 * GROUPS };
    struct machine m = machine(path, threads, seed, 0);
    uint32_t *in = words(ITEMS), *out = words(GROUPS);
    for (unsigned n = 0; n < ITEMS; n++) in[n] = n * 2654435761u;
    struct {
        uint64_t in, out;
    } args = {bind(m.sim, in, 4 * ITEMS, RDNASIM_READ, "in"),
              bind(m.sim, out, 4 * GROUPS, RDNASIM_WRITE, "out")};
    rdnasim_launch launch = launch_of(ITEMS, 256, &args, sizeof args);
    rdnasim_report report;
    assert_ok(run(&m, "group_sum", &launch, NULL, &report), report);
    for (unsigned g = 0; g < GROUPS; g++) {
        uint32_t sum = 0;
        for (unsigned n = 0; n < 256; n++) sum += in[256 * g + n];
        if (out[g] != sum) fail_msg("group %u: %u, expected %u", g, out[g], sum);
    }
    free(in);
    free(out);
    rdnasim_destroy(m.sim);
}

static void barriers(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        check_sums(LAUNCH_OBJECT, (int)(seed % 3), seed);
        check_sums(LAUNCH_WAVE64_OBJECT, (int)(seed % 3), seed);
    }
}

/* Seed 0 is the order of the grid; others are permutations of it, each the same one every time. */
static void seeded_order(void **state) {
    (void)state;
    enum { GROUPS = 50 };
    uint32_t orders[4][GROUPS];
    static const uint64_t seeds[4] = {0, 1, 2, 1};
    for (unsigned s = 0; s < 4; s++) {
        struct machine m = machine(LAUNCH_OBJECT, 1, seeds[s], 0);
        uint32_t counter = 0;
        struct {
            uint64_t counter, out;
        } args = {bind(m.sim, &counter, 4, RDNASIM_READ | RDNASIM_WRITE, "counter"),
                  bind(m.sim, orders[s], sizeof orders[s], RDNASIM_WRITE, "out")};
        rdnasim_launch launch = launch_of(32 * GROUPS, 32, &args, sizeof args);
        rdnasim_report report;
        assert_ok(run(&m, "tickets", &launch, NULL, &report), report);
        assert_int_equal(counter, GROUPS);
        unsigned seen[GROUPS] = {0};
        for (unsigned g = 0; g < GROUPS; g++) {
            assert_true(orders[s][g] < GROUPS);
            seen[orders[s][g]]++;
        }
        for (unsigned g = 0; g < GROUPS; g++) assert_int_equal(seen[g], 1);
        rdnasim_destroy(m.sim);
    }
    for (unsigned g = 0; g < GROUPS; g++) assert_int_equal(orders[0][g], g);
    assert_memory_not_equal(orders[0], orders[1], sizeof orders[0]);
    assert_memory_not_equal(orders[1], orders[2], sizeof orders[0]);
    assert_memory_equal(orders[1], orders[3], sizeof orders[0]);
}

static void waves_that_end_early(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct machine m = machine(LAUNCH_OBJECT, 1, seed, 0);
        uint32_t *out = words(256);
        uint64_t args = bind(m.sim, out, 1024, RDNASIM_WRITE, "out");
        rdnasim_launch launch = launch_of(256, 256, &args, sizeof args);
        rdnasim_report report;
        assert_ok(run(&m, "early_end", &launch, NULL, &report), report);
        for (unsigned n = 0; n < 256; n++) assert_int_equal(out[n], n < 64 ? UNTOUCHED : n);
        free(out);
        rdnasim_destroy(m.sim);
    }
}

/* ---- what stops a run --------------------------------------------------------------------------------- */

static void says(const rdnasim_report *report, const char *text) {
    if (!strstr(report->text, text)) fail_msg("the report says: %s\nexpected in it: %s", report->text, text);
}

static void wild_stores(void **state) {
    (void)state;
    struct machine m = machine(LAUNCH_OBJECT, 0, 0, 0);
    uint32_t *out = words(1024);
    struct {
        uint64_t out, offset;
    } args = {bind(m.sim, out, 4096, RDNASIM_READ | RDNASIM_WRITE, "weights"), 1024 - 27};
    rdnasim_launch launch = launch_of(32, 32, &args, sizeof args);
    rdnasim_report report;
    assert_int_equal(run(&m, "store_at", &launch, NULL, &report), RDNASIM_MEMORY_FAULT);
    assert_int_equal(report.status, RDNASIM_MEMORY_FAULT);
    assert_int_equal(report.lane, 27);
    assert_true(report.address == args.out + 4096);
    assert_int_equal(report.bytes, 4);
    assert_string_equal(report.kernel, "store_at");
    assert_true(report.encoding_dwords == 2 && report.pc > 0);
    assert_non_null(strstr(report.instruction, "global_store_b32"));
    says(&report, "lane 27 writes 4 bytes");
    says(&report, "0 bytes past the end of buffer 'weights'");
    says(&report, "4096 bytes");
    for (unsigned n = 0; n < 1024 - 27; n++) assert_int_equal(out[n], UNTOUCHED);

    args.offset = (uint64_t)-8 / 4;
    assert_int_equal(run(&m, "store_at", &launch, NULL, &report), RDNASIM_MEMORY_FAULT);

    uint32_t constant[64];
    args.out = bind(m.sim, constant, sizeof constant, RDNASIM_READ, "constant");
    args.offset = 0;
    assert_int_equal(run(&m, "store_at", &launch, NULL, &report), RDNASIM_MEMORY_FAULT);
    says(&report, "in the read-only buffer 'constant'");

    args.out = 0x1000;
    assert_int_equal(run(&m, "store_at", &launch, NULL, &report), RDNASIM_MEMORY_FAULT);
    struct {
        uint64_t in, out;
    } wild = {UINT64_C(0x123456789abc), 0};
    launch.kernarg = &wild;
    assert_int_equal(run(&m, "load_scalar", &launch, NULL, &report), RDNASIM_MEMORY_FAULT);
    says(&report, "reads 4 bytes at 0x123456789abc");
    free(out);
    rdnasim_destroy(m.sim);
}

static void endless_loops(void **state) {
    (void)state;
    struct machine m = machine(LAUNCH_OBJECT, 0, 0, 100000);
    uint32_t word = 0;
    uint64_t args = bind(m.sim, &word, 4, RDNASIM_READ | RDNASIM_WRITE, "word");
    rdnasim_launch launch = launch_of(1, 1, &args, sizeof args);
    rdnasim_report report;
    rdnasim_counts counts;
    assert_int_equal(run(&m, "endless", &launch, &counts, &report), RDNASIM_TIMEOUT);
    assert_in_range(counts.instructions, 10000, 99999); /* its memory instructions count as several */
    says(&report, "after its quota of 100000 instructions; rdnasim_options.quota raises it");
    launch = launch_of(1024, 1024, &args, sizeof args);
    assert_int_equal(run(&m, "endless", &launch, &counts, &report), RDNASIM_TIMEOUT);
    assert_true(counts.instructions < 200000); /* of 32 waves together */
    says(&report, "work-group has used twice a wave's quota of 100000 instructions");
    rdnasim_destroy(m.sim);
}

/* What ends is not stopped by a quota that it just keeps, and needs none. */
static void quotas(void **state) {
    (void)state;
    const uint64_t quotas[] = {0, RDNASIM_NO_QUOTA, 1000, 1};
    uint32_t words[32];
    for (unsigned n = 0; n < sizeof quotas / sizeof quotas[0]; n++) {
        struct machine m = machine(LAUNCH_OBJECT, 1, 0, quotas[n]);
        struct {
            uint64_t out, offset;
        } args = {bind(m.sim, words, sizeof words, RDNASIM_READ | RDNASIM_WRITE, "words"), 0};
        rdnasim_launch launch = launch_of(32, 32, &args, sizeof args);
        rdnasim_report report;
        memset(words, 0xff, sizeof words);
        rdnasim_status status = run(&m, "store_at", &launch, NULL, &report);
        assert_int_equal(status, quotas[n] == 1 ? RDNASIM_TIMEOUT : RDNASIM_OK);
        for (unsigned i = 0; i < 32; i++) assert_int_equal(words[i], status ? UINT32_MAX : 7);
        rdnasim_destroy(m.sim);
    }
}

/*
 * With any number of threads, and in any order of arrival, the earliest work-group is the one that is named.
 */
static void first_fault_wins(void **state) {
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        struct machine m = machine(LAUNCH_OBJECT, threads, 0, 0);
        for (uint32_t first = 0; first < 40; first += 13) {
            rdnasim_launch launch = launch_of(32 * 200, 32, &first, sizeof first);
            rdnasim_report report;
            assert_int_equal(run(&m, "trap_from", &launch, NULL, &report), RDNASIM_TRAP);
            assert_int_equal(report.workgroup[0], first);
            says(&report, "s_trap 2");
        }
        rdnasim_destroy(m.sim);
    }
}

static void refused_instructions(void **state) {
    (void)state;
    static const struct {
        const char *kernel;
        rdnasim_status status;
        const char *says;
    } cases[] = {
        {"trap", RDNASIM_TRAP, "trap 2"},
        {"unmodelled", RDNASIM_UNSUPPORTED, "image_sample is not modelled"},
        {"illegal", RDNASIM_ILLEGAL, "bfffffff"},
        {"beyond_registers", RDNASIM_ILLEGAL, "VGPRs beyond the"},
        {"trap_temporary", RDNASIM_ILLEGAL, "ttmp registers"},
        {"pair_from_one_bank", RDNASIM_ILLEGAL, "register banks"},
        {"pair_of_even_addends", RDNASIM_ILLEGAL, "register banks"},
        {"padding", RDNASIM_ILLEGAL, "padding"},
    };
    struct machine m = machine(LAUNCH_OBJECT, 0, 0, 0);
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        rdnasim_launch launch = launch_of(64, 64, NULL, 0);
        rdnasim_report report;
        assert_int_equal(run(&m, cases[n].kernel, &launch, NULL, &report), cases[n].status);
        says(&report, cases[n].says);
        assert_string_equal(report.kernel, cases[n].kernel);
        assert_true(report.encoding_dwords > 0);
        assert_true(!report.lane && !report.address && !report.bytes); /* nothing of it is about memory */
    }
    rdnasim_destroy(m.sim);
}

static void dual_issue_is_of_wave32(void **state) {
    (void)state;
    const char *const objects[] = {LAUNCH_OBJECT, LAUNCH_WAVE64_OBJECT};
    for (unsigned n = 0; n < 2; n++) {
        struct machine m = machine(objects[n], 0, 0, 0);
        rdnasim_launch launch = launch_of(64, 64, NULL, 0);
        rdnasim_report report;
        assert_int_equal(run(&m, "pair", &launch, NULL, &report), n ? RDNASIM_ILLEGAL : RDNASIM_OK);
        if (n) says(&report, "wave32");
        rdnasim_destroy(m.sim);
    }
}

/*
 * Code with flipped bits is mostly legal and never sensible: whatever it does, the machine must survive it,
 * and a run that stops must say why. (With a sanitizer this tests every executor's bounds.)
 */
static void damaged_code(void **state) {
    (void)state;
    struct file f = read_file(LAUNCH_OBJECT);
    Elf64_Ehdr header;
    memcpy(&header, f.data, sizeof header);
    Elf64_Phdr code = {0};
    for (unsigned n = 0; n < header.e_phnum; n++) {
        Elf64_Phdr p;
        memcpy(&p, f.data + header.e_phoff + n * sizeof p, sizeof p);
        if (p.p_type == PT_LOAD && p.p_flags & PF_X) code = p;
    }
    assert_true(code.p_filesz > 256);
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.quota = 300;
    options.threads = 1;
    rdnasim *sim = create(&options);
    static uint32_t buffer[4096];
    uint64_t args[8];
    for (unsigned n = 0; n < 8; n++)
        args[n] = n ? n : bind(sim, buffer, sizeof buffer, RDNASIM_READ | RDNASIM_WRITE, "buffer");
    unsigned char *damaged = malloc(f.bytes);
    assert_non_null(damaged);
    unsigned stopped = 0;
    uint64_t random = 7;
    for (int round = 0; round < 3000; round++) {
        memcpy(damaged, f.data, f.bytes);
        for (size_t n = 0; n < code.p_filesz >> (5 + round % 4); n++) {
            random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            damaged[code.p_offset + (random >> 33) % code.p_filesz] ^=
                (unsigned char)(1 << (random >> 30 & 7));
        }
        rdnasim_report report;
        rdnasim_object *object;
        assert_ok(rdnasim_load(sim, damaged, f.bytes, &object, &report), report);
        for (size_t k = 0; k < rdnasim_object_kernels(object); k++) {
            rdnasim_launch launch = launch_of(100, 64, args, sizeof args);
            rdnasim_status status =
                rdnasim_run(sim, rdnasim_object_kernel(object, k), &launch, NULL, &report);
            assert_int_equal(report.status, status);
            assert_true(status == RDNASIM_OK || strlen(report.text) > 10);
            stopped += status != RDNASIM_OK;
        }
        rdnasim_unload(object);
    }
    assert_true(stopped > 300);
    free(damaged);
    free(f.data);
    rdnasim_destroy(sim);
}

static void refused_launches(void **state) {
    (void)state;
    struct machine m = machine(LAUNCH_OBJECT, 1, 0, 0), other = machine(LAUNCH_OBJECT, 1, 0, 0);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(m.object, "store_at");
    uint64_t args[2] = {0};
    rdnasim_report report;
    rdnasim_launch good = launch_of(32, 32, args, sizeof args), bad;
#define REFUSED(change, text)                                                                                \
    do {                                                                                                     \
        bad = good;                                                                                          \
        change;                                                                                              \
        assert_int_equal(rdnasim_run(m.sim, kernel, &bad, NULL, &report), RDNASIM_INVALID_ARGUMENT);         \
        says(&report, text);                                                                                 \
    } while (0)
    REFUSED(bad.struct_size = 3, "rdnasim_launch_init");
    REFUSED(bad.grid[1] = 0, "dimension 1");
    REFUSED(bad.block[2] = 0, "dimension 2");
    REFUSED(bad.block[0] = 1025, "1024");
    REFUSED(bad.block[1] = 64, "2048 work-items");
    REFUSED(bad.dynamic_lds_bytes = 65537, "65536");
    REFUSED(bad.kernarg_bytes = 15, "16");
    REFUSED(bad.kernarg = NULL, "16");
    REFUSED(bad.grid[0] = bad.grid[1] = UINT32_MAX, "work-groups");
    assert_int_equal(rdnasim_run(other.sim, kernel, &good, NULL, &report), RDNASIM_INVALID_ARGUMENT);
    says(&report, "another machine");
    assert_int_equal(rdnasim_run(m.sim, NULL, &good, NULL, NULL), RDNASIM_INVALID_ARGUMENT);
    rdnasim_destroy(m.sim);
    rdnasim_destroy(other.sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_wave32),
        cmocka_unit_test(ids_wave64),
        cmocka_unit_test(hidden_arguments),
        cmocka_unit_test(services_are_refused_by_name),
        cmocka_unit_test(environment),
        cmocka_unit_test(barriers),
        cmocka_unit_test(seeded_order),
        cmocka_unit_test(waves_that_end_early),

        cmocka_unit_test(wild_stores),
        cmocka_unit_test(endless_loops),
        cmocka_unit_test(quotas),
        cmocka_unit_test(first_fault_wins),
        cmocka_unit_test(refused_instructions),
        cmocka_unit_test(dual_issue_is_of_wave32),
        cmocka_unit_test(damaged_code),
        cmocka_unit_test(refused_launches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
