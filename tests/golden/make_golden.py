#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Writes one tiny checkpoint per dialect and the weights that it means.

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


def scale_bytes(rows):
    return b"".join(struct.pack("<H", s) for row in rows for s in row)


def pack_gptq(dialect, name, q, scales, zeros, group_of):
    features, outputs, count = len(q), len(q[0]), len(scales)
    off = 1 if dialect["version"] == 1 else 0
    tensors = [(name + ".qweight", "I32", [features // 8, outputs],
                b"".join(pack_words([q[8 * r + i][n] for i in range(8)])
                         for r in range(features // 8) for n in range(outputs))),
               (name + ".qzeros", "I32", [count, outputs // 8],
                b"".join(pack_words([zeros[g][8 * c + i] - off for i in range(8)])
                         for g in range(count) for c in range(outputs // 8))),
               (name + ".scales", dialect["scales"], [count, outputs], scale_bytes(scales))]
    if dialect["g_idx"]:
        tensors.append((name + ".g_idx", "I32", [features], b"".join(struct.pack("<i", g) for g in group_of)))
    return tensors


def pack_awq(dialect, name, q, scales, zeros, _group_of):
    """Eight neighbours in N to a word, those of even columns first."""
    order = [0, 2, 4, 6, 1, 3, 5, 7]

    def rows(matrix):
        return b"".join(pack_words([row[8 * c + order[i]] for i in range(8)])
                        for row in matrix for c in range(len(row) // 8))

    outputs = len(q[0])
    return [(name + ".qweight", "I32", [len(q), outputs // 8], rows(q)),
            (name + ".qzeros", "I32", [len(zeros), outputs // 8], rows(zeros)),
            (name + ".scales", dialect["scales"], [len(scales), outputs], scale_bytes(scales))]


def pack_compressed_tensors(dialect, name, q, scales, zeros, group_of):
    """Rows of N; what is missing in the last word is zero."""
    features, outputs, count = len(q), len(q[0]), len(scales)

    def words(values):
        values = values + [0] * (-len(values) % 8)
        return b"".join(pack_words(values[i:i + 8]) for i in range(0, len(values), 8))

    tensors = [(name + ".weight_packed", "I32", [outputs, (features + 7) // 8],
                b"".join(words([q[k][n] for k in range(features)]) for n in range(outputs))),
               (name + ".weight_scale", dialect["scales"], [outputs, count],
                scale_bytes([[scales[g][n] for g in range(count)] for n in range(outputs)])),
               (name + ".weight_shape", "I64", [2], struct.pack("<qq", outputs, features))]
    if not dialect["sym"]:
        packed = [words([zeros[g][n] for n in range(outputs)]) for g in range(count)]  # by group; stored by word
        tensors.append((name + ".weight_zero_point", "I32", [(outputs + 7) // 8, count],
                        b"".join(packed[g][4 * c:4 * c + 4] for c in range((outputs + 7) // 8) for g in range(count))))
    if dialect["act_order"]:
        tensors.append((name + ".weight_g_idx", "I32", [features], b"".join(struct.pack("<i", g) for g in group_of)))
    return tensors


PACKERS = {"gptq": pack_gptq, "awq": pack_awq, "compressed-tensors": pack_compressed_tensors}


def configuration(dialect):
    if dialect["format"] == "awq":
        return {"quant_method": "awq", "bits": 4, "group_size": dialect["group_size"], "zero_point": True,
                "version": "gemm", "modules_to_not_convert": ["lm_head"]}
    if dialect["format"] == "compressed-tensors":
        weights = {"num_bits": 4, "type": "int", "symmetric": dialect["sym"], "dynamic": False,
                   "strategy": "group" if dialect["group_size"] > 0 else "channel",
                   "group_size": dialect["group_size"] if dialect["group_size"] > 0 else None,
                   "actorder": "group" if dialect["act_order"] else None}
        groups = {"group_0": {"targets": dialect["targets"], "weights": weights, "input_activations": None,
                              "output_activations": None}}
        if dialect["targets"] != ["Linear"]:  # a scheme that the layers must not get
            other = dict(weights, num_bits=8)
            groups = {"group_8": {"targets": ["Linear"], "weights": other, "input_activations": None}, **groups}
        return {"quant_method": "compressed-tensors", "format": "pack-quantized",
                "quantization_status": "compressed", "config_groups": groups, "ignore": ["lm_head"]}
    return {"bits": 4, "group_size": dialect["group_size"], "desc_act": dialect["act_order"], "sym": dialect["sym"],
            "quant_method": "gptq", "checkpoint_format": "gptq" if dialect["version"] == 1 else "gptq_v2"}


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
    bias = None
    if dialect["bias"]:
        bias = [random_float(dialect["bias"], rng) for _ in range(outputs)]
    tensors = PACKERS[dialect["format"]](dialect, name, q, scales, zeros, group_of)
    if bias:
        tensors.append((name + ".bias", dialect["bias"], [outputs], b"".join(struct.pack("<H", b) for b in bias)))

    value = FLOATS[dialect["scales"]]
    lines = ["%s %d %d" % (name, features, outputs)]
    for k in range(features):
        g = group_of[k]
        lines.append(" ".join((value(scales[g][n]) * (q[k][n] - zeros[g][n])).hex() for n in range(outputs)))
    lines.append("bias " + (" ".join(FLOATS[dialect["bias"]](b).hex() for b in bias) if bias else "none"))
    return tensors, lines


def write_shards(path, tensors, count):
    """Tensors dealt out in turn, so that a layer is spread over all files."""
    names = ["model-%05d-of-%05d.safetensors" % (i + 1, count) for i in range(count)]
    for i, name in enumerate(names):
        write(os.path.join(path, name), safetensors(tensors[i::count]))
    index = {"metadata": {"total_size": sum(len(t[3]) for t in tensors)},
             "weight_map": {t[0]: names[i % count] for i, t in enumerate(tensors)}}
    write(os.path.join(path, "model.safetensors.index.json"), (json.dumps(index, indent=2) + "\n").encode())


def make(out_dir, index, dialect):
    rng = Random(1000 + index)
    path = os.path.join(out_dir, dialect["name"])
    os.makedirs(path, exist_ok=True)
    tensors, lines = [], []
    for name, features, outputs in dialect["layers"]:
        more, text = make_layer(dialect, rng, name, features, outputs)
        tensors += more
        lines += text
    if dialect["shards"]:
        write_shards(path, tensors, dialect["shards"])
    else:
        write(os.path.join(path, "model.safetensors"), safetensors(tensors))
    write(os.path.join(path, "expected.txt"), ("\n".join(lines) + "\n").encode())
    config = configuration(dialect)
    if dialect["config"] == "config.json":
        content = {"model_type": "llama", "quantization_config": config}
    else:
        content = config
    write(os.path.join(path, dialect["config"]), (json.dumps(content, indent=2) + "\n").encode())


def dialect(name, **changes):
    base = {"name": name, "version": 1, "sym": True, "group_size": 32, "scales": "F16", "act_order": False,
            "g_idx": True, "bias": None, "config": "quantize_config.json", "format": "gptq", "shards": 0,
            "targets": ["Linear"],
            "layers": [("model.layers.0.mlp.up_proj", 64, 16)]}
    base.update(changes)
    return base


def awq(name, **changes):
    return dialect(name, **{"format": "awq", "version": 2, "sym": False, "config": "config.json", **changes})


def compressed(name, **changes):
    return dialect(name, **{"format": "compressed-tensors", "version": 2, "scales": "BF16", "config": "config.json",
                            **changes})


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
    dialect("v1_asym_three_shards", sym=False, shards=3, layers=[("a.q_proj", 64, 8), ("a.k_proj", 32, 16)]),
    awq("awq_asym_g32"),
    awq("awq_asym_g64_bias", group_size=64, bias="F16", config="quant_config.json", layers=[("a.o_proj", 100, 8)]),
    awq("awq_asym_two_shards_bf16", shards=2, scales="BF16", layers=[("a.q_proj", 64, 8), ("b.q_proj", 64, 24)]),
    compressed("ct_sym_g32"),
    compressed("ct_asym_g32_bias", sym=False, bias="BF16", layers=[("a.q_proj", 64, 12)]),
    compressed("ct_sym_channel", group_size=-1, layers=[("a.q_proj", 36, 9), ("a.k_proj", 64, 8)]),
    compressed("ct_asym_g32_actorder", sym=False, act_order=True,
               targets=["re:.*self_attn\\.(?:q|k)_proj$", "model.layers.10.mlp.up_proj"],
               layers=[("model.layers.10.self_attn.k_proj", 96, 16), ("model.layers.10.mlp.up_proj", 64, 8)]),
]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_golden.py OUT_DIR")
    for index, entry in enumerate(DIALECTS):
        make(sys.argv[1], index, entry)


if __name__ == "__main__":
    main()
