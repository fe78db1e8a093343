/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The descriptor of gfx11: RDNA3 and RDNA3.5. */
#include "gfx11.h"

#include "isa/decoder.h"
#include "isa/disasm_fields.h"
#include "matrix.h"

enum { SALU_FLOAT = FEATURE_SALU_FLOAT };

static const struct opcode opcodes[FMT_COUNT][OPCODES_MAX] = {
#define ENC(format, opcode, name, features, optional)                                                        \
    [FMT_##format][opcode] = {OP_##name + 1, features, optional},
#include "encodings.def"
#undef ENC
};

static void decode_first(struct decoder *d, struct inst_pair *pair, uint32_t w) {
    struct inst *i = &pair->x;
    if (!(w >> 31)) {
        if (w >> 25 == 0x3f)
            decode_vop1(d, i, w);
        else if (w >> 25 == 0x3e)
            decode_vopc(d, i, w);
        else
            decode_vop2(d, i, w);
    } else if (w >> 30 == 2) {
        if (w >> 23 == 0x17d)
            decode_sop1(d, i, w);
        else if (w >> 23 == 0x17e)
            decode_sopc(d, i, w);
        else if (w >> 23 == 0x17f)
            decode_sopp(d, i, w);
        else if (w >> 28 == 0xb)
            decode_sopk(d, i, w);
        else
            decode_sop2(d, i, w);
    } else {
        switch (w >> 26) {
        case 0x32: decode_vopd(d, pair, w); break;
        case 0x33:
            if (w >> 24 == 0xcc)
                decode_vop3p(d, i, w);
            else if (w >> 24 == 0xcd)
                decode_vinterp(d, i, w);
            else if (w >> 24 == 0xce)
                decode_lds_direct(d, i, w);
            else
                refuse(d, "no instruction begins like this");
            break;
        case 0x35: decode_vop3(d, i, w); break;
        case 0x36: decode_ds(d, i, w); break;
        case 0x37: gfx11_decode_flat(d, i, w); break;
        case 0x38: gfx11_decode_buffer(d, i, w, FMT_MUBUF); break;
        case 0x3a: gfx11_decode_buffer(d, i, w, FMT_MTBUF); break;
        case 0x3c: decode_named(d, i, FMT_MIMG, BITS(w, 18, 8), BITS(w, 0, 1) ? 3 : 2); break;
        case 0x3d: gfx11_decode_smem(d, i, w); break;
        case 0x3e:
            decode_named(d, i, FMT_EXP, 0, 2);
            /* mrt0 to 7, mrtz, pos0 to 4, prim, two blends */
            if (!(UINT64_C(0x71f1ff) >> BITS(w, 4, 6) & 1)) refuse(d, "no such target of an export");
            break;
        default: refuse(d, "no instruction begins like this");
        }
    }
}

static const struct wait_field wait_fields[] = {
    {"vmcnt", COUNTER_VM, 10, 6}, {"expcnt", COUNTER_EXP, 0, 3}, {"lgkmcnt", COUNTER_LGKM, 4, 6}};

static const char *const hwregs[64] = {
#define HWREG(number, name) [number] = #name,
#include "hwregs.def"
#undef HWREG
};

static void text_cache(struct text *t, const struct inst *i) {
    text_add(t, "%s%s%s", i->cache & 1 ? " glc" : "", i->cache & 2 ? " slc" : "", i->cache & 4 ? " dlc" : "");
}

static unsigned matrix_registers(unsigned wave_size, unsigned wave32_registers) {
    return wave_size == 64 ? wave32_registers / 2 : wave32_registers; /* spread over twice the lanes */
}

static struct element matrix_result(unsigned wave_size, unsigned half, unsigned reg, unsigned lane) {
    return (struct element){matrix_row(matrix_shape(wave_size, half), reg, lane), lane % MATRIX_SIDE};
}

static unsigned matrix_factor(unsigned lane) { return lane % MATRIX_SIDE; }

const struct generation gfx11 = {.name = "gfx11",
                                 .opcodes = opcodes,
                                 .decode = decode_first,
                                 .wait_fields = wait_fields,
                                 .wait_field_count = sizeof wait_fields / sizeof wait_fields[0],
                                 .hwregs = hwregs,
                                 .text_cache = text_cache,
                                 .matrix_registers = matrix_registers,
                                 .matrix_result = matrix_result,
                                 .matrix_factor = matrix_factor,
                                 .start_mode = gfx11_start_mode,
                                 .start_sgprs = gfx11_start_sgprs};
