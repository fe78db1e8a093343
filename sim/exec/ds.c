/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * LDS instructions: loads, stores and atomics of the work-group's memory, and lane permutations through it.
 * Every active lane's address is checked first, so that a bad one stops the wave with nothing written.
 */
#include "access.h"
#include "executors.h"

/*
 * Host pointer of an access, or null after a fault. Only atomics have to be aligned: LLVM merges loads from odd places into
 * two-address ones, too, and knows of one target that wants those aligned, which is none of ours.
 */
static unsigned char *lds_at(struct wave *w, unsigned lane, uint32_t address, uint32_t bytes, uint32_t align,
                             const char *what) {
    const struct group *g = w->group;
    if ((uint64_t)address + bytes > g->lds_bytes) {
        wave_fault(w, RDNASIM_MEMORY_FAULT, lane + LANES * w->half, address, bytes,
                   "LDS %s of %u bytes at 0x%x, but the work-group has %u bytes of LDS", what, bytes, address,
                   g->lds_bytes);
        return NULL;
    }
    if (address & (align - 1)) {
        wave_fault(w, RDNASIM_MEMORY_FAULT, lane + LANES * w->half, address, bytes,
                   "LDS %s of %u bytes at 0x%x, which is not a multiple of %u", what, bytes, address, align);
        return NULL;
    }
    return g->lds + address;
}

static bool usable(struct wave *w, const struct inst *i) {
    if (!i->gds) return true;
    wave_fault(w, RDNASIM_UNSUPPORTED, 0, 0, 0, "global data share (gds) is not modelled");
    return false;
}

/*
 * Lane addresses for an offset; two-address forms call it twice, with `which` 0 and 1. Returns the lanes to
 * serve, 0 for none.
 */
static uint32_t addresses(struct wave *w, const struct inst *i, unsigned which, uint32_t offset, bool store,
                          bool atomic, enum width width, uint32_t *a) {
    if (!usable(w, i)) return 0;
    const uint32_t *v = vgpr(w, i->src[0].reg);
    /* This one has a mask of address bits instead of a demand for alignment. */
    uint32_t bits = i->op == OP_ds_condxchg32_rtn_b64 ? 0xfff8 : UINT32_MAX;
    for (unsigned l = 0; l < LANES; l++) a[l] = (v[l] + offset) & bits;
    if (w->observed) {
        uint64_t wide[LANES];
        for (unsigned l = 0; l < LANES; l++) wide[l] = a[l];
        note_access(w, RDNASIM_SPACE_LDS, store, atomic, width, which, wide);
    }
    return exec_mask(w);
}

static inline void load(struct wave *w, const struct inst *i, enum width width) {
    uint32_t a[LANES], bytes = width_bytes(width);
    unsigned char *p[LANES];
    uint32_t mask = addresses(w, i, 0, (uint32_t)i->offset, false, false, width, a);
    FOR_ACTIVE(l, mask) if (!(p[l] = lds_at(w, l, a[l], bytes, 1, "load"))) return;
    FOR_ACTIVE(l, mask) load_lane(w, i->dst.reg, l, p[l], width);
}

static inline void store(struct wave *w, const struct inst *i, enum width width) {
    uint32_t a[LANES], bytes = width_bytes(width);
    unsigned char *p[LANES];
    uint32_t mask = addresses(w, i, 0, (uint32_t)i->offset, true, false, width, a);
    FOR_ACTIVE(l, mask) if (!(p[l] = lds_at(w, l, a[l], bytes, 1, "store"))) return;
    FOR_ACTIVE(l, mask) store_lane(w, i->src[1].reg, l, p[l], width);
}

