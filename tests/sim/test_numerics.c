/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the silicon's dot products compute, bit for bit: the rows recorded on a card, and the second model of
 * dot2_rule.h on random and adversarial operands.
 */
#include "dot2_rule.h"
#include "vector_support.h"

static exec_fn *table[3][OP_COUNT];
static struct level levels[3];
static unsigned level_count;
static bool rows_missing; /* the reference data is not part of the repository */

/* ---- recorded rows ----------------------------------------------------------------------------------------
 */

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

/* ---- random operands --------------------------------------------------------------------------------------
 */

static uint64_t seed;
static uint64_t draw(void) { return random_at(7, seed++); }

/* Any bits; or an exponent near the middle, so that terms meet; or an edge of the format. */
static uint32_t draw_half(struct kind k) {
    static const uint32_t edges[] = {0,      0x8000, 1,      0x8001, 0x3ff,  0x400,  0x7bff, 0x7c00,
                                     0xfc00, 0x7e00, 0x7c01, 0x007f, 0x0080, 0x7f7f, 0x7f80, 0xff80,
                                     0x7fc0, 0x7f81, 0x3c00, 0xbc00, 0x3f80, 0xbf80};
    uint64_t r = draw();
    uint32_t bits = (uint32_t)(r >> 16) & 0xffff;
    switch (r % 16) {
    case 0: return edges[(r >> 8) % (sizeof edges / sizeof *edges)];
    case 1:
    case 2:
    case 3: return bits;
    default: {
        uint32_t middle = (1u << (k.exponent_bits - 1)) - 5 + (uint32_t)(r >> 40) % 8;
        return (bits & (0x8000 | ((1u << k.fraction_bits) - 1))) | middle << k.fraction_bits;
    }
    }
}
static uint32_t draw_float(void) {
    static const uint32_t edges[] = {0,          0x80000000, 1,          0x807fffff, 0x00800000,
                                     0x80800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
                                     0x7fc12345, 0x7f812345, 0xffc00001};
    uint64_t r = draw();
    switch (r % 16) {
    case 0: return edges[(r >> 8) % (sizeof edges / sizeof *edges)];
    case 1:
    case 2:
    case 3: return (uint32_t)(r >> 32);
    default: return ((uint32_t)(r >> 32) & 0x807fffff) | (uint32_t)(100 + (r >> 8) % 50) << 23;
    }
}

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

/* ---- matrices: every element is eight steps of the rule over rows and columns found by the documented
 * layout ---- */

enum { A0 = 0, B0 = 8, C0 = 16, D0 = 24 };

static uint32_t half_of(const struct machine *m, unsigned base, unsigned lane, unsigned k) {
    return m->v[base + k / 2][lane] >> 16 * (k % 2) & 0xffff;
}

