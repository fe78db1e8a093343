/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The text of an instruction, in LLVM's syntax. Operands come from the decoded form; what it does not keep
 * (which constant was a literal) is looked up in the encoding.
 */
#include <inttypes.h>

#include "disasm_fields.h"
#include "inst.h"

enum { CODE_LITERAL = 255, REG_VCC = 106, REG_TTMP = 108, REG_NULL = 124, REG_M0 = 125, REG_EXEC = 126 };

static bool encoded_in(const struct text *t, unsigned op, enum inst_format format) {
    for (unsigned n = 0; n < OPCODES_MAX; n++)
        if (t->generation->opcodes[format][n].op == op + 1) return true;
    return false;
}

/* ---- operands ------------------------------------------------------------------------------------------ */

static void text_range(struct text *t, const char *prefix, unsigned first, unsigned count) {
    if (count > 1)
        text_add(t, "%s[%u:%u]", prefix, first, first + count - 1);
    else
        text_add(t, "%s%u", prefix, first);
}

static void text_sgpr(struct text *t, unsigned reg, unsigned count) {
    static const char *const low_high[] = {"_lo", "_hi"};
    if (reg < REG_VCC)
        text_range(t, "s", reg, count);
    else if (reg < REG_TTMP)
        text_add(t, "vcc%s", count == 1 ? low_high[reg - REG_VCC] : "");
    else if (reg < REG_NULL)
        text_range(t, "ttmp", reg - REG_TTMP, count);
    else if (reg == REG_NULL)
        text_add(t, "null");
    else if (reg == REG_M0)
        text_add(t, "m0");
    else
        text_add(t, "exec%s", count == 1 ? low_high[reg - REG_EXEC] : "");
}

static void text_special(struct text *t, unsigned reg) {
    static const char *const apertures[] = {"src_shared_base", "src_shared_limit", "src_private_base",
                                            "src_private_limit"};
    text_add(t, "%s", reg == 253 ? "src_scc" : apertures[reg - 235]);
}

static void text_inline(struct text *t, const struct operand *o, unsigned code) {
    if (code >= 240 && type_infos[o->type].constant == CONSTANT_I16) {
        text_add(t, "0x%x", (unsigned)o->value);
        return;
    }
    static const char *const floats[] = {"0.5", "-0.5", "1.0", "-1.0", "2.0", "-2.0", "4.0", "-4.0"};
    if (code <= 192)
        text_add(t, "%u", code - 128);
    else if (code <= 208)
        text_add(t, "-%u", code - 192);
    else if (code < 248)
        text_add(t, "%s", floats[code - 240]);
    else
        text_add(t, "%s", type_infos[o->type].dwords > 1 ? "0.15915494309189532" : "0.15915494");
}

/* Would the assembler have chosen an inline constant for this value? Then a literal must be marked as one. */
static bool inlinable(const struct operand *o, uint32_t literal) {
    static const uint32_t f32[] = {0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
                                   0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983};
    static const uint16_t f16[] = {0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400, 0x3118};
    unsigned form = type_infos[o->type].constant;
    int32_t value = (int32_t)literal;
    if (form == CONSTANT_F64) { /* the upper half of a double; its lower half is zero */
        for (unsigned n = 0; n < 8; n++) {
            static const uint32_t f64[] = {0x3fe00000, 0xbfe00000, 0x3ff00000, 0xbff00000,
                                           0x40000000, 0xc0000000, 0x40100000, 0xc0100000};
            if (literal == f64[n]) return true;
        }
        return literal == 0;
    }
    bool half = type_is_16(o->type);
    if (half) value = (int16_t)literal;
    if (value >= -16 && value <= 64) return true;
    for (unsigned n = 0; n < 9; n++) {
        if (form == CONSTANT_F16 && (half ? (uint16_t)literal : literal) == f16[n]) return true;
        if (form == CONSTANT_BF16 && (half ? (uint16_t)literal : literal) == f32[n] >> 16) return true;
        if (form != CONSTANT_F16 && form != CONSTANT_BF16 && !half && literal == f32[n]) return true;
    }
    return false;
}

