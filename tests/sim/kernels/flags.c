/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Waves of a work-group that talk through LDS without barriers: flags, locks, rings, counters, compare-and-swap loops. good_NAME
 * is right under every schedule and leaves the same in out[]; bad_NAME is a race, unwritten_NAME uses what nobody has written.
 */
typedef unsigned short u16;
typedef unsigned u32;
typedef unsigned long u64;
#define GLOBAL __attribute__((address_space(1)))
#define LDS    __attribute__((address_space(3), loader_uninitialized))
#define KERNEL __attribute__((amdgpu_kernel, amdgpu_flat_work_group_size(BLOCK, BLOCK))) void

enum { BLOCK = 128, INPUT = 1024 };
typedef const GLOBAL u32 *inputs;

static u32 at(inputs in, u32 n) { return in[n % INPUT]; }
static u32 item(void) { return __builtin_amdgcn_workitem_id_x(); }
static u32 place(void) { return __builtin_amdgcn_workgroup_id_x() * BLOCK + item(); }
static u32 wave_size(void) { return __builtin_amdgcn_wavefrontsize(); }
static u32 lane(void) { return item() % wave_size(); }
static u32 wave(void) { return item() / wave_size(); }
static u32 waves(void) { return BLOCK / wave_size(); }
static void barrier(void) {
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}

