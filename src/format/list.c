/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

enum { EXPERTS_MAX = 1 << 16, LAYERS_MAX = 1 << 20 }; /* of a stack, of a checkpoint */

w4a16_status layer_list_no_memory(const struct store *store, w4a16_error *error) {
    return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", store_path(store));
}

struct layer_place *layer_list_add(struct layer_list *list, const char *layer, size_t length) {
    if ((list->count & (list->count - 1)) == 0) { /* room is a power of two */
        size_t room = list->count ? 2 * list->count : 1;
        struct layer_place *places = realloc(list->places, room * sizeof *places);
        if (!places) return NULL;
        list->places = places;
    }
    struct layer_place *place = &list->places[list->count];
    *place = (struct layer_place){.layer = strndup(layer, length), .expert = -1};
    if (!place->layer) return NULL;
    list->count++;
    return place;
}

int layer_list_ends(const char *tensor, const char *part, int flat, size_t *stem_length) {
    static const char weight[] = "weight_";
    size_t length = strlen(tensor), prefix = sizeof weight - 1;
    if (flat && strncmp(part, weight, prefix) != 0) return 0;
    if (flat) part += prefix;
    size_t part_length = strlen(part);
    if (length <= part_length + 1) return 0;
    *stem_length = length - part_length - 1;
    return tensor[*stem_length] == (flat ? '_' : '.') && strcmp(tensor + *stem_length + 1, part) == 0;
}

/* "a.experts.up_proj" and 3: "a.experts.3.up_proj". */
static char *expert_name(const char *stem, int64_t expert) {
    const char *dot = strrchr(stem, '.');
    int before = dot ? (int)(dot + 1 - stem) : 0;
    char *name;
    return asprintf(&name, "%.*s%" PRId64 ".%s", before, stem, expert, stem + before) < 0 ? NULL : name;
}

/*
 * What the configuration says of the place's layer; what it says against it is kept as the place's problem.
 */
static w4a16_status find_scheme(const struct store *store, const struct quant_config *config,
                                struct layer_place *place, w4a16_error *error) {
    w4a16_error why = {.status = W4A16_OK};
    w4a16_status status = quant_config_scheme(config, place->layer, place->expert < 0 ? NULL : place->stem,
                                              &place->scheme, &why);
    if (status == W4A16_OK && !place->scheme)
        status = w4a16_fail(&why, W4A16_BAD_FILE, "%s: layer %s: no entry of config_groups targets it",
                            store_path(store), place->layer);
    else if (status == W4A16_OK && place->scheme->problem)
        status = w4a16_fail(&why, W4A16_UNSUPPORTED, "layer %s: %s", place->layer, place->scheme->problem);
    if (status == W4A16_OK) return status;
    if (status == W4A16_OUT_OF_MEMORY) return layer_list_no_memory(store, error);
    FAIL_IF(selector_work_done(config->work), error, status, "%s: %s", store_directory(store), why.message);
    place->scheme = NULL;
    place->status = status;
    place->problem = strdup(why.message);
    return place->problem ? W4A16_OK : layer_list_no_memory(store, error);
}

static w4a16_status add(const struct store *store, const struct quant_config *config, struct layer_list *list,
                        const char *stem, int flat, int64_t expert, w4a16_error *error) {
    FAIL_IF(list->count == LAYERS_MAX, error, W4A16_UNSUPPORTED, "%s: has more than %d layers",
            store_path(store), LAYERS_MAX);
    struct layer_place *place = layer_list_add(list, stem, strlen(stem));
    if (!place) return layer_list_no_memory(store, error);
    place->stem = strdup(stem);
    place->flat = flat, place->expert = expert;
    if (expert >= 0) {
        free(place->layer);
        place->layer = expert_name(stem, expert);
    }
    if (!place->stem || !place->layer) return layer_list_no_memory(store, error);
    return find_scheme(store, config, place, error);
}

/* The layers of a tensor of weights: one, or those of a stack. */
static w4a16_status add_layers(const struct store *store, const struct quant_config *config,
                               struct layer_list *list, const struct st_tensor *t, size_t stem_length,
                               int flat, w4a16_error *error) {
    int stacked = t->dims == config->format->rules[0].dims + 1 && t->shape[0] >= 1 &&
                  t->shape[0] <= EXPERTS_MAX && t->end > t->begin;
    char *stem = strndup(t->name, stem_length);
    w4a16_status status = stem ? W4A16_OK : layer_list_no_memory(store, error);
    for (int64_t e = 0; e < (stacked ? t->shape[0] : 1) && status == W4A16_OK; e++)
        status = add(store, config, list, stem, flat, stacked ? e : -1, error);
    free(stem);
    return status;
}

/* Which spelling of the format's tensor of weights the name has: 0, flat 1, or none -1. */
static int spelling_of(const struct format *format, const struct st_tensor *t, size_t *stem_length) {
    if (format->typed && t->dtype != format->rules[0].dtypes[0]) return -1;
    for (int flat = 0; flat < 2; flat++)
        if (layer_list_ends(t->name, format->rules[0].name, flat, stem_length)) return flat;
    return -1;
}

static int is_ours(const struct layer_place *place) { return place->problem || place->scheme->bits == 4; }

/* Leaves the layers of 4 bits and the problems. */
static w4a16_status keep_ours(const struct store *store, const struct quant_config *config,
                              struct layer_list *list, w4a16_error *error) {
    size_t all = list->count, ours = 0;
    for (size_t i = 0; i < all; i++) ours += (size_t)is_ours(&list->places[i]);
    FAIL_IF(!all, error, W4A16_UNSUPPORTED,
            "%s: none of %zu tensors is a layer of %s; expected names that end in .%s", store_path(store),
            store_count(store), config->format->methods[0], config->format->rules[0].name);
    FAIL_IF(!ours, error, W4A16_UNSUPPORTED, "%s: none of its %zu %s layers has 4 bits: %s has %" PRId64,
            store_path(store), all, config->format->methods[0], list->places[0].layer,
            list->places[0].scheme->bits);
    list->count = 0;
    for (size_t i = 0; i < all; i++) {
        struct layer_place *place = &list->places[i];
        if (is_ours(place)) {
            list->places[list->count++] = *place;
            continue;
        }
        free(place->layer);
        free(place->stem);
    }
    return W4A16_OK;
}

w4a16_status layer_list_make(const struct store *store, const struct quant_config *config,
                             struct layer_list *list, w4a16_error *error) {
    *list = (struct layer_list){0};
    for (size_t i = 0; i < store_count(store); i++) {
        struct stored stored = store_at(store, i);
        size_t stem_length;
        int flat = stored.doubt == STORE_COPY ? -1 : spelling_of(config->format, stored.tensor, &stem_length);
        if (flat >= 0) TRY(add_layers(store, config, list, stored.tensor, stem_length, flat, error));
    }
    if (list->count) TRY(leftover_list(store, config, list, error));
    return keep_ours(store, config, list, error);
}

void layer_list_free(struct layer_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->places[i].layer);
        free(list->places[i].stem);
        free(list->places[i].problem);
    }
    for (size_t i = 0; i < list->note_count; i++) free(list->notes[i]);
    free(list->places);
    free(list->notes);
    *list = (struct layer_list){0};
}
