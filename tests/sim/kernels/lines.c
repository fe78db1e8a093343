/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Every store stores the line that it is on, and in the upper half the number of its file. */
typedef unsigned u32;
#define GLOBAL __attribute__((address_space(1)))
#define KERNEL __attribute__((amdgpu_kernel)) void
#define HERE   (FILE_NUMBER << 16 | __LINE__)

#define FILE_NUMBER 0u
static __attribute__((noinline)) void called(volatile GLOBAL u32 *out) {
    *out = HERE;
    if (*out == 5) *out = HERE;
}

#undef FILE_NUMBER
#define FILE_NUMBER 1u
#line 7 "folder/inlined one.h"
static inline __attribute__((always_inline)) void inlined(volatile GLOBAL u32 *out) {
    *out = HERE;

    *out = HERE;
}

#undef FILE_NUMBER
#define FILE_NUMBER 2u
#line 60000 "/there/strange\033name.c"
static __attribute__((noinline)) void strange(volatile GLOBAL u32 *out) { *out = HERE; }

#undef FILE_NUMBER
#define FILE_NUMBER 0u
#line 38 "kernels/lines.c"
KERNEL lines(volatile GLOBAL u32 *out) {
    for (u32 n = 0; n < 3; n++) {
        *out = HERE;
        called(out + n);
        inlined(out);
    }
    strange(out);
    *out = HERE;
}

KERNEL wild(volatile GLOBAL u32 *out) {
    *out = HERE;
    out[100000] = HERE;
}
