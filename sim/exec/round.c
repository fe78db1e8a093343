/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Exact sums and products of doubles in 128-bit integers, rounded once. */
#include "round.h"

#include <math.h>
#include <string.h>

__extension__ typedef unsigned __int128 uint128;

/* (-1)^negative * significand * 2^exponent; the lowest bit may stand for all that lies below it. */
struct exact {
    bool negative;
    int exponent;
    uint128 significand;
};

static int width(uint128 x) {
    uint64_t high = (uint64_t)(x >> 64), low = (uint64_t)x;
    return high ? 128 - __builtin_clzll(high) : low ? 64 - __builtin_clzll(low) : 0;
}

/* x / 2^n, where a lowest bit of one also stands for what was shifted out. */
static uint128 shift_right_sticky(uint128 x, int n) {
    if (n == 0) return x;
    if (n > 127) return x != 0;
    return x >> n | ((x << (128 - n)) != 0);
}

static struct exact unpack(double x) {
    uint64_t u;
    memcpy(&u, &x, 8);
    int biased = (int)(u >> 52 & 2047);
    uint64_t fraction = u & ((UINT64_C(1) << 52) - 1);
    return (struct exact){.negative = u >> 63,
                          .exponent = (biased ? biased : 1) - 1075,
                          .significand = biased ? fraction | UINT64_C(1) << 52 : fraction};
}

/* kept * 2^exponent, which is known to be a double. */
static double pack(bool negative, uint64_t kept, int exponent) {
    double x = ldexp((double)kept, exponent);
    return negative ? -x : x;
}

static double overflowed(const struct rounding *r, bool negative) {
    bool to_infinity = r->direction == ROUND_NEAREST || r->direction == (negative ? ROUND_DOWN : ROUND_UP);
    if (to_infinity && !r->saturate) return negative ? -(double)INFINITY : (double)INFINITY;
    return pack(negative, (UINT64_C(1) << r->precision) - 1, r->max_exponent - r->precision + 1);
}

/* x has at most 127 significant bits. */
static double round_once(const struct rounding *r, struct exact x) {
    int last = x.exponent + width(x.significand) - r->precision;
    if (last < r->last_bit && !r->flush) last = r->last_bit;
    int drop = last - x.exponent;
    if (drop <= 0) { /* every bit fits */
        drop = 0;
        last = x.exponent;
    }
    /* Two bits more than are kept: the half, and whether there is anything below it. */
    uint128 t = drop < 2 ? x.significand << (2 - drop) : shift_right_sticky(x.significand, drop - 2);
    unsigned tail = (unsigned)t & 3;
    uint64_t kept = (uint64_t)(t >> 2);
    switch (r->direction) {
    case ROUND_NEAREST: kept += tail == 3 || (tail == 2 && kept & 1); break;
    case ROUND_UP: kept += tail && !x.negative; break;
    case ROUND_DOWN: kept += tail && x.negative; break;
    case ROUND_TO_ZERO: break;
    }
    int leading = last + width(kept) - 1, least = r->last_bit + r->precision - 1;
    if (!kept || (r->flush && leading < least)) return x.negative ? -0.0 : 0.0;
    return leading > r->max_exponent ? overflowed(r, x.negative) : pack(x.negative, kept, last);
}

/* Exact: 53 bits times 53 bits. */
static struct exact multiply(struct exact a, struct exact b) {
    return (struct exact){a.negative != b.negative, a.exponent + b.exponent, a.significand * b.significand};
}

/*
 * Both are moved up to 126 bits first, so that what the smaller one loses lies more than 64 bits below the
 * leading bit of any sum that it changes, and its sticky bit is as good as the rest.
 */
static struct exact add(const struct rounding *r, struct exact a, struct exact b) {
    if (!a.significand && !b.significand)
        return (struct exact){.negative = a.negative == b.negative ? a.negative : r->direction == ROUND_DOWN};
    if (!a.significand) return b;
    if (!b.significand) return a;
    int up_a = 126 - width(a.significand), up_b = 126 - width(b.significand);
    a.significand <<= up_a, a.exponent -= up_a;
    b.significand <<= up_b, b.exponent -= up_b;
    if (a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand)) {
        struct exact larger = b;
        b = a;
        a = larger;
    }
    b.significand = shift_right_sticky(b.significand, a.exponent - b.exponent);
    if (a.negative == b.negative) {
        a.significand += b.significand;
    } else {
        a.significand -= b.significand;
        if (!a.significand) a.negative = r->direction == ROUND_DOWN;
    }
    return a;
}

double rounded_sum(const struct rounding *r, double a, double b) {
    if (!isfinite(a) || !isfinite(b)) return a + b;
    return round_once(r, add(r, unpack(a), unpack(b)));
}

double rounded_product(const struct rounding *r, double a, double b) {
    if (!isfinite(a) || !isfinite(b)) return a * b;
    return round_once(r, multiply(unpack(a), unpack(b)));
}

double rounded_fma_scale(const struct rounding *r, double a, double b, double c, int n) {
    if (!isfinite(a) || !isfinite(b)) return a * b + c;
    if (!isfinite(c)) return c; /* the finite product may be too large for a double */
    struct exact sum = add(r, multiply(unpack(a), unpack(b)), unpack(c));
    sum.exponent += n;
    return round_once(r, sum);
}

double rounded_fma(const struct rounding *r, double a, double b, double c) {
    return rounded_fma_scale(r, a, b, c, 0);
}

double rounded_scale(const struct rounding *r, double x, int n) {
    if (!isfinite(x)) return x;
    struct exact e = unpack(x);
    e.exponent += n < -5000 ? -5000 : n > 5000 ? 5000 : n;
    return round_once(r, e);
}
