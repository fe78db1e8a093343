/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A second model of the scalar operations that are more than operands in, result out: control flow, registers
 * numbered by M0, the registers MODE and STATUS.
 */
#ifndef MODEL_FLOW_H
#define MODEL_FLOW_H

#include "exec/wave.h"

enum { HWREG_MODE = 1, HWREG_STATUS = 2 }; /* the registers that are modelled */

/* An instruction's fields: destination and source register, the value the source reads, SIMM16. */
struct fields {
    unsigned d, a;
    uint64_t value;
    uint16_t k;
};

/* What becomes of the wave `from` in `to`, which starts as its copy. False: this operation has no row. */
bool model_flow(enum op op, const struct fields *x, const struct wave *from, struct wave *to);

#endif
