/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Data races. In LDS the parties are the waves of a work-group, and barriers and atomics order them; in global memory
 * they are the work-groups of a launch, and nothing does but atomics: a party whose atomic (or atomic load from global memory)
 * reads what another has written is taken to know all that the other did, and all that the other knew (so a race behind such
 * a pair is missed, but none is made up).
 *
 * What compilers make of atomics decides what meets an atomic without a race: the plain load that a compare-and-swap loop
 * begins with, and in global memory plain stores, which may be atomic ones. In LDS loads and read-modify-writes of flags and
 * locks meet plain stores. The code around an access tells (role.c). Any other load that meets atomics, in code that has a
 * compare-and-swap, is kept as a doubt: the wave's compare-and-swap of that place clears it, and that load in the whole launch; else
 * it is reported when the wave ends.
 *
 * Stores of the same bytes are no race among themselves: a plain store that meets plain stores only, and leaves
 * what they have stored as it is, joins them. The bytes are of several parties from then on, and whoever stores
 * others there is found. Loads are not let off: what changes nothing now may come first in another order.
 *
 * A cell per dword says who wrote it last, who wrote other bytes of it before (or which bytes several have stored
 * alike), who has read it since, and what the writers have left there. Each of the three entries:
 *     bits 31:8 the party, 7:4 how, 3:0 which bytes
 * How: PLAIN by a store, or a load; ATOMIC by an atomic, or a load that begins a compare-and-swap loop; SWAP by a compare-and-swap;
 * SYNC by an access to a flag or lock in LDS; in global memory the same bit, OPEN, says of an atomic that its wave had not waited
 * for its stores, so that who meets it does not know of them.
 * In LDS the party is a wave and a time, which grows with every store and barrier: entries from before the last barrier count no
 * more, and of another wave a wave knows what it did up to some time. One bit says that only the order in which LDS serves
 * its instructions has kept the access on its side of the barrier: nobody has waited for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strict.h"

enum {
    BYTES = 15,
    PLAIN = 16,
    ATOMIC = 32,
    SWAP = 64,
    SYNC = 128,
    OPEN = SYNC,
    KINDS = PLAIN | ATOMIC | SWAP | SYNC
};
enum { ID_SHIFT = 8, ID_BITS = 32 - ID_SHIFT };
enum { WAVE_BITS = 7, LATE = 64, SEVERAL = 63, TIMES = 1 << (ID_BITS - WAVE_BITS) };

/* In LDS: since the last barrier, by another wave that has done it later than is known. */
static inline bool unordered(const struct party *p, uint32_t entry) {
    uint32_t id = entry >> ID_SHIFT, time = id >> WAVE_BITS, other = id & SEVERAL;
    if (!p->in_lds) return id && id != p->me;
    return time > p->since && (other ^ p->me) & SEVERAL && (other == SEVERAL || time > p->known[other]);
}

/* The same of those who have read. */
static inline bool unordered_reader(const struct party *p, uint32_t entry) {
    if (!unordered(p, entry)) return false;
    if (!p->in_lds || (entry >> ID_SHIFT & SEVERAL) != SEVERAL) return true;
    for (unsigned n = 0; n < p->waves; n++)
        if (n != (p->me & SEVERAL) && p->reads[n] > p->known[n]) return true;
    return false;
}

/* Whether the entry is the party's own; in LDS since the last barrier. */
static bool own(const struct party *p, uint32_t entry) {
    uint32_t id = entry >> ID_SHIFT;
    if (!p->in_lds) return id == p->me;
    return id >> WAVE_BITS > p->since && !((id ^ p->me) & (SEVERAL | LATE));
}

/* An atomic of the party's that told of all that it did is not undone by another one. */
static inline uint32_t how_of(const struct party *p, uint32_t before) {
    bool told = !p->in_lds && before & (ATOMIC | SWAP) && !(before & OPEN);
    return told ? p->how & ~(uint32_t)OPEN : p->how;
}

/*
 * Adds to the party's entry, or begins it. In LDS a plain store makes the atomics around it no better, nor a plain load others,
 * and bytes that were accessed earlier keep their time, as there is one for all.
 */
