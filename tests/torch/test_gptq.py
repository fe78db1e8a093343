# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Operators with vLLM's names: the bits of w4a16::linear and of the experts' products, their calls as vLLM makes them."""

import itertools
import os

import pytest
import torch
from layers import Layer, experts_product, product, random_layer, values
from test_linear import rows, same

import w4a16.ops

TYPES = (torch.float16, torch.bfloat16)
NO_ORDER = torch.empty(0, dtype=torch.int32)
ops = torch.ops.w4a16


def gptq(layer, v2):
    """(qzeros, scales) as a checkpoint has them; nothing for symmetric layers."""
    if not layer.zeros.numel():
        return torch.empty(0, dtype=torch.int32), layer.scales
    stored = (layer.zeros.int() - int(not v2)).view(len(layer.zeros), -1, 8)
    words = (stored.long() << torch.arange(0, 32, 4)).sum(-1)
    return torch.where(words >= 2**31, words - 2**32, words).int(), layer.scales


def make(N, K, group_size, v2=False, zeros=True, perm=False, scales=torch.float16, seed=0):
    layer = random_layer(N, K, group_size, scales, zeros, perm, seed)
    if zeros:  # what four bits hold
        layer = layer._replace(zeros=layer.zeros.clamp(0 if v2 else 1, 15 if v2 else 16))
    return layer


def shuffled(layer):
    q = layer.q.clone()
    address = q.data_ptr()
    assert ops.gptq_shuffle(q, layer.perm.int() if layer.perm.numel() else NO_ORDER, 4) is None
    assert q.data_ptr() == address and not torch.equal(q, layer.q)
    return q


@pytest.mark.parametrize("name", ["gptq_gemm_rdna3", "gptq_gemm_rdna3_wmma"])
@pytest.mark.parametrize("v2", [False, True])
@pytest.mark.parametrize("zeros, perm", itertools.product([False, True], repeat=2))
def test_bits(name, v2, zeros, perm):
    for N, K, group_size in ((64, 256, 128), (96, 192, 48), (32, 512, 16), (64, 128, -1), (72, 256, 64), (8, 64, 32)):
        layer = make(N, K, group_size, v2, zeros, perm, TYPES[perm])
        q, (qzeros, scales) = shuffled(layer), gptq(layer, v2)
        for act, M in itertools.product(TYPES, (1, 6, 40, 130)):
            x = rows(M, K, act)
            y = getattr(ops, name)(x, q, qzeros, scales, layer.perm if perm else NO_ORDER, v2)
            assert same(y, product(x, layer))


def test_forms():
    """Without an order of features there are shorter forms; rows may have any leading dimensions and strides."""
    layer = make(64, 256, 64)
    q, (qzeros, scales) = layer.q.clone(), gptq(layer, False)
    ops.gptq_shuffle(q, 4)
    assert torch.equal(q, shuffled(layer))
    x = rows(6, 260, torch.float16)[:, 2:258]
    want = product(x.contiguous(), layer)
    assert same(ops.gptq_gemm_rdna3(x, q, qzeros, scales, False), want)
    assert same(ops.gptq_gemm_rdna3_wmma(x, q, qzeros, scales, False), want)
    deep = x.reshape(2, 3, 256)
    assert same(ops.gptq_gemm_rdna3(deep, q, qzeros, scales, NO_ORDER, False), want.view(2, 3, 64))
    assert ops.gptq_gemm_rdna3(x[:0], q, qzeros, scales, False).shape == (0, 64)


@pytest.mark.parametrize("act", TYPES)
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("M, K, N, G", [(1, 128, 128, 128), (8, 256, 512, 64), (16, 512, 256, 128), (32, 512, 512, 64)])
def test_reference(M, K, N, G, zeros, act):
    """Against fp64, on the shapes of vLLM's own test: an output is within the bound of docs/numerics.md."""
    layer = make(N, K, G, zeros=zeros)
    x, w = 0.25 * rows(M, K, torch.float32), values(layer)
    x = x.to(act)
    y = ops.gptq_gemm_rdna3(x, shuffled(layer), *gptq(layer, False), NO_ORDER, False).double()
    want, mass = x.double() @ w, x.double().abs() @ w.abs()
    ulp = want.abs() * torch.finfo(act).eps
    c = (144 + K / 16) * 2.0**-24  # of docs/numerics.md, for the longest order of additions
    assert ((y - want).abs() <= ulp + c * mass).all()


