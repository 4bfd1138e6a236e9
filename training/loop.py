"""The one trainer: every method of this package is a loss and batches handed to `train`.

Steps are numbered from 1. A step is `accumulate` batches, whose summed losses are divided by the units of all of
them together, so that accumulation is exactly a larger batch. Interrupted at any point and called again with the same
arguments and folder, a training ends with bitwise the weights of one that never stopped.

How a step's gradient is computed is `training.gradients`' business, and with several processes
`training.parallel`'s; here it is one call.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor, nn

from training.adapters import Lora
from training.errors import LossNotFinite
from training.gradients import Alone, Batch, Computing, LossOf, device_of
from training.parallel.team import team_of
from training.precision import Precision, chosen_precision
from training.resume import Progress, latest_state, load_state, save_state, trained_tensors
from training.schedule import Schedule

BatchT = TypeVar("BatchT", bound=Batch)
BatchOut = TypeVar("BatchOut", bound=Batch, covariant=True)


class Batches(Protocol[BatchOut]):
    """Endless batches by number from 0, the same at every call. fingerprint: a digest of all of them."""

    def at(self, index: int) -> BatchOut: ...

    @property
    def fingerprint(self) -> str: ...


class Watch(Protocol):
    """Who looks on. `check` may raise to stop a training (cancelled, lease lost); it is called often."""

    def check(self) -> None: ...

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        """After each step; a resumed training repeats the steps since its last saved state."""
        ...

    def halved(self, step: int, rows: int) -> None:
        """The memory did not hold a batch: from `step` on at most `rows` examples are computed at once."""
        ...


class Unwatched:
    """Nobody looks on."""

    def check(self) -> None: ...

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None: ...

    def halved(self, step: int, rows: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Optimisation:
    """How to descend: AdamW with a schedule.

    batch_size: examples (or pairs) in a batch. accumulate: batches per step. clip: the gradient's largest norm, 0 for
    no limit. betas, epsilon: Adam's. weight_decay: of matrices only, never of biases and norms; 0 as in STaR. seed: of
    the order of the batches, and of dropout.
    precision: of the forward pass. processes: how many share each step, this one among them. checkpointing,
    lora: what `training.preparing.prepared` does to the model beforehand.
    """

    schedule: Schedule
    batch_size: int = 8
    accumulate: int = 1
    clip: float = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    seed: int = 0
    precision: Precision = "auto"
    processes: int = 1
    checkpointing: bool = False
    lora: Lora | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size: {self.batch_size}; expected at least 1")
        if self.accumulate < 1:
            raise ValueError(f"accumulate: {self.accumulate}; expected at least 1")
        if self.clip < 0:
            raise ValueError(f"clip: {self.clip}; expected 0 or more")
        if self.processes < 1:
            raise ValueError(f"processes: {self.processes}; expected at least 1")


@dataclass(frozen=True, slots=True)
class Selection:
    """Keep the best state of several: `score()` is asked every `every` steps and after the last, higher is better.

    The model stands in evaluation mode while it is asked. Among equals the earlier state stays.
    """

    every: int
    score: Callable[[], float]
    name: str = "validation"


@dataclass(frozen=True, slots=True)
class Saving:
    """Save the state every `every` steps below `folder`, and go on from the newest state found there."""

    folder: Path
    every: int = 100


@dataclass(slots=True)
class Trained:
    """What a training did.

    losses: mean loss per unit of each step since the first. best_step, best_score: of the selection, if there was
    one; the model then holds the weights of that step. rows: the most examples at once, 0 where every batch fitted.
    """

    steps: int
    losses: list[float] = field(default_factory=list)
    scores: dict[int, float] = field(default_factory=dict)
    best_step: int | None = None
    best_score: float | None = None
    resumed_at: int = 0
    rows: int = 0

    @property
    def final_loss(self) -> float:
        """Mean loss of the last tenth of the steps."""
        last = self.losses[-max(1, len(self.losses) // 10) :]
        return sum(last) / len(last)


def train(
    model: nn.Module,
    batches: Batches[BatchT],
    loss_of: LossOf[BatchT],
    how: Optimisation,
    *,
    steps: int,
    watch: Watch | None = None,
    saving: Saving | None = None,
    selection: Selection | None = None,
) -> Trained:
    """Descend for `steps` optimiser steps, in place; `batches` are of `how.batch_size`.

    Raises LossNotFinite before the step that would spoil the weights, BatchDoesNotFit, StateNotWritten, CannotResume,
    ProcessLost, and whatever `watch.check` raises. The caller's random state is left as it was.
    """
    if steps < 1:
        raise ValueError(f"steps: {steps}; expected at least 1")
    with torch.random.fork_rng(devices=_cuda_devices(model)):
        torch.manual_seed(how.seed)
        training = _Training(model, batches, loss_of, how, steps, watch or Unwatched(), saving, selection)
        return training.run()


class _Training(Generic[BatchT]):
    """One call of `train`: what its steps share."""

    def __init__(
        self,
        model: nn.Module,
        batches: Batches[BatchT],
        loss_of: LossOf[BatchT],
        how: Optimisation,
        steps: int,
        watch: Watch,
        saving: Saving | None,
        selection: Selection | None,
    ) -> None:
        self.model, self.batches, self.loss_of, self.how, self.steps = model, batches, loss_of, how, steps
        self.watch, self.saving, self.selection = watch, saving, selection
        self.optimizer = make_optimizer(model, how)
        self.parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.trained = Trained(steps=steps)
        self.best: dict[str, Tensor] | None = None
        self.last_saved: int | None = None

    def run(self) -> Trained:
        first = self._resume() + 1
        self.model.train()
        with self._computing() as computing:
            for step in range(first, self.steps + 1):
                self.watch.check()
                loss, extras = self._step(step, computing)
                self.trained.losses.append(loss)
                self.watch.step(step, loss, extras | self._select(step))
                self._save(step)
        self.model.eval()
        self._restore_best()
        return self.trained

    def _computing(self) -> AbstractContextManager[Computing[BatchT]]:
        precision = chosen_precision(self.how.precision, device_of(self.model))
        if self.how.processes == 1:
            return nullcontext(Alone(self.model, self.loss_of, precision, self.trained.rows))
        team = team_of(self.how.processes, device_of(self.model))
        return team.training(
            self.model, self.loss_of, precision=precision, seed=self.how.seed, rows=self.trained.rows
        )

    def _step(self, step: int, computing: Computing[BatchT]) -> tuple[float, dict[str, float]]:
        """One optimiser step. Returns the mean loss per unit and the means of what came with it."""
        start = (step - 1) * self.how.accumulate
        batches = [self.batches.at(start + part) for part in range(self.how.accumulate)]
        units = sum(batch.units for batch in batches)
        found = computing.gradient(step, batches, units)
        if computing.rows != self.trained.rows:
            self.trained.rows = computing.rows
            self.watch.halved(step, computing.rows)
        total = found.total
        self._refuse_unless_finite(step, "loss", total)
        norm = float(nn.utils.clip_grad_norm_(self.parameters, self.how.clip or math.inf))
        self._refuse_unless_finite(step, "gradient norm", norm)
        rate = self.how.schedule.at(step, steps=self.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        means = {name: value / units for name, value in found.sums.items()}
        return total / units, {**means, "learning_rate": rate, "gradient_norm": norm}

    def _refuse_unless_finite(self, step: int, what: str, value: float) -> None:
        if not math.isfinite(value):
            self.optimizer.zero_grad(set_to_none=True)
            self.model.eval()
            raise LossNotFinite(step, what=what, value=value, last_saved=self.last_saved)

    def _select(self, step: int) -> dict[str, float]:
        """Ask the selection, if it is its turn, and keep the weights when they are the best so far."""
        if self.selection is None or (step % self.selection.every and step != self.steps):
            return {}
        self.model.eval()
        with torch.no_grad():
            score = self.selection.score()
        self.model.train()
        self.trained.scores[step] = score
        if self.trained.best_score is None or score > self.trained.best_score:
            self.trained.best_step, self.trained.best_score = step, score
            self.best = {name: t.detach().clone() for name, t in trained_tensors(self.model).items()}
        return {self.selection.name: score}

    def _restore_best(self) -> None:
        if self.best is not None and self.trained.best_step != self.steps:
            with torch.no_grad():
                for name, tensor in trained_tensors(self.model).items():
                    tensor.copy_(self.best[name])

    def _save(self, step: int) -> None:
        if self.saving is None or (step % self.saving.every and step != self.steps):
            return
        facts = {key: value for key, value in asdict(self.trained).items() if key not in _NOT_SAVED}
        progress = Progress(step, self.fingerprint, facts)
        save_state(self.saving.folder, progress, model=self.model, optimizer=self.optimizer, best=self.best)
        self.last_saved = step

    def _resume(self) -> int:
        """Go back to the newest state of this training, if there is one. Returns its step, else 0."""
        place = None if self.saving is None else latest_state(self.saving.folder)
        if place is None:
            return 0
        progress, self.best = load_state(
            place, fingerprint=self.fingerprint, model=self.model, optimizer=self.optimizer
        )
        facts = progress.facts
        self.trained.losses = facts["losses"]
        self.trained.scores = {int(step): score for step, score in facts["scores"].items()}
        self.trained.best_step, self.trained.best_score = facts["best_step"], facts["best_score"]
        self.trained.rows = facts["rows"]
        self.trained.resumed_at = self.last_saved = progress.step
        return progress.step

    @cached_property
    def fingerprint(self) -> str:
        """What makes this training this training: settings, data, and which tensors it changes."""
        shapes = {name: list(tensor.shape) for name, tensor in trained_tensors(self.model).items()}
        every = self.selection and self.selection.every
        facts: list[Any] = [asdict(self.how), self.steps, self.batches.fingerprint, shapes, every]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


_NOT_SAVED = ("steps", "resumed_at")


def make_optimizer(model: nn.Module, how: Optimisation) -> torch.optim.AdamW:
    """AdamW over what has a gradient; weight decay on matrices only."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": how.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=how.schedule.peak, betas=how.betas, eps=how.epsilon, fused=True)


def _cuda_devices(model: nn.Module) -> list[int]:
    devices = {p.device for p in model.parameters() if p.device.type == "cuda"}
    return [device.index or 0 for device in devices]
