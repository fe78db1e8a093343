/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Which lines a cache holds: sets of ways, of which the one that was used longest ago goes. */
#ifndef TIMING_CACHE_H
#define TIMING_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "simd.h"

enum { LINE_BYTES = 128, SCALAR_LINE_BYTES = 64 };
#define NO_FILL UINT32_MAX

struct cache_way {
    cycle ready;   /* when the line is there; LATER: nobody knows yet, `fill` will */
    uint32_t fill; /* the owner's, or NO_FILL */
    bool dirty;
};

struct cache {
    size_t sets;
    unsigned ways;
    uint64_t clock;  /* counts uses */
    uint64_t *lines; /* [sets][ways], each + 1; 0: empty */
    uint64_t *used;  /* [sets][ways]: clock of the last use; 0: empty */
    struct cache_way *state;
};

/* `bytes` may be 0: a cache that holds nothing. False: out of memory. */
bool cache_create(struct cache *cache, uint64_t bytes, unsigned line_bytes, unsigned ways);
void cache_destroy(struct cache *cache);
void cache_clear(struct cache *cache);
/* The way that has the line, now used, or null. `place`: chooses the set; the line's own number where nothing else is known. */
struct cache_way *cache_find(struct cache *cache, uint64_t place, uint64_t line);
/* A way for a line that is not there. *old: the line that goes, or UINT64_MAX; its state is still in the way. */
struct cache_way *cache_replace(struct cache *cache, uint64_t place, uint64_t line, uint64_t *old);
/* The way is empty. */
void cache_drop(struct cache *cache, const struct cache_way *way);
/* Whether the way still has the line. */
bool cache_holds(const struct cache *cache, const struct cache_way *way, uint64_t line);

#endif
