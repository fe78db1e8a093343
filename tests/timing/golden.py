#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Modelled cycles of small products, against those of golden.csv: a change of more than 1 % fails, and any is shown.

    golden.py W4A16            compares
    golden.py W4A16 --accept   writes golden.csv anew: for whoever has seen why cycles changed
"""
import csv
import json
import pathlib
import subprocess
import sys

GOLDEN = pathlib.Path(__file__).parent / "golden.csv"
LIMIT = 0.01
# Arguments of bench: between them each family of kernels, layers with zeros, and another card.
RUNS = ["--n 512 --k 512 --m 1,8,16,32,64,128", "--n 512 --k 512 --m 128,256 --kernel-mask w4a16_strip*",
        "--n 1024 --k 512 --m 1,64 --asymmetric", "--n 512 --k 512 --m 1,32 --card W7900",
        "--n 256 --k 256 --experts 16 --top-k 4 --m 1,64"]


def modelled(program, arguments):
    command = [program, "bench", "--device", "sim", "--json", "--no-progress", *arguments.split()]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    for r in report["rows"]:
        yield (arguments, str(r["m"]), r["kernel"]), r["modelled_cycles"]


def main():
    program, accept = sys.argv[1], sys.argv[2:] == ["--accept"]
    now = dict(row for arguments in RUNS for row in modelled(program, arguments))
    if accept:
        with GOLDEN.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([["bench", "m", "kernel", "cycles"], *([*key, cycles] for key, cycles in now.items())])
        return 0
    with GOLDEN.open(newline="") as file:
        before = {(r["bench"], r["m"], r["kernel"]): int(r["cycles"]) for r in csv.DictReader(file)}
    bad = 0
    for key in sorted(before.keys() | now.keys()):
        was, cycles = before.get(key), now.get(key)
        if was == cycles:
            continue
        wrong = was is None or cycles is None or abs(cycles - was) > LIMIT * was
        bad += wrong
        print(f"{'FAIL' if wrong else 'note'}: {' '.join(key)}: {was} -> {cycles} cycles"
              + (f", {100 * (cycles / was - 1):+.2f} %" if was and cycles else ""))
    print(f"{len(now)} products timed, {bad} differ by more than {100 * LIMIT:g} % or in their kernel")
    if bad:
        print("if that is meant: golden.py W4A16 --accept")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
