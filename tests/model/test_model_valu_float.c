/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Floating-point vector operations of the simulator against their second model: numbers of every class and
 * where rounding is hard, in registers of both kinds and upper halves, with every modifier, in every MODE,
 * under EXEC and DPP, in wave32 and wave64, at every SIMD level. All registers are compared.
 */
#include "valu_float.h"
#include "valu_lanes.h"

enum { ROUNDS = 250 }; /* per operation: 32 or 64 lanes each */

static const struct float_table *const tables[] = {
    &float_arithmetic, &float_compares, &float_conversions, &float_selections, &float_transcendentals, NULL};

/* Packed operations, and what they do twice. */
static const struct {
    enum op packed, half;
} packed_ops[] = {{OP_v_pk_fma_f16, OP_v_fma_f16}, {OP_v_pk_fmac_f16, OP_v_fmac_f16},
                  {OP_v_pk_add_f16, OP_v_add_f16}, {OP_v_pk_mul_f16, OP_v_mul_f16},
                  {OP_v_pk_min_f16, OP_v_min_f16}, {OP_v_pk_max_f16, OP_v_max_f16}};
enum { PACKED = sizeof packed_ops / sizeof *packed_ops };

static enum op packed_half(enum op op) {
    for (unsigned n = 0; n < PACKED; n++)
        if (packed_ops[n].packed == op) return packed_ops[n].half;
    return OP_COUNT;
}

static const struct float_row *find_row(enum op op) {
    if (packed_half(op) != OP_COUNT) op = packed_half(op);
    for (unsigned t = 0; tables[t]; t++)
        for (unsigned n = 0; n < tables[t]->count; n++)
            if (tables[t]->rows[n].op == op) return &tables[t]->rows[n];
    return NULL;
}

/* ---- instructions ------------------------------------------------------------------------------------- */

static bool is_float(unsigned type) { return type == TYPE_F16 || type == TYPE_F32 || type == TYPE_F64; }

static bool interpolates(enum op op) { return starts_with(op_info(op)->name, "v_interp_"); }

/* The lane that source n comes from: of interpolation another one of the quad. */
static unsigned lane_of_source(enum op op, unsigned n, unsigned lane) {
    bool first_step = starts_with(op_info(op)->name, "v_interp_p10");
    if (!interpolates(op) || n == 1 || (n == 2 && !first_step)) return lane;
    return lane / 4 * 4 + (n == 2 ? 0 : first_step ? 1 : 2);
}

static bool takes_dpp(enum op op) {
    const struct op_info *info = op_info(op);
    bool other_formats = op == OP_v_fmamk_f32 || op == OP_v_fmaak_f32 || op == OP_v_fmamk_f16 ||
                         op == OP_v_fmaak_f16 || op == OP_v_pk_fmac_f16 || starts_with(info->name, "v_div_");
    for (unsigned n = 0; n < 3; n++)
        if (type_dwords(info->src[n]) > 1) return false;
    return !other_formats && !interpolates(op) && format_of(op) == FMT_VOP3 && type_dwords(info->dst) == 1;
}

/* Neither literals in the middle nor the packed accumulation have an encoding with modifiers. */
static bool takes_modifiers(enum op op) {
    return op != OP_v_fmamk_f32 && op != OP_v_fmaak_f32 && op != OP_v_fmamk_f16 && op != OP_v_fmaak_f16 &&
           op != OP_v_pk_fmac_f16;
}

