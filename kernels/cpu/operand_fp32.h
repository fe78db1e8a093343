/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* One K as fp32: q - zero, for fused multiply-adds. */
#define STEPS 8
typedef floats operand;
typedef float prepared; /* a step's activation */

/*
 * A nibble is the last bits of the significand of a number that is worth 1 where the nibble ends: at bits 0,
 * 4, 8 and 12 by the exponents of 2^23, 2^19, 2^15 and 2^11. Subtracting that number and the zero leaves q -
 * zero, exactly.
 */
#define PLACE(j) ((float)(1 << (23 - 4 * (j))))

struct zeros { /* and those numbers */
    float of[4][PACK_STRIP];
};

INLINE void zeros_of(struct zeros *z, int column, floats zero) {
    for (int j = 0; j < 4; j++) store(z->of[j] + column, arranged(zero) + every(PLACE(j)));
}

/* Step s of a word: K s ^ 1. Looking up, where one instruction does it, is faster while no zero has to be taken away. */
INLINE operand operand_of(words word, int s, const struct zeros *z, int column, int symmetric) {
#ifdef NIBBLES_LESS_8
    if (symmetric) return nibble_less_8(word, pack_bit(s ^ 1) / 4);
#endif
    int j = s / 2;
    return with_nibbles(word, j, s % 2 == 0, PLACE(j)) -
           (symmetric ? every(PLACE(j) + 8) : load(z->of[j] + column));
}

/* What is below 2^-126 is zero, as in BF16 dots. */
INLINE floats step(floats sum, const prepared *a, operand w, int careful) {
    if (!careful) return fma_exact(every(*a), w, sum);
    floats x = fma_huge(every(*a), w, sum);
    return (floats)((words)x & ~(words)((x < every(0x1p-126f)) & (x > every(-0x1p-126f))));
}

/* A word of prepared activations from those of its K. */
INLINE void prepare_word(prepared to[STEPS], const uint16_t k[PACK_WORD], int bf16) {
    for (int s = 0; s < STEPS; s++) to[s] = bf16 ? bf16_to_float(k[s ^ 1]) : f16_to_float(k[s ^ 1]);
}
