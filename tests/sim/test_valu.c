/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The vector ALU: every bound operation gives the same bits at every SIMD level, on random operands,
 * modifiers and modes; results worked out by hand; EXEC, DPP, upper halves, dual issue, lane masks;
 * transcendentals within their documented error.
 */
#include <math.h>

#include "vector_support.h"

static exec_fn *table[3][OP_COUNT];
static struct level levels[3];
static unsigned level_count;

static uint64_t seed;
static uint64_t draw(void) { return random_at(11, seed++); }

static float get_f32(const struct machine *m, unsigned reg, unsigned lane) {
    uint32_t u = m->v[reg][lane];
    float f;
    memcpy(&f, &u, 4);
    return f;
}
static void set_f32(struct machine *m, unsigned reg, unsigned lane, float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    m->v[reg][lane] = u;
}

/* ---- all levels, all operations ----------------------------------------------------------------------- */

/* Random bits, often in the neighbourhood of something special of some type. */
static uint32_t draw_bits(void) {
    static const uint32_t edges[] = {0,          1,          0x80000000, 0x7fffffff, 0xffffffff, 0x7f800000,
                                     0xff800000, 0x7fc12345, 0x7f812345, 0x00800000, 0x807fffff, 0x3f800000,
                                     0xbf800000, 0x7c003c00, 0xfc017e00, 0x80018000, 0x04000001, 0x7ff00000,
                                     0xfff80000, 0x7ff00001, 0x3ff00000};
    uint64_t r = draw();
    if (r % 4 == 0) return edges[(r >> 8) % (sizeof edges / sizeof *edges)];
    if (r % 4 == 1) return ((uint32_t)(r >> 32) & 0x807fffff) | (uint32_t)(118 + (r >> 8) % 20) << 23;
    if (r % 4 == 2) return (uint32_t)(r >> 8) % 70;
    return (uint32_t)(r >> 32);
}

static void draw_state(struct machine *m) {
    machine_reset(m);
    for (unsigned r = 0; r < VGPRS; r++)
        for (unsigned l = 0; l < LANES; l++) m->v[r][l] = draw_bits();
    for (unsigned r = 0; r < SREG_TTMP0; r++) m->w.s[r] = (uint32_t)draw();
    uint64_t r = draw();
    m->w.s[SREG_EXEC] = r % 3 ? (uint32_t)(r >> 32) : 0xffffffff;
    static const uint32_t denorm[] = {
        CLANG_MODE, CLANG_MODE, 0,      MODE_DENORM_16_64 | MODE_DX10_CLAMP | MODE_IEEE,
        1 << 4,     2 << 4,     1 << 6, 2 << 6};
    m->w.mode = denorm[r >> 8 & 7];
    m->w.s[SREG_M0] = 1;
}

static struct inst draw_instruction(enum op op) {
    enum inst_format format = format_of(op);
    struct inst i = instruction(op, format, 3);
    uint64_t r = draw();
    for (unsigned n = 0; n < 3; n++) {
        i.src[n].value = draw();
        if ((r >> n & 7) == 0) i.src[n].kind = OPND_SGPR;
        if ((r >> (n + 3) & 7) == 0) i.src[n].kind = OPND_CONST;
    }
    if (r >> 12 & 1) return i; /* no modifiers */
    i.clamp = r >> 13 & 1;
    i.omod = r >> 14 & 3;
    for (unsigned n = 0; n < 3; n++) {
        i.src[n].neg = r >> (16 + n) & 1;
        i.src[n].abs = r >> (20 + n) & 1;
        i.src[n].hi = r >> (24 + n) & 1;
    }
    i.dst.hi = r >> 28 & 1;
    i.op_sel = r >> 32 & 15;
    i.op_sel_hi = r >> 36 & 7;
    i.neg_lo = r >> 40 & 7;
    i.neg_hi = r >> 44 & 7;
    if (format == FMT_VOP3 && i.src[0].kind == OPND_VGPR && r >> 48 & 1) {
        static const uint16_t control[] = {0x1b, 0x101, 0x113, 0x125, 0x140, 0x141, 0x156, 0x167};
        i.dpp = r >> 49 & 1 ? DPP_8 : DPP_16;
        i.dpp_ctrl = control[r >> 50 & 7];
        i.dpp8_select = (uint32_t)(r >> 20) & 0xffffff;
        i.row_mask = 15;
        i.bank_mask = (uint8_t)(r >> 53 & 15);
        i.bound_ctrl = r >> 57 & 1;
        i.fi = r >> 58 & 1;
    }
    return i;
}

