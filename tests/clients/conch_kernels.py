# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""
Triton kernels of conch-triton-kernels, through its own functions and Triton's real launcher, against PyTorch on the host;
tensors are copied to the card.
"""
import ctypes

import numpy as np
import torch
import torch.nn.functional as F
import triton
from triton.backends.amd import driver as amd

import triton_hip

amd.HIPDriver.is_active = staticmethod(lambda: True)  # it would ask PyTorch
triton.runtime.driver.set_active(triton_hip.TestDriver())
from conch.kernels.vllm.copy_blocks import copy_blocks_launcher
from conch.ops.activation.gelu_tanh_and_mul import gelu_tanh_and_mul
from conch.ops.activation.silu_and_mul import silu_and_mul
from conch.ops.attention.paged_attention import paged_attention
from conch.ops.attention.varlen_attention import varlen_attention
from conch.ops.embedding.rotary_embedding import rotary_embedding
from conch.ops.normalization.gemma_rms_norm import gemma_rms_norm
from conch.ops.normalization.rms_norm import fused_add_rms_norm, rms_norm
from conch.ops.quantization.bitsandbytes.functional import dequantize_4bit, quantize_4bit
from conch.ops.quantization.fp8 import scaled_fp8_quant
from conch.ops.quantization.gemm import mixed_precision_gemm, scaled_gemm
from conch.ops.quantization.int8 import scaled_int8_quant
from conch.ops.vision.bev_pool import bev_pool, bev_pool_backward
from conch.ops.vision.nms import nms
from conch.ops.vision.voxelization import VoxelizationParameter, generate_voxels
from conch.ops.vllm.reshape_and_cache import reshape_and_cache

from client import FOUR_BITS, Hip, Skipped, cases, close, equal, main

torch.manual_seed(3)
FLOATS = [torch.float32, torch.float16, torch.bfloat16]
ROUNDED = {torch.float32: 2e-6, torch.float16: 2e-3, torch.bfloat16: 2e-2}  # a few roundings of the dtype


def float64(tensor):
    return tensor.to(torch.float64).numpy()


def near(found, expected, dtype):
    close(float64(found), float64(expected), ROUNDED[dtype], ROUNDED[dtype])


@cases("silu_and_mul", FLOATS)
def _silu_and_mul(dtype):
    x = torch.randn(5, 2 * 300).to(dtype)
    near(silu_and_mul(x), F.silu(x.double()[:, :300]) * x.double()[:, 300:], dtype)


@cases("gelu_tanh_and_mul", FLOATS)
def _gelu_tanh_and_mul(dtype):
    if dtype != torch.float32:
        raise Skipped("Triton's libdevice.tanh for AMD takes no halves: the kernel does not compile")
    x = torch.randn(5, 2 * 300).to(dtype)
    near(gelu_tanh_and_mul(x), F.gelu(x.double()[:, :300], approximate="tanh") * x.double()[:, 300:], dtype)


@cases("rms_norm", FLOATS)
def _rms_norm(dtype):
    x, weight = torch.randn(4, 200).to(dtype), torch.randn(200).to(dtype)
    near(rms_norm(x, weight, 1e-6), F.rms_norm(x.double(), (200,), weight.double(), 1e-6), dtype)


@cases("fused_add_rms_norm", FLOATS)
def _fused_add_rms_norm(dtype):
    x, residual, weight = torch.randn(4, 256).to(dtype), torch.randn(4, 256).to(dtype), torch.randn(256).to(dtype)
    total = x + residual
    expected = F.rms_norm(total.double(), (256,), weight.double(), 1e-6)
    found, kept = fused_add_rms_norm(x, residual, weight, 1e-6)
    equal(float64(kept), float64(total))
    near(found, expected, dtype)


@cases("gemma_rms_norm", FLOATS)
def _gemma_rms_norm(dtype):
    x, weight = torch.randn(4, 256).to(dtype), torch.randn(256).to(dtype)
    expected = F.rms_norm(x.double(), (256,), 1 + weight.double(), 1e-6)
    near(gemma_rms_norm(x, weight, 1e-6), expected, dtype)


@cases("rotary_embedding", FLOATS)
def _rotary_embedding(dtype):
    tokens, size = 6, 64
    positions = torch.randint(0, 32, (tokens,))
    angles = torch.outer(torch.arange(32), 10000.0 ** (-torch.arange(0, size, 2) / size))
    table = torch.cat([angles.cos(), angles.sin()], -1).to(dtype)
    parts = [torch.randn(tokens, heads * size).to(dtype) for heads in (4, 2)]
    cos, sin = (part.double()[:, None] for part in table[positions].chunk(2, -1))
    expected = []
    for part in parts:
        low, high = part.double().view(tokens, -1, size).chunk(2, -1)
        expected.append(torch.cat([low * cos - high * sin, high * cos + low * sin], -1).view(tokens, -1))
    for found, right in zip(rotary_embedding(positions, *parts, size, table), expected):
        near(found, right, dtype)


def attention(query, key, value, causal=False):
    """Of one sequence: query (tokens, heads, size), key and value with as many or fewer heads."""
    key, value = (part.double().repeat_interleave(query.size(1) // part.size(1), 1).transpose(0, 1) for part in (key, value))
    return F.scaled_dot_product_attention(query.double().transpose(0, 1), key, value, is_causal=causal).transpose(0, 1)


def pages_of(table, cache, length):
    return cache[table.long()].flatten(0, 1)[:length]


@cases("paged_attention", [(torch.float16, 5, 40), (torch.float16, 300, 290), (torch.bfloat16, 33, 64)])
def _paged_attention(what):
    dtype, *lengths = what
    page, size = 32, 64
    count = (max(lengths) + page - 1) // page
    table = torch.randperm(2 * count).view(2, count).to(torch.int32)
    query = torch.randn(2, 4, size).to(dtype)
    keys, values = (torch.randn(2 * count, page, 2, size).to(dtype) for _ in range(2))
    found = paged_attention(query, keys, values, table, torch.tensor(lengths, dtype=torch.int32), scale=size ** -0.5)
    for n, length in enumerate(lengths):
        near(found[n], attention(query[n:n + 1], pages_of(table[n], keys, length), pages_of(table[n], values, length))[0], dtype)


@cases("varlen_attention", [(torch.float16, True), (torch.float16, False), (torch.bfloat16, True)])
def _varlen_attention(what):
    dtype, causal = what
    page, size, lengths = 32, 64, [7, 50]
    table = torch.randperm(4).view(2, 2).to(torch.int32)
    starts = torch.tensor([0, 7, 57], dtype=torch.int32)
    query = torch.randn(57, 4, size).to(dtype)
    keys, values = (torch.randn(4, page, 2, size).to(dtype) for _ in range(2))
    found = varlen_attention(query, keys, values, starts, 50, torch.tensor(lengths, dtype=torch.int32), 50, table, causal=causal,
                             scale=size ** -0.5)
    for n, length in enumerate(lengths):
        part = slice(starts[n], starts[n + 1])
        near(found[part], attention(query[part], pages_of(table[n], keys, length), pages_of(table[n], values, length), causal),
             dtype)


@cases("mixed_precision_gemm", [(4, torch.float16, None), (4, torch.float16, 1), (4, torch.bfloat16, None), (8, torch.float16, None),
                                (2, torch.float16, None)])
def _mixed_precision_gemm(what):
    bits, dtype, zeros = what
    rows, depth, columns, group = 17, 256, 128, 128
    codes = np.random.default_rng(4).integers(0, 2 ** bits, (depth, columns), np.uint32)
    places = 32 // bits
    words = sum(codes[place::places] << np.uint32(bits * place) for place in range(places)).astype(np.uint32).view(np.int32)
    x, scales = torch.randn(rows, depth).to(dtype), (torch.rand(depth // group, columns) * 0.1).to(dtype)
    zero = None if zeros is None else torch.randint(0, 2 ** bits, (depth // group, columns), dtype=torch.int32)
    bias = 2 ** (bits - 1) if zeros is None else 0
    found = mixed_precision_gemm(x, torch.from_numpy(words), scales, zero, bits, bias, group)
    shift = bias if zero is None else zero.double().repeat_interleave(group, 0)
    weights = (torch.from_numpy(codes.astype(np.float64)) - shift) * scales.double().repeat_interleave(group, 0)
    right = x.double() @ weights.to(dtype).double()
    close(float64(found), float64(right), ROUNDED[dtype], ROUNDED[dtype] * float(right.abs().max()))


@cases("scaled_gemm", [(torch.int8, torch.float16), (torch.float16, torch.float16), (torch.int8, torch.bfloat16)])
def _scaled_gemm(dtypes):
    dtype, out = dtypes
    a, b = torch.randint(-9, 9, (33, 128)).to(dtype), torch.randint(-9, 9, (128, 64)).to(dtype)
    row, column = torch.rand(33, 1), torch.rand(64, 1)
    near(scaled_gemm(a, b, row, column, out), a.double() @ b.double() * row.double() * column.double().T, out)


@cases("scaled_int8_quant", FLOATS)
def _scaled_int8_quant(dtype):
    x, scale = torch.randint(-4000, 4000, (3, 100)).to(dtype), torch.tensor([8.0])
    equal(scaled_int8_quant(x, scale)[0].numpy(), (x.double() / 8).clamp(-128, 127).trunc().to(torch.int8).numpy())


@cases("scaled_fp8_quant", FLOATS)
def _scaled_fp8_quant(dtype):
    x, scale = torch.randn(3, 100).to(dtype), torch.tensor([0.5])
    equal(scaled_fp8_quant(x, scale)[0].view(torch.uint8).numpy(), (x.float() * 2).to(torch.float8_e4m3fn).view(torch.uint8).numpy())


@cases("four_bits", [(kind, dtype) for kind in FOUR_BITS for dtype in FLOATS])
def _four_bits(what):
    kind, dtype = what
    levels, x = FOUR_BITS[kind], torch.randn(512).to(dtype)
    packed, state = quantize_4bit(x, blocksize=128, quant_type=kind)
    equal(state.absmax.numpy(), x.float().view(-1, 128).abs().amax(1).numpy())
    codes = np.stack([packed.numpy() >> 4, packed.numpy() & 15], -1).reshape(-1)
    scaled = (x.float().view(-1, 128) / state.absmax[:, None]).numpy().reshape(-1)
    best = abs(levels[None, :] - scaled[:, None]).min(1)
    assert (abs(levels[codes] - scaled) <= best + 1e-6).all(), "a code is not the nearest"
    found = dequantize_4bit(packed, state, quant_type=kind, blocksize=128)
    near(found, torch.from_numpy(levels[codes].astype(np.float64)) * state.absmax.double().repeat_interleave(128), dtype)


@cases("reshape_and_cache", FLOATS)
def _reshape_and_cache(dtype):
    key, value = (torch.randn(5, 2, 48).to(dtype) for _ in range(2))
    slots = torch.tensor([3, 31, -1, 16, 8])
    caches = [torch.zeros(2, 16, 2, 48, dtype=dtype) for _ in range(2)]
    reshape_and_cache(key, value, *caches, slots)
    for part, cache in zip((key, value), caches):
        expected = torch.zeros(32, 2, 48, dtype=dtype)
        expected[slots[slots >= 0]] = part[slots >= 0]
        equal(float64(cache.flatten(0, 1)), float64(expected))


class OnCard:
    """A cache in the card's memory: the launcher of copy_blocks puts addresses into a tensor."""
    hip = Hip()
    device = torch.device("cpu")

    def __init__(self, host):
        self.host, self.dtype, self.stride, self.size = host, host.dtype, host.stride, host.size
        self.pointer = self.hip.upload(host.numpy())

    def data_ptr(self):
        return self.pointer

    def value(self):
        return self.hip.download(self.pointer, np.zeros_like(self.host.numpy()))


