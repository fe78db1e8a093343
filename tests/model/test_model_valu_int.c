/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Integer vector operations of the simulator against their second model: random and boundary operands in
 * registers of both kinds, constants, upper halves, clamp, DPP, EXEC, dual issue, wave32 and wave64, every
 * SIMD level. All registers are compared, so that a write too many shows as well as a wrong one.
 */
#include "valu_int.h"
#include "valu_lanes.h"

enum { ROUNDS = 100 }; /* per operation: 32 or 64 lanes each */

/* ---- types as numbers --------------------------------------------------------------------------------- */

static bool is_signed(unsigned type) { return type == TYPE_I16 || type == TYPE_I32 || type == TYPE_I64; }
static unsigned width_of(unsigned type) { return type_is_16(type) ? 16 : 32 * type_dwords(type); }

/* Operations that ignore the clamp bit by AMD's list, and those that heed it; assemblers give others none. */
static bool ignores_clamp(const struct op_info *info) {
    static const char *const prefixes[] = {"v_add3_", "v_add_lshl_", "v_align", "v_perm_", "v_and_", "v_or",
                                           "v_xor_",  "v_xor3",      "v_not_",  "v_xnor_", "v_bf",   "v_cmp"};
    for (unsigned n = 0; n < sizeof prefixes / sizeof *prefixes; n++)
        if (starts_with(info->name, prefixes[n])) return true;
    return false;
}
static bool takes_clamp(const struct op_info *info) {
    static const char *const prefixes[] = {"v_add_", "v_sub_",  "v_subrev_", "v_mul_i32_i24", "v_mul_u32_u24",
                                           "v_mad_", "v_sad_",  "v_msad_",   "v_qsad",        "v_mqsad_",
                                           "v_pk_",  "v_dot4_", "v_dot8_"};
    if (!strcmp(info->name, "v_add_lshl_u32")) return false;
    for (unsigned n = 0; n < sizeof prefixes / sizeof *prefixes; n++)
        if (starts_with(info->name, prefixes[n])) return true;
    return false;
}

/* ---- instructions ------------------------------------------------------------------------------------- */

/* Not those that read or write 64 bits, 32-bit products and the integer dot products. */
static bool takes_dpp(enum op op) {
    const struct op_info *info = op_info(op);
    if (op == OP_v_mul_lo_u32 || op == OP_v_mul_hi_u32 || op == OP_v_mul_hi_i32) return false;
    for (unsigned n = 0; n < 3; n++)
        if (type_dwords(info->src[n]) > 1) return false;
    return format_of(op) == FMT_VOP3 && type_dwords(info->dst) == 1;
}

static struct inst draw_instruction(enum op op) {
    const struct op_info *info = op_info(op);
    unsigned sources = 0;
    while (sources < 3 && info->src[sources] != TYPE_NONE) sources++;
    struct inst i = instruction(op, format_of(op), sources);
    uint64_t r = draw();
    i.clamp = (takes_clamp(info) || ignores_clamp(info)) && r & 1;
    i.dst.type = info->dst;
    i.dst.dwords = (uint8_t)type_dwords(info->dst);
    i.dst.hi = type_is_16(info->dst) && r >> 1 & 1;
    if ((r >> 55 & 7) == 0) i.sdst.reg = SREG_NULL;
    if (starts_with(info->name, "v_cmpx_")) i.sdst.reg = SREG_EXEC;
    for (unsigned n = 0; n < sources; n++) {
        struct operand *s = &i.src[n];
        s->type = info->src[n];
        s->dwords = (uint8_t)type_dwords(s->type);
        if (s->type == TYPE_MASK) {
            s->kind = OPND_SGPR, s->reg = r >> 2 & 1 ? SREG_VCC : 44;
            if (r >> 3 & 1) i.sdst.reg = s->reg; /* carry in and out of one register */
        } else if ((r >> (8 + 4 * n) & 7) == 0)
            s->kind = OPND_SGPR, s->reg = (uint16_t)(8 + 4 * n);
        s->hi = type_is_16(s->type) && r >> (24 + n) & 1;
        if (s->type == TYPE_F32 || s->type == TYPE_F16)
            s->neg = r >> (28 + n) & 1, s->abs = r >> (32 + n) & 1;
    }
    const struct operand *same = &i.src[(r >> 50 & 3) % sources];
    bool fits = same->kind == OPND_VGPR && same->dwords == i.dst.dwords;
    if (r >> 49 & 1 && fits) i.dst.reg = same->reg; /* in place */
    if (r >> 52 & 1) i.src[1].reg = i.src[0].reg;
    if (takes_dpp(op) && i.src[0].kind == OPND_VGPR && r >> 48 & 1) draw_dpp(&i);
    if (i.format == FMT_VOP3P) {
        i.op_sel = model_packed(op) != OP_COUNT ? r >> 36 & 7 : 0;
        i.op_sel_hi = model_packed(op) != OP_COUNT ? r >> 40 & 7 : 7;
        i.neg_lo = starts_with(info->name, "v_dot") ? r >> 44 & 3 : 0;
    }
    return i;
}