static void levels_agree(void **state) {
    (void)state;
    static struct machine start, first, other;
    unsigned operations = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (!table[0][op] || !starts_with(op_info(op)->name, "v_")) continue;
        operations++;
        for (unsigned round = 0; round < 150; round++) {
            draw_state(&start);
            struct inst i = draw_instruction(op);
            bool one_register =
                starts_with(op_info(op)->name, "v_readlane") || starts_with(op_info(op)->name, "v_swap");
            if (one_register || starts_with(op_info(op)->name, "v_wmma"))
                i.src[0] = vgpr(REG_A), i.src[1] = vgpr(REG_B), i.dpp = DPP_NONE;
            for (unsigned n = 0; n < level_count; n++) {
                struct machine *m = n ? &other : &first;
                *m = start;
                m->w.v = m->v;
                m->w.fault = &m->report;
                execute(table[n], m, &i);
                if (n && (memcmp(m->v, first.v, sizeof m->v) || memcmp(m->w.s, first.w.s, sizeof m->w.s))) {
                    for (unsigned r = 0; r < VGPRS; r++)
                        for (unsigned l = 0; l < LANES; l++)
                            if (m->v[r][l] != first.v[r][l])
                                fail_msg("%s round %u mode %x: v%u lane %u is %08x at level %s, %08x at %s "
                                         "(sources %08x %08x %08x)",
                                         op_info(op)->name, round, start.w.mode, r, l, m->v[r][l],
                                         levels[n].name, first.v[r][l], levels[0].name, start.v[REG_A][l],
                                         start.v[REG_B][l], start.v[REG_C][l]);
                    fail_msg("%s: scalar registers differ between %s and %s", op_info(op)->name,
                             levels[n].name, levels[0].name);
                }
            }
        }
    }
    print_message("%u operations at %u SIMD levels\n", operations, level_count);
    assert_true(operations > 400);
}

/* ---- results worked out by hand ----------------------------------------------------------------------- */

struct expectation {
    enum op op;
    uint32_t a, b, c, want;
};

