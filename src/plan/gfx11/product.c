/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "plan/gfx11/product.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- grids --------------------------------------------------------------------------------------------- */

int64_t gfx11_m_tiles(const struct kernel_row *row, const w4a16_problem *p) {
    if (!p->mixture.experts) return plan_tiles(p->shape.M, row->m_tile);
    int64_t slots = plan_slots(p), used = slots < p->mixture.experts ? slots : p->mixture.experts;
    int64_t most = slots / row->m_tile + used;
    return most < slots ? most : slots;
}

int gfx11_slots_are_tiles(const struct kernel_row *row, const w4a16_problem *p) {
    return row->m_tile == 1 && p->shape.M == 1;
}

int64_t gfx11_fold(const w4a16_problem *p) {
    int64_t blocks = plan_blocks(p), fold = 4,
            group = plan_one_group(p) ? blocks : p->shape.group_size / PACK_BLOCK;
    while (blocks % fold || group % fold) fold /= 2;
    return fold;
}

enum { WAVES = 8, WAVES_OF_FEW_ROWS = 16 };
int64_t gfx11_waves(const w4a16_problem *p, int64_t folds) {
    int few = plan_rows(p) <= PLAN_FEW_ROWS && !p->batch_invariant && plan_strips(p) < 96;
    int64_t waves = few ? WAVES_OF_FEW_ROWS : WAVES;
    return waves < folds ? waves : folds;
}

uint32_t gfx11_partial_bytes(const struct kernel_row *row, int64_t waves) {
    return (uint32_t)(waves * row->m_tile * PACK_STRIP * 4);
}

void gfx11_largest(const struct kernel_row *row, uint32_t *threads, uint32_t *lds_bytes) {
    uint32_t waves = row->m_tile <= PLAN_FEW_ROWS ? WAVES_OF_FEW_ROWS : WAVES;
    *threads = waves * 32;
    *lds_bytes = gfx11_partial_bytes(row, waves);
}

/* ---- arguments ----------------------------------------------------------------------------------------- */

int64_t gfx11_lda(const struct build *b) { return b->staged ? b->l->blocks * PACK_BLOCK : plan_lda(b->p); }
/* Sums for combine.c lie side by side. */
static int leaves_sums(const struct build *b) { return b->p->epilogue.combine != W4A16_COMBINE_NONE; }
int64_t gfx11_ldo(const struct build *b) { return leaves_sums(b) ? b->p->shape.N : plan_ldo(b->p); }

uint32_t gfx11_group_divisor(int64_t granules_per_group) {
    return (uint32_t)(((INT64_C(1) << 31) + granules_per_group - 1) / granules_per_group);
}

void gfx11_patch_product(struct build *b, struct plan_step *s, size_t a, size_t out, size_t tile_list,
                         size_t row_list) {
    const w4a16_problem *p = b->p;
    if (leaves_sums(b)) b->partial_at = plan_reserve(b, plan_slots(p) * p->shape.N * 4);
    plan_patch(s, a, b->staged ? PLAN_WORKSPACE : PLAN_A, b->staged_at);
    plan_patch(s, out, leaves_sums(b) ? PLAN_WORKSPACE : PLAN_OUT, b->partial_at);
    if (!p->mixture.experts) return;
    if (gfx11_slots_are_tiles(b->row, p)) {
        plan_patch_ids(b, s, row_list);
        return;
    }
    plan_patch(s, tile_list, PLAN_WORKSPACE, b->tiles_at);
    plan_patch(s, row_list, PLAN_WORKSPACE, b->rows_at);
}

