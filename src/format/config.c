/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What a checkpoint's configuration means: the table of formats, and what they have in common. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/config_source.h"

static const struct format *const formats[] = {&gptq_format, &awq_format, &compressed_tensors_format,
                                               &quark_format, &auto_round_format};

size_t format_count(void) { return sizeof formats / sizeof formats[0]; }
const struct format *format_at(size_t index) { return formats[index]; }

w4a16_status config_value(const char *label, const json_t *json, const char *key, const char *alias,
                          const json_t **out, w4a16_error *error) {
    json_t *a = NULL, *b = NULL;
    TRY(field_get(label, json, key, DOC_ANY, &a, error));
    if (alias) TRY(field_get(label, json, alias, DOC_ANY, &b, error));
    FAIL_IF(a && b && !json_equal(a, b), error, W4A16_BAD_FILE, "%s: %s and its alias %s differ", label, key,
            alias);
    *out = a ? a : b;
    return W4A16_OK;
}

/* "a", "b" and "c" */
static void list_words(const char *const *words, char *text, size_t bytes) {
    size_t length = 0;
    for (size_t i = 0; words[i] && length < bytes; i++)
        length += (size_t)snprintf(text + length, bytes - length, "%s\"%s\"",
                                   i == 0         ? ""
                                   : words[i + 1] ? ", "
                                                  : " and ",
                                   words[i]);
}

w4a16_status config_word(const char *label, const json_t *json, const char *key, const char *alias,
                         const char *const *accepted, int *choice, w4a16_error *error) {
    const json_t *value = NULL;
    TRY(config_value(label, json, key, alias, &value, error));
    *choice = 0;
    if (!value) return W4A16_OK;
    TRY(field_is(label, value, DOC_TEXT, key, error));
    const char *word = json_string_value(value);
    for (int i = 0; accepted[i]; i++)
        if (strcasecmp(word, accepted[i]) == 0) {
            *choice = i;
            return W4A16_OK;
        }
    char words[128];
    list_words(accepted, words, sizeof words);
    return w4a16_fail(error, W4A16_UNSUPPORTED, "%s: %s is \"%s\", which is not supported; accepted %s %s",
                      label, key, word, accepted[1] ? "are" : "is", words);
}

w4a16_status config_integer(const char *label, const json_t *json, const char *key, const char *alias,
                            int64_t *value, w4a16_error *error) {
    const json_t *found = NULL;
    TRY(config_value(label, json, key, alias, &found, error));
    TRY(field_is(label, found, DOC_INTEGER, key, error));
    *value = json_integer_value(found);
    return W4A16_OK;
}

w4a16_status config_group_size(const char *label, const json_t *json, const char *alias, int64_t *group_size,
                               w4a16_error *error) {
    TRY(config_integer(label, json, "group_size", alias, group_size, error));
    FAIL_IF(*group_size != -1 && *group_size < 1, error, W4A16_BAD_FILE,
            "%s: group_size is %" PRId64 "; accepted are -1 (one group) and sizes >= 1", label, *group_size);
    return W4A16_OK;
}

