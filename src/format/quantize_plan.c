/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Three passes: what each tensor is; what keeps it in 16 bits, or gives it smaller groups; and that engines
 * load several layers as one (q|k|v, gate|up, all experts of a block), so that these share one decision.
 */
#include "format/quantize_plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "document.h"

/* What the whole model says about one of its tensors. */
struct model {
    const struct store *store;
    const char *type;      /* model_type, or "" */
    int64_t hidden, vocab; /* 0: unknown */
    int conv1d;            /* GPT-2's layers are stored as [K, N] */
};

static w4a16_status no_memory(w4a16_error *error) {
    return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "quantize: out of memory");
}

static int ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

static const char *leaf_of(const char *module) {
    const char *dot = strrchr(module, '.');
    return dot ? dot + 1 : module;
}

/* Where the component of that name ends in a module's name, or null. */
static const char *after_component(const char *module, const char *component) {
    size_t length = strlen(component);
    for (const char *at = module; (at = strstr(at, component)); at += length)
        if ((at == module || at[-1] == '.') && (at[length] == '.' || at[length] == 0)) return at + length;
    return NULL;
}

static w4a16_status keep_because(struct planned *t, w4a16_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static w4a16_status keep_because(struct planned *t, w4a16_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    free(t->reason);
    if (vasprintf(&t->reason, format, arguments) < 0) t->reason = NULL;
    va_end(arguments);
    t->group_size = 0;
    return t->reason ? W4A16_OK : no_memory(error);
}

/* ---- names --------------------------------------------------------------------------------------------- */

/* Layers that engines join to one along N, by the last part of their names. */
static const struct {
    const char *part, *joined;
} joins[] = {{"q_proj", "qkv_proj"},
             {"k_proj", "qkv_proj"},
             {"v_proj", "qkv_proj"},
             {"gate_proj", "gate_up_proj"},
             {"up_proj", "gate_up_proj"},
             {"w1", "gate_up_proj"},
             {"w3", "gate_up_proj"},
             {"q_a_proj", "fused_qkv_a_proj"},
             {"kv_a_proj_with_mqa", "fused_qkv_a_proj"},
             {"in_proj_qkv", "in_proj_qkvz"},
             {"in_proj_z", "in_proj_qkvz"},
             {"in_proj_b", "in_proj_ba"},
             {"in_proj_a", "in_proj_ba"}};
enum { JOINS = sizeof joins / sizeof joins[0] };

static char *unit_of(const char *module) {
    const char *experts = after_component(module, "experts"), *leaf = leaf_of(module);
    if (experts) return strndup(module, (size_t)(experts - module));
    char *unit;
    for (size_t i = 0; i < JOINS; i++)
        if (strcmp(leaf, joins[i].part) == 0)
            return asprintf(&unit, "%.*s%s", (int)(leaf - module), module, joins[i].joined) < 0 ? NULL : unit;
    return strdup(module);
}

/* The name with each part that is a number replaced by *. */
static char *kind_of(const char *name) {
    char *kind = strdup(name), *to = kind;
    for (const char *from = name; kind && *from;) {
        size_t digits = from == name || from[-1] == '.' ? strspn(from, "0123456789") : 0;
        if (digits && (from[digits] == '.' || from[digits] == 0)) {
            *to++ = '*';
            from += digits;
        } else
            *to++ = *from++;
    }
    if (kind) *to = 0;
    return kind;
}

int plan_has_quantized(const struct quantize_plan *plan, const char *leaf) {
    for (size_t i = 0; i < plan->count; i++)
        if (plan->tensors[i].group_size && strcmp(leaf_of(plan->tensors[i].module), leaf) == 0) return 1;
    return 0;
}

int64_t plan_layers(const struct planned *t) {
    return t->group_size == 0 ? 0 : t->experts ? t->experts * t->halves : 1;
}

char *plan_layer_name(const struct planned *t, int64_t layer) {
    if (!t->experts) return strdup(t->module);
    static const char *const halves[] = {"gate_proj", "up_proj"};
    const char *experts = after_component(t->module, "experts"), *leaf = leaf_of(t->module);
    char *name;
    int written =
        asprintf(&name, "%.*s.%" PRId64 "%.*s%s", (int)(experts - t->module), t->module, layer / t->halves,
                 (int)(leaf - experts), experts, t->halves == 2 ? halves[layer % 2] : leaf);
    return written < 0 ? NULL : name;
}

/* ---- the model ----------------------------------------------------------------------------------------- */

/* An integer of config.json, or of the part of it that is about the language model. */
static int64_t config_size(const json_t *config, const char *key) {
    static const char *const parts[] = {NULL, "text_config", "llm_config", "language_config"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const json_t *part = parts[i] ? json_object_get(config, parts[i]) : config;
        const json_t *value = json_object_get(part, key);
        if (json_is_integer(value) && json_integer_value(value) > 0) return json_integer_value(value);
    }
    return 0;
}

static int is_matrix(const struct st_tensor *t) { return t->dims == 2 && t->shape[0] > 0 && t->shape[1] > 0; }

static void look_at_model(const struct store *store, const json_t *config, struct model *m) {
    *m = (struct model){.store = store};
    const char *type = json_string_value(json_object_get(config, "model_type"));
    m->type = type ? type : "";
    m->hidden = config_size(config, "hidden_size");
    m->vocab = config_size(config, "vocab_size");
    m->conv1d = strcmp(m->type, "gpt2") == 0 || strcmp(m->type, "openai-gpt") == 0;
    for (size_t i = 0; i < store_count(store); i++) {
        const struct st_tensor *t = store_at(store, i).tensor;
        if (!is_matrix(t)) continue;
        if (ends_with(t->name, "embed_tokens.weight") && !m->hidden) m->hidden = t->shape[1];
        if (ends_with(t->name, "embed_tokens.weight") && !m->vocab) m->vocab = t->shape[0];
        if (ends_with(t->name, "c_attn.weight") && !*m->type && t->shape[1] == 3 * t->shape[0]) m->conv1d = 1;
    }
}

/* ---- what a tensor is ---------------------------------------------------------------------------------- */

static int is_half_or_float(const struct st_tensor *t) {
    return t->dtype == ST_F32 || t->dtype == ST_F16 || t->dtype == ST_BF16;
}

/* The stack of that name beside this one, [E, out, in] or [E, in, out], in *found; or null. */
static w4a16_status beside(const struct model *m, const struct planned *t, const char *leaf,
                           const struct st_tensor **found, w4a16_error *error) {
    static const char *const ends[] = {"", ".weight"};
    *found = NULL;
    for (size_t i = 0; i < 2 && !*found; i++) {
        char *name;
        if (asprintf(&name, "%.*s%s%s", (int)(leaf_of(t->module) - t->module), t->module, leaf, ends[i]) < 0)
            return no_memory(error);
        const struct st_tensor *tensor = store_find(m->store, name).tensor;
        free(name);
        if (tensor && tensor->dims == 3) *found = tensor;
    }
    return W4A16_OK;
}

/*
 * Whether a stack of experts is [E, in, out]. Gate and up in one tensor and down beside it say so by their
 * shapes; else the model's width does, if one side alone has it; else it is taken as torch stores linear
 * layers, [E, out, in].
 */
static w4a16_status stack_layout(const struct model *m, struct planned *t, w4a16_error *error) {
    const struct st_tensor *up, *down;
    TRY(beside(m, t, "gate_up_proj", &up, error));
    TRY(beside(m, t, "down_proj", &down, error));
    if (up && down) {
        const int64_t *u = up->shape, *d = down->shape;
        int plain = u[2] == d[1] && u[1] == 2 * d[2];
        t->transposed = u[1] == d[2] && u[2] == 2 * d[1];
        if (plain || t->transposed) return W4A16_OK;
    }
    const char *leaf = leaf_of(t->module);
    int to_width =
        strcmp(leaf, "down_proj") == 0 || strcmp(leaf, "w2") == 0; /* its outputs have the model's width */
    const int64_t *shape = t->in.tensor->shape;
    int first = shape[1] == m->hidden, second = shape[2] == m->hidden;
    t->transposed = first != second && (to_width ? second : first);
    return W4A16_OK;
}

static w4a16_status describe_stack(const struct model *m, struct planned *t, w4a16_error *error) {
    const struct st_tensor *in = t->in.tensor;
    t->experts = in->shape[0];
    TRY(stack_layout(m, t, error));
    t->N = in->shape[t->transposed ? 2 : 1];
    t->K = in->shape[t->transposed ? 1 : 2];
    if (strcmp(leaf_of(t->module), "gate_up_proj") == 0 && t->N % 2 == 0) {
        t->halves = 2;
        t->N /= 2;
    }
    return W4A16_OK;
}

static w4a16_status describe(const struct model *m, struct planned *t, w4a16_error *error) {
    const struct st_tensor *in = t->in.tensor;
    int named = ends_with(in->name, ".weight");
    t->module = strndup(in->name, strlen(in->name) - (named ? strlen(".weight") : 0));
    t->unit = t->module ? unit_of(t->module) : NULL;
    t->kind = kind_of(in->name);
    if (!t->module || !t->unit || !t->kind) return no_memory(error);
    t->halves = 1;
    int stack = in->dims == 3 && in->shape[0] > 0 && in->shape[1] > 0 && in->shape[2] > 0 &&
                after_component(t->module, "experts") && !ends_with(in->name, "bias");
    if (in->dims < 2) return keep_because(t, error, "no matrix");
    if (!is_half_or_float(in)) return keep_because(t, error, "of type %s", in->dtype_name);
    if (stack) return describe_stack(m, t, error);
    if (!is_matrix(in)) return keep_because(t, error, "no matrix: it has %d dimensions", in->dims);
    if (!named) return keep_because(t, error, "its name does not end in .weight");
    const char *leaf = leaf_of(t->module);
    t->transposed = m->conv1d && (strncmp(leaf, "c_", 2) == 0 || strcmp(leaf, "q_attn") == 0);
    t->N = in->shape[t->transposed];
    t->K = in->shape[!t->transposed];
    return W4A16_OK;
}

/* ---- what keeps it ------------------------------------------------------------------------------------- */

static int is_numbered(const char *kind) { return strchr(kind, '*') != NULL; }

/*
 * The group size for K inputs: what is asked for, or one of those that engines know below it; 0: none fits.
 */
static int64_t fitting_group(int64_t asked, int64_t K) {
    static const int64_t sizes[] = {64, 32};
    if (asked == -1) return K;
    if (K % asked == 0) return asked;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (sizes[i] < asked && K % sizes[i] == 0) return sizes[i];
    return 0;
}

static w4a16_status decide(const struct model *m, const w4a16_quantize_options *o, struct keep *keep,
                           struct planned *t, w4a16_error *error) {
    if (t->reason) return W4A16_OK;
    struct keep_pattern *pattern;
    TRY(keep_find(keep, t->module, &pattern, error));
    t->pattern = pattern;
    if (pattern) return keep_because(t, error, "%s", pattern->reason);
    if (o->keep_usual && !t->experts && !is_numbered(t->kind) && m->vocab && t->N == m->vocab)
        return keep_because(t, error, "embedding or output head: it has the vocabulary's %" PRId64 " rows",
                            t->N);
    if (t->N % 8) return keep_because(t, error, "%" PRId64 " outputs are no multiple of 8", t->N);
    if (t->K % 8) return keep_because(t, error, "%" PRId64 " inputs are no multiple of 8", t->K);
    int64_t asked = o->group_size;
    t->group_size = fitting_group(asked, t->K);
    if (!t->group_size)
        return keep_because(
            t, error, "%" PRId64 " inputs are no multiple of %" PRId64 " or of a smaller group", t->K, asked);
    if (asked == -1 || t->group_size == asked) return W4A16_OK;
    if (asprintf(&t->reason, "groups of %" PRId64 ": %" PRId64 " inputs are no multiple of %" PRId64,
                 t->group_size, t->K, asked) < 0)
        t->reason = NULL;
    return t->reason ? W4A16_OK : no_memory(error);
}

/* ---- what shares a decision ---------------------------------------------------------------------------- */

static int by_unit(const void *a, const void *b) {
    const struct planned *const *x = a, *const *y = b;
    int order = strcmp((*x)->unit, (*y)->unit);
    return order ? order : (*x > *y) - (*x < *y);
}

static int is_layer(const struct planned *t) { return t->K != 0; }

/* One decision for the layers of a unit: the smallest groups, and if one is kept all are. */
static w4a16_status share(struct planned **unit, size_t count, int64_t asked, w4a16_error *error) {
    const struct planned *kept = NULL, *smallest = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct planned *t = unit[i];
        int biases = !is_layer(t) && t->in.tensor->dims >= 2 && ends_with(t->in.tensor->name, "bias") &&
                     after_component(t->module, "experts");
        if (biases || (is_layer(t) && t->group_size == 0)) kept = kept ? kept : t;
        if (is_layer(t) && t->group_size && (!smallest || t->group_size < smallest->group_size)) smallest = t;
    }
    for (size_t i = 0; i < count; i++) {
        struct planned *t = unit[i];
        if (!is_layer(t) || t->group_size == 0) continue;
        if (kept) {
            TRY(keep_because(t, error, "engines load it as one with %s, which is kept",
                             kept->in.tensor->name));
        } else if (asked != -1 && t->group_size != smallest->group_size) {
            t->group_size = smallest->group_size;
            if (asprintf(&t->reason, "groups of %" PRId64 ": engines load it as one with %s", t->group_size,
                         smallest->in.tensor->name) < 0)
                t->reason = NULL;
            if (!t->reason) return no_memory(error);
        }
    }
    return W4A16_OK;
}

