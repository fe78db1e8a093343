/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/gfx11/strip.c: batches of 16 to 64 rows on the matrix granules. */
#include <inttypes.h>
#include <stdio.h>

#include "plan/gfx11/product.h"

static const struct kernel_row rows[] = {
#define STRIP(row_arch, type, m, granule, zeros)                                                             \
    {.name = "w4a16_strip_" #type "_m" #m "_g" #granule "_" #zeros,                                          \
     GFX11_ROW(row_arch, strip, type, granule, zeros),                                                       \
     .m_max = INT64_MAX,                                                                                     \
     .m_tile = m,                                                                                            \
     .n_tile = PACK_STRIP,                                                                                   \
     .limits = #type ", any M, groups of a multiple of " #granule ", " ZEROS_##zeros},
#include "KERNELS.def"
};

/* What a wave takes at a time: whole blocks, of which both halves are its. */
static int64_t blocks_of(const struct kernel_row *row, const w4a16_problem *p) {
    return gfx11_in_halves(row) ? 1 : gfx11_fold(p);
}
static int64_t folds_of(const struct kernel_row *row, const w4a16_problem *p) {
    return plan_blocks(p) / blocks_of(row, p);
}

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    return (struct plan_grid){plan_strips(p), gfx11_m_tiles(row, p), gfx11_waves(p, folds_of(row, p)) * 32};
}

static void add(struct build *b, const struct kernel_row *row) {
    int halves = gfx11_in_halves(row);
    int64_t fold = blocks_of(row, b->p), folds = folds_of(row, b->p), waves = gfx11_waves(b->p, folds);
    int64_t granule = halves ? PACK_BLOCK / 2 : fold * PACK_BLOCK,
            granules = b->p->shape.group_size / granule;
    struct matrix_args args = gfx11_matrix_args(b, fold, granules, granules);
    args.waves = (uint32_t)waves;
    plan_set_order(b, W4A16_ADDER_WMMA, granule, folds, waves);
    if (halves) b->plan->additions.folds *= 2;
    gfx11_add_matrix(b, row, &args, gfx11_partial_bytes(row, waves));
}

static void leaves(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    if (row->m_tile > PLAN_FEW_ROWS && plan_rows(p) <= PLAN_FEW_ROWS && !p->batch_invariant)
        snprintf(reason, bytes, "tiles of %" PRId64 " rows have fewer waves than up to %d rows have",
                 row->m_tile, PLAN_FEW_ROWS);
}

/* LDS stores and loads of a block, from one half of the wave to both. */
enum { EXCHANGE_CYCLES = 12 };
static double cost(const struct kernel_row *row, const w4a16_problem *p) {
    return gfx11_cost(row, p, gfx11_wmma_cycles(row, p) + EXCHANGE_CYCLES, 0);
}

const struct family strip_family = {.name = "strip",
                                    .role = ROLE_LINEAR,
                                    ROWS(rows),
                                    .grid = grid,
                                    .add = add,
                                    .largest = gfx11_largest,
                                    .helped = 1,
                                    .leaves = leaves,
                                    .too_large = gfx11_too_large,
                                    .cost = cost};
