# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The entry point of group vllm.general_plugins: puts these kernels first in vLLM's list for ROCm and routes AWQ.

vLLM calls register() in each of its processes, maybe more than once and before the GPU may be touched. So this
module imports nothing of vLLM or torch, register() ends early on a machine without an AMD GPU, and whatever goes
wrong is logged, never raised: vLLM then serves with its own kernels.
"""

from __future__ import annotations

import logging

# Below vLLM's own logger, so that its handlers and level apply.
logger = logging.getLogger("vllm.w4a16")


def register() -> None:
    try:
        from w4a16 import arch

        target, why = arch.target()
    except Exception as error:
        target, why = None, f"{type(error).__name__}: {error}"
    if target is None:
        logger.debug("w4a16 is not used: %s", why)
        return
    for step, layers in ((_put_first, "GPTQ and compressed-tensors"), (_route, "AWQ"), (_route_moe, "Expert")):
        try:
            step()
        except Exception as error:
            logger.warning("%s layers are left to vLLM's own kernels: %s: %s", layers, type(error).__name__, error)


def _put_first() -> None:
    from w4a16 import vllm_kernel

    kernels = vllm_kernel.layout._POSSIBLE_KERNELS
    if isinstance(kernels, dict):  # one list per platform; older releases have one for all
        from vllm.platforms import PlatformEnum

        kernels = kernels.setdefault(PlatformEnum.ROCM, [])
    if vllm_kernel.W4A16LinearKernel not in kernels:
        kernels.insert(0, vllm_kernel.W4A16LinearKernel)


def _route() -> None:
    from w4a16 import vllm_methods

    vllm_methods.register()


def _route_moe() -> None:
    try:
        from w4a16 import vllm_moe
    except ModuleNotFoundError as error:
        logger.info("expert layers are left to vLLM's own kernels: this release has no %s", error.name)
        return
    vllm_moe.register()
