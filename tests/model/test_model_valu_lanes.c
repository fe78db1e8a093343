/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Moves between lanes and between indexed registers against their second model: EXEC down to no lane, lane
 * selects beyond the wave, fetching from inactive lanes, indices beyond the registers.
 */
#include "valu_lanes.h"

enum { ROUNDS = 400 };

static struct inst draw_instruction(enum op op) {
    static const struct operand sgpr = {.kind = OPND_SGPR, .dwords = 1, .type = TYPE_B32};
    struct inst i = instruction(op, format_of(op), 1);
    uint64_t r = draw();
    i.dst.type = i.src[0].type = op_info(op)->dst;
    i.dst.hi = op == OP_v_swap_b16 && r & 1;
    i.src[0].hi = op == OP_v_swap_b16 && r >> 1 & 1;
    i.op_sel = r >> 2 & 3;
    if (r >> 5 & 1) i.dst.reg = i.src[0].reg;
    struct operand scalar[2] = {sgpr, sgpr};
    scalar[0].reg = 8, scalar[1].reg = 9;
    if (r >> 4 & 1) scalar[0] = (struct operand){.kind = OPND_CONST, .type = TYPE_B32, .value = r >> 8 & 63};
    switch ((unsigned)op) {
    case OP_v_readfirstlane_b32:
    case OP_v_readlane_b32:
        i.dst = sgpr, i.dst.reg = 20;
        i.src[1] = scalar[0], i.src_count = op == OP_v_readlane_b32 ? 2 : 1;
        break;
    case OP_v_writelane_b32: i.src[0] = scalar[1], i.src[1] = scalar[0], i.src_count = 2; break;
    case OP_v_permlane16_b32:
    case OP_v_permlanex16_b32: i.src[1] = scalar[0], i.src[2] = scalar[1], i.src_count = 3; break;
    }
    return i;
}

/* Mostly indices that name registers, and both fields used by those that have two. */
static uint32_t draw_index(void) {
    uint64_t r = draw();
    switch (r % 8) {
    case 0: return (uint32_t)(r >> 32);
    case 2: return -(uint32_t)(r >> 8 & 15); /* indices are unsigned */
    case 1: return r >> 8 & 63;
    default: return (uint32_t)((r >> 8 & 31) << 16 | (r >> 16 & 31));
    }
}

static void every_row_agrees(void **state) {
    (void)state;
    static struct machine start, want, got;
    unsigned rows = 0, wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (op_info(op)->port != RDNASIM_PORT_VALU) continue;
        for (unsigned round = 0; round < ROUNDS; round++) {
            draw_machine(&start);
            start.w.s[SREG_M0] = draw_index();
            struct inst i = draw_instruction(op);
            want = start;
            if (!model_lanes(&i, &start, &want)) break;
            rows += !round;
            bool right = true;
            for (unsigned n = 0; n < level_count; n++) {
                got = start;
                execute_wave(table[n], &got, &i);
                right = right && same_registers(&want, &got);
            }
            if (right) continue;
            print_error("%s, wave%u, op_sel %u, m0 %08x, exec %08x %08x\n", op_info(op)->name,
                        start.w.wave_size, i.op_sel, start.w.s[SREG_M0], start.w.s[SREG_EXEC],
                        start.w.s[SREG_EXEC + 1]);
            wrong++;
            break;
        }
    }
    assert_int_equal(rows, 13);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_agrees)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
