/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/gfx11/combine.c: the fp32 results of a token's slots, to one row. */
#include "plan/gfx11/product.h"

static const struct kernel_row rows[] = {
#define COMBINE(row_arch, type)                                                                              \
    {.name = "w4a16_combine_" #type,                                                                         \
     .arch = #row_arch,                                                                                      \
     .family = &combine_family,                                                                              \
     .act = ACT_##type,                                                                                      \
     .m_max = INT64_MAX,                                                                                     \
     .k_chunk = 1,                                                                                           \
     .symmetric = -1,                                                                                        \
     .limits = #type ", adds the experts of a token, weighted, in fp32"},
#include "KERNELS.def"
};

static int needed(const struct kernel_row *product, const w4a16_problem *p) {
    (void)product;
    return p->epilogue.combine != W4A16_COMBINE_NONE;
}

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    (void)row;
    return (struct plan_grid){p->epilogue.combine == W4A16_COMBINE_ADD ? p->shape.M : plan_slots(p),
                              plan_tiles(p->shape.N, COMBINE_WIDTH * COMBINE_PER_LANE), COMBINE_WIDTH};
}

KERNARG_FITS(combine_args);
static void add(struct build *b, const struct kernel_row *row) {
    const w4a16_problem *p = b->p;
    struct combine_args args = {
        .ldo = (uint64_t)plan_ldo(p),
        .N = (uint32_t)p->shape.N,
        .top_k = (uint32_t)(p->epilogue.combine == W4A16_COMBINE_ADD ? p->mixture.top_k : 1),
        .experts = (uint32_t)p->mixture.experts};
    struct plan_step *s = plan_add_step(b, row, &args, sizeof args);
    plan_patch(s, offsetof(struct combine_args, partial), PLAN_WORKSPACE, b->partial_at);
    plan_patch_ids(b, s, offsetof(struct combine_args, ids));
    plan_patch(s, offsetof(struct combine_args, gates), PLAN_GATES, 0);
    plan_patch(s, offsetof(struct combine_args, out), PLAN_OUT, 0);
}

static void largest(const struct kernel_row *row, uint32_t *threads, uint32_t *lds_bytes) {
    (void)row;
    *threads = COMBINE_WIDTH;
    *lds_bytes = 0;
}

const struct family combine_family = {.name = "combine",
                                      .role = ROLE_COMBINE,
                                      ROWS(rows),
                                      .grid = grid,
                                      .add = add,
                                      .largest = largest,
                                      .needed = needed,
                                      .who_needs = "adding experts needs"};
