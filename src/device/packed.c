/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Packed bytes as plain data of w4a16/linear.h: how many, and joined ones. Nothing here needs a device. */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/range.h"
#include "device/device.h"
#include "struct_size.h"

w4a16_status packed_layout_of_problem(const w4a16_problem *given, struct packed_layout *out,
                                      w4a16_error *error) {
    w4a16_problem taken;
    TRY(plan_take(given, &taken, error));
    const w4a16_problem *p = &taken;
    w4a16_problem checked = taken;
    if (p->mixture.experts && !p->mixture.top_k)
        checked.mixture.top_k = 1; /* the layout does not depend on it */
    TRY(plan_check(&checked, error));
    static const uint8_t there; /* stands for what the layout only asks the presence of */
    const w4a16_layer shape = {.N = p->shape.N,
                               .K = p->shape.K,
                               .group_size = p->shape.group_size,
                               .scale_type = p->weights.scale_type,
                               .zero = p->weights.zeros ? &there : NULL,
                               .perm = p->weights.act_order ? (const void *)&there : NULL,
                               .padded_K = p->shape.padded_K,
                               .bias = p->epilogue.has_bias ? &there : NULL};
    *out = packed_layout_of(&shape, p->mixture.experts);
    if (p->weights.packing == W4A16_PACKED_NIBBLES) packed_layout_nibbles_only(out);
    out->kind = p->weights;
    return W4A16_OK;
}

w4a16_status w4a16_packed_bytes(const w4a16_problem *problem, size_t *out, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_packed_bytes", problem);
    NOT_NULL(error, "w4a16_packed_bytes", out);
    struct packed_layout layout;
    TRY(packed_layout_of_problem(problem, &layout, error));
    *out = layout.bytes;
    return W4A16_OK;
}

/* Why a part cannot stand beside the first; null if it can. */
static const char *part_difference(const w4a16_problem *p, const w4a16_problem *first, int is_last) {
    return p->mixture.experts                    ? "holds experts; accepted are dense layers"
           : p->weights.packing                  ? "is of nibbles only; accepted are layers packed whole"
           : p->shape.N % PACK_STRIP && !is_last ? "does not fill its strips: N of all but the last must be "
                                                   "a multiple of 32"
           : p->shape.K != first->shape.K || p->shape.padded_K != first->shape.padded_K
               ? "differs from part 0 in K or padded_K"
           : p->shape.group_size != first->shape.group_size     ? "differs from part 0 in group_size"
           : p->weights.scale_type != first->weights.scale_type ? "differs from part 0 in scale_type"
           : !p->weights.act_order != !first->weights.act_order ? "differs from part 0 in having an act-order"
                                                                : NULL;
}

static w4a16_status check_parts(const w4a16_problem *const *parts, const void *const *packed, size_t count,
                                struct packed_layout *layouts, w4a16_problem *joined, w4a16_error *error) {
    TRY(plan_take(parts[0], joined, error));
    joined->shape.N = 0;
    for (size_t n = 0; n < count; n++) {
        const w4a16_problem *p = parts[n];
        FAIL_IF(!p || !packed[n], error, W4A16_INVALID_ARGUMENT, "w4a16_packed_concat: part %zu is null", n);
        const char *why = part_difference(p, parts[0], n + 1 == count);
        FAIL_IF(why, error, W4A16_INVALID_ARGUMENT, "w4a16_packed_concat: part %zu %s", n, why);
        TRY(packed_layout_of_problem(p, &layouts[n], error));
        FAIL_IF(p->weights.act_order &&
                    memcmp((const char *)packed[n] + layouts[n].perm,
                           (const char *)packed[0] + layouts[0].perm, (size_t)layouts[n].padded_K * 4) != 0,
                error, W4A16_INVALID_ARGUMENT,
                "w4a16_packed_concat: part %zu has another act-order than part 0; joined layers have one", n);
        joined->shape.N += p->shape.N;
        if (p->weights.zeros) joined->weights.zeros = p->weights.zeros;
        joined->epilogue.has_bias = joined->epilogue.has_bias || p->epilogue.has_bias;
    }
    return W4A16_OK;
}

static w4a16_status check_place(const void *const *packed, const struct packed_layout *layouts, size_t count,
                                const struct packed_layout *whole, const void *to, size_t bytes,
                                w4a16_error *error) {
    FAIL_IF(bytes < whole->bytes, error, W4A16_INVALID_ARGUMENT,
            "w4a16_packed_concat: there are %zu bytes; the joined layer needs %zu", bytes, whole->bytes);
    for (size_t n = 0; n < count; n++)
        FAIL_IF(memory_overlaps(to, bytes, packed[n], layouts[n].bytes), error, W4A16_INVALID_ARGUMENT,
                "w4a16_packed_concat: to overlaps part %zu; joining is not done in place", n);
    return W4A16_OK;
}

w4a16_status w4a16_packed_concat(const w4a16_problem *const *parts, const void *const *packed, size_t count,
                                 w4a16_problem *joined, void *to, size_t bytes, w4a16_error *error) {
    w4a16_succeed(error);
    NOT_NULL(error, "w4a16_packed_concat", parts);
    NOT_NULL(error, "w4a16_packed_concat", packed);
    NOT_NULL(error, "w4a16_packed_concat", joined);
    FAIL_IF(!count || !parts[0], error, W4A16_INVALID_ARGUMENT,
            "w4a16_packed_concat: there is no first part");
    struct packed_layout whole, *layouts = calloc(count, sizeof *layouts);
    FAIL_IF(!layouts, error, W4A16_OUT_OF_MEMORY, "w4a16_packed_concat: out of memory");
    w4a16_problem all;
    w4a16_status status = check_parts(parts, packed, count, layouts, &all, error);
    if (status == W4A16_OK) status = packed_layout_of_problem(&all, &whole, error);
    if (status == W4A16_OK && to) status = check_place(packed, layouts, count, &whole, to, bytes, error);
    if (status == W4A16_OK && to) {
        memset(to, 0, bytes);
        pack_concat(layouts, packed, count, &whole, to);
    }
    if (status == W4A16_OK) struct_give(joined, parts[0]->struct_size, &all, sizeof all);
    free(layouts);
    return status;
}
