/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* From a row and a problem to kernel launches: grids, LDS, arguments. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "args.h"
#include "layer/cpu_linear.h"
#include "plan/plan.h"

static_assert(sizeof(struct decode_args) <= PLAN_KERNARG_MAX &&
                  sizeof(struct matrix_args) <= PLAN_KERNARG_MAX &&
                  sizeof(struct stage_args) <= PLAN_KERNARG_MAX &&
                  sizeof(struct cpu_linear_args) <= PLAN_KERNARG_MAX,
              "PLAN_KERNARG_MAX holds every kernel's arguments");

#define STAGE_WIDTH 256 /* work-items of stage.c */

static int64_t lda_of(const w4a16_problem *p) { return p->lda ? p->lda : p->K; }
static int64_t ldo_of(const w4a16_problem *p) { return p->ldo ? p->ldo : p->N; }
static int64_t blocks_of(const w4a16_problem *p) { return (p->K + PACK_BLOCK - 1) / PACK_BLOCK; }
static int one_group(const w4a16_problem *p) { return p->group_size >= p->K; }

/* Of group_of in dequant.h. */
static uint32_t group_divisor(int64_t units_per_group) {
    return (uint32_t)(((INT64_C(1) << 31) + units_per_group - 1) / units_per_group);
}

const struct kernel_row *plan_stage_row(void) {
    for (size_t n = 0; n < kernel_row_count(); n++)
        if (kernel_row_at(n)->role == ROLE_STAGE) return kernel_row_at(n);
    return NULL;
}

/* What scalar loads of activations cannot take. */
int plan_needs_stage(const w4a16_problem *p) { return p->act_order || p->K % PACK_BLOCK || lda_of(p) % 2; }

/* An address that run fills in; `offset` in the arguments. */
static void patch(struct plan_step *s, size_t offset, enum plan_base base, uint64_t addend) {
    s->patches[s->patch_count++] = (struct plan_patch){(uint16_t)offset, (uint8_t)base, addend};
}

/* The sections of the packed layer that are there. */
static void patch_sections(struct plan_step *s, const struct packed_layout *l, size_t weights, size_t scales,
                           size_t zeros, size_t bias) {
    patch(s, weights, PLAN_WEIGHTS, l->weights);
    patch(s, scales, PLAN_WEIGHTS, l->scales);
    if (!l->symmetric) patch(s, zeros, PLAN_WEIGHTS, l->zeros);
    if (l->has_bias) patch(s, bias, PLAN_WEIGHTS, l->bias);
}

static void set_arguments(struct plan_step *s, const void *args, size_t bytes) {
    memcpy(s->kernarg, args, bytes);
    s->kernarg_bytes = (uint32_t)bytes;
}

static void plan_stage(struct plan *plan, const w4a16_problem *p, const struct packed_layout *l) {
    struct plan_step *s = &plan->steps[plan->step_count++];
    int64_t padded = blocks_of(p) * PACK_BLOCK;
    struct stage_args args = {.lda = (uint64_t)lda_of(p), .K = (uint32_t)p->K, .K_padded = (uint32_t)padded};
    *s = (struct plan_step){.kernel = plan_stage_row(),
                            .grid = {(uint32_t)p->M, (uint32_t)((padded + STAGE_WIDTH - 1) / STAGE_WIDTH), 1},
                            .block = {STAGE_WIDTH, 1, 1}};
    set_arguments(s, &args, sizeof args);
    patch(s, offsetof(struct stage_args, a), PLAN_A, 0);
    if (p->act_order) patch(s, offsetof(struct stage_args, perm), PLAN_WEIGHTS, l->perm);
    patch(s, offsetof(struct stage_args, staged), PLAN_WORKSPACE, 0);
    plan->workspace_bytes = (size_t)(p->M * padded * 2);
}

/*
 * Waves that share a strip: enough to fill the card's 96 compute units when there are few strips. It must not
 * depend on M, or rows would not have the same bits in every batch.
 */
