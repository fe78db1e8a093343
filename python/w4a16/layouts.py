# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Packs the tensors of a layer as checkpoints store them: GPTQ, AWQ and compressed-tensors.

Each function gives the packed tensor for torch.ops.w4a16.linear, on the device of its arguments. group_size is -1 for
one group. Zeros that are 8 everywhere are left out, so that symmetric layers run on the kernels for them. N is what
scales have: the last word of eight columns may be filled up.
"""

from __future__ import annotations

import torch

import w4a16.ops  # noqa: F401
from w4a16.zeros import gptq_zeros

# The nibble of an AWQ word that holds column 0, 1, ... of its eight.
_AWQ_PLACES = [0, 4, 1, 5, 2, 6, 3, 7]


def pack_gptq(
    qweight: torch.Tensor,
    scales: torch.Tensor,
    qzeros: torch.Tensor | None = None,
    g_idx: torch.Tensor | None = None,
    *,
    group_size: int,
    v2: bool = False,
    sym: bool = False,
) -> torch.Tensor:
    """qweight [K/8, N], scales [G, N], qzeros [G, N/8] (version 1 stores zeros minus one), g_idx [K].

    sym is what the configuration says: then qzeros hold 8 everywhere, or 7, and mean 8, whatever the version.
    """
    zeros = None if qzeros is None else _columns("qzeros", _nibbles(qzeros), scales.shape[-1])
    if zeros is not None:
        zeros = gptq_zeros(zeros, v2, sym)
    return _pack(qweight, scales, zeros, g_idx, group_size)


def pack_awq(
    qweight: torch.Tensor, scales: torch.Tensor, qzeros: torch.Tensor, *, group_size: int
) -> torch.Tensor:
    """qweight [K, N/8], scales [G, N], qzeros [G, N/8]: words along N, in AWQ's order of nibbles."""
    N = scales.shape[-1]
    q = _columns("qweight", _nibbles(qweight, _AWQ_PLACES), N).to(torch.int64)
    shifts = torch.arange(0, 32, 4, device=q.device).view(1, 8, 1)
    words = (q.view(-1, 8, q.shape[1]) << shifts).sum(1)
    words = torch.where(words >= 1 << 31, words - (1 << 32), words).to(torch.int32)
    return _pack(words, scales, _columns("qzeros", _nibbles(qzeros, _AWQ_PLACES), N), None, group_size)


def pack_compressed_tensors(
    weight_packed: torch.Tensor,
    weight_scale: torch.Tensor,
    weight_zero_point: torch.Tensor | None = None,
    weight_g_idx: torch.Tensor | None = None,
    *,
    group_size: int,
) -> torch.Tensor:
    """weight_packed [N, K/8], weight_scale [N, G], weight_zero_point [N/8, G], weight_g_idx [K]."""
    zeros = None
    if weight_zero_point is not None:
        zeros = _columns("weight_zero_point", _nibbles(weight_zero_point.t()), weight_scale.shape[0])
    return _pack(weight_packed.t(), weight_scale.t(), zeros, weight_g_idx, group_size)


def _nibbles(words: torch.Tensor, places: list[int] | None = None) -> torch.Tensor:
    """[R, C] words to [R, 8 C] uint8: the nibbles of a word, lowest first, or those at `places`."""
    shifts = 4 * torch.tensor(places or list(range(8)), dtype=torch.int32, device=words.device)
    return ((words.unsqueeze(-1) >> shifts) & 15).to(torch.uint8).flatten(1)


def _columns(name: str, values: torch.Tensor, N: int) -> torch.Tensor:
    """The first N of what words of eight columns hold."""
    if values.shape[1] != (N + 7) // 8 * 8:
        found = values.shape[1] // 8
        raise RuntimeError(f"{name} has {found} words of 8 columns; scales have {N} columns, which take {(N + 7) // 8}")
    return values[:, :N].contiguous()


def _pack(
    q: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor | None, g_idx: torch.Tensor | None, group_size: int
) -> torch.Tensor:
    K = 8 * q.shape[0]
    if zeros is None or bool((zeros == 8).all()):
        zeros = q.new_empty(0, dtype=torch.uint8)
    perm = q.new_empty(0, dtype=torch.int32)
    if g_idx is not None and g_idx.numel():
        groups = torch.arange(K, device=g_idx.device) // (K if group_size == -1 else group_size)
        order = torch.argsort(g_idx, stable=True)
        if g_idx.numel() != K:
            raise RuntimeError(f"g_idx has {g_idx.numel()} elements; accepted are the {K} input features of qweight")
        if not torch.equal(g_idx[order].long(), groups):
            found = dict(zip(*(part.tolist() for part in g_idx.unique(return_counts=True)), strict=True))
            size = K if group_size == -1 else group_size
            odd = next((g for g in (*range(-(-K // size)), *found) if found.get(g, 0) != min(size, K - g * size)), 0)
            raise RuntimeError(
                f"g_idx does not put {group_size} of the {K} input features into each group: "
                f"group {odd} has {found.get(odd, 0)}"
            )
        if not torch.equal(g_idx.long(), groups):
            perm = order.to(torch.int32)
    return torch.ops.w4a16.pack(q.contiguous(), scales.contiguous(), zeros, perm, group_size)
