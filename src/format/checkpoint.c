/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A checkpoint: its tensors, its configuration, its layers. */
#include "w4a16/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/gguf_layers.h"

struct w4a16_checkpoint {
    struct store *store;
    struct quant_config config;
    struct layer_list list;
    w4a16_layer_info *layers; /* as many as the list has places */
};

static w4a16_status read_place(const w4a16_checkpoint *c, const struct layer_place *place,
                               w4a16_layer_info *info, w4a16_layer **out, w4a16_error *error) {
    if (place->problem) return w4a16_fail(error, place->status, "%s", place->problem);
    return c->config.format->read(c->store, &c->config, place, info, out, error);
}

/* Looks at each layer; what is wrong with it is kept as its problem. */
static w4a16_status look_at_layers(w4a16_checkpoint *c, w4a16_error *error) {
    c->layers = calloc(c->list.count, sizeof *c->layers);
    if (!c->layers) return layer_list_no_memory(c->store, error);
    for (size_t i = 0; i < c->list.count; i++) {
        w4a16_layer_info *info = &c->layers[i];
        struct layer_place *place = &c->list.places[i];
        w4a16_error problem;
        info->name = place->layer;
        info->format = c->config.format->methods[0];
        w4a16_status status = read_place(c, place, info, NULL, &problem);
        if (status == W4A16_OUT_OF_MEMORY) return w4a16_fail(error, status, "%s", problem.message);
        if (status == W4A16_OK) continue;
        if (!place->problem && !(place->problem = strdup(problem.message)))
            return layer_list_no_memory(c->store, error);
        place->status = status;
        info->problem = place->problem;
    }
    return W4A16_OK;
}

/* What the files beside the tensors say of them, and which are layers. */
static w4a16_status list_layers(w4a16_checkpoint *c, w4a16_error *error) {
    if (store_gguf(c->store)) {
        gguf_layers_configure(&c->config);
        return gguf_layers_list(c->store, &c->config, &c->list, error);
    }
    TRY(quant_config_read(store_directory(c->store), &c->config, error));
    return layer_list_make(c->store, &c->config, &c->list, error);
}

w4a16_status w4a16_checkpoint_open(const char *path, w4a16_checkpoint **out, w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!path || !out, error, W4A16_INVALID_ARGUMENT, "checkpoint: null pointer");
    *out = NULL;
    w4a16_checkpoint *c = calloc(1, sizeof *c);
    FAIL_IF(!c, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    w4a16_status status = store_open(path, &c->store, error);
    if (status == W4A16_OK) status = list_layers(c, error);
    if (status == W4A16_OK) status = look_at_layers(c, error);
    if (status != W4A16_OK)
        w4a16_checkpoint_close(c);
    else
        *out = c;
    return status;
}

void w4a16_checkpoint_close(w4a16_checkpoint *c) {
    if (!c) return;
    free(c->layers);
    layer_list_free(&c->list);
    quant_config_free(&c->config);
    store_close(c->store);
    free(c);
}

size_t w4a16_checkpoint_layers(const w4a16_checkpoint *c) { return c ? c->list.count : 0; }

const w4a16_layer_info *w4a16_checkpoint_layer(const w4a16_checkpoint *c, size_t index) {
    return c && index < c->list.count ? &c->layers[index] : NULL;
}

int64_t w4a16_checkpoint_find(const w4a16_checkpoint *c, const char *name) {
    for (size_t i = 0; c && name && i < c->list.count; i++)
        if (strcmp(c->layers[i].name, name) == 0) return (int64_t)i;
    return -1;
}

w4a16_status w4a16_checkpoint_read_layer(const w4a16_checkpoint *c, size_t index, w4a16_layer **out,
                                         w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!c || !out, error, W4A16_INVALID_ARGUMENT, "checkpoint: null pointer");
    *out = NULL;
    FAIL_IF(index >= c->list.count, error, W4A16_INVALID_ARGUMENT, "%s: layer %zu; it has %zu",
            store_path(c->store), index, c->list.count);
    w4a16_layer_info info = {0};
    return read_place(c, &c->list.places[index], &info, out, error);
}

size_t w4a16_checkpoint_notes(const w4a16_checkpoint *c) { return c ? c->list.note_count : 0; }

const char *w4a16_checkpoint_note(const w4a16_checkpoint *c, size_t index) {
    return c && index < c->list.note_count ? c->list.notes[index] : NULL;
}
