/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Layers of AWQ, compressed-tensors and GPTQ with rules that contradict themselves: each case is one change
 * to a sound checkpoint and the words that its problem must say. A layer with a problem is listed, not a
 * failure to open.
 */
#include "bad.h"

enum { PARTS = 4 };
struct tensor {
    const char *name, *dtype, *shape;
    size_t bytes;
};

/* K = 64, N = 8, two groups. */
static const struct tensor awq[PARTS] = {{"l.qweight", "I32", "64,1", 256},
                                         {"l.qzeros", "I32", "2,1", 8},
                                         {"l.scales", "F16", "2,8", 32},
                                         {"l.bias", "F16", "8", 16}};
static const struct tensor gptq[PARTS] = {{"l.qweight", "I32", "8,8", 256},
                                          {"l.qzeros", "I32", "2,1", 8},
                                          {"l.scales", "F16", "2,8", 32},
                                          {"l.bias", "F16", "8", 16}};
static const struct tensor packed[PARTS] = {{"l.weight_packed", "I32", "8,8", 256},
                                            {"l.weight_scale", "BF16", "8,2", 32},
                                            {"l.weight_shape", "I64", "2", 16},
                                            {"l.weight_zero_point", "I32", "1,2", 8}};

#define AWQ_CONFIG "{\"quantization_config\":{\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32}}"
#define GPTQ_CONFIG(rules)                                                                                   \
    "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":64,\"dynamic\":{" rules   \
    "}}}"
#define CT_CONFIG(targets, weights)                                                                          \
    "{\"quantization_config\":{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"a\":{"           \
    "\"targets\":[\"" targets "\"],\"weights\":{" weights "}}}}}"
#define CT_SCHEME(rest)                                                                                      \
    "{\"quantization_config\":{\"quant_method\":\"compressed-tensors\",\"config_groups\":{\"a\":{"           \
    "\"targets\":"                                                                                           \
    "[\"Linear\"]," rest "}}}}"
#define ASYMMETRIC "\"num_bits\":4,\"strategy\":\"group\",\"group_size\":32,\"symmetric\":false"
#define SYMMETRIC  "\"num_bits\":4,\"strategy\":\"group\",\"group_size\":32"

