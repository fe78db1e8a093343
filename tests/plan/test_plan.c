/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Plans: every supported problem gets launches whose kernels exist for every target, every other one a
 * reason; the mask walks the ladder of kernels; what decides the order of additions does not depend on M.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "args.h"
#include "cpu/linear.h"
#include "plan/family.h"

/* Whether every target that was built has the object. */
static int all_have(const char *object) {
    struct kernel_object found;
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (!kernel_object_find(kernel_object_at(n).target, object, &found)) return 0;
    return 1;
}

static struct plan_request request(int64_t M, int64_t N, int64_t K, int64_t group_size) {
    struct plan_request r = {.arch = "gfx11"};
    w4a16_problem_init(&r.problem);
    r.problem.shape.M = M, r.problem.shape.N = N, r.problem.shape.K = K,
    r.problem.shape.group_size = group_size;
    return r;
}

static struct packed_layout layout_of(const w4a16_problem *p) {
    static const uint8_t zero;
    static const int32_t perm;
    static const float bias;
    w4a16_layer l;
    w4a16_layer_init(&l);
    l.N = p->shape.N, l.K = p->shape.K, l.group_size = p->shape.group_size,
    l.scale_type = p->weights.scale_type;
    l.zero = p->weights.zeros ? &zero : NULL; /* only their presence counts */
    l.perm = p->weights.act_order ? &perm : NULL;
    l.bias = p->epilogue.has_bias ? &bias : NULL;
    return packed_layout_of(&l, p->mixture.experts);
}

static struct plan build(const struct plan_request *r) {
    struct packed_layout layout = layout_of(&r->problem);
    struct plan plan = {0};
    w4a16_error error;
    if (plan_supports(r, &error) != W4A16_OK || plan_build(r, &layout, &plan, &error) != W4A16_OK)
        fail_msg("%s", error.message);
    return plan;
}

static struct decode_args decode_args_of(const struct plan *plan) {
    struct decode_args args;
    const struct plan_step *last = &plan->steps[plan->step_count - 1];
    assert_int_equal(last->kernarg_bytes, sizeof args);
    memcpy(&args, last->kernarg, sizeof args);
    return args;
}

static struct matrix_args matrix_args_of(const struct plan *plan) {
    struct matrix_args args;
    const struct plan_step *last = &plan->steps[plan->step_count - 1];
    assert_int_equal(last->kernarg_bytes, sizeof args);
    memcpy(&args, last->kernarg, sizeof args);
    return args;
}

/* ---- every supported problem --------------------------------------------------------------------------- */

static void check_patches(const struct plan_step *s, const struct plan *plan, const struct packed_layout *l) {
    for (unsigned i = 0; i < s->patch_count; i++) {
        const struct plan_patch *p = &s->patches[i];
        assert_true(p->offset % 8 == 0 && p->offset + 8u <= s->kernarg_bytes);
        if (p->base == PLAN_WEIGHTS) assert_true(p->addend < l->bytes);
        if (p->base == PLAN_WORKSPACE) assert_true(p->addend < plan->workspace_bytes);
        for (unsigned other = 0; other < i; other++)
            assert_int_not_equal(s->patches[other].offset, p->offset);
    }
}

static void check_decode(const struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                         const struct packed_layout *l) {
    const struct plan_step *s = &plan->steps[plan->step_count - 1];
    struct decode_args args = decode_args_of(plan);
    assert_int_equal(s->grid[0], l->strips);
    assert_int_equal(s->block[0], args.waves * 32);
    assert_in_range(args.waves, 1, 16);
    assert_true(args.waves <= l->blocks * 32 / row->k_chunk); /* no wave without a chunk */
    assert_int_equal(s->lds_bytes, args.waves * row->m_max * 128);
    assert_true(s->lds_bytes <= 65536 / 2); /* two work-groups on a processor */
    assert_int_equal(args.lda_bytes % 4, 0);
    assert_true(args.M == p->shape.M && args.N == p->shape.N && args.blocks == l->blocks &&
                args.groups == l->groups);
}

