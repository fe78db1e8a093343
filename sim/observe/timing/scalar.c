/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The scalar cache of a work-group processor: a line per cycle; what it lacks comes from L2. */
#include "engine.h"

cycle scalar_request(struct engine *e, unsigned simd, const struct access *access, cycle x, cycle *done) {
    struct processor *p = &e->processors[simd / PROCESSOR_SIMDS];
    cycle at = x > p->scalar_free ? x : p->scalar_free;
    uint32_t wait = pool_new(e, &e->waits);
    *done = wait == NO_FILL ? x : LATER;
    if (wait == NO_FILL) return x;
    *wait_at(e, wait) = (struct wait){.done = done, .latest = at, .missing = 1, .simd = (uint16_t)simd};
    for (unsigned n = 0; n < access->line_count; n++, at++) {
        uint64_t line = access->lines[n], old;
        struct cache_way *way = cache_find(&p->scalar, line, line);
        e->scalar_count.requests++;
        e->scalar_count.hits += way != NULL;
        if (way && way->ready != LATER) {
            struct wait *w = wait_at(e, wait);
            cycle ready = way->ready > at ? way->ready : at;
            if (ready > w->latest) w->latest = ready;
            continue;
        }
        uint32_t fill = way ? way->fill : pool_new(e, &e->fills);
        if (fill == NO_FILL) break;
        if (!way) {
            way = cache_replace(&p->scalar, line, line, &old);
            way->ready = LATER;
            way->fill = fill;
            *fill_at(e, fill) =
                (struct fill){.line = line, .way = way, .cache = &p->scalar, .first = NO_FILL};
            engine_ask(e, at + e->scalar_to_l2, line, REQUEST_SCALAR, fill);
        }
        fill_join(e, fill, wait, at);
    }
    p->scalar_free = at;
    wait_line(e, wait, wait_at(e, wait)->latest);
    return x;
}