static uint32_t waves_of(const struct packed_layout *l, int64_t chunks) {
    int64_t waves = l->strips >= 96 ? 8 : 16;
    return (uint32_t)(waves < chunks ? waves : chunks);
}

static void plan_decode(struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                        const struct packed_layout *l) {
    int staged = plan_needs_stage(p);
    if (staged) plan_stage(plan, p, l);
    struct plan_step *s = &plan->steps[plan->step_count++];
    int64_t chunks = l->blocks * PACK_BLOCK / row->k_chunk, per_group = p->group_size / row->k_chunk;
    struct decode_args args = {
        .M = (uint32_t)p->M,
        .N = (uint32_t)p->N,
        .blocks = (uint32_t)l->blocks,
        .groups = (uint32_t)l->groups,
        .group_divisor = one_group(p) ? 0 : group_divisor(per_group),
        .lda_bytes = (uint32_t)(2 * (staged ? l->blocks * PACK_BLOCK : lda_of(p))),
        .ldo = (uint64_t)ldo_of(p),
        .waves = waves_of(l, chunks),
        .scale_bf16 = p->scale_type == W4A16_BF16,
    };
    *s = (struct plan_step){.kernel = row,
                            .grid = {(uint32_t)l->strips, 1, 1},
                            .block = {args.waves * 32, 1, 1},
                            .lds_bytes = args.waves * (uint32_t)row->m_max * 32 * 4};
    set_arguments(s, &args, sizeof args);
    patch_sections(s, l, offsetof(struct decode_args, weights), offsetof(struct decode_args, scales),
                   offsetof(struct decode_args, zeros), offsetof(struct decode_args, bias));
    patch(s, offsetof(struct decode_args, a), staged ? PLAN_WORKSPACE : PLAN_A, 0);
    patch(s, offsetof(struct decode_args, out), PLAN_OUT, 0);
}

/* What matrix.c and strip.c have in common. fold: blocks; units: pieces of K that `divisor` maps to groups.
 */
static struct matrix_args matrix_args(const w4a16_problem *p, const struct packed_layout *l, int staged,
                                      int64_t fold, int64_t units_per_group, int64_t folds_per_group) {
    return (struct matrix_args){
        .M = (uint32_t)p->M,
        .N = (uint32_t)p->N,
        .strips = (uint32_t)l->strips,
        .blocks = (uint32_t)l->blocks,
        .groups = (uint32_t)l->groups,
        .fold = (uint32_t)fold,
        .folds_per_group = one_group(p) ? UINT32_MAX : (uint32_t)folds_per_group,
        .divisor = one_group(p) ? 0 : group_divisor(units_per_group),
        .lda = (uint64_t)(staged ? l->blocks * PACK_BLOCK : lda_of(p)),
        .ldo = (uint64_t)ldo_of(p),
        .scale_bf16 = p->scale_type == W4A16_BF16,
    };
}

/* Blocks that are summed before they are scaled: at most 128 K (docs/numerics.md), inside a group, dividing
 * K. */
static int64_t fold_of(const w4a16_problem *p, const struct packed_layout *l) {
    int64_t fold = 4, group = one_group(p) ? l->blocks : p->group_size / PACK_BLOCK;
    while (l->blocks % fold || group % fold) fold /= 2;
    return fold;
}

static void finish_matrix(struct plan_step *s, struct matrix_args args, const struct packed_layout *l,
                          int staged) {
    set_arguments(s, &args, sizeof args);
    patch_sections(s, l, offsetof(struct matrix_args, weights), offsetof(struct matrix_args, scales),
                   offsetof(struct matrix_args, zeros), offsetof(struct matrix_args, bias));
    patch(s, offsetof(struct matrix_args, a), staged ? PLAN_WORKSPACE : PLAN_A, 0);
    patch(s, offsetof(struct matrix_args, out), PLAN_OUT, 0);
}

static uint32_t tiles(int64_t n, int64_t tile) { return (uint32_t)((n + tile - 1) / tile); }

