/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the silicon's dot products compute, bit for bit: the rows recorded on a card, and the second model of
 * dot2_rule.h on random and adversarial operands.
 */
#include "draw.h"
#include "vector_support.h"

static exec_fn *table[3][OP_COUNT];
static struct level levels[3];
static unsigned level_count;
static bool rows_missing; /* the reference data is not part of the repository */

/* ---- recorded rows ------------------------------------------------------------------------------------- */

static unsigned check_file(const char *directory, const char *name, struct kind kind, enum op op) {
    char path[4096];
    unsigned rows = 0, a, b, c, want;
    snprintf(path, sizeof path, "%s/numerics/%s", directory, name);
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("cannot open %s", path);
    while (fscanf(f, "%x %x %x %x", &a, &b, &c, &want) == 4) {
        rows++;
        uint32_t model = dot2_by_the_rule(kind, TO_F32, a, b, c);
        if (model != want)
            fail_msg("%s row %u: the test's model gives %08x, recorded %08x", name, rows, model, want);
        for (unsigned n = 0; n < level_count; n++) {
            struct machine m;
            machine_reset(&m);
            m.v[REG_A] = m.v[REG_A] + a;
            m.v[REG_B] = m.v[REG_B] + b;
            m.v[REG_C] = m.v[REG_C] + c;
            struct inst i = instruction(op, FMT_VOP3P, 3);
            execute(table[n], &m, &i);
            for (unsigned l = 0; l < LANES; l++)
                if (m.v[REG_D][l] != want)
                    fail_msg("%s row %u, %s, lane %u: %08x, recorded %08x", name, rows, levels[n].name, l,
                             m.v[REG_D][l], want);
        }
    }
    fclose(f);
    assert_true(rows > 0);
    return rows;
}

static void recorded_rows(void **state) {
    (void)state;
    const char *directory = getenv("W4A16_REFERENCE_DATA");
    char path[4096];
    snprintf(path, sizeof path, "%s/numerics/dot2_f16_gfx1100.txt", directory ? directory : "");
    FILE *f = directory ? fopen(path, "r") : NULL;
    if (!f) {
        rows_missing = true;
        print_message("W4A16_REFERENCE_DATA names no directory with numerics/dot2_f16_gfx1100.txt\n");
        skip();
    }
    fclose(f);
    unsigned rows = check_file(directory, "dot2_f16_gfx1100.txt", f16, OP_v_dot2_f32_f16) +
                    check_file(directory, "dot2_bf16_gfx1100.txt", bf16, OP_v_dot2_f32_bf16);
    print_message("%u recorded rows at %u SIMD levels\n", rows, level_count);
}

/* ---- random operands ----------------------------------------------------------------------------------- */

/* A C that nearly cancels the products shows the last bits of the sum. */
static uint32_t draw_addend(struct kind k, enum result to, uint32_t a, uint32_t b) {
    uint64_t r = draw();
    if (r % 4 == 0)
        return (dot2_by_the_rule(k, to, a, b, 0) ^ (to == TO_F32 ? 0x80000000 : 0x8000)) +
               (uint32_t)(r >> 8) % 3;
    return to == TO_F32 ? draw_float() : draw_half(to == TO_F16 ? f16 : bf16);
}

static void compare_dot2(enum op op, enum inst_format format, struct kind kind, enum result to) {
    enum { BATCHES = 40000 }; /* of 32 lanes */
    static struct machine m;
    machine_reset(&m);
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        uint32_t want[LANES];
        for (unsigned l = 0; l < LANES; l++) {
            uint32_t a = draw_half(kind) | draw_half(kind) << 16, b = draw_half(kind) | draw_half(kind) << 16;
            if (draw() % 8 == 0) b = a ^ 0x80000000; /* the products cancel */
            uint32_t c = draw_addend(kind, to, a, b);
            m.v[REG_A][l] = a;
            m.v[REG_B][l] = b;
            m.v[REG_C][l] = to == TO_F32 ? c : (c & 0xffff) | 0x55aa0000;
            want[l] = dot2_by_the_rule(kind, to, a, b, to == TO_F32 ? c : c & 0xffff);
        }
        for (unsigned n = 0; n < level_count; n++) {
            m.v[REG_D] = (u32v){0} + 0xdeadbeef;
            struct inst i = instruction(op, format, 3);
            execute(table[n], &m, &i);
            for (unsigned l = 0; l < LANES; l++) {
                uint32_t got = m.v[REG_D][l], expected = to == TO_F32 ? want[l] : want[l] | 0xdead0000;
                if (got != expected)
                    fail_msg("%s, %s: a %08x b %08x c %08x: got %08x, the rule says %08x", op_info(op)->name,
                             levels[n].name, m.v[REG_A][l], m.v[REG_B][l], m.v[REG_C][l], got, expected);
            }
        }
    }
}
static void dot2_f32_f16(void **state) {
    (void)state;
    compare_dot2(OP_v_dot2_f32_f16, FMT_VOP3P, f16, TO_F32);
}
static void dot2_f32_bf16(void **state) {
    (void)state;
    compare_dot2(OP_v_dot2_f32_bf16, FMT_VOP3P, bf16, TO_F32);
}
static void dot2acc(void **state) {
    (void)state;
    compare_dot2(OP_v_dot2acc_f32_f16, FMT_VOP2, f16, TO_F32);
}
static void dot2_f16_f16(void **state) {
    (void)state;
    compare_dot2(OP_v_dot2_f16_f16, FMT_VOP3, f16, TO_F16);
}
static void dot2_bf16_bf16(void **state) {
    (void)state;
    compare_dot2(OP_v_dot2_bf16_bf16, FMT_VOP3, bf16, TO_BF16);
}

int main(void) {
    level_count = bind_levels(levels, table);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_rows), cmocka_unit_test(dot2_f32_f16), cmocka_unit_test(dot2_f32_bf16),
        cmocka_unit_test(dot2acc),       cmocka_unit_test(dot2_f16_f16), cmocka_unit_test(dot2_bf16_bf16),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed || !rows_missing ? failed : 77;
}
