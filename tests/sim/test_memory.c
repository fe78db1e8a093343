/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Loads, stores and atomics of every width in every memory space, by real code objects of both wave sizes:
 * the bytes that must move, the ones that must stay, and what a wild access is told.
 */
#include "support.h"

#include <stdbool.h>

#include "random.h"

enum { ITEMS = 64, SLOT = 20, UNTOUCHED = 0x5a };

static const char *const objects[] = {MEMORY_OBJECT, MEMORY_WAVE64_OBJECT};
static const char *const spaces[] = {"global", "flat", "lds", "flat_lds", "scratch", "flat_scratch"};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct machine {
    rdnasim *sim;
    rdnasim_object *object;
};

static struct machine machine(const char *path) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.threads = 1;
    struct machine m = {.sim = create(&options)};
    m.object = load(m.sim, path);
    return m;
}

static rdnasim_status run(const struct machine *m, const char *kernel, const uint64_t *args, size_t bytes,
                          rdnasim_report *report) {
    const rdnasim_kernel *k = rdnasim_find_kernel(m->object, kernel);
    if (!k) fail_msg("no kernel %s", kernel);
    rdnasim_launch launch = launch_of(ITEMS, ITEMS, args, bytes);
    return rdnasim_run(m->sim, k, &launch, NULL, report);
}

/* ---- loads and stores ---------------------------------------------------------------------------------- */

/* How a value of `bytes` bytes lies in its register: from which bit, and whether the rest is kept. */
struct form {
    unsigned bytes, shift;
    bool is_signed, keeps;
};

static const struct form loads[] = {
    {1, 0, false, false}, {1, 0, true, false},  {2, 0, false, false},  {2, 0, true, false},
    {4, 0, false, false}, {8, 0, false, false}, {12, 0, false, false}, {16, 0, false, false},
    {1, 0, false, true},  {1, 0, true, true},   {2, 0, false, true},   {1, 16, false, true},
    {1, 16, true, true},  {2, 16, false, true},
};
static const struct form stores[] = {
    {1, 0, 0, 0},  {2, 0, 0, 0},  {4, 0, 0, 0},  {8, 0, 0, 0},
    {12, 0, 0, 0}, {16, 0, 0, 0}, {1, 16, 0, 0}, {2, 16, 0, 0},
};

static void fill_random(void *to, size_t bytes, uint64_t seed) {
    for (size_t n = 0; n < bytes; n++) ((unsigned char *)to)[n] = (unsigned char)random_at(seed, n);
}

static uint32_t loaded_dword(const struct form *f, const unsigned char *p, unsigned n) {
    uint32_t value = 0;
    unsigned bytes = f->bytes < 4 ? f->bytes : 4;
    memcpy(&value, p + 4 * n, bytes);
    if (f->is_signed && value >> (8 * bytes - 1)) value |= ~UINT32_C(0) << 8 * bytes;
    if (!f->keeps) return value;
    return (UINT32_C(0xa5a5a5a5) & ~(UINT32_C(0xffff) << f->shift)) | (value & 0xffff) << f->shift;
}

static void check_loads(const struct machine *m, const char *kernel) {
    unsigned char memory[ITEMS * SLOT];
    static uint32_t out[COUNT(loads)][ITEMS][4];
    fill_random(memory, sizeof memory, 1);
    memset(out, UNTOUCHED, sizeof out);
    const uint64_t args[] = {bind(m->sim, memory, sizeof memory, RDNASIM_READ, "memory"),
                             bind(m->sim, out, sizeof out, RDNASIM_WRITE, "out")};
    rdnasim_report report;
    assert_ok(run(m, kernel, args, sizeof args, &report), report);
    for (unsigned row = 0; row < COUNT(loads); row++)
        for (unsigned lane = 0; lane < ITEMS; lane++)
            for (unsigned n = 0; n < (loads[row].bytes + 3) / 4; n++) {
                uint32_t expected = loaded_dword(&loads[row], memory + SLOT * lane + 1, n);
                if (out[row][lane][n] != expected)
                    fail_msg("%s, row %u, lane %u, dword %u: 0x%08x, expected 0x%08x", kernel, row, lane, n,
                             out[row][lane][n], expected);
            }
    for (unsigned n = 0; n < 2; n++) assert_ok(rdnasim_unbind(m->sim, args[n], &report), report);
}

