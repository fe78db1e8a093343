/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A second model of the scalar ALU: operand values in, destination, SCC and EXEC out. */
#ifndef MODEL_SALU_H
#define MODEL_SALU_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/ops.h"

struct scalar {
    uint64_t a, b; /* sources: registers zero-extended; of SOPK comparisons, a is the register */
    uint32_t k;    /* SIMM16 as it is in the instruction */
    uint64_t d;    /* destination: its old value, then the result */
    uint64_t exec; /* old, then new */
    bool scc;      /* old, then new */
};

/* Computes d, exec and scc. False: this operation has no row. */
bool model_scalar(enum op op, struct scalar *x);

#endif
