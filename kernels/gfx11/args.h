/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What host and device agree on besides the layout: the kernels' arguments, their work-groups, what passes
 * between them.
 *
 * Each kernel's arguments are described once, in order. Whoever needs them as something hands in a word X and
 * defines
 *
 *     X_POINTER(type, name)   an address: of that type on the device, 64 bits on the host
 *     X_VALUE(type, name)     a number
 *     X_LISTS                 tiles and rows of a mixture of experts
 *     X_GRID                  the four numbers of struct grid
 *     X_AND                   what stands between two
 *
 * HOST makes fields of the host's structs, each at its natural alignment, which is also what the compiler's
 * metadata says (tests compare). gfx11.h has those of the device.
 */
#ifndef W4A16_GFX11_ARGS_H
#define W4A16_GFX11_ARGS_H

#include "../layout.h"

/* clang-format off */

/* What is needed behind the loop over K only comes last: what is needed first are two lines of a cache. */
#define DECODE_ARGS(X) \
    X##_POINTER(const GLOBAL u32x4 *, weights) X##_AND /* sections of the packed layer; 0 where absent */ \
    X##_POINTER(const GLOBAL u16 *, scales) X##_AND \
    X##_POINTER(const GLOBAL u8 *, zeros) X##_AND \
    X##_POINTER(const UNIFORM char *, a) X##_AND /* activations, 4-byte aligned unless gathered */ \
    X##_POINTER(const GLOBAL int *, order) X##_AND /* of kernels that gather: which feature each K is */ \
    X##_LISTS X##_AND \
    X##_VALUE(uint32_t, M) X##_AND \
    X##_VALUE(uint32_t, N) X##_AND \
    X##_VALUE(uint32_t, blocks) X##_AND /* of 32 K, in a strip */ \
    X##_VALUE(uint32_t, groups) X##_AND \
    X##_VALUE(uint32_t, group_divisor) X##_AND /* of group_of in dequant.h, for chunks */ \
    X##_VALUE(uint32_t, lda_bytes) X##_AND /* row stride of a, a multiple of 4 unless gathered */ \
    X##_VALUE(uint32_t, features) X##_AND /* K as the activations have it */ \
    X##_VALUE(uint32_t, waves) X##_AND /* of the work-group */ \
    X##_VALUE(uint32_t, scale_bf16) X##_AND /* 1: scales are bf16, 0: fp16 */ \
    X##_GRID X##_AND \
    X##_VALUE(uint32_t, out_f32) X##_AND /* 1: out is fp32, for combine.c */ \
    X##_VALUE(uint64_t, ldo) X##_AND /* row stride of out in elements */ \
    X##_POINTER(const GLOBAL float *, bias) X##_AND \
    X##_POINTER(GLOBAL u16 *, out)

#define MATRIX_ARGS(X) /* of matrix.c and strip.c */ \
    X##_POINTER(const GLOBAL u32x4 *, weights) X##_AND \
    X##_POINTER(const GLOBAL u16 *, scales) X##_AND \
    X##_POINTER(const GLOBAL u8 *, zeros) X##_AND \
    X##_POINTER(const GLOBAL float *, bias) X##_AND \
    X##_POINTER(const GLOBAL u16 *, a) X##_AND \
    X##_POINTER(GLOBAL u16 *, out) X##_AND \
    X##_VALUE(uint32_t, M) X##_AND \
    X##_VALUE(uint32_t, N) X##_AND \
    X##_VALUE(uint32_t, strips) X##_AND \
    X##_VALUE(uint32_t, blocks) X##_AND \
    X##_VALUE(uint32_t, groups) X##_AND \
    X##_VALUE(uint32_t, fold) X##_AND /* blocks that are summed before they are scaled */ \
    X##_VALUE(uint32_t, divisor) X##_AND /* of group_of, for blocks, or halves of blocks */ \
    X##_VALUE(uint32_t, waves) X##_AND /* of strip.c's work-group */ \
    X##_VALUE(uint32_t, parts) X##_AND /* of K, which matrix.c's work-groups have, as strip.c's waves */ \
    X##_VALUE(uint64_t, lda) X##_AND /* in elements; even */ \
    X##_VALUE(uint64_t, ldo) X##_AND \
    X##_VALUE(uint32_t, scale_bf16) X##_AND \
    X##_LISTS X##_AND \
    X##_VALUE(uint32_t, out_f32) X##_AND /* 1: out is fp32, for combine.c */ \
    X##_GRID

#define TILE_ARGS(X) /* of matrix.c */ \
    MATRIX_ARGS(X) X##_AND \
    X##_POINTER(GLOBAL u64 *, tickets) X##_AND /* of the tiles; see parts.h */ \
    X##_POINTER(GLOBAL float4 *, sums) /* of the tiles' parts */

