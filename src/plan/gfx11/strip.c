/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/gfx11/strip.c: batches of tens of rows on the matrix units. */
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

static uint32_t lds_bytes(const struct kernel_row *row, int64_t waves) {
    uint32_t exchanged = (uint32_t)(waves * STRIP_WAVE_BYTES(row->m_tile)),
             sums = gfx11_partial_bytes(row, waves);
    return exchanged > sums ? exchanged : sums;
}

static void add(struct build *b, const struct kernel_row *row) {
    int halves = gfx11_in_halves(row);
    int64_t fold = blocks_of(row, b->p), folds = folds_of(row, b->p), waves = gfx11_waves(b->p, folds);
    int64_t chunk = halves ? PACK_BLOCK / 2 : fold * PACK_BLOCK, group = b->p->shape.group_size;
    struct matrix_args args = gfx11_matrix_args(b, fold, group / row->k_chunk);
    args.waves = (uint32_t)waves;
    plan_set_order(b, W4A16_ADDER_WMMA, chunk, folds, waves);
    if (halves) b->plan->additions.folds *= 2;
    struct plan_step *s = plan_add_step(b, row, &args, sizeof args);
    s->lds_bytes = lds_bytes(row, waves);
    gfx11_patch_matrix(b, s);
}

static void leaves(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    if (row->m_tile > PLAN_FEW_ROWS && plan_rows(p) <= PLAN_FEW_ROWS && !p->batch_invariant)
        snprintf(reason, bytes, "tiles of %" PRId64 " rows have fewer waves than up to %d rows have",
                 row->m_tile, PLAN_FEW_ROWS);
}

static void largest(const struct kernel_row *row, uint32_t *threads, uint32_t *bytes) {
    gfx11_largest(row, threads, bytes);
    *bytes = lds_bytes(row, *threads / 32);
}

static void too_large(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    gfx11_rows_too_far(row, p, reason, bytes);
    if (!reason[0]) gfx11_too_large(row, p, reason, bytes);
}

const struct family strip_family = {.name = "strip",
                                    .role = ROLE_LINEAR,
                                    ROWS(rows),
                                    .grid = grid,
                                    .add = add,
                                    .largest = largest,
                                    .helped = 1,
                                    .leaves = leaves,
                                    .too_large = too_large,
                                    .cost = gfx11_cost};
