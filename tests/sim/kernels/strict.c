/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Kernels that commit one fault each, and beside each one that nearly does: NAME_bad and NAME_good. Registers from
 * v40 and s40 on are the text's own, so that the compiler neither writes nor waits for them.
 */
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned long u64;
#define GLOBAL __attribute__((address_space(1)))
#define LDS    __attribute__((address_space(3)))
#define KERNEL __attribute__((amdgpu_kernel))

static LDS u32 shared[512] __attribute__((loader_uninitialized));

/* at: 4 * work-item in the group; item: 4 * work-item in the grid; group: 4 * work-group */
#define CASE(name, ...)                                                                                      \
    KERNEL void name(GLOBAL u32 *in, GLOBAL u32 *out) {                                                      \
        u32 at = 4 * __builtin_amdgcn_workitem_id_x(), group = 4 * __builtin_amdgcn_workgroup_id_x();        \
        u32 item = at + group * 64;                                                                          \
        __asm__ volatile("s_waitcnt vmcnt(0) lgkmcnt(0)\n" __VA_ARGS__                                       \
                         :                                                                                   \
                         : "s"(in), "s"(out), "v"(at), "v"(item), "s"(group),                                \
                           "v"((LDS u32 *)shared + at / 4)                                                   \
                         : "memory", "vcc", "scc", "v40", "v41", "v42", "v43", "v44", "v45", "v46", "v47",   \
                           "v48", "v49", "v50", "v51", "v52", "v53", "v54", "v55", "v56", "v57", "v58",      \
                           "v59", "v60", "v61", "v62", "v63", "v64", "v65", "v66", "v67", "v68", "v69",      \
                           "v70", "v71", "s40", "s41", "s42", "s43", "s44", "s45");                          \
    }
#define IN           "%0"
#define OUT          "%1"
#define AT           "%2"
#define ITEM         "%3"
#define GROUP        "%4"
#define SLOT         "%5"
#define STORE(value) "global_store_b32 " ITEM ", " value ", " OUT "\n"
#define WAIT         "s_waitcnt vmcnt(0) lgkmcnt(0)\n"
#define BARRIER      "s_waitcnt lgkmcnt(0)\n s_barrier\n"

/* clang-format off */
#ifndef WAVE64
/* ---- undefined values ----------------------------------------------------------------------------- */

CASE(store_bad, STORE("v40"))
CASE(store_good, "v_mov_b32 v40, 1\n" STORE("v40"))
/* Only some lanes were written, or only one half. */
CASE(lanes_bad, "s_mov_b32 s40, exec_lo\n s_mov_b32 exec_lo, 0xff\n v_mov_b32 v40, 1\n s_mov_b32 exec_lo, s40\n"
                STORE("v40"))
CASE(lanes_good, "s_mov_b32 s40, exec_lo\n s_mov_b32 exec_lo, 0xff\n v_mov_b32 v40, 1\n" STORE("v40")
                 "s_mov_b32 exec_lo, s40\n")
CASE(half_bad, "global_load_d16_b16 v40, " AT ", " IN "\n" WAIT STORE("v40"))
CASE(half_good, "global_load_d16_b16 v40, " AT ", " IN "\n" WAIT "global_store_b16 " ITEM ", v40, " OUT "\n")
/* Undefined bits that a mask removes, a selection leaves out, a shift pushes out, a lower sum never sees. */
CASE(mask_bad, "v_and_b32 v41, 0xff, v40\n" STORE("v41"))
CASE(mask_good, "v_and_b32 v41, 0, v40\n v_or_b32 v42, -1, v40\n v_add_nc_u32 v41, v41, v42\n" STORE("v41"))
CASE(select_bad, "v_mov_b32 v41, 1\n s_mov_b32 vcc_lo, 0x10\n v_cndmask_b32 v42, v41, v40, vcc_lo\n" STORE("v42"))
CASE(select_good, "v_mov_b32 v41, 1\n s_mov_b32 vcc_lo, 0\n v_cndmask_b32 v42, v41, v40, vcc_lo\n" STORE("v42"))
CASE(sum_bad, "global_load_d16_hi_b16 v40, " AT ", " IN "\n" WAIT "v_add_nc_u32 v41, v40, v40\n"
              "global_store_b16 " ITEM ", v41, " OUT "\n")
CASE(sum_good, "global_load_d16_b16 v40, " AT ", " IN "\n" WAIT "v_add_nc_u32 v41, v40, v40\n"
               "global_store_b16 " ITEM ", v41, " OUT "\n")
CASE(packed_bad, "global_load_d16_b16 v40, " AT ", " IN "\n" WAIT "v_pk_add_f16 v41, v40, v40\n" STORE("v41"))
CASE(packed_good, "global_load_d16_b16 v40, " AT ", " IN "\n" WAIT
                  "v_pk_add_f16 v41, v40, v40 op_sel_hi:[0,0]\n" STORE("v41"))
CASE(permuted_bad, "s_mov_b32 s40, exec_lo\n s_mov_b32 exec_lo, 1\n v_mov_b32 v40, 7\n s_mov_b32 exec_lo, s40\n"
                   "v_mov_b32_dpp v41, v40 row_share:1 row_mask:0xf bank_mask:0xf\n" STORE("v41"))
