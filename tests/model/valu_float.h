/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A second model of the vector ALU's floating-point operations: one lane, operands in, result out. It rests
 * on MPFR, which rounds correctly in every direction. Each table file is one family of operations.
 */
#ifndef MODEL_VALU_FLOAT_H
#define MODEL_VALU_FLOAT_H

#include <stdbool.h>
#include <stdint.h>

#include "exact.h"

/* The MODE register, unpacked: a direction for f32 and one for f16 and f64, and denormals likewise. */
struct denormals {
    bool keep_inputs, keep_results; /* else they become zeros of their sign */
};
struct float_mode {
    enum direction round_32, round_16_64;
    struct denormals denormals_32, denormals_16_64;
    bool dx10_clamp, ieee, fp16_ovfl;
};

/*
 * Operands are the bits of their types, the half of the register chosen, after abs and neg. The result are
 * the bits of the destination's type. The lane's function applies omod and clamp itself, since what they do
 * depends on the operation.
 */
struct float_lane {
    uint64_t a, b, c;
    bool wide[3];  /* v_fma_mix: operand n is an f32, else an f16 */
    bool bit;      /* of a mask that is read: VCC of v_div_fmas, the condition of v_cndmask */
    unsigned omod; /* 0 none, 1 times 2, 2 times 4, 3 half */
    bool clamp;
    const struct float_mode *mode;
    uint64_t d;
    bool mask;    /* the lane's bit of a mask that is written */
    bool inexact; /* operations that may err do so only where this is set */
};

/* ---- words that several families use: valu_float.c ----------------------------------------------------- */

enum direction float_direction(const struct float_lane *x, unsigned type);
struct denormals float_denormals(const struct float_lane *x, unsigned type);

/* The operand as arithmetic takes it: a denormal that is not kept becomes a zero of its sign. */
uint64_t float_flush(const struct float_lane *x, unsigned type, uint64_t bits);
/* The same of a result. */
uint64_t float_flush_result(const struct float_lane *x, unsigned type, uint64_t bits);

bool float_is_signalling(unsigned type, uint64_t bits);
uint64_t float_quiet(unsigned type, uint64_t bits);
/* What arithmetic gives where no operand is a NaN: quiet, negative. */
uint64_t float_default_nan(unsigned type);
/* A NaN in another type: sign and the upper bits of the payload, quiet. */
uint64_t float_convert_nan(unsigned from, unsigned to, uint64_t bits);
/* The first NaN of the operands, quiet in IEEE mode; false if there is none. */
bool float_nan_of(const struct float_lane *x, unsigned type, const uint64_t *operands, unsigned count,
                  uint64_t *nan);

/* A result of finite operands: with FP16_OVFL the largest half instead of infinity. */
uint64_t float_overflow(const struct float_lane *x, unsigned type, uint64_t bits);

/*
 * Output modifiers, in this order. `flushes`: the operation scales even where MODE keeps denormals. The
 * second form is for operations that do not round as MODE says of their type.
 */
uint64_t float_modify(const struct float_lane *x, unsigned type, uint64_t bits, bool flushes);
uint64_t float_modify_rounded(const struct float_lane *x, unsigned type, uint64_t bits, bool flushes,
                              enum direction direction);

/* A row: what one operation does. ulp: how far a result may be from the row's, in units of its last place; 0
 * demands equal bits. */
struct float_row {
    enum op op;
    void (*lane)(enum op op, struct float_lane *x);
    double ulp;
};

/* A family of operations. */
struct float_table {
    const struct float_row *rows;
    unsigned count;
};
extern const struct float_table float_compares, float_conversions, float_arithmetic, float_selections,
    float_transcendentals;

#endif
