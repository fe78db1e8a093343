/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Conversions between fp16, bf16 and fp32: exact up, to nearest even down; NaNs become quiet and keep the
 * upper bits of their payload. Without branches, so that compilers turn loops of them into vector code.
 */
#ifndef COMMON_HALF_H
#define COMMON_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t float_bits(float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    return u;
}

static inline float bits_float(uint32_t u) {
    float f;
    memcpy(&f, &u, 4);
    return f;
}

static inline float bf16_to_float(uint16_t h) { return bits_float((uint32_t)h << 16); }

static inline uint16_t float_to_bf16(float f) {
    uint32_t u = float_bits(f);
    if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(u >> 16 | 0x40); /* NaN stays NaN, quiet */
    return (uint16_t)((u + 0x7fffu + (u >> 16 & 1)) >> 16);
}

static inline float f16_to_float(uint16_t h) {
    uint32_t magnitude = h & 0x7fff, normal = (magnitude << 13) + (UINT32_C(112) << 23);
    uint32_t special = ((magnitude << 13) + (UINT32_C(224) << 23)) | (magnitude > 0x7c00 ? 0x400000 : 0);
    uint32_t subnormal = float_bits((float)(int32_t)magnitude * 0x1p-24f);
    uint32_t u = magnitude < 0x400 ? subnormal : magnitude >= 0x7c00 ? special : normal;
    return bits_float(u | (uint32_t)(h & 0x8000) << 16);
}

static inline uint16_t float_to_f16(float f) {
    uint32_t u = float_bits(f), m = u & 0x7fffffff;
    uint32_t normal = (m - (UINT32_C(112) << 23) + 0xfff + (m >> 13 & 1)) >> 13;
    uint32_t subnormal =
        float_bits(bits_float(m) + 0.5f) - float_bits(0.5f); /* the addition rounds at 2^-24 */
    uint32_t large = m > 0x7f800000 ? 0x7e00 | (m >> 13 & 0x3ff) : 0x7c00;
    uint32_t h = m < 0x38800000 ? subnormal : m >= 0x477ff000 ? large : normal;
    return (uint16_t)(h | (u >> 16 & 0x8000));
}

#endif
