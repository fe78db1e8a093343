/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Stage: brings activations into the form that scalar loads take: K in group order (act-order), rows padded
 * and empty places filled with zeros to whole blocks of 32, 4-byte aligned. One work-item per element; grid
 * (rows, stride / 256).
 *
 * Experts have an order each: with ids, row m is slot m, in the order of its expert. A place whose entry in
 * the order is no input feature is an empty one.
 */
#include "gfx11.h"

KERNEL(STAGE_WIDTH)
void w4a16_stage(STAGE_ARGS(PARAMETER)) {
    u32 k = __builtin_amdgcn_workgroup_id_y() * STAGE_WIDTH + __builtin_amdgcn_workitem_id_x();
    u64 m = __builtin_amdgcn_workgroup_id_x();
    if (k >= stride) return;
    u64 row = m;
    if (ids) {
        if ((u32)ids[m] >= experts) return; /* nobody reads this slot */
        perm += (u64)ids[m] * padded_K;
        row = (u32)m / slots_per_row;
    }
    int from = k >= padded_K ? -1 : perm ? perm[k] : (int)k;
    staged[m * stride + k] = (u32)from < features ? a[row * lda + (u32)from] : 0;
}
