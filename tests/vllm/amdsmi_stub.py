# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""As much of AMD's amdsmi module as vLLM asks to find out that it runs on ROCm, and on which card."""

import sys
import types

_UNUSED = ("init", "shut_down", "get_gpu_device_uuid", "get_gpu_memory_total", "topo_get_link_type",
           "topo_get_numa_node_number")


def install(target):
    """From now on every card is a `target`."""
    module = types.ModuleType("amdsmi")
    for name in _UNUSED:
        setattr(module, f"amdsmi_{name}", lambda *_: None)
    module.AmdSmiException = type("AmdSmiException", (Exception,), {})
    module.AmdSmiMemoryType = types.SimpleNamespace(VRAM=0)
    module.amdsmi_get_processor_handles = lambda: [0]
    module.amdsmi_get_gpu_asic_info = lambda _: {"target_graphics_version": target}
    sys.modules["amdsmi"] = module


def forget_cpu():
    """vLLM's build for the CPU takes the CPU for its platform too, and vLLM accepts no two."""
    from vllm import platforms

    platforms.builtin_platform_plugins.pop("cpu", None)
