/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Vector instructions that cross lanes or use registers in ways of their own. readlane, readfirstlane,
 * writelane and permlane64 run once per wave, all others once per half.
 */
#include "executors.h"
#include "lanes.h"

/* The register of any lane of the wave, whichever half is current. */
static uint32_t *any_lane_of(struct wave *w, unsigned reg, unsigned lane) {
    u32v *half0 = w->v - (size_t)w->half * w->vgpr_count;
    return (uint32_t *)&half0[reg + (lane / LANES) * w->vgpr_count] + lane % LANES;
}
static unsigned lane_operand(const struct wave *w, const struct operand *o) {
    return scalar_read32(w, o) & (w->wave_size - 1);
}

static void v_readlane_b32(struct wave *w, const struct inst *i) {
    scalar_write32(w, &i->dst, *any_lane_of(w, i->src[0].reg, lane_operand(w, &i->src[1])));
}
/* With EXEC empty it reads lane 0. */
static void v_readfirstlane_b32(struct wave *w, const struct inst *i) {
    uint64_t exec = w->s[SREG_EXEC] | (w->wave_size == 64 ? (uint64_t)w->s[SREG_EXEC + 1] << 32 : 0);
    unsigned lane = exec ? (unsigned)__builtin_ctzll(exec) : 0;
    scalar_write32(w, &i->dst, *any_lane_of(w, i->src[0].reg, lane));
}
/* Ignores EXEC. */
static void v_writelane_b32(struct wave *w, const struct inst *i) {
    *any_lane_of(w, i->dst.reg, lane_operand(w, &i->src[1])) = scalar_read32(w, &i->src[0]);
}

/* Bits of the mask below the lane, counted in two steps of 32. */
static void v_mbcnt_lo_u32_b32(struct wave *w, const struct inst *i) {
    u32v t[2];
    lanes32 r;
    const uint32_t *mask = source32(w, i, 0, (uint32_t *)&t[0]), *add = source32(w, i, 1, (uint32_t *)&t[1]);
    FOR_LANES(l) {
        uint32_t below = w->half ? UINT32_MAX : lane_bit[l] - 1;
        r[l] = (uint32_t)__builtin_popcount(mask[l] & below) + add[l];
    }
    write32(w, i, r);
}
static void v_mbcnt_hi_u32_b32(struct wave *w, const struct inst *i) {
    u32v t[2];
    lanes32 r;
    const uint32_t *mask = source32(w, i, 0, (uint32_t *)&t[0]), *add = source32(w, i, 1, (uint32_t *)&t[1]);
    FOR_LANES(l) {
        uint32_t below = w->half ? lane_bit[l] - 1 : 0;
        r[l] = (uint32_t)__builtin_popcount(mask[l] & below) + add[l];
    }
    write32(w, i, r);
}

/*
 * Every lane reads the lane of its own (x: the other) row of 16 that its 4-bit selector names: sources 1 and
 * 2 hold the selectors of lanes 0-7 and 8-15. op_sel bit 0 fetches inactive lanes; else they give 0 if bit 1
 * is set, and leave the destination alone if not.
 */
static void permlane16(struct wave *w, const struct inst *i, unsigned flip) {
    uint64_t selectors = scalar_read32(w, &i->src[1]) | (uint64_t)scalar_read32(w, &i->src[2]) << 32;
    bool fetch_inactive = i->op_sel & 1, zero = i->op_sel & 2;
    uint32_t *d = (uint32_t *)&w->v[i->dst.reg], exec = exec_mask(w);
    lanes32 t, r;
    const uint32_t *x = source32(w, i, 0, t);
    FOR_LANES(l) {
        unsigned lane = ((l & 16) ^ flip) | (unsigned)(selectors >> 4 * (l & 15) & 15);
        bool readable = fetch_inactive || exec >> lane & 1;
        r[l] = readable ? x[lane] : zero ? 0 : d[l];
    }
    write_lanes(d, r, exec);
}
static void v_permlane16_b32(struct wave *w, const struct inst *i) { permlane16(w, i, 0); }
static void v_permlanex16_b32(struct wave *w, const struct inst *i) { permlane16(w, i, 16); }

/* Exchanges the halves of a wave64; in wave32 it does nothing. */
static void v_permlane64_b32(struct wave *w, const struct inst *i) {
    if (w->wave_size == 32) return;
    u32v *half0 = w->v - (size_t)w->half * w->vgpr_count, *half1 = half0 + w->vgpr_count;
    unsigned d = i->dst.reg, s = i->src[0].reg;
    u32v low = half0[s], high = half1[s];
    write_lanes((uint32_t *)&half0[d], (const uint32_t *)&high, w->s[SREG_EXEC]);
    write_lanes((uint32_t *)&half1[d], (const uint32_t *)&low, w->s[SREG_EXEC + 1]);
}