static w4a16_status share_all(struct quantize_plan *plan, int64_t asked, w4a16_error *error) {
    struct planned **sorted = malloc((plan->count + 1) * sizeof *sorted);
    if (!sorted) return no_memory(error);
    for (size_t i = 0; i < plan->count; i++) sorted[i] = &plan->tensors[i];
    qsort(sorted, plan->count, sizeof *sorted, by_unit);
    w4a16_status status = W4A16_OK;
    for (size_t first = 0, end; first < plan->count && status == W4A16_OK; first = end) {
        for (end = first + 1; end < plan->count && strcmp(sorted[end]->unit, sorted[first]->unit) == 0;)
            end++;
        status = share(sorted + first, end - first, asked, error);
    }
    free(sorted);
    return status;
}

/* ---- all of it ----------------------------------------------------------------------------------------- */

/* A block that projects an embedding and a hidden state to one predicts further tokens: all of it is kept. */
static w4a16_status keep_blocks(struct quantize_plan *plan, w4a16_error *error) {
    for (size_t i = 0; i < plan->count; i++) {
        const char *module = plan->tensors[i].module;
        if (strcmp(leaf_of(module), "eh_proj") != 0 || leaf_of(module) == module) continue;
        size_t length = (size_t)(leaf_of(module) - module);
        for (size_t j = 0; j < plan->count; j++) {
            struct planned *t = &plan->tensors[j];
            if (j != i && !t->reason && strncmp(t->module, module, length) == 0)
                TRY(keep_because(t, error, "head for further tokens: in one block with %s", module));
        }
    }
    return W4A16_OK;
}

