# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The plugin in vLLM itself: its own platform detection, linear layers, loaders and reloading, on tensors of the CPU.

Runs where vLLM's Python can be imported; none of its compiled parts are needed. The only stub is amdsmi, which tells
vLLM that the card is a gfx1100.
"""

import importlib.util
import itertools
import logging
import sys
from types import SimpleNamespace

import amdsmi_stub
import models
import pytest
import torch

from w4a16 import arch

counter = itertools.count()  # vLLM wants every mixture under a name of its own
NAMES = ["gfx1100", "gfx1101", "gfx1103", "gfx1151", "gfx1201", "gfx942"]


@pytest.fixture(scope="module", autouse=True)
def vllm(tmp_path_factory, operators):
    """vLLM on a gfx1100, with one rank, its configuration set and the plugin registered."""
    patch = pytest.MonkeyPatch()
    amdsmi_stub.install("gfx1100")
    patch.setattr(arch, "target", lambda: ("gfx1100", None))
    import w4a16.vllm_plugin

    w4a16.vllm_plugin.register()
    assert "vllm" not in sys.modules
    amdsmi_stub.forget_cpu()
    from vllm.config import VllmConfig, set_current_vllm_config
    from vllm.distributed import parallel_state

    from vllm.v1.worker.workspace import init_workspace_manager

    patch.setattr(torch.accelerator, "empty_cache", lambda: None)
    init_workspace_manager(torch.device("cpu"))
    store = tmp_path_factory.mktemp("ranks") / "store"
    config = VllmConfig()
    with set_current_vllm_config(config):
        parallel_state.init_distributed_environment(
            world_size=1, rank=0, distributed_init_method=f"file://{store}", local_rank=0, backend="gloo"
        )
        parallel_state.initialize_model_parallel(1)
        parallel_state.get_tp_group().device = torch.device("cpu")
        yield config
        parallel_state.destroy_model_parallel()
        parallel_state.destroy_distributed_environment()
    patch.undo()


def linear(kind, *sizes, quantisation, act=torch.float16, **options):
    from vllm.model_executor.layers import linear as layers

    return getattr(layers, kind)(
        *sizes, bias=False, params_dtype=act, quant_config=quantisation, prefix="model.layers.0.mlp.proj", **options
    )


def gptq(group_size=64, **changed):
    from vllm.model_executor.layers.quantization.auto_gptq import AutoGPTQConfig

    settings = dict(quant_method="gptq", bits=4, group_size=group_size, desc_act=False, sym=True)
    return AutoGPTQConfig.from_config(settings | changed)


def awq(group_size=64):
    from vllm.model_executor.layers.quantization.auto_awq import AutoAWQConfig

    return AutoAWQConfig.from_config(dict(quant_method="awq", bits=4, group_size=group_size, zero_point=True))


def auto_round(form, group_size=64, sym=True, **changed):
    """AutoRound's own configuration, which vLLM hands to INC."""
    from vllm.model_executor.layers.quantization.inc import INCConfig

    settings = dict(quant_method="auto-round", packing_format=f"auto_round:{form}", bits=4, group_size=group_size, sym=sym)
    assert INCConfig.override_quantization_method(settings, None) == "inc"
    return INCConfig.from_config(settings | changed)


def compressed_tensors(group_size=64, symmetric=True):
    from vllm.model_executor.layers.quantization.compressed_tensors.compressed_tensors import CompressedTensorsConfig

    strategy = "channel" if group_size == -1 else "group"
    weights = dict(num_bits=4, type="int", symmetric=symmetric, strategy=strategy, dynamic=False)
    if group_size != -1:
        weights["group_size"] = group_size
    return CompressedTensorsConfig.from_config(
        dict(
            quant_method="compressed-tensors",
            format="pack-quantized",
            config_groups=dict(group_0=dict(targets=["Linear"], weights=weights)),
            ignore=[],
            quantization_status="compressed",
        )
    )


def gptq_tensors(layer):
    return dict(
        qweight=models.words(layer.q, 0), qzeros=models.words(layer.zeros - 1, 1), scales=layer.scales,
        g_idx=layer.g_idx,
    )


def awq_tensors(layer):
    return dict(
        qweight=models.words(layer.q, 1, models.AWQ_ORDER), qzeros=models.words(layer.zeros, 1, models.AWQ_ORDER),
        scales=layer.scales,
    )


