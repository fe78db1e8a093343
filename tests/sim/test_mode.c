/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which operations MODE changes: every vector operation is tried in every direction and with FP16_OVFL, and
 * only those of a table may differ. What they give then, by hand; instructions and kernel descriptors that
 * set it.
 */
#include "exec/round.h"
#include "machine/simulator.h"
#include "numbers.h"
#include "support.h"

static exec_fn *table[3][OP_COUNT];
static struct level levels[3];
static unsigned level_count;

/* ---- what follows MODE --------------------------------------------------------------------------------- */

enum { FOLLOWS_32 = 1, FOLLOWS_16_64 = 2, FOLLOWS_OVFL = 4 };

/* Every vector operation that does. */
static const struct follower {
    enum op op;
    unsigned follows;
} followers[] = {
    {OP_v_add_f32, FOLLOWS_32},
    {OP_v_sub_f32, FOLLOWS_32},
    {OP_v_subrev_f32, FOLLOWS_32},
    {OP_v_mul_f32, FOLLOWS_32},
    {OP_v_mul_dx9_zero_f32, FOLLOWS_32},
    {OP_v_fma_f32, FOLLOWS_32},
    {OP_v_fmac_f32, FOLLOWS_32},
    {OP_v_fmamk_f32, FOLLOWS_32},
    {OP_v_fmaak_f32, FOLLOWS_32},
    {OP_v_fma_dx9_zero_f32, FOLLOWS_32},
    {OP_v_fmac_dx9_zero_f32, FOLLOWS_32},
    {OP_v_fract_f32, FOLLOWS_32},
    {OP_v_mullit_f32, FOLLOWS_32},
    {OP_v_cubema_f32, FOLLOWS_32},
    {OP_v_ldexp_f32, FOLLOWS_32},
    {OP_v_div_fmas_f32, FOLLOWS_32},
    {OP_v_add_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_sub_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_subrev_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_mul_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_fma_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_fmac_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_fmamk_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_fmaak_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_fract_f16, FOLLOWS_16_64},
    {OP_v_ldexp_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_pk_add_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_pk_mul_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_pk_fma_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_fma_mix_f32, FOLLOWS_32},
    {OP_v_fma_mixlo_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_fma_mixhi_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_add_f64, FOLLOWS_16_64},
    {OP_v_mul_f64, FOLLOWS_16_64},
    {OP_v_fma_f64, FOLLOWS_16_64},
    {OP_v_fract_f64, FOLLOWS_16_64},
    {OP_v_ldexp_f64, FOLLOWS_16_64},
    {OP_v_div_fmas_f64, FOLLOWS_16_64},
    {OP_v_cvt_f32_u32, FOLLOWS_32},
    {OP_v_cvt_f32_i32, FOLLOWS_32},
    {OP_v_cvt_f32_f64, FOLLOWS_16_64},
    {OP_v_cvt_f16_f32, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_cvt_f16_u16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_cvt_f16_i16, FOLLOWS_16_64},
    {OP_v_pk_fmac_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_interp_p10_f32, FOLLOWS_32},
    {OP_v_interp_p2_f32, FOLLOWS_32},
    {OP_v_interp_p10_f16_f32, FOLLOWS_32},
    {OP_v_interp_p2_f16_f32, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_cvt_pk_u8_f32, FOLLOWS_32},
    {OP_v_div_fixup_f16, FOLLOWS_16_64 | FOLLOWS_OVFL},
    {OP_v_exp_f16, FOLLOWS_OVFL},
    {OP_v_log_f16, FOLLOWS_OVFL},
    {OP_v_rcp_f16, FOLLOWS_OVFL},
    {OP_v_rsq_f16, FOLLOWS_OVFL},
};

static unsigned expected_to_follow(enum op op) {
    for (unsigned n = 0; n < sizeof followers / sizeof *followers; n++)
        if (followers[n].op == op) return followers[n].follows;
    return 0;
}

enum { STARTS = 80 };
static struct machine starts[STARTS];

/* Registers full of numbers of one type each. */
static void draw_starts(void) {
    static const enum type types[] = {F16, F32, F64, U32};
    for (unsigned n = 0; n < STARTS; n++) {
        struct machine *m = &starts[n];
        enum type t = types[n % 4];
        machine_reset(m);
        for (unsigned reg = 0; reg < VGPRS; reg += t == F64 ? 2 : 1)
            for (unsigned l = 0; l < LANES; l++)
                put(m, reg, l, t, draw_number(t) | (t == F16 ? draw_number(t) << 16 : 0));
    }
}

