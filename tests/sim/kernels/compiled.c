/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* body.h as a kernel: result[i] = integers(...) + reals(...) of two inputs. */
typedef unsigned char u8;
typedef short i16;
typedef int i32;
typedef unsigned u32;
typedef long i64;
typedef unsigned long u64;
#define FLOAT_BITS(x)  __builtin_bit_cast(u32, (float)(x))
#define DOUBLE_BITS(x) __builtin_bit_cast(u64, (double)(x))
#include "body.h"

__attribute__((amdgpu_kernel)) void compiled(const __attribute__((address_space(1))) u32 *in,
                                             __attribute__((address_space(1))) u32 *result) {
    u32 i = __builtin_amdgcn_workgroup_id_x() * 64 + __builtin_amdgcn_workitem_id_x();
    result[2 * i] = integers(in[2 * i], in[2 * i + 1]);
    result[2 * i + 1] = reals(in[2 * i], in[2 * i + 1]);
}
