/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/keep.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

const char KEEP_REQUEST[] = "by request";

/* Engines build these modules without quantisation, or gain nothing from it. */
/* clang-format off */
static const struct usual {
    const char *expression, *reason;
} usual[] = {
    {"(.*\\.)?[^.]*(visual|vision|image|img|video|audio|speech|sound)[^.]*(\\..*)?$", "part of a tower for images or sound"},
    {"(.*\\.)?(multi_modal_projector|mm_projector|language_projection|qformer|resampler|abstractor|[^.]*merger|connector"
     "|aligner|vit|vpm|apm)(\\..*)?$",                               "part of a tower for images or sound"},
    {"(.*\\.)?([^.]*(mtp|nextn|medusa)[^.]*|eh_proj|shared_head)(\\..*)?$", "head for further tokens"},
    {"(.*\\.)?([^.]*(embed|embd)[^.]*|([^.]*_)?emb(_[^.]*)?|wte|wpe|rotary[^.]*|relative_attention_bias|position_bias)"
     "(\\..*)?$",                                                    "embedding"},
    {"shared$",                                                      "embedding"},
    {"(.*\\.)?(lm_head|output_layer|score|(pre_)?classifier|v_head|value_head|pooler|cls|qa_outputs)(\\..*)?$",
                                                                     "output head"},
    {"((model\\.)?output|head)$",                                    "output head"},
    {"(.*\\.)?[^.]*router[^.]*(\\..*)?$",                            "router"},
    {"(.*\\.)?gate(\\.[^.]+)?$",                                     "router"},
    {"(.*\\.)?[^.]*shared_expert[^.]*gate$",                         "gate of a shared expert"},
};
/* clang-format on */
enum { USUAL = sizeof usual / sizeof usual[0] };

char *keep_expression(const char *name, const char *end) {
    static const char before[] = "(.*\\.)?";
    char *text = malloc(sizeof before + 3 * strlen(name) + strlen(end) + 1), *to = text;
    if (!text) return NULL;
    to = stpcpy(to, before);
    for (; *name; name++) {
        if (*name == '*') {
            to = stpcpy(to, "\\d+");
            continue;
        }
        if (!isalnum((unsigned char)*name) && *name != '_' && (unsigned char)*name < 128) *to++ = '\\';
        *to++ = *name;
    }
    stpcpy(stpcpy(to, end), "$");
    return text;
}

static int is_plain(const char *text) {
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("_-.", *text)) return 0;
    return 1;
}

static w4a16_status add(struct keep *keep, const char *expression, const char *reason, w4a16_error *error) {
    struct keep_pattern *p = &keep->patterns[keep->count++];
    p->reason = reason;
    return selector_create("quantize", "ignore", expression, expression, keep->work, &p->selector, error);
}

static w4a16_status add_given(struct keep *keep, const char *text, w4a16_error *error) {
    int marked = strncmp(text, "re:", 3) == 0;
    FAIL_IF(!*text, error, W4A16_INVALID_ARGUMENT,
            "quantize: ignore: empty; accepted is a name or an expression");
    if (marked || !is_plain(text)) return add(keep, text + 3 * marked, KEEP_REQUEST, error);
    char *expression = keep_expression(text, KEEP_INSIDE);
    FAIL_IF(!expression, error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
    w4a16_status status = add(keep, expression, KEEP_REQUEST, error);
    free(expression);
    return status;
}

w4a16_status keep_create(const char *const *ignore, size_t count, int with_usual, struct keep *keep,
                         w4a16_error *error) {
    *keep = (struct keep){.patterns = calloc(count + USUAL, sizeof *keep->patterns)};
    FAIL_IF(!keep->patterns, error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
    TRY(selector_work_create("quantize", &keep->work, error));
    for (size_t i = 0; i < count; i++) TRY(add_given(keep, ignore[i], error));
    for (size_t i = 0; with_usual && i < USUAL; i++)
        TRY(add(keep, usual[i].expression, usual[i].reason, error));
    return W4A16_OK;
}

void keep_free(struct keep *keep) {
    for (size_t i = 0; i < keep->count; i++) selector_free(&keep->patterns[i].selector);
    free(keep->patterns);
    selector_work_free(keep->work);
}

w4a16_status keep_find(struct keep *keep, const char *module, struct keep_pattern **pattern,
                       w4a16_error *error) {
    *pattern = NULL;
    selector_work_renew(keep->work); /* the patterns are the caller's or ours */
    for (size_t i = 0; i < keep->count; i++) {
        int rank;
        TRY(selector_match(&keep->patterns[i].selector, module, keep->work, &rank, error));
        if (rank == SELECTOR_NO_MATCH) continue;
        keep->patterns[i].used = 1;
        if (!*pattern) *pattern = &keep->patterns[i];
    }
    return W4A16_OK;
}
