# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""scripts/rivals.sh's engine on a small layer: every row is there, right, and of different times. Skipped without Triton.

    rivals.py W4A16 RDNASIM KERNELS
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from checks import check, end

try:
    import numpy  # noqa: F401
    import triton  # noqa: F401
except ImportError as why:
    print(f"skipped: {why}")
    sys.exit(77)

w4a16, rdnasim, kernels = sys.argv[1:]
root = pathlib.Path(__file__).parents[2]


def rows(*words):
    done = subprocess.run([sys.executable, root / "scripts/rivals.py", "--w4a16", w4a16, "--rdnasim", rdnasim, "--n", "256", "--k",
                           "1024", *words], capture_output=True, text=True)
    check(f"{words}", done.returncode == 0, done.stderr)
    check("says that nothing was measured", "not measured" in done.stdout, done.stdout)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if line.startswith("| ")]
    return [row for row in cells if row[0] != "kernel" and not row[0].startswith("-")]


with tempfile.TemporaryDirectory() as folder:
    os.environ.update(TRITON_CACHE_DIR=folder, TRITON_DEFAULT_FP_FUSION="1")
    for extra in ([], ["--asymmetric", "--group-size", "64", "--range"]):
        got = rows("--m", "1,32", *extra)
        check("rows", [row[0].split("_")[0] for row in got] == ["w4a16", "triton"] * 4, got)
        for row in got:
            check("an error", 0 < float(row[6]) < 4e-3, row)
            check("time, bytes, instructions", float(row[2]) > 3 and float(row[4]) > 0.1 and float(row[5]) > 0, row)
            check("a range where it is asked for", bool(row[3]) == bool(extra), row)
            if extra:
                least, most = map(float, row[3].split("-"))
                check("the time lies in it", least <= float(row[2]) <= most, row)
        check("fp16 is nearer than bf16", all(float(a[6]) < float(b[6]) / 3 for a, b in zip(got[:4], got[4:])), got)
        check("two launches have a gap", all(float(row[2]) > 2.9 for row in got if row[1] == "2"), got)
    # A case file beside: the decode kernel of tests/timing.
    (pathlib.Path(folder) / "decode.gfx1100.hsaco").write_bytes((pathlib.Path(kernels) / "decode.gfx1100.hsaco").read_bytes())
    case = pathlib.Path(folder) / "ours.json"
    case.write_bytes((root / "tests/timing/ours.json").read_bytes())
    got = rows("--m", "1", "--act", "fp16", str(case))
    check("the case's rows", [row[0] for row in got[2:]][0] == "decode f16 m1, N = K = 4096" and len(got) == 5, got)
end()
