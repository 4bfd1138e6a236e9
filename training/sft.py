"""Supervised fine-tuning: cross-entropy on completions. Also the inner step of STaR and V-STaR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from generation.registry.loading import LoadedModel
from training.batching import Batch, Example, RowBatches, encode_all, pad_id
from training.errors import NothingToLearn
from training.loop import Optimisation, Saving, Selection, Trained, Watch, train
from training.losses import Loss, completion_loss
from training.preparing import prepared


@dataclass(frozen=True, slots=True)
class SftResult:
    """trained: the course of the training. examples: learned from. too_long: indices of those that did not fit."""

    trained: Trained
    examples: int
    too_long: list[int]


def sft(
    loaded: LoadedModel,
    examples: Sequence[Example],
    how: Optimisation,
    *,
    steps: int,
    calculator: bool = True,
    watch: Watch | None = None,
    saving: Saving | None = None,
    selection: Selection | None = None,
) -> SftResult:
    """Train `loaded` in place to continue each example's prompt with its completion.

    examples: those longer than the model's context are left out and named. calculator: results that the calculator
    writes are not learned. Raises NothingToLearn when no example fits, and all that `train` raises.
    """
    rows, too_long = encode_all(loaded.tokenizer, examples, context=loaded.context, calculator=calculator)
    if not rows:
        raise NothingToLearn(
            f"None of {len(examples)} examples fits into the model's {loaded.context} tokens."
            if examples
            else "There is no example to learn from.",
            details={"examples": len(examples), "context": loaded.context},
        )
    batches = RowBatches(
        rows, batch_size=how.batch_size, seed=how.seed, pad=pad_id(loaded.tokenizer), device=loaded.device
    )
    with prepared(loaded, how):
        trained = train(
            loaded.model, batches, _loss, how, steps=steps, watch=watch, saving=saving, selection=selection
        )
    return SftResult(trained, len(rows), too_long)


@dataclass(frozen=True, slots=True)
class Length:
    """How long to train: so many epochs, or so many optimiser steps; exactly one of the two."""

    epochs: float = 0.0
    steps: int = 0

    def __post_init__(self) -> None:
        if (self.epochs > 0) == (self.steps > 0):
            raise ValueError(f"epochs: {self.epochs}, steps: {self.steps}; expected exactly one above 0")

    def of(self, examples: int, how: Optimisation) -> int:
        """Optimiser steps over so many examples; at least one."""
        return self.steps or max(1, round(self.epochs * steps_per_epoch(examples, how)))


def steps_per_epoch(examples: int, how: Optimisation) -> int:
    """Optimiser steps that show every example once."""
    return -(-examples // (how.batch_size * how.accumulate))


def _loss(model: nn.Module, batch: Batch) -> Loss:
    return completion_loss(model, batch.ids_BT, batch.learned_BT)
