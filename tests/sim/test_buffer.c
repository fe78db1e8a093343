/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Buffer instructions: addresses, ranges of all four kinds of check, swizzling, formats, atomics; against a
 * model that walks the descriptor's definition. Every lane has an index and an offset of its own.
 */
#include <math.h>

#include "half.h"
#include "random.h"
#include "support.h"

enum { LANES = 32, BYTES = 4096, UNTOUCHED = 0x5a5a5a5a, SOFFSET = 64 };

struct descriptor {
    uint32_t stride, records, swizzle, index_stride, format, check;
};

struct lane {
    uint32_t index, offset;
};

static uint8_t memory[BYTES + 256];
static uint32_t out[LANES][4];
static struct lane in[LANES];

static rdnasim_status run_kernel(const char *name, struct descriptor d, unsigned checks,
                                 rdnasim_report *report) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.threads = 1;
    options.checks = checks;
    rdnasim *sim = create(&options);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, BUFFER_OBJECT), name);
    if (!kernel) fail_msg("no kernel %s", name);
    uint64_t base = bind(sim, memory, BYTES, RDNASIM_READ | RDNASIM_WRITE, "memory");
    memset(out, 0x77, sizeof out);
    struct {
        uint32_t descriptor[4], soffset, padding;
        uint64_t in, out;
    } args = {{(uint32_t)base, (uint32_t)(base >> 32) | d.stride << 16 | d.swizzle << 30, d.records,
               4u | 5u << 3 | 6u << 6 | 7u << 9 | d.format << 12 | d.index_stride << 21 | d.check << 28},
              SOFFSET,
              0,
              bind(sim, in, sizeof in, RDNASIM_READ, "in"),
              bind(sim, out, sizeof out, RDNASIM_READ | RDNASIM_WRITE, "out")};
    rdnasim_launch launch = launch_of(LANES, LANES, &args, sizeof args);
    rdnasim_status status = rdnasim_run(sim, kernel, &launch, NULL, report);
    rdnasim_destroy(sim);
    return status;
}

static void run(const char *name, struct descriptor d) {
    rdnasim_report report;
    assert_ok(run_kernel(name, d, 0, &report), report);
    assert_ok(run_kernel(name, d, RDNASIM_CHECK_ALL & ~RDNASIM_CHECK_ALIGNMENT, &report), report);
}

static void fill(uint64_t seed, uint32_t indices, uint32_t offsets, uint32_t step) {
    for (size_t n = 0; n < sizeof memory; n++) memory[n] = (uint8_t)random_at(seed, n);
    for (unsigned l = 0; l < LANES; l++)
        in[l] = (struct lane){(uint32_t)(random_at(seed + 1, l) % indices),
                              (uint32_t)(random_at(seed + 2, l) % offsets) * step};
}

/* ---- the model ------------------------------------------------------------------------------------ */

static int64_t place(struct descriptor d, struct lane at) {
    if (!d.swizzle) return SOFFSET + (int64_t)at.index * d.stride + at.offset;
    int64_t element = d.swizzle == 1 ? 4 : d.swizzle == 2 ? 8 : 16, group = INT64_C(8) << d.index_stride;
    int64_t block = at.index / group * (d.stride * group), column = at.offset / element;
    return SOFFSET + block + column * element * group + at.index % group * element + at.offset % element;
}

static int inside(struct descriptor d, struct lane at, uint32_t bytes) {
    if (d.check == 2) return d.records != 0;
    if (d.check == 1) return at.index < d.records;
    if (d.check == 0) return at.index < d.records && at.offset + bytes <= d.stride;
    if (d.swizzle && d.stride) return at.index < d.records && at.offset + bytes <= d.stride;
    return SOFFSET + (uint64_t)at.index * d.stride + at.offset + bytes <= d.records;
}

static uint32_t expected_dword(struct descriptor d, struct lane at, unsigned n) {
    struct lane piece = {at.index, at.offset + 4 * n};
    uint32_t value = 0;
    if (inside(d, piece, 4)) memcpy(&value, memory + place(d, piece), 4);
    return value;
}

/* ---- tests ---------------------------------------------------------------------------------------- */

static const struct {
    struct descriptor d;
    uint32_t indices, offsets;
} layouts[] = {
    {{0, 1024, 0, 0, 1, 3}, 1, 300},  /* raw: bytes */
    {{48, 1024, 0, 0, 1, 3}, 40, 12}, /* raw with a stride */
    {{48, 20, 0, 0, 1, 0}, 40, 16},   /* index and offset */
    {{48, 20, 0, 0, 1, 1}, 40, 9},    /* index */
    {{32, 1, 0, 0, 1, 2}, 40, 5},     /* no check */
    {{32, 0, 0, 0, 1, 2}, 40, 5},     /* no records: nothing */
    {{64, 32, 3, 0, 1, 3}, 40, 4},    /* swizzled by 16 bytes, 8 indices */
    {{64, 30, 3, 1, 1, 1}, 32, 4},    /* ... 16 indices */
};

