/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Where a checkpoint says how it is quantised: sections of config.json, files of their own, and several of
 * them together. The layer's stored zeros are 6 everywhere, so that what is read shows the format and the
 * version.
 */
#include "model.h"

#define SECTION(text) "{\"model_type\":\"x\",\"quantization_config\":{" text "}}"
#define SIZES         "\"bits\":4,\"group_size\":32"
#define V2            "\"checkpoint_format\":\"gptq_v2\""
#define AUTO(packing)                                                                                        \
    SECTION("\"quant_method\":\"auto-round\",\"packing_format\":\"auto_round" packing "\"," SIZES)
#define RULES(rules) SECTION("\"quant_method\":\"intel/auto-round\"," SIZES ",\"extra_config\":{" rules "}")

static struct model model;

/* K = 64, N = 64, two groups. */
static void write_layer_of(const char *format) {
    int awq = strcmp(format, "awq") == 0;
    unlink("m/config.json");
    unlink("m/quantize_config.json");
    if (strcmp(format, "compressed-tensors") == 0) {
        static const int64_t shape[2] = {64, 64};
        model_fill(&model, "a.l.weight_packed", "I32", "64,8", 0x31, 2048);
        model_fill(&model, "a.l.weight_scale", "F16", "64,2", 0x3c, 256);
        model_add(&model, "a.l.weight_shape", "I64", "2", shape, 16);
    } else {
        model_fill(&model, "a.l.qweight", "I32", awq ? "64,8" : "8,64", 0x31, 2048);
        model_fill(&model, "a.l.qzeros", "I32", "2,8", 0x66, 64);
        model_fill(&model, "a.l.scales", "F16", "2,64", 0x3c, 256);
    }
    model_write(&model, "model.safetensors");
}

struct accepted {
    const char *config, *file, *text; /* config.json, and another file beside it; or null */
    const char *format;
    int zero;
};

static const struct accepted accepted[] = {
    {SECTION(SIZES), NULL, NULL, "gptq", 7},
    {SECTION(SIZES "," V2), NULL, NULL, "gptq_v2", 6},
    /* What one file lacks, the other gives. */
    {SECTION(SIZES), "quantize_config.json", "{" SIZES "," V2 "}", "gptq_v2", 6},
    {SECTION(SIZES), "quantize_config.json", "{" V2 "}", "gptq_v2", 6},
    {SECTION("\"quant_method\":\"gptq\""), "quantize_config.json", "{" SIZES "}", "gptq", 7},
    {SECTION(SIZES ",\"sym\":null"), "quantize_config.json", "{" SIZES ",\"sym\":false}", "gptq", 7},
    {NULL, "quantize_config.json", "{" SIZES ",\"format\":\"gptq_v2\"}", "gptq_v2", 6},
    {SECTION(SIZES "," V2), "quantize_config.json", "{" SIZES ",\"format\":\"GPTQ_V2\"}", "gptq_v2", 6},
    {"{}", "quant_config.json", "{\"w_bit\":4,\"q_group_size\":32}", "awq", 6},
    {SECTION("\"quant_method\":\"awq\",\"bits\":4"), "quant_config.json", "{\"w_bit\":4,\"q_group_size\":32}",
     "awq", 6},
    {SECTION("\"quant_method\":\"awq\"," SIZES), "quantize_config.json", "{\"bits\":3}", "awq", 6},
    {NULL, "quantize_config.json", "{\"quant_method\":\"awq\"," SIZES "}", "awq", 6},
    /* A file of another format is not this checkpoint's. */
    {SECTION(SIZES), "quant_config.json", "{\"w_bit\":3,\"q_group_size\":64}", "gptq", 7},
    /* Inside the configuration of the text model. */
    {"{\"text_config\":{\"quantization_config\":{\"quant_method\":\"awq\"," SIZES "}}}", NULL, NULL, "awq",
     6},
    {"{\"llm_config\":{\"quantization_config\":{" SIZES "," V2 "}},\"vision_config\":3}", NULL, NULL,
     "gptq_v2", 6},
    {"{\"thinker_config\":{\"text_config\":{\"quantization_config\":{" SIZES "}}}}", NULL, NULL, "gptq", 7},
    {"{\"quantization_config\":{" SIZES "},\"text_config\":{\"quantization_config\":{" SIZES "," V2 "}}}",
     NULL, NULL, "gptq_v2", 6},
    {"{\"text_config\":null,\"quantization_config\":{},\"compression_config\":{" SIZES "}}", NULL, NULL,
     "gptq", 7},
    {"{\"decoder\":{\"quantization_config\":{" SIZES "," V2 "}}}", NULL, NULL, "gptq_v2", 6},
    /* A section inside a section, as older files have it. */
    {"{\"compression_config\":{\"quantization_config\":{" SIZES "," V2 "},\"sparsity_config\":{}}}", NULL,
     NULL, "gptq_v2", 6},
    /* auto-round. */
    {AUTO(":auto_gptq"), NULL, NULL, "gptq", 7},
    {AUTO(""), NULL, NULL, "gptq_v2", 6},
    {AUTO(":gptqmodel"), NULL, NULL, "gptq_v2", 6},
    {AUTO(":auto_awq"), NULL, NULL, "awq", 6},
    {SECTION("\"quant_method\":\"auto-round\"," SIZES), NULL, NULL, "gptq", 7},
    {NULL, "quantization_config.json", "{\"quant_method\":\"auto-round\",\"data_type\":\"int\"," SIZES "}",
     "gptq", 7},
    {RULES("\"a.l\":{\"bits\":4},\".*l.*\":{\"bits\":8}"), NULL, NULL, "gptq", 7},
    {RULES("\"l\":{\"bits\":8},\"a\":{\"bits\":8}"), NULL, NULL, "gptq", 7}, /* names of other layers */
    {RULES("\"^l\":{\"bits\":8}"), NULL, NULL, "gptq", 7},
    {RULES("\"a.l\":{\"data_type\":\"INT\",\"act_bits\":16}"), NULL, NULL, "gptq", 7},
    {SECTION("\"quant_method\":\"auto-round\",\"bits\":8,\"group_size\":64,\"extra_config\":{\".l$\":{" SIZES
             "}}"),
     NULL, NULL, "gptq", 7},
    {SECTION("\"bits\":8,\"group_size\":64,\"dynamic\":{\"+:a\":{" SIZES "}}"), NULL, NULL, "gptq", 7},
};

