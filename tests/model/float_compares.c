/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A second model of float comparisons and class tests. */
#include "valu_float.h"

/* How two numbers may lie. A relation is the set of cases in which it holds. */
enum { LESS = 1, EQUAL = 2, GREATER = 4, UNORDERED = 8 };

static unsigned compare(enum op op, const struct float_lane *x) {
    unsigned type = op_info(op)->src[0];
    mpfr_t a, b;
    exact_load(a, type, float_flush(x, type, x->a));
    exact_load(b, type, float_flush(x, type, x->b));
    unsigned found = mpfr_unordered_p(a, b) ? UNORDERED
                     : mpfr_less_p(a, b)    ? LESS
                     : mpfr_greater_p(a, b) ? GREATER
                                            : EQUAL;
    mpfr_clears(a, b, (mpfr_ptr)0);
    return found;
}

#define RELATIONS(X)                                                                                         \
    X(f, 0)                                                                                                  \
    X(lt, LESS)                                                                                              \
    X(eq, EQUAL)                                                                                             \
    X(le, LESS | EQUAL)                                                                                      \
    X(gt, GREATER)                                                                                           \
    X(lg, LESS | GREATER)                                                                                    \
    X(ge, GREATER | EQUAL)                                                                                   \
    X(o, LESS | EQUAL | GREATER)                                                                             \
    X(u, UNORDERED)                                                                                          \
    X(nge, LESS | UNORDERED)                                                                                 \
    X(nlg, EQUAL | UNORDERED)                                                                                \
    X(ngt, LESS | EQUAL | UNORDERED)                                                                         \
    X(nle, GREATER | UNORDERED)                                                                              \
    X(neq, LESS | GREATER | UNORDERED)                                                                       \
    X(nlt, EQUAL | GREATER | UNORDERED)                                                                      \
    X(t, LESS | EQUAL | GREATER | UNORDERED)

#define FUNCTION(name, cases)                                                                                \
    static void cmp_##name(enum op op, struct float_lane *x) { x->mask = compare(op, x) & (cases); }
RELATIONS(FUNCTION)
#undef FUNCTION

/* The bits of v_cmp_class's second operand, for negative numbers; those for positive ones follow mirrored. */
enum { SIGNALLING, QUIET, INFINITE, NORMAL, DENORMAL, ZERO, LAST_CLASS = 9 };

/* Looks at the bits alone: MODE flushes nothing here. */
static void class(enum op op, struct float_lane *x) {
    unsigned type = op_info(op)->src[0];
    uint64_t sign = x->a & exact_sign_bit(type), magnitude = x->a ^ sign;
    unsigned found = NORMAL;
    if (exact_is_nan(type, x->a))
        found = float_is_signalling(type, x->a) ? SIGNALLING : QUIET;
    else {
        if (magnitude == exact_infinity(type)) found = INFINITE;
        if (exact_is_denormal(type, x->a)) found = DENORMAL;
        if (!magnitude) found = ZERO;
        if (!sign) found = LAST_CLASS + INFINITE - found;
    }
    x->mask = x->b >> found & 1;
}

#define ROWS_OF(name, function)                                                                              \
    {OP_v_cmp_##name##_f16, function, 0}, {OP_v_cmp_##name##_f32, function, 0},                              \
        {OP_v_cmp_##name##_f64, function, 0}, {OP_v_cmpx_##name##_f16, function, 0},                         \
        {OP_v_cmpx_##name##_f32, function, 0}, {OP_v_cmpx_##name##_f64, function, 0},
#define ROWS(name, cases) ROWS_OF(name, cmp_##name)
static const struct float_row rows[] = {RELATIONS(ROWS) ROWS_OF(class, class)};

const struct float_table float_compares = {rows, sizeof rows / sizeof *rows};
