/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Control flow, relative registers and MODE as AMD's documents define them, one row each. */
#include "flow.h"

static uint64_t pair(const struct wave *w, unsigned reg) { return w->s[reg] | (uint64_t)w->s[reg + 1] << 32; }
static void write32(struct wave *w, unsigned reg, uint32_t value) {
    if (reg != SREG_NULL) w->s[reg] = value;
}
static void write64(struct wave *w, unsigned reg, uint64_t value) {
    write32(w, reg, (uint32_t)value);
    if (reg != SREG_NULL) write32(w, reg + 1, (uint32_t)(value >> 32));
}

/* ---- control flow: the wave counts instructions in dwords from the start of its code ------------------- */

static uint64_t after_this(const struct wave *w) { return w->code_address + 4 * (uint64_t)w->pc + 4; }
static uint32_t in_code(const struct wave *w, uint64_t address) {
    return (uint32_t)((address - w->code_address) / 4);
}
static uint32_t relative(const struct wave *w, uint16_t k) {
    return (uint32_t)(int32_t)(w->pc + 1 + (k < 0x8000 ? (int32_t)k : (int32_t)k - 0x10000));
}

/* The flags that branches test; wave32 ignores the upper half. */
static bool zero(const struct wave *w, unsigned reg) {
    return w->wave_size == 32 ? w->s[reg] == 0 : pair(w, reg) == 0;
}

/* A wave64's code for 64 lanes can be run for one half of EXEC after the other, D keeping the half in
 * waiting. */
static void subvector_begin(const struct fields *x, const struct wave *from, struct wave *to) {
    if (pair(from, SREG_EXEC) == 0) {
        to->next = relative(from, x->k);
    } else if (from->s[SREG_EXEC] == 0) {
        write32(to, x->d, 0);
    } else {
        to->s[SREG_EXEC + 1] = 0;
        write32(to, x->d, from->s[SREG_EXEC + 1]);
    }
}
static void subvector_end(const struct fields *x, const struct wave *from, struct wave *to) {
    if (from->s[SREG_EXEC + 1] != 0) {
        to->s[SREG_EXEC] = from->s[x->d];
    } else if (from->s[x->d] != 0) {
        to->s[SREG_EXEC + 1] = from->s[x->d];
        write32(to, x->d, from->s[SREG_EXEC]);
        to->s[SREG_EXEC] = 0;
        to->next = relative(from, x->k);
    }
}

/* ---- hardware registers -------------------------------------------------------------------------------- */

static uint32_t low_ones(unsigned count) { return (uint32_t)((UINT64_C(1) << count) - 1); }
static unsigned field_offset(uint16_t k) { return k >> 6 & 31; }
static uint32_t field_ones(uint16_t k) { return low_ones((k >> 11) + 1u); }

/* Of STATUS, what concerns a compute wave outside the trap handler. */
static uint32_t status(const struct wave *w) {
    enum { EXECZ = 1 << 9, VCCZ = 1 << 10, IN_WG = 1 << 11, VALID = 1 << 16, SCRATCH_EN = 1 << 29 };
    return (w->scc ? 1 : 0) | (zero(w, SREG_EXEC) ? EXECZ : 0) | (zero(w, SREG_VCC) ? VCCZ : 0) |
           (w->group->wave_count > 1 ? IN_WG : 0) | VALID | (w->scratch_bytes ? SCRATCH_EN : 0);
}
static uint32_t hardware_register(const struct wave *w, uint16_t k) {
    return (k & 63) == HWREG_STATUS ? status(w) : w->mode;
}

static uint32_t with_mode_field(const struct wave *w, uint16_t k, uint64_t value) {
    uint32_t mask = field_ones(k) << field_offset(k);
    return (w->mode & ~mask) | ((uint32_t)value << field_offset(k) & mask);
}

/* ---- the rows ----------------------------------------------------------------------------------------- */

