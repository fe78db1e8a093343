#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Lets a language model whose linear layers are 4-bit answer, on the CPU or, slowly, on a simulated card.

    w4a16 quantize --group-size 64 MODEL.gguf DIRECTORY
    generate.py DIRECTORY "The capital of France is"
    W4A16_DEVICE=sim generate.py DIRECTORY "The capital of France is" --tokens 4      the kernels' own bits
    generate.py DIRECTORY --perplexity TEXT.txt

DIRECTORY is what `w4a16 quantize` writes: config.json, tokenizer, weights. Needs transformers and safetensors.
"""

import argparse
import time
from pathlib import Path

import torch
import transformers
import w4a16.torch
from w4a16 import models


@torch.no_grad()
def perplexity(model, tokens, window=512):
    """exp of the mean of -log p of each token, in windows that begin anew; and its standard error."""
    losses = []
    for start in range(0, len(tokens) - 1, window):
        part = tokens[start : start + window + 1].unsqueeze(0)
        logits = model(part[:, :-1]).logits.float()
        losses.append(torch.nn.functional.cross_entropy(logits[0], part[0, 1:], reduction="none"))
    losses = torch.cat(losses)
    mean, error = losses.mean(), losses.std() / len(losses) ** 0.5
    return mean.exp().item(), (mean.exp() * error).item(), len(losses)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("prompt", nargs="?", default="The capital of France is")
    parser.add_argument("--tokens", type=int, default=24, help="how many to generate (default 24)")
    parser.add_argument("--perplexity", type=Path, metavar="TEXT", help="of this text, instead of an answer")
    arguments = parser.parse_args()
    model, replaced = models.load(arguments.directory)
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.directory)
    device = w4a16.torch.device_name()
    print(f"{len(replaced)} linear layers of 4 bits on {device}, {model.dtype} activations")
    if arguments.perplexity:
        tokens = tokenizer(arguments.perplexity.read_text(), return_tensors="pt").input_ids[0]
        value, error, count = perplexity(model, tokens)
        print(f"perplexity {value:.3f} +- {error:.3f} on {count} tokens")
        return
    prompt = tokenizer(arguments.prompt, return_tensors="pt")
    start = time.monotonic()
    out = model.generate(**prompt, max_new_tokens=arguments.tokens, do_sample=False)
    seconds = time.monotonic() - start
    print(tokenizer.decode(out[0], skip_special_tokens=True))
    print(f"{out.shape[1] - prompt.input_ids.shape[1]} tokens in {seconds:.1f} s")


if __name__ == "__main__":
    main()
