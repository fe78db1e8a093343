/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Decode: out[m,n] = round(sum over k of a[m,k] * scale * (q - zero) + bias) for 1..16 rows, on the dot2
 * units.
 *
 *     work-group  = one strip of 32 columns; its waves share K: wave w takes chunks w, w + waves, ...
 *     lane        = one column
 *     block       = 32 K of a column: one 16-byte load per lane, 512 contiguous bytes per wave
 *     chunk       = 1, 2 or 4 blocks inside one group: summed by dot2, then scaled once, in fp32
 *
 * Activations are the same for all lanes of a wave, so they come through the scalar cache and are scalar
 * operands of the dot products. Weights are read once and bypass the caches' retention (non-temporal).
 *
 * Numerics: q - zero is exact in fp16 and bf16, products are exact, sums are fp32, the scale is applied in
 * fp32, and there is one rounding at the end. A chunk is at most 128 K, which bounds what the dot unit cuts
 * off (docs/numerics.md proves how far). The order of additions depends on N and K only: never on M, nor on
 * the schedule. Partial sums of the waves meet in LDS and are added in wave order by
 * one lane each.
 */
#include "dequant.h"
#include "experts.h"

#define MAX_ROWS         16
#define MAX_CHUNK_BLOCKS 4

extern LDS float partial[]; /* [waves][rows][32] */

struct problem {
    DECODE_ARGS(FIELD)
};

/* What is needed behind the loop over K only. Read there, for in the loop it would take registers. */
struct results {
    const GLOBAL float *bias;
    GLOBAL u16 *out;
    u64 ldo;
    struct expert_lists lists;
    u32 M, N, f32;
};
INLINE struct results results(void) {
    const UNIFORM struct decode_args *args = __builtin_amdgcn_kernarg_segment_ptr();
    __asm__("" : "+s"(args));
    struct results r = {
        (const GLOBAL float *)args->bias,
        (GLOBAL u16 *)args->out,
        args->ldo,
        {(const UNIFORM struct expert_tile *)args->tiles, (const UNIFORM struct expert_row *)args->rows},
        args->M,
        args->N,
        args->out_f32};
    return r;
}

/*
 * A batch is what is computed from scalar loads that are issued together: `words` words (8 K each) of a block
 * for `rows` rows, at most 32 scalar registers, so that one batch can be in use and the next one under way
 * without spills.
 */
struct batch_shape {
    int words, rows;
};
INLINE struct batch_shape batch_shape(int rows) {
    struct batch_shape s = {rows >= 8 ? 1 : rows == 4 ? 2 : 4, rows > 4 ? 4 : rows};
    return s;
}

typedef u32 scalar_x4 __attribute__((ext_vector_type(4), aligned(4)));
struct batch {
    u32x4 x[8];
};

/* Adds one chunk to the sums of every row. */
INLINE void add_chunk(const u32x4 *q, struct zero_point z, const UNIFORM char *a, const u32 *row, float *sum,
                      const int rows, const int blocks, const int bf16) {
    const struct batch_shape s = batch_shape(rows);
    const int row_parts = rows / s.rows, batches = blocks * 4 / s.words * row_parts;
    struct batch now, next;
    u32 pair[16];
    _Pragma("unroll") for (int u = -1; u < batches; u++) {
        /* Fetch batch u + 1 ... */
        if (u + 1 < batches) {
            int word = (u + 1) / row_parts * s.words, first = (u + 1) % row_parts * s.rows;
            const UNIFORM char *at = a + 16 * word;
            __asm__("" : "+s"(at)); /* else neighbouring batches' loads are merged, and moved to the first */
            _Pragma("unroll") for (int m = 0; m < s.rows; m++)
                _Pragma("unroll") for (int n = 0; n < s.words; n++)
                    next.x[m * s.words + n] = *(const UNIFORM scalar_x4 *)(at + (u64)row[first + m] + 16 * n);
        }
        /* ... while batch u is computed. */
        if (u >= 0) {
            int word = u / row_parts * s.words, first = u % row_parts * s.rows;
            if (first == 0) _Pragma("unroll") for (int n = 0; n < 4 * s.words; n++) {
                    pair[n] = pair_of(q[(word + n / 4) / 4][(word + n / 4) % 4], n % 4, z, bf16);
                }
            _Pragma("unroll") for (int m = 0; m < s.rows; m++)
                _Pragma("unroll") for (int n = 0; n < 4 * s.words; n++) {
                u32 x = now.x[m * s.words + n / 4][n % 4];
                float *acc = &sum[first + m];
                *acc = bf16 ? dot2_bf16(pair[n], x, *acc) : dot2_f16(pair[n], x, *acc);
            }
        }
        now = next;
        __builtin_amdgcn_sched_barrier(0); /* else the scheduler fetches everything first and spills */
    }
}

/* What a lane needs of global memory for one chunk. */
struct chunk {
    u32x4 q[MAX_CHUNK_BLOCKS];
    u16 scale; /* as stored: with wider fields both compilers move scalar loads together and spill */
    u8 zero;
};

