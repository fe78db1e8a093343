/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A checkpoint: finds its files, lists its layers, reads one. */
#include "w4a16/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "format/gptq.h"
#include "format/text_file.h"

#define SUFFIX ".qweight" /* what makes a tensor a layer */
#define INDEX  "model.safetensors.index.json"

struct w4a16_checkpoint {
    struct safetensors *st;
    struct gptq_config config;
    size_t count;
    w4a16_layer_info *layers;
};

static int ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* File names of an index are untrusted: they must not lead out of the directory. OK only if there is no
 * index. */
static w4a16_status check_index(const char *path, w4a16_error *error) {
    json_error_t problem;
    char *text;
    size_t bytes;
    TRY(text_file_read(path, &text, &bytes, error));
    if (!text) return W4A16_OK;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &problem);
    free(text);
    FAIL_IF(!root, error, W4A16_BAD_FILE, "%s: no valid JSON: %s (line %d)", path, problem.text,
            problem.line);
    w4a16_status status = W4A16_OK;
    const char *tensor;
    json_t *value;
    json_object_foreach(json_object_get(root, "weight_map"), tensor, value) {
        const char *file = json_string_value(value);
        if (status == W4A16_OK && (!file || strchr(file, '/') || strcmp(file, "..") == 0))
            status =
                w4a16_fail(error, W4A16_BAD_FILE,
                           "%s: weight_map: tensor %s: file is \"%s\", which leads out of the directory; "
                           "accepted are plain file names",
                           path, tensor, file ? file : "(no string)");
    }
    json_decref(root);
    if (status != W4A16_OK) return status;
    return w4a16_fail(
        error, W4A16_UNSUPPORTED,
        "%s: checkpoints of several files are not supported yet; accepted is one .safetensors file", path);
}

static w4a16_status refuse_shards(const char *directory, w4a16_error *error) {
    char *path;
    FAIL_IF(asprintf(&path, "%s/" INDEX, directory) < 0, error, W4A16_OUT_OF_MEMORY, "%s: out of memory",
            directory);
    w4a16_status status = check_index(path, error);
    free(path);
    return status;
}

/* The one .safetensors file of a directory. */
static w4a16_status find_file(const char *directory, char **file, w4a16_error *error) {
    TRY(refuse_shards(directory, error));
    DIR *list = opendir(directory);
    FAIL_IF(!list, error, W4A16_IO, "%s: cannot open: %s", directory, strerror(errno));
    int count = 0;
    w4a16_status status = W4A16_OK;
    for (const struct dirent *entry; (entry = readdir(list));)
        if (ends_with(entry->d_name, ".safetensors") && count++ == 0 &&
            asprintf(file, "%s/%s", directory, entry->d_name) < 0) {
            *file = NULL;
            status = w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", directory);
        }
    closedir(list);
    if (status == W4A16_OK && count != 1)
        status = w4a16_fail(error, count ? W4A16_UNSUPPORTED : W4A16_BAD_FILE,
                            "%s: has %d .safetensors files; accepted is one (or name the file itself)",
                            directory, count);
    return status;
}

/* Splits a path into the directory with the configuration and the file with the tensors. */
static w4a16_status resolve(const char *path, char **directory, char **file, w4a16_error *error) {
    struct stat info;
    FAIL_IF(stat(path, &info) != 0, error, W4A16_IO, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) {
        size_t length = strlen(path);
        while (length > 1 && path[length - 1] == '/') length--;
        *directory = strndup(path, length);
        FAIL_IF(!*directory, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
        return find_file(*directory, file, error);
    }
    const char *slash = strrchr(path, '/');
    *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    *file = strdup(path);
    FAIL_IF(!*directory || !*file, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    return W4A16_OK;
}

/* Looks at one layer; what is wrong with it is kept as its problem. */
static w4a16_status add_layer(w4a16_checkpoint *c, const char *tensor, w4a16_error *error) {
    w4a16_layer_info *info = &c->layers[c->count++];
    char *name = strndup(tensor, strlen(tensor) - strlen(SUFFIX));
    info->name = name;
    FAIL_IF(!name, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", safetensors_path(c->st));
    w4a16_error problem;
    w4a16_status status = gptq_read(c->st, &c->config, name, info, NULL, &problem);
    if (status == W4A16_OUT_OF_MEMORY) return w4a16_fail(error, status, "%s", problem.message);
    if (status == W4A16_OK) return status;
    info->problem = strdup(problem.message);
    FAIL_IF(!info->problem, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", safetensors_path(c->st));
    return W4A16_OK;
}

static w4a16_status list_layers(w4a16_checkpoint *c, w4a16_error *error) {
    size_t tensors = safetensors_count(c->st);
    c->layers = calloc(tensors + 1, sizeof *c->layers);
    FAIL_IF(!c->layers, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", safetensors_path(c->st));
    for (size_t i = 0; i < tensors; i++) {
        const char *name = safetensors_at(c->st, i)->name;
        if (ends_with(name, SUFFIX)) TRY(add_layer(c, name, error));
    }
    FAIL_IF(!c->count, error, W4A16_UNSUPPORTED,
            "%s: none of %zu tensors is a GPTQ layer; expected names that end in " SUFFIX,
            safetensors_path(c->st), tensors);
    return W4A16_OK;
}

w4a16_status w4a16_checkpoint_open(const char *path, w4a16_checkpoint **out, w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!path || !out, error, W4A16_INVALID_ARGUMENT, "checkpoint: null pointer");
    *out = NULL;
    char *directory = NULL, *file = NULL;
    w4a16_checkpoint *c = calloc(1, sizeof *c);
    w4a16_status status = c ? resolve(path, &directory, &file, error)
                            : w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    if (status == W4A16_OK) status = safetensors_open(file, &c->st, error);
    if (status == W4A16_OK) status = gptq_config_read(directory, &c->config, error);
    if (status == W4A16_OK) status = list_layers(c, error);
    free(directory);
    free(file);
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
    safetensors_close(c->st);
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
            safetensors_path(c->st), index, c->count);
    w4a16_layer_info info = {0};
    return gptq_read(c->st, &c->config, c->layers[index].name, &info, out, error);
}
