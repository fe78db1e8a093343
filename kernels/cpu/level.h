/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What linear.c asks of a level of instructions. */
#ifndef W4A16_CPU_LEVEL_H
#define W4A16_CPU_LEVEL_H

#include "cpu/linear.h"

/* Rows of one expert that are multiplied together. */
struct rows {
    int64_t expert;      /* 0: dense */
    int64_t first;       /* of the run's rows: M, or its slots sorted by expert */
    int64_t count;       /* CPU_BLOCK_ROWS at most */
    int64_t place, held; /* the first one's among the prepared ones, and how many those are */
    int careful;         /* some activation is tiny or huge: see prepare.c */
};
#define CPU_BLOCK_ROWS 256

/*
 * NAME(level):
 * prepare   fills place `place` of `held` rows of activations from row `row` of a, in the order of an expert;
 *           returns whether the run must be careful
 * product   rows times a strip of the layer, stored
 * combine   a token's slots, added and stored
 */
#define CPU_LEVEL(level)                                                                                     \
    int cpu_prepare_##level(const struct cpu_linear_args *p, int64_t row, int64_t expert, int64_t place,     \
                            int64_t held);                                                                   \
    void cpu_product_##level(const struct cpu_linear_args *p, const struct rows *rows, int64_t strip);       \
    void cpu_combine_##level(const struct cpu_linear_args *p, int64_t token);
CPU_LEVELS(CPU_LEVEL)
#undef CPU_LEVEL

/* [n] takes nibble n of a half to its end, as the upper half of a product of 16 bits (levels.c). */
extern const uint16_t cpu_nibble_factors[4][32];

/* In the sources that are compiled per level, with LEVEL defined. */
#define LEVEL_JOIN(name, level)   name##_##level
#define LEVEL_EXPAND(name, level) LEVEL_JOIN(name, level)
#define LEVEL_NAME(name)          LEVEL_EXPAND(name, LEVEL)

static inline int64_t strips_of(const struct cpu_linear_args *p) {
    return (p->N + PACK_STRIP - 1) / PACK_STRIP;
}
static inline void *pointer(uint64_t address) { return (void *)(uintptr_t)address; }

#endif
