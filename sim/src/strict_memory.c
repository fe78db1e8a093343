/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Memory in strict mode: undefined bits travel through LDS and scratch as they do through registers, may not
 * be stored to global memory, and come from there where the program has declared it unwritten. Alignment, and
 * the way of every access to the search for races.
 */
#include <inttypes.h>
#include <string.h>

#include "access.h"
#include "strict.h"

/* ---- before: addresses ---------------------------------------------------------------------------- */

static bool defined_sgprs(struct wave *w, const struct operand *o, const char *role) {
    if (o->kind != OPND_SGPR || o->reg == SREG_NULL) return true;
    for (unsigned n = 0; n < o->dwords; n++)
        if (w->shadow->s[o->reg + n]) {
            strict_fault(w, GFX11SIM_CHECK_UNDEFINED, 0, "s%u has never been written and is used as %s",
                         o->reg + n, role);
            return false;
        }
    return true;
}

bool strict_check_addresses(struct wave *w, const struct inst *i) {
    if (i->format == FMT_SMEM)
        return defined_sgprs(w, &i->src[0], "an address") && defined_sgprs(w, &i->src[1], "an offset");
    const struct operand *vaddr = &i->src[0];
    uint32_t lanes = strict_undefined_lanes(w, vaddr);
    if (lanes) {
        strict_fault(w, GFX11SIM_CHECK_UNDEFINED, (unsigned)__builtin_ctz(lanes) + LANES * w->half,
                     "v%u holds an undefined value and is used as an address", vaddr->reg);
        return false;
    }
    if (i->format == FMT_DS) return true;
    return defined_sgprs(w, &i->src[2], "an address") && defined_sgprs(w, &i->src[3], "an offset");
}

/* ---- places --------------------------------------------------------------------------------------- */

struct place {
    unsigned space;           /* GLOBAL, LDS, SCRATCH, or NONE: nothing was accessed */
    unsigned char *undefined; /* the bytes' undefined bits; null: all are defined, and none can be else */
    uint64_t address;         /* in the space */
};

static struct place find(const struct wave *w, unsigned lane, uint64_t address, uint32_t bytes) {
    const struct strict *st = w->shadow->strict;
    struct place p = {w->note.space, NULL, address};
    if (p.space == GFX11SIM_SPACE_GLOBAL && address >> 32 == APERTURE_SHARED >> 32)
        p.space = GFX11SIM_SPACE_LDS;
    if (p.space == GFX11SIM_SPACE_GLOBAL && address >> 32 == APERTURE_PRIVATE >> 32)
        p.space = GFX11SIM_SPACE_SCRATCH;
    if (p.space == GFX11SIM_SPACE_LDS) {
        p.address = (uint32_t)address;
        p.undefined = st->lds + p.address;
    } else if (p.space == GFX11SIM_SPACE_SCRATCH) {
        p.address = (uint32_t)address;
        p.undefined = st->scratch + ((size_t)w->index * w->wave_size + lane) * w->scratch_bytes + p.address;
    } else if (!memory_at(&st->sim->memory, address, bytes, 0)) {
        p.space = GFX11SIM_SPACE_NONE; /* a buffer instruction that was out of its range */
    } else {
        const struct binding *b = &st->sim->memory.slots[address >> SLOT_SHIFT];
        if (b->undefined) p.undefined = b->undefined + (address - b->base);
    }
    return p;
}

static bool any_bit(const unsigned char *p, uint32_t bytes) {
    unsigned char any = 0;
    for (uint32_t n = 0; n < bytes; n++) any |= p[n];
    return any;
}

/* LDS has 64-bit ports; elsewhere the largest element is a dword. */
static bool aligned(struct wave *w, unsigned lane, const struct place *p) {
    uint32_t bytes = w->note.bytes, need = bytes;
    if (p->space != GFX11SIM_SPACE_LDS && need > 4 && !w->note.atomic) need = 4;
    if (need == 12) need = 16;
    if (p->address % need == 0) return true;
    strict_access_fault(w, GFX11SIM_CHECK_ALIGNMENT, lane, p->address, bytes,
                        "accesses %" PRIu32 " bytes at 0x%" PRIx64 ", which is not a multiple of %" PRIu32,
                        bytes, p->address, need);
    return false;
}

/* ---- values --------------------------------------------------------------------------------------- */

static void read_undefined(struct wave *w, unsigned reg, unsigned lane, const unsigned char *from) {
    u32v *registers = w->v;
    w->v = v_undefined(w);
    load_lane(w, reg, lane, from, w->note.width);
    w->v = registers;
}

static void load_values(struct wave *w, const struct inst *i, unsigned which, const struct place *places) {
    static const unsigned char defined[16];
    if (i->dst.kind != OPND_VGPR) return;
    uint32_t exec = exec_mask(w), bytes = w->note.bytes, some = 0;
    unsigned reg = i->dst.reg + which * bytes / 4, dwords = bytes < 4 ? 1 : bytes / 4;
    for (unsigned n = 0; n < dwords; n++) some |= v_states(w)[reg + n] & REG_UNDEFINED;
    for (unsigned l = 0; l < LANES && !some; l++)
        if (exec >> l & 1 && places[l].undefined) some |= any_bit(places[l].undefined, bytes);
    if (!some) return;
    FOR_ACTIVE(l, exec) read_undefined(w, reg, l, places[l].undefined ? places[l].undefined : defined);
    for (unsigned n = 0; n < dwords; n++) v_settle(w, reg + n);
}

/* The register that holds what is stored at the first or second address. */
static const struct operand *stored(const struct inst *i, unsigned which) { return &i->src[1 + which]; }

