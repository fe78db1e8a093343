/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What vector memory and LDS instructions have in common: how data widths map to registers, and what atomics
 * compute. Addresses have been turned into checked host pointers before anything here is called.
 */
#ifndef RDNASIM_ACCESS_H
#define RDNASIM_ACCESS_H

#include <string.h>

#include "wave.h"

/* How a loaded value fills its register, or a stored one leaves it. */
enum width {
    WIDTH_U8,
    WIDTH_I8,
    WIDTH_U16,
    WIDTH_I16, /* extended to 32 bits */
    WIDTH_D16_U8,
    WIDTH_D16_I8,
    WIDTH_D16, /* to the lower half, keeping the upper one */
    WIDTH_HI_U8,
    WIDTH_HI_I8,
    WIDTH_HI, /* to (from) the upper half, keeping the lower one */
    WIDTH_32,
    WIDTH_64,
    WIDTH_96,
    WIDTH_128
};

static inline uint32_t width_bytes(enum width width) {
    static const uint8_t bytes[] = {1, 1, 2, 2, 1, 1, 2, 1, 1, 2, 4, 8, 12, 16};
    return bytes[width];
}

/* The loads and stores of buffer_, global_, flat_ and scratch_: X(name, width). */
/* clang-format off */
#define MEMORY_LOADS(X) \
    X(load_u8, WIDTH_U8) X(load_i8, WIDTH_I8) X(load_u16, WIDTH_U16) X(load_i16, WIDTH_I16) \
    X(load_b32, WIDTH_32) X(load_b64, WIDTH_64) X(load_b96, WIDTH_96) X(load_b128, WIDTH_128) \
    X(load_d16_u8, WIDTH_D16_U8) X(load_d16_i8, WIDTH_D16_I8) X(load_d16_b16, WIDTH_D16) \
    X(load_d16_hi_u8, WIDTH_HI_U8) X(load_d16_hi_i8, WIDTH_HI_I8) X(load_d16_hi_b16, WIDTH_HI)
#define MEMORY_STORES(X) \
    X(store_b8, WIDTH_U8) X(store_b16, WIDTH_U16) X(store_b32, WIDTH_32) X(store_b64, WIDTH_64) \
    X(store_b96, WIDTH_96) X(store_b128, WIDTH_128) X(store_d16_hi_b8, WIDTH_HI_U8) \
    X(store_d16_hi_b16, WIDTH_HI)
/* clang-format on */

/* Tells observers and strict mode one address per lane; an instruction with two calls it with which = 0
 * and 1. */
static inline void note_access(struct wave *w, unsigned space, bool store, bool atomic, enum width width,
                               unsigned which, const uint64_t *addresses) {
    struct access_note *n = &w->note;
    n->space = space;
    n->store = store;
    n->atomic = atomic;
    n->width = (uint8_t)width;
    n->count = (uint8_t)(which + 1);
    n->pieces = 1;
    n->bytes = width_bytes(width);
    n->conversion.format = NULL;
    memcpy(n->addresses[which] + LANES * w->half, addresses, LANES * sizeof addresses[0]);
}

static inline uint32_t *vgpr(struct wave *w, unsigned reg) { return (uint32_t *)&w->v[reg]; }

/* One lane's value from memory to registers dst, dst + 1, ... */
static inline void load_lane(struct wave *w, unsigned dst, unsigned lane, const unsigned char *p,
                             enum width width) {
    uint32_t *r = vgpr(w, dst);
    uint16_t half = 0;
    if (width_bytes(width) == 2) memcpy(&half, p, 2);
    switch (width) {
    case WIDTH_U8: r[lane] = *p; break;
    case WIDTH_I8: r[lane] = (uint32_t)(int32_t)(int8_t)*p; break;
    case WIDTH_U16: r[lane] = half; break;
    case WIDTH_I16: r[lane] = (uint32_t)(int32_t)(int16_t)half; break;
    case WIDTH_D16_U8: r[lane] = (r[lane] & 0xffff0000) | *p; break;
    case WIDTH_D16_I8: r[lane] = (r[lane] & 0xffff0000) | (uint16_t)(int8_t)*p; break;
    case WIDTH_D16: r[lane] = (r[lane] & 0xffff0000) | half; break;
    case WIDTH_HI_U8: r[lane] = (r[lane] & 0xffff) | (uint32_t)*p << 16; break;
    case WIDTH_HI_I8: r[lane] = (r[lane] & 0xffff) | (uint32_t)(uint16_t)(int8_t)*p << 16; break;
    case WIDTH_HI: r[lane] = (r[lane] & 0xffff) | (uint32_t)half << 16; break;
    default:
        for (unsigned n = 0; n < width_bytes(width) / 4; n++) memcpy(&vgpr(w, dst + n)[lane], p + 4 * n, 4);
    }
}

