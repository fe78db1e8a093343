/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* A kernel whose code the test of the recorded cases replaces: it has the LDS, the scratch and the room. */
static __attribute__((address_space(3), loader_uninitialized)) unsigned char lds[65536];

__attribute__((amdgpu_kernel)) void carrier(__attribute__((address_space(1))) unsigned *out) {
    unsigned char scratch[65536];
    __asm__ volatile("" : : "v"(lds), "v"(&scratch), "s"(out));
    __asm__ volatile(".rept 512\n s_nop 0\n .endr");
}
