/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/gfx11/route.c: slots of a mixture to tiles of its experts. */
#include "plan/gfx11/product.h"

static_assert(ROUTE_WIDTH == PLAN_EXPERTS_MAX, "a work-item per expert");

static const struct kernel_row rows[] = {
#define ROUTE(row_arch)                                                                                      \
    {.name = "w4a16_route",                                                                                  \
     .arch = #row_arch,                                                                                      \
     .family = &route_family,                                                                                \
     .m_max = INT64_MAX,                                                                                     \
     .k_chunk = 1,                                                                                           \
     .symmetric = -1,                                                                                        \
     .limits = "sorts the slots of up to 1024 experts into tiles"},
#include "KERNELS.def"
};

static int needed(const struct kernel_row *product, const w4a16_problem *p) {
    return p->mixture.experts && !gfx11_slots_are_tiles(product, p);
}

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    (void)row, (void)p;
    return (struct plan_grid){1, 1, ROUTE_WIDTH};
}

KERNARG_FITS(route_args);
static void add(struct build *b, const struct kernel_row *row) {
    const w4a16_problem *p = b->p;
    int64_t slots = plan_slots(p), tile_count = gfx11_m_tiles(b->row, p);
    b->tiles_at = plan_reserve(b, tile_count * (int64_t)sizeof(struct expert_tile));
    b->rows_at = plan_reserve(b, slots * (int64_t)sizeof(struct expert_row));
    struct route_args args = {.slots = (uint32_t)slots,
                              .experts = (uint32_t)p->mixture.experts,
                              .slots_per_row = gfx11_row_per_slot(b) ? 1 : (uint32_t)p->mixture.top_k,
                              .m_tile = (uint32_t)b->row->m_tile,
                              .tile_count = (uint32_t)tile_count};
    struct plan_step *s = plan_add_step(b, row, &args, sizeof args);
    plan_patch_ids(b, s, offsetof(struct route_args, ids));
    plan_patch(s, offsetof(struct route_args, tiles), PLAN_WORKSPACE, b->tiles_at);
    plan_patch(s, offsetof(struct route_args, rows), PLAN_WORKSPACE, b->rows_at);
}

static void largest(const struct kernel_row *row, uint32_t *threads, uint32_t *lds_bytes) {
    (void)row;
    *threads = ROUTE_WIDTH;
    *lds_bytes = 0;
}

const struct family route_family = {.name = "route",
                                    .role = ROLE_ROUTE,
                                    ROWS(rows),
                                    .grid = grid,
                                    .add = add,
                                    .largest = largest,
                                    .needed = needed,
                                    .who_needs = "experts need"};