static void text_literal(struct text *t, const struct operand *o, uint32_t literal) {
    bool marked = inlinable(o, literal);
    bool whole = o->type == TYPE_BF16 || marked; /* there LLVM shows all 32 bits */
    if (o->type == TYPE_F64 && literal == 0) {
        text_add(t, "0");
        return;
    }
    if (type_is_16(o->type) && !whole) literal &= 0xffff;
    text_add(t, marked ? "lit(0x%x)" : "0x%x", literal);
}

/* Those of a mask of lanes, and of matrices, depend on the size of the wave. */
static unsigned registers_of(const struct text *t, const struct inst *i, const struct operand *o) {
    if (o->type == TYPE_MASK) return t->wave_size / 32;
    bool matrix = op_info(i->op)->port == RDNASIM_PORT_WMMA && (o == &i->dst || o == &i->src[2]);
    return matrix ? t->generation->matrix_registers(t->wave_size, o->dwords) : o->dwords;
}

/* LLVM names the pair whose lower register an odd number belongs to. */
static unsigned first_of(const struct operand *o, unsigned registers) {
    return o->type == TYPE_MASK && registers == 2 ? o->reg & ~1u : o->reg;
}

/* code: the source's number in the encoding; only constants need it. registers: how many it takes. */
static void text_counted(struct text *t, const struct inst *i, const struct operand *o, unsigned registers,
                         unsigned code, bool halves) {
    bool constant = o->kind == OPND_CONST;
    if (o->neg) text_add(t, constant && !o->abs ? "neg(" : "-");
    if (o->abs) text_add(t, "|");
    switch (o->kind) {
    case OPND_VGPR:
        text_range(t, "v", o->reg, registers);
        if (halves && type_is_16(o->type)) text_add(t, o->hi ? ".h" : ".l");
        break;
    case OPND_SGPR: text_sgpr(t, first_of(o, registers), registers); break;
    case OPND_SPECIAL: text_special(t, o->reg); break;
    case OPND_CONST:
        if (code == CODE_LITERAL)
            text_literal(t, o, i->words[i->dwords - 1]);
        else
            text_inline(t, o, code);
        break;
    default: text_add(t, "off");
    }
    if (o->abs) text_add(t, "|");
    if (o->neg && constant && !o->abs) text_add(t, ")");
}

static void text_operand(struct text *t, const struct inst *i, const struct operand *o, unsigned code,
                         bool halves) {
    text_counted(t, i, o, registers_of(t, i, o), code, halves);
}

/* ", " between operands, " " before the first. */
static void text_next(struct text *t, unsigned *count) { text_add(t, (*count)++ ? ", " : " "); }

/* ---- scalar formats ------------------------------------------------------------------------------------ */

/* LLVM's ways with constants of scalar halves: numbers in comparisons, whose literals it marks if all 32 bits
 * are a small number, and all 32 bits of a single source's literal. */
static void text_scalar_operand(struct text *t, const struct inst *i, const struct operand *source,
                                unsigned code) {
    struct operand o = *source;
    if (o.kind == OPND_CONST && o.type == TYPE_F16) {
        if (i->format == FMT_SOPC && code == CODE_LITERAL &&
            !inlinable(&(struct operand){.type = TYPE_B32}, i->words[1])) {
            text_add(t, "0x%x", i->words[1] & 0xffff);
            return;
        }
        if (i->format == FMT_SOPC) o.type = code == CODE_LITERAL ? TYPE_B32 : TYPE_B16;
        if (i->format == FMT_SOP1 && code == CODE_LITERAL) o.type = TYPE_B32;
    }
    text_operand(t, i, &o, code, false);
}