static void check_stores(const struct machine *m, const char *kernel) {
    static unsigned char memory[COUNT(stores)][ITEMS][SLOT];
    memset(memory, UNTOUCHED, sizeof memory);
    uint64_t address = bind(m->sim, memory, sizeof memory, RDNASIM_WRITE, "memory");
    rdnasim_report report;
    assert_ok(run(m, kernel, &address, sizeof address, &report), report);
    for (unsigned row = 0; row < COUNT(stores); row++)
        for (unsigned lane = 0; lane < ITEMS; lane++) {
            unsigned char expected[SLOT];
            uint32_t data[4];
            memset(expected, UNTOUCHED, sizeof expected);
            for (unsigned n = 0; n < 4; n++) data[n] = (4 * lane + n + 1) * 0x9e3779b9;
            memcpy(expected + 1, (unsigned char *)data + stores[row].shift / 8, stores[row].bytes);
            if (memcmp(memory[row][lane], expected, SLOT) != 0)
                fail_msg("%s, row %u, lane %u: wrong bytes", kernel, row, lane);
        }
    assert_ok(rdnasim_unbind(m->sim, address, &report), report);
}

static void widths_in_all_spaces(void **state) {
    (void)state;
    for (unsigned o = 0; o < COUNT(objects); o++) {
        struct machine m = machine(objects[o]);
        for (unsigned s = 0; s < COUNT(spaces); s++) {
            char kernel[32];
            snprintf(kernel, sizeof kernel, "loads_%s", spaces[s]);
            check_loads(&m, kernel);
            snprintf(kernel, sizeof kernel, "stores_%s", spaces[s]);
            check_stores(&m, kernel);
        }
        rdnasim_destroy(m.sim);
    }
}

/* ---- two addresses ------------------------------------------------------------------------------------- */

static void check_pairs(const char *path) {
    static const struct {
        unsigned dwords, at[4]; /* LDS words relative to twice the lane */
    } rows[] = {{2, {1, 5, 0, 0}},         {2, {64, 192, 0, 0}}, {4, {4, 5, 14, 15}},
                {4, {128, 129, 256, 257}}, {2, {0, 1, 0, 0}},    {4, {128, 129, 256, 257}}};
    static struct {
        uint32_t old[COUNT(rows)][ITEMS][4], words[1024];
    } out;
    uint32_t words[1024];
    memset(&out, UNTOUCHED, sizeof out);
    for (unsigned n = 0; n < COUNT(words); n++) words[n] = 1000 + n;
    struct machine m = machine(path);
    uint64_t address = bind(m.sim, &out, sizeof out, RDNASIM_WRITE, "out");
    rdnasim_report report;
    assert_ok(run(&m, "pairs", &address, sizeof address, &report), report);
    for (unsigned row = 0; row < COUNT(rows); row++)
        for (unsigned lane = 0; lane < ITEMS; lane++)
            for (unsigned n = 0; n < rows[row].dwords; n++) {
                uint32_t *word = &words[2 * lane + rows[row].at[n]];
                if (out.old[row][lane][n] != *word)
                    fail_msg("row %u, lane %u, dword %u: %u, expected %u", row, lane, n,
                             out.old[row][lane][n], *word);
                if (row == 4) *word = 10 * lane + 2 * n;
                if (row == 5) *word = 10 * lane + n;
            }
    assert_memory_equal(out.words, words, sizeof words);
    rdnasim_destroy(m.sim);
}

static void two_addresses(void **state) {
    (void)state;
    for (unsigned o = 0; o < COUNT(objects); o++) check_pairs(objects[o]);
}

/* ---- atomics ------------------------------------------------------------------------------------------- */

#define NEGATIVE(n) ((uint64_t)0 - (n))
#define ONE_F       0x3f800000u
#define TWO_F       0x40000000u
#define THREE_F     0x40400000u

