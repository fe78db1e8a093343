/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "plan/plan.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "core/error.h"
#include "layer/cpu_linear.h"

static_assert(sizeof(struct decode_args) <= PLAN_KERNARG_MAX &&
                  sizeof(struct stage_args) <= PLAN_KERNARG_MAX &&
                  sizeof(struct cpu_linear_args) <= PLAN_KERNARG_MAX,
              "PLAN_KERNARG_MAX holds every kernel's arguments");

#define STAGE_WIDTH 256 /* work-items of stage.c */

/* ---- what a problem must be for any device ---------------------------------------------------------------
 */

static int known_half(w4a16_dtype type) { return type == W4A16_F16 || type == W4A16_BF16; }

static w4a16_status check_problem(const w4a16_problem *p, w4a16_error *error) {
    FAIL_IF(p->struct_size != sizeof *p, error, W4A16_INVALID_ARGUMENT,
            "problem.struct_size is %zu, expected %zu: start from w4a16_problem_init", p->struct_size,
            sizeof *p);
    FAIL_IF(p->M < 0 || p->N < 1 || p->K < 1, error, W4A16_INVALID_ARGUMENT,
            "problem of M = %" PRId64 ", N = %" PRId64 ", K = %" PRId64 ": expected M >= 0, N >= 1, K >= 1",
            p->M, p->N, p->K);
    FAIL_IF(p->group_size < 1 || p->group_size > p->K, error, W4A16_INVALID_ARGUMENT,
            "problem.group_size is %" PRId64 ": expected 1 to K = %" PRId64, p->group_size, p->K);
    FAIL_IF(!known_half(p->act) || !known_half(p->scale_type), error, W4A16_INVALID_ARGUMENT,
            "problem.act is %d and scale_type %d: expected W4A16_F16 or W4A16_BF16", (int)p->act,
            (int)p->scale_type);
    FAIL_IF((p->lda && p->lda < p->K) || (p->ldo && p->ldo < p->N), error, W4A16_INVALID_ARGUMENT,
            "problem.lda is %" PRId64 " and ldo %" PRId64 ": expected 0 or at least K = %" PRId64
            " and N = %" PRId64,
            p->lda, p->ldo, p->K, p->N);
    return W4A16_OK;
}

static int64_t lda_of(const w4a16_problem *p) { return p->lda ? p->lda : p->K; }
static int64_t ldo_of(const w4a16_problem *p) { return p->ldo ? p->ldo : p->N; }
static int64_t blocks_of(const w4a16_problem *p) { return (p->K + PACK_BLOCK - 1) / PACK_BLOCK; }
static int one_group(const w4a16_problem *p) { return p->group_size >= p->K; }

/* ---- choosing a row ----------------------------------------------------------------------------------- */

/* Whether a comma-separated list names the kernel, by name or by a prefix that ends in '*'. */
static int masked(const char *mask, const char *name) {
    while (mask && *mask) {
        size_t length = strcspn(mask, ",");
        if (length && mask[length - 1] == '*' ? strncmp(mask, name, length - 1) == 0
                                              : strlen(name) == length && strncmp(mask, name, length) == 0)
            return 1;
        mask += length + (mask[length] == ',');
    }
    return 0;
}

/* The gfx11 kernels' 32-bit arithmetic: group_of in decode.c, and row strides in bytes. */
#define CHUNK_PRODUCT_MAX (INT64_C(1) << 31)
#define LDA_BYTES_MAX     ((INT64_C(1) << 32) / 16)
#define N_MAX             (INT64_C(1) << 31)

/*
 * Why the row does not take the problem, in `reason`; returns how many of its limits the problem met before
 * that, so that the caller can name the row that came closest. -1: it takes the problem.
 */
static int refusal(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    int met = 0;
    if (row->act && row->act != (int)p->act) {
        snprintf(reason, bytes, "activations are %s", w4a16_dtype_name(p->act));
        return met;
    }
    met++;
    if (row->symmetric >= 0 && row->symmetric != !!p->symmetric) {
        snprintf(reason, bytes, "the layer is %ssymmetric", p->symmetric ? "" : "a");
        return met;
    }
    met++;
    if (!one_group(p) && p->group_size % row->k_chunk) {
        snprintf(reason, bytes,
                 "group_size is %" PRId64 "; accepted are multiples of %" PRId64 " and one group over K",
                 p->group_size, row->k_chunk);
        return met;
    }
    met++;
    if (blocks_of(p) * PACK_BLOCK % row->k_chunk) {
        snprintf(reason, bytes, "K is %" PRId64 "; accepted are multiples of %" PRId64, p->K, row->k_chunk);
        return met;
    }
    met++;
    if (p->M > row->m_max) {
        snprintf(reason, bytes, "M is %" PRId64 "; accepted are up to %" PRId64 " rows", p->M, row->m_max);
        return met;
    }
    met++;
    if (row->device_class == DEVICE_CLASS_GFX11) {
        int64_t chunks = blocks_of(p) * PACK_BLOCK / row->k_chunk, per_group = p->group_size / row->k_chunk;
        if (p->N > N_MAX || 2 * lda_of(p) > LDA_BYTES_MAX || p->K > LDA_BYTES_MAX / 2 ||
            (!one_group(p) && (2 * chunks + 1) * per_group >= CHUNK_PRODUCT_MAX)) {
            snprintf(reason, bytes,
                     "N = %" PRId64 ", K = %" PRId64 ", row stride %" PRId64 " is too large for its "
                     "32-bit indices",
                     p->N, p->K, lda_of(p));
            return met;
        }
    }
    return -1;
}

