# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Gradients of the operators: linear has one in its activations and its bias; the others say that they have none.

Weights are constants. Their values come from the product itself: rows of the identity times the layer are rows of the
weights, each rounded once to the activations' type. So every format is dequantised, on every device, by its own kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_ROWS = 1024  # of the weights that are dequantised at a time


def _rows_of_weights(packed: torch.Tensor, K: int, first: int, count: int, like: torch.Tensor) -> torch.Tensor:
    """Rows first..first+count-1 of the weights [K, N], in the type of `like`."""
    places = torch.arange(first, first + count, device=like.device).unsqueeze(1)
    identity = (places == torch.arange(K, device=like.device)).to(like.dtype)
    return torch.ops.w4a16.linear(identity, packed, like.new_empty(0))


def _save(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    x, packed, bias = inputs
    ctx.save_for_backward(packed)
    ctx.K = x.shape[-1]
    ctx.bias_type = None if bias is None else bias.dtype


def _linear(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, None, torch.Tensor | None]:
    (packed,) = ctx.saved_tensors
    of_x = of_bias = None
    if ctx.needs_input_grad[0]:
        parts = []
        for first in range(0, ctx.K, _ROWS):
            weights = _rows_of_weights(packed, ctx.K, first, min(_ROWS, ctx.K - first), grad)
            parts.append(grad @ weights.t())
        of_x = torch.cat(parts, -1)
    if ctx.needs_input_grad[2]:
        of_bias = grad.reshape(-1, grad.shape[-1]).sum(0, dtype=torch.float32).to(ctx.bias_type)
    return of_x, None, of_bias


def _none(name: str) -> Callable[..., Any]:
    def refuse(ctx: Any, *grads: torch.Tensor) -> Any:
        raise RuntimeError(f"{name} has no gradient; accepted is torch.no_grad() around it, or w4a16::linear")

    return refuse


def _none_of_what_it_writes(operator: Any) -> Callable[..., Any]:
    """For an operator that writes into an argument: there is no result for a gradient to come back by."""

    def call(keys: Any, *arguments: Any, **options: Any) -> Any:
        tensors = [a for a in (*arguments, *options.values()) if isinstance(a, torch.Tensor)]
        if torch.is_grad_enabled() and any(a.requires_grad for a in tensors):
            raise RuntimeError(
                f"{operator.name()} has no gradient, and a tensor that it is given requires one; accepted are tensors "
                "that do not, or torch.no_grad() around it"
            )
        return operator.redispatch(keys & torch._C._after_autograd_keyset, *arguments, **options)

    return call


_library = torch.library.Library("w4a16", "IMPL")


def register() -> None:
    """Once, after the operators."""
    torch.library.register_autograd("w4a16::linear", _linear, setup_context=_save)
    gemms = [f"{name}{form}" for name in ("gptq_gemm_rdna3", "gptq_gemm_rdna3_wmma") for form in ("", ".without_g_idx")]
    packs = ("pack", "pack_experts", "pack_gptq", "pack_awq", "pack_ct", "pack_ct_experts")
    for name in (*packs, "experts", *gemms):
        torch.library.register_autograd(f"w4a16::{name}", _none(f"w4a16::{name}"))
    operator = torch.ops.w4a16.moe_gptq_gemm_rdna3.default
    _library.impl(operator, _none_of_what_it_writes(operator), "Autograd", with_keyset=True)