static struct inst draw_instruction(enum op op) {
    const struct op_info *info = op_info(op);
    bool mixed = info->src[0] == TYPE_MIX, scaled = starts_with(info->name, "v_div_scale");
    unsigned sources = 0;
    while (sources < 3 && info->src[sources] != TYPE_NONE) sources++;
    struct inst i = instruction(op, format_of(op), sources);
    uint64_t r = draw();
    i.dst.type = info->dst;
    i.dst.dwords = (uint8_t)type_dwords(info->dst);
    i.dst.hi = type_is_16(info->dst) && takes_modifiers(op) && r & 1;
    if ((r >> 55 & 7) == 0) i.sdst.reg = SREG_NULL;
    if (starts_with(info->name, "v_cmpx_")) i.sdst.reg = SREG_EXEC;
    bool has_bits = info->dst == TYPE_B32 || info->dst == TYPE_B16 || info->dst == TYPE_MASK;
    i.clamp = takes_modifiers(op) && (!has_bits || mixed) && (r >> 1 & 3) == 0;
    if (is_float(info->dst) && takes_modifiers(op) && !interpolates(op) && (r >> 3 & 3) == 0)
        i.omod = r >> 5 & 3;
    for (unsigned n = 0; n < sources; n++) {
        struct operand *s = &i.src[n];
        s->type = info->src[n];
        s->dwords = (uint8_t)type_dwords(s->type);
        if (s->type == TYPE_MASK)
            s->kind = OPND_SGPR, s->reg = r >> 7 & 1 ? SREG_VCC : 44;
        else if ((r >> (8 + 4 * n) & 7) == 0 && !(info->flags & OP_ACCUMULATES) && !interpolates(op))
            s->kind = OPND_SGPR, s->reg = (uint16_t)(8 + 4 * n);
        if (!takes_modifiers(op)) continue;
        s->hi = type_is_16(s->type) && r >> (24 + n) & 1;
        if (is_float(s->type) && r >> 27 & 1)
            s->neg = r >> (28 + n) & 1, s->abs = !scaled && !interpolates(op) && r >> (31 + n) & 1;
    }
    if (info->flags & OP_ACCUMULATES) i.dst.reg = i.src[sources - 1].reg;
    if (takes_dpp(op) && i.src[0].kind == OPND_VGPR && (r >> 34 & 3) == 0) draw_dpp(&i);
    if (i.format == FMT_VOP3P && takes_modifiers(op)) {
        i.op_sel = r >> 36 & 7;
        i.op_sel_hi = r >> 40 & 7;
        i.neg_lo = r >> 44 & 7;
        i.neg_hi = r >> 48 & 7;
    }
    return i;
}

/* ---- numbers ------------------------------------------------------------------------------------------ */

static uint32_t draw_half_pair(void) { return (uint32_t)(draw_number(F16) | draw_number(F16) << 16); }

/* A value of a source type; integers are exponents and indices, mostly small. */
static uint64_t draw_value(unsigned type) {
    switch (type) {
    case TYPE_F64: return draw_number(F64);
    case TYPE_F32: return draw_number(F32);
    case TYPE_MIX: return draw() & 1 ? draw_number(F32) : draw_half_pair();
    case TYPE_F16:
    case TYPE_PK_F16: return draw_half_pair();
    case TYPE_I16:
    case TYPE_I32: return draw() & 1 ? draw_bits() : (uint64_t)((int64_t)(draw() % 2400) - 1200);
    default: return draw_bits();
    }
}

/* Often near the first source, so that comparisons are close and sums cancel. */
static uint64_t draw_near(uint64_t first, unsigned type) {
    uint64_t r = draw(), top = type == TYPE_F64   ? UINT64_C(1) << 63
                               : type == TYPE_F32 ? 0x80000000
                                                  : 0x80008000;
    if (!is_float(type) || r & 2) return draw_value(type);
    return (r & 1 ? first ^ top : first) + (r >> 8 & 3) - 1;
}

static void draw_numbers(struct machine *m, const struct inst *i) {
    uint64_t first[LANES * 2] = {0};
    for (unsigned n = 0; n < i->src_count; n++) {
        const struct operand *s = &i->src[n];
        if (s->type == TYPE_MASK) continue;
        for (unsigned lane = 0; lane < (s->kind == OPND_SGPR ? 1 : 2 * LANES); lane++) {
            uint64_t value = n ? draw_near(first[lane], s->type) : draw_value(s->type);
            if (!n) first[lane] = value;
            for (unsigned d = 0; d < s->dwords; d++)
                if (s->kind == OPND_SGPR)
                    m->w.s[s->reg + d] = (uint32_t)(value >> 32 * d);
                else
                    set_lane(m, s->reg + d, lane, (uint32_t)(value >> 32 * d));
        }
    }
}

static void draw_mode(struct machine *m) {
    const uint32_t all = MODE_ROUND_32 | MODE_ROUND_16_64 | MODE_DENORM_32 | MODE_DENORM_16_64 |
                         MODE_DX10_CLAMP | MODE_IEEE | MODE_FP16_OVFL;
    uint64_t r = draw();
    if (r & 3) m->w.mode = (uint32_t)(r >> 8) & all;
    if ((r >> 2 & 3) == 0) m->w.mode &= ~(uint32_t)(MODE_ROUND_32 | MODE_ROUND_16_64);
}

static struct float_mode unpack_mode(uint32_t mode) {
    return (struct float_mode){.round_32 = mode & 3,
                               .round_16_64 = mode >> 2 & 3,
                               .denormals_32 = {mode >> 4 & 1, mode >> 5 & 1},
                               .denormals_16_64 = {mode >> 6 & 1, mode >> 7 & 1},
                               .dx10_clamp = mode & MODE_DX10_CLAMP,
                               .ieee = mode & MODE_IEEE,
                               .fp16_ovfl = mode & MODE_FP16_OVFL};
}

