/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Decode: out[m,n] = round(sum over k of a[m,k] * scale * (q - zero) + bias) for 1..4 rows, on the dot2
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

#define MAX_ROWS         4
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
 * A batch is what is computed from loads of activations that are issued together: `words` words (8 K each) of a
 * block for all rows, at most 32 scalar registers, so that one batch can be in use and the next one under way
 * without spills.
 */
INLINE int batch_words(int rows) { return rows == 4 ? 2 : 4; }

typedef u32 scalar_x4 __attribute__((ext_vector_type(4), aligned(4)));
struct batch {
    u32x4 x[8];
};

/* A chunk's activations: in memory, where row m is row[m] bytes further on, or gathered, [rows][chunk] in LDS. */
struct activations {
    const UNIFORM char *a;
    const u32 *row;
    const LDS u32x4 *gathered;
};

INLINE struct batch fetch_batch(const struct activations from, int word, const int rows, const int blocks,
                                const int gathers) {
    const int words = batch_words(rows);
    const UNIFORM char *at = from.a + 16 * word;
    __asm__("" : "+s"(at)); /* else neighbouring batches' loads are merged, and moved to the first */
    struct batch b;
    _Pragma("unroll") for (int m = 0; m < rows; m++) _Pragma("unroll") for (int n = 0; n < words; n++) {
        if (gathers)
            b.x[m * words + n] = from.gathered[m * blocks * 4 + word + n];
        else
            b.x[m * words + n] = *(const UNIFORM scalar_x4 *)(at + (u64)from.row[m] + 16 * n);
    }
    return b;
}

/*
 * Act-order: of a chunk of 32, 64 or 128 K each lane gathers 1, 2 or 4 neighbours for every row. Which features
 * they are is known a chunk earlier. From the wave's own place in LDS all lanes then read what all have brought.
 */
struct places {
    u32 feature[MAX_CHUNK_BLOCKS];
};
struct gathered {
    u16 x[MAX_ROWS][MAX_CHUNK_BLOCKS];
};

INLINE struct places fetch_places(const struct problem p, u32 chunk, u32 lane, const int blocks) {
    struct places to;
    const GLOBAL int *first = p.order + (u64)chunk * blocks * LANES;
    _Pragma("unroll") for (int i = 0; i < blocks; i++) to.feature[i] = (u32)(first + i)[lane * blocks];
    return to;
}

INLINE struct gathered gather(const struct problem p, const struct places at, const u32 *row, const int rows,
                              const int blocks) {
    struct gathered g;
    _Pragma("unroll") for (int m = 0; m < rows; m++) {
        const GLOBAL u16 *a = (const GLOBAL u16 *)((u64)p.a + row[m]);
        __asm__("" : "+s"(a));
        _Pragma("unroll") for (int i = 0; i < blocks; i++) {
            u32 feature = at.feature[i] < p.features ? at.feature[i] : 0;
            g.x[m][i] = a[feature];
        }
    }
    _Pragma("unroll") for (int i = 0; i < blocks; i++) /* an empty place is no feature */
        if (at.feature[i] >= p.features) _Pragma("unroll") for (int m = 0; m < rows; m++) g.x[m][i] = 0;
    return g;
}

INLINE void put_gathered(LDS u16 *to, const struct gathered g, u32 lane, const int rows, const int blocks) {
    _Pragma("unroll") for (int m = 0; m < rows; m++) {
        LDS u16 *at = to + (m * LANES + lane) * blocks;
        if (blocks == 1) {
            at[0] = g.x[m][0];
            continue;
        }
        u32 pair[2] = {g.x[m][0] | (u32)g.x[m][1] << 16, g.x[m][2] | (u32)g.x[m][3] << 16};
        ((LDS u32 *)at)[0] = pair[0];
        if (blocks == 4) ((LDS u32 *)at)[1] = pair[1];
    }
    __builtin_amdgcn_wave_barrier(); /* lanes read what others wrote; a wave's LDS keeps its order */
}

/* What a lane needs of global memory for one chunk. */
struct chunk {
    u32x4 q[MAX_CHUNK_BLOCKS];
    u16 scale; /* as stored: with wider fields both compilers move scalar loads together and spill */
    u8 zero;
};

