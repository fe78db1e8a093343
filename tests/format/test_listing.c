/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a checkpoint's layers are: stacks of experts, layers of other widths, what looks packed but is no
 * layer, and what an index leaves out.
 */
#include "model.h"

#define GPTQ(rest)                                                                                           \
    "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":32" rest "}}"
#define ASYMMETRIC ",\"symmetric\":false"
#define CT(targets, rest)                                                                                    \
    "{\"quantization_config\":{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"a\":{"           \
    "\"targets\":["                                                                                          \
    "\"" targets "\"],\"weights\":{\"num_bits\":4,\"strategy\":\"group\",\"group_size\":32" rest "}}}}}"

static struct model model;

/* K = 64, N = 8, two groups of 32. */
static void add_gptq(const char *layer) {
    char name[128];
    snprintf(name, sizeof name, "%s.qweight", layer);
    model_fill(&model, name, "I32", "8,8", 0x31, 256);
    snprintf(name, sizeof name, "%s.qzeros", layer);
    model_fill(&model, name, "I32", "2,1", 0x77, 8);
    snprintf(name, sizeof name, "%s.scales", layer);
    model_fill(&model, name, "F16", "2,8", 0x3c, 32);
}

/* ---- stacks of experts --------------------------------------------------------------------------------- */

enum { EXPERTS = 3 };

struct stacked_part {
    const char *name, *flat, *dtype, *shape; /* the shape of one expert */
    size_t bytes;                            /* of one expert */
    int byte;                                /* what fills it; -1: random */
};

/* N = 16, K = 64, two groups. */
static const struct stacked_part gptq_parts[] = {{"qweight", NULL, "I32", "8,16", 512, -1},
                                                 {"qzeros", NULL, "I32", "2,2", 16, -1},
                                                 {"scales", NULL, "F16", "2,16", 64, -2},
                                                 {"bias", NULL, "F16", "16", 32, -2}};
static const struct stacked_part awq_parts[] = {{"qweight", NULL, "I32", "64,2", 512, -1},
                                                {"qzeros", NULL, "I32", "2,2", 16, -1},
                                                {"scales", NULL, "BF16", "2,16", 64, -2}};
static const struct stacked_part ct_parts[] = {{"weight_packed", "packed", "I32", "16,8", 512, -1},
                                               {"weight_scale", "scale", "BF16", "16,2", 64, -2},
                                               {"weight_zero_point", "zero_point", "I32", "2,2", 16, -1}};

/* Random bytes; every second one such that 16 bits are a finite float where kind is -2. */
static void random_bytes(unsigned char *data, size_t bytes, int kind, uint64_t seed) {
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (unsigned char)random_at(seed, i);
        if (kind == -2 && i % 2) data[i] &= 0x3f;
    }
}

static void check_same(const w4a16_layer *a, const w4a16_layer *b) {
    assert_int_equal(a->N, b->N);
    assert_int_equal(a->K, b->K);
    assert_int_equal(a->group_size, b->group_size);
    assert_int_equal(a->scale_type, b->scale_type);
    assert_memory_equal(a->q, b->q, (size_t)(a->K / 8 * a->N * 4));
    assert_memory_equal(a->scale, b->scale, (size_t)(w4a16_layer_groups(a) * a->N * 2));
    assert_int_equal(!a->zero, !b->zero);
    if (a->zero) assert_memory_equal(a->zero, b->zero, (size_t)(w4a16_layer_groups(a) * a->N));
    assert_int_equal(!a->bias, !b->bias);
    if (a->bias) assert_memory_equal(a->bias, b->bias, (size_t)a->N * 2);
}

