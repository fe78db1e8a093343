/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * MODE: every operation that rounds, in the four directions, with subnormals kept and flushed, with output
 * modifiers and FP16_OVFL, at every SIMD level, against the host's own rounding modes (f32, f64) and against
 * the table of all halves (f16). The directions of the two fields of MODE are drawn independently, so that an
 * operation that reads the wrong one is found.
 */
#include <fenv.h>
#include <float.h>
#include <math.h>

#include "exec/round.h"
#include "half.h"
#include "numbers.h"

static exec_fn *table[3][OP_COUNT];
static struct level levels[3];
static unsigned level_count;

static const int host_direction[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

static bool is_nan(enum type t, uint64_t u) {
    return formats[t].is_float && (u & (sign_bit(t) - 1)) > infinity_bits(t);
}
static uint64_t quiet(enum type t, uint64_t u) { return u | UINT64_C(1) << (formats[t].fraction - 1); }
static double least_normal(enum type t) { return ldexp(1, 1 - bias(t)); }

static double decode_number(enum type t, uint64_t u) {
    double d;
    float f;
    switch (t) {
    case F16:
        d = (u & 0x7c00) == 0x7c00 ? (u & 0x3ff ? NAN : INFINITY)
            : u & 0x7c00           ? ldexp((double)(0x400 | (u & 0x3ff)), (int)(u >> 10 & 31) - 25)
                                   : ldexp((double)(u & 0x3ff), -24);
        return u & 0x8000 ? -d : d;
    case F32: memcpy(&f, &u, 4); return (double)f;
    case F64: memcpy(&d, &u, 8); return d;
    case I16: return (int16_t)u;
    case I32: return (int32_t)u;
    default: return (double)u;
    }
}

/* x, which must be a number of the type. */
static uint64_t encode(enum type t, double x) {
    uint64_t u = 0;
    float f = (float)x;
    if (t == F64) memcpy(&u, &x, 8);
    if (t == F32) memcpy(&u, &f, 4);
    if (t == F16) {
        double magnitude = fabs(x);
        int e;
        frexp(magnitude, &e);
        u = magnitude == 0        ? 0
            : isinf(magnitude)    ? 0x7c00
            : magnitude < 0x1p-14 ? (uint64_t)ldexp(magnitude, 24)
                                  : (uint64_t)(e + 14) * 0x400 + (uint64_t)ldexp(magnitude, 11 - e) - 0x400;
        if (signbit(x)) u |= 0x8000;
    }
    return u;
}

/*
 * The half that x becomes, found between its neighbours. x is exact or rounded to odd, so that a comparison
 * with a half or a midpoint comes out as that of the exact value would.
 */
static long double narrow(long double x, enum round_direction direction, bool saturate) {
    if (x == 0 || !isfinite(x)) return x;
    long double magnitude = fabsl(x);
    unsigned low = 0, high = 0x7c00; /* 0x7c00 stands for 65536 */
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (decode_number(F16, middle) <= magnitude)
            low = middle;
        else
            high = middle;
    }
    long double below = decode_number(F16, low), above = high == 0x7c00 ? 65536 : decode_number(F16, high);
    long double half_way = (below + above) / 2;
    bool up = direction == ROUND_NEAREST ? magnitude > half_way || (magnitude == half_way && low & 1)
              : direction == ROUND_UP    ? x > 0
              : direction == ROUND_DOWN  ? x < 0
                                         : false;
    long double r = magnitude == below || (!up && magnitude < above) ? below : above;
    if (magnitude >= 65536) r = up || direction == ROUND_NEAREST ? 65536 : 65504;
    if (r == 65536) r = saturate ? 65504 : INFINITY;
    return copysignl(r, x);
}

/* x, exact or rounded to odd, as a number of the type. The host converts in the direction that is set. */
static double round_to(enum type t, long double x, enum round_direction direction, bool saturate) {
    if (t == F16) return (double)narrow(x, direction, saturate);
    fesetround(host_direction[direction]);
    volatile long double exact = x;
    volatile float single = (float)exact;
    volatile double twice = (double)exact;
    fesetround(FE_TONEAREST);
    return t == F32 ? (double)single : twice;
}

