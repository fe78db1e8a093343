/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "format/field.h"
#include "format/text_file.h"

#define INDEX  "model.safetensors.index.json"
#define SUFFIX ".safetensors"

struct store {
    char *path, *directory;
    size_t file_count, tensor_count;
    struct safetensors **files;
    unsigned char *doubts; /* of each tensor, in the order of store_at; null without an index */
};

static int ends_with(const char *name, const char *end) {
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

static w4a16_status no_memory(const struct store *s, w4a16_error *error) {
    return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory",
                      s->directory ? s->directory : "checkpoint");
}

/* Opens the file of that name in the directory as the next one. */
static w4a16_status add_file(struct store *s, const char *name, w4a16_error *error) {
    struct safetensors **files = realloc(s->files, (s->file_count + 1) * sizeof *files);
    if (!files) return no_memory(s, error);
    s->files = files;
    char *path;
    if (asprintf(&path, "%s/%s", s->directory, name) < 0) return no_memory(s, error);
    w4a16_status status = safetensors_open(path, &s->files[s->file_count], error);
    free(path);
    if (status != W4A16_OK) return status;
    s->tensor_count += safetensors_count(s->files[s->file_count++]);
    return W4A16_OK;
}

static const char *file_name(const struct safetensors *file) {
    const char *slash = strrchr(safetensors_path(file), '/');
    return slash ? slash + 1 : safetensors_path(file);
}

/* ---- an index ----------------------------------------------------------------------------------------- */

/* File names of an index are untrusted: they must not lead out of the directory. */
static w4a16_status check_name(const struct store *s, const char *tensor, const json_t *value,
                               w4a16_error *error) {
    TRY(field_is(s->path, value, DOC_TEXT, tensor, error));
    const char *file = json_string_value(value);
    FAIL_IF(strchr(file, '/') || !ends_with(file, SUFFIX) || file[0] == '.', error, W4A16_BAD_FILE,
            "%s: weight_map: tensor %s: file is \"%s\"; accepted are plain names of " SUFFIX
            " files in the same directory",
            s->path, tensor, file);
    return W4A16_OK;
}

/* Opens each file that the map names, once, in the order of their first mention. */
static w4a16_status open_shards(struct store *s, json_t *map, w4a16_error *error) {
    const char *tensor;
    json_t *value;
    json_object_foreach(map, tensor, value) {
        TRY(check_name(s, tensor, value, error));
        int known = 0;
        for (size_t i = 0; i < s->file_count; i++)
            known |= !strcmp(file_name(s->files[i]), json_string_value(value));
        if (!known) TRY(add_file(s, json_string_value(value), error));
    }
    return W4A16_OK;
}

/* A tensor of a file: what the map, which may be null, says of it. Fails if the map names a file that lacks
 * it. */
static w4a16_status judge(struct store *s, const json_t *map, size_t file, const char *tensor,
                          unsigned char *doubt, w4a16_error *error) {
    const char *named = json_string_value(json_object_get(map, tensor));
    int others = 0, there = 0;
    for (size_t i = 0; i < s->file_count; i++) {
        if (!safetensors_find(s->files[i], tensor)) continue;
        others += i != file;
        there |= named && strcmp(named, file_name(s->files[i])) == 0;
    }
    FAIL_IF(named && !there, error, W4A16_BAD_FILE,
            "%s: weight_map: tensor %s: file is \"%s\", but %s has it", s->path, tensor, named,
            file_name(s->files[file]));
    if (!named)
        *doubt = STORE_UNNAMED;
    else if (strcmp(named, file_name(s->files[file])) != 0)
        *doubt = STORE_COPY;
    else
        *doubt = others ? STORE_TWICE : STORE_SURE;
    return W4A16_OK;
}

static w4a16_status check_shards(struct store *s, const json_t *map, w4a16_error *error) {
    size_t at = 0;
    s->doubts = calloc(s->tensor_count + 1, 1);
    if (!s->doubts) return no_memory(s, error);
    for (size_t i = 0; i < s->file_count; i++)
        for (size_t t = 0; t < safetensors_count(s->files[i]); t++)
            TRY(judge(s, map, i, safetensors_at(s->files[i], t)->name, &s->doubts[at++], error));
    const char *tensor;
    json_t *value;
    json_object_foreach((json_t *)map, tensor, value)
        FAIL_IF(!store_find(s, tensor).tensor, error, W4A16_BAD_FILE,
                "%s: weight_map: tensor %s is not in %s", s->path, tensor, json_string_value(value));
    return W4A16_OK;
}

static w4a16_status read_index(struct store *s, const char *text, size_t bytes, w4a16_error *error) {
    json_t *root, *map = NULL;
    TRY(field_read(s->path, text, bytes, DOC_AS_PYTHON, NULL, &root, error));
    w4a16_status status = field_is(s->path, root, DOC_OBJECT, "its content", error);
    if (status == W4A16_OK) status = field_get(s->path, root, "weight_map", DOC_OBJECT, &map, error);
    if (status == W4A16_OK && !json_object_size(map))
        status = w4a16_fail(error, W4A16_BAD_FILE,
                            "%s: weight_map is missing or empty; accepted is {\"tensor\": \"file\", ...}",
                            s->path);
    if (status == W4A16_OK) status = open_shards(s, map, error);
    if (status == W4A16_OK) status = check_shards(s, map, error);
    json_decref(root);
    return status;
}

