/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Instructions whose every effect test_observer.c knows. */
typedef unsigned int u32;
typedef u32 pair __attribute__((ext_vector_type(2)));
#define GLOBAL __attribute__((address_space(1)))
#define KERNEL __attribute__((amdgpu_kernel))

#ifndef WAVE64 /* dual issue is wave32's */
/* v5 becomes 0x11 + 3 + 2 + 1 and goes to out; LDS gets it at 16 * lane + 4 and + 12. */
KERNEL void steps(GLOBAL u32 *out) {
    u32 x = __builtin_amdgcn_workitem_id_x(), result;
    __asm__ volatile("v_lshlrev_b32 v6, 4, %1\n"
                     "s_mov_b32 s20, 3\n"
                     "v_mov_b32 v5, 0x11\n"
                     "0: v_add_nc_u32 v5, s20, v5\n"
                     "s_sub_i32 s20, s20, 1\n"
                     "s_cmp_lg_u32 s20, 0\n"
                     "s_cbranch_scc1 0b\n"
                     "v_dual_mov_b32 v8, v5 :: v_dual_mov_b32 v9, v6\n"
                     "ds_store_2addr_b32 v6, v5, v5 offset0:1 offset1:3\n"
                     "s_waitcnt vmcnt(5) lgkmcnt(0)\n"
                     "s_waitcnt_vscnt null, 2\n"
                     "s_barrier\n"
                     "v_mov_b32 %0, v5\n"
                     : "=v"(result)
                     : "v"(x)
                     : "v5", "v6", "v8", "v9", "s20", "scc", "memory");
    out[__builtin_amdgcn_workgroup_id_x() * 64 + x] = result;
}
#endif

/* Two dwords a lane, of which the buffer does not have the last one. */
KERNEL void ranged(GLOBAL u32 *in, GLOBAL u32 *out) {
    u32 x = __builtin_amdgcn_workitem_id_x();
    __amdgpu_buffer_rsrc_t all = __builtin_amdgcn_make_buffer_rsrc(in, 0, 8 * 32 - 4, 0x31027000);
    pair p = __builtin_amdgcn_raw_buffer_load_b64(all, 8 * x, 0, 0);
    out[x] = p.x + p.y;
}

/* Comparisons whose masks lie in scalar registers and in VCC. */
KERNEL void diverging(GLOBAL u32 *out) {
    u32 x = __builtin_amdgcn_workitem_id_x(), at = __builtin_amdgcn_workgroup_id_x() * 64 + x, sum = 0;
    for (u32 n = 0; n < x % 7; n++) sum += n & 1 ? x : x * x;
    out[at] = x > 40 || x % 5 == 1 ? sum : sum + 1;
}