static w4a16_status check_patterns(const struct quantize_plan *plan, const w4a16_quantize_options *o,
                                   const char *path, w4a16_error *error) {
    for (size_t i = 0; i < o->ignore_count; i++)
        FAIL_IF(!plan->keep.patterns[i].used, error, W4A16_INVALID_ARGUMENT,
                "%s: ignore \"%s\" matches none of its modules; accepted are names (the last parts are "
                "enough) and "
                "regular expressions that match from the beginning of a name on",
                path, o->ignore[i]);
    return W4A16_OK;
}

w4a16_status plan_create(const struct store *store, const json_t *config, const w4a16_quantize_options *o,
                         struct quantize_plan *plan, w4a16_error *error) {
    *plan = (struct quantize_plan){.tensors = calloc(store_count(store) + 1, sizeof *plan->tensors)};
    if (!plan->tensors) return no_memory(error);
    TRY(keep_create(o->ignore, o->ignore_count, o->keep_usual, &plan->keep, error));
    struct model model;
    look_at_model(store, config, &model);
    for (size_t i = 0; i < store_count(store); i++) {
        struct planned *t = &plan->tensors[plan->count++];
        t->in = store_at(store, i);
        TRY(describe(&model, t, error));
    }
    if (o->keep_usual) TRY(keep_blocks(plan, error));
    for (size_t i = 0; i < plan->count; i++) TRY(decide(&model, o, &plan->keep, &plan->tensors[i], error));
    TRY(check_patterns(plan, o, store_path(store), error));
    TRY(share_all(plan, o->group_size, error));
    const struct planned *first = NULL; /* that could have been one */
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *t = &plan->tensors[i];
        if (t->group_size) plan->quantized = 1;
        if (!first && is_layer(t) && !(t->pattern && t->pattern->reason == KEEP_REQUEST)) first = t;
    }
    /* Whoever asks for all to be kept wants the 16-bit values, of a GGUF file say. */
    if (plan->quantized || (!first && o->ignore_count)) return W4A16_OK;
    FAIL_IF(first, error, W4A16_UNSUPPORTED, "%s: none of %zu tensors can be quantised; %s is kept: %s",
            store_path(store), plan->count, first->in.tensor->name, first->reason);
    return w4a16_fail(
        error, W4A16_UNSUPPORTED,
        "%s: none of %zu tensors can be quantised; accepted are matrices called *.weight and stacks of "
        "experts, of type F32, F16 or BF16",
        store_path(store), plan->count);
}