/* A stack "s.experts.up" beside the same experts as layers of their own, "t.0" and so on. */
static void check_stack(const struct stacked_part *parts, size_t count, int flat, const char *config) {
    unsigned char data[EXPERTS * 512];
    char name[128], shape[32];
    for (size_t p = 0; p < count; p++) {
        const struct stacked_part *part = &parts[p];
        random_bytes(data, EXPERTS * part->bytes, part->byte, 7 + p);
        snprintf(name, sizeof name, "s.experts.up%s%s", flat ? "_" : ".", flat ? part->flat : part->name);
        snprintf(shape, sizeof shape, "%d,%s", EXPERTS, part->shape);
        model_add(&model, name, part->dtype, shape, data, EXPERTS * part->bytes);
        for (size_t e = 0; e < EXPERTS; e++) {
            snprintf(name, sizeof name, "t.%zu.%s", e, part->name);
            model_add(&model, name, part->dtype, part->shape, data + e * part->bytes, part->bytes);
        }
    }
    static const int64_t whole[] = {EXPERTS, 16, 64}, each[] = {16, 64, 16, 64, 16, 64};
    if (parts == ct_parts) {
        if (flat)
            model_add(&model, "s.experts.up_shape", "I64", "3", whole, 24);
        else
            model_add(&model, "s.experts.up.weight_shape", "I64", "3,2", each, 48);
        for (int e = 0; e < EXPERTS; e++) {
            snprintf(name, sizeof name, "t.%d.weight_shape", e);
            model_add(&model, name, "I64", "2", whole + 1, 16);
        }
    }
    model_write(&model, "model.safetensors");
    write_text("m/config.json", config);
    w4a16_checkpoint *checkpoint = must_open();
    assert_int_equal(w4a16_checkpoint_layers(checkpoint), 2 * EXPERTS);
    check_note(checkpoint, NULL);
    for (int e = 0; e < EXPERTS; e++) {
        w4a16_layer *of_stack, *alone;
        w4a16_error error;
        snprintf(name, sizeof name, "s.experts.%d.up", e);
        check_problem(checkpoint, name, NULL);
        int64_t index = w4a16_checkpoint_find(checkpoint, name);
        assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, (size_t)index, &of_stack, &error), W4A16_OK);
        snprintf(name, sizeof name, "t.%d", e);
        index = w4a16_checkpoint_find(checkpoint, name);
        assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, (size_t)index, &alone, &error), W4A16_OK);
        check_same(of_stack, alone);
        w4a16_layer_free(of_stack), w4a16_layer_free(alone);
    }
    w4a16_checkpoint_close(checkpoint);
}

static void stacks(void **state) {
    (void)state;
    unlink("m/quantize_config.json");
    check_stack(gptq_parts, 4, 0, GPTQ(",\"checkpoint_format\":\"gptq_v2\""));
    check_stack(awq_parts, 3, 0,
                "{\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32}}");
    check_stack(ct_parts, 3, 0, CT("Linear", ASYMMETRIC));
    check_stack(ct_parts, 3, 1, CT("Linear", ASYMMETRIC));
    check_stack(ct_parts, 3, 1, CT("re:s.experts.up|t", ASYMMETRIC)); /* the stack's own name */
}

static void check_bad_stack(const char *scale_shape, const int64_t shape[3], const char *words) {
    model_fill(&model, "e.up_packed", "I32", "2,8,8", 0x31, 512);
    model_fill(&model, "e.up_scale", "BF16", scale_shape, 0x3c, 64);
    model_add(&model, "e.up_shape", "I64", "3", shape, 24);
    model_write(&model, "model.safetensors");
    write_text("m/config.json", CT("Linear", ""));
    w4a16_checkpoint *checkpoint = must_open();
    check_problem(checkpoint, "e.1.up", words);
    w4a16_checkpoint_close(checkpoint);
}

