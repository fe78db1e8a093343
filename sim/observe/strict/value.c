/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Which bits of a result are undefined, given those of the operands. The column "bits" of isa/ops.def chooses
 * between two rules:
 *
 * - MOVES, MERGES: operations that move or combine bits (and, shifts, permutations, integer sums, selections)
 *   are tried: the instruction itself is executed several times with different bits where they are undefined,
 *   and what differs in the result is undefined. So masks, packed halves, lane permutations and register
 * halves come out right without a second description of every operation.
 * - MIXES: for all others (comparisons, floating point) a result depends on all of its operands; for products
 * of matrices (MATRIX) on a row and a column.
 *
 * Undefined bits may be moved about freely. What they must not reach is an address, a branch, EXEC, or a
 * store to global memory.
 */
#include <string.h>

#include "isa/generation.h"
#include "strict.h"

/* The portable level is always there; see lanes.h. */
const uint32_t *source_general_portable(const struct wave *w, const struct inst *i, unsigned n, uint32_t *t);
uint32_t dpp_writes_portable(const struct wave *w, const struct inst *i);

/* ---- operands ------------------------------------------------------------------------------------- */

static uint32_t lanes_with(const u32v *undefined, uint32_t used) {
    const uint32_t *bits = (const uint32_t *)undefined;
    uint32_t lanes = 0;
    for (unsigned l = 0; l < LANES; l++) lanes |= (uint32_t)((bits[l] & used) != 0) << l;
    return lanes;
}

uint32_t strict_undefined_lanes(const struct wave *w, const struct operand *o) {
    const struct shadow *sh = w->shadow;
    uint32_t lanes = 0;
    if (o->kind == OPND_VGPR) {
        uint32_t used = !type_is_16(o->type) ? UINT32_MAX : o->hi ? 0xffff0000u : 0xffffu;
        for (unsigned n = 0; n < o->dwords; n++)
            if (v_states(w)[o->reg + n] & REG_UNDEFINED)
                lanes |= lanes_with(&v_undefined(w)[o->reg + n], used);
    } else if (o->type == TYPE_MASK) {
        return s_count(o) ? sh->s[o->reg + w->half] & exec_mask(w) : 0;
    } else {
        for (unsigned n = 0; n < s_count(o); n++)
            if (sh->s[o->reg + n]) lanes = UINT32_MAX;
    }
    return lanes & exec_mask(w);
}

/* Source 0 as DPP permutes it: the lanes that receive something undefined. */
static uint32_t undefined_source(struct wave *w, const struct inst *i, unsigned n) {
    if (n || !i->dpp) return strict_undefined_lanes(w, &i->src[n]);
    u32v permuted, *registers = w->v;
    w->v = v_undefined(w);
    const uint32_t *bits = source_general_portable(w, i, 0, (uint32_t *)&permuted);
    uint32_t used = !type_is_16(i->src[0].type) ? UINT32_MAX
                    : i->src[0].hi              ? 0xffff0000u
                                                : 0xffffu,
             lanes = 0;
    for (unsigned l = 0; l < LANES; l++) lanes |= (uint32_t)((bits[l] & used) != 0) << l;
    w->v = registers;
    return lanes & exec_mask(w);
}

/* ---- results -------------------------------------------------------------------------------------- */

/* Bits of a register become undefined in some of the lanes that the instruction writes, and defined in
 * others. */
static void set_lanes(struct wave *w, unsigned reg, uint32_t bits, uint32_t written, uint32_t undefined) {
    if (!undefined && !(v_states(w)[reg] & REG_UNDEFINED)) return;
    uint32_t *u = (uint32_t *)&v_undefined(w)[reg];
    if (written == UINT32_MAX && !undefined) {
        for (unsigned l = 0; l < LANES; l++) u[l] &= ~bits;
    } else {
        for (unsigned l = 0; l < LANES; l++)
            if (written >> l & 1) u[l] = (u[l] & ~bits) | (undefined >> l & 1 ? bits : 0);
    }
    v_settle(w, reg);
}

static bool exec_is_defined(struct wave *w) {
    struct shadow *sh = w->shadow;
    if (!sh->s[SREG_EXEC] && !sh->s[SREG_EXEC + 1]) return true;
    unsigned reg = sh->s[SREG_EXEC] ? SREG_EXEC : SREG_EXEC + 1;
    struct find find = {.check = RDNASIM_CHECK_UNDEFINED, .origin = strict_origin_sgpr(w, reg)};
    if (!strict_found(w, find, "an undefined value decides which lanes are active")) return false;
    s_define(w, SREG_EXEC, 0);
    s_define(w, SREG_EXEC + 1, 0);
    return true;
}

