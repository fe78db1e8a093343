#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Writes small GGUF files with the Python package gguf, and what that package makes of them.

    make_gguf.py OUT_DIR        (needs gguf 0.19; not run by the tests)

gguf_values: random bytes as blocks of every type that is read; expected.txt has a line "tensor hash" for each, the hash
over the fp32 values (FNV-1a, 64 bits), rows in order. gguf_llama: a llama of one block with Q4_0 and other layers;
expected.txt has a line "layer K N hash" per layer of Q4_0, under Hugging Face's name and in its order of rows; the hash is
that of the fp32 weights [K][N]. gguf_gemma3: a gemma3 of one block. Of both values.txt has a line "tensor hash" for each
tensor under Hugging Face's name, in its order of rows and without what llama.cpp adds to it.
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
    """Its values, as the file has them."""
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


def add_sizes(writer, head_size):
    writer.add_block_count(1)
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(head_size)


def write_hashes(path, values):
    with open(path, "w", encoding="ascii") as file:
        for name, array in values.items():
            file.write(f"{name} {fnv(np.ascontiguousarray(array).tobytes()):016x}\n")


LLAMA = [("attn_q", "self_attn.q_proj", T.Q4_0, HIDDEN, HIDDEN), ("attn_k", "self_attn.k_proj", T.Q4_0, 32, HIDDEN),
         ("attn_v", "self_attn.v_proj", T.Q4_1, 32, HIDDEN), ("attn_output", "self_attn.o_proj", T.Q4_0, HIDDEN, HIDDEN),
         ("ffn_gate", "mlp.gate_proj", T.Q5_0, INNER, HIDDEN), ("ffn_up", "mlp.up_proj", T.Q8_0, INNER, HIDDEN),
         ("ffn_down", "mlp.down_proj", T.Q4_0, HIDDEN, INNER)]
LLAMA_NORMS = [("output_norm", "model.norm"), ("blk.0.attn_norm", "model.layers.0.input_layernorm"),
               ("blk.0.ffn_norm", "model.layers.0.post_attention_layernorm")]


def make_llama(out):
    os.makedirs(out, exist_ok=True)
    writer = gguf.GGUFWriter(f"{out}/model.gguf", "llama")
    add_sizes(writer, HIDDEN // HEADS)
    vocabulary = add_tokenizer(writer)
    values = {"model.embed_tokens.weight": add(writer, "token_embd.weight", T.Q8_0, vocabulary, HIDDEN)}
    for own, theirs in LLAMA_NORMS:
        values[f"{theirs}.weight"] = add(writer, f"{own}.weight", T.F32, 1, HIDDEN)
    lines = []
    for own, theirs, kind, rows, columns in LLAMA:
        array = add(writer, f"blk.0.{own}.weight", kind, rows, columns)
        heads = {"attn_q": HEADS, "attn_k": KV_HEADS}.get(own)
        array = torch_rows(array, heads) if heads else array
        values[f"model.layers.0.{theirs}.weight"] = array
        if kind == T.Q4_0:
            weights = array.T + np.float32(0)  # no -0
            lines.append(f"model.layers.0.{theirs} {columns} {rows} {fnv(weights.tobytes()):016x}\n")
    finish(writer)
    write_hashes(f"{out}/values.txt", values)
    with open(f"{out}/expected.txt", "w", encoding="ascii") as file:
        file.writelines(lines)


GEMMA_NORMS = [("output_norm", "model.norm", HIDDEN), ("attn_norm", "input_layernorm", HIDDEN),
               ("attn_q_norm", "self_attn.q_norm", 32), ("attn_k_norm", "self_attn.k_norm", 32),
               ("post_attention_norm", "post_attention_layernorm", HIDDEN),
               ("ffn_norm", "pre_feedforward_layernorm", HIDDEN), ("post_ffw_norm", "post_feedforward_layernorm", HIDDEN)]


def add_pieces(writer):
    """SentencePiece: controls, bytes, single pieces, and some that are made of others."""
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "  ", "<tool>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    kinds = [3, 3, 3, 2, 4, 4] + [6] * 256
    words = ["▁", "he", "ll", "hell", "hello", "▁hello", "h", "e", "l", "o"]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens + words)
    writer.add_token_scores([-float(i) for i in range(len(tokens + words))])
    writer.add_token_types(kinds + [1] * len(words))
    for add_token, token in [(writer.add_pad_token_id, 0), (writer.add_eos_token_id, 1), (writer.add_bos_token_id, 2),
                             (writer.add_unk_token_id, 3)]:
        add_token(token)
    writer.add_add_space_prefix(False)
    return len(tokens + words)


def make_gemma(out):
    os.makedirs(out, exist_ok=True)
    writer = gguf.GGUFWriter(f"{out}/model.gguf", "gemma3")
    add_sizes(writer, 32)
    writer.add_key_length(32)
    writer.add_value_length(32)
    writer.add_sliding_window(64)
    vocabulary = add_pieces(writer)
    values = {"model.embed_tokens.weight": add(writer, "token_embd.weight", T.F16, vocabulary, HIDDEN)}
    for own, theirs, size in GEMMA_NORMS:
        block = own != "output_norm"
        array = add(writer, f"blk.0.{own}.weight" if block else f"{own}.weight", T.F32, 1, size)
        values[f"model.layers.0.{theirs}.weight" if block else f"{theirs}.weight"] = array - np.float32(1)
    for own, theirs, kind, rows, columns in LLAMA:
        values[f"model.layers.0.{theirs}.weight"] = add(writer, f"blk.0.{own}.weight", kind, rows, columns)
    finish(writer)
    write_hashes(f"{out}/values.txt", values)


if len(sys.argv) != 2:
    sys.exit(__doc__)
make_values(f"{sys.argv[1]}/gguf_values")
make_llama(f"{sys.argv[1]}/gguf_llama")
make_gemma(f"{sys.argv[1]}/gguf_gemma3")
