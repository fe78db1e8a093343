#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Writes one tiny GPTQ checkpoint per dialect and the weights that it means.

    make_golden.py OUT_DIR

Standard library only, and nothing in common with the C code: packing follows the published layout of the tensors,
and the expected weights are computed from the numbers that were packed, not from the packed words.
Per dialect: NAME/model.safetensors, NAME/<configuration>, NAME/expected.txt. The latter has a line "layer K N", a line
of N hexadecimal floats per k (w[k][n] = scale * (q - zero), in double), and a line "bias" with N floats or "none".
"""
import json
import os
import struct
import sys


class Random:
    """A small linear congruential generator: the same numbers with every Python."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF

    def below(self, limit):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % limit


def half_value(bits):
    return struct.unpack("<e", struct.pack("<H", bits))[0]


def bfloat_value(bits):
    return struct.unpack("<f", struct.pack("<I", bits << 16))[0]


FLOATS = {"F16": half_value, "BF16": bfloat_value}


def random_scale(kind, rng):
    """Bits of a positive scale between about 2^-9 and 2^-3, with a full set of mantissas."""
    if kind == "F16":
        return ((6 + rng.below(6)) << 10) | rng.below(1024)
    return ((118 + rng.below(6)) << 7) | rng.below(128)


def random_float(kind, rng):
    sign = rng.below(2) << 15
    return sign | random_scale(kind, rng)


def pack_words(values):
    """Eight 4-bit values to a signed 32-bit word, the first in the lowest bits."""
    word = 0
    for place, value in enumerate(values):
        assert 0 <= value <= 15
        word |= value << (4 * place)
    return struct.pack("<I", word)


def act_order(features, group_size, rng):
    """A group for every feature: each group has group_size members, in random places."""
    order = list(range(features))
    for i in range(features - 1, 0, -1):
        j = rng.below(i + 1)
        order[i], order[j] = order[j], order[i]
    groups = [0] * features
    for place, feature in enumerate(order):
        groups[feature] = place // group_size
    return groups


def safetensors(tensors):
    """tensors: list of (name, dtype, shape, bytes)."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, dtype, shape, content in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def make_layer(dialect, rng, name, features, outputs):
    """Returns the tensors of one layer and the lines of its expectation."""
    group_size = dialect["group_size"] if dialect["group_size"] > 0 else features
    count = (features + group_size - 1) // group_size
    if dialect["act_order"]:
        group_of = act_order(features, group_size, rng)
    else:
        group_of = [k // group_size for k in range(features)]

    q = [[rng.below(16) for _ in range(outputs)] for _ in range(features)]
    scales = [[random_scale(dialect["scales"], rng) for _ in range(outputs)] for _ in range(count)]
    lowest = 1 if dialect["version"] == 1 else 0  # version 1 stores zero - 1
    highest = 16 if dialect["version"] == 1 else 15
    zeros = [[8 if dialect["sym"] else lowest + rng.below(highest - lowest + 1) for _ in range(outputs)]
             for _ in range(count)]

    tensors = []
    qweight = b"".join(pack_words([q[8 * r + i][n] for i in range(8)])
                       for r in range(features // 8) for n in range(outputs))
    tensors.append((name + ".qweight", "I32", [features // 8, outputs], qweight))
    off = 1 if dialect["version"] == 1 else 0
    qzeros = b"".join(pack_words([zeros[g][8 * c + i] - off for i in range(8)])
                      for g in range(count) for c in range(outputs // 8))
    tensors.append((name + ".qzeros", "I32", [count, outputs // 8], qzeros))
    tensors.append((name + ".scales", dialect["scales"], [count, outputs],
                    b"".join(struct.pack("<H", s) for row in scales for s in row)))
    if dialect["g_idx"]:
        tensors.append((name + ".g_idx", "I32", [features], b"".join(struct.pack("<i", g) for g in group_of)))
    bias = None
    if dialect["bias"]:
        bias = [random_float(dialect["bias"], rng) for _ in range(outputs)]
        tensors.append((name + ".bias", dialect["bias"], [outputs], b"".join(struct.pack("<H", b) for b in bias)))

    value = FLOATS[dialect["scales"]]
    lines = ["%s %d %d" % (name, features, outputs)]
    for k in range(features):
        g = group_of[k]
        lines.append(" ".join((value(scales[g][n]) * (q[k][n] - zeros[g][n])).hex() for n in range(outputs)))
    lines.append("bias " + (" ".join(FLOATS[dialect["bias"]](b).hex() for b in bias) if bias else "none"))
    return tensors, lines


def make(out_dir, index, dialect):
    rng = Random(1000 + index)
    path = os.path.join(out_dir, dialect["name"])
    os.makedirs(path, exist_ok=True)
    tensors, lines = [], []
    for name, features, outputs in dialect["layers"]:
        more, text = make_layer(dialect, rng, name, features, outputs)
        tensors += more
        lines += text
    write(os.path.join(path, "model.safetensors"), safetensors(tensors))
    write(os.path.join(path, "expected.txt"), ("\n".join(lines) + "\n").encode())
    config = {"bits": 4, "group_size": dialect["group_size"], "desc_act": dialect["act_order"], "sym": dialect["sym"],
              "quant_method": "gptq", "checkpoint_format": "gptq" if dialect["version"] == 1 else "gptq_v2"}
    if dialect["config"] == "config.json":
        content = {"model_type": "llama", "quantization_config": config}
    else:
        content = config
    write(os.path.join(path, dialect["config"]), (json.dumps(content, indent=2) + "\n").encode())


def dialect(name, **changes):
    base = {"name": name, "version": 1, "sym": True, "group_size": 32, "scales": "F16", "act_order": False,
            "g_idx": True, "bias": None, "config": "quantize_config.json",
            "layers": [("model.layers.0.mlp.up_proj", 64, 16)]}
    base.update(changes)
    return base


DIALECTS = [
    dialect("v1_sym_g32"),
    dialect("v1_asym_g32_bias", sym=False, bias="F16"),
    dialect("v2_sym_g64_bf16", version=2, group_size=64, scales="BF16", config="config.json",
            layers=[("model.layers.0.self_attn.q_proj", 128, 8)]),
    dialect("v2_asym_g32_actorder", version=2, sym=False, act_order=True, config="config.json"),
    dialect("v1_asym_g64_actorder_bias", sym=False, act_order=True, group_size=64, scales="BF16", bias="BF16",
            layers=[("model.layers.0.mlp.down_proj", 192, 8)]),
    dialect("v1_sym_one_group", group_size=-1, g_idx=False, layers=[("lm.fc", 40, 24)]),
    dialect("v2_asym_short_last_group", version=2, sym=False, group_size=32, layers=[("lm.fc", 80, 8)]),
    dialect("v1_sym_two_layers", layers=[("a.q_proj", 64, 8), ("a.k_proj", 32, 16)]),
]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_golden.py OUT_DIR")
    for index, entry in enumerate(DIALECTS):
        make(sys.argv[1], index, entry)


if __name__ == "__main__":
    main()