/* Two elements of 4 or 8 bytes at offset0 and offset1, counted in `granule` bytes. */
static inline void load2(struct wave *w, const struct inst *i, enum width width, uint32_t granule) {
    uint32_t a[LANES], b[LANES], bytes = width_bytes(width);
    unsigned char *p[LANES], *q[LANES];
    addresses(w, i, 0, (uint32_t)(i->offset & 255) * granule, false, false, width, a);
    uint32_t mask = addresses(w, i, 1, (uint32_t)(i->offset >> 8 & 255) * granule, false, false, width, b);
    FOR_ACTIVE(l, mask)
    if (!(p[l] = lds_at(w, l, a[l], bytes, 1, "load")) || !(q[l] = lds_at(w, l, b[l], bytes, 1, "load")))
        return;
    FOR_ACTIVE(l, mask) {
        load_lane(w, i->dst.reg, l, p[l], width);
        load_lane(w, i->dst.reg + bytes / 4, l, q[l], width);
    }
}

static inline void store2(struct wave *w, const struct inst *i, enum width width, uint32_t granule) {
    uint32_t a[LANES], b[LANES], bytes = width_bytes(width);
    unsigned char *p[LANES], *q[LANES];
    addresses(w, i, 0, (uint32_t)(i->offset & 255) * granule, true, false, width, a);
    uint32_t mask = addresses(w, i, 1, (uint32_t)(i->offset >> 8 & 255) * granule, true, false, width, b);
    FOR_ACTIVE(l, mask)
    if (!(p[l] = lds_at(w, l, a[l], bytes, 1, "store")) || !(q[l] = lds_at(w, l, b[l], bytes, 1, "store")))
        return;
    FOR_ACTIVE(l, mask) {
        store_lane(w, i->src[1].reg, l, p[l], width);
        store_lane(w, i->src[2].reg, l, q[l], width);
    }
}

/* Exchanges two elements; the first one's old value comes first. */
static void exchange2(struct wave *w, const struct inst *i, const struct atomic *swap, uint32_t granule) {
    unsigned bits = swap->bits;
    enum width width = bits == 64 ? WIDTH_64 : WIDTH_32;
    uint32_t a[LANES], b[LANES], bytes = bits / 8;
    unsigned char *p[LANES], *q[LANES];
    addresses(w, i, 0, (uint32_t)(i->offset & 255) * granule, true, true, width, a);
    uint32_t mask = addresses(w, i, 1, (uint32_t)(i->offset >> 8 & 255) * granule, true, true, width, b);
    FOR_ACTIVE(l, mask)
    if (!(p[l] = lds_at(w, l, a[l], bytes, bytes, "atomic")) ||
        !(q[l] = lds_at(w, l, b[l], bytes, bytes, "atomic")))
        return;
    FOR_ACTIVE(l, mask) {
        uint64_t data = lane_data(w, i->src[1].reg, l, bits), data2 = lane_data(w, i->src[2].reg, l, bits);
        uint64_t old = atomic_apply(p[l], swap, data, 0, w->mode),
                 old2 = atomic_apply(q[l], swap, data2, 0, w->mode);
        lane_result(w, i->dst.reg, l, bits, old);
        lane_result(w, i->dst.reg + bits / 32, l, bits, old2);
    }
}

static void atomic(struct wave *w, const struct inst *i, const struct atomic *operation) {
    unsigned bits = operation->bits;
    enum width width = bits == 64 ? WIDTH_64 : WIDTH_32;
    uint32_t a[LANES], bytes = bits / 8;
    unsigned char *p[LANES];
    uint32_t mask = addresses(w, i, 0, (uint32_t)i->offset, true, true, width, a);
    FOR_ACTIVE(l, mask) if (!(p[l] = lds_at(w, l, a[l], bytes, bytes, "atomic"))) return;
    FOR_ACTIVE(l, mask) {
        uint64_t data2 = i->src[2].kind == OPND_NONE ? 0 : lane_data(w, i->src[2].reg, l, bits);
        uint64_t old = atomic_apply(p[l], operation, lane_data(w, i->src[1].reg, l, bits), data2, w->mode);
        if (i->dst.kind != OPND_NONE) lane_result(w, i->dst.reg, l, bits, old);
    }
}

