/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "format/selector.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

/* Of one expression. */
enum { LENGTH_MAX = 1000, STEPS_MAX = 100000, HEAP_KIBIBYTES = 20000 };
/* Of a layer's name that expressions are tried on, and of all compiled expressions together, in bytes. */
enum { NAME_LENGTH_MAX = 1000, COMPILED_MAX = 64 << 20 };
/*
 * Of all matches together, in the prices below. It lets 50 expressions be tried on each of 40,000 layers,
 * and lasts a few seconds at most.
 */
#define WORK_MAX (UINT64_C(1) << 27)
/* A step may look at the whole name: it costs one, and one for each so many bytes of it. */
enum { BYTES_PER_PRICE = 32 };
enum { PRICE_NAME = 1, PRICE_ATTEMPT = 16 }; /* to compare a name, to begin with an expression */

struct selector_work {
    uint64_t left, step_price;
    size_t compiled;
    pcre2_match_context *context;
    pcre2_match_data *data;
};

/* Called by PCRE2 before each item of an expression. */
static int on_step(pcre2_callout_block *block, void *data) {
    (void)block;
    struct selector_work *work = data;
    if (work->left < work->step_price) {
        work->left = 0;
        return PCRE2_ERROR_CALLOUT;
    }
    work->left -= work->step_price;
    return 0;
}

w4a16_status selector_work_create(const char *label, struct selector_work **out, w4a16_error *error) {
    struct selector_work *work = *out = calloc(1, sizeof *work);
    if (work) {
        work->left = WORK_MAX;
        work->context = pcre2_match_context_create(NULL);
        work->data = pcre2_match_data_create(1, NULL);
    }
    FAIL_IF(!work || !work->context || !work->data, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    pcre2_set_match_limit(work->context, STEPS_MAX);
    pcre2_set_heap_limit(work->context, HEAP_KIBIBYTES);
    pcre2_set_callout(work->context, on_step, work);
    return W4A16_OK;
}

void selector_work_free(struct selector_work *work) {
    if (!work) return;
    pcre2_match_data_free(work->data);
    pcre2_match_context_free(work->context);
    free(work);
}

void selector_work_renew(struct selector_work *work) { work->left = WORK_MAX; }

int selector_work_done(const struct selector_work *work) { return work->left == 0; }

static w4a16_status create(const char *label, const char *key, const char *text, const char *expression,
                           uint32_t options, struct selector_work *work, struct selector *selector,
                           w4a16_error *error) {
    *selector = (struct selector){.text = strdup(text)};
    FAIL_IF(!selector->text, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    if (!expression) return W4A16_OK;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    FAIL_IF(!context, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    pcre2_set_max_pattern_length(context, LENGTH_MAX);
    int code;
    size_t at, bytes = 0;
    selector->expression = pcre2_compile((PCRE2_SPTR)expression, PCRE2_ZERO_TERMINATED,
                                         options | PCRE2_AUTO_CALLOUT | PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C,
                                         &code, &at, context);
    pcre2_compile_context_free(context);
    if (selector->expression) {
        pcre2_pattern_info(selector->expression, PCRE2_INFO_SIZE, &bytes);
        work->compiled += bytes;
        FAIL_IF(work->compiled > COMPILED_MAX, error, W4A16_UNSUPPORTED,
                "%s: %s: with \"%.80s\" the expressions take more than %d bytes when compiled; accepted are "
                "fewer or "
                "shorter ones",
                label, key, text, COMPILED_MAX);
        return W4A16_OK;
    }
    char why[120] = "";
    pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why);
    FAIL_IF(code == PCRE2_ERROR_HEAP_FAILED, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", label);
    return w4a16_fail(error, W4A16_UNSUPPORTED,
                      "%s: %s: \"%.80s\": %s, at byte %zu of the expression; accepted are regular "
                      "expressions of up to "
                      "%d bytes",
                      label, key, text, why, at, LENGTH_MAX);
}

w4a16_status selector_create(const char *label, const char *key, const char *text, const char *expression,
                             struct selector_work *work, struct selector *selector, w4a16_error *error) {
    return create(label, key, text, expression, PCRE2_ANCHORED, work, selector, error);
}

w4a16_status selector_create_search(const char *label, const char *key, const char *text,
                                    const char *expression, struct selector_work *work,
                                    struct selector *selector, w4a16_error *error) {
    return create(label, key, text, expression, 0, work, selector, error);
}

void selector_free(struct selector *selector) {
    free(selector->text);
    pcre2_code_free(selector->expression);
}

static w4a16_status used_up(w4a16_error *error) {
    return w4a16_fail(
        error, W4A16_UNSUPPORTED,
        "the configuration's rules take too long to match with the names of all layers; accepted "
        "are fewer rules, or expressions that need fewer steps");
}

static w4a16_status pay(struct selector_work *work, uint64_t price, w4a16_error *error) {
    if (work->left < price) work->left = 0;
    if (!work->left) return used_up(error);
    work->left -= price;
    return W4A16_OK;
}

static w4a16_status match_expression(const struct selector *selector, const char *layer,
                                     struct selector_work *work, int *found, w4a16_error *error) {
    size_t length = strlen(layer);
    FAIL_IF(length > NAME_LENGTH_MAX, error, W4A16_UNSUPPORTED,
            "layer %.80s...: its name has %zu bytes; accepted are at most %d where expressions are to be "
            "matched",
            layer, length, NAME_LENGTH_MAX);
    work->step_price = 1 + length / BYTES_PER_PRICE;
    TRY(pay(work, PRICE_ATTEMPT, error));
    int result =
        pcre2_match(selector->expression, (PCRE2_SPTR)layer, length, 0, 0, work->data, work->context);
    *found = result >= 0;
    if (result >= 0 || result == PCRE2_ERROR_NOMATCH) return W4A16_OK;
    if (result == PCRE2_ERROR_CALLOUT) return used_up(error);
    char why[120] = "";
    pcre2_get_error_message(result, (PCRE2_UCHAR *)why, sizeof why);
    return w4a16_fail(
        error, result == PCRE2_ERROR_NOMEMORY ? W4A16_OUT_OF_MEMORY : W4A16_UNSUPPORTED,
        "layer %s: the expression \"%.80s\" cannot be matched: %s; accepted are expressions that "
        "take up to %d steps",
        layer, selector->text, why, STEPS_MAX);
}

w4a16_status selector_match(const struct selector *selector, const char *layer, struct selector_work *work,
                            int *rank, w4a16_error *error) {
    int found = 0;
    *rank = SELECTOR_NO_MATCH;
    if (selector->expression) {
        TRY(match_expression(selector, layer, work, &found, error));
        if (found) *rank = SELECTOR_EXPRESSION;
        return W4A16_OK;
    }
    TRY(pay(work, PRICE_NAME, error));
    if (strcmp(selector->text, layer) == 0)
        *rank = SELECTOR_NAME;
    else if (strcmp(selector->text, "Linear") == 0)
        *rank = SELECTOR_CLASS;
    return W4A16_OK;
}