/* ---- moves -------------------------------------------------------------------------------------------- */

static void v_nop(struct wave *w, const struct inst *i) { (void)w, (void)i; }

static void exchange(struct wave *w, unsigned d, unsigned s) {
    uint32_t *x = (uint32_t *)&w->v[d], *y = (uint32_t *)&w->v[s], exec = exec_mask(w);
    lanes32 a, b;
    memcpy(a, x, sizeof a);
    memcpy(b, y, sizeof b);
    write_lanes(x, b, exec);
    write_lanes(y, a, exec);
}
static void v_swap_b32(struct wave *w, const struct inst *i) { exchange(w, i->dst.reg, i->src[0].reg); }
static void v_swap_b16(struct wave *w, const struct inst *i) {
    uint32_t *x = (uint32_t *)&w->v[i->dst.reg], *y = (uint32_t *)&w->v[i->src[0].reg], exec = exec_mask(w);
    unsigned sx = i->dst.hi ? 16 : 0, sy = i->src[0].hi ? 16 : 0;
    FOR_LANES(l) {
        if (!(exec & lane_bit[l])) continue;
        uint32_t a = x[l] >> sx & 0xffff, b = y[l] >> sy & 0xffff;
        x[l] = (x[l] & UINT32_C(0xffff0000) >> sx) | b << sx;
        y[l] = (y[l] & UINT32_C(0xffff0000) >> sy) | a << sy;
    }
}

/* Register numbers moved by M0; outside the wave's registers nothing is touched. */
static bool relative(const struct wave *w, unsigned reg, uint32_t by, unsigned *result) {
    uint64_t n = (uint64_t)reg + by;
    *result = (unsigned)n;
    return n < w->vgpr_count;
}
static void move_relative(struct wave *w, const struct inst *i, uint32_t dst_by, uint32_t src_by) {
    unsigned d, s;
    lanes32 t;
    const uint32_t *x;
    if (!relative(w, i->dst.reg, dst_by, &d)) return;
    if (i->src[0].kind == OPND_VGPR) {
        if (!relative(w, i->src[0].reg, src_by, &s)) s = 0; /* out of range reads v0 */
        x = memcpy(t, &w->v[s], sizeof t);
    } else {
        x = source32(w, i, 0, t);
    }
    write_lanes((uint32_t *)&w->v[d], x, written_lanes(w, i));
}
static void v_movreld_b32(struct wave *w, const struct inst *i) { move_relative(w, i, w->s[SREG_M0], 0); }
static void v_movrels_b32(struct wave *w, const struct inst *i) { move_relative(w, i, 0, w->s[SREG_M0]); }
static void v_movrelsd_b32(struct wave *w, const struct inst *i) {
    move_relative(w, i, w->s[SREG_M0], w->s[SREG_M0]);
}
static void v_movrelsd_2_b32(struct wave *w, const struct inst *i) {
    move_relative(w, i, w->s[SREG_M0] >> 16 & 0x3ff, w->s[SREG_M0] & 0x3ff);
}

static void v_swaprel_b32(struct wave *w, const struct inst *i) {
    unsigned d, s;
    if (!relative(w, i->dst.reg, w->s[SREG_M0] >> 16 & 0x3ff, &d)) return;
    if (!relative(w, i->src[0].reg, w->s[SREG_M0] & 0x3ff, &s)) return;
    exchange(w, d, s);
}

void SIMD_NAME(bind_cross)(exec_fn **table) {
    BIND(v_readlane_b32)
    BIND(v_readfirstlane_b32)
    BIND(v_writelane_b32)
    BIND(v_mbcnt_lo_u32_b32)
    BIND(v_mbcnt_hi_u32_b32)
    BIND(v_permlane16_b32)
    BIND(v_permlanex16_b32)
    BIND(v_permlane64_b32)
    BIND(v_nop)
    table[OP_v_pipeflush] = v_nop;
    BIND(v_swap_b32)
    BIND(v_swap_b16)
    BIND(v_swaprel_b32)
    BIND(v_movreld_b32)
    BIND(v_movrels_b32)
    BIND(v_movrelsd_b32)
    BIND(v_movrelsd_2_b32)
}
