/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "plan/family.h"
#include "struct_size.h"

/* ---- what a problem must be for any device -------------------------------------------------------- */

static int known_half(w4a16_dtype type) { return type == W4A16_F16 || type == W4A16_BF16; }

static w4a16_status check_nibbles_only(const w4a16_problem *p, w4a16_error *error) {
    if (p->weights.packing != W4A16_PACKED_NIBBLES) return W4A16_OK;
    FAIL_IF(p->shape.N % 8 || p->shape.K % PACK_BLOCK || plan_padded_K(p) != p->shape.K, error,
            W4A16_UNSUPPORTED,
            "weights of nibbles only of N = %" PRId64 " and K = %" PRId64
            ": accepted are an N that is a multiple of 8 and a K that is one of 32, without empty places",
            p->shape.N, p->shape.K);
    FAIL_IF(p->mixture.experts && p->weights.act_order, error, W4A16_UNSUPPORTED,
            "weights of nibbles only of experts with act-order: accepted are experts without, or weights "
            "that are packed whole");
    return W4A16_OK;
}

/* Every number by itself: nothing that is computed from them later overflows. */
static w4a16_status check_numbers(const w4a16_problem *p, w4a16_error *error) {
    const struct {
        const char *name;
        int64_t value, min, max;
    } rows[] = {
        {"shape.M", p->shape.M, 0, W4A16_SIZE_MAX},
        {"shape.N", p->shape.N, 1, W4A16_SIZE_MAX},
        {"shape.K", p->shape.K, 1, W4A16_SIZE_MAX},
        {"shape.padded_K", p->shape.padded_K, 0, W4A16_SIZE_MAX},
        {"shape.group_size", p->shape.group_size, 1, W4A16_SIZE_MAX},
        {"shape.lda", p->shape.lda, 0, W4A16_STRIDE_MAX},
        {"shape.ldo", p->shape.ldo, 0, W4A16_STRIDE_MAX},
        {"mixture.experts", p->mixture.experts, 0, PLAN_EXPERTS_MAX},
        {"mixture.top_k", p->mixture.top_k, 0, PLAN_EXPERTS_MAX},
        {"mixture.sorted_block", p->mixture.sorted_block, 0, INT32_MAX},
        {"mixture.sorted_count", p->mixture.sorted_count, 0, INT32_MAX},
        {"weights.zeros", p->weights.zeros, 0, W4A16_ZEROS_LESS_ONE},
        {"weights.packing", p->weights.packing, 0, W4A16_PACKED_NIBBLES},
        {"epilogue.combine", p->epilogue.combine, 0, W4A16_COMBINE_WEIGH},
    };
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++)
        FAIL_IF(rows[n].value < rows[n].min || rows[n].value > rows[n].max, error, W4A16_INVALID_ARGUMENT,
                "problem.%s is %" PRId64 ": expected %" PRId64 " to %" PRId64, rows[n].name, rows[n].value,
                rows[n].min, rows[n].max);
    return W4A16_OK;
}

/* The parts of a problem are never of another size; what follows them may be missing. */
w4a16_status plan_take(const w4a16_problem *given, w4a16_problem *out, w4a16_error *error) {
    FAIL_IF(!struct_take(out, sizeof *out, given, STRUCT_LEAST(w4a16_problem, epilogue)), error,
            W4A16_INVALID_ARGUMENT, "problem.struct_size is %zu, expected %zu: start from w4a16_problem_init",
            given->struct_size, sizeof *out);
    return W4A16_OK;
}

