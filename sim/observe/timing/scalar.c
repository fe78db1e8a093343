/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The scalar cache of a work-group processor: a line of 64 bytes per cycle; what it lacks comes from GL1. */
#include "engine.h"

/* When it has the line, or LATER: the access waits for its fill. */
static cycle look_up(struct engine *e, unsigned processor, uint64_t line, cycle at, uint32_t wait) {
    const struct near_line near = {.cache = &e->processors[processor].scalar,
                                   .count = &e->scalar_count,
                                   .line = line,
                                   .gl1_line = line * SCALAR_LINE_BYTES / LINE_BYTES,
                                   .array = e->array_of[processor],
                                   .scalar = true};
    return near_request(e, &near, at, wait);
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
