/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Four columns, by what compilers make of vectors of four on any host. */
#define LANES 4
typedef float floats __attribute__((vector_size(16)));
typedef uint32_t words __attribute__((vector_size(16)));
typedef double doubles __attribute__((vector_size(32)));

/* Products are exact in fp32 unless they overflow. */
INLINE floats fma_exact(floats a, floats w, floats sum) { return a * w + sum; }
/*
 * The same with products that may overflow: 53 bits hold a product of 13 bits added to a sum of 24, or only
 * the larger of them counts in the 24 bits of the result.
 */
INLINE floats fma_huge(floats a, floats w, floats sum) {
    doubles exact = __builtin_convertvector(a, doubles) * __builtin_convertvector(w, doubles) +
                    __builtin_convertvector(sum, doubles);
    return __builtin_convertvector(exact, floats);
}
INLINE floats fma_rounded(floats a, floats b, floats c) {
    floats x;
    for (int i = 0; i < LANES; i++) x[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return x;
}

/* Words 0..3 of LANES columns, from their 16 bytes each. */
INLINE void transpose(const unsigned char *from, words to[4]) {
    uint32_t of[LANES][4];
    memcpy(of, from, sizeof of);
    for (int i = 0; i < 4; i++) to[i] = (words){of[0][i], of[1][i], of[2][i], of[3][i]};
}
/* Columns in the order in which transpose has them, and back. */
INLINE floats arranged(floats x) { return x; }
INLINE floats restored(floats x) { return x; }

/* place, a number whose lower half is 0, with pair j's odd or even nibbles of a transposed word as its last bits. */
INLINE floats with_nibbles(words word, int j, int odd, float place) {
    return (floats)(((odd ? word >> 16 : word) & 15u << 4 * j) | float_bits(place));
}

INLINE words widened(const uint16_t *from) { return (words){from[0], from[1], from[2], from[3]}; }
INLINE void narrow(words x, uint16_t *to) {
    for (int i = 0; i < LANES; i++) to[i] = (uint16_t)x[i];
}
INLINE floats from_bytes(const uint8_t *from) { return (floats){from[0], from[1], from[2], from[3]}; }
INLINE floats from_f16(const uint16_t *from) {
    floats x;
    for (int i = 0; i < LANES; i++) x[i] = f16_to_float(from[i]);
    return x;
}
INLINE void to_f16(floats x, uint16_t *to) {
    for (int i = 0; i < LANES; i++) to[i] = float_to_f16(x[i]);
}

/* Rows and chunks that are summed in registers, enough chains to hide the latency of additions; and up to how
 * many rows that is faster than decoding into memory, if need be several times. */
#define FEW_FORMS(X) X(1, 1)
#define FEW_ROWS     1
#define FEW_UNROLLED 0
#define FEW_AT_MOST  1

/* Rows of a tile of two vectors: what registers hold. */
#define TILE_FORMS(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define TILE_ROWS     6
