/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "cpu/levels.h"

#include <stdlib.h>
#include <string.h>

#include "cpu/level.h"

/* From the lowest to the highest. */
enum { LEVEL_portable, LEVEL_avx2, LEVEL_avx512, LEVEL_avx512bf16, LEVEL_COUNT };
static const char *const names[LEVEL_COUNT] = {
#define CPU_LEVEL(name) [LEVEL_##name] = #name,
    CPU_LEVELS(CPU_LEVEL)
#undef CPU_LEVEL
};

/* The highest that may be used; -1: the variable names none. */
static int limit(void) {
    const char *name = getenv(CPU_LEVEL_VARIABLE);
    int level = LEVEL_COUNT - 1;
    while (name && *name && level >= 0 && strcmp(name, names[level]) != 0) level--;
    return level;
}

int cpu_level_variable_ok(void) { return limit() >= 0; }

#if defined CPU_X86_LEVELS
#define HAS(feature) __builtin_cpu_supports(feature)
int cpu_has_avx2(void) { return limit() >= LEVEL_avx2 && HAS("avx2") && HAS("fma") && HAS("f16c"); }
int cpu_has_avx512(void) {
    return limit() >= LEVEL_avx512 && cpu_has_avx2() && HAS("avx512f") && HAS("avx512bw") &&
           HAS("avx512dq") && HAS("avx512vl");
}
int cpu_has_avx512bf16(void) { return limit() >= LEVEL_avx512bf16 && cpu_has_avx512() && HAS("avx512bf16"); }
/* Of 512 bits Intel's begin one dot every second cycle, or two fused multiply-adds in each; AMD's one of either in each. */
int cpu_dots_are_slow(void) { return __builtin_cpu_is("intel") != 0; }
#else
int cpu_has_avx2(void) { return 0; }
int cpu_has_avx512(void) { return 0; }
int cpu_has_avx512bf16(void) { return 0; }
int cpu_dots_are_slow(void) { return 0; }
#endif

const char *cpu_highest_level(void) {
    return names[cpu_has_avx512bf16() ? LEVEL_avx512bf16
                 : cpu_has_avx512()   ? LEVEL_avx512
                 : cpu_has_avx2()     ? LEVEL_avx2
                                      : LEVEL_portable];
}

#define EVERY_HALF(x) {[0 ... 31] = (x)}
const uint16_t cpu_nibble_factors[4][32] __attribute__((aligned(64))) = {
    [1] = EVERY_HALF(1 << 12), [2] = EVERY_HALF(1 << 8), [3] = EVERY_HALF(1 << 4)};