static inline void store_lane(struct wave *w, unsigned src, unsigned lane, unsigned char *p,
                              enum width width) {
    uint32_t value = vgpr(w, src)[lane];
    if (width == WIDTH_HI_U8 || width == WIDTH_HI) value >>= 16;
    switch (width_bytes(width)) {
    case 1: *p = (unsigned char)value; break;
    case 2: {
        uint16_t half = (uint16_t)value;
        memcpy(p, &half, 2);
        break;
    }
    default:
        for (unsigned n = 0; n < width_bytes(width) / 4; n++) memcpy(p + 4 * n, &vgpr(w, src + n)[lane], 4);
    }
}

/* ---- atomics ------------------------------------------------------------------------------------------- */

/*
 * The new value from the one in memory and one or two operands (data2: compared value, mask, bound). mode is
 * the wave's: floats heed its denormal bits.
 */
typedef uint64_t atomic_fn(uint64_t memory, uint64_t data, uint64_t data2, uint32_t mode);

struct atomic {
    atomic_fn *fn;
    unsigned bits; /* 32 or 64 */
};

/* Every operation of atomics.c: X(name). */
/* clang-format off */
#define ATOMICS(X) \
    X(swap_b32) X(cmpswap_b32) X(cmpswap_f32) X(add_u32) X(sub_u32) X(rsub_u32) X(csub_u32) X(min_i32) \
    X(min_u32) X(max_i32) X(max_u32) X(and_b32) X(or_b32) X(xor_b32) X(mskor_b32) X(inc_u32) X(dec_u32) \
    X(wrap_b32) X(min_f32) X(max_f32) X(add_f32) X(lds_add_f32) X(swap_b64) X(cmpswap_b64) X(add_u64) X(sub_u64) \
    X(rsub_u64) X(min_i64) X(min_u64) X(max_i64) X(max_u64) X(and_b64) X(or_b64) X(xor_b64) X(mskor_b64) \
    X(inc_u64) X(dec_u64) X(cmpswap_f64) X(min_f64) X(max_f64) X(condxchg32_b64)
/* clang-format on */

/* Those of buffer_, global_ and flat_: X(name, whether it takes a second operand). */
/* clang-format off */
#define MEMORY_ATOMICS(X) \
    X(swap_b32, false) X(cmpswap_b32, true) X(add_u32, false) X(sub_u32, false) X(min_i32, false) \
    X(min_u32, false) X(max_i32, false) X(max_u32, false) X(and_b32, false) X(or_b32, false) \
    X(xor_b32, false) X(inc_u32, false) X(dec_u32, false) X(swap_b64, false) X(cmpswap_b64, true) \
    X(add_u64, false) X(sub_u64, false) X(min_i64, false) X(min_u64, false) X(max_i64, false) \
    X(max_u64, false) X(and_b64, false) X(or_b64, false) X(xor_b64, false) X(inc_u64, false) \
    X(dec_u64, false) X(cmpswap_f32, true) X(min_f32, false) X(max_f32, false) X(add_f32, false)
/* clang-format on */

#define DECLARE_ATOMIC(name) extern const struct atomic atomic_##name;
ATOMICS(DECLARE_ATOMIC)
#undef DECLARE_ATOMIC

/*
 * Applies the operation to the naturally aligned value at p and returns the old one. Host atomics make it
 * indivisible, because work-groups run on several host threads.
 */
static inline uint64_t atomic_apply(unsigned char *p, const struct atomic *atomic, uint64_t data,
                                    uint64_t data2, uint32_t mode) {
    if (atomic->bits == 64) {
        uint64_t *q = (uint64_t *)(void *)p, old = __atomic_load_n(q, __ATOMIC_RELAXED), new;
        do new = atomic->fn(old, data, data2, mode);
        while (!__atomic_compare_exchange_n(q, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
        return old;
    }
    uint32_t *q = (uint32_t *)(void *)p, old = __atomic_load_n(q, __ATOMIC_RELAXED), new;
    do new = (uint32_t)atomic->fn(old, data, data2, mode);
    while (!__atomic_compare_exchange_n(q, &old, new, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return old;
}

/* 32 or 64 bits of a lane. */
static inline uint64_t lane_data(struct wave *w, unsigned reg, unsigned lane, unsigned bits) {
    uint64_t low = vgpr(w, reg)[lane];
    return bits == 64 ? low | (uint64_t)vgpr(w, reg + 1)[lane] << 32 : low;
}
static inline void lane_result(struct wave *w, unsigned reg, unsigned lane, unsigned bits, uint64_t value) {
    vgpr(w, reg)[lane] = (uint32_t)value;
    if (bits == 64) vgpr(w, reg + 1)[lane] = (uint32_t)(value >> 32);
}

#define FOR_ACTIVE(lane, mask)                                                                               \
    for (unsigned lane = 0; lane < LANES; lane++)                                                            \
        if ((mask) >> lane & 1)

#endif
