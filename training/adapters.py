"""LoRA (Hu et al. 2021) through peft: low-rank adapters beside frozen matrices, merged into them at the end.

Only the adapters are trained and only they are in a saved state. Once merged, the model is one like any other: what is
sampled from, evaluated, registered and trained from again knows nothing of adapters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from training.errors import no_lora_target

#: What adapters are called in the names of parameters.
NAME = "lora"


@dataclass(frozen=True, slots=True)
class Lora:
    """W becomes W + alpha / rank x B A, with A (rank, in) random and B (out, rank) zero at first.

    targets: the last parts of the names of linear layers; () is all of them but the output's. dropout: of what goes
    into A, in [0, 1).
    """

    rank: int
    alpha: float
    targets: tuple[str, ...] = ()
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"rank: {self.rank}; expected at least 1")
        if self.alpha <= 0:
            raise ValueError(f"alpha: {self.alpha}; expected a number above 0")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout: {self.dropout}; expected a share in [0, 1)")


@contextmanager
def adapted(model: nn.Module, lora: Lora, *, seed: int) -> Iterator[None]:
    """Within the block `model` has fresh adapters, and nothing else of it is trained; behind it they are merged.

    Merged also where the block raises: a training that ends early leaves what it has learned. Which parameters have
    gradients is afterwards as it was before. Raises TrainingError (no_lora_target) for targets that the model lacks.
    """
    trained = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    tuner = _attach(model, lora, seed)
    try:
        yield
    finally:
        tuner.merge_and_unload()
        # peft leaves its configuration on the model, and whoever finds it there takes it for an adapted one.
        if hasattr(model, "peft_config"):
            del model.peft_config
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(trained[name])


def _attach(model: nn.Module, lora: Lora, seed: int) -> Any:
    from peft import LoraConfig, LoraModel

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # any number will do; half a unit of it is nothing odd
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) or "all-linear",
        bias="none",
    )
    require_targets(model, lora.targets)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LoraModel(model, config, NAME)


def require_targets(model: nn.Module, targets: Sequence[str]) -> None:
    """Raises TrainingError (no_lora_target) for the first that names no linear layer. The model may have no weights."""
    known = linear_names(model)
    for target in targets:
        if target not in known:
            raise no_lora_target(target, known)


def linear_names(model: nn.Module) -> list[str]:
    """The last parts of the names of a model's linear layers, the output's left out; each once, in their order."""
    output = getattr(model, "get_output_embeddings", lambda: None)()
    kinds: tuple[Any, ...] = (nn.Linear, *_conv1d())
    found = (
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if isinstance(module, kinds) and module is not output
    )
    return list(dict.fromkeys(found))


def _conv1d() -> tuple[Any, ...]:
    """GPT-2's linear layers have a class of their own."""
    from transformers.pytorch_utils import Conv1D

    return (Conv1D,)