static const struct atomic {
    const char *kernel;
    unsigned bits;
    uint64_t memory, data, data2, expected;
} atomics[] = {
    {"global_swap_b32", 32, 5, 9, 0, 9},
    {"global_add_u32", 32, 0xffffffff, 3, 0, 2},
    {"global_sub_u32", 32, 1, 3, 0, 0xfffffffe},
    {"global_csub_u32", 32, 9, 3, 0, 6},
    {"global_csub_u32", 32, 1, 3, 0, 0},
    {"global_min_i32", 32, 1, 0xffffffff, 0, 0xffffffff},
    {"global_min_u32", 32, 1, 0xffffffff, 0, 1},
    {"global_max_i32", 32, 1, 0xffffffff, 0, 1},
    {"global_max_u32", 32, 1, 0xffffffff, 0, 0xffffffff},
    {"global_and_b32", 32, 12, 10, 0, 8},
    {"global_or_b32", 32, 12, 10, 0, 14},
    {"global_xor_b32", 32, 12, 10, 0, 6},
    {"global_inc_u32", 32, 4, 5, 0, 5},
    {"global_inc_u32", 32, 5, 5, 0, 0},
    {"global_dec_u32", 32, 5, 5, 0, 4},
    {"global_dec_u32", 32, 0, 5, 0, 5},
    {"global_dec_u32", 32, 6, 5, 0, 5},
    {"global_min_f32", 32, TWO_F, ONE_F, 0, ONE_F},
    {"global_max_f32", 32, TWO_F, ONE_F, 0, TWO_F},
    {"global_add_f32", 32, TWO_F, ONE_F, 0, THREE_F},
    {"global_cmpswap_b32", 32, 7, 9, 7, 9},
    {"global_cmpswap_b32", 32, 7, 9, 8, 7},
    {"global_cmpswap_f32", 32, 0x80000000, ONE_F, 0, ONE_F}, /* -0 equals 0 */
    {"global_swap_b64", 64, 5, NEGATIVE(9), 0, NEGATIVE(9)},
    {"global_add_u64", 64, 0xffffffff, 3, 0, 0x100000002},
    {"global_sub_u64", 64, 1, 3, 0, NEGATIVE(2)},
    {"global_min_i64", 64, 1, NEGATIVE(1), 0, NEGATIVE(1)},
    {"global_min_u64", 64, 1, NEGATIVE(1), 0, 1},
    {"global_max_i64", 64, 1, NEGATIVE(1), 0, 1},
    {"global_max_u64", 64, 1, NEGATIVE(1), 0, NEGATIVE(1)},
    {"global_and_b64", 64, 12ull << 32, 10ull << 32, 0, 8ull << 32},
    {"global_or_b64", 64, 12ull << 32, 10, 0, 12ull << 32 | 10},
    {"global_xor_b64", 64, 12ull << 32, 10ull << 32, 0, 6ull << 32},
    {"global_inc_u64", 64, 1ull << 40, 1ull << 40, 0, 0},
    {"global_dec_u64", 64, 0, 1ull << 40, 0, 1ull << 40},
    {"global_cmpswap_b64", 64, 7ull << 32, 9, 7ull << 32, 9},
    {"flat_cmpswap_b32", 32, 7, 9, 7, 9},
    {"flat_cmpswap_f32", 32, ONE_F, 9, ONE_F, 9},
    {"flat_cmpswap_b64", 64, 7ull << 32, 9, 7, 7ull << 32},
    {"ds_storexchg_b32", 32, 5, 9, 0, 9},
    {"ds_add_u32", 32, 0xffffffff, 3, 0, 2},
    {"ds_sub_u32", 32, 1, 3, 0, 0xfffffffe},
    {"ds_rsub_u32", 32, 1, 3, 0, 2},
    {"ds_inc_u32", 32, 5, 5, 0, 0},
    {"ds_dec_u32", 32, 0, 5, 0, 5},
    {"ds_min_i32", 32, 1, 0xffffffff, 0, 0xffffffff},
    {"ds_max_i32", 32, 1, 0xffffffff, 0, 1},
    {"ds_min_u32", 32, 1, 0xffffffff, 0, 1},
    {"ds_max_u32", 32, 1, 0xffffffff, 0, 0xffffffff},
    {"ds_and_b32", 32, 12, 10, 0, 8},
    {"ds_or_b32", 32, 12, 10, 0, 14},
    {"ds_xor_b32", 32, 12, 10, 0, 6},
    {"ds_min_f32", 32, TWO_F, ONE_F, 0, ONE_F},
    {"ds_max_f32", 32, TWO_F, ONE_F, 0, TWO_F},
    {"ds_add_f32", 32, TWO_F, ONE_F, 0, THREE_F},
    {"ds_cmpstore_b32", 32, 7, 9, 7, 9},
    {"ds_cmpstore_b32", 32, 7, 9, 8, 7},
    {"ds_cmpstore_f32", 32, 0x80000000, ONE_F, 0, ONE_F},
    {"ds_mskor_b32", 32, 0xff, 0x0f, 0x31, 0xf1}, /* (memory & ~data) | data2 */
    {"ds_wrap_b32", 32, 9, 4, 20, 5},             /* memory >= data ? memory - data : memory + data2 */
    {"ds_wrap_b32", 32, 3, 4, 20, 23},
    {"ds_storexchg_b64", 64, 5, NEGATIVE(9), 0, NEGATIVE(9)},
    {"ds_add_u64", 64, 0xffffffff, 3, 0, 0x100000002},
    {"ds_sub_u64", 64, 1, 3, 0, NEGATIVE(2)},
    {"ds_rsub_u64", 64, 3, 1, 0, NEGATIVE(2)},
    {"ds_inc_u64", 64, 1ull << 40, 1ull << 40, 0, 0},
    {"ds_dec_u64", 64, 0, 1ull << 40, 0, 1ull << 40},
    {"ds_min_i64", 64, 1, NEGATIVE(1), 0, NEGATIVE(1)},
    {"ds_max_i64", 64, 1, NEGATIVE(1), 0, 1},
    {"ds_min_u64", 64, 1, NEGATIVE(1), 0, 1},
    {"ds_max_u64", 64, 1, NEGATIVE(1), 0, NEGATIVE(1)},
    {"ds_and_b64", 64, 12ull << 32, 10ull << 32, 0, 8ull << 32},
    {"ds_or_b64", 64, 12ull << 32, 10, 0, 12ull << 32 | 10},
    {"ds_xor_b64", 64, 12ull << 32, 10ull << 32, 0, 6ull << 32},
    {"ds_cmpstore_b64", 64, 7ull << 32, 9, 7ull << 32, 9},
    {"ds_mskor_b64", 64, 0xffull << 32, 0x0full << 32, 0x31ull << 32, 0xf1ull << 32},
};

