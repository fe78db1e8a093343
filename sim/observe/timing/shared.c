/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Making what all engines share from a card's figures; channels. */
#include "shared.h"

#include <stdlib.h>
#include <string.h>

static cycle cycles_of_ns(const struct card *card, enum card_field field) {
    return (cycle)card_get(card, field) * card_get(card, CARD_shader_mhz) / 1000;
}

/* Ticks that one of the channels takes for a line at a rate of all together in MB/s. */
static uint32_t cost_of_rate(const struct card *card, unsigned channels, enum card_field rate) {
    uint64_t mb_s = card_get(card, rate);
    return mb_s ? (uint32_t)((uint64_t)LINE_BYTES * TICKS * card_get(card, CARD_shader_mhz) * channels / mb_s)
                : 0;
}

bool shared_create(struct shared *s, const struct card *card) {
    unsigned channels = card_get(card, CARD_dram_channels), l2 = card_get(card, CARD_l2_channels);
    *s = (struct shared){
        .l2_channels = l2,
        .channels = channels,
        .interleave_lines = card_get(card, CARD_interleave) / LINE_BYTES,
        .fold = card_get(card, CARD_channel_fold) != 0,
        .l2_cost = LINE_BYTES * TICKS / card_get(card, CARD_l2_path),
        .atomic_cost = card_get(card, CARD_atomic_cycles) * TICKS,
        .mall_cost = cost_of_rate(card, channels, CARD_mall_mb_s),
        .read_cost = cost_of_rate(card, channels, CARD_dram_read_mb_s),
        .write_cost = cost_of_rate(card, channels, CARD_dram_write_mb_s),
        .mall_cycles = cycles_of_ns(card, CARD_mall_ns),
        .dram_cycles = cycles_of_ns(card, CARD_dram_ns),
        .tlb_cycles = cycles_of_ns(card, CARD_tlb_ns),
        .page_lines = (uint64_t)card_get(card, CARD_page_kib) * 1024 / LINE_BYTES,
    };
    s->l2 = calloc(l2, sizeof *s->l2);
    s->l2_ports = calloc(l2, sizeof *s->l2_ports);
    s->mall_ports = calloc(channels, sizeof *s->mall_ports);
    s->dram_ports = calloc(channels, sizeof *s->dram_ports);
    bool ok = s->l2 && s->l2_ports && s->mall_ports && s->dram_ports;
    unsigned entries = card_get(card, CARD_tlb_entries);
    ok = ok && cache_create(&s->tlb, entries, 1, entries);
    ok = ok && cache_create(&s->mall, (uint64_t)card_get(card, CARD_mall_mib) << 20, LINE_BYTES,
                            card_get(card, CARD_mall_ways));
    for (unsigned n = 0; ok && n < l2; n++)
        ok = cache_create(&s->l2[n], (uint64_t)card_get(card, CARD_l2_kib) * 1024 / l2, LINE_BYTES,
                          card_get(card, CARD_l2_ways));
    return ok;
}

void shared_destroy(struct shared *s) {
    for (unsigned n = 0; s->l2 && n < s->l2_channels; n++) cache_destroy(&s->l2[n]);
    cache_destroy(&s->tlb);
    cache_destroy(&s->mall);
    free(s->l2);
    free(s->l2_ports);
    free(s->mall_ports);
    free(s->dram_ports);
}

void shared_cool(struct shared *s) {
    for (unsigned n = 0; n < s->l2_channels; n++) cache_clear(&s->l2[n]);
    cache_clear(&s->tlb);
    cache_clear(&s->mall);
}

void shared_hold(struct shared *s, uint64_t first, uint64_t last) {
    for (uint64_t line = first; line <= last; line++) {
        l2_request(s, tlb_request(s, 0, line), line, REQUEST_LINE);
        struct cache_way *way =
            cache_find(&s->l2[channel_of(s, line, s->l2_channels)], l2_place(s, line), line);
        way->ready = 0;
    }
}

void shared_begin(struct shared *s) {
    s->l2_count = s->mall_count = s->tlb_count = (struct level_count){0};
    s->dram_read = s->dram_written = 0;
}

/*
 * The lowest five bits of a block's number take the XOR of all its groups of five bits: 32 blocks in a row keep to their 32
 * places, so that a stream meets all channels alike, but strides of a power of two no longer meet few of them.
 */
unsigned channel_of(const struct shared *s, uint64_t line, unsigned channels) {
    uint64_t block = line / s->interleave_lines, upper = block >> 5;
    if (s->fold)
        for (; upper; upper >>= 5) block ^= upper & 31;
    return (unsigned)(block % channels);
}
