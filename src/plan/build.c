/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * From a row and a problem to kernel launches.
 *
 *     [unsort: an expert per slot]  [stage: activations in another order]  [route: slots to tiles]  product
 *     [combine: slots to tokens]
 *
 * Each family adds its own. Staged activations, the experts of sorted slots, the lists of tiles, the fp32
 * results of slots, and tickets and sums of tiles that share K lie in the workspace.
 */
#include <string.h>

#include "plan/family.h"

enum { WORKSPACE_ALIGN = 256 };

int plan_grid_fits(struct plan_grid g) {
    return g.y <= PLAN_GRID_Y_MAX && (!g.y || g.x <= PLAN_GRID_ITEMS_MAX / g.threads / g.y);
}

/* ---- what families build with -------------------------------------------------------------------------- */

uint64_t plan_reserve(struct build *b, int64_t bytes) {
    uint64_t at = b->plan->workspace_bytes;
    b->plan->workspace_bytes += ((size_t)bytes + WORKSPACE_ALIGN - 1) / WORKSPACE_ALIGN * WORKSPACE_ALIGN;
    return at;
}

struct plan_step *plan_add_step(struct build *b, const struct kernel_row *row, const void *args,
                                size_t bytes) {
    struct plan_step *s = &b->plan->steps[b->plan->step_count++];
    struct plan_grid grid = row->family->grid(row, b->p); /* which fits: plan_supports sees to it */
    *s = (struct plan_step){.kernel = row,
                            .grid = {(uint32_t)grid.x, (uint32_t)grid.y,
                                     row->family->role == ROLE_LINEAR ? (uint32_t)b->parts : 1},
                            .block = {(uint32_t)grid.threads, 1, 1},
                            .kernarg_bytes = (uint32_t)bytes};
    memcpy(s->kernarg, args, bytes);
    return s;
}

void plan_patch(struct plan_step *s, size_t offset, enum plan_base base, uint64_t addend) {
    s->patches[s->patch_count++] = (struct plan_patch){(uint16_t)offset, (uint8_t)base, addend};
}

void plan_patch_bias(const struct build *b, struct plan_step *s, size_t offset) {
    if (b->l->has_bias)
        plan_patch(s, offset, PLAN_WEIGHTS, b->l->bias);
    else if (b->plan->bias)
        plan_patch(s, offset, PLAN_BIAS, 0);
}

void plan_patch_sections(const struct build *b, struct plan_step *s, size_t weights, size_t scales,
                         size_t zeros, size_t bias) {
    const struct packed_layout *l = b->l;
    plan_patch(s, weights, PLAN_WEIGHTS, l->weights);
    plan_patch(s, scales, l->kind.packing ? PLAN_SCALES : PLAN_WEIGHTS, l->scales);
    if (l->kind.zeros) plan_patch(s, zeros, l->kind.packing ? PLAN_ZEROS : PLAN_WEIGHTS, l->zeros);
    plan_patch_bias(b, s, bias);
}

void plan_patch_order(const struct build *b, struct plan_step *s, size_t offset) {
    if (b->l->kind.act_order)
        plan_patch(s, offset, b->l->kind.packing ? PLAN_ORDER : PLAN_WEIGHTS, b->l->perm);
}

void plan_patch_ids(const struct build *b, struct plan_step *s, size_t offset) {
    plan_patch(s, offset, b->p->mixture.sorted_block ? PLAN_WORKSPACE : PLAN_IDS, b->ids_at);
}

struct grid plan_grid_of(const struct build *b) {
    const struct packed_layout *l = b->l;
    if (l->kind.packing == W4A16_PACKED_WHOLE)
        return (struct grid){.strip_stride = (uint32_t)l->groups * PACK_STRIP, .group_stride = PACK_STRIP};
    return (struct grid){PACK_STRIP, (uint32_t)l->strips * PACK_STRIP, 1,
                         b->p->weights.zeros == W4A16_ZEROS_LESS_ONE};
}

void plan_set_order(struct build *b, w4a16_adder adder, int64_t chunk, int64_t folds, int64_t waves) {
    b->plan->additions = (w4a16_order){.adder = adder,
                                       .chunk = chunk,
                                       .folds = (folds + waves - 1) / waves,
                                       .waves = waves,
                                       .slots = b->p->epilogue.combine == W4A16_COMBINE_ADD
                                                    ? b->p->mixture.top_k
                                                    : b->p->epilogue.combine != W4A16_COMBINE_NONE};
}

int64_t plan_parts(const struct kernel_row *product, const w4a16_problem *p) {
    return product->family->parts ? product->family->parts(product, p) : 1;
}

/* ---- the whole ----------------------------------------------------------------------------------------- */

/* Rows of `width` elements of 2 bytes, `stride` apart. */
static size_t rows_bytes(int64_t rows, int64_t stride, int64_t width) {
    return 2 * (size_t)((rows - 1) * stride + width);
}

static void measure(struct plan *plan, const w4a16_problem *p, const struct packed_layout *l) {
    size_t copies = p->mixture.experts ? (size_t)p->mixture.experts : 1, slots = (size_t)plan_slots(p);
    size_t columns = copies * (size_t)l->strips * PACK_STRIP, entries = columns * (size_t)l->groups;
    size_t *bytes = plan->bytes;
    bytes[PLAN_A] = rows_bytes(plan_rows_given(p), plan_lda(p), p->shape.K);
    bytes[PLAN_OUT] = rows_bytes(p->epilogue.combine == W4A16_COMBINE_ADD ? p->shape.M : plan_slots(p),
                                 plan_ldo(p), p->shape.N);
    bytes[PLAN_WORKSPACE] = plan->workspace_bytes;
    bytes[PLAN_WEIGHTS] = l->bytes;
    if (plan->bias) bytes[PLAN_BIAS] = columns * 4;
    if (plan->experts) bytes[PLAN_IDS] = slots * 4;
    if (p->epilogue.combine) bytes[PLAN_GATES] = slots * 4;
    if (plan->scales) bytes[PLAN_SCALES] = entries * 2;
    if (plan->zeros) bytes[PLAN_ZEROS] = entries / 2;
    if (plan->order) bytes[PLAN_ORDER] = (size_t)l->padded_K * 4;
    if (!plan->sorted) return;
    bytes[PLAN_IDS] = (size_t)plan_tiles(p->mixture.sorted_count, p->mixture.sorted_block) * 4;
    bytes[PLAN_SORTED_SLOTS] = (size_t)p->mixture.sorted_count * 4;
    bytes[PLAN_SORTED_USED] = 4;
}

void plan_steps(struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                const struct packed_layout *l) {
    struct build b = {.plan = plan, .row = row, .p = p, .l = l, .parts = plan_parts(row, p)};
    const struct family *product = row->family;
    for (int role = 0; role < ROLES; role++) {
        if (role == ROLE_LINEAR) {
            product->add(&b, row);
            continue;
        }
        const struct kernel_row *helper = plan_helper(row->arch, (enum kernel_role)role, p->act);
        if (product->helped && helper && helper->family->needed(row, p)) helper->family->add(&b, helper);
    }
    measure(plan, p, l);
}
