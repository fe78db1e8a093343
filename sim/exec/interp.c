/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Parameter interpolation on values that are already in registers: multiply-adds that take a parameter from a
 * fixed lane of each quad. p10 is P10 * I + P0 with P10 in lane 1 and P0 in lane 0, p2 is P20 * J + (p10's
 * result) with P20 in lane 2.
 */
#include "executors.h"
#include "lanes.h"

/* Source n as f32 lanes, with neg; every lane takes that of its quad, or its own if quad_lane is negative. */
static void fetch(const struct wave *w, const struct inst *i, unsigned n, bool is_half, int quad_lane,
                  uint32_t *r) {
    lanes32 t, f;
    const uint32_t *x = source32(w, i, n, t);
    uint32_t sign = i->src[n].neg ? 0x80000000 : 0;
    unsigned shift = i->src[n].hi ? 16 : 0;
    FOR_LANES(l) f[l] = (is_half ? float_bits(f16_to_float(x[l] >> shift & 0xffff)) : x[l]) ^ sign;
    FOR_LANES(l) r[l] = f[quad_lane < 0 ? l : (l & ~3u) + (unsigned)quad_lane];
}

/* a * b + c rounded as m says; null is f32 to nearest even. */
static void interpolate(const struct wave *w, const struct inst *i, bool halves, bool is_p10,
                        const struct rounding *m, uint32_t *r) {
    lanes32 a, b, c;
    fetch(w, i, 0, halves, is_p10 ? 1 : 2, a);
    fetch(w, i, 1, false, -1, b);
    fetch(w, i, 2, halves && is_p10, is_p10 ? 0 : -1, c);
    FOR_LANES(l) r[l] = float_bits(fused_f32(m, bits_float(a[l]), bits_float(b[l]), bits_float(c[l])));
    if (any_nan_f32(r)) fix_nan_f32(w, NAN_FUSED, r, a, b, c);
}

static void write_f32(struct wave *w, const struct inst *i, bool halves, bool is_p10,
                      enum round_direction direction) {
    lanes32 r;
    struct rounding format = ROUNDING_F32(direction, flushes_32(w));
    interpolate(w, i, halves, is_p10, direction == ROUND_NEAREST && !flushes_32(w) ? NULL : &format, r);
    modify_f32(w, i, flushes_32(w), direction, r);
    write32(w, i, r);
}
/* Rounded once, from the exact sum to f16. */
static void write_f16(struct wave *w, const struct inst *i, enum round_direction direction) {
    lanes32 r;
    lanes16 h;
    struct rounding format = ROUNDING_F16(direction, flushes_16_64(w), w->mode & MODE_FP16_OVFL);
    interpolate(w, i, true, false, &format, r);
    floats_to_halves((const float *)r, h, LANES);
    finish_f16(w, i, h);
    write16(w, i, h);
}

/* name, how it is written; the rtz forms round towards zero whatever MODE says */
#define OPERATIONS(X)                                                                                        \
    X(v_interp_p10_f32, write_f32(w, i, false, true, direction_32(w)))                                       \
    X(v_interp_p2_f32, write_f32(w, i, false, false, direction_32(w)))                                       \
    X(v_interp_p10_f16_f32, write_f32(w, i, true, true, direction_32(w)))                                    \
    X(v_interp_p10_rtz_f16_f32, write_f32(w, i, true, true, ROUND_TO_ZERO))                                  \
    X(v_interp_p2_f16_f32, write_f16(w, i, direction_16_64(w)))                                              \
    X(v_interp_p2_rtz_f16_f32, write_f16(w, i, ROUND_TO_ZERO))

#define DEFINE(name, write)                                                                                  \
    static void name(struct wave *w, const struct inst *i) { write; }
OPERATIONS(DEFINE)

#define BIND_ROW(name, ...) BIND(name)
void SIMD_NAME(bind_interp)(exec_fn **table) { OPERATIONS(BIND_ROW) }
