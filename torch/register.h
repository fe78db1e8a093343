/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/* What Python calls, through ctypes, after it has loaded the library into a process that has PyTorch. */
#ifndef W4A16_TORCH_REGISTER_H
#define W4A16_TORCH_REGISTER_H

#include "w4a16/linear.h"

/* Null, or why there are no operators. Later calls give the same answer. */
W4A16_API const char *w4a16_torch_register(void);

/*
 * The sizes of the tensor that w4a16::pack gives for a layer of these facts, for shape functions: of the
 * problem N, K, padded_K, group_size, scale_type, zeros, act_order and experts count, and has_bias with those.
 */
W4A16_API w4a16_status w4a16_torch_packed_sizes(const w4a16_problem *problem, int64_t sizes[3],
                                                w4a16_error *error);

#endif
