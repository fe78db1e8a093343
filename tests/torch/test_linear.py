# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""torch.ops.w4a16.linear: the C library's own bits, for every format, and its sentences for what it refuses."""

import itertools

import pytest
import torch
from layers import pack, product, random_layer, values

import w4a16.ops

NONE = torch.empty(0)
TYPES = (torch.float16, torch.bfloat16)
# N, K, group_size, places of perm (True: K)
SHAPES = [
    (64, 256, 32, False),
    (64, 256, 64, False),
    (40, 256, 128, False),
    (64, 256, -1, False),
    (33, 128, 16, False),
    (64, 512, 256, False),
    (64, 1024, 512, False),
    (32, 2048, 1024, False),
    (48, 192, 96, False),  # no size of the table's
    (48, 200, 64, False),  # a short last group
    (64, 256, 32, True),
    (40, 256, 128, True),
    (64, 256, 32, 288),  # empty places
    (33, 128, 32, 256),
]


def rows(M, K, dtype, seed=1):
    return torch.randn(M, K, generator=torch.Generator().manual_seed(seed)).to(dtype)


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.view(torch.int16), b.view(torch.int16))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("scales", TYPES)
def test_bits(shape, scales, zeros):
    N, K, group_size, perm = shape
    layer = random_layer(N, K, group_size, scales, zeros, perm)
    packed = pack(layer)
    assert packed.dtype == torch.uint8 and packed.shape[0] == N
    assert packed.shape == w4a16.ops.packed_shape(N, K, group_size, scales, zeros, layer.perm.numel())
    for act, M, biased in itertools.product(TYPES, (1, 5, 33), (False, True)):
        x = rows(M, K, act)
        bias = rows(1, N, act, 2)[0] if biased else None
        y = torch.ops.w4a16.linear(x, packed, NONE if bias is None else bias)
        assert same(y, product(x, layer, bias))


