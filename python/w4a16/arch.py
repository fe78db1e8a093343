# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Which AMD GPU is here and which layers its kernels take: asked of the C library, never of the GPU.

The card's name comes from the kernel driver's sysfs tree (w4a16_detect_gpu). Whether a layer is taken is read
from the library's kernel table (w4a16_supports) through a simulated device of the same target, which has the same
table as the card and opens no runtime. So both answers are safe in every process, forked or not.
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from pathlib import Path

F16, BF16 = 1, 2  # w4a16_dtype
_OK, _DEVICE_SIM = 0, 1
# The kernel families' row classes: a layer is taken only if each of them has a kernel.
_ROWS = (1, 16, 64, 4096)


# Structures end with room for the fields of a newer library, so that its init functions cannot write beyond them.
_ROOM = ("room", ctypes.c_uint8 * 256)


class _Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 1024)]


class _DeviceOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("kind", ctypes.c_int),
        ("target", ctypes.c_char_p),
        ("index", ctypes.c_int),
        ("threads", ctypes.c_int),
        ("schedule_seed", ctypes.c_uint64),
        ("strict", ctypes.c_int),
        ("kernel_mask", ctypes.c_char_p),
        _ROOM,
    ]


class _Problem(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("M", ctypes.c_int64),
        ("N", ctypes.c_int64),
        ("K", ctypes.c_int64),
        ("group_size", ctypes.c_int64),
        ("places", ctypes.c_int64),
        ("act", ctypes.c_int),
        ("scale_type", ctypes.c_int),
        ("symmetric", ctypes.c_int),
        ("act_order", ctypes.c_int),
        ("has_bias", ctypes.c_int),
        ("lda", ctypes.c_int64),
        ("ldo", ctypes.c_int64),
        ("experts", ctypes.c_int64),
        ("top_k", ctypes.c_int64),
        ("combine", ctypes.c_int),
        ("sorted_block", ctypes.c_int64),
        ("sorted_count", ctypes.c_int64),
        ("loose", ctypes.c_int),
        ("zero_offset", ctypes.c_int),
        ("batch_invariant", ctypes.c_int),
        _ROOM,
    ]


@functools.cache
def library() -> ctypes.CDLL:
    """The C library: the file that W4A16_LIBRARY names, else the one installed beside this module."""
    override = os.environ.get("W4A16_LIBRARY")
    here = Path(__file__).parent
    candidates = [Path(override)] if override else sorted(here.glob("libw4a16*.so*"))
    if not candidates:
        raise OSError(f"no libw4a16*.so in {here}: install the w4a16 wheel or set W4A16_LIBRARY to the library's file")
    lib = ctypes.CDLL(str(candidates[0]))
    try:
        _declare(lib)
    except AttributeError as error:
        why = f"{candidates[0]} is another library, or of another version than this package: {error}"
        raise OSError(why) from error
    for init, structure in ((lib.w4a16_device_options_init, _DeviceOptions), (lib.w4a16_problem_init, _Problem)):
        value, expected = structure(), (structure.room.offset + 7) // 8 * 8
        init(ctypes.byref(value))
        if value.struct_size != expected:
            raise OSError(
                f"{candidates[0]} is of another version than this package: {structure.__name__} has "
                f"{value.struct_size} bytes there, {expected} here"
            )
    return lib


def _declare(lib: ctypes.CDLL) -> None:
    for detect in (lib.w4a16_detect_gpu, lib.w4a16_detect_visible_gpu):
        detect.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char * 16, ctypes.POINTER(_Error)]
    lib.w4a16_device_options_init.argtypes = [ctypes.POINTER(_DeviceOptions)]
    lib.w4a16_device_options_init.restype = None
    lib.w4a16_device_open.argtypes = [
        ctypes.POINTER(_DeviceOptions),
        ctypes.POINTER(ctypes.c_void_p),
        ctypes.POINTER(_Error),
    ]
    lib.w4a16_problem_init.argtypes = [ctypes.POINTER(_Problem)]
    lib.w4a16_problem_init.restype = None
    lib.w4a16_supports.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Problem), ctypes.POINTER(_Error)]