/* clang-format off */
#define ROW(name, ...) case OP_##name: __VA_ARGS__; return true
#define BRANCH_IF(name, condition) case OP_##name: if (condition) to->next = relative(from, x->k); return true
/* clang-format on */

/* Waits, hints to the hardware, marks for tools: nothing that a program can read changes. */
static bool changes_nothing(enum op op) {
    static const uint16_t ops[] = {
        OP_s_nop,           OP_s_clause,         OP_s_delay_alu,      OP_s_waitcnt,
        OP_s_waitcnt_vscnt, OP_s_waitcnt_vmcnt,  OP_s_waitcnt_expcnt, OP_s_waitcnt_lgkmcnt,
        OP_s_sleep,         OP_s_waitcnt_depctr, OP_s_wait_idle,      OP_s_wait_event,
        OP_s_setprio,       OP_s_wakeup,         OP_s_incperflevel,   OP_s_decperflevel,
        OP_s_ttracedata,    OP_s_ttracedata_imm, OP_s_icache_inv,     OP_s_set_inst_prefetch_distance,
        OP_s_version};
    for (unsigned n = 0; n < sizeof ops / sizeof *ops; n++)
        if (ops[n] == op) return true;
    return false;
}

bool model_flow(enum op op, const struct fields *x, const struct wave *from, struct wave *to) {
    const uint32_t m0 = from->s[SREG_M0];
    const unsigned a = x->a + m0, d = x->d + m0, even = ~1u; /* indices of pairs lose their lowest bit */
    switch ((unsigned)op) {
        BRANCH_IF(s_branch, true);
        BRANCH_IF(s_cbranch_scc0, !from->scc);
        BRANCH_IF(s_cbranch_scc1, from->scc);
        BRANCH_IF(s_cbranch_vccz, zero(from, SREG_VCC));
        BRANCH_IF(s_cbranch_vccnz, !zero(from, SREG_VCC));
        BRANCH_IF(s_cbranch_execz, zero(from, SREG_EXEC));
        BRANCH_IF(s_cbranch_execnz, !zero(from, SREG_EXEC));
        /* debug flags are set by whoever launches waves; nobody does */
        BRANCH_IF(s_cbranch_cdbgsys, false);
        BRANCH_IF(s_cbranch_cdbguser, false);
        BRANCH_IF(s_cbranch_cdbgsys_or_user, false);
        BRANCH_IF(s_cbranch_cdbgsys_and_user, false);
        ROW(s_getpc_b64, write64(to, x->d, after_this(from)));
        ROW(s_setpc_b64, to->next = in_code(from, x->value));
        ROW(s_swappc_b64, write64(to, x->d, after_this(from)), to->next = in_code(from, x->value));
        ROW(s_call_b64, write64(to, x->d, after_this(from)), to->next = relative(from, x->k));
        ROW(s_subvector_loop_begin, subvector_begin(x, from, to));
        ROW(s_subvector_loop_end, subvector_end(x, from, to));

        ROW(s_movrels_b32, write32(to, x->d, from->s[a]));
        ROW(s_movrels_b64, write64(to, x->d, pair(from, a & even)));
        ROW(s_movreld_b32, write32(to, d, (uint32_t)x->value));
        ROW(s_movreld_b64, write64(to, d & even, x->value));
        ROW(s_movrelsd_2_b32, write32(to, x->d + (m0 >> 16 & 0x3ff), from->s[x->a + (m0 & 0x3ff)]));

        ROW(s_getreg_b32,
            write32(to, x->d, hardware_register(from, x->k) >> field_offset(x->k) & field_ones(x->k)));
        ROW(s_setreg_b32, to->mode = with_mode_field(from, x->k, x->value));
        ROW(s_setreg_imm32_b32, to->mode = with_mode_field(from, x->k, x->value));
        ROW(s_round_mode, to->mode = (from->mode & ~15u) | (x->k & 15));
        ROW(s_denorm_mode, to->mode = (from->mode & ~0xf0u) | (uint32_t)(x->k & 15) << 4);
    }
    return changes_nothing(op);
}
