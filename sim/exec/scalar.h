/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Reading and writing scalar operands: the only way in which bodies do it. A 32-bit operand of an aperture is the
 * low half of what a 64-bit one gives.
 */
#ifndef RDNASIM_SCALAR_H
#define RDNASIM_SCALAR_H

#include "wave.h"

enum {
    SPECIAL_SHARED_BASE = 235,
    SPECIAL_SHARED_LIMIT,
    SPECIAL_PRIVATE_BASE,
    SPECIAL_PRIVATE_LIMIT,
    SPECIAL_SCC = 253
};

static inline uint64_t special_read(const struct wave *w, unsigned reg) {
    switch (reg) {
    case SPECIAL_SHARED_BASE: return APERTURE_SHARED;
    case SPECIAL_SHARED_LIMIT: return APERTURE_SHARED | UINT32_MAX;
    case SPECIAL_PRIVATE_BASE: return APERTURE_PRIVATE;
    case SPECIAL_PRIVATE_LIMIT: return APERTURE_PRIVATE | UINT32_MAX;
    case SPECIAL_SCC: return w->scc;
    }
    return 0;
}

static inline uint64_t sgpr_read64(const struct wave *w, unsigned reg) {
    return reg == SREG_NULL ? 0 : w->s[reg] | (uint64_t)w->s[reg + 1] << 32;
}

static inline void sgpr_write64(struct wave *w, unsigned reg, uint64_t value) {
    if (reg == SREG_NULL) return;
    w->s[reg] = (uint32_t)value;
    w->s[reg + 1] = (uint32_t)(value >> 32);
}

static inline uint32_t scalar_read32(const struct wave *w, const struct operand *o) {
    if (o->kind == OPND_SGPR) return w->s[o->reg]; /* NULL holds 0 */
    return o->kind == OPND_CONST ? (uint32_t)o->value : (uint32_t)special_read(w, o->reg);
}

static inline uint64_t scalar_read64(const struct wave *w, const struct operand *o) {
    if (o->kind == OPND_SGPR) return sgpr_read64(w, o->reg);
    return o->kind == OPND_CONST ? o->value : special_read(w, o->reg);
}

/* EXEC or VCC, of all lanes. */
static inline uint64_t lane_mask(const struct wave *w, unsigned reg) {
    return w->wave_size == 64 ? sgpr_read64(w, reg) : w->s[reg];
}

/* Clocks advance by one step at every reading, so that results stay the same in every run. */
static inline uint32_t read_clock(struct wave *w) {
    enum { CLOCK_STEP = 64 };
    return w->clock += CLOCK_STEP;
}

static inline void scalar_write32(struct wave *w, const struct operand *o, uint32_t value) {
    sgpr_write(w, o->reg, value);
}

static inline void scalar_write64(struct wave *w, const struct operand *o, uint64_t value) {
    sgpr_write64(w, o->reg, value);
}

#endif
