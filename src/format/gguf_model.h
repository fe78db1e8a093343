/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The tensors of a GGUF file as Hugging Face has the same model: under its names, with its order of rows, as
 * values of 16 or 32 bits. What is undone is what llama.cpp's converter did (convert_hf_to_gguf.py). Of an
 * architecture that is not known the tensors are as the file has them.
 */
#ifndef W4A16_FORMAT_GGUF_MODEL_H
#define W4A16_FORMAT_GGUF_MODEL_H

#include <jansson.h>

#include "format/gguf.h"

struct gguf_arch;

struct gguf_weights {
    /* dtype: F32 for what blocks hold, else as in the file; OTHER if the values are not read. begin is 0. */
    struct st_tensor values;
    const struct gguf_tensor *stored;
    int64_t rows;  /* all dimensions but the last; 1 for a vector whose order is kept */
    int64_t heads; /* rows of q or k, which the file has in the order that llama.cpp's rotation wants; or 0 */
    int minus_one; /* the file has the value plus one */
    int known;     /* the architecture has such a tensor */
};

struct gguf_model; /* immutable; readable from several threads */

w4a16_status gguf_model_open(const char *path, struct gguf_model **out, w4a16_error *error);
void gguf_model_close(struct gguf_model *model); /* null is accepted */
const struct gguf *gguf_model_file(const struct gguf_model *model);
size_t gguf_model_count(const struct gguf_model *model);
const struct gguf_weights *gguf_model_at(const struct gguf_model *model, size_t index);

/* Reads so many bytes of the values, from byte `first` on: whole elements; the caller has checked that they
 * are there. */
w4a16_status gguf_model_read(const struct gguf_model *model, const struct gguf_weights *weights,
                             uint64_t first, uint64_t bytes, void *to, w4a16_error *error);
/* The blocks of one row, in Hugging Face's order. */
w4a16_status gguf_model_read_row(const struct gguf_model *model, const struct gguf_weights *weights,
                                 int64_t row, void *to, w4a16_error *error);
uint64_t gguf_model_row_bytes(const struct gguf_weights *weights);

/*
 * The model's config.json; json_decref it. UNSUPPORTED for an architecture that is not known, and for what is
 * said of the model that config.json cannot say here.
 */
w4a16_status gguf_model_config(const struct gguf_model *model, json_t **config, w4a16_error *error);

#endif