static w4a16_status choose(const struct plan_request *r, const struct kernel_row **out, w4a16_error *error) {
    const struct kernel_row *closest = NULL;
    char reason[256], best[256] = "";
    int most = -1;
    for (size_t n = 0; n < kernel_row_count(); n++) {
        const struct kernel_row *row = kernel_row_at(n);
        if (row->device_class != r->device_class || row->role != ROLE_LINEAR ||
            masked(r->kernel_mask, row->name))
            continue;
        int met = refusal(row, &r->problem, reason, sizeof reason);
        if (met < 0) {
            *out = row;
            return W4A16_OK;
        }
        if (met >= most) { /* the later row of equals: larger M, smaller chunks */
            most = met;
            closest = row;
            memcpy(best, reason, sizeof best);
        }
    }
    FAIL_IF(!closest, error, W4A16_UNSUPPORTED,
            "every kernel of this device is masked off (kernel_mask \"%s\")",
            r->kernel_mask ? r->kernel_mask : "");
    return w4a16_fail(error, W4A16_UNSUPPORTED,
                      "no kernel takes this problem; the closest, %s, refuses it: %s", closest->name, best);
}

static const struct kernel_row *stage_row(void) {
    for (size_t n = 0; n < kernel_row_count(); n++)
        if (kernel_row_at(n)->role == ROLE_STAGE) return kernel_row_at(n);
    return NULL;
}

/* What scalar loads of activations cannot take. */
static int needs_stage(const w4a16_problem *p) { return p->act_order || p->K % PACK_BLOCK || lda_of(p) % 2; }

w4a16_status plan_supports(const struct plan_request *r, w4a16_error *error) {
    const struct kernel_row *row;
    TRY(check_problem(&r->problem, error));
    TRY(choose(r, &row, error));
    FAIL_IF(row->device_class == DEVICE_CLASS_GFX11 && needs_stage(&r->problem) &&
                masked(r->kernel_mask, stage_row()->name),
            error, W4A16_UNSUPPORTED,
            "act-order, odd row strides and K that is no multiple of %d need %s, which is "
            "masked off",
            PACK_BLOCK, stage_row()->name);
    return W4A16_OK;
}

/* ---- steps -------------------------------------------------------------------------------------------- */

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
    *s = (struct plan_step){.kernel = stage_row(),
                            .grid = {(uint32_t)((padded + STAGE_WIDTH - 1) / STAGE_WIDTH), (uint32_t)p->M, 1},
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
    int staged = needs_stage(p);
    if (staged) plan_stage(plan, p, l);
    struct plan_step *s = &plan->steps[plan->step_count++];
    int64_t chunks = l->blocks * PACK_BLOCK / row->k_chunk, per_group = p->group_size / row->k_chunk;
    struct decode_args args = {
        .M = (uint32_t)p->M,
        .N = (uint32_t)p->N,
        .blocks = (uint32_t)l->blocks,
        .groups = (uint32_t)l->groups,
        .group_divisor = one_group(p) ? 0 : (uint32_t)(((INT64_C(1) << 31) + per_group - 1) / per_group),
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

static int agrees(const w4a16_problem *p, const struct packed_layout *l) {
    return p->N == l->N && p->K == l->K && p->group_size == l->group_size && p->scale_type == l->scale_type &&
           !p->symmetric == !l->symmetric && !p->act_order == !l->act_order && !p->has_bias == !l->has_bias;
}

w4a16_status plan_build(const struct plan_request *r, const struct packed_layout *layout, struct plan *out,
                        w4a16_error *error) {
    const w4a16_problem *p = &r->problem;
    const struct kernel_row *row;
    TRY(plan_supports(r, error));
    FAIL_IF(!agrees(p, layout), error, W4A16_INVALID_ARGUMENT,
            "the problem (N = %" PRId64 ", K = %" PRId64 ", groups of %" PRId64
            ", %s scales, %ssymmetric%s%s) is not "
            "that of the weights: fill it with w4a16_problem_from_weights",
            p->N, p->K, p->group_size, w4a16_dtype_name(p->scale_type), p->symmetric ? "" : "a",
            p->act_order ? ", act-order" : "", p->has_bias ? ", bias" : "");
    TRY(choose(r, &row, error));
    *out = (struct plan){0};
    if (p->M == 0) return W4A16_OK;
    if (row->device_class == DEVICE_CLASS_GFX11)
        plan_decode(out, row, p, layout);
    else
        plan_cpu(out, row, p, layout);
    return W4A16_OK;
}

void plan_fill_kernarg(const struct plan_step *step, const uint64_t bases[PLAN_BASES], unsigned char *to) {
    memcpy(to, step->kernarg, step->kernarg_bytes);
    for (unsigned n = 0; n < step->patch_count; n++) {
        uint64_t address = bases[step->patches[n].base] + step->patches[n].addend;
        memcpy(to + step->patches[n].offset, &address, sizeof address);
    }
}
