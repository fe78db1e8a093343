/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the timing model's table knows of instructions, and the public decoder that it is made with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "observe/timing/table.h"

enum { WORDS = 2 };

static struct row row_of(const char *text, const uint32_t words[WORDS], unsigned wave_size) {
    char found[200];
    uint32_t length = rdnasim_disassemble("gfx1100", words, WORDS, found, sizeof found);
    assert_string_equal(found, text);
    struct table *table = table_create("gfx1100", words, length, wave_size);
    assert_non_null(table);
    assert_int_equal(table->count, length);
    struct row row = table->rows[0];
    table_destroy(table);
    assert_int_equal(row.bytes, 4 * length);
    return row;
}
#define ROW(text, ...) row_of(text, (const uint32_t[WORDS]){__VA_ARGS__}, 32)

static bool has(const uint8_t *list, unsigned count, unsigned reg) {
    for (unsigned n = 0; n < count; n++)
        if (list[n] == reg) return true;
    return false;
}
#define READS(row, reg)  assert_true(has((row).reads, (row).read_count, reg))
#define WRITES(row, reg) assert_true(has((row).writes, (row).write_count, reg))

static void assert_spans(const struct span *spans, unsigned count, const char *expected) {
    char text[100] = "";
    for (unsigned n = 0; n < count; n++)
        snprintf(text + strlen(text), sizeof text - strlen(text), " %d+%d", spans[n].reg, spans[n].count);
    assert_string_equal(text, expected);
}

static void test_vector(void **state) {
    (void)state;
    struct row row = ROW("v_dual_mov_b32 v1, 0 :: v_dual_fmac_f32 v4, v2, v3", 0xca000080, 0x01040702);
    assert_true(row.dual && row.kind == ROW_VALU && row.port == PORT_VALU && row.hold == 1);
    assert_spans(row.sources, row.source_count, " 2+1 3+1 4+1");
    assert_spans(row.results, row.result_count, " 1+1 4+1");
    row = ROW("v_swap_b32 v1, v2", 0x7e02cb02);
    assert_spans(row.results, row.result_count, " 1+1 2+1");
    assert_true(row.wide && row.hold == 2 && row.passes == 1);
    row = ROW("v_dot8_i32_iu4 v0, v1, v2, v0", 0xcc184000, 0x1c020501);
    assert_int_equal(row.hold, 4);
    row = ROW("v_fma_f64 v[0:1], v[2:3], v[4:5], v[6:7]", 0xd6140000, 0x041a0902);
    assert_spans(row.sources, row.source_count, " 2+2 4+2 6+2");
    assert_true(row.hold == 32 && row.passes == 30 && row.result == 9);
    /* A wave of 64 lanes goes in two halves. */
    static const uint32_t add[WORDS] = {0x06060501};
    assert_int_equal(row_of("v_add_f32_e32 v3, v1, v2", add, 64).hold, 2);
    assert_int_equal(row_of("v_add_f32_e32 v3, v1, v2", add, 32).hold, 1);
}

/* Masks are read late; in the long encoding all scalar registers of the instruction are. */
static void test_masks(void **state) {
    (void)state;
    struct row row = ROW("v_cndmask_b32_e64 v0, s3, v1, s5", 0xd5010000, 0x00160203);
    READS(row, 3);
    READS(row, 5);
    assert_int_equal(row.mask_reads, 3);
    row = ROW("v_cndmask_b32_e32 v0, s3, v1, vcc_lo", 0x02000203);
    READS(row, SCALAR_VCC);
    assert_int_equal(row.mask_reads, 2);
    row = ROW("v_add_co_u32 v1, vcc_lo, s6, v1", 0xd7006a01, 0x00020206);
    WRITES(row, SCALAR_VCC);
    assert_true(row.scalar_result && row.scalar_source && !row.mask_reads);
    row = ROW("v_cmpx_eq_u32_e32 0, v0", 0x7d940080);
    WRITES(row, SCALAR_EXEC);
    row = ROW("v_readlane_b32 s3, v1, 0", 0xd7600003, 0x00010101);
    WRITES(row, 3);
    assert_true(row.scalar_result);
}

static void test_scalar(void **state) {
    (void)state;
    struct row row = ROW("s_and_saveexec_b32 s4, vcc_lo", 0xbe84206a);
    assert_true(row.kind == ROW_SALU && row.port == PORT_SCALAR);
    READS(row, SCALAR_VCC);
    READS(row, SCALAR_EXEC);
    WRITES(row, 4);
    WRITES(row, SCALAR_EXEC);
    WRITES(row, SCALAR_SCC);
    row = ROW("s_cbranch_execz 1", 0xbfa50001);
    assert_int_equal(row.kind, ROW_BRANCH);
    READS(row, SCALAR_EXEC);
    row = ROW("s_cbranch_scc0 65534", 0xbfa1fffe);
    READS(row, SCALAR_SCC);
}

