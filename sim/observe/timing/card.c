/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Cards by name, from the rows of card.def and what is known of their targets. */
#include "card.h"

#include <ctype.h>

#include "cache.h"
#include "rdnasim.h"

const struct card_field_info card_fields[CARD_FIELDS] = {
#define FIELD(name, unit, what) {#name, unit, what},
#include "card.def"
};

enum card_id {
#define CARD(id, name, target) CARD_ID_##id,
#include "card.def"
#undef CARD
    CARD_COUNT
};

static const struct {
    const char *name, *target;
} cards[CARD_COUNT] = {
#define CARD(id, name, target) {name, target},
#include "card.def"
#undef CARD
};

static const struct {
    enum card_id card;
    enum card_field field;
    struct card_figure figure;
} values[] = {
#define VALUE(id, field, value, source, confidence) {CARD_ID_##id, CARD_##field, {value, source, confidence}},
#include "card.def"
};

static const struct card_figure common[CARD_FIELDS] = {
#define ALL(field, value, source, confidence) [CARD_##field] = {value, source, confidence},
#include "card.def"
};

/* ---- by name -------------------------------------------------------------------------------------------- */

static bool same_name(const char *a, const char *b) {
    for (;;) {
        while (*a == ' ' || *a == '-' || *a == '_') a++;
        while (*b == ' ' || *b == '-' || *b == '_') b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) return false;
        if (!*a) return true;
        a++, b++;
    }
}

static void fill(enum card_id id, struct card *out) {
    const rdnasim_target *target = rdnasim_find_target(cards[id].target);
    *out = (struct card){.name = cards[id].name, .target = cards[id].target};
    for (unsigned n = 0; n < CARD_FIELDS; n++) out->figures[n] = common[n];
    out->figures[CARD_compute_units] = (struct card_figure){target->compute_units, "SPEC", 'H'};
    out->figures[CARD_shader_mhz] = (struct card_figure){target->clock_mhz, "SPEC", 'M'};
    out->figures[CARD_l2_kib] = (struct card_figure){target->l2_mib * 1024, "SPEC", 'H'};
    for (size_t n = 0; n < sizeof values / sizeof values[0]; n++)
        if (values[n].card == id) out->figures[values[n].field] = values[n].figure;
    if (!out->figures[CARD_l2_channels].value)
        out->figures[CARD_l2_channels] =
            (struct card_figure){out->figures[CARD_l2_kib].value / 256, "AMD-OR: 256 KiB each", 'M'};
}

bool card_find(const char *name, struct card *out) {
    for (unsigned id = 0; name && id < CARD_COUNT; id++)
        if (same_name(name, cards[id].name)) {
            fill((enum card_id)id, out);
            return true;
        }
    return false;
}

const char *rdnasim_timing_card(size_t index) { return index < CARD_COUNT ? cards[index].name : NULL; }

const char *rdnasim_timing_target(const char *card) {
    struct card found;
    return card_find(card, &found) ? found.target : NULL;
}

/* ---- variants ------------------------------------------------------------------------------------------- */

static const rdnasim_axis axes[] = {
#define AXIS(name, text, slower) {text, slower},
    CARD_AXES(AXIS)
#undef AXIS
};

const rdnasim_axis *rdnasim_timing_axis(size_t index) {
    return index < CARD_AXIS_COUNT ? &axes[index] : NULL;
}

static void set(struct card *card, enum card_field field, uint32_t value) {
    card->figures[field] = (struct card_figure){value, "variant", 'L'};
}

static void scale(struct card *card, enum card_field field, uint32_t times, uint32_t of) {
    set(card, field, (uint32_t)((uint64_t)card->figures[field].value * times / of));
}

void card_apply(struct card *card, struct simd_config *simds, enum card_axis axis) {
    static const enum card_field latencies[] = {
        CARD_l0_hit, CARD_scalar_hit, CARD_scalar_l2, CARD_code_miss, CARD_gl1_hit,
        CARD_l2_hit, CARD_store_done, CARD_mall_ns,   CARD_dram_ns,   CARD_tlb_ns};
    switch (axis) {
    case AXIS_wmma32: simds->wmma_vectors = 0; break;
    case AXIS_lines2: set(card, CARD_far_line_cycles, 2); break;
    case AXIS_path_fast: scale(card, CARD_gl1_path, 710, 384); break;
    case AXIS_path_slow: scale(card, CARD_gl1_path, 348, 384); break;
    case AXIS_lds_half: simds->lds_half_rate = 1; break;
    case AXIS_hash_plain: set(card, CARD_channel_fold, 0); break;
    case AXIS_dram_slow: scale(card, CARD_dram_read_mb_s, 900, 952); break;
    case AXIS_associative:
        set(card, CARD_l0_ways, card_get(card, CARD_l0_bytes) / LINE_BYTES);
        set(card, CARD_scalar_ways, card_get(card, CARD_scalar_bytes) / SCALAR_LINE_BYTES);
        break;
    case AXIS_latency:
        for (size_t n = 0; n < sizeof latencies / sizeof latencies[0]; n++) scale(card, latencies[n], 13, 10);
        break;
    default: break;
    }
}
