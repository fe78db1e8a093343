# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""
The engine of scripts/rivals.sh: this library's kernels, a Triton kernel (triton_w4a16.py) and the code objects of case files in
one table, on the same shapes in the same model of a card. Every figure is of the simulator.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import triton_w4a16 as rival

GAP_US = 2.9  # a launch that depends on the one before it: docs/timing.md
SIGNATURE = {"x": "*{}", "qweight": "*i32", "scales": "*{}", "qzeros": "*i32", "out": "*{}", "M": "i32", "N": "i32", "K": "i32"}
HEADER = "| kernel | launches | us | range | memory MB | million instructions | error |\n| --- | --: | --: | --: | --: | --: | --: |"


def called(program, *words):
    """The JSON that a program prints; its own words where it fails."""
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{program} {' '.join(map(str, words))}: {done.stderr.strip()}")
    return json.loads(done.stdout)


# ---- numbers -------------------------------------------------------------------------------------------------


def to_type(values, act):
    """To the bits of fp16, or of bf16 rounded to nearest even; and these as fp64."""
    if act == "fp16":
        halves = values.astype(np.float16)
        return halves, halves.astype(np.float64)
    bits = values.astype(np.float32).view(np.uint32)
    bits = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)
    return bits, (bits.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


class Layer:
    """A random layer in GPTQ's layout, written to files, and its exact weights."""

    def __init__(self, folder, N, K, act, group, asymmetric):
        random = np.random.default_rng(1)
        self.N, self.K, self.act, self.group, self.asymmetric = N, K, act, group, asymmetric
        nibbles = random.integers(0, 16, (K, N), np.uint8)
        zeros = random.integers(0, 16, (K // group, N), np.uint8) if asymmetric else np.full((K // group, N), 8, np.uint8)
        stored, scales = to_type(random.uniform(0.5, 1, (K // group, N)) / (8 * math.sqrt(K)), act)
        self.weights = (nibbles.astype(np.float64) - zeros.repeat(group, 0)) * scales.repeat(group, 0)
        self.folder, self.random = folder, random
        qweight = sum(nibbles[n::8].astype(np.uint32) << 4 * n for n in range(8))
        qzeros = sum(zeros[:, n::8].astype(np.uint32) << 4 * n for n in range(8))
        for name, array in ("qweight", qweight), ("scales", stored), ("qzeros", qzeros):
            np.save(folder / f"{name}.npy", array)

    def product(self, M):
        """Writes M activations and the exact result."""
        stored, exact = to_type(self.random.standard_normal((M, self.K)), self.act)
        np.save(self.folder / "x.npy", stored)
        np.save(self.folder / "right.npy", exact @ self.weights)


# ---- rows ----------------------------------------------------------------------------------------------------


def ours(options, layer, M):
    """The product as the plan has it."""
    row = called(options.w4a16, "bench", "--device", "sim", "--card", options.card, "--n", layer.N, "--k", layer.K, "--m", M,
                 "--act", layer.act, "--group-size", layer.group, *["--asymmetric"] * layer.asymmetric,
                 *["--range"] * options.range, "--json", "--no-progress")["rows"][0]
    return {"kernel": row["kernel"], "launches": row["launches"], "us": row["modelled_us_with_gaps"],
            "range": row["range_us"], "bytes": row["memory_bytes"], "instructions": row["sim_wave_instructions"],
            "error": row["relative_error"]}


def case(options, name, object_bytes, kernel, lds, warps, grid, arguments, in_l2, folder, result):
    path = folder / f"{name}.hsaco"
    path.write_bytes(object_bytes)
    return {"name": name, "card": options.card, "object": str(path), "kernel": kernel, "grid": [grid[0] * 32 * warps, *grid[1:]],
            "block": [32 * warps], "dynamic_lds": lds, "arguments": arguments + ["null", "null"], "in_l2": in_l2,
            "expected": {"argument": result, "file": "right.npy"}}


def timed(options, folder, cases, ranged):
    path = folder / "cases.json"
    path.write_text(json.dumps({"cases": cases}))
    return called(options.rdnasim, "time", "--json", *["--range"] * ranged, path)["rows"]


def kept(options, one, argument, file):
    """Runs a case once more and keeps a buffer."""
    words = [word for n, text in enumerate(one["arguments"], 1)
             for word in ("--arg", text + f"={file}" * (n == argument))]
    called(options.rdnasim, "run", one["object"], "--kernel", one["kernel"], "--grid", ",".join(map(str, one["grid"])),
           "--block", one["block"][0], "--dynamic-lds", one["dynamic_lds"], *words, "--json")


def launches_of(options, layer, M, kernel, constants, warps):
    """The cases of a configuration: the product, and with parts of K their sum."""
    folder, act, parts = layer.folder, layer.act, constants["PARTS"]
    element = act.replace("fp", "f")
    constants = dict(constants, GROUP=layer.group, ZEROS=layer.asymmetric)
    signature = {name: text.format(act) for name, text in SIGNATURE.items()}
    if parts > 1:
        signature["out"] = "*fp32"
    made, name, lds = rival.compiled(kernel, signature, constants, warps)
    label = f"{name} {' '.join(str(v) for v in constants.values())} {warps}".replace(" ", "_")
    rows = math.ceil(M / constants.get("BLOCK_M", M))
    out = f"zeros:f32[{parts * M * layer.N}]" if parts > 1 else f"zeros:{element}[{M * layer.N}]"
    files = [f"file:{folder}/{one}.npy" for one in ("x", "qweight", "scales", "qzeros")]
    sizes = [f"i32:{size}" for size in (M, layer.N, layer.K)]
    product = case(options, label, made, name, lds, warps, [rows, layer.N // constants["BLOCK_N"], parts],
                   files + [out] + sizes, [1], folder, 5)
    if parts == 1:
        return [product]
    del product["expected"]
    made, name, lds = rival.compiled(rival.w4a16_add, {"parts": "*fp32", "out": f"*{act}", "count": "i32"},
                                     {"PARTS": parts, "BLOCK": 1024}, 4)
    total = case(options, f"{label}_add", made, name, lds, 4, [math.ceil(M * layer.N / 1024), 1, 1],
                 [f"zeros:f32[{parts * M * layer.N}]", f"zeros:{element}[{M * layer.N}]", f"i32:{M * layer.N}"], [1], folder, 2)
    return [product, total]


def triton(options, layer, M):
    """The fastest configuration of those that are tried."""
    best, best_us = None, math.inf
    for configuration in rival.configurations(M, layer.group):
        cases = launches_of(options, layer, M, *configuration)
        us = sum(row["modelled_us"] for row in timed(options, layer.folder, cases, False)) + GAP_US * (len(cases) - 1)
        if us < best_us:
            best, best_us = cases, us
    if len(best) == 2:
        parts = layer.folder / "parts.npy"
        kept(options, best[0], 5, parts)
        best[1]["arguments"][0] = f"file:{parts}"
    rows = timed(options, layer.folder, best, options.range)
    return summed(best[0]["name"].replace("w4a16", "triton", 1), rows)


def summed(name, rows):
    """One row of the launches of a product, the last of which makes the result."""
    gaps = GAP_US * (len(rows) - 1)
    ranged = rows[0]["least_us"] is not None
    least, most = (sum(row[key] or 0 for row in rows) + gaps for key in ("least_us", "most_us"))
    return {"kernel": name, "launches": len(rows), "us": sum(row["modelled_us"] for row in rows) + gaps,
            "range": f"{least:.2f}-{most:.2f}" if ranged else None, "bytes": sum(row["memory_bytes"] for row in rows),
            "instructions": sum(row["instructions"] - row["idle_instructions"] for row in rows),
            "error": rows[-1]["relative_error"]}


def show(row):
    error = "" if row["error"] is None else f"{row['error']:.2e}"
    print(f"| {row['kernel']} | {row['launches']} | {row['us']:.2f} | {row['range'] or ''} | {row['bytes'] / 1e6:.2f} "
          f"| {row['instructions'] / 1e6:.3f} | {error} |", flush=True)


# ---- all of it -----------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(prog="rivals.sh", description="Modelled times of this library's kernels and of rivals'.")
    parser.add_argument("--w4a16", help=argparse.SUPPRESS)
    parser.add_argument("--rdnasim", help=argparse.SUPPRESS)
    parser.add_argument("--card", default="7900 XTX")
    parser.add_argument("--n", type=int, default=4096)
    parser.add_argument("--k", type=int, default=4096)
    parser.add_argument("--m", default="1,16,64,128,512", help="rows of activations (default 1,16,64,128,512)")
    parser.add_argument("--act", choices=("both", "fp16", "bf16"), default="both")
    parser.add_argument("--group-size", type=int, default=128)
    parser.add_argument("--asymmetric", action="store_true")
    parser.add_argument("--range", action="store_true", help="also with figures of the model at their other end")
    parser.add_argument("cases", nargs="*", metavar="CASES.json", help="other kernels, as rdnasim time takes them")
    options = parser.parse_args()
    if options.n % 128 or options.k % 1024 or options.k % options.group_size or options.group_size % 64:
        parser.error("accepted are N in multiples of 128, K of 1024 and of the group size, and groups of 64, 128, ...")
    print("Modelled by the simulator, not measured: a real card is expected to take 1.1 to 1.2 times as long for tiles, 1.05\n"
          "times and 3 us more for decode, and more where few waves run (docs/timing.md).\n")
    for act in ("fp16", "bf16") if options.act == "both" else (options.act,):
        with tempfile.TemporaryDirectory() as folder:
            layer = Layer(pathlib.Path(folder), options.n, options.k, act, options.group_size, options.asymmetric)
            for M in map(int, options.m.split(",")):
                print(f"M = {M}, N = {options.n}, K = {options.k}, {act}, {options.card}, cold\n\n{HEADER}")
                layer.product(M)
                show(ours(options, layer, M))
                show(triton(options, layer, M))
                print(flush=True)
    for path in options.cases:
        print(f"{path}\n\n{HEADER}")
        for row in called(options.rdnasim, "time", "--json", *["--range"] * options.range, path)["rows"]:
            show(summed(row["case"], [row]))
        print()


if __name__ == "__main__":
    main()
