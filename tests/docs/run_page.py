#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Does what a page of the documentation tells its reader to do, and looks whether what it shows comes out.

    run_page.py PAGE [NAME=PATH...] [--only WORD] [--file FILE]

Runs the page's ```sh blocks in order, in a new folder. The lines of a ```text block must be in the output of the block
before it, in their order; `...` stands for anything. Programs that the page calls NAME are those at PATH. A block with a
word behind sh (```sh server) is left out unless --only asks for it; then only such blocks run.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```(sh|text)(?: (\w+))?\n(.*?)^```$", re.M | re.S)


def blocks(page, only):
    """Each command block with the text that the page shows of its output."""
    found = []
    for kind, word, text in BLOCK.findall(page):
        if kind == "sh":
            found.append((word == (only or ""), text, []))
        else:
            found[-1][2].extend(text.splitlines())
    return [(commands, shown) for wanted, commands, shown in found if wanted]


def missing(shown, output):
    """The first line of `shown` that the output lacks behind the one before it, or None."""
    lines = iter(" ".join(line.split()) for line in output.splitlines())
    for line in shown:
        pattern = ".*".join(map(re.escape, " ".join(line.split()).split("...")))
        if not any(re.fullmatch(pattern, candidate) for candidate in lines):
            return line
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("programs", nargs="*", metavar="NAME=PATH")
    parser.add_argument("--only", metavar="WORD")
    parser.add_argument("--file", type=Path, action="append", default=[], help="to lie in the folder at the start")
    arguments = parser.parse_intermixed_args()
    found = blocks(arguments.page.read_text(encoding="utf-8"), arguments.only)
    if not found:
        sys.exit(f"{arguments.page} has no such block")
    with tempfile.TemporaryDirectory() as folder:
        programs = Path(folder, "programs")
        programs.mkdir()
        for name, _, path in (program.partition("=") for program in arguments.programs):
            starter = programs / name  # a link would hide from Python which environment it belongs to
            starter.write_text(f'#!/bin/sh\nexec "{path}" "$@"\n', encoding="utf-8")
            starter.chmod(0o755)
        work = Path(folder, "work")
        work.mkdir()
        for file in arguments.file:
            (work / file.name).symlink_to(file.resolve())
        environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
        for commands, shown in found:
            print(commands, flush=True)
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=work, env=environment, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            print(done.stdout, flush=True)
            if done.returncode:
                sys.exit(f"{arguments.page}: this block ends with {done.returncode}")
            line = missing(shown, done.stdout)
            if line is not None:
                sys.exit(f"{arguments.page}: the output lacks this line, or has it in another place: {line}")
    print(f"{len(found)} blocks of {arguments.page.name} do what the page says")


main()