static void check_accepted(const struct accepted *c) {
    char path[64];
    write_layer_of(c->format);
    if (c->config) write_text("m/config.json", c->config);
    snprintf(path, sizeof path, "m/%s", c->file ? c->file : "");
    if (c->file) write_text(path, c->text);
    w4a16_checkpoint *checkpoint = must_open();
    w4a16_layer *layer;
    w4a16_error error;
    check_problem(checkpoint, "a.l", NULL);
    assert_string_equal(w4a16_checkpoint_layer(checkpoint, 0)->format, c->format);
    assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error), W4A16_OK);
    for (int i = 0; i < 128; i++) assert_int_equal(layer->zero[i], c->zero);
    w4a16_layer_free(layer);
    w4a16_checkpoint_close(checkpoint);
    if (c->file) unlink(path);
}

static void sources(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) check_accepted(&accepted[i]);
}

/* The old name of compressed-tensors' section. */
static void compression_config(void **state) {
    (void)state;
    write_layer_of("compressed-tensors");
    write_text("m/config.json",
               "{\"compression_config\":{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"a\":{"
               "\"targets\":["
               "\"Linear\"],\"weights\":{\"num_bits\":4,\"strategy\":\"group\",\"group_size\":32}}}}}");
    w4a16_checkpoint *checkpoint = must_open();
    check_problem(checkpoint, "a.l", NULL);
    w4a16_checkpoint_close(checkpoint);
}

