/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Matrix: out = round(a * scale * (q - zero) + bias) for many rows, on the matrix units.
 *
 *     work-group  = a tile of tile_m rows and tile_n columns, for all of K or a part
 *     wave        = frags_m x frags_n fragments of 16 x 16 of it
 *     step        = 32 K (a block of the packed layout), brought to LDS once for the whole work-group
 *     pair        = two steps, each with a buffer of its own: a row's K of both are one line of a cache
 *
 *     global memory --registers--> LDS, one buffer                  while the matrix units work on
 *                     dequantised on the way                        LDS, the other buffer
 *
 * Each weight is dequantised once per tile. A row of LDS is 32 K of 2 bytes and 16 bytes of padding: at that
 * pitch the same 16 bytes of eight rows lie in 32 different banks, so neither reads nor stores of 16 bytes
 * have conflicts.
 *
 * Numerics: as in decode.c. Sums of at most 128 K inside a group are folded, scaled, into fp32 totals, so
 * there are two sets of accumulators. Where work-groups share K they take turns over the folds, as waves do in
 * strip.c; each leaves its fp32 sums, and the last to come adds them in order (parts.h).
 */
#include "parts.h"

enum { STEP = PACK_BLOCK, PITCH = MATRIX_PITCH / sizeof(u16) };

extern LDS u32x4 shared[];

/* What a row of KERNELS.def says. */
struct form {
    int waves_m, waves_n, frags_m, frags_n;
    int halves; /* groups may end in the middle of a step */
    int bf16, symmetric;
};

INLINE u32 tile_rows(const struct form form) { return form.waves_m * form.frags_m * 16; }
INLINE u32 tile_columns(const struct form form) { return form.waves_n * form.frags_n * 16; }
INLINE u32 threads_of(const struct form form) { return form.waves_m * form.waves_n * LANES; }
INLINE u32 tile_buffer(const struct form form) { return (tile_rows(form) + tile_columns(form)) * PITCH; }
INLINE int pieces_of_a(const struct form form) { return tile_rows(form) * 4 / threads_of(form); }
INLINE int pieces_of_b(const struct form form) { return tile_columns(form) * 2 / threads_of(form); }

/*
 * What a thread brings from global memory to LDS in each step: quarter-rows of A and half-columns of B; from
 * where, and to which elements of a buffer. Of B a wave has 16 neighbouring columns, so that all but the lane's
 * place in them stays in scalar registers.
 */
enum { A_MAX = 4, B_MAX = 2 };
struct route {
    const GLOBAL u16 *from_a[A_MAX];
    LDS u16 *put_a[A_MAX];
    const GLOBAL char *strip_b[B_MAX]; /* weights of the strip */
    u32 strip[B_MAX], column[B_MAX];   /* the first of the 16, in its strip */
    LDS u16 *put_b[B_MAX];
    u32 lane_column, lane_half;
};
/* Of either step of a pair. */
struct carried {
    u32x4 a[2][A_MAX];
    u32x2 q[2][B_MAX];
    u8 zero[2][B_MAX];
};

/*
 * Which piece of its wave's a lane takes, so that the eight lanes that LDS serves together (0-3 with 20-23,
 * 4-7 with 16-19, and so on) store the same 16 bytes of eight rows: of A four pieces of 8 rows, which are 64
 * contiguous bytes each; of B two halves of 16 columns, which are 256 contiguous bytes.
 */
INLINE u32 row_of_lane(u32 lane) { return lane / 16 * 4 + lane % 4; }
INLINE u32 quarter_of_lane(u32 lane) { return (lane / 4 ^ lane / 16) % 4; }
INLINE u32 column_of_lane(u32 lane) { return lane / 16 * 8 + lane % 8; }
INLINE u32 half_of_lane(u32 lane) { return lane / 8 % 2; }

