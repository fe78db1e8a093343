# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""vLLM's linear methods that do not ask its kernel chooser, on the kernels of this library.

On ROCm these are AWQ in every release and GPTQ in those up to early 2026: they call a product of their own. So their
three steps are wrapped: create_weights also decides whether the library takes the layer,
process_weights_after_loading then packs it, and apply uses the packed tensor. Layers that are not taken go through
vLLM's steps unchanged. The classes keep their identity, because vLLM looks linear methods up by their class's name,
and other quantisation methods reuse them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch

from w4a16 import vllm_kernel
from w4a16.zeros import gptq_zeros

# The column, of eight, that each nibble of an AWQ word holds, low nibble first.
_AWQ_COLUMNS = (0, 2, 4, 6, 1, 3, 5, 7)


def awq_q(words: torch.Tensor) -> torch.Tensor:
    """[K/8][N] words along K from AWQ's [K, N/8] words along N, without a tensor of single values."""
    K, blocks = words.shape
    q = words.new_zeros(K // 8, blocks * 8)
    for place in range(8):
        rows = words[place::8]
        for nibble, column in enumerate(_AWQ_COLUMNS):
            q[:, column::8] |= ((rows >> (4 * nibble)) & 15) << (4 * place)
    return q


def awq_zeros(words: torch.Tensor) -> torch.Tensor:
    """[G][N] bytes from AWQ's [G, N/8] words, which store zeros as they are."""
    groups, blocks = words.shape
    zeros = words.new_empty(groups, blocks * 8, dtype=torch.uint8)
    for nibble, column in enumerate(_AWQ_COLUMNS):
        zeros[:, column::8] = (words >> (4 * nibble)) & 15
    return zeros


def _awq(layer: Any, config: Any, group_size: int) -> vllm_kernel.Canonical:
    return vllm_kernel.Canonical(
        awq_q(layer.qweight.data),
        layer.scales.data.contiguous(),
        awq_zeros(layer.qzeros.data),
        None,
        group_size,
    )


def _gptq(layer: Any, config: Any, group_size: int) -> vllm_kernel.Canonical:
    stored = vllm_kernel.canonical_zeros(layer.qzeros, layer.scales.shape[1], 0)
    sym = bool(getattr(config, "is_sym", getattr(config, "sym", False)))
    zeros = gptq_zeros(stored, getattr(config, "checkpoint_format", "") == "gptq_v2", sym)
    canonical = vllm_kernel.Canonical(
        vllm_kernel.canonical_q(layer.qweight),
        vllm_kernel.canonical_scales(layer.scales),
        None if zeros is None or bool((zeros == 8).all()) else zeros,  # most releases do not keep what sym says
        None,
        group_size,
    )
    return vllm_kernel.ordered(canonical, layer.g_idx) if config.desc_act else canonical


# What each of vLLM's methods does to bring a layer into canonical form, given its configuration and group size.
METHODS: dict[str, Callable[[Any, Any, int], vllm_kernel.Canonical]] = {
    "AutoAWQLinearMethod": _awq,
    "AWQLinearMethod": _awq,
    "GPTQLinearMethod": _gptq,
}


def _refusal(config: Any, K: int, N: int, full_K: int, act: torch.dtype) -> str | None:
    why = vllm_kernel.disabled() or vllm_kernel.other_backend()
    if why:
        return why
    if config.weight_bits != 4:
        return f"weights have {config.weight_bits} bits; accepted are 4"
    if K % 8 or N % 8:
        return f"K is {K} and N is {N}; accepted are multiples of 8, as vLLM's loader fills words of 8 only"
    act_order = getattr(config, "desc_act", False)
    return vllm_kernel.refusal(K, N, config.group_size, act, zeros=True, full_K=full_K, act_order=act_order)


def route(method: Any, canonical: Callable[[Any, Any, int], vllm_kernel.Canonical]) -> None:
    """Wraps the three steps of a linear method; a second call changes nothing."""
    if "w4a16_routed" in vars(method):
        return
    create_weights = method.create_weights
    process_weights_after_loading = method.process_weights_after_loading
    apply = method.apply

    @functools.wraps(create_weights)
    def create(
        self: Any,
        layer: Any,
        input_size_per_partition: int,
        output_partition_sizes: list[int],
        input_size: int,
        output_size: int,
        params_dtype: torch.dtype,
        **attrs: Any,
    ) -> None:
        create_weights(
            self, layer, input_size_per_partition, output_partition_sizes, input_size, output_size, params_dtype, **attrs
        )
        why = _refusal(
            self.quant_config, input_size_per_partition, sum(output_partition_sizes), input_size, params_dtype
        )
        layer.w4a16_K = None if why else input_size_per_partition
        if why:
            vllm_kernel.log_fallback(why)
        else:
            vllm_kernel.log_use(vllm_kernel.NAME, method.__name__)

    @functools.wraps(process_weights_after_loading)
    def process(self: Any, layer: Any) -> None:
        K = getattr(layer, "w4a16_K", None)
        if K is None:
            process_weights_after_loading(self, layer)
        elif layer.qweight.dtype != torch.uint8:  # else packed by an earlier call
            group_size = self.quant_config.group_size
            if group_size == -1:
                group_size = K
            packed = vllm_kernel.pack(canonical(layer, self.quant_config, group_size))
            vllm_kernel.replace(layer, "qweight", packed)
            for name in ("scales", "qzeros", "g_idx"):
                if getattr(layer, name, None) is not None:
                    vllm_kernel.replace(layer, name, packed.new_empty(0))

    @functools.wraps(apply)
    def product(self: Any, layer: Any, x: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        if getattr(layer, "w4a16_K", None) is None:
            return apply(self, layer, x, bias)
        return vllm_kernel.linear(x, layer.qweight, bias)

    method.create_weights, method.process_weights_after_loading, method.apply = create, process, product
    method.w4a16_routed = True


def register(module: ModuleType) -> None:
    """Routes what of these a module of vLLM has."""
    for name, canonical in METHODS.items():
        if hasattr(module, name):
            route(getattr(module, name), canonical)
