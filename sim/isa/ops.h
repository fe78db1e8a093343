/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The instruction set as data: every operation with its operand types. The rows are in isa/ops.def, which
 * scripts/isa-tables.py writes.
 */
#ifndef RDNASIM_OPS_H
#define RDNASIM_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "rdnasim.h"

enum op {
#define OP(name, ...) OP_##name,
#include "ops.def"
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
    OPND_NONE,  /* absent (saddr "off", no vdata, ...) */
    OPND_VGPR,  /* reg = v number of the first register */
    OPND_SGPR,  /* reg = hardware number 0..127: s0-s105, VCC 106, TTMP 108-123, NULL 124, M0 125, EXEC 126 */
    OPND_CONST, /* value = inline constant or literal, already in the form of the operand's type */
    OPND_SPECIAL /* reg = 235..238 apertures, 253 SCC: read as a value */
};

/*
 * Where an operation takes an operand from, or puts it: a set of kinds, bit 1 << kind. The letters stand
 * before the types in isa/ops.def. The decoder refuses every other kind, so that a body need not ask; an
 * operand may still be absent where the format allows that (a no-return atomic, addresses).
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

/* ---- the other columns of isa/ops.def, whose head says what they mean ---------------------------------- */

enum op_counter {
    COUNTER_VM = 1 << RDNASIM_COUNTER_VM,
    COUNTER_VS = 1 << RDNASIM_COUNTER_VS,
    COUNTER_LGKM = 1 << RDNASIM_COUNTER_LGKM,
    COUNTER_EXP = 1 << RDNASIM_COUNTER_EXP
};

enum op_lanes { LANES_0, LANES_HALF, LANES_CROSS, LANES_WAVE };

/* Of state that is no operand. */
enum op_state { STATE_0, STATE_R = 1, STATE_W = 2, STATE_RW = STATE_R | STATE_W };

enum op_bits {
    BITS_0,      /* has no operands */
    BITS_MIXES,  /* every bit of the results depends on all bits of all sources */
    BITS_MOVES,  /* bits of the results depend on few bits of the sources */
    BITS_MERGES, /* so, and some of the destination stays, or is a source */
    BITS_MATRIX, /* depends on rows and columns */
    BITS_MEMORY, /* as they are in memory */
    BITS_INDEXED /* M0 chooses the registers: not followed */
};

enum op_immediate {
    IMMEDIATE_0,
    IMMEDIATE_DECIMAL,
    IMMEDIATE_HEX,
    IMMEDIATE_OPTIONAL, /* not written if zero */
    IMMEDIATE_LABEL,
    IMMEDIATE_WAITCNT,
    IMMEDIATE_DEPCTR,
    IMMEDIATE_DELAY,
    IMMEDIATE_MESSAGE,
    IMMEDIATE_HWREG,
    IMMEDIATE_OFFSET,
    IMMEDIATE_OFFSETS, /* two of 8 bits */
    IMMEDIATE_SWIZZLE,
    IMMEDIATE_ATTRIBUTE
};

enum op_flags {
    OP_IDLE = 1 << 0,           /* does no work: s_nop, s_delay_alu, s_clause, s_waitcnt* */
    OP_WAITS = 1 << 1,          /* for counters */
    OP_ACCUMULATES = 1 << 2,    /* the destination is also the last source */
    OP_MASK_RESULT = 1 << 3,    /* a second result, one bit per lane: carry-out and the like */
    OP_READS_VCC = 1 << 4,      /* in every encoding, without naming it */
    OP_ADDS_LITERAL = 1 << 5,   /* the literal is the third source */
    OP_SCALES_LITERAL = 1 << 6, /* ... the second one */
    OP_FILLS_HALVES = 1 << 7,   /* inline constants fill both halves of a factor */
    OP_F32_CONSTANTS = 1 << 8,  /* float inline constants are f32 whatever the type says */
    OP_LOWER_HALF = 1 << 9, /* writes the lower half of the destination only, or stores that of the data */
    OP_UPPER_HALF = 1 << 10,
    OP_OWN_OP_SEL = 1 << 11, /* op_sel does not select halves */
    OP_GDS = 1 << 12,        /* only of the global data share */
    OP_SWAPS = 1 << 13       /* stores only where memory has the value that it expects */
};

struct op_info {
    const char *name;
    rdnasim_port port;
    uint8_t latency;   /* rdnasim_latency */
    uint8_t fidelity;  /* rdnasim_fidelity */
    uint8_t counter;   /* set of enum op_counter */
    uint8_t lanes;     /* enum op_lanes */
    uint8_t exec, scc; /* enum op_state */
    uint8_t bits;      /* enum op_bits */
    uint8_t immediate; /* enum op_immediate */
    uint16_t flags;    /* set of enum op_flags */
    /* enum value_type. Vector memory: src[0] is the address, src[1] the data, src[2] the second data */
    uint8_t dst, src[3];
    uint8_t dst_places, src_places[3]; /* enum places; 0 where the row has no operand */
};

extern const struct op_info op_infos[OP_COUNT];
static inline const struct op_info *op_info(enum op op) { return &op_infos[op]; }

/* A wave64 executes it as two halves of 32 lanes. Else it runs once: it is scalar, or sees all lanes. */
static inline bool op_runs_per_half(unsigned op) {
    return op_infos[op].lanes == LANES_HALF || op_infos[op].lanes == LANES_CROSS;
}

/* An atomic operation returns the old value only if its encoding asks for it. */
static inline bool op_is_atomic(const struct op_info *info) {
    unsigned both = COUNTER_VM | COUNTER_VS;
    return (info->counter & both) == both && !(info->flags & OP_WAITS);
}

#endif
