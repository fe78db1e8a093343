# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Importing this module registers torch.ops.w4a16.*; an ImportError says why it cannot.

The operators are in the C library (torch/ in the sources); here are their shape functions, for torch.compile, and in
gradients.py what autograd does with them.
"""

from __future__ import annotations

import ctypes

import torch

from w4a16 import arch, gradients, structs

_C_TYPES = {torch.float16: structs.F16, torch.bfloat16: structs.BF16}


def _register() -> ctypes.CDLL:
    try:
        library = arch.library()
        register = library.w4a16_torch_register
    except OSError as error:
        raise ImportError(f"{error}") from error
    except AttributeError as error:
        raise ImportError("the w4a16 library was built without the operators for PyTorch") from error
    register.restype = ctypes.c_char_p
    why = register()
    if why is not None:
        raise ImportError(why.decode())
    return library


_library = _register()


def packed_shape(
    N: int,
    K: int,
    group_size: int,
    scales: torch.dtype,
    zeros: bool,
    perm: int = 0,
    experts: int = 0,
    bias: bool = False,
) -> tuple[int, ...]:
    """The shape that w4a16::pack gives, perm being the number of its elements, or with experts w4a16::pack_experts."""
    if scales not in _C_TYPES:
        raise RuntimeError(f"w4a16: scales are {scales}; accepted are torch.float16 and torch.bfloat16")
    problem, sizes, error = structs.Problem(), (ctypes.c_int64 * 3)(), structs.Error()
    _library.w4a16_problem_init(ctypes.byref(problem), ctypes.sizeof(problem))
    problem.shape = structs.Shape(
        N=N,
        K=K,
        group_size=max(perm, K) if group_size == -1 else group_size,
        padded_K=perm if perm > K else 0,
    )
    problem.weights = structs.WeightsKind(
        scale_type=_C_TYPES[scales],
        zeros=structs.ZEROS_STORED if zeros else structs.ZEROS_NONE,
        act_order=perm > 0,
    )
    problem.mixture.experts, problem.epilogue.has_bias = experts, bias
    if _library.w4a16_torch_packed_sizes(ctypes.byref(problem), sizes, ctypes.byref(error)) != 0:
        raise RuntimeError(error.message.decode())
    return (experts, *sizes) if experts else tuple(sizes)


@torch.library.register_fake("w4a16::linear")
def _(x: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    return x.new_empty((*x.shape[:-1], packed.shape[0]))


@torch.library.register_fake("w4a16::pack")
def _(
    q: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor, perm: torch.Tensor, group_size: int
) -> torch.Tensor:
    shape = packed_shape(
        int(q.shape[1]), 8 * int(q.shape[0]), int(group_size), scales.dtype, int(zeros.numel()) > 0, int(perm.numel())
    )
    return q.new_empty(shape, dtype=torch.uint8)


@torch.library.register_fake("w4a16::experts")
def _(x: torch.Tensor, packed: torch.Tensor, ids: torch.Tensor, gates: torch.Tensor) -> torch.Tensor:
    combined = gates.numel() > 0
    return x.new_empty(ids.shape[0] if combined else ids.shape[0] * ids.shape[1], packed.shape[1])


@torch.library.register_fake("w4a16::pack_experts")
def _(
    q: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor, bias: torch.Tensor, group_size: int
) -> torch.Tensor:
    experts, words, N = map(int, q.shape)
    with_zeros, with_bias = int(zeros.numel()) > 0, int(bias.numel()) > 0
    shape = packed_shape(N, 8 * words, int(group_size), scales.dtype, with_zeros, 0, experts, with_bias)
    return q.new_empty(shape, dtype=torch.uint8)


# vLLM's own names. Both forms of each product have one shape; what packs and what writes into c gives nothing.
def _gptq_gemm(
    a: torch.Tensor, b_q_weight: torch.Tensor, b_qzeros: torch.Tensor, b_scales: torch.Tensor, *_: object
) -> torch.Tensor:
    return a.new_empty((*a.shape[:-1], b_q_weight.shape[1]))


def _nothing(*_: object) -> None:
    return None


for _name in ("gptq_gemm_rdna3", "gptq_gemm_rdna3_wmma"):
    for _form in ("", ".without_g_idx"):
        torch.library.register_fake(f"w4a16::{_name}{_form}", _gptq_gemm)
for _name in ("gptq_shuffle", "gptq_shuffle.without_perm", "moe_gptq_gemm_rdna3"):
    torch.library.register_fake(f"w4a16::{_name}", _nothing)

gradients.register()