/* Whether any of many results depends on those bits of MODE. Modifiers are left out: scaling rounds. */
static bool depends_on(enum op op, uint32_t bits) {
    static struct machine m[2];
    struct inst i = instruction(op, format_of(op), 3);
    for (unsigned start = 0; start < STARTS; start++) {
        for (unsigned n = 0; n < 2; n++) {
            m[n] = starts[start];
            m[n].w.v = m[n].v;
            m[n].w.fault = &m[n].report;
            m[n].w.mode |= n ? bits : 0;
            execute(table[0], &m[n], &i);
        }
        if (memcmp(m[0].v, m[1].v, sizeof m[0].v) || memcmp(m[0].w.s, m[1].w.s, sizeof m[0].w.s)) return true;
    }
    return false;
}

static void only_these_follow(void **state) {
    (void)state;
    draw_starts();
    for (enum op op = 0; op < OP_COUNT; op++) {
        const char *name = op_info(op)->name;
        if (!table[0][op] || !starts_with(name, "v_")) continue;
        unsigned follows = 0;
        for (unsigned direction = 1; direction < 4; direction++) {
            if (depends_on(op, direction)) follows |= FOLLOWS_32;
            if (depends_on(op, direction << 2)) follows |= FOLLOWS_16_64;
        }
        if (depends_on(op, MODE_FP16_OVFL)) follows |= FOLLOWS_OVFL;
        if (follows != expected_to_follow(op))
            fail_msg("%s follows %u, not %u (1: f32's rounding, 2: that of f16 and f64, 4: FP16_OVFL)", name,
                     follows, expected_to_follow(op));
    }
}

/* ---- results worked out by hand ------------------------------------------------------------------------ */

struct by_hand {
    enum op op;
    uint32_t mode, a, b, c, want; /* mode: bits that differ from the compiler's */
};