def test_values():
    """Independent of the library: products in fp64."""
    for zeros, perm in itertools.product((False, True), (False, True, 160)):
        layer = random_layer(64, 128, 32, zeros=zeros, perm=perm)
        x = rows(4, 128, torch.float16)
        y = torch.ops.w4a16.linear(x, pack(layer), NONE)
        torch.testing.assert_close(y.double(), x.double() @ values(layer), rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("N", [64, 40])
def test_bias_types(N, dtype):
    layer, x, bias = random_layer(N, 128, 64), rows(3, 128, torch.float16), rows(1, N, torch.float32, 3)[0].to(dtype)
    y = torch.ops.w4a16.linear(x, pack(layer), bias)
    assert same(y, product(x, layer, bias))
    spread = torch.stack([bias, bias], 1).flatten()[::2]
    assert same(y, torch.ops.w4a16.linear(x, pack(layer), spread))


def test_activations_of_any_form():
    layer = random_layer(64, 128, 64)
    packed, x = pack(layer), rows(6, 128, torch.float16)
    y = product(x, layer)
    linear = torch.ops.w4a16.linear
    assert same(linear(x[2], packed, NONE), y[2])
    assert same(linear(x.view(2, 3, 128), packed, NONE), y.view(2, 3, 64))
    assert same(linear(x.t().contiguous().t(), packed, NONE), y)
    wide = torch.full((6, 131), float("nan"), dtype=torch.float16)
    wide[:, :128] = x
    assert same(linear(wide[:, :128], packed, NONE), y)
    shifted = torch.empty(6 * 128 + 1, dtype=torch.float16)[1:].view(6, 128).copy_(x)
    assert shifted.data_ptr() % 4 == 2 and same(linear(shifted, packed, NONE), y)
    assert linear(x[:0], packed, NONE).shape == (0, 64)
    assert linear(x[:0].view(0, 2, 128), packed, NONE).shape == (0, 2, 64)


def test_packed_may_move():
    layer, x = random_layer(64, 128, 64, zeros=True), rows(2, 128, torch.float16)
    packed = pack(layer)
    y = torch.ops.w4a16.linear(x, packed, NONE)
    module = torch.nn.Module()
    module.weight = torch.nn.Parameter(packed, requires_grad=False)
    module.to("cpu")
    assert same(torch.ops.w4a16.linear(x, module.state_dict()["weight"].clone(), NONE), y)


@pytest.mark.parametrize("offset", [1, 4, 8])
def test_packed_may_be_a_view(offset):
    """As loaders of files make them: at any byte."""
    packed, x = pack(random_layer(64, 128, 64, zeros=True)), rows(2, 128, torch.float16)
    whole = torch.empty(packed.numel() + 16 + offset, dtype=torch.uint8)
    first = -whole.data_ptr() % 16 + offset
    view = whole[first : first + packed.numel()].view_as(packed).copy_(packed)
    assert view.data_ptr() % 16 == offset
    assert same(torch.ops.w4a16.linear(x, view, NONE), torch.ops.w4a16.linear(x, packed, NONE))


def test_none_is_an_empty_tensor():
    layer, x = random_layer(64, 128, 64), rows(2, 128, torch.float16)
    packed = torch.ops.w4a16.pack(layer.q, layer.scales, None, None, layer.group_size)
    assert same(packed, pack(layer))
    assert same(torch.ops.w4a16.linear(x, packed, None), torch.ops.w4a16.linear(x, packed, NONE))


REFUSED = [
    (lambda x, p, b: (None, p, b), "x is None; accepted"),
    (lambda x, p, b: (x, None, b), "packed is None; accepted"),
    (lambda x, p, b: (x.float(), p, b), r"x is float32 \[2, 128\]; accepted are .* of float16 or bfloat16"),
    (lambda x, p, b: (x[0, 0], p, b), r"x is float16 \[\]; accepted"),
    (lambda x, p, b: (x[:, :64], p, b), "activations have K = 64"),
    (lambda x, p, b: (x[:, :96], p, b), "activations have K = 96"),
    (lambda x, p, b: (torch.cat([x, x], 1), p, b), "activations have K = 256"),
    (lambda x, p, b: (x[:, :0], p, b), "K = 0"),
    (lambda x, p, b: (x, p.view(-1), b), r"packed is uint8 \[\d+\]; accepted"),
    (lambda x, p, b: (x, p.view(torch.int8), b), r"packed is int8 \[64, 17, \d+\]; accepted"),
    (lambda x, p, b: (x, p.transpose(0, 1), b), r"packed is uint8 \[17, 64, \d+\] with strides \[\d+, \d+, 1\]; accepted"),
    (lambda x, p, b: (x, p[:0], b[:0]), "sizes"),
    (lambda x, p, b: (x, p.new_empty(0).as_strided((0,) + (2**60,) * 14, (1,) * 15), b),  # more than a sentence has room for
     r"packed is uint8 \[0, (1152921504606846976, ){10}"),
    (lambda x, p, b: (x, p, b[:63]), r"bias is float16 \[63\]; accepted are \[64\]"),
    (lambda x, p, b: (x, p, b.double()), r"bias is float64 \[64\]; accepted"),
    (lambda x, p, b: (x, p, b.view(1, -1)), r"bias is float16 \[1, 64\]; accepted"),
]


@pytest.mark.parametrize("change, sentence", REFUSED)
def test_refused(change, sentence):
    x, packed, bias = rows(2, 128, torch.float16), pack(random_layer(64, 128, 64)), rows(1, 64, torch.float16)[0]
    with pytest.raises(RuntimeError, match=sentence):
        torch.ops.w4a16.linear(*change(x, packed, bias))
    torch.ops.w4a16.linear(x, packed, bias)


BAD_LAYERS = [
    (lambda l: l._replace(q=l.q.long()), r"q is int64 \[16, 64\]; accepted are 2 dimensions of int32"),
    (lambda l: l._replace(q=l.q.view(-1)), r"q is int32 \[1024\]; accepted are 2 dimensions"),
    (lambda l: l._replace(scales=l.scales.float()), r"scales is float32 \[4, 64\]; accepted are 2 dimensions of float16 or bfloat16"),
    (lambda l: l._replace(scales=l.scales[:1]), "size 0 of scales is 1; accepted is 4"),
    (lambda l: l._replace(scales=l.scales * float("inf")), "accepted are finite scales"),
    (lambda l: l._replace(zeros=l.zeros + 17), "accepted is 0..16"),
    (lambda l: l._replace(zeros=l.zeros[:, :5]), "size 1 of zeros is 5"),
    (lambda l: l._replace(perm=l.perm * 0), "which came before"),
    (lambda l: l._replace(perm=l.perm[:64]), "size 0 of scales|accepted"),
    (lambda l: l._replace(group_size=0), "group_size is 0"),
    (lambda l: l._replace(group_size=-2), "group_size is -2"),
    (lambda l: l._replace(group_size=2**63 - 1), "size 0 of scales is 4; accepted is 1"),
    (lambda l: l._replace(q=l.q[:1, :1].expand(2**21 + 1, 64)), r"q has sizes for K / 8 = 2097153 and N = 64; accepted"),
    (lambda l: l._replace(q=l.q[:1, :1].expand(2**61, 2)), r"q has sizes for K / 8 = 2305843009213693952"),
]


@pytest.mark.parametrize("change, sentence", BAD_LAYERS)
def test_pack_refuses(change, sentence):
    layer = random_layer(64, 128, 32, zeros=True, perm=True)
    with pytest.raises(RuntimeError, match=sentence):
        pack(change(layer))
    pack(layer)


@pytest.mark.parametrize("name", ["W4A16_BATCH_INVARIANT", "VLLM_BATCH_INVARIANT"])
@pytest.mark.parametrize("act", TYPES)
def test_batch_invariance(monkeypatch, name, act):
    """Asked for before the first plan of a shape is made."""
    monkeypatch.setenv(name, "1")
    N = 352 if name[0] == "W" else 416
    packed, x = pack(random_layer(N, 256, 64)), rows(200, 256, act)
    alone = torch.cat([torch.ops.w4a16.linear(row, packed, NONE) for row in x.split(1)])
    for M in (2, 16, 17, 64, 200):
        assert same(torch.ops.w4a16.linear(x[:M], packed, NONE), alone[:M])
