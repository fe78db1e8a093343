/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The programs of ordinary.h as kernels, out[i] = NAME(in, i), and those that need more than one work-item: LDS, barriers,
 * atomics of every width, exchanges between lanes, work-groups that wait for each other.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef short i16;
typedef int i32;
typedef unsigned u32;
typedef long i64;
typedef unsigned long u64;
#define GLOBAL __attribute__((address_space(1)))
#define LDS    __attribute__((address_space(3), loader_uninitialized))
#define KERNEL __attribute__((amdgpu_kernel, amdgpu_flat_work_group_size(BLOCK, BLOCK))) void
#include "ordinary.h"

enum { BLOCK = 128 };

static u32 item(void) { return __builtin_amdgcn_workitem_id_x(); }
static u32 group(void) { return __builtin_amdgcn_workgroup_id_x(); }
static u32 place(void) { return group() * BLOCK + item(); }
static u32 wave_size(void) { return __builtin_amdgcn_wavefrontsize(); }
static u32 lane(void) { return item() % wave_size(); }
static void barrier(void) {
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

#define PROGRAM(name)                                                                                        \
    KERNEL kernel_##name(inputs in, GLOBAL u32 *out) { out[place()] = name(in, place()); }
ORDINARY_PROGRAMS(PROGRAM)

/* ---- LDS -------------------------------------------------------------------------------------------------- */

static LDS u32 words[BLOCK];
static LDS u16 tile[16][17];
static LDS u8 octets[BLOCK * 3];

KERNEL kernel_lds_sum(inputs in, GLOBAL u32 *out) {
    words[item()] = at(in, place());
    for (u32 half = BLOCK / 2; half; half /= 2) {
        barrier();
        if (item() < half) words[item()] += words[item() + half];
    }
    barrier();
    out[place()] = words[0] + item();
}

KERNEL kernel_lds_scan(inputs in, GLOBAL u32 *out) {
    words[item()] = at(in, place());
    for (u32 step = 1; step < BLOCK; step *= 2) {
        barrier();
        u32 before = item() >= step ? words[item() - step] : 0;
        barrier();
        words[item()] += before;
    }
    out[place()] = words[item()];
}

KERNEL kernel_lds_tile(inputs in, GLOBAL u32 *out) {
    for (u32 n = item(); n < 256; n += BLOCK) tile[n / 16][n % 16] = (u16)at(in, group() * 256 + n);
    barrier();
    u32 row = item() % 16, column = item() / 16;
    out[place()] = tile[row][column] | (u32)tile[row][column + 8] << 16;
}

KERNEL kernel_lds_octets(inputs in, GLOBAL u32 *out) {
    for (u32 n = 0; n < 3; n++) octets[item() * 3 + n] = (u8)(at(in, place()) >> 8 * n);
    barrier();
    u32 other = BLOCK - 1 - item();
    out[place()] = octets[other * 3] | (u32)octets[other * 3 + 1] << 8 | (u32)octets[other * 3 + 2] << 16;
}

KERNEL kernel_lds_histogram(inputs in, GLOBAL u32 *out) {
    words[item()] = 0;
    barrier();
    __scoped_atomic_fetch_add(&words[at(in, place()) % 32], 1u, __ATOMIC_RELAXED, __MEMORY_SCOPE_WRKGRP);
    __scoped_atomic_fetch_max(&words[32 + at(in, place()) % 8], place(), __ATOMIC_RELAXED,
                              __MEMORY_SCOPE_WRKGRP);
    barrier();
    out[place()] = words[item()];
}

/* ---- atomics: every work-item of the launch updates a few places of out, which begins as zeros -------------------- */

#define UPDATE(operation, type, n, value)                                                                    \
    __scoped_atomic_fetch_##operation((GLOBAL type *)out + (n), (type)(value), __ATOMIC_RELAXED,             \
                                      __MEMORY_SCOPE_DEVICE)
KERNEL kernel_atomics32(inputs in, GLOBAL u32 *out) {
    u32 x = at(in, place());
    UPDATE(add, u32, 0, x);
    UPDATE(sub, u32, 1, x);
    UPDATE(or, u32, 2, x);
    UPDATE(xor, u32, 3, x);
    UPDATE(max, u32, 4, x);
    UPDATE(max, i32, 5, x);
    UPDATE(min, i32, 6, x);
    UPDATE(and, u32, 7, x);
    UPDATE(add, float, 8 + x % 4, place() % 64);
}

KERNEL kernel_atomics64(inputs in, GLOBAL u32 *out) {
    u64 x = (u64)at(in, place()) << 20 | at(in, place() + 1);
    UPDATE(add, u64, 0, x);
    UPDATE(xor, u64, 1, x);
    UPDATE(max, u64, 2, x);
    UPDATE(min, i64, 3, x << 12);
    UPDATE(add, double, 4, place());
}