static void by_hand(void **state) {
    (void)state;
    enum { UP = 1, DOWN = 2, ZERO = 3, HALF_UP = UP << 2, HALF_DOWN = DOWN << 2, HALF_ZERO = ZERO << 2 };
    static const struct by_hand cases[] = {
        {OP_v_add_f32, 0, 0x3f800000, 0x00000001, 0, 0x3f800000},
        {OP_v_add_f32, UP, 0x3f800000, 0x00000001, 0, 0x3f800001},
        {OP_v_add_f32, DOWN, 0x3f800000, 0x80000001, 0, 0x3f7fffff},
        {OP_v_add_f32, DOWN, 0x3f800000, 0xbf800000, 0, 0x80000000}, /* 1 - 1 is -0 downwards */
        {OP_v_mul_f32, ZERO, 0x7f7fffff, 0x7f7fffff, 0, 0x7f7fffff},
        {OP_v_mul_f32, UP, 0xff7fffff, 0x7f7fffff, 0, 0xff7fffff},
        {OP_v_mul_f32, UP, 0x00000001, 0x00000001, 0, 0x00000001},
        /* the exact sum lies below the midpoint of two halves by what f32 does not hold: rounded once */
        {OP_v_fma_mixlo_f16, 0, 0x3f800000, 0x3f801000, 0xa0000000, 0xdead3c00},
        {OP_v_fma_mixlo_f16, 0, 0x3f800000, 0x3f803000, 0x20000000, 0xdead3c02},
        {OP_v_fma_mixlo_f16, 0, 0x3f800000, 0x3f801000, 0x20000000, 0xdead3c01},
        {OP_v_fma_mixlo_f16, UP, 0x3f800000, 0x3f801000, 0xa0000000, 0xdead3c00},
        {OP_v_fma_mixlo_f16, HALF_UP, 0x3f800000, 0x3f800000, 0x20000000, 0xdead3c01},
        {OP_v_cvt_f16_f32, HALF_UP, 0x00000001, 0, 0, 0xdead0001},
        {OP_v_cvt_f16_f32, HALF_ZERO, 0x477fffff, 0, 0, 0xdead7bff},
        {OP_v_cvt_f16_f32, MODE_FP16_OVFL, 0xff7fffff, 0, 0, 0xdeadfbff},
        {OP_v_cvt_f16_f32, MODE_FP16_OVFL | HALF_DOWN, 0xff7fffff, 0, 0, 0xdeadfbff},
        {OP_v_cvt_f16_f32, MODE_FP16_OVFL, 0xff800000, 0, 0, 0xdeadfc00},
        {OP_v_cvt_f16_f32, MODE_FP16_OVFL, 0x7fc02000, 0, 0, 0xdead7e01},
        {OP_v_pk_mul_f16, MODE_FP16_OVFL, 0x7bff7c00, 0x40004000, 0, 0x7bff7c00},
        {OP_v_exp_f16, MODE_FP16_OVFL, 0x4c00, 0, 0, 0xdead7bff},
        {OP_v_exp_f16, MODE_FP16_OVFL, 0x7c00, 0, 0, 0xdead7c00},
        {OP_v_log_f16, MODE_FP16_OVFL, 0x0000, 0, 0, 0xdeadfbff},
        {OP_v_rsq_f16, MODE_FP16_OVFL, 0x8000, 0, 0, 0xdeadfbff},
        {OP_v_cvt_f32_u32, UP, 0x01000001, 0, 0, 0x4b800001},
        {OP_v_cvt_f32_i32, UP, 0xfeffffff, 0, 0, 0xcb800000},
        {OP_v_cvt_pk_u8_f32, UP, 0x40000001, 0, 0, 0x03},
        {OP_v_cvt_pk_u8_f32, ZERO, 0x40600000, 0, 0, 0x03},
        {OP_v_cvt_pk_rtz_f16_f32, UP | HALF_UP, 0x3f800001, 0x477fffff, 0, 0x7bff3c00},
        {OP_v_rndne_f32, UP, 0x3f800001, 0, 0, 0x3f800000},
        {OP_v_interp_p10_f32, MODE_DENORM_32, 0x3f7fffff, 0x00800000, 0, 0},
        {OP_v_interp_p10_f32, 0, 0x3f7fffff, 0x00800000, 0, 0x00800000},
        {OP_v_interp_p10_rtz_f16_f32, UP, 0x3c00, 0x3f7fffff, 0x0001, 0x3f800000},
        {OP_v_interp_p2_rtz_f16_f32, HALF_UP, 0x3c00, 0x3f801fff, 0, 0xdead3c00},
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++)
        for (unsigned n = 0; n < level_count; n++) {
            static struct machine m;
            const struct by_hand *c = &cases[k];
            machine_reset(&m);
            m.w.mode ^= c->mode;
            m.v[REG_A] += c->a, m.v[REG_B] += c->b, m.v[REG_C] += c->c, m.v[REG_D] += 0xdeadbeef;
            struct inst i = instruction(c->op, format_of(c->op), 3);
            if (starts_with(op_info(c->op)->name, "v_fma_mix")) i.op_sel_hi = 0;
            execute(table[n], &m, &i);
            uint32_t want = c->want >> 16 == 0xdead ? (c->want & 0xffff) | 0xdead0000 : c->want;
            if (m.v[REG_D][3] != want)
                fail_msg("%s(%08x, %08x, %08x) in MODE 0x%x at level %s: %08x, not %08x",
                         op_info(c->op)->name, c->a, c->b, c->c, m.w.mode, levels[n].name, m.v[REG_D][3],
                         want);
        }
}

/* ---- results of a card --------------------------------------------------------------------------------- */

struct recorded {
    enum op op;
    uint32_t mode; /* all of it */
    uint32_t a, b, c, want;
    uint8_t omod, clamp;
    bool half; /* the result is the lower half of the register */
};

enum { OMOD_2 = 1, OMOD_4, OMOD_HALF, IEEE = MODE_IEEE, OVFL = MODE_FP16_OVFL };

