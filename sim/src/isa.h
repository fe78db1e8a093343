/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The instruction set as tables: isa/ops.def lists the operations, isa/encodings.def says which opcode of which
 * format means which operation. scripts/isa_tables.py makes both, with llvm-mc as the oracle of what exists.
 */
#ifndef GFX11SIM_ISA_H
#define GFX11SIM_ISA_H

#include <stdbool.h>
#include <stdint.h>

#include "gfx11sim.h"

/* ---- targets ------------------------------------------------------------------------------------------- */

enum {
    TARGET_GFX1100 = 1 << 0, TARGET_GFX1101 = 1 << 1, TARGET_GFX1102 = 1 << 2, TARGET_GFX1103 = 1 << 3,
    TARGET_GFX1150 = 1 << 4, TARGET_GFX1151 = 1 << 5, TARGET_GFX1152 = 1 << 6, TARGET_GFX1153 = 1 << 7,
    TARGETS_GFX115X = TARGET_GFX1150 | TARGET_GFX1151 | TARGET_GFX1152 | TARGET_GFX1153,
    TARGETS_SIMULATED = TARGET_GFX1100 | TARGET_GFX1101 | TARGET_GFX1102 | TARGET_GFX1103,
    TARGETS_ALL = 0xff
};

struct target {
    const char *name;
    unsigned mach; /* e_flags & 0xff of a code object */
    unsigned mask; /* one TARGET_* bit */
};
const struct target *target_from_name(const char *name);   /* null if unknown */
const struct target *target_from_mach(unsigned mach);      /* null if unknown */

/* ---- operand types ------------------------------------------------------------------------------------- */

/*
 * What an operand is, for the width of its registers and the meaning of constants. MASK: one bit per lane in
 * scalar registers, 1 or 2 of them by the wave's size. PK_*: two 16-bit values in a register. V8*, V16*: the
 * fragments of matrix instructions. TYPE(name, dwords).
 */
#define VALUE_TYPES(TYPE)                                                                                     \
    TYPE(NONE, 0) TYPE(F16, 1) TYPE(BF16, 1) TYPE(F32, 1) TYPE(F64, 2) TYPE(B16, 1) TYPE(I16, 1) TYPE(U16, 1) \
    TYPE(B32, 1) TYPE(I32, 1) TYPE(U32, 1) TYPE(B64, 2) TYPE(I64, 2) TYPE(U64, 2) TYPE(B96, 3) TYPE(B128, 4)  \
    TYPE(B256, 8) TYPE(B512, 16) TYPE(PK_F16, 1) TYPE(PK_BF16, 1) TYPE(PK_I16, 1) TYPE(PK_U16, 1)             \
    TYPE(MASK, 1) TYPE(MSG, 1) TYPE(V8F32, 8) TYPE(V8I32, 8) TYPE(V16F16, 8) TYPE(V16BF16, 8)                 \
    TYPE(V16IU8, 4) TYPE(V16IU4, 2)

enum value_type {
#define TYPE(name, dwords) TYPE_##name,
    VALUE_TYPES(TYPE)
#undef TYPE
};
unsigned type_dwords(enum value_type type);
bool type_is_16(enum value_type type); /* one 16-bit value, in either half of a register */

/* ---- operations ---------------------------------------------------------------------------------------- */

enum op {
#define OP(name, unit, flags, d, s0, s1, s2) OP_##name,
#include "isa/ops.def"
#undef OP
    OP_COUNT
};

enum {
    OP_PER_HALF = 1, /* wave64: executed once for each 32 lanes */
    OP_IDLE = 2      /* waits or hints only: not counted as work */
};

struct op_info {
    const char *name;
    gfx11sim_unit unit;
    uint8_t flags;
    uint8_t dst, src[3]; /* enum value_type */
};
const struct op_info *op_info(enum op op);
static inline bool op_runs_per_half(enum op op) { return op_info(op)->flags & OP_PER_HALF; }
static inline bool op_is_idle(enum op op) { return op_info(op)->flags & OP_IDLE; }

#endif
