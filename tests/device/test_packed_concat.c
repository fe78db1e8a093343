/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Packed layers joined along N have the bytes of the joined layer packed, and so its product the bits of the
 * parts' products; and what cannot be joined is refused by name.
 */
#include "product.h"

enum { PARTS_MAX = 3, M = 5 };

struct part {
    struct owned_layer owned;
    w4a16_problem problem;
    size_t bytes;
    void *packed;
};

static struct part make_part(w4a16_device *device, const struct layer_shape *shape, uint64_t seed) {
    struct part p = {.owned = make_layer(shape, seed)};
    w4a16_error error;
    for (int64_t k = 0; k < shape->K; k++)
        p.owned.perm[k] = (int32_t)(shape->K - 1 - k); /* the same for all */
    const w4a16_layer *l = &p.owned.layer;
    w4a16_problem_init(&p.problem, sizeof p.problem);
    p.problem.shape.N = l->N, p.problem.shape.K = l->K, p.problem.shape.group_size = l->group_size;
    if (l->zero) p.problem.weights.zeros = W4A16_ZEROS_STORED;
    p.problem.weights.act_order = l->perm != NULL, p.problem.epilogue.has_bias = l->bias != NULL;
    must(w4a16_packed_bytes(&p.problem, &p.bytes, &error), &error);
    p.packed = malloc(p.bytes);
    must(w4a16_pack(device, l, p.packed, p.bytes, &error), &error);
    return p;
}
static void free_part(struct part *p) {
    free_layer(&p->owned);
    free(p->packed);
}

static void product(w4a16_device *device, w4a16_problem problem, const void *packed, size_t bytes,
                    const uint16_t *a, uint16_t *out, int64_t ldo) {
    w4a16_weights *weights;
    w4a16_error error;
    w4a16_address at = upload(device, packed, bytes);
    must(w4a16_weights_wrap(device, &problem, at, &weights, &error), &error);
    problem.shape.M = M;
    uint16_t *dense = malloc((size_t)(M * problem.shape.N) * 2);
    struct inputs in = {a, (size_t)(M * problem.shape.K), NULL, NULL, 0, 0, 0};
    run_product(device, weights, &problem, &in, dense, (size_t)(M * problem.shape.N));
    for (int64_t m = 0; m < M; m++)
        memcpy(out + m * ldo, dense + m * problem.shape.N, (size_t)problem.shape.N * 2);
    free(dense);
    w4a16_weights_free(weights);
    w4a16_buffer_free(device, at, NULL);
}

static void check(const struct layer_shape *shapes, size_t count) {
    w4a16_device *device = open_sim(2, 0, NULL);
    struct part parts[PARTS_MAX];
    const w4a16_problem *problems[PARTS_MAX];
    const w4a16_layer *layers[PARTS_MAX];
    const void *packed[PARTS_MAX];
    w4a16_problem joined;
    w4a16_layer *whole;
    w4a16_error error;
    for (size_t n = 0; n < count; n++) {
        parts[n] = make_part(device, &shapes[n], 3 + n);
        problems[n] = &parts[n].problem, layers[n] = &parts[n].owned.layer, packed[n] = parts[n].packed;
    }
    must(w4a16_packed_concat(problems, packed, count, &joined, NULL, 0, &error), &error);
    size_t bytes;
    must(w4a16_packed_bytes(&joined, &bytes, &error), &error);
    unsigned char *got = malloc(bytes), *want = malloc(bytes);
    memset(got, 0xa5, bytes);
    must(w4a16_packed_concat(problems, packed, count, &joined, got, bytes, &error), &error);
    must(w4a16_layer_concat(layers, count, &whole, &error), &error);
    must(w4a16_pack(device, whole, want, bytes, &error), &error);
    assert_int_equal(joined.shape.N, whole->N);
    assert_int_equal(joined.weights.zeros, whole->zero ? W4A16_ZEROS_STORED : W4A16_ZEROS_NONE);
    assert_int_equal(joined.epilogue.has_bias, whole->bias != NULL);
    assert_memory_equal(got, want, bytes);

    size_t elements = (size_t)(M * joined.shape.N);
    uint16_t *a = random_activations(W4A16_F16, (size_t)(M * joined.shape.K), 9);
    uint16_t *together = malloc(elements * 2), *apart = malloc(elements * 2);
    product(device, joined, got, bytes, a, together, joined.shape.N);
    int64_t first = 0;
    for (size_t n = 0; n < count; first += parts[n++].problem.shape.N)
        product(device, parts[n].problem, packed[n], parts[n].bytes, a, apart + first, joined.shape.N);
    assert_memory_equal(together, apart, elements * 2);
    free(a), free(together), free(apart), free(got), free(want);
    w4a16_layer_free(whole);
    for (size_t n = 0; n < count; n++) free_part(&parts[n]);
    w4a16_device_close(device);
}

