/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Data races. In LDS the parties are the waves of a work-group, and barriers and atomics order them; in global memory
 * they are the work-groups of a launch, and nothing does but atomics: a party whose atomic (or atomic load from global memory)
 * reads what another has written is taken to know all that the other did, and all that the other knew (so a race behind such
 * a pair is missed, but none is made up).
 *
 * What compilers make of atomics decides what meets an atomic without a race: the plain load that a compare-and-swap loop
 * begins with (it is known by the compare-and-swap that follows), and in global memory plain stores, which may be
 * atomic ones.
 *
 * Stores of the same bytes are no race among themselves: a plain store that meets plain stores only, and leaves
 * what they have stored as it is, joins them. The bytes are of several parties from then on, and whoever stores
 * others there is found. Loads are not let off: what changes nothing now may come first in another order.
 *
 * A cell per dword says who wrote it last, who wrote other bytes of it before (or which bytes several have stored
 * alike), who has read it since, and what the writers have left there. Each of the three entries:
 *     bits 31:6 the party, 5 whether by an atomic, 4 by a plain store, 3:0 which bytes
 * In LDS the party's upper bits are an epoch that grows with every barrier, so that older entries count no
 * more, and one bit says that only the order in which LDS serves its instructions has kept the access on its side of
 * the barrier: nobody has waited for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strict.h"

enum { BYTES = 15, PLAIN = 16, ATOMIC = 32, KINDS = PLAIN | ATOMIC, ID_SHIFT = 6, ID_BITS = 32 - ID_SHIFT };
enum { WAVE_BITS = 7, LATE = 64, SEVERAL = 63 };
#define ID_MASK ((UINT32_C(1) << ID_BITS) - 1)
#define EPOCH   (ID_MASK & ~((1u << WAVE_BITS) - 1))

struct party {
    uint32_t me; /* not 0 */
    bool in_lds;
    uint64_t known; /* in LDS: of which waves it knows what they have done */
    bool may_swap;  /* the access may be part of a compare-and-swap loop */
};

/* In LDS: of the same epoch, which is never 0, and another wave of which it does not know. */
static inline bool unordered(const struct party *p, uint32_t entry) {
    uint32_t id = entry >> ID_SHIFT, differs = id ^ p->me;
    if (!p->in_lds) return id && differs;
    return !(differs & EPOCH) && differs & SEVERAL && !(p->known >> (id & SEVERAL) & 1);
}

/* Whether the entry is the party's own, or still matters to it. */
static bool stands(const struct party *p, uint32_t entry) {
    return entry >> ID_SHIFT == p->me || unordered(p, entry);
}

/* Adds to the party's entry, or begins it. In LDS a plain store makes the atomics around it no better. */
static void merge(uint32_t *entry, const struct party *p, uint32_t flags) {
    uint32_t kept = p->in_lds ? BYTES | KINDS : BYTES;
    *entry = p->me << ID_SHIFT | flags | (*entry >> ID_SHIFT == p->me ? *entry & kept : 0);
}

/* The entry of several parties, this one among them. */
static uint32_t of_several(const struct party *p, uint32_t flags) {
    return (p->in_lds ? p->me | SEVERAL : ID_MASK) << ID_SHIFT | flags;
}

void strict_race_group(struct strict *st, uint64_t group) {
    st->group = group;
    st->group_party = (uint32_t)(group % (ID_MASK - 2)) + 1;
    strict_race_epoch(st, NULL);
}

static bool may_meet(const struct party *p, uint32_t entry, enum access_kind kind) {
    bool atomic = kind == ACCESS_ATOMIC, other = (entry & KINDS) == ATOMIC;
    if (kind == ACCESS_LOAD) return other && p->may_swap;
    return (atomic && other) || (!p->in_lds && atomic != other);
}

/* All bits of some bytes of a dword. */
static uint32_t bits_of(uint32_t bytes) {
    return (bytes & 1) * 0xffu | (bytes >> 1 & 1) * 0xff00u | (bytes >> 2 & 1) * 0xff0000u |
           (bytes >> 3) * 0xff000000u;
}

