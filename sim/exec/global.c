/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * GLOBAL, FLAT and SCRATCH instructions.
 *
 * First every active lane's address becomes a checked host pointer; a bad one stops the wave before anything
 * has been read or written. The common case, 32 lanes side by side in one buffer, is checked once.
 */
#include "access.h"
#include "executors.h"
#include "scalar.h"

enum segment { GLOBAL, FLAT, SCRATCH };

static inline void lane_addresses(struct wave *w, const struct inst *i, enum segment segment, uint64_t *a) {
    const struct operand *vaddr = &i->src[0], *saddr = &i->src[2];
    /* FLAT ignores the highest bit of its offset; there is no negative one. */
    uint64_t offset = segment == FLAT ? i->offset & 0xfff : (uint64_t)(int64_t)i->offset;
    if (segment == SCRATCH) {
        uint32_t base = (uint32_t)offset + (saddr->kind == OPND_NONE ? 0 : scalar_read32(w, saddr));
        for (unsigned l = 0; l < LANES; l++)
            a[l] = (uint32_t)(base + (vaddr->kind == OPND_NONE ? 0 : vgpr(w, vaddr->reg)[l]));
    } else if (saddr->kind == OPND_NONE && vaddr->kind != OPND_NONE) {
        const uint32_t *low = vgpr(w, vaddr->reg), *high = vgpr(w, vaddr->reg + 1);
        for (unsigned l = 0; l < LANES; l++) a[l] = (low[l] | (uint64_t)high[l] << 32) + offset;
    } else {
        uint64_t base = offset + (saddr->kind == OPND_NONE ? 0 : scalar_read64(w, saddr));
        if (vaddr->kind == OPND_NONE) /* addtid: lanes follow each other */
            for (unsigned l = 0; l < LANES; l++) a[l] = base + 4 * (l + LANES * w->half);
        else {
            const uint32_t *v = vgpr(w, vaddr->reg);
            for (unsigned l = 0; l < LANES; l++) a[l] = base + v[l];
        }
    }
}

/* The host side of one lane's access, or null. past_end: of loads, for what memory_past_end finds; else null. */
static unsigned char *resolve(struct wave *w, enum segment segment, unsigned lane, uint64_t address,
                              uint32_t bytes, unsigned access, unsigned char *past_end) {
    uint32_t offset = (uint32_t)address;
    bool private = segment == SCRATCH || (segment == FLAT && address >> 32 == APERTURE_PRIVATE >> 32);
    if (private) {
        if (offset > w->scratch_bytes || bytes > w->scratch_bytes - offset) return NULL;
        return w->scratch + (size_t)(lane + LANES * w->half) * w->scratch_bytes + offset;
    }
    if (segment == FLAT && address >> 32 == APERTURE_SHARED >> 32) {
        const struct group *g = w->group;
        return offset > g->lds_bytes || bytes > g->lds_bytes - offset ? NULL : g->lds + offset;
    }
    unsigned char *p = memory_at(w->group->memory, address, bytes, access);
    return p || !past_end ? p : memory_past_end(w->group->memory, address, bytes, past_end);
}

struct access {
    enum width width;
    uint32_t bytes;
    unsigned rights; /* RDNASIM_READ | RDNASIM_WRITE */
    uint32_t align;  /* 1, or the natural alignment that atomics need */
    bool atomic;
    const char *what;
    unsigned char (*past_end)[16]; /* [LANES], of loads */
};

/* Why resolve refused; offsets in LDS and scratch mean nothing to the bindings of global memory. */
static __attribute__((cold)) void report_fault(struct wave *w, enum segment segment, unsigned lane,
                                               uint64_t address, const struct access *access) {
    unsigned at = lane + LANES * w->half;
    uint32_t high = (uint32_t)(address >> 32);
    if (segment == SCRATCH || (segment == FLAT && high == APERTURE_PRIVATE >> 32))
        wave_fault(w, RDNASIM_MEMORY_FAULT, at, address, access->bytes,
                   "scratch %s of %u bytes at 0x%x, but a lane has %u bytes of scratch", access->what,
                   access->bytes, (uint32_t)address, w->scratch_bytes);
    else if (segment == FLAT && high == APERTURE_SHARED >> 32)
        wave_fault(w, RDNASIM_MEMORY_FAULT, at, address, access->bytes,
                   "LDS %s of %u bytes at 0x%x, but the work-group has %u bytes of LDS", access->what,
                   access->bytes, (uint32_t)address, w->group->lds_bytes);
    else
        wave_memory_fault(w, at, address, access->bytes, access->what);
}

