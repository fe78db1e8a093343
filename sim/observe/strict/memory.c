/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Memory in strict mode: undefined bits travel through LDS and scratch as they do through registers, may not
 * be stored to global memory, and come from there where the program has declared it unwritten. Alignment, and
 * the way of every access to the search for races.
 */
#include <inttypes.h>
#include <string.h>

#include "exec/access.h"
#include "exec/buffer_format.h"
#include "strict.h"

/* ---- before: addresses ---------------------------------------------------------------------------- */

static bool defined_sgprs(struct wave *w, const struct operand *o, const char *role) {
    for (unsigned n = 0; n < s_count(o); n++) {
        unsigned reg = o->reg + n;
        if (!w->shadow->s[reg]) continue;
        struct find find = {.check = RDNASIM_CHECK_UNDEFINED, .origin = strict_origin_sgpr(w, reg)};
        if (!strict_found(w, find, "s%u holds an undefined value and is used as %s", reg, role)) return false;
        s_define(w, reg, 0);
    }
    return true;
}

static bool defined_vgprs(struct wave *w, const struct operand *o) {
    uint32_t lanes = strict_undefined_lanes(w, o);
    if (!lanes) return true;
    struct find find = {.check = RDNASIM_CHECK_UNDEFINED,
                        .lane = (unsigned)__builtin_ctz(lanes) + LANES * w->half,
                        .origin = strict_origin(w, o)};
    if (!strict_found(w, find, "v%u holds an undefined value and is used as an address", o->reg))
        return false;
    for (unsigned n = 0; n < o->dwords; n++) {
        v_undefined(w)[o->reg + n] = (u32v){0};
        v_settle(w, o->reg + n);
    }
    return true;
}

bool strict_check_addresses(struct wave *w, const struct inst *i) {
    if (i->format == FMT_SMEM)
        return defined_sgprs(w, &i->src[0], "an address") && defined_sgprs(w, &i->src[1], "an offset");
    if (!defined_vgprs(w, &i->src[0])) return false;
    if (i->format == FMT_DS) return true;
    return defined_sgprs(w, &i->src[2], "an address") && defined_sgprs(w, &i->src[3], "an offset");
}

/* ---- places --------------------------------------------------------------------------------------- */

/* In global memory the place begins in a buffer and may end behind it. */
struct place {
    unsigned space;           /* GLOBAL, LDS, SCRATCH, or NONE: nothing was accessed */
    unsigned char *undefined; /* the bytes' undefined bits; null: all are defined, and none can be else */
    uint64_t address;         /* in the space */
};

/* The undefined bits of global memory, null if all are defined. False: nothing is there. */
static inline bool global_bits(const struct strict *st, uint64_t address, uint32_t bytes,
                               unsigned char **undefined) {
    struct memory *m = &st->sim->memory;
    bool inside = memory_at(m, address, bytes, 0) != NULL;
    if (__builtin_expect(!inside, 0) && !memory_begins(m, address, bytes, 0)) return false;
    const struct binding *b = &m->slots[address >> SLOT_SHIFT];
    unsigned char *bits = inside ? b->undefined : memory_track(m, b);
    *undefined = bits ? bits + (address - b->base) : NULL;
    return true;
}

static inline __attribute__((always_inline)) struct place find(const struct wave *w, unsigned lane,
                                                               uint64_t address, uint32_t bytes) {
    const struct strict *st = w->shadow->strict;
    struct place p = {w->note.space, NULL, address};
    if (p.space == RDNASIM_SPACE_GLOBAL && address >> 32 == APERTURE_SHARED >> 32)
        p.space = RDNASIM_SPACE_LDS;
    if (p.space == RDNASIM_SPACE_GLOBAL && address >> 32 == APERTURE_PRIVATE >> 32)
        p.space = RDNASIM_SPACE_SCRATCH;
    if (p.space == RDNASIM_SPACE_LDS) {
        p.address = (uint32_t)address;
        p.undefined = st->lds + p.address;
    } else if (p.space == RDNASIM_SPACE_SCRATCH) {
        p.address = (uint32_t)address;
        p.undefined = st->scratch + ((size_t)w->index * w->wave_size + lane) * w->scratch_bytes + p.address;
    } else if (!global_bits(st, address, bytes, &p.undefined)) {
        p.space = RDNASIM_SPACE_NONE; /* a buffer instruction that was out of its range */
    }
    return p;
}