/* Bits of the destination register that the operation writes. */
static uint32_t written_bits(const struct inst *i) {
    unsigned flags = op_info(i->op)->flags;
    if (flags & OP_LOWER_HALF) return 0xffff;
    if (flags & OP_UPPER_HALF) return 0xffff0000;
    return !type_is_16(i->dst.type) ? UINT32_MAX : i->dst.hi ? 0xffff0000u : 0xffffu;
}

static void set_mask(struct wave *w, const struct operand *o, uint32_t undefined) {
    if (s_count(o)) s_define(w, o->reg + w->half, undefined);
}

/* ---- operations that depend on all of their operands ---------------------------------------------- */

static bool is_packed(unsigned type) {
    return type == TYPE_PK_F16 || type == TYPE_PK_BF16 || type == TYPE_PK_I16 || type == TYPE_PK_U16;
}

/* Halves are computed apart: half h of the result from the halves that op_sel names. */
static void packed(struct wave *w, const struct inst *i) {
    for (unsigned h = 0; h < 2; h++) {
        uint32_t lanes = 0;
        for (unsigned n = 0; n < i->src_count; n++) {
            struct operand o = i->src[n];
            unsigned half = (h ? i->op_sel_hi : i->op_sel) >> n & 1;
            if (i->format != FMT_VOP3P) half = h;
            if (o.kind != OPND_VGPR) {
                lanes |= strict_undefined_lanes(w, &o);
            } else if (v_states(w)[o.reg] & REG_UNDEFINED) {
                lanes |= lanes_with(&v_undefined(w)[o.reg], half ? 0xffff0000u : 0xffffu);
            }
        }
        set_lanes(w, i->dst.reg, h ? 0xffff0000u : 0xffffu, exec_mask(w), lanes & exec_mask(w));
    }
}

static void vector_all(struct wave *w, const struct inst *i) {
    if (i->format == FMT_VOP3P && is_packed(i->dst.type)) {
        packed(w, i);
        return;
    }
    uint32_t lanes = 0, written = exec_mask(w);
    for (unsigned n = 0; n < i->src_count; n++) lanes |= undefined_source(w, i, n);
    if (i->dpp) written &= dpp_writes_portable(w, i);
    if (i->dst.kind == OPND_VGPR)
        for (unsigned n = 0; n < i->dst.dwords; n++)
            set_lanes(w, i->dst.reg + n, written_bits(i), written, lanes);
    else
        set_mask(w, &i->dst, lanes);
    set_mask(w, &i->sdst, lanes);
}

/* Row i of A and column j of B make element (i, j). */
static void matrix(struct wave *w, const struct inst *i) {
    const struct generation *generation = w->shadow->strict->sim->target->generation;
    uint32_t rows = 0, columns = 0;
    for (unsigned l = 0; l < LANES; l++) {
        uint32_t a = 0, b = 0;
        for (unsigned n = 0; n < i->src[0].dwords && i->src[0].kind == OPND_VGPR; n++)
            a |= ((const uint32_t *)&v_undefined(w)[i->src[0].reg + n])[l];
        for (unsigned n = 0; n < i->src[1].dwords && i->src[1].kind == OPND_VGPR; n++)
            b |= ((const uint32_t *)&v_undefined(w)[i->src[1].reg + n])[l];
        rows |= (uint32_t)(a != 0) << generation->matrix_factor(l);
        columns |= (uint32_t)(b != 0) << generation->matrix_factor(l);
    }
    bool halves = i->dst.type == TYPE_V16_F16 || i->dst.type == TYPE_V16_BF16;
    uint32_t bits = !halves ? UINT32_MAX : i->op_sel & 4 ? 0xffff0000u : 0xffffu;
    for (unsigned n = 0; n < i->dst.dwords; n++) {
        const struct operand *c = &i->src[2];
        const uint32_t *added = c->kind == OPND_VGPR ? (const uint32_t *)&v_undefined(w)[c->reg + n] : NULL;
        uint32_t *u = (uint32_t *)&v_undefined(w)[i->dst.reg + n];
        for (unsigned l = 0; l < LANES; l++) {
            struct element e = generation->matrix_result(w->wave_size, w->half, n, l);
            bool undefined = rows >> e.row & 1 || columns >> e.column & 1 || (added && added[l] & bits);
            u[l] = (u[l] & ~bits) | (undefined ? bits : 0);
        }
        v_settle(w, i->dst.reg + n);
    }
}

