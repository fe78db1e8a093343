/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Stage: brings activations into the form that scalar loads take: K in group order (act-order), rows padded
 * with zeros to whole blocks of 32, 4-byte aligned. One work-item per element; grid (rows, K_padded / 256).
 *
 * Experts have an order each: with ids, row m is slot m, in the order of its expert.
 */
#include "gfx11.h"

#define STAGE_WIDTH 256

KERNEL(STAGE_WIDTH)
void w4a16_stage(const GLOBAL u16 *a, const GLOBAL int *perm, GLOBAL u16 *staged, u64 lda, u32 K,
                 u32 K_padded, const UNIFORM int *ids, u32 experts, u32 slots_per_row) {
    u32 k = __builtin_amdgcn_workgroup_id_y() * STAGE_WIDTH + __builtin_amdgcn_workitem_id_x();
    u64 m = __builtin_amdgcn_workgroup_id_x();
    if (k >= K_padded) return;
    u64 row = m;
    if (ids) {
        if ((u32)ids[m] >= experts) return; /* nobody reads this slot */
        perm += (u64)ids[m] * K;
        row = (u32)m / slots_per_row;
    }
    u16 value = 0;
    if (k < K) value = a[row * lda + (perm ? (u64)perm[k] : k)];
    staged[m * K_padded + k] = value;
}
