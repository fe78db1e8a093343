/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
#include "exact.h"

static struct denormals denormals_of(const struct float_mode *mode, unsigned type) {
    return type == TYPE_F32 ? mode->denormals_32 : mode->denormals_16_64;
}

uint64_t flush_operand(const struct float_mode *mode, unsigned type, uint64_t bits) {
    bool keep = denormals_of(mode, type).keep_inputs || !exact_is_denormal(type, bits);
    return keep ? bits : bits & exact_sign_bit(type);
}

bool is_signalling(unsigned type, uint64_t bits) {
    return exact_is_nan(type, bits) && quiet(type, bits) != bits;
}

uint64_t quiet(unsigned type, uint64_t nan) { return nan | UINT64_C(1) << (exact_precision(type) - 2); }
