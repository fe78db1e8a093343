/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A second model of the formats of typed buffers: bytes of an element to registers and back. */
#ifndef MODEL_FORMATS_H
#define MODEL_FORMATS_H

#include <stdbool.h>
#include <stdint.h>

enum { FORMATS = 64, COMPONENTS = 4 };

struct format_info {
    unsigned bits[COMPONENTS]; /* of X to W, the lowest bits first; 0: not there */
    char kind;      /* u, s: normalised; U, S: scaled; i, I: integers; f: floats. Signed ones second */
    unsigned bytes; /* 0: no format */
};

/* Of a number of gfx11's unified formats. */
struct format_info model_format(unsigned number);

/* Component `n` of an element, in 32 bits, or in d16 forms in 16. */
uint32_t model_format_load(const struct format_info *f, const unsigned char *element, unsigned n, bool d16);
/* What a component that is not in the format reads as, if it is chosen: 0, or for `one` 1 of its kind. */
uint32_t model_format_constant(const struct format_info *f, bool one, bool d16);
/* Puts component n into an element. */
void model_format_store(const struct format_info *f, unsigned char *element, unsigned n, uint32_t value,
                        bool d16);

#endif
