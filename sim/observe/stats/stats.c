/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "stats.h"

#include <stdlib.h>
#include <string.h>

enum { BANKS = 32, LANES_MAX = 64 };

/* ---- sets of lines -------------------------------------------------------------------------------- */

static bool grow(struct lines *s) {
    size_t capacity = s->capacity ? 2 * s->capacity : 1024;
    uint64_t *keys = calloc(capacity, sizeof *keys);
    if (!keys) return false;
    for (size_t n = 0; n < s->capacity; n++) {
        if (!s->keys[n]) continue;
        size_t at = s->keys[n] * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (capacity - 1);
        while (keys[at]) at = (at + 1) & (capacity - 1);
        keys[at] = s->keys[n];
    }
    free(s->keys);
    s->keys = keys;
    s->capacity = capacity;
    return true;
}

/* 1 if the line was not in the set. */
static unsigned add_line(struct stats *st, struct lines *s, uint64_t line) {
    if (2 * s->used >= s->capacity && !grow(s)) {
        st->failed = true;
        return 0;
    }
    size_t at = (line + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (s->capacity - 1);
    for (; s->keys[at]; at = (at + 1) & (s->capacity - 1))
        if (s->keys[at] == line + 1) return 0;
    s->keys[at] = line + 1;
    s->used++;
    return 1;
}

static void empty(struct lines *s) {
    free(s->keys);
    *s = (struct lines){0};
}

/* ---- one instruction ------------------------------------------------------------------------------ */

static void count_memory(struct stats *st, const rdnasim_event *e) {
    uint64_t seen[2 * RDNASIM_PARTS * LANES_MAX];
    unsigned count = 0;
    st->instructions[e->store != 0]++;
    for (unsigned at = 0; at < e->parts * e->wave_size; at++) {
        unsigned part = at / e->wave_size, lane = at % e->wave_size;
        uint64_t address = e->addresses[part][lane];
        if (!(e->exec >> lane & 1) || !address) continue;
        st->bytes[e->store != 0] += e->bytes;
        for (uint64_t line = address / STATS_LINE; line <= (address + e->bytes - 1) / STATS_LINE; line++) {
            unsigned n = 0;
            while (n < count && seen[n] != line) n++;
            if (n < count) continue;
            seen[count++] = line;
            st->by_wave += add_line(st, &st->wave[e->wave], line);
            st->by_group += add_line(st, &st->group, line);
            st->by_launch += add_line(st, &st->launch, line);
        }
    }
    st->by_instruction += count;
}

/* Lanes are served in passes: a bank gives one dword a cycle, the same dword to any number of lanes. Wider
 * accesses are served for fewer lanes at a time: 32, 16 or 8 lanes of 4, 8 or 16 bytes. */
static void count_banks(struct stats *st, const rdnasim_event *e, const uint64_t *addresses) {
    unsigned dwords = e->bytes < 4 ? 1 : e->bytes / 4, at_once = 32 / (dwords == 3 ? 4 : dwords);
    for (unsigned first = 0; first < e->wave_size; first += at_once) {
        uint64_t words[BANKS][LANES_MAX];
        unsigned depth[BANKS] = {0}, most = 0, active = 0;
        for (unsigned l = first; l < first + at_once; l++) {
            if (!(e->exec >> l & 1)) continue;
            active++;
            for (unsigned d = 0; d < dwords; d++) {
                uint64_t word = addresses[l] / 4 + d;
                unsigned bank = word % BANKS, n = 0;
                while (n < depth[bank] && words[bank][n] != word) n++;
                if (n < depth[bank]) continue;
                words[bank][depth[bank]++] = word;
                if (depth[bank] > most) most = depth[bank];
            }
        }
        st->lds_cycles += most;
        st->lds_ideal += active != 0;
    }
}

static void after(void *context, const rdnasim_event *e) {
    struct stats *st = context;
    rdnasim_port port = e->instruction->port;
    if (port == RDNASIM_PORT_VALU || port == RDNASIM_PORT_TRANS || port == RDNASIM_PORT_WMMA) {
        st->vector++;
        st->dual += e->instruction->dual != NULL;
        st->lanes += (unsigned)__builtin_popcountll(e->exec);
        st->lane_slots += e->wave_size;
        st->partial += e->exec != (e->wave_size == 64 ? UINT64_MAX : UINT32_MAX);
    }
    if (e->space == RDNASIM_SPACE_SCALAR) st->scalar_loads += e->bytes;
    if (e->space == RDNASIM_SPACE_GLOBAL) count_memory(st, e);
    if (e->space == RDNASIM_SPACE_LDS) {
        st->lds_instructions++;
        for (unsigned part = 0; part < e->parts; part++) count_banks(st, e, e->addresses[part]);
    }
}

static void group_begin(void *context, const rdnasim_event *e) {
    (void)e;
    empty(&((struct stats *)context)->group);
}

static void wave_begin(void *context, const rdnasim_event *e) {
    empty(&((struct stats *)context)->wave[e->wave]);
}

rdnasim_observer stats_observer(struct stats *stats) {
    return (rdnasim_observer){.struct_size = sizeof(rdnasim_observer),
                              .context = stats,
                              .group_begin = group_begin,
                              .wave_begin = wave_begin,
                              .after = after};
}

void stats_release(struct stats *stats) {
    for (unsigned n = 0; n < STATS_WAVES; n++) empty(&stats->wave[n]);
    empty(&stats->group);
    empty(&stats->launch);
}
