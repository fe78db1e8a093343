/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The general ways of lanes.h: scalar operands, DPP, source and output modifiers, MODE, NaNs. */
#include "lanes.h"

/* ---- DPP: source 0 comes from another lane of the row of 16 -------------------------------------------- */

/* The lane that lane l reads, or -1 if that is outside its row. */
static int dpp_lane(const struct inst *i, unsigned l) {
    if (i->dpp == DPP_8) return (int)((l & ~7u) | (i->dpp8_select >> 3 * (l & 7) & 7));
    unsigned row = l & 16, in_row = l & 15, n = i->dpp_ctrl & 15;
    if (i->dpp_ctrl < 0x100) return (int)((l & ~3u) | (i->dpp_ctrl >> 2 * (l & 3) & 3)); /* quad_perm */
    switch (i->dpp_ctrl & ~15u) {
    case 0x100: return in_row + n < 16 ? (int)(l + n) : -1;   /* row_shl */
    case 0x110: return in_row >= n ? (int)(l - n) : -1;       /* row_shr */
    case 0x120: return (int)(row | ((in_row + 16 - n) & 15)); /* row_ror */
    case 0x140: return (int)(n == 0 ? l ^ 15 : l ^ 7);        /* row_mirror, row_half_mirror */
    case 0x150: return (int)(row | n);                        /* row_share */
    case 0x160: return (int)(l ^ n);                          /* row_xmask */
    }
    return -1;
}

/* A lane may be read if it is in the row and active, or if the instruction fetches inactive lanes. */
static bool dpp_readable(const struct wave *w, const struct inst *i, int lane) {
    return lane >= 0 && (i->fi || exec_mask(w) >> lane & 1);
}

uint32_t SIMD_NAME(dpp_writes)(const struct wave *w, const struct inst *i) {
    if (i->dpp == DPP_8) return ~UINT32_C(0);
    uint32_t mask = 0;
    FOR_LANES(l) {
        unsigned row = 2 * w->half + l / 16, bank = l / 4 & 3;
        bool on = (i->row_mask >> row & 1) && (i->bank_mask >> bank & 1);
        if (on && (i->bound_ctrl || dpp_readable(w, i, dpp_lane(i, l)))) mask |= lane_bit[l];
    }
    return mask;
}

/* ---- sources ------------------------------------------------------------------------------------------- */

const uint32_t *SIMD_NAME(source_general)(const struct wave *w, const struct inst *i, unsigned n,
                                          uint32_t *t) {
    const struct operand *o = &i->src[n];
    if (o->kind != OPND_VGPR) {
        uint32_t value = scalar_read32(w, o);
        FOR_LANES(l) t[l] = value;
        return t;
    }
    const uint32_t *x = (const uint32_t *)&w->v[o->reg];
    FOR_LANES(l) {
        int lane = dpp_lane(i, l);
        t[l] = dpp_readable(w, i, lane) ? x[lane] : 0;
    }
    return t;
}

void source64(const struct wave *w, const struct inst *i, unsigned n, uint64_t *r) {
    const struct operand *o = &i->src[n];
    if (o->kind == OPND_VGPR) {
        const uint32_t *low = (const uint32_t *)&w->v[o->reg], *high = (const uint32_t *)&w->v[o->reg + 1];
        FOR_LANES(l) r[l] = low[l] | (uint64_t)high[l] << 32;
    } else {
        uint64_t value = scalar_read64(w, o);
        FOR_LANES(l) r[l] = value;
    }
}

const uint32_t *SIMD_NAME(packed_general)(const struct inst *i, unsigned n, const uint32_t *x, uint32_t *t) {
    unsigned low = i->op_sel >> n & 1 ? 16 : 0, high = i->op_sel_hi >> n & 1 ? 16 : 0;
    uint32_t flip = (i->neg_lo >> n & 1 ? 0x8000 : 0) | (i->neg_hi >> n & 1 ? 0x80000000 : 0);
    FOR_LANES(l) t[l] = ((x[l] >> low & 0xffff) | x[l] >> high << 16) ^ flip;
    return t;
}

/* ---- MODE ---------------------------------------------------------------------------------------------- */

