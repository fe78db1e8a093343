/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Where WMMA's matrices of 16 x 16 lie in registers.
 *
 *   A, B   lane l holds row (column) l & 15, consecutive k in consecutive bits from the first register on. Lanes 16-31
 *          repeat 0-15, but are really read: they feed the odd rows of D.
 *   C, D   register r holds row 2r in lanes 0-15 and row 2r + 1 in lanes 16-31 (wave64: rows 4r to 4r + 3); 16-bit
 *          forms use the half that op_sel bit 2 names and leave the other one alone.
 */
#ifndef RDNASIM_GFX11_MATRIX_H
#define RDNASIM_GFX11_MATRIX_H

enum { MATRIX_SIDE = 16 };

/* Which rows a half-wave's registers of C and D hold. */
struct shape {
    unsigned registers, rows_apart, first_row;
};
static inline struct shape matrix_shape(unsigned wave_size, unsigned half) {
    return wave_size == 64 ? (struct shape){4, 4, 2 * half} : (struct shape){8, 2, 0};
}

/* The row of D that register r has in lane l. */
static inline unsigned matrix_row(struct shape shape, unsigned r, unsigned l) {
    return shape.rows_apart * r + shape.first_row + l / MATRIX_SIDE;
}

/* The lane of A that feeds it. */
static inline unsigned lane_of_a(struct shape shape, unsigned r, unsigned l) {
    return matrix_row(shape, r, l) + l / MATRIX_SIDE * MATRIX_SIDE;
}

#endif