/* Rows beyond the last and strips beyond N repeat the last one: they are computed and not stored. */
INLINE struct route route_of(const struct matrix_problem *p, const struct rows *list, u32 first_n,
                             const struct form form) {
    const u32 waves = form.waves_m * form.waves_n, wave = wave_id(), lane = lane_id();
    const int pieces_a = pieces_of_a(form), pieces_b = pieces_of_b(form);
    struct route r;
    _Pragma("unroll") for (int n = 0; n < pieces_a; n++) {
        u32 row = (wave + n * waves) * 8 + row_of_lane(lane), m = row;
        if (m >= list->count) m = list->count - 1;
        r.from_a[n] = p->a + row_from(*list, m) * p->lda + quarter_of_lane(lane) * 8;
        r.put_a[n] = (LDS u16 *)shared + row * PITCH + quarter_of_lane(lane) * 8;
    }
    _Pragma("unroll") for (int n = 0; n < pieces_b; n++) {
        u32 column = (wave + n * waves) * 16, strip = (first_n + column) / PACK_STRIP;
        if (strip >= p->strips) strip = p->strips - 1;
        r.strip[n] = strip, r.column[n] = column % PACK_STRIP;
        r.strip_b[n] = (const GLOBAL char *)(p->weights + (u64)strip * p->blocks * LANES);
        r.put_b[n] = (LDS u16 *)shared + (tile_rows(form) + column + column_of_lane(lane)) * PITCH +
                     half_of_lane(lane) * 16;
    }
    r.lane_column = column_of_lane(lane), r.lane_half = half_of_lane(lane);
    return r;
}

INLINE u32 group_of_block(const struct matrix_problem *p, const struct form form, u32 block, u32 half) {
    u32 group = group_of(form.halves ? 2 * block + half : block, p->divisor);
    return group < p->groups ? group : p->groups - 1; /* the padding behind K */
}

INLINE void fetch_a(struct carried *c, const struct route *r, const struct form form, const int s,
                    u32 block) {
    _Pragma("unroll") for (int n = 0; n < pieces_of_a(form); n++) c->a[s][n] =
        *(const GLOBAL activations_x4 *)(r->from_a[n] + (u64)block * STEP);
}

INLINE void fetch_b(struct carried *c, const struct matrix_problem *p, const struct route *r,
                    const struct form form, const int s, u32 block) {
    _Pragma("unroll") for (int n = 0; n < pieces_of_b(form); n++) {
        const GLOBAL char *from =
            r->strip_b[n] + (u64)block * PACK_BLOCK_BYTES + r->column[n] * PACK_COLUMN_BYTES;
        u32 lane_bytes = r->lane_column * PACK_COLUMN_BYTES + r->lane_half * (PACK_COLUMN_BYTES / 2);
        /* Else it is widened before the loop, and no longer the load's offset. */
        __asm__("" : "+v"(lane_bytes));
        c->q[s][n] = *(const GLOBAL u32x2 *)(uniform_base(from) + lane_bytes);
        if (form.symmetric) continue;
        u32 group = group_of_block(p, form, block, r->lane_half);
        u64 entry = grid_entry(p->grid, r->strip[n], group) + r->column[n];
        c->zero[s][n] =
            form.halves ? p->zeros[(entry + r->lane_column) >> p->grid.zero_halves]
                        : (p->zeros + (entry >> p->grid.zero_halves))[r->lane_column >> p->grid.zero_halves];
    }
}

/* A step to its buffer. */
INLINE void put(const struct carried *c, const struct matrix_problem *p, const struct route *r,
                const struct form form, const int s) {
    const u32 to = s * tile_buffer(form);
    _Pragma("unroll") for (int n = 0; n < pieces_of_a(form); n++) * (LDS u32x4 *)(r->put_a[n] + to) =
        c->a[s][n];
    _Pragma("unroll") for (int n = 0; n < pieces_of_b(form); n++) {
        u32x8 w = dequantise(c->q[s][n][0], c->q[s][n][1],
                             zero_point(form.symmetric ? 8 : zero_of(c->zero[s][n], r->lane_column, p->grid)),
                             form.bf16);
        ((LDS u32x4 *)(r->put_b[n] + to))[0] = __builtin_shufflevector(w, w, 0, 1, 2, 3);
        ((LDS u32x4 *)(r->put_b[n] + to))[1] = __builtin_shufflevector(w, w, 4, 5, 6, 7);
    }
}

/*
 * The scales of a wave's columns for a fold, or for both of a step whose halves are folds; asked for at its
 * start, ahead of what the next step brings, so that nobody waits for them.
 */
struct scales {
    u32 of[2][4];
};

/* `column` is the wave's first; 16 lanes have those of a fragment. */
INLINE void fetch_scales(struct scales *s, const struct matrix_problem *p, u32 column, const struct form form,
                         u32 block) {
    _Pragma("unroll") for (int h = 0; h <= form.halves; h++) {
        u32 group = group_of_block(p, form, block, h);
        _Pragma("unroll") for (int j = 0; j < form.frags_n; j++) {
            u32 strip = (column + 16 * j) / LANES;
            if (strip >= p->strips) strip = p->strips - 1;
            const GLOBAL u16 *of = p->scales + grid_entry(p->grid, strip, group) + (column + 16 * j) % LANES;
            s->of[h][j] = uniform_base(of)[lane_id() % 16];
        }
    }
}

