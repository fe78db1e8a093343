/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Micro-kernels of the timing model's tests: one property of a card each. */
#define GLOBAL __attribute__((address_space(1)))
#define LDS    __attribute__((address_space(3)))
#define KERNEL __attribute__((amdgpu_kernel)) void

typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef float f32x8 __attribute__((ext_vector_type(8)));
typedef _Float16 f16x16 __attribute__((ext_vector_type(16)));

static int lane(void) { return __builtin_amdgcn_workitem_id_x(); }
static int group(void) { return __builtin_amdgcn_workgroup_id_x(); }

/* Each work-group of 256 reads `pieces` pieces of 4 KB that are `stride` apart, four at a time. */
KERNEL read_pieces(const GLOBAL f32x4 *in, GLOBAL float *out, int pieces, int stride, int of_group) {
    const GLOBAL f32x4 *at = in + (long)group() * of_group + lane();
    f32x4 sum = 0;
    for (int n = 0; n < pieces; n += 4)
        sum += __builtin_nontemporal_load(at + (long)n * stride) +
               __builtin_nontemporal_load(at + (long)(n + 1) * stride) +
               __builtin_nontemporal_load(at + (long)(n + 2) * stride) +
               __builtin_nontemporal_load(at + (long)(n + 3) * stride);
    out[group() * 256 + lane()] = sum.x + sum.y + sum.z + sum.w;
}

/* The same of a copy. */
KERNEL copy_pieces(const GLOBAL f32x4 *in, GLOBAL f32x4 *out, int pieces, int of_group) {
    long at = (long)group() * of_group + lane();
    for (int n = 0; n < pieces; n++)
        __builtin_nontemporal_store(__builtin_nontemporal_load(in + at + n * 256L), out + at + n * 256L);
}

/* Each wave reads the same 2 KB again and again, 16 bytes a lane. */
KERNEL reads_again(const GLOBAL f32x4 *in, GLOBAL float *out, int times) {
    f32x4 sum = 0;
    for (int n = 0; n < times; n++) {
        for (int l = 0; l < 4; l++) sum += in[l * 32 + (lane() & 31)];
        asm volatile("" : "+v"(in)); /* or they would be read once */
    }
    out[group() * 128 + lane()] = sum.x + sum.y + sum.z + sum.w;
}

/* Matrix products, none of which needs another's result before eight more. */
KERNEL multiplies(GLOBAL float *out, int times) {
    f16x16 a = (_Float16)lane(), b = (_Float16)1;
    f32x8 sums[8] = {0};
    for (int n = 0; n < times; n++)
        for (int m = 0; m < 8; m++) sums[m] = __builtin_amdgcn_wmma_f32_16x16x16_f16_w32(a, b, sums[m]);
    float sum = 0;
    for (int m = 0; m < 8; m++) sum += sums[m][0];
    out[group() * 128 + lane()] = sum;
}

/* `steps` loads, each of which says where the next one is. */
KERNEL chase(const GLOBAL unsigned *in, GLOBAL unsigned *out, int steps) {
    unsigned at = lane();
    for (int n = 0; n < steps; n++) at = in[at];
    out[lane()] = at;
}

KERNEL chase_scalar(const GLOBAL unsigned *in, GLOBAL unsigned *out, int steps) {
    unsigned at = 0;
    for (int n = 0; n < steps; n++) at = in[at];
    if (lane() == 0) out[0] = at;
}

KERNEL ends(void) {}

KERNEL store_and_end(GLOBAL int *out) { out[group() * 32 + lane()] = 1; }

KERNEL reads_clock(GLOBAL unsigned *out) { out[lane()] = (unsigned)__builtin_readcyclecounter(); }

KERNEL adds(GLOBAL int *out) { __atomic_fetch_add(out, 1, __ATOMIC_RELAXED); }

/* Busy with itself for a while. */
KERNEL spins(GLOBAL float *out, int times) {
    float x = (float)lane();
    for (int n = 0; n < times; n++) x = x * 1.5f + 1;
    out[group() * 32 + lane()] = x;
}

/* Work-group 0 is busy first, and the last to come to the counter behind it. */
KERNEL comes_last(GLOBAL unsigned *counter, GLOBAL float *out, int groups, int times) {
    float x = (float)lane();
    for (int n = 0; group() == 0 && n < times; n++) x = x * 1.5f + 1;
    unsigned before = 0;
    if (lane() == 0) before = __atomic_fetch_add(counter, x == 0.5f ? 2 : 1, __ATOMIC_RELAXED);
    if ((int)__builtin_amdgcn_readfirstlane(before) != groups - 1) return;
    for (int n = 0; n < times; n++) x = x * 1.5f + 1;
    out[lane()] = x;
}

/* Waves that meet at barriers. */
KERNEL meets(GLOBAL int *out, int times) {
    static LDS int shared[256] __attribute__((loader_uninitialized));
    int x = lane();
    for (int n = 0; n < times; n++) {
        shared[lane()] = x;
        __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
        __builtin_amdgcn_s_barrier();
        __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
        x += shared[(lane() + 37) & 255];
        __builtin_amdgcn_s_barrier();
    }
    out[group() * 256 + lane()] = x;
}

