/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The architectures of GGUF files whose models are known: one row each, with the names of their tensors and
 * what becomes of their keys in config.json. */
#ifndef W4A16_FORMAT_GGUF_ARCH_H
#define W4A16_FORMAT_GGUF_ARCH_H

#include <jansson.h>

#include "format/gguf.h"

/* In which order the file has a tensor's rows. */
enum gguf_rows { ROWS_KEPT, ROWS_OF_Q, ROWS_OF_K };

/* A tensor, without .weight or .bias; * is the number of its block. */
struct gguf_rule {
    const char *own, *theirs; /* in the file, and for Hugging Face; null: the end of the table */
    enum gguf_rows rows;
    int minus_one; /* the file has the value plus one */
};

struct gguf_arch {
    const char *name;
    const char *dtype; /* of its activations: gemma3's exceed fp16 */
    const struct gguf_rule *rules;
    w4a16_status (*complete)(const struct gguf *file, json_t **config, w4a16_error *error);
};

const struct gguf_arch *gguf_arch_of(struct gguf_text name); /* null: not known */
const char *gguf_arch_names(void);                           /* for messages */

/* How many heads the queries have, or the keys and values. */
w4a16_status gguf_arch_heads(const struct gguf_arch *arch, const struct gguf *file, int of_keys,
                             int64_t *heads, w4a16_error *error);
/* config.json; json_decref it. */
w4a16_status gguf_arch_config(const struct gguf_arch *arch, const struct gguf *file, json_t **config,
                              w4a16_error *error);

#endif