static void text_scalar(struct text *t, const struct inst *i) {
    const struct op_info *info = op_info(i->op);
    unsigned count = 0;
    if (i->dst.kind != OPND_NONE) {
        text_next(t, &count);
        text_operand(t, i, &i->dst, 0, false);
    }
    if (info->src[0] == TYPE_MSG) {
        text_add(t, ",");
        text_message(t, (unsigned)i->src[0].value);
        return;
    }
    unsigned shown = info->flags & OP_ACCUMULATES ? 2 : i->src_count;
    for (unsigned n = 0; n < shown; n++) {
        text_next(t, &count);
        bool adds = info->flags & OP_ADDS_LITERAL, scales = info->flags & OP_SCALES_LITERAL;
        bool last_is_second = scales && n == 2; /* the literal lies between them */
        unsigned code = BITS(i->words[0], last_is_second ? 8 : 8 * n, 8);
        if ((adds && n == 2) || (scales && n == 1))
            text_add(t, "0x%x", i->words[1]);
        else
            text_scalar_operand(t, i, &i->src[n], code);
    }
}

/*
 * A 32-bit immediate that is always a literal: small integers are decimal, floats of the inline kind by name.
 */
static void text_number(struct text *t, uint32_t value) {
    static const uint32_t f32[] = {0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
                                   0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983};
    struct operand o = {.type = TYPE_F32};
    for (unsigned n = 0; n < 9; n++) {
        if (value != f32[n]) continue;
        text_inline(t, &o, 240 + n);
        return;
    }
    if ((int32_t)value >= -16 && (int32_t)value <= 64)
        text_add(t, "%d", (int32_t)value);
    else
        text_add(t, "0x%x", value);
}

static void text_sopk(struct text *t, const struct inst *i) {
    unsigned imm = BITS(i->words[0], 0, 16), count = 0, form = op_info(i->op)->immediate;
    const struct operand *reg = i->dst.kind != OPND_NONE ? &i->dst : &i->src[0];
    bool set = form == IMMEDIATE_HWREG && reg == &i->src[0]; /* where the result goes comes first */
    if (reg->kind != OPND_NONE && !set) {
        text_next(t, &count);
        text_operand(t, i, reg, 0, false);
    }
    text_next(t, &count);
    if (form == IMMEDIATE_HWREG)
        text_hwreg(t, imm);
    else
        text_add(t, form == IMMEDIATE_LABEL ? "%u" : "0x%x", imm);
    if (!set) return;
    text_next(t, &count);
    if (reg->kind == OPND_CONST)
        text_number(t, i->words[1]);
    else
        text_sgpr(t, reg->reg, 1);
}

static void text_sopp(struct text *t, const struct inst *i) {
    unsigned imm = BITS(i->words[0], 0, 16);
    switch (op_info(i->op)->immediate) {
    case IMMEDIATE_0: return;
    case IMMEDIATE_DECIMAL: text_add(t, imm <= 64 ? " %u" : " 0x%x", imm); return;
    case IMMEDIATE_HEX: text_add(t, " 0x%x", imm); return;
    case IMMEDIATE_OPTIONAL:
        if (imm) text_add(t, " %u", imm);
        return;
    case IMMEDIATE_WAITCNT: text_waitcnt(t, imm); return;
    case IMMEDIATE_DEPCTR: text_depctr(t, imm); return;
    case IMMEDIATE_DELAY: text_delay_alu(t, imm); return;
    case IMMEDIATE_MESSAGE: text_message(t, imm); return;
    default: text_add(t, " %u", imm);
    }
}

static void text_smem(struct text *t, const struct inst *i) {
    if (i->src[0].kind == OPND_NONE) return;
    text_add(t, " ");
    if (i->dst.kind == OPND_NONE)
        text_number(t, BITS(i->words[0], 6, 7)); /* s_atc_probe */
    else
        text_sgpr(t, i->dst.reg, i->dst.dwords);
    text_add(t, ", ");
    text_sgpr(t, i->src[0].reg, i->src[0].dwords);
    text_add(t, ", ");
    const char *sign = i->offset < 0 ? "-" : "";
    unsigned magnitude = (unsigned)(i->offset < 0 ? -i->offset : i->offset);
    if (i->src[1].kind != OPND_NONE) {
        text_sgpr(t, i->src[1].reg, 1);
        if (magnitude) text_add(t, " offset:%s0x%x", sign, magnitude);
    } else if (magnitude) {
        text_add(t, "%s0x%x", sign, magnitude);
    } else {
        text_add(t, "null");
    }
    t->generation->text_cache(t, i);
}

