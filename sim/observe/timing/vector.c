/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Vector memory of a compute unit: its address unit, which looks up one line of an access after the other, and L0, which is
 * written through. Loads keep the unit busy for as long as their data return; stores and atomics pass L0 by.
 */
#include "engine.h"

enum { LANES = 32, NEAR_LINES = 8 };

/*
 * When L0 has the line, or LATER: the access waits for its fill. Loads with glc go past L0 and GL1, which then no longer
 * have the line (RDNA3 ISA 4.1.1: MISS_EVICT).
 */
static cycle look_up(struct engine *e, unsigned unit, uint64_t line, bool past, cycle at, uint32_t wait) {
    const struct near_line near = {.cache = &e->units[unit].l0,
                                   .count = &e->l0_count,
                                   .line = line,
                                   .gl1_line = line,
                                   .array = e->array_of[unit / PROCESSOR_CUS],
                                   .past = past};
    return near_request(e, &near, at, wait);
}

cycle vector_request(struct engine *e, unsigned simd, const struct access *access, bool past, cycle x,
                     cycle *done) {
    unsigned processor = simd / PROCESSOR_SIMDS, unit = processor * PROCESSOR_CUS + simd % PROCESSOR_CUS;
    struct unit *u = &e->units[unit];
    unsigned back = access->bytes * LANES / card_get(e->card, CARD_l0_return), count = access->line_count;
    if (!back) back = 1;
    unsigned near = count < NEAR_LINES ? count : NEAR_LINES;
    unsigned line_cycles = card_get(e->card, CARD_line_cycles);
    unsigned busy = near * line_cycles + (count - near) * card_get(e->card, CARD_far_line_cycles);
    cycle begins = x > u->address_free ? x : u->address_free, at = begins;
    u->address_free = begins + (busy > back ? busy : back);
    uint32_t wait = pool_new(e, &e->waits);
    if (wait == NO_FILL) {
        *done = begins;
        return begins;
    }
    bool load = access->kind == ACCESS_LOAD;
    *done = LATER;
    *wait_at(e, wait) = (struct wait){.done = done,
                                      .latest = begins,
                                      .missing = 1, /* until all lines have been looked for */
                                      .simd = (uint16_t)simd,
                                      .back = (uint8_t)back,
                                      .store = !access->returns};
    for (unsigned n = 0; n < count; n++) {
        uint64_t line = access->lines[n];
        if (load) {
            cycle ready = look_up(e, unit, line, past, at, wait);
            struct wait *w = wait_at(e, wait);
            if (ready != LATER && ready > w->latest) w->latest = ready;
        } else {
            struct array *a = &e->arrays[e->array_of[processor]];
            cycle sent = port_take(&a->write_path, at + e->l0_to_gl1, e->line_cost);
            wait_at(e, wait)->missing++;
            engine_ask(e, sent + e->gl1_to_l2, line,
                       access->kind == ACCESS_ATOMIC ? REQUEST_ATOMIC : REQUEST_STORE, wait, access->turn);
        }
        at += n < NEAR_LINES ? line_cycles : card_get(e->card, CARD_far_line_cycles);
    }
    wait_line(e, wait, begins);
    return begins;
}
