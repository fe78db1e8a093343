/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* GPTQ: its configuration, and one layer's tensors to a canonical layer. */
#ifndef W4A16_FORMAT_GPTQ_H
#define W4A16_FORMAT_GPTQ_H

#include "format/safetensors.h"
#include "w4a16/checkpoint.h"

struct gptq_config {
    int64_t bits, group_size; /* group_size as written: -1 or >= 1 */
    int version;              /* 1: zeros are stored minus one; 2: as they are */
};

/* Reads the configuration of the checkpoint in a directory from config.json and quantize_config.json. */
w4a16_status gptq_config_read(const char *directory, struct gptq_config *config, w4a16_error *error);

/* Reads it from a JSON text (for the fuzzer and the reader above). section is a key of the root, or null.
 * *found tells whether the section is there. */
w4a16_status gptq_config_parse(const char *label, const char *text, size_t bytes, const char *section,
                               struct gptq_config *config, int *found, w4a16_error *error);

/*
 * Reads the layer name.qweight, name.qzeros, ... With layer null everything but the weights is read and
 * checked, to fill info (its name and problem are the caller's).
 */
w4a16_status gptq_read(const struct safetensors *st, const struct gptq_config *config, const char *name,
                       w4a16_layer_info *info, w4a16_layer **layer, w4a16_error *error);

#endif
