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

/*
 * What kernels are given of it; null in a dense problem. A kernel of one row needs no sorting where the rows of activations are
 * slots: each slot is a tile. Then tiles is null, and rows the experts of the slots, of which there are M.
 */
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
    u32 first = m_tile == 1 ? 0 : index * m_tile; /* kernels of one row have one work-group along M */
    struct rows r = {0, first, M - first, 0};
    /* Unlikely, so that it lies behind the dense kernel's code, which is fetched in order. */
    if (__builtin_expect(lists.rows != 0, 0)) {
        if (m_tile == 1 && !lists.tiles) {
            u32 expert = ((const UNIFORM u32 *)lists.rows)[index];
            u64 below_M = (u64)expert - M;
            __asm__("" : "+s"(below_M)); /* a comparison's result would go through a vector register */
            u32 named = (u32)(below_M >> 63);
            expert *= named;
            struct rows of_slot = {0, index, named, expert * ((N + LANES - 1) / LANES) * LANES};
            r = of_slot;
        } else {
            struct expert_tile t = lists.tiles[index];
            struct rows of_tile = {lists.rows + t.first, 0, t.count,
                                   t.expert * ((N + LANES - 1) / LANES) * LANES};
            r = of_tile;
        }
    }
    return r;
}

INLINE u64 row_from(struct rows rows, u32 m) { return rows.list ? rows.list[m].from : rows.first_m + m; }
INLINE u64 row_to(struct rows rows, u32 m) { return rows.list ? rows.list[m].to : rows.first_m + m; }

#endif
