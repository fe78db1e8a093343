/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Strip: out = round(a * scale * (q - zero) + bias) for batches of tens of rows, on the matrix units.
 *
 *     work-group  = one strip of 32 columns and 16 or 32 rows; its waves share K, as in decode.c:
 *                   wave w takes folds w, w + waves, ...
 *     fold        = 32, 64 or 128 K inside one group (16 for groups that 32 does not divide): summed, then
 *                   scaled
 *     pair        = two blocks of 32 K that a wave fetches together: a row's K of both are one line of a cache
 *
 * With few rows the weights are what has to be brought, and each is used by one wave: they go from memory to
 * registers and are dequantised there. The matrix units want weights and activations twice, once in either half
 * of the wave (lane = column or row, K in order). So both are brought once, in the order in which memory has
 * them, and pass through LDS, where no other wave looks.
 *
 * Numerics and the order of additions are decode.c's: they depend on N and K, never on M. Partial sums of the
 * waves meet in LDS and are added in wave order by one lane each.
 */
#include "matrix.h"

#define MOST_FRAGMENTS 2                    /* of 16 rows */
#define MOST_LOADS     (2 * MOST_FRAGMENTS) /* of 8 rows */
#define PIECES         4                    /* of 8 K in a block */

/* Of each wave a block of activations, [rows][pieces], and one of weights, [pieces][32 columns]; in the end partial
 * sums, [waves][rows][32]. */
extern LDS u32x4 exchange[];
extern LDS float partial[];

/* The scale of a group for the lane's column of each fragment, and the zero of the column that it dequantises. As wide
 * as registers: halves of them would have to be joined, and waited for, where they are only handed on. */
struct group_values {
    u32 scale[2], zero;
};

/* Weights of the lane's column, and what belongs to them; values of either half of a block where they may differ. */
struct pair {
    u32x4 weights[2];
    struct group_values values[2][2];
};

/* What is the same for all that a lane fetches. Lanes' offsets are bytes, which loads add to a uniform address. */
struct fetch {
    const GLOBAL u32x4 *weights; /* of the strip */
    const GLOBAL char *a;        /* of row 0 */
    u64 entry;                   /* of the strip, in scales */
    u32 lane, column, scale, row[MOST_LOADS];
};

INLINE struct group_values fetch_values(const struct matrix_problem p, const struct fetch f, u32 granule,
                                        const int symmetric) {
    struct group_values v;
    u32 group = group_of(granule, p.divisor);
    if (group >= p.groups) group = p.groups - 1; /* the padding behind K */
    u64 entry = f.entry + (u64)group * p.grid.group_stride;
    const GLOBAL char *scales = (const GLOBAL char *)(p.scales + entry);
    __asm__("" : "+s"(scales)); /* else the lane's offset is added to it first, in vector registers */
    _Pragma("unroll") for (int j = 0; j < 2; j++) v.scale[j] =
        *(const GLOBAL u16 *)(scales + f.scale + 32 * j);
    if (!symmetric) v.zero = (p.zeros + (entry >> p.grid.zero_halves))[f.lane >> p.grid.zero_halves];
    return v;
}

INLINE struct pair fetch_pair(const struct matrix_problem p, const struct fetch f, const u32 *block,
                              const int halves, const int symmetric) {
    struct pair pair;
    _Pragma("unroll") for (int b = 0; b < 2; b++) {
        const GLOBAL char *weights = (const GLOBAL char *)(f.weights + (u64)block[b] * LANES);
        __asm__("" : "+s"(weights));
        pair.weights[b] = __builtin_nontemporal_load((const GLOBAL u32x4 *)(weights + f.column));
        _Pragma("unroll") for (int h = 0; h <= halves; h++) pair.values[b][h] =
            fetch_values(p, f, halves ? 2 * block[b] + h : block[b], symmetric);
    }
    return pair;
}

INLINE void fetch_activations(u32x4 x[2][MOST_LOADS], const struct fetch f, const u32 *block,
                              const int loads) {
    const GLOBAL char *at[2];
    _Pragma("unroll") for (int b = 0; b < 2; b++) {
        at[b] = f.a + (u64)block[b] * (2 * PACK_BLOCK);
        __asm__("" : "+s"(at[b]));
    }
    _Pragma("unroll") for (int i = 0; i < loads; i++) _Pragma("unroll") for (int b = 0; b < 2; b++) x[b][i] =
        *(const GLOBAL activations_x4 *)(at[b] + f.row[i]);
}

