/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The tokenizer of a GGUF file as the files that Hugging Face's libraries read: tokenizer.json,
 * tokenizer_config.json with the chat's template, generation_config.json.
 */
#ifndef W4A16_FORMAT_GGUF_TOKENIZER_H
#define W4A16_FORMAT_GGUF_TOKENIZER_H

#include "format/gguf.h"
#include "output.h"

/* UNSUPPORTED for a kind of tokenizer that is not known; nothing is written then. A file without one gives
 * no files. */
w4a16_status gguf_tokenizer_check(const struct gguf *file, w4a16_error *error);
w4a16_status gguf_tokenizer_write(const struct gguf *file, struct output_directory *to, w4a16_error *error);

#endif
