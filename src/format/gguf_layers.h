/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A GGUF file as a checkpoint: its matrices of type Q4_0 are layers, exactly. */
#ifndef W4A16_FORMAT_GGUF_LAYERS_H
#define W4A16_FORMAT_GGUF_LAYERS_H

#include "format/list.h"

/* What stands in the place of a configuration. */
void gguf_layers_configure(struct quant_config *config);

/*
 * As layer_list_make: the matrices that are quantised; those of other types than Q4_0 have the problem that
 * says why. UNSUPPORTED if there is none.
 */
w4a16_status gguf_layers_list(const struct store *store, const struct quant_config *config,
                              struct layer_list *list, w4a16_error *error);

#endif
