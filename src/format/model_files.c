/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "format/model_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/output_error.h"
#include "document.h"
#include "format/config_source.h"
#include "format/text_file.h"

#define CONFIG     "config.json"
#define OWN_CONFIG "quantize_config.json"

/* ---- what a file is ------------------------------------------------------------------------------------ */

static const char *const weights[] = {"*.safetensors", "*.safetensors.index.json", "pytorch_model*.bin",
                                      "pytorch_model*.bin.index.json", NULL};
static const char *const descriptions[] = {"generation_config.json",
                                           "tokenizer*",
                                           "vocab.*",
                                           "merges.txt",
                                           "added_tokens.json",
                                           "special_tokens_map.json",
                                           "chat_template*",
                                           "*processor_config.json",
                                           NULL};
static const char *const taken_over[] = {"*.json", "*.txt",    "*.jinja", "*.model", "*.tiktoken",
                                         "*.py",   "LICENSE*", "NOTICE*", NULL};
static const char *const written[] = {CONFIG, OWN_CONFIG, "quant_config.json", "quantization_config.json",
                                      NULL};

static int is_one_of(const char *name, const char *const *patterns) {
    for (; *patterns; patterns++)
        if (fnmatch(*patterns, name, FNM_PERIOD) == 0) return 1;
    return 0;
}

int model_file_rank(const char *name) {
    return is_one_of(name, written) ? 2 : is_one_of(name, weights) || is_one_of(name, descriptions);
}

static w4a16_status no_memory(const char *directory, w4a16_error *error) {
    return w4a16_fail(error, W4A16_OUT_OF_MEMORY, "%s: out of memory", directory);
}

/* ---- config.json --------------------------------------------------------------------------------------- */

/* No section may say how the model is quantised, wherever it stands: it would contradict the one that is written. */
static w4a16_status check_unquantised(const char *path, const char *text, size_t bytes, w4a16_error *error) {
    struct config_source source;
    w4a16_status status = config_source_parse(path, text, bytes, NULL, &source, error);
    if (status == W4A16_OK && source.label)
        status = w4a16_fail(error, W4A16_UNSUPPORTED,
                            "%s: the model is quantised already; accepted are models in 16 or 32 bits",
                            source.label);
    config_source_free(&source);
    return status;
}

w4a16_status model_config_read(const char *directory, char **text, json_t **config, w4a16_error *error) {
    static const char *const once[] = {"quantization_config", "model_type", "hidden_size", "vocab_size",
                                       NULL};
    char *path;
    size_t bytes;
    *text = NULL, *config = NULL;
    if (asprintf(&path, "%s/" CONFIG, directory) < 0) return no_memory(directory, error);
    w4a16_status status = text_file_read(path, text, &bytes, error);
    if (status == W4A16_OK && *text) {
        struct doc_problem problem = {0};
        *config = doc_read(*text, bytes, DOC_AS_PYTHON, once, &problem);
        if (!*config)
            status = w4a16_fail(error, problem.out_of_memory ? W4A16_OUT_OF_MEMORY : W4A16_BAD_FILE, "%s: %s",
                                path, problem.text);
        else if (!json_is_object(*config))
            status = w4a16_fail(error, W4A16_BAD_FILE, "%s: is no JSON object", path);
        else
            status = check_unquantised(path, *text, bytes, error);
    }
    free(path);
    return status;
}

static w4a16_status write_text(struct output_directory *to, const char *name, const char *const *parts,
                               w4a16_error *error) {
    char *path = output_directory_file(to, name);
    if (!path) return no_memory(to->path, error);
    struct output output;
    output_open(&output, path);
    for (; *parts; parts++) output_write(&output, *parts, strlen(*parts));
    w4a16_status status = output_commit(&output) == 0 ? W4A16_OK : output_error(path, &output, error);
    free(path);
    return status;
}

/* The text before the brace that ends it; a member that is null goes. *empty: it has no members. Null: no
 * memory. */