/* clang-format off */
static const struct expectation expectations[] = {
    {OP_v_bfe_u32, 0xabcd1234, 8, 8, 0x12},
    {OP_v_bfe_u32, 0xffffffff, 4, 0, 0},
    {OP_v_bfe_i32, 0x0000f000, 12, 4, 0xffffffff},
    {OP_v_bfe_i32, 0x80000000, 28, 8, 0xfffffff8},
    {OP_v_bfi_b32, 0x0000ffff, 0x11112222, 0x33334444, 0x33332222},
    {OP_v_alignbit_b32, 0x12345678, 0x9abcdef0, 4, 0x89abcdef},
    {OP_v_alignbyte_b32, 0x12345678, 0x9abcdef0, 3, 0x3456789a},
    {OP_v_perm_b32, 0x33221100, 0x77665544, 0x07060504, 0x33221100},
    {OP_v_perm_b32, 0x33221100, 0x77665544, 0x0c000d04, 0x0044ff00},
    {OP_v_perm_b32, 0x80008000, 0x00008000, 0x0b0a0908, 0xffff00ff},
    {OP_v_and_or_b32, 0xff00ff00, 0x0ff00ff0, 1, 0x0f000f01},
    {OP_v_or3_b32, 1, 2, 4, 7},
    {OP_v_xad_u32, 5, 3, 10, 16},
    {OP_v_lshl_add_u32, 3, 4, 5, 53},
    {OP_v_add_lshl_u32, 3, 4, 5, 224},
    {OP_v_lshl_or_b32, 3, 4, 5, 53},
    {OP_v_add3_u32, 0xffffffff, 1, 5, 5},
    {OP_v_lshlrev_b32, 36, 1, 0, 16},
    {OP_v_ashrrev_i32, 4, 0x80000000, 0, 0xf8000000},
    {OP_v_bfm_b32, 4, 8, 0, 0xf00},
    {OP_v_bfrev_b32, 1, 0, 0, 0x80000000},
    {OP_v_clz_i32_u32, 0x00010000, 0, 0, 15},
    {OP_v_clz_i32_u32, 0, 0, 0, 0xffffffff},
    {OP_v_ctz_i32_b32, 0x00010000, 0, 0, 16},
    {OP_v_cls_i32, 0xffff0000, 0, 0, 16},
    {OP_v_cls_i32, 0xffffffff, 0, 0, 0xffffffff},
    {OP_v_bcnt_u32_b32, 0xf0f0f0f0, 5, 0, 21},
    {OP_v_mul_i32_i24, 0x00ffffff, 7, 0, 0xfffffff9},
    {OP_v_mul_hi_u32, 0xffffffff, 0xffffffff, 0, 0xfffffffe},
    {OP_v_mul_hi_i32, 0x80000000, 0x80000000, 0, 0x40000000},
    {OP_v_mad_u32_u24, 0x01000003, 5, 7, 22},
    {OP_v_mad_i32_i24, 0x00ffffff, 5, 7, 2},
    {OP_v_med3_i32, 5, 0xffffffff, 2, 2},
    {OP_v_med3_u32, 5, 0xffffffff, 2, 5},
    {OP_v_sad_u8, 0x01020304, 0x04030201, 10, 18},
    {OP_v_msad_u8, 0x01020304, 0x04000201, 10, 17},
    {OP_v_sad_u16, 0x00050009, 0x00090005, 1, 9},
    {OP_v_sad_u32, 3, 5, 100, 102},
    {OP_v_lerp_u8, 0x01ff0002, 0x02ff0003, 0x01000001, 0x02ff0003},
    {OP_v_add_f32, 0x3f800000, 0x40000000, 0, 0x40400000},
    {OP_v_add_f32, 0x7f800000, 0xff800000, 0, 0xffc00000},
    {OP_v_add_f32, 0x7f812345, 0x7fc54321, 0, 0x7fc12345},
    {OP_v_mul_f32, 0x3f800000, 0xffc54321, 0, 0xffc54321},
    {OP_v_mul_f32, 0x00000001, 0x3f000000, 0, 0},
    {OP_v_mul_dx9_zero_f32, 0, 0x7f800000, 0, 0},
    {OP_v_fma_f32, 0x3f800001, 0x3f800001, 0xbf800002, 0x28800000}, /* 2^-46: only if fused */
    {OP_v_fma_f32, 0x7f800000, 0, 0x7fc00001, 0xffc00000}, /* the product is looked at first */
    {OP_v_max_f32, 0x80000000, 0, 0, 0},
    {OP_v_min_f32, 0, 0x80000000, 0, 0x80000000},
    {OP_v_max_f32, 0x7fc00001, 0x3f800000, 0, 0x3f800000},
    {OP_v_max_f32, 0x7f800001, 0x3f800000, 0, 0x7fc00001},
    {OP_v_med3_f32, 0x40000000, 0x3f800000, 0x40400000, 0x40000000},
    {OP_v_fract_f32, 0xbe800000, 0, 0, 0x3f400000},
    {OP_v_rndne_f32, 0x40200000, 0, 0, 0x40000000},
    {OP_v_ldexp_f32, 0x3f800000, 0xffffff6b, 0, 1},
    {OP_v_ldexp_f32, 0x3fc00000, 0xffffff6a, 0, 1},
    {OP_v_frexp_exp_i32_f32, 0x00000001, 0, 0, 0xffffff6c},
    {OP_v_frexp_mant_f32, 0x00000003, 0, 0, 0x3f400000},
    {OP_v_cvt_u32_f32, 0xbf800000, 0, 0, 0},
    {OP_v_cvt_u32_f32, 0x4f800000, 0, 0, 0xffffffff},
    {OP_v_cvt_i32_f32, 0x7fc00000, 0, 0, 0},
    {OP_v_cvt_i32_f32, 0xcf000001, 0, 0, 0x80000000},
    {OP_v_cvt_f32_u32, 0xffffffff, 0, 0, 0x4f800000},
    {OP_v_cvt_f32_ubyte2, 0x00070000, 0, 0, 0x40e00000},
    {OP_v_cvt_off_f32_i4, 8, 0, 0, 0xbf000000},
    {OP_v_cvt_pk_u8_f32, 0x43800000, 1, 0x11223344, 0x1122ff44},
    {OP_v_cvt_f32_f16, 0x0001, 0, 0, 0x33800000},
    {OP_v_cvt_f32_f16, 0x7c01, 0, 0, 0x7fc02000},
    {OP_v_cvt_pk_rtz_f16_f32, 0x477fffff, 0xb3ffffff, 0, 0x80017bff},
    {OP_v_cvt_pk_i16_i32, 0x00010000, 0xffff0000, 0, 0x80007fff},
    {OP_v_cvt_pk_norm_i16_f32, 0xbf800000, 0x3f000000, 0, 0x40008001},
    {OP_v_pack_b32_f16, 0x12345678, 0xabcdef01, 0, 0xef015678},
    {OP_v_div_fixup_f32, 0x40000000, 0, 0xbf800000, 0xff800000},
    {OP_v_div_fixup_f32, 0x40000000, 0x3f800000, 0xc0000000, 0xc0000000},
    {OP_v_dot4_i32_iu8, 0x01020304, 0x05060708, 100, 170},
    {OP_v_dot8_i32_iu4, 0x11111111, 0x12345678, 0xffffffff, 35},
    {OP_v_pk_add_f16, 0x3c004000, 0xbc004000, 0, 0x00004400},
    {OP_v_pk_mul_f16, 0x00010002, 0x38003c00, 0, 0x00000002},
    {OP_v_pk_fma_f16, 0x3c013c01, 0x3c013c01, 0xbc02bc02, 0x00100010}, /* 2^-20: only if fused */
    /* 1.5 * 683/1024 is halfway between two halves; c decides, though f32 would lose it */
    {OP_v_pk_fma_f16, 0x3e003e00, 0x39563956, 0x80010001, 0x3c003c01},
    {OP_v_pk_add_u16, 0xffff0001, 0x00020003, 0, 0x00010004},
    {OP_v_pk_lshlrev_b16, 0x00010004, 0x80010001, 0, 0x00020010},
    {OP_v_pk_mad_u16, 0x00030002, 0x00050004, 0x00010001, 0x00100009},
};