w4a16_status config_problem(const char *label, struct layer_scheme *scheme, w4a16_error *error,
                            const char *format, ...) {
    va_list values;
    va_start(values, format);
    int length = vasprintf(&scheme->problem, format, values);
    va_end(values);
    if (length < 0) scheme->problem = NULL;
    FAIL_IF(length < 0, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    return W4A16_OK;
}

w4a16_status config_bits(const char *label, const json_t *json, const char *key, const char *alias,
                         struct layer_scheme *scheme, w4a16_error *error) {
    TRY(config_integer(label, json, key, alias, &scheme->bits, error));
    if (scheme->bits >= 2 && scheme->bits <= 8) return W4A16_OK;
    return config_problem(label, scheme, error, "%s: %s is %" PRId64 "; accepted is 4", label, key,
                          scheme->bits);
}

static w4a16_status read_symmetry(const char *label, const json_t *json, struct layer_scheme *scheme,
                                  w4a16_error *error) {
    int symmetric = -1;
    TRY(field_bool(label, json, "sym", &symmetric, error));
    if (symmetric >= 0) scheme->symmetric = symmetric ? SYMMETRY_YES : SYMMETRY_NO;
    return W4A16_OK;
}

w4a16_status config_sizes(const char *label, const json_t *json, const char *bits_alias,
                          const char *group_alias, struct layer_scheme *scheme, w4a16_error *error) {
    TRY(config_bits(label, json, "bits", bits_alias, scheme, error));
    TRY(config_group_size(label, json, group_alias, &scheme->group_size, error));
    return read_symmetry(label, json, scheme, error);
}

w4a16_status config_overrides(const char *label, const json_t *json, struct layer_scheme *scheme,
                              w4a16_error *error) {
    const json_t *value = NULL;
    TRY(config_value(label, json, "bits", NULL, &value, error));
    if (value) TRY(config_bits(label, json, "bits", NULL, scheme, error));
    TRY(config_value(label, json, "group_size", NULL, &value, error));
    if (value) TRY(config_group_size(label, json, NULL, &scheme->group_size, error));
    return read_symmetry(label, json, scheme, error);
}

w4a16_status quant_config_scheme(const struct quant_config *config, const char *layer, const char *stem,
                                 const struct layer_scheme **scheme, w4a16_error *error) {
    int best = SELECTOR_NO_MATCH, rank;
    *scheme = NULL;
    for (const char *const *name = (const char *const[]){layer, stem, NULL}; *name && !*scheme; name++)
        for (size_t i = 0; i < config->scheme_count; i++)
            for (size_t t = 0; t < config->schemes[i].selector_count; t++) {
                const struct selector *selector = &config->schemes[i].selectors[t];
                if (selector->expression && best >= SELECTOR_EXPRESSION) continue;
                TRY(selector_match(selector, *name, config->work, &rank, error));
                if (rank > best) best = rank, *scheme = &config->schemes[i];
            }
    if (!*scheme && config->rest.bits) *scheme = &config->rest;
    return W4A16_OK;
}

static w4a16_status read_rule(const char *label, const char *object, const char *key, const json_t *values,
                              config_selector *make_selector, struct selector_work *work,
                              const struct layer_scheme *rest, struct layer_scheme *rule,
                              w4a16_error *error) {
    char full[512];
    snprintf(full, sizeof full, "%.300s: %s: \"%.80s\"", label, object, key);
    TRY(field_is(full, values, DOC_OBJECT, "its value", error));
    *rule = (struct layer_scheme){
        .bits = rest->bits, .group_size = rest->group_size, .symmetric = rest->symmetric};
    rule->selectors = calloc(1, sizeof *rule->selectors);
    FAIL_IF(!rule->selectors, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    rule->selector_count = 1;
    TRY(make_selector(label, key, work, rule, error));
    return rule->problem ? W4A16_OK : config_overrides(full, values, rule, error);
}

w4a16_status config_rules(const char *label, const json_t *json, const char *key,
                          config_selector *make_selector, struct quant_config *config, w4a16_error *error) {
    json_t *rules = NULL, *values;
    const char *name;
    if (json_is_false(json_object_get(json, key))) return W4A16_OK; /* so some write that there are none */
    TRY(field_get(label, json, key, DOC_OBJECT, &rules, error));
    if (!rules) return W4A16_OK;
    config->schemes = calloc(json_object_size(rules) + 1, sizeof *config->schemes);
    FAIL_IF(!config->schemes, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    json_object_foreach(rules, name, values)
        TRY(read_rule(label, key, name, values, make_selector, config->work, &config->rest,
                      &config->schemes[config->scheme_count++], error));
    return W4A16_OK;
}

/* Some layers must have 4 bits. */
static w4a16_status check_widths(const char *label, const struct quant_config *config, w4a16_error *error) {
    int possible = !config->rest.bits || config->rest.bits == 4;
    for (size_t i = 0; i < config->scheme_count; i++)
        possible |= !config->schemes[i].problem && config->schemes[i].bits == 4;
    FAIL_IF(!possible, error, W4A16_UNSUPPORTED,
            "%s: bits is %" PRId64 ", which is not supported; accepted is 4", label, config->rest.bits);
    return W4A16_OK;
}

static w4a16_status interpret(const struct config_source *source, struct quant_config *config,
                              w4a16_error *error) {
    const char *methods[3 * sizeof formats / sizeof formats[0] + 1] = {0};
    const json_t *given;
    size_t count = 0;
    int known, choice;
    TRY(config_value(source->label, source->values, "quant_method", "method", &given, error));
    config->format = config_source_format(source, &known);
    for (size_t i = 0; i < format_count(); i++)
        for (int m = 0; formats[i]->methods[m]; m++) methods[count++] = formats[i]->methods[m];
    if (!known)
        TRY(config_word(source->label, source->values, "quant_method", "method", methods, &choice, error));
    TRY(selector_work_create(source->label, &config->work, error));
    TRY(config->format->configure(source->label, source->values, config, error));
    return check_widths(source->label, config, error);
}

w4a16_status quant_config_parse(const char *label, const char *text, size_t bytes,
                                const struct format *implied, struct quant_config *config, int *found,
                                w4a16_error *error) {
    struct config_source source;
    *config = (struct quant_config){0};
    w4a16_status status = config_source_parse(label, text, bytes, implied, &source, error);
    *found = source.label != NULL;
    if (status == W4A16_OK && *found) status = interpret(&source, config, error);
    config_source_free(&source);
    return status;
}

w4a16_status quant_config_read(const char *directory, struct quant_config *config, w4a16_error *error) {
    struct config_source source;
    *config = (struct quant_config){0};
    w4a16_status status = config_source_read(directory, &source, error);
    if (status == W4A16_OK && !source.label)
        status =
            w4a16_fail(error, W4A16_BAD_FILE,
                       "%s: says nowhere how it is quantised; expected quantize_config.json with {\"bits\": "
                       "4, \"group_size\": 128} or the like, or config.json with quantization_config",
                       directory);
    if (status == W4A16_OK) status = interpret(&source, config, error);
    config_source_free(&source);
    return status;
}

void quant_config_free(struct quant_config *config) {
    for (size_t i = 0; i < config->scheme_count; i++) {
        struct layer_scheme *s = &config->schemes[i];
        for (size_t t = 0; t < s->selector_count; t++) selector_free(&s->selectors[t]);
        free(s->selectors);
        free(s->problem);
    }
    selector_work_free(config->work);
    free(config->schemes);
    free(config->rest.problem);
    *config = (struct quant_config){0};
}
