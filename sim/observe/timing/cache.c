/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "cache.h"

#include <stdlib.h>
#include <string.h>

bool cache_create(struct cache *cache, uint64_t bytes, unsigned line_bytes, unsigned ways) {
    *cache = (struct cache){.sets = (size_t)(bytes / line_bytes / ways), .ways = ways};
    if (!cache->sets) return true;
    cache->lines = calloc(cache->sets * ways, sizeof *cache->lines);
    cache->used = calloc(cache->sets * ways, sizeof *cache->used);
    cache->state = calloc(cache->sets * ways, sizeof *cache->state);
    return cache->lines && cache->used && cache->state;
}

void cache_destroy(struct cache *cache) {
    free(cache->lines);
    free(cache->used);
    free(cache->state);
    *cache = (struct cache){0};
}

void cache_clear(struct cache *cache) {
    if (!cache->sets) return;
    memset(cache->lines, 0, cache->sets * cache->ways * sizeof *cache->lines);
    memset(cache->used, 0, cache->sets * cache->ways * sizeof *cache->used);
}

struct cache_way *cache_find(struct cache *cache, uint64_t place, uint64_t line) {
    if (!cache->sets) return NULL;
    size_t first = (size_t)(place % cache->sets) * cache->ways;
    for (unsigned way = 0; way < cache->ways; way++)
        if (cache->lines[first + way] == line + 1) {
            cache->used[first + way] = ++cache->clock;
            return &cache->state[first + way];
        }
    return NULL;
}

struct cache_way *cache_replace(struct cache *cache, uint64_t place, uint64_t line, uint64_t *old) {
    size_t first = (size_t)(place % cache->sets) * cache->ways, victim = first;
    for (size_t n = first + 1; n < first + cache->ways; n++)
        if (cache->used[n] < cache->used[victim]) victim = n;
    *old = cache->lines[victim] - 1;
    cache->lines[victim] = line + 1;
    cache->used[victim] = ++cache->clock;
    return &cache->state[victim];
}

void cache_drop(struct cache *cache, const struct cache_way *way) {
    cache->lines[way - cache->state] = 0;
    cache->used[way - cache->state] = 0;
}

bool cache_holds(const struct cache *cache, const struct cache_way *way, uint64_t line) {
    return cache->lines[way - cache->state] == line + 1;
}
