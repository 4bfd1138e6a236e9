"""How long a run still takes: its own pace where it has one, the estimate where it has not.

A run's stages are named as its loop names them: "iteration 2: generating", "generator 1: training", "verifier:
training", "training". A stage is of a kind, and of an iteration; what was slow in one iteration is slow in the next.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from training.estimating.estimate import StageEstimate

_NUMBERED = re.compile(r"(?:iteration|generator) (\d+): (.+)")
_VERIFIER = {
    "verifier: training": "training the verifier",
    "verifier: sampling validation questions": "sampling validation questions",
}


@dataclass(frozen=True, slots=True)
class Gone:
    """A stage that has ended: as the job names it, what it did, and in how many seconds."""

    name: str
    units: int
    seconds: float


def kind_of(name: str) -> tuple[str, int | None]:
    """(kind, iteration) of a stage as the job names it; None for one that stands in no iteration."""
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        return numbered[2], int(numbered[1])
    return _VERIFIER.get(name, name), None


def seconds_left(
    planned: Sequence[StageEstimate], gone: Sequence[Gone], *, now: str, left_of_now: float | None
) -> float | None:
    """From the present stage on. None where a stage to come has neither a pace of this run nor an estimate.

    planned: all stages in their order; seconds 0 where nobody estimated. left_of_now: of the present stage, None where
    it has not got a pace: then it is taken as planned. A stage that is in no plan counts for nothing beyond itself.
    """
    place = _place(planned, gone, now)
    if place is None:
        return None
    pace, factor = _pace(gone), _factor(planned, gone)
    total = 0.0
    for stage in planned[place + 1 :]:
        if stage.stage in pace and stage.units:
            total += pace[stage.stage] * stage.units
        elif stage.seconds or not stage.units:
            total += factor * stage.seconds
        else:
            return None
    if left_of_now is not None:
        return left_of_now + total
    here = planned[place]
    return total + (pace[here.stage] * here.units if here.stage in pace else factor * here.seconds)


def _place(planned: Sequence[StageEstimate], gone: Sequence[Gone], now: str) -> int | None:
    """Where in the plan the run is: at its present stage, else at the last stage gone that is in the plan."""
    for name in (now, *(one.name for one in reversed(gone))):
        kind, iteration = kind_of(name)
        for place, stage in enumerate(planned):
            if stage.stage == kind and (iteration is None or stage.iteration == iteration):
                if iteration is None and stage.iteration and _later(planned, gone, stage):
                    continue
                return place
    return None


def _later(planned: Sequence[StageEstimate], gone: Sequence[Gone], stage: StageEstimate) -> bool:
    """Whether a stage without a number, as it comes in every iteration, belongs to an iteration that is over."""
    numbers = [number for number in (kind_of(one.name)[1] for one in gone) if number is not None]
    return bool(numbers) and stage.iteration < max(numbers)


def _pace(gone: Sequence[Gone]) -> dict[str, float]:
    """Seconds per unit by kind, of all that this run has done of it."""
    units, seconds = defaultdict[str, int](int), defaultdict[str, float](float)
    for one in gone:
        kind, _ = kind_of(one.name)
        units[kind] += one.units
        seconds[kind] += one.seconds
    return {kind: seconds[kind] / units[kind] for kind in units if units[kind]}


def _factor(planned: Sequence[StageEstimate], gone: Sequence[Gone]) -> float:
    """How much longer than thought what is gone took; 1 before anything is."""
    thought = {(stage.stage, stage.iteration): stage.seconds for stage in planned}
    pairs = [
        (thought.get((kind, number or 1), 0.0), one.seconds)
        for one in gone
        for kind, number in [kind_of(one.name)]
    ]
    known = [(before, after) for before, after in pairs if before > 0]
    before = sum(one for one, _ in known)
    return sum(after for _, after in known) / before if before else 1.0