CASE(permuted_good, "s_mov_b32 s40, exec_lo\n s_mov_b32 exec_lo, 0x10001\n v_mov_b32 v40, 7\n"
                    "s_mov_b32 exec_lo, s40\n"
                    "v_mov_b32_dpp v41, v40 row_share:0 row_mask:0xf bank_mask:0xf\n" STORE("v41"))
/* Lanes that DPP leaves alone keep what they have. */
#define KEPT(bound) "v_mov_b32 v41, 1.0\n v_add_f32_dpp v40, v41, v41 row_shr:1 row_mask:0xf bank_mask:0xf" bound "\n"
CASE(kept_bad, KEPT("") STORE("v40"))
CASE(kept_good, KEPT(" bound_ctrl:1") STORE("v40"))
/* The other half of a source is nobody's. */
#define UPPER "global_load_d16_hi_b16 v40, " AT ", " IN "\n" WAIT
CASE(other_half_bad, UPPER "v_add_f16 v41.l, v40.h, v40.l\n global_store_b16 " ITEM ", v41, " OUT "\n")
CASE(other_half_good, UPPER "v_add_f16 v41.l, v40.h, v40.h\n global_store_b16 " ITEM ", v41, " OUT "\n")
CASE(pair_bad, "v_mov_b32 v41, 1\n v_dual_mov_b32 v42, v41 :: v_dual_mov_b32 v43, v40\n" STORE("v43"))
CASE(pair_good, "v_mov_b32 v41, 1\n v_mov_b32 v42, 2\n v_dual_mov_b32 v40, v41 :: v_dual_mov_b32 v43, v42\n" STORE("v40"))
CASE(address_bad, "v_and_b32 v40, 0x3c, v40\n global_load_b32 v41, v40, " IN "\n" WAIT)
CASE(address_good, "v_and_b32 v40, 0, v40\n global_load_b32 v41, v40, " IN "\n" WAIT)
CASE(scalar_address_bad, "s_and_b32 s40, s40, 0x3c\n s_load_b32 s41, " IN ", s40\n" WAIT)
CASE(scalar_address_good, "s_and_b32 s40, s40, 0\n s_load_b32 s41, " IN ", s40\n" WAIT)
CASE(lds_address_bad, "v_and_b32 v40, 0x3c, v40\n ds_load_b32 v41, v40\n" WAIT)
CASE(lds_address_good, "v_and_b32 v40, 0, v40\n ds_load_b32 v41, v40\n" WAIT)
CASE(branch_bad, "s_cmp_eq_u32 s40, 0\n s_cbranch_scc1 1f\n s_nop 0\n1:\n")
CASE(branch_good, "s_and_b32 s40, s40, 0\n s_cmp_eq_u32 s40, 0\n s_cbranch_scc1 1f\n s_nop 0\n1:\n")
CASE(vcc_bad, "v_cmp_eq_u32 vcc_lo, 0, v40\n s_cbranch_vccz 1f\n s_nop 0\n1:\n")
CASE(vcc_good, "v_cmp_eq_u32 vcc_lo, 0, v40\n s_or_b32 vcc_lo, vcc_lo, 1\n s_cbranch_vccz 1f\n s_nop 0\n1:\n")
CASE(exec_bad, "v_cmp_eq_u32 vcc_lo, 0, v40\n s_mov_b32 s41, exec_lo\n s_and_b32 exec_lo, exec_lo, vcc_lo\n"
               "s_mov_b32 exec_lo, s41\n")
CASE(exec_good, "v_cmp_eq_u32 vcc_lo, 0, v40\n s_mov_b32 s41, exec_lo\n s_and_b32 vcc_lo, vcc_lo, 0\n"
                "s_and_b32 exec_lo, exec_lo, vcc_lo\n s_mov_b32 exec_lo, s41\n")
CASE(scalar_bad, "v_mov_b32 v41, s40\n" STORE("v41"))
CASE(scalar_good, "s_cmp_eq_u32 0, 0\n s_cselect_b32 s41, 5, s40\n v_mov_b32 v41, s41\n" STORE("v41"))
CASE(lane_bad, "v_writelane_b32 v40, 3, 4\n v_readlane_b32 s41, v40, 5\n v_mov_b32 v41, s41\n" STORE("v41"))
CASE(lane_good, "v_writelane_b32 v40, 3, 4\n v_readlane_b32 s41, v40, 4\n v_mov_b32 v41, s41\n" STORE("v41"))
CASE(from_lds_bad, "ds_load_b32 v40, " SLOT "\n" WAIT STORE("v40"))
CASE(from_lds_good, "v_mov_b32 v41, 1\n ds_store_b32 " SLOT ", v41\n" BARRIER "ds_load_b32 v40, " SLOT
                    "\n" WAIT STORE("v40"))
