"""GELU by its tanh formula as one kernel while a model is trained: GPT-J's and GPT-2's own, spelt out by transformers.

Spelt out (`gelu_new`) it is eight operations on the widest tensors of the model, and each keeps its result for the
backward pass. torch's is the same function in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def fused_activation(model: nn.Module) -> Iterator[None]:
    """Within the block; behind it the model has its own modules back. Blocks may stand in one another."""
    spelt = [
        (module, name, child)
        for module in model.modules()
        for name, child in module.named_children()
        if type(child).__name__ == "NewGELUActivation"
    ]
    for module, name, _ in spelt:
        setattr(module, name, nn.GELU(approximate="tanh"))
    try:
        yield
    finally:
        for module, name, child in spelt:
            setattr(module, name, child)