static void merge(uint32_t *entry, const struct party *p, uint32_t bytes, bool load) {
    uint32_t before = own(p, *entry) ? *entry : 0, id = p->me, kept = BYTES;
    if ((p->in_lds || load) && p->how != SYNC) kept |= KINDS;
    if (before & BYTES & ~bytes) id = before >> ID_SHIFT;
    *entry = id << ID_SHIFT | how_of(p, before) | bytes | (before & kept);
}

/* The entry of several parties, this one among them. */
static uint32_t of_several(const struct party *p, uint32_t flags) {
    return (p->in_lds ? p->me | SEVERAL : SEVERAL_GROUPS) << ID_SHIFT | flags;
}

static bool is_several(const struct party *p, uint32_t entry) {
    uint32_t id = entry >> ID_SHIFT;
    return p->in_lds ? (id & SEVERAL) == SEVERAL && id >> WAVE_BITS > p->since : id == SEVERAL_GROUPS;
}

void strict_race_group(struct strict *st, uint64_t group) {
    st->group = group;
    st->group_party = (uint32_t)(group % (SEVERAL_GROUPS - 2)) + 1;
    strict_race_epoch(st, NULL);
}

/* Whether it may meet a writer. */
static bool may_meet(const struct party *p, uint32_t entry, enum access_kind kind) {
    bool plain = entry & PLAIN;
    if (p->how == SYNC) return true;
    if (kind == ACCESS_LOAD) return p->how == ATOMIC && !plain && !(entry & ATOMIC);
    if (kind == ACCESS_ATOMIC) return !plain || !p->in_lds;
    return p->in_lds ? (entry & KINDS) == SYNC : !plain;
}

/* Whether a store or an atomic may meet those who have read. */
static bool may_meet_reader(const struct party *p, uint32_t entry, enum access_kind kind) {
    if ((entry & KINDS) == SYNC) return true;
    return kind == ACCESS_ATOMIC && (p->how & SWAP || !(entry & PLAIN));
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
    uint32_t several = of_several(p, PLAIN | alike), rest = 0, apart = bytes & ~alike;
    for (unsigned n = 0; n < 2; n++) {
        uint32_t left = writers[n] & BYTES & ~bytes;
        if (is_several(p, writers[n]))
            several |= writers[n] & BYTES;
        else if (left && (own(p, writers[n]) || unordered(p, writers[n])) && !own(p, rest))
            rest = (writers[n] & ~(uint32_t)BYTES) | left;
    }
    if (apart) merge(&rest, p, apart, false);
    c->writer = rest;
    c->earlier = several;
}

/* Whether the access meets a writer that it must not. */
static inline bool conflicts(const struct party *p, uint32_t writer, uint32_t bytes, enum access_kind kind) {
    return writer & bytes && unordered(p, writer) && !may_meet(p, writer, kind);
}

/* One more party reads. */
static inline void join_readers(struct cell *c, const struct party *p, uint32_t bytes) {
    if (p->in_lds) {
        uint32_t before = c->reader >> ID_SHIFT;
        if ((before & SEVERAL) != SEVERAL) {
            for (unsigned n = 0; n < p->waves; n++) p->reads[n] = 0;
            p->reads[before & SEVERAL] = before >> WAVE_BITS;
        }
        p->reads[p->me & SEVERAL] = p->me >> WAVE_BITS;
    }
    c->reader = of_several(p, (c->reader & (BYTES | KINDS)) | p->how | bytes);
}

static inline uint32_t enter_load(struct cell *c, const struct party *p, uint32_t bytes) {
    if (conflicts(p, c->writer, bytes, ACCESS_LOAD)) return c->writer;
    if (conflicts(p, c->earlier, bytes, ACCESS_LOAD)) return c->earlier;
    if (!unordered_reader(p, c->reader)) {
        merge(&c->reader, p, bytes, true);
        return 0;
    }
    join_readers(c, p, bytes);
    return 0;
}