#define SCOPE                        __MEMORY_SCOPE_WRKGRP
#define LOAD(from, order)            __scoped_atomic_load_n(from, __ATOMIC_##order, SCOPE)
#define STORE(to, value, order)      __scoped_atomic_store_n(to, value, __ATOMIC_##order, SCOPE)
#define ADD(to, value, order)        __scoped_atomic_fetch_add(to, value, __ATOMIC_##order, SCOPE)
#define EXCHANGE(with, value, order) __scoped_atomic_exchange_n(with, value, __ATOMIC_##order, SCOPE)
#define SWAP(at, seen, value, order)                                                                         \
    __scoped_atomic_compare_exchange_n(at, seen, value, 0, __ATOMIC_##order, __ATOMIC_RELAXED, SCOPE)
#define FENCE(order) __scoped_atomic_thread_fence(__ATOMIC_##order, SCOPE)

static LDS u32 words[BLOCK], counts[BLOCK];
static LDS u32 flag, other, sum;
static LDS u64 wide;
static LDS _Float16 half;

static void begin(void) {
    words[item()] = counts[item()] = 0;
    if (item() == 0) {
        flag = other = sum = 0;
        wide = 0;
        half = 0;
    }
    barrier();
}

/* ---- flags ------------------------------------------------------------------------------------------------ */

static void hand_over(inputs in, u32 who) {
    words[lane()] = at(in, place());
    FENCE(RELEASE);
    __builtin_amdgcn_wave_barrier();
    if (lane() == 0) STORE(&flag, who, RELEASE);
}

KERNEL good_flag(inputs in, GLOBAL u32 *out) {
    begin();
    if (wave() == 0)
        hand_over(in, 1);
    else
        while (LOAD(&flag, ACQUIRE) == 0) {
        }
    out[place()] = words[lane()];
}

KERNEL good_relaxed(inputs in, GLOBAL u32 *out) {
    begin();
    if (wave() == waves() - 1) {
        hand_over(in, 7);
    } else {
        do __builtin_amdgcn_s_sleep(1);
        while (LOAD(&flag, RELAXED) != 7);
        FENCE(ACQUIRE);
    }
    out[place()] = words[lane()];
}

static __attribute__((noinline)) void wait_for(u32 *of, u32 value) {
    while (LOAD(of, ACQUIRE) != value) {
    }
}
KERNEL good_generic(inputs in, GLOBAL u32 *out) {
    begin();
    if (wave() == 0) hand_over(in, 3);
    wait_for((u32 *)&flag, 3);
    out[place()] = words[lane()];
}

/* The one who hands over waits for all who have read. */
KERNEL good_broadcast(inputs in, GLOBAL u32 *out) {
    begin();
    u32 x = 0;
    for (u32 n = 1; n < 5; n++) {
        if (wave() == 0) {
            hand_over(in + n, n);
            while (LOAD(&other, ACQUIRE) != n * (waves() - 1)) {
            }
        } else {
            while (LOAD(&flag, ACQUIRE) != n) {
            }
            x = x * 3 + words[lane()];
            __builtin_amdgcn_wave_barrier();
            if (lane() == 0) ADD(&other, 1u, RELEASE);
        }
    }
    out[place()] = x;
}

KERNEL good_turns(inputs in, GLOBAL u32 *out) {
    begin();
    if (lane() == 0)
        for (u32 n = 0; n < 5; n++) {
            while (LOAD(&flag, ACQUIRE) != n * waves() + wave()) {
            }
            sum = sum * 3 + at(in, place() + n);
            STORE(&flag, n * waves() + wave() + 1, RELEASE);
        }
    barrier();
    out[place()] = sum;
}

KERNEL good_ring(inputs in, GLOBAL u32 *out) {
    begin();
    u32 x = 0;
    if (item() == 0)
        for (u32 n = 0; n < 20; n++) {
            while (n - LOAD(&other, ACQUIRE) >= 4) {
            }
            words[n % 4] = at(in, n);
            STORE(&flag, n + 1, RELEASE);
        }
    if (item() == wave_size())
        for (u32 n = 0; n < 20; n++) {
            while (LOAD(&flag, ACQUIRE) <= n) {
            }
            x = x * 3 + words[n % 4];
            STORE(&other, n + 1, RELEASE);
        }
    out[place()] = x;
}

static void all_arrive(u32 times) {
    __builtin_amdgcn_wave_barrier();
    if (lane() == 0) {
        ADD(&flag, 1u, ACQ_REL);
        while (LOAD(&flag, ACQUIRE) < times * waves()) {
        }
    }
    __builtin_amdgcn_wave_barrier();
}
KERNEL good_counted_barrier(inputs in, GLOBAL u32 *out) {
    begin();
    words[item()] = at(in, place());
    all_arrive(1);
    u32 x = words[BLOCK - 1 - item()];
    all_arrive(2);
    words[item()] = x * 3;
    all_arrive(3);
    out[place()] = words[(item() + 50) % BLOCK];
}

/* ---- locks ------------------------------------------------------------------------------------------------- */

KERNEL good_lock(inputs in, GLOBAL u32 *out) {
    begin();
    if (lane() == 0) {
        while (EXCHANGE(&flag, 1u, ACQUIRE)) __builtin_amdgcn_s_sleep(1);
        sum += at(in, place());
        STORE(&flag, 0u, RELEASE);
    }
    barrier();
    out[place()] = sum;
}

KERNEL good_relaxed_lock(inputs in, GLOBAL u32 *out) {
    begin();
    if (lane() == 0) {
        while (EXCHANGE(&flag, 1u, RELAXED)) {
        }
        FENCE(ACQUIRE);
        sum += at(in, place());
        FENCE(RELEASE);
        STORE(&flag, 0u, RELAXED);
    }
    barrier();
    out[place()] = sum;
}

/* It looks before it tries. */
KERNEL good_looking_lock(inputs in, GLOBAL u32 *out) {
    begin();
    if (lane() == 0) {
        do
            while (LOAD(&flag, RELAXED)) {
            }
        while (EXCHANGE(&flag, 1u, ACQUIRE));
        sum += at(in, place());
        STORE(&flag, 0u, RELEASE);
    }
    barrier();
    out[place()] = sum;
}

KERNEL good_swapped_lock(inputs in, GLOBAL u32 *out) {
    begin();
    for (u32 n = 0; n < wave_size(); n += 8)
        if (lane() == n) {
            u32 none;
            do none = 0;
            while (!SWAP(&flag, &none, 1u, ACQUIRE));
            sum += at(in, place());
            STORE(&flag, 0u, RELEASE);
        }
    barrier();
    out[place()] = sum;
}

KERNEL good_ticket(inputs in, GLOBAL u32 *out) {
    begin();
    if (lane() == 3) {
        u32 mine = ADD(&other, 1u, RELAXED);
        while (LOAD(&flag, ACQUIRE) != mine) {
        }
        sum += at(in, place());
        STORE(&flag, mine + 1, RELEASE);
    }
    barrier();
    out[place()] = sum;
}

/* ---- compare-and-swap loops ------------------------------------------------------------------------------ */

KERNEL good_mixed(inputs in, GLOBAL u32 *out) {
    begin();
    if (wave() % 2) {
        ADD(&sum, at(in, place()), RELAXED);
    } else {
        u32 seen = sum;
        while (!SWAP(&sum, &seen, seen + at(in, place()), RELAXED)) {
        }
    }
    barrier();
    out[place()] = sum;
}

/* More than 256 instructions lie between the load and the compare-and-swap, at every level of optimisation. */
static inline __attribute__((always_inline)) double long_way(double x) {
#pragma clang loop unroll(full)
    for (int n = 0; n < 40; n++) x = (x + 3.0 / (x + n + 1)) * 0.5 + n;
    return x;
}
KERNEL good_far(inputs in, GLOBAL u32 *out) {
    begin();
    if (lane() < 2) {
        u64 seen = wide, next;
        do {
            double x;
            __builtin_memcpy(&x, &seen, 8);
            x = long_way(x) - long_way(x) + x + at(in, 0) % 8 + 1;
            __builtin_memcpy(&next, &x, 8);
        } while (!SWAP(&wide, &seen, next, RELAXED));
    }
    barrier();
    out[place()] = (u32)(wide >> 40);
}

/* In functions of their own, and not where it would change nothing. */
static __attribute__((noinline)) u32 swapped(GLOBAL u32 *at, u32 seen, u32 value) {
    __scoped_atomic_compare_exchange_n(at, &seen, value, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED,
                                       __MEMORY_SCOPE_DEVICE);
    return seen;
}
static __attribute__((noinline)) void raise(GLOBAL u32 *at, u32 value) {
    u32 old = *at, seen;
    for (; old < value; old = seen) {
        seen = swapped(at, old, value);
        if (seen == old) break;
    }
}
KERNEL good_maximum(inputs in, GLOBAL u32 *out) { raise(out, at(in, place()) % 1000); }

KERNEL good_table(inputs in, GLOBAL u32 *out) {
    begin();
    u32 key = at(in, place()) % 60 + 1, slot = key * 7 % BLOCK;
    for (;;) {
        u32 there = LOAD(&words[slot], RELAXED), none = 0;
        if (there == key) break;
        if (there == 0 && (SWAP(&words[slot], &none, key, RELAXED) || none == key)) break;
        slot = (slot + 1) % BLOCK;
    }
    ADD(&counts[slot], 1u, RELAXED);
    barrier();
    u32 x = 0;
    for (u32 n = 0; n < BLOCK; n++) x += words[n] * counts[n];
    out[place()] = x;
}

/* A half whose neighbour nobody has written, and one that has none. */
static LDS _Float16 halves[2], alone;
KERNEL good_half(inputs in, GLOBAL u32 *out) {
    if (item() == 0) halves[1] = 0;
    barrier();
    ADD(&halves[1], (_Float16)1.0f, RELAXED);
    barrier();
    out[place()] = at(in, (u32)(float)halves[1]);
}
KERNEL unwritten_half(inputs in, GLOBAL u32 *out) {
    if (item() == 0) halves[0] = 0;
    barrier();
    ADD(&halves[1], (_Float16)1.0f, RELAXED);
    barrier();
    out[place()] = at(in, (u32)(float)halves[1]);
}
KERNEL good_alone(inputs in, GLOBAL u32 *out) {
    if (item() == 0) alone = 0;
    barrier();
    ADD(&alone, (_Float16)1.0f, RELAXED);
    barrier();
    out[place()] = at(in, (u32)(float)alone);
}

/* ---- races ------------------------------------------------------------------------------------------------- */

/* Data are read before the flag. */
KERNEL bad_early(inputs in, GLOBAL u32 *out) {
    begin();
    u32 x = 0;
    if (wave() == 0) {
        hand_over(in, 1);
    } else {
        x = words[lane()];
        while (LOAD(&flag, ACQUIRE) == 0) {
        }
    }
    out[place()] = x;
}

/* Data are written after it. */
KERNEL bad_late(inputs in, GLOBAL u32 *out) {
    begin();
    if (wave() == 0) {
        if (lane() == 0) STORE(&flag, 1u, RELEASE);
        words[lane()] = at(in, place());
    } else {
        while (LOAD(&flag, ACQUIRE) == 0) {
        }
        out[place()] = words[lane()];
    }
}

KERNEL bad_other_flag(inputs in, GLOBAL u32 *out) {
    begin();
    if (wave() == 0) {
        hand_over(in, 1);
    } else {
        while (LOAD(&other, ACQUIRE) != 0) {
        }
        out[place()] = words[lane()];
    }
}

/* Nobody waits for those who read. */
KERNEL bad_broadcast(inputs in, GLOBAL u32 *out) {
    begin();
    u32 x = 0;
    for (u32 n = 1; n < 5; n++) {
        if (wave() == 0) {
            hand_over(in + n, n);
            continue;
        }
        while (LOAD(&flag, ACQUIRE) < n) {
        }
        x = x * 3 + words[lane()];
    }
    out[place()] = x;
}

/* The lock is given back too early. */
KERNEL bad_unlocked(inputs in, GLOBAL u32 *out) {
    begin();
    if (lane() == 0) {
        while (EXCHANGE(&flag, 1u, ACQUIRE)) {
        }
        STORE(&flag, 0u, RELEASE);
        sum = at(in, place());
    }
    barrier();
    out[place()] = sum;
}

/* Zeroed without a barrier before the loop, by hand and as LLVM makes it of an addition of halves. */
KERNEL bad_zero(inputs in, GLOBAL u32 *out) {
    if (item() == 0) sum = 0;
    u32 seen = 0;
    while (!SWAP(&sum, &seen, seen + at(in, place()), RELAXED)) {
    }
    barrier();
    out[place()] = sum;
}
KERNEL bad_zero_half(inputs in, GLOBAL u32 *out) {
    if (item() == 0) half = 0;
    ADD(&half, (_Float16)1.0f, RELAXED);
    barrier();
    out[place()] = at(in, (u32)(float)half);
}

/* Loops that are no waiting. */
KERNEL bad_sum(inputs in, GLOBAL u32 *out) {
    volatile __attribute__((address_space(3))) u32 *first = words;
    if (wave() == 0) *first = at(in, 3);
    u32 x = 0;
    for (u32 n = 0; n < 5; n++) x += *first;
    out[place()] = x;
}
KERNEL bad_search(inputs in, GLOBAL u32 *out) {
    words[item()] = at(in, item()) | 1;
    u32 n = 0;
    while (n < BLOCK - 1 && words[n] < 1000000) n++;
    out[place()] = n;
}

/* Fences are no barriers. */
KERNEL bad_fences(inputs in, GLOBAL u32 *out) {
    words[item()] = at(in, place());
    for (u32 step = 1; step < BLOCK; step *= 2) {
        FENCE(SEQ_CST);
        u32 before = item() >= step ? words[item() - step] : 0;
        FENCE(SEQ_CST);
        words[item()] += before;
    }
    out[place()] = words[item()];
}