w4a16_status plan_check(const w4a16_problem *p, w4a16_error *error) {
    TRY(check_numbers(p, error));
    FAIL_IF(p->shape.padded_K && (p->shape.padded_K < p->shape.K || !p->weights.act_order), error,
            W4A16_INVALID_ARGUMENT,
            "problem.shape.padded_K is %" PRId64 ": expected 0, or with act-order at least K = %" PRId64,
            p->shape.padded_K, p->shape.K);
    FAIL_IF(p->weights.zeros == W4A16_ZEROS_LESS_ONE && p->weights.packing != W4A16_PACKED_NIBBLES, error,
            W4A16_INVALID_ARGUMENT,
            "problem.weights.zeros is W4A16_ZEROS_LESS_ONE: expected that of nibbles only, for packing whole "
            "layers has added the one");
    FAIL_IF(p->shape.group_size > plan_padded_K(p), error, W4A16_INVALID_ARGUMENT,
            "problem.shape.group_size is %" PRId64 ": expected 1 to %s = %" PRId64, p->shape.group_size,
            p->shape.padded_K ? "padded_K" : "K", plan_padded_K(p));
    FAIL_IF(!known_half(p->act) || !known_half(p->weights.scale_type), error, W4A16_INVALID_ARGUMENT,
            "problem.act is %d and scale_type %d: expected W4A16_F16 or W4A16_BF16", (int)p->act,
            (int)p->weights.scale_type);
    FAIL_IF((p->shape.lda && p->shape.lda < p->shape.K) || (p->shape.ldo && p->shape.ldo < p->shape.N), error,
            W4A16_INVALID_ARGUMENT,
            "problem.shape.lda is %" PRId64 " and ldo %" PRId64 ": expected 0 or at least K = %" PRId64
            " and N = %" PRId64,
            p->shape.lda, p->shape.ldo, p->shape.K, p->shape.N);
    FAIL_IF((p->mixture.experts > 0) != (p->mixture.top_k > 0) || p->mixture.top_k > p->mixture.experts ||
                (p->epilogue.combine && !p->mixture.experts),
            error, W4A16_INVALID_ARGUMENT,
            "problem.mixture.experts is %" PRId64 ", top_k %" PRId64
            " and combine %d: expected 0, 0 and 0 (dense), or up to "
            "%d experts of which 1 to all are used",
            p->mixture.experts, p->mixture.top_k, p->epilogue.combine, PLAN_EXPERTS_MAX);
    FAIL_IF(plan_slots(p) > W4A16_SIZE_MAX, error, W4A16_INVALID_ARGUMENT,
            "problem.shape.M is %" PRId64 " and top_k %" PRId64 ": expected up to %d uses of experts",
            p->shape.M, p->mixture.top_k, W4A16_SIZE_MAX);
    FAIL_IF((p->mixture.sorted_block > 0) != (p->mixture.sorted_count > 0) ||
                (p->mixture.sorted_block && !p->mixture.experts),
            error, W4A16_INVALID_ARGUMENT,
            "problem.mixture.sorted_block is %" PRId64 " and sorted_count %" PRId64
            ": expected 0 and 0, or with experts a block's size and the places of a list",
            p->mixture.sorted_block, p->mixture.sorted_count);
    return check_nibbles_only(p, error);
}

int64_t plan_rows(const w4a16_problem *p) {
    if (!p->mixture.experts || p->shape.M == 0) return p->shape.M;
    int64_t slots = plan_slots(p), used = slots < p->mixture.experts ? slots : p->mixture.experts;
    int64_t mean = (slots + used - 1) / used;
    if (mean > 8) return mean;
    return 2 * mean < p->shape.M ? 2 * mean : p->shape.M; /* few: some experts have twice as many */
}

/* ---- choosing a row ------------------------------------------------------------------------------- */

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

/*
 * Why the row does not take the problem, in `reason`; returns how many of its limits the problem met before
 * that, so that the caller can name the row that came closest. -1: it takes the problem.
 */
static int refusal(const struct kernel_row *row, const w4a16_problem *p, char *reason, size_t bytes) {
    const struct family *family = row->family;
    int met = 0;
    if (row->level && row->level->here && !row->level->here()) {
        snprintf(reason, bytes, "this host has no %s", row->level->name);
        return met;
    }
    if (p->batch_invariant && family->other_bits) {
        snprintf(reason, bytes,
                 "batch_invariant is set, and its rows have other bits than those of few rows");
        return met;
    }
    if (row->act && row->act != (int)p->act) {
        snprintf(reason, bytes, "activations are %s", w4a16_dtype_name(p->act));
        return met;
    }
    met++;
    if (row->symmetric >= 0 && row->symmetric != (p->weights.zeros == W4A16_ZEROS_NONE)) {
        snprintf(reason, bytes, "the layer is %ssymmetric", p->weights.zeros ? "a" : "");
        return met;
    }
    met++;
    if (!plan_one_group(p) && p->shape.group_size % row->k_chunk) {
        snprintf(reason, bytes,
                 "group_size is %" PRId64 "; accepted are multiples of %" PRId64 " and one group over K",
                 p->shape.group_size, row->k_chunk);
        return met;
    }
    met++;
    if (plan_blocks(p) * PACK_BLOCK % row->k_chunk) {
        snprintf(reason, bytes, "K is %" PRId64 "; accepted are multiples of %" PRId64, p->shape.K,
                 row->k_chunk);
        return met;
    }
    met++;
    if (plan_rows(p) > row->m_max) {
        snprintf(reason, bytes, "%s %" PRId64 "; accepted are up to %" PRId64 " rows",
                 p->mixture.experts ? "rows of an expert are about" : "M is", plan_rows(p), row->m_max);
        return met;
    }
    met++;
    reason[0] = 0;
    if (family->leaves) family->leaves(row, p, reason, bytes);
    if (reason[0]) return met;
    met++;
    if (family->too_large) family->too_large(row, p, reason, bytes);
    return reason[0] ? met : -1;
}

