# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""make_with_tools.py TOOL SOURCE DIRECTORY: what the formats' own tools make of a 16-bit model, in DIRECTORY/TOOL-*.

TOOL is auto-round (0.16), gptqmodel (7.5) or llm-compressor (0.14), installed in the Python that runs this; SOURCE holds
the models `source` and `mixture`. Fast recipes, for a server's tests, not for quality: rounding, or a few lines of text.
"""

import os
import shutil
import sys
from pathlib import Path

GROUP_SIZE = 64
TEXT = [
    "The quick brown fox jumps over the lazy dog, and the dog does not mind. " * 4,
    "Paris is the capital of France; Rome is the capital of Italy; Madrid is the capital of Spain. " * 4,
    "Water boils at a temperature of one hundred degrees, and freezes at zero. Two plus two is four. " * 4,
    "def fibonacci(n):\n    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)\n" * 4,
]


def auto_round(source, directory):
    from auto_round import AutoRound

    for name, form, symmetric in (("gptq", "auto_gptq", True), ("awq", "auto_awq", False)):
        made = directory / f"auto-round-{name}"
        rounding = dict(bits=4, group_size=GROUP_SIZE, sym=symmetric, iters=0, disable_opt_rtn=True)
        AutoRound(str(source / "source"), device_map="cpu", **rounding).quantize_and_save(str(made / "own"), format=form)
        [config] = made.rglob("config.json")  # in a directory named after the model
        shutil.copytree(config.parent, made, dirs_exist_ok=True)
        shutil.rmtree(made / "own")


def gptqmodel(source, directory):
    os.environ.setdefault("GPTQMODEL_CPU_WORKERS", "2")  # with two processors it would have one, and wants two
    from gptqmodel import GPTQModel, QuantizeConfig

    model = GPTQModel.load(str(source / "source"), QuantizeConfig(bits=4, group_size=GROUP_SIZE), device="cpu")
    model.quantize(TEXT, batch_size=1)
    model.save(str(directory / "gptqmodel-gptq"))


def llm_compressor(source, directory):
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    from datasets import Dataset
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import GPTQModifier, QuantizationModifier

    for name, model, modifier, changed in (
        ("sym", "source", QuantizationModifier, dict(symmetric=True)),
        ("asym", "source", QuantizationModifier, dict(symmetric=False)),
        ("order", "source", GPTQModifier, dict(symmetric=True, actorder="static")),
        ("mixture", "mixture", QuantizationModifier, dict(symmetric=True)),
    ):
        weights = QuantizationArgs(num_bits=4, strategy="group", group_size=GROUP_SIZE, **changed)
        groups = {"group_0": QuantizationScheme(targets=["Linear"], weights=weights)}
        recipe = modifier(config_groups=groups, ignore=["lm_head", "re:.*gate$"])
        made = str(directory / f"llm-compressor-{name}")
        data = dict(dataset=Dataset.from_dict({"text": TEXT})) if modifier is GPTQModifier else {}
        oneshot(model=str(source / model), recipe=[recipe], output_dir=made, **data)


TOOLS = {"auto-round": auto_round, "gptqmodel": gptqmodel, "llm-compressor": llm_compressor}


if __name__ == "__main__":
    TOOLS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
