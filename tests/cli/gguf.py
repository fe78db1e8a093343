#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Shows the directory that was made of a small GGUF file, and compares its embedding with the file's.

gguf.py FILE.gguf DIRECTORY
"""
import json
import struct
import sys

path, directory = sys.argv[1:]


def load(name):
    with open(f"{directory}/{name}", encoding="utf-8") as file:
        return json.load(file)


def show(value):
    print(json.dumps(value, ensure_ascii=False))


config = load("config.json")
del config["quantization_config"]
show(config)

tokenizer = load("tokenizer.json")
model = tokenizer["model"]
vocabulary, merges = model.pop("vocab"), model.pop("merges")
assert sorted(vocabulary.values()) == list(range(config["vocab_size"]))
show(list(vocabulary)[:6] + list(vocabulary)[-6:])
show(merges)
show({key: value for key, value in tokenizer.items() if key != "added_tokens"})
show([(token["id"], token["content"], token["special"]) for token in tokenizer["added_tokens"]])
show(load("tokenizer_config.json"))
show(load("generation_config.json"))

with open(f"{directory}/model.safetensors", "rb") as file:
    length, = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    data = file.read()
for name, tensor in header.items():
    if name != "__metadata__" and "proj" not in name:
        print(name, tensor["dtype"], tensor["shape"])
begin, end = header["model.embed_tokens.weight"]["data_offsets"]
kept = data[begin:end]

# The embedding is found by its bytes: those of the file, or the halves that blocks of Q8_0 stand for.
with open(path, "rb") as file:
    whole = file.read()
if kept not in whole:
    rows, columns = header["model.embed_tokens.weight"]["shape"]
    size = rows * columns // 32 * 34
    for at in range(0, len(whole) - size, 32):
        made = b""
        for block in range(at, at + size, 34):
            scale, *levels = struct.unpack_from("<e32b", whole, block)
            values = struct.pack("<32e", *(scale * level for level in levels)) if abs(scale) < 256 else b"?"
            if values != kept[len(made):len(made) + 64]:
                break
            made += values
        if made == kept:
            break
    else:
        sys.exit("the embedding is not that of the file")
print("embedding: the file's")