/* ---- lane permutations: no memory is touched --------------------------------------------------------- */

static void ds_bpermute_b32(struct wave *w, const struct inst *i) {
    const uint32_t *address = vgpr(w, i->src[0].reg), *data = vgpr(w, i->src[1].reg);
    uint32_t result[LANES], mask = exec_mask(w);
    for (unsigned l = 0; l < LANES; l++) {
        unsigned from = (address[l] + (uint32_t)i->offset) / 4 % LANES;
        result[l] = mask >> from & 1 ? data[from] : 0;
    }
    FOR_ACTIVE(l, mask) vgpr(w, i->dst.reg)[l] = result[l];
}

static void ds_permute_b32(struct wave *w, const struct inst *i) {
    const uint32_t *address = vgpr(w, i->src[0].reg), *data = vgpr(w, i->src[1].reg);
    uint32_t result[LANES] = {0}, mask = exec_mask(w);
    FOR_ACTIVE(l, mask)
    result[(address[l] + (uint32_t)i->offset) / 4 % LANES] = data[l]; /* the highest lane wins */
    FOR_ACTIVE(l, mask) vgpr(w, i->dst.reg)[l] = result[l];
}

/*
 * One LDS counter for the whole wave, at M0 + offset: it grows or shrinks by the number of active lanes, and
 * all of them get what it was. A wave64 does it once (run.c).
 */
static void count_lanes(struct wave *w, const struct inst *i, bool append) {
    if (!usable(w, i)) return;
    uint32_t at = (w->s[SREG_M0] & 0xffff) + (uint32_t)i->offset, old;
    uint64_t addresses[LANES];
    for (unsigned l = 0; l < LANES; l++) addresses[l] = at;
    unsigned halves = w->wave_size / LANES;
    for (w->half = 0; w->observed && w->half < halves; w->half++)
        note_access(w, RDNASIM_SPACE_LDS, true, true, WIDTH_32, 0, addresses);
    w->half = 0;
    unsigned char *p = lds_at(w, 0, at, 4, 4, "atomic");
    if (!p) return;
    uint32_t lanes = 0;
    for (unsigned h = 0; h < halves; h++) lanes += (uint32_t)__builtin_popcount(w->s[SREG_EXEC + h]);
    old = (uint32_t)atomic_apply(p, append ? &atomic_add_u32 : &atomic_sub_u32, lanes, 0, w->mode);
    for (unsigned h = 0; h < halves; h++)
        FOR_ACTIVE(l, w->s[SREG_EXEC + h]) vgpr(w, i->dst.reg + h * w->vgpr_count)[l] = old;
}
static void ds_append(struct wave *w, const struct inst *i) { count_lanes(w, i, true); }
static void ds_consume(struct wave *w, const struct inst *i) { count_lanes(w, i, false); }

/* Lanes follow each other from M0 + offset. */
static uint32_t lane_addresses(struct wave *w, const struct inst *i, bool store, unsigned char **p) {
    if (!usable(w, i)) return 0;
    uint64_t addresses[LANES];
    uint32_t mask = exec_mask(w);
    for (unsigned l = 0; l < LANES; l++)
        addresses[l] = (w->s[SREG_M0] & 0xffff) + (uint32_t)i->offset + 4 * (l + LANES * w->half);
    if (w->observed) note_access(w, RDNASIM_SPACE_LDS, store, false, WIDTH_32, 0, addresses);
    FOR_ACTIVE(l, mask)
    if (!(p[l] = lds_at(w, l, (uint32_t)addresses[l], 4, 4, store ? "store" : "load"))) return 0;
    return mask;
}
static void ds_load_addtid_b32(struct wave *w, const struct inst *i) {
    unsigned char *p[LANES];
    uint32_t mask = lane_addresses(w, i, false, p);
    FOR_ACTIVE(l, mask) load_lane(w, i->dst.reg, l, p[l], WIDTH_32);
}
static void ds_store_addtid_b32(struct wave *w, const struct inst *i) {
    unsigned char *p[LANES];
    uint32_t mask = lane_addresses(w, i, true, p);
    FOR_ACTIVE(l, mask) store_lane(w, i->src[1].reg, l, p[l], WIDTH_32);
}

