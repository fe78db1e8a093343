/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The rules of a SIMD on small programs: the cycles at which each instruction issues, from the program's first, and how
 * long after that it executes, follow from the text of the rule. What LLVM calls each word stands beside it and is
 * checked, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "observe/timing/simd.h"
#include "observe/timing/table.h"

enum { NOT_TIMED = -1, LINES = 64, BEGIN = 1000 };

struct line {
    const char *text;
    uint32_t words[2];
    int issue,
        execute; /* cycles from the start, and from there; NOT_TIMED: it takes no time, or does not execute */
};

/* clang-format off */
/* X3: what reads a VGPR starts 5 cycles behind the execution of its producer; nothing holds its issue. */
static const struct line raw[] = {
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 0, 6},
    {"v_mov_b32_e32 v2, 1", {0x7e040281}, 1, 6},
    {"v_add_f32_e32 v3, v1, v1", {0x06060301}, 2, 9},
    {"v_add_f32_e32 v5, v3, v3", {0x060a0703}, 3, 13},
    {"s_endpgm", {0xbfb00000}, 6, NOT_TIMED},
};

/* I3: s_delay_alu counts from the producer's issue. */
static const struct line delay[] = {
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 0, 6},
    {"s_delay_alu instid0(VALU_DEP_1)", {0xbf870001}, NOT_TIMED, NOT_TIMED},
    {"v_mov_b32_e32 v2, 1", {0x7e040281}, 5, 6},
    {"s_endpgm", {0xbfb00000}, 8, NOT_TIMED},
};

/* I5: immediate instructions behind others 3 cycles, behind each other 1; I20: s_nop N lasts N + 1. */
static const struct line immediate[] = {
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 0, 6},
    {"s_nop 0", {0xbf800000}, 3, NOT_TIMED},
    {"s_nop 4", {0xbf800004}, 4, NOT_TIMED},
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 9, 6},
    {"s_mov_b32 s4, 0", {0xbe840080}, 10, 2},
    {"s_nop 0", {0xbf800000}, 13, NOT_TIMED},
    {"s_endpgm", {0xbfb00000}, 14, NOT_TIMED},
};

/* I9: memory operations 9 cycles behind the wave's last execution; I19: LDS answers 28 cycles behind its own; N1: VALU 4 behind. */
static const struct line memory[] = {
    {"v_mov_b32_e32 v2, 0", {0x7e040280}, 0, 6},
    {"ds_load_b32 v3, v2", {0xd8d80000, 0x03000002}, 15, 3},
    {"v_mov_b32_e32 v4, 0", {0x7e080280}, 22, 6},
    {"s_waitcnt lgkmcnt(0)", {0xbf89fc07}, 46, NOT_TIMED},
    {"s_endpgm", {0xbfb00000}, 47, NOT_TIMED},
};

/* I12: VALU 5 cycles behind the scalar unit's execution; N6: 8 behind the issue of what reads; N2. */
static const struct line scalar[] = {
    {"s_mov_b32 s2, 0", {0xbe820080}, 0, 2},
    {"v_mov_b32_e32 v1, s2", {0x7e020202}, 7, 7},
    {"s_mov_b32 s2, 1", {0xbe820081}, 15, 2},
    {"s_load_b64 s[0:1], s[0:1], null", {0xf4040000, 0xf8000000}, 22, 4},
    {"s_endpgm", {0xbfb00000}, 25, NOT_TIMED},
};

/* I10: a scalar register that the VALU writes is 9 cycles behind its execution. */
static const struct line masks[] = {
    {"v_cmp_gt_u32_e64 s2, s4, 1", {0xd44c0002, 0x00010204}, 0, 7},
    {"s_mov_b32 s3, s2", {0xbe830002}, 16, 4},
    {"s_endpgm", {0xbfb00000}, 19, NOT_TIMED},
};

/* I6, X2: 64-bit operations hold the port for two cycles, products of integers four; N3 behind a transcendental one. */
static const struct line wide[] = {
    {"v_lshlrev_b64 v[6:7], 2, 1", {0xd73c0006, 0x00010282}, 0, 7},
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 2, 6},
    {"v_mul_lo_u32 v8, 3, 5", {0xd72c0008, 0x00010a83}, 3, 9},
    {"v_mov_b32_e32 v2, 1", {0x7e040281}, 7, 6},
    {"v_rcp_f32_e32 v5, 1.0", {0x7e0a54f2}, 8, 6},
    {"v_lshlrev_b64 v[6:7], 2, 1", {0xd73c0006, 0x00010282}, 12, 7},
    {"s_endpgm", {0xbfb00000}, 15, NOT_TIMED},
};