/* Rounded as if exponents had no end: far from the end. */
static bool is_tiny(enum type t, long double x, enum round_direction direction) {
    if (!(fabsl(x) < 2 * (long double)least_normal(t))) return false;
    int away = t == F16 ? 20 : t == F32 ? 200 : 1900;
    if (fabsl(x) < ldexpl(least_normal(t), -3)) return true;
    return fabs(round_to(t, ldexpl(x, away), direction, false)) < ldexp(least_normal(t), away);
}

/* ---- the operations ------------------------------------------------------------------------------------ */

enum kind { ADD, SUB, SUBREV, MUL, MUL_DX9, FMA, FMA_DX9, FRACT, LDEXP, DIV_FMAS, CUBEMA, MULLIT, CONVERT };

/* The host computes in the direction that is set, and may not do so before or after. */
static long double evaluate(enum kind kind, volatile long double a, volatile long double b,
                            volatile long double c) {
    volatile long double r = 0;
    bool zero = a == 0 || b == 0;
    switch (kind) {
    case ADD: r = a + b; break;
    case FRACT: /* b is the floor, which might raise the host's flag */
    case SUB: r = a - b; break;
    case SUBREV: r = b - a; break;
    case MUL: r = a * b; break;
    case MUL_DX9: r = zero ? 0 : a * b; break;
    case DIV_FMAS: /* scaled after */
    case FMA: r = fmal(a, b, c); break;
    case FMA_DX9: r = zero ? r + c : fmal(a, b, c); break;
    case CUBEMA:
        r = fabsl(c) >= fabsl(a) && fabsl(c) >= fabsl(b) ? c : fabsl(b) >= fabsl(a) ? b : a;
        r = 2 * r;
        break;
    case MULLIT: /* only f32 */
        r = -0x1.fffffep127L;
        if (b > r && c > 0) r = a * b;
        break;
    case LDEXP: /* scaled after */
    case CONVERT: r = a; break;
    }
    return r;
}

/* Rounded to odd: towards zero, with the last bit set where that was not exact. */
static long double evaluate_odd(enum kind kind, enum round_direction direction, const double *x) {
    fesetround(FE_TOWARDZERO);
    feclearexcept(FE_ALL_EXCEPT);
    long double r = evaluate(kind, x[0], x[1], x[2]);
    bool inexact = fetestexcept(FE_INEXACT);
    fesetround(host_direction[direction]);
    if (r == 0) r = evaluate(kind, x[0], x[1], x[2]); /* for the zero's sign */
    fesetround(FE_TONEAREST);
    int e;
    bool even = fmodl(ldexpl(frexpl(fabsl(r), &e), LDBL_MANT_DIG), 2) == 0;
    return inexact && even ? nextafterl(r, r > 0 ? INFINITY : -INFINITY) : r;
}

/* n: what the result is scaled by before it is rounded */
static double compute(enum kind kind, enum type to, enum round_direction direction, bool flush, bool saturate,
                      const double *x, int n) {
    long double exact = ldexpl(evaluate_odd(kind, direction, x), n < -5000 ? -5000 : n > 5000 ? 5000 : n);
    if (flush && is_tiny(to, exact, direction)) return copysign(0, (double)exact);
    double r = round_to(to, exact, direction, saturate);
    static const double below_one[] = {0x1.ffcp-1, 0x1.fffffep-1, 0x1.fffffffffffffp-1};
    return kind == FRACT && r >= 1 ? below_one[to] : r;
}

