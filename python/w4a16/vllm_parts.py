# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Parts along K that cut a group, as tensor parallelism deals them out.

vLLM's loaders have no place for such a part: they refuse it, or round the number of its scales down. So the layer gets
smaller groups, the largest that divide both the group and the part, and the loader gets each row of scales and zeros as
often as its group is divided: the same weights, in groups of which every part has whole ones.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch

from w4a16 import vllm_kernel

# Where each of vLLM's classes that create weights keeps the group size: in an attribute's object, or in itself.
METHODS = {
    "AutoGPTQLinearMethod": "quant_config",
    "GPTQLinearMethod": "quant_config",
    "AutoAWQLinearMethod": "quant_config",
    "AutoAWQMarlinLinearMethod": "quant_config",
    "AWQLinearMethod": "quant_config",
    "CompressedTensorsWNA16": "",
}


def cut_group(K: int, full_K: int, group_size: int) -> int | None:
    """The size of the groups that a part of K input features out of full_K gets; None where it cuts no group."""
    if K == full_K or group_size < 1 or K % group_size == 0 or full_K % group_size:
        return None
    return math.gcd(K, group_size)


def _repeating(weight_loader: Callable[..., Any], groups: int, times: int) -> Callable[..., Any]:
    """A loader that gets each row of what has `groups` rows along K so many times."""

    @functools.wraps(weight_loader)
    def load(param: Any, loaded_weight: torch.Tensor, *args: Any, **named: Any) -> Any:
        dim = getattr(param, "input_dim", None)
        if dim is not None and loaded_weight.dim() == 2 and loaded_weight.shape[dim] == groups:
            loaded_weight = loaded_weight.repeat_interleave(times, dim)
        return weight_loader(param, loaded_weight, *args, **named)

    return load


def _refusal(method: Any, config: Any, group_size: int, named: dict[str, Any]) -> str | None:
    bits = getattr(config, "weight_bits", getattr(config, "num_bits", None))
    if bits != 4 or getattr(config, "desc_act", False) or getattr(method, "has_g_idx", False):
        return "not ours, or with an act-order, which needs no whole groups"
    return (
        vllm_kernel.disabled()
        or vllm_kernel.other_backend()
        or vllm_kernel.refusal(
            named["input_size_per_partition"],
            sum(named["output_partition_sizes"]),
            group_size,
            named["params_dtype"],
            zeros=True,
            full_K=named["input_size"],
        )
    )


def route(method: Any, where: str) -> None:
    """Wraps create_weights; a second call changes nothing."""
    if "w4a16_cuts" in vars(method):
        return
    create_weights = method.create_weights

    @functools.wraps(create_weights)
    def create(self: Any, *args: Any, **named: Any) -> None:
        config = getattr(self, where) if where else self
        K, full_K = named.get("input_size_per_partition"), named.get("input_size")
        size = None if K is None or full_K is None else cut_group(K, full_K, config.group_size)
        if size is not None and "weight_loader" in named and not _refusal(self, config, size, named):
            groups, times = full_K // config.group_size, config.group_size // size
            named["weight_loader"] = _repeating(named["weight_loader"], groups, times)
            if where:  # shared by all layers, where the method is this layer's own
                config = copy.copy(config)
                setattr(self, where, config)
            config.group_size = size
        create_weights(self, *args, **named)

    method.create_weights = create
    method.w4a16_cuts = True


def register(module: ModuleType) -> None:
    """Routes what of these a module of vLLM has."""
    for name, where in METHODS.items():
        if hasattr(module, name):
            route(getattr(module, name), where)
