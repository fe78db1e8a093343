/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/store.h"

#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "format/field.h"
#include "format/text_file.h"

#define INDEX  "model.safetensors.index.json"
#define SUFFIX ".safetensors"
enum { FILES_MAX = 4096 };

struct store {
    char *path, *directory;
    char *unread; /* the first of the .safetensors files that the index does not name, or null */
    size_t file_count, tensor_count, unread_count;
    struct safetensors **files;
    struct gguf_model *gguf; /* or null; then there are no files */
    struct stored *all;      /* file by file */
    struct stored **by_name; /* of these; where several files have a name, in the order of the files */
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
    FAIL_IF(s->file_count == FILES_MAX, error, W4A16_UNSUPPORTED,
            "%s: has more than %d files; accepted are at most so many", s->directory, FILES_MAX);
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

/* ---- finding tensors ---------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b) {
    const struct stored *const *x = a, *const *y = b;
    int order = strcmp((*x)->tensor->name, (*y)->tensor->name);
    return order ? order : (*x > *y) - (*x < *y);
}

/* All files are open, or a GGUF file: lists their tensors. */
static w4a16_status list_tensors(struct store *s, w4a16_error *error) {
    s->all = calloc(s->tensor_count + 1, sizeof *s->all);
    s->by_name = calloc(s->tensor_count + 1, sizeof *s->by_name);
    if (!s->all || !s->by_name) return no_memory(s, error);
    size_t at = 0;
    for (size_t i = 0; i < s->file_count; i++)
        for (size_t t = 0; t < safetensors_count(s->files[i]); t++, at++) {
            s->all[at] = (struct stored){.file = s->files[i], .tensor = safetensors_at(s->files[i], t)};
            s->by_name[at] = &s->all[at];
        }
    for (; at < s->tensor_count; at++) {
        const struct gguf_weights *weights = gguf_model_at(s->gguf, at);
        s->all[at] = (struct stored){.gguf = weights, .tensor = &weights->values};
        s->by_name[at] = &s->all[at];
    }
    qsort(s->by_name, s->tensor_count, sizeof *s->by_name, compare_names);
    return W4A16_OK;
}

/* The end of the run of tensors that have the name of the one at `from` in by_name. */
static size_t run_end(const struct store *s, size_t from) {
    size_t end = from + 1;
    while (end < s->tensor_count &&
           strcmp(s->by_name[from]->tensor->name, s->by_name[end]->tensor->name) == 0)
        end++;
    return end;
}

/* The first place in by_name whose name is not less. */
static size_t lower_bound(const struct store *s, const char *name) {
    size_t low = 0, high = s->tensor_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(s->by_name[middle]->tensor->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
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

static int compare_text(const void *a, const void *b) { return strcmp(a, b); }
static void keep(void *text) { (void)text; }

/* Opens each file that the map names, once, in the order of their first mention. seen: a tsearch tree. */
static w4a16_status open_shards(struct store *s, json_t *map, void **seen, w4a16_error *error) {
    const char *tensor;
    json_t *value;
    json_object_foreach(map, tensor, value) {
        TRY(check_name(s, tensor, value, error));
        const char *file = json_string_value(value);
        if (tfind(file, seen, compare_text)) continue;
        if (!tsearch(file, seen, compare_text)) return no_memory(s, error);
        TRY(add_file(s, file, error));
    }
    return W4A16_OK;
}

/* Counts the .safetensors files of the directory that the map does not name. */
static w4a16_status find_unread(struct store *s, void *const *seen, w4a16_error *error) {
    DIR *list = opendir(s->directory);
    if (!list && errno == ENOMEM) return no_memory(s, error);
    FAIL_IF(!list, error, W4A16_IO, "%s: cannot open: %s", s->directory, strerror(errno));
    w4a16_status status = W4A16_OK;
    for (const struct dirent *entry; status == W4A16_OK && (entry = readdir(list));) {
        const char *name = entry->d_name;
        if (name[0] == '.' || !ends_with(name, SUFFIX) || tfind(name, seen, compare_text)) continue;
        s->unread_count++;
        if (s->unread && strcmp(s->unread, name) < 0) continue;
        free(s->unread);
        s->unread = strdup(name);
        if (!s->unread) status = no_memory(s, error);
    }
    closedir(list);
    return status;
}

/* The tensors of one name, [from, end) in by_name: what the map says of each. Fails if it names a file that
 * has none.
 */
static w4a16_status judge(struct store *s, const json_t *map, size_t from, size_t end, w4a16_error *error) {
    const char *tensor = s->by_name[from]->tensor->name,
               *named = json_string_value(json_object_get(map, tensor));
    int there = !named;
    for (size_t i = from; i < end; i++) {
        struct stored *one = s->by_name[i];
        int meant = named && strcmp(named, file_name(one->file)) == 0;
        one->doubt = !named ? STORE_UNNAMED : !meant ? STORE_COPY : end - from > 1 ? STORE_TWICE : STORE_SURE;
        there |= meant;
    }
    FAIL_IF(!there, error, W4A16_BAD_FILE, "%s: weight_map: tensor %s: file is \"%s\", but %s has it",
            s->path, tensor, named, file_name(s->by_name[from]->file));
    return W4A16_OK;
}

static w4a16_status check_shards(struct store *s, const json_t *map, w4a16_error *error) {
    for (size_t from = 0, end; from < s->tensor_count; from = end) {
        end = run_end(s, from);
        TRY(judge(s, map, from, end, error));
    }
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
    void *seen = NULL;
    if (status == W4A16_OK) status = open_shards(s, map, &seen, error);
    if (status == W4A16_OK) status = find_unread(s, &seen, error);
    tdestroy(seen, keep);
    if (status == W4A16_OK) status = list_tensors(s, error);
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
    return status == W4A16_OK ? list_tensors(s, error) : status;
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
    if (gguf_is(path)) {
        TRY(gguf_model_open(path, &s->gguf, error));
        s->tensor_count = gguf_model_count(s->gguf);
        return list_tensors(s, error);
    }
    TRY(safetensors_open(path, &s->files[0], error));
    s->file_count = 1;
    s->tensor_count = safetensors_count(s->files[0]);
    return list_tensors(s, error);
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
    gguf_model_close(s->gguf);
    free(s->files);
    free(s->by_name);
    free(s->all);
    free(s->unread);
    free(s->path);
    free(s->directory);
    free(s);
}

const char *store_path(const struct store *s) { return s->path; }
const char *store_directory(const struct store *s) { return s->directory; }
const struct gguf_model *store_gguf(const struct store *s) { return s->gguf; }
size_t store_count(const struct store *s) { return s->tensor_count; }

size_t store_unread(const struct store *s, const char **first) {
    *first = s->unread;
    return s->unread_count;
}

struct stored store_at(const struct store *s, size_t index) { return s->all[index]; }

struct stored store_find(const struct store *s, const char *name) {
    struct stored found = {0};
    size_t from = lower_bound(s, name);
    if (from == s->tensor_count || strcmp(s->by_name[from]->tensor->name, name) != 0) return found;
    size_t end = run_end(s, from);
    for (size_t i = from; i < end; i++)
        if (!found.tensor || s->by_name[i]->doubt != STORE_COPY) found = *s->by_name[i];
    return found;
}

w4a16_status store_read(const struct store *s, const struct stored *stored, uint64_t first, uint64_t bytes,
                        void *to, w4a16_error *error) {
    return stored->gguf ? gguf_model_read(s->gguf, stored->gguf, first, bytes, to, error)
                        : safetensors_read_part(stored->file, stored->tensor, first, bytes, to, error);
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