static bool any_bit(const unsigned char *p, uint32_t bytes) {
    unsigned char any = 0;
    for (uint32_t n = 0; n < bytes; n++) any |= p[n];
    return any;
}

/* One address per lane of an instruction's access, and the places there. */
struct part {
    unsigned
        which; /* 0 but for the second offset of LDS instructions and further pieces of buffer accesses */
    uint32_t bytes;
    enum width width;
    struct place places[LANES];
};

/* LDS has 64-bit ports; elsewhere the largest element is a dword. */
static bool aligned(struct wave *w, unsigned lane, const struct place *p, uint32_t bytes) {
    uint32_t need = bytes;
    if (p->space != RDNASIM_SPACE_LDS && need > 4 && !w->note.atomic) need = 4;
    if (need == 12) need = 16;
    if (!(p->address & (need - 1))) return true;
    struct find find = {
        .check = RDNASIM_CHECK_ALIGNMENT, .lane = lane, .address = p->address, .bytes = bytes};
    return strict_found(w, find,
                        "accesses %" PRIu32 " bytes at 0x%" PRIx64 ", which is not a multiple of %" PRIu32,
                        bytes, p->address, need);
}

/* glc: an atomic load, as compilers write it. */
static bool is_coherent(const struct inst *i) { return i->cache & 1; }

/* ---- values --------------------------------------------------------------------------------------- */

static void read_undefined(struct wave *w, unsigned reg, unsigned lane, const unsigned char *from,
                           enum width width) {
    u32v *registers = w->v;
    w->v = v_undefined(w);
    load_lane(w, reg, lane, from, width);
    w->v = registers;
}

/* After a load or an atomic: if what it returned is undefined, that is where the registers have it from. */
static void settle_loaded(struct wave *w, unsigned reg, unsigned dwords, bool undefined) {
    const struct operand loaded = {.kind = OPND_VGPR, .reg = (uint16_t)reg, .dwords = (uint8_t)dwords};
    for (unsigned n = 0; n < dwords; n++) v_settle(w, reg + n);
    if (undefined) strict_set_origin(w, &loaded, w->pc + 1);
}

/*
 * Atomics on one or two bytes are made of compare-and-swaps of a dword, whose other bytes may well be undefined. Of a dword that is
 * undefined in part these and the load before them return defined values; the bytes in memory stay what they are.
 */
static bool partly(const unsigned char *undefined) {
    uint32_t bytes = 0;
    for (unsigned n = 0; n < 4; n++) bytes += undefined[n] != 0;
    return bytes % 4;
}

/*
 * A word of this many bytes may begin with a mark that tells whether the rest of it counts, so that it may hold anything
 * before. Its atomic load in front of a compare-and-swap returns a defined value, and the compare-and-swap defines it.
 */
enum { MARKED = 8 };

static void load_values(struct wave *w, const struct inst *i, const struct part *part) {
    static const unsigned char defined[16];
    if (i->dst.kind != OPND_VGPR) return;
    uint32_t exec = exec_mask(w), some = 0;
    bool memory = false;
    unsigned reg = i->dst.reg + part->which * part->bytes / 4, dwords = (part->bytes + 3) / 4;
    for (unsigned n = 0; n < dwords; n++) some |= v_states(w)[reg + n] & REG_UNDEFINED;
    for (unsigned l = 0; l < LANES && !memory; l++)
        if (exec >> l & 1 && part->places[l].undefined)
            memory = any_bit(part->places[l].undefined, part->bytes);
    if (!some && !memory) return;
    bool of_swap = memory && strict_role(w) == ROLE_SWAP;
    bool marked = of_swap && part->bytes == MARKED && is_coherent(i);
    FOR_ACTIVE(l, exec) {
        const unsigned char *undefined = part->places[l].undefined;
        if (marked || (of_swap && part->bytes == 4 && undefined && partly(undefined))) undefined = NULL;
        read_undefined(w, reg, l, undefined ? undefined : defined, part->width);
    }
    settle_loaded(w, reg, dwords, memory && !marked);
}