/* Strip and matrix kernels. */
static void check_tiled(const struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                        const struct packed_layout *l) {
    const struct plan_step *s = &plan->steps[plan->step_count - 1];
    struct matrix_args args = matrix_args_of(plan);
    assert_true((int64_t)s->grid[0] * row->n_tile >= p->shape.N &&
                ((int64_t)s->grid[0] - 1) * row->n_tile < p->shape.N);
    assert_true((int64_t)s->grid[1] * row->m_tile >= p->shape.M &&
                ((int64_t)s->grid[1] - 1) * row->m_tile < p->shape.M);
    assert_true(args.M == p->shape.M && args.N == p->shape.N && args.blocks == l->blocks &&
                args.groups == l->groups);
    assert_true(args.strips == l->strips && args.lda % 2 == 0);
    assert_true(s->lds_bytes <= 65536);
    /* What is summed before it is scaled lies in one group and divides K; no wave is without work. */
    assert_true(args.fold && args.fold <= 4 && args.blocks % args.fold == 0);
    assert_true(row->k_chunk == 16 || p->shape.group_size >= p->shape.K ||
                p->shape.group_size % (args.fold * 32) == 0);
    if (row->family == &matrix_family) {
        assert_int_equal(s->block[0], row->threads);
    } else {
        assert_int_equal(s->block[0], args.waves * 32);
        assert_in_range(args.waves, 1, args.blocks / args.fold);
        assert_int_equal(s->lds_bytes, args.waves * row->m_tile * 128);
    }
}

static void check_linear(const struct plan *plan, const w4a16_problem *p, const struct packed_layout *l) {
    const struct kernel_row *row = plan->steps[plan->step_count - 1].kernel;
    assert_int_equal(row->family->role, ROLE_LINEAR);
    assert_true(row->act == (int)p->act && row->symmetric == (p->weights.zeros == W4A16_ZEROS_NONE) &&
                row->m_max >= p->shape.M);
    assert_true(p->shape.group_size >= p->shape.K || p->shape.group_size % row->k_chunk == 0);
    (row->family == &decode_family ? check_decode : check_tiled)(plan, row, p, l);
}

static void check_stage(const struct plan *plan, const w4a16_problem *p, const struct packed_layout *l) {
    const struct plan_step *s = &plan->steps[0];
    struct stage_args args;
    assert_int_equal(s->kernarg_bytes, sizeof args);
    memcpy(&args, s->kernarg, sizeof args);
    assert_int_equal(s->kernel->family->role, ROLE_STAGE);
    assert_int_equal(args.stride, l->blocks * 32);
    assert_true(args.padded_K == p->shape.K &&
                args.lda == (uint64_t)(p->shape.lda ? p->shape.lda : p->shape.K));
    assert_true((int64_t)s->grid[1] * s->block[0] >= args.stride && s->grid[0] == p->shape.M);
    assert_int_equal(plan->workspace_bytes, ((size_t)p->shape.M * args.stride * 2 + 255) / 256 * 256);
    if (plan->steps[1].kernel->family == &decode_family)
        assert_int_equal(decode_args_of(plan).lda_bytes, 2 * args.stride);
    else
        assert_int_equal(matrix_args_of(plan).lda, args.stride);
}

static void check_plan(const struct plan_request *r) {
    const w4a16_problem *p = &r->problem;
    struct packed_layout layout = layout_of(p);
    struct plan plan = build(r);
    int staged = p->weights.act_order || p->shape.K % 32 || (p->shape.lda ? p->shape.lda : p->shape.K) % 2;
    if (p->shape.M == 0) {
        assert_true(plan.step_count == 0 && plan.workspace_bytes == 0);
        return;
    }
    assert_int_equal(plan.step_count, 1 + staged);
    for (unsigned i = 0; i < plan.step_count; i++) {
        assert_true(all_have(plan.steps[i].kernel->family->name));
        check_patches(&plan.steps[i], &plan, &layout);
    }
    check_linear(&plan, p, &layout);
    if (staged)
        check_stage(&plan, p, &layout);
    else
        assert_int_equal(plan.workspace_bytes, 0);
}

static void test_supported(void **state) {
    (void)state;
    static const int64_t groups[] = {16, 32, 48, 64, 96, 128, 160, 256, 1024, -1};
    static const int64_t ms[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,   10,  11,  12,  13,   14,    15,
                                 16, 17, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 512, 4097, 100000};
    static const int64_t shapes[][2] = {{1, 32},      {33, 1000},    {4096, 4096},
                                        {2560, 9728}, {28672, 8192}, {40, 8}};
    for (size_t m = 0; m < sizeof ms / sizeof ms[0]; m++)
        for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
                for (unsigned options = 0; options < 64; options++) {
                    int64_t K = shapes[s][1];
                    struct plan_request r =
                        request(ms[m], shapes[s][0], K, groups[g] < 0 || groups[g] > K ? K : groups[g]);
                    r.problem.act = options & 1 ? W4A16_BF16 : W4A16_F16;
                    r.problem.weights.scale_type = options & 2 ? W4A16_BF16 : W4A16_F16;
                    r.problem.weights.zeros = options & 4 ? W4A16_ZEROS_STORED : W4A16_ZEROS_NONE;
                    r.problem.weights.act_order = !!(options & 8);
                    r.problem.epilogue.has_bias = !!(options & 16);
                    r.problem.shape.lda = options & 32 ? K + 3 : 0;
                    check_plan(&r);
                }
}

