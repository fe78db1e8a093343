/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * What a product would take, so that rows can be compared: read from cost.def, which has modelled times of every tile. They are
 * those of the largest card: which row is taken must not depend on the card, for a row's bits may.
 */
#include <math.h>
#include <string.h>

#include "plan/gfx11/product.h"

/* A launch of so many tiles takes `start` cycles, and `block` more for each block of K. */
struct point {
    double tiles, start, block;
};

static const struct tile_cost {
    const char *tile; /* a kernel's name without "w4a16_" and what the tile's cost does not depend on */
    struct point points[COST_POINTS];
} costs[] = {
#define COST(tile, ...)        {#tile, {__VA_ARGS__}},
#define P(tiles, start, block) {tiles, start, block},
#include "plan/gfx11/cost.def"
};

static const struct point *points_of(const struct kernel_row *row) {
    const char *name = row->name + strlen("w4a16_");
    for (size_t n = 0; n < sizeof costs / sizeof costs[0]; n++) {
        size_t length = strlen(costs[n].tile);
        if (strncmp(name, costs[n].tile, length) == 0 && name[length] == '_') return costs[n].points;
    }
    return NULL;
}

/* Between the points, and beyond the last one in proportion. */
static struct point at(const struct point *points, double tiles) {
    int n = 1;
    while (n + 1 < COST_POINTS && points[n + 1].tiles > 0 && tiles > points[n].tiles) n++;
    const struct point *low = &points[n - 1], *high = &points[n];
    if (tiles > high->tiles) /* the card is full many times */
        return (struct point){tiles, high->start, high->block * tiles / high->tiles};
    double part = tiles < low->tiles ? 0 : (tiles - low->tiles) / (high->tiles - low->tiles);
    return (struct point){tiles, low->start + part * (high->start - low->start),
                          low->block + part * (high->block - low->block)};
}

/* Pairs of compute units of the card, and rounds in which they take the tiles. */
enum { PAIRS = 48 };
static double rounds(double tiles) { return ceil(tiles / PAIRS); }

/* Cycles of a block in a round that memory does not hold up: the least that is known of a filled card. */
static double round_of(const struct point *points) {
    double least = HUGE_VAL;
    for (int n = 0; n < COST_POINTS && points[n].tiles > 0; n++)
        if (points[n].tiles >= PAIRS) least = fmin(least, points[n].block / rounds(points[n].tiles));
    return least;
}

/*
 * Tiles of a layer along M, in the time of full ones: strip.c gives a tile of 32 rows that has at most 16 less to do. The last
 * tiles of experts are filled by chance, and half of those are such.
 */
static double tiles_of(const struct kernel_row *row, double rows, int by_chance) {
    enum { HALF = 16 };
    const double of_half = 0.6; /* modelled: 0.44 to 0.58 where K is 4096, 0.62 and 0.74 where it is 2048 */
    double m_tile = (double)row->m_tile;
    double tiles = by_chance ? fmax(1, rows / m_tile + (m_tile - 1) / (2 * m_tile)) : ceil(rows / m_tile);
    if (row->family != &strip_family || row->m_tile <= HALF) return tiles;
    double halves = by_chance ? fmax(1, rows / HALF + (HALF - 1.0) / (2 * HALF)) : ceil(rows / HALF);
    double full = halves - tiles;
    return fmax(1, full + of_half * (tiles - full));
}

double gfx11_cost(const struct kernel_row *row, const w4a16_problem *p) {
    const struct point *points = points_of(row);
    if (!points) return HUGE_VAL; /* not modelled yet: the last choice */
    int64_t slots = plan_slots(p), used = slots < p->mixture.experts ? slots : p->mixture.experts;
    double layers = used ? (double)used : 1;
    double each = tiles_of(row, (double)slots / layers, p->mixture.experts != 0);
    double bring = layers * (double)plan_tiles(p->shape.N, row->n_tile), tiles = bring * each;
    struct point all = at(points, tiles);
    /* The points are of tiles that all bring weights of their own; more tiles along M find them in caches. */
    double again = fmax(at(points, bring).block, round_of(points) * rounds(tiles));
    return all.start + (double)plan_blocks(p) * (each > 1 ? fmin(all.block, again) : all.block);
}
