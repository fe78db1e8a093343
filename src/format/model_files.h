/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The files of a model's directory beside its weights: what they are, and what a quantised model takes over.
 */
#ifndef W4A16_FORMAT_MODEL_FILES_H
#define W4A16_FORMAT_MODEL_FILES_H

#include <jansson.h>

#include "output.h"
#include "w4a16/base.h"

/* As output_directory_commit wants it: 2 for the configurations, 1 for weights, their index, tokenizers and
 * the like. */
output_rank model_file_rank;

/* config.json of a directory, as text and read; both null if there is none. Free them. */
w4a16_status model_config_read(const char *directory, char **text, json_t **config, w4a16_error *error);

/*
 * Writes config.json: the text (null: of a model without one) with quantization_config in it, every other
 * byte as it was; and quantize_config.json, which older readers of GPTQ look at.
 */
w4a16_status model_config_write(struct output_directory *to, const char *text, const json_t *config,
                                const json_t *quantization, w4a16_error *error);

/* Writes config.json as it was, of a model that stays as it is; text may be null. */
w4a16_status model_config_copy(struct output_directory *to, const char *text, w4a16_error *error);

/* Writes a file that is one JSON document. */
w4a16_status model_document_write(struct output_directory *to, const char *name, const json_t *document,
                                  w4a16_error *error);

/* Copies tokenizer, generation settings, code and licences of a model's directory. */
w4a16_status model_files_copy(const char *directory, struct output_directory *to, w4a16_error *error);

#endif