/* ---- vector ALU ---------------------------------------------------------------------------------------- */

static bool is_vop3(const struct inst *i) { return i->format == FMT_VOP3 || i->format == FMT_VOP3SD; }

static void text_bits(struct text *t, const char *name, unsigned bits, unsigned count) {
    text_add(t, " %s:[", name);
    for (unsigned n = 0; n < count; n++) text_add(t, "%s%u", n ? "," : "", bits >> n & 1);
    text_add(t, "]");
}

static void text_dpp(struct text *t, const struct inst *i) {
    if (i->dpp == DPP_8) {
        text_add(t, " dpp8:[");
        for (unsigned n = 0; n < 8; n++) text_add(t, "%s%u", n ? "," : "", i->dpp8_select >> 3 * n & 7);
        text_add(t, "]");
    } else {
        static const struct {
            uint16_t base;
            const char *name;
        } rows[] = {{0x100, "row_shl"},
                    {0x110, "row_shr"},
                    {0x120, "row_ror"},
                    {0x150, "row_share"},
                    {0x160, "row_xmask"}};
        unsigned ctrl = i->dpp_ctrl;
        if (ctrl < 0x100)
            text_add(t, " quad_perm:[%u,%u,%u,%u]", ctrl & 3, ctrl >> 2 & 3, ctrl >> 4 & 3, ctrl >> 6 & 3);
        else if (ctrl == 0x140)
            text_add(t, " row_mirror");
        else if (ctrl == 0x141)
            text_add(t, " row_half_mirror");
        else
            for (unsigned n = 0; n < sizeof rows / sizeof rows[0]; n++)
                if (rows[n].base == (ctrl & ~15u)) text_add(t, " %s:%u", rows[n].name, ctrl & 15);
        text_add(t, " row_mask:0x%x bank_mask:0x%x", i->row_mask, i->bank_mask);
        if (i->bound_ctrl) text_add(t, " bound_ctrl:1");
    }
    if (i->fi) text_add(t, " fi:1");
}

/* Number of source n in the encoding, as far as constants are concerned. */
static unsigned source_code(const struct inst *i, unsigned n) {
    if (is_vop3(i) || i->format == FMT_VOP3P || i->format == FMT_VINTERP) return BITS(i->words[1], 9 * n, 9);
    return n ? CODE_LITERAL
             : BITS(i->words[0], 0, 9); /* others have a constant only in source 0, or fmaak's */
}

/* Sources that are written: not the accumulator, not the implied VCC of v_div_fmas. */
static unsigned shown_sources(const struct inst *i) {
    unsigned count = i->src_count > 3 ? 3 : i->src_count;
    return op_info(i->op)->flags & OP_ACCUMULATES ? 2 : count;
}

static void text_vector_operands(struct text *t, const struct inst *i, unsigned *count) {
    /* VINTERP and VOP3P have no 16-bit register names. */
    bool halves = i->format != FMT_VOP3P;
    bool cmpx = op_info(i->op)->exec & STATE_W; /* the result goes to EXEC, which is not named */
    if (i->dst.kind != OPND_NONE) {
        text_next(t, count);
        text_operand(t, i, &i->dst, 0, halves);
    }
    if (i->sdst.kind != OPND_NONE && !cmpx) {
        text_next(t, count);
        text_operand(t, i, &i->sdst, 0, false);
    }
    unsigned shown = shown_sources(i);
    for (unsigned n = 0; n < shown; n++) {
        struct operand o = i->src[n];
        unsigned registers = registers_of(t, i, &i->src[n]);
        if (i->format == FMT_VOP3P && op_info(i->op)->src[n] == TYPE_MIX) { /* neg_hi means abs, neg_lo neg */
            o.abs = i->neg_hi >> n & 1;
            o.neg = i->neg_lo >> n & 1;
            o.type = TYPE_F16;
        }
        if (i->op == OP_v_ldexp_f16) o.type = TYPE_F16; /* LLVM's view of the integer exponent */
        if (i->op == OP_v_cndmask_b16 && n < 2 && o.kind == OPND_CONST)
            o.type = TYPE_B16; /* ... of this one */
        text_next(t, count);
        bool fma_constant = encoded_in(t, i->op, FMT_VOP3) == false && o.kind == OPND_CONST && n > 0 &&
                            i->format != FMT_VOP3P && !is_vop3(i) && i->format != FMT_VINTERP;
        if (fma_constant)
            text_add(t, "0x%x", i->words[i->dwords - 1]);
        else
            text_counted(t, i, &o, registers, source_code(i, n), halves);
    }
}

