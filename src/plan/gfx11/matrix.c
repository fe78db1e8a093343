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

static void add(struct build *b, const struct kernel_row *row) {
    int halves = gfx11_in_halves(row);
    int64_t fold = halves ? 1 : gfx11_fold(b->p), granule = halves ? PACK_BLOCK / 2 : PACK_BLOCK;
    int64_t granules = b->p->shape.group_size / granule;
    struct matrix_args args = gfx11_matrix_args(b, fold, granules, halves ? granules : granules / fold);
    plan_set_order(b, W4A16_ADDER_WMMA, halves ? granule : fold * PACK_BLOCK,
                   (halves ? 2 : 1) * b->l->blocks / fold, 1);
    gfx11_add_matrix(b, row, &args, lds_bytes(row));
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
                                     .other_bits = 1,
                                     .too_large = gfx11_too_large,
                                     .cost = gfx11_cost};
