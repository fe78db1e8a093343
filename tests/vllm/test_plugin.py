# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The entry point alone: what it may import, and that it never fails the process that calls it."""

import importlib
import logging
import os
import subprocess
import sys

import layouts
import pytest

from w4a16 import arch

REGISTER = """
import sys
from w4a16 import arch, vllm_plugin
{before}
vllm_plugin.register()
print(sorted({{name.split(".")[0] for name in sys.modules}} & {{"torch", "vllm", "numpy"}}))
"""


def imported_by_registering(before="", **environment):
    command = [sys.executable, "-c", REGISTER.format(before=before)]
    return subprocess.run(
        command, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_without_a_card_it_imports_neither_torch_nor_vllm():
    assert imported_by_registering("arch.detect = lambda n=0: (None, 'no AMD GPU')") == "[]"


def test_without_the_library_it_does_the_same():
    assert imported_by_registering(W4A16_LIBRARY="/nowhere/libw4a16.so") == "[]"


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
def test_a_part_that_vllm_lacks_is_logged_and_the_other_registered(layout, monkeypatch, caplog):
    monkeypatch.setattr(arch, "target", lambda: ("gfx1100", None))
    kernels = layouts.install(layout)
    del kernels._POSSIBLE_KERNELS
    importlib.import_module("w4a16.vllm_plugin").register()
    assert "w4a16_routed" in vars(kernels.AWQMethod)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1 and warnings[0].startswith("GPTQ and compressed-tensors layers are left to vLLM's own")
    layouts.forget()


def test_a_vllm_of_unknown_layout_is_left_alone(monkeypatch, caplog):
    monkeypatch.setattr(arch, "target", lambda: ("gfx1100", None))
    kernels = layouts.install("current")
    del sys.modules[kernels.__name__]
    importlib.import_module("w4a16.vllm_plugin").register()
    assert "this vLLM has none of" in caplog.text
    layouts.forget()
