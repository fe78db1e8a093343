# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""torch.ops.w4a16.{pack,linear} for tests that have no built operators: the C library through ctypes.

The packed tensor has N rows, so that shapes can be told without its values, and holds a header and the canonical
layer; each product packs it anew on the device that W4A16_DEVICE
names ("cpu", the default, or "sim"), so the numbers are the library's own, only slowly.
"""

import ctypes
import os

import torch

from w4a16 import arch

_HEADER = 8  # int64: K, N, group_size, scale type, zeros, perm
_DTYPES = {torch.float16: arch.F16, torch.bfloat16: arch.BF16}
_KINDS = {"sim": 1, "cpu": 2}
_devices = {}


class _Layer(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("N", ctypes.c_int64),
        ("K", ctypes.c_int64),
        ("group_size", ctypes.c_int64),
        ("q", ctypes.c_void_p),
        ("scale_type", ctypes.c_int),
        ("scale", ctypes.c_void_p),
        ("zero", ctypes.c_void_p),
        ("perm", ctypes.c_void_p),
        ("places", ctypes.c_int64),
        ("bias_type", ctypes.c_int),
        ("bias", ctypes.c_void_p),
    ]


class _RunArgs(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("a", ctypes.c_uint64),
        ("out", ctypes.c_uint64),
        ("workspace", ctypes.c_uint64),
        ("stream", ctypes.c_void_p),
        ("expert_ids", ctypes.c_uint64),
        ("gates", ctypes.c_uint64),
        ("weights", ctypes.c_uint64),
        ("bias", ctypes.c_uint64),
    ]


def _call(name, *args):
    error = arch._Error()
    if getattr(arch.library(), name)(*args, ctypes.byref(error)) != 0:
        raise RuntimeError(error.message.decode())


def _device():
    kind = os.environ.get("W4A16_DEVICE", "cpu")
    if kind not in _devices:
        options, device = arch._DeviceOptions(), ctypes.c_void_p()
        arch.library().w4a16_device_options_init(ctypes.byref(options))
        options.kind = _KINDS[kind]
        _call("w4a16_device_open", ctypes.byref(options), ctypes.byref(device))
        _devices[kind] = device
    return _devices[kind]


def _buffer(device, tensor):
    address = ctypes.c_uint64()
    size = max(tensor.nbytes, 1)
    _call("w4a16_buffer_alloc", device, ctypes.c_size_t(size), ctypes.byref(address))
    _call("w4a16_copy_to_device", device, address, ctypes.c_void_p(tensor.data_ptr()), ctypes.c_size_t(tensor.nbytes))
    return address


@torch.library.custom_op("w4a16::pack", mutates_args=())
def pack(
    q: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor, perm: torch.Tensor, group_size: int
) -> torch.Tensor:
    assert q.dtype == torch.int32 and zeros.dtype == torch.uint8 and perm.dtype == torch.int32
    assert all(t.is_contiguous() for t in (q, scales, zeros, perm))
    K = q.shape[0] * 8
    head = [K, q.shape[1], group_size, _DTYPES[scales.dtype], zeros.numel(), perm.numel(), 0, 0]
    assert scales.shape == (-(-(perm.numel() or K) // group_size), q.shape[1])
    assert zeros.numel() == 0 or zeros.shape == scales.shape
    parts = [torch.tensor(head, dtype=torch.int64), q, scales, perm, zeros]
    packed = torch.cat([p.view(torch.uint8).flatten() for p in parts])
    return torch.nn.functional.pad(packed, (0, -packed.numel() % q.shape[1])).view(q.shape[1], -1)


@torch.library.custom_op("w4a16::linear", mutates_args=())
def linear(x: torch.Tensor, packed: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    K, N, group_size, scale_type, zeros, perm, _, _ = packed.view(-1)[: 8 * _HEADER].view(torch.int64).tolist()
    assert x.dim() == 2 and x.shape[1] == K and x.is_contiguous()
    sizes = [8 * _HEADER, K // 8 * N * 4, -(-(perm or K) // group_size) * N * 2, 4 * perm, zeros]
    _, q, scale, order, zero = (part.clone() for part in packed.view(-1)[: sum(sizes)].split(sizes))
    layer = _Layer()
    arch.library().w4a16_layer_init(ctypes.byref(layer))
    layer.N, layer.K, layer.group_size, layer.scale_type = N, K, group_size, scale_type
    layer.q, layer.scale = q.data_ptr(), scale.data_ptr()
    layer.zero, layer.perm = zero.data_ptr() if zeros else None, order.data_ptr() if perm else None
    layer.places = perm if perm != K else 0
    if bias.numel():
        layer.bias_type, layer.bias = _DTYPES[bias.dtype], bias.data_ptr()
    device, weights, plan = _device(), ctypes.c_void_p(), ctypes.c_void_p()
    _call("w4a16_weights_create", device, ctypes.byref(layer), ctypes.byref(weights))
    problem = arch._Problem()
    arch.library().w4a16_problem_init(ctypes.byref(problem))
    arch.library().w4a16_problem_from_weights(ctypes.byref(problem), weights)
    problem.M, problem.act = x.shape[0], _DTYPES[x.dtype]
    _call("w4a16_plan_create", device, weights, ctypes.byref(problem), ctypes.byref(plan))
    y = torch.empty(x.shape[0], N, dtype=x.dtype)
    args = _RunArgs(ctypes.sizeof(_RunArgs), _buffer(device, x).value, _buffer(device, y).value)
    size = arch.library().w4a16_plan_workspace(plan)
    args.workspace = _buffer(device, torch.empty(size, dtype=torch.uint8)).value if size else 0
    _call("w4a16_run", plan, ctypes.byref(args), None)
    _call(
        "w4a16_copy_from_device", device, ctypes.c_void_p(y.data_ptr()), ctypes.c_uint64(args.out),
        ctypes.c_size_t(y.nbytes),
    )
    arch.library().w4a16_plan_free(plan)
    for address in (args.a, args.out, args.workspace):
        if address:
            _call("w4a16_buffer_free", device, ctypes.c_uint64(address))
    arch.library().w4a16_weights_free(weights)
    return y


@linear.register_fake
def _(x, packed, bias):
    return x.new_empty(x.shape[0], packed.shape[0])


def prepare():
    lib = arch.library()
    lib.w4a16_plan_workspace.restype = ctypes.c_size_t
    lib.w4a16_layer_init.restype = None
