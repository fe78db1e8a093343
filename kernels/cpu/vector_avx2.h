/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Eight columns by AVX2, FMA and F16C. */
#include <immintrin.h>

#define LANES 8
typedef float floats __attribute__((vector_size(32)));
typedef uint32_t words __attribute__((vector_size(32)));

INLINE floats fma_rounded(floats a, floats b, floats c) {
    return (floats)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
INLINE floats fma_exact(floats a, floats w, floats sum) { return fma_rounded(a, w, sum); }
INLINE floats fma_huge(floats a, floats w, floats sum) { return fma_rounded(a, w, sum); }

/*
 * Words 0..3 of 8 columns, from their 16 bytes each. Half l of four vectors of two columns each becomes half l of the
 * words, whose first four places of 16 bits have the lower halves of columns l, 2 + l, 4 + l and 6 + l, and the others
 * their upper halves: one unpack then makes lanes of a pair's even K, another those of its odd K.
 */
INLINE void transpose(const unsigned char *from, words to[4]) {
    __m256i c[4];
    for (int i = 0; i < 4; i++) c[i] = _mm256_loadu_si256((const __m256i *)(const void *)(from + 32 * i));
    __m256i low01 = _mm256_unpacklo_epi16(c[0], c[1]), high01 = _mm256_unpackhi_epi16(c[0], c[1]);
    __m256i low23 = _mm256_unpacklo_epi16(c[2], c[3]), high23 = _mm256_unpackhi_epi16(c[2], c[3]);
    to[0] = (words)_mm256_unpacklo_epi32(low01, low23);
    to[1] = (words)_mm256_unpackhi_epi32(low01, low23);
    to[2] = (words)_mm256_unpacklo_epi32(high01, high23);
    to[3] = (words)_mm256_unpackhi_epi32(high01, high23);
}
/* Lane 4l + e has column 2e + l. */
INLINE floats arranged(floats x) {
    return (floats)_mm256_permutevar8x32_ps((__m256)x, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
}
INLINE floats restored(floats x) {
    return (floats)_mm256_permutevar8x32_ps((__m256)x, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* place, a number whose lower half is 0, with pair j's odd or even nibbles of a transposed word as its last bits. */
INLINE floats with_nibbles(words word, int j, int odd, float place) {
    const __m256i pairs = _mm256_and_si256((__m256i)word, _mm256_set1_epi16((short)(15u << 4 * j)));
    const __m256i upper = _mm256_set1_epi16((short)(float_bits(place) >> 16));
    return (floats)(odd ? _mm256_unpackhi_epi16(pairs, upper) : _mm256_unpacklo_epi16(pairs, upper));
}

INLINE words widened(const uint16_t *from) {
    return (words)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
}
INLINE void narrow(words x, uint16_t *to) {
    __m128i low = _mm256_castsi256_si128((__m256i)x), high = _mm256_extracti128_si256((__m256i)x, 1);
    _mm_storeu_si128((__m128i *)(void *)to, _mm_packus_epi32(low, high));
}
INLINE floats from_bytes(const uint8_t *from) {
    return (floats)_mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)from)));
}
INLINE floats from_f16(const uint16_t *from) {
    return (floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)from));
}
INLINE void to_f16(floats x, uint16_t *to) {
    _mm_storeu_si128((__m128i *)(void *)to, _mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT));
}

/* Rows and chunks that are summed in registers, enough chains to hide the latency of additions; and up to how
 * many rows that is faster than decoding into memory, if need be several times. */
#define FEW_FORMS(X) X(1, 1) X(2, 1)
#define FEW_ROWS     2
#define FEW_UNROLLED 0
#define FEW_AT_MOST  2

/* Rows of a tile of two vectors: what registers hold. */
#define TILE_FORMS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define TILE_ROWS     6
