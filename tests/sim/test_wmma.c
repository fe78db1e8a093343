/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Matrix instructions: every case of kernels/wmma_cases.h as machine code, wave32 and wave64, at every SIMD
 * level, against a model of the documented layout whose elements are the rule of dot2_rule.h or exact
 * integers; that an element is the chain of eight dot products that silicon vectors vouch for; and the
 * approximate mode.
 */
#include <math.h>

#include "draw.h"
#include "half.h"
#include "kernels/wmma_cases.h"
#include "support.h"
#include "vector_support.h"

/* ---- the cases ----------------------------------------------------------------------------------------- */

static const struct form {
    const char *name;
    const struct kind *kind; /* null: integers */
    enum result to;
    unsigned bits; /* of an element of A and B */
    uint32_t one, minus_four;
    enum op wmma, dot2; /* dot2: one step of an element */
} forms[] = {
    {"f32_16x16x16_f16", &f16, TO_F32, 16, 0x3f800000, 0xc0800000, OP_v_wmma_f32_16x16x16_f16,
     OP_v_dot2_f32_f16},
    {"f32_16x16x16_bf16", &bf16, TO_F32, 16, 0x3f800000, 0xc0800000, OP_v_wmma_f32_16x16x16_bf16,
     OP_v_dot2_f32_bf16},
    {"f16_16x16x16_f16", &f16, TO_F16, 16, 0x3c00, 0xc400, OP_v_wmma_f16_16x16x16_f16, OP_v_dot2_f16_f16},
    {"bf16_16x16x16_bf16", &bf16, TO_BF16, 16, 0x3f80, 0xc080, OP_v_wmma_bf16_16x16x16_bf16,
     OP_v_dot2_bf16_bf16},
    {"i32_16x16x16_iu8", NULL, TO_F32, 8, 0x3f800000, 0xc0800000, OP_v_wmma_i32_16x16x16_iu8, 0},
    {"i32_16x16x16_iu4", NULL, TO_F32, 4, 0x3f800000, 0xc0800000, OP_v_wmma_i32_16x16x16_iu4, 0},
};
enum { FORMS = sizeof forms / sizeof forms[0], FLOAT_FORMS = 4 };

enum source { registers, result, zero, one, minus_four, integer }; /* of C */
static const struct wmma_case {
    const char *name, *form;
    enum source c;
    bool high;
    unsigned neg_lo, neg_hi; /* bit 0: A, 1: B, 2: C */
    bool clamp;
} cases[] = {
#define TEXT_OF(name) #name
#define TEXT(...)     TEXT_OF(__VA_ARGS__)
#define CASE(form, c, high, n0, n1, n2, h0, h1, h2, clamp)                                                   \
    {TEXT(WMMA_NAME(form, c, high, n0, n1, n2, h0, h1, h2, clamp)),                                          \
     #form,                                                                                                  \
     c,                                                                                                      \
     high,                                                                                                   \
     n0 | n1 << 1 | n2 << 2,                                                                                 \
     h0 | h1 << 1 | h2 << 2,                                                                                 \
     clamp},
    WMMA_CASES(CASE){"last_registers", "f32_16x16x16_f16", result, false, 0, 0, false}};
enum { CASES = sizeof cases / sizeof cases[0] };

static const struct form *form_of(const struct wmma_case *c) {
    for (unsigned n = 0; n < FORMS; n++)
        if (strcmp(forms[n].name, c->form) == 0) return &forms[n];
    fail_msg("no form %s", c->form);
    return NULL;
}

/* ---- the model: registers of a wave, [8][wave_size] each ----------------------------------------------- */

enum { WAVE_MAX = 64, INNER = 16 };
struct operands {
    uint32_t a[8 * WAVE_MAX], b[8 * WAVE_MAX], c[8 * WAVE_MAX], d[8 * WAVE_MAX];
};

/* Element k of the row of A, or column of B, that the lane holds: k in consecutive bits. */
static uint32_t element(const uint32_t *matrix, unsigned wave, unsigned lane, unsigned k, unsigned bits) {
    return matrix[k * bits / 32 * wave + lane] >> k * bits % 32 & (UINT32_MAX >> (32 - bits));
}

static uint32_t pair(const uint32_t *matrix, unsigned wave, unsigned lane, unsigned k, unsigned flip_low,
                     unsigned flip_high) {
    return (element(matrix, wave, lane, k, 16) ^ flip_low << 15) |
           (element(matrix, wave, lane, k + 1, 16) ^ flip_high << 15) << 16;
}

