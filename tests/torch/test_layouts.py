# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""w4a16.layouts: a layer that is written in each checkpoint's form packs to the same bytes as the layer itself."""

import pytest
import torch
from layers import pack, random_layer

from w4a16 import layouts

AWQ_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)  # the column that each nibble of a word holds, lowest first


def words(nibbles, order=range(8)):
    """[R, 8 C] nibbles to [R, C] words, one by one."""
    out = torch.zeros(nibbles.shape[0], nibbles.shape[1] // 8, dtype=torch.int32)
    for r, row in enumerate(nibbles.tolist()):
        for c in range(0, len(row), 8):
            word = sum(row[c + column] << 4 * place for place, column in enumerate(order))
            out[r, c // 8] = word - (1 << 32) if word >> 31 else word
    return out


def weights(layer):
    """[K, N] nibbles."""
    return torch.stack([layer.q >> shift & 15 for shift in range(0, 32, 4)], 1).flatten(0, 1)


def case(zeros, perm, group_size=32):
    """A layer with zeros that every form can hold: 1..15."""
    layer = random_layer(64, 128, group_size, zeros=zeros, perm=perm, seed=4)
    return layer._replace(zeros=layer.zeros.clamp(1, 15))


def g_idx(layer):
    places = torch.arange(layer.K, dtype=torch.int32) // layer.group_size
    return places if not layer.perm.numel() else torch.empty_like(places).scatter_(0, layer.perm.long(), places)


def stable(layer):
    """With the order that g_idx keeps: ascending inside each group."""
    if not layer.perm.numel():
        return layer
    return layer._replace(perm=layer.perm.view(-1, layer.group_size).sort(1).values.flatten().contiguous())


@pytest.mark.parametrize("perm", [False, True])
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("v2", [False, True])
def test_gptq(v2, zeros, perm):
    layer = case(zeros, perm)
    stored = (layer.zeros if zeros else torch.full(layer.scales.shape, 8)).to(torch.int32) - (0 if v2 else 1)
    packed = layouts.pack_gptq(layer.q, layer.scales, words(stored), g_idx(layer), group_size=32, v2=v2)
    assert torch.equal(packed, pack(stable(layer)))
    if not zeros:
        assert torch.equal(layouts.pack_gptq(layer.q, layer.scales, None, g_idx(layer), group_size=32), packed)


def test_awq():
    layer = case(True, False, 64)
    packed = layouts.pack_awq(
        words(weights(layer), AWQ_ORDER), layer.scales, words(layer.zeros, AWQ_ORDER), group_size=64
    )
    assert torch.equal(packed, pack(layer))


@pytest.mark.parametrize("perm", [False, True])
@pytest.mark.parametrize("zeros", [False, True])
def test_compressed_tensors(zeros, perm):
    layer = case(zeros, perm)
    stored = words(layer.zeros).t()
    packed = layouts.pack_compressed_tensors(
        words(weights(layer).t()), layer.scales.t(), stored if zeros else None, g_idx(layer), group_size=32
    )
    assert torch.equal(packed, pack(stable(layer)))


@pytest.mark.parametrize("N", [6, 20])
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("filling", [0, 15])
def test_widths_that_fill_no_word(N, zeros, filling):
    """The last word of eight columns holds anything behind N."""
    layer = random_layer(N, 128, 32, zeros=zeros, seed=4)
    layer = layer._replace(zeros=layer.zeros.clamp(1, 15))
    stored = (layer.zeros if zeros else torch.full(layer.scales.shape, 8)).to(torch.int32)

    def filled(values):
        return torch.nn.functional.pad(values, (0, -N % 8), value=filling)

    want = pack(layer)
    assert want.shape[0] == N
    qzeros = words(filled(stored - 1))
    assert torch.equal(layouts.pack_gptq(layer.q, layer.scales, qzeros, group_size=32), want)
    q, qzeros = words(filled(weights(layer)), AWQ_ORDER), words(filled(stored), AWQ_ORDER)
    assert torch.equal(layouts.pack_awq(q, layer.scales, qzeros, group_size=32), want)
    q, qzeros = words(weights(layer).t()), words(filled(stored)).t()
    assert torch.equal(layouts.pack_compressed_tensors(q, layer.scales.t(), qzeros, group_size=32), want)
    with pytest.raises(RuntimeError, match=r"w4a16::pack_gptq: size 1 of qzeros is \d; accepted is \d"):
        layouts.pack_gptq(layer.q, layer.scales, torch.cat([qzeros.t(), qzeros.t()], 1), group_size=32)


@pytest.mark.parametrize("v2", [False, True])
def test_zeros_of_a_layer_that_says_it_is_symmetric(v2):
    """Writers store 7 or 8, whatever the version; anything else is refused."""
    layer = case(False, False)
    for value in (7, 8):
        stored = words(torch.full(layer.scales.shape, value))
        assert torch.equal(layouts.pack_gptq(layer.q, layer.scales, stored, group_size=32, v2=v2, sym=True), pack(layer))
        assert torch.equal(layouts.pack_gptq(layer.q, layer.scales, stored, group_size=32, v2=v2, sym=None), pack(layer))
    stored = torch.full(layer.scales.shape, 7)
    stored[1, 5] = 9
    asymmetric = layer._replace(zeros=(stored + (not v2)).to(torch.uint8))
    packed = layouts.pack_gptq(layer.q, layer.scales, words(stored), group_size=32, v2=v2, sym=None)
    assert torch.equal(packed, pack(asymmetric))
    with pytest.raises(RuntimeError, match=r"qzeros: zero \[1, 5\] is 9, but the configuration says sym: true"):
        layouts.pack_gptq(layer.q, layer.scales, words(stored), group_size=32, v2=v2, sym=True)


def test_one_group():
    layer = random_layer(64, 128, -1, seed=4)
    assert torch.equal(layouts.pack_gptq(layer.q, layer.scales, group_size=-1), pack(layer))


def test_uneven_groups_are_refused():
    layer = case(False, True)
    uneven = g_idx(layer)
    uneven[0] = (uneven[0] + 1) % 4
    with pytest.raises(RuntimeError, match="w4a16::pack_gptq: g_idx: group . has 3[13] members .*; expected 32"):
        layouts.pack_gptq(layer.q, layer.scales, None, uneven, group_size=32)


@pytest.mark.parametrize("form", ["gptq", "compressed_tensors"])
@pytest.mark.parametrize("zeros", [False, True])
def test_a_part_of_an_act_ordered_layer(form, zeros):
    """With all the scales; its groups get places in blocks of 32, of which the last of each is filled up."""
    layer = stable(case(zeros, True))
    groups = g_idx(layer)[32:96]
    order, rows = [], []
    for group in range(4):
        members = (groups == group).nonzero().flatten().tolist()
        order += members + [-1] * (-len(members) % 32)
        rows += [group] * (-(-len(members) // 32))
    part = layer._replace(
        q=layer.q[4:12].contiguous(),
        scales=layer.scales[rows],
        zeros=layer.zeros[rows] if zeros else layer.zeros,
        perm=torch.tensor(order, dtype=torch.int32),
    )
    stored = layer.zeros if zeros else torch.full(layer.scales.shape, 8)
    if form == "gptq":
        args = (part.q, layer.scales, words(stored.to(torch.int32) - 1), groups)
        packed = layouts.pack_gptq(*args, group_size=32, part=True)
    else:
        q, qzeros = words(weights(part).t()), words(stored).t()
        packed = layouts.pack_compressed_tensors(q, layer.scales.t(), qzeros, groups, group_size=32, part=True)
    assert torch.equal(packed, pack(part))


@pytest.mark.parametrize("group_size", [32, -1])
@pytest.mark.parametrize("kinds", [(False, False), (True, True), (True, False)])
@pytest.mark.parametrize("bias", [None, torch.float16, torch.float32])
def test_experts(group_size, kinds, bias):
    """One expert whose zeros are 8 everywhere gets zeros where others have other ones."""
    layers = [random_layer(20, 64, group_size, zeros=zeros, seed=seed) for seed, zeros in enumerate(kinds)]
    zeros = torch.stack([x.zeros.clamp(1, 15) if x.zeros.numel() else torch.full(x.scales.shape, 8) for x in layers])
    zeros = zeros.to(torch.uint8)
    q, scales = torch.stack([x.q for x in layers]), torch.stack([x.scales for x in layers])
    own = torch.randn(2, 20).to(bias) if bias else torch.empty(0)
    given = zeros if any(kinds) else torch.empty(0, dtype=torch.uint8)
    want = torch.ops.w4a16.pack_experts(q, scales, given, own, group_size)
    stored = torch.stack([words(torch.nn.functional.pad(z.to(torch.int32), (0, 4))).t() for z in zeros])
    packed = layouts.pack_compressed_tensors_experts(
        torch.stack([words(weights(x).t()) for x in layers]),
        scales.transpose(1, 2),
        stored,
        own if bias else None,
        group_size=group_size,
    )
    assert torch.equal(packed, want)


def test_what_no_layer_has_is_refused():
    layer = case(True, True)
    q, scales, stored = layer.q, layer.scales, words(layer.zeros)
    none = torch.empty(0, dtype=torch.int32)
    wrong = [
        ("qweight is int32 .16. with strides .64.; accepted are 2 dimensions of int32", (q[:, 0], scales, stored, none, 32, 1, 0, False)),
        ("qweight is float32 ", (q.float(), scales, stored, none, 32, 1, 0, False)),
        ("size 1 of qweight is 63; accepted is 64", (q[:, :63], scales, stored, none, 32, 1, 0, False)),
        ("scales is float32 ", (q, scales.float(), stored, none, 32, 1, 0, False)),
        ("size 0 of scales is 4; accepted is 2", (q, scales, stored, none, 64, 1, 0, False)),
        ("size 0 of qzeros is 3; accepted is 4", (q, scales, stored[:3], none, 32, 1, 0, False)),
        ("g_idx is int64 ", (q, scales, stored, g_idx(layer).long(), 32, 1, 0, False)),
        ("size 0 of g_idx is 127; accepted is 128", (q, scales, stored, g_idx(layer)[:127], 32, 1, 0, False)),
        ("group of k = 0 is 4; accepted is 0..3", (q, scales, stored, torch.full_like(g_idx(layer), 4), 32, 1, 0, True)),
        ("group_size is 0; accepted are -1", (q, scales, stored, none, 0, 1, 0, False)),
        ("version is 9; accepted are 1 and 2", (q, scales, stored, none, 32, -1, 0, False)),
        ("symmetry is 9; accepted are 0 to 2", (q, scales, stored, none, 32, 1, 1 << 32, False)),
        ("qweight is int32 .0, 64.", (q[:0], scales, stored, none, 32, 1, 0, False)),
    ]
    many = torch.empty(2**21 + 1, 1, dtype=torch.int32), torch.empty(1, 1, dtype=torch.float16)
    wrong.append(("accepted are N and K of 1 to 16777216", (*many, none, none, -1, 1, 0, False)))
    for words_of_it, args in wrong:
        with pytest.raises(RuntimeError, match=f"w4a16::pack_gptq: .*{words_of_it}"):
            torch.ops.w4a16.pack_gptq(*args)
    scales = scales.clone()
    scales[1, 3] = float("nan")
    with pytest.raises(RuntimeError, match=r"w4a16::pack_awq: scales: \[1, 3\] is 0x7e00"):
        torch.ops.w4a16.pack_awq(torch.zeros(128, 8, dtype=torch.int32), scales, stored, 32)