/* A wave's fragments of half a step. */
struct fragments {
    u32x8 a[4], b[4];
};

INLINE void read(struct fragments *f, const LDS u16 *a_from, const LDS u16 *b_from, const struct form form) {
    _Pragma("unroll") for (int i = 0; i < form.frags_m; i++) {
        const LDS u32x4 *x = (const LDS u32x4 *)(a_from + i * 16 * PITCH);
        f->a[i] = join(x[0], x[1]);
    }
    _Pragma("unroll") for (int j = 0; j < form.frags_n; j++) {
        const LDS u32x4 *x = (const LDS u32x4 *)(b_from + j * 16 * PITCH);
        f->b[j] = join(x[0], x[1]);
    }
    /* Else they share registers, and are read when products have left those. */
    __builtin_amdgcn_sched_barrier(0);
}

/* `fresh`: acc is written, as if it had been zero. */
INLINE void multiply(float8 acc[4][4], const struct fragments *f, const struct form form, const int fresh) {
    _Pragma("unroll") for (int i = 0; i < form.frags_m; i++)
        _Pragma("unroll") for (int j = 0; j < form.frags_n; j++) acc[i][j] =
            fresh ? wmma_fresh(f->a[i], f->b[j], form.bf16) : wmma(f->a[i], f->b[j], acc[i][j], form.bf16);
    __builtin_amdgcn_sched_barrier(0);
}

/* A work-group's way through its folds of K, as a wave sees it. */
struct work {
    struct route route;
    struct carried carried;
    const LDS u16 *get_a, *get_b; /* the wave's first fragments, in the first buffer */
    u32 column;                   /* of the layer: the wave's first */
    u32 coming;                   /* the first block of the pair that is to be brought next */
    struct scales scales;
    float8 acc[4][4], total[4][4];
};

/* Adds a fold's sums, scaled, to the totals; `half`: which of the step's folds. */
INLINE void fold(struct work *w, const struct matrix_problem *p, const struct form form, const int half) {
    _Pragma("unroll") for (int j = 0; j < form.frags_n; j++) {
        float scale = scale_of((u16)w->scales.of[half][j], p->scale_bf16);
        _Pragma("unroll") for (int i = 0; i < form.frags_m; i++) {
            w->total[i][j] = scaled_sum(w->total[i][j], w->acc[i][j], scale);
            __asm__ volatile("" : "+v"(w->total[i][j])); /* else it is put off until totals are needed */
        }
    }
}

/* The block behind one: the other parts' blocks lie behind a fold. */
INLINE u32 following(const struct matrix_problem *p, u32 block) {
    block++;
    return block & (p->fold - 1) ? block : block + (p->parts - 1) * p->fold;
}

/* Behind the last blocks they are brought again, and nobody reads them. */
INLINE u32 within(const struct matrix_problem *p, u32 block) {
    return block < p->blocks ? block : p->blocks - 1;
}

/*
 * Step s of a pair. While its first fragments come from LDS, the sums of the fold before it are added if it begins
 * one, the next step goes to LDS, and what its registers held is asked for of the next pair. Products come last: a
 * wave is at the barrier when the last of them is issued, and those that are under way then are what the matrix
 * units do until the next fragments are there.
 */
INLINE void advance(struct work *w, const struct matrix_problem *p, const struct form form, u32 block,
                    const int s) {
    const u32 buffer = s * tile_buffer(form);
    const int exists = s == 0 || block < p->blocks; /* of the last pair there may be one step only */
    const int begins = form.halves || (s == 0 ? (block & (p->fold - 1)) == 0 : p->fold == 1);
    struct fragments f;
    read(&f, w->get_a + buffer, w->get_b + buffer, form);
    if (!form.halves && begins) {
        fold(w, p, form, 0);
        __builtin_amdgcn_sched_barrier(0);
    }
    put(&w->carried, p, &w->route, form, 1 - s);
    __builtin_amdgcn_sched_barrier(0);
    if (begins) fetch_scales(&w->scales, p, w->column, form, block);
    if (s == 0) {
        /* Both steps' activations: of a row they are a line of a cache. */
        u32 first = within(p, w->coming), second = within(p, following(p, w->coming));
        fetch_a(&w->carried, &w->route, form, 0, first);
        fetch_a(&w->carried, &w->route, form, 1, second);
        fetch_b(&w->carried, p, &w->route, form, 1, second);
    } else {
        w->coming = following(p, following(p, w->coming));
        fetch_b(&w->carried, p, &w->route, form, 0, within(p, w->coming));
    }
    __builtin_amdgcn_sched_barrier(0);
    if (begins)
        multiply(w->acc, &f, form, 1);
    else
        multiply(w->acc, &f, form, 0);
    if (form.halves && exists)
        fold(w, p, form, 0);
    else if (form.halves)
        __asm__ volatile("v_nop"); /* between products, of which one may take the other's registers */
    read(&f, w->get_a + buffer + STEP / 2, w->get_b + buffer + STEP / 2, form);
    multiply(w->acc, &f, form, form.halves);
    if (form.halves && exists) fold(w, p, form, 1);
    barrier();
}

