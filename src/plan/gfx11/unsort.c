/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/gfx11/unsort.c: the expert of each slot, where slots come sorted. */
#include "plan/gfx11/product.h"

static const struct kernel_row rows[] = {
#define UNSORT(row_arch)                                                                                     \
    {.name = "w4a16_unsort",                                                                                 \
     .arch = #row_arch,                                                                                      \
     .family = &unsort_family,                                                                               \
     .m_max = INT64_MAX,                                                                                     \
     .k_chunk = 1,                                                                                           \
     .symmetric = -1,                                                                                        \
     .limits = "names the experts of slots that come sorted in blocks"},
#include "KERNELS.def"
};

static int needed(const struct kernel_row *product, const w4a16_problem *p) {
    (void)product;
    return p->mixture.sorted_block != 0;
}

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    (void)row, (void)p;
    return (struct plan_grid){1, 1, UNSORT_WIDTH};
}

KERNARG_FITS(unsort_args);
static void add(struct build *b, const struct kernel_row *row) {
    const w4a16_problem *p = b->p;
    struct unsort_args args = {.slots = (uint32_t)plan_slots(p),
                               .places = (uint32_t)p->mixture.sorted_count,
                               .block = (uint32_t)p->mixture.sorted_block};
    struct plan_step *s = plan_add_step(b, row, &args, sizeof args);
    b->ids_at = plan_reserve(b, plan_slots(p) * 4);
    plan_patch(s, offsetof(struct unsort_args, sorted), PLAN_SORTED_SLOTS, 0);
    plan_patch(s, offsetof(struct unsort_args, block_experts), PLAN_IDS, 0);
    plan_patch(s, offsetof(struct unsort_args, used), PLAN_SORTED_USED, 0);
    plan_patch(s, offsetof(struct unsort_args, ids), PLAN_WORKSPACE, b->ids_at);
}

static void largest(const struct kernel_row *row, uint32_t *threads, uint32_t *lds_bytes) {
    (void)row;
    *threads = UNSORT_WIDTH;
    *lds_bytes = 0;
}

const struct family unsort_family = {.name = "unsort",
                                     .role = ROLE_UNSORT,
                                     ROWS(rows),
                                     .grid = grid,
                                     .add = add,
                                     .largest = largest,
                                     .needed = needed,
                                     .who_needs = "sorted slots need"};
