/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Rows times strips. Sums of a chunk are formed from 0, step by step, and go to a row's totals by a fused
 * multiply-add with the scale. For few rows weights are decoded in registers; for more a chunk of a strip is
 * decoded once into L1, and tiles of TILE_ROWS rows by two vectors go over it.
 */
#include "cpu/vector.h"

#define ALIGNED     __attribute__((aligned(64)))
#define PANEL_WORDS (CPU_LINEAR_CHUNK / PACK_WORD + 1) /* of a chunk that begins or ends inside a word */

/* Scales and zeros of a strip's columns, arranged as transpose arranges columns. */
struct group {
    ALIGNED float scale[PACK_STRIP];
    ALIGNED struct zeros zeros;
};

INLINE floats from_halves(const uint16_t *from, int bf16) {
    return bf16 ? (floats)(widened(from) << 16) : from_f16(from);
}

typedef uint8_t half_bytes __attribute__((vector_size(PACK_STRIP / 2)));
typedef uint16_t half_pairs __attribute__((vector_size(PACK_STRIP)));

/* The zeros of a strip's columns; entry: their place among the scales, a multiple of 32. */
INLINE void load_zeros(const struct cpu_linear_args *p, int64_t entry, uint8_t to[PACK_STRIP]) {
    const uint8_t *from = pointer(p->zeros);
    if (!p->grid.zero_halves) {
        memcpy(to, from + entry, PACK_STRIP);
        return;
    }
    half_bytes halves;
    memcpy(&halves, from + entry / 2, sizeof halves);
    half_pairs pairs = __builtin_convertvector(halves, half_pairs);
    pairs = ((pairs | pairs << 4) & 0x0f0f) + (uint16_t)(p->grid.zero_offset * 0x0101);
    memcpy(to, &pairs, sizeof pairs);
}

INLINE void load_group(const struct cpu_linear_args *p, int64_t expert, int64_t strip, int64_t group,
                       int symmetric, struct group *to) {
    int64_t entry = expert * strips_of(p) * PACK_STRIP * p->groups + strip * p->grid.strip_stride +
                    group * p->grid.group_stride;
    const uint16_t *scales = (const uint16_t *)pointer(p->scales) + entry;
    for (int v = 0; v < VECTORS; v++)
        store(to->scale + v * LANES, arranged(from_halves(scales + v * LANES, p->scale_bf16)));
    if (symmetric) return;
    uint8_t zeros[PACK_STRIP];
    load_zeros(p, entry, zeros);
    for (int v = 0; v < VECTORS; v++) zeros_of(&to->zeros, v * LANES, from_bytes(zeros + v * LANES));
}

INLINE const unsigned char *block_of(const struct cpu_linear_args *p, int64_t stored, int64_t block) {
    return (const unsigned char *)pointer(p->weights) + (stored * p->blocks + block) * PACK_BLOCK_BYTES;
}
INLINE const prepared *activations(const struct cpu_linear_args *p, const struct rows *rows,
                                   const struct chunk *c) {
    return (const prepared *)pointer(p->prepared) + (c->before * rows->held + rows->place * c->words) * STEPS;
}

/* ---- results ------------------------------------------------------------------------------------------- */

/* To the output's type; a NaN is one and the same at every level. */
static void to_halves(const float from[PACK_STRIP], int bf16, uint16_t to[PACK_STRIP]) {
    for (int v = 0; v < VECTORS; v++) {
        floats x = load(from + v * LANES);
        words number = (words)(x == x), u = ((words)x & number) | (0x7fc00000u & ~number);
        if (bf16) {
            narrow((u + 0x7fff + (u >> 16 & 1)) >> 16, to + v * LANES);
        } else {
            to_f16((floats)u, to + v * LANES);
        }
    }
}

static void put(const struct cpu_linear_args *p, int64_t row, int64_t strip, const float x[PACK_STRIP]) {
    uint16_t *to = (uint16_t *)pointer(p->out) + row * p->ldo + strip * PACK_STRIP, halves[PACK_STRIP];
    int64_t columns = p->N - strip * PACK_STRIP;
    to_halves(x, p->act_bf16, halves);
    if (columns >= PACK_STRIP)
        memcpy(to, halves, sizeof halves);
    else
        memcpy(to, halves, (size_t)columns * sizeof *halves);
}

