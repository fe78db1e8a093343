# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The entry point alone: what it may import, and that it never fails the process that calls it."""

import importlib
import itertools
import logging
import os
import subprocess
import sys
from types import SimpleNamespace

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


def test_asked_for_the_cpu_it_waits_without_a_card():
    found = "arch.detect_visible = lambda n=0: (None, 'no AMD GPU')"
    after = "assert vllm_plugin._finder in sys.meta_path"
    command = [sys.executable, "-c", REGISTER.format(before=found) + after]
    subprocess.run(command, env={**os.environ, "W4A16_VLLM_CPU": "1"}, check=True)


LOGGED = """
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stdout)
vllm_plugin.register()
"""


def test_a_library_that_cannot_be_loaded_is_warned_of_once():
    warning, rest = imported_by_registering(LOGGED, W4A16_LIBRARY="/nowhere/libw4a16.so").splitlines()
    assert warning.startswith("WARNING vllm.w4a16 vLLM keeps its own kernels for 4-bit weights: w4a16 cannot be used: ")
    assert "/nowhere/libw4a16.so" in warning and rest == "[]"


@pytest.mark.parametrize(
    "found, why",
    [("(None, 'no AMD GPU')", "no AMD GPU"), ("('gfx1201', None)", 'no kernels for target "gfx1201"')],
)
def test_a_card_without_kernels_is_a_note(found, why):
    note, rest = imported_by_registering(
        f"arch.detect_visible = lambda n=0: {found}" + LOGGED + "assert vllm_plugin._finder not in sys.meta_path"
    ).splitlines()
    assert note.startswith(f"INFO vllm.w4a16 vLLM keeps its own kernels for 4-bit weights: {why}") and rest == "[]"


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


KERNELS = "class MPLinearKernel: pass\n_POSSIBLE_KERNELS = []\n"
METHOD = "class {}:\n    def create_weights(self, *_): pass\n    process_weights_after_loading = apply = create_weights\n"
Q = "model_executor.layers.quantization"
MOE_METHODS = f"{Q}.compressed_tensors.compressed_tensors_moe.compressed_tensors_moe_wna16"
# Modules of vLLM, by release, and the classes of methods in them.
PACKAGES = {
    "older": {
        f"{Q}.kernels.mixed_precision": None,
        f"{Q}.awq": "AWQLinearMethod",
        f"{Q}.gptq": "GPTQLinearMethod",
        f"{Q}.moe_wna16": "MoeWNA16Method",
    },
    "current": {
        "model_executor.kernels.linear": None,
        f"{Q}.auto_awq": "AutoAWQLinearMethod",
        f"{Q}.moe_wna16": "MoeWNA16Method",
        MOE_METHODS: "CompressedTensorsWNA16MoEMethod",
    },
}


@pytest.fixture(params=PACKAGES)
def package(request, gfx1100, tmp_path, monkeypatch):
    """A vLLM on disk, not imported yet."""
    layouts.forget()
    for name, method in PACKAGES[request.param].items():
        file = tmp_path.joinpath("vllm", *name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        for folder in itertools.takewhile(lambda folder: folder != tmp_path, file.parents):
            (folder / "__init__.py").touch()
        file.write_text(METHOD.format(method) if method else KERNELS)
    monkeypatch.syspath_prepend(tmp_path)
    return PACKAGES[request.param]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=lambda order: "".join(map(str, order)))
@pytest.mark.parametrize("registered_after", [0, 2, 4])
def test_modules_are_changed_in_every_order_of_import(order, registered_after, package, caplog):
    plugin = importlib.import_module("w4a16.vllm_plugin")
    for count, place in enumerate(order):
        if count == registered_after:
            plugin.register()
        importlib.import_module(f"vllm.{list(package)[place]}")
    plugin.register()
    for name, method in package.items():
        module = sys.modules[f"vllm.{name}"]
        if method:
            assert "w4a16_routed" in vars(getattr(module, method))
        else:
            assert [kernel.__name__ for kernel in module._POSSIBLE_KERNELS] == ["W4A16LinearKernel"]
    assert not caplog.records


def test_the_plugin_s_modules_import_nothing_of_vllm(package):
    """So none of them can be found half imported by a module of vLLM that it has caused to be imported."""
    for name in ("vllm_kernel", "vllm_methods", "vllm_moe", "vllm_plugin"):
        importlib.import_module(f"w4a16.{name}")
    importlib.import_module("w4a16.vllm_plugin").register()
    assert "vllm" not in sys.modules


@pytest.mark.parametrize("package", ["older"], indirect=True)
def test_mixtures_of_releases_without_experts_classes_are_left_to_vllm(package, caplog):
    importlib.import_module("w4a16.vllm_plugin").register()
    method = importlib.import_module(f"vllm.{Q}.moe_wna16").MoeWNA16Method()
    layer = SimpleNamespace()
    with caplog.at_level(logging.INFO, "vllm.w4a16"):
        method.create_weights(layer, 4, 128, 64, None)
        method.process_weights_after_loading(layer)
    assert layer.w4a16_loads is None
    assert ["no place for an experts class" in record.getMessage() for record in caplog.records] == [True]
