/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The cache of a shader array, before which L0 and scalar caches stand. One path leads from it to them: for what it holds,
 * and for what L2 sends.
 */
#include "engine.h"

static cycle cross(struct engine *e, unsigned array, bool scalar, cycle at) {
    e->gl1_count.bytes += scalar ? SCALAR_LINE_BYTES : LINE_BYTES;
    cycle begins = port_take(&e->arrays[array].path, at, scalar ? e->line_cost / 2 : e->line_cost);
    return begins + (scalar ? e->gl1_to_scalar : e->gl1_to_l0);
}

cycle gl1_request(struct engine *e, cycle at, uint64_t line, uint32_t l0_fill, bool past) {
    unsigned array = fill_at(e, l0_fill)->array;
    struct cache *gl1 = &e->arrays[array].gl1;
    struct cache_way *way = cache_find(gl1, line, line);
    cycle here = at + e->l0_to_gl1;
    e->gl1_count.requests++;
    if (past && way && way->ready != LATER) {
        cache_drop(gl1, way);
        way = NULL;
    }
    e->gl1_count.hits += way != NULL;
    if (way && way->ready != LATER)
        return cross(e, array, fill_at(e, l0_fill)->scalar, way->ready > here ? way->ready : here);
    uint32_t fill = way ? way->fill : pool_new(e, &e->fills);
    if (fill == NO_FILL) return here;
    if (!way) {
        uint64_t old;
        if (!past) {
            way = cache_replace(gl1, line, line, &old);
            way->ready = LATER;
            way->fill = fill;
        }
        *fill_at(e, fill) =
            (struct fill){.line = line, .way = way, .cache = gl1, .first = NO_FILL, .array = (uint16_t)array};
        engine_ask(e, here + e->gl1_to_l2, line, REQUEST_LINE, fill, NULL);
    }
    struct fill *mine = fill_at(e, l0_fill), *f = fill_at(e, fill);
    mine->looked = here;
    mine->next = f->first;
    f->first = l0_fill;
    return LATER;
}

/* The fills of L0 in the order in which they asked: the list has the last one first. */
static uint32_t in_order(struct engine *e, uint32_t first) {
    uint32_t turned = NO_FILL;
    while (first != NO_FILL) {
        uint32_t next = fill_at(e, first)->next;
        fill_at(e, first)->next = turned;
        turned = first;
        first = next;
    }
    return turned;
}

void gl1_answer(struct engine *e, uint32_t fill, cycle ready) {
    struct fill f = fill_take(e, fill, ready);
    for (uint32_t l0 = in_order(e, f.first); l0 != NO_FILL;) {
        const struct fill *asked = fill_at(e, l0);
        uint32_t next = asked->next;
        cycle from = asked->looked > ready ? asked->looked : ready;
        fill_arrives(e, l0, cross(e, f.array, asked->scalar, from));
        l0 = next;
    }
}
