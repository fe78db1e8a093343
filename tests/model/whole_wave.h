/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the model's tests of vector operations share: waves drawn at random, executed whole, compared whole.
 */
#ifndef MODEL_WHOLE_WAVE_H
#define MODEL_WHOLE_WAVE_H

#include "vector_support.h"

static exec_fn *table[3][OP_COUNT];
static struct level levels[3];
static unsigned level_count;

static inline int bind_all_levels(void **state) {
    (void)state;
    level_count = bind_levels(levels, table);
    return level_count ? 0 : -1;
}

static uint64_t drawn;
static inline uint64_t draw(void) { return random_at(41, drawn++); }

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

#endif
