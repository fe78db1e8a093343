# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Mixtures of experts on the kernels of this library.

vLLM's methods for them are wrapped as the linear ones are (vllm_methods.py): where the kernel table takes both
products, the experts' weights are packed at load and vLLM's modular kernel gets an experts class of ours. It groups no
tokens and sorts nothing: two grouped products with the activation between them, the second one weighting and adding up
the experts of a token in fp32.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import torch

from w4a16 import vllm_kernel

_PRODUCTS = ("w13", "w2")
# All-to-all backends, of newer releases, whose prepare step leaves the exchange, or part of it, to the experts class.
_OWN_COMMUNICATION = ("use_passthrough_all2all", "use_moonep_kernels")


class Settings(NamedTuple):
    bits: int
    group_size: int
    symmetric: bool
    act_order: bool


class Method(NamedTuple):
    """One of vLLM's methods. All keep weights as [E, N, words of K], scales [E, N, G] and zeros [E, words of N, G]."""

    name: str
    weight: str  # the parameters' names without "w13_" and "w2_"
    scales: str
    zeros: str
    settings: Callable[[Any, Any], Settings]  # of the method and its layer


def _compressed_tensors(method: Any, layer: Any) -> Settings:
    return Settings(method.num_bits, method.group_size, method.symmetric, method.weight_quant.actorder == "group")


def _wna16(method: Any, layer: Any) -> Settings:
    return Settings(method.quant_config.weight_bits, layer.group_size, not method.quant_config.has_zp, False)


METHODS = (
    Method(
        "CompressedTensorsWNA16MoEMethod",
        "weight_packed",
        "weight_scale",
        "weight_zero_point",
        _compressed_tensors,
    ),
    # GPTQ's and AWQ's on ROCm: its loader brings both into this one form, with bytes as words.
    Method("MoeWNA16Method", "qweight", "scales", "qzeros", _wna16),
)


class _Products:
    """Two grouped products, without vLLM's base class. What is supported was decided before, by the kernel table."""

    moe_config: Any
    activation: Any

    @property
    def width(self) -> int:
        return self.moe_config.intermediate_size_per_partition

    @staticmethod
    def activation_format() -> Any:
        from vllm.model_executor.layers.fused_moe.modular_kernel import FusedMoEActivationFormat

        return FusedMoEActivationFormat.Standard

    def finalize_weight_and_reduce_impl(self) -> Any:
        from vllm.model_executor.layers.fused_moe.topk_weight_and_reduce import TopKWeightAndReduceNoOP

        return TopKWeightAndReduceNoOP()

    @staticmethod
    def _supports_current_device() -> bool:
        return True

    @staticmethod
    def _supports_no_act_and_mul() -> bool:
        return True

    @staticmethod
    def _supports_quant_scheme(weight_key: Any, activation_key: Any) -> bool:
        return True

    @staticmethod
    def _supports_activation(activation: Any) -> bool:
        return True

    @staticmethod
    def _supports_parallel_config(moe_parallel_config: Any) -> bool:
        return True

    def moe_problem_size(
        self, a1: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor, topk_ids: torch.Tensor
    ) -> tuple[int, int, int, int, int]:
        return self.moe_config.num_local_experts, a1.shape[0], self.width, a1.shape[1], topk_ids.shape[1]

    def workspace_shapes(
        self,
        M: int,
        N: int,
        K: int,
        topk: int,
        global_num_experts: int,
        local_num_experts: int,
        expert_tokens_meta: Any,
        activation: Any,
    ) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        return (M, K), (M * topk, N), (M, K)

    def apply(
        self,
        output: torch.Tensor,
        hidden_states: torch.Tensor,
        w1: torch.Tensor,
        w2: torch.Tensor,
        topk_weights: torch.Tensor,
        topk_ids: torch.Tensor,
        activation: Any,
        global_num_experts: int,
        expert_map: torch.Tensor | None,
        a1q_scale: torch.Tensor | None,
        a2_scale: torch.Tensor | None,
        workspace13: torch.Tensor,
        workspace2: torch.Tensor,
        expert_tokens_meta: Any,
        apply_router_weight_on_input: bool,
    ) -> None:
        # Experts of other ranks map to -1, which the products leave out.
        ids = topk_ids if expert_map is None else torch.where(topk_ids < 0, -1, expert_map[topk_ids])
        ids = ids.to(torch.int32).contiguous()
        gates = topk_weights.to(torch.float32).contiguous()
        if apply_router_weight_on_input:  # vLLM's prepare step has multiplied hidden_states by them
            gates = torch.ones_like(gates)
        experts = torch.ops.w4a16.experts
        hidden = experts(hidden_states.contiguous(), w1, ids, gates.new_empty(0))
        activated = workspace2.view(-1)[: ids.numel() * self.width].view(ids.numel(), self.width)
        self.activation(activation, activated, hidden)
        output.copy_(experts(activated, w2, ids, gates))


