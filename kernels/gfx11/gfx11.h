/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What every device kernel is written with: types, address spaces, and the few hardware operations that C has
 * no word for. Freestanding; compiled by clang for amdgcn only.
 */
#ifndef W4A16_GFX11_H
#define W4A16_GFX11_H

#include "args.h"

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef u32 u32x4 __attribute__((ext_vector_type(4)));
typedef _Float16 half2 __attribute__((ext_vector_type(2)));
typedef __bf16 bfloat2 __attribute__((ext_vector_type(2)));

#define GLOBAL  __attribute__((address_space(1)))
#define LDS     __attribute__((address_space(3)))
/* Read-only and the same for all lanes: scalar loads. */
#define UNIFORM __attribute__((address_space(4)))

/* The largest work-group, so that registers are budgeted for it; older compilers take the attribute from
 * OpenCL only. */
#if __clang_major__ >= 22
#define WORK_ITEMS(max) __attribute__((amdgpu_flat_work_group_size(32, max)))
#else
#define WORK_ITEMS(max)
#endif
#define KERNEL(max_work_items)                                                                               \
    __attribute__((amdgpu_kernel, visibility("protected"))) WORK_ITEMS(max_work_items)
#define INLINE          static inline __attribute__((always_inline))
/* A kernel for a row of KERNELS.def if the row is for this architecture. */
#define ONLY_gfx11(...) __VA_ARGS__

#define LANES 32

/* Arguments (args.h) as parameters, as a struct's fields, and as what such a struct is made from. */
#define PARAMETER_POINTER(type, name) type name
#define PARAMETER_VALUE(type, name)   type name
#define PARAMETER_LISTS const UNIFORM struct expert_tile *tiles, const UNIFORM struct expert_row *rows
#define PARAMETER_GRID  u32 strip_stride, u32 group_stride, u32 zero_halves, u32 zero_offset
#define PARAMETER_AND   ,
#define FIELD_POINTER(type, name) type name;
#define FIELD_VALUE(type, name)   type name;
#define FIELD_LISTS               struct expert_lists lists;
#define FIELD_GRID                struct grid grid;
#define FIELD_AND
#define NAME_POINTER(type, name) name
#define NAME_VALUE(type, name)   name
#define NAME_LISTS               {tiles, rows}
#define NAME_GRID                {strip_stride, group_stride, zero_halves, zero_offset}
#define NAME_AND                 ,

/* All arguments by loads that are issued together. The compiler would load each where it is first used, and wait for one
 * cache line of them after the other. */
#define LOAD_ARGUMENTS(LIST)       __asm__ volatile("" ::LIST(LOADED))
#define LOADED_POINTER(type, name) "s"(name)
#define LOADED_VALUE(type, name)   "s"(name)
#define LOADED_LISTS               "s"(tiles), "s"(rows)
#define LOADED_GRID                "s"(strip_stride), "s"(group_stride), "s"(zero_halves), "s"(zero_offset)
#define LOADED_AND                 ,

INLINE u32 lane_id(void) { return __builtin_amdgcn_workitem_id_x() % LANES; }
/* The same in all lanes, and known to be so: everything computed from it stays in scalar registers. */
INLINE u32 wave_id(void) { return __builtin_amdgcn_readfirstlane(__builtin_amdgcn_workitem_id_x() / LANES); }

/* Keeps the lane's offset apart from the address, which else becomes two vector registers and two additions. */
#define uniform_base(pointer)                                                                                \
    ({                                                                                                       \
        __typeof__(pointer) base = pointer;                                                                  \
        __asm__("" : "+s"(base));                                                                            \
        base;                                                                                                \
    })

/* LDS written before is visible after, in the whole work-group; global loads stay in flight across it. */
INLINE void barrier(void) {
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup", "local");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup", "local");
}

INLINE float as_float(u32 bits) { return __builtin_bit_cast(float, bits); }
INLINE u32 as_bits(float value) { return __builtin_bit_cast(u32, value); }

INLINE float f16_bits_to_float(u16 bits) { return (float)__builtin_bit_cast(_Float16, bits); }

/* One rounding, to nearest even. */
INLINE u16 float_to_f16_bits(float value) { return __builtin_bit_cast(u16, (_Float16)value); }
INLINE u16 float_to_bf16_bits(float value) {
    u32 bits = as_bits(value);
    if (value != value) return (u16)(bits >> 16 | 0x40); /* a NaN stays one */
    return (u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* acc + x.lo * y.lo + x.hi * y.hi, by the dot unit's own rounding. */
INLINE float dot2_f16(u32 x, u32 y, float acc) {
    return __builtin_amdgcn_fdot2(__builtin_bit_cast(half2, x), __builtin_bit_cast(half2, y), acc, 0);
}
INLINE float dot2_bf16(u32 x, u32 y, float acc) {
    return __builtin_amdgcn_fdot2_f32_bf16(__builtin_bit_cast(bfloat2, x), __builtin_bit_cast(bfloat2, y),
                                           acc, 0);
}

#endif
