/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A checkpoint: its tensors, its configuration, its layers. */
#include "w4a16/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "format/format.h"

struct w4a16_checkpoint {
    struct store *store;
    struct quant_config config;
    size_t count;
    w4a16_layer_info *layers;
};

static int ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* Looks at one layer; what is wrong with it is kept as its problem. */
static w4a16_status add_layer(w4a16_checkpoint *c, const char *tensor, w4a16_error *error) {
    w4a16_layer_info *info = &c->layers[c->count++];
    char *name = strndup(tensor, strlen(tensor) - strlen(c->config.format->suffix));
    info->name = name;
    FAIL_IF(!name, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", store_path(c->store));
    w4a16_error problem;
    w4a16_status status = c->config.format->read(c->store, &c->config, name, info, NULL, &problem);
    if (status == W4A16_OUT_OF_MEMORY) return w4a16_fail(error, status, "%s", problem.message);
    if (status == W4A16_OK) return status;
    info->problem = strdup(problem.message);
    FAIL_IF(!info->problem, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", store_path(c->store));
    return W4A16_OK;
}

static w4a16_status list_layers(w4a16_checkpoint *c, w4a16_error *error) {
    size_t tensors = store_count(c->store);
    c->layers = calloc(tensors + 1, sizeof *c->layers);
    FAIL_IF(!c->layers, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", store_path(c->store));
    for (size_t i = 0; i < tensors; i++) {
        const char *name = store_at(c->store, i).tensor->name;
        if (ends_with(name, c->config.format->suffix)) TRY(add_layer(c, name, error));
    }
    FAIL_IF(!c->count, error, W4A16_UNSUPPORTED,
            "%s: none of %zu tensors is a %s layer; expected names that end in %s", store_path(c->store),
            tensors, c->config.format->method, c->config.format->suffix);
    return W4A16_OK;
}

w4a16_status w4a16_checkpoint_open(const char *path, w4a16_checkpoint **out, w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!path || !out, error, W4A16_INVALID_ARGUMENT, "checkpoint: null pointer");
    *out = NULL;
    w4a16_checkpoint *c = calloc(1, sizeof *c);
    FAIL_IF(!c, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    w4a16_status status = store_open(path, &c->store, error);
    if (status == W4A16_OK) status = quant_config_read(store_directory(c->store), &c->config, error);
    if (status == W4A16_OK) status = list_layers(c, error);
    if (status != W4A16_OK)
        w4a16_checkpoint_close(c);
    else
        *out = c;
    return status;
}

void w4a16_checkpoint_close(w4a16_checkpoint *c) {
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) {
        free((char *)c->layers[i].name);
        free((char *)c->layers[i].problem);
    }
    free(c->layers);
    quant_config_free(&c->config);
    store_close(c->store);
    free(c);
}

size_t w4a16_checkpoint_layers(const w4a16_checkpoint *c) { return c->count; }

const w4a16_layer_info *w4a16_checkpoint_layer(const w4a16_checkpoint *c, size_t index) {
    return index < c->count ? &c->layers[index] : NULL;
}

int64_t w4a16_checkpoint_find(const w4a16_checkpoint *c, const char *name) {
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->layers[i].name, name) == 0) return (int64_t)i;
    return -1;
}

w4a16_status w4a16_checkpoint_read_layer(const w4a16_checkpoint *c, size_t index, w4a16_layer **out,
                                         w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!c || !out, error, W4A16_INVALID_ARGUMENT, "checkpoint: null pointer");
    *out = NULL;
    FAIL_IF(index >= c->count, error, W4A16_INVALID_ARGUMENT, "%s: layer %zu; it has %zu",
            store_path(c->store), index, c->count);
    w4a16_layer_info info = {0};
    return c->config.format->read(c->store, &c->config, c->layers[index].name, &info, out, error);
}
