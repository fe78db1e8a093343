/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a work-group knows of others: a bit for each, or for as many neighbours as keep the sets of all within
 * KNOWN_BYTES. Whoever shares a bit with one that is known counts as known too, so no race is made up.
 */
#include <stdlib.h>
#include <string.h>

#include "strict.h"

enum { KNOWN_BYTES = 1 << 26, KNOWN_COARSE = 4096 };

static size_t known_words(const struct strict *st) {
    return ((st->group_count - 1) >> st->known_shift) / 64 + 1;
}

static bool make_known(struct strict *st) {
    if (st->known) return true;
    st->known = calloc(st->group_count, sizeof *st->known);
    if (!st->known) return false;
    if (st->group_count * known_words(st) * 8 > KNOWN_BYTES)
        while (st->group_count >> st->known_shift > KNOWN_COARSE) st->known_shift++;
    return true;
}

bool strict_learn(struct strict *st, uint32_t party) {
    if (!party || party == st->group_party) return true;
    if (!make_known(st)) return false;
    uint64_t other = party == SEVERAL_GROUPS ? 0 : (party - 1) % st->group_count,
             bit = other >> st->known_shift;
    uint64_t **mine = &st->known[st->group];
    size_t words = known_words(st);
    if (!*mine) *mine = calloc(words, sizeof **mine);
    if (!*mine) return false;
    if (party == SEVERAL_GROUPS) { /* which ones is not known */
        memset(*mine, 255, words * sizeof **mine);
        return true;
    }
    /* It has ended, and knows no more than when it was met first. */
    if (!st->known_shift && (*mine)[bit / 64] >> bit % 64 & 1) return true;
    (*mine)[bit / 64] |= UINT64_C(1) << bit % 64;
    const uint64_t *theirs = st->known[other];
    for (size_t n = 0; theirs && n < words; n++) (*mine)[n] |= theirs[n];
    return true;
}

bool strict_knows(const struct strict *st, uint32_t party) {
    const uint64_t *mine = st->known ? st->known[st->group] : NULL;
    if (!mine) return false;
    if (party == SEVERAL_GROUPS) return true; /* which ones is not known */
    uint64_t bit = (party - 1) % st->group_count >> st->known_shift;
    return mine[bit / 64] >> bit % 64 & 1;
}

void strict_known_free(struct strict *st) {
    for (uint64_t n = 0; st->known && n < st->group_count; n++) free(st->known[n]);
    free(st->known);
}
