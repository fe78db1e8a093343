# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""make_auto_round.py MODEL DIRECTORY [NAME...]: models of several formats that auto-round, a quantiser of others, makes of a
16-bit model, by plain rounding in groups of 64, in DIRECTORY/NAME."""

import sys
from pathlib import Path

import torch
import transformers
from auto_round import AutoRound

FORMATS = {  # name: auto-round's format, symmetric
    "auto-round-gptq": ("auto_gptq", True),
    "auto-round-awq": ("auto_awq", False),
    "auto-round-ct": ("llm_compressor", True),
    "auto-round-ct-asym": ("llm_compressor", False),
}


def main():
    source, directory, *names = sys.argv[1:]
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    for name in names or FORMATS:
        form, symmetric = FORMATS[name]
        model = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=torch.float16)
        plain = {"iters": 0, "disable_opt_rtn": True, "nsamples": 1, "seqlen": 64}
        tool = AutoRound(model, tokenizer, scheme="W4A16", group_size=64, sym=symmetric, device_map="cpu", **plain)
        tool.quantize_and_save(Path(directory) / name, format=form)


main()
