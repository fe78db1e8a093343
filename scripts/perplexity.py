#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Perplexity of a 16-bit model and of GPTQ models made of it, on one text, paired.

    perplexity.py MODEL TEXT [GPTQ...] [--skip CHARACTERS] [--tokens N] [--dtype float32]

MODEL is a directory for transformers, each GPTQ one of version 1 without act-order, of `w4a16 quantize` or another tool.
Their layers take the places of the model's own as values of --dtype, so that all rows run through the same products; logits
and losses are in float32.
The text is read in windows of 512 tokens that begin anew. The standard error is that of the mean over windows of the
difference to the 16-bit model.
"""

import argparse
import math
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

WINDOW = 512
SHIFTS = torch.arange(0, 32, 4, dtype=torch.int32)


def layers_of(directory):
    """{module: weights [N, K]} of a GPTQ model of version 1."""
    tensors = load_file(directory / "model.safetensors")
    layers = {}
    for module in (name.removesuffix(".qweight") for name in tensors if name.endswith(".qweight")):
        words, zeros, scales = (tensors[f"{module}.{part}"] for part in ("qweight", "qzeros", "scales"))
        q = ((words[:, None, :] >> SHIFTS[:, None]) & 15).flatten(0, 1)
        zeros = ((zeros[:, :, None] >> SHIFTS) & 15).flatten(1) + 1
        group = torch.arange(len(q)) // (len(q) // len(scales))
        layers[module] = ((q - zeros[group]).float() * scales.float()[group]).t()
    return layers


@torch.no_grad()
def losses(model, windows):
    """The mean of -log p of the tokens of each window."""
    head = model.lm_head.weight.float()
    means = []
    for window in windows:
        logits = model.model(window[None]).last_hidden_state[0, :-1].float() @ head.t()
        means.append(torch.nn.functional.cross_entropy(logits, window[1:]))
    return torch.stack(means).double()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("gptq", type=Path, nargs="*")
    parser.add_argument("--skip", type=int, default=0, help="characters at the text's beginning")
    parser.add_argument("--tokens", type=int, default=20480)
    choices = ["bfloat16", "float32"]  # the former takes a processor without units for it 50 times longer
    parser.add_argument("--dtype", choices=choices, default="bfloat16")
    arguments = parser.parse_args()
    dtype = getattr(torch, arguments.dtype)
    model = transformers.AutoModelForCausalLM.from_pretrained(arguments.model, dtype=dtype).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
    text = arguments.text.read_text(errors="replace")[arguments.skip :][: 6 * arguments.tokens]
    tokens = tokenizer(text, return_tensors="pt").input_ids[0][: arguments.tokens]
    windows = tokens[: len(tokens) // WINDOW * WINDOW].view(-1, WINDOW)
    source = losses(model, windows)
    print(f"{arguments.model}: {source.mean().exp():.2f} on {windows.numel()} tokens", flush=True)
    modules = dict(model.named_modules())
    for directory in arguments.gptq:
        for name, weights in layers_of(directory).items():
            modules[name].weight.data.copy_(weights)
        own = losses(model, windows)
        more = own - source
        ratio, error = more.mean().exp(), more.std() / math.sqrt(len(more))
        print(f"{directory}: {own.mean().exp():.2f}, {ratio:.3f} times +- {100 * error:.1f} %", flush=True)


if __name__ == "__main__":
    main()