static void plan_strip(struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                       const struct packed_layout *l) {
    enum {
        WAVES = 8
    }; /* the most whose partial sums of 64 rows fit into LDS; the same for all, as rows' bits are */
    int staged = plan_needs_stage(p), halves = row->k_chunk == PACK_BLOCK / 2;
    if (staged) plan_stage(plan, p, l);
    int64_t fold = halves ? 1 : fold_of(p, l);
    int64_t unit = halves ? PACK_BLOCK / 2 : fold * PACK_BLOCK, units = p->group_size / unit;
    struct matrix_args args = matrix_args(p, l, staged, fold, units, units);
    int64_t folds = l->blocks / fold;
    args.waves = (uint32_t)(folds < WAVES ? folds : WAVES);
    struct plan_step *s = &plan->steps[plan->step_count++];
    *s = (struct plan_step){.kernel = row,
                            .grid = {(uint32_t)l->strips, tiles(p->M, row->m_tile), 1},
                            .block = {args.waves * 32, 1, 1},
                            .lds_bytes = args.waves * (uint32_t)row->m_tile * 32 * 4};
    finish_matrix(s, args, l, staged);
}

static void plan_matrix(struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                        const struct packed_layout *l) {
    enum { PITCH_BYTES = 80, BUFFERS = 2, OUT_PADDING = 8 }; /* of matrix.c */
    int staged = plan_needs_stage(p), halves = row->k_chunk == PACK_BLOCK / 2;
    if (staged) plan_stage(plan, p, l);
    int64_t fold = halves ? 1 : fold_of(p, l), unit = halves ? PACK_BLOCK / 2 : PACK_BLOCK;
    int64_t units = p->group_size / unit;
    struct matrix_args args = matrix_args(p, l, staged, fold, units, halves ? units : units / fold);
    int64_t tile_bytes = BUFFERS * (row->m_tile + row->n_tile) * PITCH_BYTES;
    int64_t out_bytes = row->m_tile * (row->n_tile + OUT_PADDING) * 2;
    struct plan_step *s = &plan->steps[plan->step_count++];
    *s = (struct plan_step){.kernel = row,
                            .grid = {tiles(p->N, row->n_tile), tiles(p->M, row->m_tile), 1},
                            .block = {row->threads, 1, 1},
                            .lds_bytes = (uint32_t)(tile_bytes > out_bytes ? tile_bytes : out_bytes)};
    finish_matrix(s, args, l, staged);
}

static void plan_cpu(struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                     const struct packed_layout *l) {
    struct plan_step *s = &plan->steps[plan->step_count++];
    struct cpu_linear_args args = {.M = p->M,
                                   .N = p->N,
                                   .K = p->K,
                                   .group_size = p->group_size,
                                   .blocks = l->blocks,
                                   .groups = l->groups,
                                   .lda = lda_of(p),
                                   .ldo = ldo_of(p),
                                   .act = (int32_t)p->act,
                                   .scale_type = (int32_t)p->scale_type};
    *s = (struct plan_step){.kernel = row, .grid = {1, 1, 1}, .block = {1, 1, 1}};
    set_arguments(s, &args, sizeof args);
    patch_sections(s, l, offsetof(struct cpu_linear_args, weights), offsetof(struct cpu_linear_args, scales),
                   offsetof(struct cpu_linear_args, zeros), offsetof(struct cpu_linear_args, bias));
    if (p->act_order) patch(s, offsetof(struct cpu_linear_args, perm), PLAN_WEIGHTS, l->perm);
    patch(s, offsetof(struct cpu_linear_args, a), PLAN_A, 0);
    patch(s, offsetof(struct cpu_linear_args, out), PLAN_OUT, 0);
}

void plan_steps(struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                const struct packed_layout *l) {
    switch (row->family) {
    case FAMILY_CPU: plan_cpu(plan, row, p, l); break;
    case FAMILY_DECODE: plan_decode(plan, row, p, l); break;
    case FAMILY_STRIP: plan_strip(plan, row, p, l); break;
    case FAMILY_MATRIX: plan_matrix(plan, row, p, l); break;
    case FAMILY_STAGE: break; /* part of the others */
    }
}
