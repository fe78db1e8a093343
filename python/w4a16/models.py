# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Language models of transformers whose linear layers are 4-bit, from what `w4a16 quantize` writes. Needs transformers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import safetensors
import torch
import transformers

import w4a16.torch


def load(directory: str | os.PathLike[str]) -> tuple[Any, list[str]]:
    """The model with the checkpoint's 16-bit tensors, and its 4-bit layers in the places of the linear ones; their
    names. A directory without quantization_config is a model as it is. ValueError: tensors are missing."""
    path = Path(directory)
    config = transformers.AutoConfig.from_pretrained(path)
    if getattr(config, "quantization_config", None) is None:
        return transformers.AutoModelForCausalLM.from_pretrained(path, dtype=config.dtype).eval(), []
    del config.quantization_config  # transformers would look for a quantiser of its own
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=config.dtype).eval()
    tensors: dict[str, Any] = {}
    for file in sorted(path.glob("*.safetensors")):
        with safetensors.safe_open(file, "pt") as opened:
            tensors |= {name: opened.get_tensor(name) for name in opened.keys() if name in model.state_dict()}
    replaced = w4a16.torch.replace_linears(model, path)
    missing, _ = model.load_state_dict(tensors, strict=False)
    model.tie_weights()
    absent = [name for name in missing if name != "lm_head.weight" or not config.tie_word_embeddings]
    if absent:
        raise ValueError(f"{path} lacks {', '.join(absent)}")
    return model, replaced
