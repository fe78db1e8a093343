/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A packed layer as a plain tensor of bytes, [N][code][rest], or [experts][N][code][rest], whose sizes say
 * everything about it but K, which the activations say. So a compiler that sees only shapes knows the
 * output's, no call reads a header from device memory, and the tensor may be moved, copied, saved and
 * captured like any other.
 *
 *     code = 1 + bf16 scales + 2 * zeros + 4 * act-order (with experts: a bias) + 8 * group
 *     rest = bytes / (experts * N * code), rounded up
 *
 * group is the index of the group size among 32, K, 64, 128, 16, 256, 512 and 1024, else the size plus 7.
 * Groups of 32 with an act-order may have empty places; rest then tells how many.
 */
#ifndef W4A16_TORCH_SHAPE_H
#define W4A16_TORCH_SHAPE_H

#include "w4a16/linear.h"

#define SHAPE_DIMS 3 /* without the experts' */

/* [N][code][rest] for a problem, dense ones without a bias, experts without an act-order. UNSUPPORTED for
 * places that the sizes cannot tell. */
w4a16_status shape_of(const w4a16_problem *problem, int64_t sizes[SHAPE_DIMS], w4a16_error *error);

/* The reverse, for 0 (dense) or more experts: all that w4a16_problem_from_weights fills. INVALID_ARGUMENT if
 * the sizes are not those of a packed layer of that K. */
w4a16_status shape_read(const int64_t sizes[SHAPE_DIMS], int64_t K, int64_t experts, w4a16_problem *problem,
                        w4a16_error *error);

#endif
