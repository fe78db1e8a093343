#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""rdnasim time: case files of kernels, beside other ways to the same times, and what it refuses.

    cases.py RDNASIM W4A16 KERNELS MICRO    KERNELS: folder of ours; MICRO: kernels.hsaco of this folder
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

from checks import check, end

rdnasim, w4a16, kernels, micro = (str(pathlib.Path(word).resolve()) for word in sys.argv[1:])
HERE = pathlib.Path(__file__).parent


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def rows(*arguments):
    done = run(rdnasim, "time", "--json", *arguments)
    check(f"time {arguments}", done.returncode == 0, done.stderr)
    return json.loads(done.stdout)


def refuses(what, code, sentence, document):
    path = work / "bad.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    for flag in ((), ("--json",)):
        done = run(rdnasim, "time", *flag, path)
        check(what, done.returncode == code and sentence in done.stderr, (done.returncode, done.stderr))
        if flag:
            check(f"{what}, in JSON", "message" in json.loads(done.stdout).get("error", {}), done.stdout)


def case(**changes):
    one = {"name": "chase", "card": "7900 XTX", "object": micro, "kernel": "chase", "grid": [32], "block": [32],
           "arguments": ["zeros:u32[32]", "zeros:u32[32]", "i32:100"]}
    return {"source": "made up", "cases": [one | changes]}