static char *open_object(const char *text, const json_t *config, int *empty) {
    char *copy = NULL;
    json_t *less = json_object_get(config, "quantization_config") ? json_copy((json_t *)config) : NULL;
    if (less) {
        json_object_del(less, "quantization_config");
        copy = doc_print(less, JSON_INDENT(2), NULL);
        *empty = json_object_size(less) == 0;
        json_decref(less);
    } else {
        copy = strdup(text ? text : "{}");
        *empty = json_object_size(config) == 0;
    }
    char *end = copy ? strrchr(copy, '}') : NULL;
    if (!end) {
        free(copy);
        return NULL;
    }
    while (end > copy && strchr(" \t\r\n", end[-1])) end--;
    *end = 0;
    return copy;
}

w4a16_status model_config_write(struct output_directory *to, const char *text, const json_t *config,
                                const json_t *quantization, w4a16_error *error) {
    int empty = 0;
    char *own = doc_print(quantization, JSON_INDENT(2), NULL), *open = open_object(text, config, &empty);
    w4a16_status status = own && open ? W4A16_OK : no_memory(to->path, error);
    if (status == W4A16_OK) {
        const char *const parts[] = {open, empty ? "\n" : ",\n", "\"quantization_config\": ", own, "\n}\n",
                                     NULL};
        status = write_text(to, CONFIG, parts, error);
    }
    if (status == W4A16_OK) {
        const char *const parts[] = {own, "\n", NULL};
        status = write_text(to, OWN_CONFIG, parts, error);
    }
    free(own);
    free(open);
    return status;
}

w4a16_status model_config_copy(struct output_directory *to, const char *text, w4a16_error *error) {
    const char *const parts[] = {text, NULL};
    return text ? write_text(to, CONFIG, parts, error) : W4A16_OK;
}

w4a16_status model_document_write(struct output_directory *to, const char *name, const json_t *document,
                                  w4a16_error *error) {
    char *text = doc_print(document, JSON_INDENT(1), NULL);
    if (!text) return no_memory(to->path, error);
    const char *const parts[] = {text, "\n", NULL};
    w4a16_status status = write_text(to, name, parts, error);
    free(text);
    return status;
}

/* ---- copies -------------------------------------------------------------------------------------------- */

static w4a16_status copy_bytes(int from, const char *from_path, struct output *output, const char *path,
                               w4a16_error *error) {
    char bytes[1 << 16];
    for (;;) {
        ssize_t n = read(from, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        FAIL_IF(n < 0, error, W4A16_IO, "%s: cannot read: %s", from_path, strerror(errno));
        if (n == 0) return W4A16_OK;
        if (output_write(output, bytes, (size_t)n) != 0) return output_error(path, output, error);
    }
}

/* A regular file; anything else is passed over. */
static w4a16_status copy_file(const char *from_path, struct output_directory *to, const char *name,
                              w4a16_error *error) {
    struct stat info;
    int from = open(from_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FAIL_IF(from < 0, error, W4A16_IO, "%s: cannot open: %s", from_path, strerror(errno));
    if (fstat(from, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(from);
        return W4A16_OK;
    }
    char *path = output_directory_file(to, name);
    w4a16_status status = path ? W4A16_OK : no_memory(to->path, error);
    if (path) {
        struct output output;
        if (output_open(&output, path) != 0)
            status = output_error(path, &output, error);
        else
            status = copy_bytes(from, from_path, &output, path, error);
        if (status != W4A16_OK)
            output_abandon(&output);
        else if (output_commit(&output) != 0)
            status = output_error(path, &output, error);
    }
    free(path);
    close(from);
    return status;
}

w4a16_status model_files_copy(const char *directory, struct output_directory *to, w4a16_error *error) {
    DIR *list = opendir(directory);
    if (!list && errno == ENOMEM) return no_memory(directory, error);
    FAIL_IF(!list, error, W4A16_IO, "%s: cannot open: %s", directory, strerror(errno));
    w4a16_status status = W4A16_OK;
    for (const struct dirent *entry; status == W4A16_OK && (entry = readdir(list));) {
        const char *name = entry->d_name;
        if (!is_one_of(name, taken_over) || is_one_of(name, written) || is_one_of(name, weights)) continue;
        char *path;
        if (asprintf(&path, "%s/%s", directory, name) < 0) {
            status = no_memory(directory, error);
            break;
        }
        status = copy_file(path, to, name, error);
        free(path);
    }
    closedir(list);
    return status;
}
