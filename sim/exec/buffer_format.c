/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The rows follow the numbers of gfx11's formats. Conversions to fewer bits clamp and round to nearest even,
 * but for f32 that is loaded as f16, which AMD says is truncated. */
#include "buffer_format.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "half.h"
#include "round.h"

#define F(kind, count, x, y, z, w) {count, {x, y, z, w}, KIND_##kind, (x + y + z + w) / 8}
/* The six kinds of integers, in the order in which formats list them. */
#define SIX(...)                                                                                             \
    F(UNORM, __VA_ARGS__), F(SNORM, __VA_ARGS__), F(USCALED, __VA_ARGS__), F(SSCALED, __VA_ARGS__),          \
        F(UINT, __VA_ARGS__), F(SINT, __VA_ARGS__)
#define THREE(...) F(UINT, __VA_ARGS__), F(SINT, __VA_ARGS__), F(FLOAT, __VA_ARGS__)

static const struct buffer_format formats[] = {
    {0},
    SIX(1, 8, 0, 0, 0),
    SIX(1, 16, 0, 0, 0),
    F(FLOAT, 1, 16, 0, 0, 0),
    SIX(2, 8, 8, 0, 0),
    THREE(1, 32, 0, 0, 0),
    SIX(2, 16, 16, 0, 0),
    F(FLOAT, 2, 16, 16, 0, 0),
    F(FLOAT, 3, 11, 11, 10, 0), /* 10_11_11: named from the highest bits down */
    F(FLOAT, 3, 10, 11, 11, 0),
    F(UNORM, 4, 2, 10, 10, 10), /* 10_10_10_2 */
    F(SNORM, 4, 2, 10, 10, 10),
    F(UINT, 4, 2, 10, 10, 10),
    F(SINT, 4, 2, 10, 10, 10),
    SIX(4, 10, 10, 10, 2), /* 2_10_10_10 */
    SIX(4, 8, 8, 8, 8),
    THREE(2, 32, 32, 0, 0),
    SIX(4, 16, 16, 16, 16),
    F(FLOAT, 4, 16, 16, 16, 16),
    THREE(3, 32, 32, 32, 0),
    THREE(4, 32, 32, 32, 32),
};

const struct buffer_format *buffer_format(unsigned number) {
    return number && number < sizeof formats / sizeof formats[0] ? &formats[number] : NULL;
}

static bool is_integer(const struct buffer_format *f) { return f->kind == KIND_UINT || f->kind == KIND_SINT; }

uint32_t buffer_format_one(const struct buffer_format *f) { return is_integer(f) ? 1 : float_bits(1.0f); }

/* Floats of 10 and 11 bits have no sign and five bits of exponent: an f16's upper bits. */
static float small_float(uint32_t bits, unsigned width) {
    return f16_to_float((uint16_t)(bits << (15 - width)));
}

static uint32_t to_small_float(float x, unsigned width) {
    int fraction = (int)width - 5, exponent;
    uint32_t infinity = 31u << fraction;
    if (x != x) return (float_to_f16(x) & 0x7fffu) >> (15 - width);
    if (x <= 0) return 0;
    if (isinf(x)) return infinity;
    frexpf(x, &exponent);
    exponent = exponent - 1 < -14 ? -14 : exponent - 1;
    if (exponent > 15) return infinity;
    uint32_t bits =
        ((uint32_t)(exponent + 14) << fraction) + (uint32_t)rint(ldexp((double)x, fraction - exponent));
    return bits > infinity ? infinity : bits;
}

static uint32_t decode(uint32_t bits, unsigned width, enum component_kind kind) {
    int32_t value = (int32_t)(bits << (32 - width)) >> (32 - width);
    uint32_t most = width == 32 ? UINT32_MAX : (UINT32_C(1) << width) - 1;
    switch (kind) {
    case KIND_UNORM: return float_bits((float)((double)bits / most));
    case KIND_SNORM: {
        double scaled = (double)value / (double)(most >> 1);
        return float_bits((float)(scaled < -1 ? -1 : scaled));
    }
    case KIND_USCALED: return float_bits((float)bits);
    case KIND_SSCALED: return float_bits((float)value);
    case KIND_UINT: return bits;
    case KIND_SINT: return (uint32_t)value;
    case KIND_FLOAT: break;
    }
    if (width == 32) return bits;
    return float_bits(width == 16 ? f16_to_float((uint16_t)bits) : small_float(bits, width));
}

