# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""python -m w4a16 doctor, and what an import says where operators cannot be had."""

import os
import subprocess
import sys

import pytest

CHECKS = ["library", "GPU", "PyTorch", "operators", "product", "vLLM"]


def run(*arguments, directory=None, **environment):
    environment = {**os.environ, **environment}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=directory, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def findings(out):
    lines = [line.split(maxsplit=2) for line in out.splitlines()]
    return {name: (mark, text) for name, mark, text in lines}


def test_here():
    code, out, _ = run("-m", "w4a16", "doctor")
    found = findings(out)
    assert list(found) == CHECKS
    assert all(found[name][0] == "yes" for name in ("library", "PyTorch", "operators", "product"))
    assert found["library"][1].startswith(os.environ["W4A16_LIBRARY"])
    assert code == any(mark == "no" for mark, _ in found.values())


def test_no_library():
    code, out, _ = run("-m", "w4a16", "doctor", W4A16_LIBRARY="/nowhere.so")
    assert code == 1
    assert all(findings(out)[name][0] == "no" for name in ("library", "GPU", "operators", "product"))


def test_no_pytorch(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')")
    paths = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    code, out, _ = run("-m", "w4a16", "doctor", PYTHONPATH=paths)
    found = findings(out)
    assert code == 1 and found["PyTorch"][0] == "no" and found["PyTorch"][1].startswith("no torch here; install")
    assert found["library"][0] == "yes"


@pytest.mark.parametrize("error", ["OSError('libhsa-runtime64.so.1')", "RuntimeError('two\\nlines')", "KeyError('k')"])
def test_pytorch_that_cannot_be_imported(tmp_path, error):
    (tmp_path / "torch.py").write_text(f"raise {error}")
    paths = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    code, out, err = run("-m", "w4a16", "doctor", PYTHONPATH=paths)
    found = findings(out)
    assert code == 1 and not err and list(found) == CHECKS
    assert all(found[name][0] == "no" for name in ("PyTorch", "operators", "product"))


def test_another_library():
    code, out, err = run("-m", "w4a16", "doctor", W4A16_LIBRARY="libc.so.6")
    found = findings(out)
    assert code == 1 and not err and list(found) == CHECKS
    for check in ("library", "GPU", "operators", "product"):
        assert found[check][0] == "no" and found[check][1].startswith("libc.so.6 is another library, or of another")


def test_a_directory_named_vllm(tmp_path):
    (tmp_path / "vllm").mkdir()
    code, out, err = run("-S", "-m", "w4a16", "doctor", directory=tmp_path)  # -S: without site-packages
    assert not err and findings(out)["vLLM"] == ("absent", "vLLM is not installed")


WITH_GPU = """
import torch
from w4a16 import arch, doctor
arch.target = lambda: ({target!r}, None)
{before}
raise SystemExit(doctor.main())
"""


def with_gpu(target, before=""):
    code, out, _ = run("-c", WITH_GPU.format(target=target, before=before))
    return code, findings(out)


def test_a_gpu_without_kernels():
    _, found = with_gpu("gfx1201")
    assert found["GPU"][0] == "absent" and found["GPU"][1].startswith('gfx1201: no kernels for target "gfx1201"; there')


def test_a_gpu_that_pytorch_cannot_use():
    code, found = with_gpu("gfx1100", "torch.version.hip = None")
    assert found["GPU"] == ("yes", "gfx1100, which there are kernels for")
    assert code == 1 and found["PyTorch"][0] == "no" and "install in its place the ROCm build" in found["PyTorch"][1]
    code, found = with_gpu("gfx1100", "torch.version.hip = '7.1'; torch.cuda.device_count = lambda: 0")
    assert code == 1 and found["PyTorch"][0] == "no" and "groups video and render" in found["PyTorch"][1]


def test_a_directory_named_torch(tmp_path):
    """As this project's sources have one: where Python is started in them without PyTorch, it imports as a package."""
    (tmp_path / "torch").mkdir()
    code, out, err = run("-S", "-m", "w4a16", "doctor", directory=tmp_path)  # -S: without site-packages
    found = findings(out)
    assert code == 1 and not err
    for check in ("PyTorch", "operators", "product"):
        assert found[check][0] == "no" and f"the directory {tmp_path / 'torch'} is imported" in found[check][1]


def test_importing_the_operators_without_a_library():
    code, out, _ = run(
        "-c", "try:\n    import w4a16.ops\nexcept ImportError as error:\n    print(error)", W4A16_LIBRARY="/nowhere.so"
    )
    assert code == 0 and out.startswith("/nowhere.so: cannot open")


def test_registration_without_pytorch():
    """The library is loaded into a process that has no PyTorch: a sentence, not a crash, and none of the operators."""
    code, out, _ = run(
        "-c",
        "import ctypes, os; l = ctypes.CDLL(os.environ['W4A16_LIBRARY']); r = l.w4a16_torch_register; "
        "r.restype = ctypes.c_char_p; print(r().decode()); assert r() == r()",
    )
    assert code == 0 and "import torch first" in out


def test_all_or_none():
    """One of the names is taken: the others do not appear either."""
    code, out, _ = run(
        "-c",
        "import torch; torch.library.define('w4a16::pack', '(Tensor x) -> Tensor')\n"
        "try:\n    import w4a16.ops\nexcept ImportError as error:\n    print(error)\n"
        "print(hasattr(torch.ops.w4a16, 'linear'), hasattr(torch.ops.w4a16, 'pack'))",
    )
    assert code == 0 and out.splitlines()[0].startswith("PyTorch refused to register the operators")
    assert out.splitlines()[1] == "False True"


def test_importing_the_package_loads_nothing():
    code, out, _ = run("-c", "import sys, w4a16; print('torch' in sys.modules, 'ctypes' in sys.modules)")
    assert code == 0 and out.split() == ["False", "False"]


def test_wrong_use():
    code, _, err = run("-m", "w4a16")
    assert code == 2 and "verb" in err
