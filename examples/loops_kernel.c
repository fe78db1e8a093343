/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A gfx11 kernel with a loop: out[column] is the sum of the column. */
__attribute__((amdgpu_kernel)) void columns(const __attribute__((address_space(1))) float *in,
                                            __attribute__((address_space(1))) float *out, unsigned rows,
                                            unsigned columns) {
    unsigned column = __builtin_amdgcn_workgroup_id_x() * 32 + __builtin_amdgcn_workitem_id_x();
    float sum = 0;
#pragma clang loop unroll(disable)
    for (unsigned row = 0; row < rows; row++) sum += in[row * columns + column];
    out[column] = sum;
}