CASE(through_lds_bad, "ds_store_b32 " SLOT ", v41\n" BARRIER "ds_load_b32 v40, " SLOT "\n" WAIT STORE("v40"))
CASE(through_lds_good, "ds_store_b32 " SLOT ", v41\n" BARRIER "ds_load_b32 v40, " SLOT "\n" WAIT)
/* `in` is declared unwritten by the test. */
CASE(from_memory_bad, "global_load_b32 v40, " ITEM ", " IN "\n" WAIT STORE("v40"))
CASE(from_memory_good, "v_mov_b32 v41, 1\n global_store_b32 " ITEM ", v41, " IN "\n s_waitcnt_vscnt null, 0\n"
                       "global_load_b32 v40, " ITEM ", " IN "\n" WAIT STORE("v40"))
CASE(scalar_memory_bad, "s_load_b32 s40, " IN ", 0\n" WAIT "v_mov_b32 v40, s40\n" STORE("v40"))
CASE(scalar_memory_good, "s_load_b32 s40, " IN ", 0\n" WAIT "v_mov_b32 v40, s40\n")
KERNEL void scratch_bad(GLOBAL u32 *in, GLOBAL u32 *out) {
    volatile u32 stack[16];
    u32 x = __builtin_amdgcn_workitem_id_x() + 64 * __builtin_amdgcn_workgroup_id_x();
    for (u32 n = 0; n < 8; n++) stack[n] = n;
    out[x] = stack[8 + in[0] % 2];
}
KERNEL void scratch_good(GLOBAL u32 *in, GLOBAL u32 *out) {
    volatile u32 stack[16];
    u32 x = __builtin_amdgcn_workitem_id_x() + 64 * __builtin_amdgcn_workgroup_id_x();
    for (u32 n = 0; n < 8; n++) stack[n] = n;
    out[x] = stack[6 + in[0] % 2];
}

/* ---- waiting -------------------------------------------------------------------------------------- */

#define LOAD(to, offset) "global_load_b32 " to ", " AT ", " IN " offset:" offset "\n"
CASE(vmcnt_bad, LOAD("v40", "0") LOAD("v41", "4") "s_waitcnt vmcnt(1)\n" STORE("v41") WAIT)
CASE(vmcnt_good, LOAD("v40", "0") LOAD("v41", "4") "s_waitcnt vmcnt(1)\n" STORE("v40") WAIT)
/* Halves of a register that different loads write. */
#define HALVES "global_load_d16_b16 v40, " AT ", " IN "\n s_waitcnt vmcnt(0)\n global_load_d16_hi_b16 v40, " AT ", " IN "\n"
CASE(load_half_bad, HALVES "global_store_d16_hi_b16 " ITEM ", v40, " OUT "\n" WAIT)
CASE(load_half_good, HALVES "global_store_b16 " ITEM ", v40, " OUT "\n v_add_f16 v41.l, v40.l, v40.l\n" WAIT STORE("v40"))
CASE(add_half_bad, HALVES "v_add_f16 v41.l, v40.l, v40.h\n" WAIT)
CASE(add_half_good, HALVES "v_mov_b16 v40.l, 0\n" WAIT "v_add_f16 v41.l, v40.l, v40.h\n")
CASE(store_halves_bad, HALVES STORE("v40") WAIT)
CASE(store_halves_good, HALVES WAIT STORE("v40"))
CASE(overwrite_bad, LOAD("v40", "0") "v_mov_b32 v40, 1\n" WAIT STORE("v40"))
CASE(overwrite_good, LOAD("v40", "0") LOAD("v40", "4") WAIT STORE("v40"))
CASE(lgkmcnt_bad, "v_mov_b32 v41, 1\n ds_store_b32 " SLOT ", v41\n ds_load_b32 v40, " SLOT
                  "\n s_waitcnt lgkmcnt(1)\n" STORE("v40") WAIT)
CASE(lgkmcnt_good, "v_mov_b32 v41, 1\n ds_store_b32 " SLOT ", v41\n ds_load_b32 v40, " SLOT
                   "\n ds_load_b32 v42, " SLOT "\n s_waitcnt lgkmcnt(1)\n" STORE("v40") WAIT)
CASE(counters_bad, LOAD("v40", "0") "s_waitcnt lgkmcnt(0)\n" STORE("v40") WAIT)
CASE(counters_good, LOAD("v40", "0") "s_waitcnt vmcnt(0)\n" STORE("v40"))
/* Scalar loads return in any order: one left open may be either. */
CASE(smem_bad, "s_load_b32 s40, " IN ", 0\n s_load_b32 s41, " IN ", 4\n s_waitcnt lgkmcnt(1)\n"
               "s_add_u32 s42, s40, 1\n" WAIT)
CASE(smem_good, "s_load_b32 s40, " IN ", 0\n s_load_b32 s41, " IN ", 4\n s_waitcnt lgkmcnt(0)\n"
                "s_add_u32 s42, s40, 1\n")
