# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Packs the tensors of a layer as checkpoints store them: GPTQ, AWQ and compressed-tensors.

Each function gives the packed tensor for torch.ops.w4a16.linear, on the device of its arguments, by an operator of the C
library, which knows what the tensors mean (include/w4a16/convert.h). group_size is -1 for one group. Zeros that are 8
everywhere are left out, so that symmetric layers run on the kernels for them. N is what scales have: the last word of
eight columns may be filled up. part: a part along K of an act-ordered layer, with all the scales and zeros; its groups
may have any number of members.
"""

from __future__ import annotations

import torch

import w4a16.ops  # noqa: F401

# w4a16_symmetry of include/w4a16/convert.h, by what a configuration says of "sym"; None: it was not kept.
_SYMMETRY = {False: 0, True: 1, None: 2}


def pack_gptq(
    qweight: torch.Tensor,
    scales: torch.Tensor,
    qzeros: torch.Tensor | None = None,
    g_idx: torch.Tensor | None = None,
    *,
    group_size: int,
    v2: bool = False,
    sym: bool | None = False,
    part: bool = False,
) -> torch.Tensor:
    """qweight [K/8, N], scales [G, N], qzeros [G, N/8] (version 1 stores zeros minus one), g_idx [K].

    sym is what the configuration says: where it is true, qzeros hold 8 everywhere, or 7, and mean 8, whatever the
    version. None is for a configuration that was not kept: then such zeros mean 8 too, and others what they say.
    """
    return torch.ops.w4a16.pack_gptq(
        qweight, scales, _words(qzeros, qweight), _words(g_idx, qweight), group_size, 2 if v2 else 1, _SYMMETRY[sym], part
    )


def pack_awq(
    qweight: torch.Tensor, scales: torch.Tensor, qzeros: torch.Tensor, *, group_size: int
) -> torch.Tensor:
    """qweight [K, N/8], scales [G, N], qzeros [G, N/8]: words along N, in AWQ's order of nibbles."""
    return torch.ops.w4a16.pack_awq(qweight, scales, qzeros, group_size)


def pack_compressed_tensors(
    weight_packed: torch.Tensor,
    weight_scale: torch.Tensor,
    weight_zero_point: torch.Tensor | None = None,
    weight_g_idx: torch.Tensor | None = None,
    *,
    group_size: int,
    part: bool = False,
) -> torch.Tensor:
    """weight_packed [N, K/8], weight_scale [N, G], weight_zero_point [N/8, G], weight_g_idx [K]."""
    zeros, g_idx = _words(weight_zero_point, weight_packed), _words(weight_g_idx, weight_packed)
    return torch.ops.w4a16.pack_ct(weight_packed, weight_scale, zeros, g_idx, group_size, part)


def pack_compressed_tensors_experts(
    weight_packed: torch.Tensor,
    weight_scale: torch.Tensor,
    weight_zero_point: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    *,
    group_size: int,
) -> torch.Tensor:
    """The same of all experts, each tensor with one more dimension in front, for torch.ops.w4a16.experts."""
    zeros = _words(weight_zero_point, weight_packed)
    bias = weight_scale.new_empty(0) if bias is None else bias
    return torch.ops.w4a16.pack_ct_experts(weight_packed, weight_scale, zeros, bias, group_size)


def _words(tensor: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor:
    return like.new_empty(0, dtype=torch.int32) if tensor is None else tensor.to(torch.int32)
