/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/gfx11/stage.c: activations in another order. */
#include "plan/gfx11/product.h"

static const struct kernel_row rows[] = {
#define STAGE(row_arch)                                                                                      \
    {.name = "w4a16_stage",                                                                                  \
     .arch = #row_arch,                                                                                      \
     .family = &stage_family,                                                                                \
     .m_max = INT64_MAX,                                                                                     \
     .k_chunk = 1,                                                                                           \
     .symmetric = -1,                                                                                        \
     .limits = "gathers activations for act-order, odd row strides and K that is no multiple of 32"},
#include "KERNELS.def"
};

/* What scalar loads of activations cannot take. */
static int needed(const struct kernel_row *product, const w4a16_problem *p) {
    if (product->gathers) return 0;
    return p->weights.act_order || p->shape.K % PACK_BLOCK || plan_lda(p) % 2;
}

static int64_t staged_rows(const w4a16_problem *p) {
    return gfx11_staged_per_slot(p) ? plan_slots(p) : plan_rows_given(p);
}

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    (void)row;
    return (struct plan_grid){staged_rows(p), plan_tiles(plan_blocks(p) * PACK_BLOCK, STAGE_WIDTH),
                              STAGE_WIDTH};
}

KERNARG_FITS(stage_args);
static void add(struct build *b, const struct kernel_row *row) {
    const w4a16_problem *p = b->p;
    int64_t stride = plan_blocks(p) * PACK_BLOCK;
    struct stage_args args = {.lda = (uint64_t)plan_lda(p),
                              .padded_K = (uint32_t)plan_padded_K(p),
                              .stride = (uint32_t)stride,
                              .experts = (uint32_t)p->mixture.experts,
                              .slots_per_row =
                                  p->epilogue.combine == W4A16_COMBINE_ADD ? 1 : (uint32_t)p->mixture.top_k,
                              .features = (uint32_t)p->shape.K};
    struct plan_step *s = plan_add_step(b, row, &args, sizeof args);
    b->staged = 1;
    b->staged_at = plan_reserve(b, staged_rows(p) * stride * 2);
    plan_patch(s, offsetof(struct stage_args, a), PLAN_A, 0);
    plan_patch_order(b, s, offsetof(struct stage_args, perm));
    if (gfx11_staged_per_slot(p)) plan_patch_ids(b, s, offsetof(struct stage_args, ids));
    plan_patch(s, offsetof(struct stage_args, staged), PLAN_WORKSPACE, b->staged_at);
}

static void largest(const struct kernel_row *row, uint32_t *threads, uint32_t *lds_bytes) {
    (void)row;
    *threads = STAGE_WIDTH;
    *lds_bytes = 0;
}

const struct family stage_family = {.name = "stage",
                                    .role = ROLE_STAGE,
                                    ROWS(rows),
                                    .grid = grid,
                                    .add = add,
                                    .largest = largest,
                                    .needed = needed,
                                    .who_needs =
                                        "act-order, odd row strides and K that is no multiple of 32 need"};
