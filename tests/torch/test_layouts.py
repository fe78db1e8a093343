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


def test_one_group():
    layer = random_layer(64, 128, -1, seed=4)
    assert torch.equal(layouts.pack_gptq(layer.q, layer.scales, group_size=-1), pack(layer))


def test_uneven_groups_are_refused():
    layer = case(False, True)
    uneven = g_idx(layer)
    uneven[0] = (uneven[0] + 1) % 4
    with pytest.raises(RuntimeError, match="does not put 32 of the 128 input features into each group"):
        layouts.pack_gptq(layer.q, layer.scales, None, uneven, group_size=32)
