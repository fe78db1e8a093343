# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Stub packages in the shapes that vLLM's linear kernels have had, reduced to what a plugin sees.

    list       one list of kernels for all platforms; act-order in the configuration (2025)
    dict       a list per platform, in the old place; act-order in the configuration
    current    a list per platform in vllm.model_executor.kernels.linear; no act-order (2026)
"""

import enum
import sys
import types
from dataclasses import dataclass

import torch

LAYOUTS = ("list", "dict", "current")
_OLD = "vllm.model_executor.layers.quantization.kernels.mixed_precision"
_NEW = "vllm.model_executor.kernels.linear"


@dataclass(frozen=True)
class ScalarType:
    name: str

    def __str__(self):
        return self.name


class PlatformEnum(enum.Enum):
    CUDA = 1
    ROCM = 2
    CPU = 3


class Platform:
    def __init__(self):
        self._enum = PlatformEnum.ROCM

    def is_rocm(self):
        return self._enum is PlatformEnum.ROCM

    def is_cpu(self):
        return self._enum is PlatformEnum.CPU


class Parameter(torch.nn.Parameter):
    """A parameter that knows its dimensions, as vLLM's do."""

    def __new__(cls, data, **dims):
        self = super().__new__(cls, data, requires_grad=False)
        self.__dict__.update(dims)
        return self

    def __init__(self, data, **dims):
        super().__init__()


def _module(name, **content):
    parts = name.split(".")
    for n in range(1, len(parts) + 1):
        path = ".".join(parts[:n])
        if path not in sys.modules:
            sys.modules[path] = types.ModuleType(path)
            sys.modules[path].__path__ = []
        if n > 1:
            setattr(sys.modules[".".join(parts[: n - 1])], parts[n - 1], sys.modules[path])
    sys.modules[name].__dict__.update(content)
    return sys.modules[name]


def forget():
    """Makes the next import of vLLM, and of what is built on it, a fresh one."""
    for name in [m for m in sys.modules if m.split(".")[0] == "vllm" or m.startswith("w4a16.vllm_")]:
        parent, _, last = name.rpartition(".")
        if hasattr(sys.modules.get(parent), last):
            delattr(sys.modules[parent], last)
        del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "w4a16.vllm_plugin"]


def install(layout):
    """Puts the stub package into sys.modules and returns its kernel module."""
    forget()
    act_order = layout != "current"

    @dataclass
    class MPLinearLayerConfig:
        full_weight_shape: tuple
        partition_weight_shape: tuple
        weight_type: ScalarType
        act_type: torch.dtype
        group_size: int
        zero_points: bool
        out_type: torch.dtype | None = None

    class MPLinearKernel:
        def __init__(self, c, w_q_param_name, w_s_param_name, w_zp_param_name=None, *g_idx):
            assert len(g_idx) <= act_order
            self.config = c
            self.w_q_name, self.w_s_name, self.w_zp_name = w_q_param_name, w_s_param_name, w_zp_param_name
            if act_order:
                self.w_gidx_name = g_idx[0] if g_idx else None

    class Existing(MPLinearKernel):
        @classmethod
        def get_min_capability(cls):
            return 60

        @classmethod
        def can_implement(cls, c):
            return True, None

    def replace_parameter(layer, name, new):
        layer.register_parameter(name, torch.nn.Parameter(new.data, requires_grad=False))

    platform = Platform()
    envs = _module("vllm.envs", VLLM_DISABLED_KERNELS=[])
    kernels = [Existing] if layout == "list" else {PlatformEnum.ROCM: [Existing], PlatformEnum.CUDA: [], PlatformEnum.CPU: [Existing]}

    def choose_mp_linear_kernel(config):
        reasons = []
        for kernel in kernels if layout == "list" else kernels[platform._enum]:
            if kernel.__name__ in envs.VLLM_DISABLED_KERNELS:
                continue
            taken, why = kernel.can_implement(config)
            if taken:
                return kernel
            reasons.append(why)
        raise ValueError(reasons)

    class AWQMethod:
        """vLLM's AWQ method for ROCm: three steps, and no kernel chooser."""

        packed_dim = 1

        def __init__(self, quant_config):
            self.quant_config = quant_config

        def create_weights(self, layer, K, sizes, input_size, output_size, params_dtype, **attrs):
            groups, N = K // (K if self.quant_config.group_size == -1 else self.quant_config.group_size), sum(sizes)
            words = (K, N // 8) if self.packed_dim else (K // 8, N)
            layer.qweight = Parameter(torch.zeros(*words, dtype=torch.int32), input_dim=0, output_dim=1)
            layer.qzeros = Parameter(torch.zeros(groups, N // 8, dtype=torch.int32), output_dim=1)
            layer.scales = Parameter(torch.zeros(groups, N, dtype=params_dtype), output_dim=1)
            if not self.packed_dim:
                layer.g_idx = Parameter(torch.zeros(K, dtype=torch.int32), input_dim=0)

        def process_weights_after_loading(self, layer):
            layer.processed_by_vllm = True

        def apply(self, layer, x, bias=None):
            return "vLLM's own product"

    class GPTQLinearMethod(AWQMethod):
        """vLLM's GPTQ method for ROCm before it asked the chooser."""

        packed_dim = 0

    new = layout == "current"
    name = "AutoAWQLinearMethod" if new else "AWQLinearMethod"
    AWQMethod.__name__ = name
    _module(f"vllm.model_executor.layers.quantization.{'auto_awq' if new else 'awq'}", **{name: AWQMethod})
    if not new:
        _module("vllm.model_executor.layers.quantization.gptq", GPTQLinearMethod=GPTQLinearMethod)
    _module("vllm.platforms", current_platform=platform, PlatformEnum=PlatformEnum)
    _module("vllm.model_executor.layers.quantization.utils", replace_parameter=replace_parameter)
    return _module(
        _NEW if layout == "current" else _OLD,
        MPLinearLayerConfig=MPLinearLayerConfig,
        MPLinearKernel=MPLinearKernel,
        Existing=Existing,
        _POSSIBLE_KERNELS=kernels,
        choose_mp_linear_kernel=choose_mp_linear_kernel,
        AWQMethod=AWQMethod,
        GPTQMethod=GPTQLinearMethod,
        platform=platform,
        envs=envs,
    )
