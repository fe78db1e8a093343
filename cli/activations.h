/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Activations for a run: seeded or from a file. */
#ifndef CLI_ACTIVATIONS_H
#define CLI_ACTIVATIONS_H

#include "npy.h"

/*
 * Fills a [rows][K] as activations of language models are: normal, with one channel in 200 (the same ones for
 * all rows) sixty times larger. Row m depends on seed, name and m only.
 */
void activations_random(uint64_t seed, const char *name, w4a16_dtype type, int64_t rows, int64_t K,
                        uint16_t *a);

/* Converts rows of a file to type: the file's own type, or any from fp32. UNSUPPORTED otherwise. */
w4a16_status activations_convert(const char *label, const struct npy *npy, const void *data, w4a16_dtype type,
                                 uint16_t *a, w4a16_error *error);

#endif
