/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What blocks hold. d, m: fp16 scale and minimum. q: unsigned levels of 4 bits are in pairs of halves: a run
 * of 2n elements has the first n in the low nibbles of n bytes, the others in the high ones.
 *
 *     Q4_0   d, 16 bytes of q                                   d (q - 8)
 *     Q4_1   d, m, 16 bytes of q                                d q + m
 *     Q5_0   d, 32 fifth bits, 16 bytes of q                    d (q - 16)
 *     Q8_0   d, 32 signed bytes                                 d q
 *     Q4_K   d, m, 8 pairs of 6 bits, 4 runs of 64 elements     (d scale) q - (m minimum), per 32 elements
 *     Q6_K   low nibbles, upper pairs of bits, 16 signed        (d scale) (q - 32), per 16 elements
 *            scales, d
 *
 * The source is ggml's ggml-common.h and ggml-quants.c; the Python package gguf computes the same bits.
 */
#include "format/gguf_types.h"

#include "half.h"

static float half_at(const unsigned char *bytes) {
    return f16_to_float((uint16_t)(bytes[0] | bytes[1] << 8));
}

static void decode_f32(const unsigned char *block, float *values) {
    values[0] = bits_float((uint32_t)block[0] | (uint32_t)block[1] << 8 | (uint32_t)block[2] << 16 |
                           (uint32_t)block[3] << 24);
}

static void decode_f16(const unsigned char *block, float *values) { values[0] = half_at(block); }

static void decode_bf16(const unsigned char *block, float *values) {
    values[0] = bf16_to_float((uint16_t)(block[0] | block[1] << 8));
}

static int nibble(const unsigned char *bytes, int count, int i) {
    return i < count ? bytes[i] & 15 : bytes[i - count] >> 4;
}

static void decode_q4_0(const unsigned char *block, float *values) {
    float d = half_at(block);
    for (int i = 0; i < 32; i++) values[i] = d * (float)(nibble(block + 2, 16, i) - 8);
}

static void decode_q4_1(const unsigned char *block, float *values) {
    float d = half_at(block), m = half_at(block + 2);
    for (int i = 0; i < 32; i++) values[i] = d * (float)nibble(block + 4, 16, i) + m;
}

static void decode_q5_0(const unsigned char *block, float *values) {
    float d = half_at(block);
    for (int i = 0; i < 32; i++) {
        int fifth = block[2 + i / 8] >> i % 8 & 1;
        values[i] = d * (float)((nibble(block + 6, 16, i) | fifth << 4) - 16);
    }
}

static void decode_q8_0(const unsigned char *block, float *values) {
    float d = half_at(block);
    for (int i = 0; i < 32; i++) values[i] = d * (float)(int8_t)block[2 + i];
}

/*
 * The 12 bytes of eight scales and minima: pairs 0 to 3 are the lower 6 bits of bytes 0 to 3 and 4 to 7; of
 * the others the lower 4 bits are in bytes 8 to 11, the upper two on top of the bytes of the first.
 */
static void q4_k_pair(const unsigned char *packed, int i, int *scale, int *minimum) {
    if (i < 4) {
        *scale = packed[i] & 63;
        *minimum = packed[4 + i] & 63;
    } else {
        *scale = (packed[4 + i] & 15) | packed[i - 4] >> 6 << 4;
        *minimum = packed[4 + i] >> 4 | packed[i] >> 6 << 4;
    }
}

static void decode_q4_k(const unsigned char *block, float *values) {
    float d = half_at(block), m = half_at(block + 2);
    for (int part = 0; part < 8; part++) {
        int scale, minimum;
        q4_k_pair(block + 4, part, &scale, &minimum);
        float step = d * (float)scale, base = m * (float)minimum;
        const unsigned char *run = block + 16 + part / 2 * 32;
        for (int i = 0; i < 32; i++)
            values[32 * part + i] = step * (float)nibble(run, 32, part % 2 * 32 + i) - base;
    }
}

