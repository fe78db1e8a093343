/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The Infinity Cache, in front of memory: a slice per channel of it. Cards without one ask memory. */
#include "shared.h"

cycle mall_request(struct shared *s, cycle at, uint64_t line, bool write) {
    if (!s->mall.sets) return dram_request(s, at, line, write);
    struct cache_way *way = cache_find(&s->mall, line, line);
    s->mall_count.requests++;
    s->mall_count.bytes += LINE_BYTES;
    cycle begins = port_take(&s->mall_ports[channel_of(s, line, s->channels)], at, s->mall_cost);
    if (way) {
        s->mall_count.hits++;
        way->dirty |= write;
        cycle ready = begins + s->mall_cycles;
        return way->ready > ready ? way->ready : ready;
    }
    uint64_t old;
    way = cache_replace(&s->mall, line, line, &old);
    if (old != UINT64_MAX && way->dirty) dram_request(s, begins, old, true);
    way->dirty = write;
    way->ready = write ? begins + s->mall_cycles : dram_request(s, begins, line, false);
    return way->ready;
}
