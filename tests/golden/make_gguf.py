#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Writes small GGUF files with the Python package gguf, and what that package makes of them.

    make_gguf.py OUT_DIR        (needs gguf 0.19; not run by the tests)

gguf_values: random bytes as blocks of every type that is read; expected.txt has a line "tensor hash" for each, the hash
over the fp32 values (FNV-1a, 64 bits), rows in order. gguf_llama: a llama of one block with Q4_0 and other layers;
expected.txt has a line "layer K N hash" per layer of Q4_0, under Hugging Face's name and in its order of rows; the hash is
that of the fp32 weights [K][N].
"""
import os
import sys

import gguf
import numpy as np

T = gguf.GGMLQuantizationType
VALUES = [T.F32, T.F16, T.BF16, T.Q4_0, T.Q4_1, T.Q5_0, T.Q8_0, T.Q4_K, T.Q6_K]
HALVES = {T.F16: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q8_0: [0], T.Q4_K: [0, 2], T.Q6_K: [208]}
random = np.random.default_rng(17)


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def blocks(kind, rows, columns):
    """Random bytes whose scales are finite halves of either sign."""
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (rows * columns // elements, size), dtype=np.uint8)
    for at in HALVES.get(kind, []):
        halves = (random.standard_normal(len(data)) / 16).astype("<f2")
        data[:, at:at + 2] = halves.view(np.uint8).reshape(-1, 2)
    if kind in (T.F32, T.BF16):
        data = random.standard_normal(rows * columns).astype("<f4").view(np.uint8).reshape(-1, 4)[:, -size:]
    return np.ascontiguousarray(data).reshape(rows, -1)


def add(writer, name, kind, rows, columns):
    data = blocks(kind, rows, columns)
    if rows == 1:
        data = data[0]
    writer.add_tensor(name, data, raw_shape=data.shape, raw_dtype=kind)
    return gguf.quants.dequantize(data, kind).astype("<f4")


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make_values(out):
    os.makedirs(out, exist_ok=True)
    writer = gguf.GGUFWriter(f"{out}/model.gguf", "none")
    writer.add_uint8("key.u8", 200)
    writer.add_int8("key.i8", -5)
    writer.add_uint16("key.u16", 60000)
    writer.add_int16("key.i16", -300)
    writer.add_uint64("key.u64", 2**63)
    writer.add_int64("key.i64", -2**40)
    writer.add_float32("key.f32", 0.1)
    writer.add_float64("key.f64", 0.1)
    writer.add_bool("key.bool", True)
    writer.add_string("key.text", "äß")
    writer.add_array("key.texts", ["", "ab", "c"])
    writer.add_array("key.reals", [0.5, -1.25])
    writer.add_array("key.integers", [1, -2, 3])
    writer.add_custom_alignment(64)
    with open(f"{out}/expected.txt", "w", encoding="ascii") as file:
        for kind in VALUES:
            name = f"{kind.name}.weight"
            file.write(f"{name} {fnv(add(writer, name, kind, 3, 512).tobytes()):016x}\n")
    finish(writer)


HEADS, KV_HEADS, HIDDEN, INNER = 2, 1, 64, 96


def torch_rows(values, heads):
    """The rows of q and k in Hugging Face's order: llama.cpp pairs each row of a head with its partner in rotation."""
    rows, columns = values.shape
    return values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def byte_characters():
    """GPT-2's printable character for each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = iter(range(256, 512))
    return [chr(byte if byte in plain else next(other)) for byte in range(256)]


def add_tokenizer(writer):
    tokens = ["<|endoftext|>", "<|im_start|>", "<tool>"] + byte_characters() + ["he", "ll", "hell", "hello", "Ġhello"]
    kinds = [3, 3, 4] + [1] * (len(tokens) - 3)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["h e", "l l", "he ll", "hell o", "Ġ hello"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(0)
    writer.add_pad_token_id(0)
    writer.add_chat_template("{{ messages }}")
    return len(tokens)


def make_llama(out):
    os.makedirs(out, exist_ok=True)
    writer = gguf.GGUFWriter(f"{out}/model.gguf", "llama")
    writer.add_block_count(1)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    vocabulary = add_tokenizer(writer)
    kv = HIDDEN // HEADS * KV_HEADS
    add(writer, "token_embd.weight", T.Q8_0, vocabulary, HIDDEN)
    for norm in ["output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"]:
        add(writer, f"{norm}.weight", T.F32, 1, HIDDEN)
    layers = {}
    for name, kind, rows, columns in [("q_proj", T.Q4_0, HIDDEN, HIDDEN), ("k_proj", T.Q4_0, kv, HIDDEN),
                                      ("v_proj", T.Q4_1, kv, HIDDEN), ("o_proj", T.Q4_0, HIDDEN, HIDDEN),
                                      ("gate_proj", T.Q5_0, INNER, HIDDEN), ("up_proj", T.Q8_0, INNER, HIDDEN),
                                      ("down_proj", T.Q4_0, HIDDEN, INNER)]:
        own = {"q_proj": "attn_q", "k_proj": "attn_k", "v_proj": "attn_v", "o_proj": "attn_output"}.get(
            name, f"ffn_{name.removesuffix('_proj')}")
        values = add(writer, f"blk.0.{own}.weight", kind, rows, columns)
        heads = {"q_proj": HEADS, "k_proj": KV_HEADS}.get(name)
        part = "self_attn" if own.startswith("attn") else "mlp"
        if kind == T.Q4_0:
            layers[f"model.layers.0.{part}.{name}"] = torch_rows(values, heads) if heads else values
    finish(writer)
    with open(f"{out}/expected.txt", "w", encoding="ascii") as file:
        for name, values in layers.items():
            weights = values.T + np.float32(0)  # no -0
            file.write(f"{name} {weights.shape[0]} {weights.shape[1]} {fnv(weights.tobytes()):016x}\n")


if len(sys.argv) != 2:
    sys.exit(__doc__)
make_values(f"{sys.argv[1]}/gguf_values")
make_llama(f"{sys.argv[1]}/gguf_llama")
