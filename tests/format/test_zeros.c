/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What GPTQ's stored zeros mean: by version, unless the configuration says that the layer is symmetric. */
#include "model.h"

#define CONFIG_OF(version, sym)                                                                              \
    "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4,\"group_size\":32,\"checkpoint_"         \
    "format\":\"" version "\"" sym "}}"
#define V1  "gptq"
#define V2  "gptq_v2"
#define YES ",\"sym\":true"
#define NO  ",\"sym\":false"

static struct model model;

static void check(const char *config, const uint32_t zeros[2], int zero, const char *words) {
    model_fill(&model, "l.qweight", "I32", "8,8", 0x31, 256);
    model_add(&model, "l.qzeros", "I32", "2,1", zeros, 8);
    model_fill(&model, "l.scales", "F16", "2,8", 0x3c, 32);
    model_write(&model, "model.safetensors");
    write_text("m/config.json", config);
    w4a16_checkpoint *checkpoint = must_open();
    check_problem(checkpoint, "l", words);
    w4a16_layer *layer = NULL;
    w4a16_error error;
    if (!words) {
        const w4a16_layer_info *info = w4a16_checkpoint_layer(checkpoint, 0);
        assert_int_equal(w4a16_checkpoint_read_layer(checkpoint, 0, &layer, &error), W4A16_OK);
        assert_int_equal(info->symmetric, zero == 8);
        assert_int_equal(!layer->zero, zero == 8);
        for (int i = 0; layer->zero && i < 16; i++) assert_int_equal(layer->zero[i], zero);
    }
    w4a16_layer_free(layer);
    w4a16_checkpoint_close(checkpoint);
}

static void zeros(void **state) {
    (void)state;
    static const uint32_t sevens[] = {0x77777777, 0x77777777}, eights[] = {0x88888888, 0x88888888},
                          nines[] = {0x99999999, 0x99999999}, both[] = {0x77777777, 0x88888888},
                          one[] = {0x88888888, 0x88d88888}, fifteen[] = {0xffffffff, 0xffffffff};
    unlink("m/quantize_config.json");
    check(CONFIG_OF(V1, ""), sevens, 8, NULL);
    check(CONFIG_OF(V1, ""), eights, 9, NULL);
    check(CONFIG_OF(V2, ""), sevens, 7, NULL);
    check(CONFIG_OF(V2, NO), eights, 8, NULL);
    check(CONFIG_OF(V1, NO), eights, 9, NULL);
    check(CONFIG_OF(V1, YES), sevens, 8, NULL);
    check(CONFIG_OF(V1, YES), eights, 8, NULL);
    check(CONFIG_OF(V2, YES), sevens, 8, NULL);
    check(CONFIG_OF(V2, YES), eights, 8, NULL);
    check(CONFIG_OF(V1, YES), nines, 0, "m/model.safetensors: tensor l.qzeros: zero [0, 0] is 9, but");
    check(CONFIG_OF(V2, YES), both, 0,
          "tensor l.qzeros: zero [1, 0] is 8, but the configuration says sym: true");
    check(CONFIG_OF(V2, YES), one, 0, "tensor l.qzeros: zero [1, 5] is 13");
    check(CONFIG_OF(V1, YES), fifteen, 0, "zero [0, 0] is 15");
    check(CONFIG_OF(V1, YES ",\"dynamic\":{\"l\":{\"sym\":false}}"), nines, 10, NULL);
    check(CONFIG_OF(V1, NO ",\"dynamic\":{\"l\":{\"sym\":true}}"), eights, 8, NULL);
    check(CONFIG_OF(V1, NO ",\"dynamic\":{\"x\":{\"sym\":true}}"), eights, 9, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(zeros)};
    return cmocka_run_group_tests(tests, empty_directory, remove_directory);
}
