/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The readable kernel: the same product on the host, from the same packed layer, with the same numerics
 * contract. It is what the cpu device runs and what a device kernel may be compared with when it is wrong.
 */
#ifndef W4A16_CPU_LINEAR_H
#define W4A16_CPU_LINEAR_H

#include "layout.h"
#include "parallel.h"

/* K whose products are added before the scale is applied: as the device kernels do, at most. */
#define CPU_LINEAR_CHUNK 128

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
};

/* kernarg: a struct cpu_linear_args. Threaded over strips; the same bits for every thread count. */
void cpu_linear(const void *kernarg, struct pool *pool);

#endif