/* Results that others publish for the gfx1100: measured on it, or following from what was. */
/* clang-format off */
static const struct recorded recordings[] = {
    /* flushed is what is subnormal after rounding without a least exponent */
    {OP_v_mul_f32, 0x00, 0x00800000, 0x3f7fffff, 0, 0, 0, 0, false},
    {OP_v_mul_f32, 0x01, 0x00800000, 0x3f7fffff, 0, 0, 0, 0, false},
    {OP_v_mul_f32, 0x30, 0x00800000, 0x3f7fffff, 0, 0x00800000, 0, 0, false},
    {OP_v_mul_f32, 0x31, 0x00800000, 0x3f7fffff, 0, 0x00800000, 0, 0, false},
    {OP_v_mul_f32, 0x32, 0x00800000, 0x3f7fffff, 0, 0x007fffff, 0, 0, false},
    {OP_v_mul_f32, 0x33, 0x00800000, 0x3f7fffff, 0, 0x007fffff, 0, 0, false},
    {OP_v_mul_f32, 0x02, 0x80800000, 0x3f7fffff, 0, 0x80000000, 0, 0, false},
    {OP_v_mul_f32, 0x32, 0x80800000, 0x3f7fffff, 0, 0x80800000, 0, 0, false},
    /* NaNs: the first one, quiet if IEEE */
    {OP_v_add_f32, 0x00, 0x7f801abc, 0xffc00222, 0, 0x7f801abc, 0, 0, false},
    {OP_v_add_f32, IEEE, 0x7f801abc, 0xffc00222, 0, 0x7fc01abc, 0, 0, false},
    {OP_v_mul_f32, 0xf0, 0x3f800000, 0x7f801abc, 0, 0x7f801abc, 0, 0, false},
    {OP_v_add_f32, 0x01, 0x00000000, 0x80000000, 0, 0x00000000, 0, 0, false},
    {OP_v_add_f32, 0x02, 0x00000000, 0x80000000, 0, 0x80000000, 0, 0, false},
    {OP_v_fma_f16, 0x00, 0x0000, 0x7c00, 0x7e01, 0xfe00, 0, 0, true},
    {OP_v_fma_f16, 0x00, 0x0001, 0x7c00, 0x7e01, 0xfe00, 0, 0, true},
    {OP_v_fma_f16, 0x40, 0x0001, 0x7c00, 0x7e01, 0x7e01, 0, 0, true},
    {OP_v_fma_f16, 0x00, 0x3c00, 0xfc12, 0x7e01, 0xfc12, 0, 0, true},
    {OP_v_fma_f16, IEEE, 0x3c00, 0xfc12, 0x7e01, 0xfe12, 0, 0, true},
    {OP_v_fma_f16, 0x00, 0x7fc1, 0xff80, 0xff80, 0x7fc1, 0, 1, true},
    {OP_v_pk_fma_f16, 0x00, 0x3c003c00, 0x3c003c00, 0x7c017c01, 0x7c017c01, 0, 0, false},
    {OP_v_pk_fma_f16, IEEE, 0x00000000, 0x7c007c00, 0x7e017e01, 0xfe00fe00, 0, 0, false},
    {OP_v_frexp_mant_f32, 0xf0, 0xff80002a, 0, 0, 0xffc0002a, 0, 0, false},
    /* output scaling: after rounding, if results are flushed and IEEE is clear */
    {OP_v_fma_f32, 0x00, 0x80800000, 0x3f800000, 0, 0x80000000, OMOD_HALF, 0, false},
    {OP_v_fma_f32, 0x20, 0x80800000, 0x3f800000, 0, 0x80800000, OMOD_HALF, 0, false},
    {OP_v_fma_f32, IEEE, 0x80800000, 0x3f800000, 0, 0x80800000, OMOD_HALF, 0, false},
    {OP_v_add_f32, 0x10, 0x807fffff, 0x80800000, 0, 0x80000000, OMOD_HALF, 0, false},
    {OP_v_add_f32, 0x30, 0x807fffff, 0x80800000, 0, 0x80ffffff, OMOD_HALF, 0, false},
    {OP_v_fma_f16, 0x40, 0x0001, 0x3400, 0x8400, 0x8000, OMOD_HALF, 0, true},
    {OP_v_fma_f16, 0x44, 0x0001, 0x3400, 0x8400, 0x0000, OMOD_HALF, 0, true},
    {OP_v_fmac_f16, 0x48, 0x0001, 0x3400, 0x8400, 0x8000, OMOD_HALF, 0, true},
    {OP_v_fmac_f16, 0x4c, 0x0001, 0x3400, 0x8400, 0x0000, OMOD_HALF, 0, true},
    {OP_v_fma_f16, 0x40, 0x0400, 0x0400, 0x7bff, 0x77ff, OMOD_HALF, 0, true},
    {OP_v_fma_f16, 0x44, 0x0400, 0x0400, 0x7bff, 0x7c00, OMOD_HALF, 0, true},
    {OP_v_fma_f16, OVFL, 0x3c00, 0x7bff, 0x7bff, 0x77ff, OMOD_HALF, 0, true},
    {OP_v_fma_f16, OVFL | 0xc0, 0x3c00, 0x7bff, 0x7bff, 0x7bff, OMOD_HALF, 0, true},
    {OP_v_fma_f16, 0x00, 0x0400, 0xb800, 0, 0x0000, OMOD_4, 0, true},
    {OP_v_ldexp_f32, 0x0f, 0x7f7fffff, 0, 0, 0x7f7fffff, OMOD_2, 0, false},
    {OP_v_mul_dx9_zero_f32, 0x03, 0x7f7fffff, 0x3f800000, 0, 0x7f7fffff, OMOD_2, 0, false},
    {OP_v_mul_dx9_zero_f32, 0x02, 0xff7fffff, 0x3f800000, 0, 0xff800000, OMOD_2, 0, false},
    /* the fused dx9 operations flush whatever MODE says */
    {OP_v_mul_dx9_zero_f32, 0xf0, 0x00000001, 0x4b000000, 0, 0x00800000, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0xf0, 0x00000001, 0x4b000000, 0, 0x00000000, 0, 0, false},
    {OP_v_fmac_dx9_zero_f32, 0xf0, 0x00800000, 0x3f000000, 0, 0x00000000, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x30, 0, 0x7f800000, 0x80000001, 0x00000000, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x32, 0, 0x7f800000, 0x80000001, 0x80000000, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x30, 0x80000000, 0x3f800000, 0x80000000, 0x00000000, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x31, 0x80800000, 0x33800000, 0x00800000, 0x00000000, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x30, 0x80800000, 0x33000000, 0x00800000, 0x00800000, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x33, 0x80800000, 0x33000000, 0x00800000, 0x00000000, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x00, 0, 0x7f800000, 0x7f800012, 0x7f800012, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, IEEE, 0, 0x7f800000, 0x7f800012, 0x7fc00012, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x00, 0x7fc01234, 0x80000000, 0x3f800000, 0x3f800000, 0, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x30, 0x3f800000, 0x3f800000, 0x3f800000, 0x40800000, OMOD_2, 0, false},
    {OP_v_fma_dx9_zero_f32, 0x30 | IEEE, 0x3f800000, 0x3f800000, 0x3f800000, 0x40000000, OMOD_2, 0, false},
    /* mixed precision */
    {OP_v_fma_mix_f32, 0x01, 0x3f800000, 0x3f800000, 0x33800000, 0x3f800001, 0, 0, false},
    {OP_v_fma_mix_f32, 0x02, 0xbf800000, 0x3f800000, 0xb3800000, 0xbf800001, 0, 0, false},
    {OP_v_fma_mix_f32, 0x00, 0x00000001, 0x4b000000, 0, 0x00000000, 0, 0, false},
    {OP_v_fma_mix_f32, 0x30, 0x00800000, 0x3f000000, 0, 0x00400000, 0, 0, false},
    {OP_v_fma_mix_f32, 0x02, 0x3f800000, 0x3f800000, 0xbf800000, 0x80000000, 0, 0, false},
    {OP_v_fma_mix_f32, 0x00, 0x7f800012, 0x3f800000, 0x3f800000, 0x7f800012, 0, 0, false},
    {OP_v_fma_mix_f32, IEEE, 0x7f800012, 0x3f800000, 0x3f800000, 0x7fc00012, 0, 0, false},
    {OP_v_fma_mixlo_f16, 0xf0, 0x3b333333, 0x42b90000, 0x80000000, 0x340c, 0, 0, true},
    {OP_v_fma_mixlo_f16, 0xf4, 0x3b333333, 0x42b90000, 0x80000000, 0x340c, 0, 0, true},
    {OP_v_fma_mixlo_f16, 0xf8, 0x3b333333, 0x42b90000, 0x80000000, 0x340b, 0, 0, true},
    {OP_v_fma_mixlo_f16, 0xfc, 0x3b333333, 0x42b90000, 0x80000000, 0x340b, 0, 0, true},
    {OP_v_fma_mixlo_f16, 0x00, 0x7f800000, 0, 0x7fe9a000, 0xfe00, 0, 0, true},
    {OP_v_fma_mixlo_f16, 0x00, 0x7fc12000, 0x3f800000, 0x7fe9a000, 0x7e09, 0, 0, true},
    /* ldexp and the end of a division */
    {OP_v_ldexp_f32, 0xf0, 0x00800000, 0xffffffe8, 0, 0x00000000, 0, 0, false},
    {OP_v_ldexp_f32, 0xf5, 0x00800000, 0xffffffe8, 0, 0x00000001, 0, 0, false},
    {OP_v_ldexp_f32, 0xfa, 0x80800000, 0xffffffe8, 0, 0x80000001, 0, 0, false},
    {OP_v_ldexp_f32, 0xff, 0x3f800000, 0x7fffffff, 0, 0x7f7fffff, 0, 0, false},
    {OP_v_div_fixup_f16, 0xf0, 0x7e2a, 0x3c00, 0x3c00, 0x7c00, 0, 0, true},
    {OP_v_div_fixup_f16, 0xff, 0x7e2a, 0x3c00, 0x3c00, 0x7bff, 0, 0, true},
    {OP_v_div_fixup_f16, 0xf5, 0x7c00, 0xbc00, 0x3c00, 0xfbff, 0, 0, true},
    {OP_v_div_fixup_f16, 0xfa, 0x7c00, 0xbc00, 0x3c00, 0xfc00, 0, 0, true},
    {OP_v_div_fixup_f16, 0xf0, 0xc200, 0, 0, 0xfe00, 0, 0, true},
    {OP_v_div_fixup_f16, 0x00, 0x3c00, 0x0001, 0x3c00, 0x7c00, 0, 0, true},
    {OP_v_div_fixup_f16, 0xf0, 0x3c00, 0x0001, 0x3c00, 0x3c00, 0, 0, true},
    {OP_v_div_fixup_f16, 0x00, 0x3c00, 0x3c00, 0x8001, 0x8000, 0, 0, true},
    {OP_v_div_fixup_f16, 0xf0, 0x0000, 0x3c00, 0xfc2a, 0xfe2a, 0, 0, true},
    /* transcendentals: no direction; in f32 most flush, and so scale, whatever MODE says */
    {OP_v_log_f32, 0xf3, 0x40800000, 0, 0, 0x40800000, OMOD_2, 0, false},
    {OP_v_log_f32, 0xf0 | IEEE, 0x40800000, 0, 0, 0x40000000, OMOD_2, 0, false},
    {OP_v_exp_f32, 0xf3, 0x42fe0000, 0, 0, 0x7f800000, OMOD_2, 0, false},
    {OP_v_exp_f32, 0xf1, 0xc2fc0000, 0, 0, 0x00000000, OMOD_HALF, 0, false},
    {OP_v_exp_f32, 0xf0, 0x80000001, 0, 0, 0x3f800000, 0, 0, false},
    {OP_v_log_f32, 0xf0, 0x80000001, 0, 0, 0xff800000, 0, 0, false},
    {OP_v_log_f32, 0xf0, 0xff812345, 0, 0, 0xff812345, 0, 0, false},
    {OP_v_rcp_f32, 0x00, 0x7f800001, 0, 0, 0x7f800001, 0, 0, false},
    {OP_v_rcp_f32, 0x00, 0x00800000, 0, 0, 0x7f800000, OMOD_4, 0, false},
    {OP_v_rsq_f32, 0xf0, 0x3f800000, 0, 0, 0x40000000, OMOD_2, 0, false},
    {OP_v_cos_f32, 0xf0, 0x00000000, 0, 0, 0x40000000, OMOD_2, 0, false},
    {OP_v_sin_f32, 0xf2, 0x80000001, 0, 0, 0x80000006, 0, 0, false},
    {OP_v_sin_f32, 0xd0, 0x80000001, 0, 0, 0x80000000, 0, 0, false},
    {OP_v_sin_f32, 0xe0, 0x80000001, 0, 0, 0x80000000, 0, 0, false},
    {OP_v_sin_f32, 0xf0, 0xff7fffff, 0, 0, 0x00000000, 0, 0, false},
    {OP_v_rcp_f16, OVFL | 0xc0, 0x0000, 0, 0, 0x7bff, 0, 0, true},
    {OP_v_rsq_f16, OVFL | 0xc0, 0x8000, 0, 0, 0xfbff, 0, 0, true},
    {OP_v_rcp_f16, 0x00, 0x03ff, 0, 0, 0x7c00, 0, 0, true},
    {OP_v_rcp_f16, 0xc0, 0x03ff, 0, 0, 0x7401, 0, 0, true},
    {OP_v_rcp_f16, 0x00, 0x7bff, 0, 0, 0x0000, 0, 0, true},
    {OP_v_rcp_f16, 0xcc, 0x7bff, 0, 0, 0x0100, 0, 0, true},
    {OP_v_rcp_f16, 0x00, 0x7c01, 0, 0, 0x7c01, 0, 0, true},
    {OP_v_rsq_f16, IEEE, 0x7c01, 0, 0, 0x7e01, 0, 0, true},
    {OP_v_sqrt_f16, 0x00, 0x7c01, 0, 0, 0x7c01, OMOD_2, 0, true},
    {OP_v_sin_f16, 0x00, 0x0001, 0, 0, 0x0000, 0, 0, true},
    {OP_v_sin_f16, 0xc0, 0x0001, 0, 0, 0x0006, 0, 0, true},
    {OP_v_log_f16, 0xf0, 0x0001, 0, 0, 0xce00, 0, 0, true},
    {OP_v_log_f16, 0x30, 0x0001, 0, 0, 0xfc00, 0, 0, true},
    {OP_v_log_f16, OVFL | 0x30, 0x0001, 0, 0, 0xfbff, 0, 0, true},
    {OP_v_log_f16, OVFL | 0xf0, 0x7c00, 0, 0, 0x7c00, 0, 0, true},
    {OP_v_log_f16, 0x30, 0xfc01, 0, 0, 0xfc01, 0, 1, true},
    {OP_v_log_f16, 0x30, 0xbc00, 0, 0, 0xfe00, 0, 1, true},
    {OP_v_exp_f16, 0xf0, 0xcb80, 0, 0, 0x0200, OMOD_4, 0, true},
    {OP_v_exp_f16, 0x70, 0xcb80, 0, 0, 0x0000, 0, 0, true},
    {OP_v_exp_f16, OVFL | 0x30, 0x4c00, 0, 0, 0x77ff, OMOD_HALF, 0, true},
    {OP_v_exp_f16, OVFL | 0xf0, 0x4c00, 0, 0, 0x7bff, OMOD_HALF, 0, true},
    {OP_v_exp_f16, 0x30, 0x4c00, 0, 0, 0x7c00, OMOD_HALF, 0, true},
    {OP_v_exp_f16, 0xf0, 0x11c5, 0, 0, 0x3c01, 0, 0, true},
};
/* clang-format on */