enum shape { LANE, PACKED, MIX, MIX_LO, MIX_HI };
static const struct subject {
    enum op op;
    enum kind kind;
    unsigned sources;
    enum type from, to;
    enum shape shape;
} subjects[] = {
    {OP_v_add_f32, ADD, 2, F32, F32, LANE},
    {OP_v_sub_f32, SUB, 2, F32, F32, LANE},
    {OP_v_subrev_f32, SUBREV, 2, F32, F32, LANE},
    {OP_v_mul_f32, MUL, 2, F32, F32, LANE},
    {OP_v_mul_dx9_zero_f32, MUL_DX9, 2, F32, F32, LANE},
    {OP_v_fma_f32, FMA, 3, F32, F32, LANE},
    {OP_v_fmac_f32, FMA, 3, F32, F32, LANE},
    {OP_v_fmamk_f32, FMA, 3, F32, F32, LANE},
    {OP_v_fmaak_f32, FMA, 3, F32, F32, LANE},
    {OP_v_fma_dx9_zero_f32, FMA_DX9, 3, F32, F32, LANE},
    {OP_v_fmac_dx9_zero_f32, FMA_DX9, 3, F32, F32, LANE},
    {OP_v_fract_f32, FRACT, 1, F32, F32, LANE},
    {OP_v_mullit_f32, MULLIT, 3, F32, F32, LANE},
    {OP_v_cubema_f32, CUBEMA, 3, F32, F32, LANE},
    {OP_v_ldexp_f32, LDEXP, 1, F32, F32, LANE},
    {OP_v_div_fmas_f32, DIV_FMAS, 3, F32, F32, LANE},
    {OP_v_add_f16, ADD, 2, F16, F16, LANE},
    {OP_v_sub_f16, SUB, 2, F16, F16, LANE},
    {OP_v_subrev_f16, SUBREV, 2, F16, F16, LANE},
    {OP_v_mul_f16, MUL, 2, F16, F16, LANE},
    {OP_v_fma_f16, FMA, 3, F16, F16, LANE},
    {OP_v_fmac_f16, FMA, 3, F16, F16, LANE},
    {OP_v_fmamk_f16, FMA, 3, F16, F16, LANE},
    {OP_v_fmaak_f16, FMA, 3, F16, F16, LANE},
    {OP_v_fract_f16, FRACT, 1, F16, F16, LANE},
    {OP_v_ldexp_f16, LDEXP, 1, F16, F16, LANE},
    {OP_v_pk_add_f16, ADD, 2, F16, F16, PACKED},
    {OP_v_pk_mul_f16, MUL, 2, F16, F16, PACKED},
    {OP_v_pk_fma_f16, FMA, 3, F16, F16, PACKED},
    {OP_v_fma_mix_f32, FMA, 3, F32, F32, MIX},
    {OP_v_fma_mixlo_f16, FMA, 3, F32, F16, MIX_LO},
    {OP_v_fma_mixhi_f16, FMA, 3, F32, F16, MIX_HI},
    {OP_v_add_f64, ADD, 2, F64, F64, LANE},
    {OP_v_mul_f64, MUL, 2, F64, F64, LANE},
    {OP_v_fma_f64, FMA, 3, F64, F64, LANE},
    {OP_v_fract_f64, FRACT, 1, F64, F64, LANE},
    {OP_v_ldexp_f64, LDEXP, 1, F64, F64, LANE},
    {OP_v_div_fmas_f64, DIV_FMAS, 3, F64, F64, LANE},
    {OP_v_cvt_f32_u32, CONVERT, 1, U32, F32, LANE},
    {OP_v_cvt_f32_i32, CONVERT, 1, I32, F32, LANE},
    {OP_v_cvt_f32_f64, CONVERT, 1, F64, F32, LANE},
    {OP_v_cvt_f16_f32, CONVERT, 1, F32, F16, LANE},
    {OP_v_cvt_f16_u16, CONVERT, 1, U16, F16, LANE},
    {OP_v_cvt_f16_i16, CONVERT, 1, I16, F16, LANE},
};

/* ---- operands ------------------------------------------------------------------------------------------ */

/* Operands that belong together: ties, cancellation, what lies next to them. */
static void relate(enum type t, uint64_t *u) {
    uint64_t r = draw(), top = sign_bit(t), one = UINT64_C(1) << formats[t].fraction;
    uint64_t exponent = (u[0] & (top - 1)) / one;
    if ((r & 7) == 0 && exponent > (uint64_t)formats[t].fraction + 2)
        u[1] = (r & 8 ? top : 0) | (exponent - (uint64_t)formats[t].fraction - (r >> 4 & 1)) * one |
               (r >> 6 & 3 ? 0 : 1);
    if ((r & 7) == 1) u[1] = u[0] ^ top ^ (r >> 8 & 1);
    if ((r & 7) > 1 && (r & 7) < 5) { /* c = -a * b, which leaves the product's rounding error */
        double product = decode_number(t, u[0]) * decode_number(t, u[1]);
        if (isfinite(product))
            u[2] = encode(t, t == F16 ? narrow(-product, ROUND_NEAREST, true) : -product) ^ (r >> 8 & 1);
    }
}

/* ---- one lane, as MODE and the modifiers have it ------------------------------------------------------- */

static bool keeps(uint32_t mode, enum type t, unsigned bit) { return mode >> ((t == F32 ? 4 : 6) + bit) & 1; }

