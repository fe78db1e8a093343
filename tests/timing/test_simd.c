/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The rules of a SIMD on small programs: the cycles at which each instruction issues, from the program's first, and how
 * long after that it executes, follow from the text of the rule. What LLVM calls each word stands beside it and is
 * checked, too. Most cases are input: a figure of rules.def comes out again. Emergent, following from queues and latencies
 * together, are those of queues (valu_queue, salu_queue, lds_queue, wmma_queue, mask_limit) and of several waves.
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

/* I17: 27 cycles to the target of a branch that is taken, 3 to the instruction behind one that is not. */
static const struct line branch[] = {
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 0, 6},
    {"s_branch 0", {0xbfa00000}, 1, NOT_TIMED},
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 28, 6},
    {"s_cbranch_scc0 65534", {0xbfa1fffe}, 29, NOT_TIMED},
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 32, 6},
    {"s_endpgm", {0xbfb00000}, 35, NOT_TIMED},
};

/* I7: twelve entries between issue and execution, each free again 3 cycles behind execution; X3 spaces executions. */
static const struct line valu_queue[] = {
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 0, 9},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 1, 13},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 2, 17},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 3, 21},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 4, 25},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 5, 29},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 6, 33},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 7, 37},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 8, 41},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 9, 45},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 10, 49},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 11, 53},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 12, 57},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 17, 57},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 22, 57},
    {"v_add_f32_e32 v1, v1, v1", {0x06020301}, 27, 57},
    {"s_endpgm", {0xbfb00000}, 30, NOT_TIMED},
};

/* I8: six entries, each free again behind execution; X11: executions 2 cycles apart in a chain, the first one cold. */
static const struct line salu_queue[] = {
    {"s_add_u32 s5, s5, s5", {0x80050505}, 0, 4},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 1, 5},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 2, 6},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 3, 7},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 4, 8},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 5, 9},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 6, 10},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 7, 11},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 9, 11},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 11, 11},
    {"s_add_u32 s5, s5, s5", {0x80050505}, 13, 11},
    {"s_endpgm", {0xbfb00000}, 16, NOT_TIMED},
};

/* I14: the eighth scalar result of a wave waits until the seventh has executed. */
static const struct line mask_limit[] = {
    {"v_cmp_gt_u32_e32 vcc_lo, s4, v0", {0x7c980004}, 0, 9},
    {"v_cmp_gt_u32_e32 vcc_lo, s4, v0", {0x7c980004}, 1, 9},
    {"v_cmp_gt_u32_e32 vcc_lo, s4, v0", {0x7c980004}, 2, 9},
    {"v_cmp_gt_u32_e32 vcc_lo, s4, v0", {0x7c980004}, 3, 9},
    {"v_cmp_gt_u32_e32 vcc_lo, s4, v0", {0x7c980004}, 4, 9},
    {"v_cmp_gt_u32_e32 vcc_lo, s4, v0", {0x7c980004}, 5, 9},
    {"v_cmp_gt_u32_e32 vcc_lo, s4, v0", {0x7c980004}, 6, 9},
    {"v_cmp_gt_u32_e32 vcc_lo, s4, v0", {0x7c980004}, 16, 7},
    {"s_endpgm", {0xbfb00000}, 19, NOT_TIMED},
};

/* I11: SALU directly behind a VALU instruction with a scalar result. */
static const struct line mask_then_salu[] = {
    {"v_cmp_gt_u32_e32 vcc_lo, s4, v0", {0x7c980004}, 0, 9},
    {"s_mov_b32 s7, 0", {0xbe870080}, 5, 2},
    {"s_endpgm", {0xbfb00000}, 8, NOT_TIMED},
};

/* N7: eight LDS instructions in the queue; of two that execute two cycles apart the second leaves one cycle behind. */
static const struct line lds_queue[] = {
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 0, 3},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 1, 4},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 2, 5},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 3, 6},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 4, 7},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 5, 8},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 6, 9},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 7, 10},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 8, 11},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 9, 12},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 10, 13},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 11, 14},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 13, 14},
    {"ds_store_b32 v2, v3", {0xd8340000, 0x00000302}, 14, 15},
    {"s_endpgm", {0xbfb00000}, 17, NOT_TIMED},
};

/* N1: VALU 5 cycles behind the execution of vector memory, and the counter falls when memory says so. */
static const struct line vector_memory[] = {
    {"global_load_b32 v5, v1, s[0:1]", {0xdc520000, 0x05000001}, 0, 3},
    {"v_mov_b32_e32 v4, 0", {0x7e080280}, 8, 6},
    {"s_waitcnt vmcnt(0)", {0xbf8903f7}, 103, NOT_TIMED},
    {"v_mov_b32_e32 v4, 0", {0x7e080280}, 104, 6},
    {"global_store_b32 v1, v0, s[0:1]", {0xdc6a0000, 0x00000001}, 119, 3},
    {"s_endpgm", {0xbfb00000}, 222, NOT_TIMED},
};

