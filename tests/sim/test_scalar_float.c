/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* The scalar float instructions of gfx115x against the host's arithmetic, on every such target; and not on
 * gfx1100. */
#include <math.h>

#include "half.h"
#include "random.h"
#include "support.h"

enum { CASES = 3000, RESULTS = 58, STRIDE = 64 };

static float value(uint32_t bits) { return bits_float(bits); }
static float low(uint32_t bits) { return f16_to_float((uint16_t)bits); }
static uint32_t half_of(float f) { return float_to_f16(f); }

static float smaller(float a, float b) {
    return a != a ? b : b != b ? a : a == b ? (signbit(a) ? a : b) : a < b ? a : b;
}
static float larger(float a, float b) {
    return a != a ? b : b != b ? a : a == b ? (signbit(a) ? b : a) : a > b ? a : b;
}

/* In IEEE mode, which kernels have, minimum and maximum with a signalling NaN are a quiet one. */
enum { QUIET = 0x7fc00000, QUIET_HALF = 0x7e00 };
static int signalling(uint32_t bits) { return (bits & 0x7fc00000) == 0x7f800000 && bits & 0x3fffff; }
static int signalling_half(uint32_t bits) { return (bits & 0x7e00) == 0x7c00 && bits & 0x1ff; }

static uint32_t towards_zero_f16(float f) {
    if (f != f) return 0x7e00;
    uint16_t h = float_to_f16(f);
    return fabsf(f16_to_float(h)) > fabsf(f) ? h - 1u : h; /* one step towards zero, from infinity too */
}

static uint32_t to_i32(float f) {
    return f != f ? 0 : f >= 0x1p31f ? INT32_MAX : f <= -0x1p31f ? (uint32_t)INT32_MIN : (uint32_t)(int32_t)f;
}
static uint32_t to_u32(float f) { return !(f > 0) ? 0 : f >= 0x1p32f ? UINT32_MAX : (uint32_t)f; }

static int compares(unsigned which, float a, float b) {
    const int results[] = {a<b, a == b, a <= b, a> b, a < b || a > b, a >= b, a == a && b == b};
    int unordered = !results[6];
    const int negated[] = {unordered,   !results[5], !results[4], !results[3],
                           !results[2], !results[1], !results[0]};
    return which < 7 ? results[which] : negated[which - 7];
}

/* An f16 sum of three exact terms, rounded once: f64 holds the product and the sum exactly enough. */
static uint32_t fma_half(float a, float b, float c) {
    double exact = (double)a * b + c;
    float f = (float)exact;
    /* The f32 in between must not decide a tie of the f16 rounding. */
    if ((double)f != exact && (float_bits(f) & 0x1fff) == 0x1000)
        f = bits_float(float_bits(f) + ((fabs(exact) > fabs((double)f)) ? 1u : UINT32_MAX));
    return half_of(f);
}

static uint32_t expected(unsigned n, uint32_t a, uint32_t b, uint32_t c) {
    float x = value(a), y = value(b), z = value(c), p = low(a), q = low(b), r = low(c);
    if (n >= 44) return (uint32_t)compares(n - 44, p, q);
    if (n >= 30) return (uint32_t)compares(n - 30, x, y);
    switch (n) {
    case 0: return float_bits(x + y);
    case 1: return float_bits(x - y);
    case 2: return float_bits(x * y);
    case 3: return signalling(a) || signalling(b) ? QUIET : float_bits(smaller(x, y));
    case 4: return signalling(a) || signalling(b) ? QUIET : float_bits(larger(x, y));
    case 5: return float_bits(fmaf(x, y, z));
    case 6: return float_bits(fmaf(x, y, 1.5f));
    case 7: return float_bits(fmaf(x, 1.5f, y));
    case 8: return towards_zero_f16(x) | towards_zero_f16(y) << 16;
    case 9: return float_bits(ceilf(x));
    case 10: return float_bits(floorf(x));
    case 11: return float_bits(truncf(x));
    case 12: return float_bits(rintf(x));
    case 13: return float_bits((float)(int32_t)a);
    case 14: return float_bits((float)a);
    case 15: return to_i32(x);
    case 16: return to_u32(x);
    case 17: return half_of(x);
    case 18: return float_bits(p);
    case 19: return float_bits(low(a >> 16));
    case 20: return half_of(p + q);
    case 21: return half_of(p - q);
    case 22: return half_of(p * q);
    case 23: return signalling_half(a) || signalling_half(b) ? QUIET_HALF : half_of(smaller(p, q));
    case 24: return signalling_half(a) || signalling_half(b) ? QUIET_HALF : half_of(larger(p, q));
    case 25: return fma_half(p, q, r);
    case 26: return half_of(ceilf(p));
    case 27: return half_of(floorf(p));
    case 28: return half_of(truncf(p));
    default: return half_of(rintf(p));
    }
}

