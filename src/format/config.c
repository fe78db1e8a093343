/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * How a checkpoint says what it is: config.json:quantization_config, or an older file of the format's own.
 * Where both are there, config.json counts and the other must not contradict it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/format.h"
#include "format/text_file.h"

static const struct format *const formats[] = {&gptq_format, &awq_format, &compressed_tensors_format};

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

w4a16_status config_bits(const char *label, const json_t *json, const char *key, const char *alias,
                         struct layer_scheme *scheme, w4a16_error *error) {
    TRY(config_integer(label, json, key, alias, &scheme->bits, error));
    if (scheme->bits >= 2 && scheme->bits <= 8) return W4A16_OK;
    int length = asprintf(&scheme->problem, "%s: %s is %" PRId64 "; accepted is 4", label, key, scheme->bits);
    if (length < 0) scheme->problem = NULL;
    FAIL_IF(length < 0, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    return W4A16_OK;
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
    TRY(config_integer(label, json, "bits", bits_alias, &scheme->bits, error));
    FAIL_IF(scheme->bits != 4, error, W4A16_UNSUPPORTED,
            "%s: bits is %" PRId64 ", which is not supported; accepted is 4", label, scheme->bits);
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
    int best = TARGET_NO_MATCH, rank;
    *scheme = NULL;
    for (const char *const *name = (const char *const[]){layer, stem, NULL}; *name && !*scheme; name++)
        for (size_t i = 0; i < config->scheme_count; i++)
            for (size_t t = 0; t < config->schemes[i].target_count; t++) {
                const struct target *target = &config->schemes[i].targets[t];
                if (target->expression && best >= TARGET_EXPRESSION) continue;
                TRY(target_match(target, *name, &rank, error));
                if (rank > best) best = rank, *scheme = &config->schemes[i];
            }
    if (!*scheme && config->rest.bits) *scheme = &config->rest;
    return W4A16_OK;
}

static w4a16_status interpret(const char *label, const json_t *json, const struct format *implied,
                              struct quant_config *config, w4a16_error *error) {
    const char *methods[sizeof formats / sizeof formats[0] + 1] = {0};
    int choice = 0;
    const json_t *given = NULL;
    for (size_t i = 0; i < format_count(); i++) methods[i] = formats[i]->method;
    TRY(config_word(label, json, "quant_method", "method", methods, &choice, error));
    TRY(config_value(label, json, "quant_method", "method", &given, error));
    config->format = !given && implied ? implied : formats[choice];
    return config->format->configure(label, json, config, error);
}

w4a16_status quant_config_parse(const char *label, const char *text, size_t bytes, const char *section,
                                const struct format *implied, struct quant_config *config, int *found,
                                w4a16_error *error) {
    *found = 0;
    const char *const once[] = {section, NULL};
    json_t *root, *json;
    TRY(field_read(label, text, bytes, DOC_AS_PYTHON, section ? once : NULL, &root, error));
    json = section ? NULL : root;
    w4a16_status status = field_is(label, root, DOC_OBJECT, "its content", error);
    if (status == W4A16_OK && section) status = field_get(label, root, section, DOC_OBJECT, &json, error);
    *found = json != NULL;
    if (status == W4A16_OK && json) status = interpret(label, json, implied, config, error);
    json_decref(root);
    return status;
}

static w4a16_status read_source(const char *directory, const char *file, const char *section,
                                const struct format *implied, struct quant_config *config, int *found,
                                w4a16_error *error) {
    char *path = NULL, *label = NULL, *text = NULL;
    size_t bytes;
    w4a16_status status = W4A16_OK;
    *found = 0;
    *config = (struct quant_config){0};
    if (asprintf(&path, "%s/%s", directory, file) < 0) path = NULL;
    if (path && asprintf(&label, "%s%s%s", path, section ? ": " : "", section ? section : "") < 0)
        label = NULL;
    if (!path || !label)
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", directory);
    else
        status = text_file_read(path, &text, &bytes, error);
    if (status == W4A16_OK && text)
        status = quant_config_parse(label, text, bytes, section, implied, config, found, error);
    free(text);
    free(label);
    free(path);
    return status;
}

/* The format's own file: it takes the place of what was not found, and must agree with what was. */
static w4a16_status read_own_file(const char *directory, const struct format *format,
                                  struct quant_config *config, int *found, w4a16_error *error) {
    struct quant_config own;
    int found_own;
    w4a16_status status = read_source(directory, format->file, NULL, format, &own, &found_own, error);
    if (status == W4A16_OK && found_own && *found && own.format == config->format &&
        own.rest.group_size != config->rest.group_size)
        status = w4a16_fail(error, W4A16_BAD_FILE,
                            "%s: group_size is %" PRId64 " in config.json and %" PRId64
                            " in %s; expected the same",
                            directory, config->rest.group_size, own.rest.group_size, format->file);
    if (status == W4A16_OK && found_own && *found && own.format == config->format &&
        own.scheme_count != config->scheme_count)
        status = w4a16_fail(error, W4A16_BAD_FILE,
                            "%s: dynamic has %zu rules in config.json and %zu in %s; expected the same",
                            directory, config->scheme_count, own.scheme_count, format->file);
    if (status == W4A16_OK && found_own && !*found) {
        *config = own;
        *found = 1;
        return status;
    }
    quant_config_free(&own);
    return status;
}

w4a16_status quant_config_read(const char *directory, struct quant_config *config, w4a16_error *error) {
    int found;
    TRY(read_source(directory, "config.json", "quantization_config", NULL, config, &found, error));
    for (size_t i = 0; i < format_count(); i++)
        if (formats[i]->file) TRY(read_own_file(directory, formats[i], config, &found, error));
    FAIL_IF(!found, error, W4A16_BAD_FILE,
            "%s: says nowhere how it is quantised; expected quantize_config.json with {\"bits\": 4, "
            "\"group_size\": 128} or the like, or config.json with quantization_config",
            directory);
    return W4A16_OK;
}

void quant_config_free(struct quant_config *config) {
    for (size_t i = 0; i < config->scheme_count; i++) {
        struct layer_scheme *s = &config->schemes[i];
        for (size_t t = 0; t < s->target_count; t++) target_free(&s->targets[t]);
        free(s->targets);
        free(s->problem);
    }
    free(config->schemes);
    free(config->rest.problem);
    *config = (struct quant_config){0};
}
