/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Matrix: out = round(a * scale * (q - zero) + bias) for many rows, on the matrix units.
 *
 *     work-group  = a tile of tile_m rows and tile_n columns, for all of K
 *     wave        = frags_m x frags_n fragments of 16 x 16 of it
 *     step        = 32 K (a block of the packed layout), brought to LDS once for the whole work-group
 *
 *     global memory --registers--> LDS, buffer (s + 1) % 2         while the matrix units work on
 *                     dequantised on the way                        LDS, buffer s % 2
 *
 * Each weight is dequantised once per tile. A row of LDS is 32 K of 2 bytes and 16 bytes of padding: at that
 * pitch eight rows of 16 bytes lie in 32 different banks, so reads of 16 bytes have no conflicts.
 *
 * Numerics: as in decode.c. Sums of at most 128 K inside a group are folded, scaled, into fp32 totals, so
 * there are two sets of accumulators; the order of all additions follows from K alone.
 */
#include "matrix.h"

enum { STEP = PACK_BLOCK, PITCH = MATRIX_PITCH / sizeof(u16) };

extern LDS u32x4 shared[];

struct tile {
    int waves_m, waves_n, frags_m, frags_n;
};

INLINE u32 tile_rows(const struct tile tile) { return tile.waves_m * tile.frags_m * 16; }
INLINE u32 tile_columns(const struct tile tile) { return tile.waves_n * tile.frags_n * 16; }
INLINE u32 threads_of(const struct tile tile) { return tile.waves_m * tile.waves_n * LANES; }
INLINE int parts_of_a(const struct tile tile) { return tile_rows(tile) * 2 / threads_of(tile); }
INLINE int parts_of_b(const struct tile tile) { return tile_columns(tile) * 2 / threads_of(tile); }

/*
 * What a thread brings from global memory to LDS in each step: half-rows of A and half-columns of B; from
 * where, and to which elements of a buffer.
 */
enum { PARTS_MAX = 2 };
struct route {
    const GLOBAL u16 *from_a[PARTS_MAX];
    const GLOBAL u32x2 *from_b[PARTS_MAX];
    u32 strip[PARTS_MAX], column[PARTS_MAX], half[PARTS_MAX]; /* of B's parts */
    u32 put_a[PARTS_MAX], put_b[PARTS_MAX];
};
struct carried {
    u32x4 a[PARTS_MAX][2];
    u32x2 q[PARTS_MAX];
    u8 zero[PARTS_MAX];
};

/* Rows beyond the last and strips beyond N repeat the last one: they are computed and not stored. */
INLINE struct route route_of(const struct matrix_problem *p, const struct rows *list, u32 first_n,
                             const struct tile tile, u32 t) {
    const u32 threads = threads_of(tile);
    const int parts_a = parts_of_a(tile), parts_b = parts_of_b(tile);
    struct route r;
    _Pragma("unroll") for (int n = 0; n < parts_a; n++) {
        u32 part = t + n * threads, m = part / 2;
        if (m >= list->count) m = list->count - 1;
        r.from_a[n] = p->a + row_from(*list, m) * p->lda + part % 2 * 16;
        r.put_a[n] = part / 2 * PITCH + part % 2 * 16;
    }
    _Pragma("unroll") for (int n = 0; n < parts_b; n++) {
        u32 part = t + n * threads, strip = first_n / PACK_STRIP + part / (2 * PACK_STRIP);
        if (strip >= p->strips) strip = p->strips - 1;
        r.from_b[n] = (const GLOBAL u32x2 *)(p->weights + (u64)strip * p->blocks * LANES) + part % 64;
        r.strip[n] = strip;
        r.column[n] = part / 2 % LANES;
        r.half[n] = part % 2;
        r.put_b[n] = (tile_rows(tile) + part / 2) * PITCH + part % 2 * 16;
    }
    return r;
}

INLINE void fetch(struct carried *c, const struct matrix_problem *p, const struct route *r,
                  const struct tile tile, u32 step, const int halves, const int symmetric) {
    const int parts_a = parts_of_a(tile), parts_b = parts_of_b(tile);
    _Pragma("unroll") for (int n = 0; n < parts_a; n++) {
        const GLOBAL u16 *at = r->from_a[n] + (u64)step * STEP;
        c->a[n][0] = *(const GLOBAL activations_x4 *)at;
        c->a[n][1] = *(const GLOBAL activations_x4 *)(at + 8);
    }
    _Pragma("unroll") for (int n = 0; n < parts_b; n++) {
        c->q[n] = __builtin_nontemporal_load(&r->from_b[n][(u64)step * 64]);
        if (symmetric) continue;
        u32 group = group_of(halves ? 2 * step + r->half[n] : step, p->divisor);
        if (group >= p->groups) group = p->groups - 1; /* the padding behind K */
        c->zero[n] =
            p->zeros[(grid_entry(p->grid, r->strip[n], group) + r->column[n]) >> p->grid.zero_halves];
    }
}