/* 16-bit results keep the upper half of v8, which holds dead.... */
static const struct expectation half_expectations[] = {
    {OP_v_add_f16, 0x3c00, 0x3c00, 0, 0x4000},
    {OP_v_mul_f16, 0x7bff, 0x4000, 0, 0x7c00},
    {OP_v_fma_f16, 0x3c01, 0x3c01, 0xbc02, 0x0010},
    {OP_v_fma_f16, 0x3e00, 0x3956, 0x0001, 0x3c01},
    {OP_v_fma_f16, 0x3e00, 0x3956, 0x8001, 0x3c00},
    {OP_v_max_f16, 0x7e01, 0x3c00, 0, 0x3c00},
    {OP_v_cvt_f16_f32, 0x477fefff, 0, 0, 0x7bff},
    {OP_v_cvt_f16_f32, 0x477ff000, 0, 0, 0x7c00},
    {OP_v_cvt_f16_f32, 0x33000000, 0, 0, 0},
    {OP_v_cvt_f16_f32, 0x33000001, 0, 0, 1},
    {OP_v_cvt_f16_f32, 0x33c00000, 0, 0, 2},
    {OP_v_cvt_f16_f32, 0xffc00001, 0, 0, 0xfe00},
    {OP_v_cvt_f16_u16, 0xffff, 0, 0, 0x7c00},
    {OP_v_cvt_u16_f16, 0xbc00, 0, 0, 0},
    {OP_v_add_nc_u16, 0xffff, 2, 0, 1},
    {OP_v_mad_u16, 0x0100, 0x0101, 1, 0x0101},
    {OP_v_lshrrev_b16, 17, 0x8000, 0, 0x4000},
    {OP_v_ashrrev_i16, 4, 0x8000, 0, 0xf800},
    {OP_v_min_i16, 0x8000, 1, 0, 0x8000},
    {OP_v_med3_u16, 9, 1, 5, 5},
    {OP_v_rcp_f16, 0x4000, 0, 0, 0x3800},
    {OP_v_sqrt_f16, 0x4400, 0, 0, 0x4000},
    {OP_v_ldexp_f16, 0x3c00, 0xffe8, 0, 1},
    {OP_v_frexp_exp_i16_f16, 1, 0, 0, 0xffe9},
};
/* clang-format on */