/* p's weights, scales and zeros are those of the work-group's strip. */
INLINE struct chunk fetch_chunk(const struct problem p, u32 chunk, u32 lane, const int blocks,
                                const int symmetric) {
    struct chunk c;
    /* Uniform bases, so that one 32-bit lane offset serves all loads. */
    const GLOBAL u32x4 *first = p.weights + (u64)chunk * blocks * LANES;
    u32 entry = group_of(chunk, p.group_divisor) * p.grid.group_stride; /* fits: the plan sees to it */
    _Pragma("unroll") for (int b = 0; b < blocks; b++) c.q[b] =
        __builtin_nontemporal_load(&(first + b * LANES)[lane]);
    c.scale = (p.scales + entry)[lane];
    if (!symmetric) c.zero = (p.zeros + (entry >> p.grid.zero_halves))[lane >> p.grid.zero_halves];
    return c;
}

INLINE void decode(struct problem p, const int bf16, const int rows, const int chunk_blocks,
                   const int symmetric) {
    u32 lane = lane_id(), wave = wave_id(), strip = __builtin_amdgcn_workgroup_id_x();
    struct rows list = rows_of(p.lists, p.M, p.N, rows);
    if (list.count == 0) return;
    u64 stored = list.first_column / LANES + strip; /* the strip, among those of all experts */
    p.weights += stored * p.blocks * LANES;
    u64 values = (u64)list.first_column * p.groups + grid_entry(p.grid, strip, 0);
    p.scales += values;
    if (!symmetric) p.zeros += values >> p.grid.zero_halves;
    /* Rows beyond the last repeat it and are not stored. */
    u32 row[MAX_ROWS], last = list.count - 1;
    _Pragma("unroll") for (int m = 0; m < rows; m++) {
        u32 wanted = m;
        __asm__(""
                : "+s"(wanted)); /* else min(1, last) becomes a comparison's result, in a vector register */
        row[m] = wanted < last ? wanted : last;
    }
    if (list.list) _Pragma("unroll") for (int m = 0; m < rows; m++) row[m] = list.list[row[m]].from;
    _Pragma("unroll") for (int m = 0; m < rows; m++) row[m] *= p.lda_bytes;

    float total[MAX_ROWS];
    _Pragma("unroll") for (int m = 0; m < rows; m++) total[m] = 0;

    /* The next chunk is fetched before the current one is computed. There is at least one chunk per wave. */
    u32 chunks = p.blocks / chunk_blocks;
    struct chunk now = fetch_chunk(p, wave, lane, chunk_blocks, symmetric);
    for (u32 chunk = wave; chunk < chunks; chunk += p.waves) {
        struct chunk next = now;
        if (chunk + p.waves < chunks) next = fetch_chunk(p, chunk + p.waves, lane, chunk_blocks, symmetric);
        float sum[MAX_ROWS];
        _Pragma("unroll") for (int m = 0; m < rows; m++) {
            sum[m] = 0;
            __asm__(""
                    : "+s"(row[m])); /* else it is widened before the loop, and no longer a load's offset */
        }
        add_chunk(now.q, zero_point(symmetric ? 8 : zero_of(now.zero, lane, p.grid)),
                  p.a + (u64)chunk * chunk_blocks * 64, row, sum, rows, chunk_blocks, bf16);
        float scale = scale_of(now.scale, p.scale_bf16);
        _Pragma("unroll") for (int m = 0; m < rows; m++) total[m] = __builtin_fmaf(scale, sum[m], total[m]);
        now = next;
    }

    _Pragma("unroll") for (int m = 0; m < rows; m++) partial[(wave * rows + m) * LANES + lane] = total[m];
    barrier();

    if (wave >= (u32)rows) return; /* no row is left for it */
    const struct results to = results();
    list = rows_of(to.lists, to.M, to.N, rows);
    u32 n = strip * LANES + lane;
    for (u32 m = wave; m < list.count; m += p.waves) {
        float sum = 0;
        for (u32 w = 0; w < p.waves; w++) sum += partial[(w * rows + m) * LANES + lane];
        if (to.bias) sum += to.bias[list.first_column + n];
        if (n >= to.N) continue;
        u64 at = row_to(list, m) * to.ldo + n;
        if (to.f32)
            ((GLOBAL float *)to.out)[at] = sum;
        else
            to.out[at] = bf16 ? float_to_bf16_bits(sum) : float_to_f16_bits(sum);
    }
}

#define DECODE(arch, act, m, chunk, zeros_kind)                                                              \
    ONLY_##arch(                                                                                             \
        KERNEL(512) void w4a16_decode_##act##_m##m##_g##chunk##_##zeros_kind(DECODE_ARGS(PARAMETER)) {       \
            struct problem p = {DECODE_ARGS(NAME)};                                                          \
            decode(p, IS_##act, m, chunk / 32, IS_##zeros_kind);                                             \
        })
#include "../KERNELS.def"
