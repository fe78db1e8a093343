#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Lets AMD's Quark quantise a small random model, and keeps what it wrote and what it makes of it.

    make_quark.py OUT_DIR        (needs amd-quark 0.13, transformers, safetensors; not run by the tests)

Per case: NAME/config.json as Quark wrote it; NAME/model.safetensors with the quantised layers of what it wrote (the
16-bit tensors are left out); NAME/expected.txt with a line "layer K N hash" per layer. The hash is FNV-1a, 64 bits, over
the weights [K][N], of the model's type, that Quark's own layers multiply by before they are packed.
"""
import os
import shutil
import sys
import tempfile

import torch
from quark.torch import ModelQuantizer, export_safetensors
from quark.torch.quantization.config.config import Int4PerGroupSpec, QConfig, QLayerConfig, Uint4PerGroupSpec
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

# Name, Quark's scheme, type of the model. Layers of k_proj have groups of 16, the others of 32.
CASES = [("quark_sym_bf16", Int4PerGroupSpec, torch.bfloat16),
         ("quark_asym_fp16", Uint4PerGroupSpec, torch.float16)]


def make_model():
    torch.manual_seed(7)
    config = LlamaConfig(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=1,
                         num_key_value_heads=1, vocab_size=32, max_position_embeddings=32, tie_word_embeddings=False)
    return LlamaForCausalLM(config).eval()


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def scheme(spec, group_size):
    return QLayerConfig(weight=spec(ch_axis=-1, is_dynamic=False, group_size=group_size).to_quantization_spec())


def make(out, name, spec, dtype):
    config = QConfig(global_quant_config=scheme(spec, 32), layer_quant_config={"*k_proj": scheme(spec, 16)},
                     exclude=["lm_head"])
    quantizer = ModelQuantizer(config)
    tokens = torch.zeros(1, 8, dtype=torch.long)
    model = quantizer.freeze(quantizer.quantize_model(make_model().to(dtype), torch.utils.data.DataLoader(tokens)))
    lines = []
    for layer, module in model.named_modules():
        if hasattr(module, "get_quant_weight"):
            weights = module.get_quant_weight(module.weight).detach().T.contiguous() + 0  # no -0
            K, N = weights.shape
            lines.append(f"{layer} {K} {N} {fnv(weights.view(torch.int16).numpy().tobytes()):016x}\n")
    with tempfile.TemporaryDirectory() as temporary:
        export_safetensors(model=model, output_dir=temporary, custom_mode="quark", weight_format="real_quantized",
                           pack_method="reorder")
        os.makedirs(f"{out}/{name}", exist_ok=True)
        shutil.copy(f"{temporary}/config.json", f"{out}/{name}/config.json")
        tensors = load_file(f"{temporary}/model.safetensors")
    packed = {key: value for key, value in tensors.items() if "_proj." in key}
    save_file(packed, f"{out}/{name}/model.safetensors", metadata={"format": "pt"})
    with open(f"{out}/{name}/expected.txt", "w") as file:
        file.writelines(sorted(lines))


for case in CASES:
    make(sys.argv[1], *case)
