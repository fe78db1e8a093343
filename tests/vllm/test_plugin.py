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
    assert imported_by_registering("arch.detect_visible = lambda n=0: (None, 'no AMD GPU')") == "[]"


def test_without_the_library_it_does_the_same():
    assert imported_by_registering(W4A16_LIBRARY="/nowhere/libw4a16.so") == "[]"


def test_with_a_card_it_waits_for_vllm():
    assert imported_by_registering("arch.detect_visible = lambda n=0: ('gfx1100', None)") == "[]"


@pytest.fixture
def gfx1100(monkeypatch):
    monkeypatch.setattr(arch, "target", lambda: ("gfx1100", None))
    yield
    layouts.forget()


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
def test_a_part_that_has_changed_is_logged_and_the_others_registered(layout, gfx1100, caplog):
    kernels = layouts.install(layout)
    del kernels._POSSIBLE_KERNELS
    importlib.import_module("w4a16.vllm_plugin").register()
    assert "w4a16_routed" in vars(kernels.AWQMethod)
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1 and warnings[0].startswith(f"{kernels.__name__} keeps vLLM's own kernels: Attribute")


def test_modules_are_changed_after_whoever_imports_them_first(gfx1100, tmp_path, monkeypatch, caplog):
    layouts.forget()
    for package in ("vllm", "vllm/model_executor", "vllm/model_executor/kernels"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "vllm/model_executor/kernels/linear.py").write_text("_POSSIBLE_KERNELS = []\nMPLinearKernel = object\n")
    monkeypatch.syspath_prepend(tmp_path)
    plugin = importlib.import_module("w4a16.vllm_plugin")
    plugin.register()
    plugin.register()
    assert "vllm" not in sys.modules
    module = importlib.import_module("vllm.model_executor.kernels.linear")
    assert [kernel.__name__ for kernel in module._POSSIBLE_KERNELS] == ["W4A16LinearKernel"]
    assert not caplog.records
