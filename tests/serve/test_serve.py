# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""vLLM's server with models of several formats on these kernels: what it answers, alone and in a batch.

W4A16_SERVE_MODELS is a directory of models (scripts/serve-test.sh); the tests of those that are not there are skipped.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from server import Server

DIRECTORY = Path(os.environ["W4A16_SERVE_MODELS"])
PROMPTS = [
    "The capital of France is",
    "Water boils at a temperature of",
    "The opposite of hot is",
    "Once upon a time there was a king who",
    "Two plus two is",
    "def fibonacci(n):",
]
GPTQ, AWQ, CT = (
    f"Using W4A16LinearKernel for {layers}"
    for layers in ("AutoGPTQLinearMethod", "AutoAWQMarlinLinearMethod", "mixed-precision linear")
)
GPTQ_EXPERTS, CT_EXPERTS = (
    f"Using W4A16Experts for {method}" for method in ("MoeWNA16Method", "CompressedTensorsWNA16MoEMethod")
)


class Model(NamedTuple):
    """What the log says of its layers, and the options of its server."""

    used: list[str]
    options: list[str] = []


MODELS = {
    "gptq": Model([GPTQ]),  # of `w4a16 quantize`
    "awq": Model([AWQ]),  # its weights, by make_models.py
    "ct-asym": Model([CT]),
    "two-ranks": Model([GPTQ], ["--tensor-parallel-size", "2"]),
    "mixture": Model([GPTQ, GPTQ_EXPERTS]),
    "auto-round-gptq": Model([GPTQ]),
    "auto-round-awq": Model([AWQ]),
    "llm-compressor-sym": Model([CT]),
    "llm-compressor-asym": Model([CT]),
    "llm-compressor-act-order": Model([CT]),
    "llm-compressor-mixture": Model([CT, CT_EXPERTS]),
}
said = {}  # by the models so far


def needs(name):
    if not (DIRECTORY / name / "config.json").exists():
        pytest.skip(f"no model {name} in {DIRECTORY}")
    return DIRECTORY / name


def check_answers(server):
    """Completions and chat, whole and streamed; the same text alone and in a batch, which is given."""
    alone = [server.complete(prompt) for prompt in PROMPTS]
    assert "Paris" in alone[0]
    assert "Paris" in server.chat("What is the capital of France?")
    pieces = server.stream(PROMPTS[0])
    assert len(pieces) > 1 and "".join(pieces) == alone[0]
    with ThreadPoolExecutor(len(PROMPTS)) as threads:
        assert list(threads.map(server.complete, PROMPTS)) == alone
    return alone


@pytest.mark.parametrize("name", MODELS)
def test_answers(name, tmp_path):
    model = MODELS[name]
    with Server(needs(name), tmp_path, "--enforce-eager", "--dtype", "float16", *model.options) as server:
        log = server.text()
        assert [line for line in model.used if line not in log] == []
        said[name] = check_answers(server)
    if {"awq", "ct-asym"} <= said.keys():  # the same weights in two formats
        assert said["awq"] == said["ct-asym"]


def test_unasked_vllm_keeps_its_own_kernels(tmp_path):
    with Server(needs("gptq"), tmp_path, "--enforce-eager", W4A16_VLLM_CPU="0") as server:
        assert "W4A16LinearKernel" not in server.text() and "Using CPUWNA16LinearKernel" in server.text()
        assert "vLLM keeps its own kernels for 4-bit weights" in server.text()
