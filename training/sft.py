"""Supervised fine-tuning: cross-entropy on completions. Also the inner step of STaR and V-STaR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from torch import nn

from generation.registry.loading import LoadedModel
from training.batching import Batch, Example, Row, RowBatches, encode_all, pad_id
from training.errors import NothingToLearn
from training.loop import Optimisation, Saving, Selection, Trained, Watch, train
from training.losses import Loss, completion_loss
from training.packing import ONE_A_ROW, PackedBatches, Packing, packed_loss
from training.preparing import prepared
from training.schedule import Length, steps_per_epoch

__all__ = ["Length", "SftResult", "epoch_steps", "sft", "steps_per_epoch"]


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
    packing: Packing = ONE_A_ROW,
) -> SftResult:
    """Train `loaded` in place to continue each example's prompt with its completion.

    examples: those longer than the model's context, or than a packed row, are left out and named. calculator: results
    that the calculator writes are not learned. packing: several examples in a row; `how.batch_size` then counts rows.
    Raises NothingToLearn when no example fits, and all that `train` raises.
    """
    fits = packing.fits(loaded.context)
    rows, too_long = encode_all(loaded.tokenizer, examples, context=fits, calculator=calculator)
    if not rows:
        whose = "the model's" if fits == loaded.context else "a packed row's"
        raise NothingToLearn(
            f"None of {len(examples)} examples fits into {whose} {fits} tokens."
            if examples
            else "There is no example to learn from.",
            details={"examples": len(examples), "context": fits},
        )
    with prepared(loaded, how):
        course: Course = {"steps": steps, "watch": watch, "saving": saving, "selection": selection}
        if packing.length:
            trained = train(loaded.model, _packed(loaded, rows, how, packing), packed_loss, how, **course)
        else:
            batches = RowBatches(
                rows,
                batch_size=how.batch_size,
                seed=how.seed,
                pad=pad_id(loaded.tokenizer),
                device=loaded.device,
            )
            trained = train(loaded.model, batches, _loss, how, **course)
    return SftResult(trained, len(rows), too_long)


def epoch_steps(
    loaded: LoadedModel,
    examples: Sequence[Example],
    how: Optimisation,
    *,
    packing: Packing = ONE_A_ROW,
    calculator: bool = True,
) -> int:
    """Optimiser steps that show every example once; packed, in the first epoch."""
    if not packing.length:
        return steps_per_epoch(len(examples), how)
    fits = packing.fits(loaded.context)
    rows, _ = encode_all(loaded.tokenizer, examples, context=fits, calculator=calculator)
    return -(-_packed(loaded, rows, how, packing).batches_per_epoch // how.accumulate) if rows else 1


class Course(TypedDict):
    """What `train` is told beside model, batches and loss."""

    steps: int
    watch: Watch | None
    saving: Saving | None
    selection: Selection | None


def _packed(loaded: LoadedModel, rows: Sequence[Row], how: Optimisation, packing: Packing) -> PackedBatches:
    return PackedBatches(
        rows,
        packing.within(loaded.context),
        batch_size=how.batch_size,
        seed=how.seed,
        pad=pad_id(loaded.tokenizer),
        device=loaded.device,
    )


def _loss(model: nn.Module, batch: Batch) -> Loss:
    return completion_loss(model, batch.ids_BT, batch.learned_BT)
