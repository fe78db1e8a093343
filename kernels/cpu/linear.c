/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "cpu/linear.h"

#include <math.h>
#include <string.h>

#include "half.h"

static int64_t strips_of(const struct cpu_linear_args *p) { return (p->N + PACK_STRIP - 1) / PACK_STRIP; }
static const void *pointer(uint64_t address) { return (const void *)(uintptr_t)address; }
static float value_of(uint16_t bits, int is_bf16) {
    return is_bf16 ? bf16_to_float(bits) : f16_to_float(bits);
}

/* bf16 subnormals count as zero, as in the dot units. */
static float activation(const struct cpu_linear_args *p, int64_t expert, int64_t m, int64_t k) {
    const int32_t *perm = p->perm ? (const int32_t *)pointer(p->perm) + expert * p->padded_K : NULL;
    uint16_t bits;
    int64_t from = perm ? perm[k] : k;
    if (from < 0 || from >= p->K) return 0; /* an empty place */
    memcpy(&bits, (const char *)pointer(p->a) + 2 * (m * p->lda + from), 2);
    if (p->act_bf16 && !(bits & 0x7f80)) bits &= 0x8000;
    return value_of(bits, p->act_bf16);
}

/* The zeros of 32 columns; entry: their place among the scales. */
static void load_zeros(const struct cpu_linear_args *p, int64_t entry, int zeros[PACK_STRIP]) {
    const unsigned char *from = pointer(p->zeros);
    for (int c = 0; c < PACK_STRIP; c++)
        zeros[c] = !from ? 8
                   : !p->grid.zero_halves
                       ? from[entry + c]
                       : (from[(entry + c) / 2] >> c % 2 * 4 & 15) + (int)p->grid.zero_offset;
}

/* q - zero of 32 columns at place k of a strip. */
static void load_weights(const struct cpu_linear_args *p, int64_t strip, int64_t k,
                         const int zeros[PACK_STRIP], float w[PACK_STRIP]) {
    int in_block = (int)(k % PACK_BLOCK), bit = pack_bit(in_block);
    const unsigned char *block = (const unsigned char *)pointer(p->weights) +
                                 (strip * p->blocks + k / PACK_BLOCK) * PACK_BLOCK_BYTES +
                                 in_block / PACK_WORD * 4;
    for (int c = 0; c < PACK_STRIP; c++) {
        uint32_t word;
        memcpy(&word, block + PACK_COLUMN_BYTES * c, 4);
        w[c] = (float)((int)(word >> bit & 15) - zeros[c]);
    }
}

/* A row times the columns of one of an expert's strips, with bias; expert 0 of a dense layer. */
static void row_times_strip(const struct cpu_linear_args *p, int64_t expert, int64_t m, int64_t strip,
                            float total[PACK_STRIP]) {
    float sum[PACK_STRIP], w[PACK_STRIP];
    int64_t end, stored = expert * strips_of(p) + strip;
    memset(total, 0, PACK_STRIP * sizeof *total);
    for (int64_t k = 0; k < p->padded_K; k = end) {
        int64_t group = k / p->group_size;
        int64_t entry = expert * strips_of(p) * PACK_STRIP * p->groups + strip * p->grid.strip_stride +
                        group * p->grid.group_stride;
        const uint16_t *scales = (const uint16_t *)pointer(p->scales) + entry;
        int zeros[PACK_STRIP];
        load_zeros(p, entry, zeros);
        end = (group + 1) * p->group_size;
        if (end > k + CPU_LINEAR_CHUNK) end = k + CPU_LINEAR_CHUNK;
        if (end > p->padded_K) end = p->padded_K;
        memset(sum, 0, sizeof sum);
        for (int64_t i = k; i < end; i++) {
            float a = activation(p, expert, m, i);
            load_weights(p, stored, i, zeros, w);
            for (int c = 0; c < PACK_STRIP; c++) sum[c] += a * w[c];
        }
        for (int c = 0; c < PACK_STRIP; c++)
            total[c] = fmaf(value_of(scales[c], p->scale_bf16), sum[c], total[c]);
    }
    const float *bias = pointer(p->bias);
    for (int c = 0; bias && c < PACK_STRIP; c++) total[c] += bias[stored * PACK_STRIP + c];
}

static void store(const struct cpu_linear_args *p, int64_t m, int64_t strip, const float total[PACK_STRIP]) {
    for (int64_t c = 0; c < PACK_STRIP && strip * PACK_STRIP + c < p->N; c++) {
        uint16_t bits = p->act_bf16 ? float_to_bf16(total[c]) : float_to_f16(total[c]);
        memcpy((char *)(uintptr_t)p->out + 2 * (m * p->ldo + strip * PACK_STRIP + c), &bits, 2);
    }
}

/* What unsort.c does. */
static void unsort(const struct cpu_linear_args *p) {
    int32_t *ids = (int32_t *)(uintptr_t)p->ids;
    const int32_t *sorted = pointer(p->sorted), *experts = pointer(p->block_experts);
    int64_t slots = p->M * p->top_k, used = *(const uint32_t *)pointer(p->sorted_used);
    for (int64_t i = 0; i < slots; i++) ids[i] = -1;
    for (int64_t i = 0; i < used && i < p->sorted_count; i++)
        if ((uint32_t)sorted[i] < slots) ids[sorted[i]] = experts[i / p->sorted_block];
}

/* The slots of token m; those that name no expert are left out. */
static void slots_of_token(const struct cpu_linear_args *p, int64_t m, int64_t strip) {
    float total[PACK_STRIP], sum[PACK_STRIP] = {0};
    const int32_t *ids = pointer(p->ids);
    const float *gates = pointer(p->gates);
    for (int64_t slot = m * p->top_k; slot < (m + 1) * p->top_k; slot++) {
        if (ids[slot] < 0 || ids[slot] >= p->experts) continue;
        row_times_strip(p, ids[slot], p->adds ? slot : m, strip, total);
        if (!p->adds) memset(sum, 0, sizeof sum);
        for (int c = 0; c < PACK_STRIP; c++)
            sum[c] = p->weighs ? fmaf(gates ? gates[slot] : 1, total[c], sum[c]) : total[c];
        if (!p->adds) store(p, slot, strip, sum);
    }
    if (p->adds) store(p, m, strip, sum);
}

static void strip_body(void *context, int64_t strip, int thread) {
    (void)thread;
    const struct cpu_linear_args *p = context;
    for (int64_t m = 0; m < p->M; m++) {
        float total[PACK_STRIP];
        if (p->experts) {
            slots_of_token(p, m, strip);
        } else {
            row_times_strip(p, 0, m, strip, total);
            store(p, m, strip, total);
        }
    }
}

void cpu_linear(const void *kernarg, struct pool *pool) {
    struct cpu_linear_args args;
    memcpy(&args, kernarg, sizeof args);
    if (args.sorted_block) unsort(&args);
    pool_run(pool, strips_of(&args), strip_body, &args);
}
