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
    struct tensor bias;       /* key.has_bias */
    struct tensor ids, gates; /* key.experts; key.combine */
    struct tensor workspace;  /* run_product's */
    struct plan_key key;
};

/* Fills the key's device, type and sizes from x and packed; the rest is the operator's. */
void run_set_key(struct operands *o);
w4a16_status run_product(struct frame *f, struct operands *o);

#endif