/* Within groups whose lanes agree in the mask's bits, lanes go in bit-reversed order. */
static unsigned fft_lane(unsigned mask, unsigned lane) {
    unsigned reversed = 0;
    if (mask == 31) return lane;
    for (unsigned b = 0; b < 5; b++) reversed |= (lane >> b & 1) << (4 - b);
    return reversed >> __builtin_popcount(mask) | (lane & mask);
}

/* The source lane of a swizzle pattern: bit 15 selects quads, otherwise and/or/xor of the lane number. */
static unsigned swizzle_lane(unsigned pattern, unsigned lane) {
    if ((pattern & 0xe000) == 0xe000) return fft_lane(pattern & 31, lane);
    if ((pattern & 0xe000) == 0xc000) { /* rotate within groups given by the mask */
        unsigned amount = pattern >> 5 & 31, mask = pattern & 31, direction = pattern >> 10 & 1;
        unsigned moved = direction ? lane - amount : lane + amount;
        return (lane & mask) | (moved & ~mask & 31);
    }
    if (pattern & 0x8000) return (lane & ~3u) | (pattern >> 2 * (lane & 3) & 3);
    return (((lane & (pattern & 31)) | (pattern >> 5 & 31)) ^ (pattern >> 10 & 31)) & 31;
}

static void ds_swizzle_b32(struct wave *w, const struct inst *i) {
    unsigned pattern = (unsigned)i->offset;
    const uint32_t *data = vgpr(w, i->src[0].reg);
    uint32_t result[LANES], mask = exec_mask(w);
    for (unsigned l = 0; l < LANES; l++) {
        unsigned from = swizzle_lane(pattern, l);
        result[l] = mask >> from & 1 ? data[from] : 0;
    }
    FOR_ACTIVE(l, mask) vgpr(w, i->dst.reg)[l] = result[l];
}

static void ds_nop(struct wave *w, const struct inst *i) { (void)w, (void)i; }

/* ---- one function per operation ---------------------------------------------------------------------- */

/* clang-format off */
#define LOADS(X) \
    X(load_u8, WIDTH_U8) X(load_i8, WIDTH_I8) X(load_u16, WIDTH_U16) X(load_i16, WIDTH_I16) \
    X(load_b32, WIDTH_32) X(load_b64, WIDTH_64) X(load_b96, WIDTH_96) X(load_b128, WIDTH_128) \
    X(load_u8_d16, WIDTH_D16_U8) X(load_i8_d16, WIDTH_D16_I8) X(load_u16_d16, WIDTH_D16) \
    X(load_u8_d16_hi, WIDTH_HI_U8) X(load_i8_d16_hi, WIDTH_HI_I8) X(load_u16_d16_hi, WIDTH_HI)
#define STORES(X) \
    X(store_b8, WIDTH_U8) X(store_b16, WIDTH_U16) \
    X(store_b32, WIDTH_32) X(store_b64, WIDTH_64) X(store_b96, WIDTH_96) X(store_b128, WIDTH_128) \
    X(store_b8_d16_hi, WIDTH_HI_U8) X(store_b16_d16_hi, WIDTH_HI)
#define PAIRS(X) /* name before and after _rtn, element, granule of the offsets in bytes */ \
    X(2addr, b32, WIDTH_32, 4) X(2addr_stride64, b32, WIDTH_32, 256) \
    X(2addr, b64, WIDTH_64, 8) X(2addr_stride64, b64, WIDTH_64, 512)
