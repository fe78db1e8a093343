# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Statistics of the inputs of a model's linear layers while it reads a text, for `w4a16 quantize --calibration`.

With H = the mean of x x^T over the tokens, inputs in the order of their energy (the diagonal), damped by a hundredth of
its mean diagonal, and U the upper Cholesky factor of its inverse (LAPACK's, through PyTorch), inputs get the tensors that
src/format/calibration.h describes: the energy relative to its mean, and U[p][q] / U[p][p] above the diagonal. Needs
transformers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import torch
from safetensors.torch import save_file

DAMPING = 0.01
WINDOW = 512  # tokens that are read together
PROBE = 16  # tokens that tell which layers read the same inputs


def linears(model: Any) -> dict[str, int]:
    """Names and numbers of inputs of the layers that `w4a16 quantize` would look up: all but the output head."""
    head = model.get_output_embeddings()
    modules = model.named_modules()
    return {name: layer.in_features for name, layer in modules if isinstance(layer, torch.nn.Linear) and layer is not head}


@torch.no_grad()
def _read(model: Any, windows: Iterator[torch.Tensor], names: list[str], seen: Any) -> None:
    """Calls seen(name, x) for the inputs x of these layers."""

    def hook(name: str) -> Any:
        return lambda _, inputs: seen(name, inputs[0])

    hooks = [model.get_submodule(name).register_forward_pre_hook(hook(name)) for name in names]
    try:
        for window in windows:
            model.base_model(window.unsqueeze(0).to(model.device))
    finally:
        for each in hooks:
            each.remove()


def shared_inputs(model: Any, window: torch.Tensor) -> list[list[str]]:
    """The layers, those together that are given the same tensor, as q, k and v are."""
    readers: list[tuple[torch.Tensor | None, list[str]]] = []
    reached = set()

    def seen(name: str, x: torch.Tensor) -> None:
        known = next((names for tensor, names in readers if tensor is x), None)
        if name not in reached:
            known.append(name) if known is not None else readers.append((x, [name]))
        reached.add(name)

    layers = linears(model)
    _read(model, iter([window]), list(layers), seen)
    return [names for _, names in readers] + [[name] for name in layers if name not in reached]


def _portions(inputs: list[list[str]], sizes: dict[str, int], limit: int) -> Iterator[list[str]]:
    """The first layers of inputs whose moments together take at most `limit` bytes, or one."""
    portion: list[str] = []
    used = 0
    for first, *_ in inputs:
        need = 4 * sizes[first] ** 2
        if portion and used + need > limit:
            yield portion
            portion, used = [], 0
        portion.append(first)
        used += need
    yield portion


def moments(model: Any, windows: list[torch.Tensor], names: list[str]) -> dict[str, torch.Tensor]:
    """The mean of x x^T of the inputs x of these layers, in fp32."""
    sums: dict[str, torch.Tensor] = {}
    tokens: dict[str, int] = {}

    def seen(name: str, x: torch.Tensor) -> None:
        x = x.reshape(-1, x.shape[-1]).float()
        sums[name] = torch.addmm(sums[name], x.t(), x) if name in sums else x.t() @ x
        tokens[name] = tokens.get(name, 0) + len(x)

    _read(model, iter(windows), names, seen)
    return {name: total / tokens[name] for name, total in sums.items() if tokens[name]}


def statistics(moment: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """energy, float32 [K], and feedback, float16 [K, K]. ValueError: the moments are no finite numbers."""
    if not moment.isfinite().all():
        raise ValueError("the inputs are no finite numbers")
    moment = moment.double()
    mean = moment.diagonal().mean().clamp(min=torch.finfo(torch.float32).tiny)
    energy = (moment.diagonal().clamp(min=0) / mean).float()
    order = energy.argsort(descending=True, stable=True)
    moment = moment[order][:, order]
    diagonal = moment.diagonal()
    damping = DAMPING * mean
    while True:
        diagonal += damping
        lower, failed = torch.linalg.cholesky_ex(moment)
        if not failed:
            upper, failed = torch.linalg.cholesky_ex(torch.cholesky_inverse(lower), upper=True)
        if not failed:
            break
        damping *= 10  # rounding has left moments that no real inputs have
    scale = upper.diagonal()
    largest = torch.finfo(torch.float16).max
    feedback = (upper / scale.unsqueeze(1)).triu(1).clamp(-largest, largest)
    return energy, feedback.half().contiguous()


def calibrate(model: Any, tokens: torch.Tensor, out: str | os.PathLike[str], memory: int = 4 << 30) -> int:
    """Writes the statistics of the model's layers on these token ids to the file `out`; gives how many layers it has.

    The model reads the text once for each `memory` bytes of its inputs' moments. Layers that no token reaches, as
    experts may be, are left out. ValueError: what is wrong with model or text.
    """
    windows = list(tokens.split(WINDOW))
    inputs, sizes = shared_inputs(model, tokens[:PROBE]), linears(model)
    readers = {names[0]: names for names in inputs}
    tensors: dict[str, torch.Tensor] = {}
    layers = 0
    for portion in _portions(inputs, sizes, memory):
        for first, moment in moments(model, windows, portion).items():
            try:
                energy, feedback = statistics(moment)
            except ValueError as error:
                raise ValueError(f"layer {first}: {error}") from None
            number = list(readers).index(first)
            tensors |= {f"inputs.{number}.energy": energy, f"inputs.{number}.feedback": feedback}
            tensors |= {f"{name}.inputs": torch.tensor([number], dtype=torch.int32) for name in readers[first]}
            layers += len(readers[first])
    save_file(tensors, os.fspath(out))
    return layers


def main(directory: str, text: str, out: str, count: int) -> int:
    import transformers

    from w4a16 import models

    model, quantised = models.load(directory)
    if quantised:
        raise ValueError(f"{directory} is of 4 bits; accepted is the 16-bit model that will be quantised")
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    with open(text, encoding="utf-8", errors="replace") as file:
        tokens = tokenizer(file.read(16 * count), return_tensors="pt").input_ids[0][:count]
    layers = calibrate(model.float(), tokens, out)  # processors without bf16 units take 50 times longer for it
    print(f"{out}: statistics of the inputs of {layers} layers on {len(tokens)} tokens of {text}")
    return 0
