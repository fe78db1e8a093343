/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * One kernel for each case of wmma_cases.h, for one wave: reads A, B, C and the old D, eight registers each,
 * executes the instruction and stores D. The assembler's own encoding of every operand and modifier.
 */
#include "wmma_cases.h"

typedef unsigned int u32;
typedef u32 u32x2 __attribute__((ext_vector_type(2)));
typedef u32 u32x4 __attribute__((ext_vector_type(4)));
typedef u32 u32x8 __attribute__((ext_vector_type(8)));
#define GLOBAL __attribute__((address_space(1)))

#ifdef WAVE64
#define WAVE 64
typedef u32x4 result;
#define RESULT(x) (x).lo
#else
#define WAVE      32
typedef u32x8 result;
#define RESULT(x) (x)
#endif
enum { REGISTERS = sizeof(result) / 4 };

/* Registers of A and B; what modifiers the form has. */
#define ALL(x)     (x)
#define HALF(x)    (x).lo
#define QUARTER(x) (x).lo.lo
#define NO_HALVES(high)
#define HALVES(high)                    " op_sel:[0,0," #high "]"
#define FORM_f32_16x16x16_f16(X, ...)   X(u32x8, ALL, NO_HALVES, __VA_ARGS__)
#define FORM_f32_16x16x16_bf16(X, ...)  X(u32x8, ALL, NO_HALVES, __VA_ARGS__)
#define FORM_f16_16x16x16_f16(X, ...)   X(u32x8, ALL, HALVES, __VA_ARGS__)
#define FORM_bf16_16x16x16_bf16(X, ...) X(u32x8, ALL, HALVES, __VA_ARGS__)
#define FORM_i32_16x16x16_iu8(X, ...)   X(u32x4, HALF, NO_HALVES, __VA_ARGS__)
#define FORM_i32_16x16x16_iu4(X, ...)   X(u32x2, QUARTER, NO_HALVES, __VA_ARGS__)

#define C_registers  "%3"
#define C_result     "%0"
#define C_zero       "0"
#define C_one        "1.0"
#define C_minus_four "-4.0"
#define C_integer    "64"
#define CLAMP_0      ""
#define CLAMP_1      " clamp"

#define DEFINE(type, part, halves, form, c, high, n0, n1, n2, h0, h1, h2, clamp)                             \
    __attribute__((amdgpu_kernel)) void WMMA_NAME(form, c, high, n0, n1, n2, h0, h1, h2,                     \
                                                  clamp)(const GLOBAL u32 *in, GLOBAL u32 *out) {            \
        u32 lane = __builtin_amdgcn_workitem_id_x();                                                         \
        u32x8 x[4];                                                                                          \
        _Pragma("unroll") for (u32 n = 0; n < 32; n++) x[n / 8][n % 8] = in[n * WAVE + lane];                \
        type a = part(x[0]), b = part(x[1]);                                                                 \
        result d = RESULT(x[3]);                                                                             \
        __asm__ volatile("v_wmma_" #form " %0, %1, %2, " C_##c halves(high) " neg_lo:[" #n0 "," #n1 "," #n2  \
                                                                            "] neg_hi:[" #h0 "," #h1 "," #h2 \
                                                                            "]" CLAMP_##clamp                \
                         : "+v"(d)                                                                           \
                         : "v"(a), "v"(b), "v"(RESULT(x[2])));                                               \
        _Pragma("unroll") for (u32 n = 0; n < REGISTERS; n++) out[n * WAVE + lane] = d[n];                   \
    }
#define CASE(form, ...) FORM_##form(DEFINE, form, __VA_ARGS__)
WMMA_CASES(CASE)

/* C and D in the last registers that the kernel has: a wave64 has only four of them. */
#ifdef WAVE64
#define LAST_REGISTERS "{v[20:23]}"
#else
#define LAST_REGISTERS "{v[24:31]}"
#endif
__attribute__((amdgpu_kernel)) void last_registers(const GLOBAL u32 *in, GLOBAL u32 *out) {
    u32 lane = __builtin_amdgcn_workitem_id_x();
    u32x8 x[4];
    _Pragma("unroll") for (u32 n = 0; n < 32; n++) x[n / 8][n % 8] = in[n * WAVE + lane];
    result d = RESULT(x[3]);
    __asm__ volatile("v_wmma_f32_16x16x16_f16 %0, %1, %2, %0"
                     : "+" LAST_REGISTERS(d)
                     : "{v[0:7]}"(x[0]), "{v[8:15]}"(x[1]));
    _Pragma("unroll") for (u32 n = 0; n < REGISTERS; n++) out[n * WAVE + lane] = d[n];
}