static void bad_stacks(void **state) {
    (void)state;
    static const int64_t sound[] = {2, 8, 64}, more[] = {3, 8, 64}, wider[] = {2, 8, 128};
    check_bad_stack("2,8,2", sound, NULL);
    check_bad_stack("4,4,2", sound, "e.up_scale: has 4 experts; e.up_packed has 2");
    check_bad_stack("2,4,4", sound, "e.up_scale: shape is for each expert [4, 4]; expected [8, 2]");
    check_bad_stack("2,16", sound, "e.up_scale: has 2 dimensions; expected 3");
    check_bad_stack("2,8,2", more, "e.up_shape: says 3 experts; e.up_packed has 2");
    check_bad_stack("2,8,2", wider, "e.up_packed: shape is for each expert [8, 8]; expected [8, 16]");
    static const int64_t none[] = {0, 8, 8};
    model_fill(&model, "e.up_packed", "I32", "0,8,8", 0, 0);
    model_add(&model, "e.up_shape", "I64", "3", none, 24);
    model_write(&model, "model.safetensors");
    w4a16_checkpoint *checkpoint = must_open();
    check_problem(checkpoint, "e.up", "e.up_packed: has 3 dimensions; expected 2");
    w4a16_checkpoint_close(checkpoint);
}

/* ---- Quark --------------------------------------------------------------------------------------------- */

#define QUARK(type, symmetric)                                                                               \
    "{\"quantization_config\":{\"quant_method\":\"quark\",\"export\":{\"pack_method\":\"reorder\"},"         \
    "\"global_quant_config\":{\"weight\":{\"dtype\":\"int8\"}},\"layer_quant_config\":{\"a.*\":{\"weight\":" \
    "{"                                                                                                      \
    "\"dtype\":\"" type "\",\"qscheme\":\"per_group\",\"group_size\":32,\"symmetric\":" symmetric "}}}}}"

static w4a16_layer *read_only_layer(const char *config) {
    write_text("m/config.json", config);
    model_write(&model, "model.safetensors");
    w4a16_checkpoint *checkpoint = must_open();
    w4a16_layer *layer = NULL;
    w4a16_error error;
    assert_int_equal(w4a16_checkpoint_layers(checkpoint), 1);
    check_problem(checkpoint, "a.l", NULL);
    assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error), W4A16_OK);
    w4a16_checkpoint_close(checkpoint);
    return layer;
}

/* The same layer as AWQ stores it, unsigned, and as Quark does: K = 64, N = 16. */
static void quark(void **state) {
    (void)state;
    unsigned char q[512], zeros[16], scales[64];
    random_bytes(q, sizeof q, -1, 1);
    random_bytes(zeros, sizeof zeros, -1, 2);
    random_bytes(scales, sizeof scales, -2, 3);
    unlink("m/quantize_config.json");
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        model_add(&model, "a.l.qweight", "I32", "64,2", q, sizeof q);
        model_add(&model, "a.l.qzeros", "I32", "2,2", zeros, sizeof zeros);
        model_add(&model, "a.l.scales", "F16", "2,16", scales, sizeof scales);
        w4a16_layer *awq = read_only_layer(
            "{\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32}}");
        for (size_t i = 0; is_signed && i < sizeof q; i++) q[i] ^= 0x88;
        for (size_t i = 0; is_signed && i < sizeof zeros; i++) zeros[i] ^= 0x88;
        model_add(&model, "a.l.weight", "I32", "64,2", q, sizeof q);
        model_add(&model, "a.l.weight_zero_point", "I32", "2,2", zeros, sizeof zeros);
        model_add(&model, "a.l.weight_scale", "F16", "2,16", scales, sizeof scales);
        model_fill(&model, "a.norm.weight", "BF16", "4", 0, 8);
        w4a16_layer *own = read_only_layer(is_signed ? QUARK("int4", "false") : QUARK("uint4", "false"));
        check_same(awq, own);
        w4a16_layer_free(awq), w4a16_layer_free(own);
    }
    model_add(&model, "a.l.weight", "I32", "64,2", q, sizeof q);
    model_add(&model, "a.l.weight_scale", "F16", "2,16", scales, sizeof scales);
    w4a16_layer *symmetric = read_only_layer(QUARK("int4", "true"));
    assert_null(symmetric->zero);
    w4a16_layer_free(symmetric);
}

/* ---- other widths -------------------------------------------------------------------------------------- */

