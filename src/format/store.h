/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The tensors of a checkpoint: of one .safetensors file, or of all that an index names. */
#ifndef W4A16_FORMAT_STORE_H
#define W4A16_FORMAT_STORE_H

#include "format/safetensors.h"

/* What an index says of a tensor of a file that it names. */
enum store_doubt {
    STORE_SURE,
    STORE_UNNAMED, /* nothing */
    STORE_COPY,    /* that it is in another file, which has one too */
    STORE_TWICE,   /* that it is here, but another file has one too */
};

/* A tensor and the file it is in; tensor is null where there is none. */
struct stored {
    const struct safetensors *file;
    const struct st_tensor *tensor;
    enum store_doubt doubt;
};

struct store; /* immutable; readable from several threads */

/*
 * path: a directory with model.safetensors.index.json or one .safetensors file, or such a file itself. Every
 * tensor that an index names must be in the file it says. What else its files hold is in doubt: no layer may
 * depend on it.
 */
w4a16_status store_open(const char *path, struct store **out, w4a16_error *error);
void store_close(struct store *store); /* null is accepted */

const char *store_path(const struct store *store);      /* of the file or the index: names it in messages */
const char *store_directory(const struct store *store); /* where the configuration is */
size_t store_count(const struct store *store);
/* How many .safetensors files of the directory the index does not name, and one of them. */
size_t store_unread(const struct store *store, const char **first);
struct stored store_at(const struct store *store, size_t index);
/* The tensor of that name: that which the index means, where there are several. */
struct stored store_find(const struct store *store, const char *name);
/* BAD_FILE with the reason if the tensor is in doubt. */
w4a16_status store_check(const struct store *store, struct stored stored, w4a16_error *error);

#endif
