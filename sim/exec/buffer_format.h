/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Formats of typed buffers: how a texel's bits become up to four 32-bit components, and back. */
#ifndef RDNASIM_BUFFER_FORMAT_H
#define RDNASIM_BUFFER_FORMAT_H

#include <stdint.h>

enum component_kind { KIND_UNORM, KIND_SNORM, KIND_USCALED, KIND_SSCALED, KIND_UINT, KIND_SINT, KIND_FLOAT };

struct buffer_format {
    uint8_t count, bits[4]; /* of components, the lowest first */
    uint8_t kind;           /* enum component_kind */
    uint8_t bytes;
};

/* Null for numbers that are no format. */
const struct buffer_format *buffer_format(unsigned number);
/* What a missing fourth component reads as. */
uint32_t buffer_format_one(const struct buffer_format *f);
/* Components that the format lacks become 0, 0, 0, 1. */
void buffer_format_read(const struct buffer_format *f, const unsigned char *from, uint32_t texel[4]);
/* The same without conversion: a component's own bits. */
void buffer_format_bits(const struct buffer_format *f, const unsigned char *from, uint32_t texel[4]);
void buffer_format_write(const struct buffer_format *f, const uint32_t texel[4], unsigned char *to);
/* Between a 32-bit component and the 16-bit one of d16 instructions. */
uint16_t buffer_format_to_16(const struct buffer_format *f, uint32_t component);
uint32_t buffer_format_from_16(const struct buffer_format *f, uint16_t component);

#endif