/* Dot products of integers, and matrix products with 32-bit results, ignore op_sel. */
static bool takes_op_sel(enum op op) {
    static const bool ignored[TYPE_COUNT] = {[TYPE_B32] = true,
                                             [TYPE_PK_IU8] = true,
                                             [TYPE_PK_IU4] = true,
                                             [TYPE_V16_IU8] = true,
                                             [TYPE_V16_IU4] = true};
    return !ignored[op_info(op)->src[0]] && op_info(op)->dst != TYPE_V8_F32;
}

static bool is_mix(const struct inst *i) { return op_info(i->op)->src[0] == TYPE_MIX; }

static void text_packed_modifiers(struct text *t, const struct inst *i) {
    unsigned count = shown_sources(i), all = (1u << count) - 1;
    if (i->op_sel & all) text_bits(t, "op_sel", i->op_sel, count);
    if (!takes_op_sel(i->op)) all = 0;
    if (is_mix(i) ? i->op_sel_hi & all : (i->op_sel_hi & all) != all)
        text_bits(t, "op_sel_hi", i->op_sel_hi, count);
    if (is_mix(i)) return;
    all = (1u << count) - 1;
    if (i->neg_lo & all) text_bits(t, "neg_lo", i->neg_lo, count);
    if (i->neg_hi & all) text_bits(t, "neg_hi", i->neg_hi, count);
}

static void text_vector(struct text *t, const struct inst *i) {
    unsigned count = 0;
    text_vector_operands(t, i, &count);
    if (i->format == FMT_VOP3P) text_packed_modifiers(t, i);
    if (i->clamp && i->format == FMT_VINTERP) text_add(t, " clamp"); /* before op_sel, elsewhere after it */
    if ((i->format == FMT_VOP3 || i->format == FMT_VINTERP) && i->op_sel) {
        unsigned sources = shown_sources(i);
        bool own = op_info(i->op)->flags & OP_OWN_OP_SEL, sources_only = own || i->dst.kind == OPND_NONE;
        unsigned bits = (i->op_sel & ((1u << sources) - 1)) | (i->op_sel >> 3 & 1) << sources;
        if (own) sources = 2;
        if (bits & ((1u << (sources + !sources_only)) - 1))
            text_bits(t, "op_sel", bits, sources + !sources_only);
    }
    static const char *const omods[] = {"", " mul:2", " mul:4", " div:2"};
    if (i->clamp && i->format != FMT_VINTERP) text_add(t, " clamp");
    text_add(t, "%s", omods[i->omod & 3]);
    if (i->format == FMT_VINTERP) text_add(t, " wait_exp:%u", BITS(i->words[0], 8, 3));
    if (i->dpp) text_dpp(t, i);
}

static const char *vector_suffix(const struct text *t, const struct inst *i) {
    bool has_short =
        encoded_in(t, i->op, FMT_VOP1) || encoded_in(t, i->op, FMT_VOP2) || encoded_in(t, i->op, FMT_VOPC);
    if (is_vop3(i) || i->format == FMT_VOP3P) {
        if (i->dpp) return "_e64_dpp";
        return has_short && is_vop3(i) && i->dst.kind + i->sdst.kind ? "_e64" : "";
    }
    if (i->dpp) return i->format == FMT_VOPC ? "" : "_dpp";
    return encoded_in(t, i->op, FMT_VOP3) && i->dst.kind + i->sdst.kind ? "_e32" : "";
}

