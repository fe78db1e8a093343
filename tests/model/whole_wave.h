/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the model's tests of vector operations share: waves drawn at random, executed whole, compared whole.
 */
#ifndef MODEL_WHOLE_WAVE_H
#define MODEL_WHOLE_WAVE_H

#include <inttypes.h>

#include "numbers.h"

static exec_fn *table[3][OP_COUNT];
static struct level levels[3];
static unsigned level_count;

static inline int bind_all_levels(void **state) {
    (void)state;
    level_count = bind_levels(levels, table);
    return level_count ? 0 : -1;
}

static inline uint32_t draw_bits(void) {
    static const uint32_t edges[] = {0,          1,          2,          0x7f,       0x80,       0xff,
                                     0x7fff,     0x8000,     0xffff,     0x10000,    0x7fffff,   0x800000,
                                     0xffffff,   0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff,
                                     0x7fff8000, 0x80007fff, 0x80808080, 0x7f7f7f7f, 0x88888888, 0x00ff00ff};
    uint64_t r = draw();
    uint32_t any = (uint32_t)(r >> 32);
    switch (r % 8) {
    case 0:
    case 1: return edges[(r >> 8) % (sizeof edges / sizeof *edges)];
    case 2: return any >> (r >> 8) % 32;
    case 3: return (uint32_t)((int32_t)any >> (r >> 8) % 32);
    case 4: return (any & 0x0f0f0f0f) % 14; /* shift counts, selectors */
    default: return any;
    }
}

static inline void draw_machine(struct machine *m) {
    machine_reset(m);
    for (unsigned reg = 0; reg < 2 * VGPRS; reg++)
        for (unsigned l = 0; l < LANES; l++) m->v[reg][l] = draw_bits();
    for (unsigned reg = 0; reg < SREG_NULL; reg++) m->w.s[reg] = draw_bits();
    uint64_t r = draw();
    m->w.wave_size = r & 1 ? 64 : 32;
    for (unsigned half = 0; half < 2; half++) {
        uint32_t any = (uint32_t)draw();
        const uint32_t masks[] = {any, any, 0xffffffff, any & (uint32_t)draw(), 1u << any % 32, 0};
        m->w.s[SREG_EXEC + half] = masks[(r >> (8 + 8 * half)) % 6];
    }
}

/* As the simulator's run loop does it: once for each half of a wave64, unless all lanes meet. */
static inline void execute_wave(exec_fn *const *level, struct machine *m, const struct inst *i) {
    m->w.v = m->v;
    execute(level, m, i);
    if (m->w.wave_size == 32 || !op_runs_per_half(i->op)) return;
    m->w.half = 1;
    m->w.v += VGPRS;
    execute(level, m, i);
    m->w.half = 0;
    m->w.v -= VGPRS;
}

static inline bool same_registers(const struct machine *a, const struct machine *b) {
    return !memcmp(a->v, b->v, sizeof a->v) && !memcmp(a->w.s, b->w.s, sizeof a->w.s) && a->w.scc == b->w.scc;
}

static inline uint64_t wave_exec(const struct machine *m) {
    return m->w.s[SREG_EXEC] | (m->w.wave_size == 64 ? (uint64_t)m->w.s[SREG_EXEC + 1] << 32 : 0);
}

/* A VGPR's lane, 0 to 63. */
static inline uint32_t get_lane(const struct machine *m, unsigned reg, unsigned lane) {
    return m->v[lane / LANES * VGPRS + reg][lane % LANES];
}
static inline void set_lane(struct machine *m, unsigned reg, unsigned lane, uint32_t value) {
    m->v[lane / LANES * VGPRS + reg][lane % LANES] = value;
}

/* What registers of up to 128 bits hold. */
__extension__ typedef unsigned __int128 register_bits;

static inline register_bits read_operand(const struct machine *m, const struct operand *s, unsigned lane) {
    register_bits bits = 0;
    for (unsigned d = 0; d < s->dwords; d++)
        bits |= (register_bits)(s->kind == OPND_SGPR ? m->w.s[s->reg + d] : get_lane(m, s->reg + d, lane))
                << 32 * d;
    return bits;
}

static inline void write_operand(struct machine *m, const struct operand *d, unsigned half, unsigned l,
                                 register_bits value) {
    for (unsigned n = 0; n < d->dwords; n++) {
        uint32_t bits = (uint32_t)(value >> 32 * n);
        u32v *reg = &m->v[half * VGPRS + d->reg + n];
        if (type_is_16(d->type))
            bits = d->hi ? ((*reg)[l] & 0xffff) | bits << 16 : ((*reg)[l] & 0xffff0000) | (bits & 0xffff);
        (*reg)[l] = bits;
    }
}

static inline bool is_dpp16_control(unsigned control) {
    return control < 0x100 || (control > 0x100 && control < 0x130 && control & 15) || control == 0x140 ||
           control == 0x141 || (control >= 0x150 && control < 0x170);
}

static inline void draw_dpp(struct inst *i) {
    uint64_t r = draw();
    i->dpp = r & 1 ? DPP_8 : DPP_16;
    i->fi = r >> 1 & 1;
    i->row_mask = i->bank_mask = 15;
    if (i->dpp == DPP_8) {
        i->dpp8_select = r >> 8 & 0xffffff;
        return;
    }
    do i->dpp_ctrl = (r >> 5 & 1 ? 0x100 : 0) | (uint16_t)(draw() & 0xff);
    while (!is_dpp16_control(i->dpp_ctrl));
    i->bound_ctrl = r >> 2 & 1;
    if (r >> 3 & 1) i->row_mask = r >> 32 & 15;
    if (r >> 4 & 1) i->bank_mask = r >> 36 & 15;
}

/* Prints where two machines differ that `i` made of `from`: every scalar register, the first lane. */
static inline void explain_wave(const struct inst *i, const struct machine *from, const struct machine *want,
                                const struct machine *got, const char *level) {
    const char *name = op_info((enum op)i->op)->name;
    for (unsigned reg = 0; reg < SREG_COUNT; reg++)
        if (want->w.s[reg] != got->w.s[reg])
            print_error("%s at %s, wave%u: s[%u] is %08x, not %08x (exec %08x %08x)\n", name, level,
                        from->w.wave_size, reg, got->w.s[reg], want->w.s[reg], from->w.s[SREG_EXEC],
                        from->w.s[SREG_EXEC + 1]);
    for (unsigned reg = 0; reg < 2 * VGPRS; reg++)
        for (unsigned l = 0; l < LANES; l++) {
            if (want->v[reg][l] == got->v[reg][l]) continue;
            print_error("%s at %s, wave%u: v[%u] lane %u is %08x, not %08x;", name, level, from->w.wave_size,
                        reg % VGPRS, reg / VGPRS * 32 + l, got->v[reg][l], want->v[reg][l]);
            for (unsigned n = 0; n < i->src_count; n++) {
                const struct operand *s = &i->src[n];
                print_error(" %s%s%s%0*" PRIx64 "%s", s->neg ? "-" : "", s->abs ? "abs " : "",
                            s->kind == OPND_SGPR ? "s" : "", 8 * s->dwords,
                            (uint64_t)read_operand(from, s, reg / VGPRS * LANES + l), s->hi ? ".h" : "");
            }
            print_error(" mode %x clamp %d omod %u op_sel %u/%u neg %u/%u dpp %u ctrl %x fi %d bc %d\n",
                        from->w.mode, i->clamp, i->omod, i->op_sel, i->op_sel_hi, i->neg_lo, i->neg_hi,
                        i->dpp, i->dpp_ctrl, i->fi, i->bound_ctrl);
            return;
        }
}

#endif
