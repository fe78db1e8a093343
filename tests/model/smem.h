/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A second model of scalar loads: where each dword comes from. */
#ifndef MODEL_SMEM_H
#define MODEL_SMEM_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/ops.h"

struct scalar_load {
    uint32_t base[4]; /* what SBASE names: an address, or a buffer constant */
    int32_t offset;   /* OFFSET */
    uint32_t soffset; /* SOFFSET's value; 0 if there is none */
};

/* How many dwords the operation loads; 0: it is no load. */
unsigned model_loaded_dwords(enum op op);

/* Address of the n-th dword that a load returns. False: it is outside the buffer and reads as zero. */
bool model_load_address(enum op op, const struct scalar_load *x, unsigned n, uint64_t *address);

#endif
