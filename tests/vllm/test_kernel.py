# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Selection and the walk of a layer through vLLM's kernel interface, in every layout that vLLM has had."""

import importlib
import logging

import layouts
import models
import pytest
import torch
from conftest import needs

from w4a16 import arch, structs

UINT4B8, UINT4, UINT8 = (layouts.ScalarType(name) for name in ("uint4b8", "uint4", "uint8b128"))
GFX11 = ["gfx1100", "gfx1101", "gfx1102", "gfx1103", "gfx1150", "gfx1151", "gfx1152", "gfx1153"]


def config(vllm, K=256, N=64, group_size=64, weights=UINT4B8, act=torch.float16, zeros=False, **changed):
    act_order = changed.pop("act_order", False)
    values = dict(
        full_weight_shape=(K, N),
        partition_weight_shape=(K, N),
        weight_type=weights,
        act_type=act,
        group_size=group_size,
        zero_points=zeros,
    )
    c = vllm.MPLinearLayerConfig(**{**values, **changed})
    if vllm.layout != "current":
        c.has_g_idx = act_order
    return c


def test_registering_twice_leaves_one_kernel_and_it_is_first(vllm):
    importlib.import_module("w4a16.vllm_plugin").register()
    kernels = vllm._POSSIBLE_KERNELS
    kernels = kernels if vllm.layout == "list" else kernels[vllm.platform._enum]
    assert kernels == [vllm.ours, vllm.Existing]