/* A FLAT load may come from either side: both counters count it. */
KERNEL void flat_bad(u32 *in, GLOBAL u32 *out) {
    u32 loaded;
    __asm__ volatile("flat_load_b32 %0, %1\n s_waitcnt vmcnt(0)\n v_add_nc_u32 %0, 1, %0\n s_waitcnt lgkmcnt(0)\n"
                     : "=&v"(loaded) : "v"(in));
    out[__builtin_amdgcn_workitem_id_x() + 64 * __builtin_amdgcn_workgroup_id_x()] = loaded;
}
KERNEL void flat_good(u32 *in, GLOBAL u32 *out) {
    u32 loaded;
    __asm__ volatile("flat_load_b32 %0, %1\n s_waitcnt vmcnt(0) lgkmcnt(0)\n v_add_nc_u32 %0, 1, %0\n"
                     : "=&v"(loaded) : "v"(in));
    out[__builtin_amdgcn_workitem_id_x() + 64 * __builtin_amdgcn_workgroup_id_x()] = loaded;
}
CASE(matrix_wait_bad, LOAD("v40", "0") "v_mov_b32 v41, 0\n v_add_f32 v42, v41, v41\n v_dual_mov_b32 v44, v41 :: "
                      "v_dual_mov_b32 v43, v40\n" WAIT)
CASE(matrix_wait_good, LOAD("v40", "0") "v_mov_b32 v41, 0\n v_add_f32 v42, v41, v41\n" WAIT
                       "v_dual_mov_b32 v44, v41 :: v_dual_mov_b32 v43, v40\n")

/* ---- races ---------------------------------------------------------------------------------------- */

/* Work-item x writes its slot and reads that of the other wave (byte 128 further, or back). */
#define SWAPPED "v_xor_b32 v42, 0x80, " SLOT "\n"
CASE(barrier_missing_bad, SWAPPED "ds_store_b32 " SLOT ", " AT "\n" WAIT "ds_load_b32 v41, v42\n" WAIT)
CASE(barrier_missing_good, SWAPPED "ds_store_b32 " SLOT ", " AT "\n" BARRIER "ds_load_b32 v41, v42\n" WAIT)
CASE(read_then_write_bad, SWAPPED "ds_store_b32 " SLOT ", " AT "\n" BARRIER "ds_load_b32 v41, v42\n" WAIT
                          "ds_store_b32 " SLOT ", " AT "\n")
CASE(read_then_write_good, SWAPPED "ds_store_b32 " SLOT ", " AT "\n" BARRIER "ds_load_b32 v41, v42\n" BARRIER
                           "ds_store_b32 " SLOT ", " AT "\n")
/* The store may still be under way when the barrier opens. */
CASE(unwaited_store_bad, SWAPPED "ds_store_b32 " SLOT ", " AT "\n s_barrier\n ds_load_b32 v41, v42\n" WAIT)
CASE(unwaited_store_good, SWAPPED "ds_store_b32 " SLOT ", " AT "\n s_barrier\n" WAIT "ds_load_b32 v41, " SLOT
                          "\n" WAIT)
#define STORE_THREE SWAPPED "ds_store_b32 " SLOT ", " AT "\n ds_store_b32 " SLOT ", " AT " offset:512\n s_waitcnt lgkmcnt(1)\n" \
                    "ds_store_b32 " SLOT ", " AT " offset:1024\n"
CASE(unwaited_second_bad, STORE_THREE "s_barrier\n ds_load_b32 v41, v42 offset:512\n" WAIT)
CASE(unwaited_second_good, STORE_THREE "s_waitcnt lgkmcnt(1)\n s_barrier\n ds_load_b32 v41, v42 offset:512\n" WAIT)
CASE(same_word_bad, "v_and_b32 v42, 0x7f, " SLOT "\n ds_store_b32 v42, " AT "\n")
CASE(same_word_good, "v_and_b32 v42, 0x7f, " SLOT "\n ds_add_u32 v42, " AT "\n")
/* The wave that is last to add to a counter reads what the other has stored before it did; the first one may not. */
#define ARRIVE SWAPPED "v_mov_b32 v40, 0\n v_mov_b32 v41, 1\n ds_store_b32 v40, v40 offset:1024\n" BARRIER \
               "ds_store_b32 " SLOT ", " AT "\n ds_add_rtn_u32 v43, v40, v41 offset:1024\n" WAIT
CASE(lds_last_bad, ARRIVE "ds_load_b32 v44, v42\n" WAIT)
CASE(lds_last_good, ARRIVE "s_mov_b32 s40, exec_lo\n v_cmpx_lt_u32 31, v43\n ds_load_b32 v44, v42\n" WAIT
                    "s_mov_b32 exec_lo, s40\n")
/* Bytes beside each other in one dword are no conflict. */
CASE(bytes_bad, "v_lshrrev_b32 v42, 6, " AT "\n v_and_b32 v42, 2, v42\n ds_store_b16 v42, " AT
                "\n v_mov_b32 v43, 0\n ds_load_u16 v44, v43\n" WAIT)
CASE(bytes_good, "v_lshrrev_b32 v42, 6, " AT "\n v_and_b32 v42, 2, v42\n ds_store_b16 v42, " AT "\n" WAIT)
CASE(groups_bad, "global_store_b32 " AT ", " ITEM ", " OUT "\n")
CASE(groups_good, "global_store_b32 " ITEM ", " AT ", " OUT "\n")
CASE(groups_read_bad, "v_mov_b32 v40, " GROUP "\n v_xor_b32 v41, 4, v40\n global_load_b32 v42, v41, " OUT "\n" WAIT
                      "global_store_b32 v40, " AT ", " OUT "\n")