static struct find undefined_at(const struct wave *w, unsigned lane, const struct place *p, uint32_t bytes,
                                uint32_t origin) {
    return (struct find){.check = RDNASIM_CHECK_UNDEFINED,
                         .lane = lane + LANES * w->half,
                         .address = p->address,
                         .bytes = bytes,
                         .origin = origin};
}

static bool stores_undefined(struct wave *w, unsigned reg, unsigned lane, const struct place *p,
                             uint32_t bytes) {
    const struct operand data = {
        .kind = OPND_VGPR, .reg = (uint16_t)reg, .dwords = (uint8_t)((bytes + 3) / 4)};
    return strict_found(w, undefined_at(w, lane, p, bytes, strict_origin(w, &data)),
                        "stores an undefined value from v%u to 0x%" PRIx64, reg, p->address);
}

static bool store_values(struct wave *w, const struct inst *i, const struct part *part) {
    bool second = w->note.count == 2 && part->which; /* which has data of its own; pieces share theirs */
    const struct operand *data = &i->src[second ? 2 : 1];
    unsigned reg = data->reg + (second ? 0 : part->which * part->bytes / 4), dwords = (part->bytes + 3) / 4;
    uint32_t exec = exec_mask(w), some = 0;
    for (unsigned n = 0; n < dwords; n++) some |= v_states(w)[reg + n] & REG_UNDEFINED;
    u32v *registers = w->v;
    FOR_ACTIVE(l, exec) {
        const struct place *p = &part->places[l];
        unsigned char bits[16] = {0};
        if (some) {
            w->v = v_undefined(w);
            store_lane(w, reg, l, bits, part->width);
            w->v = registers;
        }
        if (some && p->space == RDNASIM_SPACE_GLOBAL && any_bit(bits, part->bytes)) {
            if (!stores_undefined(w, reg, l, p, part->bytes)) return false;
            memset(bits, 0, sizeof bits);
        }
        if (p->undefined) memcpy(p->undefined, bits, part->bytes);
    }
    return true;
}

/* What an atomic leaves and returns is undefined if its operand or the memory was. */
static bool atomic_values(struct wave *w, const struct inst *i, const struct part *part) {
    uint32_t exec = exec_mask(w), lanes = 0, origin = 0;
    bool two = w->note.count == 2,
         returned = false; /* two: independent exchanges; returned: undefined bits */
    for (unsigned n = 1; n < 3; n++)
        if (i->src[n].kind == OPND_VGPR && (!two || n == 1 + part->which)) {
            lanes |= strict_undefined_lanes(w, &i->src[n]);
            if (!origin) origin = strict_origin(w, &i->src[n]);
        }
    unsigned dwords = i->dst.kind == OPND_VGPR ? part->bytes / 4 : 0, reg = i->dst.reg + part->which * dwords;
    FOR_ACTIVE(l, exec) {
        const struct place *p = &part->places[l];
        bool operand = lanes >> l & 1, memory = p->undefined && any_bit(p->undefined, part->bytes);
        if (memory && !operand && part->bytes == 4 && op_info(i->op)->flags & OP_SWAPS &&
            partly(p->undefined)) {
            if (dwords) ((uint32_t *)&v_undefined(w)[reg])[l] = 0;
            continue;
        }
        if (part->bytes == MARKED && op_info(i->op)->flags & OP_SWAPS) memory = false;
        if (operand && p->space == RDNASIM_SPACE_GLOBAL) {
            if (!strict_found(w, undefined_at(w, l, p, part->bytes, origin),
                              "updates 0x%" PRIx64 " with an undefined value", p->address))
                return false;
            operand = false;
        }
        for (unsigned n = 0; n < dwords; n++)
            ((uint32_t *)&v_undefined(w)[reg + n])[l] = memory ? UINT32_MAX : 0;
        returned |= memory;
        if (p->undefined) memset(p->undefined, operand || memory ? 255 : 0, part->bytes);
    }
    settle_loaded(w, reg, dwords, returned);
    return true;
}