/*
 * D[row][column] lies in 16 lanes of one register: rows follow each other through the wave's groups of 16
 * lanes, then through the registers. Those lanes of A and B are also the ones that are read for it.
 */
struct place {
    unsigned reg, lane, a_lane;
};
static struct place place_of(unsigned row, unsigned column, unsigned wave) {
    unsigned groups = wave / 16, group = row % groups;
    return (struct place){row / groups, 16 * group + column, 16 * group + row};
}

/* What the model says of one element: the wanted register and, for the approximate mode, its value. */
static uint32_t model_element(const struct wmma_case *c, const struct operands *o, unsigned row,
                              unsigned column, unsigned wave, double *value, double *magnitude) {
    const struct form *f = form_of(c);
    struct place at = place_of(row, column, wave);
    unsigned n = at.reg * wave + at.lane, shift = c->high ? 16 : 0;
    uint32_t constants[] = {[zero] = 0, [one] = f->one, [minus_four] = f->minus_four, [integer] = 64};
    uint32_t z = c->c == registers ? o->c[n] : c->c == result ? o->d[n] : constants[c->c];
    if (!f->kind) {
        int64_t sum = (int32_t)z;
        for (unsigned k = 0; k < INNER; k++) {
            int64_t x = element(o->a, wave, at.a_lane, k, f->bits),
                    y = element(o->b, wave, at.lane, k, f->bits);
            if (c->neg_lo & 1 && x >> (f->bits - 1)) x -= 1 << f->bits;
            if (c->neg_lo & 2 && y >> (f->bits - 1)) y -= 1 << f->bits;
            sum += x * y;
        }
        if (c->clamp) sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
        return (uint32_t)sum;
    }
    uint32_t sign = f->to == TO_F32 ? 0x80000000 : 0x8000;
    if (c->c <= result && f->to != TO_F32) z = z >> shift & 0xffff;
    if (c->neg_hi & 4) z &= ~sign;
    if (c->neg_lo & 4) z ^= sign;
    *value = f->to == TO_F32   ? bits_float(z)
             : f->to == TO_F16 ? f16_to_float((uint16_t)z)
                               : bf16_to_float((uint16_t)z);
    *magnitude = fabs(*value);
    for (unsigned k = 0; k < INNER; k += 2) {
        uint32_t x = pair(o->a, wave, at.a_lane, k, c->neg_lo & 1, c->neg_hi & 1);
        uint32_t y = pair(o->b, wave, at.lane, k, c->neg_lo >> 1 & 1, c->neg_hi >> 1 & 1);
        z = dot2_by_the_rule(*f->kind, f->to, x, y, z);
        for (unsigned n = 0; n < 32; n += 16) {
            uint16_t xn = (uint16_t)(x >> n), yn = (uint16_t)(y >> n);
            double p = f->kind->flushes ? (double)bf16_to_float(xn) * bf16_to_float(yn)
                                        : (double)f16_to_float(xn) * f16_to_float(yn);
            *value += p;
            *magnitude += fabs(p);
        }
    }
    if (f->to == TO_F32) return z;
    return (o->d[n] & ~(UINT32_C(0xffff) << shift)) | z << shift;
}

/* ---- operands ------------------------------------------------------------------------------------------ */

/*
 * Of like size, so that every bit of the sums counts; hard ones below 2, so that nothing overflows; anything.
 */
enum data { NUMBERS, TAME, WILD };

static uint32_t draw_pair(const struct form *f, enum data data) {
    uint32_t x = 0;
    for (unsigned n = 0; n < 32; n += 16) {
        float number = random_normal(draw());
        uint32_t half = data != NUMBERS    ? draw_half(*f->kind)
                        : f->kind->flushes ? float_to_bf16(number)
                                           : float_to_f16(number);
        x |= half << n;
    }
    return data == TAME ? x & 0xbfffbfff : x;
}

static uint32_t draw_addend(const struct form *f, enum data data) {
    if (!f->kind) return data == WILD ? (uint32_t)INT32_MAX + (draw() & 1) : (uint32_t)draw(); /* overflows */
    if (f->to != TO_F32) return draw_pair(f, data);
    return data == NUMBERS ? float_bits(4 * random_normal(draw()))
                           : draw_float() & (data == TAME ? 0xbfffffff : 0xffffffff);
}