void plan_free(struct quantize_plan *plan) {
    for (size_t i = 0; i < plan->count; i++) {
        struct planned *t = &plan->tensors[i];
        free(t->module);
        free(t->unit);
        free(t->kind);
        free(t->reason);
    }
    free(plan->tensors);
    keep_free(&plan->keep);
    *plan = (struct quantize_plan){0};
}

/* ---- settings by module -------------------------------------------------------------------------------- */

/* What is to be said of a unit. */
struct claim {
    const char
        *tail;  /* of the unit's name, from the list of blocks on: engines differ in what is before it */
    char *kind; /* the tail, numbers as * */
    int64_t group_size;
    int needed; /* neither the model's own setting nor a pattern says it */
};

static const char *tail_of(const char *unit) {
    const char *number = unit, *before = NULL;
    for (const char *at = unit; (at = strchr(at, '.')); at++) {
        size_t digits = strspn(at + 1, "0123456789");
        if (digits && (at[1 + digits] == '.' || at[1 + digits] == 0)) {
            for (number = at; number > unit && number[-1] != '.';) number--;
            before = number;
            break;
        }
    }
    if (before) return before;
    return strncmp(unit, "model.", strlen("model.")) == 0 ? unit + strlen("model.") : unit;
}

static int by_kind(const void *a, const void *b) {
    const struct claim *x = a, *y = b;
    int order = strcmp(x->kind, y->kind);
    return order ? order : strcmp(x->tail, y->tail);
}

