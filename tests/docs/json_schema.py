#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Holds what the programs print with --json against docs/schema.

    json_schema.py SCHEMAS W4A16 RDNASIM CODE_OBJECT TRACES     CODE_OBJECT: the example axpy's; TRACES: recorded thread traces

A key that the schema does not have is a fault here, although its readers may meet one: keys may be added, but with their
description. Exit code 77 (skipped) where Python has no jsonschema.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import jsonschema
except ImportError:
    print(f"skipped: {sys.executable} has no jsonschema (Debian: python3-jsonschema)")
    sys.exit(77)

AXPY = "CODE_OBJECT --grid 1024 --block 256 --arg random:f32[1000] --arg zeros:f32[1000] --arg f32:2 --arg u32:1000".split()
SHORT = [word.replace("zeros:f32[1000]", "zeros:f32[10]") for word in AXPY]  # stores behind its end
UNDEFINED = [word.replace("zeros:", "new:") for word in AXPY]
CHEAP = "--no-progress --act fp16 --m 1".split()

# definition of the schema, exit code, verb and arguments
W4A16 = [
    ("info", 0, ["info"]),
    ("info_kernels", 0, ["info", "--kernels", "--target", "gfx1100"]),
    ("make_model", 0, ["make-model", "--model", "tiny", "block.safetensors"]),
    ("quantize", 0, ["quantize", "--no-progress", "block.safetensors", "block"]),
    ("quantize", 0, ["quantize", "--no-progress", "--asymmetric", "--ignore", "down_proj", "block.safetensors", "other"]),
    ("inspect", 0, ["inspect", "block"]),
    ("plan", 0, ["plan", "--m", "1,64,512", "--n", "256", "--k", "256"]),
    ("run", 0, ["run", "block", "--layer", "o_proj", "--no-progress", "--act", "both", "--m", "1,4", "--repeat", "2"]),
    ("run", 0, ["run", "block", "--layer", "o_proj", "--no-progress", "--device", "cpu"]),
    ("run", 0, ["run", "block", "--layer", "o_proj", "--no-progress", "--timing", "7900 XTX"]),
    ("check", 0, ["check", "--no-progress", "--device", "cpu", "--filter", "m1 n33", "--all"]),
    ("bench", 0, ["bench", "--model", "tiny", "--time", "1", *CHEAP]),
    ("bench_sim", 0, ["bench", "--device", "sim", "--n", "64", "--k", "128", *CHEAP]),
    ("bench_sim", 0, ["bench", "--device", "sim", "--n", "64", "--k", "128", "--range", *CHEAP]),
    ("report", 0, ["report", "--device", "cpu", "--every", "2000", "--no-timing", "--no-progress", "--output", "a.json"]),
    ("report", 0, ["report", "--device", "sim", "--every", "2000", "--no-timing", "--no-progress", "--output", "b.json"]),
    ("report_compare", 1, ["report", "--compare", "a.json", "b.json"]),
    ("failure", 1, ["inspect", "nowhere"]),
    ("failure", 2, ["plan", "--m", "none"]),
    ("failure", 77, ["report", "--device", "hip"]),
]
RDNASIM = [
    ("run", 0, ["run", *AXPY]),
    ("run", 0, ["run", *AXPY, "--profile"]),
    ("run", 0, ["run", *AXPY, "--timing", "7900 XTX", "--range", "--explain"]),
    ("stats", 0, ["stats", *AXPY]),
    ("time", 0, ["time", "cases.json"]),
    ("time", 0, ["time", "--range", "cases.json"]),
    ("failure", 1, ["run", *SHORT]),
    ("run", 1, ["run", *UNDEFINED, "--strict", "--go-on"]),
    ("failure", 1, ["run", *UNDEFINED, "--strict"]),
    ("failure", 2, ["run", "CODE_OBJECT"]),
    ("failure", 3, ["run", "nowhere"]),
]


SHARED = ["case", "score", "report"]  # what several documents have


def cases(code_object):
    """A file of rdnasim time: a case with a published time."""
    arguments = [word for word in AXPY if ":" in word]
    case = {"card": "7900 XTX", "object": code_object, "grid": [1024], "block": [256], "arguments": arguments, "published_us": 3}
    return json.dumps({"source": "none", "cases": [case]})


def closed(schema):
    """The schema, but with no other keys than those that it names."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        made.setdefault("additionalProperties", False)
    return made


def faults(schema, definition, document):
    one = {"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"}
    for error in jsonschema.Draft202012Validator(one).iter_errors(document):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"


def main():
    schemas, w4a16, rdnasim, code_object, traces = sys.argv[1:]
    found, count, folder = [], 0, tempfile.TemporaryDirectory()
    Path(folder.name, "cases.json").write_text(cases(Path(code_object).name), encoding="utf-8")
    Path(folder.name, Path(code_object).name).symlink_to(code_object)
    if Path(traces).is_dir():
        RDNASIM.append(("validate", 0, ["validate", *map(str, sorted(Path(traces).glob("*.json"))[:2])]))
    else:
        print(f"without rdnasim validate: there are no traces in {traces}")
    for name, program, commands in ("w4a16", w4a16, W4A16), ("rdnasim", rdnasim, RDNASIM):
        schema = json.loads(Path(schemas, f"{name}.json").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        schema, untried = closed(schema), set(schema["$defs"]) - set(SHARED)

        def check(definition, text, what):
            untried.discard(definition)
            return [f"{what}: {fault}" for fault in faults(schema, definition, json.loads(text))]

        for definition, code, arguments in commands:
            words = [code_object if word == "CODE_OBJECT" else word for word in [*arguments, "--json"]]
            done = subprocess.run([program, *words], cwd=folder.name, capture_output=True, text=True, check=False)
            what = f"{name} {' '.join(arguments)}"
            if done.returncode != code:
                found.append(f"{what}: exit code {done.returncode}, expected {code}: {done.stderr[-300:]}")
            else:
                found += check(definition, done.stdout, what)
            count += 1
        if name == "w4a16":
            for file in "a.json", "b.json":
                found += check("report_file", Path(folder.name, file).read_text(encoding="utf-8"), file)
        if name == "rdnasim" and not Path(traces).is_dir():
            untried.discard("validate")
        found += [f"{name}: nothing was held against the definition {definition}" for definition in sorted(untried)]
    print("\n".join(found) if found else f"{count} documents are as docs/schema says")
    sys.exit(bool(found))


main()
