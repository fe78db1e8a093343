/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Unsort: slots that come sorted by expert in blocks (as vLLM sorts them for its own kernels) to an expert
 * per slot, which is what route.c takes. Slots that no block names get -1. One work-group.
 */
#include "gfx11.h"

KERNEL(UNSORT_WIDTH)
void w4a16_unsort(UNSORT_ARGS(PARAMETER)) {
    u32 t = __builtin_amdgcn_workitem_id_x(), end = *used < places ? *used : places;
    for (u32 i = t; i < slots; i += UNSORT_WIDTH) ids[i] = -1;
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
    for (u32 i = t; i < end; i += UNSORT_WIDTH)
        if (sorted[i] < slots) ids[sorted[i]] = block_experts[i / block];
}