@cases("copy_blocks", [torch.float32, torch.float16])
def _copy_blocks(dtype):
    keys, values = ([OnCard(torch.randn(6, 1500).to(dtype)) for _ in range(2)] for _ in range(2))
    copy_blocks_launcher(keys, values, torch.tensor([[0, 3], [1, 5]]))
    for cache in keys + values:
        equal(cache.value(), cache.host.numpy()[[0, 1, 2, 0, 4, 1]])


@cases("nms", [0.3, 0.7])
def _nms(threshold):
    corners, scores = torch.rand(60, 2) * 10, torch.randperm(60).float()
    boxes = torch.cat([corners, corners + 1 + torch.rand(60, 2) * 3], 1)
    kept = []
    for n in scores.argsort(descending=True).tolist():
        if all(overlap(boxes[n].double(), boxes[m].double()) <= threshold for m in kept):
            kept.append(n)
    equal(nms(boxes, scores, threshold).numpy(), kept)


def overlap(a, b):
    sides = (torch.minimum(a[2:], b[2:]) - torch.maximum(a[:2], b[:2])).clamp(min=0)
    both = sides.prod()
    return both / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both)


def pooled():
    """Points in cells, those of a cell together: features, coordinates (x, y, z, batch), first of each cell, how many."""
    lengths = torch.tensor([3, 1, 7, 2], dtype=torch.int32)
    cells = torch.tensor([[0, 1, 0, 0], [2, 0, 1, 0], [1, 1, 0, 1], [3, 2, 1, 1]], dtype=torch.int32)
    return torch.randn(13, 80), cells.repeat_interleave(lengths, 0), (lengths.cumsum(0) - lengths).to(torch.int32), lengths


