/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What MODE does to a sum and a conversion, as the wave starts and after it has changed the rounding itself.
 */
#define GLOBAL __attribute__((address_space(1)))

__attribute__((amdgpu_kernel)) void mode(GLOBAL const float *in, GLOBAL unsigned *out) {
    GLOBAL unsigned *to = out + 4 * __builtin_amdgcn_workitem_id_x();
    float a = in[0], b = in[1];
    unsigned initial, sum, half, changed;
    __asm__ volatile("s_getreg_b32 %0, hwreg(HW_REG_MODE)" : "=s"(initial));
    __asm__ volatile("v_add_f32 %0, %1, %2" : "=v"(sum) : "v"(a), "v"(b));
    __asm__ volatile("v_cvt_f16_f32 %0, %1" : "=v"(half) : "v"(b));
    __asm__ volatile("s_round_mode 0x1\n\tv_add_f32 %0, %1, %2" : "=v"(changed) : "v"(a), "v"(b));
    to[0] = initial;
    to[1] = sum;
    to[2] = half & 0xffff;
    to[3] = changed;
}
