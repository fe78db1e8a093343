/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Floating-point registers as MPFR numbers, and back with one rounding. */
#ifndef MODEL_EXACT_H
#define MODEL_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#define MPFR_USE_INTMAX_T
#include <mpfr.h>

#include "isa/ops.h"

/* As MODE numbers them. */
enum direction { TO_NEAREST_EVEN, TO_PLUS_INFINITY, TO_MINUS_INFINITY, TO_ZERO };

/* type: TYPE_F16, TYPE_BF16, TYPE_F32 or TYPE_F64. */
unsigned exact_precision(unsigned type);
uint64_t exact_sign_bit(unsigned type);
uint64_t exact_infinity(unsigned type);
bool exact_is_nan(unsigned type, uint64_t bits);
bool exact_is_denormal(unsigned type, uint64_t bits);

/* A new number that holds `bits` exactly, whatever its type; mpfr_clear() it. A NaN loses its payload. */
void exact_load(mpfr_ptr number, unsigned type, uint64_t bits);

/* A new number to compute in: of the type's precision, so that MPFR's operations round as the type does, but
 * for its range. */
void exact_init(mpfr_ptr number, unsigned type);

mpfr_rnd_t exact_direction(enum direction direction);

/*
 * The bits of a number that was computed in exact_init()'s precision and rounded in `direction`; ternary is
 * what MPFR's operation returned. Too large: infinity or the largest, as the direction says. Below the normal
 * range: rounded on the subnormals' grid (once, thanks to ternary), or, with keep_denormals false, a zero of
 * its sign. A NaN gives the positive quiet one without payload.
 */
uint64_t exact_store(mpfr_ptr number, int ternary, unsigned type, enum direction direction,
                     bool keep_denormals);

#endif
