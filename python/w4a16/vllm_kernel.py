# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""vLLM's mixed-precision linear layer on the kernels of this library.

vLLM hands a layer's parameters in the checkpoint's own form; here they are packed as they are (layouts.py), once, and
replaced by the packed tensor. Which layers are taken is the kernel table's answer, not a list of our own.

Importing this module, or another one of the plugin, imports nothing of vLLM: the plugin changes each of vLLM's modules
right after it has been executed, and in no order of their imports may it find one of ours half imported.
"""

from __future__ import annotations

import functools
import importlib
import logging
import sys
from types import ModuleType
from typing import Any

import torch

from w4a16 import arch, structs

logger = logging.getLogger("vllm.w4a16")

NAME = "W4A16LinearKernel"  # what VLLM_DISABLED_KERNELS takes

_C_TYPES = {torch.float16: structs.F16, torch.bfloat16: structs.BF16}
# The size of the groups that packing makes of uneven ones (PLACES_GROUP of src/layer): what every kernel takes.
_PLACES = 32
# The weight types, and which version of GPTQ stores zeros as each does.
_VERSIONS = {"uint4b8": 1, "uint4": 2}


@functools.cache
def unregistered(name: str) -> str | None:
    """Why torch.ops.w4a16 does not have this operator; None if it has it."""
    why: object = "this library has no such operator"
    try:
        importlib.import_module("w4a16.ops")
    except ImportError as error:
        why = error
    return None if hasattr(torch.ops.w4a16, name) else f"torch.ops.w4a16.{name} is not registered: {why}"


@functools.cache
def log_fallback(why: str) -> None:
    """vLLM drops the reason when a later kernel takes the layer, so each is said here, once."""
    logger.info("a layer is left to vLLM's own kernels: %s", why)


@functools.cache
def log_use(what: str, method: str) -> None:
    """What vLLM says of the kernels in its list, for the methods that do not ask for one."""
    logger.info("Using %s for %s", what, method)


def disabled() -> str | None:
    """The reason, if VLLM_DISABLED_KERNELS has turned the plugin's kernels off."""
    from vllm import envs

    return f"{NAME} is disabled by VLLM_DISABLED_KERNELS" if NAME in envs.VLLM_DISABLED_KERNELS else None


def other_backend() -> str | None:
    """The reason, if --linear-backend asks for kernels that vLLM has for these layers; methods that do not ask vLLM's
    list follow the list's own rule by this."""
    try:
        from vllm.config import get_current_vllm_config_or_none
    except ImportError:  # an older release, without the option
        return None
    kernel_config = getattr(get_current_vllm_config_or_none(), "kernel_config", None)
    overrides = getattr(kernel_config, "linear_backend_per_quant", None) or {}
    backend = overrides.get("mixed_precision") or getattr(kernel_config, "linear_backend", "auto")
    module = sys.modules.get("vllm.model_executor.kernels.linear")
    named = getattr(module, "_LINEAR_BACKEND_KERNEL_MAP", {}).get(backend, ())
    if module is None or not any(kernel in named for kernel in _kernels(module)):
        return None
    return f"--linear-backend asks for {backend}"


def on_cpu() -> bool:
    """Whether vLLM's platform is the CPU and these kernels are wanted there."""
    if not arch.wants_cpu():
        return False
    from vllm.platforms import current_platform

    return current_platform.is_cpu()


def _target() -> tuple[str | None, str | None]:
    """The target whose kernels this process would use, or None and why there is none."""
    from vllm.platforms import current_platform

    if current_platform.is_rocm():
        return arch.target()
    if not current_platform.is_cpu():
        return None, "its kernels are for AMD GPUs of the gfx11 family, and vLLM's platform is not ROCm"
    if not arch.wants_cpu():
        return None, "vLLM's platform is the CPU; W4A16_VLLM_CPU=1 has these kernels used there"
    return arch.host_target(), None


def refusal(
    K: int,
    N: int,
    group_size: int,
    act: torch.dtype,
    zeros: bool,
    full_K: int,
    act_order: bool = False,
    mixture: tuple[int, int, bool] | None = None,
) -> str | None:
    """Why the library does not take this partition of a layer on this machine; None if it takes it."""
    target, why = _target()
    if target is None:
        return why
    why = unregistered("experts" if mixture else "linear")
    if why:
        return why
    if act not in _C_TYPES:
        return f"activations are {act}; accepted are torch.float16 and torch.bfloat16"
    if group_size == -1:
        group_size = K
    if act_order and K != full_K:
        group_size = _PLACES  # its groups are spread over all partitions
    if group_size < 1 or (group_size < K and K % group_size):
        return f"group_size is {group_size}; accepted are -1 and divisors of this partition's K = {K}"
    taken, why = arch.supports(target, K, N, group_size, _C_TYPES[act], _C_TYPES[act], not zeros, act_order, mixture)
    return None if taken else why