/* What the order of additions follows from: waves, K that are summed before they are scaled. */
struct order {
    uint32_t waves, summed, divisor;
};
static struct order order_of(const struct plan *plan) {
    const struct kernel_row *row = plan->steps[plan->step_count - 1].kernel;
    if (row->family == &decode_family) {
        struct decode_args args = decode_args_of(plan);
        return (struct order){args.waves, (uint32_t)row->k_chunk, args.group_divisor};
    }
    assert_ptr_equal(row->family, &strip_family);
    struct matrix_args args = matrix_args_of(plan);
    return (struct order){args.waves, 32 * args.fold, args.divisor};
}

static void check_one_order(struct plan_request r, const int64_t *ms, size_t count) {
    struct order first = {0};
    for (size_t m = 0; m < count; m++) {
        r.problem.shape.M = ms[m];
        struct plan plan = build(&r);
        struct order order = order_of(&plan);
        if (!m) first = order;
        assert_memory_equal(&order, &first, sizeof order);
    }
}

/* Up to 16 rows, and with batch_invariant for every M, decode and strips add in one order. */
static void test_batch_invariant(void **state) {
    (void)state;
    static const int64_t shapes[][3] = {{4096, 4096, 128}, {1024, 4096, 64}, {1024, 4096, 48},
                                        {512, 4096, 32},   {64, 256, 32},    {320, 1000, 1000}};
    static const int64_t ms[] = {1, 2, 3, 4, 5, 8, 9, 12, 15, 16, 17, 32, 33, 64, 65, 1000};
    enum { FEW = 10 };
    static const char *const masks[] = {NULL, "w4a16_decode*", "w4a16_decode_f16_m1_*,w4a16_decode_f16_m8*"};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (size_t n = 0; n < sizeof masks / sizeof masks[0]; n++) {
            struct plan_request r = request(1, shapes[s][0], shapes[s][1], shapes[s][2]);
            r.kernel_mask = masks[n];
            check_one_order(r, ms, FEW);
            r.problem.batch_invariant = 1;
            check_one_order(r, ms, sizeof ms / sizeof ms[0]);
        }
}

/* The kernels divide a chunk's number by chunks per group with one multiplication: right for all they get. */
static void test_group_divisor(void **state) {
    (void)state;
    for (int64_t group = 32; group <= 65536; group += 32) {
        int64_t K = group * 5 > 1 << 18 ? group * 5 : 1 << 18;
        struct plan_request r = request(1, 32, K, group);
        struct plan plan;
        struct packed_layout layout = layout_of(&r.problem);
        if (plan_supports(&r, NULL) != W4A16_OK) continue; /* the limit that this rule has */
        assert_int_equal(plan_build(&r, &layout, &plan, NULL), W4A16_OK);
        struct decode_args args = decode_args_of(&plan);
        int64_t chunk_K = plan.steps[0].kernel->k_chunk;
        for (int64_t chunk = 0; chunk < args.blocks * (int64_t)32 / chunk_K; chunk++) {
            uint32_t got = (uint32_t)(((uint64_t)(2 * (uint32_t)chunk + 1) * args.group_divisor) >> 32);
            if (got != chunk * chunk_K / group) fail_msg("group %d, chunk %d", (int)group, (int)chunk);
        }
    }
}

/* ---- refusals ------------------------------------------------------------------------------------------ */

static void refuses(const struct plan_request *r, w4a16_status status, const char *message) {
    w4a16_error error = {0};
    assert_int_equal(plan_supports(r, &error), status);
    assert_string_equal(error.message, message);
    struct packed_layout layout = {0};
    struct plan plan;
    assert_int_equal(plan_build(r, &layout, &plan, &error), status);
}

static void test_unsupported(void **state) {
    (void)state;
    struct plan_request r = request(1, 4096, 4096, 24);
    refuses(&r, W4A16_UNSUPPORTED,
            "no kernel takes this problem; the closest, w4a16_matrix_f16_64x128_g16_sym, refuses it: "
            "group_size is 24; accepted are multiples of 16 and one group over K");
}

/* ---- sizes --------------------------------------------------------------------------------------------- */

