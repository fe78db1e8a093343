/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The scalar float instructions of gfx115x. Each is its vector counterpart on a single lane: s_add_f32 is
 * v_add_f32, so MODE, denormals and NaNs are right as there. Comparisons leave their lane's bit in SCC.
 */
#include "executors.h"
#include "scalar.h"

/* clang-format off */
#define SAME(X) \
    X(add_f32) X(sub_f32) X(min_f32) X(max_f32) X(mul_f32) X(fmaak_f32) X(fmamk_f32) X(fmac_f32) X(add_f16) \
    X(sub_f16) X(min_f16) X(max_f16) X(mul_f16) X(fmac_f16) X(ceil_f32) X(floor_f32) X(trunc_f32) \
    X(rndne_f32) X(ceil_f16) X(floor_f16) X(trunc_f16) X(rndne_f16) X(cvt_f32_i32) X(cvt_f32_u32) \
    X(cvt_i32_f32) X(cvt_u32_f32) X(cvt_f16_f32) X(cvt_f32_f16) X(cvt_pk_rtz_f16_f32)
#define COMPARISONS(X, type) \
    X(lt_##type) X(eq_##type) X(le_##type) X(gt_##type) X(lg_##type) X(ge_##type) X(o_##type) X(u_##type) \
    X(nge_##type) X(nlg_##type) X(ngt_##type) X(nle_##type) X(neq_##type) X(nlt_##type)
/* clang-format on */

static const uint16_t counterparts[OP_COUNT] = {
#define SAME_NAME(name)  [OP_s_##name] = OP_v_##name,
#define COMPARISON(name) [OP_s_cmp_##name] = OP_v_cmp_##name,
    SAME(SAME_NAME) COMPARISONS(COMPARISON, f32) COMPARISONS(COMPARISON, f16)[OP_s_cvt_hi_f32_f16] =
        OP_v_cvt_f32_f16,
};

enum { RESULT = 3 }; /* the register behind those of the sources */

static void on_one_lane(struct wave *w, const struct inst *i) {
    u32v registers[RESULT + 1];
    struct wave one;
    one.v = registers;
    one.mode = w->mode;
    one.half = 0;
    one.wave_size = LANES;
    one.vgpr_count = RESULT + 1;
    one.state = WAVE_RUNNING;
    one.group = w->group;
    one.fault = w->fault;
    one.shadow = NULL;
    one.observed = false;
    one.s[SREG_EXEC] = 1;

    unsigned op = counterparts[i->op];
    bool compares = i->dst.kind == OPND_NONE;
    struct inst v = {.exec = w->group->executors[op],
                     .op = (uint16_t)op,
                     .format = FMT_VOP3,
                     .src_count = i->src_count,
                     .plain = true};
    for (unsigned n = 0; n < i->src_count; n++) {
        registers[n] = (u32v){scalar_read32(w, &i->src[n])};
        v.src[n] = (struct operand){.kind = OPND_VGPR, .reg = (uint16_t)n, .type = op_info(op)->src[n]};
    }
    if (i->op == OP_s_cvt_hi_f32_f16) v.src[0].hi = true, v.plain = false;
    registers[RESULT] = (u32v){0}; /* a 16-bit result leaves zeros above it */
    if (compares)
        v.sdst = (struct operand){.kind = OPND_SGPR, .reg = SREG_VCC, .type = TYPE_MASK};
    else
        v.dst = (struct operand){.kind = OPND_VGPR, .reg = RESULT, .type = op_info(op)->dst};
    v.exec(&one, &v);
    if (compares)
        w->scc = one.s[SREG_VCC] & 1;
    else
        scalar_write32(w, &i->dst, registers[RESULT][0]);
}

void bind_salu_float(exec_fn **table) {
    for (unsigned op = 0; op < OP_COUNT; op++)
        if (counterparts[op]) table[op] = on_one_lane;
}
