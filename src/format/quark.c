/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * AMD's Quark, 4 bits per group: AWQ's words along N (along_n.h) under other names, of signed values in two's
 * complement (int4) or unsigned ones (uint4):
 *
 *     weight             I32 [K, N/8]; other layers have a 16-bit "weight"
 *     weight_zero_point  I32 [G, N/8]; optional where the scheme is symmetric
 *     weight_scale       F16|BF16 [G, N]
 *     bias               F16|BF16|F32 [N]; optional
 *
 * A layer has the first scheme of layer_quant_config whose pattern (of shell's kind) fits its name, else that
 * for its type, Linear, else the global one. Signed values and zeros are read as those plus 8, so the offsets
 * cancel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/along_n.h"

static const struct part_rule rules[ALONG_N_PARTS] = {
    [ALONG_N_WEIGHTS] = {"weight", 0, 2, {ST_I32}, "I32", 0},
    [ALONG_N_ZEROS] = {"weight_zero_point", 1, 2, {ST_I32}, "I32", 0},
    [ALONG_N_SCALES] = {"weight_scale", 0, 2, {ST_F16, ST_BF16}, "F16 and BF16", 0},
    [ALONG_N_BIAS] = {"bias", 1, 1, {ST_F16, ST_BF16, ST_F32}, "F16, BF16 and F32", 0},
};

static const struct {
    const char *name;
    int bits;
    int twos_complement;
} types[] = {{"int4", 4, 1},  {"uint4", 4, 0},    {"int8", 8, 0},
             {"uint8", 8, 0}, {"fp8_e4m3", 8, 0}, {"fp8_e5m2", 8, 0}};

/* Sets the type's width and sign; another type is a problem of its layers. */
static w4a16_status read_type(const char *label, const json_t *weight, struct layer_scheme *scheme,
                              w4a16_error *error) {
    const char *type = "";
    TRY(field_text(label, weight, "dtype", &type, error));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, type) == 0) {
            scheme->bits = types[i].bits;
            scheme->twos_complement = types[i].twos_complement;
            return W4A16_OK;
        }
    return config_problem(label, scheme, error, "%s: dtype is \"%.40s\"; accepted are \"int4\" and \"uint4\"",
                          label, type);
}

/* What a configuration of layers says of their weights. */
static w4a16_status read_scheme(const char *label, const json_t *layers, struct layer_scheme *scheme,
                                w4a16_error *error) {
    json_t *weight = NULL, *inputs = NULL;
    const char *scope = "";
    int symmetric = 0;
    scheme->bits = 4;
    scheme->group_size = -1;
    TRY(field_is(label, layers, DOC_OBJECT, "its value", error));
    TRY(field_get(label, layers, "input_tensors", DOC_ANY, &inputs, error));
    TRY(field_get(label, layers, "weight", DOC_ANY, &weight, error));
    if (!json_is_object(weight))
        return config_problem(label, scheme, error, "%s: weight is %s; accepted is an object", label,
                              weight ? "no object" : "missing");
    TRY(read_type(label, weight, scheme, error));
    if (scheme->problem || scheme->bits != 4) return W4A16_OK;
    TRY(field_text(label, weight, "qscheme", &scope, error));
    TRY(field_bool(label, weight, "symmetric", &symmetric, error));
    scheme->symmetric = symmetric ? SYMMETRY_YES : SYMMETRY_NO;
    if (strcmp(scope, "per_group") != 0)
        return config_problem(label, scheme, error, "%s: qscheme is \"%.40s\"; accepted is \"per_group\"",
                              label, scope);
    if (inputs)
        return config_problem(label, scheme, error, "%s: input_tensors are quantised; accepted is null",
                              label);
    return config_group_size(label, weight, NULL, &scheme->group_size, error);
}

/* The expression that means what a shell's pattern does; free it. */
static char *expression_of(const char *pattern) {
    char *expression = malloc(2 * strlen(pattern) + 8), *to = expression;
    if (!expression) return NULL;
    for (const char *p = pattern; *p; p++) {
        int in_brackets = *p == '[' && strchr(p, ']') != NULL;
        if (in_brackets) {
            const char *end = strchr(p, ']');
            *to++ = *p++;
            if (*p == '!') *to++ = '^', p++;
            while (p < end) *to++ = *p++;
            *to++ = ']';
        } else if (*p == '*') {
            *to++ = '.', *to++ = '*';
        } else if (*p == '?') {
            *to++ = '.';
        } else {
            if (strchr("\\^$.|()+{}[]", *p)) *to++ = '\\';
            *to++ = *p;
        }
    }
    memcpy(to, "\\z", 3);
    return expression;
}

static w4a16_status add_scheme(const char *label, const char *key, const char *name, const json_t *layers,
                               struct quant_config *config, w4a16_error *error) {
    struct layer_scheme *scheme = &config->schemes[config->scheme_count++];
    char full[512];
    snprintf(full, sizeof full, "%.300s: %s: \"%.80s\"", label, key, name);
    scheme->selectors = calloc(1, sizeof *scheme->selectors);
    char *expression = expression_of(name);
    if (!scheme->selectors || !expression) {
        free(expression);
        return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    }
    scheme->selector_count = 1;
    w4a16_status status = selector_create(label, key, name, strpbrk(name, "*?[") ? expression : NULL,
                                          config->work, scheme->selectors, error);
    free(expression);
    return status == W4A16_OK ? read_scheme(full, layers, scheme, error) : status;
}

static w4a16_status configure(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error) {
    static const char *const methods[] = {"reorder", NULL};
    json_t *export = NULL, *layers = NULL, *by_name = NULL, *by_type = NULL, *all = NULL;
    int method;
    const char *name;
    TRY(field_get(label, json, "export", DOC_OBJECT, &export, error));
    if (export) TRY(config_word(label, export, "pack_method", NULL, methods, &method, error));
    TRY(field_get(label, json, "layer_quant_config", DOC_OBJECT, &by_name, error));
    TRY(field_get(label, json, "layer_type_quant_config", DOC_OBJECT, &by_type, error));
    TRY(field_get(label, json, "global_quant_config", DOC_OBJECT, &all, error));
    FAIL_IF(!all, error, W4A16_BAD_FILE, "%s: global_quant_config is missing; accepted is an object", label);
    config->schemes = calloc(json_object_size(by_name) + 1, sizeof *config->schemes);
    FAIL_IF(!config->schemes, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    json_object_foreach(by_name, name, layers)
        TRY(add_scheme(label, "layer_quant_config", name, layers, config, error));
    json_t *linear = json_object_get(by_type, "Linear");
    char full[512];
    snprintf(full, sizeof full, "%.300s: %s", label, linear ? "Linear" : "global_quant_config");
    return read_scheme(full, linear ? linear : all, &config->rest, error);
}

static w4a16_status read_layer(const struct store *store, const struct quant_config *config,
                               const struct layer_place *place, w4a16_layer_info *info, w4a16_layer **out,
                               w4a16_error *error) {
    (void)config;
    return along_n_read(&quark_format, store, place, info, out, error);
}

const struct format quark_format = {.methods = {"quark"},
                                    .rules = rules,
                                    .parts = ALONG_N_PARTS,
                                    .typed = 1,
                                    .configure = configure,
                                    .read = read_layer};
