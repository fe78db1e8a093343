/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * GPTQ layers and configurations that contradict themselves. Each case is one change to a sound checkpoint
 * and the sentence that it gives.
 */
#include "bad.h"

#define FILE_NAME  "m/model.safetensors"
#define SHAPE_TAIL " for K = 64, N = 8 (from qweight) and group_size 32 (from the configuration)"

struct tensor {
    const char *name, *dtype, *shape;
    size_t bytes;
};

/* The sound layer: K = 64, N = 8, two groups, act-ordered by the bytes that fill_data writes. */
enum { QWEIGHT, QZEROS, SCALES, G_IDX, BIAS, PARTS };
static const struct tensor sound[PARTS] = {
    [QWEIGHT] = {"l.qweight", "I32", "8,8", 256}, [QZEROS] = {"l.qzeros", "I32", "2,1", 8},
    [SCALES] = {"l.scales", "F16", "2,8", 32},    [G_IDX] = {"l.g_idx", "I32", "64", 256},
    [BIAS] = {"l.bias", "F32", "8", 32},
};

/* The tensors one after the other; a null name leaves one out. */
static void write_layer(const struct tensor *tensors, const void *data) {
    char header[2048];
    size_t length = 0, begin = 0;
    for (int p = 0; p < PARTS; p++) {
        const struct tensor *t = &tensors[p];
        if (!t->name) continue;
        length += (size_t)snprintf(header + length, sizeof header - length,
                                   "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                                   length ? "," : "{", t->name, t->dtype, t->shape, begin, begin + t->bytes);
        begin += t->bytes;
    }
    header[length++] = '}';
    write_model(length, header, length, data, begin);
}

/* Where each part begins in fill_data's bytes. */
static size_t offset_of(int part) {
    size_t offset = 0;
    for (int p = 0; p < part; p++) offset += sound[p].bytes;
    return offset;
}

static void fill_data(unsigned char data[1024]) {
    memset(data, 0, 1024);
    memset(data + offset_of(QZEROS), 0x77, 8);
    for (int i = 0; i < 16; i++) data[offset_of(SCALES) + 2 * (size_t)i + 1] = 0x3c; /* 1.0 */
    for (int k = 0; k < 64; k++) data[offset_of(G_IDX) + 4 * (size_t)k] = (unsigned char)(k % 2);
}

/* Opening succeeds; listing and reading the layer give the sentence, or neither of them one if it is null. */
static void layer_gives(w4a16_status status, const char *sentence) {
    w4a16_checkpoint *checkpoint;
    w4a16_error error;
    if (w4a16_checkpoint_open("m", &checkpoint, &error) != W4A16_OK) fail_msg("%s", error.message);
    assert_int_equal(w4a16_checkpoint_layers(checkpoint), 1);
    const char *problem = w4a16_checkpoint_layer(checkpoint, 0)->problem;
    w4a16_layer *layer = NULL;
    assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error), status);
    if (sentence) {
        assert_null(layer);
        assert_non_null(problem);
        assert_string_equal(problem, sentence);
        assert_string_equal(error.message, sentence);
    } else {
        assert_null(problem);
        assert_int_equal(w4a16_layer_check(layer, &error), W4A16_OK);
    }
    w4a16_layer_free(layer);
    w4a16_checkpoint_close(checkpoint);
}

