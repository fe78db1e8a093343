/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Route: sorts slots by expert, in slot order within an expert, and cuts the lists into tiles (experts.h). Slots that name no
 * expert are left out. One work-group; no atomics, and so there is one result.
 *
 * A counting sort. Each wave has a segment of the slots, and counts in LDS how many of them go to each expert; the counts of the
 * experts and segments before are where a segment's slots of an expert begin, and each wave lists its own. Of 32 slots at a time
 * the lanes of one expert are found by comparing the bits of its number, so that one of them counts for all.
 *
 * Tiles come from both ends of the list in turn. Those of an expert with many rows keep the matrix units busy, those of experts
 * with few rows the memory, and in this order both run at once where experts are sorted by use.
 */
#include "experts.h"

/* Counts of all segments: of 32 segments with up to 256 experts, of fewer with more. */
#define SEGMENTS_MOST (ROUTE_WIDTH / LANES)
static LDS u32 counts[SEGMENTS_MOST * 256] __attribute__((loader_uninitialized));
static LDS u32 first_rows[ROUTE_WIDTH] __attribute__((loader_uninitialized));
/* Of the experts up to each: rows, and above them tiles. */
static LDS u64 ends[ROUTE_WIDTH] __attribute__((loader_uninitialized));

/* As many as there are counts and waves for, but none without slots. */
INLINE u32 segments_of(u32 slots, u32 experts) {
    u32 most = SEGMENTS_MOST * 256 / experts < SEGMENTS_MOST ? SEGMENTS_MOST * 256 / experts : SEGMENTS_MOST;
    u32 full = (slots + LANES - 1) / LANES;
    return full < most ? full : most;
}

struct slot {
    u32 expert, named;    /* named: it is an expert's */
    u32 before, together; /* lanes with the same expert: below this one, and all */
};

INLINE struct slot slot_of(const GLOBAL int *ids, u32 index, u32 end, u32 experts) {
    struct slot s = {index < end ? (u32)ids[index] : experts, 0, 0, 0};
    s.named = s.expert < experts;
    u32 same = __builtin_amdgcn_ballot_w32(s.named);
    for (u32 bit = 1; bit < experts; bit *= 2) {
        u32 set = __builtin_amdgcn_ballot_w32(s.expert & bit);
        same &= s.expert & bit ? set : ~set;
    }
    s.before = __builtin_amdgcn_mbcnt_lo(same, 0);
    s.together = (u32)__builtin_popcount(same);
    return s;
}

/* Each work-item's number becomes the sum of those up to its own, in as many steps as experts have bits. */
INLINE void add_up(LDS u64 *numbers, u32 e, u32 experts) {
    for (u32 step = 1; step < experts; step *= 2) {
        barrier();
        u64 before = e >= step && e < experts ? numbers[e - step] : 0;
        barrier();
        numbers[e] += before;
    }
    barrier();
}

/* The first expert whose tiles end behind tile i. */
INLINE u32 expert_of_tile(u32 i, u32 experts) {
    u32 low = 0, high = experts;
    while (low < high) {
        u32 middle = (low + high) / 2;
        u32 behind = ends[middle] >> 32 > i;
        high = behind ? middle : high;
        low = behind ? low : middle + 1;
    }
    return low;
}

KERNEL(ROUTE_WIDTH)
void w4a16_route(ROUTE_ARGS(PARAMETER)) {
    u32 item = __builtin_amdgcn_workitem_id_x(), lane = lane_id(), wave = wave_id();
    u32 segments = segments_of(slots, experts);
    u32 length = ((slots + segments - 1) / segments + LANES - 1) / LANES * LANES;
    u32 begin = wave < segments && wave * length < slots ? wave * length : slots;
    u32 end = slots - begin < length ? slots : begin + length;
    LDS u32 *own = counts + wave * experts;

    for (u32 i = item; i < segments * experts; i += ROUTE_WIDTH) counts[i] = 0;
    barrier();
    for (u32 base = begin; base < end; base += LANES) {
        struct slot s = slot_of(ids, base + lane, end, experts);
        if (s.named && s.before == 0) own[s.expert] += s.together;
    }
    barrier();

    u32 count = 0;
    for (u32 i = item; item < experts && i < segments * experts; i += experts) {
        u32 of_segment = counts[i];
        counts[i] = count;
        count += of_segment;
    }
    u32 own_tiles = (count + m_tile - 1) / m_tile;
    ends[item] = (u64)own_tiles << 32 | count;
    add_up(ends, item, experts);
    first_rows[item] = (u32)ends[item] - count;
    barrier();

    for (u32 base = begin; base < end; base += LANES) {
        struct slot s = slot_of(ids, base + lane, end, experts);
        if (!s.named) continue;
        u32 in_segment = own[s.expert];
        struct expert_row row = {(base + lane) / slots_per_row, base + lane};
        rows[first_rows[s.expert] + in_segment + s.before] = row;
        if (s.before == 0) own[s.expert] = in_segment + s.together;
    }
    u32 filled_tiles = (u32)(ends[experts - 1] >> 32);
    for (u32 place = item; place < tile_count; place += ROUTE_WIDTH) {
        struct expert_tile t = {0, 0, 0, 0};
        if (place < filled_tiles) {
            u32 i = place % 2 ? filled_tiles - 1 - place / 2 : place / 2;
            u32 e = expert_of_tile(i, experts);
            u32 tiles_before = e ? (u32)(ends[e - 1] >> 32) : 0, done = (i - tiles_before) * m_tile;
            u32 left = (u32)ends[e] - first_rows[e] - done;
            struct expert_tile filled = {e, first_rows[e] + done, left < m_tile ? left : m_tile, 0};
            t = filled;
        }
        tiles[place] = t;
    }
}
