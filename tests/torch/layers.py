# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Random layers as tensors, and their products by the C library itself through ctypes: what operators must equal."""

import ctypes
import os
from typing import NamedTuple

import torch

from w4a16 import arch, structs

KIND = {"sim": 1, "cpu": 2}[os.environ.get("W4A16_DEVICE", "cpu")]
TYPES = {torch.float16: structs.F16, torch.bfloat16: structs.BF16, torch.float32: structs.F32}


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
    size = 0.01 + 0.05 * torch.rand(groups, N, generator=random)
    sign = 1 - 2 * torch.randint(0, 2, (groups, N), generator=random)
    return Layer(
        torch.randint(-(2**31), 2**31 - 1, (K // 8, N), dtype=torch.int32, generator=random),
        (size * sign).to(scales),
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


def _call(name, *args):
    error = structs.Error()
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
        options, device = structs.DeviceOptions(), ctypes.c_void_p()
        arch.library().w4a16_device_options_init(ctypes.byref(options), ctypes.sizeof(options))
        options.kind = KIND
        _call("w4a16_device_open", ctypes.byref(options), ctypes.byref(device))
        _devices[KIND] = device
    return _devices[KIND]


def _c_layer(layer, bias):
    c = structs.Layer()
    arch.library().w4a16_layer_init(ctypes.byref(c), ctypes.c_size_t(ctypes.sizeof(c)))
    c.N, c.K, c.scale_type = layer.N, layer.K, TYPES[layer.scales.dtype]
    c.group_size = (layer.perm.numel() or layer.K) if layer.group_size == -1 else layer.group_size
    c.q, c.scale = layer.q.data_ptr(), layer.scales.data_ptr()
    c.zero = layer.zeros.data_ptr() if layer.zeros.numel() else None
    c.perm = layer.perm.data_ptr() if layer.perm.numel() else None
    c.padded_K = layer.perm.numel() if layer.perm.numel() > layer.K else 0
    if bias is not None:
        c.bias_type, c.bias = TYPES[bias.dtype], bias.data_ptr()
    return c


def _run(weights, x, y, M, ids=None, gates=None, top_k=0):
    """One plan of `weights` run on buffers of its own; frees the weights."""
    lib, device, plan, problem = arch.library(), _device(), ctypes.c_void_p(), structs.Problem()
    lib.w4a16_plan_workspace.restype = ctypes.c_size_t
    lib.w4a16_problem_init(ctypes.byref(problem), ctypes.sizeof(problem))
    lib.w4a16_problem_from_weights(ctypes.byref(problem), weights)
    problem.act = TYPES[x.dtype]
    problem.shape.M, problem.mixture.top_k = M, top_k
    problem.epilogue.combine = structs.COMBINE_NONE if gates is None else structs.COMBINE_ADD
    _call("w4a16_plan_create", device, weights, ctypes.byref(problem), ctypes.byref(plan))
    space = lib.w4a16_plan_workspace(plan)
    tensors = [x, y, torch.empty(space, dtype=torch.uint8) if space else None, ids, gates]
    a, out, workspace, expert_ids, gate = (0 if t is None else _buffer(device, t) for t in tensors)
    args = structs.RunArgs(ctypes.sizeof(structs.RunArgs), a, out, workspace, None, expert_ids, gate)
    _call("w4a16_run", plan, ctypes.byref(args), None)
    data, size = ctypes.c_void_p(y.data_ptr()), ctypes.c_size_t(y.nbytes)
    _call("w4a16_copy_from_device", device, data, ctypes.c_uint64(out), size)
    lib.w4a16_plan_free(plan)
    for address in (a, out, workspace, expert_ids, gate):
        _call("w4a16_buffer_free", device, ctypes.c_uint64(address))
    lib.w4a16_weights_free(weights)
    return y


def product(x, layer, bias=None):
    """x [M, K] times the layer by w4a16_weights_create, w4a16_plan_create and w4a16_run."""
    weights = ctypes.c_void_p()
    _call("w4a16_weights_create", _device(), ctypes.byref(_c_layer(layer, bias)), ctypes.byref(weights))
    return _run(weights, x, torch.empty(x.shape[0], layer.N, dtype=x.dtype), x.shape[0])


def experts_product(x, layers, biases, ids, gates=None):
    """As torch.ops.w4a16.experts, by w4a16_experts_create; rows of slots left out are NaN."""
    M, top_k = ids.shape
    weights, c = ctypes.c_void_p(), [_c_layer(*pair) for pair in zip(layers, biases)]
    pointers = (ctypes.POINTER(structs.Layer) * len(c))(*map(ctypes.pointer, c))
    _call("w4a16_experts_create", _device(), pointers, ctypes.c_size_t(len(c)), ctypes.byref(weights))
    y = torch.full((M * top_k if gates is None else M, layers[0].N), float("nan"), dtype=x.dtype)
    return _run(weights, x, y, M, ids, gates, top_k)
