# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Models of PyTorch with 4-bit linear layers.

    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    w4a16.torch.replace_linears(model, "directory of a checkpoint")
"""

from __future__ import annotations

import os

import torch

from w4a16.checkpoint import Checkpoint


def device_name() -> str:
    """Where the products of CPU tensors are made: "the CPU", or "a simulated card" with W4A16_DEVICE=sim."""
    return "a simulated card" if os.environ.get("W4A16_DEVICE") == "sim" else "the CPU"


class Linear(torch.nn.Module):
    """A linear layer of 4-bit weights in a packed tensor: torch.ops.w4a16.linear as a module."""

    packed: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, packed: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("packed", packed, persistent=False)
        self.register_buffer("bias", bias, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bias = self.bias if self.bias is not None else x.new_empty(0)
        return torch.ops.w4a16.linear(x, self.packed, bias)

    def extra_repr(self) -> str:
        return f"N={self.packed.shape[0]}, {self.packed.nbytes} bytes"


def replace_linears(model: torch.nn.Module, checkpoint: str | os.PathLike[str]) -> list[str]:
    """Puts the checkpoint's 4-bit layers in the places of the model's linear layers of the same names; gives the names.

    Everything else of the model stays as it is. ValueError: a layer that the model does not have, or of another shape;
    RuntimeError: one that cannot be read. Then nothing has been replaced.
    """
    modules = dict(model.named_modules())
    made = {}
    with Checkpoint(checkpoint) as opened:
        for name, entry in opened.layers.items():
            if entry.problem:
                raise RuntimeError(entry.problem)
            old = modules.get(name)
            if not isinstance(old, torch.nn.Linear):
                found = "no such module" if old is None else f"a {type(old).__name__} there"
                raise ValueError(f"{checkpoint}: layer {name} has no place in the model, which has {found}")
            if (entry.N, entry.K) != (old.out_features, old.in_features):
                raise ValueError(
                    f"{checkpoint}: layer {name} has {entry.N} outputs of {entry.K} inputs, the model's has "
                    f"{old.out_features} of {old.in_features}"
                )
            packed, bias = opened.pack(name)
            device = old.weight.device if old.weight.device.type != "meta" else packed.device
            made[name] = Linear(packed.to(device), bias if bias is None else bias.to(device))
    for name, new in made.items():
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, new)
    return list(made)
