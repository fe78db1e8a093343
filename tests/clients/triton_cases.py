# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Triton's real compiler and launcher over kernels of ours for gfx1100, against numpy."""
import pathlib
import sys

import numpy as np
import triton
import triton.language as tl

from client import COOPERATIVE_LAUNCH, Skipped, case, cases, close, equal, from_bf16, main, to_bf16
from triton_hip import Driver, hip

sys.path.append(str(pathlib.Path(__file__).parents[2] / "scripts"))
from triton_w4a16 import w4a16_dot  # noqa: E402

triton.runtime.driver.set_active(Driver())

NAMES = {"float16": "fp16", "float32": "fp32", "float64": "fp64", "int8": "i8", "int16": "i16", "int32": "i32",
         "int64": "i64", "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64"}


class Tensor:
    """An array in device memory, as the launcher takes it."""

    def __init__(self, array, name=None):
        self.array = np.ascontiguousarray(array)
        self.dtype = name or NAMES[self.array.dtype.name]
        self.pointer = hip.upload(self.array)

    def data_ptr(self):
        return self.pointer

    def numpy(self):
        return hip.download(self.pointer, np.empty_like(self.array))


random = np.random.default_rng(1)
FLOATS = ["float16", "float32", "float64"]
INTS = ["int8", "int16", "int32", "int64"]