static uint64_t source(enum type t, uint64_t u, bool absolute, bool negative, uint32_t mode) {
    if (!formats[t].is_float) return u;
    if (absolute) u &= sign_bit(t) - 1;
    if (negative) u ^= sign_bit(t);
    bool subnormal = (u & (sign_bit(t) - 1)) < UINT64_C(1) << formats[t].fraction;
    return subnormal && !keeps(mode, t, 0) ? u & sign_bit(t) : u;
}

/* A NaN in another format: sign, quiet bit and the upper bits of the payload. */
static uint64_t convert_nan(enum type from, uint64_t u, enum type to) {
    u = quiet(from, u);
    uint64_t payload = u & (sign_bit(from) - 1) & ~infinity_bits(from);
    int shift = formats[to].fraction - formats[from].fraction;
    payload = shift > 0 ? payload << shift : payload >> -shift;
    return (u & sign_bit(from) ? sign_bit(to) : 0) | infinity_bits(to) | payload;
}

/* Operations that are fused look at their product before they look for NaNs. */
static uint64_t expected_nan(const struct subject *s, uint32_t mode, const enum type *types,
                             const uint64_t *u, const double *x) {
    bool fused = s->kind == FMA || s->kind == FMA_DX9 || s->kind == DIV_FMAS;
    bool zero = fused && (x[0] == 0 || x[1] == 0), invalid = zero && (isinf(x[0]) || isinf(x[1]));
    if (!invalid || s->kind == FMA_DX9)
        for (unsigned n = zero && s->kind == FMA_DX9 ? 2 : 0; n < s->sources; n++)
            if (is_nan(types[n], u[n]))
                return types[n] == s->to && types[n] == s->from && !(mode & MODE_IEEE)
                           ? u[n]
                           : convert_nan(types[n], u[n], s->to);
    return sign_bit(s->to) | quiet(s->to, infinity_bits(s->to));
}

/* exponent: the integer operand of ldexp; scaled: v_div_fmas undoes a scale. */
static uint64_t expected(const struct subject *s, const struct inst *i, uint32_t mode, const enum type *types,
                         const uint64_t *u, int exponent, bool scaled) {
    bool wide = s->to == F32 && s->from != F64;
    enum round_direction direction = (enum round_direction)(mode >> (wide ? 0 : 2) & 3);
    bool saturate = mode & MODE_FP16_OVFL, clamp_nan = i->clamp && mode & MODE_DX10_CLAMP;
    bool flush = s->kind == FMA_DX9 || !keeps(mode, s->to, 1);
    double x[3] = {0};
    for (unsigned n = 0; n < s->sources; n++) x[n] = decode_number(types[n], u[n]);
    if (s->kind == FRACT) x[1] = floor(x[0]);
    int reach = s->to == F32 ? 64 : 128;
    int n = s->kind == LDEXP                ? exponent
            : s->kind == DIV_FMAS && scaled ? (fabs(x[2]) < 2 ? -reach : reach)
                                            : 0;
    double r = compute(s->kind, s->to, direction, flush, saturate, x, n);
    if (isnan(r)) return clamp_nan ? 0 : expected_nan(s, mode, types, u, x);
    static const int scales[] = {0, 1, 2, -1};
    int scale = flush && !(mode & MODE_IEEE) ? scales[i->omod] : 0;
    if (scale) {
        if (r == 0)
            r = 0;
        else if (fabs(r) < ldexp(least_normal(s->to), -scale))
            r = copysign(0, r);
        else
            r = compute(CONVERT, s->to, direction, false, saturate, (double[3]){r}, scale);
    }
    if (i->clamp) r = r > 0 ? fmin(r, 1) : 0;
    return encode(s->to, r);
}

/* ---- whole instructions -------------------------------------------------------------------------------- */

static const unsigned registers[] = {REG_A, REG_B, REG_C};

struct operands {
    enum type types[3];
    uint64_t u[3]; /* as the registers hold them */
};

/* v_fma_mix: op_sel_hi says which sources are halves, op_sel which halves, neg_lo negates, neg_hi makes
 * absolute. */
static void select_mix(const struct inst *i, struct operands *o) {
    for (unsigned n = 0; n < 3; n++)
        if (i->op_sel_hi >> n & 1) {
            o->types[n] = F16;
            o->u[n] = o->u[n] >> (i->op_sel >> n & 1 ? 16 : 0) & 0xffff;
        }
}