/* Of each work-group the first wave ends, later than the others wait at a barrier that it does not reach. */
KERNEL leaves(GLOBAL float *out, int times) {
    float x = (float)lane();
    if (__builtin_amdgcn_readfirstlane(lane()) < 32) {
        for (int n = 0; n < times; n++) x = x * 1.5f + 1;
    } else {
        __builtin_amdgcn_s_barrier();
    }
    out[group() * 256 + lane()] = x;
}

/* ---- what depends on time --------------------------------------------------------------------------------- */

/* The last work-group sets a flag that all others wait for. */
KERNEL waits_for_flag(GLOBAL int *flag, int groups) {
    if (group() == groups - 1) __atomic_store_n(flag, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE)) __builtin_amdgcn_s_sleep(1);
    flag[1 + group()] = 2;
}

/* The first one does: every other work-group finds it set in a simulator that runs them one by one. */
KERNEL finds_flag(GLOBAL int *flag) {
    if (group() == 0) __atomic_store_n(flag, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(flag, __ATOMIC_RELAXED)) {
    }
    flag[1 + group()] = 2;
}

/* A lock that is taken by the exchange of 1. */
KERNEL locks(GLOBAL int *lock) {
    if (lane() == 0) {
        while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE)) __builtin_amdgcn_s_sleep(1);
        lock[1] += 1;
        __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
    }
}

KERNEL locks_by_compare(GLOBAL int *lock) {
    if (lane() == 0) {
        int none;
        do none = 0;
        while (!__atomic_compare_exchange_n(lock, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
        lock[1] += 1;
        __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
    }
}

/* Waves of one work-group that wait for each other through LDS. */
KERNEL waits_in_lds(GLOBAL int *out) {
    static LDS int shared __attribute__((loader_uninitialized));
    LDS int *flag = &shared;
    asm volatile("" : "+v"(flag)); /* or it would be known that nobody writes anything else */
    if (lane() == 0) __atomic_store_n(flag, 7, __ATOMIC_RELEASE);
    while (__atomic_load_n(flag, __ATOMIC_ACQUIRE) != 7) {
    }
    out[lane()] = 1;
}

/* Pieces of work that waves take from a queue until it is empty. */
KERNEL takes_from_queue(GLOBAL int *queue, GLOBAL float *out, int pieces) {
    for (;;) {
        int piece = 0;
        if (lane() == 0) piece = __atomic_fetch_add(queue, 1, __ATOMIC_RELAXED);
        piece = __builtin_amdgcn_readfirstlane(piece);
        if (piece >= pieces) return;
        out[piece * 32 + lane()] = (float)piece;
    }
}

/* Every work-group leaves a part; the one that comes last adds them. */
KERNEL adds_last(GLOBAL int *ticket, GLOBAL float *parts, int groups) {
    parts[group() * 32 + lane()] = 1;
    int before = 0;
    if (lane() == 0) before = __atomic_fetch_add(ticket, 1, __ATOMIC_ACQ_REL);
    if (__builtin_amdgcn_readfirstlane(before) != groups - 1) return;
    float sum = 0;
    for (int n = 0; n < groups; n++) sum += parts[n * 32 + lane()];
    parts[groups * 32 + lane()] = sum;
}

/* Sums of floats by compare and swap. */
KERNEL swaps(GLOBAL int *sum) {
    int old = *sum, new;
    do new = __builtin_bit_cast(int, __builtin_bit_cast(float, old) + 1);
    while (!__atomic_compare_exchange_n(sum, &old, new, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

/* Looks at one place of memory and of LDS again and again, but for a time that is known before. */
KERNEL looks_often(GLOBAL int *flag, int times) {
    static LDS int shared __attribute__((loader_uninitialized));
    if (lane() == 0) shared = 0;
    int sum = 0;
    for (int n = 0; n < times; n++) sum += __atomic_load_n(flag, __ATOMIC_RELAXED);
    for (int n = 0; n < times; n++) sum += *(volatile LDS int *)&shared;
    flag[1 + lane()] = sum;
}

/* What lies between a branch back and its target is no loop: nothing there leads to the branch. */
KERNEL jumps_back(GLOBAL int *flag) {
    int seen = 0;
    __asm__ volatile("s_branch 2f\n"
                     "1: global_load_b32 %0, %1, %2 glc\n"
                     "s_waitcnt vmcnt(0)\n"
                     "v_cmp_ne_u32 vcc_lo, 0, %0\n"
                     "s_cbranch_vccnz 3f\n"
                     "s_branch 3f\n"
                     "2: s_branch 1b\n"
                     "3:"
                     : "=&v"(seen)
                     : "v"(0), "s"(flag)
                     : "vcc", "memory");
    flag[1 + lane()] = seen;
}

KERNEL asks_where(GLOBAL unsigned *out) { out[lane()] = __builtin_amdgcn_s_getreg(31 << 11 | 23); }
