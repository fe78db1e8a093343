/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* L2: channels that serve a line at a time; written back. A store of part of a line needs none of its rest. */
#include "shared.h"

/* The number of a line among those of its channel: what interleaves channels must not choose sets, too. */
uint64_t l2_place(const struct shared *s, uint64_t line) {
    uint64_t block = line / s->interleave_lines;
    return block / s->l2_channels * s->interleave_lines + line % s->interleave_lines;
}

cycle l2_request(struct shared *s, cycle at, uint64_t line, enum request_kind kind) {
    unsigned channel = channel_of(s, line, s->l2_channels);
    struct cache *cache = &s->l2[channel];
    uint64_t place = l2_place(s, line), old;
    struct cache_way *way = cache_find(cache, place, line);
    s->l2_count.requests++;
    s->l2_count.bytes += LINE_BYTES;
    s->l2_count.hits += way != NULL;
    cycle begins = port_take(&s->l2_ports[channel], at, kind == REQUEST_ATOMIC ? s->atomic_cost : s->l2_cost);
    if (!way) {
        way = cache_replace(cache, place, line, &old);
        if (old != UINT64_MAX && way->dirty) mall_request(s, begins, old, true);
        way->dirty = false;
        way->ready = kind == REQUEST_STORE ? begins : mall_request(s, begins, line, false);
    }
    way->dirty |= kind == REQUEST_STORE || kind == REQUEST_ATOMIC;
    if (kind == REQUEST_STORE) return begins;
    return way->ready > begins ? way->ready : begins;
}
