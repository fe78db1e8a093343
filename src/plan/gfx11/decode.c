/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/gfx11/decode.c: up to 16 rows on the dot units. */
#include <inttypes.h>
#include <stdio.h>

#include "plan/gfx11/product.h"

static const struct kernel_row rows[] = {
#define DECODE(row_arch, type, most, chunk, zeros)                                                           \
    {.name = "w4a16_decode_" #type "_m" #most "_g" #chunk "_" #zeros,                                        \
     GFX11_ROW(row_arch, decode, type, chunk, zeros),                                                        \
     .m_max = most,                                                                                          \
     .m_tile = most,                                                                                         \
     .n_tile = PACK_STRIP,                                                                                   \
     .limits = #type ", M <= " #most ", groups of a multiple of " #chunk ", " ZEROS_##zeros},
#include "KERNELS.def"
};

/* What a wave takes at a time. */
static int64_t folds_of(const struct kernel_row *row, const w4a16_problem *p) {
    return plan_blocks(p) * PACK_BLOCK / row->k_chunk;
}

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    return (struct plan_grid){plan_strips(p), gfx11_m_tiles(row, p), gfx11_waves(p, folds_of(row, p)) * 32};
}

KERNARG_FITS(decode_args);
static void add(struct build *b, const struct kernel_row *row) {
    const w4a16_problem *p = b->p;
    const struct packed_layout *l = b->l;
    int64_t folds = folds_of(row, p), waves = gfx11_waves(p, folds);
    struct decode_args args = {
        .M = (uint32_t)p->shape.M,
        .N = (uint32_t)p->shape.N,
        .blocks = (uint32_t)l->blocks,
        .groups = (uint32_t)l->groups,
        .group_divisor = plan_one_group(p) ? 0 : gfx11_group_divisor(p->shape.group_size / row->k_chunk),
        .lda_bytes = (uint32_t)(2 * gfx11_lda(b)),
        .ldo = (uint64_t)gfx11_ldo(b),
        .waves = (uint32_t)waves,
        .scale_bf16 = p->weights.scale_type == W4A16_BF16,
        .out_f32 = p->epilogue.combine != W4A16_COMBINE_NONE,
        .grid = plan_grid_of(b),
    };
    struct plan_step *s = plan_add_step(b, row, &args, sizeof args);
    s->lds_bytes = gfx11_partial_bytes(row, waves);
    plan_set_order(b, W4A16_ADDER_DOT2, row->k_chunk, folds, waves);
    plan_patch_sections(b, s, offsetof(struct decode_args, weights), offsetof(struct decode_args, scales),
                        offsetof(struct decode_args, zeros), offsetof(struct decode_args, bias));
    gfx11_patch_product(b, s, offsetof(struct decode_args, a), offsetof(struct decode_args, out),
                        offsetof(struct decode_args, tiles), offsetof(struct decode_args, rows));
}

static void too_large(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    gfx11_counts_too_far(row, p, reason, bytes);
    if (!reason[0]) gfx11_rows_too_far(row, p, reason, bytes);
    if (!reason[0]) gfx11_launch_too_large(row, p, reason, bytes);
}

const struct family decode_family = {.name = "decode",
                                     .role = ROLE_LINEAR,
                                     ROWS(rows),
                                     .grid = grid,
                                     .add = add,
                                     .largest = gfx11_largest,
                                     .helped = 1,
                                     .first_taken = "fewest rows, largest chunks", /* which bits depend on */
                                     .too_large = too_large,
                                     .cost = gfx11_cost};
