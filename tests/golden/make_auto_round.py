#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Lets auto-round quantise a small random model, and keeps what it wrote and what it makes of it.

    make_auto_round.py OUT_DIR        (needs auto-round 0.16, transformers, safetensors; not run by the tests)

Per case: NAME/config.json as auto-round wrote it; NAME/model.safetensors with the quantised layers of what it wrote (the
16-bit tensors are left out); NAME/expected.txt with a line "layer K N hash" per layer of 4 bits. The hash is FNV-1a, 64
bits, over the fp16 weights [K][N] that auto-round's own layers multiply by, which are got by multiplying the identity.
"""
import json
import os
import shutil
import sys
import tempfile

import torch
from auto_round import AutoRound
from auto_round.export.export_to_awq.utils import WQLinear_GEMM
from auto_round_extension.torch import qlinear_torch, qlinear_torch_zp
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

# Name, format of auto-round, symmetric, whether a layer has 8 bits (AWQ has none).
CASES = [("auto_round_sym", "auto_round", True, True), ("auto_round_asym", "auto_round", False, True),
         ("auto_round_gptq_asym", "auto_round:auto_gptq", False, True),
         ("auto_round_awq_asym", "auto_round:auto_awq", False, False)]
BLOCK = "model.layers.0."
LAYERS = {"self_attn.q_proj": (32, 32), "self_attn.k_proj": (32, 32), "self_attn.v_proj": (32, 32), "mlp.up_proj": (32, 64),
          "mlp.gate_proj": (32, 64), "mlp.down_proj": (64, 32)}


def make_model():
    torch.manual_seed(7)
    config = LlamaConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=1,
                         num_key_value_heads=1, vocab_size=32, max_position_embeddings=32, tie_word_embeddings=False)
    words = Tokenizer(models.WordLevel({str(i): i for i in range(32)}, unk_token="0"))
    tokens = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="0", pad_token="1", eos_token="2")
    return LlamaForCausalLM(config).to(torch.float16), tokens


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def weights(packing, tensors, layer, K, N, group_size):
    """[K, N] of fp16, by auto-round's own layer."""
    if packing == "auto_round:auto_awq":
        own = WQLinear_GEMM(4, group_size, K, N, False, "cpu")
    else:
        module = qlinear_torch_zp if packing == "auto_round:auto_gptq" else qlinear_torch
        own = module.QuantLinear(4, group_size, K, N, False)
    for name in ("qweight", "qzeros", "scales"):
        setattr(own, name, tensors[f"{layer}.{name}"])
    with torch.no_grad():
        return own(torch.eye(K, dtype=torch.float16))


def make(out, name, kind, symmetric, mixed):
    model, tokens = make_model()
    layers = {".*k_proj": {"bits": 4, "group_size": 16}, BLOCK + "self_attn.o_proj": {"bits": 16}}
    if mixed:
        layers[BLOCK + "mlp.down_proj"] = {"bits": 8}
    with tempfile.TemporaryDirectory() as temporary:
        AutoRound(model, tokenizer=tokens, bits=4, group_size=32, sym=symmetric, iters=0, disable_opt_rtn=True,
                  layer_config=layers, nsamples=1, seqlen=8).quantize_and_save(temporary, format=kind)
        [written] = [path for path, _, files in os.walk(temporary) if "config.json" in files]
        os.makedirs(f"{out}/{name}", exist_ok=True)
        shutil.copy(f"{written}/config.json", f"{out}/{name}/config.json")
        tensors = load_file(f"{written}/model.safetensors")
    with open(f"{out}/{name}/config.json") as file:
        config = json.load(file)["quantization_config"]
    packed = {key: value for key, value in tensors.items() if key.rsplit(".", 1)[1] in ("qweight", "qzeros", "scales")}
    save_file(packed, f"{out}/{name}/model.safetensors", metadata={"format": "pt"})
    with open(f"{out}/{name}/expected.txt", "w") as file:
        for layer, (K, N) in LAYERS.items():
            if mixed and layer == "mlp.down_proj":
                continue
            group_size = 16 if "k_proj" in layer else 32
            values = weights(config["packing_format"], packed, BLOCK + layer, K, N, group_size)
            assert values.shape == (K, N) and values.dtype == torch.float16
            file.write(f"{BLOCK}{layer} {K} {N} {fnv(values.numpy().tobytes()):016x}\n")


for case in CASES:
    make(sys.argv[1], *case)
