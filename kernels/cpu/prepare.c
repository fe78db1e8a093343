/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Activations as the products take them: in the order of the packed K, for each chunk the rows one after the
 * other, so that what a block of rows reads of a chunk is contiguous:
 *
 *     [chunks][rows held][words of the chunk][steps of a word]
 *
 * bf16 subnormals count as zero, as in the dot units. Where no bf16 activation is below 2^-119 but for 0, nor
 * 2^124 or more, sums are multiples of 2^-126, so that none is lost for being tiny, and no product overflows:
 * then products need not be careful about either.
 */
#include "cpu/vector.h"

/* Places begin .. end - 1 of a word, of which only those of the chunk are not 0. */
static void gather(const struct cpu_linear_args *p, const uint16_t *row, const int32_t *perm,
                   const struct chunk *c, int64_t place, uint16_t to[PACK_WORD]) {
    for (int64_t i = 0; i < PACK_WORD; i++) {
        int64_t k = place + i;
        int inside = k >= c->begin && k < c->end;
        if (inside && perm) k = perm[k];
        to[i] = inside && k >= 0 && k < p->K ? row[k] : 0; /* else an empty place */
    }
}

/* Makes subnormals zero; returns whether one is left that is tiny or huge. */
INLINE int clean(uint16_t k[PACK_WORD]) {
    enum { EXPONENT = 0x7f80, TINY = 8 << 7, HUGE = 251 << 7 };
    unsigned odd = 0;
    for (int i = 0; i < PACK_WORD; i++) {
        uint16_t exponent = k[i] & EXPONENT;
        k[i] = exponent ? k[i] : (uint16_t)(k[i] & 0x8000);
        odd |= (exponent && exponent < TINY) | (exponent >= HUGE);
    }
    return (int)odd;
}

int LEVEL_NAME(cpu_prepare)(const struct cpu_linear_args *p, int64_t row, int64_t expert, int64_t place,
                            int64_t held) {
    const uint16_t *from = (const uint16_t *)pointer(p->a) + row * p->lda;
    const int32_t *perm = p->perm ? (const int32_t *)pointer(p->perm) + expert * p->padded_K : NULL;
    prepared *all = pointer(p->prepared);
    int careful = 0;
    FOR_CHUNKS(c, p) {
        prepared *to = all + (c.before * held + place * c.words) * STEPS;
        for (int64_t w = c.word; w < c.word + c.words; w++, to += STEPS) {
            uint16_t k[PACK_WORD];
            if (!perm && w * PACK_WORD >= c.begin && (w + 1) * PACK_WORD <= c.end)
                memcpy(k, from + w * PACK_WORD, sizeof k);
            else
                gather(p, from, perm, &c, w * PACK_WORD, k);
            if (p->act_bf16) careful |= clean(k);
            prepare_word(to, k, p->act_bf16);
        }
    }
    return careful;
}
