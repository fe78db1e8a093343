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

#include "isa.h"

/* The MODE register, unpacked: a direction for f32 and one for f16 and f64, and denormals likewise. */
enum direction { TO_NEAREST_EVEN, TO_PLUS_INFINITY, TO_MINUS_INFINITY, TO_ZERO };
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
    bool mask; /* the lane's bit of a mask that is written */
};

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

/* What several families do to the bits of a type: a denormal becomes a zero of its sign where MODE says so.
 */
uint64_t flush_operand(const struct float_mode *mode, unsigned type, uint64_t bits);
bool is_signalling(unsigned type, uint64_t bits);
uint64_t quiet(unsigned type, uint64_t nan);

#endif
