/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Plans: every supported problem gets launches whose kernels exist for every target, with the arguments that they
 * expect; what decides the order of additions does not depend on M.
 */
#include "args.h"
#include "cpu/levels.h"
#include "cpu/linear.h"
#include "requests.h"

#include <stdlib.h>

/* Whether every target that was built has the object. */
static int all_have(const char *object) {
    struct kernel_object found;
    for (size_t n = 0; n < kernel_object_count(); n++)
        if (!kernel_object_find(kernel_object_at(n).target, object, &found)) return 0;
    return 1;
}

static struct decode_args decode_args_of(const struct plan *plan) {
    struct decode_args args;
    const struct plan_step *product = product_of(plan);
    assert_int_equal(product->kernarg_bytes, sizeof args);
    memcpy(&args, product->kernarg, sizeof args);
    return args;
}

/* Of strips and tiles; tiles have more behind them. */
static struct matrix_args matrix_args_of(const struct plan *plan) {
    struct matrix_args args;
    const struct plan_step *product = product_of(plan);
    assert_int_equal(product->kernarg_bytes,
                     product->kernel->family == &matrix_family ? sizeof(struct tile_args) : sizeof args);
    memcpy(&args, product->kernarg, sizeof args);
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
    const struct plan_step *s = product_of(plan);
    struct decode_args args = decode_args_of(plan);
    assert_int_equal(s->grid[0], l->strips);
    assert_int_equal(s->block[0], args.waves * 32);
    assert_in_range(args.waves, 1, 16);
    assert_true(args.waves <= l->blocks * 32 / row->k_chunk); /* no wave without a chunk */
    assert_int_equal(s->lds_bytes, args.waves * row->m_max * (128 + (row->gathers ? 2 * row->k_chunk : 0)));
    assert_true(s->lds_bytes <= 65536 / 2); /* two work-groups on a processor */
    if (!row->gathers) assert_int_equal(args.lda_bytes % 4, 0);
    assert_true(args.M == p->shape.M && args.N == p->shape.N && args.blocks == l->blocks &&
                args.groups == l->groups);
}

/* Strip and matrix kernels. */
static void check_tiled(const struct plan *plan, const struct kernel_row *row, const w4a16_problem *p,
                        const struct packed_layout *l) {
    const struct plan_step *s = product_of(plan);
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
        assert_true(args.parts == s->grid[2] && args.parts == plan_parts(row, p));
        assert_in_range(args.parts, 1, args.blocks / args.fold); /* none is without work */
        assert_int_equal(args.out_f32, 0);
    } else {
        assert_int_equal(s->grid[2], 1);
        assert_int_equal(s->block[0], args.waves * 32);
        assert_in_range(args.waves, 1, args.blocks / args.fold);
        /* Places of the waves' exchange, or, after it, of their sums. */
        assert_int_equal(s->lds_bytes, args.waves * (row->m_tile == 16 ? 16 * 64 + 2048 : row->m_tile * 128));
    }
}

static void check_linear(const struct plan *plan, const w4a16_problem *p, const struct packed_layout *l) {
    const struct kernel_row *row = product_of(plan)->kernel;
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
    if (plan->steps[1].kernel->family == &decode_family)
        assert_int_equal(decode_args_of(plan).lda_bytes, 2 * args.stride);
    else
        assert_int_equal(matrix_args_of(plan).lda, args.stride);
}

