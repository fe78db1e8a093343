/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Branches, calls, relative registers and MODE against their second model, drawn as machine code; and a check
 * that every scalar operation is somewhere.
 */
#include "flow.h"
#include "salu.h"
#include "scalar_code.h"

enum { ROUNDS = 4000, CODE_DWORDS = 0x20000 };

/* The fields of MODE that the ISA guide names. */
enum { MODE_BITS = 0x8bfffff };

static const uint64_t code_address = UINT64_C(5) << SLOT_SHIFT | 0xfff00; /* near a carry into bit 20 */

static bool has_row(enum op op) {
    struct wave from = {0}, to;
    struct fields x = {.k = HWREG_MODE};
    return model_flow(op, &x, &from, &to);
}

static void draw_wave(struct machine *m) {
    static struct group groups[] = {{.wave_count = 1}, {.wave_count = 2}};
    draw_scalar_state(m);
    uint64_t r = draw();
    m->w.group = &groups[r >> 62 & 1];
    m->w.scratch_bytes = r >> 63 ? 16 : 0;
    m->w.mode = (uint32_t)r & MODE_BITS;
    m->w.code_address = code_address;
    m->w.code_dwords = CODE_DWORDS;
    m->w.pc = 0x8000 + (uint32_t)(r >> 32) % 0x10000; /* from where every offset stays in the code */
    m->w.next = m->w.pc + 1;
}

static unsigned draw_sgpr(void) { return draw() % 105; }

/* M0 that leads from a register to one of those that may be indexed; `base` is changed where need be. */
static uint32_t draw_index(unsigned *base, unsigned dwords) {
    unsigned last = 108 - dwords, target = draw() % (last + 1);
    if (dwords == 2) target &= ~1u;
    if (target < *base) *base = target & (dwords == 2 ? ~1u : ~0u);
    return target - *base + (dwords == 2 && draw() & 1);
}

static uint16_t draw_register_field(unsigned hwreg) {
    uint64_t r = draw();
    unsigned offset = r % 32, size = 1 + (unsigned)(r >> 8) % (32 - offset);
    return (uint16_t)(hwreg | offset << 6 | (size - 1) << 11);
}

static void draw_instruction(enum op op, struct machine *m, struct fields *x, uint32_t code[2]) {
    const struct op_info *info = op_info(op);
    const struct encoding *e = encoding_of(op);
    unsigned source = draw_source(type_dwords(info->src[0])), dwords = type_dwords(info->dst);
    *x = (struct fields){.d = draw_register(dwords), .k = (uint16_t)draw()};
    code[1] = draw_bits();
    switch ((unsigned)op) {
    case OP_s_setpc_b64:
    case OP_s_swappc_b64: {
        source = draw_sgpr() & ~1u;
        uint64_t address = code_address + 4 * (draw() % CODE_DWORDS);
        m->w.s[source] = (uint32_t)address;
        m->w.s[source + 1] = (uint32_t)(address >> 32);
        break;
    }
    case OP_s_movrels_b32:
    case OP_s_movrels_b64: source = draw_sgpr() & (dwords == 2 ? ~1u : ~0u); break;
    case OP_s_movreld_b32:
    case OP_s_movreld_b64: x->d = draw_sgpr() & (dwords == 2 ? ~1u : ~0u); break;
    case OP_s_movrelsd_2_b32: source = draw_sgpr(), x->d = draw_sgpr(); break;
    case OP_s_subvector_loop_begin:
    case OP_s_subvector_loop_end:
        x->d = draw_sgpr();
        m->w.wave_size = 64;
        if (draw() & 1) m->w.s[x->d] = 0;
        break;
    case OP_s_getreg_b32: x->k = draw_register_field(draw() & 1 ? HWREG_MODE : HWREG_STATUS); break;
    case OP_s_setreg_b32:
    case OP_s_setreg_imm32_b32: x->k = draw_register_field(HWREG_MODE); break;
    case OP_s_wait_idle:
    case OP_s_wakeup:
    case OP_s_icache_inv:
    case OP_s_ttracedata: x->k = 0; break; /* have no operand */
    }
    switch ((unsigned)op) {
    case OP_s_movrels_b32:
    case OP_s_movrels_b64: m->w.s[SREG_M0] = draw_index(&source, dwords); break;
    case OP_s_movreld_b32:
    case OP_s_movreld_b64: m->w.s[SREG_M0] = draw_index(&x->d, dwords); break;
    case OP_s_movrelsd_2_b32:
        m->w.s[SREG_M0] = draw_index(&source, 1) | draw_index(&x->d, 1) << 16 | (draw_bits() & 0xfc00fc00);
        break;
    }
    x->a = source;
    switch (e->format) {
    case FMT_SOP1: code[0] = 0x17du << 23 | x->d << 16 | e->opcode << 8 | source; break;
    case FMT_SOPK: code[0] = 0xbu << 28 | e->opcode << 23 | x->d << 16 | x->k; break;
    case FMT_SOPP: code[0] = 0x17fu << 23 | e->opcode << 16 | x->k; break;
    default: fail_msg("%s has another format", info->name);
    }
    if (op == OP_s_setreg_b32) source = x->d;
    if (op == OP_s_setreg_imm32_b32) source = FIELD_LITERAL;
    x->value = source_value(&m->w, source, info->src[0], code[1]);
}

static void every_row_agrees(void **state) {
    (void)state;
    static struct machine start, want, got;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (!has_row(op)) continue;
        bool right = true;
        for (unsigned round = 0; round < ROUNDS && right; round++) {
            uint32_t code[2];
            struct fields x;
            draw_wave(&start);
            draw_instruction(op, &start, &x, code);
            struct inst_pair pair = decoded(code, op);
            got = want = start;
            assert_true(model_flow(op, &x, &start.w, &want.w));
            execute_scalar(&got, &pair);
            want.w.mode &= MODE_BITS;
            got.w.mode &= MODE_BITS;
            right = same_scalar_state(&want, &got);
            if (!right) explain_scalar(&pair, &start, &want, &got);
        }
        wrong += !right;
    }
    assert_int_equal(wrong, 0);
}

/* Scalar operations that have no row here or in salu.c. */
static const struct {
    const char *name, *reason;
} elsewhere[] = {
    {"s_barrier", "is about several waves"},       {"s_endpgm", "ends the wave"},
    {"s_endpgm_saved", "is for the trap handler"}, {"s_endpgm_ordered_ps_done", "is for pixel shaders"},
    {"s_rfe_b64", "is for the trap handler"},      {"s_trap", "enters the trap handler"},
    {"s_sethalt", "stops for the host"},           {"s_setkill", "stops for the host"},
    {"s_code_end", "is not to be reached"},        {"s_sendmsg", "talks to the host"},
    {"s_sendmsghalt", "talks to the host"},        {"s_sendmsg_rtn_b32", "talks to the host"},
    {"s_sendmsg_rtn_b64", "talks to the host"},
};

static void every_operation_has_a_place(void **state) {
    (void)state;
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info(op);
        struct scalar x = {0};
        /* the scalar floats of RDNA 3.5 have a model in test_scalar_float.c */
        if (!starts_with(info->name, "s_") || info->port == RDNASIM_PORT_SMEM || !encoding_of(op)->gfx1100)
            continue;
        unsigned places = has_row(op) + model_scalar(op, &x);
        for (unsigned n = 0; n < sizeof elsewhere / sizeof *elsewhere; n++)
            places += !strcmp(elsewhere[n].name, info->name);
        if (places != 1) fail_msg("%s has %u places", info->name, places);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operation_has_a_place),
                                       cmocka_unit_test(every_row_agrees)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