static const struct bad_case {
    const struct tensor *sound;
    const char *config;
    int part; /* that is replaced; -1: none */
    struct tensor instead;
    int64_t N, K;      /* what weight_shape holds */
    const char *words; /* null: no problem */
} cases[] = {
    {awq, AWQ_CONFIG, -1, {0}, 8, 64, NULL},
    {awq,
     AWQ_CONFIG,
     0,
     {"l.qweight", "I32", "32,2", 256},
     8,
     64,
     "tensor l.qzeros: shape is [2, 1]; expected [1, 2]"},
    {awq,
     AWQ_CONFIG,
     0,
     {"l.qweight", "F32", "64,1", 256},
     8,
     64,
     "tensor l.qweight: type is F32; accepted: I32"},
    {awq, AWQ_CONFIG, 0, {"l.qweight", "I32", "64", 256}, 8, 64, "has 1 dimensions; expected 2"},
    {awq, AWQ_CONFIG, 0, {"l.qweight", "I32", "0,1", 0}, 8, 64, "shape is [0, 1]; expected [K, N/8]"},
    {awq,
     AWQ_CONFIG,
     1,
     {"l.zeros", "I32", "2,1", 8},
     8,
     64,
     "tensor l.qzeros is missing; l.qweight needs it"},
    {awq, AWQ_CONFIG, 2, {"l.scales", "F32", "2,8", 64}, 8, 64, "type is F32; accepted: F16 and BF16"},
    {awq, AWQ_CONFIG, 3, {"l.bias", "F16", "4", 8}, 8, 64, "tensor l.bias: shape is [4]; expected [8]"},
    {gptq, GPTQ_CONFIG("\"+:m\":{\"bits\":8},\"+:^l$\":{\"group_size\":32}"), -1, {0}, 8, 64, NULL},
    {gptq, GPTQ_CONFIG("\"l\":{\"group_size\":32,\"bits\":4},\"-:l\":{}"), -1, {0}, 8, 64, NULL}, /* the first
                                                                                                   */
    {gptq, GPTQ_CONFIG(""), -1, {0}, 8, 64, "tensor l.qzeros: shape is [2, 1]; expected [1, 1]"},
    {gptq, GPTQ_CONFIG("\"+:l\":{\"sym\":false}"), -1, {0}, 8, 64, "expected [1, 1]"},
    {gptq,
     GPTQ_CONFIG("\"-:.\":{}"),
     -1,
     {0},
     8,
     64,
     "layer l: m/config.json: quantization_config: dynamic: \"-:.\" says"},
    {gptq,
     GPTQ_CONFIG("\"+:l\":{\"bits\":16}"),
     -1,
     {0},
     8,
     64,
     "dynamic: \"+:l\": bits is 16; accepted is 4"},
    {packed, CT_CONFIG("Linear", ASYMMETRIC), -1, {0}, 8, 64, NULL},
    {packed, CT_CONFIG("Linear", SYMMETRIC), 3, {"l.other", "I32", "1,2", 8}, 8, 64, NULL},
    {packed, CT_CONFIG("re:^l$", ASYMMETRIC), -1, {0}, 8, 64, NULL},
    {packed, CT_CONFIG("re:m", SYMMETRIC), -1, {0}, 8, 64, "layer l: no entry of config_groups targets it"},
    {packed, CT_CONFIG("Linear", "\"num_bits\":16"), -1, {0}, 8, 64, "num_bits is 16; accepted is 4"},
    {packed, CT_CONFIG("Linear", ASYMMETRIC ",\"type\":\"float\""), -1, {0}, 8, 64, "type is \"float\""},
    {packed,
     CT_CONFIG("Linear", "\"num_bits\":4,\"strategy\":\"tensor\""),
     -1,
     {0},
     8,
     64,
     "strategy is \"tensor\""},
    {packed,
     CT_SCHEME("\"weights\":{" SYMMETRIC "},\"input_activations\":{\"num_bits\":8}"),
     -1,
     {0},
     8,
     64,
     "input_activations are quantised"},
    {packed,
     CT_SCHEME("\"weights\":{" SYMMETRIC "},\"format\":\"int-quantized\""),
     -1,
     {0},
     8,
     64,
     "format is \"int-quantized\""},
    {packed,
     CT_CONFIG("Linear", SYMMETRIC),
     3,
     {"l.weight_zero_point", "I32", "1,2", 8},
     8,
     64,
     "the configuration says that it is symmetric; accepted is 8"},
    {packed,
     CT_CONFIG("Linear", ASYMMETRIC),
     3,
     {"l.other", "I32", "1,2", 8},
     8,
     64,
     "weight_zero_point is missing"},
    {packed,
     CT_CONFIG("Linear", ASYMMETRIC),
     2,
     {"l.weight_shape", "I64", "3", 24},
     8,
     64,
     "has 3 elements; expected 2"},
    {packed, CT_CONFIG("Linear", ASYMMETRIC), -1, {0}, 8, 72, "shape is [8, 8]; expected [8, 9]"},
    {packed,
     CT_CONFIG("Linear", ASYMMETRIC),
     -1,
     {0},
     -8,
     64,
     "is [-8, 64]; accepted are N and K of 1..16777216"},
    {packed, CT_CONFIG("Linear", ASYMMETRIC), -1, {0}, 8, INT64_MAX, "accepted are N and K of 1..16777216"},
    {packed,
     CT_CONFIG("Linear", ASYMMETRIC),
     1,
     {"l.weight_scale", "BF16", "2,8", 32},
     8,
     64,
     "tensor l.weight_scale: shape is [2, 8]; expected [8, 2]"},

    /* The largest sizes, at which something else is wrong, and one more. */
    {awq, AWQ_CONFIG, 0, {"l.qweight", "I32", "1,2097152", 8388608}, 8, 64, "expected [1, 2097152]"},
    {awq, AWQ_CONFIG, 0, {"l.qweight", "I32", "1,2097153", 8388612}, 8, 64, "K and N up to 16777216"},
    {awq, AWQ_CONFIG, 0, {"l.qweight", "I32", "16777216,1", 67108864}, 8, 64, "expected [524288, 1]"},
    {awq, AWQ_CONFIG, 0, {"l.qweight", "I32", "16777217,1", 67108868}, 8, 64, "K and N up to 16777216"},
    {awq, AWQ_CONFIG, 0, {"l.qweight", "I32", "1,0", 0}, 8, 64, "shape is [1, 0]"},
    {gptq, GPTQ_CONFIG(""), 0, {"l.qweight", "I32", "1,16777216", 67108864}, 8, 64, "expected [1, 2097152]"},
    {gptq, GPTQ_CONFIG(""), 0, {"l.qweight", "I32", "1,16777224", 67108896}, 8, 64, "up to 16777216"},
    {gptq, GPTQ_CONFIG(""), 0, {"l.qweight", "I32", "2097152,8", 67108864}, 8, 64, "expected [262144, 1]"},
    {gptq, GPTQ_CONFIG(""), 0, {"l.qweight", "I32", "2097153,8", 67108896}, 8, 64, "up to 16777216"},
    {gptq, GPTQ_CONFIG(""), 0, {"l.qweight", "I32", "8,4", 128}, 8, 64, "shape is [8, 4]"},
    {gptq, GPTQ_CONFIG(""), 0, {"l.qweight", "I32", "0,8", 0}, 8, 64, "shape is [0, 8]"},
    {gptq, GPTQ_CONFIG(""), 0, {"l.qweight", "I32", "8,12", 384}, 8, 64, "shape is [8, 12]"},
    {packed, CT_CONFIG("Linear", ASYMMETRIC), -1, {0}, 16777216, 64, "expected [16777216, 8]"},
    {packed,
     CT_CONFIG("Linear", ASYMMETRIC),
     -1,
     {0},
     16777217,
     64,
     "is [16777217, 64]; accepted are N and K"},
    {packed, CT_CONFIG("Linear", ASYMMETRIC), -1, {0}, 8, 16777216, "expected [8, 2097152]"},
    {packed, CT_CONFIG("Linear", ASYMMETRIC), -1, {0}, 8, 16777217, "is [8, 16777217]; accepted are N and K"},
    {packed, CT_CONFIG("Linear", ASYMMETRIC), -1, {0}, 0, 64, "is [0, 64]"},
    {packed, CT_CONFIG("Linear", ASYMMETRIC), -1, {0}, 8, 0, "is [8, 0]"},
};

