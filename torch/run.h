/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* One product of tensors that an operator has checked and arranged. */
#ifndef W4A16_TORCH_RUN_H
#define W4A16_TORCH_RUN_H

#include "cache.h"
#include "tensor.h"

#define ROUND_UP(n, to) (((n) + (to) - 1) / (to) * (to))
#define BIAS_COLUMNS    32 /* N is rounded up to them in a bias */

struct operands {
    struct tensor x, packed, out;
    struct tensor bias;                      /* key's has_bias */
    struct tensor ids, gates;                /* of experts; of its combine, or no elements: all are 1 */
    struct tensor scales, zeros, order;      /* of nibbles only; no elements where there are none */
    struct tensor sorted_slots, sorted_used; /* of its sorted_block; ids are then the blocks' */
    struct tensor workspace;                 /* run_product's */
    struct plan_key key;
};

/*
 * x [..., K]: sets the key's K, M and lda. Where rows are not at one distance, or do not begin at a multiple
 * of 4 bytes, x becomes a copy.
 */
w4a16_status run_arrange_x(struct frame *f, struct operands *o);
/* A new tensor out: x's sizes but N in place of K, and x's type. */
w4a16_status run_make_out(struct frame *f, struct operands *o, int64_t N);
/* Fills the key's device and type from x; the rest is the operator's. */
void run_set_key(struct operands *o);
/* sizes: of a packed tensor without the experts'. */
void run_set_sizes(struct operands *o, const int64_t sizes[SHAPE_DIMS]);
w4a16_status run_product(struct frame *f, struct operands *o);

#endif