/* A row's totals of a strip, arranged; they become its result. */
static void finish(const struct cpu_linear_args *p, const struct rows *rows, int64_t row, int64_t strip,
                   const float total[PACK_STRIP]) {
    ALIGNED float x[PACK_STRIP];
    const float *bias = pointer(p->bias), *gates = pointer(p->gates);
    for (int v = 0; v < VECTORS; v++) store(x + v * LANES, restored(load(total + v * LANES)));
    if (bias) {
        bias += (rows->expert * strips_of(p) + strip) * PACK_STRIP;
        for (int c = 0; c < PACK_STRIP; c++) x[c] += bias[c];
    }
    if (!p->experts) {
        put(p, row, strip, x);
        return;
    }
    int64_t slot = ((const int32_t *)pointer(p->slots))[row];
    if (p->adds) {
        memcpy((float *)pointer(p->results) + (slot * strips_of(p) + strip) * PACK_STRIP, x, sizeof x);
        return;
    }
    for (int c = 0; p->weighs && c < PACK_STRIP; c++) x[c] *= gates ? gates[slot] : 1;
    put(p, slot, strip, x);
}

void LEVEL_NAME(cpu_combine)(const struct cpu_linear_args *p, int64_t token) {
    const int32_t *ids = pointer(p->ids);
    const float *gates = pointer(p->gates), *results = pointer(p->results);
    for (int64_t strip = 0; strip < strips_of(p); strip++) {
        ALIGNED float sum[PACK_STRIP] = {0};
        for (int64_t slot = token * p->top_k; slot < (token + 1) * p->top_k; slot++) {
            if (ids[slot] < 0 || ids[slot] >= p->experts) continue;
            const float *of = results + (slot * strips_of(p) + strip) * PACK_STRIP;
            floats gate = every(gates ? gates[slot] : 1);
            for (int c = 0; c < PACK_STRIP; c += LANES)
                store(sum + c, fma_rounded(gate, load(of + c), load(sum + c)));
        }
        put(p, token, strip, sum);
    }
}

/* ---- few rows ------------------------------------------------------------------------------------------ */

enum { FETCH_AHEAD = 6144 };

/* Word n of the blocks w, which is that of `count` in the chunks a, if it is one. */
INLINE void few_word(words w[2][VECTORS][4], int n, int64_t word, int64_t count, const prepared *const a[2],
                     const struct group group[2], floats sum[FEW_ROWS][2][VECTORS], int R, int C,
                     int symmetric) {
    if (word < 0 || word >= count) return;
#pragma GCC unroll 8 /* else shifts and tables depend on s */
    for (int s = 0; s < STEPS; s++)
        for (int i = 0; i < C; i++)
            for (int v = 0; v < VECTORS; v++) {
                operand x = operand_of(w[i][v][n], s, &group[i].zeros, v * LANES, symmetric);
                for (int r = 0; r < R; r++)
                    sum[r][i][v] = step(sum[r][i][v], a[i] + (r * count + word) * STEPS + s, x, 0);
            }
}

/*
 * A strip's chunks c, C of them one after the other with as many whole blocks each, for R rows. They are
 * summed side by side, which hides the latency of additions, and go to the totals in their order. R, C and
 * symmetric are constants wherever this is used.
 */
INLINE void few(const struct cpu_linear_args *p, const struct rows *rows, int64_t strip,
                const struct chunk *c, float (*totals)[PACK_STRIP], int R, int C, int symmetric) {
    const int64_t stored = rows->expert * strips_of(p) + strip;
    struct group group[2];
    floats sum[FEW_ROWS][2][VECTORS];
    const prepared *a[2];
    for (int i = 0; i < C; i++) {
        a[i] = activations(p, rows, &c[i]);
        load_group(p, rows->expert, strip, c[i].group, symmetric, &group[i]);
        for (int r = 0; r < R; r++)
            for (int v = 0; v < VECTORS; v++) sum[r][i][v] = (floats){0};
    }
    for (int64_t first = -(c->word % 4); first < c->words;
         first += 4) { /* a block's first word, of the chunk */
        words w[2][VECTORS][4];
        const unsigned char *ahead =
            block_of(p, stored, c->word / 4) + (first / 4 * C) * PACK_BLOCK_BYTES + FETCH_AHEAD;
        for (int line = 0; line < C * PACK_BLOCK_BYTES; line += 64) __builtin_prefetch(ahead + line, 0, 3);
        for (int i = 0; i < C; i++)
            for (int v = 0; v < VECTORS; v++) {
                const unsigned char *at =
                    block_of(p, stored, (c[i].word + first) / 4) + v * LANES * PACK_COLUMN_BYTES;
                transpose(at, w[i][v]);
            }
        if (R <= FEW_UNROLLED) {
#pragma GCC unroll 4 /* else the words go through memory */
            for (int n = 0; n < 4; n++) few_word(w, n, first + n, c->words, a, group, sum, R, C, symmetric);
        } else {
            for (int n = 0; n < 4; n++) few_word(w, n, first + n, c->words, a, group, sum, R, C, symmetric);
        }
    }
    for (int i = 0; i < C; i++)
        for (int r = 0; r < R; r++)
            for (int v = 0; v < VECTORS; v++) {
                float *total = totals[r] + v * LANES;
                store(total, fma_rounded(load(group[i].scale + v * LANES), sum[r][i][v], load(total)));
            }
}

