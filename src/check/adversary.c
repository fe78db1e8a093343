/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Every place in K has a role in its case: large, small or empty. Rows and columns are the search: columns
 * have every pair of weights for the small places, rows other signs, places and magnitudes.
 *
 * A small product is a multiple of LOST, the spacing of the dot unit's grid beside the large product, less a
 * little. Twice 3 LOST, cut off to 2 each, make a tie that goes to the even large number: 6 LOST are lost.
 * One fp32 addition loses up to 4, and a sum that is to shrink gains up to 4. So weights of 2, 3 and 4 are
 * worst.
 */
#include "check/adversary.h"

#include <math.h>

#include "half.h"
#include "random.h"

#define LARGE_PRODUCT 0x1.02p14 /* not the power of two itself: below it the grid is finer */
#define LOST          (0x1p14 * 0x1p-26)

enum role { EMPTY, LARGE, SMALL, OTHER_SMALL };

/* Where k is in the order of additions. */
struct addend {
    int64_t in_chunk, fold, wave, last_fold;
};

static struct addend addend_of(const struct data *d, int64_t k) {
    const w4a16_order *o = &d->order;
    /* Waves take at least a block of 32 K, of which chunks may be halves. */
    int64_t dealt = o->chunk < 32 && o->waves > 1 ? 32 : o->chunk, chunks = dealt / o->chunk;
    int64_t turn = k / dealt / o->waves, wave = k / dealt % o->waves;
    int64_t last_turn = (d->c->p.shape.K / dealt - 1 - wave) / o->waves;
    return (struct addend){.in_chunk = k % o->chunk,
                           .fold = turn * chunks + k % dealt / o->chunk,
                           .wave = wave,
                           .last_fold = last_turn * chunks + chunks - 1};
}

/* The role of a place, which weights depend on, and the sign of its activation. */
static enum role role_of(const struct data *d, int64_t k, int *sign) {
    const w4a16_order *o = &d->order;
    struct addend p = addend_of(d, k);
    *sign = 1;
    switch (d->c->fill) {
    case CANCELLED_BY_FOLD: { /* a chunk holds a large number, the wave's next or the next wave's its negative
                               */
        int64_t index = p.last_fold > 0 ? p.fold : p.wave,
                last = p.last_fold > 0 ? p.last_fold : o->waves - 1;
        if (index == last && last % 2 == 0) return EMPTY;
        if (p.in_chunk == 0) {
            *sign = index % 2 ? -1 : 1;
            return LARGE;
        }
        return index % 2 ? OTHER_SMALL : SMALL;
    }
    case LOST_IN_FOLDS: /* a wave's total is large from its first to its last fold, or beyond */
        if (p.in_chunk) return EMPTY;
        if (p.fold == 0) {
            *sign = p.wave % 2 ? -1 : 1;
            return p.wave == o->waves - 1 && o->waves > 1 && o->waves % 2 ? EMPTY : LARGE;
        }
        if (p.fold == p.last_fold && o->waves == 1) {
            *sign = -1;
            return LARGE;
        }
        return p.wave % 2 ? OTHER_SMALL : SMALL;
    case LOST_IN_WAVES: /* the first wave's total is large, the last one's cancels it */
        if (p.in_chunk || p.fold) return EMPTY;
        *sign = p.wave == o->waves - 1 ? -1 : 1;
        return p.wave == 0 || p.wave == o->waves - 1 ? LARGE : SMALL;
    case ALTERNATING: /* the sum is large in every other step */
        *sign = p.in_chunk % 4 == 2 ? -1 : 1;
        return p.in_chunk % 2 == 0 ? LARGE : p.in_chunk % 4 == 1 ? SMALL : OTHER_SMALL;
    case RANDOMLY_LOST: /* as CANCELLED_IN_CHUNK, small ones of all sizes */
        *sign = p.in_chunk ? -1 : 1;
        return p.in_chunk == 0 || p.in_chunk == o->chunk - 1 ? LARGE : p.in_chunk % 2 ? SMALL : OTHER_SMALL;
    default: return SMALL; /* one weight for a whole column */
    }
}

