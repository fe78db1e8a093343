# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""make_models.py GPTQ DIRECTORY: of an asymmetric GPTQ model that `w4a16 quantize` has made, the same weights as AWQ and
as compressed-tensors store them, in DIRECTORY/awq and DIRECTORY/ct-asym. It stands in for the formats' own tools: names,
shapes, order of nibbles and configuration are theirs, the values ours."""

import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]  # which column of eight is at each nibble of a word
SHIFTS = torch.arange(0, 32, 4)


def nibbles(words, dim):
    """int32 words to values along dim (0 or 1)."""
    split = (words.long().unsqueeze(dim + 1) >> SHIFTS.view(-1, *[1] * (1 - dim))) & 15
    return split.flatten(dim, dim + 1)


def words(values):
    """Values to int32 words along the last dimension."""
    whole = (values.unflatten(-1, (-1, 8)) << SHIFTS).sum(-1)
    return torch.where(whole >= 2**31, whole - 2**32, whole).to(torch.int32).contiguous()


def awq(name, q, zeros, scales):
    order = torch.tensor(AWQ_ORDER)
    placed = [words(x.unflatten(-1, (-1, 8))[..., order].flatten(-2)) for x in (q, zeros)]
    return {f"{name}.qweight": placed[0], f"{name}.qzeros": placed[1], f"{name}.scales": scales}


def compressed_tensors(name, q, zeros, scales):
    return {
        f"{name}.weight_packed": words(q.t()),
        f"{name}.weight_zero_point": words(zeros).t().contiguous(),
        f"{name}.weight_scale": scales.t().contiguous(),
        f"{name}.weight_shape": torch.tensor([q.shape[1], q.shape[0]]),
    }


def ct_config(group_size):
    weights = dict(num_bits=4, type="int", symmetric=False, strategy="group", group_size=group_size)
    group = dict(targets=["Linear"], weights=weights, input_activations=None, output_activations=None)
    return dict(
        quant_method="compressed-tensors", format="pack-quantized", quantization_status="compressed",
        config_groups={"group_0": group}, ignore=["lm_head"],
    )  # fmt: skip


def awq_config(group_size):
    return dict(quant_method="awq", bits=4, group_size=group_size, zero_point=True, version="gemm")


FORMATS = {"awq": (awq, awq_config), "ct-asym": (compressed_tensors, ct_config)}


def main():
    source, directory = map(Path, sys.argv[1:])
    config = json.loads((source / "config.json").read_text())
    group_size = config["quantization_config"]["group_size"]
    tensors = load_file(source / "model.safetensors")
    layers = [name.removesuffix(".qweight") for name in tensors if name.endswith(".qweight")]
    for form, (convert, quantisation) in FORMATS.items():
        made = {name: tensor for name, tensor in tensors.items() if name.rpartition(".")[0] not in layers}
        for layer in layers:
            q = nibbles(tensors[f"{layer}.qweight"], 0)
            zeros = nibbles(tensors[f"{layer}.qzeros"], 1) + 1
            made |= convert(layer, q, zeros, tensors[f"{layer}.scales"])
        shutil.copytree(source, directory / form, dirs_exist_ok=True, ignore=shutil.ignore_patterns("quantize_config.json"))
        save_file(made, directory / form / "model.safetensors", {"format": "pt"})
        text = json.dumps(config | {"quantization_config": quantisation(group_size)}, indent=2)
        (directory / form / "config.json").write_text(text)


main()
