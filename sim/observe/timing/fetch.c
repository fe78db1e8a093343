/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The instruction cache of a work-group processor. A miss fetches two lines; L2 has the code. Its traffic is left out of
 * L2's: a kernel has a few hundred lines of it.
 */
#include "engine.h"

cycle fetch_request(struct engine *e, unsigned processor, uint64_t previous, uint64_t pc, cycle now) {
    uint64_t line = pc / LINE_BYTES;
    if (line == previous / LINE_BYTES && pc != previous) return now;
    line += e->code_base;
    struct cache *code = &e->processors[processor].code;
    struct cache_way *way = cache_find(code, line, line);
    e->code_count.requests++;
    if (way) {
        e->code_count.hits++;
        return way->ready > now ? way->ready : now;
    }
    cycle ready = now + card_get(e->card, CARD_code_miss);
    uint64_t first = line / CODE_LINES * CODE_LINES, old;
    for (uint64_t n = first; n < first + CODE_LINES; n++) {
        if (cache_find(code, n, n)) continue;
        cache_replace(code, n, n, &old)->ready = ready;
    }
    return ready;
}
