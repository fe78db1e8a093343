# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""make_sources.py MODEL DIRECTORY: of SmolLM2 in 16 bits, other models that compute the same, in DIRECTORY:

mixture     a Mixtral with four experts, of which each token's router chooses two. Each expert is the model's MLP with its
            hidden features in an order of its own, so a product that takes another expert's weights shows. Groups of
            quantisation stay together, so that all experts are rounded alike.
even        heads that two ranks can share: one more head of keys and values, and its heads of queries, whose outputs
            are multiplied by zeros.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

EXPERTS, CHOSEN = 4, 2
GROUP_SIZE = 64
EXPERTS_NAMES = {"gate_proj": "w1", "up_proj": "w3", "down_proj": "w2"}


def mixture(config, tensors):
    random = torch.Generator().manual_seed(1)
    made = {}
    for name, tensor in tensors.items():
        block, _, part = name.partition(".mlp.")
        if not part:
            made[name] = tensor
            continue
        own = EXPERTS_NAMES[part.removesuffix(".weight")]
        layer = int(block.rpartition(".")[2])
        for expert in range(EXPERTS):
            seed = torch.Generator().manual_seed(EXPERTS * layer + expert)
            groups = torch.randperm(config["intermediate_size"] // GROUP_SIZE, generator=seed)
            order = (GROUP_SIZE * groups[:, None] + torch.arange(GROUP_SIZE)).flatten()
            weights = tensor[:, order] if own == "w2" else tensor[order]
            made[f"{block}.block_sparse_moe.experts.{expert}.{own}.weight"] = weights.contiguous()
        router = torch.randn(EXPERTS, config["hidden_size"], generator=random).to(tensor.dtype)
        made.setdefault(f"{block}.block_sparse_moe.gate.weight", router)
    changed = dict(architectures=["MixtralForCausalLM"], model_type="mixtral", num_local_experts=EXPERTS)
    return config | changed | dict(num_experts_per_tok=CHOSEN, sliding_window=None), made


def even(config, tensors):
    size, heads, pairs = config["head_dim"], config["num_attention_heads"], config["num_key_value_heads"]
    group = heads // pairs
    made = {}
    for name, tensor in tensors.items():
        part = name.split(".")[-2]
        if part in ("q_proj", "k_proj", "v_proj"):
            more = tensor[: size * (group if part == "q_proj" else 1)]
            tensor = torch.cat([tensor, more])
        elif part == "o_proj":
            tensor = torch.cat([tensor, tensor.new_zeros(len(tensor), size * group)], 1)
        made[name] = tensor.contiguous()
    return config | dict(num_attention_heads=heads + group, num_key_value_heads=pairs + 1), made


def main():
    source, directory = map(Path, sys.argv[1:])
    config = json.loads((source / "config.json").read_text())
    tensors = load_file(source / "model.safetensors")
    for make in (mixture, even):
        out = directory / make.__name__
        shutil.copytree(source, out, dirs_exist_ok=True)
        own_config, own_tensors = make(config, tensors)
        save_file(own_tensors, out / "model.safetensors", {"format": "pt"})
        (out / "config.json").write_text(json.dumps(own_config, indent=2))


main()
