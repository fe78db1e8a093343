/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* An engine's caches: making them, who waits for what, answers. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

/* ---- items with a list of free ones --------------------------------------------------------------------- */

/* The first bytes of a free item hold the number of the next one. */
static uint32_t *next_of(const struct pool_of *pool, uint32_t item) {
    return (uint32_t *)((char *)pool->items + (size_t)item * pool->bytes);
}

/* NO_FILL, and failed: out of memory. */
uint32_t pool_new(struct engine *e, struct pool_of *pool) {
    if (pool->free != NO_FILL) {
        uint32_t item = pool->free;
        pool->free = *next_of(pool, item);
        return item;
    }
    if (pool->count == pool->capacity) {
        uint32_t capacity = pool->capacity ? 2 * pool->capacity : 1024;
        void *items = realloc(pool->items, (size_t)capacity * pool->bytes);
        if (!items) {
            e->failed = true;
            return NO_FILL;
        }
        pool->items = items;
        pool->capacity = capacity;
    }
    return pool->count++;
}

void pool_release(struct pool_of *pool, uint32_t item) {
    *next_of(pool, item) = pool->free;
    pool->free = item;
}

static void pool_empty(struct pool_of *pool) {
    pool->count = 0;
    pool->free = NO_FILL;
}

struct wait *wait_at(const struct engine *e, uint32_t wait) { return (struct wait *)e->waits.items + wait; }
struct fill *fill_at(const struct engine *e, uint32_t fill) { return (struct fill *)e->fills.items + fill; }
static struct link *link_at(const struct engine *e, uint32_t link) {
    return (struct link *)e->links.items + link;
}

/* ---- making --------------------------------------------------------------------------------------------- */

bool engine_create(struct engine *e, const struct card *card, uint32_t number, unsigned array_count,
                   const unsigned *processors_of_array) {
    cycle l0 = card_get(card, CARD_l0_hit), gl1 = card_get(card, CARD_gl1_hit),
          l2 = card_get(card, CARD_l2_hit);
    *e = (struct engine){
        .card = card,
        .number = number,
        .array_count = array_count,
        .line_cost = LINE_BYTES * TICKS / card_get(card, CARD_gl1_path),
        .l0_to_gl1 = (gl1 - l0) / 2,
        .gl1_to_l0 = gl1 - l0 - (gl1 - l0) / 2,
        .gl1_to_l2 = (l2 - gl1) / 4,
        .gl1_to_scalar =
            card_get(card, CARD_scalar_l2) - (l2 - gl1) - card_get(card, CARD_scalar_hit) - (gl1 - l0) / 2,
        .waits = {.bytes = sizeof(struct wait), .free = NO_FILL},
        .fills = {.bytes = sizeof(struct fill), .free = NO_FILL},
        .links = {.bytes = sizeof(struct link), .free = NO_FILL},
    };
    for (unsigned n = 0; n < array_count; n++) e->processor_count += processors_of_array[n];
    unsigned units = e->processor_count * PROCESSOR_CUS;
    e->units = calloc(units, sizeof *e->units);
    e->processors = calloc(e->processor_count, sizeof *e->processors);
    e->arrays = calloc(array_count, sizeof *e->arrays);
    e->array_of = calloc(e->processor_count, sizeof *e->array_of);
    e->woken = calloc((e->processor_count * PROCESSOR_SIMDS + 63) / 64, sizeof *e->woken);
    if (!e->units || !e->processors || !e->arrays || !e->array_of || !e->woken) return false;
    bool ok = true;
    for (unsigned n = 0; n < units; n++)
        ok &= cache_create(&e->units[n].l0, card_get(card, CARD_l0_bytes), LINE_BYTES,
                           card_get(card, CARD_l0_ways));
    for (unsigned n = 0; n < e->processor_count; n++) {
        ok &= cache_create(&e->processors[n].scalar, card_get(card, CARD_scalar_bytes), SCALAR_LINE_BYTES,
                           card_get(card, CARD_scalar_ways));
        ok &= cache_create(&e->processors[n].code, card_get(card, CARD_code_bytes), LINE_BYTES,
                           card_get(card, CARD_code_ways));
    }
    for (unsigned n = 0, next = 0; n < array_count; n++) {
        ok &= cache_create(&e->arrays[n].gl1, card_get(card, CARD_gl1_bytes), LINE_BYTES,
                           card_get(card, CARD_gl1_ways));
        for (unsigned p = 0; p < processors_of_array[n]; p++) e->array_of[next++] = (uint16_t)n;
    }
    return ok;
}

void engine_destroy(struct engine *e) {
    for (unsigned n = 0; e->units && n < e->processor_count * PROCESSOR_CUS; n++)
        cache_destroy(&e->units[n].l0);
    for (unsigned n = 0; e->processors && n < e->processor_count; n++) {
        cache_destroy(&e->processors[n].scalar);
        cache_destroy(&e->processors[n].code);
    }
    for (unsigned n = 0; e->arrays && n < e->array_count; n++) cache_destroy(&e->arrays[n].gl1);
    free(e->units);
    free(e->processors);
    free(e->arrays);
    free(e->array_of);
    free(e->woken);
    free(e->waits.items);
    free(e->fills.items);
    free(e->links.items);
    free(e->requests);
}