static void widths(void **state) {
    (void)state;
    add_gptq("a.down");
    model_fill(&model, "b.down.qweight", "I32", "16,8", 0x31, 512);
    model_fill(&model, "b.down.qzeros", "I32", "2,2", 0x77, 16);
    model_fill(&model, "b.down.scales", "F16", "2,8", 0x3c, 32);
    model_write(&model, "model.safetensors");
    write_text("m/config.json", GPTQ(",\"dynamic\":{\"+:b\":{\"bits\":8}}"));
    w4a16_checkpoint *checkpoint = must_open();
    assert_int_equal(w4a16_checkpoint_layers(checkpoint), 1);
    check_problem(checkpoint, "a.down", NULL);
    check_note(checkpoint, "layers of 8 bits, left to other engines: 1, the first is b.down");
    w4a16_checkpoint_close(checkpoint);
    write_text("m/config.json", GPTQ(",\"dynamic\":{\"+:.\":{\"bits\":8}}"));
    refused("m", W4A16_UNSUPPORTED,
            "m/model.safetensors: none of its 2 gptq layers has 4 bits: a.down has 8");
    write_text("m/config.json", GPTQ(",\"dynamic\":{\"+:b\":{\"bits\":16}}"));
    checkpoint = must_open();
    check_problem(checkpoint, "b.down", "dynamic: \"+:b\": bits is 16; accepted is 4");
    w4a16_checkpoint_close(checkpoint);
}

/* ---- transforms ------------------------------------------------------------------------------------------ */

static void transforms(void **state) {
    (void)state;
    unlink("m/quantize_config.json");
    for (int some = 0; some < 2; some++) {
        model_fill(&model, "a.weight_packed", "I32", "16,8", 0x31, 512);
        model_fill(&model, "a.weight_scale", "F16", "16,2", 0x3c, 64);
        model_add(&model, "a.weight_shape", "I64", "2", (const int64_t[]){16, 64}, 16);
        model_write(&model, "model.safetensors");
        write_text("m/config.json",
                   some ? CT("Linear", "}}},\"transform_config\":{\"config_groups\":{\"R1\":{")
                        : CT("Linear", ""));
        w4a16_checkpoint *checkpoint = must_open();
        check_problem(checkpoint, "a", NULL);
        check_note(checkpoint, some ? "transform_config: the model transforms activations" : NULL);
        w4a16_checkpoint_close(checkpoint);
    }
}

/* ---- what no layer claims ------------------------------------------------------------------------------ */

static void check_leftover(const char *name, const char *dtype, const char *shape, const char *beside,
                           const char *problem, const char *note) {
    add_gptq("a.down");
    model_fill(&model, name, dtype, shape, 0, 0);
    if (beside) model_fill(&model, beside, "F32", "0", 0, 0);
    model_write(&model, "model.safetensors");
    write_text("m/config.json", GPTQ(""));
    w4a16_checkpoint *checkpoint = must_open();
    check_problem(checkpoint, "a.down", NULL);
    assert_int_equal(w4a16_checkpoint_layers(checkpoint), problem ? 2 : 1);
    if (problem) check_problem(checkpoint, name, problem);
    check_note(checkpoint, note);
    w4a16_checkpoint_close(checkpoint);
}