enum { SIZE = W4A16_SIZE_MAX };
static const int64_t max64 = INT64_MAX, min64 = INT64_MIN, two32 = INT64_C(1) << 32;

/* Each number has its own sentence, which says what is accepted; nothing is computed from one too large. */
static void test_numbers(void **state) {
    (void)state;
    static const struct {
        size_t field;
        const char *name;
        int64_t min, max;
    } rows[] = {
#define ROW(name, min, max) {offsetof(w4a16_problem, name), #name, min, max}
        ROW(shape.M, 0, SIZE),
        ROW(shape.N, 1, SIZE),
        ROW(shape.K, 1, SIZE),
        ROW(shape.padded_K, 0, SIZE),
        ROW(shape.group_size, 1, SIZE),
        ROW(shape.lda, 0, W4A16_STRIDE_MAX),
        ROW(shape.ldo, 0, W4A16_STRIDE_MAX),
        ROW(mixture.experts, 0, 1024),
        ROW(mixture.top_k, 0, 1024),
        ROW(mixture.sorted_block, 0, INT32_MAX),
        ROW(mixture.sorted_count, 0, INT32_MAX)
#undef ROW
    };
    for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        const int64_t wrong[] = {rows[n].min - 1, rows[n].max + 1, two32, two32 + 1, max64, min64};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            struct plan_request r = request(1, 64, 64, 32);
            char expected[128];
            memcpy((char *)&r.problem + rows[n].field, &wrong[i], sizeof wrong[i]);
            snprintf(expected, sizeof expected, "problem.%s is %lld: expected %lld to %lld", rows[n].name,
                     (long long)wrong[i], (long long)rows[n].min, (long long)rows[n].max);
            refuses(&r, W4A16_INVALID_ARGUMENT, expected);
            r.arch = "cpu";
            refuses(&r, W4A16_INVALID_ARGUMENT, expected);
        }
    }
    struct plan_request r = request(SIZE / 8 + 1, 64, 64, 32);
    r.problem.mixture.experts = r.problem.mixture.top_k = 8;
    refuses(&r, W4A16_INVALID_ARGUMENT,
            "problem.shape.M is 2097153 and top_k 8: expected up to 16777216 uses of experts");
}

/* The sentence of the only kernel that is left. */
static void refuses_by(struct plan_request r, const char *others, const char *kernel, const char *reason) {
    char expected[512];
    r.kernel_mask = others;
    snprintf(expected, sizeof expected, "no kernel takes this problem; the closest, %s, refuses it: %s",
             kernel, reason);
    refuses(&r, W4A16_UNSUPPORTED, expected);
}

#define NOT_STRIPS   "w4a16_decode*,w4a16_matrix*,w4a16_strip_f16_m16*,w4a16_strip_f16_m32*"
#define NOT_MATRICES "w4a16_decode*,w4a16_strip*,w4a16_matrix_f16_128*"
#define NOT_DECODE   "w4a16_matrix*,w4a16_strip*"
#define A_LAUNCH     "a launch holds up to 65535 along y and 2^32 - 1 work-items"