typedef void few_side_fn(const struct cpu_linear_args *p, const struct rows *rows, int64_t strip,
                         const struct chunk *c, float (*totals)[PACK_STRIP]);

/* All chunks of a strip: by `side` C at a time where as many are alike. */
INLINE void few_rows(const struct cpu_linear_args *p, const struct rows *rows, int64_t strip, int R, int C,
                     int symmetric, few_side_fn *side) {
    ALIGNED float totals[FEW_ROWS][PACK_STRIP];
    memset(totals, 0, sizeof totals);
    FOR_CHUNKS(c, p) {
        struct chunk next[2] = {c, chunk_next(&c, p->group_size, p->padded_K)};
        if (C == 2 && next[1].begin < p->padded_K && c.words == next[1].words &&
            c.word % 4 == next[1].word % 4) {
            side(p, rows, strip, next, totals);
            c = next[1];
        } else {
            few(p, rows, strip, next, totals, R, 1, symmetric);
        }
    }
    for (int r = 0; r < R; r++) finish(p, rows, rows->first + r, strip, totals[r]);
}

/* Chunks side by side have a function of their own, else the compiler runs out of registers. */
typedef void few_fn(const struct cpu_linear_args *p, const struct rows *rows, int64_t strip);
#define FEW_OF(R, C, name, symmetric)                                                                        \
    static __attribute__((noinline)) void side_##R##_##name(                                                 \
        const struct cpu_linear_args *p, const struct rows *rows, int64_t strip, const struct chunk *c,      \
        float (*totals)[PACK_STRIP]) {                                                                       \
        few(p, rows, strip, c, totals, R, C, symmetric);                                                     \
    }                                                                                                        \
    static void few_##R##_##name(const struct cpu_linear_args *p, const struct rows *rows, int64_t strip) {  \
        few_rows(p, rows, strip, R, C, symmetric, side_##R##_##name);                                        \
    }
#define FEW(R, C) FEW_OF(R, C, asym, 0) FEW_OF(R, C, sym, 1)
FEW_FORMS(FEW)
#define FEW_ENTRY(R, C) {few_##R##_asym, few_##R##_sym},
static few_fn *const few_forms[FEW_ROWS][2] = {FEW_FORMS(FEW_ENTRY)};

/* ---- many rows ----------------------------------------------------------------------------------------- */

/* A chunk of a strip: [steps][32 columns], arranged. */
struct panel {
    ALIGNED operand of[PANEL_WORDS * STEPS][VECTORS];
};

INLINE void decode(const struct cpu_linear_args *p, int64_t stored, const struct chunk *c,
                   const struct zeros *zeros, int symmetric, struct panel *to) {
    for (int64_t block = c->word / 4; block * 4 < c->word + c->words; block++)
        for (int v = 0; v < VECTORS; v++) {
            words w[4];
            transpose(block_of(p, stored, block) + v * LANES * PACK_COLUMN_BYTES, w);
            for (int i = 0; i < 4; i++) {
                int64_t word = block * 4 + i - c->word;
                if (word < 0 || word >= c->words) continue;
                for (int s = 0; s < STEPS; s++)
                    to->of[word * STEPS + s][v] = operand_of(w[i], s, zeros, v * LANES, symmetric);
            }
        }
}

/*
 * R rows times two vectors: what registers hold. a: rows `words` words apart. Those of the next tile, which follow them,
 * come from the L2 or beyond: they are fetched meanwhile.
 */
