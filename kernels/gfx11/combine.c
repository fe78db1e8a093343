/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Combine: a token's result is the sum of its slots' fp32 results, each times the slot's gate, in the order
 * of the slots, rounded once. Slots that name no expert count as zero; without gates all are 1. Grid (tokens,
 * N / COLUMNS); a lane has every THREADS-th of a work-group's columns.
 */
#include "gfx11.h"

enum { THREADS = COMBINE_WIDTH, PER_LANE = COMBINE_PER_LANE, COLUMNS = THREADS * PER_LANE };
enum { AT_ONCE = 8 }; /* slots whose results are asked for before the first of them is waited for */

struct sums {
    float of[PER_LANE];
};

/* The columns are n, n + THREADS, ...; those beyond N repeat the last one. */
INLINE struct sums sums_of_slots(const GLOBAL float *partial, const UNIFORM int *ids,
                                 const UNIFORM float *gates, u32 n, u32 N, u32 top_k, u32 experts) {
    u64 token = (u64)__builtin_amdgcn_workgroup_id_x() * top_k;
    const GLOBAL char *row = (const GLOBAL char *)(partial + token * N);
    u32 at[PER_LANE];
    struct sums sum;
    _Pragma("unroll") for (int c = 0; c < PER_LANE; c++) {
        at[c] = (n + c * THREADS < N ? n + c * THREADS : N - 1) * (u32)sizeof(float);
        sum.of[c] = 0;
    }
    for (u32 first = 0; first < top_k; first += AT_ONCE) {
        /* Else every load's address is kept in vector registers of its own. */
        _Pragma("unroll") for (int c = 0; c < PER_LANE; c++) __asm__("" : "+v"(at[c]));
        float part[AT_ONCE][PER_LANE];
        int used[AT_ONCE];
        _Pragma("unroll") for (int j = 0; j < AT_ONCE; j++) {
            used[j] = first + j < top_k && (!ids || (u32)ids[token + first + j] < experts);
            __asm__("" : "+s"(row));
            if (used[j])
                _Pragma("unroll") for (int c = 0; c < PER_LANE; c++) part[j][c] =
                    *(const GLOBAL float *)(row + at[c]);
            row += (u64)N * sizeof(float);
        }
        _Pragma("unroll") for (int j = 0; j < AT_ONCE; j++) if (used[j]) {
            float gate = gates ? gates[token + first + j] : 1;
            _Pragma("unroll") for (int c = 0; c < PER_LANE; c++) sum.of[c] =
                __builtin_fmaf(gate, part[j][c], sum.of[c]);
        }
    }
    return sum;
}

#define COMBINE(arch, act)                                                                                   \
    ONLY_##arch(KERNEL(THREADS) void w4a16_combine_##act(COMBINE_ARGS(PARAMETER)) {                          \
        u32 n = __builtin_amdgcn_workgroup_id_y() * COLUMNS + __builtin_amdgcn_workitem_id_x();              \
        struct sums sum = sums_of_slots(partial, ids, gates, n, N, top_k, experts);                          \
        _Pragma("unroll") for (int c = 0; c < PER_LANE; c++) if (n + c * THREADS < N)                        \
            out[__builtin_amdgcn_workgroup_id_x() * ldo + n + c * THREADS] =                                 \
                float_to_##act##_bits(sum.of[c]);                                                            \
    })
#include "../KERNELS.def"
