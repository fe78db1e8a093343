/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Numbers of every type as bits: what they are made of, drawn where rounding is hard, in and out of
 * registers. */
#ifndef NUMBERS_H
#define NUMBERS_H

#include "vector_support.h"

/* ---- formats as bits and as doubles -------------------------------------------------------------------- */

enum type { F16, F32, F64, U16, I16, U32, I32 };
static const struct format {
    int bits, fraction;
    bool is_float;
} formats[] = {{16, 10, true}, {32, 23, true}, {64, 52, true}, {16, 0, false},
               {16, 0, false}, {32, 0, false}, {32, 0, false}};

static inline uint64_t sign_bit(enum type t) { return UINT64_C(1) << (formats[t].bits - 1); }
static inline uint64_t infinity_bits(enum type t) {
    return (sign_bit(t) - 1) & ~((UINT64_C(1) << formats[t].fraction) - 1);
}
static inline int bias(enum type t) { return t == F16 ? 15 : t == F32 ? 127 : 1023; }

static uint64_t seed;
static inline uint64_t draw(void) { return random_at(23, seed++); }

static inline uint64_t draw_number(enum type t) {
    uint64_t r = draw(), top = sign_bit(t), mask = top | (top - 1);
    if (!formats[t].is_float) return (r >> 8 & mask) >> (r & 15);
    uint64_t one = UINT64_C(1) << formats[t].fraction, infinity = infinity_bits(t), sign = r & 1 ? top : 0;
    const uint64_t edges[] = {0,
                              1,
                              one - 1,
                              one,
                              one + 1,
                              2 * one,
                              (uint64_t)bias(t) * one,
                              infinity - 1,
                              infinity - 2,
                              infinity - one,
                              infinity,
                              infinity + 1,
                              infinity + one / 2 + 3};
    uint64_t fraction = r >> 9 & (one - 1);
    if (r >> 1 & 1) fraction &= ~(one / 8 - 1);                 /* short, so that there are ties */
    if ((r >> 2 & 3) == 0) fraction = one - 1 - (fraction & 3); /* just below a power of two */
    uint64_t exponent = r >> 56;
    switch (r >> 4 & 7) {
    case 0: return sign | edges[(r >> 9) % (sizeof edges / sizeof *edges)];
    case 1: return r >> 8 & mask;
    case 2: return sign | (exponent % 4) * one | fraction;                  /* subnormal or nearly */
    case 3: return sign | (infinity - (exponent % 4 + 1) * one) | fraction; /* large */
    default: return sign | ((uint64_t)bias(t) - 8 + exponent % 16) * one | fraction;
    }
}

static inline void put(struct machine *m, unsigned reg, unsigned lane, enum type t, uint64_t u) {
    m->v[reg][lane] = (uint32_t)u;
    if (t == F64) m->v[reg + 1][lane] = (uint32_t)(u >> 32);
}
static inline uint64_t get(const struct machine *m, unsigned reg, unsigned lane, enum type t) {
    return m->v[reg][lane] | (t == F64 ? (uint64_t)m->v[reg + 1][lane] << 32 : 0);
}

#endif
