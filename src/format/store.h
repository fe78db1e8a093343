/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The tensors of a checkpoint: of one .safetensors file, of all that an index names, or of a GGUF file. */
#ifndef W4A16_FORMAT_STORE_H
#define W4A16_FORMAT_STORE_H

#include "format/gguf_model.h"

/* What an index says of a tensor of a file that it names. */
enum store_doubt {
    STORE_SURE,
    STORE_UNNAMED, /* nothing */
    STORE_COPY,    /* that it is in another file, which has one too */
    STORE_TWICE,   /* that it is here, but another file has one too */
};

/* A tensor and the file it is in; tensor is null where there is none. In a GGUF file it stands for the values. */
struct stored {
    const struct safetensors *file;  /* null in a GGUF file */
    const struct gguf_weights *gguf; /* null in others */
    const struct st_tensor *tensor;
    enum store_doubt doubt;
};

struct store; /* immutable; readable from several threads */

/*
 * path: a directory with model.safetensors.index.json or one .safetensors file, or such a file or a GGUF file
 * itself. Every
 * tensor that an index names must be in the file it says. What else its files hold is in doubt: no layer may
 * depend on it.
 */
w4a16_status store_open(const char *path, struct store **out, w4a16_error *error);
void store_close(struct store *store); /* null is accepted */

const char *store_path(const struct store *store);      /* of the file or the index: names it in messages */
const char *store_directory(const struct store *store); /* where the configuration is */
const struct gguf_model *store_gguf(const struct store *store); /* null if it is no GGUF file */
size_t store_count(const struct store *store);
/* How many .safetensors files of the directory the index does not name, and one of them. */
size_t store_unread(const struct store *store, const char **first);
struct stored store_at(const struct store *store, size_t index);
/* The tensor of that name: that which the index means, where there are several. */
struct stored store_find(const struct store *store, const char *name);
/* Reads so many bytes of a tensor, from byte `first` on: whole elements that are there. */
w4a16_status store_read(const struct store *store, const struct stored *stored, uint64_t first,
                        uint64_t bytes, void *to, w4a16_error *error);
/* BAD_FILE with the reason if the tensor is in doubt. */
w4a16_status store_check(const struct store *store, struct stored stored, w4a16_error *error);

#endif