/* Plain and returning forms: name before and after _rtn, row of ATOMICS. */
#define DS_ATOMICS(X) \
    X(add, u32, add_u32) X(sub, u32, sub_u32) X(rsub, u32, rsub_u32) \
    X(inc, u32, inc_u32) X(dec, u32, dec_u32) \
    X(min, i32, min_i32) X(max, i32, max_i32) X(min, u32, min_u32) X(max, u32, max_u32) \
    X(and, b32, and_b32) X(or, b32, or_b32) X(xor, b32, xor_b32) X(mskor, b32, mskor_b32) \
    X(cmpstore, b32, cmpswap_b32) X(cmpstore, f32, cmpswap_f32) \
    X(min, f32, min_f32) X(max, f32, max_f32) X(add, f32, lds_add_f32) \
    X(add, u64, add_u64) X(sub, u64, sub_u64) X(rsub, u64, rsub_u64) \
    X(inc, u64, inc_u64) X(dec, u64, dec_u64) \
    X(min, i64, min_i64) X(max, i64, max_i64) X(min, u64, min_u64) X(max, u64, max_u64) \
    X(and, b64, and_b64) X(or, b64, or_b64) X(xor, b64, xor_b64) X(mskor, b64, mskor_b64) \
    X(cmpstore, b64, cmpswap_b64) X(cmpstore, f64, cmpswap_f64) X(min, f64, min_f64) X(max, f64, max_f64)
#define RETURNING_ATOMICS(X) \
    X(storexchg_rtn, b32, swap_b32) X(storexchg_rtn, b64, swap_b64) X(wrap_rtn, b32, wrap_b32) \
    X(condxchg32_rtn, b64, condxchg32_b64)
/* clang-format on */

#define LOAD(name, width)                                                                                    \
    static void ds_##name(struct wave *w, const struct inst *i) { load(w, i, width); }
#define STORE(name, width)                                                                                   \
    static void ds_##name(struct wave *w, const struct inst *i) { store(w, i, width); }
#define PAIR(name, type, width, granule)                                                                     \
    static void ds_load_##name##_##type(struct wave *w, const struct inst *i) {                              \
        load2(w, i, width, granule);                                                                         \
    }                                                                                                        \
    static void ds_store_##name##_##type(struct wave *w, const struct inst *i) {                             \
        store2(w, i, width, granule);                                                                        \
    }                                                                                                        \
    static void ds_storexchg_##name##_rtn_##type(struct wave *w, const struct inst *i) {                     \
        exchange2(w, i, &atomic_swap_##type, granule);                                                       \
    }
#define ATOMIC(name, type, row)                                                                              \
    static void ds_##name##_##type(struct wave *w, const struct inst *i) { atomic(w, i, &atomic_##row); }
LOADS(LOAD)
STORES(STORE)
PAIRS(PAIR)
DS_ATOMICS(ATOMIC)
RETURNING_ATOMICS(ATOMIC)

void bind_ds(exec_fn **table) {
#define BIND_ONE(name)          table[OP_ds_##name] = ds_##name;
#define BIND_WIDTH(name, width) BIND_ONE(name)
#define BIND_PAIR(name, type, width, granule)                                                                \
    BIND_ONE(load_##name##_##type) BIND_ONE(store_##name##_##type) BIND_ONE(storexchg_##name##_rtn_##type)
#define BIND_RETURNING(name, type, row) BIND_ONE(name##_##type)
#define BIND_ATOMIC(name, type, row)                                                                         \
    BIND_ONE(name##_##type) table[OP_ds_##name##_rtn_##type] = ds_##name##_##type;
    LOADS(BIND_WIDTH)
    STORES(BIND_WIDTH)
    PAIRS(BIND_PAIR)
    DS_ATOMICS(BIND_ATOMIC)
    RETURNING_ATOMICS(BIND_RETURNING)
    BIND_ONE(bpermute_b32)
    BIND_ONE(permute_b32)
    BIND_ONE(swizzle_b32)
    BIND_ONE(nop)
    BIND_ONE(append)
    BIND_ONE(consume)
    BIND_ONE(load_addtid_b32)
    BIND_ONE(store_addtid_b32)
}