static void as_recorded(void **state) {
    (void)state;
    for (unsigned k = 0; k < sizeof recordings / sizeof *recordings; k++)
        for (unsigned n = 0; n < level_count; n++) {
            static struct machine m;
            const struct recorded *c = &recordings[k];
            machine_reset(&m);
            m.w.mode = c->mode;
            m.v[REG_A] += c->a, m.v[REG_B] += c->b, m.v[REG_C] += c->c, m.v[REG_D] += 0xdeadbeef;
            struct inst i = instruction(c->op, format_of(c->op), 3);
            if (starts_with(op_info(c->op)->name, "v_fma_mix")) i.op_sel_hi = 0;
            i.omod = c->omod, i.clamp = c->clamp;
            execute(table[n], &m, &i);
            uint32_t want = c->half ? 0xdead0000 | c->want : c->want;
            if (m.v[REG_D][3] != want)
                fail_msg("%s(%08x, %08x, %08x) in MODE 0x%x, omod %u, clamp %u, at level %s: %08x, not %08x",
                         op_info(c->op)->name, c->a, c->b, c->c, c->mode, c->omod, c->clamp, levels[n].name,
                         m.v[REG_D][3], want);
        }
}

/* ---- who sets it --------------------------------------------------------------------------------------- */

static uint32_t one_and_a_bit(struct machine *m) { /* 1 + 2^-149, by f32's rounding */
    struct inst i = instruction(OP_v_add_f32, FMT_VOP3, 2);
    m->v[REG_A] = (u32v){0} + 0x3f800000, m->v[REG_B] = (u32v){0} + 1;
    execute(table[0], m, &i);
    return m->v[REG_D][0];
}
static void instructions_set_it(void **state) {
    (void)state;
    static struct machine m;
    machine_reset(&m);
    assert_int_equal(one_and_a_bit(&m), 0x3f800000);
    struct inst i = instruction(OP_s_round_mode, FMT_SOPP, 0);
    i.offset = 1;
    execute(table[0], &m, &i);
    assert_int_equal(m.w.mode & 15, 1);
    assert_int_equal(one_and_a_bit(&m), 0x3f800001);
    i = instruction(OP_s_denorm_mode, FMT_SOPP, 0); /* the subnormal operand is flushed */
    i.offset = 0;
    execute(table[0], &m, &i);
    assert_int_equal(one_and_a_bit(&m), 0x3f800000);
    i.offset = 15;
    execute(table[0], &m, &i);
    assert_int_equal(one_and_a_bit(&m), 0x3f800001);
    m.w.mode = 0;
    i = instruction(OP_s_setreg_imm32_b32, FMT_SOPK, 1); /* hwreg(MODE, 0, 8) */
    i.offset = 1 | 7 << 11;
    i.src[0] = (struct operand){.kind = OPND_CONST, .value = 0xf1};
    execute(table[0], &m, &i);
    assert_int_equal(m.w.mode & 0xff, 0xf1);
    assert_int_equal(one_and_a_bit(&m), 0x3f800001);
}