INLINE void tile(const struct panel *panel, int v, const prepared *a, int64_t words, const float *scale,
                 float (*totals)[PACK_STRIP], int R, int careful) {
    floats sum[TILE_ROWS][2];
    const int64_t steps = words * STEPS;
    for (int r = 0; r < R; r++) sum[r][0] = sum[r][1] = (floats){0};
    for (int64_t word = 0; word < words; word++) {
        const char *next = (const char *)(a + R * (steps + word * STEPS));
        for (size_t line = 0; line < (size_t)R * STEPS * sizeof *a; line += 64)
            __builtin_prefetch(next + line, 0, 3);
#pragma GCC unroll 8 /* else the loop's own instructions take the places of products */
        for (int s = 0; s < STEPS; s++)
            for (int r = 0; r < R; r++) {
                const operand *w = panel->of[word * STEPS + s] + v;
                const prepared *of_row = a + r * steps + word * STEPS + s;
                sum[r][0] = step(sum[r][0], of_row, w[0], careful);
                sum[r][1] = step(sum[r][1], of_row, w[1], careful);
            }
    }
    const floats scale_0 = load(scale + v * LANES), scale_1 = load(scale + (v + 1) * LANES);
#pragma GCC unroll 8 /* else sums go through memory */
    for (int r = 0; r < R; r++) {
        float *total = totals[r] + v * LANES;
        store(total, fma_rounded(scale_0, sum[r][0], load(total)));
        store(total + LANES, fma_rounded(scale_1, sum[r][1], load(total + LANES)));
    }
}

typedef void tile_fn(const struct panel *panel, int v, const prepared *a, int64_t words, const float *scale,
                     float (*totals)[PACK_STRIP]);
#define TILE(R)                                                                                              \
    static void tile_##R(const struct panel *panel, int v, const prepared *a, int64_t words,                 \
                         const float *scale, float (*totals)[PACK_STRIP]) {                                  \
        tile(panel, v, a, words, scale, totals, R, 0);                                                       \
    }                                                                                                        \
    static void tile_##R##_careful(const struct panel *panel, int v, const prepared *a, int64_t words,       \
                                   const float *scale, float (*totals)[PACK_STRIP]) {                        \
        tile(panel, v, a, words, scale, totals, R, 1);                                                       \
    }
TILE_FORMS(TILE)
#define TILE_ENTRY(R) {tile_##R, tile_##R##_careful},
static tile_fn *const tile_forms[TILE_ROWS][2] = {TILE_FORMS(TILE_ENTRY)};

static void many(const struct cpu_linear_args *p, const struct rows *rows, int64_t strip) {
    ALIGNED float totals[CPU_BLOCK_ROWS][PACK_STRIP];
    const int64_t stored = rows->expert * strips_of(p) + strip;
    /* As few tiles as hold the rows, of equal height but for one row. */
    const int64_t tiles = (rows->count + TILE_ROWS - 1) / TILE_ROWS;
    struct group group;
    struct panel panel;
    memset(totals, 0, (size_t)rows->count * sizeof totals[0]);
    FOR_CHUNKS(c, p) {
        const prepared *a = activations(p, rows, &c);
        if (p->zeros) {
            load_group(p, rows->expert, strip, c.group, 0, &group);
            decode(p, stored, &c, &group.zeros, 0, &panel);
        } else {
            load_group(p, rows->expert, strip, c.group, 1, &group);
            decode(p, stored, &c, &group.zeros, 1, &panel);
        }
        for (int64_t t = 0; t < tiles; t++) {
            int64_t from = rows->count * t / tiles, to = rows->count * (t + 1) / tiles;
            for (int v = 0; v < VECTORS; v += 2)
                tile_forms[to - from - 1][rows->careful](&panel, v, a + from * c.words * STEPS, c.words,
                                                         group.scale, totals + from);
        }
    }
    for (int64_t r = 0; r < rows->count; r++) finish(p, rows, rows->first + r, strip, totals[r]);
}

void LEVEL_NAME(cpu_product)(const struct cpu_linear_args *p, const struct rows *rows, int64_t strip) {
    if (rows->count > FEW_AT_MOST || rows->careful) {
        many(p, rows, strip);
        return;
    }
    const int64_t times = (rows->count + FEW_ROWS - 1) / FEW_ROWS;
    for (int64_t t = 0; t < times; t++) {
        int64_t from = rows->count * t / times, count = rows->count * (t + 1) / times - from;
        const struct rows some = {rows->expert, rows->first + from, count, rows->place + from, rows->held, 0};
        few_forms[count - 1][!p->zeros](p, &some, strip);
    }
}