/* p's weights, scales and zeros are those of the work-group's strip. */
INLINE const GLOBAL char *chunk_at(const struct problem p, u32 chunk, u32 lane, const int blocks) {
    const GLOBAL char *at = uniform_base((const GLOBAL char *)(p.weights + (u64)chunk * blocks * LANES)) +
                            lane * PACK_COLUMN_BYTES;
    __asm__("" : "+v"(at)); /* scalar registers are scarce */
    return at;
}
INLINE u32x4 fetch_block(const GLOBAL char *chunk, const int block) {
    return __builtin_nontemporal_load((const GLOBAL u32x4 *)(chunk + block * PACK_BLOCK_BYTES));
}
INLINE void fetch_values(struct chunk *c, const struct problem p, u32 chunk, u32 lane, const int symmetric) {
    u32 entry = group_of(chunk, p.group_divisor) * p.grid.group_stride; /* fits: the plan sees to it */
    c->scale = uniform_base(p.scales + entry)[lane];
    if (!symmetric)
        c->zero = uniform_base(p.zeros + (entry >> p.grid.zero_halves))[lane >> p.grid.zero_halves];
}

/* Adds one chunk to the sums of every row. As soon as a block's weights have been used, those at `next` take their place. */
INLINE void add_chunk(struct chunk *c, struct zero_point z, const struct activations from,
                      const GLOBAL char *next, float *sum, const int rows, const int blocks, const int bf16,
                      const int gathers) {
    const int words = batch_words(rows), batches = blocks * 4 / words;
    struct batch now, later = fetch_batch(from, 0, rows, blocks, gathers);
    __builtin_amdgcn_sched_barrier(0);
    _Pragma("unroll") for (int u = 0; u < batches; u++) {
        const int word = u * words, block = word / 4;
        now = later;
        if (u + 1 < batches) later = fetch_batch(from, word + words, rows, blocks, gathers);
        u32 pair[16];
        _Pragma("unroll") for (int n = 0; n < 4 * words; n++) pair[n] =
            pair_of(c->q[block][word % 4 + n / 4], n % 4, z, bf16);
        if ((word + words) % 4 == 0) {
            _Pragma("unroll") for (int n = 0; n < 4 * words; n++) __asm__ volatile("" : "+v"(pair[n]));
            __builtin_amdgcn_sched_barrier(0); /* the old ones have been used: their registers are free */
            c->q[block] = fetch_block(next, block);
        }
        _Pragma("unroll") for (int m = 0; m < rows; m++)
            _Pragma("unroll") for (int n = 0; n < 4 * words; n++) {
            u32 x = now.x[m * words + n / 4][n % 4];
            sum[m] = bf16 ? dot2_bf16(pair[n], x, sum[m]) : dot2_f16(pair[n], x, sum[m]);
        }
        __builtin_amdgcn_sched_barrier(0); /* else the scheduler fetches everything first and spills */
    }
}

/* The sums of a strip's waves become results, row by row; in a rehearsal without sums and without results. */
INLINE void add_waves(const struct problem p, u32 wave, u32 lane, u32 strip, const int rows, const int bf16,
                      u32 rehearsal) {
    const struct results to = results();
    const struct rows list = rows_of(to.lists, to.M, to.N, rows);
    u32 n = strip * LANES + lane, waves = rehearsal ? 0 : p.waves;
    _Pragma("clang loop unroll(disable)") for (u32 m = wave; m < list.count; m += p.waves) {
        float sum = 0;
        _Pragma("clang loop unroll_count(4)") for (u32 w = 0; w < waves; w++) sum +=
            partial[(w * rows + m) * LANES + lane];
        if (to.bias) sum += to.bias[list.first_column + n];
        if (n >= to.N || rehearsal) continue;
        u64 at = row_to(list, m) * to.ldo + n;
        if (to.f32)
            ((GLOBAL float *)to.out)[at] = sum;
        else
            to.out[at] = bf16 ? float_to_bf16_bits(sum) : float_to_f16_bits(sum);
    }
}

