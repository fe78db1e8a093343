/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/gfx11/decode.c: up to 4 rows on the dot units. */
#include <inttypes.h>
#include <stdio.h>

#include "plan/gfx11/product.h"

#define DECODE_ROW(row_arch, type, most, chunk, zeros, suffix, more)                                         \
    .name = "w4a16_decode_" #type "_m" #most "_g" #chunk "_" #zeros suffix,                                  \
    GFX11_ROW(row_arch, decode, type, chunk, zeros), .m_max = most, .m_tile = most, .n_tile = PACK_STRIP,    \
    .limits = #type ", M <= " #most ", groups of a multiple of " #chunk ", " ZEROS_##zeros more

static const struct kernel_row rows[] = {
#define GATHER(row_arch, type, most, chunk, zeros)                                                           \
    {DECODE_ROW(row_arch, type, most, chunk, zeros, "_gather", ", act-order"), .gathers = 1},
#define DECODE(row_arch, type, most, chunk, zeros) {DECODE_ROW(row_arch, type, most, chunk, zeros, "", "")},
#include "KERNELS.def"
};

/* What a wave takes at a time. */
static int64_t folds_of(const struct kernel_row *row, const w4a16_problem *p) {
    return plan_blocks(p) * PACK_BLOCK / row->k_chunk;
}

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    return (struct plan_grid){plan_strips(p), gfx11_m_tiles(row, p), gfx11_waves(p, folds_of(row, p)) * 32};
}

/* Partial sums, and behind them what waves gather. */
static uint32_t lds_bytes(const struct kernel_row *row, int64_t waves) {
    int64_t gathered = row->gathers ? waves * DECODE_GATHERED_BYTES(row->m_tile, row->k_chunk) : 0;
    return gfx11_partial_bytes(row, waves) + (uint32_t)gathered;
}

static void largest(const struct kernel_row *row, uint32_t *threads, uint32_t *bytes) {
    gfx11_largest(row, threads, bytes);
    *bytes = lds_bytes(row, *threads / 32);
}

KERNARG_FITS(decode_args);
static void add(struct build *b, const struct kernel_row *row) {
    const w4a16_problem *p = b->p;
    const struct packed_layout *l = b->l;
    int64_t folds = folds_of(row, p), waves = gfx11_waves(p, folds);
    const int unsorted = p->mixture.experts && gfx11_slots_are_tiles(row, p);
    struct decode_args args = {
        .M = (uint32_t)(unsorted ? p->mixture.experts : p->shape.M),
        .N = (uint32_t)p->shape.N,
        .blocks = (uint32_t)l->blocks,
        .groups = (uint32_t)l->groups,
        .group_divisor = plan_one_group(p) ? 0 : gfx11_group_divisor(p->shape.group_size / row->k_chunk),
        .lda_bytes = unsorted && !gfx11_row_per_slot(b) ? 0 : (uint32_t)(2 * gfx11_lda(b)),
        .ldo = (uint64_t)gfx11_ldo(b),
        .waves = (uint32_t)waves,
        .scale_bf16 = p->weights.scale_type == W4A16_BF16,
        .out_f32 = p->epilogue.combine != W4A16_COMBINE_NONE,
        .grid = plan_grid_of(b),
        .features = (uint32_t)p->shape.K,
    };
    struct plan_step *s = plan_add_step(b, row, &args, sizeof args);
    s->lds_bytes = lds_bytes(row, waves);
    if (row->gathers) plan_patch_order(b, s, offsetof(struct decode_args, order));
    plan_set_order(b, W4A16_ADDER_DOT2, row->k_chunk, folds, waves);
    plan_patch_sections(b, s, offsetof(struct decode_args, weights), offsetof(struct decode_args, scales),
                        offsetof(struct decode_args, zeros), offsetof(struct decode_args, bias));
    gfx11_patch_product(b, s, offsetof(struct decode_args, a), offsetof(struct decode_args, out),
                        offsetof(struct decode_args, tiles), offsetof(struct decode_args, rows));
}

/* Whether a row's features are gathered from the first-level cache depends on whether the cache holds them. */
enum { CACHE_BYTES = 32768 };
static void leaves(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    if (!row->gathers) return;
    if (!p->weights.act_order)
        snprintf(reason, bytes, "the layer has no act-order");
    else if (p->mixture.experts)
        snprintf(reason, bytes, "experts have an order each");
    else if (plan_padded_K(p) % PACK_BLOCK)
        snprintf(reason, bytes, "the order has %" PRId64 " places; accepted are multiples of %d",
                 plan_padded_K(p), PACK_BLOCK);
    else if (p->shape.M * p->shape.K * 2 > CACHE_BYTES)
        snprintf(reason, bytes, "its activations are gathered from a cache of %d bytes, and have %" PRId64,
                 CACHE_BYTES, p->shape.M * p->shape.K * 2);
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
                                     .largest = largest,
                                     .helped = 1,
                                     .first_taken = "fewest rows, largest chunks", /* which bits depend on */
                                     .leaves = leaves,
                                     .too_large = too_large,
                                     .cost = gfx11_cost};
