/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Weights of nibbles only: packed nibbles with scales, zeros and order as GPTQ checkpoints keep them give the
 * bits of the same layer packed whole, by every family of kernels; and slots that come sorted those of slots
 * by ids.
 */
#include "product.h"

enum { N = 96, K = 512, EXPERTS = 4, TOP_K = 2, TOKENS_MAX = 140 };
/* The second one ends in the middle of a strip, the last one begins with it. */
static const int64_t widths[] = {N, 72, 8};
enum { WIDTHS = sizeof widths / sizeof widths[0] };

static int64_t columns_of(int64_t width) { return (width + 31) / 32 * 32; }

/* [rows][width] of elements of `size` bytes to [rows][columns]; what is added holds anything. */
static void *widen(const void *from, size_t rows, size_t width, size_t columns, size_t size) {
    unsigned char *to = malloc(rows * columns * size);
    memset(to, 0xa5, rows * columns * size);
    for (size_t r = 0; r < rows; r++)
        memcpy(to + r * columns * size, (const unsigned char *)from + r * width * size, width * size);
    return to;
}

/* A layer, packed whole and nibbles only. */
struct pair {
    w4a16_device *device;
    w4a16_problem whole, nibbles_only;
    w4a16_weights *packed, *nibbles;
    w4a16_run_args args; /* of runs of nibbles only */
    w4a16_address memory[4];
};

/* Zeros as checkpoints store them: [groups][N / 8], less the offset. */
static uint32_t *stored_zeros(const w4a16_layer *l, int offset) {
    int64_t count = w4a16_layer_groups(l) * l->N;
    uint32_t *to = calloc((size_t)count / 8, 4);
    for (int64_t i = 0; i < count; i++) to[i / 8] |= (uint32_t)(l->zero[i] - offset) << i % 8 * 4;
    return to;
}

/* What a run of weights of nibbles only is given of one expert. */
static void loosen(const struct pair *p, struct owned_layer *o, int offset, unsigned char *nibbles,
                   uint16_t *scales, uint32_t *zeros) {
    const w4a16_layer *l = &o->layer;
    size_t groups = (size_t)w4a16_layer_groups(l), columns = (size_t)columns_of(l->N), width = (size_t)l->N;
    w4a16_error error;
    must(w4a16_pack_nibbles(p->device, o->q, l->perm, l->N, K, nibbles, columns * K / 2, &error), &error);
    void *rows = widen(o->scale, groups, width, columns, 2);
    memcpy(scales, rows, groups * columns * 2);
    free(rows);
    if (!l->zero) return;
    uint32_t *stored = stored_zeros(l, offset);
    rows = widen(stored, groups, width / 8, columns / 8, 4);
    memcpy(zeros, rows, groups * columns / 2);
    free(rows), free(stored);
}

static struct pair make_pair(w4a16_device_kind kind, const struct layer_shape *shape, int experts, int offset,
                             const char *mask) {
    struct pair p = {.device = open_device(kind, 2, 0, mask)};
    struct owned_layer owned[EXPERTS];
    const w4a16_layer *layers[EXPERTS];
    w4a16_error error;
    size_t count = experts ? EXPERTS : 1, columns = (size_t)columns_of(shape->N),
           groups = (size_t)((shape->K + shape->group_size - 1) / shape->group_size),
           entries = groups * columns;
    unsigned char *nibbles = malloc(count * columns * K / 2);
    uint16_t *scales = malloc(count * entries * 2);
    uint32_t *zeros = malloc(count * entries / 2);
    for (size_t e = 0; e < count; e++) {
        owned[e] = make_layer(shape, 30 + e);
        for (size_t i = 0; i < groups * (size_t)shape->N; i++)
            owned[e].zero[i] = (uint8_t)(random_at(90 + e, i) % 16 + (size_t)offset);
        layers[e] = &owned[e].layer;
        loosen(&p, &owned[e], offset, nibbles + e * columns * K / 2, scales + e * entries,
               zeros + e * entries / 8);
    }
    must(experts ? w4a16_experts_create(p.device, layers, count, &p.packed, &error)
                 : w4a16_weights_create(p.device, layers[0], &p.packed, &error),
         &error);
    w4a16_problem_init(&p.whole, sizeof p.whole);
    w4a16_problem_from_weights(&p.whole, p.packed);
    if (experts) p.whole.mixture.top_k = TOP_K;
    p.nibbles_only = p.whole;
    p.nibbles_only.weights.packing = W4A16_PACKED_NIBBLES;
    if (offset) p.nibbles_only.weights.zeros = W4A16_ZEROS_LESS_ONE;
    p.memory[0] = upload(p.device, nibbles, count * columns * K / 2);
    must(w4a16_weights_wrap(p.device, &p.nibbles_only, p.memory[0], &p.nibbles, &error), &error);
    p.args.scales = p.memory[1] = upload(p.device, scales, count * entries * 2);
    if (!shape->symmetric) p.args.zeros = p.memory[2] = upload(p.device, zeros, count * entries / 2);
    if (shape->act_order) p.args.order = p.memory[3] = upload(p.device, owned[0].perm, K * 4);
    for (size_t e = 0; e < count; e++) free_layer(&owned[e]);
    free(nibbles), free(scales), free(zeros);
    return p;
}