/* v_add_f32 -> v_dual_add_f32; the operands of one half of a pair. */
static void text_half(struct text *t, const struct inst *i, uint32_t code) {
    unsigned count = 0;
    text_add(t, "v_dual_%s", op_info(i->op)->name + 2);
    text_next(t, &count);
    text_operand(t, i, &i->dst, 0, false);
    unsigned shown = i->src[2].type == TYPE_MASK ? 2 : shown_sources(i); /* VCC is not named */
    for (unsigned n = 0; n < shown; n++) {
        text_next(t, &count);
        if (n && i->src[n].kind == OPND_CONST)
            text_add(t, "0x%x", (unsigned)i->src[n].value);
        else
            text_operand(t, i, &i->src[n], BITS(code, 0, 9), false);
    }
}

/* ---- memory -------------------------------------------------------------------------------------------- */

static void text_ds(struct text *t, const struct inst *i) {
    unsigned count = 0, offset = (unsigned)i->offset;
    const struct operand *operands[] = {&i->dst, &i->src[0], &i->src[1], &i->src[2]};
    for (unsigned n = 0; n < 4; n++) {
        if (operands[n]->kind == OPND_NONE) continue;
        text_next(t, &count);
        text_operand(t, i, operands[n], 0, false);
    }
    unsigned form = op_info(i->op)->immediate;
    if (form == IMMEDIATE_OFFSETS) {
        if (offset & 0xff) text_add(t, " offset0:%u", offset & 0xff);
        if (offset >> 8) text_add(t, " offset1:%u", offset >> 8);
    } else if (offset && form == IMMEDIATE_SWIZZLE) {
        text_swizzle(t, offset);
    } else if (offset) {
        text_add(t, " offset:%u", offset);
    }
    if (i->gds) text_add(t, " gds");
}

static void text_flat(struct text *t, const struct inst *i) {
    unsigned count = 0;
    bool scratch = i->format == FMT_SCRATCH;
    if (i->dst.kind != OPND_NONE) {
        text_next(t, &count);
        text_operand(t, i, &i->dst, 0, false);
    }
    if (scratch || i->src[0].kind != OPND_NONE) {
        text_next(t, &count);
        text_operand(t, i, &i->src[0], 0, false);
    }
    if (i->src[1].kind != OPND_NONE) {
        text_next(t, &count);
        text_operand(t, i, &i->src[1], 0, false);
    }
    if (i->format != FMT_FLAT) {
        text_next(t, &count);
        text_operand(t, i, &i->src[2], 0, false);
    }
    if (i->offset) text_add(t, " offset:%d", i->offset);
    t->generation->text_cache(t, i);
}

static void text_buffer(struct text *t, const struct inst *i) {
    if (i->src[2].kind == OPND_NONE) return; /* invalidations */
    unsigned count = 0;
    const struct operand *data = i->src[1].kind != OPND_NONE ? &i->src[1] : &i->dst;
    if (data->kind != OPND_NONE) {
        text_next(t, &count);
        struct operand shown = *data;
        shown.dwords += i->tfe;
        text_operand(t, i, &shown, 0, false);
    }
    text_next(t, &count);
    text_operand(t, i, &i->src[0], 0, false);
    text_next(t, &count);
    text_operand(t, i, &i->src[2], 0, false);
    text_next(t, &count);
    text_operand(t, i, &i->src[3], BITS(i->words[1], 24, 8), false);
    if (i->format == FMT_MTBUF) text_buffer_format(t, i->mtbuf_format);
    text_add(t, "%s%s", i->idxen ? " idxen" : "", i->offen ? " offen" : "");
    if (i->offset) text_add(t, " offset:%d", i->offset);
    t->generation->text_cache(t, i);
    if (i->tfe) text_add(t, " tfe");
}

