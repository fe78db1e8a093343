# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""A model's directory for the quantiser, in random bf16 weights; and what it made of it. The standard library alone.

model.py make DIRECTORY KIND       KIND: decoder, experts, experts_transposed, experts_alone or conv1d
model.py rules DIRECTORY           the expressions of `dynamic`, and that config.json is otherwise as it was
model.py compare OUT MODEL KIND    the quantised layers against the originals, by what they are
"""
import json
import os
import random
import struct
import sys

CONFIG = """{
  "model_type": "%s", "hidden_size": 64,
  "vocab_size": 96,
  "rope_scaling": {"factor": 1e-06, "limit": Infinity, "brace": "}"},
  "torch_dtype": "bfloat16"
}
"""

DECODER = {
    "model.embed_tokens.weight": [96, 64],
    "model.unusual_table.weight": [96, 64],
    "model.layers.0.self_attn.q_proj.weight": [64, 64],
    "model.layers.0.self_attn.k_proj.weight": [32, 64],
    "model.layers.0.self_attn.v_proj.weight": [4, 64],
    "model.layers.0.mlp.gate_proj.weight": [96, 64],
    "model.layers.0.mlp.up_proj.weight": [96, 64],
    "model.layers.0.mlp.down_proj.weight": [64, 96],
    "model.layers.0.mlp.shared_expert_gate.weight": [1, 64],
    "model.layers.0.mlp.odd.weight": [64, 40],
    "model.layers.0.norm.weight": [64],
    "model.layers.1.self_attn.q_proj.weight": [64, 64],
    "model.layers.1.mlp.down_proj.weight": [64, 96],
    "model.layers.1.mlp.gate.weight": [8, 64],
    "model.layers.2.eh_proj.weight": [64, 128],
    "model.layers.2.mlp.down_proj.weight": [64, 96],
    "model.vision_tower.blocks.0.fc.weight": [64, 64],
    "model.nameless": [64, 64],
    "lm_head.weight": [96, 64],
    "pooler.dense.weight": [64, 64],
}
STACKS = {"model.layers.0.mlp.experts.gate_up_proj": [3, 192, 64], "model.layers.0.mlp.experts.down_proj": [3, 64, 96]}
ALONE = {"model.layers.0.mlp.experts.up_proj": [2, 64, 96], "model.layers.1.mlp.experts.down_proj": [2, 96, 64]}
CONV1D = {"h.0.attn.c_attn.weight": [64, 192], "h.0.attn.c_proj.weight": [64, 64], "wte.weight": [96, 64]}


def shapes_of(kind):
    if kind == "experts_transposed":
        return {name: [e, b, a] for name, (e, a, b) in STACKS.items()}
    return {"decoder": DECODER, "experts": STACKS, "experts_alone": ALONE, "conv1d": CONV1D}[kind]


def make(directory, kind):
    random.seed(7)
    os.mkdir(directory)
    header, data = {}, b""
    for name, shape in shapes_of(kind).items():
        count = 1
        for size in shape:
            count *= size
        raw = b"".join(struct.pack("<f", random.gauss(0, 0.02))[2:] for _ in range(count))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(f"{directory}/model.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)
    with open(f"{directory}/config.json", "w") as f:
        f.write(CONFIG % ("gpt2" if kind == "conv1d" else "llama"))
    for name in "tokenizer.json", "generation_config.json", "LICENSE", "notes.md", "quant_config.json", "old.index.json":
        with open(f"{directory}/{name}", "w") as f:
            f.write(f"{name} of {kind}\n")


def rules(directory):
    text = open(f"{directory}/config.json").read()
    config = json.loads(text)
    quantization = config.pop("quantization_config")
    assert quantization == json.load(open(f"{directory}/quantize_config.json"))
    assert config == json.loads(CONFIG % config["model_type"]) and text.startswith((CONFIG % config["model_type"])[:-3])
    for expression, settings in quantization.get("dynamic", {}).items():
        print(expression, json.dumps(settings))


def tensors(path):
    data = open(path, "rb").read()
    length = struct.unpack_from("<Q", data)[0]
    read = {}
    for name, t in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + o for o in t["data_offsets"])
        code = {"I32": "I", "F16": "e", "BF16": "H"}[t["dtype"]]
        values = struct.unpack(f"<{(end - begin) // struct.calcsize(code)}{code}", data[begin:end])
        if code == "H":
            values = [struct.unpack("<f", struct.pack("<I", v << 16))[0] for v in values]
        read[name] = t["shape"], values
    return read


def layer(read, name):
    """The columns of a GPTQ version 1 layer: a list of N lists of K weights, and of N lists of scales."""
    (rows, n_count), words = read[name + ".qweight"]
    (groups, _), scales = read[name + ".scales"]
    zeros = read[name + ".qzeros"][1]
    size = 8 * rows // groups
    columns = [
        [
            scales[k // size * n_count + n]
            * (
                (words[k // 8 * n_count + n] >> 4 * (k % 8) & 15)
                - (zeros[k // size * (n_count // 8) + n // 8] >> 4 * (n % 8) & 15)
                - 1
            )
            for k in range(8 * rows)
        ]
        for n in range(n_count)
    ]
    return columns, [scales[n::n_count] for n in range(n_count)]


def originals(kind, read):
    """Name of a layer and its columns, by what the layouts mean."""
    if kind == "conv1d":
        for name in "h.0.attn.c_attn", "h.0.attn.c_proj":
            (k_count, n_count), values = read[name + ".weight"]
            yield name, [[values[k * n_count + n] for k in range(k_count)] for n in range(n_count)]
        return
    for name in shapes_of(kind):
        (experts, a, b), values = read[name]
        for e in range(experts):
            matrix = [list(values[(e * a + i) * b : (e * a + i + 1) * b]) for i in range(a)]
            if kind != "experts":
                matrix = [list(column) for column in zip(*matrix)]
            stacks, leaf = name.rsplit(".", 1)
            prefix = f"{stacks}.{e}."
            if leaf == "gate_up_proj":
                yield prefix + "gate_proj", matrix[: len(matrix) // 2]
                yield prefix + "up_proj", matrix[len(matrix) // 2 :]
            else:
                yield prefix + leaf, matrix


def compare(out, model, kind):
    made = tensors(f"{out}/model.safetensors")
    worst = count = groups = at_the_end = negative = 0
    for name, columns in originals(kind, tensors(f"{model}/model.safetensors")):
        quantized, all_scales = layer(made, name)
        pairs = [(q, w) for a, b in zip(quantized, columns, strict=True) for q, w in zip(a, b, strict=True)]
        worst = max(worst, (sum((q - w) ** 2 for q, w in pairs) / sum(w * w for _, w in pairs)) ** 0.5)
        count += 1
        for a, b, scales in zip(quantized, columns, all_scales, strict=True):
            size = len(a) // len(scales)
            for g, scale in enumerate(scales):
                group = list(zip(a, b, strict=True))[g * size : (g + 1) * size]
                largest = max(abs(w) for _, w in group)
                at_the_end += -8 * scale in [q for q, w in group if abs(w) == largest]
                negative += scale < 0
                groups += 1
    print(f"{count} layers, relative error below 0.15: {worst < 0.15}; tensors: {len(made)}")
    print(f"largest weight at -8 in all groups: {at_the_end == groups}; negative scales: {round(negative / groups, 1)}")


{"make": make, "rules": rules, "compare": compare}[sys.argv[1]](*sys.argv[2:])
