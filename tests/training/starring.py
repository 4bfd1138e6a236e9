"""STaR on reversed numbers by a scripted sampler: what its tests share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from generation.registry.loading import LoadedModel
from generation.sampling.types import SamplingSettings
from tests.training.reversal import Reversal, Scripted, examples, question, solution
from tests.training.tiny import loaded_tiny
from training.collecting import RunWatch, UnwatchedRun
from training.loop import Optimisation
from training.records import Candidate, Origin, Question
from training.schedule import Schedule, StepLadder
from training.sft import sft
from training.star import star
from training.star_types import StarResult, StarSettings
from training.stores import MemoryStore, clone

HOW = Optimisation(Schedule(3e-3), batch_size=8)
GREEDY = SamplingSettings(max_new_tokens=12)
BASE = loaded_tiny()
#: Reversed plainly, reversed with a hint only, never.
EASY, HARD, IMPOSSIBLE = ["12", "34"], ["56", "78"], ["90"]
ALL = [question(number) for number in EASY + HARD + IMPOSSIBLE]


def base() -> LoadedModel:
    return clone(BASE)


def by_difficulty(prompt: str, seed: int) -> str:
    """Right for easy numbers, right with a hint for hard ones, wrong or unreadable for the rest."""
    number = prompt.split()[-1].rstrip(">").split("!")[0]
    if number in EASY or (number in HARD and "!" in prompt):
        return solution(number)
    return "nothing" if number in IMPOSSIBLE and "!" in prompt else "0 0 =00"


def settings(**changes: Any) -> StarSettings:
    return StarSettings(
        **{"how": HOW, "sampling": GREEDY, "iterations": 2, "ladder": StepLadder("linear", 3, 1), **changes}
    )


def run(
    *, sampler: Scripted | None = None, store: MemoryStore | None = None, task: Reversal | None = None,
    asked: Sequence[Question] = ALL, validation: Sequence[Question] = (), watch: RunWatch | None = None, **changes: Any,
) -> tuple[StarResult, MemoryStore, Scripted]:  # fmt: skip
    sampler, store = sampler or Scripted(by_difficulty), store or MemoryStore()
    result = star(
        task or Reversal(), asked, base, settings(**changes),
        validation=validation, store=store, watch=watch, sampler=sampler,
    )  # fmt: skip
    return result, store, sampler


def stored(store: MemoryStore, iteration: int) -> dict[tuple[str, Origin], Candidate]:
    found = [c for origin in Origin for c in store.candidates(iteration, origin)]
    return {(candidate.question, candidate.origin): candidate for candidate in found}


class Killed(Exception):
    """The process is gone."""


class DyingStore(MemoryStore):
    """Dies right before or right after its `last`-th write."""

    def __init__(self, folder: Path, last: int, *, after: bool) -> None:
        super().__init__(folder)
        self.left, self.after = last, after

    def put_batch(self, round: int, origin: Origin, number: int, candidates: Sequence[Candidate]) -> None:
        self._die(lambda: super(DyingStore, self).put_batch(round, origin, number, candidates))

    def put_model(self, name: str, loaded: LoadedModel, facts: Mapping[str, Any]) -> None:
        self._die(lambda: super(DyingStore, self).put_model(name, loaded, facts))

    def _die(self, write) -> None:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        write()
        if self.left == 0:
            raise Killed


class DyingInTraining(UnwatchedRun):
    """Dies after so many optimiser steps of the whole run."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.steps: list[int] = []

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        self.steps.append(step)
        if step == self.last:
            raise Killed


@cache
def weak_reverser() -> LoadedModel:
    """To be cloned. Has seen few numbers: reverses a quarter of others, and more when the answer is hinted."""
    loaded = loaded_tiny()
    warm = examples(range(100, 1000, 23)) + examples(range(101, 1000, 12), hinted=True)
    sft(loaded, warm, Optimisation(Schedule(1e-2, 10, "cosine", 0.05), batch_size=16), steps=240)
    return loaded
