#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""The plan's cost, from the timing model: models products, makes the table of costs from them, and compares choices.

    scripts/plan-cost.py W4A16 measure       models what tests/plan/modelled.csv does not have yet
    scripts/plan-cost.py W4A16 fit           writes src/plan/gfx11/cost.def from what was modelled
    scripts/plan-cost.py W4A16 check         shows which chosen kernels are more than 5 % slower than the best, of what was modelled
    scripts/plan-cost.py W4A16 sample        the same of twenty small products, modelled now

W4A16 is the program. After kernels have changed, w4a16_strip* say: measure --fit --again --kernels w4a16_strip, fit, build,
sample. Modelling can be stopped at any time and goes on, without --again, where it stopped.
"""
import argparse
import collections
import concurrent.futures
import csv
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "tests/plan/modelled.csv"
TABLE = ROOT / "src/plan/gfx11/cost.def"
COLUMNS = ["card", "type", "n", "k", "m", "kernel", "us"]

# ---- what is modelled ------------------------------------------------------------------------------------------------

# For the table: a 7900 XTX has 48 pairs of compute units. Numbers of tiles that leave some idle, that fill each once, twice,
# ..., and a few more; and two sizes of K, whose difference is what its blocks cost.
FIT_CARD, FIT_MHZ, BLOCK_K = "7900 XTX", 2500, 32
FIT_TILES = {"decode": [16, 48, 52, 96, 100, 144, 288],
             "strip": [16, 48, 52, 96, 100, 144, 148, 192, 240, 288],
             "matrix": [16, 32, 48, 96, 192]}
FIT_K = {"decode": (4096, 8192), "strip": (4096, 8192), "matrix": (2560, 5120)}
# For the comparison: layers (N, K) of Llama 3.1 8B and 70B, Qwen3 4B, 8B and 32B, and of shards of them.
CHECK_LAYERS = [(6144, 4096), (4096, 4096), (28672, 4096), (4096, 14336), (6144, 2560), (2560, 4096), (19456, 2560),
                (2560, 9728), (1024, 4096), (7168, 5120), (5120, 4096), (5120, 12800)]
CHECK_M = [1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512]
CHECK_CARDS = {"7900 XTX": "gfx1100", "7600": "gfx1102"}
LIMIT = 0.05
TYPES = ["fp16", "bf16"]
SAMPLE = [("7900 XTX", "fp16", 4096, 2048, m) for m in (8, 16, 24, 48, 64)] + [
    ("7900 XTX", "fp16", 1024, 4096, m) for m in (4, 16, 32, 64, 96, 128)] + [
    ("7900 XTX", "bf16", 2560, 2048, m) for m in (16, 32, 64, 96)] + [
    ("7600", "fp16", 2560, 2048, m) for m in (8, 16, 32, 64, 128)]

Point = collections.namedtuple("Point", COLUMNS[:-1])


def output(command):
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def parts(kernel):
    """Family, tile, rows and columns of the tile: w4a16_strip_f16_m32_g32_sym is of strip, strip_f16_m32, 32 and 32."""
    m = re.fullmatch(r"w4a16_((\w+?)_b?f16_(?:m(\d+)|(\d+)x(\d+)))_g\d+_\w+", kernel)
    return (m[2], m[1], int(m[3] or m[4]), int(m[5] or 32)) if m else None


def choices(program, card, kind, n, k, m):
    """{kernel: (chosen, cost)} of the kernels that compete, one per tile; of decode's the smallest that holds the rows."""
    report = output([program, "plan", "--json", "--all", "--target", CHECK_CARDS[card], "--act", kind, "--n", str(n),
                     "--k", str(k), "--m", str(m)])
    found, tiles = {}, set()
    for r in report["rows"]:
        family, tile, *_ = parts(r["kernel"])
        key = family if family == "decode" else tile
        if r["verdict"] != "no" and "same bits" not in r["reason"] and key not in tiles:
            tiles.add(key)
            found[r["kernel"]] = (r["verdict"] == "chosen", r["cost"])
    return found


def has_kernels(program, target):
    return subprocess.run([program, "plan", "--target", target], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def kernels_of(program):
    return [r["kernel"] for r in output([program, "info", "--kernels", "--json"])["rows"] if parts(r["kernel"])]


def points_to_fit(kernels):
    tiles = {}
    for kernel in kernels:
        if kernel.endswith("_sym"):
            tiles.setdefault(parts(kernel)[1], kernel)
    for kernel in tiles.values():
        family, _, rows, columns = parts(kernel)
        for count in FIT_TILES[family]:
            for k in FIT_K[family]:
                yield Point(FIT_CARD, "bf16" if "_bf16_" in kernel else "fp16", columns * count, k, rows, kernel)


def cases_to_check():
    return [(card, kind, n, k, m) for kind in TYPES for card in CHECK_CARDS for n, k in CHECK_LAYERS for m in CHECK_M]


# ---- modelling and its results ---------------------------------------------------------------------------------------


def read():
    if not RESULTS.exists():
        return {}
    with RESULTS.open(newline="") as file:
        return {Point(r["card"], r["type"], int(r["n"]), int(r["k"]), int(r["m"]), r["kernel"]): float(r["us"])
                for r in csv.DictReader(file)}


def write(results):
    with RESULTS.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([*point, f"{us:.3f}"] for point, us in sorted(results.items()))


def model(program, kernels, point):
    mask = ",".join(kernel for kernel in kernels if kernel != point.kernel)
    report = output([program, "bench", "--device", "sim", "--json", "--no-progress", "--threads", "1", "--card",
                     point.card, "--act", point.type, "--n", str(point.n), "--k", str(point.k), "--m", str(point.m),
                     "--kernel-mask", mask])
    return report["rows"][0]["modelled_us_with_gaps"]


def measure(options):
    kernels, results = kernels_of(options.program), read()
    wanted = list(points_to_fit(kernels))
    if not options.fit:
        wanted += [Point(*case, kernel) for case in cases_to_check() for kernel in choices(options.program, *case)]
    wanted = [p for p in dict.fromkeys(wanted) if p.kernel.startswith(options.kernels)]
    if options.again:
        write({p: us for p, us in results.items() if not p.kernel.startswith(options.kernels)})
    else:
        wanted = [p for p in wanted if p not in results]
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="") as file, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        for n, (point, us) in enumerate(zip(wanted, pool.map(lambda p: model(options.program, kernels, p), wanted))):
            writer.writerow([*point, f"{us:.3f}"])
            file.flush()
            print(f"{n + 1} of {len(wanted)}: {' '.join(map(str, point))}: {us:.2f} us", flush=True)
    write(read())
    return 0


