/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Transcendental operations: correctly rounded to nearest even. The ISA guide's notes on each opcode give f32
 * results 1 unit in the last place, so they may be one away from these. f16 results have 0.51, which leaves
 * another choice only next to ties: none is taken. f64 have 2^29, but simulators need not err as cards do:
 * one unit where there are two roundings. Of sin and cos the guide says that the whole range is taken, not
 * how far they err; they are held to the same. Exact results and poles may not err at all. sin and cos are of
 * the operand times 2 pi, however large it is.
 */
#include <string.h>

#include "valu_float.h"

enum function { EXP, LOG, RCP, RSQ, SQRT, SIN, COS };

static int evaluate(enum function function, mpfr_t to, const mpfr_t from) {
    switch (function) {
    case EXP: return mpfr_exp2(to, from, MPFR_RNDN);
    case LOG: return mpfr_log2(to, from, MPFR_RNDN);
    case RCP: return mpfr_ui_div(to, 1, from, MPFR_RNDN);
    case RSQ: return mpfr_rec_sqrt(to, from, MPFR_RNDN);
    case SQRT: return mpfr_sqrt(to, from, MPFR_RNDN);
    case SIN: return mpfr_sinu(to, from, 1, MPFR_RNDN);
    case COS: return mpfr_cosu(to, from, 1, MPFR_RNDN);
    }
    return 0;
}

static enum function function_of(enum op op) {
    static const char *const names[] = {"v_exp_",  "v_log_", "v_rcp_", "v_rsq_",
                                        "v_sqrt_", "v_sin_", "v_cos_"};
    for (unsigned n = 0; n < 7; n++)
        if (!strncmp(op_info(op)->name, names[n], strlen(names[n]))) return (enum function)n;
    return EXP;
}

static void transcend(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->dst;
    enum function function = function_of(op);
    bool circular = function == SIN || function == COS, flushes = type == TYPE_F32 && !circular;
    uint64_t a = float_flush(x, type, x->a), sign = exact_sign_bit(type), d;
    if (flushes && exact_is_denormal(type, a)) a &= sign;
    bool infinite = (a & ~sign) == exact_infinity(type);
    if (!float_nan_of(x, type, &a, 1, &d)) {
        mpfr_t number, result;
        exact_load(number, type, a);
        exact_init(result, type);
        int ternary = evaluate(function, result, number);
        x->inexact = ternary != 0;
        if (mpfr_nan_p(result))
            d = float_default_nan(type);
        else
            d = exact_store(result, ternary, type, TO_NEAREST_EVEN,
                            float_denormals(x, type).keep_results && !flushes);
        if (!(a & ~sign) && function == RSQ) d |= a;                            /* of the sign of its zero */
        if (function == SIN && a & ~sign && !(d & ~sign) && !x->inexact) d = 0; /* measured: at whole turns */
        if (!infinite) d = float_overflow(x, type, d);
        mpfr_clears(number, result, (mpfr_ptr)NULL);
    }
    /* Measured of f32: sin and cos scale as the others do. What scaling rounds to is not known. */
    x->d = type == TYPE_F32 ? float_modify_rounded(x, type, d, true, TO_NEAREST_EVEN)
                            : float_modify(x, type, d, false);
}

static const struct float_row rows[] = {
    {OP_v_exp_f32, transcend, 1},  {OP_v_exp_f16, transcend, 0},  {OP_v_log_f32, transcend, 1},
    {OP_v_log_f16, transcend, 0},  {OP_v_rcp_f32, transcend, 1},  {OP_v_rcp_iflag_f32, transcend, 1},
    {OP_v_rcp_f16, transcend, 0},  {OP_v_rcp_f64, transcend, 0},  {OP_v_rsq_f32, transcend, 1},
    {OP_v_rsq_f16, transcend, 0},  {OP_v_rsq_f64, transcend, 1},  {OP_v_sqrt_f32, transcend, 1},
    {OP_v_sqrt_f16, transcend, 0}, {OP_v_sqrt_f64, transcend, 0}, {OP_v_sin_f32, transcend, 1},
    {OP_v_sin_f16, transcend, 0},  {OP_v_cos_f32, transcend, 1},  {OP_v_cos_f16, transcend, 0},
};
const struct float_table float_transcendentals = {rows, sizeof rows / sizeof *rows};
