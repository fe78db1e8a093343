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

from w4a16 import vllm_kernel, vllm_parts


def _awq(layer: Any, config: Any) -> torch.Tensor:
    from w4a16 import layouts

    arrays = (layer.qweight.data, layer.scales.data, layer.qzeros.data)
    return layouts.pack_awq(*arrays, group_size=config.group_size)


def _gptq(layer: Any, config: Any) -> torch.Tensor:
    from w4a16 import layouts

    sym = getattr(config, "is_sym", getattr(config, "sym", None))  # most releases with this method do not keep it
    return layouts.pack_gptq(
        layer.qweight.data,
        layer.scales.data,
        layer.qzeros.data,
        layer.g_idx.data if config.desc_act else None,
        group_size=config.group_size,
        v2=getattr(config, "checkpoint_format", "") == "gptq_v2",
        sym=None if sym is None else bool(sym),
        part=True,
    )


# How a layer of each of vLLM's methods is packed, given its configuration.
METHODS: dict[str, Callable[[Any, Any], torch.Tensor]] = {
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


def route(method: Any, pack: Callable[[Any, Any], torch.Tensor]) -> None:
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
        layer.w4a16_taken = why is None
        if why:
            vllm_kernel.log_fallback(why)
        else:
            vllm_kernel.log_use(vllm_kernel.NAME, method.__name__)

    @functools.wraps(process_weights_after_loading)
    def process(self: Any, layer: Any) -> None:
        if not getattr(layer, "w4a16_taken", False):
            process_weights_after_loading(self, layer)
        elif layer.qweight.dtype != torch.uint8:  # else packed by an earlier call
            packed = pack(layer, self.quant_config)
            vllm_kernel.replace(layer, "qweight", packed)
            for name in ("scales", "qzeros", "g_idx"):
                if getattr(layer, name, None) is not None:
                    vllm_kernel.replace(layer, name, packed.new_empty(0))

    @functools.wraps(apply)
    def product(self: Any, layer: Any, x: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        if not getattr(layer, "w4a16_taken", False):
            return apply(self, layer, x, bias)
        return vllm_kernel.linear(x, layer.qweight, bias)

    method.create_weights, method.process_weights_after_loading, method.apply = create, process, product
    method.w4a16_routed = True


def register(module: ModuleType) -> None:
    """Routes what of these a module of vLLM has."""
    for name, pack in METHODS.items():
        if hasattr(module, name):
            route(getattr(module, name), pack)
    vllm_parts.register(module)