/* ---- the model's lanes -------------------------------------------------------------------------------- */

/* `raw` as a number of `type`, after the modifiers. */
static integer number(integer raw, unsigned type, const struct operand *s) {
    unsigned width = width_of(type);
    if (width == 128) return raw;
    integer top = (integer)1 << (width - 1), value = (s->hi ? raw >> 16 : raw) & (2 * top - 1);
    if (s->abs) value &= ~top;
    if (s->neg) value ^= top;
    return is_signed(type) && value & top ? value - 2 * top : value;
}

static void model_one(enum op op, const struct inst *i, const integer *raw, const struct operand *s,
                      struct lane *x) {
    const struct op_info *info = op_info(op);
    integer *numbers[] = {&x->a, &x->b, &x->c};
    for (unsigned n = 0; n < i->src_count; n++)
        if (info->src[n] != TYPE_MASK) *numbers[n] = number(raw[n], info->src[n], &s[n]);
    assert_true(model_lane(op, x));
}

/* One lane's result in `to`; its mask bit is returned. */
static bool model_instruction(const struct inst *i, const struct machine *from, struct machine *to,
                              unsigned half, unsigned l) {
    enum op op = (enum op)i->op, one = model_packed(op);
    const struct op_info *info = op_info(op);
    struct lane x = {.number = 32 * half + l,
                     .clamp = i->clamp,
                     .a_signed = i->neg_lo & 1,
                     .b_signed = i->neg_lo >> 1 & 1};
    struct operand s[3];
    integer raw[3] = {0};
    unsigned source = x.number;
    enum dpp_effect dpp = i->dpp ? model_dpp(i, wave_exec(from), x.number, &source) : DPP_FETCH;
    if (dpp == DPP_NO_WRITE) return false;
    for (unsigned n = 0; n < i->src_count; n++) {
        s[n] = i->src[n];
        if (s[n].type == TYPE_MASK)
            x.bit = from->w.s[s[n].reg + half] >> l & 1;
        else if (n || dpp == DPP_FETCH)
            raw[n] = (integer)read_operand(from, &s[n], n ? x.number : source);
    }
    if (one != OP_COUNT) {
        bool is_int = is_signed(op_info(one)->dst);
        uint32_t result = 0;
        for (unsigned h = 0; h < 2; h++) {
            for (unsigned n = 0; n < i->src_count; n++) s[n].hi = (h ? i->op_sel_hi : i->op_sel) >> n & 1;
            model_one(one, i, raw, s, &x);
            result |= (uint32_t)model_fit(x.d, 16, is_int, i->clamp) << 16 * h;
        }
        write_operand(to, &i->dst, half, l, result);
        return false;
    }
    model_one(op, i, raw, s, &x);
    unsigned width = width_of(info->dst);
    if (info->dst == TYPE_MASK) return x.mask;
    if (width < 128) x.d = model_fit(x.d, width, is_signed(info->dst), i->clamp && takes_clamp(info));
    write_operand(to, &i->dst, half, l, (register_bits)x.d);
    return x.mask;
}

