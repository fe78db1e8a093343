/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Weights of nibbles only (linear.h) in the bytes of a checkpoint whose N is no multiple of 32. The strips of
 * 32 columns that are full lie as the kernels read them; of the last one only the columns that are there are
 * kept, so that a tensor can be packed in place. Before a product the weights are brought to whole strips in
 * new memory, and rows of scales and zeros to that length.
 */
#ifndef W4A16_TORCH_LOOSE_H
#define W4A16_TORCH_LOOSE_H

#include "run.h"

#define NIBBLES_STRIP 32 /* columns */

/* From whole strips, as w4a16_pack_nibbles leaves them, to N * K / 2 bytes; in host memory. */
void nibbles_squeeze(const void *packed, int64_t N, int64_t K, void *to);
/* packed, scales and zeros of one layer, or of experts with one more dimension in front; N is a multiple
 * of 8. Does nothing if it is one of 32. */
w4a16_status nibbles_widen(struct frame *f, struct operands *o, int64_t N, int64_t K);

#endif
