/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The device layout, for the host that packs it and for every kernel that reads it: one block of memory per
 * layer, one copy of the weights for all kernels.
 *
 *   weights [strips][blocks][32 columns][16 bytes]   strip = 32 columns (N), block = 32 consecutive K
 *   scales  [strips][groups][32] 16-bit              as in the checkpoint
 *   zeros   [strips][groups][32] bytes 0..16         absent for symmetric layers
 *   bias    [32 * strips] fp32                       absent without bias
 *   perm    [padded_K] int32                         absent without act-order
 *
 * The 16 bytes of (column, block) are four words; word i holds k = 8i..8i+7 of the block, even k = 8i+2j in
 * bits 4j..4j+3 and odd k = 8i+2j+1 in bits 16+4j..16+4j+3, so that (word >> 4j) & 0x000f000f is a pair of
 * neighbours in K in the two halves of a register. K runs in group order: perm is already applied.
 *
 * Why so: a wave with one column per lane loads 512 contiguous bytes at a time and a work-group's stream is
 * contiguous from end to end; the strips' distance is no power of two in general; a lane gets exactly the run
 * of K in one column that both dot2 and the B operand of a 16x16x16 matrix instruction want.
 *
 * Experts of one shape are one block: every section holds theirs one after the other, so that expert e's
 * strips are strips e * strips .. of each section (and its perm the e-th).
 *
 * Padding: columns N..32*strips-1 have scale 0; K is rounded up to whole blocks with arbitrary nibbles, and a
 * kernel that reads them multiplies them by activations that are zero.
 */
#ifndef W4A16_LAYOUT_H
#define W4A16_LAYOUT_H

#include <stdint.h>

#define PACK_STRIP        32               /* columns */
#define PACK_BLOCK        32               /* K */
#define PACK_WORD         8                /* K of a word */
#define PACK_COLUMN_BYTES (PACK_BLOCK / 2) /* of a column in a block */
#define PACK_BLOCK_BYTES  (PACK_STRIP * PACK_COLUMN_BYTES)

/* The lowest bit of the nibble of k in its word. */
static inline int pack_bit(int k) { return k % PACK_WORD / 2 * 4 + k % 2 * 16; }

/*
 * Where scales and zeros lie: packed, as above; or as GPTQ checkpoints keep them, [groups][N], two zeros per
 * byte, less zero_offset. Distances are in elements, and even.
 */
struct grid {
    uint32_t strip_stride, group_stride;
    uint32_t zero_halves; /* 1: two zeros per byte */
    uint32_t zero_offset;
};

#endif
