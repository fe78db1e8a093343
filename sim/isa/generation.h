/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What one generation of the instruction set has of its own, as tables and functions: a folder beside this file
 * fills one of these. Operations (ops.def), the decoded form and the decoders of the formats that all share are not
 * here.
 */
#ifndef RDNASIM_GENERATION_H
#define RDNASIM_GENERATION_H

#include "inst.h"

/* A field of an encoding. */
#define BITS(word, low, count) ((word) >> (low) & ((1u << (count)) - 1))

struct decoder;
struct text; /* see disasm_fields.h */

/* An opcode of a format: a row of the generation's encodings.def. */
struct opcode {
    uint16_t op;       /* enum op + 1; 0: no such opcode */
    uint16_t features; /* enum target_feature: what a target must have */
    uint16_t optional; /* enum optional of decoder.h: which bits and DPP kinds there are */
};
enum { OPCODES_MAX = 1024 };

/* Where the instruction that waits for several counters has what may be left of one. */
struct wait_field {
    const char *name; /* as LLVM writes it */
    unsigned counter; /* enum op_counter */
    unsigned shift, bits;
};

/* What a wave finds when it starts, besides its lanes. */
struct wave_start {
    uint32_t rsrc1, rsrc2, properties; /* of the kernel descriptor */
    uint64_t packet, queue, kernarg;   /* addresses */
    uint32_t scratch_bytes;            /* per lane */
    uint32_t group[3];
    unsigned wave, waves; /* its number in the work-group, and how many there are */
};

/* An element of a matrix. */
struct element {
    unsigned row, column;
};

struct generation {
    const char *name;
    const struct opcode (*opcodes)[OPCODES_MAX]; /* by enum inst_format */
    /* From the first dword w to the format's decoder. */
    void (*decode)(struct decoder *d, struct inst_pair *pair, uint32_t w);
    const struct wait_field *wait_fields;
    unsigned wait_field_count;
    const char *const *hwregs; /* [64]: names of hardware registers, null where there is none */
    void (*text_cache)(struct text *t, const struct inst *i); /* cache bits behind a memory instruction */
    /* 16 x 16 matrices: registers of C and D; what D has in a lane of the half-wave; the row of A, or column of B. */
    unsigned (*matrix_registers)(unsigned wave_size, unsigned wave32_registers);
    struct element (*matrix_result)(unsigned wave_size, unsigned half, unsigned reg, unsigned lane);
    unsigned (*matrix_factor)(unsigned lane);
    uint32_t (*start_mode)(const struct wave_start *start); /* MODE */
    void (*start_sgprs)(const struct wave_start *start,
                        uint32_t *s); /* s[SREG_COUNT], filled with poison before */
};

extern const struct generation gfx11;

/* How many of a counter's events the instruction leaves open at most, or RDNASIM_NO_WAIT. counter: enum op_counter. */
int waits_for(const struct generation *generation, const struct inst *i, unsigned counter);

#endif