/* What a launch and the kernels' 32-bit numbers hold, at the edge and one beyond. */
static void test_edges(void **state) {
    (void)state;
    struct plan_request r = request(65535 * 64, 32, 32, 32);
    r.kernel_mask = NOT_STRIPS;
    assert_int_equal(build(&r).steps[0].grid[1], 65535);
    r.problem.shape.M++;
    refuses_by(r, NOT_STRIPS, "w4a16_strip_f16_m64_g16_sym",
               "it needs 1 x 65536 work-groups of 32 work-items; " A_LAUNCH);
    r.problem.shape.M--, r.kernel_mask = NOT_MATRICES;
    assert_int_equal(build(&r).steps[0].grid[1], 65535);
    r.problem.shape.M = SIZE;
    refuses_by(r, NOT_MATRICES, "w4a16_matrix_f16_64x128_g16_sym",
               "it needs 1 x 262144 work-groups of 128 work-items; " A_LAUNCH);

    r = request(4096, SIZE, 32, 32); /* 64 x 131072 work-groups of 128: 2^30 work-items */
    r.kernel_mask = NOT_MATRICES;
    assert_int_equal(build(&r).steps[0].grid[0], SIZE / 128);
    r.problem.shape.M = 4 * 4096 - 64;
    build(&r);
    r.problem.shape.M = 4 * 4096;
    refuses_by(r, NOT_MATRICES, "w4a16_matrix_f16_64x128_g16_sym",
               "it needs 131072 x 256 work-groups of 128 work-items; " A_LAUNCH);

    r = request(1, 32, SIZE / 2, 64); /* (2 * 2^17 + 1) * 1 chunks of 64 ... */
    build(&r);
    r = request(1, 32, SIZE, 128 * 8191); /* (2 * 2^17 + 1) * 8191 < 2^31 */
    r.kernel_mask = "w4a16_matrix*,w4a16_strip*";
    build(&r);
    r.problem.shape.group_size = 128 * 8192;
    refuses_by(r, NOT_DECODE, "w4a16_decode_f16_m16_g32_sym",
               "group_size is 1048576; with K = 16777216 it counts groups of up to 65504, or one");
    r.problem.shape.group_size = SIZE;
    build(&r);
    r.problem.shape.group_size = 16, r.problem.shape.N = 4096;
    r.problem.batch_invariant = 1;
    build(&(struct plan_request){.arch = "gfx11", .problem = r.problem});
    r.problem.shape.N = 4097;
    r.kernel_mask = NULL;
    refuses_by(r, "w4a16_decode*,w4a16_matrix*", "w4a16_strip_f16_m64_g16_sym",
               "N = 4097 columns have 1048576 groups each; accepted are up to 2^32 together");

    r = request(1, SIZE / 4, 32, 32);
    r.problem.mixture.experts = 1024, r.problem.mixture.top_k = 1;
    build(&r);
    r.problem.shape.N++;
    refuses_by(r, "w4a16_decode*,w4a16_matrix*", "w4a16_strip_f16_m16_g16_sym",
               "1024 experts have N = 4194305 columns each; accepted are up to 2^32 together");

    r = request(8192, 32, 32, 32);
    r.problem.mixture.experts = 1024, r.problem.mixture.top_k = 1, r.problem.shape.lda = (1 << 18);
    r.kernel_mask = NOT_DECODE;
    build(&r);
    r.problem.shape.lda += 2;
    refuses_by(
        r, NOT_DECODE, "w4a16_decode_f16_m16_g32_sym",
        "the activations of 8192 uses of experts are 524292 bytes apart; accepted are up to 2^32 bytes "
        "together");
}

#define STAGED "act-order, odd row strides and K that is no multiple of 32 need w4a16_stage with "
#define FEWER  " work-items; " A_LAUNCH ": take fewer rows at a time"

/* The launches before and after the product. */
static void test_edges_of_helpers(void **state) {
    (void)state;
    struct plan_request r = request(65535 * 128, 32, 31, 31);
    assert_int_equal(build(&r).steps[0].grid[0], 65535 * 128);
    r = request((1 << 20) - 1, 32, 4095, 4095); /* 2^32 - 4096 work-items */
    build(&r);
    r.problem.shape.M++;
    refuses(&r, W4A16_UNSUPPORTED, STAGED "1048576 x 16 work-groups of 256" FEWER);
    r = request(1, 32, 65535 * 256, 65535 * 256);
    r.problem.weights.act_order = 1;
    assert_int_equal(build(&r).steps[0].grid[1], 65535);
    r.problem.shape.K++, r.problem.shape.group_size++;
    refuses(&r, W4A16_UNSUPPORTED, STAGED "1 x 65536 work-groups of 256" FEWER);
    r = request(1, 65535 * 256, 32, 32);
    r.problem.mixture.experts = r.problem.mixture.top_k = 1, r.problem.epilogue.combine = W4A16_COMBINE_ADD;
    assert_int_equal(build(&r).steps[2].grid[1], 65535);
    r.problem.shape.N++;
    refuses(&r, W4A16_UNSUPPORTED,
            "combining experts needs w4a16_combine_f16 with 1 x 65536 work-groups of 64" FEWER);
}

/* ---- wrong problems ------------------------------------------------------------------------------------ */

static void test_invalid(void **state) {
    (void)state;
    struct plan_request r = request(-1, 32, 32, 32);
    refuses(&r, W4A16_INVALID_ARGUMENT, "problem.shape.M is -1: expected 0 to 16777216");
    r = request(1, 32, 32, 33);
    refuses(&r, W4A16_INVALID_ARGUMENT, "problem.shape.group_size is 33: expected 1 to K = 32");
    r = request(1, 32, 32, 32);
    r.problem.shape.lda = 31;
    refuses(&r, W4A16_INVALID_ARGUMENT,
            "problem.shape.lda is 31 and ldo 0: expected 0 or at least K = 32 and N = 32");
    r.problem.shape.lda = 0;
    r.problem.act = W4A16_F32;
    w4a16_error error;
    assert_int_equal(plan_supports(&r, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "expected W4A16_F16 or W4A16_BF16"));
    r.problem.struct_size--;
    assert_int_equal(plan_supports(&r, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "start from w4a16_problem_init"));
}