static void scalar_all(struct wave *w, const struct inst *i) {
    bool undefined = false;
    for (unsigned n = 0; n < i->src_count; n++) {
        const struct operand *o = &i->src[n];
        for (unsigned k = 0; k < s_count(o); k++) undefined |= w->shadow->s[o->reg + k] != 0;
    }
    for (unsigned k = 0; k < s_count(&i->dst); k++) s_define(w, i->dst.reg + k, undefined ? UINT32_MAX : 0);
    if (op_info(i->op)->scc & STATE_W) w->shadow->scc = undefined;
}

/* ---- operations that move bits: they are tried ---------------------------------------------------- */

enum { TRIALS = 8, TRIED_VGPRS = 24, TRIED_COST = 160 };

struct trial {
    unsigned count;
    u32v *value[TRIED_VGPRS], *undefined[TRIED_VGPRS];
    u32v before[TRIED_VGPRS], first[TRIED_VGPRS], differs[TRIED_VGPRS];
};

static void add_registers(struct trial *t, u32v *values, u32v *undefined, const struct operand *o) {
    if (o->kind != OPND_VGPR) return;
    for (unsigned n = 0; n < o->dwords; n++) {
        unsigned k = 0;
        while (k < t->count && t->value[k] != &values[o->reg + n]) k++;
        if (k < t->count || t->count == TRIED_VGPRS) continue;
        t->value[t->count] = &values[o->reg + n];
        t->undefined[t->count] = &undefined[o->reg + n];
        t->before[t->count] = values[o->reg + n];
        t->differs[t->count] = (u32v){0};
        t->count++;
    }
}

static uint32_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

static void tried(struct wave *w, const struct inst *i, exec_fn *execute) {
    struct shadow *sh = w->shadow;
    struct trial t; /* not filled beforehand: that would take longer than the trials */
    t.count = 0;
    w->watch_cost += TRIED_COST;
    const struct operand *operands[] = {&i->dst, &i->src[0], &i->src[1], &i->src[2], &i->src[3]};
    for (unsigned n = 0; n < sizeof operands / sizeof operands[0]; n++) {
        add_registers(&t, w->v, v_undefined(w), operands[n]);
        if (w->wave_size == 64 && op_info(i->op)->lanes == LANES_WAVE)
            add_registers(&t, w->v + w->vgpr_count, sh->v + w->vgpr_count, operands[n]);
    }
    uint32_t s[SREG_COUNT], s_first[SREG_COUNT], s_differs[SREG_COUNT] = {0}, scc = w->scc, scc_first = 0;
    bool scc_differs = false;
    memcpy(s, w->s, sizeof s);
    uint64_t random = 1;
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        /*
         * The second trial inverts the first: what nobody touches differs for certain, and stays undefined.
         */
        uint32_t inverted = trial == 1 ? UINT32_MAX : 0;
        if (trial == 1) random = 1;
        for (unsigned k = 0; k < t.count; k++)
            for (unsigned l = 0; l < LANES; l++) {
                uint32_t undefined = (*t.undefined[k])[l];
                if (undefined) undefined &= next_random(&random) ^ inverted;
                (*t.value[k])[l] = t.before[k][l] ^ undefined;
            }
        for (unsigned r = 0; r < SREG_COUNT; r++)
            w->s[r] = sh->s[r] ? s[r] ^ (sh->s[r] & (next_random(&random) ^ inverted)) : s[r];
        w->scc = sh->scc ? (next_random(&random) ^ inverted) & 1 : scc;
        execute(w, i);
        for (unsigned k = 0; k < t.count; k++) {
            if (!trial) t.first[k] = *t.value[k];
            t.differs[k] |= t.first[k] ^ *t.value[k];
        }
        for (unsigned r = 0; r < SREG_COUNT; r++) {
            if (!trial) s_first[r] = w->s[r];
            s_differs[r] |= s_first[r] ^ w->s[r];
        }
        if (!trial) scc_first = w->scc;
        scc_differs |= w->scc != scc_first;
    }
    uint32_t any_scalar = 0;
    for (unsigned r = 0; r < SREG_COUNT; r++) {
        w->s[r] = s[r];
        if (sh->s[r] != s_differs[r]) s_define(w, r, s_differs[r]);
    }
    for (unsigned n = 0; n < s_count(&i->dst); n++) any_scalar |= s_differs[i->dst.reg + n];
    w->scc = scc;
    if (op_info(i->op)->scc & STATE_W) sh->scc = any_scalar || (i->dst.kind == OPND_NONE && scc_differs);
    for (unsigned k = 0; k < t.count; k++) {
        *t.value[k] = t.before[k];
        *t.undefined[k] = t.differs[k];
        uint8_t *state = &sh->v_state[t.undefined[k] - sh->v];
        uint32_t any = 0;
        for (unsigned l = 0; l < LANES; l++) any |= t.differs[k][l];
        *state = any ? *state | REG_UNDEFINED : *state & ~REG_UNDEFINED;
    }
}

