/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "layer/cpu_linear.h"

#include <string.h>

#include "layer/values.h"

#define CHUNK 128 /* K that are summed before the scale is applied: as the device kernels do */

static const void *pointer(uint64_t address) { return (const void *)(uintptr_t)address; }

/* bf16 subnormals count as zero, as in the dot units. */
static float activation(const struct cpu_linear_args *p, int64_t m, int64_t k) {
    const int32_t *perm = pointer(p->perm);
    uint16_t bits;
    memcpy(&bits, (const char *)pointer(p->a) + 2 * (m * p->lda + (perm ? perm[k] : k)), 2);
    if (p->act == W4A16_BF16 && !(bits & 0x7f80)) bits &= 0x8000;
    return float_of_16((w4a16_dtype)p->act, bits);
}

/* q - zero of 32 columns at place k of a strip. */
static void load_weights(const struct cpu_linear_args *p, int64_t strip, int64_t k,
                         const unsigned char *zeros, float w[PACK_STRIP]) {
    int64_t in_block = k % PACK_BLOCK, in_word = in_block % 8;
    int shift = (int)(in_word / 2 * 4 + in_word % 2 * 16);
    const unsigned char *block = (const unsigned char *)pointer(p->weights) +
                                 (strip * p->blocks + k / PACK_BLOCK) * PACK_STRIP * 16 + in_block / 8 * 4;
    for (int c = 0; c < PACK_STRIP; c++) {
        uint32_t word;
        memcpy(&word, block + 16 * c, 4);
        w[c] = (float)((int)(word >> shift & 15) - (zeros ? zeros[c] : 8));
    }
}

static void store(const struct cpu_linear_args *p, int64_t m, int64_t strip, const float total[PACK_STRIP]) {
    const float *bias = pointer(p->bias);
    for (int64_t c = 0; c < PACK_STRIP && strip * PACK_STRIP + c < p->N; c++) {
        int64_t n = strip * PACK_STRIP + c;
        float sum = total[c] + (bias ? bias[n] : 0);
        uint16_t bits = p->act == W4A16_F16 ? float_to_f16(sum) : float_to_bf16(sum);
        memcpy((char *)(uintptr_t)p->out + 2 * (m * p->ldo + n), &bits, 2);
    }
}

static void strip_of_row(const struct cpu_linear_args *p, int64_t m, int64_t strip) {
    float total[PACK_STRIP] = {0}, sum[PACK_STRIP], w[PACK_STRIP];
    int64_t end;
    for (int64_t k = 0; k < p->K; k = end) {
        int64_t group = k / p->group_size, at = (strip * p->groups + group) * PACK_STRIP;
        const uint16_t *scales = (const uint16_t *)pointer(p->scales) + at;
        const unsigned char *zeros = p->zeros ? (const unsigned char *)pointer(p->zeros) + at : NULL;
        end = (group + 1) * p->group_size;
        if (end > k + CHUNK) end = k + CHUNK;
        if (end > p->K) end = p->K;
        memset(sum, 0, sizeof sum);
        for (int64_t i = k; i < end; i++) {
            float a = activation(p, m, i);
            load_weights(p, strip, i, zeros, w);
            for (int c = 0; c < PACK_STRIP; c++) sum[c] += a * w[c];
        }
        for (int c = 0; c < PACK_STRIP; c++)
            total[c] += float_of_16((w4a16_dtype)p->scale_type, scales[c]) * sum[c];
    }
    store(p, m, strip, total);
}

static void strip_body(void *context, int64_t strip, int thread) {
    (void)thread;
    const struct cpu_linear_args *p = context;
    for (int64_t m = 0; m < p->M; m++) strip_of_row(p, m, strip);
}

void cpu_linear(const void *kernarg, struct pool *pool) {
    struct cpu_linear_args args;
    memcpy(&args, kernarg, sizeof args);
    pool_run(pool, (args.N + PACK_STRIP - 1) / PACK_STRIP, strip_body, &args);
}