/* Host pointers of all active lanes, null for an atomic on a last dword; false after a fault. *together: they are consecutive and all lanes
 * active. */
static inline __attribute__((always_inline)) bool resolve_lanes(struct wave *w, const struct inst *i,
                                                                enum segment segment,
                                                                const struct access *access, uint32_t mask,
                                                                unsigned char **p, bool *together) {
    uint64_t a[LANES];
    lane_addresses(w, i, segment, a);
    if (w->observed)
        note_access(w, segment == SCRATCH ? RDNASIM_SPACE_SCRATCH : RDNASIM_SPACE_GLOBAL,
                    access->rights & RDNASIM_WRITE, access->atomic, access->width, 0, a);
    *together = false;
    if (segment == GLOBAL && mask == UINT32_MAX && !access->atomic) {
        uint64_t differs = 0;
        for (unsigned l = 0; l < LANES; l++) differs |= a[l] ^ (a[0] + (uint64_t)l * access->bytes);
        if (!differs) {
            p[0] = memory_at(w->group->memory, a[0], (uint64_t)LANES * access->bytes, access->rights);
            if (p[0]) return *together = true;
        }
    }
    FOR_ACTIVE(l, mask) {
        if (a[l] & (access->align - 1)) {
            wave_fault(w, RDNASIM_MEMORY_FAULT, l + LANES * w->half, a[l], access->bytes,
                       "atomic on %u bytes is not aligned to its size", access->bytes);
            return false;
        }
        p[l] = resolve(w, segment, l, a[l], access->bytes, access->rights,
                       access->past_end ? access->past_end[l] : NULL);
        if (!p[l] && !(access->atomic && access->bytes == 4 && segment != SCRATCH &&
                       memory_is_last(w->group->memory, a[l]))) {
            report_fault(w, segment, l, a[l], access);
            return false;
        }
    }
    return true;
}

static inline __attribute__((always_inline)) void load(struct wave *w, const struct inst *i,
                                                       enum segment segment, enum width width) {
    unsigned char *p[LANES], past_end[LANES][16];
    const struct access access = {width, width_bytes(width), RDNASIM_READ, 1, false, "load", past_end};
    bool together;
    uint32_t mask = exec_mask(w);
    if (!mask || !resolve_lanes(w, i, segment, &access, mask, p, &together)) return;
    if (together && width >= WIDTH_32) {
        for (unsigned n = 0; n < access.bytes / 4; n++) {
            uint32_t *r = vgpr(w, i->dst.reg + n);
            for (unsigned l = 0; l < LANES; l++) memcpy(&r[l], p[0] + access.bytes * l + 4 * n, 4);
        }
        return;
    }
    FOR_ACTIVE(l, mask) load_lane(w, i->dst.reg, l, together ? p[0] + access.bytes * l : p[l], width);
}

static inline __attribute__((always_inline)) void store(struct wave *w, const struct inst *i,
                                                        enum segment segment, enum width width) {
    const struct access access = {width, width_bytes(width), RDNASIM_WRITE, 1, false, "store", NULL};
    unsigned char *p[LANES];
    bool together;
    uint32_t mask = exec_mask(w);
    if (!mask || !resolve_lanes(w, i, segment, &access, mask, p, &together)) return;
    FOR_ACTIVE(l, mask) store_lane(w, i->src[1].reg, l, together ? p[0] + access.bytes * l : p[l], width);
}

static uint32_t apply_to_last(struct wave *w, uint64_t address, const struct atomic *operation, uint64_t data,
                              uint64_t data2) {
    const struct memory *m = w->group->memory;
    uint32_t old = memory_take_last(m, address);
    memory_put_last(m, address, (uint32_t)operation->fn(old, data, data2, w->mode));
    return old;
}

