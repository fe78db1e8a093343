/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A second model of the vector ALU's integer operations: one lane, operands in, result out. */
#ifndef MODEL_VALU_INT_H
#define MODEL_VALU_INT_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/ops.h"

__extension__ typedef __int128 integer;
__extension__ typedef unsigned __int128 natural;

/*
 * Operands are exact integers, extended as their type says; so is the result, which the caller truncates or
 * saturates to the destination. That way the clamp bit needs no rule per operation.
 */
struct lane {
    integer a, b, c;
    bool bit;                /* the lane's bit of a MASK source: carry-in, condition */
    unsigned number;         /* of the lane within the wave */
    bool a_signed, b_signed; /* of dot products whose NEG bits choose */
    bool clamp;              /* for results that consist of several numbers */
    integer d;               /* the result */
    bool mask;               /* the lane's bit of the mask result */
};

/* What `value` becomes in a register of `bits`: saturated if clamped, else its low bits. */
integer model_fit(integer value, unsigned bits, bool is_signed, bool clamp);

/* Computes d and mask. False: this operation has no row. */
bool model_lane(enum op op, struct lane *x);

/* The 16-bit operation that a packed one does twice; OP_COUNT if it is none. */
enum op model_packed(enum op op);

#endif
