/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * A pair of K as two bf16, for vdpbf16ps: which adds the product of the odd ones, then that of the even ones,
 * to the sum, each rounded to nearest even, with subnormal inputs and sums taken as zero. A nibble, or q -
 * zero + 16, is the index of q - zero in a table of 32.
 */
#define STEPS 4
typedef __m512bh operand;
typedef uint32_t prepared;

/* 16 - zero in each byte, for a group's columns. */
struct zeros {
    uint32_t of[PACK_STRIP];
};

INLINE void zeros_of(struct zeros *z, int column, floats zero) {
    words w = __builtin_convertvector(every(16) - arranged(zero), words) * 0x01010101u;
    memcpy(z->of + column, &w, sizeof w);
}

/* bf16 of -8..7, twice: bit 4 of an index is a neighbour's. */
static const uint16_t eight_below[32] __attribute__((aligned(64))) = {
    0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80, 0x0000, 0x3f80, 0x4000,
    0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0, 0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040,
    0xc000, 0xbf80, 0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0};
/* bf16 of -16..15. */
static const uint16_t sixteen_below[32] __attribute__((aligned(64))) = {
    0xc180, 0xc170, 0xc160, 0xc150, 0xc140, 0xc130, 0xc120, 0xc110, 0xc100, 0xc0e0, 0xc0c0,
    0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80, 0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0,
    0x40c0, 0x40e0, 0x4100, 0x4110, 0x4120, 0x4130, 0x4140, 0x4150, 0x4160, 0x4170};

/* Step s of a word: K 2s and 2s + 1. */
INLINE operand operand_of(words word, int s, const struct zeros *z, int column, int symmetric) {
    words index = halves_from_nibble(word, s);
    if (!symmetric) {
        words zero;
        memcpy(&zero, z->of + column, sizeof zero);
        index = halves_from_nibble((halves_from_nibble(word, s % 2) & 0x0f0f0f0f) + zero, s & 2);
    }
    const __m512i table = _mm512_load_si512(symmetric ? eight_below : sixteen_below);
    return (__m512bh)_mm512_permutexvar_epi16((__m512i)index, table);
}

INLINE floats step(floats sum, const prepared *a, operand w, int careful) {
    (void)careful;
    return (floats)_mm512_dpbf16_ps((__m512)sum, w, (__m512bh)_mm512_set1_epi32((int)*a));
}

INLINE void prepare_word(prepared to[STEPS], const uint16_t k[PACK_WORD], int bf16) {
    (void)bf16;
    memcpy(to, k, STEPS * sizeof *to);
}