static inline uint32_t flush_f32(uint32_t u) { return u & 0x7f800000 ? u : u & 0x80000000; }
static inline uint16_t flush_f16(uint16_t u) { return u & 0x7c00 ? u : u & 0x8000; }
static inline uint64_t flush_f64(uint64_t u) { return u & 0x7ff0000000000000 ? u : u & 0x8000000000000000; }

const uint32_t *SIMD_NAME(modified_f32)(const struct operand *o, const uint32_t *x, bool flush, uint32_t *t) {
    uint32_t magnitude = o->abs ? 0x7fffffff : 0xffffffff, sign = o->neg ? 0x80000000 : 0;
    FOR_LANES(l) {
        uint32_t u = (x[l] & magnitude) ^ sign;
        t[l] = flush ? flush_f32(u) : u;
    }
    return t;
}

void source_halves(const struct wave *w, const struct inst *i, unsigned n, uint16_t *h) {
    const struct operand *o = &i->src[n];
    source16(w, i, n, h);
    uint16_t magnitude = o->abs ? 0x7fff : 0xffff, sign = o->neg ? 0x8000 : 0;
    FOR_LANES(l) h[l] = (h[l] & magnitude) ^ sign;
    if (!keeps_sources_16_64(w)) FOR_LANES(l) h[l] = flush_f16(h[l]);
}

void source_f16(const struct wave *w, const struct inst *i, unsigned n, float *r) {
    lanes16 h;
    source_halves(w, i, n, h);
    halves_to_floats(h, r, LANES);
}

void modified_f64(const struct wave *w, const struct inst *i, unsigned n, bool flush, double *r) {
    const struct operand *o = &i->src[n];
    lanes64 u;
    source64(w, i, n, u);
    uint64_t magnitude = o->abs ? INT64_MAX : UINT64_MAX, sign = o->neg ? UINT64_C(1) << 63 : 0;
    FOR_LANES(l) {
        uint64_t x = (u[l] & magnitude) ^ sign;
        r[l] = as_f64(flush ? flush_f64(x) : x);
    }
}

/* ---- results ------------------------------------------------------------------------------------------- */

void fix_nan_f32(const struct wave *w, enum nan_rule rule, uint32_t *r, const uint32_t *a, const uint32_t *b,
                 const uint32_t *c) {
    uint32_t quiet = quiets(w, rule) ? 0x400000 : 0;
    FOR_LANES(l) {
        bool invalid =
            rule == NAN_FUSED && invalid_product((double)bits_float(a[l]), (double)bits_float(b[l]));
        uint32_t nan = invalid         ? DEFAULT_NAN_32
                       : nan_f32(a[l]) ? a[l] | quiet
                       : nan_f32(b[l]) ? b[l] | quiet
                       : nan_f32(c[l]) ? c[l] | quiet
                                       : DEFAULT_NAN_32;
        r[l] = nan_f32(r[l]) ? nan : r[l];
    }
}

void fix_nan_f16(const struct wave *w, const struct inst *i, unsigned n, enum nan_rule rule, const float *a,
                 const float *b, uint16_t *h) {
    lanes16 x[3] = {{0}};
    for (unsigned k = 0; k < n; k++) source_halves(w, i, k, x[k]);
    FOR_LANES(l) {
        if ((h[l] & 0x7fff) <= 0x7c00) continue;
        bool invalid = rule == NAN_FUSED && invalid_product((double)a[l], (double)b[l]);
        h[l] = invalid ? DEFAULT_NAN_16 : first_nan_f16(quiets(w, rule), x[0][l], x[1][l], x[2][l]);
    }
}

/*
 * The power of two by which the result is scaled: in IEEE mode, and where subnormal results are kept, none.
 */
static int omod_exponent(const struct wave *w, const struct inst *i, bool flush) {
    static const int exponents[4] = {0, 1, 2, -1};
    return w->mode & MODE_IEEE || !flush ? 0 : exponents[i->omod & 3];
}

/* Zeros become positive, but what scaling makes too small keeps its sign. */
static double scale_output(const struct rounding *format, double x, int n) {
    double least = ldexp(1, format->last_bit + format->precision - 1 - n);
    return x == 0 ? 0 : fabs(x) < least ? copysign(0, x) : rounded_scale(format, x, n);
}