static struct inst draw_modifiers(const struct subject *s) {
    struct inst i = instruction(s->op, s->shape == LANE ? FMT_VOP3 : FMT_VOP3P, 3);
    uint64_t r = draw();
    if (s->shape == PACKED || s->shape == LANE)
        i.op_sel_hi = 7;
    else
        i.op_sel = r >> 8 & 7, i.op_sel_hi = r >> 11 & 7;
    if (r & 1) return i;
    i.clamp = (r >> 1 & 3) == 0;
    if (s->shape == LANE) {
        i.omod = r >> 3 & 3;
        for (unsigned n = 0; n < s->sources; n++) {
            i.src[n].neg = r >> (16 + n) & 1;
            i.src[n].abs = r >> (20 + n) & 1;
        }
    } else {
        i.neg_lo = r >> 16 & 7;
        i.neg_hi = r >> 20 & 7;
    }
    return i;
}

/* What part `part` of lane l must become. */
static uint64_t expected_part(const struct subject *s, const struct inst *i, const struct machine *m,
                              unsigned l, unsigned part) {
    struct operands o;
    for (unsigned n = 0; n < 3; n++) {
        o.types[n] = s->from;
        o.u[n] = get(m, registers[n], l, s->from);
        if (formats[s->from].bits == 16) o.u[n] = o.u[n] >> 16 * part & 0xffff;
    }
    if (s->shape >= MIX) select_mix(i, &o);
    uint32_t keep = MODE_DENORM_32 | MODE_DENORM_16_64, mode = m->w.mode;
    if (s->kind == FMA_DX9) mode &= ~keep;
    if (s->kind == DIV_FMAS) mode |= keep;
    for (unsigned n = 0; n < s->sources; n++) {
        bool negative = s->shape == LANE     ? i->src[n].neg
                        : s->shape == PACKED ? (part ? i->neg_hi : i->neg_lo) >> n & 1
                                             : i->neg_lo >> n & 1;
        bool absolute = s->shape == LANE ? i->src[n].abs : s->shape >= MIX && i->neg_hi >> n & 1;
        o.u[n] = source(o.types[n], o.u[n], absolute, negative, mode);
    }
    int exponent = s->to == F16 ? (int16_t)m->v[REG_B][l] : (int32_t)m->v[REG_B][l];
    return expected(s, i, m->w.mode, o.types, o.u, exponent, m->w.s[SREG_VCC] >> l & 1);
}

static void draw_machine(struct machine *m, const struct subject *s, unsigned direction) {
    machine_reset(m);
    uint64_t r = draw();
    m->w.mode = (uint32_t)r & (0xff | MODE_DX10_CLAMP | MODE_IEEE | MODE_FP16_OVFL);
    unsigned shift = s->to == F32 && s->from != F64 ? 0 : 2;
    m->w.mode = (m->w.mode & ~(UINT32_C(3) << shift)) | (uint32_t)direction << shift;
    if (r >> 32 & 1) m->w.mode |= MODE_DENORM_32 | MODE_DENORM_16_64;
    m->w.s[SREG_VCC] = (uint32_t)draw();
    for (unsigned l = 0; l < LANES; l++) {
        uint64_t u[3], high[3];
        for (unsigned n = 0; n < 3; n++) u[n] = draw_number(s->from), high[n] = draw_number(s->from);
        if (s->from == F64 && s->to == F32 && draw() % 2) /* where f32 ends */
            u[0] = encode(F64, decode_number(F32, draw_number(F32))) + (draw() >> (draw() % 2 ? 34 : 63));
        relate(formats[s->from].is_float ? s->from : F32, u);
        relate(formats[s->from].is_float ? s->from : F32, high);
        for (unsigned n = 0; n < 3; n++) {
            if (formats[s->from].bits == 16) u[n] = (u[n] & 0xffff) | high[n] << 16;
            put(m, registers[n], l, s->from, u[n]);
            if (s->shape >= MIX && draw() % 2) /* halves that make sense as such */
                m->v[registers[n]][l] = (uint32_t)(draw_number(F16) | draw_number(F16) << 16);
        }
        if (s->kind == LDEXP) {
            int64_t reach[] = {30, 200, 2300, 1 << 30};
            uint64_t e = draw();
            m->v[REG_B][l] = (uint32_t)((int64_t)(e >> 8 & 0x7fffffff) % (2 * reach[e & 3]) - reach[e & 3]);
        }
        m->v[REG_D][l] = 0xdeadbeef;
    }
}