/* Whether all bytes where a plain store meets others are as other plain stores have left them: which, else 0. */
static uint32_t stored_alike(const struct cell *c, const struct party *p, uint32_t bytes, uint32_t value) {
    const uint32_t writers[] = {c->writer, c->earlier};
    uint32_t alike = 0;
    for (unsigned n = 0; n < 2; n++) {
        if (!conflicts(p, writers[n], bytes, ACCESS_STORE)) continue;
        if (writers[n] & KINDS & ~(uint32_t)PLAIN) return 0;
        alike |= writers[n] & bytes;
    }
    return (value ^ c->value) & bits_of(alike) ? 0 : alike;
}

static inline void keep_value(struct cell *c, uint32_t bytes, const unsigned char *memory) {
    uint32_t value = value_of(memory, bytes);
    c->value = bytes == BYTES ? value : (c->value & ~bits_of(bytes)) | value;
}

/* memory: the dword, after the store or atomic. */
static inline uint32_t enter_write(struct cell *c, const struct party *p, uint32_t bytes,
                                   enum access_kind kind, const unsigned char *memory) {
    uint32_t value = value_of(memory, bytes), alike = 0, with = 0;
    if (conflicts(p, c->earlier, bytes, kind)) with = c->earlier;
    if (conflicts(p, c->writer, bytes, kind)) with = c->writer;
    if (with && kind == ACCESS_STORE) alike = stored_alike(c, p, bytes, value);
    if (with && !alike) return with;
    if (c->reader & bytes && unordered_reader(p, c->reader) && !may_meet_reader(p, c->reader, kind))
        return c->reader;
    keep_value(c, bytes, memory);
    if (alike) {
        join(c, p, bytes, alike);
        return 0;
    }
    if (unordered(p, c->writer) && !(c->writer & bytes)) c->earlier = c->writer;
    merge(&c->writer, p, bytes, false);
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
    uint32_t entry = p->me << ID_SHIFT | p->how | bytes;
    if (kind == ACCESS_LOAD) {
        c->reader = entry | (c->reader & (BYTES | KINDS));
        return;
    }
    keep_value(c, bytes, memory);
    c->writer = p->me << ID_SHIFT | how_of(p, c->writer) | bytes | (c->writer & BYTES);
}

/* The same in LDS, where nobody has written since the last barrier, or else read what is written. False: somebody has. */
static inline bool enter_fresh(struct cell *c, const struct party *p, uint32_t bytes, enum access_kind kind,
                               const unsigned char *memory) {
    if (c->writer >= p->fresh || c->earlier >= p->fresh || p->how == SYNC) return false;
    uint32_t entry = p->me << ID_SHIFT | p->how | bytes;
    if (kind != ACCESS_LOAD) {
        if (c->reader >= p->fresh) return false;
        keep_value(c, bytes, memory);
        c->writer = entry;
    } else if (c->reader < p->fresh) {
        c->reader = entry;
    } else if (c->reader >> ID_SHIFT == p->me) {
        c->reader |= entry;
    } else if (((c->reader >> ID_SHIFT ^ p->me) & SEVERAL) == 0) {
        return false;
    } else {
        join_readers(c, p, bytes);
    }
    return true;
}

static struct party lds_party(const struct strict *st, const struct wave *w) {
    return (struct party){.me = st->time << WAVE_BITS | w->index,
                          .in_lds = true,
                          .since = st->barrier_time,
                          .fresh = (st->barrier_time + 1) << (ID_SHIFT + WAVE_BITS),
                          .known = st->lds_known[w->index],
                          .waves = st->wave_count};
}

struct access strict_access(const struct wave *w, const struct inst *i, enum access_kind kind) {
    const struct strict *st = w->shadow->strict;
    enum role role = kind == ACCESS_STORE ? ROLE_PLAIN : strict_role(w);
    struct access a = {.kind = kind,
                       .swaps = op_info(i->op)->flags & OP_SWAPS,
                       .in_lds = lds_party(st, w),
                       .in_global = {.me = st->group_party}};
    uint32_t how = role == ROLE_SWAP ? ATOMIC : PLAIN;
    if (kind == ACCESS_ATOMIC) how = a.swaps ? SWAP : ATOMIC;
    a.in_global.how = how | (kind == ACCESS_ATOMIC && w->shadow->stores_open ? OPEN : 0);
    a.in_lds.how = role == ROLE_SYNC ? SYNC : how;
    a.learns = role == ROLE_SYNC || kind == ACCESS_ATOMIC;
    return a;
}

