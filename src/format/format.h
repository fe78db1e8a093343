/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The dialects of checkpoints: one row each (config.c), which says how to know it, how to read its
 * configuration and how to bring one of its layers into the canonical form. A dialect is one file and one
 * row.
 */
#ifndef W4A16_FORMAT_FORMAT_H
#define W4A16_FORMAT_FORMAT_H

#include <jansson.h>

#include "format/store.h"
#include "format/target.h"
#include "w4a16/checkpoint.h"

/* The scheme of the layers that an entry of compressed-tensors' config_groups, or a rule of GPTQ's dynamic,
 * targets. */
struct layer_scheme {
    struct target *targets;
    size_t target_count;
    int64_t group_size; /* -1 or >= 1 */
    int symmetric;
    char *problem; /* why its layers cannot be read, or null */
};

/* What a checkpoint's configuration says; which fields hold is the format's affair. */
struct quant_config {
    const struct format *format;
    int64_t group_size; /* -1 or >= 1 */
    int version;        /* GPTQ: 1 stores zeros minus one, 2 as they are */
    struct layer_scheme *schemes;
    size_t scheme_count;
};

struct format {
    const char *method; /* value of quant_method */
    const char *file;   /* a configuration file of its own, from which quant_method may be missing; or null */
    const char *suffix; /* of the tensor that makes a layer */
    /* Reads the configuration's JSON object; label names it in errors. */
    w4a16_status (*configure)(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error);
    /*
     * Reads a layer. With layer null everything but the weights is read and checked, to fill info (its name
     * and problem are the caller's).
     */
    w4a16_status (*read)(const struct store *store, const struct quant_config *config, const char *name,
                         w4a16_layer_info *info, w4a16_layer **layer, w4a16_error *error);
};

extern const struct format gptq_format, awq_format, compressed_tensors_format;

size_t format_count(void);
const struct format *format_at(size_t index);

/* Reads the configuration of the checkpoint in a directory. Free it with quant_config_free, also after a
 * failure. */
w4a16_status quant_config_read(const char *directory, struct quant_config *config, w4a16_error *error);
/*
 * The same from a JSON text. section is a key of the root, or null; implied: the format if the text names
 * none, or null. *found tells whether the section is there.
 */
w4a16_status quant_config_parse(const char *label, const char *text, size_t bytes, const char *section,
                                const struct format *implied, struct quant_config *config, int *found,
                                w4a16_error *error);
void quant_config_free(struct quant_config *config);

/* ---- what configurations have in common (config.c) -------------------------------------------------------
 */

/* The value of a key or its alias (which may be null); null if both are absent or JSON null. */
w4a16_status config_value(const char *label, const json_t *json, const char *key, const char *alias,
                          const json_t **out, w4a16_error *error);
/* A string that must be one of `accepted` (ends with null), the first if absent; its place in the list. */
w4a16_status config_word(const char *label, const json_t *json, const char *key, const char *alias,
                         const char *const *accepted, int *choice, w4a16_error *error);
w4a16_status config_integer(const char *label, const json_t *json, const char *key, const char *alias,
                            int64_t *value, w4a16_error *error);
w4a16_status config_group_size(const char *label, const json_t *json, const char *alias, int64_t *group_size,
                               w4a16_error *error);
/* bits must be 4; group_size -1 or >= 1. The aliases may be null. */
w4a16_status config_sizes(const char *label, const json_t *json, const char *bits_alias,
                          const char *group_alias, int64_t *group_size, w4a16_error *error);

#endif