/* A wave starts with what the kernel descriptor says, and a kernel that changes it changes only its own. */
static void descriptor_sets_it(void **state) {
    (void)state;
    static float inputs[2] = {1, 0x1p-149f};
    static uint32_t results[64][4];
    struct file f = read_file(MODE_OBJECT);
    rdnasim_report report;
    for (uint32_t mode = 0; mode < 16; mode++) {
        rdnasim *sim = NULL;
        rdnasim_object *object = NULL;
        assert_int_equal(rdnasim_create(NULL, &sim, &report), RDNASIM_OK);
        assert_int_equal(rdnasim_load(sim, f.data, f.bytes, &object, &report), RDNASIM_OK);
        uint64_t args[2];
        unsigned both = RDNASIM_READ | RDNASIM_WRITE;
        assert_int_equal(rdnasim_bind(sim, inputs, sizeof inputs, both, "in", &args[0], &report), RDNASIM_OK);
        assert_int_equal(rdnasim_bind(sim, results, sizeof results, both, "out", &args[1], &report),
                         RDNASIM_OK);
        uint32_t *rsrc1 = &object->kernels[0].descriptor.rsrc1;
        *rsrc1 = (*rsrc1 & ~(UINT32_C(15) << 12)) | mode << 12;
        rdnasim_launch launch = launch_of(64, 64, args, sizeof args);
        if (rdnasim_run(sim, &object->kernels[0], &launch, NULL, &report) != RDNASIM_OK)
            fail_msg("%s", report.text);
        for (unsigned l = 0; l < 64; l++) {
            assert_int_equal(results[l][0] & 0xff, 0xf0 | mode);
            assert_int_equal(results[l][1], (mode & 3) == ROUND_UP ? 0x3f800001 : 0x3f800000);
            assert_int_equal(results[l][2], mode >> 2 == ROUND_UP ? 1 : 0); /* 2^-149 as f16 */
            assert_int_equal(results[l][3], 0x3f800001);                    /* after s_round_mode 1 */
        }
        rdnasim_destroy(sim);
    }
    free(f.data);
}

/* The descriptor's bits for MODE, each by itself. */
static void bits_of_the_descriptor(void **state) {
    (void)state;
    static const uint32_t bits[][2] = {{UINT32_C(0xff) << 12, 0xff},
                                       {UINT32_C(1) << 21, MODE_DX10_CLAMP},
                                       {UINT32_C(1) << 23, MODE_IEEE},
                                       {UINT32_C(1) << 26, MODE_FP16_OVFL}};
    uint32_t all = 0;
    for (unsigned n = 0; n < 4; n++) {
        assert_int_equal(gfx11.start_mode(&(struct wave_start){.rsrc1 = bits[n][0]}), bits[n][1]);
        all |= bits[n][0];
    }
    assert_int_equal(gfx11.start_mode(&(struct wave_start){.rsrc1 = ~all}), 0);
}

int main(void) {
    level_count = bind_levels(levels, table);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_these_follow),  cmocka_unit_test(by_hand),
        cmocka_unit_test(as_recorded),        cmocka_unit_test(instructions_set_it),
        cmocka_unit_test(descriptor_sets_it), cmocka_unit_test(bits_of_the_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
