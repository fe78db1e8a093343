/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The LDS unit (X8', I19): passes of an instruction from its lanes' addresses, against a count of its own, and what two
 * SIMDs that share the unit do to each other. "Input": a figure of the model comes out again; "emergent": it follows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observe/timing/lds.h"
#include "random.h"

enum { LANES = 64, BANKS_OF_LDS = 32, DWORDS_MAX = 4, PARTS_MAX = 2 };

struct request {
    uint64_t addresses[PARTS_MAX][LANES];
    rdnasim_event event;
};

static void make(struct request *r, unsigned bytes, uint64_t exec, unsigned parts) {
    r->event = (rdnasim_event){.space = RDNASIM_SPACE_LDS, .bytes = bytes, .exec = exec, .parts = parts};
    r->event.addresses = (const uint64_t (*)[64])r->addresses;
}

static unsigned strided(unsigned bytes, unsigned dwords_apart, uint64_t exec) {
    struct request r;
    make(&r, bytes, exec, 1);
    for (unsigned lane = 0; lane < LANES; lane++) r.addresses[0][lane] = 4u * lane * dwords_apart;
    return lds_passes(&r.event);
}

static unsigned gcd(unsigned a, unsigned b) { return b ? gcd(b, a % b) : a; }

/* Input: without conflicts a dword of 32 lanes takes a pass. Emergent: strides of dwords meet in gcd(stride, 32) lanes. */
static void test_strides(void **state) {
    (void)state;
    assert_int_equal(strided(4, 1, 0xffffffff), 1);
    assert_int_equal(strided(8, 2, 0xffffffff), 2);
    assert_int_equal(strided(16, 4, 0xffffffff), 4);
    for (unsigned stride = 1; stride <= 33; stride++)
        assert_int_equal(strided(4, stride, 0xffffffff), gcd(stride, BANKS_OF_LDS));
    assert_int_equal(strided(8, 32, 0xffffffff), 32);  /* 16 lanes in one pair of banks, twice */
    assert_int_equal(strided(16, 32, 0xffffffff), 32); /* eight lanes in the same four banks, four times */
    assert_int_equal(strided(16, 36, 0xffffffff), 4);  /* padded by 16 bytes */
}

/* Input: lanes that want one dword share it. Emergent: half a wave of 64 lanes takes half as long. */
static void test_lanes(void **state) {
    (void)state;
    assert_int_equal(strided(4, 0, 0xffffffff), 1);
    assert_int_equal(strided(16, 0, 0xffffffff), 4);
    assert_int_equal(strided(4, 32, 1), 1);
    assert_int_equal(strided(4, 32, 0x80000001), 2);
    assert_int_equal(strided(4, 1, UINT64_MAX), 2);
    assert_int_equal(strided(1, 1, 0xffffffff), 1);
    assert_int_equal(strided(4, 1, 0), 1);
}

/* The most distinct dwords that one of 32 banks has in a pass, by sorting. */
static int by_bank(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (x % BANKS_OF_LDS != y % BANKS_OF_LDS) return x % BANKS_OF_LDS < y % BANKS_OF_LDS ? -1 : 1;
    return x < y ? -1 : x > y;
}

static unsigned worst(uint32_t *words, unsigned count) {
    unsigned most = 0, here = 0;
    qsort(words, count, sizeof words[0], by_bank);
    for (unsigned n = 0; n < count; n++) {
        if (n && words[n] == words[n - 1]) continue;
        here = n && words[n] % BANKS_OF_LDS == words[n - 1] % BANKS_OF_LDS ? here + 1 : 1;
        if (here > most) most = here;
    }
    return most;
}

/* Random addresses, lanes and two-address instructions; which lanes are served together is written out again here. */
static void test_random(void **state) {
    (void)state;
    static const char together[4][9] = {"\0\1\2\3\24\25\26\27", "\4\5\6\7\20\21\22\23",
                                        "\10\11\12\13\34\35\36\37", "\14\15\16\17\30\31\32\33"};
    enum { SEED = 7 };
    uint64_t at = 0;
    for (unsigned round = 0; round < 20000; round++) {
        struct request r;
        unsigned dwords = 1u << random_at(SEED, at++) % 3, parts = 1 + random_at(SEED, at++) % PARTS_MAX;
        uint64_t exec = random_at(SEED, at++) | (round % 2 ? 0 : UINT64_MAX);
        if (round % 3) exec &= 0xffffffff;
        unsigned spread = 1u << random_at(SEED, at++) % 12;
        make(&r, 4 * dwords, exec, parts);
        for (unsigned part = 0; part < parts; part++)
            for (unsigned lane = 0; lane < LANES; lane++)
                r.addresses[part][lane] = random_at(SEED, at++) % spread * 4 * dwords;
        unsigned expected = 0;
        for (unsigned part = 0; part < parts; part++)
            for (unsigned half = 0; half < 2; half++)
                for (unsigned pass = 0; pass < dwords; pass++) {
                    uint32_t words[DWORDS_MAX * 32];
                    unsigned count = 0;
                    for (unsigned n = 0; n < 32 / dwords; n++) {
                        unsigned lane = 32 * half + (dwords == 4 ? (unsigned)together[pass][n]
                                                                 : pass * (32 / dwords) + n);
                        for (unsigned d = 0; d < dwords && (exec >> lane & 1); d++)
                            words[count++] = (uint32_t)(r.addresses[part][lane] / 4) + d;
                    }
                    expected += worst(words, count);
                }
        assert_int_equal(lds_passes(&r.event), expected ? expected : 1);
    }
}

/* Input: 28 cycles to the answer of a dword, 34 of four. Emergent: what a conflict and the other SIMD add. */
static void test_unit(void **state) {
    (void)state;
    struct simd_config config;
    simd_config_init(&config);
    struct cu *cu = cu_create(&config);
    const struct row load = {.kind = ROW_LDS, .registers = 1, .dwords = 1};
    const struct row wide = {.kind = ROW_LDS, .registers = 1, .dwords = 4};
    const struct row store = {.kind = ROW_LDS, .registers = 2, .dwords = 1, .store = true};
    cycle done;
    assert_int_equal(lds_request(cu, &load, 0, 100, &done), 100);
    assert_int_equal(done, 128);
    assert_int_equal(lds_request(cu, &wide, 4, 100, &done), 101); /* the entrance is taken for a cycle */
    assert_int_equal(done, 135);
    assert_int_equal(lds_request(cu, &wide, 4, 101, &done), 102); /* the path back is taken until 107 */
    assert_int_equal(done, 141);
    assert_int_equal(lds_request(cu, &load, 8, 200, &done),
                     200); /* seven passes more than without conflicts */
    assert_int_equal(done, 235);
    assert_int_equal(lds_request(cu, &store, 0, 300, &done), 300);
    assert_int_equal(done, 330);
    assert_int_equal(lds_request(cu, &store, 0, 300, &done), 302); /* address and data take two cycles */
    lds_request(cu, &wide, 4, 350, &done);
    lds_request(cu, &store, 0, 351, &done);
    assert_int_equal(done, 384); /* it needs no path back, but the banks behind four passes */
    config.lds_half_rate = 1;
    assert_int_equal(lds_request(cu, &wide, 4, 400, &done), 400);
    assert_int_equal(lds_request(cu, &wide, 4, 400, &done), 401);
    assert_int_equal(done, 442); /* 8 passes instead of 4 */
    cu_destroy(cu);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strides),
        cmocka_unit_test(test_lanes),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