/* The tensors, the one that may be large last: zero but for scales of 1 and the shape. */
static void write_case(const struct bad_case *c) {
    char header[2048], data[1024] = {0};
    size_t length = 0, begin = 0;
    for (int p = PARTS - 1; p >= 0; p--) {
        const struct tensor *t = p == c->part ? &c->instead : &c->sound[p];
        length += (size_t)snprintf(header + length, sizeof header - length,
                                   "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                                   length ? "," : "{", t->name, t->dtype, t->shape, begin, begin + t->bytes);
        if (strstr(t->name, "scale"))
            for (size_t i = 1; i < t->bytes; i += 2) data[begin + i] = 0x3c;
        if (strstr(t->name, "shape")) {
            memcpy(data + begin, &c->N, 8);
            memcpy(data + begin + 8, &c->K, 8);
        }
        begin += t->bytes;
    }
    header[length++] = '}';
    write_model(length, header, length, data, begin < sizeof data ? begin : sizeof data);
    assert_int_equal(truncate("m/model.safetensors", (off_t)(8 + length + begin)), 0);
    unlink("m/quantize_config.json");
    write_text("m/config.json", c->config);
}

static void problems(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct bad_case *c = &cases[i];
        write_case(c);
        w4a16_checkpoint *checkpoint;
        w4a16_layer *layer = NULL;
        w4a16_error error;
        if (w4a16_checkpoint_open("m", &checkpoint, &error) != W4A16_OK)
            fail_msg("case %zu: %s", i, error.message);
        assert_int_equal(w4a16_checkpoint_layers(checkpoint), 1);
        const char *problem = w4a16_checkpoint_layer(checkpoint, 0)->problem;
        w4a16_status status = w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error);
        if (!c->words) {
            if (problem) fail_msg("case %zu: %s", i, problem);
            assert_int_equal(status, W4A16_OK);
            assert_int_equal(w4a16_layer_check(layer, &error), W4A16_OK);
        } else {
            if (!problem || !strstr(problem, c->words))
                fail_msg("case %zu: \"%s\" does not say \"%s\"", i, problem ? problem : "no problem",
                         c->words);
            assert_int_not_equal(status, W4A16_OK);
            assert_string_equal(error.message, problem);
        }
        w4a16_layer_free(layer);
        w4a16_checkpoint_close(checkpoint);
    }
    unlink("m/config.json");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(problems)};
    return cmocka_run_group_tests(tests, empty_directory, remove_directory);
}