/* A 32-bit atomic must leave the other half of the 8 bytes alone. */
static void check_atomic(const struct machine *m, const struct atomic *a) {
    uint64_t memory[ITEMS], out[ITEMS], above = a->bits == 32 ? UINT64_C(0xabcdef01) << 32 : 0;
    for (unsigned l = 0; l < ITEMS; l++) memory[l] = a->memory | above;
    memset(out, UNTOUCHED, sizeof out);
    const uint64_t args[] = {bind(m->sim, memory, sizeof memory, RDNASIM_READ | RDNASIM_WRITE, "memory"),
                             bind(m->sim, out, sizeof out, RDNASIM_WRITE, "out"), a->data, a->data2};
    rdnasim_report report;
    assert_ok(run(m, a->kernel, args, sizeof args, &report), report);
    for (unsigned l = 0; l < ITEMS; l++)
        if (memory[l] != (a->expected | above) || out[l] != a->memory)
            fail_msg("%s, lane %u: leaves 0x%llx and returns 0x%llx, expected 0x%llx and 0x%llx", a->kernel,
                     l, (unsigned long long)memory[l], (unsigned long long)out[l],
                     (unsigned long long)(a->expected | above), (unsigned long long)a->memory);
    for (unsigned n = 0; n < 2; n++) assert_ok(rdnasim_unbind(m->sim, args[n], &report), report);
}

