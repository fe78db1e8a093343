/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Vectors of LANES columns, and what a level's instructions do with them.
 *
 * Weights become operands. A word (8 K of a column) is STEPS of them: a pair of K as two bf16 where the level
 * has BF16 dots, else one K as fp32, the odd one of each pair first. `step` is what the order of additions is
 * made of:
 *
 *     sum = fma(a[odd], w[odd], sum), then fma(a[even], w[even], sum)
 */
#ifndef W4A16_CPU_VECTOR_H
#define W4A16_CPU_VECTOR_H

#include <string.h>

#include "cpu/level.h"
#include "half.h"

#define INLINE static inline __attribute__((always_inline))

#if defined LEVEL_avx512 || defined LEVEL_avx512bf16
#include "cpu/vector_avx512.h"
#elif defined LEVEL_avx2
#include "cpu/vector_avx2.h"
#else
#include "cpu/vector_portable.h"
#endif

#define VECTORS (PACK_STRIP / LANES) /* of a strip */

INLINE floats load(const float *from) {
    floats x;
    memcpy(&x, from, sizeof x);
    return x;
}
INLINE void store(float *to, floats x) { memcpy(to, &x, sizeof x); }
INLINE floats every(float x) { return x - (floats){0}; }

#ifdef LEVEL_avx512bf16
#include "cpu/operand_bf16.h"
#else
#include "cpu/operand_fp32.h"
#endif

#endif