#define STAGE_ARGS(X) \
    X##_POINTER(const GLOBAL u16 *, a) X##_AND \
    X##_POINTER(const GLOBAL int *, perm) X##_AND /* may be 0 */ \
    X##_POINTER(GLOBAL u16 *, staged) X##_AND \
    X##_VALUE(uint64_t, lda) X##_AND /* in elements */ \
    X##_VALUE(uint32_t, padded_K) X##_AND /* K in group order, of which some may be empty */ \
    X##_VALUE(uint32_t, stride) X##_AND /* of the rows of staged */ \
    X##_POINTER(const UNIFORM int *, ids) X##_AND /* experts with an order each, else 0 */ \
    X##_VALUE(uint32_t, experts) X##_AND \
    X##_VALUE(uint32_t, slots_per_row) X##_AND \
    X##_VALUE(uint32_t, features) /* K as the activations have it */

#define UNSORT_ARGS(X) \
    X##_POINTER(const GLOBAL u32 *, sorted) X##_AND \
    X##_POINTER(const GLOBAL int *, block_experts) X##_AND \
    X##_POINTER(const UNIFORM u32 *, used) X##_AND \
    X##_POINTER(GLOBAL int *, ids) X##_AND \
    X##_VALUE(uint32_t, slots) X##_AND \
    X##_VALUE(uint32_t, places) X##_AND \
    X##_VALUE(uint32_t, block)

#define ROUTE_ARGS(X) \
    X##_POINTER(const GLOBAL int *, ids) X##_AND \
    X##_POINTER(GLOBAL struct expert_tile *, tiles) X##_AND \
    X##_POINTER(GLOBAL struct expert_row *, rows) X##_AND \
    X##_VALUE(uint32_t, slots) X##_AND \
    X##_VALUE(uint32_t, experts) X##_AND \
    X##_VALUE(uint32_t, slots_per_row) X##_AND /* of activations: top_k, or 1 where every slot has a row */ \
    X##_VALUE(uint32_t, m_tile) X##_AND \
    X##_VALUE(uint32_t, tile_count)

#define COMBINE_ARGS(X) \
    X##_POINTER(const GLOBAL float *, partial) X##_AND \
    X##_POINTER(const UNIFORM int *, ids) X##_AND /* 0: every slot counts */ \
    X##_POINTER(const UNIFORM float *, gates) X##_AND /* 0: all are 1 */ \
    X##_POINTER(GLOBAL u16 *, out) X##_AND \
    X##_VALUE(uint64_t, ldo) X##_AND /* in elements */ \
    X##_VALUE(uint32_t, N) X##_AND \
    X##_VALUE(uint32_t, top_k) X##_AND \
    X##_VALUE(uint32_t, experts)

/* clang-format on */

#define HOST_POINTER(type, name) uint64_t name;
#define HOST_VALUE(type, name)   type name;
#define HOST_LISTS               uint64_t tiles, rows; /* 0 for a dense problem */
#define HOST_GRID                struct grid grid;
#define HOST_AND

struct decode_args {
    DECODE_ARGS(HOST)
};
struct matrix_args {
    MATRIX_ARGS(HOST)
};
struct tile_args {
    union {
        struct matrix_args product;
        struct {
            MATRIX_ARGS(HOST)
        };
    };
    uint64_t tickets, sums;
};
struct stage_args {
    STAGE_ARGS(HOST)
};
struct unsort_args {
    UNSORT_ARGS(HOST)
};
struct route_args {
    ROUTE_ARGS(HOST)
};
struct combine_args {
    COMBINE_ARGS(HOST)
};

/* Work-items of a work-group, and what it takes. */
#define STAGE_WIDTH      256
#define UNSORT_WIDTH     1024
#define ROUTE_WIDTH      1024 /* and the most experts */
#define COMBINE_WIDTH    64
#define COMBINE_PER_LANE 4 /* columns */

/* LDS of a wave of decode.c that gathers, beside its sums: a chunk of so many K of its rows in 2 bytes. */
#define DECODE_GATHERED_BYTES(rows, chunk) ((rows) * (chunk) * 2)

/* LDS of a wave of strip.c, until it has its sums: 32 K of its rows and columns in 2 bytes. */
#define STRIP_WAVE_BYTES(rows) (((rows) + PACK_STRIP) * PACK_BLOCK * 2)

/*
 * LDS of matrix.c: two buffers of rows of 32 K in 2 bytes at a pitch of 80 bytes; later, in the same place,
 * rows of results that are padded by 16 bytes.
 */
#define MATRIX_BUFFERS     2
#define MATRIX_PITCH       80
#define MATRIX_OUT_PADDING 16

/* From route.c to the products; see experts.h. */
struct expert_tile {
    uint32_t expert, first, count, unused; /* rows first .. first + count - 1 of the sorted list */
};
struct expert_row { /* where a row of activations comes from and where its result goes */
    uint32_t from, to;
};

#endif