/* I4: s_delay_alu directly behind an immediate instruction costs a cycle. */
static const struct line late_delay[] = {
    {"s_nop 0", {0xbf800000}, 0, NOT_TIMED},
    {"s_delay_alu instid0(VALU_DEP_1)", {0xbf870001}, NOT_TIMED, NOT_TIMED},
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 2, 6},
    {"s_endpgm", {0xbfb00000}, 5, NOT_TIMED},
};

/* N4: s_sleep N ends at the N-th edge of a counter of 64 cycles; cycle 1000 lies 24 in front of one. */
static const struct line sleeping[] = {
    {"s_sleep 2", {0xbf830002}, 88, NOT_TIMED},
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 89, 6},
    {"s_endpgm", {0xbfb00000}, 92, NOT_TIMED},
};

/* X7: a matrix product takes 32 cycles, 34 if C is in VGPRs, too; they follow each other without a gap. */
static const struct line products[] = {
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 0, 41},
    {"v_wmma_f32_16x16x16_f16 v[24:31], v[8:15], v[16:23], v[32:39]", {0xcc404018, 0x1c822108}, 1, 74},
    {"v_mov_b32_e32 v40, 1", {0x7e500281}, 2, 74},
    {"s_endpgm", {0xbfb00000}, 5, NOT_TIMED},
};

/* I7: eight instructions from a pending matrix product on; the next one issues a cycle before it ends. */
static const struct line wmma_queue[] = {
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 0, 41},
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 1, 72},
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 2, 103},
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 3, 134},
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 4, 165},
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 5, 196},
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 6, 227},
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 7, 258},
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 40, 257},
    {"v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], 0", {0xcc404000, 0x1a022108}, 72, 257},
    {"s_endpgm", {0xbfb00000}, 75, NOT_TIMED},
};

/* X5: a transcendental result is 10 cycles behind, another unit's instruction is not held. */
static const struct line trans[] = {
    {"v_rcp_f32_e32 v5, v1", {0x7e0a5501}, 0, 9},
    {"v_mov_b32_e32 v6, 1", {0x7e0c0281}, 1, 9},
    {"v_exp_f32_e32 v7, v2", {0x7e0e4b02}, 4, 9},
    {"v_add_f32_e32 v8, v5, v5", {0x06100b05}, 5, 14},
    {"s_endpgm", {0xbfb00000}, 8, NOT_TIMED},
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
    *step = (struct step){.op = s->op[s->at], .taken = !strncmp(s->lines[s->at].text, "s_branch", 8)};
    s->at++;
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

/* ---- several waves, and answers that come later -------------------------------------------------------- */

enum { PAIR = 2 };

struct pair {
    struct script script[PAIR];
    struct table *table;
    struct cu *cu;
    struct simd *simd;
    struct simd_config config;
    unsigned arrived;
    cycle last;
    cycle *pending; /* the answer of memory that is still to come */
};

static void pair_arrive(void *context, void *wave, cycle t) {
    (void)wave;
    struct pair *p = context;
    p->last = t;
    if (++p->arrived < PAIR) return;
    for (unsigned n = 0; n < PAIR; n++) assert_true(simd_release(p->simd, n, p->last) <= p->last + 13);
}
static cycle pair_request(void *context, void *wave, const struct step *step, cycle x, cycle *done) {
    (void)wave, (void)step;
    struct pair *p = context;
    p->pending = done;
    *done = LATER;
    return x + 4; /* the address unit was busy */
}
static const struct surroundings pair_around = {next, fetch, pair_request, pair_arrive, end, issued};

static void open_pair(struct pair *p, unsigned waves, const struct line *lines, size_t count) {
    *p = (struct pair){0};
    simd_config_init(&p->config);
    p->table = assemble(&p->script[0], lines, count);
    p->script[1] = p->script[0];
    p->cu = cu_create(&p->config);
    p->simd = simd_create(&p->config, p->cu, &pair_around, p);
    for (unsigned n = 0; n < waves; n++) assert_true(simd_start(p->simd, n, p->table, &p->script[n], BEGIN));
    assert_false(simd_start(p->simd, 0, p->table, &p->script[0], BEGIN));
}

static void close_pair(struct pair *p) {
    simd_destroy(p->simd);
    cu_destroy(p->cu);
    table_destroy(p->table);
}

static void assert_issues(const struct script *s, const int *cycles) {
    for (size_t n = 0; n < s->count; n++) assert_int_equal(s->issue[n] - BEGIN, cycles[n]);
}

/* clang-format off */
static const struct line two_ports[] = {
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 0, 0},
    {"v_mov_b32_e32 v2, 1", {0x7e040281}, 0, 0},
    {"s_mov_b32 s4, 0", {0xbe840080}, 0, 0},
    {"s_endpgm", {0xbfb00000}, 0, 0},
};
static const struct line meeting[] = {
    {"s_barrier", {0xbfbd0000}, 0, 0},
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 0, 0},
    {"s_endpgm", {0xbfb00000}, 0, 0},
};
static const struct line waiting[] = {
    {"global_load_b32 v5, v1, s[0:1]", {0xdc520000, 0x05000001}, 0, 0},
    {"v_mov_b32_e32 v1, 1", {0x7e020281}, 0, 0},
    {"s_waitcnt vmcnt(0)", {0xbf8903f7}, 0, 0},
    {"s_endpgm", {0xbfb00000}, 0, 0},
};
/* clang-format on */

