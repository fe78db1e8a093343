/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * WMMA as the silicon computes it. A float element is eight dot-product steps (dot.h) over k = (0,1), (2,3),
 * ..., each rounded.
 */
#include "wmma.h"
#include "exec/executors.h"

struct factors { /* one register of A or B, taken apart */
    lanes32 bits, m0, m1;
    int32_t e0[LANES] LANES_ALIGNED, e1[LANES] LANES_ALIGNED;
};

static inline __attribute__((always_inline)) bool take_apart(enum dot_input in, const uint32_t *x,
                                                             struct factors *f) {
    lanes32 special;
    FOR_LANES(l) {
        uint32_t low = x[l] & 0xffff, high = x[l] >> 16;
        f->bits[l] = x[l];
        f->m0[l] = dot_mantissa(in, low);
        f->m1[l] = dot_mantissa(in, high);
        f->e0[l] = dot_weight(in, low);
        f->e1[l] = dot_weight(in, high);
        special[l] = dot_is_special(in, low) | dot_is_special(in, high);
    }
    return any_lane(special);
}

/* acc: C in the form of f32, becomes D. */
static inline __attribute__((always_inline)) void multiply(enum dot_input in, enum dot_output out,
                                                           struct shape shape, const u32v *a, const u32v *b,
                                                           lanes32 *acc) {
    lanes32 start[REGISTERS], largest;
    memcpy(start, acc, shape.registers * sizeof *start);
    bool any = false;
    FOR_LANES(l) largest[l] = 0;
    for (unsigned k = 0; k < PAIRS; k++) {
        struct factors fa, fb;
        any |= take_apart(in, (const uint32_t *)&a[k], &fa);
        any |= take_apart(in, (const uint32_t *)&b[k], &fb);
        for (unsigned r = 0; r < shape.registers; r++)
            for (unsigned half = 0; half < LANES; half += 16) {
                /* said of each half: else the compiler divides by 16 here */
                unsigned n = half ? lane_of_a(shape, r, 16) : lane_of_a(shape, r, 0);
                uint32_t bits = fa.bits[n], m0 = fa.m0[n], m1 = fa.m1[n], *c = &acc[r][half];
                int32_t e0 = fa.e0[n], e1 = fa.e1[n];
                for (unsigned l = 0; l < 16; l++) {
                    uint32_t z = c[l], magnitude = z & 0x7fffffff, s = bits ^ fb.bits[half + l];
                    largest[half + l] = magnitude > largest[half + l] ? magnitude : largest[half + l];
                    c[l] = dot_step(in, out, m0 * fb.m0[half + l], e0 + fb.e0[half + l], s << 16,
                                    m1 * fb.m1[half + l], e1 + fb.e1[half + l], s, z);
                }
            }
    }
    FOR_LANES(l) largest[l] = largest[l] >= 0x7f800000;
    if (likely(!any && !any_lane(largest))) return;
    for (unsigned r = 0; r < shape.registers; r++) FOR_LANES(l) {
            uint32_t z = start[r][l];
            for (unsigned k = 0; k < PAIRS; k++)
                z = dot_step_any(in, out, a[k][lane_of_a(shape, r, l)], b[k][l], z);
            acc[r][l] = z;
        }
}

#define DEFINE_FLOAT(name, in, out)                                                                          \
    static void name(struct wave *w, const struct inst *i) { wmma_float(w, i, in, out, multiply); }
FLOAT_FORMS(DEFINE_FLOAT)

/* ---- integers: exact, then wrapped or clamped; bits 0 and 1 of neg_lo say which matrices are signed ---- */

static inline __attribute__((always_inline)) void unpack(const struct wave *w, const struct inst *i,
                                                         unsigned s, unsigned bits, int32_t x[16][LANES]) {
    bool is_signed = i->neg_lo >> s & 1;
    unsigned per_register = 32 / bits;
    for (unsigned k = 0; k < 16; k++) {
        lanes32 t;
        const uint32_t *f = source_register(w, i, s, k / per_register, t);
        FOR_LANES(l) {
            uint32_t high = f[l] << (32 - bits * (k % per_register + 1));
            x[k][l] = is_signed ? (int32_t)high >> (32 - bits) : (int32_t)(high >> (32 - bits));
        }
    }
}

static inline __attribute__((always_inline)) void wmma_integer(struct wave *w, const struct inst *i,
                                                               unsigned bits) {
    const struct shape shape = shape_of(w);
    int32_t a[16][LANES], b[16][LANES];
    lanes32 d[REGISTERS];
    unpack(w, i, 0, bits, a);
    unpack(w, i, 1, bits, b);
    for (unsigned r = 0; r < shape.registers; r++) {
        lanes32 t;
        int32_t product[LANES] = {0}; /* at most 16 * 255 * 255 */
        const uint32_t *c = source_register(w, i, 2, r, t);
        for (unsigned k = 0; k < 16; k++) FOR_LANES(l) product[l] += a[k][lane_of_a(shape, r, l)] * b[k][l];
        FOR_LANES(l) {
            int64_t sum = (int64_t)(int32_t)c[l] + product[l];
            int64_t clamped = sum < INT32_MIN ? INT32_MIN : sum > INT32_MAX ? INT32_MAX : sum;
            d[r][l] = (uint32_t)(i->clamp ? clamped : sum);
        }
    }
    for (unsigned r = 0; r < shape.registers; r++) memcpy(&w->v[i->dst.reg + r], d[r], sizeof d[r]);
}
static void v_wmma_i32_16x16x16_iu8(struct wave *w, const struct inst *i) { wmma_integer(w, i, 8); }
static void v_wmma_i32_16x16x16_iu4(struct wave *w, const struct inst *i) { wmma_integer(w, i, 4); }

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_wmma)(exec_fn **table) {
    FLOAT_FORMS(BIND_ROW)
    BIND(v_wmma_i32_16x16x16_iu8)
    BIND(v_wmma_i32_16x16x16_iu4)
}
