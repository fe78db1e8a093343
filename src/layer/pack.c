/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* Canonical layer to device layout. */
#include "layer/pack.h"

#include <stdlib.h>
#include <string.h>

#include "layer/values.h"

#define SECTION_ALIGN 256

/* Moves *end behind a section of count * size bytes; returns where that begins. */
static size_t add_section(size_t *end, int64_t count, int64_t size) {
    size_t begin = *end;
    *end += ((size_t)(count * size) + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
    return begin;
}

void pack_clear_rests(const struct packed_layout *p, void *to) {
    size_t copies = p->experts ? (size_t)p->experts : 1, strips = copies * (size_t)p->strips;
    size_t entries = strips * PACK_STRIP * (size_t)p->groups;
    const struct {
        size_t at, bytes;
    } sections[] = {{p->weights, strips * (size_t)p->blocks * PACK_BLOCK_BYTES},
                    {p->scales, entries * 2},
                    {p->zeros, p->kind.zeros ? entries : 0},
                    {p->bias, p->has_bias ? strips * PACK_STRIP * 4 : 0},
                    {p->perm, p->kind.act_order ? copies * (size_t)p->padded_K * 4 : 0}};
    for (size_t n = 0; n < sizeof sections / sizeof sections[0]; n++) {
        size_t rest = (SECTION_ALIGN - sections[n].bytes % SECTION_ALIGN) % SECTION_ALIGN;
        memset((unsigned char *)to + sections[n].at + sections[n].bytes, 0, rest);
    }
}

struct packed_layout packed_layout_of(const w4a16_layer *l, int64_t experts) {
    struct packed_layout p = {.N = l->N,
                              .K = l->K,
                              .padded_K = w4a16_layer_padded_K(l),
                              .group_size = l->group_size,
                              .strips = (l->N + PACK_STRIP - 1) / PACK_STRIP,
                              .blocks = (w4a16_layer_padded_K(l) + PACK_BLOCK - 1) / PACK_BLOCK,
                              .groups = w4a16_layer_groups(l),
                              .experts = experts,
                              .kind = {.scale_type = l->scale_type,
                                       .zeros = l->zero ? W4A16_ZEROS_STORED : W4A16_ZEROS_NONE,
                                       .act_order = l->perm != NULL},
                              .has_bias = l->bias != NULL};
    int64_t copies = experts ? experts : 1, columns = copies * p.strips * PACK_STRIP;
    p.weights = add_section(&p.bytes, copies * p.strips * p.blocks, PACK_BLOCK_BYTES);
    p.scales = add_section(&p.bytes, columns * p.groups, 2);
    p.zeros = add_section(&p.bytes, p.kind.zeros ? columns * p.groups : 0, 1);
    p.bias = add_section(&p.bytes, p.has_bias ? columns : 0, 4);
    p.perm = add_section(&p.bytes, p.kind.act_order ? copies * p.padded_K : 0, 4);
    return p;
}

void packed_layout_nibbles_only(struct packed_layout *p) {
    int64_t copies = p->experts ? p->experts : 1;
    p->kind.packing = W4A16_PACKED_NIBBLES;
    p->has_bias = 0;
    p->scales = p->zeros = p->bias = p->perm = 0;
    p->bytes = (size_t)(copies * p->strips * p->blocks * PACK_BLOCK_BYTES);
}

/* Strips that are packed together: what a row of q has of them is read as a whole. */
enum { SIDE = 2, SIDE_COLUMNS = SIDE * PACK_STRIP };

struct job {
    const w4a16_layer *layer;
    const struct packed_layout *layout;
    int64_t first; /* strip of the layer's first one */
    unsigned char *to;
    int nibbles_only;
    /* Act-order: for each thread all rows of q, of these columns alone. In q the same column's words are a power of two
     * apart as often as not, so that caches hold few of them at a time. Null: that would be too much, and takes longer. */
    uint32_t (*rows)[SIDE_COLUMNS];
};

/* Eight nibbles in K order to a word of the layout: pack_bit of all at once. */
static uint32_t interleave(uint32_t word) {
    uint32_t even = word & 0x0f0f0f0f, odd = word >> 4 & 0x0f0f0f0f;
    even = (even | even >> 4) & 0x00ff00ff;
    odd = (odd | odd >> 4) & 0x00ff00ff;
    even = (even | even >> 8) & 0xffff;
    odd = (odd | odd >> 8) & 0xffff;
    return even | odd << 16;
}

/* Where the words of a row of q are: a distance in words from one row to the next. */
struct source {
    const uint32_t *at;
    int64_t stride;
};

/*
 * The eight nibbles of places 8 * r .. 8 * r + 7 in group order, of some columns; zero for empty places, behind the last
 * one and for columns behind `columns`. Loops over columns are innermost, so that compilers make vectors of them.
 */
static void gather(const w4a16_layer *l, struct source from, int64_t r, int64_t columns,
                   uint32_t words[SIDE_COLUMNS]) {
    int64_t places = w4a16_layer_padded_K(l);
    memset(words, 0, SIDE_COLUMNS * sizeof *words);
    if (!l->perm && 8 * r + 8 <= places) {
        memcpy(words, from.at + r * from.stride, (size_t)columns * sizeof *words);
        return;
    }
    for (int i = 0; i < 8 && 8 * r + i < places; i++) {
        int64_t k = l->perm ? l->perm[8 * r + i] : 8 * r + i;
        if (k < 0) continue;
        const uint32_t *row = from.at + k / 8 * from.stride;
        int down = (int)(4 * (k % 8)), up = 4 * i;
        if (columns == SIDE_COLUMNS) /* a constant */
            for (int c = 0; c < SIDE_COLUMNS; c++) words[c] |= (row[c] >> down & 15) << up;
        else
            for (int64_t c = 0; c < columns; c++) words[c] |= (row[c] >> down & 15) << up;
    }
}

/* The columns' words of all rows, next to each other; or where they are in q. */
static struct source source_of(const struct job *job, int64_t first, int64_t columns, int thread) {
    const w4a16_layer *l = job->layer;
    struct source q = {l->q + first, l->N};
    if (!job->rows) return q;
    int64_t count = (l->K + 7) / 8;
    uint32_t (*rows)[SIDE_COLUMNS] = job->rows + thread * count;
    for (int64_t r = 0; r < count; r++) memcpy(rows[r], q.at + r * q.stride, (size_t)columns * 4);
    return (struct source){rows[0], SIDE_COLUMNS};
}

static void pack_weights(const struct job *job, int64_t strip, int64_t strips, int thread) {
    enum { WORDS = PACK_BLOCK / PACK_WORD };
    const w4a16_layer *l = job->layer;
    const struct packed_layout *p = job->layout;
    int64_t first = strip * PACK_STRIP, columns = l->N - first < SIDE_COLUMNS ? l->N - first : SIDE_COLUMNS;
    struct source from = source_of(job, first, columns, thread);
    unsigned char *to = job->to + p->weights + (size_t)((job->first + strip) * p->blocks * PACK_BLOCK_BYTES);
    for (int64_t block = 0; block < p->blocks; block++, to += PACK_BLOCK_BYTES) {
        uint32_t words[WORDS][SIDE_COLUMNS], packed[SIDE_COLUMNS][WORDS];
        for (int i = 0; i < WORDS; i++) {
            gather(l, from, block * WORDS + i, columns, words[i]);
            for (int c = 0; c < SIDE_COLUMNS; c++) words[i][c] = interleave(words[i][c]);
        }
        for (int c = 0; c < SIDE_COLUMNS; c++)
            for (int i = 0; i < WORDS; i++) packed[c][i] = words[i][c];
        for (int64_t s = 0; s < strips; s++)
            memcpy(to + s * p->blocks * PACK_BLOCK_BYTES, packed[s * PACK_STRIP], PACK_BLOCK_BYTES);
    }
}

/* An entry per group and column of a strip, `size` bytes each; 0 behind N. */
static void pack_entries(const struct job *job, int64_t strip, const void *from, size_t size,
                         size_t section) {
    const w4a16_layer *l = job->layer;
    int64_t first = strip * PACK_STRIP, columns = l->N - first < PACK_STRIP ? l->N - first : PACK_STRIP;
    unsigned char *to =
        job->to + section + size * (size_t)((job->first + strip) * job->layout->groups * PACK_STRIP);
    for (int64_t g = 0; g < job->layout->groups; g++, to += size * PACK_STRIP) {
        memcpy(to, (const unsigned char *)from + size * (size_t)(g * l->N + first), size * (size_t)columns);
        memset(to + size * (size_t)columns, 0, size * (size_t)(PACK_STRIP - columns));
    }
}

static void pack_strip(const struct job *job, int64_t strip) {
    const w4a16_layer *l = job->layer;
    pack_entries(job, strip, l->scale, 2, job->layout->scales);
    if (l->zero) pack_entries(job, strip, l->zero, 1, job->layout->zeros);
    for (int64_t n = strip * PACK_STRIP; l->bias && n < (strip + 1) * PACK_STRIP; n++) {
        float value = n < l->N ? bias_of(l, n) : 0;
        memcpy(job->to + job->layout->bias + 4 * (job->first * PACK_STRIP + n), &value, 4);
    }
}

static void pack_side(void *context, int64_t index, int thread) {
    const struct job *job = context;
    int64_t strip = index * SIDE, left = job->layout->strips - strip, strips = left < SIDE ? left : SIDE;
    pack_weights(job, strip, strips, thread);
    for (int64_t s = 0; s < strips && !job->nibbles_only; s++) pack_strip(job, strip + s);
}

static void run_job(struct job *job, struct pool *pool) {
    const w4a16_layer *l = job->layer;
    enum { MOST_K = 1 << 18 }; /* 8 MB for each thread */
    size_t rows = (size_t)((l->K + 7) / 8) * (size_t)pool_threads(pool);
    if (l->perm && l->K <= MOST_K) job->rows = malloc(rows * sizeof *job->rows);
    pool_run_shares(pool, (job->layout->strips + SIDE - 1) / SIDE, pack_side, job);
    free(job->rows);
}

void pack_nibbles(const w4a16_layer *layer, const struct packed_layout *layout, void *to, struct pool *pool) {
    struct job job = {.layer = layer, .layout = layout, .to = to, .nibbles_only = 1};
    run_job(&job, pool);
}

void pack_expert(const w4a16_layer *layer, const struct packed_layout *layout, int64_t expert, void *to,
                 struct pool *pool) {
    struct job job = {.layer = layer, .layout = layout, .first = expert * layout->strips, .to = to};
    size_t order = (size_t)layout->padded_K * 4;
    run_job(&job, pool);
    if (layer->perm) memcpy(job.to + layout->perm + (size_t)expert * order, layer->perm, order);
}

void pack_layer(const w4a16_layer *layer, const struct packed_layout *layout, void *to, struct pool *pool) {
    pack_expert(layer, layout, 0, to, pool);
}

/* ---- joining ------------------------------------------------------------------------------------------- */

/* The zeros of a part; those of a symmetric one as packing would write them if they were given. */
static void concat_zeros(const struct packed_layout *part, const unsigned char *from, unsigned char *to) {
    size_t entries = (size_t)(part->strips * part->groups * PACK_STRIP);
    if (part->kind.zeros) {
        memcpy(to, from + part->zeros, entries);
        return;
    }
    for (size_t at = 0; at < entries; at++) {
        int64_t strip = (int64_t)at / (part->groups * PACK_STRIP), column = (int64_t)at % PACK_STRIP;
        to[at] = strip * PACK_STRIP + column < part->N ? 8 : 0;
    }
}

void pack_concat(const struct packed_layout *parts, const void *const *packed, size_t count,
                 const struct packed_layout *joined, void *to) {
    int64_t strip = 0;
    for (size_t n = 0; n < count; n++) {
        const struct packed_layout *p = &parts[n];
        const unsigned char *from = packed[n];
        unsigned char *out = to;
        size_t entry = (size_t)(strip * p->groups * PACK_STRIP),
               entries = (size_t)(p->strips * p->groups * PACK_STRIP);
        size_t bias = joined->bias + 4 * PACK_STRIP * (size_t)strip,
               bias_bytes = 4 * PACK_STRIP * (size_t)p->strips;
        memcpy(out + joined->weights + (size_t)(strip * p->blocks * PACK_BLOCK_BYTES), from + p->weights,
               (size_t)(p->strips * p->blocks * PACK_BLOCK_BYTES));
        memcpy(out + joined->scales + 2 * entry, from + p->scales, 2 * entries);
        if (joined->kind.zeros) concat_zeros(p, from, out + joined->zeros + entry);
        if (p->has_bias)
            memcpy(out + bias, from + p->bias, bias_bytes);
        else if (joined->has_bias)
            memset(out + bias, 0, bias_bytes);
        strip += p->strips;
    }
    if (joined->kind.act_order)
        memcpy((unsigned char *)to + joined->perm, (const unsigned char *)packed[0] + parts[0].perm,
               (size_t)joined->padded_K * 4);
}
