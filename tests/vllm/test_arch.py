# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The card's name and the kernel table, as Python sees them through ctypes."""

import ctypes
from types import SimpleNamespace

import pytest
import torch
from conftest import needs

from w4a16 import arch, structs

GFX11 = ["gfx1100", "gfx1101", "gfx1102", "gfx1103", "gfx1150", "gfx1151", "gfx1152", "gfx1153"]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    lists = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
    for name in (*lists, "HSA_OVERRIDE_GFX_VERSION", "W4A16_TARGET"):
        monkeypatch.delenv(name, raising=False)


def sysfs(root, *versions):
    for node, version in enumerate(versions):
        folder = root / "class/kfd/kfd/topology/nodes" / str(node)
        folder.mkdir(parents=True)
        (folder / "properties").write_text(f"simd_count 4\ngfx_target_version {version}\n")
    return str(root)


def test_structures_are_the_library_s():
    options, problem = structs.DeviceOptions(), structs.Problem()
    arch.library().w4a16_device_options_init(options, ctypes.sizeof(options))
    arch.library().w4a16_problem_init(problem, ctypes.sizeof(problem))
    assert options.kind == structs.DEVICE_SIM and options.target is None
    assert (problem.act, problem.weights.scale_type) == (structs.F16, structs.F16)
    assert problem.weights.zeros == structs.ZEROS_NONE


def test_init_writes_no_more_than_it_is_told():
    problem = structs.Problem()
    ctypes.memset(ctypes.byref(problem), 0xAA, ctypes.sizeof(problem))
    arch.library().w4a16_problem_init(problem, structs.Problem.shape.offset)
    assert bytes(problem)[structs.Problem.shape.offset :] == b"\xaa" * (
        ctypes.sizeof(problem) - structs.Problem.shape.offset
    )


def test_another_version_s_library_is_refused(monkeypatch):
    monkeypatch.setattr(structs, "VERSION", "0.999.0")
    with pytest.raises(OSError, match=r"is of version \d+\.\d+\.\d+, this package of 0\.999\.0"):
        arch.library.__wrapped__()


def test_another_library_is_refused(monkeypatch):
    monkeypatch.setenv("W4A16_LIBRARY", "libc.so.6")
    with pytest.raises(OSError, match="libc.so.6 is another library, or of another version than this package: .*w4a16_"):
        arch.library.__wrapped__()


def test_card_s_name_comes_from_sysfs(tmp_path):
    root = sysfs(tmp_path, 0, 110000, 110501)
    assert arch.detect(0, root) == ("gfx1100", None)
    assert arch.detect(1, root) == ("gfx1151", None)
    name, why = arch.detect(2, root)
    assert name is None and "no AMD GPU number 2" in why


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({}, "gfx1100"),
        ({"HIP_VISIBLE_DEVICES": "1,0"}, "gfx1151"),
        ({"ROCR_VISIBLE_DEVICES": "1"}, "gfx1151"),
        ({"ROCR_VISIBLE_DEVICES": "1", "HIP_VISIBLE_DEVICES": "0"}, "gfx1151"),
        ({"ROCR_VISIBLE_DEVICES": "1,0", "HIP_VISIBLE_DEVICES": "1"}, "gfx1100"),
        ({"HIP_VISIBLE_DEVICES": "0", "CUDA_VISIBLE_DEVICES": "1"}, "gfx1100"),
        ({"CUDA_VISIBLE_DEVICES": "1"}, "gfx1151"),
        ({"HSA_OVERRIDE_GFX_VERSION": "11.0.0", "HIP_VISIBLE_DEVICES": "1"}, "gfx1100"),
        ({"HSA_OVERRIDE_GFX_VERSION": "9.0.10"}, "gfx90a"),
        ({"HSA_OVERRIDE_GFX_VERSION_1": "11.0.2", "HSA_OVERRIDE_GFX_VERSION": "11.0.3"}, "gfx1102"),
        ({"GPU_DEVICE_ORDINAL": "1"}, "gfx1151"),
        ({"W4A16_TARGET": "gfx1103", "HIP_VISIBLE_DEVICES": "1"}, "gfx1103"),
    ],
)
def test_visibility_variables_choose_the_card(tmp_path, monkeypatch, variables, expected):
    root = sysfs(tmp_path, 0, 110000, 110501)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert arch.detect_visible(root=root) == (expected, None)


