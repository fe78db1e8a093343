/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The benchmark's kernels: loops of one instruction each, whose operands are real numbers and whose results
 * are stored, and a plain matrix product with LDS staging. expect.c computes the same on the host.
 */
#include "gfx11.h"

typedef u32 u32x8 __attribute__((ext_vector_type(8)));
typedef float f32x8 __attribute__((ext_vector_type(8)));
typedef _Float16 half16 __attribute__((ext_vector_type(16), aligned(16)));

INLINE u32 wave_of_grid(u32 waves) { return __builtin_amdgcn_workgroup_id_x() * waves + wave_id(); }

/* ---- independent fused multiply-adds: x[n] = x[n] * a + b ---------------------------------------------- */

#define FMA_CHAINS 16
#define FMA_ROUNDS 4 /* written out in the loop's body */

KERNEL(128) void fma_loop(const GLOBAL float *in, GLOBAL float *out, u32 iterations) {
    u32 item = __builtin_amdgcn_workgroup_id_x() * 128 + __builtin_amdgcn_workitem_id_x();
    float a = in[lane_id()], b = in[LANES + lane_id()], x[FMA_CHAINS];
    _Pragma("unroll") for (int n = 0; n < FMA_CHAINS; n++) x[n] = (float)n;
    for (u32 i = 0; i < iterations; i++)
        _Pragma("unroll") for (int n = 0; n < FMA_CHAINS * FMA_ROUNDS; n++) __asm__ volatile(
            "v_fma_f32 %0, %0, %1, %2" : "+v"(x[n % FMA_CHAINS]) : "v"(a), "v"(b));
    _Pragma("unroll") for (int n = 0; n < FMA_CHAINS; n++) out[item * FMA_CHAINS + n] = x[n];
}

/*
 * ---- matrix instructions: four sums, D = A * B + D and then D = A * -B + D (integers: D = A * B + D), so
 * that they stay in range. A wave's operands are 24 registers: A, B and the first C; the sums start one
 * register apart.
 */

#define WMMA_SUMS 4

#define WMMA_LOOP(name, type, a_from, b_from, second)                                                        \
    KERNEL(128) void name##_loop(const GLOBAL u32 *in, GLOBAL u32 *out, u32 iterations) {                    \
        u32 wave = wave_of_grid(4), lane = lane_id();                                                        \
        const GLOBAL u32 *mine = in + wave * 24 * LANES + lane;                                              \
        u32x8 x[3], d[WMMA_SUMS];                                                                            \
        _Pragma("unroll") for (int n = 0; n < 24; n++) x[n / 8][n % 8] = mine[n * LANES];                    \
        type a = a_from, b = b_from;                                                                         \
        _Pragma("unroll") for (int s = 0; s < WMMA_SUMS; s++) _Pragma("unroll") for (int r = 0; r < 8; r++)  \
            d[s][r] = x[2][(r + s) % 8];                                                                     \
        for (u32 i = 0; i < iterations; i++) {                                                               \
            _Pragma("unroll") for (int s = 0; s < WMMA_SUMS; s++) __asm__ volatile(                          \
                "v_wmma_" #name " %0, %1, %2, %0" : "+v"(d[s]) : "v"(a), "v"(b));                            \
            _Pragma("unroll") for (int s = 0; s < WMMA_SUMS; s++) __asm__ volatile(                          \
                "v_wmma_" #name " %0, %1, %2, %0 " second : "+v"(d[s]) : "v"(a), "v"(b));                    \
        }                                                                                                    \
        _Pragma("unroll") for (int s = 0; s < WMMA_SUMS; s++) _Pragma("unroll") for (int r = 0; r < 8; r++)  \
            out[((wave * WMMA_SUMS + s) * 8 + r) * LANES + lane] = d[s][r];                                  \
    }
#define NEGATE_B "neg_lo:[0,1,0] neg_hi:[0,1,0]"
WMMA_LOOP(f32_16x16x16_f16, u32x8, x[0], x[1], NEGATE_B)
WMMA_LOOP(f32_16x16x16_bf16, u32x8, x[0], x[1], NEGATE_B)
WMMA_LOOP(f16_16x16x16_f16, u32x8, x[0], x[1], NEGATE_B)
WMMA_LOOP(bf16_16x16x16_bf16, u32x8, x[0], x[1], NEGATE_B)
WMMA_LOOP(i32_16x16x16_iu8, u32x4, x[0].lo, x[1].lo, )
typedef u32 u32x2 __attribute__((ext_vector_type(2)));
WMMA_LOOP(i32_16x16x16_iu4, u32x2, x[0].lo.lo, x[1].lo.lo, )

/*
 * ---- matrix product: C[m][n] = sum of A[m][k] * B[n][k], f16 to f32; 64 x 64 of C per work-group, 32 x 32
 * per wave, 32 of K at a time in LDS. M, N are multiples of 64, K of 32.
 */

#define TILE 64
#define STEP 32
#define STRIDE                                                                                               \
    (STEP +                                                                                                  \
     8) /* of a row in LDS, in halves: 16 bytes on, so that rows start in different banks             \
                */

static LDS __attribute__((loader_uninitialized)) _Float16 tiles[2][TILE * STRIDE];

INLINE void stage(LDS _Float16 *tile, const GLOBAL _Float16 *from, u32 K) {
    _Pragma("unroll") for (u32 part = 0; part < 2; part++) {
        u32 piece = __builtin_amdgcn_workitem_id_x() + part * 128, row = piece / 4, column = piece % 4 * 8;
        *(LDS u32x4 *)&tile[row * STRIDE + column] = *(const GLOBAL u32x4 *)&from[(u64)row * K + column];
    }
}

INLINE half16 fragment(const LDS _Float16 *tile, u32 row, u32 k) {
    return *(const LDS half16 *)&tile[row * STRIDE + k];
}

KERNEL(128)
void matrix(const GLOBAL _Float16 *a, const GLOBAL _Float16 *b, GLOBAL float *out, u32 N, u32 K) {
    u32 lane = lane_id(), wave = wave_id();
    u32 m0 = __builtin_amdgcn_workgroup_id_y() * TILE, n0 = __builtin_amdgcn_workgroup_id_x() * TILE;
    u32 wave_m = wave / 2 * 32, wave_n = wave % 2 * 32, row = lane % 16;
    f32x8 sum[2][2] = {};
    for (u32 k = 0; k < K; k += STEP) {
        stage(tiles[0], a + (u64)m0 * K + k, K);
        stage(tiles[1], b + (u64)n0 * K + k, K);
        barrier();
        _Pragma("unroll") for (u32 kk = 0; kk < STEP; kk += 16) {
            half16 fa[2], fb[2];
            _Pragma("unroll") for (u32 t = 0; t < 2; t++) {
                fa[t] = fragment(tiles[0], wave_m + 16 * t + row, kk);
                fb[t] = fragment(tiles[1], wave_n + 16 * t + row, kk);
            }
            _Pragma("unroll") for (u32 i = 0; i < 2; i++) _Pragma("unroll") for (u32 j = 0; j < 2; j++)
                sum[i][j] = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(fa[i], fb[j], sum[i][j]);
        }
        barrier();
    }
    _Pragma("unroll") for (u32 i = 0; i < 2; i++) _Pragma("unroll") for (u32 j = 0; j < 2; j++)
        _Pragma("unroll") for (u32 r = 0; r < 8; r++) {
        u32 m = m0 + wave_m + 16 * i + 2 * r + lane / 16, n = n0 + wave_n + 16 * j + row;
        out[(u64)m * N + n] = sum[i][j][r];
    }
}
