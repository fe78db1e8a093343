/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Which functions execute which operations: every executor file's bind function, and the choice per
 * instruction. */
#ifndef RDNASIM_EXECUTORS_H
#define RDNASIM_EXECUTORS_H

#include "wave.h"

/*
 * X(generation, file): a line for each file, and the generation whose operations are in it; `any` has what they share.
 * Those of the first list exist once, others once per SIMD level.
 */
#define SCALAR_EXECUTORS(X)                                                                                  \
    X(any, salu)                                                                                             \
    X(any, salu_float)                                                                                       \
    X(any, smem)                                                                                             \
    X(any, flow)                                                                                             \
    X(any, buffer)                                                                                           \
    X(any, global)                                                                                           \
    X(any, ds)                                                                                               \
    X(gfx11, hwreg)

#define VECTOR_EXECUTORS(X)                                                                                  \
    X(any, int16)                                                                                            \
    X(any, int32)                                                                                            \
    X(any, int64)                                                                                            \
    X(any, f16)                                                                                              \
    X(any, f32)                                                                                              \
    X(any, f64)                                                                                              \
    X(any, convert)                                                                                          \
    X(any, interp)                                                                                           \
    X(any, trans)                                                                                            \
    X(any, compare)                                                                                          \
    X(any, packed)                                                                                           \
    X(any, cross)                                                                                            \
    X(gfx11, dot)                                                                                            \
    X(gfx11, wmma)

/* Approximate matrix products, which may take the place of exact ones. */
#define APPROXIMATE_EXECUTORS(X) X(gfx11, wmma_fast)

#define DECLARE_SCALAR(generation, file) bind_fn bind_##file;
#define DECLARE_VECTOR(generation, file)                                                                     \
    bind_fn bind_##file##_portable, bind_##file##_avx2, bind_##file##_avx512;
SCALAR_EXECUTORS(DECLARE_SCALAR)
VECTOR_EXECUTORS(DECLARE_VECTOR)
APPROXIMATE_EXECUTORS(DECLARE_VECTOR)
#undef DECLARE_SCALAR
#undef DECLARE_VECTOR

struct generation;

/* Whether this build has the level and this host can run it. */
bool executors_run_here(rdnasim_simd level);

/*
 * Fills table[OP_COUNT] for a level: null where the generation has no operation, or none is modelled. False if the
 * level does not run here.
 */
bool executors_bind(exec_fn **table, const struct generation *generation, rdnasim_simd level,
                    bool approximate_wmma);

/*
 * Sets exec, exec_x and plain of a decoded instruction (of both halves of a VOPD pair). Must be called before
 * the instruction is executed; exec is null afterwards if the table has no function for it.
 */
void executors_select(exec_fn *const *table, struct inst_pair *pair);

#endif