/* clang-format on */

/* ---- a wave of a program ------------------------------------------------------------------------------ */

struct script {
    const struct line *lines;
    size_t count, at;
    uint32_t op[LINES]; /* the table's row of each line */
    cycle issue[LINES], execute[LINES];
    bool ended;
};

static bool next(void *context, void *wave, struct step *step) {
    (void)context;
    struct script *s = wave;
    if (s->at == s->count) return false;
    *step = (struct step){.op = s->op[s->at++]};
    return true;
}
static cycle fetch(void *context, void *wave, uint64_t previous, uint64_t pc, bool taken, cycle now) {
    (void)context, (void)wave, (void)previous, (void)pc, (void)taken, (void)now;
    return 0;
}
static cycle request(void *context, void *wave, const struct step *step, cycle x, cycle *done) {
    (void)context, (void)wave, (void)step;
    *done = x + 100;
    return x;
}
static void arrive(void *context, void *wave, cycle t) { (void)context, (void)wave, (void)t; }
static void end(void *context, void *wave, cycle t) {
    (void)context, (void)t;
    ((struct script *)wave)->ended = true;
}
static void issued(void *context, void *wave, const struct step *step, cycle issue, cycle execute,
                   unsigned rule, cycle held) {
    (void)context, (void)step, (void)rule, (void)held;
    struct script *s = wave;
    s->issue[s->at - 1] = issue;
    s->execute[s->at - 1] = execute;
}
static const struct surroundings around = {next, fetch, request, arrive, end, issued};

static struct table *assemble(struct script *s, const struct line *lines, size_t count) {
    uint32_t code[2 * LINES];
    size_t at = 0;
    assert_in_range(count, 1, LINES);
    *s = (struct script){.lines = lines, .count = count};
    for (size_t n = 0; n < count; n++) {
        char text[200];
        uint32_t length = rdnasim_disassemble("gfx1100", lines[n].words, 2, text, sizeof text);
        assert_string_equal(text, lines[n].text);
        s->op[n] = (uint32_t)at;
        for (uint32_t w = 0; w < length; w++) code[at++] = lines[n].words[w];
    }
    struct table *table = table_create("gfx1100", code, at, 32);
    assert_non_null(table);
    return table;
}

static void check(const struct line *lines, size_t count) {
    struct script s;
    struct simd_config config;
    struct table *table = assemble(&s, lines, count);
    simd_config_init(&config);
    struct cu *cu = cu_create(&config);
    struct simd *simd = simd_create(&config, cu, &around, NULL);
    assert_true(simd_start(simd, 0, table, &s, BEGIN));
    for (cycle now = BEGIN; now != LATER;) now = simd_advance(simd, now);
    assert_true(s.ended);
    for (size_t n = 0; n < count; n++) {
        if (lines[n].issue == NOT_TIMED) continue;
        if (s.issue[n] - BEGIN != (cycle)lines[n].issue)
            fail_msg("%s issues at %d, not %d", lines[n].text, (int)(s.issue[n] - BEGIN), lines[n].issue);
        if (lines[n].execute != NOT_TIMED && s.execute[n] - s.issue[n] != (cycle)lines[n].execute)
            fail_msg("%s executes after %d, not %d", lines[n].text, (int)(s.execute[n] - s.issue[n]),
                     lines[n].execute);
    }
    simd_destroy(simd);
    cu_destroy(cu);
    table_destroy(table);
}

#define CHECK(name)                                                                                          \
    static void test_##name(void **state) {                                                                  \
        (void)state;                                                                                         \
        check(name, sizeof name / sizeof name[0]);                                                           \
    }
CHECK(raw)
CHECK(delay)
CHECK(immediate)
CHECK(memory)
CHECK(scalar)
CHECK(masks)
CHECK(wide)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw),    cmocka_unit_test(test_delay),  cmocka_unit_test(test_immediate),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_scalar), cmocka_unit_test(test_masks),
        cmocka_unit_test(test_wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
