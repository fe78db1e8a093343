# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The entry point of group vllm.general_plugins: has vLLM use these kernels first on ROCm.

vLLM calls register() in each of its processes, maybe more than once and before the GPU may be touched. So nothing of
vLLM or torch is imported here: each part waits until vLLM itself has imported the module that it changes. On a machine
of which it is known that it has no GPU with kernels nothing waits; each process decides by its own card. Whatever goes wrong is logged, never raised: vLLM then uses its
own kernels.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import logging
import sys
from collections.abc import Sequence
from types import ModuleType

# Below vLLM's own logger, so that its handlers and level apply.
logger = logging.getLogger("vllm.w4a16")

_QUANTIZATION = "vllm.model_executor.layers.quantization"
# Each module of vLLM that is changed where a release has it, and the modules of ours whose register() changes it.
MODULES = {
    "vllm.model_executor.kernels.linear": ("vllm_kernel",),
    f"{_QUANTIZATION}.kernels.mixed_precision": ("vllm_kernel",),
    f"{_QUANTIZATION}.auto_awq": ("vllm_methods",),
    f"{_QUANTIZATION}.awq": ("vllm_methods",),
    f"{_QUANTIZATION}.gptq": ("vllm_methods",),
    f"{_QUANTIZATION}.auto_gptq": ("vllm_parts", "vllm_moe"),
    f"{_QUANTIZATION}.compressed_tensors.schemes.compressed_tensors_wNa16": ("vllm_parts",),
    f"{_QUANTIZATION}.moe_wna16": ("vllm_moe",),
    f"{_QUANTIZATION}.compressed_tensors.compressed_tensors_moe.compressed_tensors_moe_wna16": ("vllm_moe",),
}


def _change(name: str) -> None:
    try:
        for part in MODULES[name]:
            importlib.import_module(f"w4a16.{part}").register(sys.modules[name])
    except Exception as error:
        logger.warning("%s keeps vLLM's own kernels: %s: %s", name, type(error).__name__, error)


class _AfterImport(importlib.abc.MetaPathFinder):
    """Finds a module where Python would, and changes it once it has been executed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in MODULES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_change(module: ModuleType) -> None:
            execute(module)
            _change(name)

        spec.loader.exec_module = execute_and_change  # type: ignore[method-assign]
        return spec


_finder = _AfterImport()


@functools.cache
def _log_unused(level: int, why: str) -> None:
    logger.log(level, "vLLM keeps its own kernels for 4-bit weights: %s", why)


def register() -> None:
    try:
        from w4a16 import arch

        why = arch.unusable()
    except Exception as error:  # a broken installation, where a machine without such a card is none
        _log_unused(logging.WARNING, f"w4a16 cannot be used: {type(error).__name__}: {error}")
        return
    if why is not None:
        _log_unused(logging.INFO, why)
        return
    if _finder in sys.meta_path:
        return
    sys.meta_path.insert(0, _finder)
    for name in MODULES:
        if name in sys.modules:
            _change(name)