static void decode_q6_k(const unsigned char *block, float *values) {
    const unsigned char *low = block, *high = block + 128, *scales = block + 192;
    float d = half_at(block + 208);
    for (int i = 0; i < 256; i++) {
        int half = i / 128, at = i % 128; /* 128 elements are 64 bytes of low nibbles, 32 of upper pairs */
        int upper = high[32 * half + at % 32] >> at / 32 * 2 & 3;
        int q = nibble(low + 64 * half, 64, at) | upper << 4;
        values[i] = d * (float)(int8_t)scales[i / 16] * (float)(q - 32);
    }
}

#define MINIMUM "each group has a minimum of its own, which no kernel takes"
#define WIDTH   "its levels have other than 4 bits"
#define PLAIN   "it is not quantised"
#define CODED   "its levels are no evenly spaced ones"
/* clang-format off */
static const struct gguf_type types[] = {
    [0]  = {"F32",     1,   4,   ST_F32,   decode_f32,  PLAIN},
    [1]  = {"F16",     1,   2,   ST_F16,   decode_f16,  PLAIN},
    [2]  = {"Q4_0",    32,  18,  ST_OTHER, decode_q4_0, NULL},
    [3]  = {"Q4_1",    32,  20,  ST_OTHER, decode_q4_1, MINIMUM},
    [6]  = {"Q5_0",    32,  22,  ST_OTHER, decode_q5_0, WIDTH},
    [7]  = {"Q5_1",    32,  24,  ST_OTHER, NULL,        WIDTH},
    [8]  = {"Q8_0",    32,  34,  ST_OTHER, decode_q8_0, WIDTH},
    [9]  = {"Q8_1",    32,  40,  ST_OTHER, NULL,        WIDTH},
    [10] = {"Q2_K",    256, 84,  ST_OTHER, NULL,        WIDTH},
    [11] = {"Q3_K",    256, 110, ST_OTHER, NULL,        WIDTH},
    [12] = {"Q4_K",    256, 144, ST_OTHER, decode_q4_k, MINIMUM},
    [13] = {"Q5_K",    256, 176, ST_OTHER, NULL,        WIDTH},
    [14] = {"Q6_K",    256, 210, ST_OTHER, decode_q6_k, WIDTH},
    [15] = {"Q8_K",    256, 292, ST_OTHER, NULL,        WIDTH},
    [16] = {"IQ2_XXS", 256, 66,  ST_OTHER, NULL,        WIDTH},
    [17] = {"IQ2_XS",  256, 74,  ST_OTHER, NULL,        WIDTH},
    [18] = {"IQ3_XXS", 256, 98,  ST_OTHER, NULL,        WIDTH},
    [19] = {"IQ1_S",   256, 50,  ST_OTHER, NULL,        WIDTH},
    [20] = {"IQ4_NL",  32,  18,  ST_OTHER, NULL,        CODED},
    [21] = {"IQ3_S",   256, 110, ST_OTHER, NULL,        WIDTH},
    [22] = {"IQ2_S",   256, 82,  ST_OTHER, NULL,        WIDTH},
    [23] = {"IQ4_XS",  256, 136, ST_OTHER, NULL,        CODED},
    [24] = {"I8",      1,   1,   ST_I8,    NULL,        PLAIN},
    [25] = {"I16",     1,   2,   ST_I16,   NULL,        PLAIN},
    [26] = {"I32",     1,   4,   ST_I32,   NULL,        PLAIN},
    [27] = {"I64",     1,   8,   ST_I64,   NULL,        PLAIN},
    [28] = {"F64",     1,   8,   ST_F64,   NULL,        PLAIN},
    [29] = {"IQ1_M",   256, 56,  ST_OTHER, NULL,        WIDTH},
    [30] = {"BF16",    1,   2,   ST_BF16,  decode_bf16, PLAIN},
    [34] = {"TQ1_0",   256, 54,  ST_OTHER, NULL,        WIDTH},
    [35] = {"TQ2_0",   256, 66,  ST_OTHER, NULL,        WIDTH},
    [39] = {"MXFP4",   32,  17,  ST_OTHER, NULL,        CODED},
    [40] = {"NVFP4",   64,  36,  ST_OTHER, NULL,        CODED},
    [41] = {"Q1_0",    128, 18,  ST_OTHER, NULL,        WIDTH},
};
/* clang-format on */

const struct gguf_type *gguf_type_of(uint32_t number) {
    return number < sizeof types / sizeof types[0] && types[number].elements ? &types[number] : NULL;
}