/*
 * The expression for a unit or a kind of units: the layers that it joins are in it by their own names, too.
 */
static char *unit_expression(const char *name) {
    if (after_component(name, "experts")) return keep_expression(name, KEEP_INSIDE);
    const char *leaf = leaf_of(name);
    char parts[200] = "", *to = parts;
    for (size_t i = 0; i < JOINS; i++)
        if (strcmp(joins[i].joined, leaf) == 0)
            to = stpcpy(stpcpy(to, to == parts ? "(" : "|"), joins[i].part);
    if (to == parts) return keep_expression(name, "");
    stpcpy(stpcpy(stpcpy(to, "|"), leaf), ")");
    char *before = strndup(name, (size_t)(leaf - name));
    char *expression = before ? keep_expression(before, parts) : NULL;
    free(before);
    return expression;
}

static w4a16_status add_rule(json_t **rules, const char *sign, const char *expression, int64_t group_size,
                             w4a16_error *error) {
    char *key = NULL;
    if (!expression || asprintf(&key, "%s:%s", sign, expression) < 0) return no_memory(error);
    doc_set(rules, key,
            group_size ? doc_pack("{s:I}", "group_size", (json_int_t)group_size) : doc_pack("{}"));
    free(key);
    return *rules ? W4A16_OK : no_memory(error);
}

