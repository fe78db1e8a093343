/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * The operators. Each takes its arguments' tensors into the frame, at once and all of them, and gives the one
 * tensor that it returns, if it returns one; errors are left in the frame.
 */
#ifndef W4A16_TORCH_OPS_H
#define W4A16_TORCH_OPS_H

#include "tensor.h"

typedef w4a16_status operator_call(struct frame *frame, const shim_value *arguments, shim_value *result);

/* linear(Tensor x, Tensor packed, Tensor bias) -> Tensor */
operator_call linear_call;
/* pack(Tensor q, Tensor scales, Tensor zeros, Tensor perm, int group_size) -> Tensor */
operator_call pack_call;
/* experts(Tensor x, Tensor packed, Tensor ids, Tensor gates) -> Tensor */
operator_call experts_call;
/* pack_experts(Tensor q, Tensor scales, Tensor zeros, Tensor bias, int group_size) -> Tensor */
operator_call pack_experts_call;
/* Checkpoints' tensors, pack_stored.c */
operator_call pack_gptq_call, pack_awq_call, pack_ct_call, pack_ct_experts_call;
/* vLLM's own, gptq.c: with and without an order of input features */
operator_call gptq_shuffle_call, gptq_shuffle_plain_call;
operator_call gptq_gemm_call, gptq_gemm_plain_call;
operator_call moe_gptq_gemm_call;

#endif