/* ---- opening ------------------------------------------------------------------------------------------ */

/* The one .safetensors file of a directory without an index. */
static w4a16_status open_only_file(struct store *s, w4a16_error *error) {
    DIR *list = opendir(s->directory);
    if (!list && errno == ENOMEM) return no_memory(s, error);
    FAIL_IF(!list, error, W4A16_IO, "%s: cannot open: %s", s->directory, strerror(errno));
    int count = 0;
    char *only = NULL;
    for (const struct dirent *entry; (entry = readdir(list));)
        if (ends_with(entry->d_name, SUFFIX) && count++ == 0) only = strdup(entry->d_name);
    closedir(list);
    w4a16_status status = W4A16_OK;
    if (count != 1)
        status = w4a16_fail(error, count ? W4A16_UNSUPPORTED : W4A16_BAD_FILE,
                            "%s: has %d " SUFFIX " files; accepted is one, or " INDEX
                            " that says what is where (or name a file itself)",
                            s->directory, count);
    else if (!only)
        status = no_memory(s, error);
    else
        status = add_file(s, only, error);
    free(only);
    if (status == W4A16_OK && !(s->path = strdup(safetensors_path(s->files[0]))))
        status = no_memory(s, error);
    return status;
}

static w4a16_status open_directory(struct store *s, w4a16_error *error) {
    if (asprintf(&s->path, "%s/" INDEX, s->directory) < 0) {
        s->path = NULL;
        return no_memory(s, error);
    }
    char *text;
    size_t bytes;
    TRY(text_file_read(s->path, &text, &bytes, error));
    if (text) {
        w4a16_status status = read_index(s, text, bytes, error);
        free(text);
        return status;
    }
    free(s->path);
    s->path = NULL;
    return open_only_file(s, error);
}

static w4a16_status open_path(struct store *s, const char *path, w4a16_error *error) {
    struct stat info;
    FAIL_IF(stat(path, &info) != 0, error, W4A16_IO, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISDIR(info.st_mode)) {
        size_t length = strlen(path);
        while (length > 1 && path[length - 1] == '/') length--;
        s->directory = strndup(path, length);
        return s->directory ? open_directory(s, error) : no_memory(s, error);
    }
    const char *slash = strrchr(path, '/');
    s->directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    s->path = strdup(path);
    s->files = malloc(sizeof *s->files);
    if (!s->directory || !s->path || !s->files) return no_memory(s, error);
    TRY(safetensors_open(path, &s->files[0], error));
    s->file_count = 1;
    s->tensor_count = safetensors_count(s->files[0]);
    return W4A16_OK;
}

w4a16_status store_open(const char *path, struct store **out, w4a16_error *error) {
    struct store *s = calloc(1, sizeof *s);
    FAIL_IF(!s, error, W4A16_OUT_OF_MEMORY, "%s: out of memory", path);
    w4a16_status status = open_path(s, path, error);
    if (status == W4A16_OK)
        *out = s;
    else
        store_close(s);
    return status;
}

void store_close(struct store *s) {
    if (!s) return;
    for (size_t i = 0; i < s->file_count; i++) safetensors_close(s->files[i]);
    free(s->files);
    free(s->doubts);
    free(s->path);
    free(s->directory);
    free(s);
}

const char *store_path(const struct store *s) { return s->path; }
const char *store_directory(const struct store *s) { return s->directory; }
size_t store_count(const struct store *s) { return s->tensor_count; }

struct stored store_at(const struct store *s, size_t index) {
    size_t file = 0;
    enum store_doubt doubt = s->doubts ? s->doubts[index] : STORE_SURE;
    while (index >= safetensors_count(s->files[file])) index -= safetensors_count(s->files[file++]);
    return (struct stored){s->files[file], safetensors_at(s->files[file], index), doubt};
}

struct stored store_find(const struct store *s, const char *name) {
    struct stored found = {0};
    size_t first = 0;
    for (size_t i = 0; i < s->file_count; first += safetensors_count(s->files[i++])) {
        const struct st_tensor *tensor = safetensors_find(s->files[i], name);
        if (!tensor) continue;
        enum store_doubt doubt =
            s->doubts ? s->doubts[first + safetensors_place(s->files[i], tensor)] : STORE_SURE;
        if (!found.tensor || doubt != STORE_COPY) found = (struct stored){s->files[i], tensor, doubt};
    }
    return found;
}

w4a16_status store_check(const struct store *s, struct stored stored, w4a16_error *error) {
    const char *name = stored.tensor->name;
    FAIL_IF(stored.doubt == STORE_UNNAMED, error, W4A16_BAD_FILE,
            "%s: weight_map does not name tensor %s, which is in %s", s->path, name, file_name(stored.file));
    FAIL_IF(stored.doubt != STORE_SURE, error, W4A16_BAD_FILE,
            "%s: tensor %s is in %s and in another file; expected one file", s->path, name,
            file_name(stored.file));
    return W4A16_OK;
}