static w4a16_status add_unit(json_t **rules, const char *name, int64_t group_size, w4a16_error *error) {
    char *expression = unit_expression(name);
    w4a16_status status = add_rule(rules, group_size ? "+" : "-", expression, group_size, error);
    free(expression);
    return status;
}

/* One rule for units that differ in numbers only, if all are alike; else one for each that needs it. */
static w4a16_status add_kind(json_t **rules, const struct claim *claims, size_t count, w4a16_error *error) {
    int needed = 0, alike = 1;
    for (size_t i = 0; i < count; i++) {
        needed |= claims[i].needed;
        alike &= claims[i].group_size == claims[0].group_size;
    }
    if (needed && alike) return add_unit(rules, claims[0].kind, claims[0].group_size, error);
    for (size_t i = 0; i < count; i++)
        if (claims[i].needed) TRY(add_unit(rules, claims[i].tail, claims[i].group_size, error));
    return W4A16_OK;
}

static w4a16_status add_claims(const struct quantize_plan *plan, int64_t asked, struct claim *claims,
                               json_t **rules, w4a16_error *error) {
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct planned *t = &plan->tensors[i];
        if (!is_layer(t)) continue;
        const char *tail = tail_of(t->unit);
        int own_group = t->group_size && asked != -1 && t->group_size != asked;
        int by_pattern =
            t->pattern && !(t->pattern->reason == KEEP_REQUEST && strcmp(t->unit, t->module) != 0);
        claims[count++] =
            (struct claim){tail, kind_of(tail), t->group_size && asked == -1 ? -1 : t->group_size,
                           own_group || (!t->group_size && !by_pattern)};
        if (!claims[count - 1].kind) return no_memory(error);
    }
    qsort(claims, count, sizeof *claims, by_kind);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && strcmp(claims[end].kind, claims[first].kind) == 0;) end++;
        TRY(add_kind(rules, claims + first, end - first, error));
    }
    return W4A16_OK;
}

w4a16_status plan_rules(const struct quantize_plan *plan, int64_t asked, json_t **rules, w4a16_error *error) {
    *rules = doc_pack("{}");
    struct claim *claims = calloc(plan->count + 1, sizeof *claims);
    w4a16_status status = *rules && claims ? W4A16_OK : no_memory(error);
    for (size_t i = 0; i < plan->keep.count && status == W4A16_OK; i++)
        if (plan->keep.patterns[i].used)
            status = add_rule(rules, "-", plan->keep.patterns[i].selector.text, 0, error);
    if (status == W4A16_OK) status = add_claims(plan, asked, claims, rules, error);
    for (size_t i = 0; claims && i < plan->count; i++) free(claims[i].kind);
    free(claims);
    if (status == W4A16_OK) return status;
    json_decref(*rules);
    *rules = NULL;
    return status;
}
