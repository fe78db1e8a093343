/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Every branch under every condition: the work-group's number is five bits that say which of SCC, VCC's
 * halves and EXEC's halves are not zero. out[group] tells which branches were taken and where calls went.
 */
typedef unsigned int u32;
#define GLOBAL __attribute__((address_space(1)))

#define BRANCH(bit, name)                                                                                    \
    "s_mov_b32 vcc_lo, %[vcc_lo]\n s_mov_b32 vcc_hi, %[vcc_hi]\n"                                            \
    "s_mov_b32 exec_lo, %[exec_lo]\n s_mov_b32 exec_hi, %[exec_hi]\n"                                        \
    "s_cmp_lg_u32 %[scc], 0\n" name " 1f\n s_branch 2f\n1:\n s_bitset1_b32 %[taken], " bit "\n2:\n"          \
    "s_mov_b64 exec, s[40:41]\n"

__attribute__((amdgpu_kernel)) void branches(GLOBAL u32 *out) {
    u32 group = __builtin_amdgcn_workgroup_id_x(), taken;
    __asm__ volatile(
        "s_mov_b64 s[40:41], exec\n s_mov_b32 %[taken], 0\n"
        /* clang-format off */
        BRANCH("0", "s_cbranch_scc0") BRANCH("1", "s_cbranch_scc1") BRANCH("2", "s_cbranch_vccz")
        BRANCH("3", "s_cbranch_vccnz") BRANCH("4", "s_cbranch_execz") BRANCH("5", "s_cbranch_execnz")
        BRANCH("6", "s_branch")
        /* clang-format on */
        "s_call_b64 s[42:43], 3f\n s_bitset1_b32 %[taken], 8\n s_branch 4f\n" /* returns here, after 3 */
        "3:\n s_bitset1_b32 %[taken], 16\n s_setpc_b64 s[42:43]\n4:\n"
        "s_getpc_b64 s[44:45]\n5:\n s_add_u32 s44, s44, 6f-5b\n s_addc_u32 s45, s45, 0\n"
        "s_swappc_b64 s[46:47], s[44:45]\n s_bitset1_b32 %[taken], 9\n s_branch 7f\n"
        "6:\n s_bitset1_b32 %[taken], 17\n s_setpc_b64 s[46:47]\n7:\n"
        "s_mov_b32 s42, 5\n8:\n s_add_u32 %[taken], %[taken], 1 << 20\n" /* five times round */
        "s_sub_u32 s42, s42, 1\n s_cmp_lg_u32 s42, 0\n s_cbranch_scc1 8b"
        : [taken] "=&s"(taken)
        : [scc] "s"(group & 1), [vcc_lo] "s"(group & 2), [vcc_hi] "s"(group & 4), [exec_lo] "s"(group & 8),
          [exec_hi] "s"(group & 16)
        : "vcc", "scc", "s40", "s41", "s42", "s43", "s44", "s45", "s46", "s47");
    if (__builtin_amdgcn_workitem_id_x() == 0) out[group] = taken;
}