static void check(const struct subject *s, unsigned direction) {
    static struct machine start, m;
    draw_machine(&start, s, direction);
    struct inst i = draw_modifiers(s);
    uint64_t want[LANES];
    for (unsigned l = 0; l < LANES; l++) {
        want[l] = expected_part(s, &i, &start, l, 0);
        if (s->shape == PACKED)
            want[l] |= expected_part(s, &i, &start, l, 1) << 16;
        else if (s->shape == MIX_HI)
            want[l] = want[l] << 16 | 0xbeef;
        else if (s->to == F16)
            want[l] |= 0xdead0000;
    }
    for (unsigned n = 0; n < level_count; n++) {
        m = start;
        m.w.v = m.v;
        m.w.fault = &m.report;
        execute(table[n], &m, &i);
        assert_int_equal(m.w.state, WAVE_RUNNING);
        for (unsigned l = 0; l < LANES; l++)
            if (get(&m, REG_D, l, s->to) != want[l])
                fail_msg(
                    "%s, MODE 0x%x, clamp %d, omod %u, op_sel %u %u, neg %u %u (%d %d %d), vcc %u, level %s: "
                    "(%016llx, %016llx, %016llx) gave %016llx, not %016llx",
                    op_info(s->op)->name, start.w.mode, i.clamp, i.omod, i.op_sel, i.op_sel_hi, i.neg_lo,
                    i.neg_hi, i.src[0].neg, i.src[1].neg, i.src[2].neg, start.w.s[SREG_VCC] >> l & 1,
                    levels[n].name, (unsigned long long)get(&start, REG_A, l, s->from),
                    (unsigned long long)get(&start, REG_B, l, s->from),
                    (unsigned long long)get(&start, REG_C, l, s->from),
                    (unsigned long long)get(&m, REG_D, l, s->to), (unsigned long long)want[l]);
    }
}

static void every_direction(void **state) {
    (void)state;
    enum { ROUNDS = 2000 };
    for (unsigned n = 0; n < sizeof subjects / sizeof *subjects; n++)
        for (unsigned round = 0; round < ROUNDS; round++) check(&subjects[n], round % 4);
}

/* ---- the general arithmetic against the plain one ------------------------------------------------------ */

static void same(const char *what, enum type t, double a, double b, double c, double got, double want) {
    if (isnan(want) ? !isnan(got) : encode(t, got) != encode(t, want))
        fail_msg("%s of %a, %a, %a to %d bits: %a, not %a", what, a, b, c, formats[t].bits, got, want);
}

/* Where both exist they are two independent ways to one result. */
static void nearest_is_the_hosts(void **state) {
    (void)state;
    static const struct rounding f32 = ROUNDING_F32(ROUND_NEAREST, false),
                                 f64 = ROUNDING_F64(ROUND_NEAREST, false),
                                 f16 = ROUNDING_F16(ROUND_NEAREST, false, false);
    for (unsigned round = 0; round < 200000; round++) {
        enum type t = round % 2 ? F32 : F64;
        uint64_t u[3] = {draw_number(t), draw_number(t), draw_number(t)};
        relate(t, u);
        double a = decode_number(t, u[0]), b = decode_number(t, u[1]), c = decode_number(t, u[2]);
        const struct rounding *r = t == F32 ? &f32 : &f64;
        float x = (float)a, y = (float)b, z = (float)c;
        same("sum", t, a, b, c, rounded_sum(r, a, b), t == F32 ? (double)(x + y) : a + b);
        same("product", t, a, b, c, rounded_product(r, a, b), t == F32 ? (double)(x * y) : a * b);
        same("fma", t, a, b, c, rounded_fma(r, a, b, c), t == F32 ? (double)fmaf(x, y, z) : fma(a, b, c));
        same("conversion", F32, a, b, c, rounded_scale(&f32, a, 0), (double)x);
        same("conversion", F16, a, b, c, rounded_scale(&f16, (double)x, 0),
             decode_number(F16, float_to_f16(x)));
    }
}

int main(void) {
    level_count = bind_levels(levels, table);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_direction),
        cmocka_unit_test(nearest_is_the_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
