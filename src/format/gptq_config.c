/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* How a GPTQ checkpoint says what it is: config.json:quantization_config, or the older quantize_config.json.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/gptq.h"
#include "format/text_file.h"

/* Keys whose only accepted values are these strings; the first is meant when the key is absent. */
static const struct word_rule {
    const char *key, *alias;
    const char *accepted[3];
} words[] = {
    {"quant_method", "method", {"gptq"}},
    {"checkpoint_format", "format", {"gptq", "gptq_v2"}},
    {"pack_dtype", NULL, {"int32"}},
};
enum { METHOD, FORMAT, PACK, WORDS };

/* The value of a key or its alias, null if both are absent or JSON null. */
static w4a16_status get_aliased(const char *label, const json_t *json, const char *key, const char *alias,
                                const json_t **out, w4a16_error *error) {
    const json_t *a = json_object_get(json, key), *b = alias ? json_object_get(json, alias) : NULL;
    if (json_is_null(a)) a = NULL;
    if (json_is_null(b)) b = NULL;
    FAIL_IF(a && b && !json_equal(a, b), error, W4A16_BAD_FILE, "%s: %s and its alias %s differ", label, key,
            alias);
    *out = a ? a : b;
    return W4A16_OK;
}

static w4a16_status read_word(const char *label, const json_t *json, const struct word_rule *rule,
                              int *choice, w4a16_error *error) {
    const json_t *value = NULL;
    TRY(get_aliased(label, json, rule->key, rule->alias, &value, error));
    *choice = 0;
    if (!value) return W4A16_OK;
    const char *word = json_string_value(value);
    FAIL_IF(!word, error, W4A16_BAD_FILE, "%s: %s is no string", label, rule->key);
    for (int i = 0; rule->accepted[i]; i++)
        if (strcmp(word, rule->accepted[i]) == 0) {
            *choice = i;
            return W4A16_OK;
        }
    return w4a16_fail(error, W4A16_UNSUPPORTED,
                      "%s: %s is \"%s\", which is not supported yet; accepted %s \"%s\"%s%s%s", label,
                      rule->key, word, rule->accepted[1] ? "are" : "is", rule->accepted[0],
                      rule->accepted[1] ? " and \"" : "", rule->accepted[1] ? rule->accepted[1] : "",
                      rule->accepted[1] ? "\"" : "");
}

static w4a16_status read_integer(const char *label, const json_t *json, const char *key, int64_t *value,
                                 w4a16_error *error) {
    const json_t *found = json_object_get(json, key);
    FAIL_IF(!json_is_integer(found), error, W4A16_BAD_FILE, "%s: %s is %s; expected an integer", label, key,
            found ? "no integer" : "missing");
    *value = json_integer_value(found);
    return W4A16_OK;
}

static w4a16_status interpret(const char *label, const json_t *json, struct gptq_config *config,
                              w4a16_error *error) {
    FAIL_IF(!json_is_object(json), error, W4A16_BAD_FILE, "%s: is no JSON object", label);
    int choices[WORDS];
    for (int i = 0; i < WORDS; i++) TRY(read_word(label, json, &words[i], &choices[i], error));
    config->version = choices[FORMAT] + 1;
    FAIL_IF(json_is_true(json_object_get(json, "is_marlin_format")), error, W4A16_UNSUPPORTED,
            "%s: is_marlin_format is true; weights in Marlin's order are not supported yet", label);
    const json_t *rules = json_object_get(json, "dynamic");
    FAIL_IF(json_is_object(rules) && json_object_size(rules), error, W4A16_UNSUPPORTED,
            "%s: dynamic has %zu rules; settings per module are not supported yet", label,
            json_object_size(rules));
    FAIL_IF(rules && !json_is_object(rules) && !json_is_null(rules) && !json_is_false(rules), error,
            W4A16_BAD_FILE, "%s: dynamic is no JSON object", label);
    TRY(read_integer(label, json, "bits", &config->bits, error));
    FAIL_IF(config->bits != 4, error, W4A16_UNSUPPORTED,
            "%s: bits is %" PRId64 ", which is not supported yet; accepted is 4", label, config->bits);
    TRY(read_integer(label, json, "group_size", &config->group_size, error));
    FAIL_IF(config->group_size != -1 && config->group_size < 1, error, W4A16_BAD_FILE,
            "%s: group_size is %" PRId64 "; accepted are -1 (one group) and sizes >= 1", label,
            config->group_size);
    return W4A16_OK;
}

w4a16_status gptq_config_parse(const char *label, const char *text, size_t bytes, const char *section,
                               struct gptq_config *config, int *found, w4a16_error *error) {
    *found = 0;
    json_error_t problem;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &problem);
    FAIL_IF(!root, error, W4A16_BAD_FILE, "%s: no valid JSON: %s (line %d)", label, problem.text,
            problem.line);
    const json_t *json = section ? json_object_get(root, section) : root;
    w4a16_status status = W4A16_OK;
    if (json && !json_is_null(json)) {
        *found = 1;
        status = interpret(label, json, config, error);
    }
    json_decref(root);
    return status;
}

static w4a16_status read_source(const char *directory, const char *file, const char *section,
                                struct gptq_config *config, int *found, w4a16_error *error) {
    char *path = NULL, *label = NULL, *text = NULL;
    size_t bytes;
    w4a16_status status = W4A16_OK;
    *found = 0;
    if (asprintf(&path, "%s/%s", directory, file) < 0) path = NULL;
    if (path && asprintf(&label, "%s%s%s", path, section ? ": " : "", section ? section : "") < 0)
        label = NULL;
    if (!path || !label)
        status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", directory);
    else
        status = text_file_read(path, &text, &bytes, error);
    if (status == W4A16_OK && text)
        status = gptq_config_parse(label, text, bytes, section, config, found, error);
    free(text);
    free(label);
    free(path);
    return status;
}

w4a16_status gptq_config_read(const char *directory, struct gptq_config *config, w4a16_error *error) {
    struct gptq_config older;
    int found, found_older;
    TRY(read_source(directory, "config.json", "quantization_config", config, &found, error));
    TRY(read_source(directory, "quantize_config.json", NULL, &older, &found_older, error));
    FAIL_IF(!found && !found_older, error, W4A16_BAD_FILE,
            "%s: says nowhere how it is quantised; expected quantize_config.json with {\"bits\": 4, "
            "\"group_size\": 128} or the like, or config.json with quantization_config",
            directory);
    if (!found) *config = older;
    FAIL_IF(found && found_older && older.group_size != config->group_size, error, W4A16_BAD_FILE,
            "%s: group_size is %" PRId64 " in config.json and %" PRId64
            " in quantize_config.json; expected the same",
            directory, config->group_size, older.group_size);
    return W4A16_OK;
}
