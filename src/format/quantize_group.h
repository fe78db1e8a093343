/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Quantising one group of one column: numbers only, no file and no layout. */
#ifndef W4A16_FORMAT_QUANTIZE_GROUP_H
#define W4A16_FORMAT_QUANTIZE_GROUP_H

#include "w4a16/base.h"

struct group_rules {
    int symmetric;          /* zero is 8 */
    int zero_min;           /* asymmetric: the smallest zero that can be stored; the largest used is 15 */
    w4a16_dtype scale_type; /* F16 or BF16: what the scale is rounded to */
    int search;             /* 0: plain */
};

struct group_grid {
    float
        scale; /* exact in scale_type, negative only if symmetric; 0 if the weights are too small for that type */
    int zero; /* 0..15 */
};

#define GROUP_LANES                                                                                          \
    8 /* x is padded to a multiple of this with zeros, which every grid represents exactly                   \
       */

/*
 * Chooses the grid for the `padded` finite values at x; importance[i] is what the square of x[i]'s error
 * counts, finite and >= 0. False if they are so large that their scale is not finite in scale_type.
 */
int group_choose(const float *x, const float *importance, int64_t padded, const struct group_rules *rules,
                 struct group_grid *grid);

/* The level 0..15 that stands for x. */
int group_level(float x, const struct group_grid *grid);

#endif
