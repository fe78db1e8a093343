/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Combine: a token's result is the sum of its slots' fp32 results, each times the slot's gate, in the order
 * of the slots, rounded once. Slots that name no expert count as zero; without gates all are 1. Grid (tokens,
 * N / 256).
 */
#include "gfx11.h"

#define COMBINE_WIDTH 256

INLINE float sum_of_slots(const GLOBAL float *partial, const UNIFORM int *ids, const UNIFORM float *gates,
                          u32 n, u32 N, u32 top_k, u32 experts) {
    u64 first = (u64)__builtin_amdgcn_workgroup_id_x() * top_k;
    float sum = 0;
    for (u32 j = 0; j < top_k; j++)
        if ((u32)ids[first + j] < experts)
            sum = __builtin_fmaf(gates ? gates[first + j] : 1, partial[(first + j) * N + n], sum);
    return sum;
}

#define COMBINE(act)                                                                                         \
    KERNEL(COMBINE_WIDTH)                                                                                    \
    void w4a16_combine_##act(const GLOBAL float *partial, const UNIFORM int *ids,                            \
                             const UNIFORM float *gates, GLOBAL u16 *out, u64 ldo, u32 N, u32 top_k,         \
                             u32 experts) {                                                                  \
        u32 n = __builtin_amdgcn_workgroup_id_y() * COMBINE_WIDTH + __builtin_amdgcn_workitem_id_x();        \
        if (n >= N) return;                                                                                  \
        float sum = sum_of_slots(partial, ids, gates, n, N, top_k, experts);                                 \
        out[__builtin_amdgcn_workgroup_id_x() * ldo + n] = float_to_##act##_bits(sum);                       \
    }
COMBINE(f16)
COMBINE(bf16)