/* A tile, by as many fragments as hold its rows. */
INLINE void tile(struct matrix_problem p, struct rows list, const u32 m_tile, const int bf16, const int frags,
                 const int halves, const int symmetric) {
    u32 lane = lane_id(), wave = wave_id(), s = __builtin_amdgcn_workgroup_id_x();
    /* Else what full tiles and others compute from it is computed once, and kept in more registers. */
    if (m_tile > 16) __asm__("" : "+v"(lane));
    const u32 rows = frags * 16, loads = rows / 8;
    p = of_expert(p, list);

    struct fetch f = {p.weights + (u64)s * p.blocks * LANES,
                      (const GLOBAL char *)(p.a + (u64)list.first_m * p.lda),
                      grid_entry(p.grid, s, 0),
                      lane,
                      lane * (u32)sizeof(u32x4),
                      lane % 16 * (u32)sizeof(u16),
                      {0}};
    /* Four lanes bring a row's block. Rows beyond the last repeat it and are not stored. */
    _Pragma("unroll") for (u32 i = 0; i < loads; i++) {
        u32 m = 8 * i + lane / PIECES;
        f.row[i] = m < list.count ? m : list.count - 1;
    }
    if (list.list) _Pragma("unroll") for (u32 i = 0; i < loads; i++) f.row[i] = list.list[f.row[i]].from;
    _Pragma("unroll") for (u32 i = 0; i < loads; i++) f.row[i] =
        f.row[i] * (u32)(sizeof(u16) * p.lda) + lane % PIECES * (u32)sizeof(u32x4);

    /* The pieces of a row change places from one pair of rows to the next, so that eight lanes never meet in a bank,
     * neither two rows that are stored nor eight that are loaded. */
    LDS u32x4 *activations = exchange + wave * (PIECES * (rows + LANES)),
              *weights = activations + PIECES * rows;
    LDS u32x4 *to = activations + (lane / PIECES * PIECES + (lane % PIECES ^ lane / 8)), *from[PIECES];
    _Pragma("unroll") for (u32 piece = 0; piece < PIECES; piece++) from[piece] =
        activations + (lane % 16 * PIECES + (piece ^ lane / 2 % PIECES));

    float8 total[MOST_FRAGMENTS][2], acc[MOST_FRAGMENTS][2];
    _Pragma("unroll") for (int i = 0; i < frags; i++) _Pragma("unroll") for (int j = 0; j < 2; j++)
        total[i][j] = (float8)(0.0f);

#define FOLD(v)                                                                                              \
    _Pragma("unroll") for (int j = 0; j < 2; j++) {                                                          \
        float scale = scale_of((u16)(v).scale[j], p.scale_bf16);                                             \
        _Pragma("unroll") for (int i = 0; i < frags; i++) {                                                  \
            total[i][j] = scaled_sum(total[i][j], acc[i][j], scale);                                         \
        }                                                                                                    \
    }

    /* Of a pair the second block is the next one, or, where each is a fold, the wave's next fold. Weights are fetched a
     * pair ahead, activations when those before them have gone to LDS. What follows the last is it again, unused. */
    u32 step = p.fold > 1 ? 1 : p.waves, hop = p.fold > 1 ? (p.waves - 1) * p.fold : 2 * p.waves - 2;
    u32 last = p.blocks - 1, block[2] = {wave * p.fold, wave * p.fold + step};
    u32 fetched[2] = {block[0] < last ? block[0] : last, block[1] < last ? block[1] : last};
    struct pair next = fetch_pair(p, f, fetched, halves, symmetric);
    u32x4 x[2][MOST_LOADS];
    fetch_activations(x, f, fetched, loads);
    while (block[0] <= last) {
        /* Else these are widened before the loop, and no longer a load's offset. */
        __asm__("" : "+v"(f.column), "+v"(f.scale));
        _Pragma("unroll") for (u32 i = 0; i < loads; i++) __asm__("" : "+v"(f.row[i]));
        struct pair now = next;
        u32 following = block[0] + 2;
        if ((following & (p.fold - 1)) == 0) following += hop;
        fetched[0] = following < last ? following : last;
        fetched[1] = following + step < last ? following + step : last;
        next = fetch_pair(p, f, fetched, halves, symmetric);
        __builtin_amdgcn_sched_barrier(0); /* under way before this pair is dequantised */
        _Pragma("unroll") for (int b = 0; b < 2; b++) {
            if (block[b] > last) break;
            _Pragma("unroll") for (u32 i = 0; i < loads; i++) to[8 * PIECES * i] = x[b][i];
            _Pragma("unroll") for (int h = 0; h < 2; h++) {
                struct group_values v = now.values[b][halves && h];
                u32x8 w = dequantise(now.weights[b][2 * h], now.weights[b][2 * h + 1],
                                     zero_point(symmetric ? 8 : zero_of((u8)v.zero, lane, p.grid)), bf16);
                weights[2 * h * LANES + lane] = w.lo;
                weights[(2 * h + 1) * LANES + lane] = w.hi;
            }
            if (b) fetch_activations(x, f, fetched, loads);
            __builtin_amdgcn_wave_barrier(); /* lanes read what others wrote; a wave's LDS keeps its order */
            _Pragma("unroll") for (int h = 0; h < 2; h++) {
                const int begins = halves || (h == 0 && (block[b] & (p.fold - 1)) == 0); /* a fold */
                u32x8 w[2];
                _Pragma("unroll") for (int j = 0; j < 2; j++) {
                    const LDS u32x4 *column = weights + 2 * h * LANES + 16 * j + lane % 16;
                    w[j] = join(column[0], column[LANES]);
                }
                _Pragma("unroll") for (int i = 0; i < frags; i++) {
                    u32x8 row = join(from[2 * h][16 * PIECES * i], from[2 * h + 1][16 * PIECES * i]);
                    _Pragma("unroll") for (int j = 0; j < 2; j++) acc[i][j] =
                        begins ? wmma_fresh(row, w[j], bf16) : wmma(row, w[j], acc[i][j], bf16);
                }
                if (halves) FOLD(now.values[b][h])
            }
            __builtin_amdgcn_wave_barrier();
            if (!halves && ((block[b] + 1) & (p.fold - 1)) == 0) FOLD(now.values[b][0])
        }
        block[0] = following, block[1] = following + step;
    }

    barrier(); /* other waves' places become sums */
    _Pragma("unroll") for (int i = 0; i < frags; i++) _Pragma("unroll") for (int j = 0; j < 2; j++)
        _Pragma("unroll") for (int e = 0; e < 8; e++)
            partial[(wave * rows + 16 * i + 2 * e + lane / 16) * LANES + 16 * j + lane % 16] = total[i][j][e];
    barrier();

    list = rows_of(p.lists, p.M, p.N, m_tile);
    u32 n = s * LANES + lane;
    for (u32 m = wave; m < rows && m < list.count; m += p.waves) {
        float sum = 0;
        for (u32 w = 0; w < p.waves; w++) sum += partial[(w * rows + m) * LANES + lane];
        if (p.bias) sum += p.bias[list.first_column + n];
        if (n >= p.N) continue;
        u64 to = row_to(list, m) * p.ldo + n;
        if (p.out_f32)
            ((GLOBAL float *)p.out)[to] = sum;
        else
            p.out[to] = rounded(sum, bf16);
    }
}

INLINE void strip(struct matrix_problem p, const u32 m_tile, const int bf16, const int halves,
                  const int symmetric) {
    struct rows list = rows_of(p.lists, p.M, p.N, m_tile);
    if (list.count == 0) return;
    /* Likely, so that the code of few rows lies behind that of full tiles, which is fetched in order. */
    if (m_tile > 16 && __builtin_expect(list.count > 16, 1)) {
        tile(p, list, m_tile, bf16, m_tile / 16, halves, symmetric);
        return;
    }
    tile(p, list, m_tile, bf16, 1, halves, symmetric);
}

#define STRIP(arch, act, m, granule, zeros_kind)                                                             \
    ONLY_##arch(                                                                                             \
        KERNEL(512) void w4a16_strip_##act##_m##m##_g##granule##_##zeros_kind(MATRIX_ARGS(PARAMETER)) {      \
            LOAD_ARGUMENTS(MATRIX_ARGS);                                                                     \
            struct matrix_problem p = {MATRIX_ARGS(NAME)};                                                   \
            strip(p, m, IS_##act, granule == 16, IS_##zeros_kind);                                           \
        })
#include "../KERNELS.def"