/* Some bytes of a dword in memory; the others may lie outside. */
static uint32_t value_of(const unsigned char *dword, uint32_t bytes) {
    uint32_t value = 0;
    if (bytes == BYTES)
        memcpy(&value, dword, 4);
    else
        for (unsigned n = 0; n < 4; n++)
            if (bytes >> n & 1) value |= (uint32_t)dword[n] << 8 * n;
    return value;
}

/*
 * Enters a store of which the bytes `alike` were there already, by others. Of what else is written in the dword
 * there is room for one party's bytes: this one's, or else the last one's.
 */
static void join(struct cell *c, const struct party *p, uint32_t bytes, uint32_t alike) {
    const uint32_t writers[] = {c->earlier, c->writer};
    uint32_t several = of_several(p, PLAIN | alike), rest = 0, own = bytes & ~alike;
    for (unsigned n = 0; n < 2; n++) {
        uint32_t left = writers[n] & BYTES & ~bytes;
        if (writers[n] >> ID_SHIFT == several >> ID_SHIFT)
            several |= writers[n] & BYTES;
        else if (left && stands(p, writers[n]) && rest >> ID_SHIFT != p->me)
            rest = (writers[n] & ~(uint32_t)BYTES) | left;
    }
    if (own) merge(&rest, p, PLAIN | own);
    c->writer = rest;
    c->earlier = several;
}

/* Whether the access meets a writer that it must not. */
static inline bool conflicts(const struct party *p, uint32_t writer, uint32_t bytes, enum access_kind kind) {
    return writer & bytes && unordered(p, writer) && !may_meet(p, writer, kind);
}

static inline uint32_t enter_load(struct cell *c, const struct party *p, uint32_t bytes) {
    if (conflicts(p, c->writer, bytes, ACCESS_LOAD)) return c->writer;
    if (conflicts(p, c->earlier, bytes, ACCESS_LOAD)) return c->earlier;
    if (unordered(p, c->reader))
        c->reader = of_several(p, (c->reader & BYTES) | bytes);
    else
        merge(&c->reader, p, bytes);
    return 0;
}

/* Whether all bytes where a plain store meets others are as other plain stores have left them: which, else 0. */
static uint32_t stored_alike(const struct cell *c, const struct party *p, uint32_t bytes, uint32_t value) {
    const uint32_t writers[] = {c->writer, c->earlier};
    uint32_t alike = 0;
    for (unsigned n = 0; n < 2; n++) {
        if (!conflicts(p, writers[n], bytes, ACCESS_STORE)) continue;
        if (writers[n] & ATOMIC) return 0;
        alike |= writers[n] & bytes;
    }
    return (value ^ c->value) & bits_of(alike) ? 0 : alike;
}

/* memory: the dword, after the store or atomic. */
static inline uint32_t enter_write(struct cell *c, const struct party *p, uint32_t bytes,
                                   enum access_kind kind, const unsigned char *memory) {
    uint32_t value = value_of(memory, bytes), alike = 0, with = 0;
    if (conflicts(p, c->earlier, bytes, kind)) with = c->earlier;
    if (conflicts(p, c->writer, bytes, kind)) with = c->writer;
    if (with && kind == ACCESS_STORE) alike = stored_alike(c, p, bytes, value);
    if (with && !alike) return with;
    bool meets_loads = kind == ACCESS_ATOMIC && p->may_swap;
    if (c->reader & bytes && unordered(p, c->reader) && !meets_loads) return c->reader;
    c->value = bytes == BYTES ? value : (c->value & ~bits_of(bytes)) | value;
    if (alike) {
        join(c, p, bytes, alike);
        return 0;
    }
    if (unordered(p, c->writer) && !(c->writer & bytes)) c->earlier = c->writer;
    merge(&c->writer, p, bytes | (kind == ACCESS_ATOMIC ? ATOMIC : PLAIN));
    return 0;
}

/* Enters the access to one dword of memory; returns the entry that it conflicts with, or 0. */
static inline uint32_t enter(struct cell *c, const struct party *p, uint32_t bytes, enum access_kind kind,
                             const unsigned char *memory) {
    return kind == ACCESS_LOAD ? enter_load(c, p, bytes) : enter_write(c, p, bytes, kind, memory);
}

