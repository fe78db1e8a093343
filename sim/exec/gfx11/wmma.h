/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* WMMA: D = A * B + C on 16 x 16 matrices: reading and writing them. isa/gfx11/matrix.h says where they lie. */
#ifndef RDNASIM_WMMA_H
#define RDNASIM_WMMA_H

#include "dot.h"
#include "isa/gfx11/matrix.h"

enum { REGISTERS = 8, PAIRS = 8 }; /* of C and D at most; registers of A and of B in the float forms */

static inline struct shape shape_of(const struct wave *w) { return matrix_shape(w->wave_size, w->half); }

/* Register n of a source that is a range of registers, or a constant for all of them. */
static inline const uint32_t *source_register(const struct wave *w, const struct inst *i, unsigned s,
                                              unsigned n, uint32_t *t) {
    const struct operand *o = &i->src[s];
    if (o->kind == OPND_VGPR) return (const uint32_t *)&w->v[o->reg + n];
    uint32_t value = scalar_read32(w, o);
    FOR_LANES(l) t[l] = value;
    return t;
}

/* neg_lo and neg_hi negate the halves of A and B. */
static inline void fetch_factors(const struct wave *w, const struct inst *i, unsigned s, u32v *x) {
    uint32_t flip = (i->neg_lo >> s & 1 ? 0x8000 : 0) | (i->neg_hi >> s & 1 ? 0x80000000 : 0);
    for (unsigned k = 0; k < PAIRS; k++) {
        lanes32 t;
        x[k] = *(const u32v *)source_register(w, i, s, k, t) ^ flip;
    }
}

/* C in the form of f32, with neg and abs. */
static inline __attribute__((always_inline)) void
fetch_accumulator(const struct wave *w, const struct inst *i, enum dot_output out, lanes32 *acc) {
    unsigned shift = out != DOT_TO_F32 && i->op_sel & 4 ? 16 : 0;
    bool constant = i->src[2].kind != OPND_VGPR;
    uint32_t top = out == DOT_TO_F32 ? 0x80000000 : 0x8000;
    uint32_t magnitude = i->neg_hi & 4 ? ~top : ~UINT32_C(0), sign = i->neg_lo & 4 ? top : 0;
    for (unsigned r = 0; r < shape_of(w).registers; r++) {
        lanes32 t;
        const uint32_t *c = source_register(w, i, 2, r, t);
        FOR_LANES(l) {
            uint32_t x = constant ? c[l] : c[l] >> shift;
            acc[r][l] = ((x & magnitude) ^ sign) << (out == DOT_TO_BF16 ? 16 : 0);
        }
        if (out != DOT_TO_F16) continue;
        lanes16 halves;
        FOR_LANES(l) halves[l] = (uint16_t)acc[r][l];
        halves_to_floats(halves, (float *)acc[r], LANES);
    }
}

/* D; all lanes: matrix instructions ignore EXEC. */
static inline __attribute__((always_inline)) void store_result(struct wave *w, const struct inst *i,
                                                               enum dot_output out, lanes32 *acc) {
    unsigned shift = out != DOT_TO_F32 && i->op_sel & 4 ? 16 : 0;
    for (unsigned r = 0; r < shape_of(w).registers; r++) {
        uint32_t *d = (uint32_t *)&w->v[i->dst.reg + r];
        lanes32 result;
        if (unlikely(i->clamp)) clamp_f32(w, acc[r]);
        lanes16 halves;
        if (out == DOT_TO_F16) floats_to_halves((const float *)acc[r], halves, LANES);
        FOR_LANES(l) {
            uint32_t x = out == DOT_TO_F16 ? halves[l] : acc[r][l] >> 16;
            result[l] = out == DOT_TO_F32 ? acc[r][l] : (d[l] & 0xffff0000 >> shift) | x << shift;
        }
        memcpy(d, result, sizeof result);
    }
}

/* Adds A times B to acc; a constant wherever wmma_float is used. */
typedef void multiply_fn(enum dot_input in, enum dot_output out, struct shape shape, const u32v *a,
                         const u32v *b, lanes32 *acc);
static inline __attribute__((always_inline)) void wmma_float(struct wave *w, const struct inst *i,
                                                             enum dot_input in, enum dot_output out,
                                                             multiply_fn *multiply) {
    u32v a[PAIRS], b[PAIRS];
    lanes32 acc[REGISTERS];
    fetch_factors(w, i, 0, a);
    fetch_factors(w, i, 1, b);
    fetch_accumulator(w, i, out, acc);
    multiply(in, out, shape_of(w), a, b, acc);
    store_result(w, i, out, acc);
}

#define FLOAT_FORMS(X)                                                                                       \
    X(v_wmma_f32_16x16x16_f16, DOT_F16, DOT_TO_F32)                                                          \
    X(v_wmma_f32_16x16x16_bf16, DOT_BF16, DOT_TO_F32)                                                        \
    X(v_wmma_f16_16x16x16_f16, DOT_F16, DOT_TO_F16)                                                          \
    X(v_wmma_bf16_16x16x16_bf16, DOT_BF16, DOT_TO_BF16)

#endif