static void check_plan(const struct plan_request *r) {
    const w4a16_problem *p = &r->problem;
    struct packed_layout layout = layout_of(p);
    struct plan plan = build(r);
    if (p->shape.M == 0) {
        assert_true(plan.step_count == 0 && plan.workspace_bytes == 0);
        return;
    }
    const struct plan_step *product = product_of(&plan), *end = plan.steps + plan.step_count;
    int staged = !product->kernel->gathers &&
                 (p->weights.act_order || p->shape.K % 32 || (p->shape.lda ? p->shape.lda : p->shape.K) % 2);
    if (p->shape.N == 4096 && p->shape.group_size % 32 == 0)
        assert_int_equal(product->kernel->gathers, p->weights.act_order && p->shape.M <= 2);
    size_t parts = product->grid[2], tiles = (size_t)product->grid[0] * product->grid[1];
    size_t tickets = parts > 1 ? tiles * product->block[0] / 32 * 8 : 0;
    size_t sums =
        parts > 1 ? parts * tiles * (size_t)(product->kernel->m_tile * product->kernel->n_tile) * 4 : 0;
    size_t staged_bytes = staged ? (size_t)p->shape.M * (size_t)layout.blocks * 64 : 0;
    assert_int_equal(product - plan.steps, staged);
    assert_int_equal(end - product, 1);
    assert_int_equal(plan.workspace_bytes,
                     (staged_bytes + 255) / 256 * 256 + (tickets + 255) / 256 * 256 + sums);
    for (unsigned i = 0; i < plan.step_count; i++) {
        assert_true(all_have(plan.steps[i].kernel->family->name));
        check_patches(&plan.steps[i], &plan, &layout);
    }
    check_linear(&plan, p, &layout);
    if (staged) check_stage(&plan, p, &layout);
}

static void test_supported(void **state) {
    (void)state;
    static const int64_t groups[] = {16, 32, 48, 64, 96, 128, 160, 256, 1024, -1};
    static const int64_t ms[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,   10,  11,  12,  13,   14,    15,
                                 16, 17, 31, 32, 33, 63, 64, 65, 96, 127, 128, 129, 512, 4097, 100000};
    static const int64_t shapes[][2] = {{1, 32},      {33, 1000},    {4096, 4096},
                                        {2560, 9728}, {28672, 8192}, {40, 8}};
    unsigned count = 0;
    for (size_t m = 0; m < sizeof ms / sizeof ms[0]; m++)
        for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
            for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++)
                for (unsigned options = 0; options < 64; options++) {
                    if (count++ % EVERY) continue;
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
    uint32_t waves, summed;
};
static struct order order_of(const struct plan *plan) {
    const struct kernel_row *row = product_of(plan)->kernel;
    if (row->family == &decode_family) {
        struct decode_args args = decode_args_of(plan);
        return (struct order){args.waves, (uint32_t)row->k_chunk};
    }
    assert_ptr_equal(row->family, &strip_family);
    struct matrix_args args = matrix_args_of(plan);
    return (struct order){args.waves, 32 * args.fold};
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
    static const char *const masks[] = {NULL, "w4a16_decode*", "w4a16_decode_f16_m1_*,w4a16_decode_f16_m4*"};
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

static const char *cpu_kernel(w4a16_dtype act, int64_t M) {
    struct plan_request r = request(M, 256, 256, 32);
    r.arch = "cpu";
    r.problem.act = act;
    return build(&r).steps[0].kernel->name;
}

/* One row is multiplied by the highest level that may be used; fp16 has none above AVX-512. */
static void test_cpu_levels(void **state) {
    (void)state;
    static const char *const levels[] = {"portable", "avx2", "avx512", "avx512bf16"};
    const char *set = getenv(CPU_LEVEL_VARIABLE);
    char before[32], kernel[32];
    snprintf(before, sizeof before, "%s", set ? set : "");
    int highest = 0;
    while (strcmp(levels[highest], cpu_highest_level()) != 0) highest++;
    for (int allowed = 0; allowed < 4; allowed++) {
        setenv(CPU_LEVEL_VARIABLE, levels[allowed], 1);
        int level = allowed < highest ? allowed : highest;
        snprintf(kernel, sizeof kernel, "cpu_linear_%s", levels[level]);
        assert_string_equal(cpu_kernel(W4A16_BF16, 1), kernel);
        snprintf(kernel, sizeof kernel, "cpu_linear_%s", levels[level < 2 ? level : 2]);
        assert_string_equal(cpu_kernel(W4A16_F16, 1), kernel);
        assert_string_equal(cpu_kernel(W4A16_F16, 64), kernel);
    }
    setenv(CPU_LEVEL_VARIABLE, before, 1);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_supported),     cmocka_unit_test(test_batch_invariant),
        cmocka_unit_test(test_group_divisor), cmocka_unit_test(test_cpu),
        cmocka_unit_test(test_cpu_levels),    cmocka_unit_test(test_fill_kernarg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
