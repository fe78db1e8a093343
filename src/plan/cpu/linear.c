/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The family of kernels/cpu: every problem, on the host's threads, by the best instructions that are here. */
#include "cpu/linear.h"
#include "cpu/levels.h"
#include "plan/family.h"

static const struct host_level level_portable = {"portable C", NULL};
static const struct host_level level_avx2 = {"AVX2 with FMA and F16C", cpu_has_avx2};
static const struct host_level level_avx512 = {"AVX-512 (F, BW, DQ and VL)", cpu_has_avx512};
static const struct host_level level_avx512bf16 = {"AVX512-BF16", cpu_has_avx512bf16};

#define LIMITS_any  "f16 and bf16, any M, any group size, symmetric and asymmetric"
#define LIMITS_bf16 "bf16, any M, any group size, symmetric and asymmetric"
#define ACT_any     0
static const struct kernel_row rows[] = {
#define CPU_LINEAR(row_arch, instructions, type)                                                             \
    {.name = "cpu_linear_" #instructions,                                                                    \
     .arch = #row_arch,                                                                                      \
     .family = &cpu_linear_family,                                                                           \
     .host = cpu_linear_##instructions,                                                                      \
     .level = &level_##instructions,                                                                         \
     .act = ACT_##type,                                                                                      \
     .m_max = INT64_MAX,                                                                                     \
     .k_chunk = 1,                                                                                           \
     .symmetric = -1,                                                                                        \
     .limits = LIMITS_##type},
#include "KERNELS.def"
};

/*
 * Cycles for 16 columns by a pair of K: to decode them, and to multiply them by a row where dots are fast (AMD) and
 * where they are slow (Intel). By ports, and for `decode` by what one row takes with weights in the caches.
 */
static const struct {
    const struct host_level *level;
    double decode, multiply[2];
} cycles[] = {{&level_avx512bf16, 1, {1, 2}},
              {&level_avx512, 2.4, {2, 1}},
              {&level_avx2, 4, {2, 2}},
              {&level_portable, 32, {16, 16}}};

static double cost(const struct kernel_row *row, const w4a16_problem *p) {
    size_t n = 0;
    while (cycles[n].level != row->level) n++;
    return cycles[n].decode + cycles[n].multiply[cpu_dots_are_slow()] * (double)plan_rows(p);
}

static struct plan_grid grid(const struct kernel_row *row, const w4a16_problem *p) {
    (void)row, (void)p;
    return (struct plan_grid){1, 1, 1};
}

/* What a run keeps in the workspace. */
static void add_workspace(struct build *b, struct plan_step *s, int64_t word_bytes) {
    const w4a16_problem *p = b->p;
    int64_t slots = plan_slots(p), held = slots < CPU_LINEAR_ROWS ? slots : CPU_LINEAR_ROWS;
    int64_t words = cpu_linear_words(p->shape.group_size, b->l->padded_K);
    plan_patch(s, offsetof(struct cpu_linear_args, prepared), PLAN_WORKSPACE,
               plan_reserve(b, held * words * word_bytes));
    if (!p->mixture.experts) return;
    plan_patch(s, offsetof(struct cpu_linear_args, slots), PLAN_WORKSPACE, plan_reserve(b, slots * 4));
    plan_patch(s, offsetof(struct cpu_linear_args, starts), PLAN_WORKSPACE,
               plan_reserve(b, (p->mixture.experts + 1) * 4));
    if (p->epilogue.combine == W4A16_COMBINE_ADD)
        plan_patch(s, offsetof(struct cpu_linear_args, results), PLAN_WORKSPACE,
                   plan_reserve(b, slots * b->l->strips * PACK_STRIP * 4));
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
    plan_set_order(b, W4A16_ADDER_FP32, chunk, l->groups * plan_tiles(p->shape.group_size, chunk), 1);
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
    add_workspace(b, s, row->act == W4A16_BF16 ? CPU_WORD_BF16 : CPU_WORD_FP32);
}

const struct family cpu_linear_family = {
    .name = "linear", .role = ROLE_LINEAR, ROWS(rows), .grid = grid, .add = add, .cost = cost};
