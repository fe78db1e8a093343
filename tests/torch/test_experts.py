# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""torch.ops.w4a16.{pack_experts,experts}: the C library's own bits, and what is refused."""

import itertools

import pytest
import torch
from layers import experts_product, random_layer, values
from test_linear import NONE, rows, same

import w4a16.ops

TYPES = (torch.float16, torch.bfloat16)
EXPERTS, TOP_K = 5, 2


def mixture(N, K, group_size, scales=torch.float16, zeros=False, bias=None):
    """Layers, biases and the packed tensor."""
    layers = [random_layer(N, K, group_size, scales, zeros, seed=n) for n in range(EXPERTS)]
    biases = [rows(1, N, bias, 50 + n)[0] for n in range(EXPERTS)] if bias else [None] * EXPERTS
    stacked = [torch.stack([layer[part] for layer in layers]) for part in range(3)]
    packed = torch.ops.w4a16.pack_experts(*stacked, torch.stack(biases) if bias else NONE, group_size)
    return layers, biases, packed


def choice(M, seed=3, drop=False):
    """ids without repetition in a token, gates."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.stack([torch.randperm(EXPERTS, generator=random)[:TOP_K] for _ in range(M)]).to(torch.int32)
    if drop:
        ids[::3, 0] = -1
    return ids, torch.rand(M, TOP_K, generator=random)


@pytest.mark.parametrize("N, K, group_size", [(64, 128, 64), (40, 256, 128), (64, 96, -1)])
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("scales", TYPES)
@pytest.mark.parametrize("bias", [None, torch.float16, torch.float32])
def test_bits(N, K, group_size, scales, zeros, bias):
    layers, biases, packed = mixture(N, K, group_size, scales, zeros, bias)
    shape = w4a16.ops.packed_shape(N, K, group_size, scales, zeros, experts=EXPERTS, bias=bias is not None)
    assert packed.shape == shape and shape[:2] == (EXPERTS, N)
    for act, M, drop in itertools.product(TYPES, (1, 6, 40), (False, True)):
        ids, gates = choice(M, drop=drop)
        x = rows(M, K, act)
        y = torch.ops.w4a16.experts(x, packed, ids, NONE)
        used = ids.flatten() >= 0
        assert y.shape == (M * TOP_K, N)
        assert same(y[used], experts_product(x, layers, biases, ids)[used])
        x = rows(M * TOP_K, K, act, 2)
        assert same(torch.ops.w4a16.experts(x, packed, ids, gates), experts_product(x, layers, biases, ids, gates))


def test_values():
    layers, _, packed = mixture(64, 128, 32, zeros=True)
    ids, gates = choice(6)
    x, wide = rows(6, 128, torch.float16), rows(12, 128, torch.float16, 2)
    w = [values(layer) for layer in layers]
    slots = torch.stack([x[n // TOP_K].double() @ w[e] for n, e in enumerate(ids.flatten().tolist())])
    y = torch.ops.w4a16.experts(x, packed, ids, NONE)
    torch.testing.assert_close(y.double(), slots, rtol=1e-3, atol=2e-3)
    slots = torch.stack([wide[n].double() @ w[e] for n, e in enumerate(ids.flatten().tolist())])
    combined = (slots.view(6, TOP_K, 64) * gates.unsqueeze(-1)).sum(1)
    y = torch.ops.w4a16.experts(wide, packed, ids, gates)
    torch.testing.assert_close(y.double(), combined, rtol=1e-3, atol=2e-3)


def test_opcheck_and_compile():
    layers, _, packed = mixture(64, 128, 64)
    ids, gates = choice(4)
    stacked = tuple(torch.stack([layer[part] for layer in layers]) for part in range(3))
    calls = [(torch.ops.w4a16.experts, (rows(4, 128, torch.float16), packed, ids, NONE))]
    calls += [(torch.ops.w4a16.experts, (rows(8, 128, torch.float16), packed, ids, gates))]
    calls += [(torch.ops.w4a16.pack_experts, (*stacked, NONE, 64))]
    for operator, arguments in calls:
        assert set(torch.library.opcheck(operator.default, arguments).values()) == {"SUCCESS"}
        compiled = torch.compile(lambda *a, op=operator: op(*a), fullgraph=True, backend="aot_eager")
        assert torch.equal(compiled(*arguments), operator(*arguments))


def test_no_tokens():
    _, _, packed = mixture(64, 128, 64)
    ids, gates = torch.empty(0, TOP_K, dtype=torch.int32), torch.empty(0, TOP_K)
    for given in (NONE, gates):
        assert torch.ops.w4a16.experts(rows(0, 128, torch.float16), packed, ids, given).shape == (0, 64)


REFUSED = [
    (lambda x, p, i, g: (x.float(), p, i, g), r"x is float32 \[8, 128\]; accepted are 2 dimensions of float16 or bfloat16"),
    (lambda x, p, i, g: (x[:7], p, i, g), "x has 7 rows; with gates, these ids want 8"),
    (lambda x, p, i, g: (x, p, i, NONE), "x has 8 rows; without gates, these ids want 4"),
    (lambda x, p, i, g: (x[:, :64].contiguous(), p, i, g), "activations have K = 64"),
    (lambda x, p, i, g: (x, p[0], i, g), r"packed is uint8 \[64, .*\]; accepted"),
    (lambda x, p, i, g: (x, p, i.long(), g), r"ids are int64 \[4, 2\]; accepted are .* of int32"),
    (lambda x, p, i, g: (x, p, i[:, 0], g), r"ids are int32 \[4\] with strides \[2\]; accepted"),
    (lambda x, p, i, g: (x, p, i, g.half()), r"gates are float16 \[4, 2\]; accepted are .* of float32"),
    (lambda x, p, i, g: (x, p, i, g[:2]), r"gates are float32 \[2, 2\]; accepted are ids' sizes, \[4, 2\]"),
    (lambda x, p, i, g: (x[:, :1].repeat(24 // 8, 128), p, i.repeat(1, 3), g.repeat(1, 3)), "experts"),
]


@pytest.mark.parametrize("change, sentence", REFUSED)
def test_refused(change, sentence):
    _, _, packed = mixture(64, 128, 64)
    ids, gates = choice(4)
    arguments = rows(8, 128, torch.float16), packed, ids, gates
    with pytest.raises(RuntimeError, match=sentence):
        torch.ops.w4a16.experts(*change(*arguments))
    torch.ops.w4a16.experts(*arguments)


def test_pack_refuses():
    q, scales = torch.zeros(3, 8, 32, dtype=torch.int32), torch.ones(3, 2, 32).half()
    pack, zeros = torch.ops.w4a16.pack_experts, NONE.to(torch.uint8)
    pack(q, scales, zeros, NONE, 32)
    for arguments, sentence in [
        ((q, scales[:2], zeros, NONE, 32), "size 0 of scales is 2; accepted is 3"),
        ((q, scales, zeros, torch.ones(3, 31), 32), "size 1 of bias is 31; accepted is 32"),
        ((q, scales, zeros, torch.ones(3, 32).int(), 32), "float16, bfloat16 or float32"),
        ((q[:0], scales[:0], zeros, NONE, 32), "."),
        ((q, scales * torch.tensor([1, 1, float("inf")]).view(3, 1, 1).half(), zeros, NONE, 32), "finite scales"),
    ]:
        with pytest.raises(RuntimeError, match=sentence):
            pack(*arguments)
