/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Sizes of packed tensors; shape.h has the rule. */
#include "shape.h"

#include <inttypes.h>

#include "core/error.h"

#define UNEVEN_GROUP                                                                                         \
    32 /* the group size with empty places; its code is small enough to tell them by rest                    \
        */

static const int64_t group_sizes[] = {UNEVEN_GROUP, 0 /* K */, 64, 128, 16, 256, 512, 1024};
enum { GROUP_SIZES = sizeof group_sizes / sizeof group_sizes[0] };

static int64_t group_code(int64_t group_size, int64_t K) {
    if (K % group_size) return group_size + GROUP_SIZES - 1;
    for (int64_t n = 0; n < GROUP_SIZES; n++)
        if (group_size == (group_sizes[n] ? group_sizes[n] : K)) return n;
    return group_size + GROUP_SIZES - 1;
}

static int64_t group_of_code(int64_t code, int64_t K) {
    if (code >= GROUP_SIZES) return code - (GROUP_SIZES - 1);
    return group_sizes[code] ? group_sizes[code] : K;
}

static w4a16_status rest_of(const w4a16_problem *p, int64_t code, int64_t *rest, w4a16_error *error) {
    size_t bytes;
    TRY(w4a16_packed_bytes(p, &bytes, error));
    int64_t rows = p->shape.N * code * (p->mixture.experts ? p->mixture.experts : 1);
    *rest = ((int64_t)bytes + rows - 1) / rows;
    return W4A16_OK;
}

w4a16_status shape_of(const w4a16_problem *p, int64_t sizes[SHAPE_DIMS], w4a16_error *error) {
    FAIL_IF(p->shape.padded_K > p->shape.K && (p->shape.group_size != UNEVEN_GROUP ||
                                               p->shape.padded_K % UNEVEN_GROUP || p->shape.K % UNEVEN_GROUP),
            error, W4A16_UNSUPPORTED,
            "w4a16::pack: perm has %" PRId64 " places for K = %" PRId64 " in groups of %" PRId64
            "; empty places are accepted in whole groups of %d and with a K that is a multiple of it",
            p->shape.padded_K, p->shape.K, p->shape.group_size, UNEVEN_GROUP);
    int64_t code = 1 + (p->weights.scale_type == W4A16_BF16) + 2 * !!p->weights.zeros +
                   4 * !!(p->mixture.experts ? p->epilogue.has_bias : p->weights.act_order) +
                   8 * group_code(p->shape.group_size, p->shape.K);
    sizes[0] = p->shape.N;
    sizes[1] = code;
    return rest_of(p, code, &sizes[2], error);
}

w4a16_status shape_read(const int64_t sizes[SHAPE_DIMS], int64_t K, int64_t experts, w4a16_problem *p,
                        w4a16_error *error) {
    w4a16_problem_init(p, sizeof *p);
    FAIL_IF(sizes[0] < 1 || sizes[1] < 1 || K < 1, error, W4A16_INVALID_ARGUMENT,
            "w4a16: a packed layer of sizes [%" PRId64 ", %" PRId64 ", %" PRId64
            "] and activations with K = %" PRId64 ": expected what w4a16::pack gave, and K >= 1",
            sizes[0], sizes[1], sizes[2], K);
    int64_t flags = sizes[1] - 1, rest;
    p->shape.N = sizes[0];
    p->shape.K = K;
    p->weights.scale_type = flags & 1 ? W4A16_BF16 : W4A16_F16;
    p->weights.zeros = flags & 2 ? W4A16_ZEROS_STORED : W4A16_ZEROS_NONE;
    p->mixture.experts = experts;
    *(experts ? &p->epilogue.has_bias : &p->weights.act_order) = !!(flags & 4);
    p->shape.group_size = group_of_code(flags / 8, K);
    FAIL_IF(p->shape.group_size > K || (flags / 8 < GROUP_SIZES && K % p->shape.group_size), error,
            W4A16_INVALID_ARGUMENT,
            "w4a16: activations have K = %" PRId64
            "; the packed layer has another K, a multiple of its groups of %" PRId64,
            K, p->shape.group_size);
    TRY(rest_of(p, sizes[1], &rest, error));
    if (p->weights.act_order && p->shape.group_size == UNEVEN_GROUP && K % UNEVEN_GROUP == 0)
        for (int64_t places = K + UNEVEN_GROUP; rest < sizes[2]; places += UNEVEN_GROUP) {
            p->shape.padded_K = places;
            TRY(rest_of(p, sizes[1], &rest, error));
        }
    FAIL_IF(rest != sizes[2], error, W4A16_INVALID_ARGUMENT,
            "w4a16: activations have K = %" PRId64 "; the packed layer, of sizes [%" PRId64 ", %" PRId64
            ", %" PRId64 "], has another K (with this one its last size were %" PRId64 ")",
            K, sizes[0], sizes[1], sizes[2], rest);
    return W4A16_OK;
}