/* clang-format off */
static const struct shape_case {
    int part;
    struct tensor instead;
    const char *sentence;
} shape_cases[] = {
    {QZEROS, {0}, "tensor l.qzeros is missing; l.qweight needs it"},
    {SCALES, {0}, "tensor l.scales is missing; l.qweight needs it"},
    {G_IDX, {0}, NULL},
    {BIAS, {0}, NULL},
    {QWEIGHT, {"l.qweight", "I64", "8,4", 256}, "tensor l.qweight: type is I64; accepted: I32"},
    {QWEIGHT, {"l.qweight", "U32", "8,8", 256}, "tensor l.qweight: type is U32; accepted: I32"},
    {QZEROS, {"l.qzeros", "U8", "2,4", 8}, "tensor l.qzeros: type is U8; accepted: I32"},
    {SCALES, {"l.scales", "F32", "1,8", 32}, "tensor l.scales: type is F32; accepted: F16 and BF16"},
    {SCALES, {"l.scales", "F8_E5M2", "4,8", 32}, "tensor l.scales: type is F8_E5M2; accepted: F16 and BF16"},
    {SCALES, {"l.scales", "F9", "4,8", 32}, "tensor l.scales: type is F9; accepted: F16 and BF16"},
    {G_IDX, {"l.g_idx", "I64", "32", 256}, "tensor l.g_idx: type is I64; accepted: I32"},
    {BIAS, {"l.bias", "F64", "4", 32}, "tensor l.bias: type is F64; accepted: F16, BF16 and F32"},
    {QWEIGHT, {"l.qweight", "I32", "64", 256}, "tensor l.qweight: has 1 dimensions; expected 2"},
    {BIAS, {"l.bias", "F32", "8,1", 32}, "tensor l.bias: has 2 dimensions; expected 1"},
    {QWEIGHT, {"l.qweight", "I32", "16,4", 256},
     "tensor l.qweight: shape is [16, 4]; expected [K/8, N] with K up to 16777216 and N a multiple of 8 up to it"},
    {QWEIGHT, {"l.qweight", "I32", "0,8", 0},
     "tensor l.qweight: shape is [0, 8]; expected [K/8, N] with K up to 16777216 and N a multiple of 8 up to it"},
    {QWEIGHT, {"l.qweight", "I32", "2097153,0", 0},
     "tensor l.qweight: shape is [2097153, 0]; expected [K/8, N] with K up to 16777216 and N a multiple of 8 up to it"},
    {QZEROS, {"l.qzeros", "I32", "1,1", 4}, "tensor l.qzeros: shape is [1, 1]; expected [2, 1]" SHAPE_TAIL},
    {QZEROS, {"l.qzeros", "I32", "1,2", 8}, "tensor l.qzeros: shape is [1, 2]; expected [2, 1]" SHAPE_TAIL},
    {SCALES, {"l.scales", "F16", "8,2", 32}, "tensor l.scales: shape is [8, 2]; expected [2, 8]" SHAPE_TAIL},
    {SCALES, {"l.scales", "F16", "4,8", 64}, "tensor l.scales: shape is [4, 8]; expected [2, 8]" SHAPE_TAIL},
    {G_IDX, {"l.g_idx", "I32", "63", 252}, "tensor l.g_idx: shape is [63]; expected [64]" SHAPE_TAIL},
    {BIAS, {"l.bias", "F32", "0", 0}, "tensor l.bias: shape is [0]; expected [8]" SHAPE_TAIL},
};

static const struct value_case {
    int part;
    size_t at;
    unsigned char value[4];
    size_t bytes;
    const char *sentence;
} value_cases[] = {
    {SCALES, 2 * 11, {0x00, 0x7c}, 2, "tensor l.scales: [1, 3] is 0x7c00 (Inf or NaN); expected a finite scale"},
    {SCALES, 0, {0x01, 0xfe}, 2, "tensor l.scales: [0, 0] is 0xfe01 (Inf or NaN); expected a finite scale"},
    {SCALES, 2 * 15, {0xff, 0x7b}, 2, NULL}, /* the largest fp16 */
    {G_IDX, 4 * 5, {2, 0, 0, 0}, 4, "tensor l.g_idx: group of k = 5 is 2; accepted is 0..1"},
    {G_IDX, 4 * 63, {0xff, 0xff, 0xff, 0xff}, 4, "tensor l.g_idx: group of k = 63 is -1; accepted is 0..1"},
    {G_IDX, 4 * 6, {0, 0, 0, 0x80}, 4, "tensor l.g_idx: group of k = 6 is -2147483648; accepted is 0..1"},
    {G_IDX, 4 * 6, {1, 0, 0, 0}, 4,
     "tensor l.g_idx: group 0 has 31 members (the last is k = 62); expected 32"},
};

#define CT "m/config.json: quantization_config: "
#define GPTQ_RULES(rules) "{\"bits\":4,\"group_size\":32,\"dynamic\":{" rules "}}"
#define CT_CONFIG(rest) "{\"quantization_config\":{\"quant_method\":\"compressed-tensors\"" rest "}}"
#define IN_MODEL(part) "\"l." part "\":\"model.safetensors\""
#define SOUND_MAP                                                                                                      \
    IN_MODEL("qweight") "," IN_MODEL("qzeros") "," IN_MODEL("scales") "," IN_MODEL("g_idx") "," IN_MODEL("bias")