static void atomics_return_and_leave(void **state) {
    (void)state;
    for (unsigned o = 0; o < COUNT(objects); o++) {
        struct machine m = machine(objects[o]);
        for (unsigned n = 0; n < COUNT(atomics); n++) check_atomic(&m, &atomics[n]);
        rdnasim_destroy(m.sim);
    }
}

/* ---- wild accesses ------------------------------------------------------------------------------------- */

enum { MEMORY_BYTES = 256, LDS_BYTES = 4096 };

static const struct wild {
    const char *kernel;
    uint32_t offset, stride; /* of lane 0, and to the next */
    uint32_t lane, bytes;    /* of the report */
    unsigned access;
    const char *text;
} wild[] = {
    {"global_store_b32", 256 - 4 * 20, 4, 20, 4, 3, "0 bytes past the end of buffer 'memory'"},
    {"global_store_b32", 4, 4, 0, 4, RDNASIM_READ, "in the read-only buffer 'memory'"},
    {"global_store_b64", 256 - 4, 0, 0, 8, 3, "4 of them past the end of buffer 'memory'"},
    {"global_store_b32", 0xfffff000, 4, 0, 4, 3, "past the end of buffer"},
    {"global_load_u8", 256 - 31, 1, 31, 1, 3, "0 bytes past the end of buffer 'memory'"},
    {"global_load_b64", 0, 8, 0, 8, RDNASIM_WRITE, "in the write-only buffer 'memory'"},
    {"global_atomic", 2, 0, 0, 4, 3, "not aligned"},
    {"global_atomic", 256 - 8, 4, 2, 4, 3, "0 bytes past the end of buffer 'memory'"},
    {"flat_store", 256 - 4 * 7, 4, 7, 4, 3, "0 bytes past the end of buffer 'memory'"},
    {"flat_lds", LDS_BYTES - 4 * 9, 4, 9, 4, 3, "the work-group has 4096 bytes of LDS"},
    {"flat_scratch", 1 << 20, 4, 0, 4, 3, "bytes of scratch"},
    {"scratch_store", 1 << 20, 4, 0, 4, 3, "bytes of scratch"},
    {"lds_store", LDS_BYTES - 2, 4, 0, 4, 3, "the work-group has 4096 bytes of LDS"},
    {"lds_load_b64", LDS_BYTES - 8 * 5 - 1, 8, 5, 8, 3, "the work-group has 4096 bytes of LDS"},
    {"lds_pair", LDS_BYTES - 4, 0, 0, 4, 3, "the work-group has 4096 bytes of LDS"},
    {"lds_atomic", 3, 4, 0, 4, 3, "not a multiple of 4"},
    {"lds_atomic", LDS_BYTES - 4, 4, 1, 4, 3, "the work-group has 4096 bytes of LDS"},
    {"lds_atomic_b64", 4, 8, 0, 8, 3, "not a multiple of 8"},
    {"lds_atomic_b64", 0xfffffff8, 0, 0, 8, 3, "the work-group has 4096 bytes of LDS"},
};

static void check_wild(const struct machine *m, const struct wild *x) {
    unsigned char memory[MEMORY_BYTES], mark[4 * ITEMS], untouched[MEMORY_BYTES];
    memset(untouched, UNTOUCHED, sizeof untouched);
    memcpy(memory, untouched, sizeof memory);
    memcpy(mark, untouched, sizeof mark);
    const uint64_t args[] = {bind(m->sim, memory, sizeof memory, x->access, "memory"),
                             bind(m->sim, mark, sizeof mark, RDNASIM_WRITE, "mark"),
                             x->offset | (uint64_t)x->stride << 32};
    char kernel[64];
    snprintf(kernel, sizeof kernel, "wild_%s", x->kernel);
    rdnasim_report report;
    rdnasim_status status = run(m, kernel, args, sizeof args, &report);
    if (status != RDNASIM_MEMORY_FAULT || report.lane != x->lane || report.bytes != x->bytes ||
        !strstr(report.text, x->text))
        fail_msg("%s at %u: status %d, lane %u, %u bytes, \"%s\"; expected lane %u, %u bytes, \"%s\"", kernel,
                 x->offset, (int)status, report.lane, report.bytes, report.text, x->lane, x->bytes, x->text);
    assert_memory_equal(mark, untouched, sizeof mark);
    assert_memory_equal(memory, untouched, sizeof memory);
    for (unsigned n = 0; n < 2; n++) assert_ok(rdnasim_unbind(m->sim, args[n], &report), report);
}

