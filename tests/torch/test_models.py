# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The w4a16 authors
"""Models whose linear layers come from a checkpoint: each weight must be the golden file's, rounded once."""

from pathlib import Path

import pytest
import torch
import w4a16.torch
from w4a16.checkpoint import Checkpoint

GOLDEN = Path(__file__).parent.parent / "golden"
NAMES = ["v1_sym_two_layers", "v1_asym_g64_actorder_bias", "v2_sym_g64_bf16", "awq_asym_g64_bias", "ct_asym_g32_actorder"]


def expected_layers(name):
    """{layer: (weights [K, N] in fp64, bias or None)}"""
    words = iter((GOLDEN / name / "expected.txt").read_text().split())
    layers = {}
    for layer in words:
        K, N = int(next(words)), int(next(words))
        weights = torch.tensor([float.fromhex(next(words)) for _ in range(K * N)], dtype=torch.float64).view(K, N)
        assert next(words) == "bias"
        first, bias = next(words), None
        if first != "none":
            bias = torch.tensor([float.fromhex(w) for w in [first, *(next(words) for _ in range(N - 1))]]).double()
        layers[layer] = weights, bias
    return layers


def model_of(shapes):
    """A model with linear layers of these names and shapes, and one more."""
    model = torch.nn.Module()
    for name, (K, N) in {**shapes, "other": (8, 8)}.items():
        parent = model
        *path, last = name.split(".")
        for part in path:
            if not hasattr(parent, part):
                parent.add_module(part, torch.nn.Module())
            parent = getattr(parent, part)
        parent.add_module(last, torch.nn.Linear(K, N))
    return model


@pytest.mark.parametrize("act", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", NAMES)
def test_weights(name, act):
    layers = expected_layers(name)
    model = model_of({layer: weights.shape for layer, (weights, _) in layers.items()})
    other = model.other
    assert sorted(w4a16.torch.replace_linears(model, GOLDEN / name)) == sorted(layers)
    assert model.other is other
    for layer, (weights, bias) in layers.items():
        found = model.get_submodule(layer)(torch.eye(len(weights), dtype=act))
        exact = weights if bias is None else weights + bias
        # Of two equally near numbers the dot units may give the odd one.
        assert ((found.double() - exact).abs() <= (exact.to(act).double() - exact).abs()).all()
        assert not model.get_submodule(layer).state_dict()  # packed weights belong to this version of the library


def test_what_does_not_fit():
    name = NAMES[0]
    layers = expected_layers(name)
    shapes = {layer: weights.shape for layer, (weights, _) in layers.items()}
    first, last = list(shapes)[0], list(shapes)[-1]
    for wrong, said in (
        ({layer: shape for layer, shape in shapes.items() if layer != last}, "no such module"),
        ({**shapes, last: (8 * shapes[last][0], shapes[last][1])}, "the model's has"),
    ):
        model = model_of(wrong)
        with pytest.raises(ValueError, match=said):
            w4a16.torch.replace_linears(model, GOLDEN / name)
        assert isinstance(model.get_submodule(first), torch.nn.Linear)
    with pytest.raises(RuntimeError, match="missing"):
        Checkpoint(GOLDEN / "missing")