static void model_wave(const struct inst *i, const struct machine *from, struct machine *to) {
    const struct op_info *info = op_info((enum op)i->op);
    for (unsigned half = 0; half < from->w.wave_size / 32; half++) {
        uint32_t mask = 0;
        for (unsigned l = 0; l < LANES; l++)
            if (from->w.s[SREG_EXEC + half] >> l & 1)
                mask |= (uint32_t)model_instruction(i, from, to, half, l) << l;
        bool has_mask = info->dst == TYPE_MASK || info->flags & OP_MASK_RESULT;
        if (has_mask && i->sdst.reg != SREG_NULL) to->w.s[i->sdst.reg + half] = mask;
    }
}

/* ---- the tests ---------------------------------------------------------------------------------------- */

static bool has_row(enum op op) {
    struct lane x = {0};
    return model_packed(op) != OP_COUNT || model_lane(op, &x);
}

/* Does the simulator make of i, at every level, what the model makes of it? */
static bool agrees(const struct inst *i, const struct inst *modelled, const struct machine *start) {
    static struct machine want, got;
    want = *start;
    model_wave(modelled, start, &want);
    for (unsigned n = 0; n < level_count; n++) {
        got = *start;
        execute_wave(table[n], &got, i);
        if (same_registers(&want, &got)) continue;
        explain_wave(modelled, start, &want, &got, levels[n].name);
        return false;
    }
    return true;
}

static void every_row_agrees(void **state) {
    (void)state;
    static struct machine start;
    unsigned wrong = 0;
    for (enum op op = 0; op < OP_COUNT; op++) {
        if (!has_row(op)) continue;
        bool right = true;
        for (unsigned round = 0; round < ROUNDS && right; round++) {
            draw_machine(&start);
            struct inst i = draw_instruction(op);
            right = agrees(&i, &i, &start);
        }
        wrong += !right;
    }
    assert_int_equal(wrong, 0);
}

static void every_dpp_control_agrees(void **state) {
    (void)state;
    static struct machine start;
    static const enum op ops[] = {OP_v_mov_b32, OP_v_add_nc_u32};
    for (unsigned n = 0; n < 2; n++)
        for (unsigned control = 0; control < 0x200; control++)
            for (unsigned round = 0; round < 16 && is_dpp16_control(control); round++) {
                draw_machine(&start);
                struct inst i = draw_instruction(ops[n]);
                i.src[0].kind = OPND_VGPR;
                draw_dpp(&i);
                i.dpp = DPP_16;
                i.dpp_ctrl = (uint16_t)control;
                i.bound_ctrl = round & 1;
                i.fi = round >> 1 & 1;
                if (!agrees(&i, &i, &start)) fail_msg("control %x", control);
            }
}