@cases("bev_pool", ["forward", "backward"])
def _bev_pool(way):
    features, cells, starts, lengths = pooled()
    place = tuple(cells.long()[:, [3, 2, 0, 1]].T)
    if way == "forward":
        expected = torch.zeros(2, 2, 4, 3, 80, dtype=torch.float64).index_put(place, features.double(), accumulate=True)
        near(bev_pool(features, cells, starts, lengths, 2, 2, 4, 3), expected, torch.float32)
    else:
        gradient = torch.randn(2, 2, 4, 3, 80)
        equal(bev_pool_backward(gradient, cells, starts, lengths).numpy(), gradient[place].numpy())


@cases("voxelization", [64, 4])
def _voxelization(most):
    points = torch.rand(200, 4) * 4 - 0.2
    what = VoxelizationParameter((0.0, 0.0, 0.0), (4.0, 4.0, 4.0), (1.0, 1.0, 2.0), most)
    cells = {}
    for point in points.numpy():
        cell = tuple(int(n) for n in np.floor(point[:3] / np.float32([1, 1, 2])))
        if all(0 <= n < limit for n, limit in zip(cell, what.grid_dim)):
            cells.setdefault(cell, set()).add(tuple(point))
    filled, found, places, counts = generate_voxels(points, what)
    equal(int(filled), len(cells))
    equal(sorted(map(tuple, places[:len(cells), :3].tolist())), sorted(cells))
    for n in range(len(cells)):
        right, count = cells[tuple(places[n, :3].tolist())], int(counts[n])
        equal(count, min(len(right), most))
        kept = {tuple(point) for point in found[n, :count].numpy()}
        assert len(kept) == count and kept <= right, "a point that is not of this voxel"
        equal(found[n, count:].numpy(), 0)


main("conch")