static void check(const struct expectation *e, bool is_half) {
    for (unsigned n = 0; n < level_count; n++) {
        static struct machine m;
        machine_reset(&m);
        m.v[REG_A] += e->a, m.v[REG_B] += e->b, m.v[REG_C] += e->c, m.v[REG_D] += 0xdeadbeef;
        struct inst i = instruction(e->op, format_of(e->op), 3);
        execute(table[n], &m, &i);
        uint32_t want = is_half ? e->want | 0xdead0000 : e->want;
        for (unsigned l = 0; l < LANES; l++)
            if (m.v[REG_D][l] != want)
                fail_msg("%s(%08x, %08x, %08x) at level %s: got %08x, want %08x", op_info(e->op)->name, e->a,
                         e->b, e->c, levels[n].name, m.v[REG_D][l], want);
    }
}
static void by_hand(void **state) {
    (void)state;
    for (unsigned n = 0; n < sizeof expectations / sizeof *expectations; n++) check(&expectations[n], false);
    for (unsigned n = 0; n < sizeof half_expectations / sizeof *half_expectations; n++)
        check(&half_expectations[n], true);
}

/* The fused multiply-add that hosts without the instruction compute must round like the C library's. */
static void fma_rounds_once(void **state) {
    (void)state;
    static struct machine m;
    for (unsigned round = 0; round < 20000; round++) {
        machine_reset(&m);
        for (unsigned l = 0; l < LANES; l++) {
            m.v[REG_A][l] = draw_bits(), m.v[REG_B][l] = draw_bits(), m.v[REG_C][l] = draw_bits();
            /* cancels all but the product's rounding */
            if (draw() % 2) set_f32(&m, REG_C, l, -(get_f32(&m, REG_A, l) * get_f32(&m, REG_B, l)));
        }
        for (unsigned n = 0; n < level_count; n++) {
            struct inst i = instruction(OP_v_fma_f32, FMT_VOP3, 3);
            execute(table[n], &m, &i);
            for (unsigned l = 0; l < LANES; l++) {
                float a = get_f32(&m, REG_A, l), b = get_f32(&m, REG_B, l), c = get_f32(&m, REG_C, l);
                float got = get_f32(&m, REG_D, l), want = fmaf(a, b, c);
                if (isnan(want) ? !isnan(got) : memcmp(&want, &got, 4))
                    fail_msg("level %s: fma(%a, %a, %a) = %a, want %a", levels[n].name, (double)a, (double)b,
                             (double)c, (double)got, (double)want);
            }
        }
    }
}

/* ---- masks, lanes, modifiers -------------------------------------------------------------------------- */

static void exec_masks_writes(void **state) {
    (void)state;
    for (unsigned n = 0; n < level_count; n++) {
        static struct machine m;
        machine_reset(&m);
        m.w.s[SREG_EXEC] = 0xf0f0a5a5;
        for (unsigned l = 0; l < LANES; l++) m.v[REG_A][l] = l, m.v[REG_D][l] = 0xdeadbeef;
        struct inst i = instruction(OP_v_mov_b32, FMT_VOP1, 1);
        execute(table[n], &m, &i);
        for (unsigned l = 0; l < LANES; l++)
            assert_int_equal(m.v[REG_D][l], 0xf0f0a5a5 >> l & 1 ? l : 0xdeadbeef);

        m.v[REG_B] = (u32v){0} + 20;
        m.w.s[SREG_MASK] = 0xdeadbeef;
        i = instruction(OP_v_cmp_lt_u32, FMT_VOP3, 2);
        execute(table[n], &m, &i);
        assert_int_equal(m.w.s[SREG_MASK], 0xf0f0a5a5 & 0x000fffff);
        i = instruction(OP_v_cmpx_lt_u32, FMT_VOP3, 2);
        execute(table[n], &m, &i);
        assert_int_equal(m.w.s[SREG_EXEC], 0xf0f0a5a5 & 0x000fffff);
    }
}