INLINE void put(LDS u16 *to, const struct carried *c, const struct matrix_problem *p, const struct route *r,
                const struct tile tile, const int bf16, const int symmetric) {
    const int parts_a = parts_of_a(tile), parts_b = parts_of_b(tile);
    _Pragma("unroll") for (int n = 0; n < parts_a; n++)
        _Pragma("unroll") for (int h = 0; h < 2; h++)((LDS u32x4 *)(to + r->put_a[n]))[h] = c->a[n][h];
    _Pragma("unroll") for (int n = 0; n < parts_b; n++) {
        u32x8 w = dequantise(c->q[n][0], c->q[n][1],
                             zero_point(symmetric ? 8 : zero_of(c->zero[n], r->column[n], p->grid)), bf16);
        ((LDS u32x4 *)(to + r->put_b[n]))[0] = __builtin_shufflevector(w, w, 0, 1, 2, 3);
        ((LDS u32x4 *)(to + r->put_b[n]))[1] = __builtin_shufflevector(w, w, 4, 5, 6, 7);
    }
}

/* The scales of a wave's columns, fetched a fold ahead. */
struct scales {
    u16 of[4];
    u32 group, folds_left;
};

INLINE void fetch_scales(struct scales *s, const struct matrix_problem *p, u32 column, const int frags_n) {
    _Pragma("unroll") for (int j = 0; j < frags_n; j++) {
        u32 strip = (column + 16 * j) / LANES;
        if (strip >= p->strips) strip = p->strips - 1;
        s->of[j] = p->scales[grid_entry(p->grid, strip, s->group) + (column + 16 * j) % LANES];
    }
}

/* Adds a fold's sums, scaled, to the totals; `column` is that of the wave's first fragment. */
INLINE void fold(float8 total[4][4], float8 acc[4][4], struct scales *s, const struct matrix_problem *p,
                 u32 column, const int frags_m, const int frags_n) {
    _Pragma("unroll") for (int j = 0; j < frags_n; j++) {
        float scale = scale_of(s->of[j], p->scale_bf16);
        _Pragma("unroll") for (int i = 0; i < frags_m; i++) {
            total[i][j] = scaled_sum(total[i][j], acc[i][j], scale);
            acc[i][j] = (float8)(0.0f);
        }
    }
    if (--s->folds_left == 0) {
        s->folds_left = p->folds_per_group;
        if (++s->group < p->groups) fetch_scales(s, p, column, frags_n);
    }
}

/*
 * Results go through LDS once more, so that they can leave in pieces of 16 bytes where the output's alignment
 * allows: `rows` rows of `full` bytes, of which the first `bytes` exist, in elements of 2 or 4.
 */
INLINE void store_rows(struct rows list, u32 rows, GLOBAL char *out, u64 stride, u32 bytes, const u32 full,
                       const u32 element, u32 t, const u32 threads) {
    const LDS char *from = (const LDS char *)shared;
    const int whole = bytes >= full && (((u64)out | stride) & 15) == 0;
    const u32 step = whole ? 16 : element;
    for (u32 at = t * step; at < rows * full; at += threads * step) {
        u32 m = at / full, n = at % full;
        GLOBAL char *to = out + row_to(list, m) * stride + n;
        const LDS char *piece = from + m * (full + MATRIX_OUT_PADDING) + n;
        if (whole)
            *(GLOBAL u32x4 *)to = *(const LDS u32x4 *)piece;
        else if (n < bytes && element == 4)
            *(GLOBAL u32 *)to = *(const LDS u32 *)piece;
        else if (n < bytes)
            *(GLOBAL u16 *)to = *(const LDS u16 *)piece;
    }
}