/* repeated: the groups of 16 lanes of A and B hold the same, as programs must have it. */
static void draw_operands(struct operands *o, const struct form *f, unsigned wave, enum data data,
                          bool repeated) {
    for (unsigned n = 0; n < 8 * wave; n++) {
        o->a[n] = f->kind ? draw_pair(f, data) : (uint32_t)draw();
        o->b[n] = f->kind ? draw_pair(f, data) : (uint32_t)draw();
        o->c[n] = draw_addend(f, data);
        o->d[n] = draw_addend(f, data);
        if (!repeated || n % wave < 16) continue;
        o->a[n] = o->a[n - 16];
        o->b[n] = o->b[n - 16];
    }
}

/* ---- execution ----------------------------------------------------------------------------------------- */

struct device {
    rdnasim *sim;
    rdnasim_object *object;
    unsigned wave;
    struct operands in;
    uint32_t out[8 * WAVE_MAX];
    uint32_t packed[32 * WAVE_MAX]; /* in, as the kernel reads it */
    struct {
        uint64_t in, out;
    } arguments;
};

static void device_open(struct device *d, rdnasim_simd simd, unsigned wave, int approximate,
                        unsigned checks) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.simd = simd;
    options.threads = 1;
    options.approximate_wmma = approximate;
    options.checks = checks;
    d->sim = create(&options);
    d->wave = wave;
    d->object = load(d->sim, wave == 64 ? WMMA_WAVE64_OBJECT : WMMA_OBJECT);
    d->arguments.in = bind(d->sim, d->packed, sizeof d->packed, RDNASIM_READ, "in");
    d->arguments.out = bind(d->sim, d->out, sizeof d->out, RDNASIM_READ | RDNASIM_WRITE, "out");
}

static void device_run(struct device *d, const struct wmma_case *c) {
    const uint32_t *parts[] = {d->in.a, d->in.b, d->in.c, d->in.d};
    for (unsigned n = 0; n < 4; n++) memcpy(d->packed + n * 8 * d->wave, parts[n], 4 * 8 * d->wave);
    memset(d->out, 0xee, sizeof d->out);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(d->object, c->name);
    if (!kernel) fail_msg("no kernel %s", c->name);
    rdnasim_launch launch = launch_of(d->wave, d->wave, &d->arguments, sizeof d->arguments);
    rdnasim_report report;
    assert_ok(rdnasim_run(d->sim, kernel, &launch, NULL, &report), report);
}

static exec_fn *table[3][OP_COUNT];
static struct level levels[3];
static unsigned level_count;

/* ---- every case against the model ---------------------------------------------------------------------- */

static void check_cases(unsigned wave, unsigned checks) {
    enum { ROUNDS = 6 };
    static struct device devices[3];
    for (unsigned n = 0; n < level_count; n++) device_open(&devices[n], levels[n].simd, wave, 0, checks);
    for (unsigned n = 0; n < CASES; n++)
        for (unsigned round = 0; round < ROUNDS; round++) {
            const struct wmma_case *c = &cases[n];
            struct operands in;
            uint32_t want[8 * WAVE_MAX];
            draw_operands(&in, form_of(c), wave, round % 3, round % 2);
            for (unsigned row = 0; row < 16; row++)
                for (unsigned column = 0; column < 16; column++) {
                    struct place at = place_of(row, column, wave);
                    double value, magnitude;
                    want[at.reg * wave + at.lane] =
                        model_element(c, &in, row, column, wave, &value, &magnitude);
                }
            for (unsigned level = 0; level < level_count; level++) {
                struct device *d = &devices[level];
                d->in = in;
                device_run(d, c);
                for (unsigned e = 0; e < 256; e++)
                    if (d->out[e] != want[e])
                        fail_msg("%s, wave%u, %s, round %u, register %u lane %u: got %08x, want %08x",
                                 c->name, wave, levels[level].name, round, e / wave, e % wave, d->out[e],
                                 want[e]);
            }
        }
    for (unsigned n = 0; n < level_count; n++) rdnasim_destroy(devices[n].sim);
}
static void wave32_cases(void **state) {
    (void)state;
    check_cases(32, 0);
    check_cases(32, RDNASIM_CHECK_ALL);
}
static void wave64_cases(void **state) {
    (void)state;
    check_cases(64, 0);
    check_cases(64, RDNASIM_CHECK_ALL);
}