static const struct refusal {
    const char *config, *file, *text, *sentence;
} refusals[] = {
    {SECTION(SIZES), "quantize_config.json", "{\"bits\":4,\"group_size\":64}",
     "m: group_size is 32 in config.json and 64 in quantize_config.json; expected the same"},
    {SECTION(SIZES ",\"checkpoint_format\":\"gptq\""), "quantize_config.json", "{" SIZES "," V2 "}",
     "m: checkpoint_format is \"gptq\" in config.json and \"gptq_v2\" in quantize_config.json; expected the "
     "same"},
    {SECTION(SIZES ",\"format\":\"gptq\""), "quantize_config.json", "{" SIZES "," V2 "}",
     "m: format is \"gptq\" in config.json and \"gptq_v2\" in quantize_config.json; expected the same"},
    {SECTION(SIZES ",\"sym\":true"), "quantize_config.json", "{" SIZES ",\"sym\":false}",
     "m: sym is true in config.json and false in quantize_config.json; expected the same"},
    {SECTION(SIZES ",\"desc_act\":true"), "quantize_config.json", "{" SIZES ",\"desc_act\":false}",
     "m: desc_act is true in config.json and false in quantize_config.json; expected the same"},
    {SECTION(SIZES ",\"damp_percent\":0.05"), "quantize_config.json", "{" SIZES ",\"damp_percent\":0.1}",
     "m: damp_percent is 0.05 in config.json and 0.1 in quantize_config.json; expected the same"},
    {SECTION(SIZES ",\"dynamic\":{\"+:l\":{\"bits\":8}}"), "quantize_config.json",
     "{" SIZES ",\"dynamic\":{\"+:l\":{\"bits\":4}}}",
     "m: dynamic is {\"+:l\":{\"bits\":8}} in config.json and {\"+:l\":{\"bits\":4}} in "
     "quantize_config.json; expected "
     "the same"},
    {SECTION("\"quant_method\":\"awq\"," SIZES), "quant_config.json", "{\"quant_method\":\"gptq\"}",
     "m: quant_method is \"awq\" in config.json and \"gptq\" in quant_config.json; expected the same"},
    {SECTION("\"quant_method\":\"awq\",\"w_bit\":4,\"group_size\":32"), "quant_config.json", "{\"bits\":3}",
     "m: w_bit is 4 in config.json and 3 in quant_config.json; expected the same"},
    {"{\"quantization_config\":{" SIZES "},\"text_config\":{\"quantization_config\":{\"bits\":8}}}", "x", "",
     "m: bits is 4 in config.json and 8 in config.json: text_config.quantization_config; expected the same"},
    {SECTION("\"quant_method\":\"gptq\""), "quantize_config.json", "{\"bits\":4,\"group_size\":\"32\"}",
     "m/config.json: quantization_config and quantize_config.json: group_size is \"32\", a text; accepted is "
     "an "
     "integer"},
    {AUTO(":exllamav2"), "x", "",
     "m/config.json: quantization_config: packing_format is \"auto_round:exllamav2\", which is not "
     "supported; accepted "
     "are \"auto_round:auto_gptq\", \"auto_round\", \"auto_round:gptqmodel\" and \"auto_round:auto_awq\""},
    {SECTION("\"quant_method\":\"auto-round\",\"data_type\":\"mx_fp\"," SIZES), "x", "",
     "m/config.json: quantization_config: data_type is \"mx_fp\", which is not supported; accepted is "
     "\"int\""},
    {SECTION("\"quant_method\":\"auto-round\",\"act_bits\":8," SIZES), "x", "",
     "m/config.json: quantization_config: act_bits is 8: activations are quantised; accepted are 16 and 32"},
    {SECTION("\"bits\":8,\"group_size\":32,\"dynamic\":{\"+:a\":{\"bits\":3}}"), "x", "",
     "m/config.json: quantization_config: bits is 8, which is not supported; accepted is 4"},
    {RULES("\"(\":{}"), "x", "",
     "m/config.json: quantization_config: extra_config: \"(\": missing closing parenthesis, at byte 1 of the "
     "expression; accepted are regular expressions of up to 1000 bytes"},
    {"{\"text_config\":{\"quantization_config\":7}}", "x", "",
     "m/config.json: quantization_config is 7; accepted is an object {...}"},
};

static void contradictions(void **state) {
    (void)state;
    write_layer_of("gptq");
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *c = &refusals[i];
        char path[64];
        snprintf(path, sizeof path, "m/%s", c->file);
        write_text("m/config.json", c->config);
        write_text(path, c->text);
        w4a16_checkpoint *checkpoint = NULL;
        w4a16_error error;
        if (w4a16_checkpoint_open("m", &checkpoint, &error) == W4A16_OK) fail_msg("case %zu is accepted", i);
        assert_string_equal(error.message, c->sentence);
        unlink(path);
    }
}

/* Expressions of auto-round are searched in names, and names are preferred to them. */
static void rules(void **state) {
    (void)state;
    static const char *const texts[] = {RULES("\"a.l\":{\"bits\":8}"), RULES("\"^a|x\":{\"bits\":8}"),
                                        RULES("\"l$\":{\"bits\":8},\".*\":{\"bits\":4}"), NULL};
    write_layer_of("gptq");
    for (int i = 0; texts[i]; i++) {
        write_text("m/config.json", texts[i]);
        w4a16_checkpoint *checkpoint = NULL;
        w4a16_error error;
        assert_int_equal(w4a16_checkpoint_open("m", &checkpoint, &error), W4A16_UNSUPPORTED);
        if (!strstr(error.message, "none of its 1 gptq layers has 4 bits: a.l has 8"))
            fail_msg("%s", error.message);
    }
    static const struct {
        const char *rule, *problem;
    } problems[] = {
        {RULES("\"a.l\":{\"sym\":true}"), "zero [0, 0] is 6, but the configuration says sym: true"},
        {RULES("\".*\":{\"data_type\":\"mx_fp\"}"),
         "extra_config: \".*\": data_type is \"mx_fp\"; accepted is \"int\""},
        {RULES("\"a.l\":{\"bits\":4,\"act_bits\":8}"),
         "extra_config: \"a.l\": act_bits is 8: activations are quantised; accepted are 16 and 32"},
    };
    for (size_t i = 0; i < sizeof problems / sizeof problems[0]; i++) {
        write_text("m/config.json", problems[i].rule);
        w4a16_checkpoint *checkpoint = must_open();
        check_problem(checkpoint, "a.l", problems[i].problem);
        w4a16_checkpoint_close(checkpoint);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(sources), cmocka_unit_test(compression_config),
                                       cmocka_unit_test(contradictions), cmocka_unit_test(rules)};
    return cmocka_run_group_tests(tests, empty_directory, remove_directory);
}
