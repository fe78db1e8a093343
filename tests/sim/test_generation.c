/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A generation that does not exist, with other opcodes, another first bit, other waits and names: decoder, disassembler and
 * executors take all of that from its descriptor.
 */
#include "support.h"

#include "exec/executors.h"
#include "isa/generation.h"

static struct opcode opcodes[FMT_COUNT][OPCODES_MAX];
static const char *hwregs[64];
static const struct wait_field wait_fields[] = {{"first", COUNTER_LGKM, 0, 4}, {"second", COUNTER_VM, 8, 2}};

/* The uppermost bit of the first dword says the contrary of gfx11's. */
static void decode_first(struct decoder *d, struct inst_pair *pair, uint32_t w) {
    gfx11.decode(d, pair, w ^ 1u << 31);
}

static struct generation generation;
static struct target target;

static int make(void **state) {
    (void)state;
    memcpy(opcodes, gfx11.opcodes, sizeof opcodes);
    struct opcode add = opcodes[FMT_SOP2][0];
    opcodes[FMT_SOP2][0] = opcodes[FMT_SOP2][95];
    opcodes[FMT_SOP2][90] = add;
    opcodes[FMT_SOP2][91] = (struct opcode){OP_s_and_b32 + 1, FEATURE_SALU_FLOAT, 0};
    memcpy(hwregs, gfx11.hwregs, sizeof hwregs);
    hwregs[1] = "OTHER";
    generation = gfx11;
    generation.name = "gfx99";
    generation.opcodes = (const struct opcode(*)[OPCODES_MAX])opcodes;
    generation.decode = decode_first;
    generation.wait_fields = wait_fields;
    generation.wait_field_count = 2;
    generation.hwregs = hwregs;
    target = targets[TARGET_gfx1100];
    target.generation = &generation;
    return 0;
}

enum { SOP2_ADD = 90u << 23, SOP2_AND = 91u << 23, SOURCES = 5 << 16 | 1 << 8 | 2 }; /* s5 from s2 and s1 */

static void decoding(void **state) {
    (void)state;
    struct inst_pair pair;
    const char *reason = NULL;
    uint32_t code = SOP2_ADD | SOURCES;
    assert_int_equal(decode(&target, &code, 1, &pair, &reason), 1);
    assert_int_equal(pair.x.op, OP_s_add_u32);
    assert_true(pair.x.dst.reg == 5 && pair.x.src[0].reg == 2 && pair.x.src[1].reg == 1);
    char text[64];
    disassemble(&generation, 32, &pair.x, text, sizeof text);
    assert_string_equal(text, "s_add_u32 s5, s2, s1");
    code |= 1u << 31; /* of gfx11, and there no opcode of SOP2 */
    assert_int_not_equal(decode(&target, &code, 1, &pair, &reason), 1);
    code = SOURCES; /* s_add_u32 of gfx11 but for the first bit */
    assert_int_equal(decode(&target, &code, 1, &pair, &reason), 0);
    assert_non_null(strstr(reason, "opcode"));
    code = SOP2_AND | SOURCES;
    assert_int_equal(decode(&target, &code, 1, &pair, &reason), 0);
    target.features = FEATURE_SALU_FLOAT;
    assert_int_equal(decode(&target, &code, 1, &pair, &reason), 1);
    target.features = 0;
}

static void waits(void **state) {
    (void)state;
    struct inst_pair pair;
    const char *reason = NULL;
    uint32_t code = 0x3f890000u | 2 << 8 | 11; /* s_waitcnt */
    assert_int_equal(decode(&target, &code, 1, &pair, &reason), 1);
    assert_int_equal(waits_for(&generation, &pair.x, COUNTER_LGKM), 11);
    assert_int_equal(waits_for(&generation, &pair.x, COUNTER_VM), 2);
    assert_int_equal(waits_for(&generation, &pair.x, COUNTER_VS), RDNASIM_NO_WAIT);
    assert_int_equal(waits_for(&generation, &pair.x, COUNTER_EXP), RDNASIM_NO_WAIT);
    char text[64];
    disassemble(&generation, 32, &pair.x, text, sizeof text);
    assert_string_equal(text, "s_waitcnt first(11) second(2)");
    code = 0x38810001u; /* s_getreg_b32 s1, hwreg(1, 0, 1) */
    code |= 31 << 11;
    assert_int_equal(decode(&target, &code, 1, &pair, &reason), 1);
    disassemble(&generation, 32, &pair.x, text, sizeof text);
    assert_string_equal(text, "s_getreg_b32 s1, hwreg(HW_REG_OTHER)");
}

static void executors(void **state) {
    (void)state;
    static exec_fn *mine[OP_COUNT], *known[OP_COUNT], *approximate[OP_COUNT];
    assert_true(executors_bind(mine, &generation, RDNASIM_SIMD_PORTABLE, true));
    assert_true(executors_bind(known, &gfx11, RDNASIM_SIMD_PORTABLE, false));
    assert_true(executors_bind(approximate, &gfx11, RDNASIM_SIMD_PORTABLE, true));
    static const enum op of_gfx11[] = {OP_v_wmma_f32_16x16x16_f16, OP_v_dot2_f32_f16, OP_s_getreg_b32};
    for (size_t n = 0; n < sizeof of_gfx11 / sizeof of_gfx11[0]; n++)
        assert_true(!mine[of_gfx11[n]] && known[of_gfx11[n]]);
    assert_ptr_not_equal(known[OP_v_wmma_f32_16x16x16_f16], approximate[OP_v_wmma_f32_16x16x16_f16]);
    static const enum op shared[] = {OP_v_add_f32, OP_s_add_u32, OP_ds_load_b32, OP_global_load_b32};
    for (size_t n = 0; n < sizeof shared / sizeof shared[0]; n++)
        assert_true(mine[shared[n]] && mine[shared[n]] == known[shared[n]]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(decoding), cmocka_unit_test(waits),
                                       cmocka_unit_test(executors)};
    return cmocka_run_group_tests(tests, make, NULL);
}
