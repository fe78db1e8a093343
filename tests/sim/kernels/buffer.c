/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Buffer instructions, one per kernel: the descriptor is an argument, each lane's index and offset are read from
 * `in`, and what it loads goes to `out` (four dwords per lane, 0x5a5a5a5a before).
 */
typedef unsigned int u32;
typedef u32 u32x2 __attribute__((ext_vector_type(2)));
typedef u32 u32x4 __attribute__((ext_vector_type(4)));
#define GLOBAL __attribute__((address_space(1)))
#define KERNEL __attribute__((amdgpu_kernel))

#define CASE(name, ...)                                                                                      \
    KERNEL void name(u32x4 descriptor, u32 soffset, const GLOBAL u32x2 *in, GLOBAL u32x4 *out) {             \
        u32 lane = __builtin_amdgcn_workitem_id_x();                                                         \
        u32x2 at = in[lane];                                                                                 \
        u32x4 data = (u32x4)(0x5a5a5a5a);                                                                    \
        __asm__ volatile("s_waitcnt vmcnt(0) lgkmcnt(0)\n" __VA_ARGS__ "\n s_waitcnt vmcnt(0)"               \
                         : "+v"(data)                                                                        \
                         : "v"(at), "s"(descriptor), "s"(soffset)                                            \
                         : "memory");                                                                        \
        out[lane] = data;                                                                                    \
    }
/* The first element of `at` is the index, the second the offset. */
#define BOTH " %1, %2, %3 idxen offen"

CASE(load_b128, "buffer_load_b128 %0," BOTH)
CASE(load_b128_12, "buffer_load_b128 %0," BOTH " offset:12")
CASE(load_format, "buffer_load_format_xyzw %0," BOTH)
CASE(store_b128, "buffer_store_b128 %0," BOTH)
CASE(store_format, "buffer_store_format_xyzw %0," BOTH)
CASE(tbuffer_load, "tbuffer_load_format_xyzw %0, %1, %2, %3 format:[BUF_FMT_16_16_SSCALED] idxen offen")

#define ONE(name, instruction)                                                                               \
    KERNEL void name(u32x4 descriptor, u32 soffset, const GLOBAL u32x2 *in, GLOBAL u32x4 *out) {             \
        u32 lane = __builtin_amdgcn_workitem_id_x(), data = 0x5a5a5a5a;                                      \
        u32x2 at = in[lane];                                                                                 \
        __asm__ volatile("s_waitcnt vmcnt(0) lgkmcnt(0)\n" instruction "\n s_waitcnt vmcnt(0)"               \
                         : "+v"(data)                                                                        \
                         : "v"(at), "s"(descriptor), "s"(soffset)                                            \
                         : "memory");                                                                        \
        out[lane] = (u32x4){data, 0x5a5a5a5a, 0x5a5a5a5a, 0x5a5a5a5a};                                       \
    }
ONE(load_u8, "buffer_load_u8 %0," BOTH)
ONE(load_i8, "buffer_load_i8 %0," BOTH)
ONE(load_u16, "buffer_load_u16 %0," BOTH)
ONE(load_d16_hi, "buffer_load_d16_hi_b16 %0," BOTH)
ONE(load_d16_format, "buffer_load_d16_format_xy %0," BOTH)
ONE(atomic_add, "buffer_atomic_add_u32 %0," BOTH " glc")
ONE(atomic_silent, "buffer_atomic_add_u32 %0," BOTH)
