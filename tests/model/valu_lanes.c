/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Moves between lanes and between indexed registers as AMD's pseudocode defines them. */
#include "valu_lanes.h"

/* ---- data parallel processing ------------------------------------------------------------------------- */

/* The lane of the same row of 16 that a DPP16 control names, negative or above 15 when there is none. */
static int row_source(unsigned control, int n) {
    int amount = control & 15;
    if (control < 0x100) return (n & 12) | (control >> 2 * (n & 3) & 3);
    switch (control >> 4) {
    case 0x10: return n + amount;
    case 0x11: return n - amount;
    case 0x12: return (n + 16 - amount) % 16;
    case 0x14: return amount ? (n & 8) | (7 - (n & 7)) : 15 - n;
    case 0x15: return amount;
    default: return n ^ amount;
    }
}

enum dpp_effect model_dpp(const struct inst *i, uint64_t exec, unsigned lane, unsigned *source) {
    if (!(i->row_mask >> lane / 16 & 1) || !(i->bank_mask >> lane % 16 / 4 & 1)) return DPP_NO_WRITE;
    bool in_range = true, zero = i->bound_ctrl;
    if (i->dpp == DPP_8) {
        *source = (lane & ~7u) | (i->dpp8_select >> 3 * (lane & 7) & 7);
        zero = true;
    } else {
        int n = row_source(i->dpp_ctrl, lane & 15);
        in_range = n >= 0 && n < 16;
        *source = (lane & ~15u) | (n & 15);
    }
    if (in_range && (i->fi || exec >> *source & 1)) return DPP_FETCH;
    return zero ? DPP_ZERO : DPP_NO_WRITE;
}

/* ---- between lanes ------------------------------------------------------------------------------------ */

static uint32_t scalar_source(const struct machine *m, const struct operand *s) {
    return s->kind == OPND_CONST ? (uint32_t)s->value : m->w.s[s->reg];
}

static void readfirstlane(const struct inst *i, const struct machine *from, struct machine *to) {
    uint64_t exec = wave_exec(from);
    to->w.s[i->dst.reg] = get_lane(from, i->src[0].reg, exec ? (unsigned)__builtin_ctzll(exec) : 0);
}
static void readlane(const struct inst *i, const struct machine *from, struct machine *to) {
    unsigned lane = scalar_source(from, &i->src[1]) % from->w.wave_size;
    to->w.s[i->dst.reg] = get_lane(from, i->src[0].reg, lane);
}
static void writelane(const struct inst *i, const struct machine *from, struct machine *to) {
    unsigned lane = scalar_source(from, &i->src[1]) % from->w.wave_size;
    set_lane(to, i->dst.reg, lane, scalar_source(from, &i->src[0]));
}

/* op_sel bit 0: fetch from inactive lanes; bit 1: else zero, not the old value. */
static void permlane(const struct inst *i, const struct machine *from, struct machine *to, unsigned flip) {
    uint64_t exec = wave_exec(from);
    uint64_t selects = scalar_source(from, &i->src[1]) | (uint64_t)scalar_source(from, &i->src[2]) << 32;
    for (unsigned lane = 0; lane < from->w.wave_size; lane++) {
        if (!(exec >> lane & 1)) continue;
        unsigned source = ((lane & ~15u) ^ flip) | (selects >> 4 * (lane & 15) & 15);
        if (i->op_sel & 1 || exec >> source & 1)
            set_lane(to, i->dst.reg, lane, get_lane(from, i->src[0].reg, source));
        else if (i->op_sel & 2)
            set_lane(to, i->dst.reg, lane, 0);
    }
}
static void permlane16(const struct inst *i, const struct machine *from, struct machine *to) {
    permlane(i, from, to, 0);
}
static void permlanex16(const struct inst *i, const struct machine *from, struct machine *to) {
    permlane(i, from, to, 16);
}
static void permlane64(const struct inst *i, const struct machine *from, struct machine *to) {
    if (from->w.wave_size == 32) return;
    for (unsigned lane = 0; lane < 64; lane++)
        if (wave_exec(from) >> lane & 1)
            set_lane(to, i->dst.reg, lane, get_lane(from, i->src[0].reg, lane ^ 32));
}

/* ---- between registers -------------------------------------------------------------------------------- */