/* In global memory: whether nobody else has accessed the dword. */
static inline bool alone(const struct cell *c, const struct party *p) {
    uint32_t own = p->me << ID_SHIFT | (BYTES | KINDS);
    return !c->earlier && (!c->writer || (c->writer | BYTES | KINDS) == own) &&
           (!c->reader || (c->reader | BYTES | KINDS) == own);
}

/* The same as enter, where it can find nothing. */
static inline void enter_alone(struct cell *c, const struct party *p, uint32_t bytes, enum access_kind kind,
                               const unsigned char *memory) {
    if (kind == ACCESS_LOAD) {
        merge(&c->reader, p, bytes);
        return;
    }
    uint32_t value = value_of(memory, bytes);
    c->value = bytes == BYTES ? value : (c->value & ~bits_of(bytes)) | value;
    merge(&c->writer, p, bytes | (kind == ACCESS_ATOMIC ? ATOMIC : PLAIN));
}

/* Whether the instruction is a compare-and-swap, or one follows a load so closely that the load is its loop's first. */
static bool may_swap(const struct wave *w, enum access_kind kind) {
    enum { FAR = 256 }; /* clang's code at -O0 has 130 between them */
    if (kind == ACCESS_STORE) return false;
    struct program *program = w->shadow->strict->kernel->program;
    uint32_t pc = w->pc;
    for (unsigned n = 0; n < (kind == ACCESS_LOAD ? FAR : 1); n++) {
        const struct inst *i = &program_at(program, pc)->inst;
        if (op_info(i->op)->flags & OP_SWAPS) return true;
        pc += i->dwords;
    }
    return false;
}

/* Bytes of the dword at `dword` that [address, address + bytes) covers. */
static uint32_t covered(uint64_t dword, uint64_t address, uint32_t bytes) {
    uint64_t first = address > dword ? address - dword : 0, end = address + bytes - dword;
    return (BYTES << first) & (BYTES >> (end < 4 ? 4 - end : 0));
}

static const char *const verbs[] = {"reads", "writes", "updates"};

/* ---- LDS ------------------------------------------------------------------------------------------ */

static struct party lds_party(const struct strict *st, const struct wave *w) {
    return (struct party){.me = (st->epoch << WAVE_BITS | w->index) & ID_MASK,
                          .in_lds = true,
                          .known = st->lds_known[w->index]};
}

/* An atomic meets that of another wave, which may know more than when they met last. */
static void learn_lds(struct strict *st, const struct wave *w, uint32_t address, uint32_t bytes) {
    struct party p = lds_party(st, w);
    p.known = 0;
    for (uint32_t dword = address & ~3u; dword < address + bytes; dword += 4) {
        uint32_t entry = st->lds_cells[dword / 4].writer, other = entry >> ID_SHIFT & SEVERAL;
        if ((entry & KINDS) == ATOMIC && unordered(&p, entry) && other != SEVERAL)
            st->lds_known[w->index] |= UINT64_C(1) << other | st->lds_known[other];
    }
}

static inline uint32_t enter_lds(struct strict *st, const struct party *p, const unsigned char *lds,
                                 uint32_t address, uint32_t bytes, enum access_kind kind) {
    for (uint32_t dword = address & ~3u; dword < address + bytes; dword += 4) {
        uint32_t with =
            enter(&st->lds_cells[dword / 4], p, covered(dword, address, bytes), kind, lds + dword);
        if (with) return with;
    }
    return 0;
}

bool strict_race_lds(struct wave *w, unsigned lane, uint32_t address, uint32_t bytes, enum access_kind kind) {
    struct strict *st = w->shadow->strict;
    if (kind == ACCESS_ATOMIC) learn_lds(st, w, address, bytes);
    struct party p = lds_party(st, w);
    uint32_t with;
    while ((with = enter_lds(st, &p, w->group->lds, address, bytes, kind)) && !p.may_swap &&
           may_swap(w, kind))
        p.may_swap = true;
    if (!with) return true;
    unsigned other = with >> ID_SHIFT & SEVERAL;
    char who[32] = "several waves have";
    if (other < st->wave_count) snprintf(who, sizeof who, "wave %u has", other);
    bool late = with >> ID_SHIFT & LATE;
    struct find find = {.check = late ? RDNASIM_CHECK_LDS_ORDER : RDNASIM_CHECK_RACE,
                        .lane = lane,
                        .address = address,
                        .bytes = bytes};
    if (!strict_found(w, find, "%s %u bytes of LDS at 0x%x, which %s accessed %s", verbs[kind], bytes,
                      address, who,
                      late ? "before the barrier, but without a wait: only the order in which LDS serves its "
                             "instructions keeps the two apart"
                           : "too: no barrier or atomic orders the two"))
        return false;
    for (uint32_t dword = address & ~3u; dword < address + bytes; dword += 4)
        st->lds_cells[dword / 4] = (struct cell){0};
    enter_lds(st, &p, w->group->lds, address, bytes, kind);
    return true;
}

