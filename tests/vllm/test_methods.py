# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""AWQ and older GPTQ layers through vLLM's own linear methods, routed to these kernels."""

import importlib
import logging
from types import SimpleNamespace

import models
import pytest
import torch


def build(vllm, K=256, N=64, group_size=64, act=torch.float16, full_K=None, method=None, **settings):
    settings = dict(weight_bits=4, group_size=group_size) | settings
    method = (method or vllm.AWQMethod)(SimpleNamespace(**settings))
    module = torch.nn.Module()
    method.create_weights(module, K, [N // 2, N // 2], full_K or K, N, act)
    return method, module


def load(module, **tensors):
    for name, data in tensors.items():
        assert getattr(module, name).shape == data.shape
        getattr(module, name).data = data


def load_awq(module, layer):
    load(
        module,
        qweight=models.words(layer.q, 1, models.AWQ_ORDER),
        qzeros=models.words(layer.zeros, 1, models.AWQ_ORDER),
        scales=layer.scales,
    )


@pytest.mark.parametrize("act", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("K, N, group_size", [(256, 64, 64), (128, 48, 32), (192, 16, -1)])
def test_layer_computes_what_its_checkpoint_says(vllm, act, K, N, group_size):
    method, module = build(vllm, K, N, group_size, act)
    layer = models.random_layer(K, N, K if group_size == -1 else group_size, act, symmetric=False)
    load_awq(module, layer)
    method.process_weights_after_loading(module)
    packed = module.qweight.clone()
    method.process_weights_after_loading(module)
    assert torch.equal(module.qweight, packed)
    assert module.scales.numel() == module.qzeros.numel() == 0 and not hasattr(module, "processed_by_vllm")
    x = torch.randn(2, 3, K, generator=torch.Generator().manual_seed(1)).to(act)
    bias = torch.linspace(-1, 1, N).to(act)
    models.assert_close(method.apply(module, x), x, layer)
    models.assert_close(method.apply(module, x, bias), x, layer, bias)


@pytest.mark.parametrize(
    "changed", [dict(group_size=8), dict(act=torch.float32), dict(weight_bits=8), dict(K=36, group_size=-1)]
)
def test_refused_layers_take_vllm_s_own_steps(vllm, changed):
    method, module = build(vllm, **changed)
    method.process_weights_after_loading(module)
    assert module.processed_by_vllm and method.apply(module, None) == "vLLM's own product"


def test_use_is_logged_once(vllm, caplog):
    with caplog.at_level(logging.INFO, "vllm.w4a16"):
        build(vllm)
        build(vllm)
        build(vllm, group_size=8)
    used, refused = [record.getMessage() for record in caplog.records]
    assert used == f"Using W4A16LinearKernel for {vllm.AWQMethod.__name__}" and "group_size is 8" in refused


def test_it_can_be_disabled_by_name(vllm, monkeypatch):
    monkeypatch.setattr(vllm.envs, "VLLM_DISABLED_KERNELS", ["W4A16LinearKernel"])
    method, module = build(vllm)
    assert method.apply(module, None) == "vLLM's own product"


def test_layers_built_before_the_plugin_came_are_left_alone(vllm):
    assert vllm.AWQMethod(None).apply(torch.nn.Module(), None) == "vLLM's own product"


@pytest.fixture
def gptq(vllm):
    if vllm.layout == "current":
        pytest.skip("here GPTQ asks the chooser")
    return vllm


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("desc_act", [True, False])
@pytest.mark.parametrize("checkpoint_format", ["", "gptq_v2"])
def test_older_gptq_takes_every_zero_and_order(gptq, symmetric, desc_act, checkpoint_format):
    settings = dict(desc_act=desc_act, checkpoint_format=checkpoint_format, full_K=512 if desc_act else None)
    method, module = build(gptq, method=gptq.GPTQMethod, **settings)
    stored_less = 0 if checkpoint_format else 1
    layer = models.random_layer(256, 64, 64, torch.float16, symmetric, desc_act, lowest_zero=stored_less)
    load(
        module,
        qweight=models.words(layer.q, 0),
        qzeros=models.words(layer.zeros - stored_less, 1),
        scales=layer.scales,
        g_idx=layer.g_idx,
    )
    method.process_weights_after_loading(module)
    assert module.g_idx.numel() == module.qzeros.numel() == module.scales.numel() == 0
    x = torch.randn(4, 256, generator=torch.Generator().manual_seed(1)).half()
    models.assert_close(method.apply(module, x), x, layer)


@pytest.mark.parametrize("checkpoint_format", ["", "gptq_v2"])
@pytest.mark.parametrize("stored, settings", [(7, {}), (8, {}), (7, dict(sym=True)), (8, dict(is_sym=True))])
def test_older_gptq_knows_symmetric_zeros_without_sym(gptq, checkpoint_format, stored, settings):
    """Writers store 7 or 8 under either version, and this configuration mostly does not keep what sym says."""
    method, module = build(gptq, method=gptq.GPTQMethod, desc_act=False, checkpoint_format=checkpoint_format, **settings)
    layer = models.random_layer(256, 64, 64, torch.float16, symmetric=True)
    qzeros = models.words(torch.full_like(layer.zeros, stored), 1)
    g_idx = layer.g_idx
    load(module, qweight=models.words(layer.q, 0), qzeros=qzeros, scales=layer.scales, g_idx=g_idx)
    method.process_weights_after_loading(module)
    x = torch.randn(4, 256, generator=torch.Generator().manual_seed(1)).half()
    models.assert_close(method.apply(module, x), x, layer)


def test_older_gptq_takes_sym_false_at_its_word(gptq):
    method, module = build(gptq, method=gptq.GPTQMethod, desc_act=False, checkpoint_format="", sym=False)
    layer = models.random_layer(256, 64, 64, torch.float16, symmetric=True)
    layer.zeros += 1
    load(
        module,
        qweight=models.words(layer.q, 0),
        qzeros=models.words(layer.zeros - 1, 1),
        scales=layer.scales,
        g_idx=layer.g_idx,
    )
    method.process_weights_after_loading(module)
    x = torch.randn(4, 256, generator=torch.Generator().manual_seed(1)).half()
    models.assert_close(method.apply(module, x), x, layer)


def test_registering_twice_wraps_once_and_keeps_the_class(vllm):
    apply, name = vllm.AWQMethod.apply, vllm.AWQMethod.__name__
    importlib.import_module("w4a16.vllm_plugin").register()
    assert vllm.AWQMethod.apply is apply
    assert name in ("AWQLinearMethod", "AutoAWQLinearMethod")
