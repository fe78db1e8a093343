# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""make_with_tools.py TOOL MODEL DIRECTORY: what the formats' own tools make of a 16-bit model, in DIRECTORY/TOOL-*.

TOOL is auto-round (0.16) or llm-compressor (0.14), installed in the Python that runs this. Both only round, which takes
minutes: their files are tried here, not their quality.
"""

import shutil
import sys
from pathlib import Path

GROUP_SIZE = 64


def auto_round(model, directory):
    from auto_round import AutoRound

    for name, form, symmetric in (("gptq", "auto_gptq", True), ("awq", "auto_awq", False)):
        made = directory / f"auto-round-{name}"
        rounding = dict(bits=4, group_size=GROUP_SIZE, sym=symmetric, iters=0, disable_opt_rtn=True)
        AutoRound(model, device_map="cpu", **rounding).quantize_and_save(str(made / "own"), format=form)
        [config] = (made / "own").rglob("config.json")  # in a directory named after the model
        shutil.copytree(config.parent, made, dirs_exist_ok=True)
        shutil.rmtree(made / "own")


def llm_compressor(model, directory):
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import QuantizationModifier

    for name, symmetric in (("sym", True), ("asym", False)):
        weights = QuantizationArgs(num_bits=4, strategy="group", group_size=GROUP_SIZE, symmetric=symmetric)
        groups = {"group_0": QuantizationScheme(targets=["Linear"], weights=weights)}
        recipe = QuantizationModifier(config_groups=groups, ignore=["lm_head"])
        oneshot(model=model, recipe=[recipe], output_dir=str(directory / f"llm-compressor-{name}"))


TOOLS = {"auto-round": auto_round, "llm-compressor": llm_compressor}


if __name__ == "__main__":
    TOOLS[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