/* I1, I2: the older wave goes first, and one instruction a cycle at each port. */
static void test_oldest_first(void **state) {
    (void)state;
    struct pair p;
    open_pair(&p, PAIR, two_ports, 4);
    for (cycle now = BEGIN; now != LATER;) now = simd_advance(p.simd, now);
    static const int old[] = {0, 1, 2, 5}, young[] = {2, 3, 4, 7};
    assert_issues(&p.script[0], old);
    assert_issues(&p.script[1], young);
    close_pair(&p);
}

/* I18: 13 cycles behind the last arrival; one arrival a cycle. */
static void test_barrier(void **state) {
    (void)state;
    struct pair p;
    open_pair(&p, PAIR, meeting, 3);
    for (cycle now = BEGIN; now != LATER;) now = simd_advance(p.simd, now);
    static const int old[] = {0, 14, 17}, young[] = {1, 15, 18};
    assert_issues(&p.script[0], old);
    assert_issues(&p.script[1], young);
    close_pair(&p);
}

/* Memory takes the addresses late and answers later still: the SIMD waits, and goes on when it is told. */
static void test_late_answer(void **state) {
    (void)state;
    struct pair p;
    open_pair(&p, 1, waiting, 4);
    cycle now = BEGIN;
    for (cycle soonest = now; soonest != LATER; soonest = simd_advance(p.simd, now)) now = soonest;
    assert_false(p.script[0].ended);
    *p.pending = BEGIN + 300;
    for (now = simd_wake(p.simd, now); now != LATER;) now = simd_advance(p.simd, now);
    static const int cycles[] = {0, 12, 300, 301};
    assert_issues(&p.script[0], cycles);
    assert_int_equal(p.script[0].execute[0] - BEGIN, 7);
    close_pair(&p);
}

/* Every rule has a name and a sentence, every figure a source and a value that switches it off. */
static void test_figures(void **state) {
    (void)state;
    struct simd_config config;
    simd_config_init(&config);
    for (unsigned n = 0; n < simd_rules(); n++) assert_true(simd_rule_name(n)[0] && simd_rule_sentence(n)[0]);
    assert_string_equal(simd_rule_name(simd_rules()), "");
    for (unsigned n = 0; n < simd_figures(); n++) {
        const struct figure *f = simd_figure(n);
        assert_int_equal(simd_find_figure(f->name), n);
        assert_int_equal(*simd_config_figure(&config, n), f->value);
        assert_true(f->sentence[0] && strchr("HML", f->confidence[0]));
    }
    assert_int_equal(simd_find_figure("none"), simd_figures());
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
CHECK(branch)
CHECK(valu_queue)
CHECK(salu_queue)
CHECK(mask_limit)
CHECK(mask_then_salu)
CHECK(lds_queue)
CHECK(vector_memory)
CHECK(late_delay)
CHECK(sleeping)
CHECK(products)
CHECK(wmma_queue)
CHECK(trans)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_raw),        cmocka_unit_test(test_delay),
        cmocka_unit_test(test_immediate),  cmocka_unit_test(test_memory),
        cmocka_unit_test(test_scalar),     cmocka_unit_test(test_masks),
        cmocka_unit_test(test_wide),       cmocka_unit_test(test_branch),
        cmocka_unit_test(test_valu_queue), cmocka_unit_test(test_salu_queue),
        cmocka_unit_test(test_mask_limit), cmocka_unit_test(test_mask_then_salu),
        cmocka_unit_test(test_lds_queue),  cmocka_unit_test(test_vector_memory),
        cmocka_unit_test(test_late_delay), cmocka_unit_test(test_sleeping),
        cmocka_unit_test(test_products),   cmocka_unit_test(test_wmma_queue),
        cmocka_unit_test(test_trans),      cmocka_unit_test(test_oldest_first),
        cmocka_unit_test(test_barrier),    cmocka_unit_test(test_late_answer),
        cmocka_unit_test(test_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