/* Accesses that have not been waited for may happen after the next barrier: they are kept to be entered
 * again. */
void strict_race_note_lds(struct wave *w) {
    struct shadow *sh = w->shadow;
    unsigned kept = 0;
    for (unsigned n = 0; n < sh->access_count; n++)
        if (sh->accesses[n].event > sh->lgkm.done) {
            if (kept != n) sh->accesses[kept] = sh->accesses[n];
            kept++;
        }
    if (kept == LDS_ACCESSES) { /* the hardware would have stalled: the oldest is over */
        for (unsigned n = 1; n < kept; n++) sh->accesses[n - 1] = sh->accesses[n];
        kept--;
    }
    struct lds_access *a = &sh->accesses[kept];
    sh->access_count = kept + 1;
    *a = (struct lds_access){.event = sh->lgkm.issued,
                             .mask = exec_mask(w),
                             .bytes = w->note.bytes,
                             .count = w->note.count,
                             .store = w->note.store,
                             .atomic = w->note.atomic};
    for (unsigned c = 0; c < a->count; c++)
        for (unsigned l = 0; l < LANES; l++)
            a->addresses[c][l] = (uint32_t)w->note.addresses[c][LANES * w->half + l];
}

void strict_race_epoch(struct strict *st, struct group *group) {
    if (++st->epoch >> (ID_BITS - WAVE_BITS)) { /* the cells' numbers begin anew */
        st->epoch = 1;
        for (uint32_t n = 0; n < st->lds_bytes / 4 + 4; n++) st->lds_cells[n] = (struct cell){0};
    }
    memset(st->lds_known, 0, sizeof st->lds_known);
    for (unsigned n = 0; group && n < group->wave_count; n++) {
        struct wave *w = &group->waves[n];
        struct party p = lds_party(st, w);
        p.me |= LATE;
        for (unsigned k = 0; k < w->shadow->access_count; k++) {
            const struct lds_access *a = &w->shadow->accesses[k];
            if (a->event <= w->shadow->lgkm.done) continue;
            enum access_kind kind = a->atomic ? ACCESS_ATOMIC : a->store ? ACCESS_STORE : ACCESS_LOAD;
            for (unsigned c = 0; c < a->count; c++)
                for (unsigned l = 0; l < LANES; l++)
                    if (a->mask >> l & 1) enter_lds(st, &p, group->lds, a->addresses[c][l], a->bytes, kind);
        }
    }
}

/* ---- global memory -------------------------------------------------------------------------------- */

/*
 * What a work-group knows of others: a bit for each, or for as many neighbours as keep the sets of all within
 * KNOWN_BYTES. Whoever shares a bit with one that is known counts as known too, so nothing is made up.
 */
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

