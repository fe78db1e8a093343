/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Kernels with variables, and work-groups that wait for each other, as compiled HIP programs have them. */
typedef unsigned int u32;
#define GLOBAL   __attribute__((address_space(1)))
#define CONSTANT __attribute__((address_space(4)))
#define KERNEL   __attribute__((amdgpu_kernel))

/* As clang writes __device__, __constant__ and __managed__: the last is a pointer that the runtime sets. */
#define SHOWN __attribute__((used, visibility("protected")))
SHOWN GLOBAL u32 counter = 5;
SHOWN CONSTANT const volatile u32 factors[4] = {1, 2, 3, 4};
SHOWN GLOBAL u32 *GLOBAL shared_word = 0;

KERNEL void scale(GLOBAL const u32 *in, GLOBAL u32 *out, u32 n) {
    u32 i = __builtin_amdgcn_workgroup_id_x() * 64 + __builtin_amdgcn_workitem_id_x();
    if (i >= n) return;
    out[i] = in[i] * factors[i % 4];
    __scoped_atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE);
}

KERNEL void bump(u32 by) {
    if (!__builtin_amdgcn_workitem_id_x()) *shared_word += by;
}

/* Ends only if all `groups` work-groups are there at once. */
KERNEL void meet(GLOBAL u32 *arrived, u32 groups) {
    if (__builtin_amdgcn_workitem_id_x()) return;
    __scoped_atomic_fetch_add(arrived, 1, __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE);
    while (__scoped_atomic_load_n(arrived, __ATOMIC_RELAXED, __MEMORY_SCOPE_DEVICE) < groups) {
    }
}
