/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "banks.h"

static uint32_t tag_of(unsigned slot, unsigned reg) { return (slot + 1) << 8 | reg; }

/* The register's entry in its bank's cache, or null. */
static const struct cached *find(const struct bank *b, uint32_t tag) {
    for (unsigned n = 0; n < b->cache_count; n++)
        if (b->cache[n].tag == tag) return &b->cache[n];
    return NULL;
}

static bool hits(const struct banks *banks, uint32_t tag, unsigned reg, cycle at) {
    const struct cached *entry = find(&banks->bank[reg % BANKS], tag);
    return entry && at >= entry->first + banks->config->bank_cache_hit;
}

bool banks_hit(const struct banks *banks, unsigned slot, const struct row *row, cycle at) {
    for (unsigned n = 0; n < row->source_count; n++)
        for (unsigned reg = row->sources[n].reg; reg < row->sources[n].reg + (unsigned)row->sources[n].count;
             reg++)
            if (!hits(banks, tag_of(slot, reg), reg, at)) return false;
    return true;
}

static void pop_write(struct bank *b) {
    b->write_first = (b->write_first + 1) % BANK_WRITES_MAX;
    b->write_count--;
}

/* Results that are due drain in cycles without a read before `until`. */
static void drain(struct bank *b, cycle until) {
    while (b->write_count) {
        cycle due = b->writes[b->write_first];
        cycle at = due > b->free ? due : b->free;
        if (at >= until) return;
        b->free = at + 1;
        pop_write(b);
    }
}

/* The first cycle from `at` on in which the bank can be read; takes it. */
static cycle take_port(struct bank *b, unsigned buffered, cycle at) {
    if (at < b->free) at = b->free;
    drain(b, at);
    while (b->write_count > buffered && b->writes[(b->write_first + buffered) % BANK_WRITES_MAX] <= at) {
        pop_write(b); /* the oldest takes the port instead */
        at++;
    }
    b->free = at + 1;
    return at;
}

/* An entry leaves the cache; the younger ones keep their order. */
static void forget(struct bank *b, uint32_t tag) {
    unsigned kept = 0;
    for (unsigned n = 0; n < b->cache_count; n++)
        if (b->cache[n].tag != tag) b->cache[kept++] = b->cache[n];
    b->cache_count = kept;
}

static void remember(struct bank *b, unsigned entries, uint32_t tag, cycle at) {
    if (entries > BANK_CACHE_MAX) entries = BANK_CACHE_MAX;
    if (!entries || find(b, tag)) return; /* it keeps its place and age */
    if (b->cache_count >= entries) forget(b, b->cache[0].tag);
    b->cache[b->cache_count++] = (struct cached){tag, at};
}

/* The cycle at which an instruction that begins at `from` has the register: by the port, unless the cache has it. */
static cycle read_register(struct banks *banks, unsigned slot, unsigned reg, cycle from) {
    const struct simd_config *config = banks->config;
    struct bank *b = &banks->bank[reg % BANKS];
    uint32_t tag = tag_of(slot, reg);
    const struct cached *entry = find(b, tag);
    if (entry && from >= entry->first + config->bank_cache_hit) return from;
    if (entry && entry->first >= from) return entry->first; /* a read that is under way is shared */
    cycle at = take_port(b, config->bank_writes, from);
    remember(b, config->bank_cache, tag, at);
    return at;
}

cycle banks_read(struct banks *banks, unsigned slot, const struct row *row, cycle from) {
    cycle last = from;
    for (unsigned n = 0; n < row->source_count; n++)
        for (unsigned reg = row->sources[n].reg; reg < row->sources[n].reg + (unsigned)row->sources[n].count;
             reg++) {
            cycle at = read_register(banks, slot, reg & 255, from);
            if (at > last) last = at;
        }
    return last;
}

void banks_write(struct banks *banks, unsigned slot, const struct row *row, cycle execute) {
    for (unsigned n = 0; n < row->result_count; n++)
        for (unsigned reg = row->results[n].reg; reg < row->results[n].reg + (unsigned)row->results[n].count;
             reg++) {
            struct bank *b = &banks->bank[reg % BANKS];
            forget(b, tag_of(slot, reg & 255));
            if (b->write_count == BANK_WRITES_MAX) drain(b, execute);
            if (b->write_count == BANK_WRITES_MAX) continue;
            b->writes[(b->write_first + b->write_count++) % BANK_WRITES_MAX] = execute;
        }
}
