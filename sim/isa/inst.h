/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A decoded instruction: what the decoder makes of 1-4 dwords, once, and what every executor reads.
 *
 * The identity of an instruction is its operation, not its encoding: v_add_f32 as VOP2, VOP3, VOP2+DPP or as
 * half of a VOPD pair is OP_v_add_f32 with the same operands, so there is one semantic body per operation.
 */
#ifndef RDNASIM_INST_H
#define RDNASIM_INST_H

#include <stdbool.h>
#include <stdint.h>

#include "ops.h" /* enum op (OP_<llvm mnemonic without _e32/_e64>), enum value_type, struct op_info */
#include "target.h"

struct wave;
struct inst;
typedef void exec_fn(struct wave *w, const struct inst *i);

enum inst_format {
    FMT_SOP1,
    FMT_SOP2,
    FMT_SOPK,
    FMT_SOPC,
    FMT_SOPP,
    FMT_SMEM,
    FMT_VOP1,
    FMT_VOP2,
    FMT_VOPC,
    FMT_VOP3,
    FMT_VOP3SD,
    FMT_VOP3P,
    FMT_VOPD,
    FMT_VINTERP,
    FMT_LDSDIR,
    FMT_DS,
    FMT_FLAT,
    FMT_GLOBAL,
    FMT_SCRATCH,
    FMT_MUBUF,
    FMT_MTBUF,
    FMT_MIMG,
    FMT_EXP,
    FMT_COUNT
};

struct operand {
    uint8_t kind;
    uint8_t type;   /* enum value_type */
    uint8_t dwords; /* registers taken: 1, 2, 3, 4, 8, 16 */
    bool neg, abs;  /* float sources of VOP1/2/3/C; abs first, then neg */
    bool hi;        /* a 16-bit operand that lives in the upper half of its register (op_sel or true16) */
    uint16_t reg;
    uint64_t value; /* OPND_CONST; all 32 bits of 16-bit and packed ones, of which op_sel selects a half */
};

enum { /* hardware numbers of scalar registers */
       SREG_VCC = 106,
       SREG_TTMP0 = 108,
       SREG_NULL = 124,
       SREG_M0 = 125,
       SREG_EXEC = 126,
       SREG_COUNT = 128
};

enum { /* MODE bits, as in the kernel descriptor's rsrc1 from bit 12 */
       MODE_ROUND_32 = 3 << 0,
       MODE_ROUND_16_64 = 3 << 2,
       MODE_DENORM_32 = 3 << 4, /* bit 0 of the field: keep source denormals; bit 1: keep result denormals */
       MODE_DENORM_16_64 = 3 << 6,
       MODE_DX10_CLAMP = 1 << 8,
       MODE_IEEE = 1 << 9,
       MODE_FP16_OVFL = 1 << 23
};

enum dpp_kind { DPP_NONE, DPP_8, DPP_16 };

struct inst {
    exec_fn *exec;
    exec_fn *exec_x; /* VOPD: the X half's own executor; set by executors_select, as exec and plain are */
    bool refused;    /* exec stops the wave, with the reason */
    bool plain;  /* no modifier, no DPP, no upper halves, VOP3P selecting lower and upper halves in order */
    uint16_t op; /* enum op */
    uint8_t format; /* enum inst_format */
    uint8_t dwords; /* length */
    uint8_t src_count;
    /*
     * VALU/SALU: dst, sdst (the mask result of VOPC, of carry-out ops and of v_div_scale), src[0..3]. The
     * carry-in or condition mask of v_cndmask, v_add_co_ci, ... is an explicit source (VCC in 32-bit forms).
     * v_fmac-like ops have the destination as an explicit last source, so that no body needs to know.
     * SMEM: dst, src[0] = sbase (dwords 2 or 4), src[1] = soffset or NONE.
     * DS: dst, src[0] = address VGPR, src[1] = data0, src[2] = data1.
     * FLAT/GLOBAL/SCRATCH: dst, src[0] = vaddr (1 or 2 dwords, or NONE), src[1] = data, src[2] = saddr.
     * MUBUF/MTBUF: dst or NONE, src[0] = vaddr, src[1] = vdata, src[2] = srsrc, src[3] = soffset.
     */
    struct operand dst, sdst, src[4];
    /* VOP3P: op_sel / op_sel_hi / neg_lo / neg_hi, bit n for source n (op_sel bit 3: destination) */
    uint8_t op_sel, op_sel_hi, neg_lo, neg_hi;
    bool clamp;
    uint8_t omod; /* 0 none, 1 *2, 2 *4, 3 /2 */
    uint8_t dpp;  /* enum dpp_kind; applies to src[0] */
    uint8_t row_mask, bank_mask;
    bool bound_ctrl, fi;
    uint16_t dpp_ctrl;    /* DPP_16 */
    uint32_t dpp8_select; /* DPP_8: 8 x 3 bits, lane 0 lowest */
    int32_t offset; /* memory: signed byte offset; DS: offset0 | offset1 << 8 or 16 bits; SOPP/SOPK: simm16 */
    uint8_t cache;  /* bit 0 glc, 1 slc, 2 dlc */
    bool gds, idxen, offen, tfe;
    uint8_t mtbuf_format;
    const struct inst *dual; /* VOPD: the Y half; both read their sources before either writes */
    uint32_t words[4];
};

/* Makes the Y half of every VOPD pair land somewhere that outlives the instruction. */
struct inst_pair {
    struct inst x, y;
};

/*
 * Decodes one instruction for the target. `available` dwords may be read. Returns its length in dwords, or 0:
 * then *illegal_reason says why (a static string): not an encoding, reserved field, not of this target, cut off.
 * Does not set exec. out->x.dual points at out->y for VOPD.
 */
unsigned decode(const struct target *target, const uint32_t *code, unsigned available, struct inst_pair *out,
                const char **illegal_reason);

/* LLVM's text, as waves of that size execute it. */
struct generation;
void disassemble(const struct generation *generation, unsigned wave_size, const struct inst *i, char *text,
                 unsigned text_bytes);

#endif
