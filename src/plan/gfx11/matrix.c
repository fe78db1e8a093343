/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/gfx11/matrix.c: many rows on the matrix granules. */
#include "plan/gfx11/product.h"

static const struct kernel_row rows[] = {
#define MATRIX(row_arch, type, m, n, waves_m, waves_n, frags_m, frags_n, granule, zeros)                     \
    {.name = "w4a16_matrix_" #type "_" #m "x" #n "_g" #granule "_" #zeros,                                   \
     GFX11_ROW(row_arch, matrix, type, granule, zeros),                                                      \
     .m_max = INT64_MAX,                                                                                     \
     .m_tile = m,                                                                                            \
     .n_tile = n,                                                                                            \
     .threads = (waves_m) * (waves_n) * 32,                                                                  \
     .limits = #type ", any M, groups of a multiple of " #granule ", " ZEROS_##zeros},
#include "KERNELS.def"
};

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    return (struct plan_grid){plan_tiles(p->shape.N, row->n_tile), gfx11_m_tiles(row, p), row->threads};
}

/* Buffers of tiles, in the same place as the tile of results later. */
static uint32_t lds_bytes(const struct kernel_row *row) {
    int64_t tile_bytes = MATRIX_BUFFERS * (row->m_tile + row->n_tile) * MATRIX_PITCH;
    int64_t out_bytes = row->m_tile * (2 * row->n_tile + MATRIX_OUT_PADDING);
    return (uint32_t)(tile_bytes > out_bytes ? tile_bytes : out_bytes);
}

static int64_t folds_of(const struct kernel_row *row, const w4a16_problem *p) {
    return plan_blocks(p) / (gfx11_in_halves(row) ? 1 : gfx11_fold(p));
}

/*
 * Of a dense product, cycles that its work-groups take on a card of PAIRS pairs of compute units if K is in so
 * many parts, as modelled for the 7900 XTX: PAIRS are its, whatever the card is, for bits must not depend on
 * that. A step of 32 K takes ALONE where a work-group has a pair to itself, and STEP of a SIMD for each wave
 * where there are enough others, with FOLD for each fold and PIECE for each piece of weights that it
 * dequantises. The last to come of a tile's work-groups adds up: ADDING until it knows, ANOTHER for the way to each other
 * part's sums, and all of them go through caches.
 */
enum { PAIRS = 48, SIMDS = 4, ALONE = 1640, STEP = 656, FOLD = 64, PIECE = 24 };
enum { ADDING = 4000, ANOTHER = 1500, SUMS_BYTES = 1000 /* in a cycle */, PARTS_MAX = 8 };
static double cycles(const struct kernel_row *row, const w4a16_problem *p, int64_t parts) {
    int64_t blocks = plan_blocks(p), folds = plan_tiles(folds_of(row, p), parts);
    int64_t groups = plan_tiles(p->shape.N, row->n_tile) * gfx11_m_tiles(row, p) * parts;
    double each_block = (gfx11_in_halves(row) ? 2. : 1.) * (double)folds_of(row, p) / (double)blocks;
    double waves = row->threads / 32., pieces = (double)row->n_tile / 16 / waves;
    double shared =
        (double)plan_tiles(groups, PAIRS) * waves / SIMDS * (STEP + FOLD * each_block + PIECE * pieces);
    double product = (double)(folds * (blocks / folds_of(row, p))) * (shared > ALONE ? shared : ALONE);
    return parts == 1 ? product
                      : product + ADDING + (double)((parts - 1) * ANOTHER) +
                            (double)(parts * p->shape.M * p->shape.N * 4) / SUMS_BYTES;
}

static int64_t parts(const struct kernel_row *row, const w4a16_problem *p) {
    int64_t best = 1;
    for (int64_t n = 2; n <= PARTS_MAX && n <= folds_of(row, p) && !p->mixture.experts; n++)
        if (cycles(row, p, n) < cycles(row, p, best)) best = n;
    return best;
}

KERNARG_FITS(tile_args);
static void add(struct build *b, const struct kernel_row *row) {
    int halves = gfx11_in_halves(row);
    int64_t fold = halves ? 1 : gfx11_fold(b->p), granule = halves ? PACK_BLOCK / 2 : PACK_BLOCK;
    int64_t granules = b->p->shape.group_size / granule;
    struct tile_args args = {.product = gfx11_matrix_args(b, fold, granules)};
    int64_t folds = folds_of(row, b->p);
    args.product.parts = (uint32_t)b->parts;
    plan_set_order(b, W4A16_ADDER_WMMA, halves ? granule : fold * PACK_BLOCK, folds, b->parts);
    if (halves) b->plan->additions.folds *= 2;
    struct plan_step *s = plan_add_step(b, row, &args, sizeof args);
    s->lds_bytes = lds_bytes(row);
    gfx11_patch_matrix(b, s);
    if (b->parts == 1) return;
    int64_t tiles = plan_tiles(b->p->shape.N, row->n_tile) * gfx11_m_tiles(row, b->p);
    plan_patch(s, offsetof(struct tile_args, tickets), PLAN_WORKSPACE,
               plan_reserve(b, tiles * row->threads / 32 * 8));
    plan_patch(s, offsetof(struct tile_args, sums), PLAN_WORKSPACE,
               plan_reserve(b, tiles * b->parts * row->m_tile * row->n_tile * 4));
}

static void largest(const struct kernel_row *row, uint32_t *threads, uint32_t *bytes) {
    *threads = row->threads;
    *bytes = lds_bytes(row);
}

const struct family matrix_family = {.name = "matrix",
                                     .role = ROLE_LINEAR,
                                     ROWS(rows),
                                     .grid = grid,
                                     .add = add,
                                     .largest = largest,
                                     .helped = 1,
                                     .parts = parts,
                                     .other_bits = 1,
                                     .too_large = gfx11_too_large,
                                     .cost = gfx11_cost};