INLINE void decode(struct problem p, const int bf16, const int rows, const int chunk_blocks,
                   const int symmetric, const int gathers) {
    u32 lane = lane_id(), wave = wave_id(), strip = __builtin_amdgcn_workgroup_id_x();
    __asm__ volatile("" ::"s"(p.out)); /* brings the line of what comes last */
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
    if (rows == 1) row[0] = list.first_m;
    if (list.list) _Pragma("unroll") for (int m = 0; m < rows; m++) row[m] = list.list[row[m]].from;
    _Pragma("unroll") for (int m = 0; m < rows; m++) row[m] *= p.lda_bytes;

    float total[MAX_ROWS];
    _Pragma("unroll") for (int m = 0; m < rows; m++) total[m] = 0;

    /* There is at least one chunk per wave. */
    const u32 chunks = p.blocks / chunk_blocks, step = p.waves;
    LDS u16 *own = (LDS u16 *)(partial + p.waves * rows * LANES) +
                   wave * (DECODE_GATHERED_BYTES(rows, chunk_blocks * PACK_BLOCK) / sizeof(u16));
    struct places places;
    struct gathered gathered;
    struct chunk c;
    const GLOBAL char *first = chunk_at(p, wave, lane, chunk_blocks);
    if (gathers) places = fetch_places(p, wave, lane, chunk_blocks);
    fetch_values(&c, p, wave, lane, symmetric);
    _Pragma("unroll") for (int b = 0; b < chunk_blocks; b++) {
        c.q[b] = fetch_block(first, b);
        __builtin_amdgcn_sched_barrier(0); /* what is used first comes first */
    }
    if (gathers) {
        gathered = gather(p, places, row, rows, chunk_blocks);
        if (wave + step < chunks) places = fetch_places(p, wave + step, lane, chunk_blocks);
    }
    /*
     * What comes behind the loop over K is rehearsed while the first weights are under way: that brings its code and
     * arguments. More rows have no scalar registers left for it.
     */
    u32 rehearsal = rows == 1;
    _Pragma("clang loop unroll(disable)") for (;;) {
        if (rows == 1) __asm__("" : "+s"(rehearsal)); /* else the compiler makes a copy of all of it */
        for (u32 chunk = wave; chunk < chunks && !rehearsal; chunk += step) {
            if (gathers) {
                put_gathered(own, gathered, lane, rows, chunk_blocks);
                if (chunk + step < chunks) gathered = gather(p, places, row, rows, chunk_blocks);
                if (chunk + 2 * step < chunks) places = fetch_places(p, chunk + 2 * step, lane, chunk_blocks);
            }
            float sum[MAX_ROWS];
            _Pragma("unroll") for (int m = 0; m < rows; m++) {
                sum[m] = 0;
                /* Else it is widened before the loop, and no longer a load's offset. */
                __asm__("" : "+s"(row[m]));
            }
            struct activations from = {p.a + (u64)chunk * chunk_blocks * 64, row, (const LDS u32x4 *)own};
            const float scale = scale_of(c.scale, p.scale_bf16);
            struct zero_point z = zero_point(symmetric ? 8 : zero_of(c.zero, lane, p.grid));
            /* Behind the wave's last chunk the strip's first one, which nobody uses. */
            const u32 following = chunk + step < chunks ? chunk + step : 0;
            fetch_values(&c, p, following, lane, symmetric); /* loads arrive in order: ahead of the weights */
            add_chunk(&c, z, from, chunk_at(p, following, lane, chunk_blocks), sum, rows, chunk_blocks, bf16,
                      gathers);
            _Pragma("unroll") for (int m = 0; m < rows; m++) total[m] =
                __builtin_fmaf(scale, sum[m], total[m]);
        }
        if (!rehearsal) {
            _Pragma("unroll") for (int m = 0; m < rows; m++) partial[(wave * rows + m) * LANES + lane] =
                total[m];
            barrier();
        }
        if (wave < (u32)rows) add_waves(p, wave, lane, strip, rows, bf16, rehearsal);
        if (!rehearsal) return;
        rehearsal = 0;
    }
}

#define DECODE_KERNEL(arch, act, m, chunk, zeros_kind, name, gathers)                                        \
    ONLY_##arch(KERNEL(512) void w4a16_decode_##act##_m##m##_g##chunk##_##name(DECODE_ARGS(PARAMETER)) {     \
        struct problem p = {DECODE_ARGS(NAME)};                                                              \
        decode(p, IS_##act, m, chunk / 32, IS_##zeros_kind, gathers);                                        \
    })
#define DECODE(arch, act, m, chunk, zeros) DECODE_KERNEL(arch, act, m, chunk, zeros, zeros, 0)
#define GATHER(arch, act, m, chunk, zeros) DECODE_KERNEL(arch, act, m, chunk, zeros, zeros##_gather, 1)
#include "../KERNELS.def"
