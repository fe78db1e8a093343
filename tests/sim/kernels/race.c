/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Stores that meet: waves in LDS, work-groups in global memory. What they store comes from memory, so that the host
 * decides whether it is a race.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
#define GLOBAL __attribute__((address_space(1)))
#define LDS    __attribute__((address_space(3)))
#define KERNEL __attribute__((amdgpu_kernel))

/* ---- every instruction that stores ----------------------------------------------------------------------- */

static LDS u32 shared[512] __attribute__((loader_uninitialized));

/* Every work-item loads 16 bytes of its own and stores from them at 16 * lane, or side by side. */
#define STORES(name, text)                                                                                   \
    KERNEL void name(GLOBAL u32 *in, GLOBAL u32 *out) {                                                      \
        u32 x = __builtin_amdgcn_workitem_id_x(), lane = x % 32;                                             \
        u32 item = x + __builtin_amdgcn_workgroup_id_x() * 32;                                               \
        __asm__ volatile("s_waitcnt vmcnt(0) lgkmcnt(0)\n global_load_b128 v[40:43], %0, %1\n"               \
                         "s_waitcnt vmcnt(0)\n" text "\n"                                                    \
                         :                                                                                   \
                         : "v"(16 * item), "s"(in), "v"((LDS u32 *)shared + 4 * lane), "v"(16 * lane),       \
                           "s"(out)                                                                          \
                         : "memory", "v40", "v41", "v42", "v43", "v44", "v45");                              \
    }
#define AT_LDS    " %2, "
#define AT_GLOBAL " %3, "
#define OUT       ", %4"

/* clang-format off */
STORES(lds_b8, "ds_store_b8" AT_LDS "v40")
STORES(lds_b8_hi, "ds_store_b8_d16_hi" AT_LDS "v40")
STORES(lds_b16, "ds_store_b16" AT_LDS "v40")
STORES(lds_b16_hi, "ds_store_b16_d16_hi" AT_LDS "v40")
STORES(lds_b32, "ds_store_b32" AT_LDS "v40")
STORES(lds_b64, "ds_store_b64" AT_LDS "v[40:41]")
STORES(lds_b96, "ds_store_b96" AT_LDS "v[40:42]")
STORES(lds_b128, "ds_store_b128" AT_LDS "v[40:43]")
STORES(lds_2_b32, "ds_store_2addr_b32" AT_LDS "v40, v41 offset0:1 offset1:3")
STORES(lds_2_b64, "ds_store_2addr_b64" AT_LDS "v[40:41], v[42:43] offset0:1 offset1:0")
STORES(lds_far_b32, "ds_store_2addr_stride64_b32" AT_LDS "v40, v41 offset0:2 offset1:0")
/* Lanes side by side in one dword. */
STORES(lds_side, "v_lshrrev_b32 v44, 4, %3\n v_sub_nc_u32 v45, %2, %3\n v_add_nc_u32 v45, v45, v44\n ds_store_b8 v45, v40")
STORES(global_side, "v_lshrrev_b32 v44, 4, %3\n global_store_b8 v44, v40" OUT)
STORES(global_b8, "global_store_b8" AT_GLOBAL "v40" OUT)
STORES(global_b8_hi, "global_store_d16_hi_b8" AT_GLOBAL "v40" OUT)
STORES(global_b16, "global_store_b16" AT_GLOBAL "v40" OUT)
STORES(global_b16_hi, "global_store_d16_hi_b16" AT_GLOBAL "v40" OUT)
STORES(global_b32, "global_store_b32" AT_GLOBAL "v40" OUT)
STORES(global_b64, "global_store_b64" AT_GLOBAL "v[40:41]" OUT)
STORES(global_b96, "global_store_b96" AT_GLOBAL "v[40:42]" OUT)
STORES(global_b128, "global_store_b128" AT_GLOBAL "v[40:43]" OUT)
/* clang-format on */

/* ---- sequences ------------------------------------------------------------------------------------------- */

