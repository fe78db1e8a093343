# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Triton kernels out of vLLM, through its own functions and Triton's real launcher, against numpy; tensors are copied to the card."""
import numpy as np
import torch
import triton
from triton.backends.amd import driver as amd

import triton_hip

amd.HIPDriver.is_active = staticmethod(lambda: True)  # it would ask PyTorch
triton.runtime.driver.set_active(triton_hip.TestDriver())
import vllm.platforms

vllm.platforms.vllm_version_matches_substr = lambda _: False  # vLLM's build for the CPU would not look for Triton
from vllm.model_executor.kernels.linear.mixed_precision import triton_w4a16
from vllm.model_executor.layers.quantization import awq_triton
from vllm.model_executor.layers.quantization.compressed_tensors import triton_scaled_mm
from vllm.v1.attention.ops import triton_merge_attn_states

from client import cases, close, equal, main

random = np.random.default_rng(7)
AWQ_ORDER = [0, 4, 1, 5, 2, 6, 3, 7]


def packed(rows, columns):
    return random.integers(-2 ** 31, 2 ** 31, (rows, columns // 8), np.int32, endpoint=False)


def unpacked(words, order=range(8)):
    return np.stack([words.view(np.uint32) >> 4 * place & 15 for place in order], -1).reshape(words.shape[0], -1).astype(np.float64)


def scales_of(rows, columns):
    return (random.random((rows, columns)) * 0.02 + 0.01).astype(np.float16)


def float64(tensor):
    return tensor.to(torch.float64).numpy()


@cases("awq_dequantize", [32, 64, 128])
def awq_dequantize(group):
    words, zeros, scales = packed(256, 128), packed(256 // group, 128), scales_of(256 // group, 128)
    found = awq_triton.awq_dequantize_triton(*map(torch.from_numpy, (words, scales, zeros)))
    weights = unpacked(words, AWQ_ORDER) - unpacked(zeros, AWQ_ORDER).repeat(group, 0)
    equal(found.numpy(), (weights * scales.astype(np.float64).repeat(group, 0)).astype(np.float16))


@cases("awq_gemm", [(1, 1), (17, 1), (5, 4)])
def awq_gemm(shape):
    rows, split = shape
    words, zeros, scales = packed(256, 64), packed(4, 64), scales_of(4, 64)
    x = random.standard_normal((rows, 256)).astype(np.float16)
    found = awq_triton.awq_gemm_triton(*map(torch.from_numpy, (x, words, scales, zeros)), split)
    weights = (unpacked(words, AWQ_ORDER) - unpacked(zeros, AWQ_ORDER).repeat(64, 0)) * scales.astype(np.float64).repeat(64, 0)
    close(float64(found), x.astype(np.float64) @ weights, 2e-2, 2e-2)


@cases("w4a16", [(torch.float16, True), (torch.float16, False), (torch.bfloat16, True)])
def w4a16(kind):
    dtype, with_zeros = kind
    words, zeros, scales = packed(256, 64), packed(2, 64), torch.from_numpy(scales_of(2, 64)).to(dtype)
    x = torch.from_numpy(random.standard_normal((9, 256))).to(dtype)
    found = triton_w4a16._triton_w4a16_gemm_impl(x, torch.from_numpy(words), scales, torch.from_numpy(zeros) if with_zeros else None,
                                                 128)
    zero = unpacked(zeros).repeat(128, 0) if with_zeros else 8
    close(float64(found), float64(x) @ ((unpacked(words) - zero) * float64(scales).repeat(128, 0)), 3e-2, 3e-2)


@cases("scaled_mm", [torch.int8, torch.float16])
def scaled_mm(dtype):
    a, b = (torch.from_numpy(random.integers(-9, 9, shape)).to(dtype) for shape in ((33, 64), (64, 48)))
    row, column = torch.rand(33, 1), torch.rand(48, 1)
    found = triton_scaled_mm.triton_scaled_mm(a, b, row, column, torch.float16)
    close(float64(found), float64(a) @ float64(b) * float64(row) * float64(column).T, 2e-3, 2e-3)


@cases("merge_attn_states", [torch.float32, torch.float16])
def merge_attn_states(dtype):
    parts = [torch.randn(7, 3, 64).to(dtype) for _ in range(2)]
    sums = [torch.randn(3, 7) for _ in range(2)]
    found, total = torch.empty(7, 3, 64, dtype=dtype), torch.empty(3, 7)
    triton_merge_attn_states.merge_attn_states(found, parts[0], sums[0], parts[1], sums[1], total)
    weights = [np.exp(float64(s)).T[..., None] for s in sums]
    close(float64(found), sum(float64(p) * w for p, w in zip(parts, weights)) / sum(weights), 2e-3, 2e-3)
    close(float64(total), np.log(sum(weights))[..., 0].T, 1e-5, 1e-5)


main("vllm")