static void test_other_weights(void **state) {
    (void)state;
    struct plan_request r = request(1, 64, 256, 64);
    struct packed_layout layout = layout_of(&r.problem);
    struct plan plan;
    w4a16_error error;
    r.problem.epilogue.has_bias = 1; /* which the weights have not: run is given it */
    assert_int_equal(plan_build(&r, &layout, &plan, &error), W4A16_OK);
    assert_true(plan.bias);
    layout = layout_of(&r.problem);
    assert_int_equal(plan_build(&r, &layout, &plan, &error), W4A16_OK);
    assert_false(plan.bias);
    r.problem.epilogue.has_bias = 0;
    assert_int_equal(plan_build(&r, &layout, &plan, &error), W4A16_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "is not that of the weights"));
}

/* ---- costs --------------------------------------------------------------------------------------------- */

static double cost_of(const struct plan_request *r) {
    struct plan plan = build(r);
    const struct kernel_row *row = plan.steps[plan.step_count - 1].kernel;
    return row->family->cost(row, &r->problem);
}

/*
 * In cycles of 2.5 GHz, against what a gfx1100 can do at best: 960 GB/s of memory; 96 compute units of 512
 * fp16 operations of its matrix units per cycle. A few rows take what bringing the weights takes, many rows
 * what computing takes; nothing is faster than the card and nothing much slower.
 */
static void test_cost(void **state) {
    (void)state;
    static const int64_t shapes[][2] = {{4096, 4096}, {11008, 4096}, {4096, 14336}, {28672, 8192}};
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
        for (int64_t group = 32; group <= 128; group *= 4) {
            double weights = (double)(shapes[s][0] * shapes[s][1]), bring = weights / 2 / (960 / 2.5);
            for (int64_t M = 1; M <= 2; M++) {
                struct plan_request r = request(M, shapes[s][0], shapes[s][1], group);
                double times = cost_of(&r) / bring;
                if (times < 1 || times > 1.15) fail_msg("M %d: %g times what memory takes", (int)M, times);
            }
            struct plan_request r = request(4096, shapes[s][0], shapes[s][1], group);
            double times = cost_of(&r) / (2 * 4096 * weights / (96 * 512));
            if (times < 1 || times > 2)
                fail_msg("group %d: %g times what computing takes", (int)group, times);
            /* Between the two, more rows never cost less, but for steps between tiles. */
            for (int64_t M = 1, last = 0; M <= 4096; M *= 2) {
                r.problem.shape.M = M;
                int64_t cost = (int64_t)cost_of(&r);
                if ((double)cost < 0.95 * (double)last || (double)cost < bring) fail_msg("M %d", (int)M);
                last = cost;
            }
        }
    /* Experts: the weights of those that are used are brought, whole; of one token, of all its slots. */
    struct plan_request r = request(1, 1536, 2048, 128);
    r.problem.mixture.experts = 128, r.problem.mixture.top_k = 8;
    double bring = 8 * 1536 * 2048 / 2 / (960 / 2.5), token = cost_of(&r);
    if (token < bring || token > 1.3 * bring) fail_msg("a token: %g times", token / bring);
    r.problem.shape.M = 64;
    double all = cost_of(&r);
    if (all < 16 * bring || all > 2 * 16 * bring) fail_msg("64 tokens: %g times", all / (16 * bring));
}

/* ---- the mask ------------------------------------------------------------------------------------------ */

/* Masking the chosen kernel again and again walks the ladder down to a refusal; no rung comes twice. */
static void test_ladder(void **state) {
    (void)state;
    char mask[2048] = "";
    struct plan_request r = request(1, 4096, 4096, 128);
    size_t rungs = 0;
    for (; plan_supports(&r, NULL) == W4A16_OK; rungs++) {
        struct plan plan = build(&r);
        const char *name = plan.steps[0].kernel->name;
        assert_null(strstr(mask, name));
        if (rungs) strcat(mask, ",");
        assert_true(strlen(mask) + strlen(name) + 2 < sizeof mask);
        strcat(mask, name);
        r.kernel_mask = mask;
    }
    /*
     * Decode for 1, 2, 4, 8, 16 rows in chunks of 128, 64, 32; a strip and two tiles in granules of 32 and 16.
     */
    assert_int_equal(rungs, 5 * 3 + 3 * 2);
}

