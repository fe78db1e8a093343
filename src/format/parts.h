/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What readers of layers share: finding and checking a layer's tensors by a table, and the canonical layer's
 * memory. */
#ifndef W4A16_FORMAT_PARTS_H
#define W4A16_FORMAT_PARTS_H

#include "format/format.h"

#define PARTS_MAX 6
#define FORMAT_DIM_MAX                                                                                       \
    ((int64_t)1 << 24) /* as the canonical layer; keeps products of two far from overflow */

/* A layer's tensors and sizes. */
struct source {
    const struct store *store;
    const struct layer_place *place;
    struct stored parts[PARTS_MAX];   /* tensor is null if optional and absent */
    unsigned char stacked[PARTS_MAX]; /* whether its first dimension counts experts */
    int64_t N, K, group_size, groups;
};

/* Finds the format's parts and checks presence, type and number of dimensions. */
w4a16_status source_find(struct source *s, const struct format *format, w4a16_error *error);

/* A part's shape, without the dimension that a stack of experts adds. */
const int64_t *source_shape(const struct source *s, int part);

/* The sizes are known: sets group_size and groups from what the configuration says (-1 or a size). */
void source_set_groups(struct source *s, int64_t configured);

/* Checks a part's shape if it is there; where: "qweight", the tensor that N and K are from. */
w4a16_status source_check_shape(const struct source *s, int part, const int64_t *shape, const char *where,
                                w4a16_error *error);

/* Reads a part: all of it, or the place of the layer in a stack. */
w4a16_status source_read(const struct source *s, int part, void *to, w4a16_error *error);

w4a16_dtype source_type(const struct source *s, int part);

/* Every scale of [count] must be finite; columns: of the tensor's rows. */
w4a16_status source_check_scales(const struct source *s, int part, const uint16_t *scale, int64_t columns,
                                 w4a16_error *error);

/*
 * The stable order of input features by group, from g_idx [K]. perm is [K]. *act_order: whether it is another
 * one than that in which they come. Every group but the last must have group_size members.
 */
w4a16_status source_order(const struct source *s, int part, const int32_t *g_idx, int32_t *perm,
                          int *act_order, w4a16_error *error);

/* A canonical layer under construction: writable arrays in one block. */
struct building {
    w4a16_layer *layer;
    uint32_t *q; /* null without weights */
    int32_t *perm;
    void *bias;
    uint16_t *scale;
    uint8_t *zero;
};

/* What a format adds: fills the arrays, and in info what only the data tells. words is scratch. */
typedef w4a16_status building_fill(const struct source *s, const struct quant_config *config,
                                   w4a16_layer_info *info, const struct building *b, uint32_t *words,
                                   w4a16_error *error);

/*
 * The layer of a source whose tensors and shapes are checked; scales and bias are part numbers, words how
 * much scratch fill needs. With out null there is no room for weights and no layer comes out.
 */
w4a16_status building_read(const struct source *s, const struct quant_config *config, int scales, int bias,
                           int64_t words, building_fill *fill, w4a16_layer_info *info, w4a16_layer **out,
                           w4a16_error *error);

#endif