/* ---- the model's lanes -------------------------------------------------------------------------------- */

static uint64_t bits_of(uint64_t raw, unsigned type, bool high, bool abs, bool neg) {
    unsigned width = type_is_16(type) ? 16 : 32 * type_dwords(type);
    uint64_t top = UINT64_C(1) << (width - 1), value = (high ? raw >> 16 : raw) & (2 * top - 1);
    if (abs) value &= ~top;
    return neg ? value ^ top : value;
}

/* A source of packed operations: half h of the result. */
static uint64_t packed_bits(const struct inst *i, uint64_t raw, unsigned n, unsigned h) {
    bool high = (h ? i->op_sel_hi : i->op_sel) >> n & 1;
    return bits_of(raw, TYPE_F16, high, false, (h ? i->neg_hi : i->neg_lo) >> n & 1);
}

/*
 * A source of v_fma_mix: an f32, or the chosen half; negated, or made positive, by the bits of packed ones.
 */
static uint64_t mixed_bits(const struct inst *i, uint64_t raw, unsigned n, bool *wide) {
    *wide = !(i->op_sel_hi >> n & 1);
    return bits_of(raw, *wide ? TYPE_F32 : TYPE_F16, !*wide && i->op_sel >> n & 1, i->neg_hi >> n & 1,
                   i->neg_lo >> n & 1);
}

struct lane_results {
    bool mask, inexact;
};

static struct lane_results model_instruction(const struct inst *i, const struct float_row *row,
                                             const struct machine *from, struct machine *to, unsigned half,
                                             unsigned l) {
    struct float_mode mode = unpack_mode(from->w.mode);
    struct float_lane x = {.omod = i->omod, .clamp = i->clamp, .mode = &mode};
    uint64_t raw[3] = {0}, *bits[] = {&x.a, &x.b, &x.c};
    unsigned lane = 32 * half + l, source = lane;
    enum dpp_effect dpp = i->dpp ? model_dpp(i, wave_exec(from), lane, &source) : DPP_FETCH;
    if (dpp == DPP_NO_WRITE) return (struct lane_results){0};
    x.bit = from->w.s[SREG_VCC + half] >> l & 1;
    for (unsigned n = 0; n < i->src_count; n++) {
        const struct operand *s = &i->src[n];
        if (s->type == TYPE_MASK)
            x.bit = from->w.s[s->reg + half] >> l & 1;
        else if (n || dpp == DPP_FETCH)
            raw[n] = (uint64_t)read_operand(from, s,
                                            n || !i->dpp ? lane_of_source((enum op)i->op, n, lane) : source);
        if (s->type == TYPE_MIX)
            *bits[n] = mixed_bits(i, raw[n], n, &x.wide[n]);
        else
            *bits[n] = bits_of(raw[n], s->type, s->hi, s->abs, s->neg);
    }
    uint64_t result = 0;
    if (packed_half((enum op)i->op) != OP_COUNT)
        for (unsigned h = 0; h < 2; h++) {
            for (unsigned n = 0; n < i->src_count; n++) *bits[n] = packed_bits(i, raw[n], n, h);
            row->lane(row->op, &x);
            result |= (x.d & 0xffff) << 16 * h;
        }
    else {
        row->lane(row->op, &x);
        result = x.d;
    }
    if (i->dst.type == TYPE_MASK) return (struct lane_results){x.mask, false};
    struct operand d = i->dst;
    if (i->op == OP_v_fma_mixlo_f16 || i->op == OP_v_fma_mixhi_f16)
        d.type = TYPE_F16, d.hi = i->op == OP_v_fma_mixhi_f16;
    write_operand(to, &d, half, l, result);
    return (struct lane_results){x.mask, x.inexact};
}

/* inexact: a bit per lane. */
static void model_wave(const struct inst *i, const struct float_row *row, const struct machine *from,
                       struct machine *to, uint64_t *inexact) {
    const struct op_info *info = op_info((enum op)i->op);
    for (unsigned half = 0; half < from->w.wave_size / 32; half++) {
        uint32_t mask = 0;
        for (unsigned l = 0; l < LANES; l++) {
            if (!(from->w.s[SREG_EXEC + half] >> l & 1)) continue;
            struct lane_results results = model_instruction(i, row, from, to, half, l);
            mask |= (uint32_t)results.mask << l;
            *inexact |= (uint64_t)results.inexact << (32 * half + l);
        }
        bool has_mask = info->dst == TYPE_MASK || info->flags & OP_MASK_RESULT;
        if (has_mask && i->sdst.reg != SREG_NULL) to->w.s[i->sdst.reg + half] = mask;
    }
}

