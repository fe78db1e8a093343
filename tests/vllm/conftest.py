# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The operators, and stub packages with the plugin registered."""

import importlib
import sys
from pathlib import Path

import layouts
import pytest

from w4a16 import arch

# vLLM's build for the CPU has its operators for AVX-512 under the name that its platform for ROCm looks for; on another
# processor loading them ends the process. No test here needs them.
if " avx512f " not in Path("/proc/cpuinfo").read_text():
    sys.modules["vllm._C"] = None


def needs(target):
    """Skips the test where the library was built without kernels for `target`."""
    if why := arch.no_kernels(target):
        pytest.skip(why)


@pytest.fixture(scope="session")
def operators():
    importlib.import_module("w4a16.ops")


@pytest.fixture(params=layouts.LAYOUTS)
def vllm(request, monkeypatch, operators):
    """The stub package with the plugin registered, on a gfx1100."""
    monkeypatch.setattr(arch, "target", lambda: ("gfx1100", None))
    kernels = layouts.install(request.param)
    importlib.import_module("w4a16.vllm_plugin").register()
    plugin = importlib.import_module("w4a16.vllm_kernel")
    kernels.plugin, kernels.layout = plugin, request.param
    kernels.ours = plugin.kernel_class(kernels.MPLinearKernel)
    yield kernels
    layouts.forget()
