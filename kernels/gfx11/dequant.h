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

/*
 * A nibble in the mantissa of a half that is large enough makes it base + nibble, exactly: the low nibble of
 * a byte belongs to a base of 1024, the high one to 64. So a word and the word shifted by one byte give all
 * its pairs, n = 0, 1 and 2, 3.
 */
INLINE u32 biased_pair(u32 word, const int n) {
    u32 bytes = n < 2 ? word : word >> 8;
    return n % 2 ? (bytes & 0x00f000f0) | 0x54005400 : (bytes & 0x000f000f) | 0x64006400;
}

/* What q - zero needs of a column's zero: -(base + zero) for both bases. */
struct zero_point {
    u32 f16[2]; /* twice */
    float f32[2];
};

INLINE struct zero_point zero_point(u32 zero) {
    struct zero_point z = {{(0xe400 + zero) * 0x10001, (0xd400 + (zero << 4)) * 0x10001},
                           {-1024.0f - (float)zero, -64.0f - (float)zero}};
    return z;
}

/*
 * Two neighbours in K as q - zero, exact: word n / 4 of a column's block has K from 8 n on. There is no
 * packed bf16 addition: each half becomes an fp32 of its own, a small integer whose lower 16 bits are zero,
 * so that the upper ones are the bf16. `one` is 1: as a constant it would make two instructions of the mixed
 * multiply-add.
 */
INLINE u32 pair_of(u32 word, const int n, struct zero_point z, const int bf16) {
    half2 biased = __builtin_bit_cast(half2, biased_pair(word, n));
    if (!bf16) return __builtin_bit_cast(u32, biased + __builtin_bit_cast(half2, z.f16[n % 2]));
    float one = 1.0f;
    __asm__("" : "+s"(one));
    float low = __builtin_fmaf((float)biased.x, one, z.f32[n % 2]);
    float high = __builtin_fmaf((float)biased.y, one, z.f32[n % 2]);
    return __builtin_amdgcn_perm(as_bits(high), as_bits(low), 0x07060302);
}

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