/* ---- the tests ---------------------------------------------------------------------------------------- */

/* Bits of a float as an integer that counts in units of the last place. */
static int64_t ordered(uint64_t bits, unsigned width) {
    uint64_t top = UINT64_C(1) << (width - 1);
    return bits & top ? -(int64_t)(bits & (top - 1)) : (int64_t)bits;
}

/* Where an operation may err, takes over those results that err no more than that. */
static void forgive(const struct inst *i, double ulp, uint64_t inexact, const struct machine *got,
                    struct machine *want) {
    unsigned type = i->dst.type, width = type_is_16(type) ? 16 : 32 * type_dwords(type);
    for (unsigned lane = 0; lane < 2 * LANES; lane++) {
        uint64_t g = bits_of((uint64_t)read_operand(got, &i->dst, lane), type, i->dst.hi, false, false);
        uint64_t w = bits_of((uint64_t)read_operand(want, &i->dst, lane), type, i->dst.hi, false, false);
        if (inexact >> lane & 1 && llabs(ordered(g, width) - ordered(w, width)) <= ulp)
            write_operand(want, &i->dst, lane / LANES, lane % LANES, g);
    }
}

static bool agrees(const struct inst *i, const struct float_row *row, const struct machine *start) {
    static struct machine want, got;
    uint64_t inexact = 0;
    want = *start;
    model_wave(i, row, start, &want, &inexact);
    for (unsigned n = 0; n < level_count; n++) {
        got = *start;
        execute_wave(table[n], &got, i);
        if (!n && row->ulp > 0) forgive(i, row->ulp, inexact, &got, &want);
        if (same_registers(&want, &got)) continue;
        explain_wave(i, start, &want, &got, levels[n].name);
        return false;
    }
    return true;
}

static void every_row_agrees(void **state) {
    (void)state;
    static struct machine start;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct float_row *row = find_row(op);
        bool right = true;
        for (unsigned round = 0; row && round < ROUNDS && right; round++) {
            struct inst i = draw_instruction(op);
            draw_machine(&start);
            draw_numbers(&start, &i);
            draw_mode(&start);
            right = agrees(&i, row, &start);
        }
        wrong += !right;
    }
    assert_int_equal(wrong, 0);
}

/* Operations of one half: of every half there is. */
static void every_half_agrees(void **state) {
    (void)state;
    static const uint32_t modes[] = {CLANG_MODE, 0, MODE_DENORM_16_64 | MODE_FP16_OVFL};
    static struct machine start;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info(op);
        const struct float_row *row = find_row(op);
        bool right = true;
        if (!row || info->src[0] != TYPE_F16 || info->src[1] != TYPE_NONE) continue;
        struct inst i = instruction(op, format_of(op), 1);
        i.dst.type = info->dst;
        i.dst.dwords = (uint8_t)type_dwords(info->dst);
        i.src[0].type = TYPE_F16;
        machine_reset(&start);
        start.w.wave_size = 2 * LANES;
        start.w.s[SREG_EXEC + 1] = start.w.s[SREG_EXEC];
        for (unsigned n = 0; n < sizeof modes / sizeof *modes; n++) {
            start.w.mode = modes[n];
            for (uint32_t half = 0; half < 0x10000 && right; half += 2 * LANES) {
                for (unsigned lane = 0; lane < 2 * LANES; lane++) set_lane(&start, REG_A, lane, half + lane);
                right = agrees(&i, row, &start);
            }
        }
        wrong += !right;
    }
    assert_int_equal(wrong, 0);
}

/* Float operations of the vector ALU that have no row here. */
static const struct {
    const char *prefix, *reason;
} elsewhere[] = {
    {"v_dot2", "test_model_dot.c"},
};

static bool is_float_or_packed(unsigned type) {
    return is_float(type) || type == TYPE_BF16 || type == TYPE_PK_F16 || type == TYPE_PK_BF16 ||
           type == TYPE_MIX;
}

static void every_operation_has_a_row(void **state) {
    (void)state;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info(op);
        if (info->port != RDNASIM_PORT_VALU && info->port != RDNASIM_PORT_TRANS) continue;
        if (!is_float_or_packed(info->dst) && !is_float_or_packed(info->src[0])) continue;
        unsigned places = find_row(op) != NULL;
        for (unsigned n = 0; n < sizeof elsewhere / sizeof *elsewhere; n++)
            places += starts_with(info->name, elsewhere[n].prefix);
        if (places != 1) print_error("%s has %u places\n", info->name, places), wrong++;
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operation_has_a_row),
                                       cmocka_unit_test(every_row_agrees),
                                       cmocka_unit_test(every_half_agrees)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
