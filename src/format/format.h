/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The dialects of checkpoints: one row each (config.c), which says how to know it, how to read its
 * configuration, which tensors make one of its layers and how to bring them into the canonical form. A
 * dialect is one file and one row.
 */
#ifndef W4A16_FORMAT_FORMAT_H
#define W4A16_FORMAT_FORMAT_H

#include "format/field.h"
#include "format/selector.h"
#include "format/store.h"
#include "w4a16/checkpoint.h"

enum layer_symmetry { SYMMETRY_UNSAID, SYMMETRY_YES, SYMMETRY_NO };

/* What the configuration says of the weights of the layers that it targets. */
struct layer_scheme {
    struct selector *selectors;
    size_t selector_count;
    int64_t bits;       /* 4; other widths are left to other engines */
    int64_t group_size; /* -1 or >= 1 */
    enum layer_symmetry symmetric;
    int twos_complement; /* Quark: values and zeros are signed */
    char *problem;       /* why its layers cannot be read, or null */
};

/* What a checkpoint's configuration says. */
struct quant_config {
    const struct format *format;
    int version;              /* GPTQ: 1 stores zeros minus one, 2 as they are */
    struct layer_scheme rest; /* of the layers that no scheme targets; they have none if its bits are 0 */
    struct layer_scheme *schemes;
    size_t scheme_count;
    int transforms; /* compressed-tensors: activations are transformed before or behind layers, which is no part of them */
    struct selector_work *work; /* what finding schemes may still cost: only while the checkpoint is opened */
};

/* A tensor of a layer. */
struct part_rule {
    const char *name; /* the tensor is "layer.name" */
    int optional, dims;
    enum st_dtype dtypes[3]; /* accepted; unused ones are ST_OTHER */
    const char *dtype_names;
    int whole; /* a stack may have one of its own instead of one per expert */
};

/*
 * Where a layer is. Its tensors are called "stem.part", or, with flat, "stem_part" where the format's parts
 * are called "weight_part": so experts in one parameter are. In a stack of experts, tensors have one more
 * dimension in front, and the layer is one of its places.
 */
struct layer_place {
    char *layer; /* its name: in a stack, that which it would have as a layer of its own */
    char *stem;
    int flat;
    int64_t expert;                    /* or -1 */
    const struct layer_scheme *scheme; /* null if there is a problem */
    w4a16_status status;               /* of the problem */
    char *problem;
};

struct format {
    const char *methods[3]; /* values of quant_method */
    const char *files[3];   /* beside config.json; what names no format in the first of them is this one */
    const struct part_rule *rules; /* the first is the tensor of weights, which makes a layer */
    int parts;
    int typed; /* only a tensor of the right type makes a layer: others have such a name too */
    /* Reads the configuration's JSON object; label names it in errors. May choose another format for the
     * layers. */
    w4a16_status (*configure)(const char *label, const json_t *json, struct quant_config *config,
                              w4a16_error *error);
    /*
     * Reads the layer at a place that has a scheme. With layer null everything but the weights is read and
     * checked, to fill info (its name and problem are the caller's).
     */
    w4a16_status (*read)(const struct store *store, const struct quant_config *config,
                         const struct layer_place *place, w4a16_layer_info *info, w4a16_layer **layer,
                         w4a16_error *error);
};

extern const struct format gptq_format, awq_format, compressed_tensors_format, auto_round_format,
    quark_format;

size_t format_count(void);
const struct format *format_at(size_t index);

/* Reads the configuration of the checkpoint in a directory. Free it with quant_config_free, also after a
 * failure. */
w4a16_status quant_config_read(const char *directory, struct quant_config *config, w4a16_error *error);
/*
 * The same from a JSON text: of config.json, or, where implied is not null, of the own file of that format.
 * *found tells whether it says anything of quantisation.
 */
w4a16_status quant_config_parse(const char *label, const char *text, size_t bytes,
                                const struct format *implied, struct quant_config *config, int *found,
                                w4a16_error *error);
void quant_config_free(struct quant_config *config);

/*
 * The scheme of a layer: the first of those whose selector names it most closely; that of stem, another name of
 * it, where none names it; that of the rest. Null if there is none.
 */
w4a16_status quant_config_scheme(const struct quant_config *config, const char *layer, const char *stem,
                                 const struct layer_scheme **scheme, w4a16_error *error);

/* ---- what configurations have in common (config.c) ----------------------------------------------------- */

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
/* Sets the scheme's bits, and its problem where no engine has them for packed weights. */
w4a16_status config_bits(const char *label, const json_t *json, const char *key, const char *alias,
                         struct layer_scheme *scheme, w4a16_error *error);
/* What an entry for some layers gives of bits, group_size and sym takes the place of the scheme's. */
w4a16_status config_overrides(const char *label, const json_t *json, struct layer_scheme *scheme,
                              w4a16_error *error);
/* bits; group_size -1 or >= 1; sym. The aliases may be null. */
w4a16_status config_sizes(const char *label, const json_t *json, const char *bits_alias,
                          const char *group_alias, struct layer_scheme *scheme, w4a16_error *error);

/* Makes the one selector of a rule, which has room for it, from the rule's key; or the rule's problem. */
typedef w4a16_status config_selector(const char *label, const char *key, struct selector_work *work,
                                     struct layer_scheme *rule, w4a16_error *error);
/*
 * Schemes from an object whose keys say for which layers its values are: what they have instead of the rest.
 */
w4a16_status config_rules(const char *label, const json_t *json, const char *key,
                          config_selector *make_selector, struct quant_config *config, w4a16_error *error);
/* Keeps a sentence as the scheme's problem. */
w4a16_status config_problem(const char *label, struct layer_scheme *scheme, w4a16_error *error,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