/* Bytes of the dword at `dword` that [address, address + bytes) covers. */
static uint32_t covered(uint64_t dword, uint64_t address, uint32_t bytes) {
    uint64_t first = address > dword ? address - dword : 0, end = address + bytes - dword;
    return (BYTES << first) & (BYTES >> (end < 4 ? 4 - end : 0));
}

/* ---- what is found, and doubts ---------------------------------------------------------------------- */

static const char *const verbs[] = {"reads", "writes", "updates"};

/* f: the access; with: the entry that it has met. False: it stops the wave. */
static bool found(struct wave *w, struct find f, bool in_lds, enum access_kind kind, uint32_t with) {
    uint32_t id = with >> ID_SHIFT;
    char who[48];
    if (!in_lds) {
        snprintf(who, sizeof who,
                 id == SEVERAL_GROUPS ? "several work-groups have" : "work-group %u (counted from 0) has",
                 id - 1);
        return strict_found(w, f,
                            "%s %u bytes at 0x%llx, which %s accessed too in the same launch, and no atomic "
                            "orders the two",
                            verbs[kind], f.bytes, (unsigned long long)f.address, who);
    }
    bool late = id & LATE, several = (id & SEVERAL) >= w->shadow->strict->wave_count;
    snprintf(who, sizeof who, several ? "several waves have" : "wave %u has", id & SEVERAL);
    if (late) f.check = RDNASIM_CHECK_LDS_ORDER;
    return strict_found(
        w, f, "%s %u bytes of LDS at 0x%llx, which %s accessed %s", verbs[kind], f.bytes,
        (unsigned long long)f.address, who,
        late ? "before the barrier, but without a wait: only the order in which LDS serves its "
               "instructions keeps the two apart"
             : "too: no barrier or atomic orders the two");
}

static bool has_swapped(const struct strict *st, uint32_t pc) {
    for (unsigned n = 0; n < st->swapped_count; n++)
        if (st->swapped[n] == pc) return true;
    return false;
}

/* Whether the load, which has met an atomic, may still turn out to be that of a compare-and-swap loop. */
static bool doubt(struct wave *w, struct find f, bool in_lds, enum access_kind kind, uint32_t with) {
    struct shadow *sh = w->shadow;
    if (kind != ACCESS_LOAD || with & PLAIN) return false;
    if (has_swapped(sh->strict, w->pc)) return true;
    if (!strict_swaps_exist(w)) return false;
    for (unsigned n = 0; n < sh->doubt_count; n++)
        if (sh->doubts[n].pc == w->pc && sh->doubts[n].address == f.address) return true;
    if (sh->doubt_count < DOUBTS)
        sh->doubts[sh->doubt_count++] = (struct doubt){.address = f.address,
                                                       .pc = w->pc,
                                                       .bytes = f.bytes,
                                                       .with = with,
                                                       .lane = (uint8_t)f.lane,
                                                       .in_lds = in_lds};
    return true;
}

void strict_race_note_load(struct wave *w, bool in_lds, uint64_t address) {
    struct shadow *sh = w->shadow;
    sh->recent[sh->recent_at] = (struct recent_load){.address = address, .pc = w->pc, .in_lds = in_lds};
    sh->recent_at = (sh->recent_at + 1) % RECENT_LOADS;
}

static void set_swapped(struct strict *st, uint32_t pc) {
    if (st->swapped_count < DOUBTS && !has_swapped(st, pc)) st->swapped[st->swapped_count++] = pc;
}