@functools.cache
def experts_class() -> type:
    """The experts class for vLLM's modular kernel."""
    from vllm.model_executor.layers.fused_moe.modular_kernel import FusedMoEExpertsModular

    class W4A16Experts(_Products, FusedMoEExpertsModular):
        pass

    return W4A16Experts


def _no_modular_kernel() -> str | None:
    try:
        experts_class()
    except ImportError as error:
        return f"this release of vLLM has no place for an experts class: {error}"
    return None


def _refusal(
    method: Any, settings: Settings, experts: int, hidden: int, width: int, act: torch.dtype
) -> str | None:
    why = vllm_kernel.disabled()
    if why:
        return why
    backend = getattr(method.moe, "moe_backend", "auto")
    if backend != "auto":
        return f"--moe-backend asks for {backend}"
    if settings.bits != 4:
        return f"experts' weights have {settings.bits} bits; accepted are 4"
    if settings.act_order:
        return "experts have an act-order; accepted are experts without"
    parallel = method.moe.moe_parallel_config
    if parallel.enable_eplb or parallel.use_batched_activation_format:
        return "experts are balanced between ranks at run time or get their tokens in batches"
    if any(getattr(parallel, name, False) for name in _OWN_COMMUNICATION):
        return "experts have to exchange tokens or weights between ranks themselves"
    if method.moe.is_lora_enabled:
        return "experts have LoRA adapters"
    w13 = width * (2 if method.moe.is_act_and_mul else 1)
    for K, N, combine in ((hidden, w13, False), (width, hidden, True)):
        mixture = (experts, method.moe.experts_per_token, combine)
        why = vllm_kernel.refusal(
            K, N, settings.group_size, act, zeros=not settings.symmetric, full_K=K, mixture=mixture
        )
        if why:
            return why
    return None


def _words(zeros: torch.Tensor) -> torch.Tensor:
    """[E, words of N, G], where they are bytes of N."""
    if zeros.dtype == torch.int32:
        return zeros
    along = zeros.transpose(1, 2)
    along = torch.nn.functional.pad(along, (0, -along.shape[2] % 4)).contiguous()
    return along.view(torch.int32).transpose(1, 2)


def _pack(layer: torch.nn.Module, product: str, method: Method, settings: Settings) -> torch.Tensor:
    """The packed tensor of one product of all experts."""
    from w4a16 import layouts

    def param(name: str) -> torch.Tensor:
        return getattr(layer, f"{product}_{name}").data

    return layouts.pack_compressed_tensors_experts(
        param(method.weight).view(torch.int32),
        param(method.scales),
        None if settings.symmetric else _words(param(method.zeros)),
        None if getattr(layer, f"{product}_bias", None) is None else param("bias"),
        group_size=settings.group_size,
    )


def _form(tensor: torch.Tensor) -> tuple:
    return tensor.dtype, tuple(tensor.shape)