/*
 * A wave's results go through LDS once more, so that they can leave in pieces of 16 bytes where the output's alignment
 * allows: its rows, of which `rows` exist, of RESULT_BYTES each, of which `bytes` exist, in elements of 2 or 4.
 */
enum { RESULT_BYTES = 128, RESULT_PITCH = RESULT_BYTES + MATRIX_OUT_PADDING };
INLINE void store_rows(struct rows list, u32 first, u32 rows, const LDS char *from, GLOBAL char *out,
                       u64 stride, u32 bytes, const u32 element, const struct form form) {
    const u32 lane = lane_id();
    if (bytes >= RESULT_BYTES && (((u64)out | stride) & 15) == 0) {
        enum { PIECE = sizeof(u32x4), AT_ONCE = 8 };
        u32x4 piece[AT_ONCE];
        const u32 pieces = form.frags_m * 16 * RESULT_BYTES / PIECE / LANES;
        _Pragma("unroll") for (u32 i = 0; i < pieces; i++) {
            u32 at = (lane + i * LANES) * PIECE;
            piece[i] = *(const LDS u32x4 *)(from + at / RESULT_BYTES * RESULT_PITCH + at % RESULT_BYTES);
        }
        _Pragma("unroll") for (u32 i = 0; i < pieces; i++) {
            u32 at = (lane + i * LANES) * PIECE, m = at / RESULT_BYTES;
            if (m < rows)
                *(GLOBAL u32x4 *)(out + row_to(list, first + m) * stride + at % RESULT_BYTES) = piece[i];
        }
        return;
    }
    for (u32 at = lane * element; at < rows * RESULT_BYTES; at += LANES * element) {
        u32 m = at / RESULT_BYTES, n = at % RESULT_BYTES;
        GLOBAL char *to = out + row_to(list, first + m) * stride + n;
        if (n < bytes && element == 4)
            *(GLOBAL u32 *)to = *(const LDS u32 *)(from + m * RESULT_PITCH + n);
        else if (n < bytes)
            *(GLOBAL u16 *)to = *(const LDS u16 *)(from + m * RESULT_PITCH + n);
    }
}