def values(dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return random.standard_normal(shape).astype(dtype)
    info = np.iinfo(dtype)
    return random.integers(info.min, info.max, shape, dtype, endpoint=True)


# ---- one element, one result ---------------------------------------------------------------------------------


@triton.jit
def add_kernel(x, y, out, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + i, tl.load(x + i, i < n) + tl.load(y + i, i < n), i < n)


@cases("add", FLOATS + INTS)
def add(dtype):
    x, y = values(dtype, 1000), values(dtype, 1000)
    out = Tensor(np.zeros_like(x))
    add_kernel[(4,)](Tensor(x), Tensor(y), out, 1000, BLOCK=256)
    equal(out.numpy(), x + y)


@case
def add_bf16():
    x, y = to_bf16(values("float32", 1000)), to_bf16(values("float32", 1000))
    out = Tensor(np.zeros_like(x), "bf16")
    add_kernel[(4,)](Tensor(x, "bf16"), Tensor(y, "bf16"), out, 1000, BLOCK=256)
    equal(out.numpy(), to_bf16(from_bf16(x) + from_bf16(y)))


@triton.jit
def unary_kernel(x, out, n, OP: tl.constexpr, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    v = tl.load(x + i, i < n)
    if OP == "exp":
        r = tl.exp(v)
    elif OP == "exp2":
        r = tl.exp2(v)
    elif OP == "log":
        r = tl.log(tl.abs(v))
    elif OP == "log2":
        r = tl.log2(tl.abs(v))
    elif OP == "sqrt":
        r = tl.sqrt(tl.abs(v))
    elif OP == "rsqrt":
        r = tl.rsqrt(tl.abs(v))
    elif OP == "sin":
        r = tl.sin(v)
    elif OP == "cos":
        r = tl.cos(v)
    elif OP == "erf":
        r = tl.erf(v)
    elif OP == "floor":
        r = tl.floor(v)
    elif OP == "ceil":
        r = tl.ceil(v)
    elif OP == "abs":
        r = tl.abs(v)
    elif OP == "negative":
        r = -v
    elif OP == "sigmoid":
        r = tl.sigmoid(v)
    else:
        r = v * tl.sigmoid(v)
    tl.store(out + i, r, i < n)


def _erf(x):
    import math
    return np.array([math.erf(v) for v in x])


UNARY = {"exp": np.exp, "exp2": np.exp2, "log": lambda x: np.log(abs(x)), "log2": lambda x: np.log2(abs(x)),
         "sqrt": lambda x: np.sqrt(abs(x)), "rsqrt": lambda x: 1 / np.sqrt(abs(x)), "sin": np.sin, "cos": np.cos,
         "erf": _erf, "floor": np.floor, "ceil": np.ceil, "abs": abs, "negative": lambda x: -x,
         "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "silu": lambda x: x / (1 + np.exp(-x))}


@cases("unary", UNARY)
def unary(op):
    x = values("float32", 700) * 3
    out = Tensor(np.zeros_like(x))
    unary_kernel[(3,)](Tensor(x), out, 700, OP=op, BLOCK=256)
    close(out.numpy(), UNARY[op](x.astype(np.float64)), 3e-6, 1e-6)


@triton.jit
def binary_kernel(x, y, out, n, OP: tl.constexpr, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    a = tl.load(x + i, i < n)
    b = tl.load(y + i, i < n, other=1)
    if OP == "sub":
        r = a - b
    elif OP == "mul":
        r = a * b
    elif OP == "and":
        r = a & b
    elif OP == "or":
        r = a | b
    elif OP == "xor":
        r = a ^ b
    elif OP == "min":
        r = tl.minimum(a, b)
    elif OP == "max":
        r = tl.maximum(a, b)
    elif OP == "shift":
        r = a << (b & 31)
    elif OP == "div":
        r = a // (b | 1)
    elif OP == "mod":
        r = a % (b | 1)
    else:
        r = tl.where(a < b, a, -b)
    tl.store(out + i, r, i < n)


def _div(a, b):
    b = (b | 1).astype(np.int64)
    q = abs(a.astype(np.int64)) // abs(b)
    return (q * np.sign(a) * np.sign(b)).astype(np.int32)


BINARY = {"sub": np.subtract, "mul": np.multiply, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
          "min": np.minimum, "max": np.maximum, "shift": lambda a, b: a << (b & 31), "div": _div,
          "mod": lambda a, b: a - _div(a, b) * (b | 1), "where": lambda a, b: np.where(a < b, a, -b)}


@cases("binary", BINARY)
def binary(op):
    x, y = values("int32", 1000), values("int32", 1000)
    out = Tensor(np.zeros_like(x))
    binary_kernel[(4,)](Tensor(x), Tensor(y), out, 1000, OP=op, BLOCK=256)
    equal(out.numpy(), BINARY[op](x, y))


@triton.jit
def cast_kernel(x, out, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + i, tl.load(x + i, i < n).to(out.dtype.element_ty), i < n)


@cases("cast", ["float32-float16", "float16-float32", "int32-float32", "float32-int32", "int64-int8", "uint8-float16",
                "float64-float32", "float32-float64", "int8-int64"])
def cast(pair):
    source, target = pair.split("-")
    x = values(source, 500)
    if np.dtype(source).kind == "f":
        x = (x * 100).astype(source)
    out = Tensor(np.zeros(500, target))
    cast_kernel[(2,)](Tensor(x), out, 500, BLOCK=256)
    equal(out.numpy(), x.astype(target))


# ---- rows ----------------------------------------------------------------------------------------------------


@triton.jit
def reduce_kernel(x, out, columns, OP: tl.constexpr, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    i = tl.arange(0, BLOCK)
    if OP == "sum":
        r = tl.sum(tl.load(x + row * columns + i, i < columns, other=0), 0)
    elif OP == "max":
        r = tl.max(tl.load(x + row * columns + i, i < columns, other=-2147483648), 0)
    elif OP == "min":
        r = tl.min(tl.load(x + row * columns + i, i < columns, other=2147483647), 0)
    elif OP == "argmax":
        r = tl.argmax(tl.load(x + row * columns + i, i < columns, other=-2147483648), 0)
    elif OP == "argmin":
        r = tl.argmin(tl.load(x + row * columns + i, i < columns, other=2147483647), 0)
    else:
        r = tl.xor_sum(tl.load(x + row * columns + i, i < columns, other=0), 0)
    tl.store(out + row, r)


REDUCE = {"sum": lambda x: x.sum(1, dtype=np.int32), "max": lambda x: x.max(1), "min": lambda x: x.min(1),
          "argmax": lambda x: x.argmax(1), "argmin": lambda x: x.argmin(1),
          "xor": lambda x: np.bitwise_xor.reduce(x, 1)}


@cases("reduce", REDUCE)
def reduce(op):
    x = values("int32", (7, 300))
    out = Tensor(np.zeros(7, np.int32))
    reduce_kernel[(7,)](Tensor(x), out, 300, OP=op, BLOCK=512)
    equal(out.numpy(), REDUCE[op](x))


@triton.jit
def softmax_kernel(x, out, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    i = tl.arange(0, BLOCK)
    v = tl.load(x + row * columns + i, i < columns, other=float("-inf"))
    e = tl.exp(v - tl.max(v, 0))
    tl.store(out + row * columns + i, e / tl.sum(e, 0), i < columns)


@case
def softmax():
    x = values("float32", (5, 777))
    out = Tensor(np.zeros_like(x))
    softmax_kernel[(5,)](Tensor(x), out, 777, BLOCK=1024)
    e = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    close(out.numpy(), e / e.sum(1, keepdims=True), 1e-5, 1e-8)


@triton.jit
def layer_norm_kernel(x, weight, out, columns, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    i = tl.arange(0, BLOCK)
    v = tl.load(x + row * columns + i, i < columns, other=0.0)
    mean = tl.sum(v, 0) / columns
    d = tl.where(i < columns, v - mean, 0.0)
    r = d * tl.rsqrt(tl.sum(d * d, 0) / columns + 1e-5) * tl.load(weight + i, i < columns)
    tl.store(out + row * columns + i, r, i < columns)


@case
def layer_norm():
    x, weight = values("float32", (4, 600)), values("float32", 600)
    out = Tensor(np.zeros_like(x))
    layer_norm_kernel[(4,)](Tensor(x), Tensor(weight), out, 600, BLOCK=1024)
    d = x.astype(np.float64) - x.mean(1, dtype=np.float64, keepdims=True)
    close(out.numpy(), d / np.sqrt((d * d).mean(1, keepdims=True) + 1e-5) * weight, 1e-5, 1e-5)


@triton.jit
def _add(a, b):
    return a + b


@triton.jit
def scan_kernel(x, out, OP: tl.constexpr, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    v = tl.load(x + i)
    if OP == "cumsum":
        r = tl.cumsum(v, 0)
    elif OP == "cumprod":
        r = tl.cumprod(v, 0)
    elif OP == "reverse":
        r = tl.cumsum(v, 0, reverse=True)
    else:
        r = tl.associative_scan(v, 0, _add)
    tl.store(out + i, r)


SCAN = {"cumsum": np.cumsum, "cumprod": np.cumprod, "reverse": lambda x: np.cumsum(x[::-1])[::-1],
        "associative": np.cumsum}


@cases("scan", SCAN)
def scan(op):
    x = values("int32", 512)
    out = Tensor(np.zeros_like(x))
    scan_kernel[(1,)](Tensor(x), out, OP=op, BLOCK=512)
    equal(out.numpy(), SCAN[op](x).astype(np.int32))


@triton.jit
def sort_kernel(x, out, BLOCK: tl.constexpr, DOWN: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.store(out + i, tl.sort(tl.load(x + i), descending=DOWN))


@cases("sort", ["up", "down"])
def sort(direction):
    x = values("int32", 256)
    out = Tensor(np.zeros_like(x))
    sort_kernel[(1,)](Tensor(x), out, BLOCK=256, DOWN=direction == "down")
    equal(out.numpy(), np.sort(x) if direction == "up" else np.sort(x)[::-1])


@triton.jit
def histogram_kernel(x, out, BLOCK: tl.constexpr, BINS: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.store(out + tl.arange(0, BINS), tl.histogram(tl.load(x + i), BINS))


@case
def histogram():
    x = random.integers(0, 64, 512, np.int32)
    out = Tensor(np.zeros(64, np.int32))
    histogram_kernel[(1,)](Tensor(x), out, BLOCK=512, BINS=64)
    equal(out.numpy(), np.bincount(x, minlength=64).astype(np.int32))


@triton.jit
def transpose_kernel(x, out, M: tl.constexpr, N: tl.constexpr):
    m = tl.arange(0, M)[:, None]
    n = tl.arange(0, N)[None, :]
    v = tl.load(x + m * N + n)
    tl.store(out + tl.arange(0, N)[:, None] * M + tl.arange(0, M)[None, :], tl.trans(v))


@case
def transpose():
    x = values("int32", (32, 64))
    out = Tensor(np.zeros((64, 32), np.int32))
    transpose_kernel[(1,)](Tensor(x), out, M=32, N=64)
    equal(out.numpy(), x.T)


@triton.jit
def gather_kernel(x, index, out, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.store(out + i, tl.gather(tl.load(x + i), tl.load(index + i), 0))


@case
def gather():
    x, index = values("float32", 128), random.integers(0, 128, 128, np.int32)
    out = Tensor(np.zeros_like(x))
    gather_kernel[(1,)](Tensor(x), Tensor(index), out, BLOCK=128)
    equal(out.numpy(), x[index])


@triton.jit
def flip_kernel(x, out, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.store(out + i, tl.flip(tl.load(x + i)))


@case
def flip():
    x = values("int32", 256)
    out = Tensor(np.zeros_like(x))
    flip_kernel[(1,)](Tensor(x), out, BLOCK=256)
    equal(out.numpy(), x[::-1])


@triton.jit
def random_kernel(out, seed, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.store(out + i, tl.rand(seed, i))


@case
def random_numbers():
    """Philox is deterministic: twice the same numbers, in [0, 1), none of them common."""
    a, b = Tensor(np.zeros(512, np.float32)), Tensor(np.zeros(512, np.float32))
    random_kernel[(1,)](a, 7, BLOCK=512)
    random_kernel[(1,)](b, 7, BLOCK=512)
    equal(a.numpy(), b.numpy())
    assert (a.numpy() >= 0).all() and (a.numpy() < 1).all() and len(set(a.numpy())) > 500


# ---- atomics -------------------------------------------------------------------------------------------------


@triton.jit
def atomic_kernel(x, out, n, OP: tl.constexpr, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    v = tl.load(x + i, i < n)
    to = out + i % 8
    if OP == "add":
        tl.atomic_add(to, v, i < n)
    elif OP == "max":
        tl.atomic_max(to, v, i < n)
    elif OP == "min":
        tl.atomic_min(to, v, i < n)
    elif OP == "and":
        tl.atomic_and(to, v, i < n)
    elif OP == "or":
        tl.atomic_or(to, v, i < n)
    else:
        tl.atomic_xor(to, v, i < n)


ATOMIC = {"add": np.add, "max": np.maximum, "min": np.minimum, "and": np.bitwise_and, "or": np.bitwise_or,
          "xor": np.bitwise_xor}


@cases("atomic", [f"{op}-{dtype}" for op in ATOMIC for dtype in ("int32", "int64")] +
       [f"{op}-{dtype}" for op in ("max", "min") for dtype in ("uint32", "float32")])
def atomic(name):
    op, dtype = name.split("-")
    x, start = values(dtype, 600), values(dtype, 8)
    out = Tensor(start)
    atomic_kernel[(5,)](Tensor(x), out, 600, OP=op, BLOCK=128)
    expected = start.copy()
    ATOMIC[op].at(expected, np.arange(600) % 8, x)
    equal(out.numpy(), expected)


@cases("atomic_sum", ["float16", "float32", "float64", "bfloat16"])
def atomic_sum(dtype):
    """Whole numbers, so that every order has the same sum."""
    x = random.integers(-2, 3, 400).astype(np.float32)
    if dtype == "bfloat16":
        out = Tensor(np.zeros(8, np.uint16), "bf16")
        atomic_kernel[(4,)](Tensor(to_bf16(x), "bf16"), out, 400, OP="add", BLOCK=128)
        found = from_bf16(out.numpy())
    else:
        out = Tensor(np.zeros(8, dtype))
        atomic_kernel[(4,)](Tensor(x.astype(dtype)), out, 400, OP="add", BLOCK=128)
        found = out.numpy()
    expected = np.zeros(8)
    np.add.at(expected, np.arange(400) % 8, x)
    equal(found.astype(np.float64), expected)


@triton.jit
def lock_kernel(lock, out):
    while tl.atomic_cas(lock, 0, 1) == 1:
        pass
    tl.store(out, tl.load(out) + 1)
    tl.debug_barrier()
    tl.atomic_xchg(lock, 0)


@case
def lock():
    mutex, out = Tensor(np.zeros(1, np.int32)), Tensor(np.zeros(1, np.int32))
    lock_kernel[(20,)](mutex, out)
    equal(out.numpy(), [20])


# ---- products ------------------------------------------------------------------------------------------------


@triton.jit
def matmul_kernel(a, b, c, M, N, K, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
                  SPLIT: tl.constexpr):
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    n = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    integers: tl.constexpr = a.dtype.element_ty == tl.int8
    accumulator = tl.zeros((BLOCK_M, BLOCK_N), tl.int32 if integers else tl.float32)
    for start in range(tl.program_id(2) * BLOCK_K, K, BLOCK_K * SPLIT):
        k = start + tl.arange(0, BLOCK_K)
        left = tl.load(a + m[:, None] * K + k[None, :], (m[:, None] < M) & (k[None, :] < K), other=0)
        right = tl.load(b + k[:, None] * N + n[None, :], (k[:, None] < K) & (n[None, :] < N), other=0)
        accumulator = tl.dot(left, right, accumulator, out_dtype=tl.int32 if integers else tl.float32)
    to = c + m[:, None] * N + n[None, :]
    inside = (m[:, None] < M) & (n[None, :] < N)
    if SPLIT == 1:
        tl.store(to, accumulator, inside)
    else:
        tl.atomic_add(to, accumulator, inside)


def matmul(left, right, names, result, split=1):
    (M, K), N = left.shape, right.shape[1]
    out = Tensor(np.zeros((M, N), result))
    grid = ((M + 31) // 32, (N + 31) // 32, split)
    matmul_kernel[grid](Tensor(left, names), Tensor(right, names), out, M, N, K, BLOCK_M=32, BLOCK_N=32, BLOCK_K=32,
                        SPLIT=split)
    return out.numpy()


@cases("dot", ["float16", "bfloat16", "float32", "int8"])
def dot(dtype):
    if dtype == "int8":
        a, b = values("int8", (50, 80)), values("int8", (80, 70))
        equal(matmul(a, b, None, np.int32), a.astype(np.int32) @ b.astype(np.int32))
    elif dtype == "bfloat16":
        a, b = to_bf16(values("float32", (50, 80))), to_bf16(values("float32", (80, 70)))
        close(matmul(a, b, "bf16", np.float32), from_bf16(a).astype(np.float64) @ from_bf16(b), 1e-4, 1e-4)
    else:
        a, b = values(dtype, (50, 80)), values(dtype, (80, 70))
        close(matmul(a, b, None, np.float32), a.astype(np.float64) @ b, 1e-4, 1e-4)


@case
def split_k():
    a, b = values("float16", (33, 256)), values("float16", (256, 40))
    close(matmul(a, b, None, np.float32, 4), a.astype(np.float64) @ b, 1e-4, 1e-4)


@cases("w4a16", [1, 16, 40])
def w4a16(M):
    N, K, group = 64, 256, 64
    nibbles, zeros = random.integers(0, 16, (K, N)), random.integers(0, 16, (K // group, N))
    scales = (random.random((K // group, N)) * 0.1).astype(np.float16)
    x = values("float16", (M, K))
    q = np.zeros((K // 8, N), np.uint32)
    z = np.zeros((K // group, N // 8), np.uint32)
    for n in range(8):
        q |= (nibbles[n::8] << 4 * n).astype(np.uint32)
        z |= (zeros[:, n::8] << 4 * n).astype(np.uint32)
    out = Tensor(np.zeros((M, N), np.float16))
    w4a16_dot[((M + 15) // 16, N // 32, 1)](Tensor(x), Tensor(q.view(np.int32)), Tensor(scales), Tensor(z.view(np.int32)),
                                            out, M, N, K, GROUP=group, ZEROS=True, BLOCK_M=16, BLOCK_N=32, BLOCK_K=64, PARTS=1)
    weights = ((nibbles - zeros.repeat(group, 0)) * scales.repeat(group, 0)).astype(np.float16)
    close(out.numpy(), x.astype(np.float64) @ weights.astype(np.float64), 2e-3, 2e-3)


# ---- flow ----------------------------------------------------------------------------------------------------


@triton.jit
def collatz_kernel(x, out, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    v = tl.load(x + i)
    steps = tl.zeros((BLOCK,), tl.int32)
    while tl.max(v, 0) > 1:
        more = v > 1
        v = tl.where(more, tl.where(v % 2 == 0, v // 2, 3 * v + 1), v)
        steps += more.to(tl.int32)
    tl.store(out + i, steps)


@case
def collatz():
    x = random.integers(1, 3000, 128, np.int32)
    out = Tensor(np.zeros_like(x))
    collatz_kernel[(2,)](Tensor(x), out, BLOCK=64)
    expected = []
    for v in x.tolist():
        steps = 0
        while v > 1:
            v = v // 2 if v % 2 == 0 else 3 * v + 1
            steps += 1
        expected.append(steps)
    equal(out.numpy(), expected)


@triton.jit
def meet_kernel(arrived, out, groups):
    tl.atomic_add(arrived, 1, sem="release", scope="gpu")
    while tl.atomic_add(arrived, 0, sem="acquire", scope="gpu") < groups:
        pass
    tl.store(out + tl.program_id(0), 1)


@case
def cooperative():
    """Programs that wait for each other: all of them are there at once."""
    if not hip.attribute(COOPERATIVE_LAUNCH):
        raise Skipped("strict mode has no cooperative launch, and the device says so")
    arrived, out = Tensor(np.zeros(1, np.int32)), Tensor(np.zeros(12, np.int32))
    meet_kernel[(12,)](arrived, out, 12, launch_cooperative_grid=True)
    equal(out.numpy(), np.ones(12))


main("triton")