static const struct config_case {
    const char *file, *text;
    w4a16_status status;
    const char *sentence;
} config_cases[] = {
    {"m/quantize_config.json", "{\"bits\":4,", W4A16_BAD_FILE,
     "m/quantize_config.json: no valid JSON: found the end of the text; expected '\"' and a key (line 1, column 11)"},
    {"m/quantize_config.json", "{\"bits\":4,\"bits\":8,\"group_size\":32}", W4A16_BAD_FILE,
     "m/quantize_config.json: \"bits\" is given twice, as 4 and as 8 (line 1, column 11); accepted is one value"},
    {"m/quantize_config.json", "[4,32]", W4A16_BAD_FILE, "m/quantize_config.json: its content is a list of 2; accepted is an object {...}"},
    {"m/quantize_config.json", "{\"group_size\":32}", W4A16_BAD_FILE,
     "m/quantize_config.json: bits is missing; accepted is an integer"},
    {"m/quantize_config.json", "{\"bits\":\"4\",\"group_size\":32}", W4A16_BAD_FILE,
     "m/quantize_config.json: bits is \"4\", a text; accepted is an integer"},
    {"m/quantize_config.json", "{\"bits\":1180591620717411303424,\"group_size\":32}", W4A16_BAD_FILE,
     "m/quantize_config.json: bits is 1180591620717411303424, more than 64 bits hold; accepted is an integer"},
    {"m/quantize_config.json", "{\"bits\":8,\"group_size\":32}", W4A16_UNSUPPORTED,
     "m/quantize_config.json: bits is 8, which is not supported; accepted is 4"},
    {"m/quantize_config.json", "{\"bits\":4,\"group_size\":0}", W4A16_BAD_FILE,
     "m/quantize_config.json: group_size is 0; accepted are -1 (one group) and sizes >= 1"},
    {"m/quantize_config.json", "{\"bits\":4,\"group_size\":-9223372036854775808}", W4A16_BAD_FILE,
     "m/quantize_config.json: group_size is -9223372036854775808; accepted are -1 (one group) and sizes >= 1"},
    {"m/quantize_config.json", "{\"bits\":4}", W4A16_BAD_FILE,
     "m/quantize_config.json: group_size is missing; accepted is an integer"},
    {"m/quantize_config.json", "{\"bits\":4,\"group_size\":32,\"quant_method\":\"bitsandbytes\"}", W4A16_UNSUPPORTED,
     "m/quantize_config.json: quant_method is \"bitsandbytes\", which is not supported; accepted are \"gptq\", "
     "\"awq\", \"compressed-tensors\", \"quark\", \"auto-round\" and \"intel/auto-round\""},
    {"m/config.json", "{\"quantization_config\":{\"quant_method\":\"awq\",\"version\":\"gemv\",\"bits\":4}}",
     W4A16_UNSUPPORTED,
     "m/config.json: quantization_config: version is \"gemv\", which is not supported; accepted is \"gemm\""},
    {"m/config.json", "{\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4,\"w_bit\":8,\"group_size\":64}}",
     W4A16_BAD_FILE, "m/config.json: quantization_config: bits and its alias w_bit differ"},
    {"m/config.json", "{\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4}}", W4A16_BAD_FILE,
     "m/config.json: quantization_config: group_size is missing; accepted is an integer"},
    {"m/quantize_config.json", "{\"quant_method\":\"gptq\",\"method\":\"awq\"}", W4A16_BAD_FILE,
     "m/quantize_config.json: quant_method and its alias method differ"},
    {"m/quantize_config.json", "{\"bits\":4,\"group_size\":32,\"format\":\"gptq_p\"}", W4A16_UNSUPPORTED,
     "m/quantize_config.json: checkpoint_format is \"gptq_p\", which is not supported; accepted are \"gptq\" and "
     "\"gptq_v2\""},
    {"m/quantize_config.json", "{\"bits\":4,\"group_size\":32,\"checkpoint_format\":2}", W4A16_BAD_FILE,
     "m/quantize_config.json: checkpoint_format is 2; accepted is a text in quotes"},
    {"m/quantize_config.json", "{\"bits\":4,\"group_size\":32,\"pack_dtype\":\"int16\"}", W4A16_UNSUPPORTED,
     "m/quantize_config.json: pack_dtype is \"int16\", which is not supported; accepted is \"int32\""},
    {"m/quantize_config.json", "{\"bits\":4,\"group_size\":32,\"is_marlin_format\":true}", W4A16_UNSUPPORTED,
     "m/quantize_config.json: is_marlin_format is true; weights in Marlin's order are not supported"},
    {"m/quantize_config.json", "{\"bits\":4,\"group_size\":32,\"is_marlin_format\":1}", W4A16_BAD_FILE,
     "m/quantize_config.json: is_marlin_format is 1; accepted is true or false"},
    {"m/quantize_config.json", "{\"bits\":4,\"group_size\":Infinity}", W4A16_BAD_FILE,
     "m/quantize_config.json: group_size is \"Infinity\", a text; accepted is an integer"},
    {"m/config.json", "{\"quantization_config\":{\"bits\":4,\"bits\":8,\"group_size\":32}}", W4A16_BAD_FILE,
     "m/config.json: \"bits\" is given twice, as 4 and as 8 (line 1, column 34); accepted is one value"},
    {"m/quantize_config.json", GPTQ_RULES("\"-:(x\":{}"), W4A16_UNSUPPORTED,
     "m/quantize_config.json: dynamic: \"-:(x\": missing closing parenthesis, at byte 2 of the expression; accepted "
     "are regular expressions of up to 1000 bytes"},
    {"m/quantize_config.json", GPTQ_RULES("\"x\":4"), W4A16_BAD_FILE,
     "m/quantize_config.json: dynamic: \"x\": its value is 4; accepted is an object {...}"},
    {"m/quantize_config.json", GPTQ_RULES("\"x\":{\"group_size\":0}"), W4A16_BAD_FILE,
     "m/quantize_config.json: dynamic: \"x\": group_size is 0; accepted are -1 (one group) and sizes >= 1"},
    {"m/config.json", CT_CONFIG(""), W4A16_BAD_FILE, CT "config_groups is missing or empty"},
    {"m/config.json", CT_CONFIG(",\"format\":\"float-quantized\""), W4A16_UNSUPPORTED,
     CT "format is \"float-quantized\", which is not supported; accepted are \"pack-quantized\" and "
        "\"mixed-precision\""},
    {"m/config.json", CT_CONFIG(",\"sparsity_config\":{\"format\":\"sparse-24-bitmask\"}"), W4A16_UNSUPPORTED,
     CT "sparsity_config.format is \"sparse-24-bitmask\"; accepted is \"dense\""},
    {"m/config.json", CT_CONFIG(",\"config_groups\":{\"a\":{\"targets\":[\"Linear\"]}}"), W4A16_BAD_FILE,
     CT "config_groups.a: weights is missing; accepted is an object {...}"},
    {"m/config.json", CT_CONFIG(",\"config_groups\":{\"a\":{\"weights\":{}}}"), W4A16_BAD_FILE,
     CT "config_groups.a: targets is missing or empty; accepted is a list of names"},
    {"m/config.json", CT_CONFIG(",\"config_groups\":{\"a\":{\"weights\":{},\"targets\":[7]}}"), W4A16_BAD_FILE,
     CT "config_groups.a: one of targets is 7; accepted is a text in quotes"},
    {"m/config.json", CT_CONFIG(",\"config_groups\":{\"a\":{\"weights\":{},\"targets\":[\"re:(a\"]}}"),
     W4A16_UNSUPPORTED,
     CT "config_groups.a: targets: \"re:(a\": missing closing parenthesis, at byte 2 of the expression; accepted are "
        "regular expressions of up to 1000 bytes"},
    {"m/config.json",
     CT_CONFIG(",\"config_groups\":{\"a\":{\"weights\":{\"num_bits\":4,\"strategy\":\"group\"},\"targets\":[\"b\"]}}"),
     W4A16_BAD_FILE, CT "config_groups.a: group_size is missing; accepted is an integer"},
    {"m/config.json", "{\"quantization_config\":7}", W4A16_BAD_FILE,
     "m/config.json: quantization_config is 7; accepted is an object {...}"},
    {"m/config.json", "{\"quantization_config\":{\"bits\":4,\"group_size\":64}}", W4A16_BAD_FILE,
     "m: group_size is 64 in config.json and 32 in quantize_config.json; expected the same"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{\"a\":\"../a.safetensors\"}}", W4A16_BAD_FILE,
     "m/model.safetensors.index.json: weight_map: tensor a: file is \"../a.safetensors\"; accepted are plain names of "
     ".safetensors files in the same directory"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{\"a\":\"..\"}}", W4A16_BAD_FILE,
     "m/model.safetensors.index.json: weight_map: tensor a: file is \"..\"; accepted are plain names of "
     ".safetensors files in the same directory"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{\"a\":\"/etc/a\"}}", W4A16_BAD_FILE,
     "m/model.safetensors.index.json: weight_map: tensor a: file is \"/etc/a\"; accepted are plain names of "
     ".safetensors files in the same directory"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{\"a\":\"a.bin\"}}", W4A16_BAD_FILE,
     "m/model.safetensors.index.json: weight_map: tensor a: file is \"a.bin\"; accepted are plain names of "
     ".safetensors files in the same directory"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{\"a\":\".safetensors\"}}", W4A16_BAD_FILE,
     "m/model.safetensors.index.json: weight_map: tensor a: file is \".safetensors\"; accepted are plain names of "
     ".safetensors files in the same directory"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{\"a\":3}}", W4A16_BAD_FILE,
     "m/model.safetensors.index.json: a is 3; accepted is a text in quotes"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{\"a\":\"a.safetensors\"}}", W4A16_IO,
     "m/a.safetensors: cannot open: No such file or directory"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{}}", W4A16_BAD_FILE,
     "m/model.safetensors.index.json: weight_map is missing or empty; accepted is {\"tensor\": \"file\", ...}"},
    {"m/model.safetensors.index.json", "{}", W4A16_BAD_FILE,
     "m/model.safetensors.index.json: weight_map is missing or empty; accepted is {\"tensor\": \"file\", ...}"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{\"l.x\":\"other.safetensors\"," SOUND_MAP "}}", W4A16_IO,
     "m/other.safetensors: cannot open: No such file or directory"},
    {"m/model.safetensors.index.json", "{\"weight_map\":{" SOUND_MAP ",\"l.more\":\"model.safetensors\"}}",
     W4A16_BAD_FILE, "m/model.safetensors.index.json: weight_map: tensor l.more is not in model.safetensors"},
    {"m/model.safetensors.index.json", "{", W4A16_BAD_FILE,
     "m/model.safetensors.index.json: no valid JSON: found the end of the text; expected '\"' and a key (line 1, column 2)"},
};
/* clang-format on */

static void expect(const char *sentence) {
    char full[1024];
    snprintf(full, sizeof full, FILE_NAME ": %s", sentence ? sentence : "");
    layer_gives(sentence ? W4A16_BAD_FILE : W4A16_OK, sentence ? full : NULL);
}

static void shapes(void **state) {
    (void)state;
    unsigned char data[1024];
    fill_data(data);
    write_layer(sound, data);
    expect(NULL);
    for (size_t i = 0; i < sizeof shape_cases / sizeof shape_cases[0]; i++) {
        const struct shape_case *c = &shape_cases[i];
        struct tensor tensors[PARTS];
        memcpy(tensors, sound, sizeof sound);
        tensors[c->part] = c->instead;
        write_layer(tensors, data);
        /* Without g_idx or bias nothing behind them moves; a changed size before them never gets read. */
        expect(c->sentence);
    }
}

static void values(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof value_cases / sizeof value_cases[0]; i++) {
        const struct value_case *c = &value_cases[i];
        unsigned char data[1024];
        fill_data(data);
        memcpy(data + offset_of(c->part) + c->at, c->value, c->bytes);
        write_layer(sound, data);
        expect(c->sentence);
    }
}

static void configurations(void **state) {
    (void)state;
    unsigned char data[1024];
    fill_data(data);
    write_layer(sound, data);
    for (size_t i = 0; i < sizeof config_cases / sizeof config_cases[0]; i++) {
        const struct config_case *c = &config_cases[i];
        write_text("m/quantize_config.json", CONFIG);
        write_text(c->file, c->text);
        refused("m", c->status, c->sentence);
        unlink(c->file);
    }
    unlink("m/quantize_config.json");
    refused("m", W4A16_BAD_FILE,
            "m: says nowhere how it is quantised; expected quantize_config.json with {\"bits\": 4, "
            "\"group_size\": 128} or the like, or config.json with quantization_config");
    write_text("m/config.json", "{\"quantization_config\":" CONFIG ",\"hidden_size\":64}");
    expect(NULL);
    /* As Python reads it: what is no JSON, and what is given twice, outside of what decides about the
     * weights. */
    write_text("m/config.json",
               "{\"dtype\":\"a\",\"limits\":[0.0,Infinity,-Infinity,NaN,1e999,123456789012345678901],"
               "\"text\":\"NaN, Infinity \\ud800\\u0000\",\"dtype\":\"b\","
               "\"quantization_config\":{\"bits\":4,\"group_size\":32,\"bits\":4,\"damp\":NaN}}");
    expect(NULL);
    unlink("m/config.json");
    write_text("m/quantize_config.json", CONFIG);
}

/* What is no regular file must neither be read nor block. */
static void configuration_no_file(void **state) {
    (void)state;
    static const char *const names[] = {"m/quantize_config.json", "m/config.json",
                                        "m/model.safetensors.index.json"};
    unsigned char data[1024];
    fill_data(data);
    write_layer(sound, data);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char sentence[128];
        snprintf(sentence, sizeof sentence, "%s: is not a regular file", names[i]);
        unlink(names[i]);
        assert_int_equal(mkfifo(names[i], 0600), 0);
        refused("m", W4A16_BAD_FILE, sentence);
        unlink(names[i]);
        write_text("m/quantize_config.json", CONFIG);
    }
    expect(NULL);
}

/* The group size of the configuration is not the one that the tensors were made with. */
static void wrong_group(void **state) {
    (void)state;
    unsigned char data[1024];
    fill_data(data);
    write_layer(sound, data);
    write_text("m/quantize_config.json", "{\"bits\":4,\"group_size\":-1}");
    expect("tensor l.qzeros: shape is [2, 1]; expected [1, 1] for K = 64, N = 8 (from qweight) and "
           "group_size 64 "
           "(from the configuration)");
    write_text("m/quantize_config.json", CONFIG);
}

/* Stored 15 in version 1 is 16 here, and counted because other readers take it for 0. */
static void wrapped_zeros(void **state) {
    (void)state;
    unsigned char data[1024];
    fill_data(data);
    data[offset_of(QZEROS)] = 0xf7;
    data[offset_of(QZEROS) + 7] = 0xff;
    write_layer(sound, data);
    w4a16_checkpoint *checkpoint;
    w4a16_error error;
    assert_int_equal(w4a16_checkpoint_open("m", &checkpoint, &error), W4A16_OK);
    const w4a16_layer_info *info = w4a16_checkpoint_layer(checkpoint, 0);
    assert_int_equal(info->wrapped_zeros, 3);
    assert_false(info->symmetric);
    w4a16_layer *layer = NULL;
    assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error), W4A16_OK);
    for (int i = 0; i < 16; i++) assert_int_equal(layer->zero[i], i == 1 || i >= 14 ? 16 : 8);
    w4a16_layer_free(layer);
    w4a16_checkpoint_close(checkpoint);
}

static void shortened_while_open(void **state) {
    (void)state;
    unsigned char data[1024];
    fill_data(data);
    write_layer(sound, data);
    w4a16_checkpoint *checkpoint;
    w4a16_error error;
    assert_int_equal(w4a16_checkpoint_open("m", &checkpoint, &error), W4A16_OK);
    struct stat info;
    assert_int_equal(stat(FILE_NAME, &info), 0);
    assert_int_equal(truncate(FILE_NAME, info.st_size - 10), 0);
    char sentence[256];
    snprintf(sentence, sizeof sentence,
             FILE_NAME ": ends at byte %d, 10 bytes early: it was shortened while being read",
             (int)info.st_size - 10);
    w4a16_layer *layer = (void *)&layer;
    assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error), W4A16_IO);
    assert_null(layer);
    assert_string_equal(error.message, sentence);
    assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, 1, &layer, &error), W4A16_INVALID_ARGUMENT);
    assert_string_equal(error.message, FILE_NAME ": layer 1; it has 1");
    w4a16_checkpoint_close(checkpoint);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test(values),
        cmocka_unit_test(configurations),
        cmocka_unit_test(configuration_no_file),
        cmocka_unit_test(wrong_group),
        cmocka_unit_test(wrapped_zeros),
        cmocka_unit_test(shortened_while_open),
    };
    return cmocka_run_group_tests(tests, empty_directory, remove_directory);
}
