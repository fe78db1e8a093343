/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What all shader engines share: the TLB, L2, the Infinity Cache (MALL), memory. Each level is asked by a function that
 * says when it has answered; requests of one quantum come in the order of their times.
 *
 * Cycles are of the shader clock; figures in ns are converted once.
 */
#ifndef TIMING_SHARED_H
#define TIMING_SHARED_H

#include "cache.h"
#include "card.h"
#include "port.h"

/* What reaches L2. */
enum request_kind { REQUEST_LINE, REQUEST_STORE, REQUEST_ATOMIC };

struct level_count {
    uint64_t requests, hits, bytes;
};

struct shared {
    /* From the card. */
    unsigned l2_channels, channels; /* of L2; of MALL and memory */
    unsigned interleave_lines;
    bool fold;
    uint32_t l2_cost, atomic_cost, mall_cost, read_cost, write_cost; /* ticks of a line */
    cycle mall_cycles, dram_cycles, tlb_cycles;
    uint64_t page_lines;
    /* State: kept between launches, as the card keeps it. */
    struct cache tlb, mall;
    struct cache *l2; /* [l2_channels] */
    struct port *l2_ports, *mall_ports, *dram_ports;
    /* Counts of a launch. */
    struct level_count l2_count, mall_count, tlb_count;
    uint64_t dram_read, dram_written; /* bytes */
};

/* False: out of memory. */
bool shared_create(struct shared *s, const struct card *card);
void shared_destroy(struct shared *s);
/* Nothing is cached. */
void shared_cool(struct shared *s);
/* A launch begins: what is cached stays, counts are 0. */
void shared_begin(struct shared *s);

/* Lines that something before the launch has left in L2, and their pages in the TLB. */
void shared_hold(struct shared *s, uint64_t first, uint64_t last);

/* Which of `channels` a line lies in. */
unsigned channel_of(const struct shared *s, uint64_t line, unsigned channels);

cycle tlb_request(struct shared *s, cycle at, uint64_t line);
/* Chooses the set of a line in its channel. */
uint64_t l2_place(const struct shared *s, uint64_t line);
/* When L2 has the line, or has taken or changed it. */
cycle l2_request(struct shared *s, cycle at, uint64_t line, enum request_kind kind);
cycle mall_request(struct shared *s, cycle at, uint64_t line, bool write);
cycle dram_request(struct shared *s, cycle at, uint64_t line, bool write);

#endif
