/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "format/target.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

/* A checkpoint's expressions come from strangers, and one that backtracks could run for ever. */
enum { LENGTH_MAX = 1000, STEPS_MAX = 100000, HEAP_KIBIBYTES = 20000 };

static w4a16_status create(const char *label, const char *key, const char *text, const char *expression,
                           uint32_t options, struct target *target, w4a16_error *error) {
    *target = (struct target){.text = strdup(text)};
    FAIL_IF(!target->text, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    if (!expression) return W4A16_OK;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    FAIL_IF(!context, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    pcre2_set_max_pattern_length(context, LENGTH_MAX);
    int code;
    size_t at;
    target->expression = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
                                       options | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &code, &at, context);
    pcre2_compile_context_free(context);
    if (target->expression) return W4A16_OK;
    char why[120] = "";
    pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
    FAIL_IF(code == PCRE2_ERROR_HEAP_FAILED, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    return w4a16_fail(error, W4A16_UNSUPPORTED,
                      "%s: %s: \"%.80s\": %s, at byte %zu of the expression; accepted are regular "
                      "expressions of up to "
                      "%d bytes",
                      label, key, text, why, at, LENGTH_MAX);
}

w4a16_status target_create(const char *label, const char *key, const char *text, const char *expression,
                           struct target *target, w4a16_error *error) {
    return create(label, key, text, expression, PCRE2_ANCHORED, target, error);
}

w4a16_status target_create_search(const char *label, const char *key, const char *text,
                                  const char *expression, struct target *target, w4a16_error *error) {
    return create(label, key, text, expression, 0, target, error);
}

void target_free(struct target *target) {
    free(target->text);
    pcre2_code_free(target->expression);
}

static w4a16_status match_expression(const struct target *target, const char *layer, int *found,
                                     w4a16_error *error) {
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(target->expression, NULL);
    int result = PCRE2_ERROR_NOMEMORY;
    if (context && data) {
        pcre2_set_match_limit(context, STEPS_MAX);
        pcre2_set_heap_limit(context, HEAP_KIBIBYTES);
        result =
            pcre2_match(target->expression, (PCRE2_SPTR)layer, PCRE2_ZERO_TERMINATED, 0, 0, data, context);
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    *found = result >= 0;
    if (result >= 0 || result == PCRE2_ERROR_NOMATCH) return W4A16_OK;
    char why[120] = "";
    pcre2_get_error_message(result, (PCRE2_UCHAR *)why, sizeof why);
    return w4a16_fail(
        error, result == PCRE2_ERROR_NOMEMORY ? W4A16_OUT_OF_MEMORY : W4A16_UNSUPPORTED,
        "layer %s: the expression \"%.80s\" cannot be matched: %s; accepted are expressions that "
        "take up to %d steps",
        layer, target->text, why, STEPS_MAX);
}

w4a16_status target_match(const struct target *target, const char *layer, int *rank, w4a16_error *error) {
    int found;
    *rank = TARGET_NO_MATCH;
    if (target->expression) {
        TRY(match_expression(target, layer, &found, error));
        if (found) *rank = TARGET_EXPRESSION;
    } else if (strcmp(target->text, layer) == 0) {
        *rank = TARGET_NAME;
    } else if (strcmp(target->text, "Linear") == 0) {
        *rank = TARGET_CLASS;
    }
    return W4A16_OK;
}
