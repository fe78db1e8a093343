/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Outputs against the fp64 reference.
 *
 * Distance in ulp: the reference is rounded ONCE, to nearest even, to the output type; the distance is the
 * number of representable values between that and the output. The numbers of a type are in order when their
 * bits are read as sign and magnitude, so it is a difference of integers; Inf counts as the number after the
 * largest finite one.
 *
 * Excess: |output - reference| over 1 ulp + c * mass, with the ulp of the reference's own binade (the
 * subnormal spacing below the smallest normal number, the top binade's beyond the largest), and the c of the
 * order of additions.
 *
 * At the overflow edge: Inf for a reference that rounds to Inf is exact, however large the reference. Inf for
 * one that rounds to a finite number counts as the power of two that would follow the largest number, so it
 * is an error of an ulp beside the edge and a gross one elsewhere. A finite output is taken at its value.
 *
 * Where the mass says that fp32 sums may have left their range, Inf and NaN are no error, only overflows.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "half.h"
#include "layer/values.h"

/*
 * A chunk of n products is summed with an error of at most (per_product * n + once) * 2^-24 of the products'
 * magnitudes.
 */
static const struct {
    const char *name;
    double per_product, once;
} adders[W4A16_ADDERS] = {
    /*
     * n / 2 steps of a rounding and two cut-offs on the accumulator's grid; three cut-offs on products' grids
     */
    [W4A16_ADDER_DOT2] = {"dot2", 0.75, 3},
    [W4A16_ADDER_WMMA] = {"WMMA", 0.75, 3},
    /* n - 1 roundings */
    [W4A16_ADDER_FP32] = {"fp32", 1, -1},
};

static int known(w4a16_adder adder) { return (size_t)adder < W4A16_ADDERS; }

const char *w4a16_adder_name(w4a16_adder adder) { return known(adder) ? adders[adder].name : "unknown"; }

double w4a16_order_error(const w4a16_order *o) {
    if (!o || !known(o->adder)) return 0;
    double chunk = adders[o->adder].per_product * (double)o->chunk + adders[o->adder].once;
    /* waves - 1 additions of partial sums, and one of the bias */
    double roundings = (double)o->folds + (double)o->waves + (double)o->slots;
    return (1 + 0x1p-8) * expm1((chunk + roundings) * 0x1p-24);
}

struct format {
    int precision;        /* bits of the significand, the hidden one included */
    int min_exp, max_exp; /* of normal numbers, 1 <= significand < 2 */
    uint32_t sign, infinity;
    uint32_t (*encode)(float exact);
};

static uint32_t encode_f16(float f) { return float_to_f16(f); }
static uint32_t encode_bf16(float f) { return float_to_bf16(f); }
static uint32_t encode_f32(float f) { return float_bits(f); }

static const struct format formats[] = {
    [W4A16_F16] = {11, -14, 15, 0x8000, 0x7c00, encode_f16},
    [W4A16_BF16] = {8, -126, 127, 0x8000, 0x7f80, encode_bf16},
    [W4A16_F32] = {24, -126, 127, 0x80000000u, 0x7f800000u, encode_f32},
};

static uint32_t load(w4a16_dtype type, const void *out, int64_t index, double *value) {
    if (type == W4A16_F32) {
        float f;
        memcpy(&f, (const char *)out + 4 * index, 4);
        *value = f;
        return float_bits(f);
    }
    uint16_t half;
    memcpy(&half, (const char *)out + 2 * index, 2);
    *value = type == W4A16_F16 ? f16_to_float(half) : bf16_to_float(half);
    return half;
}

/* The spacing of the format around x, which is finite. */
static double ulp_at(const struct format *f, double x) {
    int exponent;
    frexp(x, &exponent); /* |x| = [1/2, 1) * 2^exponent; 0 gives 0 */
    exponent = x == 0 || exponent - 1 < f->min_exp ? f->min_exp : exponent - 1;
    if (exponent > f->max_exp) exponent = f->max_exp;
    return ldexp(1, exponent - (f->precision - 1));
}

/* x, finite, rounded once to nearest even. */
static uint32_t round_once(const struct format *f, double x, double ulp) {
    double rounded = rint(x / ulp) * ulp; /* powers of two: only rint rounds */
    if (fabs(rounded) >= ldexp(1, f->max_exp + 1)) rounded = copysign(INFINITY, x);
    return f->encode((float)rounded);
}

