/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The types of a GGUF file's tensors: one row each. Elements are stored in blocks, which are bytes of their
 * own layout; a row of a tensor is a whole number of blocks.
 */
#ifndef W4A16_FORMAT_GGUF_TYPES_H
#define W4A16_FORMAT_GGUF_TYPES_H

#include <stdint.h>

#include "format/safetensors.h"

#define GGUF_BLOCK_MAX 256 /* elements */

struct gguf_type {
    const char *name;
    int elements;        /* of a block; 0: a number that is no type */
    int bytes;           /* of a block */
    enum st_dtype plain; /* the same values as a safetensors type, or ST_OTHER */
    /* The values of a block, rounded as the arithmetic in fp32 rounds them; null: not read. */
    void (*decode)(const unsigned char *block, float *values);
    const char *why_no_layer; /* why its blocks make no layer of 4 bits; null: they do */
};

/* The row of a type's number in the file; null: no such type is known. */
const struct gguf_type *gguf_type_of(uint32_t number);

#endif
