/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "turns.h"

#include <stdlib.h>

static uint32_t *slot_of(const struct turns *t, uint64_t address) {
    size_t at = (size_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (t->slot_count - 1);
    while (t->slots[at] && t->places[t->slots[at] - 1].address != address)
        at = (at + 1) & (t->slot_count - 1);
    return &t->slots[at];
}

/* Slots are twice as many as places, at least. */
static bool grow(struct turns *t) {
    size_t capacity = t->capacity ? 2 * t->capacity : 256;
    struct place *places = realloc(t->places, capacity * sizeof *places);
    if (!places) return false;
    t->places = places;
    uint32_t *slots = calloc(2 * capacity, sizeof *slots);
    if (!slots) return false;
    free(t->slots);
    t->slots = slots;
    t->capacity = capacity;
    t->slot_count = 2 * capacity;
    for (size_t n = 0; n < t->count; n++) *slot_of(t, places[n].address) = (uint32_t)n + 1;
    return true;
}

bool turns_take(struct turns *t, uint64_t address, uint64_t group, struct turn *turn) {
    if (t->count == t->capacity && !grow(t)) return false;
    uint32_t *slot = slot_of(t, address);
    if (!*slot) {
        t->places[t->count++] = (struct place){.address = address};
        *slot = (uint32_t)t->count;
    }
    struct place *place = &t->places[*slot - 1];
    bool first = !place->groups || place->group != group;
    place->groups += first;
    place->group = group;
    *turn = (struct turn){.place = *slot, .rank = place->groups - 1, .first = first};
    return true;
}

void turns_free(struct turns *t) {
    free(t->places);
    free(t->slots);
    *t = (struct turns){0};
}