static int large_is_max(const struct test_case *c) { return c->turn % 2; }

uint8_t adversary_zero(const struct test_case *c) {
    static const uint8_t zeros[] = {0, 16, 5};
    return c->p.weights.zeros == W4A16_ZEROS_NONE ? 8 : zeros[c->turn / 2 % 3];
}

/* The weight of large places: 1, or the largest. */
static unsigned large_nibble(const struct test_case *c) {
    unsigned zero = adversary_zero(c);
    if (large_is_max(c)) return zero >= 8 ? 0 : 15;
    return zero < 15 ? zero + 1 : 15;
}

/* Columns 0..15 have both small weights the same, the next 16 differ by one, ... */
unsigned adversary_nibble(const struct data *d, int64_t n, int64_t k) {
    int sign;
    switch (role_of(d, k, &sign)) {
    case LARGE: return large_nibble(d->c);
    case OTHER_SMALL: return (unsigned)(n - n / 16) & 15;
    default: return (unsigned)n & 15;
    }
}

/* One, and what makes a product with it round; a power of two leaves the bits as they are. */
float adversary_scale(int64_t n) {
    static const float scales[] = {1, 0.01f, 3, 0x1p-10f};
    return scales[n / 16 % 4];
}

/* Large at 0 and cancelled at any other place, by row. */
static double cancelled_in_chunk(const struct data *d, int64_t variant, int64_t in_chunk) {
    static const double multiples[] = {3, 4, 2, 5};
    int64_t places = d->order.chunk - 1;
    if (in_chunk == 0) return LARGE_PRODUCT;
    if (in_chunk == places - variant % places) return -LARGE_PRODUCT;
    return multiples[(variant / places + d->c->turn) % 4] * LOST;
}

/* Partial sums that grow to a large one in half a chunk, and shrink again. */
static double growing(const struct data *d, int64_t variant, int64_t in_chunk) {
    int64_t half = d->order.chunk / 2, i = in_chunk % half;
    double size = LARGE_PRODUCT * exp2((double)(i - half) * (double)(1 + variant % 8) / 8);
    size *= 1 + (double)(random_at(d->seed, (uint64_t)(variant * half + i)) & 0xff) / 256;
    return in_chunk < half ? size : -size;
}

uint16_t adversary_activation(const struct data *d, int64_t m, int64_t k) {
    const struct test_case *c = d->c;
    int64_t variant = m + c->p.shape.M * c->turn, in_chunk = k % d->order.chunk;
    int f16 = c->p.act == W4A16_F16, sign;
    double less = f16 ? 1 - 0x1p-11 : 1 - 0x1p-8; /* the number below the next power of two */
    double value = 0, weight = fabs((double)large_nibble(c) - adversary_zero(c));
    enum role role = role_of(d, k, &sign);
    switch (c->fill) {
    case CANCELLED_IN_CHUNK: value = cancelled_in_chunk(d, variant, in_chunk); break;
    case GROWING: value = growing(d, variant, in_chunk); break;
    default:
        if (role == LARGE) value = sign * LARGE_PRODUCT;
        if (role == SMALL || role == OTHER_SMALL) value = LOST * weight;
        /* rows: the second small number's sign, then the first one's */
        if ((role == OTHER_SMALL && m & 1) || (role == SMALL && m & 2)) value = -value;
        if (c->fill == RANDOMLY_LOST && role != LARGE)
            value *= (double)(random_at(d->seed, (uint64_t)(m * c->p.shape.K + k)) & 0xff) / 64;
    }
    if (fabs(value) < LARGE_PRODUCT / 2 && c->fill != GROWING) value *= less;
    return f16 ? float_to_f16((float)value) : float_to_bf16((float)value);
}
