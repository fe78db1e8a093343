# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""make_with_tools.py TOOL SOURCES DIRECTORY: what the formats' own tools make of the 16-bit models SOURCES/source and
SOURCES/mixture, in DIRECTORY/TOOL-*.

TOOL is auto-round (0.16) or llm-compressor (0.14), installed in the Python that runs this. All but the model with
act-order are only rounded, which takes minutes: the tools' files are tried here, not their quality.
"""

import shutil
import sys
from pathlib import Path

GROUP_SIZE = 64
TOKENS = 256  # that act-order is found with


def auto_round(sources, directory):
    from auto_round import AutoRound

    for name, form, symmetric in (("gptq", "auto_gptq", True), ("awq", "auto_awq", False)):
        made = directory / f"auto-round-{name}"
        rounding = dict(bits=4, group_size=GROUP_SIZE, sym=symmetric, iters=0, disable_opt_rtn=True)
        AutoRound(str(sources / "source"), device_map="cpu", **rounding).quantize_and_save(str(made / "own"), format=form)
        [config] = (made / "own").rglob("config.json")  # in a directory named after the model
        shutil.copytree(config.parent, made, dirs_exist_ok=True)
        shutil.rmtree(made / "own")


def some_tokens(model):
    """A data set of one text, as llm-compressor takes it."""
    from datasets import Dataset
    from transformers import AutoTokenizer

    ids = AutoTokenizer.from_pretrained(model)(Path(__file__).read_text()).input_ids[:TOKENS]
    return Dataset.from_dict({"input_ids": [ids], "attention_mask": [[1] * len(ids)]})


def llm_compressor(sources, directory):
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import GPTQModifier, QuantizationModifier

    def make(name, modifier, source, symmetric, data=None, **options):
        weights = QuantizationArgs(num_bits=4, strategy="group", group_size=GROUP_SIZE, symmetric=symmetric, **options)
        groups = {"group_0": QuantizationScheme(targets=["Linear"], weights=weights)}
        recipe = modifier(config_groups=groups, ignore=["lm_head", r"re:.*\.gate$"])
        oneshot(model=str(source), dataset=data, recipe=[recipe], output_dir=str(directory / f"llm-compressor-{name}"))

    source = sources / "source"
    make("sym", QuantizationModifier, source, True)
    make("asym", QuantizationModifier, source, False)
    make("act-order", GPTQModifier, source, True, some_tokens(source), actorder="static")
    make("mixture", QuantizationModifier, sources / "mixture", True)


TOOLS = {"auto-round": auto_round, "llm-compressor": llm_compressor}


if __name__ == "__main__":
    TOOLS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
