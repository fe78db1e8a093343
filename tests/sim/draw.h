/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Random numbers that are hard for dot products: any bits, terms of like size, the edges of the formats. */
#ifndef DRAW_H
#define DRAW_H

#include "dot2_rule.h"
#include "random.h"

static uint64_t draws;
static inline uint64_t draw(void) { return random_at(7, draws++); }

/* Any bits; or an exponent near the middle, so that terms meet; or an edge of the format. */
static inline uint32_t draw_half(struct kind k) {
    static const uint32_t edges[] = {0,      0x8000, 1,      0x8001, 0x3ff,  0x400,  0x7bff, 0x7c00,
                                     0xfc00, 0x7e00, 0x7c01, 0x007f, 0x0080, 0x7f7f, 0x7f80, 0xff80,
                                     0x7fc0, 0x7f81, 0x3c00, 0xbc00, 0x3f80, 0xbf80};
    uint64_t r = draw();
    uint32_t bits = (uint32_t)(r >> 16) & 0xffff;
    switch (r % 16) {
    case 0: return edges[(r >> 8) % (sizeof edges / sizeof *edges)];
    case 1:
    case 2:
    case 3: return bits;
    default: {
        uint32_t middle = (1u << (k.exponent_bits - 1)) - 5 + (uint32_t)(r >> 40) % 8;
        return (bits & (0x8000 | ((1u << k.fraction_bits) - 1))) | middle << k.fraction_bits;
    }
    }
}
static inline uint32_t draw_float(void) {
    static const uint32_t edges[] = {0,          0x80000000, 1,          0x807fffff, 0x00800000,
                                     0x80800000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000,
                                     0x7fc12345, 0x7f812345, 0xffc00001};
    uint64_t r = draw();
    switch (r % 16) {
    case 0: return edges[(r >> 8) % (sizeof edges / sizeof *edges)];
    case 1:
    case 2:
    case 3: return (uint32_t)(r >> 32);
    default: return ((uint32_t)(r >> 32) & 0x807fffff) | (uint32_t)(100 + (r >> 8) % 50) << 23;
    }
}

#endif
