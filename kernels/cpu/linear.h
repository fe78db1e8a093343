/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The host's kernels: the same product from the same packed layer, with the same numerics contract. One run:
 *
 *     [experts: slots sorted by expert]  activations prepared  products, strip by strip  [slots added to
 * tokens]
 *
 * linear.c is that sequence, once; prepare.c and product.c do the work and are compiled once per level of
 * instructions (level.h).
 */
#ifndef W4A16_CPU_LINEAR_H
#define W4A16_CPU_LINEAR_H

#include <stddef.h>

#include "layout.h"
#include "parallel.h"

/* K whose products are added before the scale is applied: as the device kernels do, at most. */
#define CPU_LINEAR_CHUNK 128
/* Rows that are prepared and multiplied at a time: what the workspace holds. */
#define CPU_LINEAR_ROWS  512

/* Bytes of a prepared word of 8 activations: as fp32, or as they are where the level has BF16 dots. */
#define CPU_WORD_FP32 32
#define CPU_WORD_BF16 16

/* Addresses are host pointers; 0 where a section is absent. */
struct cpu_linear_args {
    uint64_t weights, scales, zeros, bias, perm;
    uint64_t a, out;
    uint64_t ids, gates; /* of experts: int32 and fp32 [M][top_k] */
    int64_t M, N, K, padded_K, group_size, blocks, groups;
    int64_t lda, ldo;             /* elements */
    int64_t experts, top_k;       /* 0: dense */
    int32_t act_bf16, scale_bf16; /* 1: bf16, 0: fp16 */
    int32_t weighs, adds;         /* slots by their gates; a token's slots to one row */
    struct grid grid;
    /* Sorted slots: ids is then workspace [M][top_k], filled from these. */
    uint64_t sorted, sorted_used, block_experts;
    int64_t sorted_block, sorted_count;
    /* Workspace. */
    uint64_t prepared; /* activations of cpu_linear_rows rows, cpu_linear_words words of K each (prepare.c) */
    uint64_t slots;    /* of experts: int32 [M * top_k], slots sorted by expert */
    uint64_t starts;   /* of experts: int32 [experts + 1], where each one's begin */
    uint64_t results;  /* of slots that are added: fp32 [M * top_k][32 * strips] */
};

/*
 * A chunk of K: in one group, CPU_LINEAR_CHUNK places at most. Prepared activations come in whole words of 8
 * places; places of a word that are not the chunk's are 0 in it.
 */
struct chunk {
    int64_t begin, end; /* places; end of the last: padded_K */
    int64_t group;
    int64_t word, words; /* of the strip */
    int64_t before;      /* words of the chunks before it */
};

static inline struct chunk chunk_at(int64_t begin, int64_t group, int64_t before, int64_t group_size,
                                    int64_t padded_K) {
    int64_t end = (group + 1) * group_size;
    if (end > begin + CPU_LINEAR_CHUNK) end = begin + CPU_LINEAR_CHUNK;
    if (end > padded_K) end = padded_K;
    int64_t word = begin / PACK_WORD;
    return (struct chunk){begin, end, group, word, (end + PACK_WORD - 1) / PACK_WORD - word, before};
}
static inline struct chunk chunk_first(int64_t group_size, int64_t padded_K) {
    return chunk_at(0, 0, 0, group_size, padded_K);
}
static inline struct chunk chunk_next(const struct chunk *c, int64_t group_size, int64_t padded_K) {
    int64_t group = c->group + (c->end == (c->group + 1) * group_size);
    return chunk_at(c->end, group, c->before + c->words, group_size, padded_K);
}
#define FOR_CHUNKS(c, p)                                                                                     \
    for (struct chunk c = chunk_first((p)->group_size, (p)->padded_K); c.begin < (p)->padded_K;              \
         c = chunk_next(&c, (p)->group_size, (p)->padded_K))

/* Words of prepared activations of a row. */
int64_t cpu_linear_words(int64_t group_size, int64_t padded_K);

/*
 * Each level's kernel; kernarg: a struct cpu_linear_args. Bits depend neither on the number of threads nor on
 * M, nor on the level.
 */
#define CPU_LEVELS(X)   X(portable) X(avx2) X(avx512) X(avx512bf16)
#define CPU_LEVEL(name) void cpu_linear_##name(const void *kernarg, struct pool *pool);
CPU_LEVELS(CPU_LEVEL)
#undef CPU_LEVEL

#endif
