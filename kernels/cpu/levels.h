/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Which levels of instructions this host has, and may use. */
#ifndef W4A16_CPU_LEVELS_H
#define W4A16_CPU_LEVELS_H

/* Names the highest level to use, of portable, avx2, avx512 and avx512bf16; unset or empty: all. */
#define CPU_LEVEL_VARIABLE "W4A16_CPU_LEVEL"

/* Whether the variable is unset or names a level. Where it does not, there is none but portable. */
int cpu_level_variable_ok(void);

/* The highest one that there is: "avx512". */
const char *cpu_highest_level(void);

int cpu_has_avx2(void); /* and FMA and F16C */
int cpu_has_avx512(void);
int cpu_has_avx512bf16(void);
/* Whether a BF16 dot takes longer than the two fused multiply-adds that it does. */
int cpu_dots_are_slow(void);

#endif
