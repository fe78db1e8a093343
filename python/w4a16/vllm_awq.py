# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""vLLM's AWQ linear method on the kernels of this library.

On ROCm vLLM's AWQ method does not ask the kernel chooser: it calls its own product. So its three steps are wrapped:
create_weights also decides whether the library takes the layer, process_weights_after_loading then packs it, and
apply uses the packed tensor. Layers that are not taken go through vLLM's steps unchanged. The class keeps its
identity, because vLLM looks linear methods up by their class's name, and other quantisation methods reuse this one.
"""

from __future__ import annotations

import functools

import torch

from w4a16 import vllm_kernel

# Where vLLM keeps the method: the newest place first.
PLACES = ("vllm.model_executor.layers.quantization.auto_awq", "vllm.model_executor.layers.quantization.awq")
METHODS = ("AutoAWQLinearMethod", "AWQLinearMethod")
# The column, of eight, that each nibble of an AWQ word holds, low nibble first.
_COLUMNS = (0, 2, 4, 6, 1, 3, 5, 7)


def canonical_q(words: torch.Tensor) -> torch.Tensor:
    """[K/8][N] words along K from AWQ's [K, N/8] words along N, without a tensor of single values."""
    K, blocks = words.shape
    q = words.new_zeros(K // 8, blocks * 8)
    for place in range(8):
        rows = words[place::8]
        for nibble, column in enumerate(_COLUMNS):
            q[:, column::8] |= ((rows >> (4 * nibble)) & 15) << (4 * place)
    return q


def canonical_zeros(words: torch.Tensor) -> torch.Tensor:
    """[G][N] bytes from AWQ's [G, N/8] words, which store zeros as they are."""
    groups, blocks = words.shape
    zeros = words.new_empty(groups, blocks * 8, dtype=torch.uint8)
    for nibble, column in enumerate(_COLUMNS):
        zeros[:, column::8] = (words >> (4 * nibble)) & 15
    return zeros


def _refusal(config, K: int, N: int, full_K: int, act: torch.dtype) -> str | None:
    from vllm import envs

    if vllm_kernel.W4A16LinearKernel.__name__ in envs.VLLM_DISABLED_KERNELS:
        return f"{vllm_kernel.W4A16LinearKernel.__name__} is disabled by VLLM_DISABLED_KERNELS"
    if config.weight_bits != 4:
        return f"AWQ weights have {config.weight_bits} bits; accepted are 4"
    if K % 8:
        return f"K is {K}; accepted are multiples of 8"
    return vllm_kernel.refusal(K, N, config.group_size, act, zeros=True, full_K=full_K)


def route(method: type) -> None:
    """Wraps the three steps of vLLM's AWQ method; a second call changes nothing."""
    if "w4a16_routed" in vars(method):
        return
    create_weights = method.create_weights
    process_weights_after_loading = method.process_weights_after_loading
    apply = method.apply

    @functools.wraps(create_weights)
    def create(
        self, layer, input_size_per_partition, output_partition_sizes, input_size, output_size, params_dtype, **attrs
    ):
        create_weights(
            self, layer, input_size_per_partition, output_partition_sizes, input_size, output_size, params_dtype, **attrs
        )
        why = _refusal(
            self.quant_config, input_size_per_partition, sum(output_partition_sizes), input_size, params_dtype
        )
        layer.w4a16_takes = why is None
        if why:
            vllm_kernel.log_fallback(why)

    @functools.wraps(process_weights_after_loading)
    def process(self, layer):
        if not getattr(layer, "w4a16_takes", False):
            return process_weights_after_loading(self, layer)
        if layer.qweight.dtype == torch.uint8:
            return None  # packed by an earlier call
        K, group_size = layer.qweight.shape[0], self.quant_config.group_size
        packed = vllm_kernel.pack(
            canonical_q(layer.qweight.data),
            layer.scales.data.contiguous(),
            canonical_zeros(layer.qzeros.data),
            None,
            K if group_size == -1 else group_size,
        )
        vllm_kernel.replace(layer, "qweight", packed)
        for name in ("scales", "qzeros"):
            vllm_kernel.replace(layer, name, packed.new_empty(0))
        return None

    @functools.wraps(apply)
    def product(self, layer, x, bias=None):
        if not getattr(layer, "w4a16_takes", False):
            return apply(self, layer, x, bias)
        return vllm_kernel.linear(x, layer.qweight, bias)

    method.create_weights, method.process_weights_after_loading, method.apply = create, process, product
    method.w4a16_routed = True


def register() -> None:
    """Routes the AWQ method of the installed vLLM, wherever that release keeps it."""
    module = vllm_kernel.first_module(PLACES)
    route(next(getattr(module, name) for name in METHODS if hasattr(module, name)))
