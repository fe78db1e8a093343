/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The TLB behind L2. The small ones before it are left out: what a miss there costs is not known. */
#include "shared.h"

cycle tlb_request(struct shared *s, cycle at, uint64_t line) {
    uint64_t page = line / s->page_lines, old;
    struct cache_way *way = cache_find(&s->tlb, 0, page);
    s->tlb_count.requests++;
    if (way) {
        s->tlb_count.hits++;
    } else {
        way = cache_replace(&s->tlb, 0, page, &old);
        way->ready = at + s->tlb_cycles;
    }
    return way->ready > at ? way->ready : at;
}
