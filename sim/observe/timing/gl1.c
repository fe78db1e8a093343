/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The cache of a shader array. One path leads from it to its L0 caches: for what it holds, and for what L2 sends. */
#include "engine.h"

static cycle cross(struct engine *e, struct array *a, cycle at) {
    e->gl1_count.bytes += LINE_BYTES;
    return port_take(&a->path, at, e->line_cost) + e->gl1_to_l0;
}

cycle gl1_request(struct engine *e, unsigned unit, cycle at, uint64_t line, uint32_t l0_fill) {
    unsigned number = e->array_of[unit / PROCESSOR_CUS];
    struct array *a = &e->arrays[number];
    struct cache_way *way = cache_find(&a->gl1, line, line);
    cycle here = at + e->l0_to_gl1;
    e->gl1_count.requests++;
    e->gl1_count.hits += way != NULL;
    if (way && way->ready != LATER) return cross(e, a, way->ready > here ? way->ready : here);
    uint32_t fill = way ? way->fill : pool_new(e, &e->fills);
    if (fill == NO_FILL) return here;
    struct fill *f = fill_at(e, fill);
    if (!way) {
        uint64_t old;
        way = cache_replace(&a->gl1, line, line, &old);
        way->ready = LATER;
        way->fill = fill;
        *f = (struct fill){
            .line = line, .way = way, .cache = &a->gl1, .first = NO_FILL, .unit = (uint16_t)number};
        engine_ask(e, here + e->gl1_to_l2, line, REQUEST_VECTOR, fill);
    }
    struct fill *mine = fill_at(e, l0_fill);
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
    struct fill f = *fill_at(e, fill);
    if (cache_holds(f.cache, f.way, f.line) && f.way->fill == fill) {
        f.way->ready = ready;
        f.way->fill = NO_FILL;
    }
    pool_release(&e->fills, fill);
    for (uint32_t l0 = in_order(e, f.first); l0 != NO_FILL;) {
        uint32_t next = fill_at(e, l0)->next;
        cycle looked = fill_at(e, l0)->looked;
        fill_arrives(e, l0, cross(e, &e->arrays[f.unit], looked > ready ? looked : ready));
        l0 = next;
    }
}
