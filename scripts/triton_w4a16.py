# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""
A W4A16 product in Triton, as its users write it: a rival of this library's kernels (scripts/rivals.sh), and a case of
tests/clients. Layout of GPTQ: qweight [K / 8, N] words of eight K, scales [K / GROUP, N], qzeros [K / GROUP, N / 8] words of
eight N; no zero is stored one less. Everything is compiled for gfx1100 without a card.
"""
import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource


@triton.jit
def dequantised(qweight, scales, qzeros, k, n, start, N, GROUP: tl.constexpr, ZEROS: tl.constexpr, dtype: tl.constexpr):
    """Rows k, all of one group, and columns n of the weights."""
    words = tl.load(qweight + (k[:, None] // 8) * N + n[None, :])
    nibbles = (words >> ((k[:, None] % 8) * 4)) & 15
    group = start // GROUP
    scale = tl.load(scales + group * N + n)
    if ZEROS:
        zero = (tl.load(qzeros + group * (N // 8) + n // 8) >> ((n % 8) * 4)) & 15
        return (nibbles - zero[None, :]).to(dtype) * scale[None, :]
    return (nibbles - 8).to(dtype) * scale[None, :]


@triton.jit
def w4a16_dot(x, qweight, scales, qzeros, out, M, N, K, GROUP: tl.constexpr, ZEROS: tl.constexpr, BLOCK_M: tl.constexpr,
              BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, PARTS: tl.constexpr):
    """By matrix products. With PARTS > 1 out is fp32 [PARTS, M, N], for w4a16_add."""
    m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    n = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    part = tl.program_id(2)
    accumulator = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for start in range(part * (K // PARTS), (part + 1) * (K // PARTS), BLOCK_K):
        k = start + tl.arange(0, BLOCK_K)
        weights = dequantised(qweight, scales, qzeros, k, n, start, N, GROUP, ZEROS, x.dtype.element_ty)
        left = tl.load(x + m[:, None] * K + k[None, :], m[:, None] < M, other=0.0)
        accumulator = tl.dot(left, weights, accumulator)
    to = out + part * M * N + m[:, None] * N + n[None, :]
    tl.store(to, accumulator.to(out.dtype.element_ty), m[:, None] < M)


@triton.jit
def w4a16_sum(x, qweight, scales, qzeros, out, M, N, K, GROUP: tl.constexpr, ZEROS: tl.constexpr, BLOCK_N: tl.constexpr,
              BLOCK_K: tl.constexpr, PARTS: tl.constexpr):
    """One row, by products and a sum over K."""
    n = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    part = tl.program_id(2)
    sums = tl.zeros((BLOCK_N,), tl.float32)
    for start in range(part * (K // PARTS), (part + 1) * (K // PARTS), BLOCK_K):
        k = start + tl.arange(0, BLOCK_K)
        weights = dequantised(qweight, scales, qzeros, k, n, start, N, GROUP, ZEROS, x.dtype.element_ty)
        sums += tl.sum(tl.load(x + k)[:, None].to(tl.float32) * weights.to(tl.float32), 0)
    tl.store(out + part * N + n, sums.to(out.dtype.element_ty))


@triton.jit
def w4a16_add(parts, out, count, PARTS: tl.constexpr, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    total = tl.zeros((BLOCK,), tl.float32)
    for part in range(PARTS):
        total += tl.load(parts + part * count + i, i < count, other=0.0)
    tl.store(out + i, total.to(out.dtype.element_ty), i < count)


# What is tried for so many rows: kernel, constants, warps. The least modelled time counts, as Triton's tuner would choose.
CONFIGURATIONS = [
    (1, w4a16_sum, dict(BLOCK_N=64, BLOCK_K=64, PARTS=1), 4),
    (1, w4a16_sum, dict(BLOCK_N=64, BLOCK_K=64, PARTS=4), 2),
    (1, w4a16_sum, dict(BLOCK_N=128, BLOCK_K=32, PARTS=8), 4),
    (16, w4a16_dot, dict(BLOCK_M=16, BLOCK_N=32, BLOCK_K=128, PARTS=1), 2),
    (16, w4a16_dot, dict(BLOCK_M=16, BLOCK_N=64, BLOCK_K=64, PARTS=4), 4),
    (32, w4a16_dot, dict(BLOCK_M=32, BLOCK_N=32, BLOCK_K=64, PARTS=1), 2),
    (32, w4a16_dot, dict(BLOCK_M=32, BLOCK_N=64, BLOCK_K=64, PARTS=4), 4),
    (128, w4a16_dot, dict(BLOCK_M=64, BLOCK_N=64, BLOCK_K=64, PARTS=1), 4),
    (128, w4a16_dot, dict(BLOCK_M=64, BLOCK_N=64, BLOCK_K=32, PARTS=2), 4),
    (None, w4a16_dot, dict(BLOCK_M=128, BLOCK_N=64, BLOCK_K=32, PARTS=1), 4),
    (None, w4a16_dot, dict(BLOCK_M=128, BLOCK_N=128, BLOCK_K=32, PARTS=1), 8),
]


def configurations(M, group):
    """Those for the least number of rows that holds M, and for one row those of sixteen beside them; each step in one group."""
    limits = [limit for limit, *_ in CONFIGURATIONS]
    fitting = min((limit for limit in limits if limit and limit >= M), default=None)
    wanted = {fitting} | ({16} if M == 1 else set())
    return [rest for limit, *rest in CONFIGURATIONS if limit in wanted and group % rest[1]["BLOCK_K"] == 0]


def compiled(kernel, signature, constants, warps, target="gfx1100"):
    """The code object (bytes), the kernel's name, bytes of LDS."""
    names = kernel.arg_names
    types = {name: "constexpr" if name in constants else signature[name] for name in names}
    # As the launcher tells the compiler: all addresses and sizes are multiples of 16.
    attributes = {(n,): [["tt.divisibility", 16]] for n, name in enumerate(names) if name not in constants and name != "M"}
    source = ASTSource(kernel, types, {(names.index(name),): value for name, value in constants.items()}, attributes)
    made = triton.compile(source, target=GPUTarget("hip", target, 32), options={"num_warps": warps})
    return made.asm["hsaco"], made.metadata.name, made.metadata.shared