static void carries(void **state) {
    (void)state;
    for (unsigned n = 0; n < level_count; n++) {
        static struct machine m;
        machine_reset(&m);
        for (unsigned l = 0; l < LANES; l++) m.v[REG_A][l] = l % 2 ? 0xffffffff : 5, m.v[REG_B][l] = 0;
        m.w.s[SREG_VCC] = 0xffff0000;
        struct inst i = instruction(OP_v_add_co_ci_u32, FMT_VOP3SD, 3);
        i.src[2] = (struct operand){.kind = OPND_SGPR, .reg = SREG_VCC};
        execute(table[n], &m, &i);
        assert_int_equal(m.w.s[SREG_MASK], 0xaaaa0000);
        assert_int_equal(m.v[REG_D][1], 0xffffffff);
        assert_int_equal(m.v[REG_D][16], 6);
        assert_int_equal(m.v[REG_D][17], 0);
        i.clamp = true;
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][17], 0xffffffff);
    }
}

static void dpp_moves_lanes(void **state) {
    (void)state;
    static const struct {
        uint16_t control;
        int from_lane_5; /* what lane 5 reads; -1: nothing */
    } cases[] = {{0x1b, 6},   {0x101, 6},  {0x10b, -1}, {0x113, 2},  {0x116, -1},
                 {0x126, 15}, {0x140, 10}, {0x141, 2},  {0x15c, 12}, {0x163, 6}};
    for (unsigned n = 0; n < level_count; n++)
        for (unsigned c = 0; c < sizeof cases / sizeof *cases; c++)
            for (unsigned bound = 0; bound < 2; bound++) {
                static struct machine m;
                machine_reset(&m);
                for (unsigned l = 0; l < LANES; l++) m.v[REG_A][l] = 100 + l, m.v[REG_D][l] = 7;
                struct inst i = instruction(OP_v_mov_b32, FMT_VOP1, 1);
                i.dpp = DPP_16, i.dpp_ctrl = cases[c].control, i.row_mask = 15, i.bank_mask = 15,
                i.bound_ctrl = bound;
                execute(table[n], &m, &i);
                int lane = cases[c].from_lane_5;
                assert_int_equal(m.v[REG_D][5], lane >= 0 ? 100 + lane : bound ? 0 : 7);
                assert_int_equal(m.v[REG_D][21], lane >= 0 ? 116 + lane : bound ? 0 : 7);
            }
}

/* Both halves of a pair read before either writes: a swap. */
static void dual_issue_swaps(void **state) {
    (void)state;
    for (unsigned n = 0; n < level_count; n++) {
        static struct machine m;
        machine_reset(&m);
        m.v[2] += 11, m.v[3] += 22;
        struct inst_pair pair = {.x = instruction(OP_v_mov_b32, FMT_VOPD, 1),
                                 .y = instruction(OP_v_mov_b32, FMT_VOPD, 1)};
        pair.x.dst = vgpr(2), pair.x.src[0] = vgpr(3), pair.y.dst = vgpr(3), pair.y.src[0] = vgpr(2);
        pair.x.dual = &pair.y;
        executors_select(table[n], &pair);
        pair.x.exec(&m.w, &pair.x);
        assert_int_equal(m.v[2][0], 22);
        assert_int_equal(m.v[3][31], 11);
    }
}

