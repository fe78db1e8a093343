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
    with pytest.raises(RuntimeError, match=r"qzeros has \d words of 8 columns; scales have \d+ columns, which take"):
        layouts.pack_gptq(layer.q, layer.scales, torch.cat([qzeros.t(), qzeros.t()], 1), group_size=32)


@pytest.mark.parametrize("v2", [False, True])
def test_zeros_of_a_layer_that_says_it_is_symmetric(v2):
    """Writers store 7 or 8, whatever the version; anything else is refused."""
    layer = case(False, False)
    for value in (7, 8):
        stored = words(torch.full(layer.scales.shape, value))
        assert torch.equal(layouts.pack_gptq(layer.q, layer.scales, stored, group_size=32, v2=v2, sym=True), pack(layer))
    stored = torch.full(layer.scales.shape, 7)
    stored[1, 5] = 9
    with pytest.raises(RuntimeError, match=r"qzeros of a symmetric layer hold \[7, 9\]; accepted is 8 everywhere, or 7"):
        layouts.pack_gptq(layer.q, layer.scales, words(stored), group_size=32, v2=v2, sym=True)


def test_one_group():
    layer = random_layer(64, 128, -1, seed=4)
    assert torch.equal(layouts.pack_gptq(layer.q, layer.scales, group_size=-1), pack(layer))


def test_uneven_groups_are_refused():
    layer = case(False, True)
    uneven = g_idx(layer)
    uneven[0] = (uneven[0] + 1) % 4
    with pytest.raises(RuntimeError, match="does not put 32 of the 128 input features into each group: group . has 3[13]"):
        layouts.pack_gptq(layer.q, layer.scales, None, uneven, group_size=32)
