/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The figures of a card, and where each comes from: card.def. */
#ifndef TIMING_CARD_H
#define TIMING_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules.h"

enum card_field {
#define FIELD(name, unit, what) CARD_##name,
#include "card.def"
    CARD_FIELDS
};

struct card {
    const char *name, *target; /* "7900 XTX", "gfx1100" */
    struct card_figure {
        uint32_t value;
        const char *source;
        char confidence; /* H, M, L */
    } figures[CARD_FIELDS];
};

struct card_field_info {
    const char *name, *unit, *what;
};
extern const struct card_field_info card_fields[CARD_FIELDS];

/* By name; case, spaces and dashes do not count. False: there is none. */
bool card_find(const char *name, struct card *out);

static inline uint32_t card_get(const struct card *card, enum card_field field) {
    return card->figures[field].value;
}

/* What is not known well, and decides: each can be set to its other end. */
#define CARD_AXES(AXIS)                                                                                      \
    AXIS(wmma32, "WMMA 32 cycles", 0)                                                                        \
    AXIS(lines2, "2 cycles a line beyond 8", 1)                                                              \
    AXIS(path_fast, "L2 to L0 at 7.1 TB/s", 0)                                                               \
    AXIS(path_slow, "L2 to L0 at 3.48 TB/s", 1)                                                              \
    AXIS(lds_half, "LDS at half rate", 1)                                                                    \
    AXIS(hash_plain, "channels by plain modulo", 1)                                                          \
    AXIS(dram_slow, "DRAM at 900 of 952 GB/s", 1)                                                            \
    AXIS(latency, "latencies x 1.3", 1)                                                                      \
    AXIS(associative, "L0 and scalar caches fully associative", 0)
enum card_axis {
#define AXIS(name, ...) AXIS_##name,
    CARD_AXES(AXIS)
#undef AXIS
        CARD_AXIS_COUNT
};
/* Sets the figures of an axis, of the card or of its SIMDs, to their other end. */
void card_apply(struct card *card, struct simd_config *simds, enum card_axis axis);

#endif
