# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""`python -m w4a16 calibrate` on a small random language model: the file's numbers, and what `w4a16 quantize` gains by them
on tokens that were not read."""

import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from w4a16 import __main__, calibrate, models

transformers = pytest.importorskip("transformers")
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

PROGRAM = os.environ.get("W4A16_PROGRAM")
LAYERS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=128, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=False, dtype=torch.float32, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config).eval()


def inputs_of(model, tokens, name):
    """What a layer of the model is given, [tokens, K]."""
    seen = []
    layer = model.get_submodule(name)
    hook = layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].flatten(0, -2)))
    with torch.no_grad():
        model(tokens[None])
    hook.remove()
    return torch.cat(seen).double()


def test_statistics():
    """Against the formulas of GPTQ: the inverse by elimination, one input after the other, the largest first."""
    torch.manual_seed(1)
    x = torch.randn(500, 6).double() @ torch.randn(6, 6).double()
    moment = x.t() @ x / len(x)
    energy, feedback = calibrate.statistics(moment.float())
    assert torch.allclose(energy.double(), moment.diagonal() / moment.diagonal().mean(), rtol=1e-5)
    order = sorted(range(6), key=lambda k: -energy[k].item())
    assert order != list(range(6))
    inverse = (moment + calibrate.DAMPING * moment.diagonal().mean() * torch.eye(6)).inverse()[order][:, order]
    for k in range(6):
        own, behind = inverse[k, k].clone(), inverse[k, k + 1 :].clone()
        assert torch.allclose(feedback[k, k + 1 :].double(), behind / own, rtol=1e-3, atol=1e-4)
        assert not feedback[k, : k + 1].any()
        inverse = inverse - torch.outer(inverse[:, k], inverse[k]) / own


def test_moments_that_need_more_damping():
    """Rounding may leave moments that are not positive; they are damped until they are."""
    moment = torch.ones(8, 8)
    moment[0, 1] = moment[1, 0] = 1.5
    energy, feedback = calibrate.statistics(moment)
    assert torch.equal(energy, torch.ones(8)) and feedback.isfinite().all()
    energy, feedback = calibrate.statistics(torch.zeros(8, 8))  # inputs that are always zero
    assert not energy.any() and not feedback.any()
    with pytest.raises(ValueError, match="no finite numbers"):
        calibrate.statistics(torch.full((8, 8), torch.inf))


def test_file(model, tmp_path):
    tokens = torch.randint(0, 128, (1200,))
    assert calibrate.calibrate(model, tokens, tmp_path / "whole") == 14
    whole = load_file(tmp_path / "whole")
    number = {name.removesuffix(".inputs"): tensor.item() for name, tensor in whole.items() if name.endswith(".inputs")}
    assert sorted(number) == sorted(calibrate.linears(model)) and "lm_head" not in number
    of = [number[f"model.layers.1.{layer}"] for layer in LAYERS]
    assert of[0] == of[1] == of[2] != of[3] != of[4] == of[5] and of[0] != number["model.layers.0.self_attn.q_proj"]
    x = torch.cat([inputs_of(model, window, "model.layers.1.mlp.down_proj") for window in tokens.split(calibrate.WINDOW)])
    energy, feedback = calibrate.statistics((x.t() @ x / len(x)).float())
    own = f"inputs.{number['model.layers.1.mlp.down_proj']}"
    assert torch.allclose(whole[f"{own}.energy"], energy, rtol=1e-3)
    assert torch.allclose(whole[f"{own}.feedback"].float(), feedback.float(), atol=1e-3)
    calibrate.calibrate(model, tokens, tmp_path / "portions", memory=1)  # the text once for each of the inputs
    portions = load_file(tmp_path / "portions")
    assert portions.keys() == whole.keys() and all(torch.equal(portions[name], whole[name]) for name in whole)


@pytest.mark.skipif(not PROGRAM, reason="W4A16_PROGRAM does not name the program w4a16")
def test_quantised_with_them(model, tmp_path, monkeypatch, capsys):
    model.save_pretrained(tmp_path / "model")
    tokenizer = Tokenizer(WordLevel({str(i): i for i in range(128)}, unk_token="0"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(tmp_path / "model")
    # Few of the tokens are used, so that inputs are alike and errors can make up for each other.
    draw = torch.Generator().manual_seed(2)
    text = torch.randint(0, 24, (3000,), generator=draw)
    (tmp_path / "text").write_text(" ".join(map(str, text.tolist())))

    def run(name, out):
        command = ["w4a16", "calibrate", str(tmp_path / name), str(tmp_path / "text"), str(tmp_path / out)]
        monkeypatch.setattr(sys, "argv", command)
        return __main__.main(), capsys.readouterr()

    code, said = run("model", "statistics")
    assert code == 0 and "of 14 layers on 3000 tokens" in said.out, said.err
    errors = []
    for name, options in (("plain", []), ("calibrated", ["--calibration", tmp_path / "statistics"])):
        command = [PROGRAM, "quantize", "--group-size", "32", *options, tmp_path / "model", tmp_path / name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert ("14 of the layers by the statistics of" in done.stdout) == (name == "calibrated")
        made, replaced = models.load(tmp_path / name)
        assert len(replaced) == 14
        x = inputs_of(model, torch.randint(0, 24, (500,), generator=draw), "model.layers.1.mlp.gate_proj")
        exact = x @ model.model.layers[1].mlp.gate_proj.weight.double().t()
        found = made.model.layers[1].mlp.gate_proj(x.half()).double()
        errors.append((found - exact).square().mean())
    assert errors[1] < errors[0] / 2
    code, said = run("plain", "no")
    assert code == 1 and "is of 4 bits; accepted is the 16-bit model" in said.err