static void atomic(struct wave *w, const struct inst *i, enum segment segment, const struct atomic *operation,
                   bool two) {
    unsigned bits = operation->bits;
    const struct access access = {bits == 64 ? WIDTH_64 : WIDTH_32,
                                  bits / 8,
                                  RDNASIM_READ | RDNASIM_WRITE,
                                  bits / 8,
                                  true,
                                  "atomic",
                                  NULL};
    unsigned char *p[LANES];
    uint64_t addresses[LANES];
    bool together;
    uint32_t mask = exec_mask(w);
    if (!mask || !resolve_lanes(w, i, segment, &access, mask, p, &together)) return;
    lane_addresses(w, i, segment, addresses);
    FOR_ACTIVE(l, mask) {
        unsigned reg = i->src[1].reg;
        uint64_t data = lane_data(w, reg, l, bits), data2 = two ? lane_data(w, reg + bits / 32, l, bits) : 0;
        uint64_t old = p[l] ? atomic_apply(p[l], operation, data, data2, w->mode)
                            : apply_to_last(w, addresses[l], operation, data, data2);
        if (i->dst.kind != OPND_NONE) lane_result(w, i->dst.reg, l, bits, old);
    }
}

/* ---- one function per operation ------------------------------------------------------------------------ */

#define ONE(prefix, segment, kind, name, width)                                                              \
    static void prefix##_##name(struct wave *w, const struct inst *i) { kind(w, i, segment, width); }
#define GLOBAL_LOAD(name, width)   ONE(global, GLOBAL, load, name, width)
#define FLAT_LOAD(name, width)     ONE(flat, FLAT, load, name, width)
#define SCRATCH_LOAD(name, width)  ONE(scratch, SCRATCH, load, name, width)
#define GLOBAL_STORE(name, width)  ONE(global, GLOBAL, store, name, width)
#define FLAT_STORE(name, width)    ONE(flat, FLAT, store, name, width)
#define SCRATCH_STORE(name, width) ONE(scratch, SCRATCH, store, name, width)
MEMORY_LOADS(GLOBAL_LOAD)
MEMORY_LOADS(FLAT_LOAD)
MEMORY_LOADS(SCRATCH_LOAD)
MEMORY_STORES(GLOBAL_STORE)
MEMORY_STORES(FLAT_STORE)
MEMORY_STORES(SCRATCH_STORE)
GLOBAL_LOAD(load_addtid_b32, WIDTH_32)
GLOBAL_STORE(store_addtid_b32, WIDTH_32)

#define ATOMIC(name, two)                                                                                    \
    static void global_atomic_##name(struct wave *w, const struct inst *i) {                                 \
        atomic(w, i, GLOBAL, &atomic_##name, two);                                                           \
    }                                                                                                        \
    static void flat_atomic_##name(struct wave *w, const struct inst *i) {                                   \
        atomic(w, i, FLAT, &atomic_##name, two);                                                             \
    }
MEMORY_ATOMICS(ATOMIC)

static void global_atomic_csub_u32(struct wave *w, const struct inst *i) {
    atomic(w, i, GLOBAL, &atomic_csub_u32, false);
}

void bind_global(exec_fn **table) {
#define BIND_ALL(name, width)                                                                                \
    table[OP_global_##name] = global_##name;                                                                 \
    table[OP_flat_##name] = flat_##name;                                                                     \
    table[OP_scratch_##name] = scratch_##name;
    MEMORY_LOADS(BIND_ALL)
    MEMORY_STORES(BIND_ALL)
#define BIND_ATOMIC(name, two)                                                                               \
    table[OP_global_atomic_##name] = global_atomic_##name;                                                   \
    table[OP_flat_atomic_##name] = flat_atomic_##name;
    MEMORY_ATOMICS(BIND_ATOMIC)
    table[OP_global_atomic_csub_u32] = global_atomic_csub_u32;
    table[OP_global_load_addtid_b32] = global_load_addtid_b32;
    table[OP_global_store_addtid_b32] = global_store_addtid_b32;
}