CASE(groups_read_good, "v_mov_b32 v40, " GROUP "\n global_load_b32 v42, v40, " OUT "\n" WAIT
                       "global_store_b32 v40, " AT ", " OUT "\n")
CASE(groups_atomic_bad, "global_atomic_add_u32 " AT ", " AT ", " OUT "\n global_load_b32 v40, " AT ", " OUT
                        "\n" WAIT)
CASE(groups_atomic_good, "global_atomic_add_u32 " AT ", " AT ", " OUT "\n")
/* The first load of a compare-and-swap loop is a plain one. */
CASE(groups_cas_bad, "v_mov_b32 v40, 0\n global_load_b32 v42, v40, " OUT "\n" WAIT
                     "global_atomic_swap_b32 v43, v40, v42, " OUT " glc\n" WAIT)
CASE(groups_cas_good, "v_mov_b32 v40, 0\n global_load_b32 v42, v40, " OUT "\n" WAIT "v_mov_b32 v41, v42\n"
                      "global_atomic_cmpswap_b32 v43, v40, v[41:42], " OUT " glc\n" WAIT)
/* However far the two lie apart; a compare-and-swap elsewhere does not make one of it. */
#define APART(count) "v_mov_b32 v40, 0\n global_load_b32 v42, v40, " OUT "\n" WAIT ".rept " count "\n s_nop 0\n .endr\n" \
                     "v_mov_b32 v41, v42\n"
CASE(groups_far_bad, APART("2000") "global_atomic_cmpswap_b32 v43, v40, v[41:42], " OUT " offset:8 glc\n" WAIT
                     "global_atomic_add_u32 v40, v41, " OUT "\n")
CASE(groups_far_good, APART("2000") "global_atomic_cmpswap_b32 v43, v40, v[41:42], " OUT " glc\n" WAIT
                      "global_atomic_cmpswap_b32 v43, v40, v[41:42], " OUT " offset:8 glc\n" WAIT)
/* Nor does one nearby, where others use other atomics. */
CASE(groups_near_bad, APART("2") "global_atomic_cmpswap_b32 v43, v40, v[41:42], " OUT " offset:8 glc\n" WAIT
                      "global_atomic_add_u32 v40, v41, " OUT "\n")
CASE(groups_near_good, APART("2") "global_atomic_cmpswap_b32 v43, v40, v[41:42], " OUT " glc\n" WAIT
                       "global_atomic_add_u32 v40, v41, " OUT "\n")
CASE(lds_cas_bad, "v_mov_b32 v40, 0\n ds_load_b32 v42, v40\n" WAIT "ds_storexchg_rtn_b32 v43, v40, v40\n" WAIT)
CASE(lds_cas_good, "v_mov_b32 v40, 0\n ds_load_b32 v42, v40\n" WAIT "ds_cmpstore_rtn_b32 v43, v40, v40, v40\n" WAIT)
/* A plain store is none the less one when an atomic of the same wave follows it. */
CASE(store_atomic_bad, "v_mov_b32 v40, 0\n ds_store_b32 " AT ", v40\n" WAIT "ds_add_u32 v40, " AT "\n" WAIT)
CASE(store_atomic_good, "v_mov_b32 v40, 0\n ds_store_b32 " AT ", v40\n" WAIT "s_barrier\n ds_add_u32 v40, " AT "\n" WAIT)
/* Nor are two stores of the same bytes let off when an atomic lies between them. */
CASE(store_update_bad, "v_mov_b32 v40, 0\n ds_store_b32 v40, v40\n ds_add_u32 v40, v40\n" WAIT)
CASE(store_update_good, "v_mov_b32 v40, 0\n ds_store_b32 v40, v40\n" BARRIER "ds_add_u32 v40, v40\n" WAIT)
/* Each group stores its part; the one that counts last reads all of them. Without the counting it is a race. */
CASE(last_group_bad, STORE(AT) "v_mov_b32 v40, 0\n global_load_b32 v42, " AT ", " OUT "\n global_load_b32 v43, " AT
                     ", " OUT " offset:256\n" WAIT)
CASE(last_group_good, STORE(AT) "s_waitcnt_vscnt null, 0\n s_barrier\n v_mov_b32 v40, 0\n v_mov_b32 v41, 1\n"
                      "global_atomic_add_u32 v42, v40, v41, " IN " glc\n" WAIT
                      "v_cmp_eq_u32 vcc_lo, 127, v42\n s_cbranch_vccz 1f\n"
                      "global_load_b32 v43, " AT ", " OUT "\n global_load_b32 v44, " AT ", " OUT " offset:256\n" WAIT
                      "1:\n")

/* The same, but the counting does not wait for the store: who meets it does not know of that. */
#define COUNTED(wait) STORE(AT) wait "v_mov_b32 v40, 0\n v_mov_b32 v41, 1\n" \
                      "global_atomic_add_u32 v42, v40, v41, " IN " glc\n" WAIT \
                      "v_cmp_eq_u32 vcc_lo, 127, v42\n s_cbranch_vccz 1f\n" \
                      "global_load_b32 v43, " AT ", " OUT "\n global_load_b32 v44, " AT ", " OUT " offset:256\n" WAIT "1:\n"