static void test_mask(void **state) {
    (void)state;
    struct plan_request r = request(3, 4096, 4096, 128);
    assert_string_equal(build(&r).steps[0].kernel->name, "w4a16_decode_f16_m4_g128_sym");
    r.kernel_mask = "w4a16_decode_f16_m4*";
    assert_string_equal(build(&r).steps[0].kernel->name, "w4a16_decode_f16_m8_g128_sym");
    r.kernel_mask = "w4a16_decode_f16_m4"; /* no prefix without the star */
    assert_string_equal(build(&r).steps[0].kernel->name, "w4a16_decode_f16_m4_g128_sym");
    r.kernel_mask = "other,w4a16_*";
    refuses(&r, W4A16_UNSUPPORTED,
            "every kernel of this device is masked off (kernel_mask \"other,w4a16_*\")");
    r.kernel_mask = "w4a16_stage";
    assert_int_equal(build(&r).step_count, 1);
    r.problem.weights.act_order = 1;
    refuses(
        &r, W4A16_UNSUPPORTED,
        "act-order, odd row strides and K that is no multiple of 32 need w4a16_stage, which is masked off");
}

/* ---- the cpu row, and arguments ------------------------------------------------------------------------ */

static void test_cpu(void **state) {
    (void)state;
    struct plan_request r = request(1000, 100, 1003, 7);
    r.arch = "cpu";
    r.problem.weights.act_order = 1;
    struct plan plan = build(&r);
    assert_int_equal(plan.step_count, 1);
    /* 512 rows at a time, in groups of 7: words of 8 activations, of which two hold a group that is not at a
       word's beginning or end */
    int64_t words = 0;
    for (int64_t k = 0; k < 1003; k += 7) words += (k + 6 < 1003 ? k + 6 : 1002) / 8 - k / 8 + 1;
    assert_int_equal(plan.workspace_bytes, 512 * words * 32);
    assert_int_equal(strncmp(plan.steps[0].kernel->name, "cpu_linear_", 11), 0);
    assert_non_null(plan.steps[0].kernel->host);
    assert_int_equal(plan.steps[0].kernarg_bytes, sizeof(struct cpu_linear_args));
}

/* ---- other families than the library's ----------------------------------------------------------------- */

static int nowhere(void) { return 0; }
static int anywhere(void) { return 1; }
static const struct host_level missing = {"AVX-1024", nowhere}, there = {"AVX-2", anywhere};
static double cost_of_tile(const struct kernel_row *row, const w4a16_problem *p) {
    return (double)row->m_tile * (double)p->shape.M;
}

static const struct family uncosted, costed;
#define ROW(kernel, of, needs, tile)                                                                         \
    {.name = kernel,                                                                                         \
     .arch = "cpu",                                                                                          \
     .family = &of,                                                                                          \
     .level = needs,                                                                                         \
     .m_max = 64,                                                                                            \
     .m_tile = tile,                                                                                         \
     .k_chunk = 1,                                                                                           \
     .symmetric = -1}
static const struct kernel_row uncosted_rows[] = {
    ROW("wide", uncosted, &missing, 8), ROW("first", uncosted, &there, 8), ROW("second", uncosted, NULL, 8)};
static const struct kernel_row costed_rows[] = {ROW("dear", costed, NULL, 3), ROW("cheap", costed, NULL, 2),
                                                ROW("equal", costed, NULL, 2)};
static const struct family uncosted = {.name = "uncosted", .role = ROLE_LINEAR, ROWS(uncosted_rows)};
static const struct family costed = {
    .name = "costed", .role = ROLE_LINEAR, ROWS(costed_rows), .cost = cost_of_tile};

/* What is said of each row, in order: "kernel: why not", "kernel!" of the chosen one. */
static void says(const struct family *const *families, const char *mask, const char *const *expected) {
    struct plan_request r = request(4, 64, 64, 32);
    w4a16_choice rows[8];
    w4a16_error error;
    r.arch = "cpu", r.families = families, r.kernel_mask = mask;
    size_t count = plan_explain(&r, rows, 8, &error);
    for (size_t n = 0; n < count; n++) {
        char text[512];
        assert_true(rows[n].takes || !rows[n].chosen);
        snprintf(text, sizeof text, "%s%s%s", rows[n].kernel, rows[n].chosen ? "!" : ": ", rows[n].reason);
        assert_string_equal(text, expected[n]);
    }
    assert_null(expected[count]);
    assert_int_equal(plan_supports(&r, &error), W4A16_OK);
}

