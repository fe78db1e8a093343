/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * AWQ, version gemm: words along N (along_n.h), zeros as they are.
 *
 * Layers that modules_to_not_convert names have no qweight, so the list need not be read.
 */
#include "core/error.h"
#include "format/along_n.h"

static const struct part_rule rules[ALONG_N_PARTS] = {
    [ALONG_N_WEIGHTS] = {"qweight", 0, 2, {ST_I32}, "I32", 0},
    [ALONG_N_ZEROS] = {"qzeros", 0, 2, {ST_I32}, "I32", 0},
    [ALONG_N_SCALES] = {"scales", 0, 2, {ST_F16, ST_BF16}, "F16 and BF16", 0},
    [ALONG_N_BIAS] = {"bias", 1, 1, {ST_F16, ST_BF16, ST_F32}, "F16, BF16 and F32", 0},
};

static w4a16_status configure(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error) {
    static const char *const versions[] = {"gemm", NULL};
    int version;
    TRY(config_word(label, json, "version", NULL, versions, &version, error));
    return config_sizes(label, json, "w_bit", "q_group_size", &config->rest, error);
}

static w4a16_status read_layer(const struct store *store, const struct quant_config *config,
                               const struct layer_place *place, w4a16_layer_info *info, w4a16_layer **out,
                               w4a16_error *error) {
    (void)config;
    return along_n_read(&awq_format, store, place, info, out, error);
}

const struct format awq_format = {.methods = {"awq"},
                                  .files = {"quant_config.json"},
                                  .rules = rules,
                                  .parts = ALONG_N_PARTS,
                                  .configure = configure,
                                  .read = read_layer};