/* Register `reg` as M0 indexes it; above all registers if it is out of range. */
static unsigned indexed(const struct operand *reg, uint32_t index) {
    return index > 255 ? UINT32_MAX : reg->reg + index;
}
static uint32_t low_index(const struct machine *m) { return m->w.s[SREG_M0] & 0x3ff; }
static uint32_t high_index(const struct machine *m) { return m->w.s[SREG_M0] >> 16 & 0x3ff; }

/* v[d] = v[s] of the active lanes. Out of range, a source is v0 and a destination makes it a no-op. */
static void move(const struct machine *from, struct machine *to, unsigned d, unsigned s) {
    if (d >= VGPRS) return;
    if (s >= VGPRS) s = 0;
    for (unsigned lane = 0; lane < from->w.wave_size; lane++)
        if (wave_exec(from) >> lane & 1) set_lane(to, d, lane, get_lane(from, s, lane));
}
/* Both are destinations. */
static void exchange(const struct machine *from, struct machine *to, unsigned d, unsigned s) {
    if (d >= VGPRS || s >= VGPRS) return;
    move(from, to, d, s);
    move(from, to, s, d);
}

static void movreld(const struct inst *i, const struct machine *from, struct machine *to) {
    move(from, to, indexed(&i->dst, from->w.s[SREG_M0]), i->src[0].reg);
}
static void movrels(const struct inst *i, const struct machine *from, struct machine *to) {
    move(from, to, i->dst.reg, indexed(&i->src[0], from->w.s[SREG_M0]));
}
static void movrelsd(const struct inst *i, const struct machine *from, struct machine *to) {
    move(from, to, indexed(&i->dst, from->w.s[SREG_M0]), indexed(&i->src[0], from->w.s[SREG_M0]));
}
static void movrelsd_2(const struct inst *i, const struct machine *from, struct machine *to) {
    move(from, to, indexed(&i->dst, high_index(from)), indexed(&i->src[0], low_index(from)));
}
static void swap(const struct inst *i, const struct machine *from, struct machine *to) {
    exchange(from, to, i->dst.reg, i->src[0].reg);
}
static void swaprel(const struct inst *i, const struct machine *from, struct machine *to) {
    exchange(from, to, indexed(&i->dst, high_index(from)), indexed(&i->src[0], low_index(from)));
}

static uint32_t half_of(uint32_t v, bool hi) { return hi ? v >> 16 : v & 0xffff; }
static uint32_t with_half(uint32_t v, bool hi, uint32_t half) {
    return hi ? (v & 0xffff) | half << 16 : (v & 0xffff0000) | half;
}
static void swap_halves(const struct inst *i, const struct machine *from, struct machine *to) {
    const struct operand *d = &i->dst, *s = &i->src[0];
    for (unsigned lane = 0; lane < from->w.wave_size; lane++) {
        if (!(wave_exec(from) >> lane & 1)) continue;
        uint32_t was_d = half_of(get_lane(from, d->reg, lane), d->hi);
        uint32_t was_s = half_of(get_lane(from, s->reg, lane), s->hi);
        set_lane(to, d->reg, lane, with_half(get_lane(to, d->reg, lane), d->hi, was_s));
        set_lane(to, s->reg, lane, with_half(get_lane(to, s->reg, lane), s->hi, was_d));
    }
}

bool model_lanes(const struct inst *i, const struct machine *from, struct machine *to) {
    static const struct {
        enum op op;
        void (*run)(const struct inst *, const struct machine *, struct machine *);
    } rows[] = {
        {OP_v_readfirstlane_b32, readfirstlane},
        {OP_v_readlane_b32, readlane},
        {OP_v_writelane_b32, writelane},
        {OP_v_permlane16_b32, permlane16},
        {OP_v_permlanex16_b32, permlanex16},
        {OP_v_permlane64_b32, permlane64},
        {OP_v_movreld_b32, movreld},
        {OP_v_movrels_b32, movrels},
        {OP_v_movrelsd_b32, movrelsd},
        {OP_v_movrelsd_2_b32, movrelsd_2},
        {OP_v_swap_b32, swap},
        {OP_v_swap_b16, swap_halves},
        {OP_v_swaprel_b32, swaprel},
    };
    for (unsigned n = 0; n < sizeof rows / sizeof *rows; n++) {
        if (rows[n].op != i->op) continue;
        rows[n].run(i, from, to);
        return true;
    }
    return false;
}