/* Encodings with one constant, and what the source holds: 64 bits, or 32 of which op_sel may take a half. */
static const struct {
    uint32_t words[3];
    unsigned source;
    uint64_t value;
} constants[] = {
    {{0xf7 | 24 << 9 | 8 << 17 | 37u << 25}, 0, 0xc0800000}, /* v_add_nc_u32 v8, -4.0, v24 */
    {{0xd7030008, 0x000230c7}, 0, -UINT64_C(7)},             /* v_add_nc_u16 v8, -7, v24 */
    {{0xd7030808, 0x000230c1}, 0, -UINT64_C(1)},             /* ... -1 op_sel:[1,0,0] */
    {{0xd7030808, 0x00023085}, 0, 5},                        /* ... 5 op_sel:[1,0,0] */
    {{0xd6590008, 0x048230f2}, 0, 0x3c00},                   /* v_mad_u32_u16 v8, 1.0, v24, v32 */
    {{0xd6590808, 0x048230f2}, 0, 0x3c00},                   /* ... op_sel:[1,0,0,0] */
    {{0xd65a1008, 0x0481a110}, 1, -UINT64_C(16)}, /* v_mad_i32_i16 v8, v16, -16, v32 op_sel:[0,1,0,0] */
    {{0xd6162008, 0x03063110}, 2, -UINT64_C(1)},  /* v_alignbit_b32 v8, v16, v24, -1 op_sel:[0,0,1,0] */
    {{0xd6162008, 0x021e3110}, 2, 7},             /* ... 7 op_sel:[0,0,1,0] */
    {{0xcc0a4008, 0x180230c1}, 0, -UINT64_C(1)},  /* v_pk_add_u16 v8, -1, v24 */
    {{0xcc0a4808, 0x10023083}, 0, 3},             /* ... 3 op_sel:[1,0] op_sel_hi:[0,1] */
    {{0xcc034008, 0x10023089}, 0, 9},             /* v_pk_sub_i16 v8, 9, v24 op_sel_hi:[0,1] */
    {{0xcc095008, 0x0c81ff10, 0x12345678}, 1, 0x12345678}, /* v_pk_mad_u16 v8, v16, 0x12345678, v32
                                                              op_sel:[0,1,0] op_sel_hi:[1,0,1] */
    {{0xcc164008, 0x7c818510}, 1, 0xfffffffe},   /* v_dot4_i32_iu8 v8, v16, -2, v32 neg_lo:[1,1,0] */
    {{0xd73c0008, 0x00018710}, 1, -UINT64_C(3)}, /* v_lshlrev_b64 v[8:9], v16, -3 */
    {{0xd73d0008, 0x0001ff10, 0x87654321}, 1, 0x87654321},         /* v_lshrrev_b64 v[8:9], v16, 0x87654321 */
    {{0xd73e0008, 0x0001ff10, 0x87654321}, 1, 0xffffffff87654321}, /* v_ashrrev_i64, the same */
    {{0xd73d0008, 0x0001eb10}, 1, 0xc000000000000000},             /* v_lshrrev_b64 v[8:9], v16, -2.0 */
    {{0xd6ff2808, 0x03163110}, 2, -UINT64_C(5)}, /* v_mad_i64_i32 v[8:9], s40, v16, v24, -5 */
    {{0xd6fe2808, 0x03163110}, 2, -UINT64_C(5)}, /* v_mad_u64_u32, the same */
    {{0xd4590028, 0x000230c1}, 0, -UINT64_C(1)}, /* v_cmp_lt_u64 s40, -1, v[24:25] */
    {{0xd4540028, 0x000230ff, 0x80000000},
     0,
     0xffffffff80000000},                        /* v_cmp_gt_i64 s40, 0x80000000, v[24:25] */
    {{0xd43c0028, 0x000230c2}, 0, -UINT64_C(2)}, /* v_cmp_gt_u16 s40, -2, v24 */
};

static void constants_agree(void **state) {
    (void)state;
    static struct machine start;
    for (unsigned n = 0; n < sizeof constants / sizeof *constants; n++) {
        struct inst_pair pair;
        const char *reason;
        if (!decode(&targets[TARGET_gfx1100], constants[n].words, 3, &pair, &reason))
            fail_msg("%u: %s", n, reason);
        struct inst modelled = pair.x;
        struct operand *s = &modelled.src[constants[n].source];
        assert_int_equal(s->kind, OPND_CONST);
        s->kind = OPND_SGPR, s->reg = 60;
        for (unsigned round = 0; round < ROUNDS; round++) {
            draw_machine(&start);
            start.w.s[60] = (uint32_t)constants[n].value;
            start.w.s[61] = (uint32_t)(constants[n].value >> 32);
            if (!agrees(&pair.x, &modelled, &start)) fail_msg("constant %u", n);
        }
    }
}

