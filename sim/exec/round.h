/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Arithmetic with one rounding in any direction to any format up to f64, in integers: the way of every
 * operation whose MODE is not what hosts do. It knows neither waves nor lanes.
 *
 * Operands and results are doubles, which hold every f16, f32, f64 and 32-bit integer exactly. NaNs and
 * infinities among the operands give what IEEE says; which NaN is the caller's business.
 */
#ifndef RDNASIM_ROUND_H
#define RDNASIM_ROUND_H

#include <stdbool.h>
#include <stdint.h>

enum round_direction { ROUND_NEAREST, ROUND_UP, ROUND_DOWN, ROUND_TO_ZERO }; /* numbered as in MODE */

struct rounding {
    int precision;    /* bits of a significand with its leading one */
    int last_bit;     /* exponent of the last bit of a subnormal number */
    int max_exponent; /* of the leading one of the largest finite number */
    enum round_direction direction;
    bool flush;    /* what is subnormal when rounded as if exponents had no end becomes zero */
    bool saturate; /* what is too large becomes the largest finite number, whatever the direction */
};

#define ROUNDING_F16(direction, flush, saturate) ((struct rounding){11, -24, 15, direction, flush, saturate})
#define ROUNDING_F32(direction, flush)           ((struct rounding){24, -149, 127, direction, flush, false})
#define ROUNDING_F64(direction, flush)           ((struct rounding){53, -1074, 1023, direction, flush, false})

#define COLD __attribute__((cold))

double rounded_sum(const struct rounding *r, double a, double b) COLD;
double rounded_product(const struct rounding *r, double a, double b) COLD;
double rounded_fma(const struct rounding *r, double a, double b, double c) COLD;
/* (a * b + c) * 2^n */
double rounded_fma_scale(const struct rounding *r, double a, double b, double c, int n) COLD;
/* x * 2^n; a conversion is the case n = 0. */
double rounded_scale(const struct rounding *r, double x, int n) COLD;

#endif