/* ---- values that are converted: a component is undefined as a whole -------------------------------- */

/* The undefined bits of lane l in the register of component n, and which of them are the component's. */
static uint32_t *component(struct wave *w, unsigned reg, unsigned n, unsigned lane, uint32_t *mask) {
    const struct conversion *c = &w->note.conversion;
    *mask = !c->d16 ? UINT32_MAX : c->hi || n % 2 ? 0xffff0000u : 0xffffu;
    return (uint32_t *)&v_undefined(w)[reg + (c->d16 ? n / 2 : n)] + lane;
}

static void load_components(struct wave *w, const struct inst *i, const struct part *part) {
    const struct conversion *c = &w->note.conversion;
    bool memory = false;
    FOR_ACTIVE(l, exec_mask(w)) {
        uint32_t texel[4] = {0}, mask;
        if (part->places[l].undefined) buffer_format_bits(c->format, part->places[l].undefined, texel);
        memory |= texel[0] || texel[1] || texel[2] || texel[3];
        for (unsigned n = 0; n < c->count; n++) {
            uint32_t *bits = component(w, i->dst.reg, n, l, &mask);
            *bits = (*bits & ~mask) | (c->source[n] && texel[c->source[n] - 1] ? mask : 0);
        }
    }
    settle_loaded(w, i->dst.reg, i->dst.dwords, memory);
}

static bool store_components(struct wave *w, const struct inst *i, const struct part *part) {
    const struct conversion *c = &w->note.conversion;
    FOR_ACTIVE(l, exec_mask(w)) {
        const struct place *p = &part->places[l];
        if (p->space == RDNASIM_SPACE_NONE) continue;
        uint32_t mask;
        for (unsigned n = 0; n < c->count; n++)
            if (*component(w, i->src[1].reg, n, l, &mask) & mask &&
                !stores_undefined(w, i->src[1].reg + (c->d16 ? n / 2 : n), l, p, 4))
                return false;
        if (p->undefined) memset(p->undefined, 0, part->bytes);
    }
    return true;
}

static bool follow_values(struct wave *w, const struct inst *i, const struct part *part) {
    bool converts = w->note.conversion.format != NULL;
    if (w->note.atomic) return atomic_values(w, i, part);
    if (w->note.store) return converts ? store_components(w, i, part) : store_values(w, i, part);
    if (converts)
        load_components(w, i, part);
    else
        load_values(w, i, part);
    return true;
}

/* ---- after ---------------------------------------------------------------------------------------- */

static void scalar_load(struct wave *w, const struct inst *i) {
    struct strict *st = w->shadow->strict;
    uint64_t address = w->note.addresses[0][0];
    uint32_t bytes = w->note.bytes;
    unsigned char *undefined = NULL;
    bool inside = global_bits(st, address, bytes, &undefined);
    for (unsigned n = 0; n < s_count(&i->dst); n++) {
        uint32_t bits = 0;
        if (undefined) memcpy(&bits, undefined + 4 * n, 4);
        s_define(w, i->dst.reg + n, bits);
    }
    strict_set_origin(w, &i->dst, w->pc + 1);
    if (!inside || !(st->checks & RDNASIM_CHECK_RACE)) return;
    const struct access access = strict_access(w, i, ACCESS_LOAD);
    strict_race_note_load(w, false, address);
    strict_race_global(w, 0, address, bytes, &access);
}