CASE(released_bad, COUNTED(""))
CASE(released_good, COUNTED("s_waitcnt_vscnt null, 0\n"))
/* A word with a mark may hold anything before: of an atomic load in front of a compare-and-swap, and of nothing else. */
#define MARKED(glc) "v_mov_b32 v40, 0\n v_mov_b32 v43, 1\n v_mov_b32 v44, 2\n global_load_b64 v[41:42], v40, " IN glc "\n" WAIT \
                    "v_cmp_ne_u64 vcc_lo, v[41:42], v[43:44]\n s_cbranch_vccz 1f\n v_mov_b32 v45, v41\n v_mov_b32 v46, v42\n" \
                    "global_atomic_cmpswap_b64 v40, v[43:46], " IN "\n" \
                    "1: global_atomic_add_u64 v[47:48], v40, v[43:44], " IN " glc\n" WAIT STORE("v47")
CASE(marked_bad, MARKED(""))
CASE(marked_good, MARKED(" glc"))

/* Atomics on different addresses order nothing; a flag that one group stores and another loads by an atomic does. */
CASE(groups_apart_bad, "v_mov_b32 v40, 0\n v_mov_b32 v41, " GROUP "\n global_store_b32 v40, v41, " OUT "\n"
                       "s_waitcnt_vscnt null, 0\n global_atomic_add_u32 v42, v41, v40, " IN " glc\n" WAIT
                       "global_load_b32 v43, v40, " OUT "\n" WAIT)
CASE(groups_apart_good, "v_mov_b32 v40, 0\n v_mov_b32 v41, " GROUP "\n v_mov_b32 v44, 1\n"
                        "global_atomic_add_u32 v42, v40, v44, " IN " glc\n" WAIT
                        "v_cmp_ne_u32 vcc_lo, 127, v42\n s_cbranch_vccnz 1f\n global_load_b32 v43, v40, " OUT
                        "\n global_load_b32 v43, v40, " OUT " offset:4\n" WAIT "1:\n")
CASE(groups_flag_bad, "v_mov_b32 v40, 0\n v_mov_b32 v41, 1\n s_cmp_lg_u32 " GROUP ", 0\n s_cbranch_scc1 1f\n"
                      "global_store_b32 v40, v41, " OUT "\n s_waitcnt_vscnt null, 0\n"
                      "global_store_b32 v40, v41, " IN "\n s_branch 2f\n"
                      "1: global_load_b32 v42, v40, " IN " offset:4 glc\n" WAIT
                      "global_load_b32 v43, v40, " OUT "\n" WAIT "2:\n")
CASE(groups_flag_good, "v_mov_b32 v40, 0\n v_mov_b32 v41, 1\n s_cmp_lg_u32 " GROUP ", 0\n s_cbranch_scc1 1f\n"
                       "global_store_b32 v40, v41, " OUT "\n s_waitcnt_vscnt null, 0\n"
                       "global_store_b32 v40, v41, " IN "\n s_branch 2f\n"
                       "1: global_load_b32 v42, v40, " IN " glc\n" WAIT "v_cmp_ne_u32 vcc_lo, 0, v42\n"
                       "s_cbranch_vccz 2f\n global_load_b32 v43, v40, " OUT "\n" WAIT "2:\n")

/* Three groups: the last one meets the second in an atomic, and that one has met the first, or has not. */
#define MET(first) "v_mov_b32 v40, 0\n s_cmp_eq_u32 " GROUP ", 0\n s_cbranch_scc0 1f\n global_store_b32 v40, v40, " OUT "\n" \
                   "s_waitcnt_vscnt null, 0\n" first "1: global_atomic_add_u32 v42, v40, v40, " IN " glc\n" WAIT \
                   "s_cmp_eq_u32 " GROUP ", 8\n s_cbranch_scc0 3f\n global_load_b32 v43, v40, " OUT "\n" WAIT "3:\n"
CASE(met_bad, MET("s_branch 3f\n"))
CASE(met_good, MET(""))

/* ---- matrices, alignment, memory, barriers, loops ------------------------------------------------- */

#define ZERO8(a, b, c, d, e, f, g, h)                                                                        \
    "v_mov_b32 " #a ", 0\n v_mov_b32 " #b ", 0\n v_mov_b32 " #c ", 0\n v_mov_b32 " #d ", 0\n v_mov_b32 " #e  \
    ", 0\n v_mov_b32 " #f ", 0\n v_mov_b32 " #g ", 0\n v_mov_b32 " #h ", 0\n"
#define MATRICES ZERO8(v40, v41, v42, v43, v44, v45, v46, v47) ZERO8(v48, v49, v50, v51, v52, v53, v54, v55) \
                 ZERO8(v56, v57, v58, v59, v60, v61, v62, v63)
#define WMMA(d, a, b, c) "v_wmma_f32_16x16x16_f16 v[" d "], v[" a "], v[" b "], v[" c "]\n"
CASE(hazard_bad, MATRICES WMMA("56:63", "40:47", "48:55", "56:63") WMMA("64:71", "56:63", "48:55", "40:47"))
CASE(hazard_good, MATRICES WMMA("56:63", "40:47", "48:55", "56:63") "v_nop\n"
                  WMMA("64:71", "56:63", "48:55", "40:47") WMMA("64:71", "40:47", "48:55", "64:71"))
