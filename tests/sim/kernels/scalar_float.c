/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* gfx1150: every scalar float instruction on the three words of `in` that belong to the work-group. */
typedef unsigned int u32;
#define GLOBAL  __attribute__((address_space(1)))
#define UNIFORM __attribute__((address_space(4)))

#define DO(n, text)                                                                                          \
    {                                                                                                        \
        u32 d = c;                                                                                           \
        __asm__ volatile(text : "+s"(d) : "s"(a), "s"(b), "s"(c) : "scc");                                   \
        out[n] = d;                                                                                          \
    }
#define BINARY(n, name)  DO(n, name " %0, %1, %2\n")
#define UNARY(n, name)   DO(n, name " %0, %1\n")
#define COMPARE(n, name) DO(n, name " %1, %2\n s_cselect_b32 %0, 1, 0\n")

__attribute__((amdgpu_kernel)) void scalar_float(const UNIFORM u32 *in, GLOBAL u32 *results) {
    u32 group = __builtin_amdgcn_workgroup_id_x();
    u32 a = in[3 * group], b = in[3 * group + 1], c = in[3 * group + 2];
    GLOBAL u32 *out = results + 64 * group;
    if (__builtin_amdgcn_workitem_id_x()) return;
    BINARY(0, "s_add_f32")
    BINARY(1, "s_sub_f32")
    BINARY(2, "s_mul_f32")
    BINARY(3, "s_min_f32")
    BINARY(4, "s_max_f32")
    BINARY(5, "s_fmac_f32")
    DO(6, "s_fmaak_f32 %0, %1, %2, 0x3fc00000\n")
    DO(7, "s_fmamk_f32 %0, %1, 0x3fc00000, %2\n")
    BINARY(8, "s_cvt_pk_rtz_f16_f32")
    UNARY(9, "s_ceil_f32")
    UNARY(10, "s_floor_f32")
    UNARY(11, "s_trunc_f32")
    UNARY(12, "s_rndne_f32")
    UNARY(13, "s_cvt_f32_i32")
    UNARY(14, "s_cvt_f32_u32")
    UNARY(15, "s_cvt_i32_f32")
    UNARY(16, "s_cvt_u32_f32")
    UNARY(17, "s_cvt_f16_f32")
    UNARY(18, "s_cvt_f32_f16")
    UNARY(19, "s_cvt_hi_f32_f16")
    BINARY(20, "s_add_f16")
    BINARY(21, "s_sub_f16")
    BINARY(22, "s_mul_f16")
    BINARY(23, "s_min_f16")
    BINARY(24, "s_max_f16")
    BINARY(25, "s_fmac_f16")
    UNARY(26, "s_ceil_f16")
    UNARY(27, "s_floor_f16")
    UNARY(28, "s_trunc_f16")
    UNARY(29, "s_rndne_f16")
    COMPARE(30, "s_cmp_lt_f32")
    COMPARE(31, "s_cmp_eq_f32")
    COMPARE(32, "s_cmp_le_f32")
    COMPARE(33, "s_cmp_gt_f32")
    COMPARE(34, "s_cmp_lg_f32")
    COMPARE(35, "s_cmp_ge_f32")
    COMPARE(36, "s_cmp_o_f32")
    COMPARE(37, "s_cmp_u_f32")
    COMPARE(38, "s_cmp_nge_f32")
    COMPARE(39, "s_cmp_nlg_f32")
    COMPARE(40, "s_cmp_ngt_f32")
    COMPARE(41, "s_cmp_nle_f32")
    COMPARE(42, "s_cmp_neq_f32")
    COMPARE(43, "s_cmp_nlt_f32")
    COMPARE(44, "s_cmp_lt_f16")
    COMPARE(45, "s_cmp_eq_f16")
    COMPARE(46, "s_cmp_le_f16")
    COMPARE(47, "s_cmp_gt_f16")
    COMPARE(48, "s_cmp_lg_f16")
    COMPARE(49, "s_cmp_ge_f16")
    COMPARE(50, "s_cmp_o_f16")
    COMPARE(51, "s_cmp_u_f16")
    COMPARE(52, "s_cmp_nge_f16")
    COMPARE(53, "s_cmp_nlg_f16")
    COMPARE(54, "s_cmp_ngt_f16")
    COMPARE(55, "s_cmp_nle_f16")
    COMPARE(56, "s_cmp_neq_f16")
    COMPARE(57, "s_cmp_nlt_f16")
}
