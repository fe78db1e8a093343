/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "banks.h"

static uint32_t tag_of(unsigned slot, unsigned reg) { return (slot + 1) << 8 | reg; }

static bool hits(const struct banks *banks, uint32_t tag, unsigned reg, cycle at) {
    const struct bank *b = &banks->bank[reg % BANKS];
    for (unsigned n = 0; n < banks->config->bank_cache; n++)
        if (b->cache[n].tag == tag) return at >= b->cache[n].first + banks->config->bank_cache_hit;
    return false;
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

static void remember(struct bank *b, unsigned entries, uint32_t tag, cycle at) {
    if (!entries) return;
    for (unsigned n = 0; n < entries; n++)
        if (b->cache[n].tag == tag) return; /* it keeps its place and age */
    b->cache_next %= entries;
    b->cache[b->cache_next].tag = tag;
    b->cache[b->cache_next++].first = at;
}

cycle banks_read(struct banks *banks, unsigned slot, const struct row *row, cycle from) {
    const struct simd_config *config = banks->config;
    struct span read[ROW_SOURCES * 2]; /* what the instruction has asked for already is shared */
    unsigned reads = 0;
    cycle last = from;
    for (unsigned n = 0; n < row->source_count; n++)
        for (unsigned reg = row->sources[n].reg; reg < row->sources[n].reg + (unsigned)row->sources[n].count;
             reg++) {
            struct bank *b = &banks->bank[reg % BANKS];
            uint32_t tag = tag_of(slot, reg);
            bool shared = false;
            for (unsigned r = 0; r < reads; r++) shared |= read[r].reg == reg;
            if (shared || hits(banks, tag, reg, from)) continue;
            cycle at = take_port(b, config->bank_writes, from);
            remember(b, config->bank_cache, tag, at);
            if (reads < ROW_SOURCES * 2) read[reads++].reg = (uint8_t)reg;
            if (at > last) last = at;
        }
    return last;
}

void banks_write(struct banks *banks, unsigned slot, const struct row *row, cycle execute) {
    for (unsigned n = 0; n < row->result_count; n++)
        for (unsigned reg = row->results[n].reg; reg < row->results[n].reg + (unsigned)row->results[n].count;
             reg++) {
            struct bank *b = &banks->bank[reg % BANKS];
            uint32_t tag = tag_of(slot, reg);
            for (unsigned c = 0; c < banks->config->bank_cache; c++)
                if (b->cache[c].tag == tag) b->cache[c].tag = 0;
            if (b->write_count == BANK_WRITES_MAX) drain(b, execute);
            if (b->write_count == BANK_WRITES_MAX) continue;
            b->writes[(b->write_first + b->write_count++) % BANK_WRITES_MAX] = execute;
        }
}
