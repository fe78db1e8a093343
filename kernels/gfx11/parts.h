/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Parts of K: work-groups that share a tile leave its fp32 sums in the workspace, and the last one to come adds
 * them, in the order of the parts whichever it is, and goes on with the tile.
 *
 *     first       see that the tile's ticket counts: its upper bits are TICKET, or else become that, with none counted
 *     behind K    store the sums; all waves' stores are there; count one
 *     the last    set the ticket back, and load what the others have left
 *
 * The workspace may hold anything before the first run: only what begins with TICKET is a count. Whoever finds
 * something else exchanges it for a count of none, provided that nobody has done so since, and all that share the
 * tile have looked before they count themselves. So the count is right unless memory has held one of `parts` - 1
 * words of 64 bits by chance. Read as numbers they are NaNs, whatever the type (fp32, fp16, bf16, at either half),
 * with bits that no operation makes, and as integers below -10^16.
 */
#ifndef W4A16_PARTS_H
#define W4A16_PARTS_H

#include "matrix.h"

#define TICKET UINT64_C(0xffd3ffb9ffdbffc0)

/* A wave's part of its share of a tile. */
struct part {
    GLOBAL u64 *ticket;
    GLOBAL float4 *sums; /* of part 0 */
    u32 own, count;
};

/* Of each lane, which has its sums in pieces of four. */
INLINE u32 pieces_of(const int frags_m, const int frags_n) { return frags_m * frags_n * 2; }

/* `share`: which of all tiles' waves it is. */
INLINE struct part part_of(GLOBAL u64 *tickets, GLOBAL float4 *sums, u32 count, u32 share, const u32 pieces) {
    struct part p = {tickets + share, sums + (u64)share * count * pieces * LANES,
                     __builtin_amdgcn_workgroup_id_z(), count};
    return p;
}

/* What the ticket is. */
INLINE u64 look(const struct part *p) {
    return __scoped_atomic_load_n(p->ticket, __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE);
}

INLINE void see_that_it_counts(const struct part *p, u64 found) {
    if (found - TICKET < p->count || lane_id() != 0) return;
    __scoped_atomic_compare_exchange_n(p->ticket, &found, TICKET, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED,
                                       __MEMORY_SCOPE_DEVICE);
}

/*
 * Leaves the sums; true: all others have left theirs. What the wave has stored is in L2 before it counts itself, and
 * nothing that it loads later comes from its caches as they were before.
 */
INLINE int last_to_leave(const struct part *p, const float8 total[4][4], const int frags_m,
                         const int frags_n) {
    GLOBAL float4 *to = uniform_base(p->sums + (u64)p->own * pieces_of(frags_m, frags_n) * LANES);
    _Pragma("unroll") for (int i = 0; i < frags_m; i++) _Pragma("unroll") for (int j = 0; j < frags_n; j++) {
        const float8 t = total[i][j];
        const int piece = (i * frags_n + j) * 2;
        (to + piece * LANES)[lane_id()] = __builtin_shufflevector(t, t, 0, 1, 2, 3);
        (to + (piece + 1) * LANES)[lane_id()] = __builtin_shufflevector(t, t, 4, 5, 6, 7);
    }
    u32 left = 0;
    if (lane_id() == 0)
        left =
            (u32)(__scoped_atomic_fetch_add(p->ticket, 1, __ATOMIC_ACQ_REL, __MEMORY_SCOPE_DEVICE) - TICKET);
    if ((u32)__builtin_amdgcn_readfirstlane(left) != p->count - 1) return 0;
    if (lane_id() == 0) __scoped_atomic_store_n(p->ticket, TICKET, __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE);
    return 1;
}

/* The sums of all parts in order, own ones in their place. */
INLINE void add_parts(const struct part *p, float8 total[4][4], const int frags_m, const int frags_n) {
    float8 sum[4][4], of[4][4];
    _Pragma("unroll") for (int i = 0; i < frags_m; i++) _Pragma("unroll") for (int j = 0; j < frags_n; j++)
        sum[i][j] = (float8)(0.0f);
    for (u32 part = 0; part < p->count; part++) {
        if (part == p->own) {
            _Pragma("unroll") for (int i = 0; i < frags_m; i++)
                _Pragma("unroll") for (int j = 0; j < frags_n; j++) sum[i][j] += total[i][j];
            continue;
        }
        const GLOBAL float4 *from = uniform_base(p->sums + (u64)part * pieces_of(frags_m, frags_n) * LANES);
        _Pragma("unroll") for (int i = 0; i < frags_m; i++)
            _Pragma("unroll") for (int j = 0; j < frags_n; j++) {
            const int piece = (i * frags_n + j) * 2;
            of[i][j] =
                __builtin_shufflevector((from + piece * LANES)[lane_id()],
                                        (from + (piece + 1) * LANES)[lane_id()], 0, 1, 2, 3, 4, 5, 6, 7);
        }
        _Pragma("unroll") for (int i = 0; i < frags_m; i++)
            _Pragma("unroll") for (int j = 0; j < frags_n; j++) sum[i][j] += of[i][j];
    }
    _Pragma("unroll") for (int i = 0; i < frags_m; i++) _Pragma("unroll") for (int j = 0; j < frags_n; j++)
        total[i][j] = sum[i][j];
}

#endif
