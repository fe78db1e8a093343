# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Random quantised layers in the checkpoint dialects' forms, and what they compute."""

from dataclasses import dataclass

import torch

AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]  # the column that each nibble of an AWQ word holds, low nibble first


@dataclass
class Layer:
    q: torch.Tensor  # [K, N] 0..15
    scales: torch.Tensor  # [G, N]
    zeros: torch.Tensor  # [G, N]: what is subtracted
    g_idx: torch.Tensor  # [K]
    group_size: int

    def weights(self):
        groups = self.g_idx.long()
        return self.scales.double()[groups] * (self.q - self.zeros[groups]).double()


def random_layer(K, N, group_size, dtype, symmetric, act_order=False, lowest_zero=0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    groups = -(-K // group_size)
    zeros = torch.randint(lowest_zero, 16, (groups, N), generator=generator)
    g_idx = torch.arange(K) // group_size
    if act_order:
        g_idx = g_idx[torch.randperm(K, generator=generator)]
    return Layer(
        torch.randint(0, 16, (K, N), generator=generator),
        (torch.rand(groups, N, generator=generator) * 0.05 + 0.01).to(dtype),
        torch.full_like(zeros, 8) if symmetric else zeros,
        g_idx.to(torch.int32),
        group_size,
    )


def words(nibbles, dim, order=range(8)):
    """Eight nibbles along `dim` in one int32, the one numbered order[i] in bits 4i..4i+3."""
    nibbles = nibbles.movedim(dim, -1)
    short = -nibbles.shape[-1] % 8
    nibbles = torch.nn.functional.pad(nibbles, (0, short)).unflatten(-1, (-1, 8)).long()
    packed = sum(nibbles[..., column] << (4 * bit) for bit, column in enumerate(order))
    return ((packed + 2**31) % 2**32 - 2**31).to(torch.int32).movedim(-1, dim).contiguous()


def assert_close(y, x, layer, bias=None):
    """The accuracy contract: 1 ulp of the output type + c of the sum of magnitudes."""
    weights = layer.weights()
    x = x.double()
    expected = x @ weights
    bound = x.abs() @ weights.abs()
    if bias is not None:
        expected = expected + bias.double()
        bound = bound + bias.double().abs()
    ulp = torch.finfo(y.dtype).eps * 2.0 ** expected.abs().clamp_min(torch.finfo(y.dtype).tiny).log2().floor()
    c = (144 + x.shape[-1] / 16) * 2.0**-24  # of docs/numerics.md, for the longest order of additions
    worst = ((y.double() - expected).abs() / (ulp + c * bound)).max().item()
    assert worst <= 1, f"{worst} times the accepted distance"
