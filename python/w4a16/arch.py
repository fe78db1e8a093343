# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Which AMD GPU is here and which layers its kernels take.

The card's name comes from the kernel driver's sysfs tree (w4a16_detect_visible_gpu), without opening the GPU. Where
there is no such tree, as under WSL2, a ROCm build of PyTorch is asked, as vLLM does, and that opens the GPU. Whether a
layer is taken is read from the library's kernel table (w4a16_supports), which needs no device.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from w4a16 import structs
from w4a16.structs import OK, DeviceOptions, Error, Problem

# The kernel families' row classes: a layer is taken only if each of them has a kernel.
_ROWS = (1, 16, 64, 4096)


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
    version = lib.w4a16_version().decode()
    if version.split(".")[:2] != structs.VERSION.split(".")[:2]:  # what soname and header have in common
        raise OSError(f"{candidates[0]} is of version {version}, this package of {structs.VERSION}")
    return lib


def _declare(lib: ctypes.CDLL) -> None:
    for detect in (lib.w4a16_detect_gpu, lib.w4a16_detect_visible_gpu):
        detect.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_char * 16, ctypes.POINTER(Error)]
    lib.w4a16_version.restype = ctypes.c_char_p
    lib.w4a16_device_options_init.argtypes = [ctypes.POINTER(DeviceOptions), ctypes.c_size_t]
    lib.w4a16_device_options_init.restype = None
    lib.w4a16_problem_init.argtypes = [ctypes.POINTER(Problem), ctypes.c_size_t]
    lib.w4a16_problem_init.restype = None
    lib.w4a16_supports.argtypes = [
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.POINTER(Problem),
        ctypes.POINTER(Error),
    ]


def _ask(detect: Callable[..., int], n: int, root: str | None) -> tuple[str | None, str | None]:
    target, error = (ctypes.c_char * 16)(), Error()
    if detect(root.encode() if root else None, n, target, ctypes.byref(error)) != OK:
        return None, error.message.decode()
    return target.value.decode(), None


def detect(n: int = 0, root: str | None = None) -> tuple[str | None, str | None]:
    """The gfx name of the n-th card below `root` (default /sys), or None and the library's sentence why."""
    return _ask(library().w4a16_detect_gpu, n, root)


def detect_visible(n: int = 0, root: str | None = None) -> tuple[str | None, str | None]:
    """The same of the n-th card that the environment lets the runtime show, under the name it gives it."""
    return _ask(library().w4a16_detect_visible_gpu, n, root)


_CARDS = 64  # the library looks for no more


def _rocm_torch() -> Any:
    """PyTorch, if it is imported and is a ROCm build."""
    torch = sys.modules.get("torch")
    return torch if getattr(getattr(torch, "version", None), "hip", None) else None


def asks_torch() -> bool:
    """Whether target() has to ask PyTorch, because neither W4A16_TARGET nor the driver's tree can say."""
    if os.environ.get("W4A16_TARGET") or _rocm_torch() is None:
        return False
    return detect_visible()[0] is None and detect()[0] is None


def _own_index() -> int:
    """The number of this process's card among the visible ones: each rank of an engine sets its own."""
    torch = _rocm_torch()
    return torch.cuda.current_device() if torch is not None and torch.cuda.is_initialized() else 0


def target() -> tuple[str | None, str | None]:
    """The gfx name of this process's own card, or None and why there is none."""
    index = _own_index()
    if not asks_torch():
        return detect_visible(index)
    try:
        name = _rocm_torch().cuda.get_device_properties(index).gcnArchName
    except Exception as error:  # what a runtime without a card raises
        return None, f"the driver shows no AMD GPU, and PyTorch says of GPU {index}: {error}"
    return name.split(":")[0], None  # without its features, as in gfx90a:sramecc+


def wants_cpu() -> bool:
    """Whether W4A16_VLLM_CPU asks for these kernels on vLLM's platform for the CPU too."""
    return os.environ.get("W4A16_VLLM_CPU", "0") not in ("", "0")


def host_target() -> str:
    """The target whose kernels make the products of CPU tensors: the CPU, or with W4A16_DEVICE=sim a simulated card."""
    return "gfx1100" if os.environ.get("W4A16_DEVICE") == "sim" else "cpu"


def unusable() -> str | None:
    """Why no visible card has kernels; None if one has, or if that can only be known once the GPU is open, or if the
    CPU is wanted."""
    if wants_cpu() or asks_torch():
        return None
    name, why = target()
    if name is not None:
        why = no_kernels(name)
    others = (detect_visible(n)[0] for n in range(_CARDS))
    while why is not None and (other := next(others, None)) is not None:
        if no_kernels(other) is None:
            return None
    return why


def _refusal(name: str, problem: Problem) -> str | None:
    error = Error()
    status = library().w4a16_supports(name.encode(), None, ctypes.byref(problem), ctypes.byref(error))
    return error.message.decode() if status != OK else None


@functools.cache
def no_kernels(name: str) -> str | None:
    """The library's sentence why it has no kernels for target `name`; None if it has."""
    problem = Problem()
    library().w4a16_problem_init(ctypes.byref(problem), ctypes.sizeof(problem))
    problem.shape.N = problem.shape.K = problem.shape.group_size = 32  # what every table takes
    return _refusal(name, problem)


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
    problem = Problem()
    library().w4a16_problem_init(ctypes.byref(problem), ctypes.sizeof(problem))
    experts, top_k, combined = mixture or (0, 0, False)
    problem.act = act
    problem.shape = structs.Shape(N=N, K=K, group_size=group_size)
    problem.weights = structs.WeightsKind(
        scale_type=scale_type,
        zeros=structs.ZEROS_NONE if symmetric else structs.ZEROS_STORED,
        act_order=act_order,
    )
    problem.mixture = structs.Mixture(experts=experts, top_k=top_k)
    problem.epilogue.combine = structs.COMBINE_ADD if combined else structs.COMBINE_NONE
    for rows in _ROWS:
        problem.shape.M = rows
        if why := _refusal(name, problem):
            return False, why
    return True, None


# vLLM's questions: on_gfx1100() about a target, on_gfx110x() about a family, on_gfx11() about a generation, on_gfx1x()
# about all. By name: gfx1170 and its kin are called gfx11 too and have other matrix instructions. There are no kernels for
# the last two.
_GROUPS: dict[str, tuple[str, ...]] = {name: (name, *groups, "gfx1x") for name, groups in structs.TARGETS.items()}
_GROUPS |= {name: ("gfx12x", "gfx1x") for name in ("gfx1200", "gfx1201")}


def __getattr__(name: str) -> Callable[[], bool]:
    group = name.removeprefix("on_")
    if group == name or not any(group in groups for groups in _GROUPS.values()):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return lambda: group in _GROUPS.get(target()[0] or "", ())
