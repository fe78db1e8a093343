/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Hardware registers that a compute kernel may read. Where the hardware would tell where a wave happens to run, it runs
 * on the first of everything.
 */
#include "exec/executors.h"
#include "exec/scalar.h"

enum {
#define HWREG(number, name) HWREG_##name = number,
#include "isa/gfx11/hwregs.def"
#undef HWREG
};
enum { LDS_ALLOC_DWORDS = 128 };

struct hwreg_field {
    unsigned id, offset;
    uint32_t mask;
};

static struct hwreg_field hwreg_field(const struct inst *i) {
    unsigned simm = (unsigned)i->offset & 0xffff, size = (simm >> 11) + 1;
    return (struct hwreg_field){simm & 63, simm >> 6 & 31,
                                size == 32 ? UINT32_MAX : (UINT32_C(1) << size) - 1};
}

static void s_getreg_b32(struct wave *w, const struct inst *i) {
    struct hwreg_field f = hwreg_field(i);
    uint32_t value;
    switch (f.id) {
    case HWREG_MODE: value = w->mode; break;
    case HWREG_STATUS:
        value = w->scc | !lane_mask(w, SREG_EXEC) << 9 | !lane_mask(w, SREG_VCC) << 10 |
                (w->group->wave_count > 1) << 11 | 1 << 16 | (w->scratch_bytes > 0) << 29;
        break;
    case HWREG_TRAPSTS:
    case HWREG_IB_STS:
    case HWREG_HW_ID2: value = 0; break;
    case HWREG_GPR_ALLOC: value = (w->vgpr_count / 8 - 1) << 12; break;
    case HWREG_LDS_ALLOC:
        value = (w->group->lds_bytes / 4 + LDS_ALLOC_DWORDS - 1) / LDS_ALLOC_DWORDS << 12;
        break;
    case HWREG_HW_ID1: value = w->index; break;
    case HWREG_SHADER_CYCLES: value = read_clock(w) & 0xfffff; break;
    case HWREG_SH_MEM_BASES: value = (uint32_t)(APERTURE_PRIVATE >> 48 | APERTURE_SHARED >> 48 << 16); break;
    default:
        wave_fault(w, RDNASIM_UNSUPPORTED, 0, 0, 0, "hardware register %u is not modelled", f.id);
        return;
    }
    scalar_write32(w, &i->dst, value >> f.offset & f.mask);
}

static void set_register(struct wave *w, const struct inst *i) {
    struct hwreg_field f = hwreg_field(i);
    if (f.id != HWREG_MODE) {
        wave_fault(w, RDNASIM_UNSUPPORTED, 0, 0, 0, "writing hardware register %u is not modelled", f.id);
        return;
    }
    uint32_t mask = f.mask << f.offset, value = scalar_read32(w, &i->src[0]) << f.offset;
    w->mode = (w->mode & ~mask) | (value & mask);
}

void bind_hwreg(exec_fn **table) {
    table[OP_s_getreg_b32] = s_getreg_b32;
    table[OP_s_setreg_b32] = set_register;
    table[OP_s_setreg_imm32_b32] = set_register;
}
