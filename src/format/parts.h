/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What readers of layers share: finding and checking a layer's tensors by a table, and having them converted.
 */
#ifndef W4A16_FORMAT_PARTS_H
#define W4A16_FORMAT_PARTS_H

#include "format/format.h"
#include "w4a16/convert.h"

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

/* A conversion of include/w4a16/convert.h. */
typedef w4a16_status source_convert(const w4a16_stored *stored, w4a16_layer **out, w4a16_error *error);

/* Converts, and says in info what the layer is; arrays of a file that are wrong are BAD_FILE. out as below. */
w4a16_status source_convert_layer(source_convert *convert, const w4a16_stored *stored, w4a16_layer_info *info,
                                  w4a16_layer **out, w4a16_error *error);

/* Which part is which array; of parts that a format does not have, -1. */
struct part_roles {
    int weights, zeros, scales, g_idx, bias;
};

/*
 * The layer of a source whose tensors and shapes are checked, and what info says of it. stored has what the
 * format says of its arrays; the rest is filled here. With out null weights are not read and no layer comes
 * out.
 */
w4a16_status source_layer(const struct source *s, const struct part_roles *roles, source_convert *convert,
                          w4a16_stored *stored, w4a16_layer_info *info, w4a16_layer **out,
                          w4a16_error *error);

#endif
