/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What the gfx11 families share: tiles of rows, waves that share K, limits of 32-bit counts, and the cost. */
#ifndef W4A16_PLAN_GFX11_PRODUCT_H
#define W4A16_PLAN_GFX11_PRODUCT_H

#include "args.h"
#include "plan/family.h"

/* What the rows of the products have alike. */
#define GFX11_ROW(row_arch, of, type, chunk, zeros)                                                          \
    .arch = #row_arch, .family = &of##_family, .act = ACT_##type, .k_chunk = chunk,                          \
    .symmetric = SYMMETRIC_##zeros

/* Experts with an order each: then every slot is staged in that of its expert. */
static inline int gfx11_staged_per_slot(const w4a16_problem *p) {
    return p->mixture.experts && p->weights.act_order;
}

/* Whether the product's rows of activations are slots, not tokens. */
static inline int gfx11_row_per_slot(const struct build *b) {
    return b->p->epilogue.combine == W4A16_COMBINE_ADD || (b->staged && gfx11_staged_per_slot(b->p));
}

/* Whether the product takes slots as they come, one a tile, and needs no route: of one token, by a kernel of one row. */
int gfx11_slots_are_tiles(const struct kernel_row *row, const w4a16_problem *p);

/* Work-groups along M. With experts each that is in use may leave one tile partly filled. */
int64_t gfx11_m_tiles(const struct kernel_row *row, const w4a16_problem *p);

/* Row strides of the product's activations and results. */
int64_t gfx11_lda(const struct build *b);
int64_t gfx11_ldo(const struct build *b);

/* Of group_of in dequant.h. */
uint32_t gfx11_group_divisor(int64_t granules_per_group);

/* Strip and matrix have kernels whose folds are halves of a block. */
static inline int gfx11_in_halves(const struct kernel_row *row) { return row->k_chunk == PACK_BLOCK / 2; }

/* Blocks that are summed before they are scaled: at most 128 K (docs/numerics.md), inside a group, dividing
 * K. */
int64_t gfx11_fold(const w4a16_problem *p);

/*
 * Waves that share K in decode.c and strip.c, which deal out `folds` to them. A row's bits depend on it, so
 * it is one number for all M that are to have the same bits: up to 16, or with batch_invariant all. Up to 16
 * rows there are enough waves to fill the card's 96 compute units when there are few strips; more would not
 * leave LDS for the partial sums of 64 rows.
 */
int64_t gfx11_waves(const w4a16_problem *p, int64_t folds);
/* LDS for a partial sum of each of a strip's columns, rows and waves. */
uint32_t gfx11_partial_bytes(const struct kernel_row *row, int64_t waves);
/* Their largest work-groups, with LDS for partial sums. */
void gfx11_largest(const struct kernel_row *row, uint32_t *threads, uint32_t *lds_bytes);

/* Arguments of strip.c and matrix.c. fold: blocks; granules: pieces of K that `divisor` maps to groups. */
struct matrix_args gfx11_matrix_args(const struct build *b, int64_t fold, int64_t granules_per_group);
void gfx11_patch_matrix(struct build *b, struct plan_step *s);
/* What every product is given besides its sections: offsets in its arguments. Reserves the slots' results. */
void gfx11_patch_product(struct build *b, struct plan_step *s, size_t a, size_t out, size_t tile_list,
                         size_t row_list);

/*
 * What they count in 32 bits, and where a launch ends: why the problem is too large for the row, or 0 bytes.
 * Every sentence says how large it may be.
 */
#define UINT32_VALUES (INT64_C(1) << 32)
void gfx11_counts_too_far(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes);
void gfx11_launch_too_large(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes);
/* Of those whose lanes or waves have 32-bit distances from row to row. */
void gfx11_rows_too_far(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes);
/* The first two. */
void gfx11_too_large(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes);

/* ---- cost.c -------------------------------------------------------------------------------------------- */

/* The most numbers of tiles for which a kernel is modelled. */
enum { COST_POINTS = 16 };
/* The cost of families: cycles of a 7900 XTX, all launches of the product and the gaps between them. */
double gfx11_cost(const struct kernel_row *row, const w4a16_problem *p);

#endif