def compressed_tensors_tensors(layer):
    return dict(
        weight_packed=models.words(layer.q.t(), 1), weight_scale=layer.scales.t().contiguous(),
        weight_zero_point=models.words(layer.zeros.t(), 0), weight_shape=torch.tensor(layer.q.t().shape),
    )


def load(module, shards, tensors_of):
    """Hands each shard's tensors to the parameters' own weight loaders, as a model does."""
    for shard, layer in enumerate(shards):
        for name, data in tensors_of(layer).items():
            parameter = getattr(module, name, None)
            if parameter is not None:
                parameter.weight_loader(parameter, data, *([shard] if len(shards) > 1 else []))


MODEL = SimpleNamespace(dtype=torch.float16, quantization=None, word_embeddings_untied_by_checkpoint=False)


def finish(module):
    from vllm.model_executor.model_loader.utils import process_weights_after_loading

    process_weights_after_loading(module, MODEL, torch.device("cpu"))


CASES = {
    "gptq": (gptq, gptq_tensors, True),
    "gptq channelwise": (lambda: gptq(-1), gptq_tensors, True),
    "awq": (awq, awq_tensors, False),
    "auto-round gptq": (lambda group_size=64: auto_round("auto_gptq", group_size), gptq_tensors, True),
    "auto-round gptq channelwise": (lambda: auto_round("auto_gptq", -1), gptq_tensors, True),
    "auto-round awq": (lambda group_size=64: auto_round("auto_awq", group_size, sym=False), awq_tensors, False),
    "auto-round awq symmetric": (lambda group_size=64: auto_round("auto_awq", group_size), awq_tensors, True),
    "compressed-tensors": (compressed_tensors, compressed_tensors_tensors, True),
    "compressed-tensors asymmetric": (lambda group_size=64: compressed_tensors(group_size, symmetric=False), compressed_tensors_tensors, False),
    "compressed-tensors channelwise": (lambda: compressed_tensors(-1), compressed_tensors_tensors, True),
}


def packed(module):
    return next(getattr(module, name) for name in ("qweight", "weight_packed") if hasattr(module, name))


@pytest.mark.parametrize("act", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind, widths", [("MergedColumnParallelLinear", [64, 96]), ("RowParallelLinear", [64])])
def test_layer_from_checkpoint_to_product(case, kind, widths, act):
    quantisation, tensors_of, symmetric = CASES[case]
    K, group_size = 256, 256 if "channelwise" in case else 64
    module = linear(kind, K, widths if len(widths) > 1 else widths[0], quantisation=quantisation(), act=act)
    shards = [models.random_layer(K, N, group_size, act, symmetric, seed=N) for N in widths]
    load(module, shards, tensors_of)
    finish(module)
    assert packed(module).dtype == torch.uint8
    x = torch.randn(3, K, generator=torch.Generator().manual_seed(1)).to(act)
    y, _ = module(x)
    for part, shard in zip(y.split(widths, dim=1), shards, strict=True):
        models.assert_close(part, x, shard)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["ColumnParallelLinear", "RowParallelLinear"])
