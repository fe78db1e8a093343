/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Mixture of experts: how a product over many layers of one shape becomes tiles of ordinary products.
 *
 * A slot is one use of an expert by a token; slot t * top_k + j is the j-th of token t. route.c sorts slots
 * by expert and cuts each expert's list into tiles; a work-group of decode.c, strip.c or matrix.c then takes
 * one tile as if it were a dense problem of few rows: its weights begin `expert` layers further, and its rows
 * are looked up. Tiles that routing did not fill have no rows.
 */
#ifndef W4A16_EXPERTS_H
#define W4A16_EXPERTS_H

#include "gfx11.h"

/* What kernels are given of it; null in a dense problem. */
struct expert_lists {
    const UNIFORM struct expert_tile *tiles;
    const UNIFORM struct expert_row *rows;
};

/* A work-group's rows: those of its tile, or of the dense problem from first_m on. */
struct rows {
    const UNIFORM struct expert_row *list; /* null: row m is first_m + m */
    u32 first_m, count;
    u32 first_column; /* of the expert, for what is stored by column: the bias */
};

/*
 * The rows of a work-group that takes m_tile of them. Called before the loop over K and again behind it: kept
 * across, it would cost the loop registers, and the compiler would keep it if it knew that nothing changes.
 */
INLINE struct rows rows_of(struct expert_lists lists, u32 M, u32 N, u32 m_tile) {
    u32 index = __builtin_amdgcn_workgroup_id_y();
    __asm__("" : "+s"(index));
    struct rows r = {0, index * m_tile, M - index * m_tile, 0};
    if (lists.tiles) {
        struct expert_tile t = lists.tiles[index];
        struct rows of_tile = {lists.rows + t.first, 0, t.count,
                               t.expert * ((N + LANES - 1) / LANES) * LANES};
        r = of_tile;
    }
    return r;
}

INLINE u64 row_from(struct rows rows, u32 m) { return rows.list ? rows.list[m].from : rows.first_m + m; }
INLINE u64 row_to(struct rows rows, u32 m) { return rows.list ? rows.list[m].to : rows.first_m + m; }

#endif
