"""Whether trainings end before their warm-up. They may: the STaR paper trains 40 steps with 100 of warm-up. It is told.

The learning rate then only climbs and never reaches its peak, which is easily taken for a training that learns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class UnendedWarmUp:
    """steps: of the warm-up. shorter: the steps of the trainings that are shorter, in their order. trainings: how many
    there are in all."""

    steps: int
    shorter: tuple[int, ...]
    trainings: int

    @property
    def words(self) -> str:
        least, most = min(self.shorter), max(self.shorter)
        long = f"{least:,} to {most:,} steps" if least < most else f"{most:,} step{'' if most == 1 else 's'}"
        if self.trainings == 1:
            which, there = f"the training, which takes {long}", ""
        elif len(self.shorter) == self.trainings:
            which, there = f"every one of the {self.trainings:,} trainings, which take {long}", ""
        else:
            which = f"{len(self.shorter):,} of the {self.trainings:,} trainings, which take {long}"
            there = " in these"
        return (
            f"The warm-up of {self.steps:,} steps is longer than {which}: the learning rate only climbs{there}, to at"
            f" most {100 * most / self.steps:.0f}% of its peak."
        )

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "shorter": list(self.shorter)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> UnendedWarmUp:
        return cls(stored["steps"], tuple(stored["shorter"]), stored["trainings"])


def unended_warm_up(warmup_steps: int, trainings: Sequence[int]) -> UnendedWarmUp | None:
    """None where every training comes to its peak. trainings: the optimiser steps of each."""
    shorter = tuple(steps for steps in trainings if steps < warmup_steps)
    return UnendedWarmUp(warmup_steps, shorter, len(trainings)) if shorter else None