/* Dual issue: what one half writes, the other reads as it was. */
static void pairs_agree(void **state) {
    (void)state;
    static const enum op ops[] = {OP_v_mov_b32, OP_v_cndmask_b32, OP_v_add_nc_u32, OP_v_lshlrev_b32,
                                  OP_v_and_b32}; /* the first two may be either half */
    static struct machine start, want, got;
    for (unsigned round = 0; round < 20 * ROUNDS; round++) {
        struct inst_pair pair = {.x = draw_instruction(ops[draw() % 2]),
                                 .y = draw_instruction(ops[draw() % 5])};
        struct inst *halves[] = {&pair.x, &pair.y};
        draw_machine(&start);
        start.w.wave_size = 32;
        for (unsigned h = 0; h < 2; h++) {
            struct inst *i = halves[h];
            i->format = FMT_VOPD;
            i->dpp = DPP_NONE;
            i->clamp = false;
            i->dst.reg = (uint16_t)(8 + 2 * (draw() % 2) + h);
            for (unsigned n = 0; n < 2; n++) {
                i->src[n].neg = i->src[n].abs = false;
                if (i->src[n].kind == OPND_VGPR) i->src[n].reg = (uint16_t)(8 + draw() % 4);
            }
        }
        want = start;
        model_wave(&pair.x, &start, &want);
        model_wave(&pair.y, &start, &want);
        for (unsigned n = 0; n < level_count; n++) {
            got = start;
            got.w.v = got.v;
            pair.x.dual = &pair.y;
            executors_select(table[n], &pair);
            pair.x.exec(&got.w, &pair.x);
            if (!same_registers(&want, &got)) {
                explain_wave(&pair.x, &start, &want, &got, levels[n].name);
                fail_msg("%s with %s", op_info(pair.x.op)->name, op_info(pair.y.op)->name);
            }
        }
    }
}

/* Integer operations of the vector ALU that have no row here. */
static const struct {
    const char *name, *reason;
} elsewhere[] = {
    {"v_nop", "has no operands"},
    {"v_pipeflush", "has no operands"},
    {"v_swap_b32", "moves between registers"},
    {"v_swap_b16", "moves between registers"},
    {"v_swaprel_b32", "moves between registers"},
    {"v_movreld_b32", "moves between registers"},
    {"v_movrels_b32", "moves between registers"},
    {"v_movrelsd_b32", "moves between registers"},
    {"v_movrelsd_2_b32", "moves between registers"},
    {"v_readfirstlane_b32", "moves between lanes"},
    {"v_readlane_b32", "moves between lanes"},
    {"v_writelane_b32", "moves between lanes"},
    {"v_permlane16_b32", "moves between lanes"},
    {"v_permlanex16_b32", "moves between lanes"},
    {"v_permlane64_b32", "moves between lanes"},
};

static bool is_integer(unsigned type) {
    static const uint8_t types[] = {TYPE_NONE,   TYPE_B16,    TYPE_I16,    TYPE_U16,   TYPE_B32,  TYPE_I32,
                                    TYPE_U32,    TYPE_B64,    TYPE_I64,    TYPE_U64,   TYPE_B128, TYPE_MASK,
                                    TYPE_PK_I16, TYPE_PK_U16, TYPE_PK_IU8, TYPE_PK_IU4};
    return memchr(types, (int)type, sizeof types);
}

static void every_operation_has_a_row(void **state) {
    (void)state;
    for (enum op op = 0; op < OP_COUNT; op++) {
        const struct op_info *info = op_info(op);
        if (info->port != RDNASIM_PORT_VALU || !is_integer(info->dst)) continue;
        if (!is_integer(info->src[0]) || !is_integer(info->src[1]) || !is_integer(info->src[2])) continue;
        unsigned places = has_row(op);
        for (unsigned n = 0; n < sizeof elsewhere / sizeof *elsewhere; n++)
            places += !strcmp(elsewhere[n].name, info->name);
        if (places != 1) fail_msg("%s has %u places", info->name, places);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operation_has_a_row),
                                       cmocka_unit_test(every_row_agrees),
                                       cmocka_unit_test(every_dpp_control_agrees),
                                       cmocka_unit_test(constants_agree), cmocka_unit_test(pairs_agree)};
    return cmocka_run_group_tests(tests, bind_all_levels, NULL);
}
