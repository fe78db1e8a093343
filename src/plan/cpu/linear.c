/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/cpu/linear.c: every problem, on the host's threads. */
#include "cpu/linear.h"
#include "plan/family.h"

static const struct host_level level_portable = {"portable C", NULL};

static const struct kernel_row rows[] = {
#define CPU_LINEAR(row_arch, instructions)                                                                   \
    {.name = "cpu_linear",                                                                                   \
     .arch = #row_arch,                                                                                      \
     .family = &cpu_linear_family,                                                                           \
     .host = cpu_linear,                                                                                     \
     .level = &level_##instructions,                                                                         \
     .m_max = INT64_MAX,                                                                                     \
     .k_chunk = 1,                                                                                           \
     .symmetric = -1,                                                                                        \
     .limits = "f16 and bf16, any M, any group size, symmetric and asymmetric"},
#include "KERNELS.def"
};

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    (void)row, (void)p;
    return (struct plan_grid){1, 1, 1};
}

KERNARG_FITS(cpu_linear_args);
static void add(struct build *b, const struct kernel_row *row) {
    const w4a16_problem *p = b->p;
    const struct packed_layout *l = b->l;
    struct cpu_linear_args args = {.M = p->shape.M,
                                   .N = p->shape.N,
                                   .K = p->shape.K,
                                   .padded_K = l->padded_K,
                                   .group_size = p->shape.group_size,
                                   .blocks = l->blocks,
                                   .groups = l->groups,
                                   .lda = plan_lda(p),
                                   .ldo = plan_ldo(p),
                                   .experts = p->mixture.experts,
                                   .top_k = p->mixture.top_k,
                                   .act_bf16 = p->act == W4A16_BF16,
                                   .scale_bf16 = p->weights.scale_type == W4A16_BF16,
                                   .weighs = p->epilogue.combine != W4A16_COMBINE_NONE,
                                   .adds = p->epilogue.combine == W4A16_COMBINE_ADD,
                                   .sorted_block = p->mixture.sorted_block,
                                   .sorted_count = p->mixture.sorted_count,
                                   .grid = plan_grid_of(b)};
    struct plan_step *s = plan_add_step(b, row, &args, sizeof args);
    int64_t chunk = p->shape.group_size < CPU_LINEAR_CHUNK ? p->shape.group_size : CPU_LINEAR_CHUNK;
    plan_set_order(b, W4A16_UNIT_FP32, chunk, l->groups * plan_tiles(p->shape.group_size, chunk), 1);
    plan_patch_sections(b, s, offsetof(struct cpu_linear_args, weights),
                        offsetof(struct cpu_linear_args, scales), offsetof(struct cpu_linear_args, zeros),
                        offsetof(struct cpu_linear_args, bias));
    plan_patch_order(b, s, offsetof(struct cpu_linear_args, perm));
    plan_patch(s, offsetof(struct cpu_linear_args, a), PLAN_A, 0);
    plan_patch(s, offsetof(struct cpu_linear_args, out), PLAN_OUT, 0);
    if (p->mixture.sorted_block) {
        b->ids_at = plan_reserve(b, plan_slots(p) * 4);
        plan_patch(s, offsetof(struct cpu_linear_args, block_experts), PLAN_IDS, 0);
        plan_patch(s, offsetof(struct cpu_linear_args, sorted), PLAN_SORTED_SLOTS, 0);
        plan_patch(s, offsetof(struct cpu_linear_args, sorted_used), PLAN_SORTED_USED, 0);
    }
    if (p->mixture.experts) plan_patch_ids(b, s, offsetof(struct cpu_linear_args, ids));
    if (p->epilogue.combine) plan_patch(s, offsetof(struct cpu_linear_args, gates), PLAN_GATES, 0);
}

const struct family cpu_linear_family = {
    .name = "linear", .role = ROLE_LINEAR, ROWS(rows), .grid = grid, .add = add};