static void free_pair(struct pair *p) {
    w4a16_weights_free(p->packed);
    w4a16_weights_free(p->nibbles);
    for (int n = 0; n < 4; n++) w4a16_buffer_free(p->device, p->memory[n], NULL);
    w4a16_device_close(p->device);
}

static const struct rung {
    int64_t M, group_size;
    const char *mask, *kernel;
} rungs[] = {
    {1, 128, "w4a16_strip*", "decode"},
    {2, 64, "w4a16_strip*", "decode"},
    {3, 32, "w4a16_strip*", "decode"},
    {4, K, "w4a16_strip*,w4a16_matrix*", "decode"},
    {3, 16, "w4a16_matrix*", "strip"},
    {40, 48, "w4a16_matrix*", "strip"},
    {40, 128, "w4a16_decode*,w4a16_matrix*", "strip"},
    {130, 32, "w4a16_strip*,w4a16_matrix_*_64*", "matrix"},
    {70, 16, "w4a16_strip*", "matrix"},
};

/* Symmetric, and asymmetric in GPTQ's two formats. */
static const struct zeros {
    int symmetric, offset;
} zeros[] = {{1, 0}, {0, 0}, {0, 1}};

static void bits_of_whole_layers(w4a16_device_kind kind) {
    static uint16_t want[TOKENS_MAX * N], got[TOKENS_MAX * N];
    for (size_t n = 0; n < sizeof rungs / sizeof rungs[0]; n++)
        for (int turn = 0; turn < 12; turn++) {
            const struct rung *r = &rungs[n];
            const struct zeros *z = &zeros[turn % 3];
            const int64_t width = widths[(n + (size_t)turn) % WIDTHS];
            const struct layer_shape shape = {width, K, r->group_size, z->symmetric, turn / 3 % 2, 0};
            w4a16_dtype act = turn / 6 ? W4A16_BF16 : W4A16_F16;
            struct pair p = make_pair(kind, &shape, 0, z->offset, r->mask);
            uint16_t *a = random_activations(act, (size_t)r->M * K, 7);
            struct inputs in = {a, (size_t)r->M * K, NULL, NULL, 0, 0, 0};
            size_t elements = (size_t)(r->M * width);
            p.whole.shape.M = p.nibbles_only.shape.M = r->M, p.whole.act = p.nibbles_only.act = act;
            const char *kernel = run_product(p.device, p.packed, &p.whole, &in, want, elements);
            if (kind == W4A16_DEVICE_SIM && !strstr(kernel, r->kernel))
                fail_msg("%s, expected %s", kernel, r->kernel);
            assert_string_equal(
                run_product_with(p.device, p.nibbles, &p.nibbles_only, &in, p.args, got, elements), kernel);
            if (memcmp(want, got, elements * 2) != 0) fail_msg("%s: other bits, turn %d", kernel, turn);
            free(a);
            free_pair(&p);
        }
}

/* As vLLM's moe_align_block_size: each expert's slots, filled up to whole blocks. Returns the places used. */
static int32_t sort_slots(const int32_t *ids, int32_t slots, int block, int32_t *sorted, int32_t *experts) {
    int32_t used = 0;
    for (int32_t e = 0; e < EXPERTS; e++) {
        for (int32_t slot = 0; slot < slots; slot++) {
            if (ids[slot] != e) continue;
            experts[used / block] = e;
            sorted[used++] = slot;
        }
        while (used % block) sorted[used++] = slots;
    }
    return used;
}