/* ---- an element is the chain of the eight dot products, for each of which there are silicon vectors ---- */

static void elements_are_chains(void **state) {
    (void)state;
    enum { ROUNDS = 200, A = 0, B = 8, C = 16, D = 24, X = 40, Y = 41, Z = 42 };
    for (unsigned form = 0; form < FLOAT_FORMS; form++)
        for (unsigned level = 0; level < level_count; level++)
            for (unsigned round = 0; round < ROUNDS; round++) {
                static struct machine m;
                machine_reset(&m);
                struct operands o;
                const struct form *f = &forms[form];
                draw_operands(&o, f, 32, round % 3, true);
                for (unsigned r = 0; r < 8; r++)
                    for (unsigned l = 0; l < LANES; l++) {
                        m.v[A + r][l] = o.a[r * LANES + l];
                        m.v[B + r][l] = o.b[r * LANES + l];
                        m.v[C + r][l] = f->to == TO_F32 ? o.c[r * LANES + l] : o.c[r * LANES + l] & 0xffff;
                    }
                struct inst wmma = instruction(f->wmma, FMT_VOP3P, 3);
                wmma.dst = vgpr(D);
                wmma.src[0] = vgpr(A);
                wmma.src[1] = vgpr(B);
                wmma.src[2] = vgpr(C);
                execute(table[level], &m, &wmma);
                struct inst step = instruction(f->dot2, f->to == TO_F32 ? FMT_VOP3P : FMT_VOP3, 3);
                step.dst = step.src[2] = vgpr(Z);
                step.src[0] = vgpr(X);
                step.src[1] = vgpr(Y);
                for (unsigned r = 0; r < 8; r++) {
                    m.v[Z] = m.v[C + r];
                    for (unsigned k = 0; k < INNER; k += 2) {
                        m.v[Y] = m.v[B + k / 2];
                        for (unsigned l = 0; l < LANES; l++) m.v[X][l] = m.v[A + k / 2][2 * r + l / 16];
                        execute(table[level], &m, &step);
                    }
                    for (unsigned l = 0; l < LANES; l++)
                        if (m.v[D + r][l] != m.v[Z][l])
                            fail_msg("%s, %s, round %u: the instruction gives %08x, the chain %08x", f->name,
                                     levels[level].name, round, m.v[D + r][l], m.v[Z][l]);
                }
            }
}

/* ---- the approximate mode ------------------------------------------------------------------------------ */

static double value_of(const struct form *f, uint32_t bits) {
    return f->to == TO_F32   ? bits_float(bits)
           : f->to == TO_F16 ? f16_to_float((uint16_t)bits)
                             : bf16_to_float((uint16_t)bits);
}

/* Seventeen terms, each addition within half an ulp of f32, then one rounding (bf16: truncation) to 11 or 8
 * bits. */
static double tolerance(const struct form *f, double value, double magnitude) {
    double sums = 17 * 0x1p-24 * magnitude;
    if (f->to == TO_F32) return sums;
    return sums +
           (f->to == TO_F16 ? 0x1p-11 * (fabs(value) + sums) + 0x1p-25 : 0x1p-7 * (fabs(value) + sums));
}

static void approximate_is_near(void **state) {
    (void)state;
    enum { ROUNDS = 4 };
    for (unsigned wave = 32; wave <= 64; wave += 32) {
        static struct device devices[3];
        for (unsigned n = 0; n < level_count; n++) device_open(&devices[n], levels[n].simd, wave, 1, 0);
        unsigned other_bits = 0;
        for (unsigned n = 0; n < CASES; n++)
            for (unsigned round = 0; round < ROUNDS; round++) {
                const struct wmma_case *c = &cases[n];
                const struct form *f = form_of(c);
                struct operands in;
                draw_operands(&in, f, wave, NUMBERS, true);
                for (unsigned level = 0; level < level_count; level++) {
                    devices[level].in = in;
                    device_run(&devices[level], c);
                    assert_memory_equal(devices[level].out, devices[0].out, sizeof devices[0].out);
                }
                for (unsigned row = 0; row < 16; row++)
                    for (unsigned column = 0; column < 16; column++) {
                        struct place at = place_of(row, column, wave);
                        unsigned e = at.reg * wave + at.lane, shift = c->high ? 16 : 0;
                        double value = 0, magnitude = 0;
                        uint32_t want = model_element(c, &in, row, column, wave, &value, &magnitude);
                        uint32_t got = devices[0].out[e];
                        if (!f->kind) {
                            assert_int_equal(got, want);
                            continue;
                        }
                        other_bits += got != want;
                        if (f->to != TO_F32)
                            assert_int_equal((got ^ in.d[e]) & ~(UINT32_C(0xffff) << shift), 0);
                        double distance =
                            fabs(value_of(f, f->to == TO_F32 ? got : got >> shift & 0xffff) - value);
                        if (!(distance <= tolerance(f, value, magnitude)))
                            fail_msg("%s, wave%u [%u][%u]: %08x is %g away from %g", c->name, wave, row,
                                     column, got, distance, value);
                    }
            }
        assert_true(other_bits > 0); /* else it would not be another mode */
        for (unsigned n = 0; n < level_count; n++) rdnasim_destroy(devices[n].sim);
    }
}

