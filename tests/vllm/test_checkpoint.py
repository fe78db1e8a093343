# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""What `w4a16 quantize` writes, read by vLLM's own configuration of GPTQ: which layers it builds quantised, and how."""

import json
import os
import subprocess
import sys
from pathlib import Path

import amdsmi_stub
import pytest

PROGRAM = os.environ["W4A16_PROGRAM"]
MODEL = Path(__file__).parent.parent / "cli" / "model.py"


@pytest.fixture(scope="module")
def quantised(tmp_path_factory):
    amdsmi_stub.install("gfx1100")
    amdsmi_stub.forget_cpu()
    directory = tmp_path_factory.mktemp("models")

    def make(kind, *options):
        model, out = directory / kind, directory / f"{kind}-{len(options)}"
        if not model.exists():
            subprocess.run([sys.executable, MODEL, "make", model, kind], check=True)
        subprocess.run([PROGRAM, "quantize", *options, model, out], check=True, stdout=subprocess.DEVNULL)
        return out

    return make


def configuration(out):
    from vllm.model_executor.layers.quantization.auto_gptq import AutoGPTQConfig

    settings = json.loads((out / "config.json").read_text())["quantization_config"]
    assert AutoGPTQConfig.override_quantization_method(settings, None) == "auto_gptq"
    config = AutoGPTQConfig.from_config(settings)
    config.maybe_update_config(str(out))
    return config


def group_size(config, name):
    """Of the layer that vLLM would build under that name; False: not quantised."""
    from vllm.model_executor.layers.quantization.utils.gptq_utils import get_dynamic_override

    return get_dynamic_override(config, name, "group_size", config.group_size)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("model.layers.0.self_attn.qkv_proj", False),  # its v_proj has four outputs
        ("model.layers.1.self_attn.qkv_proj", 64),
        ("model.layers.0.mlp.gate_up_proj", 64),
        ("model.layers.0.mlp.down_proj", 32),
        ("language_model.model.layers.1.mlp.down_proj", 32),  # as it is called in a model with other towers
        ("model.layers.0.mlp.odd", False),
        ("model.layers.1.mlp.gate", False),
        ("model.layers.0.mlp.shared_expert_gate", False),
        ("model.layers.2.mlp.down_proj", False),
        ("vision_tower.blocks.0.fc", False),
        ("lm_head", False),
    ],
)
def test_layers(quantised, name, expected):
    config = configuration(quantised("decoder", "--group-size", "64", "--force"))
    assert config.weight_bits == 4 and config.is_sym and not config.desc_act and not config.lm_head_quantized
    assert group_size(config, name) is expected if expected is False else group_size(config, name) == expected


def test_request(quantised):
    config = configuration(quantised("decoder", "--group-size", "32", "--ignore", "q_proj", "--force"))
    assert group_size(config, "model.layers.1.self_attn.qkv_proj") is False
    assert group_size(config, "model.layers.1.mlp.down_proj") == 32


@pytest.mark.parametrize("kind", ["experts", "experts_transposed"])
def test_experts(quantised, kind):
    out = quantised(kind, "--group-size", "32", "--force")
    config = configuration(out)
    for name in "model.layers.0.mlp.experts", "model.layers.0.mlp.experts.routed_experts":
        assert group_size(config, name) == 32
    assert f"model.layers.0.mlp.experts.2.up_proj" in config.modules_in_block_to_quantize
