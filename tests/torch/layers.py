# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Random layers as tensors, and their products by the C library itself through ctypes: what operators must equal."""

import ctypes
import os
from typing import NamedTuple

import torch

from w4a16 import arch

KIND = {"sim": 1, "cpu": 2}[os.environ.get("W4A16_DEVICE", "cpu")]
TYPES = {torch.float16: arch.F16, torch.bfloat16: arch.BF16, torch.float32: 3}


class Layer(NamedTuple):
    """The arguments of w4a16::pack."""

    q: torch.Tensor
    scales: torch.Tensor
    zeros: torch.Tensor
    perm: torch.Tensor
    group_size: int

    @property
    def N(self):
        return self.q.shape[1]

    @property
    def K(self):
        return 8 * self.q.shape[0]


def random_layer(N, K, group_size, scales=torch.float16, zeros=False, perm=False, seed=0):
    random = torch.Generator().manual_seed(seed)
    places = K if perm is False or perm is True else perm
    groups = -(-places // (places if group_size == -1 else group_size))
    order = torch.empty(0, dtype=torch.int32)
    if perm:
        order = torch.cat([torch.randperm(K, generator=random), torch.full((places - K,), -1)]).to(torch.int32)
        order = order[torch.randperm(places, generator=random)].contiguous()
    return Layer(
        torch.randint(-(2**31), 2**31 - 1, (K // 8, N), dtype=torch.int32, generator=random),
        (0.01 + 0.05 * torch.rand(groups, N, generator=random)).to(scales),
        torch.randint(0, 17, (groups if zeros else 0, N), dtype=torch.uint8, generator=random),
        order,
        group_size,
    )


def pack(layer):
    return torch.ops.w4a16.pack(*layer)


def values(layer):
    """[K, N] in fp64."""
    shifts = torch.arange(0, 32, 4, dtype=torch.int32).view(1, 8, 1)
    q = ((layer.q.unsqueeze(1) >> shifts) & 15).reshape(layer.K, layer.N).double()
    places = layer.perm.numel() or layer.K
    group = torch.arange(places) // (places if layer.group_size == -1 else layer.group_size)
    if layer.perm.numel():
        used = layer.perm >= 0
        group = torch.empty(layer.K, dtype=torch.int64).scatter(0, layer.perm[used].long(), group[used])
    zeros = layer.zeros.double() if layer.zeros.numel() else torch.full(layer.scales.shape, 8.0, dtype=torch.float64)
    return layer.scales.double()[group] * (q - zeros[group])


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


def _buffer(device, tensor):
    address = ctypes.c_uint64()
    _call("w4a16_buffer_alloc", device, ctypes.c_size_t(max(tensor.nbytes, 1)), ctypes.byref(address))
    data, size = ctypes.c_void_p(tensor.data_ptr()), ctypes.c_size_t(tensor.nbytes)
    _call("w4a16_copy_to_device", device, address, data, size)
    return address.value


_devices = {}


def _device():
    if KIND not in _devices:
        options, device = arch._DeviceOptions(), ctypes.c_void_p()
        arch.library().w4a16_device_options_init(ctypes.byref(options))
        options.kind = KIND
        _call("w4a16_device_open", ctypes.byref(options), ctypes.byref(device))
        _devices[KIND] = device
    return _devices[KIND]


def product(x, layer, bias=None):
    """x [M, K] times the layer by w4a16_weights_create, w4a16_plan_create and w4a16_run."""
    lib, device = arch.library(), _device()
    lib.w4a16_plan_workspace.restype = ctypes.c_size_t
    c, weights, plan = _Layer(), ctypes.c_void_p(), ctypes.c_void_p()
    lib.w4a16_layer_init(ctypes.byref(c))
    c.N, c.K, c.scale_type = layer.N, layer.K, TYPES[layer.scales.dtype]
    c.group_size = (layer.perm.numel() or layer.K) if layer.group_size == -1 else layer.group_size
    c.q, c.scale = layer.q.data_ptr(), layer.scales.data_ptr()
    c.zero = layer.zeros.data_ptr() if layer.zeros.numel() else None
    c.perm = layer.perm.data_ptr() if layer.perm.numel() else None
    c.places = layer.perm.numel() if layer.perm.numel() > layer.K else 0
    if bias is not None:
        c.bias_type, c.bias = TYPES[bias.dtype], bias.data_ptr()
    _call("w4a16_weights_create", device, ctypes.byref(c), ctypes.byref(weights))
    problem = arch._Problem()
    lib.w4a16_problem_init(ctypes.byref(problem))
    lib.w4a16_problem_from_weights(ctypes.byref(problem), weights)
    problem.M, problem.act = x.shape[0], TYPES[x.dtype]
    _call("w4a16_plan_create", device, weights, ctypes.byref(problem), ctypes.byref(plan))
    y = torch.empty(x.shape[0], layer.N, dtype=x.dtype)
    args = _RunArgs(ctypes.sizeof(_RunArgs), _buffer(device, x), _buffer(device, y))
    space = lib.w4a16_plan_workspace(plan)
    args.workspace = _buffer(device, torch.empty(space, dtype=torch.uint8)) if space else 0
    _call("w4a16_run", plan, ctypes.byref(args), None)
    out, size = ctypes.c_void_p(y.data_ptr()), ctypes.c_size_t(y.nbytes)
    _call("w4a16_copy_from_device", device, out, ctypes.c_uint64(args.out), size)
    lib.w4a16_plan_free(plan)
    for address in (args.a, args.out, args.workspace):
        _call("w4a16_buffer_free", device, ctypes.c_uint64(address))
    lib.w4a16_weights_free(weights)
    return y
