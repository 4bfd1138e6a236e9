"""The learning rate of each step, and how many steps a training takes. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

Shape = Literal["constant", "linear", "cosine"]
Growth = Literal["exponential", "linear", "epochs"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Linear warm-up to `peak`, then `shape` down to `final_share` of it at the last step.

    peak: learning rate, above 0. warmup_steps: 0 starts at the peak. shape: "constant" stays at the peak.
    final_share: of the peak, in [0, 1]. hold: share of the steps after warm-up, in [0, 1), that stay at the peak
    before the fall begins.
    """

    peak: float
    warmup_steps: int = 0
    shape: Shape = "constant"
    final_share: float = 0.0
    hold: float = 0.0

    def __post_init__(self) -> None:
        if not (self.peak > 0 and math.isfinite(self.peak)):
            raise ValueError(f"peak: {self.peak}; expected a learning rate above 0")
        if self.warmup_steps < 0:
            raise ValueError(f"warmup_steps: {self.warmup_steps}; expected 0 or more")
        if self.shape not in ("constant", "linear", "cosine"):
            raise ValueError(f"shape: {self.shape!r}; expected constant, linear or cosine")
        if not 0 <= self.final_share <= 1:
            raise ValueError(f"final_share: {self.final_share}; expected a share in [0, 1]")
        if not 0 <= self.hold < 1:
            raise ValueError(f"hold: {self.hold}; expected a share in [0, 1)")

    def at(self, step: int, *, steps: int) -> float:
        """The learning rate of `step`, counted from 1, of `steps`."""
        if step <= self.warmup_steps:
            return self.peak * step / self.warmup_steps
        if self.shape == "constant":
            return self.peak
        start = self.warmup_steps + self.hold * (steps - self.warmup_steps)
        if step <= start:
            return self.peak
        gone = min(1.0, (step - start) / (steps - start))
        left = 1 - gone if self.shape == "linear" else (1 + math.cos(math.pi * gone)) / 2
        return self.peak * (self.final_share + (1 - self.final_share) * left)


@dataclass(frozen=True, slots=True)
class StepLadder:
    """How many optimiser steps each iteration of STaR takes (papers.md 1.2).

    "exponential": int(first x growth^(i-1)), the paper's 40, 48, 57, 69 … with growth 1.2.
    "linear": first + growth x (i-1), the released code's `--steady_grow` with 40 and 20; the paper's arithmetic with
    rationalization is 300 and 20.
    "epochs": first + growth x (i-1) epochs over the iteration's data, the released code's default with 1.0 and 0.2.
    cap: never more steps than these; None for no limit.
    """

    kind: Growth = "exponential"
    first: float = 40
    growth: float = 1.2
    cap: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("exponential", "linear", "epochs"):
            raise ValueError(f"kind: {self.kind!r}; expected exponential, linear or epochs")
        if self.first <= 0:
            raise ValueError(f"first: {self.first}; expected a number above 0")
        if self.growth < 0:
            raise ValueError(f"growth: {self.growth}; expected 0 or more")
        if self.cap is not None and self.cap < 1:
            raise ValueError(f"cap: {self.cap}; expected at least 1 step")

    def steps(self, iteration: int, *, steps_per_epoch: int) -> int:
        """Steps of `iteration`, counted from 1; at least one."""
        if self.kind == "exponential":
            steps = int(self.first * self.growth ** (iteration - 1))
        elif self.kind == "linear":
            steps = int(self.first + self.growth * (iteration - 1))
        else:
            steps = int((self.first + self.growth * (iteration - 1)) * steps_per_epoch)
        return max(1, steps if self.cap is None else min(steps, self.cap))


class Batched(Protocol):
    """Whatever says how many examples a step takes; training.loop.Optimisation does."""

    @property
    def batch_size(self) -> int: ...
    @property
    def accumulate(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Length:
    """How long to train: so many epochs, or so many optimiser steps; exactly one of the two."""

    epochs: float = 0.0
    steps: int = 0

    def __post_init__(self) -> None:
        if (self.epochs > 0) == (self.steps > 0):
            raise ValueError(f"epochs: {self.epochs}, steps: {self.steps}; expected exactly one above 0")

    def of(self, examples: int, how: Batched) -> int:
        """Optimiser steps over so many examples, or packed rows; at least one."""
        return self.at(steps_per_epoch(examples, how))

    def at(self, epoch: int) -> int:
        """The same, where an epoch takes so many steps."""
        return self.steps or max(1, round(self.epochs * epoch))


def steps_per_epoch(examples: int, how: Batched) -> int:
    """Optimiser steps that show every example once."""
    return -(-examples // (how.batch_size * how.accumulate))