static void loads_and_stores(void **state) {
    (void)state;
    for (size_t c = 0; c < sizeof layouts / sizeof layouts[0]; c++) {
        struct descriptor d = layouts[c].d;
        fill(c, layouts[c].indices, layouts[c].offsets, d.swizzle ? 16 : 4);
        run("load_b128", d);
        for (unsigned l = 0; l < LANES; l++)
            for (unsigned n = 0; n < 4; n++) {
                uint32_t wanted = expected_dword(d, in[l], n);
                if (out[l][n] != wanted)
                    fail_msg("layout %zu, lane %u, dword %u: %08x, expected %08x", c, l, n, out[l][n],
                             wanted);
            }
        uint8_t before[BYTES];
        memcpy(before, memory, BYTES);
        run("store_b128", d);
        for (unsigned l = 0; l < LANES; l++)
            for (unsigned n = 0; n < 4; n++) {
                struct lane piece = {in[l].index, in[l].offset + 4 * n};
                uint32_t value = UNTOUCHED;
                if (inside(d, piece, 4)) memcpy(before + place(d, piece), &value, 4);
            }
        assert_memory_equal(before, memory, BYTES);
    }
    struct descriptor d = layouts[0].d;
    fill(9, 1, 100, 4);
    run("load_b128_12", d);
    for (unsigned l = 0; l < LANES; l++) {
        struct lane moved = {0, in[l].offset + 12};
        for (unsigned n = 0; n < 4; n++) assert_int_equal(out[l][n], expected_dword(d, moved, n));
    }
}

static void narrow_loads(void **state) {
    (void)state;
    struct descriptor d = {0, 1000, 0, 0, 1, 3};
    static const char *const kernels[] = {"load_u8", "load_i8", "load_u16", "load_d16_hi"};
    for (unsigned k = 0; k < 4; k++) {
        fill(20 + k, 1, 600, 2);
        run(kernels[k], d);
        for (unsigned l = 0; l < LANES; l++) {
            uint16_t half = 0;
            if (inside(d, in[l], k < 2 ? 1 : 2)) memcpy(&half, memory + SOFFSET + in[l].offset, 2);
            const uint32_t wanted[] = {half & 0xff, (uint32_t)(int8_t)half, half,
                                       (uint32_t)half << 16 | 0x5a5a};
            assert_int_equal(out[l][0], wanted[k]);
        }
    }
}

static void atomics(void **state) {
    (void)state;
    struct descriptor d = {4, 100, 0, 0, 1, 1};
    for (unsigned silent = 0; silent < 2; silent++) {
        fill(30, 1, 1, 4);
        for (unsigned l = 0; l < LANES; l++) in[l] = (struct lane){90 + l, 0};
        uint32_t before[LANES];
        memcpy(before, memory + SOFFSET + 360, sizeof before);
        rdnasim_report report;
        assert_ok(run_kernel(silent ? "atomic_silent" : "atomic_add", d, 0, &report), report);
        for (unsigned l = 0; l < LANES; l++) {
            uint32_t now;
            memcpy(&now, memory + SOFFSET + 360 + 4 * l, 4);
            assert_int_equal(now, before[l] + (l < 10 ? UNTOUCHED : 0));
            assert_int_equal(out[l][0], silent ? UNTOUCHED : l < 10 ? before[l] : 0);
        }
    }
}