static double clamped(double value, double low, double high) {
    if (!(value >= low)) return value != value ? 0 : low;
    return value > high ? high : value;
}

static uint32_t encode(uint32_t component, unsigned width, enum component_kind kind) {
    uint32_t most = width == 32 ? UINT32_MAX : (UINT32_C(1) << width) - 1;
    double half = (double)(most >> 1), value = (double)bits_float(component);
    switch (kind) {
    case KIND_UNORM: return (uint32_t)rint(clamped(value, 0, 1) * most);
    case KIND_SNORM: return (uint32_t)(int32_t)rint(clamped(value, -1, 1) * half) & most;
    case KIND_USCALED: return (uint32_t)rint(clamped(value, 0, most));
    case KIND_SSCALED: return (uint32_t)(int32_t)rint(clamped(value, -half - 1, half)) & most;
    case KIND_UINT: return component > most ? most : component;
    case KIND_SINT: {
        int64_t limit = most >> 1, integer = (int32_t)component;
        return (uint32_t)(integer > limit ? limit : integer < -limit - 1 ? -limit - 1 : integer) & most;
    }
    case KIND_FLOAT: break;
    }
    if (width == 32) return component;
    return width == 16 ? float_to_f16(bits_float(component)) : to_small_float(bits_float(component), width);
}

void buffer_format_bits(const struct buffer_format *f, const unsigned char *from, uint32_t texel[4]) {
    unsigned at = 0;
    for (unsigned n = 0; n < 4; n++) texel[n] = 0;
    for (unsigned n = 0; n < f->count; at += f->bits[n++]) {
        uint64_t word = 0;
        unsigned first = at / 8, last = (at + f->bits[n] - 1) / 8;
        memcpy(&word, from + first, last - first + 1);
        texel[n] = (uint32_t)(word >> at % 8) & (UINT32_MAX >> (32 - f->bits[n]));
    }
}

void buffer_format_read(const struct buffer_format *f, const unsigned char *from, uint32_t texel[4]) {
    buffer_format_bits(f, from, texel);
    for (unsigned n = 0; n < f->count; n++)
        texel[n] = decode(texel[n], f->bits[n], (enum component_kind)f->kind);
    if (f->count < 4) texel[3] = buffer_format_one(f);
}

void buffer_format_write(const struct buffer_format *f, const uint32_t texel[4], unsigned char *to) {
    unsigned char bytes[16] = {0};
    unsigned at = 0;
    for (unsigned n = 0; n < f->count; at += f->bits[n++]) {
        uint64_t word = 0;
        unsigned first = at / 8, last = (at + f->bits[n] - 1) / 8;
        memcpy(&word, bytes + first, last - first + 1);
        word |= (uint64_t)encode(texel[n], f->bits[n], (enum component_kind)f->kind) << at % 8;
        memcpy(bytes + first, &word, last - first + 1);
    }
    memcpy(to, bytes, f->bytes);
}

uint16_t buffer_format_to_16(const struct buffer_format *f, uint32_t component) {
    float value = bits_float(component);
    if (is_integer(f)) return (uint16_t)component;
    if (f->kind != KIND_FLOAT || f->bits[0] != 32 || value != value) return float_to_f16(value);
    return float_to_f16((float)rounded_scale(&ROUNDING_F16(ROUND_TO_ZERO, false, false), value, 0));
}

uint32_t buffer_format_from_16(const struct buffer_format *f, uint16_t component) {
    if (f->kind == KIND_SINT) return (uint32_t)(int32_t)(int16_t)component;
    return f->kind == KIND_UINT ? component : float_bits(f16_to_float(component));
}