static void compare_wmma(enum op op, struct kind kind, enum result to, bool odd_rows_differ) {
    static struct machine m, start;
    for (unsigned round = 0; round < 64; round++) {
        machine_reset(&m);
        bool tame = round % 4; /* without Inf and NaN most elements say something about the sums */
        for (unsigned r = 0; r < 8; r++)
            for (unsigned l = 0; l < LANES; l++) {
                uint32_t x[2];
                for (unsigned n = 0; n < 2; n++) {
                    x[n] = draw_half(kind) | draw_half(kind) << 16;
                    uint32_t e = kind.flushes ? 0x7f807f80 : 0x7c007c00,
                             keep = kind.flushes ? 0xbfffbfff : 0xbfffbfff;
                    if (tame) x[n] &= keep | ~e;
                }
                m.v[A0 + r][l] = x[0];
                m.v[B0 + r][l] = x[1];
                uint32_t c = draw_float();
                if (tame && (c & 0x7f800000) == 0x7f800000) c = 0x3f800000;
                m.v[C0 + r][l] = to == TO_F32 ? c : draw_half(kind) | draw_half(kind) << 16;
                m.v[D0 + r][l] = 0xdeadbeef;
            }
        if (!odd_rows_differ)
            for (unsigned r = 0; r < 16; r++)
                for (unsigned l = 16; l < LANES; l++) m.v[r][l] = m.v[r][l - 16];
        struct inst i = instruction(op, FMT_VOP3P, 3);
        i.dst = vgpr(D0);
        i.src[0] = vgpr(A0);
        i.src[1] = vgpr(B0);
        i.src[2] = vgpr(C0);
        bool constant = round % 8 == 5, high = round % 2;
        if (constant)
            i.src[2] = (struct operand){.kind = OPND_CONST,
                                        .value = to == TO_F32   ? 0x3f800000
                                                 : kind.flushes ? 0x3f80
                                                                : 0x3c00};
        if (to != TO_F32 && high) i.op_sel = 4;
        i.neg_lo = (uint8_t)(round >> 3 & 7);
        i.neg_hi = (uint8_t)(round >> 2 & 7);
        start = m;
        for (unsigned n = 0; n < level_count; n++) {
            m = start;
            m.w.v = m.v;
            execute(table[n], &m, &i);
            for (unsigned row = 0; row < 16; row++)
                for (unsigned column = 0; column < 16; column++) {
                    unsigned lane = column + 16 * (row & 1), reg = row >> 1,
                             shift = to != TO_F32 && high ? 16 : 0;
                    uint32_t c = constant ? (uint32_t)i.src[2].value : start.v[C0 + reg][lane] >> shift;
                    uint32_t top = to == TO_F32 ? 0x80000000 : 0x8000;
                    if (to != TO_F32) c &= 0xffff;
                    if (i.neg_hi & 4) c &= ~top;
                    if (i.neg_lo & 4) c ^= top;
                    for (unsigned k = 0; k < 16; k += 2) {
                        unsigned la = row + 16 * (row & 1), lb = lane;
                        uint32_t a = half_of(&start, A0, la, k) | half_of(&start, A0, la, k + 1) << 16;
                        uint32_t b = half_of(&start, B0, lb, k) | half_of(&start, B0, lb, k + 1) << 16;
                        if (i.neg_lo & 1) a ^= 0x8000;
                        if (i.neg_hi & 1) a ^= 0x80000000;
                        if (i.neg_lo & 2) b ^= 0x8000;
                        if (i.neg_hi & 2) b ^= 0x80000000;
                        c = dot2_by_the_rule(kind, to, a, b, c);
                    }
                    uint32_t want = to == TO_F32 ? c
                                    : high       ? c << 16 | 0xbeef
                                                 : c | 0xdead0000,
                             got = m.v[D0 + reg][lane];
                    if (got != want)
                        fail_msg("%s, %s, round %u, element [%u][%u]: got %08x, want %08x", op_info(op)->name,
                                 levels[n].name, round, row, column, got, want);
                }
        }
    }
}
static void wmma_float(void **state) {
    (void)state;
    for (int differ = 0; differ < 2; differ++) {
        compare_wmma(OP_v_wmma_f32_16x16x16_f16, f16, TO_F32, differ);
        compare_wmma(OP_v_wmma_f32_16x16x16_bf16, bf16, TO_F32, differ);
        compare_wmma(OP_v_wmma_f16_16x16x16_f16, f16, TO_F16, differ);
        compare_wmma(OP_v_wmma_bf16_16x16x16_bf16, bf16, TO_BF16, differ);
    }
}

static int64_t integer_of(const struct machine *m, unsigned base, unsigned lane, unsigned k, unsigned bits,
                          bool is_signed) {
    int64_t x = m->v[base + k * bits / 32][lane] >> k * bits % 32 & ((1u << bits) - 1);
    return is_signed && x >> (bits - 1) ? x - (1 << bits) : x;
}
static void wmma_integer(void **state) {
    (void)state;
    static struct machine m, start;
    for (unsigned round = 0; round < 64; round++) {
        unsigned bits = round % 2 ? 4 : 8;
        enum op op = bits == 4 ? OP_v_wmma_i32_16x16x16_iu4 : OP_v_wmma_i32_16x16x16_iu8;
        machine_reset(&m);
        for (unsigned r = 0; r < 32; r++)
            for (unsigned l = 0; l < LANES; l++) m.v[r][l] = (uint32_t)draw();
        for (unsigned l = 0; l < LANES; l++) m.v[C0][l] = l & 1 ? 0x7fffffff : 0x80000000; /* overflows */
        struct inst i = instruction(op, FMT_VOP3P, 3);
        i.dst = vgpr(D0);
        i.src[0] = vgpr(A0);
        i.src[1] = vgpr(B0);
        i.src[2] = vgpr(C0);
        i.neg_lo = (uint8_t)(round >> 1 & 3);
        i.clamp = round >> 3 & 1;
        start = m;
        for (unsigned n = 0; n < level_count; n++) {
            m = start;
            m.w.v = m.v;
            execute(table[n], &m, &i);
            for (unsigned row = 0; row < 16; row++)
                for (unsigned column = 0; column < 16; column++) {
                    unsigned lane = column + 16 * (row & 1);
                    int64_t sum = (int32_t)start.v[C0 + row / 2][lane];
                    for (unsigned k = 0; k < 16; k++)
                        sum += integer_of(&start, A0, row + 16 * (row & 1), k, bits, i.neg_lo & 1) *
                               integer_of(&start, B0, lane, k, bits, i.neg_lo & 2);
                    if (i.clamp) sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
                    assert_int_equal(m.v[D0 + row / 2][lane], (uint32_t)sum);
                }
        }
    }
}

int main(void) {
    level_count = bind_levels(levels, table);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_rows), cmocka_unit_test(dot2_f32_f16), cmocka_unit_test(dot2_f32_bf16),
        cmocka_unit_test(dot2acc),       cmocka_unit_test(dot2_f16_f16), cmocka_unit_test(dot2_bf16_bf16),
        cmocka_unit_test(wmma_float),    cmocka_unit_test(wmma_integer),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed || !rows_missing ? failed : 77;
}
