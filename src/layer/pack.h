/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Canonical layers to the device layout, which kernels/layout.h draws, and joins of packed layers. */
#ifndef W4A16_LAYER_PACK_H
#define W4A16_LAYER_PACK_H

#include "layout.h"
#include "parallel.h"
#include "w4a16/linear.h"

struct packed_layout {
    int64_t N, K, group_size;
    int64_t padded_K; /* K in blocks and groups: K, or more with empty ones (w4a16_layer) */
    int64_t strips, blocks, groups;
    int64_t experts;         /* 0: a dense layer. The counts above are of one expert */
    w4a16_weights_kind kind; /* of nibbles only: each run is given scales, zeros and order */
    int has_bias;
    size_t weights, scales, zeros, bias, perm; /* byte offsets, multiples of 256 */
    size_t bytes;                              /* of the whole, a multiple of 256 */
};

/*
 * The layout of a layer that has passed w4a16_layer_check, or of up to 1024 experts of its shape (0: of one
 * dense layer); so it has less than 2^60 bytes. Of the layer's arrays only the presence counts.
 */
struct packed_layout packed_layout_of(const w4a16_layer *layer, int64_t experts);

/*
 * Joins packed dense layers along N: copies their sections one after the other. All but the last fill their
 * strips; the joined layout has zeros if one of them has (8 for the others), and so with a bias (0) and the
 * first one's perm.
 */
void pack_concat(const struct packed_layout *parts, const void *const *packed, size_t count,
                 const struct packed_layout *joined, void *to);

/* Zeroes what rounds sections of a whole layer up to multiples of 256 bytes, which packing leaves as it is. */
void pack_clear_rests(const struct packed_layout *layout, void *to);

/* What w4a16_layer_check demands of perm alone; reads perm, K and padded_K. layer.c */
w4a16_status layer_check_perm(const w4a16_layer *layer, w4a16_error *error);

/* Leaves the layout of its weights alone; K must be a multiple of a block. */
void packed_layout_nibbles_only(struct packed_layout *layout);

/* Fills the sections at `to`, the same bytes for every thread count. */
void pack_layer(const w4a16_layer *layer, const struct packed_layout *layout, void *to, struct pool *pool);
/* The same for one of the layout's experts. */
void pack_expert(const w4a16_layer *layer, const struct packed_layout *layout, int64_t expert, void *to,
                 struct pool *pool);
/* The weights of a layout of nibbles only: of the layer, q, perm, N and K count. */
void pack_nibbles(const w4a16_layer *layer, const struct packed_layout *layout, void *to, struct pool *pool);

#endif
