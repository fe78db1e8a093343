# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""torch.ops.w4a16.{pack_experts,experts} until there are built ones: the C library through ctypes.

The packed tensor is a header and the canonical layer of each expert; each product packs them anew on the device that
W4A16_DEVICE names ("cpu", the default, or "sim"), so the numbers are the library's own, only slowly.
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


def _bytes(q, scales, zeros, perm, group_size):
    """The header and the canonical layer, in N rows."""
    assert q.dtype == torch.int32 and zeros.dtype == torch.uint8 and perm.dtype == torch.int32
    assert all(t.is_contiguous() for t in (q, scales, zeros, perm))
    K = q.shape[0] * 8
    head = [K, q.shape[1], group_size, _DTYPES[scales.dtype], zeros.numel(), perm.numel(), 0, 0]
    assert scales.shape == (-(-(perm.numel() or K) // group_size), q.shape[1])
    assert zeros.numel() == 0 or zeros.shape == scales.shape
    parts = [torch.tensor(head, dtype=torch.int64), q, scales, perm, zeros]
    packed = torch.cat([p.view(torch.uint8).flatten() for p in parts])
    return torch.nn.functional.pad(packed, (0, -packed.numel() % q.shape[1])).view(q.shape[1], -1)


def _unpacked(packed):
    """The C library's view of a packed layer, and the tensors that it points into."""
    K, N, group_size, scale_type, zeros, perm, _, _ = packed.view(-1)[: 8 * _HEADER].view(torch.int64).tolist()
    sizes = [8 * _HEADER, K // 8 * N * 4, -(-(perm or K) // group_size) * N * 2, 4 * perm, zeros]
    parts = [part.clone() for part in packed.view(-1)[: sum(sizes)].split(sizes)]
    _, q, scale, order, zero = parts
    layer = _Layer()
    arch.library().w4a16_layer_init(ctypes.byref(layer))
    layer.N, layer.K, layer.group_size, layer.scale_type = N, K, group_size, scale_type
    layer.q, layer.scale = q.data_ptr(), scale.data_ptr()
    layer.zero, layer.perm = zero.data_ptr() if zeros else None, order.data_ptr() if perm else None
    layer.places = perm if perm != K else 0
    return layer, parts


def _set_bias(layer, bias):
    layer.bias_type, layer.bias = _DTYPES[bias.dtype], bias.data_ptr()


def _product(weights, x, y, ids=None, gates=None, **problem_fields):
    """One plan of `weights` run on buffers of its own; frees the weights."""
    device, plan, problem = _device(), ctypes.c_void_p(), arch._Problem()
    arch.library().w4a16_problem_init(ctypes.byref(problem))
    arch.library().w4a16_problem_from_weights(ctypes.byref(problem), weights)
    problem.act = _DTYPES[x.dtype]
    for name, value in problem_fields.items():
        setattr(problem, name, value)
    _call("w4a16_plan_create", device, weights, ctypes.byref(problem), ctypes.byref(plan))
    size = arch.library().w4a16_plan_workspace(plan)
    buffers = [x, y, torch.empty(size, dtype=torch.uint8) if size else None, ids, gates]
    a, out, workspace, expert_ids, gate = (0 if b is None else _buffer(device, b).value for b in buffers)
    args = _RunArgs(ctypes.sizeof(_RunArgs), a, out, workspace, None, expert_ids, gate)
    _call("w4a16_run", plan, ctypes.byref(args), None)
    _call(
        "w4a16_copy_from_device", device, ctypes.c_void_p(y.data_ptr()), ctypes.c_uint64(out), ctypes.c_size_t(y.nbytes)
    )
    arch.library().w4a16_plan_free(plan)
    for address in (a, out, workspace, expert_ids, gate):
        if address:
            _call("w4a16_buffer_free", device, ctypes.c_uint64(address))
    arch.library().w4a16_weights_free(weights)
    return y


@torch.library.custom_op("w4a16::pack_experts", mutates_args=())
def pack_experts(
    q: torch.Tensor, scales: torch.Tensor, zeros: torch.Tensor, bias: torch.Tensor, group_size: int
) -> torch.Tensor:
    """Of [E, K/8, N], [E, G, N], [E, G, N] or empty, [E, N] or empty; the bias comes after each expert's layer."""
    empty = q.new_empty(0)
    experts = [
        _bytes(q[e], scales[e], zeros[e] if zeros.numel() else zeros, empty, group_size) for e in range(q.shape[0])
    ]
    biases = bias.view(torch.uint8).view(*bias.shape, 2) if bias.numel() else torch.empty(*q.shape[::2], 0)
    return torch.cat([torch.stack(experts), biases.to(torch.uint8)], dim=2)


@torch.library.custom_op("w4a16::experts", mutates_args=())
def experts(x: torch.Tensor, packed: torch.Tensor, ids: torch.Tensor, gates: torch.Tensor) -> torch.Tensor:
    """Without gates x is [M, K] and the result [M * top_k, N]; with them [M * top_k, K] and [M, N]."""
    assert ids.dim() == 2 and ids.dtype == torch.int32 and x.is_contiguous()
    M, top_k = ids.shape
    combine = gates.numel() > 0
    assert x.shape[0] == (M * top_k if combine else M)
    layers, kept = [], []
    for expert in packed:
        layer, parts = _unpacked(expert.contiguous())
        used = -(-sum(part.numel() for part in parts) // layer.N)
        if expert.shape[1] > used:
            parts.append(expert[:, used:].contiguous().view(x.dtype))
            _set_bias(layer, parts[-1])
        layers.append(layer)
        kept.append(parts)
    pointers = (ctypes.POINTER(_Layer) * len(layers))(*map(ctypes.pointer, layers))
    weights = ctypes.c_void_p()
    _call("w4a16_experts_create", _device(), pointers, ctypes.c_size_t(len(layers)), ctypes.byref(weights))
    y = torch.full((M if combine else M * top_k, layers[0].N), float("nan"), dtype=x.dtype)
    return _product(weights, x, y, ids, gates if combine else None, M=M, top_k=top_k, combine=combine)


def prepare():
    lib = arch.library()
    lib.w4a16_plan_workspace.restype = ctypes.c_size_t
    lib.w4a16_layer_init.restype = None