static void sorted_slots_of_experts(w4a16_device_kind kind) {
    enum { SLOTS_MAX = TOKENS_MAX * TOP_K, PLACES = SLOTS_MAX + EXPERTS * 16 };
    static uint16_t want[SLOTS_MAX * N], got[SLOTS_MAX * N];
    static int32_t ids[SLOTS_MAX], sorted[PLACES], experts[PLACES];
    static float gates[SLOTS_MAX];
    static const int64_t tokens[] = {1, 3, 24, TOKENS_MAX};
    static const int blocks[] = {1, 4, 16};
    for (int turn = 0; turn < 36; turn++) {
        int64_t M = tokens[turn % 4], slots = M * TOP_K;
        w4a16_combine combine = (w4a16_combine)(turn / 4 % 3);
        int block = blocks[turn / 12];
        const struct zeros *z = &zeros[turn % 3];
        const int64_t width = widths[turn / 2 % WIDTHS];
        const struct layer_shape shape = {width, K, turn % 2 ? 32 : 128, z->symmetric, 0, 0};
        w4a16_dtype act = turn / 2 % 2 ? W4A16_BF16 : W4A16_F16;
        struct pair p = make_pair(kind, &shape, EXPERTS, z->offset, NULL);
        for (int32_t i = 0; i < slots; i++) {
            ids[i] = (int32_t)(random_at(60, (uint64_t)i) % (EXPERTS + 1)); /* one too many: left out */
            gates[i] = (float)(random_at(61, (uint64_t)i) % 1000) / 1000;
        }
        int64_t rows = combine == W4A16_COMBINE_ADD ? slots : M;
        size_t elements = (size_t)((combine == W4A16_COMBINE_ADD ? M : slots) * width);
        uint16_t *a = random_activations(act, (size_t)(rows * K), 8);
        struct inputs in = {a, (size_t)(rows * K), ids, combine ? gates : NULL, (size_t)slots, 0, 0};
        p.whole.shape.M = p.nibbles_only.shape.M = M, p.whole.act = p.nibbles_only.act = act;
        p.whole.epilogue.combine = p.nibbles_only.epilogue.combine = combine;
        run_product(p.device, p.packed, &p.whole, &in, want, elements);

        int32_t used = sort_slots(ids, (int32_t)slots, block, sorted, experts);
        p.nibbles_only.mixture.sorted_block = block,
        p.nibbles_only.mixture.sorted_count = used + 5 * block; /* the rest is not looked at */
        p.args.sorted_slots = upload(p.device, sorted, (size_t)p.nibbles_only.mixture.sorted_count * 4);
        p.args.sorted_used = upload(p.device, &used, 4);
        p.args.expert_ids =
            upload(p.device, experts, (size_t)(p.nibbles_only.mixture.sorted_count / block) * 4);
        in.ids = NULL;
        const char *kernel =
            run_product_with(p.device, p.nibbles, &p.nibbles_only, &in, p.args, got, elements);
        if (memcmp(want, got, elements * 2) != 0) fail_msg("%s: other bits, turn %d", kernel, turn);
        w4a16_buffer_free(p.device, p.args.sorted_slots, NULL);
        w4a16_buffer_free(p.device, p.args.sorted_used, NULL);
        w4a16_buffer_free(p.device, p.args.expert_ids, NULL);
        free(a);
        free_pair(&p);
    }
}

static void test_bits_of_whole_layers(void **state) {
    (void)state;
    bits_of_whole_layers(W4A16_DEVICE_SIM);
    bits_of_whole_layers(W4A16_DEVICE_CPU);
}
static void test_sorted_slots_of_experts(void **state) {
    (void)state;
    sorted_slots_of_experts(W4A16_DEVICE_SIM);
    sorted_slots_of_experts(W4A16_DEVICE_CPU);
}

/* Weighing by 1 and adding is adding; weighing slots one by one is rounding each product once. */
static void test_absent_gates_are_one(void **state) {
    (void)state;
    enum { M = 5, SLOTS = M * TOP_K };
    static uint16_t want[SLOTS * N], got[SLOTS * N];
    static int32_t ids[SLOTS];
    static float ones[SLOTS];
    const struct layer_shape shape = {N, K, 64, 1, 0, 0};
    struct pair p = make_pair(W4A16_DEVICE_SIM, &shape, EXPERTS, 0, NULL);
    for (int i = 0; i < SLOTS; i++) ids[i] = i % EXPERTS, ones[i] = 1;
    uint16_t *a = random_activations(W4A16_F16, SLOTS * K, 9);
    p.whole.shape.M = M;
    for (w4a16_combine combine = W4A16_COMBINE_ADD; combine <= W4A16_COMBINE_WEIGH; combine++) {
        struct inputs in = {a, SLOTS * K, ids, ones, SLOTS, 0, 0};
        size_t elements = (combine == W4A16_COMBINE_ADD ? M : SLOTS) * N;
        p.whole.epilogue.combine = combine;
        run_product(p.device, p.packed, &p.whole, &in, want, elements);
        in.gates = NULL;
        run_product(p.device, p.packed, &p.whole, &in, got, elements);
        assert_memory_equal(want, got, elements * 2);
    }
    struct inputs plain = {a, M * K, ids, NULL, SLOTS, 0, 0};
    p.whole.epilogue.combine = W4A16_COMBINE_NONE;
    run_product(p.device, p.packed, &p.whole, &plain, want, SLOTS * N);
    assert_memory_equal(want, got, sizeof want);
    free(a);
    free_pair(&p);
}

