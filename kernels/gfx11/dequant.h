/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* From nibbles to q - zero, exact in both activation types; which group a piece of K belongs to. */
#ifndef W4A16_DEQUANT_H
#define W4A16_DEQUANT_H

#include "gfx11.h"

/*
 * chunk / chunks_per_group without a division: with d = ceil(2^31 / chunks_per_group), (2 chunk + 1) * d /
 * 2^32 has that integer part as long as (2 chunk + 1) * chunks_per_group < 2^31. The half step keeps 1 chunk
 * per group within 32 bits. A single group has d = 0.
 */
INLINE u32 group_of(u32 chunk, u32 divisor) { return (u32)(((u64)(2 * chunk + 1) * divisor) >> 32); }

/* What q - zero needs of a column's zero. */
struct zero_point {
    u32 f16;         /* -(1024 + zero), twice */
    float low, high; /* bf16: what to take off 2^23 + q and 128 + q */
};

INLINE struct zero_point zero_point(u32 zero) {
    struct zero_point z = {(0xe400 + zero) * 0x10001, as_float(0x4b000000 + zero),
                           as_float(0x43000000 + (zero << 16))};
    return z;
}

/* Two neighbours in K, exact: fp16 from the nibble in the mantissa of 1024. */
INLINE u32 pair_f16(u32 nibbles, struct zero_point z) {
    u32 biased = (nibbles & 0x000f000f) | 0x64006400;
    return __builtin_bit_cast(u32, __builtin_bit_cast(half2, biased) + __builtin_bit_cast(half2, z.f16));
}

/*
 * There is no packed bf16 subtraction: both nibbles go through fp32, where the small integers they become
 * have their lower 16 bits zero, so that the upper halves are exact bf16.
 */
INLINE u32 pair_bf16(u32 nibbles, struct zero_point z) {
    float low = as_float((nibbles & 0x0000000f) | 0x4b000000) - z.low;
    float high = as_float((nibbles & 0x000f0000) | 0x43000000) - z.high;
    return __builtin_amdgcn_perm(as_bits(high), as_bits(low), 0x07060302);
}

INLINE u32 pair_of(u32 nibbles, struct zero_point z, const int bf16) {
    return bf16 ? pair_bf16(nibbles, z) : pair_f16(nibbles, z);
}

/*
 * Where scales and zeros lie: packed, [strips][groups][32], a byte per zero; or as GPTQ checkpoints keep
 * them, [groups][N], two zeros per byte, less zero_offset. Distances are in elements, and even.
 */
struct grid {
    u32 strip_stride, group_stride;
    u32 zero_halves; /* 1: two zeros per byte */
    u32 zero_offset;
};

#define GRID_PARAMETERS u32 strip_stride, u32 group_stride, u32 zero_halves, u32 zero_offset
#define GRID            {strip_stride, group_stride, zero_halves, zero_offset}

INLINE u64 grid_entry(struct grid g, u32 strip, u32 group) {
    return (u64)strip * g.strip_stride + (u64)group * g.group_stride;
}

/* The zero of a column, from the byte at (entry + column) >> zero_halves. */
INLINE u32 zero_of(u8 byte, u32 column, struct grid g) {
    return ((u32)byte >> (column & g.zero_halves) * 4 & (g.zero_halves ? 15 : 255)) + g.zero_offset;
}

/* A scale as it is stored, fp16 or bf16. */
INLINE float scale_of(u16 bits, u32 is_bf16) {
    return is_bf16 ? as_float((u32)bits << 16) : f16_bits_to_float(bits);
}

#define IS_f16  0
#define IS_bf16 1
#define IS_sym  1
#define IS_asym 0

#endif