/* ---- one instruction ------------------------------------------------------------------------------ */

/* Then so are the results, and there is nothing to try. */
static bool sources_are_defined(const struct wave *w, const struct inst *i) {
    unsigned halves = op_info(i->op)->lanes == LANES_WAVE ? w->wave_size / LANES : 1; /* that it reads */
    for (unsigned n = 0; n < i->src_count; n++) {
        const struct operand *o = &i->src[n];
        if (o->kind == OPND_VGPR)
            for (unsigned half = 0; half < halves; half++)
                for (unsigned k = 0; k < o->dwords; k++)
                    if (v_states(w)[half * w->vgpr_count + o->reg + k] & REG_UNDEFINED) return false;
        for (unsigned k = 0; k < s_count(o); k++)
            if (w->shadow->s[o->reg + k]) return false;
    }
    for (unsigned k = 0; k < s_count(&i->dst); k++) /* which some scalar operations read or keep */
        if (w->shadow->s[i->dst.reg + k]) return false;
    return !w->shadow->scc || !(op_info(i->op)->scc & STATE_R);
}

/* Of the first of its operands that is undefined. */
static uint32_t origin_of_sources(const struct wave *w, const struct inst *i) {
    uint32_t origin = 0;
    for (unsigned n = 0; n < i->src_count && !origin; n++) origin = strict_origin(w, &i->src[n]);
    if (!origin && op_info(i->op)->scc & STATE_R && w->shadow->scc) origin = w->shadow->scc_origin;
    return origin;
}

static void one(struct wave *w, const struct inst *i, exec_fn *execute) {
    const struct op_info *info = op_info(i->op);
    uint32_t origin = origin_of_sources(w, i);
    if (info->bits == BITS_INDEXED) { /* what they deliver counts as defined */
        if (i->dst.kind == OPND_VGPR) set_lanes(w, i->dst.reg, UINT32_MAX, UINT32_MAX, 0);
        for (unsigned n = 0; n < s_count(&i->dst); n++) s_define(w, i->dst.reg + n, 0);
    } else if (info->bits == BITS_MERGES || (info->bits == BITS_MOVES && !sources_are_defined(w, i))) {
        tried(w, i, execute);
    } else if (info->bits == BITS_MATRIX) {
        matrix(w, i);
    } else if (!info->lanes || (i->dst.kind == OPND_SGPR && i->dst.type != TYPE_MASK)) {
        scalar_all(w, i);
    } else {
        vector_all(w, i);
    }
    if (!origin) return; /* what is undefined in the results was so before */
    strict_set_origin(w, &i->dst, origin);
    strict_set_origin(w, &i->sdst, origin);
    if (info->scc & STATE_W) w->shadow->scc_origin = origin;
}

bool strict_propagate(struct wave *w, const struct inst *i) {
    if (!i->dual) {
        one(w, i, i->exec);
    } else { /* both halves read before either writes, and they write different registers */
        unsigned reg = i->dst.reg;
        u32v before = v_undefined(w)[reg];
        one(w, i, i->exec_x);
        u32v after = v_undefined(w)[reg];
        v_undefined(w)[reg] = before;
        v_settle(w, reg);
        one(w, i->dual, i->dual->exec);
        v_undefined(w)[reg] = after;
        v_settle(w, reg);
    }
    return exec_is_defined(w);
}
