/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The scalar ALU's operations against their second model. Instructions are drawn as machine code, with every
 * kind of source and destination, decoded and executed; the whole scalar state is compared.
 */
#include "salu.h"
#include "scalar_code.h"

enum { ROUNDS = 4000 }; /* per operation */

static bool has_row(enum op op) {
    struct scalar x = {0};
    return model_scalar(op, &x);
}

/* Destinations for which the order of two writes to EXEC would matter are left out. */
static bool writes_exec(const struct op_info *info) {
    return strstr(info->name, "saveexec") || strstr(info->name, "wrexec");
}

struct drawn {
    uint32_t code[2];
    unsigned d, a, b; /* fields */
};

static struct drawn draw_instruction(enum op op) {
    const struct op_info *info = op_info(op);
    struct drawn x = {.d = draw_register(type_dwords(info->dst)),
                      .a = draw_source(type_dwords(info->src[0])),
                      .b = draw_source(type_dwords(info->src[1]))};
    while (writes_exec(info) && x.d == SREG_EXEC) x.d = draw_register(type_dwords(info->dst));
    const struct encoding *e = encoding_of(op);
    uint32_t opcode = e->opcode;
    x.code[1] = draw_bits();
    switch (e->format) {
    case FMT_SOP1: x.code[0] = 0x17du << 23 | x.d << 16 | opcode << 8 | x.a; break;
    case FMT_SOP2: x.code[0] = 2u << 30 | opcode << 23 | x.d << 16 | x.b << 8 | x.a; break;
    case FMT_SOPC: x.code[0] = 0x17eu << 23 | opcode << 16 | x.b << 8 | x.a; break;
    case FMT_SOPK:
        x.a = x.d;
        x.code[0] = 0xbu << 28 | opcode << 23 | x.d << 16 | (draw_bits() & 0xffff);
        break;
    default: fail_msg("%s is no scalar ALU instruction", info->name);
    }
    return x;
}

static void model(enum op op, const struct drawn *x, const struct machine *from, struct machine *to) {
    const struct op_info *info = op_info(op);
    struct scalar s = {.a = source_value(&from->w, x->a, info->src[0], x->code[1]),
                       .b = source_value(&from->w, x->b, info->src[1], x->code[1]),
                       .k = x->code[0] & 0xffff,
                       .d = source_value(&from->w, x->d, info->dst, 0),
                       .exec = from->w.s[SREG_EXEC] | (uint64_t)from->w.s[SREG_EXEC + 1] << 32,
                       .scc = from->w.scc};
    assert_true(model_scalar(op, &s));
    to->w.s[SREG_EXEC] = (uint32_t)s.exec;
    to->w.s[SREG_EXEC + 1] = (uint32_t)(s.exec >> 32);
    to->w.scc = s.scc;
    for (unsigned n = 0; n < type_dwords(info->dst); n++)
        if (x->d != SREG_NULL) to->w.s[x->d + n] = (uint32_t)(s.d >> 32 * n);
}

static void every_row_agrees(void **state) {
    (void)state;
    static struct machine start, want, got;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (!has_row(op)) continue;
        bool right = true;
        for (unsigned round = 0; round < ROUNDS && right; round++) {
            draw_scalar_state(&start);
            struct drawn x = draw_instruction(op);
            struct inst_pair pair = decoded(x.code, op);
            got = want = start;
            model(op, &x, &start, &want);
            execute_scalar(&got, &pair);
            right = same_scalar_state(&want, &got);
            if (!right) explain_scalar(&pair, &start, &want, &got);
        }
        wrong += !right;
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_agrees)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
