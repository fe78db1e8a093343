/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The second model's atomics on floats, written from AMD's chapter on them: how denormals and NaNs are taken.
 * src0 is memory, src1 the data.
 */
#include "memory.h"

#include <string.h>

static uint64_t sign_of(unsigned bits) { return UINT64_C(1) << (bits - 1); }
static uint64_t infinity_of(unsigned bits) {
    return bits == 32 ? UINT64_C(0x7f800000) : UINT64_C(0x7ff0000000000000);
}
static uint64_t quiet_of(unsigned bits) {
    return bits == 32 ? UINT64_C(0x00400000) : UINT64_C(0x0008000000000000);
}
static uint64_t magnitude(uint64_t x, unsigned bits) { return x & (sign_of(bits) - 1); }
static bool is_nan(uint64_t x, unsigned bits) { return magnitude(x, bits) > infinity_of(bits); }
static bool is_signalling(uint64_t x, unsigned bits) { return is_nan(x, bits) && !(x & quiet_of(bits)); }
static uint64_t flushed(uint64_t x, unsigned bits, bool keep) {
    return keep || x & infinity_of(bits) ? x : x & sign_of(bits);
}

/* Where a number stands among all: -infinity ... -0, +0 ... infinity. */
static int64_t rank(uint64_t x, unsigned bits) {
    int64_t m = (int64_t)magnitude(x, bits);
    return x & sign_of(bits) ? -m - 1 : m;
}

static uint64_t extreme(uint64_t src0, uint64_t src1, unsigned bits, bool keep_inputs, bool maximum) {
    if (is_signalling(src0, bits)) return src0 | quiet_of(bits);
    if (is_signalling(src1, bits)) return src1 | quiet_of(bits);
    if (is_nan(src1, bits)) return src0;
    if (is_nan(src0, bits)) return src1;
    int64_t a = rank(flushed(src0, bits, keep_inputs), bits),
            b = rank(flushed(src1, bits, keep_inputs), bits);
    return (maximum ? b > a : b < a) ? src1 : src0;
}

static uint64_t compare_store(uint64_t memory, uint64_t data, uint64_t data2, unsigned bits, bool keep) {
    uint64_t a = flushed(memory, bits, keep), b = flushed(data2, bits, keep);
    bool equal = !is_nan(a, bits) && !is_nan(b, bits) &&
                 (a == b || (magnitude(a, bits) == 0 && magnitude(b, bits) == 0));
    return equal ? flushed(data, bits, keep) : memory;
}

uint64_t model_min_f32(uint64_t memory, uint64_t data, uint64_t data2, struct denormals keep) {
    (void)data2;
    return extreme(memory, data, 32, keep.inputs, false);
}
uint64_t model_max_f32(uint64_t memory, uint64_t data, uint64_t data2, struct denormals keep) {
    (void)data2;
    return extreme(memory, data, 32, keep.inputs, true);
}
uint64_t model_min_f64(uint64_t memory, uint64_t data, uint64_t data2, struct denormals keep) {
    (void)data2;
    return extreme(memory, data, 64, keep.inputs, false);
}
uint64_t model_max_f64(uint64_t memory, uint64_t data, uint64_t data2, struct denormals keep) {
    (void)data2;
    return extreme(memory, data, 64, keep.inputs, true);
}
uint64_t model_cmpstore_f32(uint64_t memory, uint64_t data, uint64_t data2, struct denormals keep) {
    return compare_store(memory, data, data2, 32, keep.inputs);
}
uint64_t model_cmpstore_f64(uint64_t memory, uint64_t data, uint64_t data2, struct denormals keep) {
    return compare_store(memory, data, data2, 64, keep.inputs);
}

uint64_t model_add_f32(uint64_t memory, uint64_t data, uint64_t data2, struct denormals keep) {
    (void)data2;
    if (is_nan(memory, 32)) return memory | quiet_of(32);
    if (is_nan(data, 32)) return data | quiet_of(32);
    uint64_t a = flushed(memory, 32, keep.inputs), b = flushed(data, 32, keep.inputs);
    if (magnitude(a, 32) == infinity_of(32) && b == (a ^ sign_of(32))) return UINT64_C(0xffc00000);
    float x, y;
    memcpy(&x, &(uint32_t){(uint32_t)a}, 4);
    memcpy(&y, &(uint32_t){(uint32_t)b}, 4);
    float sum = x + y;
    uint32_t bits;
    memcpy(&bits, &sum, 4);
    return flushed(bits, 32, keep.outputs);
}