INLINE void matrix(struct matrix_problem p, const int bf16, const struct tile tile, const int halves,
                   const int symmetric) {
    const int frags_m = tile.frags_m, frags_n = tile.frags_n;
    const u32 tile_m = tile_rows(tile), tile_n = tile_columns(tile);
    const u32 threads = threads_of(tile);
    const u32 buffer = (tile_m + tile_n) * PITCH;
    u32 t = __builtin_amdgcn_workitem_id_x(), lane = lane_id(), wave = wave_id();
    struct rows list = rows_of(p.lists, p.M, p.N, tile_m);
    if (list.count == 0) return;
    p = of_expert(p, list);
    u32 first_n = __builtin_amdgcn_workgroup_id_x() * tile_n;
    u32 wave_m = wave % tile.waves_m * frags_m * 16, wave_n = wave / tile.waves_m * frags_n * 16;
    LDS u16 *lds = (LDS u16 *)shared;

    const struct route route = route_of(&p, &list, first_n, tile, t);
    const u32 get_a = (wave_m + lane % 16) * PITCH, get_b = (tile_m + wave_n + lane % 16) * PITCH;

    float8 total[4][4], acc[4][4];
    _Pragma("unroll") for (int i = 0; i < frags_m; i++) _Pragma("unroll") for (int j = 0; j < frags_n; j++)
        total[i][j] = acc[i][j] = (float8)(0.0f);
    const u32 column = first_n + wave_n + lane % 16;
    struct scales scales; /* no initialiser: it would make the compiler keep two scales in a register */
    scales.group = 0, scales.folds_left = p.folds_per_group;
    struct carried c;
    u32 left = p.fold;
    fetch_scales(&scales, &p, column, frags_n);
    fetch(&c, &p, &route, tile, 0, halves, symmetric);
    put(lds, &c, &p, &route, tile, bf16, symmetric);
    barrier();
    for (u32 step = 0; step < p.blocks; step++) {
        if (step + 1 < p.blocks) fetch(&c, &p, &route, tile, step + 1, halves, symmetric);
        const LDS u16 *from = lds + (step & 1) * buffer;
        _Pragma("unroll") for (int k = 0; k < STEP; k += 16) {
            u32x8 a[4], b[4];
            _Pragma("unroll") for (int i = 0; i < frags_m; i++) {
                const LDS u32x4 *x = (const LDS u32x4 *)(from + get_a + i * 16 * PITCH + k);
                a[i] = join(x[0], x[1]);
            }
            _Pragma("unroll") for (int j = 0; j < frags_n; j++) {
                const LDS u32x4 *x = (const LDS u32x4 *)(from + get_b + j * 16 * PITCH + k);
                b[j] = join(x[0], x[1]);
            }
            _Pragma("unroll") for (int i = 0; i < frags_m; i++)
                _Pragma("unroll") for (int j = 0; j < frags_n; j++) acc[i][j] =
                    wmma(a[i], b[j], acc[i][j], bf16);
            /* Else fragments share registers, and reads wait for products. */
            __builtin_amdgcn_sched_barrier(0);
            if (halves) fold(total, acc, &scales, &p, column, frags_m, frags_n);
        }
        if (!halves && --left == 0) {
            left = p.fold;
            fold(total, acc, &scales, &p, column, frags_m, frags_n);
        }
        if (step + 1 < p.blocks) put(lds + (~step & 1) * buffer, &c, &p, &route, tile, bf16, symmetric);
        barrier();
    }

    list = rows_of(p.lists, p.M, p.N, tile_m);
    u32 rows = list.count < tile_m ? list.count : tile_m,
        columns = p.N - first_n < tile_n ? p.N - first_n : tile_n;
    if (p.out_f32) { /* sums for combine.c: LDS holds one half of the columns after the other */
        const u32 half = tile_n / 2, pitch = half + MATRIX_OUT_PADDING / sizeof(float);
        LDS float *sums = (LDS float *)shared;
        for (u32 h = 0; h < 2; h++) {
            u32 first = h * half;
            if (wave_n / half == h) _Pragma("unroll") for (int j = 0; j < frags_n; j++) {
                    u32 n = wave_n + 16 * j + lane % 16;
                    float bias = p.bias && n < columns ? p.bias[list.first_column + first_n + n] : 0;
                    _Pragma("unroll") for (int i = 0; i < frags_m; i++)
                        _Pragma("unroll") for (int e = 0; e < 8; e++)
                            sums[(wave_m + 16 * i + 2 * e + lane / 16) * pitch + n - first] =
                                total[i][j][e] + bias;
                }
            barrier();
            if (first < columns)
                store_rows(list, rows, (GLOBAL char *)p.out + (u64)(first_n + first) * sizeof(float),
                           p.ldo * sizeof(float), (columns - first) * sizeof(float), half * sizeof(float),
                           sizeof(float), t, threads);
            barrier();
        }
        return;
    }

    const u32 pitch = tile_n + MATRIX_OUT_PADDING / sizeof(u16);
    _Pragma("unroll") for (int j = 0; j < frags_n; j++) {
        u32 n = wave_n + 16 * j + lane % 16;
        float bias = p.bias && n < columns ? p.bias[list.first_column + first_n + n] : 0;
        _Pragma("unroll") for (int i = 0; i < frags_m; i++) _Pragma("unroll") for (int e = 0; e < 8; e++)
            lds[(wave_m + 16 * i + 2 * e + lane / 16) * pitch + n] = rounded(total[i][j][e] + bias, bf16);
    }
    barrier();
    store_rows(list, rows, (GLOBAL char *)(p.out + first_n), p.ldo * sizeof(u16), columns * sizeof(u16),
               tile_n * sizeof(u16), sizeof(u16), t, threads);
}

#define MATRIX(arch, act, tile_m, tile_n, wm, wn, fm, fn, granule, zeros_kind)                               \
    ONLY_##arch(                                                                                             \
        KERNEL(wm * wn * LANES) void w4a16_matrix_##act##_##tile_m##x##tile_n##_g##granule##_##zeros_kind(   \
            MATRIX_ARGS(PARAMETER)) {                                                                        \
            struct matrix_problem p = {MATRIX_ARGS(NAME)};                                                   \
            matrix(p, IS_##act, (struct tile){wm, wn, fm, fn}, granule == 16, IS_##zeros_kind);              \
        })
#include "../KERNELS.def"
