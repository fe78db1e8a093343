/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What belongs to no layer of 4 bits, and must not be passed over in silence.
 *
 *     layers and tensors of other widths   other engines' business: a note
 *     what looks packed, but is no layer   a problem: it may be weights that were meant to be read
 *     what an index leaves out, or has     a note, for no layer needs it
 *     in two files
 *     files that an index does not name    a note: engines do not read them either
 *
 * "Looks packed" is a matter of type and neighbours: integers of 8 or 32 bits, or a type of fewer than 16,
 * beside a tensor of scales; or a name that says so.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/list.h"

enum { WIDTHS = 16 };

/* So many of a kind, and the first. */
struct tally {
    size_t count;
    const char *first;
};

struct module {
    const char *name; /* the first `length` bytes of */
    size_t length;
};

struct leftover {
    const struct store *store;
    const struct quant_config *config;
    struct layer_list *list;
    const char **stems; /* of the layers, sorted */
    size_t stem_count;
    struct module *scaled; /* what has a tensor of scales, sorted */
    size_t scaled_count;
    struct tally widths[WIDTHS], in_doubt;
    const char *doubted_file;
};

static void count(struct tally *tally, const char *name) {
    if (!tally->count++) tally->first = name;
}

/* ---- which tensors layers claim ------------------------------------------------------------------------ */

static int compare_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static w4a16_status sort_stems(struct leftover *o, w4a16_error *error) {
    o->stems = malloc((o->list->count + 1) * sizeof *o->stems);
    if (!o->stems) return layer_list_no_memory(o->store, error);
    for (size_t i = 0; i < o->list->count; i++) o->stems[o->stem_count++] = o->list->places[i].stem;
    qsort(o->stems, o->stem_count, sizeof *o->stems, compare_text);
    return W4A16_OK;
}

/* Whether the first `length` bytes of a name are a layer's; text is as long as the name, and scratch. */
static int is_stem(const struct leftover *o, const char *tensor, size_t length, char *text) {
    memcpy(text, tensor, length);
    text[length] = 0;
    return bsearch(&text, o->stems, o->stem_count, sizeof *o->stems, compare_text) != NULL;
}

/* Whether a layer has the tensor; text as in is_stem. */
static int is_claimed(const struct leftover *o, const char *tensor, char *text) {
    const struct format *format = o->config->format;
    size_t length;
    for (int p = 0; p < format->parts; p++)
        for (int flat = 0; flat < 2; flat++) {
            int ends = layer_list_ends(tensor, format->rules[p].name, flat, &length);
            if (ends && is_stem(o, tensor, length, text)) return 1;
        }
    return 0;
}

/* ---- what looks packed --------------------------------------------------------------------------------- */

static const char *last_part(const char *tensor) {
    const char *dot = strrchr(tensor, '.');
    return dot ? dot + 1 : tensor;
}

static struct module module_of(const char *tensor) {
    const char *last = last_part(tensor);
    return (struct module){tensor, last == tensor ? 0 : (size_t)(last - tensor) - 1};
}

