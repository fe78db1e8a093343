/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Route: sorts slots by expert, in slot order within an expert, and cuts the lists into tiles (experts.h).
 * One work-group; work-item e collects expert e's slots by reading all of them, which needs no atomics, and
 * so there is one result. Slots that name no expert are left out.
 */
#include "experts.h"

static LDS int piece[ROUTE_WIDTH] __attribute__((loader_uninitialized));
static LDS u32 row_ends[ROUTE_WIDTH] __attribute__((loader_uninitialized));
static LDS u32 tile_ends[ROUTE_WIDTH] __attribute__((loader_uninitialized));

/* Each work-item's number becomes the sum of those up to its own, in as many steps as experts have bits. */
INLINE void add_up(LDS u32 *numbers, u32 e, u32 experts) {
    for (u32 step = 1; step < experts; step *= 2) {
        barrier();
        u32 before = e >= step && e < experts ? numbers[e - step] : 0;
        barrier();
        numbers[e] += before;
    }
    barrier();
}

KERNEL(ROUTE_WIDTH)
void w4a16_route(ROUTE_ARGS(PARAMETER)) {
    u32 e = __builtin_amdgcn_workitem_id_x(), count = 0, first = 0;
    /* Twice through the slots: the first time they are counted, the second time they are listed. */
    for (int listing = 0; listing < 2; listing++) {
        for (u32 base = 0; base < slots; base += ROUTE_WIDTH) {
            barrier(); /* nobody still reads the piece before */
            if (base + e < slots) piece[e] = ids[base + e];
            barrier();
            u32 length = slots - base < ROUTE_WIDTH ? slots - base : ROUTE_WIDTH;
            for (u32 i = 0; e < experts && i < length; i++) {
                if (piece[i] != (int)e) continue;
                if (listing) {
                    struct expert_row row = {(base + i) / slots_per_row, base + i};
                    rows[first + count] = row;
                }
                count++;
            }
        }
        if (listing) break;
        u32 own_tiles = (count + m_tile - 1) / m_tile;
        row_ends[e] = count;
        tile_ends[e] = own_tiles;
        add_up(row_ends, e, experts);
        add_up(tile_ends, e, experts);
        first = row_ends[e] - count;
        u32 tile = tile_ends[e] - own_tiles;
        for (u32 done = 0; e < experts && done < count; done += m_tile, tile++) {
            struct expert_tile t = {e, first + done, count - done < m_tile ? count - done : m_tile, 0};
            tiles[tile] = t;
        }
        for (u32 i = tile_ends[experts - 1] + e; i < tile_count; i += ROUTE_WIDTH) {
            struct expert_tile none = {0, 0, 0, 0};
            tiles[i] = none;
        }
        count = 0;
    }
}