KERNEL kernel_atomics16(inputs in, GLOBAL u32 *out) {
    u32 x = at(in, place());
    UPDATE(add, u8, x % 5, x >> 8);
    UPDATE(add, u16, 4 + x % 5, x >> 7);
    UPDATE(xor, u8, 20 + x % 7, x);
    UPDATE(max, u16, 16 + x % 3, x);
    UPDATE(add, _Float16, 20 + x % 3, place() % 4);
    UPDATE(add, __bf16, 30 + x % 2, 1);
}

/* The loop by hand, beginning with a plain load. */
KERNEL kernel_swapped(inputs in, GLOBAL u32 *out) {
    GLOBAL u32 *count = out + at(in, place()) % 4;
    u32 seen = *count;
    while (!__scoped_atomic_compare_exchange_n(count, &seen, seen * 2 < 1000 ? seen + 1 : seen + 3, 0,
                                               __ATOMIC_RELAXED, __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE)) {
    }
}

/* ---- work-groups that know of each other ---------------------------------------------------------------------- */

static LDS u32 last;
/* The last work-group to come sums what all have left. out[BLOCK...]: theirs, out[0]: how many have come. */
KERNEL kernel_last_group(inputs in, GLOBAL u32 *out) {
    words[item()] = at(in, place());
    barrier();
    if (item() == 0) {
        u32 sum = 0;
        for (u32 n = 0; n < BLOCK; n++) sum ^= words[n] * (n | 1);
        out[BLOCK + group()] = sum;
        last = __scoped_atomic_fetch_add(out, 1u, __ATOMIC_ACQ_REL, __MEMORY_SCOPE_DEVICE);
    }
    barrier();
    u32 groups = __builtin_amdgcn_grid_size_x() / BLOCK;
    if (last != groups - 1 || item() < BLOCK / 2) return;
    u32 sum = 0;
    for (u32 n = 0; n < groups; n++) sum += out[BLOCK + n];
    out[item()] = sum;
}

/* A lock in out[0], held while out[1] and out[2] are changed by plain stores. */
KERNEL kernel_lock(inputs in, GLOBAL u32 *out) {
    if (lane() != 0) return;
    while (__scoped_atomic_exchange_n(out, 1u, __ATOMIC_ACQUIRE, __MEMORY_SCOPE_DEVICE))
        __builtin_amdgcn_s_sleep(1);
    out[1] += at(in, group());
    out[2]++;
    __scoped_atomic_store_n(out, 0u, __ATOMIC_RELEASE, __MEMORY_SCOPE_DEVICE);
}

/* ---- lanes ------------------------------------------------------------------------------------------------ */

KERNEL kernel_shuffled(inputs in, GLOBAL u32 *out) {
    u32 x = at(in, place()), from = (x >> 3) % 32;
    u32 pulled = (u32)__builtin_amdgcn_ds_bpermute((i32)(from * 4), (i32)x);
    u32 pushed = (u32)__builtin_amdgcn_ds_permute((i32)((lane() * 5 + 3) % 32 * 4), (i32)x);
    u32 turned = __builtin_amdgcn_permlane16(x, x, 0x89abcdef, 0x01234567, 0, 0);
    u32 crossed = __builtin_amdgcn_permlanex16(x, x, 0x76543210, 0xfedcba98, 0, 0);
    u32 swizzled = (u32)__builtin_amdgcn_ds_swizzle((i32)x, 0x101f);             /* lane ^ 4 */
    u32 moved = (u32)__builtin_amdgcn_update_dpp(7, (i32)x, 0x111, 0xf, 0xf, 0); /* row_shr:1 */
    out[place()] = pulled ^ pushed << 1 ^ turned << 2 ^ crossed << 3 ^ swizzled << 4 ^ moved << 5;
}

#ifdef WAVE64
#define BALLOT __builtin_amdgcn_ballot_w64
#else
#define BALLOT (u64) __builtin_amdgcn_ballot_w32
#endif
KERNEL kernel_voted(inputs in, GLOBAL u32 *out) {
    u32 x = at(in, place()), sum = 0;
    for (u32 n = 0; n < x % 5; n++) {
        sum = sum * 3 + (u32)__builtin_popcountll(BALLOT((x >> n) & 1) & 0xffff);
    }
    out[place()] =
        sum + (u32)__builtin_amdgcn_readlane((i32)x, 17) + (u32)__builtin_amdgcn_readfirstlane((i32)x);
}

/* ---- bf16 ------------------------------------------------------------------------------------------------- */

KERNEL kernel_brain_floats(inputs in, GLOBAL u32 *out) {
    u16 bits[2] = {(u16)(at(in, place()) & 0x1ff) | 0x3f00, (u16)(at(in, place() + 1) & 0x1ff) | 0x3f00};
    __bf16 x, y;
    __builtin_memcpy(&x, bits, 2);
    __builtin_memcpy(&y, bits + 1, 2);
    __bf16 product = x * y, sum = product + x, rest = sum - y;
    float wide = (float)rest * 3.0f;
    rest = (__bf16)wide;
    u16 result;
    __builtin_memcpy(&result, &rest, 2);
    out[place()] = result | (u32)(product < sum) << 16;
}