def _along(param: torch.Tensor, name: str, default: int) -> int:
    value = getattr(param, name, None)
    return default if value is None else value


def pack(
    c: Any, q: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor | None, g_idx: torch.Tensor | None
) -> torch.Tensor:
    """Packs GPTQ's or compressed-tensors' parameters of a layer of the configuration c, which their dimensions tell."""
    from w4a16 import layouts

    def rows(param: torch.Tensor) -> torch.Tensor:
        """With N along the last dimension. Each parameter may have it along another one."""
        return param.data if _along(param, "output_dim", 1) == 1 else param.data.t()

    scales, zeros = rows(scales), None if zeros is None else rows(zeros)
    g_idx = None if g_idx is None else g_idx.data
    if _along(q, "output_dim", 1) == 1:
        v2 = _VERSIONS[str(c.weight_type)] == 2
        return layouts.pack_gptq(q.data, scales, zeros, g_idx, group_size=c.group_size, v2=v2, part=True)
    zeros = None if zeros is None else zeros.t()
    return layouts.pack_compressed_tensors(q.data, scales.t(), zeros, g_idx, group_size=c.group_size, part=True)


class _Steps:
    """vLLM's kernel interface, without its base class, which sets these."""

    config: Any
    w_q_name: str
    w_s_name: str
    w_zp_name: Any  # str or None
    w_gidx_name: Any  # the same, in releases with act-order

    @classmethod
    def get_min_capability(cls) -> int:
        return 60  # vLLM's scale for CUDA; on ROCm can_implement decides

    @classmethod
    def can_implement(cls, c: Any) -> tuple[bool, str | None]:
        why = cls._refusal(c)
        if why:
            log_fallback(why)
        return why is None, why

    @staticmethod
    def _refusal(c: Any) -> str | None:
        name = str(c.weight_type)
        if name not in _VERSIONS:
            return f"weights are {name}; accepted are uint4b8 and uint4"
        if name == "uint4" and not c.zero_points:
            return "weights are uint4 without zero points; accepted are uint4 with them, or uint4b8"
        if c.out_type is not None and c.out_type != c.act_type:
            return f"outputs are {c.out_type}; accepted is the activations' type, {c.act_type}"
        K, N = c.partition_weight_shape
        act_order = getattr(c, "has_g_idx", False)
        return refusal(K, N, c.group_size, c.act_type, c.zero_points, c.full_weight_shape[0], act_order)

    def process_weights_after_loading(self, layer: torch.nn.Module) -> None:
        weights = getattr(layer, self.w_q_name)
        if weights.dtype == torch.uint8:
            return  # packed by an earlier call
        c = self.config
        zeros = getattr(layer, self.w_zp_name) if c.zero_points else None
        g_idx = getattr(layer, self.w_gidx_name) if getattr(c, "has_g_idx", False) else None
        replace(layer, self.w_q_name, pack(c, weights, getattr(layer, self.w_s_name), zeros, g_idx))
        # The packed tensor holds all of them; symmetric GPTQ has zeros that say nothing.
        for name in (self.w_s_name, self.w_zp_name, getattr(self, "w_gidx_name", None)):
            if name and getattr(layer, name, None) is not None:
                replace(layer, name, weights.new_empty(0))

    def apply_weights(
        self, layer: torch.nn.Module, x: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        return linear(x, getattr(layer, self.w_q_name), bias)


@functools.cache
def kernel_class(base: Any) -> type:
    """The class for vLLM's list, from its MPLinearKernel."""

    class W4A16LinearKernel(_Steps, base):
        pass

    return W4A16LinearKernel


def linear(x: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """y = x w + bias over the last dimension of x; the operator takes any others and any strides."""
    return torch.ops.w4a16.linear(x, packed, x.new_empty(0) if bias is None else bias)


def replace(layer: torch.nn.Module, name: str, data: torch.Tensor) -> None:
    """vLLM's own replacement of a parameter: it keeps what its weight reloading needs."""
    from vllm.model_executor.layers.quantization.utils import replace_parameter

    replace_parameter(layer, name, torch.nn.Parameter(data, requires_grad=False))


def _kernels(module: ModuleType) -> list[type]:
    """vLLM's list of linear kernels for ROCm, or for the CPU where that is wanted and is vLLM's platform."""
    kernels = module._POSSIBLE_KERNELS
    if isinstance(kernels, dict):  # one list per platform; older releases have one for all
        from vllm.platforms import PlatformEnum

        kernels = kernels.setdefault(PlatformEnum.CPU if on_cpu() else PlatformEnum.ROCM, [])
    return kernels


def register(module: ModuleType) -> None:
    """Puts the kernel first in vLLM's list; a second call changes nothing."""
    kernels = _kernels(module)
    kernel = kernel_class(module.MPLinearKernel)
    if kernel not in kernels:
        kernels.insert(0, kernel)