/* Up to 16 rows a row has the same bits in every batch, which all families but some agree on. */
static int keeps_bits(const struct kernel_row *row, const w4a16_problem *p) {
    return !row->family->other_bits || plan_rows(p) > PLAN_FEW_ROWS;
}

/* Whether costs decide between two rows; else the first in the table is taken. */
static int compared(const struct kernel_row *a, const struct kernel_row *b) {
    if (a->family == b->family && a->family->first_taken) return 0;
    return a->family->cost && b->family->cost;
}

static int better(const struct kernel_row *row, const struct kernel_row *best, const w4a16_problem *p) {
    if (!best) return 1;
    if (keeps_bits(row, p) != keeps_bits(best, p)) return keeps_bits(row, p);
    return compared(row, best) && row->family->cost(row, p) < best->family->cost(best, p);
}

/* The rows of the products that are chosen from: index counts up from 0; null behind the last. */
static const struct kernel_row *candidate(const struct plan_request *r, size_t index) {
    for (const struct family *const *f = r->families ? r->families : kernel_families; *f; f++)
        for (size_t n = 0; n < (*f)->row_count; n++)
            if ((*f)->role == ROLE_LINEAR && strcmp((*f)->rows[n].arch, r->arch) == 0 && index-- == 0)
                return &(*f)->rows[n];
    return NULL;
}

static w4a16_status choose(const struct plan_request *r, const struct kernel_row **out, w4a16_error *error) {
    const struct kernel_row *closest = NULL, *best = NULL, *row;
    char reason[256], why[256] = "";
    int most = -1;
    for (size_t n = 0; (row = candidate(r, n)); n++) {
        if (masked(r->kernel_mask, row->name)) continue;
        int met = refusal(row, &r->problem, reason, sizeof reason);
        if (met < 0 && better(row, best, &r->problem)) best = row;
        if (met >= most) { /* the later row of equals: larger M, smaller chunks */
            most = met;
            closest = row;
            memcpy(why, reason, sizeof why);
        }
    }
    *out = best;
    if (best) return W4A16_OK;
    FAIL_IF(!closest, error, W4A16_UNSUPPORTED,
            "every kernel of this device is masked off (kernel_mask \"%s\")",
            r->kernel_mask ? r->kernel_mask : "");
    return w4a16_fail(error, W4A16_UNSUPPORTED,
                      "no kernel takes this problem; the closest, %s, refuses it: %s", closest->name, why);
}

/* The kernels that prepare and complete the product: whether they are there and can be launched. */
static w4a16_status check_helpers(const struct plan_request *r, const struct kernel_row *product,
                                  w4a16_error *error) {
    for (int role = 0; role < ROLES; role++) {
        const struct kernel_row *helper = plan_helper(r->arch, (enum kernel_role)role, r->problem.act);
        if (!helper || !helper->family->needed(product, &r->problem)) continue;
        const struct family *family = helper->family;
        struct plan_grid grid = family->grid(helper, &r->problem);
        FAIL_IF(masked(r->kernel_mask, helper->name), error, W4A16_UNSUPPORTED, "%s %s, which is masked off",
                family->who_needs, helper->name);
        FAIL_IF(!plan_grid_fits(grid), error, W4A16_UNSUPPORTED,
                "%s %s with %" PRId64 " x %" PRId64 " work-groups of %" PRId64
                " work-items; a launch holds up to %" PRId64 " along y and 2^32 - 1 work-items: take fewer "
                "rows at a time",
                family->who_needs, helper->name, grid.x, grid.y, grid.threads, PLAN_GRID_Y_MAX);
    }
    return W4A16_OK;
}

w4a16_status plan_supports(const struct plan_request *r, w4a16_error *error) {
    const struct kernel_row *row;
    TRY(plan_check(&r->problem, error));
    TRY(choose(r, &row, error));
    return row->family->helped ? check_helpers(r, row, error) : W4A16_OK;
}