def _ask(detect: Callable[..., int], n: int, root: str | None) -> tuple[str | None, str | None]:
    target, error = (ctypes.c_char * 16)(), _Error()
    if detect(root.encode() if root else None, n, target, ctypes.byref(error)) != _OK:
        return None, error.message.decode()
    return target.value.decode(), None


def detect(n: int = 0, root: str | None = None) -> tuple[str | None, str | None]:
    """The gfx name of the n-th card below `root` (default /sys), or None and the library's sentence why."""
    return _ask(library().w4a16_detect_gpu, n, root)


def detect_visible(n: int = 0, root: str | None = None) -> tuple[str | None, str | None]:
    """The same of the n-th card that the environment lets the runtime show, under the name it gives it."""
    return _ask(library().w4a16_detect_visible_gpu, n, root)


@functools.cache
def target() -> tuple[str | None, str | None]:
    """The gfx name of the first visible card, or None and why there is none."""
    return detect_visible()


@functools.cache
def _table(name: str) -> tuple[int | None, str | None]:
    """A simulated device of that target, kept open for the process; or None and the library's sentence."""
    lib, options, error, device = library(), _DeviceOptions(), _Error(), ctypes.c_void_p()
    lib.w4a16_device_options_init(ctypes.byref(options))
    options.kind, options.target, options.threads = _DEVICE_SIM, name.encode(), 1
    if lib.w4a16_device_open(ctypes.byref(options), ctypes.byref(device), ctypes.byref(error)) != _OK:
        return None, error.message.decode().removeprefix("sim: ")  # it stands for the card
    return device.value, None


def no_kernels(name: str) -> str | None:
    """The library's sentence why it has no kernels for target `name`; None if it has."""
    return _table(name)[1]


def supports(
    name: str,
    K: int,
    N: int,
    group_size: int,
    act: int,
    scale_type: int,
    symmetric: bool,
    act_order: bool = False,
    mixture: tuple[int, int, bool] | None = None,
) -> tuple[bool, str | None]:
    """Whether the kernels of target `name` take this layer for every number of rows; if not, the library's reason.

    A mixture is how many experts there are, how many of them a token uses, and whether their results are combined.
    """
    device, why = _table(name)
    if device is None:
        return False, why
    lib, problem, error = library(), _Problem(), _Error()
    for rows in _ROWS:
        lib.w4a16_problem_init(ctypes.byref(problem))
        problem.M, problem.N, problem.K, problem.group_size = rows, N, K, group_size
        problem.act, problem.scale_type = act, scale_type
        problem.symmetric, problem.act_order = symmetric, act_order
        problem.experts, problem.top_k, problem.combine = mixture or (0, 0, False)
        if lib.w4a16_supports(device, ctypes.byref(problem), ctypes.byref(error)) != _OK:
            return False, error.message.decode()
    return True, None


def _is(*prefixes: str) -> bool:
    name = target()[0]
    return name is not None and name.startswith(prefixes)


def on_gfx1x() -> bool:
    return _is("gfx11", "gfx12")


def on_gfx11() -> bool:
    return _is("gfx11")


def on_gfx110x() -> bool:
    return _is("gfx110")


def on_gfx1100() -> bool:
    return _is("gfx1100")


def on_gfx1101() -> bool:
    return _is("gfx1101")


def on_gfx1102() -> bool:
    return _is("gfx1102")


def on_gfx1103() -> bool:
    return _is("gfx1103")


def on_gfx115x() -> bool:
    return _is("gfx115")


def on_gfx1150() -> bool:
    return _is("gfx1150")


def on_gfx1151() -> bool:
    return _is("gfx1151")


def on_gfx1152() -> bool:
    return _is("gfx1152")


def on_gfx1153() -> bool:
    return _is("gfx1153")


def on_gfx12x() -> bool:
    return _is("gfx12")
