/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The scalar cache of a work-group processor: a line of 64 bytes per cycle; what it lacks comes from GL1. */
#include "engine.h"

/* When it has the line, or LATER: the access waits for its fill. */
static cycle look_up(struct engine *e, unsigned processor, uint64_t line, cycle at, uint32_t wait) {
    struct cache *scalar = &e->processors[processor].scalar;
    struct cache_way *way = cache_find(scalar, line, line);
    e->scalar_count.requests++;
    e->scalar_count.hits += way != NULL;
    if (way && way->ready != LATER) return way->ready > at ? way->ready : at;
    if (way) {
        fill_join(e, way->fill, wait, at);
        return LATER;
    }
    uint32_t fill = pool_new(e, &e->fills);
    if (fill == NO_FILL) return at;
    uint64_t old;
    way = cache_replace(scalar, line, line, &old);
    way->ready = LATER;
    way->fill = fill;
    *fill_at(e, fill) = (struct fill){.line = line,
                                      .way = way,
                                      .cache = scalar,
                                      .first = NO_FILL,
                                      .next = NO_FILL,
                                      .array = e->array_of[processor],
                                      .scalar = true};
    cycle ready = gl1_request(e, at, line * SCALAR_LINE_BYTES / LINE_BYTES, fill, false);
    if (ready == LATER) {
        fill_join(e, fill, wait, at);
        return LATER;
    }
    way->ready = ready;
    way->fill = NO_FILL;
    pool_release(&e->fills, fill);
    return ready;
}

cycle scalar_request(struct engine *e, unsigned simd, const struct access *access, cycle x, cycle *done) {
    unsigned processor = simd / PROCESSOR_SIMDS;
    struct processor *p = &e->processors[processor];
    cycle at = x > p->scalar_free ? x : p->scalar_free;
    uint32_t wait = pool_new(e, &e->waits);
    *done = wait == NO_FILL ? x : LATER;
    if (wait == NO_FILL) return x;
    *wait_at(e, wait) = (struct wait){.done = done, .latest = at, .missing = 1, .simd = (uint16_t)simd};
    for (unsigned n = 0; n < access->line_count; n++, at++) {
        cycle ready = look_up(e, processor, access->lines[n], at, wait);
        struct wait *w = wait_at(e, wait);
        if (ready != LATER && ready > w->latest) w->latest = ready;
    }
    p->scalar_free = at;
    wait_line(e, wait, 0);
    return x;
}