#define CLAMP(x, keep_nan) ((x) != (x) && (keep_nan) ? (x) : (x) > 0 ? ((x) > 1 ? 1 : (x)) : 0)

void clamp_f32(const struct wave *w, uint32_t *r) {
    bool keep_nan = !(w->mode & MODE_DX10_CLAMP);
    FOR_LANES(l) r[l] = float_bits(CLAMP(bits_float(r[l]), keep_nan));
}

void modify_f32(const struct wave *w, const struct inst *i, bool flush, enum round_direction direction,
                uint32_t *r) {
    int n = omod_exponent(w, i, flush);
    struct rounding format = ROUNDING_F32(direction, false);
    if (flush) FOR_LANES(l) r[l] = flush_f32(r[l]);
    if (n) FOR_LANES(l)
    r[l] = nan_f32(r[l]) ? r[l] : float_bits((float)scale_output(&format, (double)bits_float(r[l]), n));
    if (i->clamp) clamp_f32(w, r);
}

void finish_f32(const struct wave *w, const struct inst *i, uint32_t *r) {
    modify_f32(w, i, flushes_32(w), direction_32(w), r);
}

void finish_choice_f32(const struct wave *w, const struct inst *i, uint32_t *r) {
    modify_f32(w, i, omod_exponent(w, i, flushes_32(w)), direction_32(w), r);
}

void narrow_f16(const struct wave *w, const float *f, uint16_t *h) {
    if (!unlike_host_f16(w)) {
        floats_to_halves(f, h, LANES);
        return;
    }
    struct rounding format = rounding_f16(w);
    lanesf rounded;
    FOR_LANES(l) rounded[l] = f[l] != f[l] ? f[l] : (float)rounded_scale(&format, (double)f[l], 0);
    floats_to_halves(rounded, h, LANES);
}

/* On bits, so that a signalling NaN stays one. */
static inline uint16_t clamp_f16(uint16_t h, bool keep_nan) {
    if ((h & 0x7fff) > 0x7c00) return keep_nan ? h : 0;
    return h & 0x8000 ? 0 : h > 0x3c00 ? 0x3c00 : h;
}

static void modify_f16(const struct wave *w, const struct inst *i, bool flush, uint16_t *r) {
    bool keep_nan = !(w->mode & MODE_DX10_CLAMP);
    int n = omod_exponent(w, i, flush);
    struct rounding format = rounding_f16(w);
    if (flush) FOR_LANES(l) r[l] = flush_f16(r[l]);
    if (n) FOR_LANES(l)
    if ((r[l] & 0x7fff) <= 0x7c00)
        r[l] = float_to_f16((float)scale_output(&format, (double)f16_to_float(r[l]), n));
    if (i->clamp) FOR_LANES(l) r[l] = clamp_f16(r[l], keep_nan);
}

void finish_f16(const struct wave *w, const struct inst *i, uint16_t *r) {
    modify_f16(w, i, flushes_16_64(w), r);
}
void finish_choice_f16(const struct wave *w, const struct inst *i, uint16_t *r) {
    modify_f16(w, i, omod_exponent(w, i, flushes_16_64(w)), r);
}

static void modify_f64(const struct wave *w, const struct inst *i, bool flush, uint64_t *r) {
    bool keep_nan = !(w->mode & MODE_DX10_CLAMP);
    int n = omod_exponent(w, i, flush);
    struct rounding format = rounding_f64(w);
    FOR_LANES(l) {
        if (flush) r[l] = flush_f64(r[l]);
        if (n && !nan_f64(r[l])) r[l] = bits_f64(scale_output(&format, as_f64(r[l]), n));
        if (i->clamp) r[l] = bits_f64(CLAMP(as_f64(r[l]), keep_nan));
    }
}

void finish_f64(const struct wave *w, const struct inst *i, uint64_t *r) {
    modify_f64(w, i, flushes_16_64(w), r);
}
void finish_choice_f64(const struct wave *w, const struct inst *i, uint64_t *r) {
    modify_f64(w, i, omod_exponent(w, i, flushes_16_64(w)), r);
}
