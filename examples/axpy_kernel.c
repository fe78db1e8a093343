/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A gfx11 kernel in plain C: y = a * x + y. */
__attribute__((amdgpu_kernel)) void axpy(const __attribute__((address_space(1))) float *x,
                                         __attribute__((address_space(1))) float *y, float a,
                                         unsigned count) {
    unsigned i = __builtin_amdgcn_workgroup_id_x() * 256 + __builtin_amdgcn_workitem_id_x();
    if (i < count) y[i] = a * x[i] + y[i];
}