/* One texel of known bits through each of these formats. */
static void formats(void **state) {
    (void)state;
    static const struct {
        uint32_t format, words[4];
        float values[4];
        uint32_t integers[4]; /* where values[0] is NaN */
    } rows[] = {
        {42, {0x80ff0001}, {1 / 255.0f, 0, 1, 128 / 255.0f}, {0}},        /* 8_8_8_8_UNORM */
        {43, {0x80810140}, {64 / 127.0f, 1 / 127.0f, -1, -1}, {0}},       /* 8_8_8_8_SNORM */
        {44, {0x80ff0102}, {2, 1, 255, 128}, {0}},                        /* 8_8_8_8_USCALED */
        {45, {0x80ff0102}, {2, 1, -1, -128}, {0}},                        /* 8_8_8_8_SSCALED */
        {46, {0x80ff0102}, {NAN}, {2, 1, 255, 128}},                      /* 8_8_8_8_UINT */
        {47, {0x80ff0102}, {NAN}, {2, 1, 0xffffffff, 0xffffff80}},        /* 8_8_8_8_SINT */
        {36, {0xfff00803}, {3 / 1023.0f, 2 / 1023.0f, 1, 1}, {0}},        /* 2_10_10_10_UNORM */
        {57, {0xc0003c00, 0x7c000001}, {1, -2, 0x1p-24f, INFINITY}, {0}}, /* 16_16_16_16_FLOAT */
        {30, {0x3c0u | 0x400u << 11 | 0x1e0u << 22}, {1, 2, 1, 1}, {0}},  /* 10_11_11_FLOAT */
        {22, {0x40490fdb}, {3.14159274f, 0, 0, 1}, {0}},                  /* 32_FLOAT */
        {62, {1, 0x80000000, 3, 4}, {NAN}, {1, 0x80000000, 3, 4}},        /* 32_32_32_32_SINT */
        {5, {0xfe}, {NAN}, {0xfe, 0, 0, 1}},                              /* 8_UINT */
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        struct descriptor d = {16, 32, 0, 0, rows[r].format, 1};
        fill(40, 1, 1, 1);
        for (unsigned l = 0; l < LANES; l++) {
            in[l] = (struct lane){l, 0};
            memcpy(memory + SOFFSET + 16 * l, rows[r].words, 16);
        }
        rdnasim_report report;
        assert_ok(run_kernel("load_format", d, 0, &report), report);
        for (unsigned n = 0; n < 4; n++) {
            uint32_t wanted = isnan(rows[r].values[0]) ? rows[r].integers[n] : float_bits(rows[r].values[n]);
            if (out[7][n] != wanted)
                fail_msg("format %u, component %u: %08x, expected %08x", rows[r].format, n, out[7][n],
                         wanted);
        }
    }
    /* 0x5a5a5a5a is 1.5e16: the largest value, in all components, whatever the format rounds to. */
    struct descriptor d = {16, 32, 0, 0, 42, 1};
    for (unsigned l = 0; l < LANES; l++) memset(memory + SOFFSET + 16 * l, 0, 16);
    rdnasim_report report;
    assert_ok(run_kernel("store_format", d, 0, &report), report);
    for (unsigned l = 0; l < LANES; l++) {
        uint32_t stored[2];
        memcpy(stored, memory + SOFFSET + 16 * l, 8);
        assert_true(stored[0] == 0xffffffff && stored[1] == 0);
    }
    /* The instruction's format, not the descriptor's. */
    fill(41, 1, 1, 1);
    for (unsigned l = 0; l < LANES; l++) {
        in[l] = (struct lane){l, 0};
        static const int16_t pair[] = {-7, 300};
        memcpy(memory + SOFFSET + 16 * l, pair, 4);
    }
    assert_ok(run_kernel("tbuffer_load", d, 0, &report), report);
    const float wanted[] = {-7, 300, 0, 0}; /* nor its choice of components */
    for (unsigned n = 0; n < 4; n++) assert_int_equal(out[3][n], float_bits(wanted[n]));
    d.format = 23; /* 16_16_UNORM to two halves */
    static const uint16_t most[] = {65535, 0};
    memcpy(memory + SOFFSET, most, 4);
    assert_ok(run_kernel("load_d16_format", d, 0, &report), report);
    assert_int_equal(out[0][0], 0x00003c00);
}

static void refusals(void **state) {
    (void)state;
    struct descriptor d = {16, 32, 0, 0, 0, 1};
    fill(50, 32, 1, 1);
    rdnasim_report report;
    assert_int_equal(run_kernel("load_format", d, 0, &report), RDNASIM_ILLEGAL);
    assert_non_null(strstr(report.text, "0 is no format of a buffer"));
    assert_int_equal(run_kernel("load_b128", d, 0, &report), RDNASIM_ILLEGAL);
    assert_non_null(strstr(report.text, "unbound"));
    d = (struct descriptor){0, 1, 0,
                            0, 1, 2}; /* no range: beyond the bound buffer it is a fault all the same */
    for (unsigned l = 0; l < LANES; l++) in[l].offset = l == 5 ? BYTES - 80 : 0;
    assert_int_equal(run_kernel("load_b128", d, 0, &report), RDNASIM_OK);
    in[5].offset = BYTES - 76;
    assert_int_equal(run_kernel("load_b128", d, 0, &report), RDNASIM_MEMORY_FAULT);
    assert_int_equal(report.lane, 5);
    assert_non_null(strstr(report.text, "past the end of buffer 'memory'"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_and_stores), cmocka_unit_test(narrow_loads), cmocka_unit_test(atomics),
        cmocka_unit_test(formats),          cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