@pytest.mark.parametrize("zeros", [False, True])
def test_the_width_of_vllm_s_determinism_test(zeros):
    """2056 columns: 64 whole strips of 32 and a quarter of one."""
    layer = make(2056, 64, 32, zeros=zeros)
    q, (qzeros, scales) = shuffled(layer), gptq(layer, False)
    for M in (1, 20):
        x = rows(M, 64, torch.float16)
        assert same(ops.gptq_gemm_rdna3(x, q, qzeros, scales, NO_ORDER, False), product(x, layer))


def align(ids, block, experts):
    """As vLLM's moe_align_block_size."""
    flat, sorted_ids, blocks = ids.view(-1), [], []
    for e in range(experts):
        mine = (flat == e).nonzero().view(-1).tolist()
        mine += [flat.numel()] * (-len(mine) % block)
        sorted_ids += mine
        blocks += [e] * (len(mine) // block)
    used = len(sorted_ids)
    sorted_ids += [flat.numel()] * (3 * block)
    blocks += [-1] * 3
    return (torch.tensor(v, dtype=torch.int32) for v in (sorted_ids, blocks, [used]))


def mixture_of(N):
    """Six experts, packed one by one as vLLM does."""
    layers = [make(N, 128, 32, seed=e) for e in range(6)]
    q = torch.stack([shuffled(layer) for layer in layers])
    zeros, scales = (torch.stack(parts) for parts in zip(*(gptq(layer, False) for layer in layers)))
    whole = torch.stack([layer.q for layer in layers])
    ops.gptq_shuffle(whole, 4)
    assert torch.equal(whole, q)
    return layers, q, scales, zeros


@pytest.fixture(scope="module")
def mixture():
    return mixture_of(64)


@pytest.mark.parametrize("N", [8, 40, 104])
def test_moe_of_other_widths(N):
    layers, q, scales, zeros = mixture_of(N)
    ids = torch.tensor([[0, 5], [5, 1], [2, 3]], dtype=torch.int32)
    c, x = torch.full((6, N), 7, dtype=torch.float16), rows(3, 128, torch.float16)
    ops.moe_gptq_gemm_rdna3(x, c, q, scales, zeros, torch.empty(0), *align(ids, 4, 6), 2, 4, False)
    assert same(c, experts_product(x, layers, [None] * 6, ids))


@pytest.mark.parametrize("act", TYPES)
@pytest.mark.parametrize("block", [1, 4, 16])
@pytest.mark.parametrize("M", [1, 7, 33])
def test_moe(mixture, M, block, act):
    layers, q, scales, zeros = mixture
    top_k, none = 2, [None] * 6
    ids = torch.stack([torch.randperm(6)[:top_k] for _ in range(M)]).int()
    gates, lists = torch.rand(M, top_k), tuple(align(ids, block, 6))

    def moe(a, c, *rest):
        assert ops.moe_gptq_gemm_rdna3(a, c, q, scales, zeros, *rest) is None
        return c

    x, slots = rows(M, 128, act), rows(M * top_k, 128, act, 3)
    empty = torch.empty(0)
    up = moe(x, torch.zeros(M * top_k, 64, dtype=act), empty, *lists, top_k, block, False)
    assert same(up, experts_product(x, layers, none, ids))
    weighed = moe(x, torch.zeros(M * top_k, 64, dtype=act), gates.view(-1), *lists, top_k, block, True, 0)
    assert same(weighed, experts_product(x.repeat_interleave(top_k, 0), layers, none, ids.view(-1, 1), gates.view(-1, 1)))
    down = moe(slots, torch.zeros(M, 64, dtype=act), gates.view(-1), *lists, 1, block, True, top_k)
    assert same(down, experts_product(slots, layers, none, ids, gates))
    added = moe(slots, torch.zeros(M, 64, dtype=act), empty, *lists, 1, block, False, top_k)
    assert same(added, experts_product(slots, layers, none, ids, torch.ones(M, top_k)))


def test_moe_leaves_out(mixture):
    """Blocks of experts that are elsewhere (-1) leave c's rows as they are."""
    _, q, scales, zeros = mixture
    ids = torch.tensor([[0, 5], [5, 1]], dtype=torch.int32)
    sorted_ids, blocks, used = align(ids, 1, 6)
    blocks[blocks == 5] = -1
    c = torch.full((4, 64), 7, dtype=torch.float16)
    ops.moe_gptq_gemm_rdna3(rows(2, 128, torch.float16), c, q, scales, zeros, torch.empty(0), sorted_ids, blocks, used, 2, 1, False)
    assert (c[1:3] == 7).all() and (c[[0, 3]] != 7).any()


@pytest.mark.parametrize("act", TYPES)
def test_moe_adds_up_the_slots_that_have_an_expert(mixture, act):
    layers, q, scales, zeros = mixture
    ids = torch.tensor([[0, 5], [5, 4], [2, 1]], dtype=torch.int32)
    sorted_ids, blocks, used = align(ids, 1, 6)
    elsewhere = (blocks == 4) | (blocks == 5)
    blocks[elsewhere] = -1
    slots, gates, c = rows(6, 128, act), torch.rand(3, 2), torch.full((3, 64), 7, dtype=act)
    ops.moe_gptq_gemm_rdna3(slots, c, q, scales, zeros, gates.view(-1), sorted_ids, blocks, used, 1, 1, True, 2)
    assert (c[1] == 0).all()
    assert same(c, experts_product(slots, layers, [None] * 6, torch.where(ids > 3, -1, ids), gates))


@pytest.mark.parametrize("act", TYPES)
def test_opcheck(mixture, act):
    layer = make(64, 128, 64, perm=True)
    _, eq, escales, ezeros = mixture
    q, x, (zeros, scales) = shuffled(layer), rows(3, 128, act), gptq(layer, False)
    ids = torch.tensor([[0, 5], [5, 1], [2, 3]], dtype=torch.int32)
    lists = tuple(align(ids, 4, 6))
    c = torch.zeros(6, 64, dtype=act)
    calls = [
        (ops.gptq_gemm_rdna3.default, (x, q, zeros, scales, layer.perm, False)),
        (ops.gptq_gemm_rdna3.without_g_idx, (x, q, zeros, scales, False)),
        (ops.gptq_gemm_rdna3_wmma.default, (x, q, zeros, scales, layer.perm, False)),
        (ops.gptq_gemm_rdna3_wmma.without_g_idx, (x, q, zeros, scales, False)),
        (ops.gptq_shuffle.default, (layer.q.clone(), layer.perm, 4)),
        (ops.gptq_shuffle.without_perm, (layer.q.clone(), 4)),
        (ops.moe_gptq_gemm_rdna3.default, (x, c, eq, escales, ezeros, torch.empty(0), *lists, 2, 4, False, 0)),
    ]
    for op, arguments in calls:
        assert set(torch.library.opcheck(op, arguments).values()) == {"SUCCESS"}


def test_compile(mixture):
    """Into one graph, with the write into c."""
    layer = make(64, 128, 64)
    _, eq, escales, ezeros = mixture
    q, (zeros, scales) = shuffled(layer), gptq(layer, False)
    lists = tuple(align(torch.tensor([[0, 5], [5, 1]], dtype=torch.int32), 1, 6))

    def block(x):
        c = torch.zeros(4, 64, dtype=x.dtype)
        ops.moe_gptq_gemm_rdna3(x, c, eq, escales, ezeros, torch.empty(0), *lists, 2, 1, False)
        return c.sum(0) + ops.gptq_gemm_rdna3(x, q, zeros, scales, False)

    x = rows(2, 128, torch.float16)
    assert same(torch.compile(block, fullgraph=True, backend="aot_eager")(x), block(x))


def test_orders_that_name_no_feature():
    """Memory is safe from them: such a place counts as empty."""
    layer = make(64, 128, 64)
    q, x, (zeros, scales) = shuffled(layer), rows(3, 128, torch.float16), gptq(layer, False)
    order = torch.arange(128, dtype=torch.int32)
    masked = x.clone()
    for place, entry in ((5, -1), (70, 128), (71, 10**6), (127, -(2**31))):
        order[place], masked[:, place] = entry, 0
    y = ops.gptq_gemm_rdna3(x, q, zeros, scales, order, False)
    assert same(y, ops.gptq_gemm_rdna3(masked, q, zeros, scales, False))


def test_sentences(mixture):
    layer = make(64, 128, 64)
    _, eq, escales, ezeros = mixture
    q, x, (zeros, scales) = shuffled(layer), rows(2, 128, torch.float16), gptq(layer, False)
    lists = tuple(align(torch.tensor([[0, 5], [5, 1]], dtype=torch.int32), 1, 6))
    c, none = torch.zeros(4, 64, dtype=torch.float16), torch.empty(0)

    def refused(words, call, *arguments):
        with pytest.raises(RuntimeError, match=words):
            call(*arguments)

    refused("bit is 8; accepted is 4", ops.gptq_shuffle, layer.q.clone(), NO_ORDER, 8)
    refused("N = 36 and K = 128: accepted are an N that is a multiple of 8", ops.gptq_shuffle, NO_ORDER.new_zeros(16, 36), 4)
    refused("N = 32 and K = 72: accepted are .* a K that is one of 32", ops.gptq_shuffle, NO_ORDER.new_zeros(9, 32), 4)
    refused(r"q_perm is int32 \[3\]; accepted are \[128\] of int32", ops.gptq_shuffle, layer.q.clone(), NO_ORDER.new_zeros(3), 4)
    refused("perm.1. is 0, which came before", ops.gptq_shuffle, layer.q.clone(), NO_ORDER.new_zeros(128), 4)
    refused(r"q_weight is int32 \[64, 16\] with strides \[1, 64\]; accepted", ops.gptq_shuffle, layer.q.clone().t(), NO_ORDER, 4)
    gemm = ops.gptq_gemm_rdna3
    refused(r"a is float32 \[2, 128\]; accepted are .* of float16 or bfloat16", gemm, x.float(), q, zeros, scales, NO_ORDER, False)
    refused(r"a is float16 \[2, 64\] with strides \[128, 1\]; q_weight wants rows of 128", gemm, x[:, :64], q, zeros, scales, NO_ORDER, False)
    refused(r"scales are float16 \[3, 64\]; accepted are \[G, 64\]", gemm, x, q, zeros, torch.cat([scales, scales[:1]]), NO_ORDER, False)
    refused(r"qzeros are int32 \[1, 8\]; accepted are \[2, 8\] of int32", gemm, x, q, zeros[:1], scales, NO_ORDER, False)
    refused(r"g_idx is int32 \[4\]; accepted are \[128\]", gemm, x, q, zeros, scales, NO_ORDER.new_zeros(4), False)
    moe = ops.moe_gptq_gemm_rdna3
    refused(r"c is float16 \[3, 64\]; accepted are \[4, 64\]", moe, x, c[:3], eq, escales, ezeros, none, *lists, 2, 1, False)
    refused(r"topk_weights are float32 \[0\]; accepted are 4 of float32", moe, x, c, eq, escales, ezeros, none, *lists, 2, 1, True)
    refused("top_k is 2 and output_topk 2", moe, x, c, eq, escales, ezeros, none, *lists, 2, 1, False, 2)
    for top_k in (0, 7, 2**62, 2**63 - 1, -(2**63)):
        refused("top_k is -?[0-9]* and output_topk 0; accepted are 1 to 6 experts", moe, x, c, eq, escales, ezeros, none, *lists, top_k, 1, False)
    refused("q_weight has K / 8 = 0; accepted are 1 to 2097152", moe, x[:, :0], c, eq[:, :0], escales, ezeros, none, *lists, 2, 1, False)
    refused("sorted_block is 9223372036854775807: expected 0 to 2147483647", moe, x, c, eq, escales, ezeros, none, *lists, 2, 2**63 - 1, False)
    if os.environ.get("W4A16_DEVICE") != "sim":  # which works on copies
        memory = torch.zeros(4 * 128, dtype=torch.float16)
        a, over = memory[:256].view(2, 128), memory[200:456].view(4, 64)
        refused("args.out, 512 bytes at .* overlaps a, 512 bytes", moe, a, over, eq, escales, ezeros, none, *lists, 2, 1, False)
    refused("block_size_m is 0", moe, x, c, eq, escales, ezeros, none, *lists, 2, 0, False)
    refused(r"sorted_token_ids is float32 \[\d+\]; accepted are int32", moe, x, c, eq, escales, ezeros, none, lists[0].float(), *lists[1:], 2, 1, False)


def test_no_leak(mixture):
    """No tensor stays referenced, whether calls succeed or fail."""
    layer = make(64, 128, 64)
    q, x, (zeros, scales) = shuffled(layer), rows(2, 128, torch.float16), gptq(layer, False)
    tensors = [q, x, zeros, scales]

    def counts():
        return [t._use_count() for t in tensors]

    before = counts()
    for _ in range(1000):
        ops.gptq_gemm_rdna3(x, q, zeros, scales, False)
        with pytest.raises(RuntimeError):
            ops.gptq_gemm_rdna3(x, q, zeros, scales[:, :32], False)
        with pytest.raises(RuntimeError):
            ops.gptq_shuffle(q, zeros, 4)
    assert counts() == before
