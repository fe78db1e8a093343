# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The 4-bit kernels of bitsandbytes' ROCm library, as it is in the wheel, against numpy.

CLIENT_LIBRARY is the library; it is linked to hipBLAS, which nothing here calls.
"""
import ctypes
import os

import numpy as np

from client import FOUR_BITS, Hip, cases, close, equal, from_bf16, main, to_bf16

hip = Hip()
ctypes.CDLL("libamdhip64.so", ctypes.RTLD_GLOBAL)
library = ctypes.CDLL(os.environ["CLIENT_LIBRARY"], os.RTLD_LAZY)
random = np.random.default_rng(2)
P, I = ctypes.c_void_p, ctypes.c_int32

TYPES = {"fp16": (lambda x: x.astype(np.float16), lambda x: x.astype(np.float32)),
         "fp32": (lambda x: x.astype(np.float32), lambda x: x), "bf16": (to_bf16, from_bf16)}
ALL = [f"{dtype}-{table}-{block}" for dtype in TYPES for table in FOUR_BITS for block in (64, 128, 256)]


def quantised(name):
    """Random values, their codes and scales by the library, in device memory."""
    dtype, table, block = name.split("-")
    block, n = int(block), 4096
    encode, decode = TYPES[dtype]
    stored = encode(random.standard_normal(n).astype(np.float32))
    codes, scales = hip.allocate(n // 2), hip.allocate(4 * n // block)
    function = getattr(library, f"cquantize_blockwise_{dtype}_{table}")
    function(P(0), P(hip.upload(stored)), P(scales), P(codes), I(block), I(n))
    return dtype, FOUR_BITS[table], table, block, stored, decode(stored), codes, scales


@cases("quantize", ALL)
def quantize(name):
    _, values, _, block, _, x, codes, scales = quantised(name)
    n = x.size
    found_scales = hip.download(scales, np.zeros(n // block, np.float32))
    equal(found_scales, abs(x.reshape(-1, block)).max(1))
    packed = hip.download(codes, np.zeros(n // 2, np.uint8))
    nibbles = np.stack([packed >> 4, packed & 15], 1).reshape(-1)
    scaled = x / found_scales.repeat(block)
    # Nearest of the table; between two that are equally near but for rounding either is right.
    error = abs(values[nibbles] - scaled)
    best = abs(values[None, :] - scaled[:, None]).min(1)
    assert (error <= best + 2e-3).all(), f"{(error - best).max()} farther than the nearest code"


@cases("dequantize", ALL)
def dequantize(name):
    dtype, values, table, block, stored, x, codes, scales = quantised(name)
    n = x.size
    out = hip.allocate(stored.nbytes)
    function = getattr(library, f"cdequantize_blockwise_{dtype}_{table}")
    function(P(0), P(codes), P(scales), P(out), I(block), I(n), P(0))
    hip.hipDeviceSynchronize()
    packed = hip.download(codes, np.zeros(n // 2, np.uint8))
    nibbles = np.stack([packed >> 4, packed & 15], 1).reshape(-1)
    expected = values[nibbles] * hip.download(scales, np.zeros(n // block, np.float32)).repeat(block)
    step = {"fp16": 1e-3, "bf16": 8e-3, "fp32": 1e-6}[dtype]
    close(TYPES[dtype][1](hip.download(out, np.zeros_like(stored))), expected, step, 1e-6)


@cases("gemv", [f"{dtype}-{table}" for dtype in TYPES for table in FOUR_BITS])
def gemv(name):
    """One row of activations times 4-bit weights [N, K]."""
    dtype, table = name.split("-")
    N, K, block = 96, 512, 64
    encode, decode = TYPES[dtype]
    weights = encode(random.standard_normal(N * K).astype(np.float32))
    codes, scales = hip.allocate(N * K // 2), hip.allocate(4 * N * K // block)
    getattr(library, f"cquantize_blockwise_{dtype}_{table}")(P(0), P(hip.upload(weights)), P(scales), P(codes), I(block),
                                                          I(N * K))
    packed = hip.download(codes, np.zeros(N * K // 2, np.uint8))
    nibbles = np.stack([packed >> 4, packed & 15], 1).reshape(-1)
    used = FOUR_BITS[table][nibbles] * hip.download(scales, np.zeros(N * K // block, np.float32)).repeat(block)
    x = encode(random.standard_normal(K).astype(np.float32))
    out = encode(np.zeros(N, np.float32))
    result = hip.upload(out)
    getattr(library, f"cgemm_4bit_inference_naive_{dtype}")(
        I(N), I(1), I(K), P(hip.upload(x)), P(codes), P(scales), P(hip.upload(FOUR_BITS[table])), P(result), I(N),
        I((K + 1) // 2), I(N), I(block), P(0))
    hip.hipDeviceSynchronize()
    found = decode(hip.download(result, out))
    expected = used.reshape(N, K).astype(np.float64) @ decode(x).astype(np.float64)
    close(found, expected, 2e-2, {"fp16": 0.1, "bf16": 0.8, "fp32": 1e-3}[dtype])


main("bitsandbytes")
