# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Operators for the tests, the installed ones or the stand-in, and stub packages with the plugin registered."""

import importlib

import layouts
import pytest
import torch

from w4a16 import arch


@pytest.fixture(scope="session")
def operators():
    try:
        return importlib.import_module("w4a16.ops")
    except ImportError:
        standin = importlib.import_module("standin")
        standin.prepare()
        return standin


@pytest.fixture(params=layouts.LAYOUTS)
def vllm(request, monkeypatch, operators):
    """The stub package with the plugin registered, on a gfx1100."""
    monkeypatch.setattr(arch, "target", lambda: ("gfx1100", None))
    kernels = layouts.install(request.param)
    importlib.import_module("w4a16.vllm_plugin").register()
    plugin = importlib.import_module("w4a16.vllm_kernel")
    plugin.operators.cache_clear()
    monkeypatch.setattr(plugin, "operators", lambda: (torch.ops.w4a16, None))
    kernels.plugin, kernels.layout = plugin, request.param
    yield kernels
    layouts.forget()