CASE(hazard_b_bad, MATRICES WMMA("56:63", "40:47", "48:55", "56:63") WMMA("64:71", "40:47", "56:63", "48:55"))
CASE(hazard_b_good, MATRICES WMMA("56:63", "40:47", "48:55", "56:63") "v_mov_b32 v40, 0\n"
                    WMMA("64:71", "40:47", "56:63", "48:55"))
/* The last register of the one is the first of the other; and one beside it. */
CASE(hazard_edge_bad, MATRICES WMMA("56:63", "40:47", "48:55", "56:63") WMMA("40:47", "48:55", "63:70", "40:47"))
CASE(hazard_edge_good, MATRICES WMMA("56:63", "40:47", "48:55", "56:63") WMMA("40:47", "48:55", "64:71", "40:47"))
/* A result over a part of its own A, or B; over all of it, and beside it. */
CASE(matrix_part_bad, MATRICES WMMA("47:54", "40:47", "56:63", "56:63"))
CASE(matrix_part_good, MATRICES WMMA("40:47", "40:47", "56:63", "56:63"))
CASE(matrix_part_b_bad, MATRICES WMMA("49:56", "40:47", "56:63", "64:71"))
CASE(matrix_part_b_good, MATRICES WMMA("48:55", "40:47", "56:63", "64:71"))
/* A row of A that nobody wrote makes a row of the result undefined, and only that one. */
CASE(matrix_row_bad, MATRICES "s_mov_b32 s40, exec_lo\n s_mov_b32 exec_lo, 0xfffefffe\n"
                     "v_mov_b32 v64, 0\n s_mov_b32 exec_lo, s40\n v_mov_b32 v65, 0\n v_mov_b32 v66, 0\n"
                     "v_mov_b32 v67, 0\n v_mov_b32 v68, 0\n v_mov_b32 v69, 0\n v_mov_b32 v70, 0\n v_mov_b32 v71, 0\n"
                     WMMA("56:63", "64:71", "48:55", "56:63") STORE("v56"))
CASE(matrix_row_good, MATRICES "s_mov_b32 s40, exec_lo\n s_mov_b32 exec_lo, 0xfffefffe\n"
                      "v_mov_b32 v64, 0\n s_mov_b32 exec_lo, s40\n v_mov_b32 v65, 0\n v_mov_b32 v66, 0\n"
                      "v_mov_b32 v67, 0\n v_mov_b32 v68, 0\n v_mov_b32 v69, 0\n v_mov_b32 v70, 0\n v_mov_b32 v71, 0\n"
                      WMMA("56:63", "64:71", "48:55", "56:63") STORE("v57"))
/* A register of C that nobody wrote makes that register of the result undefined, and only that one. */
#define SUM MATRICES "v_mov_b32 v64, 0\n v_mov_b32 v65, 0\n v_mov_b32 v66, 0\n v_mov_b32 v68, 0\n v_mov_b32 v69, 0\n" \
            "v_mov_b32 v70, 0\n v_mov_b32 v71, 0\n" WMMA("56:63", "40:47", "48:55", "64:71")
CASE(matrix_sum_bad, SUM STORE("v59"))
CASE(matrix_sum_good, SUM STORE("v58") STORE("v60") STORE("v53"))
CASE(alignment_bad, "global_load_b64 v[40:41], " AT ", " IN " offset:2\n" WAIT)
CASE(alignment_good, "global_load_b64 v[40:41], " AT ", " IN " offset:4\n global_load_u16 v42, " AT ", " IN
                     " offset:2\n" WAIT)
CASE(lds_alignment_bad, "v_mov_b32 v40, 0\n ds_load_b128 v[44:47], v40 offset:8\n" WAIT)
CASE(lds_alignment_good, "v_mov_b32 v40, 0\n ds_load_b128 v[44:47], v40 offset:16\n ds_load_b64 v[44:45], v40 "
                         "offset:8\n" WAIT)
CASE(lds_alignment_96_bad, "v_mov_b32 v40, 0\n ds_load_b96 v[44:46], v40 offset:24\n" WAIT)
CASE(lds_alignment_96_good, "v_mov_b32 v40, 0\n ds_load_b96 v[44:46], v40 offset:16\n" WAIT)
CASE(lds_alignment_64_bad, "v_mov_b32 v40, 0\n ds_load_b64 v[44:45], v40 offset:4\n" WAIT)
CASE(lds_alignment_64_good, "v_mov_b32 v40, 0\n ds_load_b64 v[44:45], v40 offset:8\n ds_load_2addr_b32 v[44:45], v40 "
                            "offset0:1 offset1:2\n" WAIT)