static void wild_accesses_are_reported(void **state) {
    (void)state;
    for (unsigned o = 0; o < COUNT(objects); o++) {
        struct machine m = machine(objects[o]);
        for (unsigned n = 0; n < COUNT(wild); n++) check_wild(&m, &wild[n]);
        rdnasim_destroy(m.sim);
    }
}

/*
 * Work-item 40 is lane 40 of a wave64, lane 8 of the second wave32; the other lanes of its half do nothing.
 */
static void upper_half_is_reported(void **state) {
    (void)state;
    static const uint32_t lanes[] = {8, 40}, waves[] = {1, 0};
    for (unsigned o = 0; o < COUNT(objects); o++) {
        struct machine m = machine(objects[o]);
        unsigned char memory[MEMORY_BYTES];
        uint32_t mark[ITEMS];
        memset(memory, UNTOUCHED, sizeof memory);
        const uint64_t args[] = {bind(m.sim, memory, sizeof memory, RDNASIM_READ | RDNASIM_WRITE, "memory"),
                                 bind(m.sim, mark, sizeof mark, RDNASIM_WRITE, "mark"),
                                 (MEMORY_BYTES - 4 * 40) | UINT64_C(4) << 32};
        rdnasim_report report;
        assert_int_equal(run(&m, "wild_global_store_b32", args, sizeof args, &report), RDNASIM_MEMORY_FAULT);
        assert_int_equal(report.lane, lanes[o]);
        assert_int_equal(report.wave, waves[o]);
        for (unsigned n = MEMORY_BYTES - 4 * 8; n < MEMORY_BYTES; n++) assert_int_equal(memory[n], UNTOUCHED);
        rdnasim_destroy(m.sim);
    }
}

/* Lanes advance by a byte: the first one that does not fit begins 3 bytes before the end. */
static void scratch_ends_where_it_ends(void **state) {
    (void)state;
    static const char *const kernels[] = {"wild_scratch_store", "wild_flat_scratch"};
    for (unsigned n = 0; n < 2 * COUNT(kernels); n++) {
        struct machine m = machine(objects[n / 2]);
        const char *kernel = kernels[n % 2];
        uint32_t mark[ITEMS];
        uint64_t address = bind(m.sim, mark, sizeof mark, RDNASIM_READ | RDNASIM_WRITE, "mark");
        const uint64_t args[] = {address, address, 8 | UINT64_C(1) << 32};
        rdnasim_report report;
        assert_int_equal(run(&m, kernel, args, sizeof args, &report), RDNASIM_MEMORY_FAULT);
        uint32_t bytes = rdnasim_get_kernel_info(rdnasim_find_kernel(m.object, kernel))->scratch_bytes;
        assert_int_equal((uint32_t)report.address, bytes - 3);
        rdnasim_destroy(m.sim);
    }
}

/* An object without variables is read-only, what the linker makes read-only after relocation included. */
static void own_code_is_read_only(void **state) {
    (void)state;
    for (size_t o = 0; o < COUNT(objects); o++) {
        struct machine m = machine(objects[o]);
        rdnasim_report report;
        assert_int_equal(run(&m, "own_code", NULL, 0, &report), RDNASIM_MEMORY_FAULT);
        assert_non_null(strstr(report.text, "code object"));
        rdnasim_destroy(m.sim);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(widths_in_all_spaces),       cmocka_unit_test(two_addresses),
        cmocka_unit_test(atomics_return_and_leave),   cmocka_unit_test(wild_accesses_are_reported),
        cmocka_unit_test(own_code_is_read_only),      cmocka_unit_test(upper_half_is_reported),
        cmocka_unit_test(scratch_ends_where_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
