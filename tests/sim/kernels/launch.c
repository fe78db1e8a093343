/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Kernels that show what a launch gives to a wave: ids, sizes, arguments, LDS, barriers; and what stops one.
 */
typedef unsigned int u32;
typedef unsigned long u64;
#define GLOBAL __attribute__((address_space(1)))
#define LDS    __attribute__((address_space(3)))
#define KERNEL __attribute__((amdgpu_kernel))

static u32 linear_group(u32 groups_x, u32 groups_y) {
    return __builtin_amdgcn_workgroup_id_x() +
           groups_x * (__builtin_amdgcn_workgroup_id_y() + groups_y * __builtin_amdgcn_workgroup_id_z());
}

/* out[4 * n ...] for work-item n of the grid: its ids, those of its group, and a mark */
KERNEL void ids(GLOBAL u32 *out, u32 size_x, u32 size_y, u32 block_x, u32 block_y, u32 block_z) {
    u32 x = __builtin_amdgcn_workitem_id_x(), y = __builtin_amdgcn_workitem_id_y(),
        z = __builtin_amdgcn_workitem_id_z();
    u32 gx = __builtin_amdgcn_workgroup_id_x() * block_x + x,
        gy = __builtin_amdgcn_workgroup_id_y() * block_y + y,
        gz = __builtin_amdgcn_workgroup_id_z() * block_z + z;
    GLOBAL u32 *to = out + 4 * (gx + size_x * (gy + size_y * gz));
    to[0] = x | y << 10 | z << 20;
    to[1] = __builtin_amdgcn_workgroup_id_x();
    to[2] = __builtin_amdgcn_workgroup_id_y();
    to[3] = __builtin_amdgcn_workgroup_id_z();
}

/* Hidden arguments, as the compiler reads them through the implicit argument pointer. */
KERNEL void hidden(GLOBAL u32 *out) {
    const __attribute__((address_space(4))) unsigned char *p = __builtin_amdgcn_implicitarg_ptr();
#define AT(type, offset) (*(const __attribute__((address_space(4))) type *)(p + (offset)))
    if (__builtin_amdgcn_workitem_id_x() || __builtin_amdgcn_workgroup_id_x() ||
        __builtin_amdgcn_workgroup_id_y())
        return;
    for (u32 n = 0; n < 3; n++) out[n] = AT(u32, 4 * n);
    for (u32 n = 0; n < 6; n++) out[3 + n] = AT(unsigned short, 12 + 2 * n);
    out[9] = AT(unsigned short, 64);
}

/* A kernel that asks for a service of the host, at the offset of its argument, if `wanted` is not 0. */
KERNEL void service(GLOBAL u32 *out, u32 wanted) {
    const __attribute__((address_space(4))) unsigned char *p = __builtin_amdgcn_implicitarg_ptr();
    out[0] = 5;
    if (wanted) out[1] = *(GLOBAL u32 *)AT(unsigned long, wanted);
}

static LDS u32 part[256] __attribute__((loader_uninitialized));

/* Sum over the work-group through LDS and barriers; one result per group. */
KERNEL void group_sum(GLOBAL const u32 *in, GLOBAL u32 *out) {
    u32 x = __builtin_amdgcn_workitem_id_x(), g = __builtin_amdgcn_workgroup_id_x();
    part[x] = in[g * 256 + x];
    for (u32 step = 128; step; step >>= 1) {
        __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
        __builtin_amdgcn_s_barrier();
        __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
        if (x < step) part[x] += part[x + step];
    }
    if (x == 0) out[g] = part[0];
}

/* Every work-group takes a ticket: the order of execution becomes visible. */
KERNEL void tickets(GLOBAL u32 *counter, GLOBAL u32 *out) {
    if (__builtin_amdgcn_workitem_id_x() == 0)
        out[linear_group(1, 1)] = __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

KERNEL void store_at(GLOBAL u32 *out, u64 offset) { out[offset + __builtin_amdgcn_workitem_id_x()] = 7; }

KERNEL void load_scalar(GLOBAL const u32 *in, GLOBAL u32 *out) { *out = in[0]; }

KERNEL void endless(GLOBAL volatile u32 *out) {
    for (;;) *out += 1;
}

KERNEL void trap(void) { __builtin_trap(); }

/* The lowest group of those named must be the one that is reported. */
KERNEL void trap_from(u32 first) {
    if (__builtin_amdgcn_workgroup_id_x() >= first) __builtin_trap();
}

/* Waves that end early must not hold up a barrier. */
KERNEL void early_end(GLOBAL u32 *out) {
    u32 x = __builtin_amdgcn_workitem_id_x();
    if (__builtin_amdgcn_readfirstlane(x) < 64) return;
    __builtin_amdgcn_s_barrier();
    out[x] = x;
}

/* Work-group and grid sizes from the dispatch packet, dynamic LDS, relocated pointers, a variable of the
 * object. */
static const u32 first[] = {10, 11}, second[] = {20, 21};
static const u32 *const tables[] = {first, second};
GLOBAL u32 launches = 5;
extern LDS u32 dynamic[];

KERNEL void environment(GLOBAL u32 *out, u32 which) {
    const __attribute__((address_space(4))) u32 *packet = __builtin_amdgcn_dispatch_ptr();
    u32 x = __builtin_amdgcn_workitem_id_x();
    dynamic[x] = 100 + x;
    if (x) return;
    out[0] = packet[1] & 0xffff;
    out[1] = packet[3];
    out[2] = packet[7]; /* bytes of LDS */
    out[3] = tables[which][1];
    out[4] = ++launches;
    out[5] = dynamic[0];
}

/*
 * Instructions that must stop the run: legal but not modelled, not legal, registers that were never reserved.
 */
KERNEL void unmodelled(void) {
    __asm__ volatile("image_sample v[0:3], v[0:1], s[0:7], s[8:11] dmask:0xf dim:SQ_RSRC_IMG_2D");
}
KERNEL void illegal(void) { __asm__ volatile("s_nop 0\n.long 0xbfffffff"); }
KERNEL void beyond_registers(void) { __asm__ volatile("v_mov_b32 v200, 0"); }
KERNEL void trap_temporary(void) { __asm__ volatile("s_mov_b32 ttmp3, 1"); }
/* Pairs that the assembler refuses: movs from v1 and v5, fmamks that add v2 and v4; and one that it takes. */
#define PAIR(code) __asm__ volatile(".long " code ::: "v0", "v1", "v2", "v3", "v4", "v5")
KERNEL void pair_from_one_bank(void) { PAIR("0xca100101, 0x00020105"); }
KERNEL void pair_of_even_addends(void) { PAIR("0xc8840501, 0x00020902, 0"); }
KERNEL void pair(void) { PAIR("0xca100101, 0x00020102"); }
KERNEL void padding(void) { __asm__ volatile("s_code_end"); }