static void test_joined(void **state) {
    (void)state;
    static const struct layer_shape cases[][PARTS_MAX] = {
        {{64, 256, 64, 1, 0, 0}, {32, 256, 64, 1, 0, 0}, {40, 256, 64, 1, 0, 0}},
        {{64, 256, 64, 0, 0, 1}, {32, 256, 64, 0, 0, 1}, {96, 256, 64, 0, 0, 1}},
        {{32, 200, 128, 1, 0, 0}, {32, 200, 128, 0, 0, 1}, {33, 200, 128, 1, 0, 0}},
        {{96, 512, 512, 1, 1, 1}, {32, 512, 512, 1, 1, 0}, {7, 512, 512, 1, 1, 0}},
        {{32, 256, 32, 0, 1, 0}, {64, 256, 32, 1, 1, 0}, {64, 256, 32, 1, 1, 1}}};
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++)
        for (size_t count = 1; count <= PARTS_MAX; count++) check(cases[n], count);
}

static void expect(const w4a16_problem *const *parts, const void *const *packed, size_t count, size_t bytes,
                   const char *words) {
    static unsigned char to[1 << 16];
    w4a16_problem joined;
    w4a16_error error;
    assert_int_equal(w4a16_packed_concat(parts, packed, count, &joined, to, bytes, &error),
                     W4A16_INVALID_ARGUMENT);
    if (!strstr(error.message, words)) fail_msg("\"%s\" does not say \"%s\"", error.message, words);
}

static void test_refusals(void **state) {
    (void)state;
    w4a16_device *device = open_sim(1, 0, NULL);
    static const struct layer_shape shape = {64, 256, 64, 0, 1, 0};
    struct part first = make_part(device, &shape, 1), second = make_part(device, &shape, 2);
    const w4a16_problem *parts[] = {&first.problem, &second.problem};
    const void *packed[] = {first.packed, second.packed};
    const w4a16_problem kept = second.problem;
    expect(parts, packed, 0, 1 << 16, "there is no first part");
    expect(parts, packed, 2, 100, "there are 100 bytes; the joined layer needs");
    packed[1] = NULL;
    expect(parts, packed, 2, 1 << 16, "part 1 is null");
    packed[1] = second.packed;
    static const struct {
        int64_t N, K, group_size;
        w4a16_dtype scales;
        int act_order, experts, nibbles_only;
        const char *words;
    } changes[] = {{64, 128, 64, W4A16_F16, 1, 0, 0, "part 1 differs from part 0 in K or padded_K"},
                   {64, 256, 32, W4A16_F16, 1, 0, 0, "part 1 differs from part 0 in group_size"},
                   {64, 256, 64, W4A16_BF16, 1, 0, 0, "part 1 differs from part 0 in scale_type"},
                   {64, 256, 64, W4A16_F16, 0, 0, 0, "part 1 differs from part 0 in having an act-order"},
                   {64, 256, 64, W4A16_F16, 1, 2, 0, "part 1 holds experts"},
                   {64, 256, 64, W4A16_F16, 1, 0, 1, "part 1 is of nibbles only"}};
    for (size_t n = 0; n < sizeof changes / sizeof changes[0]; n++) {
        second.problem = kept;
        second.problem.shape.N = changes[n].N, second.problem.shape.K = changes[n].K;
        second.problem.shape.group_size = changes[n].group_size,
        second.problem.weights.scale_type = changes[n].scales;
        second.problem.weights.act_order = changes[n].act_order,
        second.problem.mixture.experts = changes[n].experts;
        second.problem.weights.packing = (w4a16_packing)changes[n].nibbles_only;
        expect(parts, packed, 2, 1 << 16, changes[n].words);
    }
    second.problem = kept;
    first.problem.shape.N = 40;
    expect(parts, packed, 2, 1 << 16, "part 0 does not fill its strips");
    first.problem.shape.N = 64;
    struct part third = second; /* another order */
    third.packed = malloc(second.bytes);
    second.owned.perm[0] = 0, second.owned.perm[255] = 255;
    w4a16_error error;
    must(w4a16_pack(device, &second.owned.layer, third.packed, second.bytes, &error), &error);
    packed[1] = third.packed;
    expect(parts, packed, 2, 1 << 16, "part 1 has another act-order than part 0");
    free(third.packed);
    free_part(&first), free_part(&second);
    w4a16_device_close(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_joined), cmocka_unit_test(test_refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