/* Sign and magnitude to an integer in the order of the numbers; both zeros are 0. */
static int64_t ordered(const struct format *f, uint32_t bits) {
    int64_t magnitude = bits & (f->sign - 1);
    return bits & f->sign ? -magnitude : magnitude;
}

static void compare_one(const struct format *f, uint32_t bits, double value, double reference, double mass,
                        double c, w4a16_accuracy *accuracy) {
    double distance = 0, excess = 0;
    accuracy->outputs++;
    accuracy->overflows += isfinite(reference) && !isfinite(value);
    if (!isfinite(reference)) {
        accuracy->non_finite++;
        if (isnan(reference) ? !isnan(value) : value != reference) distance = excess = INFINITY;
    } else if (isnan(value)) {
        distance = INFINITY;
        excess = mass < SUM_IN_RANGE ? INFINITY : 0;
    } else {
        double ulp = ulp_at(f, reference);
        uint32_t nearest = round_once(f, reference, ulp);
        distance = fabs((double)(ordered(f, bits) - ordered(f, nearest)));
        int lost = isinf(value) && mass >= SUM_IN_RANGE;
        if (isinf(value)) value = copysign(ldexp(1, f->max_exp + 1), value);
        if (!lost && (distance > 0 || (nearest & (f->sign - 1)) != f->infinity))
            excess = fabs(value - reference) / (ulp + c * mass);
    }
    accuracy->within_1ulp += distance <= 1;
    accuracy->violations += excess > 1;
    if (distance > accuracy->worst_ulp) accuracy->worst_ulp = distance;
    if (excess > accuracy->worst_excess) accuracy->worst_excess = excess;
}

w4a16_status w4a16_compare(w4a16_dtype out_type, int64_t M, int64_t N, const void *out, int64_t ldo,
                           const double *y, const double *mass, const w4a16_order *order,
                           w4a16_accuracy *accuracy, w4a16_error *error) {
    w4a16_succeed(error);
    FAIL_IF(!out || !y || !mass || !order || !accuracy, error, W4A16_INVALID_ARGUMENT,
            "w4a16_compare: out, y, mass, order or accuracy is null");
    FAIL_IF(!w4a16_dtype_size(out_type) || !known(order->adder), error, W4A16_INVALID_ARGUMENT,
            "w4a16_compare: out_type is %d and order.adder %d: expected W4A16_F16, _BF16 or _F32 and a "
            "w4a16_adder",
            (int)out_type, (int)order->adder);
    FAIL_IF(M < 0 || M > W4A16_SIZE_MAX || N < 0 || N > W4A16_SIZE_MAX || ldo < N || ldo > W4A16_STRIDE_MAX,
            error, W4A16_INVALID_ARGUMENT,
            "w4a16_compare: M is %" PRId64 ", N %" PRId64 " and ldo %" PRId64
            ": expected M and N of 0 to %d, ldo of N to %d",
            M, N, ldo, W4A16_SIZE_MAX, W4A16_STRIDE_MAX);
    double c = w4a16_order_error(order);
    for (int64_t m = 0; m < M; m++)
        for (int64_t n = 0; n < N; n++) {
            double value;
            uint32_t bits = load(out_type, out, m * ldo + n, &value);
            compare_one(&formats[out_type], bits, value, y[m * N + n], mass[m * N + n], c, accuracy);
        }
    return W4A16_OK;
}

void w4a16_accuracy_add(w4a16_accuracy *to, const w4a16_accuracy *accuracy) {
    if (!to || !accuracy) return;
    to->outputs += accuracy->outputs;
    to->within_1ulp += accuracy->within_1ulp;
    to->non_finite += accuracy->non_finite;
    to->overflows += accuracy->overflows;
    to->violations += accuracy->violations;
    to->worst_ulp = fmax(to->worst_ulp, accuracy->worst_ulp);
    to->worst_excess = fmax(to->worst_excess, accuracy->worst_excess);
}

int w4a16_accuracy_ok(const w4a16_accuracy *accuracy, int random_fill) {
    if (!accuracy || accuracy->violations) return 0;
    /* in integers: 99.9 % of 1000 outputs are exactly 999 */
    return !random_fill || accuracy->within_1ulp * 1000 >= accuracy->outputs * 999;
}
