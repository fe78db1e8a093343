/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Which functions execute which operations: every executor file's bind function, and the choice per
 * instruction. */
#ifndef GFX11SIM_EXECUTORS_H
#define GFX11SIM_EXECUTORS_H

#include "wave.h"

/* Files that exist once: add a line for each. */
#define SCALAR_EXECUTORS(X)                                                                                  \
    X(salu)                                                                                                  \
    X(salu_float)                                                                                            \
    X(smem)                                                                                                  \
    X(flow)                                                                                                  \
    X(buffer)                                                                                                \
    X(global)                                                                                                \
    X(ds)

/* Files that are compiled once per SIMD level. */
#define VECTOR_EXECUTORS(X)                                                                                  \
    X(int16)                                                                                                 \
    X(int32)                                                                                                 \
    X(int64)                                                                                                 \
    X(f16)                                                                                                   \
    X(f32)                                                                                                   \
    X(f64)                                                                                                   \
    X(convert)                                                                                               \
    X(interp)                                                                                                \
    X(trans)                                                                                                 \
    X(compare)                                                                                               \
    X(packed)                                                                                                \
    X(dot)                                                                                                   \
    X(wmma)                                                                                                  \
    X(cross)

#define DECLARE_SCALAR(file) bind_fn bind_##file;
#define DECLARE_VECTOR(file) bind_fn bind_##file##_portable, bind_##file##_avx2, bind_##file##_avx512;
SCALAR_EXECUTORS(DECLARE_SCALAR)
VECTOR_EXECUTORS(DECLARE_VECTOR)
DECLARE_VECTOR(wmma_fast)
#undef DECLARE_SCALAR
#undef DECLARE_VECTOR

/* Whether this build has the level and this host can run it. */
bool executors_run_here(gfx11sim_simd level);

/* Fills table[OP_COUNT] for a level: null where nothing is modelled. False if the level does not run here. */
bool executors_bind(exec_fn **table, gfx11sim_simd level);

/* Puts approximate WMMA into a table that has been filled for the level. */
void executors_bind_approximate_wmma(exec_fn **table, gfx11sim_simd level);

/*
 * Sets exec, exec_x and plain of a decoded instruction (of both halves of a VOPD pair). Must be called before
 * the instruction is executed; exec is null afterwards if the table has no function for it.
 */
void executors_select(exec_fn *const *table, struct inst_pair *pair);

#endif
