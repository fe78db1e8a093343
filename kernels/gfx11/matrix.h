/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What the matrix kernels share. A WMMA multiplies 16 x 16 x 16; of its operands
 *
 *     A  lane l, l + 16: row l of the activations, 16 K in order (8 registers)
 *     B  lane l, l + 16: column l of the weights, 16 K in order (8 registers)
 *     D  lane l: column l % 16; register i: row 2 i + l / 16
 *
 * and what it adds to a fragment of D goes through the dot units' own rounding, eight times for 16 K.
 */
#ifndef W4A16_MATRIX_H
#define W4A16_MATRIX_H

#include "dequant.h"
#include "experts.h"

typedef _Float16 half16 __attribute__((ext_vector_type(16)));
typedef short short16 __attribute__((ext_vector_type(16)));
typedef float float4 __attribute__((ext_vector_type(4)));
typedef float float8 __attribute__((ext_vector_type(8)));
typedef u32 u32x2 __attribute__((ext_vector_type(2)));
typedef u32 u32x8 __attribute__((ext_vector_type(8)));
/* Activation rows begin at any multiple of 4 bytes. */
typedef u32 activations_x4 __attribute__((ext_vector_type(4), aligned(4)));

struct matrix_problem {
    MATRIX_ARGS(FIELD)
};

INLINE float8 wmma(u32x8 a, u32x8 b, float8 c, const int bf16) {
    if (bf16)
        return __builtin_amdgcn_wmma_f32_16x16x16_bf16_w32(__builtin_bit_cast(short16, a),
                                                           __builtin_bit_cast(short16, b), c);
    return __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(__builtin_bit_cast(half16, a),
                                                      __builtin_bit_cast(half16, b), c);
}

/* With 0 for c as a constant of the instruction, for which the compiler would take eight registers. */
INLINE float8 wmma_fresh(u32x8 a, u32x8 b, const int bf16) {
    float8 d;
    if (bf16)
        __asm__("v_wmma_f32_16x16x16_bf16 %0, %1, %2, 0" : "=&v"(d) : "v"(a), "v"(b));
    else
        __asm__("v_wmma_f32_16x16x16_f16 %0, %1, %2, 0" : "=&v"(d) : "v"(a), "v"(b));
    return d;
}

INLINE u32x8 join(u32x4 low, u32x4 high) {
    return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
}

/* 16 K of a column from two words of the packed layout. */
INLINE u32x8 dequantise(u32 first, u32 second, struct zero_point z, const int bf16) {
    u32x8 pairs;
    _Pragma("unroll") for (int n = 0; n < 8; n++) pairs[n] = pair_of(n < 4 ? first : second, n % 4, z, bf16);
    return pairs;
}

INLINE float8 scaled_sum(float8 sum, float8 part, float scale) {
    _Pragma("unroll") for (int e = 0; e < 8; e++) sum[e] = __builtin_fmaf(scale, part[e], sum[e]);
    return sum;
}

/* Moves weights, scales and zeros to those of the rows' expert; p.strips are one expert's. */
INLINE struct matrix_problem of_expert(struct matrix_problem p, struct rows rows) {
    u64 strips = rows.first_column / LANES;
    p.weights += strips * p.blocks * LANES;
    p.scales += strips * p.groups * LANES;
    p.zeros += strips * p.groups * LANES >> p.grid.zero_halves;
    return p;
}

INLINE u16 rounded(float value, const int bf16) {
    return bf16 ? float_to_bf16_bits(value) : float_to_f16_bits(value);
}

#endif