INLINE void matrix(struct matrix_problem p, GLOBAL u64 *tickets, GLOBAL float4 *sums,
                   const struct form form) {
    const int frags_m = form.frags_m, frags_n = form.frags_n;
    const u32 tile_m = tile_rows(form), tile_n = tile_columns(form);
    const u32 lane = lane_id(), wave = wave_id();
    struct rows list = rows_of(p.lists, p.M, p.N, tile_m);
    if (list.count == 0) return;
    p = of_expert(p, list);
    const u32 first_n = __builtin_amdgcn_workgroup_id_x() * tile_n;
    const u32 wave_m = wave % form.waves_m * frags_m * 16, wave_n = wave / form.waves_m * frags_n * 16;
    LDS u16 *lds = (LDS u16 *)shared;

    u32 block = __builtin_amdgcn_workgroup_id_z() * p.fold;
    struct work w;
    w.route = route_of(&p, &list, first_n, form);
    w.get_a = lds + (wave_m + lane % 16) * PITCH, w.get_b = lds + (tile_m + wave_n + lane % 16) * PITCH;
    w.column = first_n + wave_n;
    w.scales = (struct scales){{{0}}}; /* of the fold before the first */
    _Pragma("unroll") for (int i = 0; i < frags_m; i++) _Pragma("unroll") for (int j = 0; j < frags_n; j++)
        w.total[i][j] = w.acc[i][j] = (float8)(0.0f);

    const u32 tile =
        __builtin_amdgcn_workgroup_id_y() * ((p.N + tile_n - 1) / tile_n) + __builtin_amdgcn_workgroup_id_x();
    const struct part part = part_of(tickets, sums, p.parts, tile * form.waves_m * form.waves_n + wave,
                                     pieces_of(frags_m, frags_n));
    u32 second = within(&p, following(&p, block));
    fetch_a(&w.carried, &w.route, form, 0, block);
    fetch_a(&w.carried, &w.route, form, 1, second);
    fetch_b(&w.carried, &p, &w.route, form, 0, block);
    fetch_b(&w.carried, &p, &w.route, form, 1, second);
    u64 found = TICKET;
    if (p.parts > 1) found = look(&part);
    put(&w.carried, &p, &w.route, form, 0);
    w.coming = following(&p, following(&p, block));
    fetch_b(&w.carried, &p, &w.route, form, 0, within(&p, w.coming));
    if (p.parts > 1) see_that_it_counts(&part, found);
    barrier();
    while (block < p.blocks) {
        advance(&w, &p, form, block, 0);
        second = following(&p, block);
        advance(&w, &p, form, second, 1);
        block = following(&p, second);
    }
    if (!form.halves && second < p.blocks) fold(&w, &p, form, 0);

    if (p.parts > 1) {
        if (!last_to_leave(&part, w.total, frags_m, frags_n)) return;
        add_parts(&part, w.total, frags_m, frags_n);
    }

    list = rows_of(p.lists, p.M, p.N, tile_m);
    if (list.count <= wave_m || p.N <= w.column) return;
    u32 rows = list.count - wave_m, columns = p.N - w.column;
    const u32 all = frags_m * 16;
    if (rows > all) rows = all;
    LDS char *place = (LDS char *)shared + wave * all * RESULT_PITCH;
    if (p.out_f32) { /* sums for combine.c: one half of the columns after the other */
        GLOBAL float *out = (GLOBAL float *)p.out + w.column;
        _Pragma("unroll") for (int h = 0; h < 2; h++) {
            const int half = frags_n / 2;
            _Pragma("unroll") for (int j = 0; j < half; j++) {
                u32 n = 16 * (h * half + j) + lane % 16;
                float bias = p.bias && n < columns ? p.bias[list.first_column + w.column + n] : 0;
                _Pragma("unroll") for (int i = 0; i < frags_m; i++)
                        _Pragma("unroll") for (int e = 0; e < 8; e++) *
                    (LDS float *)(place + (16 * i + 2 * e + lane / 16) * RESULT_PITCH +
                                  (16 * j + lane % 16) * sizeof(float)) = w.total[i][h * half + j][e] + bias;
            }
            const u32 first = 16 * h * half;
            if (first < columns)
                store_rows(list, wave_m, rows, place, (GLOBAL char *)(out + first), p.ldo * sizeof(float),
                           (columns - first) * sizeof(float), sizeof(float), form);
        }
        return;
    }

    _Pragma("unroll") for (int j = 0; j < frags_n; j++) {
        u32 n = 16 * j + lane % 16;
        float bias = p.bias && n < columns ? p.bias[list.first_column + w.column + n] : 0;
        _Pragma("unroll") for (int i = 0; i < frags_m; i++) _Pragma("unroll") for (int e = 0; e < 8; e++) *
            (LDS u16 *)(place + (16 * i + 2 * e + lane / 16) * RESULT_PITCH + n * sizeof(u16)) =
            rounded(w.total[i][j][e] + bias, form.bf16);
    }
    store_rows(list, wave_m, rows, place, (GLOBAL char *)(p.out + w.column), p.ldo * sizeof(u16),
               columns * sizeof(u16), sizeof(u16), form);
}

#define MATRIX(arch, act, tile_m, tile_n, wm, wn, fm, fn, granule, zeros_kind)                               \
    ONLY_##arch(                                                                                             \
        KERNEL(wm * wn * LANES) void w4a16_matrix_##act##_##tile_m##x##tile_n##_g##granule##_##zeros_kind(   \
            TILE_ARGS(PARAMETER)) {                                                                          \
            LOAD_ARGUMENTS(TILE_ARGS);                                                                       \
            struct matrix_problem p = {MATRIX_ARGS(NAME)};                                                   \
            matrix(p, tickets, sums,                                                                         \
                   (struct form){wm, wn, fm, fn, granule == 16, IS_##act, IS_##zeros_kind});                 \
        })
#include "../KERNELS.def"