/* False: no memory; then no order is known. */
static bool learn(struct strict *st, uint32_t entry) {
    uint32_t id = entry >> ID_SHIFT;
    if (!id || id == st->group_party) return true;
    uint64_t other = id == ID_MASK ? 0 : (id - 1) % st->group_count, bit = other >> st->known_shift;
    uint64_t **mine = &st->known[st->group];
    size_t words = known_words(st);
    if (!*mine) *mine = calloc(words, sizeof **mine);
    if (!*mine) return false;
    if (id == ID_MASK) { /* several: which ones is not known */
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

static bool knows(const struct strict *st, uint32_t entry) {
    const uint64_t *mine = st->known ? st->known[st->group] : NULL;
    uint32_t id = entry >> ID_SHIFT;
    if (!mine) return false;
    if (id == ID_MASK) return true; /* several: which ones is not known */
    uint64_t bit = (id - 1) % st->group_count >> st->known_shift;
    return mine[bit / 64] >> bit % 64 & 1;
}

/* The cells of a buffer, made at the first access. Null: none can write it, or there is no memory for them. */
static struct cell *cells_of(struct wave *w, const struct binding *b) {
    struct cell **cells = &w->shadow->strict->cells[b->base >> SLOT_SHIFT];
    if (!(b->access & RDNASIM_WRITE)) return NULL;
    if (!*cells) *cells = calloc(b->bytes / 4 + 1, sizeof **cells);
    if (!*cells)
        wave_fault(w, RDNASIM_OUT_OF_MEMORY, 0, b->base, 0, "out of memory for strict mode's records");
    return *cells;
}

void strict_race_writers(struct wave *w, uint64_t address, uint32_t bytes, struct writers *writers) {
    struct strict *st = w->shadow->strict;
    const struct binding *b = &st->sim->memory.slots[address >> SLOT_SHIFT];
    const struct cell *cells = cells_of(w, b);
    if (!cells) return;
    uint64_t offset = address - b->base;
    for (uint64_t dword = offset / 4; dword * 4 < offset + bytes; dword++) {
        const uint32_t entries[] = {cells[dword].earlier, cells[dword].writer};
        for (unsigned n = 0; n < 2; n++)
            if (entries[n] && writers->count < WRITERS) writers->entries[writers->count++] = entries[n];
    }
}

void strict_race_acquire(struct wave *w, const struct writers *writers) {
    struct strict *st = w->shadow->strict;
    if (!writers->count || !make_known(st)) return;
    for (unsigned n = 0; n < writers->count; n++)
        if (!learn(st, writers->entries[n])) return;
}

/* An access to a dword that others have accessed, too; false: it stops the wave. */
static __attribute__((noinline)) bool enter_shared(struct wave *w, struct cell *c, struct find find,
                                                   struct party p, uint32_t part, enum access_kind kind,
                                                   const unsigned char *memory) {
    uint32_t with = enter(c, &p, part, kind, memory);
    if (with && may_swap(w, kind)) {
        p.may_swap = true;
        with = enter(c, &p, part, kind, memory);
    }
    if (!with) return true;
    char who[48] = "several work-groups have";
    if (with >> ID_SHIFT != ID_MASK)
        snprintf(who, sizeof who, "work-group %u (counted from 0) has", (with >> ID_SHIFT) - 1);
    if (!knows(w->shadow->strict, with) &&
        !strict_found(w, find,
                      "%s %u bytes at 0x%llx, which %s accessed too in the same launch, and no atomic "
                      "orders the two",
                      verbs[kind], find.bytes, (unsigned long long)find.address, who))
        return false;
    *c = (struct cell){0};
    enter(c, &p, part, kind, memory);
    return true;
}

bool strict_race_global(struct wave *w, unsigned lane, uint64_t address, uint32_t bytes,
                        enum access_kind kind) {
    struct strict *st = w->shadow->strict;
    const struct binding *b = &st->sim->memory.slots[address >> SLOT_SHIFT];
    if (!(b->access & RDNASIM_WRITE)) return true; /* nobody can write it */
    struct cell *cells = cells_of(w, b);
    if (!cells) return false;
    const struct party p = {.me = st->group_party};
    uint64_t offset = address - b->base;
    if (bytes > b->bytes - offset) bytes = (uint32_t)(b->bytes - offset); /* a load that passes the end */
    for (uint64_t dword = offset & ~UINT64_C(3); dword < offset + bytes; dword += 4) {
        struct cell *c = &cells[dword / 4];
        uint32_t part = covered(dword, offset, bytes);
        const unsigned char *memory = b->host + dword;
        if (alone(c, &p)) { /* most often */
            enter_alone(c, &p, part, kind, memory);
            continue;
        }
        struct find find = {.check = RDNASIM_CHECK_RACE, .lane = lane, .address = address, .bytes = bytes};
        if (!enter_shared(w, c, find, p, part, kind, memory)) return false;
    }
    return true;
}