# ---- the table -------------------------------------------------------------------------------------------------------

HEAD = """/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The w4a16 authors */
/*
 * Written by scripts/plan-cost.py: do not edit. Modelled, not measured, cycles of a 7900 XTX at 2.5 GHz, cold, groups of 128,
 * symmetric: what a product of so many tiles takes, and what each block of 32 K adds. cost.c interpolates.
 *
 * COST(tile, P(tiles, start, block) ...)
 */
/* clang-format off */
"""


def fit(options):
    results, lines, tiles = read(), [], {}
    for point in points_to_fit(kernels_of(options.program)):
        tiles.setdefault(parts(point.kernel)[1], {}).setdefault(point.n, []).append(point)
    for tile, widths in tiles.items():
        row = []
        for n, (small, large) in widths.items():
            if small not in results or large not in results:
                sys.exit(f"{RESULTS} lacks {' '.join(map(str, small if small not in results else large))}: measure first")
            blocks = (large.k - small.k) / BLOCK_K
            block = (results[large] - results[small]) * FIT_MHZ / blocks
            start = results[small] * FIT_MHZ - block * small.k / BLOCK_K
            row.append(f"P({n // parts(small.kernel)[3]}, {start:.0f}, {block:.1f})")
        rows = [" ".join(row[n:n + 5]) for n in range(0, len(row), 5)]
        lines.append(f"COST({tile},\n     " + "\n     ".join(rows) + ")\n")
    TABLE.write_text(HEAD + "".join(lines) + "#undef COST\n#undef P\n")
    return 0


# ---- the comparison --------------------------------------------------------------------------------------------------


def compare(cases, results, choices_of):
    """Prints how much slower than the best each choice is, if it is more than LIMIT; returns how many are on FIT_CARD."""
    slower, worst, judged = 0, 0, 0
    for case in cases:
        found = choices_of(case)
        times = {kernel: results[Point(*case, kernel)] for kernel in found if Point(*case, kernel) in results}
        if len(times) < len(found):
            continue
        chosen = next(kernel for kernel, (is_chosen, _) in found.items() if is_chosen)
        best = min(times, key=times.get)
        lost = times[chosen] / times[best] - 1
        judged, worst = judged + 1, max(worst, lost)
        if lost > LIMIT:
            slower += case[0] == FIT_CARD  # the choice is one for all cards: of the others it is shown
            print(f"{' '.join(map(str, case))}: {chosen} takes {times[chosen]:.2f} us, {best} {times[best]:.2f}, "
                  f"the best: it takes {100 * lost:.0f} % longer; rated {found[best][1]:.2f}")
    print(f"{judged} products: {slower} of the kernels on a {FIT_CARD} take more than {100 * LIMIT:g} % longer than the best; "
          f"on any card the worst {100 * worst:.1f} %")
    return slower


def check(options):
    return compare(cases_to_check(), read(), lambda case: choices(options.program, *case)) != 0


def sample(options):
    """A few small products, modelled now: on the cards that this build has kernels for."""
    kernels = kernels_of(options.program)
    cards = [card for card, target in CHECK_CARDS.items() if has_kernels(options.program, target)]
    found = {case: choices(options.program, *case) for case in SAMPLE if case[0] in cards}
    points = [Point(*case, kernel) for case in found for kernel in found[case]]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(points, pool.map(lambda p: model(options.program, kernels, p), points)))
    return compare(found, results, found.get) != 0


def main():
    parser = argparse.ArgumentParser(prog="plan-cost.py")
    parser.add_argument("program")
    parser.add_argument("verb", choices=["measure", "fit", "check", "sample"])
    parser.add_argument("--jobs", type=int, default=1, help="products that are modelled at a time")
    parser.add_argument("--fit", action="store_true", help="model what `fit` needs, which is much less than `check`")
    parser.add_argument("--kernels", metavar="PREFIX", default="", help="model these only")
    parser.add_argument("--again", action="store_true", help="model them again, for they have changed")
    options = parser.parse_args()
    return {"measure": measure, "fit": fit, "check": check, "sample": sample}[options.verb](options)


if __name__ == "__main__":
    sys.exit(main())