CASE(alignment_96_bad, "global_load_b96 v[40:42], " AT ", " IN " offset:2\n" WAIT)
CASE(alignment_96_good, "global_load_b96 v[40:42], " AT ", " IN " offset:4\n" WAIT)
CASE(bounds_bad, "v_mov_b32 v40, 0\n global_store_b32 v40, v40, " OUT " offset:512\n")
CASE(bounds_good, "v_mov_b32 v40, " GROUP "\n global_store_b32 v40, v40, " OUT " offset:504\n")
CASE(lds_bounds_bad, "v_mov_b32 v40, 0\n ds_store_b32 v40, v40 offset:2048\n")
CASE(lds_bounds_good, "v_mov_b32 v40, 0\n v_cmp_eq_u32 vcc_lo, 0, " AT "\n s_and_b32 exec_lo, exec_lo, vcc_lo\n"
                      "ds_store_b32 v40, v40 offset:2044\n s_mov_b32 exec_lo, -1\n")
KERNEL void barrier_bad(GLOBAL u32 *in, GLOBAL u32 *out) {
    if (__builtin_amdgcn_readfirstlane(__builtin_amdgcn_workitem_id_x()) < 32) __builtin_amdgcn_s_barrier();
    (void)in, (void)out;
}
KERNEL void barrier_good(GLOBAL u32 *in, GLOBAL u32 *out) {
    if (__builtin_amdgcn_workgroup_id_x() == 0) __builtin_amdgcn_s_barrier();
    (void)in, (void)out;
}
KERNEL void barriers_bad(GLOBAL u32 *in, GLOBAL u32 *out) {
    if (__builtin_amdgcn_readfirstlane(__builtin_amdgcn_workitem_id_x()) < 32)
        __asm__ volatile("s_nop 1\n s_barrier\n");
    else
        __asm__ volatile("s_barrier\n s_nop 2\n");
    (void)in, (void)out;
}
KERNEL void barriers_good(GLOBAL u32 *in, GLOBAL u32 *out) {
    if (__builtin_amdgcn_readfirstlane(__builtin_amdgcn_workitem_id_x()) < 32) __asm__ volatile("s_nop 1\n");
    __asm__ volatile("s_barrier\n");
    (void)in, (void)out;
}
/* A quarter of what is loaded lies behind a buffer of twelve bytes. */
CASE(past_end, "s_load_b128 s[40:43], " IN ", 0\n v_mov_b32 v40, 0\n" WAIT "s_add_u32 s40, s40, s42\n v_mov_b32 v41, s40\n"
               "global_store_b32 v40, v41, " OUT "\n global_load_b128 v[44:47], v40, " IN "\n" WAIT
               "global_store_b32 v40, v46, " OUT " offset:4\n")
CASE(past_end_used, "v_mov_b32 v40, 0\n global_load_b128 v[44:47], v40, " IN "\n" WAIT
                    "global_store_b32 v40, v47, " OUT "\n")
CASE(past_end_unaligned, "v_mov_b32 v40, 0\n global_load_b64 v[44:45], v40, " IN " offset:4\n" WAIT
                         "global_load_b64 v[44:45], v40, " IN " offset:12\n" WAIT)
/* Of two bytes, whose dword has two more. */
CASE(last_dword, "v_mov_b32 v40, 0\n v_mov_b32 v41, 1\n global_atomic_add_u32 v42, v40, v41, " IN " glc\n" WAIT
                 "global_load_b32 v43, v40, " IN "\n" WAIT "v_and_b32 v43, 0xffff, v43\n"
                 "global_store_b32 v40, v43, " OUT "\n")
CASE(endless_bad, "1: s_nop 0\n s_branch 1b\n")
CASE(endless_good, "s_movk_i32 s40, 100\n1: s_sub_u32 s40, s40, 1\n s_cmp_lg_u32 s40, 0\n s_cbranch_scc1 1b\n")

/* What checks take longer over counts for the quota: undefined operands, accesses to memory. */
#define REPEAT(times, body)                                                                                  \
    "s_movk_i32 s40, " times "\n1: " body "\n s_sub_u32 s40, s40, 1\n s_cmp_lg_u32 s40, 0\n s_cbranch_scc1 1b\n"
CASE(endless_values, "1: v_mov_b32 v40, v41\n s_branch 1b\n")
CASE(endless_trial_bad, REPEAT("1000", "v_mov_b32 v40, v41"))
CASE(endless_trial_good, "v_mov_b32 v41, 0\n" REPEAT("1000", "v_mov_b32 v40, v41"))
CASE(endless_access_bad, REPEAT("400", "global_load_b32 v40, " AT ", " IN "\n" WAIT))
CASE(endless_access_good, REPEAT("100", "global_load_b32 v40, " AT ", " IN "\n" WAIT))
#else
/* ---- instructions that see both halves of a wave64 --------------------------------------------------- */

#define LOWER_HALF "s_mov_b32 s42, 0\n s_mov_b64 s[40:41], exec\n s_mov_b32 exec_hi, 0\n v_mov_b32 v40, 7\n s_mov_b64 exec, s[40:41]\n"
CASE(upper_lane_bad, LOWER_HALF "v_readlane_b32 s42, v40, 40\n v_mov_b32 v41, s42\n" STORE("v41"))
CASE(upper_lane_good, LOWER_HALF "v_readlane_b32 s42, v40, 8\n v_mov_b32 v41, s42\n" STORE("v41"))
#endif
/* clang-format on */