static int compare_modules(const void *a, const void *b) {
    const struct module *x = a, *y = b;
    size_t common = x->length < y->length ? x->length : y->length;
    int order = memcmp(x->name, y->name, common);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

/* What goes with weights: it is no weights itself. */
static int is_companion(const char *tensor) {
    static const char *const words[] = {"scale", "absmax", "zero", "quant_map", "quant_state", "g_idx", NULL};
    for (int i = 0; words[i]; i++)
        if (strstr(last_part(tensor), words[i])) return 1;
    return 0;
}

static w4a16_status sort_scaled(struct leftover *o, w4a16_error *error) {
    o->scaled = malloc((store_count(o->store) + 1) * sizeof *o->scaled);
    if (!o->scaled) return layer_list_no_memory(o->store, error);
    for (size_t i = 0; i < store_count(o->store); i++) {
        const char *name = store_at(o->store, i).tensor->name, *last = last_part(name);
        if (strstr(last, "scale") || strstr(last, "absmax")) o->scaled[o->scaled_count++] = module_of(name);
    }
    qsort(o->scaled, o->scaled_count, sizeof *o->scaled, compare_modules);
    return W4A16_OK;
}

static int has_scales(const struct leftover *o, const char *tensor) {
    struct module module = module_of(tensor), self = {tensor, strlen(tensor)};
    return bsearch(&module, o->scaled, o->scaled_count, sizeof *o->scaled, compare_modules) ||
           bsearch(&self, o->scaled, o->scaled_count, sizeof *o->scaled, compare_modules);
}

/* Bits of an element, where the type is a float of fewer than 16: "F8_E4M3", "F4"; else 0. */
static int small_float(const struct st_tensor *t) {
    int bits = t->dtype == ST_OTHER && t->dtype_name[0] == 'F' ? atoi(t->dtype_name + 1) : 0;
    return bits > 0 && bits < WIDTHS ? bits : 0;
}

/* What stands beside the scales of a layer of ours is none: its weights are known. text as in is_stem. */
static int looks_packed(const struct leftover *o, const struct st_tensor *t, char *text) {
    if (is_companion(t->name)) return 0;
    if (small_float(t)) return 1;
    if (t->dtype != ST_I8 && t->dtype != ST_U8 && t->dtype != ST_I32 && t->dtype != ST_U32) return 0;
    return strstr(last_part(t->name), "qweight") || strstr(last_part(t->name), "packed") ||
           (t->dims >= 2 && has_scales(o, t->name) && !is_stem(o, t->name, module_of(t->name).length, text));
}

/* The width of such a tensor's weights, if configuration or type say that it is another than 4; else 0. text
 * as in is_stem. */
static w4a16_status other_width(const struct leftover *o, const struct st_tensor *t, char *text,
                                int64_t *bits, w4a16_error *error) {
    struct module module = module_of(t->name);
    const struct layer_scheme *scheme = NULL;
    memcpy(text, t->name, module.length);
    text[module.length] = 0;
    w4a16_error why;
    w4a16_status status = quant_config_scheme(o->config, text, t->name, &scheme, &why);
    if (status == W4A16_OUT_OF_MEMORY) return layer_list_no_memory(o->store, error);
    FAIL_IF(selector_work_done(o->config->work), error, status, "%s: %s", store_directory(o->store),
            why.message);
    *bits = small_float(t) ? small_float(t) : t->dtype == ST_I8 ? 8 : 0;
    if (status == W4A16_OK && scheme && scheme != &o->config->rest && !scheme->problem) *bits = scheme->bits;
    if (*bits == 4) *bits = 0;
    return W4A16_OK;
}

static const char *shape_text(const struct st_tensor *t, char text[128]) {
    size_t length = 0;
    text[0] = 0;
    for (int d = 0; d < t->dims && length < 128; d++)
        length += (size_t)snprintf(text + length, 128 - length, "%s%" PRId64, d ? ", " : "", t->shape[d]);
    return text;
}

static w4a16_status add_problem(struct leftover *o, struct stored stored, w4a16_error *error) {
    const struct st_tensor *t = stored.tensor;
    struct layer_place *place = layer_list_add(o->list, t->name, strlen(t->name));
    char shape[128];
    if (!place) return layer_list_no_memory(o->store, error);
    place->status = W4A16_UNSUPPORTED;
    if (asprintf(
            &place->problem,
            "%s: tensor %s: looks packed (%s [%s]), but is part of no %s layer; accepted are layers whose "
            "weights are called %s",
            safetensors_path(stored.file), t->name, t->dtype_name, shape_text(t, shape),
            o->config->format->methods[0], o->config->format->rules[0].name) >= 0)
        return W4A16_OK;
    place->problem = NULL;
    return layer_list_no_memory(o->store, error);
}

/* ---- the notes ----------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static w4a16_status note(struct leftover *o, w4a16_error *error,
                                                               const char *format, ...) {
    struct layer_list *list = o->list;
    char **notes = realloc(list->notes, (list->note_count + 1) * sizeof *notes), *text;
    if (!notes) return layer_list_no_memory(o->store, error);
    list->notes = notes;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    if (length < 0) return layer_list_no_memory(o->store, error);
    notes[list->note_count++] = text;
    return W4A16_OK;
}

static w4a16_status make_notes(struct leftover *o, w4a16_error *error) {
    for (int bits = 1; bits < WIDTHS; bits++) {
        const struct tally *t = &o->widths[bits];
        if (t->count)
            TRY(note(o, error, "layers of %d bits, left to other engines: %zu, the first is %s", bits,
                     t->count, t->first));
    }
    if (o->config->transforms)
        TRY(note(o, error,
                 "transform_config: the model transforms activations before or behind layers, which is the "
                 "engine's part; the layers are read as they are"));
    const char *unread;
    size_t unread_count = store_unread(o->store, &unread);
    if (unread_count)
        TRY(note(
            o, error,
            "%s: names no tensor of %zu .safetensors files beside it, which are not read; the first is %s",
            store_path(o->store), unread_count, unread));
    if (!o->in_doubt.count) return W4A16_OK;
    return note(
        o, error,
        "%s: weight_map leaves out, or has in another file too, tensors that no layer of 4 bits needs: "
        "%zu, the first is %s in %s",
        store_path(o->store), o->in_doubt.count, o->in_doubt.first, o->doubted_file);
}

/* ---- all together -------------------------------------------------------------------------------------- */

static w4a16_status judge(struct leftover *o, struct stored stored, char *text, w4a16_error *error) {
    const struct st_tensor *t = stored.tensor;
    if (is_claimed(o, t->name, text)) return W4A16_OK;
    if (stored.doubt == STORE_UNNAMED || stored.doubt == STORE_COPY) {
        if (!o->in_doubt.count) o->doubted_file = safetensors_path(stored.file);
        count(&o->in_doubt, t->name);
    }
    int64_t bits = 0;
    if (!looks_packed(o, t, text) || stored.doubt == STORE_COPY) return W4A16_OK;
    TRY(other_width(o, t, text, &bits, error));
    if (!bits) return add_problem(o, stored, error);
    count(&o->widths[bits], t->name);
    return W4A16_OK;
}

static w4a16_status list_all(struct leftover *o, w4a16_error *error) {
    size_t longest = 0, layers = o->list->count;
    TRY(sort_stems(o, error));
    TRY(sort_scaled(o, error));
    for (size_t i = 0; i < layers; i++) {
        const struct layer_place *place = &o->list->places[i];
        if (place->scheme && place->scheme->bits != 4) count(&o->widths[place->scheme->bits], place->layer);
    }
    for (size_t i = 0; i < store_count(o->store); i++) {
        size_t length = strlen(store_at(o->store, i).tensor->name);
        if (length > longest) longest = length;
    }
    char *text = malloc(longest + 1);
    if (!text) return layer_list_no_memory(o->store, error);
    w4a16_status status = W4A16_OK;
    for (size_t i = 0; i < store_count(o->store) && status == W4A16_OK; i++)
        status = judge(o, store_at(o->store, i), text, error);
    free(text);
    return status == W4A16_OK ? make_notes(o, error) : status;
}

w4a16_status leftover_list(const struct store *store, const struct quant_config *config,
                           struct layer_list *list, w4a16_error *error) {
    struct leftover o = {.store = store, .config = config, .list = list};
    w4a16_status status = list_all(&o, error);
    free(o.stems);
    free(o.scaled);
    return status;
}
