/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The instruction set as data: every operation of gfx11 with its operand types, and the targets. The rows are
 * in isa/ops.def (operations) and isa/encodings.def (opcode numbers); scripts/isa-tables.py writes both.
 */
#ifndef GFX11SIM_ISA_H
#define GFX11SIM_ISA_H

#include <stdbool.h>
#include <stdint.h>

#include "gfx11sim.h"

enum op {
#define OP(name, ...) OP_##name,
#include "isa/ops.def"
#undef OP
    OP_COUNT
};

/* How a constant becomes a value of a type. */
enum constant_form {
    CONSTANT_32,  /* integers sign-extended to 32 bits, floats as f32, literals as they are */
    CONSTANT_U64, /* the same in 64 bits: floats as f64, literals zero-extended */
    CONSTANT_I64, /* ... literals sign-extended */
    CONSTANT_F64, /* ... literals are the upper half */
    CONSTANT_F16, /* floats as f16; in packed operands they fill the lower half only */
    CONSTANT_BF16,
    CONSTANT_I16 /* 16-bit integers: floats as f16 */
};

/* X(type, dwords, lives in half a register, constant form) */
#define VALUE_TYPES(X)                                                                                       \
    X(NONE, 0, false, 32)                                                                                    \
    X(F16, 1, true, F16)                                                                                     \
    X(BF16, 1, true, BF16)                                                                                   \
    X(B16, 1, true, I16)                                                                                     \
    X(I16, 1, true, I16)                                                                                     \
    X(U16, 1, true, I16)                                                                                     \
    X(F32, 1, false, 32)                                                                                     \
    X(B32, 1, false, 32)                                                                                     \
    X(I32, 1, false, 32)                                                                                     \
    X(U32, 1, false, 32)                                                                                     \
    X(F64, 2, false, F64)                                                                                    \
    X(B64, 2, false, U64)                                                                                    \
    X(I64, 2, false, I64)                                                                                    \
    X(U64, 2, false, U64)                                                                                    \
    X(B96, 3, false, 32)                                                                                     \
    X(B128, 4, false, 32)                                                                                    \
    X(B256, 8, false, 32)                                                                                    \
    X(B512, 16, false, 32)                                                                                   \
    X(PK_F16, 1, false, F16)                                                                                 \
    X(PK_BF16, 1, false, BF16)                                                                               \
    X(PK_I16, 1, false, 32)                                                                                  \
    X(PK_U16, 1, false, 32)                                                                                  \
    X(PK_IU8, 1, false, 32)                                                                                  \
    X(PK_IU4, 1, false, 32)                                                                                  \
    X(V16_F16, 8, false, F16)                                                                                \
    X(V16_BF16, 8, false, BF16)                                                                              \
    X(V16_IU8, 4, false, 32)                                                                                 \
    X(V16_IU4, 2, false, 32)                                                                                 \
    X(V8_F32, 8, false, 32)                                                                                  \
    X(V8_I32, 8, false, 32)                                                                                  \
    X(MIX, 1, false, 32)   /* v_fma_mix: f32, or an f16 half where op_sel_hi is set */                       \
    X(MASK, 1, false, I64) /* one bit per lane: one SGPR in wave32, two in wave64 */                         \
    X(MSG, 1, false, 32)   /* the number of a message */

enum value_type {
#define TYPE(name, dwords, half, form) TYPE_##name,
    VALUE_TYPES(TYPE)
#undef TYPE
        TYPE_COUNT
};

struct type_info {
    uint8_t dwords;
    bool half;
    uint8_t constant; /* enum constant_form */
};
extern const struct type_info type_infos[TYPE_COUNT];
static inline unsigned type_dwords(unsigned type) { return type_infos[type].dwords; }
static inline bool type_is_16(unsigned type) { return type_infos[type].half; }

enum operand_kind {
    OPND_NONE,   /* absent (saddr "off", no vdata, ...) */
    OPND_VGPR,   /* reg = v number of the first register */
    OPND_SGPR,   /* reg = hardware number 0..127: s0-s105, VCC 106, TTMP 108-123, NULL 124, M0 125, EXEC 126 */
    OPND_CONST,  /* value = inline constant or literal, already in the form of the operand's type */
    OPND_SPECIAL /* reg = 235..238 apertures, 253 SCC: read as a value */
};

/*
 * Where an operation takes an operand from, or puts it: a set of kinds, bit 1 << kind. The letters stand before the
 * types in isa/ops.def. The decoder refuses every other kind, so that a body need not ask; an operand may still be
 * absent where the format allows that (a no-return atomic, addresses).
 */
enum places {
    PLACES_V = 1 << OPND_VGPR,
    PLACES_S = 1 << OPND_SGPR,
    PLACES_C = PLACES_S | 1 << OPND_CONST | 1 << OPND_SPECIAL, /* whatever is the same for all lanes */
    PLACES_A = PLACES_V | PLACES_C,
    PLACES_K = PLACES_V | 1 << OPND_CONST, /* the addend of a matrix product */
    /* Limits within a kind: */
    PLACES_NOT_M0 = 1 << 6,
    PLACES_NOT_EXEC = 1 << 7,
    PLACES_R = PLACES_S | PLACES_NOT_M0,                  /* what reads a lane */
    PLACES_L = PLACES_S | PLACES_NOT_M0 | PLACES_NOT_EXEC /* what is loaded */
};

enum op_flags {
    OP_PER_HALF = 1,    /* executed for each 32 lanes of a wave64 */
    OP_IDLE = 2,        /* does no work: s_nop, s_delay_alu, s_clause, s_waitcnt* */
    OP_ACCUMULATES = 4, /* the destination is also the last source */
    OP_MASK_RESULT = 8  /* a second result, one bit per lane: carry-out and the like */
};

struct op_info {
    const char *name; /* LLVM's mnemonic without _e32 or _e64 */
    gfx11sim_unit unit;
    uint8_t fidelity;    /* gfx11sim_fidelity */
    uint8_t flags;       /* enum op_flags */
    uint8_t dst, src[3]; /* enum value_type. Memory: src[1] is the data, src[2] the second data */
    uint8_t dst_places, src_places[3]; /* enum places; 0 where the row has no operand */
};

const struct op_info *op_info(enum op op);
bool op_runs_per_half(unsigned op);
bool op_is_idle(unsigned op);

/* ---- targets ----------------------------------------------------------------------------------------------
 */

enum {
    TARGET_GFX1100 = 1 << 0,
    TARGET_GFX1101 = 1 << 1,
    TARGET_GFX1102 = 1 << 2,
    TARGET_GFX1103 = 1 << 3,
    TARGET_GFX1150 = 1 << 4,
    TARGET_GFX1151 = 1 << 5,
    TARGET_GFX1152 = 1 << 6,
    TARGET_GFX1153 = 1 << 7,
    TARGETS_RDNA35 = 0xf0,
    TARGETS_ALL = 0xff
};

struct target {
    const char *name;
    unsigned mask; /* TARGET_* */
    unsigned mach; /* e_flags & 0xff of its code objects */
};

/* Null if there is none. */
const struct target *target_from_name(const char *name);
const struct target *target_from_mach(unsigned mach);

#endif