static void test_memory(void **state) {
    (void)state;
    struct row row = ROW("global_store_b128 v[4:5], v[0:3], off", 0xdc760000, 0x007c0004);
    assert_true(row.kind == ROW_VMEM && row.registers == 6 && row.store);
    assert_int_equal(row.counters, 1u << RDNASIM_COUNTER_VS);
    row = ROW("ds_load_2addr_b32 v[2:3], v1 offset1:1", 0xd8dc0100, 0x02000001);
    assert_true(row.kind == ROW_LDS && row.registers == 1 && row.dwords == 2 && !row.store);
    assert_int_equal(row.counters, 1u << RDNASIM_COUNTER_LGKM);
    row = ROW("s_waitcnt lgkmcnt(0)", 0xbf89fc07);
    assert_true(row.kind == ROW_IMMEDIATE && row.waits[RDNASIM_COUNTER_LGKM] == 0);
}

/* instid0 is about the next instruction that takes time, instid1 about one that is counted on from there. */
static void test_delays(void **state) {
    (void)state;
    static const uint32_t code[] = {0xbf8704a2 /* VALU_DEP_2 | SKIP_1 | SALU_CYCLE_1 */,
                                    0x7e020281,
                                    0xbf870001,
                                    0x7e040281,
                                    0xbe840080,
                                    0xbfb00000};
    struct table *table = table_create("gfx1100", code, sizeof code / sizeof code[0], 32);
    assert_non_null(table);
    assert_int_equal(table->rows[0].kind, ROW_DELAY);
    assert_true(table->rows[1].delay_count == 1 && table->rows[1].delays[0] == 2);
    assert_true(table->rows[3].delay_count == 1 && table->rows[3].delays[0] == 1);
    assert_true(table->rows[4].delay_count == 1 && table->rows[4].delays[0] == 9);
    table_destroy(table);
}

/* What is no instruction is known as such; the second dword of one has no row of its own. */
static void test_code(void **state) {
    (void)state;
    static const uint32_t code[] = {0xffffffff, 0xdc760000, 0x007c0004, 0xbfb00000, 0xdc760000};
    struct table *table = table_create("gfx1100", code, sizeof code / sizeof code[0], 32);
    static const int kinds[] = {ROW_NONE, ROW_VMEM, ROW_NONE, ROW_END, ROW_NONE /* cut off */};
    assert_non_null(table);
    for (size_t n = 0; n < table->count; n++) assert_int_equal(table->rows[n].kind, kinds[n]);
    assert_int_equal(table->rows[3].pc, 12);
    table_destroy(table);
    assert_null(table_create("gfx1100", code, ((size_t)1 << 24) + 1, 32));
}

static void test_decode(void **state) {
    (void)state;
    static const uint32_t pair[] = {0xca000080, 0x01040702}, none[] = {0xffffffff};
    rdnasim_instruction out[2];
    assert_int_equal(rdnasim_decode("gfx1100", pair, 2, 40, out), 2);
    assert_string_equal(out[0].opcode, "v_mov_b32");
    assert_true(out[0].dual == &out[1] && out[0].pc == 40 && out[0].bytes == 8 && out[0].encoding == pair);
    assert_string_equal(out[1].opcode, "v_fmac_f32");
    assert_true(!out[1].dual && out[1].encoding == pair && out[1].destination.reg == 4);
    assert_int_equal(rdnasim_decode(NULL, pair, 2, 0, out), 2); /* the default's */
    memset(out, 0x5a, sizeof out);
    rdnasim_instruction before = out[0];
    assert_int_equal(rdnasim_decode("gfx1100", pair, 1, 0, out), 0); /* cut off */
    assert_int_equal(rdnasim_decode("gfx1100", pair, 0, 0, out), 0);
    assert_int_equal(rdnasim_decode("gfx1100", none, 1, 0, out), 0);
    assert_int_equal(rdnasim_decode("gfx900", pair, 2, 0, out), 0);
    assert_memory_equal(&before, &out[0], sizeof before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector), cmocka_unit_test(test_masks),  cmocka_unit_test(test_scalar),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_delays), cmocka_unit_test(test_code),
        cmocka_unit_test(test_decode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