static void upper_halves(void **state) {
    (void)state;
    for (unsigned n = 0; n < level_count; n++) {
        static struct machine m;
        machine_reset(&m);
        m.v[REG_A] += 0x40003c00, m.v[REG_B] += 0x3c004200, m.v[REG_D] += 0xdeadbeef;
        struct inst i = instruction(OP_v_add_f16, FMT_VOP3, 2);
        i.src[0].hi = true, i.dst.hi = true;
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][3], 0x4500beef); /* 2 + 3 */
        i = instruction(OP_v_pk_add_f16, FMT_VOP3P, 2);
        i.op_sel = 1, i.op_sel_hi = 2, i.neg_hi = 1; /* a: high, -low */
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][3], 0x00004500);
        i = instruction(OP_v_fma_mix_f32, FMT_VOP3P, 3);
        m.v[REG_C] += 0x3f800000;
        i.op_sel = 1, i.op_sel_hi = 3, i.neg_lo = 2; /* 2 * -3 + 1.0f */
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][3], 0xc0a00000);
    }
}

static void modes(void **state) {
    (void)state;
    for (unsigned n = 0; n < level_count; n++) {
        static struct machine m;
        machine_reset(&m);
        m.v[REG_A] += 0x00400000, m.v[REG_B] += 0x3f800000;
        struct inst i = instruction(OP_v_mul_f32, FMT_VOP3, 2);
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][0], 0x00400000);
        m.w.mode = CLANG_MODE & ~MODE_DENORM_32;
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][0], 0);
        m.v[REG_A] = (u32v){0} + 0x40400000; /* 3 */
        i.clamp = true;
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][0], 0x3f800000);
        m.w.mode = 0; /* neither IEEE nor subnormals: output scaling works */
        i.clamp = false, i.omod = 3;
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][0], 0x3fc00000);
        m.v[REG_A] = (u32v){0} + 0x80000000; /* -0 becomes +0 on the way */
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][0], 0);
        m.w.mode = CLANG_MODE; /* and here it does not */
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][0], 0x80000000);
    }
}

static void lanes_cross(void **state) {
    (void)state;
    for (unsigned n = 0; n < level_count; n++) {
        static struct machine m;
        machine_reset(&m);
        m.w.wave_size = 64;
        m.w.s[SREG_EXEC] = 0, m.w.s[SREG_EXEC + 1] = 0x100;
        for (unsigned l = 0; l < LANES; l++) m.v[REG_A][l] = l, m.v[VGPRS + REG_A][l] = 32 + l;
        struct inst i = instruction(OP_v_readfirstlane_b32, FMT_VOP1, 1);
        i.dst = (struct operand){.kind = OPND_SGPR, .reg = 4};
        execute(table[n], &m, &i);
        assert_int_equal(m.w.s[4], 40);
        i = instruction(OP_v_readlane_b32, FMT_VOP3, 2);
        i.dst = (struct operand){.kind = OPND_SGPR, .reg = 4};
        i.src[1] = (struct operand){.kind = OPND_CONST, .value = 63};
        execute(table[n], &m, &i);
        assert_int_equal(m.w.s[4], 63);
        i = instruction(OP_v_writelane_b32, FMT_VOP3, 2);
        i.src[0] = (struct operand){.kind = OPND_CONST, .value = 77};
        i.src[1] = (struct operand){.kind = OPND_CONST, .value = 33};
        execute(table[n], &m, &i);
        assert_int_equal(m.v[VGPRS + REG_D][1], 77);
        m.w.s[SREG_EXEC] = m.w.s[SREG_EXEC + 1] = 0xffffffff;
        i = instruction(OP_v_permlane64_b32, FMT_VOP1, 1);
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][3], 35);
        assert_int_equal(m.v[VGPRS + REG_D][3], 3);

        m.w.half = 1, m.w.v = m.v + VGPRS; /* the upper half counts all of the lower mask */
        i = instruction(OP_v_mbcnt_lo_u32_b32, FMT_VOP3, 2);
        i.src[0] = (struct operand){.kind = OPND_CONST, .value = 0xff};
        i.src[1] = (struct operand){.kind = OPND_CONST, .value = 1};
        execute(table[n], &m, &i);
        assert_int_equal(m.v[VGPRS + REG_D][0], 9);
        i.op = OP_v_mbcnt_hi_u32_b32;
        execute(table[n], &m, &i);
        assert_int_equal(m.v[VGPRS + REG_D][3], 4);

        machine_reset(&m);
        for (unsigned l = 0; l < LANES; l++) m.v[REG_A][l] = l;
        i = instruction(OP_v_permlanex16_b32, FMT_VOP3, 3);
        i.src[1] = (struct operand){.kind = OPND_CONST, .value = 0x01234567};
        i.src[2] = (struct operand){.kind = OPND_CONST, .value = 0x89abcdef};
        execute(table[n], &m, &i);
        assert_int_equal(m.v[REG_D][0], 16 + 7);
        assert_int_equal(m.v[REG_D][15], 16 + 8);
        assert_int_equal(m.v[REG_D][31], 8);
    }
}