void engine_begin(struct engine *e, bool cold) {
    for (unsigned n = 0; n < e->processor_count * PROCESSOR_CUS; n++) cache_clear(&e->units[n].l0);
    for (unsigned n = 0; n < e->processor_count; n++) {
        cache_clear(&e->processors[n].scalar);
        if (cold) cache_clear(&e->processors[n].code);
    }
    for (unsigned n = 0; n < e->array_count; n++) cache_clear(&e->arrays[n].gl1);
    pool_empty(&e->waits);
    pool_empty(&e->fills);
    pool_empty(&e->links);
    e->request_count = 0;
    e->sequence = 0;
    e->failed = false;
    e->l0_count = e->gl1_count = e->scalar_count = e->code_count = (struct level_count){0};
}

/* ---- requests and answers ------------------------------------------------------------------------------- */

void engine_ask(struct engine *e, cycle at, uint64_t line, enum request_kind kind, uint32_t who,
                const struct turn *turn) {
    if (e->request_count == e->request_capacity) {
        size_t capacity = e->request_capacity ? 2 * e->request_capacity : 4096;
        struct request *requests = realloc(e->requests, capacity * sizeof *requests);
        if (!requests) {
            e->failed = true;
            return;
        }
        e->requests = requests;
        e->request_capacity = capacity;
    }
    e->requests[e->request_count++] = (struct request){
        .at = at, .line = line, .kind = kind, .who = who, .engine = e->number, .sequence = e->sequence++};
    if (turn) e->requests[e->request_count - 1].turn = *turn;
}

void fill_join(struct engine *e, uint32_t fill, uint32_t wait, cycle looked) {
    uint32_t link = pool_new(e, &e->links);
    if (link == NO_FILL) return;
    *link_at(e, link) = (struct link){.wait = wait, .next = fill_at(e, fill)->first, .looked = looked};
    fill_at(e, fill)->first = link;
    wait_at(e, wait)->missing++;
}

/* All lines are there. */
void wait_done(struct engine *e, uint32_t wait) {
    struct wait *w = wait_at(e, wait);
    unsigned unit = w->simd / PROCESSOR_SIMDS * PROCESSOR_CUS + w->simd % PROCESSOR_CUS;
    if (w->store) {
        *w->done = w->latest + card_get(e->card, CARD_store_done) - e->l0_to_gl1 - e->gl1_to_l2;
    } else if (w->back) {
        cycle begins = port_take(&e->units[unit].back, w->latest, w->back * (uint32_t)TICKS);
        *w->done = begins + w->back + card_get(e->card, CARD_l0_hit);
    } else {
        *w->done = w->latest + card_get(e->card, CARD_scalar_hit);
    }
    e->woken[w->simd / 64] |= UINT64_C(1) << w->simd % 64;
    pool_release(&e->waits, wait);
}

void wait_line(struct engine *e, uint32_t wait, cycle ready) {
    struct wait *w = wait_at(e, wait);
    if (ready > w->latest) w->latest = ready;
    if (--w->missing == 0) wait_done(e, wait);
}

struct fill fill_take(struct engine *e, uint32_t fill, cycle ready) {
    struct fill f = *fill_at(e, fill);
    if (f.way && cache_holds(f.cache, f.way, f.line) && f.way->fill == fill) {
        f.way->ready = ready;
        f.way->fill = NO_FILL;
    }
    pool_release(&e->fills, fill);
    return f;
}

/* The line is in its cache: what waits for it goes on. */
void fill_arrives(struct engine *e, uint32_t fill, cycle ready) {
    struct fill f = fill_take(e, fill, ready);
    for (uint32_t link = f.first; link != NO_FILL;) {
        struct link l = *link_at(e, link);
        pool_release(&e->links, link);
        wait_line(e, l.wait, l.looked > ready ? l.looked : ready);
        link = l.next;
    }
}

cycle near_request(struct engine *e, const struct near_line *near, cycle at, uint32_t wait) {
    struct cache_way *way = cache_find(near->cache, near->line, near->line);
    near->count->requests++;
    if (near->past && way && way->ready != LATER) {
        cache_drop(near->cache, way);
        way = NULL;
    }
    near->count->hits += way != NULL;
    if (way && way->ready != LATER) return way->ready > at ? way->ready : at;
    if (way) {
        fill_join(e, way->fill, wait, at);
        return LATER;
    }
    uint32_t fill = pool_new(e, &e->fills);
    if (fill == NO_FILL) return at;
    uint64_t old;
    if (!near->past) {
        way = cache_replace(near->cache, near->line, near->line, &old);
        way->ready = LATER;
        way->fill = fill;
    }
    *fill_at(e, fill) = (struct fill){.line = near->line,
                                      .way = way,
                                      .cache = near->cache,
                                      .first = NO_FILL,
                                      .next = NO_FILL,
                                      .array = near->array,
                                      .scalar = near->scalar};
    cycle ready = gl1_request(e, at, near->gl1_line, fill, near->past);
    if (ready == LATER) {
        fill_join(e, fill, wait, at);
        return LATER;
    }
    fill_take(e, fill, ready);
    return ready;
}

void engine_answer(struct engine *e, const struct request *answer) {
    cycle to_gl1 = card_get(e->card, CARD_l2_hit) - card_get(e->card, CARD_gl1_hit) - e->gl1_to_l2;
    switch (answer->kind) {
    case REQUEST_LINE: gl1_answer(e, answer->who, answer->ready + to_gl1); break;
    case REQUEST_STORE: wait_line(e, answer->who, answer->ready); break;
    case REQUEST_ATOMIC:
        wait_line(e, answer->who,
                  wait_at(e, answer->who)->store ? answer->ready : answer->ready + to_gl1 + e->gl1_to_l0);
        break;
    }
}