static bool store_values(struct wave *w, const struct inst *i, unsigned which, const struct place *places) {
    const struct operand *data = stored(i, which);
    uint32_t bytes = w->note.bytes, exec = exec_mask(w), some = 0;
    if (data->kind == OPND_VGPR)
        for (unsigned n = 0; n < data->dwords; n++) some |= v_states(w)[data->reg + n] & REG_UNDEFINED;
    u32v *registers = w->v;
    FOR_ACTIVE(l, exec) {
        const struct place *p = &places[l];
        unsigned char bits[16] = {0};
        if (some) {
            w->v = v_undefined(w);
            store_lane(w, data->reg, l, bits, w->note.width);
            w->v = registers;
        }
        if (some && p->space == GFX11SIM_SPACE_GLOBAL && any_bit(bits, bytes)) {
            strict_access_fault(w, GFX11SIM_CHECK_UNDEFINED, l + LANES * w->half, p->address, bytes,
                                "stores an undefined value from v%u to 0x%" PRIx64, data->reg, p->address);
            return false;
        }
        if (p->undefined) memcpy(p->undefined, bits, bytes);
    }
    return true;
}

/* What an atomic leaves and returns is undefined if its operand or the memory was. */
static bool atomic_values(struct wave *w, const struct inst *i, const struct place *places) {
    uint32_t bytes = w->note.bytes, exec = exec_mask(w), lanes = 0;
    for (unsigned n = 1; n < 3; n++)
        if (i->src[n].kind == OPND_VGPR) lanes |= strict_undefined_lanes(w, &i->src[n]);
    unsigned dwords = i->dst.kind == OPND_VGPR ? i->dst.dwords : 0;
    FOR_ACTIVE(l, exec) {
        const struct place *p = &places[l];
        bool operand = lanes >> l & 1, memory = p->undefined && any_bit(p->undefined, bytes);
        if (operand && p->space == GFX11SIM_SPACE_GLOBAL) {
            strict_access_fault(w, GFX11SIM_CHECK_UNDEFINED, l + LANES * w->half, p->address, bytes,
                                "updates 0x%" PRIx64 " with an undefined value", p->address);
            return false;
        }
        for (unsigned n = 0; n < dwords; n++)
            ((uint32_t *)&v_undefined(w)[i->dst.reg + n])[l] = memory ? UINT32_MAX : 0;
        if (p->undefined) memset(p->undefined, operand || memory ? 255 : 0, bytes);
    }
    for (unsigned n = 0; n < dwords; n++) v_settle(w, i->dst.reg + n);
    return true;
}

/* ---- after ---------------------------------------------------------------------------------------- */

static void scalar_load(struct wave *w, const struct inst *i) {
    struct strict *st = w->shadow->strict;
    uint64_t address = w->note.addresses[0][0];
    uint32_t bytes = w->note.bytes;
    bool inside = memory_at(&st->sim->memory, address, bytes, 0) != NULL;
    const struct binding *b = inside ? &st->sim->memory.slots[address >> SLOT_SHIFT] : NULL;
    for (unsigned n = 0; n < i->dst.dwords; n++) {
        uint32_t bits = 0;
        if (b && b->undefined) memcpy(&bits, b->undefined + (address - b->base) + 4 * n, 4);
        s_define(w, i->dst.reg + n, bits);
    }
    if (inside && st->checks & GFX11SIM_CHECK_RACE) strict_race_global(w, 0, address, bytes, ACCESS_LOAD);
}

static bool races(struct wave *w, const struct inst *i, const struct place *places) {
    enum access_kind kind = w->note.atomic ? ACCESS_ATOMIC : w->note.store ? ACCESS_STORE : ACCESS_LOAD;
    bool coherent = kind == ACCESS_LOAD && i->cache & 1; /* glc: an atomic load, as compilers write it */
    bool ordering = false;
    FOR_ACTIVE(l, exec_mask(w)) {
        const struct place *p = &places[l];
        unsigned lane = l + LANES * w->half;
        if (p->space == GFX11SIM_SPACE_LDS &&
            !strict_race_lds(w, lane, (uint32_t)p->address, w->note.bytes, kind))
            return false;
        if (p->space != GFX11SIM_SPACE_GLOBAL) continue;
        ordering |= coherent || kind == ACCESS_ATOMIC;
        if (!coherent && !strict_race_global(w, lane, p->address, w->note.bytes, kind)) return false;
    }
    if (ordering) strict_race_atomic(w);
    return true;
}

void strict_memory(struct wave *w, const struct inst *i) {
    const struct strict *st = w->shadow->strict;
    if (w->note.space == GFX11SIM_SPACE_NONE) return;
    if (w->note.space == GFX11SIM_SPACE_SCALAR) {
        scalar_load(w, i);
        return;
    }
    uint32_t exec = exec_mask(w);
    for (unsigned which = 0; which < w->note.count; which++) {
        struct place places[LANES];
        FOR_ACTIVE(l, exec) {
            unsigned lane = l + LANES * w->half;
            places[l] = find(w, lane, w->note.addresses[which][lane], w->note.bytes);
            if (st->checks & GFX11SIM_CHECK_ALIGNMENT && places[l].space != GFX11SIM_SPACE_NONE &&
                !aligned(w, lane, &places[l]))
                return;
        }
        if (st->checks & GFX11SIM_CHECK_UNDEFINED) {
            if (w->note.atomic) {
                if (!atomic_values(w, i, places)) return;
            } else if (w->note.store) {
                if (!store_values(w, i, which, places)) return;
            } else {
                load_values(w, i, which, places);
            }
        }
        if (st->checks & GFX11SIM_CHECK_RACE && !races(w, i, places)) return;
    }
    if (st->checks & GFX11SIM_CHECK_RACE && i->format == FMT_DS) strict_race_note_lds(w);
}
