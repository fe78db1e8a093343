#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Writes python/w4a16/structs.py: the structs and enums of include/w4a16 for ctypes, and the targets of
sim/isa/targets.def. With --check, compares it."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUT = ROOT / "python/w4a16/structs.py"
HEADERS = ("base", "layer", "checkpoint", "linear")
# What Python hands to the library; the rest of the headers' structs it has no use for.
STRUCTS = (
    "error",
    "device_options",
    "layer",
    "layer_info",
    "shape",
    "weights_kind",
    "mixture",
    "epilogue",
    "problem",
    "run_args",
)
ENUMS = ("status", "dtype", "device_kind", "zero_mode", "packing", "combine")
TYPES = {"size_t": "c_size_t", "int": "c_int", "w4a16_address": "c_uint64"} | {
    name: f"c_{name.removesuffix('_t')}" for name in ("int32_t", "int64_t", "uint8_t", "uint32_t", "uint64_t")
}

text = "".join((ROOT / f"include/w4a16/{name}.h").read_text() for name in HEADERS)
text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
enums = set(re.findall(r"typedef enum (\w+)", text))


def body(kind: str, name: str) -> str:
    found = re.search(rf"typedef {kind} w4a16_{name} {{(.*?)}} w4a16_{name};", text, flags=re.S)
    if not found:
        sys.exit(f"make_structs.py: include/w4a16 has no {kind} w4a16_{name}")
    return found[1]


def ctype(name: str, pointer: bool, of_struct: str) -> str:
    if pointer:
        return "ctypes.c_char_p" if name == "char" else "ctypes.c_void_p"
    if name in enums:
        return "ctypes.c_int"
    if (struct := name.removeprefix("w4a16_")) in STRUCTS:
        return camel(struct)
    if name not in TYPES:
        sys.exit(f"make_structs.py: w4a16_{of_struct} has a field of type {name}, which has no row in TYPES")
    return f"ctypes.{TYPES[name]}"


def fields(name: str) -> list[tuple[str, str]]:
    rows = []
    for declaration in (" ".join(d.split()) for d in body("struct", name).split(";")):
        if not declaration:
            continue
        if array := re.fullmatch(r"char (\w+)\[(\d+)\]", declaration):
            rows.append((array[1], f"ctypes.c_char * {array[2]}"))
            continue
        of_type, names = re.fullmatch(r"(?:const )?(\w+) (.*)", declaration).groups()
        for field in names.split(", "):
            rows.append((field.lstrip("*"), ctype(of_type, field.startswith("*"), name)))
    return rows


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


lines = [
    "# SPDX-License-Identifier: Apache-2.0",
    "# SPDX-FileCopyrightText: The w4a16 authors",
    '"""Structs and enums of the C interface for ctypes: made by scripts/make_structs.py, do not edit."""',
    "",
    "import ctypes",
    "",
]
for name in ENUMS:
    values = re.findall(r"W4A16_(\w+) = (-?\d+)", body("enum", name))
    lines += [f"# w4a16_{name}", *(f"{value} = {number}" for value, number in values), ""]
version = re.search(r'#define W4A16_VERSION_STRING "([0-9.]+)"', text)[1]
lines += ["# Of the headers that this was made from", f'VERSION = "{version}"', ""]
for name in STRUCTS:
    rows = fields(name)
    lines += ["", f"class {camel(name)}(ctypes.Structure):", "    _fields_ = ["]
    lines += [f'        ("{field}", {of_type}),' for field, of_type in rows]
    lines += ["    ]", ""]
targets = re.findall(r"^TARGET\((\w+), (\w+), (\w+),", (ROOT / "sim/isa/targets.def").read_text(), flags=re.M)
lines += ["", "# Targets: generation and family", "TARGETS = {"]
lines += [f'    "{name}": ("{generation}", "{family}"),' for name, generation, family in targets]
lines += ["}", ""]
made = "\n".join(lines).rstrip() + "\n"
if "--check" in sys.argv[1:]:
    if OUT.read_text() != made:
        sys.exit(f"{OUT.relative_to(ROOT)} is not what include/w4a16 and targets.def say: run scripts/make_structs.py")
    print(f"{OUT.relative_to(ROOT)} is what include/w4a16 and targets.def say")
else:
    OUT.write_text(made)