/* NaN, Inf - Inf and 0 * Inf give the default NaN, in every lane of every level. */
static void approximate_specials(void **state) {
    (void)state;
    static const struct {
        uint16_t a, b;
        uint32_t c, want;
    } rows[] = {{0x7e01, 0x3c00, 0x3f800000, 0xffc00000}, {0x7c00, 0x3c00, 0xff800000, 0xffc00000},
                {0x7c00, 0x0000, 0x3f800000, 0xffc00000}, {0x3c00, 0x3c00, 0x7fc12345, 0xffc00000},
                {0x7c00, 0x3c00, 0x3f800000, 0x7f800000}, {0x7bff, 0x7bff, 0xff7fffff, 0xff7fffff},
                {0x0001, 0x3c00, 0x00000000, 0x33800000}, {0x8000, 0x3c00, 0x80000000, 0x00000000},
                {0x8000, 0x3c00, 0x00000000, 0x00000000}};
    for (unsigned n = 0; n < level_count; n++) {
        static struct device d;
        device_open(&d, levels[n].simd, 32, 1, 0);
        for (unsigned row = 0; row < sizeof rows / sizeof rows[0]; row++) {
            for (unsigned e = 0; e < 8 * 32; e++) {
                d.in.a[e] = e / 32 == 3 ? rows[row].a : 0; /* k = 6 */
                d.in.b[e] = e / 32 == 3 ? rows[row].b : 0;
                d.in.c[e] = rows[row].c;
                d.in.d[e] = 0;
            }
            device_run(&d, &cases[0]);
            for (unsigned e = 0; e < 8 * 32; e++)
                if (d.out[e] != rows[row].want)
                    fail_msg("row %u, %s: got %08x, want %08x", row, levels[n].name, d.out[e],
                             rows[row].want);
        }
        rdnasim_destroy(d.sim);
    }
}

/* Every form says what it is: the float ones change with the mode, the integer ones stay exact. */
static void profile_names_the_mode(void **state) {
    (void)state;
    for (int approximate = 0; approximate < 2; approximate++) {
        static struct device d;
        device_open(&d, RDNASIM_SIMD_AUTO, 32, approximate, 0);
        for (unsigned n = 0; n < CASES; n++) {
            const struct form *f = form_of(&cases[n]);
            draw_operands(&d.in, f, 32, NUMBERS, true);
            device_run(&d, &cases[n]);
            rdnasim_op_count rows[64];
            size_t count = rdnasim_profile(d.sim, rows, 64), matrix = 0;
            for (size_t row = 0; row < count && row < 64; row++) {
                if (rows[row].port != RDNASIM_PORT_WMMA) continue;
                matrix++;
                assert_string_equal(rows[row].opcode, op_info(f->wmma)->name);
                assert_int_equal(rows[row].count, 1);
                assert_int_equal(rows[row].fidelity, !f->kind      ? RDNASIM_EXACT
                                                     : approximate ? RDNASIM_APPROXIMATE
                                                                   : RDNASIM_MODELLED);
            }
            assert_int_equal(matrix, 1);
        }
        rdnasim_destroy(d.sim);
    }
}

int main(void) {
    level_count = bind_levels(levels, table);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wave32_cases),         cmocka_unit_test(wave64_cases),
        cmocka_unit_test(elements_are_chains),  cmocka_unit_test(approximate_is_near),
        cmocka_unit_test(approximate_specials), cmocka_unit_test(profile_names_the_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
