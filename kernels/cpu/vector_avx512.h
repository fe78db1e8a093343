/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Sixteen columns by AVX-512 (F, BW, DQ, VL). */
#include <immintrin.h>

#define LANES 16
typedef float floats __attribute__((vector_size(64)));
typedef uint32_t words __attribute__((vector_size(64)));

INLINE floats fma_rounded(floats a, floats b, floats c) {
    return (floats)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
INLINE floats fma_exact(floats a, floats w, floats sum) { return fma_rounded(a, w, sum); }
INLINE floats fma_huge(floats a, floats w, floats sum) { return fma_rounded(a, w, sum); }

/*
 * Both halves of each lane, shifted right by 4 n bits: as the upper half of a product, because AMD's processors multiply in
 * pipes that lookups, shifts and unpacks leave idle. The factors are in memory, else the compiler would see shifts in them.
 */
INLINE words halves_from_nibble(words x, int n) {
    if (n == 0) return x;
    return (words)_mm512_mulhi_epu16((__m512i)x, _mm512_load_si512(cpu_nibble_factors[n]));
}

/* Nibble n of each lane, less 8. */
#define NIBBLES_LESS_8
INLINE floats nibble_less_8(words word, int n) {
    const words index = halves_from_nibble(n < 4 ? word : word >> 16, n % 4);
    const floats table = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};
    return (floats)_mm512_permutexvar_ps((__m512i)index, (__m512)table);
}

/*
 * Words 0..3 of 16 columns, from their 16 bytes each. Quarter l of four vectors of four columns each: lane 4l
 * + e gets column 4e + l.
 */
INLINE void transpose(const unsigned char *from, words to[4]) {
    __m512i c[4];
    for (int i = 0; i < 4; i++) c[i] = _mm512_loadu_si512(from + 64 * i);
    __m512i low01 = _mm512_unpacklo_epi32(c[0], c[1]), high01 = _mm512_unpackhi_epi32(c[0], c[1]);
    __m512i low23 = _mm512_unpacklo_epi32(c[2], c[3]), high23 = _mm512_unpackhi_epi32(c[2], c[3]);
    to[0] = (words)_mm512_unpacklo_epi64(low01, low23);
    to[1] = (words)_mm512_unpackhi_epi64(low01, low23);
    to[2] = (words)_mm512_unpacklo_epi64(high01, high23);
    to[3] = (words)_mm512_unpackhi_epi64(high01, high23);
}
INLINE floats arranged(floats x) {
    const __m512i columns = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return (floats)_mm512_permutexvar_ps(columns, (__m512)x);
}
INLINE floats restored(floats x) { return arranged(x); } /* rows and columns of a square, swapped */

/* place, a number whose lower half is 0, with pair j's odd or even nibbles of a word as its last bits. */
INLINE floats with_nibbles(words word, int j, int odd, float place) {
    enum { A_AND_B_OR_C = 0xea };
    return (floats)_mm512_ternarylogic_epi32((__m512i)(odd ? word >> 16 : word),
                                             _mm512_set1_epi32(15 << 4 * j),
                                             _mm512_set1_epi32((int)float_bits(place)), A_AND_B_OR_C);
}

INLINE words widened(const uint16_t *from) {
    return (words)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)from));
}
INLINE void narrow(words x, uint16_t *to) {
    _mm256_storeu_si256((__m256i *)(void *)to, _mm512_cvtepi32_epi16((__m512i)x));
}
INLINE floats from_bytes(const uint8_t *from) {
    return (floats)_mm512_cvtepi32_ps(
        _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)from)));
}
INLINE floats from_f16(const uint16_t *from) {
    return (floats)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)from));
}
INLINE void to_f16(floats x, uint16_t *to) {
    _mm256_storeu_si256((__m256i *)(void *)to, _mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT));
}

/* Rows and chunks that are summed in registers, enough chains to hide the latency of additions; and up to how
 * many rows that is faster than decoding into memory, if need be several times. */
#define FEW_FORMS(X) X(1, 2) X(2, 1) X(3, 1) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1)
#define FEW_ROWS     8
#define FEW_UNROLLED 2 /* up to how many rows a block's words fit into registers with all else */
#define FEW_AT_MOST  8

/* Rows of a tile of two vectors: what registers hold. */
#define TILE_FORMS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)
#define TILE_ROWS     8