static void leftovers(void **state) {
    (void)state;
    unlink("m/quantize_config.json");
    check_leftover("b.experts.up_packed", "I32", "2,0,8", NULL, "looks packed (I32 [2, 0, 8])", NULL);
    check_leftover("b.weight_packed", "I32", "0,8", NULL, "is part of no gptq layer", NULL);
    check_leftover("b.qweight2", "I32", "0,8", NULL, "looks packed", NULL);
    check_leftover("longer_than_others_qweight", "I32", "0,8", NULL, "looks packed", NULL);
    check_leftover("b.weight", "U8", "0,1", "b.weight.absmax", "looks packed (U8 [0, 1])", NULL);
    check_leftover("b.up_blocks", "U8", "0,4,16", "b.up_scales", "looks packed", NULL);
    check_leftover("b.weight", "U32", "0,1", "b.scales", "looks packed", NULL);
    check_leftover("b.weight", "F4", "0,2", NULL, "looks packed (F4 [0, 2])", NULL);
    check_leftover("b.weight", "F8_E4M3", "0,2", "b.weight_scale", NULL,
                   "layers of 8 bits, left to other engines: 1, the first is b.weight");
    check_leftover("b.weight", "F15", "0,2", "b.weight_scale", NULL, "layers of 15 bits");
    check_leftover("b.weight", "F16X", "0,2", "b.weight_scale", NULL, NULL);
    check_leftover("b.weight", "F-3", "0,2", "b.weight_scale", NULL, NULL);
    check_leftover("b.weight", "F999999", "0,2", "b.weight_scale", NULL, NULL);
    check_leftover("b.weight", "I8", "0,2", "b.weight_scale", NULL, "layers of 8 bits");
    check_leftover("b.bias", "U8", "0,1,4,4", NULL, NULL, NULL); /* a mask */
    check_leftover("b.position_ids", "I64", "0,4", "b.logit_scale", NULL, NULL);
    check_leftover("b.weight", "BF16", "0,4", "b.scale", NULL, NULL);
}

/* ---- an index ------------------------------------------------------------------------------------------ */

#define IN(name, file) "\"" name "\":\"" file ".safetensors\""
#define LAYER          IN("l.qweight", "model") "," IN("l.qzeros", "model") "," IN("l.scales", "model")
#define INDEX(map)     "{\"weight_map\":{" map "}}"

static void check_index(const char *map, const char *problem, const char *note) {
    write_text("m/model.safetensors.index.json", map);
    w4a16_checkpoint *checkpoint = must_open();
    assert_int_equal(w4a16_checkpoint_layers(checkpoint), 1);
    check_problem(checkpoint, "l", problem);
    check_note(checkpoint, note);
    w4a16_checkpoint_close(checkpoint);
}

static void indices(void **state) {
    (void)state;
    write_text("m/config.json", GPTQ(""));
    model_fill(&model, "l.scales", "F16", "2,8", 0x38, 32);
    model_fill(&model, "norm", "F16", "2", 0, 4);
    model_fill(&model, "tail", "F16", "2", 0, 4);
    model_write(&model, "other");
    add_gptq("l");
    model_fill(&model, "norm", "F16", "2", 0, 4);
    model_fill(&model, "mtp", "F16", "2", 0, 4);
    model_write(&model, "model.safetensors");
    check_index(INDEX(LAYER "," IN("norm", "model") "," IN("mtp", "model")), NULL, NULL);
    check_index(INDEX(LAYER), NULL, "needs: 2, the first is norm in m/model.safetensors");
    check_index(INDEX(IN("l.qweight",
                         "model") "," IN("l.qzeros", "model") "," IN("mtp", "model") "," IN("norm", "model")),
                "weight_map does not name tensor l.scales, which is in model.safetensors", NULL);
    assert_int_equal(rename("m/other", "m/other.safetensors"), 0);
    check_index(
        INDEX(LAYER "," IN("norm", "model") "," IN("mtp", "model")), NULL,
        "names no tensor of 1 .safetensors files beside it, which are not read; the first is other.saf");
    check_index(INDEX(LAYER "," IN("norm", "other")),
                "tensor l.scales is in model.safetensors and in another file",
                "needs: 3, the first is norm in m/model.safetensors");
    write_text("m/model.safetensors.index.json", INDEX(LAYER "," IN("mtp", "other")));
    refused("m", W4A16_BAD_FILE,
            "m/model.safetensors.index.json: weight_map: tensor mtp: file is \"other.safetensors\", but "
            "model.safetensors has it");
    unlink("m/model.safetensors.index.json");
    unlink("m/other.safetensors");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(stacks),    cmocka_unit_test(bad_stacks),
                                       cmocka_unit_test(quark),     cmocka_unit_test(widths),
                                       cmocka_unit_test(leftovers), cmocka_unit_test(transforms),
                                       cmocka_unit_test(indices)};
    return cmocka_run_group_tests(tests, empty_directory, remove_directory);
}