struct step {
    u32 who, bytes, offset, value; /* 0 bytes: a load of the dword */
};

static LDS u32 places[2] __attribute__((loader_uninitialized));

/* A plain load: a volatile one has glc in global memory, and counts as atomic. */
#define LOAD(from) __asm__ volatile("" ::"v"(from) : "memory")
#define TAKE(space, base)                                                                                    \
    do {                                                                                                     \
        volatile space u8 *at = (volatile space u8 *)(base) + s->offset;                                     \
        if (s->bytes == 1) *at = (u8)s->value;                                                               \
        if (s->bytes == 2) *(volatile space u16 *)at = (u16)s->value;                                        \
        if (s->bytes == 4) *(volatile space u32 *)at = s->value;                                             \
        if (s->bytes == 0) LOAD(*(space u32 *)at);                                                           \
    } while (0)

/* Waves take the steps in their order. An atomic in global memory tells whose turn it is; it orders nothing in LDS. */
KERNEL void steps_lds(GLOBAL const struct step *steps, GLOBAL u32 *turn, u32 count) {
    u32 x = __builtin_amdgcn_workitem_id_x(), nothing = 0;
    if (x == 0) *turn = 0;
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    if (x % 32) return;
    for (u32 n = 0; n < count; n++) {
        GLOBAL const struct step *s = &steps[n];
        if (s->who != x / 32) continue;
        __asm__ volatile("" : "+v"(nothing)); /* else it becomes a load */
        while (__atomic_fetch_add(turn, nothing, __ATOMIC_RELAXED) != n) {
        }
        TAKE(LDS, places);
        __asm__ volatile("" ::: "memory");
        __atomic_fetch_add(turn, 1, __ATOMIC_RELAXED);
    }
}

/* The last of three waves stores, the first one hears of it (or does not), the second one hears that from the first. */
static LDS u32 first __attribute__((loader_uninitialized)), second __attribute__((loader_uninitialized));
#define UNTIL(counter, value)                                                                                \
    while (__atomic_fetch_add(&counter, nothing, __ATOMIC_RELAXED) != value) {                               \
    }
#define HEARSAY(name, hear)                                                                                  \
    KERNEL void name(GLOBAL const u32 *in, GLOBAL u32 *out) {                                                \
        u32 x = __builtin_amdgcn_workitem_id_x(), nothing = 0;                                               \
        __asm__ volatile("" : "+v"(nothing)); /* else it becomes a load */                                   \
        if (x == 0) first = second = 0;                                                                      \
        __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");                                               \
        __builtin_amdgcn_s_barrier();                                                                        \
        if (x == 0) {                                                                                        \
            UNTIL(first, 1)                                                                                  \
            __atomic_fetch_add(&first, 1, __ATOMIC_RELAXED);                                                 \
            hear;                                                                                            \
            __atomic_fetch_add(&first, 1, __ATOMIC_RELEASE);                                                 \
        } else if (x == 32) {                                                                                \
            __atomic_fetch_add(&first, 1, __ATOMIC_RELAXED);                                                 \
            UNTIL(first, 3)                                                                                  \
            __atomic_thread_fence(__ATOMIC_ACQUIRE);                                                         \
            out[0] = places[0];                                                                              \
        } else if (x == 64) {                                                                                \
            places[0] = in[0];                                                                               \
            __atomic_fetch_add(&second, 1, __ATOMIC_RELEASE);                                                \
        }                                                                                                    \
    }
HEARSAY(heard, UNTIL(second, 1))
HEARSAY(unheard, )

/* Work-groups of one work-item, which run one after the other. */
KERNEL void steps_global(GLOBAL const struct step *steps, GLOBAL u32 *out, u32 count) {
    u32 group = __builtin_amdgcn_workgroup_id_x();
    for (u32 n = 0; n < count; n++) {
        GLOBAL const struct step *s = &steps[n];
        if (s->who == group) TAKE(GLOBAL, out);
    }
}
