/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Approximate WMMA, for options.approximate_wmma only: plain fp32 multiplications and additions in the order
 * of k, starting from C, rounded to the result's format once at the end (bf16: cut off). Every NaN becomes
 * the default one. The last bits are not the silicon's, but they are the same at every SIMD level.
 */
#include "exec/executors.h"
#include "wmma.h"

enum { ROW = 16, K = 16, BLOCK = 4 }; /* lanes of a row; inner dimension; rows summed at a time */
typedef float row_f32 __attribute__((vector_size(4 * ROW)));

/* x[k][lane] from pairs in consecutive bits. */
static inline __attribute__((always_inline)) void widen(enum dot_input in, const u32v *pairs,
                                                        float (*x)[LANES]) {
    for (unsigned p = 0; p < PAIRS; p++) {
        const uint32_t *bits = (const uint32_t *)&pairs[p];
        if (in == DOT_F16) {
            lanes16 low, high;
            FOR_LANES(l) low[l] = (uint16_t)bits[l];
            FOR_LANES(l) high[l] = (uint16_t)(bits[l] >> 16);
            halves_to_floats(low, x[2 * p], LANES);
            halves_to_floats(high, x[2 * p + 1], LANES);
        } else {
            u32v low = pairs[p] << 16, high = pairs[p] & 0xffff0000;
            memcpy(x[2 * p], &low, sizeof low);
            memcpy(x[2 * p + 1], &high, sizeof high);
        }
    }
}

static inline __attribute__((always_inline)) void multiply(enum dot_input in, enum dot_output out,
                                                           struct shape shape, const u32v *a, const u32v *b,
                                                           lanes32 *acc) {
    (void)out; /* sums are fp32 whatever the result is */
    float fa[K][LANES] LANES_ALIGNED, fb[K][LANES] LANES_ALIGNED;
    widen(in, a, fa);
    widen(in, b, fb);
    for (unsigned first = 0; first < shape.registers; first += BLOCK)
        for (unsigned half = 0; half < LANES; half += ROW) {
            row_f32 sum[BLOCK];
            for (unsigned r = 0; r < BLOCK; r++) memcpy(&sum[r], &acc[first + r][half], sizeof sum[r]);
            for (unsigned k = 0; k < K; k++) {
                row_f32 column;
                memcpy(&column, &fb[k][half], sizeof column);
                for (unsigned r = 0; r < BLOCK; r++)
                    sum[r] += fa[k][lane_of_a(shape, first + r, half)] * column;
            }
            for (unsigned r = 0; r < BLOCK; r++) memcpy(&acc[first + r][half], &sum[r], sizeof sum[r]);
        }
    for (unsigned r = 0; r < shape.registers; r++)
        FOR_LANES(l) acc[r][l] = select32(nan_f32(acc[r][l]), DEFAULT_NAN_32, acc[r][l]);
}

#define DEFINE_FLOAT(name, in, out)                                                                          \
    static void name(struct wave *w, const struct inst *i) { wmma_float(w, i, in, out, multiply); }
FLOAT_FORMS(DEFINE_FLOAT)

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_wmma_fast)(exec_fn **table) { FLOAT_FORMS(BIND_ROW) }