/* A compare-and-swap: loads of that place were its loop's, and doubts about them are cleared. */
static void clear_doubts(struct wave *w, bool in_lds, uint64_t address, uint32_t bytes) {
    struct shadow *sh = w->shadow;
    for (unsigned n = 0; n < RECENT_LOADS; n++) {
        const struct recent_load *load = &sh->recent[n];
        if (load->pc && load->address == address && load->in_lds == in_lds) set_swapped(sh->strict, load->pc);
    }
    for (unsigned n = 0; n < sh->doubt_count;) {
        const struct doubt *d = &sh->doubts[n];
        if (d->in_lds != in_lds || d->address >= address + bytes || address >= d->address + d->bytes) {
            n++;
            continue;
        }
        set_swapped(sh->strict, d->pc);
        sh->doubts[n] = sh->doubts[--sh->doubt_count];
    }
}

bool strict_race_end(struct wave *w) {
    struct shadow *sh = w->shadow;
    uint32_t pc = w->pc;
    for (unsigned n = 0; n < sh->doubt_count; n++) {
        const struct doubt *d = &sh->doubts[n];
        if (has_swapped(sh->strict, d->pc)) continue;
        struct find f = {
            .check = RDNASIM_CHECK_RACE, .lane = d->lane, .address = d->address, .bytes = d->bytes};
        w->pc = d->pc; /* for the report */
        w->note.space = d->in_lds ? RDNASIM_SPACE_LDS : RDNASIM_SPACE_GLOBAL;
        if (!found(w, f, d->in_lds, ACCESS_LOAD, d->with)) return false;
    }
    w->pc = pc;
    return true;
}

/* ---- LDS ------------------------------------------------------------------------------------------ */

/*
 * An atomic, or a load of a flag, meets what another wave has left there: it knows what that one had done by then, and what it
 * knows of others.
 */
static void learn_lds(struct strict *st, const struct wave *w, bool sync, uint32_t address, uint32_t bytes) {
    const struct party p = lds_party(st, w);
    uint32_t *mine = st->lds_known[w->index];
    for (uint32_t dword = address & ~3u; dword < address + bytes; dword += 4) {
        const struct cell *c = &st->lds_cells[dword / 4];
        const uint32_t writers[] = {c->writer, c->earlier};
        for (unsigned n = 0; n < 2; n++) {
            uint32_t id = writers[n] >> ID_SHIFT, other = id & SEVERAL;
            bool meets = writers[n] & covered(dword, address, bytes) && (sync || !(writers[n] & PLAIN));
            if (!meets || !unordered(&p, writers[n]) || other == SEVERAL) continue;
            const uint32_t *theirs = st->lds_known[other];
            for (unsigned k = 0; k < st->wave_count; k++)
                if (theirs[k] > mine[k]) mine[k] = theirs[k];
            if (id >> WAVE_BITS > mine[other]) mine[other] = id >> WAVE_BITS;
        }
    }
}

static inline uint32_t enter_lds(struct strict *st, struct party *p, const unsigned char *lds,
                                 uint32_t address, uint32_t bytes, enum access_kind kind) {
    bool whole = !((address | bytes) & 3);
    for (uint32_t dword = address & ~3u; dword < address + bytes; dword += 4) {
        p->reads = &st->lds_reads[(size_t)dword / 4 * st->wave_count];
        struct cell *c = &st->lds_cells[dword / 4];
        uint32_t part = whole ? BYTES : covered(dword, address, bytes);
        if (enter_fresh(c, p, part, kind, lds + dword)) continue; /* most often */
        uint32_t with = enter(c, p, part, kind, lds + dword);
        if (with) return with;
    }
    return 0;
}

bool strict_race_lds(struct wave *w, unsigned lane, uint32_t address, uint32_t bytes, struct access *a) {
    struct strict *st = w->shadow->strict;
    if (a->learns) learn_lds(st, w, a->in_lds.how == SYNC, address, bytes);
    if (a->swaps) clear_doubts(w, true, address, bytes);
    uint32_t with = enter_lds(st, &a->in_lds, w->group->lds, address, bytes, a->kind);
    if (!with) return true;
    struct find f = {.check = RDNASIM_CHECK_RACE, .lane = lane, .address = address, .bytes = bytes};
    if (doubt(w, f, true, a->kind, with)) return true;
    if (!found(w, f, true, a->kind, with)) return false;
    for (uint32_t dword = address & ~3u; dword < address + bytes; dword += 4)
        st->lds_cells[dword / 4] = (struct cell){0};
    enter_lds(st, &a->in_lds, w->group->lds, address, bytes, a->kind);
    return true;
}