static int is_f32(unsigned n) { return n < 8 || (n >= 9 && n <= 14) || n == 18 || n == 19; }
static int is_f16(unsigned n) { return n == 17 || (n >= 20 && n < 30); }

static int agrees(unsigned n, uint32_t got, uint32_t wanted) {
    if (is_f32(n) && value(wanted) != value(wanted)) return value(got) != value(got);
    if (is_f16(n) && low(wanted) != low(wanted)) return got < 0x10000 && low(got) != low(got);
    if (n == 8) /* either half may be a NaN */
        return (low(wanted) != low(wanted) ? low(got) != low(got) : (uint16_t)got == (uint16_t)wanted) &&
               (low(wanted >> 16) != low(wanted >> 16) ? low(got >> 16) != low(got >> 16)
                                                       : got >> 16 == wanted >> 16);
    return got == wanted;
}

static uint32_t operand(uint64_t n) {
    static const uint32_t special[] = {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
                                       0xff800000, 0x7fc00000, 0x00000001, 0x807fffff, 0x4f000000,
                                       0xcf000000, 0x4f800000, 0x3f000000, 0x40200000, 0x7c003c00,
                                       0xfc008000, 0x00013c01, 0x477fefff};
    uint64_t r = random_at(77, n);
    switch (r >> 60) {
    case 0:
    case 1:
    case 2: return special[r % (sizeof special / sizeof special[0])];
    case 3:
    case 4:
    case 5: return float_bits((float)(int32_t)(r & 0xffff) / 16.0f - 1000.0f);
    case 6:
    case 7: return (uint32_t)r & 0xffff; /* halves, small integers */
    default: return (uint32_t)r;
    }
}

static rdnasim *machine(const char *target) {
    rdnasim_options options;
    rdnasim_options_init(&options, sizeof options);
    options.target = target;
    options.threads = 1;
    return create(&options);
}

static void on_target(const char *target, const char *path) {
    rdnasim *sim = machine(target);
    const rdnasim_kernel *kernel = rdnasim_find_kernel(load(sim, path), "scalar_float");
    assert_non_null(kernel);
    uint32_t *in = malloc(12 * CASES), *out = calloc(CASES, 4 * STRIDE);
    assert_true(in && out);
    for (uint64_t n = 0; n < 3 * CASES; n++) in[n] = operand(n);
    struct {
        uint64_t in, out;
    } args = {bind(sim, in, 12 * CASES, RDNASIM_READ, "in"),
              bind(sim, out, (size_t)4 * STRIDE * CASES, RDNASIM_READ | RDNASIM_WRITE, "out")};
    rdnasim_launch launch = launch_of(32 * CASES, 32, &args, sizeof args);
    rdnasim_report report;
    assert_ok(rdnasim_run(sim, kernel, &launch, NULL, &report), report);
    for (unsigned n = 0; n < CASES; n++)
        for (unsigned k = 0; k < RESULTS; k++) {
            const uint32_t *s = in + 3 * n;
            uint32_t wanted = expected(k, s[0], s[1], s[2]), got = out[n * STRIDE + k];
            if (!agrees(k, got, wanted))
                fail_msg("%s, instruction %u of %08x %08x %08x: %08x, expected %08x", target, k, s[0], s[1],
                         s[2], got, wanted);
        }
    free(in);
    free(out);
    rdnasim_destroy(sim);
}

static void results(void **state) {
    (void)state;
    static const char *const targets[][2] = {{"gfx1150", SCALAR_FLOAT_GFX1150},
                                             {"gfx1151", SCALAR_FLOAT_GFX1151},
                                             {"gfx1152", SCALAR_FLOAT_GFX1152},
                                             {"gfx1153", SCALAR_FLOAT_GFX1153}};
    for (size_t n = 0; n < sizeof targets / sizeof targets[0]; n++) on_target(targets[n][0], targets[n][1]);
}

static void other_targets_refuse(void **state) {
    (void)state;
    static const uint32_t add[] = {0xa0000201}; /* s_add_f32 s0, s1, s2 */
    char text[64];
    assert_int_equal(rdnasim_disassemble("gfx1150", add, 1, text, sizeof text), 1);
    assert_string_equal(text, "s_add_f32 s0, s1, s2");
    assert_int_equal(rdnasim_disassemble("gfx1100", add, 1, text, sizeof text), 0);
    rdnasim *sim = machine("gfx1100");
    struct file f = read_file(SCALAR_FLOAT_GFX1150);
    rdnasim_object *object;
    rdnasim_report report;
    assert_int_equal(rdnasim_load(sim, f.data, f.bytes, &object, &report), RDNASIM_BAD_OBJECT);
    assert_non_null(strstr(report.text, "gfx1150"));
    free(f.data);
    rdnasim_destroy(sim);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(results), cmocka_unit_test(other_targets_refuse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