@pytest.mark.parametrize("target", GFX11)
@pytest.mark.parametrize("act", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("weights, zeros", [(UINT4B8, False), (UINT4, True)])
@pytest.mark.parametrize("group_size", [32, 64, 128, -1])
def test_it_is_preferred_on_every_gfx11(vllm, monkeypatch, target, act, weights, zeros, group_size):
    needs(target)
    monkeypatch.setattr(arch, "target", lambda: (target, None))
    c = config(vllm, group_size=group_size, weights=weights, act=act, zeros=zeros)
    assert vllm.choose_mp_linear_kernel(c) is vllm.ours


REFUSED = [
    (dict(weights=UINT8), "weights are uint8b128"),
    (dict(weights=UINT4), "uint4 without zero points"),
    (dict(act=torch.float32), "activations are torch.float32"),
    (dict(out_type=torch.float32), "outputs are torch.float32"),
    (dict(group_size=0), "group_size is 0"),
    (dict(group_size=96), "group_size is 96"),
    (dict(group_size=8), "group_size is 8; accepted are multiples of 16"),
]


@pytest.mark.parametrize("changed, reason", REFUSED)
def test_what_it_refuses_goes_to_the_next_kernel_with_a_reason(vllm, changed, reason):
    c = config(vllm, **changed)
    taken, why = vllm.ours.can_implement(c)
    assert not taken and reason in why
    assert vllm.choose_mp_linear_kernel(c) is vllm.Existing


def test_the_table_is_asked_what_the_layer_is(vllm, monkeypatch):
    asked = []
    monkeypatch.setattr(arch, "supports", lambda *problem: asked.append(problem) or (False, "the table's reason"))
    for act, c_type in ((torch.float16, structs.F16), (torch.bfloat16, structs.BF16)):
        for zeros in (False, True):
            c = config(vllm, 256, 64, 32, UINT4 if zeros else UINT4B8, act, zeros, full_weight_shape=(512, 128))
            assert vllm.ours.can_implement(c) == (False, "the table's reason")
            assert asked.pop() == ("gfx1100", 256, 64, 32, c_type, c_type, not zeros, False, None)
    vllm.ours.can_implement(config(vllm, group_size=-1))
    assert asked.pop()[3] == 256


@pytest.mark.parametrize(
    "target, reason",
    [
        (("gfx1201", None), 'no kernels for target "gfx1201"'),
        (("gfx942", None), 'no kernels for target "gfx942"'),
        ((None, "no AMD GPU: ..."), "no AMD GPU"),
    ],
)
def test_other_cards_are_refused(vllm, monkeypatch, target, reason):
    monkeypatch.setattr(arch, "target", lambda: target)
    taken, why = vllm.ours.can_implement(config(vllm))
    assert not taken and reason in why


def test_other_platforms_are_refused(vllm):
    vllm.platform._enum = layouts.PlatformEnum.CUDA
    taken, why = vllm.ours.can_implement(config(vllm))
    assert not taken and "platform is not ROCm" in why


def test_the_cpu_is_refused_unless_it_is_asked_for(vllm, monkeypatch):
    vllm.platform._enum = layouts.PlatformEnum.CPU
    c = config(vllm)
    for value in (None, "", "0"):
        if value is not None:
            monkeypatch.setenv("W4A16_VLLM_CPU", value)
        taken, why = vllm.ours.can_implement(c)
        assert not taken and "W4A16_VLLM_CPU=1" in why
    assert vllm.choose_mp_linear_kernel(c) is vllm.Existing


@pytest.mark.parametrize("device, target", [(None, "cpu"), ("cpu", "cpu"), ("sim", "gfx1100")])
def test_the_cpu_is_preferred_where_it_is_asked_for(vllm, monkeypatch, device, target):
    """By the table of what makes the products of CPU tensors; the card's is not asked."""
    vllm.platform._enum = layouts.PlatformEnum.CPU
    monkeypatch.setenv("W4A16_VLLM_CPU", "1")
    monkeypatch.setattr(arch, "target", lambda: (None, "no card"))
    monkeypatch.delenv("W4A16_DEVICE", raising=False)
    if device:
        monkeypatch.setenv("W4A16_DEVICE", device)
    importlib.import_module("w4a16.vllm_kernel").register(vllm)
    supports, asked = arch.supports, []
    monkeypatch.setattr(arch, "supports", lambda *problem: asked.append(problem[0]) or supports(*problem))
    assert vllm.choose_mp_linear_kernel(config(vllm)) is vllm.ours
    assert asked == [target]
    if vllm.layout != "list":
        assert vllm._POSSIBLE_KERNELS[layouts.PlatformEnum.CPU] == [vllm.ours, vllm.Existing]


def test_missing_operators_are_refused(vllm, monkeypatch):
    unregistered = vllm.plugin.unregistered
    why = unregistered("nonesuch")
    assert why.startswith("torch.ops.w4a16.nonesuch is not registered: ")
    monkeypatch.setattr(vllm.plugin, "unregistered", lambda name: why if name == "linear" else None)
    assert vllm.ours.can_implement(config(vllm)) == (False, why)


def test_it_can_be_disabled_by_name(vllm, monkeypatch):
    monkeypatch.setattr(vllm.envs, "VLLM_DISABLED_KERNELS", ["W4A16LinearKernel"])
    assert vllm.choose_mp_linear_kernel(config(vllm)) is vllm.Existing


def test_a_refusal_is_logged_once(vllm, caplog):
    caplog.set_level(logging.INFO, "vllm")
    vllm.plugin.log_fallback.cache_clear()
    for _ in range(3):
        vllm.ours.can_implement(config(vllm, group_size=8))
    assert len([r for r in caplog.records if "group_size is 8" in r.getMessage()]) == 1


def gptq(layer, vllm, zero_offset):
    module = torch.nn.Module()
    P = layouts.Parameter
    module.qweight = P(models.words(layer.q, 0), input_dim=0, output_dim=1, packed_dim=0)
    module.scales = P(layer.scales, input_dim=0, output_dim=1)
    module.qzeros = P(models.words(layer.zeros - zero_offset, 1), input_dim=0, output_dim=1, packed_dim=1)
    module.g_idx = P(layer.g_idx, input_dim=0)
    return module, ("qweight", "scales", "qzeros", "g_idx")


def compressed_tensors(layer, vllm, zero_offset):
    module = torch.nn.Module()
    P = layouts.Parameter
    module.weight_packed = P(models.words(layer.q.t(), 1), input_dim=1, output_dim=0, packed_dim=1)
    module.weight_scale = P(layer.scales.t().contiguous(), output_dim=0)
    module.weight_zero_point = P(models.words(layer.zeros.t() - zero_offset, 0), output_dim=0, packed_dim=0)
    module.weight_g_idx = P(layer.g_idx, input_dim=0)
    return module, ("weight_packed", "weight_scale", "weight_zero_point", "weight_g_idx")


def walk(vllm, dialect, layer, c, zero_offset=0):
    """Build layer -> load -> process_weights_after_loading, as vLLM's linear methods do."""
    module, names = dialect(layer, vllm, zero_offset)
    kernel = vllm.choose_mp_linear_kernel(c)(c, *names[: 3 if vllm.layout == "current" else 4])
    assert isinstance(kernel, vllm.ours)
    kernel.process_weights_after_loading(module)
    return kernel, module, names


@pytest.mark.parametrize("dialect", [gptq, compressed_tensors])
@pytest.mark.parametrize("act", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("K, N, group_size", [(256, 64, 64), (128, 40, 32), (192, 24, -1), (64, 20, 16)])
@pytest.mark.parametrize("symmetric", [True, False])
def test_layer_computes_what_its_checkpoint_says(vllm, dialect, act, K, N, group_size, symmetric):
    groups_of = K if group_size == -1 else group_size
    layer = models.random_layer(K, N, groups_of, act, symmetric)
    c = config(vllm, K, N, group_size, UINT4B8 if symmetric else UINT4, act, not symmetric)
    kernel, module, _ = walk(vllm, dialect, layer, c)
    x = torch.randn(5, K, generator=torch.Generator().manual_seed(1)).to(act)
    bias = torch.linspace(-1, 1, N).to(act)
    models.assert_close(kernel.apply_weights(module, x), x, layer)
    models.assert_close(kernel.apply_weights(module, x, bias), x, layer, bias)


def test_biased_type_stores_one_less_than_its_zeros(vllm):
    layer = models.random_layer(128, 64, 32, torch.float16, symmetric=False, lowest_zero=1)
    kernel, module, _ = walk(vllm, gptq, layer, config(vllm, 128, 64, 32, UINT4B8, zeros=True), zero_offset=1)
    x = torch.randn(3, 128).half()
    models.assert_close(kernel.apply_weights(module, x), x, layer)


@pytest.mark.parametrize("dialect", [gptq, compressed_tensors])
@pytest.mark.parametrize("shuffled", [True, False])
def test_act_order_is_handled_at_load(vllm, dialect, shuffled):
    if vllm.layout == "current":
        pytest.skip("this layout has no act-order")
    layer = models.random_layer(256, 64, 64, torch.float16, True, act_order=shuffled)
    kernel, module, _ = walk(vllm, dialect, layer, config(vllm, act_order=True))
    x = torch.randn(2, 256).half()
    models.assert_close(kernel.apply_weights(module, x), x, layer)


@pytest.mark.parametrize("dialect", [gptq, compressed_tensors])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("rank", [0, 1])
def test_act_order_over_partitions_of_k(vllm, dialect, symmetric, rank):
    """A part of K has any number of members of every group, and all the scales."""
    if vllm.layout == "current":
        pytest.skip("this layout has no act-order")
    whole = models.random_layer(512, 64, 64, torch.float16, symmetric, act_order=True)
    k = slice(256 * rank, 256 * (rank + 1))
    layer = models.Layer(whole.q[k], whole.scales, whole.zeros, whole.g_idx[k], 64)
    weights = UINT4B8 if symmetric else UINT4
    c = config(vllm, weights=weights, zeros=not symmetric, full_weight_shape=(512, 64), act_order=True)
    kernel, module, _ = walk(vllm, dialect, layer, c)
    x = torch.randn(2, 256, generator=torch.Generator().manual_seed(1)).half()
    models.assert_close(kernel.apply_weights(module, x), x, layer)


def test_uneven_and_missing_groups(vllm):
    if vllm.layout == "current":
        pytest.skip("this layout has no act-order")
    layer = models.random_layer(256, 64, 64, torch.float16, False, act_order=True)
    layer.g_idx[layer.g_idx == 1] = 2
    layer.g_idx[0] = 3
    kernel, module, _ = walk(vllm, gptq, layer, config(vllm, weights=UINT4, zeros=True, act_order=True))
    x = torch.randn(2, 256).half()
    models.assert_close(kernel.apply_weights(module, x), x, layer)


@pytest.mark.parametrize("shape", [(256,), (7, 256), (2, 3, 256), (1, 2, 2, 256), (0, 256), (2, 0, 256)])
def test_activations_of_any_rank(vllm, shape):
    layer = models.random_layer(256, 64, 64, torch.float16, True)
    kernel, module, _ = walk(vllm, gptq, layer, config(vllm))
    x = torch.randn(*shape).half()
    y = kernel.apply_weights(module, x)
    assert y.shape == (*shape[:-1], 64)
    if y.numel():
        models.assert_close(y, x, layer)


def test_activations_that_are_not_contiguous(vllm):
    layer = models.random_layer(256, 64, 64, torch.float16, True)
    kernel, module, _ = walk(vllm, gptq, layer, config(vllm))
    x = torch.randn(6, 512).half()[::2, ::2]
    models.assert_close(kernel.apply_weights(module, x), x, layer)


def test_a_layer_compiles_into_one_graph(vllm):
    layer = models.random_layer(256, 64, 64, torch.float16, False)
    kernel, module, _ = walk(vllm, gptq, layer, config(vllm, weights=UINT4, zeros=True))
    bias = torch.linspace(-1, 1, 64).half()
    compiled = torch.compile(
        lambda x: kernel.apply_weights(module, x) + kernel.apply_weights(module, x, bias),
        fullgraph=True,
        dynamic=True,
        backend="eager",
    )
    for rows in (1, 5):
        x = torch.randn(2, rows, 256).half()
        expected = kernel.apply_weights(module, x) + kernel.apply_weights(module, x, bias)
        assert torch.equal(compiled(x), expected)


def test_processing_twice_is_processing_once(vllm):
    layer = models.random_layer(256, 64, 64, torch.float16, False)
    kernel, module, names = walk(vllm, gptq, layer, config(vllm, weights=UINT4, zeros=True))
    before = getattr(module, names[0]).clone()
    kernel.process_weights_after_loading(module)
    assert torch.equal(getattr(module, names[0]), before)


def test_a_reloaded_layer_is_packed_again(vllm):
    first, second = (models.random_layer(256, 64, 64, torch.float16, False, seed=s) for s in (0, 1))
    kernel, module, names = walk(vllm, gptq, first, config(vllm, weights=UINT4, zeros=True))
    for name, parameter in gptq(second, vllm, 0)[0].named_parameters():
        setattr(module, name, parameter)
    kernel.process_weights_after_loading(module)
    x = torch.randn(2, 256).half()
    models.assert_close(kernel.apply_weights(module, x), x, second)


def test_what_was_packed_is_not_kept_twice(vllm):
    layer = models.random_layer(256, 64, 64, torch.float16, False)
    _, module, names = walk(vllm, gptq, layer, config(vllm, weights=UINT4, zeros=True))
    assert getattr(module, names[1]).numel() == getattr(module, names[2]).numel() == 0
