/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Strip: out = round(a * scale * (q - zero) + bias) for batches of 16 to 64 rows, on the matrix units.
 *
 *     work-group  = one strip of 32 columns and up to 64 rows; its waves share K, as in decode.c:
 *                   wave w takes folds w, w + waves, ...
 *     fold        = 32, 64 or 128 K inside one group (16 for groups that 32 does not divide): summed, then
 *                   scaled
 *
 * With few rows the weights are what has to be brought, and each is used by one wave: they go from memory to
 * registers and are dequantised there. B of the matrix units has them twice, once in either half of the wave
 * (lane = column, K in order); so each half dequantises half of the K and both read all of it from LDS, where
 * no other wave looks. Activations come from the caches.
 *
 * Numerics and the order of additions are decode.c's: they depend on N and K, never on M. Partial sums of the
 * waves meet in LDS and are added in wave order by one lane each.
 */
#include "matrix.h"

extern LDS float partial[]; /* [waves][rows][32]; before that a block's weights of each wave */

/* Activations of one row in 16 K. */
struct row_piece {
    u32x4 x[2];
};

INLINE struct row_piece row_piece(const GLOBAL u16 *at) {
    struct row_piece piece = {{*(const GLOBAL activations_x4 *)at, *(const GLOBAL activations_x4 *)(at + 8)}};
    return piece;
}

/* The scale and zero of a group for the lane's column of each fragment. */
struct group_values {
    u16 scale[2];
    u8 zero[2];
};

INLINE struct group_values group_values(const struct matrix_problem p, u32 s, u32 group, u32 lane,
                                        const int symmetric) {
    struct group_values v;
    if (group >= p.groups) group = p.groups - 1; /* the padding behind K */
    u64 entry = grid_entry(p.grid, s, group) + lane % 16;
    _Pragma("unroll") for (int j = 0; j < 2; j++) {
        v.scale[j] = p.scales[entry + 16 * j];
        if (!symmetric) v.zero[j] = p.zeros[(entry + 16 * j) >> p.grid.zero_halves];
    }
    return v;
}

/* A uniform address and a lane's offset, which a load adds itself. */
INLINE const GLOBAL u32x2 *weights_at(const GLOBAL u32x4 *strip, u32 block, u32 offset) {
    return (const GLOBAL u32x2 *)((const GLOBAL char *)(strip + (u64)block * LANES) + offset);
}