/* ---- transcendentals: at most one ulp from the C library's double result ------------------------------ */

static double turns_sin(double x) { return sin(2 * 3.14159265358979323846 * (x - rint(x))); }
static double turns_cos(double x) { return cos(2 * 3.14159265358979323846 * (x - rint(x))); }
static double reciprocal(double x) { return 1 / x; }
static double reciprocal_root(double x) { return 1 / sqrt(x); }

static void transcendentals(void **state) {
    (void)state;
    static const struct {
        enum op op;
        double (*exact)(double);
        float least, most;
    } functions[] = {
        {OP_v_exp_f32, exp2, -125, 127},
        {OP_v_log_f32, log2, 0x1p-126f, 0x1p127f},
        {OP_v_rcp_f32, reciprocal, 0x1p-125f, 0x1p125f},
        {OP_v_rsq_f32, reciprocal_root, 0x1p-126f, 0x1p127f},
        {OP_v_sqrt_f32, sqrt, 0x1p-126f, 0x1p127f},
        {OP_v_sin_f32, turns_sin, -256, 256},
        {OP_v_cos_f32, turns_cos, -256, 256},
    };
    for (unsigned f = 0; f < sizeof functions / sizeof *functions; f++)
        for (unsigned round = 0; round < 4000; round++) {
            static struct machine m;
            machine_reset(&m);
            for (unsigned l = 0; l < LANES; l++) {
                uint64_t r = draw();
                double low = functions[f].least, high = functions[f].most, u = (double)(r >> 11) * 0x1p-53;
                /* evenly on the axis, or evenly over the exponents */
                float x = (float)(low > 0 ? low * pow(high / low, u) : low + (high - low) * u);
                if (low <= 0 && r % 4 == 0) x = (float)(x * pow(2, -60 * u));
                if (low > 0 && r % 4 == 0) x = 1 + (x > 1 ? 1 : -1) * (float)(u * 0x1p-10); /* log near 1 */
                set_f32(&m, REG_A, l, x);
            }
            struct inst i = instruction(functions[f].op, FMT_VOP1, 1);
            execute(table[round % level_count], &m, &i);
            for (unsigned l = 0; l < LANES; l++) {
                float x = get_f32(&m, REG_A, l), got = get_f32(&m, REG_D, l);
                if (fabsf(x) < 0x1p-126f) continue;
                double want = functions[f].exact(x);
                if (fabs(want) < 0x1p-126) continue;
                /*
                 * cos and sin of a double argument carry its rounding: an absolute floor below any ulp seen
                 */
                double ulp = fabs((double)nextafterf((float)want, INFINITY) - (double)(float)want) +
                             1e-15 * (functions[f].exact == turns_sin || functions[f].exact == turns_cos);
                if (!(fabs((double)got - want) <= ulp))
                    fail_msg("%s(%a) = %a, want %a", op_info(functions[f].op)->name, (double)x, (double)got,
                             want);
            }
        }
}

int main(void) {
    level_count = bind_levels(levels, table);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(levels_agree),
        cmocka_unit_test(fma_rounds_once),
        cmocka_unit_test(exec_masks_writes),
        cmocka_unit_test(carries),
        cmocka_unit_test(dpp_moves_lanes),
        cmocka_unit_test(dual_issue_swaps),
        cmocka_unit_test(upper_halves),
        cmocka_unit_test(modes),
        cmocka_unit_test(lanes_cross),
        cmocka_unit_test(transcendentals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
