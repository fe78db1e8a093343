/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The grid of a group: plain rounding, or the scale (and zero) that minimises the sum of the squared errors, each
 * times its importance.
 *
 * Plain grids clip next to nothing. An asymmetric one reaches from the smallest weight to the largest. A symmetric
 * one has eight levels on one side of 0 and seven on the other: the weight of the largest size lies at the
 * eighth, -8, so the scale is negative if that weight is positive.
 *
 * The search clips the largest weights for a finer grid for all others. The error is no smooth function of the
 * scale, so a row of shrunk scales is tried, each with every zero, or either sign, that makes sense for it, and
 * the best is then improved by least squares: with the levels fixed, the best scale is sum(x * level) /
 * sum(level^2), summed by importance. Every error is that of the scale as it will be stored.
 */
#include "format/quantize_group.h"

#include <float.h>
#include <math.h>

#include "half.h"

/* Shrink factors tried: 1.1 down to 0.35 of the plain scale. */
#define FACTOR_FIRST 44
#define FACTOR_LAST  14
#define FACTOR_UNIT  0.025f

#define REFINEMENTS 3

/* As stored, or infinite. Scales that are subnormal in fp32 count as zero: their reciprocal overflows. */
static float stored(float scale, w4a16_dtype type) {
    float s = type == W4A16_F16 ? f16_to_float(float_to_f16(scale)) : bf16_to_float(float_to_bf16(scale));
    return fabsf(s) < FLT_MIN ? 0 : s;
}

/* x in units of the scale, rounded to an integer and clipped to what four bits hold. */
static inline float steps(float x, float inverse, float low, float high) {
    const float magic = 0x1.8p23f; /* adding it leaves an integer, rounded to nearest even */
    float r = (x * inverse + magic) - magic;
    r = r < low ? low : r;
    return r > high ? high : r;
}

static float inverse_of(float scale) { return scale != 0 ? 1 / scale : 0; }

/* Sums run in fixed lanes, so that every compiler and vector width gives the same bits. */
static float squared_error(const float *x, const float *importance, int64_t padded,
                           const struct group_grid *g) {
    float scale = g->scale, inverse = inverse_of(scale), low = (float)-g->zero, high = (float)(15 - g->zero);
    float lanes[GROUP_LANES] = {0}, sum = 0;
    for (int64_t i = 0; i < padded; i += GROUP_LANES)
        for (int j = 0; j < GROUP_LANES; j++) {
            float d = x[i + j] - scale * steps(x[i + j], inverse, low, high);
            lanes[j] += importance[i + j] * (d * d);
        }
    for (int j = 0; j < GROUP_LANES; j++) sum += lanes[j];
    return sum;
}

/* The same in double, to decide between neighbours. */
static double exact_error(const float *x, const float *importance, int64_t padded,
                          const struct group_grid *g) {
    double sum = 0;
    for (int64_t i = 0; i < padded; i++) {
        double d = x[i] - (double)g->scale * (group_level(x[i], g) - g->zero);
        sum += (double)importance[i] * (d * d);
    }
    return sum;
}

static float least_squares_scale(const float *x, const float *importance, int64_t padded,
                                 const struct group_grid *g) {
    float inverse = inverse_of(g->scale), low = (float)-g->zero, high = (float)(15 - g->zero);
    double products = 0, squares = 0;
    for (int64_t i = 0; i < padded; i++) {
        float level = steps(x[i], inverse, low, high);
        products += (double)importance[i] * ((double)x[i] * level);
        squares += (double)importance[i] * ((double)level * level);
    }
    return squares > 0 ? (float)(products / squares) : g->scale;
}

static void keep_better(const float *x, const float *importance, int64_t padded, struct group_grid candidate,
                        struct group_grid *best, float *best_error) {
    if (!isfinite(candidate.scale)) return;
    float error = squared_error(x, importance, padded, &candidate);
    if (error < *best_error) *best = candidate, *best_error = error;
}

static int clamp(float zero, int low) {
    float r = rintf(zero);
    return r < (float)low ? low : r > 15 ? 15 : (int)r;
}

static void search(const float *x, const float *importance, int64_t padded, const struct group_rules *rules,
                   float min, float max, float plain_scale, struct group_grid *best) {
    float best_error = squared_error(x, importance, padded, best);
    for (int f = FACTOR_FIRST; f >= FACTOR_LAST; f--) {
        struct group_grid g = {stored(plain_scale * (FACTOR_UNIT * (float)f), rules->scale_type), best->zero};
        if (rules->symmetric || g.scale == 0) {
            keep_better(x, importance, padded, g, best, &best_error);
            g.scale = -g.scale;
            keep_better(x, importance, padded, g, best, &best_error);
            continue;
        }
        /* From the zero that clips only the smallest weights to the one that clips only the largest. */
        int one = clamp(15 - max / g.scale, rules->zero_min), other = clamp(-min / g.scale, rules->zero_min);
        int last = one < other ? other : one;
        for (g.zero = one < other ? one : other; g.zero <= last; g.zero++)
            keep_better(x, importance, padded, g, best, &best_error);
    }
    for (int i = 0; i < REFINEMENTS; i++) {
        struct group_grid g = {stored(least_squares_scale(x, importance, padded, best), rules->scale_type),
                               best->zero};
        keep_better(x, importance, padded, g, best, &best_error);
    }
}

int group_choose(const float *x, const float *importance, int64_t padded, const struct group_rules *rules,
                 struct group_grid *grid) {
    float min = 0, max = 0; /* the grid always contains 0 */
    for (int64_t i = 0; i < padded; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    float scale;
    if (rules->symmetric) {
        scale = (max > -min ? -max : -min) / 8; /* positive where both ends are as large */
        grid->zero = 8;
    } else {
        float lowest = -max / (float)(15 - rules->zero_min) * (float)rules->zero_min;
        if (min > lowest) min = lowest; /* so that zero_min suffices for the zero */
        scale = max / 15 - min / 15;
        grid->zero = scale > 0 ? clamp(-min / scale, rules->zero_min) : 8;
    }
    grid->scale = stored(scale, rules->scale_type);
    if (!isfinite(grid->scale)) return 0;
    if (rules->search && scale != 0) {
        struct group_grid plain = *grid;
        search(x, importance, padded, rules, min, max, scale, grid);
        if (exact_error(x, importance, padded, &plain) <= exact_error(x, importance, padded, grid))
            *grid = plain;
    }
    return 1;
}

int group_level(float x, const struct group_grid *g) {
    return (int)steps(x, inverse_of(g->scale), (float)-g->zero, (float)(15 - g->zero)) + g->zero;
}
