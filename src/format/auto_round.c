/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * auto-round: the tensors of GPTQ or AWQ under another name. packing_format says whose; extra_config gives
 * layers other bits, group sizes and symmetry, by their names or by expressions that are searched in them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "format/format.h"

/* What the packing formats stand for. Plain auto_round stores GPTQ's zeros as they are. */
static const char *const packings[] = {"auto_round:auto_gptq", "auto_round", "auto_round:gptqmodel",
                                       "auto_round:auto_awq", NULL};
static const struct {
    const struct format *format;
    int version;
} meaning[] = {{&gptq_format, 1}, {&gptq_format, 2}, {&gptq_format, 2}, {&awq_format, 0}};

/* A name without any of an expression's characters is that of a layer. */
static w4a16_status make_selector(const char *label, const char *name, struct selector_work *work,
                                  struct layer_scheme *scheme, w4a16_error *error) {
    const char *expression = strpbrk(name, "*+?^$()[]{}|\\") ? name : NULL;
    return selector_create_search(label, "extra_config", name, expression, work, scheme->selectors, error);
}

static const char *const types[] = {"int", NULL};

/* Layers of 4 bits whose entry makes them other numbers than integers, or quantises their activations, are
 * none of ours. */
static w4a16_status check_entry(const char *label, const char *name, const json_t *values,
                                struct layer_scheme *scheme, w4a16_error *error) {
    char full[512];
    const char *type = types[0];
    int64_t act_bits = 16;
    snprintf(full, sizeof full, "%.300s: extra_config: \"%.80s\"", label, name);
    TRY(field_text(full, values, "data_type", &type, error));
    TRY(field_integer(full, values, "act_bits", INT64_MIN, INT64_MAX, &act_bits, error));
    if (scheme->problem || scheme->bits != 4) return W4A16_OK;
    if (strcasecmp(type, types[0]) != 0)
        return config_problem(label, scheme, error, "%s: data_type is \"%.40s\"; accepted is \"%s\"", full,
                              type, types[0]);
    if (act_bits < 16)
        return config_problem(
            label, scheme, error,
            "%s: act_bits is %" PRId64 ": activations are quantised; accepted are 16 and 32", full, act_bits);
    return W4A16_OK;
}

static w4a16_status configure(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error) {
    int packing, type;
    int64_t act_bits = 16;
    TRY(config_word(label, json, "packing_format", NULL, packings, &packing, error));
    TRY(config_word(label, json, "data_type", NULL, types, &type, error));
    TRY(field_integer(label, json, "act_bits", INT64_MIN, INT64_MAX, &act_bits, error));
    FAIL_IF(act_bits < 16, error, W4A16_UNSUPPORTED,
            "%s: act_bits is %" PRId64 ": activations are quantised; accepted are 16 and 32", label,
            act_bits);
    config->format = meaning[packing].format;
    config->version = meaning[packing].version;
    TRY(config_sizes(label, json, NULL, NULL, &config->rest, error));
    TRY(config_rules(label, json, "extra_config", make_selector, config, error));
    struct layer_scheme *scheme = config->schemes;
    const char *name;
    json_t *values;
    if (config->schemes)
        json_object_foreach(json_object_get(json, "extra_config"), name, values)
            TRY(check_entry(label, name, values, scheme++, error));
    return W4A16_OK;
}

const struct format auto_round_format = {.methods = {"auto-round", "intel/auto-round"},
                                         .files = {"quantization_config.json", "quantize_config.json"},
                                         .configure = configure};