/* Rows that nothing estimates are taken in order, those that the host cannot run are refused. */
static void test_choice(void **state) {
    (void)state;
    const struct family *alone[] = {&uncosted, NULL}, *by_cost[] = {&costed, NULL};
    const struct family *both[] = {&costed, &uncosted, NULL};
    says(alone, NULL,
         (const char *[]){"wide: this host has no AVX-1024", "first!",
                          "second: first comes first: in the order of the table", NULL});
    says(alone, "first",
         (const char *[]){"wide: this host has no AVX-1024", "first: masked off", "second!", NULL});
    says(by_cost, NULL,
         (const char *[]){"dear: estimated to take 1.50 times as long as the chosen one", "cheap!",
                          "equal: estimated to take 1.00 times as long as the chosen one", NULL});
    says(both, NULL,
         (const char *[]){"dear: estimated to take 1.50 times as long as the chosen one", "cheap!",
                          "equal: estimated to take 1.00 times as long as the chosen one",
                          "wide: this host has no AVX-1024",
                          "first: cheap comes first: in the order of the table",
                          "second: cheap comes first: in the order of the table", NULL});

    struct plan_request r = request(65, 64, 64, 32);
    r.arch = "cpu", r.families = alone;
    refuses(
        &r, W4A16_UNSUPPORTED,
        "no kernel takes this problem; the closest, second, refuses it: M is 65; accepted are up to 64 rows");
    r.kernel_mask = "first,second";
    refuses(&r, W4A16_UNSUPPORTED,
            "no kernel takes this problem; the closest, wide, refuses it: this host has no AVX-1024");
}

/* Every row is one of its family's, and an architecture has each helper that its products need. */
static void test_table(void **state) {
    (void)state;
    for (size_t n = 0; n < kernel_row_count(); n++) {
        const struct kernel_row *row = kernel_row_at(n);
        const struct family *f = row->family;
        assert_true(row >= f->rows && row < f->rows + f->row_count);
        assert_true(f->grid && f->add && (f->largest || row->host) && row->limits);
        assert_true(f->role == ROLE_LINEAR ? !f->needed : f->needed && f->who_needs);
        for (int role = 0; role < ROLES && f->helped; role++)
            for (int act = W4A16_F16; act <= W4A16_BF16 && role != ROLE_LINEAR; act++)
                assert_non_null(plan_helper(row->arch, (enum kernel_role)role, (w4a16_dtype)act));
    }
}

static void test_fill_kernarg(void **state) {
    (void)state;
    struct plan_request r = request(2, 64, 100, 32);
    r.problem.epilogue.has_bias = 1;
    struct packed_layout l = layout_of(&r.problem);
    struct plan plan = build(&r);
    const uint64_t bases[PLAN_BASES] = {
        [PLAN_A] = 0x1000, [PLAN_OUT] = 0x2000, [PLAN_WORKSPACE] = 0x3000, [PLAN_WEIGHTS] = 0x40000};
    unsigned char bytes[PLAN_KERNARG_MAX];
    struct stage_args stage;
    plan_fill_kernarg(&plan.steps[0], bases, bytes);
    memcpy(&stage, bytes, sizeof stage);
    assert_true(stage.a == 0x1000 && stage.staged == 0x3000 && stage.perm == 0);
    struct decode_args decode;
    plan_fill_kernarg(&plan.steps[1], bases, bytes);
    memcpy(&decode, bytes, sizeof decode);
    assert_true(decode.a == 0x3000 && decode.out == 0x2000);
    assert_true(decode.weights == 0x40000 + l.weights && decode.scales == 0x40000 + l.scales);
    assert_true(decode.zeros == 0 && decode.bias == 0x40000 + l.bias);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_supported),
                                       cmocka_unit_test(test_batch_invariant),
                                       cmocka_unit_test(test_group_divisor),
                                       cmocka_unit_test(test_unsupported),
                                       cmocka_unit_test(test_numbers),
                                       cmocka_unit_test(test_edges),
                                       cmocka_unit_test(test_edges_of_helpers),
                                       cmocka_unit_test(test_invalid),
                                       cmocka_unit_test(test_other_weights),
                                       cmocka_unit_test(test_cost),
                                       cmocka_unit_test(test_ladder),
                                       cmocka_unit_test(test_mask),
                                       cmocka_unit_test(test_cpu),
                                       cmocka_unit_test(test_choice),
                                       cmocka_unit_test(test_table),
                                       cmocka_unit_test(test_fill_kernarg)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