def write_npy(path, type_of_numpy, letter, values):
    header = f"{{'descr': '{type_of_numpy}', 'fortran_order': False, 'shape': ({len(values)},), }}".ljust(117) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()
                     + struct.pack(f"<{len(values)}{letter}", *values))


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)

    # Our own kernels: as products of bench take, but for where buffers lie and what weights hold.
    ours = rows("--objects", kernels, HERE / "ours.json")["rows"]
    bench = json.loads(run(w4a16, "bench", "--device", "sim", "--json", "--no-progress", "--n", 4096, "--k", 4096,
                           "--m", 1).stdout)["rows"]
    for row, product in zip(ours[:2], bench):
        ratio = row["cycles"] / product["modelled_cycles"]
        check(f"{row['case']} as bench has it", 0.95 < ratio < 1.05, ratio)
    check("what is warm takes less", ours[2]["cycles"] < 0.8 * ours[0]["cycles"], ours)

    # One kernel, by a case and by run --timing.
    path = work / "one.json"
    path.write_text(json.dumps(case(published_us=10)))
    told = rows("--range", path)
    single = json.loads(run(rdnasim, "run", micro, "--kernel", "chase", "--grid", 32, "--block", 32, "--arg", "zeros:u32[32]",
                            "--arg", "zeros:u32[32]", "--arg", "i32:100", "--timing", "7900 XTX", "--range",
                            "--json").stdout)["timing"]
    row, every = told["rows"][0], [v["microseconds"] for v in single["range"]] + [single["central"]["microseconds"]]
    check("the cycles of run", row["cycles"] == single["central"]["cycles"], (row, single["central"]))
    check("the range of run", (row["least_us"], row["most_us"]) == (min(every), max(every)), (row, every))
    check("the ratio", abs(row["ratio"] - row["modelled_us"] / 10) < 1e-6, row)

    # Of three ratios the middle one is the median; L2 that holds the buffer is quicker than memory.
    path.write_text(json.dumps({"cases": [case(published_us=us, in_l2=held)["cases"][0]
                                          for us, held in ((5, []), (50, []), (20, [1]))]}))
    three = rows(path)
    times = [r["modelled_us"] for r in three["rows"]]
    check("the median", abs(three["ratios"]["median"] - times[2] / 20) < 1e-6, three)
    check("in_l2", times[2] < times[0] == times[1], times)
    text = run(rdnasim, "time", path).stdout
    check("a table", "published us" in text and "median" in text and "modelled, not measured" in text, text)

    # Relative to the file: objects, and what arguments read.
    (work / "micro.hsaco").write_bytes(pathlib.Path(micro).read_bytes())
    (work / "next.bin").write_bytes(bytes(128))
    path.write_text(json.dumps(case(object="micro.hsaco", arguments=["file:next.bin", "zeros:u32[32]", "i32:100"])))
    check("beside the file", rows(path)["rows"][0]["cycles"] == row["cycles"], row)

    # What is expected: 32 ones come, and one of them should have been a 2. Of any type, and beside the file.
    stored = {"kernel": "store_and_end", "arguments": ["zeros:i32[32]"]}
    for name, descr, letter in (("double", "<f8", "d"), ("half", "<f2", "e"), ("bytes", "|u1", "B"), ("signed", "<i8", "q")):
        write_npy(work / f"{name}.npy", descr, letter, [1] * 31 + [2])
        path.write_text(json.dumps(case(**stored, expected={"argument": 1, "file": f"{name}.npy"})))
        error = rows(path)["rows"][0]["relative_error"]
        check(f"an error against {name}", abs(error - (1 / 35) ** 0.5) < 1e-8, error)
    check("the error in the table", "1.69e-01" in run(rdnasim, "time", path).stdout, path.read_text())
    check("nothing expected", row["relative_error"] is None, row)
    write_npy(work / "nan.npy", "<f8", "d", [1] * 31 + [float("nan")])
    path.write_text(json.dumps(case(**stored, expected={"argument": 1, "file": str(work / "nan.npy")})))
    check("no number is no error", rows(path)["rows"][0]["relative_error"] is None, path.read_text())
    write_npy(work / "short.npy", "<f8", "d", [1] * 31)
    refuses("too few are expected", 3, "short.npy: has 31 elements", case(**stored, expected={"argument": 1, "file": "short.npy"}))
    refuses("bytes are expected", 3, "next.bin: has 128 elements", case(**stored, expected={"argument": 1, "file": "next.bin"}))
    refuses("no such file is expected", 3, "gone.npy", case(**stored, expected={"argument": 1, "file": "gone.npy"}))
    refuses("of no argument", 3, "expected has not both", case(**stored, expected={"argument": 2, "file": "double.npy"}))
    refuses("of argument 0", 3, "argument", case(**stored, expected={"argument": 0, "file": "double.npy"}))
    refuses("without a file", 3, "expected has not both", case(**stored, expected={"argument": 1}))
    refuses("expected is a text", 3, "expected", case(**stored, expected="double.npy"))

    refuses("no JSON", 3, "bad.json", "{")
    refuses("no cases", 3, "has no list of cases", {"source": "x"})
    refuses("a list of numbers", 3, "a case", {"cases": [1]})
    refuses("no card", 3, "card is missing", {"cases": [{"object": "x", "grid": [1]}]})
    refuses("an unknown card", 2, "RX 9999", case(card="RX 9999"))
    refuses("no such object", 3, "nowhere.hsaco", case(object="nowhere.hsaco"))
    refuses("no such kernel", 2, "has no kernel nothing", case(kernel="nothing"))
    refuses("a grid of texts", 2, "--grid", case(grid=["many"]))
    refuses("a grid of four", 2, "--grid", case(grid=[1, 1, 1, 1]))
    refuses("too few arguments", 2, "takes 3 arguments", case(arguments=[]))
    refuses("an argument that is no text", 3, "arguments[0] is not a text", case(arguments=[7]))
    refuses("an argument that is no option", 2, "--arg", case(arguments=["--help", "x", "y"]))
    refuses("65 arguments", 3, "accepted are up to 64", case(arguments=["i32:1"] * 65))
    refuses("a file to write", 3, "cases write none",
            case(arguments=[f"zeros:u32[32]={work}/written.npy", "zeros:u32[32]", "i32:1"]))
    check("nothing was written", not (work / "written.npy").exists(), "written.npy")
    refuses("a place beyond the arguments", 3, "in_l2[0] is no argument", case(in_l2=[4]))
    refuses("a published time that is none", 3, "published_us", case(published_us="fast"))
    refuses("a published time of 0", 3, "published_us", case(published_us=0))
    refuses("LDS of a megabyte", 3, "dynamic_lds", case(dynamic_lds=1 << 20))
    refuses("a kernel that reads the clock", 1, "cannot be timed", case(kernel="reads_clock", arguments=["zeros:u32[32]"]))
    refuses("too many cases", 3, "accepted are at most", {"cases": [{}] * 4097})
    done = run(rdnasim, "time", work / "nowhere.json")
    check("no such file", done.returncode == 3, done)
    check("no file", run(rdnasim, "time").returncode == 2, "")
end()
