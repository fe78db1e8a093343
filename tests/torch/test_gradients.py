# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Gradients of w4a16::linear against a dense layer of the same weights, and that the other operators refuse."""

import pytest
import torch
from layers import pack, random_layer, values
from test_linear import NONE, rows

import w4a16.ops  # noqa: F401

TYPES = (torch.float16, torch.bfloat16)
# N, K, group_size, scales, zeros, perm
LAYERS = [
    (64, 128, 32, torch.float16, True, False),
    (40, 96, -1, torch.bfloat16, False, False),
    (33, 128, 32, torch.float16, False, True),
    (24, 200, 64, torch.float16, True, False),
]


def dense(layer, act):
    """The layer's weights [K, N] in `act`, from fp64."""
    return values(layer).to(act)


def gradients(function, x, bias, grad):
    x, bias = x.clone().requires_grad_(), bias.clone().requires_grad_()
    y = function(x, bias)
    y.backward(grad)
    return x.grad, bias.grad


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("act", TYPES)
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_linear_against_a_dense_layer(layer, act, compiled):
    layer = random_layer(*layer)
    packed, weights = pack(layer), dense(layer, act)

    def product(x, bias):
        return torch.ops.w4a16.linear(x, packed, bias)

    torch.compiler.reset()
    function = torch.compile(product, fullgraph=True, backend="aot_eager") if compiled else product
    for shape in ((5, layer.K), (2, 3, layer.K), (layer.K,)):
        x, bias = rows(1, 6 * layer.K, act)[0], rows(1, layer.N, torch.float32, 2)[0]
        x = x[: torch.Size(shape).numel()].view(shape)
        grad = rows(1, 6 * layer.N, act, 3)[0][: x.numel() // layer.K * layer.N].view(*shape[:-1], layer.N)
        found = gradients(function, x, bias, grad)
        expected = gradients(lambda x, bias: x @ weights + bias.to(act), x, bias, grad)
        exact = grad.double() @ weights.double().t()
        assert found[0].dtype == act and found[0].shape == x.shape
        bound = 4 * torch.finfo(act).eps * (grad.double().abs() @ weights.double().abs().t())
        assert ((found[0].double() - exact).abs() <= bound).all()
        assert ((found[0] - expected[0]).double().abs() <= 2 * bound).all()
        exact = grad.double().reshape(-1, layer.N).sum(0)
        assert ((found[1].double() - exact).abs() <= 1e-5 * grad.double().reshape(-1, layer.N).abs().sum(0)).all()


def test_more_rows_of_weights_than_are_dequantised_at_a_time(monkeypatch):
    from w4a16 import gradients as module

    monkeypatch.setattr(module, "_ROWS", 48)
    layer = random_layer(40, 128, 32, zeros=True)
    x = rows(3, 128, torch.float16).requires_grad_()
    torch.ops.w4a16.linear(x, pack(layer), NONE).sum().backward()
    expected = values(layer).sum(1).expand(3, 128)
    torch.testing.assert_close(x.grad.double(), expected, rtol=4e-3, atol=4e-3 * values(layer).abs().sum(1).max().item())


def test_a_layer_inside_a_network():
    """What lies before the layer learns; what lies after it does not notice."""
    layer, act = random_layer(64, 128, 32), torch.float16
    packed, weights = pack(layer), dense(layer, act)
    first = torch.nn.Linear(16, 128, dtype=act)
    x = rows(4, 16, act)
    found, expected = [], []
    for out, product in ((found, lambda h: torch.ops.w4a16.linear(h, packed, NONE)), (expected, lambda h: h @ weights)):
        first.zero_grad()
        product(torch.tanh(first(x))).float().square().mean().backward()
        out += [first.weight.grad.clone(), first.bias.grad.clone()]
    for a, b in zip(found, expected):
        torch.testing.assert_close(a, b, rtol=2e-2, atol=2e-2 * b.abs().max().item())


def test_no_gradient_is_made_where_none_is_asked_for():
    layer = random_layer(64, 128, 32)
    packed, x = pack(layer), rows(2, 128, torch.float16)
    assert not torch.ops.w4a16.linear(x, packed, NONE).requires_grad
    with torch.no_grad():
        assert not torch.ops.w4a16.linear(x.clone().requires_grad_(), packed, NONE).requires_grad


def test_opcheck():
    layer = random_layer(64, 128, 32)
    arguments = rows(2, 128, torch.float16).requires_grad_(), pack(layer), rows(1, 64, torch.float32)[0].requires_grad_()
    assert set(torch.library.opcheck(torch.ops.w4a16.linear.default, arguments).values()) == {"SUCCESS"}


def other_calls():
    ops, layer = torch.ops.w4a16, random_layer(64, 128, 32)
    none, q = torch.empty(0, dtype=torch.int32), layer.q.clone()
    ops.gptq_shuffle(q, 4)
    packed = ops.pack_experts(layer.q[None], layer.scales[None], NONE.to(torch.uint8), NONE, 32)
    ids = torch.zeros(2, 1, dtype=torch.int32)
    c = torch.zeros(2, 64, dtype=torch.float16)
    sorted_ids, blocks, used = none.new_tensor([0, 1]), none.new_tensor([0, 0]), none.new_tensor([2])
    return {
        "experts": lambda x: ops.experts(x, packed, ids, NONE),
        "gptq_gemm_rdna3": lambda x: ops.gptq_gemm_rdna3(x, q, none, layer.scales, none, False),
        "gptq_gemm_rdna3_wmma.without_g_idx": lambda x: ops.gptq_gemm_rdna3_wmma(x, q, none, layer.scales, False),
        "pack": lambda x: ops.pack(q[:2, :2], x[:1, :2], NONE.to(torch.uint8), none, -1).float(),
        "moe_gptq_gemm_rdna3": lambda x: (
            ops.moe_gptq_gemm_rdna3(
                x, c, q[None], layer.scales[None], none, NONE, sorted_ids, blocks, used, 1, 1, False
            )
            or c
        ),
    }


@pytest.mark.parametrize("name", list(other_calls()))
def test_the_others_raise(name):
    call, x = other_calls()[name], rows(2, 128, torch.float16)
    call(x)
    with torch.no_grad():
        call(x.clone().requires_grad_())
    if name == "pack":  # uint8 carries no gradient
        assert not call(x.clone().requires_grad_()).requires_grad
        return
    with pytest.raises(RuntimeError, match=f"w4a16::{name.split('.')[0]}.* has no gradient"):
        call(x.clone().requires_grad_()).sum().backward()
