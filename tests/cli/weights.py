# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Input for the quantiser, and a look at what it leaves alone; the standard library alone.

weights.py make FILE [WEIGHT]   linear layers in each type, and tensors that are to be copied; WEIGHT replaces one
weights.py copies FILE OUT      which tensors of FILE are in OUT with the same bytes, and which are new
"""
import json
import random
import struct
import sys


def pack(dtype, values):
    if dtype == "BF16":
        return b"".join(struct.pack("<f", v)[2:] for v in values)
    return struct.pack(f"<{len(values)}{ {'F32': 'f', 'F16': 'e', 'I64': 'q'}[dtype] }", *values)


def make(path, weight):
    random.seed(5)
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, dtype, shape in (
        ("model.embed_tokens.weight", "F16", [16, 64]),
        ("model.layers.0.wide.weight", "F32", [8, 64]),
        ("model.layers.0.half.weight", "F16", [16, 64]),
        ("model.layers.0.brain.weight", "BF16", [24, 64]),
        ("model.layers.0.norm.weight", "F32", [64]),
        ("model.layers.0.half.bias", "F16", [16]),
        ("model.steps", "I64", []),
        ("lm_head.weight", "F16", [16, 64]),
    ):
        count = 1
        for size in shape:
            count *= size
        values = [7] if dtype == "I64" else [random.gauss(0, 0.02) for _ in range(count)]
        if weight is not None and name == "model.layers.0.wide.weight":
            values[3 * 64 + 5] = weight
        raw = pack(dtype, values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def tensors(path):
    data = open(path, "rb").read()
    length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8 : 8 + length])
    return {
        name: (t["dtype"], t["shape"], data[8 + length + t["data_offsets"][0] : 8 + length + t["data_offsets"][1]])
        for name, t in header.items()
        if name != "__metadata__"
    }


def copies(path, out_path):
    old, new = tensors(path), tensors(out_path)
    for name, (dtype, shape, data) in new.items():
        print("copy" if old.get(name) == (dtype, shape, data) else "new ", dtype, shape, name)


if sys.argv[1] == "make":
    make(sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else None)
else:
    copies(sys.argv[2], sys.argv[3])