KERNARG_FITS(matrix_args);
struct matrix_args gfx11_matrix_args(const struct build *b, int64_t fold, int64_t granules_per_group) {
    const w4a16_problem *p = b->p;
    const struct packed_layout *l = b->l;
    return (struct matrix_args){
        .M = (uint32_t)p->shape.M,
        .N = (uint32_t)p->shape.N,
        .strips = (uint32_t)l->strips,
        .blocks = (uint32_t)l->blocks,
        .groups = (uint32_t)l->groups,
        .fold = (uint32_t)fold,
        .divisor = plan_one_group(p) ? 0 : gfx11_group_divisor(granules_per_group),
        .lda = (uint64_t)gfx11_lda(b),
        .ldo = (uint64_t)gfx11_ldo(b),
        .scale_bf16 = p->weights.scale_type == W4A16_BF16,
        .out_f32 = (uint32_t)leaves_sums(b),
        .grid = plan_grid_of(b),
    };
}

void gfx11_patch_matrix(struct build *b, struct plan_step *s) {
    plan_patch_sections(b, s, offsetof(struct matrix_args, weights), offsetof(struct matrix_args, scales),
                        offsetof(struct matrix_args, zeros), offsetof(struct matrix_args, bias));
    gfx11_patch_product(b, s, offsetof(struct matrix_args, a), offsetof(struct matrix_args, out),
                        offsetof(struct matrix_args, tiles), offsetof(struct matrix_args, rows));
}

/* ---- limits -------------------------------------------------------------------------------------------- */

#define GROUP_OF_MAX (INT64_C(1) << 31) /* of group_of in dequant.h */

void gfx11_counts_too_far(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    int64_t chunks = plan_blocks(p) * PACK_BLOCK / row->k_chunk,
            groups = (plan_padded_K(p) - 1) / p->shape.group_size + 1;
    int64_t per_group = p->shape.group_size / row->k_chunk,
            most_per_group = (GROUP_OF_MAX - 1) / (2 * chunks + 1);
    int64_t columns = (p->mixture.experts ? p->mixture.experts : 1) * plan_strips(p) * PACK_STRIP;
    if (!plan_one_group(p) && per_group > most_per_group)
        snprintf(reason, bytes,
                 "group_size is %" PRId64 "; with K = %" PRId64 " it counts groups of up to %" PRId64
                 ", or one",
                 p->shape.group_size, p->shape.K, most_per_group * row->k_chunk);
    else if (plan_strips(p) * PACK_STRIP * groups > UINT32_VALUES)
        snprintf(reason, bytes,
                 "N = %" PRId64 " columns have %" PRId64 " groups each; accepted are up to 2^32 together",
                 p->shape.N, groups);
    else if (columns > UINT32_VALUES)
        snprintf(reason, bytes,
                 "%" PRId64 " experts have N = %" PRId64 " columns each; accepted are up to 2^32 together",
                 p->mixture.experts, p->shape.N);
}

void gfx11_rows_too_far(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    int64_t padded = plan_blocks(p) * PACK_BLOCK;
    int64_t row_bytes = 2 * (plan_lda(p) > padded ? plan_lda(p) : padded);
    int64_t rows = p->mixture.experts ? plan_slots(p) : row->m_tile;
    if (rows * row_bytes > UINT32_VALUES)
        snprintf(reason, bytes,
                 "the activations of %" PRId64 " %s are %" PRId64
                 " bytes apart; accepted are up to 2^32 bytes together",
                 rows, p->mixture.experts ? "uses of experts" : "rows of a tile", row_bytes);
}

void gfx11_launch_too_large(const struct kernel_row *row, const w4a16_problem *p, char *reason,
                            size_t bytes) {
    struct plan_grid grid = row->family->grid(row, p);
    if (!plan_grid_fits(grid))
        snprintf(reason, bytes,
                 "it needs %" PRId64 " x %" PRId64 " work-groups of %" PRId64
                 " work-items; a launch holds up to %" PRId64 " along y and 2^32 - 1 work-items",
                 grid.x, grid.y, grid.threads, PLAN_GRID_Y_MAX);
}

void gfx11_too_large(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    gfx11_counts_too_far(row, p, reason, bytes);
    if (!reason[0]) gfx11_launch_too_large(row, p, reason, bytes);
}
