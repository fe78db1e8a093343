/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Kernel arguments as the host lays them out: one field per kernel parameter, in order, each at its natural
 * alignment, which is also what the compiler's metadata says (tests compare). Addresses are device addresses.
 */
#ifndef W4A16_GFX11_ARGS_H
#define W4A16_GFX11_ARGS_H

#include <stdint.h>

struct grid_args { /* struct grid of dequant.h: where scales and zeros lie */
    uint32_t strip_stride, group_stride, zero_halves, zero_offset;
};

struct decode_args {
    uint64_t weights, scales, zeros, bias; /* sections of the packed layer; 0 where absent */
    uint64_t a;                            /* activations, 4-byte aligned */
    uint64_t out;
    uint32_t M, N;
    uint32_t blocks; /* of 32 K, in a strip */
    uint32_t groups;
    uint32_t
        group_divisor;    /* see group_of in decode.c: ceil(2^31 / chunks per group), 0 for a single group */
    uint32_t lda_bytes;   /* row stride of a, a multiple of 4 */
    uint64_t ldo;         /* row stride of out in elements */
    uint32_t waves;       /* of the work-group */
    uint32_t scale_bf16;  /* 1: scales are bf16, 0: fp16 */
    uint64_t tiles, rows; /* of experts.h; 0 for a dense problem */
    uint32_t out_f32;     /* 1: out is fp32, for combine.c */
    struct grid_args grid;
};

struct matrix_args { /* of matrix.c and strip.c */
    uint64_t weights, scales, zeros, bias, a, out;
    uint32_t M, N, strips;
    uint32_t blocks, groups; /* of 32 K; of scales */
    uint32_t fold;           /* blocks that are summed before they are scaled */
    uint32_t folds_per_group;
    uint32_t divisor;  /* of group_of in dequant.h, for strip.c's folds and matrix.c's blocks, or halves of
                          blocks */
    uint32_t waves;    /* of strip.c's work-group */
    uint64_t lda, ldo; /* row strides in elements; lda is even */
    uint32_t scale_bf16;
    uint64_t tiles, rows;
    uint32_t out_f32;
    struct grid_args grid;
};

struct stage_args {
    uint64_t a, perm, staged; /* perm may be 0 */
    uint64_t lda;             /* in elements */
    uint32_t places, padded;  /* K in group order, of which some may be empty; row stride of staged */
    uint64_t ids;             /* experts with an order each, else 0 */
    uint32_t experts, slots_per_row;
    uint32_t features; /* K as the activations have it */
};

struct unsort_args {
    uint64_t sorted, block_experts, used, ids;
    uint32_t slots, places, block;
};

struct route_args {
    uint64_t ids, tiles, rows;
    uint32_t slots, experts;
    uint32_t slots_per_row; /* of activations: top_k, or 1 where every slot has a row */
    uint32_t m_tile, tile_count;
};

struct combine_args {
    uint64_t partial, ids, gates, out;
    uint64_t ldo; /* in elements */
    uint32_t N, top_k, experts;
};

#endif