def see(monkeypatch, *cards, tree=True):
    """The visible cards of this machine, in the driver's tree or not."""
    found = [(name, None) for name in cards]
    none = (None, "no such card")
    monkeypatch.setattr(arch, "detect_visible", lambda n=0, root=None: found[n] if tree and n < len(found) else none)
    monkeypatch.setattr(arch, "detect", lambda n=0, root=None: found[n] if tree and n < len(found) else none)


def rocm(monkeypatch, *cards, current=None):
    """A ROCm build of PyTorch that sees these cards; the GPU is open if one of them is the current one."""
    monkeypatch.setattr(torch.version, "hip", "7.0")
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: current is not None)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: current)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda n: SimpleNamespace(gcnArchName=cards[n]))


@pytest.mark.parametrize("current, name", [(None, "gfx1100"), (0, "gfx1100"), (1, "gfx1151")])
@pytest.mark.parametrize("tree", [True, False])
def test_each_process_decides_by_its_own_card(monkeypatch, current, name, tree):
    """Without the driver's tree, as under WSL2, by what PyTorch says."""
    see(monkeypatch, "gfx1100", "gfx1151", tree=tree)
    rocm(monkeypatch, "gfx1100", "gfx1151", current=current)
    assert arch.target() == (name, None) and arch.unusable() is None


def test_features_are_no_part_of_a_name(monkeypatch):
    see(monkeypatch)
    rocm(monkeypatch, "gfx90a:sramecc+:xnack-")
    assert arch.target() == ("gfx90a", None)


def test_pytorch_is_not_asked_where_the_driver_or_a_person_can_say(monkeypatch):
    rocm(monkeypatch, "gfx1200")
    monkeypatch.setattr(torch.cuda, "get_device_properties", None)
    see(monkeypatch, "gfx1100")
    assert arch.target() == ("gfx1100", None)
    monkeypatch.undo()
    rocm(monkeypatch)
    monkeypatch.setenv("W4A16_TARGET", "gfx1100")
    assert arch.target() == ("gfx1100", None) and arch.unusable() is None
    monkeypatch.setenv("W4A16_TARGET", "RX 7900")
    assert arch.target()[0] is None and 'W4A16_TARGET is "RX 7900"' in arch.unusable()


def test_what_pytorch_raises_is_the_reason(monkeypatch):
    see(monkeypatch)
    rocm(monkeypatch)
    why = arch.target()[1]
    assert why.startswith("the driver shows no AMD GPU, and PyTorch says of GPU 0: ")


def test_one_card_with_kernels_is_enough_to_wait_for_vllm(monkeypatch):
    see(monkeypatch, "gfx1036", "gfx1100")
    assert arch.unusable() is None
    see(monkeypatch, "gfx1036", "gfx1170")
    assert 'no kernels for target "gfx1036"' in arch.unusable()
    see(monkeypatch)
    assert arch.unusable() == "no such card"


HELPERS = {
    "on_gfx1x": GFX11 + ["gfx1201"],
    "on_gfx11": GFX11,
    "on_gfx110x": GFX11[:4],
    "on_gfx115x": GFX11[4:],
    "on_gfx12x": ["gfx1201"],
    **{f"on_{name}": [name] for name in GFX11},
}


@pytest.mark.parametrize("name", GFX11 + ["gfx1201", "gfx1170", "gfx1250", "gfx942", "gfx90a", "gfx1036", None])
def test_helpers_answer_as_vllm_s(monkeypatch, name):
    monkeypatch.setattr(arch, "target", lambda: (name, None if name else "no AMD GPU"))
    for helper, names in HELPERS.items():
        assert getattr(arch, helper)() == (name in names), helper


@pytest.mark.parametrize("name", GFX11)
@pytest.mark.parametrize("act", [structs.F16, structs.BF16])
@pytest.mark.parametrize("symmetric", [True, False])
def test_table_takes_the_usual_layers(name, act, symmetric):
    needs(name)
    for group_size in (32, 64, 128, 4096):
        assert arch.supports(name, 4096, 11008, group_size, act, act, symmetric) == (True, None)


def test_table_s_reason_is_handed_on():
    taken, why = arch.supports("gfx1100", 4096, 4096, 100, structs.F16, structs.F16, True)
    assert not taken and "group_size is 100" in why and "multiples of 16" in why
    taken, why = arch.supports("gfx1201", 4096, 4096, 128, structs.F16, structs.F16, True)
    assert not taken and 'no kernels for target "gfx1201"' in why