static void expect(w4a16_status status, w4a16_status wanted, const w4a16_error *error, const char *words) {
    assert_int_equal(status, wanted);
    if (!strstr(error->message, words)) fail_msg("\"%s\" does not say \"%s\"", error->message, words);
}

static void test_refusals(void **state) {
    (void)state;
    static uint32_t q[N * K / 8], packed[N * K / 8];
    static int32_t order[K];
    const struct layer_shape shape = {N, K, 64, 0, 1, 0};
    struct pair p = make_pair(W4A16_DEVICE_SIM, &shape, 0, 1, NULL);
    w4a16_error error;
    w4a16_weights *weights;
    w4a16_plan *plan;
    expect(w4a16_pack_nibbles(p.device, q, NULL, N + 4, K, packed, sizeof packed, &error), W4A16_UNSUPPORTED,
           &error, "a multiple of 8");
    expect(w4a16_pack_nibbles(p.device, q, NULL, N, K, packed, sizeof packed - 1, &error),
           W4A16_INVALID_ARGUMENT, &error, "the weights take 24576");
    expect(w4a16_pack_nibbles(p.device, q, order, N, K, packed, sizeof packed, &error),
           W4A16_INVALID_ARGUMENT, &error, "perm[1] is 0, which came before");
    p.nibbles_only.weights.zeros = (w4a16_zero_mode)3;
    expect(w4a16_supports("gfx1100", NULL, &p.nibbles_only, &error), W4A16_INVALID_ARGUMENT, &error,
           "weights.zeros is 3: expected 0 to 2");
    p.whole.weights.zeros = W4A16_ZEROS_LESS_ONE;
    expect(w4a16_supports("gfx1100", NULL, &p.whole, &error), W4A16_INVALID_ARGUMENT, &error,
           "weights.zeros is W4A16_ZEROS_LESS_ONE: expected that of nibbles only");
    p.nibbles_only.weights.zeros = W4A16_ZEROS_LESS_ONE;
    p.nibbles_only.mixture.sorted_block = 4;
    expect(w4a16_supports("gfx1100", NULL, &p.nibbles_only, &error), W4A16_INVALID_ARGUMENT, &error,
           "sorted_block is 4");
    p.nibbles_only.mixture.sorted_block = 0;
    p.nibbles_only.mixture.experts = 2, p.nibbles_only.mixture.top_k = 1;
    expect(w4a16_weights_wrap(p.device, &p.nibbles_only, 0, &weights, &error), W4A16_UNSUPPORTED, &error,
           "weights of nibbles only of experts with act-order");
    p.nibbles_only.mixture.experts = 0, p.nibbles_only.mixture.top_k = 0;
    expect(w4a16_plan_create(p.device, p.packed, &p.nibbles_only, &plan, &error), W4A16_INVALID_ARGUMENT,
           &error, "act-order, nibbles only");
    p.nibbles_only.shape.M = 1;
    must(w4a16_plan_create(p.device, p.nibbles, &p.nibbles_only, &plan, &error), &error);
    w4a16_run_args args = {.struct_size = sizeof args, .a = 4096, .out = 4096, .workspace = 4096};
    expect(w4a16_run(plan, &args, NULL, &error), W4A16_INVALID_ARGUMENT, &error,
           "args.scales is 0x0: a plan of weights of nibbles only");
    args.scales = 4096;
    expect(w4a16_run(plan, &args, NULL, &error), W4A16_INVALID_ARGUMENT, &error, "args.zeros is 0x0");
    args.zeros = 4096;
    expect(w4a16_run(plan, &args, NULL, &error), W4A16_INVALID_ARGUMENT, &error, "args.order is 0x0");
    w4a16_plan_free(plan);
    free_pair(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits_of_whole_layers), cmocka_unit_test(test_sorted_slots_of_experts),
        cmocka_unit_test(test_absent_gates_are_one), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
