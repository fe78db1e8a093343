# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Checkpoints as the C library reads them (include/w4a16/checkpoint.h): every format it knows, by one pair of calls."""

from __future__ import annotations

import ctypes
import os
from types import TracebackType
from typing import NamedTuple

import torch

import w4a16.ops  # noqa: F401
from w4a16 import arch, structs
from w4a16.structs import OK, Error, Layer, LayerInfo

_TYPES = {structs.F16: torch.float16, structs.BF16: torch.bfloat16, structs.F32: torch.float32}


def _library() -> ctypes.CDLL:
    library = arch.library()
    pointer, out = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
    for name, result, arguments in (
        ("w4a16_checkpoint_open", ctypes.c_int, [ctypes.c_char_p, out, ctypes.POINTER(Error)]),
        ("w4a16_checkpoint_close", None, [pointer]),
        ("w4a16_checkpoint_layers", ctypes.c_size_t, [pointer]),
        ("w4a16_checkpoint_layer", ctypes.POINTER(LayerInfo), [pointer, ctypes.c_size_t]),
        (
            "w4a16_checkpoint_read_layer",
            ctypes.c_int,
            [pointer, ctypes.c_size_t, ctypes.POINTER(ctypes.POINTER(Layer)), ctypes.POINTER(Error)],
        ),
        ("w4a16_layer_groups", ctypes.c_int64, [ctypes.POINTER(Layer)]),
        ("w4a16_layer_padded_K", ctypes.c_int64, [ctypes.POINTER(Layer)]),
        ("w4a16_layer_free", None, [ctypes.POINTER(Layer)]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _copy(address: int | None, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """What the library has at address; an empty tensor for null."""
    if not address:
        return torch.empty(0, dtype=dtype)
    tensor = torch.empty(shape, dtype=dtype)
    ctypes.memmove(tensor.data_ptr(), address, tensor.nbytes)
    return tensor


class Entry(NamedTuple):
    """A layer of a checkpoint: outputs, inputs, and the reason why it cannot be read, or None."""

    N: int
    K: int
    problem: str | None


class Checkpoint:
    """The 4-bit layers of a checkpoint: a directory, a .safetensors or a .gguf file. RuntimeError: what is wrong with it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._library, self._handle, error = _library(), ctypes.c_void_p(), Error()
        if self._library.w4a16_checkpoint_open(os.fsencode(path), ctypes.byref(self._handle), ctypes.byref(error)) != OK:
            raise RuntimeError(error.message.decode())
        self._index: dict[str, int] = {}
        self.layers: dict[str, Entry] = {}
        for index in range(self._library.w4a16_checkpoint_layers(self._handle)):
            info = self._library.w4a16_checkpoint_layer(self._handle, index).contents
            name, problem = info.name.decode(), info.problem.decode() if info.problem else None
            self._index[name] = index
            self.layers[name] = Entry(info.N, info.K, problem)

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._library.w4a16_checkpoint_close(self._handle)
        self._handle = ctypes.c_void_p()

    def pack(self, name: str) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The packed tensor of a layer, for torch.ops.w4a16.linear, and its bias."""
        library, layer, error = self._library, ctypes.POINTER(Layer)(), Error()
        index = self._index[name]
        if library.w4a16_checkpoint_read_layer(self._handle, index, ctypes.byref(layer), ctypes.byref(error)) != OK:
            raise RuntimeError(error.message.decode())
        try:
            read = layer.contents
            grid = library.w4a16_layer_groups(layer), read.N
            packed = torch.ops.w4a16.pack(
                _copy(read.q, (-(-read.K // 8), read.N), torch.int32),
                _copy(read.scale, grid, _TYPES[read.scale_type]),
                _copy(read.zero, grid, torch.uint8),
                _copy(read.perm, (library.w4a16_layer_padded_K(layer),), torch.int32),
                read.group_size,
            )
            bias = _copy(read.bias, (read.N,), _TYPES[read.bias_type]) if read.bias else None
        finally:
            library.w4a16_layer_free(layer)
        return packed, bias