def test_partitions_of_two_ranks_make_the_whole(case, kind, monkeypatch):
    from vllm.model_executor import parameter
    from vllm.model_executor.layers import linear as layers

    quantisation, tensors_of, symmetric = CASES[case]
    K, N, rows = 256, 128, kind == "RowParallelLinear"
    whole = models.random_layer(K, N, 256 if "channelwise" in case else 32, torch.float16, symmetric)
    x = torch.randn(3, K, generator=torch.Generator().manual_seed(1)).half()
    parts = []
    for rank in range(2):
        for module in (parameter, layers):
            monkeypatch.setattr(module, "get_tensor_model_parallel_world_size", lambda: 2)
            monkeypatch.setattr(module, "get_tensor_model_parallel_rank", lambda rank=rank: rank)
        group = quantisation(32) if "channelwise" not in case else quantisation()
        part = linear(kind, K, N, quantisation=group, **(dict(reduce_results=False) if rows else {}))
        load(part, [whole], tensors_of)
        finish(part)
        parts.append(part(x.chunk(2, dim=1)[rank].contiguous() if rows else x)[0])
    if not rows:
        models.assert_close(torch.cat(parts, dim=1), x, whole)
        return
    for rank, (part, k) in enumerate(zip(parts, (slice(0, K // 2), slice(K // 2, K)), strict=True)):
        shard = models.Layer(whole.q[k], whole.scales, whole.zeros, whole.g_idx[k], whole.group_size)
        models.assert_close(part, x[:, k], shard)


@pytest.mark.parametrize("case", [case for case in CASES if "channelwise" not in case])
@pytest.mark.parametrize("K, ways, group_size", [(896, 8, 16), (896, 4, 32), (2368, 2, 32)])
def test_parts_that_cut_a_group(case, K, ways, group_size, monkeypatch):
    """They get smaller groups, which every kernel takes, and the scales and zeros of those that they are cut from."""
    from vllm.model_executor import parameter
    from vllm.model_executor.layers import linear as layers

    quantisation, tensors_of, symmetric = CASES[case]
    size = 128 if K == 896 else 64
    whole = models.random_layer(K, 64, size, torch.float16, symmetric)
    x = torch.randn(3, K, generator=torch.Generator().manual_seed(1)).half()
    for rank in {0, 1, ways - 1}:
        for module in (parameter, layers):
            monkeypatch.setattr(module, "get_tensor_model_parallel_world_size", lambda: ways)
            monkeypatch.setattr(module, "get_tensor_model_parallel_rank", lambda rank=rank: rank)
        config = quantisation(size)
        part = linear("RowParallelLinear", K, 64, quantisation=config, reduce_results=False)
        load(part, [whole], tensors_of)
        finish(part)
        assert packed(part).dtype == torch.uint8
        k = slice(K // ways * rank, K // ways * (rank + 1))
        shard = models.Layer(whole.q[k], whole.scales, whole.zeros, whole.g_idx[k], whole.group_size)
        models.assert_close(part(x[:, k].contiguous())[0], x[:, k], shard)
        assert getattr(config, "group_size", size) == size  # that of all layers


@pytest.mark.parametrize("case", ["gptq", "awq", "compressed-tensors asymmetric"])
def test_processing_twice_and_reloading_in_place(case, vllm):
    from vllm.model_executor.model_loader import reload

    quantisation, tensors_of, symmetric = CASES[case]
    module = linear("RowParallelLinear", 256, 64, quantisation=quantisation())
    reload.record_metadata_for_reloading(module)
    first, second = (models.random_layer(256, 64, 64, torch.float16, symmetric, seed=s) for s in (0, 1))
    load(module, [first], tensors_of)
    finish(module)
    finish(module)
    x = torch.randn(3, 256).half()
    models.assert_close(module(x)[0], x, first)
    place = packed(module).data_ptr()
    reload.initialize_layerwise_reload(module)
    load(module, [second], tensors_of)
    reload.finalize_layerwise_reload(module, MODEL)
    models.assert_close(module(x)[0], x, second)
    assert packed(module).data_ptr() == place  # captured graphs stay valid


class Mixture:
    """Five experts, two per token: gate and up [128 -> 64], down [64 -> 128]."""

    def __init__(self, case, act, monkeypatch, group_size=32, top_k=2, **options):
        from vllm.model_executor.layers.fused_moe.layer import FusedMoEFactory

        import w4a16.vllm_moe

        monkeypatch.setattr(  # vLLM's activation is one of its compiled parts
            w4a16.vllm_moe.experts_class(),
            "activation",
            lambda self, kind, out, x: out.copy_(torch.nn.functional.silu(x[:, :64]) * x[:, 64:]),
        )
        quantisation, self.tensors_of, symmetric = CASES[case]
        self.act = act
        self.layer = FusedMoEFactory(
            num_experts=5,
            top_k=top_k,
            hidden_size=128,
            intermediate_size=64,
            params_dtype=act,
            quant_config=quantisation(group_size),
            prefix=f"model.layers.{next(counter)}.mlp.experts",
            **options,
        ).routed_experts
        self.gate_up = [models.random_layer(128, 128, group_size, act, symmetric, seed=e) for e in range(5)]
        self.down = [models.random_layer(64, 128, group_size, act, symmetric, seed=9 + e) for e in range(5)]

    def load(self):
        """Hands each expert's gate, up and down to the parameters' loaders, as a model does."""
        parameters = dict(self.layer.named_parameters(recurse=False))
        for expert in range(5):
            gate_up = self.gate_up[expert]
            halves = [
                models.Layer(gate_up.q[:, n], gate_up.scales[:, n], gate_up.zeros[:, n], gate_up.g_idx, 32)
                for n in (slice(0, 64), slice(64, 128))
            ]
            for shard, product, layer in (
                ("w1", "w13", halves[0]), ("w3", "w13", halves[1]), ("w2", "w2", self.down[expert]),
            ):
                for name, data in self.tensors_of(layer).items():
                    name = f"{product}_{name}"
                    if name in parameters and "shape" not in name:
                        parameters[name].weight_loader(parameters[name], data.contiguous(), name, shard, expert)
        finish(self.layer)

    def token(self, seed):
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(128, generator=generator).to(self.act) / 8
        ids = torch.randperm(5, generator=generator)[:2].to(torch.int32)
        return x, ids, torch.rand(2, generator=generator)

    def assert_close(self, y, x, ids, gates):
        expected, bound = torch.zeros(128, dtype=torch.float64), 0.0
        for expert, gate in zip(ids.tolist(), gates.double(), strict=True):
            if expert >= 0:
                h = (x.double() @ self.gate_up[expert].weights()).to(self.act)
                h = (torch.nn.functional.silu(h[:64]) * h[64:]).double()
                expected += gate * (h @ self.down[expert].weights())
                bound += gate * (h.abs() @ self.down[expert].weights().abs()).max()
        # A rounding of the hidden values to `act` may fall the other way.
        assert (y.double() - expected).abs().max() <= 2 * torch.finfo(self.act).eps * bound


@pytest.mark.parametrize("act", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("case", [case for case in CASES if "channelwise" not in case])
@pytest.mark.parametrize("tokens", [1, 7])
def test_mixture_from_checkpoint_to_product(act, case, tokens, monkeypatch):
    mixture = Mixture(case, act, monkeypatch)
    mixture.load()
    layer = mixture.layer
    packed = layer.w13_weight.clone(), layer.w2_weight.clone()
    finish(layer)
    assert torch.equal(layer.w13_weight, packed[0]) and torch.equal(layer.w2_weight, packed[1])
    inputs = [mixture.token(seed) for seed in range(tokens)]
    x, ids, gates = (torch.stack(part) for part in zip(*inputs, strict=True))
    y = layer.quant_method.apply(layer, x, gates, ids, None, None)
    for row, token in zip(y, inputs, strict=True):
        mixture.assert_close(row, *token)


@pytest.mark.parametrize("act", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("case", ["gptq", "compressed-tensors"])
def test_gates_on_the_input_are_applied_once(act, case, monkeypatch):
    mixture = Mixture(case, act, monkeypatch, top_k=1, apply_router_weight_on_input=True)
    mixture.load()
    inputs = [mixture.token(seed) for seed in range(3)]
    x, ids, gates = (torch.stack(part) for part in zip(*inputs, strict=True))
    ids, gates = ids[:, :1].contiguous(), gates[:, :1].contiguous()
    y = mixture.layer.quant_method.apply(mixture.layer, x, gates, ids, None, None)
    for row, weighted, expert in zip(y, x * gates.to(act), ids, strict=True):
        mixture.assert_close(row, weighted, expert, torch.ones(1))


def test_experts_of_other_ranks_are_left_out(monkeypatch):
    mixture = Mixture("compressed-tensors", torch.float16, monkeypatch)
    mixture.load()
    here = torch.tensor([4, -1, 0, 1, -1], dtype=torch.int32)
    for seed in range(6):
        x, ids, gates = mixture.token(seed)
        y = mixture.layer.quant_method.moe_kernel.apply(
            x[None],
            mixture.layer.w13_weight,
            mixture.layer.w2_weight,
            topk_weights=gates[None],
            topk_ids=ids[None],
            activation=mixture.layer.activation,
            global_num_experts=5,
            expert_map=here,
            apply_router_weight_on_input=False,
            shared_experts=None,
            shared_experts_input=None,
        )
        mixture.assert_close(y[0], x, here[ids.long()], gates)


def test_refused_mixtures_are_left_to_vllm(monkeypatch):
    from vllm import envs
    from vllm.model_executor.layers.fused_moe.config import FusedMoEParallelConfig

    from w4a16 import vllm_kernel

    def taken(**changed):
        return Mixture("compressed-tensors", torch.float16, monkeypatch, **changed).layer.w4a16_loads is not None

    assert taken()
    assert not taken(group_size=8)
    with monkeypatch.context() as patch:
        patch.setattr(vllm_kernel, "unregistered", lambda name: "not there" if name == "experts" else None)
        assert not taken()
    for name in ("use_passthrough_all2all", "use_moonep_kernels"):
        with monkeypatch.context() as patch:
            patch.setattr(FusedMoEParallelConfig, name, True)
            assert not taken()
    monkeypatch.setattr(envs, "VLLM_DISABLED_KERNELS", ["W4A16LinearKernel"], raising=False)
    assert not taken()


@pytest.mark.parametrize("case", ["gptq", "compressed-tensors", "compressed-tensors asymmetric"])
def test_on_the_cpu_mixtures_that_vllm_has_no_kernels_for_come_here(case, monkeypatch):
    import vllm.model_executor.layers.fused_moe.oracle.int_wna16 as oracle

    from w4a16 import vllm_kernel, vllm_moe, vllm_plugin

    Mixture(case, torch.float16, monkeypatch)  # imports the methods
    monkeypatch.setattr(oracle, "_get_priority_backends", lambda: [])
    with pytest.raises(NotImplementedError):
        Mixture(case, torch.float16, monkeypatch)
    monkeypatch.setattr(vllm_kernel, "on_cpu", lambda: True)
    for name, parts in vllm_plugin.MODULES.items():
        if "vllm_moe" in parts and name in sys.modules:
            for kept in ("select_wna16_moe_backend", "check_moe_marlin_supports_layer"):
                if hasattr(sys.modules[name], kept):
                    monkeypatch.setattr(sys.modules[name], kept, getattr(sys.modules[name], kept))
            vllm_moe.register(sys.modules[name])
            vllm_moe.register(sys.modules[name])
    mixture = Mixture(case, torch.float16, monkeypatch)
    mixture.load()
    x, ids, gates = mixture.token(0)
    y = mixture.layer.quant_method.apply(mixture.layer, x[None], gates[None], ids[None], None, None)
    mixture.assert_close(y[0], x, ids, gates)
    with pytest.raises(NotImplementedError, match="w4a16 refuses them: "):
        Mixture(case, torch.float16, monkeypatch, group_size=8)


@pytest.mark.parametrize(
    "case, build, what",
    [
        ("awq", linear, "W4A16LinearKernel for AutoAWQLinearMethod"),
        ("gptq", Mixture, "W4A16Experts for MoeWNA16Method"),
        ("awq", Mixture, "W4A16Experts for MoeWNA16Method"),
        ("compressed-tensors", Mixture, "W4A16Experts for CompressedTensorsWNA16MoEMethod"),
    ],
)
def test_use_is_logged_once(case, build, what, monkeypatch, caplog):
    from w4a16 import vllm_kernel

    vllm_kernel.log_use.cache_clear()
    with caplog.at_level(logging.INFO, "vllm.w4a16"):
        for _ in range(2):
            if build is Mixture:
                Mixture(case, torch.float16, monkeypatch)
            else:
                linear("RowParallelLinear", 256, 64, quantisation=CASES[case][0]())
    assert [record.getMessage() for record in caplog.records if record.name == "vllm.w4a16"] == [f"Using {what}"]


def test_it_is_first_in_vllm_s_list_once():
    import w4a16.vllm_kernel
    import w4a16.vllm_plugin
    from vllm.model_executor.kernels import linear as kernels
    from vllm.platforms import PlatformEnum

    w4a16.vllm_plugin.register()
    listed = kernels._POSSIBLE_KERNELS[PlatformEnum.ROCM]
    assert listed[0] is w4a16.vllm_kernel.kernel_class(kernels.MPLinearKernel) and listed.count(listed[0]) == 1


def test_vllm_finds_the_entry_point(tmp_path, monkeypatch):
    from vllm import plugins

    import w4a16.vllm_plugin

    info = tmp_path / "w4a16-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: w4a16\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[vllm.general_plugins]\nw4a16 = w4a16.vllm_plugin:register\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = plugins.load_plugins_by_group("vllm.general_plugins")
    assert found["w4a16"] is w4a16.vllm_plugin.register


@pytest.mark.parametrize(
    "settings, ours",
    [
        (dict(linear_backend="triton"), False),  # for which vLLM has a kernel
        (dict(linear_backend="exllama"), False),
        (dict(linear_backend="marlin"), True),  # it has none on ROCm, and chooses by itself then
        (dict(linear_backend="aiter"), True),
        (dict(linear_backend="triton", linear_backend_per_quant={"nvfp4": "marlin"}), False),
        (dict(linear_backend="aiter", linear_backend_per_quant={"mixed_precision": "triton"}), False),
        (dict(linear_backend="triton", linear_backend_per_quant={"mixed_precision": "marlin"}), True),
    ],
    ids=str,
)
def test_linear_backend_is_respected(settings, ours, vllm, monkeypatch, caplog):
    """AWQ's method, which does not ask vLLM's list, follows it."""
    from vllm.model_executor.kernels import linear as kernels
    from vllm.platforms import PlatformEnum

    from w4a16 import vllm_kernel

    for name, value in settings.items():
        monkeypatch.setattr(vllm.kernel_config, name, value)
    kernel, listed = vllm_kernel.kernel_class(kernels.MPLinearKernel), kernels._POSSIBLE_KERNELS[PlatformEnum.ROCM]
    assert (kernel in kernels._resolve_backend_kernels(listed, "", quantization="mixed_precision")) == ours
    vllm_kernel.log_fallback.cache_clear()
    with caplog.at_level(logging.INFO, "vllm.w4a16"):
        module = linear("RowParallelLinear", 256, 64, quantisation=awq())
    assert module.w4a16_taken == ours
    said = [record.getMessage() for record in caplog.records if "--linear-backend asks for" in record.getMessage()]
    assert len(said) == (not ours)


@pytest.mark.parametrize("case", ["gptq", "awq", "compressed-tensors", "auto-round gptq", "auto-round awq"])
def test_moe_backend_is_respected(case, vllm, monkeypatch, caplog):
    from w4a16 import vllm_kernel

    assert Mixture(case, torch.float16, monkeypatch).layer.w4a16_loads is not None
    monkeypatch.setattr(vllm.kernel_config, "moe_backend", "triton")
    vllm_kernel.log_fallback.cache_clear()
    with caplog.at_level(logging.INFO, "vllm.w4a16"):
        assert Mixture(case, torch.float16, monkeypatch).layer.w4a16_loads is None
    assert any("--moe-backend asks for triton" in record.getMessage() for record in caplog.records)


def test_vllm_s_environment_can_disable_it(monkeypatch):
    from vllm import envs

    monkeypatch.setattr(envs, "VLLM_DISABLED_KERNELS", ["W4A16LinearKernel"], raising=False)
    module = linear("RowParallelLinear", 256, 64, quantisation=awq())
    assert not module.w4a16_taken


@pytest.mark.parametrize(
    "changed, sentence", [(dict(sym=False), "sym=False"), (dict(desc_act=True), "no longer\\s+supported")]
)
def test_what_vllm_s_own_loader_refuses(changed, sentence):
    """docs/vllm.md says so; a release that lets these through should be noticed here."""
    with pytest.raises(ValueError, match=sentence):
        gptq(**changed)


GROUP_SIZES = {  # that are taken from vLLM's loaders, of multiples of 16; docs/vllm.md has them
    "gptq": {32, 64, 128, -1},
    "auto-round gptq": {32, 64, 128, -1},
    "awq": {16, 32, 48, 64, 128, 256, -1},
    "auto-round awq": {16, 32, 48, 64, 128, 256, -1},
    "compressed-tensors": {16, 32, 48, 64, 128, 256, -1},
}


@pytest.mark.parametrize("case", GROUP_SIZES)
def test_group_sizes_of_vllm_s_loaders(case):
    quantisation, tensors_of, symmetric = CASES[case]
    taken = set()
    for group_size in (16, 32, 48, 64, 128, 256, -1):
        try:
            module = linear("RowParallelLinear", 768, 64, quantisation=quantisation(group_size))
        except (ValueError, NotImplementedError):
            continue
        layer = models.random_layer(768, 64, 768 if group_size == -1 else group_size, torch.float16, symmetric)
        load(module, [layer], tensors_of)
        finish(module)
        if packed(module).dtype == torch.uint8:
            taken.add(group_size)
    assert taken == GROUP_SIZES[case]


@pytest.mark.parametrize(
    "case, error", [("compressed-tensors", AssertionError), ("gptq", RuntimeError), ("awq", RuntimeError)]
)
def test_channelwise_mixtures_are_refused_by_vllm_itself(case, error, monkeypatch):
    with pytest.raises(error):
        Mixture(case, torch.float16, monkeypatch, group_size=-1)


@pytest.mark.parametrize("name", NAMES)
def test_helpers_agree_with_vllm_s(name, monkeypatch):
    import vllm.platforms.rocm as original

    amdsmi_stub.install(name)
    spec = importlib.util.spec_from_file_location("vllm.platforms.rocm_copy", original.__file__)
    theirs = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, theirs)
    spec.loader.exec_module(theirs)
    amdsmi_stub.install("gfx1100")
    monkeypatch.setattr(arch, "target", lambda: (name, None))
    shared = [h for h in vars(theirs) if h.startswith("on_gfx") and hasattr(arch, h)]
    assert len(shared) >= 5
    assert {h: getattr(arch, h)() for h in shared} == {h: getattr(theirs, h)() for h in shared}