/* As the lanes of a matrix's operands do: what lane l - 16 has read. */
static inline bool reads_again(const struct part *part, unsigned l, uint32_t exec) {
    const struct place *p = &part->places[l], *before = &part->places[l - 16];
    return exec >> (l - 16) & 1 && p->space == RDNASIM_SPACE_LDS && before->space == p->space &&
           before->address == p->address;
}

static bool races(struct wave *w, const struct inst *i, const struct part *part) {
    enum access_kind kind = w->note.atomic ? ACCESS_ATOMIC : w->note.store ? ACCESS_STORE : ACCESS_LOAD;
    struct access access = strict_access(w, i, kind);
    bool coherent = kind == ACCESS_LOAD && is_coherent(i);
    if (kind == ACCESS_LOAD) {
        const struct place *first = &part->places[__builtin_ctz(exec_mask(w))];
        if (first->space == RDNASIM_SPACE_LDS || first->space == RDNASIM_SPACE_GLOBAL)
            strict_race_note_load(w, first->space == RDNASIM_SPACE_LDS, first->address);
    }
    struct writers writers;
    writers.count = 0;
    FOR_ACTIVE(l, exec_mask(w)) {
        const struct place *p = &part->places[l];
        unsigned lane = l + LANES * w->half;
        if (kind == ACCESS_LOAD && l >= 16 && reads_again(part, l, exec_mask(w))) continue;
        if (p->space == RDNASIM_SPACE_LDS &&
            !strict_race_lds(w, lane, (uint32_t)p->address, part->bytes, &access))
            return false;
        if (p->space != RDNASIM_SPACE_GLOBAL) continue;
        if (coherent || kind == ACCESS_ATOMIC) strict_race_writers(w, p->address, part->bytes, &writers);
        if (!coherent && !strict_race_global(w, lane, p->address, part->bytes, &access)) return false;
    }
    if (kind == ACCESS_STORE && w->note.space == RDNASIM_SPACE_GLOBAL) w->shadow->stores_open = true;
    if (kind != ACCESS_LOAD && (w->note.space == RDNASIM_SPACE_LDS || i->format == FMT_FLAT))
        strict_race_tick(w->shadow->strict);
    strict_race_acquire(w, &writers);
    return true;
}

enum { ACCESS_COST = 72 }; /* every byte of every lane is looked up */

void strict_memory(struct wave *w, const struct inst *i) {
    const struct strict *st = w->shadow->strict;
    const struct access_note *note = &w->note;
    if (note->space == RDNASIM_SPACE_NONE) return;
    w->watch_cost += ACCESS_COST;
    if (note->space == RDNASIM_SPACE_SCALAR) {
        scalar_load(w, i);
        return;
    }
    if (!exec_mask(w)) return; /* what is noted is the other half's */
    struct part part = {.bytes = note->bytes / note->pieces,
                        .width = note->pieces > 1 ? WIDTH_32 : (enum width)note->width};
    for (; part.which < (unsigned)note->count * note->pieces; part.which++) {
        FOR_ACTIVE(l, exec_mask(w)) {
            unsigned lane = l + LANES * w->half;
            part.places[l] = find(w, lane, note->addresses[part.which][lane], part.bytes);
            if (st->checks & RDNASIM_CHECK_ALIGNMENT && part.places[l].space != RDNASIM_SPACE_NONE &&
                !aligned(w, lane, &part.places[l], part.bytes))
                return;
        }
        if (st->checks & RDNASIM_CHECK_UNDEFINED && !follow_values(w, i, &part)) return;
        if (st->checks & RDNASIM_CHECK_RACE && !races(w, i, &part)) return;
    }
    if (st->checks & RDNASIM_CHECK_LDS_ORDER && i->format == FMT_DS) strict_race_note_lds(w);
}