void strict_race_tick(struct strict *st) {
    if (++st->time < TIMES) return;
    st->time = 1; /* nothing is known of what was before */
    st->barrier_time = 0;
    memset(st->lds_known, 0, sizeof st->lds_known);
    for (uint32_t n = 0; n < st->lds_bytes / 4 + 4; n++) st->lds_cells[n] = (struct cell){0};
}

/* Accesses that have not been waited for may happen after the next barrier: they are kept to be entered
 * again. */
void strict_race_note_lds(struct wave *w) {
    struct shadow *sh = w->shadow;
    unsigned kept = 0;
    for (unsigned n = 0; n < sh->access_count; n++)
        if (sh->accesses[n].event > sh->lgkm.done) sh->accesses[kept++] = sh->accesses[n];
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
    st->barrier_time = st->time;
    strict_race_tick(st);
    for (unsigned n = 0; group && n < group->wave_count; n++) {
        struct wave *w = &group->waves[n];
        struct party p = lds_party(st, w);
        p.me |= LATE;
        for (unsigned k = 0; k < w->shadow->access_count; k++) {
            const struct lds_access *a = &w->shadow->accesses[k];
            if (a->event <= w->shadow->lgkm.done) continue;
            enum access_kind kind = a->atomic ? ACCESS_ATOMIC : a->store ? ACCESS_STORE : ACCESS_LOAD;
            p.how = a->atomic ? ATOMIC : PLAIN;
            for (unsigned c = 0; c < a->count; c++)
                for (unsigned l = 0; l < LANES; l++)
                    if (a->mask >> l & 1) enter_lds(st, &p, group->lds, a->addresses[c][l], a->bytes, kind);
        }
    }
}

/* ---- global memory -------------------------------------------------------------------------------- */

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
    for (unsigned n = 0; n < writers->count; n++)
        if (!(writers->entries[n] & OPEN) && !strict_learn(st, writers->entries[n] >> ID_SHIFT)) return;
}

/* An access to a dword that others have accessed, too; false: it stops the wave. */
static __attribute__((noinline)) bool enter_shared(struct wave *w, struct cell *c, struct find find,
                                                   const struct party *p, uint32_t part,
                                                   enum access_kind kind, const unsigned char *memory) {
    uint32_t with = enter(c, p, part, kind, memory);
    if (!with) return true;
    if (!strict_knows(w->shadow->strict, with >> ID_SHIFT)) {
        if (doubt(w, find, false, kind, with)) return true;
        if (!found(w, find, false, kind, with)) return false;
    }
    *c = (struct cell){0};
    enter(c, p, part, kind, memory);
    return true;
}

bool strict_race_global(struct wave *w, unsigned lane, uint64_t address, uint32_t bytes,
                        const struct access *a) {
    struct strict *st = w->shadow->strict;
    const struct binding *b = &st->sim->memory.slots[address >> SLOT_SHIFT];
    if (!(b->access & RDNASIM_WRITE)) return true; /* nobody can write it */
    struct cell *cells = cells_of(w, b);
    if (!cells) return false;
    const struct party *p = &a->in_global;
    if (a->swaps) clear_doubts(w, false, address, bytes);
    uint64_t offset = address - b->base;
    if (bytes > b->bytes - offset) bytes = (uint32_t)(b->bytes - offset); /* a load that passes the end */
    for (uint64_t dword = offset & ~UINT64_C(3); dword < offset + bytes; dword += 4) {
        struct cell *c = &cells[dword / 4];
        uint32_t part = covered(dword, offset, bytes);
        const unsigned char *memory = b->host + dword;
        if (alone(c, p)) { /* most often */
            enter_alone(c, p, part, a->kind, memory);
            continue;
        }
        struct find find = {.check = RDNASIM_CHECK_RACE, .lane = lane, .address = address, .bytes = bytes};
        if (!enter_shared(w, c, find, p, part, a->kind, memory)) return false;
    }
    return true;
}