def route(cls: Any, method: Method) -> None:
    """Wraps loading of a mixture's method; a second call changes nothing."""
    if "w4a16_routed" in vars(cls):
        return
    create_weights = cls.create_weights
    process_weights_after_loading = cls.process_weights_after_loading

    @functools.wraps(create_weights)
    def create(
        self: Any,
        layer: Any,
        num_experts: int,
        hidden_size: int,
        intermediate_size_per_partition: int,
        params_dtype: torch.dtype,
        **attrs: Any,
    ) -> None:
        sizes = (num_experts, hidden_size, intermediate_size_per_partition, params_dtype)
        create_weights(self, layer, *sizes, **attrs)
        why = _no_modular_kernel() or _refusal(self, method.settings(self, layer), *sizes)
        layer.w4a16_loads = None
        if why:
            if issubclass(getattr(self, "experts_cls", None) or object, _Products):  # by _offer_on_cpu
                raise NotImplementedError(f"vLLM has no kernels for these experts on this CPU, and w4a16 refuses them: {why}")
            vllm_kernel.log_fallback(why)
            return
        vllm_kernel.log_use(experts_class().__name__, cls.__name__)
        # The forms in which the weights are loaded tell later whether they are packed already.
        layer.w4a16_loads = {
            product: _form(getattr(layer, f"{product}_{method.weight}")) for product in _PRODUCTS
        }

    @functools.wraps(process_weights_after_loading)
    def process(self: Any, layer: Any) -> None:
        forms = getattr(layer, "w4a16_loads", None)
        if forms is None:
            process_weights_after_loading(self, layer)
            return
        for product in _PRODUCTS:
            name = f"{product}_{method.weight}"
            if _form(getattr(layer, name)) == forms[product]:
                packed = _pack(layer, product, method, method.settings(self, layer))
                vllm_kernel.replace(layer, name, packed)
                for rest in (f"{product}_{method.scales}", f"{product}_{method.zeros}"):
                    if getattr(layer, rest, None) is not None:
                        vllm_kernel.replace(layer, rest, packed.new_empty(0))
            setattr(layer, f"{product}_weight", getattr(layer, name))
        from vllm.model_executor.layers.fused_moe.all2all_utils import maybe_make_prepare_finalize
        from vllm.model_executor.layers.fused_moe.modular_kernel import FusedMoEKernel

        self.moe_quant_config = self.get_fused_moe_quant_config(layer)
        prepare: Any = maybe_make_prepare_finalize(
            moe=self.moe,
            quant_config=self.moe_quant_config,
            routing_tables=layer._expert_routing_tables(),
            allow_new_interface=True,
            use_monolithic=False,
        )
        experts = experts_class()(moe_config=self.moe, quant_config=self.moe_quant_config)
        self.moe_kernel = FusedMoEKernel(prepare, experts)

    cls.create_weights, cls.process_weights_after_loading = create, process
    cls.w4a16_routed = True


def _offer_on_cpu(module: ModuleType) -> None:
    """Lets mixtures come to their methods on vLLM's platform for the CPU, as they do on ROCm; a second call changes
    nothing.

    There the methods ask for experts of vLLM's own before they load anything, and without AMX there are none: then they
    get ours, and create_weights decides.
    """
    if hasattr(module, "AutoGPTQMoEMethod"):  # another form of GPTQ's experts, not used on ROCm
        module.check_moe_marlin_supports_layer = lambda *args, **named: False  # type: ignore[attr-defined]
        return
    select = getattr(module, "select_wna16_moe_backend", None)
    if select is None or hasattr(select, "w4a16_offers"):
        return

    @functools.wraps(select)
    def select_or_ours(*args: Any, **named: Any) -> tuple[Any, Any]:
        try:
            return select(*args, **named)
        except NotImplementedError:
            return importlib.import_module(select.__module__).WNA16MoEBackend.CPU, experts_class()

    select_or_ours.w4a16_offers = True  # type: ignore[attr-defined]
    module.select_wna16_moe_backend = select_or_ours  # type: ignore[attr-defined]


def register(module: ModuleType) -> None:
    """Routes what of these a module of vLLM has."""
    if vllm_kernel.on_cpu():
        _offer_on_cpu(module)
    for method in METHODS:
        if hasattr(module, method.name):
            route(getattr(module, method.name), method)