static void explain(const struct plan_request *r, const struct kernel_row *row, const struct kernel_row *best,
                    w4a16_choice *c) {
    const w4a16_problem *p = &r->problem;
    *c = (w4a16_choice){.kernel = row->name};
    if (masked(r->kernel_mask, row->name)) {
        snprintf(c->reason, sizeof c->reason, "masked off");
        return;
    }
    if (refusal(row, p, c->reason, sizeof c->reason) >= 0) return;
    c->takes = 1;
    c->reason[0] = 0;
    c->chosen = row == best;
    if (row->family->cost && best->family->cost)
        c->cost = row->family->cost(row, p) / best->family->cost(best, p);
    if (c->chosen) return;
    if (!keeps_bits(row, p) && keeps_bits(best, p))
        snprintf(c->reason, sizeof c->reason,
                 "up to %d rows have the same bits in every batch, but not by it", PLAN_FEW_ROWS);
    else if (compared(row, best))
        snprintf(c->reason, sizeof c->reason, "estimated to take %.2f times as long as the chosen one",
                 c->cost);
    else
        snprintf(c->reason, sizeof c->reason, "%s comes first: %s", best->name,
                 row->family == best->family && row->family->first_taken ? row->family->first_taken
                                                                         : "in the order of the table");
}

size_t plan_explain(const struct plan_request *r, w4a16_choice *rows, size_t capacity, w4a16_error *error) {
    if (plan_check(&r->problem, error) != W4A16_OK) return 0;
    const struct kernel_row *best = NULL, *row;
    choose(r, &best, NULL);
    size_t used = 0;
    for (; (row = candidate(r, used)); used++)
        if (used < capacity) explain(r, row, best, &rows[used]);
    return used;
}

/* ---- plans ---------------------------------------------------------------------------------------- */

static int agrees(const w4a16_problem *p, const struct packed_layout *l) {
    return p->shape.N == l->N && p->shape.K == l->K && plan_padded_K(p) == l->padded_K &&
           p->shape.group_size == l->group_size && p->weights.scale_type == l->kind.scale_type &&
           !p->weights.zeros == !l->kind.zeros && !p->weights.act_order == !l->kind.act_order &&
           (p->epilogue.has_bias || !l->has_bias) && p->mixture.experts == l->experts &&
           p->weights.packing == l->kind.packing;
}

w4a16_status plan_build(const struct plan_request *r, const struct packed_layout *layout, struct plan *out,
                        w4a16_error *error) {
    const w4a16_problem *p = &r->problem;
    const struct kernel_row *row;
    TRY(plan_supports(r, error));
    FAIL_IF(!agrees(p, layout), error, W4A16_INVALID_ARGUMENT,
            "the problem (N = %" PRId64 ", K = %" PRId64 ", groups of %" PRId64
            ", %s scales, %ssymmetric%s%s%s, %" PRId64 " experts) is not "
            "that of the weights: fill it with w4a16_problem_from_weights",
            p->shape.N, p->shape.K, p->shape.group_size, w4a16_dtype_name(p->weights.scale_type),
            p->weights.zeros ? "a" : "", p->weights.act_order ? ", act-order" : "",
            p->epilogue.has_bias ? ", bias" : "", p->weights.packing ? ", nibbles only" : "",
            p->mixture.experts);
    TRY(choose(r, &row, error));
    int nibbles = p->weights.packing == W4A16_PACKED_NIBBLES;
    *out = (struct plan){.experts = p->mixture.experts != 0,
                         .bias = p->epilogue.has_bias && !layout->has_bias,
                         .sorted = p->mixture.sorted_block != 0,
                         .scales = nibbles,
                         .zeros = nibbles && p->weights.zeros,
                         .order = nibbles && p->weights.act_order};
    if (p->shape.M == 0) return W4A16_OK;
    plan_steps(out, row, p, layout);
    return W4A16_OK;
}

void plan_fill_kernarg(const struct plan_step *step, const uint64_t bases[PLAN_BASES], unsigned char *to) {
    memcpy(to, step->kernarg, step->kernarg_bytes);
    for (unsigned n = 0; n < step->patch_count; n++) {
        uint64_t address = bases[step->patches[n].base] + step->patches[n].addend;
        memcpy(to + step->patches[n].offset, &address, sizeof address);
    }
}