static void text_export(struct text *t, const struct inst *i) {
    static const char *const named[] = {[8] = "mrtz", [20] = "prim", "dual_src_blend0", "dual_src_blend1"};
    unsigned target = BITS(i->words[0], 4, 6);
    if (target < 8)
        text_add(t, " mrt%u", target);
    else if (target >= 12 && target < 17)
        text_add(t, " pos%u", target - 12);
    else
        text_add(t, " %s", named[target]); /* the decoder lets no other pass */
    for (unsigned n = 0; n < 4; n++) {
        const char *separator = n ? ", " : " ";
        if (BITS(i->words[0], n, 1))
            text_add(t, "%sv%u", separator, BITS(i->words[1], 8 * n, 8));
        else
            text_add(t, "%soff", separator);
    }
    if (BITS(i->words[0], 11, 1)) text_add(t, " done");
    if (BITS(i->words[0], 13, 1)) text_add(t, " row_en");
}

static void text_lds_direct(struct text *t, const struct inst *i) {
    uint32_t w = i->words[0];
    text_add(t, " v%u", i->dst.reg);
    if (op_info(i->op)->immediate == IMMEDIATE_ATTRIBUTE)
        text_add(t, ", attr%u.%c", BITS(w, 10, 6), "xyzw"[BITS(w, 8, 2)]);
    text_add(t, " wait_vdst:%u", BITS(w, 16, 4));
}

/* ---- the whole instruction ----------------------------------------------------------------------------- */

void disassemble(const struct generation *generation, unsigned wave_size, const struct inst *i, char *text,
                 unsigned text_bytes) {
    struct text t = {generation, wave_size, text, text_bytes};
    if (text_bytes) *text = 0;
    if (i->format == FMT_VOPD) {
        text_half(&t, i, i->words[0]);
        text_add(&t, " :: ");
        text_half(&t, i->dual, i->words[1]);
        return;
    }
    text_add(&t, "%s", op_info(i->op)->name);
    switch (i->format) {
    case FMT_SOP1:
    case FMT_SOP2:
    case FMT_SOPC: text_scalar(&t, i); break;
    case FMT_SOPK: text_sopk(&t, i); break;
    case FMT_SOPP: text_sopp(&t, i); break;
    case FMT_SMEM: text_smem(&t, i); break;
    case FMT_DS: text_ds(&t, i); break;
    case FMT_FLAT:
    case FMT_GLOBAL:
    case FMT_SCRATCH: text_flat(&t, i); break;
    case FMT_MUBUF:
    case FMT_MTBUF: text_buffer(&t, i); break;
    case FMT_LDSDIR: text_lds_direct(&t, i); break;
    case FMT_EXP: text_export(&t, i); break;
    case FMT_MIMG: break; /* graphics: by name only */
    default: text_add(&t, "%s", vector_suffix(&t, i)); text_vector(&t, i);
    }
}

/* No mask of 64 lanes begins at VCC_HI, M0 or EXEC_HI. */
static bool are_masks(const struct inst *i) {
    const struct operand *operands[] = {&i->dst, &i->sdst, &i->src[0], &i->src[1], &i->src[2], &i->src[3]};
    for (unsigned n = 0; n < 6; n++) {
        const struct operand *o = operands[n];
        if (o->kind != OPND_SGPR || o->type != TYPE_MASK) continue;
        if (o->reg == REG_VCC + 1 || o->reg == REG_M0 || o->reg == REG_EXEC + 1) return false;
    }
    return true;
}

uint32_t rdnasim_disassemble_wave(const char *target, uint32_t wave_size, const uint32_t *code, size_t dwords,
                                  char *text, size_t text_bytes) {
    const struct target *known = target_from_name(target);
    struct inst_pair pair;
    const char *reason;
    unsigned available = dwords < 4 ? (unsigned)dwords : 4;
    bool sized = wave_size == 32 || wave_size == 64;
    unsigned length = known && sized && available ? decode(known, code, available, &pair, &reason) : 0;
    if (length && wave_size == 64 && !are_masks(&pair.x)) length = 0;
    struct text t = {NULL, 0, text, (unsigned)text_bytes};
    if (length)
        disassemble(known->generation, wave_size, &pair.x, text, (unsigned)text_bytes);
    else
        text_add(&t, "(illegal)");
    return length;
}

uint32_t rdnasim_disassemble(const char *target, const uint32_t *code, size_t dwords, char *text,
                             size_t text_bytes) {
    return rdnasim_disassemble_wave(target, 32, code, dwords, text, text_bytes);
}