INLINE void strip(struct matrix_problem p, const int bf16, const int frags, const int halves,
                  const int symmetric) {
    u32 lane = lane_id(), wave = wave_id(), s = __builtin_amdgcn_workgroup_id_x();
    u32 rows = frags * 16;
    struct rows list = rows_of(p.lists, p.M, p.N, rows);
    if (list.count == 0) return;
    p = of_expert(p, list);
    /* Rows beyond the last repeat it and are not stored. */
    const GLOBAL u16 *a[4];
    _Pragma("unroll") for (int i = 0; i < frags; i++) {
        u32 m = 16 * i + lane % 16;
        a[i] = p.a + row_from(list, m < list.count ? m : list.count - 1) * p.lda;
    }
    const GLOBAL u32x4 *strip_weights = p.weights + (u64)s * p.blocks * LANES;
    /* Byte of the lane's column and half of the K in a block; where its wave exchanges a block's fragments,
     * [2 of 16 columns][2 parts][lanes]. */
    u32 place = lane % 16 * (u32)sizeof(u32x4) + lane / 16 * (u32)sizeof(u32x2);
    LDS u32x4 *fragments = (LDS u32x4 *)(partial + wave * rows * LANES);

    float8 total[4][2], acc[4][2];
    _Pragma("unroll") for (int i = 0; i < frags; i++) _Pragma("unroll") for (int j = 0; j < 2; j++)
        total[i][j] = acc[i][j] = (float8)(0.0f);

#define FOLD(h)                                                                                              \
    _Pragma("unroll") for (int j = 0; j < 2; j++) {                                                          \
        float scale = scale_of(v[h].scale[j], p.scale_bf16);                                                 \
        _Pragma("unroll") for (int i = 0; i < frags; i++) {                                                  \
            total[i][j] = scaled_sum(total[i][j], acc[i][j], scale);                                         \
            acc[i][j] = (float8)(0.0f);                                                                      \
        }                                                                                                    \
    }

    /* Weights are fetched a block ahead, activations half a block. p.fold counts blocks. */
    u32x2 now[2], next[2];
    struct row_piece here[4], ahead[4];
    u32 first = wave * p.fold, last = p.blocks - 1;
    _Pragma("unroll") for (int j = 0; j < 2; j++) now[j] = weights_at(strip_weights, first, place)[32 * j];
    _Pragma("unroll") for (int i = 0; i < frags; i++) {
        a[i] += (u64)first * 32;
        here[i] = row_piece(a[i]);
    }
    for (u32 fold = wave; fold * p.fold < p.blocks; fold += p.waves) {
        struct group_values v[2]; /* one per half of a block where they may differ */
        _Pragma("unroll") for (int h = 0; h <= halves; h++) v[h] =
            group_values(p, s, group_of(halves ? 2 * fold + h : fold, p.divisor), lane, symmetric);
        for (u32 n = 0; n < p.fold; n++) {
            __asm__(
                ""
                : "+v"(place)); /* else it is added to the strip's address, in vector registers, beforehand */
            u32 block = fold * p.fold + n, following = n + 1 < p.fold ? block + 1 : (fold + p.waves) * p.fold;
            if (following > last) following = last; /* nothing follows: fetched again, and not used */
            _Pragma("unroll") for (int j = 0; j < 2; j++) next[j] =
                __builtin_nontemporal_load(weights_at(strip_weights, following, place) + 32 * j);
            __builtin_amdgcn_sched_barrier(0); /* under way before this block is dequantised */
            _Pragma("unroll") for (int j = 0; j < 2; j++) {
                u8 zero = v[halves && lane >= 16].zero[j];
                u32x8 b = dequantise(now[j][0], now[j][1],
                                     zero_point(symmetric ? 8 : zero_of(zero, lane, p.grid)), bf16);
                fragments[2 * j * LANES + lane] = b.lo;
                fragments[(2 * j + 1) * LANES + lane] = b.hi;
            }
            __builtin_amdgcn_wave_barrier(); /* lanes read what others wrote; a wave's LDS keeps its order */
            _Pragma("unroll") for (int h = 0; h < 2; h++) {
                _Pragma("unroll") for (int i = 0; i < frags; i++) {
                    if (h) a[i] += (u64)(following - block) * 32;
                    ahead[i] = row_piece(h ? a[i] : a[i] + 16);
                }
                _Pragma("unroll") for (int j = 0; j < 2; j++) {
                    const LDS u32x4 *from = fragments + 2 * j * LANES + 16 * h + lane % 16;
                    u32x8 b = join(from[0], from[LANES]);
                    _Pragma("unroll") for (int i = 0; i < frags; i++) acc[i][j] =
                        wmma(join(here[i].x[0], here[i].x[1]), b, acc[i][j], bf16);
                }
                if (halves) FOLD(h);
                _Pragma("unroll") for (int i = 0; i < frags; i++) here[i] = ahead[i];
                __builtin_amdgcn_sched_barrier(0); /* else both halves' fragments are live at once */
            }
            __builtin_amdgcn_wave_barrier();
            _Pragma("unroll") for (int j = 0; j < 2; j++) now[j] = next[j];
        }
        if (!halves) FOLD(0);
    }

    _Pragma("unroll") for (int i = 0; i < frags; i++) _Pragma("unroll") for (int j = 0; j < 2; j++)
        _Pragma("unroll") for (int e = 0; e < 8; e++)
            partial[(wave * rows + 16 * i + 2 * e + lane / 16) * LANES + 16 * j + lane % 16] = total[i][j][e];
    barrier();

    list = rows_of(p.lists, p.M, p.N, rows);
    u32 n = s * LANES + lane;
    for (u32 m = wave; m < rows && m < list.count; m += p.waves) {
        float sum = 0;
        for (u32 w = 0; w < p.waves; w++) sum += partial[(w * rows + m) * LANES + lane];
        if (p.bias) sum += p.bias[list.first_column + n];
        if (n >= p.N) continue;
        u64 to = row_to(list, m) * p.ldo + n;
        if (p.out_f32)
            ((GLOBAL float *)p.out)[to] = sum;
        else
            p.out[to] = rounded(sum, bf16);
    }
}

#define STRIP(arch, act, m, granule, zeros_kind)                                                             \
    ONLY_##arch(                                                                                             \
        KERNEL(512) void w4a16_strip_##act##_m##m##_g##granule##_##zeros_kind(MATRIX_ARGS(PARAMETER)) {      \
            struct matrix_problem p = {MATRIX_ARGS(NAME)};                                                   \
            strip(p, IS_##act, m / 16, granule == 16, IS_##zeros_kind);                                      \
        })
#include "../KERNELS.def"
